/*
 * tree.c: opening and reading a tree. Of the files only the right edge is looked at when opening:
 * the last tile of each level. It gives the root, and every other tile is believed when its hash is
 * the one that the tile above it has.
 */
#include "ledger/tree_parts.h"

const char *tree_file_name(unsigned file)
{
    static const char *const names[TREE_FILES] = {"entries.dat", "entries.idx", "h0", "h1", "h2",
                                                  "h3",          "h4",          "h5", "h6", "h7"};
    return names[file];
}

enum ent_err tree_damaged(struct ent_diag *d, unsigned file, uint64_t index)
{
    static const char *const texts[TREE_FILES] = {
        "entries.dat is damaged", "entries.idx is damaged", "h0 is damaged", "h1 is damaged",
        "h2 is damaged",          "h3 is damaged",          "h4 is damaged", "h5 is damaged",
        "h6 is damaged",          "h7 is damaged"};
    return ent_fail(d, ENT_E_AUTH, texts[file], 0, index);
}

static enum ent_err too_short(struct ent_diag *d, unsigned file, uint64_t index)
{
    static const char *const texts[TREE_FILES] = {
        "entries.dat is too short", "entries.idx is too short", "h0 is too short",
        "h1 is too short",          "h2 is too short",          "h3 is too short",
        "h4 is too short",          "h5 is too short",          "h6 is too short",
        "h7 is too short"};
    return ent_fail(d, ENT_E_NOTFOUND, texts[file], 0, index);
}

/* --- hashes ------------------------------------------------------------------------------------
 */

void tree_tile_hash(struct ent_hash32 *ret, const struct ent_hash32 h[ENT_TILE_WIDTH])
{
    struct ent_hash32 up[ENT_TILE_WIDTH / 2];
    for (size_t i = 0; i < ENT_TILE_WIDTH / 2; i++)
        ent_merkle_node_hash(&up[i], &h[2 * i], &h[2 * i + 1]);
    for (size_t n = ENT_TILE_WIDTH / 4; n > 0; n /= 2)
        for (size_t i = 0; i < n; i++)
            ent_merkle_node_hash(&up[i], &up[2 * i], &up[2 * i + 1]);
    *ret = up[0];
}

enum ent_err tree_read_hashes(const struct ent_tree *t, struct ent_hash32 *ret, size_t n,
                              unsigned level, uint64_t first)
{
    return t->disk->read(t->disk->ctx, ret, n * sizeof(*ret), t->name[TREE_HASH + level],
                         first * sizeof(*ret));
}

enum ent_err tree_tile(struct ent_tree *t, const struct ent_hash32 **ret, struct ent_diag *d,
                       unsigned level, uint64_t n)
{
    const struct ent_hash32 *above = NULL;
    struct ent_hash32 hash;
    enum ent_err r;
    if (level >= TREE_LEVELS || n > tree_count(t->size, level) / ENT_TILE_WIDTH)
        return ENT_E_LIMIT;
    if (n == tree_count(t->size, level) / ENT_TILE_WIDTH) {
        *ret = t->edges->h[level];
        return ENT_OK;
    }
    struct tree_tile *k = &t->kept[level];
    if (!k->there || k->n != n) {
        if ((r = tree_tile(t, &above, d, level + 1, n / ENT_TILE_WIDTH)) != ENT_OK)
            return r;
        ENT_ASSERT(above != NULL);
        k->there = false;
        r = tree_read_hashes(t, k->h, ENT_TILE_WIDTH, level, n * ENT_TILE_WIDTH);
        if (r != ENT_OK && r != ENT_E_NOTFOUND)
            return ent_fail(d, r, "cannot read the log", 0, 0);
        tree_tile_hash(&hash, k->h);
        if (r != ENT_OK || !tree_same(&hash, &above[n % ENT_TILE_WIDTH]))
            return tree_damaged(d, TREE_HASH + level, n * ENT_TILE_WIDTH);
        k->n = n;
        k->there = true;
    }
    *ret = k->h;
    return ENT_OK;
}

