/* taxii_list.c: what there is on a TAXII server, so that its user can choose. */
#include "cli/taxii.h"

struct listing {
    struct taxii_server *t;
    const struct args *a;
    struct ent_json j;
    struct ent_buf line;
    const char *base; /* path of the list that is read */
    size_t roots;
    struct ent_fetch_url *root; /* ENT_TAXII_ROOTS, on this server */
};

static enum ent_err say_collection(void *ctx, const struct ent_taxii_collection *c)
{
    struct listing *l = ctx;
    char url[TAXII_SHOWN], suffix[ENT_FETCH_SUFFIX], shown[ENT_SHOW_MAX];
    if (atomic_load(&cli_stop))
        return ENT_E_INTERRUPTED;
    (void)snprintf(suffix, sizeof(suffix), "%s%s/", l->base, c->id);
    (void)taxii_shown(url, l->t, suffix);
    if (!l->a->json) {
        int n = printf("  taxii+%s  %s%s\n", url, ent_show(shown, ent_slice_str(c->title)),
                       c->can_read ? "" : "  (cannot be read)");
        return n < 0 ? ENT_E_IO : ENT_OK;
    }
    char full[TAXII_SHOWN + 8];
    (void)snprintf(full, sizeof(full), "taxii+%s", url);
    ent_json_obj(&l->j, NULL);
    ent_json_cstr(&l->j, "url", full);
    ent_json_cstr(&l->j, "id", c->id);
    ent_json_cstr(&l->j, "title", c->title);
    ent_json_bool(&l->j, "can_read", c->can_read);
    ent_json_bool(&l->j, "can_write", c->can_write);
    ent_json_obj_end(&l->j);
    return l->j.err;
}

/* Each root once, and only on this server: the secret is for nobody else. */
static enum ent_err take_root(void *ctx, struct ent_slice url)
{
    struct listing *l = ctx;
    char shown[ENT_SHOW_MAX];
    enum ent_err r = ent_fetch_url_below(&l->root[l->roots], &l->t->url, url);
    for (size_t i = 0; r == ENT_OK && i < l->roots; i++)
        if (strcmp(l->root[i].path, l->root[l->roots].path) == 0)
            return ENT_OK;
    if (r == ENT_OK)
        l->roots++;
    else
        (void)fprintf(stderr, "entente: %s: an API root %s: %s\n", l->t->url.name,
                      r == ENT_E_POLICY ? "on another server, which is not asked"
                                        : "that is no URL, passed over",
                      ent_show(shown, url));
    return ENT_OK;
}

static void begin_root(struct listing *l, const char *path, const char *title)
{
    char url[TAXII_SHOWN], shown[ENT_SHOW_MAX];
    (void)taxii_shown(url, l->t, path);
    if (!l->a->json) {
        (void)printf("%s  %s\n", url, ent_show(shown, ent_slice_str(title)));
        return;
    }
    ent_json_obj(&l->j, NULL);
    ent_json_cstr(&l->j, "url", url);
    ent_json_cstr(&l->j, "title", title);
    ent_json_arr(&l->j, "collections");
}

static void end_root(struct listing *l)
{
    if (!l->a->json)
        return;
    ent_json_arr_end(&l->j);
    ent_json_obj_end(&l->j);
}

/* The collections below an API root, whose title is known. */
static int list_root(struct listing *l, const char *path, const char *title)
{
    const struct ent_taxii_sink sink = {l, taxii_nothing.root, say_collection};
    struct ent_taxii_doc doc;
    char suffix[ENT_FETCH_SUFFIX], shown[TAXII_SHOWN];
    (void)snprintf(suffix, sizeof(suffix), "%scollections/", path);
    l->base = suffix;
    begin_root(l, path, title);
    int code = taxii_doc(l->t, &doc, &sink, suffix);
    end_root(l);
    if (code == EXIT_DONE && doc.kind != ENT_TAXII_LIST)
        code = cli_fail(ENT_E_FORMAT, &(struct ent_diag){.text = "is no list of collections"},
                        taxii_shown(shown, l->t, suffix));
    return code;
}

/* One that refuses does not keep the others out. */
static int list_roots(struct listing *l)
{
    int worst = EXIT_DONE;
    for (size_t i = 0; i < l->roots && worst != EXIT_STOPPED; i++) {
        struct ent_taxii_doc doc = {.self = {.title = ""}};
        int code = taxii_doc(l->t, &doc, &taxii_nothing, l->root[i].path);
        if (code == EXIT_DONE)
            code = list_root(l, l->root[i].path, doc.self.title);
        worst = code > worst ? code : worst;
    }
    return worst;
}

static int list_all(struct listing *l)
{
    static const char word[] = "/collections/";
    const struct ent_taxii_sink sink = {l, take_root, taxii_nothing.collection};
    struct ent_taxii_doc doc;
    char path[ENT_FETCH_PATH + 2], shown[TAXII_SHOWN];
    size_t n = (size_t)snprintf(path, sizeof(path), "%s", l->t->url.path);
    if (n >= sizeof(word) - 1 && strcmp(path + n - (sizeof(word) - 1), word) == 0) {
        path[n - (sizeof(word) - 1) + 1] = '\0';
        return list_root(l, path, "");
    }
    int code = taxii_doc(l->t, &doc, &sink, path);
    if (code != EXIT_DONE)
        return code;
    if (doc.kind == ENT_TAXII_DISCOVERY)
        return list_roots(l);
    if (doc.kind == ENT_TAXII_ROOT)
        return list_root(l, path, doc.self.title);
    return cli_fail(ENT_E_FORMAT,
                    &(struct ent_diag){.text = "neither a server's discovery, nor an API root, nor "
                                               "a collection"},
                    taxii_shown(shown, l->t, path));
}

/* To look was all that was wanted only with --dry-run: else a job that imports nothing, night after
 * night, would seem to work. */
int taxii_list(struct taxii_server *t, const struct args *a)
{
    struct listing l = {.t = t, .a = a};
    ent_buf_init(&l.line, 64u << 20);
    ent_json_start(&l.j, &l.line);
    ent_json_arr(&l.j, NULL);
    l.root = calloc(ENT_TAXII_ROOTS, sizeof(l.root[0]));
    int code = l.root == NULL ? cli_fail(ENT_E_NOMEM, NULL, t->url.name) : list_all(&l);
    ent_json_arr_end(&l.j);
    enum ent_err r = ent_json_end(&l.j);
    if (r == ENT_OK && a->json)
        r = cli_put_line(&l.line);
    if (r != ENT_OK && code == EXIT_DONE)
        code = cli_fail(r, NULL, t->url.name);
    if (code == EXIT_DONE && !a->dry_run) {
        (void)fputs("entente: nothing was taken: name one of these collections\n", stderr);
        code = EXIT_USAGE;
    }
    ent_buf_release(&l.line);
    free(l.root);
    return code;
}
