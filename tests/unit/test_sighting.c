/* test_sighting.c: what is counted, in which log, once; against a naive model. */
#include "tests/support/t.h"

#include "store/store.h"

#include <sqlite3.h>

#define NOW 1534723200

/* A store with these observables, whose ids are 1, 2, 3, ... */
static struct ent_store *store_at(const char *path, unsigned observables)
{
    struct ent_store *s = NULL;
    enum ent_put put;
    assert_ok(ent_store_open(&s, NULL, path));
    assert_ok(ent_store_begin(s));
    for (unsigned i = 1; i <= observables; i++) {
        struct ent_indicator ind = {.tlp = ENT_TLP_CLEAR, .confidence = -1};
        char text[32];
        (void)snprintf(text, sizeof(text), "10.0.%u.%u", i / 256, i % 256);
        assert_ok(ent_observable_parse(&ind.obs, NULL, ent_slice_str(text)));
        assert_ok(ent_store_put(s, &put, &ind, ENT_SLICE_LIT("test"), NOW));
    }
    assert_ok(ent_store_commit(s));
    return s;
}

static struct ent_sightings *batch(struct ent_store *s, size_t max)
{
    struct ent_sightings *b = NULL;
    assert_ok(ent_sightings_new(&b, s, max));
    return b;
}

/* A log of n bytes that begins with a name of its own. */
static struct ent_slice bytes_of(uint8_t *buf, const char *name, size_t n)
{
    memset(buf, '.', n);
    memcpy(buf, name, strlen(name) < n ? strlen(name) : n);
    return ent_slice(buf, n);
}

static void start(struct ent_sightings *b, const char *path, const char *name, size_t n)
{
    static uint8_t buf[20000];
    assert_ok(ent_sightings_bytes(b, path, 0, bytes_of(buf, name, n)));
}

static void see(struct ent_sightings *b, const char *path, uint64_t id, uint64_t line,
                uint64_t offset, int64_t now)
{
    const struct ent_sight s = {.id = id, .line = line, .offset = offset, .now = now};
    assert_ok(ent_sightings_add(b, path, &s));
}

static void finish(struct ent_sightings *b)
{
    assert_ok(ent_sightings_flush(b, true));
    ent_sightings_free(b);
}

static enum ent_err tell(void *ctx, const struct ent_sighting *g)
{
    return ent_buf_printf(ctx, "%s %.*s %.*s %d-%d %dx %d@%d;", ent_obs_type_name(g->type),
                          (int)g->value.n, (const char *)g->value.p, (int)g->path.n,
                          (const char *)g->path.p, (int)(g->first - NOW), (int)(g->last - NOW),
                          (int)g->count, (int)g->line, (int)g->offset);
}

/* All sightings as one text: "type value log first-last count line@offset;" */
static void assert_holds(struct ent_store *s, const char *want)
{
    struct ent_buf b;
    ent_buf_init(&b, 100000);
    assert_ok(ent_store_sightings(s, 0, NULL, tell, &b));
    assert_ok(ent_buf_putc(&b, '\0'));
    assert_string_equal((char *)b.p, want);
    ent_buf_release(&b);
}

static void test_first_last_count_log(void **state)
{
    struct ent_store *s = store_at(":memory:", 2);
    struct ent_sightings *b = batch(s, 0);
    struct ent_seen_here n;
    (void)state;
    start(b, "a.log", "a", 5000);
    see(b, "a.log", 1, 1, 10, NOW);
    see(b, "a.log", 1, 2, 200, NOW + 5);
    see(b, "a.log", 1, 2, 190, NOW + 5); /* in a line they come in any order */
    see(b, "a.log", 2, 3, 300, NOW + 6);
    start(b, "b.log", "b", 5000);
    see(b, "b.log", 1, 9, 900, NOW + 7);
    assert_holds(s, ""); /* nothing is written yet */
    finish(b);
    assert_holds(s, "ipv4 10.0.0.1 b.log 7-7 1x 9@900;ipv4 10.0.0.2 a.log 6-6 1x 3@300;"
                    "ipv4 10.0.0.1 a.log 0-5 3x 2@200;");
    assert_ok(ent_store_sighted(s, &n, 1));
    assert_int_equal(n.count, 4);
    assert_int_equal(n.first, NOW);
    assert_int_equal(n.last, NOW + 7);
    assert_ok(ent_store_sighted(s, &n, 99));
    assert_int_equal(n.count, 0);
    ent_store_close(s);
}

