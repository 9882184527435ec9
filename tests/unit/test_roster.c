/* test_roster.c: whose keys count where, and what a head is worth. */
#include "tests/support/logs.h"

static struct logs_pact pact;
static const struct ent_hash32 some_root = {{7}};

static int fresh(void **state)
{
    (void)state;
    logs_pact_make(&pact, 5, 4);
    return 0;
}

/* --- places -------------------------------------------------------------------------------------
 */

static void test_origins(void **state)
{
    static const char *const bad[] = {"/m1/1", "m1/01", "m1/2",  "m1/1/", "m1/",  "m1",
                                      "m9/1",  "m1/1 ", "m1/+1", "M1/1",  "m11/1"};
    const struct ent_roster_member *m;
    const struct ent_log_key *log;
    char origin[ENT_LOG_ORIGIN], other[200];
    (void)state;
    ent_roster_origin(&pact.roster, origin, "m1", 1);
    assert_int_equal(strlen(origin), 64 + 5);
    assert_ok(ent_roster_log(&pact.roster, &m, &log, ent_slice_str(origin)));
    assert_ptr_equal(m, &pact.roster.member[1]);
    assert_ptr_equal(log, &m->log[0]);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        (void)snprintf(other, sizeof(other), "%.64s/%s", origin, bad[i]);
        assert_err(ent_roster_log(&pact.roster, &m, &log, ent_slice_str(other)), ENT_E_NOTFOUND);
    }
    for (size_t n = 0; n < strlen(origin); n++)
        assert_err(ent_roster_log(&pact.roster, &m, &log, ent_slice(origin, n)), ENT_E_NOTFOUND);
    for (size_t i = 0; i < strlen(origin); i++) { /* another pact, another case, another name */
        (void)snprintf(other, sizeof(other), "%s", origin);
        other[i] ^= i < 65 ? 0x20 : 0x04;
        assert_err(ent_roster_log(&pact.roster, &m, &log, ent_slice_str(other)), ENT_E_NOTFOUND);
    }
    assert_null(ent_roster_member(&pact.roster, "m"));
    assert_null(ent_roster_member(&pact.roster, ""));
}

/* Three logs of 10, 5 and 0 entries and an open one; keys for 0..7, 7..12, and from 14 on. */
static struct ent_roster_member *with_history(void)
{
    struct ent_roster_member *m = &pact.roster.member[2];
    logs_next(&pact, 2, 10, &some_root);
    logs_next(&pact, 2, 5, &some_root);
    logs_next(&pact, 2, 0, &some_root);
    m->author[0].until = 7;
    m->author[1] = (struct ent_author_key){.from = 7, .until = 12, .pk = {{1}}};
    m->author[2] = (struct ent_author_key){.from = 14, .until = ENT_INDEX_NONE, .pk = {{2}}};
    m->authors = 3;
    return m;
}

static void test_authors_by_place(void **state)
{
    static const struct {
        unsigned generation;
        uint64_t index;
        int key; /* -1: none */
    } cases[] = {
        {1, 0, 0},           {1, 6, 0},   {1, 7, 1},
        {1, 9, 1},           {1, 10, -1}, {1, 12, -1},
        {2, 0, 1},           {2, 1, 1},   {2, 2, -1},
        {2, 3, -1},          {2, 4, 2},   {2, 5, -1},
        {3, 0, -1},          {4, 0, 2},   {4, UINT64_MAX - 16, 2},
        {5, 0, -1},          {0, 0, -1},  {4, UINT64_MAX - 15, -1},
        {4, UINT64_MAX, -1},
    };
    const struct ent_roster_member *m = with_history();
    (void)state;
    assert_int_equal(ent_roster_base(m, 1), 0);
    assert_int_equal(ent_roster_base(m, 2), 10);
    assert_int_equal(ent_roster_base(m, 3), 15);
    assert_int_equal(ent_roster_base(m, 4), 15);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct ent_pubkey *pk = ent_roster_author(m, cases[i].generation, cases[i].index);
        assert_ptr_equal(pk, cases[i].key < 0 ? NULL : &m->author[cases[i].key].pk);
    }
}

