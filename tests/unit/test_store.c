/* test_store.c: what is kept, against a naive model; budgets; files that are no stores. */
#include "tests/support/t.h"

#include "store/store.h"

#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOW 1534723200

static struct ent_indicator indicator(const char *text)
{
    struct ent_indicator ind = {.tlp = ENT_TLP_CLEAR, .confidence = -1};
    assert_ok(ent_observable_parse(&ind.obs, NULL, ent_slice_str(text)));
    return ind;
}

static enum ent_put put(struct ent_store *s, const struct ent_indicator *ind, const char *source)
{
    static const struct ent_odds nothing;
    enum ent_put ret = ENT_PUT_SAME;
    assert_ok(ent_store_begin(s));
    assert_ok(ent_store_put(s, &ret, ind, ent_slice_str(source), NOW));
    assert_ok(ent_store_judge(s, ent_slice_str(source), &nothing, false));
    assert_ok(ent_store_commit(s));
    return ret;
}

struct seen {
    char text[64][ENT_OBS_MAX];
    struct ent_known last;
    char kind[64], source[64];
    size_t n, stop_at;
};

static enum ent_err note(void *ctx, const struct ent_known *k)
{
    struct seen *s = ctx;
    memcpy(s->text[s->n % 64], k->obs.text, (size_t)k->obs.n + 1);
    s->last = *k;
    (void)snprintf(s->kind, sizeof(s->kind), "%.*s", (int)k->kind.n, (const char *)k->kind.p);
    (void)snprintf(s->source, sizeof(s->source), "%.*s", (int)k->source.n,
                   (const char *)k->source.p);
    s->n++;
    return s->n == s->stop_at ? ENT_E_INTERRUPTED : ENT_OK;
}

static struct seen walk(struct ent_store *s, struct ent_known_filter f)
{
    struct seen seen = {.n = 0};
    assert_ok(ent_store_each(s, &f, note, &seen));
    return seen;
}

static void test_one_observable_many_claims(void **state)
{
    struct ent_store *s;
    struct ent_known k;
    uint64_t count[ENT_OBS_TYPES], claims;
    (void)state;
    assert_ok(ent_store_open(&s, NULL, ":memory:"));
    struct ent_indicator ind = indicator("198.51.100.3");
    ind.kind = ENT_SLICE_LIT("weak");
    ind.confidence = 10;
    assert_int_equal(put(s, &ind, "one"), ENT_PUT_NEW);
    ind.kind = ENT_SLICE_LIT("strong");
    ind.confidence = 90;
    assert_int_equal(put(s, &ind, "two"), ENT_PUT_CLAIM);
    assert_int_equal(put(s, &ind, "two"), ENT_PUT_SAME);
    ind.id = ENT_SLICE_LIT("indicator--1");
    assert_int_equal(put(s, &ind, "two"), ENT_PUT_CLAIM);
    assert_ok(ent_store_count(s, count, &claims));
    assert_int_equal(count[ENT_OBS_IPV4], 1);
    assert_int_equal(claims, 3);
    struct seen seen = walk(s, (struct ent_known_filter){.at = NOW});
    assert_int_equal(seen.n, 1);
    assert_int_equal(seen.last.claims, 3);
    assert_int_equal(seen.last.confidence, 90);
    assert_string_equal(seen.kind, "strong");
    assert_ok(ent_store_get(s, &k, seen.last.id, NOW));
    assert_string_equal(k.obs.text, "198.51.100.3");
    assert_int_equal(k.claims, 3);
    assert_err(ent_store_get(s, &k, 999, 0), ENT_E_NOTFOUND);
    ent_store_close(s);
}

/* TLP is a border: what one claim holds back is not let out by the filter, and a repeated row never
 * widens it. */
