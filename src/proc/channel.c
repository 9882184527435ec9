/*
 * channel.c: one reader, many callers, a few who serve. One lock for all of it: what happens under
 * it is short. Only one thread at a time writes to the socket, and holds "the pen" meanwhile, not
 * the lock.
 */
#include "proc/proc.h"

#include "proc/inbox.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>

#define SERVERS_MAX 64u
#define STALL_MS    30000u
#define SLOT_BITS   16u /* of an id: the slot; above: the number of the call */
#define GREETING    20u

enum slot_state { FREE, WAITING, ANSWERED, ABANDONED };

struct slot {
    pthread_cond_t changed;
    enum slot_state state;
    uint64_t id;
    uint16_t type;
    size_t bytes; /* of the call's payload */
    struct ent_msg answer;
};

struct ent_channel {
    int fd;
    struct ent_channel_opts o;
    int stall_ms;
    atomic_uint phase;
    struct ent_inbox in; /* the reader's alone */

    pthread_mutex_t lock;
    enum ent_err dead; /* ENT_OK: it lives */
    struct ent_diag why;
    bool ending;    /* ent_channel_free() */
    unsigned users; /* threads that call or send */
    pthread_cond_t died, unused;

    bool writing; /* somebody has the pen */
    pthread_cond_t pen;

    /* calls of this side */
    struct slot *slots;
    size_t out_n, out_bytes;
    uint64_t calls; /* so far: the next id */
    pthread_cond_t credit;

    /* calls of the other side */
    struct ent_msg *queue; /* a ring of window places */
    size_t queue_first, queue_n;
    size_t in_n, in_bytes; /* queued and being served */
    uint64_t in_last;      /* id */
    pthread_cond_t work;

    bool reading;
    pthread_t reader, server[SERVERS_MAX];
    unsigned servers;
};

/* --- time and end ----------------------------------------------------------------------------- */

static struct timespec deadline_in(unsigned ms)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += (time_t)(ms / 1000);
    t.tv_nsec += (long)(ms % 1000) * 1000000;
    if (t.tv_nsec >= 1000000000) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000;
    }
    return t;
}

/* false when the time is up. t NULL: no deadline. */
static bool wait_until(struct ent_channel *c, pthread_cond_t *cond, const struct timespec *t)
{
    if (t == NULL)
        return pthread_cond_wait(cond, &c->lock) == 0;
    return pthread_cond_timedwait(cond, &c->lock, t) != ETIMEDOUT;
}

/* With the lock held. The first reason stays. */
static void die(struct ent_channel *c, enum ent_err why, const struct ent_diag *d)
{
    if (c->dead != ENT_OK)
        return;
    c->dead = why;
    c->why = *d;
    (void)shutdown(c->fd, SHUT_RDWR); /* ends the reader, and whoever has the pen */
    for (unsigned i = 0; i < c->o.protocol->window; i++)
        (void)pthread_cond_signal(&c->slots[i].changed);
    (void)pthread_cond_broadcast(&c->credit);
    (void)pthread_cond_broadcast(&c->pen);
    (void)pthread_cond_broadcast(&c->work);
    (void)pthread_cond_broadcast(&c->died);
}

/* --- writing ---------------------------------------------------------------------------------- */

static enum ent_err take_pen(struct ent_channel *c, const struct timespec *t)
{
    while (c->writing && c->dead == ENT_OK)
        if (!wait_until(c, &c->pen, t))
            return ENT_E_TIMEOUT;
    if (c->dead != ENT_OK)
        return ENT_E_PEER;
    c->writing = true;
    return ENT_OK;
}

/* With the pen and the lock, which is given up meanwhile; the pen is put down. */
static enum ent_err write_frame(struct ent_channel *c, const struct ent_msg_head *h,
                                const uint8_t *payload, int fd)
{
    struct ent_diag d = {0};
    (void)pthread_mutex_unlock(&c->lock);
    enum ent_err r = ent_frame_out(c->fd, &d, h, payload, fd, c->stall_ms);
    (void)pthread_mutex_lock(&c->lock);
    c->writing = false;
    (void)pthread_cond_signal(&c->pen);
    if (r != ENT_OK) /* perhaps in the middle of a frame */
        die(c, r, &d);
    return r == ENT_OK ? ENT_OK : ENT_E_PEER;
}

static void enter(struct ent_channel *c)
{
    (void)pthread_mutex_lock(&c->lock);
    c->users++;
}

static void leave(struct ent_channel *c)
{
    if (--c->users == 0)
        (void)pthread_cond_signal(&c->unused);
    (void)pthread_mutex_unlock(&c->lock);
}

