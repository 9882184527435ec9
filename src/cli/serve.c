/* serve.c: entente serve: the node that partners talk to. */
#include "cli/cli.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>

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

static void log_courier(void *ctx, const struct ent_courier_event *e)
{
    char now[ENT_TIME_TEXT];
    (void)ctx;
    ent_time_format(now, ent_clock_now());
    flockfile(stdout);
    if (e->kind == ENT_COURIER_MET)
        (void)printf("time=%s level=info event=member-reached member=%s\n", now, e->member);
    else
        (void)printf("time=%s level=warn event=member-lost member=%s cause=\"%s\"\n", now,
                     e->member, e->why != NULL ? e->why : ent_err_str(e->err));
    (void)fflush(stdout);
    funlockfile(stdout);
}

struct serving {
    struct session *s;
    const struct args *a;
    struct ent_seed32 *tls; /* secret memory */
    struct ent_book_keys *keys;
    struct ent_pool *pool;
    struct ent_peer *peer;
    struct ent_server *server;
    struct ent_couriers *couriers;
    pthread_mutex_t lock;   /* couriers: replaced when the pact changes */
    int64_t watched;        /* when suspicions were looked at last */
    uint64_t version, size; /* of the pact and the own log, as the couriers know them */
    struct ent_member own;  /* with the keys that were unlocked */
    struct ent_pact *met;   /* the version whose keys the couriers were sent with; or NULL */
    char listen[256];       /* with the port that was given */
    size_t news;
};

static void heard(void *ctx, const char *member)
{
    struct serving *v = ctx;
    (void)pthread_mutex_lock(&v->lock);
    ent_couriers_wake(v->couriers, member);
    (void)pthread_mutex_unlock(&v->lock);
}

static void log_exposed(void *ctx, const struct ent_misbehaviour *m)
{
    char now[ENT_TIME_TEXT];
    ent_time_format(now, ent_clock_now());
    flockfile(stdout);
    (void)printf("time=%s level=alert event=member-exposed member=%s kind=%s\n", now, m->member,
                 ent_misbehaviour_word(m->kind));
    (void)fflush(stdout);
    funlockfile(stdout);
    heard(ctx, NULL); /* everybody should have the proof */
}

/* Who has withdrawn may be silent. */
static void log_suspicion(void *ctx, const char *member, enum ent_suspicion s, int64_t since)
{
    const struct serving *v = ctx;
    char now[ENT_TIME_TEXT], time[ENT_TIME_TEXT];
    if (ent_book_is_withdrawn(v->s->book, member))
        return;
    ent_time_format(now, ent_clock_now());
    ent_time_format(time, since);
    flockfile(stdout);
    (void)printf("time=%s level=%s event=member-%s member=%s reason=%s", now,
                 since != 0 ? "warn" : "info", since != 0 ? "suspected" : "not-suspected", member,
                 ent_suspicion_word(s));
    if (since != 0)
        (void)printf(" since=%s", time);
    (void)putchar('\n');
    (void)fflush(stdout);
    funlockfile(stdout);
}

static void log_mended(void *ctx, const char *file)
{
    char now[ENT_TIME_TEXT];
    ent_time_format(now, ent_clock_now());
    (void)ctx;
    flockfile(stdout);
    (void)printf("time=%s level=warn event=file-mended file=%s\n", now, file);
    (void)fflush(stdout);
    funlockfile(stdout);
}

/* A node without a pact waits for one: nobody may connect yet. */
static bool allow(void *ctx, const struct ent_spki *peer)
{
    struct serving *v = ctx;
    (void)pthread_mutex_lock(&v->lock);
    struct ent_peer *p = v->peer;
    (void)pthread_mutex_unlock(&v->lock);
    return p != NULL && ent_peer_allow(p, peer);
}

static size_t max_body(void *ctx, const struct ent_spki *peer, const char *method, const char *path)
{
    struct serving *v = ctx;
    return ent_peer_max_body(v->peer, peer, method, path); /* allowed: so there is one */
}

static void handle(void *ctx, const struct ent_request *req, struct ent_response *res)
{
    struct serving *v = ctx;
    ent_peer_handle(v->peer, req, res);
}

