/* portal_console.c: the console's two outer stages around a query that the keeper or the ledger
 * runs; and the ledger's side of it. */
#include "node/node.h"

#include "node/portal_parts.h"

#define QUERY 65536u
#define ROWS  (8u << 20)

const struct ent_msg_row ent_book_rows[ENT_BOOK_ROWS] = {
    {ENT_BOOK_READY, ENT_MSG_CALL, ENT_MSG_BIT(ENT_PROCESS_API), ENT_MSG_ANY, 0, 0,
     ENT_MSG_FD_NONE},
    {ENT_BOOK_READY, ENT_MSG_ANSWER, ENT_MSG_BIT(ENT_PROCESS_LEDGER), ENT_MSG_ANY, 0, 0,
     ENT_MSG_FD_NONE},
    {ENT_BOOK_CONSOLE, ENT_MSG_CALL, ENT_MSG_BIT(ENT_PROCESS_API), ENT_MSG_ANY, 16, 16 + QUERY,
     ENT_MSG_FD_NONE},
    {ENT_BOOK_CONSOLE, ENT_MSG_ANSWER, ENT_MSG_BIT(ENT_PROCESS_LEDGER), ENT_MSG_ANY, 1, ROWS,
     ENT_MSG_FD_NONE},
    {ENT_BOOK_ACT, ENT_MSG_CALL, ENT_MSG_BIT(ENT_PROCESS_API), ENT_MSG_ANY, 20,
     20 + QUERY + ENT_ASKS_ITEMS, ENT_MSG_FD_NONE},
    {ENT_BOOK_ACT, ENT_MSG_ANSWER, ENT_MSG_BIT(ENT_PROCESS_LEDGER), ENT_MSG_ANY, 1, ROWS,
     ENT_MSG_FD_NONE},
};

/* --- the ledger's side --------------------------------------------------------------------------
 */

static enum ent_err serve_act(const struct ent_book_desk *d, struct ent_buf *ret, struct ent_cur c)
{
    struct ent_api_handle h;
    struct ent_slice query;
    uint32_t n = 0;
    enum ent_err r;
    if (d->act == NULL)
        return ENT_E_UNSUPPORTED;
    if ((r = ent_cur_copy(&c, h.b, sizeof(h.b))) != ENT_OK ||
        (r = ent_cur_u32le(&c, &n)) != ENT_OK || (r = ent_cur_take(&c, &query, n)) != ENT_OK)
        return r;
    r = d->act(d->ctx, ret, &h, query, ent_slice(c.p, c.n), ent_clock_now());
    return ret->n > 0 ? ENT_OK : r;
}

enum ent_err ent_book_serve(void *desk, struct ent_msg *ret, struct ent_msg *call)
{
    const struct ent_book_desk *d = desk;
    struct ent_cur c = ent_cur(ent_buf_slice(&call->bytes));
    struct ent_api_handle h;
    struct ent_identity who;
    enum ent_err r;
    if (call->type == ENT_BOOK_READY)
        return ent_cur_end(&c);
    if (call->type == ENT_BOOK_ACT)
        return serve_act(d, &ret->bytes, c);
    if (call->type != ENT_BOOK_CONSOLE || d->console == NULL)
        return ENT_E_UNSUPPORTED;
    if ((r = ent_cur_copy(&c, h.b, sizeof(h.b))) != ENT_OK ||
        (r = ent_api_reader(&d->keeper, &who, &h)) != ENT_OK)
        return r;
    r = d->console(d->ctx, &ret->bytes, &who, &h, ent_slice(c.p, c.n), ent_clock_now());
    return ret->bytes.n > 0 ? ENT_OK : r;
}

static enum ent_err ask_book(struct portal_call *c, struct ent_msg *ret, struct ent_slice query)
{
    const struct ent_caller *ledger = &c->p->opts.ledger;
    const struct ent_api_handle *h = &c->who.handle;
    struct ent_buf b;
    if (ledger->call == NULL)
        return ENT_E_PEER;
    ent_buf_init(&b, sizeof(h->b) + QUERY);
    enum ent_err r = ent_buf_put(&b, h->b, sizeof(h->b));
    if (r == ENT_OK && (r = ent_buf_put_slice(&b, query)) == ENT_OK)
        r = ledger->call(ledger->ctx, ret, ENT_BOOK_CONSOLE, ent_buf_slice(&b));
    ent_buf_release(&b);
    return r;
}

