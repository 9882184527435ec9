/*
 * test_book.c: what a member says: numbered without a gap over threads, processes and restarts,
 * durable, shown by receipts; and not a word from an old copy of its home.
 */
#include "tests/support/nodes.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MEDIA "text/plain"

static const char unasked[] =
    "nobody has said yet what they know of this log: nothing is signed before";
static const char old_copy[] =
    "somebody holds a later head, this is an old copy: `entente recover` refills it";
static const char too_short[] =
    "there is less on the disk than was signed for: `entente recover` refills it";

/* Four members, who have not met. */
static struct node alice, bob, carol, dave;
static struct mesh mesh;
static unsigned generation_of_homes;

static int found(void **state)
{
    static struct node *const all[] = {&alice, &bob, &carol, &dave};
    static const char *const names[] = {"alice", "bob", "carol", "dave"};
    (void)state;
    generation_of_homes++;
    for (size_t i = 0; i < 4; i++) {
        char name[32];
        (void)snprintf(name, sizeof(name), "%s-%u", names[i], generation_of_homes);
        node_make(all[i], name);
    }
    mesh_found(&mesh, all, 4, NULL);
    return 0;
}

static int end(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++)
        node_free(mesh.node[i]);
    return 0;
}

static const char *name_of(const struct node *n)
{
    return n->home->self.name;
}

static void says(struct node *n, const char *what)
{
    struct ent_diag d = {0};
    enum ent_err r = node_say(n, &d, NULL, ENT_ST_REPORT, MEDIA, ent_slice_str(what));
    if (r != ENT_OK)
        printf("# %s\n", d.text);
    assert_ok(r);
}

static void says_nothing(struct node *n, enum ent_err err, const char *text)
{
    uint64_t size = ent_log_size(ent_book_log(n->book));
    uint64_t index = 999;
    struct ent_diag d = {0};
    assert_err(node_say(n, &d, &index, ENT_ST_REPORT, MEDIA, ENT_SLICE_LIT("x")), err);
    assert_string_equal(d.text, text);
    assert_int_equal(index, 999);
    assert_int_equal(ent_log_size(ent_book_log(n->book)), size);
}

/* Every entry is there, signed, with its own number, and its body is here. */
static void check_log(struct node *n, uint64_t size)
{
    struct ent_log *log = ent_book_log(n->book);
    const struct ent_roster_member *self = ent_roster_member(&n->home->roster, name_of(n));
    struct ent_buf b;
    struct ent_act a;
    ent_buf_init(&b, ENT_ACT_MAX);
    ent_book_lock(n->book);
    assert_int_equal(ent_log_size(log), size);
    for (uint64_t i = 0; i < size; i++) {
        ent_buf_clear(&b);
        assert_ok(ent_log_act(log, &b, NULL, i));
        assert_ok(ent_act_parse(&a, ent_buf_slice(&b), ent_roster_author(self, 1, i), NULL));
        assert_int_equal(a.st.sequence, i + 1);
        assert_string_equal(a.st.author, name_of(n));
        assert_int_equal(a.st.pact_version, n->home->pact->version);
        assert_memory_equal(a.st.pact.b, n->home->pact->hash.b, 32);
    }
    ent_book_unlock(n->book);
    ent_buf_release(&b);
}

/* How many commits these entries took: all of one commit have seen the same heads. */
static unsigned commits(struct node *n, uint64_t from)
{
    struct ent_hash32 last = {{0}};
    struct ent_statement st;
    struct ent_buf b;
    unsigned ret = 0;
    ent_buf_init(&b, ENT_ENTRY_MAX);
    for (uint64_t i = from; i < ent_log_size(ent_book_log(n->book)); i++) {
        ent_buf_clear(&b);
        assert_ok(ent_tree_entry(ent_log_tree(ent_book_log(n->book)), &b, NULL, i));
        assert_ok(ent_statement_claims(&st, ent_buf_slice(&b), NULL));
        ret += memcmp(last.b, st.heads.b, 32) != 0;
        last = st.heads;
    }
    ent_buf_release(&b);
    return ret;
}

/* --- who may speak ------------------------------------------------------------------------------
 */