static void test_since_and_only(void **state)
{
    struct ent_store *s = store_at(":memory:", 3);
    struct ent_sightings *b = batch(s, 0);
    struct ent_observable o;
    struct ent_buf text;
    (void)state;
    start(b, "a.log", "a", 5000);
    for (unsigned i = 1; i <= 3; i++)
        see(b, "a.log", i, i, i, NOW + i);
    finish(b);
    ent_buf_init(&text, 10000);
    assert_ok(ent_store_sightings(s, NOW + 3, NULL, tell, &text));
    assert_ok(ent_buf_putc(&text, '|'));
    assert_ok(ent_observable_parse(&o, NULL, ENT_SLICE_LIT("10.0.0.2")));
    assert_ok(ent_store_sightings(s, 0, &o, tell, &text));
    assert_ok(ent_store_sightings(s, NOW + 3, &o, tell, &text));
    assert_ok(ent_buf_putc(&text, '\0'));
    assert_string_equal((char *)text.p, "ipv4 10.0.0.3 a.log 3-3 1x 3@3;|"
                                        "ipv4 10.0.0.2 a.log 2-2 1x 2@2;");
    ent_buf_release(&text);
    ent_store_close(s);
}

/* Each scan with a fresh batch, as another process would have. */
static void test_again_is_not_counted_again(void **state)
{
    struct ent_store *s = store_at(":memory:", 2);
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct ent_sightings *b = batch(s, 0);
        start(b, "a.log", "a", 5000);
        see(b, "a.log", 1, 1, 10, NOW + i);
        see(b, "a.log", 1, 2, 20, NOW + i);
        if (i == 2)
            see(b, "a.log", 2, 2, 15, NOW + i); /* was not known before */
        finish(b);
    }
    assert_holds(s, "ipv4 10.0.0.2 a.log 2-2 1x 2@15;ipv4 10.0.0.1 a.log 0-0 2x 2@20;");
    struct ent_sightings *b = batch(s, 0);
    start(b, "a.log", "a", 9000); /* has grown */
    see(b, "a.log", 1, 2, 20, NOW + 9);
    see(b, "a.log", 1, 3, 30, NOW + 9);
    finish(b);
    b = batch(s, 0);
    start(b, "old/a.log.1", "a", 9000); /* lies elsewhere */
    see(b, "old/a.log.1", 1, 3, 30, NOW + 10);
    see(b, "old/a.log.1", 1, 4, 40, NOW + 10);
    finish(b);
    b = batch(s, 0);
    start(b, "a.log", "another", 5000); /* begun anew */
    see(b, "a.log", 1, 1, 10, NOW + 11);
    finish(b);
    assert_holds(s, "ipv4 10.0.0.1 a.log 11-11 1x 1@10;ipv4 10.0.0.1 old/a.log.1 0-10 4x 4@40;"
                    "ipv4 10.0.0.2 old/a.log.1 2-2 1x 2@15;");
    ent_store_close(s);
}

/* The same within one scan: twice on the command line, a copy, a log that was rotated, logs that
 * take turns. */
static void test_again_within_one_scan(void **state)
{
    struct ent_store *s = store_at(":memory:", 1);
    struct ent_sightings *b = batch(s, 0);
    (void)state;
    for (int i = 0; i < 3; i++) {
        const char *path = i == 2 ? "copy.log" : "a.log";
        start(b, path, "a", 5000);
        see(b, path, 1, 1, 10, NOW + i);
        see(b, path, 1, 2, 20, NOW + i);
    }
    start(b, "a.log", "rotated", 5000);
    see(b, "a.log", 1, 1, 10, NOW + 3);
    start(b, "b.log", "b", 5000);
    see(b, "a.log", 1, 2, 20, NOW + 4);
    see(b, "b.log", 1, 1, 10, NOW + 4);
    see(b, "a.log", 1, 3, 30, NOW + 5);
    finish(b);
    assert_holds(s, "ipv4 10.0.0.1 a.log 3-5 3x 3@30;ipv4 10.0.0.1 b.log 4-4 1x 1@10;"
                    "ipv4 10.0.0.1 copy.log 0-0 2x 2@20;");
    ent_store_close(s);
}

