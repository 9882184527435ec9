/* asks.c: a table of those that were started, and a thread for each that is under way. */
#include "node/node.h"

#include <pthread.h>

#define THREADS 2u /* that ask at a time, of one run */
/* Less than what a call through the front may take. */
#define CALL_SECONDS 50u

struct one {
    struct ent_asks *all;
    struct ent_ask_seen seen; /* under the lock, with the texts below */
    char partner[ENT_NAME_MAX + 1], by[ENT_USER_NAME_MAX + 1];
    struct ent_buf said;
    atomic_bool stop;
    pthread_t thread;
    bool joinable;
    /* The thread's own. */
    struct ent_member member;
    struct ent_runners_one runner;
    struct ent_buf items;
    uint32_t types;
    bool pad;
};

struct ent_asks {
    struct ent_asks_opts opts;
    pthread_mutex_t lock;
    bool draining;
    unsigned most; /* at a time */
    struct one *one[ENT_ASKS_KEPT];
};

enum ent_err ent_asks_new(struct ent_asks **ret, const struct ent_asks_opts *opts)
{
    const unsigned slots = ent_runners_slots(opts->runners);
    struct ent_asks *a = calloc(1, sizeof(*a));
    if (a == NULL)
        return ENT_E_NOMEM;
    a->opts = *opts;
    a->most = slots < 4 ? 1 : slots / 2;
    (void)pthread_mutex_init(&a->lock, NULL);
    *ret = a;
    return ENT_OK;
}

/* Its thread has ended, or is about to. */
static void free_one(struct one *o)
{
    if (o == NULL)
        return;
    if (o->joinable)
        (void)pthread_join(o->thread, NULL);
    ent_buf_wipe(&o->items);
    ent_buf_wipe(&o->said);
    free(o);
}

void ent_asks_free(struct ent_asks *a)
{
    if (a == NULL)
        return;
    for (size_t i = 0; i < ENT_ASKS_KEPT; i++)
        if (a->one[i] != NULL)
            atomic_store(&a->one[i]->stop, true);
    for (size_t i = 0; i < ENT_ASKS_KEPT; i++)
        free_one(a->one[i]);
    (void)pthread_mutex_destroy(&a->lock);
    free(a);
}

void ent_asks_drain(struct ent_asks *a)
{
    (void)pthread_mutex_lock(&a->lock);
    a->draining = true;
    (void)pthread_mutex_unlock(&a->lock);
}

/* With the lock held. */
static unsigned running(const struct ent_asks *a)
{
    unsigned n = 0;
    for (size_t i = 0; i < ENT_ASKS_KEPT; i++)
        n += a->one[i] != NULL && a->one[i]->seen.state == ENT_ASK_RUNNING;
    return n;
}

unsigned ent_asks_running(struct ent_asks *a)
{
    (void)pthread_mutex_lock(&a->lock);
    unsigned n = running(a);
    (void)pthread_mutex_unlock(&a->lock);
    return n;
}

/* --- whether ------------------------------------------------------------------------------------
 */

uint64_t ent_asks_cost(uint64_t items, bool pad)
{
    uint64_t cost = 1;
    if (!pad)
        return items;
    while (cost < items)
        cost *= 2;
    return cost;
}

static enum ent_err find_partner(struct ent_asks *a, struct ent_member *ret, struct ent_diag *d,
                                 const char *partner)
{
    const struct ent_home *h = ent_book_home(a->opts.book);
    ent_book_lock(a->opts.book);
    const struct ent_member *m = ent_pact_member(h->pact, partner);
    const bool other = m != NULL && strcmp(partner, h->self.name) != 0;
    if (other)
        *ret = *m;
    ent_book_unlock(a->opts.book);
    if (!other)
        return ent_fail(d, ENT_E_NOTFOUND, "there is no such partner in the pact", 0, 0);
    return strcmp(ret->url, "-") != 0
               ? ENT_OK
               : ent_fail(d, ENT_E_POLICY, "its card has no address: it can only ask", 0, 0);
}

static enum ent_err budget(struct ent_asks *a, struct ent_ask_left *ret, const char *partner,
                           int64_t now)
{
    ent_book_lock(a->opts.book);
    const struct ent_budget b = ent_book_home(a->opts.book)->pact->budget;
    ent_book_unlock(a->opts.book);
    ret->budget = b.items;
    ret->spent = 0;
    return ent_desk_spent(&a->opts.desk, &ret->spent, partner, ENT_WE_ASK,
                          ent_budget_period(&b, now));
}

