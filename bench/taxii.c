/*
 * taxii.c (bench): pages of 100 objects of a TAXII collection, from the request's bytes to the
 * answer's: the first, one in the middle, the last, and one behind an added_after, of 1,000,000
 * held and of 5,000; beside SQLite reading the same columns of the same rows, which is the limit.
 * --rows N (1000000); medians of rounds.
 */
#include "node/node.h"

#include <ftw.h>
#include <sqlite3.h>

#define ROUNDS 41
#define PAGE   100
#define SMALL  5000
#define AIM    100000 /* objects a second */

static char dir[] = "/tmp/entente-bench-taxii-XXXXXX";
static uint64_t seed = 1;

static void must(enum ent_err r, const char *what)
{
    if (r == ENT_OK)
        return;
    (void)fprintf(stderr, "taxii: %s: %s\n", what, ent_err_str(r));
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

/* --- a store ------------------------------------------------------------------------------------
 */

struct one {
    struct ent_store *store;
    struct ent_taxii_server server;
    uint64_t rows;
    double put, tend; /* seconds */
    char path[64];
};

static void put_rows(struct one *x)
{
    static const struct ent_odds none;
    struct ent_indicator ind = {.tlp = ENT_TLP_GREEN,
                                .confidence = 50,
                                .valid_from = 1500000000,
                                .kind = ENT_SLICE_LIT("c2"),
                                .text = ENT_SLICE_LIT("seen in a campaign against voters"),
                                .labels = ENT_SLICE_LIT("apt\nelection")};
    char text[64];
    enum ent_put how;
    must(ent_store_begin(x->store), "begin");
    for (uint64_t i = 0; i < x->rows; i++) {
        uint64_t v = next();
        (void)snprintf(text, sizeof(text), "h%llx.d%x.com", (unsigned long long)i,
                       (unsigned)(v & 0xFFFF));
        must(ent_observable_parse(&ind.obs, NULL, ent_slice_str(text)), text);
        must(ent_store_put(x->store, &how, &ind, ENT_SLICE_LIT("bench"), 1534723200), "put");
    }
    must(ent_store_judge(x->store, ENT_SLICE_LIT("bench"), &none, false), "judge");
    must(ent_store_commit(x->store), "commit");
}

static void tend(struct one *x)
{
    bool left = true;
    while (left)
        must(ent_taxii_tend(&x->server, INT64_C(1534723300000000), 5000, &left, NULL), "tend");
}

/* served: something was served before, so that what comes is put into the queue. */
static void fill(struct one *x, const char *name, uint64_t rows, bool served)
{
    x->rows = rows;
    (void)snprintf(x->path, sizeof(x->path), "%s/%s", dir, name);
    must(ent_store_open(&x->store, NULL, x->path), "store");
    must(ent_taxii_server_init(&x->server, x->store, ENT_SLICE_LIT("key"), ENT_SLICE_LIT("Us")),
         "server");
    if (served)
        tend(x);
    uint64_t at = ent_clock_steady_ns();
    put_rows(x);
    x->put = (double)(ent_clock_steady_ns() - at) / 1e9;
    at = ent_clock_steady_ns();
    tend(x);
    x->tend = (double)(ent_clock_steady_ns() - at) / 1e9;
}

/* --- a page -------------------------------------------------------------------------------------
 */

static struct ent_taxii_answer answer;
static struct ent_buf query, rows;

static bool may_be_empty;

static void ask(struct one *x, const char *parameters)
{
    static const struct ent_taxii_who who = {
        {(const uint8_t *)"reader", 6}, ENT_TLP_AMBER_STRICT, false};
    const struct ent_taxii_request req = {.method = "GET",
                                          .path = "/taxii2/api/collections/amber-strict/objects/",
                                          .query = ent_slice_str(parameters),
                                          .accept = ENT_SLICE_LIT(ENT_TAXII_TYPE),
                                          .who = &who};
    struct ent_taxii_query q;
    ent_buf_clear(&query);
    ent_buf_clear(&rows);
    ent_buf_clear(&answer.headers);
    ent_buf_clear(&answer.body);
    must(ent_taxii_parse(&query, &answer, &req), "parse");
    must(ent_taxii_run(&x->server, &rows, ent_buf_slice(&query), INT64_C(1534723300000000)), "run");
    must(ent_taxii_query_parse(&q, ent_buf_slice(&query)), "query");
    must(ent_taxii_render(&answer, &q, ent_buf_slice(&rows)), "render");
    if (answer.status != 200 || (answer.body.n < PAGE && !may_be_empty))
        must(ENT_E_STATE, "no page");
}

static int by_number(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

static double median(double t[static ROUNDS])
{
    qsort(t, ROUNDS, sizeof(*t), by_number);
    return t[ROUNDS / 2];
}

/* Milliseconds. */
static double page(struct one *x, uint64_t behind)
{
    double t[ROUNDS];
    char text[ENT_TAXII_TIME], parameters[128];
    /* the dates of rows follow one another by a microsecond */
    ent_taxii_time(text, INT64_C(1534723300000000) + (int64_t)behind);
    (void)snprintf(parameters, sizeof(parameters), "limit=%d&added_after=%s", PAGE, text);
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t at = ent_clock_steady_ns();
        ask(x, parameters);
        t[i] = (double)(ent_clock_steady_ns() - at) / 1e6;
    }
    return median(t);
}

/* What SQLite takes for the bare columns of these rows, with nothing looked at. */
static double limit(struct one *x, uint64_t behind)
{
    static const char sql[] =
        "SELECT v.uuid, v.added, v.modified, o.type, o.value, c.tlp, c.confidence, c.valid_from,"
        " c.valid_until, c.first_import, k.kind, k.text, s.name, l.names FROM served v"
        " CROSS JOIN claim c ON c.observable = v.item AND c.source = v.source AND c.ext_id ="
        " v.ext_id CROSS JOIN observable o ON o.id = v.item CROSS JOIN context k ON k.id = "
        "c.context"
        " CROSS JOIN source s ON s.id = c.source LEFT JOIN labels l ON l.id = c.labels WHERE v.lo ="
        " 2 AND v.added > ?1 ORDER BY v.added LIMIT 100";
    sqlite3 *db;
    sqlite3_stmt *st;
    double t[ROUNDS];
    if (sqlite3_open(x->path, &db) != SQLITE_OK ||
        sqlite3_prepare_v2(db, sql, -1, &st, NULL) != SQLITE_OK)
        must(ENT_E_IO, "sqlite");
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t at = ent_clock_steady_ns();
        int n = 0;
        (void)sqlite3_bind_int64(st, 1, INT64_C(1534723300000000) + (int64_t)behind);
        while (sqlite3_step(st) == SQLITE_ROW)
            for (int c = 0; c < 14; c++)
                n += sqlite3_column_bytes(st, c);
        (void)sqlite3_reset(st);
        t[i] = (double)(ent_clock_steady_ns() - at) / 1e6;
        if (n == 0)
            must(ENT_E_STATE, "limit");
    }
    (void)sqlite3_finalize(st);
    (void)sqlite3_close(db);
    return median(t);
}

