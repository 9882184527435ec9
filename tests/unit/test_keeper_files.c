/* test_keeper_files.c: the files of a home for a process that may open none: what it may have, in
 * which form it asks, what one in somebody else's hands can do, and that it is otherwise like any
 * disk. */
#include "tests/support/remote.h"
#include "tests/support/t.h"

#include "node/files_msg.h"
#include "node/node.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *below(const char *name)
{
    static char path[4][512];
    static unsigned next;
    char *p = path[next++ % 4];
    int n = snprintf(p, 512, "%s/%s", ent_t_tmpdir(), name);
    assert_true(n > 0 && n < 512);
    return p;
}

static const char *folder(const char *name)
{
    const char *path = below(name);
    assert_int_equal(mkdir(path, 0700), 0);
    return path;
}

static void put(const char *name, const char *text)
{
    assert_ok(ent_file_write(below(name), ent_slice_str(text), 0600, NULL));
}

static void holds(const char *name, const char *text)
{
    struct ent_buf b;
    ent_buf_init(&b, 1u << 20);
    assert_ok(ent_file_read(&b, NULL, below(name)));
    assert_true(ent_slice_eq(ent_buf_slice(&b), ent_slice_str(text)));
    ent_buf_release(&b);
}

/* --- who may what ------------------------------------------------------------------------------
 */