static void test_nobody_speaks_before_others_were_heard(void **state)
{
    (void)state;
    says_nothing(&alice, ENT_E_STATE, unasked);
    node_greet(&alice, name_of(&bob)); /* one of three: two could have cosigned without it */
    says_nothing(&alice, ENT_E_STATE, unasked);
    node_greet(&alice, name_of(&bob)); /* and again it is one */
    says_nothing(&alice, ENT_E_STATE, unasked);
    node_greet(&alice, name_of(&carol));
    says(&alice, "hello");
    check_log(&alice, 1);
}

static void test_alone(void **state)
{
    struct node hermit;
    struct node *const all[] = {&hermit};
    struct mesh m;
    (void)state;
    node_make(&hermit, "hermit");
    mesh_found(&m, all, 1, NULL);
    says(&hermit, "to myself");
    check_log(&hermit, 1);
    node_free(&hermit);
}

static void test_reading_only(void **state)
{
    struct ent_book_opts opts = {.home = alice.home};
    struct ent_book *keep = alice.book, *reader;
    (void)state;
    mesh_meet(&mesh);
    says(&alice, "one");
    assert_ok(ent_book_open(&reader, NULL, &opts));
    alice.book = reader;
    assert_int_equal(ent_log_state(ent_book_log(reader)), ENT_LOG_READ_ONLY);
    check_log(&alice, 1);
    says_nothing(&alice, ENT_E_STATE, "opened for reading only");
    alice.book = keep;
    says(&alice, "two");
    alice.book = reader; /* sees what the other one wrote */
    bool changed = true;
    assert_ok(ent_book_refresh(reader, NULL, &changed));
    assert_false(changed);
    check_log(&alice, 2);
    ent_book_close(reader);
    alice.book = keep;
}

static void test_no_book_without_a_pact(void **state)
{
    struct node nobody;
    struct ent_book *b = NULL;
    struct ent_diag d = {0};
    (void)state;
    node_make(&nobody, "nobody");
    const struct ent_book_opts opts = {.home = nobody.home, .keys = &nobody.keys};
    assert_err(ent_book_open(&b, &d, &opts), ENT_E_POLICY);
    assert_string_equal(d.text,
                        "in no pact yet: `entente pact new` founds one, `entente pact vote` joins");
    assert_null(b);
    node_free(&nobody);
}

/* A book that cannot be opened takes nothing of others with it, standard input say. */
static void test_no_lock(void **state)
{
    char path[ENT_PATH_MAX];
    struct ent_book *b = NULL;
    struct ent_diag d = {0};
    int keep = fcntl(0, F_DUPFD_CLOEXEC, 10), null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    (void)state;
    node_close(&dave);
    assert_ok(ent_home_path(dave.home, path, "book.lock"));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_true(null >= 0);
    (void)dup2(null, 0);
    const struct ent_book_opts opts = {.home = dave.home, .keys = &dave.keys};
    assert_int_not_equal(ent_book_open(&b, &d, &opts), ENT_OK);
    assert_string_equal(d.text, "cannot open the book's lock");
    assert_null(b);
    assert_true(fcntl(0, F_GETFD) >= 0);
    (void)dup2(keep, 0);
    (void)close(keep);
    (void)close(null);
}

/* --- numbers ------------------------------------------------------------------------------------
 */

static void test_numbers_over_restarts(void **state)
{
    char dir[ENT_PATH_MAX];
    (void)state;
    (void)snprintf(dir, sizeof(dir), "%s", alice.home->dir);
    mesh_meet(&mesh);
    for (uint64_t i = 0; i < 4; i++) {
        uint64_t index = 999;
        struct ent_diag d = {0};
        says(&alice, "first");
        assert_ok(node_say(&alice, &d, &index, ENT_ST_REPORT, MEDIA, ENT_SLICE_LIT("second")));
        assert_int_equal(index, 2 * i + 1);
        node_reopen(&alice, dir);
        says_nothing(&alice, ENT_E_STATE, unasked); /* it may be an old copy */
        node_greet(&alice, name_of(&bob));
        node_greet(&alice, name_of(&carol));
    }
    check_log(&alice, 8);
    assert_int_equal(commits(&alice, 0), 8);
}