/* What we are about to send ourselves: anything but a wrong length is a bug. */
static enum ent_err check_own(const struct ent_channel *c, const struct ent_msg_head *h)
{
    const struct ent_msg_row *row = ent_msg_row(c->o.protocol, h->type, h->kind);
    ENT_ASSERT(row != NULL && (row->from & ENT_MSG_BIT(c->o.self)) != 0);
    ENT_ASSERT(row->fd == ENT_MSG_FD_MAY || h->fd == (row->fd == ENT_MSG_FD_ONE));
    return h->n < row->min || h->n > row->max ? ENT_E_LIMIT : ENT_OK;
}

enum ent_err ent_channel_note(struct ent_channel *c, uint16_t type, struct ent_slice payload,
                              int fd)
{
    if (payload.n > ENT_MSG_MAX)
        return ENT_E_LIMIT;
    struct ent_msg_head h = {(uint32_t)payload.n, type, ENT_MSG_NOTE, fd >= 0, 0};
    enum ent_err r = check_own(c, &h);
    if (r != ENT_OK)
        return r;
    enter(c);
    if ((r = take_pen(c, NULL)) == ENT_OK)
        r = write_frame(c, &h, payload.p, fd);
    leave(c);
    return r;
}

/* --- calling ---------------------------------------------------------------------------------- */

static struct slot *free_slot(struct ent_channel *c)
{
    for (unsigned i = 0; i < c->o.protocol->window; i++)
        if (c->slots[i].state == FREE)
            return &c->slots[i];
    ENT_BUG("a window without a free slot");
}

/* Waits for room in the window. The slot's answer is {.fd = -1}. */
static enum ent_err take_slot(struct ent_channel *c, struct slot **ret, size_t bytes,
                              const struct timespec *t)
{
    const struct ent_protocol *p = c->o.protocol;
    while (c->dead == ENT_OK && (c->out_n >= p->window || bytes > p->window_bytes - c->out_bytes))
        if (!wait_until(c, &c->credit, t))
            return ENT_E_TIMEOUT;
    if (c->dead != ENT_OK)
        return ENT_E_PEER;
    *ret = free_slot(c);
    (*ret)->state = WAITING;
    (*ret)->bytes = bytes;
    (*ret)->id = 0; /* not sent: nothing can answer it */
    c->out_n++;
    c->out_bytes += bytes;
    return ENT_OK;
}

static void give_slot(struct ent_channel *c, struct slot *s)
{
    ent_msg_release(&s->answer);
    s->state = FREE;
    c->out_n--;
    c->out_bytes -= s->bytes;
    /* All: a small call may fit where the first that waits does not. */
    (void)pthread_cond_broadcast(&c->credit);
}

static enum ent_err wait_answer(struct ent_channel *c, struct slot *s, struct ent_msg *ret,
                                const struct timespec *t)
{
    while (s->state == WAITING && c->dead == ENT_OK)
        if (!wait_until(c, &s->changed, t) && s->state == WAITING && c->dead == ENT_OK) {
            s->state = ABANDONED; /* keeps its place in the window until it is answered */
            return ENT_E_TIMEOUT;
        }
    enum ent_err r = ENT_E_PEER;
    if (s->state == ANSWERED && s->answer.kind == ENT_MSG_REFUSAL) {
        r = (enum ent_err)s->answer.bytes.p[0];
    } else if (s->state == ANSWERED) {
        *ret = s->answer;
        s->answer = ENT_MSG_NOTHING;
        r = ENT_OK;
    }
    give_slot(c, s);
    return r;
}

enum ent_err ent_channel_call(struct ent_channel *c, struct ent_msg *ret, uint16_t type,
                              struct ent_slice payload, int fd, unsigned ms)
{
    struct timespec t = deadline_in(ms);
    struct slot *s;
    if (payload.n > ENT_MSG_MAX)
        return ENT_E_LIMIT;
    struct ent_msg_head h = {(uint32_t)payload.n, type, ENT_MSG_CALL, fd >= 0, 0};
    enum ent_err r = check_own(c, &h);
    if (r != ENT_OK)
        return r;
    enter(c);
    if ((r = take_slot(c, &s, payload.n, &t)) != ENT_OK)
        goto out;
    if ((r = take_pen(c, &t)) != ENT_OK) {
        give_slot(c, s);
        goto out;
    }
    /* With the pen, so that numbers go out in order. */
    h.id = s->id = ++c->calls << SLOT_BITS | (uint64_t)(s - c->slots);
    s->type = type;
    if ((r = write_frame(c, &h, payload.p, fd)) != ENT_OK)
        give_slot(c, s);
    else
        r = wait_answer(c, s, ret, &t);
out:
    leave(c);
    return r;
}

