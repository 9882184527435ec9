/* console.c: the stages put together: running a query on its side, and answering it. */
#include "node/node.h"

#include "node/console_parts.h"

/* --- run ----------------------------------------------------------------------------------------
 */

/* Rows: the status, and behind it the tree. */
#define STATUS 2u

static unsigned status_of(enum ent_err r)
{
    switch (r) {
    case ENT_OK:
        return 200;
    case ENT_E_NOTFOUND:
        return 404;
    case ENT_E_POLICY:
        return 403;
    case ENT_E_FORMAT:
    case ENT_E_LIMIT:
        return 400;
    case ENT_E_EXISTS:
    case ENT_E_STATE:
        return 409;
    case ENT_E_TIMEOUT:
        return 503;
    default:
        return 500;
    }
}

static enum ent_err put_status(struct ent_buf *rows, enum ent_err r)
{
    uint8_t status[STATUS];
    ent_put_u16le(status, (uint16_t)status_of(r));
    ent_buf_clear(rows);
    return ent_buf_put(rows, status, STATUS);
}

const char *ent_console_word(unsigned status)
{
    switch (status) {
    case 400:
        return "malformed";
    case 401:
        return "who";
    case 403:
        return "not-allowed";
    case 404:
        return "not-found";
    case 405:
        return "method";
    case 409:
        return "conflict";
    case 413:
        return "too-large";
    case 415:
        return "media-type";
    case 429:
        return "too-often";
    case 503:
        return "busy";
    default:
        return status < 500 ? "refused" : "failed";
    }
}

static enum ent_err put_failure(struct ent_console_call *x, enum ent_err r,
                                const struct ent_diag *d)
{
    enum ent_err w = put_status(x->w.b, r);
    if (w != ENT_OK)
        return w;
    ent_rows_start(&x->w, x->w.b);
    ent_rows_obj(&x->w, NULL);
    ent_rows_cstr(&x->w, "error", ent_console_word(status_of(r)));
    ent_rows_cstr(&x->w, "detail", d->text != NULL ? d->text : ent_err_str(r));
    ent_rows_obj_end(&x->w);
    return ent_rows_end(&x->w);
}

bool ent_console_shows(struct ent_console_call *x, enum ent_tlp mark)
{
    bool may = ent_may_see(&x->who, mark);
    x->red = x->red || (may && mark == ENT_TLP_RED);
    return may;
}

/* What somebody did who is to be on record for it. */
static enum ent_err act(const struct ent_console_call *x, enum ent_action what, struct ent_slice on,
                        struct ent_diag *d)
{
    if (x->store != NULL)
        return ent_users_act(x->store->opts.users, d, &x->who, what, on, x->now);
    return x->book->opts.act(x->book->opts.ctx, &x->who, what, on);
}

