/*
 * quorum_run_keep.c: a run as lines, for the own disk:
 *
 *     entente/quorum-run@v1
 *     offer <leaf>
 *     state <phase> <1 for the collector> <sid> <present> <disputed> <counted> <positions>
 *     accept <i> <items> <root> <leaf> <1 when late>    other <i> <items> <root> <leaf>
 *     refused <i>                                       answer <i> <hash> <1 when taken>
 *     key <j> <key> <leaf>                              other-key <j> <key> <leaf>
 *     member <i> <fault>   holder <j> <fault>   collector <fault>   failed <fault or -> <name>
 *     text
 *     <the offer's body>
 */
#include "match/match.h"
#include "match/terms_parts.h"

#define RUN_LINE "entente/quorum-run@v1"

static bool is_there(const struct ent_hash32 *leaf)
{
    static const struct ent_hash32 none;
    return memcmp(leaf->b, none.b, sizeof(none.b)) != 0;
}

static enum ent_err put_seat(struct ent_buf *b, const struct ent_quorum_seat *s, uint32_t i)
{
    enum ent_err e = ENT_OK;
    if (s->accepted)
        e = ent_buf_printf(b, "accept %u %u %s %s %d\n", i, s->accept.items,
                           ent_b64_32(s->accept.root.b).text, ent_b64_32(s->leaf.b).text, s->late);
    if (e == ENT_OK && s->accepted && is_there(&s->other_leaf))
        e = ent_buf_printf(b, "other %u %u %s %s\n", i, s->other.items,
                           ent_b64_32(s->other.root.b).text, ent_b64_32(s->other_leaf.b).text);
    if (e == ENT_OK && s->refused)
        e = ent_buf_printf(b, "refused %u\n", i);
    return e;
}

static enum ent_err put_key(struct ent_buf *b, const struct ent_quorum_run *r, uint32_t j)
{
    enum ent_err e = ENT_OK;
    if ((r->keys >> j & 1) != 0)
        e = ent_buf_printf(b, "key %u %s %s\n", j + 1, ent_b64_32(r->key[j].key.b).text,
                           ent_b64_32(r->key_leaf[j].b).text);
    if (e == ENT_OK && (r->keys >> j & 1) != 0 && is_there(&r->other_key_leaf[j]))
        e = ent_buf_printf(b, "other-key %u %s %s\n", j + 1, ent_b64_32(r->other_key[j].key.b).text,
                           ent_b64_32(r->other_key_leaf[j].b).text);
    return e;
}

static enum ent_err put_seats(struct ent_buf *b, const struct ent_quorum_run *r)
{
    enum ent_err e = ENT_OK;
    for (uint32_t i = 0; i < r->offer.shape.members && e == ENT_OK; i++)
        e = put_seat(b, &r->seat[i], i + 1);
    for (uint32_t j = 0; j < r->offer.holders && e == ENT_OK; j++)
        e = put_key(b, r, j);
    for (uint32_t i = 0; i < r->offer.shape.members && e == ENT_OK; i++)
        if (r->phase == ENT_QUORUM_DONE && (r->counted >> i & 1) != 0)
            e = ent_buf_printf(b, "answer %u %s %d\n", i + 1, ent_b64_32(r->seat[i].answer.b).text,
                               r->seat[i].taken);
    return e;
}

static enum ent_err put_faults(struct ent_buf *b, const char *key,
                               const enum ent_quorum_fault *fault, uint32_t n)
{
    enum ent_err e = ENT_OK;
    for (uint32_t i = 0; i < n && e == ENT_OK; i++)
        if (fault[i] != ENT_QUORUM_NO_FAULT)
            e = ent_buf_printf(b, "%s %u %s\n", key, i + 1, ent_quorum_fault_word(fault[i]));
    return e;
}