#define HEX64 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static void test_rows(void **state)
{
    static const struct {
        const char *name;
        unsigned may;
    } want[] = {
        {"keys/author", 0},
        {"keys/root", 0},
        {"keys", 0},
        {"config", 0},
        {"store.db", 0},
        {"store.db-wal", 0},
        {"image/indicators", 0},
        {"image/lock", 0},
        {"card", ENT_MAY_SEE},
        {"card/x", 0},
        {"car", 0},
        {"cards", 0},
        {"book.lock", ENT_MAY_LOCK},
        {"quorum", ENT_MAY_NAMES},
        {"quorum/compared", ENT_MAY_SEE | ENT_MAY_REPLACE},
        {"quorum/wish/0011223344556677", ENT_MAY_SEE | ENT_MAY_REPLACE | ENT_MAY_DROP},
        {"quorum/00112233445566778899aabbccddeeff/said/" HEX64, ENT_MAY_SEE | ENT_MAY_REPLACE},
        {"quorum/00112233445566778899aabbccddeeff/said/" HEX64 "/x", 0},
        {"quorum-own", 0}, /* seeds and sets: the keeper's alone */
        {"quorum-own/00112233445566778899aabbccddeeff/run", 0},
        {"pact", ENT_MAY_NAMES},
        {"pact/000001", ENT_MAY_SEE | ENT_MAY_CREATE},
        {"pact/1234567", ENT_MAY_SEE | ENT_MAY_CREATE},
        {"pact/00001", 0},
        {"pact/00000a", 0},
        {"pact/next", ENT_MAY_NAMES},
        {"pact/next/" HEX64 ".a", ENT_MAY_SEE | ENT_MAY_CREATE | ENT_MAY_DROP},
        {"pact/read-12", ENT_MAY_SEE | ENT_MAY_REPLACE},
        {"pact/read-", 0},
        {"log/1/entries.dat", ENT_MAY_SEE | ENT_MAY_CHANGE | ENT_MAY_REPLACE},
        {"log/a/entries.dat", 0},
        {"log/1", 0},
        {"mirror/bob/1/h0", ENT_MAY_SEE | ENT_MAY_CHANGE | ENT_MAY_REPLACE},
        {"mirror/bob/h0", 0},
        {"lock/ballot", ENT_MAY_SEE | ENT_MAY_REPLACE},
        {"lock/1/checkpoint", ENT_MAY_SEE | ENT_MAY_CHANGE | ENT_MAY_REPLACE},
        {"lock/heads/bob/1", ENT_MAY_SEE | ENT_MAY_REPLACE},
        {"runs/00/secret", ENT_MAY_SEE | ENT_MAY_REPLACE | ENT_MAY_DROP},
        {"runs/00/a/b", 0},
        {"anything", 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
        assert_int_equal(ent_files_may(ent_files_of_ledger, want[i].name), want[i].may);
}

/* The signer sees what was signed last, the card and the pact, and changes nothing. */
static void test_what_the_signer_may(void **state)
{
    static const char *const none[] = {
        "lock/ballot",     "lock/boundary",    "lock/1/other", "lock/heads",
        "lock/heads/bob",  "log/1/checkpoint", "pact/next",    "pact/next/000002",
        "pact/000001.new", "keys/node",        "book.lock",    "lock/audit-1/checkpoint"};
    const struct ent_protocol p = {ent_files_rows, ENT_FILES_ROWS, 8, ENT_FILES_MSG_MAX};
    (void)state;
    assert_int_equal(ent_files_may(ent_files_of_signer, "lock/1/checkpoint"), ENT_MAY_SEE);
    assert_int_equal(ent_files_may(ent_files_of_signer, "lock/heads/bob/2"), ENT_MAY_SEE);
    assert_int_equal(ent_files_may(ent_files_of_signer, "card"), ENT_MAY_SEE);
    assert_int_equal(ent_files_may(ent_files_of_signer, "pact"), ENT_MAY_NAMES);
    assert_int_equal(ent_files_may(ent_files_of_signer, "pact/000001"), ENT_MAY_SEE);
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
        assert_int_equal(ent_files_may(ent_files_of_signer, none[i]), 0);
    for (int what = 0; what < ENT_FILES_WHATS; what++) {
        const struct ent_msg_head h = {
            .n = 20, .type = (uint16_t)(ENT_MSG_FILES + what), .kind = ENT_MSG_CALL, .id = 1};
        const bool looks =
            what == ENT_FILES_READ || what == ENT_FILES_IDENTIFY || what == ENT_FILES_LIST;
        assert_err(ent_msg_check(&p, NULL, &h, ENT_PROCESS_LEDGER, 0), ENT_OK);
        assert_err(ent_msg_check(&p, NULL, &h, ENT_PROCESS_SIGNER, 0),
                   looks ? ENT_OK : ENT_E_POLICY);
        assert_err(ent_msg_check(&p, NULL, &h, ENT_PROCESS_MATCH, 0), ENT_E_POLICY);
    }
}

/* What asks so gets. */
static enum ent_err serve(struct ent_keeper_files *k, enum ent_files_what what, const char *name,
                          struct ent_files_answer *a, int *ret_fd)
{
    static uint8_t kept[4096];
    struct ent_direct direct = {ent_keeper_files_serve, k, ENT_FILES_ANSWER_MAX};
    const struct ent_caller keeper = ent_caller_direct(&direct);
    struct ent_files_request q = {.what = what, .bytes = ENT_SLICE_LIT("evil")};
    struct ent_buf request;
    struct ent_msg answer;
    ent_buf_init(&request, ENT_FILES_MSG_MAX);
    (void)snprintf(q.name, sizeof(q.name), "%s", name);
    assert_ok(ent_files_request_encode(&request, &q));
    enum ent_err r =
        keeper.call(keeper.ctx, &answer, (uint16_t)(ENT_MSG_FILES + what), ent_buf_slice(&request));
    ent_buf_release(&request);
    *ret_fd = -1;
    if (r != ENT_OK)
        return r;
    assert_true(answer.bytes.n <= sizeof(kept));
    memcpy(kept, answer.bytes.p, answer.bytes.n);
    assert_ok(ent_files_answer_parse(a, what, ent_slice(kept, answer.bytes.n)));
    *ret_fd = answer.fd;
    answer.fd = -1;
    ent_msg_release(&answer);
    return ENT_OK;
}

static void refused(struct ent_keeper_files *k, enum ent_files_what what, const char *name,
                    enum ent_err err)
{
    struct ent_files_answer a = {.sys = 0};
    int fd = -1;
    assert_ok(serve(k, what, name, &a, &fd));
    assert_int_equal(a.err, err);
    assert_int_equal(fd, -1);
}

static void test_what_is_in_no_row(void **state)
{
    static const char *const names[] = {"keys/author", "keys",  "config",   "store.db",
                                        "image/lock",  "other", "log/1/a/b"};
    struct ent_keeper_files k;
    struct ent_files_answer a;
    int fd = -1;
    (void)state;
    assert_ok(ent_keeper_files_open(&k, NULL, folder("rows"), ent_files_of_ledger));
    (void)folder("rows/keys");
    put("rows/keys/author", "secret");
    put("rows/config", "mine");
    put("rows/card", "a card");
    for (int what = 0; what < ENT_FILES_WHATS; what++) {
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
            refused(&k, (enum ent_files_what)what, names[i], ENT_E_POLICY);
        if (what != ENT_FILES_READ && what != ENT_FILES_IDENTIFY)
            refused(&k, (enum ent_files_what)what, "card", ENT_E_POLICY);
    }
    assert_ok(serve(&k, ENT_FILES_READ, "card", &a, &fd));
    assert_int_equal(a.err, ENT_OK);
    assert_int_equal(write(fd, "x", 1), -1); /* nor through what was handed out */
    (void)close(fd);
    assert_ok(serve(&k, ENT_FILES_CREATE, "pact/000001", &a, &fd));
    assert_int_equal(a.err, ENT_OK);
    refused(&k, ENT_FILES_CREATE, "pact/000001", ENT_E_EXISTS);
    refused(&k, ENT_FILES_REPLACE, "pact/000001", ENT_E_POLICY);
    refused(&k, ENT_FILES_MAKE, "pact/000001", ENT_E_POLICY);
    refused(&k, ENT_FILES_REMOVE, "pact/000001", ENT_E_POLICY);
    holds("rows/keys/author", "secret");
    holds("rows/config", "mine");
    holds("rows/card", "a card");
    for (unsigned type = 0; type <= UINT16_MAX; type++) {
        struct ent_direct direct = {ent_keeper_files_serve, &k, ENT_FILES_ANSWER_MAX};
        const struct ent_caller keeper = ent_caller_direct(&direct);
        struct ent_msg answer;
        if (type - ENT_MSG_FILES >= ENT_FILES_WHATS)
            assert_err(keeper.call(keeper.ctx, &answer, (uint16_t)type, ENT_SLICE_LIT("\4card")),
                       ENT_E_FORMAT);
    }
    ent_keeper_files_close(&k);
}

/* --- the form ----------------------------------------------------------------------------------
 */

static void test_messages(void **state)
{
    static const struct {
        enum ent_files_what what;
        struct ent_slice bytes;
    } bad[] = {
        {ENT_FILES_READ, ENT_SLICE_LIT("")},
        {ENT_FILES_READ, ENT_SLICE_LIT("\0")},
        {ENT_FILES_READ, ENT_SLICE_LIT("\1/")},
        {ENT_FILES_READ, ENT_SLICE_LIT("\2ab\0")},
        {ENT_FILES_READ, ENT_SLICE_LIT("\5a")},
        {ENT_FILES_READ, ENT_SLICE_LIT("\3a\0b")},
        {ENT_FILES_READ, ENT_SLICE_LIT("\2..")},
        {ENT_FILES_READ, ENT_SLICE_LIT("\6../a.b")},
        {ENT_FILES_READ, ENT_SLICE_LIT("\5a/../")},
        {ENT_FILES_READ, ENT_SLICE_LIT("\4/etc")},
        {ENT_FILES_READ, ENT_SLICE_LIT("\1A")},
        {ENT_FILES_READ, ENT_SLICE_LIT("\5a.new")},
        {ENT_FILES_READ, ENT_SLICE_LIT("\2a/")},
        {ENT_FILES_READ, ENT_SLICE_LIT("\4a//b")},
        {ENT_FILES_READ, ENT_SLICE_LIT("\2.a")},
        {ENT_FILES_IDENTIFY, ENT_SLICE_LIT("\1ax")},
        {ENT_FILES_REPLACE, ENT_SLICE_LIT("\2a\nxyz")},
    };
    struct ent_files_request q;
    struct ent_files_answer a;
    uint8_t longest[1 + 255];
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_err(ent_files_request_parse(&q, bad[i].what, bad[i].bytes), ENT_E_FORMAT);
    memset(longest, 'a', sizeof(longest));
    for (size_t n = 1; n <= 255; n++) {
        longest[0] = (uint8_t)n;
        assert_err(ent_files_request_parse(&q, ENT_FILES_READ, ent_slice(longest, n + 1)),
                   n < ENT_DISK_NAME_MAX ? ENT_OK : ENT_E_FORMAT);
    }
    assert_ok(ent_files_request_parse(&q, ENT_FILES_REPLACE, ENT_SLICE_LIT("\1axyz")));
    assert_int_equal(q.what, ENT_FILES_REPLACE);
    assert_string_equal(q.name, "a");
    assert_true(ent_slice_eq(q.bytes, ENT_SLICE_LIT("xyz")));
    assert_true(ent_protocol_is_sound(
        &(struct ent_protocol){ent_files_rows, ENT_FILES_ROWS, 8, ENT_FILES_MSG_MAX}));
    static const struct {
        enum ent_files_what what;
        struct ent_slice bytes;
        bool good;
    } answers[] = {
        {ENT_FILES_READ, ENT_SLICE_LIT("\0"), true},
        {ENT_FILES_READ, ENT_SLICE_LIT(""), false},
        {ENT_FILES_READ, ENT_SLICE_LIT("\0x"), false},
        {ENT_FILES_READ, ENT_SLICE_LIT("\6"), false},
        {ENT_FILES_READ, ENT_SLICE_LIT("\6\2"), true},
        {ENT_FILES_READ, ENT_SLICE_LIT("\17\2"), false},
        {ENT_FILES_IDENTIFY,
         ENT_SLICE_LIT("\0"
                       "12345678"
                       "12345678"),
         true},
        {ENT_FILES_IDENTIFY,
         ENT_SLICE_LIT("\0"
                       "12345678"
                       "1234567"),
         false},
        {ENT_FILES_IDENTIFY,
         ENT_SLICE_LIT("\0"
                       "12345678"
                       "123456789"),
         false},
        {ENT_FILES_LIST, ENT_SLICE_LIT("\0"), true},
        {ENT_FILES_LIST, ENT_SLICE_LIT("\0a\nb\n"), true},
        {ENT_FILES_LIST, ENT_SLICE_LIT("\0b\na\n"), false},
        {ENT_FILES_LIST, ENT_SLICE_LIT("\0a\na\n"), false},
        {ENT_FILES_LIST, ENT_SLICE_LIT("\0a\nb"), false},
        {ENT_FILES_LIST, ENT_SLICE_LIT("\0a/b\n"), false},
        {ENT_FILES_LIST, ENT_SLICE_LIT("\0..\n"), false},
        {ENT_FILES_LIST, ENT_SLICE_LIT("\0\n"), false},
    };
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
        assert_err(ent_files_answer_parse(&a, answers[i].what, answers[i].bytes),
                   answers[i].good ? ENT_OK : ENT_E_FORMAT);
}

/* --- in somebody else's hands ------------------------------------------------------------------
 */

/* Links that another process of this user, or a backup, has left in the home lead nowhere. */
static void test_links(void **state)
{
    static const char *const names[] = {"log/1/entries.dat", "log/2/x",  "log/3/author",
                                        "log/4/passwd",      "heard",    "lock/ballot",
                                        "mirror/bob/1/h0",   "runs/00/x"};
    struct ent_keeper_files k;
    struct ent_files_answer a;
    int fd = -1;
    (void)state;
    assert_ok(ent_keeper_files_open(&k, NULL, folder("links"), ent_files_of_ledger));
    (void)folder("links/keys");
    put("links/keys/author", "secret");
    put("elsewhere", "of others");
    (void)folder("links/log");
    (void)folder("links/log/1");
    (void)folder("links/lock");
    (void)folder("links/mirror");
    assert_int_equal(symlink("../../keys/author", below("links/log/1/entries.dat")), 0);
    assert_int_equal(symlink("1", below("links/log/2")), 0);
    assert_int_equal(symlink("../keys", below("links/log/3")), 0);
    assert_int_equal(symlink("/etc", below("links/log/4")), 0);
    assert_int_equal(symlink("../elsewhere", below("links/heard")), 0);
    assert_int_equal(symlink("/proc/self/fd/0", below("links/lock/ballot")), 0);
    assert_int_equal(symlink("/proc/self/root/etc", below("links/mirror/bob")), 0);
    assert_int_equal(symlink("keys", below("links/runs")), 0);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        for (int what = ENT_FILES_READ; what <= ENT_FILES_MAKE; what++) {
            if ((ent_files_may(ent_files_of_ledger, names[i]) & ENT_MAY_CHANGE) == 0 &&
                what != ENT_FILES_READ)
                continue;
            assert_ok(serve(&k, (enum ent_files_what)what, names[i], &a, &fd));
            assert_int_equal(a.err, ENT_E_IO);
            assert_int_equal(fd, -1);
        }
    refused(&k, ENT_FILES_LIST, "runs", ENT_E_IO);
    refused(&k, ENT_FILES_REPLACE, "runs/00/x", ENT_E_IO);
    refused(&k, ENT_FILES_REPLACE, "mirror/bob/1/h0", ENT_E_IO);
    assert_ok(serve(&k, ENT_FILES_REPLACE, "heard", &a, &fd)); /* the link gives way */
    assert_int_equal(a.err, ENT_OK);
    holds("links/heard", "evil");
    holds("elsewhere", "of others");
    holds("links/keys/author", "secret");
    ent_keeper_files_close(&k);
}

/* Whoever hoards descriptors has them; the keeper does not run out of its own. */
static void test_many_descriptors(void **state)
{
    struct ent_keeper_files k;
    struct ent_files_answer a;
    int hoard[64], n = 0, fd = -1;
    (void)state;
    assert_ok(ent_keeper_files_open(&k, NULL, folder("many"), ent_files_of_ledger));
    put("many/card", "x");
    (void)fflush(stdout);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)setrlimit(RLIMIT_NOFILE, &(struct rlimit){40, 40});
        while (n < 64 && serve(&k, ENT_FILES_READ, "card", &a, &fd) == ENT_OK && a.err == ENT_OK)
            hoard[n++] = fd;
        bool ok = n > 0 && n < 64 && a.err == ENT_E_IO && a.sys == EMFILE && fd == -1;
        (void)close(hoard[0]); /* sent, that is */
        (void)close(hoard[1]);
        ok = ok && serve(&k, ENT_FILES_READ, "card", &a, &fd) == ENT_OK && a.err == ENT_OK;
        (void)close(fd);
        for (int i = 0; i < 1000 && ok; i++) { /* nothing leaks where something is refused */
            ok = serve(&k, ENT_FILES_READ, "log/1/none", &a, &fd) == ENT_OK &&
                 a.err == ENT_E_NOTFOUND &&
                 serve(&k, ENT_FILES_REPLACE, "heard", &a, &fd) == ENT_OK && a.err == ENT_OK &&
                 serve(&k, ENT_FILES_LIST, "pact", &a, &fd) == ENT_OK;
        }
        _exit(ok ? 0 : 1);
    }
    int status = 1;
    assert_true(waitpid(pid, &status, 0) == pid);
    assert_int_equal(status, 0);
    ent_keeper_files_close(&k);
}

