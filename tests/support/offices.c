/* offices.c: see offices.h. */
#include "tests/support/offices.h"

#include <poll.h>

#define ACCEPT   200
#define KEYS     300
#define UPLOAD   400
#define RESULT   500
#define PATIENCE 1200u /* looks, a tenth of a second apart */

const struct offices_plan offices_plan = {.members = OFFICE_MEMBERS,
                                          .items = OFFICE_ITEMS,
                                          .padding = ENT_QUORUM_PAD_DOUBLE,
                                          .pool = OFFICE_POOL};

static const char *name_of(const struct offices *all, unsigned i)
{
    static const char *const names[OFFICES_MOST] = {"adams", "brown", "clark", "davis", "evans",
                                                    "foley", "grant", "hayes", "zavala"};
    return names[i == all->plan.members ? OFFICES_MOST - 1 : i];
}

static unsigned number_of(const struct offices *all, const char *name)
{
    unsigned i = 0;
    while (i < all->n && strcmp(name_of(all, i), name) != 0)
        i++;
    return i;
}

static void put_name(char *ret, const struct offices *all, unsigned i)
{
    (void)snprintf(ret, ENT_NAME_MAX + 1, "%s", name_of(all, i));
}

static struct office *collector(const struct offices *all)
{
    return all->o[all->plan.members];
}

/* --- calls --------------------------------------------------------------------------------------
 */

static enum ent_err answer(struct office *to, const struct ent_spki *from, unsigned *ret_status,
                           struct ent_buf *ret, const char *method, const char *path,
                           struct ent_slice body)
{
    const struct ent_request req = {.method = method, .path = path, .body = body, .peer = *from};
    struct ent_response res = {0};
    enum ent_err r = ENT_E_PEER;
    (void)pthread_rwlock_rdlock(&to->gate);
    if (to->node.peer != NULL && !atomic_load(&to->off)) {
        const size_t most = ent_peer_body_max(method, path);
        ent_buf_init(&res.body, 16u << 20);
        res.status = most == 0 ? 404 : 413;
        if (most > 0 && body.n <= most)
            ent_peer_handle(to->node.peer, &req, &res);
        r = ent_buf_put_slice(ret, ent_buf_slice(&res.body));
        *ret_status = res.status;
        ent_buf_release(&res.body);
    }
    (void)pthread_rwlock_unlock(&to->gate);
    return r;
}

/* Where a call to a member arrives: at its other place, or nowhere. */
static struct office *place_of(const struct office *from, struct office *to)
{
    struct office *t = from->all->twin;
    const unsigned long long whom = atomic_load(&from->all->to_twin);
    if (t == NULL || (from->i != t->i && to->i != t->i))
        return to;
    if (from->i == t->i)
        return ((whom >> to->i & 1) != 0) == (from == t) ? to : NULL;
    return (whom >> from->i & 1) != 0 ? t : to;
}

static enum ent_err dial(void *ctx, unsigned *ret_status, struct ent_buf *ret, struct ent_diag *d,
                         const struct ent_dial *q)
{
    struct office *from = ctx;
    struct offices *all = from->all;
    enum ent_err r = ENT_E_PEER;
    (void)d;
    for (unsigned i = 0; i < all->n; i++) {
        struct office *to = place_of(from, all->o[i]);
        struct ent_buf body;
        bool goes = true;
        if (to == NULL || memcmp(to->node.spki.b, q->server.b, sizeof(q->server.b)) != 0)
            continue;
        ent_buf_init(&body, 1u << 20);
        assert_ok(ent_buf_put_slice(&body, q->body));
        (void)pthread_mutex_lock(&all->lock);
        if (all->tamper != NULL)
            goes = all->tamper(all, from->i, i, q->path, &body);
        (void)pthread_mutex_unlock(&all->lock);
        if (goes && !atomic_load(&from->off))
            r = answer(to, &from->node.spki, ret_status, ret, q->method, q->path,
                       ent_buf_slice(&body));
        const struct office_call call = {from->i, i, q->path, ent_buf_slice(&body)};
        (void)pthread_mutex_lock(&all->lock);
        if (r == ENT_OK && all->lie != NULL)
            all->lie(all, &call, ret_status, ret);
        (void)pthread_mutex_unlock(&all->lock);
        ent_buf_release(&body);
    }
    return r;
}

