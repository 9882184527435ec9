/* watch.c: entente watch: known indicators in logs. */
#include "cli/cli.h"
#include "watch/watch.h"

#include <errno.h>
#include <fcntl.h>

#define CHUNK      (256u << 10)
#define BOMB_RATIO 1000u

static const struct option_spec options[] = {
    {"--observe", "FILE", "also write the set of all public observables seen"},
    {"--types", "TYPES", "look only for these: ip, net, domain, url, email, hash, ..."},
    {"--json", NULL, "JSON lines (the default when the output is no terminal)"},
    {"--table", NULL, "a table (the default on a terminal)"},
    {NULL, NULL, NULL},
};

struct watching {
    const struct args *a;
    struct session *s;
    bool json, colour;
    struct ent_watch *set;
    struct ent_observed *observed; /* NULL when not wanted */
    const char *path;
    uint64_t hits, lines, bytes, with_hits;
    uint64_t last_line;     /* with a hit, to count lines once */
    struct ent_known known; /* of known.id, while it is nonzero */
    struct ent_buf line;
};

/* --- output -------------------------------------------------------------------------------------
 */

static enum ent_err hit_json(struct watching *w, const struct ent_hit *h)
{
    struct ent_json j;
    ent_json_start(&j, &w->line);
    ent_json_obj(&j, NULL);
    ent_json_str(&j, "observable", h->seen);
    ent_json_cstr(&j, "type", ent_obs_type_name(h->seen_type));
    ent_json_str(&j, "indicator", h->indicator);
    ent_json_cstr(&j, "indicator_type", ent_obs_type_name(h->indicator_type));
    ent_json_str(&j, "source", w->known.source);
    ent_json_u64(&j, "sources", w->known.claims);
    ent_json_cstr(&j, "tlp", ent_tlp_name(w->known.tlp));
    if (w->known.confidence >= 0)
        ent_json_i64(&j, "confidence", w->known.confidence);
    if (w->known.kind.n > 0)
        ent_json_str(&j, "kind", w->known.kind);
    if (w->known.text.n > 0)
        ent_json_str(&j, "description", w->known.text);
    ent_json_cstr(&j, "file", w->path);
    ent_json_u64(&j, "line", h->line);
    ent_json_u64(&j, "offset", h->offset);
    ent_json_obj_end(&j);
    enum ent_err r = ent_json_end(&j);
    return r == ENT_OK ? cli_put_line(&w->line) : r;
}

static void defang(char *ret, size_t cap, enum ent_obs_type type, struct ent_slice text)
{
    struct ent_observable o = {.type = type, .n = (uint16_t)text.n};
    memcpy(o.text, text.p, text.n);
    o.text[text.n] = '\0';
    ent_observable_defang(ret, cap, &o);
}

static enum ent_err hit_table(struct watching *w, const struct ent_hit *h)
{
    char seen[ENT_OBS_DEFANGED_MAX], by[ENT_OBS_DEFANGED_MAX];
    char file[ENT_SHOW_MAX], kind[ENT_SHOW_MAX], source[ENT_SHOW_MAX], at[ENT_SHOW_MAX + 32];
    defang(seen, sizeof(seen), h->seen_type, h->seen);
    defang(by, sizeof(by), h->indicator_type, h->indicator);
    if (w->hits == 1)
        (void)printf("%-32s %-32s %-16s %-24s %s\n", "SEEN", "INDICATOR", "KIND", "SOURCE",
                     "FILE:LINE");
    (void)snprintf(at, sizeof(at), "%s:%llu", ent_show(file, ent_slice_str(w->path)),
                   (unsigned long long)h->line);
    int n = printf("%s%-32s%s %-32s %-16s %-24s %s\n", w->colour ? "\033[1;31m" : "", seen,
                   w->colour ? "\033[0m" : "", strcmp(seen, by) == 0 ? "the same" : by,
                   ent_show(kind, w->known.kind), ent_show(source, w->known.source), at);
    return n < 0 ? ent_err_from_errno(errno) : ENT_OK;
}

