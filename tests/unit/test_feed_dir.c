/* test_feed_dir.c: the directory of a feed: what an export changes in it, and what never. */
#include "tests/support/out.h"
#include "tests/support/t.h"

#include "node/node.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define OURS   "d805c54a-7d36-5398-9d6c-c0b8949a4a3a"
#define THEIRS "f431f809-377b-45e0-aa1c-6a4751cae5ff"
#define U1     "11111111-38eb-4303-a15f-0e9c885539a4"
#define U2     "22222222-38eb-4303-a15f-0e9c885539a4"
#define U3     "33333333-38eb-4303-a15f-0e9c885539a4"

struct feed {
    char path[ENT_PATH_MAX];
    struct ent_feed_dir *dir;
    struct ent_out_sink sink;
    struct ent_out_opts opts;
    struct ent_diag d;
};

static void path_in(const struct feed *f, char ret[static ENT_PATH_MAX], const char *name)
{
    assert_ok(ent_path_join(ret, ENT_PATH_MAX, f->path, name));
}

static void fresh(struct feed *f)
{
    static unsigned n;
    *f = (struct feed){.dir = NULL};
    (void)snprintf(f->path, sizeof(f->path), "%s/feed%u", ent_t_tmpdir(), n++);
}

static enum ent_err start(struct feed *f)
{
    f->d = (struct ent_diag){0};
    enum ent_err r = ent_feed_dir_open(&f->dir, &f->d, f->path, OURS);
    if (r == ENT_OK)
        ent_feed_dir_connect(f->dir, &f->sink, &f->opts);
    return r;
}

static void write_to(struct feed *f, unsigned file, const char *name, const char *text)
{
    assert_ok(f->sink.open(f->sink.ctx, file, name));
    assert_ok(f->sink.write(f->sink.ctx, file, ent_slice_str(text)));
}

static const char *manifest_for(char ret[static 1024], const char *const *uuids, const char *orgc)
{
    size_t n = (size_t)snprintf(ret, 1024, "{");
    for (size_t i = 0; uuids[i] != NULL; i++)
        n += (size_t)snprintf(ret + n, 1024 - n,
                              "%s\"%s\":{\"Orgc\":{\"uuid\":\"%s\"},\"timestamp\":7,"
                              "\"integrity:sha256\":\"%064d\"}",
                              i == 0 ? "" : ",", uuids[i], orgc, 42);
    (void)snprintf(ret + n, 1024 - n, "}");
    return ret;
}

/* All that an export of these events writes, up to its end. */
static void fill(struct feed *f, const char *const *uuids, const char *text)
{
    char manifest[1024], name[ENT_UUID_TEXT + 8];
    assert_ok(start(f));
    write_to(f, 0, "manifest.json", manifest_for(manifest, uuids, OURS));
    for (; *uuids != NULL; uuids++) {
        (void)snprintf(name, sizeof(name), "%s.json", *uuids);
        write_to(f, ENT_OUT_SERIES, name, text);
    }
}
#define UUIDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static struct ent_feed_dir_sums publish(struct feed *f, const char *const *uuids, const char *text)
{
    struct ent_feed_dir_sums sums;
    fill(f, uuids, text);
    assert_ok(ent_feed_dir_finish(f->dir));
    ent_feed_dir_sums(f->dir, &sums);
    ent_feed_dir_free(f->dir);
    return sums;
}