/* What a statement says its author had seen is kept under that name, and leads to it. */
static void test_heads_are_kept(void **state)
{
    static const char *const seen[] = {"", "bob", "bob"};
    struct ent_buf b, entry;
    (void)state;
    mesh_meet(&mesh);
    ent_buf_init(&b, 1u << 20);
    ent_buf_init(&entry, ENT_ENTRY_MAX);
    for (unsigned i = 0; i < 3; i++) {
        char name[ENT_DISK_NAME_MAX], hex[ENT_HEX_LEN(32)];
        struct ent_statement st;
        struct ent_hash32 root;
        struct ent_merkle m;
        if (i > 0) {
            says(&bob, "news");
            node_pull(&alice, name_of(&bob));
        }
        says(&alice, "seen");
        ent_buf_clear(&entry);
        assert_ok(ent_tree_entry(ent_log_tree(ent_book_log(alice.book)), &entry, NULL, i));
        assert_ok(ent_statement_claims(&st, ent_buf_slice(&entry), NULL));
        ent_hex_encode(hex, st.heads.b, 32);
        (void)snprintf(name, sizeof(name), "heads/%s", hex);
        ent_buf_clear(&b);
        enum ent_err r = ent_disk_load(ent_book_disk(alice.book), &b, name);
        if (i == 0) { /* nobody had said anything */
            ent_heads_none(&root);
            assert_err(r, ENT_E_NOTFOUND);
            assert_memory_equal(root.b, st.heads.b, 32);
            continue;
        }
        assert_ok(r);
        assert_non_null(memmem(b.p, b.n, seen[i], strlen(seen[i])));
        ent_merkle_init(&m);
        struct ent_cur c = ent_cur(ent_buf_slice(&b));
        while (c.n > 0) { /* three lines of a head are one leaf */
            const uint8_t *from = c.p;
            struct ent_slice line;
            for (int k = 0; k < 3; k++)
                assert_ok(ent_cur_line(&c, &line));
            ent_merkle_leaf(&m, ent_slice(from, (size_t)(c.p - from)));
        }
        ent_merkle_root(&m, &root);
        assert_memory_equal(root.b, st.heads.b, 32);
    }
    ent_buf_release(&b);
    ent_buf_release(&entry);
}

/* --- several at once ----------------------------------------------------------------------------
 */

#define THREADS 8
#define EACH    25

struct speaker {
    pthread_t thread;
    struct node *node;
    int each;
    atomic_int tid;
    unsigned bad;
};

static void *speak(void *ctx)
{
    struct speaker *s = ctx;
    atomic_store(&s->tid, (int)gettid());
    for (int i = 0; i < s->each; i++)
        s->bad += node_say(s->node, NULL, NULL, ENT_ST_REPORT, MEDIA, ENT_SLICE_LIT("x")) != ENT_OK;
    return NULL;
}

static void start(struct speaker *s, struct node *n, int each)
{
    *s = (struct speaker){.node = n, .each = each};
    assert_int_equal(pthread_create(&s->thread, NULL, speak, s), 0);
}

static void join(struct speaker *s)
{
    assert_int_equal(pthread_join(s->thread, NULL), 0);
    assert_int_equal(s->bad, 0);
}

static void test_threads_share_no_number(void **state)
{
    struct speaker s[THREADS];
    (void)state;
    mesh_meet(&mesh);
    for (int i = 0; i < THREADS; i++)
        start(&s[i], &alice, EACH);
    for (int i = 0; i < THREADS; i++)
        join(&s[i]);
    check_log(&alice, THREADS * EACH);
}

static bool sleeps(struct speaker *s)
{
    char path[64], text[256] = "";
    int tid = atomic_load(&s->tid);
    (void)snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
    FILE *f = tid == 0 ? NULL : fopen(path, "r");
    if (f == NULL)
        return false;
    (void)!fgets(text, sizeof(text), f);
    (void)fclose(f);
    const char *state = strrchr(text, ')');
    return state != NULL && state[2] == 'S';
}