static enum ent_err start_server(struct serving *v, struct ent_diag *d)
{
    const struct ent_config *c = &v->s->config;
    struct ent_spki spki;
    struct ent_buf cert, key;
    ent_buf_init(&cert, 8192);
    ent_buf_init(&key, 8192);
    enum ent_err r = ent_net_identity(&cert, &key, &spki, v->tls, v->s->home->self.name);
    if (r == ENT_OK) {
        const struct ent_server_opts opts = {.listen = v->listen,
                                             .cert_pem = ent_buf_slice(&cert),
                                             .key_pem = ent_buf_slice(&key),
                                             .ctx = v,
                                             .allow = allow,
                                             .max_body = max_body,
                                             .handle = handle,
                                             .threads = ent_pool_threads(v->pool),
                                             .max_connections = (unsigned)c->max_connections,
                                             .idle_seconds = (unsigned)c->idle_seconds,
                                             .request_seconds = (unsigned)c->request_seconds,
                                             .max_response = ENT_HEADS_MAX + ENT_NOTE_MAX,
                                             .max_bodies = c->max_bodies};
        r = ent_server_start(&v->server, d, &opts);
    }
    if (r == ENT_OK) { /* the same port when it starts anew */
        char *colon = strrchr(v->listen, ':');
        ENT_ASSERT(colon != NULL); /* or it would not listen */
        (void)snprintf(colon, (size_t)(v->listen + sizeof(v->listen) - colon), ":%u",
                       ent_server_port(v->server));
    }
    ent_buf_release(&cert);
    ent_buf_wipe(&key);
    return r;
}

/* As soon as there is a pact: the book, the handlers, the couriers. */
static enum ent_err join(struct serving *v, struct ent_diag *d)
{
    const struct ent_config *c = &v->s->config;
    const struct ent_book_opts book = {.home = v->s->home,
                                       .keys = v->keys,
                                       .ctx = v,
                                       .exposed = log_exposed,
                                       .mended = log_mended};
    enum ent_err r = ent_book_open(&v->s->book, d, &book);
    if (r != ENT_OK)
        return r;
    const struct ent_peer_opts peer = {.book = v->s->book,
                                       .store = v->s->store,
                                       .pool = v->pool,
                                       .items_most = c->match_max_items,
                                       .max_tlp = c->match_tlp,
                                       .pad = v->a->pad,
                                       .idle_seconds = (unsigned)c->run_seconds,
                                       .ctx = v,
                                       .event = log_event,
                                       .heard = heard};
    struct ent_peer *p = NULL;
    if ((r = ent_peer_new(&p, &peer)) != ENT_OK)
        return ent_fail(d, r, "cannot start", 0, 0);
    (void)pthread_mutex_lock(&v->lock);
    v->peer = p;
    (void)pthread_mutex_unlock(&v->lock);
    return ENT_OK;
}

/* New addresses and keys: new couriers. Not with the lock held, which they may be waiting for. */
static enum ent_err send_couriers(struct serving *v, struct ent_diag *d)
{
    const struct ent_couriers_opts opts = {.home = v->s->home,
                                           .book = v->s->book,
                                           .tls = v->tls,
                                           .seconds = (unsigned)v->s->config.gossip_seconds,
                                           .ctx = v,
                                           .event = log_courier};
    struct ent_couriers *next = NULL;
    (void)pthread_mutex_lock(&v->lock);
    struct ent_couriers *old = v->couriers;
    v->couriers = NULL;
    (void)pthread_mutex_unlock(&v->lock);
    ent_couriers_stop(old);
    if (v->met != NULL)
        ent_bring_to_changed(v->s->book, v->tls, v->met);
    else if ((v->met = malloc(sizeof(*v->met))) == NULL)
        return ent_fail(d, ENT_E_NOMEM, "out of memory", 0, 0);
    ent_book_lock(v->s->book);
    *v->met = *v->s->home->pact;
    ent_book_unlock(v->s->book);
    enum ent_err r = ent_couriers_start(&next, d, &opts);
    (void)pthread_mutex_lock(&v->lock);
    v->couriers = next;
    (void)pthread_mutex_unlock(&v->lock);
    return r;
}

