/* test_portal.c: from a request of the users' port to its answer, over a real desk: each route, and
 * each way of being refused, with status, type and body. */
#include "tests/support/portal.h"

#include "node/bucket.h"

#define JSON   "application/json"
#define TAXII  ENT_TAXII_TYPE
#define PLAIN  "text/plain; charset=utf-8"
#define GREEN  "/taxii2/api/collections/green/"
#define SECOND UINT64_C(1000000000)

/* --- health, ready, metrics ---------------------------------------------------------------------
 */

static enum ent_err dead(void *ctx, struct ent_msg *ret, uint16_t type, struct ent_slice payload)
{
    (void)ctx;
    (void)ret;
    (void)type;
    (void)payload;
    return ENT_E_PEER;
}

static void test_health(void **state)
{
    struct ent_book_desk book = {.ctx = NULL};
    struct ent_direct direct = {ent_book_serve, &book, 65536};
    (void)state;
    portal_start_with(&(struct ent_portal_opts){.ledger = ent_caller_direct(&direct)}, false);
    assert_int_equal(portal_get("/health", NULL), 200);
    assert_true(portal_is(PLAIN, "", "ok\n"));
    assert_int_equal(portal_get("/ready", NULL), 200);
    assert_true(portal_is(PLAIN, "", "ready\n"));
    assert_int_equal(portal_ask(&(struct portal_sent){.method = "HEAD", .path = "/health"}), 200);
    assert_int_equal(portal_ask(&(struct portal_sent){.method = "POST", .path = "/health"}), 405);
    assert_true(portal_is(PLAIN, "Allow: GET, HEAD\n", "not with this method: GET, HEAD\n"));
    assert_int_equal(portal_get("/nothing", NULL), 404);
    assert_true(portal_is(PLAIN, "", "nothing is here: the node has no such page\n"));
    assert_int_equal(portal_get("/health/", NULL), 404);
    portal_end();
    portal_start_with(&(struct ent_portal_opts){.ledger = {NULL, dead}}, false);
    assert_int_equal(portal_get("/ready", NULL), 503);
    assert_true(portal_is(PLAIN, "Retry-After: 1\n", "not available now: ledger\n"));
    assert_int_equal(portal_get("/health", NULL), 200);
    portal_end();
}

/* With the keeper away each part says so in its own words. */
static void test_keeper_away(void **state)
{
    const struct ent_portal_opts opts = {.keeper = {NULL, dead}};
    (void)state;
    portal_start();
    ent_portal_free(portal_here);
    assert_ok(ent_portal_new(&portal_here, &opts));
    assert_int_equal(portal_get("/health", NULL), 200);
    assert_int_equal(portal_get("/ready", NULL), 503);
    assert_true(portal_is(PLAIN, "Retry-After: 1\n", "not available now: keeper\n"));
    assert_int_equal(portal_get("/taxii2/", portal_bearer(1)), 503);
    assert_true(
        portal_is(TAXII, "Retry-After: 1\n",
                  "{\"title\":\"not available now\",\"description\":\"a part of the node does not "
                  "answer\",\"http_status\":\"503\"}"));
    assert_int_equal(portal_get("/api/v1/session", portal_bearer(1)), 503);
    assert_true(portal_is(JSON, "Retry-After: 1\n",
                          "{\"error\":\"busy\",\"detail\":\"a part of the node does not "
                          "answer\"}"));
    portal_end();
}

static enum ent_err figures(void *ctx, struct ent_buf *b)
{
    (void)ctx;
    return ent_buf_puts(b, "up 1\n");
}

static enum ent_err no_figures(void *ctx, struct ent_buf *b)
{
    (void)ctx;
    (void)!ent_buf_puts(b, "half");
    return ENT_E_IO;
}

