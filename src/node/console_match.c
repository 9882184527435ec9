/* console_match.c: the records of matches: who asked whom, what came of it, and what each side
 * learned. Both sides' words are verified again by the keys of the pact. */
#include "node/node.h"

#include "node/console_parts.h"

#define MATCHES   50u
#define HITS_TOLD 500u
#define HITS_MAX  ((size_t)4 << 20)

/* What one record says. */
struct record {
    struct ent_delivery offer, accept, ours, theirs;
    struct ent_buf room[4];
    struct ent_match_offer asked;
    struct ent_match_accept answered;
    enum ent_tlp mark;
    bool finished, asker; /* we were */
};

static void release(struct record *m)
{
    for (size_t i = 0; i < 4; i++)
        ent_buf_release(&m->room[i]);
    free(m);
}

static enum ent_err load(struct ent_console_call *x, struct ent_buf *b, const char *run,
                         const char *file)
{
    char name[ENT_RUN_FILE];
    (void)snprintf(name, sizeof(name), "runs/%s/%s", run, file);
    return ent_home_load(x->book->opts.home, b, NULL, name);
}

static enum ent_err hear(struct ent_console_call *x, struct ent_delivery *ret, struct ent_buf *b,
                         const char *run, const char *file)
{
    ent_buf_init(b, ENT_DELIVERY_MAX);
    enum ent_err r = load(x, b, run, file);
    return r == ENT_OK
               ? ent_delivery_parse(ret, ent_buf_slice(b), &x->book->opts.home->roster, NULL)
               : r;
}

/* ENT_E_NOTFOUND: no record, or of other people; ENT_E_FORMAT or ENT_E_AUTH: damaged. */
static enum ent_err read_record(struct ent_console_call *x, struct record *m, const char *run)
{
    const char *self = x->book->opts.home->self.name;
    const struct ent_act *offer = &m->offer.act, *accept = &m->accept.act;
    enum ent_err r;
    if ((r = hear(x, &m->offer, &m->room[0], run, "offer")) != ENT_OK ||
        (r = hear(x, &m->accept, &m->room[1], run, "accept")) != ENT_OK)
        return r;
    if (offer->st.type != ENT_ST_OFFER || accept->st.type != ENT_ST_ACCEPT ||
        ent_match_offer_parse(&m->asked, offer->body) != ENT_OK ||
        ent_match_accept_parse(&m->answered, accept->body) != ENT_OK ||
        strcmp(accept->st.author, m->asked.to) != 0 || accept->st.refs != 1 ||
        memcmp(accept->st.ref[0].b, offer->leaf.b, 32) != 0 ||
        ent_tlp_parse(&m->mark, ent_slice_str(offer->st.tlp)) != ENT_OK)
        return ENT_E_FORMAT;
    m->asker = strcmp(offer->st.author, self) == 0;
    m->finished = hear(x, &m->ours, &m->room[2], run, "result") == ENT_OK &&
                  hear(x, &m->theirs, &m->room[3], run, "result-theirs") == ENT_OK;
    return m->asker || strcmp(m->asked.to, self) == 0 ? ENT_OK : ENT_E_NOTFOUND;
}

static void put_record(struct ent_rows *w, const struct record *m, const char *run)
{
    ent_rows_cstr(w, "run", run);
    ent_rows_cstr(w, "role", m->asker ? "asker" : "holder");
    ent_rows_cstr(w, "partner", m->asker ? m->asked.to : m->offer.act.st.author);
    ent_rows_time(w, "time", m->offer.act.st.time);
    ent_rows_cstr(w, "tlp", m->offer.act.st.tlp);
    ent_rows_u64(w, "asked", m->asked.items);
    ent_rows_u64(w, "held", m->answered.items);
    ent_rows_bool(w, "finished", m->finished);
    ent_rows_arr(w, "types");
    for (int t = 1; t < ENT_OBS_TYPES; t++)
        if ((m->asked.types & ENT_OBS_BIT(t)) != 0)
            ent_rows_cstr(w, NULL, ent_obs_type_name((enum ent_obs_type)t));
    ent_rows_arr_end(w);
}

/* What we saw and the partner knows; only the asker has that. */
static enum ent_err put_hits(struct ent_console_call *x, const char *run, bool all)
{
    struct ent_buf b;
    struct ent_slice line;
    uint64_t n = 0;
    ent_buf_init(&b, HITS_MAX);
    enum ent_err r = load(x, &b, run, "hits");
    struct ent_cur c = ent_cur(ent_buf_slice(&b));
    if (all)
        ent_rows_arr(&x->w, "hits");
    while (r == ENT_OK && ent_cur_line(&c, &line) == ENT_OK)
        if (n++ < HITS_TOLD && all)
            ent_rows_str(&x->w, NULL, line);
    if (all)
        ent_rows_arr_end(&x->w);
    if (r == ENT_OK)
        ent_rows_u64(&x->w, "found", n);
    ent_buf_wipe(&b);
    return r == ENT_E_NOTFOUND || r == ENT_E_LIMIT ? ENT_OK : r;
}

