/*
 * test_quorum_collect.c: the collector in its real field, at every level of the dispatch: planted
 * sets of all sizes, edge values, missing participants, foreign bytes; and the bounds of a quorum.
 */
#include "match/match.h"
#include "match/quorum_scan.h"
#include "tests/support/t.h"

#define CELLS 200u

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

static uint64_t value(void)
{
    return ent_qf_of_bits(ent_t_rand());
}

/* Puts the shares of a new item into a cell, for these holders. */
static void plant(uint64_t (*shares)[CELLS], uint32_t threshold, uint32_t cell, uint64_t holders)
{
    uint64_t coef[ENT_QUORUM_THRESHOLD];
    for (uint32_t i = 0; i < threshold - 1; i++)
        coef[i] = value();
    for (uint64_t left = holders; left != 0; left &= left - 1) {
        unsigned j = (unsigned)__builtin_ctzll(left);
        shares[j][cell] = ent_qf_at(coef, threshold - 1, j + 1);
    }
}

static uint64_t some_members(uint32_t members, uint32_t count)
{
    uint64_t r = 0;
    while ((uint32_t)__builtin_popcountll(r) < count)
        r |= UINT64_C(1) << ent_t_below(members);
    return r;
}

static void noise(uint64_t (*shares)[CELLS], uint32_t members)
{
    for (uint32_t j = 0; j < members; j++)
        for (uint32_t cell = 0; cell < CELLS; cell++)
            shares[j][cell] = value();
}

static void collect(struct sink *s, const struct ent_quorum_shape *shape, uint64_t present,
                    uint64_t (*shares)[CELLS], size_t count)
{
    static uint64_t there[ENT_QUORUM_MEMBERS][CELLS];
    struct ent_quorum_collector c;
    struct ent_hash32 run = {{7}};
    ent_quorum_collector_init(&c, shape, present, &run);
    for (uint32_t k = 0; k < c.present; k++)
        memcpy(there[k], shares[c.index[k] - 1], sizeof(there[k]));
    s->n = 0;
    assert_ok(ent_quorum_collect(&c, there[0], CELLS, 1000, count, keep, s));
}

/* Planted sets of t-1, t, t+1 and all members, two sets that share t-2 members, and noise. All
 * levels find the same, and exactly what was planted. */
static void check_planted(uint32_t members, uint32_t threshold)
{
    static uint64_t shares[ENT_QUORUM_MEMBERS][CELLS], want[CELLS];
    static struct sink s;
    const struct ent_quorum_shape shape = {members, threshold, CELLS, 2};
    uint64_t all = UINT64_MAX >> (64 - members);
    noise(shares, members);
    memset(want, 0, sizeof(want));
    for (uint32_t cell = 0; cell < CELLS; cell += 1 + (uint32_t)ent_t_below(12)) {
        uint32_t size = threshold - 1 + (uint32_t)ent_t_below(3);
        uint64_t holders = size >= members ? all : some_members(members, size);
        plant(shares, threshold, cell, holders);
        want[cell] = size >= threshold ? holders : 0;
    }
    plant(shares, threshold, 3, want[3] = all);
    for (int l = ENT_CPU_PORTABLE; l <= (int)ent_cpu_machine(); l++) {
        size_t at = 0;
        ent_cpu_limit((enum ent_cpu_level)l);
        collect(&s, &shape, all, shares, CELLS);
        for (uint32_t cell = 0; cell < CELLS; cell++) {
            if (want[cell] == 0)
                continue;
            assert_true(at < s.n);
            assert_int_equal(s.hit[at].cell, 1000 + cell);
            assert_true(s.hit[at].holders == want[cell]);
            at++;
        }
        assert_int_equal(at, s.n);
    }
}

static void test_planted(void **state)
{
    (void)state;
    for (uint32_t t = 2; t <= 5; t++)
        for (uint32_t n = t; n <= 12; n += 1 + (uint32_t)ent_t_below(3))
            check_planted(n, t);
    check_planted(33, 3);
    check_planted(64, 2);
    check_planted(64, 3);
    check_planted(20, 4);
    for (uint32_t t = 6; t <= 8; t++)
        check_planted(t + (uint32_t)ent_t_below(3), t);
}

/* Values at the ends of the field and next to each other, where sums and products wrap: what the
 * levels say is compared with what the exact walk says. */
