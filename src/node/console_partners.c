/* console_partners.c: the pact, its members and what is known of each, and the vote that is on. */
#include "node/node.h"

#include "node/console_parts.h"

static enum ent_err left(struct ent_console_call *x, uint64_t *ret, const char *partner,
                         enum ent_direction who)
{
    const struct ent_budget *b = &x->book->opts.home->pact->budget;
    uint64_t spent = 0;
    enum ent_err r =
        x->book->opts.spent(x->book->opts.ctx, &spent, partner, who, ent_budget_period(b, x->now));
    *ret = spent > b->items ? 0 : b->items - spent;
    return r;
}

void ent_console_put_standing(struct ent_rows *w, const struct ent_standing *st)
{
    ent_rows_bool(w, "accepted", st->accepted);
    ent_rows_u64(w, "cosigned", st->cosigned);
    ent_rows_u64(w, "needed", st->k);
    ent_rows_time(w, "not_later", st->not_later);
}

static void put_suspicions(struct ent_rows *w, const struct ent_verdict_on *on)
{
    ent_rows_arr(w, "suspected");
    for (int i = 0; i < ENT_SUSPICIONS; i++) {
        if (on->since[i] == 0)
            continue;
        ent_rows_obj(w, NULL);
        ent_rows_cstr(w, "for", ent_suspicion_word((enum ent_suspicion)i));
        ent_rows_time(w, "since", on->since[i]);
        if (i == ENT_SUSPECT_WITHHOLDS)
            ent_rows_cstr(w, "what", on->withheld);
        ent_rows_obj_end(w);
    }
    ent_rows_arr_end(w);
}

static enum ent_err put_log(struct ent_console_call *x, const char *name, bool self)
{
    struct ent_view_log log;
    enum ent_err r = ent_view_log(ent_book_view(x->book->opts.book), &log, name, 0);
    if (r != ENT_OK)
        return r == ENT_E_NOTFOUND ? ENT_OK : r;
    ent_rows_obj(&x->w, "log");
    ent_rows_u64(&x->w, "generation", log.generation);
    ent_rows_u64(&x->w, "size", log.size);
    ent_rows_u64(&x->w, "mirrored", self ? log.size : log.mirrored);
    ent_console_put_standing(&x->w, &log.standing);
    ent_rows_obj_end(&x->w);
    return ENT_OK;
}

static enum ent_err put_others(struct ent_console_call *x, const struct ent_member *m)
{
    struct ent_verdict_on on = {.exposed = false};
    uint64_t theirs = 0, ours = 0;
    enum ent_err r = ent_view_verdict(ent_book_view(x->book->opts.book), &on, m->name, x->now);
    if (r != ENT_OK || (r = left(x, &theirs, m->name, ENT_THEY_ASK)) != ENT_OK ||
        (r = left(x, &ours, m->name, ENT_WE_ASK)) != ENT_OK)
        return r;
    put_suspicions(&x->w, &on);
    ent_rows_bool(&x->w, "exposed", on.exposed);
    if (on.exposed) {
        ent_rows_cstr(&x->w, "exposed_for", ent_misbehaviour_word(on.kind));
        ent_rows_cstr(&x->w, "exposed_text", ent_misbehaviour_text(on.kind));
    }
    ent_rows_time(&x->w, "last_head", on.last_head);
    ent_rows_u64(&x->w, "left_for", theirs);
    ent_rows_u64(&x->w, "left_with", ours);
    return ENT_OK;
}

static enum ent_err put_members(struct ent_console_call *x)
{
    const struct ent_home *h = x->book->opts.home;
    char print[ENT_FINGERPRINT];
    enum ent_err r = ENT_OK;
    ent_rows_arr(&x->w, "members");
    for (size_t i = 0; x->book->opts.book != NULL && i < h->pact->members && r == ENT_OK; i++) {
        const struct ent_member *m = &h->pact->member[i];
        bool self = strcmp(m->name, h->self.name) == 0;
        ent_member_fingerprint(print, m);
        ent_rows_obj(&x->w, NULL);
        ent_rows_cstr(&x->w, "name", m->name);
        ent_rows_cstr(&x->w, "display", m->display);
        ent_rows_cstr(&x->w, "url", m->url);
        ent_rows_cstr(&x->w, "fingerprint", print);
        ent_rows_bool(&x->w, "self", self);
        ent_rows_bool(&x->w, "panel", m->panel);
        ent_rows_bool(&x->w, "withdrawn", ent_book_is_withdrawn(x->book->opts.book, m->name));
        ent_rows_bool(&x->w, "disputed", ent_pact_is_disputed(h->pact, m->name));
        r = put_log(x, m->name, self);
        if (r == ENT_OK && !self)
            r = put_others(x, m);
        ent_rows_obj_end(&x->w);
    }
    ent_rows_arr_end(&x->w);
    return r;
}