static void test_filters(void **state)
{
    struct ent_store *s;
    (void)state;
    assert_ok(ent_store_open(&s, NULL, ":memory:"));
    struct ent_indicator red = indicator("evil.com"), expired = indicator("old.com");
    struct ent_indicator future = indicator("new.com"), ip = indicator("198.51.100.3");
    red.tlp = ENT_TLP_RED;
    expired.valid_until = NOW;
    future.valid_from = NOW + 1;
    (void)put(s, &red, "one");
    (void)put(s, &expired, "one");
    (void)put(s, &future, "one");
    (void)put(s, &ip, "one");
    assert_int_equal(walk(s, (struct ent_known_filter){.at = NOW}).n, 2);
    assert_int_equal(walk(s, (struct ent_known_filter){.at = NOW + 1}).n, 3);
    assert_int_equal(walk(s, (struct ent_known_filter){.at = NOW - 1}).n, 3);
    assert_int_equal(walk(s, (struct ent_known_filter){.at = NOW, .max_tlp = ENT_TLP_GREEN}).n, 1);
    red.tlp = ENT_TLP_CLEAR;
    (void)put(s, &red, "one");
    assert_int_equal(walk(s, (struct ent_known_filter){.at = NOW, .max_tlp = ENT_TLP_AMBER}).n, 1);
    (void)put(s, &red, "two"); /* another source may say it openly */
    assert_int_equal(walk(s, (struct ent_known_filter){.at = NOW, .max_tlp = ENT_TLP_AMBER}).n, 2);
    struct seen seen =
        walk(s, (struct ent_known_filter){.at = NOW, .types = ENT_OBS_BIT(ENT_OBS_DOMAIN)});
    assert_int_equal(seen.n, 1);
    assert_string_equal(seen.text[0], "evil.com");
    assert_string_equal(seen.source, "one"); /* equal confidence: the older source */
    ent_store_close(s);
}

/* Each line "source tlp day value confidence". */
static enum ent_err note_line(void *ctx, const struct ent_known *k)
{
    return ent_buf_printf(ctx, "%.*s %d %d %s %d\n", (int)k->source.n, (const char *)k->source.p,
                          (int)k->tlp, (int)(k->first_import / 86400 - NOW / 86400), k->obs.text,
                          k->confidence);
}

static void put_at(struct ent_store *s, const char *source, const char *text, enum ent_tlp tlp,
                   int confidence, int day, const char *id)
{
    static const struct ent_odds nothing;
    struct ent_indicator ind = indicator(text);
    enum ent_put ret;
    ind.tlp = tlp;
    ind.confidence = confidence;
    ind.id = ent_slice_str(id);
    assert_ok(ent_store_begin(s));
    assert_ok(ent_store_put(s, &ret, &ind, ent_slice_str(source), NOW + day * 86400));
    assert_ok(ent_store_judge(s, ent_slice_str(source), &nothing, false));
    assert_ok(ent_store_commit(s));
}

/* Each source for itself, under each of its markings and on each day; and nothing narrower than the
 * door goes with what is wider. */
static void test_by_source(void **state)
{
    struct ent_store *s;
    struct ent_buf b;
    uint64_t held = 77;
    (void)state;
    ent_buf_init(&b, 4096);
    assert_ok(ent_store_open(&s, NULL, ":memory:"));
    put_at(s, "two", "a.com", ENT_TLP_GREEN, 10, 1, "");
    put_at(s, "one", "b.com", ENT_TLP_AMBER, 20, 1, "");
    put_at(s, "one", "a.com", ENT_TLP_GREEN, 30, 1, "x");
    put_at(s, "one", "a.com", ENT_TLP_GREEN, 40, 1, "y"); /* the better one of the two */
    put_at(s, "one", "a.com", ENT_TLP_GREEN, 50, 0, "z");
    put_at(s, "one", "a.com", ENT_TLP_AMBER, 60, 0, "w");
    put_at(s, "one", "c.com", ENT_TLP_GREEN, 70, 1, "");
    put_at(s, "one", "c.com", ENT_TLP_GREEN, 70, 2, ""); /* said again is not said first */
    struct ent_known_filter f = {.by_source = true, .narrower = &held};
    assert_ok(ent_store_each(s, &f, note_line, &b));
    assert_ok(ent_buf_putc(&b, '\0'));
    assert_string_equal((const char *)b.p, "two 2 1 a.com 10\n"
                                           "one 2 0 a.com 50\none 2 1 a.com 40\none 2 1 c.com 70\n"
                                           "one 3 0 a.com 60\none 3 1 b.com 20\n");
    assert_int_equal(held, 0);
    ent_buf_clear(&b);
    f.max_tlp = ENT_TLP_GREEN;
    f.source = ENT_SLICE_LIT("one");
    assert_ok(ent_store_each(s, &f, note_line, &b));
    assert_ok(ent_buf_putc(&b, '\0'));
    assert_string_equal((const char *)b.p,
                        "one 2 0 a.com 50\none 2 1 a.com 40\none 2 1 c.com 70\n");
    assert_int_equal(held, 2);
    f.source = ENT_SLICE_LIT("three");
    ent_buf_clear(&b);
    assert_ok(ent_store_each(s, &f, note_line, &b));
    assert_int_equal(b.n + held, 0);
    f.source = ENT_SLICE_LIT("");
    struct seen cut = {.stop_at = 2};
    assert_err(ent_store_each(s, &f, note, &cut), ENT_E_INTERRUPTED);
    assert_int_equal(cut.n, 2);
    ent_buf_release(&b);
    ent_store_close(s);
}