/* All that waits while somebody holds the pen is one commit. */
static void test_what_waits_is_one_commit(void **state)
{
    struct speaker s[THREADS];
    const struct timespec ms = {.tv_nsec = 1000000};
    (void)state;
    mesh_meet(&mesh);
    ent_book_lock(alice.book);
    for (int i = 0; i < THREADS; i++) {
        start(&s[i], &alice, 1);
        while (!sleeps(&s[i]))
            (void)nanosleep(&ms, NULL);
    }
    ent_book_unlock(alice.book);
    for (int i = 0; i < THREADS; i++)
        join(&s[i]);
    check_log(&alice, THREADS);
    assert_true(commits(&alice, 0) < THREADS);
}

/* In a process of its own; what it knows of the log came from the disk alone. */
_Noreturn static void speak_in_child(const struct node *n)
{
    struct node own = {.keys = n->keys};
    const struct ent_book_opts opts = {.keys = &own.keys};
    struct ent_book_opts with = opts;
    if (ent_home_open(&own.home, NULL, n->home->dir) != ENT_OK)
        _exit(1);
    with.home = own.home;
    if (ent_book_open(&own.book, NULL, &with) != ENT_OK ||
        ent_log_heard(ent_book_log(own.book), NULL, ent_slice(NULL, 0)) != ENT_OK)
        _exit(2);
    for (int i = 0; i < 2 * EACH; i++)
        if (node_say(&own, NULL, NULL, ENT_ST_REPORT, MEDIA, ENT_SLICE_LIT("y")) != ENT_OK)
            _exit(3);
    _exit(0);
}

static void test_processes_share_no_number(void **state)
{
    pid_t child[3];
    (void)state;
    mesh_meet(&mesh);
    for (int i = 0; i < 3; i++) {
        child[i] = fork();
        assert_true(child[i] >= 0);
        if (child[i] == 0)
            speak_in_child(&alice);
    }
    for (int i = 0; i < 2 * EACH; i++)
        says(&alice, "z");
    for (int i = 0; i < 3; i++) {
        int status = -1;
        assert_int_equal(waitpid(child[i], &status, 0), child[i]);
        assert_int_equal(status, 0);
    }
    bool changed;
    assert_ok(ent_book_refresh(alice.book, NULL, &changed));
    check_log(&alice, 8 * EACH);
    says(&alice, "last");
    node_submit(&alice, name_of(&bob)); /* one history, as others see it */
    check_log(&alice, 8 * EACH + 1);
}

/* --- old copies ---------------------------------------------------------------------------------
 */

static void path_of(char ret[static ENT_PATH_MAX], const char *name)
{
    (void)snprintf(ret, ENT_PATH_MAX, "%s/%s-%u", ent_t_tmpdir(), name, generation_of_homes);
}

/* What a backup holds, and then more is said, which others hold. */
static void say_before_and_after(const char *backup, const char *folder)
{
    mesh_meet(&mesh);
    says(&alice, "before");
    node_submit(&alice, name_of(&bob));
    node_copy(&alice, folder, backup);
    says(&alice, "after");
    says(&alice, "after that");
    node_submit(&alice, name_of(&bob));
    node_submit(&alice, name_of(&carol));
    node_submit(&alice, name_of(&dave));
    check_log(&alice, 3);
}

static void test_an_old_copy_says_nothing(void **state)
{
    char backup[ENT_PATH_MAX];
    struct ent_buf before, after;
    (void)state;
    path_of(backup, "backup");
    say_before_and_after(backup, "");
    node_reopen(&alice, backup);
    check_log(&alice, 1);
    says_nothing(&alice, ENT_E_STATE, unasked);
    ent_buf_init(&before, ENT_NOTE_MAX);
    ent_buf_init(&after, ENT_NOTE_MAX);
    assert_ok(ent_disk_load(ent_book_disk(alice.book), &before, "lock/1/checkpoint"));
    node_greet(&alice, name_of(&carol)); /* who knows more than the copy */
    assert_int_equal(ent_log_state(ent_book_log(alice.book)), ENT_LOG_OLD);
    says_nothing(&alice, ENT_E_STATE, old_copy);
    node_greet(&alice, name_of(&bob));
    says_nothing(&alice, ENT_E_STATE, old_copy); /* for good */
    assert_ok(ent_disk_load(ent_book_disk(alice.book), &after, "lock/1/checkpoint"));
    assert_true(ent_slice_eq(ent_buf_slice(&before), ent_buf_slice(&after)));
    check_log(&alice, 1);
    for (size_t i = 1; i < 4; i++) { /* and nobody holds anything against her */
        struct ent_verdict_on on = {.exposed = true};
        assert_ok(ent_view_verdict(ent_book_view(mesh.node[i]->book), &on, name_of(&alice),
                                   ent_clock_now()));
        assert_false(on.exposed);
    }
    ent_buf_release(&before);
    ent_buf_release(&after);
}

