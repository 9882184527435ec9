/*
 * http.h, internal to net/: what the members' port and the users' port share, a server upon
 * libmicrohttpd. Three kinds of thread touch it: libmicrohttpd's (TLS, HTTP; a connection stays
 * with one of them), those that call handle(), and the reaper.
 */
#ifndef ENT_NET_HTTP_H
#define ENT_NET_HTTP_H

#include "net/net.h"

#include <gnutls/gnutls.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#define ENT_HTTP_THREADS_MAX 64u
#define ENT_LINGER_MAX       32u

struct ent_http;
struct ent_exchange;

/* What a connection is doing; decides what its deadline means. */
enum ent_conn_phase {
    ENT_CONN_HANDSHAKE,
    ENT_CONN_IDLE,
    ENT_CONN_REQUEST,
    ENT_CONN_WAITING, /* for a handler; no deadline */
    ENT_CONN_ANSWER
};

/* One connection. The first group belongs to its HTTP thread, the second to the server's lock. */
struct ent_conn {
    struct ent_http *http;
    int fd;
    struct ent_spki peer; /* the members' port's */
    bool admitted;        /* peer is set, proven and allowed */
    bool linger;          /* should it end now, let the other side hear why */
    bool counted;         /* among those of its address */
    unsigned requests;
    struct ent_exchange *exchange; /* the one under way */
    uint8_t from16[16];            /* IPv6, or IPv4 mapped */
    uint64_t opened_ns;

    struct ent_conn *prev, *next; /* in the server's list of its phase */
    enum ent_conn_phase phase;
    uint64_t deadline_ns; /* 0: none */
    bool cut;             /* its deadline passed, or it made room */
    bool evicted;         /* the latter */
};

struct ent_conns {
    struct ent_conn *first, *last;
};

/* A socket whose last words are on their way; see conn.c. */
struct ent_linger {
    int fd;
    uint64_t until_ns;
    size_t left;
};

struct ent_http_limits {
    unsigned threads, io_threads; /* that handle; that do TLS and HTTP */
    unsigned connections, per_address, requests, headers;
    unsigned handshake_seconds, idle_seconds, request_seconds, answer_seconds;
    size_t head,
        memory; /* bytes; of libmicrohttpd for a connection, head and answer's head in it */
    size_t answer, bodies, answers;
};

/* How the two ports differ. */
struct ent_http_app {
    void *ctx;
    bool plain;             /* no TLS */
    const char *priorities; /* GnuTLS's */
    const char *allow;      /* methods, for 405 */
    /* Before a handshake. It sets what ends with ent_conn_ready(). */
    void (*session)(struct ent_conn *c, gnutls_session_t session);
    /* Whether the connection may ask; before each request. NULL: it may. */
    bool (*admitted)(const struct ent_conn *c, gnutls_session_t session);
    /* The head is there: 0 when a body of up to *ret_max bytes may come, else the status that
     * refuses it. */
    unsigned (*begin)(struct ent_exchange *x, size_t *ret_max);
    void (*handle)(struct ent_exchange *x);
    /* The body of the server's own errors. NULL: none. */
    void (*error)(void *ctx, const char *path, unsigned status, struct ent_web_answer *ret);
    /* A refusal; NULL: nobody wants to know. tick: now and then, for what waits to be told. */
    void (*event)(void *ctx, enum ent_web_event e, const uint8_t from16[static 16]);
    void (*tick)(void *ctx, uint64_t now_ns);
};

struct ent_http_opts {
    const char *listen;
    struct ent_slice cert_pem, key_pem;
    struct ent_http_app app;
    struct ent_http_limits limits;
};

struct ent_http {
    struct ent_http_app app;
    struct ent_http_limits limits;
    struct MHD_Daemon *daemon;
    unsigned port;
    atomic_size_t body_bytes, answer_bytes; /* of all requests, all answers together */
    atomic_bool stopping;                   /* no new connections, no new requests */

    pthread_mutex_t lock;        /* for all below */
    pthread_cond_t tick;         /* the reaper waits here */
    pthread_cond_t work;         /* handler threads wait here */
    pthread_cond_t quiet;        /* ent_http_stop() waits here for running == 0 */
    bool ending;                 /* threads return */
    struct ent_conns idle, busy; /* idle: the longest idle first */
    unsigned connections;
    void *addresses; /* tsearch(3), conn.c */
    struct ent_linger linger[ENT_LINGER_MAX];
    size_t lingering;
    struct ent_exchange *first, *last; /* waiting for a handler thread */
    size_t running;                    /* requests begun and not ended */
    pthread_t reaper, handler[ENT_HTTP_THREADS_MAX];
    unsigned handlers;
    bool reaping;
};

/* http.c. Certificate and key were checked, so that what fails here is the system. */
ENT_MUST_USE enum ent_err ent_http_start(struct ent_http **ret, struct ent_diag *d,
                                         const struct ent_http_opts *o);
