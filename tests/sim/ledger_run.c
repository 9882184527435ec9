/* ledger_run.c: homes, the wire between them, and what happens. */
#include "tests/sim/ledger_world.h"

#define BASE 1795328503 /* what a good clock shows in the beginning */
#define PACE 600u       /* mean time between two acts of a home */

const char *world_name(const struct world *w, size_t member)
{
    return w->pact.roster.member[member].name;
}

int64_t home_now(const struct home *h)
{
    return BASE + (int64_t)sim_now(h->w->net) + h->clock;
}

static bool is_honest(const struct home *h)
{
    return !h->w->member[h->member].liar;
}

/* --- up and down -------------------------------------------------------------------------------
 */

bool home_is_up(const struct home *h)
{
    return h->view != NULL && !h->gone;
}

static void take_lock(void *ctx)
{
    struct home *h = ctx;
    assert_int_equal(h->locked, 0);
    h->locked = 1;
}

static void give_lock(void *ctx)
{
    struct home *h = ctx;
    assert_int_equal(h->locked, 1);
    h->locked = 0;
}

static void told(void *ctx, const struct ent_misbehaviour *m)
{
    struct home *h = ctx;
    assert_int_equal(h->locked, 0);
    if (is_honest(h))
        check_told(h, m);
}

static void ledger_down(struct home *h)
{
    ent_view_free(h->view);
    ent_log_free(h->log);
    h->view = NULL;
    h->log = NULL;
    h->locked = 0;
    h->gone = false;
}

static void home_down(struct home *h)
{
    ledger_down(h);
    ent_signer_local_free(h->signer);
    h->signer = NULL;
}

static void home_up(struct home *h)
{
    struct world *w = h->w;
    struct ent_diag d = {0};
    char origin[ENT_LOG_ORIGIN];
    ent_roster_origin(&w->pact.roster, origin, world_name(w, h->member), 1);
    if (h->signer == NULL)
        h->signer = logs_signer(&w->pact, h->member, &h->lock, ent_simdisk_disk(h->disk));
    const struct ent_log_opts lo = {.disk = ent_simdisk_disk(h->disk),
                                    .dir = "log/1",
                                    .lock = "lock/1",
                                    .origin = origin,
                                    .signer = h->signer,
                                    .alone = !is_honest(h)};
    assert_null(h->view);
    enum ent_err r = ent_log_open(&h->log, &d, &lo);
    struct ent_view_opts vo = {.disk = lo.disk,
                               .self = world_name(w, h->member),
                               .own = h->log,
                               .signer = h->signer,
                               .ctx = h,
                               .lock = take_lock,
                               .unlock = give_lock,
                               .exposed = told};
    if (r == ENT_E_AUTH && h->copied) { /* half of an old copy: to be refilled */
        const char *name;
        for (size_t i = 0; (name = ent_simdisk_name(h->disk, i)) != NULL; i++)
            if (strncmp(name, "log/", 4) == 0)
                ent_simdisk_remove(h->disk, name);
        r = ent_log_open(&h->log, &d, &lo);
        vo.own = h->log;
    }
    if (r == ENT_OK)
        r = ent_view_new(&h->view, &d, &w->pact.roster, &vo);
    if (r != ENT_OK) {
        wrong(w, LEDGER_STUCK, d.text == NULL ? "a home that does not open" : d.text, h->member,
              h->member);
        exit(1);
    }
    check_pending(h);
    h->pending = 0; /* or it was never said */
}

/* Its power has gone: what of its disk is left shows when nothing of it runs any more. */
static void fall(struct home *h)
{
    h->gone = true;
    if (h->busy > 0)
        return;
    home_down(h);
    ent_simdisk_restart(h->disk);
    h->w->r->crashes++;
    h->failed = false;
    sim_after(h->w->net, h->self, 1 + sim_below(h->w->net, 4 * PACE), UP, 0, 0, 0);
}

/* Its signer is another process, which goes on or does not. */
static void restart(struct home *h)
{
    if (sim_percent(h->w->net, 50))
        ledger_down(h);
    else
        home_down(h);
    home_up(h);
}

