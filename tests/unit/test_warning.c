/* test_warning.c: MISP warning lists, real and broken; kept and asked. */
#include "tests/support/feed.h"

#include "store/store.h"

#define NOW 1534723200

struct told {
    struct ent_buf text;
    uint64_t n, stop_at;
};

static enum ent_err take(void *ctx, const struct ent_observable *o)
{
    struct told *t = ctx;
    if (++t->n == t->stop_at)
        return ENT_E_FULL;
    return t->text.max == 0
               ? ENT_OK
               : ent_buf_printf(&t->text, "%s %s;", ent_obs_type_name(o->type), o->text);
}

static enum ent_err skip_value(void *ctx, uint64_t line, const char *reason, struct ent_slice what)
{
    struct told *t = ctx;
    assert_true(what.n <= 512 && strlen(reason) > 0);
    return t->text.max == 0 ? ENT_OK
                            : ent_buf_printf(&t->text, "skip %d %.*s;", (int)line, (int)what.n,
                                             (const char *)what.p);
}

static enum ent_err read_reader(struct ent_warning *ret, struct told *t, struct ent_reader in,
                                struct ent_diag *d)
{
    const struct ent_warning_sink sink = {t, take, skip_value};
    *d = (struct ent_diag){0};
    return ent_warning_read(ret, in, &sink, d);
}

/* "values|name version type entries unread", or the diagnosis. */
static const char *reading(struct ent_slice json)
{
    static char ret[20000];
    struct told t = {.n = 0};
    struct ent_warning w = {.name = "unset"};
    struct ent_diag d;
    ent_buf_init(&t.text, 15000);
    enum ent_err r = read_reader(&w, &t, ent_reader_mem(&json), &d);
    if (r == ENT_OK)
        (void)snprintf(ret, sizeof(ret), "%.*s|%s %d %d %d %d", (int)t.text.n,
                       t.text.n == 0 ? "" : (const char *)t.text.p, w.name, (int)w.version,
                       (int)w.type, (int)w.entries, (int)w.unread);
    else
        (void)snprintf(ret, sizeof(ret), "%d: %s", (int)d.line, d.text);
    if (r != ENT_OK)
        assert_int_equal(r, ENT_E_FORMAT);
    assert_true(r == ENT_OK || strcmp(w.name, "unset") == 0);
    ent_buf_release(&t.text);
    return ret;
}

static const char *reading_str(const char *json)
{
    return reading(ent_slice_str(json));
}

#define REST "\"name\":\"N\",\"type\":\"hostname\""

static void test_understood(void **state)
{
    (void)state;
    assert_string_equal(reading_str("{\"list\":[\"Evil.com\",\".b.org\",\"*.c.org\"],"
                                    "\"version\":7," REST "}"),
                        "domain evil.com;domain b.org;domain c.org;|N 7 2 3 0");
    assert_string_equal(reading_str("{\"type\":\"cidr\",\"name\":\"N\",\"x\":{\"list\":[1]},\n"
                                    "\"list\":[\"10.0.0.1/8\",\n\"::1\",\"x\",\"\"]}"),
                        "net4 10.0.0.0/8;ipv6 ::1;skip 3 x;skip 3 ;|N 0 1 2 2");
    assert_string_equal(reading_str("{\"list\":[]," REST ",\"version\":\"x\"}"), "|N 0 2 0 0");
    assert_string_equal(reading_str("{\"list\":[\"a.com\"],\"name\":\"N\",\"type\":\"regex\"}"),
                        "domain a.com;|N 0 4 0 1");
    assert_string_equal(reading_str("{\"list\":[],\"type\":\"string\",\"name\":\" a\\u001b[31m"
                                    "\\n\\u009bb \"}"),
                        "|a [31m b 0 3 0 0");
}

