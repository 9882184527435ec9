/* test_audit.c: all that is kept of a log, and of a home: what holds is counted, and of what does
 * not the file, the place and the reason are told. */
#include "tests/support/logs.h"
#include "tests/support/nodes.h"

#include <sys/stat.h>
#include <unistd.h>

static struct node alice, bob, carol;
static struct node *const all[] = {&alice, &bob, &carol};
static struct mesh mesh;
static struct ent_pool *pool;
static unsigned homes;

static int found(void **state)
{
    static const char *const names[] = {"alice", "bob", "carol"};
    (void)state;
    homes++;
    for (size_t i = 0; i < 3; i++) {
        char name[32];
        (void)snprintf(name, sizeof(name), "%s-%u", names[i], homes);
        node_make(all[i], name);
    }
    mesh_found(&mesh, all, 3, NULL);
    mesh_meet(&mesh);
    assert_ok(ent_pool_new(&pool, 2));
    return 0;
}

static int end(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++)
        node_free(all[i]);
    ent_pool_free(pool);
    return 0;
}

static const char *name_of(const struct node *n)
{
    return n->home->self.name;
}

static void say(struct node *n, unsigned times)
{
    for (unsigned i = 0; i < times; i++)
        assert_ok(node_say(n, NULL, NULL, ENT_ST_REPORT, "text/plain", ENT_SLICE_LIT("hello")));
}

static void path_of(const struct node *n, char ret[static ENT_PATH_MAX], const char *name)
{
    assert_ok(ent_home_path(n->home, ret, name));
}

static void get(const struct node *n, struct ent_buf *ret, const char *name)
{
    char path[ENT_PATH_MAX];
    path_of(n, path, name);
    ent_buf_init(ret, 1u << 20);
    assert_ok(ent_file_read(ret, NULL, path));
}

static void put(const struct node *n, const char *name, struct ent_slice bytes)
{
    char path[ENT_PATH_MAX];
    path_of(n, path, name);
    assert_ok(ent_file_write(path, bytes, 0600, NULL));
}

static void put_checked(const struct node *n, const char *name, struct ent_slice bytes)
{
    struct ent_buf b;
    ent_buf_init(&b, bytes.n + ENT_CHECK_LINE);
    assert_ok(ent_buf_put_slice(&b, bytes));
    assert_ok(ent_check_add(&b));
    put(n, name, ent_buf_slice(&b));
    ent_buf_release(&b);
}

static enum ent_err audited(const struct node *n, const char *member, struct ent_audit *ret,
                            struct ent_diag *d)
{
    struct ent_home *home = node_look(n);
    const struct ent_audit_opts opts = {.home = home, .member = member, .pool = pool};
    enum ent_err r = ent_audit(ret, d, &opts);
    ent_home_free(home);
    return r;
}

static struct ent_audit holds(const struct node *n, const char *member)
{
    struct ent_audit a;
    struct ent_diag d = {0};
    enum ent_err r = audited(n, member, &a, &d);
    if (r != ENT_OK)
        printf("# %s: %s\n", a.flaw.file, d.text);
    assert_ok(r);
    return a;
}

/* index < 0: it is about no entry */
static void refuses(const struct node *n, const char *member, const char *file, int64_t index,
                    const char *why)
{
    struct ent_audit a;
    struct ent_diag d = {0};
    assert_err(audited(n, member, &a, &d), ENT_E_AUTH);
    assert_string_equal(d.text, why);
    assert_string_equal(a.flaw.file, file);
    assert_int_equal(a.flaw.has_index, index >= 0);
    if (index >= 0)
        assert_int_equal(a.flaw.index, index);
}

/* --- what holds ---------------------------------------------------------------------------------
 */

