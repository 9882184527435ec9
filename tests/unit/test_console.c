/* test_console.c: the console's three stages: what may be asked, what is found by whom, and what
 * becomes of rows that are none. */
#include "tests/support/nodes.h"

#include "node/console_parts.h"

#define NOW 1534723200

static const struct ent_identity analyst = {.user = 7,
                                            .name = "ann",
                                            .role = ENT_USER_ANALYST,
                                            .clearance = ENT_TLP_RED,
                                            .via = ENT_VIA_SESSION};

struct answer {
    struct ent_web_answer a;
    char text[65536];
};

static void answer_init(struct answer *x)
{
    *x = (struct answer){.a = {.status = 0}};
    ent_buf_init(&x->a.headers, 8192);
    ent_buf_init(&x->a.body, (size_t)16 << 20);
}

static const char *body(struct answer *x)
{
    (void)snprintf(x->text, sizeof(x->text), "%.*s", (int)x->a.body.n, (const char *)x->a.body.p);
    return x->text;
}

static void answer_release(struct answer *x)
{
    ent_buf_release(&x->a.headers);
    ent_buf_release(&x->a.body);
}

/* POST where a body is given. */
static enum ent_err parse(struct ent_console_query *q, struct answer *x, const char *path,
                          const char *query, const char *posted)
{
    struct ent_web_request req = {.method = posted != NULL ? "POST" : "GET", .path = path};
    req.query = ent_slice_str(query);
    if (posted != NULL) {
        req.body = ent_slice_str(posted);
        req.content_type = ENT_SLICE_LIT("application/x-www-form-urlencoded");
    }
    return ent_console_parse(q, &x->a, &req, &analyst, true);
}

/* --- parse --------------------------------------------------------------------------------------
 */

static const struct good {
    const char *path, *query;
    enum ent_console_what what;
    enum ent_console_shape shape;
    const char *text;
} good[] = {
    {"node", "", ENT_CONSOLE_NODE, ENT_CONSOLE_NEWEST, ""},
    {"today", "days=366", ENT_CONSOLE_TODAY, ENT_CONSOLE_NEWEST, ""},
    {"indicators", "", ENT_CONSOLE_INDICATORS, ENT_CONSOLE_NEWEST, ""},
    {"indicators", "q=", ENT_CONSOLE_INDICATORS, ENT_CONSOLE_NEWEST, ""},
    {"indicators", "q=*", ENT_CONSOLE_INDICATORS, ENT_CONSOLE_STARTING, "*"},
    {"indicators", "q=evil&limit=200&types=ip,domain", ENT_CONSOLE_INDICATORS, ENT_CONSOLE_STARTING,
     "evil"},
    {"indicators", "q=EVIL%5B.%5Dexample", ENT_CONSOLE_INDICATORS, ENT_CONSOLE_STARTING,
     "evil.example"},
    {"indicators", "q=evil.*", ENT_CONSOLE_INDICATORS, ENT_CONSOLE_STARTING, "evil."},
    {"indicators", "q=http%3A%2F%2Fx.example%2FA", ENT_CONSOLE_INDICATORS, ENT_CONSOLE_STARTING,
     "http://x.example/A"},
    {"indicators", "q=10.1.2.3%2F8", ENT_CONSOLE_INDICATORS, ENT_CONSOLE_INSIDE, "10.0.0.0/8"},
    {"indicators", "q=*.Evil.example&tlp=green&source=a+b&tag=%3Cx%3E", ENT_CONSOLE_INDICATORS,
     ENT_CONSOLE_INSIDE, "evil.example"},
    {"indicators", "after=ipv4%3A10.0.0.1&before=7", ENT_CONSOLE_INDICATORS, ENT_CONSOLE_NEWEST,
     ""},
    {"indicator", "value=ipv4:10.0.0.1", ENT_CONSOLE_INDICATOR, ENT_CONSOLE_NEWEST, "10.0.0.1"},
    {"hits", "from=9223372036854775807", ENT_CONSOLE_HITS, ENT_CONSOLE_NEWEST, ""},
    {"match", "run=0123456789abcdef0123456789abcdef", ENT_CONSOLE_MATCH, ENT_CONSOLE_NEWEST, ""},
    {"log", "member=alice&generation=2&before=1", ENT_CONSOLE_LOG, ENT_CONSOLE_NEWEST, ""},
    {"proof", "member=alice&from=0&whole=1", ENT_CONSOLE_PROOF, ENT_CONSOLE_NEWEST, ""},
    {"match-may", "member=bob&items=100000000&pad=1", ENT_CONSOLE_MATCH_MAY, ENT_CONSOLE_NEWEST,
     ""},
    {"asks", "ask=9007199254740991", ENT_CONSOLE_ASKS, ENT_CONSOLE_NEWEST, ""},
    {"quorums", "limit=200", ENT_CONSOLE_QUORUMS, ENT_CONSOLE_NEWEST, ""},
    {"quorum", "run=0123456789abcdef0123456789abcdef", ENT_CONSOLE_QUORUM, ENT_CONSOLE_NEWEST, ""},
    {"account", "account=eva", ENT_CONSOLE_ACCOUNT, ENT_CONSOLE_NEWEST, ""},
    {"releases", "", ENT_CONSOLE_RELEASES, ENT_CONSOLE_NEWEST, ""},
    {"consistency", "member=alice&from=1&to=0", ENT_CONSOLE_CONSISTENCY, ENT_CONSOLE_NEWEST, ""},
};
#define GOOD (sizeof(good) / sizeof(good[0]))

