/* ledger_check.c: what must hold, against what was really signed. */
#include "tests/sim/ledger_world.h"

void wrong(struct world *w, enum ledger_wrong what, const char *text, size_t who, size_t whom)
{
    if (w->r->wrong[what]++ == 0)
        printf("# seed %llu: %s (m%zu, m%zu)\n", (unsigned long long)w->r->seed, text, who, whom);
}

/* --- histories ----------------------------------------------------------------------------------
 */

static void put_root(struct history *h)
{
    if (h->n >= h->cap) {
        h->cap = h->cap == 0 ? 32 : 2 * h->cap;
        h->root = reallocarray(h->root, h->cap, sizeof(*h->root));
        assert_non_null(h->root);
    }
    ent_merkle_root(&h->tree, &h->root[h->n]);
}

void history_init(struct history *h)
{
    *h = (struct history){.n = 0};
    ent_merkle_init(&h->tree);
    put_root(h);
}

void history_copy(struct history *to, const struct history *from)
{
    to->tree = from->tree;
    to->n = from->n;
    to->cap = from->n + 32;
    to->root = reallocarray(to->root, to->cap, sizeof(*to->root));
    assert_non_null(to->root);
    memcpy(to->root, from->root, (from->n + 1) * sizeof(*to->root));
}

size_t history_entry(char ret[static 80], const struct home *h, uint64_t place)
{
    int n = snprintf(ret, 80, "m%zu says %llu as %u, try %llu\n", h->member,
                     (unsigned long long)place, h->face, (unsigned long long)h->tries);
    assert_in_range(n, 1, 79);
    return (size_t)n;
}

void history_add(struct history *h, const struct home *by)
{
    char entry[80];
    size_t n = history_entry(entry, by, h->n);
    ent_merkle_leaf(&h->tree, ent_slice(entry, n));
    h->n++;
    put_root(h);
}

bool history_has(const struct history *h, uint64_t size, const struct ent_hash32 *root)
{
    return size <= h->n && memcmp(h->root[size].b, root->b, sizeof(root->b)) == 0;
}

void points_add(struct points *p, size_t member, uint64_t size, const struct ent_hash32 *root)
{
    for (size_t i = 0; i < p->n; i++)
        if (p->p[i].member == member && p->p[i].size == size &&
            memcmp(p->p[i].root.b, root->b, sizeof(root->b)) == 0)
            return;
    if (p->n == p->cap) {
        p->cap = p->cap == 0 ? 64 : 2 * p->cap;
        p->p = reallocarray(p->p, p->cap, sizeof(*p->p));
        assert_non_null(p->p);
    }
    p->p[p->n++] = (struct point){member, size, *root};
}

/* Bit i: history i of this member has it; 4: made up, and signed. */
static unsigned which(const struct world *w, const struct point *p)
{
    const struct member *m = &w->member[p->member];
    unsigned ret = history_has(&m->history[0], p->size, &p->root);
    if (m->liar && m->forked && history_has(&m->history[1], p->size, &p->root))
        ret |= 2;
    for (size_t i = 0; ret == 0 && i < w->wild.n; i++)
        if (w->wild.p[i].member == p->member && w->wild.p[i].size == p->size &&
            memcmp(w->wild.p[i].root.b, p->root.b, 32) == 0)
            ret = 4;
    return ret;
}

static bool agree(const struct world *w, const struct point *a, const struct point *b)
{
    if (a->size == b->size && memcmp(a->root.b, b->root.b, 32) == 0)
        return true;
    return (which(w, a) & which(w, b) & 3) != 0;
}

/* --- what leaves -------------------------------------------------------------------------------
 */

void check_pending(struct home *h)
{
    if (ent_log_size(h->log) == h->history->n + h->pending)
        for (; h->pending > 0; h->pending--)
            history_add(h->history, h);
}

void check_leaving(struct home *h, struct ent_slice bytes)
{
    struct world *w = h->w;
    char origin[ENT_LOG_ORIGIN + 1];
    struct ent_cur c = ent_cur(bytes);
    struct ent_slice line;
    ent_roster_origin(&w->pact.roster, origin, world_name(w, h->member), 1);
    size_t n = strlen(origin);
    origin[n++] = '\n';
    const uint8_t *at;
    check_pending(h);
    while (c.n > 0 && (at = memmem(c.p, c.n, origin, n)) != NULL) {
        uint64_t size;
        struct ent_hash32 root;
        c = ent_cur(ent_slice(at + n, (size_t)(c.p + c.n - at) - n));
        if (ent_cur_line(&c, &line) != ENT_OK ||
            ent_parse_u64(&size, line, ENT_CHECKPOINT_SIZE_MAX) != ENT_OK ||
            ent_cur_line(&c, &line) != ENT_OK ||
            ent_base64_decode_exact(root.b, 32, line) != ENT_OK)
            continue;
        if (!history_has(h->history, size, &root))
            wrong(w, LEDGER_FORKED, "a head left that is not of the one history", h->member,
                  h->member);
        if (w->pools < POOL || sim_percent(w->net, 10)) {
            size_t i = w->pools < POOL ? w->pools++ : (size_t)sim_below(w->net, POOL);
            w->pool[i].member = h->member;
            ent_buf_clear(&w->pool[i].note);
            enum ent_err r = ent_buf_put_slice(&w->pool[i].note, ent_log_head(h->log));
            (void)r; /* none there: an empty one */
        }
    }
}

