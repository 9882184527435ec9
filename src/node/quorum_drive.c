/* quorum_drive.c: the thread that decides in a run: deadlines, then what this member does next in
 * each of its roles. Whatever it says is durable before it leaves; a step that fails is tried again
 * a second later, and deadlines decide. */
#include "node/quorums_parts.h"

#include <time.h>

#define GRACE  30  /* seconds */
#define ANSWER 600 /* seconds after the last deadline in which a collector gives its answers */

/* --- the worker, for all threads ----------------------------------------------------------------
 */

bool ent_qrun_enter(struct ent_qrun *run, struct ent_caller *ret, uint64_t *ret_life)
{
    (void)pthread_mutex_lock(&run->lock);
    const bool there = run->up && run->started && !run->dying;
    if (there) {
        run->users++;
        *ret = ent_runners_caller(&run->one);
        *ret_life = run->lives;
    }
    (void)pthread_mutex_unlock(&run->lock);
    return there;
}

void ent_qrun_leave(struct ent_qrun *run, enum ent_err r, enum ent_quorum_fault fault)
{
    (void)pthread_mutex_lock(&run->lock);
    run->users--;
    if (fault == ENT_QUORUM_NO_FAULT && r != ENT_OK && r != ENT_E_NOTFOUND && r != ENT_E_POLICY)
        run->dying = true;
    (void)pthread_cond_broadcast(&run->wake);
    (void)pthread_mutex_unlock(&run->lock);
}

void ent_qrun_wait(struct ent_qrun *run, unsigned ms, bool firm)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(ms / 1000);
    until.tv_nsec += (long)(ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    while (!atomic_load(&run->stop) &&
           pthread_cond_timedwait(&run->wake, &run->lock, &until) == 0 && firm)
        ;
}

unsigned ent_q_pause(const struct ent_quorums *q)
{
    return q->opts.pause_ms != 0 ? q->opts.pause_ms : 1000;
}

/* --- faults -------------------------------------------------------------------------------------
 */

void ent_qrun_fault(struct ent_qrun *run, enum ent_quorum_role role, const char *name,
                    enum ent_quorum_fault f)
{
    (void)pthread_mutex_lock(&run->lock);
    if (strcmp(name, run->all->self) != 0 &&
        ent_quorum_run_fault(&run->state, role, name, f) == ENT_OK)
        (void)!ent_qrun_save(run); /* tried again at the next look */
    (void)pthread_cond_broadcast(&run->wake);
    (void)pthread_mutex_unlock(&run->lock);
}

/* With the lock. Without this key holder's answers, as it says itself, it had no shares to send. */
static bool is_stranded(const struct ent_qrun *run, uint32_t place)
{
    for (size_t i = 0; i < run->n_said; i++) {
        const struct ent_qsaid *t = &run->said[i];
        if (t->kind == ENT_QSAY_LEFT_OUT && t->author == place &&
            ent_quorum_holder_number(&run->state.offer, run->named[t->about]) != 0)
            return true;
    }
    return false;
}

/* With the lock. Of its shares: by then who is stranded has had the time to say so. */
static bool is_told_early(const struct ent_qrun *run)
{
    const struct ent_quorum_offer *o = &run->state.offer;
    const int64_t half = (o->result_by - o->upload_by) / 2;
    return ent_q_now(run->all) < o->upload_by + (half < GRACE ? half : GRACE);
}

/* With the lock. One name, one word: of a member with two roles the first fault stays. */
static enum ent_quorum_fault fault_of(const struct ent_qrun *run, const char *name)
{
    const struct ent_quorum_run *s = &run->state;
    const uint32_t i = ent_quorum_index(&s->offer, name);
    const uint32_t j = ent_quorum_holder_number(&s->offer, name);
    enum ent_quorum_fault f = ENT_QUORUM_NO_FAULT;
    if (strcmp(name, s->offer.collector) == 0)
        return s->collector;
    if (j != 0)
        f = s->holder[j - 1];
    if (f == ENT_QUORUM_NO_FAULT && i != 0)
        f = s->member[i - 1];
    if (f == ENT_QUORUM_SILENT && s->collects && i != 0 && (s->present >> (i - 1) & 1) != 0 &&
        (is_told_early(run) || is_stranded(run, ent_qrun_place(run, name))))
        return ENT_QUORUM_NO_FAULT;
    /* Who was silent towards all is for the collector to say, which knows. */
    const bool quiet = f == ENT_QUORUM_SILENT || f == ENT_QUORUM_LATE;
    return quiet && !s->collects && (j == 0 || s->holder[j - 1] != f) ? ENT_QUORUM_NO_FAULT : f;
}

