/* export.c: entente export: what is known, for other tools and other people. */
#include "cli/cli.h"

#include <errno.h>
#include <sys/stat.h>

#define DAYS_MOST 36500

static const struct option_spec options[] = {
    {"--format", "FORMAT",
     "list, csv, zeek, hosts, rpz, nft, stix, misp, misp-feed, suricata, sigma, yara"},
    {"--types", "TYPES", "only these: ip, net, endpoint, domain, url, email, hash, ..."},
    {"--source", "NAME", "only what this source says"},
    {"--tag", "TAG", "only what a source labels so, or you have tagged so"},
    {"--min-confidence", "0-100", "only what is at least this sure"},
    {"--tlp", "TLP", "for others: nothing narrower than clear, green, amber, amber+strict"},
    {"--new-since", "TIME", "only what first came then or later: 2026-11-22T08:00:00Z"},
    {"--max-age", "DAYS", "only what a source has said again within so many days"},
    {"--output", "FILE", "into this file, which is replaced as a whole; also -o FILE"},
    {"--sid", "FIRST-LAST", "suricata: the signature ids to use (default: 9000000-9999999)"},
    {"--sightings", NULL, "stix: with how often, and when, each was seen here"},
    {"--hashes", NULL, "misp-feed: with hashes.csv, out of which values can be guessed"},
    {"--passphrase-file", "FILE", "with --tlp: read the keys' passphrase from its first line"},
    {"--json", NULL, "the sums as one JSON line"},
    {NULL, NULL, NULL},
};

struct exporting {
    const struct args *a;
    const struct ent_out_format *format;
    struct ent_store *store;
    struct ent_known_filter filter;
    struct ent_out_opts opts;
    struct ent_out *out;
    struct ent_object_out *objects; /* NULL: the format takes none */
    struct ent_indicator ind;       /* the one that is on its way */
    char choice[512];
    struct ent_file_out file[ENT_OUT_FILES];
    struct ent_feed_dir *feed; /* instead of these, of misp-feed */
    struct ent_diag d;
    bool terminal;
    struct ent_progress progress;
    uint64_t put; /* claims and objects that were looked at */
    uint64_t narrower, unreleased, sighted;
};

/* --- where it goes ------------------------------------------------------------------------------
 */

/* A terminal must not obey what a feed says: what cannot be seen is shown as '?'. */
static void show(struct ent_slice s)
{
    size_t n;
    for (; s.n > 0; s = ent_slice(s.p + n, s.n - n)) {
        int32_t v = ent_utf8_next(s, &n);
        if (v != '\n' && v != '\t' && (v < 0 || ent_is_invisible(v)))
            (void)putchar('?');
        else
            (void)fwrite(s.p, 1, n, stdout);
    }
}

static enum ent_err write_part(void *ctx, unsigned file, struct ent_slice bytes)
{
    struct exporting *x = ctx;
    FILE *f = x->a->output == NULL ? stdout : x->file[file].f;
    if (x->terminal)
        show(bytes);
    else if (fwrite(bytes.p, 1, bytes.n, f) != bytes.n)
        return ent_err_from_errno(errno);
    return ENT_OK;
}

/* Only for the owner, unless the file is there already and says otherwise. */
static enum ent_err open_one(struct ent_file_out *f, struct ent_diag *d, const char *path)
{
    struct stat st;
    mode_t mode = stat(path, &st) == 0 ? st.st_mode & 0666 : 0600;
    return ent_file_out_start(f, path, mode, d);
}

static enum ent_err open_part(void *ctx, unsigned file, const char *name)
{
    struct exporting *x = ctx;
    char path[ENT_PATH_MAX];
    if (x->a->output == NULL)
        return ENT_OK;
    if (name == NULL)
        return open_one(&x->file[file], &x->d, x->a->output);
    if (mkdir(x->a->output, 0700) != 0 && errno != EEXIST)
        return ent_fail_sys(&x->d, "cannot create the directory");
    enum ent_err r = ent_path_join(path, sizeof(path), x->a->output, name);
    return r == ENT_OK ? open_one(&x->file[file], &x->d, path) : r;
}