static void parse_good(struct ent_console_query *q, size_t i)
{
    struct answer x;
    char path[64];
    answer_init(&x);
    (void)snprintf(path, sizeof(path), "/api/v1/%s", good[i].path);
    if (parse(q, &x, path, good[i].query, NULL) != ENT_OK)
        fail_msg("%s?%s: %s", good[i].path, good[i].query, body(&x));
    answer_release(&x);
}

static void test_what_may_be_asked(void **state)
{
    struct ent_console_query q;
    (void)state;
    for (size_t i = 0; i < GOOD; i++) {
        parse_good(&q, i);
        assert_int_equal(q.what, good[i].what);
        assert_int_equal(q.shape, good[i].shape);
        assert_string_equal(q.text, good[i].text);
    }
    parse_good(&q, 10);
    assert_int_equal(q.tlp, ENT_TLP_GREEN);
    assert_string_equal(q.source, "a b");
    assert_string_equal(q.tag, "<x>");
    assert_int_equal(q.type, ENT_OBS_DOMAIN);
}

static void test_what_may_not(void **state)
{
#define NONE(p) "the value of " p " is none that it may have"
    static const struct {
        const char *path, *query, *posted;
        unsigned status;
        const char *detail;
    } bad[] = {
        {"/api/v1/", "", NULL, 404, "the console has no such call"},
        {"/api/v1/todays", "", NULL, 404, "the console has no such call"},
        {"/api/v1/today/", "", NULL, 404, "the console has no such call"},
        {"/console/", "", NULL, 404, "nothing is here"},
        {"/index.html", "", NULL, 404, "nothing is here"},
        {"/api/v1/today", "days=0", NULL, 400, NONE("days")},
        {"/api/v1/today", "days=367", NULL, 400, NONE("days")},
        {"/api/v1/today", "days=01", NULL, 400, NONE("days")},
        {"/api/v1/today", "days=-1", NULL, 400, NONE("days")},
        {"/api/v1/today", "days", NULL, 400, "a parameter's value is no text"},
        {"/api/v1/today", "&days=1", NULL, 400, "an empty parameter"},
        {"/api/v1/today", "days=1&", NULL, 400, "an empty parameter"},
        {"/api/v1/today", "q=x", NULL, 400, "there is no such parameter here"},
        {"/api/v1/today", "days=1&days=1", NULL, 400, "a parameter is given twice"},
        {"/api/v1/indicators", "q=%", NULL, 400, "a parameter's value is no text"},
        {"/api/v1/indicators", "q=%0a", NULL, 400, "a parameter's value is no text"},
        {"/api/v1/indicators", "q=%00", NULL, 400, "a parameter's value is no text"},
        {"/api/v1/indicators", "q=%C3", NULL, 400, "a parameter's value is no text"},
        {"/api/v1/indicators", "q=*.10.0.0.1", NULL, 400, NONE("q")},
        {"/api/v1/indicators", "types=ipv9", NULL, 400, NONE("types")},
        {"/api/v1/indicators", "tlp=pink", NULL, 400, NONE("tlp")},
        {"/api/v1/indicators", "tag=", NULL, 400, NONE("tag")},
        {"/api/v1/indicators", "limit=201", NULL, 400, NONE("limit")},
        {"/api/v1/indicators", "before=0", NULL, 400, NONE("before")},
        {"/api/v1/indicators", "after=10.0.0.1", NULL, 400, NONE("after")},
        {"/api/v1/indicators", "after=ip:10.0.0.1", NULL, 400, NONE("after")},
        {"/api/v1/indicator", "", NULL, 400, "a parameter is missing"},
        {"/api/v1/indicator", "value=ipv4:10.0.0.256", NULL, 400, NONE("value")},
        {"/api/v1/match", "run=../../../../../../../etc/passwd", NULL, 400, NONE("run")},
        {"/api/v1/match", "run=0123456789ABCDEF0123456789abcdef", NULL, 400, NONE("run")},
        {"/api/v1/log", "member=..", NULL, 400, NONE("member")},
        {"/api/v1/log", "member=alice&generation=4294967296", NULL, 400, NONE("generation")},
        {"/api/v1/proof", "member=alice&from=9223372036854775808", NULL, 400, NONE("from")},
        {"/api/v1/proof", "member=alice&from=1&whole=0", NULL, 400, NONE("whole")},
        {"/api/v1/tag", "value=ipv4:10.0.0.1&tag=x", NULL, 405, "not with this method"},
        {"/api/v1/tag", "tag=x", "value=ipv4:10.0.0.1&tag=x", 400,
         "what is to be changed stands in the body"},
        {"/api/v1/tag", "", "value=ipv4:10.0.0.1", 400, "a parameter is missing"},
        {"/api/v1/today", "", "", 405, "not with this method"},
        {"/api/v1/account", "account=Eva", NULL, 400, NONE("account")},
        {"/api/v1/accounts", "", NULL, 403, "this account may not do that"},
        {"/api/v1/audit", "", NULL, 403, "this account may not do that"},
        {"/api/v1/release", "", "source=x&reason=y", 403, "this account may not do that"},
        {"/api/v1/token", "", "account=ann&token=", 400, NONE("token")},
        {"/api/v1/token", "", "account=ann&token=t&role=king", 400, NONE("role")},
        {"/api/v1/token", "", "account=ann&token=t&until=soon", 400, NONE("until")},
        {"/api/v1/token", "", "account=ann&token=t&password=x", 400,
         "there is no such parameter here"},
        {"/api/v1/password", "", "account=ann", 400, "a parameter is missing"},
        {"/api/v1/match-may", "member=bob", NULL, 400, "a parameter is missing"},
        {"/api/v1/match-may", "member=bob&items=0", NULL, 400, NONE("items")},
        {"/api/v1/match-may", "member=bob&items=100000001", NULL, 400, NONE("items")},
        {"/api/v1/match-may", "member=bob&items=1&pad=yes", NULL, 400, NONE("pad")},
        {"/api/v1/asks", "ask=0", NULL, 400, NONE("ask")},
        {"/api/v1/quorums", "run=0123456789abcdef0123456789abcdef", NULL, 400,
         "there is no such parameter here"},
        {"/api/v1/quorum", "", NULL, 400, "a parameter is missing"},
        {"/api/v1/quorum", "run=0123456789ABCDEF0123456789abcdef", NULL, 400, NONE("run")},
        {"/api/v1/quorum-start", "from=1534723200", NULL, 405, "not with this method"},
        {"/api/v1/quorum-start", "", "from=2018-08-20", 400, NONE("from")},
        {"/api/v1/quorum-start", "", "from=0&threshold=-1", 400, NONE("threshold")},
        {"/api/v1/quorum-join", "", "run=../../../../etc/passwd", 400, NONE("run")},
        {"/api/v1/quorum-decline", "", "", 400, "a parameter is missing"},
        {"/api/v1/asks", "ask=9007199254740992", NULL, 400, NONE("ask")},
        {"/api/v1/match-stop", "", "", 400, "a parameter is missing"},
        {"/api/v1/match-ask", "member=bob", "192.0.2.1", 415, "a list is text/plain"},
    };
    struct ent_console_query q;
    struct answer x;
    char want[256];
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        answer_init(&x);
        enum ent_err r = parse(&q, &x, bad[i].path, bad[i].query, bad[i].posted);
        (void)snprintf(want, sizeof(want), "\"detail\":\"%s\"}", bad[i].detail);
        if (r != ENT_E_STATE || x.a.status != bad[i].status || strstr(body(&x), want) == NULL)
            fail_msg("%s?%s: %d, %u %s", bad[i].path, bad[i].query, (int)r, x.a.status, body(&x));
        assert_non_null(strstr((const char *)x.a.headers.p, "default-src 'none'"));
        answer_release(&x);
    }
}

