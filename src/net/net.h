/*
 * net: HTTPS between members. Mutual TLS 1.3, self-signed Ed25519 certificates, and one thing
 * trusted: the SHA-256 of the other side's public key (SPKI), which stands in the pact.
 *
 * Promises: an unknown or wrong key ends the handshake, before a byte of a request is read; every
 * request has limits of size, time and number; bodies are handed on as bytes and never looked into.
 * Never: parses a body, trusts a certificate authority, a name or a date, or follows a redirect.
 * Servers that are no members are for fetch.h alone.
 */
#ifndef ENT_NET_NET_H
#define ENT_NET_NET_H

#include <stdatomic.h>

#include "base/base.h"

/* SHA-256 over the DER SubjectPublicKeyInfo. */
struct ent_spki {
    uint8_t b[32];
};

/* --- identity ----------------------------------------------------------------------------------
 */

/* The SPKI hash of an Ed25519 public key (the 12-byte DER prefix of RFC 8410, then the key). */
void ent_spki_of_ed25519(struct ent_spki *ret, const uint8_t pk32[static 32]);

/* A TLS identity: certificate and private key in PEM, made from an Ed25519 seed. The certificate is
 * the same bytes for the same seed and name. key_pem holds a secret: release with ent_buf_wipe().
 */
ENT_MUST_USE enum ent_err ent_net_identity(struct ent_buf *cert_pem, struct ent_buf *key_pem,
                                           struct ent_spki *ret_spki, const struct ent_seed32 *seed,
                                           const char *name);

/* --- server ------------------------------------------------------------------------------------
 */

struct ent_request {
    const char *method; /* "GET", "POST", "PUT" or "DELETE"; all others are refused with 405 */
    const char *path;   /* starts with '/', no query, no "%" decoding: our paths need none */
    struct ent_slice body;
    struct ent_spki peer; /* whose key made the connection */
};

/* The handler fills status (200 to 599, else 500 is sent), type and body. body is owned by the
 * server and has its maximum set. */
struct ent_response {
    unsigned status;
    const char *type; /* a literal; NULL means "application/octet-stream" */
    struct ent_buf body;
};

struct ent_server_opts {
    const char *listen; /* "127.0.0.1:7443", "[::1]:0"; port 0 takes a free one */
    struct ent_slice cert_pem, key_pem;
    void *ctx;
    /* Asked during the handshake, from any thread; false ends it. Asked again for each request, so
     * that a key taken out of the pact loses the connections it has open. */
    bool (*allow)(void *ctx, const struct ent_spki *peer);
    /* Whether nobody can know that yet: then the handshake ends without a refusal, as a connection
     * that broke, and the peer tries again. NULL: it is always known. */
    bool (*undecided)(void *ctx);
    /* Asked when the headers are there and before the body is read: the largest body this method
     * and path may have; 0 refuses the request with 404. */
    size_t (*max_body)(void *ctx, const struct ent_spki *peer, const char *method,
                       const char *path);
    /* From any of the server's threads, several at once. May take its time: TLS and HTTP have
     * threads of their own, so other connections go on. */
    void (*handle)(void *ctx, const struct ent_request *req, struct ent_response *res);
    unsigned threads;         /* that call handle(); as many again do TLS and HTTP; 0: 2 */
    unsigned max_connections; /* 0: 256 */
    unsigned max_per_address; /* connections from one IP address; 0: half of max_connections */
    unsigned idle_seconds;    /* a connection that says nothing for so long is closed; 0: 30 */
    unsigned request_seconds; /* for a handshake, a request, an answer each; 0: 60 */
    size_t max_response;      /* 0: 4 MiB */
    size_t max_bodies;        /* all request bodies in memory together; 0: 512 MiB */
};

/* ENT_E_FORMAT unless this could be `listen`: an IPv4 address or an IPv6 address in brackets, a
 * colon, a port. No names: what they stand for can change. */
ENT_MUST_USE enum ent_err ent_server_listen_check(const char *text);

struct ent_server;
ENT_MUST_USE enum ent_err ent_server_start(struct ent_server **ret, struct ent_diag *d,
                                           const struct ent_server_opts *opts);
unsigned ent_server_port(const struct ent_server *s);
/* Asks allow() again about everybody who is connected, and ends at once the connections of those
 * who are not allowed any more. From any thread; not from allow(). */
void ent_server_review(struct ent_server *s);
/* Lets requests that have begun end (at most a few seconds), then closes everything. A handle()
 * that is running is always waited for. */
void ent_server_stop(struct ent_server *s);

/* --- client ------------------------------------------------------------------------------------
 */

/* One connection, kept open between calls; one thread at a time. */
struct ent_client;

/* A TLS identity as clients take it: a file in memory, without a name and sealed, because libcurl
 * with GnuTLS reads certificates from files alone. The caller closes it, after the last client. */
ENT_MUST_USE enum ent_err ent_client_identity(int *ret_fd, struct ent_diag *d,
                                              struct ent_slice cert_pem, struct ent_slice key_pem);

struct ent_client_opts {
    const char *url;          /* "https://host:port"; anything but https is ENT_E_FORMAT */
    int identity;             /* of ent_client_identity(); outlives the client */
    struct ent_spki server;   /* the only key accepted */
    unsigned connect_seconds; /* 0: 10 */
    unsigned call_seconds;    /* 0: 120 */
    /* When it becomes true, from a signal handler or another thread, a call that is under way ends
     * within a quarter of a second, and later ones at once, with ENT_E_INTERRUPTED. May be NULL. */
    const atomic_bool *stop;
};

/* ENT_E_FORMAT unless this could be `url`. */
ENT_MUST_USE enum ent_err ent_client_url_check(const char *text);

ENT_MUST_USE enum ent_err ent_client_new(struct ent_client **ret, struct ent_diag *d,
                                         const struct ent_client_opts *opts);
void ent_client_free(struct ent_client *c);

/*
 * One request; method as for the server, path without query, request_body empty for "GET". When a
 * kept connection turns out dead before a byte of the answer came, the request is sent again on a
 * new one, so a request must be safe to repeat. On an error body is as it was. The answer's body is
 * appended to body, whose maximum bounds it (ENT_E_LIMIT). ENT_OK for any HTTP status; ENT_E_AUTH
 * when the server's key is not the pinned one or it refused ours; ENT_E_PEER when the connection
 * failed or broke; ENT_E_TIMEOUT. d->text says which.
 */
ENT_MUST_USE enum ent_err ent_client_call(struct ent_client *c, unsigned *ret_status,
                                          struct ent_buf *body, struct ent_diag *d,
                                          const char *method, const char *path,
                                          struct ent_slice request_body);

/* All that d->text says after the two functions above, by number, so that another process can be
 * told: NULL for a number that has none, 0 for a text that is none of these. */
#define ENT_CLIENT_WHYS 16u
const char *ent_client_why(unsigned number);
unsigned ent_client_why_number(const char *text);

/* Bytes sent and received so far, as the TLS records' payload, headers included. */
void ent_client_traffic(const struct ent_client *c, uint64_t *ret_sent, uint64_t *ret_received);

#include "net/fetch.h"
#include "net/web.h"

#endif