/* A file of somebody else's. */
static void put_file(const struct feed *f, const char *name, const char *text)
{
    char path[ENT_PATH_MAX];
    path_in(f, path, name);
    assert_ok(ent_file_write(path, ent_slice_str(text), 0640, NULL));
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* "name=content;" of each, by name; of links and directories "name/". */
static void is_there(const struct feed *f, const char *want)
{
    char *names[32], text[4096] = "", path[ENT_PATH_MAX];
    size_t n = 0, at = 0;
    DIR *dir = opendir(f->path);
    assert_non_null(dir);
    for (const struct dirent *e; (e = readdir(dir)) != NULL;)
        if (e->d_name[0] != '.' && n < 32)
            names[n++] = strdup(e->d_name);
    (void)closedir(dir);
    qsort(names, n, sizeof(names[0]), compare);
    for (size_t i = 0; i < n; i++) {
        struct stat st;
        struct ent_buf b;
        path_in(f, path, names[i]);
        assert_int_equal(lstat(path, &st), 0);
        ent_buf_init(&b, 4096);
        if (S_ISREG(st.st_mode))
            assert_ok(ent_file_read(&b, NULL, path));
        bool is_manifest = strcmp(names[i], "manifest.json") == 0;
        at += (size_t)snprintf(text + at, sizeof(text) - at,
                               S_ISREG(st.st_mode) ? "%.8s=%.*s;" : "%.8s/;", names[i],
                               is_manifest ? 1 : (int)b.n, (const char *)b.p);
        ent_buf_release(&b);
        free(names[i]);
    }
    assert_string_equal(text, want);
}

/* --- an export after another -------------------------------------------------------------------
 */

static void test_update(void **state)
{
    struct feed f;
    (void)state;
    fresh(&f);
    struct ent_feed_dir_sums sums = publish(&f, UUIDS(U1, U2), "a");
    assert_int_equal(sums.events * 10 + sums.removed, 20);
    is_there(&f, "11111111=a;22222222=a;manifest={;");
    sums = publish(&f, UUIDS(U2, U3), "b");
    assert_int_equal(sums.events * 10 + sums.removed, 21);
    is_there(&f, "22222222=b;33333333=b;manifest={;");
    sums = publish(&f, UUIDS(U3, U2), "c");
    assert_int_equal(sums.events * 10 + sums.removed, 20);
    sums = publish(&f, (const char *const[]){NULL}, "");
    assert_int_equal(sums.events * 10 + sums.removed, 2);
    is_there(&f, "manifest={;");
}

/* Whoever looks before the end sees the old feed; whoever stops leaves it, and nothing else. */
static void test_stopped(void **state)
{
    struct feed f;
    (void)state;
    fresh(&f);
    (void)publish(&f, UUIDS(U1, U2), "a");
    fill(&f, UUIDS(U2, U3), "b");
    char path[ENT_PATH_MAX];
    struct stat st;
    path_in(&f, path, U3 ".json");
    assert_int_equal(lstat(path, &st), -1);
    ent_feed_dir_free(f.dir);
    is_there(&f, "11111111=a;22222222=a;manifest={;");
    /* the first one, too */
    fresh(&f);
    fill(&f, UUIDS(U1), "a");
    ent_feed_dir_free(f.dir);
    is_there(&f, "");
    ent_feed_dir_free(NULL);
}

/* A name that cannot be put in place: what could not be is not named by the old manifest either,
 * and what is named is whole. */
static void test_cannot_place(void **state)
{
    struct feed f;
    char path[ENT_PATH_MAX];
    (void)state;
    fresh(&f);
    (void)publish(&f, UUIDS(U1), "a");
    fill(&f, UUIDS(U2, U3), "b");
    path_in(&f, path, U3 ".json");
    assert_int_equal(mkdir(path, 0700), 0);
    assert_err(ent_feed_dir_finish(f.dir), ENT_E_IO);
    assert_string_equal(ent_feed_dir_diag(f.dir)->text, "cannot rename");
    ent_feed_dir_free(f.dir);
    is_there(&f, "11111111=a;22222222=b;33333333/;manifest={;");
    assert_ok(start(&f));
    assert_err(f.sink.open(f.sink.ctx, ENT_OUT_SERIES, U3 ".json"), ENT_E_EXISTS);
    assert_string_equal(ent_feed_dir_diag(f.dir)->text, "is there already and is no file");
    ent_feed_dir_free(f.dir);
}

/* --- what is not ours --------------------------------------------------------------------------
 */

static void test_foreign_files(void **state)
{
    struct feed f;
    char path[ENT_PATH_MAX];
    (void)state;
    fresh(&f);
    (void)publish(&f, UUIDS(U1, U2), "a");
    put_file(&f, "readme.txt", "x");
    put_file(&f, U3 ".json", "x"); /* like an event, but not in our manifest */
    put_file(&f, "target", "x");
    path_in(&f, path, U2 ".json");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("target", path), 0); /* where one of ours was */
    path_in(&f, path, "zlink");
    assert_int_equal(symlink("readme.txt", path), 0);
    struct ent_feed_dir_sums sums = publish(&f, UUIDS(U1), "b");
    assert_int_equal(sums.removed, 0);
    is_there(&f, "11111111=b;22222222/;33333333=x;manifest={;readme.t=x;target=x;zlink/;");
    /* a link where an event goes is replaced, and what it led to stays */
    path_in(&f, path, U1 ".json");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("target", path), 0);
    (void)publish(&f, UUIDS(U1), "c");
    is_there(&f, "11111111=c;22222222/;33333333=x;manifest={;readme.t=x;target=x;zlink/;");
}

static void refused(struct feed *f, const char *text)
{
    assert_err(start(f), ENT_E_EXISTS);
    assert_string_equal(f->d.text, text);
}

