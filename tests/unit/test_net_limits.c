/*
 * test_net_limits.c: every limit of the server, tried by clients that are too large, too slow,
 * silent or too many. Options are in seconds, so each test that waits takes one or two.
 */
#include "tests/support/netpeers.h"

#include <sys/socket.h>

#define CHUNKED_HEAD "POST /e HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"

static void test_refusals(void **state)
{
    static const struct {
        const char *request, *status;
    } cases[] = {
        {"HEAD /who HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 405 "},
        {"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 405 "},
        {"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 405 "},
        {"TRACE / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 405 "},
        {"get / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 405 "},
        {"GET /none HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 404 "},
        {"GET https://x/who HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 400 "},
        {"GET /who HTTP/1.1\r\n\r\n", "HTTP/1.1 400 "},
        {"POST /e HTTP/1.1\r\nHost: x\r\nContent-Length: 300001\r\n\r\n", "HTTP/1.1 413 "},
        {"POST /e HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
         "HTTP/1.1 413 "},
        {"POST /e HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 400 "},
        {"POST /e HTTP/1.1\r\nHost: x\r\nContent-Length: 0x10\r\n\r\n", "HTTP/1.1 400 "},
        {"POST /e HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 300001\r\n\r\n",
         "HTTP/1.1 413 "},
        {"POST /e HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 300000\r\n\r\n",
         "HTTP/1.1 100 "},
        {"POST /e HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
         "HTTP/1.1 400 "},
        {"POST /e HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n",
         "HTTP/1.1 400 "},
        {"POST /e HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
         "HTTP/1.1 400 "},
        {"POST /e HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", "HTTP/1.1 400 "},
        {"GET /../who HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 400 "},
        {"GET /who HTTP/1.0\r\nHost: x\r\n\r\n", "HTTP/1.1 505 "},
    };
    struct ent_server *s = peer_serve(NULL);
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct raw r;
        peer_raw(&r, s);
        peer_raw_expect(&r, cases[i].request, cases[i].status);
        raw_stop(&r);
    }
    assert_int_equal(atomic_load(&seen.handled), 0);
    ent_server_stop(s);
}

/* The 413 arrives although the client goes on sending: no reset overtakes it. */
static void test_refusal_is_heard(void **state)
{
    static char body[3000000]; /* more than socket buffers hold: a reset would end the sending */
    struct ent_server *s = peer_serve(NULL);
    struct ent_buf b;
    (void)state;
    ent_buf_init(&b, 10000);
    for (unsigned i = 0; i < 10; i++) {
        struct raw r;
        peer_raw(&r, s);
        assert_true(
            raw_sends(&r, "POST /e HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n"));
        assert_true(raw_send(&r, body, sizeof(body)));
        ent_buf_clear(&b);
        raw_recv(&r, &b, "\r\n\r\n");
        assert_true(ent_slice_starts(ent_buf_slice(&b), ENT_SLICE_LIT("HTTP/1.1 413 ")));
        raw_stop(&r);
    }
    ent_buf_release(&b);
    ent_server_stop(s);
}

static bool send_chunks(struct raw *r, size_t total)
{
    static char data[10000];
    while (total > 0) {
        char head[32];
        size_t n = total < sizeof(data) ? total : sizeof(data);
        (void)snprintf(head, sizeof(head), "%zx\r\n", n);
        if (!raw_sends(r, head) || !raw_send(r, data, n) || !raw_sends(r, "\r\n"))
            return false;
        total -= n;
    }
    return raw_sends(r, "0\r\n\r\n");
}

static void test_chunked(void **state)
{
    struct ent_server *s = peer_serve(NULL);
    struct ent_buf b;
    struct raw r;
    (void)state;
    ent_buf_init(&b, 1u << 20);
    peer_raw(&r, s);
    assert_true(raw_sends(&r, CHUNKED_HEAD));
    assert_true(send_chunks(&r, BODY_MAX));
    raw_recv(&r, &b, "\r\n\r\n");
    assert_true(ent_slice_starts(ent_buf_slice(&b), ENT_SLICE_LIT("HTTP/1.1 200 ")));
    raw_stop(&r);

    peer_raw(&r, s);
    assert_true(raw_sends(&r, CHUNKED_HEAD));
    (void)send_chunks(&r, BODY_MAX + 1);
    assert_true(raw_closed_within(&r, 3000));
    raw_stop(&r);
    assert_int_equal(atomic_load(&seen.handled), 1);
    ent_buf_release(&b);
    ent_server_stop(s);
}

