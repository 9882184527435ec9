/* observed.c: entente observed: the windows that `entente watch --observe` keeps. */
#include "cli/watch.h"

#include <errno.h>

static const struct option_spec options[] = {
    {"--types", "TYPES", "show: only these: ip, domain, hash, ..."},
    {"--limit", "N", "show: only so many, those seen most often"},
    {"--output", "FILE", "show: write an observation set there (for `entente match --from`)"},
    {"--all", NULL, "expire: every window that has ended, however young"},
    {"--json", NULL, "JSON lines"},
    {NULL, NULL, NULL},
};

struct showing {
    const struct args *a;
    char dir[ENT_PATH_MAX];
    struct ent_buf line;
    struct ent_observed *set; /* of --output */
    struct ent_window_id newest;
    uint64_t n;
    int worst;
};

/* --- list ---------------------------------------------------------------------------------------
 */

static enum ent_err list_json(struct showing *x, struct ent_window_id id,
                              const struct ent_window *w, uint64_t bytes, const char *why)
{
    struct ent_json j;
    char name[ENT_WINDOW_NAME];
    ent_window_name(name, id);
    ent_json_start(&j, &x->line);
    ent_json_obj(&j, NULL);
    ent_json_cstr(&j, "window", name);
    ent_json_time(&j, "start", id.start);
    ent_json_u64(&j, "seconds", id.seconds);
    if (w == NULL) {
        ent_json_cstr(&j, "error", why);
    } else {
        ent_json_u64(&j, "items", ent_window_items(w, ENT_OBS_ALL));
        ent_json_obj(&j, "types");
        for (unsigned t = 1; t < ENT_OBS_TYPES; t++)
            if ((w->types & ENT_OBS_BIT(t)) != 0)
                ent_json_u64(&j, ent_obs_type_name((enum ent_obs_type)t), w->count[t]);
        ent_json_obj_end(&j);
        ent_json_u64(&j, "dropped", w->dropped);
        ent_json_u64(&j, "bytes", bytes);
    }
    ent_json_obj_end(&j);
    enum ent_err r = ent_json_end(&j);
    return r == ENT_OK ? cli_put_line(&x->line) : r;
}

static enum ent_err list_text(struct showing *x, struct ent_window_id id,
                              const struct ent_window *w)
{
    char name[ENT_WINDOW_NAME], types[512], dropped[ENT_NUM_TEXT];
    uint64_t count[ENT_OBS_TYPES];
    ent_window_name(name, id);
    for (unsigned t = 0; t < ENT_OBS_TYPES; t++)
        count[t] = w->count[t];
    enum ent_err r = ent_buf_printf(&x->line, "%-26s %s", name, cli_type_counts(types, count));
    if (r == ENT_OK && w->dropped > 0)
        r = ent_buf_printf(&x->line, "; no room for %s", ent_show_count(dropped, w->dropped));
    return r == ENT_OK ? cli_put_line(&x->line) : r;
}

static enum ent_err list_one(void *ctx, struct ent_window_id id, const struct ent_window *w,
                             uint64_t bytes, const struct ent_diag *d)
{
    struct showing *x = ctx;
    char name[ENT_WINDOW_NAME];
    if (atomic_load(&cli_stop))
        return ENT_E_INTERRUPTED;
    x->n++;
    if (w == NULL) {
        ent_window_name(name, id);
        x->worst = cli_fail(ENT_E_FORMAT, d, name);
    }
    if (x->a->json)
        return list_json(x, id, w, bytes, d->text != NULL ? d->text : "");
    return w == NULL ? ENT_OK : list_text(x, id, w);
}

static int list(struct showing *x)
{
    struct ent_diag d = {0};
    enum ent_err r = ent_windows_each(x->dir, list_one, x, &d);
    if (r != ENT_OK)
        return cli_fail(r, &d, "observed windows");
    if (x->n == 0 && !x->a->json)
        (void)puts("no windows yet: `entente watch --observe LOG...` keeps them");
    return x->worst;
}

/* --- show ---------------------------------------------------------------------------------------
 */

static enum ent_err show_json(struct showing *x, const struct ent_window_item *item)
{
    struct ent_json j;
    ent_json_start(&j, &x->line);
    ent_json_obj(&j, NULL);
    ent_json_cstr(&j, "value", item->obs.text);
    ent_json_cstr(&j, "type", ent_obs_type_name(item->obs.type));
    ent_json_u64(&j, "hits", item->hits);
    ent_json_obj_end(&j);
    enum ent_err r = ent_json_end(&j);
    return r == ENT_OK ? cli_put_line(&x->line) : r;
}

static enum ent_err show_one(void *ctx, const struct ent_window_item *item)
{
    struct showing *x = ctx;
    char value[ENT_OBS_DEFANGED_MAX];
    if (atomic_load(&cli_stop))
        return ENT_E_INTERRUPTED;
    if (x->set != NULL)
        return ent_observed_add(x->set, &item->obs);
    if (x->a->json)
        return show_json(x, item);
    ent_observable_defang(value, sizeof(value), &item->obs);
    enum ent_err r = ent_buf_printf(&x->line, "%10lu %-8s %s", (unsigned long)item->hits,
                                    ent_obs_type_name(item->obs.type), value);
    return r == ENT_OK ? cli_put_line(&x->line) : r;
}

static enum ent_err find_newest(void *ctx, struct ent_window_id id, const struct ent_window *w,
                                uint64_t bytes, const struct ent_diag *d)
{
    struct showing *x = ctx;
    (void)w, (void)bytes, (void)d;
    if (x->n++ == 0 || id.start >= x->newest.start)
        x->newest = id;
    return ENT_OK;
}