static enum ent_err on_hit(void *ctx, const struct ent_hit *h)
{
    struct watching *w = ctx;
    enum ent_err r = ENT_OK;
    w->hits++;
    w->with_hits += h->line != w->last_line;
    w->last_line = h->line;
    if (w->known.id != h->id)
        r = ent_store_get(w->s->store, &w->known, h->id);
    if (r != ENT_OK)
        return r;
    return w->json ? hit_json(w, h) : hit_table(w, h);
}

static enum ent_err on_seen(void *ctx, const struct ent_observable *o)
{
    struct watching *w = ctx;
    return ent_observable_is_public(o) ? ent_observed_add(w->observed, o) : ENT_OK;
}

static void summary(struct watching *w, uint64_t took_ns)
{
    char n[6][ENT_NUM_TEXT];
    (void)fflush(stdout);
    if (w->json && isatty(STDERR_FILENO) != 1)
        return;
    (void)fprintf(stderr, "%s hit%s on %s of %s lines (%s in %s), looking for %s indicators\n",
                  ent_show_count(n[0], w->hits), w->hits == 1 ? "" : "s",
                  ent_show_count(n[1], w->with_hits), ent_show_count(n[2], w->lines),
                  ent_show_bytes(n[3], w->bytes), ent_show_ns(n[4], took_ns),
                  ent_show_count(n[5], ent_watch_count(w->set)));
}

/* --- input --------------------------------------------------------------------------------------
 */

static enum ent_err scan(struct watching *w, struct ent_input *in, struct ent_scan *sc,
                         struct ent_diag *d)
{
    struct ent_reader reader = ent_input_reader(in);
    struct ent_progress progress;
    char what[ENT_SHOW_MAX + 16], shown[ENT_SHOW_MAX];
    uint8_t *buf = malloc(CHUNK);
    size_t n = 1;
    enum ent_err r = buf == NULL ? ENT_E_NOMEM : ENT_OK;
    (void)snprintf(what, sizeof(what), "watching %s", ent_show(shown, ent_slice_str(w->path)));
    ent_progress_start(&progress, what, ent_input_size(in), ENT_PROGRESS_BYTES);
    progress.on = progress.on && isatty(STDOUT_FILENO) != 1; /* not through a table */
    while (r == ENT_OK && n > 0) {
        if (atomic_load(&cli_stop)) {
            r = ENT_E_INTERRUPTED;
            break;
        }
        if ((r = reader.read(reader.ctx, buf, &n, CHUNK, d)) != ENT_OK)
            break;
        w->bytes += n;
        r = n > 0 ? ent_scan_feed(sc, buf, n) : ent_scan_end(sc);
        ent_progress_at(&progress, ent_input_consumed(in));
    }
    ent_progress_end(&progress);
    free(buf);
    return r;
}

static int watch_file(struct watching *w, const char *path)
{
    const struct ent_scan_events events = {
        .ctx = w, .hit = on_hit, .seen = w->observed != NULL ? on_seen : NULL};
    struct ent_diag d = {0};
    struct ent_input *in = NULL;
    struct ent_scan *sc = NULL;
    w->path = path;
    w->last_line = 0;
    enum ent_err r = ent_input_open(&in, &d, path, BOMB_RATIO);
    if (r == ENT_OK && (r = ent_scan_new(&sc, w->set, &events)) == ENT_OK) {
        r = scan(w, in, sc, &d);
        w->lines += ent_scan_lines(sc);
    }
    ent_scan_free(sc);
    ent_input_close(in);
    if (r == ENT_OK)
        return EXIT_DONE;
    return r == ENT_E_INTERRUPTED ? EXIT_STOPPED : cli_fail(r, &d, path);
}

static enum ent_err add_indicator(void *ctx, const struct ent_known *k)
{
    struct watching *w = ctx;
    return ent_watch_add(w->set, &k->obs, k->id);
}

