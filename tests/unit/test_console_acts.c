/* test_console_acts.c: what is done through the console: accounts, tokens, releases by two, and the
 * audit log, over a store and a trail as a keeper has them. */
#include "tests/support/simdisk.h"
#include "tests/support/t.h"

#include "node/node.h"

#define NOW 1534723200

static struct ent_store *store, *accounts;
static struct ent_simdisk *sim;
static struct ent_trail *trail;
static struct ent_users *users;
static struct ent_config config;
static struct ent_console_store *console;
static char said[65536]; /* the last answer */

static const struct ent_identity operator= {.user = 900,
                                            .name = "op",
                                            .role = ENT_USER_OPERATOR,
                                            .clearance = ENT_TLP_RED,
                                            .via = ENT_VIA_SESSION};
static struct ent_identity as(const char *name, enum ent_user_role role)
{
    struct ent_identity who = operator;
    struct ent_user u;
    (void)snprintf(who.name, sizeof(who.name), "%s", name);
    who.role = role;
    if (ent_store_user(store, &u, ent_slice_str(name)) == ENT_OK)
        who.user = u.id;
    return who;
}

static int set_up(void **state)
{
    static const struct ent_seed32 seed = {{7}};
    static unsigned n;
    char name[32], path[256];
    (void)state;
    (void)snprintf(name, sizeof(name), "acts-%u.db", n++);
    assert_ok(ent_path_join(path, sizeof(path), ent_t_tmpdir(), name));
    assert_ok(ent_store_open(&store, NULL, path));
    assert_ok(ent_store_open(&accounts, NULL, path));
    sim = ent_simdisk_new();
    const struct ent_trail_opts to = {
        .disk = ent_simdisk_disk(sim), .member = "a", .key = &seed, .lock_fd = -1, .most = 5};
    assert_ok(ent_trail_new(&trail, &to));
    const struct ent_users_opts uo = {
        .store = accounts, .record = ent_trail_record, .ctx = trail, .cheap = true};
    assert_ok(ent_users_new(&users, &uo));
    ent_config_defaults(&config);
    const struct ent_console_store_opts co = {.store = store,
                                              .config = &config,
                                              .users = users,
                                              .audit = ent_simdisk_disk(sim),
                                              .member = "a"};
    assert_ok(ent_console_store_new(&console, &co));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ent_console_store_free(console);
    ent_users_free(users);
    ent_trail_free(trail);
    ent_simdisk_free(sim);
    ent_store_close(accounts);
    ent_store_close(store);
    return 0;
}

/* All three stages: a request as a form or a query, and the status of its answer. */
static unsigned ask(const struct ent_identity *who, const char *path, const char *form, int64_t now)
{
    static const char *const posts[] = {"account-add",     "account-set", "password",
                                        "token",           "token-drop",  "release",
                                        "release-confirm", "release-hold"};
    struct ent_web_answer a = {.status = 0};
    struct ent_web_request req = {.method = "GET"};
    struct ent_console_query q;
    struct ent_buf bytes, rows;
    char full[64];
    (void)snprintf(full, sizeof(full), "/api/v1/%s", path);
    req.path = full;
    req.query = ent_slice_str(form);
    for (size_t i = 0; i < sizeof(posts) / sizeof(posts[0]); i++)
        if (strcmp(path, posts[i]) == 0) {
            req.method = "POST";
            req.body = req.query;
            req.query = ent_slice(NULL, 0);
            req.content_type = ENT_SLICE_LIT("application/x-www-form-urlencoded");
        }
    ent_buf_init(&a.headers, 8192);
    ent_buf_init(&a.body, (size_t)1 << 20);
    ent_buf_init(&bytes, ENT_CONSOLE_QUERY);
    ent_buf_init(&rows, ENT_CONSOLE_ROWS);
    if (ent_console_parse(&q, &a, &req, who, true) == ENT_OK) {
        assert_ok(ent_console_query_encode(&bytes, &q));
        (void)!ent_console_store_run(console, &rows, who, ent_buf_slice(&bytes), now);
        ent_console_render(&a, &q, ent_buf_slice(&rows));
    }
    (void)snprintf(said, sizeof(said), "%.*s", (int)a.body.n, (const char *)a.body.p);
    ent_buf_release(&a.headers);
    ent_buf_release(&a.body);
    ent_buf_release(&bytes);
    ent_buf_release(&rows);
    return a.status;
}

