/* show.c: entente show: all that is known about an observable. */
#include "cli/know.h"

#define LISTS_MAX 64u /* warning lists told of one observable */

static const struct option_spec options[] = {
    {"--json", NULL, "one JSON line for each observable"},
    {NULL, NULL, NULL},
};

/* One observable. Everything is collected in JSON or printed as it comes. */
struct showing {
    struct ent_store *store;
    const struct ent_config *config;
    struct ent_observable obs;
    uint64_t id; /* 0: not known itself */
    int64_t now;
    bool json;
    struct ent_json j;
    struct ent_buf line;
    struct ent_buf list[LISTS_MAX]; /* names told already */
    size_t lists, n;                /* n: rows of the part that is being told */
};

/* The heading stands before the first row. */
static const char *heading(struct showing *w, const char *name)
{
    return w->n++ == 0 ? name : "";
}

static enum ent_err tell_tag(void *ctx, struct ent_slice tag)
{
    struct showing *w = ctx;
    char shown[ENT_SHOW_MAX];
    if (w->json)
        ent_json_str(&w->j, NULL, tag);
    else
        (void)printf("  %-10s %s\n", heading(w, "tags"), ent_show(shown, tag));
    return ENT_OK;
}

static enum ent_err tell_warning(void *ctx, struct ent_slice name)
{
    struct showing *w = ctx;
    char shown[ENT_SHOW_MAX];
    enum ent_err r;
    for (size_t i = 0; i < w->lists; i++)
        if (ent_slice_eq(ent_buf_slice(&w->list[i]), name))
            return ENT_OK;
    if (w->lists == LISTS_MAX)
        return ENT_OK;
    ent_buf_init(&w->list[w->lists], 4096);
    if ((r = ent_buf_put_slice(&w->list[w->lists++], name)) != ENT_OK)
        return r;
    if (w->json)
        ent_json_str(&w->j, NULL, name);
    else
        (void)printf("  %-10s %s\n", heading(w, "warning"), ent_show(shown, name));
    return ENT_OK;
}

static enum ent_err tell_around(void *ctx, uint64_t id, const struct ent_observable *o)
{
    struct showing *w = ctx;
    struct ent_known k;
    char value[ENT_OBS_DEFANGED_MAX], source[ENT_SHOW_MAX];
    enum ent_err r = ent_store_get(w->store, &k, id, w->now);
    bool counts = r == ENT_OK;
    if (!counts && r != ENT_E_NOTFOUND)
        return r;
    if (w->json) {
        ent_json_obj(&w->j, NULL);
        ent_json_str(&w->j, "value", ent_slice(o->text, o->n));
        ent_json_cstr(&w->j, "type", ent_obs_type_name(o->type));
        ent_json_bool(&w->j, "valid", counts);
        if (counts)
            ent_json_str(&w->j, "source", k.source);
        ent_json_obj_end(&w->j);
        return ENT_OK;
    }
    (void)printf("  %-10s %s (%s)\n", heading(w, "within"), know_defang(value, o),
                 counts ? ent_show(source, k.source) : "no claim on it counts now");
    return ENT_OK;
}

static enum ent_err tell_sighting(void *ctx, const struct ent_sighting *g)
{
    struct showing *w = ctx;
    char first[ENT_TIME_TEXT], last[ENT_TIME_TEXT], path[ENT_SHOW_MAX], n[ENT_NUM_TEXT];
    if (w->json) {
        ent_json_obj(&w->j, NULL);
        ent_json_str(&w->j, "file", g->path);
        ent_json_u64(&w->j, "count", g->count);
        ent_json_time(&w->j, "first", g->first);
        ent_json_time(&w->j, "last", g->last);
        ent_json_u64(&w->j, "line", g->line);
        ent_json_obj_end(&w->j);
        return ENT_OK;
    }
    ent_time_format(first, g->first);
    ent_time_format(last, g->last);
    (void)printf("  %-10s %s time%s, %s to %s, last %s:%llu\n", heading(w, "seen"),
                 ent_show_count(n, g->count), g->count == 1 ? "" : "s", first, last,
                 ent_show(path, g->path), (unsigned long long)g->line);
    return ENT_OK;
}

