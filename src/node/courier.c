/* courier.c: a thread for each other member. */
#include "node/node.h"

#include <pthread.h>
#include <time.h>

#define PIECES          64u /* of one log in a row, before others are looked after */
#define PIECES_BRIEF    16u /* which a command waits for */
#define CALL_SECONDS    20u
#define CONNECT_SECONDS 4u
#define RETRY_SECONDS   5u
/* First tries, a second apart: nodes that start together miss each other. */
#define HASTY 10u

struct courier {
    struct ent_couriers *all;
    char member[ENT_NAME_MAX + 1];
    struct ent_links *links;
    pthread_t thread;
    bool running, wanted; /* wanted: under the lock */
    bool met, tried, refused, broken;
    size_t told;        /* how much of the news */
    unsigned misses;    /* in a row */
    uint64_t submitted; /* size of the own head that it cosigned last */
    int64_t submitted_at;
};

struct ent_couriers {
    struct ent_couriers_opts opts;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    atomic_bool ending;
    struct courier courier[ENT_PACT_MEMBERS];
    size_t couriers;
};

static void tell(struct courier *c, enum ent_err r, const struct ent_diag *d)
{
    const struct ent_courier_event e = {.kind = r == ENT_OK ? ENT_COURIER_MET : ENT_COURIER_LOST,
                                        .member = c->member,
                                        .err = r,
                                        .why = d->text};
    bool change = !c->tried || c->met != (r == ENT_OK);
    (void)pthread_mutex_lock(&c->all->lock);
    c->met = r == ENT_OK;
    c->refused = r == ENT_E_AUTH;
    c->broken = r == ENT_E_PEER;
    (void)pthread_mutex_unlock(&c->all->lock);
    c->tried = true;
    if (change && c->all->opts.event != NULL && !atomic_load(&c->all->ending))
        c->all->opts.event(c->all->opts.ctx, &e);
}

/* The newest head, where the member has not cosigned it, or so long ago that people may wonder. */
static enum ent_err submit(struct courier *c, struct ent_diag *d, const struct ent_wire *wire)
{
    struct ent_book *b = c->all->opts.book;
    int64_t now = ent_clock_now();
    ent_book_lock(b);
    uint64_t size = ent_log_size(ent_book_log(b));
    ent_book_unlock(b);
    if (size == 0 ||
        (size == c->submitted && now - c->submitted_at < ENT_HEARTBEAT && now >= c->submitted_at))
        return ENT_OK;
    enum ent_err r = ent_view_submit(ent_book_view(b), d, wire, c->member, now);
    if (r == ENT_OK) {
        c->submitted = size;
        c->submitted_at = now;
    }
    return r;
}

/* What it has cosigned and cannot fetch, or has not yet. */
static enum ent_err push(struct courier *c, struct ent_diag *d, const struct ent_wire *wire)
{
    const unsigned most = c->all->opts.brief ? PIECES_BRIEF : PIECES;
    struct ent_view *v = ent_book_view(c->all->opts.book);
    bool more = true;
    enum ent_err r = ENT_OK;
    for (unsigned i = 0; r == ENT_OK && more && i < most && !atomic_load(&c->all->ending); i++)
        r = ent_view_push(v, d, wire, c->member, &more);
    return r;
}

static enum ent_err pull(struct courier *c, struct ent_diag *d, const struct ent_wire *wire,
                         const char *of)
{
    struct ent_view *v = ent_book_view(c->all->opts.book);
    struct ent_view_log before, after;
    enum ent_err r = ENT_OK;
    for (unsigned i = 0; r == ENT_OK && i < PIECES && !atomic_load(&c->all->ending); i++) {
        before = (struct ent_view_log){0};
        (void)!ent_view_log(v, &before, of, 0);
        r = ent_view_pull(v, d, wire, of, c->member, true, ent_clock_now());
        if (r != ENT_OK || ent_view_log(v, &after, of, 0) != ENT_OK ||
            after.mirrored == before.mirrored || after.mirrored == after.size)
            break;
    }
    if (r == ENT_OK)
        r = ent_news_read(c->all->opts.book, d, wire, of, c->member);
    return r == ENT_E_NOTFOUND ? ENT_OK : r; /* it has said nothing yet */
}

