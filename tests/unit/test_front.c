/*
 * test_front.c: the process with the network: real sockets at one side, at the other a ledger's
 * process, asked by plain calls and again over a real channel. Also run under ThreadSanitizer.
 */
#include "tests/support/fronts.h"

#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

static struct ent_client *client(struct front_world *w, const struct identity *id)
{
    return peer_client_to(ent_front_port(w->front), id, &bob.spki, 20);
}

/* One request of alice's, or whoever's. */
static enum ent_err say(struct ent_client *c, unsigned *ret_status, struct ent_buf *body,
                        const char *method, const char *path, struct ent_slice sent)
{
    ent_buf_clear(body);
    return ent_client_call(c, ret_status, body, NULL, method, path, sent);
}

static void wait_for(atomic_uint *n, unsigned want)
{
    for (unsigned i = 0; i < 2000 && atomic_load(n) != want; i++)
        peer_pause_ms(5);
    assert_int_equal(atomic_load(n), want);
}

static void raw_alice(struct front_world *w, struct raw *r)
{
    assert_int_equal(raw_start(r, raw_dial(ent_front_port(w->front)), RAW_CLIENT, peer_raw_alice()),
                     0);
}

/* --- members ------------------------------------------------------------------------------------
 */

static void whose_keys(bool channel)
{
    static const enum ent_err ends[] = {ENT_E_PEER, ENT_OK, ENT_E_AUTH};
    static const char *const words[] = {"the connection broke before the answer was whole", "",
                                        "the server refused our key"};
    struct front_world w;
    struct ent_buf out;
    struct ent_diag d = {0};
    unsigned status = 0;
    ent_buf_init(&out, 1000);
    front_begin(&w, channel, NULL);
    for (unsigned i = 0; i < 3; i++) { /* no list yet; alice; another alone */
        struct ent_client *a = client(&w, &alice), *s = client(&w, &stranger);
        enum ent_err r =
            ent_client_call(a, &status, &out, &d, "GET", RUN "/filter/0", ent_slice(NULL, 0));
        assert_err(r, ends[i]);
        if (i != 1)
            assert_string_equal(d.text, words[i]);
        assert_err(say(s, &status, &out, "GET", RUN "/filter/0", ent_slice(NULL, 0)),
                   i == 0 ? ENT_E_PEER : ENT_E_AUTH);
        ent_client_free(a);
        ent_client_free(s);
        if (i == 0)
            front_allow_only(&w, &alice);
        else
            front_allow_only(&w, &server_id);
    }
    assert_int_equal(atomic_load(&front_seen.asked), 1); /* nobody else came so far */
    front_end(&w);
    ent_buf_release(&out);
}

/* Who is in the list no more loses what is open: idle, and while it waits for its answer. */
static void who_leaves(bool channel)
{
    static const char request[] = "GET " RUN "/filter/0 HTTP/1.1\r\nHost: x\r\n\r\n";
    struct front_world w;
    struct raw idle, busy;
    struct ent_buf out;
    unsigned status = 0;
    ent_buf_init(&out, 1u << 16);
    front_begin(&w, channel, NULL);
    front_allow_only(&w, &alice, &server_id);
    struct ent_client *b = client(&w, &server_id);
    assert_ok(say(b, &status, &out, "GET", RUN "/filter/0", ent_slice(NULL, 0)));
    raw_alice(&w, &idle);
    assert_true(raw_sends(&idle, request));
    raw_recv(&idle, &out, "\r\n\r\n");
    atomic_store(&front_seen.does, LEDGER_HOLDS);
    raw_alice(&w, &busy);
    assert_true(raw_sends(&busy, request));
    wait_for(&front_seen.holding, 1);
    front_allow_only(&w, &server_id, &alice); /* the same */
    assert_false(raw_closed_within(&idle, 300));
    front_allow_only(&w, &server_id);
    assert_true(raw_closed_within(&idle, 1000));
    assert_true(raw_closed_within(&busy, 1000));
    atomic_store(&front_seen.hold, false);
    atomic_store(&front_seen.does, LEDGER_ECHOES);
    assert_ok(say(b, &status, &out, "GET", RUN "/filter/0", ent_slice(NULL, 0)));
    assert_int_equal(status, 200);
    raw_stop(&idle);
    raw_stop(&busy);
    ent_client_free(b);
    front_end(&w);
    ent_buf_release(&out);
}