unsigned office_ask_as(struct offices *all, const struct ent_spki *from, unsigned to,
                       const char *method, const char *path, struct ent_slice body,
                       struct ent_buf *ret)
{
    unsigned status = 0;
    ent_buf_clear(ret);
    assert_ok(answer(all->o[to], from, &status, ret, method, path, body));
    return status;
}

unsigned office_ask(struct offices *all, unsigned from, unsigned to, const char *method,
                    const char *path, struct ent_slice body, struct ent_buf *ret)
{
    return office_ask_as(all, &all->o[from]->node.spki, to, method, path, body, ret);
}

/* --- engines ------------------------------------------------------------------------------------
 */

static int64_t now(void *ctx)
{
    const struct office *o = ctx;
    return (int64_t)atomic_load(&o->all->now);
}

static void event(void *ctx, const struct ent_quorum_event *e)
{
    struct office *o = ctx;
    struct offices *all = o->all;
    (void)pthread_mutex_lock(&all->lock);
    all->done += e->kind == ENT_QUORUM_EV_DONE;
    all->failed += e->kind == ENT_QUORUM_EV_FAILED;
    all->refused += e->kind == ENT_QUORUM_EV_REFUSED;
    if (e->kind == ENT_QUORUM_EV_NAMED && all->n_named < 32)
        (void)snprintf(all->named[all->n_named++], sizeof(all->named[0]), "%s %s %s",
                       name_of(all, o->i), e->member, ent_quorum_fault_word(e->fault));
    (void)pthread_mutex_unlock(&all->lock);
}

void office_begin(struct office *o)
{
    char path[ENT_PATH_MAX];
    struct ent_diag d = {0};
    assert_ok(ent_home_path(o->home, path, "store.db"));
    const struct ent_desk_opts desk = {
        .store = path, .max_tlp = ENT_TLP_GREEN, .home = o->home, .quorum_tlp = ENT_TLP_AMBER};
    assert_ok(ent_desk_new(&o->desk, &d, &desk));
    o->seat = (struct ent_desk_seat){.desk = o->desk};
    o->asks = (struct ent_direct){ent_desk_serve, &o->seat, ENT_DESK_ANSWER_MAX};
    assert_ok(ent_pool_new(&o->pool, 1));
    assert_ok(ent_runners_local(&o->runners, o->desk, o->pool, 4));
    const struct ent_quorums_opts opts = {.book = o->node.book,
                                          .keeper = ent_caller_direct(&o->asks),
                                          .dialer = {.ctx = o, .call = dial},
                                          .runners = o->runners,
                                          .mode = o->mode,
                                          .items_most = OFFICE_POOL_MOST,
                                          .threads = 1,
                                          .pause_ms = 50,
                                          .ctx = o,
                                          .event = event,
                                          .now = now};
    assert_ok(ent_quorums_new(&o->q, &d, &opts));
    const struct ent_peer_opts peer = {.book = o->node.book, .idle_seconds = 60, .quorums = o->q};
    (void)pthread_rwlock_wrlock(&o->gate);
    ent_peer_free(o->node.peer);
    assert_ok(ent_peer_new(&o->node.peer, &peer));
    (void)pthread_rwlock_unlock(&o->gate);
}

void office_stop(struct office *o)
{
    const struct ent_peer_opts peer = {.book = o->node.book, .idle_seconds = 60};
    (void)pthread_rwlock_wrlock(&o->gate);
    ent_peer_free(o->node.peer);
    assert_ok(ent_peer_new(&o->node.peer, &peer));
    (void)pthread_rwlock_unlock(&o->gate);
    ent_quorums_free(o->q);
    ent_runners_free(o->runners);
    ent_pool_free(o->pool);
    ent_desk_free(o->desk);
    o->q = NULL;
}

static void see(struct office *o)
{
    const struct ent_windows_add add = {
        .id = {o->all->window, 3600}, .types = ENT_OBS_ALL, .most = ENT_WINDOW_ITEMS_MOST};
    struct ent_windows_added added;
    struct ent_observed *set = NULL;
    char dir[ENT_PATH_MAX];
    assert_ok(ent_observed_new(&set, 0));
    for (unsigned x = 0; x < o->all->plan.pool; x++) {
        struct ent_observable what;
        char text[32];
        (void)snprintf(text, sizeof(text), "8.8.%u.%u", x / 200, 1 + x % 200);
        assert_ok(ent_observable_parse(&what, NULL, ent_slice_str(text)));
        if ((o->all->has[x] >> o->i & 1) != 0)
            assert_ok(ent_observed_add(set, &what));
    }
    assert_ok(ent_observe_folder(o->home, dir));
    assert_ok(ent_windows_add(dir, &add, set, &added, NULL));
    ent_observed_free(set);
}

