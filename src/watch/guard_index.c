/*
 * guard_index.c: which keys are equal to a text, and which are within an edit or two of it.
 *
 * The latter by symmetric deletion: two texts within d edits of each other, an exchange of
 * neighbours being one, become equal when at most d letters are deleted from each. So each key is
 * kept under every text that deletions make of it, and what is asked loses letters too. What that
 * finds is then measured.
 */
#include "watch/watch.h"
#include "watch/guard_in.h"

enum ent_err ent_guard_take(struct ent_guard *g, void *ret, size_t n)
{
    if (n > g->max - g->used)
        return ENT_E_LIMIT;
    void *p = calloc(1, n);
    if (p == NULL)
        return ENT_E_NOMEM;
    memcpy(ret, &p, sizeof(p));
    g->used += n;
    return ENT_OK;
}

static uint64_t hash_of(const struct ent_guard *g, struct ent_slice s)
{
    uint64_t h = 0;
    for (size_t i = 0; i < s.n; i++)
        h = ent_guard_step(g, h, (char)s.p[i]);
    return h;
}

/* Names are hashed from their end, so that those above a name are met on the way. */
static uint64_t hash_back(const struct ent_guard *g, struct ent_slice s)
{
    uint64_t h = 0;
    for (size_t i = s.n; i-- > 0;)
        h = ent_guard_step(g, h, (char)s.p[i]);
    return h;
}

static uint32_t tag_of(const struct ent_guard *g, struct ent_slice s)
{
    uint8_t out[crypto_shorthash_BYTES];
    uint32_t tag;
    (void)crypto_shorthash(out, s.p, s.n, g->key);
    memcpy(&tag, out, sizeof(tag));
    return tag;
}

/* --- filling ------------------------------------------------------------------------------------
 */

static size_t power_of_two(size_t n)
{
    size_t p = 64;
    while (p < n)
        p *= 2;
    return p;
}

static enum ent_err make_bits(struct ent_guard *g, struct ent_guard_bits *b, size_t entries,
                              size_t bits_each)
{
    size_t words = power_of_two(entries * bits_each) / 64;
    b->mask = words - 1;
    return ent_guard_take(g, &b->w, words * sizeof(uint64_t));
}

static void put_bits(const struct ent_guard *g, struct ent_guard_bits *b, uint64_t h)
{
    uint64_t bits, at = ent_guard_bit(g, b, h, &bits);
    b->w[at] |= bits;
}

/* At most half full. */
static enum ent_err make_slots(struct ent_guard *g, struct ent_guard_slot **ret, size_t *ret_mask,
                               size_t entries)
{
    size_t n = power_of_two(2 * entries);
    *ret_mask = n - 1;
    return ent_guard_take(g, ret, n * sizeof(**ret));
}

static void put_slot(struct ent_guard_slot *slot, size_t mask, uint32_t tag, size_t to)
{
    size_t i = tag & mask;
    while (slot[i].to != 0)
        i = (i + 1) & mask;
    slot[i] = (struct ent_guard_slot){tag, (uint32_t)to + 1};
}

/* Every text that at most max deletions make of s, some more than once. */
static void each_deletion(struct ent_slice s, unsigned max,
                          void (*each)(void *ctx, struct ent_slice text), void *ctx)
{
    uint8_t one[GUARD_KEY], two[GUARD_KEY];
    each(ctx, s);
    for (size_t i = 0; max > 0 && i < s.n; i++) {
        memcpy(one, s.p, i);
        memcpy(one + i, s.p + i + 1, s.n - i - 1);
        each(ctx, ent_slice(one, s.n - 1));
        for (size_t k = i; max > 1 && k + 1 < s.n; k++) {
            memcpy(two, one, k);
            memcpy(two + k, one + k + 1, s.n - 2 - k);
            each(ctx, ent_slice(two, s.n - 2));
        }
    }
}

static size_t deletions_of(size_t n, unsigned max)
{
    return 1 + (max > 0 ? n : 0) + (max > 1 ? n * (n - 1) / 2 : 0);
}

struct filling {
    struct ent_guard *g;
    size_t key;
};

static void put_variant(void *ctx, struct ent_slice text)
{
    struct filling *f = ctx;
    put_bits(f->g, &f->g->near, hash_of(f->g, text));
    put_slot(f->g->slot, f->g->mask, tag_of(f->g, text), f->key);
}

static unsigned edits_of(const struct ent_guard_key *k)
{
    bool brand = k->kind == GUARD_BRAND_KEY || k->kind == GUARD_DISPLAY_KEY;
    return brand ? ent_guard_edits(k->n) : 0;
}

/*
 * How many letters a text of n letters must lose to meet a key of k letters within e edits: each
 * edit costs it one, but of those edits that many only delete from the key as it is longer.
 */
