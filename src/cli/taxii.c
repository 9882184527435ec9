/* taxii.c: TAXII servers named on a command line: their URLs, the secret for them, and asking. */
#include "cli/taxii.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#define SCHEME     "taxii+"
#define TRIES      5u
#define WAIT_MOST  300u /* seconds that one answer may ask for */
#define WAIT_TOTAL 900u
#define SECRET_MAX 4000u

struct taxii {
    size_t n, at;
    struct taxii_server server[]; /* in the order of the arguments */
};

bool cli_is_taxii(const char *arg)
{
    return strncmp(arg, SCHEME, sizeof(SCHEME) - 1) == 0;
}

/* --- URLs ------------------------------------------------------------------------------------- */

/* ".../collections/ID/" and ".../collections/ID/objects/" are a collection; what else a path means
 * its server says. */
static void find_collection(struct taxii_server *t)
{
    static const char word[] = "/collections/", objects[] = "/objects/";
    char *path = t->url.path, *last = NULL;
    for (char *p = strstr(path, word); p != NULL; p = strstr(p + 1, word))
        last = p;
    if (last == NULL)
        return;
    char *id = last + sizeof(word) - 1, *end = strchr(id, '/');
    if (*id == '\0' || end == NULL)
        return;
    t->collection = end[1] == '\0' || strcmp(end, objects) == 0;
    if (t->collection)
        end[1] = '\0';
}

static int read_urls(struct taxii *x, int argc, char **argv, const struct args *a)
{
    char text[ENT_SHOW_MAX];
    for (int i = a->rest; i < argc; i++) {
        const char *why = NULL;
        if (!cli_is_taxii(argv[i]))
            continue;
        struct taxii_server *t = &x->server[x->n++];
        t->secret = a->user != NULL || a->token_file != NULL;
        if (ent_fetch_url_parse(&t->url, &why, ent_slice_str(argv[i] + sizeof(SCHEME) - 1)) !=
            ENT_OK) { /* it may hold a password */
            bool secret = strchr(argv[i], '@') != NULL;
            (void)snprintf(text, sizeof(text), "not the URL of a TAXII server: %s", why);
            return cli_usage(&cmd_import, text, secret ? NULL : argv[i]);
        }
        if (t->secret && strcmp(t->url.origin, x->server[0].url.origin) != 0)
            return cli_usage(&cmd_import, "a secret is for one server; this is another", argv[i]);
        find_collection(t);
    }
    return EXIT_DONE;
}

/* --- secrets ---------------------------------------------------------------------------------- */

/* The first line of a file that nobody else can read. */
static int secret_file(struct ent_buf *ret, const char *path)
{
    struct ent_diag d = {0};
    struct stat st;
    enum ent_err r = ENT_OK;
    ssize_t n = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 || fstat(fd, &st) != 0)
        r = ent_fail_sys(&d, "cannot open");
    else if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        r = ent_fail(&d, ENT_E_POLICY, "holds a secret and others can read it: chmod 600", 0, 0);
    while (r == ENT_OK) {
        uint8_t part[512];
        n = read(fd, part, sizeof(part));
        if (n > 0)
            r = ent_buf_put(ret, part, (size_t)n);
        else if (n < 0 && errno != EINTR)
            r = ent_fail_sys(&d, "cannot read");
        ent_wipe(part, sizeof(part));
        if (n == 0 || memchr(ret->n > 0 ? (const char *)ret->p : "", '\n', ret->n) != NULL)
            break;
    }
    if (fd >= 0)
        (void)close(fd);
    if (r == ENT_E_LIMIT)
        d.text = "the first line is longer than 4,000 bytes";
    return r == ENT_OK ? EXIT_DONE : cli_fail(r, &d, path);
}

/* One line, of what can stand in a header. */
static int check_secret(struct ent_buf *b, const char *path, bool token)
{
    const uint8_t *nl = b->n == 0 ? NULL : memchr(b->p, '\n', b->n);
    if (nl != NULL)
        b->n = (size_t)(nl - b->p);
    if (b->n > 0 && b->p[b->n - 1] == '\r')
        b->n--;
    bool ok = b->n > 0;
    for (size_t i = 0; ok && i < b->n; i++)
        ok = b->p[i] > (token ? 0x20 : 0x1f) && b->p[i] != 0x7f && (!token || b->p[i] < 0x7f);
    if (ok)
        return EXIT_DONE;
    return cli_fail(
        ENT_E_FORMAT,
        &(struct ent_diag){.text = b->n == 0 ? "holds nothing in its first line"
                                             : "its first line holds what no secret can hold"},
        path);
}

static int read_secret(struct passphrase *p, const struct args *a)
{
    const char *file = a->token_file != NULL ? a->token_file : a->password_file;
    int code;
    ent_buf_init(&p->text, SECRET_MAX);
    if (a->user == NULL && a->token_file == NULL)
        return EXIT_DONE;
    ent_secret_harden_process();
    if (file == NULL)
        code = cli_ask(p, "Password for the TAXII server: ",
                       "a password is needed and there is no terminal to ask on; give "
                       "--password-file FILE");
    else
        code = secret_file(&p->text, file);
    return code == EXIT_DONE ? check_secret(&p->text, file, a->token_file != NULL) : code;
}