static enum ent_err open_feed(struct exporting *x, struct ent_out_sink *sink)
{
    char publisher[ENT_UUID_TEXT];
    enum ent_err r = ent_out_publisher(publisher, &x->opts);
    if (r == ENT_OK)
        r = ent_feed_dir_open(&x->feed, &x->d, x->a->output, publisher);
    if (r == ENT_OK)
        ent_feed_dir_connect(x->feed, sink, &x->opts);
    return r;
}

static enum ent_err close_files(struct exporting *x)
{
    enum ent_err r = ENT_OK;
    if (x->feed != NULL)
        return ent_feed_dir_finish(x->feed);
    for (unsigned i = ENT_OUT_FILES;
         i-- > 0 && r == ENT_OK;) /* lists before rules that read them */
        if (x->file[i].f != NULL)
            r = ent_file_out_finish(&x->file[i], &x->d);
    return r;
}

/* --- what goes ----------------------------------------------------------------------------------
 */

/* With the first that goes: where all is held, not even an empty document is written. */
static enum ent_err begin(struct exporting *x)
{
    struct ent_out_sink sink = {x, open_part, write_part};
    if (x->out != NULL)
        return ENT_OK;
    enum ent_err r = x->format->by_source ? open_feed(x, &sink) : ENT_OK;
    return r == ENT_OK ? ent_out_start(&x->out, x->format, &x->opts, &sink) : r;
}

static enum ent_err go_on(struct exporting *x)
{
    if (!x->terminal) /* what goes there shows how far it is */
        ent_progress_at(&x->progress, ++x->put);
    return atomic_load(&cli_stop) ? ENT_E_INTERRUPTED : ENT_OK;
}

/* As others are told: that this member saw it, and never where. */
static enum ent_err add_seen(struct exporting *x, struct ent_out_item *item, uint64_t id)
{
    struct ent_seen_here seen = {.count = 0};
    enum ent_err r = x->a->sightings ? ent_store_sighted(x->store, &seen, id) : ENT_OK;
    item->seen = (struct ent_out_seen){seen.first, seen.last, seen.count};
    x->sighted += seen.count > 0;
    return r;
}

static enum ent_err put(void *ctx, const struct ent_known *k)
{
    struct exporting *x = ctx;
    x->ind = (struct ent_indicator){.obs = k->obs,
                                    .tlp = k->tlp,
                                    .confidence = k->confidence,
                                    .valid_from = k->valid_from,
                                    .valid_until = k->valid_until,
                                    .id = k->ext_id,
                                    .kind = k->kind,
                                    .text = k->text,
                                    .labels = k->labels};
    /* Others know this member by its name. */
    struct ent_out_item item = {.ind = &x->ind,
                                .source = k->own ? x->opts.author : k->source,
                                .first = k->first_import,
                                .last = k->last_import};
    bool gone = false;
    enum ent_err r = go_on(x);
    if (r == ENT_OK)
        r = begin(x);
    if (r == ENT_OK && x->objects != NULL)
        r = ent_object_out_claim(x->objects, &gone, x->out, k);
    if (r != ENT_OK || gone)
        return r;
    r = add_seen(x, &item, k->id);
    return r == ENT_OK ? ent_out_put(x->out, &item) : r;
}

static enum ent_err put_object(void *ctx, const struct ent_kept *k)
{
    struct exporting *x = ctx;
    enum ent_err r = go_on(x);
    if (r == ENT_OK)
        r = begin(x);
    return r == ENT_OK ? ent_out_object(x->out, k->id, k->bytes) : r;
}

