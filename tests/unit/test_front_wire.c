/* test_front_wire.c: what the front and the ledger's process say to each other, as bytes. */
#include "tests/support/t.h"

#include "node/node.h"

#define ID  "00112233445566778899aabbccddeeff"
#define RUN "/peer/v1/match/" ID

/* Each truncation, and a byte too much where no body swallows it, is refused. */
#define assert_only_whole(b, parse, tail)                                                          \
    do {                                                                                           \
        for (size_t n_ = 0; n_ < (b).n - (tail); n_++)                                             \
            assert_err(parse(ent_slice((b).p, n_)), ENT_E_FORMAT);                                 \
    } while (0)

static struct ent_peer_call peer_call;
static struct ent_peer_answer peer_answer;
static struct ent_out_call out_call;
static struct ent_out_answer out_answer;
static struct ent_allowed allowed;

static enum ent_err parse_peer_call(struct ent_slice s)
{
    return ent_peer_call_parse(&peer_call, s);
}
static enum ent_err parse_peer_answer(struct ent_slice s)
{
    return ent_peer_answer_parse(&peer_answer, s);
}
static enum ent_err parse_out_call(struct ent_slice s)
{
    return ent_out_call_parse(&out_call, s);
}
static enum ent_err parse_out_answer(struct ent_slice s)
{
    return ent_out_answer_parse(&out_answer, s);
}

static void test_rows(void **state)
{
    const struct ent_protocol p = {ent_front_rows, ENT_FRONT_ROWS, 64, 64u << 20};
    (void)state;
    assert_true(ent_protocol_is_sound(&p));
    assert_non_null(ent_msg_row(&p, ENT_FRONT_ALLOWED, ENT_MSG_NOTE));
    assert_null(ent_msg_row(&p, ENT_FRONT_ALLOWED, ENT_MSG_CALL));
    assert_int_equal(ent_msg_row(&p, ENT_FRONT_OUT, ENT_MSG_CALL)->from,
                     ENT_MSG_BIT(ENT_PROCESS_LEDGER));
    assert_int_equal(ent_msg_row(&p, ENT_FRONT_PEER, ENT_MSG_CALL)->from,
                     ENT_MSG_BIT(ENT_PROCESS_FRONT));
}

static void test_peer_call(void **state)
{
    const struct ent_request q = {.method = "POST",
                                  .path = RUN "/result",
                                  .body = ENT_SLICE_LIT("\0body"),
                                  .peer = {{1, 2, 3}}};
    struct ent_buf b;
    (void)state;
    ent_buf_init(&b, ENT_PEER_MSG_MAX);
    assert_ok(ent_peer_call_encode(&b, &q));
    assert_int_equal(b.n, 32 + 1 + 2 + sizeof(RUN "/result") - 1 + 5);
    assert_int_equal(b.p[32], 1);
    assert_ok(parse_peer_call(ent_buf_slice(&b)));
    assert_memory_equal(peer_call.peer.b, q.peer.b, 32);
    assert_string_equal(peer_call.method, "POST");
    assert_string_equal(peer_call.path, q.path);
    assert_true(ent_slice_eq(peer_call.body, q.body));
    assert_only_whole(b, parse_peer_call, 5);
    b.p[32] = 4;
    assert_err(parse_peer_call(ent_buf_slice(&b)), ENT_E_FORMAT);
    b.p[32] = 0; /* GET: there is no such */
    assert_err(parse_peer_call(ent_buf_slice(&b)), ENT_E_FORMAT);
    b.p[32] = 1;
    b.p[35] = 'x'; /* where the path begins */
    assert_err(parse_peer_call(ent_buf_slice(&b)), ENT_E_FORMAT);
    b.p[35] = '/';
    assert_ok(parse_peer_call(ent_buf_slice(&b)));
    b.p[40] = '\0';
    assert_err(parse_peer_call(ent_buf_slice(&b)), ENT_E_FORMAT);
    ent_buf_release(&b);
}

