/* ledger_lies.c: what liars do. They have their own keys and the network, and nobody else's keys.
 */
#include "tests/sim/ledger_world.h"

static size_t somebody_honest(struct world *w)
{
    size_t i;
    do
        i = (size_t)sim_below(w->net, w->n);
    while (w->member[i].liar);
    return i;
}

static void some_hash(struct world *w, struct ent_hash32 *ret)
{
    for (size_t i = 0; i < sizeof(ret->b); i++)
        ret->b[i] = (uint8_t)sim_rand(w->net);
}

/* --- made-up messages --------------------------------------------------------------------------
 */

static unsigned post(struct world *w, size_t to, const char *path, struct ent_slice body)
{
    struct ent_buf answer;
    ent_buf_init(&answer, MESSAGE);
    w->r->crafted++;
    unsigned status = home_handle(&w->home[to], &answer, "POST", path, body);
    ent_buf_release(&answer);
    return status;
}

/* A head in a greeting, or as if its log asked for a cosignature. */
static void post_head(struct world *w, struct ent_slice note)
{
    struct ent_buf b;
    ent_buf_init(&b, MESSAGE);
    if (sim_percent(w->net, 50)) {
        assert_ok(ent_buf_printf(&b, "entente/heads@v1\nhead %zu\n", note.n));
        assert_ok(ent_buf_put_slice(&b, note));
        (void)post(w, somebody_honest(w), ENT_VIEW_PREFIX "heads", ent_buf_slice(&b));
    } else {
        assert_ok(ent_buf_printf(&b, "old %llu\n\n", (unsigned long long)sim_below(w->net, 4)));
        assert_ok(ent_buf_put_slice(&b, note));
        (void)post(w, somebody_honest(w), ENT_VIEW_PREFIX "witness/add-checkpoint",
                   ent_buf_slice(&b));
    }
    ent_buf_release(&b);
}

static void flood(struct home *h)
{
    struct world *w = h->w;
    struct ent_buf b;
    struct ent_hash32 root;
    ent_buf_init(&b, ENT_NOTE_MAX);
    for (int i = 0; i < 4 && w->wild.n < WILD; i++) {
        uint64_t size = 1 + sim_below(w->net, 60);
        some_hash(w, &root);
        points_add(&w->wild, h->member, size, &root);
        logs_head(&b, &w->pact, h->member, 1, size, &root);
        post_head(w, ent_buf_slice(&b));
    }
    ent_buf_release(&b);
}

/* Another's head, with a signature that does not hold. */
static void forge(struct home *h)
{
    struct world *w = h->w;
    struct ent_buf b;
    struct ent_hash32 root;
    ent_buf_init(&b, ENT_NOTE_MAX);
    some_hash(w, &root);
    logs_head(&b, &w->pact, somebody_honest(w), 1, sim_below(w->net, 20), &root);
    if (sim_percent(w->net, 50)) /* by its own key, in the other's name */
        logs_spoil(&b);
    else
        logs_cosign(&b, &w->pact, h->member, home_now(h) < 1 ? 1 : home_now(h)), logs_spoil(&b),
            b.p[b.n - 120] ^= 1;
    post_head(w, ent_buf_slice(&b));
    ent_buf_release(&b);
}

static void replay(struct world *w)
{
    if (w->pools == 0)
        return;
    size_t i = (size_t)sim_below(w->net, w->pools);
    if (w->pool[i].note.n > 0)
        post_head(w, ent_buf_slice(&w->pool[i].note));
}

/* --- accusations -------------------------------------------------------------------------------
 */

static unsigned accuse(struct world *w, size_t to, struct ent_misbehaviour *m, size_t whom)
{
    struct ent_buf b;
    unsigned status = 0;
    ent_buf_init(&b, MESSAGE);
    (void)snprintf(m->member, sizeof(m->member), "%s", world_name(w, whom));
    if (ent_misbehaviour_encode(&b, m) == ENT_OK)
        status = post(w, to, ENT_VIEW_PREFIX "proof", ent_buf_slice(&b));
    ent_buf_release(&b);
    return status;
}

static uint64_t size_of(const struct ent_buf *note)
{
    struct ent_note n;
    struct ent_checkpoint cp;
    assert_ok(ent_note_parse(&n, ent_buf_slice(note), NULL));
    assert_ok(ent_checkpoint_parse(&cp, n.text, NULL));
    return cp.size;
}

