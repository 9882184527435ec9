/*
 * quorum_field.h: the field of the shares, p = 2^61 - 1: a product needs no division, and a point
 * fits 8 bytes. Values are canonical, below p, between any two calls.
 *
 * ENT_QF_BITS may be any exponent of a Mersenne prime: the tests compile the very same code for
 * p = 7 and p = 31, where every share and every subset can be tried.
 */
#ifndef ENT_MATCH_QUORUM_FIELD_H
#define ENT_MATCH_QUORUM_FIELD_H

#include "base/base.h"

#ifndef ENT_QF_BITS
#define ENT_QF_BITS 61
#endif
#define ENT_QF_P ((UINT64_C(1) << ENT_QF_BITS) - 1)

__extension__ typedef unsigned __int128 ent_qf_wide; /* no struct, hence a typedef */

/* Up to 2p to below p; without a branch, since a participant's shares pass here. */
static inline uint64_t ent_qf_once(uint64_t a)
{
    uint64_t less = a - ENT_QF_P;
    return less + (ENT_QF_P & (0 - (less >> 63)));
}

static inline uint64_t ent_qf_add(uint64_t a, uint64_t b)
{
    return ent_qf_once(a + b);
}

static inline uint64_t ent_qf_sub(uint64_t a, uint64_t b)
{
    return ent_qf_once(a + (ENT_QF_P - b));
}

static inline uint64_t ent_qf_mul(uint64_t a, uint64_t b)
{
    ent_qf_wide z = (ent_qf_wide)a * b; /* 2^BITS = 1, so the halves add up */
    return ent_qf_once(((uint64_t)z & ENT_QF_P) + (uint64_t)(z >> ENT_QF_BITS));
}

/* 1/a for a that is not 0, by Fermat; of public numbers only. */
static inline uint64_t ent_qf_inverse_var(uint64_t a)
{
    uint64_t r = 1;
    for (uint64_t e = ENT_QF_P - 2; e != 0; e >>= 1) {
        if ((e & 1) != 0)
            r = ent_qf_mul(r, a);
        a = ent_qf_mul(a, a);
    }
    return r;
}

/*
 * From 64 uniform bits: the lowest 61 of them, where p, which is one value too many, counts as 0.
 * So 0 is twice as likely as each other value, and the distance from uniform is below 2^-61.
 */
static inline uint64_t ent_qf_of_bits(uint64_t bits)
{
    return ent_qf_once(bits & ENT_QF_P);
}

/* The polynomial coef[0] + coef[1] x + ... of n coefficients, n at least 1. */
static inline uint64_t ent_qf_at(const uint64_t *coef, size_t n, uint64_t x)
{
    uint64_t r = coef[n - 1];
    for (size_t i = n - 1; i-- > 0;)
        r = ent_qf_add(ent_qf_mul(r, x), coef[i]);
    return r;
}

#endif
