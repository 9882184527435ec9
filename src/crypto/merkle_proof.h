/*
 * merkle_proof.h: that an entry stands in a tree, and that one tree is the beginning of another
 * (RFC 9162 sections 2.1.3 and 2.1.4, over the trees of merkle.h). Everything here is public:
 * variable time.
 */
#ifndef ENT_CRYPTO_MERKLE_PROOF_H
#define ENT_CRYPTO_MERKLE_PROOF_H

#include "crypto/hash.h"

/* Trees have fewer than 2^63 leaves, so that no proof has more hashes than this. */
#define ENT_MERKLE_SIZE_MAX  INT64_MAX
#define ENT_MERKLE_PROOF_MAX 64u

struct ent_merkle_proof {
    struct ent_hash32 hash[ENT_MERKLE_PROOF_MAX];
    size_t n;
};

void ent_merkle_leaf_hash(struct ent_hash32 *ret, struct ent_slice entry);
void ent_merkle_node_hash(struct ent_hash32 *ret, const struct ent_hash32 *left,
                          const struct ent_hash32 *right);

/* ENT_OK: the leaf is the one with this index (from 0) of the tree with this size and root.
 * ENT_E_AUTH for every proof that does not show it, whatever is wrong with it. */
ENT_MUST_USE enum ent_err ent_merkle_check_inclusion(const struct ent_hash32 *leaf, uint64_t index,
                                                     uint64_t size, const struct ent_hash32 *root,
                                                     const struct ent_hash32 *proof, size_t n);

/* ENT_OK: the first size1 leaves of the second tree are those of the first. The empty tree, which
 * is known by its root, is the beginning of each, and is shown by nothing. Else ENT_E_AUTH. */
ENT_MUST_USE enum ent_err ent_merkle_check_consistency(uint64_t size1,
                                                       const struct ent_hash32 *root1,
                                                       uint64_t size2,
                                                       const struct ent_hash32 *root2,
                                                       const struct ent_hash32 *proof, size_t n);

/* Where hashes come from: hash() gives that of the complete subtree over the leaves from
 * index << level on, 1 << level of them. Its errors are passed on. */
struct ent_merkle_source {
    void *ctx;
    enum ent_err (*hash)(void *ctx, struct ent_hash32 *ret, unsigned level, uint64_t index);
};

/* The root of the first size leaves, and proofs about them. ENT_E_LIMIT for an index or a size that
 * is not there: index >= size, size1 > size2, or more than ENT_MERKLE_SIZE_MAX. */
ENT_MUST_USE enum ent_err ent_merkle_source_root(struct ent_hash32 *ret, uint64_t size,
                                                 const struct ent_merkle_source *source);
ENT_MUST_USE enum ent_err ent_merkle_prove_inclusion(struct ent_merkle_proof *ret, uint64_t index,
                                                     uint64_t size,
                                                     const struct ent_merkle_source *source);
ENT_MUST_USE enum ent_err ent_merkle_prove_consistency(struct ent_merkle_proof *ret, uint64_t size1,
                                                       uint64_t size2,
                                                       const struct ent_merkle_source *source);

#endif