/* A change needs somebody, the role, a page of ours and the type of a form, each alone. */
static void test_who_may_change(void **state)
{
    const struct ent_web_request right = {
        .method = "POST",
        .path = "/api/v1/tag",
        .body = ENT_SLICE_LIT("value=ipv4:10.0.0.1&tag=x"),
        .content_type = ENT_SLICE_LIT("application/x-www-form-urlencoded;charset=UTF-8")};
    static const unsigned want[] = {0, 403, 401, 403, 415, 415};
    struct ent_console_query q;
    (void)state;
    for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
        struct ent_web_request req = right;
        struct ent_identity who = analyst;
        struct answer x;
        answer_init(&x);
        if (i == 3)
            who.role = ENT_USER_READER;
        else if (i == 4)
            req.content_type = ENT_SLICE_LIT("text/plain");
        else if (i == 5)
            req.content_type = ent_slice(NULL, 0);
        assert_int_equal(ent_console_parse(&q, &x.a, &req, i == 2 ? NULL : &who, i != 1),
                         i == 0 ? ENT_OK : ENT_E_STATE);
        assert_int_equal(x.a.status, want[i]);
        answer_release(&x);
    }
    assert_int_equal(ent_console_max_body("POST", "/api/v1/tag"), ENT_WEB_HEADER);
    assert_int_equal(ent_console_max_body("GET", "/api/v1/tag"), 1);
    assert_int_equal(ent_console_max_body("GET", "/"), 1);
    assert_int_equal(ent_console_max_body("GET", "/first"), 1);
    assert_true(ent_console_max_body("GET", "/first/") == ENT_WEB_NO_PATH);
    assert_true(ent_console_max_body("GET", "/taxii2/") == ENT_WEB_NO_PATH);
}