/* --- what is known -----------------------------------------------------------------------------
 */

void check_told(struct home *h, const struct ent_misbehaviour *m)
{
    struct world *w = h->w;
    size_t who = 0;
    while (strcmp(world_name(w, who), m->member) != 0)
        assert_true(++who < w->n);
    w->member[who].exposed = true;
    if (!w->member[who].liar)
        wrong(w, LEDGER_ACCUSED, ent_misbehaviour_text(m->kind), h->member, who);
    if (ent_misbehaviour_check(m, &w->pact.roster, NULL) != ENT_OK)
        wrong(w, LEDGER_UNPROVED, "a proof that does not hold", h->member, who);
}

static void check_mirror(struct home *h, size_t of, uint64_t mirrored)
{
    struct world *w = h->w;
    struct ent_tree *t = ent_view_tree(h->view, world_name(w, of), 0);
    struct point p = {of, mirrored, {{0}}};
    if (mirrored == 0 || t == NULL)
        return;
    if (ent_tree_size(t) < mirrored || ent_tree_root(t, &p.root, mirrored) != ENT_OK ||
        (which(w, &p) & 3) == 0)
        wrong(w, LEDGER_UNTRUE, "a mirror of what was never signed", h->member, of);
}

static void check_log(struct home *h, size_t of)
{
    struct world *w = h->w;
    struct ent_view_log l;
    struct ent_hash32 hash;
    struct ent_buf b;
    ent_buf_init(&b, ENT_NOTE_MAX);
    enum ent_err r = ent_view_head(h->view, &b, world_name(w, of), 0);
    ent_sha256_of(&hash, ent_buf_slice(&b));
    ent_buf_release(&b);
    if (r == ENT_E_NOTFOUND || memcmp(hash.b, h->checked[of].b, 32) == 0)
        return;
    if (r != ENT_OK || ent_view_log(h->view, &l, world_name(w, of), 0) != ENT_OK) {
        wrong(w, LEDGER_STUCK, "a head that cannot be read", h->member, of);
        return;
    }
    h->checked[of] = hash;
    if (of == h->member) /* looking at it may have been what made it known */
        check_pending(h);
    const struct point p = {of, l.size, l.root};
    if (which(w, &p) == 0)
        wrong(w, LEDGER_UNTRUE, "a head that was never signed", h->member, of);
    if (l.standing.accepted)
        points_add(&w->accepted, of, l.size, &l.root);
    if (of != h->member)
        check_mirror(h, of, l.mirrored);
}

void check_home(struct home *h, bool all)
{
    struct world *w = h->w;
    if (!home_is_up(h) || h->busy > 0 || w->member[h->member].liar)
        return;
    if (!h->restored && ent_log_size(h->log) < h->history->n)
        wrong(w, LEDGER_LOST, "what was acknowledged has gone", h->member, h->member);
    for (size_t m = 0; m < w->speakers; m++)
        if (all || w->n <= 16 || sim_percent(w->net, 20))
            check_log(h, m);
}

/* --- in the end --------------------------------------------------------------------------------
 */

struct holder {
    struct home *home;
    size_t held[ENT_MB_KINDS];
    bool of[MEMBERS];
};

static enum ent_err one_proof(void *ctx, struct ent_slice proof)
{
    struct holder *o = ctx;
    struct world *w = o->home->w;
    struct ent_misbehaviour m;
    size_t who = 0;
    if (ent_misbehaviour_parse(&m, proof, NULL) != ENT_OK ||
        ent_misbehaviour_check(&m, &w->pact.roster, NULL) != ENT_OK) {
        wrong(w, LEDGER_UNPROVED, "a proof that does not hold", o->home->member, w->n);
        return ENT_OK;
    }
    while (strcmp(world_name(w, who), m.member) != 0)
        assert_true(++who < w->n);
    if (!w->member[who].liar)
        wrong(w, LEDGER_ACCUSED, "honest, and exposed in the end", o->home->member, who);
    o->of[who] = true;
    o->held[m.kind]++;
    return ENT_OK;
}

