/*
 * http.c: the life of a server upon libmicrohttpd: its threads, its limits, its end.
 */
#include "net/net.h"

#include "net/http.h"

#define STOP_SECONDS 3

/* In 0.9.75 it is two checks that exchange.c makes too, and the answer to a request without Host
 * has its head twice. */
#define STRICT (MHD_VERSION > 0x00097500 ? 1 : 0)

/* libmicrohttpd wants C strings; it reads them while it starts and never again. */
static enum ent_err as_string(struct ent_buf *ret, struct ent_slice s)
{
    enum ent_err r;
    ent_buf_init(ret, s.n + 1);
    if ((r = ent_buf_put_slice(ret, s)) != ENT_OK)
        return r;
    return ent_buf_putc(ret, '\0');
}

/* Connections that come in while we stop. */
static enum MHD_Result accepting(void *cls, const struct sockaddr *addr, socklen_t addrlen)
{
    const struct ent_http *h = cls;
    (void)addr;
    (void)addrlen;
    return atomic_load(&h->stopping) ? MHD_NO : MHD_YES;
}

/* What is not decoded cannot be decoded twice. */
static size_t no_unescape(void *cls, struct MHD_Connection *mc, char *text)
{
    (void)cls;
    (void)mc;
    return strlen(text);
}

/* Room for those that were told to go and are not gone yet, in each of libmicrohttpd's threads,
 * between which it divides its limit: conn.c must see the one too many. */
static unsigned most(const struct ent_http_limits *l)
{
    return l->connections + 16 * l->io_threads;
}

static enum ent_err start_daemon(struct ent_http *h, struct ent_diag *d, int fd, const char *cert,
                                 const char *key)
{
    const struct ent_http_limits *l = &h->limits;
    struct MHD_OptionItem more[6];
    size_t n = 0;
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_ALLOW_SUSPEND_RESUME;

    if (!h->app.plain) {
        flags |= MHD_USE_TLS;
        more[n++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_CERT, 0, (char *)(uintptr_t)cert};
        more[n++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_KEY, 0, (char *)(uintptr_t)key};
        more[n++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_PRIORITIES, 0,
                                            (char *)(uintptr_t)h->app.priorities};
    }
    if (l->io_threads > 1) /* a pool of one is refused: then there is one thread without a pool */
        more[n++] =
            (struct MHD_OptionItem){MHD_OPTION_THREAD_POOL_SIZE, (intptr_t)l->io_threads, NULL};
    more[n] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
    h->daemon = MHD_start_daemon(
        flags, 0, accepting, h, ent_exchange_step, h, MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_NOTIFY_CONNECTION, ent_conn_notify, h, MHD_OPTION_NOTIFY_COMPLETED,
        ent_exchange_end, h, MHD_OPTION_URI_LOG_CALLBACK, ent_exchange_line, h,
        MHD_OPTION_UNESCAPE_CALLBACK, no_unescape, h, MHD_OPTION_CONNECTION_MEMORY_LIMIT, l->memory,
        MHD_OPTION_CONNECTION_LIMIT, most(l), MHD_OPTION_CONNECTION_TIMEOUT, l->idle_seconds,
        MHD_OPTION_STRICT_FOR_CLIENT, STRICT, MHD_OPTION_ARRAY, more, MHD_OPTION_END);
    /* On failure the socket may be closed or not, depending on where it failed: closing it here
     * could close somebody else's. */
    return h->daemon == NULL
               ? ent_fail(d, ENT_E_NOMEM, "the HTTP server cannot start its threads", 0, 0)
               : ENT_OK;
}

static enum ent_err listen_now(struct ent_http *h, struct ent_diag *d,
                               const struct ent_http_opts *o)
{
    struct ent_buf cert = {0}, key = {0};
    enum ent_err r;
    int fd = -1;

    if ((r = as_string(&cert, o->cert_pem)) == ENT_OK &&
        (r = as_string(&key, o->key_pem)) == ENT_OK &&
        (r = ent_listen(&fd, &h->port, d, o->listen)) == ENT_OK)
        r = start_daemon(h, d, fd, (const char *)cert.p, (const char *)key.p);
    ent_buf_wipe(&key);
    ent_buf_release(&cert);
    return r;
}

static struct ent_http *new_http(const struct ent_http_opts *o)
{
    pthread_condattr_t steady;
    struct ent_http *h = calloc(1, sizeof(*h));
    if (h == NULL)
        return NULL;
    h->app = o->app;
    h->limits = o->limits;
    (void)pthread_mutex_init(&h->lock, NULL);
    (void)pthread_condattr_init(&steady);
    (void)pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&h->tick, &steady);
    (void)pthread_cond_init(&h->quiet, &steady);
    (void)pthread_cond_init(&h->work, NULL);
    (void)pthread_condattr_destroy(&steady);
    return h;
}

static enum ent_err start_threads(struct ent_http *h, struct ent_diag *d)
{
    h->reaping = pthread_create(&h->reaper, NULL, ent_conn_reaper, h) == 0;
    while (h->reaping && h->handlers < h->limits.threads) {
        if (pthread_create(&h->handler[h->handlers], NULL, ent_exchange_handler, h) != 0)
            break;
        h->handlers++;
    }
    if (h->handlers == 0)
        return ent_fail(d, ENT_E_NOMEM, "the HTTP server cannot start its threads", 0, 0);
    return ENT_OK;
}

enum ent_err ent_http_start(struct ent_http **ret, struct ent_diag *d,
                            const struct ent_http_opts *o)
{
    enum ent_err r;
    struct ent_http *h = new_http(o);
    if (h == NULL)
        return ent_fail(d, ENT_E_NOMEM, "no memory for the HTTP server", 0, 0);
    if ((r = start_threads(h, d)) != ENT_OK || (r = listen_now(h, d, o)) != ENT_OK) {
        ent_http_stop(h);
        return r;
    }
    *ret = h;
    return ENT_OK;
}

void ent_http_event(struct ent_http *h, enum ent_web_event e, const uint8_t from16[static 16])
{
    if (h->app.event != NULL)
        h->app.event(h->app.ctx, e, from16);
}

/* libmicrohttpd's own way to stop accepting (MHD_quiesce_daemon) aborts the process when it races
 * with a thread at its connection limit, so accepting() turns newcomers away instead. */
static void let_requests_end(struct ent_http *h)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += STOP_SECONDS;
    atomic_store(&h->stopping, true);
    (void)pthread_mutex_lock(&h->lock);
    while (h->running > 0)
        if (pthread_cond_timedwait(&h->quiet, &h->lock, &until) != 0)
            break;
    h->ending = true; /* from here nothing is handed over any more */
    (void)pthread_cond_broadcast(&h->work);
    (void)pthread_cond_broadcast(&h->tick);
    (void)pthread_mutex_unlock(&h->lock);
}

void ent_http_stop(struct ent_http *h)
{
    if (h == NULL)
        return;
    let_requests_end(h);
    /* No connection may be suspended when libmicrohttpd stops: it would abort. */
    for (unsigned i = 0; i < h->handlers; i++)
        (void)pthread_join(h->handler[i], NULL);
    ent_exchange_drop_waiting(h);
    if (h->daemon != NULL)
        MHD_stop_daemon(h->daemon);
    if (h->reaping)
        (void)pthread_join(h->reaper, NULL);
    (void)pthread_cond_destroy(&h->quiet);
    (void)pthread_cond_destroy(&h->work);
    (void)pthread_cond_destroy(&h->tick);
    (void)pthread_mutex_destroy(&h->lock);
    free(h);
}
