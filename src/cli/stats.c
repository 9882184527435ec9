/* stats.c: entente stats: what the store holds, in numbers. */
#include "cli/know.h"

static const struct option_spec options[] = {
    {"--json", NULL, "one JSON object"},
    {NULL, NULL, NULL},
};

struct adding_up {
    struct ent_json *j; /* NULL: text */
    uint64_t n;
};

static enum ent_err source_json(struct ent_json *j, const struct ent_source_stats *x)
{
    ent_json_obj(j, NULL);
    ent_json_str(j, "source", x->name);
    ent_json_u64(j, "claims", x->claims);
    ent_json_obj(j, "tlp");
    for (int t = ENT_TLP_CLEAR; t <= ENT_TLP_RED; t++)
        if (x->tlp[t] > 0)
            ent_json_u64(j, ent_tlp_name((enum ent_tlp)t), x->tlp[t]);
    ent_json_obj_end(j);
    ent_json_u64(j, "expired", x->expired);
    ent_json_u64(j, "withdrawn", x->withdrawn);
    ent_json_u64(j, "decided_here", x->decided);
    ent_json_time(j, "first_import", x->first_import);
    ent_json_time(j, "last_import", x->last_import);
    ent_json_obj_end(j);
    return j->err;
}

static enum ent_err source(void *ctx, const struct ent_source_stats *x)
{
    struct adding_up *all = ctx;
    char name[ENT_SHOW_MAX], n[9][ENT_NUM_TEXT], t[2][ENT_TIME_TEXT];
    if (atomic_load(&cli_stop))
        return ENT_E_INTERRUPTED;
    if (all->j != NULL)
        return source_json(all->j, x);
    if (all->n++ == 0)
        (void)printf("%10s %10s %10s %10s %10s %10s %10s %10s %10s  %-10s %-10s %s\n", "CLAIMS",
                     "CLEAR", "GREEN", "AMBER", "+STRICT", "RED", "EXPIRED", "WITHDRAWN", "DECIDED",
                     "FIRST", "LAST", "SOURCE");
    ent_time_format(t[0], x->first_import);
    ent_time_format(t[1], x->last_import);
    (void)printf("%10s", ent_show_count(n[0], x->claims));
    for (int i = ENT_TLP_CLEAR; i <= ENT_TLP_RED; i++)
        (void)printf(" %10s", ent_show_count(n[i], x->tlp[i]));
    (void)printf(" %10s %10s %10s  %.10s %.10s %s\n", ent_show_count(n[6], x->expired),
                 ent_show_count(n[7], x->withdrawn), ent_show_count(n[8], x->decided), t[0], t[1],
                 ent_show(name, x->name));
    return ENT_OK;
}

static enum ent_err text(struct ent_store *s, int64_t now)
{
    struct adding_up all = {.j = NULL};
    struct ent_store_sums sums;
    uint64_t count[ENT_OBS_TYPES], claims, objects, odd;
    char types[512], n[3][ENT_NUM_TEXT];
    enum ent_err r;
    if ((r = ent_store_count(s, count, &claims)) != ENT_OK ||
        (r = ent_store_sums(s, &sums)) != ENT_OK ||
        (r = ent_store_count_objects(s, &objects, &odd)) != ENT_OK)
        return r;
    (void)printf("known      %s\n", cli_type_counts(types, count));
    (void)printf("seen here  %s of them, %s times\n", ent_show_count(n[0], sums.sighted),
                 ent_show_count(n[1], sums.sightings));
    (void)printf("tagged     %s\n", ent_show_count(n[0], sums.tagged));
    (void)printf("on disk    %s\n", ent_show_bytes(n[0], sums.bytes));
    (void)printf("claims     %s\n", ent_show_count(n[0], claims));
    (void)printf("objects    %s, %s of them in doubt\n", ent_show_count(n[0], objects),
                 ent_show_count(n[1], odd));
    return ent_store_stats_by_source(s, now, source, &all);
}

static enum ent_err json(struct ent_store *s, struct ent_json *j, int64_t now)
{
    struct adding_up all = {.j = j};
    struct ent_store_sums sums;
    uint64_t count[ENT_OBS_TYPES], claims, objects, odd;
    enum ent_err r;
    if ((r = ent_store_count(s, count, &claims)) != ENT_OK ||
        (r = ent_store_sums(s, &sums)) != ENT_OK ||
        (r = ent_store_count_objects(s, &objects, &odd)) != ENT_OK)
        return r;
    ent_json_obj(j, NULL);
    ent_json_obj(j, "types");
    for (int t = 1; t < ENT_OBS_TYPES; t++)
        if (count[t] > 0)
            ent_json_u64(j, ent_obs_type_name((enum ent_obs_type)t), count[t]);
    ent_json_obj_end(j);
    ent_json_u64(j, "claims", claims);
    ent_json_u64(j, "sighted", sums.sighted);
    ent_json_u64(j, "sightings", sums.sightings);
    ent_json_u64(j, "tagged", sums.tagged);
    ent_json_u64(j, "bytes", sums.bytes);
    ent_json_u64(j, "objects", objects);
    ent_json_u64(j, "objects_in_doubt", odd);
    ent_json_arr(j, "sources");
    r = ent_store_stats_by_source(s, now, source, &all);
    ent_json_arr_end(j);
    ent_json_obj_end(j);
    return r;
}

static enum ent_err put(struct ent_store *s, bool as_json)
{
    struct ent_buf line;
    struct ent_json j;
    if (!as_json)
        return text(s, ent_clock_now());
    ent_buf_init(&line, 64u << 20);
    ent_json_start(&j, &line);
    enum ent_err r = json(s, &j, ent_clock_now()), ended = ent_json_end(&j);
    if (r == ENT_OK && (r = ended) == ENT_OK)
        r = cli_put_line(&line);
    ent_buf_release(&line);
    return r;
}

static int run(int argc, char **argv)
{
    struct args a;
    struct session s = {0};
    int code;
    if (!cli_args(&a, &code, &cmd_stats, argc, argv))
        return code;
    if (a.rest != argc)
        return cli_usage(&cmd_stats, "no arguments", argv[a.rest]);
    cli_catch_signals();
    if ((code = cli_open(&s, &a, true)) == EXIT_DONE) {
        enum ent_err r = put(s.store, a.json);
        code = r == ENT_OK ? EXIT_DONE : cli_fail(r, NULL, "stats");
    }
    cli_close(&s);
    return code;
}

const struct command cmd_stats = {
    .name = "stats",
    .usage = "[--json]",
    .brief = "what is known, in numbers",
    .help = "Counts observables by type, and claims by source and marking: how many have expired,\n"
            "were withdrawn by their source or decided here, when imported first and last; what\n"
            "was seen here, and the size of the store.",
    .options = options,
    .run = run,
};