static int load(struct watching *w)
{
    struct ent_known_filter f = {.at = ent_clock_now()};
    if (w->a->types != NULL && ent_obs_types_parse(&f.types, ent_slice_str(w->a->types)) != ENT_OK)
        return cli_usage(&cmd_watch, "no such type", w->a->types);
    enum ent_err r = ent_watch_new(&w->set, 0);
    if (r == ENT_OK)
        r = ent_store_each(w->s->store, &f, add_indicator, w);
    if (r == ENT_OK)
        r = ent_watch_seal(w->set);
    if (r == ENT_OK && w->a->observe != NULL)
        r = ent_observed_new(&w->observed, 0);
    if (r != ENT_OK)
        return cli_fail(r, NULL, "loading the indicators");
    if (ent_watch_count(w->set) == 0)
        (void)fputs("entente: no indicators yet: `entente import FILE` brings some\n", stderr);
    return EXIT_DONE;
}

/* Written whole or not at all, and remembered for `entente match`. */
static int write_observed(struct watching *w)
{
    struct ent_file_out out;
    struct ent_diag d = {0};
    char types[512], full[ENT_PATH_MAX];
    uint64_t count[ENT_OBS_TYPES];
    enum ent_err r = ent_file_out_start(&out, w->a->observe, 0600, &d);
    if (r == ENT_OK) {
        r = ent_observed_write(w->observed, out.f);
        if (r == ENT_OK)
            r = ent_file_out_finish(&out, &d);
        ent_file_out_abort(&out);
    }
    if (r != ENT_OK)
        return cli_fail(r, &d, w->a->observe);
    if (realpath(w->a->observe, full) != NULL &&
        (r = ent_store_set_fact(w->s->store, "observed/last", ent_slice_str(full))) != ENT_OK)
        return cli_fail(r, NULL, "remembering the observation set");
    ent_observed_count_types(w->observed, count);
    char shown[ENT_SHOW_MAX];
    (void)fprintf(stderr, "observed %s: written to %s\n", cli_type_counts(types, count),
                  ent_show(shown, ent_slice_str(w->a->observe)));
    return EXIT_DONE;
}

static int run(int argc, char **argv)
{
    static char stdin_name[] = "-";
    struct args a;
    struct session s = {0};
    struct watching w = {.a = &a, .s = &s};
    int code, worst = EXIT_DONE;
    if (!cli_args(&a, &code, &cmd_watch, argc, argv))
        return code;
    if (a.rest == argc && isatty(STDIN_FILENO) == 1)
        return cli_usage(&cmd_watch, "name a file, or - for standard input", NULL);
    if (a.json && a.table)
        return cli_usage(&cmd_watch, "--json or --table, not both", NULL);
    w.json = a.json || (!a.table && isatty(STDOUT_FILENO) != 1);
    w.colour = isatty(STDOUT_FILENO) == 1 && getenv("NO_COLOR") == NULL;
    cli_catch_signals();
    ent_buf_init(&w.line, 1u << 20);
    if ((code = cli_open(&s, &a, true)) == EXIT_DONE)
        code = load(&w);
    worst = code;
    uint64_t start = ent_clock_steady_ns();
    if (code == EXIT_DONE && a.rest == argc)
        worst = watch_file(&w, stdin_name);
    for (int i = a.rest; i < argc && code == EXIT_DONE && worst != EXIT_STOPPED; i++) {
        int one = watch_file(&w, argv[i]);
        worst = one > worst ? one : worst;
    }
    if (code == EXIT_DONE) {
        summary(&w, ent_clock_steady_ns() - start);
        if (fflush(stdout) != 0 && worst == EXIT_DONE)
            worst = cli_fail(ent_err_from_errno(errno), NULL, "writing");
        if (w.observed != NULL && worst == EXIT_DONE)
            worst = write_observed(&w);
    }
    ent_observed_free(w.observed);
    ent_watch_free(w.set);
    ent_buf_release(&w.line);
    cli_close(&s);
    return worst == EXIT_DONE && w.hits > 0 ? EXIT_HITS : worst;
}

const struct command cmd_watch = {
    .name = "watch",
    .usage = "[OPTION...] [FILE...|-]",
    .brief = "find known indicators in logs of any shape",
    .help =
        "Reads logs of any format, plain or compressed (gzip, zstd), and reports each line that\n"
        "holds a known indicator: addresses, networks, domains and what lies below them, URLs,\n"
        "hashes, e-mail addresses. Exit code: 0 no hit, 1 hits, 3 and above an error.",
    .options = options,
    .run = run,
};
