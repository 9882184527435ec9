/*
 * conn.c: connections of a server: how many there may be, a deadline for every state, and a decent
 * end.
 *
 * Why a reaper: libmicrohttpd's timeout counts from the last byte, so a client that sends one byte
 * a second stays for ever ("slow loris"). Here each state has an end that no byte moves.
 *
 * Why lingering: closing a socket with unread bytes makes the kernel send RST, which destroys what
 * we said last on the other side (RFC 1122, 4.2.2.13), here the alert or the 413 that tells a
 * partner what is wrong. So a refused connection is read and thrown away for a moment first.
 */
#include "net/net.h"

#include "net/http.h"

#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <sys/socket.h>

#define NS_PER_S UINT64_C(1000000000)
#define TICK_NS  (NS_PER_S / 5) /* how late a deadline may be noticed */
#define LINGER_TICK_NS                                                                             \
    (NS_PER_S / 200) /* a window of 64 KiB each: 4 MiB in a third of a second                      \
                      */
#define LINGER_NS    (5 * NS_PER_S)
#define LINGER_BYTES (4u << 20)

/* How many connections one address has. */
struct address {
    uint8_t from16[16];
    unsigned n;
};

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, 16); /* both begin with it */
}

/* One network of IPv6 counts as one address: whoever has one has 2^64 addresses. Lock held. */
static void key_of(struct address *ret, const uint8_t from16[static 16])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    memcpy(ret->from16, from16, 16);
    if (memcmp(from16, mapped, sizeof(mapped)) != 0)
        memset(ret->from16 + 8, 0, 8);
    ret->n = 0;
}

/* False: it has as many as it may have, or there is no memory. Lock held. */
static bool address_add(struct ent_http *h, const uint8_t from16[static 16])
{
    struct address *a = malloc(sizeof(*a));
    if (a == NULL)
        return false;
    key_of(a, from16);
    struct address **found = tsearch(a, &h->addresses, compare);
    if (found == NULL || *found != a) {
        free(a);
        a = found == NULL ? NULL : *found;
    }
    if (a == NULL || a->n >= h->limits.per_address)
        return false;
    a->n++;
    return true;
}

static void address_remove(struct ent_http *h, const uint8_t from16[static 16])
{
    struct address key;
    key_of(&key, from16);
    struct address **found = tfind(&key, &h->addresses, compare);
    if (found == NULL)
        ENT_BUG("a connection from nowhere");
    struct address *a = *found;
    if (--a->n == 0) {
        (void)tdelete(a, &h->addresses, compare);
        free(a);
    }
}

/* Lock held, in all three. */
static struct ent_conns *list_of(const struct ent_conn *c)
{
    return c->phase == ENT_CONN_IDLE ? &c->http->idle : &c->http->busy;
}

static void list_remove(struct ent_conn *c)
{
    struct ent_conns *l = list_of(c);
    *(c->prev == NULL ? &l->first : &c->prev->next) = c->next;
    *(c->next == NULL ? &l->last : &c->next->prev) = c->prev;
}

static void list_append(struct ent_conn *c)
{
    struct ent_conns *l = list_of(c);
    c->prev = l->last;
    c->next = NULL;
    *(l->last == NULL ? &l->first : &l->last->next) = c;
    l->last = c;
}

void ent_conn_enter(struct ent_conn *c, enum ent_conn_phase phase, unsigned seconds)
{
    uint64_t at = seconds == 0 ? 0 : ent_clock_steady_ns() + seconds * NS_PER_S;
    (void)pthread_mutex_lock(&c->http->lock);
    /* A request line that trickles in takes its time from the request's. */
    if (phase == ENT_CONN_REQUEST && c->deadline_ns != 0 && c->deadline_ns < at)
        at = c->deadline_ns;
    c->deadline_ns = at;
    list_remove(c);
    c->phase = phase;
    list_append(c);
    (void)pthread_mutex_unlock(&c->http->lock);
}

void ent_conn_ready(struct ent_conn *c)
{
    const struct ent_http_limits *l = &c->http->limits;
    ent_conn_enter(c, ENT_CONN_IDLE, l->idle_seconds + l->request_seconds);
}