/* A short log is known by its path and what there was of it. */
static void test_short_logs(void **state)
{
    struct ent_store *s = store_at(":memory:", 1);
    static const struct {
        const char *path, *name;
        size_t n;
        uint64_t offset;
    } scans[] = {
        {"a.log", "#header", 100, 10},  {"b.log", "#header", 100, 10},  /* alike, but another */
        {"a.log", "#header", 300, 10},  {"a.log", "#header", 300, 200}, /* grown */
        {"a.log", "#header", 6000, 10}, {"c.log", "#header", 6000, 200},
        {"a.log", "x", 50, 10}, /* begun anew */
    };
    struct ent_buf text;
    (void)state;
    for (size_t i = 0; i < sizeof(scans) / sizeof(scans[0]); i++) {
        struct ent_sightings *b = batch(s, 0);
        start(b, scans[i].path, scans[i].name, scans[i].n);
        see(b, scans[i].path, 1, 1, scans[i].offset, NOW);
        finish(b);
    }
    ent_buf_init(&text, 10000);
    assert_ok(ent_store_sightings(s, 0, NULL, tell, &text));
    assert_ok(ent_buf_putc(&text, '\0'));
    /* c.log is what a.log has become */
    assert_string_equal((char *)text.p,
                        "ipv4 10.0.0.1 c.log 0-0 2x 1@200;ipv4 10.0.0.1 a.log 0-0 1x 1@10;"
                        "ipv4 10.0.0.1 b.log 0-0 1x 1@10;");
    ent_buf_release(&text);
    ent_store_close(s);
}

/* A pipe gives its first bytes in pieces; a log that is followed from its end never gives them. */
static void test_pieces_and_no_beginning(void **state)
{
    static uint8_t buf[9000];
    struct ent_store *s = store_at(":memory:", 1);
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct ent_sightings *b = batch(s, 0);
        struct ent_slice log = bytes_of(buf, "piped", sizeof(buf));
        for (size_t at = 0; at < log.n; at += 1000)
            assert_ok(ent_sightings_bytes(b, "-", at, ent_slice(log.p + at, 1000)));
        see(b, "-", 1, 3, 4500, NOW);
        assert_ok(ent_sightings_bytes(b, "tail.log", 777, ENT_SLICE_LIT("late")));
        see(b, "tail.log", 1, 1, 778, NOW);
        see(b, "unheard.log", 1, 1, 5, NOW);
        finish(b);
    }
    assert_holds(s, "ipv4 10.0.0.1 - 0-0 1x 3@4500;ipv4 10.0.0.1 tail.log 0-0 1x 1@778;"
                    "ipv4 10.0.0.1 tail.log 0-0 1x 1@778;ipv4 10.0.0.1 unheard.log 0-0 1x 1@5;"
                    "ipv4 10.0.0.1 unheard.log 0-0 1x 1@5;");
    ent_store_close(s);
}

/* --- failures ----------------------------------------------------------------------------------
 */

static void test_what_is_not_written_is_lost_and_no_more(void **state)
{
    struct ent_store *s = store_at(":memory:", 1);
    struct ent_sightings *b = batch(s, 0);
    (void)state;
    start(b, "a.log", "a", 5000);
    see(b, "a.log", 1, 1, 10, NOW);
    assert_ok(ent_sightings_flush(b, false));
    assert_ok(ent_sightings_flush(b, false));
    see(b, "a.log", 1, 2, 20, NOW);
    ent_sightings_free(b); /* a crash */
    ent_sightings_free(NULL);
    assert_holds(s, "ipv4 10.0.0.1 a.log 0-0 1x 1@10;");
    b = batch(s, 0);
    start(b, "a.log", "a", 5000);
    see(b, "a.log", 1, 1, 10, NOW);
    see(b, "a.log", 1, 2, 20, NOW);
    finish(b);
    assert_holds(s, "ipv4 10.0.0.1 a.log 0-0 2x 2@20;");
    ent_store_close(s);
}

static void test_two_at_once(void **state)
{
    char path[256];
    (void)state;
    assert_ok(ent_path_join(path, sizeof(path), ent_t_tmpdir(), "two.db"));
    struct ent_store *one = store_at(path, 1), *two = NULL;
    struct ent_known k;
    assert_ok(ent_store_open(&two, NULL, path));
    struct ent_sightings *a = batch(one, 0), *b = batch(two, 0);
    start(a, "a.log", "a", 5000);
    see(a, "a.log", 1, 1, 10, NOW);
    start(b, "b.log", "b", 5000);
    see(b, "b.log", 1, 1, 10, NOW);
    assert_ok(ent_store_begin(two));
    assert_err(ent_sightings_flush(a, false), ENT_E_TIMEOUT); /* at once, and nothing is lost */
    assert_err(ent_sightings_flush(a, false), ENT_E_TIMEOUT);
    see(a, "a.log", 1, 2, 20, NOW);
    assert_ok(ent_store_commit(two));
    assert_ok(ent_store_get(one, &k, 1, 0)); /* an old view that stays open */
    assert_ok(ent_sightings_flush(b, false));
    assert_ok(ent_sightings_flush(a, false));
    assert_holds(two, "ipv4 10.0.0.1 a.log 0-0 2x 2@20;ipv4 10.0.0.1 b.log 0-0 1x 1@10;");
    ent_sightings_free(a);
    ent_sightings_free(b);
    ent_store_close(one);
    ent_store_close(two);
}

