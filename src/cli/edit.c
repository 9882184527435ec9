/* edit.c: entente edit: what this member says itself about what others speak of. */
#include "cli/know.h"

#define TOLD_MAX ((size_t)64 << 20) /* of what is edited at once, and of what is told about it */

static const struct option_spec options[] = {
    {"--tlp", "TLP", "its marking: clear, green, amber, amber+strict, red"},
    {"--confidence", "0-100", "how sure you are; - for not said"},
    {"--valid-from", "TIME", "2026-11-22, or 2026-11-22T08:00:00Z; - for not said"},
    {"--valid-until", "TIME", "the same"},
    {"--kind", "WORD", "what kind of thing it is, such as C2"},
    {"--text", "TEXT", "what you know of it"},
    {"--label", "LABEL", "a label; several options, several labels; '' for none"},
    {"--undo", NULL, "take back what you said"},
    {"--json", NULL, "one JSON line for each observable"},
    {NULL, NULL, NULL},
};

struct editing {
    const struct args *a;
    struct session *s;
    unsigned parts; /* ENT_EDIT_s */
    struct ent_indicator ind;
    struct ent_labels labels;
    int64_t now;
    struct ent_buf about; /* what is edited: type, length, text of each */
    struct ent_buf told;
    struct ent_diag bad; /* what is wrong with standard input */
};

/* --- what is said ------------------------------------------------------------------------------
 */

static int parse_time(int64_t *ret, const char *text)
{
    *ret = 0;
    if (strcmp(text, "-") == 0 || (ent_time_parse(ret, ent_slice_str(text)) == ENT_OK && *ret > 0))
        return EXIT_DONE;
    return cli_usage(&cmd_edit, "no such time (2026-11-22, or 2026-11-22T08:00:00Z)", text);
}

static int parse_numbers(struct editing *e)
{
    const struct args *a = e->a;
    uint64_t confidence = 0;
    int code = EXIT_DONE;
    if (a->tlp != NULL && ent_tlp_parse(&e->ind.tlp, ent_slice_str(a->tlp)) != ENT_OK)
        return cli_usage(&cmd_edit, "no such TLP", a->tlp);
    e->ind.confidence = -1;
    if (a->confidence != NULL && strcmp(a->confidence, "-") != 0) {
        if (ent_parse_u64(&confidence, ent_slice_str(a->confidence), 100) != ENT_OK)
            return cli_usage(&cmd_edit, "confidence is a number from 0 to 100", a->confidence);
        e->ind.confidence = (int)confidence;
    }
    if (a->valid_from != NULL)
        code = parse_time(&e->ind.valid_from, a->valid_from);
    if (a->valid_until != NULL && code == EXIT_DONE)
        code = parse_time(&e->ind.valid_until, a->valid_until);
    return code;
}

/* The store looks at the words once more. */
static int parse_words(struct editing *e)
{
    const struct args *a = e->a;
    if (a->kind != NULL)
        e->ind.kind = ent_slice_str(a->kind);
    if (a->text != NULL)
        e->ind.text = ent_slice_str(a->text);
    if (e->ind.kind.n > ENT_INDICATOR_KIND)
        return cli_usage(&cmd_edit, "a kind has at most 64 bytes", a->kind);
    if (e->ind.text.n > ENT_INDICATOR_TEXT)
        return cli_usage(&cmd_edit, "a text has at most 512 bytes", a->text);
    for (size_t i = 0; i < a->labels; i++) {
        struct ent_slice label = ent_slice_str(a->label[i]);
        if (label.n == 0 && a->labels == 1)
            break;
        if (!ent_labels_add(&e->labels, label))
            return cli_usage(&cmd_edit,
                             "a label has 1 to 128 bytes, an observable 16 of them and 1,024 bytes "
                             "in all; --tlp and --confidence say what tlp: and its like would",
                             a->label[i]);
    }
    e->ind.labels = ent_labels_slice(&e->labels);
    return EXIT_DONE;
}

