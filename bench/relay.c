/*
 * relay.c (bench): what it costs that a run is in a process of its own: a holder's run of a match
 * with ITEMS on its list and ASKED questions, called in this process, and over channels to another
 * one, which gets its list over a channel too. Medians of RUNS runs, alternating.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "node/node.h"

#define RUNS  5
#define ITEMS 100000u
#define ASKED (10u * ENT_LOOKUP_BATCH)
#define TYPES ENT_OBS_BIT(ENT_OBS_DOMAIN)
#define NOW   1600000000
#define ROWS  (ENT_DESK_ROWS + ENT_RUNNER_ROWS)

static struct ent_msg_row rows[ROWS];
static const struct ent_protocol protocol = {rows, ROWS, 8, 1u << 20};

static void must(bool fine, const char *what)
{
    if (fine)
        return;
    (void)fprintf(stderr, "relay: %s\n", what);
    exit(1);
}

static struct ent_channel *channel(int fd, struct ent_channel_opts o)
{
    struct ent_channel *c;
    o.protocol = &protocol;
    must(ent_channel_new(&c, NULL, fd, &o) == ENT_OK, "no channel");
    return c;
}

static enum ent_err over_channel(void *ctx, struct ent_msg *ret, uint16_t type,
                                 struct ent_slice payload)
{
    return ent_channel_call(ctx, ret, type, payload, -1, 600000);
}

/* --- the other process ------------------------------------------------------------------------ */

static struct ent_runner *runner;

static void on_note(void *ctx, struct ent_msg *note)
{
    (void)ctx;
    (void)!ent_runner_note(runner, note->type, ent_buf_slice(&note->bytes));
}

static void match(int ledger_fd, int keeper_fd)
{
    struct ent_pool *pool;
    must(ent_secret_start() == ENT_OK && ent_pool_new(&pool, 0) == ENT_OK, "no pool");
    struct ent_channel *keeper = channel(
        keeper_fd, (struct ent_channel_opts){
                       .self = ENT_PROCESS_MATCH, .peer = ENT_PROCESS_KEEPER, .note = on_note});
    const struct ent_caller desk = {keeper, over_channel};
    must(ent_runner_new(&runner, &desk, pool) == ENT_OK, "no runner");
    struct ent_channel *ledger =
        channel(ledger_fd, (struct ent_channel_opts){.self = ENT_PROCESS_MATCH,
                                                     .peer = ENT_PROCESS_LEDGER,
                                                     .threads = 2,
                                                     .serve = ent_runner_serve,
                                                     .ctx = runner});
    (void)!ent_channel_wait(ledger, NULL);
}

struct other {
    int ledger, keeper;
    pid_t pid;
};

/* Before there is any thread. */
static void start_other(struct other *o)
{
    int a[2], b[2];
    must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, a) == 0 &&
             socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, b) == 0,
         "no sockets");
    if ((o->pid = fork()) == 0) {
        (void)close(a[0]);
        (void)close(b[0]);
        match(a[1], b[1]);
        _exit(0);
    }
    (void)close(a[1]);
    (void)close(b[1]);
    o->ledger = a[0];
    o->keeper = b[0];
}

/* --- what is measured ------------------------------------------------------------------------- */

enum { LIST, QUESTIONS, BLOCKS, WHOLE, FIGURES };

static struct ent_desk *desk;
static struct ent_pool *pool;

static double seconds_since(uint64_t start)
{
    return (double)(ent_clock_steady_ns() - start) / 1e9;
}

static double ask_all(const struct ent_caller *c, struct ent_lookup_asker *a)
{
    static struct ent_lookup_batch batch;
    double seconds = 0;
    for (uint64_t i = 0; i < ent_lookup_batches(ASKED); i++) {
        struct ent_buf ask, answer;
        ent_buf_init(&ask, ENT_LOOKUP_ASK_MAX);
        ent_buf_init(&answer, ENT_LOOKUP_ANSWER_MAX);
        must(ent_lookup_asker_ask(a, &batch, &ask, i) == ENT_OK, "no question");
        uint64_t start = ent_clock_steady_ns();
        must(ent_run_evaluate(c, &answer, ent_buf_slice(&ask)) == ENT_OK, "no answer");
        seconds += seconds_since(start);
        ent_buf_release(&ask);
        ent_buf_release(&answer);
    }
    return seconds;
}

