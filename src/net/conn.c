/*
 * conn.c: connections of the server: admission by key during the handshake, a deadline for every
 * state, and a decent end.
 *
 * Why a reaper: libmicrohttpd's timeout counts from the last byte, so a client that sends one byte
 * a second stays for ever ("slow loris"). Here each state has an end that no byte moves.
 *
 * Why lingering: closing a socket with unread bytes makes the kernel send RST, which destroys what
 * we said last on the other side (RFC 1122, 4.2.2.13), here the alert or the 413 that tells a
 * partner what is wrong. So a refused connection is read and thrown away for a moment first.
 */
#include "net/net.h"

#include "net/server.h"
#include "net/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

#define NS_PER_S          UINT64_C(1000000000)
#define HANDSHAKE_SECONDS 10u
#define TICK_NS           (NS_PER_S / 5) /* how late a deadline may be noticed */
#define LINGER_TICK_NS    (NS_PER_S / 50)
#define LINGER_NS         (2 * NS_PER_S)
#define LINGER_BYTES      (4u << 20)

void ent_conn_deadline(struct ent_conn *c, unsigned seconds)
{
    uint64_t at = seconds == 0 ? 0 : ent_clock_steady_ns() + seconds * NS_PER_S;
    (void)pthread_mutex_lock(&c->server->lock);
    c->deadline_ns = at;
    (void)pthread_mutex_unlock(&c->server->lock);
}

void ent_conn_deadline_sooner(struct ent_conn *c, unsigned seconds)
{
    uint64_t at = ent_clock_steady_ns() + seconds * NS_PER_S;
    (void)pthread_mutex_lock(&c->server->lock);
    if (c->deadline_ns == 0 || at < c->deadline_ns)
        c->deadline_ns = at;
    (void)pthread_mutex_unlock(&c->server->lock);
}