/* A list that is none lets nobody in. */
static void test_a_broken_list(void **state)
{
    struct ent_msg note = {.type = ENT_FRONT_ALLOWED, .kind = ENT_MSG_NOTE, .fd = -1};
    struct front_world w;
    struct ent_buf out;
    unsigned status = 0;
    (void)state;
    ent_buf_init(&out, 1000);
    front_begin(&w, false, NULL);
    front_allow_only(&w, &alice);
    struct ent_client *a = client(&w, &alice);
    assert_ok(say(a, &status, &out, "GET", RUN "/filter/0", ent_slice(NULL, 0)));
    ent_buf_init(&note.bytes, 100);
    assert_ok(ent_buf_put(&note.bytes, alice.spki.b, 31));
    ent_front_note(w.front, &note);
    assert_int_not_equal(say(a, &status, &out, "GET", RUN "/filter/0", ent_slice(NULL, 0)), ENT_OK);
    assert_err(say(a, &status, &out, "GET", RUN "/filter/0", ent_slice(NULL, 0)), ENT_E_AUTH);
    ent_msg_release(&note);
    ent_client_free(a);
    front_end(&w);
    ent_buf_release(&out);
}

static void bodies(bool channel)
{
    static uint8_t sent[ENT_HEADS_MAX + 1];
    static const struct {
        const char *method, *path;
    } calls[] = {{"POST", "/peer/v1/match"}, {"POST", RUN "/evaluate"}, {"POST", "/peer/v1/heads"},
                 {"POST", "/peer/v1/pact"},  {"POST", RUN "/result"},   {"GET", RUN "/labels/3"}};
    struct front_world w;
    struct ent_buf out;
    unsigned status = 0;
    ent_buf_init(&out, ENT_PEER_ANSWER_MAX);
    for (size_t i = 0; i < sizeof(sent); i++)
        sent[i] = (uint8_t)ent_t_rand();
    front_begin(&w, channel, NULL);
    front_allow_only(&w, &alice);
    struct ent_client *a = client(&w, &alice);
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        size_t most = i < 5 ? ent_peer_body_max("POST", calls[i].path) : 0;
        const size_t sizes[] = {0, most > 0, most / 2, most};
        for (size_t k = 0; k < 4; k++) {
            front_seen.answer.status = k % 2 == 0 ? 200 : 409;
            assert_ok(
                say(a, &status, &out, calls[i].method, calls[i].path, ent_slice(sent, sizes[k])));
            assert_int_equal(status, k % 2 == 0 ? 200 : 409);
            assert_int_equal(out.n, sizes[k]);
            assert_memory_equal(out.p == NULL ? sent : out.p, sent, sizes[k]);
            assert_string_equal(front_seen.method, calls[i].method);
            assert_string_equal(front_seen.path, calls[i].path);
            assert_memory_equal(front_seen.peer.b, alice.spki.b, 32);
        }
        if (most > 0) { /* refused before the ledger hears of it */
            unsigned asked = atomic_load(&front_seen.asked);
            ent_client_free(a);
            a = client(&w, &alice);
            assert_ok(
                say(a, &status, &out, calls[i].method, calls[i].path, ent_slice(sent, most + 1)));
            assert_int_equal(status, 413);
            assert_int_equal(atomic_load(&front_seen.asked), asked);
        }
    }
    assert_ok(say(a, &status, &out, "GET", "/peer/v1/nowhere", ent_slice(NULL, 0)));
    assert_int_equal(status, 404);
    front_seen.answer.status = 200; /* the largest answer */
    front_seen.answer.body = ent_slice(calloc(1, ENT_PEER_ANSWER_MAX), ENT_PEER_ANSWER_MAX);
    assert_ok(say(a, &status, &out, "GET", RUN "/labels/3", ent_slice(NULL, 0)));
    assert_int_equal(out.n, ENT_PEER_ANSWER_MAX);
    free((void *)(uintptr_t)front_seen.answer.body.p);
    ent_client_free(a);
    front_end(&w);
    ent_buf_release(&out);
}

static void test_types(void **state)
{
    struct front_world w;
    struct raw r;
    struct ent_buf out;
    (void)state;
    ent_buf_init(&out, 1u << 16);
    front_begin(&w, false, NULL);
    front_allow_only(&w, &alice);
    raw_alice(&w, &r);
    for (unsigned i = 0; ent_peer_type(i) != NULL; i++) {
        char want[100];
        front_seen.answer.type = ent_peer_type(i);
        front_seen.answer.body = ENT_SLICE_LIT("b");
        ent_buf_clear(&out);
        assert_true(raw_sends(&r, "GET " RUN "/labels/3 HTTP/1.1\r\nHost: x\r\n\r\n"));
        raw_recv(&r, &out, "\r\n\r\nb");
        assert_ok(ent_buf_putc(&out, '\0'));
        (void)snprintf(want, sizeof(want), "\r\nContent-Type: %s\r\n", ent_peer_type(i));
        assert_non_null(strstr((char *)out.p, want));
    }
    raw_stop(&r);
    front_end(&w);
    ent_buf_release(&out);
}

