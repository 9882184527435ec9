/*
 * taxii_pages.c: the pages of a collection, one transaction each. What a page brought and where the
 * next one is are kept together, so that an end at any instruction, by a signal, the network or the
 * power, loses nothing and repeats at most what is known.
 */
#include "cli/taxii.h"

#define LIMIT       1000u /* objects that are asked for at once; servers may give fewer */
#define PAGES_MAX   UINT64_C(1000000)
#define STALLED_MAX 1000u
#define SOURCE_MAX  255

struct pages {
    struct taxii_server *t;
    struct importing *im;
    struct taxii_run run;
    struct ent_taxii_cursor at, to; /* of the page under way; behind it */
    struct ent_envelope envelope;
    struct ent_fetch_answer answer;
    enum ent_err stuck; /* there is more, but no way forward */
    struct ent_diag stuck_why;
    unsigned stalled; /* pages in a row that brought nothing new */
    bool new_source;
    char source[SOURCE_MAX + 1];
    char suffix[ENT_FETCH_SUFFIX];
};

/* --- who says so ------------------------------------------------------------------------------ */

/* "host/title". A title is the server's to choose, the host is not: it cannot take the name of
 * another server's collection. */
static int name_source(struct pages *p)
{
    struct ent_taxii_doc doc;
    struct ent_buf known;
    const char *path = p->t->url.path;
    int code = taxii_doc(p->t, &doc, &taxii_nothing, path);
    if (code != EXIT_DONE)
        return code;
    char shown[TAXII_SHOWN];
    (void)taxii_shown(shown, p->t, path);
    if (doc.kind != ENT_TAXII_COLLECTION)
        return cli_fail(ENT_E_FORMAT, &(struct ent_diag){.text = "is no collection"}, shown);
    if (!doc.self.can_read)
        return cli_fail(ENT_E_POLICY,
                        &(struct ent_diag){.text = "the server lets nobody, or not us, read it"},
                        shown);
    if (p->im->a->source != NULL)
        return EXIT_DONE;
    ent_buf_init(&known, SOURCE_MAX);
    enum ent_err r = ent_taxii_source(p->im->store, &known, &p->t->url);
    p->new_source = r == ENT_E_NOTFOUND;
    const char *title = doc.self.title[0] != '\0' ? doc.self.title : doc.self.id;
    if (p->new_source)
        r = ent_buf_printf(&known, "%.*s/%.*s", SOURCE_MAX - ENT_TAXII_TITLE - 1, p->t->url.name,
                           ENT_TAXII_TITLE, title);
    if (r == ENT_OK)
        (void)snprintf(p->source, sizeof(p->source), "%.*s", (int)known.n, (const char *)known.p);
    ent_buf_release(&known);
    p->im->source = ent_slice_str(p->source);
    return r == ENT_OK ? EXIT_DONE : cli_fail(r, NULL, shown);
}

/* --- one page --------------------------------------------------------------------------------- */

static enum ent_err before_commit(void *ctx)
{
    struct pages *p = ctx;
    const struct ent_fetch_url *url = &p->t->url;
    enum ent_err r = ENT_OK;
    p->to = p->at;
    p->stuck = ent_taxii_advance(&p->to, &p->envelope, p->answer.date, &p->stuck_why);
    if (p->im->a->dry_run)
        return ENT_OK;
    if (p->new_source)
        r = ent_taxii_source_keep(p->im->store, url, p->im->source);
    return r == ENT_OK ? ent_taxii_cursor_keep(p->im->store, &p->to, url, p->im->source) : r;
}

static int read_page(struct pages *p, const struct ent_import_opts *opts)
{
    struct ent_import_opts o = *opts;
    struct ent_diag d = {0};
    char shown[TAXII_SHOWN];
    const struct counts before = p->im->n;
    p->envelope = (struct ent_envelope){.more = false};
    o.format = ENT_FORMAT_STIX;
    o.envelope = &p->envelope;
    const char *whole = p->im->path;
    p->im->path = taxii_shown(shown, p->t, p->suffix);
    enum ent_err r =
        cli_import_whole(p->im, ent_fetch_reader(p->t->fetch), &o, before_commit, p, NULL, &d);
    ent_progress_hide(&p->im->progress);
    int code = r == ENT_OK ? EXIT_DONE : cli_fail(r, &d, p->im->path);
    p->im->path = whole;
    if (r != ENT_OK)
        return code;
    bool moved = p->im->n.fresh + p->im->n.claims != before.fresh + before.claims ||
                 strcmp(p->to.last, p->at.last) != 0;
    p->stalled = moved ? 0 : p->stalled + 1;
    p->at = p->to;
    p->run.pages++;
    p->run.whole = !p->envelope.more;
    return EXIT_DONE;
}

