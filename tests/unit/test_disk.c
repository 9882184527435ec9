/* test_disk.c: the real disks, of who opens files and of who may not: names, holes, whole files,
 * folders, many files, two at a time; and a log on it. */
#include "node/node.h"
#include "tests/support/remote.h"
#include "tests/support/simdisk.h"
#include "tests/support/t.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

static const char *const kinds[] = {"here", "there"};
static unsigned kind; /* 1: of a process that may open no files */

static struct either *open_disk(const char *name)
{
    static struct either kept[64];
    static size_t used;
    char path[256];
    assert_true(used < 64);
    (void)snprintf(path, sizeof(path), "%s/%s-%s", ent_t_tmpdir(), name, kinds[kind]);
    (void)mkdir(path, 0700);
    assert_ok(either_open(&kept[used], kind == 1, path, NULL));
    return &kept[used++];
}

static void path_of(char ret[static 512], const char *disk, const char *name)
{
    int n = snprintf(ret, 512, "%s/%s-%s/%s", ent_t_tmpdir(), disk, kinds[kind], name);
    assert_true(n > 0 && n < 512);
}

static void put(const struct ent_disk *d, const char *name, uint64_t at, const char *s)
{
    assert_ok(d->write(d->ctx, name, at, ent_slice_str(s)));
}

static void reads(const struct ent_disk *d, const char *name, const char *want)
{
    struct ent_buf b;
    ent_buf_init(&b, 1u << 20);
    assert_ok(ent_disk_load(d, &b, name));
    assert_true(ent_slice_eq(ent_buf_slice(&b), ent_slice_str(want)));
    ent_buf_release(&b);
}

static void test_calls(void **state)
{
    struct either *real = open_disk("calls");
    const struct ent_disk *d = real->disk;
    char got[8], path[512];
    uint64_t n = 7;
    struct stat st;
    (void)state;
    assert_ok(d->size(d->ctx, &n, "a/b/c"));
    assert_int_equal(n, 0);
    assert_err(d->read(d->ctx, got, 1, "a/b/c", 0), ENT_E_NOTFOUND);
    assert_err(d->sync(d->ctx, "a/b/c"), ENT_E_NOTFOUND);
    assert_ok(d->cut(d->ctx, "a/b/c", 0));
    assert_err(d->cut(d->ctx, "a/b/c", 1), ENT_E_NOTFOUND);
    put(d, "a/b/c", 0, "hello");
    put(d, "a/b/c", 5, " you");
    put(d, "a/b/c", 0, "H");
    assert_err(d->write(d->ctx, "a/b/c", 10, ENT_SLICE_LIT("x")), ENT_E_STATE); /* a hole */
    assert_err(d->write(d->ctx, "a/b/c", UINT64_MAX, ENT_SLICE_LIT("x")), ENT_E_STATE);
    assert_ok(d->sync(d->ctx, "a/b/c"));
    reads(d, "a/b/c", "Hello you");
    assert_ok(d->read(d->ctx, got, 3, "a/b/c", 6));
    assert_memory_equal(got, "you", 3);
    assert_err(d->read(d->ctx, got, 4, "a/b/c", 6), ENT_E_NOTFOUND);
    assert_err(d->read(d->ctx, got, 1, "a/b/c", UINT64_MAX), ENT_E_NOTFOUND);
    assert_err(d->cut(d->ctx, "a/b/c", 10), ENT_E_STATE);
    assert_ok(d->cut(d->ctx, "a/b/c", 5));
    reads(d, "a/b/c", "Hello");
    path_of(path, "calls", "a/b/c");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    path_of(path, "calls", "a");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    either_close(real);
}

