/* test_web.c: what the users' port takes, answers and refuses. */
#include "tests/support/webpeers.h"

#include <gnutls/x509.h>

#define HOST "Host: x\r\n"

static bool starts(const char *s, const char *with)
{
    return strncmp(s, with, strlen(with)) == 0;
}

static void make(struct ent_buf *cert, uint8_t *print, uint8_t seed_byte, const char *listen,
                 const char *host)
{
    struct ent_seed32 seed;
    struct ent_buf key;
    memset(seed.b, seed_byte, sizeof(seed.b));
    ent_buf_init(&key, 8192);
    assert_ok(ent_web_identity(cert, &key, print, &seed, listen, host));
    ent_buf_wipe(&key);
}

static void test_identity(void **state)
{
    struct ent_buf a, b, c;
    uint8_t pa[32], pb[32], pc[32];
    gnutls_x509_crt_t crt;
    unsigned bits;
    (void)state;
    ent_buf_init(&a, 8192);
    ent_buf_init(&b, 8192);
    ent_buf_init(&c, 8192);
    make(&a, pa, 1, "192.0.2.1:443", "cti.example.org");
    make(&b, pb, 1, "192.0.2.1:443", "cti.example.org");
    make(&c, pc, 2, "192.0.2.1:443", "cti.example.org");
    assert_true(ent_slice_eq(ent_buf_slice(&a), ent_buf_slice(&b)));
    assert_memory_equal(pa, pb, 32);
    assert_memory_not_equal(pa, pc, 32);

    gnutls_datum_t pem = {a.p, (unsigned)a.n};
    assert_int_equal(gnutls_x509_crt_init(&crt), 0);
    assert_int_equal(gnutls_x509_crt_import(crt, &pem, GNUTLS_X509_FMT_PEM), 0);
    assert_int_equal(gnutls_x509_crt_get_pk_algorithm(crt, &bits), GNUTLS_PK_ECDSA);
    assert_int_equal(bits, 256);
    static const char *const good[] = {"localhost", "127.0.0.1", "::1", "192.0.2.1",
                                       "cti.example.org"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(gnutls_x509_crt_check_hostname(crt, good[i]));
    assert_false(gnutls_x509_crt_check_hostname(crt, "192.0.2.2"));
    assert_false(gnutls_x509_crt_check_hostname(crt, "example.org"));
    gnutls_x509_crt_deinit(crt);
    ent_buf_release(&a);
    ent_buf_release(&b);
    ent_buf_release(&c);
}

static void test_bad_identities(void **state)
{
    static const char *const hosts[] = {"",   "*.example", "a b", "a..b",
                                        ".a", "-a",        "a_b", "\xc3\xa9"};
    struct ent_seed32 seed = {{1}};
    struct ent_buf cert, key;
    uint8_t print[32];
    (void)state;
    ent_buf_init(&cert, 8192);
    ent_buf_init(&key, 8192);
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
        assert_err(ent_web_identity(&cert, &key, print, &seed, "127.0.0.1:1", hosts[i]),
                   ENT_E_FORMAT);
    assert_err(ent_web_identity(&cert, &key, print, &seed, "localhost:1", NULL), ENT_E_FORMAT);
    ent_buf_release(&cert);
    ent_buf_init(&cert, 100);
    assert_err(ent_web_identity(&cert, &key, print, &seed, "127.0.0.1:1", NULL), ENT_E_LIMIT);
    assert_int_equal(cert.n, 0);
    ent_buf_release(&cert);
    ent_buf_wipe(&key);
}

static void test_bad_options(void **state)
{
    struct ent_buf cert[3], key[3];
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        ent_buf_init(&cert[i], 8192);
        ent_buf_init(&key[i], 8192);
        raw_certificate(&cert[i], &key[i], i == 0 ? RAW_ED25519 : RAW_ECDSA, false);
    }
    const struct {
        struct ent_web_opts o;
        enum ent_err err;
        const char *says;
    } cases[] = {
        {{.listen = "127.0.0.1"}, ENT_E_FORMAT, "the address to listen on is not ADDRESS:PORT"},
        {{.listen = "localhost:1"}, ENT_E_FORMAT, "the address to listen on is not ADDRESS:PORT"},
        {{.listen = "0.0.0.0:0", .plain = true},
         ENT_E_POLICY,
         "HTTP without TLS is for the loopback alone"},
        {{.listen = "[::]:0", .plain = true},
         ENT_E_POLICY,
         "HTTP without TLS is for the loopback alone"},
        {{.listen = "128.0.0.1:0", .plain = true},
         ENT_E_POLICY,
         "HTTP without TLS is for the loopback alone"},
        {{.cert_pem = ent_buf_slice(&cert[0]), .key_pem = ent_buf_slice(&key[0])},
         ENT_E_FORMAT,
         "not a certificate with an RSA (2048 bits or more) or ECDSA key"},
        {{.cert_pem = ENT_SLICE_LIT("x"), .key_pem = ent_buf_slice(&key[1])},
         ENT_E_FORMAT,
         "not a certificate with an RSA (2048 bits or more) or ECDSA key"},
        {{.cert_pem = ent_buf_slice(&cert[1]), .key_pem = ent_buf_slice(&key[2])},
         ENT_E_FORMAT,
         "not a certificate and the key that belongs to it"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ent_web *w = NULL;
        struct ent_diag d = {0};
        assert_err(web_try_serve(&w, &d, &cases[i].o), cases[i].err);
        assert_string_equal(d.text, cases[i].says);
        assert_null(w);
    }
    for (size_t i = 0; i < 3; i++) {
        ent_buf_release(&cert[i]);
        ent_buf_release(&key[i]);
    }
}

/* What arrives at the handler is what was sent. */
static void test_fields(void **state)
{
    struct ent_web *w = web_serve(&(struct ent_web_opts){0});
    struct raw r;
    (void)state;
    web_raw_tls(&r, w, RAW_TLS13);
    const char *text = web_ask(
        &r,
        "GET /fields?q=1 HTTP/1.1\r\nHost: h\r\nAccept: a\r\nContent-Type: b\r\n"
        "Authorization: c\r\nCookie: d\r\nOrigin: e\r\nSec-Fetch-Site: f\r\nX-CSRF-Token: g\r\n"
        "If-None-Match: i\r\nLast-Event-ID: j\r\nUser-Agent: k\r\nConnection: close\r\n\r\n",
        NULL);
    assert_non_null(strstr(text, "\r\n\r\nGET /fields 1 127.0.0.1|q=1|a|b|c|d|e|h|f|g|i|j|k"));
    raw_stop(&r);
    ent_web_stop(w);
}

static void test_answers(void **state)
{
    static const struct {
        const char *request, *upto, *has[3], *has_not;
    } cases[] = {
        {"GET /a HTTP/1.1\r\n" HOST "\r\n",
         "\r\n\r\n/a",
         {"HTTP/1.1 200 OK\r\n", "\r\nContent-Length: 2\r\n", "\r\nContent-Type: text/plain\r\n"},
         "Strict-Transport"},
        {"GET /a HTTP/1.1\r\n" HOST "\r\n",
         "\r\n\r\n/a",
         {"\r\nCache-Control: no-store\r\n", "\r\nX-Content-Type-Options: nosniff\r\n", " GMT\r\n"},
         "Connection:"},
        {"HEAD /abc HTTP/1.1\r\n" HOST "\r\n",
         "\r\n\r\n",
         {"HTTP/1.1 200 ", "\r\nContent-Length: 4\r\n", "\r\nContent-Type: text/plain\r\n"},
         "/abc"},
        {"GET /etag HTTP/1.1\r\n" HOST "If-None-Match: \"e0\"\r\n\r\n",
         "tagged",
         {"HTTP/1.1 200 ", "\r\nETag: \"e1\"\r\n", "\r\nCache-Control: no-cache\r\n"},
         "no-store"},
        {"GET /etag HTTP/1.1\r\n" HOST "If-None-Match: \"e0\", W/\"e1\"\r\n\r\n",
         "\r\n\r\n",
         {"HTTP/1.1 304 ", "\r\nETag: \"e1\"\r\n", "\r\nX-Content-Type-Options: nosniff\r\n"},
         "tagged"},
        {"HEAD /etag HTTP/1.1\r\n" HOST "If-None-Match: *\r\n\r\n",
         "\r\n\r\n",
         {"HTTP/1.1 304 ", "\r\nETag: \"e1\"\r\n", "\r\n\r\n"},
         "\r\nContent-Type"},
        {"POST /etag HTTP/1.1\r\n" HOST "If-None-Match: *\r\nContent-Length: 0\r\n\r\n",
         "tagged",
         {"HTTP/1.1 200 ", "\r\n", "\r\n"},
         "304"},
        {"PUT /a HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc",
         "\r\n\r\nabc",
         {"HTTP/1.1 200 ", "\r\n", "\r\n"},
         "Connection:"},
        {"PATCH /a HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n"
         "0\r\n\r\n",
         "\r\n\r\nabc",
         {"HTTP/1.1 200 ", "\r\n", "\r\n"},
         "Connection:"},
        {"GET /status HTTP/1.1\r\n" HOST "\r\n",
         "<p>500</p>",
         {"HTTP/1.1 500 ", "\r\nContent-Type: text/html\r\n", "\r\n"},
         "never"},
        {"GET /header HTTP/1.1\r\n" HOST "\r\n",
         "<p>500</p>",
         {"HTTP/1.1 500 ", "\r\n", "\r\n"},
         "Set-Cookie"},
        {"GET /type HTTP/1.1\r\n" HOST "\r\n",
         "<p>500</p>",
         {"HTTP/1.1 500 ", "\r\n", "\r\n"},
         "X: y"},
    };
    struct ent_web *w = web_serve(NULL);
    struct raw r;
    (void)state;
    web_raw(&r, w); /* one connection for all of them */
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *text = web_ask(&r, cases[i].request, cases[i].upto);
        for (size_t k = 0; k < 3; k++)
            if (strstr(text, cases[i].has[k]) == NULL || strstr(text, cases[i].upto) == NULL)
                fail_msg("case %zu lacks %s: %s", i, cases[i].has[k], text);
        if (strstr(text, cases[i].has_not) != NULL)
            fail_msg("case %zu has %s: %s", i, cases[i].has_not, text);
    }
    raw_stop(&r);
    ent_web_stop(w);
    assert_int_equal(atomic_load(&web_seen.counted[ENT_WEB_ANSWER]), 3);
}

