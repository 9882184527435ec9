/* sightings.c: entente sightings: which indicators were seen here, when, how often and where. */
#include "cli/watch.h"

static const struct option_spec options[] = {
    {"--since", "TIME", "only what was seen since then: 2026-11-22, or 2026-11-22T08:00:00Z"},
    {"--json", NULL, "one JSON line for each indicator and log"},
    {NULL, NULL, NULL},
};

struct listing {
    struct ent_buf line;
    bool json;
    uint64_t n;
};

static enum ent_err row_json(struct listing *l, const struct ent_sighting *g)
{
    struct ent_json j;
    ent_json_start(&j, &l->line);
    ent_json_obj(&j, NULL);
    ent_json_str(&j, "indicator", g->value);
    ent_json_cstr(&j, "type", ent_obs_type_name(g->type));
    ent_json_u64(&j, "count", g->count);
    ent_json_time(&j, "first", g->first);
    ent_json_time(&j, "last", g->last);
    ent_json_str(&j, "file", g->path);
    ent_json_u64(&j, "line", g->line);
    ent_json_u64(&j, "offset", g->offset);
    ent_json_obj_end(&j);
    return ent_json_end(&j);
}

static enum ent_err row_table(struct listing *l, const struct ent_sighting *g)
{
    char value[ENT_OBS_DEFANGED_MAX], file[ENT_SHOW_MAX], n[ENT_NUM_TEXT];
    char first[ENT_TIME_TEXT], last[ENT_TIME_TEXT];
    watch_defang(value, g->type, g->value);
    ent_time_format(first, g->first);
    ent_time_format(last, g->last);
    if (l->n == 1)
        (void)printf("%-40s %10s %-20s %-20s %s\n", "INDICATOR", "COUNT", "FIRST", "LAST",
                     "LAST IN FILE:LINE");
    return ent_buf_printf(&l->line, "%-40s %10s %-20s %-20s %s:%llu", value,
                          ent_show_count(n, g->count), first, last, ent_show(file, g->path),
                          (unsigned long long)g->line);
}

static enum ent_err row(void *ctx, const struct ent_sighting *g)
{
    struct listing *l = ctx;
    if (atomic_load(&cli_stop))
        return ENT_E_INTERRUPTED;
    l->n++;
    enum ent_err r = l->json ? row_json(l, g) : row_table(l, g);
    return r == ENT_OK ? cli_put_line(&l->line) : r;
}

static int list(const struct args *a, int64_t since, const struct ent_observable *only)
{
    struct session s = {0};
    struct listing l = {.json = a->json};
    ent_buf_init(&l.line, 1u << 20);
    int code = cli_open(&s, a, true);
    if (code == EXIT_DONE) {
        enum ent_err r = ent_store_sightings(s.store, since, only, row, &l);
        code = r == ENT_OK ? EXIT_DONE : cli_fail(r, NULL, "sightings");
    }
    if (code == EXIT_DONE && l.n == 0 && !l.json)
        (void)puts("nothing seen");
    cli_close(&s);
    ent_buf_release(&l.line);
    return code;
}

static int run(int argc, char **argv)
{
    struct args a;
    struct ent_observable only;
    const char *why = NULL;
    int64_t since = 0;
    int code;
    if (!cli_args(&a, &code, &cmd_sightings, argc, argv))
        return code;
    if (argc - a.rest > 1)
        return cli_usage(&cmd_sightings, "one observable at most", argv[a.rest + 1]);
    if (a.since != NULL && ent_time_parse(&since, ent_slice_str(a.since)) != ENT_OK)
        return cli_usage(&cmd_sightings, "no such time (2026-11-22, or 2026-11-22T08:00:00Z)",
                         a.since);
    if (argc > a.rest && ent_observable_parse(&only, &why, ent_slice_str(argv[a.rest])) != ENT_OK)
        return cli_usage(&cmd_sightings, why, argv[a.rest]);
    cli_catch_signals();
    return list(&a, since, argc > a.rest ? &only : NULL);
}

const struct command cmd_sightings = {
    .name = "sightings",
    .usage = "[OPTION...] [OBSERVABLE]",
    .brief = "which indicators were seen here, when, how often, where",
    .help =
        "Lists what `entente watch` has found so far: for each indicator and log when it was\n"
        "seen first and last by the clock of this machine, how often, and where last. The last\n"
        "seen stands first. With OBSERVABLE, only that indicator.",
    .options = options,
    .run = run,
};