static int parse(struct editing *e)
{
    const struct args *a = e->a;
    const void *const given[] = {a->tlp,  a->confidence, a->valid_from,           a->valid_until,
                                 a->kind, a->text,       a->labels > 0 ? a : NULL};
    for (unsigned i = 0; i < 7; i++)
        e->parts |= given[i] != NULL ? 1u << i : 0; /* in the order of enum ent_edit_part */
    if (e->parts == 0 && !a->undo)
        return cli_usage(&cmd_edit, "say what to change", NULL);
    if (e->parts != 0 && a->undo)
        return cli_usage(&cmd_edit, "--undo takes back everything you said", NULL);
    int code = parse_numbers(e);
    return code == EXIT_DONE ? parse_words(e) : code;
}

/* --- about what --------------------------------------------------------------------------------
 */

static enum ent_err add(struct editing *e, const struct ent_observable *o)
{
    enum ent_err r;
    if ((r = ent_buf_put(&e->about, &o->type, sizeof(o->type))) != ENT_OK ||
        (r = ent_buf_put(&e->about, &o->n, sizeof(o->n))) != ENT_OK)
        return r;
    return ent_buf_put(&e->about, o->text, (size_t)o->n + 1);
}

static void next(const struct editing *e, size_t *at, struct ent_observable *ret)
{
    const uint8_t *p = e->about.p + *at;
    memcpy(&ret->type, p, sizeof(ret->type));
    memcpy(&ret->n, p + sizeof(ret->type), sizeof(ret->n));
    memcpy(ret->text, p + sizeof(ret->type) + sizeof(ret->n), (size_t)ret->n + 1);
    *at += sizeof(ret->type) + sizeof(ret->n) + ret->n + 1;
}

static enum ent_err take(void *ctx, const struct ent_indicator *ind)
{
    return atomic_load(&cli_stop) ? ENT_E_INTERRUPTED : add(ctx, &ind->obs);
}

static enum ent_err refuse(void *ctx, uint64_t line, const char *reason, struct ent_slice what)
{
    struct editing *e = ctx;
    (void)what;
    e->bad = (struct ent_diag){.text = reason, .line = line};
    return ENT_E_FORMAT;
}

static int read_list(struct editing *e)
{
    static const char where[] = "standard input";
    const struct ent_import_opts opts = {.format = ENT_FORMAT_LIST, .confidence = -1};
    const struct ent_import_sink sink = {.ctx = e, .take = take, .skip = refuse};
    struct ent_input *in = NULL;
    struct ent_diag d = {0};
    enum ent_err r = ent_input_open(&in, &d, "-", 0);
    if (r != ENT_OK)
        return cli_fail(r, &d, where);
    r = ent_intel_read(ent_input_reader(in), &opts, &sink, NULL, &d);
    ent_input_close(in);
    return r == ENT_OK ? EXIT_DONE : cli_fail(r, e->bad.text != NULL ? &e->bad : &d, where);
}

static int collect(struct editing *e, int argc, char **argv)
{
    struct ent_observable o;
    unsigned lists = 0;
    int code = EXIT_DONE;
    for (int i = e->a->rest; i < argc; i++)
        lists += strcmp(argv[i], "-") == 0;
    if (lists > 1)
        return cli_usage(&cmd_edit, "standard input is read once", NULL);
    for (int i = e->a->rest; i < argc && code == EXIT_DONE; i++) {
        if (strcmp(argv[i], "-") == 0)
            code = read_list(e);
        else if (!know_parse(&o, &code, &cmd_edit, argv[i]))
            return code;
        else if (add(e, &o) != ENT_OK)
            code = cli_fail(ENT_E_LIMIT, NULL, argv[i]);
    }
    return code;
}

/* --- before and after --------------------------------------------------------------------------
 */

#define FIELDS 9
static enum ent_err put_time(struct ent_buf *b, int64_t t)
{
    char text[ENT_TIME_TEXT];
    ent_time_format(text, t);
    return ent_buf_puts(b, t == 0 ? "-" : text);
}

static enum ent_err put_words(struct ent_buf *b, struct ent_slice s, size_t most)
{
    return s.n == 0 ? ent_buf_puts(b, "-") : ent_escape(b, s, most);
}