/* Only with TLS, and only for names: a header for localhost would reach other programs' ports. */
static void test_hsts(void **state)
{
    static const struct {
        const char *host;
        bool with;
    } cases[] = {{"cti.example.org", true},
                 {"127.0.0.1:1", false},
                 {"[::1]:1", false},
                 {"LocalHost:1", false}};
    struct ent_web *w = web_serve(&(struct ent_web_opts){0});
    struct raw r;
    char request[100];
    (void)state;
    web_raw_tls(&r, w, RAW_TLS13);
    for (size_t i = 0; i < 4; i++) {
        (void)snprintf(request, sizeof(request), "GET /a HTTP/1.1\r\nHost: %s\r\n\r\n",
                       cases[i].host);
        const char *text = web_ask(&r, request, "\r\n\r\n/a");
        assert_int_equal(strstr(text, "Strict-Transport-Security: max-age=") != NULL,
                         cases[i].with);
    }
    raw_stop(&r);
    ent_web_stop(w);
}

/* Status, body by path, event, counter, and the end of the connection: what follows is never read
 * as a request. What libmicrohttpd refuses by itself has its own body. */
static void test_refusals(void **state)
{
    static const struct {
        const char *request, *status;
        int event;
        bool theirs;
    } cases[] = {
        {"GET /taxii2/ HTTP/1.1\r\n\r\n", "400", ENT_WEB_MALFORMED, false},
        {"GET /taxii2/ a HTTP/1.1\r\n" HOST "\r\n", "400", ENT_WEB_PATH, false},
        {"GET /taxii2/ HTTP/1.1\n" HOST "\r\n", "400", ENT_WEB_SMUGGLING, false},
        {"GET  /taxii2/ HTTP/1.1\r\n" HOST "\r\n", "400", ENT_WEB_SMUGGLING, false},
        {"GET /taxii2/ HTTP/1.1\r\nHost: a b\r\n\r\n", "400", ENT_WEB_MALFORMED, false},
        {"GET /taxii2/ HTTP/1.1\r\n" HOST HOST "\r\n", "400", ENT_WEB_SMUGGLING, false},
        {"GET /taxii2/ HTTP/1.1\r\n" HOST "Accept: a\r\nAccept: b\r\n\r\n", "400",
         ENT_WEB_MALFORMED, false},
        {"GET /taxii2/ HTTP/1.1\r\n" HOST "Cookie: a\x01\r\n\r\n", "400", ENT_WEB_MALFORMED, false},
        {"GET /taxii2/ HTTP/1.1\r\n" HOST "X : a\r\n\r\n", "400", ENT_WEB_MALFORMED, false},
        {"GET /taxii2/ HTTP/1.1\r\n" HOST "no colon\r\n\r\n", "400", ENT_WEB_MALFORMED, true},
        {"GET /taxii2/../x HTTP/1.1\r\n" HOST "\r\n", "400", ENT_WEB_PATH, false},
        {"GET /taxii2//x HTTP/1.1\r\n" HOST "\r\n", "400", ENT_WEB_PATH, false},
        {"GET /taxii2/./x HTTP/1.1\r\n" HOST "\r\n", "400", ENT_WEB_PATH, false},
        {"GET /taxii2/%2e%2e/x HTTP/1.1\r\n" HOST "\r\n", "400", ENT_WEB_PATH, false},
        {"GET /taxii2/a%2Fx HTTP/1.1\r\n" HOST "\r\n", "400", ENT_WEB_PATH, false},
        {"GET /taxii2/%00 HTTP/1.1\r\n" HOST "\r\n", "400", ENT_WEB_PATH, false},
        {"GET /taxii2/%252e HTTP/1.1\r\n" HOST "\r\n", "400", ENT_WEB_PATH, false},
        {"GET /taxii2/%4 HTTP/1.1\r\n" HOST "\r\n", "400", ENT_WEB_PATH, false},
        {"GET /taxii2/a\\b HTTP/1.1\r\n" HOST "\r\n", "400", ENT_WEB_PATH, false},
        {"GET /taxii2/\xc3\xa9 HTTP/1.1\r\n" HOST "\r\n", "400", ENT_WEB_PATH, false},
        {"GET /taxii2/?a=\x7f HTTP/1.1\r\n" HOST "\r\n", "400", ENT_WEB_PATH, false},
        {"GET http://x/a HTTP/1.1\r\n" HOST "\r\n", "400", ENT_WEB_PATH, false},
        {"GET * HTTP/1.1\r\n" HOST "\r\n", "400", ENT_WEB_PATH, false},
        {"OPTIONS /taxii2/ HTTP/1.1\r\n" HOST "\r\n", "405", ENT_WEB_METHOD, false},
        {"POST /taxii2/ HTTP/1.1\r\n" HOST "Content-Length: 300001\r\n\r\n", "413", ENT_WEB_BODY,
         false},
        {"POST /taxii2/ HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 300001\r\n\r\n",
         "413", ENT_WEB_BODY, false},
        {"GET /taxii2/ HTTP/1.0\r\n" HOST "\r\n", "505", ENT_WEB_MALFORMED, false},
        {"GET /taxii2/ HTTP/2.0\r\n" HOST "\r\n", "505", -1, true},
        {"POST /taxii2/ HTTP/1.1\r\n" HOST "Expect: x\r\n\r\n", "417", ENT_WEB_MALFORMED, false},
        {"GET /none HTTP/1.1\r\n" HOST "\r\n", "404", -1, false},
        {"POST /no-body HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\n", "413", ENT_WEB_BODY, false},
        {"GET /taxii2/ HTTP/x\r\n", "400", -1, true},
    };
    struct ent_web *w = web_serve(NULL);
    uint64_t before[ENT_WEB_EVENTS], after[ENT_WEB_EVENTS];
    struct raw r;
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char request[400], body[60];
        bool taxii = strstr(cases[i].request, " /taxii2/") != NULL;
        ent_web_counts(w, before);
        web_raw(&r, w);
        (void)snprintf(request, sizeof(request), "%sGET /smuggled HTTP/1.1\r\n" HOST "\r\n",
                       cases[i].request);
        const char *text = web_ask(&r, request, NULL);
        (void)snprintf(body, sizeof(body),
                       taxii ? "\r\n\r\n{\"http_status\":\"%s\"}" : "\r\n\r\n<p>%s</p>",
                       cases[i].status);
        if (!starts(text, "HTTP/1.1 ") || !starts(text + 9, cases[i].status) ||
            (strstr(text, body) == NULL) != cases[i].theirs ||
            strstr(text, "\r\nConnection: close\r\n") == NULL ||
            strstr(text, "/smuggled") != NULL || strstr(text + 1, "HTTP/1.1 ") != NULL)
            fail_msg("case %zu: %s", i, text);
        if (taxii && !cases[i].theirs)
            assert_non_null(
                strstr(text, "\r\nContent-Type: application/taxii+json;version=2.1\r\n"));
        assert_int_equal(strcmp(cases[i].status, "405") == 0,
                         strstr(text, "\r\nAllow: GET, HEAD, POST, PUT, PATCH, DELETE\r\n") !=
                             NULL);
        raw_stop(&r);
        ent_web_counts(w, after);
        for (int e = 0; e < ENT_WEB_EVENTS; e++)
            if (after[e] != before[e] + (e == cases[i].event))
                fail_msg("case %zu: %s counted %d", i, ent_web_event_name(e),
                         (int)(after[e] - before[e]));
    }
    assert_int_equal(atomic_load(&web_seen.handled), 0);
    ent_web_stop(w);
}

