/* watch.c: entente watch: known indicators in logs. This file: which bytes, and how it ends. */
#include "cli/watch.h"

#include <errno.h>
#include <fcntl.h>

#define BOMB_RATIO  1000u
#define WHOLE_FILE  (1u << 20)  /* plain files from here on are scanned in pieces */
#define WAIT_MS     500u        /* for more, between two looks at whether to stop */
#define FLUSH_NS    1000000000u /* hits are told so often even when there is always more to read */
#define THREADS_MAX 64u

static const struct option_spec options[] = {
    {"--follow", NULL, "go on with what is written to the logs, through rotation"},
    {"--new", NULL, "with --follow: only what is new, not what lies there now"},
    {"--pcap", "FILE", "a capture (others are recognised by themselves)"},
    {"--eve", "SOCKET", "listen for Suricata's events (filetype: unix_stream)"},
    {"--eve-dgram", "SOCKET", "the same as datagrams (filetype: unix_dgram)"},
    {"--journal", NULL, "the journal of this machine"},
    {"--threads", "N", "threads for large files (default: one for each processor)"},
    {"--observe", NULL, "keep what is seen, by windows of time (`entente observed`)"},
    {"--observe-at", "TIME", "with --observe: into the past window of that time, for old logs"},
    {"--observe-file", "FILE", "also write the set of all public observables seen"},
    {"--guard", NULL, "also report names that imitate protected ones (`entente guard`)"},
    {"--min-score", "1-100", "with --guard: from this score on (default: 50)"},
    {"--types", "TYPES", "look only for these: ip, net, domain, url, email, hash, ..."},
    {"--format", "FORMAT", "table, json, ecs (Elastic Common Schema) or eve (Suricata's alerts)"},
    {"--json", NULL, "JSON lines (the default when the output is no terminal)"},
    {"--table", NULL, "a table (the default on a terminal)"},
    {"--count", NULL, "not each hit, but at the end how many of each indicator"},
    {"--no-sightings", NULL, "do not keep in the store what was seen"},
    {NULL, NULL, NULL},
};

struct watching {
    const struct args *a;
    struct session s;
    struct watch_set set;
    struct watch_out out;
    struct watch_scan scan;
    int64_t observe_at; /* 0: now */
    struct guard_out guard;
    struct ent_sensor *sensor;
    uint64_t flushed, flushed_ns; /* hits that were written, and when */
    const char *shown;            /* the log of the progress line */
    char what[ENT_SHOW_MAX + 16], path[ENT_PATH_MAX];
};

/* What only ends when somebody stops it. */
static bool is_endless(const struct args *a)
{
    return a->follow || a->eve != NULL || a->eve_dgram != NULL;
}

/* --- where the bytes come from ------------------------------------------------------------------
 */

static enum ent_err add_files(struct ent_sensor *s, const struct args *a, int argc, char **argv)
{
    enum ent_err r = a->pcap == NULL ? ENT_OK : ent_sensor_add_capture(s, a->pcap);
    for (int i = a->rest; r == ENT_OK && i < argc; i++)
        r = ent_sensor_add(s, argv[i]);
    bool none =
        a->rest == argc && a->pcap == NULL && a->eve == NULL && a->eve_dgram == NULL && !a->journal;
    return r == ENT_OK && none ? ent_sensor_add(s, "-") : r;
}

static int open_sensor(struct watching *w, int argc, char **argv)
{
    const struct args *a = w->a;
    struct ent_sensor_opts opts = {.follow = a->follow,
                                   .only_new = a->only_new,
                                   .max_ratio = BOMB_RATIO,
                                   .whole = w->scan.pool != NULL ? WHOLE_FILE : 0};
    struct ent_diag d = {0};
    enum ent_err r = ent_sensor_new(&w->sensor, &opts);
    if (r == ENT_OK)
        r = add_files(w->sensor, a, argc, argv);
    if (r != ENT_OK)
        return cli_fail(r, NULL, "opening the logs");
    if (a->eve != NULL && (r = ent_sensor_add_eve(w->sensor, &d, a->eve, false)) != ENT_OK)
        return cli_fail(r, &d, a->eve);
    if (a->eve_dgram != NULL &&
        (r = ent_sensor_add_eve(w->sensor, &d, a->eve_dgram, true)) != ENT_OK)
        return cli_fail(r, &d, a->eve_dgram);
    if (a->journal && (r = ent_sensor_add_journal(w->sensor, &d)) != ENT_OK)
        return cli_fail(r, &d, "--journal");
    return EXIT_DONE;
}

