/* quorum_worker.c: whether this member takes part in a run, and the match process that has what is
 * secret of it: opened for the roles that this member has, begun when the run begins, and taken
 * anew when it died. All by the run's driver. */
#include "node/quorums_parts.h"

void ent_qrun_dismiss(struct ent_qrun *run)
{
    (void)pthread_mutex_lock(&run->lock);
    const bool up = run->up;
    run->dying = true;
    (void)pthread_mutex_unlock(&run->lock);
    if (up)
        ent_runners_give(&run->one); /* calls that are under way end */
    (void)pthread_mutex_lock(&run->lock);
    while (run->users > 0)
        (void)pthread_cond_wait(&run->wake, &run->lock);
    run->up = run->dying = run->joins = run->holds = run->started = false;
    run->tables = run->pieces_there = false;
    for (uint32_t i = 0; i < ENT_QAHEAD; i++)
        ent_buf_clear(&run->ask[i]); /* the next one has not asked that */
    run->one = (struct ent_runners_one){NULL, 0};
    run->lives++;
    (void)pthread_mutex_unlock(&run->lock);
}

/* --- whether ------------------------------------------------------------------------------------
 */

/* The pact is asked once, people here as long as nothing was said. */
static enum ent_quorum_reason decide(struct ent_qrun *run, enum ent_verdict *ret_verdict)
{
    struct ent_quorums *q = run->all;
    if (q->opts.mode == ENT_QUORUM_OFF || ent_qfile_is_there(run, "decline"))
        return ENT_QUORUM_DECLINED;
    if (run->judged)
        return ENT_QUORUM_FINE;
    const enum ent_quorum_reason why =
        ent_q_judge(q, ret_verdict, &run->state.offer, &run->leaf, run->named[run->author]);
    run->judged = why == ENT_QUORUM_FINE;
    return why;
}

static void refuse(struct ent_qrun *run, enum ent_quorum_reason why, enum ent_verdict verdict)
{
    const struct ent_quorum_refuse f = {
        .offer = run->leaf, .why = why, .verdict = why == ENT_QUORUM_PACT ? verdict : ENT_ALLOWED};
    struct ent_buf body;
    ent_buf_init(&body, ENT_QUORUM_BODY_MAX);
    if (ent_quorum_refuse_encode(&body, &f) == ENT_OK &&
        ent_qrun_say(run, ENT_QSAY_REFUSE, &body) == ENT_OK) {
        (void)pthread_mutex_lock(&run->lock);
        run->declined = true;
        (void)pthread_mutex_unlock(&run->lock);
        ent_q_tell(run, ENT_QUORUM_EV_REFUSED, "", ENT_QUORUM_NO_FAULT, why);
    }
    ent_buf_release(&body);
}

/* With the lock: of these, what this member has said. */
static bool has_said(const struct ent_qrun *run, unsigned kinds)
{
    for (size_t i = 0; i < run->n_own; i++)
        if ((kinds >> run->said[run->own[i]].kind & 1) != 0)
            return true;
    return false;
}

/* Whoever has a part and has not said anything yet decides, and says so when it does not want it.
 */
static bool is_refused(struct ent_qrun *run)
{
    enum ent_verdict verdict = ENT_ALLOWED;
    (void)pthread_mutex_lock(&run->lock);
    const bool open = run->state.phase <= ENT_QUORUM_KEYS &&
                      !has_said(run, 1u << ENT_QSAY_ACCEPT | 1u << ENT_QSAY_KEY |
                                         1u << ENT_QSAY_REFUSE | 1u << ENT_QSAY_BEGIN);
    const bool late = run->index != 0 && run->holder == 0 && !run->state.collects &&
                      run->state.phase != ENT_QUORUM_OFFERED;
    const bool declined = run->declined;
    (void)pthread_mutex_unlock(&run->lock);
    if (!open || declined || late)
        return declined;
    const enum ent_quorum_reason why = decide(run, &verdict);
    if (why == ENT_QUORUM_FINE)
        return false;
    refuse(run, why, verdict);
    return true;
}

/* What nobody decided here waits until somebody does, or until it is too late. */
static bool is_willing(const struct ent_qrun *run)
{
    return run->all->opts.mode == ENT_QUORUM_ON || run->author == run->self || run->scheduled ||
           ent_qfile_is_there(run, "join");
}

