/* portal.c: routes, who asks, how often, and what is said when something is wrong. */
#include "node/node.h"

#include "node/portal_parts.h"
#include "node/strikes.h"

#define API "/api/"

/* --- errors -------------------------------------------------------------------------------------
 */

static bool is_below(const char *path, const char *root)
{
    const size_t n = strlen(root); /* which ends in a slash */
    return path != NULL && (strncmp(path, root, n) == 0 ||
                            (strncmp(path, root, n - 1) == 0 && path[n - 1] == '\0'));
}

static bool is_taxii(const char *path)
{
    return is_below(path, "/taxii2/");
}

bool portal_is_api(const char *path)
{
    return is_below(path, API);
}

static const char *phrase(unsigned status)
{
    static const struct {
        unsigned status;
        const char *text;
    } rows[] = {{400, "bad request"},
                {401, "who asks is not known"},
                {403, "not allowed"},
                {404, "nothing is here"},
                {405, "not with this method"},
                {409, "conflict"},
                {413, "too long"},
                {415, "not a type that is read here"},
                {417, "expectation failed"},
                {429, "too many requests"},
                {431, "headers too long"},
                {503, "not available now"},
                {505, "not this version of HTTP"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (rows[i].status == status)
            return rows[i].text;
    return "error";
}

static enum ent_err put_json(struct ent_buf *b, unsigned status, const char *why)
{
    struct ent_json j;
    ent_json_start(&j, b);
    ent_json_obj(&j, NULL);
    ent_json_cstr(&j, "error", ent_console_word(status));
    ent_json_cstr(&j, "detail", why);
    ent_json_obj_end(&j);
    return ent_json_end(&j);
}

static enum ent_err put_taxii(struct ent_buf *b, unsigned status, const char *why)
{
    struct ent_taxii_answer a;
    ent_taxii_answer_init(&a, 65536);
    enum ent_err r = ent_taxii_refuse(&a, status, phrase(status), why);
    if (r == ENT_OK)
        r = ent_buf_put_slice(b, ent_buf_slice(&a.body));
    ent_taxii_answer_release(&a);
    return r;
}

void portal_fail(struct ent_web_answer *ret, const char *path, unsigned status, const char *why)
{
    enum ent_err r;
    ent_buf_clear(&ret->body);
    ret->status = status;
    if (is_taxii(path)) {
        ret->type = ENT_TAXII_TYPE;
        r = put_taxii(&ret->body, status, why);
    } else if (portal_is_api(path)) {
        ret->type = "application/json";
        r = put_json(&ret->body, status, why);
    } else {
        ret->type = "text/plain; charset=utf-8";
        r = ent_buf_printf(&ret->body, "%s: %s\n", phrase(status), why);
    }
    if (r != ENT_OK) /* without words, but of this status */
        ent_buf_clear(&ret->body);
}

void portal_fail_wait(struct ent_web_answer *ret, const char *path, unsigned status,
                      const char *why, unsigned seconds)
{
    portal_fail(ret, path, status, why);
    if (ent_buf_printf(&ret->headers, "Retry-After: %u\n", seconds) != ENT_OK)
        ent_buf_clear(&ret->headers);
}

void portal_fail_keeper(struct portal_call *c, enum ent_err r)
{
    const char *path = c->req->path;
    if (r == ENT_E_PEER || r == ENT_E_TIMEOUT || r == ENT_E_STATE) /* not there, or not yet */
        portal_fail_wait(c->ret, path, 503, "a part of the node does not answer", 1);
    else if (r == ENT_E_AUTH)
        portal_fail_wait(c->ret, path, 503, "it took too long", 1);
    else if (r == ENT_E_POLICY)
        portal_fail(c->ret, path, 403, "this account may not do that");
    else if (r == ENT_E_LIMIT)
        portal_fail(c->ret, path, 413, "more was asked at once than can be answered");
    else
        portal_fail(c->ret, path, 500, "the node failed; its log says why");
}

void ent_portal_error(struct ent_web_answer *ret, const char *path, unsigned status)
{
    portal_fail(ret, path, status, "the request was not taken");
}

/* --- who asks -----------------------------------------------------------------------------------
 */

enum ent_err portal_credential(struct portal_call *c)
{
    enum ent_err r = ent_credential_parse(&c->cred, &c->presented);
    if (r == ENT_OK && c->cred.kind == ENT_CRED_SESSION)
        r = ent_credential_own_site(&c->cred, &c->presented);
    if (r == ENT_E_POLICY)
        portal_fail(c->ret, c->req->path, 403,
                    "a request with a cookie that does not come from our own page");
    return r;
}

/* So many for each account, whatever its tokens and addresses are. */
static enum ent_err limit_account(struct portal_call *c)
{
    struct ent_key16 key = {{0}};
    ent_put_u64le(key.b, (uint64_t)c->who.who.user);
    const unsigned wait = ent_buckets_take(c->p->accounts, &key, ent_clock_steady_ns());
    if (wait == 0)
        return ENT_OK;
    portal_fail_wait(c->ret, c->req->path, 429, "this account asks too often", wait);
    return ENT_E_LIMIT;
}

enum ent_err portal_who(struct portal_call *c)
{
    const char *path = c->req->path;
    enum ent_err r = ent_api_who(&c->p->opts.keeper, &c->who, &c->cred, c->req->from16);
    if (r == ENT_OK)
        return limit_account(c);
    if (r != ENT_E_AUTH) {
        portal_fail_keeper(c, r);
    } else if (c->who.refusal == ENT_REFUSED_WAIT) {
        portal_fail_wait(c->ret, path, 429, "too many wrong passwords", c->who.wait);
        r = ENT_E_LIMIT;
    } else if (c->who.refusal == ENT_REFUSED_BUSY) {
        portal_fail_wait(c->ret, path, 503, "too many log in at this moment", 2);
        r = ENT_E_LIMIT;
    }
    return r;
}

/* The page is asked for once; a keeper that is not there yet is asked again with the next request.
 */
static const struct ent_epoch *page(struct ent_portal *p)
{
    struct ent_epoch *e = atomic_load(&p->epoch), *none = NULL;
    if (e != NULL || ent_api_epoch(&p->opts.keeper, &e) != ENT_OK)
        return e;
    if (!atomic_compare_exchange_strong(&p->epoch, &none, e)) {
        ent_epoch_close(e);
        e = none;
    }
    return e;
}

enum ent_err portal_who_again(struct portal_call *c)
{
    struct ent_remember *m = c->p->remember;
    const struct ent_epoch *e = page(c->p);
    c->has_key = e != NULL && c->cred.kind != ENT_CRED_SESSION &&
                 ent_remember_key(m, &c->key, &c->cred, c->req->from16, ent_epoch_now(e)) == ENT_OK;
    c->remembered = c->has_key && ent_remember_find(m, &c->known, &c->key, ent_clock_steady_ns());
    if (c->remembered) {
        c->who = c->known.who;
        return limit_account(c);
    }
    enum ent_err r = portal_who(c);
    if (r == ENT_OK && c->has_key)
        ent_remember_add(m, &c->key, &c->who, ent_clock_steady_ns());
    return r;
}

void portal_forget(struct portal_call *c)
{
    if (c->has_key)
        ent_remember_drop(c->p->remember, &c->key);
}

/* --- routes -------------------------------------------------------------------------------------
 */

static void put_text(struct ent_web_answer *ret, unsigned status, const char *text)
{
    ret->status = status;
    ret->type = "text/plain; charset=utf-8";
    ent_buf_clear(&ret->body);
    if (ent_buf_puts(&ret->body, text) != ENT_OK)
        ret->status = 500;
}

static void portal_health(struct portal_call *c)
{
    put_text(c->ret, 200, "ok\n");
}

static void portal_ready(struct portal_call *c)
{
    const struct ent_portal_opts *o = &c->p->opts;
    struct ent_msg m = ENT_MSG_NOTHING;
    const char *missing = NULL;
    if (ent_api_ready(&o->keeper) != ENT_OK)
        missing = "keeper";
    else if (o->ledger.call != NULL &&
             o->ledger.call(o->ledger.ctx, &m, ENT_BOOK_READY, ent_slice(NULL, 0)) != ENT_OK)
        missing = "ledger";
    ent_msg_release(&m);
    if (missing == NULL)
        put_text(c->ret, 200, "ready\n");
    else
        portal_fail_wait(c->ret, c->req->path, 503, missing, 1);
}

#define FORM 4096u /* bytes of a body of a few words */

static const struct route {
    const char *path;
    bool post; /* else GET and HEAD */
    bool free; /* of any limit: it costs nothing */
    void (*answer)(struct portal_call *c);
} routes[] = {
    {"/health", false, true, portal_health},           {"/ready", false, false, portal_ready},
    {"/metrics", false, false, portal_metrics},        {"/api/v1/login", true, false, portal_login},
    {"/api/v1/logout", true, false, portal_logout},    {"/api/v1/first", true, false, portal_first},
    {"/api/v1/session", false, false, portal_session},
};

static const struct route *find_route(const char *path)
{
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
        if (strcmp(path, routes[i].path) == 0)
            return &routes[i];
    return NULL;
}

size_t ent_portal_max_body(size_t (*console)(const char *method, const char *path),
                           const char *method, const char *path)
{
    const struct route *r = find_route(path);
    if (is_taxii(path))
        return ent_taxii_max_body(method);
    if (r != NULL)
        return r->post && strcmp(method, "POST") == 0 ? FORM : 0;
    const size_t most = console == NULL ? ENT_WEB_NO_PATH : console(method, path);
    return most == ENT_WEB_NO_PATH ? 0 : most; /* 404 is told by whoever has the limits */
}

static bool is_safe(const char *method)
{
    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

static void answer(struct portal_call *c)
{
    const struct ent_web_request *req = c->req;
    const struct route *route = find_route(req->path);
    struct ent_key16 from;
    ent_strikes_key(&from, req->from16);
    const unsigned wait = route != NULL && route->free
                              ? 0
                              : ent_buckets_take(c->p->addresses, &from, ent_clock_steady_ns());
    if (wait > 0) {
        portal_fail_wait(c->ret, req->path, 429, "this address asks too often", wait);
    } else if (is_taxii(req->path)) {
        portal_taxii(c);
    } else if (route == NULL && c->p->opts.console != NULL &&
               c->p->opts.console->max_body(req->method, req->path) != ENT_WEB_NO_PATH) {
        portal_console(c);
    } else if (route == NULL) {
        portal_fail(c->ret, req->path, 404, "the node has no such page");
    } else if (route->post ? strcmp(req->method, "POST") != 0 : !is_safe(req->method)) {
        portal_fail(c->ret, req->path, 405, route->post ? "POST" : "GET, HEAD");
        if (ent_buf_printf(&c->ret->headers, "Allow: %s\n", route->post ? "POST" : "GET, HEAD") !=
            ENT_OK)
            c->ret->status = 500;
    } else {
        route->answer(c);
    }
}

void ent_portal_handle(struct ent_portal *p, const struct ent_web_request *req,
                       struct ent_web_answer *ret)
{
    struct portal_call c = {.p = p,
                            .req = req,
                            .ret = ret,
                            .presented = {.authorization = req->authorization,
                                          .cookie = req->cookie,
                                          .origin = req->origin,
                                          .host = req->host,
                                          .fetch_site = req->fetch_site,
                                          .csrf = req->csrf,
                                          .tls = req->tls,
                                          .safe = is_safe(req->method)}};
    ret->status = 500;
    answer(&c);
    ent_wipe(&c.cred, sizeof(c.cred));
}

enum ent_err ent_portal_new(struct ent_portal **ret, const struct ent_portal_opts *opts)
{
    struct ent_portal *p = calloc(1, sizeof(*p));
    enum ent_err r;
    if (p == NULL)
        return ENT_E_NOMEM;
    p->opts = *opts;
    if ((r = ent_buckets_new(&p->accounts, opts->rate_account)) != ENT_OK ||
        (r = ent_buckets_new(&p->addresses, opts->rate_address)) != ENT_OK ||
        (r = ent_remember_new(&p->remember)) != ENT_OK) {
        ent_portal_free(p);
        return r;
    }
    *ret = p;
    return ENT_OK;
}

void ent_portal_free(struct ent_portal *p)
{
    if (p == NULL)
        return;
    ent_buckets_free(p->accounts);
    ent_buckets_free(p->addresses);
    ent_remember_free(p->remember);
    ent_epoch_close(atomic_load(&p->epoch));
    free(p);
}