/* Whatever is wrong with the ledger's process, members get 503 and nothing else, and soon. */
static void sick_ledgers(bool channel)
{
    static const enum ledger_does sick[] = {LEDGER_IS_AWAY, LEDGER_REFUSES, LEDGER_ANSWERS_NONSENSE,
                                            LEDGER_ANSWERS_NOTHING, LEDGER_ANSWERS_TOO_MUCH};
    struct front_world w;
    struct ent_buf out;
    unsigned status = 0;
    ent_buf_init(&out, 1000);
    /* What a row forbids ends a channel before the front sees it (test_channel.c). */
    for (size_t i = 0; i < (channel ? 3 : sizeof(sick) / sizeof(sick[0])); i++) {
        front_begin(&w, channel, NULL);
        front_allow_only(&w, &alice);
        struct ent_client *a = client(&w, &alice);
        atomic_store(&front_seen.does, sick[i]);
        assert_ok(say(a, &status, &out, "POST", "/peer/v1/match", ENT_SLICE_LIT("x")));
        assert_int_equal(status, 503);
        assert_int_equal(out.n, 0);
        assert_int_equal(atomic_load(&front_seen.asked), 1);
        ent_client_free(a);
        front_end(&w);
    }
    ent_buf_release(&out);
}

static void test_slow_ledger(void **state)
{
    struct front_world w;
    struct ent_buf out;
    unsigned status = 0;
    (void)state;
    ent_buf_init(&out, 1000);
    front_begin(&w, true, NULL);
    front_allow_only(&w, &alice);
    w.ms = 300;
    atomic_store(&front_seen.does, LEDGER_HOLDS);
    struct ent_client *a = client(&w, &alice);
    uint64_t start = ent_clock_steady_ns();
    assert_ok(say(a, &status, &out, "POST", "/peer/v1/match", ENT_SLICE_LIT("x")));
    assert_int_equal(status, 503);
    assert_int_equal(out.n, 0);
    assert_true(ent_clock_steady_ns() - start < 5 * S_NS);
    atomic_store(&front_seen.hold, false);
    wait_for(&front_seen.holding, 0);
    atomic_store(&front_seen.does, LEDGER_ECHOES);
    w.ms = 20000;
    assert_ok(say(a, &status, &out, "POST", "/peer/v1/match", ENT_SLICE_LIT("x")));
    assert_int_equal(status, 200); /* it is there again */
    ent_client_free(a);
    front_end(&w);
    ent_buf_release(&out);
}

static void *kill_it(void *arg)
{
    wait_for(&front_seen.holding, 1);
    front_kill_ledger(arg);
    return NULL;
}

