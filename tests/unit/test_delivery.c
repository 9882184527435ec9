/*
 * test_delivery.c: acts on their way, with the receipts that show them: one form, no byte of which
 * can be changed, and every way in which the two may not belong together.
 */
#include "tests/support/any_signer.h"
#include "tests/support/logs.h"

#include "ledger/delivery.h"

#define ACTS 7u

/* A pact of five, and the log of m0 with some acts. */
static struct logs_pact pact;
static struct logs_log m0_log;
static struct ent_buf act[ACTS];
static struct ent_act said[ACTS];

static const char not_one[] = "not a delivery of an act with its receipt";

static void say(struct ent_buf *b, struct ent_act *ret, const char *author, uint64_t sequence,
                const struct ent_seed32 *key)
{
    struct ent_statement st = {.pact_version = 1,
                               .sequence = sequence,
                               .type = ENT_ST_OFFER,
                               .time = 1534723200,
                               .tlp = "TLP:GREEN",
                               .media = "text/plain"};
    char body[64];
    (void)snprintf(st.author, sizeof(st.author), "%s", author);
    int n = snprintf(body, sizeof(body), "body %llu\n\nof it", (unsigned long long)sequence);
    ent_buf_release(b);
    ent_buf_init(b, ENT_ACT_MAX);
    struct ent_keypair pair;
    ent_keypair_init(&pair, key);
    const struct ent_signer signer = any_signer(&pair);
    assert_ok(ent_act_make(b, ret, NULL, &st, ent_slice(body, (size_t)n), &signer));
    ret->body = ent_slice(b->p + b->n - n, (size_t)n);
}

static struct ent_slice statement_of(const struct ent_buf *b)
{
    struct ent_slice s = {NULL, 0};
    assert_ok(ent_act_statement(&s, ent_buf_slice(b)));
    return s;
}

static int fresh(void **state)
{
    (void)state;
    logs_pact_make(&pact, 5, 3);
    m0_log.n = 0;
    for (unsigned i = 0; i < ACTS; i++) {
        say(&act[i], &said[i], "m0", i + 1, &pact.author[0]);
        logs_add(&m0_log, statement_of(&act[i]));
    }
    return 0;
}

static int clean(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ACTS; i++)
        ent_buf_release(&act[i]);
    return 0;
}

/* A head over the whole log, cosigned by so many. */
static void whole_head(struct ent_buf *head, size_t cosigned)
{
    struct ent_hash32 root = logs_root(&m0_log, m0_log.n);
    ent_buf_init(head, ENT_NOTE_MAX);
    logs_head(head, &pact, 0, 1, m0_log.n, &root);
    for (size_t i = 1; i <= cosigned; i++)
        logs_cosign(head, &pact, i, 1000 + (int64_t)i);
}

/* What shows entry `index`, and behind it these bytes. */
static void deliver(struct ent_buf *ret, uint64_t index, const struct ent_buf *head,
                    struct ent_slice bytes, struct ent_slice entry)
{
    const struct ent_merkle_source source = logs_source(&m0_log);
    struct ent_receipt rc = {.index = index, .head = ent_buf_slice(head), .entry = entry};
    struct ent_buf receipt;
    ent_buf_init(&receipt, ENT_RECEIPT_MAX);
    assert_ok(ent_merkle_prove_inclusion(&rc.proof, index, m0_log.n, &source));
    assert_ok(ent_receipt_encode(&receipt, &rc));
    ent_buf_release(ret);
    ent_buf_init(ret, 2 * ENT_DELIVERY_MAX);
    assert_ok(ent_delivery_encode(ret, ent_buf_slice(&receipt), bytes));
    ent_buf_release(&receipt);
}

static void good(struct ent_buf *ret, uint64_t index, size_t cosigned)
{
    struct ent_buf head;
    whole_head(&head, cosigned);
    deliver(ret, index, &head, ent_buf_slice(&act[index]), ent_slice(NULL, 0));
    ent_buf_release(&head);
}

static enum ent_err parse(struct ent_delivery *ret, struct ent_slice bytes, struct ent_diag *d)
{
    return ent_delivery_parse(ret, bytes, &pact.roster, d);
}

static bool is_in(struct ent_slice part, const struct ent_buf *b)
{
    return part.p >= b->p && part.p + part.n <= b->p + b->n;
}

/* --- good ones ----------------------------------------------------------------------------------
 */

