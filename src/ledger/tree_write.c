/*
 * tree_write.c: making a tree longer. A batch is written behind the end of each file, synced, and
 * then adopted as anybody else's would be: from what the files give back.
 */
#include "ledger/tree_parts.h"

enum ent_err ent_tree_append(struct ent_tree *t, struct ent_slice entry)
{
    uint8_t n[4], crc[4], offset[8], *room;
    struct ent_hash32 leaf;
    enum ent_err r;
    if (t->broken)
        return ENT_E_STATE;
    if (entry.n > ENT_ENTRY_MAX || t->waiting == ENT_TREE_BATCH ||
        t->size + t->waiting >= ENT_MERKLE_SIZE_MAX)
        return ENT_E_LIMIT;
    ent_put_u32le(n, (uint32_t)entry.n);
    ent_put_u32le(crc, ent_crc32c(ent_crc32c(0, ent_slice(n, sizeof(n))), entry));
    ent_put_u64le(offset, t->dat_n + t->dat.n);
    ent_merkle_leaf_hash(&leaf, entry);
    if ((r = ent_buf_reserve(&t->dat, &room, RECORD_OVER + entry.n)) != ENT_OK ||
        (r = ent_buf_reserve(&t->idx, &room, sizeof(offset))) != ENT_OK ||
        (r = ent_buf_put(&t->leaf, leaf.b, sizeof(leaf.b))) != ENT_OK)
        return r;
    if (ent_buf_put(&t->dat, n, sizeof(n)) != ENT_OK ||
        ent_buf_put_slice(&t->dat, entry) != ENT_OK ||
        ent_buf_put(&t->dat, crc, sizeof(crc)) != ENT_OK ||
        ent_buf_put(&t->idx, offset, sizeof(offset)) != ENT_OK)
        ENT_BUG("no room that was reserved");
    t->waiting++;
    return ENT_OK;
}

void ent_tree_drop(struct ent_tree *t)
{
    ent_buf_clear(&t->dat);
    ent_buf_clear(&t->idx);
    ent_buf_clear(&t->leaf);
    t->waiting = 0;
}

/* --- hashes of full tiles -----------------------------------------------------------------------
 */

/* The hashes that the batch adds to level + 1, from those it adds to level. */
static enum ent_err hash_tiles(const struct ent_tree *t, struct ent_buf *up,
                               const struct ent_buf *from, unsigned level)
{
    struct ent_hash32 tile[ENT_TILE_WIDTH], hash;
    size_t have = tree_width(t->size, level), at = 0;
    enum ent_err r = ENT_OK;
    memcpy(tile, t->edges->h[level], have * sizeof(*tile));
    while (at < from->n && r == ENT_OK) {
        size_t take = (ENT_TILE_WIDTH - have) * sizeof(*tile);
        take = take < from->n - at ? take : from->n - at;
        memcpy(tile + have, from->p + at, take);
        at += take;
        have += take / sizeof(*tile);
        if (have < ENT_TILE_WIDTH)
            break;
        tree_tile_hash(&hash, tile);
        r = ent_buf_put(up, hash.b, sizeof(hash.b));
        have = 0;
    }
    return r;
}

static enum ent_err write_levels(struct ent_tree *t, struct ent_buf up[TREE_LEVELS])
{
    const struct ent_disk *disk = t->disk;
    const struct ent_buf *bytes = &t->leaf;
    enum ent_err r = ENT_OK;
    for (unsigned level = 0; level < TREE_LEVELS && bytes->n > 0; level++) {
        r = disk->write(disk->ctx, t->name[TREE_HASH + level],
                        sizeof(struct ent_hash32) * tree_count(t->size, level),
                        ent_buf_slice(bytes));
        if (r != ENT_OK || level + 1 == TREE_LEVELS)
            return r;
        if ((r = hash_tiles(t, &up[level + 1], bytes, level)) != ENT_OK)
            return r;
        bytes = &up[level + 1];
    }
    return r;
}

static enum ent_err write_all(struct ent_tree *t)
{
    const struct ent_disk *disk = t->disk;
    struct ent_buf up[TREE_LEVELS];
    enum ent_err r;
    for (unsigned level = 0; level < TREE_LEVELS; level++)
        ent_buf_init(&up[level], sizeof(struct ent_hash32) * (ENT_TREE_BATCH / ENT_TILE_WIDTH + 1));
    r = disk->write(disk->ctx, t->name[TREE_DAT], t->dat_n, ent_buf_slice(&t->dat));
    if (r == ENT_OK)
        r = disk->write(disk->ctx, t->name[TREE_IDX], 8 * t->size, ent_buf_slice(&t->idx));
    if (r == ENT_OK)
        r = write_levels(t, up);
    for (unsigned level = 0; level < TREE_LEVELS; level++)
        ent_buf_release(&up[level]);
    return r;
}