/* What crosses to the keeper: one form, and with any octet changed it is refused, or the one form
 * of another query. */
static void test_crossing(void **state)
{
    struct ent_console_query q, back;
    struct ent_buf one, two;
    (void)state;
    ent_buf_init(&one, ENT_CONSOLE_QUERY);
    ent_buf_init(&two, ENT_CONSOLE_QUERY);
    for (size_t i = 0; i < GOOD; i++) {
        parse_good(&q, i);
        ent_buf_clear(&one);
        assert_ok(ent_console_query_encode(&one, &q));
        assert_ok(ent_console_query_decode(&back, ent_buf_slice(&one)));
        ent_buf_clear(&two);
        assert_ok(ent_console_query_encode(&two, &back));
        assert_true(ent_slice_eq(ent_buf_slice(&one), ent_buf_slice(&two)));
        assert_err(ent_console_query_decode(&back, ent_slice(one.p, one.n - 1)), ENT_E_FORMAT);
        assert_ok(ent_buf_putc(&one, 0));
        assert_err(ent_console_query_decode(&back, ent_buf_slice(&one)), ENT_E_FORMAT);
        one.n--;
        for (size_t at = 0; at < one.n; at++) {
            one.p[at] ^= (uint8_t)(1 + ent_t_below(255));
            if (ent_console_query_decode(&back, ent_buf_slice(&one)) == ENT_OK) {
                ent_buf_clear(&two);
                assert_ok(ent_console_query_encode(&two, &back));
                assert_true(ent_slice_eq(ent_buf_slice(&one), ent_buf_slice(&two)));
            }
            ent_buf_clear(&one);
            assert_ok(ent_console_query_encode(&one, &q));
        }
    }
    /* The numbers of an offer, each within its bounds. */
    for (uint32_t t = 0; t <= ENT_QUORUM_THRESHOLD + 1; t++) {
        q = (struct ent_console_query){
            .what = ENT_CONSOLE_QUORUM_START, .from = NOW, .items = 7, .threshold = t};
        ent_buf_clear(&one);
        assert_ok(ent_console_query_encode(&one, &q));
        assert_err(ent_console_query_decode(&back, ent_buf_slice(&one)),
                   t <= ENT_QUORUM_THRESHOLD ? ENT_OK : ENT_E_FORMAT);
    }
    /* A route gets nothing that it does not take. */
    q = (struct ent_console_query){.what = ENT_CONSOLE_TODAY, .member = "alice"};
    ent_buf_clear(&one);
    assert_ok(ent_console_query_encode(&one, &q));
    assert_err(ent_console_query_decode(&back, ent_buf_slice(&one)), ENT_E_FORMAT);
    /* Nor an observable without a type, or with one that there is not. */
    for (int type = 0; type <= ENT_OBS_TYPES; type += ENT_OBS_TYPES) {
        q = (struct ent_console_query){
            .what = ENT_CONSOLE_INDICATOR, .text = "10.0.0.1", .type = (enum ent_obs_type)type};
        ent_buf_clear(&one);
        assert_ok(ent_console_query_encode(&one, &q));
        assert_err(ent_console_query_decode(&back, ent_buf_slice(&one)), ENT_E_FORMAT);
    }
    ent_buf_release(&one);
    ent_buf_release(&two);
}

/* --- rows ---------------------------------------------------------------------------------------
 */

static void test_rows(void **state)
{
    struct ent_rows w;
    struct ent_buf b, json;
    uint64_t n = 0;
    (void)state;
    ent_buf_init(&b, 4096);
    ent_buf_init(&json, 4096);
    ent_rows_start(&w, &b);
    ent_rows_obj(&w, NULL);
    ent_rows_str(&w, "text", ENT_SLICE_LIT("a\"<\x1b\xff"));
    ent_rows_arr(&w, "list");
    ent_rows_u64(&w, NULL, UINT64_MAX);
    ent_rows_i64(&w, NULL, -1);
    ent_rows_bool(&w, NULL, true);
    ent_rows_bytes(&w, NULL, ENT_SLICE_LIT("\0\1"));
    ent_rows_arr_end(&w);
    ent_rows_time(&w, "never", 0);
    ent_rows_time(&w, "time", 1);
    ent_rows_u64(&w, "last", 7);
    ent_rows_obj_end(&w);
    assert_ok(ent_rows_end(&w));
    assert_ok(ent_rows_json(&json, ent_buf_slice(&b)));
    assert_ok(ent_buf_putc(&json, '\0'));
    assert_string_equal(
        (const char *)json.p,
        "{\"text\":\"a\\\"<\\u001b\xef\xbf\xbd\",\"list\":[18446744073709551615,-1,true,"
        "\"AAE=\"],\"time\":\"1970-01-01T00:00:01Z\",\"last\":7}");
    assert_ok(ent_rows_number(&n, ent_buf_slice(&b), "last"));
    assert_int_equal(n, 7);
    assert_err(ent_rows_number(&n, ent_buf_slice(&b), "first"), ENT_E_NOTFOUND);
    for (size_t cut = 0; cut < b.n; cut++) { /* none of its beginnings is whole */
        ent_buf_clear(&json);
        assert_int_not_equal(ent_rows_json(&json, ent_slice(b.p, cut)), ENT_OK);
    }
    ent_buf_release(&b);
    ent_buf_release(&json);
}