static bool was_named(const struct ent_qrun *run, uint32_t place)
{
    for (size_t i = 0; i < run->n_own; i++) {
        const struct ent_qsaid *s = &run->said[run->own[i]];
        if (s->kind == ENT_QSAY_LEFT_OUT && s->about == place)
            return true;
    }
    return false;
}

/* The next to be named; false: nobody. What acceptances lack is known when the run has begun. */
static bool next_named(struct ent_qrun *run, struct ent_quorum_left_out *ret)
{
    bool found = false;
    (void)pthread_mutex_lock(&run->lock);
    for (uint32_t i = 0; i < run->n_named && !found && run->state.phase >= ENT_QUORUM_UPLOAD; i++) {
        const enum ent_quorum_fault f = fault_of(run, run->named[i]);
        if (i == run->self || f == ENT_QUORUM_NO_FAULT || was_named(run, i))
            continue;
        *ret = (struct ent_quorum_left_out){.offer = run->leaf, .fault = f};
        memcpy(ret->member, run->named[i], sizeof(ret->member));
        found = true;
    }
    (void)pthread_mutex_unlock(&run->lock);
    return found;
}

static void name_them(struct ent_qrun *run)
{
    struct ent_quorum_left_out l;
    struct ent_buf body;
    enum ent_err r = ENT_OK;
    ent_buf_init(&body, ENT_QUORUM_BODY_MAX);
    while (r == ENT_OK && next_named(run, &l)) {
        ent_buf_clear(&body);
        if ((r = ent_quorum_left_out_encode(&body, &l)) == ENT_OK &&
            (r = ent_qrun_say(run, ENT_QSAY_LEFT_OUT, &body)) == ENT_OK)
            ent_q_tell(run, ENT_QUORUM_EV_NAMED, l.member, l.fault, ENT_QUORUM_FINE);
    }
    ent_buf_release(&body);
}

/* --- deadlines ----------------------------------------------------------------------------------
 */

bool ent_qrun_has_sent(const struct ent_qrun *run)
{
    for (uint32_t k = 0; k < run->mates; k++) {
        const struct ent_qmate *m = &run->mate[k];
        if (m->collector)
            return m->refused || m->block >= ent_quorum_blocks(&run->state.offer.shape);
    }
    return false;
}

/* With the lock: a key holder has given a false answer, so that the others' are worth nothing. */
static bool is_lost(const struct ent_quorum_run *s)
{
    for (uint32_t j = 0; j < s->offer.holders; j++)
        if (s->holder[j] != ENT_QUORUM_NO_FAULT && s->holder[j] != ENT_QUORUM_CONTRARY)
            return true;
    return false;
}

/* With the lock: key holders that have not answered all by now have not answered in time. Not so
 * where they may follow another `begin`, or where this member itself had to ask anew because its
 * other runs needed the process. */
static void blame_holders(struct ent_qrun *run)
{
    struct ent_quorum_run *s = &run->state;
    if (s->collector == ENT_QUORUM_CONTRARY || run->index == 0 ||
        (s->present >> (run->index - 1) & 1) == 0 || run->tables || !run->started ||
        run->turns > 0 || ent_qrun_has_sent(run) || is_lost(s))
        return;
    const uint64_t all = ent_lookup_batches(s->seat[run->index - 1].accept.items);
    for (uint32_t k = 0; k < run->mates; k++) {
        const struct ent_qmate *m = &run->mate[k];
        if (m->holder != 0 && !m->self && (m->worker != run->lives || m->next < all))
            (void)!ent_quorum_run_fault(s, ENT_QUORUM_HOLDER, m->name, ENT_QUORUM_SILENT);
    }
}

