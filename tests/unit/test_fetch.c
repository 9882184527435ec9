/* test_fetch.c: URLs, headers and frames of the TAXII client, and answers of a server that is not
 * what it should be. */
#include "tests/support/rawtls.h"

#include "net/net.h"
#include "net/fetch_parts.h"

#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>

/* --- URLs ------------------------------------------------------------------------------------- */

static void urls(void **state)
{
    static const struct {
        const char *text, *origin, *name, *path;
    } rows[] = {
        {"https://cert.example", "https://cert.example:443", "cert.example", "/"},
        {"https://CERT.example:443/taxii2", "https://cert.example:443", "cert.example", "/taxii2/"},
        {"https://a_b.example:8443/x/%2F/", "https://a_b.example:8443", "a_b.example:8443",
         "/x/%2F/"},
        {"https://192.0.2.1/a/b/", "https://192.0.2.1:443", "192.0.2.1", "/a/b/"},
        {"https://[2001:DB8:0::1]:8443/", "https://[2001:db8::1]:8443", "[2001:db8::1]:8443", "/"},
        {"http://127.0.0.1:5000/api1/", "http://127.0.0.1:5000", "127.0.0.1:5000", "/api1/"},
        {"http://127.1.2.3/", "http://127.1.2.3:80", "127.1.2.3", "/"},
        {"http://[::1]:80/x", "http://[::1]:80", "[::1]", "/x/"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ent_fetch_url u, again;
        const char *why = NULL;
        assert_ok(ent_fetch_url_parse(&u, &why, ent_slice_str(rows[i].text)));
        assert_string_equal(u.origin, rows[i].origin);
        assert_string_equal(u.name, rows[i].name);
        assert_string_equal(u.path, rows[i].path);
        assert_ok(ent_fetch_url_parse(&again, &why, ent_slice_str(u.origin)));
        assert_string_equal(again.origin, u.origin);
    }
}

#define SCHEME "does not begin with https://"
#define USER   "a name or password does not belong into a URL"
#define QUERY  "a URL here has no '?' and no '#'"
#define HOST   "the host is no name (xn-- where it is international) or address"
#define PORT   "the port is no number from 1 to 65535"
#define PATH   "the path has empty parts, dots, or characters that must be escaped"
#define PLAIN  "without TLS only for loopback addresses: 127.0.0.1 or [::1]"

static void urls_refused(void **state)
{
    static const struct {
        const char *text, *why;
    } rows[] = {
        {"", SCHEME},
        {"ftp://x/", SCHEME},
        {"HTTPS://x/", SCHEME},
        {"file:///etc/passwd", SCHEME},
        {"https:/x", SCHEME},
        {"https://user@x/", USER},
        {"https://user:secret@x/", USER},
        {"https://x/a@b", USER},
        {"https://x/?added_after=1", QUERY},
        {"https://x/#a", QUERY},
        {"https://", HOST},
        {"https:///x", HOST},
        {"https://:443/", HOST},
        {"https://.x/", HOST},
        {"https://-x/", HOST},
        {"https://x y/", HOST},
        {"https://x\\y/", HOST},
        {"https://b\xc3\xbc.example/", HOST},
        {"https://[::1/", HOST},
        {"https://[1.2.3.4]/", HOST},
        {"https://[::1%25eth0]/", HOST},
        {"https://x:/", PORT},
        {"https://x:0/", PORT},
        {"https://x:65536/", PORT},
        {"https://x:080/", PORT},
        {"https://x:1x/", PORT},
        {"https://[::1]x/", PATH},
        {"https://x//a/", PATH},
        {"https://x/a//", PATH},
        {"https://x/../a/", PATH},
        {"https://x/a/..", PATH},
        {"https://x/./", PATH},
        {"https://x/a b/", PATH},
        {"https://x/a%2/", PATH},
        {"https://x/%gg/", PATH},
        {"https://x/a\r\nX: y/", PATH},
        {"http://cert.example/", PLAIN},
        {"http://localhost/", PLAIN},
        {"http://128.0.0.1/", PLAIN},
        {"http://0x7f000001/", PLAIN},
        {"http://127.1/", PLAIN},
        {"http://[::2]/", PLAIN},
        {"http://[::ffff:127.0.0.1]/", PLAIN},
        {"http://127.0.0.1.evil.example/", PLAIN},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ent_fetch_url u;
        const char *why = NULL;
        assert_err(ent_fetch_url_parse(&u, &why, ent_slice_str(rows[i].text)), ENT_E_FORMAT);
        assert_string_equal(why, rows[i].why);
    }
}

static void places(void **state)
{
    static const struct {
        const char *text, *path;
        enum ent_err want;
    } rows[] = {
        {"https://cert.example/api1/", "/api1/", ENT_OK},
        {"https://CERT.EXAMPLE:443/api1", "/api1/", ENT_OK},
        {"/api2/", "/api2/", ENT_OK},
        {"https://cert.example:8443/api1/", NULL, ENT_E_POLICY},
        {"https://evil.example/api1/", NULL, ENT_E_POLICY},
        {"http://cert.example/api1/", NULL, ENT_E_POLICY},
        {"http://127.0.0.1/api1/", NULL, ENT_E_POLICY},
        {"//evil.example/", NULL, ENT_E_FORMAT},
        {"/a/../b/", NULL, ENT_E_FORMAT},
        {"api1/", NULL, ENT_E_FORMAT},
        {"https://user@cert.example/", NULL, ENT_E_FORMAT},
        {"", NULL, ENT_E_FORMAT},
    };
    struct ent_fetch_url base, u;
    const char *why;
    (void)state;
    assert_ok(ent_fetch_url_parse(&base, &why, ENT_SLICE_LIT("https://cert.example/taxii2/")));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_err(ent_fetch_url_below(&u, &base, ent_slice_str(rows[i].text)), rows[i].want);
        if (rows[i].path != NULL)
            assert_string_equal(u.path, rows[i].path);
    }
}

