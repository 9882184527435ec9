/* test_receipt.c: receipts: their one form, what they show, and what none is. */
#include "tests/support/logs.h"

#include "ledger/tree.h"

/* A pact of five, and the log of m0 with some statements. */
static struct logs_pact pact;
static struct logs_log m0_log;
static struct ent_buf entry[LOGS_LEAVES];

static void add(uint64_t sequence)
{
    char what[32];
    struct ent_buf *b = &entry[m0_log.n];
    ent_buf_release(b);
    ent_buf_init(b, ENT_NOTE_MAX);
    (void)snprintf(what, sizeof(what), "statement %llu", (unsigned long long)sequence);
    logs_statement(b, &pact, 0, sequence, what);
    logs_add(&m0_log, ent_buf_slice(b));
}

static int fresh(void **state)
{
    (void)state;
    logs_pact_make(&pact, 5, 3);
    m0_log.n = 0;
    for (uint64_t i = 1; i <= 13; i++)
        add(i);
    return 0;
}

/* A receipt for an entry in m0's log of this size, cosigned by m1 to m3; bytes in b. */
static void receipt(struct ent_buf *b, struct ent_receipt *rc, struct ent_buf *head,
                    unsigned generation, uint64_t index, uint64_t size)
{
    const struct ent_merkle_source source = logs_source(&m0_log);
    struct ent_hash32 root = logs_root(&m0_log, size);
    logs_head(head, &pact, 0, generation, size, &root);
    for (size_t i = 1; i <= 3; i++)
        logs_cosign(head, &pact, i, 1000 + (int64_t)i);
    *rc = (struct ent_receipt){
        .entry = ent_buf_slice(&entry[index]), .index = index, .head = ent_buf_slice(head)};
    assert_ok(ent_merkle_prove_inclusion(&rc->proof, index, size, &source));
    ent_buf_clear(b);
    assert_ok(ent_receipt_encode(b, rc));
}

struct fixture {
    struct ent_buf b, head, room;
    struct ent_receipt rc;
};

static void open_fixture(struct fixture *f, uint64_t index, uint64_t size)
{
    ent_buf_init(&f->b, 2 * ENT_RECEIPT_MAX);
    ent_buf_init(&f->head, ENT_NOTE_MAX);
    ent_buf_init(&f->room, ENT_ENTRY_MAX);
    receipt(&f->b, &f->rc, &f->head, 1, index, size);
}

static void close_fixture(struct fixture *f)
{
    ent_buf_release(&f->b);
    ent_buf_release(&f->head);
    ent_buf_release(&f->room);
}

/* --- what they show -----------------------------------------------------------------------------
 */

static void test_every_entry_has_one(void **state)
{
    struct fixture f;
    (void)state;
    open_fixture(&f, 0, 1);
    for (uint64_t size = 1; size <= m0_log.n; size++) {
        for (uint64_t i = 0; i < size; i++) {
            struct ent_receipt back;
            struct ent_receipt_says says;
            receipt(&f.b, &f.rc, &f.head, 1, i, size);
            ent_buf_clear(&f.room);
            assert_ok(ent_receipt_parse(&back, &f.room, ent_buf_slice(&f.b), NULL));
            assert_ok(ent_receipt_check(&back, &says, &pact.roster, NULL));
            assert_int_equal(says.st.sequence, i + 1);
            assert_string_equal(says.st.author, "m0");
            assert_memory_equal(says.leaf.b, m0_log.leaf[i].b, 32);
            assert_int_equal(says.generation, 1);
            assert_int_equal(says.cp.size, size);
            assert_true(says.cp.origin.p == back.head.p);
            assert_true(says.standing.accepted && !says.disputed);
            assert_int_equal(says.standing.cosigned, 3);
            assert_int_equal(says.standing.not_later, 1002);
        }
    }
    close_fixture(&f);
}

