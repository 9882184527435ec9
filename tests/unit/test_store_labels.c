/* test_store_labels.c: labels in the store: kept as sets, filtered by, and added to stores that
 * were made before there were any. */
#include "tests/support/t.h"

#include "store/store.h"

#include <sqlite3.h>

#define NOW 1534723200

static void put(struct ent_store *s, const char *text, const char *source, const char *labels)
{
    struct ent_indicator ind = {
        .tlp = ENT_TLP_GREEN, .confidence = 50, .labels = ent_slice_str(labels)};
    enum ent_put ignored;
    assert_ok(ent_observable_parse(&ind.obs, NULL, ent_slice_str(text)));
    assert_ok(ent_store_put(s, &ignored, &ind, ent_slice_str(source), NOW));
}

struct told {
    char text[4096];
};

static void say(struct told *t, const struct ent_observable *o, struct ent_slice source,
                struct ent_slice labels)
{
    size_t n = strlen(t->text);
    n += (size_t)snprintf(t->text + n, sizeof(t->text) - n, "%s/%.*s{", o->text, (int)source.n,
                          (const char *)source.p);
    while (labels.n > 0) {
        struct ent_slice label = ent_labels_next(&labels);
        n += (size_t)snprintf(t->text + n, sizeof(t->text) - n, "%.*s;", (int)label.n,
                              (const char *)label.p);
    }
    (void)snprintf(t->text + n, sizeof(t->text) - n, "} ");
}

static enum ent_err tell_known(void *ctx, const struct ent_known *k)
{
    say(ctx, &k->obs, k->source, k->labels);
    return ENT_OK;
}

static enum ent_err tell_claim(void *ctx, const struct ent_claim *c)
{
    say(ctx, &c->obs, c->source, c->labels);
    return ENT_OK;
}

static const char *known(struct ent_store *s, const char *tag, const char *source)
{
    static struct told t;
    const struct ent_known_filter f = {
        .at = NOW, .tag = ent_slice_str(tag), .source = ent_slice_str(source)};
    t = (struct told){.text = ""};
    assert_ok(ent_store_each(s, &f, tell_known, &t));
    return t.text;
}

static const char *claims(struct ent_store *s, const char *tag)
{
    static struct told t;
    const struct ent_claim_filter f = {.tag = ent_slice_str(tag)};
    t = (struct told){.text = ""};
    assert_ok(ent_store_claims(s, &f, tell_claim, &t));
    return t.text;
}

static int64_t count(const char *path, const char *what)
{
    sqlite3 *db;
    sqlite3_stmt *st;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, what, -1, &st, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    int64_t n = sqlite3_column_int64(st, 0);
    (void)sqlite3_finalize(st);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return n;
}