static int check_args(const struct args *a, size_t urls)
{
    const char *first = a->user != NULL            ? "--user"
                        : a->password_file != NULL ? "--password-file"
                        : a->token_file != NULL    ? "--token-file"
                        : a->ca_file != NULL       ? "--ca-file"
                        : a->all                   ? "--all"
                                                   : NULL;
    if (first != NULL && urls == 0)
        return cli_usage(&cmd_import, "only with the URL of a TAXII server", first);
    if (a->token_file != NULL && (a->user != NULL || a->password_file != NULL))
        return cli_usage(&cmd_import, "a token or a user, not both", NULL);
    if (a->password_file != NULL && a->user == NULL)
        return cli_usage(&cmd_import, "a password without --user", NULL);
    if (a->user == NULL)
        return EXIT_DONE;
    struct ent_slice s = ent_slice_str(a->user);
    bool ok = s.n > 0 && s.n < 256 && ent_utf8_valid(s, NULL);
    for (size_t i = 0; ok && i < s.n; i++)
        ok = s.p[i] > 0x1f && s.p[i] != 0x7f && s.p[i] != ':';
    return ok ? EXIT_DONE : cli_usage(&cmd_import, "not the name of a user", a->user);
}

/* --- starting --------------------------------------------------------------------------------- */

static int start(struct taxii *x, const struct args *a, struct ent_slice secret)
{
    struct ent_fetch_opts o = {.ca_file = a->ca_file, .stop = &cli_stop};
    if (a->ca_file != NULL && access(a->ca_file, R_OK) != 0) {
        struct ent_diag d = {0};
        return cli_fail(ent_fail_sys(&d, "cannot open"), &d, a->ca_file);
    }
    if (a->user != NULL) {
        o.user = ent_slice_str(a->user);
        o.password = secret;
    } else {
        o.token = secret;
    }
    for (size_t i = 0; i < x->n; i++) {
        struct ent_diag d = {0};
        o.url = x->server[i].url;
        enum ent_err r = ent_fetch_start(&x->server[i].fetch, &d, &o);
        if (r != ENT_OK)
            return cli_fail(r, &d, x->server[i].url.name);
    }
    return EXIT_DONE;
}

int cli_taxii_open(struct taxii **ret, const struct args *a, int argc, char **argv)
{
    struct passphrase p = {0};
    size_t n = 0;
    for (int i = a->rest; i < argc; i++)
        n += cli_is_taxii(argv[i]);
    *ret = NULL;
    int code = check_args(a, n);
    if (code != EXIT_DONE || n == 0)
        return code;
    struct taxii *x = calloc(1, sizeof(*x) + n * sizeof(x->server[0]));
    if (x == NULL)
        return cli_fail(ENT_E_NOMEM, NULL, NULL);
    (void)fflush(NULL); /* or each process would have what waits to be written */
    if ((code = read_urls(x, argc, argv, a)) == EXIT_DONE &&
        (code = read_secret(&p, a)) == EXIT_DONE)
        code = start(x, a, ent_buf_slice(&p.text));
    cli_passphrase_release(&p);
    *ret = x;
    return code;
}

void cli_taxii_close(struct taxii *x)
{
    for (size_t i = 0; x != NULL && i < x->n; i++)
        ent_fetch_free(x->server[i].fetch);
    free(x);
}

int cli_taxii_import(struct taxii *x, struct importing *im, const struct ent_import_opts *opts)
{
    ENT_ASSERT(x->at < x->n);
    struct taxii_server *t = &x->server[x->at++];
    if (opts->format != ENT_FORMAT_AUTO && opts->format != ENT_FORMAT_STIX)
        return cli_usage(&cmd_import, "a TAXII server gives STIX, not",
                         ent_format_name(opts->format));
    return t->collection ? taxii_pages(t, im, opts) : taxii_list(t, im->a);
}

/* --- asking ----------------------------------------------------------------------------------- */

const char *taxii_shown(char ret[static TAXII_SHOWN], const struct taxii_server *t,
                        const char *suffix)
{
    bool tls = strncmp(t->url.origin, "https:", 6) == 0;
    (void)snprintf(ret, TAXII_SHOWN, "%s://%s%s", tls ? "https" : "http", t->url.name, suffix);
    return ret;
}

static int rest(struct taxii_server *t, uint32_t seconds, unsigned status)
{
    (void)fprintf(stderr, "entente: %s: the server wants a rest of %u s (HTTP %u)\n", t->url.name,
                  (unsigned)seconds, status);
    uint64_t until = ent_clock_steady_ns() + (uint64_t)seconds * 1000000000u;
    t->waited += seconds;
    while (ent_clock_steady_ns() < until) {
        if (atomic_load(&cli_stop))
            return cli_fail(ENT_E_INTERRUPTED, NULL, t->url.name);
        (void)poll(NULL, 0, 100);
    }
    return EXIT_DONE;
}