/* Its text is C2SP's. */
static void test_the_text(void **state)
{
    struct fixture f;
    struct ent_buf want;
    static char b64[8192], hash[ENT_BASE64_LEN(32)];
    (void)state;
    open_fixture(&f, 1, 2);
    ent_base64_encode(b64, entry[1].p, entry[1].n);
    ent_base64_encode(hash, m0_log.leaf[0].b, 32);
    ent_buf_init(&want, ENT_RECEIPT_MAX);
    assert_ok(
        ent_buf_printf(&want, "c2sp.org/tlog-proof@v1\nextra %s\nindex 1\n%s\n\n", b64, hash));
    assert_ok(ent_buf_put_slice(&want, ent_buf_slice(&f.head)));
    assert_true(ent_slice_eq(ent_buf_slice(&f.b), ent_buf_slice(&want)));
    ent_buf_release(&want);
    close_fixture(&f);
}

static void test_without_its_statement(void **state)
{
    struct fixture f;
    struct ent_receipt back;
    struct ent_receipt_says says;
    (void)state;
    open_fixture(&f, 4, 13);
    f.rc.entry.n = 0;
    ent_buf_clear(&f.b);
    assert_ok(ent_receipt_encode(&f.b, &f.rc));
    assert_null(memmem(f.b.p, f.b.n, "extra", 5));
    assert_ok(ent_receipt_parse(&back, &f.room, ent_buf_slice(&f.b), NULL));
    assert_int_equal(back.entry.n, 0);
    assert_says(ent_receipt_check(&back, &says, &pact.roster, d), ENT_E_AUTH,
                "receipt without its statement");
    back.entry = ent_buf_slice(&entry[4]);
    assert_ok(ent_receipt_check(&back, &says, &pact.roster, NULL));
    close_fixture(&f);
}

static void test_fewer_witnesses_are_received(void **state)
{
    struct fixture f;
    struct ent_receipt_says says;
    (void)state;
    open_fixture(&f, 4, 13);
    pact.roster.k = 4;
    assert_ok(ent_receipt_check(&f.rc, &says, &pact.roster, NULL));
    assert_false(says.standing.accepted);
    close_fixture(&f);
}

/* --- when witnesses have other keys since --------------------------------------------------------
 */

/* A second version of the pact, in which these have other witness keys. */
static void rotate(uint64_t who)
{
    struct ent_roster *r = &pact.roster;
    r->first = 7;
    for (size_t v = 0; v < 2; v++) {
        r->then[v].k = r->k;
        r->then[v].panel.word[0] = (1u << r->members) - 1;
    }
    for (size_t i = 0; i < r->members; i++) {
        struct ent_roster_member *m = &r->member[i];
        if ((who >> i & 1) == 0)
            continue;
        m->former[m->formers++] = (struct ent_former_witness){m->witness, 0, 1};
        ent_random(pact.witness[i].b, 32);
        ent_sign_public(&m->witness, &pact.witness[i]);
    }
    r->version[1] = r->version[0];
    r->version[1].b[0] ^= 1;
    r->versions = 2;
}

static void test_old_witness_keys_count_for_what_was_said_then(void **state)
{
    struct fixture f;
    struct ent_receipt_says says;
    (void)state;
    open_fixture(&f, 4, 13);
    rotate(2 | 4);
    assert_ok(ent_receipt_check(&f.rc, &says, &pact.roster, NULL));
    assert_true(says.standing.accepted);
    assert_int_equal(says.standing.cosigned, 3);
    assert_int_equal(says.standing.version, 7);
    assert_int_equal(says.standing.not_later, 1002);
    /* cosigned again with the new keys, it is accepted by the newest version */
    for (size_t i = 1; i <= 2; i++)
        logs_cosign(&f.head, &pact, i, 2000);
    f.rc.head = ent_buf_slice(&f.head);
    assert_ok(ent_receipt_check(&f.rc, &says, &pact.roster, NULL));
    assert_true(says.standing.accepted && says.standing.version == 0);
    close_fixture(&f);
    /* under a panel that had not been enough then */
    open_fixture(&f, 4, 13);
    rotate(8);
    pact.roster.then[0].k = 4;
    assert_ok(ent_receipt_check(&f.rc, &says, &pact.roster, NULL));
    assert_false(says.standing.accepted);
    assert_int_equal(says.standing.version, 0);
    close_fixture(&f);
}