/* --- like any disk -----------------------------------------------------------------------------
 */

struct pair {
    struct either here, there;
    const char *dir[2];
};

static void open_pair(struct pair *p)
{
    assert_ok(either_open(&p->here, false, p->dir[0], NULL));
    assert_ok(either_open(&p->there, true, p->dir[1], NULL));
}

static void close_pair(struct pair *p)
{
    either_close(&p->here);
    either_close(&p->there);
}

struct step {
    unsigned what;
    const char *name;
    uint64_t at;
    struct ent_slice bytes;
};

static enum ent_err step(const struct ent_disk *d, const struct step *s, struct ent_buf *ret)
{
    uint64_t n = 0;
    uint8_t *to = NULL;
    enum ent_err r = ENT_OK;
    switch (s->what) {
    case 0:
        return d->write(d->ctx, s->name, s->at, s->bytes);
    case 1:
        return d->replace(d->ctx, s->name, s->bytes);
    case 2:
        return d->create(d->ctx, s->name, s->bytes);
    case 3:
        return d->remove(d->ctx, s->name);
    case 4:
        return d->cut(d->ctx, s->name, s->at);
    case 5:
        return d->sync(d->ctx, s->name);
    case 6:
        return d->list(d->ctx, ret, s->name);
    case 7:
        if ((r = d->size(d->ctx, &n, s->name)) == ENT_OK)
            r = ent_buf_printf(ret, "%llu", (unsigned long long)n);
        return r;
    case 8:
        return ent_disk_whole(d, ret, s->name);
    default:
        assert_ok(ent_buf_reserve(ret, &to, s->bytes.n));
        if ((r = d->read(d->ctx, to, s->bytes.n, s->name, s->at)) == ENT_OK)
            ret->n += s->bytes.n;
        return r;
    }
}