static void test_places_of_numbers(void **state)
{
    static const struct {
        uint64_t sequence;
        unsigned generation; /* 0: none */
        uint64_t index;
    } cases[] = {{0, 0, 0},
                 {1, 1, 0},
                 {10, 1, 9},
                 {11, 2, 0},
                 {15, 2, 4},
                 {16, 4, 0},
                 {INT64_MAX, 4, INT64_MAX - 16}};
    struct ent_roster_member *m = with_history();
    unsigned generation = 0;
    uint64_t index = 0;
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        enum ent_err r = ent_roster_place(m, &generation, &index, cases[i].sequence);
        assert_err(r, cases[i].generation == 0 ? ENT_E_NOTFOUND : ENT_OK);
        if (r == ENT_OK) {
            assert_int_equal(generation, cases[i].generation);
            assert_int_equal(index, cases[i].index);
        }
    }
    m->log[3].closed = true; /* it left */
    m->log[3].size = 1;
    assert_ok(ent_roster_place(m, &generation, &index, 16));
    assert_err(ent_roster_place(m, &generation, &index, 17), ENT_E_NOTFOUND);
}

/* Sizes that a pact should not have make no place that is another's. */
static void test_sizes_that_overflow(void **state)
{
    struct ent_roster_member *m = with_history();
    unsigned generation;
    uint64_t index;
    (void)state;
    m->log[0].size = UINT64_MAX - 2;
    m->log[1].size = 3;
    assert_int_equal(ent_roster_base(m, 3), ENT_INDEX_NONE);
    assert_null(ent_roster_author(m, 4, 0));
    assert_null(ent_roster_author(m, 2, 2));
    assert_err(ent_roster_place(m, &generation, &index, UINT64_MAX), ENT_OK);
    assert_int_equal(generation, 2);
    assert_int_equal(index, 1);
}

static void test_disputes(void **state)
{
    struct ent_roster_member *m = with_history();
    (void)state;
    m->disputed[0] = (struct ent_disputed){1, 3, 5};
    m->disputed[1] = (struct ent_disputed){4, 8, ENT_INDEX_NONE};
    m->disputes = 2;
    assert_false(ent_roster_is_disputed(m, 1, 2));
    assert_true(ent_roster_is_disputed(m, 1, 3));
    assert_true(ent_roster_is_disputed(m, 1, 4));
    assert_false(ent_roster_is_disputed(m, 1, 5));
    assert_false(ent_roster_is_disputed(m, 2, 3));
    assert_false(ent_roster_is_disputed(m, 4, 7));
    assert_true(ent_roster_is_disputed(m, 4, UINT64_MAX - 1));
}

/* --- standing -----------------------------------------------------------------------------------
 */

/* The head of m0's log, cosigned by those of the string at the times of their places, from 100. */
static struct ent_standing standing_of(const char *who)
{
    struct ent_standing st;
    struct ent_checkpoint cp;
    struct ent_buf b;
    ent_buf_init(&b, ENT_NOTE_MAX);
    logs_head(&b, &pact, 0, 1, 9, &some_root);
    for (size_t i = 0; who[i] != '\0'; i++)
        logs_cosign(&b, &pact, (size_t)(who[i] - '0'), 100 + (int64_t)i);
    assert_ok(ent_roster_check_head(&pact.roster, &st, &cp, ent_buf_slice(&b), NULL));
    assert_int_equal(cp.size, 9);
    assert_memory_equal(cp.root.b, some_root.b, 32);
    assert_true(cp.origin.p == b.p);
    ent_buf_release(&b);
    return st;
}

static void assert_standing(const char *who, unsigned cosigned, bool accepted, int64_t not_later,
                            uint64_t by)
{
    struct ent_standing st = standing_of(who);
    assert_int_equal(st.cosigned, cosigned);
    assert_int_equal(st.accepted, accepted);
    assert_int_equal(st.not_later, not_later);
    assert_int_equal(st.by.word[0], by);
    assert_int_equal(st.k, pact.roster.k);
}

static void test_standing(void **state)
{
    (void)state;
    assert_standing("", 0, false, 0, 0);
    assert_standing("1", 1, false, 100, 1 << 1);
    assert_standing("21", 2, false, 100, 1 << 1 | 1 << 2); /* of two, the earlier */
    assert_standing("312", 3, false, 101, 0xE);
    assert_standing("4312", 4, true, 101, 0x1E);
    assert_standing("0", 0, false, 0, 0); /* its own */
    assert_standing("0123", 3, false, 102, 0xE);
    assert_standing("04312", 4, true, 102, 0x1E);
    pact.roster.k = 3;
    assert_standing("123", 3, true, 101, 0xE);
    assert_standing("012", 2, false, 101, 0x6);
    pact.roster.member[3].panel = false;
    assert_standing("123", 2, false, 100, 0x6);
    assert_standing("1234", 3, true, 101, 0x16);
    pact.roster.k = 0; /* no such pact, and no such acceptance */
    assert_standing("1234", 3, false, 101, 0x16);
}