/* --- opening ------------------------------------------------------------------------------------
 */

static void give_up(struct ent_qrun *run)
{
    (void)pthread_mutex_lock(&run->lock);
    run->declined = true;
    (void)pthread_mutex_unlock(&run->lock);
}

static enum ent_err say_accept(struct ent_qrun *run, const struct ent_quorum_accept *a)
{
    struct ent_buf body;
    ent_buf_init(&body, ENT_QUORUM_BODY_MAX);
    enum ent_err r = ent_quorum_accept_encode(&body, a);
    if (r == ENT_OK && (r = ent_qrun_say(run, ENT_QSAY_ACCEPT, &body)) == ENT_OK)
        ent_q_tell(run, ENT_QUORUM_EV_JOINED, "", ENT_QUORUM_NO_FAULT, ENT_QUORUM_FINE);
    ent_buf_release(&body);
    return r;
}

/* After a restart it must be what was accepted: whoever comes with another set is a liar. */
static enum ent_err join(struct ent_qrun *run, const struct ent_caller *c)
{
    const struct ent_quorum_seat *seat = &run->state.seat[run->index - 1];
    struct ent_quorum_accept a = {.items = 0};
    enum ent_err r = ent_qwork_join(c, &a, &run->leaf, &run->state.offer);
    if (r == ENT_E_NOTFOUND && !seat->accepted) {
        refuse(run, ENT_QUORUM_NO_SET, ENT_ALLOWED);
        return run->holder != 0 ? ENT_OK : r;
    }
    if (r == ENT_E_NOTFOUND)
        give_up(run);
    if (r != ENT_OK)
        return r;
    a.offer = run->leaf;
    if (!seat->accepted)
        r = say_accept(run, &a);
    else if (a.items != seat->accept.items || memcmp(a.root.b, seat->accept.root.b, 32) != 0)
        give_up(run);
    run->joins = r == ENT_OK;
    return r;
}

static enum ent_err hold(struct ent_qrun *run, const struct ent_caller *c)
{
    struct ent_quorum_key k = {.offer = run->leaf};
    struct ent_buf body;
    enum ent_err r = ent_qwork_hold(c, &k.key, &run->leaf, &run->state.offer);
    if (r != ENT_OK)
        return r;
    (void)pthread_mutex_lock(&run->lock);
    const bool shown = (run->state.keys >> (run->holder - 1) & 1) != 0;
    (void)pthread_mutex_unlock(&run->lock);
    ent_buf_init(&body, ENT_QUORUM_BODY_MAX);
    if (!shown && (r = ent_quorum_key_encode(&body, &k)) == ENT_OK)
        r = ent_qrun_say(run, ENT_QSAY_KEY, &body);
    ent_buf_release(&body);
    run->holds = r == ENT_OK;
    return r;
}

static enum ent_err start(struct ent_qrun *run, const struct ent_caller *c)
{
    struct ent_qwork_begin *b = calloc(1, sizeof(*b));
    if (b == NULL)
        return ENT_E_NOMEM;
    (void)pthread_mutex_lock(&run->lock);
    const struct ent_quorum_run *s = &run->state;
    b->sid = s->sid;
    b->index = run->joins && (s->present >> (run->index - 1) & 1) != 0 ? run->index : 0;
    for (uint32_t i = 0; i < s->offer.shape.members; i++)
        b->items[i] = (s->present >> i & 1) != 0 ? s->seat[i].accept.items : 0;
    for (uint32_t j = 0; j < s->offer.holders; j++)
        b->key[j] = s->key[j].key;
    (void)pthread_mutex_unlock(&run->lock);
    enum ent_err r = ent_qwork_start(c, b);
    for (size_t i = 0; r == ENT_OK && run->holds && i < run->n_admitted; i++)
        r = ent_qwork_again(c, &run->admitted[i]);
    free(b);
    if (r != ENT_OK)
        return r;
    (void)pthread_mutex_lock(&run->lock);
    run->started = true;
    (void)pthread_cond_broadcast(&run->wake);
    (void)pthread_mutex_unlock(&run->lock);
    return ENT_OK;
}

/* --- what is needed -----------------------------------------------------------------------------
 */

struct needs {
    bool join, hold, start;
    bool works; /* now, and is not only waiting for others */
};