/* --- what goes wrong at a disk -----------------------------------------------------------------
 */

enum plan { NOTHING, CRASH, FAILURE };

static enum plan plan(struct home *h)
{
    struct world *w = h->w;
    if (w->calm || !is_honest(h) || h->busy > 0)
        return NOTHING;
    uint64_t what = sim_below(w->net, 100), when = 1 + sim_below(w->net, 60);
    if (what < 4) {
        ent_simdisk_crash(h->disk, when);
        return CRASH;
    }
    if (what < 6) {
        enum ent_err e = sim_percent(w->net, 50) ? ENT_E_IO : ENT_E_FULL;
        if (sim_percent(w->net, 50))
            ent_simdisk_fail(h->disk, when, e);
        else /* the moment at which a commit is one */
            ent_simdisk_fail_replace(h->disk, e);
        return FAILURE;
    }
    return NOTHING;
}

/* Whether the power went. A process that sees an error ends, mostly. */
static bool conclude(struct home *h, enum plan p)
{
    bool hit = ent_simdisk_hit(h->disk);
    if (p == CRASH && hit) {
        fall(h);
        return true;
    }
    if (p == CRASH)
        ent_simdisk_crash(h->disk, 0);
    if (p == FAILURE) {
        ent_simdisk_fail(h->disk, 0, ENT_OK);
        h->w->r->failures += hit;
        h->failed = h->failed || hit;
        if (hit && h->busy == 0 && sim_percent(h->w->net, 70))
            restart(h);
    }
    return false;
}

/* --- the wire ----------------------------------------------------------------------------------
 */

static void trace(struct world *w, struct ent_slice s)
{
    uint8_t n[8];
    ent_put_u64le(n, s.n);
    ent_sha256_add(&w->trace, ent_slice(n, sizeof(n)));
    ent_sha256_add(&w->trace, s);
}

unsigned home_handle(struct home *h, struct ent_buf *answer, const char *method, const char *path,
                     struct ent_slice body)
{
    struct world *w = h->w;
    struct ent_view_answer a = {.status = 0};
    if (!home_is_up(h) || ent_simdisk_hit(h->disk))
        return 0;
    trace(w, ent_slice_str(path));
    trace(w, body);
    ent_buf_init(&a.body, MESSAGE);
    enum plan p = plan(h);
    h->busy++;
    ent_view_handle(h->view, &a, NULL, method, path, body, home_now(h));
    h->busy--;
    if (is_honest(h) && strstr(path, "/entries") != NULL && strcmp(method, "POST") == 0) {
        w->r->brought += a.status == 200;
        w->r->repelled += a.status == 400 || a.status == 422;
    }
    bool gone = conclude(h, p);
    if (!gone && is_honest(h)) {
        check_leaving(h, ent_buf_slice(&a.body));
        if (strcmp(method, "POST") == 0)
            check_home(h, false);
    } else if (!gone && !liar_answer(h, &a.status, &a.body, path)) {
        gone = true;
    }
    if (!gone && ent_buf_put_slice(answer, ent_buf_slice(&a.body)) != ENT_OK)
        gone = true;
    trace(w, ent_buf_slice(&a.body));
    ent_buf_release(&a.body);
    return gone ? 0 : a.status;
}

/* Whom this home takes for that member. */
static struct home *route(struct home *h, size_t member)
{
    struct world *w = h->w;
    const struct member *m = &w->member[member];
    unsigned face = is_honest(h) ? m->face[h->member] : h->face;
    return &w->home[m->liar && m->forked && face == 1 ? w->n + member : member];
}

static void come_later(struct home *h, const struct home *to, const char *method, const char *path,
                       struct ent_slice body)
{
    struct ent_buf b;
    ent_buf_init(&b, MESSAGE);
    assert_ok(ent_buf_printf(&b, "%s\n%s\n", method, path));
    assert_ok(ent_buf_put_slice(&b, body));
    const struct sim_event e = {
        .from = h->self, .to = to->self, .what = LATE, .bytes = ent_buf_slice(&b)};
    sim_send(h->w->net, &e);
    h->w->r->late++;
    ent_buf_release(&b);
}

