/* test_stix_gist.c: what is kept of an object for those who do not read it: its form, what it is a
 * hash of, and what was kept before there was any. */
#include "tests/support/feed.h"

#include "node/node.h"

#include <jansson.h>
#include <sqlite3.h>
#include <sys/stat.h>

#define NOW 1534723200

/* --- what it says ------------------------------------------------------------------------------
 */

static bool same(const char *a, const char *b)
{
    struct ent_stix_sayer *sayer;
    uint8_t x[32], y[32];
    assert_ok(ent_stix_sayer_new(&sayer));
    assert_ok(ent_stix_said(sayer, x, ent_slice_str(a)));
    assert_ok(ent_stix_said(sayer, y, ent_slice_str(b))); /* which the first one left nothing to */
    ent_stix_sayer_free(sayer);
    return memcmp(x, y, sizeof(x)) == 0;
}

/* table */
static void test_says_the_same(void **state)
{
    static const struct {
        const char *a, *b;
        bool same;
    } rows[] = {
        {"{\"a\":1,\"b\":[2]}", "{ \"b\":[2],\n\"a\":1}", true},
        {"{\"a\":{\"c\":1,\"b\":null}}", "{\"a\":{\"b\":null,\"c\":1}}", true},
        {"{\"a\":\"\\u00e9\\/\\u0041\"}", "{\"a\":\"\xc3\xa9/A\"}", true},
        {"{\"a\":1.50}", "{\"a\":1.5}", true},
        {"{\"a\":1e2}", "{\"a\":100.0}", true},
        {"{\"a\":-0.0}", "{\"a\":0.0}", true},
        {"{\"a\":-0}", "{\"a\":0}", true},
        {"{}", " { } ", true},
        {"{\"a\":1.0}", "{\"a\":1}", false},
        {"{\"a\":1}", "{\"a\":2}", false},
        {"{\"a\":1}", "{\"a\":\"1\"}", false},
        {"{\"a\":99999999999999999999}", "{\"a\":99999999999999999998}", false},
        {"{\"a\":1e999}", "{\"a\":2e999}", false},
        {"{\"a\":true}", "{\"a\":false}", false},
        {"{\"a\":null}", "{\"a\":false}", false},
        {"{\"a\":null}", "{}", false},
        {"{\"a\":[]}", "{\"a\":{}}", false},
        {"{\"a\":[1,2]}", "{\"a\":[2,1]}", false},
        {"{\"a\":[[1],2]}", "{\"a\":[[1,2]]}", false},
        {"{\"a\":{\"b\":1},\"c\":2}", "{\"a\":{\"b\":1,\"c\":2}}", false},
        {"{\"a\":\"b\",\"c\":\"\"}", "{\"a\":\"\",\"c\":\"b\"}", false},
        {"{\"a\\u0000b\":1}", "{\"a\":1}", false},
        /* which of two members counts is the reader's choice */
        {"{\"a\":1,\"a\":2}", "{\"a\":2,\"a\":1}", false},
        {"{\"a\":1,\"a\":1}", "{\"a\":1}", false},
        /* what is no JSON is itself */
        {"{", "{", true},
        {"{", "{ ", false},
        {"{}x", "{}", false},
        {"", "{}", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (same(rows[i].a, rows[i].b) != rows[i].same)
            print_error("%s and %s\n", rows[i].a, rows[i].b);
        assert_int_equal(same(rows[i].a, rows[i].b), rows[i].same);
    }
}

static json_t *some_value(unsigned depth)
{
    static const char *const texts[] = {"", "a", "b", "\xc3\xa9", "x y", "\"\\"};
    json_t *v;
    switch (ent_t_below(depth == 0 ? 6 : 8)) {
    case 0:
        return json_null();
    case 1:
        return json_boolean(ent_t_below(2));
    case 2:
        return json_integer((json_int_t)ent_t_below(3));
    case 3:
        return json_real((double)ent_t_below(3) / 2);
    case 4:
    case 5:
        return json_string(texts[ent_t_below(6)]);
    case 6:
        v = json_array();
        for (unsigned n = (unsigned)ent_t_below(4); n > 0; n--)
            assert_int_equal(json_array_append_new(v, some_value(depth - 1)), 0);
        return v;
    default:
        v = json_object();
        for (unsigned n = (unsigned)ent_t_below(40) / (4 - depth); n > 0; n--) {
            char key[8];
            (void)snprintf(key, sizeof(key), "k%u", (unsigned)ent_t_below(60));
            assert_int_equal(json_object_set_new(v, key, some_value(depth - 1)), 0);
        }
        return v;
    }
}

/* Against a parser of somebody else, which compares the values. */
static void test_against_jansson(void **state)
{
    static const size_t ways[] = {JSON_COMPACT, JSON_INDENT(3), JSON_SORT_KEYS | JSON_ENSURE_ASCII,
                                  JSON_ESCAPE_SLASH};
    unsigned equal = 0;
    (void)state;
    for (int i = 0; i < 3000; i++) {
        json_t *v = json_pack("{s:o}", "v", some_value(3));
        json_t *w =
            ent_t_below(2) == 0 ? json_deep_copy(v) : json_pack("{s:o}", "v", some_value(1));
        char *a = json_dumps(v, ways[ent_t_below(4)]), *b = json_dumps(w, ways[ent_t_below(4)]);
        assert_true(a != NULL && b != NULL);
        equal += (unsigned)json_equal(v, w);
        if (same(a, b) != (json_equal(v, w) == 1))
            fail_msg("%s and %s", a, b);
        free(a);
        free(b);
        json_decref(v);
        json_decref(w);
    }
    assert_true(equal > 1000 && equal < 2900);
}

/* --- its form ----------------------------------------------------------------------------------
 */

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000\n"

/* table */
static void test_form(void **state)
{
    static const struct {
        const char *text;
        enum ent_err want;
    } rows[] = {
        {ZEROS "\n\n\n\n\n", ENT_OK},
        {ZEROS "2.0\nidentity--1\n2018-08-20T00:00:00Z\na name\nuses\ndomain:a.example\n", ENT_OK},
        {ZEROS "\n\n\n\n\nipv4:1.2.3.4\nurl:http://a.example/:x\n", ENT_OK},
        {"", ENT_E_FORMAT},
        {ZEROS, ENT_E_FORMAT},
        {ZEROS "\n\n\n\n", ENT_E_FORMAT},
        {"A" ZEROS "\n\n\n\n\n", ENT_E_FORMAT},
        {"AA00000000000000000000000000000000000000000000000000000000000000\n\n\n\n\n\n",
         ENT_E_FORMAT},
        {ZEROS "2.1\n\n\n\n\n", ENT_E_FORMAT},
        {ZEROS "\nidentity\n\n\n\n", ENT_E_FORMAT},
        {ZEROS "\n\n\na\tname\n\n", ENT_E_FORMAT},
        {ZEROS "\n\n\n\xff\n\n", ENT_E_FORMAT},
        {ZEROS "\n\n\n\n\ndomain:a.example", ENT_E_FORMAT},
        {ZEROS "\n\n\n\n\ndomain:\n", ENT_E_FORMAT},
        {ZEROS "\n\n\n\n\nname:a.example\n", ENT_E_FORMAT},
        {ZEROS "\n\n\n\n\na.example\n", ENT_E_FORMAT},
        {ZEROS "\n\n\n\n\n\n", ENT_E_FORMAT},
        {ZEROS "\n\n\n\n\ndomain:a\rb\n", ENT_E_FORMAT},
    };
    struct ent_buf b;
    (void)state;
    ent_buf_init(&b, ENT_STIX_GIST_MOST);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ent_slice text = ent_slice_str(rows[i].text);
        struct ent_stix_gist g;
        enum ent_err r = ent_stix_gist_parse(&g, text);
        if (r != rows[i].want)
            print_error("row %zu\n", i);
        assert_err(r, rows[i].want);
        ent_buf_clear(&b);
        if (r == ENT_OK)
            assert_ok(ent_stix_gist_encode(&b, &g));
        assert_true(r != ENT_OK || ent_slice_eq(ent_buf_slice(&b), text));
    }
    ent_buf_release(&b);
}

