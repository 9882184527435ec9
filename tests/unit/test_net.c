/*
 * test_net.c: the peer transport on loopback: identities, calls, who may come in, many at once, the
 * end, and curl with OpenSSL as somebody else's client.
 */
#include "tests/support/netpeers.h"

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>

/* --- identity -----------------------------------------------------------------------------------
 */

static void test_spki(void **state)
{
    /* The key of RFC 8410, section 10.1; its hash by `openssl dgst -sha256`. */
    static const char pk[] = "19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1";
    static const char want[] = "a1e9156054e04fac899ae9f275132cdc07a5dbc4ea2c2ad3a1ffc6e0d253681f";
    char got[ENT_HEX_LEN(32)];
    uint8_t raw[32];
    struct ent_spki s;
    (void)state;
    assert_ok(ent_hex_decode(raw, 32, ent_slice_str(pk)));
    ent_spki_of_ed25519(&s, raw);
    ent_hex_encode(got, s.b, 32);
    assert_string_equal(got, want);
}

static void test_identity(void **state)
{
    /* Made once and checked with `openssl x509 -text` and `openssl verify`: must never change. */
    static const char want[] = "-----BEGIN CERTIFICATE-----\n"
                               "MIHiMIGVoAMCAQICAQEwBQYDK2VwMBAxDjAMBgNVBAMTBWFsaWNlMCAXDTIwMDEw\n"
                               "MTAwMDAwMFoYDzk5OTkxMjMxMjM1OTU5WjAQMQ4wDAYDVQQDEwVhbGljZTAqMAUG\n"
                               "AytlcAMhAAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4oxIwEDAOBgNV\n"
                               "HQ8BAf8EBAMCB4AwBQYDK2VwA0EAv/C/JNQQUIJEVIGFKD28jvTesERFkfwD2oqI\n"
                               "sn5Wn1xiTww/wNReWTvSJ5H7tjla+SuyT9eLnZEJWVc6oRG3AQ==\n"
                               "-----END CERTIFICATE-----\n";
    static const char long_name[] =
        "12345678901234567890123456789012345678901234567890123456789012345";
    struct identity a, b;
    struct ent_seed32 seed;
    struct ent_buf tiny, key;
    (void)state;
    for (size_t i = 0; i < 32; i++)
        seed.b[i] = (uint8_t)i;
    ent_buf_init(&a.cert, 8192);
    ent_buf_init(&a.key, 8192);
    ent_buf_init(&b.cert, 8192);
    ent_buf_init(&b.key, 8192);
    assert_ok(ent_net_identity(&a.cert, &a.key, &a.spki, &seed, "alice"));
    assert_int_equal(a.cert.n, strlen(want));
    assert_memory_equal(a.cert.p, want, a.cert.n);
    assert_ok(ent_net_identity(&b.cert, &b.key, &b.spki, &seed, "alicf"));
    assert_memory_equal(&a.spki, &b.spki, sizeof(a.spki));
    assert_true(ent_slice_eq(ent_buf_slice(&a.key), ent_buf_slice(&b.key)));
    assert_false(ent_slice_eq(ent_buf_slice(&a.cert), ent_buf_slice(&b.cert)));

    ent_buf_clear(&b.cert);
    ent_buf_clear(&b.key);
    assert_err(ent_net_identity(&b.cert, &b.key, &b.spki, &seed, ""), ENT_E_FORMAT);
    assert_err(ent_net_identity(&b.cert, &b.key, &b.spki, &seed, "a\nb"), ENT_E_FORMAT);
    assert_err(ent_net_identity(&b.cert, &b.key, &b.spki, &seed, "\xff"), ENT_E_FORMAT);
    assert_err(ent_net_identity(&b.cert, &b.key, &b.spki, &seed, long_name), ENT_E_LIMIT);
    assert_ok(ent_net_identity(&b.cert, &b.key, &b.spki, &seed, long_name + 1));

    ent_buf_init(&tiny, 40);
    ent_buf_init(&key, 8192);
    assert_err(ent_net_identity(&key, &tiny, &b.spki, &seed, "a"), ENT_E_LIMIT);
    assert_err(ent_net_identity(&tiny, &key, &b.spki, &seed, "a"), ENT_E_LIMIT);
    assert_int_equal(tiny.n + key.n, 0);
    ent_buf_wipe(&key);
    ent_buf_wipe(&tiny);
    ent_buf_wipe(&a.key);
    ent_buf_wipe(&b.key);
    ent_buf_release(&a.cert);
    ent_buf_release(&b.cert);
}

