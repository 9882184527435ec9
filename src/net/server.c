/*
 * server.c: the life of the server: its options, its socket, its threads, its end.
 */
#include "net/net.h"

#include "net/server.h"
#include "net/tls.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

/* For the head of a request, and the read buffer for bodies: a larger head gets 431. */
#define CONNECTION_MEMORY 32768u
#define STOP_SECONDS      3

/* Every connection and request has a forward secret key; Ed25519 is the only signature there is. */
#define PRIORITIES                                                                                 \
    "NONE:+VERS-TLS1.3:+AES-256-GCM:+AES-128-GCM:+CHACHA20-POLY1305:+AEAD:+GROUP-X25519:"          \
    "+GROUP-SECP256R1:+SIGN-EDDSA-ED25519:+CTYPE-X509:%SERVER_PRECEDENCE"

struct address {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } u;
    socklen_t n;
};

/* "127.0.0.1:7443" or "[::1]:7443". Numbers only: a name could resolve to a wider address. */
static enum ent_err parse_listen(struct address *ret, const char *text)
{
    char host[INET6_ADDRSTRLEN];
    uint64_t port;
    const char *colon = strrchr(text, ':');

    if (colon == NULL || ent_parse_u64(&port, ent_slice_str(colon + 1), UINT16_MAX) != ENT_OK)
        return ENT_E_FORMAT;
    struct ent_slice s = ent_slice(text, (size_t)(colon - text));
    bool v6 = s.n >= 2 && s.p[0] == '[' && s.p[s.n - 1] == ']';
    if (v6)
        s = ent_slice(s.p + 1, s.n - 2);
    if (s.n == 0 || s.n >= sizeof(host))
        return ENT_E_FORMAT;
    memcpy(host, s.p, s.n);
    host[s.n] = '\0';
    memset(ret, 0, sizeof(*ret));
    if (v6) {
        ret->u.v6.sin6_family = AF_INET6;
        ret->u.v6.sin6_port = htons((uint16_t)port);
        ret->n = sizeof(ret->u.v6);
        return inet_pton(AF_INET6, host, &ret->u.v6.sin6_addr) == 1 ? ENT_OK : ENT_E_FORMAT;
    }
    ret->u.v4.sin_family = AF_INET;
    ret->u.v4.sin_port = htons((uint16_t)port);
    ret->n = sizeof(ret->u.v4);
    return inet_pton(AF_INET, host, &ret->u.v4.sin_addr) == 1 ? ENT_OK : ENT_E_FORMAT;
}

enum ent_err ent_server_listen_check(const char *text)
{
    struct address a;
    return parse_listen(&a, text);
}

