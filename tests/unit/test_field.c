/*
 * test_field.c: field arithmetic at the very bounds that its comments promise, portable and in
 * eight lanes, against long multiplication by single bits. The eight lanes are not visible outside
 * their file, so the file itself is included.
 */
#include "crypto/ifma.c"
#include "tests/support/t.h"

/* 256-bit numbers modulo p, kept below 2^255 + 2^8, as four words. */
struct big {
    uint64_t w[4];
};

static struct big big_fold(struct big a, uint64_t above)
{
    /* above * 2^256 = above * 38 */
    ent_u128 c = (ent_u128)above * 38;
    for (int i = 0; i < 4; i++) {
        c += a.w[i];
        a.w[i] = (uint64_t)c;
        c >>= 64;
    }
    if (c != 0)
        a.w[0] += 38; /* the sum wrapped, so it is small */
    return a;
}

static struct big big_add(struct big a, struct big b)
{
    ent_u128 c = 0;
    for (int i = 0; i < 4; i++) {
        c += (ent_u128)a.w[i] + b.w[i];
        a.w[i] = (uint64_t)c;
        c >>= 64;
    }
    return big_fold(a, (uint64_t)c);
}

static struct big big_mul(struct big a, struct big b)
{
    struct big r = {{0}};
    for (int bit = 255; bit >= 0; bit--) {
        r = big_add(r, r);
        if ((b.w[bit / 64] >> (bit % 64) & 1) != 0)
            r = big_add(r, a);
    }
    return r;
}

/* The value of limbs of any size. */
static struct big big_of(const uint64_t limb[static 5])
{
    struct big r = {{0}}, shift = {{UINT64_C(1) << 51}};
    for (int i = 4; i >= 0; i--)
        r = big_add(big_mul(r, shift), (struct big){{limb[i]}});
    return r;
}

static void big_write(uint8_t ret[static 32], struct big a)
{
    static const uint64_t p[4] = {UINT64_MAX - 18, UINT64_MAX, UINT64_MAX, UINT64_MAX >> 1};
    for (int round = 0; round < 2; round++) {
        uint64_t d[4], borrow = 0;
        for (int i = 0; i < 4; i++) {
            ent_u128 t = (ent_u128)a.w[i] - p[i] - borrow;
            d[i] = (uint64_t)t;
            borrow = (uint64_t)(t >> 64) & 1;
        }
        if (borrow == 0)
            memcpy(a.w, d, sizeof(d));
    }
    for (size_t i = 0; i < 4; i++)
        ent_put_u64le(ret + 8 * i, a.w[i]);
}

/* Limbs that are all at a bound, all zero, around a power of two, or anything below the bound. */
static void limbs(uint64_t ret[static 5], uint64_t bound, unsigned kind)
{
    for (size_t i = 0; i < 5; i++) {
        uint64_t edge = (UINT64_C(1) << 51) - 2 + ent_t_below(4);
        ret[i] = kind == 0   ? bound
                 : kind == 1 ? (ent_t_below(2) == 0 ? bound : 0)
                 : kind == 2 ? (ent_t_below(2) == 0 ? bound : edge)
                 : kind == 3 ? edge
                             : ent_t_rand() % (bound + 1);
    }
}

static void assert_value(const struct ent_fe *got, struct big want)
{
    uint8_t a[32], b[32];
    ent_fe_write(a, got);
    big_write(b, want);
    assert_memory_equal(a, b, 32);
}

/* What is called tight must be so. */
static void assert_tight(const struct ent_fe *a, uint64_t bound)
{
    for (size_t i = 0; i < 5; i++)
        assert_true(a->v[i] < bound);
}

static void test_portable(void **state)
{
    const uint64_t most = (UINT64_C(1) << 54) - 1, loose = (UINT64_C(1) << 52) + (1 << 14),
                   tight = (UINT64_C(1) << 51) + (1 << 13);
    (void)state;
    for (unsigned i = 0; i < 600; i++) {
        struct ent_fe a, b, r;
        limbs(a.v, most, i % 5);
        limbs(b.v, most, i / 5 % 5);
        ent_fe_mul(&r, &a, &b);
        assert_tight(&r, tight);
        assert_value(&r, big_mul(big_of(a.v), big_of(b.v)));
        ent_fe_sq(&r, &a);
        assert_tight(&r, tight);
        assert_value(&r, big_mul(big_of(a.v), big_of(a.v)));
        limbs(a.v, loose, i % 5);
        limbs(b.v, loose, i / 5 % 5);
        ent_fe_sub(&r, &a, &b);
        assert_tight(&r, most);
        ent_fe_add(&r, &r, &b);
        assert_value(&r, big_of(a.v));
    }
}

/* Writing: every representation of a value gives the same bytes, and only p's multiples are 0. */
static void test_write(void **state)
{
    static const uint64_t p[5] = {ENT_FE_MASK - 18, ENT_FE_MASK, ENT_FE_MASK, ENT_FE_MASK,
                                  ENT_FE_MASK};
    (void)state;
    for (uint64_t times = 0; times < 8; times++)
        for (uint64_t plus = 0; plus < 40; plus++) {
            struct ent_fe a;
            for (size_t i = 0; i < 5; i++)
                a.v[i] = times * p[i] + (i == 0 ? plus : 0);
            assert_value(&a, (struct big){{plus}});
            assert_int_equal(ent_fe_is_zero(&a), plus == 0);
            assert_int_equal(ent_fe_is_negative(&a), plus & 1);
        }
    for (unsigned i = 0; i < 300; i++) {
        struct ent_fe a, b;
        uint8_t bytes[32];
        limbs(a.v, (UINT64_C(1) << 63) - 1, i % 5);
        assert_value(&a, big_of(a.v));
        ent_fe_write(bytes, &a);
        ent_fe_read(&b, bytes);
        assert_value(&b, big_of(a.v));
        assert_true((bytes[31] & 0x80) == 0);
    }
}

