/*
 * ifma.c: eight field elements, points and multiples side by side, one in each 64-bit lane.
 *
 * Radix 2^51, five limbs, because vpmadd52 reads 52 bits of each factor: one spare bit. "Reduced"
 * limbs are below 2^51 + 2^14; products and carried sums are. A plain sum of two reduced elements
 * may pass 2^52, so sums are carried before they are multiplied; 2p - x of a reduced x does not.
 */
#include "crypto/crypto.h"
#include "crypto/ifma.h"

#ifdef ENT_HAVE_IFMA
#include <immintrin.h>

#define TARGET __attribute__((target("avx512f,avx512ifma,avx512vl,avx512dq,avx512bw,avx512vbmi")))
#define INLINE static inline __attribute__((always_inline)) TARGET

struct fe8 {
    __m512i v[5];
};
struct point8 {
    struct fe8 x, y, z, t;
};
struct cached8 {
    struct fe8 yx, y_x, z2, t2d;
};

/* --- field ---------------------------------------------------------------------------------- */

INLINE __m512i all(uint64_t x)
{
    return _mm512_set1_epi64((long long)x);
}

INLINE __m512i lo(__m512i acc, __m512i a, __m512i b)
{
    return _mm512_madd52lo_epu64(acc, a, b);
}

INLINE __m512i hi(__m512i acc, __m512i a, __m512i b)
{
    return _mm512_madd52hi_epu64(acc, a, b);
}

INLINE __m512i plus(__m512i a, __m512i b)
{
    return _mm512_add_epi64(a, b);
}

INLINE __m512i minus(__m512i a, __m512i b)
{
    return _mm512_sub_epi64(a, b);
}

INLINE struct fe8 constant(struct ent_fe a)
{
    return (struct fe8){{all(a.v[0]), all(a.v[1]), all(a.v[2]), all(a.v[3]), all(a.v[4])}};
}

INLINE struct fe8 small(uint64_t x)
{
    __m512i z = _mm512_setzero_si512();
    return (struct fe8){{all(x), z, z, z, z}};
}

/* Limbs below 2^61 to reduced ones. All carries at once: none is above 2^10. */
INLINE struct fe8 carried(struct fe8 a)
{
    const __m512i mask = all(ENT_FE_MASK);
    __m512i c0 = _mm512_srli_epi64(a.v[0], 51), c1 = _mm512_srli_epi64(a.v[1], 51),
            c2 = _mm512_srli_epi64(a.v[2], 51), c3 = _mm512_srli_epi64(a.v[3], 51),
            c4 = _mm512_srli_epi64(a.v[4], 51);
    struct fe8 r;
    r.v[0] = lo(_mm512_and_si512(a.v[0], mask), c4, all(19));
    r.v[1] = plus(_mm512_and_si512(a.v[1], mask), c0);
    r.v[2] = plus(_mm512_and_si512(a.v[2], mask), c1);
    r.v[3] = plus(_mm512_and_si512(a.v[3], mask), c2);
    r.v[4] = plus(_mm512_and_si512(a.v[4], mask), c3);
    return r;
}

INLINE struct fe8 sum(struct fe8 a, struct fe8 b)
{
    return (struct fe8){{plus(a.v[0], b.v[0]), plus(a.v[1], b.v[1]), plus(a.v[2], b.v[2]),
                         plus(a.v[3], b.v[3]), plus(a.v[4], b.v[4])}};
}

INLINE struct fe8 biased(struct fe8 a, struct fe8 b, __m512i bias0, __m512i bias)
{
    return (struct fe8){{minus(plus(a.v[0], bias0), b.v[0]), minus(plus(a.v[1], bias), b.v[1]),
                         minus(plus(a.v[2], bias), b.v[2]), minus(plus(a.v[3], bias), b.v[3]),
                         minus(plus(a.v[4], bias), b.v[4])}};
}

/* a + 2p - b; b reduced */
INLINE struct fe8 difference(struct fe8 a, struct fe8 b)
{
    return biased(a, b, all((UINT64_C(1) << 52) - 38), all((UINT64_C(1) << 52) - 2));
}

/* a + 4p - b; b a sum of two reduced elements */
INLINE struct fe8 difference4(struct fe8 a, struct fe8 b)
{
    return biased(a, b, all((UINT64_C(1) << 53) - 76), all((UINT64_C(1) << 53) - 4));
}

