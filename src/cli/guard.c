/* guard.c: entente guard: names that must not be imitated, and the search for what does. */
#include "cli/guard.h"

#include <errno.h>
#include <sys/stat.h>

#define CHUNK       (256u << 10)
#define BOMB_RATIO  1000u
#define DISPLAY_MAX 255u

static const struct option_spec options[] = {
    {"--min-score", "1-100", "check: report from this score on (default: 50)"},
    {"--json", NULL, "JSON lines (check: the default when the output is no terminal)"},
    {"--table", NULL, "check: lines for people (the default on a terminal)"},
    {NULL, NULL, NULL},
};

/* The argument as a canonical domain. Prints and returns the exit code when it is none. */
static int domain_of(struct ent_observable *ret, const char *text)
{
    struct ent_diag d = {0};
    const char *why = NULL;
    if (ent_observable_parse_as(ret, &why, ENT_OBS_DOMAIN, ent_slice_str(text)) == ENT_OK)
        return EXIT_DONE;
    d.text = why != NULL ? why : "not a name of at least two labels, such as senate.gov";
    return cli_fail(ENT_E_FORMAT, &d, text);
}

static enum ent_err put_text(enum ent_err r, struct ent_buf *line)
{
    return r == ENT_OK ? cli_put_line(line) : r;
}

/* --- names in files -----------------------------------------------------------------------------
 */

/* Every name in a file of any shape goes to seen. */
static enum ent_err scan(struct ent_input *in, struct ent_scan *sc, struct ent_diag *d)
{
    struct ent_reader reader = ent_input_reader(in);
    uint8_t *buf = malloc(CHUNK);
    size_t n = 1;
    enum ent_err r = buf == NULL ? ENT_E_NOMEM : ENT_OK;
    while (r == ENT_OK && n > 0) {
        if (atomic_load(&cli_stop))
            r = ENT_E_INTERRUPTED;
        else if ((r = reader.read(reader.ctx, buf, &n, CHUNK, d)) == ENT_OK)
            r = n > 0 ? ent_scan_feed(sc, buf, n) : ent_scan_end(sc);
    }
    free(buf);
    return r;
}

static enum ent_err no_hit(void *ctx, const struct ent_hit *h)
{
    (void)ctx, (void)h;
    return ENT_OK;
}

static int scan_file(const char *path,
                     enum ent_err (*seen)(void *ctx, const struct ent_observable *o), void *ctx)
{
    const struct ent_scan_events events = {.ctx = ctx, .hit = no_hit, .seen = seen};
    struct ent_diag d = {0};
    struct ent_input *in = NULL;
    struct ent_scan *sc = NULL;
    struct ent_watch *none = NULL; /* no indicators: all that is wanted is what passes */
    enum ent_err r;
    if ((r = ent_input_open(&in, &d, path, BOMB_RATIO)) == ENT_OK &&
        (r = ent_watch_new(&none, 0)) == ENT_OK && (r = ent_watch_seal(none)) == ENT_OK &&
        (r = ent_scan_new(&sc, none, &events)) == ENT_OK)
        r = scan(in, sc, &d);
    ent_scan_free(sc);
    ent_watch_free(none);
    ent_input_close(in);
    if (r == ENT_OK)
        return EXIT_DONE;
    return r == ENT_E_INTERRUPTED ? EXIT_STOPPED : cli_fail(r, &d, path);
}

/* --- add, remove, exclude -----------------------------------------------------------------------
 */

static int add(struct session *s, int argc, char **argv)
{
    struct ent_observable o;
    const char *display = argc > 1 ? argv[1] : "";
    int code = domain_of(&o, argv[0]);
    if (code != EXIT_DONE)
        return code;
    if (strlen(display) > DISPLAY_MAX || !ent_utf8_valid(ent_slice_str(display), NULL))
        return cli_fail(ENT_E_FORMAT,
                        &(struct ent_diag){.text = "a display name is UTF-8 of at most 255 bytes"},
                        display);
    enum ent_err r = ent_store_guard_add(s->store, ent_slice(o.text, o.n), ent_slice_str(display));
    return r == ENT_OK ? EXIT_DONE : cli_fail(r, NULL, argv[0]);
}

