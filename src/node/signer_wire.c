/* signer_wire.c: requests to a signer and its answers, as bytes. Nothing is believed of either side
 * but its form: what may be signed is the signer's to say. */
#include "node/signer_wire.h"

/* --- who may say what ---------------------------------------------------------------------------
 */

#define LEDGER ENT_MSG_BIT(ENT_PROCESS_LEDGER)
#define SIGNER ENT_MSG_BIT(ENT_PROCESS_SIGNER)

/* clang-format off */
#define ROWS(what, most)                                                                           \
    {ENT_MSG_SIGN + (what), ENT_MSG_CALL, LEDGER, ENT_MSG_ANY, 0, (most), ENT_MSG_FD_NONE},        \
    {ENT_MSG_SIGN + (what), ENT_MSG_ANSWER, SIGNER, ENT_MSG_ANY, 1, ENT_SIGNER_ANSWER_MAX,         \
     ENT_MSG_FD_NONE}

/* table */
const struct ent_msg_row ent_signer_rows[ENT_SIGNER_ROWS] = {
    ROWS(ENT_SIGN_KEYS, 0),
    ROWS(ENT_SIGN_STATEMENT, ENT_SIGNER_FIELDS_MAX),
    ROWS(ENT_SIGN_HEAD, ENT_SIGNER_FIELDS_MAX),
    ROWS(ENT_SIGN_COSIGN, ENT_SIGNER_FIELDS_MAX),
    ROWS(ENT_SIGN_MIRROR, ENT_SIGNER_FIELDS_MAX),
    ROWS(ENT_SIGN_LAST, ENT_SIGNER_FIELDS_MAX),
    ROWS(ENT_SIGN_FOLLOW, ENT_SIGNER_REQUEST_MAX),
};
/* clang-format on */

/* --- writing ------------------------------------------------------------------------------------
 */

struct out {
    struct ent_buf *b;
    enum ent_err err; /* the first */
};

static void put(struct out *o, const void *p, size_t n)
{
    if (o->err == ENT_OK)
        o->err = ent_buf_put(o->b, p, n);
}

static void put_u8(struct out *o, uint64_t v)
{
    const uint8_t byte = (uint8_t)v;
    if (v > UINT8_MAX && o->err == ENT_OK)
        o->err = ENT_E_FORMAT;
    put(o, &byte, 1);
}

static void put_u64(struct out *o, uint64_t v)
{
    uint8_t bytes[8];
    ent_put_u64le(bytes, v);
    put(o, bytes, sizeof(bytes));
}

static void put_time(struct out *o, int64_t t)
{
    if (t < 0 && o->err == ENT_OK)
        o->err = ENT_E_FORMAT;
    put_u64(o, (uint64_t)t);
}

static void put_text(struct out *o, const char *s, size_t room)
{
    const char *end = memchr(s, 0, room);
    if (end == NULL && o->err == ENT_OK)
        o->err = ENT_E_FORMAT;
    size_t n = end == NULL ? 0 : (size_t)(end - s);
    put_u8(o, n);
    put(o, s, n);
}

static void put_hashes(struct out *o, const struct ent_hash32 *h, size_t n, size_t most)
{
    if (n > most && o->err == ENT_OK)
        o->err = ENT_E_FORMAT;
    put_u8(o, n);
    for (size_t i = 0; i < n && o->err == ENT_OK; i++)
        put(o, h[i].b, sizeof(h[i].b));
}

static void put_growth(struct out *o, const struct ent_growth *g)
{
    put_text(o, g->origin, sizeof(g->origin));
    put_u64(o, g->size);
    put(o, g->root.b, 32);
    put_u64(o, g->old);
    put_hashes(o, g->proof.hash, g->proof.n, ENT_MERKLE_PROOF_MAX);
}

static void put_statement(struct out *o, const struct ent_statement *st)
{
    if ((unsigned)st->type >= ENT_ST_TYPES && o->err == ENT_OK)
        o->err = ENT_E_FORMAT;
    put_u64(o, st->pact_version);
    put(o, st->pact.b, 32);
    put_text(o, st->author, sizeof(st->author));
    put_u64(o, st->sequence);
    put_u8(o, (uint64_t)st->type);
    put_time(o, st->time);
    put(o, st->heads.b, 32);
    put_hashes(o, st->ref, st->refs, ENT_STATEMENT_REFS);
    put_text(o, st->tlp, sizeof(st->tlp));
    put(o, st->policy.b, 32);
    put_text(o, st->media, sizeof(st->media));
    put_u64(o, st->body_n);
    put(o, st->body.b, 32);
}

