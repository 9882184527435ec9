/* test_log.c: one's own log: what is signed, when, and what others hold and know. */
#include "ledger/ledger.h"
#include "tests/support/said.h"
#include "tests/support/simdisk.h"
#include "tests/support/t.h"

/* --- in good times -----------------------------------------------------------------------------
 */

static void test_from_the_first_entry(void **state)
{
    struct ent_simdisk *s = ent_simdisk_new();
    struct ent_log *log = said_open(s, true);
    struct ent_buf b;
    (void)state;
    ent_buf_init(&b, ENT_NOTE_MAX);
    said_acts(log, 0, 0);
    said_state(log, ENT_LOG_READY);
    assert_ok(ent_log_commit(log, NULL)); /* of nothing */
    assert_int_equal(ent_simdisk_writes(s), 0);
    assert_err(ent_log_published(log, &b), ENT_E_NOTFOUND);
    for (uint64_t size = 1; size < 300; size += 1 + size / 3) {
        said_grow(log, size);
        said_acts(log, size, size);
        ent_log_free(log);
        log = said_open(s, true);
        said_acts(log, size, size);
        said_check(log);
    }
    ent_buf_release(&b);
    ent_log_free(log);
    ent_simdisk_free(s);
}

static void test_states(void **state)
{
    struct ent_simdisk *s = said_disk(5);
    struct ent_log *log = said_open(s, false);
    struct ent_diag d = {0};
    uint64_t index = 0;
    (void)state;
    for (int i = 0; i < ENT_LOG_STATES; i++)
        assert_true(strlen(ent_log_state_text((enum ent_log_state)i)) > 4);
    said_state(log, ENT_LOG_UNASKED);
    assert_err(ent_log_append(log, &index, said_entry(5), NULL, ent_slice(NULL, 0)), ENT_E_STATE);
    assert_err(ent_log_commit(log, &d), ENT_E_STATE);
    assert_string_equal(d.text,
                        "nobody has said yet what they know of this log: nothing is signed before");
    assert_ok(ent_log_heard(log, &d, ent_slice(NULL, 0)));
    said_state(log, ENT_LOG_READY);
    said_grow(log, 6);
    ent_log_free(log);

    struct ent_log_opts o = said_opts(s, true);
    struct ent_pubkey pk;
    o.signer = NULL;
    assert_ok(ent_log_open(&log, &d, &o));
    said_state(log, ENT_LOG_READ_ONLY);
    assert_err(ent_log_append(log, &index, said_entry(6), NULL, ent_slice(NULL, 0)), ENT_E_STATE);
    assert_err(ent_log_commit(log, &d), ENT_E_STATE);
    assert_err(ent_log_erase(log, &d, 0), ENT_E_STATE);
    assert_err(ent_log_publish(log, &d, said_head(6)), ENT_E_STATE);
    assert_err(ent_log_heard(log, &d, said_head(6)), ENT_E_STATE);
    said_acts(log, 6, 6);
    ent_log_free(log);
    ent_sign_public(&pk, &said_other_key);
    o.pk = &pk;
    assert_err(ent_log_open(&log, &d, &o), ENT_E_AUTH);
    ent_sign_public(&pk, &said_key);
    assert_ok(ent_log_open(&log, &d, &o));
    said_acts(log, 6, 6);
    ent_log_free(log);
    ent_simdisk_free(s);
}

static void test_limits(void **state)
{
    static uint8_t longest[ENT_ENTRY_MAX + 1], body[ENT_ACT_BODY_MAX + 1];
    const struct ent_salt32 salt = said_salt(1);
    struct ent_simdisk *s = ent_simdisk_new();
    struct ent_log *log = said_open(s, true);
    struct ent_buf b;
    uint64_t index = 77;
    (void)state;
    ent_buf_init(&b, 1u << 20);
    assert_err(
        ent_log_append(log, &index, ent_slice(longest, sizeof(longest)), &salt, ent_slice(body, 1)),
        ENT_E_LIMIT);
    assert_err(
        ent_log_append(log, &index, ent_slice(longest, 1), &salt, ent_slice(body, sizeof(body))),
        ENT_E_LIMIT);
    assert_int_equal(index, 77);
    assert_ok(ent_log_append(log, &index, ent_slice(longest, ENT_ENTRY_MAX), &salt,
                             ent_slice(body, ENT_ACT_BODY_MAX)));
    assert_int_equal(index, 0);
    assert_err(ent_log_act(log, &b, NULL, 0), ENT_E_LIMIT); /* it waits */
    assert_ok(ent_log_commit(log, NULL));
    assert_ok(ent_log_act(log, &b, NULL, 0));
    assert_int_equal(b.n, ENT_ENTRY_MAX + 1 + 5 + 44 + 1 + ENT_ACT_BODY_MAX);
    size_t before = b.n;
    ent_buf_release(&b);
    ent_buf_init(&b, before - 1);
    assert_err(ent_log_act(log, &b, NULL, 0), ENT_E_LIMIT);
    assert_int_equal(b.n, 0);
    said_check(log);
    ent_buf_release(&b);
    ent_log_free(log);
    ent_simdisk_free(s);
}