/* --- reading ---------------------------------------------------------------------------------- */

static enum ent_err take_answer(struct ent_channel *c, pthread_cond_t **ret_wake, struct ent_msg *m,
                                struct ent_diag *d)
{
    uint64_t i = m->id & ((UINT64_C(1) << SLOT_BITS) - 1);
    struct slot *s = i < c->o.protocol->window ? &c->slots[i] : NULL;
    if (s == NULL || s->id != m->id || s->type != m->type ||
        (s->state != WAITING && s->state != ABANDONED))
        return ent_fail(d, ENT_E_FORMAT, "an answer to no call", 0, 8);
    if (m->kind == ENT_MSG_REFUSAL &&
        (m->bytes.p[0] == ENT_OK || m->bytes.p[0] > ENT_E_UNSUPPORTED))
        return ent_fail(d, ENT_E_FORMAT, "a refusal without a reason", 0, ENT_MSG_HEAD);
    if (s->state == ABANDONED) {
        give_slot(c, s);
        return ENT_OK;
    }
    s->answer = *m;
    *m = ENT_MSG_NOTHING;
    s->state = ANSWERED;
    *ret_wake = &s->changed;
    return ENT_OK;
}

/* Of the i-th in the queue; of the first behind it, for its length. */
static size_t place(const struct ent_channel *c, size_t i)
{
    size_t at = c->queue_first + i, window = c->o.protocol->window;
    return at < window ? at : at - window;
}

static enum ent_err take_call(struct ent_channel *c, pthread_cond_t **ret_wake, struct ent_msg *m,
                              struct ent_diag *d)
{
    const struct ent_protocol *p = c->o.protocol;
    if (c->servers == 0)
        return ent_fail(d, ENT_E_POLICY, "a call to one that serves none", 0, 6);
    if (m->id <= c->in_last)
        return ent_fail(d, ENT_E_FORMAT, "a call whose number is not new", 0, 8);
    if (c->in_n >= p->window || m->bytes.n > p->window_bytes - c->in_bytes)
        return ent_fail(d, ENT_E_LIMIT, "more calls at once than agreed", 0, 0);
    c->in_last = m->id;
    c->in_n++;
    c->in_bytes += m->bytes.n;
    c->queue[place(c, c->queue_n++)] = *m;
    *m = ENT_MSG_NOTHING;
    *ret_wake = &c->work;
    return ENT_OK;
}

static enum ent_err take_message(struct ent_channel *c, struct ent_msg *m, struct ent_diag *d)
{
    pthread_cond_t *wake = NULL;
    enum ent_err r;
    if (m->kind == ENT_MSG_NOTE) {
        if (c->o.note == NULL)
            return ent_fail(d, ENT_E_POLICY, "a note to one that reads none", 0, 6);
        c->o.note(c->o.ctx, m);
        return ENT_OK;
    }
    (void)pthread_mutex_lock(&c->lock);
    r = m->kind == ENT_MSG_CALL ? take_call(c, &wake, m, d) : take_answer(c, &wake, m, d);
    (void)pthread_mutex_unlock(&c->lock);
    if (wake != NULL) /* without the lock, which is the first thing that whoever wakes wants */
        (void)pthread_cond_signal(wake);
    return r;
}

/* Version, role, phase: a process of another version, which an upgrade leaves behind, is told from
 * one that lies only by the first words. */
static void greeting(uint8_t ret[static GREETING], unsigned role, unsigned phase)
{
    memset(ret, 0, GREETING);
    _Static_assert(sizeof(ENTENTE_VERSION) <= GREETING - 4, "the version fits");
    memcpy(ret, ENTENTE_VERSION, sizeof(ENTENTE_VERSION));
    ent_put_u16le(ret + GREETING - 4, (uint16_t)role);
    ent_put_u16le(ret + GREETING - 2, (uint16_t)phase);
}

