/* link.c: other members over HTTPS. */
#include "node/link.h"

struct link {
    char name[ENT_NAME_MAX + 1];
    char url[ENT_URL_MAX + 1];
    struct ent_spki spki;
    struct ent_client *client; /* NULL until it is needed, and again when it broke */
    const char *why;           /* it broke; a literal, or NULL */
};

struct ent_links {
    struct ent_links_opts opts; /* without pact, self, tls, member and url */
    struct ent_buf cert, key;   /* PEM; key is secret */
    struct link link[ENT_PACT_MEMBERS];
    size_t links;
};

static enum ent_err add(struct ent_links *l, const struct ent_member *m,
                        const struct ent_links_opts *opts)
{
    struct link *to = &l->link[l->links];
    bool elsewhere = opts->url != NULL && strcmp(opts->member, m->name) == 0;
    const char *url = elsewhere ? opts->url : m->url;
    if (strlen(url) > ENT_URL_MAX)
        return ENT_E_LIMIT;
    memcpy(to->name, m->name, sizeof(to->name));
    memcpy(to->url, url, strlen(url) + 1);
    ent_spki_of_ed25519(&to->spki, m->tls.pk.b);
    l->links++;
    return ENT_OK;
}

enum ent_err ent_links_new(struct ent_links **ret, struct ent_diag *d,
                           const struct ent_links_opts *opts)
{
    struct ent_links *l = calloc(1, sizeof(*l));
    struct ent_spki own;
    if (l == NULL)
        return ent_fail(d, ENT_E_NOMEM, "out of memory", 0, 0);
    ent_buf_init(&l->cert, 8192);
    ent_buf_init(&l->key, 8192);
    l->opts.connect_seconds = opts->connect_seconds;
    l->opts.call_seconds = opts->call_seconds;
    l->opts.stop = opts->stop;
    enum ent_err r = ent_net_identity(&l->cert, &l->key, &own, opts->tls, opts->self);
    for (size_t i = 0; r == ENT_OK && i < opts->pact->members; i++)
        if (strcmp(opts->pact->member[i].name, opts->self) != 0)
            r = add(l, &opts->pact->member[i], opts);
    if (r != ENT_OK) {
        ent_links_free(l);
        return ent_fail(d, r, "cannot prepare connections to members", 0, 0);
    }
    *ret = l;
    return ENT_OK;
}

static void hang_up(struct link *to)
{
    ent_client_free(to->client);
    to->client = NULL;
}

void ent_links_free(struct ent_links *l)
{
    if (l == NULL)
        return;
    for (size_t i = 0; i < l->links; i++)
        hang_up(&l->link[i]);
    ent_buf_release(&l->cert);
    ent_buf_wipe(&l->key);
    free(l);
}

static enum ent_err dial(struct ent_links *l, struct link *to, struct ent_diag *d)
{
    const struct ent_client_opts opts = {.url = to->url,
                                         .cert_pem = ent_buf_slice(&l->cert),
                                         .key_pem = ent_buf_slice(&l->key),
                                         .server = to->spki,
                                         .connect_seconds = l->opts.connect_seconds,
                                         .call_seconds = l->opts.call_seconds,
                                         .stop = l->opts.stop};
    if (to->client != NULL)
        return ENT_OK;
    return ent_client_new(&to->client, d, &opts);
}

static enum ent_err call(void *ctx, unsigned *ret_status, struct ent_buf *answer,
                         const char *member, const char *method, const char *path,
                         struct ent_slice body)
{
    struct ent_links *l = ctx;
    struct link *to = NULL;
    struct ent_diag d = {0};
    for (size_t i = 0; i < l->links; i++)
        if (strcmp(l->link[i].name, member) == 0)
            to = &l->link[i];
    if (to == NULL || strcmp(to->url, "-") == 0)
        return ENT_E_NOTFOUND;
    enum ent_err r = dial(l, to, &d);
    if (r == ENT_OK)
        r = ent_client_call(to->client, ret_status, answer, &d, method, path, body);
    if (r != ENT_OK)
        hang_up(to);
    to->why = r != ENT_OK ? d.text : NULL;
    return r;
}

const char *ent_links_why(const struct ent_links *l, const char *member)
{
    for (size_t i = 0; i < l->links; i++)
        if (strcmp(l->link[i].name, member) == 0)
            return l->link[i].why;
    return NULL;
}

struct ent_wire ent_links_wire(struct ent_links *l)
{
    return (struct ent_wire){.ctx = l, .call = call};
}
