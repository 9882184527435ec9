/* warnings.c: entente warnings: lists of what is known to be harmless or noisy. */
#include "cli/cli.h"

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

#define BOMB_RATIO 1000u

static const struct option_spec options[] = {
    {"--verbose", NULL, "add: show each value that is not understood"},
    {"--json", NULL, "JSON lines: for add and list one for each list"},
    {NULL, NULL, NULL},
};

/* --- add ----------------------------------------------------------------------------------------
 */

struct adding {
    struct ent_store *store;
    const struct args *a;
    const char *path;
    uint64_t id;
    int lists;
};

static enum ent_err take(void *ctx, const struct ent_observable *o)
{
    struct adding *x = ctx;
    return atomic_load(&cli_stop) ? ENT_E_INTERRUPTED : ent_store_warning_put(x->store, x->id, o);
}

static enum ent_err skip(void *ctx, uint64_t line, const char *reason, struct ent_slice what)
{
    struct adding *x = ctx;
    char shown[ENT_SHOW_MAX], file[ENT_SHOW_MAX];
    if (x->a->verbose)
        (void)fprintf(stderr, "%s:%llu: skipped: %s: %s\n", ent_show(file, ent_slice_str(x->path)),
                      (unsigned long long)line, reason, ent_show(shown, what));
    return ENT_OK;
}

static const char *type_name(enum ent_warning_type t)
{
    static const char *const name[] = {[ENT_WARNING_CIDR] = "cidr",
                                       [ENT_WARNING_HOSTNAME] = "hostname",
                                       [ENT_WARNING_STRING] = "string",
                                       [ENT_WARNING_OTHER] = "not supported"};
    return t >= ENT_WARNING_CIDR && t <= ENT_WARNING_OTHER ? name[t] : "?";
}

static enum ent_err put_json(const struct ent_warning *w, int64_t added)
{
    struct ent_buf line;
    struct ent_json j;
    ent_buf_init(&line, 8192);
    ent_json_start(&j, &line);
    ent_json_obj(&j, NULL);
    ent_json_cstr(&j, "name", w->name);
    ent_json_cstr(&j, "type", type_name(w->type));
    ent_json_u64(&j, "version", w->version);
    ent_json_u64(&j, "entries", w->entries);
    ent_json_u64(&j, "unread", w->unread);
    ent_json_time(&j, "added", added);
    ent_json_obj_end(&j);
    enum ent_err r = ent_json_end(&j);
    if (r == ENT_OK)
        r = cli_put_line(&line);
    ent_buf_release(&line);
    return r;
}

static enum ent_err put_text(const struct ent_warning *w)
{
    char name[ENT_SHOW_MAX], n[2][ENT_NUM_TEXT];
    (void)printf("%10s %-13s %s", ent_show_count(n[0], w->entries), type_name(w->type),
                 ent_show(name, ent_slice_str(w->name)));
    if (w->unread > 0)
        (void)printf(" (%s %s)", ent_show_count(n[1], w->unread),
                     w->type == ENT_WARNING_OTHER ? "patterns, which are not understood"
                                                  : "not understood");
    (void)putchar('\n');
    return ENT_OK;
}

static enum ent_err read_list(struct adding *x, struct ent_warning *ret, struct ent_diag *d)
{
    const struct ent_warning_sink sink = {x, take, skip};
    struct ent_input *in = NULL;
    enum ent_err r;
    int64_t now = ent_clock_now();
    if ((r = ent_input_open(&in, d, x->path, BOMB_RATIO)) != ENT_OK)
        return r;
    if ((r = ent_store_begin(x->store)) == ENT_OK &&
        (r = ent_store_warning_new(x->store, &x->id)) == ENT_OK &&
        (r = ent_warning_read(ret, ent_input_reader(in), &sink, d)) == ENT_OK &&
        (r = ent_store_warning_end(x->store, x->id, ret, now)) == ENT_OK)
        r = ent_store_commit(x->store);
    ent_store_rollback(x->store);
    ent_input_close(in);
    return r;
}

static int add_file(struct adding *x, const char *path)
{
    struct ent_warning w;
    struct ent_diag d = {0};
    x->path = path;
    enum ent_err r = read_list(x, &w, &d);
    x->path = NULL;
    if (r != ENT_OK)
        return cli_fail(r, &d, path);
    x->lists++;
    r = x->a->json ? put_json(&w, ent_clock_now()) : put_text(&w);
    return r == ENT_OK ? EXIT_DONE : cli_fail(r, NULL, "writing");
}

