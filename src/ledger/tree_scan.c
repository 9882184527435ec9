/* tree_scan.c: the entries of a tree one after the other, and the check of all of it. */
#include "ledger/tree_parts.h"

uint64_t tree_get_u64(const uint8_t *p)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < 8; i++)
        v |= (uint64_t)p[i] << (8 * i);
    return v;
}

uint32_t tree_get_u32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* The offset of s->index, as entries.idx says. */
static enum ent_err next_offset(struct tree_scan *s, uint64_t *ret)
{
    const struct ent_tree *t = s->t;
    if (s->idx_at == s->idx_n) {
        uint64_t left = s->idx_end - s->index;
        size_t n = left < ENT_TILE_WIDTH ? (size_t)left : ENT_TILE_WIDTH;
        s->bad = TREE_IDX;
        enum ent_err r =
            t->disk->read(t->disk->ctx, s->idx, 8 * n, t->name[TREE_IDX], 8 * s->index);
        if (r != ENT_OK)
            return r;
        s->idx_at = 0;
        s->idx_n = n;
    }
    *ret = tree_get_u64(s->idx + 8 * s->idx_at++);
    return ENT_OK;
}

enum ent_err tree_scan_start(struct tree_scan *s, const struct ent_tree *t, uint64_t index,
                             uint64_t size, size_t chunk)
{
    uint64_t end = 0, offset = 0;
    ENT_ASSERT(index < size);
    enum ent_err r = t->disk->size(t->disk->ctx, &end, t->name[TREE_DAT]);
    if (r != ENT_OK)
        return r;
    s->t = t;
    s->index = index;
    s->end = end;
    s->chunk = chunk;
    s->bad = TREE_DAT;
    s->failed = s->torn = false;
    s->at = s->have = s->idx_at = s->idx_n = 0;
    s->idx_end = size;
    s->sure = index == 0;
    if (index > 0) {
        if ((r = next_offset(s, &offset)) != ENT_OK)
            return r;
        s->idx_at--;
    }
    s->offset = offset;
    return ENT_OK;
}

static enum ent_err bad(struct tree_scan *s, unsigned file, bool torn)
{
    s->failed = true;
    s->bad = file;
    s->torn = torn;
    return ENT_E_AUTH;
}

/* At least n bytes at s->at. */
static enum ent_err fill(struct tree_scan *s, size_t n)
{
    const struct ent_disk *disk = s->t->disk;
    size_t have = s->have - s->at, want = n > s->chunk ? n : s->chunk;
    if (have >= n)
        return ENT_OK;
    if (s->offset > s->end || s->end - s->offset < n)
        return bad(s, TREE_DAT, true);
    memmove(s->buf, s->buf + s->at, have);
    s->at = 0;
    s->have = have;
    want = want > sizeof(s->buf) ? sizeof(s->buf) : want;
    if (want > s->end - s->offset)
        want = (size_t)(s->end - s->offset);
    enum ent_err r =
        disk->read(disk->ctx, s->buf + have, want - have, s->t->name[TREE_DAT], s->offset + have);
    if (r != ENT_OK)
        return r;
    s->have = want;
    s->chunk = s->chunk > sizeof(s->buf) / 4 ? sizeof(s->buf) : 4 * s->chunk;
    return ENT_OK;
}

enum ent_err tree_scan_next(struct tree_scan *s, struct ent_slice *ret)
{
    uint64_t offset = 0;
    enum ent_err r = next_offset(s, &offset);
    if (r != ENT_OK)
        return r;
    if (offset != s->offset)
        return bad(s, TREE_IDX, false);
    if ((r = fill(s, 4)) != ENT_OK)
        return r;
    uint32_t n = tree_get_u32(s->buf + s->at);
    if (n > ENT_ENTRY_MAX)
        return bad(s, TREE_DAT, false);
    if ((r = fill(s, RECORD_OVER + n)) != ENT_OK)
        return r;
    const uint8_t *p = s->buf + s->at;
    if (ent_crc32c(0, ent_slice(p, 4 + n)) != tree_get_u32(p + 4 + n))
        return bad(s, TREE_DAT, false);
    *ret = ent_slice(p + 4, n);
    s->at += RECORD_OVER + n;
    s->offset += RECORD_OVER + n;
    s->index++;
    s->sure = true;
    return ENT_OK;
}

/* --- the check of all ----------------------------------------------------------------------------
 */

