/* tree_parts.h: what the files of a tree share. */
#ifndef ENT_LEDGER_TREE_PARTS_H
#define ENT_LEDGER_TREE_PARTS_H

#include "ledger/ledger.h"
#include "ledger/tree.h"

#define TREE_LEVELS (ENT_TILE_LEVEL_MAX + 1)
#define TREE_BITS   8u /* levels of the tree in a tile */

/* File of level L: TREE_HASH + L. */
enum { TREE_DAT, TREE_IDX, TREE_HASH, TREE_FILES = TREE_HASH + TREE_LEVELS };

#define RECORD_OVER 8u /* length and CRC */
#define RECORD_MAX  (ENT_ENTRY_MAX + RECORD_OVER)

/* The last tile of each level as far as it is there: with their number it gives the root. */
struct tree_edges {
    struct ent_hash32 h[TREE_LEVELS][ENT_TILE_WIDTH];
};

struct tree_tile {
    bool there;
    uint64_t n;
    struct ent_hash32 h[ENT_TILE_WIDTH];
};

struct tree_scan;

struct ent_tree {
    const struct ent_disk *disk;
    char name[TREE_FILES][ENT_DISK_NAME_MAX];
    uint64_t size;
    struct ent_hash32 root;
    uint64_t dat_n;                     /* bytes of entries.dat up to this size */
    struct tree_edges *edges;           /* they lead to the root */
    struct tree_tile kept[TREE_LEVELS]; /* a full tile of each level that was found true */
    struct ent_tile_source source;
    struct tree_scan *scan; /* for one entry, or a tile of them; NULL before the first */
    /* What waits to be flushed: the bytes of the first two files, and leaf hashes. */
    struct ent_buf dat, idx, leaf;
    uint64_t waiting;
    bool loose;  /* the files may be longer than the tree */
    bool broken; /* a write failed */
};

/* Hashes at this level in a tree of this size; and those in its last, partial tile. */
static inline uint64_t tree_count(uint64_t size, unsigned level)
{
    return size >> (TREE_BITS * level);
}

static inline unsigned tree_width(uint64_t size, unsigned level)
{
    return (unsigned)(tree_count(size, level) % ENT_TILE_WIDTH);
}

static inline bool tree_same(const struct ent_hash32 *a, const struct ent_hash32 *b)
{
    return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

const char *tree_file_name(unsigned file); /* "entries.dat" */
/* ENT_E_AUTH with "entries.dat is damaged" and the index as offset. */
ENT_MUST_USE enum ent_err tree_damaged(struct ent_diag *d, unsigned file, uint64_t index);

void tree_tile_hash(struct ent_hash32 *ret, const struct ent_hash32 h[ENT_TILE_WIDTH]);

/* n hashes of a level, as they are in the file. */
ENT_MUST_USE enum ent_err tree_read_hashes(const struct ent_tree *t, struct ent_hash32 *ret,
                                           size_t n, unsigned level, uint64_t first);

/* The hashes of tile n, found true. ENT_E_LIMIT when it begins beyond the end. */
ENT_MUST_USE enum ent_err tree_tile(struct ent_tree *t, const struct ent_hash32 **ret,
                                    struct ent_diag *d, unsigned level, uint64_t n);

/* Make the tree one of this size: look at the right edge of the files, and at nothing else. root
 * NULL: what they lead to is it. After an error t is as it was. */
ENT_MUST_USE enum ent_err tree_adopt(struct ent_tree *t, struct ent_diag *d, uint64_t size,
                                     const struct ent_hash32 *root);

/* What is behind the tree's end in its files goes away. */
ENT_MUST_USE enum ent_err tree_cut(const struct ent_tree *t);

/* --- one entry after the other, as they are in the files (tree_scan.c) --------------------------
 */

#define SCAN_ROOM (256u << 10)

struct tree_scan {
    const struct ent_tree *t;
    uint64_t index;  /* of the next entry */
    uint64_t offset; /* of what begins at buf[at] */
    uint64_t end;    /* of entries.dat */
    unsigned bad;    /* the file that is wrong, after an error */
    bool failed;     /* there was an error about the bytes, of this kind: */
    bool torn;       /* entries.dat ends within the record */
    bool sure;       /* offset is the end of a good record, or the beginning */
    size_t at, have, chunk;
    uint8_t idx[8 * ENT_TILE_WIDTH];
    size_t idx_at, idx_n;
    uint64_t idx_end; /* entries that may be read */
    uint8_t buf[SCAN_ROOM];
};

uint32_t tree_get_u32(const uint8_t *p); /* little-endian */
uint64_t tree_get_u64(const uint8_t *p);

/* From this entry on, of those below `size`. chunk: how much is read at first. */
ENT_MUST_USE enum ent_err tree_scan_start(struct tree_scan *s, const struct ent_tree *t,
                                          uint64_t index, uint64_t size, size_t chunk);
/* The next entry, whole by its CRC; valid until the next call. ENT_E_AUTH when it is not. */
ENT_MUST_USE enum ent_err tree_scan_next(struct tree_scan *s, struct ent_slice *ret);

#endif