static void test_rows_that_are_none(void **state)
{
    static const struct ent_slice bad[] = {
        ENT_SLICE_LIT(""),
        ENT_SLICE_LIT("\x03\0"),                             /* an end of nothing */
        ENT_SLICE_LIT("\x02\0\x03\0"),                       /* an array at the top */
        ENT_SLICE_LIT("\x01\1a\x03\0"),                      /* a name at the top */
        ENT_SLICE_LIT("\x01\0\x03\0\x03\0"),                 /* something behind it */
        ENT_SLICE_LIT("\x01\0\x01\0\x03\0\x03\0"),           /* no name in an object */
        ENT_SLICE_LIT("\x01\0\x09\1a\2\x03\0"),              /* neither true nor false */
        ENT_SLICE_LIT("\x01\0\x09\1\"\1\x03\0"),             /* a name that is none */
        ENT_SLICE_LIT("\x01\0\x0a\1a\1\x03\0"),              /* no such tag */
        ENT_SLICE_LIT("\x01\0\x04\1a\5\0\0\0xxxx"),          /* longer than what is there */
        ENT_SLICE_LIT("\x01\0\x02\1a\x09\1b\1\x03\0\x03\0"), /* a name in an array */
    };
    struct ent_console_query q = {.what = ENT_CONSOLE_TODAY};
    struct answer x;
    struct ent_buf deep, json;
    (void)state;
    ent_buf_init(&json, 4096);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        uint8_t rows[64] = {200, 0};
        ent_buf_clear(&json);
        assert_err(ent_rows_json(&json, bad[i]), ENT_E_FORMAT);
        memcpy(rows + 2, bad[i].p, bad[i].n);
        answer_init(&x);
        ent_console_render(&x.a, &q, ent_slice(rows, 2 + bad[i].n));
        assert_int_equal(x.a.status, 500);
        assert_string_equal(body(&x),
                            "{\"error\":\"failed\",\"detail\":\"what was found cannot be told\"}");
        answer_release(&x);
    }
    ent_buf_init(&deep, 4096);
    for (int i = 0; i < 20; i++)
        assert_ok(ent_buf_put(&deep, i == 0 ? "\x01\0" : "\x01\1a", i == 0 ? 2 : 3));
    assert_err(ent_rows_json(&json, ent_buf_slice(&deep)), ENT_E_FORMAT);
    ent_buf_release(&deep);
    ent_buf_release(&json);
}

/* --- what is found ------------------------------------------------------------------------------
 */

#define THINGS  120
#define SOURCES 4

/* One of each source on each thing, or none (0). Source 0 is this member. */
static enum ent_tlp model[THINGS][SOURCES];
static char name_of[THINGS][32];

static struct ent_store *make_store(void)
{
    static const char *const source[SOURCES] = {"", "one", "two", "three"};
    struct ent_store *s;
    enum ent_put p;
    assert_ok(ent_store_open(&s, NULL, ":memory:"));
    assert_ok(ent_store_begin(s));
    for (int i = 0; i < THINGS; i++) {
        struct ent_indicator ind = {.confidence = -1};
        uint64_t id;
        (void)snprintf(name_of[i], sizeof(name_of[i]), i % 2 == 0 ? "10.0.%d.1" : "x%d.example", i);
        assert_ok(ent_observable_parse(&ind.obs, NULL, ent_slice_str(name_of[i])));
        for (int k = 1; k < SOURCES; k++) {
            model[i][k] = k > 1 && ent_t_below(3) > 0 ? 0 : (enum ent_tlp)(1 + ent_t_below(5));
            if ((ind.tlp = model[i][k]) != 0)
                assert_ok(ent_store_put(s, &p, &ind, ent_slice_str(source[k]), NOW));
        }
        model[i][0] = ent_t_below(4) > 0 ? 0 : (enum ent_tlp)(1 + ent_t_below(5));
        if ((ind.tlp = model[i][0]) == 0)
            continue;
        assert_ok(ent_store_find(s, &id, &ind.obs));
        assert_ok(ent_store_edit(s, id, ENT_EDIT_TLP, &ind, NOW));
    }
    assert_ok(ent_store_commit(s));
    return s;
}

static bool sees(int i, enum ent_tlp clearance)
{
    bool any = false;
    for (int k = 0; k < SOURCES; k++)
        any = any || (model[i][k] != 0 && model[i][k] <= clearance);
    return any && model[i][0] <= clearance;
}

/* Accounts, and what would stand in the audit log. */
static struct ent_store *accounts;
static struct ent_users *users;
static struct ent_trail_record last_record;
static unsigned records;
static enum ent_err record_fails;