/* --- headers ---------------------------------------------------------------------------------- */

static void dates(void **state)
{
    static const char *const sorted[] = {
        "",
        "2016-01-01T00:00:00Z",
        "2016-01-01T00:00:00.000001Z",
        "2016-01-01T00:00:00.1Z",
        "2016-01-01T00:00:00.100000001Z",
        "2016-01-01T00:00:01Z",
        "2026-11-03T12:30:59.000Z",
    };
    static const char *const bad[] = {
        "2016-01-01",
        "2016-01-01 00:00:00Z",
        "2016-01-01T00:00:00",
        "2016-01-01T00:00:00.Z",
        "2016-01-01T00:00:00.1234567890Z",
        "2016-01-01T00:00:00+01:00",
        "2016-13-01T00:00:00Z",
        "2016-01-01T00:00:00Z&x=1",
        "2016-01-01T00:00:00Z\n",
        "now",
    };
    char a[ENT_FETCH_DATE];
    (void)state;
    for (size_t i = 1; i < sizeof(sorted) / sizeof(sorted[0]); i++) {
        assert_ok(ent_fetch_date(a, ent_slice_str(sorted[i])));
        assert_string_equal(a, sorted[i]);
        assert_true(ent_fetch_date_cmp(sorted[i - 1], sorted[i]) < 0);
        assert_true(ent_fetch_date_cmp(sorted[i], sorted[i - 1]) > 0);
        assert_int_equal(ent_fetch_date_cmp(sorted[i], sorted[i]), 0);
    }
    assert_int_equal(ent_fetch_date_cmp("2016-01-01T00:00:00.10Z", "2016-01-01T00:00:00.1Z"), 0);
    assert_ok(ent_fetch_date(a, ENT_SLICE_LIT("2016-01-01T00:00:00.5+00:00")));
    assert_string_equal(a, "2016-01-01T00:00:00.5Z");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_err(ent_fetch_date(a, ent_slice_str(bad[i])), ENT_E_FORMAT);
}