/* --- the figures --------------------------------------------------------------------------------
 */

static void tell(const char *name, double figure, const char *unit, const char *against,
                 double theirs, double ratio, double aim, bool met)
{
    if (getenv("JSON") != NULL)
        (void)printf("{\"bench\": \"taxii/%s\", \"figure\": %.3f, \"unit\": \"%s\", \"against\": "
                     "\"%s\", \"theirs\": %.3f, \"ratio\": %.2f, \"aim\": %.2f, \"met\": %s}\n",
                     name, figure, unit, against, theirs, ratio, aim, met ? "true" : "false");
    else
        (void)printf("%-24s %12.3f %-10s %s %.3f, %.2f times; aim %.2f: %s\n", name, figure, unit,
                     against, theirs, ratio, aim, met ? "met" : "not met");
}

/* Seconds until the readers have it; *longest, of the pages that were asked for meanwhile. */
static double flip(struct one *x, bool held, double *longest)
{
    static const struct ent_odds none;
    bool left = true;
    uint64_t start = ent_clock_steady_ns(), asked = 0;
    must(ent_store_begin(x->store), "begin");
    must(ent_store_judge(x->store, ENT_SLICE_LIT("bench"), &none, held), "judge");
    must(ent_store_commit(x->store), "commit");
    *longest = 0;
    while (left) {
        uint64_t at = ent_clock_steady_ns();
        ask(x, "limit=100");
        double ms = (double)(ent_clock_steady_ns() - at) / 1e6;
        *longest = ms > *longest ? ms : *longest;
        asked += ent_clock_steady_ns() - at;
        must(ent_taxii_tend(&x->server, INT64_C(1534723400000000), 5000, &left, NULL), "tend");
    }
    return (double)(ent_clock_steady_ns() - start - asked) / 1e9;
}

