/* test_consistency.c: proofs that a log only grew, as text: one form, and nothing else passes. */
#include "tests/support/logs.h"

#include "ledger/consistency.h"

#define SIZE 21u

static struct logs_pact pact;
static struct logs_log m0_log;

struct fixture {
    struct ent_buf bytes, head;
    struct ent_consistency c;
};

static int fresh(void **state)
{
    struct ent_buf b;
    (void)state;
    logs_pact_make(&pact, 4, 3);
    m0_log.n = 0;
    ent_buf_init(&b, ENT_NOTE_MAX);
    for (uint64_t i = 1; i <= SIZE; i++) {
        logs_statement(&b, &pact, 0, i, "something");
        logs_add(&m0_log, ent_buf_slice(&b));
    }
    ent_buf_release(&b);
    return 0;
}

/* The proof for these three sizes, as it is made of hashes alone. */
static void open_fixture(struct fixture *f, uint64_t old_n, uint64_t new_n, uint64_t size)
{
    const struct ent_merkle_source source = logs_source(&m0_log);
    struct ent_hash32 root = logs_root(&m0_log, size);
    ent_buf_init(&f->bytes, ENT_CONSISTENCY_MAX + 1);
    ent_buf_init(&f->head, ENT_NOTE_MAX);
    logs_head(&f->head, &pact, 0, 1, size, &root);
    f->c = (struct ent_consistency){.old_size = old_n,
                                    .new_size = new_n,
                                    .old_root = logs_root(&m0_log, old_n),
                                    .new_root = logs_root(&m0_log, new_n)};
    f->c.head = ent_buf_slice(&f->head);
    if (old_n > 0)
        assert_ok(ent_merkle_prove_consistency(&f->c.path, old_n, new_n, &source));
    if (new_n > 0)
        assert_ok(ent_merkle_prove_consistency(&f->c.to, new_n, size, &source));
    assert_ok(ent_consistency_encode(&f->bytes, &f->c));
}

static void close_fixture(struct fixture *f)
{
    ent_buf_release(&f->bytes);
    ent_buf_release(&f->head);
}

static enum ent_err checked(const struct ent_consistency *c, struct ent_diag *d)
{
    struct ent_standing st;
    struct ent_checkpoint cp;
    return ent_consistency_check(c, &st, &cp, &pact.roster, d);
}

/* --- what holds ---------------------------------------------------------------------------------
 */

static void test_all_sizes(void **state)
{
    (void)state;
    for (uint64_t size = 1; size <= SIZE; size++)
        for (uint64_t new_n = 0; new_n <= size; new_n++)
            for (uint64_t old_n = 0; old_n <= new_n; old_n++) {
                struct ent_consistency back;
                struct ent_buf again;
                struct fixture f;
                open_fixture(&f, old_n, new_n, size);
                ent_buf_init(&again, ENT_CONSISTENCY_MAX);
                assert_ok(ent_consistency_parse(&back, ent_buf_slice(&f.bytes), NULL));
                assert_ok(checked(&back, NULL));
                assert_ok(ent_consistency_encode(&again, &back));
                assert_true(ent_slice_eq(ent_buf_slice(&again), ent_buf_slice(&f.bytes)));
                ent_buf_release(&again);
                close_fixture(&f);
            }
}

static void test_what_the_head_is_worth(void **state)
{
    struct ent_consistency back;
    struct ent_standing st;
    struct ent_checkpoint cp;
    struct ent_buf b;
    struct fixture f;
    (void)state;
    open_fixture(&f, 3, 7, 12);
    for (size_t i = 1; i <= 3; i++) {
        assert_ok(ent_consistency_check(&f.c, &st, &cp, &pact.roster, NULL));
        assert_false(st.accepted);
        assert_int_equal(st.cosigned, i - 1);
        logs_cosign(&f.head, &pact, i, 1000 + (int64_t)i);
        f.c.head = ent_buf_slice(&f.head);
    }
    ent_buf_init(&b, ENT_CONSISTENCY_MAX);
    assert_ok(ent_consistency_encode(&b, &f.c));
    assert_ok(ent_consistency_parse(&back, ent_buf_slice(&b), NULL));
    assert_ok(ent_consistency_check(&back, &st, &cp, &pact.roster, NULL));
    assert_true(st.accepted);
    assert_int_equal(st.not_later, 1002);
    assert_int_equal(cp.size, 12);
    assert_true(cp.origin.p == back.head.p); /* points into it */
    ent_buf_release(&b);
    close_fixture(&f);
}

/* --- what does not ------------------------------------------------------------------------------
 */

static const char not_new[] = "the new tree is not shown to be a beginning of the log";
static const char not_old[] = "the old tree is not shown to be a beginning of the new";

