/* merkle_proof.c: proofs over Merkle trees: checked exactly as RFC 9162 says, and made from the
 * hashes of complete subtrees. */
#include "crypto/crypto.h"

void ent_merkle_leaf_hash(struct ent_hash32 *ret, struct ent_slice entry)
{
    static const uint8_t prefix = 0x00;
    struct ent_sha256 h;
    ent_sha256_init(&h);
    ent_sha256_add(&h, ent_slice(&prefix, 1));
    ent_sha256_add(&h, entry);
    ent_sha256_end(&h, ret);
}

void ent_merkle_node_hash(struct ent_hash32 *ret, const struct ent_hash32 *left,
                          const struct ent_hash32 *right)
{
    uint8_t in[65];
    in[0] = 0x01;
    memcpy(in + 1, left->b, 32);
    memcpy(in + 33, right->b, 32);
    ent_sha256_of(ret, ent_slice(in, sizeof(in)));
}

static bool equal(const struct ent_hash32 *a, const struct ent_hash32 *b)
{
    return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

/* --- checking ----------------------------------------------------------------------------------
 */

/* The next hash of a proof stands to the left of what is known so far; up to the level where it
 * does. fn and sn as in the RFC: the place on the way up, and the last place there. */
static bool stands_left(uint64_t *fn, uint64_t *sn)
{
    if ((*fn & 1) == 0 && *fn != *sn)
        return false;
    while ((*fn & 1) == 0 && *fn != 0) {
        *fn >>= 1;
        *sn >>= 1;
    }
    return true;
}

/* Section 2.1.3.2. */
enum ent_err ent_merkle_check_inclusion(const struct ent_hash32 *leaf, uint64_t index,
                                        uint64_t size, const struct ent_hash32 *root,
                                        const struct ent_hash32 *proof, size_t n)
{
    struct ent_hash32 r = *leaf;
    uint64_t fn = index, sn = size - 1;
    if (index >= size || size > ENT_MERKLE_SIZE_MAX)
        return ENT_E_AUTH;
    for (size_t i = 0; i < n; i++) {
        if (sn == 0)
            return ENT_E_AUTH;
        if (stands_left(&fn, &sn))
            ent_merkle_node_hash(&r, &proof[i], &r);
        else
            ent_merkle_node_hash(&r, &r, &proof[i]);
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && equal(&r, root) ? ENT_OK : ENT_E_AUTH;
}

/* Section 2.1.4.2, for 0 < size1 < size2. */
static enum ent_err check_growth(uint64_t size1, const struct ent_hash32 *root1, uint64_t size2,
                                 const struct ent_hash32 *root2, const struct ent_hash32 *proof,
                                 size_t n)
{
    uint64_t fn = size1 - 1, sn = size2 - 1;
    bool whole = (size1 & (size1 - 1)) == 0; /* then its root is the first hash, and left out */
    struct ent_hash32 fr, sr;
    if (n == 0)
        return ENT_E_AUTH;
    for (; (fn & 1) != 0; fn >>= 1)
        sn >>= 1;
    fr = sr = whole ? *root1 : proof[0];
    for (size_t i = whole ? 0 : 1; i < n; i++) {
        if (sn == 0)
            return ENT_E_AUTH;
        if (stands_left(&fn, &sn)) {
            ent_merkle_node_hash(&fr, &proof[i], &fr);
            ent_merkle_node_hash(&sr, &proof[i], &sr);
        } else {
            ent_merkle_node_hash(&sr, &sr, &proof[i]);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && equal(&fr, root1) && equal(&sr, root2) ? ENT_OK : ENT_E_AUTH;
}

enum ent_err ent_merkle_check_consistency(uint64_t size1, const struct ent_hash32 *root1,
                                          uint64_t size2, const struct ent_hash32 *root2,
                                          const struct ent_hash32 *proof, size_t n)
{
    struct ent_hash32 empty;
    if (size1 > size2 || size2 > ENT_MERKLE_SIZE_MAX)
        return ENT_E_AUTH;
    ent_sha256_of(&empty, ent_slice(NULL, 0));
    if (size1 == 0 && !equal(root1, &empty))
        return ENT_E_AUTH;
    if (size1 == size2)
        return n == 0 && equal(root1, root2) ? ENT_OK : ENT_E_AUTH;
    if (size1 == 0)
        return n == 0 ? ENT_OK : ENT_E_AUTH;
    return check_growth(size1, root1, size2, root2, proof, n);
}

/* --- making ------------------------------------------------------------------------------------
 */

/* Largest power of two below n, which is at least 2. */
static uint64_t split(uint64_t n)
{
    uint64_t k = 1;
    while (k < n - k)
        k <<= 1;
    return k;
}

/* The hash of the leaves from lo to before hi, a node of a tree or its root: complete subtrees, one
 * for each bit of their number, the largest first. */
static enum ent_err range(struct ent_hash32 *ret, uint64_t lo, uint64_t hi,
                          const struct ent_merkle_source *source)
{
    struct ent_hash32 part;
    bool any = false;
    uint64_t end = hi;
    enum ent_err r;
    for (unsigned level = 0; level < 63; level++) { /* from the right */
        if (((hi - lo) >> level & 1) == 0)
            continue;
        end -= (uint64_t)1 << level;
        if ((r = source->hash(source->ctx, &part, level, end >> level)) != ENT_OK)
            return r;
        if (any)
            ent_merkle_node_hash(ret, &part, ret);
        else
            *ret = part;
        any = true;
    }
    return ENT_OK;
}

enum ent_err ent_merkle_source_root(struct ent_hash32 *ret, uint64_t size,
                                    const struct ent_merkle_source *source)
{
    if (size > ENT_MERKLE_SIZE_MAX)
        return ENT_E_LIMIT;
    if (size == 0) {
        ent_sha256_of(ret, ent_slice(NULL, 0));
        return ENT_OK;
    }
    return range(ret, 0, size, source);
}

/* Proofs are found from the root down, and read from the leaf up. */
static void reverse(struct ent_merkle_proof *p)
{
    for (size_t i = 0; i < p->n / 2; i++) {
        struct ent_hash32 h = p->hash[i];
        p->hash[i] = p->hash[p->n - 1 - i];
        p->hash[p->n - 1 - i] = h;
    }
}

/* Of the two halves of lo to hi go into one, and note the other. */
static enum ent_err descend(struct ent_merkle_proof *p, uint64_t *lo, uint64_t *hi, bool left,
                            const struct ent_merkle_source *source)
{
    uint64_t middle = *lo + split(*hi - *lo);
    enum ent_err r = left ? range(&p->hash[p->n], middle, *hi, source)
                          : range(&p->hash[p->n], *lo, middle, source);
    p->n++;
    if (left)
        *hi = middle;
    else
        *lo = middle;
    return r;
}

enum ent_err ent_merkle_prove_inclusion(struct ent_merkle_proof *ret, uint64_t index, uint64_t size,
                                        const struct ent_merkle_source *source)
{
    struct ent_merkle_proof p = {.n = 0};
    uint64_t lo = 0, hi = size;
    enum ent_err r = ENT_OK;
    if (index >= size || size > ENT_MERKLE_SIZE_MAX)
        return ENT_E_LIMIT;
    while (hi - lo > 1 && r == ENT_OK)
        r = descend(&p, &lo, &hi, index < lo + split(hi - lo), source);
    if (r != ENT_OK)
        return r;
    reverse(&p);
    *ret = p;
    return ENT_OK;
}

enum ent_err ent_merkle_prove_consistency(struct ent_merkle_proof *ret, uint64_t size1,
                                          uint64_t size2, const struct ent_merkle_source *source)
{
    struct ent_merkle_proof p = {.n = 0};
    uint64_t lo = 0, hi = size2;
    enum ent_err r = ENT_OK;
    if (size1 > size2 || size2 > ENT_MERKLE_SIZE_MAX)
        return ENT_E_LIMIT;
    while (size1 != 0 && hi != size1 && r == ENT_OK)
        r = descend(&p, &lo, &hi, size1 <= lo + split(hi - lo), source);
    /* What is left is the end of the first tree; if it is all of it, the checker has its root. */
    if (r == ENT_OK && size1 != 0 && lo != 0)
        r = range(&p.hash[p.n++], lo, hi, source);
    if (r != ENT_OK)
        return r;
    reverse(&p);
    *ret = p;
    return ENT_OK;
}
