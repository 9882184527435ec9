/* test_web_msg.c: requests and answers of the users' port over a border, and what is none. */
#include "node/node.h"

#include "tests/support/t.h"

static const struct ent_web_request full = {.method = "POST",
                                            .path = "/taxii2/",
                                            .query = {(const uint8_t *)"limit=1", 7},
                                            .accept = {(const uint8_t *)"*/*", 3},
                                            .content_type = {(const uint8_t *)"t", 1},
                                            .authorization = {(const uint8_t *)"Basic YQ==", 10},
                                            .cookie = {(const uint8_t *)"a=b", 3},
                                            .origin = {(const uint8_t *)"https://x", 9},
                                            .host = {(const uint8_t *)"x", 1},
                                            .fetch_site = {(const uint8_t *)"none", 4},
                                            .csrf = {(const uint8_t *)"c", 1},
                                            .if_none_match = {(const uint8_t *)"\"e\"", 3},
                                            .last_event_id = {(const uint8_t *)"7", 1},
                                            .user_agent = {(const uint8_t *)"curl", 4},
                                            .body = {(const uint8_t *)"\0\1", 2},
                                            .from16 = {1, 2, [15] = 16},
                                            .tls = true};

static struct ent_buf encoded(const struct ent_web_request *q)
{
    struct ent_buf b;
    ent_buf_init(&b, ENT_WEB_REQUEST_BYTES);
    assert_ok(ent_web_request_encode(&b, q));
    return b;
}

static void test_request(void **state)
{
    static const char *const methods[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};
    struct ent_web_request q;
    (void)state;
    for (size_t i = 0; i < 6; i++) {
        struct ent_web_request in = full;
        in.method = methods[i];
        in.tls = i % 2 == 0;
        struct ent_buf b = encoded(&in);
        assert_ok(ent_web_request_parse(&q, ent_buf_slice(&b)));
        assert_string_equal(q.method, methods[i]);
        assert_int_equal(q.tls, i % 2 == 0);
        assert_string_equal(q.path, "/taxii2/");
        assert_memory_equal(q.from16, full.from16, 16);
        assert_true(
            ent_slice_eq(q.query, full.query) && ent_slice_eq(q.accept, full.accept) &&
            ent_slice_eq(q.content_type, full.content_type) &&
            ent_slice_eq(q.authorization, full.authorization) &&
            ent_slice_eq(q.cookie, full.cookie) && ent_slice_eq(q.origin, full.origin) &&
            ent_slice_eq(q.host, full.host) && ent_slice_eq(q.fetch_site, full.fetch_site) &&
            ent_slice_eq(q.csrf, full.csrf) && ent_slice_eq(q.if_none_match, full.if_none_match) &&
            ent_slice_eq(q.last_event_id, full.last_event_id) &&
            ent_slice_eq(q.user_agent, full.user_agent) && ent_slice_eq(q.body, full.body));
        ent_buf_release(&b);
    }
}

/* Every cut, and every byte changed: an error, or something that is written so. */
static void test_request_mutated(void **state)
{
    struct ent_web_request q;
    struct ent_buf b = encoded(&full), again;
    (void)state;
    ent_buf_init(&again, ENT_WEB_REQUEST_BYTES);
    for (size_t n = 0; n < b.n; n++)
        assert_err(ent_web_request_parse(&q, ent_slice(b.p, n)), ENT_E_FORMAT);
    for (size_t i = 0; i < b.n; i++) {
        b.p[i] ^= 0x41;
        ent_buf_clear(&again);
        if (ent_web_request_parse(&q, ent_buf_slice(&b)) == ENT_OK) {
            assert_ok(ent_web_request_encode(&again, &q));
            assert_true(ent_slice_eq(ent_buf_slice(&again), ent_buf_slice(&b)));
        }
        b.p[i] ^= 0x41;
    }
    assert_ok(ent_buf_putc(&b, 0));
    assert_err(ent_web_request_parse(&q, ent_buf_slice(&b)), ENT_E_FORMAT);
    ent_buf_release(&b);
    ent_buf_release(&again);
}