/* Is this one's own courier at a loss? Then others may have its log. */
static bool is_lost(struct ent_couriers *all, const char *member)
{
    bool lost = true;
    (void)pthread_mutex_lock(&all->lock);
    for (size_t i = 0; i < all->couriers; i++)
        if (strcmp(all->courier[i].member, member) == 0)
            lost = all->courier[i].tried && !all->courier[i].met;
    (void)pthread_mutex_unlock(&all->lock);
    return lost;
}

static void pull_for_others(struct courier *c, const struct ent_wire *wire)
{
    const struct ent_couriers_opts *o = &c->all->opts;
    char names[ENT_PACT_MEMBERS][ENT_NAME_MAX + 1];
    size_t n = 0;
    ent_book_lock(o->book);
    for (size_t i = 0; i < o->home->pact->members; i++)
        if (strcmp(o->home->pact->member[i].name, o->home->self.name) != 0 &&
            strcmp(o->home->pact->member[i].name, c->member) != 0)
            memcpy(names[n++], o->home->pact->member[i].name, ENT_NAME_MAX + 1);
    ent_book_unlock(o->book);
    for (size_t i = 0; i < n && !atomic_load(&c->all->ending); i++)
        if (is_lost(c->all, names[i]))
            (void)!pull(c, NULL, wire, names[i]); /* a courtesy: who has nothing has nothing */
}

/* What we said about the pact ourselves and have forgotten: whoever has it not may be asked again.
 */
static enum ent_err reread(struct courier *c, struct ent_diag *d, const struct ent_wire *wire)
{
    const char *self = c->all->opts.home->self.name;
    enum ent_err r = ent_news_read(c->all->opts.book, d, wire, self, c->member);
    return r == ENT_E_PEER ? ENT_OK : r;
}

/* What was said about the pact, when there is more of it than this member was told. */
static enum ent_err tell_news(struct courier *c, struct ent_diag *d, const struct ent_wire *wire)
{
    size_t n = ent_news_count(c->all->opts.book);
    enum ent_err r = n == c->told ? ENT_OK : ent_news_tell(c->all->opts.book, d, wire, c->member);
    if (r == ENT_OK)
        c->told = n;
    return r;
}

static void visit(struct courier *c)
{
    struct ent_book *b = c->all->opts.book;
    const struct ent_wire wire = ent_links_wire(c->links);
    struct ent_diag d = {0};
    enum ent_err r = ent_view_greet(ent_book_view(b), &d, &wire, c->member, ent_clock_now());
    if (r != ENT_OK && !c->all->opts.brief && !atomic_load(&c->all->ending))
        ent_view_missed(ent_book_view(b), c->member, ent_clock_now());
    if (r == ENT_OK && (r = ent_news_versions(b, &d, &wire, c->member)) == ENT_OK &&
        (r = ent_news_bring(b, &wire, c->member, false)) == ENT_OK &&
        (r = submit(c, &d, &wire)) == ENT_OK && !c->all->opts.brief &&
        (r = pull(c, &d, &wire, c->member)) == ENT_OK && (r = reread(c, &d, &wire)) == ENT_OK)
        r = tell_news(c, &d, &wire);
    if (r == ENT_OK) /* last: what it could fetch itself it may have by now */
        r = push(c, &d, &wire);
    if (r != ENT_OK && d.text == NULL)
        d.text = ent_links_why(c->links, c->member);
    tell(c, r, &d);
    if (r == ENT_OK && !c->all->opts.brief)
        pull_for_others(c, &wire);
}

/* Seconds until the next visit. */
static unsigned pause_of(struct courier *c)
{
    unsigned most = c->all->opts.seconds, retry = c->misses < HASTY ? 1 : RETRY_SECONDS;
    c->misses = c->met ? 0 : c->misses + 1;
    return c->met || most < retry ? most : retry;
}

static void *run(void *ctx)
{
    struct courier *c = ctx;
    struct ent_couriers *all = c->all;
    while (!atomic_load(&all->ending)) {
        struct timespec until;
        visit(c);
        (void)clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += (time_t)pause_of(c);
        (void)pthread_mutex_lock(&all->lock);
        while (!c->wanted && !atomic_load(&all->ending))
            if (pthread_cond_timedwait(&all->wake, &all->lock, &until) != 0)
                break;
        c->wanted = false;
        (void)pthread_mutex_unlock(&all->lock);
    }
    return NULL;
}

/* A connection that breaks may have been ended because our key is let in no more: who has heard
 * that we withdraw does so at once. Whether it was that, the next handshake says. */