/* MISP's collection is one directory for each list, with a file list.json in it. */
static int add_dir(struct adding *x, const char *dir)
{
    struct dirent **names = NULL;
    char sub[ENT_PATH_MAX], path[ENT_PATH_MAX];
    int worst = EXIT_DONE, n = scandir(dir, &names, NULL, alphasort);
    if (n < 0)
        return cli_fail(ent_err_from_errno(errno), NULL, dir);
    for (int i = 0; i < n; i++) {
        int one = EXIT_DONE;
        bool fits = names[i]->d_name[0] != '.' &&
                    ent_path_join(sub, sizeof(sub), dir, names[i]->d_name) == ENT_OK &&
                    ent_path_join(path, sizeof(path), sub, "list.json") == ENT_OK;
        if (fits && worst != EXIT_STOPPED && access(path, F_OK) == 0)
            one = add_file(x, path);
        worst = one > worst ? one : worst;
        free(names[i]);
    }
    free(names);
    return worst;
}

static int add_path(struct adding *x, const char *path)
{
    char list[ENT_PATH_MAX];
    struct stat st;
    int before = x->lists;
    if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
        return add_file(x, path);
    if (ent_path_join(list, sizeof(list), path, "list.json") == ENT_OK && access(list, F_OK) == 0)
        return add_file(x, list);
    int code = add_dir(x, path);
    if (code == EXIT_DONE && x->lists == before)
        code = cli_fail(ENT_E_NOTFOUND,
                        &(struct ent_diag){.text = "holds no list.json, nor does a folder in it"},
                        path);
    return code;
}

static int add(struct session *s, const struct args *a, int n, char **paths)
{
    struct adding x = {.store = s->store, .a = a};
    int worst = EXIT_DONE;
    for (int i = 0; i < n && worst != EXIT_STOPPED; i++) {
        int one = add_path(&x, paths[i]);
        worst = one > worst ? one : worst;
    }
    return worst;
}

/* --- list, remove -------------------------------------------------------------------------------
 */

static enum ent_err tell(void *ctx, const struct ent_warning *w, int64_t added)
{
    return ((const struct args *)ctx)->json ? put_json(w, added) : put_text(w);
}

static int list(struct session *s, struct args *a)
{
    enum ent_err r = ent_store_warnings(s->store, tell, a);
    return r == ENT_OK ? EXIT_DONE : cli_fail(r, NULL, "warning lists");
}

static int remove_list(struct session *s, const char *name)
{
    enum ent_err r = ent_store_begin(s->store);
    if (r == ENT_OK)
        r = ent_store_warning_remove(s->store, ent_slice_str(name));
    if (r == ENT_OK)
        r = ent_store_commit(s->store);
    ent_store_rollback(s->store);
    if (r == ENT_E_NOTFOUND)
        return cli_fail(
            r, &(struct ent_diag){.text = "no list of that name; `entente warnings list`"}, name);
    return r == ENT_OK ? EXIT_DONE : cli_fail(r, NULL, name);
}

static int run(int argc, char **argv)
{
    struct args a;
    struct session s = {0};
    int code;
    if (!cli_args(&a, &code, &cmd_warnings, argc, argv))
        return code;
    int n = argc - a.rest - 1;
    const char *verb = n < 0 ? "" : argv[a.rest];
    bool adds = strcmp(verb, "add") == 0, lists = strcmp(verb, "list") == 0;
    bool removes = strcmp(verb, "remove") == 0;
    if (!(adds && n > 0) && !(lists && n == 0) && !(removes && n == 1))
        return cli_usage(&cmd_warnings, "say what to do", NULL);
    cli_catch_signals();
    if ((code = cli_open(&s, &a, true)) == EXIT_DONE)
        code = adds    ? add(&s, &a, n, argv + a.rest + 1)
               : lists ? list(&s, &a)
                       : remove_list(&s, argv[a.rest + 1]);
    cli_close(&s);
    return code;
}

const struct command cmd_warnings = {
    .name = "warnings",
    .usage = "add FILE|DIR... | list | remove NAME",
    .brief = "lists of what is harmless or noisy, to mark hits with",
    .help = "add     take MISP warning lists: files list.json, or a directory that holds one, or "
            "whose\n"
            "        directories hold one each; a list of the same name is replaced\n"
            "list    the lists, and how many entries each has\n"
            "remove  forget a list\n\n"
            "A hit on what stands on a list is told all the same, with the list's name.",
    .options = options,
    .run = run,
};