static bool known_point(struct home *h, size_t of, struct point *ret, uint64_t *ret_mirrored)
{
    struct ent_view_log l;
    if (ent_view_log(h->view, &l, world_name(h->w, of), 0) != ENT_OK)
        return false;
    *ret = (struct point){of, l.size, l.root};
    *ret_mirrored = l.mirrored;
    return true;
}

/* Were two honest members shown two histories, so that what they have together proves it? */
static bool is_split(struct world *w, size_t liar)
{
    struct point p[MEMBERS];
    uint64_t mirrored[MEMBERS];
    bool has[MEMBERS] = {false};
    for (size_t i = 0; i < w->n; i++)
        has[i] = !w->member[i].liar && known_point(&w->home[i], liar, &p[i], &mirrored[i]);
    for (size_t i = 0; i < w->n; i++)
        for (size_t j = 0; j < i; j++) {
            if (!has[i] || !has[j] || agree(w, &p[i], &p[j]))
                continue;
            size_t larger = p[i].size > p[j].size ? i : j;
            if (p[i].size == p[j].size || mirrored[larger] == p[larger].size)
                return true;
        }
    return w->member[liar].two > 0;
}

static void check_liar(struct world *w, const struct holder *o, size_t liar)
{
    if (!is_split(w, liar))
        return;
    w->r->split++;
    for (size_t i = 0; i < w->n; i++) {
        struct ent_verdict_on on = {.exposed = false};
        if (w->member[i].liar)
            continue;
        if (ent_view_verdict(w->home[i].view, &on, world_name(w, liar), home_now(&w->home[i])) !=
                ENT_OK ||
            !on.exposed || !o[i].of[liar])
            wrong(w, LEDGER_MISSED, "showed two histories, and is not exposed", i, liar);
    }
}

static void check_accepted(struct world *w)
{
    w->r->accepted = w->accepted.n;
    for (size_t i = 0; i < w->accepted.n; i++)
        for (size_t j = 0; j < i; j++)
            if (w->accepted.p[i].member == w->accepted.p[j].member &&
                !agree(w, &w->accepted.p[i], &w->accepted.p[j]))
                wrong(w, LEDGER_TWICE, "two accepted heads of two histories",
                      w->accepted.p[i].member, w->accepted.p[i].member);
}

/* An old copy of a home cosigns nothing, and a head without any cosignature is not published. */
static bool has_witness(const struct world *w, size_t of)
{
    for (size_t i = 0; i < w->n; i++)
        if (i != of && !w->member[i].liar && !w->home[i].restored && !w->home[i].hidden)
            return true;
    return false;
}

/* Whoever may sign is heard by all, unless it is a liar. */
static void check_heard(struct world *w, size_t of)
{
    const struct home *h = &w->home[of];
    struct point p = {0};
    uint64_t mirrored;
    if (h->restored)
        return;
    if (ent_log_state(h->log) != ENT_LOG_READY)
        wrong(w, LEDGER_STUCK, "calm, and not allowed to sign", of, of);
    for (size_t i = 0; i < w->n && h->history->n > 0 && has_witness(w, of); i++)
        if (!w->member[i].liar && !w->home[i].forgot && i != of &&
            (!known_point(&w->home[i], of, &p, &mirrored) || p.size != h->history->n ||
             mirrored != p.size))
            wrong(w, LEDGER_STUCK, "calm, and not heard", i, of);
}

void check_end(struct world *w)
{
    struct holder *o = calloc(w->n, sizeof(*o));
    assert_non_null(o);
    for (size_t i = 0; i < w->n; i++) {
        o[i].home = &w->home[i];
        if (w->member[i].liar)
            continue;
        check_home(&w->home[i], true);
        assert_ok(ent_view_each_proof(w->home[i].view, &o[i], one_proof));
        check_heard(w, i);
        const char *file;
        uint64_t at;
        if (!w->home[i].restored &&
            ent_log_check(w->home[i].log, NULL, &file, &at, NULL, NULL) != ENT_OK)
            wrong(w, LEDGER_LOST, "an own log with damage", i, i);
    }
    for (size_t i = 0; i < w->n; i++)
        if (w->member[i].liar) {
            check_liar(w, o, i);
        } else {
            w->r->forks += o[i].held[ENT_MB_FORK];
            w->r->witnesses += o[i].held[ENT_MB_WITNESS];
            w->r->sequences += o[i].held[ENT_MB_SEQUENCE];
        }
    check_accepted(w);
    free(o);
}
