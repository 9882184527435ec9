/* image.c: entente image: the compiled indicators: make, look at, check. */
#include "cli/cli.h"

static const struct option_spec options[] = {
    {"--json", NULL, "one JSON object"},
    {NULL, NULL, NULL},
};

/* --- making one, for every command --------------------------------------------------------------
 */

static void at(void *ctx, uint64_t done)
{
    struct image_work *work = ctx;
    ent_progress_at(&work->progress, done);
}

static void say(void *ctx, enum ent_image_event what, enum ent_err e, const struct ent_diag *d)
{
    static const char *const then[] = {
        [ENT_IMAGE_REFUSED] = "making it anew",
        [ENT_IMAGE_UNMADE] = "going on without it, from memory",
        [ENT_IMAGE_KEPT] = "going on with the one from before",
    };
    struct image_work *work = ctx;
    ent_progress_end(&work->progress);
    (void)cli_fail(e, d, ENT_IMAGE_NAME);
    (void)fprintf(stderr, "entente: " ENT_IMAGE_NAME ": %s\n", then[what]);
}

void cli_image_work(struct image_work *ret)
{
    *ret = (struct image_work){.job = {.stop = &cli_stop, .at = at, .say = say, .ctx = ret}};
    ent_progress_start(&ret->progress, "compiling the indicators", 0, ENT_PROGRESS_ITEMS);
}

void cli_make_image(struct session *s)
{
    struct image_work work;
    struct ent_watch *w = NULL;
    struct ent_diag d = {0};
    bool made;
    cli_image_work(&work);
    enum ent_err r = ent_home_image_make(s->home, s->store, &w, &made, &d, &work.job);
    ent_progress_end(&work.progress);
    ent_watch_free(w);
    if (r == ENT_OK || r == ENT_E_INTERRUPTED)
        return;
    (void)cli_fail(r, &d, "image/indicators");
    (void)fputs("entente: the indicators are kept; `entente watch` will compile them\n", stderr);
}

/* --- what is said of one ------------------------------------------------------------------------
 */

struct report {
    struct session s;
    bool json;
    struct ent_watch *w;
    bool current, checked;
    uint64_t took_ns; /* to make it; 0: was not made now */
};

static void count_types(uint64_t ret[static ENT_OBS_TYPES], const struct ent_watch *w)
{
    for (int t = 0; t < ENT_OBS_TYPES; t++)
        ret[t] = t == 0 ? 0 : ent_watch_count_type(w, (enum ent_obs_type)t);
}

static int print_json(const struct report *rep)
{
    const struct ent_image_facts *f = ent_image_facts_of(rep->w);
    char path[ENT_PATH_MAX];
    uint64_t count[ENT_OBS_TYPES];
    struct ent_buf line;
    struct ent_json j;
    enum ent_err r = ent_home_path(rep->s.home, path, ENT_IMAGE_NAME);
    ent_buf_init(&line, 65536);
    count_types(count, rep->w);
    ent_json_start(&j, &line);
    ent_json_obj(&j, NULL);
    ent_json_cstr(&j, "path", path);
    ent_json_time(&j, "built", f->built);
    ent_json_u64(&j, "indicators", ent_watch_count(rep->w));
    ent_json_obj(&j, "types");
    for (int t = 1; t < ENT_OBS_TYPES; t++)
        if (count[t] > 0)
            ent_json_u64(&j, ent_obs_type_name((enum ent_obs_type)t), count[t]);
    ent_json_obj_end(&j);
    ent_json_u64(&j, "bytes", f->bytes);
    ent_json_bool(&j, "current", rep->current);
    if (rep->took_ns > 0)
        ent_json_u64(&j, "took_ms", rep->took_ns / 1000000);
    if (rep->checked)
        ent_json_bool(&j, "whole", true);
    ent_json_obj_end(&j);
    if (r == ENT_OK && (r = ent_json_end(&j)) == ENT_OK)
        r = cli_put_line(&line);
    ent_buf_release(&line);
    return r == ENT_OK ? EXIT_DONE : cli_fail(r, NULL, "writing");
}

static int print(const struct report *rep)
{
    const struct ent_image_facts *f = ent_image_facts_of(rep->w);
    char when[ENT_TIME_TEXT], types[512], n[3][ENT_NUM_TEXT];
    uint64_t count[ENT_OBS_TYPES];
    if (rep->json)
        return print_json(rep);
    count_types(count, rep->w);
    ent_time_format(when, f->built);
    (void)printf("%s indicators: %s\n", ent_show_count(n[0], ent_watch_count(rep->w)),
                 cli_type_counts(types, count));
    (void)printf("built %s, %s%s%s\n", when, ent_show_bytes(n[1], f->bytes),
                 rep->took_ns > 0 ? ", in " : "",
                 rep->took_ns > 0 ? ent_show_ns(n[2], rep->took_ns) : "");
    if (rep->checked)
        (void)puts(rep->current ? "whole, and the same as the store" : "whole");
    if (!rep->current)
        (void)puts("not current: the next watch or `entente image build` makes it anew");
    return EXIT_DONE;
}

