/*
 * web_hostile.c: a users' port in a child, attacked from several addresses of the loopback while a
 * probe from another one asks for what it may have. After each attack every probe must have been
 * answered; at the end the child's memory must have stayed where its limits say, and its log must
 * have one line for a kind and an address, and one more for the rest. Prints TAP.
 *
 *     web_hostile [CONNECTIONS [MIB]]    10000 and 400
 *     web_hostile --at PORT TARGET LINE  a server that runs already, where LINE (or "") goes with
 *                                        the request for a large TARGET; only the clients' side
 */
#include "net/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define HOST       "Host: x\r\n"
#define MANY_MAX   10000u
#define ADDRESSES  8u /* 127.0.0.2 and so on; the probe has 127.0.0.1 */
#define PROBES_MAX 100000u
#define NS_PER_MS  1000000

static unsigned port, tests, failures;
static bool elsewhere; /* a server with times of its own, which are longer than we wait */
static char large[2048] = "GET /large HTTP/1.1\r\n" HOST "\r\n";
static uint64_t many = MANY_MAX, memory_mib = 400;
static gnutls_certificate_credentials_t cred;

static void say(bool ok, const char *name)
{
    printf("%s %u - %s\n", ok ? "ok" : "not ok", ++tests, name);
    (void)fflush(stdout);
    failures += !ok;
}

static void need(bool ok, const char *what)
{
    if (ok)
        return;
    printf("Bail out! %s: %s\n", what, strerror(errno));
    exit(1);
}

static void pause_ms(long ms)
{
    const struct timespec t = {ms / 1000, ms % 1000 * NS_PER_MS};
    (void)nanosleep(&t, NULL);
}

/* --- the server ---------------------------------------------------------------------------------
 */

static size_t max_body(void *ctx, const char *method, const char *path)
{
    (void)ctx, (void)method, (void)path;
    return 1u << 20;
}

static void handle(void *ctx, const struct ent_web_request *q, struct ent_web_answer *ret)
{
    uint8_t *p;
    (void)ctx;
    ret->status = 200;
    if (strcmp(q->path, "/large") != 0) {
        if (ent_buf_puts(&ret->body, "served") != ENT_OK)
            ret->status = 500;
    } else if (ent_buf_reserve(&ret->body, &p, 4u << 20) == ENT_OK) {
        memset(p, 'x', 4u << 20);
        ret->body.n = 4u << 20;
    }
}

static void event(void *ctx, enum ent_web_event e, const uint8_t from16[16], uint64_t count)
{
    (void)fprintf(ctx, "%s %d %lu\n", ent_web_event_name(e), from16[15], (unsigned long)count);
    (void)fflush(ctx);
}

/* Ends when standard input does. */
static void serve(int port_fd, FILE *log)
{
    struct ent_seed32 seed;
    struct ent_buf cert, key;
    uint8_t print[ENT_WEB_FINGERPRINT];
    struct ent_web *w;
    char c;
    ent_random(seed.b, sizeof(seed.b));
    ent_buf_init(&cert, 8192);
    ent_buf_init(&key, 8192);
    need(ent_web_identity(&cert, &key, print, &seed, "127.0.0.1:0", NULL) == ENT_OK, "identity");
    const struct ent_web_opts o = {.listen = "127.0.0.1:0",
                                   .cert_pem = ent_buf_slice(&cert),
                                   .key_pem = ent_buf_slice(&key),
                                   .ctx = log,
                                   .max_body = max_body,
                                   .handle = handle,
                                   .event = event,
                                   .max_connections = 12000,
                                   .max_per_address = 1500,
                                   .handshake_seconds = 3,
                                   .request_seconds = 1,
                                   .answer_seconds = 1,
                                   .max_answers = 64u << 20,
                                   .max_bodies = 64u << 20};
    need(ent_web_start(&w, NULL, &o) == ENT_OK, "start");
    unsigned p = ent_web_port(w);
    need(write(port_fd, &p, sizeof(p)) == sizeof(p), "port");
    while (read(STDIN_FILENO, &c, 1) > 0)
        ;
    ent_web_stop(w);
    exit(0);
}

