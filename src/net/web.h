/*
 * web.h: the port for users and their tools: HTTPS by a certificate and without client keys, or
 * plain HTTP on the loopback alone.
 *
 * Promises: a request that two programs could read in two ways is refused; every connection,
 * request and answer has limits of size, time and number; an error of the server's own has the
 * body that error_body() gives it (docs/transport.md says which are the library's own); a refusal
 * is counted and told. Never: decodes a path or a query, looks into a body, knows who somebody is.
 */
#ifndef ENT_NET_WEB_H
#define ENT_NET_WEB_H

#include "base/base.h"

#define ENT_WEB_HEADER 8192u /* bytes of one header's value, and of a path with its query */

struct ent_web_request {
    const char *method;     /* "GET", "HEAD", "POST", "PUT", "PATCH" or "DELETE" */
    const char *path;       /* starts with '/', as it came: no %-decoding */
    struct ent_slice query; /* behind '?', as it came */
    /* Headers' values as they came, empty when absent; one that came twice was refused. fetch_site
     * is Sec-Fetch-Site, csrf is X-CSRF-Token. */
    struct ent_slice accept, content_type, authorization, cookie, origin, host, fetch_site, csrf,
        if_none_match, last_event_id, user_agent;
    struct ent_slice body;
    uint8_t from16[16]; /* IPv6, or IPv4 mapped */
    bool tls;
};

/* Content-Length, Connection, Date, Content-Type and X-Content-Type-Options are the server's;
 * Cache-Control is "no-store" unless it stands in headers. With an ETag in them and status 200, a
 * GET or HEAD whose If-None-Match names it gets 304. */
struct ent_web_answer {
    unsigned status;        /* 200 to 599 */
    const char *type;       /* a literal, or in the caller's memory until the answer is out */
    struct ent_buf headers; /* "Name: value\n" each, ASCII without control bytes; up to 2 KiB */
    struct ent_buf body;    /* with its maximum */
};

/* What the server refuses. */
enum ent_web_event {
    ENT_WEB_MALFORMED, /* no HTTP/1.1 as the standard wants it */
    ENT_WEB_SMUGGLING, /* two ends of one body, or an end that another program would not see */
    ENT_WEB_PATH,      /* a path with a second spelling */
    ENT_WEB_METHOD,
    ENT_WEB_HEADERS, /* too long or too many */
    ENT_WEB_BODY,    /* too long */
    ENT_WEB_SLOW,    /* handshake or request not complete in time */
    ENT_WEB_UNREAD,  /* answer not taken in time */
    ENT_WEB_TLS,     /* no handshake, or broken off */
    ENT_WEB_CROWD,   /* too many connections from one address */
    ENT_WEB_FULL,    /* too many connections, bodies or answers together; no memory */
    ENT_WEB_ANSWER,  /* an answer of the handler's that cannot be sent */
    ENT_WEB_EVENTS
};
/* "malformed", "smuggling", ... */
const char *ent_web_event_name(enum ent_web_event e);

#define ENT_WEB_NO_PATH SIZE_MAX

struct ent_web_opts {
    const char *listen; /* as ent_server_listen_check() wants it */
    /* The operator's chain and its key (RSA or ECDSA), or ent_web_identity()'s. */
    struct ent_slice cert_pem, key_pem;
    bool plain; /* no TLS, which takes an address of the loopback */
    void *ctx;
    /* The largest body this method and path may have, asked before the body is read;
     * ENT_WEB_NO_PATH refuses with 404. It and error_body() are asked in the threads that serve all
     * connections: they must not wait. */
    size_t (*max_body)(void *ctx, const char *method, const char *path);
    /* From any of `threads` threads, several at once. May take its time. */
    void (*handle)(void *ctx, const struct ent_web_request *req, struct ent_web_answer *ret);
    /* Body, type and headers of an error that is the server's own: 400, 404, 405, 413, 417,
     * 431, 500, 503 or 505. path is as it came, and may be none. May be NULL. */
    void (*error_body)(void *ctx, const char *path, unsigned status, struct ent_web_answer *ret);
    /* Refusals: the first one of a kind from an address at once, those of the minute after it
     * together. All zeros as address: from addresses too many to be told apart. May be NULL. */
    void (*event)(void *ctx, enum ent_web_event e, const uint8_t from16[16], uint64_t count);
    unsigned threads;           /* that call handle(); 0: 2 */
    unsigned io_threads;        /* that do TLS and HTTP; 0: 2 */
    unsigned max_connections;   /* 0: 1024; the longest idle one makes room for a new one */
    unsigned max_per_address;   /* an IPv6 address counts by its /64; 0: half of max_connections */
    unsigned max_requests;      /* on one connection; 0: 10000 */
    unsigned max_headers;       /* 0: 64 */
    unsigned handshake_seconds; /* 0: 10, or request_seconds if that is less */
    unsigned idle_seconds;      /* between two requests; 0: 60 */
    unsigned request_seconds;   /* from a request's first byte to its last; 0: 30 */
    unsigned answer_seconds;    /* until an answer is taken; 0: 60 */
    size_t max_head;            /* request line and headers; 0: 8 KiB */
    size_t max_answer;          /* 0: 4 MiB */
    size_t max_bodies;          /* all requests' bodies together; 0: 256 MiB */
    size_t max_answers;         /* all answers' bodies above 16 KiB together; 0: 256 MiB */
};

struct ent_web;
ENT_MUST_USE enum ent_err ent_web_start(struct ent_web **ret, struct ent_diag *d,
                                        const struct ent_web_opts *opts);
/* What it would say of this certificate and its key. */
ENT_MUST_USE enum ent_err ent_web_check_pair(struct ent_diag *d, struct ent_slice cert_pem,
                                             struct ent_slice key_pem);
unsigned ent_web_port(const struct ent_web *w);
/* Refusals since the start, one number for each enum ent_web_event. */
void ent_web_counts(const struct ent_web *w, uint64_t ret[static ENT_WEB_EVENTS]);
/* As ent_server_stop(); then tells the refusals not told yet. */
void ent_web_stop(struct ent_web *w);

#define ENT_WEB_FINGERPRINT 32
/*
 * A self-signed certificate for a machine without one: ECDSA P-256, since browsers refuse Ed25519.
 * It is for localhost, 127.0.0.1, ::1, the address in `listen` and `host` (NULL: none), and is the
 * same bytes for the same arguments. ret_fingerprint is the SHA-256 of the certificate, as browsers
 * show it. key_pem holds a secret: release with ent_buf_wipe().
 */
ENT_MUST_USE enum ent_err ent_web_identity(struct ent_buf *cert_pem, struct ent_buf *key_pem,
                                           uint8_t ret_fingerprint[static ENT_WEB_FINGERPRINT],
                                           const struct ent_seed32 *seed, const char *listen,
                                           const char *host);

#endif