INLINE struct fe8 add(struct fe8 a, struct fe8 b)
{
    return carried(sum(a, b));
}

INLINE struct fe8 sub(struct fe8 a, struct fe8 b)
{
    return carried(difference(a, b));
}

/* low + 19 high, since 2^255 = 19; high limbs below 2^56 */
INLINE __m512i fold(__m512i low, __m512i high)
{
    __m512i h3 = plus(plus(high, high), high); /* 19 h = 16 h + 3 h */
    return plus(plus(low, h3), _mm512_slli_epi64(high, 4));
}

INLINE struct fe8 folded(const __m512i z[static 10])
{
    return carried((struct fe8){{fold(z[0], z[5]), fold(z[1], z[6]), fold(z[2], z[7]),
                                 fold(z[3], z[8]), fold(z[4], z[9])}});
}

/* One row of the product: z[j] += a * b_j, low or high halves. Written out, like all that runs over
 * limbs here, because a loop that the compiler keeps would keep z in memory. */
INLINE void row_lo(__m512i z[static 5], __m512i a, struct fe8 b)
{
    z[0] = lo(z[0], a, b.v[0]);
    z[1] = lo(z[1], a, b.v[1]);
    z[2] = lo(z[2], a, b.v[2]);
    z[3] = lo(z[3], a, b.v[3]);
    z[4] = lo(z[4], a, b.v[4]);
}

INLINE void row_hi(__m512i z[static 5], __m512i a, struct fe8 b)
{
    z[0] = hi(z[0], a, b.v[0]);
    z[1] = hi(z[1], a, b.v[1]);
    z[2] = hi(z[2], a, b.v[2]);
    z[3] = hi(z[3], a, b.v[3]);
    z[4] = hi(z[4], a, b.v[4]);
}

INLINE void clear(__m512i z[static 10])
{
    z[0] = z[1] = z[2] = z[3] = z[4] = _mm512_setzero_si512();
    z[5] = z[6] = z[7] = z[8] = z[9] = _mm512_setzero_si512();
}

INLINE void twice(__m512i z[static 10])
{
    z[0] = plus(z[0], z[0]);
    z[1] = plus(z[1], z[1]);
    z[2] = plus(z[2], z[2]);
    z[3] = plus(z[3], z[3]);
    z[4] = plus(z[4], z[4]);
    z[5] = plus(z[5], z[5]);
    z[6] = plus(z[6], z[6]);
    z[7] = plus(z[7], z[7]);
    z[8] = plus(z[8], z[8]);
    z[9] = plus(z[9], z[9]);
}

/*
 * a_i b_j = lo + 2^52 hi, and 2^52 = 2 * 2^51: the high halves count twice, one place up. They are
 * summed first and doubled once. Limbs below 2^52.
 */
INLINE struct fe8 mul(struct fe8 a, struct fe8 b)
{
    __m512i z[10];
    clear(z);
    row_hi(z + 1, a.v[0], b);
    row_hi(z + 2, a.v[1], b);
    row_hi(z + 3, a.v[2], b);
    row_hi(z + 4, a.v[3], b);
    row_hi(z + 5, a.v[4], b);
    twice(z);
    row_lo(z + 0, a.v[0], b);
    row_lo(z + 1, a.v[1], b);
    row_lo(z + 2, a.v[2], b);
    row_lo(z + 3, a.v[3], b);
    row_lo(z + 4, a.v[4], b);
    return folded(z);
}

/* As mul(), each mixed product once: 2 (lo_mixed + hi_square + 2 hi_mixed) + lo_square. */
INLINE struct fe8 sq(struct fe8 x)
{
    __m512i z[10], a = x.v[0], b = x.v[1], c = x.v[2], d = x.v[3], e = x.v[4];
    clear(z);
    z[2] = hi(z[2], a, b);
    z[3] = hi(z[3], a, c);
    z[4] = hi(hi(z[4], a, d), b, c);
    z[5] = hi(hi(z[5], a, e), b, d);
    z[6] = hi(hi(z[6], b, e), c, d);
    z[7] = hi(z[7], c, e);
    z[8] = hi(z[8], d, e);
    twice(z);
    z[1] = lo(hi(z[1], a, a), a, b);
    z[2] = lo(z[2], a, c);
    z[3] = lo(lo(hi(z[3], b, b), a, d), b, c);
    z[4] = lo(lo(z[4], a, e), b, d);
    z[5] = lo(lo(hi(z[5], c, c), b, e), c, d);
    z[6] = lo(z[6], c, e);
    z[7] = lo(hi(z[7], d, d), d, e);
    z[9] = hi(z[9], e, e);
    twice(z);
    z[0] = lo(z[0], a, a);
    z[2] = lo(z[2], b, b);
    z[4] = lo(z[4], c, c);
    z[6] = lo(z[6], d, d);
    z[8] = lo(z[8], e, e);
    return folded(z);
}