/* --- the three of them --------------------------------------------------------------------------
 */

static int build(struct report *rep)
{
    struct image_work work;
    struct ent_diag d = {0};
    bool made;
    uint64_t start = ent_clock_steady_ns();
    cli_image_work(&work);
    work.job.anew = true;
    enum ent_err r = ent_home_image_make(rep->s.home, rep->s.store, &rep->w, &made, &d, &work.job);
    ent_progress_end(&work.progress);
    rep->took_ns = ent_clock_steady_ns() - start;
    if (r != ENT_OK)
        return r == ENT_E_INTERRUPTED ? EXIT_STOPPED : cli_fail(r, &d, ENT_IMAGE_NAME);
    return EXIT_DONE;
}

static int open_image(struct report *rep)
{
    struct ent_diag d = {0};
    enum ent_err r = ent_home_image_open(rep->s.home, &rep->w, &d);
    if (r == ENT_E_NOTFOUND)
        d = (struct ent_diag){.text = "there is none yet: `entente image build` makes it"};
    return r == ENT_OK ? EXIT_DONE : cli_fail(r, &d, ENT_IMAGE_NAME);
}

struct comparing {
    const struct ent_watch *w;
    uint64_t n;
};

static enum ent_err compare_one(void *ctx, uint64_t id, const struct ent_observable *o)
{
    struct comparing *c = ctx;
    c->n++;
    if (atomic_load(&cli_stop))
        return ENT_E_INTERRUPTED;
    return ent_image_holds(c->w, o, id) ? ENT_OK : ENT_E_STATE;
}

/* Every byte was authenticated when it was opened. Now every record, and, where it says that it is
 * what the store holds, every row. */
static int verify(struct report *rep)
{
    struct comparing c = {.w = rep->w};
    struct ent_diag d = {0};
    enum ent_err r = ent_image_check(rep->w, &d);
    if (r == ENT_OK && rep->current) {
        r = ent_store_compile(rep->s.store, ent_image_facts_of(rep->w)->built, compare_one, &c);
        if (r == ENT_OK && c.n != ent_watch_count(rep->w))
            r = ENT_E_STATE;
        if (r == ENT_E_STATE)
            r = ent_fail(&d, ENT_E_FORMAT, "holds something else than the store", 0, 0);
    }
    if (r != ENT_OK)
        return r == ENT_E_INTERRUPTED ? EXIT_STOPPED : cli_fail(r, &d, ENT_IMAGE_NAME);
    rep->checked = true;
    return EXIT_DONE;
}

static int work(struct report *rep, const struct args *a, const char *what)
{
    int code = cli_open(&rep->s, a, true);
    bool new = strcmp(what, "build") == 0;
    if (code == EXIT_DONE)
        code = new ? build(rep) : open_image(rep);
    if (code != EXIT_DONE)
        return code;
    enum ent_err r = ent_home_image_is_current(rep->s.store, &rep->current, rep->w);
    if (r != ENT_OK)
        return cli_fail(r, NULL, "reading the store");
    if (strcmp(what, "verify") == 0 && (code = verify(rep)) != EXIT_DONE)
        return code;
    return print(rep);
}

static int run(int argc, char **argv)
{
    struct args a;
    struct report rep = {0};
    int code;
    if (!cli_args(&a, &code, &cmd_image, argc, argv))
        return code;
    const char *what = a.rest == argc - 1 ? argv[a.rest] : "";
    if (strcmp(what, "build") != 0 && strcmp(what, "show") != 0 && strcmp(what, "verify") != 0)
        return cli_usage(&cmd_image, "say build, show or verify", NULL);
    rep.json = a.json;
    cli_catch_signals();
    code = work(&rep, &a, what);
    ent_watch_free(rep.w);
    cli_close(&rep.s);
    return code;
}

const struct command cmd_image = {
    .name = "image",
    .usage = "build|show|verify [--json]",
    .brief = "the compiled indicators: make, look at, check",
    .help = "The image is the file in which `entente watch` looks for indicators: image/indicators "
            "in the\n"
            "home. `import` and `watch` make it by themselves; a watcher takes a newer one without "
            "a pause.\n"
            "  build    make it now, whether it is current or not\n"
            "  show     how many indicators of which types, when built, whether current\n"
            "  verify   check every byte, every record and, if it is current, every row of the "
            "store",
    .options = options,
    .run = run,
};
