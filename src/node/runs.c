/* runs.c: the table of runs and the threads that work for it. */
#include "node/node.h"
#include "node/runs.h"

/* Who has been given a result looks for it in our log, and may be slow. */
#define LAST_LOOK_NS UINT64_C(3000000000)

void ent_runs_event(const struct ent_peer *p, const struct ent_peer_event *e)
{
    if (p->opts.event != NULL)
        p->opts.event(p->opts.ctx, e);
}

static void clear(struct ent_run *run)
{
    ent_runners_give(&run->runner);
    ent_buf_release(&run->accept_act);
    ent_buf_release(&run->result_act);
    *run = (struct ent_run){.state = ENT_RUN_FREE};
}

/* A finished run waits only for its last answer to be asked for again. */
static bool waits_for_nothing(const struct ent_run *run)
{
    return run->state == ENT_RUN_DONE && run->refs == 0;
}

/* Silent for a moment, as if its asker had been killed. */
static bool is_silent(const struct ent_peer *p, const struct ent_run *run, uint64_t now)
{
    const uint64_t most = (uint64_t)p->opts.idle_seconds * (1000000000u / ENT_PEER_YIELDS);
    return run->state == ENT_RUN_READY && run->refs == 0 && now - run->used_ns > most;
}

/* Of this partner's runs one fewer, if one of them only waits: what it begins now it wants more. */
static bool give_way(struct ent_peer *p, const char *partner)
{
    struct ent_run *oldest = NULL;
    const uint64_t now = ent_clock_steady_ns();
    for (size_t i = 0; i < ENT_RUNS; i++) {
        struct ent_run *run = &p->run[i];
        if (strcmp(run->partner, partner) == 0 && is_silent(p, run, now) &&
            (oldest == NULL || run->used_ns < oldest->used_ns))
            oldest = run;
    }
    if (oldest != NULL)
        ent_runs_kill(p, oldest, ENT_PEER_EXPIRED, ENT_E_TIMEOUT);
    return oldest != NULL;
}

struct ent_run *ent_runs_place(struct ent_peer *p, const char *partner)
{
    struct ent_run *place = NULL, *oldest = NULL;
    unsigned theirs = 0, most = ent_runners_slots(p->opts.runners) / 2;
    for (size_t i = 0; i < ENT_RUNS; i++) {
        struct ent_run *run = &p->run[i];
        if (waits_for_nothing(run) && strcmp(run->partner, partner) == 0)
            clear(run);
        if (waits_for_nothing(run) && (oldest == NULL || run->used_ns < oldest->used_ns))
            oldest = run;
        theirs += run->state != ENT_RUN_FREE && strcmp(run->partner, partner) == 0;
        if (run->state == ENT_RUN_FREE && place == NULL)
            place = run;
    }
    if (theirs >= (most > 0 ? most : 1) && !give_way(p, partner))
        return NULL;
    if (place == NULL && oldest != NULL)
        clear(place = oldest);
    return place;
}

static bool is_live(const struct ent_run *run, const struct ent_spki *peer)
{
    return run->state != ENT_RUN_FREE && run->state != ENT_RUN_DEAD &&
           memcmp(run->peer.b, peer->b, sizeof(peer->b)) == 0;
}

static struct ent_run *take(struct ent_run *run)
{
    run->refs++;
    run->used_ns = ent_clock_steady_ns();
    return run;
}

struct ent_run *ent_runs_get(struct ent_peer *p, const char *id, const struct ent_spki *peer)
{
    for (size_t i = 0; i < ENT_RUNS; i++)
        if (is_live(&p->run[i], peer) && strcmp(p->run[i].id, id) == 0)
            return take(&p->run[i]);
    return NULL;
}

struct ent_run *ent_runs_by_offer(struct ent_peer *p, const struct ent_hash32 *leaf,
                                  const struct ent_spki *peer)
{
    for (size_t i = 0; i < ENT_RUNS; i++)
        if (is_live(&p->run[i], peer) && memcmp(p->run[i].offer.b, leaf->b, 32) == 0)
            return take(&p->run[i]);
    return NULL;
}

void ent_runs_put(struct ent_run *run)
{
    run->refs--;
    run->used_ns = ent_clock_steady_ns();
    if (run->refs == 0 && run->state == ENT_RUN_DEAD)
        clear(run);
    if (run->refs == 0 && run->state == ENT_RUN_DONE) /* its key has done its work */
        ent_runners_give(&run->runner);
}

unsigned ent_runs_under_way(const struct ent_peer *p)
{
    const uint64_t now = ent_clock_steady_ns();
    unsigned n = 0;
    for (size_t i = 0; i < ENT_RUNS; i++) {
        const struct ent_run *run = &p->run[i];
        n += run->state == ENT_RUN_BUILDING || run->state == ENT_RUN_READY ||
             (run->state == ENT_RUN_DONE && (run->refs > 0 || now - run->used_ns < LAST_LOOK_NS));
    }
    return n;
}

void ent_runs_kill(struct ent_peer *p, struct ent_run *run, enum ent_peer_event_kind why,
                   enum ent_err err)
{
    if (run->state == ENT_RUN_FREE || run->state == ENT_RUN_DEAD)
        return;
    const struct ent_peer_event e = {
        .kind = why, .run = run->id, .partner = run->partner, .asked = run->asked, .err = err};
    if (run->state != ENT_RUN_DONE)
        ent_runs_event(p, &e);
    run->state = ENT_RUN_DEAD;
    ent_runners_give(&run->runner);
    if (run->refs == 0)
        clear(run);
}

/* --- the builders -------------------------------------------------------------------------------
 */

/* With the lock held, which is let go while it works. */
static void build(struct ent_peer *p, struct ent_run *run)
{
    const struct ent_caller runner = ent_runners_caller(&run->runner);
    run->refs++;
    run->built = true;
    (void)pthread_mutex_unlock(&p->lock);
    enum ent_err r = ent_run_build(&runner);
    (void)pthread_mutex_lock(&p->lock);
    if (r != ENT_OK)
        ent_runs_kill(p, run, ENT_PEER_ABORTED, r);
    else if (run->state == ENT_RUN_BUILDING)
        run->state = ENT_RUN_READY;
    ent_runs_put(run);
}

static void forget_silent(struct ent_peer *p)
{
    uint64_t now = ent_clock_steady_ns(), most = (uint64_t)p->opts.idle_seconds * 1000000000u;
    for (size_t i = 0; i < ENT_RUNS; i++) {
        struct ent_run *run = &p->run[i];
        bool waits = run->state == ENT_RUN_READY || run->state == ENT_RUN_DONE;
        if (waits && run->refs == 0 && now - run->used_ns > most)
            ent_runs_kill(p, run, ENT_PEER_EXPIRED, ENT_E_TIMEOUT);
    }
}

static struct ent_run *next_to_build(struct ent_peer *p)
{
    for (size_t i = 0; i < ENT_RUNS; i++)
        if (p->run[i].state == ENT_RUN_BUILDING && !p->run[i].built)
            return &p->run[i];
    return NULL;
}

void *ent_runs_builder(void *peer)
{
    struct ent_peer *p = peer;
    (void)pthread_mutex_lock(&p->lock);
    while (!p->ending) {
        struct ent_run *run = next_to_build(p);
        if (run != NULL) {
            build(p, run);
            continue;
        }
        forget_silent(p);
        struct timespec until;
        (void)clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += 1;
        (void)pthread_cond_timedwait(&p->work, &p->lock, &until);
    }
    (void)pthread_mutex_unlock(&p->lock);
    return NULL;
}