void ent_console_put_rule(struct ent_rows *w, const struct ent_quorum_rule *q)
{
    if (q->holders == 0)
        return;
    ent_rows_obj(w, "quorum");
    ent_rows_bool(w, "each", q->each);
    ent_rows_u64(w, "window", q->window);
    ent_rows_u64(w, "threshold", q->least);
    ent_rows_u64(w, "items", q->items);
    ent_rows_cstr(w, "padding", ent_quorum_padding_word(q->padding));
    ent_rows_u64(w, "tables", q->tables);
    ent_quorum_rows_types(w, q->types);
    ent_quorum_rows_names(w, "holders", q->holder, q->holders);
    ent_rows_cstr(w, "collector", q->collector);
    ent_rows_obj(w, "deadlines"); /* seconds */
    ent_rows_u64(w, "accept", q->deadlines.accept);
    ent_rows_u64(w, "keys", q->deadlines.keys);
    ent_rows_u64(w, "upload", q->deadlines.upload);
    ent_rows_u64(w, "result", q->deadlines.result);
    ent_rows_obj_end(w);
    ent_rows_obj_end(w);
}

static void put_rules(struct ent_rows *w, const struct ent_pact *p, int64_t now)
{
    ent_rows_obj(w, "pact");
    ent_rows_cstr(w, "name", p->name);
    ent_rows_hex(w, "id", p->id.b, 32);
    ent_rows_hex(w, "hash", p->hash.b, 32);
    ent_rows_u64(w, "version", p->version);
    ent_rows_time(w, "expires", p->expires);
    ent_rows_bool(w, "expired", ent_pact_is_expired(p, now));
    ent_rows_bool(w, "weak", ent_pact_is_weak(p));
    ent_rows_u64(w, "members", p->members);
    ent_rows_u64(w, "panel", ent_pact_panel(p));
    ent_rows_u64(w, "witnesses", p->k);
    ent_rows_cstr(w, "minimum", ent_tlp_name(p->minimum));
    ent_rows_u64(w, "budget_items", p->budget.items);
    ent_rows_u64(w, "budget_seconds", p->budget.seconds);
    ent_rows_obj(w, "threshold");
    for (int i = 0; i < ENT_CHANGES; i++)
        ent_rows_u64(w, ent_change_word((enum ent_change)i), p->threshold[i]);
    ent_rows_obj_end(w);
    ent_console_put_rule(w, &p->quorum);
    ent_rows_arr(w, "disputes");
    for (size_t i = 0; i < p->disputes; i++) {
        ent_rows_obj(w, NULL);
        ent_rows_cstr(w, "member", p->dispute[i].member);
        ent_rows_u64(w, "generation", p->dispute[i].generation);
        ent_rows_u64(w, "from", p->dispute[i].from);
        ent_rows_cstr(w, "reason", p->dispute[i].reason);
        ent_rows_obj_end(w);
    }
    ent_rows_arr_end(w);
    ent_rows_obj_end(w);
}

static enum ent_err put_votes(struct ent_console_call *x)
{
    struct ent_voting *v = NULL;
    enum ent_err r = x->book->opts.book == NULL
                         ? ENT_E_STATE
                         : ent_voting_open(&v, NULL, x->book->opts.book, NULL);
    ent_rows_arr(&x->w, "proposals");
    for (size_t i = 0; r == ENT_OK && i < ent_voting_proposals(v); i++) {
        const struct ent_proposal *p = ent_voting_proposal(v, i);
        ent_rows_obj(&x->w, NULL);
        ent_rows_cstr(&x->w, "by", p->by);
        ent_rows_u64(&x->w, "round", p->round);
        ent_rows_hex(&x->w, "hash", p->what.b, 32);
        ent_rows_bool(&x->w, "valid", p->valid);
        ent_rows_u64(&x->w, "needs_before", p->needs.before);
        ent_rows_u64(&x->w, "needs_after", p->needs.after);
        ent_rows_obj_end(&x->w);
    }
    ent_rows_arr_end(&x->w);
    ent_voting_close(v);
    return r == ENT_E_STATE ? ENT_OK : r;
}

enum ent_err ent_console_node(struct ent_console_call *x, struct ent_diag *d)
{
    const struct ent_home *h = x->book->opts.home;
    (void)d;
    ent_rows_cstr(&x->w, "member", h->self.name);
    ent_rows_cstr(&x->w, "display", ent_home_self(h)->display);
    ent_rows_cstr(&x->w, "version", ENTENTE_VERSION);
    return ENT_OK;
}

/* For the page of the day: nothing in no pact. */
enum ent_err ent_console_standing(struct ent_console_call *x, struct ent_diag *d)
{
    (void)d;
    enum ent_err r = put_members(x);
    return r == ENT_OK ? put_votes(x) : r;
}

enum ent_err ent_console_partners(struct ent_console_call *x, struct ent_diag *d)
{
    bool changed = false;
    if (x->book->opts.book == NULL)
        return ent_fail(d, ENT_E_NOTFOUND, "this member is in no pact yet", 0, 0);
    enum ent_err r = ent_book_refresh(x->book->opts.book, d, &changed);
    if (r != ENT_OK)
        return r;
    put_rules(&x->w, x->book->opts.home->pact, x->now);
    return (r = put_members(x)) == ENT_OK ? put_votes(x) : r;
}
