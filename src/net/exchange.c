/*
 * exchange.c: one request and its answer. libmicrohttpd calls ent_exchange_line() with the request
 * line as it came, ent_exchange_step() when the headers are there, for each piece of the body, and
 * at its end. Then the connection is suspended, a handler thread calls handle(), the connection is
 * resumed, and step() is called once more to answer.
 *
 * A response given in the first call closes the connection, since libmicrohttpd cannot know where
 * the next request would begin. That is right for refusals; everything else answers at the end.
 */
#include "net/net.h"

#include "net/http.h"

#include <sys/socket.h>

/* Of a body that is too large and did not announce it: so much is thrown away to be able to answer
 * at its end, more ends the connection. */
#define WASTE_MAX (4u << 20)
/* In libmicrohttpd's memory for a connection: one header of a request; an answer's head. */
#define FIELD_MEMORY  96u
#define ANSWER_MEMORY (ENT_ANSWER_HEADERS + 1024u)
#define GROWTH_MEMORY 2048u /* that its buffer may be larger than what is in it */
#define SHORT_ANSWER  16384u
#define VERSION       "HTTP/1.1"
#define BLANKS_MAX    64u /* in front of a header's value */

/* libmicrohttpd makes a list of a query's arguments, and without memory for them it (0.9.75) waits
 * instead of answering. It cannot be told so here, but the connection can end. Its buffer begins
 * with half of the memory. */
static void end_if_endless(struct ent_exchange *x, const char *uri)
{
    const size_t memory = x->conn->http->limits.memory, uri_n = strlen(uri) + GROWTH_MEMORY;
    size_t list = 0;
    for (const char *p = strchr(uri, '&'); p != NULL; p = strchr(p + 1, '&'))
        list += FIELD_MEMORY;
    if (list > 0 && (uri_n > memory / 2 ? uri_n : memory / 2) + list > memory) {
        x->refused = MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE;
        ent_http_event(x->conn->http, ENT_WEB_HEADERS, x->conn->from16);
        (void)shutdown(x->conn->fd, SHUT_RD);
    }
}

void *ent_exchange_line(void *cls, const char *uri, struct MHD_Connection *mc)
{
    struct ent_http *h = cls;
    struct ent_conn *c = ent_conn_of(mc);
    size_t n = uri == NULL ? 0 : strlen(uri);
    struct ent_exchange *x = calloc(1, sizeof(*x) + n + 2);

    if (x == NULL || c == NULL) {
        free(x);
        return NULL;
    }
    c->exchange = x;
    x->conn = c;
    x->mc = mc;
    x->line = uri;
    if (n > 0)
        memcpy(x->uri, uri, n);
    char *query = strchr(x->uri, '?');
    x->req.path = x->uri;
    if (query != NULL) {
        *query = '\0';
        x->has_query = true;
        x->req.query = ent_slice(query + 1, n - (size_t)(query + 1 - x->uri));
    }
    c->linger = true; /* until the answer is out: an end before that deserves to be heard */
    c->requests++;
    ent_conn_enter(c, ENT_CONN_REQUEST, h->limits.request_seconds);
    if (n > 0)
        end_if_endless(x, uri);
    return x;
}

static enum MHD_Result queue(struct ent_exchange *x, struct MHD_Response *mr)
{
    ent_conn_enter(x->conn, ENT_CONN_ANSWER, x->conn->http->limits.answer_seconds);
    enum MHD_Result r = MHD_queue_response(x->mc, x->answer.status, mr);
    MHD_destroy_response(mr);
    return r;
}

/* An error of the server's own. */
static enum MHD_Result say(struct ent_exchange *x, unsigned status)
{
    const struct ent_http_app *app = &x->conn->http->app;
    struct ent_web_answer *a = &x->answer;

    ent_answer_release(a);
    ent_answer_init(a, x->conn->http->limits.answer);
    if (app->error != NULL)
        app->error(app->ctx, x->uri, status, a);
    a->status = status;
    struct MHD_Response *mr = NULL;
    if (status != 405 || ent_buf_printf(&a->headers, "Allow: %s\n", app->allow) == ENT_OK)
        mr = ent_answer_render(a, NULL, x->last);
    if (mr == NULL) { /* the callback's fault: a status without words */
        ent_answer_release(a);
        ent_answer_init(a, 0);
        a->status = status;
        if ((mr = ent_answer_render(a, NULL, x->last)) == NULL)
            return MHD_NO;
    }
    return queue(x, mr);
}

/* The connection ends with it. */
static enum MHD_Result refuse(struct ent_exchange *x, unsigned status, enum ent_web_event why)
{
    if (why != ENT_WEB_EVENTS && x->refused == 0)
        ent_http_event(x->conn->http, why, x->conn->from16);
    x->refused = status;
    x->last = true;
    return say(x, status);
}