#define says(text)                                                                                 \
    do {                                                                                           \
        if (strstr(said, (text)) == NULL)                                                          \
            fail_msg("no %s in %s", (text), said);                                                 \
    } while (0)

static void add(const char *name, const char *role)
{
    char form[256];
    (void)snprintf(form, sizeof(form), "account=%s&role=%s&tlp=green&password=correct+horse", name,
                   role);
    assert_int_equal(ask(&operator, "account-add", form, NOW), 200);
}

/* --- accounts -----------------------------------------------------------------------------------
 */

static void test_accounts(void **state)
{
    (void)state;
    add("eva", "analyst");
    assert_int_equal(ask(&operator, "account-set", "account=eva&disable=1", NOW), 409);
    says("nobody would be left who is an operator");
    add("boss", "operator");
    assert_int_equal(ask(&operator, "account-add", "account=eva&role=reader&tlp=red", NOW), 409);
    says("there is an account of this name");
    assert_int_equal(
        ask(&operator, "account-add", "account=bob&role=reader&tlp=red&password=short", NOW), 400);
    says("a password has 12 to 256 bytes");
    assert_int_equal(ask(&operator, "accounts", "", NOW), 200);
    says("\"name\":\"eva\"");
    assert_null(strstr(said, "bob"));
    assert_null(strstr(said, "argon"));
    assert_int_equal(
        ask(&operator, "account-set", "account=eva&role=releaser&tlp=amber&display=Eva+E.", NOW),
        200);
    assert_int_equal(ask(&operator, "account", "account=eva", NOW), 200);
    says("\"display\":\"Eva E.\",\"role\":\"releaser\",\"clearance\":\"TLP:AMBER\"");
    assert_int_equal(ask(&operator, "account-set", "account=eva&disable=1", NOW), 200);
    assert_int_equal(ask(&operator, "account", "account=eva", NOW), 200);
    says("\"enabled\":false");
    assert_int_equal(ask(&operator, "account", "account=nobody", NOW), 404);
    assert_int_equal(ask(&operator, "account-set", "account=nobody&enable=1", NOW), 404);
}

static void test_only_the_own(void **state)
{
    (void)state;
    add("eva", "analyst");
    add("bob", "analyst");
    const struct ent_identity eva = as("eva", ENT_USER_ANALYST);
    static const struct {
        const char *path, *form;
    } others[] = {{"account", "account=bob"},
                  {"token", "account=bob&token=t"},
                  {"token-drop", "account=bob&token=t"},
                  {"password", "account=bob&old=correct+horse&password=battery+staple"},
                  {"accounts", ""},
                  {"audit", ""},
                  {"account-set", "account=eva&role=operator"},
                  {"account-add", "account=eve&role=operator&tlp=red"}};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        assert_int_equal(ask(&eva, others[i].path, others[i].form, NOW), 403);
        says("this account may not do that");
    }
    assert_int_equal(ask(&eva, "account", "", NOW), 200);
    says("\"name\":\"eva\"");
}

static bool logs_in(const char *name, const char *password)
{
    static const uint8_t elsewhere[16] = {[10] = 0xFF, 0xFF, 192, 0, 2, 1};
    struct ent_credential c;
    struct ent_check check;
    assert_ok(ent_credential_password(&c, ent_slice_str(name), ent_slice_str(password)));
    return ent_users_check(users, &check, NULL, &c, elsewhere, NOW) == ENT_OK;
}

static void test_own_password(void **state)
{
    (void)state;
    add("eva", "reader");
    const struct ent_identity eva = as("eva", ENT_USER_READER);
    assert_int_equal(ask(&eva, "password", "account=eva&password=battery+staple", NOW), 403);
    assert_int_equal(
        ask(&eva, "password", "account=eva&old=wrong+password&password=battery+staple", NOW), 403);
    says("this is not the password that it has now");
    assert_true(logs_in("eva", "correct horse"));
    assert_int_equal(
        ask(&eva, "password", "account=eva&old=correct+horse&password=battery+staple", NOW), 200);
    assert_true(logs_in("eva", "battery staple"));
    assert_false(logs_in("eva", "correct horse"));
    assert_int_equal(ask(&operator, "password", "account=eva&password=of+an+operator", NOW), 200);
    assert_true(logs_in("eva", "of an operator"));
}