/* Whoever was removed from the panel was on it then, and not the other way round. */
static void test_panels_of_then(void **state)
{
    struct fixture f;
    struct ent_receipt_says says;
    (void)state;
    open_fixture(&f, 4, 13);
    rotate(0);
    pact.roster.member[1].panel = false;
    pact.roster.then[1].panel.word[0] &= ~(uint64_t)2;
    assert_ok(ent_receipt_check(&f.rc, &says, &pact.roster, NULL));
    assert_true(says.standing.accepted && says.standing.version == 7);
    pact.roster.then[0].panel.word[0] &= ~(uint64_t)4;
    assert_ok(ent_receipt_check(&f.rc, &says, &pact.roster, NULL));
    assert_false(says.standing.accepted);
    close_fixture(&f);
}

/* A key that was replaced may have been stolen: nothing that was said later is worth more by it. */
static void test_old_witness_keys_count_for_nothing_later(void **state)
{
    struct fixture f;
    struct ent_receipt_says says;
    (void)state;
    open_fixture(&f, 4, 13);
    rotate(2);
    struct ent_hash32 said_under = pact.roster.version[0];
    pact.roster.version[0] = pact.roster.version[1]; /* what it names is the newest now */
    pact.roster.version[1] = said_under;
    assert_ok(ent_receipt_check(&f.rc, &says, &pact.roster, NULL));
    assert_false(says.standing.accepted);
    assert_int_equal(says.standing.cosigned, 2);
    pact.roster.version[1].b[0] ^= 2; /* a version that nobody knows */
    assert_ok(ent_receipt_check(&f.rc, &says, &pact.roster, NULL));
    assert_false(says.standing.accepted);
    close_fixture(&f);
}

/* One with its old key, one with its new one, and one who kept his: two by either version. */
static void test_keys_of_two_versions_are_not_added(void **state)
{
    struct fixture f;
    struct ent_receipt_says says;
    struct ent_hash32 root = logs_root(&m0_log, 13);
    (void)state;
    open_fixture(&f, 4, 13);
    logs_head(&f.head, &pact, 0, 1, 13, &root);
    logs_cosign(&f.head, &pact, 1, 1000);
    rotate(2 | 4);
    logs_cosign(&f.head, &pact, 2, 1000);
    logs_cosign(&f.head, &pact, 3, 1000);
    f.rc.head = ent_buf_slice(&f.head);
    assert_ok(ent_receipt_check(&f.rc, &says, &pact.roster, NULL));
    assert_false(says.standing.accepted);
    assert_int_equal(says.standing.cosigned, 2);
    close_fixture(&f);
}

static void test_old_witness_keys_that_lie(void **state)
{
    struct fixture f;
    struct ent_receipt_says says;
    struct ent_hash32 root = logs_root(&m0_log, 13);
    (void)state;
    open_fixture(&f, 4, 13);
    logs_head(&f.head, &pact, 0, 1, 13, &root);
    logs_cosign(&f.head, &pact, 1, 1000);
    logs_spoil(&f.head);
    rotate(2);
    f.rc.head = ent_buf_slice(&f.head);
    assert_says(ent_receipt_check(&f.rc, &says, &pact.roster, d), ENT_E_AUTH,
                "cosignature of a witness does not hold");
    /* the log's own witness counts for nothing, with an old key neither */
    logs_pact_make(&pact, 5, 3);
    m0_log.n = 0;
    for (uint64_t i = 1; i <= 13; i++)
        add(i);
    root = logs_root(&m0_log, 13);
    logs_head(&f.head, &pact, 0, 1, 13, &root);
    for (size_t i = 0; i <= 2; i++)
        logs_cosign(&f.head, &pact, i, 1000);
    rotate(1);
    f.rc = (struct ent_receipt){.entry = ent_buf_slice(&entry[4]), .index = 4, .proof = f.rc.proof};
    const struct ent_merkle_source source = logs_source(&m0_log);
    assert_ok(ent_merkle_prove_inclusion(&f.rc.proof, 4, 13, &source));
    f.rc.head = ent_buf_slice(&f.head);
    assert_ok(ent_receipt_check(&f.rc, &says, &pact.roster, NULL));
    assert_false(says.standing.accepted);
    assert_int_equal(says.standing.cosigned, 2);
    close_fixture(&f);
}

