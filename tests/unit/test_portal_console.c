/* test_portal_console.c: what the console asks at the users' port, and which desk answers it. */
#include "tests/support/portal.h"

#define JSON "application/json"

/* --- the console --------------------------------------------------------------------------------
 */

static struct {
    bool own_site, any;
    char csrf[64];
} seen;

static size_t console_body(const char *method, const char *path)
{
    return strncmp(path, "/api/v1/", 8) != 0 && strcmp(path, "/") != 0 ? ENT_WEB_NO_PATH
           : strcmp(method, "POST") == 0                               ? 100
                                                                       : 0;
}

static enum ent_err console_parse(struct ent_buf *query, struct ent_buf *items,
                                  enum ent_portal_where *ret_where, struct ent_web_answer *a,
                                  const struct ent_web_request *req,
                                  const struct ent_portal_who *who)
{
    seen.own_site = who->own_site;
    seen.any = who->who != NULL;
    (void)snprintf(seen.csrf, sizeof(seen.csrf), "%s", who->csrf);
    if (strcmp(req->path, "/") == 0 && req->query.n == 0) {
        a->status = 200;
        a->type = "text/html; charset=utf-8";
        return ent_buf_puts(&a->body, "page") == ENT_OK ? ENT_E_STATE : ENT_E_NOMEM;
    }
    *ret_where = strcmp(req->path, "/api/v1/logs") == 0 ? ENT_PORTAL_BOOK : ENT_PORTAL_STORE;
    if (strcmp(req->path, "/api/v1/match-ask") == 0) {
        *ret_where = ENT_PORTAL_ACT;
        assert_ok(ent_buf_put_slice(items, req->body));
    }
    return ent_buf_puts(query, req->path);
}

static void console_render(struct ent_web_answer *a, struct ent_slice query, struct ent_slice rows)
{
    a->status = 200;
    a->type = JSON;
    assert_ok(ent_buf_printf(&a->body, "%.*s: %.*s", (int)query.n, (const char *)query.p,
                             (int)rows.n, (const char *)rows.p));
}

/* The keeper as the ledger asks it. */
static enum ent_err whose(void *ctx, struct ent_msg *ret, uint16_t type, struct ent_slice payload)
{
    struct ent_direct d = {ent_reader_serve, portal_desk.desk, ENT_MSG_MAX};
    const struct ent_caller keeper = ent_caller_direct(&d);
    (void)ctx;
    return keeper.call(keeper.ctx, ret, type, payload);
}

static enum ent_err book_console(void *ctx, struct ent_buf *rows, const struct ent_identity *who,
                                 const struct ent_api_handle *h, struct ent_slice query,
                                 int64_t now)
{
    (void)h;
    (void)ctx;
    assert_true(now > 1700000000);
    return ent_buf_printf(rows, "%s reads %.*s", who->name, (int)query.n, (const char *)query.p);
}

/* One that has no book yet. */
static enum ent_err book_begins(void *ctx, struct ent_buf *rows, const struct ent_identity *who,
                                const struct ent_api_handle *h, struct ent_slice query, int64_t now)
{
    (void)h;
    (void)ctx;
    (void)rows;
    (void)who;
    (void)query;
    (void)now;
    return ENT_E_STATE;
}

static const struct ent_portal_console console = {console_body, console_parse, console_render};

static void start_console(struct ent_direct *ledger)
{
    const struct ent_api_desk_opts d = {.console = desk_console};
    desk_start(&portal_desk, &d);
    const struct ent_portal_opts o = {.keeper = portal_desk.keeper,
                                      .console = &console,
                                      .ledger = ledger == NULL ? (struct ent_caller){NULL, NULL}
                                                               : ent_caller_direct(ledger)};
    assert_ok(ent_portal_new(&portal_here, &o));
}