struct ent_conn *ent_conn_of(struct MHD_Connection *mc)
{
    const union MHD_ConnectionInfo *i =
        MHD_get_connection_info(mc, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return i == NULL ? NULL : i->socket_context;
}

static gnutls_session_t session_of(struct MHD_Connection *mc)
{
    const union MHD_ConnectionInfo *i =
        MHD_get_connection_info(mc, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    return i == NULL ? NULL : i->tls_session;
}

/* GnuTLS asks this after the client has proven that it holds the key (CertificateVerify) and before
 * the handshake ends, so no byte of a request has been looked at. */
static int admit(gnutls_session_t session)
{
    struct ent_conn *c = gnutls_session_get_ptr(session);
    const struct ent_server *s = c->server;
    bool known = ent_tls_peer(&c->peer, session) == ENT_OK;

    if (known && s->opts.allow(s->opts.ctx, &c->peer)) {
        c->admitted = true;
        ent_conn_deadline(c, s->opts.idle_seconds + s->opts.request_seconds);
        return 0;
    }
    c->linger = true;
    (void)gnutls_alert_send(session, GNUTLS_AL_FATAL,
                            known ? GNUTLS_A_ACCESS_DENIED : GNUTLS_A_BAD_CERTIFICATE);
    return GNUTLS_E_CERTIFICATE_ERROR;
}

bool ent_conn_check(const struct ent_conn *c, struct MHD_Connection *mc)
{
    struct ent_spki peer;
    return c->admitted && ent_tls_peer(&peer, session_of(mc)) == ENT_OK &&
           memcmp(peer.b, c->peer.b, sizeof(peer.b)) == 0 &&
           c->server->opts.allow(c->server->opts.ctx, &peer);
}

static void open_conn(struct ent_server *s, struct MHD_Connection *mc, void **ctx)
{
    const union MHD_ConnectionInfo *i =
        MHD_get_connection_info(mc, MHD_CONNECTION_INFO_CONNECTION_FD);
    gnutls_session_t session = session_of(mc);
    struct ent_conn *c = calloc(1, sizeof(*c));

    if (i == NULL || session == NULL)
        ENT_BUG("a connection without socket or TLS");
    if (c == NULL) {
        /* Nobody would check its key: it must not live. */
        (void)shutdown(i->connect_fd, SHUT_RDWR);
        return;
    }
    c->server = s;
    c->fd = i->connect_fd;
    gnutls_session_set_ptr(session, c); /* libmicrohttpd needs its own only with PSK */
    gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUIRE);
    gnutls_session_set_verify_function(session, admit);

    unsigned most = s->opts.request_seconds;
    c->deadline_ns =
        ent_clock_steady_ns() + (most < HANDSHAKE_SECONDS ? most : HANDSHAKE_SECONDS) * NS_PER_S;
    (void)pthread_mutex_lock(&s->lock);
    c->next = s->conns;
    if (c->next != NULL)
        c->next->prev = c;
    s->conns = c;
    (void)pthread_cond_signal(&s->tick);
    (void)pthread_mutex_unlock(&s->lock);
    *ctx = c;
}

/* Throw away what came in. False when there is nothing more to wait for. */
static bool drain(struct ent_linger *l)
{
    static char sink[65536]; /* never read; the kernel does not write it (MSG_TRUNC, tcp(7)) */
    for (;;) {
        ssize_t n = recv(l->fd, sink, sizeof(sink), MSG_DONTWAIT | MSG_TRUNC);
        if (n < 0)
            return errno == EAGAIN || errno == EINTR;
        if (n == 0 || (size_t)n >= l->left)
            return false;
        l->left -= (size_t)n;
    }
}

/* libmicrohttpd closes its descriptor right after this; ours keeps the socket. Lock held. */
static void linger_start(struct ent_server *s, int fd)
{
    if (s->lingering == ENT_LINGER_MAX)
        return;
    int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (own < 0)
        return;
    (void)shutdown(own, SHUT_WR);
    s->linger[s->lingering++] =
        (struct ent_linger){own, ent_clock_steady_ns() + LINGER_NS, LINGER_BYTES};
    (void)pthread_cond_signal(&s->tick);
}

static void close_conn(struct ent_conn *c)
{
    struct ent_server *s = c->server;
    (void)pthread_mutex_lock(&s->lock);
    if (c->prev != NULL)
        c->prev->next = c->next;
    else
        s->conns = c->next;
    if (c->next != NULL)
        c->next->prev = c->prev;
    if (c->linger && !c->cut && !s->ending)
        linger_start(s, c->fd);
    (void)pthread_mutex_unlock(&s->lock);
    free(c);
}

void ent_conn_notify(void *cls, struct MHD_Connection *mc, void **ctx,
                     enum MHD_ConnectionNotificationCode what)
{
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        open_conn(cls, mc, ctx);
    } else if (*ctx != NULL) {
        close_conn(*ctx);
        *ctx = NULL;
    }
}

/* Zero linger time: what the other side did not take is thrown away at once, where the kernel would
 * keep megabytes of it for minutes. */
static void cut(struct ent_conn *c)
{
    static const struct linger none = {.l_onoff = 1, .l_linger = 0};
    c->cut = true;
    (void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
    (void)shutdown(c->fd, SHUT_RDWR);
}

/* The descriptors are good while the lock is held: close_conn() runs before they are closed. */
static void reap(struct ent_server *s, uint64_t now)
{
    for (struct ent_conn *c = s->conns; c != NULL; c = c->next)
        if (c->deadline_ns != 0 && now >= c->deadline_ns && !c->cut)
            cut(c);
    for (size_t i = 0; i < s->lingering;) {
        struct ent_linger *l = &s->linger[i];
        if (drain(l) && now < l->until_ns) {
            i++;
            continue;
        }
        (void)close(l->fd);
        *l = s->linger[--s->lingering];
    }
}

void *ent_conn_reaper(void *server)
{
    struct ent_server *s = server;
    (void)pthread_mutex_lock(&s->lock);
    while (!s->ending) {
        uint64_t now = ent_clock_steady_ns();
        reap(s, now);
        if (s->conns == NULL && s->lingering == 0) {
            (void)pthread_cond_wait(&s->tick, &s->lock);
            continue;
        }
        uint64_t at = now + (s->lingering > 0 ? LINGER_TICK_NS : TICK_NS);
        struct timespec ts = {(time_t)(at / NS_PER_S), (long)(at % NS_PER_S)};
        (void)pthread_cond_timedwait(&s->tick, &s->lock, &ts);
    }
    while (s->lingering > 0)
        (void)close(s->linger[--s->lingering].fd);
    (void)pthread_mutex_unlock(&s->lock);
    return NULL;
}