static void test_huge_headers(void **state)
{
    struct ent_server *s = peer_serve(NULL);
    struct ent_buf b;
    struct raw r;
    (void)state;
    ent_buf_init(&b, 4u << 20); /* as large as in test_refusal_is_heard(), for the same reason */
    assert_ok(ent_buf_puts(&b, "GET /who HTTP/1.1\r\nHost: x\r\n"));
    while (b.n < 3u << 20)
        assert_ok(ent_buf_printf(&b, "X-%zu: 0123456789012345678901234567890123456789\r\n", b.n));
    peer_raw(&r, s);
    assert_true(raw_send(&r, b.p, b.n));
    ent_buf_clear(&b);
    raw_recv(&r, &b, "\r\n\r\n");
    assert_true(ent_slice_starts(ent_buf_slice(&b), ENT_SLICE_LIT("HTTP/1.1 431 ")));
    raw_stop(&r);

    peer_raw(&r, s); /* one endless request line */
    ent_buf_clear(&b);
    assert_ok(ent_buf_puts(&b, "GET /"));
    while (b.n < 1u << 20)
        assert_ok(ent_buf_puts(&b, "0123456789012345678901234567890123456789"));
    (void)raw_send(&r, b.p, b.n);
    assert_true(raw_closed_within(&r, 3000));
    raw_stop(&r);
    assert_int_equal(atomic_load(&seen.handled), 0);
    ent_buf_release(&b);
    ent_server_stop(s);
}

/* Sends one byte of text each 100 ms, over and over, until the server ends it; for how long? */
static uint64_t trickle(struct raw *r, const char *text)
{
    uint64_t start = ent_clock_steady_ns();
    for (size_t i = 0;; i++) {
        if (!raw_send(r, text + i % strlen(text), 1) || raw_closed_within(r, 100))
            break;
        if (ent_clock_steady_ns() - start > 6 * S_NS)
            break;
    }
    return ent_clock_steady_ns() - start;
}

static void test_slow_clients(void **state)
{
    const struct ent_server_opts o = {.idle_seconds = 1, .request_seconds = 1};
    struct ent_server *s = peer_serve(&o);
    struct raw r;
    (void)state;
    /* Headers that never end, a body that never ends, and a request line that never ends: a byte
     * now and then must not keep any of them alive. */
    peer_raw(&r, s);
    assert_true(raw_sends(&r, "GET /who HTTP/1.1\r\nHost: x\r\n"));
    assert_in_range(trickle(&r, "X-Y: z\r\n"), S_NS / 2, 2 * S_NS);
    raw_stop(&r);
    peer_raw(&r, s);
    assert_true(raw_sends(&r, "POST /e HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"));
    assert_in_range(trickle(&r, "b"), S_NS / 2, 2 * S_NS);
    raw_stop(&r);
    peer_raw(&r, s);
    assert_in_range(trickle(&r, "G"), S_NS, 3 * S_NS);
    raw_stop(&r);
    /* The same on plain TCP: a TLS record that never ends. */
    raw_plain(&r, raw_dial(ent_server_port(s)));
    assert_true(raw_send(&r, "\x16\x03\x01\x40\x00\x01", 6));
    assert_in_range(trickle(&r, "a"), 0, 2 * S_NS);
    raw_stop(&r);
    assert_int_equal(atomic_load(&seen.handled), 0);
    ent_server_stop(s);
}

