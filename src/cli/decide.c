/* decide.c: entente expire, revoke, tag: what this member itself thinks of what others say. Kept
 * beside their claims, which stay as they are. */
#include "cli/know.h"

static const struct option_spec expire_options[] = {
    {"--source", "NAME", "only what this source says (default: each that says something now)"},
    {"--at", "TIME", "then, and not now: 2026-11-22, or 2026-11-22T08:00:00Z"},
    {"--undo", NULL, "take back what was decided here"},
    {"--json", NULL, "one JSON line for each observable: what is claimed now"},
    {NULL, NULL, NULL},
};

static const struct option_spec revoke_options[] = {
    {"--source", "NAME", "what this source says"},
    {"--undo", NULL, "take back what was decided here"},
    {"--json", NULL, "one JSON line for each observable: what is claimed now"},
    {NULL, NULL, NULL},
};

static const struct option_spec tag_options[] = {
    {"--json", NULL, "one JSON line: the tags that it has now"}, {NULL, NULL, NULL}};

/* --- for scripts --------------------------------------------------------------------------------
 */

struct telling {
    struct ent_json j;
    const struct ent_config *config;
    int64_t now;
};

static enum ent_err tell_claim(void *ctx, const struct ent_claim *c)
{
    struct telling *t = ctx;
    ent_json_obj(&t->j, NULL);
    know_claim_json(&t->j, t->config, c, t->now);
    ent_json_obj_end(&t->j);
    return ENT_OK;
}

static enum ent_err tell_tag(void *ctx, struct ent_slice tag)
{
    struct telling *t = ctx;
    ent_json_str(&t->j, NULL, tag);
    return ENT_OK;
}

/* How it stands now: its claims, or its tags. */
static enum ent_err tell(struct session *s, const struct ent_observable *o, bool tags)
{
    struct telling t = {.config = &s->config, .now = ent_clock_now()};
    struct ent_buf line;
    uint64_t id;
    enum ent_err r = ent_store_find(s->store, &id, o);
    if (r != ENT_OK)
        return r;
    ent_buf_init(&line, 64u << 20);
    ent_json_start(&t.j, &line);
    ent_json_obj(&t.j, NULL);
    ent_json_str(&t.j, "value", ent_slice(o->text, o->n));
    ent_json_cstr(&t.j, "type", ent_obs_type_name(o->type));
    ent_json_arr(&t.j, tags ? "tags" : "claims");
    r = tags ? ent_store_tags(s->store, id, tell_tag, &t)
             : ent_store_claims_of(s->store, id, tell_claim, &t);
    ent_json_arr_end(&t.j);
    ent_json_obj_end(&t.j);
    enum ent_err ended = ent_json_end(&t.j);
    if (r == ENT_OK && (r = ended) == ENT_OK)
        r = cli_put_line(&line);
    ent_buf_release(&line);
    return r;
}

/* --- decisions ----------------------------------------------------------------------------------
 */

struct decision {
    const struct args *a;
    struct ent_slice source;
    int64_t until; /* 0: it never counted */
};

static enum ent_err one(struct session *s, const struct decision *d, const struct ent_observable *o,
                        int64_t now)
{
    uint64_t id;
    enum ent_err r = ent_store_find(s->store, &id, o);
    if (r != ENT_OK)
        return r;
    return d->a->undo ? ent_store_undecide(s->store, id, d->source)
                      : ent_store_decide(s->store, id, d->source, d->until, now);
}

/* All of them or none: the code of the first that fails, which is then told. */
static int decide_all(struct session *s, const struct decision *d, int n, char **texts)
{
    const struct ent_diag none = {.text = d->a->undo        ? "nothing was decided about it here"
                                          : d->source.n > 0 ? "that source says nothing about it"
                                                            : "nobody said anything about it"};
    struct ent_observable o;
    int64_t now = ent_clock_now();
    enum ent_err r = ent_store_begin(s->store);
    const char *at = NULL;
    for (int i = 0; i < n && r == ENT_OK; i++) {
        at = texts[i];
        if ((r = ent_observable_parse(&o, NULL, ent_slice_str(at))) == ENT_OK)
            r = one(s, d, &o, now);
    }
    if (r == ENT_OK)
        r = ent_store_commit(s->store);
    ent_store_rollback(s->store);
    for (int i = 0; i < n && r == ENT_OK && d->a->json; i++) {
        at = texts[i];
        if ((r = ent_observable_parse(&o, NULL, ent_slice_str(at))) == ENT_OK)
            r = tell(s, &o, false);
    }
    return r == ENT_OK ? EXIT_DONE : cli_fail(r, r == ENT_E_NOTFOUND ? &none : NULL, at);
}

static int decide(const struct command *c, const struct decision *d, int argc, char **argv)
{
    struct session s = {0};
    struct ent_observable o;
    int code;
    if (d->a->rest == argc)
        return cli_usage(c, "name an observable", NULL);
    if (d->a->source != NULL && d->source.n == 0)
        return cli_usage(c, "a source has a name", NULL);
    for (int i = d->a->rest; i < argc; i++)
        if (!know_parse(&o, &code, c, argv[i]))
            return code;
    cli_catch_signals();
    if ((code = cli_open(&s, d->a, true)) == EXIT_DONE &&
        (code = decide_all(&s, d, argc - d->a->rest, argv + d->a->rest)) == EXIT_DONE)
        cli_make_image(&s);
    cli_close(&s);
    return code;
}

