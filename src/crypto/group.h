/*
 * group.h: the ristretto255 group (RFC 9496), order L = 2^252 +
 * 27742317777372353535851937790883648493.
 *
 * Elements travel and are kept as their canonical 32-byte encodings. A struct ent_element is never
 * the identity and always canonical, because the only ways to one are ent_element_decode(),
 * hashing, and arithmetic that cannot yield the identity from such inputs with a nonzero scalar.
 */
#ifndef ENT_CRYPTO_GROUP_H
#define ENT_CRYPTO_GROUP_H

#include "base/base.h"

/* Little-endian, below L. Usually secret: there is no print and no compare. */
struct ent_scalar {
    uint8_t b[32];
};

struct ent_element {
    uint8_t b[32];
};

/*
 * ENT_E_FORMAT for anything but a canonical encoding of an element other than the identity: bit 255
 * set, value not below 2^255-19, odd ("negative"), not a point, identity. (libsodium 1.0.18 accepts
 * bit 255 and the identity; neither passes here.)
 */
ENT_MUST_USE enum ent_err ent_element_decode(struct ent_element *ret,
                                             const uint8_t bytes32[static 32]);

/* The same for n encodings one behind the other, faster. ENT_E_FORMAT if any of them is bad. */
ENT_MUST_USE enum ent_err ent_element_decode_each(struct ent_element *ret, const uint8_t *bytes,
                                                  size_t n);

/*
 * The one-way map of RFC 9496 section 4.3.4 from 64 uniform (and maybe secret) bytes. ENT_E_FORMAT
 * for the identity, which no caller will see (probability 2^-252).
 */
ENT_MUST_USE enum ent_err ent_element_from_hash(struct ent_element *ret,
                                                const uint8_t hash64[static 64]);

/* The same for n times 64 bytes. */
ENT_MUST_USE enum ent_err ent_element_from_hash_each(struct ent_element *ret, const uint8_t *hashes,
                                                     size_t n);

/* ret[i] = k * map(hashes + 64*i), and with its own scalar for each. ENT_E_FORMAT if one is the
 * identity. */
ENT_MUST_USE enum ent_err ent_element_mul_one_hashed(struct ent_element *ret,
                                                     const struct ent_scalar *k,
                                                     const uint8_t *hashes, size_t n);
ENT_MUST_USE enum ent_err ent_element_mul_each_hashed(struct ent_element *ret,
                                                      const struct ent_scalar *k,
                                                      const uint8_t *hashes, size_t n);

/* Sum and difference; ENT_E_FORMAT when the result is the identity. ret may be an input. */
ENT_MUST_USE enum ent_err ent_element_add(struct ent_element *ret, const struct ent_element *a,
                                          const struct ent_element *b);
ENT_MUST_USE enum ent_err ent_element_sub(struct ent_element *ret, const struct ent_element *a,
                                          const struct ent_element *b);
/* ret[i] += in[i], faster. ENT_E_FORMAT, and ret is of no use, if a sum is the identity. */
ENT_MUST_USE enum ent_err ent_element_add_each(struct ent_element *ret,
                                               const struct ent_element *in, size_t n);

/* ENT_E_FORMAT when not below L; zero is accepted only by this one. */
ENT_MUST_USE enum ent_err ent_scalar_decode(struct ent_scalar *ret,
                                            const uint8_t bytes32[static 32]);

/* Uniform and nonzero. */
void ent_scalar_random(struct ent_scalar *ret);
void ent_scalar_random_each(struct ent_scalar *ret, size_t n);

/* 64 uniform bytes, little-endian, modulo L: uniform, and zero with probability 2^-252. */
void ent_scalar_reduce(struct ent_scalar *ret, const uint8_t wide64[static 64]);

/* ret = k * generator; k nonzero, secret. */
void ent_element_base_mul(struct ent_element *ret, const struct ent_scalar *k);

/* ret[i] = k * in[i] with one secret nonzero k; ret may be in. */
void ent_element_mul_one(struct ent_element *ret, const struct ent_scalar *k,
                         const struct ent_element *in, size_t n);

/* ret[i] = k[i] * in[i], secret nonzero scalars; ret may be in. */
void ent_element_mul_each(struct ent_element *ret, const struct ent_scalar *k,
                          const struct ent_element *in, size_t n);

#endif