#define POST   "POST /a HTTP/1.1\r\n" HOST
#define HIDDEN "GET /smuggled HTTP/1.1\r\n" HOST "\r\n" /* 35 bytes, 23 in hexadecimal */
#define TEXT(t)                                                                                    \
    {                                                                                              \
        t, sizeof(t) - 1                                                                           \
    }

/* What is said to these bytes and a request behind them. */
static const char *ask_with_next(const struct ent_web *w, const char *p, size_t n)
{
    struct raw r;
    web_raw(&r, w);
    assert_true(raw_send(&r, p, n));
    const char *text = web_ask(&r, "GET /next HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", NULL);
    raw_stop(&r);
    return text;
}

/* Requests that carry another one where some program sees a body. They are refused and end the
 * connection, or they are one request with the hidden one in its body, and the next one follows. */
/* table */
static void test_smuggling(void **state)
{
    static const struct {
        const char *text;
        size_t n;
    } refused[] = {
        TEXT(POST "Content-Length: 35\r\nTransfer-Encoding: chunked\r\n\r\n" HIDDEN),
        TEXT(POST "Transfer-Encoding: chunked\r\nContent-Length: 35\r\n\r\n0\r\n\r\n" HIDDEN),
        TEXT(POST "Content-Length: 0\r\nContent-Length: 35\r\n\r\n" HIDDEN),
        TEXT(POST "Content-Length: 35\r\nContent-Length: 35\r\n\r\n" HIDDEN),
        TEXT(POST "Content-Length: 35, 35\r\n\r\n" HIDDEN),
        TEXT(POST "Content-Length : 35\r\n\r\n" HIDDEN),
        TEXT(POST "Content-Length\t: 35\r\n\r\n" HIDDEN),
        TEXT(POST "Content-Length: \v35\r\n\r\n" HIDDEN),
        TEXT(POST "Content-Length: +35\r\n\r\n" HIDDEN),
        TEXT(POST "Content-Length: -35\r\n\r\n" HIDDEN),
        TEXT(POST "Content-Length: 035\r\n\r\n" HIDDEN),
        TEXT(POST "Content-Length: 0x23\r\n\r\n" HIDDEN),
        TEXT(POST "Content-Length: 35 \r\n\r\n" HIDDEN),
        TEXT(POST "Content-Length:\r\n\r\n" HIDDEN),
        TEXT(POST "Content-Length: 18446744073709551651\r\n\r\n" HIDDEN),
        TEXT(POST "Transfer-Encoding: xchunked\r\n\r\n" HIDDEN),
        TEXT(POST "Transfer-Encoding: chunked, chunked\r\n\r\n" HIDDEN),
        TEXT(POST "Transfer-Encoding: gzip, chunked\r\n\r\n" HIDDEN),
        TEXT(POST "Transfer-Encoding: Chunked\r\n\r\n0\r\n\r\n" HIDDEN),
        TEXT(POST "Transfer-Encoding: chunked \r\n\r\n0\r\n\r\n" HIDDEN),
        TEXT(POST "Transfer-Encoding: \vchunked\r\n\r\n0\r\n\r\n" HIDDEN),
        TEXT(POST "Transfer-Encoding: identity\r\n\r\n" HIDDEN),
        TEXT(POST "Transfer-Encoding:\r\n\r\n" HIDDEN),
        TEXT(POST "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" HIDDEN),
        TEXT(POST "Transfer-Encoding\0: chunked\r\n\r\n0\r\n\r\n" HIDDEN),
        TEXT(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n" HIDDEN),
        TEXT(POST "X: a\rContent-Length: 35\r\n\r\n" HIDDEN),
        TEXT(POST "X: a\r\r\nContent-Length: 35\r\n\r\n" HIDDEN),
        TEXT("POST /a HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" HIDDEN),
        TEXT("POST /a HTTP/1.1\nHost: x\nContent-Length: 35\n\n" HIDDEN),
        TEXT(POST "X: a\r\n b\r\nContent-Length: 35\r\n\r\n" HIDDEN),
        TEXT(POST "Content-Length: 3\r\n 5\r\n\r\n" HIDDEN),
        TEXT(POST "Transfer-Encoding:\r\n chunked\r\n\r\n23\r\n" HIDDEN "\r\n0\r\n\r\n"),
        TEXT(POST "Transfer-Encoding: chunked\n\n23\n" HIDDEN "\n0\n\n"),
        TEXT("POST  /a  HTTP/1.1\r\n" HOST "Content-Length: 35\r\n\r\n" HIDDEN),
        TEXT(POST "X: a\0b\r\nContent-Length: 35\r\n\r\n" HIDDEN),
        TEXT(POST "Content-Length: 35\0 0\r\n\r\n" HIDDEN),
        TEXT(POST "\0\r\nContent-Length: 35\r\n\r\n" HIDDEN),
        TEXT(POST "\0Transfer-Encoding: chunked\r\n\r\n23\r\n" HIDDEN "\r\n0\r\n\r\n"),
        TEXT(POST "Content-Len: 35\r\n gth\r\n\r\n" HIDDEN),
        TEXT(POST "X: a\nContent-Length: 35\r\n\r\n" HIDDEN),
        TEXT(POST "X:   a\nContent-Length: 35\r\n\r\n" HIDDEN),
        TEXT(POST "X:a\r\n b\r\nY:c\r\nZ:d\r\nContent-Length:35\r\n\r\n" HIDDEN),
        TEXT("POST /a\0 HTTP/1.1\r\n" HOST "Content-Length: 35\r\n\r\n" HIDDEN),
        TEXT("POST /a\0?x HTTP/1.1\r\n" HOST "Content-Length: 35\r\n\r\n" HIDDEN),
        TEXT("POST\0 /a HTTP/1.1\r\n" HOST "Content-Length: 35\r\n\r\n" HIDDEN),
        TEXT(POST "Content-Length: 35\r\n\n" HIDDEN),
        TEXT(POST "Transfer-Encoding: chunked\r\n\r\n1\r\n" HIDDEN),
        TEXT(POST "Transfer-Encoding: chunked\r\n\r\n-23\r\n" HIDDEN "\r\n0\r\n\r\n"),
        TEXT(POST "Transfer-Encoding: chunked\r\n\r\n0x23\r\n" HIDDEN "\r\n0\r\n\r\n"),
        TEXT(POST "Transfer-Encoding: chunked\r\n\r\n 23\r\n" HIDDEN "\r\n0\r\n\r\n"),
        TEXT(POST "Transfer-Encoding: chunked\r\n\r\n23 \r\n" HIDDEN "\r\n0\r\n\r\n"),
        TEXT(POST "Transfer-Encoding: chunked\r\n\r\n10000000000000023\r\n" HIDDEN),
        TEXT(POST "Transfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n\r\n" HIDDEN),
        TEXT(POST "Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 35\r\n\r\n" HIDDEN),
    };
    static const struct {
        const char *text;
        size_t n;
    } one[] = {
        TEXT(POST "Transfer-Encoding: chunked\r\n\r\n23\n" HIDDEN "\n0\n\n"),
        TEXT(POST "Transfer-Encoding: chunked\r\n\r\n23;a=b\r\n" HIDDEN "\r\n0\r\n\r\n"),
        TEXT(POST "Transfer-Encoding: chunked\r\n\r\n00000023\r\n" HIDDEN "\r\n0\r\n\r\n"),
        TEXT("\r\n\r\n" POST "Content-Length: 35\r\n\r\n" HIDDEN),
    };
    struct ent_web *w = web_serve(NULL);
    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        const char *text = ask_with_next(w, refused[i].text, refused[i].n);
        if (atomic_load(&web_seen.handled) != 0 ||
            (!starts(text, "HTTP/1.1 4") && !starts(text, "HTTP/1.1 505 ")))
            fail_msg("case %zu: %s", i, text);
    }
    for (size_t i = 0; i < sizeof(one) / sizeof(one[0]); i++) {
        const char *text = ask_with_next(w, one[i].text, one[i].n);
        if (atomic_exchange(&web_seen.handled, 0) != 2 || !starts(text, "HTTP/1.1 200 ") ||
            strstr(text, "\r\n\r\n" HIDDEN) == NULL || strstr(text, "\r\n\r\n/next") == NULL)
            fail_msg("case %zu: %s", i, text);
    }
    assert_int_equal(atomic_load(&web_seen.smuggled), 0);
    ent_web_stop(w);
}