static void test_a_store_that_cannot_be_written(void **state)
{
    char path[256];
    sqlite3 *db = NULL;
    (void)state;
    assert_ok(ent_path_join(path, sizeof(path), ent_t_tmpdir(), "broken.db"));
    struct ent_store *s = store_at(path, 2);
    struct ent_sightings *b = batch(s, 0);
    start(b, "a.log", "a", 5000);
    see(b, "a.log", 1, 1, 10, NOW);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db,
                                  "CREATE TRIGGER no BEFORE INSERT ON sighting BEGIN"
                                  " SELECT raise(ABORT, 'no'); END",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_err(ent_sightings_flush(b, true), ENT_E_IO);
    see(b, "a.log", 1, 2, 20, NOW);
    assert_int_equal(sqlite3_exec(db, "DROP TRIGGER no", NULL, NULL, NULL), SQLITE_OK);
    (void)sqlite3_close(db);
    finish(b); /* what could not be written then is written now, once */
    assert_holds(s, "ipv4 10.0.0.1 a.log 0-0 2x 2@20;");
    ent_store_close(s);
}

/* --- a naive model ------------------------------------------------------------------------------
 */

#define LOGS 5
#define INDS 12
#define HITS 40

/* Logs grow and are scanned from their beginning at random, in any number of processes, with a
 * table that is far too small. Of each log and indicator what was in the longest scan counts. */
static void test_against_a_naive_model(void **state)
{
    uint64_t ind[LOGS][HITS];
    size_t longest[LOGS] = {0};
    struct ent_store *s = store_at(":memory:", INDS);
    struct ent_sightings *b = NULL;
    (void)state;
    for (size_t l = 0; l < LOGS; l++)
        for (size_t h = 0; h < HITS; h++)
            ind[l][h] = 1 + ent_t_below(INDS);
    for (int scan = 0; scan < 150; scan++) {
        size_t l = ent_t_below(LOGS), n = ent_t_below(HITS + 1);
        char path[32], name[8];
        if (b == NULL)
            b = batch(s, 1 + ent_t_below(20));
        (void)snprintf(path, sizeof(path), "log.%u", (unsigned)ent_t_below(3));
        (void)snprintf(name, sizeof(name), "%u", (unsigned)l);
        start(b, path, name, 5000);
        for (size_t h = 0; h < n; h++)
            see(b, path, ind[l][h], h, h * 100, NOW);
        longest[l] = n > longest[l] ? n : longest[l];
        if (ent_t_below(3) == 0)
            assert_ok(ent_sightings_flush(b, ent_t_below(2) == 0));
        if (ent_t_below(3) == 0) {
            finish(b);
            b = NULL;
        }
    }
    if (b != NULL)
        finish(b);
    for (uint64_t i = 1; i <= INDS; i++) {
        struct ent_seen_here got;
        uint64_t want = 0;
        for (size_t l = 0; l < LOGS; l++)
            for (size_t h = 0; h < longest[l]; h++)
                want += ind[l][h] == i;
        assert_ok(ent_store_sighted(s, &got, i));
        assert_int_equal(got.count, want);
    }
    ent_store_close(s);
}

/* More logs than are known at once. */
static void test_many_logs(void **state)
{
    struct ent_store *s = store_at(":memory:", 1);
    struct ent_seen_here n;
    (void)state;
    for (int round = 0; round < 2; round++) {
        struct ent_sightings *b = batch(s, 0);
        for (unsigned i = 0; i < 2500; i++) {
            char path[32];
            (void)snprintf(path, sizeof(path), "log.%u", i);
            start(b, path, path, 100);
            see(b, path, 1, 1, 50, NOW);
        }
        finish(b);
    }
    assert_ok(ent_store_sighted(s, &n, 1));
    assert_int_equal(n.count, 2500);
    ent_store_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_last_count_log),
        cmocka_unit_test(test_since_and_only),
        cmocka_unit_test(test_again_is_not_counted_again),
        cmocka_unit_test(test_again_within_one_scan),
        cmocka_unit_test(test_short_logs),
        cmocka_unit_test(test_pieces_and_no_beginning),
        cmocka_unit_test(test_what_is_not_written_is_lost_and_no_more),
        cmocka_unit_test(test_two_at_once),
        cmocka_unit_test(test_a_store_that_cannot_be_written),
        cmocka_unit_test(test_against_a_naive_model),
        cmocka_unit_test(test_many_logs),
    };
    return ent_t_run("sighting", tests);
}