static void test_edges(void **state)
{
    static const uint64_t edge[] = {
        0, 1, 2, ENT_QF_P - 1, ENT_QF_P - 2, UINT64_C(1) << 60, 0xffffffff, 0x100000000};
    static uint64_t shares[ENT_QUORUM_MEMBERS][CELLS];
    static struct sink exact, s;
    (void)state;
    for (uint32_t round = 0; round < 60; round++) {
        uint32_t n = 2 + (uint32_t)ent_t_below(9), most = n < 8 ? n : 8;
        const struct ent_quorum_shape shape = {n, 2 + (uint32_t)ent_t_below(most - 1), 8, 2};
        for (uint32_t j = 0; j < n; j++)
            for (uint32_t cell = 0; cell < CELLS; cell++)
                shares[j][cell] = cell % 8 == 0 ? edge[ent_t_below(8)] : value();
        ent_cpu_limit(ENT_CPU_PORTABLE);
        collect(&exact, &shape, UINT64_MAX >> (64 - n), shares, CELLS);
        for (int l = ENT_CPU_AVX2; l <= (int)ent_cpu_machine(); l++) {
            ent_cpu_limit((enum ent_cpu_level)l);
            collect(&s, &shape, UINT64_MAX >> (64 - n), shares, CELLS);
            assert_int_equal(s.n, exact.n);
            for (size_t i = 0; i < s.n; i++) {
                assert_int_equal(s.hit[i].cell, exact.hit[i].cell);
                assert_true(s.hit[i].holders == exact.hit[i].holders);
                assert_memory_equal(s.hit[i].check, exact.hit[i].check, 8);
            }
        }
    }
}

/* Two items in one cell: disjoint holders, and holders of which t-2 can be of both. */
static void test_two_in_a_cell(void **state)
{
    static uint64_t shares[ENT_QUORUM_MEMBERS][CELLS];
    static struct sink s;
    const struct ent_quorum_shape shape = {8, 3, 100, 2};
    (void)state;
    noise(shares, 8);
    plant(shares, 3, 17, 0x0f);
    plant(shares, 3, 17, 0xe0);
    /* A line through points that exist: (4, its share) and a second item of 4, 5, 8. */
    plant(shares, 3, 40, 0x0f);
    uint64_t slope = value();
    for (unsigned j = 4; j <= 8; j += j == 4 ? 1 : 3)
        shares[j - 1][40] = ent_qf_add(shares[3][40], ent_qf_mul(slope, j - 4));
    collect(&s, &shape, 0xff, shares, CELLS);
    assert_int_equal(s.n, 4);
    assert_true(s.hit[0].cell == 1017 && s.hit[0].holders == 0x0f);
    assert_true(s.hit[1].cell == 1017 && s.hit[1].holders == 0xe0);
    assert_true(s.hit[2].cell == 1040 && s.hit[2].holders == 0x0f);
    assert_true(s.hit[3].cell == 1040 && s.hit[3].holders == 0x98);
}

static void test_missing(void **state)
{
    static uint64_t shares[ENT_QUORUM_MEMBERS][CELLS];
    static struct sink s;
    const struct ent_quorum_shape shape = {12, 3, 100, 2};
    (void)state;
    noise(shares, 12);
    plant(shares, 3, 50, 0x80f); /* 1, 2, 3, 4 and 12 */
    collect(&s, &shape, 0xfff, shares, CELLS);
    assert_true(s.n == 1 && s.hit[0].holders == 0x80f);
    collect(&s, &shape, 0xffa, shares, CELLS); /* 1 and 3 stay away */
    assert_true(s.n == 1 && s.hit[0].holders == 0x80a);
    collect(&s, &shape, 0x7fa, shares, CELLS); /* and 12: two are not enough */
    assert_int_equal(s.n, 0);
    collect(&s, &shape, 0x003, shares, CELLS); /* fewer than the threshold at all */
    assert_int_equal(s.n, 0);
    collect(&s, &shape, 0xfff, shares, 50); /* the block ends before the cell */
    assert_int_equal(s.n, 0);
    collect(&s, &shape, 0xfff, shares, 51);
    assert_int_equal(s.n, 1);
}

/* A share under another's index, or altered in one bit, leaves its cell and nothing else. */
static void test_cheats(void **state)
{
    static uint64_t shares[ENT_QUORUM_MEMBERS][CELLS];
    static struct sink s;
    const struct ent_quorum_shape shape = {6, 3, 100, 2};
    (void)state;
    noise(shares, 6);
    plant(shares, 3, 20, 0x3f);
    shares[1][20] = shares[0][20];
    collect(&s, &shape, 0x3f, shares, CELLS);
    assert_true(s.n == 1 && s.hit[0].holders == 0x3d);
    shares[5][20] = ent_qf_add(shares[5][20], 1);
    collect(&s, &shape, 0x3f, shares, CELLS);
    assert_true(s.n == 1 && s.hit[0].holders == 0x1d);
}

static void test_parse(void **state)
{
    uint8_t bytes[3 * ENT_QUORUM_SHARE] = {0};
    uint64_t v[3];
    (void)state;
    ent_put_u64le(bytes + 8, ENT_QF_P - 1);
    assert_ok(ent_quorum_shares_parse(v, 3, ent_slice(bytes, sizeof(bytes))));
    assert_true(v[0] == 0 && v[1] == ENT_QF_P - 1 && v[2] == 0);
    assert_err(ent_quorum_shares_parse(v, 2, ent_slice(bytes, sizeof(bytes))), ENT_E_FORMAT);
    assert_err(ent_quorum_shares_parse(v, 3, ent_slice(bytes, sizeof(bytes) - 1)), ENT_E_FORMAT);
    assert_err(ent_quorum_shares_parse(v, 3, ent_slice(bytes, 0)), ENT_E_FORMAT);
    ent_put_u64le(bytes + 16, ENT_QF_P);
    assert_err(ent_quorum_shares_parse(v, 3, ent_slice(bytes, sizeof(bytes))), ENT_E_FORMAT);
    ent_put_u64le(bytes + 16, UINT64_MAX);
    assert_err(ent_quorum_shares_parse(v, 3, ent_slice(bytes, sizeof(bytes))), ENT_E_FORMAT);
}