static void test_ledger_dies_while_asked(void **state)
{
    struct front_world w;
    struct ent_buf out;
    pthread_t thread;
    unsigned status = 0;
    (void)state;
    ent_buf_init(&out, 1000);
    front_begin(&w, true, NULL);
    front_allow_only(&w, &alice);
    atomic_store(&front_seen.does, LEDGER_HOLDS);
    struct ent_client *a = client(&w, &alice);
    assert_int_equal(pthread_create(&thread, NULL, kill_it, &w), 0);
    for (unsigned i = 0; i < 2; i++) { /* while it is asked; when it is dead */
        assert_ok(say(a, &status, &out, "POST", "/peer/v1/match", ENT_SLICE_LIT("x")));
        assert_int_equal(status, 503);
        assert_int_equal(out.n, 0);
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(atomic_load(&front_seen.asked), 1);
    ent_client_free(a);
    front_end(&w);
    ent_buf_release(&out);
}

/* --- calls to members ---------------------------------------------------------------------------
 */

static struct ent_dial dial_to(char url[static 64], unsigned port, const struct ent_spki *key)
{
    (void)snprintf(url, 64, "https://127.0.0.1:%u", port);
    return (struct ent_dial){.url = url,
                             .server = *key,
                             .connect_seconds = 5,
                             .call_seconds = 20,
                             .method = "POST",
                             .path = "/echo"};
}

static void calls(bool channel)
{
    static uint8_t sent[BODY_MAX + 1];
    struct ent_server *s = peer_serve(NULL);
    struct front_world w;
    struct ent_buf out;
    struct ent_diag d = {0};
    char url[64];
    unsigned status = 0;
    front_begin(&w, channel, NULL);
    const struct ent_dialer dialer = ent_front_dialer(&w.by_ledger);
    struct ent_dial q = dial_to(url, ent_server_port(s), &server_id.spki);
    for (size_t i = 0; i < sizeof(sent); i++)
        sent[i] = (uint8_t)ent_t_rand();
    ent_buf_init(&out, BODY_MAX + 3);
    assert_ok(ent_buf_puts(&out, "abc")); /* it is appended */
    const size_t sizes[] = {0, 1, BODY_MAX / 2, BODY_MAX};
    for (size_t i = 0; i < 4; i++) {
        q.body = ent_slice(sent, sizes[i]);
        out.n = 3;
        assert_ok(dialer.call(dialer.ctx, &status, &out, &d, &q));
        assert_int_equal(status, 200);
        assert_int_equal(out.n, 3 + sizes[i]);
        assert_memory_equal(out.p + 3, sent, sizes[i]);
        assert_memory_equal(out.p, "abc", 3);
    }
    q.body.n++; /* more than the server takes: a status like any other */
    out.n = 3;
    assert_ok(dialer.call(dialer.ctx, &status, &out, &d, &q));
    assert_int_equal(status, 413);
    static const char *const methods[] = {"GET", "POST", "PUT", "DELETE"};
    q.path = "/method";
    q.body.n = 0;
    for (size_t i = 0; i < 4; i++) {
        ent_buf_clear(&out);
        q.method = methods[i];
        assert_ok(dialer.call(dialer.ctx, &status, &out, &d, &q));
        assert_true(ent_slice_eq(ent_buf_slice(&out), ent_slice_str(methods[i])));
    }
    ent_server_stop(s);
    front_end(&w);
    ent_buf_release(&out);
}

/* A handshake for the first call alone, and a new one for other keys. */
static void test_connections_are_kept(void **state)
{
    struct ent_server *s = peer_serve(NULL);
    struct front_world w;
    struct ent_buf out;
    struct ent_diag d = {0};
    char url[64];
    unsigned status = 0, first = 0;
    (void)state;
    front_begin(&w, false, NULL);
    const struct ent_dialer dialer = ent_front_dialer(&w.by_ledger);
    struct ent_dial q = dial_to(url, ent_server_port(s), &server_id.spki);
    ent_buf_init(&out, 100);
    for (unsigned i = 0; i < 5; i++) {
        assert_ok(dialer.call(dialer.ctx, &status, &out, &d, &q));
        if (i == 0)
            first = atomic_load(&seen.admitted);
    }
    /* allow() is asked in each handshake and for each request. */
    assert_int_equal(atomic_load(&seen.admitted), first + 4);
    q.server = alice.spki;
    assert_err(dialer.call(dialer.ctx, &status, &out, &d, &q), ENT_E_AUTH);
    assert_int_equal(atomic_load(&seen.handled), 5);
    ent_server_stop(s);
    front_end(&w);
    ent_buf_release(&out);
}

#define CALLERS 12u
struct caller {
    const struct ent_dialer *dialer;
    const struct ent_dial *q;
    pthread_t thread;
    enum ent_err r;
};

static void *call_many(void *arg)
{
    struct caller *c = arg;
    struct ent_buf out;
    unsigned status = 0;
    ent_buf_init(&out, 100);
    for (unsigned i = 0; c->r == ENT_OK && i < 10; i++) {
        ent_buf_clear(&out);
        c->r = c->dialer->call(c->dialer->ctx, &status, &out, NULL, c->q);
        if (c->r == ENT_OK && (status != 200 || !ent_slice_eq(ent_buf_slice(&out), c->q->body)))
            c->r = ENT_E_FORMAT;
    }
    ent_buf_release(&out);
    return NULL;
}

/* Many at once, to two servers of one key: each gets its own answer. */
static void many_calls(bool channel)
{
    struct ent_server *s = peer_serve(NULL);
    struct front_world w;
    struct caller c[CALLERS];
    struct ent_dial q[CALLERS];
    char url[CALLERS][64], body[CALLERS][8];
    front_begin(&w, channel, NULL);
    const struct ent_dialer dialer = ent_front_dialer(&w.by_ledger);
    for (unsigned i = 0; i < CALLERS; i++) {
        q[i] = dial_to(url[i], ent_server_port(s), &server_id.spki);
        (void)snprintf(body[i], sizeof(body[i]), "%u", i);
        q[i].body = ent_slice_str(body[i]);
        c[i] = (struct caller){.dialer = &dialer, .q = &q[i]};
        assert_int_equal(pthread_create(&c[i].thread, NULL, call_many, &c[i]), 0);
    }
    for (unsigned i = 0; i < CALLERS; i++) {
        assert_int_equal(pthread_join(c[i].thread, NULL), 0);
        assert_ok(c[i].r);
    }
    assert_int_equal(atomic_load(&seen.handled), 10 * CALLERS);
    ent_server_stop(s);
    front_end(&w);
}

/* The error and the words are those of a client of one's own. */
static void bad_servers(bool channel)
{
    static const struct {
        const char *path, *text;
        unsigned answer_max, call_seconds;
        enum ent_err err;
    } cases[] = {
        {"/long", "the answer is larger than allowed", 1000, 20, ENT_E_LIMIT},
        {"/hold", "the server took too long", 1000, 1, ENT_E_TIMEOUT},
        {"/a?b", "not a request this client can make", 1000, 20, ENT_E_FORMAT},
    };
    struct ent_server *s = peer_serve(NULL);
    struct front_world w;
    struct ent_diag d = {0};
    struct ent_buf out;
    char url[64];
    unsigned status = 7, port;
    int listening = raw_listen(&port); /* accepts nobody */
    front_begin(&w, channel, NULL);
    const struct ent_dialer dialer = ent_front_dialer(&w.by_ledger);
    atomic_store(&seen.hold, true);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ent_dial q = dial_to(url, ent_server_port(s), &server_id.spki);
        uint64_t start = ent_clock_steady_ns();
        q.path = cases[i].path;
        q.call_seconds = cases[i].call_seconds;
        ent_buf_init(&out, cases[i].answer_max);
        assert_err(dialer.call(dialer.ctx, &status, &out, &d, &q), cases[i].err);
        assert_string_equal(d.text, cases[i].text);
        assert_int_equal(out.n, 0);
        assert_true(ent_clock_steady_ns() - start < 10 * S_NS);
        ent_buf_release(&out);
    }
    atomic_store(&seen.hold, false);
    struct ent_dial wrong = dial_to(url, ent_server_port(s), &stranger.spki);
    unsigned handled = atomic_load(&seen.handled);
    assert_err(dialer.call(dialer.ctx, &status, &out, &d, &wrong), ENT_E_AUTH);
    assert_string_equal(d.text, "the server's key is not the one expected");
    assert_int_equal(atomic_load(&seen.handled), handled);
    struct ent_dial mute = dial_to(url, port, &server_id.spki);
    mute.connect_seconds = mute.call_seconds = 1;
    assert_err(dialer.call(dialer.ctx, &status, &out, &d, &mute), ENT_E_TIMEOUT);
    (void)close(listening);
    assert_err(dialer.call(dialer.ctx, &status, &out, &d, &mute), ENT_E_PEER);
    assert_string_equal(d.text, "no connection to the server");
    mute.url = "https://127.0.0.1:1/path";
    assert_err(dialer.call(dialer.ctx, &status, &out, &d, &mute), ENT_E_FORMAT);
    assert_string_equal(d.text, "not a URL of the form https://host:port");
    mute.url = "http://127.0.0.1:80";
    assert_err(dialer.call(dialer.ctx, &status, &out, &d, &mute), ENT_E_FORMAT);
    assert_int_equal(status, 7);
    ent_server_stop(s);
    front_end(&w);
}