static void test_console(void **state)
{
    struct ent_book_desk book = {.keeper = {.call = whose}, .console = book_console};
    struct ent_direct ledger = {ent_book_serve, &book, 65536};
    struct portal_session s;
    (void)state;
    start_console(&ledger);
    assert_int_equal(portal_get("/", NULL), 200);
    assert_true(portal_is("text/html; charset=utf-8", "", "page"));
    assert_false(seen.any);
    assert_int_equal(portal_get("/api/v1/today", NULL), 401);
    assert_true(portal_is(JSON, "", "{\"error\":\"who\",\"detail\":\"nobody is logged in\"}"));
    assert_int_equal(portal_get("/api/v1/today", portal_bearer(1)), 200);
    assert_true(portal_is(JSON, "", "/api/v1/today: rows of /api/v1/today"));
    assert_string_equal(portal_desk.asked_by.name, "reader");
    assert_int_equal(portal_get("/api/v1/logs", portal_bearer(1)), 200);
    assert_true(portal_is(JSON, "", "/api/v1/logs: reader reads /api/v1/logs"));
    assert_int_equal(portal_get("/elsewhere", portal_bearer(1)), 404);
    portal_log_in(&s);
    assert_int_equal(portal_ask(&(struct portal_sent){.path = "/api/v1/today", .cookie = s.cookie}),
                     200);
    assert_string_equal(seen.csrf, s.csrf);
    /* what changes something: from where it comes */
    struct portal_sent post = {.method = "POST", .path = "/api/v1/tag", .cookie = s.cookie};
    assert_int_equal(portal_ask(&post), 403);
    post.site = "same-origin";
    post.csrf = s.csrf;
    assert_int_equal(portal_ask(&post), 200);
    assert_true(seen.own_site);
    post = (struct portal_sent){
        .method = "POST", .path = "/api/v1/tag", .authorization = portal_bearer(2)};
    assert_int_equal(portal_ask(&post), 200);
    assert_true(seen.own_site);
    post.authorization = portal_basic("analyst:" DESK_PASSWORD); /* a browser may have added this */
    assert_int_equal(portal_ask(&post), 200);
    assert_false(seen.own_site);
    post.site = "same-origin";
    assert_int_equal(portal_ask(&post), 200);
    assert_true(seen.own_site);
    portal_end();
}

static struct ent_api_handle given;

static enum ent_err book_acts(void *ctx, struct ent_buf *rows, const struct ent_api_handle *h,
                              struct ent_slice query, struct ent_slice items, int64_t now)
{
    (void)ctx, (void)now;
    given = *h;
    return ent_buf_printf(rows, "%.*s about %.*s", (int)query.n, (const char *)query.p,
                          (int)items.n, (const char *)items.p);
}

/* What is said for somebody goes to the ledger with the handle, and without an identity. */
static void test_console_acts(void **state)
{
    struct ent_book_desk book = {.console = book_console, .act = book_acts};
    struct ent_direct ledger = {ent_book_serve, &book, 65536};
    struct ent_identity who;
    (void)state;
    start_console(&ledger);
    struct ent_direct direct = {ent_reader_serve, portal_desk.desk, ENT_IDENTITY_BYTES};
    const struct ent_caller keeper = ent_caller_direct(&direct);
    const struct portal_sent post = {.method = "POST",
                                     .path = "/api/v1/match-ask",
                                     .authorization = portal_bearer(2),
                                     .body = "these items"};
    assert_int_equal(portal_ask(&post), 200);
    assert_true(portal_is(JSON, "", "/api/v1/match-ask: /api/v1/match-ask about these items"));
    assert_ok(ent_api_vouch(&keeper, &who, &given, &(struct ent_vouch){ENT_VOUCH_MATCH, "bob", 7}));
    assert_string_equal(who.name, "analyst");
    book.act = NULL; /* a ledger that says nothing for anybody */
    assert_int_equal(portal_ask(&post), 500);
    portal_end();
}