static void test_field(void **state)
{
    (void)state;
    for (int i = 0; i < 20000; i++) {
        uint64_t a = i % 3 == 0 ? ENT_QF_P - 1 - ent_t_below(4) : value();
        uint64_t b = i % 5 == 0 ? ENT_QF_P - 1 - ent_t_below(4) : value();
        assert_true(ent_qf_add(a, b) == (a + b) % ENT_QF_P);
        assert_true(ent_qf_sub(a, b) == (a + ENT_QF_P - b) % ENT_QF_P);
        assert_true(ent_qf_mul(a, b) == (uint64_t)((ent_qf_wide)a * b % ENT_QF_P));
        if (a != 0 && i < 200)
            assert_true(ent_qf_mul(a, ent_qf_inverse_var(a)) == 1);
    }
    assert_true(ent_qf_of_bits(UINT64_MAX) == 0);
    assert_true(ent_qf_of_bits(ENT_QF_P) == 0);
    assert_true(ent_qf_of_bits(ENT_QF_P - 1) == ENT_QF_P - 1);
    assert_true(ent_qf_of_bits(UINT64_C(1) << 61) == 0);
}

static void test_shape(void **state)
{
    static const struct {
        struct ent_quorum_shape shape;
        const char *text;
    } bad[] = {
        {{1, 2, 1, 20}, "a quorum has 2 to 64 members"},
        {{65, 2, 1, 20}, "a quorum has 2 to 64 members"},
        {{5, 1, 1, 20}, "the threshold of a quorum is 2 to 8, and at most its members"},
        {{64, 9, 1, 20}, "the threshold of a quorum is 2 to 8, and at most its members"},
        {{5, 6, 1, 20}, "the threshold of a quorum is 2 to 8, and at most its members"},
        {{5, 3, 0, 20}, "a quorum takes 1 to 1,048,576 items of a member"},
        {{5, 3, (1u << 20) + 1, 20}, "a quorum takes 1 to 1,048,576 items of a member"},
        {{5, 3, 1, 0}, "the tables of a quorum are an even number, 2 to 32"},
        {{5, 3, 1, 21}, "the tables of a quorum are an even number, 2 to 32"},
        {{5, 3, 1, 34}, "the tables of a quorum are an even number, 2 to 32"},
    };
    const struct ent_quorum_shape most = {64, 8, 1u << 20, 32}, shape = {33, 3, 144045, 20};
    struct ent_quorum_cost cost;
    struct ent_diag d;
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_err(ent_quorum_shape_check(&bad[i].shape, &d), ENT_E_LIMIT);
        assert_string_equal(d.text, bad[i].text);
    }
    assert_ok(ent_quorum_shape_check(&most, &d));
    assert_int_equal(ent_quorum_cells(&most), UINT32_C(1) << 28);
    assert_ok(ent_quorum_shape_check(&shape, &d));
    ent_quorum_cost(&cost, &shape, (struct ent_quorum_rate){2, 1});
    assert_true(cost.multiplications == 8642700.0 * 527);
    assert_true(cost.comparisons == 8642700.0 * 5456);
    assert_true(cost.core_seconds > 56.26 && cost.core_seconds < 56.27);
    assert_int_equal(cost.upload, 69141600);
    assert_int_equal(cost.participant, 34570800 + 3457080 + 10371240);
    /* The walk of 4 of 6: (0), (1), (2) with 5, 4, 3 behind; (0,1) to (2,3) with 4, 3, 2. */
    const struct ent_quorum_shape six = {6, 4, 1, 2};
    ent_quorum_cost(&cost, &six, (struct ent_quorum_rate){1, 0});
    assert_true(cost.multiplications == 8 * (5 + 4 + 3 + 4 + 2 * 3 + 3 * 2));
    assert_true(cost.comparisons == 8 * 15);
    ent_quorum_cost(&cost, &most, ent_quorum_rate_of(ENT_CPU_AVX512));
    assert_true(cost.core_seconds > 1e7); /* of no use to anybody, and it says so */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_field),   cmocka_unit_test(test_planted),
        cmocka_unit_test(test_edges),   cmocka_unit_test(test_two_in_a_cell),
        cmocka_unit_test(test_missing), cmocka_unit_test(test_cheats),
        cmocka_unit_test(test_parse),   cmocka_unit_test(test_shape),
    };
    return ent_t_run("quorum_collect", tests);
}