static enum ent_err away(void *ctx, struct ent_msg *ret, uint16_t type, struct ent_slice payload)
{
    (void)ctx, (void)ret, (void)type, (void)payload;
    return ENT_E_PEER;
}

static enum ent_err nonsense(void *ctx, struct ent_msg *ret, uint16_t type,
                             struct ent_slice payload)
{
    (void)ctx, (void)payload;
    *ret = (struct ent_msg){.type = type, .kind = ENT_MSG_ANSWER, .fd = -1};
    ent_buf_init(&ret->bytes, 10);
    return ent_buf_put(&ret->bytes, "\0\0", 2);
}

static void test_no_front(void **state)
{
    const struct ent_caller none = {NULL, away}, mad = {NULL, nonsense};
    struct ent_dialer dialer = ent_front_dialer(&none);
    struct ent_diag d = {0};
    struct ent_buf out;
    char url[64];
    unsigned status = 0;
    struct ent_dial q = dial_to(url, 1, &server_id.spki);
    (void)state;
    ent_buf_init(&out, 10);
    assert_err(dialer.call(dialer.ctx, &status, &out, &d, &q), ENT_E_PEER);
    assert_string_equal(d.text, "the process with the network does not answer");
    dialer = ent_front_dialer(&mad);
    assert_err(dialer.call(dialer.ctx, &status, &out, &d, &q), ENT_E_PEER);
    assert_string_equal(d.text, "the front's answer is none");
}