/* struct ent_tile_source.read */
static enum ent_err read_tile(void *ctx, uint8_t *ret, const struct ent_tile *tile)
{
    const struct ent_hash32 *h = NULL;
    enum ent_err r = tree_tile(ctx, &h, NULL, tile->level, tile->n);
    if (r == ENT_OK)
        memcpy(ret, h, tile->width * sizeof(*h));
    return r;
}

struct ent_merkle_source ent_tree_source(struct ent_tree *t)
{
    return ent_tile_merkle_source(&t->source);
}

enum ent_err ent_tree_root(struct ent_tree *t, struct ent_hash32 *ret, uint64_t size)
{
    const struct ent_merkle_source source = ent_tree_source(t);
    if (size > t->size)
        return ENT_E_LIMIT;
    if (size == t->size) {
        *ret = t->root;
        return ENT_OK;
    }
    return ent_merkle_source_root(ret, size, &source);
}

/* --- opening -----------------------------------------------------------------------------------
 */

/* The last tile of each level, as far as it is there. */
static enum ent_err load_edges(const struct ent_tree *t, struct tree_edges *e, struct ent_diag *d,
                               uint64_t size)
{
    uint64_t there;
    for (unsigned level = 0; level < TREE_LEVELS && tree_count(size, level) > 0; level++) {
        uint64_t count = tree_count(size, level);
        unsigned width = tree_width(size, level);
        enum ent_err r = t->disk->size(t->disk->ctx, &there, t->name[TREE_HASH + level]);
        if (r == ENT_OK && there / sizeof(struct ent_hash32) < count)
            return too_short(d, TREE_HASH + level, there / sizeof(struct ent_hash32));
        if (r == ENT_OK && width > 0)
            r = tree_read_hashes(t, e->h[level], width, level, count - width);
        if (r != ENT_OK)
            return ent_fail(d, r, "cannot read the log", 0, 0);
    }
    return ENT_OK;
}

static enum ent_err scan_for(struct ent_tree *t)
{
    if (t->scan == NULL)
        t->scan = malloc(sizeof(*t->scan));
    return t->scan == NULL ? ENT_E_NOMEM : ENT_OK;
}

/* The edge does not lead to the root. Whose fault it is, the files below say. */
static enum ent_err find_damage(struct ent_tree *t, struct ent_diag *d)
{
    struct ent_hash32 hash, below[ENT_TILE_WIDTH];
    struct ent_slice entry = {NULL, 0};
    unsigned width = tree_width(t->size, 0);
    uint64_t first = t->size - width;
    if (width > 0 && tree_scan_start(t->scan, t, first, t->size, SCAN_ROOM) != ENT_OK)
        return tree_damaged(d, t->scan->bad, first);
    for (uint64_t i = first; i < t->size; i++) {
        if (tree_scan_next(t->scan, &entry) != ENT_OK)
            return tree_damaged(d, t->scan->bad, i);
        ent_merkle_leaf_hash(&hash, entry);
        if (!tree_same(&hash, &t->edges->h[0][i - first]))
            return tree_damaged(d, TREE_HASH, i);
    }
    for (unsigned level = 1; level < TREE_LEVELS; level++) {
        width = tree_width(t->size, level);
        first = tree_count(t->size, level) - width;
        for (unsigned i = 0; i < width; i++) {
            if (tree_read_hashes(t, below, ENT_TILE_WIDTH, level - 1,
                                 (first + i) * ENT_TILE_WIDTH) != ENT_OK)
                return tree_damaged(d, TREE_HASH + level - 1, (first + i) * ENT_TILE_WIDTH);
            tree_tile_hash(&hash, below);
            if (!tree_same(&hash, &t->edges->h[level][i]))
                return tree_damaged(d, TREE_HASH + level, first + i);
        }
    }
    return ent_fail(d, ENT_E_AUTH, "the log is not the one that was signed for", 0, t->size);
}