/* --- options ------------------------------------------------------------------------------------
 */

static void test_bad_server_options(void **state)
{
    static const char *const bad[] = {
        "",         "127.0.0.1", "127.0.0.1:",   "127.0.0.1:65536", ":7443",         "localhost:1",
        "::1:7443", "[::1]",     "[::1]7443",    "[::1:7443",       "127.0.0.1:+80", "1.2.3:80",
        "*:80",     "[]:80",     "127.0.0.1:080"};
    struct ent_server *s = NULL, *first = peer_serve(NULL);
    struct ent_diag d;
    struct ent_server_opts o = {0};
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        o.listen = bad[i];
        assert_err(peer_try_serve(&s, &d, &o), ENT_E_FORMAT);
    }
    char taken[64];
    (void)snprintf(taken, sizeof(taken), "127.0.0.1:%u", ent_server_port(first));
    o.listen = taken;
    assert_err(peer_try_serve(&s, &d, &o), ENT_E_IO);
    assert_int_equal(d.sys, EADDRINUSE);
    o.listen = "127.0.0.1:0";
    o.key_pem = ent_buf_slice(&alice.key); /* of another certificate */
    assert_err(peer_try_serve(&s, &d, &o), ENT_E_FORMAT);
    o.key_pem = ENT_SLICE_LIT("not PEM");
    assert_err(peer_try_serve(&s, &d, &o), ENT_E_FORMAT);
    assert_null(s);
    ent_server_stop(first);
    ent_server_stop(NULL);
}

static void test_bad_client_options(void **state)
{
    static const char *const bad[] = {
        "",
        "http://127.0.0.1:1",
        "127.0.0.1:1",
        "ftp://127.0.0.1:1",
        "https://",
        "https://a@127.0.0.1:1",
        "https://a:b@127.0.0.1:1",
        "https://127.0.0.1:1/path",
        "https://127.0.0.1:1/?q",
        "https://127.0.0.1:1/#f",
        "https://127.0.0.1:99999",
        "https://127.0.0.1:1\r\nHost: x",
        "file:///etc/passwd",
        "https://exa mple:1",
    };
    struct ent_client *c = NULL;
    struct ent_client_opts o = {.identity = alice.client};
    struct ent_diag d = {0};
    int fd = -1;
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        o.url = bad[i];
        assert_err(ent_client_new(&c, NULL, &o), ENT_E_FORMAT);
    }
    assert_null(c);
    assert_err(ent_client_identity(&fd, &d, ent_buf_slice(&alice.cert), ent_buf_slice(&bob.key)),
               ENT_E_FORMAT);
    assert_string_equal(d.text, "not a certificate and the key that belongs to it");
    assert_int_equal(fd, -1);
    ent_client_free(NULL);

    static const char *const good[] = {"https://127.0.0.1:1", "https://[::1]:7443/",
                                       "https://partner.example", "HTTPS://partner.example:443"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        o.url = good[i];
        assert_ok(ent_client_new(&c, NULL, &o));
        ent_client_free(c);
    }
}

static void test_bad_calls(void **state)
{
    static const char *const paths[] = {"",     "x",    "/a b", "/a?b",
                                        "/a#b", "/%41", "/\n",  "/\xc3\xa4"};
    struct ent_client *c = peer_client_to(1, &alice, &server_id.spki, 0);
    struct ent_buf b;
    unsigned status = 77;
    (void)state;
    ent_buf_init(&b, 100);
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        assert_err(peer_get(c, paths[i], &status, &b), ENT_E_FORMAT);
    assert_err(ent_client_call(c, &status, &b, NULL, "HEAD", "/", ENT_SLICE_LIT("")), ENT_E_FORMAT);
    assert_err(ent_client_call(c, &status, &b, NULL, "GET", "/", ENT_SLICE_LIT("x")), ENT_E_FORMAT);
    assert_err(peer_get(c, "/", &status, &b), ENT_E_PEER); /* nobody listens on port 1 */
    assert_int_equal(status, 77);
    ent_client_free(c);
}