/* A root of u/v or of SQRT_M1*u/v, nonnegative, and the right one of the two. */
static void test_sqrt_ratio(void **state)
{
    const struct ent_fe i_root = ENT_FE_SQRT_M1, zero = {{0}}, one = {{1}};
    unsigned squares = 0;
    (void)state;
    for (unsigned i = 0; i < 200; i++) {
        struct ent_fe u, v, r, t;
        uint8_t got[32], want[32];
        limbs(u.v, ENT_FE_MASK, 4);
        limbs(v.v, ENT_FE_MASK, 4);
        uint64_t square = ent_fe_sqrt_ratio(&r, &u, &v);
        ent_fe_sq(&t, &r);
        ent_fe_mul(&t, &t, &v);
        ent_fe_write(got, &t);
        if (square == 0)
            ent_fe_mul(&u, &u, &i_root);
        ent_fe_write(want, &u);
        assert_memory_equal(got, want, 32);
        assert_int_equal(ent_fe_is_negative(&r), 0);
        squares += (unsigned)square;
    }
    assert_in_range(squares, 50, 150);
    struct ent_fe r;
    assert_int_equal(ent_fe_sqrt_ratio(&r, &zero, &one), 1);
    assert_int_equal(ent_fe_is_zero(&r), 1);
    assert_int_equal(ent_fe_sqrt_ratio(&r, &one, &zero), 0);
    assert_int_equal(ent_fe_is_zero(&r), 1);
}

#ifdef ENT_HAVE_IFMA
static TARGET struct fe8 gathered(const struct ent_fe a[static 8])
{
    struct fe8 r;
    for (size_t i = 0; i < 5; i++) {
        uint64_t w[8];
        for (size_t lane = 0; lane < 8; lane++)
            w[lane] = a[lane].v[i];
        r.v[i] = _mm512_loadu_si512(w);
    }
    return r;
}

static TARGET void scattered(struct ent_fe ret[static 8], const struct fe8 *a)
{
    for (size_t i = 0; i < 5; i++) {
        uint64_t w[8];
        _mm512_storeu_si512(w, a->v[i]);
        for (size_t lane = 0; lane < 8; lane++)
            ret[lane].v[i] = w[lane];
    }
}

static TARGET void lanes_once(unsigned i)
{
    const uint64_t most = (UINT64_C(1) << 52) - 1, reduced = (UINT64_C(1) << 51) + (1 << 14) - 1;
    struct ent_fe a[8], b[8], r[8], s[8], small_a[8], small_b[8], d[8], n[8];
    for (size_t lane = 0; lane < 8; lane++) {
        limbs(a[lane].v, most, (i + (unsigned)lane) % 5);
        limbs(b[lane].v, most, (i / 5 + (unsigned)lane) % 5);
        limbs(small_a[lane].v, reduced, (i + (unsigned)lane) % 5);
        limbs(small_b[lane].v, reduced, (i / 5 + (unsigned)lane) % 5);
    }
    struct fe8 x = gathered(a), y = gathered(b), p = mul(x, y), q = sq(x);
    struct fe8 v = sub(gathered(small_a), gathered(small_b)),
               m = negate_if(0xA5, gathered(small_a));
    __mmask8 odd = is_negative(x), none = is_zero(x);
    uint8_t bytes[256];
    fe_write(bytes, x);
    scattered(r, &p);
    scattered(s, &q);
    scattered(d, &v);
    scattered(n, &m);
    for (size_t lane = 0; lane < 8; lane++) {
        struct ent_fe back;
        uint8_t want[32];
        assert_tight(&r[lane], reduced + 1);
        assert_tight(&s[lane], reduced + 1);
        assert_tight(&d[lane], reduced + 1);
        assert_tight(&n[lane], most + 1);
        assert_value(&r[lane], big_mul(big_of(a[lane].v), big_of(b[lane].v)));
        assert_value(&s[lane], big_mul(big_of(a[lane].v), big_of(a[lane].v)));
        ent_fe_add(&back, &d[lane], &small_b[lane]);
        assert_value(&back, big_of(small_a[lane].v));
        if ((0xA5 >> lane & 1) != 0)
            ent_fe_add(&n[lane], &n[lane], &small_a[lane]);
        assert_value(&n[lane],
                     (0xA5 >> lane & 1) != 0 ? (struct big){{0}} : big_of(small_a[lane].v));
        big_write(want, big_of(a[lane].v));
        assert_memory_equal(bytes + 32 * lane, want, 32);
        assert_int_equal(odd >> lane & 1, want[0] & 1);
        assert_int_equal(none >> lane & 1, ent_fe_is_zero(&a[lane]));
    }
}

static void test_lanes(void **state)
{
    (void)state;
    if (ent_cpu_machine() != ENT_CPU_AVX512) {
        print_message("# skipped: this processor has no AVX-512 IFMA\n");
        skip();
    }
    for (unsigned i = 0; i < 100; i++)
        lanes_once(i);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_portable),
        cmocka_unit_test(test_write),
        cmocka_unit_test(test_sqrt_ratio),
#ifdef ENT_HAVE_IFMA
        cmocka_unit_test(test_lanes),
#endif
    };
    return ent_t_run("field", tests);
}
