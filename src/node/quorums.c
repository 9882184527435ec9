/* quorums.c: the table of runs: how one begins, by an offer of others or our own, how it is found
 * again after a restart, and how it goes. */
#include "node/quorums_parts.h"

int64_t ent_q_now(const struct ent_quorums *q)
{
    return q->opts.now != NULL ? q->opts.now(q->opts.ctx) : ent_clock_now();
}

const struct ent_disk *ent_q_disk(const struct ent_quorums *q)
{
    return ent_book_disk(q->opts.book);
}

void ent_q_tell(const struct ent_qrun *run, enum ent_quorum_event_kind kind, const char *member,
                enum ent_quorum_fault fault, enum ent_quorum_reason why)
{
    const struct ent_quorum_run *s = &run->state;
    const struct ent_quorum_event e = {
        .kind = kind,
        .run = run->id,
        .author = run->named[run->author],
        .member = member,
        .fault = fault,
        .reason = why,
        .items = run->index == 0 ? 0 : s->seat[run->index - 1].accept.items,
        .positions = s->positions,
        .found = run->taken.found};
    if (run->all->opts.event != NULL)
        run->all->opts.event(run->all->opts.ctx, &e);
}

/* --- one run ------------------------------------------------------------------------------------
 */

static void free_run(struct ent_qrun *run)
{
    if (run == NULL)
        return;
    ent_qcollect_close(run);
    for (uint32_t i = 0; i < ENT_QNAMED; i++)
        ent_buf_release(&run->mate[i].uploads);
    for (uint32_t i = 0; i < ENT_QAHEAD; i++)
        ent_buf_release(&run->ask[i]);
    for (uint32_t i = 0; i < ENT_QUORUM_MEMBERS; i++)
        (void)pthread_mutex_destroy(&run->shares[i].lock);
    ent_buf_release(&run->written);
    ent_buf_release(&run->progress);
    free(run->said);
    free(run->admitted);
    (void)pthread_mutex_destroy(&run->lock);
    (void)pthread_mutex_destroy(&run->admit_lock);
    (void)pthread_cond_destroy(&run->wake);
    free(run);
}

static void add_name(struct ent_qrun *run, const char *name)
{
    if (ent_qrun_place(run, name) == UINT32_MAX)
        memcpy(run->named[run->n_named++], name, strlen(name) + 1);
}

static void add_mate(struct ent_qrun *run, const char *name)
{
    const struct ent_quorum_offer *o = &run->state.offer;
    const bool self = strcmp(name, run->all->self) == 0;
    const uint32_t holder = ent_quorum_holder_number(o, name);
    if (self && (holder == 0 || run->index == 0))
        return; /* only a key holder asks itself */
    run->mate[run->mates] = (struct ent_qmate){.run = run,
                                               .holder = run->index != 0 ? holder : 0,
                                               .self = self,
                                               .collector = strcmp(name, o->collector) == 0,
                                               .author = ent_qrun_place(run, name) == run->author};
    ent_buf_init(&run->mate[run->mates].uploads, ENT_QUORUM_BLOCKS / 8);
    memcpy(run->mate[run->mates++].name, name, strlen(name) + 1);
}

static void init_locks(struct ent_qrun *run)
{
    pthread_condattr_t attr;
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&run->wake, &attr);
    (void)pthread_condattr_destroy(&attr);
    (void)pthread_mutex_init(&run->lock, NULL);
    (void)pthread_mutex_init(&run->admit_lock, NULL);
    for (uint32_t i = 0; i < ENT_QUORUM_MEMBERS; i++)
        (void)pthread_mutex_init(&run->shares[i].lock, NULL);
    ent_buf_init(&run->written, ENT_QUORUM_RUN_MAX);
    ent_buf_init(&run->progress, 16384);
    for (uint32_t i = 0; i < ENT_QAHEAD; i++)
        ent_buf_init(&run->ask[i], ENT_QUORUM_ASK_MAX);
}

