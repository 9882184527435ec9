/*
 * proc.c (bench): a channel between two processes beside a bare pair of sockets between two
 * processes, which has no table, no threads and no numbers: calls a second of 64 bytes, there and
 * back, and megabytes a second in one direction. Medians of RUNS runs, alternating.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "proc/proc.h"

#define RUNS    7
#define SMALL   64u
#define CALLS   20000u
#define CALLERS 8u
#define BULK    (256u << 20)

enum { US, THEM };
enum { ECHO = 1, SINK };
static const struct ent_msg_row rows[] = {
    {ECHO, ENT_MSG_CALL, ENT_MSG_BIT(US), ENT_MSG_ANY, 0, SMALL, ENT_MSG_FD_NONE},
    {ECHO, ENT_MSG_ANSWER, ENT_MSG_BIT(THEM), ENT_MSG_ANY, 0, SMALL, ENT_MSG_FD_NONE},
    {SINK, ENT_MSG_CALL, ENT_MSG_BIT(US), ENT_MSG_ANY, 0, ENT_MSG_MAX, ENT_MSG_FD_NONE},
    {SINK, ENT_MSG_ANSWER, ENT_MSG_BIT(THEM), ENT_MSG_ANY, 0, 0, ENT_MSG_FD_NONE},
};
static const struct ent_protocol protocol = {rows, 4, 64, 2 * ENT_MSG_MAX};

static void must(bool fine, const char *what)
{
    if (fine)
        return;
    (void)fprintf(stderr, "proc: %s\n", what);
    exit(1);
}

/* --- the other processes ---------------------------------------------------------------------- */

static enum ent_err serve(void *ctx, struct ent_msg *ret, struct ent_msg *call)
{
    (void)ctx;
    return call->type == ECHO ? ent_buf_put_slice(&ret->bytes, ent_buf_slice(&call->bytes))
                              : ENT_OK;
}

static struct ent_channel *channel(int fd, unsigned self)
{
    struct ent_channel *c;
    struct ent_channel_opts o = {.protocol = &protocol,
                                 .self = self,
                                 .peer = 1 - self,
                                 .threads = self == THEM ? 2 : 0,
                                 .serve = serve};
    must(ent_channel_new(&c, NULL, fd, &o) == ENT_OK, "no channel");
    return c;
}

static bool all(int fd, uint8_t *p, size_t n)
{
    return recv(fd, p, n, MSG_WAITALL) == (ssize_t)n;
}

/* A byte says what comes: 'e' and SMALL bytes, to be sent back; 's' and ENT_MSG_MAX bytes. */
static void raw(int fd)
{
    uint8_t *p = malloc(ENT_MSG_MAX + 1);
    while (p != NULL && all(fd, p, 1)) {
        size_t n = p[0] == 'e' ? SMALL : ENT_MSG_MAX;
        if (!all(fd, p, n) || ent_fd_write(fd, ent_slice(p, SMALL)) != ENT_OK)
            break;
    }
    free(p);
}

static int other(void (*run)(int), pid_t *ret)
{
    int fd[2];
    must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) == 0, "no sockets");
    if ((*ret = fork()) == 0) {
        (void)close(fd[0]);
        run(fd[1]);
        _exit(0);
    }
    (void)close(fd[1]);
    return fd[0];
}

static void channel_child(int fd)
{
    struct ent_channel *c = channel(fd, THEM);
    (void)(ent_channel_wait(c, NULL) == ENT_OK);
}

/* --- what is measured ------------------------------------------------------------------------- */

static uint8_t *bulk;

struct caller {
    struct ent_channel *c;
    unsigned calls;
    pthread_t thread;
};

static void *calls(void *arg)
{
    struct caller *k = arg;
    for (unsigned i = 0; i < k->calls; i++) {
        struct ent_msg m = ENT_MSG_NOTHING;
        must(ent_channel_call(k->c, &m, ECHO, ent_slice(bulk, SMALL), -1, 60000) == ENT_OK, "call");
        ent_msg_release(&m);
    }
    return NULL;
}