static enum ent_err has_room(struct ent_asks *a, struct ent_diag *d)
{
    (void)pthread_mutex_lock(&a->lock);
    const char *why = a->draining             ? "the node is about to end"
                      : running(a) >= a->most ? "as many matches as may be are under way: wait for "
                                                "one of them, or give it up"
                                              : NULL;
    (void)pthread_mutex_unlock(&a->lock);
    return why == NULL ? ENT_OK : ent_fail(d, ENT_E_STATE, why, 0, 0);
}

static enum ent_err may(struct ent_asks *a, struct ent_member *member, struct ent_ask_left *left,
                        struct ent_diag *d, const char *partner, uint64_t items, int64_t now)
{
    const char *whom;
    enum ent_err r = budget(a, left, partner, now);
    if (r != ENT_OK)
        return ent_fail(d, ENT_E_PEER, "the budget cannot be read now", 0, 0);
    if ((r = find_partner(a, member, d, partner)) != ENT_OK ||
        (r = ent_book_may_say(a->opts.book, d)) != ENT_OK ||
        (r = ent_ask_may(a->opts.book, &whom, d, partner, items, left->spent)) != ENT_OK)
        return r;
    return has_room(a, d);
}

enum ent_err ent_asks_may(struct ent_asks *a, struct ent_ask_left *ret, struct ent_diag *d,
                          const char *partner, uint64_t items, int64_t now)
{
    struct ent_member *m = malloc(sizeof(*m));
    *ret = (struct ent_ask_left){0};
    enum ent_err r = m == NULL ? ENT_E_NOMEM : may(a, m, ret, d, partner, items, now);
    free(m);
    return r;
}

/* --- a run --------------------------------------------------------------------------------------
 */

static enum ent_err charge(void *ctx, const char *partner, uint64_t period, uint64_t items)
{
    const struct one *o = ctx;
    return ent_desk_asked(&o->all->opts.desk, partner, period, items);
}

static void progress(void *ctx, enum ent_ask_phase phase, uint64_t done, uint64_t all)
{
    struct one *o = ctx;
    (void)pthread_mutex_lock(&o->all->lock);
    o->seen.phase = phase;
    o->seen.done = done;
    o->seen.all = all;
    (void)pthread_mutex_unlock(&o->all->lock);
}

/* In pieces: no message needs room for all of them. */
static enum ent_err load(const struct one *o, const struct ent_caller *seeker)
{
    struct ent_cur c = ent_cur(ent_buf_slice(&o->items));
    struct ent_buf piece;
    struct ent_slice key;
    enum ent_err r = ENT_OK;
    ent_buf_init(&piece, ENT_SEEK_ADD_MAX);
    while (r == ENT_OK && c.n > 0) {
        struct ent_cur next = c;
        if ((r = ent_seek_take(&key, &next)) == ENT_OK &&
            (r = ent_seek_put(&piece, key)) == ENT_E_LIMIT) {
            r = ent_seek_add(seeker, ent_buf_slice(&piece));
            ent_buf_clear(&piece);
        } else {
            c = next;
        }
    }
    if (r == ENT_OK)
        r = ent_seek_add(seeker, ent_buf_slice(&piece));
    ent_buf_wipe(&piece);
    return r;
}

static enum ent_err ask(struct one *o, struct ent_ask_report *report, struct ent_buf *said,
                        struct ent_diag *d)
{
    const struct ent_asks_opts *all = &o->all->opts;
    const struct ent_caller seeker = ent_runners_caller(&o->runner);
    struct ent_pool *pool = NULL;
    const struct ent_ask_opts opts = {.book = all->book,
                                      .seeker = seeker,
                                      .dialer = ent_front_dialer(&all->front),
                                      .partner = &o->member,
                                      .call_seconds = CALL_SECONDS,
                                      .types = o->types,
                                      .pad = o->pad,
                                      .hits_max = o->items.n,
                                      .stop = &o->stop,
                                      .ctx = o,
                                      .charge = charge,
                                      .progress = progress};
    struct ent_ask_opts with = opts;
    enum ent_err r = load(o, &seeker);
    if (r != ENT_OK)
        return ent_fail(d, r, "the process that was to compute this run has ended", 0, 0);
    if ((r = ent_pool_new(&pool, THREADS)) != ENT_OK)
        return ent_fail(d, r, "out of memory", 0, 0);
    with.pool = pool;
    r = ent_ask(report, d, &with);
    if (r == ENT_OK && ent_seek_said(&seeker, said) != ENT_OK)
        ent_buf_clear(said); /* the result is kept; what the partner says of it is not */
    ent_pool_free(pool);
    return r;
}