enum ent_err ent_quorum_run_encode(struct ent_buf *b, const struct ent_quorum_run *r)
{
    enum ent_err e;
    if ((e = ent_buf_printf(b, RUN_LINE "\noffer %s\n", ent_b64_32(r->leaf.b).text)) != ENT_OK ||
        (e = ent_buf_printf(b, "state %s %d %s %llu %llu %llu %llu\n",
                            ent_quorum_phase_word(r->phase), r->collects, ent_b64_32(r->sid.b).text,
                            (unsigned long long)r->present, (unsigned long long)r->disputed,
                            (unsigned long long)r->counted, (unsigned long long)r->positions)) !=
            ENT_OK ||
        (e = put_seats(b, r)) != ENT_OK ||
        (e = put_faults(b, "member", r->member, r->offer.shape.members)) != ENT_OK ||
        (e = put_faults(b, "holder", r->holder, r->offer.holders)) != ENT_OK ||
        (e = put_faults(b, "collector", &r->collector, 1)) != ENT_OK)
        return e;
    if (r->phase == ENT_QUORUM_FAILED &&
        (e = ent_buf_printf(
             b, "failed %s %s\n",
             r->failed_for == ENT_QUORUM_NO_FAULT ? "-" : ent_quorum_fault_word(r->failed_for),
             r->failed_by[0] == '\0' ? "-" : r->failed_by)) != ENT_OK)
        return e;
    e = ent_buf_puts(b, "text\n");
    return e == ENT_OK ? ent_quorum_offer_encode(b, &r->offer) : e;
}

/* --- back ----------------------------------------------------------------------------------- */

static bool take_bool(struct ent_lines *l)
{
    return ent_lines_u64(l, 1) != 0;
}

/* From 1; of a text that is refused it is 1. */
static uint32_t take_place(struct ent_lines *l, uint32_t most)
{
    uint64_t i = ent_lines_u64(l, most);
    if (i == 0)
        ent_lines_fail(l, ENT_E_FORMAT);
    return i == 0 ? 1 : (uint32_t)i;
}

static enum ent_quorum_fault take_fault(struct ent_lines *l)
{
    enum ent_quorum_fault f = ENT_QUORUM_NO_FAULT;
    struct ent_slice word = ent_lines_word(l);
    if (l->err == ENT_OK && ent_quorum_fault_parse(&f, word) != ENT_OK)
        ent_lines_fail(l, ENT_E_FORMAT);
    return f;
}

static void take_state(struct ent_lines *l, struct ent_quorum_run *r)
{
    ent_lines_key(l, "state");
    struct ent_slice word = ent_lines_word(l);
    int p = 0;
    while (p < ENT_QUORUM_PHASES &&
           !ent_slice_eq(word, ent_slice_str(ent_quorum_phase_word((enum ent_quorum_phase)p))))
        p++;
    if (p == ENT_QUORUM_PHASES)
        ent_lines_fail(l, ENT_E_FORMAT);
    else
        r->phase = (enum ent_quorum_phase)p;
    r->collects = take_bool(l);
    ent_lines_b64(l, r->sid.b, 32);
    r->present = ent_lines_u64(l, UINT64_MAX);
    r->disputed = ent_lines_u64(l, UINT64_MAX);
    r->counted = ent_lines_u64(l, UINT64_MAX);
    r->positions = ent_lines_u64(l, UINT64_MAX);
}

/* Items, root and leaf: the same words for the one that counts and the other. */
static struct ent_quorum_accept take_accept(struct ent_lines *l, const struct ent_quorum_run *r,
                                            struct ent_hash32 *ret_leaf)
{
    struct ent_quorum_accept a = {.offer = r->leaf};
    a.items = (uint32_t)ent_lines_u64(l, ENT_QUORUM_ITEMS);
    ent_lines_b64(l, a.root.b, 32);
    ent_lines_b64(l, ret_leaf->b, 32);
    return a;
}

static void take_accepts(struct ent_lines *l, struct ent_quorum_run *r)
{
    for (;;) {
        if (ent_lines_next_is(l, "accept")) {
            ent_lines_key(l, "accept");
            struct ent_quorum_seat *s = &r->seat[take_place(l, ENT_QUORUM_MEMBERS) - 1];
            s->accepted = true;
            s->accept = take_accept(l, r, &s->leaf);
            s->late = take_bool(l);
        } else if (ent_lines_next_is(l, "other")) {
            ent_lines_key(l, "other");
            struct ent_quorum_seat *s = &r->seat[take_place(l, ENT_QUORUM_MEMBERS) - 1];
            s->other = take_accept(l, r, &s->other_leaf);
        } else if (ent_lines_next_is(l, "refused")) {
            ent_lines_key(l, "refused");
            r->seat[take_place(l, ENT_QUORUM_MEMBERS) - 1].refused = true;
        } else {
            return;
        }
    }
}

