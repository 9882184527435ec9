/* test_web_limits.c: every limit of the users' port. Options are in seconds, so each test that
 * waits takes one or two. */
#include "tests/support/webpeers.h"

#include <sys/socket.h>

#define HOST "Host: x\r\n"

static bool starts(const char *s, const char *with)
{
    return strncmp(s, with, strlen(with)) == 0;
}

static unsigned counted(const struct ent_web *w, enum ent_web_event e)
{
    uint64_t all[ENT_WEB_EVENTS];
    ent_web_counts(w, all);
    return (unsigned)all[e];
}

/* What is counted may be a moment late. */
static bool counts_to(const struct ent_web *w, enum ent_web_event e, unsigned n)
{
    for (unsigned i = 0; counted(w, e) < n && i < 100; i++)
        web_pause_ms(20);
    return counted(w, e) == n;
}

/* Sends one byte of text each 50 ms until the server says something; for how long? */
static uint64_t trickle(struct raw *r, const char *text)
{
    uint64_t start = ent_clock_steady_ns();
    const struct timeval patience = {0, 50000};
    char c;
    assert_int_equal(setsockopt(r->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
    for (size_t i = 0; ent_clock_steady_ns() - start < 6 * WEB_S_NS; i++)
        if (!raw_send(r, text + i % strlen(text), 1) || recv(r->fd, &c, 1, MSG_PEEK) >= 0)
            break;
    return ent_clock_steady_ns() - start;
}

/* libmicrohttpd cannot answer in the middle of a request: the connection ends. A first line that
 * trickles is not shown, so its time is that of silence and a request together, and it is not
 * counted. */
static void test_slow(void **state)
{
    static const char *const cases[][2] = {
        {"G", "ET /taxii2/"},
        {"GET /taxii2/a HTTP/1.1\r\n" HOST, "X-Y: z\r\n"},
        {"POST /taxii2/ HTTP/1.1\r\n" HOST "Content-Length: 1000\r\n\r\n", "b"},
        {"POST /taxii2/ HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n", "1\r\na\r\n"},
    };
    const struct ent_web_opts o = {.plain = true, .idle_seconds = 1, .request_seconds = 1};
    struct ent_web *w = web_serve(&o);
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        struct raw r;
        web_raw(&r, w);
        assert_true(raw_sends(&r, cases[i][0]));
        assert_in_range(trickle(&r, cases[i][1]), WEB_S_NS / 2, (i == 0 ? 3 : 2) * WEB_S_NS);
        raw_stop(&r);
        assert_true(counts_to(w, ENT_WEB_SLOW, i));
    }
    assert_int_equal(atomic_load(&web_seen.handled), 0);
    ent_web_stop(w);
    assert_int_equal(atomic_load(&web_seen.told[ENT_WEB_SLOW]), 2);
}

static void test_silent(void **state)
{
    const struct ent_web_opts o = {.idle_seconds = 1, .handshake_seconds = 1};
    struct ent_web *w = web_serve(&o);
    struct raw silent, half, idle, used;
    (void)state;
    web_raw(&silent, w);
    web_raw(&half, w);
    assert_true(raw_send(&half, "\x16\x03\x01\x02\x00\x01\x00", 7));
    web_raw_tls(&idle, w, RAW_TLS13);
    web_raw_tls(&used, w, RAW_TLS12);
    assert_true(starts(web_ask(&used, "GET /a HTTP/1.1\r\n" HOST "\r\n", "/a"), "HTTP/1.1 200 "));
    uint64_t start = ent_clock_steady_ns();
    assert_true(raw_closed_within(&silent, 2500));
    assert_true(raw_closed_within(&half, 1500));
    assert_true(raw_closed_within(&idle, 1500));
    assert_true(raw_closed_within(&used, 1500));
    assert_in_range(ent_clock_steady_ns() - start, WEB_S_NS / 2, 3 * WEB_S_NS);
    raw_stop(&silent);
    raw_stop(&half);
    raw_stop(&idle);
    raw_stop(&used);
    assert_true(counts_to(w, ENT_WEB_SLOW, 2)); /* those that kept us waiting for a handshake */
    ent_web_stop(w);
}

/* Half a TLS record and the end. GnuTLS may say that more will come, so that libmicrohttpd waits
 * for what cannot come: no longer than for a silent client. */
static void test_half_a_record(void **state)
{
    const struct ent_web_opts o = {.idle_seconds = 1, .handshake_seconds = 1};
    struct ent_web *w = web_serve(&o);
    struct raw before, behind;
    (void)state;
    web_raw(&before, w);
    assert_true(raw_send(&before, "\x16\x03\x01\x02\x00\x01\x00", 7));
    assert_int_equal(shutdown(before.fd, SHUT_WR), 0);
    assert_true(raw_closed_within(&before, 2500));
    web_raw_tls(&behind, w, RAW_TLS13);
    assert_int_equal(send(behind.fd, "\x17\x03\x03\x01\x00\x01", 6, 0), 6);
    assert_int_equal(shutdown(behind.fd, SHUT_WR), 0);
    assert_true(raw_closed_within(&behind, 2500));
    raw_stop(&before);
    raw_stop(&behind);
    ent_web_stop(w);
}

/* A client that asks and does not read is cut off; what it was to get is given back. */
static void test_unread(void **state)
{
    const struct ent_web_opts o = {
        .plain = true, .answer_seconds = 1, .max_answers = 5u << 20, .max_per_address = 10};
    struct ent_web *w = web_serve(&o);
    struct raw a, b;
    (void)state;
    web_raw(&a, w);
    assert_true(raw_sends(&a, "GET /long HTTP/1.1\r\n" HOST "\r\n"));
    while (atomic_load(&web_seen.handled) < 1)
        web_pause_ms(5);
    web_pause_ms(50);
    web_raw(&b, w); /* there is no room for two of these */
    assert_true(starts(web_ask(&b, "GET /long HTTP/1.1\r\n" HOST "\r\n", "</p>"), "HTTP/1.1 503 "));
    assert_true(starts(web_ask(&b, "GET /a HTTP/1.1\r\n" HOST "\r\n", "/a"), "HTTP/1.1 200 "));
    assert_true(counts_to(w, ENT_WEB_FULL, 1));
    for (unsigned i = 0; counted(w, ENT_WEB_UNREAD) == 0 && i < 60; i++)
        web_pause_ms(50);
    assert_int_equal(counted(w, ENT_WEB_UNREAD), 1);
    const char *text = web_ask(&b, "GET /long HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", NULL);
    assert_true(starts(text, "HTTP/1.1 200 "));
    assert_true(strlen(text) > 4u << 20);
    raw_stop(&a);
    raw_stop(&b);
    ent_web_stop(w);
}

static void test_crowd(void **state)
{
    const struct ent_web_opts o = {.plain = true, .max_per_address = 3};
    struct ent_web *w = web_serve(&o);
    struct raw r[3], more;
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        web_raw(&r[i], w);
        assert_true(starts(web_ask(&r[i], "GET /a HTTP/1.1\r\n" HOST "\r\n", "/a"), "HTTP/1.1 2"));
    }
    web_raw(&more, w);
    assert_true(raw_closed_within(&more, 2000));
    raw_stop(&more);
    assert_true(counts_to(w, ENT_WEB_CROWD, 1));
    raw_stop(&r[0]);
    bool served = false;
    for (unsigned i = 0; !served && i < 100; i++) {
        web_raw(&more, w);
        served = starts(web_ask(&more, "GET /a HTTP/1.1\r\n" HOST "\r\n", "/a"), "HTTP/1.1 200 ");
        raw_stop(&more);
        web_pause_ms(10);
    }
    assert_true(served);
    raw_stop(&r[1]);
    raw_stop(&r[2]);
    ent_web_stop(w);
}

