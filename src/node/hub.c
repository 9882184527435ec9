/*
 * hub.c: a channel for each process that this one was given one to. A channel that died stays where
 * it is until the parent sends the next one, or the last who is inside has left.
 */
#include "node/hub.h"

#include "node/counts.h"
#include "node/portal.h"
#include "node/protocol.h"

#include <pthread.h>
#include <time.h>

#define PATIENCE_MS 5000u /* for a process to be started (again) */
#define ANSWER_MS   60000u
#define LOOK_MS     2000u    /* how it is with that one, for somebody who waits for it */
#define RUN_MS      3600000u /* a run's: a filter of many millions */
#define DESK_MS     600000u  /* all that is known, to a run */

/* One place that a channel may be in. */
struct line {
    struct ent_hub *hub;
    struct ent_at at;
    struct wire *wire; /* NULL: none, or a dead one whose callers have not left */
    struct wire *told; /* of which was told that it is there; under the lock for telling */
};

/* A channel, and how many look at it. */
struct wire {
    struct line *line;
    struct ent_channel *channel;
    unsigned users; /* under the hub's lock; one is the thread that reads */
    bool old;       /* replaced, or dead: whoever is last frees it */
};

struct ent_hub {
    struct ent_hub_opts o;
    struct ent_channel *control;
    pthread_mutex_t telling; /* taken before the next */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool ending;
    struct line line[ENT_PROCESSES][ENT_PLACES];
};

/* --- what a channel is for ----------------------------------------------------------------------
 */

static const struct ent_hub_service *service_of(const struct ent_hub *h, const struct ent_at *from,
                                                uint16_t type)
{
    for (size_t i = 0; i < h->o.n; i++) {
        const struct ent_hub_service *s = &h->o.services[i];
        if (s->from.process == from->process && s->from.index == from->index &&
            s->range == (type & 0xff00))
            return s;
    }
    return NULL;
}

/* A call from whom nothing is served is a fault. */
static unsigned threads_for(const struct ent_hub *h, const struct ent_at *from)
{
    const unsigned all = h->o.threads == 0 ? 2 : h->o.threads;
    unsigned most = 0;
    for (size_t i = 0; i < h->o.n; i++) {
        const struct ent_hub_service *s = &h->o.services[i];
        const unsigned n = s->threads == 0 ? all : s->threads;
        if (s->serve != NULL && s->from.process == from->process && s->from.index == from->index &&
            n > most)
            most = n;
    }
    return most;
}

static enum ent_err serve(void *ctx, struct ent_msg *ret, struct ent_msg *call)
{
    struct wire *w = ctx;
    struct ent_hub *h = w->line->hub;
    const struct ent_hub_service *s = service_of(h, &w->line->at, call->type);
    return s == NULL || s->serve == NULL ? ENT_E_UNSUPPORTED : s->serve(s->service, ret, call);
}

static void take_note(void *ctx, struct ent_msg *note)
{
    struct wire *w = ctx;
    const struct ent_hub_service *s = service_of(w->line->hub, &w->line->at, note->type);
    if (s != NULL && s->note != NULL)
        s->note(s->service, note);
}

/* --- the life of a channel ----------------------------------------------------------------------
 */

static void *free_wire(void *ctx)
{
    struct wire *w = ctx;
    ent_channel_free(w->channel);
    free(w);
    return NULL;
}

/* In a thread of its own: a channel is not freed by its own threads, and waits for them. */
static void drop(struct wire *w)
{
    pthread_t t;
    if (pthread_create(&t, NULL, free_wire, w) == 0)
        (void)pthread_detach(t); /* else it stays: there is no memory anyway */
}

static void leave(struct ent_hub *h, struct wire *w)
{
    (void)pthread_mutex_lock(&h->lock);
    if (--w->users == 0 && w->old)
        drop(w);
    (void)pthread_mutex_unlock(&h->lock);
}

/* With the lock held. Calls that are inside end soon. */
static void retire(struct line *l)
{
    struct wire *w = l->wire;
    if (w == NULL)
        return;
    l->wire = NULL;
    w->old = true;
    ent_channel_close(w->channel);
}

static void accuse(struct ent_hub *h, const struct ent_at *at, const struct ent_diag *d)
{
    struct ent_liar liar = {.at = *at};
    struct ent_buf b;
    (void)snprintf(liar.why, sizeof(liar.why), "%s", d->text != NULL ? d->text : "it lied");
    ent_buf_init(&b, 256);
    if (ent_liar_encode(&b, &liar) == ENT_OK)
        (void)!ent_hub_tell(h, ENT_CONTROL_LIAR, ent_buf_slice(&b));
    ent_buf_release(&b);
}

