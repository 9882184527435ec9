/* point.c: the ristretto255 group on edwards25519, portable. */
#include "crypto/crypto.h"
#include "crypto/point.h"

static const struct ent_fe zero = {{0}}, one = {{1}}, fe_d = ENT_FE_D, fe_2d = ENT_FE_2D,
                           sqrt_m1 = ENT_FE_SQRT_M1;

void ent_point_identity(struct ent_point *ret)
{
    *ret = (struct ent_point){zero, one, one, zero};
}

/* --- encodings ------------------------------------------------------------------------------ */

/* 1 when b < p and even, from the bytes alone. */
static uint64_t looks_canonical(const uint8_t b[static 32])
{
    uint32_t borrow = 0;
    for (size_t i = 0; i < 32; i++) {
        uint32_t p = i == 0 ? 0xED : i == 31 ? 0x7F : 0xFF;
        borrow = (b[i] - p - borrow) >> 31;
    }
    return borrow & (uint32_t)(~b[0] & 1);
}

uint64_t ent_point_decode(struct ent_point *ret, const uint8_t b32[static 32])
{
    struct ent_fe s, ss, u1, u2, u2_sq, v, t, den_x, den_y;
    ent_fe_read(&s, b32);
    ent_fe_sq(&ss, &s);
    ent_fe_sub(&u1, &one, &ss);
    ent_fe_add(&u2, &one, &ss);
    ent_fe_sq(&u2_sq, &u2);
    ent_fe_sq(&t, &u1);
    ent_fe_mul(&t, &t, &fe_d);
    ent_fe_add(&t, &t, &u2_sq);
    ent_fe_sub(&v, &zero, &t); /* -(d u1^2) - u2^2 */
    ent_fe_mul(&t, &v, &u2_sq);
    uint64_t was_square = ent_fe_sqrt_ratio(&den_x, &one, &t);
    ent_fe_mul(&den_y, &den_x, &v);
    ent_fe_mul(&den_x, &den_x, &u2);
    ent_fe_mul(&den_y, &den_y, &den_x);
    ent_fe_add(&s, &s, &s);
    ent_fe_mul(&t, &s, &den_x);
    ent_fe_abs(&ret->x, &t);
    ent_fe_mul(&ret->y, &u1, &den_y);
    ret->z = one;
    ent_fe_mul(&ret->t, &ret->x, &ret->y);
    return was_square & (ent_fe_is_negative(&ret->t) ^ 1) & (ent_fe_is_zero(&ret->y) ^ 1) &
           looks_canonical(b32);
}

void ent_point_encode(uint8_t ret32[static 32], const struct ent_point *p)
{
    static const struct ent_fe inv_a_minus_d = ENT_FE_INVSQRT_A_MINUS_D;
    struct ent_fe u1, u2, t, invsqrt, den1, den2, z_inv, x, y, den;
    ent_fe_add(&t, &p->z, &p->y);
    ent_fe_sub(&u1, &p->z, &p->y);
    ent_fe_mul(&u1, &u1, &t);
    ent_fe_mul(&u2, &p->x, &p->y);
    ent_fe_sq(&t, &u2);
    ent_fe_mul(&t, &t, &u1);
    (void)ent_fe_sqrt_ratio(&invsqrt, &one, &t);
    ent_fe_mul(&den1, &invsqrt, &u1);
    ent_fe_mul(&den2, &invsqrt, &u2);
    ent_fe_mul(&z_inv, &den1, &den2);
    ent_fe_mul(&z_inv, &z_inv, &p->t);
    ent_fe_mul(&t, &p->t, &z_inv);
    uint64_t rotate = ent_fe_is_negative(&t);
    x = p->x;
    y = p->y;
    den = den2;
    ent_fe_mul(&t, &p->y, &sqrt_m1);
    ent_fe_cmov(&x, &t, rotate);
    ent_fe_mul(&t, &p->x, &sqrt_m1);
    ent_fe_cmov(&y, &t, rotate);
    ent_fe_mul(&t, &den1, &inv_a_minus_d);
    ent_fe_cmov(&den, &t, rotate);
    ent_fe_mul(&t, &x, &z_inv);
    ent_fe_cneg(&y, &y, ent_fe_is_negative(&t));
    ent_fe_sub(&t, &p->z, &y);
    ent_fe_mul(&t, &t, &den);
    ent_fe_abs(&t, &t);
    ent_fe_write(ret32, &t);
}