/* One door for everything: the best claim that may pass it stands for the observable, what has none
 * is held back and counted, and what another filter drops is not. */
static void test_door(void **state)
{
    struct ent_store *s;
    uint64_t held = 77;
    (void)state;
    assert_ok(ent_store_open(&s, NULL, ":memory:"));
    struct ent_indicator ind = indicator("evil.com"), red = indicator("red.com");
    struct ent_indicator old = indicator("old.com");
    ind.tlp = ENT_TLP_AMBER;
    ind.confidence = 90;
    (void)put(s, &ind, "strict");
    ind.tlp = ENT_TLP_GREEN;
    ind.confidence = 10;
    ind.id = ENT_SLICE_LIT("indicator--1");
    ind.valid_from = NOW - 5;
    (void)put(s, &ind, "open");
    red.tlp = old.tlp = ENT_TLP_RED;
    old.valid_until = NOW - 1;
    (void)put(s, &red, "strict");
    (void)put(s, &old, "strict");
    struct ent_known_filter f = {.at = NOW, .max_tlp = ENT_TLP_GREEN, .narrower = &held};
    struct seen seen = walk(s, f);
    assert_int_equal(seen.n, 1);
    assert_int_equal(held, 1);
    assert_string_equal(seen.source, "open");
    assert_int_equal(seen.last.confidence, 10);
    assert_int_equal(seen.last.claims, 1);
    assert_int_equal(seen.last.valid_from, NOW - 5);
    assert_int_equal(seen.last.ext_id.n, strlen("indicator--1"));
    f.max_tlp = 0;
    seen = walk(s, f);
    assert_int_equal(seen.n, 2);
    assert_int_equal(held, 0);
    f.source = ENT_SLICE_LIT("open");
    assert_int_equal(walk(s, f).n, 1);
    f.source = ENT_SLICE_LIT("ope");
    assert_int_equal(walk(s, f).n, 0);
    f = (struct ent_known_filter){.at = NOW, .min_confidence = 11, .max_tlp = ENT_TLP_GREEN};
    assert_int_equal(walk(s, f).n, 0);
    f.min_confidence = 10;
    assert_int_equal(walk(s, f).n, 1);
    f.since = seen.last.first_import;
    assert_int_equal(walk(s, f).n, 1);
    f.since++;
    assert_int_equal(walk(s, f).n, 0);
    ent_store_close(s);
}