/* --- the good way -------------------------------------------------------------------------------
 */

static void test_calls(void **state)
{
    struct ent_server *s = peer_serve(NULL);
    struct ent_client *a = peer_client(s, &alice), *b = peer_client(s, &bob);
    struct ent_buf out;
    struct ent_diag d;
    unsigned status;
    (void)state;
    ent_buf_init(&out, 1000);
    assert_int_equal(setenv("https_proxy", "http://127.0.0.1:1", 1), 0);
    assert_int_equal(setenv("ALL_PROXY", "http://127.0.0.1:1", 1), 0);
    assert_ok(peer_get(a, "/who", &status, &out)); /* the environment has no say */
    assert_int_equal(status, 200);
    assert_ok(peer_get(b, "/who", &status, &out));
    assert_true(ent_slice_eq(ent_buf_slice(&out), ENT_SLICE_LIT("alicebob"))); /* appended */

    static const char *const methods[] = {"GET", "POST", "PUT", "DELETE"};
    for (size_t i = 0; i < 4; i++) {
        ent_buf_clear(&out);
        assert_ok(ent_client_call(a, &status, &out, &d, methods[i], "/method", ENT_SLICE_LIT("")));
        assert_true(ent_slice_eq(ent_buf_slice(&out), ent_slice_str(methods[i])));
    }
    ent_buf_clear(&out);
    assert_ok(peer_get(a, "/none", &status, &out));
    assert_int_equal(status, 404);
    assert_ok(peer_get(a, "/status", &status, &out));
    assert_int_equal(status, 500);
    assert_int_equal(out.n, 0);
    ent_client_free(a);
    ent_client_free(b);
    ent_server_stop(s);
    ent_buf_release(&out);
}

/* A response given in libmicrohttpd's first call would close the connection each time. */
static void test_keep_alive(void **state)
{
    struct ent_server *s = peer_serve(NULL);
    struct ent_client *c = peer_client(s, &alice);
    struct ent_buf out;
    unsigned status;
    uint64_t sent, received;
    (void)state;
    ent_buf_init(&out, 1000);
    for (unsigned i = 0; i < 100; i++) {
        ent_buf_clear(&out);
        assert_ok(peer_get(c, "/who", &status, &out));
        assert_int_equal(out.n, 5);
    }
    /* Asked once for the handshake and once for each request: one handshake. */
    assert_int_equal(atomic_load(&seen.admitted), 101);
    ent_client_traffic(c, &sent, &received);
    assert_in_range(sent, 100 * 60, 100 * 200);
    assert_in_range(received, 100 * (60 + 5), 100 * 300);
    ent_client_free(c);
    ent_server_stop(s);
    ent_buf_release(&out);
}

/* Property: the answer of the echo is the body, whatever its length, and traffic counts it. */
static void test_echo(void **state)
{
    static const size_t fixed[] = {0, 1, 16383, 16384, 16385, 32768, 65536, BODY_MAX - 1, BODY_MAX};
    static uint8_t body[BODY_MAX + 1];
    struct ent_server *s = peer_serve(NULL);
    struct ent_client *c = peer_client(s, &alice);
    struct ent_buf out;
    unsigned status;
    uint64_t sent, received, sent0, received0;
    (void)state;
    ent_buf_init(&out, BODY_MAX);
    for (size_t i = 0; i < sizeof(body); i++)
        body[i] = (uint8_t)ent_t_rand();
    for (size_t i = 0; i < 30; i++) {
        size_t n = i < sizeof(fixed) / sizeof(fixed[0]) ? fixed[i] : ent_t_below(BODY_MAX + 1);
        ent_buf_clear(&out);
        ent_client_traffic(c, &sent0, &received0);
        assert_ok(ent_client_call(c, &status, &out, NULL, "POST", "/echo", ent_slice(body, n)));
        assert_int_equal(status, 200);
        assert_true(ent_slice_eq(ent_buf_slice(&out), ent_slice(body, n)));
        ent_client_traffic(c, &sent, &received);
        assert_in_range(sent - sent0, n + 50, n + 400);
        assert_in_range(received - received0, n + 50, n + 400);
    }
    assert_ok(
        ent_client_call(c, &status, &out, NULL, "POST", "/echo", ent_slice(body, BODY_MAX + 1)));
    assert_int_equal(status, 413);
    ent_client_free(c);
    ent_server_stop(s);
    ent_buf_release(&out);
}