static void test_too_long(void **state)
{
    char text[1024];
    struct ent_stix_gist g;
    (void)state;
    (void)snprintf(text, sizeof(text), ZEROS "\n\n\n%0255d\n\n", 0);
    assert_ok(ent_stix_gist_parse(&g, ent_slice_str(text)));
    (void)snprintf(text, sizeof(text), ZEROS "\n\n\n%0256d\n\n", 0);
    assert_err(ent_stix_gist_parse(&g, ent_slice_str(text)), ENT_E_FORMAT);
    (void)snprintf(text, sizeof(text), ZEROS "\n\n\n\n%064d\n", 0);
    assert_err(ent_stix_gist_parse(&g, ent_slice_str(text)), ENT_E_FORMAT);
    (void)snprintf(text, sizeof(text), ZEROS "\n\n%064d\n\n\n", 0);
    assert_err(ent_stix_gist_parse(&g, ent_slice_str(text)), ENT_E_FORMAT);
}

/* --- what the reader finds ---------------------------------------------------------------------
 */

static enum ent_err note(void *ctx, const struct ent_stix_object *o, bool *use)
{
    const struct ent_stix_gist *g = &o->gist;
    *use = true;
    return ent_buf_printf(ctx, "%d|%.*s|%.*s|%.*s|%.*s|%.*s;", g->is_20, (int)g->creator.n,
                          (const char *)g->creator.p, (int)g->created.n, (const char *)g->created.p,
                          (int)g->name.n, (const char *)g->name.p, (int)g->relation.n,
                          (const char *)g->relation.p, (int)g->names.n, (const char *)g->names.p);
}