static enum ent_err record(void *ctx, const struct ent_trail_record *r, struct ent_diag *d)
{
    (void)ctx;
    (void)d;
    last_record = *r;
    records++;
    return record_fails;
}

static void users_make(void)
{
    assert_ok(ent_store_open(&accounts, NULL, ":memory:"));
    const struct ent_users_opts opts = {.store = accounts, .record = record, .cheap = true};
    assert_ok(ent_users_new(&users, &opts));
    records = 0;
    record_fails = ENT_OK;
}

static void users_drop(void)
{
    ent_users_free(users);
    ent_store_close(accounts);
    users = NULL;
}

static unsigned ask(struct ent_console_store *c, struct answer *x,
                    const struct ent_console_query *q, enum ent_tlp clearance)
{
    struct ent_identity who = analyst;
    struct ent_buf bytes, rows;
    who.clearance = clearance;
    ent_buf_init(&bytes, ENT_CONSOLE_QUERY);
    ent_buf_init(&rows, ENT_CONSOLE_ROWS);
    assert_ok(ent_console_query_encode(&bytes, q));
    (void)!ent_console_store_run(c, &rows, &who, ent_buf_slice(&bytes), NOW);
    answer_release(x);
    answer_init(x);
    ent_buf_release(&bytes);
    ent_console_render(&x->a, q, ent_buf_slice(&rows));
    ent_buf_release(&rows);
    return x->a.status;
}

/* Where the next page begins. */
static bool go_on(struct ent_console_query *q, const char *text)
{
    const char *before = strstr(text, "\"before\":"), *after = strstr(text, "\"after\":\"");
    if (before != NULL)
        q->before = strtoull(before + 9, NULL, 10);
    else if (after != NULL) {
        q->after_type = after[9] == 'd' ? ENT_OBS_DOMAIN : ENT_OBS_IPV4;
        after = strchr(after + 9, ':') + 1;
        (void)snprintf(q->after, sizeof(q->after), "%.*s", (int)strcspn(after, "\""), after);
    }
    return before != NULL || after != NULL;
}

/* All pages together hold each thing once that may be seen, and no other. */
static void check_pages(struct ent_console_store *c, struct ent_console_query q,
                        enum ent_tlp clearance, bool addresses, bool names)
{
    int times[THINGS] = {0};
    struct answer x;
    char value[64];
    bool more = true;
    answer_init(&x);
    for (int page = 0; more; page++) {
        assert_true(page < THINGS);
        assert_int_equal(ask(c, &x, &q, clearance), 200);
        const char *text = body(&x);
        for (int i = 0; i < THINGS; i++) {
            (void)snprintf(value, sizeof(value), "\"value\":\"%.31s\"", name_of[i]);
            times[i] += strstr(text, value) != NULL;
        }
        more = go_on(&q, text);
    }
    for (int i = 0; i < THINGS; i++)
        assert_int_equal(times[i], sees(i, clearance) && (i % 2 == 0 ? addresses : names));
    answer_release(&x);
}

static uint64_t claims_told(const char *text)
{
    const char *at = strstr(text, "\"claims\":");
    assert_non_null(at);
    return strtoull(at + 9, NULL, 10);
}

static void test_clearance(void **state)
{
    struct ent_console_query newest = {.what = ENT_CONSOLE_INDICATORS, .limit = 7};
    struct ent_console_query begins = newest, inside = newest,
                             facets = {.what = ENT_CONSOLE_FACETS};
    struct ent_config config;
    struct ent_console_store *c;
    struct answer x;
    (void)state;
    struct ent_store *s = make_store();
    ent_config_defaults(&config);
    users_make();
    const struct ent_console_store_opts opts = {.store = s, .config = &config, .users = users};
    assert_ok(ent_console_store_new(&c, &opts));
    begins.shape = ENT_CONSOLE_STARTING;
    (void)snprintf(begins.text, sizeof(begins.text), "x");
    inside.shape = ENT_CONSOLE_INSIDE;
    inside.type = ENT_OBS_NET4;
    (void)snprintf(inside.text, sizeof(inside.text), "10.0.0.0/8");
    answer_init(&x);
    for (int t = ENT_TLP_CLEAR; t <= ENT_TLP_RED; t++) {
        uint64_t claims = 0;
        check_pages(c, newest, (enum ent_tlp)t, true, true);
        check_pages(c, begins, (enum ent_tlp)t, false, true);
        check_pages(c, inside, (enum ent_tlp)t, true, false);
        for (int i = 0; i < THINGS; i++) {
            struct ent_console_query one = {.what = ENT_CONSOLE_INDICATOR};
            one.type = i % 2 == 0 ? ENT_OBS_IPV4 : ENT_OBS_DOMAIN;
            (void)snprintf(one.text, sizeof(one.text), "%.31s", name_of[i]);
            assert_int_equal(ask(c, &x, &one, (enum ent_tlp)t),
                             sees(i, (enum ent_tlp)t) ? 200 : 404);
            one.what = ENT_CONSOLE_TAG; /* nor does it take a tag */
            (void)snprintf(one.tag, sizeof(one.tag), "seen");
            assert_int_equal(ask(c, &x, &one, (enum ent_tlp)t),
                             sees(i, (enum ent_tlp)t) ? 200 : 404);
            for (int k = 0; k < SOURCES; k++)
                claims += model[i][k] != 0 && model[i][k] <= (enum ent_tlp)t;
        }
        assert_int_equal(ask(c, &x, &facets, (enum ent_tlp)t), 200);
        assert_int_equal(claims_told(body(&x)), claims);
    }
    answer_release(&x);
    ent_console_store_free(c);
    users_drop();
    ent_store_close(s);
}