struct check {
    struct ent_tree *t;
    struct tree_scan scan;
    struct tree_edges up;   /* of each level, the hashes computed since the last full tile */
    struct tree_edges file; /* and as the file has them */
    uint64_t count[TREE_LEVELS];
    unsigned bad;
    uint64_t at;
};

static enum ent_err wrong(struct check *c, unsigned file, uint64_t index)
{
    c->bad = file;
    c->at = index;
    return ENT_E_AUTH;
}

/* The hash computed at this place is not that of the file. If the file's leads to the root, what is
 * below is wrong. */
static enum ent_err blame(struct check *c, unsigned level, uint64_t index)
{
    const struct ent_hash32 *h = NULL;
    size_t at = (size_t)(index % ENT_TILE_WIDTH);
    if (tree_tile(c->t, &h, NULL, level, index / ENT_TILE_WIDTH) != ENT_OK ||
        !tree_same(&h[at], &c->file.h[level][at]))
        return wrong(c, TREE_HASH + level, index);
    return level == 0 ? wrong(c, TREE_DAT, index)
                      : wrong(c, TREE_HASH + level - 1, index * ENT_TILE_WIDTH);
}

/* One more hash, computed from what is below it. */
static enum ent_err take(struct check *c, unsigned level, const struct ent_hash32 *h)
{
    struct ent_hash32 up = *h;
    for (;; level++) {
        uint64_t index = c->count[level]++;
        size_t at = (size_t)(index % ENT_TILE_WIDTH);
        if (at == 0) {
            uint64_t left = tree_count(c->t->size, level) - index;
            enum ent_err r = tree_read_hashes(c->t, c->file.h[level],
                                              left < ENT_TILE_WIDTH ? (size_t)left : ENT_TILE_WIDTH,
                                              level, index);
            if (r != ENT_OK)
                return r == ENT_E_NOTFOUND ? wrong(c, TREE_HASH + level, index) : r;
        }
        if (!tree_same(&up, &c->file.h[level][at]))
            return blame(c, level, index);
        c->up.h[level][at] = up;
        if (at + 1 < ENT_TILE_WIDTH)
            return ENT_OK;
        tree_tile_hash(&up, c->up.h[level]);
    }
}

/* All files agree with each other; whether with what was opened, the edges say. */
static enum ent_err edges_agree(struct check *c)
{
    for (unsigned level = 0; level < TREE_LEVELS; level++)
        for (unsigned i = 0; i < tree_width(c->t->size, level); i++)
            if (!tree_same(&c->up.h[level][i], &c->t->edges->h[level][i]))
                return wrong(c, TREE_DAT,
                             (c->count[level] / ENT_TILE_WIDTH * ENT_TILE_WIDTH + i)
                                 << (TREE_BITS * level));
    return ENT_OK;
}

static enum ent_err check_all(struct check *c, void *ctx,
                              enum ent_err (*each)(void *ctx, uint64_t index,
                                                   struct ent_slice entry))
{
    struct ent_slice entry = {NULL, 0};
    struct ent_hash32 leaf;
    enum ent_err r = ENT_OK;
    if (c->t->size > 0 &&
        (r = tree_scan_start(&c->scan, c->t, 0, c->t->size, sizeof(c->scan.buf))) != ENT_OK)
        return r;
    for (uint64_t i = 0; i < c->t->size; i++) {
        r = tree_scan_next(&c->scan, &entry);
        if (r == ENT_E_AUTH || r == ENT_E_NOTFOUND)
            return wrong(c, c->scan.bad, i);
        if (r != ENT_OK)
            return r;
        ent_merkle_leaf_hash(&leaf, entry);
        if ((r = take(c, 0, &leaf)) != ENT_OK ||
            (each != NULL && (r = each(ctx, i, entry)) != ENT_OK))
            return r;
    }
    return edges_agree(c);
}

enum ent_err ent_tree_check(struct ent_tree *t, struct ent_diag *d, const char **ret_file,
                            uint64_t *ret_index, void *ctx,
                            enum ent_err (*each)(void *ctx, uint64_t index, struct ent_slice entry))
{
    struct check *c = calloc(1, sizeof(*c));
    if (c == NULL)
        return ent_fail(d, ENT_E_NOMEM, "out of memory", 0, 0);
    c->t = t;
    c->bad = TREE_FILES;
    enum ent_err r = check_all(c, ctx, each);
    if (r != ENT_OK && c->bad < TREE_FILES) {
        *ret_file = tree_file_name(c->bad);
        *ret_index = c->at;
        r = tree_damaged(d, c->bad, c->at);
    }
    free(c);
    return r;
}
