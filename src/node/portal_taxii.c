/* portal_taxii.c: TAXII's three stages, the middle one of which is the keeper's; and metrics. */
#include "node/node.h"

#include "node/portal_parts.h"

/* --- TAXII --------------------------------------------------------------------------------------
 */

/* NULL: nobody, which the parser answers. */
static enum ent_err find_who(struct portal_call *c, struct ent_taxii_who *ret, bool *ret_any)
{
    enum ent_err r = portal_credential(c);
    *ret_any = false;
    if (r == ENT_OK && c->cred.kind != ENT_CRED_NONE) {
        if ((r = portal_who_again(c)) == ENT_OK) {
            *ret = ent_api_taxii_who(&c->who.who);
            *ret_any = true;
        }
    }
    return r == ENT_E_AUTH || r == ENT_E_UNSUPPORTED ? ENT_OK : r;
}

/* What the node says of itself is the same as long as the keeper lives, and is on no record: who
 * was told it a moment ago is told it again. */
static enum ent_err get_rows(struct portal_call *c, struct ent_buf *ret,
                             const struct ent_taxii_query *q, struct ent_slice query)
{
    const bool of_us = q->ask == ENT_TAXII_ASK_DISCOVERY || q->ask == ENT_TAXII_ASK_ROOT;
    struct ent_msg m = ENT_MSG_NOTHING;
    if (of_us && c->remembered && c->known.n > 0)
        return ent_buf_put(ret, c->known.rows, c->known.n);
    enum ent_err r = ent_api_run(&c->p->opts.keeper, &m, ENT_API_TAXII, &c->who.handle, query);
    if (r != ENT_OK)
        return r;
    if (of_us && c->has_key)
        ent_remember_rows(c->p->remember, &c->key, ent_buf_slice(&m.bytes));
    *ret = m.bytes;
    m.bytes = (struct ent_buf){.p = NULL};
    ent_msg_release(&m);
    return ENT_OK;
}

/* ENT_E_AUTH: the handle does not hold. */
static enum ent_err run(struct portal_call *c, struct ent_taxii_answer *a, struct ent_slice query)
{
    struct ent_taxii_query q;
    struct ent_buf rows;
    ent_buf_init(&rows, ENT_REMEMBER_ROWS);
    enum ent_err r = ent_taxii_query_parse(&q, query);
    if (r == ENT_OK && (r = get_rows(c, &rows, &q, query)) == ENT_OK &&
        (r = ent_taxii_render(a, &q, ent_buf_slice(&rows))) != ENT_OK) {
        a->status = 0;
        r = r == ENT_E_LIMIT ? r : ENT_E_FORMAT;
    }
    ent_buf_release(&rows);
    return r;
}

/* The answer is given away whole: it can be long. */
static void hand_over(struct ent_web_answer *ret, struct ent_taxii_answer *a)
{
    struct ent_buf was = ret->body;
    if (a->status == 0)
        return;
    ret->status = a->status;
    ret->type = ENT_TAXII_TYPE;
    if (ent_buf_put_slice(&ret->headers, ent_buf_slice(&a->headers)) != ENT_OK)
        ret->status = 500;
    ret->body = a->body;
    a->body = was;
}

/* false: the handle does not hold; else it is answered. */
static bool attempt(struct portal_call *c)
{
    bool holds = true;
    const struct ent_web_request *req = c->req;
    struct ent_taxii_who who;
    struct ent_taxii_answer a;
    struct ent_buf query;
    bool any;
    if (find_who(c, &who, &any) != ENT_OK)
        return true;
    const struct ent_taxii_request ask = {.method = req->method,
                                          .path = req->path,
                                          .query = req->query,
                                          .accept = req->accept,
                                          .content_type = req->content_type,
                                          .host = req->host,
                                          .body = req->body,
                                          .who = any ? &who : NULL};
    ent_taxii_answer_init(&a, c->ret->body.max);
    ent_buf_init(&query, ENT_API_QUERY_MAX);
    enum ent_err r = ent_taxii_parse(&query, &a, &ask);
    if (r == ENT_OK) {
        r = run(c, &a, ent_buf_slice(&query));
        holds = r != ENT_E_AUTH;
    }
    if (r != ENT_OK && a.status == 0)
        portal_fail_keeper(c, r);
    hand_over(c->ret, &a);
    ent_buf_release(&query);
    ent_taxii_answer_release(&a);
    return holds;
}

/* A handle ends with any change of an account, and with the keeper: then who asks is looked at
 * again. Nothing was done by it. */
void portal_taxii(struct portal_call *c)
{
    if (attempt(c))
        return;
    portal_forget(c);
    ent_buf_clear(&c->ret->headers);
    (void)attempt(c);
}

/* --- metrics ------------------------------------------------------------------------------------
 */

static void refuse_metrics(struct portal_call *c)
{
    portal_fail(c->ret, c->req->path, 401, "a user and a password, or a token, are needed");
    if (ent_buf_puts(&c->ret->headers, "WWW-Authenticate: Basic realm=\"metrics\", "
                                       "charset=\"UTF-8\"\n") != ENT_OK)
        c->ret->status = 500;
}

void portal_metrics(struct portal_call *c)
{
    const struct ent_portal_opts *o = &c->p->opts;
    struct ent_web_answer *ret = c->ret;
    enum ent_err r = ENT_OK;
    if (!o->metrics_open) {
        if ((r = portal_credential(c)) == ENT_OK)
            r = c->cred.kind == ENT_CRED_NONE ? ENT_E_AUTH : portal_who(c);
        if (r == ENT_E_AUTH || r == ENT_E_UNSUPPORTED)
            refuse_metrics(c);
        if (r != ENT_OK)
            return;
        r = ent_api_metrics(&o->keeper, &c->who.handle);
    }
    if (r == ENT_OK && o->metrics != NULL)
        r = o->metrics(o->ctx, &ret->body);
    if (r != ENT_OK) {
        portal_fail_keeper(c, r);
        return;
    }
    ret->status = 200;
    ret->type = ENT_COUNTS_TYPE;
}
