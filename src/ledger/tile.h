/*
 * tile.h: where the hashes and the entries of a log lie (C2SP tlog-tiles): 256 of them in a tile,
 * tiles of level L over complete subtrees of 256^L leaves, the last tile of each level perhaps
 * partial. Paths, and what is in the bytes behind them; reading them is for others.
 *
 * Promises: a path has one form, parse(path(t)) == t and the other way round; what a tile gives as
 * the hash of a subtree is computed from what lies in it, and true only if the root says so.
 */
#ifndef ENT_LEDGER_TILE_H
#define ENT_LEDGER_TILE_H

#include "crypto/crypto.h"

#define ENT_TILE_WIDTH     256u
#define ENT_TILE_LEVEL_MAX 7u /* trees have fewer than 2^63 leaves */

struct ent_tile {
    bool entries;   /* of level 0: the entries themselves, and not their hashes */
    unsigned level; /* 0 for entries */
    uint64_t n;     /* from 0 */
    unsigned width; /* 1 to 256 */
};

/* "tile/0/x001/x234/067", "tile/entries/000.p/12", without a NUL at most: */
#define ENT_TILE_PATH_MAX 64u
/* The path, NUL-terminated. ENT_E_LIMIT for a tile that cannot be. */
ENT_MUST_USE enum ent_err ent_tile_path(char ret[static ENT_TILE_PATH_MAX],
                                        const struct ent_tile *t);
/* ENT_E_FORMAT for every other text. */
ENT_MUST_USE enum ent_err ent_tile_parse(struct ent_tile *ret, struct ent_slice path);

/* The tile of a tree of this size in which the hash of the leaves from index << level on, 1 <<
 * level of them, lies or is computed from; *ret_at is the place of the first hash that it needs
 * there. ENT_E_LIMIT when they are not in the tree. */
ENT_MUST_USE enum ent_err ent_tile_of(struct ent_tile *ret, size_t *ret_at, unsigned level,
                                      uint64_t index, uint64_t size);

/* A source for proofs (crypto/merkle_proof.h) out of tiles. read() fills width * 32 bytes with the
 * tile's hashes; its errors are passed on. */
struct ent_tile_source {
    uint64_t size; /* of the tree */
    void *ctx;
    enum ent_err (*read)(void *ctx, uint8_t *ret, const struct ent_tile *t);
};
/* What it gives lives as long as s. */
struct ent_merkle_source ent_tile_merkle_source(struct ent_tile_source *s);

/* The next entry of a tile of entries: 16 bits of length, big-endian, and the bytes. ENT_E_FORMAT
 * when it breaks off. */
ENT_MUST_USE enum ent_err ent_bundle_next(struct ent_cur *c, struct ent_slice *ret);
ENT_MUST_USE enum ent_err ent_bundle_put(struct ent_buf *b, struct ent_slice entry);

#endif
