/* field.c: the parts of field arithmetic that are too long to be inlined. */
#include "crypto/crypto.h"
#include "crypto/field.h"

static uint64_t load64(const uint8_t *b)
{
    uint64_t v = 0;
    for (int i = 7; i >= 0; i--)
        v = v << 8 | b[i];
    return v;
}

void ent_fe_read(struct ent_fe *ret, const uint8_t b32[static 32])
{
    uint64_t w0 = load64(b32), w1 = load64(b32 + 8), w2 = load64(b32 + 16), w3 = load64(b32 + 24);
    ret->v[0] = w0 & ENT_FE_MASK;
    ret->v[1] = (w0 >> 51 | w1 << 13) & ENT_FE_MASK;
    ret->v[2] = (w1 >> 38 | w2 << 26) & ENT_FE_MASK;
    ret->v[3] = (w2 >> 25 | w3 << 39) & ENT_FE_MASK;
    ret->v[4] = w3 >> 12 & ENT_FE_MASK;
}

void ent_fe_write(uint8_t ret32[static 32], const struct ent_fe *a)
{
    struct ent_fe t = *a;
    ent_fe_carry(&t);
    ent_fe_carry(&t);
    /* t < 2^255 + 2^13 now; q = 1 exactly when t >= p, and then t - p = t + 19 - 2^255. */
    uint64_t q = (t.v[0] + 19) >> 51;
    for (int i = 1; i < 5; i++)
        q = (t.v[i] + q) >> 51;
    t.v[0] += 19 * q;
    for (int i = 0; i < 4; i++) {
        t.v[i + 1] += t.v[i] >> 51;
        t.v[i] &= ENT_FE_MASK;
    }
    t.v[4] &= ENT_FE_MASK;
    ent_put_u64le(ret32, t.v[0] | t.v[1] << 51);
    ent_put_u64le(ret32 + 8, t.v[1] >> 13 | t.v[2] << 38);
    ent_put_u64le(ret32 + 16, t.v[2] >> 26 | t.v[3] << 25);
    ent_put_u64le(ret32 + 24, t.v[3] >> 39 | t.v[4] << 12);
}

uint64_t ent_fe_is_negative(const struct ent_fe *a)
{
    uint8_t b[32];
    ent_fe_write(b, a);
    return b[0] & 1;
}

uint64_t ent_fe_is_zero(const struct ent_fe *a)
{
    uint8_t b[32];
    uint64_t any = 0;
    ent_fe_write(b, a);
    for (size_t i = 0; i < sizeof(b); i++)
        any |= b[i];
    return (any - 1) >> 63;
}

static void square_times(struct ent_fe *ret, const struct ent_fe *a, int n)
{
    ent_fe_sq(ret, a);
    while (--n > 0)
        ent_fe_sq(ret, ret);
}

/* (p-5)/8 = 2^252 - 3: a run of 250 ones, then 01. e_n below is a^(2^n - 1). */
void ent_fe_pow_p58(struct ent_fe *ret, const struct ent_fe *a)
{
    struct ent_fe e1 = *a, e5, e10, e20, e50, t;
    square_times(&t, &e1, 1);
    ent_fe_mul(&t, &t, &e1); /* e2 */
    square_times(&e5, &t, 2);
    ent_fe_mul(&e5, &e5, &t); /* e4 */
    square_times(&e5, &e5, 1);
    ent_fe_mul(&e5, &e5, &e1);
    square_times(&e10, &e5, 5);
    ent_fe_mul(&e10, &e10, &e5);
    square_times(&e20, &e10, 10);
    ent_fe_mul(&e20, &e20, &e10);
    square_times(&t, &e20, 20);
    ent_fe_mul(&t, &t, &e20); /* e40 */
    square_times(&e50, &t, 10);
    ent_fe_mul(&e50, &e50, &e10);
    square_times(&t, &e50, 50);
    ent_fe_mul(&e10, &t, &e50); /* e100 */
    square_times(&t, &e10, 100);
    ent_fe_mul(&t, &t, &e10); /* e200 */
    square_times(&t, &t, 50);
    ent_fe_mul(&t, &t, &e50); /* e250 */
    square_times(&t, &t, 2);
    ent_fe_mul(ret, &t, &e1);
}

uint64_t ent_fe_sqrt_ratio(struct ent_fe *ret, const struct ent_fe *u, const struct ent_fe *v)
{
    static const struct ent_fe sqrt_m1 = ENT_FE_SQRT_M1;
    struct ent_fe v3, r, check, ui, t;
    ent_fe_sq(&v3, v);
    ent_fe_mul(&v3, &v3, v);
    ent_fe_sq(&t, &v3);
    ent_fe_mul(&t, &t, v); /* v^7 */
    ent_fe_mul(&t, &t, u);
    ent_fe_pow_p58(&t, &t);
    ent_fe_mul(&r, u, &v3);
    ent_fe_mul(&r, &r, &t); /* u v^3 (u v^7)^((p-5)/8) */
    ent_fe_sq(&check, &r);
    ent_fe_mul(&check, &check, v);

    ent_fe_sub(&t, &check, u);
    uint64_t correct = ent_fe_is_zero(&t);
    ent_fe_add(&t, &check, u);
    uint64_t flipped = ent_fe_is_zero(&t);
    ent_fe_mul(&ui, u, &sqrt_m1);
    ent_fe_add(&t, &check, &ui);
    uint64_t flipped_i = ent_fe_is_zero(&t);

    ent_fe_mul(&t, &r, &sqrt_m1);
    ent_fe_cmov(&r, &t, flipped | flipped_i);
    ent_fe_abs(ret, &r);
    return correct | flipped;
}
