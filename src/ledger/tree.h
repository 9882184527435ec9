/*
 * tree.h: the entries of one log and the hashes over them, in files that only grow:
 *
 *     entries.dat   u32 length || entry || crc32c of the two, little-endian
 *     entries.idx   u64 offset of each entry in entries.dat, little-endian
 *     h0 h1 h2 ...  arrays of 32-byte hashes: hL is level L of C2SP tiles, one behind the other
 *
 * Promises: what is read is checked on its way: an entry against its hash, a hash against the tile
 * above it and so to the root that the caller opened with. Nothing that a crash left behind the
 * opened size is ever believed. After a failed write nothing is written any more.
 * Never: signs, and knows nothing of what an entry is.
 */
#ifndef ENT_LEDGER_TREE_H
#define ENT_LEDGER_TREE_H

#include "crypto/crypto.h"
#include "ledger/disk.h"
#include "ledger/tile.h"

#define ENT_ENTRY_MAX 65535u /* C2SP's tiles of entries hold no more */

/* What may wait to be flushed. */
#define ENT_TREE_BATCH       65536u
#define ENT_TREE_BATCH_BYTES (64u << 20)

struct ent_tree;

/*
 * Open the tree with this head below dir (a prefix of names on the disk, "log/1"). What is beyond
 * it is cut off, unless `keep` says that somebody else may be writing it; then it goes with the
 * next flush. ENT_E_NOTFOUND when there is less than this; ENT_E_AUTH when what is there does not
 * lead to this root; *d names the file, its offset is the index of the entry or the hash there.
 * Owner of *ret: the caller, who keeps the disk alive.
 */
ENT_MUST_USE enum ent_err ent_tree_open(struct ent_tree **ret, struct ent_diag *d,
                                        const struct ent_disk *disk, const char *dir, uint64_t size,
                                        const struct ent_hash32 *root, bool keep);
void ent_tree_free(struct ent_tree *t);

/* Somebody else made it longer: the same checks as when opening, for what is new. */
ENT_MUST_USE enum ent_err ent_tree_grow(struct ent_tree *t, struct ent_diag *d, uint64_t size,
                                        const struct ent_hash32 *root);

uint64_t ent_tree_size(const struct ent_tree *t); /* without what waits to be flushed */

/* One more entry, in memory until the next flush. ENT_E_LIMIT for one too long, or when so much
 * waits that it must be flushed first. */
ENT_MUST_USE enum ent_err ent_tree_append(struct ent_tree *t, struct ent_slice entry);

/*
 * Write what waits, sync it, read it back, hash it again; *ret_root is computed from what was read
 * back, and the old tree was found to be its beginning, with the code by which others will check.
 * After an error the tree only reads what it had before, and what waited is lost to it; but after
 * ENT_E_FULL it may be written again (append, flush), when what had been written could be cut off.
 */
ENT_MUST_USE enum ent_err ent_tree_flush(struct ent_tree *t, struct ent_diag *d,
                                         struct ent_hash32 *ret_root);
/* Forget what waits. */
void ent_tree_drop(struct ent_tree *t);

/* An entry, appended to b. ENT_E_LIMIT: not there; ENT_E_AUTH: damaged, *d says which file. */
ENT_MUST_USE enum ent_err ent_tree_entry(struct ent_tree *t, struct ent_buf *b, struct ent_diag *d,
                                         uint64_t index);

/* The root of its first size leaves, and the source for proofs about them. */
ENT_MUST_USE enum ent_err ent_tree_root(struct ent_tree *t, struct ent_hash32 *ret, uint64_t size);
struct ent_merkle_source ent_tree_source(struct ent_tree *t);

/* The bytes behind a path of C2SP tiles ("tile/0/000", "tile/entries/000.p/7"), appended to b.
 * ENT_E_NOTFOUND for one that is not there (yet). */
ENT_MUST_USE enum ent_err ent_tree_get(struct ent_tree *t, struct ent_buf *b, struct ent_tile tile);

/* Read and check all of it, from the files alone. With ENT_E_AUTH *ret_file is the name of the file
 * that is wrong, *ret_index the entry or hash in it. each() (or NULL) sees every entry in order,
 * and what it saw holds when ENT_OK comes back; its errors are passed on. */
ENT_MUST_USE enum ent_err ent_tree_check(struct ent_tree *t, struct ent_diag *d,
                                         const char **ret_file, uint64_t *ret_index, void *ctx,
                                         enum ent_err (*each)(void *ctx, uint64_t index,
                                                              struct ent_slice entry));

#endif
