/*
 * test_quorum_wire.c: blocks of shares, progress, and answers in pieces: whole, damaged, in another
 * order, by somebody else; what many sets in one cell come to.
 */
#include "tests/support/t.h"

#include "match/match.h"

static const struct ent_hash32 run = {{42}};
/* 20 tables of 2,000 bins: 40,000 cells, three blocks */
static const struct ent_quorum_shape shape = {
    .members = 5, .threshold = 2, .items = 1000, .tables = 20};

static struct ent_quorum_table *table(uint32_t index)
{
    const struct ent_seed32 filler = {{(uint8_t)index}};
    static uint8_t f[10][ENT_OPRF_OUT];
    struct ent_quorum_table *t = NULL;
    for (size_t i = 0; i < 10; i++)
        f[i][0] = (uint8_t)i;
    assert_ok(ent_quorum_table_new(&t, &shape, index, &run, &filler, &f[0][0], 10));
    return t;
}

static struct ent_quorum_uploads *uploads(uint64_t present)
{
    struct ent_quorum_uploads *u = NULL;
    assert_ok(ent_quorum_uploads_new(&u, &shape, &run, present));
    return u;
}

static enum ent_err take(const struct ent_quorum_uploads *u, struct ent_quorum_block *ret,
                         uint32_t index, struct ent_slice m, enum ent_quorum_fault want)
{
    enum ent_quorum_fault f = ENT_QUORUM_ANSWER;
    enum ent_err r = ent_quorum_uploads_parse(u, ret, &f, index, m);
    assert_int_equal(f, want);
    return r;
}

static void test_blocks_and_progress(void **state)
{
    struct ent_quorum_uploads *u = uploads(0x1f);
    struct ent_quorum_table *t = table(2);
    struct ent_quorum_block k;
    struct ent_slice bits = {NULL, 0};
    struct ent_buf b, p;
    uint8_t shares[8 * 7232];
    (void)state;
    ent_buf_init(&b, ENT_QUORUM_BLOCK_MAX);
    ent_buf_init(&p, 64);
    assert_int_equal(ent_quorum_blocks(&shape), 3);
    assert_int_equal(ent_quorum_block_count(&shape, 2), 7232);
    assert_int_equal(ent_quorum_block_count(&shape, 3), 0);
    assert_err(ent_quorum_block_encode(&b, t, &shape, &run, 2, 3), ENT_E_NOTFOUND);
    for (uint32_t block = 3; block-- > 0;) {
        assert_false(ent_quorum_uploads_complete(u) == 2);
        ent_buf_clear(&b);
        assert_ok(ent_quorum_block_encode(&b, t, &shape, &run, 2, block));
        assert_ok(take(u, &k, 2, ent_buf_slice(&b), ENT_QUORUM_NO_FAULT));
        assert_int_equal(k.block, block);
        assert_int_equal(k.first, block * ENT_QUORUM_BLOCK);
        assert_true(k.fresh);
        if (block == 2) {
            ent_quorum_table_shares(t, shares, k.first, 7232);
            assert_true(ent_slice_eq(k.shares, ent_slice(shares, sizeof(shares))));
        }
        /* Not before it is on the disk. */
        assert_ok(take(u, &k, 2, ent_buf_slice(&b), ENT_QUORUM_NO_FAULT));
        assert_true(k.fresh);
        ent_quorum_uploads_keep(u, 2, block);
        ent_quorum_uploads_keep(u, 2, block);
        assert_ok(take(u, &k, 2, ent_buf_slice(&b), ENT_QUORUM_NO_FAULT));
        assert_false(k.fresh);
        ent_buf_clear(&p);
        assert_ok(ent_quorum_progress_encode(&p, u, 2));
        assert_ok(ent_quorum_progress_parse(&bits, &shape, &run, 2, ent_buf_slice(&p)));
        for (uint32_t i = 0; i < 10; i++)
            assert_int_equal(ent_quorum_progress_has(bits, i), i >= block && i < 3);
    }
    assert_int_equal(ent_quorum_uploads_complete(u), 2);
    ent_quorum_uploads_leave_out(u, 2);
    assert_int_equal(ent_quorum_uploads_complete(u), 0);
    assert_err(take(u, &k, 2, ent_buf_slice(&b), ENT_QUORUM_NO_FAULT), ENT_E_STATE);
    assert_err(ent_quorum_progress_encode(&p, u, 2), ENT_E_STATE);
    ent_buf_release(&b);
    ent_buf_release(&p);
    ent_quorum_table_free(t);
    ent_quorum_uploads_free(u);
}

