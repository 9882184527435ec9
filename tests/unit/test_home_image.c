/*
 * test_home_image.c: when a home's image is made and when it is not; what is done about files that
 * are refused and places that cannot be written to; a newer image while somebody watches.
 */
#include "tests/support/t.h"

#include "node/node.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECOND 1000000000u

struct place {
    struct ent_home *h;
    struct ent_store *s;
    struct ent_image_job job;
    unsigned said[3];
    enum ent_err why; /* of what was said last */
};

static void say(void *ctx, enum ent_image_event what, enum ent_err e, const struct ent_diag *d)
{
    struct place *p = ctx;
    assert_non_null(d->text);
    p->said[what]++;
    p->why = e;
}

static const char *in(const struct place *p, const char *name)
{
    static char path[4][ENT_PATH_MAX];
    static size_t used;
    char *ret = path[used++ % 4];
    assert_ok(ent_home_path(p->h, ret, name));
    return ret;
}

static void put_one(const struct place *p, const char *text)
{
    struct ent_indicator ind = {.tlp = ENT_TLP_CLEAR, .confidence = -1};
    enum ent_put ignored;
    assert_ok(ent_observable_parse(&ind.obs, NULL, ent_slice_str(text)));
    assert_ok(ent_store_put(p->s, &ignored, &ind, ENT_SLICE_LIT("test"), 1534723200));
}

static void put(const struct place *p, const char *text)
{
    assert_ok(ent_store_begin(p->s));
    put_one(p, text);
    assert_ok(ent_store_commit(p->s));
}

static void open_place(struct place *p, const char *name)
{
    char dir[ENT_PATH_MAX];
    *p = (struct place){.h = NULL};
    assert_ok(ent_path_join(dir, sizeof(dir), ent_t_tmpdir(), name));
    const struct ent_home_new opts = {
        .dir = dir, .name = "a", .display = "A", .url = "https://a.example:7443"};
    assert_ok(ent_home_make(NULL, &opts));
    assert_ok(ent_home_open(&p->h, NULL, dir));
    assert_ok(ent_store_open(&p->s, NULL, in(p, "store.db")));
    p->job = (struct ent_image_job){.say = say, .ctx = p};
}

static void close_place(struct place *p)
{
    ent_store_close(p->s);
    ent_home_free(p->h);
}

/* Make it if needed; whether it was, and how many indicators it holds. */
static bool make(struct place *p, size_t *ret_n)
{
    struct ent_watch *w = NULL;
    struct ent_diag d = {0};
    bool made = false, current = false;
    if (ent_home_image_make(p->h, p->s, &w, &made, &d, &p->job) != ENT_OK)
        fail_msg("%s", d.text);
    assert_ok(ent_home_image_is_current(p->s, &current, w));
    assert_true(current);
    *ret_n = ent_watch_count(w);
    ent_watch_free(w);
    return made;
}

static void damage(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    uint8_t c = 0;
    assert_true(fd >= 0 && pread(fd, &c, 1, 600) == 1);
    c ^= 1;
    assert_int_equal(pwrite(fd, &c, 1, 600), 1);
    (void)close(fd);
}

/* --- making it ---------------------------------------------------------------------------------
 */