/* mask ? b : a */
INLINE struct fe8 choose(__mmask8 mask, struct fe8 a, struct fe8 b)
{
    return (struct fe8){{_mm512_mask_blend_epi64(mask, a.v[0], b.v[0]),
                         _mm512_mask_blend_epi64(mask, a.v[1], b.v[1]),
                         _mm512_mask_blend_epi64(mask, a.v[2], b.v[2]),
                         _mm512_mask_blend_epi64(mask, a.v[3], b.v[3]),
                         _mm512_mask_blend_epi64(mask, a.v[4], b.v[4])}};
}

/* mask ? -a : a; a reduced, the result good for multiplying */
INLINE struct fe8 negate_if(__mmask8 mask, struct fe8 a)
{
    return choose(mask, a, difference(small(0), a));
}

/* The canonical limbs, as ent_fe_write() finds them. */
INLINE struct fe8 canonical(struct fe8 a)
{
    const __m512i mask = all(ENT_FE_MASK);
    struct fe8 t = a;
    __m512i c, q;
    for (int round = 0; round < 2; round++) {
        c = _mm512_setzero_si512();
        for (int i = 0; i < 5; i++) {
            t.v[i] = plus(t.v[i], c);
            c = _mm512_srli_epi64(t.v[i], 51);
            t.v[i] = _mm512_and_si512(t.v[i], mask);
        }
        t.v[0] = lo(t.v[0], c, all(19));
    }
    q = _mm512_srli_epi64(plus(t.v[0], all(19)), 51);
    for (int i = 1; i < 5; i++)
        q = _mm512_srli_epi64(plus(t.v[i], q), 51);
    t.v[0] = lo(t.v[0], q, all(19));
    for (int i = 0; i < 4; i++) {
        t.v[i + 1] = plus(t.v[i + 1], _mm512_srli_epi64(t.v[i], 51));
        t.v[i] = _mm512_and_si512(t.v[i], mask);
    }
    t.v[4] = _mm512_and_si512(t.v[4], mask);
    return t;
}

INLINE __mmask8 is_negative(struct fe8 a)
{
    return _mm512_test_epi64_mask(canonical(a).v[0], all(1));
}

INLINE __mmask8 is_zero(struct fe8 a)
{
    struct fe8 t = canonical(a);
    __m512i any = _mm512_or_si512(_mm512_or_si512(t.v[0], t.v[1]),
                                  _mm512_or_si512(_mm512_or_si512(t.v[2], t.v[3]), t.v[4]));
    return _mm512_testn_epi64_mask(any, any);
}

INLINE struct fe8 absolute(struct fe8 a)
{
    return carried(negate_if(is_negative(a), a));
}

static TARGET struct fe8 square_times(struct fe8 a, int n)
{
    for (; n > 0; n--)
        a = sq(a);
    return a;
}

/* The chain of ent_fe_pow_p58(). */
static TARGET struct fe8 pow_p58(struct fe8 e1)
{
    struct fe8 t = mul(sq(e1), e1); /* e2 */
    struct fe8 e4 = mul(square_times(t, 2), t);
    struct fe8 e5 = mul(sq(e4), e1);
    struct fe8 e10 = mul(square_times(e5, 5), e5);
    struct fe8 e20 = mul(square_times(e10, 10), e10);
    struct fe8 e40 = mul(square_times(e20, 20), e20);
    struct fe8 e50 = mul(square_times(e40, 10), e10);
    struct fe8 e100 = mul(square_times(e50, 50), e50);
    struct fe8 e200 = mul(square_times(e100, 100), e100);
    struct fe8 e250 = mul(square_times(e200, 50), e50);
    return mul(square_times(e250, 2), e1);
}