/* Objects that say nothing of an observable go only when nobody asks for certain observables. */
static enum ent_err put_objects(struct exporting *x, struct ent_store *store)
{
    const struct ent_known_filter *f = &x->filter;
    const struct ent_object_out_opts opts = {.store = store,
                                             .types = f->types,
                                             .alone = f->tag.n > 0,
                                             .door = x->opts.door,
                                             .now = f->at};
    if (!ent_out_takes_objects(x->format))
        return ENT_OK;
    enum ent_err r = ent_object_out_new(&x->objects, &opts);
    x->filter.every = true;
    if (r != ENT_OK || x->a->types != NULL || f->min_confidence != 0 || f->renewed != 0 ||
        f->tag.n > 0)
        return r;
    return ent_object_out_plain(x->objects, f->source, f->since, put_object, x);
}

static struct ent_object_sums sums(const struct exporting *x)
{
    return x->objects == NULL ? (struct ent_object_sums){0} : ent_object_out_sums(x->objects);
}

static enum ent_err walk(struct exporting *x, struct ent_store *store)
{
    static const uint32_t one[] = {ENT_OBS_ALL, 0};
    enum ent_err r = ENT_OK;
    ENT_ASSERT(x->format != NULL); /* parse() saw to it */
    if (x->filter.max_tlp != 0)
        r = ent_release_judge(store, ent_slice(NULL, 0), &cli_stop);
    if (r == ENT_OK && (r = ent_store_view(store)) == ENT_OK)
        r = put_objects(x, store);
    for (const uint32_t *p = x->format->passes == NULL ? one : x->format->passes;
         *p != 0 && r == ENT_OK; p++) {
        struct ent_known_filter f = x->filter;
        uint64_t narrower = 0, unreleased = 0;
        f.narrower = &narrower;
        f.unreleased = &unreleased;
        f.by_source = x->format->by_source;
        f.types &= *p;
        if (f.types != 0)
            r = ent_store_each(store, &f, put, x);
        x->narrower += narrower;
        x->unreleased += unreleased;
    }
    ent_store_rest(store);
    if (r == ENT_OK && x->out == NULL && x->unreleased + sums(x).unreleased > 0)
        return ent_fail(&x->d, ENT_E_POLICY,
                        "nothing may go there: the sources are held; `entente release SOURCE --by "
                        "NAME --reason TEXT` lets one pass",
                        0, 0);
    if (r == ENT_OK)
        r = begin(x);
    return r == ENT_OK ? ent_out_end(x->out) : r;
}

static uint64_t sum(const uint64_t count[static ENT_OBS_TYPES])
{
    uint64_t n = 0;
    for (int t = 1; t < ENT_OBS_TYPES; t++)
        n += count[t];
    return n;
}

static void report_feed(const struct exporting *x)
{
    struct ent_feed_dir_sums sums;
    char n[2][ENT_NUM_TEXT], shown[ENT_SHOW_MAX];
    ent_feed_dir_sums(x->feed, &sums);
    (void)fprintf(stderr, "entente: %s: events: %s, of an earlier export removed: %s\n",
                  x->format->name, ent_show_count(n[0], sums.events),
                  ent_show_count(n[1], sums.removed));
    if (sums.old_hashes)
        (void)fprintf(stderr, "entente: %s/hashes.csv is of an earlier export, and stays\n",
                      ent_show(shown, ent_slice_str(x->a->output)));
}