/* With the lock for telling held: once for each channel, and before the next one is told. */
static void tell_gone(struct ent_hub *h, struct line *l)
{
    if (l->told != NULL && h->o.linked != NULL)
        h->o.linked(h->o.ctx, &l->at, false);
    l->told = NULL;
}

/* By the thread that read it, which is about to end. */
static void closed(void *ctx, enum ent_err why, const struct ent_diag *d)
{
    struct wire *w = ctx;
    struct line *l = w->line;
    struct ent_hub *h = l->hub;
    (void)pthread_mutex_lock(&h->telling);
    if (l->told == w)
        tell_gone(h, l);
    (void)pthread_mutex_lock(&h->lock);
    if (l->wire == w)
        retire(l);
    (void)pthread_mutex_unlock(&h->lock);
    (void)pthread_mutex_unlock(&h->telling);
    if (why != ENT_E_PEER && why != ENT_E_INTERRUPTED)
        accuse(h, &l->at, d);
    if ((h->o.vital & ENT_MSG_BIT(l->at.process)) != 0)
        ent_hub_end(h);
    leave(h, w);
}

void ent_hub_drop(struct ent_hub *h, enum ent_process process, unsigned index)
{
    (void)pthread_mutex_lock(&h->lock);
    retire(&h->line[process][index]);
    (void)pthread_mutex_unlock(&h->lock);
}

static void link_to(struct ent_hub *h, const struct ent_at *at, int fd)
{
    struct line *l = &h->line[at->process][at->index];
    const struct ent_protocol *p = ent_link_protocol(h->o.self.process, at->process);
    struct wire *w = p == NULL ? NULL : calloc(1, sizeof(*w));
    const struct ent_channel_opts o = {.protocol = p,
                                       .self = h->o.self.process,
                                       .peer = at->process,
                                       .threads = threads_for(h, at),
                                       .serve = serve,
                                       .note = take_note,
                                       .closed = closed,
                                       .ctx = w};
    if (w == NULL) {
        (void)close(fd);
        return;
    }
    *w = (struct wire){.line = l, .users = 1};
    (void)pthread_mutex_lock(&h->telling);
    tell_gone(h, l);
    (void)pthread_mutex_lock(&h->lock);
    retire(l);
    bool there = ent_channel_new(&w->channel, NULL, fd, &o) == ENT_OK;
    l->wire = there ? w : NULL;
    (void)pthread_cond_broadcast(&h->changed);
    (void)pthread_mutex_unlock(&h->lock);
    l->told = there ? w : NULL;
    if (there && h->o.linked != NULL)
        h->o.linked(h->o.ctx, at, true);
    (void)pthread_mutex_unlock(&h->telling);
    if (!there)
        free(w);
}

/* --- asking -------------------------------------------------------------------------------------
 */

static struct timespec in_ms(unsigned ms)
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

/* The channel that is there, or comes in time; to be left. */
static struct wire *enter(struct line *l, unsigned ms)
{
    struct ent_hub *h = l->hub;
    const struct timespec until = in_ms(ms);
    int timed_out = 0;
    (void)pthread_mutex_lock(&h->lock);
    while (l->wire == NULL && !h->ending && timed_out == 0)
        timed_out = pthread_cond_timedwait(&h->changed, &h->lock, &until);
    struct wire *w = h->ending ? NULL : l->wire;
    if (w != NULL)
        w->users++;
    (void)pthread_mutex_unlock(&h->lock);
    return w;
}

static unsigned answer_ms(uint16_t type)
{
    if (type == ENT_API_READY || type == ENT_BOOK_READY || type == ENT_MSG_COUNTS)
        return LOOK_MS;
    switch (type & ~0xff) {
    case ENT_MSG_RUN:
    case ENT_MSG_QUORUM:
        return RUN_MS;
    case ENT_MSG_DESK:
        return DESK_MS;
    default:
        return ANSWER_MS;
    }
}

static enum ent_err call(void *ctx, struct ent_msg *ret, uint16_t type, struct ent_slice payload)
{
    struct line *l = ctx;
    const unsigned ms = answer_ms(type);
    struct wire *w = enter(l, ms < PATIENCE_MS ? ms : PATIENCE_MS);
    if (w == NULL)
        return ENT_E_PEER;
    enum ent_err r = ent_channel_call(w->channel, ret, type, payload, -1, ms);
    leave(l->hub, w);
    return r;
}