/* Never more of a body than the path has room for, and nothing for paths that there are not. */
static void test_peer_call_limits(void **state)
{
    static uint8_t body[ENT_HEADS_MAX + 1];
    static const struct {
        const char *method, *path;
    } cases[] = {{"POST", "/peer/v1/match"},   {"POST", RUN "/evaluate"}, {"GET", RUN "/filter/0"},
                 {"POST", "/peer/v1/heads"},   {"POST", "/peer/v1/pact"}, {"GET", "/peer/v1/none"},
                 {"DELETE", "/peer/v1/match"}, {"PUT", RUN "/result"}};
    struct ent_buf b;
    char path[ENT_PEER_PATH_MAX + 2];
    (void)state;
    ent_buf_init(&b, ENT_PEER_MSG_MAX + 1);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t most = ent_peer_body_max(cases[i].method, cases[i].path);
        struct ent_request q = {
            .method = cases[i].method, .path = cases[i].path, .body = {body, most}};
        assert_ok(ent_peer_call_encode(&b, &q));
        assert_err(parse_peer_call(ent_buf_slice(&b)), most == 0 ? ENT_E_FORMAT : ENT_OK);
        ent_buf_clear(&b);
        q.body.n = most + 1;
        assert_ok(ent_peer_call_encode(&b, &q));
        assert_err(parse_peer_call(ent_buf_slice(&b)), ENT_E_FORMAT);
        ent_buf_clear(&b);
    }
    memset(path, 'a', sizeof(path));
    path[0] = '/';
    path[sizeof(path) - 1] = '\0';
    const struct ent_request longer = {.method = "GET", .path = path};
    assert_err(ent_peer_call_encode(&b, &longer), ENT_E_LIMIT);
    const struct ent_request other = {.method = "TRACE", .path = "/"};
    assert_err(ent_peer_call_encode(&b, &other), ENT_E_FORMAT);
    assert_int_equal(b.n, 0);
    ent_buf_release(&b);
}

static void test_peer_answer(void **state)
{
    struct ent_peer_answer a = {200, NULL, ENT_SLICE_LIT("x\0y")};
    struct ent_buf b;
    (void)state;
    ent_buf_init(&b, ENT_PEER_ANSWER_MAX + 4);
    for (unsigned i = 0; (a.type = ent_peer_type(i)) != NULL; i++) {
        assert_ok(ent_peer_answer_encode(&b, &a));
        assert_ok(parse_peer_answer(ent_buf_slice(&b)));
        assert_ptr_equal(peer_answer.type, a.type);
        assert_int_equal(peer_answer.status, 200);
        assert_true(ent_slice_eq(peer_answer.body, a.body));
        assert_only_whole(b, parse_peer_answer, 3);
        ent_buf_clear(&b);
    }
    a.type = "text/html";
    assert_err(ent_peer_answer_encode(&b, &a), ENT_E_FORMAT);
    a.type = ent_peer_type(0);
    a.status = 199;
    assert_err(ent_peer_answer_encode(&b, &a), ENT_E_FORMAT);
    assert_int_equal(b.n, 0);
    assert_err(parse_peer_answer(ENT_SLICE_LIT("\xc7\x00\x00")), ENT_E_FORMAT); /* 199 */
    assert_err(parse_peer_answer(ENT_SLICE_LIT("\x58\x02\x00")), ENT_E_FORMAT); /* 600 */
    assert_err(parse_peer_answer(ENT_SLICE_LIT("\xc8\x00\x04")), ENT_E_FORMAT);
    assert_ok(parse_peer_answer(ENT_SLICE_LIT("\xc8\x00\x03")));
    ent_buf_release(&b);
}

static struct ent_spki key(uint8_t first)
{
    return (struct ent_spki){{first}};
}