static void report_text(const struct exporting *x, struct ent_store *store)
{
    char types[512], n[ENT_NUM_TEXT];
    const uint64_t *lost = ent_out_lost(x->out);
    struct ent_object_sums objects = sums(x);
    (void)fprintf(stderr, "entente: %s: %s\n", x->format->name,
                  cli_type_counts(types, ent_out_written(x->out)));
    if (objects.written > 0)
        (void)fprintf(stderr, "entente: objects as they came: %s\n",
                      ent_show_count(n, objects.written));
    if (objects.narrower > 0)
        (void)fprintf(stderr, "entente: objects narrower than %s, held back: %s\n",
                      ent_tlp_name(x->opts.door), ent_show_count(n, objects.narrower));
    if (x->sighted > 0)
        (void)fprintf(stderr, "entente: with a sighting: %s\n", ent_show_count(n, x->sighted));
    if (x->feed != NULL)
        report_feed(x);
    if (sum(lost) > 0)
        (void)fprintf(stderr, "entente: %s cannot carry these, left out: %s\n", x->format->name,
                      cli_type_counts(types, lost));
    if (x->narrower > 0)
        (void)fprintf(stderr, "entente: narrower than %s, held back: %s\n",
                      ent_tlp_name(x->opts.door), ent_show_count(n, x->narrower));
    if (x->unreleased > 0)
        (void)fprintf(stderr, "entente: held, because nobody has released their sources: %s\n",
                      ent_show_count(n, x->unreleased));
    if (objects.unreleased > 0)
        (void)fprintf(stderr, "entente: objects held for the same reason: %s\n",
                      ent_show_count(n, objects.unreleased));
    if (x->unreleased + objects.unreleased > 0)
        cli_held_told(store, x->filter.source);
}

static void put_counts(struct ent_json *j, const char *key, const uint64_t *count)
{
    ent_json_obj(j, key);
    for (int t = 1; t < ENT_OBS_TYPES; t++)
        if (count[t] > 0)
            ent_json_u64(j, ent_obs_type_name((enum ent_obs_type)t), count[t]);
    ent_json_obj_end(j);
}

static enum ent_err report_json(const struct exporting *x, struct ent_store *store)
{
    struct ent_buf line;
    struct ent_json j;
    ent_buf_init(&line, 1u << 24);
    ent_json_start(&j, &line);
    ent_json_obj(&j, NULL);
    ent_json_cstr(&j, "format", x->format->name);
    put_counts(&j, "written", ent_out_written(x->out));
    put_counts(&j, "left_out", ent_out_lost(x->out));
    ent_json_u64(&j, "held_back", x->narrower);
    ent_json_u64(&j, "unreleased", x->unreleased);
    if (x->a->sightings)
        ent_json_u64(&j, "sightings", x->sighted);
    if (x->objects != NULL) {
        ent_json_u64(&j, "objects", sums(x).written);
        ent_json_u64(&j, "objects_held_back", sums(x).narrower);
        ent_json_u64(&j, "objects_unreleased", sums(x).unreleased);
    }
    if (x->feed != NULL) {
        struct ent_feed_dir_sums sums;
        ent_feed_dir_sums(x->feed, &sums);
        ent_json_u64(&j, "events", sums.events);
        ent_json_u64(&j, "removed", sums.removed);
    }
    enum ent_err r = ENT_OK;
    if (x->unreleased + sums(x).unreleased > 0)
        r = cli_held_json(&j, store, x->filter.source);
    ent_json_obj_end(&j);
    if (r == ENT_OK && (r = ent_json_end(&j)) == ENT_OK)
        (void)fprintf(stderr, "%.*s\n", (int)line.n, (const char *)line.p);
    ent_buf_release(&line);
    return r;
}

static int export(struct exporting *x, struct session *s)
{
    const struct ent_member *self = ent_home_self(s->home);
    const char *where = x->a->output == NULL ? "standard output" : x->a->output;
    x->opts.author = ent_slice_str(self->display);
    x->opts.key = ent_slice(self->root.pk.b, sizeof(self->root.pk.b));
    x->terminal = x->a->output == NULL && isatty(STDOUT_FILENO) == 1;
    x->opts.hashes = x->a->hashes;
    x->store = s->store;
    ent_progress_start(&x->progress, "exporting", 0, ENT_PROGRESS_ITEMS);
    enum ent_err r = walk(x, s->store);
    ent_progress_end(&x->progress);
    if (r == ENT_E_POLICY)
        cli_held_told(s->store, x->filter.source);
    if (r == ENT_OK)
        r = close_files(x);
    if (r != ENT_OK && x->feed != NULL)
        x->d = *ent_feed_dir_diag(x->feed);
    for (unsigned i = 0; i < ENT_OUT_FILES; i++)
        ent_file_out_abort(&x->file[i]);
    if (r == ENT_OK && x->a->json)
        r = report_json(x, s->store);
    else if (r == ENT_OK)
        report_text(x, s->store);
    ent_object_out_free(x->objects);
    ent_feed_dir_free(x->feed);
    ent_out_free(x->out);
    return r == ENT_OK ? EXIT_DONE : cli_fail(r, &x->d, where);
}