static struct ent_qrun *make_run(struct ent_quorums *q, const struct ent_quorum_run *state,
                                 const char *author)
{
    const struct ent_quorum_offer *o = &state->offer;
    struct ent_qrun *run = calloc(1, sizeof(*run));
    if (run == NULL)
        return NULL;
    init_locks(run);
    run->all = q;
    run->state = *state;
    run->leaf = state->leaf;
    ent_quorum_id(run->id, &run->leaf);
    run->index = ent_quorum_index(o, q->self);
    run->holder = ent_quorum_holder_number(o, q->self);
    run->scheduled = ent_q_is_scheduled(q, author);
    run->lives = 1;
    for (uint32_t i = 0; i < o->shape.members; i++) {
        add_name(run, o->participant[i]);
        if (ent_quorum_fault_ends(state->member[i])) /* before the restart */
            run->ended |= UINT64_C(1) << i;
    }
    for (uint32_t j = 0; j < o->holders; j++)
        add_name(run, o->holder[j]);
    add_name(run, o->collector);
    add_name(run, author);
    run->self = ent_qrun_place(run, q->self);
    run->author = ent_qrun_place(run, author);
    for (uint32_t i = 0; i < run->n_named; i++)
        add_mate(run, run->named[i]);
    return run;
}

static void stop(struct ent_qrun *run)
{
    atomic_store(&run->stop, true);
    (void)pthread_mutex_lock(&run->lock);
    (void)pthread_cond_broadcast(&run->wake);
    (void)pthread_mutex_unlock(&run->lock);
}

static void join_all(struct ent_qrun *run)
{
    if (run->driving)
        (void)pthread_join(run->driver, NULL);
    for (uint32_t i = 0; i < run->mates; i++)
        if (run->mate[i].running)
            (void)pthread_join(run->mate[i].thread, NULL);
    if (run->computing)
        (void)pthread_join(run->computer, NULL);
}

static enum ent_err start(struct ent_qrun *run)
{
    pthread_attr_t attr;
    if (pthread_attr_init(&attr) != 0)
        return ENT_E_NOMEM;
    run->driving = pthread_attr_setstacksize(&attr, ENT_QSTACK) == 0 &&
                   pthread_create(&run->driver, &attr, ent_qrun_drive, run) == 0;
    (void)pthread_attr_destroy(&attr);
    return run->driving ? ENT_OK : ENT_E_NOMEM;
}

/* --- the table ----------------------------------------------------------------------------------
 */

struct ent_qrun *ent_q_find(struct ent_quorums *q, const char *id)
{
    struct ent_qrun *ret = NULL;
    (void)pthread_mutex_lock(&q->lock);
    for (size_t i = 0; i < ENT_QUORUMS_MOST && ret == NULL; i++)
        if (q->run[i] != NULL && strcmp(q->run[i]->id, id) == 0)
            ret = q->run[i];
    if (ret != NULL) {
        (void)pthread_mutex_lock(&ret->lock);
        ret->refs++;
        (void)pthread_mutex_unlock(&ret->lock);
    }
    (void)pthread_mutex_unlock(&q->lock);
    return ret;
}

void ent_q_put(struct ent_qrun *run)
{
    (void)pthread_mutex_lock(&run->lock);
    run->refs--;
    (void)pthread_cond_broadcast(&run->wake);
    (void)pthread_mutex_unlock(&run->lock);
}

/* With the table's lock: a place for one more of this author; or ENT_QUORUMS_MOST. There are as
 * many as all members together may have, so nobody's runs take the place of another's. */
static size_t place(const struct ent_quorums *q, const char *author, bool scheduled)
{
    size_t free = ENT_QUORUMS_MOST;
    unsigned theirs = 0;
    for (size_t i = 0; i < ENT_QUORUMS_MOST; i++) {
        const struct ent_qrun *run = q->run[i];
        if (run == NULL)
            free = i;
        else
            theirs += strcmp(run->named[run->author], author) == 0;
    }
    return theirs < (scheduled ? ENT_QUORUMS_SCHEDULED : ENT_QUORUMS_OF_ONE) ? free
                                                                             : ENT_QUORUMS_MOST;
}