static void tell(const struct one *o, enum ent_ask_state state, const struct ent_ask_report *rep,
                 enum ent_err err, const char *why)
{
    const struct ent_ask_event e = {.state = state,
                                    .partner = o->partner,
                                    .asked = rep != NULL ? rep->asked : o->seen.cost,
                                    .run = rep != NULL ? rep->run : "",
                                    .err = err,
                                    .why = why};
    if (o->all->opts.event != NULL)
        o->all->opts.event(o->all->opts.ctx, &e);
}

static void *run(void *ctx)
{
    struct one *o = ctx;
    struct ent_ask_report report = {.run = ""};
    struct ent_diag d = {0};
    struct ent_buf said;
    ent_buf_init(&said, ENT_SEEK_SAID_MAX);
    enum ent_err r = ask(o, &report, &said, &d);
    const char *why = r == ENT_OK ? NULL : d.text != NULL ? d.text : ent_err_str(r);
    const bool broke = r == ENT_E_INTERRUPTED || r == ENT_E_PEER || r == ENT_E_TIMEOUT;
    if (broke && atomic_load(&o->stop))
        why = "given up";
    ent_runners_give(&o->runner);
    ent_buf_wipe(&o->items);
    tell(o, r == ENT_OK ? ENT_ASK_DONE : ENT_ASK_FAILED, &report, r, why);
    (void)pthread_mutex_lock(&o->all->lock);
    o->said = said;
    o->seen.said = ent_buf_slice(&o->said);
    o->seen.report = report;
    o->seen.why = why;
    o->seen.ended = ent_clock_now();
    o->seen.state = r == ENT_OK ? ENT_ASK_DONE : ENT_ASK_FAILED;
    (void)pthread_mutex_unlock(&o->all->lock);
    return NULL;
}

/* --- starting -----------------------------------------------------------------------------------
 */

static bool are_items(const struct ent_ask_wish *w)
{
    struct ent_cur c = ent_cur(w->items);
    struct ent_slice key;
    uint64_t n = 0;
    while (c.n > 0 && ent_seek_take(&key, &c) == ENT_OK)
        n++;
    return c.n == 0 && n > 0 && n == w->n && w->items.n <= ENT_ASKS_ITEMS && w->types != 0;
}

static enum ent_err make_one(struct ent_asks *a, struct one **ret, const struct ent_ask_wish *w,
                             int64_t now)
{
    struct one *o = calloc(1, sizeof(*o));
    if (o == NULL)
        return ENT_E_NOMEM;
    o->all = a;
    (void)snprintf(o->partner, sizeof(o->partner), "%s", w->partner);
    (void)snprintf(o->by, sizeof(o->by), "%s", w->by);
    o->types = w->types;
    o->pad = w->pad;
    o->seen = (struct ent_ask_seen){.partner = o->partner,
                                    .by = o->by,
                                    .items = w->n,
                                    .cost = ent_asks_cost(w->n, w->pad),
                                    .began = now};
    while (o->seen.id == 0) {
        ent_random(&o->seen.id, sizeof(o->seen.id));
        o->seen.id &= ENT_ASKS_ID;
    }
    ent_buf_init(&o->said, 0);
    ent_buf_init(&o->items, w->items.n);
    enum ent_err r = ent_buf_put_slice(&o->items, w->items);
    if (r != ENT_OK)
        free_one(o);
    else
        *ret = o;
    return r;
}

/* A place for one more: a free one, or the oldest that is over. With the lock held. */
static struct one **place(struct ent_asks *a)
{
    struct one **oldest = NULL;
    for (size_t i = 0; i < ENT_ASKS_KEPT; i++) {
        struct one **o = &a->one[i];
        if (*o == NULL)
            return o;
        if ((*o)->seen.state != ENT_ASK_RUNNING &&
            (oldest == NULL || (*o)->seen.ended < (*oldest)->seen.ended))
            oldest = o;
    }
    return oldest;
}

