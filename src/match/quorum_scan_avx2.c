/* quorum_scan_avx2.c: eight cells at once. */
#include "match/match.h"
#include "match/quorum_scan.h"

#ifdef ENT_HAVE_QUORUM_SCAN
#include <immintrin.h>

#define SCAN_TARGET __attribute__((target("avx2")))
#define SCAN_INLINE static inline __attribute__((always_inline)) SCAN_TARGET
#define SCAN_CELLS  ENT_QUORUM_SCAN_AVX2

typedef __m256i vec, half, seen_type; /* seen: all ones in a lane with an equality */

SCAN_INLINE vec all(uint64_t x)
{
    return _mm256_set1_epi64x((long long)x);
}

SCAN_INLINE vec load(const uint64_t *p)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

SCAN_INLINE vec plus(vec a, vec b)
{
    return _mm256_add_epi64(a, b);
}

SCAN_INLINE vec less(vec a, vec b)
{
    return _mm256_sub_epi64(a, b);
}

SCAN_INLINE vec both(vec a, vec b)
{
    return _mm256_and_si256(a, b);
}

SCAN_INLINE vec shift_left(vec a, int n)
{
    return _mm256_slli_epi64(a, n);
}

SCAN_INLINE vec shift_right(vec a, int n)
{
    return _mm256_srli_epi64(a, n);
}

SCAN_INLINE vec mul32(vec a, vec b)
{
    return _mm256_mul_epu32(a, b);
}

SCAN_INLINE vec canonical(vec a)
{
    vec too_large = _mm256_cmpgt_epi64(a, all(ENT_QF_P - 1));
    return less(a, both(too_large, all(ENT_QF_P)));
}

/* In each 128 bits: two of a, then two of b. */
SCAN_INLINE half low_halves(vec a, vec b)
{
    return _mm256_castps_si256(
        _mm256_shuffle_ps(_mm256_castsi256_ps(a), _mm256_castsi256_ps(b), 0x88));
}

SCAN_INLINE seen_type seen_none(void)
{
    return _mm256_setzero_si256();
}

SCAN_INLINE seen_type joined(seen_type a, seen_type b)
{
    return _mm256_or_si256(a, b);
}

SCAN_INLINE seen_type noted(seen_type s, half a, half b)
{
    return joined(s, _mm256_cmpeq_epi32(a, b));
}

SCAN_INLINE uint32_t cells_of(seen_type s)
{
    uint32_t lanes = (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(s)), cells = 0;
    for (; lanes != 0; lanes &= lanes - 1) {
        unsigned lane = (unsigned)__builtin_ctz(lanes);
        cells |= UINT32_C(1) << ((lane / 4) * 2 + lane % 2 + (lane % 4 / 2) * (SCAN_CELLS / 2));
    }
    return cells;
}

#include "match/quorum_scan_parts.h"

uint32_t ent_quorum_scan_avx2(const struct ent_quorum_collector *c, const uint64_t *shares,
                              size_t stride)
{
    return scan_cells(c, shares, stride);
}

#endif
