/* import.c: entente import: indicators in. */
#include "cli/import.h"

#include <sys/stat.h>

#define SKIPS_SHOWN 20u
#define BOMB_RATIO  1000u
#define FEED_EVENTS ((size_t)1 << 20) /* that a manifest may name */

#define JUDGED_AT_ONCE 100000u /* claims that can be read again in no time */

static const struct option_spec options[] = {
    {"--format", "FORMAT",
     "insist on list, us-cert-csv, stix, misp, zeek, hosts, prose, csv, rpz, suricata, openioc"},
    {"--columns", "LIST", "of a CSV file: value=2,type=Name (default: by the names they have)"},
    {"--source", "NAME", "who says so (default: the file's or feed's name)"},
    {"--tlp", "TLP", "for what carries no mark: clear, green, amber, amber+strict, red"},
    {"--confidence", "0-100", "for what does not say how sure it is"},
    {"--user", "NAME", "TAXII: who asks; the password is asked for, or:"},
    {"--password-file", "FILE", "take it from the first line of FILE, which nobody else can read"},
    {"--token-file", "FILE", "TAXII: a bearer token instead of a user"},
    {"--ca-file", "FILE", "TAXII: trust these certificate authorities, not the system's"},
    {"--all", NULL, "TAXII: everything again, not only what is new"},
    {"--unflagged", NULL, "MISP: also what is not marked \"to_ids\"; STIX: also bare observables"},
    {"--dry-run", NULL, "show what would be taken, and take nothing"},
    {"--verbose", NULL, "show every skipped row, not the first 20 of a file"},
    {"--json", NULL, "one JSON line for each file or feed"},
    {NULL, NULL, NULL},
};

/* What the manifest says of an event. */
struct feed_event {
    char uuid[ENT_UUID_TEXT];
    bool has_sha256;
    struct ent_hash32 sha256;
};

/* What is read, and its hash: of the content, should the file be compressed. */
struct hashed {
    struct ent_reader in;
    struct ent_sha256 sum;
    const struct ent_hash32 *want;
    struct ent_diag *d;
};

static void show_progress(struct importing *im)
{
    ent_progress_at(&im->progress, im->in != NULL ? ent_input_consumed(im->in) : *im->fetched);
}

/* --dry-run: what would be taken, a line each. */
static enum ent_err show_text(struct importing *im, const struct ent_indicator *ind)
{
    char value[ENT_OBS_DEFANGED_MAX], text[ENT_SHOW_MAX], file[ENT_SHOW_MAX];
    ent_progress_end(&im->progress);
    ent_observable_defang(value, sizeof(value), &ind->obs);
    int n = printf("%s:%llu: %s %s%s%s\n", ent_show(file, ent_slice_str(im->path)),
                   (unsigned long long)ind->line, ent_obs_type_name(ind->obs.type), value,
                   ind->text.n > 0 ? "  " : "", ent_show(text, ind->text));
    return n < 0 ? ENT_E_IO : ENT_OK;
}

static enum ent_err show_json(struct importing *im, const struct ent_indicator *ind)
{
    struct ent_buf line;
    struct ent_json j;
    ent_buf_init(&line, 65536);
    ent_json_start(&j, &line);
    ent_json_obj(&j, NULL);
    ent_json_cstr(&j, "file", im->path);
    ent_json_u64(&j, "line", ind->line);
    ent_json_cstr(&j, "type", ent_obs_type_name(ind->obs.type));
    ent_json_str(&j, "value", ent_slice(ind->obs.text, ind->obs.n));
    ent_json_str(&j, "kind", ind->kind);
    ent_json_str(&j, "text", ind->text);
    ent_json_obj_end(&j);
    enum ent_err r = ent_json_end(&j);
    if (r == ENT_OK)
        r = cli_put_line(&line);
    ent_buf_release(&line);
    return r;
}