static void test_refused(void **state)
{
    static const struct {
        const char *json, *why;
    } cases[] = {
        {"[]", "1: not a MISP warning list"},
        {"\"list\"", "1: not a MISP warning list"},
        {"{}", "1: not a MISP warning list: it lacks a name, a type or a list"},
        {"{" REST "}", "1: not a MISP warning list: it lacks a name, a type or a list"},
        {"{\"name\":\"N\",\"list\":[]}",
         "1: not a MISP warning list: it lacks a name, a type or a list"},
        {"{\"name\":\" \\n\",\"type\":\"cidr\",\"list\":[]}",
         "1: not a MISP warning list: it lacks a name, a type or a list"},
        {"{\"list\":[],\n\"list\":[]," REST "}", "2: a property stands twice in the list"},
        {"{\"list\":{}," REST "}", "1: \"list\" is not a list"},
        {"{\"list\":[\"a.com\",7]," REST "}", "1: a value that is not a string"},
        {"{\"list\":[[\"a.com\"]]," REST "}", "1: a value that is not a string"},
        {"{\"list\":[],\"name\":7,\"type\":\"cidr\"}", "1: \"name\" is not a string"},
        {"{\"list\":[],\"name\":\"N\",\"type\":[]}", "1: \"type\" is not a string"},
        {"{\"list\":[],\"matching_attributes\":\"ip\"," REST "}",
         "1: \"matching_attributes\" is not a list"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(reading_str(cases[i].json), cases[i].why);
}

/* Every beginning of a list is refused, and so is anything behind it. */
static void test_cut(void **state)
{
    static const char json[] =
        "{\"list\":[\"a.com\"],\"matching_attributes\":[\"url\",null]," REST "}";
    (void)state;
    for (size_t n = 0; n < sizeof(json) - 1; n++) {
        struct ent_slice s = ent_slice(json, n);
        struct told t = {.n = 0};
        struct ent_warning w;
        struct ent_diag d;
        assert_err(read_reader(&w, &t, ent_reader_mem(&s), &d), ENT_E_FORMAT);
    }
    assert_string_equal(reading_str(json), "domain a.com;|N 0 2 1 0");
    assert_null(strstr(reading_str("{\"list\":[]," REST "} x"), "|"));
}

static uint32_t types_of(const char *attributes)
{
    char json[300];
    struct told t = {.n = 0};
    struct ent_warning w;
    struct ent_diag d;
    (void)snprintf(json, sizeof(json), "{\"list\":[],\"matching_attributes\":[%s]," REST "}",
                   attributes);
    struct ent_slice s = ent_slice_str(json);
    assert_ok(read_reader(&w, &t, ent_reader_mem(&s), &d));
    return w.types;
}

static void test_attributes(void **state)
{
    (void)state;
    assert_int_equal(types_of(""), 0);
    assert_int_equal(types_of("\"phone-number\",7,{\"md5\":\"md5\"}"), 0);
    assert_int_equal(types_of("\"filename|md5\""), ENT_OBS_BIT(ENT_OBS_MD5));
    assert_int_equal(types_of("\"hostname\",\"url\""),
                     ENT_OBS_BIT(ENT_OBS_DOMAIN) | ENT_OBS_BIT(ENT_OBS_URL));
    assert_true((types_of("\"domain|ip\"") & ENT_OBS_BIT(ENT_OBS_ENDPOINT)) != 0);
    assert_true((types_of("\"domain|ip\"") & ENT_OBS_BIT(ENT_OBS_DOMAIN)) != 0);
}

static void test_real_lists(void **state)
{
    static const struct {
        const char *dir;
        enum ent_warning_type type;
        uint64_t entries, unread, version;
    } lists[] = {
        {"googlebot", ENT_WARNING_CIDR, 65, 0, 20260811},
        {"dax30", ENT_WARNING_HOSTNAME, 13, 0, 1},
        {"captive-portals", ENT_WARNING_STRING, 21, 0, 20230130},
        {"empty-hashes", ENT_WARNING_STRING, 5, 1, 3},
        {"automated-malware-analysis", ENT_WARNING_OTHER, 0, 26, 5},
        {"common-contact-emails", ENT_WARNING_OTHER, 0, 1, 20200226},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        char path[128];
        struct told t = {.n = 0};
        struct ent_warning w;
        struct ent_diag d;
        (void)snprintf(path, sizeof(path), "tests/data/misp-warninglists/%s/list.json",
                       lists[i].dir);
        struct ent_slice s = ent_t_file(path);
        assert_ok(read_reader(&w, &t, ent_reader_mem(&s), &d));
        assert_int_equal(w.type, lists[i].type);
        assert_int_equal(w.entries, lists[i].entries);
        assert_int_equal(w.unread, lists[i].unread);
        assert_int_equal(w.version, lists[i].version);
        assert_true(w.types != 0 && w.types != ENT_OBS_ALL);
    }
}

#define VALUE ",\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.com\""

static void test_memory_and_errors(void **state)
{
    struct ent_t_repeat big = {.before = ENT_SLICE_LIT("{\"list\":[\"a.com\""),
                               .unit = ENT_SLICE_LIT(VALUE),
                               .after = ENT_SLICE_LIT("]," REST "}"),
                               .total = (sizeof(VALUE) - 1) * (ENT_T_SANITIZED ? 50000u : 500000u)};
    struct ent_t_repeat longest = {.before = ENT_SLICE_LIT("{\"list\":[\""),
                                   .unit = ENT_SLICE_LIT("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
                                   .after = ENT_SLICE_LIT("\"]," REST "}"),
                                   .total = 8u << 20};
    struct told t = {.n = 0};
    struct ent_warning w;
    struct ent_diag d;
    (void)state;
    size_t before = ent_t_peak_memory();
    assert_ok(read_reader(&w, &t, ent_t_repeat_reader(&big), &d));
    assert_int_equal(w.entries, t.n);
    assert_true(t.n > 40000);
    assert_ok(read_reader(&w, &t, ent_t_repeat_reader(&longest), &d));
    assert_int_equal(w.unread, 1);
    assert_true(ENT_T_SANITIZED || ent_t_peak_memory() - before < 4u << 20);
    struct ent_slice s = ENT_SLICE_LIT("{\"list\":[\"a.com\",\"b.com\"]," REST "}");
    t = (struct told){.stop_at = 2};
    assert_err(read_reader(&w, &t, ent_reader_mem(&s), &d), ENT_E_FULL);
    s = ENT_SLICE_LIT("{\"list\":[\"a.com\",\"b.com\"]," REST "}");
    struct ent_t_chunks c;
    struct ent_reader failing = ent_t_chunk_reader(&c, s, 3, false);
    c.fail_at = 20;
    t = (struct told){.n = 0};
    assert_err(read_reader(&w, &t, failing, &d), ENT_E_IO);
}

/* --- hosts --------------------------------------------------------------------------------------
 */

static void test_hosts(void **state)
{
    static const struct {
        const char *text, *host;
    } cases[] = {
        {"http://evil.com/x@y", "domain evil.com"},
        {"http://u:p@evil.com:81/", "domain evil.com"},
        {"http://[2001:db8::1]:80/", "ipv6 2001:db8::1"},
        {"http://10.0.0.1/", "ipv4 10.0.0.1"},
        {"10.0.0.1:80", "ipv4 10.0.0.1"},
        {"[2001:db8::1]:80", "ipv6 2001:db8::1"},
        {"bob@evil.com", "domain evil.com"},
        {"evil.com", ""},
        {"10.0.0.0/8", ""},
        {"d41d8cd98f00b204e9800998ecf8427e", ""},
        {"http://localhost/", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ent_observable o, host;
        char got[ENT_OBS_MAX + 32] = "";
        assert_ok(ent_observable_parse(&o, NULL, ent_slice_str(cases[i].text)));
        if (ent_observable_host(&host, &o))
            (void)snprintf(got, sizeof(got), "%s %s", ent_obs_type_name(host.type), host.text);
        assert_string_equal(got, cases[i].host);
    }
}

/* --- the store ----------------------------------------------------------------------------------
 */

static void add(struct ent_store *s, const char *name, enum ent_warning_type type, uint32_t types,
                const char *const *values)
{
    struct ent_warning w = {.version = 3, .type = type, .types = types};
    uint64_t id;
    (void)snprintf(w.name, sizeof(w.name), "%s", name);
    assert_ok(ent_store_begin(s));
    assert_ok(ent_store_warning_new(s, &id));
    for (; *values != NULL; values++) {
        struct ent_observable o;
        assert_ok(ent_observable_parse(&o, NULL, ent_slice_str(*values)));
        assert_ok(ent_store_warning_put(s, id, &o));
        assert_ok(ent_store_warning_put(s, id, &o)); /* fine twice */
        w.entries++;
    }
    assert_ok(ent_store_warning_end(s, id, &w, NOW));
    assert_ok(ent_store_commit(s));
}

static enum ent_err tell_list(void *ctx, const struct ent_warning *w, int64_t added)
{
    assert_int_equal(added, NOW);
    return ent_buf_printf(ctx, "%s v%d t%d %d;", w->name, (int)w->version, (int)w->type,
                          (int)w->entries);
}

static enum ent_err tell_name(void *ctx, struct ent_slice name)
{
    return ent_buf_printf(ctx, "%.*s;", (int)name.n, (const char *)name.p);
}

static enum ent_err tell_value(void *ctx, const struct ent_observable *o)
{
    return ent_buf_printf(ctx, "%s;", o->text);
}

static void assert_text(struct ent_buf *b, const char *want)
{
    assert_ok(ent_buf_putc(b, '\0'));
    assert_string_equal((char *)b->p, want);
    ent_buf_clear(b);
}

static void test_kept(void **state)
{
    static const char *const one[] = {"a.com", "b.com", NULL}, *const two[] = {"b.com", NULL};
    struct ent_store *s;
    struct ent_buf b;
    (void)state;
    ent_buf_init(&b, 10000);
    assert_ok(ent_store_open(&s, NULL, ":memory:"));
    add(s, "two", ENT_WARNING_STRING, ENT_OBS_ALL, two);
    add(s, "one", ENT_WARNING_HOSTNAME, ENT_OBS_ALL, one);
    add(s, "regex", ENT_WARNING_OTHER, ENT_OBS_ALL, one);
    assert_ok(ent_store_warnings(s, tell_list, &b));
    assert_text(&b, "one v3 t2 2;regex v3 t4 2;two v3 t3 1;");
    assert_ok(ent_store_warned(s, tell_value, &b)); /* nothing of what was not understood */
    assert_text(&b, "a.com;b.com;");
    add(s, "one", ENT_WARNING_HOSTNAME, ENT_OBS_ALL, two); /* replaced */
    assert_ok(ent_store_warnings(s, tell_list, &b));
    assert_text(&b, "one v3 t2 1;regex v3 t4 2;two v3 t3 1;");
    assert_ok(ent_store_warning_remove(s, ENT_SLICE_LIT("one")));
    assert_err(ent_store_warning_remove(s, ENT_SLICE_LIT("one")), ENT_E_NOTFOUND);
    assert_err(ent_store_warning_remove(s, ENT_SLICE_LIT("")), ENT_E_NOTFOUND);
    assert_ok(ent_store_warned(s, tell_value, &b));
    assert_text(&b, "b.com;");
    uint64_t id; /* one that is broken off leaves nothing */
    assert_ok(ent_store_begin(s));
    assert_ok(ent_store_warning_new(s, &id));
    ent_store_rollback(s);
    assert_ok(ent_store_warnings(s, tell_list, &b));
    assert_text(&b, "regex v3 t4 2;two v3 t3 1;");
    ent_buf_release(&b);
    ent_store_close(s);
}

static void test_who_warns(void **state)
{
    static const char *const names[] = {"a.com", NULL}, *const nets[] = {"10.0.0.0/8", NULL};
    struct ent_store *s;
    struct ent_buf b;
    struct ent_observable a, net;
    (void)state;
    ent_buf_init(&b, 10000);
    assert_ok(ent_store_open(&s, NULL, ":memory:"));
    assert_ok(ent_observable_parse(&a, NULL, ENT_SLICE_LIT("a.com")));
    assert_ok(ent_observable_parse(&net, NULL, ENT_SLICE_LIT("10.0.0.0/8")));
    add(s, "host", ENT_WARNING_HOSTNAME, ENT_OBS_BIT(ENT_OBS_DOMAIN), names);
    add(s, "exact", ENT_WARNING_STRING, ENT_OBS_ALL, names);
    add(s, "net", ENT_WARNING_CIDR, ENT_OBS_ALL, nets);
    assert_ok(ent_store_warned_by(s, ENT_OBS_DOMAIN, &a, true, tell_name, &b));
    assert_text(&b, "exact;host;");
    assert_ok(ent_store_warned_by(s, ENT_OBS_DOMAIN, &a, false, tell_name, &b));
    assert_text(&b, "host;");
    assert_ok(ent_store_warned_by(s, ENT_OBS_URL, &a, false, tell_name, &b));
    assert_text(&b, "");
    assert_ok(ent_store_warned_by(s, ENT_OBS_IPV4, &net, false, tell_name, &b));
    assert_text(&b, "net;");
    ent_buf_release(&b);
    ent_store_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_understood), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_cut),        cmocka_unit_test(test_attributes),
        cmocka_unit_test(test_real_lists), cmocka_unit_test(test_memory_and_errors),
        cmocka_unit_test(test_hosts),      cmocka_unit_test(test_kept),
        cmocka_unit_test(test_who_warns),
    };
    return ent_t_run("warning", tests);
}