/* ent_fe_sqrt_ratio(); the mask says where u/v is a square. */
static TARGET __mmask8 sqrt_ratio(struct fe8 *ret, struct fe8 u, struct fe8 v)
{
    const struct fe8 sqrt_m1 = constant((struct ent_fe)ENT_FE_SQRT_M1);
    struct fe8 v3 = mul(sq(v), v);
    struct fe8 r = pow_p58(mul(mul(sq(v3), v), u));
    r = mul(mul(u, v3), r);
    struct fe8 check = mul(sq(r), v);
    __mmask8 correct = is_zero(difference(check, u));
    __mmask8 flipped = is_zero(sum(check, u));
    __mmask8 flipped_i = is_zero(sum(check, mul(u, sqrt_m1)));
    r = choose((__mmask8)(flipped | flipped_i), r, mul(r, sqrt_m1));
    *ret = absolute(r);
    return (__mmask8)(correct | flipped);
}

/* --- encodings ------------------------------------------------------------------------------ */

/* A little-endian word of every lane, `stride` bytes apart. */
INLINE __m512i words(const uint8_t *b, size_t stride)
{
    uint64_t w[8];
    for (size_t lane = 0; lane < 8; lane++)
        memcpy(&w[lane], b + lane * stride, 8);
    return _mm512_loadu_si512(w);
}

/* Eight times 32 bytes, one behind the other every `stride` bytes; bit 255 dropped. */
INLINE struct fe8 fe_read(const uint8_t *b, size_t stride)
{
    const __m512i mask = all(ENT_FE_MASK);
    __m512i w0 = words(b, stride), w1 = words(b + 8, stride), w2 = words(b + 16, stride),
            w3 = words(b + 24, stride);
    struct fe8 r;
    r.v[0] = w0;
    r.v[1] = _mm512_or_si512(_mm512_srli_epi64(w0, 51), _mm512_slli_epi64(w1, 13));
    r.v[2] = _mm512_or_si512(_mm512_srli_epi64(w1, 38), _mm512_slli_epi64(w2, 26));
    r.v[3] = _mm512_or_si512(_mm512_srli_epi64(w2, 25), _mm512_slli_epi64(w3, 39));
    r.v[4] = _mm512_srli_epi64(w3, 12);
    for (int i = 0; i < 5; i++)
        r.v[i] = _mm512_and_si512(r.v[i], mask);
    return r;
}

static TARGET void fe_write(uint8_t ret[static 256], struct fe8 a)
{
    struct fe8 t = canonical(a);
    uint64_t w[4][8];
    _mm512_storeu_si512(w[0], _mm512_or_si512(t.v[0], _mm512_slli_epi64(t.v[1], 51)));
    _mm512_storeu_si512(
        w[1], _mm512_or_si512(_mm512_srli_epi64(t.v[1], 13), _mm512_slli_epi64(t.v[2], 38)));
    _mm512_storeu_si512(
        w[2], _mm512_or_si512(_mm512_srli_epi64(t.v[2], 26), _mm512_slli_epi64(t.v[3], 25)));
    _mm512_storeu_si512(
        w[3], _mm512_or_si512(_mm512_srli_epi64(t.v[3], 39), _mm512_slli_epi64(t.v[4], 12)));
    for (size_t lane = 0; lane < 8; lane++)
        for (size_t i = 0; i < 4; i++)
            ent_put_u64le(ret + 32 * lane + 8 * i, w[i][lane]);
}

/* ent_point_decode(); whether an encoding has its canonical form is seen by writing it again. */
static TARGET __mmask8 decode(struct point8 *ret, const uint8_t b[static 256])
{
    const struct fe8 one = small(1), d = constant((struct ent_fe)ENT_FE_D);
    uint8_t again[256];
    struct fe8 s = fe_read(b, 32), ss = sq(s);
    struct fe8 u1 = sub(one, ss), u2 = add(one, ss), u2_sq = sq(u2);
    struct fe8 v = carried(difference4(small(0), sum(mul(sq(u1), d), u2_sq)));
    struct fe8 den_x;
    __mmask8 ok = sqrt_ratio(&den_x, one, mul(v, u2_sq));
    struct fe8 den_y = mul(den_x, v);
    den_x = mul(den_x, u2);
    den_y = mul(den_y, den_x);
    ret->x = absolute(mul(add(s, s), den_x));
    ret->y = mul(u1, den_y);
    ret->z = one;
    ret->t = mul(ret->x, ret->y);
    ok = (__mmask8)(ok & ~is_negative(ret->t) & ~is_zero(ret->y) & ~is_negative(s));
    fe_write(again, s);
    for (size_t lane = 0; lane < 8; lane++) {
        unsigned differ = 0;
        for (size_t i = 0; i < 32; i++)
            differ |= (unsigned)(again[32 * lane + i] ^ b[32 * lane + i]);
        ok = (__mmask8)(ok & ~(((0 - differ) >> 31) << lane));
    }
    return ok;
}

