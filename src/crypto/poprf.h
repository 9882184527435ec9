/*
 * poprf.h: the partially oblivious mode of RFC 9497 (section 3.3.3): besides the hidden input there
 * is an info that both sides know, such as an epoch, and the key is tweaked by it. Keys come from
 * ent_oprf_key_derive(), blinds from ent_oprf_blind(), both with ENT_OPRF_PARTIAL. An info is at
 * most 65535 bytes (else ENT_E_LIMIT).
 */
#ifndef ENT_CRYPTO_POPRF_H
#define ENT_CRYPTO_POPRF_H

#include "crypto/oprf.h"

/* Server: evaluated[i] = blinded[i] / (sk + H2S(info)), with one proof for the batch. ENT_E_FORMAT
 * for the one info in 2^252 that makes the tweaked key zero. */
ENT_MUST_USE enum ent_err ent_poprf_evaluate(struct ent_element *evaluated,
                                             uint8_t proof[static ENT_OPRF_PROOF],
                                             const struct ent_oprf_key *key, struct ent_slice info,
                                             const struct ent_element *blinded, size_t n);

/* Client: ENT_E_AUTH when the proof does not show pk's key and this info behind every element. */
ENT_MUST_USE enum ent_err ent_poprf_verify(const uint8_t proof[static ENT_OPRF_PROOF],
                                           const struct ent_element *pk, struct ent_slice info,
                                           const struct ent_element *blinded,
                                           const struct ent_element *evaluated, size_t n);

/* Client, after ent_poprf_verify(). */
ENT_MUST_USE enum ent_err ent_poprf_finalize(uint8_t (*out)[ENT_OPRF_OUT], struct ent_slice info,
                                             const struct ent_slice *input,
                                             const struct ent_scalar *blind,
                                             const struct ent_element *evaluated, size_t n);

/* Server: the same value for its own inputs. */
ENT_MUST_USE enum ent_err ent_poprf_own(uint8_t (*out)[ENT_OPRF_OUT],
                                        const struct ent_oprf_key *key, struct ent_slice info,
                                        const struct ent_slice *input, size_t n);

#endif