static bool needs_join(const struct ent_qrun *run)
{
    const struct ent_quorum_run *s = &run->state;
    if (run->index == 0 || run->declined || s->seat[run->index - 1].refused)
        return false;
    const struct ent_quorum_seat *seat = &s->seat[run->index - 1];
    const uint64_t me = UINT64_C(1) << (run->index - 1);
    if (s->phase == ENT_QUORUM_OFFERED)
        return seat->accepted || is_willing(run);
    if (s->phase == ENT_QUORUM_KEYS)
        return seat->accepted;
    if (s->phase < ENT_QUORUM_DONE)
        return (s->present & me) != 0;
    return s->phase == ENT_QUORUM_DONE && (s->counted & me) != 0 && !seat->taken;
}

/* Until everybody has what it needs, or could have had it, key holders answer again. */
static bool needs_hold(const struct ent_qrun *run)
{
    const struct ent_quorum_run *s = &run->state;
    if (run->holder == 0 || (run->declined && s->phase < ENT_QUORUM_UPLOAD))
        return false;
    if (s->phase != ENT_QUORUM_DONE)
        return s->phase < ENT_QUORUM_DONE;
    if (ent_q_now(run->all) >= s->offer.result_by + ENT_QUORUM_LINGER)
        return false;
    for (uint32_t i = 0; i < s->offer.shape.members; i++)
        if ((s->counted >> i & 1) != 0 && !s->seat[i].taken)
            return true;
    return false;
}

/* Before the run begins it is only for an acceptance or a key to be said. */
static bool works(const struct ent_qrun *run, const struct needs *n)
{
    const struct ent_quorum_run *s = &run->state;
    if (!n->start)
        return (n->join && !s->seat[run->index - 1].accepted) ||
               (n->hold && (s->keys >> (run->holder - 1) & 1) == 0);
    if (n->join &&
        (s->phase == ENT_QUORUM_UPLOAD ? !ent_qrun_has_sent(run) : s->phase == ENT_QUORUM_DONE))
        return true;
    return n->hold && ent_qturn_is_asked(run);
}

static struct needs needs(struct ent_qrun *run)
{
    (void)pthread_mutex_lock(&run->lock);
    struct needs n = {.join = needs_join(run), .hold = needs_hold(run)};
    n.start = run->state.phase >= ENT_QUORUM_UPLOAD && run->state.phase <= ENT_QUORUM_DONE;
    n.works = works(run, &n);
    (void)pthread_mutex_unlock(&run->lock);
    return n;
}

static bool open_slot(struct ent_qrun *run)
{
    struct ent_runners_one one;
    if (run->up)
        return true;
    if (run->all->opts.runners == NULL || !ent_qturn_take(run, &one))
        return false;
    (void)pthread_mutex_lock(&run->lock);
    run->one = one;
    run->up = true;
    (void)pthread_mutex_unlock(&run->lock);
    return true;
}

void ent_qrun_worker(struct ent_qrun *run)
{
    (void)pthread_mutex_lock(&run->lock);
    const bool dying = run->dying;
    (void)pthread_mutex_unlock(&run->lock);
    if (dying)
        ent_qrun_dismiss(run);
    const bool refused = is_refused(run) && run->holder == 0;
    const struct needs n = refused ? (struct needs){.join = false} : needs(run);
    if (!run->up && !n.works) {
        ent_qturn_leave(run);
        return;
    }
    if (run->up && ((!n.join && !n.hold) || ent_qturn_is_over(run, n.works))) {
        ent_qrun_dismiss(run);
        return;
    }
    const bool opens = (n.join && !run->joins) || (n.hold && !run->holds);
    if (run->started || (!opens && !n.start) ||
        ent_book_may_say(run->all->opts.book, NULL) != ENT_OK || !open_slot(run))
        return;
    const struct ent_caller c = ent_runners_caller(&run->one);
    enum ent_err r = ENT_OK;
    if (opens)
        r = ent_desk_quorum(&run->all->opts.keeper, &run->leaf, &run->state.offer);
    if (r == ENT_OK && n.join && !run->joins)
        r = join(run, &c);
    if (r == ENT_OK && n.hold && !run->holds)
        r = hold(run, &c);
    if (r == ENT_OK && n.start && (run->joins || run->holds))
        r = start(run, &c);
    if (r != ENT_OK) /* with a new one, at the next look */
        ent_qrun_dismiss(run);
}