/* Each lie about a block, with its name. */
static void test_bad_blocks(void **state)
{
    struct ent_quorum_uploads *u = uploads(0x17);
    struct ent_quorum_table *t = table(2);
    struct ent_quorum_block k;
    struct ent_buf b;
    (void)state;
    ent_buf_init(&b, ENT_QUORUM_BLOCK_MAX + 1);
    assert_ok(ent_quorum_block_encode(&b, t, &shape, &run, 2, 2));
    struct ent_slice m = ent_buf_slice(&b);
    for (size_t n = 0; n < m.n; n += n < 48 ? 1 : 4099)
        assert_err(take(u, &k, 2, ent_slice(m.p, n), ENT_QUORUM_MALFORMED), ENT_E_FORMAT);
    assert_ok(ent_buf_putc(&b, 0));
    assert_err(take(u, &k, 2, ent_buf_slice(&b), ENT_QUORUM_MALFORMED), ENT_E_FORMAT);
    m = ent_slice(b.p, b.n - 1);
    b.p[36] = 0; /* the length of another block */
    assert_err(take(u, &k, 2, m, ENT_QUORUM_MALFORMED), ENT_E_FORMAT);
    b.p[36] = 3;
    assert_err(take(u, &k, 2, m, ENT_QUORUM_MALFORMED), ENT_E_FORMAT);
    b.p[39] = 0xff;
    assert_err(take(u, &k, 2, m, ENT_QUORUM_MALFORMED), ENT_E_FORMAT);
    b.p[36] = 2, b.p[39] = 0;
    b.p[31] ^= 1;
    assert_err(take(u, &k, 2, m, ENT_QUORUM_NO_FAULT), ENT_E_STATE);
    b.p[31] ^= 1;
    /* Of another, as the connection says; and in the name of another. */
    assert_err(take(u, &k, 1, m, ENT_QUORUM_FOREIGN), ENT_E_AUTH);
    b.p[32] = 1;
    assert_err(take(u, &k, 2, m, ENT_QUORUM_FOREIGN), ENT_E_AUTH);
    b.p[32] = 2;
    for (uint32_t index = 0; index < 70; index++)
        if (index == 4 || index < 1 || index > 5)
            assert_err(take(u, &k, index, m, ENT_QUORUM_NO_FAULT), ENT_E_STATE);
    /* The largest share, and one more, in the first and the last place. */
    for (size_t at = ENT_QUORUM_HEADER; at < m.n; at += m.n - ENT_QUORUM_HEADER - 8) {
        ent_put_u64le(b.p + at, ENT_QF_P - 1);
        assert_ok(take(u, &k, 2, m, ENT_QUORUM_NO_FAULT));
        ent_put_u64le(b.p + at, ENT_QF_P);
        assert_err(take(u, &k, 2, m, ENT_QUORUM_MALFORMED), ENT_E_FORMAT);
        ent_put_u64le(b.p + at, 0);
    }
    ent_buf_release(&b);
    ent_quorum_table_free(t);
    ent_quorum_uploads_free(u);
}

static void test_bad_progress(void **state)
{
    struct ent_quorum_uploads *u = uploads(0x1f);
    struct ent_slice bits;
    struct ent_buf p;
    (void)state;
    ent_buf_init(&p, 64);
    assert_ok(ent_quorum_progress_encode(&p, u, 2));
    assert_int_equal(p.n, ENT_QUORUM_HEADER + 1);
    for (size_t n = 0; n < p.n; n++)
        assert_err(ent_quorum_progress_parse(&bits, &shape, &run, 2, ent_slice(p.p, n)),
                   ENT_E_FORMAT);
    assert_err(ent_quorum_progress_parse(&bits, &shape, &run, 3, ent_buf_slice(&p)), ENT_E_AUTH);
    p.p[0] ^= 1;
    assert_err(ent_quorum_progress_parse(&bits, &shape, &run, 2, ent_buf_slice(&p)), ENT_E_STATE);
    p.p[0] ^= 1;
    p.p[36] = 4;
    assert_err(ent_quorum_progress_parse(&bits, &shape, &run, 2, ent_buf_slice(&p)), ENT_E_FORMAT);
    p.p[36] = 3;
    p.p[40] = 8; /* a fourth block of three */
    assert_err(ent_quorum_progress_parse(&bits, &shape, &run, 2, ent_buf_slice(&p)), ENT_E_FORMAT);
    p.p[40] = 7;
    assert_ok(ent_quorum_progress_parse(&bits, &shape, &run, 2, ent_buf_slice(&p)));
    assert_ok(ent_buf_putc(&p, 0));
    assert_err(ent_quorum_progress_parse(&bits, &shape, &run, 2, ent_buf_slice(&p)), ENT_E_FORMAT);
    ent_buf_release(&p);
    ent_quorum_uploads_free(u);
}