/* A backup as it should be made: without lock/, which is still what it was. */
static void test_a_backup_without_the_lock(void **state)
{
    char backup[ENT_PATH_MAX], dir[ENT_PATH_MAX];
    (void)state;
    path_of(backup, "log-backup");
    (void)snprintf(dir, sizeof(dir), "%s", alice.home->dir);
    say_before_and_after(backup, "log");
    node_close(&alice);
    node_restore(&alice, "log", backup);
    node_reopen(&alice, dir);
    assert_int_equal(ent_log_state(ent_book_log(alice.book)), ENT_LOG_SHORT);
    says_nothing(&alice, ENT_E_STATE, too_short); /* nobody has to be asked for that */
    node_greet(&alice, name_of(&bob));
    node_greet(&alice, name_of(&carol));
    says_nothing(&alice, ENT_E_STATE, too_short);
}

/* All of the log is gone, and others know that there was one. */
static void test_nothing_left(void **state)
{
    char backup[ENT_PATH_MAX];
    (void)state;
    path_of(backup, "first-backup");
    node_copy(&alice, "", backup);
    mesh_meet(&mesh);
    says(&alice, "one");
    node_submit(&alice, name_of(&dave));
    node_reopen(&alice, backup);
    node_greet(&alice, name_of(&bob)); /* who has not heard of it */
    says_nothing(&alice, ENT_E_STATE, unasked);
    node_greet(&alice, name_of(&dave));
    says_nothing(&alice, ENT_E_STATE, old_copy);
}

/* --- receipts -----------------------------------------------------------------------------------
 */

static enum ent_err check_delivery(struct node *to, struct node *from, uint64_t index,
                                   struct ent_standing *ret, struct ent_diag *d)
{
    struct ent_delivery *del = malloc(sizeof(*del));
    struct ent_buf b;
    assert_non_null(del);
    ent_buf_init(&b, ENT_DELIVERY_MAX);
    assert_ok(ent_book_deliver(from->book, &b, NULL, index));
    enum ent_err r = ent_book_receive(to->book, del, d, ent_buf_slice(&b));
    if (r == ENT_OK) {
        *ret = del->says.standing;
        assert_int_equal(del->receipt.index, index);
    }
    ent_buf_release(&b);
    free(del);
    return r;
}

static void test_what_receipts_are_worth(void **state)
{
    static const char newer[] = "the head is newer than what is known of its log";
    struct ent_standing s = {.cosigned = 99};
    struct ent_diag d = {0};
    struct ent_buf b;
    (void)state;
    ent_buf_init(&b, ENT_DELIVERY_MAX);
    mesh_meet(&mesh);
    assert_err(ent_book_receipt(alice.book, &b, &d, 0, true), ENT_E_NOTFOUND);
    assert_string_equal(d.text, "nothing was said yet");
    says(&alice, "zero");
    assert_err(ent_book_receipt(alice.book, &b, &d, 1, true), ENT_E_NOTFOUND);
    assert_string_equal(d.text, "no such entry");
    assert_err(ent_book_deliver(alice.book, &b, &d, 1), ENT_E_NOTFOUND);
    assert_int_equal(b.n, 0);
    assert_err(check_delivery(&bob, &alice, 0, &s, &d), ENT_E_STATE);
    assert_string_equal(d.text, newer);
    for (unsigned i = 1; i < 4; i++) {
        node_submit(&alice, name_of(mesh.node[i]));
        assert_ok(check_delivery(&bob, &alice, 0, &s, &d));
        assert_int_equal(s.cosigned, i);
        assert_int_equal(s.k, 3);
        assert_int_equal(s.accepted, i == 3);
    }
    says(&alice,
         "one"); /* the old one is still shown under the cosigned head, the new one cannot */
    assert_ok(check_delivery(&bob, &alice, 0, &s, &d));
    assert_true(s.accepted);
    assert_err(check_delivery(&bob, &alice, 1, &s, &d), ENT_E_STATE);
    assert_string_equal(d.text, newer);
    node_pull(&bob, name_of(&alice));
    assert_ok(check_delivery(&bob, &alice, 0, &s, &d));
    node_submit(&alice, name_of(&bob));
    assert_ok(check_delivery(&bob, &alice, 1, &s, &d));
    assert_int_equal(s.cosigned, 1);
    assert_ok(check_delivery(&alice, &alice, 1, &s, &d)); /* one's own */
    ent_buf_release(&b);
}