static void take_key(struct ent_lines *l, const struct ent_quorum_run *r,
                     struct ent_quorum_key *ret, struct ent_hash32 *ret_leaf)
{
    uint8_t key[32] = {0};
    ent_lines_b64(l, key, 32);
    ent_lines_b64(l, ret_leaf->b, 32);
    if (l->err == ENT_OK && ent_element_decode(&ret->key, key) != ENT_OK)
        ent_lines_fail(l, ENT_E_FORMAT);
    ret->offer = r->leaf;
}

static void take_keys(struct ent_lines *l, struct ent_quorum_run *r)
{
    for (;;) {
        const bool first = ent_lines_next_is(l, "key");
        if (!first && !ent_lines_next_is(l, "other-key"))
            break;
        ent_lines_key(l, first ? "key" : "other-key");
        const uint32_t j = take_place(l, ENT_QUORUM_HOLDERS) - 1;
        if (first)
            take_key(l, r, &r->key[j], &r->key_leaf[j]);
        else
            take_key(l, r, &r->other_key[j], &r->other_key_leaf[j]);
        if (first)
            r->keys |= 1u << j;
    }
    while (ent_lines_next_is(l, "answer")) {
        ent_lines_key(l, "answer");
        struct ent_quorum_seat *s = &r->seat[take_place(l, ENT_QUORUM_MEMBERS) - 1];
        ent_lines_b64(l, s->answer.b, 32);
        s->taken = take_bool(l);
    }
}

static void take_faults(struct ent_lines *l, const char *key, enum ent_quorum_fault *ret,
                        uint32_t n)
{
    while (ent_lines_next_is(l, key)) {
        ent_lines_key(l, key);
        uint32_t i = take_place(l, n) - 1;
        ret[i] = take_fault(l);
    }
}

static void take_failed(struct ent_lines *l, struct ent_quorum_run *r)
{
    if (!ent_lines_next_is(l, "failed"))
        return;
    ent_lines_key(l, "failed");
    struct ent_lines before = *l;
    if (!ent_slice_eq(ent_lines_word(&before), ENT_SLICE_LIT("-")))
        r->failed_for = take_fault(l);
    else
        (void)ent_lines_word(l);
    ent_lines_str(l, r->failed_by, sizeof(r->failed_by));
    if (strcmp(r->failed_by, "-") == 0)
        r->failed_by[0] = '\0';
}

/* Only what encode writes: order, repetitions and members that do not exist show there. */
static enum ent_err check_same(const struct ent_quorum_run *r, struct ent_slice s)
{
    struct ent_buf b;
    ent_buf_init(&b, ENT_QUORUM_RUN_MAX);
    enum ent_err e = ent_quorum_run_encode(&b, r);
    if (e == ENT_OK && !ent_slice_eq(ent_buf_slice(&b), s))
        e = ENT_E_FORMAT;
    ent_buf_release(&b);
    return e;
}

enum ent_err ent_quorum_run_parse(struct ent_quorum_run *ret, struct ent_slice s)
{
    struct ent_quorum_run *r = calloc(1, sizeof(*r));
    struct ent_slice offer;
    struct ent_lines l;
    if (r == NULL)
        return ENT_E_NOMEM;
    ent_lines_start(&l, s);
    ent_lines_exact(&l, RUN_LINE);
    ent_lines_key(&l, "offer");
    ent_lines_b64(&l, r->leaf.b, 32);
    take_state(&l, r);
    take_accepts(&l, r);
    take_keys(&l, r);
    take_faults(&l, "member", r->member, ENT_QUORUM_MEMBERS);
    take_faults(&l, "holder", r->holder, ENT_QUORUM_HOLDERS);
    take_faults(&l, "collector", &r->collector, 1);
    take_failed(&l, r);
    ent_lines_exact(&l, "text");
    enum ent_err e = ent_lines_tail(&l, &offer);
    if (e == ENT_OK)
        e = ent_quorum_offer_parse(&r->offer, offer);
    if (e == ENT_OK)
        e = check_same(r, s);
    if (e == ENT_OK)
        *ret = *r;
    free(r);
    return e;
}