/* MAP of RFC 9496 section 4.3.4. */
static void map(struct ent_point *ret, const uint8_t b32[static 32])
{
    static const struct ent_fe one_minus_d_sq = ENT_FE_ONE_MINUS_D_SQ,
                               d_minus_one_sq = ENT_FE_D_MINUS_ONE_SQ,
                               sqrt_ad_minus_one = ENT_FE_SQRT_AD_MINUS_ONE;
    struct ent_fe t, r, u, v, s, c, n, w0, w1, w2, w3;
    ent_fe_read(&t, b32);
    ent_fe_sq(&r, &t);
    ent_fe_mul(&r, &r, &sqrt_m1);
    ent_fe_add(&u, &r, &one);
    ent_fe_mul(&u, &u, &one_minus_d_sq);
    ent_fe_mul(&c, &r, &fe_d);
    ent_fe_add(&c, &c, &one);
    ent_fe_sub(&c, &zero, &c); /* -1 - r d */
    ent_fe_add(&v, &r, &fe_d);
    ent_fe_mul(&v, &v, &c);
    uint64_t not_square = ent_fe_sqrt_ratio(&s, &u, &v) ^ 1;
    ent_fe_mul(&t, &s, &t);
    ent_fe_abs(&t, &t);
    ent_fe_cneg(&t, &t, 1);
    ent_fe_cmov(&s, &t, not_square);
    ent_fe_cneg(&c, &one, 1);
    ent_fe_cmov(&c, &r, not_square);
    ent_fe_sub(&n, &r, &one);
    ent_fe_mul(&n, &n, &c);
    ent_fe_mul(&n, &n, &d_minus_one_sq);
    ent_fe_sub(&n, &n, &v);
    ent_fe_add(&w0, &s, &s);
    ent_fe_mul(&w0, &w0, &v);
    ent_fe_mul(&w1, &n, &sqrt_ad_minus_one);
    ent_fe_sq(&s, &s);
    ent_fe_sub(&w2, &one, &s);
    ent_fe_add(&w3, &one, &s);
    ent_fe_mul(&ret->x, &w0, &w3);
    ent_fe_mul(&ret->y, &w2, &w1);
    ent_fe_mul(&ret->z, &w1, &w3);
    ent_fe_mul(&ret->t, &w0, &w2);
}

void ent_point_from_hash(struct ent_point *ret, const uint8_t hash64[static 64])
{
    struct ent_point a;
    struct ent_cached c;
    map(&a, hash64);
    ent_point_to_cached(&c, &a);
    map(&a, hash64 + 32);
    ent_point_add(ret, &a, &c);
    ent_wipe(&a, sizeof(a));
    ent_wipe(&c, sizeof(c));
}

/* --- the group law -------------------------------------------------------------------------- */

void ent_point_to_cached(struct ent_cached *ret, const struct ent_point *p)
{
    ent_fe_add(&ret->yx, &p->y, &p->x);
    ent_fe_sub(&ret->y_x, &p->y, &p->x);
    ent_fe_carry(&ret->y_x); /* a conditional negation swaps the two: same bounds for both */
    ent_fe_add(&ret->z2, &p->z, &p->z);
    ent_fe_mul(&ret->t2d, &p->t, &fe_2d);
}

/* (E, F, G, H) -> (EF, GH, FG, EH) */
static inline void finish(struct ent_point *ret, const struct ent_fe *e, const struct ent_fe *f,
                          const struct ent_fe *g, const struct ent_fe *h)
{
    ent_fe_mul(&ret->x, e, f);
    ent_fe_mul(&ret->y, g, h);
    ent_fe_mul(&ret->z, f, g);
    ent_fe_mul(&ret->t, e, h);
}

/* add-2008-hwcd-3; t2d and z2z1 = 2 Z1 Z2 come ready. */
static inline void add_with(struct ent_point *ret, const struct ent_point *p,
                            const struct ent_fe *yx, const struct ent_fe *y_x,
                            const struct ent_fe *t2d, const struct ent_fe *d)
{
    struct ent_fe a, b, c, e, f, g, h;
    ent_fe_sub(&a, &p->y, &p->x);
    ent_fe_mul(&a, &a, y_x);
    ent_fe_add(&b, &p->y, &p->x);
    ent_fe_mul(&b, &b, yx);
    ent_fe_mul(&c, &p->t, t2d);
    ent_fe_sub(&e, &b, &a);
    ent_fe_sub(&f, d, &c);
    ent_fe_add(&g, d, &c);
    ent_fe_add(&h, &b, &a);
    finish(ret, &e, &f, &g, &h);
}