static void arrive(struct world *w, const struct sim_event *e)
{
    char method[8], path[PATH_SIZE];
    struct ent_cur c = ent_cur(e->bytes);
    struct ent_slice line;
    struct ent_buf answer;
    assert_ok(ent_cur_line(&c, &line));
    (void)snprintf(method, sizeof(method), "%.*s", (int)line.n, (const char *)line.p);
    assert_ok(ent_cur_line(&c, &line));
    (void)snprintf(path, sizeof(path), "%.*s", (int)line.n, (const char *)line.p);
    ent_buf_init(&answer, MESSAGE);
    (void)home_handle(&w->home[e->to], &answer, method, path, ent_slice(c.p, c.n));
    ent_buf_release(&answer);
}

/* Other things happen while somebody waits for an answer. */
static void meanwhile(struct world *w)
{
    if (w->calm || w->depth >= 2 || !sim_percent(w->net, 8))
        return;
    struct home *other = &w->home[sim_below(w->net, w->n)];
    w->depth++;
    home_act(other);
    w->depth--;
}

/* The message on its way there and back. */
static enum ent_err carry(struct home *h, struct home *to, unsigned *ret_status,
                          struct ent_buf *answer, const char *method, const char *path,
                          struct ent_slice body)
{
    struct world *w = h->w;
    struct ent_buf b;
    bool good = w->calm, is_late = !good && sim_percent(w->net, w->late);
    if (is_late || (!good && sim_percent(w->net, w->doubled)))
        come_later(h, to, method, path, body);
    bool lost = !good && sim_percent(w->net, w->lost);
    w->r->lost += lost;
    if (is_late || lost)
        return ENT_E_TIMEOUT;
    ent_buf_init(&b, MESSAGE);
    *ret_status = home_handle(to, &b, method, path, body);
    enum ent_err r = ENT_E_TIMEOUT;
    lost = !good && sim_percent(w->net, w->lost);
    w->r->lost += lost;
    if (*ret_status != 0 && !lost && home_is_up(h))
        r = b.n > answer->max - answer->n ? ENT_E_LIMIT
                                          : ent_buf_put_slice(answer, ent_buf_slice(&b));
    ent_buf_release(&b);
    return r;
}

static enum ent_err call(void *ctx, unsigned *ret_status, struct ent_buf *answer,
                         const char *member, const char *method, const char *path,
                         struct ent_slice body)
{
    struct home *h = ctx;
    struct world *w = h->w;
    struct ent_buf sent;
    size_t m = 0;
    assert_int_equal(h->locked, 0);
    while (strcmp(world_name(w, m), member) != 0)
        assert_true(++m < w->n);
    w->r->calls++;
    if (!home_is_up(h) || ent_simdisk_hit(h->disk))
        return ENT_E_TIMEOUT;
    if (is_honest(h))
        check_leaving(h, body);
    meanwhile(w);
    struct home *to = route(h, m);
    if (to->hidden)
        return ENT_E_NOTFOUND;
    ent_buf_init(&sent, MESSAGE);
    assert_ok(ent_buf_put_slice(&sent, body));
    if (!is_honest(h))
        liar_request(h, &sent, path);
    enum ent_err r = carry(h, to, ret_status, answer, method, path, ent_buf_slice(&sent));
    ent_buf_release(&sent);
    return r;
}

struct ent_wire home_wire(struct home *h)
{
    return (struct ent_wire){h, call};
}

/* --- acts --------------------------------------------------------------------------------------
 */

