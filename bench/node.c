/*
 * node.c: the users' port of a node in one process; bench/node.sh puts it beside the processes of
 * the real one.
 *
 *     node HOME CERT KEY PORT-FILE    what front, api and keeper do with the store of HOME, each
 *                                     called by the one before; until standard input ends
 */
#include "node/node.h"

#include "net/net.h"
#include "node/portal.h"

#define THREADS 8u /* as the front has */

static void must(enum ent_err r, const char *what)
{
    if (r == ENT_OK)
        return;
    (void)fprintf(stderr, "node: %s: %s\n", what, ent_err_str(r));
    exit(1);
}

/* Nothing that a reader of TAXII does is on record, but the first use of a token. */
static enum ent_err record(void *ctx, const struct ent_trail_record *r, struct ent_diag *d)
{
    (void)ctx, (void)r, (void)d;
    return ENT_OK;
}

static struct ent_store *store_of(const char *home)
{
    struct ent_store *s;
    char path[ENT_PATH_MAX];
    (void)snprintf(path, sizeof(path), "%s/store.db", home);
    must(ent_store_open(&s, NULL, path), path);
    return s;
}

static struct ent_portal *portal_of(const char *home)
{
    static struct ent_direct keeper = {.serve = ent_api_serve, .max = ENT_MSG_MAX};
    struct ent_users *users;
    struct ent_api_desk *desk;
    struct ent_portal *portal;
    struct ent_home *card; /* who publishes: what is ready for readers is so for this one */
    must(ent_home_open_card(&card, NULL, home), home);
    const struct ent_member *self = ent_home_self(card);
    struct ent_epoch *epoch;
    char path[ENT_PATH_MAX];
    (void)snprintf(path, sizeof(path), "%s/%s", home, ENT_EPOCH_FILE);
    must(ent_epoch_open(&epoch, NULL, path), path);
    const struct ent_users_opts u = {.store = store_of(home), .record = record, .epoch = epoch};
    must(ent_users_new(&users, &u), "users");
    const struct ent_api_desk_opts d = {.users = users,
                                        .read = store_of(home),
                                        .write = store_of(home),
                                        .tend = store_of(home),
                                        .epoch = epoch,
                                        .key = ent_slice(self->root.pk.b, sizeof(self->root.pk.b)),
                                        .author = ent_slice_str(self->display)};
    must(ent_api_desk_new(&desk, &d), "desk");
    keeper.service = desk;
    const struct ent_portal_opts p = {.keeper = ent_caller_direct(&keeper)};
    must(ent_portal_new(&portal, &p), "portal");
    return portal;
}

static size_t max_body(void *ctx, const char *method, const char *path)
{
    (void)ctx;
    return ent_portal_max_body(NULL, method, path);
}

static void handle(void *ctx, const struct ent_web_request *req, struct ent_web_answer *ret)
{
    ent_portal_handle(ctx, req, ret);
}

int main(int argc, char **argv)
{
    struct ent_buf cert, key;
    struct ent_web *web;
    char c;
    if (argc != 5)
        return 2;
    must(ent_secret_start(), "random");
    ent_buf_init(&cert, 65536);
    ent_buf_init(&key, 65536);
    must(ent_file_read(&cert, NULL, argv[2]), argv[2]);
    must(ent_file_read(&key, NULL, argv[3]), argv[3]);
    const struct ent_web_opts o = {.listen = "127.0.0.1:0",
                                   .cert_pem = ent_buf_slice(&cert),
                                   .key_pem = ent_buf_slice(&key),
                                   .ctx = portal_of(argv[1]),
                                   .max_body = max_body,
                                   .handle = handle,
                                   .threads = THREADS,
                                   .max_answer = ENT_WEB_ANSWER_MAX};
    must(ent_web_start(&web, NULL, &o), "web");
    FILE *f = fopen(argv[4], "w");
    if (f == NULL || fprintf(f, "%u\n", ent_web_port(web)) < 0 || fclose(f) != 0)
        must(ENT_E_IO, argv[4]);
    while (read(STDIN_FILENO, &c, 1) > 0)
        ;
    ent_web_stop(web);
    return 0; /* all else ends with the process */
}
