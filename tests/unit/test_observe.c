/*
 * test_observe.c: what a watcher keeps of what it sees and what never, when that reaches the disk,
 * and what is told where it does not.
 */
#include "tests/support/t.h"

#include "node/node.h"

#include <sys/stat.h>
#include <unistd.h>

#define HOUR  3600
#define START INT64_C(1795334400) /* 2026-11-22T08:00:00Z */
#define FIRST "2026-11-22T08:00:00Z-3600"
#define NEXT  "2026-11-22T09:00:00Z-3600"
#define KINDS (ENT_OBSERVE_KEPT + 1)

static struct place {
    struct ent_home *h;
    struct ent_store *s;
    struct ent_config c;
    struct ent_observe *ob;
    unsigned said[KINDS];
    enum ent_err why; /* of what was said last */
    char dir[ENT_PATH_MAX];
} p;

static void say(void *ctx, enum ent_observe_event what, enum ent_err e, const struct ent_diag *d)
{
    (void)ctx;
    assert_true(e == ENT_OK || d->text != NULL);
    p.said[what]++;
    p.why = e;
}

static int open_place(void **state)
{
    static unsigned n;
    char dir[ENT_PATH_MAX], name[16];
    (void)state;
    p = (struct place){.h = NULL};
    (void)snprintf(name, sizeof(name), "home.%u", n++);
    assert_ok(ent_path_join(dir, sizeof(dir), ent_t_tmpdir(), name));
    const struct ent_home_new opts = {
        .dir = dir, .name = "a", .display = "A", .url = "https://a.example:7443"};
    assert_ok(ent_home_make(NULL, &opts));
    assert_ok(ent_home_open(&p.h, NULL, dir));
    assert_ok(ent_home_path(p.h, dir, "store.db"));
    assert_ok(ent_store_open(&p.s, NULL, dir));
    assert_ok(ent_observe_folder(p.h, p.dir));
    ent_config_defaults(&p.c);
    return 0;
}

static int close_place(void **state)
{
    (void)state;
    ent_observe_free(p.ob);
    ent_store_close(p.s);
    ent_home_free(p.h);
    return 0;
}

static void configured(const char *text)
{
    struct ent_config_problems problems;
    assert_ok(ent_config_parse(&p.c, &problems, ent_slice_str(text)));
}

static enum ent_err start(int64_t now, struct ent_diag *d)
{
    const struct ent_observe_opts opts = {.home = p.h, .store = p.s, .config = &p.c, .say = say};
    ent_observe_free(p.ob);
    p.ob = NULL;
    return ent_observe_new(&p.ob, d, &opts, now);
}

static void begin(int64_t now)
{
    assert_ok(start(now, NULL));
}

static struct ent_observable parsed(const char *text)
{
    struct ent_observable o;
    assert_ok(ent_observable_parse(&o, NULL, ent_slice_str(text)));
    return o;
}

/* As the scanner tells them, with blanks between them. */
static void see(const char *texts)
{
    char copy[512], *save = NULL;
    (void)snprintf(copy, sizeof(copy), "%s", texts);
    for (char *t = strtok_r(copy, " ", &save); t != NULL; t = strtok_r(NULL, " ", &save)) {
        struct ent_observable o = parsed(t);
        if (ent_observe_wants(p.ob, &o))
            assert_ok(ent_observe_add(p.ob, &o));
    }
}

static void flush(void)
{
    assert_ok(ent_observe_end(p.ob, NULL));
}

static enum ent_err put_item(void *ctx, const struct ent_window_item *item)
{
    return item->hits == 1 ? ent_buf_printf(ctx, "%s;", item->obs.text)
                           : ent_buf_printf(ctx, "%s %u;", item->obs.text, item->hits);
}

/* What is in a window on the disk, or why there is none. */
static const char *kept(const char *name)
{
    static char ret[4096];
    const struct ent_windows_want all = {.types = ENT_OBS_ALL};
    struct ent_window_id id;
    struct ent_buf b;
    ent_buf_init(&b, sizeof(ret) - 1);
    assert_ok(ent_window_name_parse(&id, ent_slice_str(name)));
    enum ent_err r = ent_windows_read(p.dir, id, &all, NULL, put_item, &b, NULL);
    (void)snprintf(ret, sizeof(ret), "%.*s%s", (int)b.n, b.n == 0 ? "" : (const char *)b.p,
                   r == ENT_OK ? "" : ent_err_str(r));
    ent_buf_release(&b);
    return ret;
}

