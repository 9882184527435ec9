/*
 * msm.h: sums of multiples of public elements by public scalars, for proofs, inside crypto/ only.
 * Variable time.
 */
#ifndef ENT_CRYPTO_MSM_H
#define ENT_CRYPTO_MSM_H

#include "crypto/point.h"

/* w[0]*in[0] + w[1]*in[1] + ..., growing piece by piece. */
struct ent_msm {
    struct ent_point sum;
};

void ent_msm_init(struct ent_msm *m);
void ent_msm_add_var(struct ent_msm *m, const struct ent_scalar *w, const struct ent_element *in,
                     size_t n);
/* ENT_E_FORMAT when the sum is the identity. */
ENT_MUST_USE enum ent_err ent_msm_end_var(struct ent_msm *m, struct ent_element *ret);

/* a*P + b*Q; P NULL means the generator. ENT_E_FORMAT for the identity. */
ENT_MUST_USE enum ent_err ent_element_mul_add_var(struct ent_element *ret,
                                                  const struct ent_scalar *a,
                                                  const struct ent_element *p,
                                                  const struct ent_scalar *b,
                                                  const struct ent_element *q);

#endif
