/* test_log.c: one's own log: what is signed, when, and what is left of it when something fails. */
#include "ledger/ledger.h"
#include "tests/support/simdisk.h"
#include "tests/support/t.h"

#define ORIGIN "0123456789abcdef/alpha/1"
#define MOST   700

static struct ent_seed32 key = {{1}}, other_key = {{2}};

/* --- what is said ------------------------------------------------------------------------------
 */

static char text[MOST][48];
static struct ent_hash32 root_at[MOST + 1];

static struct ent_slice entry_of(uint64_t i)
{
    return ent_slice(text[i], strlen(text[i]));
}

static struct ent_salt32 salt_of(uint64_t i)
{
    struct ent_salt32 s;
    memset(s.b, 0x5A, sizeof(s.b));
    ent_put_u64le(s.b, i);
    return s;
}

/* Some are empty, and some entries have none. */
static struct ent_slice body_of(uint64_t i)
{
    return ent_slice(text[i], (i * 5) % 13);
}

static bool has_body(uint64_t i)
{
    return i % 7 != 3;
}

static int make_reference(void **state)
{
    struct ent_merkle m;
    (void)state;
    ent_merkle_init(&m);
    for (unsigned i = 0; i < MOST; i++) {
        ent_merkle_root(&m, &root_at[i]);
        (void)snprintf(text[i], sizeof(text[i]), "statement %u, said by alpha", i);
        ent_merkle_leaf(&m, entry_of(i));
    }
    ent_merkle_root(&m, &root_at[MOST]);
    return 0;
}

static struct ent_log_opts opts_of(struct ent_simdisk *s, bool alone)
{
    return (struct ent_log_opts){.disk = ent_simdisk_disk(s),
                                 .dir = "log/1",
                                 .lock = "lock/1",
                                 .origin = ORIGIN,
                                 .key = &key,
                                 .alone = alone};
}

static struct ent_log *open_log(struct ent_simdisk *s, bool alone)
{
    const struct ent_log_opts o = opts_of(s, alone);
    struct ent_log *log = NULL;
    struct ent_diag d = {0};
    enum ent_err r = ent_log_open(&log, &d, &o);
    if (r != ENT_OK)
        printf("# %s, %llu\n", d.text, (unsigned long long)d.offset);
    assert_ok(r);
    return log;
}

static void append(struct ent_log *log, uint64_t from, uint64_t to)
{
    for (uint64_t i = from; i < to; i++) {
        const struct ent_salt32 salt = salt_of(i);
        uint64_t index = 0;
        assert_ok(ent_log_append(log, &index, entry_of(i), has_body(i) ? &salt : NULL,
                                 has_body(i) ? body_of(i) : ent_slice(NULL, 0)));
        assert_int_equal(index, i);
    }
}

static void grow_to(struct ent_log *log, uint64_t size)
{
    struct ent_diag d = {0};
    append(log, ent_log_size(log), size);
    enum ent_err r = ent_log_commit(log, &d);
    if (r != ENT_OK)
        printf("# %s\n", d.text);
    assert_ok(r);
    assert_int_equal(ent_log_size(log), size);
}

static void state_is(const struct ent_log *log, enum ent_log_state want)
{
    assert_string_equal(ent_log_state_text(ent_log_state(log)), ent_log_state_text(want));
}

/* A head of our history, or of another one, signed by the log or somebody else. */
static struct ent_slice head_of(uint64_t size, const struct ent_hash32 *root, const char *origin,
                                const struct ent_seed32 *by)
{
    static struct ent_buf b[8];
    static size_t used;
    const struct ent_checkpoint cp = {ent_slice_str(origin), size, *root};
    struct ent_buf *n = &b[used++ % 8];
    ent_buf_release(n);
    ent_buf_init(n, ENT_NOTE_MAX);
    assert_ok(ent_checkpoint_encode(n, &cp));
    assert_ok(ent_note_sign(n, n->n, origin, by));
    return ent_buf_slice(n);
}

static struct ent_slice our_head(uint64_t size)
{
    return head_of(size, &root_at[size], ORIGIN, &key);
}

static void check_whole(struct ent_log *log)
{
    const char *file = "none";
    uint64_t index = 0;
    struct ent_diag d = {0};
    enum ent_err r = ent_log_check(log, &d, &file, &index, NULL, NULL);
    if (r != ENT_OK)
        printf("# %s: %s, %llu\n", file, d.text, (unsigned long long)index);
    assert_ok(r);
}

