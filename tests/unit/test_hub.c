/* test_hub.c: a process and its channels, with the test as the parent: linking, asking, being
 * asked, a peer that is started again, one that lies, and what is said to the parent. */
#include "tests/support/t.h"

#include "node/hooks.h"
#include "node/hub.h"
#include "node/portal.h"
#include "node/protocol.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#define LEDGER ENT_PROCESS_LEDGER
#define API    ENT_PROCESS_API

struct parent {
    struct ent_hub *hub;
    struct ent_channel *control;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct ent_liar liar;
    struct ent_ready ready;
    char event[64];
    unsigned liars, readies, reports, there, gone, drains;
};

static void say(struct parent *p, unsigned *count)
{
    (void)pthread_mutex_lock(&p->lock);
    (*count)++;
    (void)pthread_cond_broadcast(&p->changed);
    (void)pthread_mutex_unlock(&p->lock);
}

static void wait_for(struct parent *p, const unsigned *count, unsigned n)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_REALTIME, &t);
    t.tv_sec += 30;
    (void)pthread_mutex_lock(&p->lock);
    while (*count < n)
        assert_int_equal(pthread_cond_timedwait(&p->changed, &p->lock, &t), 0);
    (void)pthread_mutex_unlock(&p->lock);
}

static void heard(void *ctx, struct ent_msg *m)
{
    struct parent *p = ctx;
    struct ent_report r;
    if (m->type == ENT_CONTROL_LIAR) {
        assert_ok(ent_liar_parse(&p->liar, ent_buf_slice(&m->bytes)));
        say(p, &p->liars);
    } else if (m->type == ENT_CONTROL_READY) {
        assert_ok(ent_ready_parse(&p->ready, ent_buf_slice(&m->bytes)));
        say(p, &p->readies);
    } else if (m->type == ENT_MSG_REPORT) {
        assert_ok(ent_report_parse(&r, ent_buf_slice(&m->bytes)));
        (void)snprintf(p->event, sizeof(p->event), "%.*s", (int)r.event.n, (const char *)r.event.p);
        say(p, &p->reports);
    }
}

static void linked(void *ctx, const struct ent_at *at, bool there)
{
    struct parent *p = ctx;
    assert_int_equal(at->index, 0);
    say(p, there ? &p->there : &p->gone);
}

static void told(void *ctx, struct ent_msg *note)
{
    struct parent *p = ctx;
    if (note->type == ENT_CONTROL_DRAIN)
        say(p, &p->drains);
}