static void test_response_headers(void **state)
{
    struct ent_server *s = peer_serve(NULL);
    struct ent_buf b;
    struct raw r;
    (void)state;
    ent_buf_init(&b, 10000);
    peer_raw(&r, s);
    assert_true(raw_sends(&r, "GET /who?a=b HTTP/1.1\r\nHost: x\r\n\r\n"));
    raw_recv(&r, &b, "alice");
    assert_ok(ent_buf_putc(&b, '\0'));
    const char *text = (const char *)b.p;
    assert_non_null(strstr(text, "HTTP/1.1 200 OK\r\n"));
    assert_non_null(strstr(text, "\r\nContent-Length: 5\r\n"));
    assert_non_null(strstr(text, "\r\nCache-Control: no-store\r\n"));
    assert_non_null(strstr(text, "\r\nContent-Type: text/plain\r\n"));
    assert_null(strstr(text, "Server:"));
    raw_stop(&r);
    ent_buf_release(&b);
    ent_server_stop(s);
}

static void test_ipv6(void **state)
{
    const struct ent_server_opts o = {.listen = "[::1]:0", .threads = 1};
    char url[64];
    unsigned status;
    struct ent_client *c;
    struct ent_buf out;
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    (void)state;
    bool have = fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0;
    if (fd >= 0)
        (void)close(fd);
    if (!have) {
        print_message("# skipped: this machine has no IPv6 loopback\n");
        skip();
    }
    struct ent_server *s = peer_serve(&o);
    ent_buf_init(&out, 100);
    (void)snprintf(url, sizeof(url), "https://[::1]:%u", ent_server_port(s));
    struct ent_client_opts co = {.url = url, .identity = alice.client, .server = server_id.spki};
    assert_ok(ent_client_new(&c, NULL, &co));
    assert_ok(peer_get(c, "/who", &status, &out));
    assert_int_equal(out.n, 5);
    ent_client_free(c);
    ent_server_stop(s);
    ent_buf_release(&out);
}

/* --- who may come in ----------------------------------------------------------------------------
 */

static void test_unknown_key(void **state)
{
    static const uint8_t body[900000]; /* below the size from which libcurl asks before it sends */
    struct ent_server *s = peer_serve(NULL);
    struct ent_buf out;
    struct ent_diag d;
    unsigned status;
    (void)state;
    ent_buf_init(&out, 100);
    /* Often, because a reset in the middle of our sending would show only now and then. */
    for (unsigned i = 0; i < 20; i++) {
        struct ent_client *c = peer_client(s, &stranger);
        assert_err(peer_get(c, "/who", &status, &out), ENT_E_AUTH);
        assert_err(
            ent_client_call(c, &status, &out, &d, "POST", "/echo", ent_slice(body, sizeof(body))),
            ENT_E_AUTH);
        assert_string_equal(d.text, "the server refused our key");
        ent_client_free(c);
    }
    assert_int_equal(atomic_load(&seen.handled), 0);
    assert_int_equal(atomic_load(&seen.admitted), 0);
    assert_true(atomic_load(&seen.refused) >= 40);
    ent_server_stop(s);
}

static void test_banned_while_connected(void **state)
{
    struct ent_server *s = peer_serve(NULL);
    struct ent_client *c = peer_client(s, &alice);
    struct ent_buf out;
    unsigned status;
    (void)state;
    ent_buf_init(&out, 100);
    assert_ok(peer_get(c, "/who", &status, &out));
    atomic_store(&seen.ban_alice, true);
    assert_err(peer_get(c, "/who", &status, &out), ENT_E_AUTH);
    assert_int_equal(atomic_load(&seen.handled), 1);
    atomic_store(&seen.ban_alice, false);
    assert_ok(peer_get(c, "/who", &status, &out));
    ent_client_free(c);
    ent_server_stop(s);
    ent_buf_release(&out);
}

