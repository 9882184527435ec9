/* front.c: the process with the network. */
#include "node/node.h"

#include "node/front_web.h"

#include <nss.h>
#include <pthread.h>

struct ent_front {
    struct ent_front_opts opts;
    struct ent_clients *clients;
    struct ent_buf cert, key; /* PEM, of the members' port; key is secret */
    struct ent_front_web web;
    pthread_mutex_t lock; /* for the next one */
    bool told;            /* who is allowed */
    struct ent_allowed allowed;
    pthread_mutex_t port;      /* for the next one; taken before the other */
    struct ent_server *server; /* NULL unless it listens */
};

/* --- what members ask ---------------------------------------------------------------------------
 */

static bool allow(void *ctx, const struct ent_spki *peer)
{
    struct ent_front *f = ctx;
    (void)pthread_mutex_lock(&f->lock);
    bool known = ent_allowed_has(&f->allowed, peer);
    (void)pthread_mutex_unlock(&f->lock);
    return known;
}

/* A front that begins anew must not tell members that they are none. */
static bool undecided(void *ctx)
{
    struct ent_front *f = ctx;
    (void)pthread_mutex_lock(&f->lock);
    bool told = f->told;
    (void)pthread_mutex_unlock(&f->lock);
    return !told;
}

static enum ent_err ask(struct ent_front *f, const struct ent_request *req,
                        struct ent_response *res)
{
    struct ent_msg m = ENT_MSG_NOTHING;
    struct ent_peer_answer a;
    struct ent_buf b;
    ent_buf_init(&b, ENT_PEER_MSG_MAX);
    enum ent_err r = ent_peer_call_encode(&b, req);
    if (r == ENT_OK)
        r = f->opts.ledger.call(f->opts.ledger.ctx, &m, ENT_FRONT_PEER, ent_buf_slice(&b));
    ent_buf_release(&b);
    if (r != ENT_OK)
        return r;
    if ((r = ent_peer_answer_parse(&a, ent_buf_slice(&m.bytes))) == ENT_OK &&
        (r = ent_buf_put_slice(&res->body, a.body)) == ENT_OK) {
        res->status = a.status;
        res->type = a.type;
    }
    ent_msg_release(&m);
    return r;
}

static void handle(void *ctx, const struct ent_request *req, struct ent_response *res)
{
    const struct ent_front *f = ctx;
    const uint64_t start = ent_clock_steady_ns();
    if (ask(ctx, req, res) != ENT_OK) {
        ent_buf_clear(&res->body);
        res->status = 503;
    }
    ent_count_request(f->opts.counts, ENT_PORT_MEMBERS, res->status, ent_clock_steady_ns() - start);
}

void ent_front_note(void *front, struct ent_msg *note)
{
    struct ent_front *f = front;
    struct ent_allowed next;
    if (note->type != ENT_FRONT_ALLOWED ||
        ent_allowed_parse(&next, ent_buf_slice(&note->bytes)) != ENT_OK)
        next.n = 0;
    (void)pthread_mutex_lock(&f->lock);
    f->allowed = next;
    f->told = true;
    (void)pthread_mutex_unlock(&f->lock);
    (void)pthread_mutex_lock(&f->port);
    if (f->server != NULL)
        ent_server_review(f->server);
    (void)pthread_mutex_unlock(&f->port);
}

/* --- what the ledger's process asks -------------------------------------------------------------
 */

enum ent_err ent_front_serve(void *front, struct ent_msg *ret, struct ent_msg *call)
{
    struct ent_front *f = front;
    const struct ent_dialer dialer = ent_clients_dialer(f->clients);
    struct ent_out_call q;
    struct ent_diag d = {0};
    struct ent_buf body;
    enum ent_err r = call->type == ENT_FRONT_OUT
                         ? ent_out_call_parse(&q, ent_buf_slice(&call->bytes))
                         : ENT_E_FORMAT;
    if (r != ENT_OK)
        return r;
    struct ent_out_answer a = {.status = 0};
    ent_buf_init(&body, q.answer_max);
    a.err = dialer.call(dialer.ctx, &a.status, &body, &d, &q.dial);
    if (a.err == ENT_OK && (a.status < 100 || a.status > 999)) /* libcurl reads what comes */
        a.err = ENT_E_PEER;
    a.why = d.text;
    a.body = ent_buf_slice(&body);
    r = ent_out_answer_encode(&ret->bytes, &a);
    ent_buf_release(&body);
    return r;
}

