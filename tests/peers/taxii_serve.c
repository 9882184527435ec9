/*
 * taxii_serve.c: serves a home's store by TAXII 2.1 over plain HTTP on the loopback, with the three
 * stages that a node puts into processes of their own, so that real clients can be pointed at it.
 *
 *   taxii_serve HOME PORTFILE   writes its port into PORTFILE, and serves until it is killed
 *
 * Who asks: a user "clear", "green", "amber" or "writer", whose password is "secret".
 */
#include "node/node.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <signal.h>

struct serving {
    struct ent_home *home;
    struct ent_taxii_server server;
    struct ent_store *store;
};

struct call {
    struct ent_buf body;
};

static void must(enum ent_err r, const struct ent_diag *d, const char *what)
{
    if (r == ENT_OK)
        return;
    (void)fprintf(stderr, "taxii_serve: %s: %s\n", what,
                  d != NULL && d->text != NULL ? d->text : ent_err_str(r));
    exit(1);
}

static int64_t now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void tend(struct serving *x)
{
    bool left = true;
    while (left)
        must(ent_taxii_tend(&x->server, now(), 5000, &left, NULL), NULL, "tend");
}

static bool who_is(struct ent_taxii_who *ret, const char *authorization)
{
    static const struct {
        const char *user, *pair;
        enum ent_tlp clearance;
    } users[] = {{"clear", "clear:secret", ENT_TLP_CLEAR},
                 {"green", "green:secret", ENT_TLP_GREEN},
                 {"amber", "amber:secret", ENT_TLP_AMBER},
                 {"writer", "writer:secret", ENT_TLP_GREEN}};
    char pair[64];
    size_t n = 0;
    if (authorization == NULL || strncmp(authorization, "Basic ", 6) != 0 ||
        ent_base64_decode(pair, &n, sizeof(pair), ent_slice_str(authorization + 6)) != ENT_OK)
        return false;
    for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++)
        if (ent_slice_eq(ent_slice(pair, n), ent_slice_str(users[i].pair))) {
            *ret = (struct ent_taxii_who){ent_slice_str(users[i].user), users[i].clearance,
                                          strcmp(users[i].user, "writer") == 0};
            return true;
        }
    return false;
}

static struct ent_slice header(struct MHD_Connection *c, const char *name)
{
    const char *v = MHD_lookup_connection_value(c, MHD_HEADER_KIND, name);
    return ent_slice_str(v == NULL ? "" : v);
}

/* libmicrohttpd keeps only the decoded parameters: they are encoded again. */
static enum MHD_Result add_parameter(void *ctx, enum MHD_ValueKind kind, const char *key,
                                     const char *value)
{
    struct ent_buf *b = ctx;
    const char *const part[] = {key, value == NULL ? "" : value};
    (void)kind;
    for (int i = 0; i < 2; i++) {
        must(ent_buf_putc(b, i == 0 ? '&' : '='), NULL, "query");
        for (const char *p = part[i]; *p != '\0'; p++)
            must(ent_buf_printf(b, "%%%02x", (unsigned char)*p), NULL, "query");
    }
    return MHD_YES;
}

static void run(struct serving *x, struct ent_taxii_answer *a, struct MHD_Connection *c,
                const char *method, const char *path, struct ent_slice body)
{
    struct ent_taxii_who who;
    struct ent_taxii_query q;
    struct ent_buf parameters, query, rows;
    ent_buf_init(&parameters, 1u << 20);
    ent_buf_init(&query, ENT_TAXII_QUERY_MAX);
    ent_buf_init(&rows, ENT_TAXII_ROWS);
    (void)MHD_get_connection_values(c, MHD_GET_ARGUMENT_KIND, add_parameter, &parameters);
    const struct ent_taxii_request req = {
        .method = method,
        .path = path,
        .query = ent_buf_slice(&parameters),
        .accept = header(c, "Accept"),
        .content_type = header(c, "Content-Type"),
        .host = header(c, "Host"),
        .body = body,
        .who = who_is(&who, (const char *)header(c, "Authorization").p) ? &who : NULL};
    enum ent_err r = ent_taxii_parse(&query, a, &req);
    if (r == ENT_OK) {
        must(ent_taxii_run(&x->server, &rows, ent_buf_slice(&query), now()), NULL, "run");
        must(ent_taxii_query_parse(&q, ent_buf_slice(&query)), NULL, "query");
        must(ent_taxii_render(a, &q, ent_buf_slice(&rows)), NULL, "render");
    }
    ent_buf_release(&parameters);
    ent_buf_release(&query);
    ent_buf_release(&rows);
}