/* --- the loop ----------------------------------------------------------------------------------
 */

static void show_progress(struct watching *w, const struct ent_chunk *c)
{
    char shown[ENT_SHOW_MAX];
    struct ent_progress *p = &w->scan.progress;
    if (!p->on && w->shown != NULL)
        return;
    bool one = c->size > 0 && !is_endless(w->a); /* of which the end is known */
    if (w->shown == NULL || (one && strcmp(w->path, c->path) != 0)) {
        (void)snprintf(w->path, sizeof(w->path), "%s", c->path);
        (void)snprintf(w->what, sizeof(w->what), "watching%s%s", one ? " " : "",
                       one ? ent_show(shown, ent_slice_str(c->path)) : "");
        ent_progress_end(p);
        ent_progress_start(p, w->what, one ? c->size : 0, ENT_PROGRESS_BYTES);
        w->shown = w->path;
    }
    ent_progress_at(p, one ? c->consumed : w->out.bytes);
}

/* Hits are seen at once when there is nothing more to read for the moment. */
static enum ent_err flush_hits(struct watching *w, bool idle)
{
    if (w->out.hits == w->flushed)
        return ENT_OK;
    uint64_t now = ent_clock_steady_ns();
    if (!idle && now - w->flushed_ns < FLUSH_NS)
        return ENT_OK;
    w->flushed = w->out.hits;
    w->flushed_ns = now;
    return fflush(stdout) == 0 ? ENT_OK : ent_err_from_errno(errno);
}

/* What came of one chunk: *ret_code is worse than before when its log was bad; an error ends all.
 */
static enum ent_err take(struct watching *w, int *ret_code, const struct ent_chunk *c)
{
    struct ent_diag d = {0};
    enum ent_err r = ENT_OK;
    int code = EXIT_DONE;
    switch (c->kind) {
    case ENT_CHUNK_BYTES:
        r = watch_scan_bytes(&w->scan, c);
        show_progress(w, c);
        break;
    case ENT_CHUNK_FILE:
        show_progress(w, c);
        r = watch_scan_file(&w->scan, c, &d);
        if (d.text != NULL) { /* it could not be read: no reason to leave the others */
            code = cli_fail(r, &d, c->path);
            r = ENT_OK;
        }
        break;
    case ENT_CHUNK_END:
        r = watch_scan_end(&w->scan, c->stream, true);
        break;
    case ENT_CHUNK_FAIL:
        r = watch_scan_end(&w->scan, c->stream, false);
        ent_progress_hide(&w->scan.progress);
        code = cli_fail(c->err, &c->diag, c->path);
        break;
    case ENT_CHUNK_IDLE:
        watch_scan_idle(&w->scan);
        watch_out_idle(&w->out);
        break;
    case ENT_CHUNK_DONE:
        break;
    }
    *ret_code = code > *ret_code ? code : *ret_code;
    return r == ENT_OK ? flush_hits(w, c->kind == ENT_CHUNK_IDLE) : r;
}

static int watch_all(struct watching *w)
{
    struct ent_chunk c = {.kind = ENT_CHUNK_IDLE};
    int worst = EXIT_DONE;
    enum ent_err r = ENT_OK;
    while (r == ENT_OK && c.kind != ENT_CHUNK_DONE) {
        if (atomic_load(&cli_stop))
            r = ENT_E_INTERRUPTED;
        else
            ent_sensor_next(w->sensor, &c, w->out.hits == w->flushed ? WAIT_MS : 0);
        r = r == ENT_OK ? take(w, &worst, &c) : r;
        if (r == ENT_OK && watch_set_refresh(&w->set))
            r = watch_scan_renew(&w->scan);
    }
    enum ent_err end = watch_scan_finish(&w->scan);
    ent_progress_end(&w->scan.progress);
    r = r == ENT_OK || r == ENT_E_INTERRUPTED ? (end == ENT_OK ? r : end) : r;
    if (r == ENT_E_INTERRUPTED)
        return EXIT_STOPPED;
    if (r == ENT_OK)
        return worst;
    int code = cli_fail(r, NULL, "telling the hits");
    return code > worst ? code : worst;
}