enum ent_err home_say(struct home *h, size_t n)
{
    static const struct ent_salt32 salt;
    struct history *told_so_far = h->history;
    char entry[80];
    uint64_t at;
    enum ent_err r = ENT_OK;
    uint64_t size = ent_log_size(h->log);
    check_pending(h);
    if (h->pending == 0)
        h->tries++;
    for (size_t i = 0; i < n && r == ENT_OK; i++) {
        size_t len = history_entry(entry, h, size + i);
        r = ent_log_append(h->log, &at, ent_slice(entry, len), &salt, ENT_SLICE_LIT("body"));
    }
    if (r != ENT_OK) {
        h->w->r->refused += r == ENT_E_STATE;
        ent_log_drop(h->log);
        return r;
    }
    if ((r = ent_log_commit(h->log, NULL)) != ENT_OK) {
        h->pending = ent_log_state(h->log) == ENT_LOG_READY ? 0 : n;
        return r;
    }
    if (size != told_so_far->n)
        wrong(h->w, LEDGER_FORKED, "an old copy has signed", h->member, h->member);
    for (size_t i = 0; i < n; i++)
        history_add(told_so_far, h);
    h->w->r->said += n;
    return ENT_OK;
}

enum ent_err home_push(struct home *h, const char *other)
{
    const struct ent_wire wire = home_wire(h);
    bool more = true;
    enum ent_err r = ENT_OK;
    while (r == ENT_OK && more)
        r = ent_view_push(h->view, NULL, &wire, other, &more);
    return r;
}

static size_t another(struct world *w, size_t but)
{
    size_t i = (size_t)sim_below(w->net, w->n - 1);
    return i < but ? i : i + 1;
}

static void jump(struct home *h)
{
    static const int64_t years_2100 = 4102444800;
    switch (sim_below(h->w->net, 4)) {
    case 0:
        h->clock = -BASE;
        break;
    case 1:
        h->clock = years_2100 - BASE;
        break;
    case 2:
        h->clock = (int64_t)sim_below(h->w->net, (uint64_t)years_2100) - BASE;
        break;
    default:
        h->clock = 0;
    }
    h->w->r->jumps++;
}

static void copy_home(struct home *h)
{
    if (h->pending > 0 || h->restored)
        return;
    ent_simdisk_free(h->snapshot);
    h->snapshot = ent_simdisk_copy(h->disk);
    h->snapshot_n = h->history->n;
}

/* The largest head of this log that was accepted anywhere. */
static uint64_t accepted_size(const struct world *w, size_t member)
{
    uint64_t size = 0;
    for (size_t i = 0; i < w->accepted.n; i++)
        if (w->accepted.p[i].member == member && w->accepted.p[i].size > size)
            size = w->accepted.p[i].size;
    return size;
}

/* How many do not do what they should, or have forgotten what they did. */
static size_t faulty(const struct world *w)
{
    size_t n = 0;
    for (size_t i = 0; i < w->n; i++)
        n += w->member[i].liar || w->home[i].forgot || w->home[i].hidden;
    return n;
}

/*
 * An old copy comes back: of the log alone; of all but lock/, as backups should; of all, as they
 * should not. The last is found out only where others know of something later, which is why it is
 * done only then; and who forgets what it cosigned is one of the faulty ones.
 */
static void restore(struct home *h)
{
    struct world *w = h->w;
    uint64_t kind = sim_below(w->net, 3);
    bool spare = faulty(w) < (w->n - 1) / 3 || h->forgot;
    if (h->snapshot == NULL || h->pending > 0 || w->weak || (kind == 2 && !spare) ||
        (kind == 2 && accepted_size(w, h->member) <= h->snapshot_n))
        return;
    h->copied = true;
    home_down(h);
    const char *name;
    for (size_t i = 0; (name = ent_simdisk_name(h->disk, i)) != NULL; i++) {
        bool log = strncmp(name, "log/", 4) == 0, lock = strncmp(name, "lock/", 5) == 0;
        if (kind == 0 ? log : kind == 1 ? !lock : true)
            ent_simdisk_set(h->disk, name, ent_simdisk_file(h->snapshot, name));
    }
    h->restored = h->restored || h->snapshot_n < h->history->n;
    if (kind > 0) {
        h->forgot = h->forgot || kind == 2;
        memset(h->checked, 0, sizeof(h->checked));
        for (size_t i = 0; i < w->n; i++)
            if (w->member[i].two == h->self + 1)
                w->member[i].two = 0;
    }
    w->r->restored++;
    home_up(h);
}

