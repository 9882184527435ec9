/* list.c: entente list: claims, the newest first. */
#include "cli/know.h"

static const struct option_spec options[] = {
    {"--types", "TYPES", "only these: ip,net,endpoint,domain,url,email,hash"},
    {"--source", "NAME", "only what this source says"},
    {"--tlp", "TLP", "only what is marked so or wider"},
    {"--min-confidence", "NUMBER", "only claims at least so sure, 1 to 100"},
    {"--tag", "TAG", "only claims with this label, or on what has this tag"},
    {"--since", "TIME", "only what was first imported then or later"},
    {"--limit", "NUMBER", "at most so many lines"},
    {"--json", NULL, "one JSON line for each claim"},
    {NULL, NULL, NULL},
};

struct listing {
    struct ent_buf line;
    const struct ent_config *config;
    int64_t now;
    uint64_t limit, n;
    bool json;
};

static enum ent_err row_json(struct listing *l, const struct ent_claim *c)
{
    struct ent_json j;
    ent_json_start(&j, &l->line);
    ent_json_obj(&j, NULL);
    ent_json_str(&j, "value", ent_slice(c->obs.text, c->obs.n));
    ent_json_cstr(&j, "type", ent_obs_type_name(c->obs.type));
    know_claim_json(&j, l->config, c, l->now);
    ent_json_obj_end(&j);
    return ent_json_end(&j);
}

static enum ent_err row_text(struct listing *l, const struct ent_claim *c)
{
    char value[ENT_OBS_DEFANGED_MAX], source[ENT_SHOW_MAX], kind[ENT_SHOW_MAX];
    char labels[ENT_SHOW_MAX];
    char confidence[ENT_NUM_TEXT], first[ENT_TIME_TEXT];
    ent_time_format(first, c->first_import);
    return ent_buf_printf(&l->line, "%.10s %-9s %-44s %-8s %-16s %-23s %s%s%s%s%s%s", first,
                          ent_obs_type_name(c->obs.type), know_defang(value, &c->obs),
                          know_scored(confidence, l->config, c, l->now), ent_tlp_name(c->tlp),
                          know_state(ent_claim_state(c, l->now)), ent_show(source, c->source),
                          c->kind.n > 0 ? ": " : "", ent_show(kind, c->kind),
                          c->labels.n > 0 ? " [" : "", know_labels(labels, c->labels),
                          c->labels.n > 0 ? "]" : "");
}

/* ENT_E_LIMIT: there are more than are wanted. */
static enum ent_err row(void *ctx, const struct ent_claim *c)
{
    struct listing *l = ctx;
    if (atomic_load(&cli_stop))
        return ENT_E_INTERRUPTED;
    if (l->limit > 0 && l->n == l->limit)
        return ENT_E_LIMIT;
    l->n++;
    enum ent_err r = l->json ? row_json(l, c) : row_text(l, c);
    return r == ENT_OK ? cli_put_line(&l->line) : r;
}

static int read_filter(const struct args *a, struct ent_claim_filter *f, uint64_t *ret_limit)
{
    uint64_t confidence = 0;
    *f = (struct ent_claim_filter){.types = ENT_OBS_ALL};
    if (a->types != NULL && ent_obs_types_parse(&f->types, ent_slice_str(a->types)) != ENT_OK)
        return cli_usage(&cmd_list, "no such type", a->types);
    if (a->tlp != NULL && ent_tlp_parse(&f->max_tlp, ent_slice_str(a->tlp)) != ENT_OK)
        return cli_usage(&cmd_list, "no such TLP", a->tlp);
    if (a->min_confidence != NULL &&
        (ent_parse_u64(&confidence, ent_slice_str(a->min_confidence), 100) != ENT_OK ||
         confidence == 0))
        return cli_usage(&cmd_list, "a confidence is a number from 1 to 100", a->min_confidence);
    if (a->since != NULL && ent_time_parse(&f->since, ent_slice_str(a->since)) != ENT_OK)
        return cli_usage(&cmd_list, "no such time (2026-11-22, or 2026-11-22T08:00:00Z)", a->since);
    if (a->limit != NULL &&
        (ent_parse_u64(ret_limit, ent_slice_str(a->limit), UINT64_MAX) != ENT_OK ||
         *ret_limit == 0))
        return cli_usage(&cmd_list, "a limit is a number above 0", a->limit);
    f->min_confidence = (int)confidence;
    if (a->source != NULL)
        f->source = ent_slice_str(a->source);
    if (a->tag != NULL)
        f->tag = ent_slice_str(a->tag);
    return EXIT_DONE;
}

static int run(int argc, char **argv)
{
    struct args a;
    struct session s = {0};
    struct ent_claim_filter f;
    struct listing l = {.now = ent_clock_now()};
    int code;
    if (!cli_args(&a, &code, &cmd_list, argc, argv))
        return code;
    if (a.rest != argc)
        return cli_usage(&cmd_list, "no arguments but options; `entente find` finds", argv[a.rest]);
    if ((code = read_filter(&a, &f, &l.limit)) != EXIT_DONE)
        return code;
    l.json = a.json;
    l.config = &s.config;
    cli_catch_signals();
    ent_buf_init(&l.line, 1u << 20);
    if ((code = cli_open(&s, &a, true)) == EXIT_DONE) {
        enum ent_err r = ent_store_claims(s.store, &f, row, &l);
        if (r != ENT_OK && !(r == ENT_E_LIMIT && l.n == l.limit))
            code = cli_fail(r, NULL, "list");
    }
    cli_close(&s);
    ent_buf_release(&l.line);
    return code;
}

const struct command cmd_list = {
    .name = "list",
    .usage = "[OPTION...]",
    .brief = "claims, the newest first",
    .help =
        "Lists claims: when imported first, what, how sure, its marking, whether it counts, and\n"
        "who says so. Those on the observables that came last stand first.",
    .options = options,
    .run = run,
};