static void test_bad_names(void **state)
{
    static const char *const origins[] = {"", " a", "a b", "a+b", "a\nb"};
    struct ent_simdisk *s = ent_simdisk_new();
    struct ent_log_opts o = said_opts(s, true);
    struct ent_log *log = NULL;
    char longest[ENT_DISK_NAME_MAX + 1];
    (void)state;
    for (size_t i = 0; i < sizeof(origins) / sizeof(origins[0]); i++) {
        o.origin = origins[i];
        assert_err(ent_log_open(&log, NULL, &o), ENT_E_FORMAT);
    }
    o = said_opts(s, true);
    memset(longest, 'a', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    o.dir = longest;
    assert_err(ent_log_open(&log, NULL, &o), ENT_E_LIMIT);
    assert_null(log);
    ent_simdisk_free(s);
}

static void test_published(void **state)
{
    struct ent_simdisk *s = said_disk(9);
    struct ent_log *log = said_open(s, true);
    struct ent_diag d = {0};
    struct ent_buf note, back;
    (void)state;
    ent_buf_init(&note, ENT_NOTE_MAX);
    ent_buf_init(&back, ENT_NOTE_MAX);
    assert_ok(ent_buf_put_slice(&note, ent_log_head(log)));
    size_t text_n = 0;
    while (memcmp(note.p + text_n, "\n\n", 2) != 0)
        text_n++;
    assert_ok(ent_cosign_sign(&note, text_n + 1, "beta/witness", &said_other_key, 1700000000));
    assert_ok(ent_log_publish(log, &d, ent_buf_slice(&note)));
    ent_log_free(log);
    log = said_open(s, true);
    assert_ok(ent_log_published(log, &back));
    assert_true(ent_slice_eq(ent_buf_slice(&back), ent_buf_slice(&note)));
    said_check(log);
    /* none of these takes its place */
    assert_err(ent_log_publish(log, &d, said_head(10)), ENT_E_STATE);
    assert_string_equal(d.text, "not a head of this log");
    assert_err(ent_log_publish(log, &d, said_head_by(9, &said_root[8], SAID_ORIGIN, &said_key)),
               ENT_E_STATE);
    assert_err(ent_log_publish(log, &d, said_head(8)), ENT_E_STATE);
    assert_string_equal(d.text, "a later head is published already");
    assert_err(
        ent_log_publish(log, &d, said_head_by(9, &said_root[9], SAID_ORIGIN, &said_other_key)),
        ENT_E_AUTH);
    assert_err(ent_log_publish(log, &d, said_head_by(9, &said_root[9], "x/alpha/1", &said_key)),
               ENT_E_AUTH);
    assert_err(ent_log_publish(log, &d, ENT_SLICE_LIT("x\n")), ENT_E_FORMAT);
    ent_buf_clear(&back);
    assert_ok(ent_log_published(log, &back));
    assert_true(ent_slice_eq(ent_buf_slice(&back), ent_buf_slice(&note)));
    ent_buf_release(&note);
    ent_buf_release(&back);
    ent_log_free(log);
    ent_simdisk_free(s);
}

static void test_erased(void **state)
{
    struct ent_simdisk *s = said_disk(20);
    struct ent_log *log = said_open(s, true);
    struct ent_slice dat = ent_simdisk_file(s, "log/1/bodies.dat");
    struct ent_buf b;
    (void)state;
    ent_buf_init(&b, 1u << 16);
    const struct ent_salt32 salt = said_salt(8);
    assert_non_null(memmem(dat.p, dat.n, salt.b, sizeof(salt.b)));
    for (uint64_t i = 5; i < 9; i++)
        assert_ok(ent_log_erase(log, NULL, i));
    assert_ok(ent_log_erase(log, NULL, 8)); /* again */
    assert_ok(ent_log_erase(log, NULL, 3)); /* never had one */
    assert_err(ent_log_erase(log, NULL, 20), ENT_E_LIMIT);
    dat = ent_simdisk_file(s, "log/1/bodies.dat");
    assert_null(memmem(dat.p, dat.n, salt.b, sizeof(salt.b)));
    for (int round = 0; round < 2; round++) {
        for (uint64_t i = 0; i < 20; i++) {
            ent_buf_clear(&b);
            bool there = said_has_body(i) && (i < 5 || i > 8);
            assert_err(ent_log_act(log, &b, NULL, i), there ? ENT_OK : ENT_E_NOTFOUND);
            assert_true(ent_slice_starts(ent_buf_slice(&b), said_entry(i)));
            assert_true(there || b.n == said_entry(i).n);
        }
        said_check(log);
        ent_log_free(log);
        log = said_open(s, true);
    }
    said_grow(log, 25);
    said_check(log);
    ent_buf_release(&b);
    ent_log_free(log);
    ent_simdisk_free(s);
}

/* --- what others know --------------------------------------------------------------------------
 */

static void test_what_others_hold(void **state)
{
    struct ent_simdisk *s = said_disk(10);
    struct ent_diag d = {0};
    struct ent_log *log = said_open(s, false);
    (void)state;
    /* not ours: as if nobody had said anything */
    assert_err(
        ent_log_heard(log, &d, said_head_by(12, &said_root[12], SAID_ORIGIN, &said_other_key)),
        ENT_E_AUTH);
    assert_err(ent_log_heard(log, &d, said_head_by(12, &said_root[12], "y/alpha/1", &said_key)),
               ENT_E_AUTH);
    assert_err(ent_log_heard(log, &d, ENT_SLICE_LIT("no head\n")), ENT_E_AUTH);
    struct ent_slice cut = said_head(5);
    assert_err(ent_log_heard(log, &d, ent_slice(cut.p, cut.n - 1)), ENT_E_AUTH);
    said_state(log, ENT_LOG_UNASKED);
    assert_ok(ent_log_heard(log, &d, said_head(4)));
    said_state(log, ENT_LOG_READY);
    assert_ok(ent_log_heard(log, &d, said_head(10)));
    said_grow(log, 11);
    assert_err(ent_log_heard(log, &d, said_head(12)), ENT_E_STATE);
    assert_string_equal(d.text, "somebody holds a head of this log that is not known here");
    said_state(log, ENT_LOG_OLD);
    assert_ok(ent_log_heard(log, &d, said_head(4))); /* does not help */
    assert_ok(ent_log_heard(log, &d, ent_slice(NULL, 0)));
    said_state(log, ENT_LOG_OLD);
    assert_err(ent_log_commit(log, &d), ENT_E_STATE);
    ent_log_free(log);
    log = said_open(s, true);
    assert_err(ent_log_heard(log, &d, said_head_by(7, &said_root[8], SAID_ORIGIN, &said_key)),
               ENT_E_STATE);
    said_state(log, ENT_LOG_OLD);
    said_acts(log, 11, 11); /* it still reads */
    ent_log_free(log);
    ent_simdisk_free(s);
}

/* An old backup of all of it: it is told by others, and signs nothing before. */
static void test_an_old_copy(void **state)
{
    struct ent_simdisk *s = said_disk(10), *old = ent_simdisk_copy(s);
    struct ent_log *log = said_open(s, true);
    (void)state;
    said_grow(log, 14);
    ent_log_free(log);
    log = said_open(old, false);
    said_state(log, ENT_LOG_UNASKED);
    assert_err(ent_log_heard(log, NULL, said_head(14)), ENT_E_STATE);
    said_state(log, ENT_LOG_OLD);
    ent_log_free(log);
    ent_simdisk_free(s);
    ent_simdisk_free(old);
}

static void test_refill(void **state)
{
    struct ent_simdisk *s = said_disk(10);
    struct ent_log *log = said_open(s, false);
    struct ent_diag d = {0};
    uint64_t lie = 300, silent = SAID_MOST + 300;
    (void)state;
    assert_ok(ent_log_heard(log, &d, said_head(10)));
    assert_err(ent_log_refill(log, &d, said_head(500), NULL, said_mirror), ENT_E_STATE);
    assert_err(ent_log_heard(log, &d, said_head(500)), ENT_E_STATE);
    assert_err(ent_log_refill(log, &d, said_head(500), &lie, said_mirror), ENT_E_AUTH);
    assert_string_equal(d.text, "these entries do not lead to the head");
    assert_err(ent_log_refill(log, &d, said_head(500), &silent, said_mirror), ENT_E_PEER);
    assert_int_equal(d.offset, 300);
    assert_err(ent_log_refill(log, &d, said_head(9), NULL, said_mirror), ENT_E_STATE);
    assert_err(ent_log_refill(log, &d,
                              said_head_by(500, &said_root[500], SAID_ORIGIN, &said_other_key),
                              NULL, said_mirror),
               ENT_E_AUTH);
    said_state(log, ENT_LOG_OLD);
    said_acts(log, 10, 10);
    assert_ok(ent_log_refill(log, &d, said_head(500), NULL, said_mirror));
    said_state(log, ENT_LOG_UNASKED);
    assert_ok(ent_log_heard(log, &d, said_head(500)));
    said_acts(log, 500, 10);
    said_check(log);
    said_append(log, 500, 501);
    assert_ok(ent_log_commit(log, NULL));
    ent_log_free(log);
    log = said_open(s, true);
    assert_int_equal(ent_log_size(log), 501);
    said_check(log);
    ent_log_free(log);
    ent_simdisk_free(s);
}

/* A file is lost, or part of it: what was signed for comes back from mirrors, and bodies that are
 * still there stay. */
static void test_lost_files(void **state)
{
    static const char *const names[] = {"entries.dat", "entries.idx", "h0",
                                        "h1",          "bodies.dat",  "bodies.idx"};
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct ent_simdisk *s = said_disk(300);
        struct ent_diag d = {0};
        struct ent_log *log = said_open(s, true);
        char name[64], want[64];
        uint64_t index = 0;
        assert_ok(ent_log_publish(log, NULL, said_head(300)));
        ent_log_free(log);
        (void)snprintf(name, sizeof(name), "log/1/%s", names[i]);
        (void)snprintf(want, sizeof(want), "%s is too short", names[i]);
        ent_simdisk_remove(s, name);
        const struct ent_log_opts o = said_opts(s, true);
        assert_ok(ent_log_open(&log, &d, &o));
        assert_string_equal(d.text, want);
        said_state(log, ENT_LOG_SHORT);
        assert_int_equal(ent_log_size(log), 0);
        assert_err(ent_log_append(log, &index, said_entry(0), NULL, ent_slice(NULL, 0)),
                   ENT_E_STATE);
        assert_ok(ent_log_heard(log, &d, said_head(300)));
        assert_ok(ent_log_heard(log, &d, said_head(200)));
        said_state(log, ENT_LOG_SHORT);
        assert_ok(ent_log_refill(log, &d, ent_slice(NULL, 0), NULL, said_mirror));
        said_state(log, ENT_LOG_READY);
        bool bodies = strncmp(names[i], "bodies", 6) == 0;
        said_acts(log, 300, bodies ? 0 : 300);
        said_check(log);
        ent_log_free(log);
        ent_simdisk_free(s);
    }
}

