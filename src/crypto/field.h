/*
 * field.h: GF(2^255-19) in five limbs of 51 bits, portable C with 128-bit products, inside crypto/
 * only. Constant time.
 *
 * Bounds. "Tight" limbs are below 2^51 + 2^13: what multiplying, squaring and reading give. Adding
 * two tight elements gives limbs below 2^52 + 2^14, subtracting adds 4p first. Multiplying takes
 * limbs below 2^54, so one addition or subtraction of tight or once-added elements needs no carry.
 */
#ifndef ENT_CRYPTO_FIELD_H
#define ENT_CRYPTO_FIELD_H

#include "base/base.h"
#include "crypto/ristretto_const.h"

struct ent_fe {
    uint64_t v[5];
};

__extension__ typedef unsigned __int128 ent_u128; /* no struct, hence the one typedef */

/* Called as functions these cost a third more, and so do loops over the limbs. */
#define ENT_FE_INLINE static inline __attribute__((always_inline))

#define ENT_FE_MASK ((UINT64_C(1) << 51) - 1)

/* Bit 255 is ignored; values up to 2^255-1 are taken modulo p. */
void ent_fe_read(struct ent_fe *ret, const uint8_t b32[static 32]);
/* The one canonical encoding. */
void ent_fe_write(uint8_t ret32[static 32], const struct ent_fe *a);

/* The lowest bit of the canonical encoding: RFC 9496's IS_NEGATIVE. */
uint64_t ent_fe_is_negative(const struct ent_fe *a);
uint64_t ent_fe_is_zero(const struct ent_fe *a);

/* a^((p-5)/8) */
void ent_fe_pow_p58(struct ent_fe *ret, const struct ent_fe *a);

/* RFC 9496 section 4.2, SQRT_RATIO_M1(u, v): the nonnegative root of u/v, or of SQRT_M1*u/v when
 * that is no square. Returns 1 when u/v is a square (0/0 and 0/v are), else 0. */
uint64_t ent_fe_sqrt_ratio(struct ent_fe *ret, const struct ent_fe *u, const struct ent_fe *v);

ENT_FE_INLINE void ent_fe_add(struct ent_fe *ret, const struct ent_fe *a, const struct ent_fe *b)
{
    ret->v[0] = a->v[0] + b->v[0];
    ret->v[1] = a->v[1] + b->v[1];
    ret->v[2] = a->v[2] + b->v[2];
    ret->v[3] = a->v[3] + b->v[3];
    ret->v[4] = a->v[4] + b->v[4];
}

/* a + 4p - b; b's limbs at most 2^53 - 76. */
ENT_FE_INLINE void ent_fe_sub(struct ent_fe *ret, const struct ent_fe *a, const struct ent_fe *b)
{
    const uint64_t p4 = (UINT64_C(1) << 53) - 4;
    ret->v[0] = a->v[0] + p4 - 72 - b->v[0];
    ret->v[1] = a->v[1] + p4 - b->v[1];
    ret->v[2] = a->v[2] + p4 - b->v[2];
    ret->v[3] = a->v[3] + p4 - b->v[3];
    ret->v[4] = a->v[4] + p4 - b->v[4];
}

/* 64-bit sums below 2^63 to tight limbs, at the price of one wrap. */
ENT_FE_INLINE void ent_fe_carry(struct ent_fe *a)
{
    uint64_t c = 0;
    for (int i = 0; i < 5; i++) {
        a->v[i] += c;
        c = a->v[i] >> 51;
        a->v[i] &= ENT_FE_MASK;
    }
    a->v[0] += 19 * c;
}

/* ret = choice ? a : ret; choice is 0 or 1. */
ENT_FE_INLINE void ent_fe_cmov(struct ent_fe *ret, const struct ent_fe *a, uint64_t choice)
{
    uint64_t mask = 0 - choice;
    /* clang 14 sees that mask is all or nothing and turns the choice of values into a choice of
     * addresses, which the cache shows; it cannot see through this. */
    __asm__("" : "+r"(mask));
    ret->v[0] ^= mask & (ret->v[0] ^ a->v[0]);
    ret->v[1] ^= mask & (ret->v[1] ^ a->v[1]);
    ret->v[2] ^= mask & (ret->v[2] ^ a->v[2]);
    ret->v[3] ^= mask & (ret->v[3] ^ a->v[3]);
    ret->v[4] ^= mask & (ret->v[4] ^ a->v[4]);
}