/* Whatever is done to both, both say the same; also when one of the two, or both, begin again. What
 * fails on the way is an error, never done and never a file that is not there. */
static void test_as_any_disk(void **state)
{
    static const char *const names[] = {"a", "b",     "f/a",   "f/b", "f/c",
                                        "f", "g/h/a", "g/h/b", "g/h", "g"};
    static const uint8_t bytes[300] = "what is written";
    struct pair p = {.dir = {folder("p-here"), folder("p-there")}};
    struct ent_buf got[2];
    (void)state;
    ent_buf_init(&got[0], 1u << 20);
    ent_buf_init(&got[1], 1u << 20);
    open_pair(&p);
    for (int round = 0; round < 6000; round++) {
        const struct step s = {.what = (unsigned)ent_t_below(10),
                               .name = names[ent_t_below(sizeof(names) / sizeof(names[0]))],
                               .at = ent_t_below(3) == 0 ? ent_t_below(400) : 0,
                               .bytes = ent_slice(bytes, ent_t_below(sizeof(bytes)))};
        ent_buf_clear(&got[0]);
        ent_buf_clear(&got[1]);
        if (ent_t_below(20) == 0) { /* whoever holds descriptors and forgot nothing begins anew */
            close_pair(&p);
            open_pair(&p);
        }
        const bool fails = ent_t_below(10) == 0;
        const uint64_t at = p.there.calls + 1 + ent_t_below(3);
        p.there.fail_at = fails ? at : 0;
        p.there.done = ent_t_below(2) == 0;
        enum ent_err r = step(p.there.disk, &s, &got[1]);
        if (fails && p.there.calls >= at && r == ENT_E_IO) {
            struct step again = {.what = 3, .name = s.name}; /* as whoever asked must assume */
            p.there.fail_at = 0;
            (void)step(p.there.disk, &again, &got[1]);
            (void)step(p.here.disk, &again, &got[0]);
            if (strchr(s.name, '/') != NULL) { /* its folder may have come to be */
                again = (struct step){.what = 0, .name = s.name, .bytes = ENT_SLICE_LIT("x")};
                enum ent_err w = step(p.there.disk, &again, &got[1]);
                assert_int_equal(step(p.here.disk, &again, &got[0]), w);
            }
            continue;
        }
        assert_int_equal(step(p.here.disk, &s, &got[0]), r);
        assert_true(ent_slice_eq(ent_buf_slice(&got[0]), ent_buf_slice(&got[1])));
    }
    close_pair(&p);
    ent_buf_release(&got[0]);
    ent_buf_release(&got[1]);
}

