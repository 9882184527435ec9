/* quorum_terms.c: bodies of the statements of a quorum, and the name of its run. */
#include "match/match.h"
#include "match/terms_parts.h"

#define ACCEPT_LINE   "entente/quorum-accept@v1"
#define REFUSE_LINE   "entente/quorum-refuse@v1"
#define KEY_LINE      "entente/quorum-key@v1"
#define BEGIN_LINE    "entente/quorum-begin@v1"
#define LEFT_OUT_LINE "entente/quorum-left-out@v1"
#define RESULT_LINE   "entente/quorum-result@v1"
#define TAKEN_LINE    "entente/quorum-taken@v1"

static const struct {
    const char *word, *text;
} faults[ENT_QUORUM_FAULTS] = {
    [ENT_QUORUM_NO_FAULT] = {"none", "nothing"},
    [ENT_QUORUM_SILENT] = {"silent", "nothing came from it before the deadline"},
    [ENT_QUORUM_LATE] = {"late", "what it sent came after the deadline"},
    [ENT_QUORUM_MALFORMED] = {"malformed", "it sent what no honest member sends"},
    [ENT_QUORUM_EXCESS] = {"excess", "it asked for more evaluations than it announced"},
    [ENT_QUORUM_REPEATED] = {"repeated", "it asked for the same element twice"},
    [ENT_QUORUM_FOREIGN] = {"foreign", "it used the share index of another member"},
    [ENT_QUORUM_PROOF] = {"proof", "it did not evaluate under the key that it signed"},
    [ENT_QUORUM_ANSWER] = {"answer", "its answer is not what it signed, or is a lie"},
    [ENT_QUORUM_CONTRARY] = {"contrary", "it signed two statements that contradict each other"},
};

const char *ent_quorum_fault_word(enum ent_quorum_fault f)
{
    return faults[f].word;
}

const char *ent_quorum_fault_text(enum ent_quorum_fault f)
{
    return faults[f].text;
}

enum ent_err ent_quorum_fault_parse(enum ent_quorum_fault *ret, struct ent_slice word)
{
    for (int f = ENT_QUORUM_SILENT; f < ENT_QUORUM_FAULTS; f++) {
        if (ent_slice_eq(word, ent_slice_str(faults[f].word))) {
            *ret = (enum ent_quorum_fault)f;
            return ENT_OK;
        }
    }
    return ENT_E_FORMAT;
}

bool ent_quorum_fault_ends(enum ent_quorum_fault f)
{
    return f >= ENT_QUORUM_MALFORMED && f != ENT_QUORUM_CONTRARY;
}

static void take_hash(struct ent_lines *l, const char *key, struct ent_hash32 *ret)
{
    ent_lines_key(l, key);
    ent_lines_b64(l, ret->b, 32);
}

static enum ent_err put_hash(struct ent_buf *b, const char *key, const struct ent_hash32 *h)
{
    return ent_buf_printf(b, "%s %s\n", key, ent_b64_32(h->b).text);
}

/* "key <index> <hash>" for each that is set. */
static enum ent_err put_set(struct ent_buf *b, const char *key, uint64_t present,
                            const struct ent_hash32 *h)
{
    enum ent_err r = ENT_OK;
    for (; present != 0 && r == ENT_OK; present &= present - 1) {
        unsigned i = (unsigned)__builtin_ctzll(present);
        r = ent_buf_printf(b, "%s %u %s\n", key, i + 1, ent_b64_32(h[i].b).text);
    }
    return r;
}

/* Ascending, so that one set has one text. */
static void take_set(struct ent_lines *l, const char *key, uint64_t *ret, struct ent_hash32 *ret_h,
                     uint32_t most)
{
    uint64_t before = 0;
    while (ent_lines_next_is(l, key)) {
        ent_lines_key(l, key);
        uint64_t index = ent_lines_u64(l, most);
        if (l->err == ENT_OK && index <= before)
            ent_lines_fail(l, ENT_E_FORMAT);
        if (l->err != ENT_OK || index == 0)
            return;
        ent_lines_b64(l, ret_h[index - 1].b, 32);
        *ret |= UINT64_C(1) << (index - 1);
        before = index;
    }
}

/* --- before the run ------------------------------------------------------------------------- */

enum ent_err ent_quorum_accept_encode(struct ent_buf *b, const struct ent_quorum_accept *a)
{
    return ent_buf_printf(b, ACCEPT_LINE "\noffer %s\nitems %u\nroot %s\n",
                          ent_b64_32(a->offer.b).text, a->items, ent_b64_32(a->root.b).text);
}