void offices_see(struct offices *all)
{
    for (unsigned i = 0; i < all->plan.members; i++)
        see(all->o[i]);
}

/* Each thing is at a random set of participants; few are at many. */
static void make_sets(struct offices *all)
{
    unsigned n[OFFICES_MOST] = {0};
    for (unsigned x = 0; x < all->plan.pool; x++) {
        const uint64_t level = ent_t_below(4);
        for (unsigned i = 0; i < all->plan.members; i++) {
            if (ent_t_below(4) > level || n[i] == all->plan.items)
                continue;
            all->has[x] |= UINT64_C(1) << i;
            n[i]++;
        }
    }
}

static void found(struct offices *all, struct node *const *list)
{
    struct ent_quorum_rule q = {.each = all->plan.each,
                                .window = 3600,
                                .types = ENT_OBS_BIT(ENT_OBS_IPV4),
                                .least = 2,
                                .items = all->plan.items,
                                .padding = all->plan.padding,
                                .tables = 20,
                                .holders = 2,
                                .deadlines = {ACCEPT, KEYS, UPLOAD, RESULT}};
    put_name(q.holder[0], all, 0);
    put_name(q.holder[1], all, 1);
    put_name(q.collector, all, all->plan.members);
    mesh_found_with(&all->mesh, list, all->n, NULL, &q);
}

static struct office *make_office(struct offices *all, unsigned i)
{
    struct office *o = calloc(1, sizeof(*o));
    assert_non_null(o);
    o->all = all;
    o->i = i;
    o->mode = ENT_QUORUM_ON;
    (void)pthread_rwlock_init(&o->gate, NULL);
    return o;
}

void offices_start(struct offices *all, bool each)
{
    struct offices_plan plan = offices_plan;
    plan.each = each;
    offices_start_with(all, &plan);
}

void offices_start_with(struct offices *all, const struct offices_plan *plan)
{
    struct node *list[OFFICES_MOST];
    *all = (struct offices){.plan = *plan, .n = plan->members + 1, .window = OFFICE_WINDOW};
    assert_true(all->n <= OFFICES_MOST && plan->pool <= OFFICE_POOL_MOST);
    (void)pthread_mutex_init(&all->lock, NULL);
    atomic_store(&all->now, OFFICE_NOW);
    for (unsigned x = 0; x < plan->pool && plan->saw != NULL; x++)
        all->has[x] = plan->saw(x);
    if (plan->saw == NULL)
        make_sets(all);
    for (unsigned i = 0; i < all->n; i++) {
        struct office *o = all->o[i] = make_office(all, i);
        node_make_at(&o->node, name_of(all, i),
                     i > 0 && i == plan->hidden ? "-" : "https://127.0.0.1:1");
        list[i] = &o->node;
    }
    found(all, list);
    mesh_meet(&all->mesh);
    for (unsigned i = 0; i < all->n; i++)
        all->o[i]->home = node_look(&all->o[i]->node);
    offices_see(all);
    for (unsigned i = 0; i < all->n; i++)
        office_begin(all->o[i]);
}

void offices_twin(struct offices *all, unsigned of, uint64_t whom)
{
    struct office *o = all->o[of], *t = make_office(all, of);
    char dir[ENT_PATH_MAX];
    office_stop(o);
    (void)snprintf(dir, sizeof(dir), "%s/twin", ent_t_tmpdir());
    node_twin(&t->node, &o->node, dir);
    t->home = node_look(&t->node);
    t->mode = ENT_QUORUM_ASK;
    all->twin = t;
    atomic_store(&all->to_twin, whom);
    office_begin(o);
    office_begin(t);
}

static void drop_office(struct office *o)
{
    static unsigned times;
    char from[ENT_PATH_MAX], to[64];
    memcpy(from, o->home->dir, sizeof(from));
    (void)snprintf(to, sizeof(to), "%s/was-%u", ent_t_tmpdir(), times++);
    node_free(&o->node);
    ent_home_free(o->home);
    (void)pthread_rwlock_destroy(&o->gate);
    free(o);
    assert_int_equal(rename(from, to), 0); /* the next ones have the same names */
}