static void test_what_a_delivery_says(void **state)
{
    struct ent_delivery del;
    struct ent_buf b = {0}, again = {0};
    (void)state;
    for (unsigned i = 0; i < ACTS; i++) {
        for (size_t cosigned = 0; cosigned < 5; cosigned++) {
            good(&b, i, cosigned);
            assert_ok(parse(&del, ent_buf_slice(&b), NULL));
            assert_int_equal(del.receipt.index, i);
            assert_int_equal(del.act.st.sequence, i + 1);
            assert_memory_equal(del.act.leaf.b, said[i].leaf.b, 32);
            assert_memory_equal(del.says.leaf.b, said[i].leaf.b, 32);
            assert_true(ent_slice_eq(del.act.body, said[i].body));
            assert_true(is_in(del.act.body, &b) && is_in(del.receipt.entry, &b) &&
                        is_in(del.receipt.head, &b) && is_in(del.says.cp.origin, &b));
            assert_int_equal(del.says.standing.cosigned, cosigned);
            assert_int_equal(del.says.standing.accepted, cosigned >= 3);
            assert_int_equal(del.says.cp.size, ACTS);
            /* One form. */
            const struct ent_slice bytes = ent_buf_slice(&act[i]);
            struct ent_buf head;
            whole_head(&head, cosigned);
            deliver(&again, del.receipt.index, &head, bytes, ent_slice(NULL, 0));
            assert_true(ent_slice_eq(ent_buf_slice(&again), ent_buf_slice(&b)));
            ent_buf_release(&head);
        }
    }
    ent_buf_release(&b);
    ent_buf_release(&again);
}

/* --- changed ones -------------------------------------------------------------------------------
 */

/* A cosignature whose name or key id was changed is by a key that nobody knows, and counts no more:
 * everything else is refused. */
static void test_no_bit_can_be_changed(void **state)
{
    static const char dash[] = "\xE2\x80\x94 ";
    struct ent_delivery del;
    struct ent_buf b = {0}, bare = {0};
    size_t passed = 0, first;
    (void)state;
    good(&bare, 2, 0);
    for (size_t i = 0; i < 8 * bare.n; i++) {
        bare.p[i / 8] ^= (uint8_t)(1u << (i % 8));
        assert_int_not_equal(parse(&del, ent_buf_slice(&bare), NULL), ENT_OK);
        bare.p[i / 8] ^= (uint8_t)(1u << (i % 8));
    }
    good(&b, 2, 1);
    assert_ok(parse(&del, ent_buf_slice(&b), NULL));
    const struct ent_slice head = del.receipt.head;
    const uint8_t *line = memmem(head.p, head.n, dash, 4);
    assert_non_null(line);
    line = memmem(line + 1, (size_t)(head.p + head.n - line - 1), dash, 4);
    assert_non_null(line);
    first = (size_t)(line - b.p);
    size_t end = (size_t)(head.p + head.n - b.p);
    for (size_t i = 0; i < 8 * b.n; i++) {
        b.p[i / 8] ^= (uint8_t)(1u << (i % 8));
        if (parse(&del, ent_buf_slice(&b), NULL) == ENT_OK) {
            passed++;
            assert_true(i / 8 > first && i / 8 < end);
            assert_int_equal(del.says.standing.cosigned, 0);
            assert_memory_equal(del.act.leaf.b, said[2].leaf.b, 32);
            assert_true(ent_slice_eq(del.act.body, said[2].body));
        }
        b.p[i / 8] ^= (uint8_t)(1u << (i % 8));
    }
    assert_true(passed > 0 && passed < 8 * 32);
    ent_buf_release(&b);
    ent_buf_release(&bare);
}

static void test_no_byte_can_be_cut_off_or_added(void **state)
{
    struct ent_delivery del = {.receipt = {.index = 999}};
    struct ent_buf b = {0};
    (void)state;
    good(&b, 3, 3);
    for (size_t cut = 0; cut < b.n; cut++)
        assert_says(parse(&del, ent_slice(b.p, cut), d), ENT_E_FORMAT, not_one);
    assert_ok(ent_buf_putc(&b, '\n'));
    assert_says(parse(&del, ent_buf_slice(&b), d), ENT_E_FORMAT, not_one);
    assert_int_equal(del.receipt.index, 999); /* written only when all is well */
    while (b.n <= ENT_DELIVERY_MAX)
        assert_ok(ent_buf_putc(&b, 'x'));
    assert_says(parse(&del, ent_buf_slice(&b), d), ENT_E_LIMIT, "delivery too large");
    ent_buf_release(&b);
}