void ent_point_add(struct ent_point *ret, const struct ent_point *a, const struct ent_cached *b)
{
    struct ent_fe d;
    ent_fe_mul(&d, &a->z, &b->z2);
    add_with(ret, a, &b->yx, &b->y_x, &b->t2d, &d);
}

void ent_point_sub(struct ent_point *ret, const struct ent_point *a, const struct ent_cached *b)
{
    struct ent_fe d, t2d;
    ent_fe_mul(&d, &a->z, &b->z2);
    ent_fe_sub(&t2d, &zero, &b->t2d);
    add_with(ret, a, &b->y_x, &b->yx, &t2d, &d);
}

/*
 * dbl-2008-hwcd with a = -1, every coordinate negated, which is the same point: with A = X^2,
 * B = Y^2, C = 2Z^2 it is E = 2XY, H = A+B, G = B-A, F = C-G and (EF, GH, FG, EH).
 */
void ent_point_double(struct ent_point *ret, const struct ent_point *p, unsigned n)
{
    struct ent_fe a, b, c, e, f, g, h;
    struct ent_point q = *p;
    for (; n > 0; n--) {
        ent_fe_sq(&a, &q.x);
        ent_fe_sq(&b, &q.y);
        ent_fe_sq(&c, &q.z);
        ent_fe_add(&e, &q.x, &q.y);
        ent_fe_sq(&e, &e);
        ent_fe_add(&h, &a, &b);
        ent_fe_sub(&e, &e, &h);
        ent_fe_sub(&g, &b, &a);
        ent_fe_add(&f, &c, &c);
        ent_fe_add(&f, &f, &a);
        ent_fe_sub(&f, &f, &b);
        ent_fe_mul(&q.x, &e, &f);
        ent_fe_mul(&q.y, &g, &h);
        ent_fe_mul(&q.z, &f, &g);
        if (n == 1)
            ent_fe_mul(&q.t, &e, &h); /* only additions read T */
    }
    *ret = q;
}

/* --- multiples ------------------------------------------------------------------------------ */

void ent_scalar_digits(int8_t ret[static 64], const struct ent_scalar *k)
{
    int carry = 0;
    for (size_t i = 0; i < 64; i++) {
        int d = (k->b[i / 2] >> (4 * (i % 2)) & 15) + carry;
        carry = i == 63 ? 0 : (d + 8) >> 4;
        ret[i] = (int8_t)(d - carry * 16);
    }
}

/* 1 when a == b, for small nonnegative numbers. */
static uint64_t same(unsigned a, unsigned b)
{
    return ((uint64_t)(a ^ b) - 1) >> 63;
}

static void digit_parts(unsigned *ret_abs, uint64_t *ret_negative, int8_t digit)
{
    int sign = digit >> 7; /* 0 or -1 */
    *ret_abs = (unsigned)((digit ^ sign) - sign);
    *ret_negative = (uint64_t)(sign & 1);
}

/* digit * P from the table of 1P..8P, reading all of it. */
static void select_cached(struct ent_cached *ret, const struct ent_cached table[static 8],
                          int8_t digit)
{
    unsigned abs;
    uint64_t negative;
    struct ent_fe yx;
    digit_parts(&abs, &negative, digit);
    *ret = (struct ent_cached){one, one, {{2}}, zero};
    for (unsigned i = 0; i < 8; i++) {
        uint64_t hit = same(abs, i + 1);
        ent_fe_cmov(&ret->yx, &table[i].yx, hit);
        ent_fe_cmov(&ret->y_x, &table[i].y_x, hit);
        ent_fe_cmov(&ret->z2, &table[i].z2, hit);
        ent_fe_cmov(&ret->t2d, &table[i].t2d, hit);
    }
    yx = ret->yx;
    ent_fe_cmov(&ret->yx, &ret->y_x, negative);
    ent_fe_cmov(&ret->y_x, &yx, negative);
    ent_fe_cneg(&ret->t2d, &ret->t2d, negative);
}

static void select_niels(struct ent_niels *ret, const struct ent_niels table[static 8],
                         int8_t digit)
{
    unsigned abs;
    uint64_t negative;
    struct ent_fe yx;
    digit_parts(&abs, &negative, digit);
    *ret = (struct ent_niels){one, one, zero};
    for (unsigned i = 0; i < 8; i++) {
        uint64_t hit = same(abs, i + 1);
        ent_fe_cmov(&ret->yx, &table[i].yx, hit);
        ent_fe_cmov(&ret->y_x, &table[i].y_x, hit);
        ent_fe_cmov(&ret->t2d, &table[i].t2d, hit);
    }
    yx = ret->yx;
    ent_fe_cmov(&ret->yx, &ret->y_x, negative);
    ent_fe_cmov(&ret->y_x, &yx, negative);
    ent_fe_cneg(&ret->t2d, &ret->t2d, negative);
}