static enum ent_err be_greeted(struct ent_channel *c, struct ent_diag *d)
{
    struct ent_msg_head h;
    uint8_t want[GREETING], got[GREETING];
    int fd = -1;
    enum ent_err r = ent_inbox_head(&c->in, &h, &fd, d);
    if (r != ENT_OK)
        return r;
    if (fd >= 0)
        (void)close(fd);
    if (h.type != 0 || h.kind != ENT_MSG_NOTE || h.fd || h.n != GREETING)
        return ent_fail(d, ENT_E_FORMAT, "a channel that does not begin with a greeting", 0, 0);
    if ((r = ent_inbox_body(&c->in, got, GREETING, d)) != ENT_OK)
        return r;
    greeting(want, c->o.peer, c->o.phase);
    if (memcmp(want, got, GREETING - 4) != 0)
        return ent_fail(d, ENT_E_UNSUPPORTED, "a process of another version", 0, ENT_MSG_HEAD);
    if (memcmp(want, got, GREETING) != 0)
        return ent_fail(d, ENT_E_STATE, "another role or phase than expected", 0, ENT_MSG_HEAD);
    return ENT_OK;
}

static void *read_all(void *arg)
{
    struct ent_channel *c = arg;
    struct ent_diag d = {0};
    enum ent_err r = be_greeted(c, &d);
    while (r == ENT_OK) {
        struct ent_msg m = ENT_MSG_NOTHING;
        r = ent_inbox_next(&c->in, &m, &d, c->o.protocol, c->o.peer, &c->phase);
        if (r == ENT_OK)
            r = take_message(c, &m, &d);
        ent_msg_release(&m);
    }
    (void)pthread_mutex_lock(&c->lock);
    die(c, r, &d);
    r = c->dead;
    d = c->why;
    bool tell = !c->ending && c->o.closed != NULL;
    (void)pthread_mutex_unlock(&c->lock);
    if (tell)
        c->o.closed(c->o.ctx, r, &d);
    return NULL;
}

/* --- serving ---------------------------------------------------------------------------------- */

static void serve_one(struct ent_channel *c, struct ent_msg *call)
{
    const struct ent_msg_row *row = ent_msg_row(c->o.protocol, call->type, ENT_MSG_ANSWER);
    struct ent_msg ret = ENT_MSG_NOTHING;
    size_t bytes = call->bytes.n;
    uint8_t refusal;
    ent_buf_init(&ret.bytes, row->max);
    enum ent_err e = c->o.serve(c->o.ctx, &ret, call);
    struct ent_msg_head h = {(uint32_t)ret.bytes.n, call->type, ENT_MSG_ANSWER, ret.fd >= 0,
                             call->id};
    if (e == ENT_OK)
        ENT_ASSERT(check_own(c, &h) == ENT_OK);
    else
        h = (struct ent_msg_head){1, call->type, ENT_MSG_REFUSAL, false, call->id};
    refusal = (uint8_t)e;
    /* Before the answer goes: whoever gets it may call again at once. */
    (void)pthread_mutex_lock(&c->lock);
    c->in_n--;
    c->in_bytes -= bytes;
    /* When it cannot be sent the channel is dead, which all see. */
    if (take_pen(c, NULL) == ENT_OK)
        e = write_frame(c, &h, e == ENT_OK ? ret.bytes.p : &refusal, h.fd ? ret.fd : -1);
    (void)pthread_mutex_unlock(&c->lock);
    ent_msg_release(&ret);
}

static void *serve_all(void *arg)
{
    struct ent_channel *c = arg;
    for (;;) {
        (void)pthread_mutex_lock(&c->lock);
        while (c->queue_n == 0 && c->dead == ENT_OK)
            (void)pthread_cond_wait(&c->work, &c->lock);
        if (c->dead != ENT_OK) {
            (void)pthread_mutex_unlock(&c->lock);
            return NULL;
        }
        struct ent_msg call = c->queue[c->queue_first];
        c->queue_first = place(c, 1);
        c->queue_n--;
        (void)pthread_mutex_unlock(&c->lock);
        serve_one(c, &call);
        ent_msg_release(&call);
    }
}

/* --- life ------------------------------------------------------------------------------------- */

static void release(struct ent_channel *c)
{
    for (unsigned i = 0; i < c->o.protocol->window; i++) {
        ent_msg_release(&c->slots[i].answer);
        (void)pthread_cond_destroy(&c->slots[i].changed);
    }
    for (size_t i = 0; i < c->queue_n; i++)
        ent_msg_release(&c->queue[place(c, i)]);
    pthread_cond_t *all[] = {&c->died, &c->unused, &c->pen, &c->credit, &c->work};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        (void)pthread_cond_destroy(all[i]);
    (void)pthread_mutex_destroy(&c->lock);
    ent_inbox_release(&c->in);
    (void)close(c->fd);
    free(c->slots);
    free(c->queue);
    free(c);
}

void ent_channel_close(struct ent_channel *c)
{
    (void)pthread_mutex_lock(&c->lock);
    die(c, ENT_E_INTERRUPTED, &(struct ent_diag){.text = "closed here"});
    (void)pthread_mutex_unlock(&c->lock);
}

