/* process_front.c: the network. */
#include "node/node.h"

#include "node/front.h"
#include "node/hooks.h"
#include "node/portal.h"
#include "node/process.h"

#include <pthread.h>

/* Each waits for one answer of another process at a time. */
#define PARTNER_THREADS 16u
#define USER_THREADS    8u

struct front {
    struct ent_birth *b;
    struct ent_hub *hub;
    struct ent_counts *counts;
    struct ent_front *front;
    uint64_t born;           /* when, in ns of a steady clock */
    struct ent_fetch *fetch; /* to the webhook's server; NULL: there is none */
    char hook[ENT_FETCH_SUFFIX + 1];
};

static void note(void *ctx, struct ent_msg *m)
{
    struct front *f = ctx;
    ent_front_note(f->front, m);
}

static enum ent_err serve(void *ctx, struct ent_msg *ret, struct ent_msg *call)
{
    struct front *f = ctx;
    return ent_front_serve(f->front, ret, call);
}

static enum ent_err serve_counts(void *ctx, struct ent_msg *ret, struct ent_msg *call)
{
    struct front *f = ctx;
    ent_front_count(f->front);
    return ent_counts_serve(f->counts, ret, call);
}

/* Refusals of the users' port. */
static void refused(void *ctx, enum ent_web_event e, const uint8_t from16[16], uint64_t count)
{
    struct front *f = ctx;
    char from[ENT_FROM_TEXT];
    struct ent_report r;
    ent_report_init(&r, ENT_LEVEL_WARN, "users-port-refused");
    ent_report_text(&r, "kind", ent_web_event_name(e));
    ent_report_text(&r, "from", ent_from_show(from, from16));
    ent_report_number(&r, "count", count);
    ent_hub_say(f->hub, &r);
}

/* The operator's certificate, or one of our own making. */
static enum ent_err identity(const struct ent_birth *b, struct ent_ready *ready,
                             struct ent_buf *cert, struct ent_buf *key)
{
    enum ent_err r;
    if (strcmp(b->config.users_listen, ENT_CONFIG_OFF) == 0)
        return ENT_OK;
    if (b->cert_pem[0] == '\0')
        return ent_web_identity(cert, key, ready->fingerprint, &b->web, b->config.users_listen,
                                b->config.users_host[0] != '\0' ? b->config.users_host : NULL);
    if ((r = ent_buf_puts(cert, b->cert_pem)) != ENT_OK)
        return r;
    return ent_buf_puts(key, b->key_pem);
}

static size_t max_body(void *ctx, const char *method, const char *path)
{
    (void)ctx;
    return ent_portal_max_body(ent_console_max_body, method, path);
}

static void error_body(void *ctx, const char *path, unsigned status, struct ent_web_answer *ret)
{
    (void)ctx;
    ent_portal_error(ret, path, status);
}

/* --- the webhook --------------------------------------------------------------------------------
 */

#define HOOK_LIFE_NS (600 * UINT64_C(1000000000))

/* Forked before anything else; of what this process is to be it knows the URL alone. */
static enum ent_err start_fetcher(struct front *f, struct ent_diag *d)
{
    struct ent_fetch_opts o = {
        .uid = f->b->uid, .gid = f->b->gid, .forget = f->b, .forget_n = sizeof(*f->b)};
    const char *why = NULL;
    f->born = ent_clock_steady_ns();
    if (f->b->config.webhook_url[0] == '\0')
        return ENT_OK;
    enum ent_err r = ent_fetch_target_parse(&o.url, f->hook, sizeof(f->hook), &why,
                                            ent_slice_str(f->b->config.webhook_url));
    return r == ENT_OK ? ent_fetch_start(&f->fetch, d, &o) : ent_fail(d, r, why, 0, 0);
}

/* The keeper is asked again and again. A fetcher that has ended cannot be started again from in
 * here: the front begins anew, but not so often that whoever answers the webhook could make it, and
 * with it what members and users have open, end all the time. */
static void *send_hooks(void *ctx)
{
    struct front *f = ctx;
    static const atomic_bool never = false;
    const struct ent_hook_sender sender = {.keeper = ent_hub_caller(f->hub, ENT_PROCESS_KEEPER, 0),
                                           .fetch = f->fetch,
                                           .suffix = f->hook,
                                           .stop = &never};
    struct ent_report r;
    while (ent_hook_run(&sender) != ENT_E_STATE && !ent_hub_is_over(f->hub, 1000))
        continue;
    const uint64_t lived = ent_clock_steady_ns() - f->born;
    ent_report_init(&r, ENT_LEVEL_ALERT, "webhook-stopped");
    ent_report_text(&r, "cause", "the process that sends has ended; the front begins anew");
    ent_report_number(&r, "seconds",
                      lived < HOOK_LIFE_NS ? (HOOK_LIFE_NS - lived) / 1000000000 : 0);
    if (ent_hub_is_over(f->hub, 0))
        return NULL;
    ent_hub_say(f->hub, &r);
    if (lived >= HOOK_LIFE_NS ||
        !ent_hub_is_over(f->hub, (unsigned)((HOOK_LIFE_NS - lived) / 1000000)))
        ent_hub_end(f->hub);
    return NULL;
}