/* Written whole or not at all, and remembered for `entente match`. */
static int write_observed(struct watching *w)
{
    struct ent_file_out out;
    struct ent_diag d = {0};
    char types[512], full[ENT_PATH_MAX];
    uint64_t count[ENT_OBS_TYPES];
    enum ent_err r = ent_file_out_start(&out, w->a->observe_file, 0600, &d);
    if (r == ENT_OK) {
        r = ent_observed_write(w->scan.observed, out.f);
        if (r == ENT_OK)
            r = ent_file_out_finish(&out, &d);
        ent_file_out_abort(&out);
    }
    if (r != ENT_OK)
        return cli_fail(r, &d, w->a->observe_file);
    if (realpath(w->a->observe_file, full) != NULL &&
        (r = ent_store_set_fact(w->s.store, "observed/last", ent_slice_str(full))) != ENT_OK)
        return cli_fail(r, NULL, "remembering the observation set");
    ent_observed_count_types(w->scan.observed, count);
    char shown[ENT_SHOW_MAX];
    (void)fprintf(stderr, "observed %s: written to %s\n", cli_type_counts(types, count),
                  ent_show(shown, ent_slice_str(w->a->observe_file)));
    return EXIT_DONE;
}

/* One thread for streams; more for large files, which have no order but their lines'. */
static int open_threads(struct watching *w)
{
    uint64_t threads = 0;
    if (w->a->threads != NULL &&
        (ent_parse_u64(&threads, ent_slice_str(w->a->threads), THREADS_MAX) != ENT_OK ||
         threads == 0))
        return cli_usage(&cmd_watch, "--threads is a number from 1 to 64", w->a->threads);
    enum ent_err r = ent_pool_new(&w->scan.pool, (unsigned)threads);
    if (r != ENT_OK)
        return cli_fail(r, NULL, "starting threads");
    if (ent_pool_threads(w->scan.pool) == 1) {
        ent_pool_free(w->scan.pool);
        w->scan.pool = NULL;
    }
    return EXIT_DONE;
}

static int open_guard(struct watching *w)
{
    int code = guard_out_open(&w->guard, &w->s, w->a);
    if (code != EXIT_DONE)
        return code;
    w->guard.json = w->out.format != WATCH_TABLE;
    w->scan.guard = &w->guard;
    return EXIT_DONE;
}

/* What goes wrong with keeping ends no watch. */
static void say_observe(void *ctx, enum ent_observe_event what, enum ent_err e,
                        const struct ent_diag *d)
{
    /* table */
    static const char *const text[] = {
        [ENT_OBSERVE_LATER] = "what is observed cannot be written now, and waits",
        [ENT_OBSERVE_LOST] = "what was observed is lost",
        [ENT_OBSERVE_FULL] = "more than observe_max_items in this window; what was seen least goes",
        [ENT_OBSERVE_MENDED] = "the window was damaged, and is begun anew",
        [ENT_OBSERVE_KEPT] = "old windows cannot be removed"};
    struct watching *w = ctx;
    ent_progress_hide(&w->scan.progress);
    if (e != ENT_OK)
        (void)cli_fail(e, d, text[what]);
    else
        (void)fprintf(stderr, "entente: %s\n", text[what]);
}

static int open_observe(struct watching *w)
{
    struct ent_diag d = {0};
    const struct ent_observe_opts opts = {.home = w->s.home,
                                          .store = w->s.store,
                                          .config = &w->s.config,
                                          .at = w->observe_at,
                                          .stop = &cli_stop,
                                          .say = say_observe,
                                          .ctx = w};
    enum ent_err r = ent_observe_new(&w->scan.observe, &d, &opts, ent_clock_now());
    return r == ENT_OK ? EXIT_DONE
                       : cli_fail(r, &d, w->observe_at != 0 ? "--observe-at" : "--observe");
}

static int end_observe(struct watching *w)
{
    struct ent_diag d = {0};
    enum ent_err r = ent_observe_end(w->scan.observe, &d);
    return r == ENT_OK ? EXIT_DONE : cli_fail(r, &d, "the last that was observed is not kept");
}