static enum ent_err take(void *ctx, const struct ent_indicator *ind)
{
    (void)ctx, (void)ind;
    return ENT_OK;
}

static enum ent_err pass_over(void *ctx, uint64_t line, const char *reason, struct ent_slice what)
{
    (void)ctx, (void)line, (void)reason, (void)what;
    return ENT_OK;
}

static void finds(const char *object, const char *want)
{
    const struct ent_import_opts opts = {.format = ENT_FORMAT_STIX, .confidence = -1};
    struct ent_slice in = ent_slice_str(object);
    struct ent_buf b;
    struct ent_diag d;
    ent_buf_init(&b, 65536);
    const struct ent_import_sink sink = {&b, take, pass_over, NULL, note};
    assert_ok(ent_intel_read(ent_reader_mem(&in), &opts, &sink, NULL, &d));
    assert_ok(ent_buf_putc(&b, '\0'));
    assert_string_equal((const char *)b.p, want);
    ent_buf_release(&b);
}

static void test_what_is_found(void **state)
{
    (void)state;
    finds(
        "{\"type\":\"tool\",\"id\":\"tool--1\",\"name\":\"a\\n b\",\"created\":\"2018-08-20T00:00:"
        "00Z\",\"created_by_ref\":\"identity--1\"}",
        "1|identity--1|2018-08-20T00:00:00Z|a b||;");
    finds("{\"type\":\"tool\",\"id\":\"tool--1\",\"spec_version\":\"2.1\",\"created\":\"2018-08-"
          "20T00:00:00Z\",\"modified\":\"2018-08-21T00:00:00Z\"}",
          "0|||||;"); /* it is dated by its version */
    finds("{\"type\":\"tool\",\"id\":\"tool--1\",\"spec_version\":\"2.0\",\"created\":\"once\","
          "\"created_by_ref\":\"x\"}",
          "1|||||;");
    finds("{\"type\":\"relationship\",\"id\":\"relationship--1\",\"relationship_type\":\"uses\"}",
          "0||||uses|;");
    finds("{\"type\":\"indicator\",\"id\":\"indicator--1\",\"pattern\":\"[domain-name:value IN "
          "('B.example','a b','a.example')]\"}",
          "0|||||domain:b.example\ndomain:a.example\n;");
    finds("{\"type\":\"indicator\",\"id\":\"indicator--1\",\"pattern\":\"x\",\"pattern_type\":"
          "\"sigma\"}",
          "0|||||;");
    /* whether the importer takes it or not */
    finds("{\"type\":\"url\",\"id\":\"url--1\",\"value\":\"http://a.example/\"}",
          "0|||||url:http://a.example/\n;");
    finds("{\"type\":\"file\",\"id\":\"file--1\",\"hashes\":{\"MD5\":"
          "\"44D88612FEA8A8F36DE82E1278ABB02F\",\"SHA-1\":\"x\"}}",
          "0|||||md5:44d88612fea8a8f36de82e1278abb02f\n;");
}