/* "from 2016-.. until -" */
static const char *time_or_dash(char ret[static ENT_TIME_TEXT], int64_t t)
{
    ent_time_format(ret, t);
    return t == 0 ? "-" : ret;
}

static void print_claim(const struct showing *w, const struct ent_claim *c, const char *head)
{
    char source[ENT_SHOW_MAX], confidence[ENT_NUM_TEXT], t[2][ENT_TIME_TEXT];
    struct ent_buf text;
    (void)printf("  %-10s %s: %s, confidence %s, %s\n", head, ent_show(source, c->source),
                 ent_tlp_name(c->tlp), know_scored(confidence, w->config, c, w->now),
                 know_state(ent_claim_state(c, w->now)));
    ent_buf_init(&text, 65536);
    if (c->kind.n > 0 && ent_escape(&text, c->kind, ENT_INDICATOR_KIND) == ENT_OK)
        (void)printf("  %-10s   kind      %.*s\n", "", (int)text.n, (const char *)text.p);
    ent_buf_clear(&text);
    if (c->text.n > 0 && ent_escape(&text, c->text, ENT_INDICATOR_TEXT) == ENT_OK)
        (void)printf("  %-10s   text      %.*s\n", "", (int)text.n, (const char *)text.p);
    ent_buf_release(&text);
    const char *word = "labels";
    for (struct ent_slice left = c->labels; left.n > 0; word = "")
        (void)printf("  %-10s   %-9s %s\n", "", word, ent_show(source, ent_labels_next(&left)));
    if (c->ext_id.n > 0)
        (void)printf("  %-10s   id        %s\n", "", ent_show(source, c->ext_id));
    (void)printf("  %-10s   valid     from %s until %s\n", "", time_or_dash(t[0], c->valid_from),
                 time_or_dash(t[1], c->valid_until));
    if (c->decided && c->until > 0)
        (void)printf("  %-10s   expires   %s, decided here\n", "", time_or_dash(t[0], c->until));
    (void)printf("  %-10s   imported  %s, last %s\n", "", time_or_dash(t[0], c->first_import),
                 time_or_dash(t[1], c->last_import));
}

static enum ent_err tell_claim(void *ctx, const struct ent_claim *c)
{
    struct showing *w = ctx;
    if (!w->json) {
        print_claim(w, c, heading(w, "claim"));
        return know_pointing(w->store, NULL, c->ext_id);
    }
    ent_json_obj(&w->j, NULL);
    know_claim_json(&w->j, w->config, c, w->now);
    enum ent_err r = ENT_OK;
    if (c->ext_id.n > 0) {
        ent_json_arr(&w->j, "told_of");
        r = know_pointing(w->store, &w->j, c->ext_id);
        ent_json_arr_end(&w->j);
    }
    ent_json_obj_end(&w->j);
    return r;
}

static void begin(struct showing *w, const char *part)
{
    w->n = 0;
    if (w->json)
        ent_json_arr(&w->j, part);
}

static void end(struct showing *w)
{
    if (w->json)
        ent_json_arr_end(&w->j);
}

static enum ent_err tell_parts(struct showing *w)
{
    enum ent_err r = ENT_OK;
    begin(w, "claims");
    if (w->id != 0)
        r = ent_store_claims_of(w->store, w->id, tell_claim, w);
    end(w);
    begin(w, "tags");
    if (r == ENT_OK && w->id != 0)
        r = ent_store_tags(w->store, w->id, tell_tag, w);
    end(w);
    begin(w, "within");
    if (r == ENT_OK)
        r = ent_store_around(w->store, &w->obs, tell_around, w);
    end(w);
    begin(w, "warnings");
    if (r == ENT_OK)
        r = ent_store_warned_around(w->store, &w->obs, tell_warning, w);
    end(w);
    begin(w, "sightings");
    if (r == ENT_OK && w->id != 0)
        r = ent_store_sightings(w->store, 0, &w->obs, tell_sighting, w);
    end(w);
    return r;
}