/* Two heads of one honest history as if they were two. */
static void accuse_with_heads(struct world *w)
{
    for (size_t i = 0; i < w->pools; i++)
        for (size_t j = 0; j < i; j++) {
            struct ent_buf *a = &w->pool[i].note, *b = &w->pool[j].note;
            if (w->pool[i].member != w->pool[j].member || a->n == 0 || b->n == 0 ||
                !sim_percent(w->net, 5))
                continue;
            if (size_of(a) > size_of(b)) {
                struct ent_buf *larger = a;
                a = b;
                b = larger;
            }
            struct ent_misbehaviour m = {.kind = ENT_MB_FORK,
                                         .sized = size_of(a) < size_of(b),
                                         .a = ent_buf_slice(a),
                                         .b = ent_buf_slice(b)};
            if (m.sized) {
                some_hash(w, &m.root);
                for (m.proof.n = 0; m.proof.n < sim_below(w->net, 5); m.proof.n++)
                    some_hash(w, &m.proof.hash[m.proof.n]);
            }
            (void)accuse(w, somebody_honest(w), &m, w->pool[i].member);
            return;
        }
}

/* Somebody said two things with one number; of somebody honest there are two things with two
 * numbers, or one thing twice. */
static void accuse_with_statements(struct home *h, bool truly)
{
    struct world *w = h->w;
    struct ent_buf a, b;
    size_t whom = truly ? h->member : somebody_honest(w), to = somebody_honest(w);
    uint64_t number = 1 + sim_below(w->net, 5);
    ent_buf_init(&a, ENT_NOTE_MAX);
    ent_buf_init(&b, ENT_NOTE_MAX);
    bool once = sim_percent(w->net, 50);
    logs_statement(&a, &w->pact, whom, number, "one");
    logs_statement(&b, &w->pact, whom, number + (!truly && !once),
                   truly || !once ? "another" : "one");
    struct ent_misbehaviour m = {
        .kind = ENT_MB_SEQUENCE, .a = ent_buf_slice(&a), .b = ent_buf_slice(&b)};
    if (accuse(w, to, &m, whom) == 200) {
        if (!truly)
            wrong(w, LEDGER_ACCUSED, "two good statements were taken as a proof", to, whom);
        else if (w->member[whom].two == 0)
            w->member[whom].two = to + 1;
    }
    ent_buf_release(&a);
    ent_buf_release(&b);
}

/* Who cosigned both heads is accused, whoever that is. */
static void accuse_both(struct world *w, size_t liar, const struct ent_buf *a,
                        const struct ent_buf *b, struct ent_log *larger)
{
    struct ent_misbehaviour m;
    struct ent_merkle_source source = ent_tree_source(ent_log_tree(larger));
    char name[ENT_NAME_MAX + 16];
    if (ent_misbehaviour_of_heads(&m, &w->pact.roster, ent_buf_slice(a), ent_buf_slice(b),
                                  size_of(a) == size_of(b) ? NULL : &source) != ENT_OK)
        return;
    m.kind = ENT_MB_WITNESS;
    for (size_t i = 0; i < w->n; i++) {
        int n = snprintf(name, sizeof(name), "%s/witness ", world_name(w, i));
        if (i != liar && memmem(a->p, a->n, name, (size_t)n) != NULL &&
            memmem(b->p, b->n, name, (size_t)n) != NULL)
            (void)accuse(w, somebody_honest(w), &m, i);
    }
}

void liar_accuses_witnesses(struct world *w, size_t liar)
{
    struct member *m = &w->member[liar];
    for (size_t i = 0; m->forked && i < m->keeps[0] && i < KEPT; i++)
        for (size_t j = 0; j < m->keeps[1] && j < KEPT; j++) {
            const struct ent_buf *a = &m->kept[0][i], *b = &m->kept[1][j];
            unsigned face = size_of(a) < size_of(b);
            accuse_both(w, liar, face == 1 ? a : b, face == 1 ? b : a,
                        w->home[face == 1 ? w->n + liar : liar].log);
        }
}

static void keep_head(struct home *h)
{
    struct member *m = &h->w->member[h->member];
    struct ent_buf *b = &m->kept[h->face][m->keeps[h->face]++ % KEPT];
    ent_buf_release(b);
    ent_buf_init(b, ENT_NOTE_MAX);
    if (ent_view_head(h->view, b, world_name(h->w, h->member), 0) != ENT_OK)
        m->keeps[h->face]--;
}

static void craft(struct home *h)
{
    switch (sim_below(h->w->net, 6)) {
    case 0:
        flood(h);
        break;
    case 1:
        forge(h);
        break;
    case 2:
        replay(h->w);
        break;
    case 3:
        accuse_with_heads(h->w);
        break;
    case 4:
        accuse_with_statements(h, false);
        break;
    default:
        accuse_with_statements(h, true);
    }
}

