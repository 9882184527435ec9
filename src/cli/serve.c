/* serve.c: entente serve: the node that partners talk to. */
#include "cli/cli.h"

#include <errno.h>
#include <poll.h>

static const struct option_spec options[] = {
    {"--listen", "ADDR:PORT", "instead of the configuration's; port 0 takes a free one"},
    {"--port-file", "FILE", "write the port there when ready, for scripts"},
    {"--passphrase-file", "FILE", "take the passphrase from the first line of FILE"},
    {"--pad", NULL, "hide how many indicators you have behind the next power of two"},
    {NULL, NULL, NULL},
};

/* One line a record, logfmt. Names of members are a-z, 0-9 and '-': nothing to escape. */
static void log_event(void *ctx, const struct ent_peer_event *e)
{
    static const char *const names[] = {"accepted", "refused", "finished", "aborted", "expired"};
    char now[ENT_TIME_TEXT];
    (void)ctx;
    ent_time_format(now, ent_clock_now());
    (void)printf("time=%s level=%s event=match-%s partner=%s asked=%llu", now,
                 e->kind == ENT_PEER_ABORTED ? "warn" : "info", names[e->kind], e->partner,
                 (unsigned long long)e->asked);
    if (e->run[0] != '\0')
        (void)printf(" run=%s", e->run);
    if (e->unreleased > 0)
        (void)printf(" held=%llu", (unsigned long long)e->unreleased);
    if (e->kind == ENT_PEER_REFUSED)
        (void)printf(" reason=%s", ent_verdict_word(e->verdict));
    if (e->kind == ENT_PEER_ABORTED)
        (void)printf(" cause=\"%s\"", ent_err_str(e->err));
    (void)putchar('\n');
    (void)fflush(stdout);
}

struct serving {
    struct session *s;
    const struct args *a;
    struct ent_seed32 *author, *tls; /* secret memory */
    struct ent_pool *pool;
    struct ent_peer *peer;
    struct ent_server *server;
    /* Of the home as it was opened: partners' requests read the pact again, in other threads. */
    char self[ENT_NAME_MAX + 1];
    size_t members;
};

static int start(struct serving *v)
{
    const struct ent_config *c = &v->s->config;
    struct ent_diag d = {0};
    struct ent_spki spki;
    struct ent_buf cert, key;
    enum ent_err r;
    ent_buf_init(&cert, 8192);
    ent_buf_init(&key, 8192);
    const struct ent_peer_opts peer = {.home = v->s->home,
                                       .store = v->s->store,
                                       .author = v->author,
                                       .items_most = c->match_max_items,
                                       .max_tlp = c->match_tlp,
                                       .pad = v->a->pad,
                                       .idle_seconds = (unsigned)c->run_seconds,
                                       .event = log_event};
    struct ent_peer_opts with_pool = peer;
    if ((r = ent_pool_new(&v->pool, (unsigned)c->worker_threads)) == ENT_OK) {
        with_pool.pool = v->pool;
        r = ent_peer_new(&v->peer, &with_pool);
    }
    if (r == ENT_OK)
        r = ent_net_identity(&cert, &key, &spki, v->tls, v->s->home->pact.self);
    if (r == ENT_OK) {
        const struct ent_server_opts opts = {.listen =
                                                 v->a->listen != NULL ? v->a->listen : c->listen,
                                             .cert_pem = ent_buf_slice(&cert),
                                             .key_pem = ent_buf_slice(&key),
                                             .ctx = v->peer,
                                             .allow = ent_peer_allow,
                                             .max_body = ent_peer_max_body,
                                             .handle = ent_peer_handle,
                                             .threads = ent_pool_threads(v->pool),
                                             .max_connections = (unsigned)c->max_connections,
                                             .idle_seconds = (unsigned)c->idle_seconds,
                                             .request_seconds = (unsigned)c->request_seconds,
                                             .max_bodies = c->max_bodies};
        r = ent_server_start(&v->server, &d, &opts);
    }
    ent_buf_release(&cert);
    ent_buf_wipe(&key);
    return r == ENT_OK ? EXIT_DONE : cli_fail(r, &d, "starting the node");
}

static int announce(const struct serving *v)
{
    char now[ENT_TIME_TEXT], port[16];
    struct ent_diag d = {0};
    unsigned number = ent_server_port(v->server);
    ent_time_format(now, ent_clock_now());
    (void)printf("time=%s level=info event=ready member=%s port=%u members=%zu\n", now, v->self,
                 number, v->members);
    (void)fflush(stdout);
    if (v->a->port_file == NULL)
        return EXIT_DONE;
    int n = snprintf(port, sizeof(port), "%u\n", number);
    enum ent_err r = ent_file_write(v->a->port_file, ent_slice(port, (size_t)n), 0644, &d);
    return r == ENT_OK ? EXIT_DONE : cli_fail(r, &d, v->a->port_file);
}

static int unlock(struct serving *v)
{
    struct passphrase p = {0};
    struct ent_seed32 node;
    int code = cli_key(v->s, v->a, &p, ENT_KEY_AUTHOR, v->author);
    if (code == EXIT_DONE)
        code = cli_key(v->s, v->a, &p, ENT_KEY_NODE, &node);
    if (code == EXIT_DONE)
        ent_node_tls_seed(v->tls, &node);
    ent_wipe(&node, sizeof(node));
    cli_passphrase_release(&p);
    return code;
}

static int serve(struct serving *v)
{
    int code;
    v->author = ent_secret_alloc(sizeof(*v->author));
    v->tls = ent_secret_alloc(sizeof(*v->tls));
    if (v->author == NULL || v->tls == NULL)
        return cli_fail(ENT_E_NOMEM, NULL, "memory for keys");
    memcpy(v->self, v->s->home->pact.self, sizeof(v->self));
    v->members = v->s->home->pact.members;
    if ((code = unlock(v)) != EXIT_DONE || (code = start(v)) != EXIT_DONE ||
        (code = announce(v)) != EXIT_DONE)
        return code;
    while (!atomic_load(&cli_stop))
        (void)poll(NULL, 0, 200);
    return EXIT_DONE;
}

static int run(int argc, char **argv)
{
    struct args a;
    struct session s = {0};
    struct serving v = {.s = &s, .a = &a};
    int code;
    if (!cli_args(&a, &code, &cmd_serve, argc, argv))
        return code;
    if (a.rest < argc)
        return cli_usage(&cmd_serve, "unexpected argument", argv[a.rest]);
    ent_secret_harden_process();
    cli_catch_signals();
    if ((code = cli_open(&s, &a, true)) == EXIT_DONE)
        code = serve(&v);
    ent_server_stop(v.server);
    ent_peer_free(v.peer);
    ent_pool_free(v.pool);
    ent_secret_free(v.author);
    ent_secret_free(v.tls);
    cli_close(&s);
    return code;
}

const struct command cmd_serve = {
    .name = "serve",
    .usage = "[--listen ADDR:PORT]",
    .brief = "answer partners over HTTPS",
    .help =
        "Runs the node: mutual TLS 1.3, and only members of the pact get as far as a request.\n"
        "One line is logged for each match: who asked, and how many; what was asked is not known\n"
        "here. Ctrl-C or SIGTERM stops it.",
    .options = options,
    .run = run,
};
