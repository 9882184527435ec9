/* test_portal_login.c: who asks at the users' port: whom the keeper recognised a moment ago,
 * sessions from the login to the logout, the first operator. */
#include "tests/support/portal.h"

#define JSON  "application/json"
#define TAXII ENT_TAXII_TYPE
#define GREEN "/taxii2/api/collections/green/"

/* --- whom the keeper recognised a moment ago ----------------------------------------------------
 */

/* The real keeper, and how often it was asked what. */
static struct asked {
    struct ent_caller keeper;
    unsigned who, taxii;
} asked;

static enum ent_err counting(void *ctx, struct ent_msg *ret, uint16_t type,
                             struct ent_slice payload)
{
    struct asked *a = ctx;
    a->who += type == ENT_API_WHO;
    a->taxii += type == ENT_API_TAXII;
    return a->keeper.call(a->keeper.ctx, ret, type, payload);
}

static void start_counting(unsigned rate)
{
    const struct ent_portal_opts opts = {.keeper = {&asked, counting}, .rate_account = rate};
    portal_start();
    ent_portal_free(portal_here);
    asked = (struct asked){.keeper = portal_desk.keeper};
    assert_ok(ent_portal_new(&portal_here, &opts));
}

static void test_remembered(void **state)
{
    (void)state;
    start_counting(0);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(portal_get("/taxii2/", portal_bearer(1)), 200);
        assert_non_null(strstr(portal_body(), "\"https://node.example:7444/taxii2/api/\""));
    }
    assert_int_equal(asked.who, 1);
    assert_int_equal(asked.taxii, 1); /* the node says the same of itself each time */
    for (int i = 0; i < 3; i++)
        assert_int_equal(portal_get("/taxii2/api/collections/", portal_bearer(1)), 200);
    assert_int_equal(asked.who, 1);
    assert_int_equal(asked.taxii, 4);
    /* another one, the same from elsewhere, and what is on record as a login, are not it */
    assert_int_equal(portal_get("/taxii2/", portal_bearer(2)), 200);
    assert_int_equal(asked.who, 2);
    assert_int_equal(portal_ask(&(struct portal_sent){
                         .path = "/taxii2/", .authorization = portal_bearer(1), .from = 8}),
                     200);
    assert_int_equal(asked.who, 3);
    assert_int_equal(portal_get("/api/v1/session", portal_bearer(1)), 200);
    assert_int_equal(asked.who, 4);
    /* nor a wrong one, however often it comes */
    for (int i = 0; i < 3; i++)
        assert_int_equal(portal_get("/taxii2/", portal_basic("reader:wrong horse battery")), 401);
    assert_int_equal(asked.who, 7);
    ent_buf_clear(&portal_desk.lines);
    for (int i = 0; i < 3; i++)
        assert_int_equal(portal_get("/taxii2/", portal_basic("reader:" DESK_PASSWORD)), 200);
    assert_int_equal(asked.who, 10); /* a right one neither: a guess of it has to be counted */
    assert_true(ent_slice_eq(ent_buf_slice(&portal_desk.lines),
                             ENT_SLICE_LIT("reader password 192.0.2.7 login allowed -\n"
                                           "reader password 192.0.2.7 login allowed -\n"
                                           "reader password 192.0.2.7 login allowed -\n")));
    portal_end();
}

/* Whatever changes an account counts from the next request on. */
static void test_forgotten(void **state)
{
    const struct ent_user_change less = {.clearance = ENT_TLP_GREEN}, off = {.disable = true};
    struct ent_identity owner;
    (void)state;
    start_counting(0);
    ent_identity_owner(&owner);
    assert_int_equal(portal_get("/taxii2/", portal_bearer(1)), 200);
    assert_int_equal(portal_get("/taxii2/", portal_bearer(1)), 200);
    assert_ok(ent_users_token_drop(portal_desk.users, NULL, &owner, ENT_SLICE_LIT("reader"),
                                   ENT_SLICE_LIT("tool"), ent_clock_now()));
    assert_int_equal(portal_get("/taxii2/", portal_bearer(1)), 401);
    assert_int_equal(portal_get("/taxii2/", portal_bearer(1)), 401);
    assert_int_equal(portal_get("/taxii2/api/collections/amber/", portal_bearer(2)), 200);
    assert_ok(ent_users_set(portal_desk.users, NULL, &owner, ENT_SLICE_LIT("analyst"), &less, 1));
    assert_int_equal(portal_get("/taxii2/api/collections/amber/", portal_bearer(2)), 404);
    assert_ok(ent_users_set(portal_desk.users, NULL, &owner, ENT_SLICE_LIT("analyst"), &off, 1));
    assert_int_equal(portal_get("/taxii2/api/collections/green/", portal_bearer(2)), 401);
    assert_int_equal(portal_get("/taxii2/", portal_basic("operator:" DESK_PASSWORD)), 200);
    assert_ok(ent_users_passwd(portal_desk.users, NULL, &owner, ENT_SLICE_LIT("operator"),
                               ENT_SLICE_LIT("another horse battery"), ent_clock_now()));
    assert_int_equal(portal_get("/taxii2/", portal_basic("operator:" DESK_PASSWORD)), 401);
    assert_int_equal(portal_get("/taxii2/", portal_basic("operator:another horse battery")), 200);
    portal_end();
}