/* As `entente show` tells it. */
static enum ent_err put_claim(struct ent_buf *b, const struct ent_spoken *k, int64_t now)
{
    const struct ent_claim *c = &k->claim;
    char number[ENT_NUM_TEXT], labels[ENT_SHOW_MAX];
    enum ent_err r = ENT_OK;
    if (!k->found) {
        for (size_t i = 0; i < FIELDS && r == ENT_OK; i++)
            r = ent_buf_puts(&b[i], "-");
        return r;
    }
    if ((r = put_words(&b[0], c->source, ENT_INDICATOR_TEXT)) != ENT_OK ||
        (r = ent_buf_puts(&b[1], ent_tlp_name(c->tlp))) != ENT_OK ||
        (r = ent_buf_puts(&b[2], know_confidence(number, c->confidence))) != ENT_OK ||
        (r = put_time(&b[3], c->valid_from)) != ENT_OK ||
        (r = put_time(&b[4], c->valid_until)) != ENT_OK ||
        (r = put_words(&b[5], c->kind, ENT_INDICATOR_KIND)) != ENT_OK ||
        (r = put_words(&b[6], c->text, ENT_INDICATOR_TEXT)) != ENT_OK ||
        (r = ent_buf_puts(&b[7], c->labels.n == 0 ? "-" : know_labels(labels, c->labels))) !=
            ENT_OK)
        return r;
    return ent_buf_puts(&b[8], know_state(ent_claim_state(c, now)));
}

static enum ent_err tell_text(struct editing *e, const struct ent_observable *o,
                              const struct ent_spoken *before, const struct ent_spoken *after)
{
    static const char *const names[FIELDS] = {"source", "tlp",  "confidence", "from", "until",
                                              "kind",   "text", "labels",     "state"};
    char value[ENT_OBS_DEFANGED_MAX];
    struct ent_buf b[2][FIELDS];
    bool any = false;
    for (size_t i = 0; i < 2 * FIELDS; i++)
        ent_buf_init(&b[i / FIELDS][i % FIELDS], 16384);
    enum ent_err r = put_claim(b[0], before, e->now);
    if (r == ENT_OK)
        r = put_claim(b[1], after, e->now);
    if (r == ENT_OK)
        r = ent_buf_printf(&e->told, "%s (%s)\n", know_defang(value, o),
                           ent_obs_type_name(o->type));
    for (size_t i = 0; i < FIELDS && r == ENT_OK; i++) {
        const struct ent_buf *x = &b[0][i], *y = &b[1][i];
        if (ent_slice_eq(ent_buf_slice(x), ent_buf_slice(y)))
            continue;
        any = true;
        r = ent_buf_printf(&e->told, "  %-10s %.*s -> %.*s\n", names[i], (int)x->n,
                           (const char *)x->p, (int)y->n, (const char *)y->p);
    }
    if (r == ENT_OK && !any)
        r = ent_buf_puts(&e->told, "  as before\n");
    for (size_t i = 0; i < 2 * FIELDS; i++)
        ent_buf_release(&b[i / FIELDS][i % FIELDS]);
    return r;
}

static void put_json(struct ent_json *j, const char *key, const struct editing *e,
                     const struct ent_spoken *k)
{
    if (!k->found)
        return;
    ent_json_obj(j, key);
    know_claim_json(j, &e->s->config, &k->claim, e->now);
    ent_json_obj_end(j);
}

static enum ent_err tell_json(struct editing *e, const struct ent_observable *o,
                              const struct ent_spoken *before, const struct ent_spoken *after)
{
    struct ent_json j;
    ent_json_start(&j, &e->told);
    ent_json_obj(&j, NULL);
    ent_json_str(&j, "value", ent_slice(o->text, o->n));
    ent_json_cstr(&j, "type", ent_obs_type_name(o->type));
    put_json(&j, "before", e, before);
    put_json(&j, "after", e, after);
    ent_json_obj_end(&j);
    enum ent_err r = ent_json_end(&j);
    return r == ENT_OK ? ent_buf_putc(&e->told, '\n') : r;
}

/* --- editing ------------------------------------------------------------------------------------
 */