static enum ent_err sync_all(const struct ent_tree *t)
{
    uint64_t size = t->size + t->waiting;
    enum ent_err r = ENT_OK;
    for (unsigned file = 0; file < TREE_FILES && r == ENT_OK; file++)
        if (file < TREE_HASH ||
            tree_count(size, file - TREE_HASH) > tree_count(t->size, file - TREE_HASH))
            r = t->disk->sync(t->disk->ctx, t->name[file]);
    return r;
}

/* --- reading back --------------------------------------------------------------------------------
 */

/* Every new entry, as the files give it back, against the hash that the new root leads to, and that
 * against the hash of what was appended. */
static enum ent_err read_back(struct ent_tree *t, struct ent_diag *d, uint64_t from)
{
    struct ent_slice entry = {NULL, 0};
    const struct ent_hash32 *h = NULL;
    struct ent_hash32 leaf;
    enum ent_err r = tree_scan_start(t->scan, t, from, t->size, SCAN_ROOM);
    for (uint64_t i = from; i < t->size && r == ENT_OK; i++) {
        if ((r = tree_scan_next(t->scan, &entry)) != ENT_OK ||
            (r = tree_tile(t, &h, d, 0, i / ENT_TILE_WIDTH)) != ENT_OK)
            break;
        h += i % ENT_TILE_WIDTH;
        ent_merkle_leaf_hash(&leaf, entry);
        if (!tree_same(&leaf, h) || memcmp(t->leaf.p + 32 * (i - from), h->b, 32) != 0)
            r = ENT_E_AUTH;
    }
    if (r == ENT_E_AUTH)
        return ent_fail(d, r, "the disk gives back something else than was written", 0, from);
    return r == ENT_OK ? r : ent_fail(d, r, "cannot read back what was written", 0, from);
}

static enum ent_err is_beginning(struct ent_tree *t, struct ent_diag *d, uint64_t size,
                                 const struct ent_hash32 *root)
{
    const struct ent_merkle_source source = ent_tree_source(t);
    struct ent_merkle_proof p;
    enum ent_err r = ent_merkle_prove_consistency(&p, size, t->size, &source);
    if (r == ENT_OK)
        r = ent_merkle_check_consistency(size, root, t->size, &t->root, p.hash, p.n);
    return r == ENT_OK ? r : ent_fail(d, r, "the log does not begin with what it was", 0, size);
}

/* Make it the larger tree, whose beginning it must be. batch: it is our own. */
static enum ent_err grow(struct ent_tree *t, struct ent_diag *d, uint64_t size,
                         const struct ent_hash32 *root, bool batch)
{
    const uint64_t old = t->size;
    const struct ent_hash32 old_root = t->root;
    enum ent_err r = tree_adopt(t, d, size, root), back;
    if (r != ENT_OK)
        return r;
    if ((!batch || (r = read_back(t, d, old)) == ENT_OK) &&
        (r = is_beginning(t, d, old, &old_root)) == ENT_OK)
        return ENT_OK;
    if ((back = tree_adopt(t, NULL, old, &old_root)) != ENT_OK) {
        t->broken = true;
        return ent_fail(d, back, "cannot read the log any more", 0, old);
    }
    return r;
}

enum ent_err ent_tree_grow(struct ent_tree *t, struct ent_diag *d, uint64_t size,
                           const struct ent_hash32 *root)
{
    if (t->waiting > 0 || size < t->size || size > ENT_MERKLE_SIZE_MAX)
        return ent_fail(d, ENT_E_STATE, "the log is at another place", 0, t->size);
    if (size == t->size)
        return tree_same(root, &t->root)
                   ? ENT_OK
                   : ent_fail(d, ENT_E_AUTH, "two roots of logs of one size", 0, size);
    t->loose = true;
    return grow(t, d, size, root, false);
}

/* --- the batch -----------------------------------------------------------------------------------
 */

enum ent_err ent_tree_flush(struct ent_tree *t, struct ent_diag *d, struct ent_hash32 *ret_root)
{
    enum ent_err r = ENT_OK;
    if (t->broken)
        return ent_fail(d, ENT_E_STATE, "a write failed before", 0, 0);
    if (t->waiting > 0) {
        t->broken = true; /* until all has gone well */
        if (t->loose && (r = tree_cut(t)) != ENT_OK)
            return ent_fail(d, r, "cannot cut the log to what is known of it", 0, 0);
        t->loose = false;
        if ((r = write_all(t)) == ENT_E_FULL && tree_cut(t) == ENT_OK) {
            t->broken = false; /* nothing was used of what did not fit */
            ent_tree_drop(t);
        }
        if (r != ENT_OK)
            return ent_fail(d, r, "cannot write the log", 0, 0);
        if ((r = sync_all(t)) != ENT_OK)
            return ent_fail(d, r, "cannot sync the log", 0, 0);
        if ((r = grow(t, d, t->size + t->waiting, NULL, true)) != ENT_OK)
            return r;
        ent_tree_drop(t);
        t->broken = false;
    }
    *ret_root = t->root;
    return ENT_OK;
}