static int remove_name(struct session *s, const char *name)
{
    struct ent_observable o;
    int code = domain_of(&o, name);
    if (code != EXIT_DONE)
        return code;
    enum ent_err r = ent_store_guard_remove(s->store, ent_slice(o.text, o.n));
    if (r == ENT_E_NOTFOUND)
        return cli_fail(r, &(struct ent_diag){.text = "neither protected nor excluded"}, name);
    return r == ENT_OK ? EXIT_DONE : cli_fail(r, NULL, name);
}

static enum ent_err exclude_seen(void *ctx, const struct ent_observable *o)
{
    struct session *s = ctx;
    return o->type != ENT_OBS_DOMAIN ? ENT_OK
                                     : ent_store_guard_exclude(s->store, ent_slice(o->text, o->n));
}

/* A name of the public Internet is a name; whatever else, or with a slash in it, is a file. */
static int exclude(struct session *s, const char *what)
{
    struct ent_observable o;
    if (strchr(what, '/') == NULL && strcmp(what, "-") != 0 &&
        ent_observable_parse_as(&o, NULL, ENT_OBS_DOMAIN, ent_slice_str(what)) == ENT_OK &&
        ent_observable_is_public(&o)) {
        enum ent_err r = ent_store_guard_exclude(s->store, ent_slice(o.text, o.n));
        return r == ENT_OK ? EXIT_DONE : cli_fail(r, NULL, what);
    }
    return scan_file(what, exclude_seen, s);
}

/* All of them or none. */
static int exclude_all(struct session *s, int argc, char **argv)
{
    enum ent_err r = ent_store_begin(s->store);
    int code = r == ENT_OK ? EXIT_DONE : cli_fail(r, NULL, "excluding");
    for (int i = 0; i < argc && code == EXIT_DONE; i++)
        code = exclude(s, argv[i]);
    if (code == EXIT_DONE && (r = ent_store_commit(s->store)) != ENT_OK)
        code = cli_fail(r, NULL, "excluding");
    ent_store_rollback(s->store);
    return code;
}

/* --- list ---------------------------------------------------------------------------------------
 */

struct listing {
    const struct args *a;
    struct ent_buf line;
};

static enum ent_err list_name(void *ctx, struct ent_slice name, struct ent_slice display)
{
    struct listing *l = ctx;
    struct ent_json j;
    if (!l->a->json) {
        char shown[ENT_SHOW_MAX];
        return put_text(ent_buf_printf(&l->line, "%.*s%s%s", (int)name.n, (const char *)name.p,
                                       display.n == 0 ? "" : "  ", ent_show(shown, display)),
                        &l->line);
    }
    ent_json_start(&j, &l->line);
    ent_json_obj(&j, NULL);
    ent_json_str(&j, "name", name);
    ent_json_str(&j, "display", display);
    ent_json_obj_end(&j);
    return put_text(ent_json_end(&j), &l->line);
}

static enum ent_err list_candidate(void *ctx, const char *technique, struct ent_slice name)
{
    struct listing *l = ctx;
    struct ent_json j;
    if (atomic_load(&cli_stop))
        return ENT_E_INTERRUPTED;
    if (!l->a->json)
        return put_text(
            ent_buf_printf(&l->line, "%-13s %.*s", technique, (int)name.n, (const char *)name.p),
            &l->line);
    ent_json_start(&j, &l->line);
    ent_json_obj(&j, NULL);
    ent_json_cstr(&j, "technique", technique);
    ent_json_str(&j, "name", name);
    ent_json_obj_end(&j);
    return put_text(ent_json_end(&j), &l->line);
}

static int list(struct session *s, const struct args *a, int argc, char **argv)
{
    struct listing l = {.a = a};
    struct ent_observable o;
    enum ent_err r = ENT_OK;
    int code = argc > 0 ? domain_of(&o, argv[0]) : EXIT_DONE;
    ent_buf_init(&l.line, 1u << 16);
    if (code == EXIT_DONE)
        r = argc > 0 ? ent_guard_candidates(ent_slice(o.text, o.n), list_candidate, &l)
                     : ent_store_guard_each(s->store, list_name, &l);
    ent_buf_release(&l.line);
    return r == ENT_OK ? code : cli_fail(r, NULL, "listing");
}

/* --- check --------------------------------------------------------------------------------------
 */

