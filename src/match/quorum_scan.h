/*
 * quorum_scan.h: which of a few cells may hold a consistent set, with vectors; for match/ alone.
 * Call only what ent_cpu_level() allows. A bit that is not set is certain; a bit that is set for
 * no reason has probability 2^-32 for each t-subset.
 */
#ifndef ENT_MATCH_QUORUM_SCAN_H
#define ENT_MATCH_QUORUM_SCAN_H

#include "match/quorum_collect.h"

#if defined(__x86_64__)
#define ENT_HAVE_QUORUM_SCAN 1

#define ENT_QUORUM_SCAN_AVX2   8u /* cells at once */
#define ENT_QUORUM_SCAN_AVX512 16u

/* At least t participants are present. Bit i for the i-th cell. */
uint32_t ent_quorum_scan_avx2(const struct ent_quorum_collector *c, const uint64_t *shares,
                              size_t stride);
uint32_t ent_quorum_scan_avx512(const struct ent_quorum_collector *c, const uint64_t *shares,
                                size_t stride);
#endif

#endif
