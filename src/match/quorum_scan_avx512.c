/* quorum_scan_avx512.c: sixteen cells at once. */
#include "match/match.h"
#include "match/quorum_scan.h"

#ifdef ENT_HAVE_QUORUM_SCAN
#include <immintrin.h>

#define SCAN_TARGET __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw")))
#define SCAN_INLINE static inline __attribute__((always_inline)) SCAN_TARGET
#define SCAN_CELLS  ENT_QUORUM_SCAN_AVX512

typedef __m512i vec, half;
typedef __mmask16 seen_type; /* bits of lanes without an equality, as masked comparison has them */

SCAN_INLINE vec all(uint64_t x)
{
    return _mm512_set1_epi64((long long)x);
}

SCAN_INLINE vec load(const uint64_t *p)
{
    return _mm512_loadu_si512(p);
}

SCAN_INLINE vec plus(vec a, vec b)
{
    return _mm512_add_epi64(a, b);
}

SCAN_INLINE vec less(vec a, vec b)
{
    return _mm512_sub_epi64(a, b);
}

SCAN_INLINE vec both(vec a, vec b)
{
    return _mm512_and_si512(a, b);
}

SCAN_INLINE vec shift_left(vec a, unsigned n)
{
    return _mm512_slli_epi64(a, n);
}

SCAN_INLINE vec shift_right(vec a, unsigned n)
{
    return _mm512_srli_epi64(a, n);
}

SCAN_INLINE vec mul32(vec a, vec b)
{
    return _mm512_mul_epu32(a, b);
}

SCAN_INLINE vec canonical(vec a)
{
    return _mm512_min_epu64(a, less(a, all(ENT_QF_P)));
}

/* In each 128 bits: two of a, then two of b. */
SCAN_INLINE half low_halves(vec a, vec b)
{
    return _mm512_castps_si512(
        _mm512_shuffle_ps(_mm512_castsi512_ps(a), _mm512_castsi512_ps(b), 0x88));
}

SCAN_INLINE seen_type seen_none(void)
{
    return 0xffff;
}

SCAN_INLINE seen_type noted(seen_type s, half a, half b)
{
    return _mm512_mask_cmpneq_epi32_mask(s, a, b);
}

SCAN_INLINE seen_type joined(seen_type a, seen_type b)
{
    return (seen_type)(a & b);
}

SCAN_INLINE uint32_t cells_of(seen_type s)
{
    uint32_t lanes = (uint32_t)(uint16_t)~s, cells = 0;
    for (; lanes != 0; lanes &= lanes - 1) {
        unsigned lane = (unsigned)__builtin_ctz(lanes);
        cells |= UINT32_C(1) << ((lane / 4) * 2 + lane % 2 + (lane % 4 / 2) * (SCAN_CELLS / 2));
    }
    return cells;
}

#include "match/quorum_scan_parts.h"

uint32_t ent_quorum_scan_avx512(const struct ent_quorum_collector *c, const uint64_t *shares,
                                size_t stride)
{
    return scan_cells(c, shares, stride);
}

#endif