/* A server forgets where its pages were: then from the filter they had, which repeats some of them
 * and leaves out none. */
static bool forgotten(struct pages *p)
{
    unsigned s = p->answer.status;
    if (!p->run.resumed || p->run.pages > 0 || (s != 400 && s != 404 && s != 410 && s != 422))
        return false;
    p->run.resumed = false;
    p->at.next[0] = '\0';
    (void)fprintf(stderr,
                  "entente: %s: the server no longer knows where the last import stopped; from the "
                  "beginning of that one\n",
                  p->t->url.name);
    return true;
}

static int stop_here(const struct pages *p)
{
    char shown[TAXII_SHOWN];
    const struct ent_diag *d = &p->stuck_why;
    struct ent_diag why = {.text = NULL};
    enum ent_err r = p->stuck;
    if (r == ENT_OK && p->stalled >= STALLED_MAX) {
        r = ENT_E_PEER;
        why.text = "1,000 pages in a row brought nothing new, and there is more, the server says";
    } else if (r == ENT_OK && p->run.pages == PAGES_MAX) {
        r = ENT_E_LIMIT;
        why.text = "more than a million pages";
    }
    if (why.text != NULL)
        d = &why;
    return r == ENT_OK ? EXIT_DONE : cli_fail(r, d, taxii_shown(shown, p->t, p->suffix));
}

static int next_page(struct pages *p, const struct ent_import_opts *opts)
{
    char shown[TAXII_SHOWN];
    int code;
    enum ent_err r = ent_taxii_suffix(p->suffix, &p->at, p->t->url.path, LIMIT);
    if (r != ENT_OK)
        return cli_fail(r, NULL, taxii_shown(shown, p->t, p->t->url.path));
    if ((code = taxii_ask(p->t, &p->answer, p->suffix)) != EXIT_DONE)
        return code;
    if (forgotten(p))
        return EXIT_DONE;
    if ((code = taxii_check(p->t, &p->answer, p->suffix)) != EXIT_DONE ||
        (code = read_page(p, opts)) != EXIT_DONE || p->run.whole)
        return code;
    return stop_here(p);
}

/* --- all of them ------------------------------------------------------------------------------ */

static int begin(struct pages *p)
{
    char shown[TAXII_SHOWN];
    int code = name_source(p);
    if (code != EXIT_DONE || p->im->a->all)
        return code;
    enum ent_err r = ent_taxii_cursor_load(p->im->store, &p->at, &p->t->url, p->im->source);
    struct ent_diag d = {
        .text = r == ENT_E_FORMAT ? "what the store says about the last import is damaged; --all "
                                    "starts over"
                                  : NULL};
    p->run.resumed = p->at.next[0] != '\0';
    return r == ENT_OK ? EXIT_DONE : cli_fail(r, &d, taxii_shown(shown, p->t, p->t->url.path));
}

static int finish(struct pages *p, int code)
{
    if (p->run.pages == 0)
        return code;
    if (code != EXIT_DONE && !p->im->a->dry_run)
        (void)fputs("entente: the pages before are kept; the next import goes on behind them\n",
                    stderr);
    enum ent_err r = cli_import_report(p->im, ENT_FORMAT_STIX);
    return r == ENT_OK || code != EXIT_DONE ? code : cli_fail(r, NULL, p->im->path);
}

int taxii_pages(struct taxii_server *t, struct importing *im, const struct ent_import_opts *opts)
{
    char whole[TAXII_SHOWN], what[ENT_SHOW_MAX + 16], shown[ENT_SHOW_MAX];
    struct pages *p = calloc(1, sizeof(*p));
    if (p == NULL)
        return cli_fail(ENT_E_NOMEM, NULL, t->url.name);
    p->t = t;
    p->im = im;
    p->run.after = p->at.after;
    im->path = taxii_shown(whole, t, t->url.path);
    im->fetched = ent_fetch_received(t->fetch);
    im->pages = &p->run;
    (void)snprintf(what, sizeof(what), "importing %s", ent_show(shown, ent_slice_str(im->path)));
    ent_progress_start(&im->progress, what, 0, ENT_PROGRESS_BYTES);
    int code = begin(p);
    while (code == EXIT_DONE && !p->run.whole)
        code = next_page(p, opts);
    ent_progress_end(&im->progress);
    code = finish(p, code);
    free(p);
    return code;
}