static enum ent_err take(void *ctx, const struct ent_indicator *ind)
{
    struct importing *im = ctx;
    enum ent_put put;
    if (atomic_load(&cli_stop))
        return ENT_E_INTERRUPTED;
    im->n.taken[ind->obs.type]++;
    if (im->a->dry_run)
        return im->a->json ? show_json(im, ind) : show_text(im, ind);
    enum ent_err r = ent_store_put(im->store, &put, ind, im->source, im->now);
    if (r != ENT_OK)
        return r;
    im->n.fresh += put == ENT_PUT_NEW;
    im->n.claims += put == ENT_PUT_CLAIM;
    im->n.same += put == ENT_PUT_SAME;
    im->n.unmarked += ind->tlp > ENT_TLP_GREEN;
    show_progress(im);
    return ent_lint_add(im->lint, ind, im->now, put == ENT_PUT_CLAIM);
}

static enum ent_err skip(void *ctx, uint64_t line, const char *reason, struct ent_slice what)
{
    struct importing *im = ctx;
    char shown[ENT_SHOW_MAX], file[ENT_SHOW_MAX];
    if (atomic_load(&cli_stop))
        return ENT_E_INTERRUPTED;
    im->skipped++;
    show_progress(im);
    if (im->skipped > SKIPS_SHOWN && !im->a->verbose)
        return ENT_OK;
    if (im->a->json) {
        ent_json_obj(&im->skips_json, NULL);
        if (im->feed)
            ent_json_cstr(&im->skips_json, "file", im->path);
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
    im->n.withdrawn++;
    if (im->a->dry_run)
        return ENT_OK;
    return ent_store_revoke(im->store, im->source, id);
}

/* An alarm, and no reason to leave it out: whose word is whose stays known. */
static void say_alarm(struct importing *im, const struct ent_stix_object *o, const char *what)
{
    char shown[ENT_SHOW_MAX], file[ENT_SHOW_MAX];
    if (im->a->json)
        return;
    ent_progress_end(&im->progress);
    (void)fprintf(stderr, "%s:%llu: %s (both are kept): %s\n",
                  ent_show(file, ent_slice_str(im->path)), (unsigned long long)o->line, what,
                  ent_show(shown, o->id));
}

static enum ent_err object(void *ctx, const struct ent_stix_object *o, bool *use)
{
    struct importing *im = ctx;
    enum ent_object_put put;
    bool elsewhere;
    if (im->a->dry_run)
        return ENT_OK;
    enum ent_err r = ent_store_object_put(im->store, &put, &elsewhere, o, im->source, im->now);
    if (r != ENT_OK)
        return r;
    im->n.objects[put]++;
    im->n.disputed += elsewhere;
    show_progress(im);
    if (put == ENT_OBJECT_CONFLICT)
        say_alarm(im, o, "equivocation: this source said something else under the same version");
    if (elsewhere)
        say_alarm(im, o, "disputed: another source said something else under the same version");
    /* What was revoked is taken, so that it can be seen, and never counts. */
    *use = put != ENT_OBJECT_OLDER && put != ENT_OBJECT_FOREIGN;
    return put != ENT_OBJECT_FOREIGN
               ? ENT_OK
               : skip(im, o->line, "a new version by another than its creator", o->id);
}

static uint64_t objects(const struct counts *n)
{
    uint64_t sum = 0;
    for (size_t i = 0; i <= ENT_OBJECT_FOREIGN; i++)
        sum += n->objects[i];
    return sum;
}

/* --- whether it may go to others ----------------------------------------------------------------
 */

static enum ent_err is_there(void *ctx, const struct ent_source_state *x)
{
    (void)x;
    *(bool *)ctx = true;
    return ENT_OK;
}

/* Within the transaction of a file, before its first row. */
static enum ent_err look_whether_fresh(struct importing *im)
{
    bool known = false;
    enum ent_err r = ent_store_source_states(im->store, im->source, is_there, &known);
    im->fresh = !known;
    return r;
}

/* At the end of that transaction, of a file that is all its source says, each claim once: what the
 * lint saw is what a judge would see. A row that comes twice would thin out the odd ones. */
static enum ent_err judge_whole(struct importing *im)
{
    const struct ent_lint_report *r = ent_lint_report(im->lint);
    if (im->a->dry_run || im->feed || !im->fresh || im->n.same > 0 || im->n.withdrawn > 0 ||
        objects(&im->n) > im->n.objects[ENT_OBJECT_NEW] || r->claims == 0)
        return ENT_OK;
    return ent_release_take(im->store, im->source, r);
}

static enum ent_err add_claims(void *ctx, const struct ent_source_state *x)
{
    *(uint64_t *)ctx += x->odds.claims;
    return ENT_OK;
}

/* Else all that it says is read again: at once if that is little, or before something leaves. */
static enum ent_err judge_small(struct importing *im)
{
    uint64_t n = im->n.fresh + im->n.claims + im->n.same;
    if (im->a->dry_run || n + im->n.withdrawn + objects(&im->n) == 0)
        return ENT_OK;
    enum ent_err r = ent_store_source_states(im->store, im->source, add_claims, &n);
    return r == ENT_OK && n <= JUDGED_AT_ONCE ? ent_release_judge(im->store, im->source, &cli_stop)
                                              : r;
}

/* --- what is told -------------------------------------------------------------------------------
 */

static void objects_json(struct ent_json *j, const struct counts *n)
{
    if (objects(n) == 0)
        return;
    ent_json_obj(j, "objects");
    ent_json_u64(j, "new", n->objects[ENT_OBJECT_NEW]);
    ent_json_u64(j, "newer", n->objects[ENT_OBJECT_NEWER]);
    ent_json_u64(j, "known", n->objects[ENT_OBJECT_SAME]);
    ent_json_u64(j, "older", n->objects[ENT_OBJECT_OLDER]);
    ent_json_u64(j, "after_revocation", n->objects[ENT_OBJECT_FINAL]);
    ent_json_u64(j, "equivocation", n->objects[ENT_OBJECT_CONFLICT]);
    ent_json_u64(j, "not_its_own", n->objects[ENT_OBJECT_FOREIGN]);
    ent_json_u64(j, "disputed", n->disputed);
    ent_json_obj_end(j);
}

static void objects_text(const struct counts *n)
{
    char all[ENT_NUM_TEXT], s[3][ENT_NUM_TEXT];
    if (objects(n) == 0)
        return;
    (void)printf("  objects  %s: %s new, %s in a newer version, %s in an older one\n",
                 ent_show_count(all, objects(n)), ent_show_count(s[0], n->objects[ENT_OBJECT_NEW]),
                 ent_show_count(s[1], n->objects[ENT_OBJECT_NEWER]),
                 ent_show_count(s[2], n->objects[ENT_OBJECT_OLDER]));
    if (n->objects[ENT_OBJECT_CONFLICT] + n->disputed > 0)
        (void)printf(
            "  alarm    %s say two things under one id and version: somebody lies, or errs\n",
            ent_show_count(all, n->objects[ENT_OBJECT_CONFLICT] + n->disputed));
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
    if (im->feed) {
        ent_json_u64(&j, "events", im->events);
        ent_json_u64(&j, "refused", im->refused);
    }
    if (im->pages != NULL) {
        ent_json_u64(&j, "pages", im->pages->pages);
        ent_json_bool(&j, "whole", im->pages->whole);
        ent_json_cstr(&j, "added_after", im->pages->after);
    }
    ent_json_obj(&j, "taken");
    for (int t = 1; t < ENT_OBS_TYPES; t++)
        if (im->n.taken[t] > 0)
            ent_json_u64(&j, ent_obs_type_name((enum ent_obs_type)t), im->n.taken[t]);
    ent_json_obj_end(&j);
    ent_json_u64(&j, "new", im->n.fresh);
    ent_json_u64(&j, "new_claims", im->n.claims);
    ent_json_u64(&j, "known", im->n.same);
    ent_json_u64(&j, "withdrawn", im->n.withdrawn);
    objects_json(&j, &im->n);
    ent_json_u64(&j, "skipped", im->skipped);
    ent_json_obj(&j, "lint");
    cli_lint_json(&j, ent_lint_report(im->lint));
    ent_json_obj_end(&j);
    enum ent_err r = cli_held_json(&j, im->store, im->source);
    if (r == ENT_OK)
        r = ent_json_end(&im->skips_json);
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
    uint64_t rows = im->n.fresh + im->n.claims + im->n.same;
    (void)printf("%s (%s)\n  taken    %s\n", ent_show(file, ent_slice_str(im->path)),
                 ent_format_name(format), cli_type_counts(types, im->n.taken));
    if (im->feed)
        (void)printf("  events   %s read, %s refused\n", ent_show_count(n[0], im->events),
                     ent_show_count(n[1], im->refused));
    if (im->pages != NULL)
        (void)printf("  pages    %s%s%s\n", ent_show_count(n[0], im->pages->pages),
                     im->pages->resumed ? ", going on where the last import stopped" : "",
                     im->pages->whole ? "" : "; there is more");
    if (im->a->dry_run)
        (void)puts("  nothing was kept: this was a dry run");
    else
        (void)printf("  of these %s new, %s already known from elsewhere, %s repeated\n",
                     ent_show_count(n[0], im->n.fresh), ent_show_count(n[1], im->n.claims),
                     ent_show_count(n[2], im->n.same));
    if (im->n.withdrawn > 0)
        (void)printf("  withdrawn %s: their author took them back\n",
                     ent_show_count(n[3], im->n.withdrawn));
    objects_text(&im->n);
    if (im->skipped > 0)
        (void)printf("  skipped  %s%s\n", ent_show_count(n[3], im->skipped),
                     im->skipped > SKIPS_SHOWN && !im->a->verbose
                         ? " (the first 20 are shown; --verbose shows all)"
                         : "");
    if (im->skipped > rows && !im->a->dry_run)
        (void)puts(format == ENT_FORMAT_MISP && !im->a->unflagged
                       ? "  more was skipped than taken (--unflagged takes what is not \"to_ids\")"
                       : "  more was skipped than taken: is this really a file of indicators?");
    if (im->n.unmarked > 0)
        (void)printf("  %s of %s are TLP:AMBER or narrower, or unmarked: partners cannot match\n"
                     "  against them (--tlp green says otherwise for the unmarked)\n",
                     ent_show_count(n[0], im->n.unmarked), ent_show_count(n[1], rows));
    const struct ent_lint_report *lint = ent_lint_report(im->lint);
    if (ent_lint_is_odd(lint))
        (void)puts("  before you act on it (see `entente lint`):");
    cli_lint_text(lint, "  ");
}

enum ent_err cli_import_report(struct importing *im, enum ent_format format)
{
    enum ent_err r = judge_small(im);
    ent_json_arr_end(&im->skips_json);
    if (r != ENT_OK)
        return r;
    if (im->a->json)
        return report_json(im, format);
    report_text(im, format);
    return cli_release_text(im->store, im->source, "  ");
}

enum ent_err cli_import_whole(struct importing *im, struct ent_reader in,
                              const struct ent_import_opts *opts,
                              enum ent_err (*before_commit)(void *ctx), void *ctx,
                              enum ent_format *ret_format, struct ent_diag *d)
{
    const struct ent_import_sink sink = {
        .ctx = im, .take = take, .skip = skip, .withdraw = withdraw, .object = object};
    const struct counts before = im->n;
    enum ent_err r = ent_store_begin(im->store);
    if (r == ENT_OK && (r = look_whether_fresh(im)) == ENT_OK &&
        (r = ent_intel_read(in, opts, &sink, ret_format, d)) == ENT_OK)
        r = judge_whole(im);
    if (r == ENT_OK &&
        ((before_commit != NULL && (r = before_commit(ctx)) != ENT_OK) ||
         (r = ent_store_commit(im->store)) != ENT_OK) &&
        d->text == NULL)
        *d = (struct ent_diag){.text = "the store could not keep it; nothing of this file was"};
    ent_store_rollback(im->store);
    if (r != ENT_OK)
        im->n = before;
    return r;
}

static enum ent_err read_hashed(void *ctx, uint8_t *ret, size_t *ret_n, size_t cap,
                                struct ent_diag *d)
{
    struct hashed *h = ctx;
    enum ent_err r = h->in.read(h->in.ctx, ret, ret_n, cap, d);
    if (r == ENT_OK)
        ent_sha256_add(&h->sum, ent_slice(ret, *ret_n));
    return r;
}

/* To the end, for a parser may stop before it. */
static enum ent_err check_hash(void *ctx)
{
    struct hashed *h = ctx;
    struct ent_hash32 sum;
    uint8_t rest[4096];
    size_t n = 1;
    enum ent_err r = ENT_OK;
    while (r == ENT_OK && n > 0)
        r = read_hashed(h, rest, &n, sizeof(rest), h->d);
    ent_sha256_end(&h->sum, &sum);
    if (r == ENT_OK && memcmp(&sum, h->want, sizeof(sum)) != 0)
        r = ent_fail(h->d, ENT_E_FORMAT, "its SHA-256 is not the one that the manifest gives", 0,
                     0);
    return r;
}

/* want: what the content must hash to, or NULL. */
static enum ent_err read_file(struct importing *im, const struct ent_import_opts *opts,
                              const struct ent_hash32 *want, enum ent_format *ret_format,
                              struct ent_diag *d)
{
    struct hashed h = {.want = want, .d = d};
    char what[ENT_SHOW_MAX + 16], shown[ENT_SHOW_MAX];
    enum ent_err r = ent_input_open(&im->in, d, im->path, BOMB_RATIO);
    if (r != ENT_OK)
        return r;
    (void)snprintf(what, sizeof(what), "importing %s", ent_show(shown, ent_slice_str(im->path)));
    ent_progress_start(&im->progress, what, ent_input_size(im->in), ENT_PROGRESS_BYTES);
    h.in = ent_input_reader(im->in);
    ent_sha256_init(&h.sum);
    r = want == NULL ? cli_import_whole(im, h.in, opts, NULL, NULL, ret_format, d)
                     : cli_import_whole(im, (struct ent_reader){read_hashed, &h}, opts, check_hash,
                                        &h, ret_format, d);
    ent_progress_end(&im->progress);
    ent_input_close(im->in);
    return r;
}

static int refuse(enum ent_err r, const struct ent_diag *d, const char *path)
{
    int code = cli_fail(r, d, path);
    if (r != ENT_E_NOTFOUND)
        (void)fputs("entente: nothing of that file was taken\n", stderr);
    return code;
}

/* --- a directory: the feed of a MISP instance --------------------------------------------------
 */

static enum ent_err add_event(void *ctx, const struct ent_manifest_event *e)
{
    struct importing *im = ctx;
    struct feed_event one = {.has_sha256 = e->has_sha256};
    memcpy(one.uuid, e->uuid, sizeof(one.uuid));
    memcpy(one.sha256.b, e->sha256, sizeof(one.sha256.b));
    return ent_buf_put(&im->feed_events, &one, sizeof(one));
}

/* The whole list first: a manifest that breaks off is no reason to have half of its feed. */
static int read_manifest(struct importing *im, const char *dir)
{
    const struct ent_manifest_sink sink = {.ctx = im, .event = add_event, .skip = skip};
    char path[ENT_PATH_MAX];
    struct ent_diag d = {0};
    enum ent_err r = ent_path_join(path, sizeof(path), dir, "manifest.json");
    im->path = path;
    if (r == ENT_OK && (r = ent_input_open(&im->in, &d, path, BOMB_RATIO)) == ENT_OK) {
        r = ent_misp_manifest_read(ent_input_reader(im->in), &sink, &d);
        ent_input_close(im->in);
    }
    im->path = dir;
    if (r == ENT_E_NOTFOUND) {
        d = (struct ent_diag){.text = "is a directory, and no MISP feed: it has no manifest.json"};
        return refuse(ENT_E_FORMAT, &d, dir);
    }
    if (r == ENT_E_LIMIT && d.text == NULL)
        d.text = "a MISP feed of more than a million events";
    return r == ENT_OK ? EXIT_DONE : refuse(r, &d, path);
}

/* The events one after the other, each as a file of its own: taken or refused whole. */
static int read_events(struct importing *im, const struct ent_import_opts *opts, const char *dir)
{
    char path[ENT_PATH_MAX], name[ENT_UUID_TEXT + 5];
    int worst = EXIT_DONE;
    im->path = path;
    const struct feed_event *all = (const struct feed_event *)(const void *)im->feed_events.p;
    for (size_t i = 0; i < im->feed_events.n / sizeof(*all); i++) {
        const struct ent_hash32 *want = all[i].has_sha256 ? &all[i].sha256 : NULL;
        struct ent_diag d = {0};
        enum ent_format format;
        (void)snprintf(name, sizeof(name), "%s.json", all[i].uuid);
        enum ent_err r = ent_path_join(path, sizeof(path), dir, name);
        if (r == ENT_OK)
            r = read_file(im, opts, want, &format, &d);
        im->events += r == ENT_OK;
        if (r == ENT_OK)
            continue;
        im->refused++;
        int code = refuse(r, &d, path);
        worst = code > worst ? code : worst;
        if (code != EXIT_INPUT && r != ENT_E_NOTFOUND)
            break; /* the next one would fail in the same way */
    }
    im->path = dir;
    return worst;
}

static int read_feed(struct importing *im, const struct ent_import_opts *opts, const char *dir)
{
    struct ent_import_opts insist = *opts;
    enum ent_err r = ENT_OK;
    if (insist.format == ENT_FORMAT_AUTO)
        insist.format = ENT_FORMAT_MISP;
    ent_buf_init(&im->feed_events, FEED_EVENTS * sizeof(struct feed_event));
    int code = read_manifest(im, dir);
    if (code == EXIT_DONE) {
        code = read_events(im, &insist, dir);
        r = cli_import_report(im, insist.format);
    }
    ent_buf_release(&im->feed_events);
    return r == ENT_OK || code != EXIT_DONE ? code : cli_fail(r, NULL, dir);
}

static bool is_directory(const char *path)
{
    struct stat st;
    return strcmp(path, "-") != 0 && stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* --- one path of the command line ------------------------------------------------------------- */

static int read_one(struct importing *im, const struct ent_import_opts *opts, const char *path)
{
    struct ent_diag d = {0};
    enum ent_format format = opts->format;
    enum ent_err r = read_file(im, opts, NULL, &format, &d);
    if (r == ENT_OK)
        r = cli_import_report(im, format);
    return r == ENT_OK ? EXIT_DONE : refuse(r, &d, path);
}

/* The last part of the path; of a directory that of its real one, which may be given as ".". */
static struct ent_slice base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (strcmp(path, "-") == 0)
        return ENT_SLICE_LIT("standard input");
    return ent_slice_str(slash == NULL ? path : slash + 1);
}

static int import_path(struct session *s, const struct args *a, const struct ent_import_opts *opts,
                       struct taxii *taxii, const char *path)
{
    struct importing im = {.store = s->store, .a = a, .path = path, .now = ent_clock_now()};
    im.feed = is_directory(path);
    char *real = im.feed ? realpath(path, NULL) : NULL;
    im.source =
        a->source != NULL ? ent_slice_str(a->source) : base_name(real == NULL ? path : real);
    if (ent_slice_eq(im.source, ENT_SLICE_LIT(ENT_STORE_OWN))) {
        free(real);
        return cli_fail(ENT_E_POLICY,
                        &(struct ent_diag){.text = "this source is you (see `entente edit`); no "
                                                   "file may be called so"},
                        ENT_STORE_OWN);
    }
    ent_buf_init(&im.skips, (size_t)1 << 30);
    ent_json_start(&im.skips_json, &im.skips);
    ent_json_arr(&im.skips_json, NULL);
    ent_store_bulk(s->store);
    enum ent_err r = ent_lint_new(&im.lint, s->store);
    int code = r != ENT_OK          ? cli_fail(r, NULL, path)
               : cli_is_taxii(path) ? cli_taxii_import(taxii, &im, opts)
               : im.feed            ? read_feed(&im, opts, path)
                                    : read_one(&im, opts, path);
    ent_lint_free(im.lint);
    ent_buf_release(&im.skips);
    free(real);
    return code;
}

static int parse_opts(const struct args *a, struct ent_import_opts *ret)
{
    uint64_t confidence = 0;
    *ret = (struct ent_import_opts){.confidence = -1, .unflagged = a->unflagged};
    if (a->format != NULL && ent_format_parse(&ret->format, ent_slice_str(a->format)) != ENT_OK)
        return cli_usage(&cmd_import, "no such format", a->format);
    if (a->columns != NULL) {
        if (ret->format != ENT_FORMAT_AUTO && ret->format != ENT_FORMAT_TABLE)
            return cli_usage(&cmd_import, "only a CSV file has columns, not", a->format);
        ret->format = ENT_FORMAT_TABLE;
        ret->columns = ent_slice_str(a->columns);
    }
    if (a->tlp != NULL && ent_tlp_parse(&ret->tlp, ent_slice_str(a->tlp)) != ENT_OK)
        return cli_usage(&cmd_import, "no such TLP", a->tlp);
    if (a->confidence != NULL) {
        if (ent_parse_u64(&confidence, ent_slice_str(a->confidence), 100) != ENT_OK)
            return cli_usage(&cmd_import, "confidence is a number from 0 to 100", a->confidence);
        ret->confidence = (int)confidence;
    }
    if (a->source != NULL && (*a->source == '\0' || strlen(a->source) > 255 ||
                              !ent_utf8_valid(ent_slice_str(a->source), NULL)))
        return cli_usage(&cmd_import, "a source is 1 to 255 bytes of UTF-8", a->source);
    return EXIT_DONE;
}

static int run(int argc, char **argv)
{
    struct args a;
    struct session s = {0};
    struct ent_import_opts opts;
    struct taxii *taxii = NULL;
    int code, worst = EXIT_DONE;
    static char stdin_name[] = "-";
    if (!cli_args(&a, &code, &cmd_import, argc, argv))
        return code;
    if ((code = parse_opts(&a, &opts)) != EXIT_DONE)
        return code;
    if (a.rest == argc && isatty(STDIN_FILENO) == 1)
        return cli_usage(&cmd_import, "name a file, or - for standard input", NULL);
    cli_catch_signals();
    if ((code = cli_taxii_open(&taxii, &a, argc, argv)) != EXIT_DONE ||
        (code = cli_open(&s, &a, true)) != EXIT_DONE)
        worst = code;
    else if (a.rest == argc)
        worst = import_path(&s, &a, &opts, NULL, stdin_name);
    for (int i = a.rest; i < argc && code == EXIT_DONE && worst != EXIT_STOPPED; i++) {
        int one = import_path(&s, &a, &opts, taxii, argv[i]);
        worst = one > worst ? one : worst;
    }
    if (code == EXIT_DONE && worst != EXIT_STOPPED && !a.dry_run)
        cli_make_image(&s);
    cli_taxii_close(taxii);
    cli_close(&s);
    return worst;
}

const struct command cmd_import = {
    .name = "import",
    .usage = "[OPTION...] [FILE...|DIRECTORY...|URL...|-]",
    .brief = "take indicators from files and TAXII servers: STIX, MISP, CSV, Zeek, lists, ...",
    .help =
        "Takes indicators from files or standard input, plain or compressed (gzip, zstd). The "
        "format\n"
        "is recognised by content. Defanged text such as hxxp://evil[.]example is understood.\n"
        "A directory is read as a MISP feed, by its manifest.json.\n"
        "taxii+https://HOST/PATH/collections/ID/ is a collection of a TAXII 2.1 server, of which "
        "what\n"
        "is new is taken, page by page; the URL of a server or API root lists what there is.\n"
        "A row that is wrong is reported and skipped; a file that is not what it says is refused\n"
        "whole, and nothing of it is kept.",
    .options = options,
    .run = run,
};