static enum ent_err ask_act(struct portal_call *c, struct ent_msg *ret, struct ent_slice query,
                            struct ent_slice items)
{
    const struct ent_caller *ledger = &c->p->opts.ledger;
    uint8_t n[4];
    struct ent_buf b;
    if (ledger->call == NULL)
        return ENT_E_PEER;
    ent_put_u32le(n, (uint32_t)query.n);
    ent_buf_init(&b, sizeof(c->who.handle.b) + sizeof(n) + query.n + items.n);
    enum ent_err r = ent_buf_put(&b, c->who.handle.b, sizeof(c->who.handle.b));
    if (r == ENT_OK && (r = ent_buf_put(&b, n, sizeof(n))) == ENT_OK &&
        (r = ent_buf_put_slice(&b, query)) == ENT_OK && items.n > 0)
        r = ent_buf_put_slice(&b, items);
    if (r == ENT_OK)
        r = ledger->call(ledger->ctx, ret, ENT_BOOK_ACT, ent_buf_slice(&b));
    ent_buf_wipe(&b);
    return r;
}

/* --- the portal's -------------------------------------------------------------------------------
 */

/* A browser sends cookies, and what it was told as Basic, with requests of other sites; a bearer's
 * token it does not. */
static bool comes_from_us(const struct portal_call *c)
{
    static const struct ent_slice bearer = ENT_SLICE_LIT("bearer ");
    const struct ent_slice a = ent_slice_trim(c->req->authorization);
    return (a.n > bearer.n && ent_slice_ieq(ent_slice(a.p, bearer.n), bearer)) ||
           ent_credential_own_site(&c->cred, &c->presented) == ENT_OK;
}

/* Below /api/ somebody has to ask; files are the same for everybody. */
static enum ent_err find_who(struct portal_call *c, struct ent_portal_who *ret)
{
    enum ent_err r;
    *ret = (struct ent_portal_who){.csrf = ""};
    if (!portal_is_api(c->req->path))
        return ENT_OK;
    if ((r = portal_credential(c)) == ENT_OK)
        r = c->cred.kind == ENT_CRED_NONE ? ENT_E_AUTH : portal_who(c);
    if (r == ENT_E_AUTH || r == ENT_E_UNSUPPORTED)
        portal_fail(c->ret, c->req->path, 401, "nobody is logged in");
    if (r != ENT_OK)
        return r;
    ret->who = &c->who.who;
    ret->own_site = comes_from_us(c);
    ret->csrf = c->cred.csrf;
    return ENT_OK;
}

static enum ent_err ask_where(struct portal_call *c, struct ent_msg *rows,
                              enum ent_portal_where where, struct ent_slice query,
                              struct ent_slice items)
{
    switch (where) {
    case ENT_PORTAL_BOOK:
        return ask_book(c, rows, query);
    case ENT_PORTAL_ACT:
        return ask_act(c, rows, query, items);
    case ENT_PORTAL_STORE:
        break;
    }
    return ent_api_run(&c->p->opts.keeper, rows, ENT_API_CONSOLE, &c->who.handle, query);
}

void portal_console(struct portal_call *c)
{
    const struct ent_portal_console *console = c->p->opts.console;
    struct ent_msg rows = ENT_MSG_NOTHING;
    enum ent_portal_where where = ENT_PORTAL_STORE;
    struct ent_portal_who who;
    struct ent_buf query, items;
    if (find_who(c, &who) != ENT_OK)
        return;
    ent_buf_init(&query, QUERY);
    ent_buf_init(&items, ENT_ASKS_ITEMS);
    enum ent_err r = console->parse(&query, &items, &where, c->ret, c->req, &who);
    if (r != ENT_E_STATE) { /* else it is answered */
        const struct ent_slice bytes = ent_buf_slice(&query);
        if (r == ENT_OK && who.who == NULL)
            r = ENT_E_POLICY; /* what asks for rows asks for somebody */
        if (r == ENT_OK)
            r = ask_where(c, &rows, where, bytes, ent_buf_slice(&items));
        if (r == ENT_OK)
            console->render(c->ret, bytes, ent_buf_slice(&rows.bytes));
        else
            portal_fail_keeper(c, r);
    }
    ent_buf_wipe(&rows.bytes); /* a new token, a password */
    ent_msg_release(&rows);
    ent_buf_wipe(&query);
    ent_buf_wipe(&items);
}