void offices_end(struct offices *all)
{
    struct office *list[OFFICES_MOST + 1];
    unsigned n = 0;
    for (; n < all->n; n++)
        list[n] = all->o[n];
    if (all->twin != NULL)
        list[n++] = all->twin;
    for (unsigned i = 0; i < n; i++)
        atomic_store(&list[i]->off, true);
    for (unsigned i = 0; i < n; i++)
        if (list[i]->q != NULL)
            office_stop(list[i]);
    for (unsigned i = 0; i < n; i++)
        drop_office(list[i]);
    (void)pthread_mutex_destroy(&all->lock);
}

/* --- a run --------------------------------------------------------------------------------------
 */

void offices_offer(struct offices *all, uint32_t threshold)
{
    offices_offer_to(all, threshold, (UINT64_C(1) << all->plan.members) - 1);
}

void offices_offer_to(struct offices *all, uint32_t threshold, uint64_t members)
{
    const int64_t t = (int64_t)atomic_load(&all->now);
    enum ent_quorum_reason why;
    enum ent_verdict verdict;
    struct ent_quorum_offer *o = &all->offer;
    *o = (struct ent_quorum_offer){
        .window = all->window,
        .seconds = 3600,
        .types = ENT_OBS_BIT(ENT_OBS_IPV4),
        .shape = {.threshold = threshold, .items = all->plan.items, .tables = 20},
        .padding = all->plan.padding,
        .holders = 2,
        .accept_by = t + ACCEPT,
        .keys_by = t + KEYS,
        .upload_by = t + UPLOAD,
        .result_by = t + RESULT};
    for (unsigned i = 0; i < all->plan.members; i++)
        if ((members >> i & 1) != 0)
            put_name(o->participant[o->shape.members++], all, i);
    put_name(o->holder[0], all, 0);
    put_name(o->holder[1], all, 1);
    put_name(o->collector, all, all->plan.members);
    ent_random(&o->nonce, sizeof(o->nonce));
    assert_ok(ent_quorums_offer(collector(all)->q, all->run, &why, &verdict, o));
}

bool office_state(struct office *o, struct ent_quorum_run *ret)
{
    struct ent_qrun *run = o->q == NULL ? NULL : ent_q_find(o->q, o->all->run);
    if (run == NULL)
        return false;
    (void)pthread_mutex_lock(&run->lock);
    *ret = run->state;
    (void)pthread_mutex_unlock(&run->lock);
    ent_q_put(run);
    return true;
}

void office_wait(struct office *o, enum ent_quorum_phase phase)
{
    static struct ent_quorum_run s;
    for (unsigned i = 0; i < PATIENCE; i++) {
        if (office_state(o, &s) && s.phase >= phase)
            return;
        (void)poll(NULL, 0, 100);
    }
    fail_msg("%s is in %s, and not in %s", name_of(o->all, o->i), ent_quorum_phase_word(s.phase),
             ent_quorum_phase_word(phase));
}

/* Of the run as the collector sees it: who has accepted, or has its answer. */
static uint64_t who(const struct offices *all, bool taken)
{
    static struct ent_quorum_run s;
    uint64_t ret = 0;
    if (!office_state(collector(all), &s))
        return 0;
    for (uint32_t k = 0; k < s.offer.shape.members; k++)
        if (taken ? s.seat[k].taken : s.seat[k].accepted)
            ret |= UINT64_C(1) << number_of(all, s.offer.participant[k]);
    return ret;
}

static void wait_who(const struct offices *all, uint64_t members, bool taken)
{
    for (unsigned i = 0; i < 5 * PATIENCE; i++) {
        if ((who(all, taken) & members) == members)
            return;
        (void)poll(NULL, 0, 20);
    }
    fail_msg("not all have %s: %llx", taken ? "an answer" : "accepted",
             (unsigned long long)who(all, taken));
}

void offices_wait_taken(struct offices *all, uint64_t members)
{
    wait_who(all, members, true);
}

void offices_wait_accepted(struct offices *all, uint64_t members)
{
    wait_who(all, members, false);
}

void offices_wait_complete(struct offices *all, uint64_t members)
{
    struct ent_qrun *run = ent_q_find(collector(all)->q, all->run);
    uint64_t there = 0;
    assert_non_null(run);
    for (unsigned i = 0; i < PATIENCE && (there & members) != members; i++) {
        (void)poll(NULL, 0, 50);
        (void)pthread_mutex_lock(&run->lock);
        there = run->uploads != NULL ? ent_quorum_uploads_complete(run->uploads) : 0;
        (void)pthread_mutex_unlock(&run->lock);
    }
    ent_q_put(run);
    assert_int_equal(there & members, members);
}

