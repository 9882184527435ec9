/* log.c: entente log: what was said, and whether all of it holds. */
#include "cli/log.h"

static const struct option_spec options[] = {
    {"--member", "MEMBER", "the mirror of this member's log (show, export)"},
    {"--from", "N", "list: begin with this entry"},
    {"--limit", "N", "list: at most so many"},
    {"--threads", "N", "verify, audit: so many threads; default: as many as there are processors"},
    {"--output", "FILE", "receipt, prove, prove-fork: write there"},
    {"--list", NULL, "prove-fork: the proofs of misbehaviour that this home holds"},
    {"--json", NULL, "one JSON document"},
    {NULL, NULL, NULL},
};

int cli_log_usage(const char *problem, const char *what)
{
    return cli_usage(&cmd_log, problem, what);
}

int cli_log_fail(enum ent_err e, const struct ent_flaw *flaw, const struct ent_diag *d,
                 const char *what)
{
    if (flaw->file[0] == '\0')
        return cli_fail(e, d, what);
    (void)fprintf(stderr, "entente: %s: ", flaw->file);
    if (flaw->has_index)
        (void)fprintf(stderr, "%s %llu: ", strstr(flaw->file, "/h") != NULL ? "hash" : "entry",
                      (unsigned long long)flaw->index);
    (void)fprintf(stderr, "%s\n", d->text != NULL ? d->text : ent_err_str(e));
    return cli_exit_code(e);
}

int cli_log_open(struct session *s, const char *member, struct ent_reading **ret)
{
    struct ent_flaw flaw = {.has_index = false};
    struct ent_diag d = {0};
    enum ent_err r = ent_reading_open(ret, &flaw, &d, s->home, member, 0);
    return r == ENT_OK ? EXIT_DONE
                       : cli_log_fail(r, &flaw, &d, member != NULL ? member : s->home->self.name);
}

bool cli_log_number(uint64_t *ret, const char *text)
{
    return ent_parse_u64(ret, ent_slice_str(text), ENT_CHECKPOINT_SIZE_MAX) == ENT_OK;
}

/* --- list ---------------------------------------------------------------------------------------
 */

static void list_line(uint64_t index, const struct ent_statement *st, const char *to)
{
    char time[ENT_TIME_TEXT], ref[ENT_HEX_LEN(6)];
    ent_time_format(time, st->time);
    (void)printf("%8llu  %s  %-9s  %-16s", (unsigned long long)index, time,
                 ent_statement_type_name(st->type), st->tlp);
    if (to[0] != '\0')
        (void)printf("  to %s", to);
    for (size_t i = 0; i < st->refs && to[0] == '\0'; i++) {
        ent_hex_encode(ref, st->ref[i].b, 6);
        (void)printf("%s%s", i == 0 ? "  on " : " ", ref);
    }
    (void)putchar('\n');
}

static void list_object(struct ent_json *j, uint64_t index, const struct ent_statement *st,
                        const struct ent_hash32 *leaf, const char *to)
{
    char hex[ENT_HEX_LEN(32)];
    ent_hex_encode(hex, leaf->b, 32);
    ent_json_obj(j, NULL);
    ent_json_u64(j, "index", index);
    ent_json_cstr(j, "leaf", hex);
    cli_json_statement(j, st);
    if (to[0] != '\0')
        ent_json_cstr(j, "to", to);
    ent_json_obj_end(j);
}

static int list_entries(struct ent_reading *rd, const struct args *a, struct ent_json *j,
                        uint64_t from, uint64_t end)
{
    struct ent_flaw flaw = {.has_index = false};
    struct ent_diag d = {0};
    struct ent_statement st;
    struct ent_hash32 leaf;
    struct ent_buf entry;
    struct ent_whom *whom = NULL;
    char to[ENT_NAME_MAX + 1];
    enum ent_err r = ent_whom_new(&whom, rd);
    ent_buf_init(&entry, ENT_ENTRY_MAX);
    for (uint64_t i = from; i < end && r == ENT_OK && !atomic_load(&cli_stop); i++) {
        ent_buf_clear(&entry);
        if ((r = ent_reading_entry(rd, &entry, &st, &leaf, &flaw, &d, i)) != ENT_OK ||
            (r = ent_whom_of(whom, to, &st, &leaf, i)) != ENT_OK)
            break;
        if (!a->json)
            list_line(i, &st, to);
        else {
            list_object(j, i, &st, &leaf, to);
            if (j->err == ENT_OK && j->b->n > 1u << 16)
                r = cli_put_part(j->b);
        }
    }
    ent_buf_release(&entry);
    ent_whom_free(whom);
    if (r == ENT_OK && atomic_load(&cli_stop))
        return EXIT_STOPPED;
    return r == ENT_OK ? EXIT_DONE : cli_log_fail(r, &flaw, &d, rd->member->name);
}