static double get_blocks(const struct ent_caller *c, const struct ent_match_accept *accept,
                         double *ret_mb)
{
    const uint64_t filters = ent_filter_blocks(accept->items);
    const uint64_t all = filters + ent_labels_blocks(accept->labels);
    struct ent_buf b;
    uint64_t start = ent_clock_steady_ns(), bytes = 0;
    ent_buf_init(&b, ENT_RUN_ANSWER_MAX);
    for (uint64_t i = 0; i < all; i++) {
        ent_buf_clear(&b);
        must((i < filters ? ent_run_filter(c, &b, i) : ent_run_labels(c, &b, i - filters)) ==
                 ENT_OK,
             "no block");
        bytes += b.n;
    }
    ent_buf_release(&b);
    *ret_mb = (double)bytes / 1e6;
    return seconds_since(start);
}

static void run(const struct ent_caller *c, double ret[static FIGURES])
{
    struct ent_lookup_asker *a;
    struct ent_match_offer offer = {.to = "bob"};
    struct ent_run_opened o;
    struct ent_hash32 sid = {{7}}, digest;
    double mb, list, questions, blocks, build;
    uint64_t start = ent_clock_steady_ns();
    must(ent_run_open(c, &o, TYPES, NOW) == ENT_OK && o.accept.items == ITEMS, "not opened");
    list = seconds_since(start);
    must(ent_lookup_asker_new(&a) == ENT_OK, "no asker");
    for (unsigned i = 0; i < ASKED; i++) {
        char item[64];
        int n = snprintf(item, sizeof(item), "domain:asked-%u.example", i);
        must(ent_lookup_asker_add(a, ent_slice(item, (size_t)n)) == ENT_OK, "no item");
    }
    ent_lookup_asker_offer(a, &offer);
    must(ent_lookup_asker_start(a, &sid, &o.accept) == ENT_OK, "not started");
    start = ent_clock_steady_ns();
    must(ent_run_start(c, &sid, ASKED) == ENT_OK && ent_run_build(c) == ENT_OK, "not built");
    build = seconds_since(start);
    questions = ask_all(c, a);
    blocks = get_blocks(c, &o.accept, &mb);
    must(ent_run_digest(c, &digest) == ENT_OK, "no digest");
    ent_lookup_asker_free(a);
    ret[LIST] = ITEMS / list;
    ret[QUESTIONS] = ASKED / questions;
    ret[BLOCKS] = mb / blocks;
    ret[WHOLE] = 1 / (list + build + questions + blocks);
}

static enum ent_err note_near(void *ctx, uint16_t type, struct ent_slice payload)
{
    (void)ctx;
    return ent_runner_note(runner, type, payload);
}

static void charge(void)
{
    struct ent_desk_seat seat = {.desk = desk};
    struct ent_direct direct = {ent_desk_serve, &seat, ENT_DESK_KNOWN_BYTES};
    const struct ent_caller c = ent_caller_direct(&direct);
    must(ent_desk_charge(&c, "alice", 1, 1, 1000) == ENT_OK, "no charge");
}

static void run_near(double ret[static FIGURES])
{
    struct ent_desk_seat seat = {.desk = desk, .put = note_near};
    struct ent_direct asks = {ent_desk_serve, &seat, ENT_DESK_KNOWN_BYTES};
    const struct ent_caller from = ent_caller_direct(&asks);
    must(ent_runner_new(&runner, &from, pool) == ENT_OK, "no runner");
    struct ent_direct direct = {ent_runner_serve, runner, ENT_RUN_ANSWER_MAX};
    const struct ent_caller c = ent_caller_direct(&direct);
    charge();
    run(&c, ret);
    ent_runner_free(runner);
}

static enum ent_err note_far(void *ctx, uint16_t type, struct ent_slice payload)
{
    struct ent_channel **keeper = ctx;
    return ent_channel_note(*keeper, type, payload, -1);
}

