/* portal.c: see portal.h. */
#include "tests/support/portal.h"

struct desk portal_desk;
struct ent_portal *portal_here;
struct ent_web_answer portal_answer;

static struct ent_slice text(const char *s)
{
    return s == NULL ? ent_slice(NULL, 0) : ent_slice_str(s);
}

unsigned portal_ask(const struct portal_sent *s)
{
    const struct ent_web_request req = {
        .method = s->method == NULL ? "GET" : s->method,
        .path = s->path,
        .authorization = text(s->authorization),
        .cookie = text(s->cookie),
        .csrf = text(s->csrf),
        .fetch_site = text(s->site),
        .content_type = text(s->type),
        .host = ENT_SLICE_LIT("node.example:7444"),
        .body = text(s->body),
        .from16 = {[10] = 0xFF, [11] = 0xFF, [12] = 192, [14] = 2, [15] = s->from ? s->from : 7},
        .tls = !s->plain};
    ent_buf_release(&portal_answer.headers);
    ent_buf_release(&portal_answer.body);
    portal_answer = (struct ent_web_answer){.status = 0};
    ent_buf_init(&portal_answer.headers, ENT_WEB_HEADERS_MAX);
    ent_buf_init(&portal_answer.body, ENT_WEB_ANSWER_MAX);
    ent_portal_handle(portal_here, &req, &portal_answer);
    assert_true(portal_answer.type != NULL || portal_answer.body.n == 0);
    return portal_answer.status;
}

bool portal_is(const char *type, const char *headers, const char *body)
{
    bool same = strcmp(portal_answer.type == NULL ? "" : portal_answer.type, type) == 0 &&
                ent_slice_eq(ent_buf_slice(&portal_answer.headers), ent_slice_str(headers)) &&
                ent_slice_eq(ent_buf_slice(&portal_answer.body), ent_slice_str(body));
    if (!same)
        print_message("%s\n%.*s%.*s\n", portal_answer.type, (int)portal_answer.headers.n,
                      (const char *)portal_answer.headers.p, (int)portal_answer.body.n,
                      (const char *)portal_answer.body.p);
    return same;
}

const char *portal_body(void)
{
    assert_ok(ent_buf_putc(&portal_answer.body, '\0'));
    return (const char *)portal_answer.body.p;
}

const char *portal_bearer(unsigned role)
{
    static char text_of[128];
    (void)snprintf(text_of, sizeof(text_of), "Bearer %s", portal_desk.token[role]);
    return text_of;
}

const char *portal_basic(const char *pair)
{
    static char text_of[256];
    char b64[ENT_BASE64_LEN(128)];
    ent_base64_encode(b64, pair, strlen(pair));
    (void)snprintf(text_of, sizeof(text_of), "Basic %s", b64);
    return text_of;
}

unsigned portal_get(const char *path, const char *authorization)
{
    return portal_ask(&(struct portal_sent){.path = path, .authorization = authorization});
}

void portal_start_with(const struct ent_portal_opts *opts, bool open)
{
    struct ent_portal_opts o = *opts;
    desk_start(&portal_desk, NULL);
    o.keeper = portal_desk.keeper;
    o.metrics_open = open;
    assert_ok(ent_portal_new(&portal_here, &o));
}

void portal_start(void)
{
    portal_start_with(&(struct ent_portal_opts){.ctx = NULL}, false);
}

void portal_end(void)
{
    ent_portal_free(portal_here);
    desk_end(&portal_desk);
    ent_buf_release(&portal_answer.headers);
    ent_buf_release(&portal_answer.body);
}

const struct portal_sent portal_good_login = {
    .method = "POST",
    .path = "/api/v1/login",
    .site = "same-origin",
    .type = "application/json; charset=utf-8",
    .body = "{\"name\":\"analyst\",\"password\":\"" DESK_PASSWORD "\"}"};

void portal_log_in(struct portal_session *s)
{
    const size_t name_n = strlen("Set-Cookie: "), value_n = strlen(ENT_COOKIE_TLS "=") + 43;
    assert_int_equal(portal_ask(&portal_good_login), 200);
    assert_true(portal_answer.headers.n > name_n + value_n);
    (void)snprintf(s->cookie, sizeof(s->cookie), "%.*s", (int)value_n,
                   (const char *)portal_answer.headers.p + name_n);
    assert_int_equal(portal_answer.body.n, strlen("{\"csrf\":\"\"}") + 43);
    (void)snprintf(s->csrf, sizeof(s->csrf), "%.43s", (const char *)portal_answer.body.p + 9);
}