/* A delivery under a head that nobody has cosigned yet, where others hold an older one. */
static void test_a_head_above_the_cosigned_one(void **state)
{
    static const char newer[] = "the head is newer than what is known of its log";
    struct ent_standing s;
    struct ent_diag d = {0};
    (void)state;
    mesh_meet(&mesh);
    says(&alice, "zero");
    node_submit(&alice, name_of(&carol));
    node_pull(&bob, name_of(&alice));
    says(&alice, "one");
    assert_err(check_delivery(&bob, &alice, 1, &s, &d), ENT_E_STATE);
    assert_string_equal(d.text, newer);
    node_greet(&bob, name_of(&carol)); /* who knows no more than that */
    assert_err(check_delivery(&bob, &alice, 1, &s, &d), ENT_E_STATE);
    node_pull(&bob, name_of(&alice));
    assert_ok(check_delivery(&bob, &alice, 1, &s, &d));
    assert_int_equal(s.cosigned, 0);
    assert_ok(check_delivery(&bob, &alice, 0, &s, &d));
    assert_int_equal(s.cosigned, 1);
}

/* The same home in two places, of which neither asks anybody: two histories. Whoever sees both
 * believes neither, and can show it. */
static void test_two_histories(void **state)
{
    char backup[ENT_PATH_MAX];
    struct ent_standing s;
    struct ent_diag d = {0};
    struct ent_verdict_on on = {0};
    (void)state;
    path_of(backup, "twin");
    mesh_meet(&mesh);
    node_copy(&alice, "", backup);
    says(&alice, "to bob");
    node_submit(&alice, name_of(&bob));
    assert_ok(check_delivery(&bob, &alice, 0, &s, &d));
    node_reopen(&alice, backup);
    assert_ok(ent_log_heard(ent_book_log(alice.book), NULL, ent_slice(NULL, 0)));
    says(&alice, "to carol");
    node_submit(&alice, name_of(&carol));
    assert_ok(check_delivery(&carol, &alice, 0, &s, &d)); /* as far as carol knows */
    assert_err(check_delivery(&bob, &alice, 0, &s, &d), ENT_E_AUTH);
    assert_string_equal(d.text, "the head fits nothing that is known of its log");
    assert_ok(ent_view_verdict(ent_book_view(bob.book), &on, name_of(&alice), ent_clock_now()));
    assert_true(on.exposed);
    assert_int_equal(on.kind, ENT_MB_FORK);
    node_greet(&carol, name_of(&bob)); /* who hears of it */
    assert_ok(ent_view_verdict(ent_book_view(carol.book), &on, name_of(&alice), ent_clock_now()));
    assert_true(on.exposed);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, found, end)
    const struct CMUnitTest tests[] = {
        TEST(test_nobody_speaks_before_others_were_heard),
        cmocka_unit_test(test_alone),
        TEST(test_reading_only),
        cmocka_unit_test(test_no_book_without_a_pact),
        TEST(test_no_lock),
        TEST(test_numbers_over_restarts),
        TEST(test_heads_are_kept),
        TEST(test_threads_share_no_number),
        TEST(test_what_waits_is_one_commit),
        TEST(test_processes_share_no_number),
        TEST(test_an_old_copy_says_nothing),
        TEST(test_a_backup_without_the_lock),
        TEST(test_nothing_left),
        TEST(test_what_receipts_are_worth),
        TEST(test_a_head_above_the_cosigned_one),
        TEST(test_two_histories),
    };
    return ent_t_run("book", tests);
}