enum ent_err ent_signer_request_encode(struct ent_buf *b, const struct ent_signer_request *q)
{
    struct out o = {b, ENT_OK};
    size_t before = b->n;
    switch (q->what) {
    case ENT_SIGN_KEYS:
        break;
    case ENT_SIGN_STATEMENT:
        put_statement(&o, &q->statement);
        break;
    case ENT_SIGN_HEAD:
        put_growth(&o, &q->head);
        break;
    case ENT_SIGN_COSIGN:
        put_growth(&o, &q->cosign.head);
        put(&o, q->cosign.log_sig, sizeof(q->cosign.log_sig));
        put_time(&o, q->cosign.time);
        break;
    case ENT_SIGN_MIRROR:
        put_text(&o, q->mirror.origin, sizeof(q->mirror.origin));
        put_u64(&o, q->mirror.size);
        put(&o, q->mirror.root.b, 32);
        put_time(&o, q->mirror.time);
        put(&o, q->mirror.sig, sizeof(q->mirror.sig));
        break;
    case ENT_SIGN_LAST:
        put_text(&o, q->origin, sizeof(q->origin));
        break;
    case ENT_SIGN_FOLLOW:
        if (q->chain.n > ENT_CHAIN_MAX)
            o.err = ENT_E_LIMIT;
        put(&o, q->chain.p, q->chain.n);
        break;
    default:
        o.err = ENT_E_FORMAT;
    }
    if (o.err != ENT_OK)
        b->n = before;
    return o.err;
}

static void put_keys(struct out *o, const struct ent_signer_keys *k)
{
    if (k->authors > ENT_SIGNER_AUTHORS && o->err == ENT_OK)
        o->err = ENT_E_FORMAT;
    put_u8(o, k->authors);
    for (size_t i = 0; i < k->authors && o->err == ENT_OK; i++)
        put(o, k->author[i].b, 32);
    put_u8(o, (k->has_log ? 1u : 0) | (k->has_witness ? 2u : 0) | (k->has_mirror ? 4u : 0));
    if (k->has_log)
        put(o, k->log.b, 32);
    if (k->has_witness)
        put(o, k->witness.b, 32);
    if (k->has_mirror)
        put(o, k->mirror.b, 32);
}

static bool is_plain(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (text[i] < ' ' || text[i] > '~')
            return false;
    return true;
}

enum ent_err ent_signer_answer_encode(struct ent_buf *b, const struct ent_signer_answer *a)
{
    struct out o = {b, ENT_OK};
    size_t before = b->n;
    put_u8(&o, (uint64_t)a->err);
    if (a->err != ENT_OK) {
        put_u64(&o, a->line);
        put_u64(&o, a->offset);
        put_text(&o, a->text, sizeof(a->text));
    } else if (a->what == ENT_SIGN_KEYS) {
        put_keys(&o, &a->keys);
    } else if (a->what == ENT_SIGN_LAST) {
        put_u64(&o, a->last.size);
        put(&o, a->last.root.b, 32);
        put_time(&o, a->last.time);
    } else if (a->what != ENT_SIGN_FOLLOW) {
        put(&o, a->signature.pk.b, 32);
        put(&o, a->signature.sig, sizeof(a->signature.sig));
    }
    if (o.err != ENT_OK)
        b->n = before;
    return o.err;
}

/* --- reading ------------------------------------------------------------------------------------
 */

struct in {
    struct ent_cur c;
    bool bad;
};

static void get(struct in *i, void *ret, size_t n)
{
    i->bad = i->bad || ent_cur_copy(&i->c, ret, n) != ENT_OK;
}

static uint8_t get_u8(struct in *i, unsigned most)
{
    uint8_t v = 0;
    i->bad = i->bad || ent_cur_u8(&i->c, &v) != ENT_OK || v > most;
    return i->bad ? 0 : v;
}