/* Something was said about the next version: is it decided? */
static enum ent_err count_votes(struct serving *v, struct ent_diag *d)
{
    struct ent_voting *voting = NULL;
    size_t news = ent_news_count(v->s->book);
    if (news == v->news)
        return ENT_OK;
    v->news = news;
    enum ent_err r = ent_voting_open(&voting, d, v->s->book, NULL);
    if (r == ENT_OK)
        r = ent_voting_conclude(voting, d);
    ent_voting_close(voting);
    return r == ENT_E_NOTFOUND ? ENT_OK : r;
}

/* Who became suspected, or is not any more: once a second, if the clock goes. */
static void watch(struct serving *v)
{
    int64_t now = ent_clock_now();
    if (now == v->watched)
        return;
    v->watched = now;
    enum ent_err ignored = ent_view_watch(ent_book_view(v->s->book), now, v, log_suspicion);
    (void)ignored; /* no reason to stop serving; it is tried again */
}

/* Does the newest version say other keys of us than were unlocked? */
static bool has_new_keys(const struct serving *v)
{
    const struct ent_member *m = ent_home_self(v->s->home);
    for (int i = 0; i < ENT_ROLES; i++) {
        enum ent_role role = (enum ent_role)i;
        if (role != ENT_ROLE_ROOT &&
            memcmp(ent_member_key(m, role)->pk.b, ent_member_key(&v->own, role)->pk.b, 32) != 0)
            return true;
    }
    return false;
}

/* Five times a second: is there a pact, a newer version of it, something new in our log? */
static enum ent_err look(struct serving *v, struct ent_diag *d)
{
    bool changed = false;
    enum ent_err r;
    if (v->s->book == NULL) {
        if ((r = ent_home_refresh(v->s->home, d, &changed)) != ENT_OK || v->s->home->pact == NULL ||
            (r = join(v, d)) != ENT_OK)
            return r;
    } else if ((r = ent_book_refresh(v->s->book, d, &changed)) != ENT_OK ||
               (r = count_votes(v, d)) != ENT_OK) {
        return r;
    }
    if (has_new_keys(v) || (r = ent_book_settle(v->s->book, d)) != ENT_OK)
        return r;
    ent_book_lock(v->s->book);
    uint64_t version = v->s->home->pact->version, size = ent_log_size(ent_book_log(v->s->book));
    ent_book_unlock(v->s->book);
    if (version != v->version) {
        char now[ENT_TIME_TEXT];
        ent_time_format(now, ent_clock_now());
        (void)printf("time=%s level=info event=pact version=%llu members=%zu\n", now,
                     (unsigned long long)version, v->s->home->roster.members);
        (void)fflush(stdout);
        v->version = version;
        r = send_couriers(v, d);
    } else if (size != v->size) {
        heard(v, NULL);
    }
    v->size = size;
    if (r == ENT_OK)
        watch(v);
    return r;
}

static int unlock(struct serving *v, bool unattended)
{
    struct passphrase p = {.unattended = unattended};
    int code = cli_book_keys(v->s, v->a, &p, v->keys, v->tls);
    cli_passphrase_release(&p);
    v->own = *ent_home_self(v->s->home);
    return code;
}

static int announce(const struct serving *v)
{
    char now[ENT_TIME_TEXT], port[16];
    struct ent_diag d = {0};
    unsigned number = ent_server_port(v->server);
    ent_time_format(now, ent_clock_now());
    (void)printf("time=%s level=info event=ready member=%s port=%u\n", now, v->s->home->self.name,
                 number);
    (void)fflush(stdout);
    if (v->a->port_file == NULL)
        return EXIT_DONE;
    int n = snprintf(port, sizeof(port), "%u\n", number);
    enum ent_err r = ent_file_write(v->a->port_file, ent_slice(port, (size_t)n), 0644, &d);
    return r == ENT_OK ? EXIT_DONE : cli_fail(r, &d, v->a->port_file);
}

/* --- new keys of our own ------------------------------------------------------------------------
 */

