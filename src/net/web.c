/* web.c: the users' port: its options, its TLS, and what its requests and refusals become. */
#include "net/net.h"

#include "net/http.h"
#include "net/tls.h"
#include "net/web_told.h"

#include <gnutls/x509.h>

/* TLS 1.2 for tools that have nothing newer; forward secrecy and authenticated encryption in both.
 */
#define PRIORITIES                                                                                 \
    "NONE:+VERS-TLS1.3:+VERS-TLS1.2:+ECDHE-ECDSA:+ECDHE-RSA:+AES-256-GCM:+AES-128-GCM:"            \
    "+CHACHA20-POLY1305:+AEAD:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:"                    \
    "+SIGN-ECDSA-SECP256R1-SHA256:+SIGN-ECDSA-SECP384R1-SHA384:+SIGN-ECDSA-SHA256:"                \
    "+SIGN-ECDSA-SHA384:+SIGN-RSA-PSS-RSAE-SHA256:+SIGN-RSA-PSS-RSAE-SHA384:+SIGN-RSA-SHA256:"     \
    "+SIGN-RSA-SHA384:+CTYPE-X509:%SERVER_PRECEDENCE"

#define RSA_BITS 2048

/* libmicrohttpd keeps this much for a connection as long as it lives, idle or not: a head, its
 * lists of what is in it, and the answer's head. */
#define BESIDE_HEAD 4096u

struct ent_web {
    struct ent_web_opts opts; /* listen and the PEM slices are not kept */
    struct ent_told told;
    struct ent_http *http;
};

const char *ent_web_event_name(enum ent_web_event e)
{
    static const char *const names[ENT_WEB_EVENTS] = {
        [ENT_WEB_MALFORMED] = "malformed",
        [ENT_WEB_SMUGGLING] = "smuggling",
        [ENT_WEB_PATH] = "path",
        [ENT_WEB_METHOD] = "method",
        [ENT_WEB_HEADERS] = "headers",
        [ENT_WEB_BODY] = "body",
        [ENT_WEB_SLOW] = "slow",
        [ENT_WEB_UNREAD] = "unread",
        [ENT_WEB_TLS] = "tls",
        [ENT_WEB_CROWD] = "crowd",
        [ENT_WEB_FULL] = "full",
        [ENT_WEB_ANSWER] = "answer",
    };
    return (unsigned)e < ENT_WEB_EVENTS ? names[e] : "unknown";
}

static int handshake_done(gnutls_session_t session, unsigned type, unsigned when, unsigned incoming,
                          const gnutls_datum_t *msg)
{
    struct ent_conn *c = gnutls_session_get_ptr(session);
    (void)type;
    (void)when;
    (void)msg;
    if (incoming != 0 && !c->admitted) {
        c->admitted = true;
        c->linger = true;
        ent_conn_ready(c);
    }
    return 0;
}

static void web_session(struct ent_conn *c, gnutls_session_t session)
{
    static const gnutls_datum_t http11 = {(unsigned char *)(uintptr_t) "http/1.1", 8};
    (void)c;
    /* Whoever names the protocol it wants must want this one (ALPACA, 2021). */
    (void)gnutls_alpn_set_protocols(session, &http11, 1, GNUTLS_ALPN_MANDATORY);
    gnutls_handshake_set_hook_function(session, GNUTLS_HANDSHAKE_FINISHED, GNUTLS_HOOK_POST,
                                       handshake_done);
}

static unsigned web_begin(struct ent_exchange *x, size_t *ret_max)
{
    const struct ent_web *w = x->conn->http->app.ctx;
    size_t max = w->opts.max_body(w->opts.ctx, x->req.method, x->req.path);
    if (max == ENT_WEB_NO_PATH)
        return MHD_HTTP_NOT_FOUND;
    *ret_max = max;
    return 0;
}

/* Strict-Transport-Security holds for every port of a host: on localhost it would break other
 * programs, and RFC 6797 (8.1.1) knows no addresses. */
