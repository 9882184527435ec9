/* link.c: other members over HTTPS. */
#include "node/node.h"

struct link {
    char name[ENT_NAME_MAX + 1];
    char url[ENT_URL_MAX + 1];
    struct ent_spki spki;
    const char *why; /* the last call failed; a literal, or NULL */
};

struct ent_links {
    unsigned connect_seconds, call_seconds;
    struct ent_clients *own; /* or NULL */
    struct ent_dialer dialer;
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
    enum ent_err r = ENT_OK;
    if (l == NULL)
        return ent_fail(d, ENT_E_NOMEM, "out of memory", 0, 0);
    l->connect_seconds = opts->connect_seconds;
    l->call_seconds = opts->call_seconds;
    if (opts->front != NULL)
        l->dialer = ent_front_dialer(opts->front);
    else if ((r = ent_clients_new(&l->own, d, opts->tls, opts->self, opts->stop)) == ENT_OK)
        l->dialer = ent_clients_dialer(l->own);
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

void ent_links_free(struct ent_links *l)
{
    if (l == NULL)
        return;
    ent_clients_free(l->own);
    free(l);
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
    const struct ent_dial q = {.url = to->url,
                               .server = to->spki,
                               .connect_seconds = l->connect_seconds,
                               .call_seconds = l->call_seconds,
                               .method = method,
                               .path = path,
                               .body = body};
    enum ent_err r = l->dialer.call(l->dialer.ctx, ret_status, answer, &d, &q);
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