static void test_disputed_entries_say_so(void **state)
{
    struct fixture f;
    struct ent_receipt_says says;
    (void)state;
    open_fixture(&f, 4, 13);
    pact.roster.member[0].disputed[0] = (struct ent_disputed){1, 4, 5};
    pact.roster.member[0].disputes = 1;
    assert_ok(ent_receipt_check(&f.rc, &says, &pact.roster, NULL));
    assert_true(says.disputed);
    receipt(&f.b, &f.rc, &f.head, 1, 5, 13);
    assert_ok(ent_receipt_check(&f.rc, &says, &pact.roster, NULL));
    assert_false(says.disputed);
    close_fixture(&f);
}

/* Numbers go on in the next log, and author keys with them. */
static void test_a_second_log(void **state)
{
    struct fixture f;
    struct ent_receipt_says says;
    struct ent_hash32 root = logs_root(&m0_log, 13);
    (void)state;
    open_fixture(&f, 4, 12);
    logs_next(&pact, 0, 13, &root);
    assert_ok(ent_receipt_check(&f.rc, &says, &pact.roster, NULL)); /* of the first one still */
    m0_log.n = 0;
    add(14);
    add(15);
    add(15);
    receipt(&f.b, &f.rc, &f.head, 2, 1, 3);
    assert_ok(ent_receipt_check(&f.rc, &says, &pact.roster, NULL));
    assert_int_equal(says.generation, 2);
    assert_int_equal(says.st.sequence, 15);
    receipt(&f.b, &f.rc, &f.head, 2, 2, 3);
    assert_says(ent_receipt_check(&f.rc, &says, &pact.roster, d), ENT_E_AUTH,
                "number of the statement is not that of its place");
    pact.roster.member[0].author[0].until = 14;
    receipt(&f.b, &f.rc, &f.head, 2, 0, 3);
    assert_ok(ent_receipt_check(&f.rc, &says, &pact.roster, NULL));
    receipt(&f.b, &f.rc, &f.head, 2, 1, 3);
    assert_says(ent_receipt_check(&f.rc, &says, &pact.roster, d), ENT_E_AUTH,
                "no author key of the member is valid at this place");
    close_fixture(&f);
}

/* --- what they do not show ----------------------------------------------------------------------
 */

#define assert_not_shown(f, says_what)                                                             \
    assert_says(ent_receipt_check(&(f)->rc, &says, &pact.roster, d), ENT_E_AUTH, says_what)

static void test_other_entries(void **state)
{
    struct fixture f;
    struct ent_receipt_says says;
    struct ent_buf b;
    (void)state;
    ent_buf_init(&b, ENT_NOTE_MAX);
    open_fixture(&f, 4, 13);
    f.rc.entry = ent_buf_slice(&entry[5]);
    assert_not_shown(&f, "number of the statement is not that of its place");
    logs_statement(&b, &pact, 0, 5, "what it would rather have said");
    f.rc.entry = ent_buf_slice(&b);
    assert_not_shown(&f, "statement is not in the tree under this head");
    logs_statement(&b, &pact, 1, 5, "statement 5"); /* m1 says it in m0's log */
    f.rc.entry = ent_buf_slice(&b);
    assert_not_shown(&f, "author of the statement is not the member whose log it is");
    struct ent_seed32 own = pact.author[0];
    pact.author[0] = pact.author[1];
    logs_statement(&b, &pact, 0, 5, "statement 5"); /* m1 in m0's name */
    pact.author[0] = own;
    f.rc.entry = ent_buf_slice(&b);
    assert_not_shown(&f, "statement not signed by its author's key");
    f.rc.entry = ENT_SLICE_LIT("hello");
    assert_says(ent_receipt_check(&f.rc, &says, &pact.roster, d), ENT_E_FORMAT,
                "not a signed note: no empty line");
    f.rc.entry = f.rc.head;
    assert_says(ent_receipt_check(&f.rc, &says, &pact.roster, d), ENT_E_FORMAT,
                "malformed statement");
    ent_buf_release(&b);
    close_fixture(&f);
}

