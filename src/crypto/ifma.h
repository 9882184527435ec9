/*
 * ifma.h: ristretto255 eight elements at a time with AVX-512 IFMA, inside crypto/ only. Call only
 * when ent_cpu_level() is ENT_CPU_AVX512. n is 1..8 but where said otherwise.
 *
 * Constant time by construction: there is no branch and no index on data, lanes are chosen by
 * masks, tables are read whole. (valgrind knows no AVX-512, so the constant-time tests cannot see
 * this code.)
 */
#ifndef ENT_CRYPTO_IFMA_H
#define ENT_CRYPTO_IFMA_H

#include "crypto/point.h"

#if defined(__x86_64__)
#define ENT_HAVE_IFMA 1

#define ENT_IFMA_SUM_MAX 128

/* 1 when all n encodings are canonical elements; the identity counts as one. */
uint64_t ent_ifma_decodes(const uint8_t *bytes, size_t n);

/* ret[i] = k[i*step] * in[i]; 1 when all of in are canonical. ret may be in. */
uint64_t ent_ifma_mul(struct ent_element *ret, const struct ent_scalar *k, size_t step,
                      const struct ent_element *in, size_t n);

/* ret[i] += in[i]; 1 when all are canonical. Zeros stand for the identity. */
uint64_t ent_ifma_add(struct ent_element *ret, const struct ent_element *in, size_t n);

/* ret[i] = map(hashes + 64*i), and k[i*step] times that. Zeros stand for the identity. */
void ent_ifma_from_hash(struct ent_element *ret, const uint8_t *hashes, size_t n);
void ent_ifma_mul_hashed(struct ent_element *ret, const struct ent_scalar *k, size_t step,
                         const uint8_t *hashes, size_t n);

/* sum of k[i]*in[i], n in 1..ENT_IFMA_SUM_MAX; 1 when all of in are canonical. */
uint64_t ent_ifma_sum_var(struct ent_point *ret, const struct ent_scalar *k,
                          const struct ent_element *in, size_t n);
#endif

#endif
