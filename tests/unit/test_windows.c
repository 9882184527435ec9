/*
 * test_windows.c: a folder of windows against a list of counts: what is added is there, once, in
 * order, whoever else adds; where there is too much the highest ranks stay.
 */
#include "tests/support/t.h"
#include "watch/watch.h"

#include <sys/stat.h>
#include <sys/wait.h>

#define START    INT64_C(1766332800)
#define UNIVERSE 400u

static const struct ent_window_id id = {START, 3600};

static const char *fresh(void)
{
    static char dir[4096];
    static unsigned n;
    (void)snprintf(dir, sizeof(dir), "%s/observed.%u", ent_t_tmpdir(), n++);
    return dir;
}

static const char *path_in(const char *dir, const char *name)
{
    static char path[4096];
    assert_ok(ent_path_join(path, sizeof(path), dir, name));
    return path;
}

/* Number i of what can be seen here; in order. */
static struct ent_observable thing(unsigned i)
{
    struct ent_observable o;
    char text[64];
    if (i < UNIVERSE / 2)
        (void)snprintf(text, sizeof(text), "8.%u.%u.1", 10 + i / 100, 100 + i % 100);
    else
        (void)snprintf(text, sizeof(text), "host%03u.evil.com", i);
    assert_ok(ent_observable_parse(&o, NULL, ent_slice_str(text)));
    return o;
}

static struct ent_observed *new_set(void)
{
    struct ent_observed *set = NULL;
    assert_ok(ent_observed_new(&set, 0));
    return set;
}

static void see(struct ent_observed *set, unsigned i, unsigned times)
{
    struct ent_observable o = thing(i);
    for (unsigned k = 0; k < times; k++)
        assert_ok(ent_observed_add(set, &o));
}

static const struct ent_windows_add usual = {
    .id = {START, 3600}, .types = ENT_OBS_ALL, .most = ENT_WINDOW_ITEMS_MOST};

static struct ent_windows_added add(const char *dir, const struct ent_windows_add *how,
                                    struct ent_observed *set)
{
    struct ent_windows_added told = {0};
    struct ent_diag d = {0};
    assert_ok(ent_windows_add(dir, how, set, &told, &d));
    return told;
}

/* How often each of the universe stands in the window. */
struct counts {
    uint32_t hits[UNIVERSE];
    unsigned n, last;
};

static enum ent_err count(void *ctx, const struct ent_window_item *item)
{
    struct counts *c = ctx;
    unsigned i = c->n == 0 ? 0 : c->last + 1; /* in order: never back */
    while (i < UNIVERSE && strcmp(thing(i).text, item->obs.text) != 0)
        i++;
    assert_true(i < UNIVERSE);
    c->hits[i] = item->hits;
    c->last = i;
    c->n++;
    return ENT_OK;
}

static struct counts read_as(const char *dir, const struct ent_windows_want *want,
                             struct ent_window *w)
{
    struct counts c = {.n = 0};
    struct ent_diag d = {0};
    assert_ok(ent_windows_read(dir, id, want, w, count, &c, &d));
    return c;
}

static const struct ent_windows_want all = {.types = ENT_OBS_ALL};

static uint64_t rank_of(const struct ent_salt16 *salt, unsigned i, uint32_t hits)
{
    struct ent_observable o = thing(i);
    return ent_window_rank(salt, o.type, ent_slice(o.text, o.n), hits);
}

/* Keep the `most` highest ranks: by looking for the lowest again and again. */
static unsigned keep(uint32_t *hits, const struct ent_salt16 *salt, unsigned most)
{
    unsigned n = 0, gone = 0;
    for (unsigned i = 0; i < UNIVERSE; i++)
        n += hits[i] > 0;
    for (; n > most; n--, gone++) {
        unsigned low = UNIVERSE;
        for (unsigned i = 0; i < UNIVERSE; i++)
            if (hits[i] > 0 &&
                (low == UNIVERSE || rank_of(salt, i, hits[i]) < rank_of(salt, low, hits[low])))
                low = i;
        hits[low] = 0;
    }
    return gone;
}

static void same(const uint32_t *want, const struct counts *got)
{
    for (unsigned i = 0; i < UNIVERSE; i++)
        assert_int_equal(got->hits[i], want[i]);
}

