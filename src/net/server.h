/*
 * server.h, internal to net/: the server's own state. Three kinds of thread touch it:
 * libmicrohttpd's (TLS, HTTP; a connection stays with one of them), those that call handle(), and
 * the reaper.
 */
#ifndef ENT_NET_SERVER_H
#define ENT_NET_SERVER_H

#include "net/net.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#define ENT_SERVER_THREADS_MAX 64u
#define ENT_LINGER_MAX         32u

/* One connection. The first group belongs to its HTTP thread, the second to the server's lock. */
struct ent_conn {
    struct ent_server *server;
    int fd;
    struct ent_spki peer;
    bool admitted; /* peer is set, proven and allowed */
    bool linger;   /* should it end now, let the other side hear why */

    struct ent_conn *prev, *next;
    uint64_t deadline_ns; /* 0: none */
    bool cut;             /* its deadline passed */
};

/* A socket whose last words are on their way; see conn.c. */
struct ent_linger {
    int fd;
    uint64_t until_ns;
    size_t left;
};

struct ent_exchange;

struct ent_server {
    struct ent_server_opts opts; /* no zeros left; listen and the PEM slices are not kept */
    struct MHD_Daemon *daemon;
    unsigned port;
    atomic_size_t body_bytes; /* of all requests together */
    atomic_bool stopping;     /* no new connections, no new requests */

    pthread_mutex_t lock; /* for all below */
    pthread_cond_t tick;  /* the reaper waits here */
    pthread_cond_t work;  /* handler threads wait here */
    pthread_cond_t quiet; /* ent_server_stop() waits here for running == 0 */
    bool ending;          /* threads return */
    struct ent_conn *conns;
    struct ent_linger linger[ENT_LINGER_MAX];
    size_t lingering;
    struct ent_exchange *first, *last; /* waiting for a handler thread */
    size_t running;                    /* requests begun and not ended */
    pthread_t reaper, handler[ENT_SERVER_THREADS_MAX];
    unsigned handlers;
    bool reaping;
};

/* conn.c: who may connect, and for how long. */
void ent_conn_notify(void *cls, struct MHD_Connection *mc, void **ctx,
                     enum MHD_ConnectionNotificationCode what);
struct ent_conn *ent_conn_of(struct MHD_Connection *mc);
/* Whether the peer is still the one that was admitted, and is still allowed. */
bool ent_conn_check(const struct ent_conn *c, struct MHD_Connection *mc);
/* From now on the connection has so many seconds; 0 for no limit. */
void ent_conn_deadline(struct ent_conn *c, unsigned seconds);
/* The same, but never later than what stands. */
void ent_conn_deadline_sooner(struct ent_conn *c, unsigned seconds);
void *ent_conn_reaper(void *server);

/* exchange.c: one request and its answer. */
void *ent_exchange_line(void *cls, const char *uri, struct MHD_Connection *mc);
enum MHD_Result ent_exchange_step(void *cls, struct MHD_Connection *mc, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_n, void **state);
void ent_exchange_end(void *cls, struct MHD_Connection *mc, void **state,
                      enum MHD_RequestTerminationCode why);
void *ent_exchange_handler(void *server);
/* Give up what still waits for a handler thread. Only when `ending` is set. */
void ent_exchange_drop_waiting(struct ent_server *s);

#endif