static const char *window_path(const char *name)
{
    static char ret[ENT_PATH_MAX];
    assert_ok(ent_path_join(ret, sizeof(ret), p.dir, name));
    return ret;
}

static void claim(const char *text, enum ent_tlp tlp, int64_t until)
{
    struct ent_indicator ind = {.tlp = tlp, .confidence = -1, .obs = parsed(text)};
    enum ent_put ignored;
    ind.valid_until = until;
    assert_ok(ent_store_begin(p.s));
    assert_ok(ent_store_put(p.s, &ignored, &ind, ENT_SLICE_LIT("test"), START));
    assert_ok(ent_store_commit(p.s));
}

static void warn_of(const char *name, enum ent_warning_type type, const char *text)
{
    struct ent_warning w = {.type = type, .types = ENT_OBS_ALL, .entries = 1};
    struct ent_observable o = parsed(text);
    uint64_t id;
    (void)snprintf(w.name, sizeof(w.name), "%s", name);
    assert_ok(ent_store_begin(p.s));
    assert_ok(ent_store_warning_new(p.s, &id));
    assert_ok(ent_store_warning_put(p.s, id, &o));
    assert_ok(ent_store_warning_end(p.s, id, &w, START));
    assert_ok(ent_store_commit(p.s));
}

/* --- what is left out ---------------------------------------------------------------------------
 */

static void test_public_of_the_types(void **state)
{
    (void)state;
    begin(START);
    see("8.8.8.8 evil.com 10.0.0.1 127.0.0.1 192.0.2.1 host.local 2001:4860:4860::8888 ::1 "
        "fe80::1");
    see("http://evil.com/x eve@evil.com d41d8cd98f00b204e9800998ecf8427e 8.8.8.8");
    flush();
    assert_string_equal(
        kept(FIRST), "8.8.8.8 2;2001:4860:4860::8888;evil.com;d41d8cd98f00b204e9800998ecf8427e;");
    configured("observe_types = url,email\nobserve_keep_seconds = 7d\n");
    begin(START + HOUR);
    see("8.8.8.8 evil.com http://evil.com/x http://10.0.0.1/x eve@evil.com");
    flush();
    assert_string_equal(kept(NEXT), "http://evil.com/x;eve@evil.com;");
}

static void test_own(void **state)
{
    (void)state;
    configured("own_ranges = 66.249.64.0/19,50.16.19.13,2001:db9::/32\nown_domains = mine.com\n"
               "observe_types = ipv4,ipv6,domain,url,email\n");
    begin(START);
    see("66.249.64.0 66.249.95.255 66.249.96.0 50.16.19.13 50.16.19.14 2001:db9::1 2001:dba::1");
    see("mine.com www.mine.com notmine.com mine.com.evil.com");
    see("http://66.249.64.1/x http://www.mine.com/x bob@mine.com http://50.16.19.14/ x@evil.com");
    flush();
    assert_string_equal(kept(FIRST),
                        "50.16.19.14;66.249.96.0;2001:dba::1;mine.com.evil.com;notmine.com;"
                        "http://50.16.19.14/;x@evil.com;");
}

static void test_red(void **state)
{
    (void)state;
    configured("observe_types = ipv4,domain,url\n");
    claim("red.com", ENT_TLP_RED, 0);
    claim("8.8.4.0/24", ENT_TLP_RED, 0);
    claim("9.9.9.9", ENT_TLP_RED, START - 1); /* what was secret stays so */
    claim("amber.com", ENT_TLP_AMBER_STRICT, 0);
    begin(START);
    see("red.com www.red.com bored.com 8.8.4.4 8.8.5.4 9.9.9.9 amber.com http://red.com/x");
    flush();
    assert_string_equal(kept(FIRST), "8.8.5.4;amber.com;bored.com;");
    claim("bored.com", ENT_TLP_RED, 0);
    claim("late.com", ENT_TLP_RED, 0); /* within the window: from the next write on */
    see("late.com bored.com 1.1.1.1");
    flush();
    assert_string_equal(kept(FIRST), "1.1.1.1;8.8.5.4;amber.com;bored.com;");
}