static void test_short_and_worse(void **state)
{
    struct ent_simdisk *s = said_disk(300);
    struct ent_log *log;
    (void)state;
    ent_simdisk_remove(s, "log/1/h0");
    log = said_open(s, true);
    assert_err(ent_log_heard(log, NULL, said_head_by(300, &said_root[299], SAID_ORIGIN, &said_key)),
               ENT_E_STATE);
    said_state(log, ENT_LOG_OLD);
    ent_log_free(log);
    log = said_open(s, true);
    assert_err(ent_log_heard(log, NULL, said_head(301)), ENT_E_STATE);
    said_state(log, ENT_LOG_OLD);
    assert_ok(ent_log_refill(log, NULL, said_head(301), NULL, said_mirror));
    said_acts(log, 301, 300);
    ent_log_free(log);
    ent_simdisk_free(s);
}

/* The place that backups leave out is lost: the published head is what is known, until somebody has
 * seen a later one. */
static void test_lost_lock(void **state)
{
    struct ent_simdisk *s = said_disk(10);
    struct ent_log *log = said_open(s, true);
    struct ent_diag d = {0};
    (void)state;
    assert_ok(ent_log_publish(log, NULL, said_head(10)));
    said_grow(log, 14);
    ent_log_free(log);
    struct ent_simdisk *less = ent_simdisk_copy(s);
    ent_simdisk_remove(s, "lock/1/checkpoint");
    log = said_open(s, false);
    said_state(log, ENT_LOG_UNASKED);
    said_acts(log, 10, 10);
    assert_ok(ent_log_heard(log, &d, said_head(14))); /* the data is here */
    said_state(log, ENT_LOG_READY);
    said_acts(log, 14, 14);
    said_grow(log, 15);
    ent_log_free(log);
    log = said_open(s, true);
    said_acts(log, 15, 15);
    ent_log_free(log);
    /* nobody has seen it: then it was never said */
    ent_simdisk_remove(less, "lock/1/checkpoint");
    log = said_open(less, false);
    assert_ok(ent_log_heard(log, &d, said_head(10)));
    said_append(log, 10, 12);
    assert_ok(ent_log_commit(log, &d));
    said_acts(log, 12, 12);
    said_check(log);
    ent_log_free(log);
    /* one that is older than what is published */
    ent_simdisk_set(s, "lock/1/checkpoint", said_head(9));
    log = said_open(s, false);
    said_acts(log, 10, 10);
    assert_ok(ent_log_heard(log, &d, said_head(15)));
    said_acts(log, 15, 15);
    said_grow(log, 16);
    ent_log_free(log);
    ent_simdisk_free(s);
    ent_simdisk_free(less);
}

