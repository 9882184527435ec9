/*
 * console_quorum.c: quorums: the pact's rule, the runs, how each stands and who said what of whom;
 * and what somebody here says of them: offer one, join, decline. It is told out of the folders that
 * commands read (quorum_look.h), also while nobody computes.
 */
#include "node/node.h"

#include "node/console_parts.h"

#define RUNS 50u

static struct ent_home *home_of(const struct ent_console_call *x)
{
    return x->book->opts.home;
}

/* How much was found is marked as what was found. */
static bool shows_found(struct ent_console_call *x, const struct ent_quorum_look *l)
{
    return l->progress.took && ent_console_shows(x, x->book->opts.quorum_tlp);
}

/* Until when the phase that it is in may take; 0 where it is over. */
static int64_t until(const struct ent_quorum_run *r)
{
    const struct ent_quorum_offer *o = &r->offer;
    const int64_t by[ENT_QUORUM_PHASES] = {[ENT_QUORUM_OFFERED] = o->accept_by,
                                           [ENT_QUORUM_KEYS] = o->keys_by,
                                           [ENT_QUORUM_UPLOAD] = o->upload_by,
                                           [ENT_QUORUM_RECONSTRUCT] = o->result_by};
    return by[r->phase];
}

/* Whether this member has a word to say to it. */
static void put_waits(struct ent_console_call *x, const struct ent_quorum_look *l)
{
    const bool waits = ent_quorum_look_answered(l, home_of(x)->self.name, x->now) == NULL;
    ent_rows_cstr(&x->w, "tlp", ent_tlp_name(l->mark));
    ent_rows_time(&x->w, "until", until(&l->run));
    ent_rows_bool(&x->w, "waits", waits);
}

/* --- all of them --------------------------------------------------------------------------------
 */

static enum ent_err window_of(struct ent_console_call *x, int64_t *ret, const char *run)
{
    return ent_quorum_look_window(home_of(x), ret, run);
}

static void put_line(struct ent_console_call *x, const struct ent_quorum_look *l)
{
    const struct ent_quorum_offer *o = &l->run.offer;
    struct ent_rows *w = &x->w;
    ent_rows_obj(w, NULL);
    ent_rows_cstr(w, "run", l->id);
    ent_rows_time(w, "window", o->window);
    ent_rows_u64(w, "seconds", o->seconds);
    ent_rows_u64(w, "threshold", o->shape.threshold);
    ent_rows_u64(w, "members", o->shape.members);
    ent_rows_cstr(w, "phase", ent_quorum_phase_word(l->run.phase));
    ent_rows_cstr(w, "author", l->author);
    ent_quorum_rows_parts(w, o, home_of(x)->self.name);
    put_waits(x, l);
    if (shows_found(x, l))
        ent_rows_u64(w, "found", l->progress.found);
    ent_rows_obj_end(w);
}

static enum ent_err put_row(struct ent_console_call *x, const char *run)
{
    struct ent_quorum_look *l = malloc(sizeof(*l));
    struct ent_diag d = {0};
    if (l == NULL)
        return ENT_E_NOMEM;
    enum ent_err r = ent_quorum_look_brief(home_of(x), l, &d, run);
    if (r == ENT_OK && ent_console_shows(x, l->mark))
        put_line(x, l);
    else if (r != ENT_OK && r != ENT_E_NOMEM && r != ENT_E_NOTFOUND)
        ent_console_put_damaged(&x->w, run);
    free(l);
    return r == ENT_E_NOMEM ? r : ENT_OK;
}

/* The rule, and the newest window that it lets anybody offer. */
static void put_pact(struct ent_console_call *x)
{
    static const char *const parts[] = {
        [ENT_QUORUM_OFF] = "off", [ENT_QUORUM_ASK] = "ask", [ENT_QUORUM_ON] = "on"};
    const struct ent_quorum_rule *q = &home_of(x)->pact->quorum;
    ent_rows_cstr(&x->w, "part", parts[x->book->opts.part]);
    ent_console_put_rule(&x->w, q);
    if (q->holders > 0)
        ent_rows_time(&x->w, "newest",
                      ent_window_at(x->now - q->window - ENT_WINDOW_SETTLE, q->window).start);
}

enum ent_err ent_console_quorums(struct ent_console_call *x, struct ent_diag *d)
{
    const struct ent_console_folder f = {.name = ENT_QUORUM_FOLDER,
                                         .key = "runs",
                                         .known = &x->book->quorums,
                                         .time_of = window_of,
                                         .put = put_row};
    if (x->book->opts.book == NULL)
        return ent_fail(d, ENT_E_NOTFOUND, "this member is in no pact yet", 0, 0);
    put_pact(x);
    return ent_console_put_records(x, &f, x->q->limit == 0 ? RUNS : x->q->limit);
}

/* --- one of them --------------------------------------------------------------------------------
 */

static enum ent_err no_such(struct ent_diag *d)
{
    return ent_fail(d, ENT_E_NOTFOUND, "there is no record of such a quorum", 0, 0);
}

