/* audit.c: entente audit: who did what with this node, and whether all of it is still there. */
#include "cli/cli.h"

static const struct option_spec options[] = {
    {"--since", "TIME", "list: only what happened then or later"},
    {"--limit", "N", "list: at most so many, the newest"},
    {"--passphrase-file", "FILE", "begin: read the keys' passphrase from its first line"},
    {"--json", NULL, "list, verify: one JSON object"},
    {NULL, NULL, NULL},
};

static int fail(enum ent_err e, const struct ent_trail_sum *sum, const struct ent_diag *d)
{
    char what[ENT_DISK_NAME_MAX + 32];
    if (sum->flaw.file[0] == '\0')
        return cli_fail(e, d, "audit");
    if (sum->flaw.has_index)
        (void)snprintf(what, sizeof(what), "%s: entry %llu", sum->flaw.file,
                       (unsigned long long)sum->flaw.index);
    else
        (void)snprintf(what, sizeof(what), "%s", sum->flaw.file);
    return cli_fail(e, d, what);
}

/* --- list ---------------------------------------------------------------------------------------
 */

struct listing {
    int64_t since;
    uint64_t matching, skip;
    bool count_only;
    struct ent_json *j; /* NULL: for people */
};

static void list_json(struct ent_json *j, uint64_t generation, uint64_t index,
                      const struct ent_trail_record *r)
{
    char from[ENT_FROM_TEXT];
    ent_json_obj(j, NULL);
    ent_json_u64(j, "generation", generation);
    ent_json_u64(j, "index", index);
    ent_json_time(j, "time", r->time);
    ent_json_cstr(j, "who", r->who);
    ent_json_cstr(j, "via", ent_via_words[r->via]);
    if (r->token[0] != '\0')
        ent_json_cstr(j, "token", r->token);
    ent_json_cstr(j, "from", ent_from_show(from, r->from16));
    ent_json_cstr(j, "what", ent_actions[r->what].word);
    ent_json_cstr(j, "outcome", ent_refusal_words[r->outcome]);
    if (r->on[0] != '\0')
        ent_json_str(j, "on", ent_slice_str(r->on));
    ent_json_obj_end(j);
}

static enum ent_err each(void *ctx, uint64_t generation, uint64_t index,
                         const struct ent_trail_record *r)
{
    struct listing *l = ctx;
    char time[ENT_TIME_TEXT], from[ENT_FROM_TEXT], on[ENT_SHOW_MAX], via[64];
    if (atomic_load(&cli_stop))
        return ENT_E_INTERRUPTED;
    if (r->time < l->since || l->matching++ < l->skip || l->count_only)
        return ENT_OK;
    if (l->j != NULL) {
        list_json(l->j, generation, index, r);
        return l->j->err == ENT_OK && l->j->b->n > 1u << 16 ? cli_put_part(l->j->b) : l->j->err;
    }
    ent_time_format(time, r->time);
    (void)snprintf(via, sizeof(via), "%s%s%s", ent_via_words[r->via],
                   r->token[0] == '\0' ? "" : "/", r->token);
    (void)printf("%s  %-16s %-14s %-15s %-9s %-7s %s\n", time, r->who, via,
                 ent_from_show(from, r->from16), ent_actions[r->what].word,
                 ent_refusal_words[r->outcome],
                 r->on[0] == '\0' ? "-" : ent_show(on, ent_slice_str(r->on)));
    return ENT_OK;
}

static int list(struct session *s, const struct args *a, struct listing *l, uint64_t limit)
{
    struct ent_trail_sum sum = {.newest = 0};
    struct ent_diag d = {0};
    struct ent_buf text;
    struct ent_json j;
    enum ent_err r = ENT_OK;
    if (a->limit != NULL) { /* how many there are is known at the end */
        l->count_only = true;
        r = ent_trail_home_check(&sum, &d, s->home, l, each);
        l->skip = l->matching > limit ? l->matching - limit : 0;
        l->matching = 0;
        l->count_only = false;
    }
    ent_buf_init(&text, 1u << 20);
    ent_json_start(&j, &text);
    ent_json_obj(&j, NULL);
    ent_json_arr(&j, "records");
    l->j = a->json ? &j : NULL;
    if (r == ENT_OK)
        r = ent_trail_home_check(&sum, &d, s->home, l, each);
    ent_json_arr_end(&j);
    ent_json_obj_end(&j);
    if (r == ENT_OK && a->json && (r = ent_json_end(&j)) == ENT_OK)
        r = cli_put_line(&text);
    ent_buf_release(&text);
    l->j = NULL;
    return r == ENT_OK ? EXIT_DONE : fail(r, &sum, &d);
}

/* --- verify and begin ---------------------------------------------------------------------------
 */

