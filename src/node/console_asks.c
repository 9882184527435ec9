/* console_asks.c: matches that people start here: whether one may be, how it stands, and the end.
 */
#include "node/node.h"

#include "node/console_parts.h"

static struct ent_asks *asks_of(struct ent_console_call *x, struct ent_diag *d)
{
    if (x->book->opts.asks == NULL)
        (void)!ent_fail(d, ENT_E_NOTFOUND, "this member is in no pact yet", 0, 0);
    return x->book->opts.asks;
}

enum ent_err ent_console_match_may(struct ent_console_call *x, struct ent_diag *d)
{
    const uint64_t cost = ent_asks_cost(x->q->items, x->q->pad);
    struct ent_asks *asks = asks_of(x, d);
    struct ent_ask_left left = {0};
    struct ent_diag why = {0};
    if (asks == NULL)
        return ENT_E_NOTFOUND;
    enum ent_err r = ent_asks_may(asks, &left, &why, x->q->member, cost, x->now);
    if (r != ENT_OK && r != ENT_E_POLICY && r != ENT_E_STATE) {
        *d = why;
        return r;
    }
    ent_rows_cstr(&x->w, "member", x->q->member);
    ent_rows_u64(&x->w, "items", x->q->items);
    ent_rows_u64(&x->w, "charged", cost);
    ent_rows_u64(&x->w, "budget", left.budget);
    ent_rows_u64(&x->w, "left", left.spent > left.budget ? 0 : left.budget - left.spent);
    ent_rows_bool(&x->w, "may", r == ENT_OK);
    if (r != ENT_OK)
        ent_rows_cstr(&x->w, "why", why.text);
    return ENT_OK;
}

static enum ent_err put_hit(void *ctx, const struct ent_lookup_hit *h)
{
    struct ent_rows *w = ctx;
    ent_rows_obj(w, NULL);
    ent_rows_str(w, "observable", h->item);
    ent_rows_bool(w, "label_opens", h->label != NULL);
    if (h->label != NULL) {
        ent_rows_cstr(w, "kind", h->label->kind);
        ent_rows_cstr(w, "description", h->label->text);
        ent_rows_cstr(w, "tlp", ent_tlp_name(h->label->tlp));
        if (h->label->confidence >= 0)
            ent_rows_i64(w, "confidence", h->label->confidence);
    }
    ent_rows_obj_end(w);
    return w->err;
}

static void put_end(struct ent_rows *w, const struct ent_ask_seen *s)
{
    ent_rows_time(w, "ended", s->ended);
    if (s->state == ENT_ASK_FAILED)
        ent_rows_cstr(w, "why", s->why);
    if (s->report.run[0] != '\0')
        ent_rows_cstr(w, "run", s->report.run);
    if (s->state != ENT_ASK_DONE)
        return;
    ent_rows_u64(w, "found", s->report.hits);
    ent_rows_u64(w, "held", s->report.theirs);
    ent_rows_u64(w, "milliseconds", s->report.took_ns / 1000000);
}

static enum ent_err put_one(void *ctx, const struct ent_ask_seen *s)
{
    static const char *const states[] = {"running", "done", "failed"};
    static const char *const phases[] = {"offer", "questions", "filter", "result"};
    struct ent_console_call *x = ctx;
    struct ent_rows *w = &x->w;
    enum ent_err r = ENT_OK;
    if (x->q->ask != 0 && x->q->ask != s->id)
        return ENT_OK;
    ent_rows_obj(w, NULL);
    ent_rows_u64(w, "ask", s->id);
    ent_rows_cstr(w, "partner", s->partner);
    ent_rows_cstr(w, "by", s->by);
    ent_rows_cstr(w, "state", states[s->state]);
    ent_rows_bool(w, "stopping", s->stopping);
    ent_rows_u64(w, "items", s->items);
    ent_rows_u64(w, "charged", s->cost);
    ent_rows_cstr(w, "phase", phases[s->phase]);
    ent_rows_u64(w, "done", s->done);
    ent_rows_u64(w, "all", s->all);
    ent_rows_time(w, "began", s->began);
    if (s->state != ENT_ASK_RUNNING)
        put_end(w, s);
    if (x->q->ask != 0) {
        ent_rows_arr(w, "hits");
        r = ent_seek_said_each(s->said, put_hit, w);
        ent_rows_arr_end(w);
    }
    ent_rows_obj_end(w);
    return r;
}

/* What was found is marked as the offer is. */
enum ent_err ent_console_asks(struct ent_console_call *x, struct ent_diag *d)
{
    struct ent_asks *asks = asks_of(x, d);
    enum ent_err r = ENT_OK;
    if (asks == NULL)
        return ENT_E_NOTFOUND;
    ent_rows_arr(&x->w, "asks");
    if (ent_console_shows(x, ENT_TLP_AMBER_STRICT))
        r = ent_asks_each(asks, put_one, x);
    ent_rows_arr_end(&x->w);
    return r;
}

enum ent_err ent_console_match_ask(struct ent_console_call *x, struct ent_diag *d)
{
    const struct ent_ask_wish w = {.partner = x->q->member,
                                   .by = x->who.name,
                                   .types = x->q->types != 0 ? x->q->types : ENT_CONSOLE_ASKED,
                                   .pad = x->q->pad,
                                   .n = x->q->items,
                                   .items = x->items};
    uint64_t id = 0;
    enum ent_err r = ent_asks_start(x->book->opts.asks, &id, d, &w, x->now);
    if (r == ENT_OK)
        ent_rows_u64(&x->w, "ask", id);
    return r;
}

enum ent_err ent_console_match_stop(struct ent_console_call *x, struct ent_diag *d)
{
    if (ent_asks_stop(x->book->opts.asks, x->q->ask) == ENT_OK)
        return ENT_OK;
    return ent_fail(d, ENT_E_NOTFOUND, "no such match is under way", 0, 0);
}