/* --- birth and end ------------------------------------------------------------------------------
 */

enum ent_err ent_front_new(struct ent_front **ret, struct ent_diag *d,
                           const struct ent_front_opts *opts)
{
    struct ent_front *f = calloc(1, sizeof(*f));
    struct ent_spki spki;
    if (f == NULL)
        return ent_fail(d, ENT_E_NOMEM, "out of memory", 0, 0);
    f->opts = *opts;
    (void)pthread_mutex_init(&f->lock, NULL);
    (void)pthread_mutex_init(&f->port, NULL);
    ent_buf_init(&f->cert, 8192);
    ent_buf_init(&f->key, 8192);
    enum ent_err r = ent_net_identity(&f->cert, &f->key, &spki, opts->tls, opts->name);
    if (r != ENT_OK)
        r = ent_fail(d, r, "cannot make the TLS identity", 0, 0);
    else
        r = ent_clients_new(&f->clients, d, opts->tls, opts->name, NULL);
    f->opts.tls = NULL;
    if (r == ENT_OK && __nss_configure_lookup("hosts", "files dns") != 0)
        r = ent_fail_sys(d, "cannot choose how names are resolved");
    if (r != ENT_OK) {
        ent_front_free(f);
        return r;
    }
    *ret = f;
    return ENT_OK;
}

/* Other services of nsswitch.conf would load code, and talk to processes of this machine. */
struct ent_sandbox ent_front_sandbox(void)
{
    static const struct ent_sandbox_path paths[] = {
        {"/etc/hosts", false},    {"/etc/resolv.conf", false}, {"/etc/host.conf", false},
        {"/etc/gai.conf", false}, {"/etc/services", false},
    };
    struct ent_sandbox s = *ent_sandbox_of("front");
    s.paths = paths;
    s.n_paths = sizeof(paths) / sizeof(paths[0]);
    return s;
}

enum ent_err ent_front_listen(struct ent_front *f, struct ent_diag *d)
{
    const struct ent_front_opts *o = &f->opts;
    const struct ent_server_opts opts = {.listen = o->listen,
                                         .cert_pem = ent_buf_slice(&f->cert),
                                         .key_pem = ent_buf_slice(&f->key),
                                         .ctx = f,
                                         .allow = allow,
                                         .undecided = undecided,
                                         .max_body = ent_peer_max_body,
                                         .handle = handle,
                                         .threads = o->threads,
                                         .max_connections = o->max_connections,
                                         .idle_seconds = o->idle_seconds,
                                         .request_seconds = o->request_seconds,
                                         .max_response = ENT_PEER_ANSWER_MAX,
                                         .max_bodies = o->max_bodies};
    struct ent_server *s = NULL;
    enum ent_err r = ent_server_start(&s, d, &opts);
    (void)pthread_mutex_lock(&f->port);
    f->server = s;
    (void)pthread_mutex_unlock(&f->port);
    if (r == ENT_OK && o->web != NULL)
        r = ent_front_web_start(&f->web, d, o->web, o->api, o->counts);
    ent_buf_release(&f->cert);
    ent_buf_wipe(&f->key);
    return r;
}

unsigned ent_front_port(const struct ent_front *f)
{
    return f->server == NULL ? 0 : ent_server_port(f->server);
}

unsigned ent_front_web_port(const struct ent_front *f)
{
    return f->web.web == NULL ? 0 : ent_web_port(f->web.web);
}

void ent_front_count(struct ent_front *f)
{
    uint64_t refused[ENT_WEB_EVENTS];
    if (f->web.web == NULL)
        return;
    ent_web_counts(f->web.web, refused);
    for (unsigned i = 0; i < ENT_WEB_EVENTS; i++)
        ent_count_set(f->opts.counts, ENT_COUNT_REFUSED, i, refused[i]);
}

void ent_front_stop(struct ent_front *f)
{
    (void)pthread_mutex_lock(&f->port);
    struct ent_server *s = f->server;
    f->server = NULL;
    (void)pthread_mutex_unlock(&f->port);
    ent_server_stop(s);
    ent_web_stop(f->web.web);
    f->web.web = NULL;
}

void ent_front_free(struct ent_front *f)
{
    if (f == NULL)
        return;
    ent_front_stop(f);
    ent_clients_free(f->clients);
    ent_buf_release(&f->cert);
    ent_buf_wipe(&f->key);
    (void)pthread_mutex_destroy(&f->port);
    (void)pthread_mutex_destroy(&f->lock);
    free(f);
}
