/* offices.c: see offices.h. */
#include "tests/support/offices.h"

#include <poll.h>

#define ACCEPT   200
#define KEYS     300
#define UPLOAD   400
#define RESULT   500
#define PATIENCE 1200u /* looks, a tenth of a second apart */

static const char *const names[OFFICES] = {"adams", "brown", "clark", "davis", "evans", "zavala"};

static unsigned number_of(const char *name)
{
    unsigned i = 0;
    while (i < OFFICES && strcmp(names[i], name) != 0)
        i++;
    return i;
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

static enum ent_err dial(void *ctx, unsigned *ret_status, struct ent_buf *ret, struct ent_diag *d,
                         const struct ent_dial *q)
{
    struct office *from = ctx;
    struct offices *all = from->all;
    enum ent_err r = ENT_E_PEER;
    (void)d;
    for (unsigned i = 0; i < OFFICES; i++) {
        struct ent_buf body;
        bool goes = true;
        if (memcmp(all->o[i]->node.spki.b, q->server.b, sizeof(q->server.b)) != 0)
            continue;
        ent_buf_init(&body, 1u << 20);
        assert_ok(ent_buf_put_slice(&body, q->body));
        (void)pthread_mutex_lock(&all->lock);
        if (all->tamper != NULL)
            goes = all->tamper(all, from->i, i, q->path, &body);
        (void)pthread_mutex_unlock(&all->lock);
        if (goes && !atomic_load(&from->off))
            r = answer(all->o[i], &from->node.spki, ret_status, ret, q->method, q->path,
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
        (void)snprintf(all->named[all->n_named++], sizeof(all->named[0]), "%s %s %s", names[o->i],
                       e->member, ent_quorum_fault_word(e->fault));
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
    assert_ok(ent_runners_local(&o->runners, o->desk, o->pool, 2));
    const struct ent_quorums_opts opts = {.book = o->node.book,
                                          .keeper = ent_caller_direct(&o->asks),
                                          .dialer = {.ctx = o, .call = dial},
                                          .runners = o->runners,
                                          .mode = o->mode,
                                          .items_most = 1000,
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
        .id = {OFFICE_WINDOW, 3600}, .types = ENT_OBS_ALL, .most = ENT_WINDOW_ITEMS_MOST};
    struct ent_windows_added added;
    struct ent_observed *set = NULL;
    char dir[ENT_PATH_MAX];
    assert_ok(ent_observed_new(&set, 0));
    for (unsigned x = 0; x < OFFICE_POOL; x++) {
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

/* Each thing is at a random set of participants; few are at many. */
static void make_sets(struct offices *all)
{
    unsigned n[OFFICE_MEMBERS] = {0};
    for (unsigned x = 0; x < OFFICE_POOL; x++) {
        const uint64_t level = ent_t_below(4);
        for (unsigned i = 0; i < OFFICE_MEMBERS; i++) {
            if (ent_t_below(4) > level || n[i] == OFFICE_ITEMS)
                continue;
            all->has[x] |= UINT64_C(1) << i;
            n[i]++;
        }
    }
}

static void found(struct offices *all, struct node *const *list, bool each)
{
    struct ent_quorum_rule q = {.each = each,
                                .window = 3600,
                                .types = ENT_OBS_BIT(ENT_OBS_IPV4),
                                .least = 2,
                                .items = OFFICE_ITEMS,
                                .padding = ENT_QUORUM_PAD_DOUBLE,
                                .tables = 20,
                                .holders = 2,
                                .deadlines = {ACCEPT, KEYS, UPLOAD, RESULT}};
    memcpy(q.holder[0], names[0], strlen(names[0]) + 1);
    memcpy(q.holder[1], names[1], strlen(names[1]) + 1);
    memcpy(q.collector, names[OFFICE_COLLECTS], strlen(names[OFFICE_COLLECTS]) + 1);
    mesh_found_with(&all->mesh, list, OFFICES, NULL, &q);
}

void offices_start(struct offices *all, bool each)
{
    offices_start_with(all, each, OFFICES);
}

void offices_start_with(struct offices *all, bool each, unsigned hidden)
{
    struct node *list[OFFICES];
    *all = (struct offices){.tamper = NULL};
    (void)pthread_mutex_init(&all->lock, NULL);
    atomic_store(&all->now, OFFICE_NOW);
    make_sets(all);
    for (unsigned i = 0; i < OFFICES; i++) {
        struct office *o = calloc(1, sizeof(*o));
        assert_non_null(o);
        o->all = all;
        o->i = i;
        o->mode = ENT_QUORUM_ON;
        all->o[i] = o;
        (void)pthread_rwlock_init(&o->gate, NULL);
        node_make_at(&o->node, names[i], i == hidden ? "-" : "https://127.0.0.1:1");
        list[i] = &o->node;
    }
    found(all, list, each);
    mesh_meet(&all->mesh);
    for (unsigned i = 0; i < OFFICES; i++) {
        struct office *o = all->o[i];
        o->home = node_look(&o->node);
        if (i < OFFICE_MEMBERS)
            see(o);
        office_begin(o);
    }
}

void offices_end(struct offices *all)
{
    for (unsigned i = 0; i < OFFICES; i++)
        atomic_store(&all->o[i]->off, true);
    for (unsigned i = 0; i < OFFICES; i++)
        if (all->o[i]->q != NULL)
            office_stop(all->o[i]);
    for (unsigned i = 0; i < OFFICES; i++) {
        struct office *o = all->o[i];
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
    (void)pthread_mutex_destroy(&all->lock);
}

/* --- a run --------------------------------------------------------------------------------------
 */

void offices_offer(struct offices *all, uint32_t threshold)
{
    const int64_t t = (int64_t)atomic_load(&all->now);
    enum ent_quorum_reason why;
    enum ent_verdict verdict;
    struct ent_quorum_offer *o = &all->offer;
    *o = (struct ent_quorum_offer){.window = OFFICE_WINDOW,
                                   .seconds = 3600,
                                   .types = ENT_OBS_BIT(ENT_OBS_IPV4),
                                   .shape = {.members = OFFICE_MEMBERS,
                                             .threshold = threshold,
                                             .items = OFFICE_ITEMS,
                                             .tables = 20},
                                   .padding = ENT_QUORUM_PAD_DOUBLE,
                                   .holders = 2,
                                   .accept_by = t + ACCEPT,
                                   .keys_by = t + KEYS,
                                   .upload_by = t + UPLOAD,
                                   .result_by = t + RESULT};
    for (unsigned i = 0; i < OFFICE_MEMBERS; i++)
        memcpy(o->participant[i], names[i], strlen(names[i]) + 1);
    memcpy(o->holder[0], names[0], strlen(names[0]) + 1);
    memcpy(o->holder[1], names[1], strlen(names[1]) + 1);
    memcpy(o->collector, names[OFFICE_COLLECTS], strlen(names[OFFICE_COLLECTS]) + 1);
    ent_random(&o->nonce, sizeof(o->nonce));
    assert_ok(ent_quorums_offer(all->o[OFFICE_COLLECTS]->q, all->run, &why, &verdict, o));
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
    fail_msg("%s is in %s, and not in %s", names[o->i], ent_quorum_phase_word(s.phase),
             ent_quorum_phase_word(phase));
}

void offices_wait_taken(struct offices *all, uint64_t members)
{
    static struct ent_quorum_run s;
    for (unsigned i = 0; i < PATIENCE; i++) {
        uint64_t took = 0;
        if (office_state(all->o[OFFICE_COLLECTS], &s))
            for (unsigned k = 0; k < OFFICE_MEMBERS; k++)
                took |= (uint64_t)s.seat[k].taken << k;
        if ((took & members) == members)
            return;
        (void)poll(NULL, 0, 100);
    }
    fail_msg("not everybody has its answer: %s", ent_quorum_phase_word(s.phase));
}

void offices_wait_accepted(struct offices *all, uint64_t members)
{
    static struct ent_quorum_run s;
    uint64_t said = 0;
    for (unsigned i = 0; i < PATIENCE && (said & members) != members; i++) {
        (void)poll(NULL, 0, 20);
        for (unsigned k = 0; office_state(all->o[OFFICE_COLLECTS], &s) && k < OFFICE_MEMBERS; k++)
            said |= (uint64_t)s.seat[k].accepted << k;
    }
    assert_int_equal(said & members, members);
}

void offices_wait_complete(struct offices *all, uint64_t members)
{
    struct ent_qrun *run = ent_q_find(all->o[OFFICE_COLLECTS]->q, all->run);
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

void office_check(struct office *o, uint64_t members)
{
    const struct offices *all = o->all;
    char file[ENT_PATH_MAX + 64], want[64];
    struct ent_buf b;
    unsigned found = 0;
    for (unsigned x = 0; x < OFFICE_POOL; x++)
        found +=
            (all->has[x] >> o->i & 1) != 0 &&
            (uint32_t)__builtin_popcountll(all->has[x] & members) >= all->offer.shape.threshold;
    (void)snprintf(want, sizeof(want), "\nfound %u\nrefused-hits 0\n", found);
    (void)snprintf(file, sizeof(file), "%s/quorum/%s/progress", o->home->dir, all->run);
    for (unsigned i = 0; i < PATIENCE; i++) {
        ent_buf_init(&b, 65536);
        const bool there = ent_file_read(&b, NULL, file) == ENT_OK &&
                           ent_buf_putc(&b, 0) == ENT_OK && strstr((char *)b.p, want) != NULL;
        const bool last = i + 1 == PATIENCE;
        if (last && !there)
            printf("# %s: want%s# have %s\n", names[o->i], want, b.p == NULL ? "" : (char *)b.p);
        ent_buf_release(&b);
        if (there)
            return;
        (void)poll(NULL, 0, 100);
    }
    fail_msg("%s was told something else", names[o->i]);
}

void office_say(struct office *o, enum ent_qkind kind, const struct ent_buf *body)
{
    struct ent_qrun *run = ent_q_find(o->q, o->all->run);
    struct ent_qsaid s = {.kind = kind};
    struct ent_act act;
    struct ent_buf room, said;
    assert_non_null(run);
    ent_buf_init(&room, ENT_ACT_MAX);
    ent_buf_init(&said, ENT_DELIVERY_MAX);
    assert_ok(ent_q_act(o->q, &act, &room, &said, &s.index, kind, &run->leaf, body));
    s.leaf = act.leaf;
    (void)pthread_mutex_lock(&run->lock);
    s.author = (uint8_t)run->self;
    assert_ok(ent_qrun_keep(run, &act.leaf, ent_buf_slice(&said)));
    run->said = reallocarray(run->said, run->n_said + 1, sizeof(*run->said));
    assert_non_null(run->said);
    run->own[run->n_own++] = run->n_said;
    run->said[run->n_said++] = s;
    (void)pthread_cond_broadcast(&run->wake);
    (void)pthread_mutex_unlock(&run->lock);
    ent_buf_release(&room);
    ent_buf_release(&said);
    ent_q_put(run);
}

/* --- who was named ------------------------------------------------------------------------------
 */

bool office_has_heard(struct office *o, unsigned by, unsigned who)
{
    struct ent_qrun *run = ent_q_find(o->q, o->all->run);
    bool found = false;
    if (run == NULL)
        return false;
    (void)pthread_mutex_lock(&run->lock);
    for (size_t i = 0; i < run->n_said; i++)
        found = found || (run->said[i].kind == ENT_QSAY_LEFT_OUT &&
                          number_of(run->named[run->said[i].author]) == by &&
                          number_of(run->named[run->said[i].about]) == who);
    (void)pthread_mutex_unlock(&run->lock);
    ent_q_put(run);
    return found;
}

void offices_wait_named(struct offices *all, unsigned by, unsigned who, enum ent_quorum_fault f)
{
    char want[ENT_NAME_MAX + 32];
    bool is = false;
    (void)snprintf(want, sizeof(want), "%s %s %s", names[by], names[who], ent_quorum_fault_word(f));
    for (unsigned i = 0; i < PATIENCE && !is; i++) {
        (void)pthread_mutex_lock(&all->lock);
        for (unsigned k = 0; k < all->n_named; k++)
            is = is || strcmp(all->named[k], want) == 0;
        (void)pthread_mutex_unlock(&all->lock);
        for (unsigned k = 0; k < OFFICES && is; k++)
            is = all->o[k]->q == NULL || atomic_load(&all->o[k]->off) ||
                 office_has_heard(all->o[k], by, who);
        if (!is)
            (void)poll(NULL, 0, 100);
    }
    for (unsigned k = 0; k < all->n_named && !is; k++)
        printf("# %s\n", all->named[k]);
    if (!is)
        fail_msg("not everybody heard: %s", want);
}

unsigned offices_named(struct offices *all)
{
    (void)pthread_mutex_lock(&all->lock);
    const unsigned n = all->n_named;
    (void)pthread_mutex_unlock(&all->lock);
    return n;
}

bool office_has_named(struct offices *all, unsigned by, unsigned who)
{
    char want[2 * ENT_NAME_MAX + 3];
    bool is = false;
    (void)snprintf(want, sizeof(want), "%s %s ", names[by], names[who]);
    (void)pthread_mutex_lock(&all->lock);
    for (unsigned k = 0; k < all->n_named; k++)
        is = is || strncmp(all->named[k], want, strlen(want)) == 0;
    (void)pthread_mutex_unlock(&all->lock);
    return is;
}