void ent_point_mul(struct ent_point *ret, const struct ent_scalar *k, const struct ent_point *p)
{
    struct ent_cached table[8], c;
    struct ent_point q = *p;
    int8_t digit[64];
    ent_scalar_digits(digit, k);
    ent_point_to_cached(&table[0], p);
    for (size_t i = 1; i < 8; i++) {
        ent_point_add(&q, &q, &table[0]);
        ent_point_to_cached(&table[i], &q);
    }
    ent_point_identity(&q);
    for (size_t i = 64; i-- > 0;) {
        if (i < 63)
            ent_point_double(&q, &q, 4);
        select_cached(&c, table, digit[i]);
        ent_point_add(&q, &q, &c);
    }
    *ret = q;
    ent_wipe(digit, sizeof(digit));
    ent_wipe(table, sizeof(table));
    ent_wipe(&c, sizeof(c));
    ent_wipe(&q, sizeof(q));
}

/* Digits 8j..8j+7 are read from the j-th table, so four doublings serve eight digits at a time. */
void ent_point_base_mul(struct ent_point *ret, const struct ent_scalar *k)
{
    struct ent_niels c;
    struct ent_point q;
    struct ent_fe d;
    int8_t digit[64];
    ent_scalar_digits(digit, k);
    ent_point_identity(&q);
    for (size_t i = 8; i-- > 0;) {
        if (i < 7)
            ent_point_double(&q, &q, 4);
        for (size_t j = 0; j < 8; j++) {
            select_niels(&c, ent_base_table[j], digit[8 * j + i]);
            ent_fe_add(&d, &q.z, &q.z);
            add_with(&q, &q, &c.yx, &c.y_x, &c.t2d, &d);
        }
    }
    *ret = q;
    ent_wipe(digit, sizeof(digit));
    ent_wipe(&c, sizeof(c));
    ent_wipe(&q, sizeof(q));
}

/* Width-5 non-adjacent form: odd digits -15..15, any two of them at least five places apart. */
static void naf_var(int8_t ret[static 256], const struct ent_scalar *k)
{
    int carry = 0;
    memset(ret, 0, 256);
    for (size_t i = 0; i < 256;) {
        unsigned w = k->b[i / 8];
        if (i / 8 + 1 < 32)
            w |= (unsigned)k->b[i / 8 + 1] << 8;
        int d = (int)(w >> (i % 8) & 31) + carry;
        if ((d & 1) == 0) {
            i++;
            continue;
        }
        carry = d >= 16;
        ret[i] = (int8_t)(d - 32 * carry);
        i += 5;
    }
}

/* 1P, 3P, ..., 15P */
static void odd_multiples(struct ent_cached ret[static 8], const struct ent_point *p)
{
    struct ent_point twice, q;
    struct ent_cached c;
    ent_point_double(&twice, p, 1);
    ent_point_to_cached(&ret[0], p);
    q = *p;
    ent_point_to_cached(&c, &twice);
    for (size_t i = 1; i < 8; i++) {
        ent_point_add(&q, &q, &c);
        ent_point_to_cached(&ret[i], &q);
    }
}

void ent_point_sum_var(struct ent_point *ret, const struct ent_scalar *k, const struct ent_point *p,
                       size_t n)
{
    struct ent_cached table[ENT_POINTS_AT_ONCE][8];
    int8_t naf[ENT_POINTS_AT_ONCE][256];
    struct ent_point q;
    bool any = false;
    ENT_ASSERT(n <= ENT_POINTS_AT_ONCE);
    for (size_t i = 0; i < n; i++) {
        naf_var(naf[i], &k[i]);
        odd_multiples(table[i], &p[i]);
    }
    ent_point_identity(&q);
    for (size_t bit = 256; bit-- > 0;) {
        if (any)
            ent_point_double(&q, &q, 1);
        for (size_t i = 0; i < n; i++) {
            const int d = (int)naf[i][bit];
            if (d > 0)
                ent_point_add(&q, &q, &table[i][d / 2]);
            else if (d < 0)
                ent_point_sub(&q, &q, &table[i][-d / 2]);
            any = any || d != 0;
        }
    }
    *ret = q;
}
