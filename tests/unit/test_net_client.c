/*
 * test_net_client.c: the client against servers that have the wrong key, die, lie, stall or never
 * end.
 */
#include "tests/support/netpeers.h"

#include <pthread.h>
#include <sys/socket.h>

/* A server that does as it is told, once; a thread of its own. */
struct bad_server {
    int listen_fd;
    unsigned port;
    pthread_t thread;
    struct raw_opts tls;
    const char *say;      /* after the first request arrived */
    size_t repeat;        /* how often it is said */
    bool stay;            /* until the client goes */
    struct ent_buf heard; /* the request, if one came */
};

static void *bad_server_main(void *arg)
{
    struct bad_server *b = arg;
    struct raw r;
    int fd = accept4(b->listen_fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0)
        return NULL;
    static const struct timeval patience = {5, 0};
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    if (raw_start(&r, fd, RAW_SERVER, &b->tls) == 0) {
        raw_recv(&r, &b->heard, "\r\n\r\n");
        for (size_t i = 0; b->heard.n > 0 && i < b->repeat; i++)
            if (!raw_sends(&r, b->say))
                break;
        if (b->stay)
            (void)raw_closed_within(&r, 5000);
    }
    raw_stop(&r);
    return NULL;
}

static void bad_server_start(struct bad_server *b, const char *say, size_t repeat, bool stay)
{
    *b = (struct bad_server){.say = say, .repeat = repeat, .stay = stay};
    b->tls = (struct raw_opts){.priorities = RAW_TLS13,
                               .cert_pem = ent_buf_slice(&server_id.cert),
                               .key_pem = ent_buf_slice(&server_id.key)};
    b->listen_fd = raw_listen(&b->port);
    ent_buf_init(&b->heard, 1u << 20);
}

static enum ent_err bad_server_call(struct bad_server *b, const struct ent_spki *pin,
                                    unsigned *ret_status, struct ent_buf *out, struct ent_diag *d)
{
    struct ent_client *c = peer_client_to(b->port, &alice, pin, 1);
    assert_int_equal(pthread_create(&b->thread, NULL, bad_server_main, b), 0);
    enum ent_err r =
        ent_client_call(c, ret_status, out, d, "POST", "/secret", ENT_SLICE_LIT("secret body"));
    ent_client_free(c);
    assert_int_equal(pthread_join(b->thread, NULL), 0);
    (void)close(b->listen_fd);
    return r;
}

static void test_wrong_pin(void **state)
{
    struct bad_server b;
    struct ent_buf out;
    struct ent_diag d;
    unsigned status;
    (void)state;
    ent_buf_init(&out, 100);
    bad_server_start(&b, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 1, false);
    assert_err(bad_server_call(&b, &bob.spki, &status, &out, &d), ENT_E_AUTH);
    assert_string_equal(d.text, "the server's key is not the one expected");
    assert_int_equal(b.heard.n, 0); /* not a byte of the request left */
    ent_buf_release(&b.heard);

    /* The control: the same server with the right pin is believed, and hears the request. */
    bad_server_start(&b, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 1, false);
    assert_ok(bad_server_call(&b, &server_id.spki, &status, &out, &d));
    assert_true(ent_slice_starts(ent_buf_slice(&b.heard), ENT_SLICE_LIT("POST /secret HTTP/1.1")));
    ent_buf_release(&b.heard);
}

/* A server with another kind of key cannot be pinned at all, and one that speaks only TLS 1.2 with
 * the right key is refused. */
static void test_wrong_server_tls(void **state)
{
    struct bad_server b;
    struct ent_buf out, cert, key;
    struct ent_diag d;
    unsigned status;
    (void)state;
    ent_buf_init(&out, 100);
    ent_buf_init(&cert, 8192);
    ent_buf_init(&key, 8192);
    raw_certificate(&cert, &key, RAW_ECDSA, false);
    bad_server_start(&b, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 1, false);
    b.tls.cert_pem = ent_buf_slice(&cert);
    b.tls.key_pem = ent_buf_slice(&key);
    assert_err(bad_server_call(&b, &server_id.spki, &status, &out, &d), ENT_E_AUTH);
    assert_int_equal(b.heard.n, 0);
    ent_buf_release(&b.heard);

    bad_server_start(&b, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 1, false);
    b.tls.priorities = RAW_TLS12;
    assert_err(bad_server_call(&b, &server_id.spki, &status, &out, &d), ENT_E_PEER);
    assert_int_equal(b.heard.n, 0);
    ent_buf_release(&b.heard);
    ent_buf_release(&cert);
    ent_buf_wipe(&key);
}