static void test_tokens(void **state)
{
    struct ent_hash32 hash;
    struct ent_token t;
    struct ent_user u;
    (void)state;
    add("eva", "analyst");
    const struct ent_identity eva = as("eva", ENT_USER_ANALYST);
    assert_int_equal(
        ask(&eva, "token", "account=eva&token=feeds&role=reader&until=2027-01-01", NOW), 200);
    const char *text = strstr(said, "\"token\":\"ent_");
    assert_non_null(text);
    assert_ok(ent_secret_hash(&hash, ent_slice(text + 9, ENT_TOKEN_TEXT - 1), "ent_"));
    assert_ok(ent_store_token(store, &t, &u, &hash, NOW));
    assert_string_equal(u.name, "eva");
    assert_int_equal(t.role, ENT_USER_READER);
    assert_int_equal(ask(&eva, "account", "", NOW), 200);
    says("\"token_list\":[{\"name\":\"feeds\",\"role\":\"reader\",\"clearance\":\"TLP:GREEN\"");
    assert_null(strstr(said, "ent_")); /* it was told once */
    assert_int_equal(ask(&eva, "token", "account=eva&token=feeds", NOW), 409);
    assert_int_equal(ask(&eva, "token", "account=eva&token=more&role=operator", NOW), 403);
    says("a token may not do more than its account");
    assert_int_equal(ask(&eva, "token", "account=eva&token=old&until=2018-01-01", NOW), 400);
    assert_int_equal(ask(&eva, "token-drop", "account=eva&token=none", NOW), 404);
    assert_int_equal(ask(&eva, "token-drop", "account=eva&token=feeds", NOW), 200);
    assert_err(ent_store_token(store, &t, &u, &hash, NOW), ENT_E_NOTFOUND);
}

/* --- releases -----------------------------------------------------------------------------------
 */

static void put_wide(enum ent_tlp tlp)
{
    struct ent_indicator ind = {.tlp = tlp, .confidence = -1};
    enum ent_put p;
    assert_ok(ent_observable_parse(&ind.obs, NULL, ENT_SLICE_LIT("32.0.0.0/4")));
    assert_ok(ent_store_begin(store));
    assert_ok(ent_store_put(store, &p, &ind, ENT_SLICE_LIT("odd feed"), NOW));
    assert_ok(ent_store_commit(store));
    assert_ok(ent_release_judge(store, ent_slice(NULL, 0), NULL));
}

static void test_one_releases(void **state)
{
    const struct ent_identity eva = as("eva", ENT_USER_RELEASER), ann = as("ann", ENT_USER_ANALYST);
    (void)state;
    put_wide(ENT_TLP_GREEN);
    assert_int_equal(ask(&ann, "release", "source=odd+feed&reason=x", NOW), 403);
    assert_int_equal(ask(&eva, "release", "source=none&reason=x", NOW), 404);
    assert_int_equal(ask(&eva, "release", "source=odd+feed", NOW), 400);
    assert_int_equal(ask(&ann, "releases", "", NOW), 200);
    says("{\"needs_two\":false,\"sources\":[{\"name\":\"odd feed\",\"judged\":true,\"held\":true");
    assert_int_equal(ask(&eva, "release", "source=odd+feed&reason=looked+at+it", NOW), 200);
    says("\"waits\":false");
    assert_int_equal(ask(&ann, "releases", "", NOW), 200);
    says("\"held\":false");
    says("\"by\":\"eva\",\"reason\":\"looked at it\"");
    assert_int_equal(ask(&eva, "release-hold", "source=odd+feed", NOW), 200);
    assert_int_equal(ask(&eva, "release-hold", "source=odd+feed", NOW), 404);
    assert_int_equal(ask(&ann, "today", "", NOW), 200);
    says("\"held\":[{\"name\":\"odd feed\"");
}