static void *visit_once(void *ctx)
{
    struct courier *c = ctx;
    visit(c);
    if (c->broken)
        visit(c);
    return NULL;
}

static enum ent_err start_one(struct ent_couriers *all, const char *member, struct ent_diag *d)
{
    struct courier *c = &all->courier[all->couriers];
    const struct ent_links_opts links = {.pact = all->opts.home->pact,
                                         .self = all->opts.home->self.name,
                                         .tls = all->opts.tls,
                                         .front = all->opts.front,
                                         .member = all->opts.member,
                                         .url = all->opts.url,
                                         .connect_seconds = CONNECT_SECONDS,
                                         .call_seconds = CALL_SECONDS,
                                         .stop = &all->ending};
    c->all = all;
    memcpy(c->member, member, sizeof(c->member));
    enum ent_err r = ent_links_new(&c->links, d, &links);
    if (r == ENT_OK &&
        pthread_create(&c->thread, NULL, all->opts.seconds > 0 ? run : visit_once, c) != 0)
        r = ent_fail(d, ENT_E_NOMEM, "cannot start a thread", 0, 0);
    c->running = r == ENT_OK;
    (void)pthread_mutex_lock(&all->lock);
    all->couriers++;
    (void)pthread_mutex_unlock(&all->lock);
    return r;
}

enum ent_err ent_couriers_start(struct ent_couriers **ret, struct ent_diag *d,
                                const struct ent_couriers_opts *opts)
{
    struct ent_couriers *c = calloc(1, sizeof(*c));
    pthread_condattr_t attr;
    enum ent_err r = ENT_OK;
    if (c == NULL)
        return ent_fail(d, ENT_E_NOMEM, "out of memory", 0, 0);
    c->opts = *opts;
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_mutex_init(&c->lock, NULL);
    (void)pthread_cond_init(&c->wake, &attr);
    (void)pthread_condattr_destroy(&attr);
    ent_book_lock(opts->book);
    const struct ent_pact *p = opts->home->pact;
    for (size_t i = 0; r == ENT_OK && i < p->members; i++)
        if (strcmp(p->member[i].name, opts->home->self.name) != 0 &&
            (strcmp(p->member[i].url, "-") != 0 ||
             (opts->url != NULL && strcmp(p->member[i].name, opts->member) == 0)))
            r = start_one(c, p->member[i].name, d);
    ent_book_unlock(opts->book);
    if (r != ENT_OK) {
        ent_couriers_stop(c);
        return r;
    }
    *ret = c;
    return ENT_OK;
}

/* --- one round of visits -------------------------------------------------------------------------
 */

enum ent_err ent_couriers_once(struct ent_diag *d, const struct ent_couriers_opts *opts,
                               struct ent_courier_tally *ret)
{
    struct ent_couriers *c = NULL;
    struct ent_couriers_opts once = *opts;
    once.seconds = 0;
    enum ent_err r = ent_couriers_start(&c, d, &once);
    if (r != ENT_OK)
        return r;
    *ret = (struct ent_courier_tally){.all = (unsigned)c->couriers};
    for (size_t i = 0; i < c->couriers; i++) {
        (void)pthread_join(c->courier[i].thread, NULL);
        c->courier[i].running = false;
        ret->met += c->courier[i].met;
        ret->refused += c->courier[i].refused;
    }
    ent_couriers_stop(c);
    return ENT_OK;
}

void ent_couriers_wake(struct ent_couriers *c, const char *member)
{
    if (c == NULL)
        return;
    (void)pthread_mutex_lock(&c->lock);
    for (size_t i = 0; i < c->couriers; i++)
        if (member == NULL || strcmp(c->courier[i].member, member) == 0)
            c->courier[i].wanted = true;
    (void)pthread_cond_broadcast(&c->wake);
    (void)pthread_mutex_unlock(&c->lock);
}

void ent_couriers_stop(struct ent_couriers *c)
{
    if (c == NULL)
        return;
    (void)pthread_mutex_lock(&c->lock);
    atomic_store(&c->ending, true);
    (void)pthread_cond_broadcast(&c->wake);
    (void)pthread_mutex_unlock(&c->lock);
    for (size_t i = 0; i < c->couriers; i++) {
        if (c->courier[i].running)
            (void)pthread_join(c->courier[i].thread, NULL);
        ent_links_free(c->courier[i].links);
    }
    (void)pthread_cond_destroy(&c->wake);
    (void)pthread_mutex_destroy(&c->lock);
    free(c);
}