static void run_far(const struct other *o, double ret[static FIGURES])
{
    struct ent_channel *keeper = NULL;
    struct ent_desk_seat seat = {.desk = desk, .ctx = &keeper, .put = note_far};
    keeper = channel(o->keeper, (struct ent_channel_opts){.self = ENT_PROCESS_KEEPER,
                                                          .peer = ENT_PROCESS_MATCH,
                                                          .threads = 1,
                                                          .serve = ent_desk_serve,
                                                          .ctx = &seat});
    struct ent_channel *ledger =
        channel(o->ledger,
                (struct ent_channel_opts){.self = ENT_PROCESS_LEDGER, .peer = ENT_PROCESS_MATCH});
    const struct ent_caller c = {ledger, over_channel};
    charge();
    run(&c, ret);
    ent_channel_free(ledger);
    ent_channel_free(keeper);
    (void)waitpid(o->pid, NULL, 0);
}

/* --- the table -------------------------------------------------------------------------------- */

static void make_store(const char *path)
{
    static const struct ent_odds nothing;
    struct ent_store *s;
    must(ent_store_open(&s, NULL, path) == ENT_OK && ent_store_begin(s) == ENT_OK, "no store");
    for (unsigned i = 0; i < ITEMS; i++) {
        struct ent_indicator ind = {.tlp = ENT_TLP_GREEN, .confidence = 50};
        char name[64];
        enum ent_put how;
        (void)snprintf(name, sizeof(name), "known-%u.example", i);
        ind.kind = ENT_SLICE_LIT("C2");
        must(ent_observable_parse_as(&ind.obs, NULL, ENT_OBS_DOMAIN, ent_slice_str(name)) ==
                     ENT_OK &&
                 ent_store_put(s, &how, &ind, ENT_SLICE_LIT("list"), NOW) == ENT_OK,
             "not put");
    }
    must(ent_store_judge(s, ENT_SLICE_LIT("list"), &nothing, false) == ENT_OK &&
             ent_store_commit(s) == ENT_OK,
         "not kept");
    ent_store_close(s);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double figures[RUNS][FIGURES], int which)
{
    double v[RUNS];
    for (int i = 0; i < RUNS; i++)
        v[i] = figures[i][which];
    qsort(v, RUNS, sizeof(*v), by_size);
    return v[RUNS / 2];
}

static void show(const char *name, const char *unit, double far, double near)
{
    if (getenv("JSON") != NULL)
        (void)printf("{\"bench\": \"relay/%s\", \"figure\": %.3f, \"unit\": \"%s\", \"against\": "
                     "\"in one process\", \"theirs\": %.3f, \"ratio\": %.2f}\n",
                     name, far, unit, near, far / near);
    else
        (void)printf("%-12s %12.2f %-12s in one process %12.2f  ratio %.2f\n", name, far, unit,
                     near, far / near);
}

int main(void)
{
    static double near[RUNS][FIGURES], far[RUNS][FIGURES];
    static const char *const names[][2] = {{"list", "items/s"},
                                           {"questions", "questions/s"},
                                           {"blocks", "MB/s"},
                                           {"whole run", "runs/s"}};
    struct other other[RUNS];
    char dir[] = "/tmp/entente-relay-XXXXXX", path[64];
    (void)signal(SIGPIPE, SIG_IGN);
    memcpy(rows, ent_desk_rows, sizeof(ent_desk_rows));
    memcpy(rows + ENT_DESK_ROWS, ent_runner_rows, sizeof(ent_runner_rows));
    for (int i = 0; i < RUNS; i++)
        start_other(&other[i]);
    must(ent_secret_start() == ENT_OK && mkdtemp(dir) != NULL, "no directory");
    (void)snprintf(path, sizeof(path), "%s/store.db", dir);
    make_store(path);
    const struct ent_desk_opts opts = {.store = path, .max_tlp = ENT_TLP_GREEN};
    must(ent_desk_new(&desk, NULL, &opts) == ENT_OK && ent_pool_new(&pool, 0) == ENT_OK, "no desk");
    for (int i = 0; i < RUNS; i++) {
        run_near(near[i]);
        run_far(&other[i], far[i]);
    }
    for (int i = 0; i < FIGURES; i++)
        show(names[i][0], names[i][1], median(far, i), median(near, i));
    ent_pool_free(pool);
    ent_desk_free(desk);
    (void)unlink(path);
    (void)rmdir(dir);
    return 0;
}