/* The head is the one that must be there, and every act. bodies: those that are still known. */
static void check_log(struct ent_log *log, uint64_t size, uint64_t bodies)
{
    struct ent_buf b;
    char want[256], salt[ENT_BASE64_LEN(32)];
    ent_buf_init(&b, 1u << 16);
    assert_int_equal(ent_log_size(log), size);
    if (size > 0)
        assert_true(ent_slice_eq(ent_log_head(log), our_head(size)));
    else
        assert_int_equal(ent_log_head(log).n, 0);
    for (uint64_t i = 0; i < size; i++) {
        struct ent_salt32 s = salt_of(i);
        ent_buf_clear(&b);
        ent_base64_encode(salt, s.b, sizeof(s.b));
        bool there = has_body(i) && i < bodies;
        assert_err(ent_log_act(log, &b, NULL, i), there ? ENT_OK : ENT_E_NOTFOUND);
        int n = there ? snprintf(want, sizeof(want), "%s\nsalt %s\n%.*s", text[i], salt,
                                 (int)body_of(i).n, text[i])
                      : snprintf(want, sizeof(want), "%s", text[i]);
        assert_true(ent_slice_eq(ent_buf_slice(&b), ent_slice(want, (size_t)n)));
    }
    ent_buf_release(&b);
}

/* A copy of one that is made once for each size. */
static struct ent_simdisk *disk_with(uint64_t size)
{
    static struct ent_simdisk *made[MOST]; /* as long as the process */
    if (made[size] != NULL)
        return ent_simdisk_copy(made[size]);
    struct ent_simdisk *s = ent_simdisk_new();
    struct ent_log *log = open_log(s, true);
    grow_to(log, size);
    ent_log_free(log);
    made[size] = s;
    return ent_simdisk_copy(s);
}

/* --- in good times -----------------------------------------------------------------------------
 */

static void test_from_the_first_entry(void **state)
{
    struct ent_simdisk *s = ent_simdisk_new();
    struct ent_log *log = open_log(s, true);
    struct ent_buf b;
    (void)state;
    ent_buf_init(&b, ENT_NOTE_MAX);
    check_log(log, 0, 0);
    state_is(log, ENT_LOG_READY);
    assert_ok(ent_log_commit(log, NULL)); /* of nothing */
    assert_int_equal(ent_simdisk_writes(s), 0);
    assert_err(ent_log_published(log, &b), ENT_E_NOTFOUND);
    for (uint64_t size = 1; size < 300; size += 1 + size / 3) {
        grow_to(log, size);
        check_log(log, size, size);
        ent_log_free(log);
        log = open_log(s, true);
        check_log(log, size, size);
        check_whole(log);
    }
    ent_buf_release(&b);
    ent_log_free(log);
    ent_simdisk_free(s);
}

static void test_states(void **state)
{
    struct ent_simdisk *s = disk_with(5);
    struct ent_log *log = open_log(s, false);
    struct ent_diag d = {0};
    uint64_t index = 0;
    (void)state;
    for (int i = 0; i < ENT_LOG_STATES; i++)
        assert_true(strlen(ent_log_state_text((enum ent_log_state)i)) > 4);
    state_is(log, ENT_LOG_UNASKED);
    assert_err(ent_log_append(log, &index, entry_of(5), NULL, ent_slice(NULL, 0)), ENT_E_STATE);
    assert_err(ent_log_commit(log, &d), ENT_E_STATE);
    assert_string_equal(d.text,
                        "nobody has said yet what they know of this log: nothing is signed before");
    assert_ok(ent_log_heard(log, &d, ent_slice(NULL, 0)));
    state_is(log, ENT_LOG_READY);
    grow_to(log, 6);
    ent_log_free(log);

    struct ent_log_opts o = opts_of(s, true);
    struct ent_pubkey pk;
    o.key = NULL;
    assert_ok(ent_log_open(&log, &d, &o));
    state_is(log, ENT_LOG_READ_ONLY);
    assert_err(ent_log_append(log, &index, entry_of(6), NULL, ent_slice(NULL, 0)), ENT_E_STATE);
    assert_err(ent_log_commit(log, &d), ENT_E_STATE);
    assert_err(ent_log_erase(log, &d, 0), ENT_E_STATE);
    assert_err(ent_log_publish(log, &d, our_head(6)), ENT_E_STATE);
    assert_err(ent_log_heard(log, &d, our_head(6)), ENT_E_STATE);
    check_log(log, 6, 6);
    ent_log_free(log);
    ent_sign_public(&pk, &other_key);
    o.pk = &pk;
    assert_err(ent_log_open(&log, &d, &o), ENT_E_AUTH);
    ent_sign_public(&pk, &key);
    assert_ok(ent_log_open(&log, &d, &o));
    check_log(log, 6, 6);
    ent_log_free(log);
    ent_simdisk_free(s);
}