static void test_warned(void **state)
{
    (void)state;
    warn_of("names", ENT_WARNING_HOSTNAME, "google.com");
    warn_of("nets", ENT_WARNING_CIDR, "8.8.8.0/24");
    begin(START);
    see("google.com www.google.com 8.8.8.8 8.8.9.8 evil.com");
    flush();
    assert_string_equal(kept(FIRST), "8.8.9.8;evil.com;");
    configured("observe_warned = yes\n");
    begin(START + HOUR);
    see("google.com 8.8.8.8 evil.com");
    flush();
    assert_string_equal(kept(NEXT), "8.8.8.8;evil.com;google.com;");
    configured("observe_warned = yes\nown_domains = google.com\n");
    begin(START + 2 * HOUR);
    see("google.com 8.8.8.8");
    flush();
    assert_string_equal(kept("2026-11-22T10:00:00Z-3600"), "8.8.8.8;"); /* but not what is own */
}

/* --- when it is written -------------------------------------------------------------------------
 */

static void test_windows_follow_one_another(void **state)
{
    (void)state;
    begin(START + 10);
    assert_int_equal(ent_observe_window(p.ob).start, START);
    see("8.8.8.8");
    assert_string_equal(kept(FIRST), "not found");
    ent_observe_tick(p.ob, START + HOUR - 1); /* the same, and it is too early to write */
    assert_string_equal(kept(FIRST), "not found");
    ent_observe_tick(p.ob, START + HOUR);
    assert_string_equal(kept(FIRST), "8.8.8.8;");
    assert_int_equal(ent_observe_window(p.ob).start, START + HOUR);
    ent_observe_tick(p.ob, START + 2 * HOUR); /* nothing was seen, and somebody watched */
    assert_string_equal(kept(NEXT), "");
    see("9.9.9.9");
    flush();
    see("9.9.9.9 1.1.1.1");
    flush();
    flush();
    assert_string_equal(kept("2026-11-22T10:00:00Z-3600"), "1.1.1.1;9.9.9.9 2;");
    begin(START + 2 * HOUR + 5); /* another run adds to it */
    see("9.9.9.9");
    flush();
    assert_string_equal(kept("2026-11-22T10:00:00Z-3600"), "1.1.1.1;9.9.9.9 3;");
    ent_observe_tick(p.ob, START); /* a calendar that was set back */
    see("8.8.8.8");
    flush();
    assert_string_equal(kept(FIRST), "8.8.8.8 2;");
    for (int i = 0; i < KINDS; i++)
        assert_int_equal(p.said[i], 0);
}

static enum ent_err count_item(void *ctx, const struct ent_window_item *item)
{
    *(uint64_t *)ctx += item->hits;
    return ENT_OK;
}

/* More than waits in memory: it is written on the way, and nothing is lost. */
static void test_more_than_waits(void **state)
{
    const struct ent_windows_want all = {.types = ENT_OBS_ALL};
    const struct ent_window_id id = {START, HOUR};
    struct ent_window w;
    uint64_t n = 0, hits = 0;
    struct stat st;
    (void)state;
    begin(START);
    for (; stat(window_path(FIRST), &st) != 0 && n < 4000000; n++) {
        char text[ENT_PATH_MAX];
        (void)snprintf(text, sizeof(text), "very-long-name-of-a-host-%llu.evil.com",
                       (unsigned long long)n);
        struct ent_observable o = parsed(text);
        assert_ok(ent_observe_add(p.ob, &o));
    }
    assert_true(n > 10000 && n < 4000000);
    flush();
    assert_ok(ent_windows_read(p.dir, id, &all, &w, count_item, &hits, NULL));
    assert_int_equal(hits, n);
    assert_int_equal(ent_window_items(&w, ENT_OBS_ALL), n);
    assert_int_equal(w.dropped, 0);
}

