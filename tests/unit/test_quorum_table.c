/*
 * test_quorum_table.c: tables from items to the answer: against plain counting for small quorums,
 * the rate of misses against theory, and lies of the collector. Which item a cell holds is not
 * visible outside of quorum_table.c, so that file itself is included.
 */
#include "match/quorum_table.c"
#include "tests/support/quorums.h"

#include <math.h>

#define MEMBERS 8u
#define F       ENT_OPRF_OUT

/* --- against plain counting ----------------------------------------------------------------- */

#define UNIVERSE 300u

/* Random sets of numbers, some held by many; each member's answer is what counting says. */
static void check_counting(uint32_t members, uint32_t threshold)
{
    static uint64_t x[UNIVERSE], holders[UNIVERSE];
    static struct ent_quorum_item item[UNIVERSE];
    struct ent_t_quorum q = {.shape = {members, threshold, UNIVERSE, ENT_QUORUM_TABLES}};
    static uint64_t set[MEMBERS][UNIVERSE];
    size_t n[MEMBERS] = {0};
    for (uint32_t i = 0; i < UNIVERSE; i++) {
        x[i] = ent_t_rand();
        holders[i] = ent_t_rand() & (ent_t_below(4) == 0 ? UINT64_MAX : ent_t_rand()) &
                     (UINT64_MAX >> (64 - members));
        for (uint32_t j = 0; j < members; j++)
            if ((holders[i] >> j & 1) != 0)
                set[j][n[j]++] = i;
    }
    for (uint32_t j = 0; j < members; j++) {
        uint64_t mine[UNIVERSE];
        for (size_t i = 0; i < n[j]; i++)
            mine[i] = x[set[j][i]];
        ent_t_quorum_join(&q, j + 1, mine, n[j]);
    }
    ent_t_quorum_collect(&q, UINT64_MAX >> (64 - members));
    for (uint32_t j = 0; j < members; j++) {
        size_t found = ent_t_quorum_accept(item, &q, j + 1), at = 0;
        for (size_t i = 0; i < n[j]; i++) {
            uint64_t want = holders[set[j][i]];
            if ((uint32_t)__builtin_popcountll(want) < threshold)
                continue;
            assert_true(at < found);
            assert_int_equal(item[at].item, i);
            assert_true(item[at].tables >= 2 && (item[at].holders & ~want) == 0);
            assert_true((uint32_t)__builtin_popcountll(item[at].holders) >= threshold);
            at++;
        }
        assert_int_equal(at, found);
    }
    ent_t_quorum_release(&q);
}

static void test_counting(void **state)
{
    (void)state;
    for (uint32_t n = 2; n <= MEMBERS; n++)
        for (uint32_t t = 2; t <= n; t++)
            check_counting(n, t);
}

/* The same items in another order make the same shares, however their cells are cut. */
static void test_order(void **state)
{
    struct ent_t_quorum q[2] = {{.shape = {5, 3, 50, ENT_QUORUM_TABLES}},
                                {.shape = {5, 3, 50, ENT_QUORUM_TABLES}}};
    uint8_t a[600], b[600];
    uint64_t x[50];
    (void)state;
    for (size_t i = 0; i < 50; i++)
        x[i] = ent_t_rand();
    ent_t_quorum_join(&q[0], 2, x, 50);
    for (size_t i = 0; i < 25; i++) {
        uint64_t y = x[i];
        x[i] = x[49 - i];
        x[49 - i] = y;
    }
    ent_t_quorum_join(&q[1], 2, x, 50);
    for (uint32_t at = 0; at < ent_quorum_cells(&q[0].shape); at += 75) {
        ent_quorum_table_shares(q[0].table[1], a, at, 75);
        ent_quorum_table_shares(q[1].table[1], b, at, 75);
        assert_memory_equal(a, b, 600);
        ent_quorum_table_shares(q[1].table[1], b, at + 1, 74);
        assert_memory_equal(a + 8, b, 592);
    }
    ent_t_quorum_release(&q[0]);
    ent_t_quorum_release(&q[1]);
}

/* --- misses ---------------------------------------------------------------------------------- */

/* What theory says of t members with M items each, all in common with nobody but one item x with
 * all: integrals over x's place u in the order, with e^-1 for a bin in which none of the M t first
 * choices of the others fell. See docs/quorum.md. */
