/* serve.c: entente serve: the node that partners and users talk to. */
#include "cli/cli.h"

static const struct option_spec options[] = {
    {"--listen", "ADDR:PORT", "instead of the configuration's; port 0 takes a free one"},
    {"--port-file", "FILE", "write the port there when ready, for scripts"},
    {"--users-listen", "ADDR:PORT", "the same for users; off: no port for them"},
    {"--users-port-file", "FILE", "write the users' port there when ready"},
    {"--passphrase-file", "FILE", "take the passphrase from the first line of FILE"},
    {"--pad", NULL, "hide how many indicators you have behind the next power of two"},
    {NULL, NULL, NULL},
};

struct serving {
    struct session *s;
    const struct args *a;
    struct ent_reporter *log;
    struct ent_counts *counts;
    struct passphrase passphrase;
    bool unlocked; /* once */
    int code;      /* why it ends, where that was printed; else EXIT_DONE */
};

/* --- what the daemon asks -----------------------------------------------------------------------
 */

/* At the start with the passphrase that was given, later with that of the file. */
static enum ent_err unlock(void *ctx, const struct ent_book_wants *wants,
                           struct ent_book_keys *ret_keys, struct ent_seed32 *ret_node)
{
    struct serving *v = ctx;
    const char *which = NULL;
    struct ent_diag d = {0};
    v->passphrase.unattended = true;
    if (v->unlocked && (v->code = cli_passphrase_any(v->s, v->a, &v->passphrase)) != EXIT_DONE)
        return ENT_E_AUTH;
    enum ent_err r = ent_home_book_keys(v->s->home, ret_keys, ret_node, &d, wants,
                                        ent_buf_slice(&v->passphrase.text), &which);
    cli_passphrase_release(&v->passphrase);
    v->unlocked = true;
    if (r != ENT_OK)
        v->code = cli_fail(r, &d, which);
    return r;
}

static int set_address(char ret[static ENT_CONFIG_TEXT_MAX], const char *given)
{
    if (given == NULL)
        return EXIT_DONE;
    if (strcmp(given, ENT_CONFIG_OFF) != 0 && ent_server_listen_check(given) != ENT_OK)
        return cli_fail(ENT_E_FORMAT,
                        &(struct ent_diag){.text = "the address to listen on is not ADDRESS:PORT"},
                        given);
    int n = snprintf(ret, ENT_CONFIG_TEXT_MAX, "%s", given);
    return n < (int)ENT_CONFIG_TEXT_MAX - 8 ? EXIT_DONE : cli_fail(ENT_E_LIMIT, NULL, given);
}

static int read_pem(struct ent_buf *b, const char *path)
{
    struct ent_diag d = {0};
    ent_buf_init(b, ENT_BIRTH_PEM - 1);
    enum ent_err r = ent_file_read(b, &d, path);
    return r == ENT_OK ? EXIT_DONE : cli_fail(r, &d, path);
}

/* Before anybody depends on it: the process that uses it would end for it again and again. */
static int check_certificate(const struct ent_config *c)
{
    struct ent_buf cert, key;
    struct ent_diag d = {0};
    int code = read_pem(&cert, c->users_cert), other = read_pem(&key, c->users_key);
    code = code == EXIT_DONE ? other : code;
    if (code == EXIT_DONE) {
        enum ent_err r = ent_web_check_pair(&d, ent_buf_slice(&cert), ent_buf_slice(&key));
        code = r == ENT_OK ? EXIT_DONE : cli_fail(r, &d, c->users_cert);
    }
    ent_buf_release(&cert);
    ent_buf_wipe(&key);
    return code;
}

/* Said here, where people see it, and not when the keeper cannot be started. */
static int check_secret(const struct ent_config *c)
{
    struct ent_buf secret;
    struct ent_diag d = {0};
    if (c->webhook_url[0] == '\0')
        return EXIT_DONE;
    enum ent_err r = ent_hook_secret_read(&secret, &d, c->webhook_secret);
    ent_buf_wipe(&secret);
    return r == ENT_OK ? EXIT_DONE : cli_fail(r, &d, c->webhook_secret);
}

/* The configuration, with what the command line says instead. */
static int configure(const struct serving *v, struct ent_config *c)
{
    int code = set_address(c->listen, v->a->listen);
    if (code == EXIT_DONE)
        code = set_address(c->users_listen, v->a->users_listen);
    if (code == EXIT_DONE && (c->users_cert[0] == '\0') != (c->users_key[0] == '\0'))
        code =
            cli_fail(ENT_E_FORMAT,
                     &(struct ent_diag){.text = "users_cert and users_key go together"}, "config");
    if (code == EXIT_DONE && c->users_cert[0] != '\0')
        code = check_certificate(c);
    return code == EXIT_DONE ? check_secret(c) : code;
}

static void failed(void *ctx, struct ent_slice what, struct ent_slice why)
{
    struct serving *v = ctx;
    char name[ENT_SHOW_MAX], reason[ENT_SHOW_MAX];
    (void)fprintf(stderr, "entente: %s: %s\n", ent_show(name, what), ent_show(reason, why));
    v->code = EXIT_FAILED;
}

static bool reload(void *ctx, struct ent_config *ret)
{
    struct serving *v = ctx;
    return cli_load_config(v->s, ret) == EXIT_DONE && configure(v, ret) == EXIT_DONE;
}