struct ent_caller ent_hub_caller(struct ent_hub *h, enum ent_process process, unsigned index)
{
    ENT_ASSERT(index < ENT_PLACES);
    return (struct ent_caller){&h->line[process][index], call};
}

enum ent_err ent_hub_note(struct ent_hub *h, enum ent_process process, unsigned index,
                          uint16_t type, struct ent_slice payload)
{
    struct wire *w = enter(&h->line[process][index], 0);
    if (w == NULL)
        return ENT_E_PEER;
    enum ent_err r = ent_channel_note(w->channel, type, payload, -1);
    leave(h, w);
    return r;
}

enum ent_err ent_hub_tell(struct ent_hub *h, uint16_t type, struct ent_slice payload)
{
    return ent_channel_note(h->control, type, payload, -1);
}

void ent_hub_say(struct ent_hub *h, const struct ent_report *r)
{
    struct ent_buf b;
    ent_buf_init(&b, ENT_REPORT_MAX);
    if (ent_report_encode(&b, r) == ENT_OK)
        (void)!ent_hub_tell(h, ENT_MSG_REPORT, ent_buf_slice(&b));
    ent_buf_release(&b);
}

/* --- the parent ---------------------------------------------------------------------------------
 */

static void heard(void *ctx, struct ent_msg *note)
{
    struct ent_hub *h = ctx;
    struct ent_at at;
    if (note->type == ENT_CONTROL_LINK &&
        ent_at_parse(&at, ent_buf_slice(&note->bytes)) == ENT_OK) {
        link_to(h, &at, note->fd);
        note->fd = -1;
    } else if (note->type == ENT_CONTROL_STOP) {
        ent_hub_end(h);
    } else if (h->o.told != NULL) {
        h->o.told(h->o.ctx, note);
    }
}

static void orphaned(void *ctx, enum ent_err why, const struct ent_diag *d)
{
    (void)why, (void)d;
    ent_hub_end(ctx);
}

enum ent_err ent_hub_new(struct ent_hub **ret, const struct ent_hub_opts *opts)
{
    struct ent_hub *h = calloc(1, sizeof(*h));
    pthread_condattr_t steady;
    if (h == NULL)
        return ENT_E_NOMEM;
    h->o = *opts;
    (void)pthread_mutex_init(&h->telling, NULL);
    (void)pthread_mutex_init(&h->lock, NULL);
    (void)pthread_condattr_init(&steady);
    (void)pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&h->changed, &steady);
    (void)pthread_condattr_destroy(&steady);
    for (unsigned p = 0; p < ENT_PROCESSES; p++)
        for (unsigned i = 0; i < ENT_PLACES; i++)
            h->line[p][i] = (struct line){.hub = h, .at = {(enum ent_process)p, i}};
    *ret = h;
    return ENT_OK;
}

enum ent_err ent_hub_start(struct ent_hub *h, struct ent_diag *d, int control)
{
    const struct ent_channel_opts o = {.protocol = &ent_control,
                                       .self = h->o.self.process,
                                       .peer = ENT_PROCESS_PARENT,
                                       .note = heard,
                                       .closed = orphaned,
                                       .ctx = h};
    return ent_channel_new(&h->control, d, control, &o);
}

enum ent_err ent_hub_ready(struct ent_hub *h, const struct ent_ready *ready)
{
    struct ent_buf b;
    ent_buf_init(&b, 512);
    enum ent_err r = ent_ready_encode(&b, ready);
    if (r == ENT_OK)
        r = ent_hub_tell(h, ENT_CONTROL_READY, ent_buf_slice(&b));
    ent_buf_release(&b);
    return r;
}

void ent_hub_end(struct ent_hub *h)
{
    (void)pthread_mutex_lock(&h->lock);
    h->ending = true;
    (void)pthread_cond_broadcast(&h->changed);
    (void)pthread_mutex_unlock(&h->lock);
}

void ent_hub_wait(struct ent_hub *h)
{
    (void)pthread_mutex_lock(&h->lock);
    while (!h->ending)
        (void)pthread_cond_wait(&h->changed, &h->lock);
    (void)pthread_mutex_unlock(&h->lock);
}

bool ent_hub_is_over(struct ent_hub *h, unsigned ms)
{
    const struct timespec until = in_ms(ms);
    int timed_out = ms == 0 ? 1 : 0;
    (void)pthread_mutex_lock(&h->lock);
    while (!h->ending && timed_out == 0)
        timed_out = pthread_cond_timedwait(&h->changed, &h->lock, &until);
    bool over = h->ending;
    (void)pthread_mutex_unlock(&h->lock);
    return over;
}