/* A handle that the keeper does not know any more, as after its end, costs one look. */
static void test_handle_lost(void **state)
{
    const unsigned rounds = ENT_API_LIVES;
    struct ent_credential c = {.kind = ENT_CRED_TOKEN};
    struct ent_api_who who;
    (void)state;
    start_counting(0);
    assert_int_equal(portal_get("/taxii2/api/collections/", portal_bearer(1)), 200);
    assert_ok(ent_secret_hash(&c.hash, ent_slice_str(portal_desk.token[2]), "ent_"));
    for (unsigned i = 0; i < rounds; i++) /* all others' */
        assert_ok(ent_api_who(&portal_desk.keeper, &who, &c, (const uint8_t[16]){[15] = 9}));
    assert_int_equal(portal_get("/taxii2/api/collections/", portal_bearer(1)), 200);
    assert_non_null(strstr(portal_body(), "green"));
    assert_int_equal(portal_answer.headers.n, 0);
    assert_int_equal(asked.who, 2);
    assert_int_equal(asked.taxii, 3);
    portal_end();
}

/* Whoever is remembered asks no more often than others. */
static void test_remembered_is_limited(void **state)
{
    unsigned n = 0;
    (void)state;
    start_counting(5);
    while (n < 20 && portal_get("/taxii2/", portal_bearer(1)) == 200)
        n++;
    assert_in_range(n, 5, 6);
    assert_int_equal(portal_answer.status, 429);
    assert_int_equal(asked.who, 1);
    portal_end();
}

/* --- sessions -----------------------------------------------------------------------------------
 */

static void test_login(void **state)
{
    struct portal_session s;
    char want[256];
    (void)state;
    portal_start();
    portal_log_in(&s);
    assert_true(portal_answer.body.n > 0);
    (void)snprintf(want, sizeof(want),
                   "Set-Cookie: %s; Secure; HttpOnly; SameSite=Strict; Path=/\n", s.cookie);
    assert_true(ent_slice_eq(ent_buf_slice(&portal_answer.headers), ent_slice_str(want)));
    assert_int_equal(
        portal_ask(&(struct portal_sent){.path = "/api/v1/session", .cookie = s.cookie}), 200);
    (void)snprintf(want, sizeof(want),
                   "{\"account\":\"analyst\",\"role\":\"analyst\",\"clearance\":\"TLP:AMBER\","
                   "\"csrf\":\"%s\"}",
                   s.csrf);
    assert_true(portal_is(JSON, "", want));
    assert_int_equal(portal_get("/api/v1/session", portal_bearer(1)), 200);
    assert_true(portal_is(JSON, "",
                          "{\"account\":\"reader\",\"role\":\"reader\",\"clearance\":\"TLP:GREEN\","
                          "\"csrf\":\"\"}"));
    assert_int_equal(portal_get("/api/v1/session", NULL), 401);
    assert_true(portal_is(JSON, "", "{\"error\":\"who\",\"detail\":\"nobody is logged in\"}"));
    /* where there is no TLS the cookie has another name */
    struct portal_sent plain = portal_good_login;
    plain.plain = true;
    assert_int_equal(portal_ask(&plain), 200);
    assert_true(ent_slice_starts(ent_buf_slice(&portal_answer.headers),
                                 ENT_SLICE_LIT("Set-Cookie: entente=")));
    assert_null(strstr(portal_body(), "Secure"));
    portal_end();
}