/* An idle connection makes room, the longest idle first; one that is at work does not. */
static void test_full(void **state)
{
    const struct ent_web_opts o = {
        .plain = true, .max_connections = 2, .max_per_address = 10, .io_threads = 1};
    struct ent_web *w = web_serve(&o);
    struct raw a, b, c, d;
    (void)state;
    web_raw(&a, w);
    (void)web_ask(&a, "GET /a HTTP/1.1\r\n" HOST "\r\n", "/a");
    web_raw(&b, w);
    (void)web_ask(&b, "GET /a HTTP/1.1\r\n" HOST "\r\n", "/a");
    web_raw(&c, w);
    assert_true(starts(web_ask(&c, "GET /c HTTP/1.1\r\n" HOST "\r\n", "/c"), "HTTP/1.1 200 "));
    assert_true(raw_closed_within(&a, 1000));
    assert_true(starts(web_ask(&b, "GET /b HTTP/1.1\r\n" HOST "\r\n", "/b"), "HTTP/1.1 200 "));
    assert_int_equal(counted(w, ENT_WEB_FULL), 0);

    atomic_store(&web_seen.hold, true);
    assert_true(raw_sends(&b, "GET /hold HTTP/1.1\r\n" HOST "\r\n"));
    assert_true(raw_sends(&c, "GET /hold HTTP/1.1\r\n" HOST "\r\n"));
    while (atomic_load(&web_seen.holding) < 2)
        web_pause_ms(5);
    web_raw(&d, w);
    assert_true(raw_closed_within(&d, 1000));
    assert_true(counts_to(w, ENT_WEB_FULL, 1));
    atomic_store(&web_seen.hold, false);
    assert_non_null(strstr(web_ask(&b, "", "/hold"), "/hold"));
    raw_stop(&a);
    raw_stop(&b);
    raw_stop(&c);
    raw_stop(&d);
    ent_web_stop(w);
}