void ent_channel_free(struct ent_channel *c)
{
    if (c == NULL)
        return;
    (void)pthread_mutex_lock(&c->lock);
    c->ending = true;
    die(c, ENT_E_INTERRUPTED, &(struct ent_diag){.text = "closed here"});
    while (c->users > 0)
        (void)pthread_cond_wait(&c->unused, &c->lock);
    (void)pthread_mutex_unlock(&c->lock);
    if (c->reading)
        (void)pthread_join(c->reader, NULL);
    for (unsigned i = 0; i < c->servers; i++)
        (void)pthread_join(c->server[i], NULL);
    release(c);
}

static struct ent_channel *make(int fd, const struct ent_channel_opts *o)
{
    struct ent_channel *c = calloc(1, sizeof(*c));
    pthread_condattr_t steady;
    if (c == NULL)
        return NULL;
    c->slots = calloc(o->protocol->window, sizeof(*c->slots));
    c->queue = calloc(o->protocol->window, sizeof(*c->queue));
    if (c->slots == NULL || c->queue == NULL) {
        free(c->slots);
        free(c->queue);
        free(c);
        return NULL;
    }
    c->fd = fd;
    c->o = *o;
    c->stall_ms = (int)(o->stall_ms == 0 ? STALL_MS : o->stall_ms);
    atomic_init(&c->phase, o->phase);
    ent_inbox_init(&c->in, fd);
    (void)pthread_mutex_init(&c->lock, NULL);
    (void)pthread_condattr_init(&steady);
    (void)pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
    pthread_cond_t *all[] = {&c->died, &c->unused, &c->pen, &c->credit, &c->work};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        (void)pthread_cond_init(all[i], &steady);
    for (unsigned i = 0; i < o->protocol->window; i++) {
        (void)pthread_cond_init(&c->slots[i].changed, &steady);
        c->slots[i].answer = ENT_MSG_NOTHING;
    }
    (void)pthread_condattr_destroy(&steady);
    return c;
}

/* Signals are for the threads that the program made itself. */
static enum ent_err start_threads(struct ent_channel *c, struct ent_diag *d)
{
    sigset_t all, before;
    bool fine = true;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    (void)pthread_mutex_lock(&c->lock); /* c->servers is whole before anybody looks */
    while (fine && c->servers < c->o.threads)
        if ((fine = pthread_create(&c->server[c->servers], NULL, serve_all, c) == 0))
            c->servers++;
    if (fine)
        fine = c->reading = pthread_create(&c->reader, NULL, read_all, c) == 0;
    (void)pthread_mutex_unlock(&c->lock);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return fine ? ENT_OK : ent_fail(d, ENT_E_NOMEM, "cannot start a thread", 0, 0);
}

enum ent_err ent_channel_new(struct ent_channel **ret, struct ent_diag *d, int fd,
                             const struct ent_channel_opts *opts)
{
    uint8_t hello[GREETING];
    const struct ent_msg_head h = {GREETING, 0, ENT_MSG_NOTE, false, 0};
    ENT_ASSERT(ent_protocol_is_sound(opts->protocol) && opts->self < ENT_MSG_ROLES &&
               opts->peer < ENT_MSG_ROLES && opts->phase < ENT_MSG_ROLES &&
               opts->threads <= SERVERS_MAX && (opts->threads == 0 || opts->serve != NULL));
    struct ent_channel *c = make(fd, opts);
    if (c == NULL) {
        (void)close(fd);
        return ent_fail(d, ENT_E_NOMEM, "no memory for a channel", 0, 0);
    }
    greeting(hello, opts->self, opts->phase);
    *ret = c; /* before a thread calls back, which may want it */
    enum ent_err r = ent_frame_out(fd, d, &h, hello, -1, c->stall_ms);
    if (r == ENT_OK)
        r = start_threads(c, d);
    if (r != ENT_OK) {
        ent_channel_free(c);
        *ret = NULL;
    }
    return r;
}

void ent_channel_set_phase(struct ent_channel *c, unsigned phase)
{
    ENT_ASSERT(phase < ENT_MSG_ROLES);
    atomic_store(&c->phase, phase);
}

enum ent_err ent_channel_wait(struct ent_channel *c, struct ent_diag *d)
{
    (void)pthread_mutex_lock(&c->lock);
    while (c->dead == ENT_OK)
        (void)pthread_cond_wait(&c->died, &c->lock);
    enum ent_err r = c->dead;
    if (d != NULL)
        *d = c->why;
    (void)pthread_mutex_unlock(&c->lock);
    return r;
}