/* What changed since is counted again. */
static void test_counts_follow(void **state)
{
    struct ent_console_query facets = {.what = ENT_CONSOLE_FACETS};
    struct ent_indicator ind = {.tlp = ENT_TLP_CLEAR, .confidence = -1};
    struct ent_config config;
    struct ent_console_store *c;
    struct ent_store *s;
    struct answer x;
    enum ent_put p;
    (void)state;
    ent_config_defaults(&config);
    users_make();
    assert_ok(ent_store_open(&s, NULL, ":memory:"));
    const struct ent_console_store_opts opts = {.store = s, .config = &config, .users = users};
    assert_ok(ent_console_store_new(&c, &opts));
    answer_init(&x);
    for (unsigned i = 0; i < 3; i++) {
        char name[32];
        assert_int_equal(ask(c, &x, &facets, ENT_TLP_RED), 200);
        assert_int_equal(claims_told(body(&x)), i);
        (void)snprintf(name, sizeof(name), "y%u.example", i);
        assert_ok(ent_observable_parse(&ind.obs, NULL, ent_slice_str(name)));
        assert_ok(ent_store_begin(s));
        assert_ok(ent_store_put(s, &p, &ind, ENT_SLICE_LIT("feed"), NOW));
        assert_ok(ent_store_commit(s));
    }
    answer_release(&x);
    ent_console_store_free(c);
    users_drop();
    ent_store_close(s);
}

/* --- what is believed ---------------------------------------------------------------------------
 */

static struct ent_console_store *make_console(struct ent_store **s, struct ent_config *config)
{
    struct ent_console_store *c;
    ent_config_defaults(config);
    users_make();
    assert_ok(ent_store_open(s, NULL, ":memory:"));
    const struct ent_console_store_opts opts = {.store = *s, .config = config, .users = users};
    assert_ok(ent_console_store_new(&c, &opts));
    return c;
}

static void drop_console(struct ent_console_store *c, struct ent_store *s)
{
    ent_console_store_free(c);
    ent_store_close(s);
    users_drop();
}

static void put(struct ent_store *s, const char *name, enum ent_tlp tlp)
{
    struct ent_indicator ind = {.tlp = tlp, .confidence = -1};
    enum ent_put p;
    assert_ok(ent_observable_parse(&ind.obs, NULL, ent_slice_str(name)));
    assert_ok(ent_store_begin(s));
    assert_ok(ent_store_put(s, &p, &ind, ENT_SLICE_LIT("feed"), NOW));
    assert_ok(ent_store_commit(s));
}

/* What is marked RED is on record before it is shown; without a record it is not. */
static void test_red_is_on_record(void **state)
{
    struct ent_console_query list = {.what = ENT_CONSOLE_INDICATORS},
                             one = {.what = ENT_CONSOLE_INDICATOR, .type = ENT_OBS_DOMAIN};
    struct ent_config config;
    struct ent_store *s;
    struct answer x;
    (void)state;
    struct ent_console_store *c = make_console(&s, &config);
    answer_init(&x);
    put(s, "green.example", ENT_TLP_GREEN);
    assert_int_equal(ask(c, &x, &list, ENT_TLP_RED), 200);
    assert_int_equal(records, 0);
    put(s, "red.example", ENT_TLP_RED);
    assert_int_equal(ask(c, &x, &list, ENT_TLP_AMBER_STRICT), 200);
    assert_null(strstr(body(&x), "red.example"));
    assert_int_equal(records, 0);
    assert_int_equal(ask(c, &x, &list, ENT_TLP_RED), 200);
    assert_non_null(strstr(body(&x), "red.example"));
    assert_int_equal(records, 1);
    assert_int_equal(last_record.what, ENT_ACT_READ_RED);
    assert_string_equal(last_record.who, "ann");
    (void)snprintf(one.text, sizeof(one.text), "red.example");
    assert_int_equal(ask(c, &x, &one, ENT_TLP_RED), 200);
    assert_string_equal(last_record.on, "indicator red.example");
    record_fails = ENT_E_IO;
    assert_int_equal(ask(c, &x, &one, ENT_TLP_RED), 500);
    assert_null(strstr(body(&x), "red.example"));
    record_fails = ENT_OK;
    c->opts.users = NULL;
    assert_int_equal(ask(c, &x, &one, ENT_TLP_RED), 404);
    answer_release(&x);
    drop_console(c, s);
}