bool ent_q_has_place(struct ent_quorums *q, const char *author)
{
    const bool scheduled = ent_q_is_scheduled(q, author);
    (void)pthread_mutex_lock(&q->lock);
    const bool has = place(q, author, scheduled) != ENT_QUORUMS_MOST;
    (void)pthread_mutex_unlock(&q->lock);
    return has;
}

static void end(struct ent_qrun *run)
{
    stop(run);
    join_all(run);
    (void)pthread_mutex_lock(&run->lock);
    while (run->refs > 0)
        (void)pthread_cond_wait(&run->wake, &run->lock);
    (void)pthread_mutex_unlock(&run->lock);
    free_run(run);
}

/* The offer, then the state: without a state it begins with the offer again. */
static enum ent_err keep_first(struct ent_qrun *run, const struct ent_act *act,
                               struct ent_slice said, uint64_t index)
{
    enum ent_err r = ent_qrun_keep(run, &run->leaf, said);
    if (r == ENT_OK)
        r = ent_qrun_apply(run, act, index, ent_q_now(run->all));
    return r == ENT_OK ? ent_qrun_save(run) : r;
}

enum ent_err ent_q_begin(struct ent_quorums *q, const struct ent_act *act,
                         const struct ent_quorum_offer *o, struct ent_slice said, uint64_t index)
{
    struct ent_quorum_run *state = malloc(sizeof(*state));
    char id[ENT_QUORUM_ID];
    enum ent_err r = ENT_OK;
    if (state == NULL)
        return ENT_E_NOMEM;
    ent_quorum_run_init(state, o, &act->leaf, q->self);
    ent_quorum_id(id, &act->leaf);
    struct ent_qrun *run = make_run(q, state, act->st.author);
    free(state);
    if (run == NULL)
        return ENT_E_NOMEM;
    run->fresh = true;
    (void)pthread_mutex_lock(&q->lock);
    bool known = false;
    for (size_t i = 0; i < ENT_QUORUMS_MOST; i++)
        known = known || (q->run[i] != NULL && strcmp(q->run[i]->id, id) == 0);
    const size_t at = place(q, act->st.author, run->scheduled);
    if (!known && at == ENT_QUORUMS_MOST)
        r = ENT_E_LIMIT;
    else if (!known && (r = keep_first(run, act, said, index)) == ENT_OK &&
             (r = start(run)) == ENT_OK)
        q->run[at] = run;
    (void)pthread_mutex_unlock(&q->lock);
    if (r != ENT_OK || known)
        free_run(run);
    return r;
}

/* --- after a restart ----------------------------------------------------------------------------
 */

/* What the state has already is the same again; what a crash kept out of it goes in now. Begin
 * comes behind what it names, whatever their order in the folder: so twice. */
static void load_said(struct ent_qrun *run, struct ent_delivery *del, struct ent_buf *room)
{
    char folder[ENT_DISK_NAME_MAX], file[ENT_DISK_NAME_MAX], name[ENT_DISK_NAME_MAX];
    char rest[80];
    struct ent_buf names;
    ent_qfile(folder, run, "said");
    for (int turn = 0; turn < 2; turn++) {
        ent_buf_init(&names, ENT_DISK_LIST_MAX);
        enum ent_err r = ent_home_list(ent_book_home(run->all->opts.book), &names, folder);
        struct ent_cur c = ent_cur(ent_buf_slice(&names));
        while (r == ENT_OK && ent_home_next_name(&c, name)) {
            (void)snprintf(rest, sizeof(rest), "said/%.64s", name);
            ent_qfile(file, run, rest);
            if (ent_q_load_act(run->all, del, room, file) == ENT_OK)
                ent_qrun_again(run, &del->act, del->receipt.index);
        }
        ent_buf_release(&names);
    }
}