/* With the lock: it said what it would answer, and has not. */
static void blame_collector(struct ent_qrun *run)
{
    struct ent_quorum_run *s = &run->state;
    if (s->phase == ENT_QUORUM_DONE && run->index != 0 && run->tables && !run->pieces_there &&
        (s->counted >> (run->index - 1) & 1) != 0 && !s->seat[run->index - 1].taken &&
        ent_q_now(run->all) >= s->offer.result_by + ANSWER)
        (void)!ent_quorum_run_fault(s, ENT_QUORUM_COLLECTOR, s->offer.collector, ENT_QUORUM_SILENT);
}

static void tick(struct ent_qrun *run)
{
    struct ent_quorum_run *s = &run->state;
    const uint64_t complete =
        run->uploads != NULL ? ent_quorum_uploads_complete(run->uploads) & ~run->ended : 0;
    const enum ent_quorum_phase before = s->phase;
    ent_quorum_run_tick(s, ent_q_now(run->all), complete);
    /* The deadline may have come as the collector's word that there is too little to go on with. */
    if (run->phase == ENT_QUORUM_UPLOAD && s->phase != run->phase && !s->collects &&
        ent_q_now(run->all) + GRACE >= s->offer.upload_by)
        blame_holders(run);
    blame_collector(run);
    run->phase = s->phase;
    (void)!ent_qrun_save(run);
    if (before != s->phase)
        (void)pthread_cond_broadcast(&run->wake);
}

/* --- the collector's next -----------------------------------------------------------------------
 */

static void begin(struct ent_qrun *run)
{
    struct ent_quorum_begin *g = malloc(sizeof(*g));
    struct ent_buf body;
    if (g == NULL)
        return;
    ent_buf_init(&body, ENT_QUORUM_BODY_MAX);
    (void)pthread_mutex_lock(&run->lock);
    enum ent_err r = ent_quorum_run_make_begin(&run->state, g);
    (void)pthread_mutex_unlock(&run->lock);
    if (r == ENT_OK && ent_quorum_begin_encode(&body, g) == ENT_OK)
        (void)!ent_qrun_say(run, ENT_QSAY_BEGIN, &body);
    ent_buf_release(&body);
    free(g);
}

static void say_result(struct ent_qrun *run)
{
    struct ent_quorum_result *res = malloc(sizeof(*res));
    struct ent_buf body;
    if (res == NULL)
        return;
    ent_buf_init(&body, ENT_QUORUM_BODY_MAX);
    if (ent_qcollect_result(run, res) == ENT_OK && ent_quorum_result_encode(&body, res) == ENT_OK)
        (void)!ent_qrun_say(run, ENT_QSAY_RESULT, &body);
    ent_buf_release(&body);
    free(res);
}

/* Everybody hears it at once, and nobody waits for the next deadline. */
static void give_up(struct ent_qrun *run)
{
    const struct ent_quorum_refuse f = {
        .offer = run->leaf, .why = ENT_QUORUM_TOO_FEW, .verdict = ENT_ALLOWED};
    struct ent_buf body;
    ent_buf_init(&body, ENT_QUORUM_BODY_MAX);
    if (ent_quorum_refuse_encode(&body, &f) == ENT_OK)
        (void)!ent_qrun_say(run, ENT_QSAY_REFUSE, &body);
    ent_buf_release(&body);
}

static void collect(struct ent_qrun *run)
{
    (void)pthread_mutex_lock(&run->lock);
    const bool few = ent_quorum_run_has_too_few(&run->state);
    (void)pthread_mutex_unlock(&run->lock);
    if (few) {
        give_up(run);
        return;
    }
    (void)pthread_mutex_lock(&run->lock);
    const enum ent_quorum_phase phase = run->state.phase;
    if (phase >= ENT_QUORUM_UPLOAD && phase <= ENT_QUORUM_DONE && run->uploads == NULL)
        (void)!ent_qcollect_open(run);
    if (phase == ENT_QUORUM_RECONSTRUCT && run->uploads != NULL && !run->computing)
        run->computing = pthread_create(&run->computer, NULL, ent_qcollect_compute, run) == 0;
    const bool computed = run->computed;
    (void)pthread_mutex_unlock(&run->lock);
    if (phase == ENT_QUORUM_KEYS)
        begin(run);
    else if (phase == ENT_QUORUM_RECONSTRUCT && computed)
        say_result(run);
}