static void test_metrics(void **state)
{
    (void)state;
    portal_start();
    assert_int_equal(portal_get("/metrics", NULL), 401);
    assert_true(
        portal_is(PLAIN, "WWW-Authenticate: Basic realm=\"metrics\", charset=\"UTF-8\"\n",
                  "who asks is not known: a user and a password, or a token, are needed\n"));
    assert_int_equal(portal_get("/metrics", "Digest x"), 401);
    assert_int_equal(portal_get("/metrics", "Bearer ent_x"), 401);
    assert_int_equal(portal_get("/metrics", portal_bearer(1)), 200); /* of nothing */
    assert_true(portal_is(ENT_COUNTS_TYPE, "", ""));
    portal_end();
    portal_start_with(&(struct ent_portal_opts){.metrics = figures}, false);
    assert_int_equal(portal_get("/metrics", NULL), 401);
    assert_int_equal(portal_get("/metrics", portal_bearer(1)), 200);
    assert_true(portal_is(ENT_COUNTS_TYPE, "", "up 1\n"));
    portal_end();
    portal_start_with(&(struct ent_portal_opts){.metrics = figures}, true);
    assert_int_equal(portal_get("/metrics", NULL), 200);
    assert_true(portal_is("text/plain; version=0.0.4; charset=utf-8", "", "up 1\n"));
    portal_end();
    portal_start_with(&(struct ent_portal_opts){.metrics = no_figures}, true);
    assert_int_equal(portal_get("/metrics", NULL), 500);
    assert_true(portal_is(PLAIN, "", "error: the node failed; its log says why\n"));
    portal_end();
}

/* Open, they are there also while the keeper is not. */
static void test_metrics_without_the_keeper(void **state)
{
    const struct ent_portal_opts opts = {
        .keeper = {NULL, dead}, .metrics = figures, .metrics_open = true};
    (void)state;
    portal_start();
    ent_portal_free(portal_here);
    assert_ok(ent_portal_new(&portal_here, &opts));
    assert_int_equal(portal_get("/metrics", NULL), 200);
    assert_true(portal_is(ENT_COUNTS_TYPE, "", "up 1\n"));
    portal_end();
}

/* --- TAXII --------------------------------------------------------------------------------------
 */

static void test_taxii(void **state)
{
    (void)state;
    portal_start();
    assert_int_equal(portal_get("/taxii2/", NULL), 401);
    assert_true(
        portal_is(TAXII, "WWW-Authenticate: Basic realm=\"TAXII\", charset=\"UTF-8\"\n",
                  "{\"title\":\"Who asks is not known\",\"description\":\"A user and a password, "
                  "or a token, are needed.\",\"http_status\":\"401\"}"));
    assert_int_equal(portal_get("/taxii2/nothing/", "Bearer x"), 401);
    assert_int_equal(portal_get("/taxii2/", portal_basic("reader:wrong horse battery")), 401);
    assert_int_equal(portal_get("/taxii2/", portal_basic("reader:" DESK_PASSWORD)), 200);
    assert_string_equal(portal_answer.type, TAXII);
    assert_non_null(strstr(portal_body(), "\"https://node.example:7444/taxii2/api/\""));
    assert_int_equal(portal_get("/taxii2", portal_bearer(1)), 404);
    assert_string_equal(portal_answer.type, TAXII);
    desk_put(&portal_desk, "s", "80.1.1.1", ENT_TLP_GREEN);
    desk_wait(&portal_desk, 4); /* with our identity and two markings */
    assert_int_equal(portal_get(GREEN "objects/", portal_bearer(1)), 200);
    assert_non_null(strstr(portal_body(), "80.1.1.1"));
    assert_int_equal(portal_get("/taxii2/api/collections/amber/objects/", portal_bearer(1)), 404);
    assert_int_equal(portal_get("/taxii2/api/collections/amber/objects/", portal_bearer(2)), 200);
    assert_int_equal(portal_ask(&(struct portal_sent){.method = "POST",
                                                      .path = GREEN "objects/",
                                                      .authorization = portal_bearer(1),
                                                      .type = TAXII,
                                                      .body = "{\"objects\":[]}"}),
                     403);
    assert_int_equal(
        portal_ask(&(struct portal_sent){.method = "POST",
                                         .path = "/taxii2/api/collections/inbox/objects/",
                                         .authorization = portal_bearer(2),
                                         .type = TAXII,
                                         .body = "{\"objects\":[{\"type\":\"x\"}]}"}),
        202);
    assert_non_null(strstr(portal_body(), "\"failure_count\":1"));
    assert_int_equal(portal_ask(&(struct portal_sent){
                         .method = "PUT", .path = "/taxii2/", .authorization = portal_bearer(2)}),
                     405);
    assert_true(
        ent_slice_eq(ent_buf_slice(&portal_answer.headers), ENT_SLICE_LIT("Allow: GET, HEAD\n")));
    portal_end();
}