static uint64_t get_u64(struct in *i)
{
    uint64_t v = 0;
    i->bad = i->bad || ent_cur_u64le(&i->c, &v) != ENT_OK;
    return v;
}

static int64_t get_time(struct in *i)
{
    uint64_t v = get_u64(i);
    i->bad = i->bad || v > INT64_MAX;
    return i->bad ? 0 : (int64_t)v;
}

/* ret is zeros. */
static void get_text(struct in *i, char *ret, size_t room)
{
    size_t n = get_u8(i, (unsigned)room - 1);
    get(i, ret, n);
    i->bad = i->bad || memchr(ret, 0, room) != ret + n;
}

static size_t get_hashes(struct in *i, struct ent_hash32 *ret, unsigned most)
{
    size_t n = get_u8(i, most);
    for (size_t k = 0; k < n && !i->bad; k++)
        get(i, ret[k].b, 32);
    return n;
}

static void get_growth(struct in *i, struct ent_growth *g)
{
    get_text(i, g->origin, sizeof(g->origin));
    g->size = get_u64(i);
    get(i, g->root.b, 32);
    g->old = get_u64(i);
    g->proof.n = get_hashes(i, g->proof.hash, ENT_MERKLE_PROOF_MAX);
}

static void get_statement(struct in *i, struct ent_statement *st)
{
    st->pact_version = get_u64(i);
    get(i, st->pact.b, 32);
    get_text(i, st->author, sizeof(st->author));
    st->sequence = get_u64(i);
    st->type = (enum ent_statement_type)get_u8(i, ENT_ST_TYPES - 1);
    st->time = get_time(i);
    get(i, st->heads.b, 32);
    st->refs = get_hashes(i, st->ref, ENT_STATEMENT_REFS);
    get_text(i, st->tlp, sizeof(st->tlp));
    get(i, st->policy.b, 32);
    get_text(i, st->media, sizeof(st->media));
    st->body_n = get_u64(i);
    get(i, st->body.b, 32);
}

enum ent_err ent_signer_request_parse(struct ent_signer_request *ret, enum ent_signer_what what,
                                      struct ent_slice bytes)
{
    struct in i = {ent_cur(bytes), bytes.n > ENT_SIGNER_REQUEST_MAX};
    memset(ret, 0, sizeof(*ret));
    ret->what = what;
    switch (ret->what) {
    case ENT_SIGN_KEYS:
        break;
    case ENT_SIGN_STATEMENT:
        get_statement(&i, &ret->statement);
        break;
    case ENT_SIGN_HEAD:
        get_growth(&i, &ret->head);
        break;
    case ENT_SIGN_COSIGN:
        get_growth(&i, &ret->cosign.head);
        get(&i, ret->cosign.log_sig, sizeof(ret->cosign.log_sig));
        ret->cosign.time = get_time(&i);
        break;
    case ENT_SIGN_MIRROR:
        get_text(&i, ret->mirror.origin, sizeof(ret->mirror.origin));
        ret->mirror.size = get_u64(&i);
        get(&i, ret->mirror.root.b, 32);
        ret->mirror.time = get_time(&i);
        get(&i, ret->mirror.sig, sizeof(ret->mirror.sig));
        break;
    case ENT_SIGN_LAST:
        get_text(&i, ret->origin, sizeof(ret->origin));
        break;
    case ENT_SIGN_FOLLOW:
        i.bad = i.bad || i.c.n > ENT_CHAIN_MAX || ent_cur_take(&i.c, &ret->chain, i.c.n) != ENT_OK;
        break;
    default:
        i.bad = true;
    }
    return i.bad || ent_cur_end(&i.c) != ENT_OK ? ENT_E_FORMAT : ENT_OK;
}

static void get_keys(struct in *i, struct ent_signer_keys *k)
{
    k->authors = get_u8(i, ENT_SIGNER_AUTHORS);
    for (size_t n = 0; n < k->authors; n++)
        get(i, k->author[n].b, 32);
    unsigned which = get_u8(i, 7);
    k->has_log = (which & 1) != 0;
    k->has_witness = (which & 2) != 0;
    k->has_mirror = (which & 4) != 0;
    if (k->has_log)
        get(i, k->log.b, 32);
    if (k->has_witness)
        get(i, k->witness.b, 32);
    if (k->has_mirror)
        get(i, k->mirror.b, 32);
}