/* --- the participant's next ---------------------------------------------------------------------
 */

static bool has_all_answers(const struct ent_qrun *run)
{
    const uint64_t all = ent_lookup_batches(run->state.seat[run->index - 1].accept.items);
    for (uint32_t k = 0; k < run->mates; k++) {
        const struct ent_qmate *m = &run->mate[k];
        if (m->holder != 0 && (m->worker != run->lives || m->next < all))
            return false;
    }
    return true;
}

static void make_tables(struct ent_qrun *run)
{
    struct ent_caller c;
    uint64_t life;
    if (!ent_qrun_enter(run, &c, &life))
        return;
    enum ent_err r = ent_qwork_tables(&c);
    ent_qrun_leave(run, r, ENT_QUORUM_NO_FAULT);
    (void)pthread_mutex_lock(&run->lock);
    run->tables = r == ENT_OK && life == run->lives;
    (void)pthread_cond_broadcast(&run->wake);
    (void)pthread_mutex_unlock(&run->lock);
}

static void say_taken(struct ent_qrun *run, const struct ent_qwork_taken *got)
{
    struct ent_quorum_taken t = {.run = run->state.sid, .commitment = got->commitment};
    struct ent_buf body;
    ent_buf_init(&body, ENT_QUORUM_BODY_MAX);
    if (ent_quorum_taken_encode(&body, &t) == ENT_OK &&
        ent_qrun_say(run, ENT_QSAY_TAKEN, &body) == ENT_OK)
        ent_q_tell(run, ENT_QUORUM_EV_DONE, "", ENT_QUORUM_NO_FAULT, ENT_QUORUM_FINE);
    ent_buf_release(&body);
}

static void take(struct ent_qrun *run)
{
    enum ent_quorum_fault fault = ENT_QUORUM_NO_FAULT;
    struct ent_qwork_taken got;
    struct ent_caller c;
    uint64_t life;
    (void)pthread_mutex_lock(&run->lock);
    const struct ent_hash32 answer = run->state.seat[run->index - 1].answer;
    (void)pthread_mutex_unlock(&run->lock);
    if (!ent_qrun_enter(run, &c, &life))
        return;
    enum ent_err r = ent_qwork_take(&c, &got, &answer, &fault);
    ent_qrun_leave(run, r, fault);
    if (fault != ENT_QUORUM_NO_FAULT) {
        ent_qrun_fault(run, ENT_QUORUM_COLLECTOR, run->state.offer.collector, ENT_QUORUM_ANSWER);
        (void)pthread_mutex_lock(&run->lock);
        run->declined = true; /* its answer is worth nothing */
        (void)pthread_mutex_unlock(&run->lock);
        return;
    }
    if (r != ENT_OK)
        return;
    (void)pthread_mutex_lock(&run->lock);
    run->taken = got;
    run->told_taken = true;
    (void)pthread_mutex_unlock(&run->lock);
    say_taken(run, &got);
}

static void participate(struct ent_qrun *run)
{
    (void)pthread_mutex_lock(&run->lock);
    const struct ent_quorum_run *s = &run->state;
    const bool in = (s->present >> (run->index - 1) & 1) != 0 && run->started;
    const bool ready = in && !run->tables && s->phase < ENT_QUORUM_FAILED && has_all_answers(run);
    const bool whole = in && run->pieces_there && s->phase == ENT_QUORUM_DONE && !run->declined &&
                       !s->seat[run->index - 1].taken;
    (void)pthread_mutex_unlock(&run->lock);
    if (ready)
        make_tables(run);
    if (whole)
        take(run);
}

/* --- the thread ---------------------------------------------------------------------------------
 */