/* Around a good receipt and a good act. */
static void test_other_frames(void **state)
{
    static const char *const frames[][3] = {
        {"entente/delivery@v1\nreceipt %zu\n", "act %zu\n", ""},
        {"", "act %zu\n", ""},
        {"entente/delivery@v2\nreceipt %zu\n", "act %zu\n", ""},
        {"entente/delivery@v1\r\nreceipt %zu\n", "act %zu\n", ""},
        {"entente/delivery@v1\n\nreceipt %zu\n", "act %zu\n", ""},
        {" entente/delivery@v1\nreceipt %zu\n", "act %zu\n", ""},
        {"entente/delivery@v1\nreceipt 0%zu\n", "act %zu\n", ""},
        {"entente/delivery@v1\nreceipt +%zu\n", "act %zu\n", ""},
        {"entente/delivery@v1\nreceipt  %zu\n", "act %zu\n", ""},
        {"entente/delivery@v1\nreceipt 1%zu\n", "act %zu\n", ""},
        {"entente/delivery@v1\nreceipt %zu \n", "act %zu\n", ""},
        {"entente/delivery@v1\nReceipt %zu\n", "act %zu\n", ""},
        {"entente/delivery@v1\nact %zu\n", "act %zu\n", ""},
        {"entente/delivery@v1\nreceipt 18446744073709551%zu\n", "act %zu\n", ""},
        {"entente/delivery@v1\nreceipt %zu\n", "act 0%zu\n", ""},
        {"entente/delivery@v1\nreceipt %zu\n", "act -%zu\n", ""},
        {"entente/delivery@v1\nreceipt %zu\n", "act 1%zu\n", ""},
        {"entente/delivery@v1\nreceipt %zu\n", "\nact %zu\n", ""},
        {"entente/delivery@v1\nreceipt %zu\n", "receipt %zu\n", ""},
        {"entente/delivery@v1\nreceipt %zu\n", "act %zu\r\n", ""},
        {"entente/delivery@v1\nreceipt %zu\n", "act %zu\n", "\n"},
        {"entente/delivery@v1\nreceipt %zu\n", "act %zu\n", "act 0\n"},
    };
    struct ent_delivery del;
    struct ent_buf b = {0}, framed;
    (void)state;
    good(&b, 0, 3);
    assert_ok(parse(&del, ent_buf_slice(&b), NULL));
    const struct ent_slice bytes = ent_buf_slice(&act[0]);
    const uint8_t *receipt = memmem(b.p, b.n, "c2sp.org/", 9);
    const struct ent_slice shown = {receipt,
                                    (size_t)(del.receipt.head.p + del.receipt.head.n - receipt)};
    ent_buf_init(&framed, ENT_DELIVERY_MAX);
    for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
        char line[2][96];
        (void)snprintf(line[0], sizeof(line[0]), frames[i][0], shown.n);
        (void)snprintf(line[1], sizeof(line[1]), frames[i][1], bytes.n);
        ent_buf_clear(&framed);
        assert_ok(ent_buf_puts(&framed, line[0]));
        assert_ok(ent_buf_put_slice(&framed, shown));
        assert_ok(ent_buf_puts(&framed, line[1]));
        assert_ok(ent_buf_put_slice(&framed, bytes));
        assert_ok(ent_buf_puts(&framed, frames[i][2]));
        if (i == 0)
            assert_ok(parse(&del, ent_buf_slice(&framed), NULL));
        else
            assert_says(parse(&del, ent_buf_slice(&framed), d), ENT_E_FORMAT, not_one);
    }
    ent_buf_release(&framed);
    ent_buf_release(&b);
}

/* --- what does not belong together ---------------------------------------------------------------
 */

static void refused(uint64_t index, struct ent_slice bytes, enum ent_err err, const char *text)
{
    struct ent_delivery del;
    struct ent_buf b = {0}, head;
    whole_head(&head, 3);
    deliver(&b, index, &head, bytes, ent_slice(NULL, 0));
    assert_says(parse(&del, ent_buf_slice(&b), d), err, text);
    ent_buf_release(&b);
    ent_buf_release(&head);
}

static void test_other_acts(void **state)
{
    static const char not_an_act[] = "not a signed statement with its body";
    struct ent_act ignored;
    struct ent_buf other = {0};
    (void)state;
    refused(4, ent_buf_slice(&act[5]), ENT_E_AUTH,
            "number of the statement is not that of its place");
    say(&other, &ignored, "m0", 5, &pact.author[0]); /* said again, with another salt */
    refused(4, ent_buf_slice(&other), ENT_E_AUTH, "statement is not in the tree under this head");
    say(&other, &ignored, "m0", 5, &pact.author[1]);
    refused(4, ent_buf_slice(&other), ENT_E_AUTH, "statement not signed by its author's key");
    say(&other, &ignored, "m1", 5, &pact.author[1]);
    refused(4, ent_buf_slice(&other), ENT_E_AUTH,
            "author of the statement is not the member whose log it is");
    struct ent_buf *good_one = &act[4];
    good_one->p[good_one->n - 1] ^= 1;
    refused(4, ent_buf_slice(good_one), ENT_E_AUTH, "body does not fit the signed statement");
    refused(4, ent_slice(good_one->p, good_one->n - 1), ENT_E_AUTH,
            "body does not fit the signed statement");
    refused(4, statement_of(good_one), ENT_E_FORMAT, not_an_act);
    refused(4, ENT_SLICE_LIT(""), ENT_E_FORMAT, not_an_act);
    refused(4, ENT_SLICE_LIT("salt\n"), ENT_E_FORMAT, not_an_act);
    ent_buf_release(&other);
}

