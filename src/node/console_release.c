/* console_release.c: sources that are held because they are odd, and who lets them pass
 * (release.h). Each act is on record before it is done. */
#include "node/node.h"

#include "node/console_parts.h"

struct listing {
    struct ent_console_call *x;
    bool all;
};

static bool knows(const struct ent_console_call *x, struct ent_slice source)
{
    return ent_console_sees_source(x->store, source, x->who.clearance);
}

static void put_odds(struct ent_rows *w, const struct ent_odds *o, uint32_t which)
{
    ent_rows_u64(w, "claims", o->claims);
    ent_rows_arr(w, "odd");
    for (int i = 0; i < ENT_ODDS; i++) {
        if ((which & 1u << i) == 0)
            continue;
        ent_rows_obj(w, NULL);
        ent_rows_cstr(w, "for", ent_odd_rules[i].word);
        ent_rows_cstr(w, "what", ent_odd_rules[i].what);
        ent_rows_u64(w, "count", o->n[i]);
        ent_rows_obj_end(w);
    }
    ent_rows_arr_end(w);
}

static enum ent_err put_source(void *ctx, const struct ent_source_state *s)
{
    struct listing *l = ctx;
    struct ent_rows *w = &l->x->w;
    bool empty = s->judged && s->odds.claims == 0;
    if ((!l->all && (!s->held || empty)) || !knows(l->x, s->name))
        return ENT_OK;
    uint32_t found = !s->judged               ? 0
                     : s->released && !l->all ? ent_odds_holding(&s->odds, &s->then)
                                              : ent_odds_found(&s->odds);
    ent_rows_obj(w, NULL);
    ent_rows_str(w, "name", s->name);
    ent_rows_bool(w, "judged", s->judged);
    ent_rows_bool(w, "held", s->held);
    ent_rows_bool(w, "released_before", s->released);
    put_odds(w, &s->odds, found);
    if (l->all && s->released) {
        ent_rows_str(w, "by", s->by);
        ent_rows_str(w, "reason", s->reason);
        ent_rows_time(w, "at", s->at);
    }
    ent_rows_obj_end(w);
    return ENT_OK;
}

enum ent_err ent_console_put_sources(struct ent_console_call *x, bool all)
{
    struct listing l = {x, all};
    enum ent_err r = ent_console_count(x->store);
    ent_rows_arr(&x->w, all ? "sources" : "held");
    if (r == ENT_OK)
        r = ent_store_source_states(x->store->opts.store, ent_slice(NULL, 0), put_source, &l);
    ent_rows_arr_end(&x->w);
    return r;
}

static enum ent_err put_pending(void *ctx, const struct ent_pending *p, const struct ent_odds *odds)
{
    struct ent_console_call *x = ctx;
    if (!knows(x, p->source))
        return ENT_OK;
    ent_rows_obj(&x->w, NULL);
    ent_rows_str(&x->w, "source", p->source);
    ent_rows_str(&x->w, "by", p->by);
    ent_rows_bool(&x->w, "own", ent_slice_eq(p->by, ent_slice_str(x->who.name)));
    ent_rows_str(&x->w, "reason", p->reason);
    ent_rows_time(&x->w, "asked", p->asked);
    ent_rows_time(&x->w, "expires", p->expires);
    put_odds(&x->w, odds, ent_odds_found(odds));
    ent_rows_obj_end(&x->w);
    return ENT_OK;
}

enum ent_err ent_console_put_asked(struct ent_console_call *x)
{
    ent_rows_arr(&x->w, "asked");
    enum ent_err r =
        ent_store_pending(x->store->opts.store, ent_slice(NULL, 0), x->now, put_pending, x);
    ent_rows_arr_end(&x->w);
    return r;
}

enum ent_err ent_console_releases(struct ent_console_call *x, struct ent_diag *d)
{
    (void)d;
    ent_rows_bool(&x->w, "needs_two", x->store->opts.config->release_needs_two != 0);
    enum ent_err r = ent_console_put_sources(x, true);
    return r == ENT_OK ? ent_console_put_asked(x) : r;
}

/* --- acts ---------------------------------------------------------------------------------------
 */

/* Of a source that who asks may know of; on record. */
static enum ent_err act(struct ent_console_call *x, enum ent_action what, struct ent_diag *d)
{
    const struct ent_slice source = ent_slice_str(x->q->source);
    enum ent_err r = ent_console_count(x->store);
    if (r != ENT_OK)
        return r;
    if (!knows(x, source))
        return ent_fail(d, ENT_E_NOTFOUND, "there is no such source", 0, 0);
    if (x->store->opts.users == NULL)
        return ent_fail(d, ENT_E_POLICY, "nothing can be recorded here", 0, 0);
    return ent_users_act(x->store->opts.users, d, &x->who, what, source, x->now);
}

enum ent_err ent_console_release(struct ent_console_call *x, struct ent_diag *d)
{
    const struct ent_slice source = ent_slice_str(x->q->source), by = ent_slice_str(x->who.name),
                           reason = ent_slice_str(x->q->reason);
    struct ent_store *s = x->store->opts.store;
    bool two = x->store->opts.config->release_needs_two != 0;
    enum ent_err r = act(x, ENT_ACT_RELEASE, d);
    if (r == ENT_OK)
        r = two ? ent_release_ask(s, d, source, by, reason, x->now, NULL)
                : ent_release(s, d, source, by, reason, NULL);
    ent_rows_bool(&x->w, "waits", two);
    return r;
}

enum ent_err ent_console_confirm(struct ent_console_call *x, struct ent_diag *d)
{
    enum ent_err r = act(x, ENT_ACT_CONFIRM, d);
    return r != ENT_OK ? r
                       : ent_release_confirm(x->store->opts.store, d, ent_slice_str(x->q->source),
                                             ent_slice_str(x->who.name), x->now, NULL);
}

/* The release, the question for one, or both. */
enum ent_err ent_console_hold(struct ent_console_call *x, struct ent_diag *d)
{
    const struct ent_slice source = ent_slice_str(x->q->source);
    struct ent_store *s = x->store->opts.store;
    enum ent_err r = act(x, ENT_ACT_HOLD, d), asked;
    if (r != ENT_OK || ((r = ent_release_undo(s, d, source)) != ENT_OK && r != ENT_E_NOTFOUND))
        return r;
    asked = ent_release_withdraw(s, NULL, source);
    return asked == ENT_E_NOTFOUND ? r : asked;
}