/* --- the command line ---------------------------------------------------------------------------
 */

static int parse_filter(struct exporting *x)
{
    const struct args *a = x->a;
    uint64_t confidence = 0, days = 0;
    x->filter.types = ENT_OBS_ALL;
    if (a->types != NULL &&
        ent_obs_types_parse(&x->filter.types, ent_slice_str(a->types)) != ENT_OK)
        return cli_usage(&cmd_export, "no such type", a->types);
    if ((x->filter.types & ENT_OBS_BIT(ENT_OBS_URL)) != 0)
        x->filter.types |= ENT_OBS_BIT(ENT_OBS_URLPREFIX);
    if (a->min_confidence != NULL &&
        ent_parse_u64(&confidence, ent_slice_str(a->min_confidence), 100) != ENT_OK)
        return cli_usage(&cmd_export, "confidence is a number from 0 to 100", a->min_confidence);
    x->filter.min_confidence = (int)confidence;
    if (a->tlp != NULL && ent_tlp_parse(&x->opts.door, ent_slice_str(a->tlp)) != ENT_OK)
        return cli_usage(&cmd_export, "no such TLP", a->tlp);
    x->filter.max_tlp = x->opts.door;
    if (a->new_since != NULL &&
        ent_time_parse(&x->filter.since, ent_slice_str(a->new_since)) != ENT_OK)
        return cli_usage(&cmd_export, "no such time (2026-11-22, or 2026-11-22T08:00:00Z)",
                         a->new_since);
    if (a->max_age != NULL &&
        (ent_parse_u64(&days, ent_slice_str(a->max_age), DAYS_MOST) != ENT_OK || days == 0))
        return cli_usage(&cmd_export, "--max-age is a number of days from 1 to 36500", a->max_age);
    if (days > 0)
        x->filter.renewed = x->opts.now - (int64_t)days * 24 * 60 * 60;
    if (a->source != NULL)
        x->filter.source = ent_slice_str(a->source);
    if (a->tag != NULL)
        x->filter.tag = ent_slice_str(a->tag);
    return EXIT_DONE;
}

/* The same words for the same wish, however it was written. */
static void note_choice(struct exporting *x)
{
    const struct ent_known_filter *f = &x->filter;
    int64_t days = f->renewed == 0 ? 0 : (x->opts.now - f->renewed) / (24LL * 60 * 60);
    (void)snprintf(x->choice, sizeof(x->choice), "%x %d %lld %lld %zu:%s%s%s",
                   f->types == ENT_OBS_ALL ? 0 : f->types, f->min_confidence, (long long)f->since,
                   (long long)days, f->source.n, x->a->source == NULL ? "" : x->a->source,
                   x->a->tag == NULL ? "" : " ", x->a->tag == NULL ? "" : x->a->tag);
    x->opts.choice = ent_slice_str(x->choice);
}

static int parse_sid(struct exporting *x)
{
    const char *text = x->a->sid == NULL ? "9000000-9999999" : x->a->sid;
    const char *dash = strchr(text, '-');
    size_t n = dash == NULL ? strlen(text) : (size_t)(dash - text);
    if (dash == NULL || ent_parse_u64(&x->opts.sid, ent_slice(text, n), UINT32_MAX) != ENT_OK ||
        ent_parse_u64(&x->opts.sid_last, ent_slice_str(dash + 1), UINT32_MAX) != ENT_OK ||
        x->opts.sid == 0 || x->opts.sid_last < x->opts.sid + 99)
        return cli_usage(&cmd_export, "--sid wants at least a hundred ids, as in 9000000-9999999",
                         text);
    return EXIT_DONE;
}

