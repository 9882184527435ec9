/*
 * merkle.c: the running Merkle tree head. The leaves so far are a row of complete subtrees, one for
 * each set bit of their number; a new leaf merges those it completes, as in binary counting.
 */
#include "crypto/crypto.h"

static void node(struct ent_hash32 *ret, const struct ent_hash32 *left,
                 const struct ent_hash32 *right)
{
    uint8_t in[65];
    in[0] = 0x01;
    memcpy(in + 1, left->b, 32);
    memcpy(in + 33, right->b, 32);
    ent_sha256_of(ret, ent_slice(in, sizeof(in)));
}

void ent_merkle_init(struct ent_merkle *m)
{
    m->n = 0;
}

void ent_merkle_leaf(struct ent_merkle *m, struct ent_slice entry)
{
    static const uint8_t prefix = 0x00;
    struct ent_sha256 h;
    struct ent_hash32 cur;
    size_t level = 0;
    ENT_ASSERT(m->n < UINT64_MAX);
    ent_sha256_init(&h);
    ent_sha256_add(&h, ent_slice(&prefix, 1));
    ent_sha256_add(&h, entry);
    ent_sha256_end(&h, &cur);
    for (; (m->n >> level & 1) != 0; level++)
        node(&cur, &m->stack[level], &cur);
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
            node(&cur, &m->stack[level], &cur);
        else
            cur = m->stack[level];
        any = true;
    }
    if (any)
        *ret = cur;
    else
        ent_sha256_of(ret, ent_slice(NULL, 0));
}