static int list(struct session *s, const struct args *a, const char *member)
{
    struct ent_reading *rd = NULL;
    struct ent_buf line;
    struct ent_json j;
    uint64_t from = 0, limit = UINT64_MAX;
    if (a->from != NULL && !cli_log_number(&from, a->from))
        return cli_log_usage("--from wants the number of an entry", a->from);
    if (a->limit != NULL && !cli_log_number(&limit, a->limit))
        return cli_log_usage("--limit wants a number", a->limit);
    int code = cli_log_open(s, member, &rd);
    if (code != EXIT_DONE)
        return code;
    uint64_t end = from < rd->size && limit < rd->size - from ? from + limit : rd->size;
    ent_buf_init(&line, 4u << 20);
    ent_json_start(&j, &line);
    ent_json_obj(&j, NULL);
    ent_json_cstr(&j, "member", rd->member->name);
    ent_json_cstr(&j, "origin", rd->origin);
    ent_json_u64(&j, "size", rd->size);
    ent_json_arr(&j, "entries");
    code = list_entries(rd, a, &j, from, end);
    ent_json_arr_end(&j);
    ent_json_obj_end(&j);
    if (code == EXIT_DONE && a->json) {
        enum ent_err r = ent_json_end(&j);
        if (r == ENT_OK)
            r = cli_put_line(&line);
        code = r == ENT_OK ? EXIT_DONE : cli_fail(r, NULL, "writing");
    }
    ent_buf_release(&line);
    ent_reading_close(rd);
    return code;
}

/* --- verify and audit ---------------------------------------------------------------------------
 */

static enum ent_err audit_json(const struct ent_audit *au, const char *member, enum ent_err holds,
                               const struct ent_diag *d)
{
    struct ent_buf line;
    struct ent_json j;
    char root[ENT_BASE64_LEN(32)];
    ent_base64_encode(root, au->root.b, 32);
    ent_buf_init(&line, 65536);
    ent_json_start(&j, &line);
    ent_json_obj(&j, NULL);
    ent_json_cstr(&j, "member", member);
    ent_json_bool(&j, "holds", holds == ENT_OK);
    if (holds != ENT_OK) {
        ent_json_cstr(&j, "error", d->text != NULL ? d->text : ent_err_str(holds));
        if (au->flaw.file[0] != '\0')
            ent_json_cstr(&j, "file", au->flaw.file);
        if (au->flaw.has_index)
            ent_json_u64(&j, "index", au->flaw.index);
    }
    ent_json_u64(&j, "logs", au->logs);
    ent_json_u64(&j, "entries", au->entries);
    ent_json_u64(&j, "heads", au->heads);
    ent_json_u64(&j, "cosignatures", au->cosignatures);
    ent_json_u64(&j, "proofs_of_misbehaviour", au->proofs);
    ent_json_u64(&j, "files", au->files);
    ent_json_u64(&j, "size", au->size);
    ent_json_u64(&j, "head_size", au->head_size);
    ent_json_cstr(&j, "root", root);
    cli_json_standing(&j, &au->standing);
    ent_json_obj_end(&j);
    enum ent_err r = ent_json_end(&j);
    if (r == ENT_OK)
        r = cli_put_line(&line);
    ent_buf_release(&line);
    return r;
}

static void audit_text(const struct session *s, const struct ent_audit *au, const char *member)
{
    char n[4][ENT_NUM_TEXT];
    (void)printf("%s: all of it holds\n"
                 "  entries    %s, each hashed and its signature verified\n"
                 "  heads      %s signed ones, with %s cosignatures, all of one history\n",
                 member, ent_show_count(n[0], au->entries), ent_show_count(n[1], au->heads),
                 ent_show_count(n[2], au->cosignatures));
    if (au->files > 0)
        (void)printf("  files      %s others of this home, all of them whole\n",
                     ent_show_count(n[3], au->files));
    if (au->head_size > au->size)
        (void)printf("  missing    %s entries below the newest head are not here yet\n",
                     ent_show_count(n[3], au->head_size - au->size));
    if (au->proofs > 0)
        (void)printf(
            "  EXPOSED    by %llu proofs of misbehaviour: `entente log prove-fork --list`\n",
            (unsigned long long)au->proofs);
    if (au->head_size > 0)
        cli_print_standing(&au->standing, ent_pact_panel(s->home->pact), "  ");
}