static void test_allowed(void **state)
{
    struct ent_allowed a = {.n = 0};
    struct ent_buf b;
    struct ent_spki k;
    (void)state;
    ent_buf_init(&b, 32 * (ENT_ALLOWED_MAX + 1));
    assert_ok(ent_allowed_parse(&allowed, ent_slice(NULL, 0))); /* nobody */
    assert_int_equal(allowed.n, 0);
    for (unsigned i = 0; i < ENT_ALLOWED_MAX; i++) { /* in any order, also again */
        k = key((uint8_t)(i * 37 % ENT_ALLOWED_MAX));
        assert_false(ent_allowed_has(&a, &k));
        assert_ok(ent_allowed_add(&a, &k));
        assert_ok(ent_allowed_add(&a, &k));
        assert_true(ent_allowed_has(&a, &k));
    }
    assert_int_equal(a.n, ENT_ALLOWED_MAX);
    k = key(255);
    assert_err(ent_allowed_add(&a, &k), ENT_E_LIMIT);
    assert_false(ent_allowed_has(&a, &k));
    assert_ok(ent_allowed_encode(&b, &a));
    assert_ok(ent_allowed_parse(&allowed, ent_buf_slice(&b)));
    assert_true(ent_allowed_eq(&a, &allowed));
    assert_err(ent_allowed_parse(&allowed, ent_slice(b.p, b.n - 1)), ENT_E_FORMAT);
    assert_ok(ent_buf_put(&b, k.b, 32)); /* one too many */
    assert_err(ent_allowed_parse(&allowed, ent_buf_slice(&b)), ENT_E_FORMAT);
    memcpy(b.p, b.p + 32, 32); /* twice */
    assert_err(ent_allowed_parse(&allowed, ent_slice(b.p, 64)), ENT_E_FORMAT);
    b.p[0] = 9; /* not ascending */
    assert_err(ent_allowed_parse(&allowed, ent_slice(b.p, 64)), ENT_E_FORMAT);
    assert_false(ent_allowed_eq(&a, &allowed));
    ent_buf_release(&b);
}

static void test_out_call(void **state)
{
    struct ent_dial q = {.url = "https://a.example:7443",
                         .server = {{7}},
                         .connect_seconds = 4,
                         .method = "POST",
                         .path = "/peer/v1/heads",
                         .body = ENT_SLICE_LIT("body")};
    struct ent_buf b;
    (void)state;
    ent_buf_init(&b, ENT_OUT_MSG_MAX);
    assert_ok(ent_out_call_encode(&b, &q, SIZE_MAX));
    assert_ok(parse_out_call(ent_buf_slice(&b)));
    assert_string_equal(out_call.dial.url, q.url);
    assert_string_equal(out_call.dial.path, q.path);
    assert_string_equal(out_call.dial.method, "POST");
    assert_memory_equal(out_call.dial.server.b, q.server.b, 32);
    assert_int_equal(out_call.dial.connect_seconds, 4);
    assert_int_equal(out_call.dial.call_seconds, 120); /* net/'s own */
    assert_int_equal(out_call.answer_max, ENT_OUT_ANSWER_MAX);
    assert_true(ent_slice_eq(out_call.dial.body, q.body));
    assert_only_whole(b, parse_out_call, 4);
    ent_buf_clear(&b);
    q.method = "GET"; /* has no body */
    assert_ok(ent_out_call_encode(&b, &q, 10));
    assert_err(parse_out_call(ent_buf_slice(&b)), ENT_E_FORMAT);
    ent_buf_clear(&b);
    q.body.n = 0;
    assert_ok(ent_out_call_encode(&b, &q, 10));
    assert_ok(parse_out_call(ent_buf_slice(&b)));
    assert_int_equal(out_call.answer_max, 10);
    ent_buf_release(&b);
}

