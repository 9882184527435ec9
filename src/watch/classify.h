/*
 * classify.h: 64 bytes of text as bit masks, one bit a byte, in versions for each kind of machine.
 * Only sweep.c includes it; each function is compiled into code for its own machine.
 */
#ifndef ENT_WATCH_CLASSIFY_H
#define ENT_WATCH_CLASSIFY_H

#include "watch/chars.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define ENT_INLINE static inline __attribute__((always_inline))
#define ENT_AVX2   __attribute__((target("avx2,bmi,bmi2,lzcnt,popcnt")))
#define ENT_AVX512                                                                                 \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi,bmi,bmi2,lzcnt,popcnt")))

/* Bit i of each: byte i is one of these. */
struct ent_masks {
    uint64_t alnum, digit, dot, trim /* '-' and '_' */, high /* 0x80 and above */;
    uint64_t colon, at, slash /* '/' and '\' */;
};

/* --- portable -----------------------------------------------------------------------------------
 */

/* table: bit k of a byte's entry: it belongs to the k-th mask of struct ent_masks */
static const uint8_t ent_mask_bits[256] = {
    ['0' ... '9'] = 3, ['A' ... 'Z'] = 1, ['a' ... 'z'] = 1,    ['.'] = 4,
    ['-'] = 8,         ['_'] = 8,         [0x80 ... 0xFF] = 16, [':'] = 32,
    ['@'] = 64,        ['/'] = 128,       ['\\'] = 128,
};

/* Eight bytes as rows of bits to eight bytes as columns (Warren, Hacker's Delight, 7-3). */
ENT_INLINE uint64_t ent_transpose8(uint64_t x)
{
    uint64_t t = (x ^ (x >> 7)) & 0x00AA00AA00AA00AAu;
    x ^= t ^ (t << 7);
    t = (x ^ (x >> 14)) & 0x0000CCCC0000CCCCu;
    x ^= t ^ (t << 14);
    t = (x ^ (x >> 28)) & 0x00000000F0F0F0F0u;
    return x ^ t ^ (t << 28);
}

ENT_INLINE void ent_classify_portable(struct ent_masks *ret, const uint8_t *p)
{
    uint64_t m[8] = {0};
    for (unsigned i = 0; i < 64; i += 8) {
        uint64_t rows = 0;
        for (unsigned k = 0; k < 8; k++)
            rows |= (uint64_t)ent_mask_bits[p[i + k]] << (8 * k);
        rows = ent_transpose8(rows);
        for (unsigned k = 0; k < 8; k++)
            m[k] |= (rows >> (8 * k) & 0xFF) << i;
    }
    *ret = (struct ent_masks){m[0], m[1], m[2], m[3], m[4], m[5], m[6], m[7]};
}

ENT_INLINE size_t ent_newlines_portable(const uint8_t *p, size_t n)
{
    size_t found = 0;
    for (size_t i = 0; i < n; i++)
        found += p[i] == '\n';
    return found;
}

/* --- AVX2 ---------------------------------------------------------------------------------------
 */

#if defined(__x86_64__)

ENT_AVX2 ENT_INLINE uint64_t ent_is2(const __m256i v[2], char c)
{
    const __m256i k = _mm256_set1_epi8(c);
    uint32_t lo = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(v[0], k));
    uint32_t hi = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(v[1], k));
    return (uint64_t)hi << 32 | lo;
}

/* Bytes c with first <= c <= first + span. */
ENT_AVX2 ENT_INLINE uint64_t ent_range2(const __m256i v[2], char first, char span)
{
    const __m256i f = _mm256_set1_epi8(first), most = _mm256_set1_epi8(span);
    __m256i lo = _mm256_sub_epi8(v[0], f), hi = _mm256_sub_epi8(v[1], f);
    lo = _mm256_cmpeq_epi8(_mm256_min_epu8(lo, most), lo);
    hi = _mm256_cmpeq_epi8(_mm256_min_epu8(hi, most), hi);
    return (uint64_t)(uint32_t)_mm256_movemask_epi8(hi) << 32 | (uint32_t)_mm256_movemask_epi8(lo);
}

ENT_AVX2 ENT_INLINE void ent_classify_avx2(struct ent_masks *ret, const uint8_t *p)
{
    const __m256i bit5 = _mm256_set1_epi8(0x20);
    const __m256i v[2] = {_mm256_loadu_si256((const __m256i *)p),
                          _mm256_loadu_si256((const __m256i *)(p + 32))};
    const __m256i folded[2] = {_mm256_or_si256(v[0], bit5), _mm256_or_si256(v[1], bit5)};
    ret->digit = ent_range2(v, '0', 9);
    ret->alnum = ret->digit | ent_range2(folded, 'a', 25);
    ret->dot = ent_is2(v, '.');
    ret->trim = ent_is2(v, '-') | ent_is2(v, '_');
    ret->high =
        (uint64_t)(uint32_t)_mm256_movemask_epi8(v[1]) << 32 | (uint32_t)_mm256_movemask_epi8(v[0]);
    ret->colon = ent_is2(v, ':');
    ret->at = ent_is2(v, '@');
    ret->slash = ent_is2(v, '/') | ent_is2(v, '\\');
}

ENT_AVX2 ENT_INLINE size_t ent_newlines_avx2(const uint8_t *p, size_t n)
{
    size_t found = 0, i = 0;
    for (; n - i >= 64; i += 64) {
        const __m256i v[2] = {_mm256_loadu_si256((const __m256i *)(p + i)),
                              _mm256_loadu_si256((const __m256i *)(p + i + 32))};
        found += (size_t)__builtin_popcountll(ent_is2(v, '\n'));
    }
    return found + ent_newlines_portable(p + i, n - i);
}

/* --- AVX-512 ------------------------------------------------------------------------------------
 */

ENT_AVX512 ENT_INLINE void ent_classify_avx512(struct ent_masks *ret, const uint8_t *p)
{
    const __m512i v = _mm512_loadu_si512(p);
    const __m512i lo = _mm512_loadu_si512(ent_mask_bits);
    const __m512i hi = _mm512_loadu_si512(ent_mask_bits + 64);
    ret->high = _mm512_movepi8_mask(v);
    const __m512i c = _mm512_maskz_permutex2var_epi8(~ret->high, lo, v, hi);
    ret->alnum = _mm512_test_epi8_mask(c, _mm512_set1_epi8(1));
    ret->digit = _mm512_test_epi8_mask(c, _mm512_set1_epi8(2));
    ret->dot = _mm512_test_epi8_mask(c, _mm512_set1_epi8(4));
    ret->trim = _mm512_test_epi8_mask(c, _mm512_set1_epi8(8));
    ret->colon = _mm512_test_epi8_mask(c, _mm512_set1_epi8(32));
    ret->at = _mm512_test_epi8_mask(c, _mm512_set1_epi8(64));
    ret->slash = _mm512_movepi8_mask(c);
}

ENT_AVX512 ENT_INLINE size_t ent_newlines_avx512(const uint8_t *p, size_t n)
{
    const __m512i newline = _mm512_set1_epi8('\n');
    size_t found = 0, i = 0;
    for (; n - i >= 64; i += 64)
        found += (size_t)__builtin_popcountll(
            _mm512_cmpeq_epi8_mask(_mm512_loadu_si512(p + i), newline));
    return found + ent_newlines_portable(p + i, n - i);
}

#endif
#endif