/* However long a path is, and however many arguments or cookies there are: an answer or an end, at
 * once. */
static void test_no_head_waits(void **state)
{
    static char head[20000];
    const struct ent_web_opts plain = {.plain = true, .max_head = 4096};
    (void)state;
    for (unsigned small = 0; small < 2; small++) {
        struct ent_web *w = web_serve(small != 0 ? &plain : &(struct ent_web_opts){.plain = true});
        for (unsigned args = 1; args < 140; args = args * 3 / 2 + 3)
            for (int pad = 0; pad < 13000; pad += 487) {
                const uint64_t start = ent_clock_steady_ns();
                struct raw r;
                int n = snprintf(head, sizeof(head), "GET /a?%0*d", pad + 1, 0);
                for (unsigned i = 0; i < args; i++)
                    n += snprintf(head + n, sizeof(head) - (size_t)n, "&a=b");
                (void)snprintf(head + n, sizeof(head) - (size_t)n, " HTTP/1.1\r\n" HOST "\r\n");
                web_raw(&r, w);
                const char *text = web_ask(&r, head, "/a");
                if (ent_clock_steady_ns() - start > 2 * WEB_S_NS)
                    fail_msg("%u arguments, %d bytes: %s", args, n, text);
                raw_stop(&r);
            }
        for (unsigned crumbs = 1; crumbs < 2000; crumbs = crumbs * 5 / 4 + 1) {
            const uint64_t start = ent_clock_steady_ns();
            struct raw r;
            int n = snprintf(head, sizeof(head), "GET /a HTTP/1.1\r\n" HOST "Cookie: a=b");
            for (unsigned i = 0; i < crumbs; i++)
                n += snprintf(head + n, sizeof(head) - (size_t)n, "; a=b");
            (void)snprintf(head + n, sizeof(head) - (size_t)n, "\r\n\r\n");
            web_raw(&r, w);
            const char *text = web_ask(&r, head, "/a");
            if (ent_clock_steady_ns() - start > 2 * WEB_S_NS)
                fail_msg("%u cookies: %s", crumbs, text);
            raw_stop(&r);
        }
        ent_web_stop(w);
    }
}