/* --- how often ----------------------------------------------------------------------------------
 */

static void test_rates(void **state)
{
    (void)state;
    portal_start_with(&(struct ent_portal_opts){.rate_address = 5}, false);
    for (int i = 0; i < 5; i++)
        assert_int_equal(portal_get("/ready", NULL), 200);
    assert_int_equal(portal_get("/ready", NULL), 429);
    assert_true(
        portal_is(PLAIN, "Retry-After: 12\n", "too many requests: this address asks too often\n"));
    assert_int_equal(portal_get("/taxii2/", portal_bearer(1)), 429);
    assert_string_equal(portal_answer.type, TAXII);
    assert_int_equal(portal_get("/api/v1/session", NULL), 429);
    assert_string_equal(portal_answer.type, JSON);
    assert_int_equal(portal_get("/nothing", NULL), 429);
    assert_int_equal(portal_get("/health", NULL), 200); /* costs nothing */
    assert_int_equal(portal_ask(&(struct portal_sent){.path = "/ready", .from = 8}), 200);
    portal_end();
    portal_start_with(&(struct ent_portal_opts){.rate_account = 2}, false);
    assert_int_equal(portal_get("/taxii2/", portal_bearer(1)), 200);
    assert_int_equal(portal_ask(&(struct portal_sent){
                         .path = "/taxii2/", .authorization = portal_bearer(1), .from = 8}),
                     200);
    assert_int_equal(portal_ask(&(struct portal_sent){
                         .path = "/taxii2/", .authorization = portal_bearer(1), .from = 9}),
                     429);
    assert_true(
        portal_is(TAXII, "Retry-After: 30\n",
                  "{\"title\":\"too many requests\",\"description\":\"this account asks too "
                  "often\",\"http_status\":\"429\"}"));
    assert_int_equal(portal_get("/taxii2/", portal_bearer(2)), 200);
    assert_int_equal(portal_get("/ready", NULL), 200);
    portal_end();
}

static void test_buckets(void **state)
{
    struct ent_key16 a = {{1}}, k = {{0}};
    struct ent_buckets *b;
    uint64_t now = 1000 * SECOND;
    (void)state;
    assert_ok(ent_buckets_new(&b, 60));
    for (int i = 0; i < 60; i++)
        assert_int_equal(ent_buckets_take(b, &a, now), 0);
    assert_int_equal(ent_buckets_take(b, &a, now), 1);
    assert_int_equal(ent_buckets_take(b, &a, now + SECOND / 2), 1);
    assert_int_equal(ent_buckets_take(b, &a, now + SECOND), 0);
    assert_int_equal(ent_buckets_take(b, &a, now + SECOND), 1);
    for (int i = 0; i < 10; i++)
        assert_int_equal(ent_buckets_take(b, &a, now + 11 * SECOND), 0);
    assert_int_equal(ent_buckets_take(b, &a, now + 11 * SECOND), 1);
    /* a thousand others, once each, do not give it room */
    for (unsigned i = 0; i < 1000; i++) {
        ent_put_u32le(k.b + 4, i + 1);
        assert_int_equal(ent_buckets_take(b, &k, now + 11 * SECOND), 0);
    }
    assert_int_equal(ent_buckets_take(b, &a, now + 11 * SECOND), 1);
    ent_buckets_free(b);
    assert_ok(ent_buckets_new(&b, 0));
    for (int i = 0; i < 100000; i++)
        assert_int_equal(ent_buckets_take(b, &a, now), 0);
    ent_buckets_free(b);
}