static void test_request_refused(void **state)
{
    static char path[ENT_WEB_HEADER + 2];
    struct ent_web_request q = full;
    struct ent_buf b;
    (void)state;
    ent_buf_init(&b, ENT_WEB_REQUEST_BYTES);
    q.method = "OPTIONS";
    assert_err(ent_web_request_encode(&b, &q), ENT_E_FORMAT);
    q = full;
    q.path = "taxii2/";
    assert_err(ent_web_request_encode(&b, &q), ENT_E_FORMAT);
    memset(path, '/', sizeof(path) - 1);
    q.path = path;
    assert_err(ent_web_request_encode(&b, &q), ENT_E_LIMIT);
    q = full;
    q.body.n = ENT_WEB_BODY_MAX + 1;
    assert_err(ent_web_request_encode(&b, &q), ENT_E_LIMIT);
    ent_buf_release(&b);
    /* method, TLS, the path's first and last byte */
    static const struct {
        size_t at;
        uint8_t value;
    } wrong[] = {{0, 6}, {1, 2}, {20, 'x'}, {28, 'x'}, {24, 0}};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        b = encoded(&full);
        b.p[wrong[i].at] = wrong[i].value;
        assert_err(ent_web_request_parse(&q, ent_buf_slice(&b)), ENT_E_FORMAT);
        ent_buf_release(&b);
    }
    b = encoded(&full);
    ent_put_u16le(b.p + 29, ENT_WEB_HEADER + 1); /* of the query */
    assert_err(ent_web_request_parse(&q, ent_buf_slice(&b)), ENT_E_LIMIT);
    ent_buf_release(&b);
}

static void make(struct ent_web_answer *a, size_t max)
{
    *a = (struct ent_web_answer){.status = 200, .type = "application/json"};
    ent_buf_init(&a->headers, ENT_WEB_HEADERS_MAX);
    ent_buf_init(&a->body, max);
}

static void release(struct ent_web_answer *a)
{
    ent_buf_release(&a->headers);
    ent_buf_release(&a->body);
}

static void test_answer(void **state)
{
    static const char *const types[] = {NULL, "text/html; charset=utf-8",
                                        "application/taxii+json;version=2.1"};
    struct ent_web_answer in, out;
    struct ent_buf b;
    (void)state;
    make(&in, 100);
    assert_ok(ent_buf_puts(&in.headers, "Allow: GET\n"));
    assert_ok(ent_buf_puts(&in.body, "{}"));
    for (size_t i = 0; i < 3; i++) {
        make(&out, 2);
        ent_buf_init(&b, ENT_WEB_ANSWER_BYTES);
        in.type = types[i];
        in.status = 404;
        assert_ok(ent_web_answer_encode(&b, &in));
        for (size_t n = 0; n < b.n; n++)
            assert_err(ent_web_answer_parse(&out, ent_slice(b.p, n)), ENT_E_FORMAT);
        assert_int_equal(out.body.n, 0);
        assert_ok(ent_web_answer_parse(&out, ent_buf_slice(&b)));
        assert_int_equal(out.status, 404);
        assert_true((out.type == NULL) == (i == 0));
        if (i > 0)
            assert_string_equal(out.type, types[i]);
        assert_true(out.type == NULL || out.type < (const char *)b.p ||
                    out.type >= (const char *)b.p + b.cap); /* outlives the message */
        assert_true(ent_slice_eq(ent_buf_slice(&out.headers), ENT_SLICE_LIT("Allow: GET\n")));
        assert_true(ent_slice_eq(ent_buf_slice(&out.body), ENT_SLICE_LIT("{}")));
        b.p[2] = 200; /* no such type */
        assert_err(ent_web_answer_parse(&out, ent_buf_slice(&b)), ENT_E_FORMAT);
        b.p[2] = 0;
        ent_put_u16le(b.p, 199);
        assert_err(ent_web_answer_parse(&out, ent_buf_slice(&b)), ENT_E_FORMAT);
        ent_put_u16le(b.p, 600);
        assert_err(ent_web_answer_parse(&out, ent_buf_slice(&b)), ENT_E_FORMAT);
        ent_buf_release(&b);
        release(&out);
    }
    release(&in);
}

static void test_answer_refused(void **state)
{
    struct ent_web_answer a;
    struct ent_buf b;
    (void)state;
    make(&a, 100);
    ent_buf_init(&b, ENT_WEB_ANSWER_BYTES);
    a.status = 101;
    assert_err(ent_web_answer_encode(&b, &a), ENT_E_FORMAT);
    a.status = 200;
    a.type = "text/html\r\nSet-Cookie: a=b";
    assert_err(ent_web_answer_encode(&b, &a), ENT_E_FORMAT);
    a.type = NULL;
    assert_ok(ent_buf_puts(&a.body, "123"));
    ent_buf_clear(&b);
    assert_ok(ent_web_answer_encode(&b, &a));
    release(&a);
    make(&a, 2); /* the port has no room for it */
    assert_err(ent_web_answer_parse(&a, ent_buf_slice(&b)), ENT_E_LIMIT);
    release(&a);
    ent_buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request),         cmocka_unit_test(test_request_mutated),
        cmocka_unit_test(test_request_refused), cmocka_unit_test(test_answer),
        cmocka_unit_test(test_answer_refused),
    };
    return ent_t_run("web_msg", tests);
}
