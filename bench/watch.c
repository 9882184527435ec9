/*
 * watch.c (bench): the scanner on one core, on the Apache log repeated to 100 MB in memory, with
 * 1,000, 100,000 and 1,000,000 indicators, beside a newline counter in the same run: reading every
 * byte once is the limit. Medians of rounds that alternate with the counter's.
 */
#include "base/base.h"

#include <entente/watch.h>

#define ROUNDS   5
#define LOG_SIZE ((size_t)100 * 1000 * 1000)
#define LOG_PATH "tests/data/web-logs/apache_logs"

static void must(enum ent_err r, const char *what)
{
    if (r == ENT_OK)
        return;
    (void)fprintf(stderr, "watch: %s: %s\n", what, ent_err_str(r));
    exit(1);
}

static double median(double *v)
{
    for (size_t i = 1; i < ROUNDS; i++)
        for (size_t k = i; k > 0 && v[k] < v[k - 1]; k--) {
            double t = v[k];
            v[k] = v[k - 1];
            v[k - 1] = t;
        }
    return v[ROUNDS / 2];
}

static double rate(size_t n, uint64_t start)
{
    return (double)n / 1e6 / ((double)(ent_clock_steady_ns() - start) / 1e9);
}

/* --- what is scanned ---------------------------------------------------------------------------
 */

static void load_log(struct ent_buf *b)
{
    must(ent_file_read(b, NULL, LOG_PATH), LOG_PATH);
    for (size_t n = b->n; b->n < LOG_SIZE;) {
        uint8_t *to = NULL;
        size_t k = LOG_SIZE - b->n < n ? LOG_SIZE - b->n : n;
        must(ent_buf_reserve(b, &to, k), "memory");
        memcpy(to, b->p, k);
        b->n += k;
    }
}

/* Half domains, a quarter addresses, the rest hashes, networks and URLs: what feeds are made of.
 * The first two are the addresses of GRIZZLY STEPPE that occur in the log. */
static void add_indicators(struct ent_watch *w, size_t n)
{
    static const char *const real[] = {"109.163.234.2", "109.74.151.149"};
    char text[128];
    struct ent_observable o;
    uint64_t x = 1;
    for (size_t i = 0; ent_watch_count(w) < n; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        unsigned long long v = x >> 16;
        if (i < 2)
            (void)snprintf(text, sizeof(text), "%s", real[i]);
        else if (i % 8 < 4)
            (void)snprintf(text, sizeof(text), "host%llx.bad-%llu.com", v & 0xFFFFF, v >> 28);
        else if (i % 8 < 6)
            (void)snprintf(text, sizeof(text), "%llu.%llu.%llu.%llu", 101 + v % 100, v >> 8 & 255,
                           v >> 16 & 255, v >> 24 & 255);
        else if (i % 8 == 6 && i % 3 != 0)
            (void)snprintf(text, sizeof(text), "%016llx%016llx", v * 3, v * 5);
        else if (i % 8 == 6)
            (void)snprintf(text, sizeof(text), "203.%llu.%llu.0/%llu", v & 255, v >> 8 & 255,
                           20 + v % 5);
        else
            (void)snprintf(text, sizeof(text), "http://h%llx.bad.net/%llx", v & 0xFFFF, v >> 16);
        must(ent_observable_parse(&o, NULL, ent_slice_str(text)), text);
        must(ent_watch_add(w, &o, i), "add");
    }
}

/* --- measuring ---------------------------------------------------------------------------------
 */

static enum ent_err count_hit(void *ctx, const struct ent_hit *h)
{
    (void)h;
    ++*(uint64_t *)ctx;
    return ENT_OK;
}

static enum ent_err count_seen(void *ctx, const struct ent_observable *o)
{
    (void)o;
    ++*(uint64_t *)ctx;
    return ENT_OK;
}

static double scan(const struct ent_watch *w, struct ent_slice log, bool seen, uint64_t *ret_hits)
{
    uint64_t hits = 0;
    const struct ent_scan_events ev = {&hits, count_hit, seen ? count_seen : NULL};
    struct ent_scan *s = NULL;
    must(ent_scan_new(&s, w, &ev), "scan");
    uint64_t start = ent_clock_steady_ns();
    for (size_t at = 0; at < log.n; at += 1u << 20)
        must(ent_scan_feed(s, log.p + at, log.n - at < 1u << 20 ? log.n - at : 1u << 20), "feed");
    must(ent_scan_end(s), "end");
    double v = rate(log.n, start);
    ent_scan_free(s);
    *ret_hits = hits;
    return v;
}

static double count_newlines(struct ent_slice log, uint64_t *ret_n)
{
    uint64_t start = ent_clock_steady_ns(), n = 0;
    const uint8_t *end = log.p + log.n;
    for (const uint8_t *p = log.p; (p = memchr(p, '\n', (size_t)(end - p))) != NULL; p++)
        n++;
    *ret_n = n;
    return rate(log.n, start);
}

static void report(const char *name, double ours, double theirs, uint64_t hits, uint64_t lines)
{
    if (getenv("JSON") != NULL)
        printf("{\"bench\": \"watch/%s\", \"figure\": %.0f, \"unit\": \"MB/s\", \"against\": "
               "\"memchr newline count\", \"theirs\": %.0f, \"ratio\": %.4f}\n",
               name, ours, theirs, ours / theirs);
    else
        printf("%-18s %8.0f MB/s   newline count %8.0f MB/s   ratio %.3f   %llu reports on %llu "
               "lines\n",
               name, ours, theirs, ours / theirs, (unsigned long long)hits,
               (unsigned long long)lines);
    (void)fflush(stdout);
}

static void bench(const char *name, size_t indicators, bool seen, struct ent_slice log)
{
    struct ent_watch *w = NULL;
    double ours[ROUNDS], theirs[ROUNDS];
    uint64_t hits = 0, lines = 0;
    must(ent_watch_new(&w, 0), "set");
    uint64_t start = ent_clock_steady_ns();
    add_indicators(w, indicators);
    must(ent_watch_seal(w), "seal");
    if (getenv("JSON") == NULL && indicators >= 1000000)
        printf("%zu indicators parsed and added in %.2f s\n", indicators,
               (double)(ent_clock_steady_ns() - start) / 1e9);
    for (size_t i = 0; i < ROUNDS; i++) {
        ours[i] = scan(w, log, seen, &hits);
        theirs[i] = count_newlines(log, &lines);
    }
    report(name, median(ours), median(theirs), hits, lines);
    ent_watch_free(w);
}

int main(void)
{
    struct ent_buf b;
    must(ent_secret_start(), "randomness");
    ent_buf_init(&b, 2 * LOG_SIZE);
    load_log(&b);
    struct ent_slice log = ent_buf_slice(&b);
    bench("apache-1k", 1000, false, log);
    bench("apache-100k", 100000, false, log);
    bench("apache-1M", 1000000, false, log);
    bench("apache-1k-seen", 1000, true, ent_slice(log.p, LOG_SIZE / 10));
    ent_buf_release(&b);
    return 0;
}