static void test_login_refused(void **state)
{
    static const struct {
        const char *site, *type, *body;
        unsigned status;
        const char *detail;
    } rows[] = {
        {NULL, JSON, NULL, 403, "the request does not come from our own page"},
        {"cross-site", JSON, NULL, 403, "the request does not come from our own page"},
        {"same-site", JSON, NULL, 403, "the request does not come from our own page"},
        {"same-origin", "text/plain", NULL, 415, "a body is application/json"},
        {"same-origin", NULL, NULL, 415, "a body is application/json"},
        {"same-origin", JSON, "{}", 400, "a name is missing"},
        {"same-origin", JSON, "{\"name\":\"a\",\"password\":\"b\",\"role\":\"c\"}", 400,
         "a name that is not known here"},
        {"same-origin", JSON, "{\"name\":\"analyst\",\"password\":\"wrong horse battery\"}", 401,
         "the name or the password is wrong"},
        {"same-origin", JSON, "{\"name\":\"nobody\",\"password\":\"" DESK_PASSWORD "\"}", 401,
         "the name or the password is wrong"},
        {"same-origin", JSON, "{\"name\":\"NOBODY!\",\"password\":\"" DESK_PASSWORD "\"}", 401,
         "the name or the password is wrong"},
        {"same-origin", JSON, "{\"name\":\"analyst\",\"password\":\"\"}", 401,
         "the name or the password is wrong"},
    };
    char want[128];
    (void)state;
    portal_start();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct portal_sent s = portal_good_login;
        s.site = rows[i].site;
        s.type = rows[i].type;
        s.body = rows[i].body != NULL ? rows[i].body : portal_good_login.body;
        assert_int_equal(portal_ask(&s), rows[i].status);
        assert_int_equal(portal_answer.headers.n, 0);
        (void)snprintf(want, sizeof(want), "\"detail\":\"%s\"}", rows[i].detail);
        assert_non_null(strstr(portal_body(), want));
        assert_string_equal(portal_answer.type, JSON);
    }
    assert_int_equal(portal_get("/api/v1/login", NULL), 405);
    assert_true(portal_is(JSON, "Allow: POST\n", "{\"error\":\"method\",\"detail\":\"POST\"}"));
    portal_end();
}

/* After wrong ones everybody waits, and is told how long. */
static void test_login_wait(void **state)
{
    struct portal_sent s = portal_good_login;
    unsigned status = 0, tries = 0;
    (void)state;
    portal_start();
    s.body = "{\"name\":\"analyst\",\"password\":\"wrong horse battery\"}";
    while ((status = portal_ask(&s)) == 401 && tries < 40)
        tries++;
    assert_int_equal(status, 429);
    assert_int_equal(tries, 5);
    assert_true(portal_is(JSON, "Retry-After: 1\n",
                          "{\"error\":\"too-often\",\"detail\":\"too many wrong passwords\"}"));
    assert_int_equal(portal_ask(&portal_good_login), 429); /* also with the right one */
    assert_int_equal(portal_get("/api/v1/session", portal_bearer(2)),
                     200); /* but not for its token */
    assert_int_equal(portal_get("/taxii2/", portal_basic("analyst:" DESK_PASSWORD)), 429);
    assert_string_equal(portal_answer.type, TAXII);
    portal_end();
}

static void test_logout(void **state)
{
    struct portal_session s;
    (void)state;
    portal_start();
    portal_log_in(&s);
    struct portal_sent out = {.method = "POST", .path = "/api/v1/logout", .cookie = s.cookie};
    assert_int_equal(portal_ask(&out), 403); /* from nowhere */
    assert_true(
        portal_is(JSON, "",
                  "{\"error\":\"not-allowed\",\"detail\":\"a request with a cookie that does not "
                  "come from our own page\"}"));
    out.site = "same-origin";
    assert_int_equal(portal_ask(&out), 403); /* without the token of the session */
    out.csrf = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    assert_int_equal(portal_ask(&out), 403);
    out.csrf = s.csrf;
    out.site = "cross-site";
    assert_int_equal(portal_ask(&out), 403);
    assert_int_equal(
        portal_ask(&(struct portal_sent){.path = "/api/v1/session", .cookie = s.cookie}), 200);
    out.site = "same-origin";
    assert_int_equal(portal_ask(&out), 204);
    assert_true(portal_is("",
                          "Set-Cookie: __Host-entente=; Secure; HttpOnly; SameSite=Strict; Path=/; "
                          "Max-Age=0\n",
                          ""));
    assert_int_equal(
        portal_ask(&(struct portal_sent){.path = "/api/v1/session", .cookie = s.cookie}), 401);
    assert_int_equal(portal_ask(&out), 204); /* it is over already */
    out.cookie = NULL;
    assert_int_equal(portal_ask(&out), 401);
    out.authorization = portal_bearer(1);
    assert_int_equal(portal_ask(&out), 401);
    assert_true(portal_is(JSON, "", "{\"error\":\"who\",\"detail\":\"there is no session\"}"));
    portal_end();
}