/* Random things are said, submitted and mirrored; the counts are those of a naive bookkeeper. */
static void test_counts(void **state)
{
    uint64_t said = 0, heads = 0;
    (void)state;
    for (int round = 0; round < 6; round++) {
        unsigned n = 1 + (unsigned)ent_t_below(4);
        say(&alice, n);
        said += n;
        node_submit(&alice, name_of(&bob));
        node_pull(&bob, name_of(&alice));
        heads++;
        struct ent_audit own = holds(&alice, NULL), mirror = holds(&bob, name_of(&alice));
        assert_int_equal(own.logs, 1);
        assert_int_equal(own.entries, said);
        assert_int_equal(own.size, said);
        assert_int_equal(own.head_size, said);
        assert_int_equal(own.proofs, 0);
        assert_int_equal(own.heads, 2); /* in lock/ without others, in log/ with them */
        assert_int_equal(own.cosignatures, 1);
        assert_true(own.lists >= 1);
        assert_int_equal(own.files, 6); /* card, pact, three keys, heard */
        assert_int_equal(mirror.entries, said);
        assert_true(mirror.heads >= heads); /* and those that it was shown without its own line */
        assert_int_equal(mirror.files, 0);
        assert_memory_equal(mirror.root.b, own.root.b, 32);
    }
}

static void test_nothing_said(void **state)
{
    struct ent_audit a = holds(&alice, NULL);
    struct ent_diag d = {0};
    (void)state;
    assert_int_equal(a.entries, 0);
    assert_int_equal(a.heads, 0);
    assert_err(audited(&alice, name_of(&bob), &a, &d), ENT_E_NOTFOUND);
    assert_string_equal(d.text, "nothing of this member's log is here");
    assert_err(audited(&alice, "mallory", &a, &d), ENT_E_NOTFOUND);
    assert_string_equal(d.text, "the pact has no such member: `entente pact show`");
}

static void test_stopped(void **state)
{
    const atomic_bool stop = true;
    struct ent_audit a;
    (void)state;
    say(&alice, 3);
    const struct ent_audit_opts opts = {.home = alice.home, .pool = pool, .stop = &stop};
    assert_err(ent_audit(&a, NULL, &opts), ENT_E_INTERRUPTED);
}

/* --- entries ------------------------------------------------------------------------------------
 */

/* Behind thousands that are good, which are verified by several threads. */
static void test_the_first_bad_entry(void **state)
{
    struct ent_statement st;
    struct ent_hash32 leaf;
    uint64_t first = 0, index;
    (void)state;
    say(&alice, 40);
    st = node_statement(&alice, ENT_ST_REPORT, "text/plain");
    node_forge(&alice, &bob.author, &st, ENT_SLICE_LIT("x"), &leaf, &first);
    say(&alice, 40);
    st = node_statement(&alice, ENT_ST_REPORT, "text/plain");
    st.sequence++;
    node_forge(&alice, &alice.author, &st, ENT_SLICE_LIT("x"), &leaf, &index);
    node_pull(&bob, name_of(&alice));
    refuses(&alice, NULL, "log/1/entries.dat", (int64_t)first,
            "statement not signed by its author's key");
    char file[128];
    (void)snprintf(file, sizeof(file), "mirror/%s/1/entries.dat", name_of(&alice));
    refuses(&bob, name_of(&alice), file, (int64_t)first,
            "statement not signed by its author's key");
}

static void test_a_number_twice(void **state)
{
    struct ent_statement st;
    struct ent_hash32 leaf;
    uint64_t index;
    (void)state;
    say(&alice, 2);
    st = node_statement(&alice, ENT_ST_REPORT, "text/plain");
    st.sequence--;
    node_forge(&alice, &alice.author, &st, ENT_SLICE_LIT("x"), &leaf, &index);
    refuses(&alice, NULL, "log/1/entries.dat", 2,
            "number of the statement is not that of its place");
}

/* --- heads --------------------------------------------------------------------------------------
 */