static void test_two_release(void **state)
{
    const struct ent_identity eva = as("eva", ENT_USER_RELEASER),
                              bob = as("bob", ENT_USER_RELEASER);
    (void)state;
    config.release_needs_two = 1;
    put_wide(ENT_TLP_GREEN);
    assert_int_equal(ask(&bob, "release-confirm", "source=odd+feed", NOW), 404);
    assert_int_equal(ask(&eva, "release", "source=odd+feed&reason=looked+at+it", NOW), 200);
    says("\"waits\":true");
    assert_int_equal(ask(&eva, "release-confirm", "source=odd+feed", NOW), 403);
    assert_int_equal(ask(&bob, "today", "", NOW), 200);
    says("\"asked\":[{\"source\":\"odd feed\",\"by\":\"eva\",\"own\":false");
    says("\"held\":[{\"name\":\"odd feed\"");
    assert_int_equal(ask(&eva, "releases", "", NOW), 200);
    says("\"own\":true");
    assert_int_equal(ask(&bob, "release-confirm", "source=odd+feed", NOW), 200);
    assert_int_equal(ask(&bob, "today", "", NOW), 200);
    says("\"held\":[],\"asked\":[]");
    assert_int_equal(ask(&bob, "release-hold", "source=odd+feed", NOW), 200);
    assert_int_equal(ask(&eva, "release", "source=odd+feed&reason=again", NOW), 200);
    assert_int_equal(ask(&bob, "release-hold", "source=odd+feed", NOW), 200); /* the question */
    assert_int_equal(ask(&bob, "release-confirm", "source=odd+feed", NOW), 404);
}

/* A source of which one may not know is none. */
static void test_releases_by_clearance(void **state)
{
    struct ent_identity eva = as("eva", ENT_USER_RELEASER);
    (void)state;
    put_wide(ENT_TLP_RED);
    eva.clearance = ENT_TLP_AMBER;
    assert_int_equal(ask(&eva, "releases", "", NOW), 200);
    assert_null(strstr(said, "odd feed"));
    assert_int_equal(ask(&eva, "release", "source=odd+feed&reason=x", NOW), 404);
    assert_int_equal(ask(&eva, "release-hold", "source=odd+feed", NOW), 404);
}

/* --- the audit log ------------------------------------------------------------------------------
 */

/* Pages of it, over generations of five records, hold each record once, the newest first. */
static void test_audit(void **state)
{
    char form[64] = "limit=3";
    unsigned n = 0;
    uint64_t generation, before;
    char last[64] = "";
    (void)state;
    assert_int_equal(ask(&operator, "audit", "", NOW), 200);
    says("{\"records\":[]}");
    for (int i = 0; i < 9; i++) {
        char name[16];
        (void)snprintf(name, sizeof(name), "u%d", i);
        add(name, "reader");
    }
    for (int page = 0; page < 20 && form[0] != '\0'; page++) {
        assert_int_equal(ask(&operator, "audit", form, NOW), 200);
        for (const char *at = said; (at = strstr(at, "\"on\":\"add u")) != NULL; at++, n++)
            assert_int_equal(at[11], '8' - (int)n);
        const char *g = strstr(said, "],\"generation\":"), *b = strstr(said, ",\"before\":");
        form[0] = '\0';
        if (g == NULL)
            continue;
        generation = strtoull(g + 15, NULL, 10);
        before = b == NULL ? 0 : strtoull(b + 10, NULL, 10);
        (void)snprintf(form, sizeof(form),
                       before == 0 ? "limit=3&generation=%d" : "limit=3&generation=%d&before=%d",
                       (int)generation, (int)before);
        assert_string_not_equal(form, last);
        (void)snprintf(last, sizeof(last), "%s", form);
    }
    assert_int_equal(n, 9);
    /* Where there is no such generation yet, the newest. */
    assert_int_equal(ask(&operator, "audit", "generation=99", NOW), 200);
    says("add u8");
}

/* Nor does it tell an operator what others read that is marked narrower than it may see. */
static void test_audit_of_red(void **state)
{
    struct ent_identity narrow = operator;
    (void)state;
    put_wide(ENT_TLP_RED);
    narrow.clearance = ENT_TLP_AMBER;
    assert_int_equal(ask(&operator, "indicator", "value=net4:32.0.0.0/4", NOW), 200);
    assert_int_equal(ask(&narrow, "audit", "", NOW), 200);
    says("\"what\":\"read-red\",\"outcome\":\"allowed\",\"hidden\":true}");
    assert_null(strstr(said, "32.0.0.0"));
    assert_int_equal(ask(&operator, "audit", "", NOW), 200);
    says("\"on\":\"indicator 32.0.0.0/4\"");
    assert_int_equal(ask(&operator, "audit", "limit=1", NOW), 200);
    says("\"on\":\"audit\""); /* which is a look at it, too */
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_accounts),
        TEST(test_only_the_own),
        TEST(test_own_password),
        TEST(test_tokens),
        TEST(test_one_releases),
        TEST(test_two_release),
        TEST(test_releases_by_clearance),
        TEST(test_audit),
        TEST(test_audit_of_red),
    };
    return ent_t_run("console_acts", tests);
}