/* --- what the front asks ------------------------------------------------------------------------
 */

static void test_max_body(void **state)
{
    (void)state;
    assert_int_equal(ent_portal_max_body(NULL, "POST", "/taxii2/api/collections/x/objects/"),
                     ENT_TAXII_BODY);
    assert_int_equal(ent_portal_max_body(NULL, "GET", "/taxii2/"), 0);
    assert_int_equal(ent_portal_max_body(NULL, "DELETE", "/taxii2/"), 0);
    assert_int_equal(ent_portal_max_body(NULL, "POST", "/api/v1/login"), 4096);
    assert_int_equal(ent_portal_max_body(NULL, "GET", "/api/v1/login"), 0);
    assert_int_equal(ent_portal_max_body(NULL, "PUT", "/api/v1/first"), 0);
    assert_int_equal(ent_portal_max_body(NULL, "POST", "/api/v1/session"), 0);
    assert_int_equal(ent_portal_max_body(NULL, "POST", "/health"), 0);
    assert_int_equal(ent_portal_max_body(NULL, "POST", "/taxii22/"), 0);
}

static void fresh(void)
{
    ent_buf_release(&portal_answer.headers);
    ent_buf_release(&portal_answer.body);
    portal_answer = (struct ent_web_answer){.status = 0};
    ent_buf_init(&portal_answer.headers, ENT_WEB_HEADERS_MAX);
    ent_buf_init(&portal_answer.body, 65536);
}

static void test_error(void **state)
{
    (void)state;
    fresh();
    ent_portal_error(&portal_answer, "/taxii2/api/collections/", 413);
    assert_int_equal(portal_answer.status, 413);
    assert_true(portal_is(TAXII, "",
                          "{\"title\":\"too long\",\"description\":\"the request was not taken\","
                          "\"http_status\":\"413\"}"));
    fresh();
    ent_portal_error(&portal_answer, "/api/v1/login", 400);
    assert_true(
        portal_is(JSON, "", "{\"error\":\"malformed\",\"detail\":\"the request was not taken\"}"));
    fresh();
    ent_portal_error(&portal_answer, "/", 505);
    assert_true(portal_is(PLAIN, "", "not this version of HTTP: the request was not taken\n"));
    fresh();
    ent_portal_error(&portal_answer, NULL, 431);
    assert_true(portal_is(PLAIN, "", "headers too long: the request was not taken\n"));
    fresh();
    ent_portal_error(&portal_answer, "/apis", 418);
    assert_true(portal_is(PLAIN, "", "error: the request was not taken\n"));
    fresh();
    ent_buf_release(&portal_answer.body);
    ent_buf_init(&portal_answer.body, 4); /* no room for words */
    ent_portal_error(&portal_answer, "/taxii2/", 503);
    assert_int_equal(portal_answer.status, 503);
    assert_int_equal(portal_answer.body.n, 0);
    ent_buf_release(&portal_answer.headers);
    ent_buf_release(&portal_answer.body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_health),  cmocka_unit_test(test_keeper_away),
        cmocka_unit_test(test_metrics), cmocka_unit_test(test_metrics_without_the_keeper),
        cmocka_unit_test(test_taxii),   cmocka_unit_test(test_rates),
        cmocka_unit_test(test_buckets), cmocka_unit_test(test_max_body),
        cmocka_unit_test(test_error),
    };
    return ent_t_run("portal", tests);
}