static void test_other_places(void **state)
{
    struct fixture f;
    struct ent_receipt_says says;
    (void)state;
    open_fixture(&f, 4, 13);
    f.rc.index = 5;
    assert_not_shown(&f, "number of the statement is not that of its place");
    f.rc.index = INT64_MAX - 1;
    assert_not_shown(&f, "number of the statement is not that of its place");
    f.rc.index = 4;
    f.rc.proof.n--;
    assert_not_shown(&f, "statement is not in the tree under this head");
    f.rc.proof.n += 2;
    assert_not_shown(&f, "statement is not in the tree under this head");
    f.rc.proof.n--;
    f.rc.proof.hash[1].b[9] ^= 4;
    assert_not_shown(&f, "statement is not in the tree under this head");
    close_fixture(&f);
}

static void test_other_heads(void **state)
{
    struct fixture f;
    struct ent_receipt_says says;
    struct ent_hash32 root = logs_root(&m0_log, 13), other = logs_root(&m0_log, 12);
    (void)state;
    open_fixture(&f, 4, 13);
    logs_head(&f.head, &pact, 0, 1, 13, &other);
    f.rc.head = ent_buf_slice(&f.head);
    assert_not_shown(&f, "statement is not in the tree under this head");
    logs_head(&f.head, &pact, 1, 1, 13, &root); /* in the log of m1 */
    f.rc.head = ent_buf_slice(&f.head);
    assert_not_shown(&f, "author of the statement is not the member whose log it is");
    logs_head(&f.head, &pact, 0, 1, 13, &root);
    logs_spoil(&f.head);
    f.rc.head = ent_buf_slice(&f.head);
    assert_not_shown(&f, "head not signed by its log");
    receipt(&f.b, &f.rc, &f.head, 1, 4, 13);
    logs_spoil(&f.head); /* the witness that signed last */
    assert_not_shown(&f, "cosignature of a witness does not hold");
    receipt(&f.b, &f.rc, &f.head, 1, 4, 13);
    pact.roster.pact.b[5] ^= 1;
    assert_not_shown(&f, "head of a log that is none of this pact's");
    close_fixture(&f);
}

static void test_closed_logs(void **state)
{
    struct fixture f;
    struct ent_receipt_says says;
    struct ent_hash32 root = logs_root(&m0_log, 10), other = {{1}};
    (void)state;
    open_fixture(&f, 10, 13);
    logs_next(&pact, 0, 10, &root);
    assert_not_shown(&f, "receipt for an entry behind the end of a closed log");
    receipt(&f.b, &f.rc, &f.head, 1, 9, 13); /* whoever closed it kept this one */
    assert_ok(ent_receipt_check(&f.rc, &says, &pact.roster, NULL));
    receipt(&f.b, &f.rc, &f.head, 1, 9, 10);
    assert_ok(ent_receipt_check(&f.rc, &says, &pact.roster, NULL));
    pact.roster.member[0].log[0].root = other;
    assert_not_shown(&f, "head is not the one that its log was closed with");
    close_fixture(&f);
}

/* --- one form -----------------------------------------------------------------------------------
 */

#define HASH  "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
#define FIRST "c2sp.org/tlog-proof@v1\n"
#define HEAD  "a\n1\n" HASH "\n\xE2\x80\x94 a AAAAAAA=\n"
#define FOUR  HASH HASH HASH HASH
#define MANY  FOUR FOUR FOUR FOUR FOUR FOUR FOUR FOUR FOUR FOUR FOUR FOUR FOUR FOUR FOUR FOUR

