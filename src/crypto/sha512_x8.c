/* sha512_x8.c: FIPS 180-4's SHA-512, eight lanes of 64 bits. */
#include "crypto/crypto.h"
#include "crypto/sha512_x8.h"

#ifdef ENT_HAVE_SHA512_X8
#include <immintrin.h>

#define TARGET __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw")))
#define INLINE static inline __attribute__((always_inline)) TARGET

#define BLOCK 128

/* clang-format off */
static const uint64_t k[80] = {
    0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc,
    0x3956c25bf348b538, 0x59f111f1b605d019, 0x923f82a4af194f9b, 0xab1c5ed5da6d8118,
    0xd807aa98a3030242, 0x12835b0145706fbe, 0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2,
    0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235, 0xc19bf174cf692694,
    0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65,
    0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5,
    0x983e5152ee66dfab, 0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4,
    0xc6e00bf33da88fc2, 0xd5a79147930aa725, 0x06ca6351e003826f, 0x142929670a0e6e70,
    0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed, 0x53380d139d95b3df,
    0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b,
    0xa2bfe8a14cf10364, 0xa81a664bbc423001, 0xc24b8b70d0f89791, 0xc76c51a30654be30,
    0xd192e819d6ef5218, 0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8,
    0x19a4c116b8d2d0c8, 0x1e376c085141ab53, 0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8,
    0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373, 0x682e6ff3d6b2b8a3,
    0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
    0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b,
    0xca273eceea26619c, 0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178,
    0x06f067aa72176fba, 0x0a637dc5a2c898a6, 0x113f9804bef90dae, 0x1b710b35131c471b,
    0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc, 0x431d67c49c100d4c,
    0x4cc5d4becb3e42b6, 0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
};
/* clang-format on */

INLINE __m512i plus(__m512i a, __m512i b)
{
    return _mm512_add_epi64(a, b);
}

INLINE __m512i xor3(__m512i a, __m512i b, __m512i c)
{
    return _mm512_ternarylogic_epi64(a, b, c, 0x96);
}

/* Word i of every lane's block, which lie ENT_SHA512_X8_MAX apart. */
INLINE __m512i word(const uint8_t *p, size_t i)
{
    uint64_t w[8];
    for (size_t lane = 0; lane < 8; lane++)
        memcpy(&w[lane], p + lane * ENT_SHA512_X8_MAX + 8 * i, 8);
    const __m512i big_endian =
        _mm512_broadcast_i32x4(_mm_set_epi64x(0x08090a0b0c0d0e0f, 0x0001020304050607));
    return _mm512_shuffle_epi8(_mm512_loadu_si512(w), big_endian);
}

/* The word for sixteen rounds on: w0 is replaced. */
INLINE void schedule(__m512i *w0, __m512i w1, __m512i w9, __m512i w14)
{
    __m512i s0 = xor3(_mm512_ror_epi64(w1, 1), _mm512_ror_epi64(w1, 8), _mm512_srli_epi64(w1, 7));
    __m512i s1 =
        xor3(_mm512_ror_epi64(w14, 19), _mm512_ror_epi64(w14, 61), _mm512_srli_epi64(w14, 6));
    *w0 = plus(plus(*w0, s0), plus(w9, s1));
}

INLINE void round_once(__m512i a, __m512i b, __m512i c, __m512i *d, __m512i e, __m512i f, __m512i g,
                       __m512i *h, __m512i w, const uint64_t *constant)
{
    __m512i s1 = xor3(_mm512_ror_epi64(e, 14), _mm512_ror_epi64(e, 18), _mm512_ror_epi64(e, 41));
    __m512i s0 = xor3(_mm512_ror_epi64(a, 28), _mm512_ror_epi64(a, 34), _mm512_ror_epi64(a, 39));
    __m512i ch = _mm512_ternarylogic_epi64(e, f, g, 0xCA);
    __m512i maj = _mm512_ternarylogic_epi64(a, b, c, 0xE8);
    __m512i wk = plus(w, _mm512_set1_epi64((long long)*constant));
    __m512i t = plus(plus(*h, s1), plus(ch, wk));
    *d = plus(*d, t);
    *h = plus(t, plus(s0, maj));
}

/* Eight rounds, after which every variable is back in its place. Written out: kept loops would keep
 * the state in memory. */