enum ent_err ent_quorum_accept_parse(struct ent_quorum_accept *ret, struct ent_slice s)
{
    struct ent_quorum_accept a = {0};
    struct ent_lines l;
    ent_lines_start(&l, s);
    ent_lines_exact(&l, ACCEPT_LINE);
    take_hash(&l, "offer", &a.offer);
    ent_lines_key(&l, "items");
    a.items = (uint32_t)ent_lines_u64(&l, ENT_QUORUM_ITEMS);
    if (a.items == 0)
        ent_lines_fail(&l, ENT_E_FORMAT);
    take_hash(&l, "root", &a.root);
    enum ent_err r = ent_lines_end(&l);
    if (r == ENT_OK)
        *ret = a;
    return r;
}

enum ent_err ent_quorum_accept_check(const struct ent_quorum_accept *a,
                                     const struct ent_quorum_offer *o)
{
    if (a->items > o->shape.items)
        return ENT_E_LIMIT;
    return ent_quorum_padded(o, a->items) == a->items ? ENT_OK : ENT_E_FORMAT;
}

enum ent_err ent_quorum_refuse_encode(struct ent_buf *b, const struct ent_quorum_refuse *f)
{
    const char *word =
        f->why == ENT_QUORUM_PACT ? ent_verdict_word(f->verdict) : ent_quorum_reason_word(f->why);
    return ent_buf_printf(b, REFUSE_LINE "\noffer %s\nreason %s\n", ent_b64_32(f->offer.b).text,
                          word);
}

static void take_reason(struct ent_lines *l, struct ent_quorum_refuse *f)
{
    struct ent_slice word = ent_lines_word(l);
    for (int w = ENT_QUORUM_FINE + 1; l->err == ENT_OK && w < ENT_QUORUM_PACT; w++) {
        if (ent_slice_eq(word, ent_slice_str(ent_quorum_reason_word((enum ent_quorum_reason)w)))) {
            f->why = (enum ent_quorum_reason)w;
            return;
        }
    }
    f->why = ENT_QUORUM_PACT;
    if (l->err == ENT_OK && ent_verdict_parse(&f->verdict, word) != ENT_OK)
        ent_lines_fail(l, ENT_E_FORMAT);
}

enum ent_err ent_quorum_refuse_parse(struct ent_quorum_refuse *ret, struct ent_slice s)
{
    struct ent_quorum_refuse f = {.verdict = ENT_ALLOWED};
    struct ent_lines l;
    ent_lines_start(&l, s);
    ent_lines_exact(&l, REFUSE_LINE);
    take_hash(&l, "offer", &f.offer);
    ent_lines_key(&l, "reason");
    take_reason(&l, &f);
    enum ent_err r = ent_lines_end(&l);
    if (r == ENT_OK)
        *ret = f;
    return r;
}

enum ent_err ent_quorum_key_encode(struct ent_buf *b, const struct ent_quorum_key *k)
{
    return ent_buf_printf(b, KEY_LINE "\noffer %s\nkey %s\n", ent_b64_32(k->offer.b).text,
                          ent_b64_32(k->key.b).text);
}

enum ent_err ent_quorum_key_parse(struct ent_quorum_key *ret, struct ent_slice s)
{
    struct ent_quorum_key k = {0};
    struct ent_lines l;
    uint8_t key[32] = {0};
    ent_lines_start(&l, s);
    ent_lines_exact(&l, KEY_LINE);
    take_hash(&l, "offer", &k.offer);
    ent_lines_key(&l, "key");
    ent_lines_b64(&l, key, 32);
    enum ent_err r = ent_lines_end(&l);
    if (r == ENT_OK)
        r = ent_element_decode(&k.key, key);
    if (r == ENT_OK)
        *ret = k;
    return r;
}

enum ent_err ent_quorum_begin_encode(struct ent_buf *b, const struct ent_quorum_begin *g)
{
    enum ent_err r;
    if ((r = ent_buf_puts(b, BEGIN_LINE "\n")) != ENT_OK ||
        (r = put_hash(b, "offer", &g->offer)) != ENT_OK ||
        (r = put_set(b, "accept", g->present, g->accept)) != ENT_OK)
        return r;
    return put_set(b, "key", (UINT64_C(1) << g->holders) - 1, g->key);
}

enum ent_err ent_quorum_begin_parse(struct ent_quorum_begin *ret, struct ent_slice s)
{
    struct ent_quorum_begin g = {0};
    struct ent_lines l;
    uint64_t keys = 0;
    ent_lines_start(&l, s);
    ent_lines_exact(&l, BEGIN_LINE);
    take_hash(&l, "offer", &g.offer);
    take_set(&l, "accept", &g.present, g.accept, ENT_QUORUM_MEMBERS);
    take_set(&l, "key", &keys, g.key, ENT_QUORUM_HOLDERS);
    enum ent_err r = ent_lines_end(&l);
    /* Without a gap: nobody evaluates for a holder that is missing. */
    if (r == ENT_OK && ((keys & (keys + 1)) != 0 || keys < 3 || g.present == 0))
        r = ENT_E_FORMAT;
    if (r == ENT_OK) {
        g.holders = (uint32_t)__builtin_popcountll(keys);
        *ret = g;
    }
    return r;
}

