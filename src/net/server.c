/*
 * server.c: the members' port: who may connect, by key and during the handshake.
 */
#include "net/net.h"

#include "net/http.h"
#include "net/tls.h"

#include <limits.h>

/* For the head of a request, and the read buffer for bodies: a larger head gets 431. */
#define CONNECTION_MEMORY 32768u
#define MAX_HEADERS       64u
#define HANDSHAKE_SECONDS 10u

/* Every connection and request has a forward secret key; Ed25519 is the only signature there is. */
#define PRIORITIES                                                                                 \
    "NONE:+VERS-TLS1.3:+AES-256-GCM:+AES-128-GCM:+CHACHA20-POLY1305:+AEAD:+GROUP-X25519:"          \
    "+GROUP-SECP256R1:+SIGN-EDDSA-ED25519:+CTYPE-X509:%SERVER_PRECEDENCE"

struct ent_server {
    struct ent_server_opts opts; /* listen and the PEM slices are not kept */
    struct ent_http *http;
};

/* GnuTLS asks this after the client has proven that it holds the key (CertificateVerify) and before
 * the handshake ends, so no byte of a request has been looked at. */
static int admit(gnutls_session_t session)
{
    struct ent_conn *c = gnutls_session_get_ptr(session);
    const struct ent_server *s = c->http->app.ctx;
    bool known = ent_tls_peer(&c->peer, session) == ENT_OK;

    if (s->opts.undecided != NULL && s->opts.undecided(s->opts.ctx))
        return GNUTLS_E_CERTIFICATE_ERROR;
    if (known && s->opts.allow(s->opts.ctx, &c->peer)) {
        c->admitted = true;
        ent_conn_ready(c);
        return 0;
    }
    c->linger = true;
    (void)gnutls_alert_send(session, GNUTLS_AL_FATAL,
                            known ? GNUTLS_A_ACCESS_DENIED : GNUTLS_A_BAD_CERTIFICATE);
    return GNUTLS_E_CERTIFICATE_ERROR;
}

static void member_session(struct ent_conn *c, gnutls_session_t session)
{
    (void)c;
    gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUIRE);
    gnutls_session_set_verify_function(session, admit);
}

/* Whether the peer is still the one that was admitted, and is still allowed. */
static bool member_admitted(const struct ent_conn *c, gnutls_session_t session)
{
    const struct ent_server *s = c->http->app.ctx;
    struct ent_spki peer;
    return c->admitted && ent_tls_peer(&peer, session) == ENT_OK &&
           memcmp(peer.b, c->peer.b, sizeof(peer.b)) == 0 && s->opts.allow(s->opts.ctx, &peer);
}

static unsigned member_begin(struct ent_exchange *x, size_t *ret_max)
{
    const struct ent_server *s = x->conn->http->app.ctx;
    const struct ent_web_request *q = &x->req;

    if (strcmp(q->method, "HEAD") == 0 || strcmp(q->method, "PATCH") == 0)
        return MHD_HTTP_METHOD_NOT_ALLOWED;
    *ret_max = s->opts.max_body(s->opts.ctx, &x->conn->peer, q->method, q->path);
    return *ret_max == 0 ? MHD_HTTP_NOT_FOUND : 0;
}

static void member_handle(struct ent_exchange *x)
{
    const struct ent_server *s = x->conn->http->app.ctx;
    struct ent_request req = {x->req.method, x->req.path, x->req.body, x->conn->peer};
    struct ent_response res = {.body = x->answer.body};

    s->opts.handle(s->opts.ctx, &req, &res);
    x->answer.status = res.status;
    x->answer.type = res.type;
    x->answer.body = res.body;
}

static struct ent_http_limits limits_of(const struct ent_server_opts *o)
{
    struct ent_http_limits l = {
        .threads = o->threads == 0 ? 2 : o->threads,
        .connections = o->max_connections == 0 ? 256 : o->max_connections,
        .requests = UINT_MAX,
        .headers = MAX_HEADERS,
        .idle_seconds = o->idle_seconds == 0 ? 30 : o->idle_seconds,
        .request_seconds = o->request_seconds == 0 ? 60 : o->request_seconds,
        .head = CONNECTION_MEMORY,
        .memory = CONNECTION_MEMORY,
        .answer = o->max_response == 0 ? 4u << 20 : o->max_response,
        .bodies = o->max_bodies == 0 ? 512u << 20 : o->max_bodies,
        .answers = SIZE_MAX,
    };
    if (l.threads > ENT_HTTP_THREADS_MAX)
        l.threads = ENT_HTTP_THREADS_MAX;
    l.io_threads = l.threads;
    l.per_address = o->max_per_address == 0 ? (l.connections + 1) / 2 : o->max_per_address;
    l.handshake_seconds =
        l.request_seconds < HANDSHAKE_SECONDS ? l.request_seconds : HANDSHAKE_SECONDS;
    l.answer_seconds = l.request_seconds;
    return l;
}

static enum ent_err start(struct ent_server *s, struct ent_diag *d, const struct ent_server_opts *o)
{
    enum ent_err r = ent_tls_start();
    if (r != ENT_OK)
        return ent_fail(d, r, "TLS cannot start", 0, 0);
    if ((r = ent_tls_identity_check(o->cert_pem, o->key_pem)) != ENT_OK)
        return ent_fail(d, r, "not a certificate and the key that belongs to it", 0, 0);
    const struct ent_http_opts http = {
        .listen = o->listen,
        .cert_pem = o->cert_pem,
        .key_pem = o->key_pem,
        .app = {.ctx = s,
                .priorities = PRIORITIES,
                .allow = "GET, POST, PUT, DELETE",
                .session = member_session,
                .admitted = member_admitted,
                .begin = member_begin,
                .handle = member_handle},
        .limits = limits_of(o),
    };
    return ent_http_start(&s->http, d, &http);
}

enum ent_err ent_server_start(struct ent_server **ret, struct ent_diag *d,
                              const struct ent_server_opts *opts)
{
    struct ent_server *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return ent_fail(d, ENT_E_NOMEM, "no memory for the HTTPS server", 0, 0);
    s->opts = *opts;
    s->opts.listen = NULL;
    s->opts.cert_pem = s->opts.key_pem = (struct ent_slice){NULL, 0};
    enum ent_err r = start(s, d, opts);
    if (r != ENT_OK) {
        ent_server_stop(s);
        return r;
    }
    *ret = s;
    return ENT_OK;
}

unsigned ent_server_port(const struct ent_server *s)
{
    return s->http->port;
}

static bool is_allowed(const struct ent_conn *c)
{
    const struct ent_server *s = c->http->app.ctx;
    return s->opts.allow(s->opts.ctx, &c->peer);
}

void ent_server_review(struct ent_server *s)
{
    ent_conn_review(s->http, is_allowed);
}

void ent_server_stop(struct ent_server *s)
{
    if (s == NULL)
        return;
    ent_http_stop(s->http);
    free(s);
}