/* Two tables, so that neither process has what the other one is for. */
/* table */
static ent_console_fn *const of_store[ENT_CONSOLE_WHATS] = {
    [ENT_CONSOLE_TODAY] = ent_console_today,
    [ENT_CONSOLE_INDICATORS] = ent_console_indicators,
    [ENT_CONSOLE_FACETS] = ent_console_facets,
    [ENT_CONSOLE_INDICATOR] = ent_console_indicator,
    [ENT_CONSOLE_WATCH] = ent_console_watch,
    [ENT_CONSOLE_HITS] = ent_console_hits,
    [ENT_CONSOLE_SETTINGS] = ent_console_settings,
    [ENT_CONSOLE_TAG] = ent_console_tag,
    [ENT_CONSOLE_ACCOUNTS] = ent_console_accounts,
    [ENT_CONSOLE_ACCOUNT] = ent_console_account,
    [ENT_CONSOLE_ACCOUNT_ADD] = ent_console_account_add,
    [ENT_CONSOLE_ACCOUNT_SET] = ent_console_account_set,
    [ENT_CONSOLE_PASSWORD] = ent_console_password,
    [ENT_CONSOLE_TOKEN] = ent_console_token,
    [ENT_CONSOLE_TOKEN_DROP] = ent_console_token_drop,
    [ENT_CONSOLE_RELEASES] = ent_console_releases,
    [ENT_CONSOLE_RELEASE] = ent_console_release,
    [ENT_CONSOLE_CONFIRM] = ent_console_confirm,
    [ENT_CONSOLE_HOLD] = ent_console_hold,
    [ENT_CONSOLE_AUDIT] = ent_console_audit,
};
/* table */
static ent_console_fn *const of_book[ENT_CONSOLE_WHATS] = {
    [ENT_CONSOLE_NODE] = ent_console_node,
    [ENT_CONSOLE_STANDING] = ent_console_standing,
    [ENT_CONSOLE_PARTNERS] = ent_console_partners,
    [ENT_CONSOLE_MATCHES] = ent_console_matches,
    [ENT_CONSOLE_MATCH] = ent_console_match,
    [ENT_CONSOLE_LOGS] = ent_console_logs,
    [ENT_CONSOLE_LOG] = ent_console_log,
    [ENT_CONSOLE_PROOF] = ent_console_proof,
    [ENT_CONSOLE_CONSISTENCY] = ent_console_consistency,
    [ENT_CONSOLE_MATCH_MAY] = ent_console_match_may,
    [ENT_CONSOLE_ASKS] = ent_console_asks,
    [ENT_CONSOLE_QUORUMS] = ent_console_quorums,
    [ENT_CONSOLE_QUORUM] = ent_console_quorum,
};
/* And what the keeper vouches for; it takes the book's lock itself, and for as long as it reads
 * the book. */
/* table */
static ent_console_fn *const of_acts[ENT_CONSOLE_WHATS] = {
    [ENT_CONSOLE_MATCH_ASK] = ent_console_match_ask,
    [ENT_CONSOLE_MATCH_STOP] = ent_console_match_stop,
    [ENT_CONSOLE_QUORUM_START] = ent_console_quorum_start,
    [ENT_CONSOLE_QUORUM_JOIN] = ent_console_quorum_join,
    [ENT_CONSOLE_QUORUM_DECLINE] = ent_console_quorum_decline,
};

/* What is marked RED leaves this process only with a record of who reads it. */
static enum ent_err tell_red(const struct ent_console_call *x, struct ent_diag *d)
{
    char on[ENT_OBS_MAX + 64];
    if (!x->red)
        return ENT_OK;
    const char *name = x->q->member[0] != '\0' ? x->q->member : x->q->run;
    (void)snprintf(on, sizeof(on), "%s%s%s", ent_console_routes[x->q->what].path,
                   x->q->text[0] != '\0' || name[0] != '\0' ? " " : "",
                   x->q->text[0] != '\0' ? x->q->text : name);
    return act(x, ENT_ACT_READ_RED, ent_slice_str(on), d);
}

/* What of it is on record. */
static enum ent_err what_is_vouched(const struct ent_console_call *x, struct ent_vouch *ret,
                                    char member[static ENT_NAME_MAX + 1], struct ent_diag *d)
{
    const struct ent_console_book_opts *o = &x->book->opts;
    const struct ent_console_query *q = x->q;
    const bool match = q->what < ENT_CONSOLE_QUORUM_START;
    if (o->vouch == NULL || (match ? o->asks == NULL : o->quorums == NULL))
        return ent_fail(d, ENT_E_NOTFOUND, "this member is in no pact yet", 0, 0);
    *ret = (struct ent_vouch){.kind = q->what == ENT_CONSOLE_QUORUM_START  ? ENT_VOUCH_OFFER
                                      : q->what == ENT_CONSOLE_QUORUM_JOIN ? ENT_VOUCH_JOIN
                                                                           : ENT_VOUCH_DECLINE,
                              .name = q->run,
                              .number = q->from};
    if (!match)
        return ENT_OK;
    memcpy(member, q->member, sizeof(q->member));
    if (member[0] == '\0' && ent_asks_partner(o->asks, member, q->ask) != ENT_OK)
        return ent_fail(d, ENT_E_NOTFOUND, "no such match was started", 0, 0);
    *ret = (struct ent_vouch){.kind = ENT_VOUCH_MATCH, .name = member, .number = q->items};
    return ENT_OK;
}