static void allow_deletions(struct ent_guard *g, size_t k, unsigned e)
{
    for (size_t n = k > e ? k - e : 0; n <= k + e; n++) {
        int lost = n >= k ? (int)e : (int)e - (int)(k - n);
        if (n < sizeof(g->deletes) && lost > g->deletes[n])
            g->deletes[n] = (int8_t)lost;
    }
}

static enum ent_err build_keys(struct ent_guard *g)
{
    size_t variants = 0;
    enum ent_err r;
    for (size_t i = 0; i < g->keys; i++)
        variants += deletions_of(g->keyed[i].n, edits_of(&g->keyed[i]));
    if ((r = make_slots(g, &g->slot, &g->mask, variants)) != ENT_OK ||
        (r = make_bits(g, &g->exact, g->keys, 32)) != ENT_OK ||
        (r = make_bits(g, &g->near, variants, 16)) != ENT_OK)
        return r;
    memset(g->deletes, -1, sizeof(g->deletes));
    for (size_t i = 0; i < g->keys; i++) {
        const struct ent_guard_key *k = &g->keyed[i];
        struct filling f = {g, i};
        put_bits(g, &g->exact, hash_of(g, ent_guard_key_fold(g, k)));
        g->lens[k->n >> 6] |= (uint64_t)1 << (k->n & 63);
        each_deletion(ent_guard_key_fold(g, k), edits_of(k), put_variant, &f);
        if (edits_of(k) > 0)
            allow_deletions(g, k->n, edits_of(k));
    }
    return ENT_OK;
}

static enum ent_err build_own(struct ent_guard *g)
{
    enum ent_err r;
    if ((r = make_slots(g, &g->own_slot, &g->own_mask, g->owns)) != ENT_OK ||
        (r = make_bits(g, &g->mine, g->owns, 16)) != ENT_OK)
        return r;
    for (size_t i = 0; i < g->owns; i++) {
        struct ent_slice s = ent_guard_text_at(g, g->own[i].at, g->own[i].n);
        put_bits(g, &g->mine, hash_back(g, s));
        put_slot(g->own_slot, g->own_mask, tag_of(g, s), i);
    }
    return ENT_OK;
}

enum ent_err ent_guard_start(struct ent_guard *g)
{
    enum ent_err r;
    if (ent_guard_baits >= GUARD_BAITS)
        ENT_BUG("more words than GUARD_BAITS");
    g->power[0] = 1;
    for (size_t i = 1; i <= GUARD_TEXT; i++)
        g->power[i] = g->power[i - 1] * g->mul;
    if ((r = make_slots(g, &g->bait_slot, &g->bait_mask, ent_guard_baits)) != ENT_OK ||
        (r = make_bits(g, &g->bait, ent_guard_baits, 32)) != ENT_OK)
        return r;
    for (size_t i = 0; i < ent_guard_baits; i++) {
        struct ent_guard_text t;
        ent_guard_fold(&t, ent_slice_str(ent_guard_bait(i)));
        struct ent_slice s = ent_slice(t.fold, t.n);
        g->bait_at[i] = (uint16_t)g->text.n;
        if ((r = ent_buf_put_slice(&g->text, s)) != ENT_OK)
            return r;
        g->bait_at[i + 1] = (uint16_t)g->text.n;
        put_bits(g, &g->bait, hash_of(g, s));
        put_slot(g->bait_slot, g->bait_mask, tag_of(g, s), i);
    }
    return ENT_OK;
}

enum ent_err ent_guard_build(struct ent_guard *g)
{
    enum ent_err r = build_keys(g);
    return r == ENT_OK ? build_own(g) : r;
}

/* --- asking -------------------------------------------------------------------------------------
 */

bool ent_guard_is_own(const struct ent_guard *g, struct ent_slice name)
{
    uint64_t h = 0;
    for (size_t i = name.n; i-- > 0;) {
        h = ent_guard_step(g, h, (char)name.p[i]);
        if ((i > 0 && name.p[i - 1] != '.') || !ent_guard_in(g, &g->mine, h))
            continue;
        struct ent_slice s = ent_slice(name.p + i, name.n - i);
        uint32_t tag = tag_of(g, s);
        for (size_t k = tag & g->own_mask; g->own_slot[k].to != 0; k = (k + 1) & g->own_mask) {
            if (g->own_slot[k].tag != tag)
                continue;
            const struct ent_guard_own *o = &g->own[g->own_slot[k].to - 1];
            if (ent_slice_eq(ent_guard_text_at(g, o->at, o->n), s) && (!o->alone || i == 0))
                return true;
        }
    }
    return false;
}