static int run_expire(int argc, char **argv)
{
    struct args a;
    struct decision d = {.a = &a, .until = ent_clock_now()};
    int code;
    if (!cli_args(&a, &code, &cmd_expire, argc, argv))
        return code;
    if (a.at != NULL && (ent_time_parse(&d.until, ent_slice_str(a.at)) != ENT_OK || d.until <= 0))
        return cli_usage(&cmd_expire, "no such time (2026-11-22, or 2026-11-22T08:00:00Z)", a.at);
    if (a.at != NULL && a.undo)
        return cli_usage(&cmd_expire, "either --at or --undo", NULL);
    if (a.source != NULL)
        d.source = ent_slice_str(a.source);
    return decide(&cmd_expire, &d, argc, argv);
}

static int run_revoke(int argc, char **argv)
{
    struct args a;
    struct decision d = {.a = &a};
    int code;
    if (!cli_args(&a, &code, &cmd_revoke, argc, argv))
        return code;
    if (a.source == NULL)
        return cli_usage(&cmd_revoke, "--source says whose claim; `entente show` lists them", NULL);
    d.source = ent_slice_str(a.source);
    return decide(&cmd_revoke, &d, argc, argv);
}

/* --- tag ----------------------------------------------------------------------------------------
 */

static int tag_all(struct session *s, const struct ent_observable *o, bool add, int n, char **tags)
{
    char value[ENT_OBS_DEFANGED_MAX];
    uint64_t id;
    enum ent_err r = ent_store_find(s->store, &id, o);
    if (r == ENT_E_NOTFOUND)
        return cli_fail(r, &(struct ent_diag){.text = "nobody said anything about it"},
                        know_defang(value, o));
    const char *at = value;
    know_defang(value, o);
    if (r == ENT_OK)
        r = ent_store_begin(s->store);
    for (int i = 0; i < n && r == ENT_OK; i++) {
        at = tags[i];
        r = add ? ent_store_tag(s->store, id, ent_slice_str(at), ent_clock_now())
                : ent_store_untag(s->store, id, ent_slice_str(at));
    }
    if (r == ENT_OK)
        r = ent_store_commit(s->store);
    ent_store_rollback(s->store);
    if (r == ENT_OK)
        return EXIT_DONE;
    struct ent_diag d = {.text = r == ENT_E_NOTFOUND ? "it has no such tag"
                                 : r == ENT_E_FORMAT
                                     ? "a tag is 1 to 255 bytes of UTF-8, all of it visible"
                                     : NULL};
    return cli_fail(r, &d, at);
}

static int run_tag(int argc, char **argv)
{
    struct args a;
    struct session s = {0};
    struct ent_observable o;
    int code;
    if (!cli_args(&a, &code, &cmd_tag, argc, argv))
        return code;
    bool add = argc > a.rest && strcmp(argv[a.rest], "add") == 0;
    if (argc - a.rest < 3 || (!add && strcmp(argv[a.rest], "remove") != 0))
        return cli_usage(&cmd_tag, "say what to do", NULL);
    if (!know_parse(&o, &code, &cmd_tag, argv[a.rest + 1]))
        return code;
    if ((code = cli_open(&s, &a, true)) == EXIT_DONE)
        code = tag_all(&s, &o, add, argc - a.rest - 2, argv + a.rest + 2);
    if (code == EXIT_DONE && a.json) {
        enum ent_err r = tell(&s, &o, true);
        code = r == ENT_OK ? code : cli_fail(r, NULL, argv[a.rest + 1]);
    }
    cli_close(&s);
    return code;
}

const struct command cmd_expire = {
    .name = "expire",
    .usage = "[--source NAME] [--at TIME] [--undo] [--json] OBSERVABLE...",
    .brief = "decide that a claim counts no longer",
    .help =
        "What is said about each OBSERVABLE counts until TIME (now), whatever its author wrote,\n"
        "also when the same source says it again. A source that speaks of it for the first\n"
        "time counts. The claims stay as they are, and --undo takes the decision back.",
    .options = expire_options,
    .run = run_expire,
};

const struct command cmd_revoke = {
    .name = "revoke",
    .usage = "--source NAME [--undo] [--json] OBSERVABLE...",
    .brief = "decide that a claim never counted",
    .help = "As `entente expire`, but from the beginning: what this source says about each\n"
            "OBSERVABLE is wrong. It concerns this member only: the author's own indicator can be\n"
            "revoked by its author alone.",
    .options = revoke_options,
    .run = run_revoke,
};

const struct command cmd_tag = {
    .name = "tag",
    .usage = "[--json] add|remove OBSERVABLE TAG...",
    .brief = "words of your own on an observable",
    .help = "add     put these words on an observable that is known\n"
            "remove  take them off\n\n"
            "`entente show` shows them, `entente list --tag` lists by them. They never leave.",
    .options = tag_options,
    .run = run_tag,
};