static void test_limits(void **state)
{
    static uint8_t longest[ENT_ENTRY_MAX + 1], body[ENT_ACT_BODY_MAX + 1];
    const struct ent_salt32 salt = salt_of(1);
    struct ent_simdisk *s = ent_simdisk_new();
    struct ent_log *log = open_log(s, true);
    struct ent_buf b;
    uint64_t index = 77;
    (void)state;
    ent_buf_init(&b, 1u << 18);
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
    check_whole(log);
    ent_buf_release(&b);
    ent_log_free(log);
    ent_simdisk_free(s);
}

static void test_bad_names(void **state)
{
    static const char *const origins[] = {"", " a", "a b", "a+b", "a\nb"};
    struct ent_simdisk *s = ent_simdisk_new();
    struct ent_log_opts o = opts_of(s, true);
    struct ent_log *log = NULL;
    char longest[ENT_DISK_NAME_MAX + 1];
    (void)state;
    for (size_t i = 0; i < sizeof(origins) / sizeof(origins[0]); i++) {
        o.origin = origins[i];
        assert_err(ent_log_open(&log, NULL, &o), ENT_E_FORMAT);
    }
    o = opts_of(s, true);
    memset(longest, 'a', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    o.dir = longest;
    assert_err(ent_log_open(&log, NULL, &o), ENT_E_LIMIT);
    assert_null(log);
    ent_simdisk_free(s);
}

static void test_published(void **state)
{
    struct ent_simdisk *s = disk_with(9);
    struct ent_log *log = open_log(s, true);
    struct ent_diag d = {0};
    struct ent_buf note, back;
    (void)state;
    ent_buf_init(&note, ENT_NOTE_MAX);
    ent_buf_init(&back, ENT_NOTE_MAX);
    assert_ok(ent_buf_put_slice(&note, ent_log_head(log)));
    size_t text_n = 0;
    while (memcmp(note.p + text_n, "\n\n", 2) != 0)
        text_n++;
    assert_ok(ent_cosign_sign(&note, text_n + 1, "beta/witness", &other_key, 1700000000));
    assert_ok(ent_log_publish(log, &d, ent_buf_slice(&note)));
    ent_log_free(log);
    log = open_log(s, true);
    assert_ok(ent_log_published(log, &back));
    assert_true(ent_slice_eq(ent_buf_slice(&back), ent_buf_slice(&note)));
    check_whole(log);
    /* none of these takes its place */
    assert_err(ent_log_publish(log, &d, our_head(10)), ENT_E_STATE);
    assert_string_equal(d.text, "not a head of this log");
    assert_err(ent_log_publish(log, &d, head_of(9, &root_at[8], ORIGIN, &key)), ENT_E_STATE);
    assert_err(ent_log_publish(log, &d, our_head(8)), ENT_E_STATE);
    assert_string_equal(d.text, "a later head is published already");
    assert_err(ent_log_publish(log, &d, head_of(9, &root_at[9], ORIGIN, &other_key)), ENT_E_AUTH);
    assert_err(ent_log_publish(log, &d, head_of(9, &root_at[9], "x/alpha/1", &key)), ENT_E_AUTH);
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
    struct ent_simdisk *s = disk_with(20);
    struct ent_log *log = open_log(s, true);
    struct ent_slice dat = ent_simdisk_file(s, "log/1/bodies.dat");
    struct ent_buf b;
    (void)state;
    ent_buf_init(&b, 1u << 16);
    const struct ent_salt32 salt = salt_of(8);
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
            bool there = has_body(i) && (i < 5 || i > 8);
            assert_err(ent_log_act(log, &b, NULL, i), there ? ENT_OK : ENT_E_NOTFOUND);
            assert_true(ent_slice_starts(ent_buf_slice(&b), entry_of(i)));
            assert_true(there || b.n == entry_of(i).n);
        }
        check_whole(log);
        ent_log_free(log);
        log = open_log(s, true);
    }
    grow_to(log, 25);
    check_whole(log);
    ent_buf_release(&b);
    ent_log_free(log);
    ent_simdisk_free(s);
}

/* --- what others know --------------------------------------------------------------------------
 */

