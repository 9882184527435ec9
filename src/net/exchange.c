/*
 * exchange.c: one request and its answer. libmicrohttpd calls ent_exchange_step() when the headers
 * are there, for each piece of the body, and at its end. Then the connection is suspended, a
 * handler thread calls handle(), the connection is resumed, and step() is called once more to
 * answer.
 *
 * A response given in the first call closes the connection, since libmicrohttpd cannot know where
 * the next request would begin. That is right for refusals; everything else answers at the end.
 */
#include "net/net.h"

#include "net/server.h"

enum stage { READING, WAITING, ANSWERED, DROPPED };

struct ent_exchange {
    struct ent_exchange *next;
    struct ent_conn *conn;
    struct MHD_Connection *mc;
    const char *method, *path; /* libmicrohttpd's, good until the request ends */
    struct ent_buf body;
    struct ent_response res;
    enum stage stage; /* under the server's lock */
};

/* Called with the request line, so that headers that never end have a deadline. */
void *ent_exchange_line(void *cls, const char *uri, struct MHD_Connection *mc)
{
    struct ent_conn *c = ent_conn_of(mc);
    (void)cls;
    (void)uri;
    if (c != NULL) {
        c->linger = true; /* until the answer is out: an end before that deserves to be heard */
        ent_conn_deadline_sooner(c, c->server->opts.request_seconds);
    }
    return NULL;
}

static enum MHD_Result queue(struct MHD_Connection *mc, struct MHD_Response *mr, unsigned status)
{
    enum MHD_Result r = MHD_add_response_header(mr, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    if (r == MHD_YES)
        r = MHD_queue_response(mc, status, mr);
    MHD_destroy_response(mr);
    return r;
}

static enum MHD_Result refuse(struct ent_conn *c, struct MHD_Connection *mc, unsigned status)
{
    static char nothing[1];
    struct MHD_Response *mr = MHD_create_response_from_buffer(0, nothing, MHD_RESPMEM_PERSISTENT);
    if (mr == NULL)
        return MHD_NO;
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
        (void)MHD_add_response_header(mr, MHD_HTTP_HEADER_ALLOW, "GET, POST, PUT, DELETE");
    ent_conn_deadline(c, c->server->opts.request_seconds);
    return queue(mc, mr, status);
}

static bool method_ok(const char *m)
{
    return strcmp(m, "GET") == 0 || strcmp(m, "POST") == 0 || strcmp(m, "PUT") == 0 ||
           strcmp(m, "DELETE") == 0;
}

/* 0 when a body of up to *ret_max bytes may come, else the status that refuses it. */
static unsigned check_head(const struct ent_conn *c, struct MHD_Connection *mc, const char *path,
                           const char *method, size_t *ret_max)
{
    struct ent_server *s = c->server;
    uint64_t n = 0;

    if (atomic_load(&s->stopping))
        return MHD_HTTP_SERVICE_UNAVAILABLE;
    if (!method_ok(method))
        return MHD_HTTP_METHOD_NOT_ALLOWED;
    if (path[0] != '/')
        return MHD_HTTP_BAD_REQUEST;
    size_t max = s->opts.max_body(s->opts.ctx, &c->peer, method, path);
    if (max == 0)
        return MHD_HTTP_NOT_FOUND;
    const char *length = MHD_lookup_connection_value(mc, MHD_HEADER_KIND, "Content-Length");
    if (length != NULL) {
        enum ent_err r = ent_parse_u64(&n, ent_slice_str(length), max);
        if (r != ENT_OK)
            return r == ENT_E_LIMIT ? MHD_HTTP_CONTENT_TOO_LARGE : MHD_HTTP_BAD_REQUEST;
    }
    size_t held = atomic_load(&s->body_bytes);
    if (held > s->opts.max_bodies || n > s->opts.max_bodies - held)
        return MHD_HTTP_SERVICE_UNAVAILABLE;
    *ret_max = max;
    return 0;
}

static enum MHD_Result begin(struct ent_server *s, struct MHD_Connection *mc, const char *path,
                             const char *method, void **state)
{
    struct ent_conn *c = ent_conn_of(mc);
    size_t max = 0;

    if (c == NULL || !ent_conn_check(c, mc))
        return MHD_NO;
    unsigned status = check_head(c, mc, path, method, &max);
    if (status != 0)
        return refuse(c, mc, status);
    struct ent_exchange *x = calloc(1, sizeof(*x));
    if (x == NULL)
        return MHD_NO;
    x->conn = c;
    x->mc = mc;
    x->method = method;
    x->path = path;
    ent_buf_init(&x->body, max);
    ent_buf_init(&x->res.body, s->opts.max_response);
    (void)pthread_mutex_lock(&s->lock);
    s->running++;
    (void)pthread_mutex_unlock(&s->lock);
    *state = x;
    return MHD_YES;
}

/* Chunked bodies announce no length: what is too much ends the connection, because an answer in the
 * middle of a body is not possible here and reading the rest would only serve an attacker. */
static enum MHD_Result add(struct ent_server *s, struct ent_exchange *x, const char *p, size_t *n)
{
    if (atomic_fetch_add(&s->body_bytes, *n) + *n > s->opts.max_bodies ||
        ent_buf_put(&x->body, p, *n) != ENT_OK) {
        (void)atomic_fetch_sub(&s->body_bytes, *n);
        return MHD_NO;
    }
    *n = 0;
    return MHD_YES;
}

static enum MHD_Result hand_over(struct ent_server *s, struct ent_exchange *x)
{
    enum MHD_Result r = MHD_NO;
    ent_conn_deadline(x->conn, 0); /* the client waits for us now */
    (void)pthread_mutex_lock(&s->lock);
    if (!s->ending) {
        MHD_suspend_connection(x->mc);
        x->stage = WAITING;
        x->next = NULL;
        if (s->last != NULL)
            s->last->next = x;
        else
            s->first = x;
        s->last = x;
        (void)pthread_cond_signal(&s->work);
        r = MHD_YES;
    }
    (void)pthread_mutex_unlock(&s->lock);
    return r;
}

static enum MHD_Result answer(struct ent_server *s, struct ent_exchange *x)
{
    static char nothing[1];
    struct ent_response *res = &x->res;
    struct MHD_Response *mr;

