/* test_strikes.c: waits after wrong passwords, and the table of them beside a naive one. */
#include "node/node.h"

#include "node/strikes.h"

#include "tests/support/t.h"

#define NOW INT64_C(1800000000)

static void test_waits(void **state)
{
    struct ent_strikes x = {.n = 0};
    static const unsigned wants[] = {0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900};
    (void)state;
    assert_int_equal(ent_strikes_wait(&x, 3, NOW), 0);
    for (size_t i = 0; i < sizeof(wants) / sizeof(wants[0]); i++) {
        ent_strikes_add(&x, 3, NOW);
        assert_int_equal(ent_strikes_wait(&x, 3, NOW), wants[i]);
    }
    assert_int_equal(ent_strikes_wait(&x, 3, NOW + 899), 1);
    assert_int_equal(ent_strikes_wait(&x, 3, NOW + 900), 0);
    assert_int_equal(ent_strikes_wait(&x, 3, NOW - 1), 0); /* the clock went back */
    /* Each ten minutes forgive one: after 13 of 13 there is nothing left. */
    ent_strikes_add(&x, 3, NOW + 900);
    assert_int_equal(ent_strikes_wait(&x, 3, NOW + 900), 900);
    ent_strikes_add(&x, 3, NOW + 900 + 13 * ENT_STRIKE_FORGET);
    assert_int_equal(x.n, 1);
    ent_strikes_add(&x, 3, NOW); /* and a clock that goes back forgives nothing */
    assert_int_equal(x.n, 2);
    x = (struct ent_strikes){.n = UINT32_MAX, .last = NOW};
    assert_int_equal(ent_strikes_wait(&x, 3, NOW), 900);
    ent_strikes_add(&x, 3, NOW);
    assert_true(x.n <= 13);
}

static struct ent_key16 key_of(const uint8_t *p)
{
    struct ent_key16 k;
    ent_strikes_key(&k, p);
    return k;
}

static void test_addresses(void **state)
{
    uint8_t v6[16] = {0x20, 1, 0xd, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    uint8_t v4[16] = {[10] = 0xFF, [11] = 0xFF, [12] = 192, [13] = 0, [14] = 2, [15] = 7};
    struct ent_key16 a = key_of(v6), b;
    (void)state;
    v6[15] = 99; /* the same network of 64 bits */
    b = key_of(v6);
    assert_memory_equal(a.b, b.b, 16);
    v6[7] = 5;
    b = key_of(v6);
    assert_memory_not_equal(a.b, b.b, 16);
    a = key_of(v4);
    v4[15] = 8;
    b = key_of(v4);
    assert_memory_not_equal(a.b, b.b, 16);
}

/* --- beside a naive list ------------------------------------------------------------------------
 */

#define NAIVE 512u
static struct {
    struct ent_key16 key;
    uint32_t n;
    int64_t last;
} naive[NAIVE];

/* As the header says it: n wrong ones, one forgiven for each ten minutes since the last. */
static void naive_add(size_t i, int64_t now)
{
    for (int64_t t = naive[i].last; naive[i].n > 0 && t + ENT_STRIKE_FORGET <= now;
         t += ENT_STRIKE_FORGET)
        naive[i].n--;
    if (naive[i].n < ENT_STRIKES_ADDRESS + 10)
        naive[i].n++;
    naive[i].last = now;
}

static unsigned naive_wait(size_t i, int64_t now)
{
    int64_t wait = 1;
    if (naive[i].n < ENT_STRIKES_ADDRESS)
        return 0;
    for (uint32_t n = ENT_STRIKES_ADDRESS; n < naive[i].n; n++)
        wait *= 2;
    if (wait > ENT_STRIKE_WAIT)
        wait = ENT_STRIKE_WAIT;
    return now - naive[i].last >= wait ? 0 : (unsigned)(wait - (now - naive[i].last));
}

static struct ent_key16 random_key(void)
{
    struct ent_key16 k;
    ent_put_u64le(k.b, ent_t_rand());
    ent_put_u64le(k.b + 8, ent_t_rand());
    return k;
}

static void test_table_is_naive(void **state)
{
    struct ent_strike_table *t = NULL;
    int64_t now = NOW;
    (void)state;
    assert_ok(ent_strike_table_new(&t));
    memset(naive, 0, sizeof(naive));
    for (size_t i = 0; i < NAIVE; i++)
        naive[i].key = random_key();
    for (int step = 0; step < 40000; step++) {
        /* Some come often. */
        const size_t i = (size_t)ent_t_below(ent_t_below(2) == 0 ? 8 : NAIVE);
        now += (int64_t)ent_t_below(ent_t_below(50) == 0 ? 3000 : 20);
        assert_int_equal(ent_strike_table_wait(t, &naive[i].key, now), naive_wait(i, now));
        if (naive_wait(i, now) > 0 && ent_t_below(4) != 0)
            continue;
        ent_strike_table_add(t, &naive[i].key, now);
        if (ent_t_below(10) == 0) { /* it was right */
            naive_add(i, now);
            naive[i].n--;
            ent_strike_table_undo(t, &naive[i].key);
        } else {
            naive_add(i, now);
        }
    }
    ent_strike_table_free(t);
}

/* However many addresses come, those that were struck most stay, and nobody waits for others. */
static void test_flood(void **state)
{
    struct ent_strike_table *t = NULL;
    struct ent_key16 bad[16], k;
    (void)state;
    assert_ok(ent_strike_table_new(&t));
    for (size_t i = 0; i < 16; i++) {
        bad[i] = random_key();
        for (int n = 0; n < 30; n++)
            ent_strike_table_add(t, &bad[i], NOW);
    }
    for (int i = 0; i < 200000; i++) {
        k = random_key();
        assert_int_equal(ent_strike_table_wait(t, &k, NOW), 0);
        ent_strike_table_add(t, &k, NOW + 1);
        assert_int_equal(ent_strike_table_wait(t, &k, NOW + 1), 0);
    }
    for (size_t i = 0; i < 16; i++)
        assert_int_equal(ent_strike_table_wait(t, &bad[i], NOW + 1), 899);
    k = random_key();
    ent_strike_table_undo(t, &k); /* of one that is not there */
    ent_strike_table_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_waits),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_table_is_naive),
        cmocka_unit_test(test_flood),
    };
    return ent_t_run("strikes", tests);
}