/* Whoever parses may be taken: what it sends is looked at again. */
static void test_who_asks_is_believed_nothing(void **state)
{
    struct ent_console_query q = {.what = ENT_CONSOLE_TAG, .type = ENT_OBS_DOMAIN};
    struct ent_identity who = analyst;
    struct ent_buf bytes, rows;
    struct ent_config config;
    struct ent_store *s;
    uint64_t id;
    struct ent_observable o;
    (void)state;
    struct ent_console_store *c = make_console(&s, &config);
    put(s, "x.example", ENT_TLP_CLEAR);
    (void)snprintf(q.text, sizeof(q.text), "x.example");
    (void)snprintf(q.tag, sizeof(q.tag), "mine");
    ent_buf_init(&bytes, ENT_CONSOLE_QUERY);
    ent_buf_init(&rows, ENT_CONSOLE_ROWS);
    assert_ok(ent_console_query_encode(&bytes, &q));
    who.role = ENT_USER_READER;
    assert_err(ent_console_store_run(c, &rows, &who, ent_buf_slice(&bytes), NOW), ENT_E_POLICY);
    assert_ok(ent_observable_parse(&o, NULL, ENT_SLICE_LIT("x.example")));
    assert_ok(ent_store_find(s, &id, &o));
    assert_err(ent_store_untag(s, id, ENT_SLICE_LIT("mine")), ENT_E_NOTFOUND);
    who.role = ENT_USER_ANALYST;
    for (size_t n = 0; n < bytes.n; n++)
        assert_err(ent_console_store_run(c, &rows, &who, ent_slice(bytes.p, n), NOW), ENT_E_FORMAT);
    assert_int_equal(rows.p[0] | rows.p[1] << 8, 400);
    q = (struct ent_console_query){.what = ENT_CONSOLE_PARTNERS}; /* asked of the other one */
    ent_buf_clear(&bytes);
    assert_ok(ent_console_query_encode(&bytes, &q));
    assert_err(ent_console_store_run(c, &rows, &who, ent_buf_slice(&bytes), NOW), ENT_E_FORMAT);
    ent_buf_release(&bytes);
    ent_buf_release(&rows);
    drop_console(c, s);
}

static enum ent_err no_budget(void *ctx, uint64_t *ret, const char *partner, enum ent_direction dir,
                              uint64_t period)
{
    (void)ctx;
    (void)partner;
    (void)dir;
    (void)period;
    *ret = 0;
    return ENT_OK;
}

/* The other side: what it has, and what it has not. */
static void test_book_side(void **state)
{
    static const struct {
        enum ent_console_what what;
        enum ent_err err;
        unsigned status;
    } want[] = {{ENT_CONSOLE_NODE, ENT_OK, 200},
                {ENT_CONSOLE_STANDING, ENT_OK, 200},
                {ENT_CONSOLE_PARTNERS, ENT_E_NOTFOUND, 404},
                {ENT_CONSOLE_MATCHES, ENT_E_NOTFOUND, 404},
                {ENT_CONSOLE_QUORUMS, ENT_E_NOTFOUND, 404},
                {ENT_CONSOLE_LOGS, ENT_E_NOTFOUND, 404},
                {ENT_CONSOLE_TODAY, ENT_E_FORMAT, 400},
                {ENT_CONSOLE_SETTINGS, ENT_E_FORMAT, 400}};
    struct node n = {.home = NULL};
    struct ent_console_book *c;
    struct ent_buf bytes, rows;
    (void)state;
    node_make(&n, "alice");
    const struct ent_console_book_opts opts = {.home = n.home, .spent = no_budget};
    assert_ok(ent_console_book_new(&c, &opts));
    ent_buf_init(&bytes, ENT_CONSOLE_QUERY);
    ent_buf_init(&rows, ENT_CONSOLE_ROWS);
    for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
        const struct ent_console_query q = {.what = want[i].what};
        ent_buf_clear(&bytes);
        assert_ok(ent_console_query_encode(&bytes, &q));
        assert_err(ent_console_book_run(c, &rows, &analyst, ent_buf_slice(&bytes), NOW),
                   want[i].err);
        assert_int_equal(rows.p[0] | rows.p[1] << 8, want[i].status);
    }
    ent_buf_release(&bytes);
    ent_buf_release(&rows);
    ent_console_book_free(c);
    node_free(&n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_may_be_asked),
        cmocka_unit_test(test_what_may_not),
        cmocka_unit_test(test_who_may_change),
        cmocka_unit_test(test_crossing),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_rows_that_are_none),
        cmocka_unit_test(test_clearance),
        cmocka_unit_test(test_counts_follow),
        cmocka_unit_test(test_red_is_on_record),
        cmocka_unit_test(test_who_asks_is_believed_nothing),
        cmocka_unit_test(test_book_side),
    };
    return ent_t_run("console", tests);
}