static int work(struct watching *w, int argc, char **argv)
{
    char found[ENT_NUM_TEXT];
    int code = cli_open(&w->s, w->a, true);
    if (code == EXIT_DONE)
        code = watch_set_open(&w->set, &w->s, w->a);
    w->out.set = &w->set;
    enum ent_err r = code == EXIT_DONE && w->a->observe_file != NULL
                         ? ent_observed_new(&w->scan.observed, 0)
                         : ENT_OK;
    if (r != ENT_OK)
        code = cli_fail(r, NULL, w->a->observe_file);
    if (code == EXIT_DONE && w->a->observe)
        code = open_observe(w);
    if (code == EXIT_DONE && w->a->guard)
        code = open_guard(w);
    if (code == EXIT_DONE)
        code = open_sensor(w, argc, argv);
    if (code != EXIT_DONE)
        return code;
    uint64_t start = ent_clock_steady_ns();
    int worst = watch_all(w);
    code = watch_out_end(&w->out, ent_watch_count(w->set.set), ent_clock_steady_ns() - start);
    worst = worst == EXIT_DONE ? code : worst;
    if (w->scan.observe != NULL) {
        code = end_observe(w);
        worst = worst == EXIT_DONE ? code : worst;
    }
    if (w->scan.observed != NULL &&
        (worst == EXIT_DONE || (worst == EXIT_STOPPED && is_endless(w->a)))) {
        code = write_observed(w);
        worst = code == EXIT_DONE ? worst : code;
    }
    if (w->a->guard && (w->out.format == WATCH_TABLE || isatty(STDERR_FILENO) == 1))
        (void)fprintf(stderr, "%s lookalike%s of protected names\n",
                      ent_show_count(found, w->guard.findings), w->guard.findings == 1 ? "" : "s");
    return worst == EXIT_DONE && w->out.hits + w->guard.findings > 0 ? EXIT_HITS : worst;
}

static int check_at(struct watching *w)
{
    const struct args *a = w->a;
    if (a->observe_at == NULL)
        return EXIT_DONE;
    if (!a->observe || is_endless(a))
        return cli_usage(&cmd_watch, "--observe-at is for --observe of logs that end", NULL);
    if (ent_time_parse(&w->observe_at, ent_slice_str(a->observe_at)) != ENT_OK ||
        w->observe_at <= 0)
        return cli_usage(&cmd_watch, "no such time (2026-11-22, or 2026-11-22T08:00:00Z)",
                         a->observe_at);
    return EXIT_DONE;
}

static int check(struct watching *w, int argc)
{
    const struct args *a = w->a;
    bool source =
        a->rest < argc || a->pcap != NULL || a->eve != NULL || a->eve_dgram != NULL || a->journal;
    if (!source && isatty(STDIN_FILENO) == 1)
        return cli_usage(&cmd_watch, "name a file, or - for standard input", NULL);
    if (a->min_score != NULL && !a->guard)
        return cli_usage(&cmd_watch, "--min-score is for --guard", NULL);
    if (a->only_new && !a->follow)
        return cli_usage(&cmd_watch, "--new is for --follow", NULL);
    return check_at(w);
}

static int run(int argc, char **argv)
{
    struct args a;
    struct watching w = {.a = &a, .scan = {.set = &w.set, .out = &w.out}};
    int code;
    if (!cli_args(&a, &code, &cmd_watch, argc, argv))
        return code;
    if ((code = check(&w, argc)) != EXIT_DONE || (code = open_threads(&w)) != EXIT_DONE)
        return code;
    if ((code = watch_out_open(&w.out, &w.s, &a)) == EXIT_DONE) {
        cli_catch_signals();
        code = work(&w, argc, argv);
    }
    ent_sensor_free(w.sensor);
    ent_pool_free(w.scan.pool);
    ent_observed_free(w.scan.observed);
    ent_observe_free(w.scan.observe);
    guard_out_close(&w.guard);
    watch_set_close(&w.set);
    watch_out_close(&w.out);
    cli_close(&w.s);
    return code;
}

const struct command cmd_watch = {
    .name = "watch",
    .usage = "[OPTION...] [FILE...|DIRECTORY...|-]",
    .brief = "find known indicators in logs of any shape",
    .help =
        "Reads logs of any format, plain or compressed (gzip, zstd, xz), captures of packets, all\n"
        "files of a directory, and reports each line that holds a known indicator: addresses,\n"
        "networks, domains and what lies below them, URLs, hashes, e-mail addresses. Hits on what\n"
        "a warning list knows are marked (`entente warnings`), and what was seen is kept "
        "(`entente\n"
        "sightings`). Ctrl-C ends it with the sums so far. Exit code: 0 no hit, 1 hits, 3 and "
        "above\n"
        "an error.",
    .options = options,
    .run = run,
};
