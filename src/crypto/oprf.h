/*
 * oprf.h: oblivious pseudorandom functions, RFC 9497, suite ristretto255-SHA512.
 *
 * The client blinds an input; the server evaluates it under its key without seeing it; the client
 * unblinds and hashes. In the verifiable mode a DLEQ proof (RFC 9497 section 2.2) shows that one
 * committed key was used for a whole batch.
 *
 * Inputs are at most 65535 bytes, a batch at most ENT_OPRF_BATCH_MAX elements (both lengths are two
 * bytes in what is hashed). Secrets: blinds, the private key. Public: blinded and evaluated
 * elements, proofs, public keys. Inputs are secret from the other party; their lengths are not
 * hidden from the machine that hashes them.
 */
#ifndef ENT_CRYPTO_OPRF_H
#define ENT_CRYPTO_OPRF_H

#include "crypto/group.h"

enum ent_oprf_mode { ENT_OPRF_BASE = 0x00, ENT_OPRF_VERIFIABLE = 0x01, ENT_OPRF_PARTIAL = 0x02 };

#define ENT_OPRF_BATCH_MAX 65535u
#define ENT_OPRF_OUT       64 /* bytes of output: SHA-512 */
#define ENT_OPRF_PROOF     64 /* c || s */

struct ent_oprf_key {
    struct ent_scalar sk; /* secret */
    struct ent_element pk;
};

/* A fresh random key pair. */
void ent_oprf_key_generate(struct ent_oprf_key *ret);

/* DeriveKeyPair (section 3.2.1). ENT_E_LIMIT for an info over 65535 bytes. */
ENT_MUST_USE enum ent_err ent_oprf_key_derive(struct ent_oprf_key *ret, enum ent_oprf_mode mode,
                                              const uint8_t seed32[static 32],
                                              struct ent_slice info);

/*
 * Client: blind[i] is drawn, blinded[i] = blind[i] * H2G(input[i]). ENT_E_LIMIT for an input over
 * 65535 bytes; ENT_E_FORMAT for one that hashes to the identity (never seen, probability 2^-252).
 */
ENT_MUST_USE enum ent_err ent_oprf_blind(struct ent_scalar *blind, struct ent_element *blinded,
                                         enum ent_oprf_mode mode, const struct ent_slice *input,
                                         size_t n);

/* The same with blinds given: for test vectors and known-answer transcripts only. */
ENT_MUST_USE enum ent_err ent_oprf_blind_with(struct ent_element *blinded,
                                              const struct ent_scalar *blind,
                                              enum ent_oprf_mode mode,
                                              const struct ent_slice *input, size_t n);

/* Server: evaluated[i] = sk * blinded[i]. */
void ent_oprf_evaluate(struct ent_element *evaluated, const struct ent_oprf_key *key,
                       const struct ent_element *blinded, size_t n);

/* Server: one proof for the batch, n in 1..ENT_OPRF_BATCH_MAX (else ENT_E_LIMIT). */
ENT_MUST_USE enum ent_err ent_oprf_prove(uint8_t proof[static ENT_OPRF_PROOF],
                                         enum ent_oprf_mode mode, const struct ent_oprf_key *key,
                                         const struct ent_element *blinded,
                                         const struct ent_element *evaluated, size_t n);

/* Client: ENT_E_AUTH when the proof does not show that pk's key was used for every element. */
ENT_MUST_USE enum ent_err ent_oprf_verify(const uint8_t proof[static ENT_OPRF_PROOF],
                                          enum ent_oprf_mode mode, const struct ent_element *pk,
                                          const struct ent_element *blinded,
                                          const struct ent_element *evaluated, size_t n);

/* Client, after ent_oprf_verify() in the verifiable mode: out[i] is the value for input[i]. */
void ent_oprf_finalize(uint8_t (*out)[ENT_OPRF_OUT], const struct ent_slice *input,
                       const struct ent_scalar *blind, const struct ent_element *evaluated,
                       size_t n);

/* Server: the same value for its own inputs, without a client. Errors as ent_oprf_blind(). */
ENT_MUST_USE enum ent_err ent_oprf_own(uint8_t (*out)[ENT_OPRF_OUT], enum ent_oprf_mode mode,
                                       const struct ent_oprf_key *key,
                                       const struct ent_slice *input, size_t n);

#endif