static void test_requests(void **state)
{
    const struct ent_web_opts o = {.plain = true, .max_requests = 2};
    struct ent_web *w = web_serve(&o);
    struct raw r;
    (void)state;
    web_raw(&r, w);
    assert_null(strstr(web_ask(&r, "GET /a HTTP/1.1\r\n" HOST "\r\n", "/a"), "Connection:"));
    const char *text =
        web_ask(&r, "GET /b HTTP/1.1\r\n" HOST "\r\nGET /more HTTP/1.1\r\n" HOST "\r\n", NULL);
    assert_non_null(strstr(text, "\r\nConnection: close\r\n"));
    assert_null(strstr(text, "/more"));
    raw_stop(&r);
    ent_web_stop(w);
}

static void test_bodies(void **state)
{
    const struct ent_web_opts o = {.plain = true, .max_bodies = 1000};
    static const struct {
        const char *request, *status;
    } cases[] = {
        {"POST /a HTTP/1.1\r\n" HOST "Content-Length: 1001\r\n\r\n", "503"},
        {"POST /a HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\nabcd", "200"},
    };
    struct ent_web *w = web_serve(&o);
    struct raw r;
    char chunks[2000];
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        web_raw(&r, w);
        const char *text = web_ask(&r, cases[i].request, i == 0 ? NULL : "abcd");
        assert_true(starts(text + 9, cases[i].status));
        raw_stop(&r);
    }
    (void)snprintf(chunks, sizeof(chunks),
                   "POST /a HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n3e9\r\n%01001d"
                   "\r\n0\r\n\r\n",
                   0);
    web_raw(&r, w);
    assert_true(starts(web_ask(&r, chunks, NULL), "HTTP/1.1 503 "));
    raw_stop(&r);
    assert_true(counts_to(w, ENT_WEB_FULL, 2));
    web_raw(&r, w); /* all was given back */
    assert_true(starts(web_ask(&r, cases[1].request, "abcd"), "HTTP/1.1 200 "));
    raw_stop(&r);
    ent_web_stop(w);
}

/* The refusal arrives although the client goes on sending: no reset overtakes it. What is too much
 * for libmicrohttpd's memory it refuses by itself, in its own words. */
static void test_heard(void **state)
{
    static char much[3000000];
    static const struct {
        const char *head, *unit, *status;
        size_t n;
        bool theirs;
    } cases[] = {
        {"POST /taxii2/ HTTP/1.1\r\n" HOST "Content-Length: 3000000\r\n\r\n", "x", "413",
         sizeof(much), false},
        {"GET /taxii2/ HTTP/1.1\r\n" HOST "Cookie: ", "crumb=1; ", "431", sizeof(much), true},
        {"GET /taxii2/ HTTP/1.1\r\n" HOST, "X-Flood: 1\r\n", "431", sizeof(much), true},
        {"GET /taxii2/", "a", "414", sizeof(much), true},
        {"GET /taxii2/ HTTP/1.1\r\n" HOST, "X-Flood: 1\r\n", "431", 12 * 65, false},
        {"GET /taxii2/ HTTP/1.1\r\n" HOST "Cookie: ", "c", "431", 4700, false},
        {"GET /taxii2/", "a", "431", 8193, false},
        {"POST /taxii2/ HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n2dc6c0\r\n", "x",
         "413", sizeof(much), false},
    };
    (void)state;
    for (unsigned tls = 0; tls < 2; tls++) {
        struct ent_web *w = web_serve(&(struct ent_web_opts){.plain = tls == 0});
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
            static const char *const ends[] = {"\r\n0\r\n\r\n", "\r\n\r\n",
                                               " HTTP/1.1\r\n" HOST "\r\n"};
            char want[40];
            struct raw r;
            size_t unit = strlen(cases[i].unit);
            for (size_t k = 0; k < sizeof(much); k++)
                much[k] = cases[i].unit[k % unit];
            if (tls)
                web_raw_tls(&r, w, RAW_TLS13);
            else
                web_raw(&r, w);
            assert_true(raw_sends(&r, cases[i].head));
            assert_true(raw_send(&r, much, cases[i].n));
            const char *end = i == 7 ? ends[0] : i == 6 ? ends[2] : ends[1];
            const char *text = web_ask(&r, cases[i].theirs ? "" : end, NULL);
            (void)snprintf(want, sizeof(want), "{\"http_status\":\"%s\"}", cases[i].status);
            if (!starts(text, "HTTP/1.1 ") || !starts(text + 9, cases[i].status) ||
                (strstr(text, want) == NULL) != cases[i].theirs)
                fail_msg("case %zu: %.500s", i, text);
            raw_stop(&r);
        }
        assert_true(counts_to(w, ENT_WEB_HEADERS, 3));
        assert_true(counts_to(w, ENT_WEB_MALFORMED, 2));
        assert_true(counts_to(w, ENT_WEB_BODY, 2));
        ent_web_stop(w);
    }
}