static void test_lost_lock_and_nothing_published(void **state)
{
    struct ent_simdisk *s = said_disk(10);
    struct ent_log *log;
    (void)state;
    ent_simdisk_remove(s, "lock/1/checkpoint");
    log = said_open(s, false);
    said_state(log, ENT_LOG_UNASKED);
    said_acts(log, 0, 0);
    assert_int_equal(ent_simdisk_file(s, "log/1/h0").n, 320); /* nothing is thrown away yet */
    assert_err(ent_log_heard(log, NULL, said_head_by(8, &said_root[9], SAID_ORIGIN, &said_key)),
               ENT_E_STATE);
    ent_log_free(log);
    log = said_open(s, false);
    assert_ok(ent_log_heard(log, NULL, said_head(7)));
    said_acts(log, 7, 7);
    ent_log_free(log);
    ent_simdisk_free(s);
}

static void test_heads_of_two_histories(void **state)
{
    struct ent_simdisk *s = said_disk(10);
    struct ent_log_opts o = said_opts(s, true);
    struct ent_diag d = {0};
    struct ent_log *log = NULL;
    (void)state;
    ent_simdisk_set(s, "log/1/checkpoint", said_head_by(8, &said_root[9], SAID_ORIGIN, &said_key));
    assert_err(ent_log_open(&log, &d, &o), ENT_E_AUTH);
    assert_string_equal(d.text, "two heads that were signed are of two histories");
    ent_simdisk_set(s, "log/1/checkpoint", said_head_by(10, &said_root[9], SAID_ORIGIN, &said_key));
    assert_err(ent_log_open(&log, &d, &o), ENT_E_AUTH);
    assert_string_equal(d.text, "two heads that were signed are of two histories");
    ent_simdisk_set(s, "log/1/checkpoint",
                    said_head_by(8, &said_root[8], SAID_ORIGIN, &said_other_key));
    assert_err(ent_log_open(&log, &d, &o), ENT_E_AUTH);
    assert_string_equal(d.text, "the published head is damaged");
    assert_null(log);
    ent_simdisk_free(s);
}