void offices_wait_tables(struct offices *all)
{
    for (unsigned i = 0; i < OFFICE_MEMBERS; i++) {
        struct ent_qrun *run = ent_q_find(all->o[i]->q, all->run);
        bool has = false;
        assert_non_null(run);
        for (unsigned n = 0; n < PATIENCE && !has; n++) {
            (void)poll(NULL, 0, n > 0 ? 50 : 0);
            (void)pthread_mutex_lock(&run->lock);
            has = run->tables;
            (void)pthread_mutex_unlock(&run->lock);
        }
        ent_q_put(run);
        assert_true(has);
    }
}

void office_write(struct office *o, const char *name, struct ent_slice bytes)
{
    char path[ENT_PATH_MAX + 128];
    (void)snprintf(path, sizeof(path), "%s/%s", o->home->dir, name);
    assert_ok(ent_file_write(path, bytes, 0600, NULL));
}

bool office_read(struct office *o, const char *name, struct ent_buf *ret)
{
    ent_buf_clear(ret);
    return ent_kept_read(ret, o->home->disk, name) == ENT_OK;
}

/* --- what somebody was told ---------------------------------------------------------------------
 */

struct stored {
    const struct office *o;
    uint64_t members;
    char source[64];
    unsigned n;
};

static unsigned holders_of(const struct stored *s, unsigned x)
{
    return (unsigned)__builtin_popcountll(s->o->all->has[x] & s->members);
}

static bool passes(const struct stored *s, unsigned x)
{
    return (s->o->all->has[x] >> s->o->i & 1) != 0 &&
           holders_of(s, x) >= s->o->all->offer.shape.threshold;
}

static enum ent_err claim(void *ctx, const struct ent_claim *c)
{
    struct stored *s = ctx;
    char want[48], *rest;
    if (!ent_slice_eq(c->source, ent_slice_str(s->source)))
        return ENT_OK;
    const unsigned high = (unsigned)strtoul(c->obs.text + 4, &rest, 10); /* 8.8.high.low */
    const unsigned x = 200 * high + (unsigned)strtoul(rest + 1, NULL, 10) - 1;
    assert_true(x < s->o->all->plan.pool && passes(s, x));
    const int n = snprintf(want, sizeof(want), "seen by at least %u of ", holders_of(s, x));
    assert_true(c->text.n > (size_t)n && memcmp(c->text.p, want, (size_t)n) == 0);
    s->n++;
    return ENT_OK;
}

/* Each once, and no other: the store has one claim of a source for one thing. */
static void check_store(const struct stored *s, unsigned found)
{
    const struct ent_claim_filter filter = {.types = 0};
    struct stored got = *s;
    struct ent_store *store = NULL;
    char path[ENT_PATH_MAX];
    assert_ok(ent_home_path(s->o->home, path, "store.db"));
    assert_ok(ent_store_open(&store, NULL, path));
    assert_ok(ent_store_claims(store, &filter, claim, &got));
    ent_store_close(store);
    assert_int_equal(got.n, found);
}

void office_check(struct office *o, uint64_t members)
{
    struct stored s = {.o = o, .members = members};
    char file[ENT_PATH_MAX + 64], want[64];
    struct ent_buf b;
    unsigned found = 0;
    bool there = false;
    for (unsigned x = 0; x < o->all->plan.pool; x++)
        found += passes(&s, x);
    (void)snprintf(s.source, sizeof(s.source), "quorum/%s", o->all->run);
    (void)snprintf(want, sizeof(want), "\nfound %u\nrefused-hits 0\n", found);
    (void)snprintf(file, sizeof(file), "%s/quorum/%s/progress", o->home->dir, o->all->run);
    for (unsigned i = 0; i < PATIENCE && !there; i++) {
        ent_buf_init(&b, 65536);
        there = ent_file_read(&b, NULL, file) == ENT_OK && ent_buf_putc(&b, 0) == ENT_OK &&
                strstr((char *)b.p, want) != NULL;
        if (i + 1 == PATIENCE && !there)
            printf("# want%s# have %s\n", want, b.p == NULL ? "" : (char *)b.p);
        ent_buf_release(&b);
        if (!there)
            (void)poll(NULL, 0, 100);
    }
    if (!there)
        fail_msg("%s was told something else", name_of(o->all, o->i));
    check_store(&s, found);
}