/* The statement comes with the act, and not twice. */
static void test_no_statement_in_the_receipt(void **state)
{
    struct ent_delivery del;
    struct ent_buf b = {0}, head;
    (void)state;
    whole_head(&head, 3);
    deliver(&b, 1, &head, ent_buf_slice(&act[1]), statement_of(&act[1]));
    assert_says(parse(&del, ent_buf_slice(&b), d), ENT_E_LIMIT,
                "no room for the statement of a receipt");
    ent_buf_release(&b);
    ent_buf_release(&head);
}

static void test_other_heads(void **state)
{
    struct ent_hash32 root = logs_root(&m0_log, m0_log.n), wrong = root;
    struct logs_pact other;
    struct ent_delivery del;
    struct ent_buf b = {0}, head;
    (void)state;
    ent_buf_init(&head, ENT_NOTE_MAX);
    wrong.b[0] ^= 1;
    logs_head(&head, &pact, 0, 1, m0_log.n, &wrong);
    deliver(&b, 1, &head, ent_buf_slice(&act[1]), ent_slice(NULL, 0));
    assert_says(parse(&del, ent_buf_slice(&b), d), ENT_E_AUTH,
                "statement is not in the tree under this head");
    logs_head(&head, &pact, 1, 1, m0_log.n, &root); /* another member's log */
    deliver(&b, 1, &head, ent_buf_slice(&act[1]), ent_slice(NULL, 0));
    assert_says(parse(&del, ent_buf_slice(&b), d), ENT_E_AUTH,
                "author of the statement is not the member whose log it is");
    logs_pact_make(&other, 5, 3);
    logs_head(&head, &other, 0, 1, m0_log.n, &root); /* another pact's */
    deliver(&b, 1, &head, ent_buf_slice(&act[1]), ent_slice(NULL, 0));
    assert_err(parse(&del, ent_buf_slice(&b), NULL), ENT_E_AUTH);
    ent_buf_release(&head);
    whole_head(&head, 0);
    logs_cosign_as(&head, "m1/witness", &pact.witness[2], 1001);
    deliver(&b, 1, &head, ent_buf_slice(&act[1]), ent_slice(NULL, 0));
    assert_ok(parse(&del, ent_buf_slice(&b), NULL)); /* by a key that nobody knows: for nothing */
    assert_int_equal(del.says.standing.cosigned, 0);
    ent_buf_release(&b);
    ent_buf_release(&head);
}

/* A key counts where the pact says so, whenever the delivery is read. */
static void test_an_author_key_has_its_place(void **state)
{
    static const char none[] = "no author key of the member is valid at this place";
    struct ent_author_key *key = pact.roster.member[0].author;
    struct ent_delivery del;
    struct ent_buf b = {0};
    (void)state;
    key->until = 4;
    for (uint64_t i = 0; i < ACTS; i++) {
        good(&b, i, 3);
        if (i < 4)
            assert_ok(parse(&del, ent_buf_slice(&b), NULL));
        else
            assert_says(parse(&del, ent_buf_slice(&b), d), ENT_E_AUTH, none);
    }
    key[1] = (struct ent_author_key){.from = 4, .until = ENT_INDEX_NONE};
    ent_sign_public(&key[1].pk, &pact.author[3]);
    pact.roster.member[0].authors = 2;
    assert_says(parse(&del, ent_buf_slice(&b), d), ENT_E_AUTH,
                "statement not signed by its author's key");
    ent_buf_release(&b);
}

/* What is in dispute is shown, and says so. */
static void test_disputed(void **state)
{
    struct ent_roster_member *m = &pact.roster.member[0];
    struct ent_delivery del;
    struct ent_buf b = {0};
    (void)state;
    m->disputed[m->disputes++] =
        (struct ent_disputed){.generation = 1, .from = 2, .until = ENT_INDEX_NONE};
    for (uint64_t i = 0; i < ACTS; i++) {
        good(&b, i, 3);
        assert_ok(parse(&del, ent_buf_slice(&b), NULL));
        assert_int_equal(del.says.disputed, i >= 2);
    }
    ent_buf_release(&b);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, fresh, clean)
    const struct CMUnitTest tests[] = {
        TEST(test_what_a_delivery_says),
        TEST(test_no_bit_can_be_changed),
        TEST(test_no_byte_can_be_cut_off_or_added),
        TEST(test_other_frames),
        TEST(test_other_acts),
        TEST(test_no_statement_in_the_receipt),
        TEST(test_other_heads),
        TEST(test_an_author_key_has_its_place),
        TEST(test_disputed),
    };
    return ent_t_run("delivery", tests);
}