static TARGET void encode(uint8_t ret[static 256], const struct point8 *p)
{
    const struct fe8 sqrt_m1 = constant((struct ent_fe)ENT_FE_SQRT_M1),
                     inv_a_minus_d = constant((struct ent_fe)ENT_FE_INVSQRT_A_MINUS_D);
    struct fe8 u1 = mul(add(p->z, p->y), sub(p->z, p->y)), u2 = mul(p->x, p->y), invsqrt;
    (void)sqrt_ratio(&invsqrt, small(1), mul(u1, sq(u2)));
    struct fe8 den1 = mul(invsqrt, u1), den2 = mul(invsqrt, u2);
    struct fe8 z_inv = mul(mul(den1, den2), p->t);
    __mmask8 rotate = is_negative(mul(p->t, z_inv));
    struct fe8 x = choose(rotate, p->x, mul(p->y, sqrt_m1));
    struct fe8 y = choose(rotate, p->y, mul(p->x, sqrt_m1));
    struct fe8 den = choose(rotate, den2, mul(den1, inv_a_minus_d));
    y = carried(negate_if(is_negative(mul(x, z_inv)), y));
    fe_write(ret, absolute(mul(den, sub(p->z, y))));
}

/* MAP of RFC 9496 section 4.3.4, as map() in point.c. */
static TARGET void map(struct point8 *ret, struct fe8 t)
{
    const struct fe8 one = small(1), d = constant((struct ent_fe)ENT_FE_D);
    struct fe8 r = mul(sq(t), constant((struct ent_fe)ENT_FE_SQRT_M1));
    struct fe8 u = mul(add(r, one), constant((struct ent_fe)ENT_FE_ONE_MINUS_D_SQ));
    struct fe8 c = sub(small(0), add(mul(r, d), one));
    struct fe8 v = mul(add(r, d), c), s;
    __mmask8 square = sqrt_ratio(&s, u, v);
    struct fe8 other = carried(difference(small(0), absolute(mul(s, t))));
    s = choose(square, other, s);
    c = choose(square, r, carried(difference(small(0), one)));
    struct fe8 n = mul(mul(c, sub(r, one)), constant((struct ent_fe)ENT_FE_D_MINUS_ONE_SQ));
    n = sub(n, v);
    struct fe8 w0 = mul(add(s, s), v);
    struct fe8 w1 = mul(n, constant((struct ent_fe)ENT_FE_SQRT_AD_MINUS_ONE));
    struct fe8 ss = sq(s), w2 = sub(one, ss), w3 = add(one, ss);
    ret->x = mul(w0, w3);
    ret->y = mul(w2, w1);
    ret->z = mul(w1, w3);
    ret->t = mul(w0, w2);
}

/* --- the group law: the formulas of point.c ------------------------------------------------- */

INLINE void to_cached(struct cached8 *ret, const struct point8 *p)
{
    ret->yx = add(p->y, p->x);
    ret->y_x = sub(p->y, p->x);
    ret->z2 = add(p->z, p->z);
    ret->t2d = mul(p->t, constant((struct ent_fe)ENT_FE_2D));
}

static TARGET void point_add(struct point8 *p, const struct cached8 *q)
{
    struct fe8 a = mul(sub(p->y, p->x), q->y_x), b = mul(add(p->y, p->x), q->yx);
    struct fe8 c = mul(p->t, q->t2d), d = mul(p->z, q->z2);
    struct fe8 e = sub(b, a), f = sub(d, c), g = add(d, c), h = add(b, a);
    p->x = mul(e, f);
    p->y = mul(g, h);
    p->z = mul(f, g);
    p->t = mul(e, h);
}