static void test_what_others_hold(void **state)
{
    struct ent_simdisk *s = disk_with(10);
    struct ent_diag d = {0};
    struct ent_log *log = open_log(s, false);
    (void)state;
    /* not ours: as if nobody had said anything */
    assert_err(ent_log_heard(log, &d, head_of(12, &root_at[12], ORIGIN, &other_key)), ENT_E_AUTH);
    assert_err(ent_log_heard(log, &d, head_of(12, &root_at[12], "y/alpha/1", &key)), ENT_E_AUTH);
    assert_err(ent_log_heard(log, &d, ENT_SLICE_LIT("no head\n")), ENT_E_AUTH);
    struct ent_slice cut = our_head(5);
    assert_err(ent_log_heard(log, &d, ent_slice(cut.p, cut.n - 1)), ENT_E_AUTH);
    state_is(log, ENT_LOG_UNASKED);
    assert_ok(ent_log_heard(log, &d, our_head(4)));
    state_is(log, ENT_LOG_READY);
    assert_ok(ent_log_heard(log, &d, our_head(10)));
    grow_to(log, 11);
    assert_err(ent_log_heard(log, &d, our_head(12)), ENT_E_STATE);
    assert_string_equal(d.text, "somebody holds a head of this log that is not known here");
    state_is(log, ENT_LOG_OLD);
    assert_ok(ent_log_heard(log, &d, our_head(4))); /* does not help */
    assert_ok(ent_log_heard(log, &d, ent_slice(NULL, 0)));
    state_is(log, ENT_LOG_OLD);
    assert_err(ent_log_commit(log, &d), ENT_E_STATE);
    ent_log_free(log);
    log = open_log(s, true);
    assert_err(ent_log_heard(log, &d, head_of(7, &root_at[8], ORIGIN, &key)), ENT_E_STATE);
    state_is(log, ENT_LOG_OLD);
    check_log(log, 11, 11); /* it still reads */
    ent_log_free(log);
    ent_simdisk_free(s);
}

/* An old backup of all of it: it is told by others, and signs nothing before. */
static void test_an_old_copy(void **state)
{
    struct ent_simdisk *s = disk_with(10), *old = ent_simdisk_copy(s);
    struct ent_log *log = open_log(s, true);
    (void)state;
    grow_to(log, 14);
    ent_log_free(log);
    log = open_log(old, false);
    state_is(log, ENT_LOG_UNASKED);
    assert_err(ent_log_heard(log, NULL, our_head(14)), ENT_E_STATE);
    state_is(log, ENT_LOG_OLD);
    ent_log_free(log);
    ent_simdisk_free(s);
    ent_simdisk_free(old);
}

static enum ent_err from_mirror(void *ctx, struct ent_buf *b, uint64_t index)
{
    const uint64_t *lie = ctx;
    if (lie != NULL && *lie == index)
        return ent_buf_puts(b, "never said");
    if (lie != NULL && *lie == MOST + index)
        return ENT_E_PEER;
    return ent_buf_put_slice(b, entry_of(index));
}

static void test_refill(void **state)
{
    struct ent_simdisk *s = disk_with(10);
    struct ent_log *log = open_log(s, false);
    struct ent_diag d = {0};
    uint64_t lie = 300, silent = MOST + 300;
    (void)state;
    assert_ok(ent_log_heard(log, &d, our_head(10)));
    assert_err(ent_log_refill(log, &d, our_head(500), NULL, from_mirror), ENT_E_STATE);
    assert_err(ent_log_heard(log, &d, our_head(500)), ENT_E_STATE);
    assert_err(ent_log_refill(log, &d, our_head(500), &lie, from_mirror), ENT_E_AUTH);
    assert_string_equal(d.text, "these entries do not lead to the head");
    assert_err(ent_log_refill(log, &d, our_head(500), &silent, from_mirror), ENT_E_PEER);
    assert_int_equal(d.offset, 300);
    assert_err(ent_log_refill(log, &d, our_head(9), NULL, from_mirror), ENT_E_STATE);
    assert_err(
        ent_log_refill(log, &d, head_of(500, &root_at[500], ORIGIN, &other_key), NULL, from_mirror),
        ENT_E_AUTH);
    state_is(log, ENT_LOG_OLD);
    check_log(log, 10, 10);
    assert_ok(ent_log_refill(log, &d, our_head(500), NULL, from_mirror));
    state_is(log, ENT_LOG_UNASKED);
    assert_ok(ent_log_heard(log, &d, our_head(500)));
    check_log(log, 500, 10);
    check_whole(log);
    append(log, 500, 501);
    assert_ok(ent_log_commit(log, NULL));
    ent_log_free(log);
    log = open_log(s, true);
    assert_int_equal(ent_log_size(log), 501);
    check_whole(log);
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
        struct ent_simdisk *s = disk_with(300);
        struct ent_diag d = {0};
        struct ent_log *log = open_log(s, true);
        char name[64], want[64];
        uint64_t index = 0;
        assert_ok(ent_log_publish(log, NULL, our_head(300)));
        ent_log_free(log);
        (void)snprintf(name, sizeof(name), "log/1/%s", names[i]);
        (void)snprintf(want, sizeof(want), "%s is too short", names[i]);
        ent_simdisk_remove(s, name);
        const struct ent_log_opts o = opts_of(s, true);
        assert_ok(ent_log_open(&log, &d, &o));
        assert_string_equal(d.text, want);
        state_is(log, ENT_LOG_SHORT);
        assert_int_equal(ent_log_size(log), 0);
        assert_err(ent_log_append(log, &index, entry_of(0), NULL, ent_slice(NULL, 0)), ENT_E_STATE);
        assert_ok(ent_log_heard(log, &d, our_head(300)));
        assert_ok(ent_log_heard(log, &d, our_head(200)));
        state_is(log, ENT_LOG_SHORT);
        assert_ok(ent_log_refill(log, &d, ent_slice(NULL, 0), NULL, from_mirror));
        state_is(log, ENT_LOG_READY);
        bool bodies = strncmp(names[i], "bodies", 6) == 0;
        check_log(log, 300, bodies ? 0 : 300);
        check_whole(log);
        ent_log_free(log);
        ent_simdisk_free(s);
    }
}