static int parse(struct exporting *x)
{
    const struct args *a = x->a;
    x->opts.now = x->filter.at = ent_clock_now();
    if (a->format == NULL)
        return cli_usage(&cmd_export, "say in which --format", NULL);
    if ((x->format = ent_out_format_find(ent_slice_str(a->format))) == NULL)
        return cli_usage(&cmd_export, "no such format", a->format);
    if (x->format->files != NULL && a->output == NULL)
        return cli_usage(&cmd_export, "several files: --output names their directory", NULL);
    if (a->hashes && !x->format->by_source)
        return cli_usage(&cmd_export, "--hashes is for --format misp-feed", NULL);
    if (a->sightings && strcmp(x->format->name, "stix") != 0)
        return cli_usage(&cmd_export, "--sightings is for --format stix", NULL);
    int code = parse_sid(x);
    if (code == EXIT_DONE && (code = parse_filter(x)) == EXIT_DONE)
        note_choice(x);
    return code;
}

/* What goes to others is in the audit log first: "stix TLP:GREEN". */
static int on_record(const struct exporting *x, const struct session *s)
{
    char on[64];
    if (x->opts.door == 0)
        return EXIT_DONE;
    (void)snprintf(on, sizeof(on), "%s %s", x->format->name, ent_tlp_name(x->opts.door));
    return cli_act(s, x->a, ENT_ACT_EXPORT, on);
}

static int run(int argc, char **argv)
{
    struct args a;
    struct session s = {0};
    int code;
    if (!cli_args(&a, &code, &cmd_export, argc, argv))
        return code;
    if (a.rest < argc)
        return cli_usage(&cmd_export, "no arguments here, only options", argv[a.rest]);
    struct exporting *x = calloc(1, sizeof(*x));
    if (x == NULL)
        return cli_fail(ENT_E_NOMEM, NULL, NULL);
    if (a.output != NULL && strcmp(a.output, "-") == 0)
        a.output = NULL;
    x->a = &a;
    cli_catch_signals();
    if ((code = parse(x)) == EXIT_DONE && (code = cli_open(&s, &a, true)) == EXIT_DONE &&
        (code = on_record(x, &s)) == EXIT_DONE)
        code = export(x, &s);
    cli_close(&s);
    free(x);
    return code;
}

const struct command cmd_export = {
    .name = "export",
    .usage = "--format FORMAT [OPTION...]",
    .brief = "what is known, for other tools: STIX, MISP, Zeek, Suricata, RPZ, ...",
    .help =
        "Writes what is known and valid now, each observable once, with the best of what is said\n"
        "about it (in a feed, with what each source says):\n"
        "  list       one observable a line\n"
        "  csv        comma-separated values with all that is known\n"
        "  zeek       intel.dat of Zeek's intelligence framework\n"
        "  hosts      names to 0.0.0.0\n"
        "  rpz        a response policy zone for name servers\n"
        "  nft        sets for nftables\n"
        "  stix       a STIX 2.1 bundle\n"
        "  misp       a MISP event\n"
        "  misp-feed  a MISP feed, into the directory that --output names\n"
        "  suricata   rules and lists, into the directory that --output names\n"
        "  sigma      rules for logs of name servers, proxies, firewalls and started programs\n"
        "  yara       rules that find files by their hash\n"
        "Without --tlp it is for tools of your own and holds everything. What goes to others "
        "needs\n"
        "--tlp: whatever is marked narrower is held back, and so is what comes from sources that\n"
        "are held, see `entente release`. How much that is, and what the format cannot carry, is\n"
        "said on standard error.",
    .options = options,
    .run = run,
};