/* The one that is named, else the newest. */
static int which(struct showing *x, const char *name)
{
    struct ent_diag d = {0};
    if (name != NULL)
        return ent_window_name_parse(&x->newest, ent_slice_str(name)) == ENT_OK
                   ? EXIT_DONE
                   : cli_usage(&cmd_observed, "no such window (`entente observed list`)", name);
    enum ent_err r = ent_windows_each(x->dir, find_newest, x, &d);
    if (r == ENT_OK && x->n == 0)
        r = ent_fail(&d, ENT_E_NOTFOUND,
                     "no windows yet: `entente watch --observe LOG...` keeps them", 0, 0);
    return r == ENT_OK ? EXIT_DONE : cli_fail(r, &d, "observed windows");
}

static int write_set(struct showing *x)
{
    struct ent_file_out out;
    struct ent_diag d = {0};
    enum ent_err r = ent_file_out_start(&out, x->a->output, 0600, &d);
    if (r == ENT_OK && (r = ent_observed_write(x->set, out.f)) == ENT_OK)
        r = ent_file_out_finish(&out, &d);
    ent_file_out_abort(&out);
    return r == ENT_OK ? EXIT_DONE : cli_fail(r, &d, x->a->output);
}

static int show(struct showing *x, const char *named)
{
    struct ent_windows_want want = {.types = ENT_OBS_ALL};
    struct ent_diag d = {0};
    char name[ENT_WINDOW_NAME];
    enum ent_err r = ENT_OK;
    if (x->a->types != NULL &&
        ent_obs_types_parse(&want.types, ent_slice_str(x->a->types)) != ENT_OK)
        return cli_usage(&cmd_observed, "no such type", x->a->types);
    if (x->a->limit != NULL &&
        (ent_parse_u64(&want.most, ent_slice_str(x->a->limit), ENT_WINDOW_ITEMS_MOST) != ENT_OK ||
         want.most == 0))
        return cli_usage(&cmd_observed, "--limit is a number from 1 on", x->a->limit);
    int code = which(x, named);
    if (code != EXIT_DONE)
        return code;
    if (x->a->output != NULL)
        r = ent_observed_new(&x->set, 0);
    if (r == ENT_OK)
        r = ent_windows_read(x->dir, x->newest, &want, NULL, show_one, x, &d);
    ent_window_name(name, x->newest);
    if (r != ENT_OK)
        return cli_fail(r, &d, name);
    return x->set == NULL ? EXIT_DONE : write_set(x);
}

/* --- the command --------------------------------------------------------------------------------
 */

static int expire(struct showing *x, const struct ent_config *c)
{
    struct ent_diag d = {0};
    uint64_t removed = 0;
    char n[ENT_NUM_TEXT];
    enum ent_err r = ent_windows_expire(
        x->dir, ent_clock_now(), x->a->all ? 0 : c->observe_keep_seconds, &removed, &cli_stop, &d);
    if (r != ENT_OK)
        return cli_fail(r, &d, "observed windows");
    if (x->a->json)
        (void)printf("{\"removed\":%llu}\n", (unsigned long long)removed);
    else
        (void)printf("%s window%s removed\n", ent_show_count(n, removed), removed == 1 ? "" : "s");
    return EXIT_DONE;
}

static int act(struct showing *x, const struct session *s, const char *verb, const char *named)
{
    enum ent_err r = ent_observe_folder(s->home, x->dir);
    if (r != ENT_OK)
        return cli_fail(r, NULL, s->home->dir);
    if (strcmp(verb, "list") == 0)
        return list(x);
    return strcmp(verb, "show") == 0 ? show(x, named) : expire(x, &s->config);
}

static int run(int argc, char **argv)
{
    struct args a;
    struct session s = {0};
    struct showing x = {.a = &a, .worst = EXIT_DONE};
    int code;
    if (!cli_args(&a, &code, &cmd_observed, argc, argv))
        return code;
    int n = argc - a.rest - 1;
    const char *verb = n < 0 ? "" : argv[a.rest];
    bool shows = strcmp(verb, "show") == 0, expires = strcmp(verb, "expire") == 0;
    if (!(shows && n <= 1) && !((strcmp(verb, "list") == 0 || expires) && n == 0))
        return cli_usage(&cmd_observed, "say what to do", NULL);
    if (!shows && (a.types != NULL || a.limit != NULL || a.output != NULL))
        return cli_usage(&cmd_observed, "--types, --limit and --output are for show", NULL);
    if (!expires && a.all)
        return cli_usage(&cmd_observed, "--all is for expire", NULL);
    cli_catch_signals();
    ent_buf_init(&x.line, 1u << 20);
    if ((code = cli_open(&s, &a, false)) == EXIT_DONE)
        code = act(&x, &s, verb, n == 1 ? argv[a.rest + 1] : NULL);
    if (fflush(stdout) != 0 && code == EXIT_DONE)
        code = cli_fail(ent_err_from_errno(errno), NULL, "writing");
    ent_observed_free(x.set);
    ent_buf_release(&x.line);
    cli_close(&s);
    return code;
}

const struct command cmd_observed = {
    .name = "observed",
    .usage = "list | show [WINDOW] | expire",
    .brief = "what was seen in each window of time, known or not",
    .help = "list    the windows that `entente watch --observe` keeps, and how much is in each\n"
            "show    what was seen in one, and how often: the newest unless one is named\n"
            "expire  remove the windows that are older than observe_keep_seconds; a watcher does\n"
            "        so by itself\n\n"
            "Nothing of it leaves this machine by itself.",
    .options = options,
    .run = run,
};