static void test_made_when_needed(void **state)
{
    struct ent_watch *w = NULL;
    struct ent_seed32 a, b;
    struct place p;
    struct stat st;
    bool current = true;
    size_t n = 7;
    (void)state;
    open_place(&p, "needed");
    assert_err(ent_home_image_open(p.h, &w, NULL), ENT_E_NOTFOUND);
    assert_int_equal(stat(in(&p, "keys/image"), &st), -1); /* asking makes nothing */
    assert_true(make(&p, &n));
    assert_int_equal(n, 0);
    assert_int_equal(stat(in(&p, "keys/image"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0400);
    assert_int_equal(stat(in(&p, "image"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_false(make(&p, &n));
    put(&p, "198.51.100.1");
    put(&p, "evil.example");
    assert_ok(ent_home_image_open(p.h, &w, NULL));
    assert_ok(ent_home_image_is_current(p.s, &current, w));
    assert_false(current);
    ent_watch_free(w);
    assert_true(make(&p, &n));
    assert_int_equal(n, 2);
    assert_false(make(&p, &n));
    p.job.anew = true;
    assert_true(make(&p, &n));
    assert_ok(ent_home_image_key(p.h, &a, NULL));
    assert_ok(ent_home_image_key(p.h, &b, NULL));
    assert_memory_equal(a.b, b.b, sizeof(a.b));
    assert_int_equal(p.said[ENT_IMAGE_REFUSED] + p.said[ENT_IMAGE_UNMADE], 0);
    close_place(&p);
}

static void test_refused_and_made_anew(void **state)
{
    struct place p, other;
    struct ent_buf b;
    size_t n;
    (void)state;
    open_place(&p, "refused");
    open_place(&other, "stranger");
    put(&p, "198.51.100.1");
    put(&other, "203.0.113.1");
    assert_true(make(&p, &n) && make(&other, &n));
    damage(in(&p, ENT_IMAGE_NAME));
    assert_true(make(&p, &n));
    assert_int_equal(p.said[ENT_IMAGE_REFUSED], 1);
    assert_err(p.why, ENT_E_AUTH);
    assert_false(make(&p, &n));

    /* Somebody else's image, which is whole. */
    assert_int_equal(rename(in(&other, ENT_IMAGE_NAME), in(&p, ENT_IMAGE_NAME)), 0);
    assert_true(make(&p, &n));
    assert_int_equal(p.said[ENT_IMAGE_REFUSED], 2);
    assert_err(p.why, ENT_E_AUTH);

    /* A key that is lost costs an image; one that is no key is not overwritten. */
    assert_int_equal(unlink(in(&p, "keys/image")), 0);
    assert_true(make(&p, &n));
    assert_int_equal(p.said[ENT_IMAGE_REFUSED], 2);
    ent_buf_init(&b, 100);
    assert_ok(ent_buf_puts(&b, "entente/image-key@v1\n"));
    assert_ok(ent_file_write(in(&p, "keys/image"), ent_buf_slice(&b), 0400, NULL));
    ent_buf_release(&b);
    struct ent_watch *w = NULL;
    struct ent_diag d = {0};
    bool made;
    assert_err(ent_home_image_make(p.h, p.s, &w, &made, &d, &p.job), ENT_E_FORMAT);
    assert_string_equal(d.text, "keys/image is malformed: without it, another one is made");
    assert_false(made);
    assert_null(w);
    close_place(&p);
    close_place(&other);
}

static void test_leftovers(void **state)
{
    struct place p;
    size_t n;
    (void)state;
    open_place(&p, "leftovers");
    assert_true(make(&p, &n));
    assert_ok(ent_file_write(in(&p, ENT_IMAGE_NAME ".aBcDeF"), ENT_SLICE_LIT("half"), 0600, NULL));
    assert_ok(ent_file_write(in(&p, "image/of-somebody"), ENT_SLICE_LIT("else"), 0600, NULL));
    put(&p, "198.51.100.1");
    assert_true(make(&p, &n));
    assert_true(access(in(&p, ENT_IMAGE_NAME ".aBcDeF"), F_OK) != 0);
    assert_true(access(in(&p, "image/of-somebody"), F_OK) == 0);
    close_place(&p);
}

/* Whoever comes first makes it; the others wait, and all have it. */
static void test_several_at_once(void **state)
{
    struct place p;
    pid_t child[4];
    size_t n;
    int bad = 0;
    (void)state;
    open_place(&p, "several");
    assert_ok(ent_store_begin(p.s));
    for (int i = 0; i < 200; i++) {
        char text[32];
        (void)snprintf(text, sizeof(text), "198.51.100.%d", i);
        put_one(&p, text);
    }
    assert_ok(ent_store_commit(p.s));
    for (size_t i = 0; i < 4; i++) {
        if ((child[i] = fork()) == 0) {
            struct ent_store *s = NULL; /* SQLite's connections do not survive fork() */
            struct ent_watch *w = NULL;
            bool made;
            enum ent_err r = ent_store_open(&s, NULL, in(&p, "store.db"));
            if (r == ENT_OK)
                r = ent_home_image_make(p.h, s, &w, &made, NULL, &p.job);
            _exit(r == ENT_OK && ent_watch_count(w) == 200 ? 0 : 1);
        }
        assert_true(child[i] > 0);
    }
    for (size_t i = 0; i < 4; i++) {
        int status;
        assert_int_equal(waitpid(child[i], &status, 0), child[i]);
        bad += status != 0;
    }
    assert_int_equal(bad, 0);
    assert_false(make(&p, &n));
    assert_int_equal(n, 200);
    close_place(&p);
}

static atomic_bool stop;

static void on_alarm(int sig)
{
    (void)sig;
    atomic_store(&stop, true);
}

/* While another process has the lock and does not go on, Ctrl-C ends the wait. */
static void test_waiting_can_be_stopped(void **state)
{
    const struct itimerval often = {{0, 20000}, {0, 20000}}, never = {{0, 0}, {0, 0}};
    struct sigaction sa = {.sa_handler = on_alarm};
    struct ent_watch *w = NULL;
    struct place p;
    bool made;
    size_t n;
    (void)state;
    open_place(&p, "waiting");
    assert_true(make(&p, &n));
    int fd = open(in(&p, "image/lock"), O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0 && flock(fd, LOCK_EX) == 0);
    p.job.stop = &stop;
    p.job.anew = true;
    assert_int_equal(sigaction(SIGALRM, &sa, NULL), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
    assert_err(ent_home_image_make(p.h, p.s, &w, &made, NULL, &p.job), ENT_E_INTERRUPTED);
    assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
    p.job.anew = false; /* who needs none made does not wait at all */
    assert_false(make(&p, &n));
    (void)close(fd);
    close_place(&p);
}

/* --- in use ------------------------------------------------------------------------------------
 */

static struct ent_live *live(struct place *p, uint32_t types)
{
    struct ent_live *l = NULL;
    struct ent_diag d = {0};
    if (ent_live_open(&l, &d, p->h, p->s, &p->job, types) != ENT_OK)
        fail_msg("%s", d.text);
    return l;
}

static size_t count(const struct ent_live *l)
{
    return ent_watch_count(ent_live_newest(l));
}

static void test_newer_image(void **state)
{
    struct place p;
    size_t n;
    uint64_t now = 5;
    (void)state;
    open_place(&p, "newer");
    put(&p, "198.51.100.1");
    struct ent_live *l = live(&p, 0);
    const struct ent_watch *first = ent_live_take(l);
    assert_false(ent_live_refresh(l, now));
    put(&p, "evil.example");
    assert_true(make(&p, &n));
    assert_false(ent_live_refresh(l, now + SECOND - 1)); /* not so often */
    assert_true(ent_live_refresh(l, now += SECOND));
    assert_false(ent_live_refresh(l, now += SECOND));
    assert_int_equal(count(l), 2);
    assert_int_equal(ent_watch_count(first), 1); /* still there */
    const struct ent_watch *second = ent_live_take(l);
    put(&p, "evil2.example");
    assert_true(make(&p, &n));
    assert_true(ent_live_refresh(l, now += SECOND));
    assert_int_equal(ent_watch_count(second), 2);
    ent_live_give(l, second);
    assert_int_equal(ent_watch_count(first), 1);
    ent_live_give(l, first);
    ent_live_give(l, NULL);
    assert_int_equal(count(l), 3);

    /* A hostile one is told once and changes nothing; the next good one is taken. */
    damage(in(&p, ENT_IMAGE_NAME)); /* where it lies: the inode is the one in use */
    assert_false(ent_live_refresh(l, now += SECOND));
    assert_ok(
        ent_file_write(in(&p, ENT_IMAGE_NAME), ENT_SLICE_LIT("entente/image@v1"), 0600, NULL));
    assert_false(ent_live_refresh(l, now += SECOND));
    assert_false(ent_live_refresh(l, now += SECOND));
    assert_int_equal(p.said[ENT_IMAGE_KEPT], 1);
    assert_err(p.why, ENT_E_FORMAT);
    assert_int_equal(count(l), 3);
    assert_true(make(&p, &n));
    assert_true(ent_live_refresh(l, now += SECOND));
    assert_int_equal(unlink(in(&p, ENT_IMAGE_NAME)), 0);
    assert_false(ent_live_refresh(l, now += SECOND));
    assert_int_equal(count(l), 3);
    ent_live_close(l);
    ent_live_close(NULL);
    close_place(&p);
}

/* The types asked for stay what they are when a newer image comes. */
static void test_types(void **state)
{
    struct place p;
    size_t n;
    (void)state;
    open_place(&p, "types");
    put(&p, "198.51.100.1");
    put(&p, "evil.example");
    struct ent_live *l = live(&p, ENT_OBS_BIT(ENT_OBS_DOMAIN));
    assert_int_equal(count(l), 1);
    put(&p, "198.51.100.2");
    put(&p, "evil2.example");
    assert_true(make(&p, &n));
    assert_true(ent_live_refresh(l, SECOND));
    assert_int_equal(count(l), 2);
    ent_live_close(l);
    close_place(&p);
}

/* Something stands where the folder should be: from memory then, and from a file once there is one.
 */
static void test_without_a_file(void **state)
{
    struct place p;
    size_t n;
    (void)state;
    open_place(&p, "without");
    put(&p, "198.51.100.1");
    assert_ok(ent_file_write(in(&p, "image"), ENT_SLICE_LIT(""), 0600, NULL));
    struct ent_live *l = live(&p, 0);
    assert_int_equal(p.said[ENT_IMAGE_UNMADE], 1);
    assert_int_equal(count(l), 1);
    assert_false(ent_live_refresh(l, SECOND));
    assert_int_equal(unlink(in(&p, "image")), 0);
    put(&p, "198.51.100.2");
    assert_true(make(&p, &n));
    assert_true(ent_live_refresh(l, 2ull * SECOND));
    assert_int_equal(count(l), 2);
    ent_live_close(l);
    close_place(&p);
}

/* --- no line is missed or told twice -----------------------------------------------------------
 */

#define LINES 600u

struct stream {
    uint64_t base; /* lines before the scan at hand */
    unsigned told[LINES + 1];
};

static enum ent_err on_hit(void *ctx, const struct ent_hit *hit)
{
    struct stream *st = ctx;
    uint64_t line = st->base + hit->line;
    assert_true(line >= 1 && line <= LINES);
    st->told[line]++;
    return ENT_OK;
}

static void begin(struct ent_scan **ret, const struct ent_watch **ret_w, struct ent_live *l,
                  struct stream *st)
{
    const struct ent_scan_events ev = {st, on_hit, NULL};
    *ret_w = ent_live_take(l);
    assert_ok(ent_scan_new(ret, *ret_w, &ev));
}

static void end(struct ent_scan **s, const struct ent_watch **w, struct ent_live *l,
                struct stream *st)
{
    assert_ok(ent_scan_end(*s));
    st->base += ent_scan_lines(*s);
    ent_scan_free(*s);
    ent_live_give(l, *w);
    *s = NULL;
}

/* Line i holds 10.0.x.y for i. All are known from the start but those that one more import brings;
 * these are told from the line on at which it was seen, and none twice. */
static void test_no_line_lost(void **state)
{
    struct stream st = {.base = 0};
    const struct ent_watch *w = NULL;
    struct ent_scan *s = NULL;
    struct ent_buf log;
    struct place p;
    char text[64];
    uint64_t now = 1, from[LINES + 1];
    size_t n, at = 0, swaps = 0, line = 0;
    (void)state;
    open_place(&p, "lines");
    ent_buf_init(&log, 1u << 20);
    assert_ok(ent_store_begin(p.s));
    for (unsigned i = 1; i <= LINES; i++) {
        (void)snprintf(text, sizeof(text), "10.0.%u.%u", i / 250, i % 250 + 1);
        assert_ok(ent_buf_printf(&log, "%s %*s\n", text, (int)ent_t_below(50), ""));
        from[i] = i % 50 == 49 ? LINES + 1 : 1;
        if (from[i] == 1)
            put_one(&p, text);
    }
    assert_ok(ent_store_commit(p.s));
    struct ent_live *l = live(&p, 0);
    begin(&s, &w, l, &st);
    while (at < log.n) {
        /* A chunk, up to somewhere in a line; the scan goes on to the end of that line. */
        size_t k = 1 + ent_t_below(400);
        k = k > log.n - at ? log.n - at : k;
        assert_ok(ent_scan_feed(s, log.p + at, k));
        for (size_t i = at; i < at + k; i++)
            line += log.p[i] == '\n';
        at += k;
        if (at == log.n || ent_t_below(8) != 0)
            continue;
        unsigned more = 49 + 50 * (unsigned)(swaps % (LINES / 50));
        (void)snprintf(text, sizeof(text), "10.0.%u.%u", more / 250, more % 250 + 1);
        put(&p, text);
        assert_true(make(&p, &n));
        assert_true(ent_live_refresh(l, now += SECOND));
        const uint8_t *nl = memchr(log.p + at, '\n', log.n - at);
        k = nl == NULL ? log.n - at : (size_t)(nl - (log.p + at)) + 1;
        if (log.p[at - 1] != '\n') {
            assert_ok(ent_scan_feed(s, log.p + at, k));
            at += k;
            line++;
        }
        from[more] = from[more] > line + 1 ? line + 1 : from[more];
        end(&s, &w, l, &st);
        begin(&s, &w, l, &st);
        swaps++;
    }
    end(&s, &w, l, &st);
    assert_true(swaps > 3);
    assert_int_equal(st.base, LINES);
    for (unsigned i = 1; i <= LINES; i++)
        assert_int_equal(st.told[i], i >= from[i] ? 1 : 0);
    ent_buf_release(&log);
    ent_live_close(l);
    close_place(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_made_when_needed),
        cmocka_unit_test(test_refused_and_made_anew),
        cmocka_unit_test(test_leftovers),
        cmocka_unit_test(test_several_at_once),
        cmocka_unit_test(test_waiting_can_be_stopped),
        cmocka_unit_test(test_newer_image),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_without_a_file),
        cmocka_unit_test(test_no_line_lost),
    };
    return ent_t_run("home_image", tests);
}