/* An entry is not whole, and only entries.idx says that it begins there. Two places after another
 * that can be, and bytes between them that are the entry or say that they are as long: then it is
 * not entries.idx. */
static enum ent_err first_is_bad(struct ent_tree *t, struct ent_diag *d)
{
    struct tree_scan *s = t->scan;
    const struct ent_hash32 *h = NULL;
    struct ent_hash32 leaf;
    uint64_t i = s->index, place = s->offset, next = tree_get_u64(s->idx + 8);
    if (next < place + RECORD_OVER || next - place > RECORD_MAX)
        return tree_damaged(d, TREE_IDX, next > s->end ? i + 1 : i);
    if (next > s->end)
        return s->torn ? too_short(d, TREE_DAT, i) : tree_damaged(d, TREE_DAT, i);
    size_t n = (size_t)(next - place);
    enum ent_err r = t->disk->read(t->disk->ctx, s->buf, n, t->name[TREE_DAT], place);
    if (r != ENT_OK || (r = tree_tile(t, &h, d, 0, i / ENT_TILE_WIDTH)) != ENT_OK)
        return r;
    ent_merkle_leaf_hash(&leaf, ent_slice(s->buf + 4, n - RECORD_OVER));
    ENT_ASSERT(h != NULL);
    bool fits = tree_get_u32(s->buf) == n - RECORD_OVER || tree_same(&leaf, &h[i % ENT_TILE_WIDTH]);
    return tree_damaged(d, fits ? TREE_DAT : TREE_IDX, i);
}

/* The last entry; where entries.dat must end. The entry before it, when it is whole, says whether
 * the files end too early or entries.idx is wrong. */
static enum ent_err look_at_end(struct ent_tree *t, struct ent_diag *d)
{
    struct tree_scan *s = t->scan;
    struct ent_slice entry = {NULL, 0};
    const struct ent_hash32 *h = NULL;
    struct ent_hash32 leaf;
    uint64_t last = t->size - 1, from = last > 0 ? last - 1 : 0, there = 0;
    enum ent_err r = t->disk->size(t->disk->ctx, &there, t->name[TREE_IDX]);
    if (r == ENT_OK && there / 8 < t->size)
        return too_short(d, TREE_IDX, there / 8);
    if (r == ENT_OK && (r = tree_scan_start(s, t, from, t->size, 4096)) == ENT_OK)
        for (uint64_t i = from; i <= last && r == ENT_OK; i++)
            r = tree_scan_next(s, &entry);
    if (r == ENT_E_AUTH && !s->sure)
        return first_is_bad(t, d);
    if (r == ENT_E_AUTH)
        return s->torn ? too_short(d, TREE_DAT, s->index) : tree_damaged(d, s->bad, s->index);
    if (r != ENT_OK)
        return ent_fail(d, r, "cannot read the log", 0, 0);
    ent_merkle_leaf_hash(&leaf, entry);
    if ((r = tree_tile(t, &h, d, 0, last / ENT_TILE_WIDTH)) != ENT_OK)
        return r;
    ENT_ASSERT(h != NULL);
    if (!tree_same(&leaf, &h[last % ENT_TILE_WIDTH]))
        return tree_damaged(d, TREE_DAT, last);
    t->dat_n = s->offset;
    return ENT_OK;
}

/* t->size and t->edges are those to be adopted. */
static enum ent_err look(struct ent_tree *t, struct ent_diag *d, const struct ent_hash32 *root)
{
    struct ent_merkle_source source = ent_tree_source(t);
    struct ent_hash32 got;
    enum ent_err r;
    if ((r = scan_for(t)) != ENT_OK)
        return ent_fail(d, r, "out of memory", 0, 0);
    if ((r = load_edges(t, t->edges, d, t->size)) != ENT_OK)
        return r;
    if ((r = ent_merkle_source_root(&got, t->size, &source)) != ENT_OK)
        return ent_fail(d, r, "cannot read the log", 0, 0);
    if (root != NULL && !tree_same(&got, root))
        return find_damage(t, d);
    t->root = got;
    t->dat_n = 0;
    return t->size == 0 ? ENT_OK : look_at_end(t, d);
}