static void honest_act(struct home *h, enum plan p)
{
    struct world *w = h->w;
    const struct ent_wire wire = home_wire(h);
    size_t i = another(w, h->member);
    const char *other = world_name(w, i), *of = world_name(w, another(w, h->member));
    uint64_t what = p == FAILURE && sim_percent(w->net, 50) ? 0 : sim_below(w->net, 100);
    enum ent_err r = ENT_OK;
    if (what < 18)
        r = h->member < w->speakers ? home_say(h, 1 + sim_below(w->net, 3)) : ENT_OK;
    else if (what < 45)
        r = ent_view_submit(h->view, NULL, &wire, other, home_now(h));
    else if (what < 70)
        r = ent_view_greet(h->view, NULL, &wire, other, home_now(h));
    else if (what < 84)
        r = ent_view_pull(h->view, NULL, &wire, other, other, what < 78, home_now(h));
    else if (what < 92)
        r = ent_view_pull(h->view, NULL, &wire, of, other, what < 89, home_now(h));
    else if (what < 95)
        jump(h);
    else if (what < 99)
        r = home_push(h, other);
    (void)r; /* what it may be is checked by what comes of it */
}

void home_act(struct home *h)
{
    struct world *w = h->w;
    if (!home_is_up(h) || ent_simdisk_hit(h->disk))
        return;
    if (h->busy == 0 && h->failed && !w->calm && sim_percent(w->net, 20)) {
        fall(h);
        return;
    }
    if (h->busy == 0) {
        enum ent_log_state s = ent_log_state(h->log);
        if (s == ENT_LOG_BROKEN || (s != ENT_LOG_READY && !is_honest(h)))
            restart(h);
        if (is_honest(h) && sim_percent(w->net, 4))
            copy_home(h);
        if (is_honest(h) && sim_percent(w->net, 6))
            restore(h);
    }
    enum plan p = plan(h);
    h->busy++;
    if (is_honest(h))
        honest_act(h, p);
    else
        liar_act(h);
    h->busy--;
    if (h->gone && h->busy == 0)
        fall(h);
    else if (!conclude(h, p))
        check_home(h, false);
}

/* --- the world ---------------------------------------------------------------------------------
 */

static void key(struct ent_seed32 *seed, struct ent_pubkey *pk)
{
    for (size_t i = 0; i < sizeof(seed->b); i++)
        seed->b[i] = (uint8_t)ent_t_rand();
    ent_sign_public(pk, seed);
}

/* The same keys for the same seed. */
static void make_pact(struct world *w, unsigned k)
{
    struct ent_seed32 unused;
    logs_pact_make(&w->pact, w->n, k);
    for (size_t i = 0; i < 32; i++) {
        w->pact.roster.pact.b[i] = (uint8_t)ent_t_rand();
        w->pact.roster.version[0].b[i] = (uint8_t)ent_t_rand();
    }
    for (size_t i = 0; i < w->n; i++) {
        struct ent_roster_member *m = &w->pact.roster.member[i];
        key(&unused, &m->root);
        key(&unused, &m->mirror);
        key(&w->pact.witness[i], &m->witness);
        key(&w->pact.author[i], &m->author[0].pk);
        key(&w->pact.log[i][1], &m->log[0].pk);
    }
}

static void make_home(struct world *w, size_t self, size_t member, unsigned face,
                      const struct home *from)
{
    struct home *h = &w->home[self];
    *h = (struct home){.w = w, .self = self, .member = member, .face = face};
    h->history = &w->member[member].history[face];
    h->disk = from == NULL ? ent_simdisk_new() : ent_simdisk_copy(from->disk);
    if (from != NULL)
        history_copy(h->history, from->history);
    home_up(h);
    sim_after(w->net, self, 1 + sim_below(w->net, 2 * PACE), TICK, 0, 0, 0);
}