static enum MHD_Result answer(struct MHD_Connection *c, struct ent_taxii_answer *a)
{
    struct MHD_Response *res =
        MHD_create_response_from_buffer(a->body.n, a->body.p, MHD_RESPMEM_MUST_COPY);
    struct ent_cur cur = ent_cur(ent_buf_slice(&a->headers));
    struct ent_slice line;
    char name[64], value[256];
    (void)MHD_add_response_header(res, "Content-Type", ENT_TAXII_TYPE);
    while (ent_cur_line(&cur, &line) == ENT_OK) {
        const uint8_t *colon = memchr(line.p, ':', line.n);
        size_t n = colon == NULL ? 0 : (size_t)(colon - line.p);
        (void)snprintf(name, sizeof(name), "%.*s", (int)n, (const char *)line.p);
        (void)snprintf(value, sizeof(value), "%.*s", (int)(line.n - n - 2),
                       (const char *)line.p + n + 2);
        (void)MHD_add_response_header(res, name, value);
    }
    enum MHD_Result r = MHD_queue_response(c, a->status, res);
    MHD_destroy_response(res);
    return r;
}

static enum MHD_Result handle(void *ctx, struct MHD_Connection *c, const char *path,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_n, void **state)
{
    struct serving *x = ctx;
    struct call *call = *state;
    struct ent_taxii_answer a;
    (void)version;
    if (call == NULL) {
        if ((call = calloc(1, sizeof(*call))) == NULL)
            return MHD_NO;
        ent_buf_init(&call->body, ENT_TAXII_BODY + 1);
        *state = call;
        return MHD_YES;
    }
    if (*upload_n > 0) {
        if (ent_buf_put(&call->body, upload, *upload_n) != ENT_OK)
            return MHD_NO;
        *upload_n = 0;
        return MHD_YES;
    }
    ent_taxii_answer_init(&a, (size_t)256 << 20);
    tend(x);
    run(x, &a, c, method, path, ent_buf_slice(&call->body));
    enum MHD_Result r = answer(c, &a);
    ent_taxii_answer_release(&a);
    return r;
}

static void done(void *ctx, struct MHD_Connection *c, void **state,
                 enum MHD_RequestTerminationCode why)
{
    struct call *call = *state;
    (void)ctx, (void)c, (void)why;
    if (call != NULL)
        ent_buf_release(&call->body);
    free(call);
    *state = NULL;
}

int main(int argc, char **argv)
{
    struct serving x = {.home = NULL};
    struct ent_diag d = {0};
    char path[ENT_PATH_MAX];
    sigset_t set;
    int sig;
    if (argc != 3)
        return 2;
    must(ent_home_open(&x.home, &d, argv[1]), &d, "home");
    must(ent_path_join(path, sizeof(path), argv[1], "store.db"), NULL, "path");
    must(ent_store_open(&x.store, &d, path), &d, "store");
    const struct ent_member *self = ent_home_self(x.home);
    must(ent_taxii_server_init(&x.server, x.store,
                               ent_slice(self->root.pk.b, sizeof(self->root.pk.b)),
                               ent_slice_str(self->display)),
         NULL, "server");
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, handle, &x, MHD_OPTION_SOCK_ADDR,
        (struct sockaddr *)&at, MHD_OPTION_NOTIFY_COMPLETED, done, NULL, MHD_OPTION_END);
    const union MHD_DaemonInfo *info =
        daemon == NULL ? NULL : MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);
    FILE *f = info == NULL ? NULL : fopen(argv[2], "we");
    if (f == NULL || fprintf(f, "%u\n", info->port) < 0 || fclose(f) != 0)
        must(ENT_E_IO, NULL, "start");
    (void)sigwait(&set, &sig);
    MHD_stop_daemon(daemon);
    ent_store_close(x.store);
    ent_home_free(x.home);
    return 0;
}