/* --- other processes ---------------------------------------------------------------------------
 */

static void test_another_process(void **state)
{
    struct ent_simdisk *s = said_disk(10);
    struct ent_log *a = said_open(s, true), *b = said_open(s, true);
    struct ent_diag d = {0};
    (void)state;
    said_grow(a, 300);
    said_acts(b, 10, 10);
    assert_ok(ent_log_refresh(b, &d));
    said_acts(b, 300, 300);
    assert_ok(ent_log_refresh(b, &d));
    said_grow(b, 301);
    assert_ok(ent_log_heard(a, &d, said_head(301))); /* before it looked itself */
    said_acts(a, 301, 301);
    said_state(a, ENT_LOG_READY);
    said_grow(a, 310);
    /* without the lock: found out before anything is signed, or written */
    uint64_t writes = ent_simdisk_writes(s);
    said_append(b, 301, 303);
    assert_err(ent_log_commit(b, &d), ENT_E_STATE);
    assert_string_equal(d.text, "somebody else signed a head of this log");
    said_state(b, ENT_LOG_BROKEN);
    assert_int_equal(ent_simdisk_writes(s), writes);
    ent_log_free(b);
    b = said_open(s, true);
    said_append(b, 310, 311);
    said_grow(a, 320);
    assert_err(ent_log_refresh(b, &d), ENT_E_STATE); /* with something in hand */
    said_state(b, ENT_LOG_BROKEN);
    ent_log_free(b);
    ent_log_free(a);
    ent_simdisk_free(s);
}

