/* quorum_table.c: which item a cell holds, and the shares of cells. */
#include "match/match.h"

#define EMPTY UINT32_MAX
#define SECOND                                                                                     \
    (UINT32_C(1) << 31)  /* put there by the second insertion, while a table is filled             \
                          */
#define PLACE UINT32_MAX /* in a nonce, where no bin has this number */
#define FILL  32u        /* cells to one call of the filler's stream */

struct key32 {
    uint8_t b[32];
};

struct ent_quorum_table {
    struct ent_quorum_shape shape;
    uint32_t index, bins, cells;
    struct ent_hash32 run;
    struct ent_seed32 filler;
    size_t n;
    struct key32 *key; /* n, secret */
    uint32_t *owner;   /* of each cell, or EMPTY; secret */
};

static uint64_t u64_at(const uint8_t *p)
{
    uint64_t v = 0;
    for (int i = 7; i >= 0; i--)
        v = v << 8 | p[i];
    return v;
}

static void stream(uint8_t *ret, size_t n, const uint8_t key[static 32], uint32_t a, uint32_t b)
{
    uint8_t nonce[8];
    ent_put_u32le(nonce, a);
    ent_put_u32le(nonce + 4, b);
    (void)crypto_stream_chacha20(ret, n, nonce, key);
}

/* --- places --------------------------------------------------------------------------------- */

struct place {
    uint64_t order;
    uint32_t bin[2]; /* of the first and the second insertion */
};

/* In an odd table the order is turned round, so that the smallest always stays at first. */
static struct place place_of(const uint8_t bytes[static 40], uint32_t odd, uint32_t bins)
{
    struct place p = {u64_at(bytes) ^ (0 - (uint64_t)odd), {0, 0}};
    for (uint32_t i = 0; i < 2; i++)
        p.bin[i] = (uint32_t)((ent_qf_wide)u64_at(bytes + 8 + 8 * (2 * odd + i)) * bins >> 64);
    return p;
}

/* `places` holds the order and the four bins of each item. */
static void fill_table(const struct ent_quorum_table *t, uint32_t table, uint64_t *best,
                       const uint8_t *places)
{
    uint32_t *owner = t->owner + (size_t)table * t->bins;
    for (size_t i = 0; i < t->n; i++) {
        struct place p = place_of(places + 40 * i, table & 1, t->bins);
        uint32_t bin = p.bin[0];
        if (owner[bin] == EMPTY || p.order < best[bin]) {
            owner[bin] = (uint32_t)i;
            best[bin] = p.order;
        }
    }
    for (size_t i = 0; i < t->n; i++) {
        struct place p = place_of(places + 40 * i, table & 1, t->bins);
        uint32_t bin = p.bin[1];
        /* EMPTY has the bit of SECOND too. */
        if (owner[bin] == EMPTY || ((owner[bin] & SECOND) != 0 && p.order > best[bin])) {
            owner[bin] = (uint32_t)i | SECOND;
            best[bin] = p.order;
        }
    }
    for (size_t bin = 0; bin < t->bins; bin++)
        if (owner[bin] != EMPTY)
            owner[bin] &= ~SECOND;
}

static enum ent_err fill(const struct ent_quorum_table *t)
{
    uint64_t *best = malloc((size_t)t->bins * sizeof(*best));
    uint8_t *places = malloc(40 * t->n + 1);
    enum ent_err r = ENT_E_NOMEM;
    if (best == NULL || places == NULL)
        goto out;
    for (uint32_t pair = 0; pair < t->shape.tables / 2; pair++) {
        for (size_t i = 0; i < t->n; i++)
            stream(places + 40 * i, 40, t->key[i].b, pair, PLACE);
        fill_table(t, 2 * pair, best, places);
        fill_table(t, 2 * pair + 1, best, places);
    }
    r = ENT_OK;
out:
    if (places != NULL)
        ent_wipe(places, 40 * t->n);
    free(places);
    free(best);
    return r;
}