static void begin(struct parent *p, const struct ent_hub_opts *how)
{
    int pair[2];
    struct ent_hub_opts o = *how;
    const struct ent_channel_opts control = {.protocol = &ent_control,
                                             .self = ENT_PROCESS_PARENT,
                                             .peer = o.self.process,
                                             .note = heard,
                                             .ctx = p};
    *p = (struct parent){.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    o.ctx = p;
    o.linked = linked;
    o.told = told;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    assert_ok(ent_channel_new(&p->control, NULL, pair[0], &control));
    assert_ok(ent_hub_new(&p->hub, &o));
    assert_ok(ent_hub_start(p->hub, NULL, pair[1]));
}

/* A channel to that one; *ret is its end. */
static void link_to(struct parent *p, const struct ent_at *at, int *ret)
{
    int pair[2];
    struct ent_buf b;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    ent_buf_init(&b, 16);
    assert_ok(ent_at_encode(&b, at));
    assert_ok(ent_channel_note(p->control, ENT_CONTROL_LINK, ent_buf_slice(&b), pair[1]));
    ent_buf_release(&b);
    (void)close(pair[1]);
    *ret = pair[0];
}

static void end(struct parent *p)
{
    assert_ok(ent_channel_note(p->control, ENT_CONTROL_STOP, ent_slice(NULL, 0), -1));
    ent_hub_wait(p->hub); /* the hub stays: nothing frees one but the end of its process */
    ent_channel_free(p->control);
}

static enum ent_err console(void *ctx, struct ent_buf *rows, const struct ent_identity *who,
                            const struct ent_api_handle *h, struct ent_slice query, int64_t now)
{
    (void)ctx, (void)h, (void)now;
    return ent_buf_printf(rows, "%s asks %.*s", who->name, (int)query.n, (const char *)query.p);
}

/* The keeper: there is one handle, "handle" and zeros. */
static enum ent_err whose(void *ctx, struct ent_msg *ret, uint16_t type, struct ent_slice payload)
{
    const struct ent_identity eva = {.user = 1,
                                     .name = "eva",
                                     .role = ENT_USER_ANALYST,
                                     .clearance = ENT_TLP_GREEN,
                                     .via = ENT_VIA_SESSION};
    uint8_t identity[ENT_IDENTITY_BYTES];
    (void)ctx;
    assert_int_equal(type, ENT_API_READER);
    if (!ent_slice_eq(payload, ent_slice("handle\0\0\0\0\0\0\0\0\0", 16)))
        return ENT_E_AUTH;
    ent_identity_encode(identity, &eva);
    *ret = (struct ent_msg)ENT_MSG_NOTHING;
    ent_buf_init(&ret->bytes, sizeof(identity));
    return ent_buf_put(&ret->bytes, identity, sizeof(identity));
}

static struct ent_book_desk desk = {.keeper = {.call = whose}, .console = console};
static const struct ent_hub_service services[] = {
    {.from = {API, 0}, .range = ENT_MSG_BOOK, .serve = ent_book_serve, .service = &desk}};
static const struct ent_hub_opts of_ledger = {.self = {LEDGER, 0}, .services = services, .n = 1};
static const struct ent_hub_opts of_api = {.self = {API, 0}};
static const struct ent_at api_at = {API, 0}, ledger_at = {LEDGER, 0};

/* Both ends of a channel between two hubs. */
static void connect_two(struct parent *api, struct parent *ledger)
{
    int pair[2];
    struct ent_buf b;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    ent_buf_init(&b, 16);
    assert_ok(ent_at_encode(&b, &ledger_at));
    assert_ok(ent_channel_note(api->control, ENT_CONTROL_LINK, ent_buf_slice(&b), pair[0]));
    ent_buf_clear(&b);
    assert_ok(ent_at_encode(&b, &api_at));
    assert_ok(ent_channel_note(ledger->control, ENT_CONTROL_LINK, ent_buf_slice(&b), pair[1]));
    ent_buf_release(&b);
    (void)close(pair[0]);
    (void)close(pair[1]);
}

static enum ent_err ready(const struct ent_caller *who)
{
    struct ent_msg m = ENT_MSG_NOTHING;
    enum ent_err r = who->call(who->ctx, &m, ENT_BOOK_READY, ent_slice(NULL, 0));
    ent_msg_release(&m);
    return r;
}

/* --- tests ------------------------------------------------------------------------------------ */

static void test_two_that_speak(void **state)
{
    static struct parent api, ledger, again; /* hubs stay: each has a place */
    struct ent_msg m;
    (void)state;
    begin(&api, &of_api);
    begin(&ledger, &of_ledger);
    const struct ent_caller ask = ent_hub_caller(api.hub, LEDGER, 0);
    connect_two(&api, &ledger);
    assert_ok(ready(&ask)); /* it waits for the channel */
    const uint8_t query[16 + 4 + 1] = "handle\0\0\0\0\0\0\0\0\0\0what";
    assert_ok(ask.call(ask.ctx, &m, ENT_BOOK_CONSOLE, ent_slice(query, 20)));
    assert_true(ent_slice_eq(ent_buf_slice(&m.bytes), ENT_SLICE_LIT("eva asks what")));
    ent_msg_release(&m);
    /* Started again: the channel is another one, and nobody notices but those who were inside. */
    wait_for(&api, &api.there, 1);
    end(&ledger);
    begin(&again, &of_ledger);
    connect_two(&api, &again);
    wait_for(&api, &api.there, 2);
    assert_int_equal(api.gone, 1); /* told before the new one */
    assert_ok(ready(&ask));
    /* Dropped by this side. */
    ent_hub_drop(api.hub, LEDGER, 0);
    wait_for(&api, &api.gone, 2);
    wait_for(&again, &again.gone, 1);
    assert_err(ent_hub_note(api.hub, LEDGER, 0, ENT_BOOK_READY, ent_slice(NULL, 0)), ENT_E_PEER);
    connect_two(&api, &again);
    assert_ok(ready(&ask));
    assert_int_equal(api.liars + ledger.liars + again.liars, 0);
    end(&api);
    end(&again);
}

static void test_nobody_there(void **state)
{
    static struct parent api;
    (void)state;
    begin(&api, &of_api);
    const struct ent_caller ask = ent_hub_caller(api.hub, LEDGER, 0);
    assert_err(ready(&ask), ENT_E_PEER); /* after its patience */
    assert_false(ent_hub_is_over(api.hub, 0));
    end(&api);
    assert_true(ent_hub_is_over(api.hub, 0));
    assert_err(ready(&ask), ENT_E_PEER); /* at once */
}

static void test_one_that_lies_is_named(void **state)
{
    static struct parent ledger;
    const struct ent_protocol *p = ent_link_protocol(API, LEDGER);
    struct ent_channel *c;
    struct ent_msg m;
    int fd;
    (void)state;
    begin(&ledger, &of_ledger);
    link_to(&ledger, &api_at, &fd);
    assert_ok(ent_fd_write(fd, ENT_SLICE_LIT("this is no frame of any kind at all, is it")));
    wait_for(&ledger, &ledger.liars, 1);
    assert_int_equal(ledger.liar.at.process, API);
    assert_true(strlen(ledger.liar.why) > 0);
    (void)close(fd);
    /* A query that does not parse is refused, and no more: it is a request's, not the process's. */
    link_to(&ledger, &api_at, &fd);
    const struct ent_channel_opts o = {.protocol = p, .self = API, .peer = LEDGER};
    uint8_t nobody[16] = {0};
    assert_ok(ent_channel_new(&c, NULL, fd, &o));
    assert_err(
        ent_channel_call(c, &m, ENT_BOOK_CONSOLE, ent_slice(nobody, sizeof(nobody)), -1, 30000),
        ENT_E_AUTH);
    assert_ok(ent_channel_call(c, &m, ENT_BOOK_READY, ent_slice(NULL, 0), -1, 30000));
    ent_msg_release(&m);
    ent_channel_free(c);
    wait_for(&ledger, &ledger.gone, 2);
    assert_int_equal(ledger.liars, 1);
    end(&ledger);
}

static void test_those_who_never_speak(void **state)
{
    static struct parent ledger;
    const struct ent_at other = {LEDGER, 1};
    int fd;
    char c;
    (void)state;
    assert_null(ent_link_protocol(ENT_PROCESS_FRONT, ENT_PROCESS_SIGNER));
    assert_null(ent_link_protocol(ENT_PROCESS_FRONT, ENT_PROCESS_MATCH));
    assert_null(ent_link_protocol(ENT_PROCESS_API, ENT_PROCESS_SIGNER));
    assert_null(ent_link_protocol(ENT_PROCESS_API, ENT_PROCESS_MATCH));
    assert_null(ent_link_protocol(ENT_PROCESS_MATCH, ENT_PROCESS_SIGNER));
    assert_null(ent_link_protocol(ENT_PROCESS_PARENT, ENT_PROCESS_LEDGER));
    begin(&ledger, &of_ledger);
    link_to(&ledger, &other, &fd);
    assert_int_equal(read(fd, &c, 1), 0); /* closed */
    (void)close(fd);
    end(&ledger);
}

/* Nothing of what is kept but what a webhook is to be told. */
static void test_front_and_keeper(void **state)
{
    const struct ent_protocol *p = ent_link_protocol(ENT_PROCESS_FRONT, ENT_PROCESS_KEEPER);
    unsigned asks = 0;
    (void)state;
    assert_non_null(p);
    for (size_t i = 0; i < p->n; i++) {
        const struct ent_msg_row *row = &p->rows[i];
        assert_int_equal(row->fd, ENT_MSG_FD_NONE);
        if (row->kind == ENT_MSG_ANSWER)
            continue;
        assert_int_equal(row->kind, ENT_MSG_CALL);
        assert_int_equal(row->from, ENT_MSG_BIT(ENT_PROCESS_FRONT));
        assert_true(row->type == ENT_MSG_HOOK_NEXT || row->type == ENT_MSG_HOOK_DONE);
        asks++;
    }
    assert_int_equal(asks, 2);
}

static void test_what_others_need(void **state)
{
    static struct parent ledger;
    struct ent_hub_opts o = of_ledger;
    int fd;
    (void)state;
    o.vital = ENT_MSG_BIT(API);
    begin(&ledger, &o);
    link_to(&ledger, &api_at, &fd);
    assert_false(ent_hub_is_over(ledger.hub, 50));
    (void)close(fd);
    ent_hub_wait(ledger.hub);
    ent_channel_free(ledger.control);
}

static void test_what_is_said_to_the_parent(void **state)
{
    static struct parent ledger;
    const struct ent_ready ready = {.port = 7443, .sandbox = "seccomp"};
    struct ent_report r;
    (void)state;
    begin(&ledger, &of_ledger);
    assert_ok(ent_hub_ready(ledger.hub, &ready));
    wait_for(&ledger, &ledger.readies, 1);
    assert_int_equal(ledger.ready.port, 7443);
    assert_string_equal(ledger.ready.sandbox, "seccomp");
    ent_report_init(&r, ENT_LEVEL_INFO, "pact");
    ent_hub_say(ledger.hub, &r);
    wait_for(&ledger, &ledger.reports, 1);
    assert_string_equal(ledger.event, "pact");
    assert_ok(ent_channel_note(ledger.control, ENT_CONTROL_DRAIN, ent_slice(NULL, 0), -1));
    wait_for(&ledger, &ledger.drains, 1);
    ent_channel_free(ledger.control); /* the parent is gone */
    ent_hub_wait(ledger.hub);
}

static void test_control_messages(void **state)
{
    /* table */
    static const struct {
        const char *bytes;
        size_t n;
    } no_at[] = {{"", 0},         {"\x01", 1},     {"\x01\x00\x00", 3},
                 {"\x00\x00", 2}, {"\x07\x00", 2}, {"\x01\x10", 2}};
    struct ent_at at;
    struct ent_ready ready = {.port = 1, .users_port = 65535, .sandbox = "x"};
    struct ent_liar liar = {.at = {API, 3}, .why = "it said so"};
    struct ent_book_wants w = {.authors = 2, .generation = 7}, back;
    struct ent_buf b;
    (void)state;
    for (size_t i = 0; i < sizeof(no_at) / sizeof(no_at[0]); i++)
        assert_err(ent_at_parse(&at, ent_slice(no_at[i].bytes, no_at[i].n)), ENT_E_FORMAT);
    ent_buf_init(&b, 1024);
    assert_ok(ent_ready_encode(&b, &ready));
    for (size_t n = 0; n < b.n; n++)
        assert_err(ent_ready_parse(&ready, ent_slice(b.p, n)), ENT_E_FORMAT);
    assert_ok(ent_ready_parse(&ready, ent_buf_slice(&b)));
    b.p[b.n - 1] = '\n'; /* it goes into files of lines */
    assert_err(ent_ready_parse(&ready, ent_buf_slice(&b)), ENT_E_FORMAT);
    ent_buf_clear(&b);
    assert_ok(ent_liar_encode(&b, &liar));
    assert_ok(ent_liar_parse(&liar, ent_buf_slice(&b)));
    assert_int_equal(liar.at.index, 3);
    ent_buf_clear(&b);
    ent_random(w.author, sizeof(w.author));
    ent_random(w.node.b, sizeof(w.node.b));
    assert_ok(ent_wants_encode(&b, &w));
    assert_ok(ent_wants_parse(&back, ent_buf_slice(&b)));
    assert_memory_equal(&w, &back, sizeof(w));
    for (size_t n = 0; n < b.n; n++)
        assert_err(ent_wants_parse(&back, ent_slice(b.p, n)), ENT_E_FORMAT);
    b.p[0] = 3;
    assert_err(ent_wants_parse(&back, ent_buf_slice(&b)), ENT_E_FORMAT);
    ent_buf_release(&b);
}

/* A process of the ledger that begins anew wants no more keys than there were. */
static void test_wants_met(void **state)
{
    (void)state;
    const struct ent_book_wants have = {.author = {{{1}}, {{2}}}, .authors = 2, .generation = 7};
    struct ent_book_wants w = have;
    assert_true(ent_book_wants_met(&have, &w));
    w.authors = 1;
    assert_true(ent_book_wants_met(&have, &w));
    assert_false(ent_book_wants_met(&w, &have)); /* the one before is wanted again */
    w.author[0].b[0] = 3;
    assert_false(ent_book_wants_met(&have, &w));
    w = have;
    w.node.b[31] = 1;
    assert_false(ent_book_wants_met(&have, &w));
    w = have;
    w.generation = 8;
    assert_false(ent_book_wants_met(&have, &w));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_that_speak),
        cmocka_unit_test(test_nobody_there),
        cmocka_unit_test(test_one_that_lies_is_named),
        cmocka_unit_test(test_those_who_never_speak),
        cmocka_unit_test(test_front_and_keeper),
        cmocka_unit_test(test_what_others_need),
        cmocka_unit_test(test_what_is_said_to_the_parent),
        cmocka_unit_test(test_control_messages),
        cmocka_unit_test(test_wants_met),
    };
    return ent_t_run("hub", tests);
}
