/*
 * runners.c: slots and who has them. A ticket is the number of one taking: who comes with an old
 * one, after the runner died or was given back, reaches nobody.
 */
#include "node/node.h"

#include <poll.h>
#include <pthread.h>

struct slot {
    bool there;      /* with a caller */
    bool used;       /* since it was taken */
    uint64_t ticket; /* of who has it, or 0 */
    enum ent_runners_for what;
    unsigned inside; /* calls under way */
    struct ent_caller caller;
};

struct local;

struct ent_runners {
    struct ent_runners_opts opts;
    struct local *local; /* or NULL */
    pthread_mutex_t lock;
    pthread_cond_t left; /* a call has ended */
    uint64_t tickets;
    struct slot slot[ENT_RUNNERS_MOST];
};

static void free_local(struct local *l, unsigned n);

enum ent_err ent_runners_new(struct ent_runners **ret, const struct ent_runners_opts *opts)
{
    struct ent_runners *r = calloc(1, sizeof(*r));
    ENT_ASSERT(opts->n > 0 && opts->n <= ENT_RUNNERS_MOST);
    if (r == NULL)
        return ENT_E_NOMEM;
    r->opts = *opts;
    (void)pthread_mutex_init(&r->lock, NULL);
    (void)pthread_cond_init(&r->left, NULL);
    *ret = r;
    return ENT_OK;
}

void ent_runners_free(struct ent_runners *r)
{
    if (r == NULL)
        return;
    free_local(r->local, r->opts.n);
    (void)pthread_cond_destroy(&r->left);
    (void)pthread_mutex_destroy(&r->lock);
    free(r);
}

void ent_runners_set(struct ent_runners *r, unsigned slot, const struct ent_caller *caller)
{
    ENT_ASSERT(slot < r->opts.n);
    struct slot *s = &r->slot[slot];
    (void)pthread_mutex_lock(&r->lock);
    s->there = false;
    s->ticket = 0; /* of a run whose runner died */
    while (s->inside > 0)
        (void)pthread_cond_wait(&r->left, &r->lock);
    if (caller != NULL) {
        s->caller = *caller;
        s->there = true;
    }
    (void)pthread_mutex_unlock(&r->lock);
}

unsigned ent_runners_slots(const struct ent_runners *r)
{
    return r->opts.n;
}

/* With the lock held. */
static bool may_take(const struct ent_runners *r, enum ent_runners_for what)
{
    unsigned theirs = 0;
    for (unsigned i = 0; i < r->opts.n; i++)
        theirs += r->slot[i].ticket != 0 && r->slot[i].what == what;
    return r->opts.n == 1 || theirs + 1 < r->opts.n;
}

bool ent_runners_take(struct ent_runners *r, enum ent_runners_for what, struct ent_runners_one *ret)
{
    bool found = false;
    (void)pthread_mutex_lock(&r->lock);
    const bool may = may_take(r, what);
    for (unsigned i = 0; may && i < r->opts.n && !found; i++) {
        struct slot *s = &r->slot[i];
        if (!s->there || s->ticket != 0)
            continue;
        s->ticket = ++r->tickets;
        s->used = false;
        s->what = what;
        *ret = (struct ent_runners_one){r, s->ticket};
        found = true;
    }
    (void)pthread_mutex_unlock(&r->lock);
    return found;
}

/* With the lock held. */
static struct slot *find(struct ent_runners *r, uint64_t ticket)
{
    for (unsigned i = 0; i < r->opts.n && ticket != 0; i++)
        if (r->slot[i].ticket == ticket)
            return &r->slot[i];
    return NULL;
}

void ent_runners_give(const struct ent_runners_one *one)
{
    struct ent_runners *r = one->all;
    bool over = false;
    if (r == NULL)
        return;
    (void)pthread_mutex_lock(&r->lock);
    struct slot *s = find(r, one->ticket);
    if (s != NULL) {
        s->ticket = 0;
        over = s->used;
        s->there = !over;
    }
    (void)pthread_mutex_unlock(&r->lock);
    if (over)
        r->opts.end(r->opts.ctx, (unsigned)(s - r->slot));
}

static enum ent_err call_one(void *ctx, struct ent_msg *ret, uint16_t type,
                             struct ent_slice payload)
{
    const struct ent_runners_one *one = ctx;
    struct ent_runners *r = one->all;
    if (r == NULL)
        return ENT_E_PEER;
    (void)pthread_mutex_lock(&r->lock);
    struct slot *s = find(r, one->ticket);
    struct ent_caller caller = {NULL, NULL};
    if (s != NULL) {
        s->inside++;
        s->used = true;
        caller = s->caller;
    }
    (void)pthread_mutex_unlock(&r->lock);
    if (s == NULL)
        return ENT_E_PEER;
    enum ent_err e = caller.call(caller.ctx, ret, type, payload);
    (void)pthread_mutex_lock(&r->lock);
    s->inside--;
    (void)pthread_cond_broadcast(&r->left);
    (void)pthread_mutex_unlock(&r->lock);
    return e;
}

struct ent_caller ent_runners_caller(const struct ent_runners_one *one)
{
    return (struct ent_caller){(void *)(uintptr_t)one, call_one};
}

/* --- in this process ----------------------------------------------------------------------------
 * A thread waits for runs that are over: whoever gives one back does not wait for what is under
 * way.
 */