struct theory {
    double none, one; /* of a pair: no table shows the item; exactly one does */
};

static double fails(double u)
{
    return (1 - exp(-u)) * (1 - exp(u - 2));
}

static struct theory theory(void)
{
    enum { STEPS = 2000 };
    double none = 0, single = 0;
    for (int i = 0; i < STEPS; i++) {
        double u = (i + 0.5) / STEPS;
        none += fails(u) * fails(1 - u) / STEPS;
        single += fails(u) / STEPS;
    }
    return (struct theory){none, 2 * (single - none)};
}

static void test_theory(void **state)
{
    struct theory p = theory();
    double twenty = log2(pow(p.none, 10));
    (void)state;
    assert_true(fabs(sqrt(p.none) - 0.2477425) < 1e-6);
    assert_true(fabs(twenty + 40.26) < 0.01);
    /* At least two of 20, 22 and 24 tables. */
    double two[3];
    for (int i = 0; i < 3; i++)
        two[i] = log2(pow(p.none, 10 + i) + (10 + i) * pow(p.none, 9 + i) * p.one);
    assert_true(fabs(two[0] + 34.15) < 0.01);
    assert_true(fabs(two[1] + 38.04) < 0.01);
    assert_true(fabs(two[2] + 41.94) < 0.01);
}

/*
 * Misses are frequent with two tables, so they can be counted there: `COMMON` items of exactly t
 * members, whose other items are of nobody else. Counts how many of them no table shows, and how
 * many one does, and compares with theory within five standard deviations and what it rounds off.
 */
static void check_misses(uint32_t threshold)
{
    enum { M = 1000, COMMON = 20, ROUNDS = 150, ALL = ROUNDS * COMMON };
    static uint64_t x[M];
    static struct ent_quorum_item item[M];
    struct theory p = theory();
    size_t shown[3] = {0};
    for (uint64_t round = 0; round < ROUNDS; round++) {
        struct ent_t_quorum q = {.shape = {threshold, threshold, M, 2}};
        uint32_t tables[M] = {0};
        for (uint32_t j = 0; j < threshold; j++) {
            for (uint64_t i = 0; i < M; i++)
                x[i] = ent_t_rand() >> 4 << 4 | (j + 1);
            for (uint64_t i = 0; i < COMMON; i++)
                x[i] = (round * COMMON + i) << 4;
            ent_t_quorum_join(&q, j + 1, x, M);
        }
        ent_t_quorum_collect(&q, UINT64_MAX >> (64 - threshold));
        for (size_t i = 0; i < q.n; i++)
            tables[q.table[0]->owner[q.hit[i].cell]] |= UINT32_C(1)
                                                        << (q.hit[i].cell / q.table[0]->bins);
        size_t n, refused, both = 0;
        assert_ok(ent_quorum_table_accept(item, &n, &refused, q.table[0], q.hit, q.n));
        assert_int_equal(refused, 0);
        for (uint32_t i = 0; i < M; i++) {
            assert_true(i < COMMON || tables[i] == 0);
            both += tables[i] == 3;
            if (i < COMMON)
                shown[__builtin_popcount(tables[i])]++;
        }
        assert_int_equal(n, both);
        ent_t_quorum_release(&q);
    }
    double none = (double)shown[0] / ALL, one = (double)shown[1] / ALL;
    print_message("# t = %u: no table %.4f (theory %.4f), one %.4f (%.4f)\n", threshold, none,
                  p.none, one, p.one);
    assert_true(fabs(none - p.none) < 0.003 + 5 * sqrt(p.none / ALL));
    assert_true(fabs(one - p.one) < 0.01 + 5 * sqrt(p.one / ALL));
}

static void test_misses(void **state)
{
    (void)state;
    check_misses(2);
    check_misses(3);
    check_misses(5);
}

/* --- lies of the collector ------------------------------------------------------------------ */

/* A quorum of five with one item that members 1, 2, 4 and 5 hold, and one that 1 and 2 hold; and
 * what the collector tells member 1. */