static void exec(const char *path, const char *sql)
{
    sqlite3 *db;
    char *why = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
        print_error("%s\n", why);
    assert_null(why);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static const char *new_path(void)
{
    static char path[4096];
    static unsigned n;
    (void)snprintf(path, sizeof(path), "%s/store%u.db", ent_t_tmpdir(), n++);
    return path;
}

/* A million claims with the same tags cost one row. */
static void test_sets(void **state)
{
    const char *path = new_path();
    struct ent_store *s;
    (void)state;
    assert_ok(ent_store_open(&s, NULL, path));
    assert_ok(ent_store_begin(s));
    put(s, "a.com", "one", "apt\nc2");
    put(s, "b.com", "one", "apt\nc2");
    put(s, "c.com", "one", "c2");
    put(s, "d.com", "one", "");
    put(s, "b.com", "two", "apt\nc2");
    put(s, "d.com", "two", "apt\nc2");
    assert_ok(ent_store_commit(s));
    assert_string_equal(known(s, "", ""),
                        "a.com/one{apt;c2;} b.com/one{apt;c2;} c.com/one{c2;} d.com/one{} ");
    put(s, "a.com", "one", "new"); /* what is said last counts, as of the other words */
    assert_string_equal(known(s, "", "one"),
                        "a.com/one{new;} b.com/one{apt;c2;} c.com/one{c2;} d.com/one{} ");
    ent_store_close(s);
    assert_int_equal(count(path, "SELECT count(*) FROM labels"), 3);
    assert_int_equal(count(path, "SELECT count(*) FROM label_of"), 4);
}

/* A set that was undone with its transaction is not referred to afterwards. */
static void test_undone(void **state)
{
    const char *path = new_path();
    struct ent_store *s;
    (void)state;
    assert_ok(ent_store_open(&s, NULL, path));
    assert_ok(ent_store_begin(s));
    put(s, "a.com", "one", "apt");
    ent_store_rollback(s);
    assert_ok(ent_store_begin(s));
    put(s, "z.com", "one", "other");
    put(s, "a.com", "one", "apt");
    assert_ok(ent_store_commit(s));
    assert_string_equal(known(s, "", ""), "z.com/one{other;} a.com/one{apt;} ");
    assert_string_equal(known(s, "apt", ""), "a.com/one{apt;} ");
    ent_store_close(s);
    assert_int_equal(count(path, "SELECT count(*) FROM claim c WHERE labels NOT IN (SELECT id FROM"
                                 " labels)"),
                     0);
}

static void test_filter(void **state)
{
    struct ent_store *s;
    uint64_t id;
    struct ent_observable o;
    (void)state;
    assert_ok(ent_store_open(&s, NULL, ":memory:"));
    put(s, "a.com", "one", "apt\nc2");
    put(s, "a.com", "two", "other");
    put(s, "b.com", "one", "c2");
    put(s, "c.com", "one", "");
    assert_ok(ent_observable_parse(&o, NULL, ENT_SLICE_LIT("c.com")));
    assert_ok(ent_store_find(s, &id, &o));
    assert_ok(ent_store_tag(s, id, ENT_SLICE_LIT("apt"), NOW));
    assert_string_equal(known(s, "apt", ""), "a.com/one{apt;c2;} c.com/one{} ");
    assert_string_equal(known(s, "other", ""), "a.com/two{other;} ");
    assert_string_equal(known(s, "other", "one"), "");
    assert_string_equal(claims(s, "apt"), "c.com/one{} a.com/one{apt;c2;} ");
    /* whole labels, and their case counts */
    assert_string_equal(known(s, "ap", ""), "");
    assert_string_equal(known(s, "APT", ""), "");
    assert_string_equal(known(s, "apt\nc2", ""), "");
    assert_string_equal(claims(s, "Other"), "");
    ent_store_close(s);
}

/* More than an indicator may have is no set, and a mistake of the caller. */
static void test_too_long(void **state)
{
    char labels[ENT_LABELS_BYTES + 1];
    struct ent_store *s;
    struct ent_indicator ind = {.tlp = ENT_TLP_GREEN, .labels = ent_slice(labels, sizeof(labels))};
    enum ent_put ignored;
    (void)state;
    memset(labels, 'x', sizeof(labels));
    assert_ok(ent_observable_parse(&ind.obs, NULL, ENT_SLICE_LIT("a.com")));
    assert_ok(ent_store_open(&s, NULL, ":memory:"));
    assert_err(ent_store_put(s, &ignored, &ind, ENT_SLICE_LIT("one"), NOW), ENT_E_LIMIT);
    ind.labels.n--;
    assert_ok(ent_store_put(s, &ignored, &ind, ENT_SLICE_LIT("one"), NOW));
    ent_store_close(s);
}

/* --- stores of version 3 ------------------------------------------------------------------------
 */

#define VERSION_3                                                                                  \
    "PRAGMA application_id = 1164866661;"                                                          \
    "CREATE TABLE observable (id INTEGER PRIMARY KEY, type INTEGER NOT NULL, value TEXT NOT NULL," \
    " UNIQUE (type, value));"                                                                      \
    "CREATE TABLE source (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);"                     \
    "CREATE TABLE context (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, text TEXT NOT NULL,"        \
    " UNIQUE (kind, text));"                                                                       \
    "CREATE TABLE claim (observable INTEGER NOT NULL REFERENCES observable, source INTEGER NOT"    \
    " NULL REFERENCES source, ext_id TEXT NOT NULL, tlp INTEGER NOT NULL, confidence INTEGER NOT"  \
    " NULL, valid_from INTEGER NOT NULL, valid_until INTEGER NOT NULL, context INTEGER NOT NULL"   \
    " REFERENCES context, first_import INTEGER NOT NULL, last_import INTEGER NOT NULL,"            \
    " PRIMARY KEY (observable, source, ext_id)) WITHOUT ROWID;"                                    \
    "CREATE TABLE budget (partner TEXT NOT NULL, direction INTEGER NOT NULL, period INTEGER NOT"   \
    " NULL, items INTEGER NOT NULL, PRIMARY KEY (partner, direction, period)) WITHOUT ROWID;"      \
    "CREATE TABLE fact (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"                 \
    "CREATE TABLE revoked (source INTEGER NOT NULL REFERENCES source, ext_id TEXT NOT NULL,"       \
    " PRIMARY KEY (source, ext_id)) WITHOUT ROWID;"                                                \
    "CREATE TABLE place (place BLOB NOT NULL, observable INTEGER NOT NULL REFERENCES observable,"  \
    " PRIMARY KEY (place, observable)) WITHOUT ROWID;"                                             \
    "CREATE TABLE decision (observable INTEGER NOT NULL REFERENCES observable, source INTEGER NOT" \
    " NULL REFERENCES source, until INTEGER NOT NULL, decided INTEGER NOT NULL, PRIMARY KEY"       \
    " (observable, source)) WITHOUT ROWID;"                                                        \
    "CREATE TABLE tag (observable INTEGER NOT NULL REFERENCES observable, name TEXT NOT NULL,"     \
    " added INTEGER NOT NULL, PRIMARY KEY (observable, name)) WITHOUT ROWID;"                      \
    "INSERT INTO observable VALUES (1, 5, 'a.com'), (2, 5, 'b.com');"                              \
    "INSERT INTO source VALUES (1, 'one'), (2, '@own');"                                           \
    "INSERT INTO context VALUES (1, 'C2', 'says it');"                                             \
    "INSERT INTO claim VALUES (1, 1, 'x', 2, 50, 0, 0, 1, 7, 8), (2, 2, '', 2, -1, 0, 0, 1, 7, "   \
    "8);"                                                                                          \
    "INSERT INTO tag VALUES (2, 'apt', 7);"                                                        \
    "PRAGMA user_version = 3;"

static void test_older_store(void **state)
{
    const char *path = new_path();
    struct ent_store *s;
    (void)state;
    exec(path, VERSION_3);
    assert_ok(ent_store_open(&s, NULL, path));
    /* who had the name that is this member's now keeps his claims, under another */
    assert_string_equal(known(s, "", ""), "a.com/one{} b.com/@own (2){} ");
    assert_string_equal(known(s, "apt", ""), "b.com/@own (2){} ");
    put(s, "a.com", "one", "late");
    put(s, "c.com", "one", "late");
    assert_string_equal(known(s, "late", ""), "a.com/one{late;} c.com/one{late;} ");
    ent_store_close(s);
    assert_int_equal(count(path, "PRAGMA user_version"), 7);
    assert_int_equal(count(path, "SELECT last_import FROM claim WHERE ext_id = 'x'"), 8);
    assert_ok(ent_store_open(&s, NULL, path)); /* once more, with nothing to do */
    assert_string_equal(known(s, "late", ""), "a.com/one{late;} c.com/one{late;} ");
    ent_store_close(s);
}

/* The same columns in the same order, whichever way a store got them. */
static void test_new_and_older_are_equal(void **state)
{
    static const char columns[] = "SELECT count(*) FROM pragma_table_info('claim') WHERE cid = 10"
                                  " AND name = 'labels' AND \"notnull\" = 1 AND dflt_value = '0'";
    const char *path = new_path();
    struct ent_store *s;
    (void)state;
    assert_ok(ent_store_open(&s, NULL, path));
    ent_store_close(s);
    assert_int_equal(count(path, columns), 1);
    path = new_path();
    exec(path, VERSION_3);
    assert_int_equal(count(path, columns), 0);
    assert_ok(ent_store_open(&s, NULL, path));
    ent_store_close(s);
    assert_int_equal(count(path, columns), 1);
}

/* A change of the tables that fails leaves the store as it was. */
static void test_older_store_that_cannot(void **state)
{
    const char *path = new_path();
    struct ent_diag d = {0};
    struct ent_store *s;
    (void)state;
    exec(path, VERSION_3 "CREATE TRIGGER never BEFORE INSERT ON source BEGIN"
                         " SELECT RAISE(ABORT, 'never'); END;");
    assert_err(ent_store_open(&s, &d, path), ENT_E_IO);
    assert_string_equal(d.text, "cannot create the store");
    assert_int_equal(count(path, "PRAGMA user_version"), 3);
    assert_int_equal(count(path, "SELECT count(*) FROM pragma_table_info('claim')"), 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sets),
        cmocka_unit_test(test_undone),
        cmocka_unit_test(test_filter),
        cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_older_store),
        cmocka_unit_test(test_new_and_older_are_equal),
        cmocka_unit_test(test_older_store_that_cannot),
    };
    return ent_t_run("store_labels", tests);
}