/* --- clients ------------------------------------------------------------------------------------
 */

struct client {
    int fd;
    gnutls_session_t tls;
};

static int dial(unsigned address)
{
    static const struct timeval patience = {10, 0};
    static const int on = 1;
    struct sockaddr_in a = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + address);
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) != 0)
        need(false, "socket");
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    a.sin_port = htons((uint16_t)port);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    need(connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0, "connect");
    return fd;
}

static bool open_tls(struct client *c, unsigned address, const char *priorities)
{
    c->fd = dial(address);
    need(gnutls_init(&c->tls, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL) == 0 &&
             gnutls_priority_set_direct(c->tls, priorities, NULL) == 0 &&
             gnutls_credentials_set(c->tls, GNUTLS_CRD_CERTIFICATE, cred) == 0,
         "session");
    gnutls_transport_set_int(c->tls, c->fd);
    return gnutls_handshake(c->tls) == 0;
}

static void shut(struct client *c)
{
    if (c->tls != NULL)
        gnutls_deinit(c->tls);
    (void)close(c->fd);
    *c = (struct client){-1, NULL};
}

static bool send_all(struct client *c, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t done = gnutls_record_send(c->tls, p, n);
        if (done <= 0)
            return false;
        p += done;
        n -= (size_t)done;
    }
    return true;
}

/* The first bytes of what comes. */
static bool answers(struct client *c, const char *with)
{
    char text[4096];
    ssize_t n = gnutls_record_recv(c->tls, text, sizeof(text));
    return n >= (ssize_t)strlen(with) && memcmp(text, with, strlen(with)) == 0;
}

/* --- the probe ----------------------------------------------------------------------------------
 */

static struct {
    atomic_bool stop;
    pthread_t thread;
    unsigned asked, answered;
    uint64_t took[PROBES_MAX];
} probe;

/* New connections, since whoever comes new is whom a flood shuts out. */
static void *run_probe(void *arg)
{
    (void)arg;
    while (!atomic_load(&probe.stop) && probe.asked < PROBES_MAX) {
        static const char ask[] = "GET /health HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n";
        struct client c;
        uint64_t start = ent_clock_steady_ns();
        bool ok = open_tls(&c, 1, "NORMAL") && send_all(&c, ask, sizeof(ask) - 1) &&
                  answers(&c, "HTTP/1.1 200 ");
        shut(&c);
        probe.took[probe.asked++] = ent_clock_steady_ns() - start;
        probe.answered += ok;
        pause_ms(5);
    }
    return NULL;
}

static void probe_start(void)
{
    probe.asked = probe.answered = 0;
    atomic_store(&probe.stop, false);
    need(pthread_create(&probe.thread, NULL, run_probe, NULL) == 0, "thread");
}