static double per_second(double amount, uint64_t start)
{
    return amount / ((double)(ent_clock_steady_ns() - start) / 1e9);
}

static double channel_calls(struct ent_channel *c, unsigned callers)
{
    struct caller k[CALLERS];
    uint64_t start = ent_clock_steady_ns();
    for (unsigned i = 0; i < callers; i++) {
        k[i] = (struct caller){.c = c, .calls = CALLS / callers};
        must(pthread_create(&k[i].thread, NULL, calls, &k[i]) == 0, "thread");
    }
    for (unsigned i = 0; i < callers; i++)
        (void)pthread_join(k[i].thread, NULL);
    return per_second(CALLS, start);
}

static double raw_calls(int fd)
{
    uint8_t p[SMALL + 1] = {'e'};
    uint64_t start = ent_clock_steady_ns();
    for (unsigned i = 0; i < CALLS; i++)
        must(ent_fd_write(fd, ent_slice(p, sizeof(p))) == ENT_OK && all(fd, p + 1, SMALL), "raw");
    return per_second(CALLS, start);
}

static double channel_bulk(struct ent_channel *c)
{
    uint64_t start = ent_clock_steady_ns();
    for (unsigned i = 0; i < BULK / ENT_MSG_MAX; i++) {
        struct ent_msg m = ENT_MSG_NOTHING;
        must(ent_channel_call(c, &m, SINK, ent_slice(bulk, ENT_MSG_MAX), -1, 60000) == ENT_OK,
             "bulk");
        ent_msg_release(&m);
    }
    return per_second(BULK / 1e6, start);
}

static double raw_bulk(int fd)
{
    uint8_t p[SMALL];
    uint64_t start = ent_clock_steady_ns();
    for (unsigned i = 0; i < BULK / ENT_MSG_MAX; i++)
        must(ent_fd_write(fd, ENT_SLICE_LIT("s")) == ENT_OK &&
                 ent_fd_write(fd, ent_slice(bulk, ENT_MSG_MAX)) == ENT_OK && all(fd, p, SMALL),
             "raw bulk");
    return per_second(BULK / 1e6, start);
}

/* --- the table -------------------------------------------------------------------------------- */

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void show(const char *name, const char *unit, double *ours, double *theirs)
{
    qsort(ours, RUNS, sizeof(*ours), by_size);
    qsort(theirs, RUNS, sizeof(*theirs), by_size);
    double a = ours[RUNS / 2], b = theirs[RUNS / 2];
    if (getenv("JSON") != NULL)
        (void)printf("{\"bench\": \"proc/%s\", \"figure\": %.0f, \"unit\": \"%s\", \"against\": "
                     "\"bare sockets\", \"theirs\": %.0f, \"ratio\": %.2f}\n",
                     name, a, unit, b, a / b);
    else
        (void)printf("%-22s %12.0f %-8s  bare sockets %10.0f  ratio %.2f\n", name, a, unit, b,
                     a / b);
}

int main(void)
{
    double one[RUNS], many[RUNS], big[RUNS], bare[RUNS], bare_big[RUNS];
    pid_t pid[2];
    (void)signal(SIGPIPE, SIG_IGN);
    must((bulk = calloc(1, ENT_MSG_MAX)) != NULL, "memory");
    memset(bulk, 7, ENT_MSG_MAX);
    int theirs = other(raw, &pid[0]);
    struct ent_channel *c = channel(other(channel_child, &pid[1]), US);
    for (int i = 0; i < RUNS; i++) {
        one[i] = channel_calls(c, 1);
        bare[i] = raw_calls(theirs);
        many[i] = channel_calls(c, CALLERS);
        big[i] = channel_bulk(c);
        bare_big[i] = raw_bulk(theirs);
    }
    show("calls, one thread", "calls/s", one, bare);
    show("calls, eight threads", "calls/s", many, bare);
    show("payloads of 64 MiB", "MB/s", big, bare_big);
    ent_channel_free(c);
    (void)close(theirs);
    for (int i = 0; i < 2; i++)
        (void)waitpid(pid[i], NULL, 0);
    free(bulk);
    return 0;
}