const struct ent_guard_key *ent_guard_exact(const struct ent_guard *g, struct ent_guard_walk *w,
                                            struct ent_slice text)
{
    if (!w->begun) {
        *w = (struct ent_guard_walk){.tag = tag_of(g, text), .begun = true};
        w->at = w->tag & g->mask;
    }
    while (g->slot[w->at].to != 0) {
        struct ent_guard_slot s = g->slot[w->at];
        w->at = (w->at + 1) & g->mask;
        const struct ent_guard_key *k = &g->keyed[s.to - 1];
        if (s.tag == w->tag && ent_slice_eq(ent_guard_key_fold(g, k), text))
            return k;
    }
    return NULL;
}

enum ent_guard_says ent_guard_is_bait(const struct ent_guard *g, struct ent_slice folded)
{
    if (folded.n < 2 || !ent_guard_in(g, &g->bait, hash_of(g, folded)))
        return GUARD_NOTHING;
    uint32_t tag = tag_of(g, folded);
    for (size_t k = tag & g->bait_mask; g->bait_slot[k].to != 0; k = (k + 1) & g->bait_mask) {
        uint32_t i = g->bait_slot[k].to - 1;
        size_t n = (size_t)g->bait_at[i + 1] - g->bait_at[i];
        if (g->bait_slot[k].tag == tag &&
            ent_slice_eq(ent_guard_text_at(g, g->bait_at[i], n), folded))
            return i < ent_guard_lures ? GUARD_LURES : GUARD_FILLS;
    }
    return GUARD_NOTHING;
}

/* --- within edits -------------------------------------------------------------------------------
 */

struct near {
    const struct ent_guard *g;
    const struct ent_guard_key **ret;
    size_t n;
    struct ent_slice text;
};

static void keep(struct near *q, const struct ent_guard_key *k)
{
    uint32_t how;
    unsigned max = edits_of(k);
    for (size_t i = 0; i < q->n; i++)
        if (q->ret[i] == k)
            return;
    struct ent_slice key = ent_guard_key_fold(q->g, k);
    if (q->n < GUARD_NEAR && max > 0 && !ent_slice_eq(key, q->text) &&
        ent_guard_distance(&how, key, q->text, max) <= max)
        q->ret[q->n++] = k;
}

/* The text without the letters at i and k, which is asked for; either may be text.n for none. */
static void ask(struct near *q, size_t i, size_t k)
{
    const struct ent_guard *g = q->g;
    uint8_t s[GUARD_KEY + GUARD_EDITS];
    size_t n = 0;
    for (size_t at = 0; at < q->text.n; at++)
        if (at != i && at != k)
            s[n++] = q->text.p[at];
    uint32_t tag = tag_of(g, ent_slice(s, n));
    for (size_t at = tag & g->mask; g->slot[at].to != 0; at = (at + 1) & g->mask)
        if (g->slot[at].tag == tag)
            keep(q, &g->keyed[g->slot[at].to - 1]);
}

/* head[i], tail[i]: the hashes of the letters before i, and from i on. */
static void ask_pairs(struct near *q, const uint64_t *head, const uint64_t *tail)
{
    const struct ent_guard *g = q->g;
    size_t n = q->text.n;
    for (size_t i = 0; i + 1 < n; i++) {
        uint64_t h = head[i];
        for (size_t k = i + 1; k < n; k++) {
            if (ent_guard_in(g, &g->near, h * g->power[n - 1 - k] + tail[k + 1]))
                ask(q, i, k);
            h = ent_guard_step(g, h, (char)q->text.p[k]);
        }
    }
}

size_t ent_guard_near(const struct ent_guard *g, const struct ent_guard_key *ret[static GUARD_NEAR],
                      struct ent_slice text)
{
    uint64_t head[GUARD_KEY + GUARD_EDITS + 1], tail[GUARD_KEY + GUARD_EDITS + 1];
    struct near q = {.g = g, .ret = ret, .text = text};
    size_t n = text.n;
    if (n >= sizeof(g->deletes) || g->deletes[n] < 0)
        return 0;
    head[0] = tail[n] = 0;
    for (size_t i = 0; i < n; i++)
        head[i + 1] = ent_guard_step(g, head[i], (char)text.p[i]);
    for (size_t i = n; i-- > 0;)
        tail[i] = ((uint64_t)text.p[i] + 1) * g->power[n - 1 - i] + tail[i + 1];
    if (ent_guard_in(g, &g->near, head[n]))
        ask(&q, n, n);
    for (size_t i = 0; g->deletes[n] > 0 && i < n; i++)
        if (ent_guard_in(g, &g->near, head[i] * g->power[n - 1 - i] + tail[i + 1]))
            ask(&q, i, n);
    if (g->deletes[n] > 1)
        ask_pairs(&q, head, tail);
    return q.n;
}
