/*
 * watch.c (bench): what watch.sh measures of the scanner itself. Each prints one JSON object.
 *
 *     watch scan LOG INDICATORS      one core, beside a newline counter: reading every byte is the
 *                                    limit
 *     watch threads LOG INDICATORS   two scans of half the log against one of all
 *     watch lines LOG INDICATORS     not measured: "line<TAB>what was seen<TAB>indicator" of each
 * hit watch sample LOG N             not measured: about N different public things that stand in it
 *
 * Medians of rounds that alternate. The log lies in memory and is fed in pieces of 1 MiB, as files
 * are read. Processor time stands beside time because benches share machines.
 */
#include "base/base.h"

#include "watch/watch.h"

#include <fcntl.h>
#include <inttypes.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS_MAX 99
#define PIECE      ((size_t)1 << 20)

static void must(enum ent_err r, const char *what)
{
    if (r == ENT_OK)
        return;
    (void)fprintf(stderr, "watch: %s: %s\n", what, ent_err_str(r));
    exit(1);
}

/* --- time --------------------------------------------------------------------------------------
 */

struct took {
    double wall, cpu; /* seconds; cpu: of this thread */
};

static double seconds(clockid_t clock)
{
    struct timespec t;
    (void)clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct took start(void)
{
    return (struct took){seconds(CLOCK_MONOTONIC), seconds(CLOCK_THREAD_CPUTIME_ID)};
}

static struct took since(struct took t)
{
    struct took n = start();
    return (struct took){n.wall - t.wall, n.cpu - t.cpu};
}

static size_t rounds(void)
{
    const char *text = getenv("ROUNDS");
    size_t n = text == NULL ? 5 : strtoul(text, NULL, 10);
    return n < 1 ? 1 : n > ROUNDS_MAX ? ROUNDS_MAX : n;
}

static int order(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static struct took median(const struct took *t, size_t n)
{
    double wall[ROUNDS_MAX], cpu[ROUNDS_MAX];
    for (size_t i = 0; i < n; i++) {
        wall[i] = t[i].wall;
        cpu[i] = t[i].cpu;
    }
    qsort(wall, n, sizeof(*wall), order);
    qsort(cpu, n, sizeof(*cpu), order);
    return (struct took){wall[n / 2], cpu[n / 2]};
}

/* --- what is scanned, and for what -------------------------------------------------------------
 */

static struct ent_slice map(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0 || st.st_size <= 0)
        must(ENT_E_IO, path);
    void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    if (p == MAP_FAILED)
        must(ENT_E_NOMEM, path);
    (void)close(fd);
    return ent_slice(p, (size_t)st.st_size);
}

static size_t heap(void)
{
    struct mallinfo2 m = mallinfo2();
    return m.uordblks + m.hblkhd;
}

struct set {
    struct ent_watch *w;
    double load; /* seconds of reading, parsing, adding, sealing */
    double mib;
};

static struct set load(const char *path)
{
    struct set set = {0};
    struct ent_observable o;
    size_t before = heap(), n;
    must(ent_watch_new(&set.w, 0), "set");
    struct ent_slice text = map(path);
    double at = seconds(CLOCK_MONOTONIC);
    for (uint64_t i = 0; text.n > 0; i++) {
        const uint8_t *end = memchr(text.p, '\n', text.n);
        n = end == NULL ? text.n : (size_t)(end - text.p);
        if (ent_observable_parse(&o, NULL, ent_slice(text.p, n)) != ENT_OK) {
            (void)fprintf(stderr, "watch: %s:%" PRIu64 ": no indicator\n", path, i + 1);
            exit(1);
        }
        must(ent_watch_add(set.w, &o, i), "add");
        n += end != NULL;
        text = ent_slice(text.p + n, text.n - n);
    }
    must(ent_watch_seal(set.w), "seal");
    set.load = seconds(CLOCK_MONOTONIC) - at;
    set.mib = (double)(heap() - before) / 1048576;
    return set;
}

/* --- measuring ---------------------------------------------------------------------------------
 */

static enum ent_err count_hit(void *ctx, const struct ent_hit *h)
{
    (void)h;
    ++*(uint64_t *)ctx;
    return ENT_OK;
}

static void scan_all(const struct ent_watch *w, struct ent_slice log,
                     const struct ent_scan_events *ev)
{
    struct ent_scan *s = NULL;
    must(ent_scan_new(&s, w, ev), "scan");
    for (size_t at = 0; at < log.n; at += PIECE)
        must(ent_scan_feed(s, log.p + at, log.n - at < PIECE ? log.n - at : PIECE), "feed");
    must(ent_scan_end(s), "end");
    ent_scan_free(s);
}

static struct took scan(const struct ent_watch *w, struct ent_slice log, uint64_t *ret_hits)
{
    const struct ent_scan_events ev = {ret_hits, count_hit, NULL};
    *ret_hits = 0;
    struct took t = start();
    scan_all(w, log, &ev);
    return since(t);
}

static struct took count_newlines(struct ent_slice log, uint64_t *ret_n)
{
    const uint8_t *end = log.p + log.n;
    struct took t = start();
    *ret_n = 0;
    for (const uint8_t *p = log.p; (p = memchr(p, '\n', (size_t)(end - p))) != NULL; p++)
        ++*ret_n;
    return since(t);
}

static int bench_scan(struct ent_slice log, const struct set *set)
{
    struct took ours[ROUNDS_MAX], theirs[ROUNDS_MAX];
    uint64_t hits = 0, lines = 0;
    size_t n = rounds();
    for (size_t i = 0; i < n; i++) {
        theirs[i] = count_newlines(log, &lines);
        ours[i] = scan(set->w, log, &hits);
    }
    struct took us = median(ours, n), limit = median(theirs, n);
    printf("{\"bytes\": %zu, \"lines\": %" PRIu64 ", \"indicators\": %zu, \"load\": %.3f, \"mib\": "
           "%.1f, \"hits\": %" PRIu64 ", \"level\": \"%s\", \"wall\": %.4f, \"cpu\": %.4f, "
           "\"newlines_wall\": %.4f, \"newlines_cpu\": %.4f}\n",
           log.n, lines, ent_watch_count(set->w), set->load, set->mib, hits,
           ent_cpu_name(ent_cpu_level()), us.wall, us.cpu, limit.wall, limit.cpu);
    return 0;
}

struct half {
    const struct ent_watch *w;
    struct ent_slice log;
    struct took took;
    uint64_t hits;
};

static void *scan_half(void *arg)
{
    struct half *h = arg;
    h->took = scan(h->w, h->log, &h->hits);
    return NULL;
}

static struct took scan_halves(const struct ent_watch *w, struct ent_slice log, uint64_t *ret_hits)
{
    const uint8_t *middle = memchr(log.p + log.n / 2, '\n', log.n - log.n / 2);
    size_t n = middle == NULL ? log.n / 2 : (size_t)(middle - log.p) + 1;
    struct half a = {.w = w, .log = ent_slice(log.p, n)};
    struct half b = {.w = w, .log = ent_slice(log.p + n, log.n - n)};
    pthread_t other;
    struct took t = start();
    if (pthread_create(&other, NULL, scan_half, &b) != 0)
        must(ENT_E_NOMEM, "thread");
    (void)scan_half(&a);
    (void)pthread_join(other, NULL);
    *ret_hits = a.hits + b.hits;
    return (struct took){since(t).wall, a.took.cpu + b.took.cpu};
}

static int bench_threads(struct ent_slice log, const struct set *set)
{
    struct took one[ROUNDS_MAX], two[ROUNDS_MAX];
    uint64_t hits = 0, halves = 0;
    size_t n = rounds();
    for (size_t i = 0; i < n; i++) {
        one[i] = scan(set->w, log, &hits);
        two[i] = scan_halves(set->w, log, &halves);
        if (hits != halves)
            must(ENT_E_STATE, "two halves do not hold what the whole does");
    }
    struct took a = median(one, n), b = median(two, n);
    printf(
        "{\"bytes\": %zu, \"indicators\": %zu, \"wall\": %.4f, \"cpu\": %.4f, \"two_wall\": %.4f, "
        "\"two_cpu\": %.4f}\n",
        log.n, ent_watch_count(set->w), a.wall, a.cpu, b.wall, b.cpu);
    return 0;
}

/* --- what is found -----------------------------------------------------------------------------
 */

static enum ent_err print_hit(void *ctx, const struct ent_hit *h)
{
    (void)ctx;
    printf("%" PRIu64 "\t%.*s\t%.*s\n", h->line, (int)h->seen.n, (const char *)h->seen.p,
           (int)h->indicator.n, (const char *)h->indicator.p);
    return ENT_OK;
}

static int print_lines(struct ent_slice log, const struct set *set)
{
    const struct ent_scan_events ev = {NULL, print_hit, NULL};
    scan_all(set->w, log, &ev);
    return ferror(stdout) != 0;
}

static enum ent_err keep(void *ctx, const struct ent_observable *o)
{
    return ent_observable_is_public(o) ? ent_observed_add(ctx, o) : ENT_OK;
}

struct printing {
    size_t every, at;
};

static enum ent_err print_some(void *ctx, enum ent_obs_type type, struct ent_slice text)
{
    struct printing *p = ctx;
    (void)type;
    if (p->at++ % p->every == 0)
        printf("%.*s\n", (int)text.n, (const char *)text.p);
    return ENT_OK;
}

static int print_sample(struct ent_slice log, size_t n)
{
    struct ent_watch *w = NULL;
    struct ent_observed *seen = NULL;
    must(ent_watch_new(&w, 0), "set");
    must(ent_watch_seal(w), "seal");
    must(ent_observed_new(&seen, 0), "seen");
    const struct ent_scan_events ev = {seen, NULL, keep};
    scan_all(w, log, &ev);
    struct printing p = {ent_observed_count(seen) / (n == 0 ? 1 : n) + 1, 0};
    must(ent_observed_each(seen, print_some, &p), "seen");
    ent_observed_free(seen);
    ent_watch_free(w);
    return ferror(stdout) != 0;
}

int main(int argc, char **argv)
{
    must(ent_secret_start(), "randomness");
    if (argc == 4 && strcmp(argv[1], "sample") == 0)
        return print_sample(map(argv[2]), strtoul(argv[3], NULL, 10));
    if (argc != 4) {
        (void)fprintf(stderr,
                      "usage: watch scan|threads|lines LOG INDICATORS | watch sample LOG N\n"
                      "`make bench-watch` makes logs and indicators and runs all of it.\n");
        return 2;
    }
    struct ent_slice log = map(argv[2]);
    struct set set = load(argv[3]);
    int r = 2;
    if (strcmp(argv[1], "scan") == 0)
        r = bench_scan(log, &set);
    else if (strcmp(argv[1], "threads") == 0)
        r = bench_threads(log, &set);
    else if (strcmp(argv[1], "lines") == 0)
        r = print_lines(log, &set);
    ent_watch_free(set.w);
    return r;
}
