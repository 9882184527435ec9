/*
 * merkle.h: Merkle tree heads as in RFC 6962 section 2.1 (SHA-256): leaf = H(0x00 || entry),
 * node = H(0x01 || left || right), split at the largest power of two below n, H("") when empty.
 */
#ifndef ENT_CRYPTO_MERKLE_H
#define ENT_CRYPTO_MERKLE_H

#include "crypto/hash.h"

/* Computes a root while leaves come, in 64 hashes of memory. */
struct ent_merkle {
    struct ent_hash32 stack[64];
    uint64_t n; /* leaves so far; the set bits say which levels of the stack are filled */
};

void ent_merkle_init(struct ent_merkle *m);
void ent_merkle_leaf(struct ent_merkle *m, struct ent_slice entry);
void ent_merkle_root(const struct ent_merkle *m, struct ent_hash32 *ret);

#endif
