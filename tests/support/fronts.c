/* fronts.c: see fronts.h. */
#include "tests/support/fronts.h"

#include <pthread.h>
#include <sys/socket.h>

struct front_seen front_seen = {.lock = PTHREAD_MUTEX_INITIALIZER};

const struct ent_protocol front_protocol = {ent_front_rows, ENT_FRONT_ROWS, ENT_FRONT_OUT_CALLS,
                                            256u << 20};

/* --- the ledger's process -----------------------------------------------------------------------
 */

static void remember(const struct ent_peer_call *q)
{
    (void)pthread_mutex_lock(&front_seen.lock);
    front_seen.peer = q->peer;
    (void)snprintf(front_seen.method, sizeof(front_seen.method), "%s", q->method);
    (void)snprintf(front_seen.path, sizeof(front_seen.path), "%s", q->path);
    front_seen.body_n = q->body.n;
    (void)pthread_mutex_unlock(&front_seen.lock);
}

static enum ent_err answer(struct ent_msg *ret, const struct ent_peer_call *q)
{
    struct ent_peer_answer a = front_seen.answer;
    if (a.body.n == 0)
        a.body = q->body;
    return ent_peer_answer_encode(&ret->bytes, &a);
}

static enum ent_err too_much(struct ent_msg *ret)
{
    uint8_t *p;
    enum ent_err r = ent_buf_reserve(&ret->bytes, &p, 4 + ENT_PEER_ANSWER_MAX);
    if (r != ENT_OK)
        return r;
    memset(p, 0, 4 + ENT_PEER_ANSWER_MAX);
    p[0] = 200;
    ret->bytes.n = 4 + ENT_PEER_ANSWER_MAX;
    return ENT_OK;
}

static void hold(void)
{
    atomic_fetch_add(&front_seen.holding, 1);
    while (atomic_load(&front_seen.hold))
        peer_pause_ms(5);
    atomic_fetch_sub(&front_seen.holding, 1);
}

enum ent_err front_ledger(void *ctx, struct ent_msg *ret, struct ent_msg *call)
{
    struct ent_peer_call q;
    (void)ctx;
    atomic_fetch_add(&front_seen.asked, 1);
    assert_int_equal(call->type, ENT_FRONT_PEER);
    enum ent_err r = ent_peer_call_parse(&q, ent_buf_slice(&call->bytes));
    if (r != ENT_OK)
        return r;
    remember(&q);
    switch ((enum ledger_does)atomic_load(&front_seen.does)) {
    case LEDGER_ECHOES:
        return answer(ret, &q);
    case LEDGER_IS_AWAY:
        return ENT_E_PEER;
    case LEDGER_REFUSES:
        return ENT_E_NOMEM;
    case LEDGER_ANSWERS_NONSENSE: /* type 9 */
        return ent_buf_put(&ret->bytes, "\xc8\0\x09xx", 5);
    case LEDGER_ANSWERS_NOTHING:
        return ENT_OK;
    case LEDGER_ANSWERS_TOO_MUCH:
        return too_much(ret);
    case LEDGER_HOLDS:
        hold();
        return answer(ret, &q);
    }
    return ENT_E_STATE;
}

/* --- between the two ----------------------------------------------------------------------------
 */

enum ent_err front_call(void *link, struct ent_msg *ret, uint16_t type, struct ent_slice payload)
{
    const struct front_link *l = link;
    return ent_channel_call(*l->channel, ret, type, payload, -1, *l->ms);
}

static void no_note(void *ctx, struct ent_msg *note)
{
    (void)ctx;
    (void)note;
}

struct ent_channel *front_channel(int fd, bool is_front, void *ctx)
{
    struct ent_channel *c = NULL;
    const struct ent_channel_opts o = {.protocol = &front_protocol,
                                       .self = is_front ? ENT_PROCESS_FRONT : ENT_PROCESS_LEDGER,
                                       .peer = is_front ? ENT_PROCESS_LEDGER : ENT_PROCESS_FRONT,
                                       .threads = 16,
                                       .serve = is_front ? ent_front_serve : front_ledger,
                                       .note = is_front ? ent_front_note : no_note,
                                       .ctx = ctx};
    assert_ok(ent_channel_new(&c, NULL, fd, &o));
    return c;
}