static void forget_tiles(struct ent_tree *t)
{
    for (unsigned level = 0; level < TREE_LEVELS; level++)
        t->kept[level].there = false;
}

enum ent_err tree_adopt(struct ent_tree *t, struct ent_diag *d, uint64_t size,
                        const struct ent_hash32 *root)
{
    struct tree_edges *edges = malloc(sizeof(*edges)), *old_edges = t->edges;
    uint64_t old_size = t->size, old_dat_n = t->dat_n;
    struct ent_hash32 old_root = t->root;
    if (edges == NULL)
        return ent_fail(d, ENT_E_NOMEM, "out of memory", 0, 0);
    if (size < old_size)
        forget_tiles(t);
    t->edges = edges;
    t->size = t->source.size = size;
    enum ent_err r = look(t, d, root);
    if (r != ENT_OK) {
        t->edges = old_edges;
        t->size = t->source.size = old_size;
        t->root = old_root;
        t->dat_n = old_dat_n;
        old_edges = edges;
        forget_tiles(t);
    }
    free(old_edges);
    return r;
}

enum ent_err tree_cut(const struct ent_tree *t)
{
    const struct ent_disk *disk = t->disk;
    for (unsigned file = 0; file < TREE_FILES; file++) {
        uint64_t there = 0;
        uint64_t want = file == TREE_DAT   ? t->dat_n
                        : file == TREE_IDX ? 8 * t->size
                                           : 32 * tree_count(t->size, file - TREE_HASH);
        enum ent_err r = disk->size(disk->ctx, &there, t->name[file]);
        if (r == ENT_OK && there > want)
            r = disk->cut(disk->ctx, t->name[file], want);
        if (r != ENT_OK)
            return r;
    }
    return ENT_OK;
}

static enum ent_err set_names(struct ent_tree *t, const char *dir)
{
    for (unsigned file = 0; file < TREE_FILES; file++) {
        int n = snprintf(t->name[file], sizeof(t->name[file]), "%s/%s", dir, tree_file_name(file));
        if (n < 0 || (size_t)n >= sizeof(t->name[file]))
            return ENT_E_LIMIT;
    }
    return ENT_OK;
}

enum ent_err ent_tree_open(struct ent_tree **ret, struct ent_diag *d, const struct ent_disk *disk,
                           const char *dir, uint64_t size, const struct ent_hash32 *root, bool keep)
{
    struct ent_tree *t = calloc(1, sizeof(*t));
    enum ent_err r;
    if (t == NULL)
        return ent_fail(d, ENT_E_NOMEM, "out of memory", 0, 0);
    t->disk = disk;
    t->source = (struct ent_tile_source){0, t, read_tile};
    t->loose = true;
    ent_buf_init(&t->dat, ENT_TREE_BATCH_BYTES);
    ent_buf_init(&t->idx, 8 * (size_t)ENT_TREE_BATCH);
    ent_buf_init(&t->leaf, sizeof(struct ent_hash32) * (size_t)ENT_TREE_BATCH);
    if ((r = set_names(t, dir)) != ENT_OK)
        r = ent_fail(d, r, "name too long", 0, 0);
    else if (size > ENT_MERKLE_SIZE_MAX)
        r = ent_fail(d, ENT_E_LIMIT, "log too large", 0, 0);
    else if ((r = tree_adopt(t, d, size, root)) == ENT_OK && !keep) {
        if ((r = tree_cut(t)) != ENT_OK)
            r = ent_fail(d, r, "cannot cut the log to what is known of it", 0, 0);
        t->loose = false;
    }
    if (r != ENT_OK) {
        ent_tree_free(t);
        return r;
    }
    *ret = t;
    return ENT_OK;
}

void ent_tree_free(struct ent_tree *t)
{
    if (t == NULL)
        return;
    ent_buf_release(&t->dat);
    ent_buf_release(&t->idx);
    ent_buf_release(&t->leaf);
    free(t->edges);
    free(t->scan);
    free(t);
}