static TARGET void point_double(struct point8 *p, int n)
{
    for (; n > 0; n--) {
        struct fe8 a = sq(p->x), b = sq(p->y), c = sq(p->z), e = sq(add(p->x, p->y));
        struct fe8 h = sum(a, b);
        e = carried(difference4(e, h));
        h = carried(h);
        struct fe8 g = sub(b, a);
        struct fe8 f = carried(difference(sum(sum(c, c), a), b));
        p->x = mul(e, f);
        p->y = mul(g, h);
        p->z = mul(f, g);
        if (n == 1)
            p->t = mul(e, h);
    }
}

static TARGET void identity(struct point8 *p)
{
    p->x = p->t = small(0);
    p->y = p->z = small(1);
}

/* --- multiples ------------------------------------------------------------------------------ */

/* 1P .. 8P */
static TARGET void fill_table(struct cached8 table[static 8], const struct point8 *p)
{
    struct point8 q = *p;
    to_cached(&table[0], p);
    for (size_t i = 1; i < 8; i++) {
        point_add(&q, &table[0]);
        to_cached(&table[i], &q);
    }
}

/* In each lane its digit's multiple; the whole table is read. */
INLINE void pick(struct cached8 *ret, const struct cached8 table[static 8],
                 const int8_t digit[static 8])
{
    __m512i d = _mm512_cvtepi8_epi64(_mm_loadl_epi64((const __m128i *)(const void *)digit));
    __mmask8 negative = _mm512_movepi64_mask(d);
    __m512i abs = _mm512_abs_epi64(d);
    struct cached8 c = {small(1), small(1), small(2), small(0)};
    for (unsigned i = 0; i < 8; i++) {
        __mmask8 hit = _mm512_cmpeq_epi64_mask(abs, all(i + 1));
        c.yx = choose(hit, c.yx, table[i].yx);
        c.y_x = choose(hit, c.y_x, table[i].y_x);
        c.z2 = choose(hit, c.z2, table[i].z2);
        c.t2d = choose(hit, c.t2d, table[i].t2d);
    }
    ret->yx = choose(negative, c.yx, c.y_x);
    ret->y_x = choose(negative, c.y_x, c.yx);
    ret->z2 = c.z2;
    ret->t2d = negate_if(negative, c.t2d);
}

/* digit[i][lane]; lanes from n on have digits 0. */
static void spread_digits(int8_t ret[static 64][8], const struct ent_scalar *k, size_t step,
                          size_t n)
{
    int8_t one[64];
    memset(ret, 0, 64 * 8);
    for (size_t lane = 0; lane < n; lane++) {
        ent_scalar_digits(one, &k[lane * step]);
        for (size_t i = 0; i < 64; i++)
            ret[i][lane] = one[i];
    }
    ent_wipe(one, sizeof(one));
}

static TARGET void multiply(struct point8 *p, const struct ent_scalar *k, size_t step, size_t n)
{
    struct cached8 table[8], c;
    int8_t digit[64][8];
    spread_digits(digit, k, step, n);
    fill_table(table, p);
    identity(p);
    for (size_t i = 64; i-- > 0;) {
        if (i < 63)
            point_double(p, 4);
        pick(&c, table, digit[i]);
        point_add(p, &c);
    }
    ent_wipe(digit, sizeof(digit));
    ent_wipe(table, sizeof(table));
    ent_wipe(&c, sizeof(c));
}

/* --- what group.c calls --------------------------------------------------------------------- */

/* n pieces of `size` bytes, the first one again in the lanes behind them. */
static void padded(uint8_t *ret, const uint8_t *from, size_t size, size_t n)
{
    memcpy(ret, from, size * n);
    for (size_t lane = n; lane < 8; lane++)
        memcpy(ret + size * lane, from, size);
}

uint64_t ent_ifma_decodes(const uint8_t *bytes, size_t n)
{
    struct point8 p;
    uint8_t b[256];
    padded(b, bytes, 32, n);
    return decode(&p, b) == 0xFF;
}

static void store(struct ent_element *ret, const struct point8 *p, size_t n)
{
    uint8_t b[256];
    encode(b, p);
    memcpy(ret, b, 32 * n);
}