static void test_names(void **state)
{
    static const char *const bad[] = {
        "",  "/a",  "a/",  "a//b",  "..",      "../a", "a/../b",   ".",    ".a",   "a/.b",
        "A", "a b", "a\n", "a.new", "a.new/b", "a_b",  "\xC3\xA4", "a\\b", "a/./b"};
    struct either *real = open_disk("names");
    const struct ent_disk *d = real->disk;
    char longest[ENT_DISK_NAME_MAX + 1], got[1];
    struct ent_buf names;
    uint64_t n;
    (void)state;
    ent_buf_init(&names, 100);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_err(d->size(d->ctx, &n, bad[i]), ENT_E_FORMAT);
        assert_err(d->read(d->ctx, got, 1, bad[i], 0), ENT_E_FORMAT);
        assert_err(d->write(d->ctx, bad[i], 0, ENT_SLICE_LIT("x")), ENT_E_FORMAT);
        assert_err(d->cut(d->ctx, bad[i], 0), ENT_E_FORMAT);
        assert_err(d->sync(d->ctx, bad[i]), ENT_E_FORMAT);
        assert_err(d->replace(d->ctx, bad[i], ENT_SLICE_LIT("x")), ENT_E_FORMAT);
        assert_err(d->create(d->ctx, bad[i], ENT_SLICE_LIT("x")), ENT_E_FORMAT);
        assert_err(d->remove(d->ctx, bad[i]), ENT_E_FORMAT);
        assert_err(d->list(d->ctx, &names, bad[i]), ENT_E_FORMAT);
        assert_err(d->lock(d->ctx, bad[i], ENT_DISK_EXCLUSIVE), ENT_E_FORMAT);
    }
    memset(longest, 'a', ENT_DISK_NAME_MAX);
    longest[ENT_DISK_NAME_MAX] = '\0';
    assert_err(d->write(d->ctx, longest, 0, ENT_SLICE_LIT("x")), ENT_E_FORMAT);
    put(d, "a-1.b/c..d", 0, "x");
    reads(d, "a-1.b/c..d", "x");
    either_close(real);
    assert_err(either_open(real, kind == 1, "/nowhere/at/all", NULL), ENT_E_NOTFOUND);
}

/* Nothing is followed out of the directory, and nothing but files is a file. */
static void test_what_is_no_file(void **state)
{
    struct either *real = open_disk("links");
    const struct ent_disk *d = real->disk;
    char path[512], got[1];
    uint64_t n;
    (void)state;
    path_of(path, "links", "link");
    assert_int_equal(symlink("/etc/passwd", path), 0);
    assert_err(d->read(d->ctx, got, 1, "link", 0), ENT_E_IO);
    assert_err(d->write(d->ctx, "link", 0, ENT_SLICE_LIT("x")), ENT_E_IO);
    path_of(path, "links", "x.new");
    assert_int_equal(symlink("/etc/passwd", path), 0);
    assert_err(d->replace(d->ctx, "x", ENT_SLICE_LIT("x")), ENT_E_IO);
    path_of(path, "links", "folder");
    assert_int_equal(mkdir(path, 0700), 0);
    assert_err(d->size(d->ctx, &n, "folder"), ENT_E_IO);
    path_of(path, "links", "pipe");
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_err(d->size(d->ctx, &n, "pipe"), ENT_E_IO);
    assert_err(d->write(d->ctx, "pipe/a", 0, ENT_SLICE_LIT("x")), ENT_E_NOTFOUND);
    either_close(real);
}