static enum ent_err load_state(struct ent_quorums *q, struct ent_quorum_run *ret, const char *id,
                               const struct ent_act *offer)
{
    char file[ENT_DISK_NAME_MAX];
    struct ent_buf b;
    ent_buf_init(&b, ENT_QUORUM_RUN_MAX);
    (void)snprintf(file, sizeof(file), ENT_QUORUM_FOLDER "/%.32s/state", id);
    enum ent_err r = ent_kept_read(&b, ent_q_disk(q), file);
    if (r == ENT_OK) {
        r = ent_quorum_run_parse(ret, ent_buf_slice(&b));
    } else if (r == ENT_E_NOTFOUND) {
        struct ent_quorum_offer *o = malloc(sizeof(*o));
        r = o == NULL ? ENT_E_NOMEM : ent_quorum_offer_parse(o, offer->body);
        if (r == ENT_OK)
            ent_quorum_run_init(ret, o, &offer->leaf, q->self);
        free(o);
    }
    if (r == ENT_OK && memcmp(ret->leaf.b, offer->leaf.b, 32) != 0)
        r = ENT_E_AUTH;
    ent_buf_release(&b);
    return r;
}

static enum ent_err load_run(struct ent_quorums *q, const char *id, struct ent_delivery *del,
                             struct ent_buf *room, struct ent_quorum_run *state)
{
    char file[ENT_DISK_NAME_MAX];
    (void)snprintf(file, sizeof(file), ENT_QUORUM_FOLDER "/%.32s/offer", id);
    enum ent_err r = ent_q_load_act(q, del, room, file);
    if (r != ENT_OK || (r = load_state(q, state, id, &del->act)) != ENT_OK)
        return r;
    struct ent_qrun *run = make_run(q, state, del->act.st.author);
    if (run == NULL)
        return ENT_E_NOMEM;
    size_t at = 0;
    while (q->run[at] != NULL) /* as many were here before, and each has its own */
        if (++at == ENT_QUORUMS_MOST) {
            free_run(run);
            return ENT_E_NOMEM;
        }
    ent_qrun_again(run, &del->act, del->receipt.index);
    load_said(run, del, room);
    run->told_end = state->phase >= ENT_QUORUM_DONE;
    if ((r = ent_qrun_save(run)) == ENT_OK && (r = ent_qrun_admitted_load(run)) == ENT_OK) {
        (void)pthread_mutex_lock(&q->lock); /* its threads look it up */
        if ((r = start(run)) == ENT_OK)
            q->run[at] = run;
        (void)pthread_mutex_unlock(&q->lock);
    }
    if (r != ENT_OK)
        free_run(run);
    return r;
}

static bool is_id(const char *name)
{
    uint8_t id[16];
    return strlen(name) == ENT_QUORUM_ID - 1 &&
           ent_hex_decode(id, sizeof(id), ent_slice_str(name)) == ENT_OK;
}

static enum ent_err load(struct ent_quorums *q)
{
    struct ent_delivery *del = malloc(sizeof(*del));
    struct ent_quorum_run *state = malloc(sizeof(*state));
    char name[ENT_DISK_NAME_MAX];
    struct ent_buf names, room;
    ent_buf_init(&names, ENT_DISK_LIST_MAX);
    ent_buf_init(&room, ENT_DELIVERY_MAX);
    enum ent_err r = del == NULL || state == NULL ? ENT_E_NOMEM : ENT_OK;
    if (r == ENT_OK)
        r = ent_home_list(ent_book_home(q->opts.book), &names, ENT_QUORUM_FOLDER);
    struct ent_cur c = ent_cur(ent_buf_slice(&names));
    while (r == ENT_OK && ent_home_next_name(&c, name))
        if (is_id(name) && !ent_q_is_record(q, name) &&
            load_run(q, name, del, &room, state) == ENT_E_NOMEM)
            r = ENT_E_NOMEM;
    ent_buf_release(&names);
    ent_buf_release(&room);
    free(state);
    free(del);
    return r;
}