static enum ent_err verify_json(const struct ent_trail_sum *sum, enum ent_err holds,
                                const struct ent_diag *d)
{
    char root[ENT_BASE64_LEN(32)];
    struct ent_buf line;
    struct ent_json j;
    ent_base64_encode(root, sum->root.b, sizeof(sum->root.b));
    ent_buf_init(&line, 8192);
    ent_json_start(&j, &line);
    ent_json_obj(&j, NULL);
    ent_json_bool(&j, "holds", holds == ENT_OK);
    if (holds != ENT_OK) {
        ent_json_cstr(&j, "error", d->text != NULL ? d->text : ent_err_str(holds));
        ent_json_cstr(&j, "file", sum->flaw.file);
    }
    ent_json_u64(&j, "generations", sum->generations);
    ent_json_u64(&j, "gone", sum->gone);
    ent_json_u64(&j, "records", sum->records);
    ent_json_u64(&j, "newest", sum->newest);
    ent_json_u64(&j, "size", sum->size);
    ent_json_cstr(&j, "root", root);
    ent_json_obj_end(&j);
    enum ent_err r = ent_json_end(&j);
    if (r == ENT_OK)
        r = cli_put_line(&line);
    ent_buf_release(&line);
    return r;
}

static void verify_text(const struct ent_trail_sum *sum)
{
    char n[ENT_NUM_TEXT], root[ENT_BASE64_LEN(32)];
    if (sum->newest == 0) {
        (void)printf("there is no audit log yet\n");
        return;
    }
    ent_base64_encode(root, sum->root.b, sizeof(sum->root.b));
    (void)printf("all of it holds\n  records    %s\n", ent_show_count(n, sum->records));
    if (sum->gone > 0)
        (void)printf("  gone       %llu generations that came before\n",
                     (unsigned long long)sum->gone);
    (void)printf(
        "  end        %llu:%llu:%s\n             noted elsewhere, it shows whether the past "
        "is still the same\n",
        (unsigned long long)sum->newest, (unsigned long long)sum->size, root);
}

static int verify(struct session *s, const struct args *a)
{
    struct ent_trail_sum sum = {.newest = 0};
    struct ent_diag d = {0};
    enum ent_err r = ent_trail_home_check(&sum, &d, s->home, NULL, NULL);
    if (a->json && (r == ENT_OK || r == ENT_E_AUTH)) {
        enum ent_err w = verify_json(&sum, r, &d);
        if (w != ENT_OK)
            return cli_fail(w, NULL, "writing");
    }
    if (r != ENT_OK)
        return fail(r, &sum, &d);
    if (!a->json)
        verify_text(&sum);
    return EXIT_DONE;
}

static int begin(struct session *s, const struct args *a)
{
    struct cli_users u;
    struct ent_diag d = {0};
    uint64_t n = 0;
    int code = cli_users_open(&u, s, a);
    if (code == EXIT_DONE) {
        enum ent_err r = ent_trail_begin(ent_trail_of(u.trail), &d, &n, ent_clock_now());
        if (r == ENT_OK)
            (void)printf("the audit log goes on in audit/%llu\n", (unsigned long long)n);
        else
            code = cli_fail(r, &d, "audit");
    }
    cli_users_close(&u);
    return code;
}

static int run(int argc, char **argv)
{
    struct args a;
    struct session s = {0};
    struct listing l = {.since = INT64_MIN};
    uint64_t limit = 0;
    int code;
    if (!cli_args(&a, &code, &cmd_audit, argc, argv))
        return code;
    const char *verb = argc - a.rest == 1 ? argv[a.rest] : "";
    const bool is_list = strcmp(verb, "list") == 0, is_begin = strcmp(verb, "begin") == 0;
    if (!is_list && !is_begin && strcmp(verb, "verify") != 0)
        return cli_usage(&cmd_audit, "say what to do", NULL);
    if ((!is_list && (a.since != NULL || a.limit != NULL)) || (is_begin && a.json) ||
        (!is_begin && a.passphrase_file != NULL))
        return cli_usage(&cmd_audit, "an option that does not belong to this", verb);
    if (a.since != NULL && ent_time_parse(&l.since, ent_slice_str(a.since)) != ENT_OK)
        return cli_usage(&cmd_audit, "--since wants a time, such as 2026-11-01", a.since);
    if (a.limit != NULL && ent_parse_u64(&limit, ent_slice_str(a.limit), UINT64_MAX) != ENT_OK)
        return cli_usage(&cmd_audit, "--limit wants a number", a.limit);
    cli_catch_signals();
    if ((code = cli_open(&s, &a, is_begin)) == EXIT_DONE)
        code = is_list ? list(&s, &a, &l, limit) : is_begin ? begin(&s, &a) : verify(&s, &a);
    cli_close(&s);
    return code;
}

const struct command cmd_audit = {
    .name = "audit",
    .usage = "list [--since TIME] [--limit N] | verify | begin",
    .brief = "show who did what with this node, and check that it is all there",
    .help = "list    the records, oldest first: when, who, how recognised, from where, what, with "
            "which\n"
            "        outcome, on what\n"
            "verify  hash all of it again, and check what was signed for it\n"
            "begin   go on with a new generation; also where this one is damaged or too short",
    .options = options,
    .run = run,
};