static void test_short_and_worse(void **state)
{
    struct ent_simdisk *s = disk_with(300);
    struct ent_log *log;
    (void)state;
    ent_simdisk_remove(s, "log/1/h0");
    log = open_log(s, true);
    assert_err(ent_log_heard(log, NULL, head_of(300, &root_at[299], ORIGIN, &key)), ENT_E_STATE);
    state_is(log, ENT_LOG_OLD);
    ent_log_free(log);
    log = open_log(s, true);
    assert_err(ent_log_heard(log, NULL, our_head(301)), ENT_E_STATE);
    state_is(log, ENT_LOG_OLD);
    assert_ok(ent_log_refill(log, NULL, our_head(301), NULL, from_mirror));
    check_log(log, 301, 300);
    ent_log_free(log);
    ent_simdisk_free(s);
}

/* The place that backups leave out is lost: the published head is what is known, until somebody has
 * seen a later one. */
static void test_lost_lock(void **state)
{
    struct ent_simdisk *s = disk_with(10);
    struct ent_log *log = open_log(s, true);
    struct ent_diag d = {0};
    (void)state;
    assert_ok(ent_log_publish(log, NULL, our_head(10)));
    grow_to(log, 14);
    ent_log_free(log);
    struct ent_simdisk *less = ent_simdisk_copy(s);
    ent_simdisk_remove(s, "lock/1/checkpoint");
    log = open_log(s, false);
    state_is(log, ENT_LOG_UNASKED);
    check_log(log, 10, 10);
    assert_ok(ent_log_heard(log, &d, our_head(14))); /* the data is here */
    state_is(log, ENT_LOG_READY);
    check_log(log, 14, 14);
    grow_to(log, 15);
    ent_log_free(log);
    log = open_log(s, true);
    check_log(log, 15, 15);
    ent_log_free(log);
    /* nobody has seen it: then it was never said */
    ent_simdisk_remove(less, "lock/1/checkpoint");
    log = open_log(less, false);
    assert_ok(ent_log_heard(log, &d, our_head(10)));
    append(log, 10, 12);
    assert_ok(ent_log_commit(log, &d));
    check_log(log, 12, 12);
    check_whole(log);
    ent_log_free(log);
    /* one that is older than what is published */
    ent_simdisk_set(s, "lock/1/checkpoint", our_head(9));
    log = open_log(s, false);
    check_log(log, 10, 10);
    assert_ok(ent_log_heard(log, &d, our_head(15)));
    check_log(log, 15, 15);
    grow_to(log, 16);
    ent_log_free(log);
    ent_simdisk_free(s);
    ent_simdisk_free(less);
}

static void test_lost_lock_and_nothing_published(void **state)
{
    struct ent_simdisk *s = disk_with(10);
    struct ent_log *log;
    (void)state;
    ent_simdisk_remove(s, "lock/1/checkpoint");
    log = open_log(s, false);
    state_is(log, ENT_LOG_UNASKED);
    check_log(log, 0, 0);
    assert_int_equal(ent_simdisk_file(s, "log/1/h0").n, 320); /* nothing is thrown away yet */
    assert_err(ent_log_heard(log, NULL, head_of(8, &root_at[9], ORIGIN, &key)), ENT_E_STATE);
    ent_log_free(log);
    log = open_log(s, false);
    assert_ok(ent_log_heard(log, NULL, our_head(7)));
    check_log(log, 7, 7);
    ent_log_free(log);
    ent_simdisk_free(s);
}

static void test_heads_of_two_histories(void **state)
{
    struct ent_simdisk *s = disk_with(10);
    struct ent_log_opts o = opts_of(s, true);
    struct ent_diag d = {0};
    struct ent_log *log = NULL;
    (void)state;
    ent_simdisk_set(s, "log/1/checkpoint", head_of(8, &root_at[9], ORIGIN, &key));
    assert_err(ent_log_open(&log, &d, &o), ENT_E_AUTH);
    assert_string_equal(d.text, "two heads that were signed are of two histories");
    ent_simdisk_set(s, "log/1/checkpoint", head_of(10, &root_at[9], ORIGIN, &key));
    assert_err(ent_log_open(&log, &d, &o), ENT_E_AUTH);
    assert_string_equal(d.text, "two heads that were signed are of two histories");
    ent_simdisk_set(s, "log/1/checkpoint", head_of(8, &root_at[8], ORIGIN, &other_key));
    assert_err(ent_log_open(&log, &d, &o), ENT_E_AUTH);
    assert_string_equal(d.text, "the published head is damaged");
    assert_null(log);
    ent_simdisk_free(s);
}