/* NULL is fine. */
void ent_http_stop(struct ent_http *h);
void ent_http_event(struct ent_http *h, enum ent_web_event e, const uint8_t from16[static 16]);

/* listen.c: the address and the socket of a server. */
ENT_MUST_USE enum ent_err ent_listen(int *ret_fd, unsigned *ret_port, struct ent_diag *d,
                                     const char *text);
/* The address in it, as in struct ent_web_request. */
ENT_MUST_USE enum ent_err ent_listen_address(uint8_t ret16[static 16], const char *text);
void ent_listen_from(uint8_t ret16[static 16], const struct sockaddr *a);

/* conn.c: who may connect, and for how long. */
void ent_conn_notify(void *cls, struct MHD_Connection *mc, void **ctx,
                     enum MHD_ConnectionNotificationCode what);
struct ent_conn *ent_conn_of(struct MHD_Connection *mc);
gnutls_session_t ent_conn_session(struct MHD_Connection *mc);
/* The handshake is over: requests may come. */
void ent_conn_ready(struct ent_conn *c);
/* From now on this phase, for so many seconds; 0 for no limit. */
void ent_conn_enter(struct ent_conn *c, enum ent_conn_phase phase, unsigned seconds);
/* Ends those that are ready and not kept, which is asked with the server's lock held. */
void ent_conn_review(struct ent_http *h, bool (*keep)(const struct ent_conn *c));
void *ent_conn_reaper(void *http);

/* head.c: what of a request's head libmicrohttpd shows, read strictly. Each returns 0 or the status
 * that refuses it, and then why. */
struct ent_head {
    struct ent_web_request *req;                         /* filled, but for body, from16, tls */
    struct ent_slice length, coding, connection, expect; /* p is NULL when absent */
    unsigned headers, max_headers, status;
    enum ent_web_event why;
};
/* Either may be empty; what else there is in `uri` is bad. */
ENT_MUST_USE unsigned ent_head_uri(enum ent_web_event *ret_why, struct ent_slice path,
                                   bool has_query, struct ent_slice query);
/* One header after the other, then once for all of them. */
ENT_MUST_USE unsigned ent_head_field(struct ent_head *h, struct ent_slice name,
                                     struct ent_slice value);
ENT_MUST_USE unsigned ent_head_end(struct ent_head *h, uint64_t *ret_length);
/* One of the six that there are, or NULL. */
const char *ent_head_method(const char *text);

/* answer.c: an answer's head; what a handler adds is checked. */
#define ENT_ANSWER_HEADERS 2048u /* bytes of them */
ENT_MUST_USE bool ent_answer_check(struct ent_slice lines, struct ent_slice *ret_etag,
                                   bool *ret_cache);
ENT_MUST_USE bool ent_answer_etag_among(struct ent_slice list, struct ent_slice etag);
void ent_answer_init(struct ent_web_answer *a, size_t max);
void ent_answer_release(struct ent_web_answer *a);
/* As libmicrohttpd has it, or NULL when it cannot be sent. Takes the body. `last`: the connection
 * ends with it. `req` NULL: it is an error of the server's own. */
struct MHD_Response *ent_answer_render(struct ent_web_answer *a, const struct ent_web_request *req,
                                       bool last);

/* exchange.c: one request and its answer. */
struct ent_exchange {
    struct ent_exchange *next;
    struct ent_conn *conn;
    struct MHD_Connection *mc;
    struct ent_web_request req; /* its slices are libmicrohttpd's, good until the request ends */
    struct ent_buf body;
    size_t taken; /* bytes of the body, those thrown away among them */
    struct ent_web_answer answer;
    size_t held;      /* of answer_bytes */
    unsigned refused; /* status, once the server itself refuses it */
    bool running, last;
    enum ent_exchange_stage {
        ENT_X_HEAD,
        ENT_X_BODY,
        ENT_X_WAITING,
        ENT_X_HANDLED,
        ENT_X_ANSWERED,
        ENT_X_DROPPED
    } stage; /* under the server's lock */
    bool has_query;
    const char *line; /* libmicrohttpd's; only where it stands is looked at */
    char uri[];       /* path and query as they came, each with a NUL behind it */
};
void *ent_exchange_line(void *cls, const char *uri, struct MHD_Connection *mc);
enum MHD_Result ent_exchange_step(void *cls, struct MHD_Connection *mc, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_n, void **state);
void ent_exchange_end(void *cls, struct MHD_Connection *mc, void **state,
                      enum MHD_RequestTerminationCode why);
/* Give back what it holds. NULL is fine. */
void ent_exchange_free(struct ent_exchange *x);
void *ent_exchange_handler(void *http);
/* Give up what still waits for a handler thread. Only when `ending` is set. */
void ent_exchange_drop_waiting(struct ent_http *h);

#endif