static void at(void *ctx, uint64_t done, uint64_t all)
{
    struct ent_progress *p = ctx;
    p->total = all;
    ent_progress_at(p, done);
}

static int audit(struct session *s, const struct args *a, const char *member)
{
    struct ent_progress progress;
    struct ent_audit au = {.logs = 0};
    struct ent_diag d = {0};
    struct ent_pool *pool = NULL;
    uint64_t threads = 0;
    const char *name = member != NULL ? member : s->home->self.name;
    if (a->threads != NULL &&
        (ent_parse_u64(&threads, ent_slice_str(a->threads), 1024) != ENT_OK || threads == 0))
        return cli_log_usage("--threads wants a number from 1 to 1024", a->threads);
    enum ent_err r = ent_pool_new(&pool, (unsigned)threads);
    if (r != ENT_OK)
        return cli_fail(r, NULL, "starting threads");
    const struct ent_audit_opts opts = {.home = s->home,
                                        .member = member,
                                        .pool = pool,
                                        .stop = &cli_stop,
                                        .ctx = &progress,
                                        .progress = at};
    ent_progress_start(&progress, "auditing", 0, ENT_PROGRESS_ITEMS);
    r = ent_audit(&au, &d, &opts);
    ent_progress_end(&progress);
    ent_pool_free(pool);
    if (a->json && (r == ENT_OK || r == ENT_E_AUTH)) {
        enum ent_err w = audit_json(&au, name, r, &d);
        if (w != ENT_OK)
            return cli_fail(w, NULL, "writing");
    }
    if (r != ENT_OK)
        return cli_log_fail(r, &au.flaw, &d, name);
    if (!a->json)
        audit_text(s, &au, name);
    return EXIT_DONE;
}

/* --- the command --------------------------------------------------------------------------------
 */

static int act(struct session *s, const struct args *a, char **words, int n)
{
    const char *word = words[0];
    if (strcmp(word, "list") == 0 && n <= 2)
        return list(s, a, n == 2 ? words[1] : NULL);
    if (strcmp(word, "show") == 0 && n == 2)
        return cli_log_show(s, a, words[1]);
    if (strcmp(word, "verify") == 0 && n == 1)
        return audit(s, a, NULL);
    if (strcmp(word, "audit") == 0 && n == 2)
        return audit(s, a, words[1]);
    if (strcmp(word, "export") == 0 && n == 2)
        return cli_log_export(s, a, words[1]);
    if (strcmp(word, "receipt") == 0 && n == 2)
        return cli_log_receipt(s, a, words[1]);
    if (strcmp(word, "prove") == 0 && n == 3)
        return cli_log_prove(s, a, words[1], words[2]);
    if (strcmp(word, "prove-fork") == 0 && (a->list ? n == 1 : n == 3))
        return cli_log_prove_fork(s, a, words + 1, n - 1);
    return cli_log_usage("say what to do", NULL);
}

static int run(int argc, char **argv)
{
    struct args a;
    struct session s = {0};
    int code;
    if (!cli_args(&a, &code, &cmd_log, argc, argv))
        return code;
    if (a.rest == argc)
        return cli_log_usage("say what to do", NULL);
    cli_catch_signals();
    if ((code = cli_open(&s, &a, false)) == EXIT_DONE)
        code = act(&s, &a, argv + a.rest, argc - a.rest);
    cli_close(&s);
    return code;
}

const struct command cmd_log = {
    .name = "log",
    .usage = "list|show|verify|audit|export|receipt|prove|prove-fork",
    .brief = "what was said in your log and in mirrors, and proofs of it",
    .help =
        "list [MEMBER]            the entries of your log, or of the mirror of a member's\n"
        "show N                   one statement, its body if it is here, and what it is worth:\n"
        "                         accepted when enough others cosigned a head over it\n"
        "verify                   every file, signature and head of your own log, and every other\n"
        "                         file of the home but the store and the image\n"
        "audit MEMBER             the same for the mirror of a member's log\n"
        "export DIR               a log as C2SP tiles, with a policy and the log's key\n"
        "receipt N                that entry N stands in your log, for anybody to check\n"
        "prove OLD NEW            that your log of size OLD is the beginning of that of size NEW\n"
        "prove-fork HEAD HEAD     out of two heads of one log that contradict each other, a "
        "proof;\n"
        "                         with --list: the proofs that this home holds\n\n"
        "Nothing here needs a key, or changes anything. What is handed out is checked by\n"
        "`entente verify FILE`. Exit code 4 means that something does not hold.",
    .options = options,
    .run = run,
};
