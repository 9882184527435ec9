/*
 * point.h: points of edwards25519 standing for ristretto255 elements, portable, inside crypto/
 * only. Extended coordinates (Hisil, Wong, Carter, Dawson 2008): x = X/Z, y = Y/Z, xy = T/Z. The
 * addition law is complete, so no input needs a case of its own. Constant time but where marked.
 */
#ifndef ENT_CRYPTO_POINT_H
#define ENT_CRYPTO_POINT_H

#include "crypto/field.h"
#include "crypto/group.h"

struct ent_point {
    struct ent_fe x, y, z, t;
};

/* What an addition needs of its second operand: (Y+X, Y-X, 2Z, 2dT), or the same with Z = 1. */
struct ent_cached {
    struct ent_fe yx, y_x, z2, t2d;
};
struct ent_niels {
    struct ent_fe yx, y_x, t2d;
};

/* [j][i] = (i+1) * 16^(8j) * generator */
extern const struct ent_niels ent_base_table[8][8];

void ent_point_identity(struct ent_point *ret);

/* RFC 9496 section 4.3.1. Returns 1, or 0 for what is no canonical encoding (the identity is one
 * here). Then ret is some point all the same. */
uint64_t ent_point_decode(struct ent_point *ret, const uint8_t b32[static 32]);
void ent_point_encode(uint8_t ret32[static 32], const struct ent_point *p);

/* Section 4.3.4: 64 bytes to an element. */
void ent_point_from_hash(struct ent_point *ret, const uint8_t hash64[static 64]);

void ent_point_to_cached(struct ent_cached *ret, const struct ent_point *p);
void ent_point_add(struct ent_point *ret, const struct ent_point *a, const struct ent_cached *b);
void ent_point_sub(struct ent_point *ret, const struct ent_point *a, const struct ent_cached *b);
/* 2^n * a, n > 0 */
void ent_point_double(struct ent_point *ret, const struct ent_point *a, unsigned n);

/* k in 64 signed digits of radix 16: -8 <= digit < 8, the last one 0..8. */
void ent_scalar_digits(int8_t ret[static 64], const struct ent_scalar *k);

void ent_point_mul(struct ent_point *ret, const struct ent_scalar *k, const struct ent_point *p);
void ent_point_base_mul(struct ent_point *ret, const struct ent_scalar *k);

#define ENT_POINTS_AT_ONCE 64

/* sum of k[i]*p[i], n <= ENT_POINTS_AT_ONCE (Straus, width-5 NAF). */
void ent_point_sum_var(struct ent_point *ret, const struct ent_scalar *k, const struct ent_point *p,
                       size_t n);

#endif