/* A pact's members, by connections of one's own and through the front: the same happens. */
static void test_links_both_ways(void **state)
{
    struct ent_server *s = peer_serve(NULL);
    struct ent_pact *p = calloc(1, sizeof(*p));
    struct front_world w;
    struct ent_buf out;
    unsigned status = 0;
    (void)state;
    assert_non_null(p);
    front_begin(&w, true, NULL);
    ent_buf_init(&out, 100);
    static const char *const names[] = {"bob", "server", "mute", "away"};
    p->members = 4;
    for (size_t i = 0; i < 4; i++)
        (void)snprintf(p->member[i].name, sizeof(p->member[i].name), "%s", names[i]);
    (void)snprintf(p->member[1].url, sizeof(p->member[1].url), "https://127.0.0.1:%u",
                   ent_server_port(s));
    (void)snprintf(p->member[2].url, sizeof(p->member[2].url), "-");
    (void)snprintf(p->member[3].url, sizeof(p->member[3].url), "https://127.0.0.1:1");
    struct ent_keypair pair;
    ent_keypair_init(&pair, &server_id.seed);
    p->member[1].tls.pk = pair.pk;
    for (unsigned way = 0; way < 2; way++) {
        const struct ent_links_opts opts = {.pact = p,
                                            .self = "bob",
                                            .tls = way == 0 ? &bob.seed : NULL,
                                            .front = way == 0 ? NULL : &w.by_ledger,
                                            .connect_seconds = 4,
                                            .call_seconds = 10};
        struct ent_links *l = NULL;
        assert_ok(ent_links_new(&l, NULL, &opts));
        const struct ent_wire wire = ent_links_wire(l);
        ent_buf_clear(&out);
        assert_ok(wire.call(wire.ctx, &status, &out, "server", "GET", "/who", ent_slice(NULL, 0)));
        assert_true(ent_slice_eq(ent_buf_slice(&out), ENT_SLICE_LIT("bob")));
        assert_null(ent_links_why(l, "server"));
        assert_err(wire.call(wire.ctx, &status, &out, "mute", "GET", "/", ent_slice(NULL, 0)),
                   ENT_E_NOTFOUND);
        assert_err(wire.call(wire.ctx, &status, &out, "bob", "GET", "/", ent_slice(NULL, 0)),
                   ENT_E_NOTFOUND);
        assert_err(wire.call(wire.ctx, &status, &out, "away", "GET", "/", ent_slice(NULL, 0)),
                   ENT_E_PEER);
        assert_string_equal(ent_links_why(l, "away"), "no connection to the server");
        ent_links_free(l);
    }
    free(p);
    ent_server_stop(s);
    front_end(&w);
    ent_buf_release(&out);
}

/* --- users --------------------------------------------------------------------------------------
 */

static enum ent_err api_does;

/* Says what it was asked, as an answer with a header. */
static enum ent_err api(void *ctx, struct ent_msg *ret, struct ent_msg *call)
{
    struct ent_web_request q;
    struct ent_web_answer a = {.status = 200, .type = "text/plain"};
    (void)ctx;
    assert_int_equal(call->type, ENT_WEB_CALL);
    enum ent_err r = api_does;
    if (r != ENT_OK || (r = ent_web_request_parse(&q, ent_buf_slice(&call->bytes))) != ENT_OK)
        return r;
    ent_buf_init(&a.headers, 100);
    ent_buf_init(&a.body, 1000);
    if ((r = ent_buf_puts(&a.headers, "X-Api: yes\n")) == ENT_OK &&
        (r = ent_buf_printf(&a.body, "%s %s %.*s ", q.method, q.path, (int)q.authorization.n,
                            (const char *)q.authorization.p)) == ENT_OK &&
        (r = ent_buf_put_slice(&a.body, q.body)) == ENT_OK)
        r = ent_web_answer_encode(&ret->bytes, &a);
    ent_buf_release(&a.headers);
    ent_buf_release(&a.body);
    return r;
}

static size_t web_max_body(void *ctx, const char *method, const char *path)
{
    (void)ctx, (void)method;
    return strcmp(path, "/none") == 0 ? ENT_WEB_NO_PATH : 1000;
}

static void web_error_body(void *ctx, const char *path, unsigned status, struct ent_web_answer *ret)
{
    ret->type = "application/json";
    if (ent_buf_printf(&ret->body, "{\"%s\":%u,\"at\":\"%s\"}", (const char *)ctx, status, path) !=
        ENT_OK)
        ent_buf_clear(&ret->body);
}

static void assert_web(const struct front_world *w, const char *request, const char *status,
                       const char *part)
{
    struct raw r;
    struct ent_buf b;
    ent_buf_init(&b, 1u << 16);
    raw_plain(&r, raw_dial(ent_front_web_port(w->front)));
    assert_true(raw_sends(&r, request));
    raw_recv(&r, &b, NULL);
    assert_ok(ent_buf_putc(&b, '\0'));
    assert_true(ent_slice_starts(ent_buf_slice(&b), ent_slice_str(status)));
    if (strstr((char *)b.p, part) == NULL)
        printf("# %s\n", (char *)b.p);
    assert_non_null(strstr((char *)b.p, part));
    raw_stop(&r);
    ent_buf_release(&b);
}