/* --- other processes ---------------------------------------------------------------------------
 */

static void test_another_process(void **state)
{
    struct ent_simdisk *s = disk_with(10);
    struct ent_log *a = open_log(s, true), *b = open_log(s, true);
    struct ent_diag d = {0};
    (void)state;
    grow_to(a, 300);
    check_log(b, 10, 10);
    assert_ok(ent_log_refresh(b, &d));
    check_log(b, 300, 300);
    assert_ok(ent_log_refresh(b, &d));
    grow_to(b, 301);
    assert_ok(ent_log_heard(a, &d, our_head(301))); /* before it looked itself */
    check_log(a, 301, 301);
    state_is(a, ENT_LOG_READY);
    grow_to(a, 310);
    /* without the lock: found out before anything is signed, or written */
    uint64_t writes = ent_simdisk_writes(s);
    append(b, 301, 303);
    assert_err(ent_log_commit(b, &d), ENT_E_STATE);
    assert_string_equal(d.text, "somebody else signed a head of this log");
    state_is(b, ENT_LOG_BROKEN);
    assert_int_equal(ent_simdisk_writes(s), writes);
    ent_log_free(b);
    b = open_log(s, true);
    append(b, 310, 311);
    grow_to(a, 320);
    assert_err(ent_log_refresh(b, &d), ENT_E_STATE); /* with something in hand */
    state_is(b, ENT_LOG_BROKEN);
    ent_log_free(b);
    ent_log_free(a);
    ent_simdisk_free(s);
}

static void test_a_lock_that_goes_back(void **state)
{
    struct ent_simdisk *s = disk_with(10);
    struct ent_diag d = {0};
    (void)state;
    for (int round = 0; round < 3; round++) {
        struct ent_log *log = open_log(s, true);
        if (round == 0)
            ent_simdisk_set(s, "lock/1/checkpoint", our_head(9));
        else if (round == 1)
            ent_simdisk_remove(s, "lock/1/checkpoint");
        else
            ent_simdisk_set(s, "lock/1/checkpoint", head_of(12, &root_at[12], ORIGIN, &other_key));
        assert_err(ent_log_refresh(log, &d), round == 2 ? ENT_E_AUTH : ENT_E_STATE);
        state_is(log, ENT_LOG_BROKEN);
        ent_log_free(log);
        ent_simdisk_set(s, "lock/1/checkpoint", our_head(10));
    }
    ent_simdisk_free(s);
}

/* --- damage ------------------------------------------------------------------------------------
 */

/* Opening fails, or says that something is missing, or the check says where it is wrong. */
static void must_be_seen(struct ent_simdisk *s, const char *name, uint64_t bit)
{
    const struct ent_log_opts o = opts_of(s, true);
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
        state_is(log, ENT_LOG_SHORT);
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
    struct ent_simdisk *s = disk_with(size);
    struct ent_log *log = open_log(s, true);
    assert_ok(ent_log_publish(log, NULL, our_head(size)));
    assert_ok(ent_log_erase(log, NULL, size / 2));
    ent_log_free(log);
    for (size_t i = 0; ent_simdisk_name(s, i) != NULL; i++) {
        const char *name = ent_simdisk_name(s, i);
        uint64_t bits = 8 * ent_simdisk_file(s, name).n;
        for (uint64_t bit = 0; bit < bits; bit += step)
            must_be_seen(s, name, bit);
    }
    log = open_log(s, true);
    check_whole(log);
    ent_log_free(log);
    ent_simdisk_free(s);
}

static void test_every_bit(void **state)
{
    (void)state;
    every_bit(5, 1);
    every_bit(300, 37);
}

/* --- failures ----------------------------------------------------------------------------------
 */

/* What has been handed out: the largest head that a commit returned ENT_OK for. */
struct run {
    struct ent_simdisk *s;
    struct ent_log *log;
    uint64_t handed, tried;
};

static struct run begin(uint64_t old, uint64_t new)
{
    struct run r = {.s = disk_with(old), .handed = old, .tried = new};
    r.log = open_log(r.s, true);
    append(r.log, old, new);
    return r;
}

/* Reopened, the log has the old head or the new one, and goes on from there; what was handed out is
 * a beginning of it. */
