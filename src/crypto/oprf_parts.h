/* oprf_parts.h: what the three modes of RFC 9497 share, inside crypto/ only. */
#ifndef ENT_CRYPTO_OPRF_PARTS_H
#define ENT_CRYPTO_OPRF_PARTS_H

#include "crypto/suite.h"

#define ENT_OPRF_PIECE 256 /* elements worked on at a time: no allocation */

static inline size_t ent_oprf_piece(size_t n)
{
    return n < ENT_OPRF_PIECE ? n : ENT_OPRF_PIECE;
}

/* ENT_E_LIMIT if an input is over 65535 bytes. */
ENT_MUST_USE enum ent_err ent_oprf_lengths_ok(const struct ent_slice *input, size_t n);

/* 64 uniform bytes for each input: HashToGroup(input[i]) is their element. */
void ent_oprf_hash_inputs(uint8_t *ret, const struct ent_suite *suite,
                          const struct ent_slice *input, size_t n);

/* SHA512(len2(x) || x || [len2(info) || info ||] len2(N) || N || "Finalize"); info NULL but in the
 * mode POPRF. */
void ent_oprf_output(uint8_t ret[static ENT_OPRF_OUT], struct ent_slice x,
                     const struct ent_slice *info, const struct ent_element *n);

#endif