/* ret = choice ? -a : a */
ENT_FE_INLINE void ent_fe_cneg(struct ent_fe *ret, const struct ent_fe *a, uint64_t choice)
{
    static const struct ent_fe zero;
    struct ent_fe n, r = *a;
    ent_fe_sub(&n, &zero, a);
    ent_fe_carry(&n);
    ent_fe_cmov(&r, &n, choice);
    *ret = r;
}

ENT_FE_INLINE void ent_fe_abs(struct ent_fe *ret, const struct ent_fe *a)
{
    ent_fe_cneg(ret, a, ent_fe_is_negative(a));
}

ENT_FE_INLINE ent_u128 ent_fe_m(uint64_t a, uint64_t b)
{
    return (ent_u128)a * b;
}

ENT_FE_INLINE void ent_fe_reduce(struct ent_fe *ret, ent_u128 r0, ent_u128 r1, ent_u128 r2,
                                 ent_u128 r3, ent_u128 r4)
{
    uint64_t c;
    r1 += (uint64_t)(r0 >> 51);
    r2 += (uint64_t)(r1 >> 51);
    r3 += (uint64_t)(r2 >> 51);
    r4 += (uint64_t)(r3 >> 51);
    /* r4 < 5 * 2^108 + 2^64, so 19 times its carry fits 64 bits. */
    c = ((uint64_t)r0 & ENT_FE_MASK) + 19 * (uint64_t)(r4 >> 51);
    ret->v[0] = c & ENT_FE_MASK;
    ret->v[1] = ((uint64_t)r1 & ENT_FE_MASK) + (c >> 51);
    ret->v[2] = (uint64_t)r2 & ENT_FE_MASK;
    ret->v[3] = (uint64_t)r3 & ENT_FE_MASK;
    ret->v[4] = (uint64_t)r4 & ENT_FE_MASK;
}

ENT_FE_INLINE void ent_fe_mul(struct ent_fe *ret, const struct ent_fe *x, const struct ent_fe *y)
{
    uint64_t a0 = x->v[0], a1 = x->v[1], a2 = x->v[2], a3 = x->v[3], a4 = x->v[4];
    uint64_t b0 = y->v[0], b1 = y->v[1], b2 = y->v[2], b3 = y->v[3], b4 = y->v[4];
    uint64_t c1 = 19 * b1, c2 = 19 * b2, c3 = 19 * b3, c4 = 19 * b4;
    ent_u128 r0 = ent_fe_m(a0, b0) + ent_fe_m(a1, c4) + ent_fe_m(a2, c3) + ent_fe_m(a3, c2) +
                  ent_fe_m(a4, c1);
    ent_u128 r1 = ent_fe_m(a0, b1) + ent_fe_m(a1, b0) + ent_fe_m(a2, c4) + ent_fe_m(a3, c3) +
                  ent_fe_m(a4, c2);
    ent_u128 r2 = ent_fe_m(a0, b2) + ent_fe_m(a1, b1) + ent_fe_m(a2, b0) + ent_fe_m(a3, c4) +
                  ent_fe_m(a4, c3);
    ent_u128 r3 = ent_fe_m(a0, b3) + ent_fe_m(a1, b2) + ent_fe_m(a2, b1) + ent_fe_m(a3, b0) +
                  ent_fe_m(a4, c4);
    ent_u128 r4 = ent_fe_m(a0, b4) + ent_fe_m(a1, b3) + ent_fe_m(a2, b2) + ent_fe_m(a3, b1) +
                  ent_fe_m(a4, b0);
    ent_fe_reduce(ret, r0, r1, r2, r3, r4);
}

ENT_FE_INLINE void ent_fe_sq(struct ent_fe *ret, const struct ent_fe *x)
{
    uint64_t a0 = x->v[0], a1 = x->v[1], a2 = x->v[2], a3 = x->v[3], a4 = x->v[4];
    uint64_t d0 = 2 * a0, d1 = 2 * a1, d2 = 2 * a2, c3 = 19 * a3, c4 = 19 * a4;
    ent_u128 r0 = ent_fe_m(a0, a0) + ent_fe_m(d1, c4) + ent_fe_m(d2, c3);
    ent_u128 r1 = ent_fe_m(d0, a1) + ent_fe_m(d2, c4) + ent_fe_m(a3, c3);
    ent_u128 r2 = ent_fe_m(d0, a2) + ent_fe_m(a1, a1) + ent_fe_m(2 * a3, c4);
    ent_u128 r3 = ent_fe_m(d0, a3) + ent_fe_m(d1, a2) + ent_fe_m(a4, c4);
    ent_u128 r4 = ent_fe_m(d0, a4) + ent_fe_m(d1, a3) + ent_fe_m(a2, a2);
    ent_fe_reduce(ret, r0, r1, r2, r3, r4);
}

#endif
