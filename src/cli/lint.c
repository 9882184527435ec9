/* lint.c: entente lint: what is odd about what is known, in plain words; also at import. */
#include "cli/know.h"

static const struct option_spec options[] = {
    {"--source", "NAME", "only what this source says"},
    {"--json", NULL, "one JSON object"},
    {NULL, NULL, NULL},
};

void cli_lint_json(struct ent_json *j, const struct ent_lint_report *r)
{
    ent_json_u64(j, "claims", r->claims);
    ent_json_u64(j, "undated", r->undated);
    ent_json_u64(j, "no_confidence", r->unsure);
    ent_json_u64(j, "same_text", r->same);
    if (r->same > 0)
        ent_json_cstr(j, "text", r->text);
    ent_json_u64(j, "warned", r->warned);
    ent_json_arr(j, "warning_lists");
    for (size_t i = 0; i < r->lists; i++) {
        ent_json_obj(j, NULL);
        ent_json_cstr(j, "name", r->list[i].name);
        ent_json_u64(j, "claims", r->list[i].n);
        ent_json_obj_end(j);
    }
    ent_json_arr_end(j);
    ent_json_u64(j, "wide_networks", r->wide);
    ent_json_u64(j, "not_public", r->not_public);
    ent_json_u64(j, "public_suffixes", r->suffixes);
    ent_json_u64(j, "expired_on_arrival", r->stale);
    ent_json_u64(j, "said_elsewhere", r->elsewhere);
}

static void put_lists(const struct ent_lint_report *r, const char *indent)
{
    char name[ENT_SHOW_MAX], n[ENT_NUM_TEXT];
    for (size_t i = 0; i < r->lists; i++)
        (void)printf("%s%10s   of them: %s\n", indent, ent_show_count(n, r->list[i].n),
                     ent_show(name, ent_slice_str(r->list[i].name)));
}

void cli_lint_text(const struct ent_lint_report *r, const char *indent)
{
    const struct {
        uint64_t n;
        const char *what;
    } lines[] = {
        {r->undated, "do not say when it was observed"},
        {r->unsure, "do not say how sure their author is"},
        {r->same, "have the same text"},
        {r->warned, "are on warning lists"},
        {r->wide, "are networks wider than /16, in IPv6 /32"},
        {r->not_public, "are private, reserved, or else not of the public Internet"},
        {r->suffixes, "are public suffixes: anybody may have a name below"},
        {r->stale, "had expired when they came"},
        {r->elsewhere, "are said by another source too"},
    };
    char n[ENT_NUM_TEXT], text[ENT_SHOW_MAX];
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        if (lines[i].n == 0)
            continue;
        (void)printf("%s%10s %s%s%s\n", indent, ent_show_count(n, lines[i].n), lines[i].what,
                     lines[i].what == lines[2].what ? ": " : "",
                     lines[i].what == lines[2].what ? ent_show(text, ent_slice_str(r->text)) : "");
        if (lines[i].what == lines[3].what)
            put_lists(r, indent);
    }
}

static enum ent_err report_json(const struct ent_lint_report *r, struct ent_store *s,
                                struct ent_slice source)
{
    struct ent_buf line;
    struct ent_json j;
    ent_buf_init(&line, 1u << 24);
    ent_json_start(&j, &line);
    ent_json_obj(&j, NULL);
    cli_lint_json(&j, r);
    enum ent_err e = cli_held_json(&j, s, source);
    ent_json_obj_end(&j);
    if (e == ENT_OK && (e = ent_json_end(&j)) == ENT_OK)
        e = cli_put_line(&line);
    ent_buf_release(&line);
    return e;
}

static enum ent_err report(const struct ent_lint_report *r, bool json, struct ent_store *s,
                           struct ent_slice source)
{
    char n[ENT_NUM_TEXT];
    if (json)
        return report_json(r, s, source);
    (void)printf("%s claims%s\n", ent_show_count(n, r->claims),
                 ent_lint_is_odd(r) ? ", of which" : ", and nothing odd about them");
    cli_lint_text(r, "");
    return cli_release_text(s, source, "");
}

static int lint(struct session *s, const struct args *a)
{
    struct ent_lint *l = NULL;
    struct ent_slice source = a->source == NULL ? ent_slice(NULL, 0) : ent_slice_str(a->source);
    const struct ent_lint_report *rep = NULL;
    int code = EXIT_DONE;
    enum ent_err r = ent_lint_new(&l, s->store);
    if (r == ENT_OK)
        r = ent_lint_store(l, source, &cli_stop);
    if (r == ENT_OK)
        r = ent_release_judge(s->store, ent_slice(NULL, 0), &cli_stop);
    if (r == ENT_OK && (rep = ent_lint_report(l))->claims == 0 && a->source != NULL)
        code = cli_fail(ENT_E_NOTFOUND,
                        &(struct ent_diag){.text = "says nothing; `entente stats` lists sources"},
                        a->source);
    else if (r == ENT_OK && (r = report(rep, a->json, s->store, source)) == ENT_OK)
        code = ent_lint_is_odd(rep) ? EXIT_HITS : EXIT_DONE;
    if (r != ENT_OK)
        code = cli_fail(r, NULL, "lint");
    ent_lint_free(l);
    return code;
}

static int run(int argc, char **argv)
{
    struct args a;
    struct session s = {0};
    int code;
    if (!cli_args(&a, &code, &cmd_lint, argc, argv))
        return code;
    if (a.rest != argc)
        return cli_usage(&cmd_lint, "no arguments", argv[a.rest]);
    if (a.source != NULL && *a.source == '\0')
        return cli_usage(&cmd_lint, "a source has a name", NULL);
    cli_catch_signals();
    if ((code = cli_open(&s, &a, true)) == EXIT_DONE)
        code = lint(&s, &a);
    cli_close(&s);
    return code;
}

const struct command cmd_lint = {
    .name = "lint",
    .usage = "[--source NAME] [--json]",
    .brief = "what is odd about what is known, before somebody acts on it",
    .help =
        "Says how many claims have no date, no confidence, the same text; are on which warning\n"
        "lists; are wide networks, private or reserved, public suffixes; had expired when they\n"
        "came; are said by others too; and which sources are held for that, see `entente "
        "release`.\n"
        "Ends with 1 when there is anything to say.",
    .options = options,
    .run = run,
};