struct ent_conn *ent_conn_of(struct MHD_Connection *mc)
{
    const union MHD_ConnectionInfo *i =
        MHD_get_connection_info(mc, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return i == NULL ? NULL : i->socket_context;
}

gnutls_session_t ent_conn_session(struct MHD_Connection *mc)
{
    const union MHD_ConnectionInfo *i =
        MHD_get_connection_info(mc, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    return i == NULL ? NULL : i->tls_session;
}

/* Zero linger time: what the other side did not take is thrown away at once, where the kernel would
 * keep megabytes of it for minutes. Lock held. */
static void cut(struct ent_conn *c)
{
    static const struct linger none = {.l_onoff = 1, .l_linger = 0};
    c->cut = true;
    (void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
    (void)shutdown(c->fd, SHUT_RDWR);
}

/* There is one more than there may be: the longest idle one goes. False when none is. Lock held. */
static bool make_room(struct ent_http *h)
{
    struct ent_conn *c = h->idle.first;
    while (c != NULL && c->cut)
        c = c->next;
    if (c == NULL)
        return false;
    c->evicted = true;
    cut(c);
    h->connections--;
    return true;
}

/* ENT_WEB_EVENTS, or why it may not stay. Lock held. */
static enum ent_web_event count(struct ent_conn *c)
{
    struct ent_http *h = c->http;
    if (!address_add(h, c->from16))
        return ENT_WEB_CROWD;
    c->counted = true;
    if (++h->connections <= h->limits.connections || make_room(h))
        return ENT_WEB_EVENTS;
    return ENT_WEB_FULL;
}

static struct ent_conn *new_conn(struct ent_http *h, struct MHD_Connection *mc, int fd)
{
    const union MHD_ConnectionInfo *from =
        MHD_get_connection_info(mc, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct ent_http_limits *l = &h->limits;
    struct ent_conn *c = calloc(1, sizeof(*c));
    if (c == NULL || from == NULL) {
        free(c);
        return NULL;
    }
    c->http = h;
    c->fd = fd;
    ent_listen_from(c->from16, from->client_addr);
    c->opened_ns = ent_clock_steady_ns();
    c->phase = h->app.plain ? ENT_CONN_IDLE : ENT_CONN_HANDSHAKE;
    c->deadline_ns = c->opened_ns + NS_PER_S * (h->app.plain ? l->idle_seconds + l->request_seconds
                                                             : l->handshake_seconds);
    return c;
}

static void open_conn(struct ent_http *h, struct MHD_Connection *mc, void **ctx)
{
    const union MHD_ConnectionInfo *i =
        MHD_get_connection_info(mc, MHD_CONNECTION_INFO_CONNECTION_FD);
    gnutls_session_t session = ent_conn_session(mc);

    if (i == NULL || (session == NULL) != h->app.plain)
        ENT_BUG("a connection without socket or TLS");
    struct ent_conn *c = new_conn(h, mc, i->connect_fd);
    if (c == NULL) {
        /* Nobody would look after it: it must not live. */
        (void)shutdown(i->connect_fd, SHUT_RDWR);
        return;
    }
    if (session != NULL) {
        gnutls_session_set_ptr(session, c); /* libmicrohttpd needs its own only with PSK */
        h->app.session(c, session);
    }
    (void)pthread_mutex_lock(&h->lock);
    enum ent_web_event no = count(c); /* before it is idle itself */
    list_append(c);
    if (no != ENT_WEB_EVENTS) {
        c->evicted = true;
        cut(c);
        if (c->counted)
            h->connections--;
    }
    (void)pthread_cond_signal(&h->tick);
    (void)pthread_mutex_unlock(&h->lock);
    *ctx = c;
    if (no != ENT_WEB_EVENTS)
        ent_http_event(h, no, c->from16);
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
static void linger_start(struct ent_http *h, int fd)
{
    if (h->lingering == ENT_LINGER_MAX)
        return;
    int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (own < 0)
        return;
    (void)shutdown(own, SHUT_WR);
    h->linger[h->lingering++] =
        (struct ent_linger){own, ent_clock_steady_ns() + LINGER_NS, LINGER_BYTES};
    (void)pthread_cond_signal(&h->tick);
}

/* What its end says about the other side; ENT_WEB_EVENTS: nothing. libmicrohttpd's own timeout, for
 * silence, may have come before ours. */
static enum ent_web_event verdict(const struct ent_conn *c)
{
    const struct ent_http_limits *l = &c->http->limits;
    unsigned least =
        l->idle_seconds < l->handshake_seconds ? l->idle_seconds : l->handshake_seconds;

    if (c->evicted)
        return ENT_WEB_EVENTS;
    if (c->phase == ENT_CONN_HANDSHAKE)
        return c->cut || ent_clock_steady_ns() - c->opened_ns >= least * NS_PER_S ? ENT_WEB_SLOW
                                                                                  : ENT_WEB_TLS;
    if (!c->cut || c->phase == ENT_CONN_IDLE)
        return ENT_WEB_EVENTS;
    return c->phase == ENT_CONN_REQUEST ? ENT_WEB_SLOW : ENT_WEB_UNREAD;
}

static void close_conn(struct ent_conn *c)
{
    struct ent_http *h = c->http;
    /* libmicrohttpd 0.9.75 forgets one whose query it had no memory for. */
    ent_exchange_free(c->exchange);
    (void)pthread_mutex_lock(&h->lock);
    enum ent_web_event e = h->ending ? ENT_WEB_EVENTS : verdict(c);
    list_remove(c);
    if (c->counted) {
        address_remove(h, c->from16);
        if (!c->evicted)
            h->connections--;
    }
    if (c->linger && !c->cut && !h->ending)
        linger_start(h, c->fd);
    (void)pthread_mutex_unlock(&h->lock);
    if (e != ENT_WEB_EVENTS)
        ent_http_event(h, e, c->from16);
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

/* The descriptors are good while the lock is held: close_conn() runs before they are closed. */
static void reap_conns(const struct ent_conns *l, uint64_t now)
{
    for (struct ent_conn *c = l->first; c != NULL; c = c->next)
        if (c->deadline_ns != 0 && now >= c->deadline_ns && !c->cut)
            cut(c);
}

/* Where nothing is under way the end is a decent one: who comes again hears why. Lock held. */
static void review(const struct ent_conns *l, bool (*keep)(const struct ent_conn *c))
{
    for (struct ent_conn *c = l->first; c != NULL; c = c->next) {
        if (c->phase == ENT_CONN_HANDSHAKE || c->cut || keep(c))
            continue;
        if (c->phase != ENT_CONN_IDLE)
            cut(c);
        c->cut = true;
        (void)shutdown(c->fd, SHUT_RDWR);
    }
}

void ent_conn_review(struct ent_http *h, bool (*keep)(const struct ent_conn *c))
{
    (void)pthread_mutex_lock(&h->lock);
    review(&h->idle, keep);
    review(&h->busy, keep);
    (void)pthread_mutex_unlock(&h->lock);
}

static void reap(struct ent_http *h, uint64_t now)
{
    reap_conns(&h->idle, now);
    reap_conns(&h->busy, now);
    for (size_t i = 0; i < h->lingering;) {
        struct ent_linger *l = &h->linger[i];
        if (drain(l) && now < l->until_ns) {
            i++;
            continue;
        }
        (void)close(l->fd);
        *l = h->linger[--h->lingering];
    }
}

/* Until it is time again. Lock held, but not while somebody is told something. */
static void rest(struct ent_http *h, uint64_t now)
{
    bool alone = h->idle.first == NULL && h->busy.first == NULL && h->lingering == 0;
    if (alone && h->app.tick == NULL) {
        (void)pthread_cond_wait(&h->tick, &h->lock);
        return;
    }
    if (h->app.tick != NULL) {
        (void)pthread_mutex_unlock(&h->lock);
        h->app.tick(h->app.ctx, now);
        (void)pthread_mutex_lock(&h->lock);
        if (h->ending)
            return;
    }
    uint64_t at = now + (h->lingering > 0 ? LINGER_TICK_NS : alone ? NS_PER_S : TICK_NS);
    struct timespec ts = {(time_t)(at / NS_PER_S), (long)(at % NS_PER_S)};
    (void)pthread_cond_timedwait(&h->tick, &h->lock, &ts);
}

void *ent_conn_reaper(void *http)
{
    struct ent_http *h = http;
    (void)pthread_mutex_lock(&h->lock);
    while (!h->ending) {
        uint64_t now = ent_clock_steady_ns();
        reap(h, now);
        rest(h, now);
    }
    while (h->lingering > 0)
        (void)close(h->linger[--h->lingering].fd);
    (void)pthread_mutex_unlock(&h->lock);
    return NULL;
}