static enum ent_err one(struct editing *e, const struct ent_observable *o)
{
    struct ent_store *store = e->s->store;
    struct ent_spoken before = {.found = false}, after = {.found = false};
    uint64_t id;
    enum ent_err r;
    e->bad.text =
        e->a->undo ? "you said nothing about it yourself" : "nobody said anything about it";
    if ((r = ent_store_find(store, &id, o)) != ENT_OK ||
        (r = ent_store_spoken(store, &before, id, (enum ent_tlp)0, e->now)) != ENT_OK)
        goto out;
    r = e->a->undo ? ent_store_unedit(store, id)
                   : ent_store_edit(store, id, e->parts, &e->ind, e->now);
    if (r == ENT_OK)
        r = ent_store_spoken(store, &after, id, (enum ent_tlp)0, e->now);
    if (r == ENT_OK)
        r = e->a->json ? tell_json(e, o, &before, &after) : tell_text(e, o, &before, &after);
out:
    ent_spoken_release(&before);
    ent_spoken_release(&after);
    return r;
}

/* All of them or none; what is told is told when it is kept. */
static int edit_all(struct editing *e)
{
    struct ent_observable o = {.n = 0};
    char value[ENT_OBS_DEFANGED_MAX];
    size_t at = 0;
    enum ent_err r = ent_store_begin(e->s->store);
    while (r == ENT_OK && at < e->about.n) {
        next(e, &at, &o);
        r = atomic_load(&cli_stop) ? ENT_E_INTERRUPTED : one(e, &o);
    }
    if (r == ENT_OK)
        r = ent_store_commit(e->s->store);
    ent_store_rollback(e->s->store);
    if (r == ENT_OK) {
        r = cli_put_part(&e->told);
        return r == ENT_OK ? EXIT_DONE : cli_fail(r, NULL, "standard output");
    }
    const struct ent_diag d = {
        .text = r == ENT_E_NOTFOUND ? e->bad.text
                : r == ENT_E_FORMAT ? "a kind, a text and a label are visible UTF-8 without blanks "
                                      "at the ends"
                                    : NULL};
    return cli_fail(r, &d, o.n > 0 ? know_defang(value, &o) : NULL);
}

static int edit(struct editing *e, int argc, char **argv)
{
    struct session s = {0};
    int code = collect(e, argc, argv);
    e->s = &s;
    e->now = ent_clock_now();
    e->bad = (struct ent_diag){0};
    if (code == EXIT_DONE && (code = cli_open(&s, e->a, true)) == EXIT_DONE &&
        (code = edit_all(e)) == EXIT_DONE)
        cli_make_image(&s);
    cli_close(&s);
    return code;
}

static int run(int argc, char **argv)
{
    struct args a;
    int code;
    if (!cli_args(&a, &code, &cmd_edit, argc, argv))
        return code;
    if (a.rest == argc)
        return cli_usage(&cmd_edit, "name an observable, or - for standard input", NULL);
    struct editing *e = calloc(1, sizeof(*e));
    if (e == NULL)
        return cli_fail(ENT_E_NOMEM, NULL, NULL);
    e->a = &a;
    ent_buf_init(&e->about, TOLD_MAX);
    ent_buf_init(&e->told, TOLD_MAX);
    cli_catch_signals();
    if ((code = parse(e)) == EXIT_DONE)
        code = edit(e, argc, argv);
    ent_buf_release(&e->about);
    ent_buf_release(&e->told);
    free(e);
    return code;
}

const struct command cmd_edit = {
    .name = "edit",
    .usage = "[OPTION...] OBSERVABLE...|-",
    .brief = "say it yourself: marking, confidence, validity, words",
    .help =
        "Nobody's claim is changed here: this makes a claim of your own about each OBSERVABLE, or\n"
        "changes it, and says what is different. It speaks for the observable in place of the\n"
        "others. What no option says stays as it is or, at first, is taken over from the best\n"
        "claim that is not marked narrower than yours.\n"
        "Marked narrower than --tlp of `entente export`, or than what matches may hold, it keeps\n"
        "the observable back, whatever others say. The others count as before; `entente expire`\n"
        "and `entente revoke` end them. - reads observables from standard input, one a line.",
    .options = options,
    .run = run,
};
