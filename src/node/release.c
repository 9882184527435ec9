/* release.c: when a source is held back from others, and who may override that. */
#include "node/node.h"

__extension__ typedef unsigned __int128 u128;

/* table: more claims than these are held for. Texts want more: a report about one thing names a few
 * addresses, all with its title. A wide network or a public suffix is one too many. */
const struct ent_odd_rule ent_odd_rules[ENT_ODDS] = {
    [ENT_ODD_WARNED] = {"warned", "are on warning lists", 5, 3},
    [ENT_ODD_SAME] = {"same_text", "have the same text", 50, 20},
    [ENT_ODD_WIDE] = {"wide_networks", "are networks wider than /16, in IPv6 /32", 0, 1},
    [ENT_ODD_SUFFIX] = {"public_suffixes", "are public suffixes", 0, 1},
    [ENT_ODD_NOT_PUBLIC] = {"not_public", "are not of the public Internet", 5, 3},
    [ENT_ODD_STALE] = {"expired_on_arrival", "had expired when they came", 50, 3},
};

void ent_odds_of(struct ent_odds *ret, const struct ent_lint_report *r)
{
    *ret = (struct ent_odds){.claims = r->claims,
                             .n = {[ENT_ODD_WARNED] = r->warned,
                                   [ENT_ODD_SAME] = r->same,
                                   [ENT_ODD_WIDE] = r->wide,
                                   [ENT_ODD_SUFFIX] = r->suffixes,
                                   [ENT_ODD_NOT_PUBLIC] = r->not_public,
                                   [ENT_ODD_STALE] = r->stale}};
}

/* a/b > factor * c/d, without a fraction; these numbers come out of a file, which can be changed.
 */
static bool is_more(uint64_t a, uint64_t b, uint64_t factor, uint64_t c, uint64_t d)
{
    const uint64_t most = UINT64_C(1) << 40;
    if (a > most || b > most || c > most || d > most)
        return true;
    return (u128)a * d > (u128)(factor * c) * b;
}

uint32_t ent_odds_found(const struct ent_odds *o)
{
    uint32_t found = 0;
    for (int i = 0; i < ENT_ODDS; i++) {
        const struct ent_odd_rule *rule = &ent_odd_rules[i];
        if (o->n[i] >= rule->least && is_more(o->n[i], o->claims, rule->percent, 1, 100))
            found |= 1u << i;
    }
    return found;
}

uint32_t ent_odds_holding(const struct ent_odds *o, const struct ent_odds *then)
{
    uint32_t found = ent_odds_found(o), seen = ent_odds_found(then);
    for (int i = 0; i < ENT_ODDS; i++) {
        bool by_share = ent_odd_rules[i].percent > 0;
        if ((seen >> i & 1) != 0 &&
            !is_more(o->n[i], by_share ? o->claims : 1, 2, then->n[i], by_share ? then->claims : 1))
            found &= ~(1u << i);
    }
    return found;
}

/* --- judging ------------------------------------------------------------------------------------
 */

struct found {
    struct ent_source_state x; /* without its slices */
    bool any;
};

static enum ent_err keep_state(void *ctx, const struct ent_source_state *x)
{
    struct found *f = ctx;
    f->any = true;
    f->x = *x;
    f->x.name = f->x.by = f->x.reason = ent_slice(NULL, 0);
    return ENT_OK;
}

static enum ent_err state_of(struct ent_store *s, struct ent_source_state *ret,
                             struct ent_slice source)
{
    struct found f = {.any = false};
    enum ent_err r = source.n == 0 ? ENT_OK : ent_store_source_states(s, source, keep_state, &f);
    if (r == ENT_OK && !f.any)
        r = ENT_E_NOTFOUND;
    if (r == ENT_OK)
        *ret = f.x;
    return r;
}

/* In a transaction. */
static enum ent_err decide(struct ent_store *s, struct ent_slice source,
                           const struct ent_odds *odds, const struct ent_source_state *x)
{
    uint32_t holding = x->released ? ent_odds_holding(odds, &x->then) : ent_odds_found(odds);
    return ent_store_judge(s, source, odds, holding != 0);
}

struct walk {
    struct ent_lint *l;
    int64_t now;
    const atomic_bool *stop;
};

/* What was taken back, or decided here to be wrong, goes nowhere and is no fault any more. */
static enum ent_err judge_claim(void *ctx, const struct ent_claim *c)
{
    const struct walk *w = ctx;
    const struct ent_indicator ind = {.obs = c->obs,
                                      .confidence = c->confidence,
                                      .valid_from = c->valid_from,
                                      .valid_until = c->valid_until,
                                      .text = c->text};
    enum ent_claim_state state = ent_claim_state(c, w->now);
    if (w->stop != NULL && atomic_load(w->stop))
        return ENT_E_INTERRUPTED;
    if (state == ENT_CLAIM_WITHDRAWN || state == ENT_CLAIM_REVOKED || state == ENT_CLAIM_ENDED)
        return ENT_OK;
    return ent_lint_add(w->l, &ind, c->first_import, false);
}