static void test_a_lock_that_goes_back(void **state)
{
    struct ent_simdisk *s = said_disk(10);
    struct ent_diag d = {0};
    (void)state;
    for (int round = 0; round < 3; round++) {
        struct ent_log *log = said_open(s, true);
        if (round == 0)
            ent_simdisk_set(s, "lock/1/checkpoint", said_head(9));
        else if (round == 1)
            ent_simdisk_remove(s, "lock/1/checkpoint");
        else
            ent_simdisk_set(s, "lock/1/checkpoint",
                            said_head_by(12, &said_root[12], SAID_ORIGIN, &said_other_key));
        assert_err(ent_log_refresh(log, &d), round == 2 ? ENT_E_AUTH : ENT_E_STATE);
        said_state(log, ENT_LOG_BROKEN);
        ent_log_free(log);
        ent_simdisk_set(s, "lock/1/checkpoint", said_head(10));
    }
    ent_simdisk_free(s);
}

/* --- damage ------------------------------------------------------------------------------------
 */

/* Opening fails, or says that something is missing, or the check says where it is wrong. */
static void must_be_seen(struct ent_simdisk *s, const char *name, uint64_t bit)
{
    const struct ent_log_opts o = said_opts(s, true);
    struct ent_log *log = NULL;
    struct ent_diag d = {0};
    const char *file = NULL, *base = strrchr(name, '/') + 1;
    uint64_t index = 0;
    ent_simdisk_flip(s, name, bit);
    enum ent_err r = ent_log_open(&log, &d, &o);
    if (r == ENT_OK && ent_log_state(log) == ENT_LOG_READY) {
        assert_err(ent_log_check(log, &d, &file, &index, NULL, NULL), ENT_E_AUTH);
        assert_string_equal(strstr(name, file), file);
    } else if (r == ENT_OK) {
        said_state(log, ENT_LOG_SHORT);
        assert_int_equal(strncmp(d.text, base, strlen(base)), 0);
    } else {
        assert_err(r, ENT_E_AUTH);
        if (strcmp(name, "lock/1/checkpoint") == 0)
            base = "the last head in the lock's place is damaged";
        else if (strcmp(name, "log/1/checkpoint") == 0)
            base = "the published head is damaged";
        if (strncmp(d.text, base, strlen(base)) != 0) {
            printf("# %s, bit %llu: %s\n", name, (unsigned long long)bit, d.text);
            fail();
        }
    }
    ent_log_free(log);
    ent_simdisk_flip(s, name, bit);
}

static void every_bit(uint64_t size, unsigned step)
{
    struct ent_simdisk *s = said_disk(size);
    struct ent_log *log = said_open(s, true);
    assert_ok(ent_log_publish(log, NULL, said_head(size)));
    assert_ok(ent_log_erase(log, NULL, size / 2));
    ent_log_free(log);
    for (size_t i = 0; ent_simdisk_name(s, i) != NULL; i++) {
        const char *name = ent_simdisk_name(s, i);
        uint64_t bits = 8 * ent_simdisk_file(s, name).n;
        for (uint64_t bit = 0; bit < bits; bit += step)
            must_be_seen(s, name, bit);
    }
    log = said_open(s, true);
    said_check(log);
    ent_log_free(log);
    ent_simdisk_free(s);
}

static void test_every_bit(void **state)
{
    (void)state;
    every_bit(5, 1);
    every_bit(300, 37);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_from_the_first_entry, said_setup),
        cmocka_unit_test(test_states),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_bad_names),
        cmocka_unit_test(test_published),
        cmocka_unit_test(test_erased),
        cmocka_unit_test(test_what_others_hold),
        cmocka_unit_test(test_an_old_copy),
        cmocka_unit_test(test_refill),
        cmocka_unit_test(test_lost_files),
        cmocka_unit_test(test_short_and_worse),
        cmocka_unit_test(test_lost_lock),
        cmocka_unit_test(test_lost_lock_and_nothing_published),
        cmocka_unit_test(test_heads_of_two_histories),
        cmocka_unit_test(test_another_process),
        cmocka_unit_test(test_a_lock_that_goes_back),
        cmocka_unit_test(test_every_bit),
    };
    return ent_t_run("log", tests);
}