static void derive_key(struct key32 *ret, const struct ent_hash32 *run, const uint8_t *f)
{
    struct ent_sha256 h;
    struct ent_hash32 k;
    ent_sha256_init(&h);
    ent_sha256_add(&h, ENT_SLICE_LIT("entente/quorum/tables/v1"));
    ent_sha256_add(&h, ent_slice(run->b, sizeof(run->b)));
    ent_sha256_add(&h, ent_slice(f, ENT_OPRF_OUT));
    ent_sha256_end(&h, &k);
    memcpy(ret->b, k.b, sizeof(ret->b));
    ent_wipe(&k, sizeof(k));
}

enum ent_err ent_quorum_table_new(struct ent_quorum_table **ret,
                                  const struct ent_quorum_shape *shape, uint32_t index,
                                  const struct ent_hash32 *run, const struct ent_seed32 *filler,
                                  const uint8_t *f, size_t n)
{
    enum ent_err r;
    if ((r = ent_quorum_shape_check(shape, NULL)) != ENT_OK)
        return r;
    if (index < 1 || index > shape->members || n > shape->items)
        return ENT_E_LIMIT;
    struct ent_quorum_table *t = calloc(1, sizeof(*t));
    if (t == NULL)
        return ENT_E_NOMEM;
    t->shape = *shape;
    t->index = index;
    t->bins = ent_quorum_bins(shape);
    t->cells = ent_quorum_cells(shape);
    t->run = *run;
    t->filler = *filler;
    t->n = n;
    t->key = calloc(n + 1, sizeof(*t->key));
    t->owner = malloc((size_t)t->cells * sizeof(*t->owner));
    r = ENT_E_NOMEM;
    if (t->key == NULL || t->owner == NULL)
        goto out;
    memset(t->owner, 0xff, (size_t)t->cells * sizeof(*t->owner));
    for (size_t i = 0; i < n; i++)
        derive_key(&t->key[i], run, f + i * ENT_OPRF_OUT);
    if ((r = fill(t)) != ENT_OK)
        goto out;
    *ret = t;
    t = NULL;
out:
    ent_quorum_table_free(t);
    return r;
}

void ent_quorum_table_free(struct ent_quorum_table *t)
{
    if (t == NULL)
        return;
    if (t->key != NULL)
        ent_wipe(t->key, t->n * sizeof(*t->key));
    if (t->owner != NULL)
        ent_wipe(t->owner, (size_t)t->cells * sizeof(*t->owner));
    free(t->key);
    free(t->owner);
    ent_wipe(t, sizeof(*t));
    free(t);
}

/* --- shares --------------------------------------------------------------------------------- */

/* The t-1 coefficients of the item in a cell. */
static void polynomial(const struct ent_quorum_table *t, uint64_t coef[static ENT_QUORUM_THRESHOLD],
                       uint32_t cell)
{
    uint8_t bytes[8 * ENT_QUORUM_THRESHOLD];
    size_t n = t->shape.threshold - 1;
    stream(bytes, 8 * n, t->key[t->owner[cell]].b, cell / t->bins, cell % t->bins);
    for (size_t i = 0; i < n; i++)
        coef[i] = ent_qf_of_bits(u64_at(bytes + 8 * i));
    ent_wipe(bytes, sizeof(bytes));
}

void ent_quorum_table_shares(const struct ent_quorum_table *t, uint8_t *ret, uint32_t first,
                             size_t count)
{
    uint8_t noise[8 * FILL];
    uint32_t have = UINT32_MAX; /* which stretch of cells the noise is for */
    ENT_ASSERT(first <= t->cells && count <= t->cells - first);
    for (size_t i = 0; i < count; i++) {
        uint32_t cell = first + (uint32_t)i;
        uint64_t coef[ENT_QUORUM_THRESHOLD] = {0}, share;
        if (t->owner[cell] != EMPTY) {
            polynomial(t, coef, cell);
            share = ent_qf_at(coef, t->shape.threshold - 1, t->index);
        } else {
            if (have != cell / FILL)
                stream(noise, sizeof(noise), t->filler.b, have = cell / FILL, 0);
            share = ent_qf_of_bits(u64_at(noise + (size_t)8 * (cell % FILL)));
        }
        ent_put_u64le(ret + ENT_QUORUM_SHARE * i, share);
    }
    ent_wipe(noise, sizeof(noise));
}