/* By a cookie nothing is changed from elsewhere, in TAXII neither. */
static void test_cookie_and_taxii(void **state)
{
    struct portal_session s;
    (void)state;
    portal_start();
    portal_log_in(&s);
    assert_int_equal(
        portal_ask(&(struct portal_sent){.path = GREEN "objects/", .cookie = s.cookie}), 200);
    struct portal_sent post = {.method = "POST",
                               .path = "/taxii2/api/collections/inbox/objects/",
                               .cookie = s.cookie,
                               .type = TAXII,
                               .body = "{\"objects\":[]}"};
    assert_int_equal(portal_ask(&post), 403);
    assert_true(
        portal_is(TAXII, "",
                  "{\"title\":\"not allowed\",\"description\":\"a request with a cookie that does "
                  "not come from our own page\",\"http_status\":\"403\"}"));
    post.site = "same-origin";
    post.csrf = s.csrf;
    assert_int_equal(portal_ask(&post), 202);
    portal_end();
}

static void test_first(void **state)
{
    struct ent_user_change off = {.role = ENT_USER_READER};
    struct ent_identity owner;
    char link[ENT_LINK_TEXT], json[512];
    struct portal_sent s = {
        .method = "POST", .path = "/api/v1/first", .site = "same-origin", .type = JSON};
    (void)state;
    portal_start();
    ent_identity_owner(&owner);
    assert_ok(ent_users_set(portal_desk.users, NULL, &owner, ENT_SLICE_LIT("operator"), &off, 1));
    assert_ok(ent_users_link(portal_desk.users, NULL, link, ent_clock_now()));
    s.body = "{\"link\":\"entl_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"name\":\"eva\","
             "\"password\":\"" DESK_PASSWORD "\"}";
    assert_int_equal(portal_ask(&s), 401);
    assert_true(portal_is(JSON, "",
                          "{\"error\":\"who\",\"detail\":\"this link does not hold, or "
                          "does not hold any more\"}"));
    s.body = json;
    (void)snprintf(json, sizeof(json), "{\"link\":\"%s\",\"name\":\"eva\",\"password\":\"x\"}",
                   link);
    assert_int_equal(portal_ask(&s), 400);
    (void)snprintf(json, sizeof(json),
                   "{\"link\":\"%s\",\"name\":\"E\",\"password\":\"" DESK_PASSWORD "\"}", link);
    assert_int_equal(portal_ask(&s), 400);
    (void)snprintf(json, sizeof(json),
                   "{\"link\":\"%s\",\"name\":\"reader\",\"password\":\"" DESK_PASSWORD "\"}",
                   link);
    assert_int_equal(portal_ask(&s), 409);
    (void)snprintf(
        json, sizeof(json),
        "{\"link\":\"%s\",\"name\":\"eva\",\"display\":\"Eva\",\"password\":\"" DESK_PASSWORD "\"}",
        link);
    s.site = "cross-site";
    assert_int_equal(portal_ask(&s), 403);
    s.site = "same-origin";
    assert_int_equal(portal_ask(&s), 200);
    assert_true(portal_is(JSON, "", "{\"account\":\"eva\"}"));
    assert_int_equal(portal_ask(&s), 401); /* once */
    assert_int_equal(portal_get("/api/v1/session", portal_basic("eva:" DESK_PASSWORD)), 200);
    assert_non_null(strstr(portal_body(), "\"role\":\"operator\",\"clearance\":\"TLP:RED\""));
    portal_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_remembered),
        cmocka_unit_test(test_forgotten),
        cmocka_unit_test(test_handle_lost),
        cmocka_unit_test(test_remembered_is_limited),
        cmocka_unit_test(test_login),
        cmocka_unit_test(test_login_refused),
        cmocka_unit_test(test_login_wait),
        cmocka_unit_test(test_logout),
        cmocka_unit_test(test_cookie_and_taxii),
        cmocka_unit_test(test_first),
    };
    return ent_t_run("portal_login", tests);
}