static void test_other_trees(void **state)
{
    struct fixture f;
    (void)state;
    open_fixture(&f, 5, 9, 20);
    struct ent_consistency c = f.c;
    c.old_root.b[7] ^= 1;
    assert_says(checked(&c, d), ENT_E_AUTH, not_old);
    c = f.c;
    c.new_root.b[31] ^= 0x80;
    assert_says(checked(&c, d), ENT_E_AUTH, not_new);
    c = f.c;
    c.old_size = 4;
    assert_says(checked(&c, d), ENT_E_AUTH, not_old);
    c = f.c;
    c.new_size = 8;
    assert_says(checked(&c, d), ENT_E_AUTH, not_new);
    c = f.c;
    c.path.n--;
    assert_says(checked(&c, d), ENT_E_AUTH, not_old);
    c = f.c;
    c.to.hash[c.to.n++] = c.to.hash[0];
    assert_says(checked(&c, d), ENT_E_AUTH, not_new);
    c = f.c;
    c.old_size = 9; /* backwards */
    c.new_size = 5;
    c.old_root = f.c.new_root;
    c.new_root = f.c.old_root;
    assert_err(checked(&c, NULL), ENT_E_AUTH);
    c = f.c;
    c.new_size = 21; /* more than was signed */
    assert_says(checked(&c, d), ENT_E_AUTH, not_new);
    assert_ok(checked(&f.c, NULL));
    close_fixture(&f);
}

/* Any three sizes with any of the roots that there are: only true ones pass. */
static void test_against_a_model(void **state)
{
    (void)state;
    for (int round = 0; round < 2000; round++) {
        uint64_t size = 1 + ent_t_below(SIZE), new_n = ent_t_below(size + 1);
        uint64_t old_n = ent_t_below(new_n + 1), of_old = ent_t_below(SIZE + 1);
        uint64_t of_new = ent_t_below(SIZE + 1);
        struct fixture f;
        open_fixture(&f, old_n, new_n, size);
        if (ent_t_below(2) == 0)
            f.c.old_root = logs_root(&m0_log, of_old);
        else
            of_old = old_n;
        if (ent_t_below(2) == 0)
            f.c.new_root = logs_root(&m0_log, of_new);
        else
            of_new = new_n;
        bool is_true = of_old == old_n && of_new == new_n;
        assert_int_equal(checked(&f.c, NULL) == ENT_OK, is_true);
        close_fixture(&f);
    }
}

static void test_other_heads(void **state)
{
    struct ent_hash32 root;
    struct fixture f;
    (void)state;
    open_fixture(&f, 5, 9, 20);
    root = logs_root(&m0_log, 20);
    logs_head(&f.head, &pact, 1, 1, 20, &root); /* of m1's log */
    f.c.head = ent_buf_slice(&f.head);
    assert_ok(checked(&f.c, NULL)); /* whose log it is, is for who asks */
    logs_head(&f.head, &pact, 0, 1, 20, &root);
    logs_spoil(&f.head);
    f.c.head = ent_buf_slice(&f.head);
    assert_err(checked(&f.c, NULL), ENT_E_AUTH);
    logs_head(&f.head, &pact, 0, 1, 20, &root);
    logs_cosign(&f.head, &pact, 2, 1000);
    logs_spoil(&f.head);
    f.c.head = ent_buf_slice(&f.head);
    assert_err(checked(&f.c, NULL), ENT_E_AUTH);
    f.c.head = ENT_SLICE_LIT("no note");
    assert_err(checked(&f.c, NULL), ENT_E_FORMAT);
    close_fixture(&f);
}

static void test_no_flipped_bit(void **state)
{
    struct ent_consistency back;
    struct fixture f;
    (void)state;
    open_fixture(&f, 5, 9, 20);
    for (size_t bit = 0; bit < 8 * f.bytes.n; bit++) {
        f.bytes.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(ent_consistency_parse(&back, ent_buf_slice(&f.bytes), NULL) == ENT_OK &&
                     checked(&back, NULL) == ENT_OK);
        f.bytes.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t n = 0; n < f.bytes.n; n++)
        assert_err(ent_consistency_parse(&back, ent_slice(f.bytes.p, n), NULL), ENT_E_FORMAT);
    assert_ok(ent_buf_putc(&f.bytes, '\n'));
    assert_err(ent_consistency_parse(&back, ent_buf_slice(&f.bytes), NULL), ENT_E_FORMAT);
    close_fixture(&f);
}