static void test_replaced(void **state)
{
    struct either *one = open_disk("replaced"), *two = open_disk("replaced");
    const struct ent_disk *a = one->disk, *b = two->disk;
    struct ent_buf buf;
    char path[512];
    (void)state;
    ent_buf_init(&buf, 4);
    assert_ok(a->replace(a->ctx, "lock/1/checkpoint", ENT_SLICE_LIT("first")));
    reads(b, "lock/1/checkpoint", "first");
    assert_ok(a->replace(a->ctx, "lock/1/checkpoint", ENT_SLICE_LIT("2")));
    reads(b, "lock/1/checkpoint", "2"); /* though it has the other one open */
    assert_ok(b->replace(b->ctx, "lock/1/checkpoint", ENT_SLICE_LIT("third")));
    reads(a, "lock/1/checkpoint", "third");
    assert_err(ent_disk_load(a, &buf, "lock/1/checkpoint"), ENT_E_LIMIT);
    assert_err(ent_disk_load(a, &buf, "lock/1/none"), ENT_E_NOTFOUND);
    assert_ok(a->replace(a->ctx, "empty", ent_slice(NULL, 0)));
    assert_err(ent_disk_load(a, &buf, "empty"), ENT_E_NOTFOUND);
    path_of(path, "replaced", "lock/1/checkpoint.new");
    assert_int_equal(access(path, F_OK), -1);
    ent_buf_release(&buf);
    either_close(one);
    either_close(two);
}

/* What a process that died left under the other name is no hindrance. */
static void test_left_behind(void **state)
{
    struct either *real = open_disk("left");
    const struct ent_disk *d = real->disk;
    char path[512];
    (void)state;
    path_of(path, "left", "checkpoint.new");
    assert_ok(ent_file_write(path, ENT_SLICE_LIT("half of a head"), 0600, NULL));
    assert_ok(d->replace(d->ctx, "checkpoint", ENT_SLICE_LIT("head")));
    reads(d, "checkpoint", "head");
    either_close(real);
}

static void lists(const struct ent_disk *d, const char *folder, const char *want)
{
    struct ent_buf b;
    ent_buf_init(&b, ENT_DISK_LIST_MAX);
    assert_ok(ent_buf_puts(&b, "before "));
    assert_ok(d->list(d->ctx, &b, folder));
    assert_true(ent_slice_eq(ent_slice(b.p + 7, b.n - 7), ent_slice_str(want)));
    ent_buf_release(&b);
}

/* Made only where there is none; whole with no bytes, too. */
static void test_created(void **state)
{
    struct either *one = open_disk("created"), *two = open_disk("created");
    const struct ent_disk *a = one->disk, *b = two->disk;
    char path[512], tmp[512];
    struct ent_buf buf;
    struct stat st;
    (void)state;
    ent_buf_init(&buf, 100);
    assert_err(ent_disk_whole(a, &buf, "x/y"), ENT_E_NOTFOUND);
    assert_ok(a->create(a->ctx, "x/y", ENT_SLICE_LIT("first")));
    assert_err(a->create(a->ctx, "x/y", ENT_SLICE_LIT("second")), ENT_E_EXISTS);
    assert_err(b->create(b->ctx, "x/y", ENT_SLICE_LIT("third")), ENT_E_EXISTS);
    reads(b, "x/y", "first");
    lists(a, "x", "y\n"); /* and nothing under another name */
    assert_ok(a->create(a->ctx, "x/empty", ent_slice(NULL, 0)));
    assert_err(b->create(b->ctx, "x/empty", ENT_SLICE_LIT("x")), ENT_E_EXISTS);
    assert_ok(ent_disk_whole(b, &buf, "x/empty"));
    assert_int_equal(buf.n, 0);
    assert_err(ent_disk_load(b, &buf, "x/empty"), ENT_E_NOTFOUND);
    /* Whoever died between giving it its name and taking the other one away. */
    path_of(path, "created", "x/y");
    path_of(tmp, "created", "x/y.new");
    assert_int_equal(link(path, tmp), 0);
    assert_err(a->create(a->ctx, "x/y", ENT_SLICE_LIT("second")), ENT_E_EXISTS);
    assert_ok(a->replace(a->ctx, "x/z", ENT_SLICE_LIT("z")));
    path_of(tmp, "created", "x/z.new");
    assert_int_equal(link(path, tmp), 0);
    assert_ok(a->replace(a->ctx, "x/z", ENT_SLICE_LIT("2")));
    assert_int_equal(access(tmp, F_OK), -1);
    reads(b, "x/y", "first");
    reads(b, "x/z", "2");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    ent_buf_release(&buf);
    either_close(one);
    either_close(two);
}