static void test_what_is_no_receipt(void **state)
{
    static const char begins[] = "not a receipt: it begins otherwise";
    static const char b64[] = "statement of a receipt is not base64";
    static const char index[] = "receipt without an index";
    static const char number[] = "index of a receipt is not a plain number";
    static const char hash[] = "hash of a receipt is not base64 of 32 bytes";
    static const char head[] = "receipt without a checkpoint";
    static const struct {
        const char *text;
        enum ent_err want;
        const char *why;
        uint64_t line;
    } cases[] = {
        {"", ENT_E_FORMAT, begins, 1},
        {"c2sp.org/tlog-proof@v1", ENT_E_FORMAT, begins, 1},
        {"c2sp.org/tlog-proof@v1 \nindex 0\n\n" HEAD, ENT_E_FORMAT, begins, 1},
        {"c2sp.org/tlog-proof@v2\nindex 0\n\n" HEAD, ENT_E_FORMAT, begins, 1},
        {"\n" FIRST "index 0\n\n" HEAD, ENT_E_FORMAT, begins, 1},
        {FIRST, ENT_E_FORMAT, index, 2},
        {FIRST "extra\nindex 0\n\n" HEAD, ENT_E_FORMAT, index, 2},
        {FIRST "extra \nindex 0\n\n" HEAD, ENT_E_FORMAT, b64, 2},
        {FIRST "extra a\nindex 0\n\n" HEAD, ENT_E_FORMAT, b64, 2},
        {FIRST "extra YQ\nindex 0\n\n" HEAD, ENT_E_FORMAT, b64, 2},
        {FIRST "extra YR==\nindex 0\n\n" HEAD, ENT_E_FORMAT, b64, 2},
        {FIRST "extra YQ== \nindex 0\n\n" HEAD, ENT_E_FORMAT, b64, 2},
        {FIRST "extra  YQ==\nindex 0\n\n" HEAD, ENT_E_FORMAT, b64, 2},
        {FIRST "extra YQ==\nextra YQ==\nindex 0\n\n" HEAD, ENT_E_FORMAT, index, 3},
        {FIRST "index 0\nextra YQ==\n\n" HEAD, ENT_E_FORMAT, hash, 3},
        {FIRST "index\n\n" HEAD, ENT_E_FORMAT, index, 2},
        {FIRST "index \n\n" HEAD, ENT_E_FORMAT, number, 2},
        {FIRST "index 00\n\n" HEAD, ENT_E_FORMAT, number, 2},
        {FIRST "index +1\n\n" HEAD, ENT_E_FORMAT, number, 2},
        {FIRST "index -1\n\n" HEAD, ENT_E_FORMAT, number, 2},
        {FIRST "index 0 \n\n" HEAD, ENT_E_FORMAT, number, 2},
        {FIRST "index 0\r\n\n" HEAD, ENT_E_FORMAT, number, 2},
        {FIRST "index 9223372036854775807\n\n" HEAD, ENT_E_LIMIT,
         "index of a receipt is above 2^63-2", 2},
        {FIRST "index 18446744073709551616\n\n" HEAD, ENT_E_LIMIT,
         "index of a receipt is above 2^63-2", 2},
        {FIRST "index 0", ENT_E_FORMAT, index, 2},
        {FIRST "index 0\n", ENT_E_FORMAT, head, 3},
        {FIRST "index 0\n" HASH, ENT_E_FORMAT, head, 4},
        {FIRST "index 0\nYQ==\n\n" HEAD, ENT_E_FORMAT, hash, 3},
        {FIRST "index 0\n" HASH " " HASH "\n" HEAD, ENT_E_FORMAT, hash, 4},
        {FIRST "index 0\n" MANY HASH "\n" HEAD, ENT_E_LIMIT, "receipt with more than 64 hashes",
         67},
        {FIRST "index 0\n\n", ENT_E_FORMAT, "not a signed note: no empty line", 0},
        {FIRST "index 0\n\n\n" HEAD, ENT_E_FORMAT, "signed note holds bytes that a note may not",
         0},
        {FIRST "index 0\n\n" HEAD "\n", ENT_E_FORMAT, "malformed signature line", 0},
        {FIRST "index 0\n\na\n01\n" HASH "\n\xE2\x80\x94 a AAAAAAA=\n", ENT_E_FORMAT,
         "size of a checkpoint is not a plain number", 5},
    };
    struct ent_buf room;
    (void)state;
    ent_buf_init(&room, 100);
    assert_ok(ent_buf_puts(&room, "kept"));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ent_receipt rc = {.index = 4711};
        struct ent_diag d = {0};
        assert_err(ent_receipt_parse(&rc, &room, ent_slice_str(cases[i].text), &d), cases[i].want);
        assert_string_equal(d.text, cases[i].why);
        assert_int_equal(d.line, cases[i].line);
        assert_int_equal(rc.index, 4711);
        assert_true(ent_slice_eq(ent_buf_slice(&room), ENT_SLICE_LIT("kept")));
    }
    ent_buf_release(&room);
}