static int check(struct session *s, const struct args *a, int argc, char **argv)
{
    static char stdin_name[] = "-";
    char *only[] = {stdin_name};
    char names[ENT_NUM_TEXT], found[ENT_NUM_TEXT];
    struct guard_out out;
    if (argc == 0 && isatty(STDIN_FILENO) == 1)
        return cli_usage(&cmd_guard, "name a file, or - for standard input", NULL);
    int worst = guard_out_open(&out, s, a);
    if (worst != EXIT_DONE)
        return worst;
    for (int i = 0; i < (argc == 0 ? 1 : argc) && worst != EXIT_STOPPED; i++) {
        out.path = (argc == 0 ? only : argv)[i];
        int one = scan_file(out.path, guard_out_seen, &out);
        worst = one > worst ? one : worst;
    }
    if (fflush(stdout) != 0 && worst == EXIT_DONE)
        worst = cli_fail(ent_err_from_errno(errno), NULL, "writing");
    if (!out.json || isatty(STDERR_FILENO) == 1)
        (void)fprintf(stderr, "%s lookalike%s among %s names\n",
                      ent_show_count(found, out.findings), out.findings == 1 ? "" : "s",
                      ent_show_count(names, out.names));
    if (worst == EXIT_DONE && out.findings > 0)
        worst = EXIT_HITS;
    guard_out_close(&out);
    return worst;
}

/* --- the command --------------------------------------------------------------------------------
 */

enum verb { ADD, REMOVE, LIST, CHECK, EXCLUDE, VERBS };

/* table */
static const struct {
    const char *name;
    int least, most; /* arguments behind it */
} verbs[VERBS] = {
    [ADD] = {"add", 1, 2},       [REMOVE] = {"remove", 1, 1},     [LIST] = {"list", 0, 1},
    [CHECK] = {"check", 0, 255}, [EXCLUDE] = {"exclude", 1, 255},
};

static int act(enum verb verb, struct session *s, const struct args *a, int argc, char **argv)
{
    switch (verb) {
    case ADD:
        return add(s, argc, argv);
    case REMOVE:
        return remove_name(s, argv[0]);
    case LIST:
        return list(s, a, argc, argv);
    case CHECK:
        return check(s, a, argc, argv);
    default:
        return exclude_all(s, argc, argv);
    }
}

static int run(int argc, char **argv)
{
    struct args a;
    struct session s;
    int code, verb = 0;
    if (!cli_args(&a, &code, &cmd_guard, argc, argv))
        return code;
    int given = argc - a.rest - 1;
    while (given >= 0 && verb < VERBS && strcmp(argv[a.rest], verbs[verb].name) != 0)
        verb++;
    if (given < 0 || verb == VERBS)
        return cli_usage(&cmd_guard, "say what to do", given < 0 ? NULL : argv[a.rest]);
    if (given < verbs[verb].least || given > verbs[verb].most)
        return cli_usage(&cmd_guard, "too few or too many arguments", verbs[verb].name);
    if (verb != CHECK && (a.min_score != NULL || a.table))
        return cli_usage(&cmd_guard, "--min-score and --table are for check", NULL);
    cli_catch_signals();
    code = cli_open(&s, &a, true);
    if (code == EXIT_DONE)
        code = act((enum verb)verb, &s, &a, given, argv + a.rest + 1);
    cli_close(&s);
    return code;
}

const struct command cmd_guard = {
    .name = "guard",
    .usage = "add NAME [DISPLAY] | remove NAME | list [NAME] | check [FILE...|-] |\n"
             "                     exclude NAME|FILE...",
    .brief = "find names that imitate yours",
    .help =
        "add      protect a domain; DISPLAY is the owner's name for people (\"U.S. Senate\")\n"
        "remove   take it, or an excluded name, off the list again\n"
        "list     print the protected names; or the names that somebody may register to imitate\n"
        "         NAME, each behind its technique, without asking the network\n"
        "check    read names, or any log, and report lookalikes of the protected names with a\n"
        "         score from 1 to 100 and the reasons. Exit code: 0 none, 1 some, 3 and above an\n"
        "         error\n"
        "exclude  never report these domains nor what lies below them; a FILE may be a list of\n"
        "         known good sites of any shape (./x.com is a file, x.com a name)",
    .options = options,
    .run = run,
};