/* --- all of it ----------------------------------------------------------------------------------
 */

/* Before the sandbox what takes files, ports after it. */
static enum ent_err open_front(struct front *f, struct ent_ready *ready, struct ent_diag *d,
                               const struct ent_front_opts *opts)
{
    enum ent_err r = ent_front_new(&f->front, d, opts);
    return r == ENT_OK ? ent_process_shut_in(ready, d, f->b, ent_front_sandbox()) : r;
}

static struct ent_front_opts front_opts(struct front *f, const struct ent_web_opts *web)
{
    const struct ent_config *c = &f->b->config;
    return (struct ent_front_opts){.listen = c->listen,
                                   .name = f->b->name,
                                   .tls = &f->b->tls,
                                   .threads = PARTNER_THREADS,
                                   .max_connections = (unsigned)c->max_connections,
                                   .idle_seconds = (unsigned)c->idle_seconds,
                                   .request_seconds = (unsigned)c->request_seconds,
                                   .max_bodies = c->max_bodies,
                                   .counts = f->counts,
                                   .web =
                                       strcmp(c->users_listen, ENT_CONFIG_OFF) == 0 ? NULL : web};
}

int ent_process_front(int channel)
{
    static struct front f;
    struct ent_ready ready = {0};
    struct ent_diag d = {0};
    struct ent_buf cert, key;
    pthread_t t;
    const char *what = "the front";
    int code;
    const struct ent_hub_service services[] = {{.from = {ENT_PROCESS_LEDGER, 0},
                                                .range = ENT_MSG_FRONT,
                                                .serve = serve,
                                                .service = &f,
                                                .note = note},
                                               {.from = {ENT_PROCESS_API, 0},
                                                .range = ENT_MSG_COUNT,
                                                .serve = serve_counts,
                                                .service = &f,
                                                .threads = 1}};
    const struct ent_hub_opts opts = {.self = {ENT_PROCESS_FRONT, 0},
                                      .services = services,
                                      .n = 2,
                                      .threads = ENT_FRONT_OUT_CALLS};
    if ((f.b = ent_process_born(channel)) == NULL)
        return 0;
    if (ent_hub_new(&f.hub, &opts) != ENT_OK ||
        ent_counts_new(&f.counts, ENT_PROCESS_FRONT) != ENT_OK)
        return 1;
    ent_buf_init(&cert, ENT_BIRTH_PEM);
    ent_buf_init(&key, ENT_BIRTH_PEM);
    enum ent_err r = start_fetcher(&f, &d);
    if (r == ENT_OK)
        r = identity(f.b, &ready, &cert, &key);
    const struct ent_web_opts web = {.listen = f.b->config.users_listen,
                                     .cert_pem = ent_buf_slice(&cert),
                                     .key_pem = ent_buf_slice(&key),
                                     .ctx = &f,
                                     .max_body = max_body,
                                     .error_body = error_body,
                                     .event = refused,
                                     .threads = USER_THREADS,
                                     .max_connections = (unsigned)f.b->config.users_max_connections,
                                     .max_answer = ENT_WEB_ANSWER_MAX};
    struct ent_front_opts front = front_opts(&f, &web);
    front.ledger = ent_hub_caller(f.hub, ENT_PROCESS_LEDGER, 0);
    front.api = ent_hub_caller(f.hub, ENT_PROCESS_API, 0);
    if (r == ENT_OK)
        r = open_front(&f, &ready, &d, &front);
    if (r == ENT_OK && (r = ent_front_listen(f.front, &d)) != ENT_OK) {
        what = ent_front_port(f.front) == 0 ? f.b->config.listen : f.b->config.users_listen;
    } else if (r == ENT_OK) {
        ready.port = (uint16_t)ent_front_port(f.front);
        ready.users_port = (uint16_t)ent_front_web_port(f.front);
    }
    ent_buf_release(&cert);
    ent_buf_wipe(&key);
    ent_wipe(&f.b->tls, sizeof(f.b->tls)); /* what is needed of them is made */
    ent_wipe(&f.b->web, sizeof(f.b->web));
    ent_wipe(f.b->key_pem, sizeof(f.b->key_pem));
    if ((code = ent_process_start(f.hub, channel, what, r, &d)) != 0)
        return code;
    if (f.fetch != NULL && pthread_create(&t, NULL, send_hooks, &f) != 0)
        return ent_process_fail(f.hub, "the webhook", ENT_E_NOMEM, NULL);
    return ent_process_work(f.hub, &ready);
}