/* Heads near the limits, in pieces and one behind the other: all arrive as they were sent. */
static void test_large_heads(void **state)
{
    static char head[20000], cookie[2501], query[4001];
    struct ent_web *w = web_serve(NULL);
    struct raw r;
    (void)state;
    memset(cookie, 'c', 2500);
    for (size_t i = 0; i < 4000; i++)
        query[i] = "a=b&"[i % 4];
    web_raw(&r, w);
    for (unsigned round = 0; round < 3; round++) {
        int n = snprintf(head, sizeof(head),
                         "GET /fields?%.160s HTTP/1.1\r\n" HOST "Cookie: %s\r\n", query, cookie);
        for (unsigned i = 0; i < 20; i++)
            n += snprintf(head + n, sizeof(head) - (size_t)n, "X-%02u:  %040u\r\n", i, i);
        n += snprintf(head + n, sizeof(head) - (size_t)n, "User-Agent: last\r\n\r\n");
        for (int at = 0; at < n; at += 1000) {
            assert_true(raw_send(&r, head + at, (size_t)(n - at < 1000 ? n - at : 1000)));
            web_pause_ms(1);
        }
        const char *text = web_ask(&r, "", "|last");
        if (!starts(text, "HTTP/1.1 200 ") || strstr(text, cookie) == NULL)
            fail_msg("round %u: %s", round, text);
    }
    raw_stop(&r);
    /* One long list in a query, as TAXII's match[id], up to the limit of a head. */
    for (unsigned over = 0; over < 2; over++) {
        static const char rest[] = " HTTP/1.1\r\n" HOST "Accept: */*\r\n\r\n";
        char *at = head + snprintf(head, sizeof(head), "GET /a?m=");
        const size_t n = 8192 + over - (size_t)(at - head) - (sizeof(rest) - 1);
        memset(at, 'i', n);
        memcpy(at + n, rest, sizeof(rest));
        web_raw(&r, w);
        const char *text = web_ask(&r, head, NULL);
        if (!starts(text, over == 0 ? "HTTP/1.1 200 " : "HTTP/1.1 431 "))
            fail_msg("%zu bytes: %s", strlen(head), text);
        raw_stop(&r);
    }
    /* Of so many arguments there is no answer, but an end. */
    for (unsigned n = 240; n <= 480; n += 240) {
        uint64_t counts[ENT_WEB_EVENTS], start = ent_clock_steady_ns();
        web_raw(&r, w);
        (void)snprintf(head, sizeof(head), "GET /a?%.*s HTTP/1.1\r\n" HOST "\r\n", (int)n, query);
        const char *text = web_ask(&r, head, "/a");
        assert_int_equal(starts(text, "HTTP/1.1 200 "), n == 240);
        assert_in_range(ent_clock_steady_ns() - start, 0, 2 * WEB_S_NS);
        raw_stop(&r);
        ent_web_counts(w, counts);
        assert_int_equal(counts[ENT_WEB_HEADERS], 1 + (n != 240));
    }
    ent_web_stop(w);
}