static void test_removed(void **state)
{
    struct either *one = open_disk("removed"), *two = open_disk("removed");
    const struct ent_disk *a = one->disk, *b = two->disk;
    uint64_t n = 7;
    (void)state;
    assert_err(a->remove(a->ctx, "f/x"), ENT_E_NOTFOUND);
    put(a, "f/x", 0, "one");
    put(b, "f/y", 0, "two");
    reads(b, "f/x", "one");
    assert_err(a->remove(a->ctx, "f"), ENT_E_IO); /* a folder with names in it */
    assert_ok(a->remove(a->ctx, "f/x"));
    assert_ok(b->size(b->ctx, &n, "f/x")); /* though it has it open */
    assert_int_equal(n, 0);
    put(a, "f/x", 0, "again");
    reads(b, "f/x", "again");
    assert_ok(b->remove(b->ctx, "f/x"));
    assert_ok(b->remove(b->ctx, "f/y"));
    assert_ok(b->remove(b->ctx, "f"));
    assert_err(a->remove(a->ctx, "f"), ENT_E_NOTFOUND);
    put(a, "f/y", 0, "three"); /* nothing is held on to what has gone */
    reads(a, "f/y", "three");
    either_close(one);
    either_close(two);
}

static void test_listed(void **state)
{
    struct either *real = open_disk("listed");
    const struct ent_disk *d = real->disk;
    char path[512];
    struct ent_buf b;
    (void)state;
    ent_buf_init(&b, 4);
    assert_err(d->list(d->ctx, &b, "f"), ENT_E_NOTFOUND);
    put(d, "f/b", 0, "x");
    put(d, "f/a-", 0, "x");
    put(d, "f/a.b", 0, "x");
    put(d, "f/a/x", 0, "x");
    put(d, "f/10", 0, "x");
    put(d, "f/9", 0, "x");
    lists(d, "f", "10\n9\na\na-\na.b\nb\n");
    static const char *const foreign[] = {"f/.hidden", "f/UPPER", "f/a.new", "f/new\nline",
                                          "f/a b"};
    for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
        path_of(path, "listed", foreign[i]);
        assert_ok(ent_file_write(path, ENT_SLICE_LIT("x"), 0600, NULL));
    }
    lists(d, "f", "10\n9\na\na-\na.b\nb\n");
    assert_err(d->list(d->ctx, &b, "f"), ENT_E_LIMIT);
    assert_int_equal(b.n, 0);
    assert_err(d->list(d->ctx, &b, "f/b"), ENT_E_NOTFOUND); /* a file */
    ent_buf_release(&b);
    either_close(real);
}

