/* import.c: entente import: indicators in. */
#include "cli/cli.h"

#define SKIPS_SHOWN 20u
#define BOMB_RATIO  1000u

static const struct option_spec options[] = {
    {"--format", "FORMAT", "insist on list, us-cert-csv, stix or misp (default: by content)"},
    {"--source", "NAME", "who says so (default: the file's name)"},
    {"--tlp", "TLP", "for what carries no mark: clear, green, amber, amber+strict, red"},
    {"--confidence", "0-100", "for what does not say how sure it is"},
    {"--unflagged", NULL, "MISP: also attributes that are not marked \"to_ids\""},
    {"--verbose", NULL, "show every skipped row, not the first 20 of a file"},
    {"--json", NULL, "one JSON line for each file"},
    {NULL, NULL, NULL},
};

/* One file on its way in. */
struct importing {
    struct ent_store *store;
    const struct args *a;
    struct ent_slice source;
    const char *path;
    int64_t now;
    struct ent_input *in;
    struct ent_progress progress;
    uint64_t taken[ENT_OBS_TYPES], fresh, claims, same, skipped, withdrawn;
    uint64_t unmarked;    /* narrower than GREEN: not compared with partners */
    struct ent_buf skips; /* JSON array items */
    struct ent_json skips_json;
};

static enum ent_err take(void *ctx, const struct ent_indicator *ind)
{
    struct importing *im = ctx;
    enum ent_put put;
    if (atomic_load(&cli_stop))
        return ENT_E_INTERRUPTED;
    enum ent_err r = ent_store_put(im->store, &put, ind, im->source, im->now);
    if (r != ENT_OK)
        return r;
    im->taken[ind->obs.type]++;
    im->fresh += put == ENT_PUT_NEW;
    im->claims += put == ENT_PUT_CLAIM;
    im->same += put == ENT_PUT_SAME;
    im->unmarked += ind->tlp > ENT_TLP_GREEN;
    ent_progress_at(&im->progress, ent_input_consumed(im->in));
    return ENT_OK;
}

static enum ent_err skip(void *ctx, uint64_t line, const char *reason, struct ent_slice what)
{
    struct importing *im = ctx;
    char shown[ENT_SHOW_MAX], file[ENT_SHOW_MAX];
    if (atomic_load(&cli_stop))
        return ENT_E_INTERRUPTED;
    im->skipped++;
    ent_progress_at(&im->progress, ent_input_consumed(im->in));
    if (im->skipped > SKIPS_SHOWN && !im->a->verbose)
        return ENT_OK;
    if (im->a->json) {
        ent_json_obj(&im->skips_json, NULL);
        ent_json_u64(&im->skips_json, "line", line);
        ent_json_cstr(&im->skips_json, "reason", reason);
        ent_json_cstr(&im->skips_json, "text", ent_show(shown, what));
        ent_json_obj_end(&im->skips_json);
        return im->skips_json.err;
    }
    ent_progress_end(&im->progress);
    (void)fprintf(stderr, "%s:%llu: skipped: %s: %s\n", ent_show(file, ent_slice_str(im->path)),
                  (unsigned long long)line, reason, ent_show(shown, what));
    return ENT_OK;
}

static enum ent_err withdraw(void *ctx, struct ent_slice id)
{
    struct importing *im = ctx;
    im->withdrawn++;
    return ent_store_revoke(im->store, im->source, id);
}