uint64_t ent_ifma_mul(struct ent_element *ret, const struct ent_scalar *k, size_t step,
                      const struct ent_element *in, size_t n)
{
    struct point8 p;
    uint8_t b[256];
    padded(b, in[0].b, 32, n);
    __mmask8 ok = decode(&p, b);
    multiply(&p, k, step, n);
    store(ret, &p, n);
    ent_wipe(&p, sizeof(p));
    return ok == 0xFF;
}

TARGET uint64_t ent_ifma_add(struct ent_element *ret, const struct ent_element *in, size_t n)
{
    struct point8 p, q;
    struct cached8 c;
    uint8_t b[256];
    padded(b, ret[0].b, 32, n);
    __mmask8 ok = decode(&p, b);
    padded(b, in[0].b, 32, n);
    ok &= decode(&q, b);
    to_cached(&c, &q);
    point_add(&p, &c);
    store(ret, &p, n);
    ent_wipe(&p, sizeof(p));
    ent_wipe(&q, sizeof(q));
    ent_wipe(&c, sizeof(c));
    return ok == 0xFF;
}

static TARGET void hashed(struct point8 *ret, const uint8_t *hashes, size_t n)
{
    struct point8 q;
    struct cached8 c;
    uint8_t b[512];
    padded(b, hashes, 64, n);
    map(&q, fe_read(b, 64));
    to_cached(&c, &q);
    map(ret, fe_read(b + 32, 64));
    point_add(ret, &c);
    ent_wipe(&q, sizeof(q));
    ent_wipe(&c, sizeof(c));
    ent_wipe(b, sizeof(b));
}

void ent_ifma_from_hash(struct ent_element *ret, const uint8_t *hashes, size_t n)
{
    struct point8 p;
    hashed(&p, hashes, n);
    store(ret, &p, n);
    ent_wipe(&p, sizeof(p));
}

void ent_ifma_mul_hashed(struct ent_element *ret, const struct ent_scalar *k, size_t step,
                         const uint8_t *hashes, size_t n)
{
    struct point8 p;
    hashed(&p, hashes, n);
    multiply(&p, k, step, n);
    store(ret, &p, n);
    ent_wipe(&p, sizeof(p));
}

static TARGET void lanes(struct ent_point ret[static 8], const struct point8 *p)
{
    const struct fe8 *from[4] = {&p->x, &p->y, &p->z, &p->t};
    for (size_t f = 0; f < 4; f++) {
        uint64_t limb[5][8];
        for (size_t i = 0; i < 5; i++)
            _mm512_storeu_si512(limb[i], from[f]->v[i]);
        for (size_t lane = 0; lane < 8; lane++) {
            struct ent_fe *to[4] = {&ret[lane].x, &ret[lane].y, &ret[lane].z, &ret[lane].t};
            for (size_t i = 0; i < 5; i++)
                to[f]->v[i] = limb[i][lane];
            ent_fe_carry(to[f]); /* "reduced" here is a little more than "tight" there */
        }
    }
}

TARGET uint64_t ent_ifma_sum_var(struct ent_point *ret, const struct ent_scalar *k,
                                 const struct ent_element *in, size_t n)
{
    struct cached8 table[ENT_IFMA_SUM_MAX / 8][8], c;
    int8_t digit[ENT_IFMA_SUM_MAX / 8][64][8];
    struct ent_point lane[8];
    struct ent_cached one;
    struct point8 p;
    size_t groups = (n + 7) / 8;
    __mmask8 ok = 0xFF;
    for (size_t g = 0; g < groups; g++) {
        size_t m = n - 8 * g < 8 ? n - 8 * g : 8;
        uint8_t b[256];
        padded(b, in[8 * g].b, 32, m);
        ok &= decode(&p, b);
        fill_table(table[g], &p);
        spread_digits(digit[g], k + 8 * g, 1, m);
    }
    identity(&p);
    for (size_t i = 64; i-- > 0;) {
        if (i < 63)
            point_double(&p, 4);
        for (size_t g = 0; g < groups; g++) {
            pick(&c, table[g], digit[g][i]);
            point_add(&p, &c);
        }
    }
    lanes(lane, &p);
    for (size_t i = 1; i < 8; i++) {
        ent_point_to_cached(&one, &lane[i]);
        ent_point_add(&lane[0], &lane[0], &one);
    }
    *ret = lane[0];
    return ok == 0xFF;
}

#endif