/* --- acts --------------------------------------------------------------------------------------
 */

/* Mostly those who are to see this face. */
static size_t whom(struct home *h)
{
    struct world *w = h->w;
    size_t i = (size_t)sim_below(w->net, w->n);
    if (i != h->member && w->home[i].copied) /* there something is to be had */
        return i;
    i = h->member;
    for (int tries = 0; tries < 8; tries++) {
        while (i == h->member)
            i = (size_t)sim_below(w->net, w->n);
        if (w->member[i].liar || w->member[h->member].face[i] == h->face ||
            (!w->weak && sim_percent(w->net, 15)))
            break;
        i = h->member;
    }
    while (i == h->member)
        i = (size_t)sim_below(w->net, w->n);
    return i;
}

static enum ent_err submit(struct home *h, const char *other)
{
    const struct ent_wire wire = home_wire(h);
    enum ent_err r = ent_view_submit(h->view, NULL, &wire, other, home_now(h));
    if (r == ENT_OK)
        keep_head(h);
    return r;
}

void liar_act(struct home *h)
{
    struct world *w = h->w;
    const struct ent_wire wire = home_wire(h);
    const struct member *m = &w->member[h->member];
    const char *other = world_name(w, whom(h));
    uint64_t what = sim_below(w->net, 100);
    enum ent_err r = ENT_OK;
    if ((m->habits & CRAFT) != 0 && sim_percent(w->net, 15)) {
        craft(h);
        return;
    }
    if (what < 25)
        r = h->member < w->speakers ? home_say(h, 1 + sim_below(w->net, 3)) : ENT_OK;
    else if (what < 70)
        r = submit(h, other);
    else if (what < 85)
        r = ent_view_greet(h->view, NULL, &wire, other, home_now(h));
    else if (what < 95)
        r = ent_view_pull(h->view, NULL, &wire, other, other, what < 92, home_now(h));
    else
        r = home_push(h, other);
    (void)r; /* whatever comes of it */
}

/* --- answers -----------------------------------------------------------------------------------
 */

static void remember(struct world *w, const char *path, const struct ent_buf *answer)
{
    ent_buf_clear(&w->stale);
    if (ent_buf_put_slice(&w->stale, ent_buf_slice(answer)) == ENT_OK)
        (void)snprintf(w->stale_path, sizeof(w->stale_path), "%s", path);
}

static bool garble(struct world *w, struct ent_buf *answer)
{
    if (answer->n == 0)
        return false;
    if (sim_percent(w->net, 30))
        answer->n = (size_t)sim_below(w->net, answer->n);
    else
        answer->p[sim_below(w->net, answer->n)] ^= (uint8_t)(1u << sim_below(w->net, 8));
    return true;
}

void liar_request(struct home *h, struct ent_buf *body, const char *path)
{
    struct world *w = h->w;
    if (strstr(path, "/entries") != NULL && sim_percent(w->net, 50))
        w->r->lies += garble(w, body);
}

bool liar_answer(struct home *h, unsigned *status, struct ent_buf *answer, const char *path)
{
    struct world *w = h->w;
    unsigned habits = w->member[h->member].habits;
    bool tile = strstr(path, "/tile/") != NULL, head = strstr(path, "/checkpoint") != NULL;
    if ((habits & MUTE) != 0 && sim_percent(w->net, 30)) {
        w->r->lies++;
        return false;
    }
    if ((habits & WITHHOLD) != 0 && tile) {
        ent_buf_clear(answer);
        *status = 404;
        w->r->lies++;
    }
    if ((habits & WRONG) != 0 && tile && sim_percent(w->net, 50))
        w->r->lies += garble(w, answer);
    if ((habits & GARBLE) != 0 && sim_percent(w->net, 20))
        w->r->lies += garble(w, answer);
    if ((habits & STALE) != 0 && head && *status == 200) {
        if (strcmp(path, w->stale_path) == 0 && sim_percent(w->net, 50)) {
            ent_buf_clear(answer);
            assert_ok(ent_buf_put_slice(answer, ent_buf_slice(&w->stale)));
            w->r->lies++;
        } else if (sim_percent(w->net, 30)) {
            remember(w, path, answer);
        }
    }
    if ((habits & REFUSE) != 0 && strstr(path, "add-checkpoint") != NULL &&
        sim_percent(w->net, 50)) {
        ent_buf_clear(answer);
        *status = sim_percent(w->net, 50) ? 409 : 422;
        assert_ok(ent_buf_printf(answer, "%llu\n", (unsigned long long)sim_below(w->net, 99)));
        w->r->lies++;
    }
    return true;
}