/* --- birth and end ------------------------------------------------------------------------------
 */

static enum ent_err start_seeker(struct ent_quorums *q)
{
    struct ent_qrun *none = calloc(1, sizeof(*none));
    if (none == NULL)
        return ENT_E_NOMEM;
    init_locks(none);
    none->all = q;
    q->seeker = none;
    return ent_q_seek(none);
}

enum ent_err ent_quorums_new(struct ent_quorums **ret, struct ent_diag *d,
                             const struct ent_quorums_opts *opts)
{
    struct ent_quorums *q = calloc(1, sizeof(*q));
    if (q == NULL)
        return ent_fail(d, ENT_E_NOMEM, "out of memory", 0, 0);
    q->opts = *opts;
    const char *self = ent_book_home(opts->book)->self.name;
    memcpy(q->self, self, strlen(self) + 1);
    (void)pthread_mutex_init(&q->lock, NULL);
    (void)pthread_mutex_init(&q->compared_lock, NULL);
    (void)pthread_mutex_init(&q->refused_lock, NULL);
    q->scheduled = -1;
    ent_q_refused_load(q);
    enum ent_err r = ent_pool_new(&q->pool, opts->threads);
    if (r == ENT_OK)
        r = load(q);
    if (r == ENT_OK)
        r = start_seeker(q);
    if (r != ENT_OK) {
        ent_quorums_free(q);
        return ent_fail(d, r, "cannot take up the quorums of before", 0, 0);
    }
    *ret = q;
    return ENT_OK;
}

void ent_quorums_free(struct ent_quorums *q)
{
    if (q == NULL)
        return;
    if (q->seeker != NULL)
        end(q->seeker); /* before what it begins */
    for (size_t i = 0; i < ENT_QUORUMS_MOST; i++)
        if (q->run[i] != NULL)
            stop(q->run[i]);
    for (size_t i = 0; i < ENT_QUORUMS_MOST; i++)
        if (q->run[i] != NULL)
            end(q->run[i]);
    ent_pool_free(q->pool);
    (void)pthread_mutex_destroy(&q->lock);
    (void)pthread_mutex_destroy(&q->compared_lock);
    (void)pthread_mutex_destroy(&q->refused_lock);
    free(q);
}

void ent_quorums_drain(struct ent_quorums *q)
{
    (void)pthread_mutex_lock(&q->lock);
    q->draining = true;
    (void)pthread_mutex_unlock(&q->lock);
}

unsigned ent_quorums_running(struct ent_quorums *q)
{
    unsigned n = 0;
    (void)pthread_mutex_lock(&q->lock);
    for (size_t i = 0; i < ENT_QUORUMS_MOST; i++) {
        struct ent_qrun *run = q->run[i];
        if (run == NULL)
            continue;
        (void)pthread_mutex_lock(&run->lock);
        n += run->state.phase < ENT_QUORUM_DONE;
        (void)pthread_mutex_unlock(&run->lock);
    }
    (void)pthread_mutex_unlock(&q->lock);
    return n;
}

void ent_q_reap(struct ent_quorums *q)
{
    struct ent_qrun *over = NULL;
    (void)pthread_mutex_lock(&q->lock);
    for (size_t i = 0; i < ENT_QUORUMS_MOST && over == NULL; i++) {
        struct ent_qrun *run = q->run[i];
        if (run == NULL)
            continue;
        (void)pthread_mutex_lock(&run->lock);
        const bool is = run->over;
        (void)pthread_mutex_unlock(&run->lock);
        if (is) {
            over = run;
            q->run[i] = NULL;
        }
    }
    (void)pthread_mutex_unlock(&q->lock);
    if (over != NULL)
        end(over);
}
