/* scalar.c: scalars on libsodium's arithmetic modulo L. */
#include "crypto/crypto.h"
#include "crypto/scalar.h"

enum ent_err ent_scalar_decode(struct ent_scalar *ret, const uint8_t bytes32[static 32])
{
    static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,
                                      0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
                                      0,    0,    0,    0,    0,    0,    0,    0,
                                      0,    0,    0,    0,    0,    0,    0,    0x10};
    unsigned borrow = 0;
    for (size_t i = 0; i < 32; i++)
        borrow = ((unsigned)bytes32[i] - order[i] - borrow) >> 31;
    /* Whether an encoding is canonical is public: its sender is told. */
    ent_ct_public(&borrow, sizeof(borrow));
    if (borrow == 0)
        return ENT_E_FORMAT;
    memcpy(ret->b, bytes32, 32);
    return ENT_OK;
}

void ent_scalar_random_each(struct ent_scalar *ret, size_t n)
{
    uint8_t wide[64 * 64];
    for (size_t i = 0, m; i < n; i += m) {
        m = n - i < 64 ? n - i : 64;
        ent_random(wide, 64 * m); /* one system call for all of them */
        for (size_t j = 0; j < m; j++) {
            uint8_t zero;
            do {
                ent_scalar_reduce(&ret[i + j], wide + 64 * j);
                zero = ent_scalar_is_zero(&ret[i + j]);
                if (zero != 0) /* never, but the contract says nonzero */
                    ent_random(wide + 64 * j, 64);
            } while (zero != 0);
        }
    }
    ent_wipe(wide, sizeof(wide));
    ent_ct_secret(ret, n * sizeof(*ret));
}

void ent_scalar_random(struct ent_scalar *ret)
{
    ent_scalar_random_each(ret, 1);
}

void ent_scalar_reduce(struct ent_scalar *ret, const uint8_t wide64[static 64])
{
    crypto_core_ristretto255_scalar_reduce(ret->b, wide64);
}

void ent_scalar_add(struct ent_scalar *ret, const struct ent_scalar *a, const struct ent_scalar *b)
{
    crypto_core_ristretto255_scalar_add(ret->b, a->b, b->b);
}

void ent_scalar_sub(struct ent_scalar *ret, const struct ent_scalar *a, const struct ent_scalar *b)
{
    crypto_core_ristretto255_scalar_sub(ret->b, a->b, b->b);
}

void ent_scalar_mul(struct ent_scalar *ret, const struct ent_scalar *a, const struct ent_scalar *b)
{
    crypto_core_ristretto255_scalar_mul(ret->b, a->b, b->b);
}

uint8_t ent_scalar_is_zero(const struct ent_scalar *a)
{
    unsigned any = 0;
    for (size_t i = 0; i < sizeof(a->b); i++)
        any |= a->b[i];
    return (uint8_t)((any - 1) >> 31);
}

void ent_scalar_invert(struct ent_scalar *ret, const struct ent_scalar *a)
{
    int r = crypto_core_ristretto255_scalar_invert(ret->b, a->b);
    /* Says whether a was zero, which the contract excludes. */
    ent_ct_public(&r, sizeof(r));
    ENT_ASSERT(r == 0);
}

void ent_scalar_invert_each(struct ent_scalar *ret, const struct ent_scalar *in, size_t n)
{
    struct ent_scalar acc, inv;
    if (n == 0)
        return;
    /* ret[i] = in[0] ... in[i-1], then walk back with the inverse of the whole product. */
    acc = in[0];
    for (size_t i = 1; i < n; i++) {
        ret[i] = acc;
        ent_scalar_mul(&acc, &acc, &in[i]);
    }
    ent_scalar_invert(&inv, &acc);
    for (size_t i = n; i-- > 1;) {
        ent_scalar_mul(&ret[i], &ret[i], &inv);
        ent_scalar_mul(&inv, &inv, &in[i]);
    }
    ret[0] = inv;
    ent_wipe(&acc, sizeof(acc));
    ent_wipe(&inv, sizeof(inv));
}