static void test_heads(void **state)
{
    struct ent_buf good, bad;
    (void)state;
    say(&alice, 2);
    node_submit(&alice, name_of(&bob));
    get(&alice, &good, "log/1/checkpoint");
    ent_buf_init(&bad, ENT_NOTE_MAX);
    assert_ok(ent_buf_put_slice(&bad, ent_buf_slice(&good)));
    logs_cosign_as(&bad, "stranger/witness", &alice.author, 1000);
    put(&alice, "log/1/checkpoint", ent_buf_slice(&bad));
    refuses(&alice, NULL, "log/1/checkpoint", -1,
            "a signature below a head is by nobody who was ever in the pact");
    put(&alice, "log/1/checkpoint", ent_buf_slice(&good));
    (void)holds(&alice, NULL);
    ent_buf_release(&good);
    ent_buf_release(&bad);
}

/* Every head that was shown: a list that breaks off, one that is none, one of another log. */
static void test_heads_that_were_seen(void **state)
{
    char file[128], other[128];
    struct ent_buf good, bad, head;
    (void)state;
    say(&alice, 1);
    say(&carol, 1);
    node_greet(&bob, name_of(&alice));
    node_pull(&bob, name_of(&alice));
    node_pull(&bob, name_of(&carol));
    say(&alice, 1);
    node_pull(&bob, name_of(&alice));
    (void)snprintf(file, sizeof(file), "mirror/%s/1/seen", name_of(&alice));
    (void)snprintf(other, sizeof(other), "lock/heads/%s/1", name_of(&carol));
    get(&bob, &good, file);
    get(&bob, &head, other);
    uint64_t heads = holds(&bob, name_of(&alice)).heads - 1; /* one is in lock/heads */
    assert_true(heads > 0);
    put(&bob, file, ent_slice(good.p, good.n - 1));
    refuses(&bob, name_of(&alice), file, (int64_t)heads - 1, "what is kept of heads breaks off");
    for (int i = 0; i < 2; i++) {
        ent_buf_init(&bad, 1u << 20);
        assert_ok(ent_buf_put_slice(&bad, ent_buf_slice(&good)));
        assert_ok(i == 0 ? ent_buf_printf(&bad, "seen 1\nx")
                         : ent_buf_printf(&bad, "shown %zu\n%.*s", head.n, (int)head.n, head.p));
        put(&bob, file, ent_buf_slice(&bad));
        refuses(&bob, name_of(&alice), file, (int64_t)heads,
                i == 0 ? "what is kept of heads breaks off"
                       : "what is kept as a head of this log is none");
        ent_buf_release(&bad);
    }
    put(&bob, file, ent_buf_slice(&good));
    assert_int_equal(holds(&bob, name_of(&alice)).heads, heads + 1);
    ent_buf_release(&good);
    ent_buf_release(&head);
}

static void test_lists_of_heads(void **state)
{
    static const char name[] =
        "heads/0000000000000000000000000000000000000000000000000000000000000000";
    (void)state;
    say(&alice, 1);
    put(&alice, name, ENT_SLICE_LIT("origin\n1\nroot\n"));
    refuses(&alice, NULL, name, -1, "a list of heads is not the one that it is named by");
    put(&alice, name, ENT_SLICE_LIT("origin\n"));
    refuses(&alice, NULL, name, -1, "a list of heads is not the one that it is named by");
}

/* --- the rest of the home -----------------------------------------------------------------------
 */

static const char not_whole[] = "the file is damaged: its last line is not the sum of it";

static void test_keys(void **state)
{
    static const char *const names[] = {"keys/root", "keys/author", "keys/node"};
    struct ent_buf b, other;
    char path[ENT_PATH_MAX];
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        get(&alice, &b, names[i]);
        get(&bob, &other, names[i]);
        put(&alice, names[i], ent_buf_slice(&other)); /* whole, and another's */
        refuses(&alice, NULL, names[i], -1, "key file does not hold the key that others know");
        put(&alice, names[i], ent_slice(b.p, b.n - 1));
        refuses(&alice, NULL, names[i], -1, "malformed key file");
        put(&alice, names[i], ent_buf_slice(&b));
        ent_buf_release(&b);
        ent_buf_release(&other);
    }
    path_of(&alice, path, "keys/root");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(holds(&alice, NULL).files, 5); /* it may be elsewhere */
}