static void test_a_key_counts_once(void **state)
{
    (void)state;
    pact.roster.k = 3;
    pact.witness[3] = pact.witness[2];
    pact.roster.member[3].witness = pact.roster.member[2].witness;
    assert_standing("123", 2, false, 100, 0x6);
    assert_standing("32", 1, false, 101, 0x4);
    assert_standing("3", 1, false, 100, 0x8);
    assert_standing("1234", 3, true, 101, 0x16);
    /* and the log's own member is nobody under another name either */
    pact.witness[4] = pact.witness[0];
    pact.roster.member[4].witness = pact.roster.member[0].witness;
    assert_standing("124", 2, false, 100, 0x6);
}

/* Random panels and witnesses against a count by hand. */
static void test_random_standings(void **state)
{
    (void)state;
    for (int round = 0; round < 30; round++) {
        size_t n = 2 + ent_t_below(12), own = ent_t_below(n);
        struct ent_standing st;
        struct ent_buf b;
        int64_t time[16];
        size_t counted = 0, lower = 0;
        logs_pact_make(&pact, n, (unsigned)(2 * n / 3 + 1));
        ent_buf_init(&b, ENT_NOTE_MAX);
        logs_head(&b, &pact, own, 1, 1 + ent_t_below(1000), &some_root);
        for (size_t i = 0; i < n; i++) {
            int64_t t = 1 + (int64_t)ent_t_below(1000);
            pact.roster.member[i].panel = ent_t_below(4) != 0;
            if (ent_t_below(4) == 0)
                continue;
            logs_cosign(&b, &pact, i, t);
            if (pact.roster.member[i].panel && i != own)
                time[counted++] = t;
        }
        assert_ok(ent_roster_check_head(&pact.roster, &st, NULL, ent_buf_slice(&b), NULL));
        assert_int_equal(st.cosigned, counted);
        assert_int_equal(st.accepted, counted >= 2 * n / 3 + 1);
        bool found = counted == 0 && st.not_later == 0;
        for (size_t i = 0; i < counted; i++) {
            lower += time[i] < st.not_later;
            found = found || time[i] == st.not_later;
        }
        assert_true(found && lower <= (counted == 0 ? 0 : (counted - 1) / 2));
        for (size_t i = 0; i < counted; i++)
            lower += time[i] == st.not_later;
        assert_true(counted == 0 || lower > (counted - 1) / 2);
        ent_buf_release(&b);
    }
}

/* --- heads that are refused ---------------------------------------------------------------------
 */

#define assert_head(b, err, says)                                                                  \
    assert_says(ent_roster_check_head(&pact.roster, &st, &cp, ent_buf_slice(b), d), err, says)

static void test_heads_that_are_refused(void **state)
{
    struct ent_standing st = {.k = 99};
    struct ent_checkpoint cp = {.size = 77};
    struct ent_seed32 stolen = pact.log[0][1];
    struct ent_buf b;
    char name[ENT_LOG_ORIGIN];
    (void)state;
    ent_buf_init(&b, ENT_NOTE_MAX);
    logs_head(&b, &pact, 0, 1, 9, &some_root);
    logs_cosign_as(&b, "m1/witness", &pact.witness[1], 5);
    logs_spoil(&b);
    assert_head(&b, ENT_E_AUTH, "cosignature of a witness does not hold");
    logs_head(&b, &pact, 0, 1, 9, &some_root); /* one witness twice, at two times */
    logs_cosign(&b, &pact, 1, 5);
    logs_cosign(&b, &pact, 1, 6);
    assert_head(&b, ENT_E_AUTH, "cosignature of a witness does not hold");
    pact.roster.member[1].panel = false; /* it does not count, and is still known */
    assert_head(&b, ENT_E_AUTH, "cosignature of a witness does not hold");
    pact.log[0][1] = pact.log[1][1]; /* another log's key under this name */
    logs_head(&b, &pact, 0, 1, 9, &some_root);
    assert_head(&b, ENT_E_AUTH, "head not signed by its log");
    logs_cosign(&b, &pact, 2, 5);
    assert_head(&b, ENT_E_AUTH, "head not signed by its log");
    pact.log[0][1] = stolen;
    ent_roster_origin(&pact.roster, name, "m0", 2); /* a generation that is not there */
    pact.log[0][2] = stolen;
    logs_head(&b, &pact, 0, 2, 9, &some_root);
    assert_head(&b, ENT_E_NOTFOUND, "head of a log that is none of this pact's");
    logs_head(&b, &pact, 0, 1, 9, &some_root);
    pact.roster.pact.b[0] ^= 1;
    assert_head(&b, ENT_E_NOTFOUND, "head of a log that is none of this pact's");
    pact.roster.pact.b[0] ^= 1;
    ent_buf_clear(&b);
    assert_ok(ent_buf_puts(&b, "hello\n"));
    assert_head(&b, ENT_E_FORMAT, "not a signed note: no empty line");
    assert_ok(ent_note_sign(&b, 6, "m0/log", &stolen));
    assert_head(&b, ENT_E_FORMAT, "not a checkpoint: fewer than three lines");
    assert_int_equal(st.k, 99);
    assert_int_equal(cp.size, 77);
    ent_buf_release(&b);
}