static void test_silent_clients(void **state)
{
    const struct ent_server_opts o = {.idle_seconds = 1, .request_seconds = 1};
    struct ent_server *s = peer_serve(&o);
    struct raw silent, half, idle, stuck;
    (void)state;
    raw_plain(&silent, raw_dial(ent_server_port(s)));
    raw_plain(&half, raw_dial(ent_server_port(s)));
    assert_true(raw_send(&half, "\x16\x03\x01\x02\x00\x01\x00", 7));
    peer_raw(&idle, s);
    peer_raw(&stuck, s);
    assert_true(raw_sends(&stuck, "POST /e HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf"));
    uint64_t start = ent_clock_steady_ns();
    assert_true(raw_closed_within(&silent, 2500));
    assert_true(raw_closed_within(&half, 1500));
    assert_true(raw_closed_within(&idle, 1500));
    assert_true(raw_closed_within(&stuck, 1500));
    assert_in_range(ent_clock_steady_ns() - start, S_NS / 2, 3 * S_NS);
    raw_stop(&silent);
    raw_stop(&half);
    raw_stop(&idle);
    raw_stop(&stuck);
    assert_int_equal(atomic_load(&seen.handled), 0);
    ent_server_stop(s);
}

/* A client that takes its answer a few bytes at a time must not hold 4 MiB for ever. */
static void test_slow_reader(void **state)
{
    const struct ent_server_opts o = {.idle_seconds = 30, .request_seconds = 1};
    struct ent_server *s = peer_serve(&o);
    struct raw r;
    char some[1024];
    static const int small = 4096;
    (void)state;
    int fd = raw_dial(ent_server_port(s));
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
    assert_int_equal(raw_start(&r, fd, RAW_CLIENT, peer_raw_alice()), 0);
    assert_true(raw_sends(&r, "GET /long HTTP/1.1\r\nHost: x\r\n\r\n"));
    uint64_t start = ent_clock_steady_ns();
    size_t got = 0;
    for (;;) {
        ssize_t n = gnutls_record_recv(r.session, some, sizeof(some));
        if (n <= 0)
            break;
        got += (size_t)n;
        if (ent_clock_steady_ns() - start < 2 * S_NS)
            peer_pause_ms(20); /* then take what the kernel still holds, up to the end */
    }
    assert_true(got < 4u << 20);
    raw_stop(&r);
    ent_server_stop(s);
}

/* While one handle() takes its time, handshakes and requests of others go on; and its own time does
 * not count against the client that waits for it. */
static void test_slow_handler(void **state)
{
    const struct ent_server_opts o = {.idle_seconds = 1, .request_seconds = 1};
    struct ent_server *s = peer_serve(&o);
    struct ent_client *c = peer_client(s, &bob);
    struct ent_buf out;
    unsigned status;
    struct raw r;
    (void)state;
    ent_buf_init(&out, 1000);
    atomic_store(&seen.hold, true);
    peer_raw(&r, s);
    assert_true(raw_sends(&r, "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n"));
    while (atomic_load(&seen.holding) == 0)
        peer_pause_ms(5);
    for (unsigned i = 0; i < 16; i++) {
        ent_buf_clear(&out);
        assert_ok(peer_get(c, "/who", &status, &out));
        peer_pause_ms(100);
    }
    atomic_store(&seen.hold, false);
    ent_buf_clear(&out);
    raw_recv(&r, &out, "held");
    assert_true(ent_slice_starts(ent_buf_slice(&out), ENT_SLICE_LIT("HTTP/1.1 200 ")));
    raw_stop(&r);
    ent_client_free(c);
    ent_server_stop(s);
    ent_buf_release(&out);
}

static void test_connection_limits(void **state)
{
    const struct ent_server_opts o = {.max_connections = 20, .max_per_address = 4, .threads = 1};
    struct ent_server *s = peer_serve(&o);
    struct raw r[4], late;
    struct ent_buf out;
    (void)state;
    ent_buf_init(&out, 1000);
    for (size_t i = 0; i < 4; i++) {
        peer_raw(&r[i], s);
        peer_raw_expect(&r[i], "GET /who HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 ");
    }
    raw_plain(&late, raw_dial(ent_server_port(s)));
    assert_true(raw_closed_within(&late, 2000));
    raw_stop(&late);
    raw_stop(&r[0]);
    peer_pause_ms(200);
    peer_raw(&r[0], s);
    peer_raw_expect(&r[0], "GET /who HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 ");
    for (size_t i = 0; i < 4; i++)
        raw_stop(&r[i]);
    ent_server_stop(s);
    ent_buf_release(&out);
}