static void end(struct run *r, bool acknowledged)
{
    ent_log_free(r->log);
    ent_simdisk_restart(r->s);
    r->log = open_log(r->s, false);
    state_is(r->log, ENT_LOG_UNASKED);
    uint64_t size = ent_log_size(r->log);
    assert_true(size == r->tried || (size == r->handed && !acknowledged));
    check_log(r->log, size, size);
    check_whole(r->log);
    assert_ok(ent_log_heard(r->log, NULL, our_head(r->handed)));
    grow_to(r->log, size + 2);
    check_log(r->log, size + 2, size + 2);
    check_whole(r->log);
    ent_log_free(r->log);
    ent_simdisk_free(r->s);
}

static bool crash_commit(uint64_t old, uint64_t new, uint64_t n)
{
    struct run r = begin(old, new);
    ent_simdisk_crash(r.s, n);
    enum ent_err e = ent_log_commit(r.log, NULL);
    bool hit = ent_simdisk_hit(r.s);
    assert_true(hit == (e != ENT_OK));
    if (hit) {
        state_is(r.log, ENT_LOG_BROKEN);
        assert_int_equal(ent_log_size(r.log), old);
        assert_true(ent_slice_eq(ent_log_head(r.log), our_head(old)));
    }
    end(&r, !hit);
    return !hit;
}

static void test_every_crash(void **state)
{
    static const uint64_t sizes[][2] = {{1, 2}, {5, 9}, {250, 262}, {250, 520}};
    (void)state;
    for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++)
        for (int round = 0; round < (k < 2 ? 8 : 2); round++) {
            uint64_t n = 1;
            while (!crash_commit(sizes[k][0], sizes[k][1], n))
                n++;
            assert_true(n > 20);
        }
}

static bool fail_commit(uint64_t old, uint64_t new, uint64_t n, enum ent_err err)
{
    struct run r = begin(old, new);
    uint64_t index = 0;
    ent_simdisk_fail(r.s, n, err);
    enum ent_err e = ent_log_commit(r.log, NULL);
    bool hit = ent_simdisk_hit(r.s), ready = ent_log_state(r.log) == ENT_LOG_READY;
    ent_simdisk_fail(r.s, 0, ENT_OK);
    if (hit) {
        assert_err(e, err);
        check_log(r.log, old, old);
        uint64_t writes = ent_simdisk_writes(r.s);
        if (ready) {
            assert_err(err, ENT_E_FULL);
            append(r.log, old, new);
            assert_ok(ent_log_commit(r.log, NULL));
            r.handed = new;
        } else {
            state_is(r.log, ENT_LOG_BROKEN);
            assert_err(ent_log_append(r.log, &index, entry_of(old), NULL, ent_slice(NULL, 0)),
                       ENT_E_STATE);
            assert_err(ent_log_commit(r.log, NULL), ENT_E_STATE);
            assert_err(ent_log_erase(r.log, NULL, 0), ENT_E_STATE);
            assert_int_equal(ent_simdisk_writes(r.s), writes);
        }
    } else {
        assert_ok(e);
        r.handed = new;
    }
    end(&r, r.handed == new);
    return !hit;
}

static void test_every_failure(void **state)
{
    static const enum ent_err errors[] = {ENT_E_IO, ENT_E_FULL};
    static const uint64_t sizes[][2] = {{1, 2}, {5, 9}, {250, 262}};
    (void)state;
    for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++)
        for (size_t e = 0; e < 2; e++) {
            uint64_t n = 1;
            while (!fail_commit(sizes[k][0], sizes[k][1], n, errors[e]))
                n++;
            assert_true(n > 20);
        }
}

static uint64_t used(const struct ent_simdisk *s)
{
    uint64_t n = 0;
    for (size_t i = 0; ent_simdisk_name(s, i) != NULL; i++)
        n += ent_simdisk_file(s, ent_simdisk_name(s, i)).n;
    return n;
}

/* Less and less is missing: nothing but the room changes until a batch fits. */
static void test_no_room(void **state)
{
    struct ent_simdisk *s = disk_with(99);
    struct ent_log *log = open_log(s, true);
    uint64_t before = used(s), full = 0;
    enum ent_err r = ENT_E_FULL;
    (void)state;
    for (uint64_t room = 0; r != ENT_OK; room += 7) {
        append(log, 99, 110);
        ent_simdisk_room(s, before + room);
        r = ent_log_commit(log, NULL);
        ent_simdisk_room(s, UINT64_MAX);
        state_is(log, ENT_LOG_READY);
        if (r == ENT_OK)
            break;
        assert_err(r, ENT_E_FULL);
        assert_int_equal(used(s), before);
        check_log(log, 99, 99);
        full++;
    }
    assert_true(full > 50);
    check_log(log, 110, 110);
    check_whole(log);
    ent_log_free(log);
    ent_simdisk_free(s);
}