/* --- what was kept before ----------------------------------------------------------------------
 */

#define OBJECT(version, creator, values)                                                           \
    "{\"type\":\"indicator\",\"id\":\"indicator--1\",\"modified\":\"" version                      \
    "T00:00:00Z\",\"created_by_ref\":\"identity--" creator                                         \
    "\",\"pattern\":\"[domain-name:value IN (" values ")]\"}"
#define AGAIN                                                                                      \
    "{ \"id\":\"indicator--1\", \"type\":\"indicator\", \"modified\":\"2018-01-01T00:00:00Z\","    \
    "\"pattern\":\"[domain-name:value IN ('a.example','b.example')]\",\"created_by_ref\":"         \
    "\"identity--1\"}"

struct import {
    struct ent_store *s;
    enum ent_object_put put;
};

static enum ent_err import_take(void *ctx, const struct ent_indicator *ind)
{
    struct import *im = ctx;
    enum ent_put put;
    return ent_store_put(im->s, &put, ind, ENT_SLICE_LIT("a"), NOW);
}

static enum ent_err import_object(void *ctx, const struct ent_stix_object *o, bool *use)
{
    struct import *im = ctx;
    bool elsewhere;
    *use = true;
    return ent_store_object_put(im->s, &im->put, &elsewhere, o, ENT_SLICE_LIT("a"), NOW);
}

static enum ent_object_put import(struct ent_store *s, const char *object)
{
    const struct ent_import_opts opts = {.format = ENT_FORMAT_STIX, .confidence = -1};
    struct import im = {.s = s};
    const struct ent_import_sink sink = {&im, import_take, pass_over, NULL, import_object};
    struct ent_slice in = ent_slice_str(object);
    struct ent_diag d;
    assert_ok(ent_store_begin(s));
    assert_ok(ent_intel_read(ent_reader_mem(&in), &opts, &sink, NULL, &d));
    assert_ok(ent_store_commit(s));
    return im.put;
}

static void exec(const char *path, const char *sql)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    (void)sqlite3_close(db);
}

static uint64_t claims(struct ent_store *s)
{
    uint64_t types[ENT_OBS_TYPES], n;
    assert_ok(ent_store_count(s, types, &n));
    return n;
}

static void path_of(char ret[static ENT_PATH_MAX], const char *name)
{
    assert_ok(ent_path_join(ret, ENT_PATH_MAX, ent_t_tmpdir(), name));
}

/* As version 6 left it, with two objects and one that no reader would let in. */
static struct ent_store *older_store(const char *path)
{
    struct ent_store *s;
    assert_ok(ent_store_open(&s, NULL, path));
    assert_int_equal(import(s, OBJECT("2018-01-01", "1", "'a.example','b.example'")),
                     ENT_OBJECT_NEW);
    assert_int_equal(import(s, "{\"type\":\"tool\",\"id\":\"tool--1\"}"), ENT_OBJECT_NEW);
    ent_store_close(s);
    exec(path,
         "DROP INDEX object_ungisted; ALTER TABLE object DROP COLUMN gist;"
         "INSERT INTO object SELECT 77, 'tool--2', '', source, 2, 0, 0, 0, 7, 'no object' FROM"
         " object LIMIT 1; PRAGMA user_version = 6");
    assert_ok(ent_store_open(&s, NULL, path));
    return s;
}

/* Before anybody reads it again it says what its bytes are, and has no creator: nothing is taken
 * for equal that may be another thing, and nobody can change it. */
static void test_older_before(void **state)
{
    char path[ENT_PATH_MAX];
    struct ent_store *s;
    (void)state;
    path_of(path, "before.db");
    s = older_store(path);
    assert_int_equal(import(s, OBJECT("2018-01-01", "1", "'a.example','b.example'")),
                     ENT_OBJECT_SAME);
    assert_int_equal(import(s, OBJECT("2018-01-02", "1", "'b.example'")), ENT_OBJECT_FOREIGN);
    ent_store_close(s);
}

