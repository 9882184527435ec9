/* tile.c: see tile.h. */
#include "base/base.h"
#include "ledger/ledger.h"

#define BITS 8u /* levels of the tree in a tile */

/* --- paths -------------------------------------------------------------------------------------
 */

/* No tile of a tree of fewer than 2^63 leaves has a higher number. */
static bool can_be(const struct ent_tile *t)
{
    unsigned bits = BITS * (t->level + 1);
    return t->width >= 1 && t->width <= ENT_TILE_WIDTH && t->level <= ENT_TILE_LEVEL_MAX &&
           (!t->entries || t->level == 0) &&
           t->n <= (bits < 64 ? (uint64_t)ENT_MERKLE_SIZE_MAX >> bits : 0);
}

enum ent_err ent_tile_path(char ret[static ENT_TILE_PATH_MAX], const struct ent_tile *t)
{
    unsigned part[8];
    size_t parts = 0, at;
    uint64_t n = t->n;
    if (!can_be(t))
        return ENT_E_LIMIT;
    do {
        part[parts++] = (unsigned)(n % 1000);
        n /= 1000;
    } while (n > 0);
    at = (size_t)(t->entries ? snprintf(ret, ENT_TILE_PATH_MAX, "tile/entries")
                             : snprintf(ret, ENT_TILE_PATH_MAX, "tile/%u", t->level));
    while (parts-- > 0)
        at += (size_t)snprintf(ret + at, ENT_TILE_PATH_MAX - at, "/%s%03u", parts > 0 ? "x" : "",
                               part[parts]);
    if (t->width < ENT_TILE_WIDTH)
        (void)snprintf(ret + at, ENT_TILE_PATH_MAX - at, ".p/%u", t->width);
    return ENT_OK;
}

static bool digit(struct ent_cur *c, unsigned *v)
{
    if (c->n == 0 || *c->p < '0' || *c->p > '9')
        return false;
    *v = *v * 10 + (unsigned)(*c->p - '0');
    c->p++;
    c->n--;
    return true;
}

/* "/x001/x234/067"; whether it is the only way to write it shows when it is written again. */
static bool read_number(struct ent_cur *c, uint64_t *n)
{
    *n = 0;
    for (size_t parts = 0; parts < 8; parts++) {
        unsigned v = 0;
        if (ent_cur_expect(c, ENT_SLICE_LIT("/")) != ENT_OK)
            return false;
        bool more = ent_cur_expect(c, ENT_SLICE_LIT("x")) == ENT_OK;
        for (size_t i = 0; i < 3; i++)
            if (!digit(c, &v))
                return false;
        if (*n > UINT64_MAX / 1000 - 1)
            return false;
        *n = *n * 1000 + v;
        if (!more)
            return true;
    }
    return false;
}

enum ent_err ent_tile_parse(struct ent_tile *ret, struct ent_slice path)
{
    struct ent_tile t = {.width = ENT_TILE_WIDTH};
    struct ent_cur c = ent_cur(path);
    char again[ENT_TILE_PATH_MAX];
    if (ent_cur_expect(&c, ENT_SLICE_LIT("tile/")) != ENT_OK)
        return ENT_E_FORMAT;
    t.entries = ent_cur_expect(&c, ENT_SLICE_LIT("entries")) == ENT_OK;
    if ((!t.entries && !digit(&c, &t.level)) || !read_number(&c, &t.n))
        return ENT_E_FORMAT;
    if (c.n > 0) {
        t.width = 0;
        if (ent_cur_expect(&c, ENT_SLICE_LIT(".p/")) != ENT_OK)
            return ENT_E_FORMAT;
        for (size_t i = 0; i < 3 && c.n > 0; i++)
            if (!digit(&c, &t.width))
                return ENT_E_FORMAT;
    }
    if (ent_cur_end(&c) != ENT_OK || ent_tile_path(again, &t) != ENT_OK ||
        !ent_slice_eq(path, ent_slice_str(again)))
        return ENT_E_FORMAT;
    *ret = t;
    return ENT_OK;
}

/* --- hashes ------------------------------------------------------------------------------------
 */

enum ent_err ent_tile_of(struct ent_tile *ret, size_t *ret_at, unsigned level, uint64_t index,
                         uint64_t size)
{
    unsigned below = level % BITS;
    struct ent_tile t = {.level = level / BITS};
    if (level > 62 || size > ENT_MERKLE_SIZE_MAX || index >= size >> level)
        return ENT_E_LIMIT;
    uint64_t first = index << below; /* of the hashes of the tile's level */
    uint64_t there = (size >> (BITS * t.level)) - first / ENT_TILE_WIDTH * ENT_TILE_WIDTH;
    t.n = first / ENT_TILE_WIDTH;
    t.width = there < ENT_TILE_WIDTH ? (unsigned)there : ENT_TILE_WIDTH;
    *ret = t;
    *ret_at = (size_t)(first % ENT_TILE_WIDTH);
    return ENT_OK;
}

static enum ent_err hash_of(void *ctx, struct ent_hash32 *ret, unsigned level, uint64_t index)
{
    const struct ent_tile_source *s = ctx;
    uint8_t bytes[ENT_TILE_WIDTH * sizeof(ret->b)];
    struct ent_hash32 h[ENT_TILE_WIDTH / 2];
    struct ent_tile t;
    size_t at, n = (size_t)1 << (level % BITS);
    enum ent_err r;
    if ((r = ent_tile_of(&t, &at, level, index, s->size)) != ENT_OK ||
        (r = s->read(s->ctx, bytes, &t)) != ENT_OK)
        return r;
    ENT_ASSERT(at + n <= t.width);
    memcpy(h, bytes + at * sizeof(ret->b), n * sizeof(ret->b));
    for (; n > 1; n /= 2)
        for (size_t i = 0; i < n / 2; i++)
            ent_merkle_node_hash(&h[i], &h[2 * i], &h[2 * i + 1]);
    *ret = h[0];
    return ENT_OK;
}

struct ent_merkle_source ent_tile_merkle_source(struct ent_tile_source *s)
{
    return (struct ent_merkle_source){s, hash_of};
}

/* --- entries -----------------------------------------------------------------------------------
 */

enum ent_err ent_bundle_next(struct ent_cur *c, struct ent_slice *ret)
{
    uint8_t n[2];
    struct ent_cur before = *c;
    if (ent_cur_copy(c, n, sizeof(n)) == ENT_OK &&
        ent_cur_take(c, ret, (size_t)n[0] << 8 | n[1]) == ENT_OK)
        return ENT_OK;
    *c = before;
    return ENT_E_FORMAT;
}

enum ent_err ent_bundle_put(struct ent_buf *b, struct ent_slice entry)
{
    const uint8_t n[2] = {(uint8_t)(entry.n >> 8), (uint8_t)entry.n};
    size_t before = b->n;
    if (entry.n > UINT16_MAX)
        return ENT_E_LIMIT;
    enum ent_err r = ent_buf_put(b, n, sizeof(n));
    if (r == ENT_OK)
        r = ent_buf_put_slice(b, entry);
    if (r != ENT_OK)
        b->n = before;
    return r;
}