/* The first is told at once, the rest together, whoever writes the log. */
static void test_told_once(void **state)
{
    struct ent_web *w = web_serve(NULL);
    struct raw r;
    (void)state;
    for (unsigned i = 0; i < 50; i++) {
        web_raw(&r, w);
        (void)web_ask(&r, "GET //x HTTP/1.1\r\n" HOST "\r\n", NULL);
        raw_stop(&r);
    }
    assert_int_equal(atomic_load(&web_seen.told[ENT_WEB_PATH]), 1);
    assert_int_equal(atomic_load(&web_seen.counted[ENT_WEB_PATH]), 1);
    ent_web_stop(w);
    assert_int_equal(atomic_load(&web_seen.told[ENT_WEB_PATH]), 2);
    assert_int_equal(atomic_load(&web_seen.counted[ENT_WEB_PATH]), 50);
}

static void test_pipeline(void **state)
{
    struct ent_web *w = web_serve(NULL);
    struct ent_buf b, want;
    struct raw r;
    (void)state;
    ent_buf_init(&b, 1u << 20);
    ent_buf_init(&want, 1u << 20);
    for (unsigned i = 0; i < 200; i++) /* several reads' worth, with bodies between */
        assert_ok(
            i % 3 == 0
                ? ent_buf_printf(&b, "POST /p HTTP/1.1\r\n" HOST "Content-Length: 6\r\n\r\n%06u", i)
            : i % 3 == 1
                ? ent_buf_printf(&b,
                                 "PUT /p HTTP/1.1\r\n" HOST "X: %0200u\r\n"
                                 "Transfer-Encoding: chunked\r\n\r\n6\r\n%06u\r\n0\r\n\r\n",
                                 0, i)
                : ent_buf_printf(&b, "GET /%05u HTTP/1.1\r\n" HOST "\r\n", i));
    assert_ok(
        ent_buf_puts(&b, "GET //end HTTP/1.1\r\n" HOST "\r\nGET /more HTTP/1.1\r\n" HOST "\r\n"));
    assert_ok(ent_buf_putc(&b, '\0'));
    web_raw(&r, w);
    const char *at = web_ask(&r, (const char *)b.p, NULL);
    for (unsigned i = 0; i < 200; i++) {
        char body[20];
        (void)snprintf(body, sizeof(body), i % 3 == 2 ? "\r\n\r\n/%05u" : "\r\n\r\n%06u", i);
        assert_true(starts(at, "HTTP/1.1 200 "));
        at = strstr(at, "\r\n\r\n");
        assert_non_null(at);
        assert_true(starts(at, body));
        at += strlen(body);
    }
    assert_true(starts(at, "HTTP/1.1 400 "));
    assert_null(strstr(at, "/more"));
    assert_int_equal(atomic_load(&web_seen.handled), 200);
    raw_stop(&r);
    ent_buf_release(&b);
    ent_web_stop(w);
}