void office_sign(struct office *o, struct ent_qsaid *ret, struct ent_buf *said, enum ent_qkind kind,
                 const struct ent_buf *body)
{
    struct ent_qrun *run = ent_q_find(o->q, o->all->run);
    struct ent_act act;
    struct ent_buf room;
    assert_non_null(run);
    *ret = (struct ent_qsaid){.kind = kind, .author = (uint8_t)run->self};
    ent_buf_init(&room, ENT_ACT_MAX);
    ent_buf_init(said, ENT_DELIVERY_MAX);
    assert_ok(ent_q_act(o->q, &act, &room, said, &ret->index, kind, &run->leaf, body));
    ret->leaf = act.leaf;
    ent_buf_release(&room);
    ent_q_put(run);
}

void office_say(struct office *o, enum ent_qkind kind, const struct ent_buf *body)
{
    struct ent_qrun *run = ent_q_find(o->q, o->all->run);
    struct ent_qsaid s;
    struct ent_buf said;
    assert_non_null(run);
    office_sign(o, &s, &said, kind, body);
    (void)pthread_mutex_lock(&run->lock);
    assert_ok(ent_qrun_keep(run, &s.leaf, ent_buf_slice(&said)));
    run->said = reallocarray(run->said, run->n_said + 1, sizeof(*run->said));
    assert_non_null(run->said);
    run->own[run->n_own++] = run->n_said;
    run->said[run->n_said++] = s;
    (void)pthread_cond_broadcast(&run->wake);
    (void)pthread_mutex_unlock(&run->lock);
    ent_buf_release(&said);
    ent_q_put(run);
}

/* --- who was named ------------------------------------------------------------------------------
 */

bool office_has_heard(struct office *o, unsigned by, unsigned about)
{
    struct ent_qrun *run = ent_q_find(o->q, o->all->run);
    bool found = false;
    if (run == NULL)
        return false;
    (void)pthread_mutex_lock(&run->lock);
    for (size_t i = 0; i < run->n_said; i++)
        found = found || (run->said[i].kind == ENT_QSAY_LEFT_OUT &&
                          number_of(o->all, run->named[run->said[i].author]) == by &&
                          number_of(o->all, run->named[run->said[i].about]) == about);
    (void)pthread_mutex_unlock(&run->lock);
    ent_q_put(run);
    return found;
}

void offices_wait_named(struct offices *all, unsigned by, unsigned about, enum ent_quorum_fault f)
{
    char want[ENT_NAME_MAX + 32];
    bool is = false;
    (void)snprintf(want, sizeof(want), "%s %s %s", name_of(all, by), name_of(all, about),
                   ent_quorum_fault_word(f));
    for (unsigned i = 0; i < PATIENCE && !is; i++) {
        (void)pthread_mutex_lock(&all->lock);
        for (unsigned k = 0; k < all->n_named; k++)
            is = is || strcmp(all->named[k], want) == 0;
        (void)pthread_mutex_unlock(&all->lock);
        for (unsigned k = 0; k < all->n && is; k++)
            is = all->o[k]->q == NULL || atomic_load(&all->o[k]->off) ||
                 office_has_heard(all->o[k], by, about);
        if (!is)
            (void)poll(NULL, 0, 100);
    }
    if (is)
        return;
    (void)pthread_mutex_lock(&all->lock);
    for (unsigned k = 0; k < all->n_named; k++)
        printf("# %s\n", all->named[k]);
    (void)pthread_mutex_unlock(&all->lock);
    fail_msg("not everybody heard: %s", want);
}

unsigned offices_named(struct offices *all)
{
    (void)pthread_mutex_lock(&all->lock);
    const unsigned n = all->n_named;
    (void)pthread_mutex_unlock(&all->lock);
    return n;
}

bool office_has_named(struct offices *all, unsigned by, unsigned about)
{
    char want[2 * ENT_NAME_MAX + 3];
    bool is = false;
    (void)snprintf(want, sizeof(want), "%s %s ", name_of(all, by), name_of(all, about));
    (void)pthread_mutex_lock(&all->lock);
    for (unsigned k = 0; k < all->n_named; k++)
        is = is || strncmp(all->named[k], want, strlen(want)) == 0;
    (void)pthread_mutex_unlock(&all->lock);
    return is;
}