/* Filled below, once there are channels. */
static struct front_link of_front, of_ledger;
static const unsigned long_ms = FRONT_OLD;

static void connect_two(struct front_world *w)
{
    int fd[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd), 0);
    w->ledger_fd = dup(fd[1]);
    assert_true(w->ledger_fd >= 0);
    w->at_front = front_channel(fd[0], true, w->front);
    w->at_ledger = front_channel(fd[1], false, NULL);
}

void front_begin(struct front_world *w, bool channel, const struct ent_front_opts *more)
{
    struct ent_front_opts o = more == NULL ? (struct ent_front_opts){.threads = 4} : *more;
    struct ent_diag d = {0};
    *w = (struct front_world){.channel = channel, .ms = FRONT_OLD, .ledger_fd = -1};
    front_seen.answer = (struct ent_peer_answer){200, "application/octet-stream", {NULL, 0}};
    atomic_store(&front_seen.does, LEDGER_ECHOES);
    atomic_store(&front_seen.asked, 0);
    atomic_store(&front_seen.hold, true);
    of_front = (struct front_link){&w->at_front, &w->ms};
    of_ledger = (struct front_link){&w->at_ledger, &long_ms};
    w->to_ledger = (struct ent_direct){front_ledger, NULL, 8 + ENT_PEER_ANSWER_MAX};
    w->by_front =
        channel ? (struct ent_caller){&of_front, front_call} : ent_caller_direct(&w->to_ledger);
    if (o.listen == NULL)
        o.listen = "127.0.0.1:0";
    o.name = "bob";
    o.tls = &bob.seed;
    if (o.ledger.call == NULL)
        o.ledger = w->by_front;
    assert_ok(ent_front_new(&w->front, &d, &o));
    w->to_front = (struct ent_direct){ent_front_serve, w->front, 3 + ENT_OUT_ANSWER_MAX};
    w->by_ledger =
        channel ? (struct ent_caller){&of_ledger, front_call} : ent_caller_direct(&w->to_front);
    if (channel)
        connect_two(w);
    enum ent_err r = ent_front_listen(w->front, &d);
    if (r != ENT_OK)
        printf("# %s\n", d.text);
    assert_ok(r);
}

void front_kill_ledger(struct front_world *w)
{
    assert_true(w->channel);
    (void)shutdown(w->ledger_fd, SHUT_RDWR);
}

void front_end(struct front_world *w)
{
    atomic_store(&front_seen.hold, false);
    if (w->channel) {
        front_kill_ledger(w);
        ent_channel_free(w->at_ledger);
        (void)close(w->ledger_fd);
        assert_err(ent_channel_wait(w->at_front, NULL), ENT_E_PEER);
    }
    ent_front_stop(w->front);
    if (w->channel)
        ent_channel_free(w->at_front);
    ent_front_free(w->front);
}

/* --- who may connect ----------------------------------------------------------------------------
 */

void front_allow(struct front_world *w, const struct identity *const *who)
{
    struct ent_msg note = {.type = ENT_FRONT_ALLOWED, .kind = ENT_MSG_NOTE, .fd = -1};
    struct ent_allowed list = {.n = 0};
    struct ent_msg m = ENT_MSG_NOTHING;
    for (size_t i = 0; who[i] != NULL; i++)
        assert_ok(ent_allowed_add(&list, &who[i]->spki));
    ent_buf_init(&note.bytes, 32 * ENT_ALLOWED_MAX);
    assert_ok(ent_allowed_encode(&note.bytes, &list));
    if (!w->channel) {
        ent_front_note(w->front, &note);
    } else {
        assert_ok(
            ent_channel_note(w->at_ledger, ENT_FRONT_ALLOWED, ent_buf_slice(&note.bytes), -1));
        /* What is read behind it comes behind it: bytes that are no call are refused. */
        static const uint8_t none[46];
        assert_err(front_call(&of_ledger, &m, ENT_FRONT_OUT, ent_slice(none, sizeof(none))),
                   ENT_E_FORMAT);
    }
    ent_msg_release(&note);
}
