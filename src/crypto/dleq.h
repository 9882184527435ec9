/*
 * dleq.h: the batched proof of equal discrete logarithms of RFC 9497 section 2.2, inside crypto/
 * only: B = k*G and D[i] = k*C[i] for all i, without showing k.
 */
#ifndef ENT_CRYPTO_DLEQ_H
#define ENT_CRYPTO_DLEQ_H

#include "crypto/suite.h"

/* What is claimed; all of it public. */
struct ent_dleq {
    const struct ent_suite *suite;
    const struct ent_element *b;
    const struct ent_element *c;
    const struct ent_element *d;
    size_t n;
};

/* r is the nonce: random, secret, nonzero, never used twice. */
ENT_MUST_USE enum ent_err ent_dleq_prove(uint8_t proof[static ENT_OPRF_PROOF],
                                         const struct ent_dleq *claim, const struct ent_scalar *k,
                                         const struct ent_scalar *r);
ENT_MUST_USE enum ent_err ent_dleq_verify(const uint8_t proof[static ENT_OPRF_PROOF],
                                          const struct ent_dleq *claim);

#endif