static void small(struct ent_t_quorum *q)
{
    static const uint8_t holds[5] = {3, 3, 0, 1, 1};
    *q = (struct ent_t_quorum){.shape = {5, 3, 4, ENT_QUORUM_TABLES}};
    for (uint32_t j = 0; j < 5; j++) {
        uint64_t x[4] = {100 + j, 200 + j};
        size_t n = 2;
        if ((holds[j] & 1) != 0)
            x[n++] = 1;
        if ((holds[j] & 2) != 0)
            x[n++] = 2;
        ent_t_quorum_join(q, j + 1, x, n);
    }
    ent_t_quorum_collect(q, 0x1f);
    struct ent_quorum_hit *mine = ent_t_quorum_hits(q, 1, &q->n);
    free(q->hit);
    q->hit = mine;
}

static uint64_t share_of(const struct ent_t_quorum *q, uint32_t index, uint32_t cell)
{
    uint8_t b[ENT_QUORUM_SHARE];
    ent_quorum_table_shares(q->table[index - 1], b, cell, 1);
    return u64_at(b);
}

static void test_answer(void **state)
{
    struct ent_quorum_item item[4];
    struct ent_t_quorum q;
    size_t n, refused;
    (void)state;
    small(&q);
    assert_true(q.n >= 2);
    assert_ok(ent_quorum_table_accept(item, &n, &refused, q.table[0], q.hit, q.n));
    assert_int_equal(n, 1);
    assert_int_equal(refused, 0);
    assert_int_equal(item[0].item, 2);
    assert_true(item[0].holders == 0x1b && item[0].tables >= 2);
    /* One table is not enough; the same hit twice is one table. */
    struct ent_quorum_hit twice[2] = {q.hit[0], q.hit[0]};
    assert_ok(ent_quorum_table_accept(item, &n, &refused, q.table[0], twice, 2));
    assert_true(n == 0 && refused == 0);
    /* Nothing said, nothing found. */
    assert_ok(ent_quorum_table_accept(item, &n, &refused, q.table[0], q.hit, 0));
    assert_true(n == 0 && refused == 0);
    /* Another's table: member 3 holds nothing of it and is not among the holders. */
    assert_err(ent_quorum_table_accept(item, &n, &refused, q.table[2], q.hit, q.n), ENT_E_FORMAT);
    ent_t_quorum_release(&q);
}

/* The collector says that an item below the threshold passed: it has the shares, but not the
 * polynomial of an item of which it saw too few points. */
