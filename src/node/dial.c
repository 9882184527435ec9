/* dial.c: connections to members, kept and shared. A connection is with one thread at a time; who
 * calls a server that somebody else is calling gets another, which is not kept. */
#include "node/node.h"

#include <pthread.h>

struct one {
    struct ent_client *client; /* NULL: a free place */
    bool busy;
    uint64_t used_ns;
    char url[ENT_URL_MAX + 1];
    struct ent_spki server;
    unsigned connect_seconds, call_seconds;
};

struct ent_clients {
    int identity;
    const atomic_bool *stop;
    pthread_mutex_t lock;    /* everything below; a client is its caller's while it is busy */
    unsigned each;           /* kept for one server */
    uint64_t sent, received; /* by clients that are no more */
    struct one one[ENT_CLIENTS];
};

enum ent_err ent_dial_identity(int *ret_fd, struct ent_diag *d, const struct ent_seed32 *tls,
                               const char *name)
{
    struct ent_buf cert, key;
    struct ent_spki spki;
    ent_buf_init(&cert, 8192);
    ent_buf_init(&key, 8192);
    enum ent_err r = ent_net_identity(&cert, &key, &spki, tls, name);
    if (r != ENT_OK)
        r = ent_fail(d, r, "cannot make the TLS identity", 0, 0);
    else
        r = ent_client_identity(ret_fd, d, ent_buf_slice(&cert), ent_buf_slice(&key));
    ent_buf_release(&cert);
    ent_buf_wipe(&key);
    return r;
}

enum ent_err ent_clients_new(struct ent_clients **ret, struct ent_diag *d,
                             const struct ent_seed32 *tls, const char *name,
                             const atomic_bool *stop)
{
    struct ent_clients *c = calloc(1, sizeof(*c));
    if (c == NULL)
        return ent_fail(d, ENT_E_NOMEM, "out of memory", 0, 0);
    c->stop = stop;
    c->each = 1;
    enum ent_err r = ent_dial_identity(&c->identity, d, tls, name);
    if (r != ENT_OK) {
        free(c);
        return r;
    }
    (void)pthread_mutex_init(&c->lock, NULL);
    *ret = c;
    return ENT_OK;
}

/* Lock held, or nobody else there. */
static void hang_up(struct ent_clients *c, struct one *o)
{
    uint64_t sent = 0, received = 0;
    if (o->client != NULL)
        ent_client_traffic(o->client, &sent, &received);
    c->sent += sent;
    c->received += received;
    ent_client_free(o->client);
    *o = (struct one){.client = NULL};
}

void ent_clients_free(struct ent_clients *c)
{
    if (c == NULL)
        return;
    for (size_t i = 0; i < ENT_CLIENTS; i++)
        hang_up(c, &c->one[i]);
    (void)pthread_mutex_destroy(&c->lock);
    (void)close(c->identity);
    free(c);
}

static bool is_for(const struct one *o, const struct ent_dial *q)
{
    return !o->busy && o->client != NULL && strcmp(o->url, q->url) == 0 &&
           memcmp(o->server.b, q->server.b, sizeof(q->server.b)) == 0 &&
           o->connect_seconds == q->connect_seconds && o->call_seconds == q->call_seconds;
}

/* A free place: one that nobody has, or that of the connection that was idle for longest. NULL when
 * all are busy. Lock held. */
static struct one *place(struct ent_clients *c)
{
    struct one *oldest = NULL;
    for (size_t i = 0; i < ENT_CLIENTS; i++) {
        struct one *o = &c->one[i];
        if (o->busy)
            continue;
        if (o->client == NULL)
            return o;
        if (oldest == NULL || o->used_ns < oldest->used_ns)
            oldest = o;
    }
    if (oldest != NULL)
        hang_up(c, oldest);
    return oldest;
}

/* A place that is the caller's alone, with a connection that may be used again, or none yet. */
static struct one *take(struct ent_clients *c, const struct ent_dial *q)
{
    uint64_t now = ent_clock_steady_ns();
    struct one *found = NULL;
    (void)pthread_mutex_lock(&c->lock);
    for (size_t i = 0; i < ENT_CLIENTS; i++) {
        struct one *o = &c->one[i];
        if (is_for(o, q))
            found = o;
        else if (!o->busy && o->client != NULL &&
                 now - o->used_ns > ENT_CLIENTS_IDLE_SECONDS * UINT64_C(1000000000))
            hang_up(c, o);
    }
    if (found == NULL && (found = place(c)) != NULL) {
        memcpy(found->url, q->url, strlen(q->url) + 1);
        found->server = q->server;
        found->connect_seconds = q->connect_seconds;
        found->call_seconds = q->call_seconds;
    }
    if (found != NULL)
        found->busy = true;
    (void)pthread_mutex_unlock(&c->lock);
    return found;
}

/* Back to those that wait, unless it is broken, or enough to the same server wait already. */
static void give(struct ent_clients *c, struct one *o, const struct ent_dial *q, bool broken)
{
    unsigned wait = 0;
    (void)pthread_mutex_lock(&c->lock);
    for (size_t i = 0; i < ENT_CLIENTS; i++)
        wait += is_for(&c->one[i], q);
    o->busy = false;
    o->used_ns = ent_clock_steady_ns();
    if (broken || wait >= c->each)
        hang_up(c, o);
    (void)pthread_mutex_unlock(&c->lock);
}

static enum ent_err call(void *ctx, unsigned *ret_status, struct ent_buf *answer,
                         struct ent_diag *d, const struct ent_dial *q)
{
    struct ent_clients *c = ctx;
    if (strlen(q->url) > ENT_URL_MAX)
        return ent_fail(d, ENT_E_LIMIT, "the URL is too long", 0, 0);
    struct one *o = take(c, q);
    if (o == NULL)
        return ent_fail(d, ENT_E_LIMIT, "too many calls at a time", 0, 0);
    const struct ent_client_opts opts = {.url = o->url,
                                         .identity = c->identity,
                                         .server = q->server,
                                         .connect_seconds = q->connect_seconds,
                                         .call_seconds = q->call_seconds,
                                         .stop = c->stop};
    enum ent_err r = o->client != NULL ? ENT_OK : ent_client_new(&o->client, d, &opts);
    if (r == ENT_OK)
        r = ent_client_call(o->client, ret_status, answer, d, q->method, q->path, q->body);
    give(c, o, q, r != ENT_OK);
    return r;
}

void ent_clients_keep(struct ent_clients *c, unsigned each)
{
    c->each = each;
}

void ent_clients_traffic(struct ent_clients *c, uint64_t *ret_sent, uint64_t *ret_received)
{
    (void)pthread_mutex_lock(&c->lock);
    *ret_sent = c->sent;
    *ret_received = c->received;
    for (size_t i = 0; i < ENT_CLIENTS; i++) {
        uint64_t sent = 0, received = 0;
        if (c->one[i].busy || c->one[i].client == NULL)
            continue;
        ent_client_traffic(c->one[i].client, &sent, &received);
        *ret_sent += sent;
        *ret_received += received;
    }
    (void)pthread_mutex_unlock(&c->lock);
}

struct ent_dialer ent_clients_dialer(struct ent_clients *c)
{
    return (struct ent_dialer){c, call};
}