/* The folder is synced before anything is written, or counts as synced; if that fails, nothing is.
 */
static void test_folders_are_synced(void **state)
{
    struct either e;
    uint64_t n = 7;
    (void)state;
    assert_ok(either_open(&e, true, folder("synced"), NULL));
    e.fail_at = 2; /* made, and then settled */
    assert_err(e.disk->write(e.disk->ctx, "log/x", 0, ENT_SLICE_LIT("x")), ENT_E_IO);
    assert_int_equal(e.calls, 2);
    assert_ok(e.disk->size(e.disk->ctx, &n, "log/x"));
    assert_int_equal(n, 0);
    e.calls = 0;
    assert_ok(e.disk->write(e.disk->ctx, "log/x", 0, ENT_SLICE_LIT("x")));
    assert_true(e.calls > 0); /* it was not settled before */
    e.calls = 0;
    for (uint64_t i = 1; i < 100; i++)
        assert_ok(e.disk->write(e.disk->ctx, "log/x", i, ENT_SLICE_LIT("x")));
    assert_ok(e.disk->sync(e.disk->ctx, "log/x"));
    assert_int_equal(e.calls, 0); /* and whoever has it open asks no more */
    /* what somebody else put in place, who may have died over it */
    assert_ok(e.disk->replace(e.disk->ctx, "heard", ENT_SLICE_LIT("x")));
    e.calls = 0;
    e.fail_at = 2; /* opened, and then settled */
    assert_err(e.disk->sync(e.disk->ctx, "heard"), ENT_E_IO);
    assert_int_equal(e.calls, 2);
    e.fail_at = 0;
    assert_ok(e.disk->sync(e.disk->ctx, "heard"));
    assert_int_equal(e.calls, 3);
    assert_ok(e.disk->sync(e.disk->ctx, "heard"));
    assert_int_equal(e.calls, 3);
    either_close(&e);
}

/* One that has gone can be told from one that is slow. */
static void test_no_keeper(void **state)
{
    static const int told[] = {ENOTCONN, ETIMEDOUT};
    struct either e;
    uint64_t n = 7;
    (void)state;
    assert_ok(either_open(&e, true, folder("gone"), NULL));
    for (size_t i = 0; i < 2; i++) {
        e.calls = 0;
        e.fail_at = 1;
        e.done = i == 1;
        errno = 0;
        assert_err(e.disk->size(e.disk->ctx, &n, "log/x"), ENT_E_IO);
        assert_int_equal(errno, told[i]);
    }
    assert_int_equal(n, 7);
    either_close(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_what_is_in_no_row),
        cmocka_unit_test(test_what_the_signer_may),
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_links),
        cmocka_unit_test(test_many_descriptors),
        cmocka_unit_test(test_as_any_disk),
        cmocka_unit_test(test_folders_are_synced),
        cmocka_unit_test(test_no_keeper),
    };
    return ent_t_run("keeper_files", tests);
}