/* The handshake as such succeeds for a TLS 1.3 client before the server judges it; what counts is
 * that no request of it is ever looked at and that the connection ends. */
static void expect_shut_out(const struct ent_server *s, const struct raw_opts *o)
{
    struct raw r;
    unsigned before = atomic_load(&seen.handled), admitted = atomic_load(&seen.admitted);
    if (raw_start(&r, raw_dial(ent_server_port(s)), RAW_CLIENT, o) == 0)
        (void)raw_sends(&r, "GET /who HTTP/1.1\r\nHost: x\r\n\r\n");
    struct raw tcp = {.fd = r.fd}; /* below TLS, where an alert is not yet the end */
    assert_true(raw_closed_within(&tcp, 3000));
    raw_stop(&r);
    assert_int_equal(atomic_load(&seen.handled), before);
    assert_int_equal(atomic_load(&seen.admitted), admitted);
}

static void test_wrong_certificates(void **state)
{
    struct ent_server *s = peer_serve(NULL);
    struct raw_opts o = *peer_raw_alice();
    struct ent_buf cert, key;
    (void)state;
    ent_buf_init(&cert, 16384);
    ent_buf_init(&key, 16384);

    o.cert_pem = o.key_pem = (struct ent_slice){NULL, 0}; /* none at all */
    expect_shut_out(s, &o);
    o = *peer_raw_alice(); /* alice's certificate, without her key */
    o.key_pem = ent_buf_slice(&bob.key);
    o.mismatch = true;
    expect_shut_out(s, &o);
    for (int kind = RAW_ED25519; kind <= RAW_RSA; kind++)
        for (int chain = 0; chain < 2; chain++) {
            ent_buf_clear(&cert);
            ent_buf_clear(&key);
            raw_certificate(&cert, &key, (enum raw_key)kind, chain == 1);
            o = *peer_raw_alice();
            o.cert_pem = ent_buf_slice(&cert);
            o.key_pem = ent_buf_slice(&key);
            expect_shut_out(s, &o);
        }
    /* alice's good certificate with a second one behind it */
    ent_buf_clear(&cert);
    assert_ok(ent_buf_put_slice(&cert, ent_buf_slice(&alice.cert)));
    assert_ok(ent_buf_put_slice(&cert, ent_buf_slice(&bob.cert)));
    o = *peer_raw_alice();
    o.cert_pem = ent_buf_slice(&cert);
    expect_shut_out(s, &o);
    o.priorities = RAW_TLS12;
    o.cert_pem = ent_buf_slice(&alice.cert);
    expect_shut_out(s, &o);

    struct raw r; /* and the control: the same client with alice's own certificate gets in */
    peer_raw(&r, s);
    peer_raw_expect(&r, "GET /who HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 ");
    raw_stop(&r);
    ent_buf_release(&cert);
    ent_buf_wipe(&key);
    ent_server_stop(s);
}

static void test_plain_http(void **state)
{
    struct ent_server *s = peer_serve(NULL);
    struct raw r;
    (void)state;
    raw_plain(&r, raw_dial(ent_server_port(s)));
    assert_true(raw_sends(&r, "GET /who HTTP/1.1\r\nHost: x\r\n\r\n"));
    assert_true(raw_closed_within(&r, 3000));
    raw_stop(&r);
    assert_int_equal(atomic_load(&seen.handled), 0);
    ent_server_stop(s);
}

/* --- many at once -------------------------------------------------------------------------------
 */

struct worker {
    struct ent_server *server;
    pthread_t thread;
    unsigned ok;
    bool until_error;
    enum ent_err last;
};