/* The first commit of all. */
static void test_crash_of_the_first(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        bool hit = true;
        for (uint64_t n = 1; hit; n++) {
            struct ent_simdisk *s = ent_simdisk_new();
            struct ent_log *log = open_log(s, true);
            append(log, 0, 3);
            ent_simdisk_crash(s, n);
            enum ent_err r = ent_log_commit(log, NULL);
            hit = ent_simdisk_hit(s);
            assert_true(hit == (r != ENT_OK));
            ent_log_free(log);
            ent_simdisk_restart(s);
            log = open_log(s, true);
            uint64_t size = ent_log_size(log);
            assert_true(size == 3 || (hit && size == 0));
            check_log(log, size, size);
            grow_to(log, 9);
            check_whole(log);
            ent_log_free(log);
            ent_simdisk_free(s);
        }
    }
}

static void test_crash_of_an_erasure(void **state)
{
    (void)state;
    for (int round = 0; round < 10; round++) {
        bool hit = true;
        for (uint64_t n = 1; hit; n++) {
            struct ent_simdisk *s = disk_with(10);
            struct ent_log *log = open_log(s, true);
            ent_simdisk_crash(s, n);
            enum ent_err r = ent_log_erase(log, NULL, 9);
            hit = ent_simdisk_hit(s);
            assert_true(hit == (r != ENT_OK));
            ent_log_free(log);
            ent_simdisk_restart(s);
            log = open_log(s, true);
            assert_ok(ent_log_erase(log, NULL, 9));
            check_whole(log);
            grow_to(log, 12);
            check_whole(log);
            ent_log_free(log);
            ent_simdisk_free(s);
        }
    }
}

static void test_crash_of_a_refill(void **state)
{
    (void)state;
    for (int round = 0; round < 3; round++) {
        bool hit = true;
        for (uint64_t n = 1; hit; n++) {
            struct ent_simdisk *s = disk_with(300);
            ent_simdisk_remove(s, "log/1/entries.dat");
            struct ent_log *log = open_log(s, true);
            ent_simdisk_crash(s, n);
            enum ent_err r = ent_log_refill(log, NULL, ent_slice(NULL, 0), NULL, from_mirror);
            hit = ent_simdisk_hit(s);
            assert_true(hit == (r != ENT_OK));
            ent_log_free(log);
            ent_simdisk_restart(s);
            log = open_log(s, true);
            if (ent_log_state(log) == ENT_LOG_SHORT) {
                assert_true(hit);
                assert_ok(ent_log_refill(log, NULL, ent_slice(NULL, 0), NULL, from_mirror));
            }
            check_log(log, 300, 300);
            check_whole(log);
            ent_log_free(log);
            ent_simdisk_free(s);
        }
    }
}

/* --- at random ---------------------------------------------------------------------------------
 */

static void test_random(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        struct ent_simdisk *s = ent_simdisk_new();
        struct ent_log *log = open_log(s, true);
        uint64_t size = 0;
        while (size < 400) {
            uint64_t more = 1 + ent_t_below(ent_t_below(5) == 0 ? 200 : 5);
            append(log, size, size + more);
            switch (ent_t_below(4)) {
            case 0:
                ent_simdisk_crash(s, 1 + ent_t_below(40));
                break;
            case 1:
                ent_simdisk_fail(s, 1 + ent_t_below(40),
                                 ent_t_below(2) == 0 ? ENT_E_IO : ENT_E_FULL);
                break;
            default:
                break;
            }
            enum ent_err r = ent_log_commit(log, NULL);
            bool dead = ent_simdisk_hit(s);
            ent_simdisk_fail(s, 0, ENT_OK);
            if (!dead)
                ent_simdisk_crash(s, 0);
            assert_true(r == ENT_OK || dead);
            if (r == ENT_OK)
                size += more;
            if (dead || ent_t_below(3) == 0) {
                ent_log_free(log);
                if (ent_t_below(2) == 0 || r != ENT_OK)
                    ent_simdisk_restart(s);
                log = open_log(s, true);
                uint64_t now = ent_log_size(log);
                assert_true(now == size || (r != ENT_OK && now == size + more));
                size = now;
            }
            if (ent_t_below(4) == 0 && size > 0)
                assert_ok(ent_log_publish(log, NULL, our_head(size)));
            else
                ent_log_drop(log);
        }
        check_log(log, size, size);
        check_whole(log);
        ent_log_free(log);
        ent_simdisk_free(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_from_the_first_entry, make_reference),
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
        cmocka_unit_test(test_every_crash),
        cmocka_unit_test(test_every_failure),
        cmocka_unit_test(test_no_room),
        cmocka_unit_test(test_crash_of_the_first),
        cmocka_unit_test(test_crash_of_an_erasure),
        cmocka_unit_test(test_crash_of_a_refill),
        cmocka_unit_test(test_random),
    };
    return ent_t_run("log", tests);
}