/* Whether another process could have the lock now. */
static bool is_free(const char *disk, const char *name, bool shared)
{
    char path[512];
    path_of(path, disk, name);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    bool got = flock(fd, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0;
    assert_true(got || errno == EWOULDBLOCK);
    (void)close(fd);
    return got;
}

static void test_locked(void **state)
{
    struct either *real = open_disk("locked");
    const struct ent_disk *d = real->disk;
    char name[16], path[512];
    (void)state;
    assert_ok(d->lock(d->ctx, "l", ENT_DISK_UNLOCKED));
    assert_true(is_free("locked", "l", false));
    assert_ok(d->lock(d->ctx, "l", ENT_DISK_EXCLUSIVE));
    assert_false(is_free("locked", "l", true));
    for (unsigned i = 0; i < 2 * ENT_DISK_OPEN_MAX; i++) { /* files come and go, the lock stays */
        (void)snprintf(name, sizeof(name), "f%u", i);
        put(d, name, 0, "x");
    }
    assert_false(is_free("locked", "l", true));
    assert_ok(d->lock(d->ctx, "l", ENT_DISK_SHARED));
    assert_true(is_free("locked", "l", true));
    assert_false(is_free("locked", "l", false));
    assert_ok(d->lock(d->ctx, "l", ENT_DISK_UNLOCKED));
    assert_true(is_free("locked", "l", false));
    for (unsigned i = 1; i < ENT_DISK_LOCKS; i++) {
        (void)snprintf(name, sizeof(name), "l%u", i);
        assert_ok(d->lock(d->ctx, name, ENT_DISK_EXCLUSIVE));
    }
    path_of(path, "locked", "l"); /* another file by this name is the one that counts */
    assert_int_equal(unlink(path), 0);
    assert_ok(d->lock(d->ctx, "l", ENT_DISK_UNLOCKED));
    assert_ok(d->lock(d->ctx, "l", ENT_DISK_EXCLUSIVE));
    assert_false(is_free("locked", "l", true));
    assert_err(d->lock(d->ctx, "one-too-many", ENT_DISK_EXCLUSIVE), ENT_E_LIMIT);
    assert_false(is_free("locked", "l1", false));
    either_close(real);
    assert_true(is_free("locked", "l1", false));
}

/* More files than are kept open, all of them written and none synced. */
static void test_many_files(void **state)
{
    struct either *real = open_disk("many");
    const struct ent_disk *d = real->disk;
    char name[32];
    (void)state;
    for (int round = 0; round < 3; round++)
        for (unsigned i = 0; i < 3 * ENT_DISK_OPEN_MAX; i++) {
            (void)snprintf(name, sizeof(name), "f%u/x", i);
            put(d, name, (uint64_t)round, "y");
        }
    for (unsigned i = 0; i < 3 * ENT_DISK_OPEN_MAX; i++) {
        (void)snprintf(name, sizeof(name), "f%u/x", i);
        reads(d, name, "yyy");
        assert_ok(d->sync(d->ctx, name));
    }
    either_close(real);
}

/* A file of limited size is as good as a full disk. */
static void test_full(void **state)
{
    (void)state;
    (void)fflush(stdout);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        static uint8_t much[100000];
        static struct either real;
        char path[512];
        uint64_t n = 0;
        path_of(path, "calls", "");
        (void)signal(SIGXFSZ, SIG_IGN);
        (void)setrlimit(RLIMIT_FSIZE, &(struct rlimit){50000, 50000});
        bool ok = either_open(&real, kind == 1, path, NULL) == ENT_OK;
        const struct ent_disk *d = real.disk;
        ok = ok && d->write(d->ctx, "big", 0, ent_slice(much, sizeof(much))) == ENT_E_FULL &&
             d->size(d->ctx, &n, "big") == ENT_OK && n == 50000 &&
             d->cut(d->ctx, "big", 10) == ENT_OK && d->sync(d->ctx, "big") == ENT_OK &&
             d->replace(d->ctx, "whole", ENT_SLICE_LIT("old")) == ENT_OK &&
             d->replace(d->ctx, "whole", ent_slice(much, sizeof(much))) == ENT_E_FULL &&
             d->size(d->ctx, &n, "whole") == ENT_OK && n == 3;
        _exit(ok ? 0 : 1);
    }
    int status = 1;
    assert_true(waitpid(pid, &status, 0) == pid);
    assert_int_equal(status, 0);
}

/* Readers never see anything but one whole file or the other, while two replace it. */
struct race {
    const struct ent_disk *d;
    unsigned me;
    bool ok;
};

static void *replace_often(void *arg)
{
    struct race *r = arg;
    uint8_t bytes[3000];
    memset(bytes, (int)('a' + r->me), sizeof(bytes));
    for (size_t i = 0; i < 40 && r->ok; i++)
        r->ok =
            r->d->replace(r->d->ctx, "raced",
                          ent_slice(bytes, 1 + (i * 977 + r->me * 31) % sizeof(bytes))) == ENT_OK;
    return NULL;
}