static void tell_end(struct ent_qrun *run)
{
    (void)pthread_mutex_lock(&run->lock);
    const struct ent_quorum_run *s = &run->state;
    const bool failed = s->phase == ENT_QUORUM_FAILED && !run->told_end;
    const bool done = s->phase == ENT_QUORUM_DONE && !run->told_end && run->index == 0;
    run->told_end = failed || done || (run->told_end && s->phase >= ENT_QUORUM_DONE);
    (void)pthread_mutex_unlock(&run->lock);
    if (failed)
        ent_q_tell(run, ENT_QUORUM_EV_FAILED, s->failed_by, s->failed_for, ENT_QUORUM_FINE);
    if (done)
        ent_q_tell(run, ENT_QUORUM_EV_DONE, "", ENT_QUORUM_NO_FAULT, ENT_QUORUM_FINE);
}

/* With the lock: all know what this member has said. */
static bool is_heard(const struct ent_qrun *run)
{
    for (uint32_t k = 0; k < run->mates; k++)
        if (!run->mate[k].self && run->mate[k].acked < run->n_own)
            return false;
    return true;
}

/* With the lock: nobody needs anything of it any more. */
static bool is_settled(const struct ent_qrun *run)
{
    const struct ent_quorum_run *s = &run->state;
    if (s->phase < ENT_QUORUM_DONE || ent_q_now(run->all) >= s->offer.result_by + ENT_QUORUM_LINGER)
        return s->phase >= ENT_QUORUM_DONE;
    for (uint32_t i = 0; i < s->offer.shape.members && s->phase == ENT_QUORUM_DONE; i++)
        if ((s->counted >> i & 1) != 0 && !s->seat[i].taken)
            return false;
    if (s->phase == ENT_QUORUM_FAILED && s->collects && s->present != 0 && is_told_early(run))
        return false;
    return is_heard(run);
}

/* Whoever was away meanwhile reads the record. */
static bool is_over(struct ent_qrun *run)
{
    const int64_t now = ent_q_now(run->all);
    (void)pthread_mutex_lock(&run->lock);
    if (!is_settled(run))
        run->settled = 0;
    else if (run->settled == 0)
        run->settled = now;
    const bool over = run->settled != 0 && now >= run->settled + ENT_QUORUM_SETTLE;
    (void)pthread_mutex_unlock(&run->lock);
    return over;
}

static void step(struct ent_qrun *run)
{
    (void)pthread_mutex_lock(&run->lock);
    /* Who was away while a deadline passed cannot tell who was silent: first it is told. */
    if (run->met || run->state.collects)
        tick(run);
    (void)pthread_mutex_unlock(&run->lock);
    ent_qrun_worker(run);
    if (run->state.collects)
        collect(run);
    if (run->index != 0)
        participate(run);
    name_them(run);
    tell_end(run);
    for (uint32_t i = 0; i < run->mates; i++)
        ent_qmate_look(&run->mate[i]);
    (void)pthread_mutex_lock(&run->lock);
    ent_qrun_progress(run);
    (void)pthread_mutex_unlock(&run->lock);
}

void *ent_qrun_drive(void *ctx)
{
    struct ent_qrun *run = ctx;
    if (run->fresh)
        ent_q_tell(run, ENT_QUORUM_EV_OFFERED, "", ENT_QUORUM_NO_FAULT, ENT_QUORUM_FINE);
    while (!atomic_load(&run->stop)) {
        step(run);
        if (is_over(run)) {
            (void)!ent_desk_quorum_over(&run->all->opts.keeper, &run->leaf); /* or at next start */
            (void)pthread_mutex_lock(&run->lock);
            ent_qcollect_close(run);
            ent_qrun_clean(run);
            run->over = true;
            (void)pthread_mutex_unlock(&run->lock);
            break;
        }
        (void)pthread_mutex_lock(&run->lock);
        ent_qrun_wait(run, ent_q_pause(run->all), false);
        (void)pthread_mutex_unlock(&run->lock);
    }
    ent_qrun_dismiss(run);
    return NULL;
}
