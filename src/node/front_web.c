/* front_web.c: what users ask goes to the api's process, as it came. */
#include "node/node.h"

#include "node/front_web.h"
#include "node/web_msg.h"

static size_t max_body(void *ctx, const char *method, const char *path)
{
    const struct ent_front_web *w = ctx;
    return w->opts.max_body(w->opts.ctx, method, path);
}

static void error_body(void *ctx, const char *path, unsigned status, struct ent_web_answer *ret)
{
    const struct ent_front_web *w = ctx;
    if (w->opts.error_body != NULL)
        w->opts.error_body(w->opts.ctx, path, status, ret);
}

static void event(void *ctx, enum ent_web_event e, const uint8_t from16[16], uint64_t count)
{
    const struct ent_front_web *w = ctx;
    if (w->opts.event != NULL)
        w->opts.event(w->opts.ctx, e, from16, count);
}

static enum ent_err ask(const struct ent_front_web *w, const struct ent_web_request *req,
                        struct ent_web_answer *ret)
{
    struct ent_msg m = ENT_MSG_NOTHING;
    struct ent_buf b;
    ent_buf_init(&b, ENT_WEB_REQUEST_BYTES);
    enum ent_err r = ent_web_request_encode(&b, req);
    if (r == ENT_OK)
        r = w->api.call(w->api.ctx, &m, ENT_WEB_CALL, ent_buf_slice(&b));
    ent_buf_wipe(&b); /* it may hold a password */
    if (r != ENT_OK)
        return r;
    r = ent_web_answer_parse(ret, ent_buf_slice(&m.bytes));
    ent_msg_release(&m);
    return r;
}

static void handle(void *ctx, const struct ent_web_request *req, struct ent_web_answer *ret)
{
    const struct ent_front_web *w = ctx;
    const uint64_t start = ent_clock_steady_ns();
    if (ask(ctx, req, ret) != ENT_OK) {
        ent_buf_clear(&ret->headers);
        ent_buf_clear(&ret->body);
        ret->type = NULL;
        error_body(ctx, req->path, 503, ret);
        ret->status = 503;
    }
    ent_count_request(w->counts, ENT_PORT_USERS, ret->status, ent_clock_steady_ns() - start);
}

enum ent_err ent_front_web_start(struct ent_front_web *w, struct ent_diag *d,
                                 const struct ent_web_opts *opts, struct ent_caller api,
                                 struct ent_counts *counts)
{
    struct ent_web_opts o = *opts;
    w->opts = *opts;
    w->opts.listen = NULL;
    w->opts.cert_pem = w->opts.key_pem = ent_slice(NULL, 0);
    w->api = api;
    w->counts = counts;
    o.ctx = w;
    o.max_body = max_body;
    o.handle = handle;
    o.error_body = error_body;
    o.event = event;
    return ent_web_start(&w->web, d, &o);
}