/* --- answers -------------------------------------------------------------------------------- */

/* All pieces of an answer of n hits, one behind the other, and their commitment. */
static struct ent_hash32 pieces(struct ent_buf *b, uint32_t n)
{
    const struct ent_salt32 salt = {{5}};
    uint8_t *records = malloc(ENT_QUORUM_HIT * (size_t)n + 1);
    struct ent_quorum_sum sum;
    struct ent_hash32 ret;
    assert_non_null(records);
    for (uint32_t i = 0; i < n; i++) {
        struct ent_quorum_hit h = {.cell = i, .holders = 3, .check = {(uint8_t)i}};
        ent_quorum_hit_put(records + ENT_QUORUM_HIT * (size_t)i, &h);
    }
    ent_buf_clear(b);
    ent_quorum_sum_init(&sum, &salt, n);
    for (uint32_t piece = 0; piece < ent_quorum_pieces(n); piece++) {
        struct ent_slice s = ent_slice(records + (size_t)piece * ENT_QUORUM_PIECE * ENT_QUORUM_HIT,
                                       ent_quorum_piece_count(n, piece) * ENT_QUORUM_HIT);
        ent_quorum_sum_add(&sum, s);
        assert_ok(ent_quorum_piece_encode(b, &run, 2, piece, n, &salt, s));
    }
    ent_quorum_sum_end(&sum, &ret);
    free(records);
    return ret;
}

#define FULL (ENT_QUORUM_HEADER + 36u + ENT_QUORUM_HIT * ENT_QUORUM_PIECE)

static struct ent_slice piece_of(const struct ent_buf *b, uint32_t piece)
{
    size_t at = (size_t)piece * FULL, left = b->n - at;
    return ent_slice(b->p + at, left < FULL ? left : FULL);
}

static void test_answers(void **state)
{
    static const uint32_t sizes[] = {0, 1, 4095, 4096, 4097, 9000};
    struct ent_buf b;
    (void)state;
    ent_buf_init(&b, 1u << 20);
    for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
        struct ent_quorum_answer a;
        struct ent_hash32 c = pieces(&b, sizes[k]);
        ent_quorum_answer_init(&a, &shape, &run, 2, 1000);
        for (uint32_t i = 0; i < ent_quorum_pieces(sizes[k]); i++) {
            assert_false(ent_quorum_answer_is_whole(&a));
            assert_err(ent_quorum_answer_check(&a, &c), ENT_E_STATE);
            assert_ok(ent_quorum_answer_take(&a, piece_of(&b, i)));
        }
        assert_true(ent_quorum_answer_is_whole(&a));
        assert_ok(ent_quorum_answer_check(&a, &c));
        assert_ok(ent_quorum_answer_check(&a, &c));
        c.b[3] ^= 1;
        assert_err(ent_quorum_answer_check(&a, &c), ENT_E_AUTH);
        assert_err(ent_quorum_answer_take(&a, piece_of(&b, 0)), ENT_E_STATE);
        assert_int_equal(a.list.n, sizes[k] * sizeof(struct ent_quorum_hit));
        const struct ent_quorum_hit *hit = (const void *)a.list.p;
        for (uint32_t i = 0; i < sizes[k]; i++)
            assert_true(hit[i].cell == i && hit[i].holders == 3 && hit[i].check[0] == (uint8_t)i);
        ent_quorum_answer_release(&a);
    }
    ent_buf_release(&b);
}