int main(int argc, char **argv)
{
    static struct one big, small, plain[3], queued[3];
    static const char *const names[] = {"page-first", "page-middle", "page-last"};
    uint64_t n = 1000000;
    if (argc == 3 && strcmp(argv[1], "--rows") == 0 &&
        ent_parse_u64(&n, ent_slice_str(argv[2]), 100000000) != ENT_OK)
        return 2;
    if (mkdtemp(dir) == NULL)
        return 1;
    (void)atexit(clean_up);
    ent_taxii_answer_init(&answer, (size_t)64 << 20);
    ent_buf_init(&query, ENT_TAXII_QUERY_MAX);
    ent_buf_init(&rows, ENT_TAXII_ROWS);
    fill(&big, "big.db", n, false);
    fill(&small, "small.db", SMALL, false);
    double without[3], with[3];
    for (int i = 0; i < 3; i++) { /* in turns */
        char name[32];
        (void)snprintf(name, sizeof(name), "plain%d.db", i);
        fill(&plain[i], name, n / 10, false);
        (void)snprintf(name, sizeof(name), "queued%d.db", i);
        fill(&queued[i], name, n / 10, true);
        without[i] = plain[i].put;
        with[i] = queued[i].put;
        ent_store_close(plain[i].store);
        ent_store_close(queued[i].store);
    }
    qsort(without, 3, sizeof(without[0]), by_number);
    qsort(with, 3, sizeof(with[0]), by_number);
    tell("import-while-serving", (double)n / 10 / with[1], "rows/s", "import",
         (double)n / 10 / without[1], with[1] / without[1], 1.5, with[1] < 1.5 * without[1]);
    double ms[3], flat = page(&small, SMALL / 2);
    for (int i = 0; i < 3; i++) {
        uint64_t behind = i == 0 ? 10 : i == 1 ? n / 2 : n - PAGE - 10;
        double least = limit(&big, behind);
        ms[i] = page(&big, behind);
        tell(names[i], ms[i], "ms", "sqlite alone", least, ms[i] / least, 5, ms[i] < 5);
    }
    double speed = PAGE / ms[1] * 1000;
    tell("objects", speed, "objects/s", "the aim", AIM, speed / AIM, 1, speed >= AIM);
    tell("flat", ms[1], "ms", "of 5,000 held", flat, ms[1] / flat, 1.5, ms[1] < 1.5 * flat);
    tell("last-first", ms[2], "ms", "the first page", ms[0], ms[2] / ms[0], 1.5,
         ms[2] < 1.5 * ms[0]);
    double rate = (double)n / big.tend, put = (double)n / big.put;
    tell("first-time", rate, "rows/s", "import", put, put / rate, 3, put < 3 * rate);
    may_be_empty = true;
    for (int held = 1; held >= 0; held--) {
        double longest, took = flip(&big, held != 0, &longest);
        tell(held ? "held" : "released", (double)n / took, "rows/s", "import", put,
             put * took / (double)n, 3, put * took < 3 * (double)n);
        tell(held ? "page-while-held" : "page-while-released", longest, "ms", "the page", ms[1],
             longest / ms[1], 50, longest < 50);
    }
    ent_store_close(big.store);
    ent_store_close(small.store);
    return 0;
}