/* A claim is as young as its source's last word, not as its first; each source for itself. */
static void test_renewed(void **state)
{
    struct ent_store *s;
    struct ent_indicator ind = indicator("evil.com");
    struct ent_known_filter f = {.at = NOW, .renewed = NOW};
    enum ent_put how;
    (void)state;
    assert_ok(ent_store_open(&s, NULL, ":memory:"));
    assert_ok(ent_store_begin(s));
    assert_ok(ent_store_put(s, &how, &ind, ENT_SLICE_LIT("a"), NOW - 2));
    assert_ok(ent_store_put(s, &how, &ind, ENT_SLICE_LIT("b"), NOW - 1));
    assert_ok(ent_store_commit(s));
    assert_int_equal(walk(s, f).n, 0);
    f.renewed = NOW - 1;
    struct seen seen = walk(s, f);
    assert_int_equal(seen.n, 1);
    assert_string_equal(seen.source, "b");
    assert_int_equal(seen.last.claims, 1);
    assert_ok(ent_store_begin(s));
    assert_ok(ent_store_put(s, &how, &ind, ENT_SLICE_LIT("a"), NOW));
    assert_ok(ent_store_commit(s));
    f.renewed = NOW;
    seen = walk(s, f);
    assert_int_equal(seen.n, 1);
    assert_string_equal(seen.source, "a");
    f.since = NOW - 1; /* both at once: that one is not new */
    assert_int_equal(walk(s, f).n, 0);
    ent_store_close(s);
}

static void test_may_pass(void **state)
{
    (void)state;
    for (int mark = -1; mark <= 7; mark++)
        for (int door = -1; door <= 7; door++)
            assert_int_equal(ent_tlp_may_pass((enum ent_tlp)mark, (enum ent_tlp)door),
                             mark >= 1 && door >= 1 && door <= 5 && mark <= door);
}

/* What a source took back is dead whenever it was said; what others said is not. */
static void test_revoked(void **state)
{
    struct ent_store *s;
    struct ent_known k;
    (void)state;
    assert_ok(ent_store_open(&s, NULL, ":memory:"));
    struct ent_indicator a = indicator("a.com"), b = indicator("b.com"), plain = indicator("c.com");
    a.id = b.id = ENT_SLICE_LIT("indicator--1");
    (void)put(s, &a, "one");
    (void)put(s, &a, "two");
    (void)put(s, &plain, "one");
    uint64_t id = walk(s, (struct ent_known_filter){.types = ENT_OBS_ALL}).last.id;
    assert_ok(ent_store_begin(s));
    assert_ok(ent_store_revoke(s, ENT_SLICE_LIT("one"), a.id));
    assert_ok(ent_store_revoke(s, ENT_SLICE_LIT("one"), a.id)); /* fine twice */
    assert_ok(ent_store_revoke(s, ENT_SLICE_LIT("nobody"), ENT_SLICE_LIT("indicator--9")));
    assert_err(ent_store_revoke(s, ENT_SLICE_LIT("one"), ENT_SLICE_LIT("")), ENT_E_FORMAT);
    assert_ok(ent_store_commit(s));
    (void)put(s, &b, "one"); /* an older version of the same indicator */
    assert_int_equal(put(s, &a, "one"), ENT_PUT_SAME);
    struct seen seen = walk(s, (struct ent_known_filter){.at = NOW});
    assert_int_equal(seen.n, 2);
    assert_string_equal(seen.text[0], "a.com");
    assert_string_equal(seen.text[1], "c.com");
    assert_int_equal(walk(s, (struct ent_known_filter){.at = 0}).n, 2);
    assert_ok(ent_store_get(s, &k, id - 1, NOW));
    assert_int_equal(k.claims, 1);
    assert_true(ent_slice_eq(k.source, ENT_SLICE_LIT("two")));
    assert_ok(ent_store_begin(s));
    assert_ok(ent_store_revoke(s, ENT_SLICE_LIT("two"), a.id));
    assert_ok(ent_store_commit(s));
    assert_err(ent_store_get(s, &k, id - 1, NOW), ENT_E_NOTFOUND);
    assert_err(ent_store_get(s, &k, id - 1, 0), ENT_E_NOTFOUND);
    ent_store_close(s);
}