static void test_older_after(void **state)
{
    char path[ENT_PATH_MAX];
    struct ent_kept k;
    struct ent_stix_gist g;
    struct ent_diag d = {0};
    struct ent_store *s;
    (void)state;
    path_of(path, "after.db");
    s = older_store(path);
    assert_ok(ent_upgrade(s, &d));
    assert_ok(ent_upgrade(s, &d)); /* nothing is left to do */
    assert_ok(ent_store_object(s, &k, ENT_SLICE_LIT("a"), ENT_SLICE_LIT("tool--2")));
    assert_ok(ent_stix_gist_parse(&g, k.gist)); /* itself, and nothing more */
    assert_int_equal(g.creator.n + g.names.n, 0);
    ent_store_rest(s);
    assert_int_equal(import(s, AGAIN), ENT_OBJECT_SAME);
    assert_int_equal(claims(s), 2);
    assert_int_equal(import(s, OBJECT("2018-01-02", "2", "'b.example'")), ENT_OBJECT_FOREIGN);
    assert_int_equal(import(s, OBJECT("2018-01-02", "1", "'b.example'")), ENT_OBJECT_NEWER);
    assert_int_equal(claims(s), 1); /* what the old one said, its source says no longer */
    assert_int_equal(import(s, OBJECT("2018-01-01", "1", "'c.example'")), ENT_OBJECT_CONFLICT);
    ent_store_close(s);
}

/* By a process of its own, as a node does it. */
static void test_older_apart(void **state)
{
    char path[ENT_PATH_MAX], home[ENT_PATH_MAX];
    struct ent_diag d = {0};
    struct ent_store *s;
    (void)state;
    path_of(home, "home");
    assert_int_equal(mkdir(home, 0700), 0);
    assert_ok(ent_path_join(path, sizeof(path), home, "store.db"));
    ent_store_close(older_store(path));
    assert_ok(ent_upgrade_apart(&d, home));
    assert_ok(ent_store_open(&s, NULL, path));
    assert_int_equal(import(s, OBJECT("2018-01-02", "1", "'b.example'")), ENT_OBJECT_NEWER);
    assert_int_equal(claims(s), 1);
    ent_store_close(s);
    char *here = realpath(".", NULL); /* the process that does it goes elsewhere */
    assert_non_null(here);
    assert_int_equal(chdir(home), 0);
    assert_ok(ent_upgrade_apart(&d, "../home"));
    assert_int_equal(chdir(here), 0);
    free(here);
    exec(path, "PRAGMA user_version = 99");
    assert_err(ent_upgrade_apart(&d, home), ENT_E_UNSUPPORTED);
    assert_string_equal(d.text, "the store cannot be opened or upgraded");
}

/* The same columns in the same order, whichever way a store got them. */
static void test_new_and_older_are_equal(void **state)
{
    static const char check[] =
        "CREATE TEMP TABLE t (n CHECK (n = 1)); INSERT INTO t SELECT count(*) FROM"
        " pragma_table_info('object') WHERE cid = 10 AND name = 'gist' AND \"notnull\" = 0;"
        "INSERT INTO t SELECT count(*) FROM sqlite_schema WHERE name = 'object_ungisted';"
        "INSERT INTO t SELECT user_version = 7 FROM pragma_user_version";
    char path[ENT_PATH_MAX];
    struct ent_store *s;
    (void)state;
    path_of(path, "new.db");
    assert_ok(ent_store_open(&s, NULL, path));
    ent_store_close(s);
    exec(path, check);
    path_of(path, "older.db");
    ent_store_close(older_store(path));
    exec(path, check);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_says_the_same),
        cmocka_unit_test(test_against_jansson),
        cmocka_unit_test(test_form),
        cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_what_is_found),
        cmocka_unit_test(test_older_before),
        cmocka_unit_test(test_older_after),
        cmocka_unit_test(test_older_apart),
        cmocka_unit_test(test_new_and_older_are_equal),
    };
    return ent_t_run("stix_gist", tests);
}