static void *read_often(void *arg)
{
    struct race *r = arg;
    struct ent_buf b;
    ent_buf_init(&b, 4000);
    for (size_t i = 0; i < 2000 && r->ok; i++) {
        ent_buf_clear(&b);
        r->ok = ent_disk_load(r->d, &b, "raced") == ENT_OK && b.n > 0;
        for (size_t k = 1; k < b.n && r->ok; k++)
            r->ok = b.p[k] == b.p[0];
    }
    ent_buf_release(&b);
    return NULL;
}

static void test_many_at_once(void **state)
{
    struct either *one = open_disk("race"), *two = open_disk("race");
    struct race r[4] = {
        {one->disk, 0, true}, {two->disk, 1, true}, {one->disk, 2, true}, {two->disk, 3, true}};
    pthread_t t[4];
    (void)state;
    assert_ok(one->disk->replace(one->disk->ctx, "raced", ENT_SLICE_LIT("x")));
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&t[i], NULL, i < 2 ? replace_often : read_often, &r[i]), 0);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(t[i], NULL), 0);
        assert_true(r[i].ok);
    }
    either_close(one);
    either_close(two);
}

/* A log on it is the same, byte for byte, as on a disk in memory. */
static void test_a_log(void **state)
{
    static const struct ent_seed32 key = {{7}};
    static const char *const names[] = {
        "log/1/entries.dat", "log/1/entries.idx", "log/1/h0",         "log/1/h1",
        "log/1/bodies.dat",  "log/1/bodies.idx",  "lock/1/checkpoint"};
    struct ent_simdisk *sim = ent_simdisk_new();
    struct either *real = open_disk("log");
    const struct ent_disk *disks[] = {ent_simdisk_disk(sim), real->disk};
    (void)state;
    for (size_t k = 0; k < 2; k++) {
        const struct ent_signer_opts so = {.self = "alpha", .origin = "0123/alpha/1", .log = &key};
        struct ent_signer *signer = NULL;
        assert_ok(ent_signer_local(&signer, NULL, &so));
        const struct ent_log_opts o = {.disk = disks[k],
                                       .dir = "log/1",
                                       .lock = "lock/1",
                                       .origin = "0123/alpha/1",
                                       .signer = signer,
                                       .alone = true};
        const char *file = NULL;
        struct ent_log *log = NULL;
        uint64_t index;
        for (uint64_t i = 0; i < 300; i++) {
            const struct ent_salt32 salt = {{(uint8_t)i}};
            char text[32];
            if (i % 50 == 0) { /* again from what is there */
                ent_log_free(log);
                assert_ok(ent_log_open(&log, NULL, &o));
            }
            int n = snprintf(text, sizeof(text), "entry %d", (int)i);
            assert_ok(ent_log_append(log, &index, ent_slice(text, (size_t)n), &salt,
                                     ent_slice_str(text)));
            if (i % 17 == 0 || i % 50 == 49)
                assert_ok(ent_log_commit(log, NULL));
        }
        assert_ok(ent_log_check(log, NULL, &file, &index, NULL, NULL));
        assert_int_equal(ent_log_size(log), 300);
        ent_log_free(log);
        ent_signer_local_free(signer);
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct ent_buf b;
        ent_buf_init(&b, 1u << 20);
        assert_ok(ent_disk_load(real->disk, &b, names[i]));
        assert_true(ent_slice_eq(ent_buf_slice(&b), ent_simdisk_file(sim, names[i])));
        ent_buf_release(&b);
    }
    either_close(real);
    ent_simdisk_free(sim);
}

/* --- crc32c ------------------------------------------------------------------------------------
 */