static void test_what_was_said_about_the_pact(void **state)
{
    static const char text[] = "what was said about the pact is not what it is named by";
    char name[256], hex[ENT_HEX_LEN(32)];
    struct ent_delivery *del = malloc(sizeof(*del));
    struct ent_buf b;
    uint64_t index = 0;
    (void)state;
    assert_non_null(del);
    assert_ok(node_say(&bob, NULL, &index, ENT_ST_WITHDRAW, "text/plain", ENT_SLICE_LIT("")));
    ent_buf_init(&b, ENT_DELIVERY_MAX);
    assert_ok(ent_book_deliver(bob.book, &b, NULL, index));
    assert_ok(ent_delivery_parse(del, ent_buf_slice(&b), &bob.home->roster, NULL));
    ent_hex_encode(hex, del->act.leaf.b, 32);
    (void)snprintf(name, sizeof(name), "pact/next/%s.%s", hex, name_of(&bob));
    put_checked(&alice, name, ent_buf_slice(&b));
    assert_int_equal(holds(&alice, NULL).files, 7);
    put(&alice, name, ent_buf_slice(&b));
    refuses(&alice, NULL, name, -1, not_whole);
    put_checked(&alice, name, ent_slice(b.p, b.n - 1));
    refuses(&alice, NULL, name, -1, text);
    char path[ENT_PATH_MAX];
    path_of(&alice, path, name);
    assert_int_equal(unlink(path), 0);
    (void)snprintf(name, sizeof(name), "pact/next/%s.%s", hex, name_of(&carol));
    put_checked(&alice, name, ent_buf_slice(&b)); /* another's word */
    refuses(&alice, NULL, name, -1, text);
    path_of(&alice, path, name);
    assert_int_equal(unlink(path), 0);
    /* The same for who has left. */
    (void)snprintf(name, sizeof(name), "withdrawn/%s", name_of(&bob));
    put_checked(&alice, name, ent_buf_slice(&b));
    assert_int_equal(holds(&alice, NULL).files, 7);
    put_checked(&alice, name, del->receipt.entry); /* as it is found in a mirror */
    assert_int_equal(holds(&alice, NULL).files, 7);
    put_checked(&alice, name, ENT_SLICE_LIT("gone"));
    refuses(&alice, NULL, name, -1, "not the word of this member that it withdraws");
    put(&alice, name, ENT_SLICE_LIT("check 00000000\n")); /* the sum of nothing, and no word */
    refuses(&alice, NULL, name, -1, "not the word of this member that it withdraws");
    ent_buf_release(&b);
    free(del);
}

/* Every byte of one; half of one; one under the name of another. */
static void test_windows(void **state)
{
    static const char name[] = "observed/2026-11-22T08:00:00Z-3600",
                      other[] = "observed/2026-11-22T09:00:00Z-3600";
    const struct ent_windows_add add = {.id = {1795334400, 3600}, .types = ENT_OBS_ALL, .most = 9};
    struct ent_windows_added told;
    struct ent_observed *seen = NULL;
    struct ent_observable o;
    char dir[ENT_PATH_MAX];
    struct ent_audit a;
    struct ent_diag d;
    struct ent_buf b;
    (void)state;
    assert_ok(ent_observe_folder(alice.home, dir));
    assert_ok(ent_observed_new(&seen, 0));
    assert_ok(ent_observable_parse(&o, NULL, ent_slice_str("evil.com")));
    assert_ok(ent_observed_add(seen, &o));
    assert_ok(ent_windows_add(dir, &add, seen, &told, NULL));
    assert_int_equal(holds(&alice, NULL).files, 7);
    get(&alice, &b, name);
    for (size_t i = 0; i < b.n; i++) {
        uint8_t bit = (uint8_t)(1u << ent_t_below(8));
        b.p[i] ^= bit;
        put(&alice, name, ent_buf_slice(&b));
        assert_err(audited(&alice, NULL, &a, &d), ENT_E_AUTH);
        assert_string_equal(a.flaw.file, name);
        assert_int_equal(a.files, 6);
        b.p[i] ^= bit;
    }
    put(&alice, name, ent_slice(b.p, b.n / 2));
    refuses(&alice, NULL, name, -1, "cut off");
    put(&alice, name, ent_buf_slice(&b));
    put(&alice, other, ent_buf_slice(&b));
    refuses(&alice, NULL, other, -1, "another window than its name says");
    ent_buf_release(&b);
    ent_observed_free(seen);
}