/* Who is not of the roster says nothing, whatever name they take. */
static void test_strangers_are_ignored(void **state)
{
    struct ent_standing st;
    struct ent_seed32 stranger = {{3}};
    struct ent_buf b;
    (void)state;
    ent_buf_init(&b, ENT_NOTE_MAX);
    logs_head(&b, &pact, 0, 1, 9, &some_root);
    logs_cosign_as(&b, "m1/witness", &stranger, 5);
    logs_cosign_as(&b, "m9/witness", &pact.witness[1], 5);
    logs_cosign_as(&b, "m2/mirror", &pact.witness[2], 5);
    logs_cosign_as(&b, "m2", &pact.witness[2], 5);
    assert_ok(ent_roster_check_head(&pact.roster, &st, NULL, ent_buf_slice(&b), NULL));
    assert_int_equal(st.cosigned, 0);
    logs_cosign(&b, &pact, 1, 5); /* beside the one who took the name */
    assert_ok(ent_roster_check_head(&pact.roster, &st, NULL, ent_buf_slice(&b), NULL));
    assert_int_equal(st.cosigned, 1);
    /* A log's signature of the kind that signs notes is none of a witness. */
    const uint8_t *end = memmem(b.p, b.n, "\n\n", 2);
    assert_ok(ent_note_sign(&b, (size_t)(end - b.p) + 1, "m2/witness", &pact.witness[2]));
    assert_ok(ent_roster_check_head(&pact.roster, &st, NULL, ent_buf_slice(&b), NULL));
    assert_int_equal(st.cosigned, 1);
    ent_buf_release(&b);
}

/* --- policies -----------------------------------------------------------------------------------
 */

static char *policy_of(const char *member)
{
    static struct ent_buf b;
    ent_buf_release(&b);
    ent_buf_init(&b, 1u << 20);
    assert_ok(ent_policy_encode(&b, &pact.roster, member));
    assert_ok(ent_buf_putc(&b, '\0'));
    return (char *)b.p;
}

static size_t count(const char *text, const char *what)
{
    size_t n = 0;
    for (const char *p = text; (p = strstr(p, what)) != NULL; p += strlen(what))
        n++;
    return n;
}

static const char accepted_never[] = "# A head is accepted with 4 cosignatures of others; there "
                                     "are 3, so none ever is.\n";
static const char detects[] = "# This quorum is all there are. It detects a second history and "
                              "does not prevent it.\n";

static void test_policy_of_a_member(void **state)
{
    char vkey[512], *line;
    struct ent_vkey key;
    (void)state;
    logs_next(&pact, 1, 3, &some_root);
    pact.roster.k = 3;
    const char *text = policy_of("m1");
    assert_int_equal(count(text, "log "), 2);
    assert_int_equal(count(text, "\nwitness "), 4);
    assert_int_equal(count(text, "#"), 0);
    assert_null(strstr(text, "m1/witness"));
    assert_non_null(strstr(text, "\ngroup panel 3 m0/witness m2/witness m3/witness m4/witness\n"
                                 "quorum panel\n"));
    /* The keys are those of the roster, of the types that logs and witnesses sign with. */
    (void)snprintf(vkey, sizeof(vkey), "%s", strstr(text, "log ") + 4);
    line = strchr(vkey, '\n');
    assert_ok(ent_vkey_parse(&key, ent_slice(vkey, (size_t)(line - vkey)), NULL));
    assert_int_equal(key.type, ENT_SIG_NOTE);
    assert_memory_equal(key.pk.b, pact.roster.member[1].log[0].pk.b, 32);
    (void)snprintf(vkey, sizeof(vkey), "%s", strstr(text, "witness m2/witness ") + 19);
    line = strchr(vkey, '\n');
    assert_ok(ent_vkey_parse(&key, ent_slice(vkey, (size_t)(line - vkey)), NULL));
    assert_int_equal(key.type, ENT_SIG_COSIGN);
    assert_string_equal(key.name, "m2/witness");
    assert_memory_equal(key.pk.b, pact.roster.member[2].witness.b, 32);
}