static void assert_one_form(struct ent_slice text)
{
    struct ent_receipt rc;
    struct ent_buf room, b;
    ent_buf_init(&room, ENT_ENTRY_MAX);
    ent_buf_init(&b, 2 * ENT_RECEIPT_MAX);
    if (ent_receipt_parse(&rc, &room, text, NULL) == ENT_OK) {
        assert_ok(ent_receipt_encode(&b, &rc));
        assert_true(ent_slice_eq(ent_buf_slice(&b), text));
    }
    ent_buf_release(&room);
    ent_buf_release(&b);
}

static void test_the_ends_of_what_is_one(void **state)
{
    static const char *const good[] = {
        FIRST "index 0\n\n" HEAD,
        FIRST "index 9223372036854775806\n\n" HEAD,
        FIRST "extra YQ==\nindex 0\n\n" HEAD,
        FIRST "index 0\n" MANY "\n" HEAD,
    };
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct ent_receipt rc;
        struct ent_buf room;
        ent_buf_init(&room, 3);
        assert_ok(ent_receipt_parse(&rc, &room, ent_slice_str(good[i]), NULL));
        assert_one_form(ent_slice_str(good[i]));
        ent_buf_release(&room);
    }
}

static void test_sizes(void **state)
{
    struct ent_receipt rc = {.head = ENT_SLICE_LIT(HEAD)}, back;
    uint8_t *big = calloc(1, ENT_RECEIPT_MAX + 1);
    struct ent_buf b, room, small;
    (void)state;
    ent_buf_init(&b, 2 * ENT_RECEIPT_MAX);
    ent_buf_init(&room, ENT_ENTRY_MAX);
    ent_buf_init(&small, 100);
    rc.entry = ent_slice(big, ENT_ENTRY_MAX + 1);
    assert_err(ent_receipt_encode(&b, &rc), ENT_E_LIMIT);
    rc.entry.n--;
    assert_err(ent_receipt_encode(&small, &rc), ENT_E_LIMIT);
    assert_int_equal(small.n, 0);
    assert_ok(ent_receipt_encode(&b, &rc));
    assert_ok(ent_receipt_parse(&back, &room, ent_buf_slice(&b), NULL));
    assert_int_equal(back.entry.n, ENT_ENTRY_MAX);
    assert_int_equal(room.n, ENT_ENTRY_MAX);
    assert_says(ent_receipt_parse(&back, &small, ent_buf_slice(&b), d), ENT_E_LIMIT,
                "no room for the statement of a receipt");
    memmove(b.p + 33, b.p + 29, b.n - 29); /* four characters more */
    b.n += 4;
    assert_says(ent_receipt_parse(&back, &room, ent_buf_slice(&b), d), ENT_E_LIMIT,
                "statement of a receipt is larger than 65535 bytes");
    assert_says(ent_receipt_parse(&back, &room, ent_slice(big, ENT_RECEIPT_MAX + 1), d),
                ENT_E_LIMIT, "receipt larger than 256 KiB");
    rc.index = INT64_MAX;
    assert_err(ent_receipt_encode(&b, &rc), ENT_E_LIMIT);
    rc.index = 0;
    rc.proof.n = 65;
    assert_err(ent_receipt_encode(&b, &rc), ENT_E_LIMIT);
    rc.proof.n = 0;
    rc.head = ENT_SLICE_LIT("hello\n\n\xE2\x80\x94 a AAAAAAA=\n");
    assert_err(ent_receipt_encode(&b, &rc), ENT_E_FORMAT);
    free(big);
    ent_buf_release(&b);
    ent_buf_release(&room);
    ent_buf_release(&small);
}

/* --- every bit ----------------------------------------------------------------------------------
 */

/* What is left of a receipt that somebody changed shows nothing, or what it showed before: some
 * bits of a name make a witness one that nobody knows. */
