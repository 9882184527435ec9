/* sha256_ni.c: the compression function of FIPS 180-4 on the x86 SHA extensions. */
#include "crypto/crypto.h"
#include "crypto/sha256_ni.h"

#ifdef ENT_HAVE_SHA_NI
#include <cpuid.h>
#include <immintrin.h>
#include <stdatomic.h>

#define TARGET __attribute__((target("sha,sse4.1,ssse3")))

bool ent_sha256_ni_usable(void)
{
    static _Atomic int known = -1;
    int have = atomic_load_explicit(&known, memory_order_relaxed);
    if (have < 0) {
        unsigned a, b, c, d;
        __builtin_cpu_init();
        have = __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b >> 29 & 1) != 0 &&
               __builtin_cpu_supports("sse4.1") && __builtin_cpu_supports("ssse3");
        atomic_store_explicit(&known, have, memory_order_relaxed);
    }
    return have == 1 && ent_cpu_level() != ENT_CPU_PORTABLE;
}

static const uint32_t k[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

#define INLINE static inline __attribute__((always_inline)) TARGET

/* Four rounds on the message words w, from round 4*i. */
INLINE void rounds(__m128i *abef, __m128i *cdgh, __m128i w, int i)
{
    __m128i t = _mm_add_epi32(w, _mm_loadu_si128((const __m128i *)(const void *)&k[4 * i]));
    *cdgh = _mm_sha256rnds2_epu32(*cdgh, *abef, t);
    *abef = _mm_sha256rnds2_epu32(*abef, *cdgh, _mm_shuffle_epi32(t, 0x0E));
}

/* The next four message words from the last sixteen, written over the oldest four. */
INLINE void schedule(__m128i *w0, __m128i w1, __m128i w2, __m128i w3)
{
    __m128i t = _mm_add_epi32(_mm_sha256msg1_epu32(*w0, w1), _mm_alignr_epi8(w3, w2, 4));
    *w0 = _mm_sha256msg2_epu32(t, w3);
}

INLINE __m128i message(const uint8_t *p)
{
    const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    return _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)p), big_endian);
}

INLINE void block(__m128i *abef, __m128i *cdgh, const uint8_t *p)
{
    __m128i a = *abef, c = *cdgh;
    __m128i w0 = message(p), w1 = message(p + 16), w2 = message(p + 32), w3 = message(p + 48);
    rounds(&a, &c, w0, 0);
    rounds(&a, &c, w1, 1);
    rounds(&a, &c, w2, 2);
    rounds(&a, &c, w3, 3);
    for (int i = 4; i < 16; i += 4) {
        schedule(&w0, w1, w2, w3);
        rounds(&a, &c, w0, i);
        schedule(&w1, w2, w3, w0);
        rounds(&a, &c, w1, i + 1);
        schedule(&w2, w3, w0, w1);
        rounds(&a, &c, w2, i + 2);
        schedule(&w3, w0, w1, w2);
        rounds(&a, &c, w3, i + 3);
    }
    *abef = _mm_add_epi32(*abef, a);
    *cdgh = _mm_add_epi32(*cdgh, c);
}

TARGET void ent_sha256_ni_blocks(uint32_t state[static 8], const uint8_t *p, size_t n)
{
    __m128i *s = (__m128i *)(void *)state;
    __m128i dcba = _mm_loadu_si128(s), hgfe = _mm_loadu_si128(s + 1);
    __m128i cdab = _mm_shuffle_epi32(dcba, 0xB1), efgh = _mm_shuffle_epi32(hgfe, 0x1B);
    __m128i abef = _mm_alignr_epi8(cdab, efgh, 8), cdgh = _mm_blend_epi16(efgh, cdab, 0xF0);
    for (; n > 0; n--, p += 64)
        block(&abef, &cdgh, p);
    __m128i feba = _mm_shuffle_epi32(abef, 0x1B), dchg = _mm_shuffle_epi32(cdgh, 0xB1);
    _mm_storeu_si128(s, _mm_blend_epi16(feba, dchg, 0xF0));
    _mm_storeu_si128(s + 1, _mm_alignr_epi8(dchg, feba, 8));
}

#endif
