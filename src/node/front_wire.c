/* front_wire.c: the bytes of front_wire.h. */
#include "node/node.h"

/* table */
const struct ent_msg_row ent_front_rows[ENT_FRONT_ROWS] = {
    {ENT_FRONT_PEER, ENT_MSG_CALL, ENT_MSG_BIT(ENT_PROCESS_FRONT), ENT_MSG_ANY, 36,
     ENT_PEER_MSG_MAX, ENT_MSG_FD_NONE},
    {ENT_FRONT_PEER, ENT_MSG_ANSWER, ENT_MSG_BIT(ENT_PROCESS_LEDGER), ENT_MSG_ANY, 3,
     3 + ENT_PEER_ANSWER_MAX, ENT_MSG_FD_NONE},
    {ENT_FRONT_ALLOWED, ENT_MSG_NOTE, ENT_MSG_BIT(ENT_PROCESS_LEDGER), ENT_MSG_ANY, 0,
     32 * ENT_ALLOWED_MAX, ENT_MSG_FD_NONE},
    {ENT_FRONT_OUT, ENT_MSG_CALL, ENT_MSG_BIT(ENT_PROCESS_LEDGER), ENT_MSG_ANY, 46, ENT_OUT_MSG_MAX,
     ENT_MSG_FD_NONE},
    {ENT_FRONT_OUT, ENT_MSG_ANSWER, ENT_MSG_BIT(ENT_PROCESS_FRONT), ENT_MSG_ANY, 2,
     3 + ENT_OUT_ANSWER_MAX, ENT_MSG_FD_NONE},
};

static const char *const methods[] = {"GET", "POST", "PUT", "DELETE"};
#define METHODS (sizeof(methods) / sizeof(methods[0]))

static const char *const types[] = {"application/octet-stream", "text/plain; charset=utf-8",
                                    "text/x.tlog.size", "text/x.tlog.mirror-info"};
#define TYPES (sizeof(types) / sizeof(types[0]))

const char *ent_peer_type(unsigned number)
{
    return number < TYPES ? types[number] : NULL;
}

/* The number of a text; n for one that has none. */
static unsigned number_of(const char *text, const char *const *table, unsigned n)
{
    unsigned i = 0;
    while (i < n && strcmp(table[i], text) != 0)
        i++;
    return i;
}

/* --- writing ------------------------------------------------------------------------------------
 */

struct out {
    struct ent_buf *b;
    size_t before;
    enum ent_err err; /* the first */
};

static struct out out(struct ent_buf *b)
{
    return (struct out){b, b->n, ENT_OK};
}

static void put(struct out *o, const void *p, size_t n)
{
    if (o->err == ENT_OK)
        o->err = ent_buf_put(o->b, p, n);
}

/* Little-endian; what does not fit is not said. */
static void put_number(struct out *o, size_t bytes, uint64_t v)
{
    uint8_t b[8];
    ent_put_u64le(b, v);
    if (o->err == ENT_OK && (v >> (8 * bytes - 1)) >> 1 != 0)
        o->err = ENT_E_LIMIT;
    put(o, b, bytes);
}

static void put_text(struct out *o, size_t bytes, const char *text, size_t most)
{
    size_t n = strlen(text);
    if (o->err == ENT_OK && n > most)
        o->err = ENT_E_LIMIT;
    put_number(o, bytes, n);
    put(o, text, n);
}

static void put_method(struct out *o, const char *method)
{
    unsigned n = number_of(method, methods, METHODS);
    if (o->err == ENT_OK && n == METHODS)
        o->err = ENT_E_FORMAT;
    put_number(o, 1, n);
}

static enum ent_err done(struct out *o)
{
    if (o->err != ENT_OK)
        o->b->n = o->before;
    return o->err;
}

/* --- reading ------------------------------------------------------------------------------------
 */

struct in {
    struct ent_cur c;
    bool bad;
};

static uint64_t get_number(struct in *i, size_t bytes, uint64_t least, uint64_t most)
{
    uint8_t b[8] = {0};
    struct ent_cur c = {b, sizeof(b)};
    uint64_t v = 0;
    i->bad = i->bad || ent_cur_copy(&i->c, b, bytes) != ENT_OK || ent_cur_u64le(&c, &v) != ENT_OK ||
             v < least || v > most;
    return i->bad ? least : v;
}