/* The best claim of those valid at that time, and until when it is. */
static void test_validity_of_one(void **state)
{
    struct ent_store *s;
    struct ent_known k;
    (void)state;
    assert_ok(ent_store_open(&s, NULL, ":memory:"));
    struct ent_indicator strong = indicator("a.com"), weak = strong;
    strong.confidence = 90;
    strong.valid_until = NOW + 10;
    weak.confidence = 10;
    weak.valid_from = NOW - 10;
    weak.valid_until = NOW + 20;
    (void)put(s, &strong, "one");
    (void)put(s, &weak, "two");
    assert_ok(ent_store_get(s, &k, 1, NOW));
    assert_int_equal(k.confidence, 90);
    assert_int_equal(k.valid_until, NOW + 10);
    assert_int_equal(k.claims, 2);
    assert_ok(ent_store_get(s, &k, 1, NOW + 10));
    assert_int_equal(k.confidence, 10);
    assert_int_equal(k.claims, 1);
    assert_err(ent_store_get(s, &k, 1, NOW + 20), ENT_E_NOTFOUND);
    assert_ok(ent_store_get(s, &k, 1, 0));
    assert_int_equal(k.claims, 2);
    assert_ok(ent_store_get(s, &k, 1, NOW - 11)); /* said without a beginning */
    assert_int_equal(k.claims, 1);
    ent_store_close(s);
}

/* A store of the version before is brought up to date where it lies; one of a later version is left
 * alone. */
static void test_versions(void **state)
{
    static const char *const later = "PRAGMA user_version = 99";
    struct ent_store *s;
    struct ent_diag d = {0};
    char path[256];
    sqlite3 *db = NULL;
    (void)state;
    assert_ok(ent_path_join(path, sizeof(path), ent_t_tmpdir(), "old.db"));
    assert_ok(ent_store_open(&s, NULL, path));
    struct ent_indicator ind = indicator("a.com");
    (void)put(s, &ind, "one");
    ent_store_close(s);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(db, "DROP TABLE revoked; PRAGMA user_version = 1", NULL, NULL, NULL),
        SQLITE_OK);
    (void)sqlite3_close(db);
    assert_ok(ent_store_open(&s, NULL, path));
    assert_int_equal(walk(s, (struct ent_known_filter){.at = NOW}).n, 1);
    ent_store_close(s);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, later, NULL, NULL, NULL), SQLITE_OK);
    (void)sqlite3_close(db);
    assert_err(ent_store_open(&s, &d, path), ENT_E_UNSUPPORTED);
    assert_string_equal(d.text, "written by a newer version of entente");
}

static void test_order_and_early_end(void **state)
{
    static const char *const in[] = {"b.com", "198.51.100.9", "a.com", "198.51.100.10",
                                     "https://a.com/x"};
    struct ent_store *s;
    (void)state;
    assert_ok(ent_store_open(&s, NULL, ":memory:"));
    for (size_t i = 0; i < 5; i++) {
        struct ent_indicator ind = indicator(in[i]);
        (void)put(s, &ind, "one");
    }
    struct ent_indicator again = indicator(in[1]);
    (void)put(s, &again, "two"); /* stays where it is, and is told of once */
    struct seen seen = walk(s, (struct ent_known_filter){.at = NOW});
    assert_int_equal(seen.n, 5);
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(seen.text[i], in[i]);
    struct seen cut = {.stop_at = 2};
    const struct ent_known_filter f = {.at = NOW};
    assert_err(ent_store_each(s, &f, note, &cut), ENT_E_INTERRUPTED);
    assert_int_equal(cut.n, 2);
    ent_store_close(s);
}

static void path_of(char path[static 256], const char *name)
{
    assert_ok(ent_path_join(path, 256, ent_t_tmpdir(), name));
}

static void test_an_import_is_there_whole_or_not_at_all(void **state)
{
    struct ent_store *s;
    char path[256];
    enum ent_put p;
    (void)state;
    path_of(path, "a.db");
    assert_ok(ent_store_open(&s, NULL, path));
    struct ent_indicator ind = indicator("198.51.100.3");
    assert_ok(ent_store_begin(s));
    assert_ok(ent_store_put(s, &p, &ind, ENT_SLICE_LIT("one"), NOW));
    ent_store_rollback(s);
    ent_store_rollback(s); /* fine twice */
    assert_int_equal(walk(s, (struct ent_known_filter){.at = NOW}).n, 0);
    (void)put(s, &ind, "one");
    ent_store_close(s);
    assert_ok(ent_store_open(&s, NULL, path));
    assert_int_equal(walk(s, (struct ent_known_filter){.at = NOW}).n, 1);
    ent_store_close(s);
    ent_store_close(NULL);
}