static void test_policies_that_accept_nothing(void **state)
{
    (void)state;
    logs_pact_make(&pact, 4, 4);
    const char *text = policy_of("m1");
    assert_non_null(strstr(text, accepted_never));
    assert_non_null(strstr(text, detects));
    assert_non_null(strstr(text, "\ngroup panel all m0/witness m2/witness m3/witness\n"));
    logs_pact_make(&pact, 1, 1);
    text = policy_of("m0");
    assert_non_null(strstr(text, "there are 0, so none ever is.\nquorum none\n"));
    assert_int_equal(count(text, "detects"), 0);
    assert_int_equal(count(text, "witness m"), 0);
}

static void test_policies_for_all(void **state)
{
    (void)state;
    const char *text = policy_of(NULL);
    assert_int_equal(count(text, "log "), 5);
    assert_int_equal(count(text, "\nwitness "), 5);
    assert_int_equal(count(text, "# A log's own witness counts here."), 1);
    assert_int_equal(count(text, "#"), 1);
    assert_int_equal(count(text, "group panel 4 "), 1);
    pact.roster.k = 5;
    text = policy_of(NULL);
    assert_int_equal(count(text, "5 cosignatures of others; there are 4, so none ever is.\n"), 1);
    assert_int_equal(count(text, detects), 1);
    assert_int_equal(count(text, "group panel 5 "), 1);
    /* A key that two members list is one witness, and who is not on the panel is none. */
    pact.roster.k = 3;
    pact.roster.member[3].witness = pact.roster.member[2].witness;
    pact.roster.member[4].panel = false;
    text = policy_of(NULL);
    assert_int_equal(count(text, "\nwitness "), 3);
    assert_int_equal(count(text, "group panel 3 m0/witness m1/witness m2/witness\n"), 1);
}

static void test_policies_that_are_not_written(void **state)
{
    struct ent_buf b;
    (void)state;
    ent_buf_init(&b, 300);
    assert_ok(ent_buf_puts(&b, "before"));
    assert_err(ent_policy_encode(&b, &pact.roster, "m7"), ENT_E_NOTFOUND);
    assert_err(ent_policy_encode(&b, &pact.roster, "m1"), ENT_E_LIMIT);
    pact.roster.k = 0;
    assert_err(ent_policy_encode(&b, &pact.roster, "m1"), ENT_E_STATE);
    pact.roster.k = 4;
    memset(&pact.roster.member[1].log[0].pk, 0, 32); /* no point */
    assert_err(ent_policy_encode(&b, &pact.roster, "m1"), ENT_E_AUTH);
    assert_true(ent_slice_eq(ent_buf_slice(&b), ENT_SLICE_LIT("before")));
    ent_buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_origins, fresh),
        cmocka_unit_test_setup(test_authors_by_place, fresh),
        cmocka_unit_test_setup(test_places_of_numbers, fresh),
        cmocka_unit_test_setup(test_sizes_that_overflow, fresh),
        cmocka_unit_test_setup(test_disputes, fresh),
        cmocka_unit_test_setup(test_standing, fresh),
        cmocka_unit_test_setup(test_a_key_counts_once, fresh),
        cmocka_unit_test_setup(test_random_standings, fresh),
        cmocka_unit_test_setup(test_heads_that_are_refused, fresh),
        cmocka_unit_test_setup(test_strangers_are_ignored, fresh),
        cmocka_unit_test_setup(test_policy_of_a_member, fresh),
        cmocka_unit_test_setup(test_policies_that_accept_nothing, fresh),
        cmocka_unit_test_setup(test_policies_for_all, fresh),
        cmocka_unit_test_setup(test_policies_that_are_not_written, fresh),
    };
    return ent_t_run("roster", tests);
}