static void test_bad_answers(void **state)
{
    static const struct {
        const char *say;
        size_t repeat;
        bool stay;
        enum ent_err want;
        unsigned status;
    } cases[] = {
        {"", 0, false, ENT_E_PEER, 0}, /* dies at once */
        {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", 1, false, ENT_E_PEER, 0},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", 1, false, ENT_E_PEER, 0},
        {"HTTP/1.1 200 OK\r\nContent-Le", 1, false, ENT_E_PEER, 0},
        {"220 smtp.example ESMTP\r\n", 1, false, ENT_E_PEER, 0}, /* and not HTTP/0.9 either */
        {"HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n", 1, true, ENT_E_TIMEOUT, 0},
        {"", 0, true, ENT_E_TIMEOUT, 0},
        {"HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", 1,
         false, ENT_OK, 302},
        {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", 1, false, ENT_OK, 204},
        {"HTTP/1.1 200 OK\r\n\r\n0123456789012345678901234567890123456789", 100, false, ENT_E_LIMIT,
         0},
    };
    struct bad_server b;
    struct ent_buf out;
    struct ent_diag d;
    (void)state;
    ent_buf_init(&out, 100);
    assert_ok(ent_buf_puts(&out, "before"));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        unsigned status = 0;
        bad_server_start(&b, cases[i].say, cases[i].repeat, cases[i].stay);
        assert_err(bad_server_call(&b, &server_id.spki, &status, &out, &d), cases[i].want);
        assert_int_equal(status, cases[i].status);
        assert_true(ent_slice_eq(ent_buf_slice(&out), ENT_SLICE_LIT("before")));
        ent_buf_release(&b.heard);
    }
    ent_buf_release(&out);
}

static void test_answer_limit(void **state)
{
    static uint8_t body[2000];
    struct ent_server *s = peer_serve(NULL);
    struct ent_client *c = peer_client(s, &alice);
    struct ent_buf out;
    struct ent_diag d;
    unsigned status;
    (void)state;
    ent_buf_init(&out, 1000);
    assert_ok(ent_client_call(c, &status, &out, &d, "POST", "/e", ent_slice(body, 1000)));
    ent_buf_clear(&out);
    assert_err(ent_client_call(c, &status, &out, &d, "POST", "/e", ent_slice(body, 1001)),
               ENT_E_LIMIT);
    assert_int_equal(out.n, 0);
    assert_ok(ent_client_call(c, &status, &out, &d, "POST", "/e", ent_slice(body, 999)));
    ent_client_free(c);
    ent_server_stop(s);
    ent_buf_release(&out);
}

static uint64_t interrupted_at;

static void *interrupt_soon(void *arg)
{
    while (atomic_load(&seen.holding) == 0)
        peer_pause_ms(5);
    peer_pause_ms(300); /* until libcurl sleeps */
    interrupted_at = ent_clock_steady_ns();
    (void)arg;
    atomic_store(&peer_stop, true);
    return NULL;
}

static void test_interrupt(void **state)
{
    struct ent_server *s = peer_serve(NULL);
    struct ent_client *c = peer_client(s, &alice);
    struct ent_buf out;
    unsigned status;
    pthread_t t;
    (void)state;
    ent_buf_init(&out, 1000);
    atomic_store(&seen.hold, true);
    assert_int_equal(pthread_create(&t, NULL, interrupt_soon, c), 0);
    assert_err(peer_get(c, "/hold", &status, &out), ENT_E_INTERRUPTED);
    uint64_t end = ent_clock_steady_ns();
    assert_int_equal(pthread_join(t, NULL), 0);
    assert_true(end - interrupted_at < S_NS);
    atomic_store(&seen.hold, false);
    assert_err(peer_get(c, "/who", &status, &out), ENT_E_INTERRUPTED); /* it stays stopped */
    atomic_store(&peer_stop, false);
    assert_ok(peer_get(c, "/who", &status, &out));
    ent_client_free(c);
    ent_server_stop(s);
    ent_buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrong_pin),   cmocka_unit_test(test_wrong_server_tls),
        cmocka_unit_test(test_bad_answers), cmocka_unit_test(test_answer_limit),
        cmocka_unit_test(test_interrupt),
    };
    return ent_t_run_net("net_client", tests);
}