static void test_files_that_are_no_stores(void **state)
{
    static const char foreign[] = "SQLite format 3";
    struct ent_store *s;
    struct ent_diag d = {0};
    char path[256];
    (void)state;
    path_of(path, "junk.db");
    assert_ok(ent_file_write(path, ENT_SLICE_LIT("this is no database, and long enough to tell"),
                             0600, NULL));
    assert_err(ent_store_open(&s, &d, path), ENT_E_FORMAT);
    assert_string_equal(d.text, "not a store, or damaged");
    assert_ok(ent_file_write(path, ent_slice(foreign, sizeof(foreign)), 0600, NULL));
    assert_err(ent_store_open(&s, &d, path), ENT_E_FORMAT);
    path_of(path, "no/such.db");
    assert_err(ent_store_open(&s, &d, path), ENT_E_NOTFOUND);
    assert_string_equal(d.text, "cannot open the store");
}

static void test_budgets(void **state)
{
    struct ent_store *s;
    uint64_t spent = 1;
    (void)state;
    assert_ok(ent_store_open(&s, NULL, ":memory:"));
    assert_ok(ent_store_spent(s, &spent, "alpha", ENT_THEY_ASK, 7));
    assert_int_equal(spent, 0);
    assert_ok(ent_store_charge(s, "alpha", ENT_THEY_ASK, 7, 60, 100));
    assert_ok(ent_store_charge(s, "alpha", ENT_THEY_ASK, 7, 40, 100));
    assert_err(ent_store_charge(s, "alpha", ENT_THEY_ASK, 7, 1, 100), ENT_E_POLICY);
    assert_err(ent_store_charge(s, "alpha", ENT_THEY_ASK, 7, UINT64_MAX, 100), ENT_E_POLICY);
    assert_ok(ent_store_charge(s, "alpha", ENT_THEY_ASK, 8, 1, 100)); /* another period */
    assert_ok(ent_store_charge(s, "alpha", ENT_WE_ASK, 7, 1, 100));
    assert_ok(ent_store_charge(s, "beta", ENT_THEY_ASK, 7, 1, 100));
    assert_ok(ent_store_spent(s, &spent, "alpha", ENT_THEY_ASK, 7));
    assert_int_equal(spent, 100);
    ent_store_close(s);
}

static void test_facts(void **state)
{
    struct ent_store *s;
    struct ent_buf b;
    (void)state;
    ent_buf_init(&b, 100);
    assert_ok(ent_store_open(&s, NULL, ":memory:"));
    assert_err(ent_store_fact(s, &b, "k"), ENT_E_NOTFOUND);
    assert_ok(ent_store_set_fact(s, "k", ENT_SLICE_LIT("one")));
    assert_ok(ent_store_set_fact(s, "k", ENT_SLICE_LIT("two")));
    assert_ok(ent_store_fact(s, &b, "k"));
    assert_true(ent_slice_eq(ent_buf_slice(&b), ENT_SLICE_LIT("two")));
    assert_ok(ent_store_advance(s, "seq", 5));
    assert_err(ent_store_advance(s, "seq", 5), ENT_E_STATE);
    assert_err(ent_store_advance(s, "seq", 4), ENT_E_STATE);
    assert_ok(ent_store_advance(s, "seq", 10)); /* as a number, not as text */
    assert_err(ent_store_advance(s, "seq", 9), ENT_E_STATE);
    assert_err(ent_store_advance(s, "seq", UINT64_MAX), ENT_E_LIMIT);
    ent_buf_release(&b);
    ent_store_close(s);
}

