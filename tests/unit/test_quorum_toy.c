/*
 * test_quorum_toy.c: the collector over the field of 7 elements, where everything can be tried: all
 * values of all shares, against all polynomials there are; and what t-1 shares of an item show.
 * The prime is fixed when the code is compiled, so the file itself is included.
 */
#define ENT_QF_BITS 3
#include "match/quorum_collect.c"
#include "tests/support/t.h"

#define P ENT_QF_P

static uint32_t power(uint32_t n)
{
    uint32_t r = 1;
    for (; n > 0; n--)
        r *= (uint32_t)P;
    return r;
}

/* The digits of n to the base p. */
static void digits(uint64_t *ret, size_t count, uint32_t n)
{
    for (size_t i = 0; i < count; i++, n /= (uint32_t)P)
        ret[i] = n % P;
}

struct sink {
    struct ent_quorum_hit hit[4096];
    size_t n;
};

static enum ent_err keep(void *ctx, const struct ent_quorum_hit *hit)
{
    struct sink *s = ctx;
    assert_true(s->n < sizeof(s->hit) / sizeof(s->hit[0]));
    s->hit[s->n++] = *hit;
    return ENT_OK;
}

/* Every polynomial of degree t-2 with at least t of the points is one set, and there are no others:
 * two polynomials share at most t-2 points. */
static void check_cell(const struct ent_quorum_collector *c, uint32_t threshold,
                       const uint64_t *share)
{
    static struct sink s;
    size_t want = 0;
    s.n = 0;
    assert_ok(ent_quorum_collect(c, share, 1, 5, 1, keep, &s));
    for (uint32_t i = 0; i < power(threshold - 1); i++) {
        uint64_t coef[8], holders = 0;
        size_t seen = 0;
        digits(coef, threshold - 1, i);
        for (uint32_t k = 0; k < c->present; k++)
            if (ent_qf_at(coef, threshold - 1, c->index[k]) == share[k])
                holders |= UINT64_C(1) << (c->index[k] - 1);
        if ((uint32_t)__builtin_popcountll(holders) < threshold)
            continue;
        want++;
        for (size_t j = 0; j < s.n; j++)
            seen += s.hit[j].holders == holders && s.hit[j].cell == 5;
        assert_int_equal(seen, 1);
    }
    assert_int_equal(s.n, want);
}

static void check_all(uint32_t threshold, uint64_t present)
{
    const struct ent_quorum_shape shape = {6, threshold, 1, 2};
    struct ent_quorum_collector c;
    struct ent_hash32 run = {{0}};
    uint64_t share[6];
    ent_quorum_collector_init(&c, &shape, present, &run);
    for (uint32_t i = 0; i < power(c.present); i++) {
        digits(share, c.present, i);
        check_cell(&c, threshold, share);
    }
}

static void test_every_share(void **state)
{
    (void)state;
    check_all(2, 0x3f);
    check_all(3, 0x3f);
    for (uint32_t t = 2; t <= 5; t++)
        check_all(t, 0x1f);
    check_all(4, 0x0d); /* three of the four that would be needed: never a set */
    check_all(3, 0x2d); /* 1, 3, 4, 6: two are missing */
    check_all(4, 0x37);
    check_all(2, 0x20); /* alone */
}

/* Over all polynomials, any t-1 shares take all values equally often: they show nothing. And t
 * shares take only the values that the first t-1 of them fix. */
static void test_secrecy(void **state)
{
    (void)state;
    for (uint32_t t = 2; t <= 5; t++)
        for (uint32_t holders = 0; holders < 64; holders++) {
            static uint8_t times[16807];
            if ((uint32_t)__builtin_popcount(holders) != t - 1)
                continue;
            memset(times, 0, sizeof(times));
            for (uint32_t i = 0; i < power(t - 1); i++) {
                uint64_t coef[8];
                uint32_t values = 0;
                digits(coef, t - 1, i);
                for (uint32_t x = 1; x <= 6; x++)
                    if ((holders >> (x - 1) & 1) != 0)
                        values = values * (uint32_t)P + (uint32_t)ent_qf_at(coef, t - 1, x);
                times[values]++;
            }
            for (uint32_t i = 0; i < power(t - 1); i++)
                assert_int_equal(times[i], 1);
        }
}

/* The whole field: each operation for each pair. */
static void test_field(void **state)
{
    (void)state;
    for (uint64_t a = 0; a < P; a++)
        for (uint64_t b = 0; b < P; b++) {
            assert_int_equal(ent_qf_add(a, b), (a + b) % P);
            assert_int_equal(ent_qf_sub(a, b), (a + P - b) % P);
            assert_int_equal(ent_qf_mul(a, b), a * b % P);
        }
    for (uint64_t a = 1; a < P; a++)
        assert_int_equal(ent_qf_mul(a, ent_qf_inverse_var(a)), 1);
    for (uint64_t a = 0; a < 64; a++)
        assert_int_equal(ent_qf_of_bits(a), (a & 7) % P);
}

/* An error of the one who listens ends the walk. */
static enum ent_err refuse(void *ctx, const struct ent_quorum_hit *hit)
{
    (void)hit;
    ++*(size_t *)ctx;
    return ENT_E_FULL;
}

static void test_error(void **state)
{
    const struct ent_quorum_shape shape = {6, 2, 1, 2};
    const uint64_t share[6] = {1, 1, 2, 2, 3, 3};
    struct ent_quorum_collector c;
    struct ent_hash32 run = {{0}};
    size_t calls = 0;
    (void)state;
    ent_quorum_collector_init(&c, &shape, 0x3f, &run);
    assert_err(ent_quorum_collect(&c, share, 1, 0, 1, refuse, &calls), ENT_E_FULL);
    assert_int_equal(calls, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_field),
        cmocka_unit_test(test_every_share),
        cmocka_unit_test(test_secrecy),
        cmocka_unit_test(test_error),
    };
    return ent_t_run("quorum_toy", tests);
}