static enum ent_err report_json(struct importing *im, enum ent_format format)
{
    struct ent_buf line;
    struct ent_json j;
    ent_buf_init(&line, im->skips.max + 65536);
    ent_json_start(&j, &line);
    ent_json_obj(&j, NULL);
    ent_json_cstr(&j, "file", im->path);
    ent_json_str(&j, "source", im->source);
    ent_json_cstr(&j, "format", ent_format_name(format));
    ent_json_obj(&j, "taken");
    for (int t = 1; t < ENT_OBS_TYPES; t++)
        if (im->taken[t] > 0)
            ent_json_u64(&j, ent_obs_type_name((enum ent_obs_type)t), im->taken[t]);
    ent_json_obj_end(&j);
    ent_json_u64(&j, "new", im->fresh);
    ent_json_u64(&j, "new_claims", im->claims);
    ent_json_u64(&j, "known", im->same);
    ent_json_u64(&j, "withdrawn", im->withdrawn);
    ent_json_u64(&j, "skipped", im->skipped);
    enum ent_err r = ent_json_end(&im->skips_json);
    if (r == ENT_OK)
        r = ent_buf_printf(&line, ",\"skips\":%.*s}", (int)im->skips.n, (const char *)im->skips.p);
    if (r == ENT_OK) {
        j.depth = 0; /* the brace above closed it */
        r = ent_json_end(&j);
    }
    if (r == ENT_OK)
        r = cli_put_line(&line);
    ent_buf_release(&line);
    return r;
}

static void report_text(const struct importing *im, enum ent_format format)
{
    char types[512], n[4][ENT_NUM_TEXT], file[ENT_SHOW_MAX];
    uint64_t rows = im->fresh + im->claims + im->same;
    (void)printf("%s (%s)\n  taken    %s\n", ent_show(file, ent_slice_str(im->path)),
                 ent_format_name(format), cli_type_counts(types, im->taken));
    (void)printf("  of these %s new, %s already known from elsewhere, %s repeated\n",
                 ent_show_count(n[0], im->fresh), ent_show_count(n[1], im->claims),
                 ent_show_count(n[2], im->same));
    if (im->withdrawn > 0)
        (void)printf("  withdrawn %s: their author took them back\n",
                     ent_show_count(n[3], im->withdrawn));
    if (im->skipped > 0)
        (void)printf("  skipped  %s%s\n", ent_show_count(n[3], im->skipped),
                     im->skipped > SKIPS_SHOWN && !im->a->verbose
                         ? " (the first 20 are shown; --verbose shows all)"
                         : "");
    if (im->skipped > rows)
        (void)puts(format == ENT_FORMAT_MISP && !im->a->unflagged
                       ? "  more was skipped than taken (--unflagged takes what is not \"to_ids\")"
                       : "  more was skipped than taken: is this really a file of indicators?");
    if (im->unmarked > 0)
        (void)printf("  %s of %s are TLP:AMBER or narrower, or unmarked: partners cannot match\n"
                     "  against them (--tlp green says otherwise for the unmarked)\n",
                     ent_show_count(n[0], im->unmarked), ent_show_count(n[1], rows));
}

static enum ent_err read_file(struct importing *im, const struct ent_import_opts *opts,
                              enum ent_format *ret_format, struct ent_diag *d)
{
    const struct ent_import_sink sink = {
        .ctx = im, .take = take, .skip = skip, .withdraw = withdraw};
    char what[ENT_SHOW_MAX + 16], shown[ENT_SHOW_MAX];
    enum ent_err r = ent_input_open(&im->in, d, im->path, BOMB_RATIO);
    if (r != ENT_OK)
        return r;
    (void)snprintf(what, sizeof(what), "importing %s", ent_show(shown, ent_slice_str(im->path)));
    ent_progress_start(&im->progress, what, ent_input_size(im->in), ENT_PROGRESS_BYTES);
    if ((r = ent_store_begin(im->store)) == ENT_OK)
        r = ent_intel_read(ent_input_reader(im->in), opts, &sink, ret_format, d);
    if (r == ENT_OK && (r = ent_store_commit(im->store)) != ENT_OK)
        *d = (struct ent_diag){.text = "the store could not keep it; nothing of this file was"};
    ent_store_rollback(im->store);
    ent_progress_end(&im->progress);
    ent_input_close(im->in);
    return r;
}

static struct ent_slice base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (strcmp(path, "-") == 0)
        return ENT_SLICE_LIT("standard input");
    return ent_slice_str(slash == NULL ? path : slash + 1);
}

