/* quorum_turns.c: which runs have a process when there are fewer of them than runs. Nobody can keep
 * one by letting others wait: a run that has nothing to do just now gives its process to one that
 * waits, and one that works gives it after its turn, and comes behind those that had fewer. What it
 * had computed is computed again, with the same bytes; so each turn that was too short is followed
 * by one twice as long.
 *
 * Members who work for each other in two runs could have one of them each, and wait for the other.
 * So all prefer the same: what the pact schedules, then the run with the earlier deadlines. */
#include "node/quorums_parts.h"

#define TURN  20u /* looks */
#define LONG  8u  /* turns of the preferred */
#define TWICE 8u  /* so often, at most */
#define ASKED 5u  /* looks for which somebody who asked may ask more */

static uint64_t looks(const struct ent_qrun *run, unsigned n)
{
    return (uint64_t)ent_q_pause(run->all) * 1000000u * n;
}

/* With the table's lock. But for the turns it is the same for all members. */
static bool is_preferred(const struct ent_qrun *a, const struct ent_qrun *b)
{
    if (a->scheduled != b->scheduled)
        return a->scheduled;
    if (a->turns != b->turns)
        return a->turns < b->turns;
    if (a->state.offer.upload_by != b->state.offer.upload_by)
        return a->state.offer.upload_by < b->state.offer.upload_by;
    return memcmp(a->leaf.b, b->leaf.b, sizeof(a->leaf.b)) < 0;
}

bool ent_qturn_take(struct ent_qrun *run, struct ent_runners_one *ret)
{
    struct ent_quorums *q = run->all;
    bool first = true;
    (void)pthread_mutex_lock(&q->lock);
    for (size_t i = 0; i < ENT_QUORUMS_MOST && first; i++) {
        const struct ent_qrun *o = q->run[i];
        first = o == NULL || o == run || !o->waits || !is_preferred(o, run);
    }
    const bool took = first && ent_runners_take(q->opts.runners, ENT_RUNNERS_QUORUM, ret);
    run->waits = !took;
    if (took)
        run->turn_ns = ent_clock_steady_ns();
    (void)pthread_mutex_unlock(&q->lock);
    return took;
}

void ent_qturn_leave(struct ent_qrun *run)
{
    (void)pthread_mutex_lock(&run->all->lock);
    run->waits = false;
    (void)pthread_mutex_unlock(&run->all->lock);
}

bool ent_qturn_is_over(struct ent_qrun *run, bool works)
{
    struct ent_quorums *q = run->all;
    const uint64_t had = ent_clock_steady_ns() - run->turn_ns;
    const uint64_t turn = looks(run, TURN) << (run->turns < TWICE ? run->turns : TWICE);
    bool over = false;
    (void)pthread_mutex_lock(&q->lock);
    for (size_t i = 0; i < ENT_QUORUMS_MOST && !over; i++) {
        const struct ent_qrun *o = q->run[i];
        if (o == NULL || o == run || !o->waits)
            continue;
        over = !works || (o->scheduled && !run->scheduled) ||
               had > (is_preferred(o, run) ? turn : LONG * turn);
    }
    run->turns += over && works;
    (void)pthread_mutex_unlock(&q->lock);
    return over;
}

/* With the lock. */
void ent_qturn_asked(struct ent_qrun *run)
{
    run->asked_ns = ent_clock_steady_ns();
    (void)pthread_cond_broadcast(&run->wake);
}

bool ent_qturn_is_asked(const struct ent_qrun *run)
{
    return run->asked_ns != 0 && ent_clock_steady_ns() - run->asked_ns < looks(run, ASKED);
}