/* RFC 3720, B.4, and both versions of the code on pieces of any length. */
static void test_crc32c(void **state)
{
    uint8_t b[300];
    (void)state;
    for (int level = ENT_CPU_AVX512; level >= ENT_CPU_PORTABLE; level--) {
        ent_cpu_limit((enum ent_cpu_level)level);
        memset(b, 0, 32);
        assert_int_equal(ent_crc32c(0, ent_slice(b, 32)), 0x8A9136AA);
        memset(b, 0xFF, 32);
        assert_int_equal(ent_crc32c(0, ent_slice(b, 32)), 0x62A8AB43);
        for (size_t i = 0; i < 32; i++)
            b[i] = (uint8_t)i;
        assert_int_equal(ent_crc32c(0, ent_slice(b, 32)), 0x46DD794E);
        assert_int_equal(ent_crc32c(0, ENT_SLICE_LIT("123456789")), 0xE3069283);
        assert_int_equal(ent_crc32c(0, ent_slice(NULL, 0)), 0);
    }
    for (int round = 0; round < 300; round++) {
        size_t n = (size_t)ent_t_below(sizeof(b)), cut = (size_t)ent_t_below(n + 1);
        for (size_t i = 0; i < n; i++)
            b[i] = (uint8_t)ent_t_rand();
        ent_cpu_limit(ENT_CPU_PORTABLE);
        uint32_t want = ent_crc32c(0, ent_slice(b, n));
        ent_cpu_limit(ENT_CPU_AVX512);
        uint32_t part = ent_crc32c(0, ent_slice(b, cut));
        assert_int_equal(ent_crc32c(part, ent_slice(b + cut, n - cut)), want);
    }
}

/* The line that ends a file: no flipped bit, in it or before it, leaves it in order. */
static void test_check_line(void **state)
{
    struct ent_buf b;
    (void)state;
    for (size_t n = 0; n < 40; n++) {
        ent_buf_init(&b, 100);
        for (size_t i = 0; i < n; i++)
            assert_ok(ent_buf_putc(&b, (char)ent_t_rand()));
        assert_ok(ent_check_add(&b));
        assert_int_equal(b.n, n + ENT_CHECK_LINE);
        for (size_t bit = 0; bit < 8 * b.n; bit++) {
            b.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
            struct ent_slice s = ent_buf_slice(&b);
            assert_err(ent_check_take(&s), ENT_E_FORMAT);
            assert_int_equal(s.n, b.n);
            b.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        struct ent_slice s = ent_slice(b.p, b.n - 1), whole = ent_buf_slice(&b);
        assert_err(ent_check_take(&s), ENT_E_FORMAT);
        assert_ok(ent_check_take(&whole));
        assert_int_equal(whole.n, n);
        ent_buf_release(&b);
    }
    struct ent_slice known = ENT_SLICE_LIT("123456789check e3069283\n");
    assert_ok(ent_check_take(&known));
    assert_true(ent_slice_eq(known, ENT_SLICE_LIT("123456789")));
    known = ENT_SLICE_LIT("123456789check E3069283\n"); /* the same number, another form */
    assert_err(ent_check_take(&known), ENT_E_FORMAT);
    ent_buf_init(&b, ENT_CHECK_LINE - 1);
    assert_err(ent_check_add(&b), ENT_E_LIMIT);
    ent_buf_release(&b);
}

static int on(void **state)
{
    kind = *state != NULL;
    return 0;
}

#define TWICE(f)                                                                                   \
    cmocka_unit_test_prestate_setup_teardown(f, on, NULL, NULL),                                   \
        cmocka_unit_test_prestate_setup_teardown(f, on, NULL, &kind)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TWICE(test_calls),
        TWICE(test_names),
        TWICE(test_what_is_no_file),
        TWICE(test_replaced),
        TWICE(test_left_behind),
        TWICE(test_created),
        TWICE(test_removed),
        TWICE(test_listed),
        TWICE(test_locked),
        TWICE(test_many_files),
        TWICE(test_full),
        TWICE(test_many_at_once),
        TWICE(test_a_log),
        cmocka_unit_test(test_crc32c),
        cmocka_unit_test(test_check_line),
    };
    return ent_t_run("disk", tests);
}