/* Who is behind the handle: the keeper's word, which has put it on record. */
static enum ent_err vouch(struct ent_console_call *x, struct ent_diag *d)
{
    ENT_ASSERT(x->book != NULL); /* only its queries come with a handle */
    const struct ent_console_book_opts *o = &x->book->opts;
    char member[ENT_NAME_MAX + 1];
    struct ent_vouch what;
    enum ent_err r = what_is_vouched(x, &what, member, d);
    if (r != ENT_OK)
        return r;
    if ((r = o->vouch(o->ctx, &x->who, x->handle, &what)) == ENT_E_POLICY)
        return ent_fail(d, r, "this account may not do that", 0, 0);
    return r == ENT_E_AUTH ? ent_fail(d, ENT_E_TIMEOUT, "it took too long", 0, 0) : r;
}

static enum ent_err run_it(struct ent_console_call *x, ent_console_fn *const *table,
                           struct ent_diag *d)
{
    const struct ent_console_route *route = &ent_console_routes[x->q->what];
    ent_console_fn *fn = table[x->q->what];
    struct ent_book *book = x->book != NULL && x->handle == NULL ? x->book->opts.book : NULL;
    if (fn == NULL)
        return ent_fail(d, ENT_E_FORMAT, "this is asked elsewhere", 0, 0);
    if (x->handle != NULL) {
        enum ent_err r = vouch(x, d);
        if (r != ENT_OK)
            return r;
    }
    if (!ent_may(&x->who, route->act))
        return ent_fail(d, ENT_E_POLICY, "this account may not do that", 0, 0);
    if (book != NULL)
        ent_book_lock(book);
    enum ent_err r = fn(x, d);
    if (book != NULL)
        ent_book_unlock(book);
    return r == ENT_OK ? tell_red(x, d) : r;
}

static enum ent_err run(struct ent_console_call *x, struct ent_buf *rows,
                        const struct ent_identity *who, struct ent_slice query, bool recorded,
                        ent_console_fn *const *table)
{
    struct ent_console_query q;
    struct ent_diag d = {0};
    x->who = *who;
    if (!recorded && x->who.clearance == ENT_TLP_RED)
        x->who.clearance = ENT_TLP_AMBER_STRICT;
    enum ent_err r = put_status(rows, ENT_OK);
    if (r != ENT_OK)
        return r;
    x->q = &q;
    ent_rows_start(&x->w, rows);
    ent_rows_obj(&x->w, NULL);
    if ((r = ent_console_query_decode(&q, query)) == ENT_OK &&
        (r = run_it(x, table, &d)) == ENT_OK) {
        ent_rows_obj_end(&x->w);
        r = ent_rows_end(&x->w);
    }
    x->q = NULL;
    ent_wipe(&q, sizeof(q));
    x->q = NULL;
    if (r == ENT_OK)
        return r;
    enum ent_err w = put_failure(x, r, &d);
    return w != ENT_OK ? w : r;
}

enum ent_err ent_console_store_new(struct ent_console_store **ret,
                                   const struct ent_console_store_opts *opts)
{
    struct ent_console_store *c = calloc(1, sizeof(*c));
    if (c == NULL)
        return ENT_E_NOMEM;
    c->opts = *opts;
    *ret = c;
    return ENT_OK;
}

void ent_console_store_free(struct ent_console_store *c)
{
    if (c == NULL)
        return;
    for (size_t i = 0; i < c->sources; i++)
        free(c->source[i]);
    free(c->source);
    free(c->facet);
    free(c);
}

enum ent_err ent_console_store_run(struct ent_console_store *c, struct ent_buf *rows,
                                   const struct ent_identity *who, struct ent_slice query,
                                   int64_t now)
{
    struct ent_console_call x = {.store = c, .now = now};
    return run(&x, rows, who, query, c->opts.users != NULL, of_store);
}

enum ent_err ent_console_book_new(struct ent_console_book **ret,
                                  const struct ent_console_book_opts *opts)
{
    struct ent_console_book *c = calloc(1, sizeof(*c));
    if (c == NULL)
        return ENT_E_NOMEM;
    c->opts = *opts;
    *ret = c;
    return ENT_OK;
}