void ent_quorum_sid(struct ent_hash32 *ret, const struct ent_quorum_begin *g, uint32_t members)
{
    struct ent_sha256 h;
    ent_sha256_init(&h);
    ent_sha256_add(&h, ENT_SLICE_LIT("entente/quorum/v1"));
    ent_sha256_add(&h, ent_slice(g->offer.b, 32));
    for (uint32_t i = 0; i < members; i++) {
        uint8_t in = (uint8_t)(g->present >> i & 1);
        ent_sha256_add(&h, ent_slice(&in, 1));
        ent_sha256_add(&h, ent_slice(g->accept[i].b, 32));
    }
    for (uint32_t j = 0; j < g->holders; j++)
        ent_sha256_add(&h, ent_slice(g->key[j].b, 32));
    ent_sha256_end(&h, ret);
}

/* --- in and after the run ------------------------------------------------------------------- */

enum ent_err ent_quorum_left_out_encode(struct ent_buf *b, const struct ent_quorum_left_out *o)
{
    return ent_buf_printf(b, LEFT_OUT_LINE "\noffer %s\nmember %s\nreason %s\n",
                          ent_b64_32(o->offer.b).text, o->member, ent_quorum_fault_word(o->fault));
}

enum ent_err ent_quorum_left_out_parse(struct ent_quorum_left_out *ret, struct ent_slice s)
{
    struct ent_quorum_left_out o = {0};
    struct ent_lines l;
    ent_lines_start(&l, s);
    ent_lines_exact(&l, LEFT_OUT_LINE);
    take_hash(&l, "offer", &o.offer);
    ent_lines_key(&l, "member");
    ent_lines_str(&l, o.member, sizeof(o.member));
    if (!ent_name_is_valid(ent_slice_str(o.member)))
        ent_lines_fail(&l, ENT_E_FORMAT);
    ent_lines_key(&l, "reason");
    struct ent_slice word = ent_lines_word(&l);
    if (l.err == ENT_OK && ent_quorum_fault_parse(&o.fault, word) != ENT_OK)
        ent_lines_fail(&l, ENT_E_FORMAT);
    enum ent_err r = ent_lines_end(&l);
    if (r == ENT_OK)
        *ret = o;
    return r;
}

enum ent_err ent_quorum_result_encode(struct ent_buf *b, const struct ent_quorum_result *res)
{
    enum ent_err r;
    if ((r = ent_buf_printf(b, RESULT_LINE "\nrun %s\npositions %llu\n",
                            ent_b64_32(res->run.b).text, (unsigned long long)res->positions)) !=
        ENT_OK)
        return r;
    return put_set(b, "answer", res->present, res->answer);
}

enum ent_err ent_quorum_result_parse(struct ent_quorum_result *ret, struct ent_slice s)
{
    struct ent_quorum_result res = {0};
    struct ent_lines l;
    ent_lines_start(&l, s);
    ent_lines_exact(&l, RESULT_LINE);
    take_hash(&l, "run", &res.run);
    ent_lines_key(&l, "positions");
    res.positions = ent_lines_u64(&l, UINT64_MAX);
    take_set(&l, "answer", &res.present, res.answer, ENT_QUORUM_MEMBERS);
    enum ent_err r = ent_lines_end(&l);
    if (r == ENT_OK && res.present == 0)
        r = ENT_E_FORMAT;
    if (r == ENT_OK)
        *ret = res;
    return r;
}

enum ent_err ent_quorum_taken_encode(struct ent_buf *b, const struct ent_quorum_taken *t)
{
    return ent_buf_printf(b, TAKEN_LINE "\nrun %s\ncommitment %s\n", ent_b64_32(t->run.b).text,
                          ent_b64_32(t->commitment.b).text);
}

enum ent_err ent_quorum_taken_parse(struct ent_quorum_taken *ret, struct ent_slice s)
{
    struct ent_quorum_taken t = {0};
    struct ent_lines l;
    ent_lines_start(&l, s);
    ent_lines_exact(&l, TAKEN_LINE);
    take_hash(&l, "run", &t.run);
    take_hash(&l, "commitment", &t.commitment);
    enum ent_err r = ent_lines_end(&l);
    if (r == ENT_OK)
        *ret = t;
    return r;
}