/* Random puts against a list that is searched from end to end. */
static void test_against_a_naive_model(void **state)
{
    struct {
        char text[32];
        int source;
    } model[400];
    size_t n = 0;
    struct ent_store *s;
    (void)state;
    assert_ok(ent_store_open(&s, NULL, ":memory:"));
    assert_ok(ent_store_begin(s));
    for (int i = 0; i < 400; i++) {
        char text[32], source[8];
        int from = (int)ent_t_below(3);
        bool known = false, same = false;
        enum ent_put got;
        (void)snprintf(text, sizeof(text), "198.51.100.%d", (int)ent_t_below(100));
        (void)snprintf(source, sizeof(source), "s%d", from);
        for (size_t k = 0; k < n; k++) {
            known |= strcmp(model[k].text, text) == 0;
            same |= strcmp(model[k].text, text) == 0 && model[k].source == from;
        }
        struct ent_indicator ind = indicator(text);
        assert_ok(ent_store_put(s, &got, &ind, ent_slice_str(source), NOW));
        assert_int_equal(got, same ? ENT_PUT_SAME : known ? ENT_PUT_CLAIM : ENT_PUT_NEW);
        if (!same) {
            memcpy(model[n].text, text, sizeof(text));
            model[n++].source = from;
        }
    }
    assert_ok(ent_store_commit(s));
    uint64_t count[ENT_OBS_TYPES], claims;
    assert_ok(ent_store_count(s, count, &claims));
    assert_int_equal(claims, n);
    ent_store_close(s);
}

/* --- what an image is made of ------------------------------------------------------------------
 */

static struct ent_mark16 mark_of(struct ent_store *s)
{
    struct ent_mark16 m;
    assert_ok(ent_store_mark(s, &m));
    return m;
}

static bool same_mark(struct ent_mark16 a, struct ent_mark16 b)
{
    return memcmp(a.b, b.b, sizeof(a.b)) == 0;
}

/* Other indicators, another mark; everything else leaves it. */
static void test_mark(void **state)
{
    struct ent_indicator ind = indicator("198.51.100.1");
    const struct ent_mark16 none = {{0}};
    struct ent_store *s;
    enum ent_put ignored;
    (void)state;
    assert_ok(ent_store_open(&s, NULL, ":memory:"));
    assert_true(same_mark(mark_of(s), none));
    (void)put(s, &ind, "a");
    struct ent_mark16 first = mark_of(s);
    assert_false(same_mark(first, none));
    assert_ok(ent_store_begin(s));
    assert_ok(ent_store_put(s, &ignored, &ind, ENT_SLICE_LIT("b"), NOW));
    ent_store_rollback(s);
    assert_ok(ent_store_charge(s, "partner", ENT_WE_ASK, 1, 5, 10));
    assert_ok(ent_store_set_fact(s, "x", ENT_SLICE_LIT("y")));
    assert_true(same_mark(mark_of(s), first));
    (void)put(s, &ind, "b");
    assert_false(same_mark(mark_of(s), first));
    first = mark_of(s);
    (void)put(s, &ind, "b"); /* its validity may have changed */
    assert_false(same_mark(mark_of(s), first));
    first = mark_of(s);
    assert_ok(ent_store_set_fact(s, "indicators/mark", ENT_SLICE_LIT("not a mark")));
    assert_err(ent_store_mark(s, &first), ENT_E_FORMAT);
    ent_store_close(s);
}

struct compiled {
    char text[8][64];
    uint64_t id[8];
    size_t n, stop_at;
};

static enum ent_err keep(void *ctx, uint64_t id, const struct ent_observable *o)
{
    struct compiled *c = ctx;
    (void)snprintf(c->text[c->n], sizeof(c->text[0]), "%.63s", o->text);
    c->id[c->n++] = id;
    return c->n == c->stop_at ? ENT_E_INTERRUPTED : ENT_OK;
}

