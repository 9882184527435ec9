/*
 * image.c (bench): a store of a million mixed indicators made into an image, opened, checked and
 * kept in memory, each beside the limit that it must stay below. Medians of rounds; memory is what
 * a process of its own grows by, with every page touched.
 */
#include "node/node.h"

#include <ftw.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define ROUNDS     5
#define INDICATORS 1000000u

static char dir[] = "/tmp/entente-bench-image-XXXXXX";

static void must(enum ent_err r, const char *what)
{
    if (r == ENT_OK)
        return;
    (void)fprintf(stderr, "image: %s: %s\n", what, ent_err_str(r));
    exit(1);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st, (void)kind, (void)ftw;
    return remove(path);
}

static void clean_up(void)
{
    (void)nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* --- what is compiled --------------------------------------------------------------------------
 */

/* Half domains, a quarter addresses, the rest hashes, networks, URLs and e-mail addresses. */
static void make_text(char *ret, size_t cap, unsigned i, unsigned long long v)
{
    if (i % 8 < 4)
        (void)snprintf(ret, cap, "host%llx.bad-%llu.com", v & 0xFFFFF, v >> 28);
    else if (i % 8 == 4 && i % 5 == 0)
        (void)snprintf(ret, cap, "2a%02llx:%llx:%llx::%llx", v >> 40 & 255, v >> 24 & 0xFFFF,
                       v >> 8 & 0xFFFF, 1 + (v & 255));
    else if (i % 8 < 6)
        (void)snprintf(ret, cap, "%llu.%llu.%llu.%llu", 101 + v % 100, v >> 8 & 255, v >> 16 & 255,
                       v >> 24 & 255);
    else if (i % 8 == 6 && i % 3 == 0)
        (void)snprintf(ret, cap, "203.%llu.%llu.0/%llu", v & 255, v >> 8 & 255, 20 + v % 5);
    else if (i % 8 == 6)
        (void)snprintf(ret, cap, "%016llx%016llx%016llx%016llx", v * 3, v * 5, v * 7, v * 11);
    else if (i % 9 == 0)
        (void)snprintf(ret, cap, "user%llx@mail-%llx.net", v & 0xFFFFFF, v >> 24);
    else
        (void)snprintf(ret, cap, "http://h%llx.bad.net/%llx", v & 0xFFFF, v >> 16);
}

static void fill(struct ent_store *s)
{
    struct ent_indicator ind = {.tlp = ENT_TLP_CLEAR, .confidence = -1};
    uint64_t x = 1;
    must(ent_store_begin(s), "begin");
    for (unsigned i = 0, n = 0; n < INDICATORS; i++) {
        enum ent_put put;
        char text[128];
        x = x * 6364136223846793005u + 1442695040888963407u;
        make_text(text, sizeof(text), i, x >> 16);
        must(ent_observable_parse(&ind.obs, NULL, ent_slice_str(text)), text);
        must(ent_store_put(s, &put, &ind, ENT_SLICE_LIT("bench"), 1534723200), "put");
        n += put == ENT_PUT_NEW;
    }
    must(ent_store_commit(s), "commit");
}

/* --- measuring ---------------------------------------------------------------------------------
 */

static double since(uint64_t start)
{
    return (double)(ent_clock_steady_ns() - start) / 1e9;
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

static void report(const char *name, double figure, const char *unit, double limit)
{
    double ratio = figure / limit;
    if (getenv("JSON") != NULL)
        printf("{\"bench\": \"image/%s\", \"figure\": %.3f, \"unit\": \"%s\", \"against\": "
               "\"limit\", \"theirs\": %.3f, \"ratio\": %.3f, \"aim\": 1, \"met\": %s}\n",
               name, figure, unit, limit, ratio, ratio <= 1 ? "true" : "false");
    else
        printf("%-24s %8.3f %-3s   limit %8.3f   ratio %.2f%s\n", name, figure, unit, limit, ratio,
               ratio <= 1 ? "" : "   MISSED");
    (void)fflush(stdout);
}

static double resident_mb(void)
{
    unsigned long pages = 0, ignored;
    FILE *f = fopen("/proc/self/statm", "re");
    if (f == NULL || fscanf(f, "%lu %lu", &ignored, &pages) != 2)
        must(ENT_E_IO, "/proc/self/statm");
    (void)fclose(f);
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1e6;
}

static double cpu_s(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double peak_mb(void)
{
    struct rusage ru;
    (void)getrusage(RUSAGE_SELF, &ru);
    return (double)ru.ru_maxrss * 1024 / 1e6;
}

/* What measure() returns in a process of its own, which opens the home anew. */
static double in_child(double (*measure)(struct ent_home *h))
{
    double v = 0;
    int fd[2], status = 1;
    if (pipe(fd) != 0)
        must(ENT_E_IO, "pipe");
    pid_t pid = fork();
    if (pid == 0) {
        struct ent_home *h = NULL;
        must(ent_home_open(&h, NULL, dir), "home");
        v = measure(h);
        _exit(write(fd[1], &v, sizeof(v)) == sizeof(v) ? 0 : 1);
    }
    if (pid < 0 || read(fd[0], &v, sizeof(v)) != sizeof(v) || waitpid(pid, &status, 0) != pid ||
        status != 0)
        must(ENT_E_IO, "child");
    (void)close(fd[0]);
    (void)close(fd[1]);
    return v;
}

struct built {
    double wall_s, cpu_s, peak_mb;
};

static struct built build(struct ent_home *h)
{
    const struct ent_image_job job = {.anew = true};
    struct ent_store *s = NULL;
    struct ent_watch *w = NULL;
    char path[ENT_PATH_MAX];
    bool made;
    uint64_t start = ent_clock_steady_ns();
    double cpu = cpu_s();
    must(ent_home_path(h, path, "store.db"), "path");
    must(ent_store_open(&s, NULL, path), "store");
    must(ent_home_image_make(h, s, &w, &made, NULL, &job), "build");
    struct built ret = {since(start), cpu_s() - cpu, peak_mb()};
    if (ent_watch_count(w) != INDICATORS)
        must(ENT_E_STATE, "count");
    ent_watch_free(w);
    ent_store_close(s);
    return ret;
}

static double build_time(struct ent_home *h)
{
    return build(h).wall_s;
}

static double build_cpu(struct ent_home *h)
{
    return build(h).cpu_s;
}

static double build_memory(struct ent_home *h)
{
    double before = resident_mb();
    return build(h).peak_mb - before;
}

static double open_time(struct ent_home *h)
{
    struct ent_watch *w = NULL;
    uint64_t start = ent_clock_steady_ns();
    must(ent_home_image_open(h, &w, NULL), "open");
    double took = since(start) * 1e3;
    ent_watch_free(w);
    return took;
}

static double check_time(struct ent_home *h)
{
    struct ent_watch *w = NULL;
    must(ent_home_image_open(h, &w, NULL), "open");
    uint64_t start = ent_clock_steady_ns();
    must(ent_image_check(w, NULL), "check");
    double took = since(start);
    ent_watch_free(w);
    return took;
}

static double memory(struct ent_home *h)
{
    struct ent_watch *w = NULL;
    double before = resident_mb();
    must(ent_home_image_open(h, &w, NULL), "open");
    must(ent_image_check(w, NULL), "check");
    return resident_mb() - before;
}

static void bench(const char *name, double (*measure)(struct ent_home *h), const char *unit,
                  double limit)
{
    double v[ROUNDS];
    for (size_t i = 0; i < ROUNDS; i++)
        v[i] = in_child(measure);
    report(name, median(v), unit, limit);
}

int main(void)
{
    char path[ENT_PATH_MAX];
    struct ent_store *s = NULL;
    const struct ent_home_new opts = {.dir = dir, .name = "a", .display = "A", .url = "-"};
    must(ent_secret_start(), "randomness");
    if (mkdtemp(dir) == NULL)
        must(ENT_E_IO, dir);
    (void)atexit(clean_up);
    must(ent_home_make(NULL, &opts), "home");
    must(ent_path_join(path, sizeof(path), dir, "store.db"), "path");
    must(ent_store_open(&s, NULL, path), "store");
    fill(s);
    ent_store_close(s);
    bench("build-1M", build_time, "s", 2);
    bench("build-processor-1M", build_cpu, "s", 2);     /* what it takes where others work, too */
    bench("build-memory-1M", build_memory, "MB", 1074); /* the set's own, 1 GiB */
    bench("open-1M", open_time, "ms", 50);
    bench("check-1M", check_time, "s", 2);
    bench("memory-1M", memory, "MB", 100);
    return 0;
}