/* With the lock held; o is in the table, or stays the caller's. */
static enum ent_err begin(struct ent_asks *a, struct one *o, struct ent_diag *d)
{
    struct one **at = place(a);
    if (a->draining || running(a) >= a->most || at == NULL ||
        !ent_runners_take(a->opts.runners, ENT_RUNNERS_MATCH, &o->runner))
        return ent_fail(d, ENT_E_STATE, "all processes for matches are busy", 0, 0);
    tell(o, ENT_ASK_RUNNING, NULL, ENT_OK, NULL);
    if (pthread_create(&o->thread, NULL, run, o) != 0) {
        ent_runners_give(&o->runner);
        return ent_fail(d, ENT_E_NOMEM, "cannot start a thread", 0, 0);
    }
    o->joinable = true;
    free_one(*at); /* its thread is behind its last look at the lock */
    *at = o;
    return ENT_OK;
}

enum ent_err ent_asks_start(struct ent_asks *a, uint64_t *ret_id, struct ent_diag *d,
                            const struct ent_ask_wish *w, int64_t now)
{
    struct ent_ask_left left;
    struct one *o = NULL;
    enum ent_err r = are_items(w) ? make_one(a, &o, w, now) : ENT_E_FORMAT;
    if (r != ENT_OK)
        return ent_fail(d, r, "these are no items", 0, 0);
    const uint64_t id = o->seen.id;
    if ((r = may(a, &o->member, &left, d, w->partner, o->seen.cost, now)) == ENT_OK) {
        (void)pthread_mutex_lock(&a->lock);
        r = begin(a, o, d);
        (void)pthread_mutex_unlock(&a->lock);
    }
    if (r == ENT_OK)
        *ret_id = id;
    else
        free_one(o);
    return r;
}

/* --- looking ------------------------------------------------------------------------------------
 */

/* With the lock held. */
static struct one *find(struct ent_asks *a, uint64_t id)
{
    for (size_t i = 0; i < ENT_ASKS_KEPT; i++)
        if (a->one[i] != NULL && a->one[i]->seen.id == id)
            return a->one[i];
    return NULL;
}

enum ent_err ent_asks_stop(struct ent_asks *a, uint64_t id)
{
    (void)pthread_mutex_lock(&a->lock);
    struct one *o = find(a, id);
    const bool there = o != NULL && o->seen.state == ENT_ASK_RUNNING;
    if (there) {
        o->seen.stopping = true;
        atomic_store(&o->stop, true);
    }
    (void)pthread_mutex_unlock(&a->lock);
    return there ? ENT_OK : ENT_E_NOTFOUND;
}

enum ent_err ent_asks_partner(struct ent_asks *a, char ret[static ENT_NAME_MAX + 1], uint64_t id)
{
    (void)pthread_mutex_lock(&a->lock);
    const struct one *o = find(a, id);
    if (o != NULL)
        memcpy(ret, o->partner, sizeof(o->partner));
    (void)pthread_mutex_unlock(&a->lock);
    return o != NULL ? ENT_OK : ENT_E_NOTFOUND;
}

static int later(const void *x, const void *y)
{
    const struct one *const *a = x, *const *b = y;
    return ((*a)->seen.began < (*b)->seen.began) - ((*a)->seen.began > (*b)->seen.began);
}

enum ent_err ent_asks_each(struct ent_asks *a,
                           enum ent_err (*each)(void *ctx, const struct ent_ask_seen *s), void *ctx)
{
    const struct one *all[ENT_ASKS_KEPT];
    size_t n = 0;
    enum ent_err r = ENT_OK;
    (void)pthread_mutex_lock(&a->lock);
    for (size_t i = 0; i < ENT_ASKS_KEPT; i++)
        if (a->one[i] != NULL)
            all[n++] = a->one[i];
    if (n > 0)
        qsort(all, n, sizeof(const struct one *), later);
    for (size_t i = 0; i < n && r == ENT_OK; i++)
        r = each(ctx, &all[i]->seen);
    (void)pthread_mutex_unlock(&a->lock);
    return r;
}