/* Batches of anything, against the list of counts; now and then with little room. */
static void test_counts(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 12; round++) {
        const char *dir = fresh();
        uint32_t model[UNIVERSE] = {0};
        struct ent_windows_add how = usual;
        struct ent_window w;
        uint64_t dropped = 0;
        if (round % 2 == 1)
            how.most = 1 + ent_t_below(UNIVERSE);
        for (unsigned batch = 0; batch < 8; batch++) {
            struct ent_observed *set = new_set();
            for (uint64_t k = ent_t_below(200); k > 0; k--) {
                unsigned i = (unsigned)ent_t_below(UNIVERSE), times = 1 + (unsigned)ent_t_below(4);
                see(set, i, times);
                model[i] += times;
            }
            struct ent_windows_added told = add(dir, &how, set);
            struct counts got = read_as(dir, &all, &w);
            dropped += told.dropped;
            assert_int_equal(keep(model, &w.salt, (unsigned)how.most), told.dropped);
            assert_int_equal(w.dropped, dropped);
            assert_int_equal(ent_window_items(&w, ENT_OBS_ALL), got.n);
            assert_false(told.mended);
            same(model, &got);
            ent_observed_free(set);
        }
    }
}

/* What is chosen where less is wanted: the same for the same salt, and by type. */
static void test_chosen(void **state)
{
    const char *dir = fresh();
    struct ent_observed *set = new_set();
    uint32_t hits[UNIVERSE] = {0}, model[UNIVERSE];
    (void)state;
    for (unsigned i = 0; i < UNIVERSE; i++)
        see(set, i, hits[i] = 1 + (unsigned)ent_t_below(3));
    (void)add(dir, &usual, set);
    for (unsigned most = 1; most < UNIVERSE + 2; most += 1 + (unsigned)ent_t_below(40)) {
        struct ent_windows_want want = {.types = ENT_OBS_ALL, .most = most};
        ent_random(want.salt.b, sizeof(want.salt.b));
        memcpy(model, hits, sizeof(model));
        (void)keep(model, &want.salt, most);
        struct counts got = read_as(dir, &want, NULL);
        assert_int_equal(got.n, most < UNIVERSE ? most : UNIVERSE);
        same(model, &got);
        memcpy(model, hits, sizeof(model));
        memset(model, 0, UNIVERSE / 2 * sizeof(model[0]));
        want.types = ENT_OBS_BIT(ENT_OBS_DOMAIN);
        (void)keep(model, &want.salt, most);
        got = read_as(dir, &want, NULL);
        same(model, &got);
    }
    ent_observed_free(set);
}

static enum ent_err leave_names(void *ctx, const struct ent_observable *o, bool *ret)
{
    ++*(unsigned *)ctx;
    *ret = o->type == ENT_OBS_DOMAIN;
    return ENT_OK;
}

static enum ent_err cannot_say(void *ctx, const struct ent_observable *o, bool *ret)
{
    (void)ctx, (void)o, (void)ret;
    return ENT_E_IO;
}

static void test_left_out(void **state)
{
    const char *dir = fresh();
    unsigned asked = 0;
    struct ent_windows_add how = usual;
    struct ent_observed *set = new_set();
    struct ent_windows_added told = {.dropped = 9};
    struct ent_diag d = {0};
    (void)state;
    see(set, 3, 2);
    see(set, UNIVERSE - 1, 2);
    how.leaves_out = cannot_say; /* who cannot be asked lets nothing in */
    assert_err(ent_windows_add(dir, &how, set, &told, &d), ENT_E_IO);
    assert_int_equal(told.dropped, 9);
    assert_err(ent_windows_read(dir, id, &all, NULL, count, NULL, &d), ENT_E_NOTFOUND);
    how.leaves_out = leave_names;
    how.ctx = &asked;
    (void)add(dir, &how, set);
    struct counts got = read_as(dir, &all, NULL);
    assert_int_equal(asked, 2);
    assert_int_equal(got.n, 1);
    assert_int_equal(got.hits[3], 2);
    ent_observed_clear(set);
    assert_int_equal(ent_observed_count(set), 0);
    see(set, 3, 1);
    see(set, 4, 1);
    (void)add(dir, &usual, set);
    got = read_as(dir, &all, NULL);
    assert_int_equal(got.hits[3], 3);
    assert_int_equal(got.hits[4], 1);
    ent_observed_free(set);
}

/* --- several processes --------------------------------------------------------------------------
 */

static void work(const char *dir, unsigned who)
{
    struct ent_observed *set = new_set();
    for (unsigned i = 0; i < 15; i++) {
        ent_observed_clear(set);
        see(set, i, 1);        /* everybody's */
        see(set, 20 + who, 1); /* each time this one's */
        see(set, 40 + 15 * who + i, 2);
        (void)add(dir, &usual, set);
    }
    ent_observed_free(set);
}