static void test_users(void **state)
{
    static char name[] = "error";
    const struct ent_web_opts web = {.listen = "127.0.0.1:0",
                                     .plain = true,
                                     .ctx = name,
                                     .max_body = web_max_body,
                                     .error_body = web_error_body};
    struct ent_direct d = {api, NULL, ENT_WEB_ANSWER_BYTES};
    const struct ent_front_opts opts = {.threads = 2, .web = &web, .api = ent_caller_direct(&d)};
    struct front_world w;
    (void)state;
#define ENDS "Host: x\r\nConnection: close\r\n"
    front_begin(&w, false, &opts);
    api_does = ENT_OK;
    assert_web(&w,
               "POST /a HTTP/1.1\r\n" ENDS "Authorization: Bearer t\r\nContent-Length: 2\r\n\r\nhi",
               "HTTP/1.1 200 ", "\r\n\r\nPOST /a Bearer t hi");
    assert_web(&w, "GET /a HTTP/1.1\r\n" ENDS "\r\n", "HTTP/1.1 200 ", "\r\nX-Api: yes\r\n");
    assert_web(&w, "GET /none HTTP/1.1\r\n" ENDS "\r\n", "HTTP/1.1 404 ",
               "\r\n\r\n{\"error\":404,\"at\":\"/none\"}");
    static const enum ent_err sick[] = {ENT_E_PEER, ENT_E_TIMEOUT, ENT_E_NOMEM, ENT_E_FORMAT};
    for (size_t i = 0; i < 4; i++) {
        api_does = sick[i];
        assert_web(&w, "GET /a HTTP/1.1\r\n" ENDS "\r\n", "HTTP/1.1 503 ",
                   "\r\n\r\n{\"error\":503,\"at\":\"/a\"}");
    }
    assert_int_equal(atomic_load(&front_seen.asked), 0);
    front_end(&w);
}

/* --- processes ----------------------------------------------------------------------------------
 */

#define NOBODY 65534u

/* A front in its sandbox, which listens at a free port and says so; until its channel ends. */
static void be_front(int fd, int out)
{
    static struct ent_channel *c;
    static const unsigned ms = 20000;
    struct front_link link = {&c, &ms};
    const struct ent_front_opts opts = {.listen = "127.0.0.1:0",
                                        .name = "bob",
                                        .tls = &bob.seed,
                                        .threads = 2,
                                        .ledger = {&link, front_call}};
    struct ent_sandbox_state st;
    struct ent_diag d = {0};
    struct ent_front *f;
    uint8_t port[2];
    struct ent_sandbox s = ent_front_sandbox();
    s.uid = s.gid = NOBODY;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || ent_front_new(&f, &d, &opts) != ENT_OK)
        _exit(2);
    if (ent_sandbox_enter(&st, &d, &s) != ENT_OK)
        _exit(d.sys == 0 ? 3 : 4);
    c = front_channel(fd, true, f);
    if (ent_front_listen(f, &d) != ENT_OK)
        _exit(5);
    ent_put_u16le(port, (uint16_t)ent_front_port(f));
    if (ent_fd_write(out, ent_slice(port, 2)) != ENT_OK)
        _exit(6);
    (void)!ent_channel_wait(c, NULL);
    ent_front_stop(f);
    ent_channel_free(c);
    ent_front_free(f);
    _exit(0);
}