static bool host_has_name(struct ent_slice host)
{
    return host.n > 0 && host.p[0] != '[' && (host.p[0] < '0' || host.p[0] > '9') &&
           !(host.n >= 9 && ent_slice_ieq(ent_slice(host.p, 9), ENT_SLICE_LIT("localhost")));
}

static void web_handle(struct ent_exchange *x)
{
    const struct ent_web *w = x->conn->http->app.ctx;
    w->opts.handle(w->opts.ctx, &x->req, &x->answer);
    if (x->req.tls && host_has_name(x->req.host) &&
        ent_buf_puts(&x->answer.headers, "Strict-Transport-Security: max-age=31536000\n") != ENT_OK)
        x->answer.status = 0;
}

static void web_error(void *ctx, const char *path, unsigned status, struct ent_web_answer *ret)
{
    const struct ent_web *w = ctx;
    if (w->opts.error_body != NULL)
        w->opts.error_body(w->opts.ctx, path, status, ret);
}

static void web_event(void *ctx, enum ent_web_event e, const uint8_t from16[static 16])
{
    struct ent_web *w = ctx;
    ent_told_add(&w->told, e, from16, ent_clock_steady_ns());
}

static void web_tick(void *ctx, uint64_t now_ns)
{
    struct ent_web *w = ctx;
    ent_told_tick(&w->told, now_ns);
}

/* RSA of some size or ECDSA: what browsers take. Also the two kinds that GnuTLS compares with the
 * private key. */
static bool kind_ok(struct ent_slice cert_pem)
{
    gnutls_datum_t pem = ent_tls_datum(cert_pem);
    gnutls_x509_crt_t crt;
    unsigned bits = 0;

    if (gnutls_x509_crt_init(&crt) < 0)
        return false;
    int kind = gnutls_x509_crt_import(crt, &pem, GNUTLS_X509_FMT_PEM) < 0
                   ? GNUTLS_PK_UNKNOWN
                   : gnutls_x509_crt_get_pk_algorithm(crt, &bits);
    gnutls_x509_crt_deinit(crt);
    return kind == GNUTLS_PK_ECDSA || (kind == GNUTLS_PK_RSA && bits >= RSA_BITS);
}

/* libmicrohttpd would only say that it cannot start. */
enum ent_err ent_web_check_pair(struct ent_diag *d, struct ent_slice cert_pem,
                                struct ent_slice key_pem)
{
    gnutls_datum_t cert = ent_tls_datum(cert_pem), key = ent_tls_datum(key_pem);
    gnutls_certificate_credentials_t cred;

    if (!kind_ok(cert_pem))
        return ent_fail(d, ENT_E_FORMAT,
                        "not a certificate with an RSA (2048 bits or more) or ECDSA key", 0, 0);
    if (gnutls_certificate_allocate_credentials(&cred) < 0)
        return ent_fail(d, ENT_E_NOMEM, "TLS cannot start", 0, 0);
    int g = gnutls_certificate_set_x509_key_mem(cred, &cert, &key, GNUTLS_X509_FMT_PEM);
    gnutls_certificate_free_credentials(cred);
    return g < 0
               ? ent_fail(d, ENT_E_FORMAT, "not a certificate and the key that belongs to it", 0, 0)
               : ENT_OK;
}

static bool is_loopback(const char *listen)
{
    static const uint8_t v4[13] = {[10] = 0xff, [11] = 0xff, [12] = 127}, v6[16] = {[15] = 1};
    uint8_t a[16];
    return ent_listen_address(a, listen) == ENT_OK &&
           (memcmp(a, v4, sizeof(v4)) == 0 || memcmp(a, v6, sizeof(v6)) == 0);
}

static unsigned or_default(unsigned value, unsigned standard)
{
    return value == 0 ? standard : value;
}

static size_t or_size(size_t value, size_t standard)
{
    return value == 0 ? standard : value;
}