enum ent_err ent_console_quorum(struct ent_console_call *x, struct ent_diag *d)
{
    struct ent_quorum_look *l = malloc(sizeof(*l));
    if (l == NULL)
        return ENT_E_NOMEM;
    enum ent_err r =
        x->book->opts.book == NULL ? ENT_E_NOTFOUND : ent_quorum_look(home_of(x), l, d, x->q->run);
    if (r == ENT_OK && !ent_console_shows(x, l->mark))
        r = ENT_E_NOTFOUND;
    if (r == ENT_OK) {
        ent_quorum_rows_look(&x->w, l, home_of(x)->self.name, shows_found(x, l));
        put_waits(x, l);
    }
    free(l);
    return r == ENT_E_NOTFOUND ? no_such(d) : r;
}

/* --- what is said -------------------------------------------------------------------------------
 */

/* What the rule offers of that window, and less of it where that is asked for. */
static enum ent_err make_offer(const struct ent_console_call *x, struct ent_quorum_offer *o,
                               struct ent_diag *d)
{
    const struct ent_pact *p = home_of(x)->pact;
    const int64_t window = (int64_t)x->q->from;
    if (p->quorum.holders == 0)
        return ent_fail(d, ENT_E_STATE, "the pact has no rule of quorums", 0, 0);
    if (window > x->now - p->quorum.window - ENT_WINDOW_SETTLE)
        return ent_fail(d, ENT_E_STATE, "that window is not over", 0, 0);
    if (ent_quorum_offer_of_rule(o, p, window, x->now) != ENT_OK)
        return ent_fail(d, ENT_E_STATE, "no window of the pact's rule begins then", 0, 0);
    if (x->q->threshold != 0)
        o->shape.threshold = x->q->threshold;
    if (x->q->items != 0)
        o->shape.items = (uint32_t)x->q->items;
    if (x->q->types != 0)
        o->types = x->q->types;
    ent_random(&o->nonce, sizeof(o->nonce));
    return ENT_OK;
}

static enum ent_err refused(enum ent_err r, enum ent_quorum_reason why, enum ent_verdict verdict,
                            struct ent_diag *d)
{
    if (r == ENT_E_LIMIT)
        return ent_fail(d, ENT_E_STATE, "too many quorums are under way", 0, 0);
    if (r != ENT_E_POLICY)
        return r;
    return ent_fail(
        d, ENT_E_STATE,
        why == ENT_QUORUM_PACT ? ent_verdict_text(verdict) : ent_quorum_reason_text(why), 0, 0);
}

/* Signed and begun in this process, which has the runs; a command, which is another one, leaves a
 * wish for it. Who starts one wants to be in it. */
enum ent_err ent_console_quorum_start(struct ent_console_call *x, struct ent_diag *d)
{
    const struct ent_console_book_opts *opts = &x->book->opts;
    struct ent_quorum_offer *o = malloc(sizeof(*o));
    enum ent_quorum_reason why = ENT_QUORUM_FINE;
    enum ent_verdict verdict = ENT_ALLOWED;
    char id[ENT_QUORUM_ID];
    if (o == NULL)
        return ENT_E_NOMEM;
    ent_book_lock(opts->book);
    enum ent_err r = make_offer(x, o, d);
    ent_book_unlock(opts->book);
    if (r == ENT_OK && (r = ent_quorums_offer(opts->quorums, id, &why, &verdict, o)) != ENT_OK)
        r = refused(r, why, verdict, d);
    if (r == ENT_OK && ent_quorum_index(o, home_of(x)->self.name) != 0)
        r = ent_quorum_look_want(home_of(x), d, id, true);
    if (r == ENT_OK)
        ent_rows_cstr(&x->w, "run", id);
    free(o);
    return r;
}

static enum ent_err want(struct ent_console_call *x, struct ent_diag *d, bool join)
{
    struct ent_quorum_look *l = malloc(sizeof(*l));
    const char *over;
    if (l == NULL)
        return ENT_E_NOMEM;
    ent_book_lock(x->book->opts.book);
    enum ent_err r = ent_quorum_look_brief(home_of(x), l, d, x->q->run);
    ent_book_unlock(x->book->opts.book);
    if (r == ENT_OK && !ent_may_see(&x->who, l->mark))
        r = ENT_E_NOTFOUND;
    if (r == ENT_E_NOTFOUND)
        r = no_such(d);
    else if (r == ENT_OK &&
             (over = ent_quorum_look_answered(l, home_of(x)->self.name, x->now)) != NULL)
        r = ent_fail(d, ENT_E_STATE, over, 0, 0);
    if (r == ENT_OK)
        r = ent_quorum_look_want(home_of(x), d, x->q->run, join);
    free(l);
    return r;
}

enum ent_err ent_console_quorum_join(struct ent_console_call *x, struct ent_diag *d)
{
    return want(x, d, true);
}

enum ent_err ent_console_quorum_decline(struct ent_console_call *x, struct ent_diag *d)
{
    return want(x, d, false);
}
