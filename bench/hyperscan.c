/*
 * hyperscan.c (bench): Hyperscan looking for the same indicators as literals. A peer of watch.sh,
 * built where libhs is installed.
 *
 *     hyperscan as-written|caseless LOG INDICATORS      prints one JSON object
 *
 * In its fastest form: pure literals, the whole log in one block, a callback that only counts, the
 * best of three rounds. As written it misses names and hashes in upper case, which we find.
 */
#include "base/base.h"

#include <fcntl.h>
#include <hs.h>
#include <inttypes.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 3

static void die(const char *what)
{
    (void)fprintf(stderr, "hyperscan: %s\n", what);
    exit(1);
}

static double seconds(clockid_t clock)
{
    struct timespec t;
    (void)clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct ent_slice map(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0 || st.st_size <= 0)
        die(path);
    void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    if (p == MAP_FAILED)
        die(path);
    (void)close(fd);
    return ent_slice(p, (size_t)st.st_size);
}

static hs_database_t *compile(struct ent_slice text, bool caseless, size_t *ret_n)
{
    size_t n = 0, i = 0;
    for (size_t k = 0; k < text.n; k++)
        n += text.p[k] == '\n';
    const char **literal = calloc(n, sizeof(*literal));
    size_t *length = calloc(n, sizeof(*length));
    unsigned *flags = calloc(n, sizeof(*flags)), *id = calloc(n, sizeof(*id));
    hs_database_t *db = NULL;
    hs_compile_error_t *error = NULL;
    if (literal == NULL || length == NULL || flags == NULL || id == NULL)
        die("no memory");
    for (const uint8_t *p = text.p; i < n; i++) {
        const uint8_t *end = memchr(p, '\n', text.n - (size_t)(p - text.p));
        literal[i] = (const char *)p;
        length[i] = (size_t)(end - p);
        id[i] = (unsigned)i;
        flags[i] = caseless ? HS_FLAG_CASELESS : 0;
        p = end + 1;
    }
    if (hs_compile_lit_multi(literal, flags, id, length, (unsigned)n, HS_MODE_BLOCK, NULL, &db,
                             &error) != HS_SUCCESS)
        die(error->message);
    free(literal), free(length), free(flags), free(id);
    *ret_n = n;
    return db;
}

static int count(unsigned id, unsigned long long from, unsigned long long to, unsigned flags,
                 void *ctx)
{
    (void)id, (void)from, (void)to, (void)flags;
    ++*(uint64_t *)ctx;
    return 0;
}

int main(int argc, char **argv)
{
    hs_scratch_t *scratch = NULL;
    double wall[ROUNDS], cpu[ROUNDS], best_wall = 0, best_cpu = 0;
    uint64_t matches = 0;
    size_t n, size = 0;
    if (argc != 4)
        die("usage: hyperscan as-written|caseless LOG INDICATORS");
    struct ent_slice log = map(argv[2]);
    double at = seconds(CLOCK_MONOTONIC);
    hs_database_t *db = compile(map(argv[3]), strcmp(argv[1], "caseless") == 0, &n);
    double took = seconds(CLOCK_MONOTONIC) - at;
    if (hs_alloc_scratch(db, &scratch) != HS_SUCCESS || hs_database_size(db, &size) != HS_SUCCESS ||
        log.n > UINT32_MAX)
        die("scratch");
    for (int i = 0; i < ROUNDS; i++) {
        wall[i] = seconds(CLOCK_MONOTONIC);
        cpu[i] = seconds(CLOCK_THREAD_CPUTIME_ID);
        matches = 0;
        if (hs_scan(db, (const char *)log.p, (unsigned)log.n, 0, scratch, count, &matches) !=
            HS_SUCCESS)
            die("scan");
        wall[i] = seconds(CLOCK_MONOTONIC) - wall[i];
        cpu[i] = seconds(CLOCK_THREAD_CPUTIME_ID) - cpu[i];
        best_wall = i == 0 || wall[i] < best_wall ? wall[i] : best_wall;
        best_cpu = i == 0 || cpu[i] < best_cpu ? cpu[i] : best_cpu;
    }
    struct rusage u;
    (void)getrusage(RUSAGE_SELF, &u);
    printf("{\"bytes\": %zu, \"indicators\": %zu, \"load\": %.2f, \"database_mib\": %.1f, \"mib\": "
           "%.1f, \"matches\": %" PRIu64 ", \"wall\": %.4f, \"cpu\": %.4f}\n",
           log.n, n, took, (double)size / 1048576,
           (double)u.ru_maxrss / 1024 - (double)log.n / 1048576, matches, best_wall, best_cpu);
    (void)hs_free_scratch(scratch);
    (void)hs_free_database(db);
    return 0;
}