static void test_processes(void **state)
{
    const char *dir = fresh();
    uint32_t model[UNIVERSE] = {0};
    int status;
    (void)state;
    for (unsigned who = 0; who < 4; who++) {
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            work(dir, who);
            _exit(0);
        }
        model[20 + who] = 15;
        for (unsigned i = 0; i < 15; i++) {
            model[i]++;
            model[40 + 15 * who + i] = 2;
        }
    }
    for (unsigned who = 0; who < 4; who++) {
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    struct counts got = read_as(dir, &all, NULL);
    same(model, &got);
}

/* --- files --------------------------------------------------------------------------------------
 */

static void test_names(void **state)
{
    static const char *const bad[] = {
        "",
        "lock",
        "2025-12-21T16:00:00Z",
        "2025-12-21T16:00:00Z-",
        "2025-12-21T16:00:00Z-0",
        "2025-12-21T16:00:00Z-03600",
        "2025-12-21T16:00:00Z-86401",
        "2025-12-21T16:00:01Z-3600",
        "2025-12-21t16:00:00Z-3600",
        "2025-12-21T16:00:00Z-3600.abcdef",
        "2025-12-21T17:00:00+01:00-3600",
        "1969-12-31T23:00:00Z-3600",
    };
    char name[ENT_WINDOW_NAME];
    struct ent_window_id got = {0};
    (void)state;
    ent_window_name(name, id);
    assert_string_equal(name, "2025-12-21T16:00:00Z-3600");
    assert_ok(ent_window_name_parse(&got, ent_slice_str(name)));
    assert_true(ent_window_id_eq(got, id));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_err(ent_window_name_parse(&got, ent_slice_str(bad[i])), ENT_E_FORMAT);
    assert_int_equal(ent_window_at(START + 3599, 3600).start, START);
    assert_int_equal(ent_window_at(START + 3600, 3600).start, START + 3600);
    assert_int_equal(ent_window_at(-1, 60).start, 0);
}

static enum ent_err put_name(void *ctx, struct ent_window_id x, const struct ent_window *w,
                             uint64_t bytes, const struct ent_diag *d)
{
    char name[ENT_WINDOW_NAME];
    ent_window_name(name, x);
    return ent_buf_printf(ctx, "%s %s\n", name,
                          w == NULL                          ? d->text
                          : bytes > 0 && w->start == x.start ? "ok"
                                                             : "?");
}

static void listed(const char *dir, const char *want)
{
    struct ent_buf b;
    struct ent_diag d = {0};
    ent_buf_init(&b, 1u << 16);
    assert_ok(ent_windows_each(dir, put_name, &b, &d));
    assert_ok(ent_buf_putc(&b, '\0'));
    assert_string_equal(b.p, want);
    ent_buf_release(&b);
}

static void write_file(const char *dir, const char *name, struct ent_slice bytes)
{
    assert_ok(ent_file_write(path_in(dir, name), bytes, 0600, NULL));
}