static void get_key(struct in *i, struct ent_spki *ret)
{
    i->bad = i->bad || ent_cur_copy(&i->c, ret->b, sizeof(ret->b)) != ENT_OK;
}

/* Graphic ASCII, which begins with this; ret has room for most bytes and an end. */
static void get_text(struct in *i, size_t bytes, char *ret, size_t most, const char *begin)
{
    struct ent_slice s = {NULL, 0};
    size_t n = (size_t)get_number(i, bytes, strlen(begin), most);
    i->bad = i->bad || ent_cur_take(&i->c, &s, n) != ENT_OK ||
             !ent_slice_starts(s, ent_slice_str(begin));
    for (size_t k = 0; !i->bad && k < n; k++)
        i->bad = s.p[k] <= ' ' || s.p[k] > '~';
    if (!i->bad)
        memcpy(ret, s.p, n);
    ret[i->bad ? 0 : n] = '\0';
}

static const char *get_method(struct in *i)
{
    return methods[get_number(i, 1, 0, METHODS - 1)];
}

static struct ent_slice get_rest(struct in *i, size_t most)
{
    struct ent_slice s = {NULL, 0};
    i->bad = i->bad || i->c.n > most || ent_cur_take(&i->c, &s, i->c.n) != ENT_OK;
    return s;
}

static enum ent_err verdict(const struct in *i)
{
    return i->bad || ent_cur_end(&i->c) != ENT_OK ? ENT_E_FORMAT : ENT_OK;
}

/* --- a member's request -------------------------------------------------------------------------
 */

enum ent_err ent_peer_call_encode(struct ent_buf *b, const struct ent_request *q)
{
    struct out o = out(b);
    put(&o, q->peer.b, sizeof(q->peer.b));
    put_method(&o, q->method);
    put_text(&o, 2, q->path, ENT_PEER_PATH_MAX);
    put(&o, q->body.p, q->body.n);
    return done(&o);
}

enum ent_err ent_peer_call_parse(struct ent_peer_call *ret, struct ent_slice bytes)
{
    struct in i = {ent_cur(bytes), false};
    get_key(&i, &ret->peer);
    ret->method = get_method(&i);
    get_text(&i, 2, ret->path, ENT_PEER_PATH_MAX, "/");
    ret->body = get_rest(&i, i.bad ? 0 : ent_peer_body_max(ret->method, ret->path));
    i.bad = i.bad || ent_peer_body_max(ret->method, ret->path) == 0;
    return verdict(&i);
}

enum ent_err ent_peer_answer_encode(struct ent_buf *b, const struct ent_peer_answer *a)
{
    struct out o = out(b);
    unsigned type = number_of(a->type, types, TYPES);
    if (a->status < 200 || a->status > 599 || type == TYPES)
        o.err = ENT_E_FORMAT;
    put_number(&o, 2, a->status);
    put_number(&o, 1, type);
    put(&o, a->body.p, a->body.n);
    return done(&o);
}

enum ent_err ent_peer_answer_parse(struct ent_peer_answer *ret, struct ent_slice bytes)
{
    struct in i = {ent_cur(bytes), false};
    ret->status = (unsigned)get_number(&i, 2, 200, 599);
    ret->type = types[get_number(&i, 1, 0, TYPES - 1)];
    ret->body = get_rest(&i, ENT_PEER_ANSWER_MAX);
    return verdict(&i);
}

/* --- who may connect ----------------------------------------------------------------------------
 */

/* Where it is, or would be. */
static size_t find(const struct ent_allowed *a, const struct ent_spki *key, bool *ret_there)
{
    size_t i = 0;
    int cmp = 1;
    while (i < a->n && (cmp = memcmp(a->key[i].b, key->b, sizeof(key->b))) < 0)
        i++;
    *ret_there = i < a->n && cmp == 0;
    return i;
}

enum ent_err ent_allowed_add(struct ent_allowed *a, const struct ent_spki *key)
{
    bool there;
    size_t i = find(a, key, &there);
    if (there)
        return ENT_OK;
    if (a->n == ENT_ALLOWED_MAX)
        return ENT_E_LIMIT;
    memmove(&a->key[i + 1], &a->key[i], (a->n - i) * sizeof(a->key[0]));
    a->key[i] = *key;
    a->n++;
    return ENT_OK;
}

