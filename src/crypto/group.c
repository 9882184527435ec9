/* group.c: ristretto255 on libsodium, behind our own checks of encodings. */
#include "crypto/crypto.h"
#include "crypto/msm.h"

static uint8_t any_bit(const uint8_t b[static 32])
{
    uint8_t any = 0;
    for (size_t i = 0; i < 32; i++)
        any |= b[i];
    return any;
}

/* Below 2^255-19, even, not zero: all that can be said of an encoding without arithmetic. */
static bool looks_canonical(const uint8_t b[static 32])
{
    static const uint8_t p[32] = {0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f};
    unsigned borrow = 0;
    for (size_t i = 0; i < 32; i++)
        borrow = ((unsigned)b[i] - p[i] - borrow) >> 31;
    return borrow == 1 && (b[0] & 1) == 0 && any_bit(b) != 0;
}

enum ent_err ent_element_decode(struct ent_element *ret, const uint8_t bytes32[static 32])
{
    if (!looks_canonical(bytes32) || crypto_core_ristretto255_is_valid_point(bytes32) != 1)
        return ENT_E_FORMAT;
    memcpy(ret->b, bytes32, 32);
    return ENT_OK;
}

/* libsodium encodes the identity as zeros. Never the case for honest results, so public. */
static enum ent_err finish(struct ent_element *ret, const uint8_t bytes32[static 32])
{
    uint8_t any = any_bit(bytes32);
    ent_ct_public(&any, sizeof(any));
    if (any == 0)
        return ENT_E_FORMAT;
    memcpy(ret->b, bytes32, 32);
    return ENT_OK;
}

enum ent_err ent_element_from_hash(struct ent_element *ret, const uint8_t hash64[static 64])
{
    uint8_t b[32];
    (void)crypto_core_ristretto255_from_hash(b, hash64);
    return finish(ret, b);
}

enum ent_err ent_element_add(struct ent_element *ret, const struct ent_element *a,
                             const struct ent_element *b)
{
    uint8_t sum[32];
    ENT_ASSERT(crypto_core_ristretto255_add(sum, a->b, b->b) == 0);
    return finish(ret, sum);
}

enum ent_err ent_element_sub(struct ent_element *ret, const struct ent_element *a,
                             const struct ent_element *b)
{
    uint8_t diff[32];
    ENT_ASSERT(crypto_core_ristretto255_sub(diff, a->b, b->b) == 0);
    return finish(ret, diff);
}

void ent_element_base_mul(struct ent_element *ret, const struct ent_scalar *k)
{
    ENT_ASSERT(crypto_scalarmult_ristretto255_base(ret->b, k->b) == 0);
}

void ent_element_mul_one(struct ent_element *ret, const struct ent_scalar *k,
                         const struct ent_element *in, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ENT_ASSERT(crypto_scalarmult_ristretto255(ret[i].b, k->b, in[i].b) == 0);
}

void ent_element_mul_each(struct ent_element *ret, const struct ent_scalar *k,
                          const struct ent_element *in, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ENT_ASSERT(crypto_scalarmult_ristretto255(ret[i].b, k[i].b, in[i].b) == 0);
}

void ent_msm_init(struct ent_msm *m)
{
    memset(m, 0, sizeof(*m));
}

void ent_msm_add_var(struct ent_msm *m, const struct ent_scalar *w, const struct ent_element *in,
                     size_t n)
{
    uint8_t t[32];
    for (size_t i = 0; i < n; i++)
        if (crypto_scalarmult_ristretto255(t, w[i].b, in[i].b) == 0) /* else w[i] is zero */
            ENT_ASSERT(crypto_core_ristretto255_add(m->sum32, m->sum32, t) == 0);
}

enum ent_err ent_msm_end_var(struct ent_msm *m, struct ent_element *ret)
{
    return finish(ret, m->sum32);
}

enum ent_err ent_element_mul_add_var(struct ent_element *ret, const struct ent_scalar *a,
                                     const struct ent_element *p, const struct ent_scalar *b,
                                     const struct ent_element *q)
{
    static const struct ent_scalar one = {.b = {1}};
    struct ent_element g;
    struct ent_msm m;
    if (p == NULL)
        ent_element_base_mul(&g, &one);
    ent_msm_init(&m);
    ent_msm_add_var(&m, a, p == NULL ? &g : p, 1);
    ent_msm_add_var(&m, b, q, 1);
    return ent_msm_end_var(&m, ret);
}