static void *work(void *arg)
{
    struct worker *w = arg;
    struct ent_client *c = peer_client(w->server, &alice);
    uint8_t body[3000];
    struct ent_buf out;
    unsigned status;
    ent_buf_init(&out, sizeof(body));
    memset(body, (int)(uintptr_t)w & 0xff, sizeof(body));
    for (unsigned i = 0; w->until_error || i < 10; i++) {
        size_t n = sizeof(body) - i % 1000;
        ent_buf_clear(&out);
        w->last = ent_client_call(c, &status, &out, NULL, "POST", "/e", ent_slice(body, n));
        if (w->last == ENT_OK && status == 200 &&
            ent_slice_eq(ent_buf_slice(&out), ent_slice(body, n)))
            w->ok++;
        else if (w->until_error)
            break;
    }
    ent_client_free(c);
    ent_buf_release(&out);
    return NULL;
}

static void test_64_clients(void **state)
{
    struct ent_server *s = peer_serve(NULL);
    struct worker w[64] = {{0}};
    (void)state;
    for (size_t i = 0; i < 64; i++) {
        w[i].server = s;
        assert_int_equal(pthread_create(&w[i].thread, NULL, work, &w[i]), 0);
    }
    for (size_t i = 0; i < 64; i++) {
        assert_int_equal(pthread_join(w[i].thread, NULL), 0);
        assert_int_equal(w[i].ok, 10);
    }
    assert_int_equal(atomic_load(&seen.handled), 640);
    ent_server_stop(s);
}

static void test_stop_under_load(void **state)
{
    struct ent_server *s = peer_serve(NULL);
    struct worker w[8] = {{0}};
    (void)state;
    for (size_t i = 0; i < 8; i++) {
        w[i].server = s;
        w[i].until_error = true;
        assert_int_equal(pthread_create(&w[i].thread, NULL, work, &w[i]), 0);
    }
    while (atomic_load(&seen.handled) < 50)
        peer_pause_ms(2);
    uint64_t start = ent_clock_steady_ns();
    ent_server_stop(s);
    assert_true(ent_clock_steady_ns() - start < 2 * S_NS);
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(pthread_join(w[i].thread, NULL), 0);
        /* Refused with 503, or the connection ended; nothing else. */
        assert_true(w[i].last == ENT_OK || w[i].last == ENT_E_PEER);
    }
}

static void *stop(void *server)
{
    ent_server_stop(server);
    return NULL;
}

/* Requests that have begun are answered although the server is stopping; nothing new begins. */
static void test_stop_waits(void **state)
{
    struct ent_server *s = peer_serve(NULL);
    unsigned port = ent_server_port(s);
    struct ent_buf out;
    struct raw held, half, idle, late;
    pthread_t t;
    (void)state;
    ent_buf_init(&out, 1000);
    peer_raw(&idle, s);
    peer_raw(&held, s);
    peer_raw(&half, s);
    atomic_store(&seen.hold, true);
    assert_true(raw_sends(&held, "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n"));
    assert_true(raw_sends(&half, "POST /e HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\nhalf"));
    while (atomic_load(&seen.holding) == 0)
        peer_pause_ms(5);
    peer_pause_ms(50);
    assert_int_equal(pthread_create(&t, NULL, stop, s), 0);
    peer_pause_ms(100);
    peer_raw_expect(&idle, "GET /who HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 503 ");
    raw_plain(&late, raw_dial(port));
    assert_true(raw_closed_within(&late, 1000));
    assert_true(raw_sends(&half, "more"));
    raw_recv(&half, &out, "halfmore");
    assert_true(ent_slice_starts(ent_buf_slice(&out), ENT_SLICE_LIT("HTTP/1.1 200 ")));
    atomic_store(&seen.hold, false);
    ent_buf_clear(&out);
    raw_recv(&held, &out, "held");
    assert_true(ent_slice_starts(ent_buf_slice(&out), ENT_SLICE_LIT("HTTP/1.1 200 ")));
    assert_true(raw_closed_within(&held, 1000));
    assert_true(raw_closed_within(&idle, 1000));
    assert_int_equal(pthread_join(t, NULL), 0);
    raw_stop(&held);
    raw_stop(&half);
    raw_stop(&idle);
    raw_stop(&late);
    ent_buf_release(&out);
}