static size_t resident_bytes(void)
{
    struct ent_buf b;
    struct ent_slice field;
    uint64_t pages = 0;
    ent_buf_init(&b, 4096);
    assert_ok(ent_file_read(&b, NULL, "/proc/self/statm"));
    struct ent_slice s = ent_buf_slice(&b);
    const uint8_t *blank = memchr(s.p, ' ', s.n);
    assert_non_null(blank);
    const uint8_t *end = memchr(blank + 1, ' ', s.n - (size_t)(blank + 1 - s.p));
    assert_non_null(end);
    field = ent_slice(blank + 1, (size_t)(end - blank - 1));
    assert_ok(ent_parse_u64(&pages, field, UINT64_MAX));
    ent_buf_release(&b);
    return (size_t)pages * 4096;
}

/* 30 clients each announce 1 GiB and send a little: nothing is reserved for what they announce. */
static void test_memory(void **state)
{
    static char part[40000];
    const struct ent_server_opts o = {.max_bodies = SIZE_MAX};
    struct ent_server *s = peer_serve(&o);
    struct raw r[30];
    (void)state;
    for (size_t i = 0; i < 30; i++)
        peer_raw(&r[i], s);
    size_t before = resident_bytes();
    for (size_t i = 0; i < 30; i++) {
        assert_true(raw_sends(
            &r[i], "POST /huge HTTP/1.1\r\nHost: x\r\nContent-Length: 1073741824\r\n\r\n"));
        assert_true(raw_send(&r[i], part, sizeof(part)));
    }
    peer_pause_ms(200);
    assert_true(resident_bytes() < before + (48u << 20));
    for (size_t i = 0; i < 30; i++)
        raw_stop(&r[i]);
    ent_server_stop(s);
}

static void test_memory_of_all_bodies(void **state)
{
    static const char head[] = "POST /e HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n";
    static char body[60000];
    const struct ent_server_opts o = {.max_bodies = 100000};
    struct ent_server *s = peer_serve(&o);
    struct ent_buf b;
    struct raw first, second;
    (void)state;
    ent_buf_init(&b, 100000);
    peer_raw(&first, s);
    assert_true(raw_sends(&first, head));
    assert_true(raw_send(&first, body, sizeof(body) - 1));
    peer_pause_ms(200);
    peer_raw(&second, s);
    peer_raw_expect(&second, head, "HTTP/1.1 503 ");
    raw_stop(&second);

    assert_true(raw_send(&first, body, 1)); /* the first one ends, and gives its share back */
    raw_recv(&first, &b, "\r\n\r\n");
    assert_true(ent_slice_starts(ent_buf_slice(&b), ENT_SLICE_LIT("HTTP/1.1 200 ")));
    raw_stop(&first);
    bool room =
        false; /* its share is free once its answer is gone, a moment after we saw it begin */
    for (int i = 0; i < 200 && !room; i++) {
        peer_raw(&second, s);
        room = raw_sends(&second, head) && raw_send(&second, body, sizeof(body));
        ent_buf_clear(&b);
        raw_recv(&second, &b, "\r\n\r\n");
        room = room && ent_slice_starts(ent_buf_slice(&b), ENT_SLICE_LIT("HTTP/1.1 200 "));
        raw_stop(&second);
        if (!room)
            peer_pause_ms(50);
    }
    assert_true(room);

    peer_raw(&second, s); /* no length announced: cut when the limit of all is reached */
    assert_true(raw_sends(&second, CHUNKED_HEAD));
    (void)send_chunks(&second, 100001);
    assert_true(raw_closed_within(&second, 3000));
    raw_stop(&second);
    assert_int_equal(atomic_load(&seen.handled), 2);
    ent_buf_release(&b);
    ent_server_stop(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_refusal_is_heard),
        cmocka_unit_test(test_chunked),
        cmocka_unit_test(test_huge_headers),
        cmocka_unit_test(test_slow_clients),
        cmocka_unit_test(test_silent_clients),
        cmocka_unit_test(test_slow_reader),
        cmocka_unit_test(test_slow_handler),
        cmocka_unit_test(test_connection_limits),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_memory_of_all_bodies),
    };
    return ent_t_run_net("net_limits", tests);
}