#define PLACE_ANSWER_MAX                                                                           \
    (ENT_RUN_ANSWER_MAX > ENT_QWORK_ANSWER_MAX ? ENT_RUN_ANSWER_MAX : ENT_QWORK_ANSWER_MAX)

struct place {
    struct local *local;
    struct ent_desk_seat seat;
    struct ent_direct desk, self;
    struct ent_caller asks; /* the desk */
    struct ent_runner *runner;
    struct ent_qworker *worker;
    bool over;
};

struct local {
    struct ent_runners *all;
    struct ent_pool *pool;
    pthread_mutex_t lock;
    pthread_cond_t work;
    pthread_t renewer;
    bool renewing, ending;
    struct place place[ENT_RUNNERS_MOST];
};

static enum ent_err put_items(void *ctx, uint16_t type, struct ent_slice payload)
{
    struct place *p = ctx;
    enum ent_err r = ent_qworker_note(p->worker, type, payload);
    return r == ENT_E_STATE ? ent_runner_note(p->runner, type, payload) : r;
}

static enum ent_err serve_place(void *ctx, struct ent_msg *ret, struct ent_msg *call)
{
    const struct place *p = ctx;
    return (call->type & 0xff00) == ENT_MSG_QUORUM ? ent_qworker_serve(p->worker, ret, call)
                                                   : ent_runner_serve(p->runner, ret, call);
}

static void free_place(struct place *p)
{
    ent_runner_free(p->runner);
    ent_qworker_free(p->worker);
    p->runner = NULL;
    p->worker = NULL;
}

/* Without memory the place stays empty, and is tried again. */
static bool renew(struct place *p, unsigned slot)
{
    ent_runners_set(p->local->all, slot, NULL);
    free_place(p);
    ent_desk_seat_anew(&p->seat);
    if (ent_runner_new(&p->runner, &p->asks, p->local->pool) != ENT_OK ||
        ent_qworker_new(&p->worker, &p->asks) != ENT_OK)
        return false;
    p->self = (struct ent_direct){serve_place, p, PLACE_ANSWER_MAX};
    const struct ent_caller caller = ent_caller_direct(&p->self);
    ent_runners_set(p->local->all, slot, &caller);
    return true;
}

static void *renewer(void *ctx)
{
    struct local *l = ctx;
    (void)pthread_mutex_lock(&l->lock);
    while (!l->ending) {
        unsigned i = 0;
        while (i < l->all->opts.n && !l->place[i].over)
            i++;
        if (i == l->all->opts.n) {
            (void)pthread_cond_wait(&l->work, &l->lock);
            continue;
        }
        l->place[i].over = false; /* the new one may be over before this thread is back here */
        (void)pthread_mutex_unlock(&l->lock);
        bool fine = renew(&l->place[i], i);
        if (!fine)
            (void)poll(NULL, 0, 1000);
        (void)pthread_mutex_lock(&l->lock);
        l->place[i].over |= !fine;
    }
    (void)pthread_mutex_unlock(&l->lock);
    return NULL;
}

static void end_local(void *ctx, unsigned slot)
{
    struct local *l = ctx;
    (void)pthread_mutex_lock(&l->lock);
    ent_runner_stop(l->place[slot].runner);
    ent_qworker_stop(l->place[slot].worker);
    l->place[slot].over = true;
    (void)pthread_cond_signal(&l->work);
    (void)pthread_mutex_unlock(&l->lock);
}

static void free_local(struct local *l, unsigned n)
{
    if (l == NULL)
        return;
    (void)pthread_mutex_lock(&l->lock);
    l->ending = true;
    (void)pthread_cond_signal(&l->work);
    (void)pthread_mutex_unlock(&l->lock);
    if (l->renewing)
        (void)pthread_join(l->renewer, NULL);
    for (unsigned i = 0; i < n; i++)
        free_place(&l->place[i]);
    (void)pthread_cond_destroy(&l->work);
    (void)pthread_mutex_destroy(&l->lock);
    free(l);
}

enum ent_err ent_runners_local(struct ent_runners **ret, struct ent_desk *desk,
                               struct ent_pool *pool, unsigned n)
{
    struct local *l = calloc(1, sizeof(*l));
    const struct ent_runners_opts opts = {n, l, end_local};
    if (l == NULL)
        return ENT_E_NOMEM;
    (void)pthread_mutex_init(&l->lock, NULL);
    (void)pthread_cond_init(&l->work, NULL);
    l->pool = pool;
    if (ent_runners_new(&l->all, &opts) != ENT_OK) {
        free_local(l, 0);
        return ENT_E_NOMEM;
    }
    l->all->local = l;
    enum ent_err r = ENT_OK;
    for (unsigned i = 0; i < n && r == ENT_OK; i++) {
        struct place *p = &l->place[i];
        p->local = l;
        p->seat = (struct ent_desk_seat){.desk = desk, .ctx = p, .put = put_items};
        p->desk = (struct ent_direct){ent_desk_serve, &p->seat, ENT_DESK_ANSWER_MAX};
        p->asks = ent_caller_direct(&p->desk);
        r = renew(p, i) ? ENT_OK : ENT_E_NOMEM;
    }
    if (r == ENT_OK && pthread_create(&l->renewer, NULL, renewer, l) == 0)
        l->renewing = true;
    if (!l->renewing) {
        ent_runners_free(l->all);
        return ENT_E_NOMEM;
    }
    *ret = l->all;
    return ENT_OK;
}