/*
 * libmicrohttpd reads a head in its buffer, in place. So where its parts stand says what it does
 * not show: a line that ends in LF alone, a folded one (whose second half 0.9.75 adds to the
 * header's name), a NUL, a second blank. Addresses are compared, never followed. Should another
 * version copy what it reads, every request is refused and the tests say so.
 */
struct fields {
    struct ent_head head;
    size_t memory;
    uintptr_t at; /* where the next line begins */
    bool whole;   /* each byte so far is accounted for */
};

static void account(struct fields *f, const char *name, size_t name_n, const char *value,
                    size_t value_n)
{
    uintptr_t colon = (uintptr_t)name + name_n;
    if ((uintptr_t)name != f->at || (uintptr_t)value <= colon ||
        (uintptr_t)value - colon > 1 + BLANKS_MAX)
        f->whole = false;
    f->at = (uintptr_t)value + value_n + 2;
}

static enum MHD_Result each_field(void *cls, enum MHD_ValueKind kind, const char *name,
                                  size_t name_n, const char *value, size_t value_n)
{
    struct fields *f = cls;
    (void)kind;
    f->memory += FIELD_MEMORY;
    account(f, name, name_n, value, value_n);
    return ent_head_field(&f->head, ent_slice(name, name_n), ent_slice(value, value_n)) == 0
               ? MHD_YES
               : MHD_NO;
}

/* libmicrohttpd keeps cookies twice and each argument of a query once more. When there is too
 * little left for the answer's head it would end the connection without a word. */