static void test_tls(void **state)
{
    static const char *const bad[] = {"NORMAL:-VERS-ALL:+VERS-TLS1.1",
                                      "NORMAL:-VERS-ALL:+VERS-TLS1.0",
                                      "NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-CBC",
                                      "NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+RSA"};
    struct ent_web *w = web_serve(&(struct ent_web_opts){0});
    struct raw r;
    (void)state;
    web_raw_tls(&r, w, RAW_TLS12);
    assert_true(starts(web_ask(&r, "GET /a HTTP/1.1\r\n" HOST "\r\n", "/a"), "HTTP/1.1 200 "));
    raw_stop(&r);
    for (size_t i = 0; i < 4; i++) {
        const struct raw_opts o = {.priorities = bad[i]};
        assert_true(raw_start(&r, raw_dial(ent_web_port(w)), RAW_CLIENT, &o) < 0);
        raw_stop(&r);
    }
    web_raw(&r, w); /* HTTP where TLS is spoken, and garbage */
    assert_true(raw_sends(&r, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
    assert_true(raw_closed_within(&r, 3000));
    raw_stop(&r);
    uint64_t counts[ENT_WEB_EVENTS] = {0};
    for (unsigned i = 0; counts[ENT_WEB_TLS] < 5 && i < 100; i++) {
        web_pause_ms(20);
        ent_web_counts(w, counts);
    }
    ent_web_stop(w);
    assert_int_equal(atomic_load(&web_seen.counted[ENT_WEB_TLS]), 5);
    assert_int_equal(atomic_load(&web_seen.handled), 1);
}

/* Whoever wants another handshake on an open connection loses the connection. */
static void test_renegotiation(void **state)
{
    struct ent_web *w = web_serve(&(struct ent_web_opts){0});
    struct raw r;
    (void)state;
    web_raw_tls(&r, w, RAW_TLS12);
    assert_true(starts(web_ask(&r, "GET /a HTTP/1.1\r\n" HOST "\r\n", "/a"), "HTTP/1.1 200 "));
    assert_true(gnutls_handshake(r.session) < 0);
    assert_true(raw_closed_within(&r, 3000));
    raw_stop(&r);
    ent_web_stop(w);
}

static void test_alpn(void **state)
{
    static const struct {
        const char *name;
        bool ok;
    } cases[] = {{"http/1.1", true}, {"h2", false}, {"ftp", false}};
    struct ent_web *w = web_serve(&(struct ent_web_opts){0});
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        const gnutls_datum_t name = {(unsigned char *)(uintptr_t)cases[i].name,
                                     (unsigned)strlen(cases[i].name)};
        gnutls_certificate_credentials_t cred;
        gnutls_session_t t;
        int fd = raw_dial(ent_web_port(w));
        assert_int_equal(gnutls_certificate_allocate_credentials(&cred), 0);
        assert_int_equal(gnutls_init(&t, GNUTLS_CLIENT), 0);
        assert_int_equal(gnutls_set_default_priority(t), 0);
        assert_int_equal(gnutls_credentials_set(t, GNUTLS_CRD_CERTIFICATE, cred), 0);
        assert_int_equal(gnutls_alpn_set_protocols(t, &name, 1, 0), 0);
        gnutls_transport_set_int(t, fd);
        assert_int_equal(gnutls_handshake(t) == 0, cases[i].ok);
        gnutls_deinit(t);
        gnutls_certificate_free_credentials(cred);
        (void)close(fd);
    }
    ent_web_stop(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identity),    cmocka_unit_test(test_bad_identities),
        cmocka_unit_test(test_bad_options), cmocka_unit_test(test_fields),
        cmocka_unit_test(test_answers),     cmocka_unit_test(test_hsts),
        cmocka_unit_test(test_refusals),    cmocka_unit_test(test_smuggling),
        cmocka_unit_test(test_large_heads), cmocka_unit_test(test_no_head_waits),
        cmocka_unit_test(test_told_once),   cmocka_unit_test(test_pipeline),
        cmocka_unit_test(test_tls),         cmocka_unit_test(test_renegotiation),
        cmocka_unit_test(test_alpn),
    };
    return ent_t_run("web", tests);
}