static void make_liars(struct world *w, size_t liars)
{
    for (size_t i = 0; i < liars; i++) {
        struct member *m = &w->member[w->n <= 16 ? sim_below(w->net, w->n) : 3 + i];
        if (m->liar)
            continue;
        w->r->liars++;
        m->liar = true;
        for (size_t k = 0; k < w->n; k++)
            m->face[k] = (unsigned)sim_below(w->net, 2);
        for (unsigned bit = 1; bit <= CRAFT && !w->weak; bit <<= 1)
            if (sim_percent(w->net, 30))
                m->habits |= bit;
    }
}

/* One who has no address counts as one of the faulty: others cannot ask it, nor what it holds. */
static void hide_one(struct world *w)
{
    size_t i = (size_t)sim_below(w->net, w->n);
    if (w->weak || w->r->crowd > 0 || faulty(w) >= (w->n - 1) / 3 || w->member[i].liar)
        return;
    w->home[i].hidden = true;
    w->r->hidden++;
}

static struct world *world_new(struct ledger_run *r)
{
    struct world *w = calloc(1, sizeof(*w));
    assert_non_null(w);
    ent_t_seed(r->seed ^ 0x5eed);
    struct sim_net_opts o = {.seed = r->seed, .nodes = 2 * MEMBERS, .late = 20 * PACE, .soon = 5};
    o.calm = (r->crowd > 0 ? 15 : 40) * PACE;
    w->net = sim_net_new(&o);
    w->r = r;
    w->weak = r->weak;
    uint64_t kind = sim_below(w->net, 10);
    w->n = r->crowd > 0 ? r->crowd
           : kind < 4   ? 4
           : kind < 9   ? 5 + sim_below(w->net, 3)
                        : 8 + sim_below(w->net, 6);
    w->speakers = r->crowd > 0 ? 6 : w->n;
    w->lost = (unsigned)sim_below(w->net, 25);
    w->late = (unsigned)sim_below(w->net, 15);
    w->doubled = (unsigned)sim_below(w->net, 15);
    r->members = w->n;
    size_t most = (w->n - 1) / 3;
    make_pact(w, w->weak ? 1 : (unsigned)(2 * w->n / 3 + 1));
    assert_non_null(w->home = calloc(2 * w->n, sizeof(*w->home)));
    assert_non_null(w->member = calloc(w->n, sizeof(*w->member)));
    ent_sha256_init(&w->trace);
    ent_buf_init(&w->stale, MESSAGE);
    for (size_t i = 0; i < POOL; i++)
        ent_buf_init(&w->pool[i].note, ENT_NOTE_MAX);
    make_liars(w, w->weak || r->crowd > 0 || sim_percent(w->net, 40) ? most
                                                                     : sim_below(w->net, most + 1));
    for (size_t i = 0; i < w->n; i++) {
        history_init(&w->member[i].history[0]);
        history_init(&w->member[i].history[1]);
        make_home(w, i, i, 0, NULL);
    }
    hide_one(w);
    return w;
}

static void world_free(struct world *w)
{
    struct ent_sha256 h = w->trace;
    const char *name;
    for (size_t i = 0; i < 2 * w->n; i++) {
        struct home *o = &w->home[i];
        if (o->disk == NULL)
            continue;
        home_down(o);
        for (size_t k = 0; (name = ent_simdisk_name(o->disk, k)) != NULL; k++) {
            ent_sha256_add(&h, ent_slice_str(name));
            ent_sha256_add(&h, ent_simdisk_file(o->disk, name));
        }
        ent_simdisk_free(o->disk);
        ent_simdisk_free(o->snapshot);
    }
    ent_sha256_end(&h, &w->r->trace);
    for (size_t i = 0; i < w->n; i++) {
        free(w->member[i].history[0].root);
        free(w->member[i].history[1].root);
        for (size_t k = 0; k < KEPT; k++) {
            ent_buf_release(&w->member[i].kept[0][k]);
            ent_buf_release(&w->member[i].kept[1][k]);
        }
    }
    for (size_t i = 0; i < POOL; i++)
        ent_buf_release(&w->pool[i].note);
    ent_buf_release(&w->stale);
    free(w->wild.p);
    free(w->accepted.p);
    free(w->member);
    free(w->home);
    sim_net_free(w->net);
    free(w);
}