/* In a transaction. */
static enum ent_err judge_one(struct ent_store *s, struct ent_lint *l, struct ent_slice source,
                              const atomic_bool *stop)
{
    const struct ent_claim_filter f = {.source = source};
    struct walk w = {l, ent_clock_now(), stop};
    struct ent_source_state x;
    struct ent_odds odds;
    enum ent_err r;
    ent_lint_clear(l);
    if ((r = state_of(s, &x, source)) != ENT_OK ||
        (r = ent_store_claims(s, &f, judge_claim, &w)) != ENT_OK)
        return r;
    ent_odds_of(&odds, ent_lint_report(l));
    return decide(s, source, &odds, &x);
}

/* In a transaction, which keeps others from writing: a judgement is about what is there. */
static enum ent_err judge(struct ent_store *s, struct ent_slice only, const atomic_bool *stop)
{
    struct ent_lint *l = NULL;
    struct ent_buf name;
    enum ent_err r = ent_lint_new(&l, s);
    ent_buf_init(&name, 4096);
    if (r == ENT_OK && only.n > 0)
        r = judge_one(s, l, only, stop);
    while (r == ENT_OK && only.n == 0) {
        ent_buf_clear(&name);
        if ((r = ent_store_unjudged(s, &name)) == ENT_OK)
            r = judge_one(s, l, ent_buf_slice(&name), stop);
        else if (r == ENT_E_NOTFOUND)
            break;
    }
    ent_lint_free(l);
    ent_buf_release(&name);
    return r == ENT_E_NOTFOUND && only.n == 0 ? ENT_OK : r;
}

/* Without a transaction, so that a walk waits for no import where there is nothing to judge. */
static enum ent_err is_judged(struct ent_store *s, bool *ret, struct ent_slice only)
{
    struct ent_source_state x = {.judged = false};
    struct ent_buf name;
    ent_buf_init(&name, 4096);
    enum ent_err r = only.n > 0 ? state_of(s, &x, only) : ent_store_unjudged(s, &name);
    if (only.n == 0 && (x.judged = r == ENT_E_NOTFOUND))
        r = ENT_OK;
    ent_buf_release(&name);
    *ret = x.judged;
    return r;
}

enum ent_err ent_release_judge(struct ent_store *s, struct ent_slice source,
                               const atomic_bool *stop)
{
    bool done = false;
    enum ent_err r = is_judged(s, &done, source);
    if (r != ENT_OK || done)
        return r;
    if ((r = ent_store_begin(s)) == ENT_OK && (r = judge(s, source, stop)) == ENT_OK)
        r = ent_store_commit(s);
    ent_store_rollback(s);
    return r;
}

enum ent_err ent_release_take(struct ent_store *s, struct ent_slice source,
                              const struct ent_lint_report *r)
{
    struct ent_source_state x;
    struct ent_odds odds;
    enum ent_err e = state_of(s, &x, source);
    ent_odds_of(&odds, r);
    return e == ENT_OK ? decide(s, source, &odds, &x) : e;
}

/* --- overriding ---------------------------------------------------------------------------------
 */

static const char says_nothing[] = "says nothing; `entente stats` lists sources";
static const char not_held[] = "is not held: there is nothing to override";
static const char no_words[] =
    "a name and a reason are 1 to 1000 bytes of UTF-8, all of it visible";
static const char nobody_asked[] = "nobody asked for its release, or it was too long ago";

static enum ent_err release(struct ent_store *s, struct ent_diag *d, struct ent_slice source,
                            struct ent_slice by, struct ent_slice reason, const atomic_bool *stop)
{
    struct ent_source_state x;
    enum ent_err r;
    if ((r = judge(s, source, stop)) != ENT_OK || (r = state_of(s, &x, source)) != ENT_OK)
        return r == ENT_E_NOTFOUND ? ent_fail(d, r, says_nothing, 0, 0) : r;
    if (ent_odds_found(&x.odds) == 0)
        return ent_fail(d, ENT_E_STATE, not_held, 0, 0);
    if ((r = ent_store_release(s, source, by, reason, ent_clock_now(), &x.odds)) != ENT_OK)
        return r == ENT_E_FORMAT ? ent_fail(d, r, no_words, 0, 0) : r;
    return ent_store_judge(s, source, &x.odds, false);
}

enum ent_err ent_release(struct ent_store *s, struct ent_diag *d, struct ent_slice source,
                         struct ent_slice by, struct ent_slice reason, const atomic_bool *stop)
{
    enum ent_err r = ent_store_begin(s);
    if (r == ENT_OK && (r = release(s, d, source, by, reason, stop)) == ENT_OK)
        r = ent_store_commit(s);
    ent_store_rollback(s);
    return r;
}