static void test_compile(void **state)
{
    struct ent_indicator ind[4] = {indicator("198.51.100.1"), indicator("evil.example"),
                                   indicator("198.51.100.2"), indicator("198.51.100.3")};
    struct compiled c = {.n = 0}, first = {.stop_at = 1};
    struct ent_store *s;
    (void)state;
    ind[1].valid_until = NOW;     /* over */
    ind[2].valid_from = NOW + 10; /* not yet */
    ind[3].valid_until = NOW + 1;
    assert_ok(ent_store_open(&s, NULL, ":memory:"));
    for (size_t i = 0; i < 4; i++) {
        (void)put(s, &ind[i], "a");
        (void)put(s, &ind[i], "b");
    }
    assert_ok(ent_store_compile(s, NOW, keep, &c));
    assert_int_equal(c.n, 3);
    assert_string_equal(c.text[0], "198.51.100.1");
    assert_string_equal(c.text[1], "198.51.100.2");
    assert_string_equal(c.text[2], "198.51.100.3");
    assert_true(c.id[0] < c.id[1] && c.id[1] < c.id[2]);
    for (size_t i = 0; i < c.n; i++) {
        struct ent_known k;
        assert_ok(ent_store_get(s, &k, c.id[i], 0));
        assert_string_equal(k.obs.text, c.text[i]);
    }
    assert_err(ent_store_compile(s, NOW, keep, &first), ENT_E_INTERRUPTED);
    assert_int_equal(first.n, 1);
    ind[1].valid_until = 0; /* one claim of two is enough */
    (void)put(s, &ind[1], "b");
    c.n = 0;
    assert_ok(ent_store_compile(s, NOW, keep, &c));
    assert_int_equal(c.n, 4);
    ent_store_close(s);
}

/* Another process, from before this one has the store open: opens it and closes it when told to;
 * with 'r' it says besides whether the observable is there. */
static void other(int from, int to, const char *path)
{
    struct ent_observable o;
    char c;
    while (read(from, &c, 1) == 1) {
        struct ent_store *s;
        uint64_t id;
        if (ent_observable_parse(&o, NULL, ENT_SLICE_LIT("198.51.100.7")) != ENT_OK ||
            ent_store_open(&s, NULL, path) != ENT_OK)
            _exit(1);
        c = c == 'r' && ent_store_find(s, &id, &o) == ENT_OK ? 'y' : 'n';
        ent_store_close(s);
        if (write(to, &c, 1) != 1)
            _exit(1);
    }
    _exit(0);
}

static char ask_other(const int *fd, char c)
{
    assert_int_equal(write(fd[1], &c, 1), 1);
    assert_int_equal(read(fd[0], &c, 1), 1);
    return c;
}

/* The locks of POSIX are a process's, and gone when it closes the file anywhere: were the file
 * opened beside SQLite, another process would take itself for the last one and put away the log
 * that this one still writes to. */
static void test_two_connections(void **state)
{
    struct ent_store *s, *second;
    struct ent_indicator ind = indicator("198.51.100.7");
    char path[4096];
    int to[2], from[2];
    (void)state;
    (void)snprintf(path, sizeof(path), "%s/two.db", ent_t_tmpdir());
    assert_int_equal(pipe(to), 0);
    assert_int_equal(pipe(from), 0);
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)close(to[1]);
        other(to[0], from[1], path);
    }
    const int fd[2] = {from[0], to[1]};
    assert_ok(ent_store_open(&s, NULL, path));
    assert_ok(ent_store_open(&second, NULL, path));
    assert_int_equal(ask_other(fd, 'o'), 'n');
    (void)put(s, &ind, "a");
    assert_int_equal(ask_other(fd, 'r'), 'y');
    ent_store_close(second);
    assert_int_equal(ask_other(fd, 'r'), 'y');
    ent_store_close(s);
    (void)close(to[1]);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    (void)close(from[0]);
    (void)close(from[1]);
    (void)close(to[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_observable_many_claims),
        cmocka_unit_test(test_filters),
        cmocka_unit_test(test_by_source),
        cmocka_unit_test(test_door),
        cmocka_unit_test(test_renewed),
        cmocka_unit_test(test_may_pass),
        cmocka_unit_test(test_revoked),
        cmocka_unit_test(test_validity_of_one),
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_order_and_early_end),
        cmocka_unit_test(test_an_import_is_there_whole_or_not_at_all),
        cmocka_unit_test(test_files_that_are_no_stores),
        cmocka_unit_test(test_budgets),
        cmocka_unit_test(test_facts),
        cmocka_unit_test(test_against_a_naive_model),
        cmocka_unit_test(test_mark),
        cmocka_unit_test(test_compile),
        cmocka_unit_test(test_two_connections),
    };
    return ent_t_run("store", tests);
}