/* --- from the storm to the calm ----------------------------------------------------------------
 */

static void tick(struct world *w, struct home *h)
{
    struct member *m = &w->member[h->member];
    if (m->liar && !m->forked && h->view != NULL && sim_percent(w->net, w->weak ? 60 : 25)) {
        m->forked = true;
        make_home(w, w->n + h->member, h->member, 1, h);
    }
    home_act(h);
    sim_after(w->net, h->self, 1 + sim_below(w->net, 2 * PACE), TICK, 0, 0, 0);
}

/* A morning on which all are there and greet each other, so that they may sign. */
static void morning(struct world *w)
{
    w->calm = true;
    for (size_t i = 0; i < w->n; i++)
        for (size_t m = 0; m < w->n; m++) {
            const struct ent_wire wire = home_wire(&w->home[i]);
            if (i == m)
                continue;
            enum ent_err r = ent_view_greet(w->home[i].view, NULL, &wire, world_name(w, m), BASE);
            (void)r; /* liars are as they are */
        }
    w->calm = false;
}

static void storm(struct world *w)
{
    struct sim_event e;
    while (!sim_is_calm(w->net) && sim_next(w->net, &e)) {
        struct home *h = &w->home[e.to];
        if (e.what == TICK)
            tick(w, h);
        else if (e.what == UP)
            home_up(h);
        else if (h->disk != NULL)
            arrive(w, &e);
    }
    w->calm = true;
    for (size_t i = 0; i < w->n; i++)
        if (w->member[i].liar && sim_percent(w->net, 50))
            liar_accuses_witnesses(w, i);
    while (sim_next(w->net, &e)) {
        if (e.what == UP)
            home_up(&w->home[e.to]);
        else if (e.what == LATE)
            arrive(w, &e);
    }
    for (size_t i = 0; i < 2 * w->n; i++) {
        struct home *h = &w->home[i];
        h->clock = 0;
        if (h->disk != NULL && (!is_honest(h) || ent_log_state(h->log) == ENT_LOG_BROKEN))
            restart(h);
    }
}

/* All that a courier does, once. */
static void errand(struct home *h, size_t m, int round, bool more)
{
    struct world *w = h->w;
    const struct ent_wire wire = home_wire(h);
    const char *name = world_name(w, m), *other = world_name(w, another(w, h->member));
    int64_t now = home_now(h);
    enum ent_err r = ent_view_greet(h->view, NULL, &wire, name, now);
    if (more && round < 2 && h->member < w->speakers)
        r = ent_view_submit(h->view, NULL, &wire, name, now);
    if (more && round < 2 && h->member < w->speakers)
        r = home_push(h, name);
    if (more && m < w->speakers)
        r = ent_view_pull(h->view, NULL, &wire, name, name, true, now);
    if (more && m < w->speakers && round > 0)
        r = ent_view_pull(h->view, NULL, &wire, name, other, true, now);
    for (size_t i = 0; w->home[m].hidden && i < w->n; i++) /* whoever may have its log */
        if (i != m && i != h->member)
            r = ent_view_pull(h->view, NULL, &wire, name, world_name(w, i), true, now);
    (void)r; /* liars may still refuse */
}

/* In a crowd nobody needs to ask everybody in every round. */
static void calm(struct world *w)
{
    for (int round = 0; round < 4; round++)
        for (size_t i = 0; i < w->n; i++)
            for (size_t m = 0; m < w->n; m++) {
                bool more = w->n <= 16 || m < w->speakers || sim_percent(w->net, 15);
                if (i != m && is_honest(&w->home[i]) && (more || round == 0))
                    errand(&w->home[i], m, round, more);
            }
}

void ledger_run(struct ledger_run *r)
{
    *r = (struct ledger_run){.seed = r->seed, .weak = r->weak, .crowd = r->crowd};
    struct world *w = world_new(r);
    if (w->weak || (r->crowd == 0 && sim_percent(w->net, 60)))
        morning(w);
    storm(w);
    calm(w);
    check_end(w);
    world_free(w);
}
