/*
 * scalar.h: arithmetic modulo the group order L, inside crypto/ only. Constant time; every input is
 * canonical, every output too.
 */
#ifndef ENT_CRYPTO_SCALAR_H
#define ENT_CRYPTO_SCALAR_H

#include "crypto/group.h"

void ent_scalar_add(struct ent_scalar *ret, const struct ent_scalar *a, const struct ent_scalar *b);
void ent_scalar_sub(struct ent_scalar *ret, const struct ent_scalar *a, const struct ent_scalar *b);
void ent_scalar_mul(struct ent_scalar *ret, const struct ent_scalar *a, const struct ent_scalar *b);

/* 1 when zero, else 0; as a number, because the answer may still be secret. */
uint8_t ent_scalar_is_zero(const struct ent_scalar *a);

/* a nonzero. */
void ent_scalar_invert(struct ent_scalar *ret, const struct ent_scalar *a);

/* ret[i] = 1/in[i] with one inversion (Montgomery's trick); all nonzero; ret is not in. */
void ent_scalar_invert_each(struct ent_scalar *ret, const struct ent_scalar *in, size_t n);

#endif