static enum ent_err tell(struct showing *w)
{
    char value[ENT_OBS_DEFANGED_MAX], stix[ENT_STIX_SCO_ID];
    enum ent_err r = ent_store_find(w->store, &w->id, &w->obs);
    if (r != ENT_OK && r != ENT_E_NOTFOUND)
        return r;
    if (!w->json)
        (void)printf("%s (%s)%s\n", know_defang(value, &w->obs), ent_obs_type_name(w->obs.type),
                     w->id == 0 ? ": not known itself" : "");
    ent_json_start(&w->j, &w->line);
    ent_json_obj(&w->j, NULL);
    ent_json_str(&w->j, "value", ent_slice(w->obs.text, w->obs.n));
    ent_json_cstr(&w->j, "type", ent_obs_type_name(w->obs.type));
    ent_json_bool(&w->j, "known", w->id != 0);
    if (ent_stix_id_of(stix, &w->obs) == ENT_OK)
        ent_json_cstr(&w->j, "stix_id", stix);
    r = tell_parts(w);
    ent_json_obj_end(&w->j);
    enum ent_err written = ent_json_end(&w->j);
    if (r == ENT_OK && w->json && (r = written) == ENT_OK)
        r = cli_put_line(&w->line);
    return r;
}

static int show(struct session *s, const struct args *a, const struct ent_observable *o)
{
    struct showing *w = calloc(1, sizeof(*w));
    char value[ENT_OBS_DEFANGED_MAX];
    if (w == NULL)
        return cli_fail(ENT_E_NOMEM, NULL, NULL);
    w->store = s->store;
    w->config = &s->config;
    w->obs = *o;
    w->now = ent_clock_now();
    w->json = a->json;
    ent_buf_init(&w->line, 64u << 20);
    enum ent_err r = tell(w);
    int code = EXIT_DONE;
    if (r != ENT_OK)
        code = cli_fail(r, NULL, know_defang(value, o));
    else if (w->id == 0)
        code = cli_fail(ENT_E_NOTFOUND, &(struct ent_diag){.text = "nobody said anything about it"},
                        know_defang(value, o));
    for (size_t i = 0; i < w->lists; i++)
        ent_buf_release(&w->list[i]);
    ent_buf_release(&w->line);
    free(w);
    return code;
}

static int run(int argc, char **argv)
{
    struct args a;
    struct session s = {0};
    struct ent_observable o;
    int code, worst = EXIT_DONE;
    if (!cli_args(&a, &code, &cmd_show, argc, argv))
        return code;
    if (a.rest == argc)
        return cli_usage(&cmd_show, "name an observable", NULL);
    for (int i = a.rest; i < argc; i++)
        if (!know_parse(&o, &code, &cmd_show, argv[i]))
            return code;
    cli_catch_signals();
    code = worst = cli_open(&s, &a, true);
    for (int i = a.rest; i < argc && code == EXIT_DONE; i++) {
        if (!know_parse(&o, &code, &cmd_show, argv[i]))
            break;
        int one = show(&s, &a, &o);
        worst = one > worst ? one : worst;
    }
    cli_close(&s);
    return worst;
}

const struct command cmd_show = {
    .name = "show",
    .usage = "[--json] OBSERVABLE...",
    .brief = "all that is known about an address, a name, a hash",
    .help = "Shows every claim on each OBSERVABLE, defanged or not: who says so, how sure, from "
            "when\n"
            "until when, and whether it counts now; then its tags, known networks and names it\n"
            "lies in, warning lists it is on, and where it was seen here.",
    .options = options,
    .run = run,
};