/* Every flipped byte is noticed: at once, or against what the collector signed. */
static void test_bad_answers(void **state)
{
    struct ent_quorum_answer a;
    struct ent_buf b;
    (void)state;
    ent_buf_init(&b, 1u << 20);
    struct ent_hash32 c = pieces(&b, 3);
    for (size_t i = 0; i < b.n; i++) {
        ent_quorum_answer_init(&a, &shape, &run, 2, 1000);
        b.p[i] ^= (uint8_t)(1u << ent_t_below(8));
        enum ent_err r = ent_quorum_answer_take(&a, ent_buf_slice(&b));
        if (r == ENT_OK)
            assert_err(ent_quorum_answer_check(&a, &c), ENT_E_AUTH);
        ent_quorum_answer_release(&a);
        (void)pieces(&b, 3);
    }
    ent_quorum_answer_init(&a, &shape, &run, 2, 1000);
    for (size_t n = 0; n < b.n; n++)
        assert_err(ent_quorum_answer_take(&a, ent_slice(b.p, n)), ENT_E_FORMAT);
    assert_ok(ent_buf_putc(&b, 0));
    assert_err(ent_quorum_answer_take(&a, ent_buf_slice(&b)), ENT_E_FORMAT);
    /* Pieces in another order, one left out, or with another number of hits. */
    (void)pieces(&b, 9000);
    assert_err(ent_quorum_answer_take(&a, piece_of(&b, 1)), ENT_E_FORMAT);
    assert_ok(ent_quorum_answer_take(&a, piece_of(&b, 0)));
    assert_err(ent_quorum_answer_take(&a, piece_of(&b, 0)), ENT_E_FORMAT);
    assert_err(ent_quorum_answer_take(&a, piece_of(&b, 2)), ENT_E_FORMAT);
    b.p[FULL + ENT_QUORUM_HEADER] ^= 1;
    assert_err(ent_quorum_answer_take(&a, piece_of(&b, 1)), ENT_E_FORMAT);
    ent_quorum_answer_release(&a);
    /* No more than there can be: nothing is allocated for the rest. */
    ent_quorum_answer_init(&a, &shape, &run, 2, 1);
    assert_int_equal(a.most, 80);
    (void)pieces(&b, 80);
    assert_ok(ent_quorum_answer_take(&a, ent_buf_slice(&b)));
    ent_quorum_answer_release(&a);
    ent_quorum_answer_init(&a, &shape, &run, 2, 1);
    (void)pieces(&b, 81);
    assert_err(ent_quorum_answer_take(&a, ent_buf_slice(&b)), ENT_E_LIMIT);
    assert_int_equal(a.list.cap, 0);
    ent_quorum_answer_release(&a);
    ent_buf_release(&b);
}

static void test_hits_most(void **state)
{
    struct ent_quorum_shape most = {
        .members = 64, .threshold = 8, .items = ENT_QUORUM_ITEMS, .tables = 32};
    (void)state;
    assert_int_equal(ent_quorum_hits_most(&most, ENT_QUORUM_ITEMS), 1u << 27);
    most.threshold = 2; /* no more than two in each cell */
    assert_int_equal(ent_quorum_hits_most(&most, ENT_QUORUM_ITEMS), 1u << 27);
    assert_int_equal(ent_quorum_hits_most(&most, 0), 0);
    most.threshold = 8;
    assert_int_equal(ent_quorum_blocks(&most), ENT_QUORUM_BLOCKS);
}

/* Liars make all the sets that they like among themselves; two others are told of theirs. */
static void test_sift(void **state)
{
    struct ent_quorum_sift s = {0};
    struct ent_quorum_hit h = {.cell = 7};
    size_t told = 0;
    (void)state;
    for (uint64_t i = 0; i < 10; i++)
        for (uint64_t j = i + 1; j < 10; j++) {
            h.holders = UINT64_C(1) << i | UINT64_C(1) << j | UINT64_C(1) << 10;
            uint64_t to = ent_quorum_sift(&s, &h);
            assert_true((to & ~h.holders) == 0);
            told += (size_t)__builtin_popcountll(to);
        }
    assert_int_equal(told, 11 * ENT_QUORUM_CELL_HITS);
    assert_int_equal(ent_quorum_sift(&s, &h), 0);
    h.holders = UINT64_C(1) << 63 | UINT64_C(1) << 62 | 1;
    assert_int_equal(ent_quorum_sift(&s, &h), UINT64_C(3) << 62);
    h.cell = 8; /* another cell, all anew */
    assert_int_equal(ent_quorum_sift(&s, &h), h.holders);
}

static int setup(void **state)
{
    (void)state;
    return ent_secret_start() == ENT_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_blocks_and_progress, setup),
        cmocka_unit_test(test_bad_blocks),
        cmocka_unit_test(test_bad_progress),
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_bad_answers),
        cmocka_unit_test(test_hits_most),
        cmocka_unit_test(test_sift),
    };
    return ent_t_run("quorum_wire", tests);
}