void ent_console_book_free(struct ent_console_book *c)
{
    if (c == NULL)
        return;
    free(c->matches.record);
    free(c->quorums.record);
    free(c);
}

enum ent_err ent_console_book_run(struct ent_console_book *c, struct ent_buf *rows,
                                  const struct ent_identity *who, struct ent_slice query,
                                  int64_t now)
{
    struct ent_console_call x = {.book = c, .now = now};
    return run(&x, rows, who, query, c->opts.act != NULL, of_book);
}

enum ent_err ent_console_book_act(struct ent_console_book *c, struct ent_buf *rows,
                                  const struct ent_api_handle *h, struct ent_slice query,
                                  struct ent_slice items, int64_t now)
{
    static const struct ent_identity nobody = {.user = 0};
    struct ent_console_call x = {.book = c, .now = now, .handle = h, .items = items};
    return run(&x, rows, &nobody, query, false, of_acts);
}

/* --- render -------------------------------------------------------------------------------------
 */

/* No script, style, picture or connection but this node's own, and nobody's frame. */
#define POLICY                                                                                     \
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' " \
    "data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; "                         \
    "require-trusted-types-for 'script'"

enum ent_err ent_console_headers(struct ent_web_answer *a)
{
    ent_buf_clear(&a->headers);
    return ent_buf_puts(&a->headers, "Content-Security-Policy: " POLICY "\n"
                                     "Referrer-Policy: no-referrer\n"
                                     "Cross-Origin-Opener-Policy: same-origin\n"
                                     "Cross-Origin-Resource-Policy: same-origin\n"
                                     "X-Frame-Options: DENY\n");
}

/* Of a document that is written already. */
static void finish(struct ent_web_answer *answer, unsigned status, struct ent_json *j)
{
    answer->status = status;
    answer->type = "application/json";
    if (ent_json_end(j) != ENT_OK || ent_console_headers(answer) != ENT_OK) {
        answer->status = 500;
        ent_buf_clear(&answer->headers);
        ent_buf_clear(&answer->body);
    }
}

void ent_console_error(struct ent_web_answer *answer, unsigned status, const char *detail)
{
    struct ent_json j;
    ent_buf_clear(&answer->body);
    ent_json_start(&j, &answer->body);
    ent_json_obj(&j, NULL);
    ent_json_cstr(&j, "error", ent_console_word(status));
    ent_json_cstr(&j, "detail", detail);
    ent_json_obj_end(&j);
    finish(answer, status, &j);
}

/* One event, whose id is where the next stream goes on; then the stream ends, and the browser asks
 * again. So the server holds no connection for somebody who only looks. */
static enum ent_err put_event(struct ent_buf *b, struct ent_slice rows)
{
    uint64_t last = 0;
    enum ent_err r = ent_rows_number(&last, rows, "last");
    if (r == ENT_OK)
        r = ent_buf_printf(b,
                           "retry: 3000\nid: %llu\nevent: hits\ndata: ", (unsigned long long)last);
    if (r == ENT_OK && (r = ent_rows_json(b, rows)) == ENT_OK)
        r = ent_buf_puts(b, "\n\n");
    return r;
}

void ent_console_render(struct ent_web_answer *answer, const struct ent_console_query *q,
                        struct ent_slice rows)
{
    struct ent_cur c = ent_cur(rows);
    uint16_t status = 0;
    enum ent_err r = ent_cur_u16le(&c, &status);
    struct ent_slice tree = ent_slice(c.p, c.n);
    bool stream = q->what == ENT_CONSOLE_HITS && status == 200;
    answer->status = status;
    answer->type = stream ? "text/event-stream" : "application/json";
    ent_buf_clear(&answer->body);
    if (r == ENT_OK && (status < 200 || status > 599))
        r = ENT_E_FORMAT;
    if (r == ENT_OK && (r = ent_console_headers(answer)) == ENT_OK)
        r = stream ? put_event(&answer->body, tree) : ent_rows_json(&answer->body, tree);
    if (r != ENT_OK)
        ent_console_error(answer, 500, "what was found cannot be told");
}