enum ent_err ent_release_undo(struct ent_store *s, struct ent_diag *d, struct ent_slice source)
{
    struct ent_source_state x;
    enum ent_err r = ent_store_begin(s);
    if (r == ENT_OK && (r = ent_store_unrelease(s, source)) == ENT_E_NOTFOUND)
        r = ent_fail(d, r, "nobody released it", 0, 0);
    if (r == ENT_OK && (r = state_of(s, &x, source)) == ENT_OK && x.judged)
        r = decide(s, source, &x.odds, &x);
    if (r == ENT_OK)
        r = ent_store_commit(s);
    ent_store_rollback(s);
    return r;
}

/* --- a second pair of eyes ----------------------------------------------------------------------
 */

static enum ent_err ask(struct ent_store *s, struct ent_diag *d, const struct ent_pending *p,
                        const atomic_bool *stop)
{
    struct ent_source_state x;
    enum ent_err r;
    if ((r = judge(s, p->source, stop)) != ENT_OK || (r = state_of(s, &x, p->source)) != ENT_OK)
        return r == ENT_E_NOTFOUND ? ent_fail(d, r, says_nothing, 0, 0) : r;
    if (ent_odds_found(&x.odds) == 0)
        return ent_fail(d, ENT_E_STATE, not_held, 0, 0);
    if ((r = ent_store_pending_add(s, p, &x.odds)) != ENT_OK)
        return r == ENT_E_FORMAT ? ent_fail(d, r, no_words, 0, 0) : r;
    return ent_hook_release_waiting(s, p);
}

enum ent_err ent_release_ask(struct ent_store *s, struct ent_diag *d, struct ent_slice source,
                             struct ent_slice by, struct ent_slice reason, int64_t now,
                             const atomic_bool *stop)
{
    const struct ent_pending p = {.source = source,
                                  .by = by,
                                  .reason = reason,
                                  .asked = now,
                                  .expires = now + ENT_PENDING_SECONDS};
    enum ent_err r = ent_store_begin(s);
    if (r == ENT_OK && (r = ask(s, d, &p, stop)) == ENT_OK)
        r = ent_store_commit(s);
    ent_store_rollback(s);
    return r;
}

/* What was asked for, kept beyond the walk. */
struct asked {
    bool found;
    struct ent_buf by, reason;
    struct ent_odds odds;
};

static enum ent_err take_asked(void *ctx, const struct ent_pending *p, const struct ent_odds *odds)
{
    struct asked *a = ctx;
    a->found = true;
    a->odds = *odds;
    enum ent_err r = ent_buf_put_slice(&a->by, p->by);
    return r == ENT_OK ? ent_buf_put_slice(&a->reason, p->reason) : r;
}

static enum ent_err confirm(struct ent_store *s, struct ent_diag *d, struct ent_slice source,
                            struct ent_slice by, struct asked *a, const atomic_bool *stop)
{
    struct ent_source_state x;
    enum ent_err r;
    if (!a->found)
        return ent_fail(d, ENT_E_NOTFOUND, nobody_asked, 0, 0);
    if (ent_slice_eq(ent_buf_slice(&a->by), by))
        return ent_fail(d, ENT_E_POLICY, "is to be confirmed by another one than who asked", 0, 0);
    if ((r = judge(s, source, stop)) != ENT_OK || (r = state_of(s, &x, source)) != ENT_OK)
        return r;
    if (ent_odds_holding(&x.odds, &a->odds) != 0)
        return ent_fail(d, ENT_E_STATE, "is odder than when the release was asked for: ask again",
                        0, 0);
    if ((r = ent_buf_puts(&a->by, ", confirmed by ")) != ENT_OK ||
        (r = ent_buf_put_slice(&a->by, by)) != ENT_OK ||
        (r = release(s, d, source, ent_buf_slice(&a->by), ent_buf_slice(&a->reason), stop)) !=
            ENT_OK)
        return r;
    return ent_store_pending_drop(s, source);
}

enum ent_err ent_release_confirm(struct ent_store *s, struct ent_diag *d, struct ent_slice source,
                                 struct ent_slice by, int64_t now, const atomic_bool *stop)
{
    struct asked a = {.found = false};
    ent_buf_init(&a.by, ENT_RELEASE_TEXT_MAX);
    ent_buf_init(&a.reason, ENT_RELEASE_TEXT_MAX);
    enum ent_err r = ent_store_begin(s);
    if (r == ENT_OK && (r = ent_store_pending(s, source, now, take_asked, &a)) == ENT_OK &&
        (r = confirm(s, d, source, by, &a, stop)) == ENT_OK)
        r = ent_store_commit(s);
    ent_store_rollback(s);
    ent_buf_release(&a.by);
    ent_buf_release(&a.reason);
    return r;
}

enum ent_err ent_release_withdraw(struct ent_store *s, struct ent_diag *d, struct ent_slice source)
{
    enum ent_err r = ent_store_begin(s);
    if (r == ENT_OK && (r = ent_store_pending_drop(s, source)) == ENT_E_NOTFOUND)
        r = ent_fail(d, r, nobody_asked, 0, 0);
    if (r == ENT_OK)
        r = ent_store_commit(s);
    ent_store_rollback(s);
    return r;
}