static bool fits(const struct ent_exchange *x, const struct fields *f)
{
    const struct ent_http_limits *l = &x->conn->http->limits;
    const union MHD_ConnectionInfo *i =
        MHD_get_connection_info(x->mc, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    if (i == NULL || i->header_size > l->head)
        return false;
    return i->header_size + f->memory + x->req.cookie.n + ANSWER_MEMORY <= l->memory;
}

static bool all_accounted(const struct ent_exchange *x, const struct fields *f, const char *method,
                          const char *version)
{
    const union MHD_ConnectionInfo *i =
        MHD_get_connection_info(x->mc, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    size_t path_n = strlen(x->req.path), uri_n = path_n + x->has_query + x->req.query.n;
    return f->whole && i != NULL && f->at + 2 == (uintptr_t)method + i->header_size &&
           (uintptr_t)x->line == (uintptr_t)method + strlen(method) + 1 &&
           (uintptr_t)version == (uintptr_t)x->line + uri_n + 1;
}

static unsigned check_fields(struct ent_exchange *x, const char *method, const char *version,
                             uint64_t *ret_length, enum ent_web_event *ret_why)
{
    struct fields f = {.head = {.req = &x->req, .max_headers = x->conn->http->limits.headers},
                       .at = (uintptr_t)version + sizeof(VERSION) - 1 + 2,
                       .whole = true};

    *ret_why = ENT_WEB_MALFORMED;
    if (strcmp(version, VERSION) != 0)
        return MHD_HTTP_HTTP_VERSION_NOT_SUPPORTED;
    (void)MHD_get_connection_values_n(x->mc, MHD_HEADER_KIND, each_field, &f);
    unsigned status = ent_head_end(&f.head, ret_length);
    *ret_why = f.head.why;
    if (status == 0 && !fits(x, &f)) {
        *ret_why = ENT_WEB_HEADERS;
        status = 431;
    }
    if (status == 0 && !all_accounted(x, &f, method, version)) {
        *ret_why = ENT_WEB_SMUGGLING;
        status = 400;
    }
    return status;
}

/* 0 when a body of up to *ret_max bytes may come, else the status that refuses it, and why. */
static unsigned check_head(struct ent_exchange *x, const char *method, const char *version,
                           size_t *ret_max, enum ent_web_event *ret_why)
{
    struct ent_http *h = x->conn->http;
    uint64_t n = 0;
    unsigned status;

    *ret_why = ENT_WEB_EVENTS;
    if (atomic_load(&h->stopping))
        return MHD_HTTP_SERVICE_UNAVAILABLE;
    *ret_why = ENT_WEB_METHOD;
    if ((x->req.method = ent_head_method(method)) == NULL)
        return MHD_HTTP_METHOD_NOT_ALLOWED;
    if ((status = ent_head_uri(ret_why, ent_slice_str(x->req.path), x->has_query, x->req.query)) !=
            0 ||
        (status = check_fields(x, method, version, &n, ret_why)) != 0)
        return status;
    if ((status = h->app.begin(x, ret_max)) != 0) {
        *ret_why = status == MHD_HTTP_METHOD_NOT_ALLOWED ? ENT_WEB_METHOD : ENT_WEB_EVENTS;
        return status;
    }
    *ret_why = ENT_WEB_BODY;
    if (n > *ret_max)
        return MHD_HTTP_CONTENT_TOO_LARGE;
    *ret_why = ENT_WEB_FULL;
    size_t held = atomic_load(&h->body_bytes);
    return held > h->limits.bodies || n > h->limits.bodies - held ? MHD_HTTP_SERVICE_UNAVAILABLE
                                                                  : 0;
}

static enum MHD_Result begin(struct ent_exchange *x, const char *method, const char *version)
{
    struct ent_http *h = x->conn->http;
    enum ent_web_event why;
    size_t max = 0;

    if (h->app.admitted != NULL && !h->app.admitted(x->conn, ent_conn_session(x->mc)))
        return MHD_NO;
    memcpy(x->req.from16, x->conn->from16, sizeof(x->req.from16));
    x->req.tls = !h->app.plain;
    unsigned status = check_head(x, method, version, &max, &why);
    if (status != 0)
        return refuse(x, status, why);
    ent_buf_init(&x->body, max);
    ent_answer_init(&x->answer, h->limits.answer);
    x->last = x->conn->requests >= h->limits.requests;
    x->running = true;
    (void)pthread_mutex_lock(&h->lock);
    x->stage = ENT_X_BODY;
    h->running++;
    (void)pthread_mutex_unlock(&h->lock);
    return MHD_YES;
}

static void drop_body(struct ent_exchange *x)
{
    (void)atomic_fetch_sub(&x->conn->http->body_bytes, x->body.n);
    ent_buf_release(&x->body);
    x->body.n = 0;
}

/* Chunked bodies announce no length, and libmicrohttpd cannot answer in the middle of a body: the
 * rest is thrown away as long as it is not too much, and refused at its end. */
static enum MHD_Result add(struct ent_exchange *x, const char *p, size_t *n)
{
    struct ent_http *h = x->conn->http;

    x->taken += *n;
    if (x->refused == 0) {
        if (atomic_fetch_add(&h->body_bytes, *n) + *n > h->limits.bodies)
            x->refused = MHD_HTTP_SERVICE_UNAVAILABLE;
        else if (ent_buf_put(&x->body, p, *n) != ENT_OK)
            x->refused = MHD_HTTP_CONTENT_TOO_LARGE;
        if (x->refused != 0) {
            (void)atomic_fetch_sub(&h->body_bytes, *n);
            ent_http_event(h, x->refused == 413 ? ENT_WEB_BODY : ENT_WEB_FULL, x->conn->from16);
            x->taken = *n;
            drop_body(x);
        }
    }
    if (x->refused != 0 && x->taken > WASTE_MAX)
        return MHD_NO;
    *n = 0;
    return MHD_YES;
}

static enum MHD_Result hand_over(struct ent_http *h, struct ent_exchange *x)
{
    enum MHD_Result r = MHD_NO;
    if (x->refused != 0)
        return refuse(x, x->refused, ENT_WEB_EVENTS);
    /* Headers behind a body: nobody else needs to have seen them as such. */
    if (MHD_get_connection_values_n(x->mc, MHD_FOOTER_KIND, NULL, NULL) != 0)
        return refuse(x, MHD_HTTP_BAD_REQUEST, ENT_WEB_SMUGGLING);
    x->req.body = ent_buf_slice(&x->body);
    ent_conn_enter(x->conn, ENT_CONN_WAITING, 0); /* the client waits for us now */
    (void)pthread_mutex_lock(&h->lock);
    if (!h->ending) {
        MHD_suspend_connection(x->mc);
        x->stage = ENT_X_WAITING;
        x->next = NULL;
        if (h->last != NULL)
            h->last->next = x;
        else
            h->first = x;
        h->last = x;
        (void)pthread_cond_signal(&h->work);
        r = MHD_YES;
    }
    (void)pthread_mutex_unlock(&h->lock);
    return r;
}

/* What the answer holds counts from here until it is out. Short ones do not: they go out even when
 * others, who do not read, hold all there is. */
static bool hold(struct ent_exchange *x)
{
    struct ent_http *h = x->conn->http;
    size_t n = x->answer.body.n;
    if (n <= SHORT_ANSWER)
        return true;
    if (n <= h->limits.answers && atomic_fetch_add(&h->answer_bytes, n) <= h->limits.answers - n) {
        x->held = n;
        return true;
    }
    if (n <= h->limits.answers)
        (void)atomic_fetch_sub(&h->answer_bytes, n);
    return false;
}

static enum MHD_Result answer(struct ent_http *h, struct ent_exchange *x)
{
    x->stage = ENT_X_ANSWERED; /* ours alone again */
    if (!hold(x)) {
        ent_http_event(h, ENT_WEB_FULL, x->conn->from16);
        return say(x, MHD_HTTP_SERVICE_UNAVAILABLE);
    }
    struct MHD_Response *mr = ent_answer_render(&x->answer, &x->req, x->last);
    if (mr == NULL) {
        ent_http_event(h, ENT_WEB_ANSWER, x->conn->from16);
        return say(x, MHD_HTTP_INTERNAL_SERVER_ERROR);
    }
    return queue(x, mr);
}

enum MHD_Result ent_exchange_step(void *cls, struct MHD_Connection *mc, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_n, void **state)
{
    struct ent_http *h = cls;
    struct ent_exchange *x = *state;

    (void)mc;
    (void)url; /* ours is older: as it came */
    if (x == NULL)
        return MHD_NO;
    (void)pthread_mutex_lock(&h->lock);
    enum ent_exchange_stage at = x->stage;
    (void)pthread_mutex_unlock(&h->lock);
    if (at == ENT_X_HEAD)
        return x->refused != 0 ? MHD_NO : begin(x, method, version);
    if (at == ENT_X_BODY && *upload_n > 0)
        return add(x, upload, upload_n);
    if (at == ENT_X_BODY)
        return hand_over(h, x);
    return at == ENT_X_HANDLED ? answer(h, x) : MHD_NO;
}

/* libmicrohttpd refused it by itself, or its own timeout came before ours. */
static void tell_end(struct ent_exchange *x, enum MHD_RequestTerminationCode why)
{
    struct ent_http *h = x->conn->http;
    bool reading = x->stage == ENT_X_HEAD || x->stage == ENT_X_BODY;

    (void)pthread_mutex_lock(&h->lock);
    bool cut = x->conn->cut;
    (void)pthread_mutex_unlock(&h->lock);
    if (x->refused != 0 || cut)
        return;
    if (why == MHD_REQUEST_TERMINATED_TIMEOUT_REACHED)
        ent_http_event(h, reading ? ENT_WEB_SLOW : ENT_WEB_UNREAD, x->conn->from16);
    else if (why == MHD_REQUEST_TERMINATED_WITH_ERROR && reading)
        ent_http_event(h, ENT_WEB_MALFORMED, x->conn->from16);
}

void ent_exchange_free(struct ent_exchange *x)
{
    if (x == NULL)
        return;
    struct ent_http *h = x->conn->http;
    x->conn->exchange = NULL;
    drop_body(x);
    (void)atomic_fetch_sub(&h->answer_bytes, x->held);
    ent_answer_release(&x->answer);
    (void)pthread_mutex_lock(&h->lock);
    if (x->running && --h->running == 0)
        (void)pthread_cond_broadcast(&h->quiet);
    (void)pthread_mutex_unlock(&h->lock);
    free(x);
}

void ent_exchange_end(void *cls, struct MHD_Connection *mc, void **state,
                      enum MHD_RequestTerminationCode why)
{
    struct ent_exchange *x = *state;

    (void)cls;
    (void)mc;
    if (x == NULL)
        return;
    tell_end(x, why);
    if (why == MHD_REQUEST_TERMINATED_COMPLETED_OK && !x->last) {
        x->conn->linger = false;
        ent_conn_ready(x->conn);
    }
    ent_exchange_free(x);
    *state = NULL;
}

/* The lock must be free: resuming takes libmicrohttpd's own. x is gone afterwards. */
static void resume(struct ent_http *h, struct ent_exchange *x, enum ent_exchange_stage stage)
{
    struct MHD_Connection *mc = x->mc;
    (void)pthread_mutex_lock(&h->lock);
    x->stage = stage;
    (void)pthread_mutex_unlock(&h->lock);
    MHD_resume_connection(mc);
}

/* The first that waits, or NULL. Lock held. */
static struct ent_exchange *take(struct ent_http *h)
{
    struct ent_exchange *x = h->first;
    if (x != NULL) {
        h->first = x->next;
        if (h->first == NULL)
            h->last = NULL;
    }
    return x;
}

void *ent_exchange_handler(void *http)
{
    struct ent_http *h = http;
    for (;;) {
        struct ent_exchange *x = NULL;
        (void)pthread_mutex_lock(&h->lock);
        while (!h->ending && (x = take(h)) == NULL)
            (void)pthread_cond_wait(&h->work, &h->lock);
        (void)pthread_mutex_unlock(&h->lock);
        if (x == NULL)
            return NULL;
        h->app.handle(x);
        resume(h, x, ENT_X_HANDLED);
    }
}

void ent_exchange_drop_waiting(struct ent_http *h)
{
    for (;;) {
        (void)pthread_mutex_lock(&h->lock);
        struct ent_exchange *x = take(h);
        (void)pthread_mutex_unlock(&h->lock);
        if (x == NULL)
            return;
        resume(h, x, ENT_X_DROPPED);
    }
}