uint64_t ent_tree_size(const struct ent_tree *t)
{
    return t->size;
}

/* --- entries -----------------------------------------------------------------------------------
 */

/* An entry that was read has to be the one that the tree has at this place. */
static enum ent_err is_true(struct ent_tree *t, struct ent_diag *d, uint64_t index,
                            struct ent_slice entry)
{
    const struct ent_hash32 *h = NULL;
    struct ent_hash32 leaf;
    enum ent_err r = tree_tile(t, &h, d, 0, index / ENT_TILE_WIDTH);
    if (r != ENT_OK)
        return r;
    ENT_ASSERT(h != NULL);
    ent_merkle_leaf_hash(&leaf, entry);
    return tree_same(&leaf, &h[index % ENT_TILE_WIDTH]) ? ENT_OK : tree_damaged(d, TREE_DAT, index);
}

/* Where a look into the middle begins, nothing but entries.idx says; the entry before it, if it is
 * whole, tells which of the two files is wrong. */
static enum ent_err whose_fault(struct ent_tree *t, struct ent_diag *d, uint64_t index)
{
    struct ent_slice entry;
    unsigned file = TREE_DAT;
    if (index > 0 && tree_scan_start(t->scan, t, index - 1, t->size, 4096) == ENT_OK &&
        tree_scan_next(t->scan, &entry) == ENT_OK && tree_scan_next(t->scan, &entry) != ENT_OK)
        file = t->scan->bad;
    return tree_damaged(d, file, index);
}

/* Of n entries, what put() makes of them. */
static enum ent_err entries(struct ent_tree *t, struct ent_buf *b, struct ent_diag *d,
                            uint64_t first, uint64_t n,
                            enum ent_err (*put)(struct ent_buf *b, struct ent_slice s))
{
    struct ent_slice entry = {NULL, 0};
    size_t before = b->n;
    enum ent_err r = scan_for(t);
    if (r != ENT_OK)
        return ent_fail(d, r, "out of memory", 0, 0);
    r = tree_scan_start(t->scan, t, first, t->size, n > 1 ? SCAN_ROOM : 4096);
    for (uint64_t i = first; i < first + n && r == ENT_OK; i++)
        if ((r = tree_scan_next(t->scan, &entry)) == ENT_OK &&
            (r = is_true(t, d, i, entry)) == ENT_OK)
            r = put(b, entry);
    if (r == ENT_E_NOTFOUND)
        r = tree_damaged(d, t->scan->bad, t->scan->index);
    else if (r == ENT_E_AUTH && t->scan->index < first + n && t->scan->failed)
        r = t->scan->index > first ? tree_damaged(d, t->scan->bad, t->scan->index)
                                   : whose_fault(t, d, first);
    if (r != ENT_OK)
        b->n = before;
    return r;
}

enum ent_err ent_tree_entry(struct ent_tree *t, struct ent_buf *b, struct ent_diag *d,
                            uint64_t index)
{
    if (index >= t->size)
        return ent_fail(d, ENT_E_LIMIT, "no such entry", 0, index);
    return entries(t, b, d, index, 1, ent_buf_put_slice);
}

enum ent_err ent_tree_get(struct ent_tree *t, struct ent_buf *b, struct ent_tile tile)
{
    const struct ent_hash32 *h = NULL;
    char path[ENT_TILE_PATH_MAX];
    if (ent_tile_path(path, &tile) != ENT_OK ||
        tree_count(t->size, tile.level) < tile.n * ENT_TILE_WIDTH + tile.width)
        return ENT_E_NOTFOUND;
    if (tile.entries)
        return entries(t, b, NULL, tile.n * ENT_TILE_WIDTH, tile.width, ent_bundle_put);
    enum ent_err r = tree_tile(t, &h, NULL, tile.level, tile.n);
    return r == ENT_OK ? ent_buf_put(b, h, tile.width * sizeof(*h)) : r;
}