static void test_texts_that_are_none(void **state)
{
#define ROOT "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
#define TOP  "entente/consistency@v1\n"
    static const char *const texts[] = {
        "",
        TOP,
        "entente/consistency@v2\nold 0 " ROOT "\nnew 0 " ROOT "\nhead 1\nx",
        TOP "new 0 " ROOT "\nold 0 " ROOT "\nhead 1\nx",
        TOP "old 00 " ROOT "\nnew 0 " ROOT "\nhead 1\nx",
        TOP "old -1 " ROOT "\nnew 0 " ROOT "\nhead 1\nx",
        TOP "old 9223372036854775808 " ROOT "\nnew 0 " ROOT "\nhead 1\nx",
        TOP "old 0  " ROOT "\nnew 0 " ROOT "\nhead 1\nx",
        TOP "old 0 " ROOT " \nnew 0 " ROOT "\nhead 1\nx",
        TOP "old 0 47DE\nnew 0 " ROOT "\nhead 1\nx",
        TOP "old 0 " ROOT "\nnew 0 " ROOT "\nto " ROOT "\npath " ROOT "\nhead 1\nx",
        TOP "old 0 " ROOT "\nnew 0 " ROOT "\npath\nhead 1\nx",
        TOP "old 0 " ROOT "\nnew 0 " ROOT "\nhead 2\nx",
        TOP "old 0 " ROOT "\nnew 0 " ROOT "\nhead 0\nx",
        TOP "old 0 " ROOT "\nnew 0 " ROOT "\nhead 65537\nx",
        TOP "old 0 " ROOT "\r\nnew 0 " ROOT "\nhead 1\nx",
    };
    struct ent_consistency c;
    struct ent_buf b;
    (void)state;
    assert_ok(ent_consistency_parse(
        &c, ENT_SLICE_LIT(TOP "old 0 " ROOT "\nnew 0 " ROOT "\nhead 1\nx"), NULL));
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_says(ent_consistency_parse(&c, ent_slice_str(texts[i]), d), ENT_E_FORMAT,
                    "malformed consistency proof");
    for (int n = 64; n <= 65; n++) { /* hashes */
        ent_buf_init(&b, ENT_CONSISTENCY_MAX);
        assert_ok(ent_buf_printf(&b, TOP "old 0 " ROOT "\nnew 0 " ROOT "\n"));
        for (int i = 0; i < n; i++)
            assert_ok(ent_buf_printf(&b, "to " ROOT "\n"));
        assert_ok(ent_buf_printf(&b, "head 1\nx"));
        assert_err(ent_consistency_parse(&c, ent_buf_slice(&b), NULL),
                   n == 64 ? ENT_OK : ENT_E_FORMAT);
        ent_buf_release(&b);
    }
    ent_buf_init(&b, ENT_CONSISTENCY_MAX + 1);
    while (b.n <= ENT_CONSISTENCY_MAX)
        assert_ok(ent_buf_putc(&b, 'x'));
    assert_says(ent_consistency_parse(&c, ent_buf_slice(&b), d), ENT_E_LIMIT,
                "consistency proof too large");
    ent_buf_release(&b);
}

/* What could not be read back is not written, and nothing of it is left. */
static void test_what_is_not_written(void **state)
{
    struct fixture f;
    struct ent_buf b;
    (void)state;
    open_fixture(&f, 5, 9, 20);
    ent_buf_init(&b, f.bytes.n + 3);
    assert_ok(ent_buf_put(&b, "abc", 3));
    struct ent_consistency c = f.c;
    c.path.n = ENT_MERKLE_PROOF_MAX + 1;
    assert_err(ent_consistency_encode(&b, &c), ENT_E_LIMIT);
    c = f.c;
    c.to.n = ENT_MERKLE_PROOF_MAX + 1;
    assert_err(ent_consistency_encode(&b, &c), ENT_E_LIMIT);
    c = f.c;
    c.head.n = ENT_NOTE_MAX + 1;
    assert_err(ent_consistency_encode(&b, &c), ENT_E_LIMIT);
    c = f.c;
    c.old_size = ENT_CHECKPOINT_SIZE_MAX + 1ull;
    assert_err(ent_consistency_encode(&b, &c), ENT_E_LIMIT);
    ent_buf_release(&b);
    ent_buf_init(&b, f.bytes.n + 2);
    assert_ok(ent_buf_put(&b, "abc", 3));
    assert_err(ent_consistency_encode(&b, &f.c), ENT_E_LIMIT);
    assert_int_equal(b.n, 3);
    ent_buf_release(&b);
    close_fixture(&f);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, fresh)
    const struct CMUnitTest tests[] = {
        TEST(test_all_sizes),           TEST(test_what_the_head_is_worth),
        TEST(test_other_trees),         TEST(test_against_a_model),
        TEST(test_other_heads),         TEST(test_no_flipped_bit),
        TEST(test_texts_that_are_none), TEST(test_what_is_not_written),
    };
    return ent_t_run("consistency", tests);
}