/* In its own process it has what it needs and no more: both ports of it work, also for names. */
static void test_in_its_sandbox(void **state)
{
    static const unsigned ms = 20000;
    struct front_world w = {.channel = true, .ledger_fd = -1};
    struct front_link link = {&w.at_ledger, &ms};
    struct ent_diag d = {0};
    struct ent_buf out;
    char url[64];
    uint8_t port[2];
    int fd[2], back[2], code = 0;
    unsigned status = 0;
    (void)state;
    ent_buf_init(&out, 1000);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd), 0);
    assert_int_equal(pipe(back), 0);
    (void)fflush(stdout);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)close(fd[0]);
        (void)close(back[0]);
        be_front(fd[1], back[1]);
    }
    (void)close(fd[1]);
    (void)close(back[1]);
    if (read(back[0], port, 2) != 2) {
        assert_int_equal(waitpid(pid, &code, 0), pid);
        if (WIFEXITED(code) && WEXITSTATUS(code) == 3) { /* as test_sandbox */
            printf("# skipped: no Landlock or no seccomp here\n");
            (void)close(fd[0]);
            (void)close(back[0]);
            return;
        }
        fail_msg("the front ended with %d", code);
    }
    struct ent_server *s = peer_serve(NULL);
    atomic_store(&front_seen.does, LEDGER_ECHOES);
    front_seen.answer = (struct ent_peer_answer){200, ent_peer_type(0), {NULL, 0}};
    w.at_ledger = front_channel(fd[0], false, NULL);
    w.by_ledger = (struct ent_caller){&link, front_call};
    assert_ok(ent_channel_note(w.at_ledger, ENT_FRONT_ALLOWED, ent_slice(alice.spki.b, 32), -1));
    const struct ent_dialer dialer = ent_front_dialer(&w.by_ledger);
    struct ent_dial q = dial_to(url, ent_server_port(s), &server_id.spki);
    q.path = "/who";
    static const char *const hosts[] = {"127.0.0.1", "localhost"};
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(url, sizeof(url), "https://%s:%u", hosts[i], ent_server_port(s));
        ent_buf_clear(&out);
        enum ent_err r = dialer.call(dialer.ctx, &status, &out, &d, &q);
        if (r != ENT_OK)
            printf("# %s: %s\n", url, d.text);
        assert_ok(r);
        assert_true(ent_slice_eq(ent_buf_slice(&out), ENT_SLICE_LIT("bob")));
    }
    struct ent_client *a =
        peer_client_to((unsigned)port[0] | (unsigned)port[1] << 8, &alice, &bob.spki, 20);
    assert_ok(say(a, &status, &out, "POST", "/peer/v1/match", ENT_SLICE_LIT("hello")));
    assert_true(ent_slice_eq(ent_buf_slice(&out), ENT_SLICE_LIT("hello")));
    ent_client_free(a);
    ent_channel_free(w.at_ledger);
    assert_int_equal(waitpid(pid, &code, 0), pid);
    assert_int_equal(code, 0);
    ent_server_stop(s);
    (void)close(back[0]);
    ent_buf_release(&out);
}

/* A ledger's process that ends itself when it is asked. */
static enum ent_err end_yourself(void *ctx, struct ent_msg *ret, struct ent_msg *call)
{
    (void)ctx, (void)ret, (void)call;
    _exit(0);
}

static void test_ledger_process_ends(void **state)
{
    int fd[2];
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd), 0);
    (void)fflush(stdout);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        const struct ent_channel_opts o = {.protocol = &front_protocol,
                                           .self = ENT_PROCESS_LEDGER,
                                           .peer = ENT_PROCESS_FRONT,
                                           .threads = 2,
                                           .serve = end_yourself};
        struct ent_channel *c;
        (void)close(fd[0]);
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || ent_channel_new(&c, NULL, fd[1], &o) != ENT_OK)
            _exit(1);
        (void)!ent_channel_wait(c, NULL);
        _exit(2);
    }
    (void)close(fd[1]);
    struct ent_channel *c = NULL;
    static const unsigned ms = 20000;
    struct front_link link = {&c, &ms};
    struct front_world w;
    struct ent_buf out;
    unsigned status = 0;
    int code;
    ent_buf_init(&out, 100);
    const struct ent_front_opts opts = {.threads = 2, .ledger = {&link, front_call}};
    front_begin(&w, false, &opts);
    c = front_channel(fd[0], true, w.front);
    front_allow_only(&w, &alice);
    struct ent_client *a = client(&w, &alice);
    assert_ok(say(a, &status, &out, "POST", "/peer/v1/match", ENT_SLICE_LIT("x")));
    assert_int_equal(status, 503);
    assert_int_equal(out.n, 0);
    assert_int_equal(waitpid(pid, &code, 0), pid);
    assert_int_equal(code, 0);
    ent_client_free(a);
    ent_front_stop(w.front);
    ent_channel_free(c);
    front_end(&w);
    ent_buf_release(&out);
}

#define BOTH_WAYS(name)                                                                            \
    static void test_##name(void **state)                                                          \
    {                                                                                              \
        (void)state;                                                                               \
        name(false);                                                                               \
        name(true);                                                                                \
    }
BOTH_WAYS(whose_keys)
BOTH_WAYS(who_leaves)
BOTH_WAYS(bodies)
BOTH_WAYS(sick_ledgers)
BOTH_WAYS(calls)
BOTH_WAYS(many_calls)
BOTH_WAYS(bad_servers)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_its_sandbox), /* the first ones: they fork */
        cmocka_unit_test(test_ledger_process_ends),
        cmocka_unit_test(test_whose_keys),
        cmocka_unit_test(test_who_leaves),
        cmocka_unit_test(test_a_broken_list),
        cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_sick_ledgers),
        cmocka_unit_test(test_slow_ledger),
        cmocka_unit_test(test_ledger_dies_while_asked),
        cmocka_unit_test(test_calls),
        cmocka_unit_test(test_connections_are_kept),
        cmocka_unit_test(test_many_calls),
        cmocka_unit_test(test_bad_servers),
        cmocka_unit_test(test_no_front),
        cmocka_unit_test(test_links_both_ways),
        cmocka_unit_test(test_users),
    };
    return ent_t_run_net("front", tests);
}