static void test_lies(void **state)
{
    struct ent_quorum_item item[4];
    struct ent_quorum_hit lie[400];
    struct ent_t_quorum q;
    size_t n = 0, found, refused;
    (void)state;
    small(&q);
    for (uint32_t cell = 0; cell < ent_quorum_cells(&q.shape); cell++) {
        uint64_t s[3] = {share_of(&q, 1, cell), share_of(&q, 2, cell), share_of(&q, 4, cell)};
        lie[n] = (struct ent_quorum_hit){.cell = cell, .holders = 0x0b};
        ent_quorum_hit_check(lie[n].check, &q.run, cell, 0x0b, s);
        n++;
    }
    assert_ok(ent_quorum_table_accept(item, &found, &refused, q.table[0], lie, n));
    assert_int_equal(found, 1); /* the one that is true */
    assert_int_equal(item[0].item, 2);
    size_t honest = 0;
    for (size_t i = 0; i < q.n; i++)
        honest += (q.hit[i].holders & 0x0b) == 0x0b;
    assert_int_equal(refused, n - honest);
    /* Each bit of the check, the cell and the holders counts. */
    for (unsigned bit = 0; bit < 64; bit++) {
        struct ent_quorum_hit h = q.hit[0];
        h.check[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        assert_ok(ent_quorum_table_accept(item, &found, &refused, q.table[0], &h, 1));
        assert_int_equal(refused, 1);
    }
    struct ent_quorum_hit more = q.hit[0];
    more.holders |= 4;
    assert_ok(ent_quorum_table_accept(item, &found, &refused, q.table[0], &more, 1));
    assert_int_equal(refused, 1);
    ent_t_quorum_release(&q);
}

static void test_bad_answers(void **state)
{
    struct ent_quorum_item item[4];
    struct ent_t_quorum q;
    size_t n = 77, refused = 77;
    (void)state;
    small(&q);
    const struct ent_quorum_hit bad[] = {
        {.cell = ent_quorum_cells(&q.shape), .holders = 0x1b}, /* no such cell */
        {.cell = UINT32_MAX, .holders = 0x1b},
        {.cell = 0, .holders = 0x1a}, /* not us */
        {.cell = 0, .holders = 0x03}, /* fewer than t */
        {.cell = 0, .holders = 0x2b}, /* no such member */
        {.cell = 0, .holders = UINT64_MAX},
        {.cell = 0, .holders = 0},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_err(ent_quorum_table_accept(item, &n, &refused, q.table[0], &bad[i], 1),
                   ENT_E_FORMAT);
    struct ent_quorum_hit back[2] = {q.hit[1], q.hit[0]};
    assert_err(ent_quorum_table_accept(item, &n, &refused, q.table[0], back, 2), ENT_E_FORMAT);
    assert_true(n == 77 && refused == 77);
    ent_t_quorum_release(&q);
}

static void test_bad_tables(void **state)
{
    const struct ent_quorum_shape good = {5, 3, 4, 20}, odd = {5, 3, 4, 19};
    struct ent_quorum_table *t = NULL;
    const struct ent_hash32 run = {{0}};
    const struct ent_seed32 filler = {{0}};
    uint8_t f[5 * F] = {0};
    (void)state;
    assert_err(ent_quorum_table_new(&t, &odd, 1, &run, &filler, f, 1), ENT_E_LIMIT);
    assert_err(ent_quorum_table_new(&t, &good, 0, &run, &filler, f, 1), ENT_E_LIMIT);
    assert_err(ent_quorum_table_new(&t, &good, 6, &run, &filler, f, 1), ENT_E_LIMIT);
    assert_err(ent_quorum_table_new(&t, &good, 1, &run, &filler, f, 5), ENT_E_LIMIT);
    assert_null(t);
    ent_quorum_table_free(NULL);
    assert_ok(ent_quorum_table_new(&t, &good, 5, &run, &filler, NULL, 0)); /* saw nothing */
    ent_quorum_table_free(t);
}

/* From tools/gen-quorum, which uses nothing of this program: docs/quorum.md has them too. */
static void test_known_answers(void **state)
{
    const struct ent_quorum_shape shape = {5, 3, 4, 4};
    const uint64_t three[] = {5, 6, ENT_QF_P - 1};
    struct ent_quorum_table *t = NULL;
    struct ent_seed32 filler;
    struct ent_hash32 run, sum;
    uint8_t f[4 * F], bytes[48 * ENT_QUORUM_SHARE], check[8];
    char items[49], hex[65];
    (void)state;
    memset(run.b, 1, sizeof(run.b));
    memset(filler.b, 2, sizeof(filler.b));
    for (size_t i = 0; i < sizeof(f); i++)
        f[i] = (uint8_t)(1 + i / F);
    assert_ok(ent_quorum_table_new(&t, &shape, 2, &run, &filler, f, 4));
    assert_int_equal(t->cells, 48);
    for (size_t i = 0; i < 48; i++)
        items[i] = t->owner[i] == EMPTY ? '-' : (char)('1' + t->owner[i]);
    items[48] = 0;
    assert_string_equal(items, "----13-124---21-3-1-34---13-2----4-44-2-14-1--2-");
    ent_quorum_table_shares(t, bytes, 0, 48);
    ent_hex_encode(hex, bytes, 16);
    assert_string_equal(hex, "f6a12ca8ffc30a06ca140ccc72763301");
    ent_sha256_of(&sum, ent_slice(bytes, sizeof(bytes)));
    ent_hex_encode(hex, sum.b, sizeof(sum.b));
    assert_string_equal(hex, "a591ac02e2d91a30007081f5aa2676abdb92f15a97e15d2214bc79a0a9934074");
    ent_quorum_hit_check(check, &run, 7, 0x16, three);
    ent_hex_encode(hex, check, sizeof(check));
    assert_string_equal(hex, "2ed48b1c42134eb7");
    ent_quorum_table_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counting),      cmocka_unit_test(test_order),
        cmocka_unit_test(test_theory),        cmocka_unit_test(test_misses),
        cmocka_unit_test(test_answer),        cmocka_unit_test(test_lies),
        cmocka_unit_test(test_bad_answers),   cmocka_unit_test(test_bad_tables),
        cmocka_unit_test(test_known_answers),
    };
    return ent_t_run("quorum_table", tests);
}