/* --- the list -----------------------------------------------------------------------------------
 */

/* What this member itself said in this file, or 0: a partner's clock puts nothing in order here. */
static enum ent_err own_time(struct ent_console_call *x, int64_t *ret, const char *run,
                             const char *file)
{
    struct ent_statement st;
    struct ent_slice entry;
    struct ent_buf b;
    ent_buf_init(&b, ENT_DELIVERY_MAX);
    enum ent_err r = load(x, &b, run, file);
    if (r == ENT_OK && ent_delivery_claims(&entry, ent_buf_slice(&b)) == ENT_OK &&
        ent_statement_claims(&st, entry, NULL) == ENT_OK &&
        strcmp(st.author, x->book->opts.home->self.name) == 0)
        *ret = st.time;
    ent_buf_release(&b);
    return r == ENT_E_NOTFOUND || r == ENT_E_LIMIT ? ENT_OK : r;
}

static enum ent_err time_of(struct ent_console_call *x, int64_t *ret, const char *run)
{
    enum ent_err r = own_time(x, ret, run, "offer");
    return r == ENT_OK && *ret == 0 ? own_time(x, ret, run, "accept") : r;
}

static enum ent_err put_row(struct ent_console_call *x, const char *run)
{
    struct record *m = calloc(1, sizeof(*m));
    if (m == NULL)
        return ENT_E_NOMEM;
    enum ent_err r = read_record(x, m, run);
    if (r == ENT_OK && ent_console_shows(x, m->mark)) {
        ent_rows_obj(&x->w, NULL);
        put_record(&x->w, m, run);
        if (m->asker)
            r = put_hits(x, run, false);
        ent_rows_obj_end(&x->w);
    } else if (r == ENT_E_AUTH || r == ENT_E_FORMAT) {
        ent_console_put_damaged(&x->w, run);
        r = ENT_OK;
    }
    release(m);
    return r == ENT_E_NOTFOUND ? ENT_OK : r;
}

enum ent_err ent_console_matches(struct ent_console_call *x, struct ent_diag *d)
{
    const struct ent_console_folder f = {.name = "runs",
                                         .key = "matches",
                                         .known = &x->book->matches,
                                         .time_of = time_of,
                                         .put = put_row};
    if (x->book->opts.book == NULL)
        return ent_fail(d, ENT_E_NOTFOUND, "this member is in no pact yet", 0, 0);
    return ent_console_put_records(x, &f, x->q->limit == 0 ? MATCHES : x->q->limit);
}

/* --- one of them --------------------------------------------------------------------------------
 */

static void put_act(struct ent_rows *w, const char *key, const struct ent_delivery *del)
{
    ent_rows_obj(w, key);
    ent_rows_cstr(w, "member", del->act.st.author);
    ent_rows_u64(w, "generation", del->says.generation);
    ent_rows_u64(w, "index", del->receipt.index);
    ent_rows_hex(w, "leaf", del->act.leaf.b, 32);
    ent_rows_time(w, "claimed_time", del->act.st.time);
    ent_rows_bool(w, "disputed", del->says.disputed);
    ent_console_put_standing(w, &del->says.standing);
    ent_rows_obj_end(w);
}

enum ent_err ent_console_match(struct ent_console_call *x, struct ent_diag *d)
{
    struct record *m = calloc(1, sizeof(*m));
    char damaged[ENT_RUN_FILE] = "";
    if (m == NULL)
        return ENT_E_NOMEM;
    enum ent_err r = x->book->opts.book == NULL ? ENT_E_NOTFOUND : read_record(x, m, x->q->run);
    if (r == ENT_OK && !ent_console_shows(x, m->mark))
        r = ENT_E_NOTFOUND;
    if (r != ENT_OK) {
        release(m);
        return r == ENT_E_NOTFOUND ? ent_fail(d, r, "there is no record of such a match", 0, 0)
                                   : ent_fail(d, r, "the record of this match is damaged", 0, 0);
    }
    put_record(&x->w, m, x->q->run);
    put_act(&x->w, "offer", &m->offer);
    put_act(&x->w, "accept", &m->accept);
    if (m->finished) {
        put_act(&x->w, "our_result", &m->ours);
        put_act(&x->w, "their_result", &m->theirs);
    }
    if (m->asker)
        r = put_hits(x, x->q->run, true);
    bool whole = ent_home_run_check(x->book->opts.home, damaged, NULL, x->q->run) == ENT_OK;
    ent_rows_bool(&x->w, "whole", whole);
    if (!whole)
        ent_rows_cstr(&x->w, "damaged_file", damaged);
    release(m);
    return r;
}