static void log_keys(const char *level, const char *text)
{
    char now[ENT_TIME_TEXT];
    ent_time_format(now, ent_clock_now());
    (void)printf("time=%s level=%s event=keys-changed cause=\"%s\"\n", now, level, text);
    (void)fflush(stdout);
}

static void stop_all(struct serving *v)
{
    (void)pthread_mutex_lock(&v->lock);
    struct ent_couriers *couriers = v->couriers;
    v->couriers = NULL;
    (void)pthread_mutex_unlock(&v->lock);
    ent_couriers_stop(couriers);
    ent_server_stop(v->server);
    v->server = NULL;
    ent_peer_free(v->peer);
    v->peer = NULL;
}

/* Whoever has not heard of the change refuses our new key, and can ask nobody but others. So they
 * are told with the old one, as long as it is at hand. */
static void say_farewell(struct serving *v)
{
    const struct ent_couriers_opts opts = {
        .home = v->s->home, .book = v->s->book, .tls = v->tls, .brief = true};
    struct ent_courier_tally ignored;
    if (memcmp(v->own.tls.pk.b, ent_home_self(v->s->home)->tls.pk.b, 32) == 0)
        return;
    (void)!ent_couriers_once(NULL, &opts, &ignored);
}

/* As a start, with the keys of now, at the same address. */
static int renew(struct serving *v)
{
    struct ent_diag d = {0};
    enum ent_err r;
    int code;
    stop_all(v);
    say_farewell(v);
    ent_book_close(v->s->book);
    v->s->book = NULL;
    if ((code = unlock(v, true)) != EXIT_DONE) {
        log_keys("alert", "the pact has new keys of this member, and they cannot be unlocked here: "
                          "nothing is signed with the old ones; start again");
        return code;
    }
    if ((r = join(v, &d)) != ENT_OK || (r = start_server(v, &d)) != ENT_OK ||
        (r = ent_book_settle(v->s->book, &d)) != ENT_OK)
        return cli_fail(r, &d, "starting with new keys");
    v->version = 0; /* new couriers */
    log_keys("info", "the pact has new keys of this member, and they are in use");
    return EXIT_DONE;
}

static int serve(struct serving *v)
{
    struct ent_diag d = {0};
    enum ent_err r;
    int code;
    v->tls = ent_secret_alloc(sizeof(*v->tls));
    v->keys = ent_secret_alloc(sizeof(*v->keys));
    if (v->tls == NULL || v->keys == NULL)
        return cli_fail(ENT_E_NOMEM, NULL, "memory for keys");
    if ((code = unlock(v, false)) != EXIT_DONE)
        return code;
    if (snprintf(v->listen, sizeof(v->listen), "%s",
                 v->a->listen != NULL ? v->a->listen : v->s->config.listen) >=
        (int)sizeof(v->listen) - 8)
        return cli_fail(ENT_E_LIMIT, NULL, "the address to listen on");
    if ((r = ent_pool_new(&v->pool, (unsigned)v->s->config.worker_threads)) != ENT_OK ||
        (v->s->home->pact != NULL && (r = join(v, &d)) != ENT_OK) ||
        (r = start_server(v, &d)) != ENT_OK)
        return cli_fail(r, &d, "starting the node");
    if ((code = announce(v)) != EXIT_DONE)
        return code;
    while (!atomic_load(&cli_stop)) {
        if ((r = look(v, &d)) != ENT_OK)
            return cli_fail(r, &d, "keeping the book");
        if (v->s->book != NULL && has_new_keys(v) && (code = renew(v)) != EXIT_DONE)
            return code;
        (void)poll(NULL, 0, 200);
    }
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
    (void)pthread_mutex_init(&v.lock, NULL);
    if ((code = cli_open(&s, &a, true)) == EXIT_DONE)
        code = serve(&v);
    ent_couriers_stop(v.couriers);
    ent_server_stop(v.server);
    ent_peer_free(v.peer);
    ent_pool_free(v.pool);
    free(v.met);
    ent_secret_free(v.tls);
    ent_secret_free(v.keys);
    cli_close(&s);
    (void)pthread_mutex_destroy(&v.lock);
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