/* A disk that lists a file which is gone when it is read. */
struct gone {
    const char *folder, *file;
};
static const struct ent_disk *beneath;
static const struct gone *now_gone;

static enum ent_err list_gone(void *ctx, struct ent_buf *ret, const char *folder)
{
    enum ent_err r = beneath->list(ctx, ret, folder);
    if (strcmp(folder, now_gone->folder) != 0)
        return r;
    assert_ok(ent_buf_puts(ret, now_gone->file));
    return ent_buf_putc(ret, '\n');
}

static void test_gone_since_it_was_listed(void **state)
{
    static const struct gone gone[] = {
        {"pact", "read-somebody"},
        {"pact/next", "0000000000000000000000000000000000000000000000000000000000000000.somebody"},
        {"withdrawn", "somebody"},
        {"runs", "0123456789abcdef"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++) {
        struct ent_home *home = node_look(&alice);
        struct ent_disk disk = *home->disk;
        const struct ent_audit_opts opts = {.home = home, .pool = pool};
        struct ent_audit a;
        beneath = home->disk;
        now_gone = &gone[i];
        disk.list = list_gone;
        home->disk = &disk;
        assert_ok(ent_audit(&a, NULL, &opts));
        assert_int_equal(a.files, 6);
        home->disk = beneath;
        ent_home_free(home);
    }
}

static void test_small_files(void **state)
{
    (void)state;
    say(&alice, 1);
    put_checked(&alice, "lock/ballot", ENT_SLICE_LIT("anything"));
    assert_int_equal(holds(&alice, NULL).files, 7);
    put(&alice, "lock/ballot", ENT_SLICE_LIT("anything"));
    refuses(&alice, NULL, "lock/ballot", -1, not_whole);
    put_checked(&alice, "lock/ballot", ENT_SLICE_LIT("anything"));
    put(&alice, "pact/read-1", ENT_SLICE_LIT("7"));
    refuses(&alice, NULL, "pact/read-1", -1, not_whole);
    put_checked(&alice, "pact/read-1", ENT_SLICE_LIT("7\n"));
    assert_int_equal(holds(&alice, NULL).files, 8);
}

static void test_proofs(void **state)
{
    char line[256], name[128], path[ENT_PATH_MAX];
    struct ent_hash32 hash;
    char hex[ENT_HEX_LEN(32)];
    (void)state;
    say(&alice, 1);
    path_of(&alice, path, "exposed");
    assert_int_equal(mkdir(path, 0700), 0);
    put_checked(&alice, "exposed/list", ENT_SLICE_LIT(""));
    assert_int_equal(holds(&alice, NULL).files, 7);
    put_checked(&alice, "exposed/list", ENT_SLICE_LIT("no line\n"));
    refuses(&alice, NULL, "exposed/list", -1, "a line that is none");
    put(&alice, "exposed/list", ENT_SLICE_LIT("x"));
    refuses(&alice, NULL, "exposed/list", -1, not_whole);
    ent_sha256_of(&hash, ENT_SLICE_LIT("no proof"));
    ent_hex_encode(hex, hash.b, 32);
    (void)snprintf(line, sizeof(line), "%s 1 %s\n", name_of(&bob), hex);
    (void)snprintf(name, sizeof(name), "exposed/%s-%.8s", name_of(&bob), hex);
    put_checked(&alice, "exposed/list", ent_slice_str(line));
    refuses(&alice, NULL, name, -1, "not the proof of misbehaviour that is listed"); /* gone */
    put(&alice, name, ENT_SLICE_LIT("no proof"));
    refuses(&alice, NULL, name, -1, "not the proof of misbehaviour that is listed");
    say(&bob, 1);
    node_pull(&alice, name_of(&bob));
    refuses(&alice, name_of(&bob), name, -1, "a proof of misbehaviour that does not hold");
}

/* --- records of matches -------------------------------------------------------------------------
 */

static void test_runs(void **state)
{
#define RUN "0123456789abcdef0123456789abcdef"
    static const char changed[] = "not what it was when the match ended";
    struct ent_buf b;
    uint64_t index = 0;
    (void)state;
    assert_ok(node_say(&bob, NULL, &index, ENT_ST_REPORT, "text/plain", ENT_SLICE_LIT("hello")));
    ent_buf_init(&b, ENT_DELIVERY_MAX);
    assert_ok(ent_book_deliver(bob.book, &b, NULL, index));
    assert_ok(ent_home_run_file(alice.home, NULL, RUN, "offer", ent_buf_slice(&b)));
    assert_ok(ent_home_run_file(alice.home, NULL, RUN, "hits", ENT_SLICE_LIT("evil.example\n")));
    assert_int_equal(holds(&alice, NULL).files, 7); /* not at its end yet: what is signed */
    put(&alice, "runs/" RUN "/offer", ent_slice(b.p, b.n - 1));
    refuses(&alice, NULL, "runs/" RUN "/offer", -1, "no statement by a member with its receipt");
    put(&alice, "runs/" RUN "/offer", ent_buf_slice(&b));
    assert_ok(ent_home_run_seal(alice.home, NULL, RUN));
    (void)holds(&alice, NULL);
    put(&alice, "runs/" RUN "/hits", ENT_SLICE_LIT("good.example\n"));
    refuses(&alice, NULL, "runs/" RUN "/hits", -1, changed);
    char path[ENT_PATH_MAX];
    path_of(&alice, path, "runs/" RUN "/hits");
    assert_int_equal(unlink(path), 0);
    refuses(&alice, NULL, "runs/" RUN "/hits", -1, changed); /* gone */
    assert_ok(ent_home_run_seal(alice.home, NULL, RUN));     /* what is there is what counts */
    (void)holds(&alice, NULL);
    put(&alice, "runs/" RUN "/sums", ENT_SLICE_LIT("x"));
    refuses(&alice, NULL, "runs/" RUN "/sums", -1, not_whole);
    put_checked(&alice, "runs/" RUN "/sums", ENT_SLICE_LIT("no sum\n"));
    refuses(&alice, NULL, "runs/" RUN "/sums", -1, "a line that is none");
    ent_home_run_drop(alice.home, RUN);
    assert_int_equal(holds(&alice, NULL).files, 6);
    ent_buf_release(&b);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, found, end)
    const struct CMUnitTest tests[] = {
        TEST(test_counts),
        TEST(test_nothing_said),
        TEST(test_stopped),
        TEST(test_the_first_bad_entry),
        TEST(test_a_number_twice),
        TEST(test_heads),
        TEST(test_heads_that_were_seen),
        TEST(test_lists_of_heads),
        TEST(test_keys),
        TEST(test_what_was_said_about_the_pact),
        TEST(test_windows),
        TEST(test_gone_since_it_was_listed),
        TEST(test_small_files),
        TEST(test_proofs),
        TEST(test_runs),
    };
    return ent_t_run("audit", tests);
}