/* Patience has an end: what still waits for a thread, or for its body, is dropped. */
static void test_stop_drops_waiting(void **state)
{
    const struct ent_server_opts o = {.threads = 1};
    struct ent_server *s = peer_serve(&o);
    struct raw r[3], half;
    pthread_t t;
    (void)state;
    atomic_store(&seen.hold, true);
    for (size_t i = 0; i < 3; i++) {
        peer_raw(&r[i], s);
        assert_true(raw_sends(&r[i], "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n"));
    }
    peer_raw(&half, s);
    assert_true(raw_sends(&half, "POST /e HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf"));
    while (atomic_load(&seen.holding) == 0)
        peer_pause_ms(5);
    assert_int_equal(pthread_create(&t, NULL, stop, s), 0);
    peer_pause_ms(3300);
    atomic_store(&seen.hold, false);
    uint64_t start = ent_clock_steady_ns();
    assert_int_equal(pthread_join(t, NULL), 0);
    assert_true(ent_clock_steady_ns() - start < S_NS);
    assert_int_equal(atomic_load(&seen.handled), 1);
    for (size_t i = 0; i < 3; i++) {
        assert_true(raw_closed_within(&r[i], 100));
        raw_stop(&r[i]);
    }
    assert_true(raw_closed_within(&half, 100));
    raw_stop(&half);
}

/* --- somebody else's client ---------------------------------------------------------------------
 */

static int run_curl(const char *const argv[])
{
    extern char **environ;
    pid_t pid;
    int status;
    if (posix_spawnp(&pid, "curl", NULL, NULL, (char *const *)(uintptr_t)argv, environ) != 0)
        return -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_curl_openssl(void **state)
{
    char cert[256], key[256], out[256], url[64], pin[64] = "sha256//";
    struct ent_server *s;
    (void)state;
    assert_ok(ent_path_join(cert, sizeof(cert), ent_t_tmpdir(), "cert.pem"));
    assert_ok(ent_path_join(key, sizeof(key), ent_t_tmpdir(), "key.pem"));
    assert_ok(ent_path_join(out, sizeof(out), ent_t_tmpdir(), "out"));
    assert_ok(ent_file_write(cert, ent_buf_slice(&alice.cert), 0600, NULL));
    assert_ok(ent_file_write(key, ent_buf_slice(&alice.key), 0600, NULL));
    ent_base64_encode(pin + 8, server_id.spki.b, 32);
    s = peer_serve(NULL);
    (void)snprintf(url, sizeof(url), "https://127.0.0.1:%u/who", ent_server_port(s));
    const char *const good[] = {
        "curl", "-q", "-sS", "-k", "--noproxy",      "*", "--cert", cert, "--key", key,
        "-o",   out,  "-m",  "5",  "--pinnedpubkey", pin, url,      NULL};
    const char *const none[] = {"curl", "-q", "-s", "-k", "--noproxy", "*", "-m", "5", url, NULL};
    int rc = run_curl(good);
    if (rc < 0) {
        ent_server_stop(s);
        print_message("# skipped: there is no curl program\n");
        skip();
    }
    assert_int_equal(rc, 0);
    assert_true(ent_slice_eq(ent_t_file(out), ENT_SLICE_LIT("alice")));
    rc = run_curl(none);
    assert_true(rc == 56 || rc == 55 || rc == 35 || rc == 52); /* an alert, or the end */
    assert_int_equal(atomic_load(&seen.handled), 1);
    ent_server_stop(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spki),
        cmocka_unit_test(test_identity),
        cmocka_unit_test(test_bad_server_options),
        cmocka_unit_test(test_bad_client_options),
        cmocka_unit_test(test_bad_calls),
        cmocka_unit_test(test_calls),
        cmocka_unit_test(test_keep_alive),
        cmocka_unit_test(test_echo),
        cmocka_unit_test(test_response_headers),
        cmocka_unit_test(test_ipv6),
        cmocka_unit_test(test_unknown_key),
        cmocka_unit_test(test_banned_while_connected),
        cmocka_unit_test(test_wrong_certificates),
        cmocka_unit_test(test_plain_http),
        cmocka_unit_test(test_64_clients),
        cmocka_unit_test(test_stop_under_load),
        cmocka_unit_test(test_stop_waits),
        cmocka_unit_test(test_stop_drops_waiting),
        cmocka_unit_test(test_curl_openssl),
    };
    return ent_t_run_net("net", tests);
}