INLINE void rounds(__m512i v[static 8], const __m512i w[static 8], const uint64_t c[static 8])
{
    round_once(v[0], v[1], v[2], &v[3], v[4], v[5], v[6], &v[7], w[0], c + 0);
    round_once(v[7], v[0], v[1], &v[2], v[3], v[4], v[5], &v[6], w[1], c + 1);
    round_once(v[6], v[7], v[0], &v[1], v[2], v[3], v[4], &v[5], w[2], c + 2);
    round_once(v[5], v[6], v[7], &v[0], v[1], v[2], v[3], &v[4], w[3], c + 3);
    round_once(v[4], v[5], v[6], &v[7], v[0], v[1], v[2], &v[3], w[4], c + 4);
    round_once(v[3], v[4], v[5], &v[6], v[7], v[0], v[1], &v[2], w[5], c + 5);
    round_once(v[2], v[3], v[4], &v[5], v[6], v[7], v[0], &v[1], w[6], c + 6);
    round_once(v[1], v[2], v[3], &v[4], v[5], v[6], v[7], &v[0], w[7], c + 7);
}

INLINE void schedule_all(__m512i w[static 16])
{
    schedule(&w[0], w[1], w[9], w[14]);
    schedule(&w[1], w[2], w[10], w[15]);
    schedule(&w[2], w[3], w[11], w[0]);
    schedule(&w[3], w[4], w[12], w[1]);
    schedule(&w[4], w[5], w[13], w[2]);
    schedule(&w[5], w[6], w[14], w[3]);
    schedule(&w[6], w[7], w[15], w[4]);
    schedule(&w[7], w[8], w[0], w[5]);
    schedule(&w[8], w[9], w[1], w[6]);
    schedule(&w[9], w[10], w[2], w[7]);
    schedule(&w[10], w[11], w[3], w[8]);
    schedule(&w[11], w[12], w[4], w[9]);
    schedule(&w[12], w[13], w[5], w[10]);
    schedule(&w[13], w[14], w[6], w[11]);
    schedule(&w[14], w[15], w[7], w[12]);
    schedule(&w[15], w[0], w[8], w[13]);
}

static TARGET void compress(__m512i state[static 8], const uint8_t *p)
{
    __m512i w[16], v[8];
    for (size_t i = 0; i < 16; i++)
        w[i] = word(p, i);
    memcpy(v, state, sizeof(v));
    rounds(v, w, k);
    rounds(v, w + 8, k + 8);
    for (size_t i = 16; i < 80; i += 16) {
        schedule_all(w);
        rounds(v, w, k + i);
        rounds(v, w + 8, k + i + 8);
    }
    for (size_t i = 0; i < 8; i++)
        state[i] = plus(state[i], v[i]);
}

bool ent_sha512_x8_put(struct ent_sha512_x8 *h, size_t lane, struct ent_slice s)
{
    /* 0x80 and the length in 16 bytes must still fit. */
    if (s.n > ENT_SHA512_X8_MAX - 17 - h->n[lane])
        return false;
    if (s.n > 0)
        memcpy(h->m[lane] + h->n[lane], s.p, s.n);
    h->n[lane] += s.n;
    return true;
}

static size_t blocks(size_t n)
{
    return (n + 17 + BLOCK - 1) / BLOCK;
}

static TARGET void hash_lanes(uint8_t *ret, struct ent_sha512_x8 *h,
                              const crypto_hash_sha512_state *from)
{
    size_t n = blocks(h->n[0]);
    __m512i state[8];
    uint64_t word_of[8][8];
    for (size_t lane = 0; lane < 8; lane++) {
        uint64_t bits = from->count[1] + 8 * (uint64_t)h->n[lane];
        uint8_t *end = h->m[lane] + n * BLOCK;
        memset(h->m[lane] + h->n[lane], 0, n * BLOCK - h->n[lane]);
        h->m[lane][h->n[lane]] = 0x80;
        for (int i = 1; i <= 8; i++)
            end[-i] = (uint8_t)(bits >> (8 * (i - 1)));
    }
    for (size_t i = 0; i < 8; i++)
        state[i] = _mm512_set1_epi64((long long)from->state[i]);
    for (size_t i = 0; i < n; i++)
        compress(state, h->m[0] + i * BLOCK);
    for (size_t i = 0; i < 8; i++)
        _mm512_storeu_si512(word_of[i], state[i]);
    for (size_t lane = 0; lane < 8; lane++)
        for (size_t i = 0; i < 64; i++)
            ret[64 * lane + i] = (uint8_t)(word_of[i / 8][lane] >> (56 - 8 * (i % 8)));
}

void ent_sha512_x8_end(uint8_t ret[static 8 * 64], struct ent_sha512_x8 *h,
                       const crypto_hash_sha512_state *from)
{
    bool even = true;
    for (size_t lane = 1; lane < 8; lane++)
        even = even && blocks(h->n[lane]) == blocks(h->n[0]);
    if (even)
        hash_lanes(ret, h, from);
    for (size_t lane = 0; lane < 8 && !even; lane++) {
        crypto_hash_sha512_state st = *from;
        (void)crypto_hash_sha512_update(&st, h->m[lane], h->n[lane]);
        (void)crypto_hash_sha512_final(&st, ret + 64 * lane);
    }
    ent_wipe(h, sizeof(*h));
}

#endif
