/*
 * merkle.c: the running Merkle tree head. The leaves so far are a row of complete subtrees, one for
 * each set bit of their number; a new leaf merges those it completes, as in binary counting.
 */
#include "crypto/crypto.h"

void ent_merkle_init(struct ent_merkle *m)
{
    m->n = 0;
}

void ent_merkle_leaf(struct ent_merkle *m, struct ent_slice entry)
{
    struct ent_hash32 cur;
    size_t level = 0;
    ENT_ASSERT(m->n < UINT64_MAX);
    ent_merkle_leaf_hash(&cur, entry);
    for (; (m->n >> level & 1) != 0; level++)
        ent_merkle_node_hash(&cur, &m->stack[level], &cur);
    m->stack[level] = cur;
    m->n++;
}

void ent_merkle_root(const struct ent_merkle *m, struct ent_hash32 *ret)
{
    struct ent_hash32 cur;
    bool any = false;
    for (size_t level = 0; level < 64; level++) {
        if ((m->n >> level & 1) == 0)
            continue;
        if (any)
            ent_merkle_node_hash(&cur, &m->stack[level], &cur);
        else
            cur = m->stack[level];
        any = true;
    }
    if (any)
        *ret = cur;
    else
        ent_sha256_of(ret, ent_slice(NULL, 0));
}