static void waits(void **state)
{
    static const struct {
        const char *text;
        int64_t want; /* -1: refused */
    } rows[] = {
        {"0", 0},
        {"120", 120},
        {"007", 7},
        {"99999999999999999999999", INT32_MAX},
        {"Sun, 06 Nov 1994 08:49:37 GMT", 100},
        {"Sun, 06 Nov 1994 08:40:00 GMT", 0},
        {"Sun, 06 Nov 9994 08:40:00 GMT", INT32_MAX},
        {"-1", -1},
        {"1.5", -1},
        {"1 s", -1},
        {"", -1},
        {"Sun, 06 Nov 1994 08:49:37", -1},
        {"Sunday, 06-Nov-94 08:49:37 GMT", -1},
        {"Sun, 36 Nov 1994 08:49:37 GMT", -1},
        {"Sun, 06 Nop 1994 08:49:37 GMT", -1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint32_t n = 7;
        enum ent_err r = ent_fetch_retry_after(&n, ent_slice_str(rows[i].text), 784111777 - 100);
        assert_err(r, rows[i].want < 0 ? ENT_E_FORMAT : ENT_OK);
        assert_int_equal(n, rows[i].want < 0 ? 7 : rows[i].want);
    }
}

static void types(void **state)
{
    static const struct {
        const char *text;
        enum ent_fetch_type want;
    } rows[] = {
        {"application/taxii+json;version=2.1", ENT_FETCH_TAXII},
        {"Application/TAXII+json ; Version=\"2.1\"", ENT_FETCH_TAXII},
        {"application/taxii+json", ENT_FETCH_TAXII},
        {"application/taxii+json; charset=utf-8; version=2.1", ENT_FETCH_TAXII},
        {"application/taxii+json;version=2.0", ENT_FETCH_OTHER},
        {"application/taxii+json;version=2.1;version=3", ENT_FETCH_OTHER},
        {"application/vnd.oasis.taxii+json; version=2.0", ENT_FETCH_OTHER},
        {"application/json", ENT_FETCH_OTHER},
        {"text/html", ENT_FETCH_OTHER},
        {"application/taxii+jsonx", ENT_FETCH_OTHER},
        {"", ENT_FETCH_NO_TYPE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(ent_fetch_type(ent_slice_str(rows[i].text)), rows[i].want);
}

static void escapes(void **state)
{
    struct ent_buf b;
    (void)state;
    ent_buf_init(&b, 64);
    assert_ok(ent_fetch_escape(&b, ENT_SLICE_LIT("aZ0-._~ &=?#/%+\xc3\xa9\n")));
    assert_ok(ent_buf_putc(&b, '\0'));
    assert_string_equal((const char *)b.p, "aZ0-._~%20%26%3D%3F%23%2F%25%2B%C3%A9%0A");
    ent_buf_clear(&b);
    assert_err(ent_fetch_escape(&b, ENT_SLICE_LIT("                      ")), ENT_E_LIMIT);
    ent_buf_release(&b);
}

/* --- frames ----------------------------------------------------------------------------------- */

static void frames(void **state)
{
    static const struct {
        uint8_t type;
        uint32_t n;
        enum ent_err want;
    } rows[] = {
        {ENT_FRAME_GET, 1, ENT_OK},
        {ENT_FRAME_GET, ENT_FETCH_SUFFIX, ENT_OK},
        {ENT_FRAME_BODY, ENT_FRAME_MAX, ENT_OK},
        {ENT_FRAME_END, 0, ENT_OK},
        {ENT_FRAME_FAIL, 1, ENT_OK},
        {0, 0, ENT_E_FORMAT},
        {6, 0, ENT_E_FORMAT},
        {255, 1, ENT_E_FORMAT},
        {ENT_FRAME_GET, ENT_FETCH_SUFFIX + 1, ENT_E_FORMAT},
        {ENT_FRAME_GET, 0, ENT_E_FORMAT},
        {ENT_FRAME_HEAD, ENT_ANSWER_MAX + 1, ENT_E_FORMAT},
        {ENT_FRAME_BODY, 0, ENT_E_FORMAT},
        {ENT_FRAME_BODY, ENT_FRAME_MAX + 1, ENT_E_FORMAT},
        {ENT_FRAME_BODY, UINT32_MAX, ENT_E_FORMAT},
        {ENT_FRAME_END, 1, ENT_E_FORMAT},
        {ENT_FRAME_FAIL, 2, ENT_E_FORMAT},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint8_t header[ENT_FRAME_HEADER] = {rows[i].type};
        struct ent_frame f;
        ent_put_u32le(header + 1, rows[i].n);
        assert_err(ent_frame_parse(&f, header), rows[i].want);
        if (rows[i].want == ENT_OK)
            assert_true(f.type == rows[i].type && f.n == rows[i].n);
    }
}

static void answers(void **state)
{
    struct ent_fetch_answer a = {.status = 503,
                                 .type = ENT_FETCH_OTHER,
                                 .wait_said = true,
                                 .wait = 120,
                                 .date = "2016-01-01T00:00:00.123456789Z",
                                 .type_text = "text/html; charset=utf-8"};
    struct ent_fetch_answer b;
    uint8_t bytes[ENT_ANSWER_MAX], bent[ENT_ANSWER_MAX + 1] = {0};
    (void)state;
    size_t n = ent_answer_encode(bytes, &a), same = 0;
    assert_ok(ent_answer_parse(&b, ent_slice(bytes, n)));
    assert_true(b.status == 503 && b.wait == 120 && b.wait_said && b.type == ENT_FETCH_OTHER);
    assert_string_equal(b.date, a.date);
    assert_string_equal(b.type_text, a.type_text);
    for (size_t cut = 0; cut < n; cut++)
        assert_err(ent_answer_parse(&b, ent_slice(bytes, cut)), ENT_E_FORMAT);
    memcpy(bent, bytes, n);
    assert_err(ent_answer_parse(&b, ent_slice(bent, n + 1)), ENT_E_FORMAT);
    for (size_t bit = 0; bit < 8 * n; bit++) { /* whatever is taken is written the same again */
        uint8_t again[ENT_ANSWER_MAX];
        memcpy(bent, bytes, n);
        bent[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (ent_answer_parse(&b, ent_slice(bent, n)) != ENT_OK)
            continue;
        assert_int_equal(ent_answer_encode(again, &b), n);
        assert_memory_equal(again, bent, n);
        same++;
    }
    assert_true(same > 0 && same < 8 * n);
    memcpy(bent, bytes, n);
    ent_put_u16le(bent, 199);
    assert_err(ent_answer_parse(&b, ent_slice(bent, n)), ENT_E_FORMAT);
    bent[3] = 2;
    assert_err(ent_answer_parse(&b, ent_slice(bent, n)), ENT_E_FORMAT);
}

static void faults(void **state)
{
    struct ent_diag d;
    (void)state;
    for (unsigned i = 1; i < ENT_FAULTS; i++) {
        d.text = NULL;
        assert_int_not_equal(ent_fault(&d, i), ENT_OK);
        assert_non_null(d.text);
    }
    assert_err(ent_fault(&d, 0), ENT_E_PEER);
    assert_err(ent_fault(&d, ENT_FAULTS), ENT_E_PEER);
    assert_string_equal(d.text, "the process that fetches said nonsense");
}

/* --- answers over a socket -------------------------------------------------------------------- */

/* One connection is taken and given these bytes, in pieces with a pause between if drip. */
struct server {
    int listening;
    const char *text;
    bool drip, stay;
    struct ent_buf asked;
    pthread_t thread;
};

static void *server_run(void *arg)
{
    struct server *s = arg;
    struct raw r;
    int fd = accept(s->listening, NULL, NULL);
    assert_true(fd >= 0);
    raw_plain(&r, fd);
    raw_recv(&r, &s->asked, "\r\n\r\n");
    size_t n = strlen(s->text), part = s->drip ? 8 : n;
    for (size_t at = 0; at < n && raw_send(&r, s->text + at, n - at < part ? n - at : part);
         at += part)
        if (s->drip)
            (void)usleep(100000);
    if (s->stay)
        (void)raw_closed_within(&r, 5000);
    raw_stop(&r);
    return NULL;
}

static struct ent_fetch *start(struct server *s, uint64_t max_body, const atomic_bool *stop)
{
    struct ent_fetch_opts o = {.idle_seconds = 1, .max_body = max_body, .stop = stop};
    struct ent_fetch *f;
    struct ent_diag d = {0};
    char url[64];
    const char *why;
    unsigned port;
    ent_buf_init(&s->asked, 65536);
    s->listening = raw_listen(&port);
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/", port);
    assert_ok(ent_fetch_url_parse(&o.url, &why, ent_slice_str(url)));
    o.user = ENT_SLICE_LIT("user");
    o.password = ENT_SLICE_LIT("pass:word");
    assert_ok(ent_fetch_start(&f, &d, &o));
    assert_int_equal(pthread_create(&s->thread, NULL, server_run, s), 0);
    return f;
}

static void finish(struct server *s, struct ent_fetch *f)
{
    ent_fetch_free(f);
    assert_int_equal(pthread_join(s->thread, NULL), 0);
    (void)close(s->listening);
    ent_buf_release(&s->asked);
}

static enum ent_err body_of(struct ent_fetch *f, struct ent_buf *body, struct ent_diag *d)
{
    struct ent_reader in = ent_fetch_reader(f);
    uint8_t part[100];
    size_t n;
    enum ent_err r;
    do {
        if ((r = in.read(in.ctx, part, &n, sizeof(part), d)) == ENT_OK)
            assert_ok(ent_buf_put(body, part, n));
    } while (r == ENT_OK && n > 0);
    return r;
}

#define TAXII "Content-Type: application/taxii+json;version=2.1\r\n"
#define OK200 "HTTP/1.1 200 OK\r\n" TAXII
#define A64   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void good_answer(void **state)
{
    struct server s = {.text = "HTTP/1.1 100 Continue\r\nRetry-After: 9\r\n\r\n" OK200
                               "X-Taxii-Date-Added-Last: 2016-01-01T00:00:00.5+00:00\r\n"
                               "Set-Cookie: a=b\r\nContent-Length: 5\r\n\r\n{\"a\"}"};
    struct ent_fetch *f = start(&s, 0, NULL);
    struct ent_fetch_answer a;
    struct ent_diag d = {0};
    struct ent_buf body;
    (void)state;
    ent_buf_init(&body, 1024);
    assert_ok(ent_fetch_get(f, &a, &d, "/api/?limit=1"));
    assert_int_equal(a.status, 200);
    assert_string_equal(a.date, "2016-01-01T00:00:00.5Z");
    assert_false(a.wait_said);
    assert_ok(body_of(f, &body, &d));
    assert_true(ent_slice_eq(ent_buf_slice(&body), ENT_SLICE_LIT("{\"a\"}")));
    assert_int_equal(*ent_fetch_received(f), 5);
    assert_ok(ent_buf_putc(&s.asked, '\0'));
    const char *asked = (const char *)s.asked.p;
    assert_true(strncmp(asked, "GET /api/?limit=1 HTTP/1.1\r\n", 28) == 0);
    assert_non_null(strstr(asked, "\r\nAccept: application/taxii+json;version=2.1\r\n"));
    assert_non_null(strstr(asked, "\r\nAuthorization: Basic dXNlcjpwYXNzOndvcmQ=\r\n"));
    assert_null(strstr(asked, "Cookie"));
    ent_buf_release(&body);
    finish(&s, f);
}

static void bad_answers(void **state)
{
    static const struct {
        const char *text, *why;
        enum ent_err want;
        bool in_body, drip, stay;
        uint64_t max;
    } rows[] = {
        {"SSH-2.0-OpenSSH_9.2\r\n", "the server does not speak HTTP", ENT_E_PEER, .max = 0},
        {"", "the connection broke before the answer was whole", ENT_E_PEER, .max = 0},
        {"HTTP/1.1 200 OK\r\nContent-", "the connection broke before the answer was whole",
         ENT_E_PEER, .max = 0},
        {OK200 TAXII "\r\n{}",
         "the headers of the answer contradict each other, are malformed, or of more than 64 KiB",
         ENT_E_PEER, .max = 0},
        {OK200 "X-TAXII-Date-Added-Last: yesterday\r\n\r\n{}",
         "the headers of the answer contradict each other, are malformed, or of more than 64 KiB",
         ENT_E_PEER, .max = 0},
        {OK200 "Content-Length: 10\r\n\r\n{}", "the connection broke before the answer was whole",
         ENT_E_PEER, .in_body = true},
        {OK200 "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
         "the connection broke before the answer was whole", ENT_E_PEER, .in_body = true},
        {OK200 "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
         "the answer is compressed in a way that was not asked for, or damaged", ENT_E_PEER,
         .in_body = true},
        {OK200 "Content-Encoding: br\r\nContent-Length: 2\r\n\r\n{}",
         "the answer is compressed in a way that was not asked for, or damaged", ENT_E_PEER,
         .in_body = true},
        {OK200 "Content-Length: 64\r\n\r\n" A64, "the answer is larger than allowed (256 MiB)",
         ENT_E_LIMIT, .in_body = true, .max = 63},
        {OK200 "Content-Length: 64\r\n\r\n" A64, NULL, ENT_OK, .max = 64},
        {OK200 "Content-Length: 64\r\n\r\n{}", "the server says nothing", ENT_E_TIMEOUT,
         .in_body = true, .stay = true},
        {"", "the server says nothing", ENT_E_TIMEOUT, .stay = true},
        {OK200 "\r\n" A64 A64 A64 A64 A64,
         "the server sends less than 1 KiB a second, or needs more than ten minutes", ENT_E_TIMEOUT,
         .in_body = true, .drip = true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct server s = {.text = rows[i].text, .drip = rows[i].drip, .stay = rows[i].stay};
        struct ent_fetch *f = start(&s, rows[i].max, NULL);
        struct ent_fetch_answer a;
        struct ent_diag d = {0};
        struct ent_buf body;
        ent_buf_init(&body, 1024);
        enum ent_err r = ent_fetch_get(f, &a, &d, "/");
        assert_true(!rows[i].in_body || r == ENT_OK);
        if (r == ENT_OK)
            r = body_of(f, &body, &d);
        if (r != rows[i].want)
            print_error("row %zu: %s\n", i, d.text);
        assert_err(r, rows[i].want);
        if (rows[i].why != NULL)
            assert_string_equal(d.text, rows[i].why);
        ent_buf_release(&body);
        finish(&s, f);
    }
}

/* No body of theirs is of interest. */
static void other_answers(void **state)
{
    static const struct {
        const char *text;
        unsigned status;
        enum ent_fetch_type type;
        const char *type_text;
        int64_t wait;
    } rows[] = {
        {"HTTP/1.1 301 Moved\r\nLocation: https://evil.example/\r\nContent-Length: 0\r\n\r\n", 301,
         ENT_FETCH_NO_TYPE, "", -1},
        {"HTTP/1.1 429 Slow\r\nRetry-After: 30\r\nContent-Type: text/html\r\n\r\n<html>", 429,
         ENT_FETCH_OTHER, "text/html", 30},
        {"HTTP/1.1 503 Busy\r\nRetry-After: later\r\n" TAXII "\r\n{\"title\":\"x\"}", 503,
         ENT_FETCH_TAXII, "application/taxii+json;version=2.1", -1},
        {"HTTP/1.0 200 OK\r\nContent-Type: text/\x1b[31mhtml\r\n\r\n<html>", 200, ENT_FETCH_OTHER,
         "text/?[31mhtml", -1},
        {"HTTP/1.1 200 OK\r\n\r\n{}", 200, ENT_FETCH_NO_TYPE, "", -1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct server s = {.text = rows[i].text};
        struct ent_fetch *f = start(&s, 0, NULL);
        struct ent_fetch_answer a;
        struct ent_diag d = {0};
        struct ent_buf body;
        ent_buf_init(&body, 1024);
        assert_ok(ent_fetch_get(f, &a, &d, "/"));
        assert_int_equal(a.status, rows[i].status);
        assert_int_equal(a.type, rows[i].type);
        assert_string_equal(a.type_text, rows[i].type_text);
        assert_int_equal(a.wait_said ? (int64_t)a.wait : -1, rows[i].wait);
        assert_ok(body_of(f, &body, &d));
        assert_int_equal(body.n, 0);
        ent_buf_release(&body);
        finish(&s, f);
    }
}

static void targets(void **state)
{
    static const struct {
        const char *text, *origin, *suffix; /* NULL: refused */
    } rows[] = {
        {"https://hooks.example", "https://hooks.example:443", "/"},
        {"https://Hooks.example:8443/a/b", "https://hooks.example:8443", "/a/b"},
        {"https://hooks.example/a/?code=x%2F&y=@", "https://hooks.example:443",
         "/a/?code=x%2F&y=@"},
        {"http://127.0.0.1:8080/x", "http://127.0.0.1:8080", "/x"},
        {"http://hooks.example/x", NULL, NULL},
        {"https://user@hooks.example/x", NULL, NULL},
        {"https://hooks.example?x", NULL, NULL},
        {"https://hooks.example/x#y", NULL, NULL},
        {"https://hooks.example/x y", NULL, NULL},
        {"https://hooks.example/0123456789012345678901", NULL, NULL},
        {"https:/x", NULL, NULL},
        {"", NULL, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ent_fetch_url u;
        char suffix[20] = "";
        const char *why = NULL;
        assert_err(
            ent_fetch_target_parse(&u, suffix, sizeof(suffix), &why, ent_slice_str(rows[i].text)),
            rows[i].origin == NULL ? ENT_E_FORMAT : ENT_OK);
        if (rows[i].origin == NULL) {
            assert_non_null(why);
            continue;
        }
        assert_string_equal(u.origin, rows[i].origin);
        assert_string_equal(suffix, rows[i].suffix);
    }
}

static void post(void **state)
{
    struct server s = {.text = "HTTP/1.1 200 OK\r\n" TAXII "Content-Length: 2\r\n\r\n{}"};
    struct ent_fetch *f = start(&s, 0, NULL);
    struct ent_fetch_answer a;
    struct ent_diag d = {0};
    static char much[70000];
    (void)state;
    assert_err(ent_fetch_post(f, &a, &d, "x", "A: b", ENT_SLICE_LIT("{}")), ENT_E_FORMAT);
    assert_err(ent_fetch_post(f, &a, &d, "/x", "A: b\r\nC: d", ENT_SLICE_LIT("{}")), ENT_E_FORMAT);
    assert_err(ent_fetch_post(f, &a, &d, "/x", "A b", ENT_SLICE_LIT("{}")), ENT_E_FORMAT);
    assert_err(ent_fetch_post(f, &a, &d, "/x", "A:", ENT_SLICE_LIT("{}")), ENT_E_FORMAT);
    assert_err(ent_fetch_post(f, &a, &d, "/x", ": b", ENT_SLICE_LIT("{}")), ENT_E_FORMAT);
    assert_err(ent_fetch_post(f, &a, &d, "/x", "A: b", ENT_SLICE_LIT("")), ENT_E_FORMAT);
    assert_err(ent_fetch_post(f, &a, &d, "/x", "A: b", ent_slice(much, sizeof(much))), ENT_E_LIMIT);
    assert_ok(ent_fetch_post(f, &a, &d, "/hook?x=1", "Entente-Signature: t=1,v1=00",
                             ENT_SLICE_LIT("{\"a\":1}")));
    assert_int_equal(a.status, 200);
    assert_int_equal(*ent_fetch_received(f), 0); /* also if it says that it has something */
    assert_ok(ent_buf_putc(&s.asked, '\0'));
    const char *asked = (const char *)s.asked.p;
    assert_true(strncmp(asked, "POST /hook?x=1 HTTP/1.1\r\n", 25) == 0);
    assert_non_null(strstr(asked, "\r\nContent-Type: application/json\r\n"));
    assert_non_null(strstr(asked, "\r\nEntente-Signature: t=1,v1=00\r\n"));
    assert_non_null(strstr(asked, "\r\nContent-Length: 7\r\n"));
    assert_null(strstr(asked, "Expect"));
    assert_null(strstr(asked, "taxii"));
    finish(&s, f);
}

static void posts(void **state)
{
    struct ent_post p = {ENT_SLICE_LIT("/x?y"), ENT_SLICE_LIT("A: b"), ENT_SLICE_LIT("{}")}, back;
    struct ent_buf b, again;
    (void)state;
    ent_buf_init(&b, ENT_FRAME_MAX);
    ent_buf_init(&again, ENT_FRAME_MAX);
    assert_ok(ent_post_encode(&b, &p));
    for (size_t n = 0; n < b.n - 1; n++)
        assert_err(ent_post_parse(&back, ent_slice(b.p, n)), ENT_E_FORMAT);
    for (size_t i = 0; i < b.n * 256; i++) {
        const uint8_t was = b.p[i / 256];
        b.p[i / 256] = (uint8_t)i;
        if (ent_post_parse(&back, ent_buf_slice(&b)) == ENT_OK) {
            ent_buf_clear(&again);
            assert_ok(ent_post_encode(&again, &back));
            assert_true(ent_slice_eq(ent_buf_slice(&again), ent_buf_slice(&b)));
        }
        b.p[i / 256] = was;
    }
    ent_buf_release(&b);
    ent_buf_release(&again);
}

static void misuse(void **state)
{
    atomic_bool stop = true;
    struct server s = {.text = ""};
    struct ent_fetch *f = start(&s, 0, &stop);
    struct ent_fetch_answer a;
    struct ent_diag d = {0};
    (void)state;
    assert_err(ent_fetch_get(f, &a, &d, "relative"), ENT_E_FORMAT);
    assert_err(ent_fetch_get(f, &a, &d, "/a b"), ENT_E_FORMAT);
    assert_err(ent_fetch_get(f, &a, &d, "/a\r\nX: y"), ENT_E_FORMAT);
    assert_err(ent_fetch_get(f, &a, &d, "/a#b"), ENT_E_FORMAT);
    assert_err(ent_fetch_get(f, &a, &d, "/"), ENT_E_INTERRUPTED);
    assert_err(ent_fetch_get(f, &a, &d, "/"), ENT_E_STATE);
    struct raw r; /* the server thread wants to have been asked by somebody */
    struct sockaddr_storage at;
    socklen_t n = sizeof(at);
    assert_int_equal(getsockname(s.listening, (struct sockaddr *)&at, &n), 0);
    raw_plain(&r, raw_dial(ntohs(((struct sockaddr_in *)&at)->sin_port)));
    assert_true(raw_sends(&r, "\r\n\r\n"));
    finish(&s, f);
    raw_stop(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls),          cmocka_unit_test(urls_refused),
        cmocka_unit_test(places),        cmocka_unit_test(dates),
        cmocka_unit_test(waits),         cmocka_unit_test(types),
        cmocka_unit_test(escapes),       cmocka_unit_test(frames),
        cmocka_unit_test(answers),       cmocka_unit_test(faults),
        cmocka_unit_test(good_answer),   cmocka_unit_test(bad_answers),
        cmocka_unit_test(other_answers), cmocka_unit_test(misuse),
        cmocka_unit_test(targets),       cmocka_unit_test(post),
        cmocka_unit_test(posts),
    };
    return ent_t_run("fetch", tests);
}