    if (res->status < 200 || res->status > 599) {
        res->status = MHD_HTTP_INTERNAL_SERVER_ERROR;
        ent_buf_clear(&res->body);
    }
    if (res->body.n == 0)
        mr = MHD_create_response_from_buffer(0, nothing, MHD_RESPMEM_PERSISTENT);
    else
        mr = MHD_create_response_from_buffer(res->body.n, res->body.p, MHD_RESPMEM_MUST_FREE);
    if (mr == NULL)
        return MHD_NO;
    if (res->body.n > 0) {
        res->body.p = NULL; /* libmicrohttpd frees it */
        const char *type = res->type == NULL ? "application/octet-stream" : res->type;
        (void)MHD_add_response_header(mr, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    }
    ent_conn_deadline(x->conn, s->opts.request_seconds);
    return queue(x->mc, mr, res->status);
}

enum MHD_Result ent_exchange_step(void *cls, struct MHD_Connection *mc, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_n, void **state)
{
    struct ent_server *s = cls;
    struct ent_exchange *x = *state;

    (void)version;
    if (x == NULL)
        return begin(s, mc, url, method, state);
    if (*upload_n > 0)
        return add(s, x, upload, upload_n);
    (void)pthread_mutex_lock(&s->lock);
    enum stage at = x->stage;
    (void)pthread_mutex_unlock(&s->lock);
    if (at == READING)
        return hand_over(s, x);
    return at == ANSWERED ? answer(s, x) : MHD_NO;
}

void ent_exchange_end(void *cls, struct MHD_Connection *mc, void **state,
                      enum MHD_RequestTerminationCode why)
{
    struct ent_server *s = cls;
    struct ent_exchange *x = *state;

    (void)mc;
    if (x == NULL)
        return; /* it was refused */
    if (why == MHD_REQUEST_TERMINATED_COMPLETED_OK) {
        x->conn->linger = false;
        ent_conn_deadline(x->conn, s->opts.idle_seconds + s->opts.request_seconds);
    }
    (void)atomic_fetch_sub(&s->body_bytes, x->body.n);
    ent_buf_release(&x->body);
    ent_buf_release(&x->res.body);
    free(x);
    *state = NULL;
    (void)pthread_mutex_lock(&s->lock);
    if (--s->running == 0)
        (void)pthread_cond_broadcast(&s->quiet);
    (void)pthread_mutex_unlock(&s->lock);
}

/* The lock must be free: resuming takes libmicrohttpd's own. x is gone afterwards. */
static void resume(struct ent_server *s, struct ent_exchange *x, enum stage stage)
{
    struct MHD_Connection *mc = x->mc;
    (void)pthread_mutex_lock(&s->lock);
    x->stage = stage;
    (void)pthread_mutex_unlock(&s->lock);
    MHD_resume_connection(mc);
}

/* The first that waits, or NULL. Lock held. */
static struct ent_exchange *take(struct ent_server *s)
{
    struct ent_exchange *x = s->first;
    if (x != NULL) {
        s->first = x->next;
        if (s->first == NULL)
            s->last = NULL;
    }
    return x;
}

void *ent_exchange_handler(void *server)
{
    struct ent_server *s = server;
    for (;;) {
        struct ent_exchange *x = NULL;
        (void)pthread_mutex_lock(&s->lock);
        while (!s->ending && (x = take(s)) == NULL)
            (void)pthread_cond_wait(&s->work, &s->lock);
        (void)pthread_mutex_unlock(&s->lock);
        if (x == NULL)
            return NULL;
        struct ent_request req = {x->method, x->path, ent_buf_slice(&x->body), x->conn->peer};
        s->opts.handle(s->opts.ctx, &req, &x->res);
        resume(s, x, ANSWERED);
    }
}

void ent_exchange_drop_waiting(struct ent_server *s)
{
    for (;;) {
        (void)pthread_mutex_lock(&s->lock);
        struct ent_exchange *x = take(s);
        (void)pthread_mutex_unlock(&s->lock);
        if (x == NULL)
            return;
        resume(s, x, DROPPED);
    }
}