static void test_expiry(void **state)
{
    const char *dir = fresh();
    struct ent_windows_add how = usual;
    struct ent_observed *set = new_set();
    struct ent_diag d = {0};
    struct stat st;
    uint64_t gone = 9;
    (void)state;
    listed(dir, "");
    assert_ok(ent_windows_expire(dir, START, 0, &gone, NULL, &d)); /* there is nothing yet */
    assert_int_equal(gone, 0);
    see(set, 1, 1);
    for (unsigned i = 0; i < 4; i++, how.id.start += 3600)
        (void)add(dir, &how, set);
    how.id = (struct ent_window_id){START, 900};
    (void)add(dir, &how, set);
    assert_int_equal(stat(path_in(dir, "2025-12-21T16:00:00Z-900"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(stat(dir, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    write_file(dir, "2025-12-21T16:00:00Z-3600.Ab3dEf", ENT_SLICE_LIT("half"));
    write_file(dir, "notes.Ab3dEf", ENT_SLICE_LIT("somebody's"));
    listed(dir, "2025-12-21T16:00:00Z-3600 ok\n2025-12-21T16:00:00Z-900 ok\n"
                "2025-12-21T17:00:00Z-3600 ok\n2025-12-21T18:00:00Z-3600 ok\n"
                "2025-12-21T19:00:00Z-3600 ok\n");
    assert_ok(ent_windows_expire(dir, START + 3 * 3600 - 1, 3600, &gone, NULL, &d));
    assert_int_equal(gone, 2);
    listed(dir, "2025-12-21T17:00:00Z-3600 ok\n2025-12-21T18:00:00Z-3600 ok\n"
                "2025-12-21T19:00:00Z-3600 ok\n");
    assert_int_not_equal(access(path_in(dir, "2025-12-21T16:00:00Z-3600.Ab3dEf"), F_OK), 0);
    assert_int_equal(access(path_in(dir, "notes.Ab3dEf"), F_OK), 0);
    /* with nothing to keep, what is still open stays */
    assert_ok(ent_windows_expire(dir, START + 4 * 3600 - 1, 0, &gone, NULL, &d));
    assert_int_equal(gone, 2);
    listed(dir, "2025-12-21T19:00:00Z-3600 ok\n");
    ent_observed_free(set);
}

static void test_damage(void **state)
{
    const char *dir = fresh();
    static const char name[] = "2025-12-21T16:00:00Z-3600", other[] = "2025-12-21T17:00:00Z-3600";
    struct ent_observed *set = new_set();
    struct ent_windows_added told = {0};
    struct ent_diag d = {0};
    struct counts got = {.n = 0};
    (void)state;
    see(set, 5, 1);
    see(set, 300, 1);
    (void)add(dir, &usual, set);
    struct ent_slice whole = ent_t_file(path_in(dir, name));
    write_file(dir, other, whole); /* under a name that is not its own */
    write_file(dir, name, ent_slice(whole.p, whole.n - 1));
    listed(dir, "2025-12-21T16:00:00Z-3600 ok\n"
                "2025-12-21T17:00:00Z-3600 another window than its name says\n");
    assert_err(ent_windows_read(dir, id, &all, NULL, count, &got, &d), ENT_E_FORMAT);
    assert_string_equal(d.text, "cut off");
    told = add(dir, &usual, set); /* the damage shows when half of it is written anew */
    assert_true(told.mended);
    got = read_as(dir, &all, NULL);
    assert_int_equal(got.n, 2);
    assert_int_equal(got.hits[5], 1);
    /* what a later version wrote is nobody's to replace */
    uint8_t *later = malloc(whole.n);
    assert_non_null(later);
    memcpy(later, whole.p, whole.n);
    later[16] = '2';
    write_file(dir, name, ent_slice(later, whole.n));
    assert_err(ent_windows_add(dir, &usual, set, &told, &d), ENT_E_UNSUPPORTED);
    assert_string_equal(d.text, "a window in the format of another version");
    assert_true(ent_slice_eq(ent_t_file(path_in(dir, name)), ent_slice(later, whole.n)));
    free(later);
    assert_err(ent_windows_add(path_in(dir, name), &usual, set, &told, &d), ENT_E_NOTFOUND);
    char below[4096];
    assert_ok(ent_path_join(below, sizeof(below), path_in(dir, "lock"), "x"));
    assert_err(ent_windows_add(below, &usual, set, &told, &d), ENT_E_NOTFOUND);
    assert_string_equal(d.text, "cannot make a directory");
    ent_observed_free(set);
}

/* The scanner tells each token each time, when it is asked to. */
static enum ent_err tally(void *ctx, const struct ent_observable *o)
{
    return ent_observed_add(ctx, o);
}

static void test_every(void **state)
{
    struct ent_watch *w = NULL;
    struct ent_observed *set = new_set();
    struct ent_scan *s = NULL;
    const struct ent_scan_events ev = {.ctx = set, .seen = tally};
    (void)state;
    assert_ok(ent_watch_new(&w, 0));
    assert_ok(ent_watch_seal(w));
    for (unsigned every = 0; every < 2; every++) {
        ent_observed_clear(set);
        assert_ok(ent_scan_new(&s, w, &ev));
        if (every == 1)
            ent_scan_every(s);
        for (unsigned i = 0; i < 50; i++)
            assert_ok(ent_scan_feed(s, "8.8.8.8 - evil.com [x]\n", 23));
        assert_ok(ent_scan_end(s));
        ent_scan_free(s);
        ent_observed_sort(set);
        assert_int_equal(ent_observed_count(set), 2);
        struct ent_observable again;
        assert_ok(ent_observable_parse(&again, NULL, ENT_SLICE_LIT("8.8.4.4")));
        assert_ok(tally(set, &again)); /* what was put in order is found again */
        assert_ok(tally(set, &again));
        assert_int_equal(ent_observed_count(set), 3);
        ent_observed_sort(set);
        assert_int_equal(ent_observed_at(set, 0).hits, 2);
        for (size_t i = 1; i < 3; i++)
            assert_int_equal(ent_observed_at(set, i).hits, every == 1 ? 50 : 1);
    }
    ent_observed_free(set);
    ent_watch_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts),   cmocka_unit_test(test_chosen),
        cmocka_unit_test(test_left_out), cmocka_unit_test(test_processes),
        cmocka_unit_test(test_names),    cmocka_unit_test(test_expiry),
        cmocka_unit_test(test_damage),   cmocka_unit_test(test_every),
    };
    return ent_t_run("windows", tests);
}
