/*
 * find.c (bench): questions of `entente find` to a large store, each on a connection of its own as
 * the command has it, beside the 10 ms they may take: opening the store, the question, and the best
 * claim of each of the first 100 answers. --rows N (1000000); medians and the slowest of rounds.
 */
#include "store/store.h"

#include <ftw.h>

#define ROUNDS  51
#define ANSWERS 100
#define LIMIT   10 /* ms */

static char dir[] = "/tmp/entente-bench-find-XXXXXX";
static char path[64];
static char sample[ROUNDS][128]; /* rows that are there */
static uint64_t rows = 1000000, seed = 1;

static void must(enum ent_err r, const char *what)
{
    if (r == ENT_OK)
        return;
    (void)fprintf(stderr, "find: %s: %s\n", what, ent_err_str(r));
    exit(1);
}

static int remove_one(const char *name, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st, (void)kind, (void)ftw;
    return remove(name);
}

static void clean_up(void)
{
    (void)nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static uint64_t next(void) /* xorshift64*: the same rows for everybody */
{
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return seed * 0x2545F4914F6CDD1D;
}

/* --- the rows -----------------------------------------------------------------------------------
 */

static void make_text(char *ret, size_t cap, uint64_t i)
{
    uint64_t v = next();
    if (i % 8 < 3)
        (void)snprintf(ret, cap, "%u.%u.%u.%u", (unsigned)(20 + v % 180), (unsigned)(v >> 8 & 255),
                       (unsigned)(v >> 16 & 255), (unsigned)(v >> 24 & 255));
    else if (i % 8 < 6)
        (void)snprintf(ret, cap, "h%x.d%x.com", (unsigned)(v & 0xFFFFFF),
                       (unsigned)(v >> 24 & 0xFFFF));
    else if (i % 8 == 6)
        (void)snprintf(ret, cap, "%016llx%016llx", (unsigned long long)v,
                       (unsigned long long)next());
    else
        (void)snprintf(ret, cap, "http://w%x.net/%x", (unsigned)(v & 0xFFFFF),
                       (unsigned)(v >> 20 & 0xFFFFFF));
}

static void fill(void)
{
    struct ent_store *s = NULL;
    struct ent_indicator ind = {
        .tlp = ENT_TLP_GREEN, .confidence = 50, .kind = ENT_SLICE_LIT("c2")};
    char text[128];
    enum ent_put put;
    must(ent_store_open(&s, NULL, path), "store");
    must(ent_store_begin(s), "begin");
    for (uint64_t i = 0; i < rows; i++) {
        make_text(text, sizeof(text), i);
        must(ent_observable_parse(&ind.obs, NULL, ent_slice_str(text)), text);
        must(ent_store_put(s, &put, &ind, ENT_SLICE_LIT("bench"), 1), "put");
        if (i % (rows / ROUNDS + 1) == 0)
            memcpy(sample[i / (rows / ROUNDS + 1)], text, sizeof(text));
    }
    must(ent_store_commit(s), "commit");
    ent_store_close(s);
}

/* --- the questions ------------------------------------------------------------------------------
 */

struct answers {
    struct ent_store *s;
    unsigned n;
};

static enum ent_err answer(void *ctx, uint64_t id, const struct ent_observable *o)
{
    struct answers *a = ctx;
    struct ent_known k;
    (void)o;
    must(ent_store_get(a->s, &k, id, 0), "get");
    return ++a->n == ANSWERS ? ENT_E_LIMIT : ENT_OK;
}

static void inside(struct answers *a, const char *text)
{
    struct ent_observable o;
    must(ent_observable_parse(&o, NULL, ent_slice_str(text)), text);
    enum ent_err r = ent_store_inside(a->s, &o, answer, a);
    must(r == ENT_E_LIMIT ? ENT_OK : r, "inside");
}

static void ask_exact(struct answers *a)
{
    struct ent_observable o;
    uint64_t id;
    const char *text = sample[next() % ROUNDS];
    must(ent_observable_parse(&o, NULL, ent_slice_str(text)), text);
    must(ent_store_find(a->s, &id, &o), text);
    must(answer(a, id, &o), text);
}

static void ask_net(struct answers *a)
{
    static const unsigned bits[] = {8, 13, 16, 20, 24};
    char text[64];
    uint64_t v = next();
    (void)snprintf(text, sizeof(text), "%u.%u.%u.0/%u", (unsigned)(20 + v % 180),
                   (unsigned)(v >> 8 & 255), (unsigned)(v >> 16 & 255), bits[v % 5]);
    inside(a, text);
}

static void ask_below(struct answers *a)
{
    char text[64];
    (void)snprintf(text, sizeof(text), "d%x.com", (unsigned)(next() & 0xFFFF));
    inside(a, text);
}

static void ask_start(struct answers *a)
{
    char text[16];
    (void)snprintf(text, sizeof(text), "h%x", (unsigned)(next() & 0xFFF));
    enum ent_err r = ENT_OK;
    for (int t = 1; t < ENT_OBS_TYPES && r == ENT_OK; t++)
        r = ent_store_starting(a->s, (enum ent_obs_type)t, ent_slice_str(text), answer, a);
    must(r == ENT_E_LIMIT ? ENT_OK : r, "start");
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void measure(const char *name, void (*ask)(struct answers *a))
{
    double ms[ROUNDS];
    unsigned answers = 0;
    for (int i = 0; i < ROUNDS; i++) {
        struct answers a = {.n = 0};
        uint64_t start = ent_clock_steady_ns();
        must(ent_store_open(&a.s, NULL, path), "open");
        ask(&a);
        ent_store_rest(a.s);
        ent_store_close(a.s);
        ms[i] = (double)(ent_clock_steady_ns() - start) / 1e6;
        answers += a.n;
    }
    qsort(ms, ROUNDS, sizeof(ms[0]), by_size);
    double median = ms[ROUNDS / 2];
    const char *json = getenv("JSON");
    if (json != NULL && strcmp(json, "1") == 0)
        (void)printf("{\"bench\": \"find/%s\", \"rows\": %llu, \"figure\": %.2f, \"unit\": \"ms\", "
                     "\"against\": \"limit\", \"theirs\": %d, \"ratio\": %.2f, \"met\": %s}\n",
                     name, (unsigned long long)rows, median, LIMIT, LIMIT / median,
                     median <= LIMIT ? "true" : "false");
    else
        (void)printf("%-8s %7.2f ms, slowest %7.2f ms, limit %d ms%s, %5.1f answers\n", name,
                     median, ms[ROUNDS - 1], LIMIT, median <= LIMIT ? "" : ": missed",
                     answers / (1.0 * ROUNDS));
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--rows") == 0)
        must(ent_parse_u64(&rows, ent_slice_str(argv[2]), 100000000), argv[2]);
    else if (argc > 1) {
        (void)fputs("usage: find [--rows NUMBER]\n", stderr);
        return 2;
    }
    must(ent_secret_start(), "randomness");
    if (mkdtemp(dir) == NULL)
        must(ENT_E_IO, dir);
    (void)atexit(clean_up);
    (void)snprintf(path, sizeof(path), "%s/store.db", dir);
    fill();
    measure("exact", ask_exact);
    measure("network", ask_net);
    measure("below", ask_below);
    measure("start", ask_start);
    return 0;
}