static void test_console_refused(void **state)
{
    struct ent_book_desk book = {.keeper = {.call = whose}, .console = book_begins};
    struct ent_direct ledger = {ent_book_serve, &book, 65536};
    (void)state;
    start_console(&ledger);
    assert_int_equal(portal_get("/api/v1/logs", portal_bearer(1)), 503);
    assert_true(
        portal_is(JSON, "Retry-After: 1\n",
                  "{\"error\":\"busy\",\"detail\":\"a part of the node does not answer\"}"));
    portal_end();
    start_console(NULL);
    assert_int_equal(portal_get("/api/v1/logs", portal_bearer(1)), 503); /* there is no ledger */
    assert_true(portal_is(JSON, "Retry-After: 1\n",
                          "{\"error\":\"busy\",\"detail\":\"a part of the node does not "
                          "answer\"}"));
    portal_desk.disk_full = true; /* RED that cannot be recorded is not read */
    assert_int_equal(portal_get("/api/v1/today", portal_bearer(3)), 500);
    assert_int_equal(portal_desk.asked.n, 0);
    portal_end();
    assert_int_equal(ent_portal_max_body(console_body, "POST", "/api/v1/tag"), 100);
    assert_int_equal(ent_portal_max_body(console_body, "POST", "/api/v1/login"), 4096);
    assert_int_equal(ent_portal_max_body(console_body, "POST", "/elsewhere"), 0);
}

/* A file's path that asks for rows: nobody asks, so there are none. */
static void test_console_nobody(void **state)
{
    (void)state;
    start_console(NULL);
    const struct ent_web_request req = {
        .method = "GET", .path = "/", .query = ENT_SLICE_LIT("x"), .tls = true};
    (void)portal_get("/health", NULL);
    ent_buf_clear(&portal_answer.body);
    ent_portal_handle(portal_here, &req, &portal_answer);
    assert_int_equal(portal_answer.status, 403);
    assert_int_equal(portal_desk.asked.n, 0);
    portal_end();
}

static void test_book_desk(void **state)
{
    struct ent_book_desk book = {.keeper = {.call = whose}, .console = book_console};
    struct ent_direct direct = {ent_book_serve, &book, 65536};
    const struct ent_caller ledger = ent_caller_direct(&direct);
    const struct ent_protocol p = {ent_book_rows, ENT_BOOK_ROWS, 16, ENT_MSG_MAX};
    uint8_t bytes[25] = {0};
    struct ent_msg m = ENT_MSG_NOTHING;
    (void)state;
    desk_start(&portal_desk, NULL);
    assert_true(ent_protocol_is_sound(&p));
    /* nobody has such a handle */
    assert_err(ledger.call(ledger.ctx, &m, ENT_BOOK_CONSOLE, ent_slice(bytes, 17)), ENT_E_AUTH);
    assert_err(ledger.call(ledger.ctx, &m, ENT_BOOK_CONSOLE, ent_slice(bytes, 15)), ENT_E_FORMAT);
    assert_err(ledger.call(ledger.ctx, &m, ENT_BOOK_READY, ent_slice(bytes, 1)), ENT_E_FORMAT);
    assert_err(ledger.call(ledger.ctx, &m, ENT_BOOK_ACT + 1, ent_slice(bytes, 0)),
               ENT_E_UNSUPPORTED);
    assert_err(ledger.call(ledger.ctx, &m, ENT_BOOK_ACT, ent_slice(bytes, 20)), ENT_E_UNSUPPORTED);
    book.act = book_acts;
    bytes[16] = 5; /* a query of five bytes */
    assert_err(ledger.call(ledger.ctx, &m, ENT_BOOK_ACT, ent_slice(bytes, 24)), ENT_E_FORMAT);
    assert_err(ledger.call(ledger.ctx, &m, ENT_BOOK_ACT, ent_slice(bytes, 19)), ENT_E_FORMAT);
    assert_ok(ledger.call(ledger.ctx, &m, ENT_BOOK_ACT, ent_slice(bytes, 25)));
    ent_msg_release(&m);
    desk_end(&portal_desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_console),        cmocka_unit_test(test_console_refused),
        cmocka_unit_test(test_console_nobody), cmocka_unit_test(test_book_desk),
        cmocka_unit_test(test_console_acts),
    };
    return ent_t_run("portal_console", tests);
}