bool ent_allowed_has(const struct ent_allowed *a, const struct ent_spki *key)
{
    bool there;
    (void)find(a, key, &there);
    return there;
}

bool ent_allowed_eq(const struct ent_allowed *a, const struct ent_allowed *b)
{
    return a->n == b->n && memcmp(a->key, b->key, a->n * sizeof(a->key[0])) == 0;
}

enum ent_err ent_allowed_encode(struct ent_buf *b, const struct ent_allowed *a)
{
    struct out o = out(b);
    for (size_t i = 0; i < a->n; i++)
        put(&o, a->key[i].b, sizeof(a->key[i].b));
    return done(&o);
}

enum ent_err ent_allowed_parse(struct ent_allowed *ret, struct ent_slice bytes)
{
    struct in i = {ent_cur(bytes), bytes.n > 32 * ENT_ALLOWED_MAX};
    ret->n = 0;
    while (!i.bad && i.c.n > 0) {
        struct ent_spki *k = &ret->key[ret->n];
        get_key(&i, k);
        i.bad = i.bad || (ret->n > 0 && memcmp(k[-1].b, k->b, sizeof(k->b)) >= 0);
        ret->n++;
    }
    return verdict(&i);
}

/* --- a call to a member -------------------------------------------------------------------------
 */

enum ent_err ent_out_call_encode(struct ent_buf *b, const struct ent_dial *q, size_t answer_max)
{
    struct out o = out(b);
    put_text(&o, 1, q->url, ENT_URL_MAX);
    put(&o, q->server.b, sizeof(q->server.b));
    put_number(&o, 2, q->connect_seconds == 0 ? 10 : q->connect_seconds);
    put_number(&o, 2, q->call_seconds == 0 ? 120 : q->call_seconds);
    put_method(&o, q->method);
    put_text(&o, 2, q->path, ENT_PEER_PATH_MAX);
    put_number(&o, 4, answer_max < ENT_OUT_ANSWER_MAX ? answer_max : ENT_OUT_ANSWER_MAX);
    put(&o, q->body.p, q->body.n);
    return done(&o);
}

enum ent_err ent_out_call_parse(struct ent_out_call *ret, struct ent_slice bytes)
{
    struct in i = {ent_cur(bytes), false};
    struct ent_dial *q = &ret->dial;
    get_text(&i, 1, ret->url, ENT_URL_MAX, "https://");
    get_key(&i, &q->server);
    q->connect_seconds = (unsigned)get_number(&i, 2, 1, ENT_OUT_CONNECT_SECONDS);
    q->call_seconds = (unsigned)get_number(&i, 2, 1, ENT_OUT_CALL_SECONDS);
    q->method = get_method(&i);
    get_text(&i, 2, ret->path, ENT_PEER_PATH_MAX, "/");
    ret->answer_max = (size_t)get_number(&i, 4, 0, ENT_OUT_ANSWER_MAX);
    q->body = get_rest(&i, strcmp(q->method, "GET") == 0 ? 0 : ENT_OUT_BODY_MAX);
    q->url = ret->url;
    q->path = ret->path;
    return verdict(&i);
}

enum ent_err ent_out_answer_encode(struct ent_buf *b, const struct ent_out_answer *a)
{
    struct out o = out(b);
    put_number(&o, 1, (uint64_t)a->err);
    if (a->err != ENT_OK) {
        put_number(&o, 1, ent_client_why_number(a->why));
    } else {
        put_number(&o, 2, a->status);
        put(&o, a->body.p, a->body.n);
    }
    return done(&o);
}

enum ent_err ent_out_answer_parse(struct ent_out_answer *ret, struct ent_slice bytes)
{
    struct in i = {ent_cur(bytes), false};
    *ret = (struct ent_out_answer){.err = ENT_OK};
    ret->err = (enum ent_err)get_number(&i, 1, 0, ENT_E_UNSUPPORTED);
    if (ret->err != ENT_OK) {
        ret->why = ent_client_why((unsigned)get_number(&i, 1, 0, ENT_CLIENT_WHYS - 1));
    } else {
        ret->status = (unsigned)get_number(&i, 2, 100, 999);
        ret->body = get_rest(&i, ENT_OUT_ANSWER_MAX);
    }
    return verdict(&i);
}