/* A body that announces nothing: thrown away and refused at its end, or, when it has none, not. */
static void test_endless(void **state)
{
    static char much[4096];
    struct ent_web *w = web_serve(NULL);
    struct raw r;
    size_t sent = 0;
    (void)state;
    memset(much, 'x', sizeof(much));
    web_raw(&r, w);
    assert_true(
        raw_sends(&r, "POST /a HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nfffffff\r\n"));
    while (sent < 64u << 20 && raw_send(&r, much, sizeof(much)))
        sent += sizeof(much);
    assert_true(sent < 64u << 20);
    raw_stop(&r);
    assert_true(counts_to(w, ENT_WEB_BODY, 1));
    assert_int_equal(atomic_load(&web_seen.handled), 0);
    ent_web_stop(w);
}

/* A long handler, a stuck client and one that trickles hold up nobody else. */
static void test_others_go_on(void **state)
{
    const struct ent_web_opts o = {.plain = true, .threads = 2, .io_threads = 1};
    struct ent_web *w = web_serve(&o);
    struct raw held, stuck, other;
    (void)state;
    web_raw(&held, w);
    web_raw(&stuck, w);
    web_raw(&other, w);
    atomic_store(&web_seen.hold, true);
    assert_true(raw_sends(&held, "GET /hold HTTP/1.1\r\n" HOST "\r\n"));
    while (atomic_load(&web_seen.holding) == 0)
        web_pause_ms(5);
    assert_true(raw_sends(&stuck, "GET /long HTTP/1.1\r\n" HOST "\r\n"));
    for (unsigned i = 0; i < 100; i++)
        assert_non_null(strstr(web_ask(&other, "GET /o HTTP/1.1\r\n" HOST "\r\n", "/o"), "/o"));
    atomic_store(&web_seen.hold, false);
    assert_non_null(strstr(web_ask(&held, "", "/hold"), "/hold"));
    raw_stop(&held);
    raw_stop(&stuck);
    raw_stop(&other);
    ent_web_stop(w);
}

/* No assertion here: whoever is one too many is turned away. */
static void *ask_often(void *web)
{
    const struct raw_opts o = {.priorities = RAW_TLS13};
    for (unsigned i = 0; i < 50; i++) {
        struct raw r;
        struct ent_buf b;
        ent_buf_init(&b, 10000);
        int fd = raw_dial(ent_web_port(web));
        if (i % 4 == 0)
            raw_plain(&r, fd);
        else
            (void)raw_start(&r, fd, RAW_CLIENT, &o);
        if (raw_sends(&r, "POST /t HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\nt-t-"))
            raw_recv(&r, &b, "t-t-");
        raw_stop(&r);
        ent_buf_release(&b);
    }
    return NULL;
}

/* For the sanitizers: everything at once. */
static void test_many(void **state)
{
    const struct ent_web_opts o = {.max_connections = 6, .request_seconds = 1, .threads = 3};
    struct ent_web *w = web_serve(&o);
    pthread_t t[8];
    (void)state;
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&t[i], NULL, ask_often, w), 0);
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(pthread_join(t[i], NULL), 0);
    assert_true(atomic_load(&web_seen.handled) > 0);
    ent_web_stop(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slow),          cmocka_unit_test(test_silent),
        cmocka_unit_test(test_half_a_record), cmocka_unit_test(test_unread),
        cmocka_unit_test(test_crowd),         cmocka_unit_test(test_full),
        cmocka_unit_test(test_requests),      cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_heard),         cmocka_unit_test(test_endless),
        cmocka_unit_test(test_others_go_on),  cmocka_unit_test(test_many),
    };
    return ent_t_run("web_limits", tests);
}