/* --- the answer ----------------------------------------------------------------------------- */

void ent_quorum_hit_check(uint8_t ret[static 8], const struct ent_hash32 *run, uint32_t cell,
                          uint64_t holders, const uint64_t *shares)
{
    uint8_t bytes[12 + 8 * ENT_QUORUM_MEMBERS];
    size_t n = 12;
    struct ent_sha256 h;
    struct ent_hash32 out;
    ent_put_u32le(bytes, cell);
    ent_put_u64le(bytes + 4, holders);
    for (uint64_t left = holders; left != 0; left &= left - 1, n += 8)
        ent_put_u64le(bytes + n, *shares++);
    ent_sha256_init(&h);
    ent_sha256_add(&h, ENT_SLICE_LIT("entente/quorum/hit/v1"));
    ent_sha256_add(&h, ent_slice(run->b, sizeof(run->b)));
    ent_sha256_add(&h, ent_slice(bytes, n));
    ent_sha256_end(&h, &out);
    memcpy(ret, out.b, 8);
    ent_wipe(bytes, sizeof(bytes));
}

static bool is_hit(const struct ent_quorum_table *t, const struct ent_quorum_hit *h)
{
    uint64_t members = UINT64_MAX >> (64 - t->shape.members);
    return h->cell < t->cells && (h->holders & ~members) == 0 &&
           (h->holders >> (t->index - 1) & 1) != 0 &&
           (uint32_t)__builtin_popcountll(h->holders) >= t->shape.threshold;
}

/* Whether the holders had the shares of the item that is in this cell here. */
static bool holds(const struct ent_quorum_table *t, const struct ent_quorum_hit *h)
{
    uint64_t coef[ENT_QUORUM_THRESHOLD] = {0}, shares[ENT_QUORUM_MEMBERS] = {0};
    uint8_t check[8];
    size_t n = 0;
    if (t->owner[h->cell] == EMPTY)
        return false;
    polynomial(t, coef, h->cell);
    for (uint64_t left = h->holders; left != 0; left &= left - 1)
        shares[n++] = ent_qf_at(coef, t->shape.threshold - 1, (uint64_t)__builtin_ctzll(left) + 1);
    ent_quorum_hit_check(check, &t->run, h->cell, h->holders, shares);
    ent_wipe(shares, sizeof(shares));
    ent_wipe(coef, sizeof(coef));
    return sodium_memcmp(check, h->check, sizeof(check)) == 0;
}

enum ent_err ent_quorum_table_accept(struct ent_quorum_item *ret, size_t *ret_n,
                                     size_t *ret_refused, const struct ent_quorum_table *t,
                                     const struct ent_quorum_hit *hits, size_t n)
{
    size_t refused = 0, passed = 0;
    for (size_t i = 0; i < n; i++)
        if (!is_hit(t, &hits[i]) || (i > 0 && hits[i].cell < hits[i - 1].cell))
            return ENT_E_FORMAT;
    /* First by the item's number, `tables` as bits; then moved together. */
    for (size_t i = 0; i < t->n; i++)
        ret[i] = (struct ent_quorum_item){(uint32_t)i, 0, 0};
    for (size_t i = 0; i < n; i++) {
        if (!holds(t, &hits[i])) {
            refused++;
            continue;
        }
        struct ent_quorum_item *item = &ret[t->owner[hits[i].cell]];
        item->holders |= hits[i].holders;
        item->tables |= UINT32_C(1) << (hits[i].cell / t->bins);
    }
    for (size_t i = 0; i < t->n; i++) {
        struct ent_quorum_item item = ret[i];
        item.tables = (uint32_t)__builtin_popcount(item.tables);
        if (item.tables >= 2)
            ret[passed++] = item;
    }
    *ret_n = passed;
    *ret_refused = refused;
    return ENT_OK;
}