/* What a taken process may ask for ends here, or at libcurl's reading of the URL. */
static void test_out_call_refused(void **state)
{
    static const struct ent_dial bad[] = {
        {.url = "http://a.example:80", .method = "GET", .path = "/"},
        {.url = "file:///etc/passwd", .method = "GET", .path = "/"},
        {.url = "gopher://a.example:25/_EHLO", .method = "GET", .path = "/"},
        {.url = "https://a.example:1\r\nX: y", .method = "GET", .path = "/"},
        {.url = "https://a.example:1 x", .method = "GET", .path = "/"},
        {.url = "https://a\x80.example:1", .method = "GET", .path = "/"},
        {.url = "", .method = "GET", .path = "/"},
        {.url = "https://a.example:1", .method = "GET", .path = ""},
        {.url = "https://a.example:1", .method = "GET", .path = "x"},
        {.url = "https://a.example:1", .method = "GET", .path = "/ HTTP/1.1\r\nX: y"},
        {.url = "https://a.example:1", .method = "GET", .path = "/", .connect_seconds = 61},
        {.url = "https://a.example:1", .method = "GET", .path = "/", .call_seconds = 601},
    };
    struct ent_buf b;
    struct ent_dial q = {.url = "https://a.example:1", .method = "GET", .path = "/"};
    (void)state;
    ent_buf_init(&b, ENT_OUT_MSG_MAX);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_ok(ent_out_call_encode(&b, &bad[i], 10));
        assert_err(parse_out_call(ent_buf_slice(&b)), ENT_E_FORMAT);
        ent_buf_clear(&b);
    }
    q.call_seconds = 65536;
    assert_err(ent_out_call_encode(&b, &q, 10), ENT_E_LIMIT);
    q.call_seconds = 1;
    q.method = "CONNECT";
    assert_err(ent_out_call_encode(&b, &q, 10), ENT_E_FORMAT);
    assert_int_equal(b.n, 0);
    ent_buf_release(&b);
}

static void test_out_answer(void **state)
{
    struct ent_out_answer a = {.status = 404, .body = ENT_SLICE_LIT("gone")};
    struct ent_buf b;
    (void)state;
    ent_buf_init(&b, 100);
    assert_ok(ent_out_answer_encode(&b, &a));
    assert_ok(parse_out_answer(ent_buf_slice(&b)));
    assert_int_equal(out_answer.status, 404);
    assert_true(ent_slice_eq(out_answer.body, a.body));
    assert_only_whole(b, parse_out_answer, 4);
    for (unsigned i = 0; i < ENT_CLIENT_WHYS; i++) {
        a = (struct ent_out_answer){.err = ENT_E_AUTH, .why = ent_client_why(i)};
        assert_true(i == 0 ? a.why == NULL : a.why != NULL);
        ent_buf_clear(&b);
        assert_ok(ent_out_answer_encode(&b, &a));
        assert_ok(parse_out_answer(ent_buf_slice(&b)));
        assert_int_equal(out_answer.err, ENT_E_AUTH);
        assert_ptr_equal(out_answer.why, a.why);
        assert_only_whole(b, parse_out_answer, 0);
    }
    assert_null(ent_client_why(ENT_CLIENT_WHYS));
    assert_int_equal(ent_client_why_number("of another place"), 0);
    assert_err(parse_out_answer(ENT_SLICE_LIT("\x0f\x00")), ENT_E_FORMAT); /* no such error */
    assert_err(parse_out_answer(ENT_SLICE_LIT("\x01\x10")), ENT_E_FORMAT); /* no such reason */
    assert_err(parse_out_answer(ENT_SLICE_LIT("\x01\x01\x01")), ENT_E_FORMAT);
    assert_err(parse_out_answer(ENT_SLICE_LIT("\x00\x63\x00")), ENT_E_FORMAT); /* status 99 */
    ent_buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_peer_call),
        cmocka_unit_test(test_peer_call_limits),
        cmocka_unit_test(test_peer_answer),
        cmocka_unit_test(test_allowed),
        cmocka_unit_test(test_out_call),
        cmocka_unit_test(test_out_call_refused),
        cmocka_unit_test(test_out_answer),
    };
    return ent_t_run("front_wire", tests);
}