static void test_foreign_feeds(void **state)
{
    static const char not_ours[] = "its manifest.json is none that this program wrote";
    static const char theirs[] = "is the feed of somebody else";
    struct feed f;
    char text[1024], path[ENT_PATH_MAX];
    (void)state;
    fresh(&f);
    assert_int_equal(mkdir(f.path, 0700), 0);
    put_file(&f, "manifest.json", manifest_for(text, UUIDS(U1), THEIRS));
    put_file(&f, U1 ".json", "x");
    refused(&f, theirs);
    put_file(&f, "manifest.json", "{\"" U1 "\":{}}");
    refused(&f, theirs);
    put_file(&f, "manifest.json", "{\"" U1 "\":{\"Orgc\":{\"uuid\":\"" OURS "\"}},\"" U2 "\":{}}");
    refused(&f, theirs);
    put_file(&f, "manifest.json", "{\"" U1 "\":{\"Orgc\":{\"uuid\":\"" OURS "\"}},\"../x\":{}}");
    refused(&f, theirs);
    put_file(&f, "manifest.json", "");
    refused(&f, not_ours);
    put_file(&f, "manifest.json", "{\"name\":\"a web application\"}");
    refused(&f, not_ours);
    (void)manifest_for(text, UUIDS(U1), OURS);
    text[strlen(text) - 1] = '\0';
    put_file(&f, "manifest.json", text);
    refused(&f, not_ours);
    path_in(&f, path, "manifest.json");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    refused(&f, "its manifest.json is no plain file");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("elsewhere", path), 0);
    refused(&f, "its manifest.json is no plain file");
    is_there(&f, "11111111=x;manifest/;");
}

/* One that stands twice in the manifest is not stale once and named once. */
static void test_twice(void **state)
{
    struct feed f;
    char text[1024];
    (void)state;
    fresh(&f);
    (void)publish(&f, UUIDS(U1), "a");
    put_file(&f, "manifest.json", manifest_for(text, UUIDS(U1, U2, U1, U1), OURS));
    put_file(&f, U2 ".json", "x");
    struct ent_feed_dir_sums sums = publish(&f, UUIDS(U1), "b");
    assert_int_equal(sums.removed, 1);
    is_there(&f, "11111111=b;manifest={;");
}

/* --- the rest ----------------------------------------------------------------------------------
 */

static void test_places(void **state)
{
    struct feed f, again;
    struct stat st;
    char path[ENT_PATH_MAX];
    (void)state;
    fresh(&f);
    (void)publish(&f, UUIDS(U1), "a");
    path_in(&f, path, U1 ".json");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    path_in(&f, path, "manifest.json");
    assert_int_equal(chmod(path, 0644), 0); /* a web server reads it */
    (void)publish(&f, UUIDS(U2), "b");
    path_in(&f, path, U2 ".json");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0644);
    /* one export at a time */
    again = f;
    assert_ok(start(&f));
    assert_err(start(&again), ENT_E_STATE);
    assert_string_equal(again.d.text, "another export writes there");
    ent_feed_dir_free(f.dir);
    assert_ok(start(&f));
    ent_feed_dir_free(f.dir);
    /* nowhere */
    path_in(&f, again.path, "none/feed");
    memcpy(f.path, again.path, sizeof(f.path));
    assert_err(start(&f), ENT_E_NOTFOUND);
    assert_string_equal(f.d.text, "cannot create the directory");
    (void)snprintf(f.path, sizeof(f.path), "%s", path);
    assert_err(start(&f), ENT_E_NOTFOUND); /* a file */
    assert_string_equal(f.d.text, "cannot open the directory");
}

static void test_earlier(void **state)
{
    struct feed f;
    uint8_t zeros[32] = {0};
    (void)state;
    fresh(&f);
    (void)publish(&f, UUIDS(U3, U1), "a");
    assert_ok(start(&f));
    assert_null(f.opts.earlier(f.opts.earlier_ctx, U2));
    const struct ent_out_earlier *e = f.opts.earlier(f.opts.earlier_ctx, U1);
    assert_non_null(e);
    assert_int_equal(e->timestamp, 7);
    zeros[31] = 0x42;
    assert_memory_equal(e->sha256, zeros, sizeof(zeros));
    ent_feed_dir_free(f.dir);
    put_file(&f, "manifest.json",
             "{\"" U1 "\":{\"Orgc\":{\"uuid\":\"" OURS "\"},\"timestamp\":7}}");
    assert_ok(start(&f));
    assert_null(f.opts.earlier(f.opts.earlier_ctx, U1)); /* nothing to compare with */
    ent_feed_dir_free(f.dir);
}

static void test_hashes(void **state)
{
    struct feed f;
    struct ent_feed_dir_sums sums;
    (void)state;
    fresh(&f);
    fill(&f, UUIDS(U1), "a");
    write_to(&f, 1, "hashes.csv", "h");
    assert_ok(ent_feed_dir_finish(f.dir));
    ent_feed_dir_sums(f.dir, &sums);
    assert_false(sums.old_hashes);
    ent_feed_dir_free(f.dir);
    is_there(&f, "11111111=a;hashes.c=h;manifest={;");
    sums = publish(&f, UUIDS(U1), "b");
    assert_true(sums.old_hashes);
    is_there(&f, "11111111=b;hashes.c=h;manifest={;");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_update),        cmocka_unit_test(test_stopped),
        cmocka_unit_test(test_cannot_place),  cmocka_unit_test(test_foreign_files),
        cmocka_unit_test(test_foreign_feeds), cmocka_unit_test(test_twice),
        cmocka_unit_test(test_places),        cmocka_unit_test(test_earlier),
        cmocka_unit_test(test_hashes),
    };
    return ent_t_run("feed_dir", tests);
}
