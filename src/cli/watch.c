/* watch.c: entente watch: known indicators in logs. */
#include "cli/watch.h"

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
    struct session s;
    struct watch_set set;
    struct watch_out out;
    struct ent_observed *observed; /* NULL when not wanted */
};

static enum ent_err on_hit(void *ctx, const struct ent_hit *h)
{
    struct watching *w = ctx;
    return watch_out_hit(&w->out, h);
}

static enum ent_err on_seen(void *ctx, const struct ent_observable *o)
{
    struct watching *w = ctx;
    return ent_observable_is_public(o) ? ent_observed_add(w->observed, o) : ENT_OK;
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
    (void)snprintf(what, sizeof(what), "watching %s", ent_show(shown, ent_slice_str(w->out.path)));
    ent_progress_start(&progress, what, ent_input_size(in), ENT_PROGRESS_BYTES);
    progress.on = progress.on && isatty(STDOUT_FILENO) != 1; /* not through a table */
    while (r == ENT_OK && n > 0) {
        if (atomic_load(&cli_stop)) {
            r = ENT_E_INTERRUPTED;
            break;
        }
        if ((r = reader.read(reader.ctx, buf, &n, CHUNK, d)) != ENT_OK)
            break;
        w->out.bytes += n;
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
    watch_out_log(&w->out, path);
    enum ent_err r = ent_input_open(&in, &d, path, BOMB_RATIO);
    if (r == ENT_OK && (r = ent_scan_new(&sc, w->set.set, &events)) == ENT_OK) {
        r = scan(w, in, sc, &d);
        w->out.lines += ent_scan_lines(sc);
    }
    ent_scan_free(sc);
    ent_input_close(in);
    if (r == ENT_OK)
        return EXIT_DONE;
    return r == ENT_E_INTERRUPTED ? EXIT_STOPPED : cli_fail(r, &d, path);
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
        (r = ent_store_set_fact(w->s.store, "observed/last", ent_slice_str(full))) != ENT_OK)
        return cli_fail(r, NULL, "remembering the observation set");
    ent_observed_count_types(w->observed, count);
    char shown[ENT_SHOW_MAX];
    (void)fprintf(stderr, "observed %s: written to %s\n", cli_type_counts(types, count),
                  ent_show(shown, ent_slice_str(w->a->observe)));
    return EXIT_DONE;
}

static int watch_all(struct watching *w, int argc, char **argv)
{
    static char stdin_name[] = "-";
    int worst = EXIT_DONE;
    if (w->a->rest == argc)
        return watch_file(w, stdin_name);
    for (int i = w->a->rest; i < argc && worst != EXIT_STOPPED; i++) {
        int one = watch_file(w, argv[i]);
        worst = one > worst ? one : worst;
    }
    return worst;
}

static int work(struct watching *w, int argc, char **argv)
{
    int code = cli_open(&w->s, w->a, true);
    if (code == EXIT_DONE)
        code = watch_set_open(&w->set, &w->s, w->a);
    enum ent_err r =
        code == EXIT_DONE && w->a->observe != NULL ? ent_observed_new(&w->observed, 0) : ENT_OK;
    if (r != ENT_OK)
        code = cli_fail(r, NULL, w->a->observe);
    if (code != EXIT_DONE)
        return code;
    uint64_t start = ent_clock_steady_ns();
    int worst = watch_all(w, argc, argv);
    code = watch_out_end(&w->out, ent_watch_count(w->set.set), ent_clock_steady_ns() - start);
    worst = worst == EXIT_DONE ? code : worst;
    if (w->observed != NULL && worst == EXIT_DONE)
        worst = write_observed(w);
    return worst == EXIT_DONE && w->out.hits > 0 ? EXIT_HITS : worst;
}

static int run(int argc, char **argv)
{
    struct args a;
    struct watching w = {.a = &a};
    int code;
    if (!cli_args(&a, &code, &cmd_watch, argc, argv))
        return code;
    if (a.rest == argc && isatty(STDIN_FILENO) == 1)
        return cli_usage(&cmd_watch, "name a file, or - for standard input", NULL);
    if ((code = watch_out_open(&w.out, &w.s, &a)) != EXIT_DONE)
        return code;
    cli_catch_signals();
    code = work(&w, argc, argv);
    ent_observed_free(w.observed);
    watch_set_close(&w.set);
    watch_out_close(&w.out);
    cli_close(&w.s);
    return code;
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