static int by_size(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static bool probe_stop(const char *attack)
{
    while (probe.asked < 5)
        pause_ms(10);
    atomic_store(&probe.stop, true);
    need(pthread_join(probe.thread, NULL) == 0, "join");
    qsort(probe.took, probe.asked, sizeof(probe.took[0]), by_size);
    printf("# %s: %u of %u probes answered, median %lu ms, p99 %lu ms\n", attack, probe.answered,
           probe.asked, (unsigned long)(probe.took[probe.asked / 2] / NS_PER_MS),
           (unsigned long)(probe.took[probe.asked * 99 / 100] / NS_PER_MS));
    return probe.answered == probe.asked;
}

/* --- attacks ------------------------------------------------------------------------------------
 */

/* The connection has ended, whatever was said before. */
static bool ended(struct client *c)
{
    char text[4096];
    ssize_t n;
    while ((n = gnutls_record_recv(c->tls, text, sizeof(text))) > 0 || n == GNUTLS_E_INTERRUPTED)
        ;
    return n != GNUTLS_E_AGAIN;
}

/* Many that begin like `head` and go on with one byte of `more` now and then: all must have ended
 * in time. */
static bool trickle(unsigned address, const char *head, const char *more)
{
    enum { N = 100 };
    struct client c[N];
    bool ok = true;
    for (unsigned i = 0; i < N; i++) {
        ok &= open_tls(&c[i], address, "NORMAL");
        ok &= send_all(&c[i], head, strlen(head));
    }
    for (unsigned t = 0; t < 12; t++, pause_ms(100))
        for (unsigned i = 0; i < N; i++)
            (void)send_all(&c[i], more + t % strlen(more), 1);
    for (unsigned i = 0; i < N; i++) {
        ok &= elsewhere || ended(&c[i]);
        shut(&c[i]);
    }
    return ok;
}

static bool slow_heads(void)
{
    return trickle(2, "GET / HTTP/1.1\r\n" HOST, "X: y\r\n");
}

static bool slow_bodies(void)
{
    return trickle(3, "POST / HTTP/1.1\r\n" HOST "Content-Length: 1000\r\n\r\n", "x");
}

/* Many that say nothing; when their time is over they are closed. */
static bool many_silent(void)
{
    static int fd[MANY_MAX];
    struct rlimit l;
    char c;
    unsigned closed = 0, n = (unsigned)many;
    need(getrlimit(RLIMIT_NOFILE, &l) == 0, "limit");
    if (l.rlim_cur < many + 100) {
        n = (unsigned)l.rlim_cur - 100;
        printf("# only %u connections: ulimit -n\n", n);
    }
    for (unsigned i = 0; i < n; i++)
        fd[i] = dial(2 + i % ADDRESSES);
    if (elsewhere)
        pause_ms(2000);
    for (unsigned i = 0; i < n; i++) {
        closed += elsewhere || recv(fd[i], &c, 1, 0) <= 0;
        (void)close(fd[i]);
    }
    return closed == n;
}

/* More than one address may have: the rest is closed at once. */
static bool crowd(void)
{
    enum { N = 1600 };
    static int fd[N];
    unsigned closed = 0;
    char c;
    for (unsigned i = 0; i < N; i++)
        fd[i] = dial(4);
    pause_ms(300);
    for (unsigned i = 0; i < N; i++) {
        closed += recv(fd[i], &c, 1, MSG_DONTWAIT) == 0;
        (void)close(fd[i]);
    }
    return elsewhere || closed >= N - 1500;
}

static bool garbage(void)
{
    for (unsigned i = 0; i < 300; i++) {
        uint8_t junk[500], answer[500];
        int fd = dial(5);
        ent_random(junk, sizeof(junk));
        if (i % 3 == 0)
            memcpy(junk, "\x16\x03\x01\x01\xf0\x01", 6);
        (void)send(fd, junk, sizeof(junk), MSG_NOSIGNAL);
        (void)shutdown(fd, SHUT_WR);
        while (recv(fd, answer, sizeof(answer), 0) > 0)
            ;
        (void)close(fd);
    }
    return true;
}

static bool never_read(void)
{
    enum { N = 100 };
    struct client c[N];
    bool ok = true;
    for (unsigned i = 0; i < N; i++)
        ok &= open_tls(&c[i], 6, "NORMAL") && send_all(&c[i], large, strlen(large));
    pause_ms(1500);
    for (unsigned i = 0; i < N; i++)
        shut(&c[i]);
    return ok;
}

/* `head`, then `unit` again and again, n bytes of it: refused with `status`, and heard. */
static bool flood(unsigned address, const char *head, const char *unit, size_t n,
                  const char *status)
{
    bool ok = true;
    for (unsigned i = 0; i < 10; i++) {
        char block[16000];
        struct client c;
        for (size_t k = 0; k < sizeof(block); k++)
            block[k] = unit[k % strlen(unit)];
        ok &= open_tls(&c, address, "NORMAL") && send_all(&c, head, strlen(head));
        for (size_t sent = 0; sent < n && send_all(&c, block, sizeof(block)); sent += sizeof(block))
            ;
        ok &= answers(&c, status);
        shut(&c);
    }
    return ok;
}

static bool large_cookies(void)
{
    /* Four megabytes are thrown away before the connection is closed: less than that is heard. */
    return flood(7, "GET / HTTP/1.1\r\n" HOST "Cookie: ", "crumb=1; ", 3u << 20, "HTTP/1.1 431 ");
}

static bool endless_cookies(void)
{
    (void)flood(7, "GET / HTTP/1.1\r\n" HOST "Cookie: ", "crumb=1; ", 10u << 20, "HTTP/1.1 431 ");
    return true; /* cut off while it sends: nobody need be told */
}

static bool header_flood(void)
{
    return flood(7, "GET / HTTP/1.1\r\n" HOST, "X-A: b\r\n", 3u << 20, "HTTP/1.1 431 ");
}

static bool lies(void)
{
    static const char *const cases[] = {
        "Transfer-Encoding: chunked\r\n\r\n1\r\nabcdef\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
        "Transfer-Encoding: chunked\r\n\r\n-1\r\n",
        "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
        "Content-Length: 4\r\nContent-Length: 40\r\n\r\nabcd",
        "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    };
    bool ok = true;
    for (unsigned i = 0; i < 70; i++) {
        char text[400];
        struct client c;
        (void)snprintf(text, sizeof(text), "POST / HTTP/1.1\r\n" HOST "%sGET /x HTTP/1.1\r\n\r\n",
                       cases[i % 7]);
        ok &= open_tls(&c, 8, "NORMAL") && send_all(&c, text, strlen(text)) &&
              answers(&c, "HTTP/1.1 4");
        shut(&c);
    }
    return ok;
}

/* Requests without end, and nobody reads the answers. */
static bool pipelines(void)
{
    static const char ask[] = "GET /health HTTP/1.1\r\n" HOST "\r\n";
    struct client c[20];
    bool ok = true;
    for (unsigned i = 0; i < 20; i++) {
        const struct timeval soon = {0, 20000};
        ok &= open_tls(&c[i], 9, "NORMAL");
        (void)setsockopt(c[i].fd, SOL_SOCKET, SO_SNDTIMEO, &soon, sizeof(soon));
        for (unsigned k = 0; k < 5000 && send_all(&c[i], ask, sizeof(ask) - 1); k++)
            ;
    }
    for (unsigned i = 0; i < 20; i++)
        shut(&c[i]);
    return ok;
}

static bool renegotiation(void)
{
    static const char ask[] = "GET /health HTTP/1.1\r\n" HOST "\r\n";
    bool ok = true;
    for (unsigned i = 0; i < 50; i++) {
        struct client c;
        ok &= open_tls(&c, 2, "NORMAL:-VERS-ALL:+VERS-TLS1.2") &&
              send_all(&c, ask, sizeof(ask) - 1) && answers(&c, "HTTP/1.1 200 ") &&
              gnutls_handshake(c.tls) < 0;
        shut(&c);
    }
    return ok;
}

/* --- the verdict --------------------------------------------------------------------------------
 */

static unsigned long peak_kib(pid_t pid)
{
    char path[64], line[256];
    unsigned long kib = 0;
    (void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    FILE *f = fopen(path, "r");
    need(f != NULL, path);
    while (fgets(line, sizeof(line), f) != NULL)
        if (strncmp(line, "VmHWM:", 6) == 0)
            kib = strtoul(line + 6, NULL, 10);
    (void)fclose(f);
    return kib;
}

/* At most two lines for a kind and an address: the first, and the rest of the minute at the end. */
static bool log_is_short(FILE *log)
{
    static unsigned lines[ENT_WEB_EVENTS][256];
    char line[256], name[64];
    bool ok = true;
    unsigned all = 0, kinds = 0;
    rewind(log);
    while (fgets(line, sizeof(line), log) != NULL) {
        char *blank = strchr(line, ' ');
        need(blank != NULL, "log");
        (void)snprintf(name, sizeof(name), "%.*s", (int)(blank - line), line);
        for (unsigned e = 0; e < ENT_WEB_EVENTS; e++)
            if (strcmp(name, ent_web_event_name(e)) == 0) {
                unsigned *n = &lines[e][strtoul(blank + 1, NULL, 10) & 255];
                kinds += *n == 0;
                ok &= ++*n <= 2;
            }
        all++;
        printf("# log: %s", line);
    }
    printf("# %u lines for %u kinds and addresses\n", all, kinds);
    return ok && kinds >= 8;
}

static const struct {
    const char *name;
    bool (*run)(void);
} attacks[] = {
    {"headers that trickle", slow_heads},
    {"bodies that trickle", slow_bodies},
    {"many connections", many_silent},
    {"too many from one address", crowd},
    {"garbage instead of a handshake", garbage},
    {"clients that never read", never_read},
    {"large cookies", large_cookies},
    {"endless cookies", endless_cookies},
    {"a flood of headers", header_flood},
    {"lies about lengths", lies},
    {"pipelines that nobody reads", pipelines},
    {"renegotiation", renegotiation},
};
#define ATTACKS (sizeof(attacks) / sizeof(attacks[0]))

static void attack(void)
{
    need(gnutls_certificate_allocate_credentials(&cred) == 0, "credentials");
    for (unsigned i = 0; i < ATTACKS; i++) {
        char name[100];
        probe_start();
        say(attacks[i].run(), attacks[i].name);
        (void)snprintf(name, sizeof(name), "%s: others are served", attacks[i].name);
        say(probe_stop(attacks[i].name), name);
    }
    gnutls_certificate_free_credentials(cred);
}

static int attack_there(char **argv)
{
    uint64_t p;
    if (ent_parse_u64(&p, ent_slice_str(argv[2]), UINT16_MAX) != ENT_OK ||
        snprintf(large, sizeof(large), "GET %s HTTP/1.1\r\n" HOST "%s%s\r\n", argv[3], argv[4],
                 argv[4][0] != '\0' ? "\r\n" : "") >= (int)sizeof(large))
        return 2;
    port = (unsigned)p;
    elsewhere = true;
    printf("1..%zu\n", 2 * ATTACKS);
    attack();
    return failures == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct rlimit l;
    int in[2], ports[2];
    FILE *log = tmpfile();

    bool there = argc == 5 && strcmp(argv[1], "--at") == 0;
    if ((!there && argc > 1 && ent_parse_u64(&many, ent_slice_str(argv[1]), MANY_MAX) != ENT_OK) ||
        (!there && argc > 2 &&
         ent_parse_u64(&memory_mib, ent_slice_str(argv[2]), 1u << 20) != ENT_OK))
        return 2;
    (void)signal(SIGPIPE, SIG_IGN);
    need(log != NULL && pipe(in) == 0 && pipe(ports) == 0, "pipe");
    need(getrlimit(RLIMIT_NOFILE, &l) == 0, "limit");
    l.rlim_cur = l.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &l);
    need(ent_secret_start() == ENT_OK, "random");
    if (there)
        return attack_there(argv);
    pid_t child = fork();
    need(child >= 0, "fork");
    if (child == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)dup2(in[0], STDIN_FILENO);
        (void)close(in[0]);
        (void)close(in[1]);
        serve(ports[1], log);
    }
    need(read(ports[0], &port, sizeof(port)) == sizeof(port), "port");
    printf("1..%zu\n", 2 * ATTACKS + 3);
    attack();
    unsigned long peak = peak_kib(child);
    printf("# the server needed %lu MiB at most\n", peak >> 10);
    say(peak < memory_mib << 10, "memory is bounded");
    int status = -1;
    (void)close(in[0]);
    (void)close(in[1]);
    need(waitpid(child, &status, 0) == child, "wait");
    say(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the server ends as it should");
    say(log_is_short(log), "one line each in the log");
    return failures == 0 ? 0 : 1;
}