/* A server that says nothing about how long gets more time each time. */
int taxii_ask(struct taxii_server *t, struct ent_fetch_answer *ret, const char *suffix)
{
    char shown[TAXII_SHOWN];
    struct ent_diag d = {0};
    for (unsigned i = 0;; i++) {
        enum ent_err r = ent_fetch_get(t->fetch, ret, &d, suffix);
        if (r != ENT_OK)
            return cli_fail(r, &d, taxii_shown(shown, t, suffix));
        if (ret->status != 429 && ret->status != 503)
            return EXIT_DONE;
        uint32_t wait = ret->wait_said ? ret->wait : 5u << i;
        wait = wait == 0 ? 1 : wait;
        if (i + 1 == TRIES || wait > WAIT_MOST || t->waited + wait > WAIT_TOTAL)
            return EXIT_DONE;
        int code = rest(t, wait, ret->status);
        if (code != EXIT_DONE)
            return code;
    }
}

static int say_busy(const struct ent_fetch_answer *a, const char *what)
{
    char shown[ENT_SHOW_MAX];
    (void)fprintf(stderr, "entente: %s: the server is busy, or we ask too much (HTTP %u)",
                  ent_show(shown, ent_slice_str(what)), a->status);
    if (a->wait_said)
        (void)fprintf(stderr, "; it wants a rest of %u s", (unsigned)a->wait);
    (void)fputc('\n', stderr);
    return EXIT_FAILED;
}

static int say_status(const struct taxii_server *t, const struct ent_fetch_answer *a,
                      const char *what)
{
    /* table */
    static const struct {
        unsigned from, to;
        int code;
        const char *text;
    } statuses[] = {
        {300, 399, EXIT_FAILED,
         "the server sends us elsewhere; redirects are not followed, name the "
         "right address"},
        {400, 400, EXIT_FAILED, "the server does not understand what it is asked"},
        {401, 401, EXIT_REFUSED, "the server wants to know who asks: --user or --token-file"},
        {403, 403, EXIT_REFUSED, "the server does not let us read here"},
        {404, 404, EXIT_FAILED, "there is nothing at this address"},
        {406, 406, EXIT_FAILED, "the server does not speak TAXII 2.1"},
        {407, 407, EXIT_REFUSED, "the proxy wants to know who asks"},
        {500, 599, EXIT_FAILED, "the server has failed"},
        {200, 599, EXIT_FAILED, "not an answer that has a meaning here"},
    };
    char shown[ENT_SHOW_MAX];
    size_t i = 0;
    while (a->status < statuses[i].from || a->status > statuses[i].to)
        i++;
    bool known = a->status == 401 && t->secret;
    (void)fprintf(stderr, "entente: %s: %s (HTTP %u)\n", ent_show(shown, ent_slice_str(what)),
                  known ? "the server does not accept this user, password or token"
                        : statuses[i].text,
                  a->status);
    return statuses[i].code;
}

int taxii_check(const struct taxii_server *t, const struct ent_fetch_answer *a, const char *suffix)
{
    char what[TAXII_SHOWN], shown[2][ENT_SHOW_MAX];
    (void)taxii_shown(what, t, suffix);
    if (a->status == 429 || a->status == 503)
        return say_busy(a, what);
    if (a->status != 200)
        return say_status(t, a, what);
    if (a->type == ENT_FETCH_TAXII)
        return EXIT_DONE;
    (void)fprintf(stderr, "entente: %s: the answer is \"%s\", not \"application/taxii+json\"\n",
                  ent_show(shown[0], ent_slice_str(what)),
                  a->type == ENT_FETCH_NO_TYPE ? "of no type"
                                               : ent_show(shown[1], ent_slice_str(a->type_text)));
    return EXIT_INPUT;
}

static enum ent_err no_root(void *ctx, struct ent_slice url)
{
    (void)ctx;
    (void)url;
    return ENT_OK;
}

static enum ent_err no_collection(void *ctx, const struct ent_taxii_collection *c)
{
    (void)ctx;
    (void)c;
    return ENT_OK;
}

const struct ent_taxii_sink taxii_nothing = {.root = no_root, .collection = no_collection};

int taxii_doc(struct taxii_server *t, struct ent_taxii_doc *ret, const struct ent_taxii_sink *sink,
              const char *suffix)
{
    struct ent_fetch_answer a;
    struct ent_diag d = {0};
    char shown[TAXII_SHOWN];
    int code = taxii_ask(t, &a, suffix);
    if (code != EXIT_DONE || (code = taxii_check(t, &a, suffix)) != EXIT_DONE)
        return code;
    enum ent_err r = ent_taxii_read(ret, ent_fetch_reader(t->fetch), sink, &d);
    return r == ENT_OK ? EXIT_DONE : cli_fail(r, &d, taxii_shown(shown, t, suffix));
}