static int import_file(struct session *s, const struct args *a, const struct ent_import_opts *opts,
                       const char *path)
{
    struct importing im = {.store = s->store, .a = a, .path = path, .now = ent_clock_now()};
    struct ent_diag d = {0};
    enum ent_format format = opts->format;
    im.source = a->source != NULL ? ent_slice_str(a->source) : base_name(path);
    ent_buf_init(&im.skips, (size_t)1 << 30);
    ent_json_start(&im.skips_json, &im.skips);
    ent_json_arr(&im.skips_json, NULL);
    enum ent_err r = read_file(&im, opts, &format, &d);
    ent_json_arr_end(&im.skips_json);
    if (r == ENT_OK && a->json)
        r = report_json(&im, format);
    else if (r == ENT_OK)
        report_text(&im, format);
    ent_buf_release(&im.skips);
    if (r == ENT_OK)
        return EXIT_DONE;
    int code = cli_fail(r, &d, path);
    if (r != ENT_E_NOTFOUND)
        (void)fputs("entente: nothing of that file was taken\n", stderr);
    return code;
}

static int parse_opts(const struct args *a, struct ent_import_opts *ret)
{
    uint64_t confidence = 0;
    *ret = (struct ent_import_opts){.confidence = -1, .unflagged = a->unflagged};
    if (a->format != NULL && ent_format_parse(&ret->format, ent_slice_str(a->format)) != ENT_OK)
        return cli_usage(&cmd_import, "no such format", a->format);
    if (a->tlp != NULL && ent_tlp_parse(&ret->tlp, ent_slice_str(a->tlp)) != ENT_OK)
        return cli_usage(&cmd_import, "no such TLP", a->tlp);
    if (a->confidence != NULL) {
        if (ent_parse_u64(&confidence, ent_slice_str(a->confidence), 100) != ENT_OK)
            return cli_usage(&cmd_import, "confidence is a number from 0 to 100", a->confidence);
        ret->confidence = (int)confidence;
    }
    if (a->source != NULL &&
        (strlen(a->source) > 255 || !ent_utf8_valid(ent_slice_str(a->source), NULL)))
        return cli_usage(&cmd_import, "a source is at most 255 bytes of UTF-8", a->source);
    return EXIT_DONE;
}

static int run(int argc, char **argv)
{
    struct args a;
    struct session s = {0};
    struct ent_import_opts opts;
    int code, worst = EXIT_DONE;
    static char stdin_name[] = "-";
    if (!cli_args(&a, &code, &cmd_import, argc, argv))
        return code;
    if ((code = parse_opts(&a, &opts)) != EXIT_DONE)
        return code;
    if (a.rest == argc && isatty(STDIN_FILENO) == 1)
        return cli_usage(&cmd_import, "name a file, or - for standard input", NULL);
    cli_catch_signals();
    if ((code = cli_open(&s, &a, true)) != EXIT_DONE)
        worst = code;
    else if (a.rest == argc)
        worst = import_file(&s, &a, &opts, stdin_name);
    for (int i = a.rest; i < argc && code == EXIT_DONE && worst != EXIT_STOPPED; i++) {
        int one = import_file(&s, &a, &opts, argv[i]);
        worst = one > worst ? one : worst;
    }
    if (code == EXIT_DONE && worst != EXIT_STOPPED)
        cli_make_image(&s);
    cli_close(&s);
    return worst;
}

const struct command cmd_import = {
    .name = "import",
    .usage = "[OPTION...] [FILE...|-]",
    .brief = "take indicators from files: MISP, STIX 2.1, US-CERT CSV, plain lists",
    .help =
        "Takes indicators from files or standard input, plain or compressed (gzip, zstd). The "
        "format\n"
        "is recognised by content. Defanged text such as hxxp://evil[.]example is understood.\n"
        "A row that is wrong is reported and skipped; a file that is not what it says is refused\n"
        "whole, and nothing of it is kept.",
    .options = options,
    .run = run,
};