static int write_port(const char *file, unsigned number)
{
    char port[16];
    struct ent_diag d = {0};
    if (file == NULL)
        return EXIT_DONE;
    int n = snprintf(port, sizeof(port), "%u\n", number);
    enum ent_err r = ent_file_write(file, ent_slice(port, (size_t)n), 0644, &d);
    return r == ENT_OK ? EXIT_DONE : cli_fail(r, &d, file);
}

/* How to become the first operator; on standard error, where it is shown and not kept. */
static void invite(const struct ent_config *c, const struct ent_daemon_ports *p)
{
    const char *colon = strrchr(c->users_listen, ':');
    if (p->users_port == 0 || p->link[0] == '\0' || colon == NULL)
        return;
    struct ent_slice host = ent_slice(c->users_listen, (size_t)(colon - c->users_listen));
    if (c->users_host[0] != '\0')
        host = ent_slice_str(c->users_host);
    else if (ent_slice_eq(host, ENT_SLICE_LIT("0.0.0.0")) ||
             ent_slice_eq(host, ENT_SLICE_LIT("[::]")))
        host = ENT_SLICE_LIT("localhost"); /* "any address" is none to open */
    (void)fprintf(stderr,
                  "entente: there is no operator yet. Within an hour, this makes one:\n"
                  "  https://%.*s:%u/first#%s\n",
                  (int)host.n, (const char *)host.p, p->users_port, p->link);
}

static enum ent_err ready(void *ctx, const struct ent_daemon_ports *p)
{
    struct serving *v = ctx;
    char fingerprint[7 + 3 * sizeof(p->fingerprint)];
    struct ent_report r;
    ent_report_init(&r, ENT_LEVEL_INFO, "ready");
    ent_report_text(&r, "member", v->s->home->self.name);
    ent_report_number(&r, "port", p->port);
    if (p->users_port != 0)
        ent_report_number(&r, "users_port", p->users_port);
    if (p->users_port != 0 && v->s->config.users_cert[0] == '\0') {
        size_t n = (size_t)snprintf(fingerprint, sizeof(fingerprint), "SHA256");
        for (size_t i = 0; i < sizeof(p->fingerprint); i++)
            n += (size_t)snprintf(fingerprint + n, sizeof(fingerprint) - n, ":%02X",
                                  p->fingerprint[i]);
        ent_report_text(&r, "fingerprint", fingerprint);
    }
    ent_reporter_say(v->log, &r);
    invite(&v->s->config, p);
    if ((v->code = write_port(v->a->users_port_file, p->users_port)) == EXIT_DONE)
        v->code = write_port(v->a->port_file, p->port);
    return v->code == EXIT_DONE ? ENT_OK : ENT_E_IO;
}

/* --- the command --------------------------------------------------------------------------------
 */

static int serve(struct serving *v)
{
    struct ent_config *c = &v->s->config;
    struct ent_diag d = {0};
    struct ent_reporter_opts log = {.format = c->log_format, .to = c->log_to, .fd = STDOUT_FILENO};
    const struct ent_daemon_opts opts = {.home = v->s->home->dir,
                                         .name = v->s->home->self.name,
                                         .config = c,
                                         .pad = v->a->pad,
                                         .notify = getenv("NOTIFY_SOCKET"),
                                         .ctx = v,
                                         .unlock = unlock,
                                         .reload = reload,
                                         .failed = failed,
                                         .ready = ready};
    struct ent_daemon_opts with = opts;
    enum ent_err r;
    int code;
    if ((code = configure(v, c)) != EXIT_DONE)
        return code;
    if ((r = ent_upgrade_apart(&d, v->s->home->dir)) != ENT_OK)
        return cli_fail(r, &d, v->s->home->dir);
    if ((code = cli_passphrase_any(v->s, v->a, &v->passphrase)) != EXIT_DONE)
        return code;
    if ((r = ent_counts_new(&v->counts, ENT_PROCESS_PARENT)) != ENT_OK)
        return cli_fail(r, NULL, NULL);
    with.counts = log.counts = v->counts;
    if ((r = ent_reporter_new(&v->log, &log)) == ENT_OK) {
        with.reporter = v->log;
        r = ent_daemon_run(&d, &with);
    }
    ent_reporter_free(v->log);
    ent_counts_free(v->counts);
    if (r == ENT_OK || v->code != EXIT_DONE)
        return v->code;
    return cli_fail(r, &d, "the node");
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
    if ((code = cli_open_card(&s, &a)) == EXIT_DONE)
        code = serve(&v);
    cli_passphrase_release(&v.passphrase);
    cli_close(&s);
    return code;
}

const struct command cmd_serve = {
    .name = "serve",
    .usage = "[--listen ADDR:PORT]",
    .brief = "answer partners and users over HTTPS",
    .help =
        "Runs the node, as processes that do not trust each other: docs/processes.md. Partners\n"
        "come by mutual TLS 1.3, and only members of the pact get as far as a request; one line "
        "is\n"
        "logged for each match: who asked, and how many; what was asked is not known here. Users\n"
        "and their tools (TAXII 2.1, a browser) have a port of their own, on this machine alone\n"
        "unless the configuration says otherwise. Ctrl-C or SIGTERM stops it, when matches that\n"
        "have begun are over; a second one at once. SIGHUP reads the configuration again.",
    .options = options,
    .run = run,
};