static void assert_no_more(struct ent_slice text, uint64_t index, unsigned cosigned)
{
    struct ent_receipt rc;
    struct ent_receipt_says says;
    struct ent_buf room;
    ent_buf_init(&room, ENT_ENTRY_MAX);
    if (ent_receipt_parse(&rc, &room, text, NULL) == ENT_OK &&
        ent_receipt_check(&rc, &says, &pact.roster, NULL) == ENT_OK) {
        assert_true(ent_slice_eq(rc.entry, ent_buf_slice(&entry[index])));
        assert_int_equal(says.st.sequence, index + 1);
        assert_true(says.standing.cosigned < cosigned);
    }
    ent_buf_release(&room);
}

static void test_no_byte_of_a_receipt_can_be_changed(void **state)
{
    struct fixture f;
    (void)state;
    open_fixture(&f, 6, 13);
    for (size_t i = 0; i < f.b.n; i++) {
        for (int bit = 0; bit < 8; bit++) {
            f.b.p[i] ^= (uint8_t)(1 << bit);
            assert_one_form(ent_buf_slice(&f.b));
            assert_no_more(ent_buf_slice(&f.b), 6, 3);
            f.b.p[i] ^= (uint8_t)(1 << bit);
        }
        assert_no_more(ent_slice(f.b.p, i), 6, 3);
    }
    assert_ok(ent_buf_putc(&f.b, '\n'));
    struct ent_receipt rc;
    assert_err(ent_receipt_parse(&rc, &f.room, ent_buf_slice(&f.b), NULL), ENT_E_FORMAT);
    close_fixture(&f);
}

/* A head of another program is read, and none of this pact's. */
static void test_a_log_of_another_program(void **state)
{
    struct ent_receipt rc = {.index = 3}, back;
    struct ent_receipt_says says;
    struct ent_buf b, room;
    (void)state;
    rc.head = ent_t_file("tests/data/vectors/tessera-checkpoint");
    ent_buf_init(&b, ENT_RECEIPT_MAX);
    ent_buf_init(&room, ENT_ENTRY_MAX);
    assert_ok(ent_receipt_encode(&b, &rc));
    assert_ok(ent_receipt_parse(&back, &room, ent_buf_slice(&b), NULL));
    back.entry = ent_buf_slice(&entry[3]);
    assert_says(ent_receipt_check(&back, &says, &pact.roster, d), ENT_E_AUTH,
                "head of a log that is none of this pact's");
    ent_buf_release(&b);
    ent_buf_release(&room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_every_entry_has_one, fresh),
        cmocka_unit_test_setup(test_the_text, fresh),
        cmocka_unit_test_setup(test_without_its_statement, fresh),
        cmocka_unit_test_setup(test_fewer_witnesses_are_received, fresh),
        cmocka_unit_test_setup(test_old_witness_keys_count_for_what_was_said_then, fresh),
        cmocka_unit_test_setup(test_panels_of_then, fresh),
        cmocka_unit_test_setup(test_old_witness_keys_count_for_nothing_later, fresh),
        cmocka_unit_test_setup(test_keys_of_two_versions_are_not_added, fresh),
        cmocka_unit_test_setup(test_old_witness_keys_that_lie, fresh),
        cmocka_unit_test_setup(test_disputed_entries_say_so, fresh),
        cmocka_unit_test_setup(test_a_second_log, fresh),
        cmocka_unit_test_setup(test_other_entries, fresh),
        cmocka_unit_test_setup(test_other_places, fresh),
        cmocka_unit_test_setup(test_other_heads, fresh),
        cmocka_unit_test_setup(test_closed_logs, fresh),
        cmocka_unit_test_setup(test_what_is_no_receipt, fresh),
        cmocka_unit_test_setup(test_the_ends_of_what_is_one, fresh),
        cmocka_unit_test_setup(test_sizes, fresh),
        cmocka_unit_test_setup(test_no_byte_of_a_receipt_can_be_changed, fresh),
        cmocka_unit_test_setup(test_a_log_of_another_program, fresh),
    };
    int failed = ent_t_run("receipt", tests);
    for (size_t i = 0; i < LOGS_LEAVES; i++)
        ent_buf_release(&entry[i]);
    return failed;
}