enum ent_err ent_signer_answer_parse(struct ent_signer_answer *ret, enum ent_signer_what what,
                                     struct ent_slice bytes)
{
    struct in i = {ent_cur(bytes), bytes.n > ENT_SIGNER_ANSWER_MAX};
    memset(ret, 0, sizeof(*ret));
    ret->what = what;
    ret->err = (enum ent_err)get_u8(&i, ENT_E_UNSUPPORTED);
    if (ret->err != ENT_OK) {
        ret->line = get_u64(&i);
        ret->offset = get_u64(&i);
        get_text(&i, ret->text, sizeof(ret->text));
        i.bad = i.bad || !is_plain(ret->text, strlen(ret->text));
    } else if (ret->what == ENT_SIGN_KEYS) {
        get_keys(&i, &ret->keys);
    } else if (ret->what == ENT_SIGN_LAST) {
        ret->last.size = get_u64(&i);
        get(&i, ret->last.root.b, 32);
        ret->last.time = get_time(&i);
    } else if (ret->what != ENT_SIGN_FOLLOW) {
        get(&i, ret->signature.pk.b, 32);
        get(&i, ret->signature.sig, sizeof(ret->signature.sig));
    }
    return i.bad || ent_cur_end(&i.c) != ENT_OK ? ENT_E_FORMAT : ENT_OK;
}

/* --- answering ----------------------------------------------------------------------------------
 */

static enum ent_err sign_statement(const struct ent_signer *by, struct ent_signature *ret,
                                   struct ent_diag *d, const struct ent_statement *st)
{
    struct ent_buf text; /* whoever asks writes the same */
    ent_buf_init(&text, ENT_NOTE_MAX);
    enum ent_err r = by->statement(by->ctx, ret, &text, d, st);
    ent_buf_release(&text);
    return r;
}

static enum ent_err run(const struct ent_signer *by, struct ent_signer_answer *a,
                        struct ent_diag *d, const struct ent_signer_request *q)
{
    switch (q->what) {
    case ENT_SIGN_STATEMENT:
        return sign_statement(by, &a->signature, d, &q->statement);
    case ENT_SIGN_HEAD:
        return by->head(by->ctx, &a->signature, d, &q->head);
    case ENT_SIGN_COSIGN:
        return by->cosign(by->ctx, &a->signature, d, &q->cosign);
    case ENT_SIGN_MIRROR:
        return by->mirror(by->ctx, &a->signature, d, &q->mirror);
    case ENT_SIGN_LAST:
        return by->last(by->ctx, &a->last, d, q->origin);
    case ENT_SIGN_FOLLOW:
        return by->follow(by->ctx, d, q->chain);
    default:
        a->keys = by->keys;
        return ENT_OK;
    }
}

void ent_signer_service_init(struct ent_signer_service *s, const struct ent_signer *by)
{
    s->by = by;
    (void)pthread_mutex_init(&s->lock, NULL);
}

void ent_signer_service_release(struct ent_signer_service *s)
{
    (void)pthread_mutex_destroy(&s->lock);
}

enum ent_err ent_signer_serve(void *signer_service, struct ent_msg *ret, struct ent_msg *call)
{
    struct ent_signer_service *s = signer_service;
    struct ent_signer_request q;
    struct ent_signer_answer a;
    struct ent_diag d = {0};
    enum ent_err r = ent_signer_request_parse(&q, (enum ent_signer_what)(call->type - ENT_MSG_SIGN),
                                              ent_buf_slice(&call->bytes));
    if (r != ENT_OK)
        return r;
    memset(&a, 0, sizeof(a));
    a.what = q.what;
    (void)pthread_mutex_lock(&s->lock);
    a.err = run(s->by, &a, &d, &q);
    (void)pthread_mutex_unlock(&s->lock);
    a.line = d.line;
    a.offset = d.offset;
    if (d.text != NULL && strlen(d.text) <= ENT_SIGNER_TEXT_MAX && is_plain(d.text, strlen(d.text)))
        (void)snprintf(a.text, sizeof(a.text), "%s", d.text);
    return ent_signer_answer_encode(&ret->bytes, &a);
}