static enum ent_err open_socket(int *ret_fd, unsigned *ret_port, struct ent_diag *d,
                                const char *listen_text)
{
    static const int on = 1;
    struct address a;

    if (parse_listen(&a, listen_text) != ENT_OK)
        return ent_fail(d, ENT_E_FORMAT, "the address to listen on is not ADDRESS:PORT", 0, 0);
    int fd = socket(a.u.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return ent_fail_sys(d, "cannot make a socket");
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (a.u.any.sa_family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    if (bind(fd, &a.u.any, a.n) != 0 || listen(fd, SOMAXCONN) != 0 ||
        getsockname(fd, &a.u.any, &a.n) != 0) {
        enum ent_err r = ent_fail_sys(d, "cannot listen on this address and port");
        (void)close(fd);
        return r;
    }
    *ret_port = ntohs(a.u.any.sa_family == AF_INET6 ? a.u.v6.sin6_port : a.u.v4.sin_port);
    *ret_fd = fd;
    return ENT_OK;
}

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
    const struct ent_server *s = cls;
    (void)addr;
    (void)addrlen;
    return atomic_load(&s->stopping) ? MHD_NO : MHD_YES;
}

/* Our paths have no '%': what is not decoded cannot be decoded twice. */
static size_t no_unescape(void *cls, struct MHD_Connection *mc, char *text)
{
    (void)cls;
    (void)mc;
    return strlen(text);
}

static enum ent_err start_http(struct ent_server *s, struct ent_diag *d,
                               const struct ent_server_opts *o)
{
    struct ent_buf cert = {0}, key = {0};
    enum ent_err r;
    int fd = -1;

    if ((r = as_string(&cert, o->cert_pem)) != ENT_OK ||
        (r = as_string(&key, o->key_pem)) != ENT_OK ||
        (r = open_socket(&fd, &s->port, d, o->listen)) != ENT_OK)
        goto out;
    struct MHD_OptionItem pool[] = {
        {MHD_OPTION_THREAD_POOL_SIZE, (intptr_t)s->opts.threads, NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    if (s->opts.threads == 1)
        pool[0] = pool[1]; /* a pool of one is refused: then there is one thread without a pool */
    s->daemon = MHD_start_daemon(
        MHD_USE_TLS | MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_ALLOW_SUSPEND_RESUME, 0,
        accepting, s, ent_exchange_step, s, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_HTTPS_MEM_CERT,
        (const char *)cert.p, MHD_OPTION_HTTPS_MEM_KEY, (const char *)key.p,
        MHD_OPTION_HTTPS_PRIORITIES, PRIORITIES, MHD_OPTION_NOTIFY_CONNECTION, ent_conn_notify, s,
        MHD_OPTION_NOTIFY_COMPLETED, ent_exchange_end, s, MHD_OPTION_URI_LOG_CALLBACK,
        ent_exchange_line, s, MHD_OPTION_UNESCAPE_CALLBACK, no_unescape, s,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY, MHD_OPTION_CONNECTION_LIMIT,
        s->opts.max_connections, MHD_OPTION_PER_IP_CONNECTION_LIMIT, s->opts.max_per_address,
        MHD_OPTION_CONNECTION_TIMEOUT, s->opts.idle_seconds, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_ARRAY, pool, MHD_OPTION_END);
    /* On failure the socket may be closed or not, depending on where it failed: closing it here
     * could close somebody else's. */
    if (s->daemon == NULL)
        r = ent_fail(d, ENT_E_NOMEM, "the HTTPS server cannot start its threads", 0, 0);
out:
    ent_buf_wipe(&key);
    ent_buf_release(&cert);
    return r;
}

static void set_defaults(struct ent_server_opts *o)
{
    if (o->threads == 0)
        o->threads = 2;
    if (o->threads > ENT_SERVER_THREADS_MAX)
        o->threads = ENT_SERVER_THREADS_MAX;
    if (o->max_connections == 0)
        o->max_connections = 256;
    if (o->max_connections < o->threads)
        o->max_connections = o->threads; /* each HTTP thread has its share, at least one */
    if (o->max_per_address == 0)
        o->max_per_address = (o->max_connections + 1) / 2;
    if (o->idle_seconds == 0)
        o->idle_seconds = 30;
    if (o->request_seconds == 0)
        o->request_seconds = 60;
    if (o->max_response == 0)
        o->max_response = 4u << 20;
    if (o->max_bodies == 0)
        o->max_bodies = 512u << 20;
    o->listen = NULL;
    o->cert_pem = o->key_pem = (struct ent_slice){NULL, 0};
}

static struct ent_server *new_server(const struct ent_server_opts *o)
{
    pthread_condattr_t steady;
    struct ent_server *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return NULL;
    s->opts = *o;
    set_defaults(&s->opts);
    (void)pthread_mutex_init(&s->lock, NULL);
    (void)pthread_condattr_init(&steady);
    (void)pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&s->tick, &steady);
    (void)pthread_cond_init(&s->quiet, &steady);
    (void)pthread_cond_init(&s->work, NULL);
    (void)pthread_condattr_destroy(&steady);
    return s;
}

static enum ent_err start_threads(struct ent_server *s, struct ent_diag *d)
{
    s->reaping = pthread_create(&s->reaper, NULL, ent_conn_reaper, s) == 0;
    while (s->reaping && s->handlers < s->opts.threads) {
        if (pthread_create(&s->handler[s->handlers], NULL, ent_exchange_handler, s) != 0)
            break;
        s->handlers++;
    }
    if (s->handlers == 0)
        return ent_fail(d, ENT_E_NOMEM, "the HTTPS server cannot start its threads", 0, 0);
    return ENT_OK;
}

enum ent_err ent_server_start(struct ent_server **ret, struct ent_diag *d,
                              const struct ent_server_opts *opts)
{
    enum ent_err r = ent_tls_start();
    if (r != ENT_OK)
        return ent_fail(d, r, "TLS cannot start", 0, 0);
    if ((r = ent_tls_identity_check(opts->cert_pem, opts->key_pem)) != ENT_OK)
        return ent_fail(d, r, "not a certificate and the key that belongs to it", 0, 0);
    struct ent_server *s = new_server(opts);
    if (s == NULL)
        return ent_fail(d, ENT_E_NOMEM, "no memory for the HTTPS server", 0, 0);
    if ((r = start_threads(s, d)) != ENT_OK || (r = start_http(s, d, opts)) != ENT_OK) {
        ent_server_stop(s);
        return r;
    }
    *ret = s;
    return ENT_OK;
}

unsigned ent_server_port(const struct ent_server *s)
{
    return s->port;
}

/* libmicrohttpd's own way to stop accepting (MHD_quiesce_daemon) aborts the process when it races
 * with a thread at its connection limit, so accepting() turns newcomers away instead. */
static void let_requests_end(struct ent_server *s)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += STOP_SECONDS;
    atomic_store(&s->stopping, true);
    (void)pthread_mutex_lock(&s->lock);
    while (s->running > 0)
        if (pthread_cond_timedwait(&s->quiet, &s->lock, &until) != 0)
            break;
    s->ending = true; /* from here nothing is handed over any more */
    (void)pthread_cond_broadcast(&s->work);
    (void)pthread_cond_broadcast(&s->tick);
    (void)pthread_mutex_unlock(&s->lock);
}

void ent_server_stop(struct ent_server *s)
{
    if (s == NULL)
        return;
    let_requests_end(s);
    /* No connection may be suspended when libmicrohttpd stops: it would abort. */
    for (unsigned i = 0; i < s->handlers; i++)
        (void)pthread_join(s->handler[i], NULL);
    ent_exchange_drop_waiting(s);
    if (s->daemon != NULL)
        MHD_stop_daemon(s->daemon);
    if (s->reaping)
        (void)pthread_join(s->reaper, NULL);
    (void)pthread_cond_destroy(&s->quiet);
    (void)pthread_cond_destroy(&s->work);
    (void)pthread_cond_destroy(&s->tick);
    (void)pthread_mutex_destroy(&s->lock);
    free(s);
}