static void test_full_window(void **state)
{
    (void)state;
    configured("observe_max_items = 2\n");
    begin(START);
    see("8.8.8.8 8.8.8.8 9.9.9.9 9.9.9.9");
    flush();
    assert_int_equal(p.said[ENT_OBSERVE_FULL], 0);
    see("1.1.1.1");
    flush();
    see("1.0.0.1");
    flush();
    assert_int_equal(p.said[ENT_OBSERVE_FULL], 1); /* once a window */
    assert_string_equal(kept(FIRST), "8.8.8.8 2;9.9.9.9 2;");
    ent_observe_tick(p.ob, START + HOUR);
    see("1.1.1.1 1.1.1.2 1.1.1.3");
    flush();
    assert_int_equal(p.said[ENT_OBSERVE_FULL], 2);
}

/* --- what goes wrong ----------------------------------------------------------------------------
 */

static void test_damaged(void **state)
{
    (void)state;
    begin(START);
    see("8.8.8.8");
    flush();
    assert_int_equal(truncate(window_path(FIRST), 40), 0);
    see("9.9.9.9");
    flush();
    assert_int_equal(p.said[ENT_OBSERVE_MENDED], 1);
    assert_string_equal(kept(FIRST), "9.9.9.9;");
}

/* A folder that is none: what was seen waits until its window ends, and is lost then. */
static void test_nowhere_to_write(void **state)
{
    struct ent_diag d = {0};
    (void)state;
    begin(START);
    assert_ok(ent_file_write(p.dir, ENT_SLICE_LIT("x"), 0600, NULL));
    see("8.8.8.8");
    assert_err(ent_observe_end(p.ob, &d), ENT_E_NOTFOUND);
    assert_string_equal(d.text, "cannot open the lock");
    assert_int_equal(unlink(p.dir), 0);
    flush(); /* it has waited */
    assert_string_equal(kept(FIRST), "8.8.8.8;");
    see("9.9.9.9");
    char aside[ENT_PATH_MAX];
    assert_ok(ent_home_path(p.h, aside, "aside"));
    assert_int_equal(rename(p.dir, aside), 0);
    assert_ok(ent_file_write(p.dir, ENT_SLICE_LIT("x"), 0600, NULL));
    ent_observe_tick(p.ob, START + HOUR);
    assert_int_equal(p.said[ENT_OBSERVE_LOST], 1);
    assert_int_equal(p.said[ENT_OBSERVE_KEPT], 1); /* nor can anything expire */
    assert_int_equal(p.why, ENT_E_NOTFOUND);
    assert_int_equal(unlink(p.dir), 0);
    assert_int_equal(rename(aside, p.dir), 0);
    see("1.1.1.1");
    flush();
    assert_string_equal(kept(FIRST), "8.8.8.8;");
    assert_string_equal(kept(NEXT), "1.1.1.1;");
}

static void test_expiry(void **state)
{
    (void)state;
    configured("observe_keep_seconds = 2h\n");
    begin(START);
    see("8.8.8.8");
    flush();
    ent_observe_tick(p.ob, START + HOUR);
    ent_observe_tick(p.ob, START + 3 * HOUR - 1); /* the first ended two hours ago, but a second */
    assert_string_equal(kept(FIRST), "8.8.8.8;");
    ent_observe_tick(p.ob, START + 3 * HOUR);
    assert_string_equal(kept(FIRST), "not found");
    assert_string_equal(kept(NEXT), "");
    assert_ok(ent_file_write(window_path("2026-11-22T08:00:00Z-3600.Ab3dEf"), ENT_SLICE_LIT(""),
                             0600, NULL));
    assert_ok(ent_file_write(window_path("notes"), ENT_SLICE_LIT("x"), 0600, NULL));
    begin(START + 9 * HOUR); /* also when one begins to watch */
    assert_string_equal(kept(NEXT), "not found");
    assert_int_not_equal(access(window_path("2026-11-22T08:00:00Z-3600.Ab3dEf"), F_OK), 0);
    assert_int_equal(access(window_path("notes"), F_OK), 0); /* which is nobody's window */
    assert_int_equal(p.said[ENT_OBSERVE_KEPT], 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_place, close_place)
    const struct CMUnitTest tests[] = {
        TEST(test_public_of_the_types),
        TEST(test_own),
        TEST(test_red),
        TEST(test_warned),
        TEST(test_windows_follow_one_another),
        TEST(test_more_than_waits),
        TEST(test_full_window),
        TEST(test_damaged),
        TEST(test_nowhere_to_write),
        TEST(test_expiry),
    };
    return ent_t_run("observe", tests);
}