static unsigned at_most(unsigned value, unsigned most)
{
    return value > most ? most : value;
}

static struct ent_http_limits limits_of(const struct ent_web_opts *o)
{
    struct ent_http_limits l = {
        .threads = at_most(or_default(o->threads, 2), ENT_HTTP_THREADS_MAX),
        .io_threads = at_most(or_default(o->io_threads, 2), ENT_HTTP_THREADS_MAX),
        .connections = or_default(o->max_connections, 1024),
        .requests = or_default(o->max_requests, 10000),
        .headers = or_default(o->max_headers, 64),
        .idle_seconds = or_default(o->idle_seconds, 60),
        .request_seconds = or_default(o->request_seconds, 30),
        .answer_seconds = or_default(o->answer_seconds, 60),
        .head = or_size(o->max_head, 8u << 10),
        .answer = or_size(o->max_answer, 4u << 20),
        .bodies = or_size(o->max_bodies, 256u << 20),
        .answers = or_size(o->max_answers, 256u << 20),
    };
    l.memory = l.head + BESIDE_HEAD;
    l.per_address = or_default(o->max_per_address, (l.connections + 1) / 2);
    l.handshake_seconds = or_default(o->handshake_seconds, at_most(l.request_seconds, 10));
    return l;
}

static enum ent_err start(struct ent_web *w, struct ent_diag *d, const struct ent_web_opts *o)
{
    enum ent_err r;

    if (ent_server_listen_check(o->listen) != ENT_OK)
        return ent_fail(d, ENT_E_FORMAT, "the address to listen on is not ADDRESS:PORT", 0, 0);
    if (o->plain && !is_loopback(o->listen))
        return ent_fail(d, ENT_E_POLICY, "HTTP without TLS is for the loopback alone", 0, 0);
    if ((r = ent_tls_start()) != ENT_OK)
        return ent_fail(d, r, "TLS cannot start", 0, 0);
    if (!o->plain && (r = ent_web_check_pair(d, o->cert_pem, o->key_pem)) != ENT_OK)
        return r;
    const struct ent_http_opts http = {
        .listen = o->listen,
        .cert_pem = o->cert_pem,
        .key_pem = o->key_pem,
        .app = {.ctx = w,
                .plain = o->plain,
                .priorities = PRIORITIES,
                .allow = "GET, HEAD, POST, PUT, PATCH, DELETE",
                .session = web_session,
                .begin = web_begin,
                .handle = web_handle,
                .error = web_error,
                .event = web_event,
                .tick = web_tick},
        .limits = limits_of(o),
    };
    return ent_http_start(&w->http, d, &http);
}

enum ent_err ent_web_start(struct ent_web **ret, struct ent_diag *d,
                           const struct ent_web_opts *opts)
{
    struct ent_web *w = calloc(1, sizeof(*w));
    if (w == NULL)
        return ent_fail(d, ENT_E_NOMEM, "no memory for the server", 0, 0);
    w->opts = *opts;
    w->opts.listen = NULL;
    w->opts.cert_pem = w->opts.key_pem = (struct ent_slice){NULL, 0};
    ent_told_init(&w->told, opts);
    enum ent_err r = start(w, d, opts);
    if (r != ENT_OK) {
        ent_web_stop(w);
        return r;
    }
    *ret = w;
    return ENT_OK;
}

unsigned ent_web_port(const struct ent_web *w)
{
    return w->http->port;
}

void ent_web_counts(const struct ent_web *w, uint64_t ret[static ENT_WEB_EVENTS])
{
    for (size_t i = 0; i < ENT_WEB_EVENTS; i++)
        ret[i] = atomic_load(&w->told.counts[i]);
}

void ent_web_stop(struct ent_web *w)
{
    if (w == NULL)
        return;
    ent_http_stop(w->http);
    ent_told_tick(&w->told, UINT64_MAX);
    (void)pthread_mutex_destroy(&w->told.lock);
    free(w);
}
