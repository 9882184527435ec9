/* reporter.c: who writes the log: standard output or syslog, and how much of one thing. */
#include "node/report.h"

#include "base/base.h"

#include "node/counts.h"

#include <errno.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PER_SECOND 100u
#define KINDS      16u /* events of one role in one second; further ones count together */
#define SECOND     1000000000u

/* One event of one role. */
struct kind {
    char event[ENT_REPORT_WORD + 1]; /* "" is a free place */
    uint64_t second;                 /* 0 before the first */
    unsigned n;
    uint64_t suppressed; /* of that second */
};

struct ent_reporter {
    pthread_mutex_t lock;
    struct ent_reporter_opts opts;
    struct kind kind[ENT_PROCESSES][KINDS + 1]; /* the last: what had no place */
    struct ent_buf line;
    char host[256];
    struct sockaddr_un address;
    int socket;       /* or -1 */
    uint64_t tried;   /* the second in which it was opened last */
    uint64_t dropped; /* records that syslog did not take */
};

static uint64_t second_now(void)
{
    return ent_clock_steady_ns() / SECOND + 1;
}

enum ent_err ent_reporter_new(struct ent_reporter **ret, const struct ent_reporter_opts *opts)
{
    const char *path = opts->socket == NULL ? "/dev/log" : opts->socket;
    struct ent_reporter *w = calloc(1, sizeof(*w));
    if (w == NULL)
        return ENT_E_NOMEM;
    if (strlen(path) >= sizeof(w->address.sun_path)) {
        free(w);
        return ENT_E_LIMIT;
    }
    w->opts = *opts;
    if (w->opts.per_second == 0)
        w->opts.per_second = PER_SECOND;
    w->socket = -1;
    w->address.sun_family = AF_UNIX;
    memcpy(w->address.sun_path, path, strlen(path) + 1);
    ent_buf_init(&w->line, ENT_REPORT_LINE);
    (void)gethostname(w->host, sizeof(w->host) - 1);
    for (const char *c = w->host; *c != '\0'; c++)
        if (*c <= ' ' || *c > '~')
            w->host[0] = '\0';
    (void)pthread_mutex_init(&w->lock, NULL);
    *ret = w;
    return ENT_OK;
}

/* --- writing, with the lock held ----------------------------------------------------------------
 */

static bool connect_syslog(struct ent_reporter *w)
{
    const uint64_t now = second_now();
    if (w->socket >= 0 || w->tried == now)
        return w->socket >= 0;
    w->tried = now;
    w->socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (w->socket >= 0 &&
        connect(w->socket, (const struct sockaddr *)&w->address, sizeof(w->address)) != 0) {
        (void)close(w->socket);
        w->socket = -1;
    }
    return w->socket >= 0;
}

static bool send_line(struct ent_reporter *w)
{
    for (int attempt = 0; attempt < 2 && connect_syslog(w); attempt++) {
        if (send(w->socket, w->line.p, w->line.n, MSG_NOSIGNAL) >= 0)
            return true;
        if (errno == EAGAIN || errno == ENOBUFS || errno == EMSGSIZE)
            return false;
        (void)close(w->socket); /* it was started anew: under the same name is another one */
        w->socket = -1;
    }
    return false;
}

static bool put_out(struct ent_reporter *w, const struct ent_report *r, enum ent_process from)
{
    ent_buf_clear(&w->line);
    if (w->opts.to == ENT_LOG_SYSLOG)
        return ent_report_syslog(&w->line, r, w->opts.format, from, w->host) == ENT_OK &&
               send_line(w);
    /* A log that cannot be written is no reason to stop. */
    return ent_report_line(&w->line, r, w->opts.format, from) == ENT_OK &&
           ent_buf_putc(&w->line, '\n') == ENT_OK &&
           ent_fd_write(w->opts.fd, ent_buf_slice(&w->line)) == ENT_OK;
}

static void write_record(struct ent_reporter *w, const struct ent_report *r, enum ent_process from)
{
    if (!put_out(w, r, from)) {
        w->dropped++;
    } else if (w->dropped > 0) {
        struct ent_report lost;
        ent_report_init(&lost, ENT_LEVEL_WARN, "log-lost");
        ent_report_number(&lost, "records", w->dropped);
        if (put_out(w, &lost, ENT_PROCESS_PARENT))
            w->dropped = 0;
    }
}

static void tell_suppressed(struct ent_reporter *w, struct kind *k, enum ent_process from)
{
    struct ent_report r;
    if (k->suppressed == 0)
        return;
    ent_report_init(&r, ENT_LEVEL_WARN, k->event);
    ent_report_number(&r, "suppressed", k->suppressed);
    k->suppressed = 0;
    write_record(w, &r, from);
}

/* Where this event of this role is counted; a place whose second is over can be had. */
static struct kind *find_kind(struct ent_reporter *w, struct ent_slice event, enum ent_process from,
                              uint64_t now)
{
    struct kind *all = w->kind[from], *spare = NULL;
    for (size_t i = 0; i < KINDS; i++) {
        if (ent_slice_eq(event, ent_slice_str(all[i].event)))
            return &all[i];
        if (spare == NULL && all[i].second != now)
            spare = &all[i];
    }
    if (spare == NULL) {
        spare = &all[KINDS];
        event = ENT_SLICE_LIT("others");
    }
    if (spare->second != now) {
        tell_suppressed(w, spare, from);
        *spare = (struct kind){.second = now};
        memcpy(spare->event, event.p, event.n); /* a word */
    }
    return spare;
}

static void say(struct ent_reporter *w, const struct ent_report *r, enum ent_process from)
{
    const uint64_t now = second_now();
    struct kind *k = find_kind(w, r->event, from, now);
    ent_count_add(w->opts.counts, ENT_COUNT_RECORDS, (unsigned)r->level, 1);
    if (k->second != now) {
        tell_suppressed(w, k, from);
        k->second = now;
        k->n = 0;
    }
    if (k->n < w->opts.per_second) {
        k->n++;
        write_record(w, r, from);
    } else {
        k->suppressed++;
    }
}

/* ------------------------------------------------------------------------------------------------
 */

void ent_reporter_say(struct ent_reporter *w, const struct ent_report *r)
{
    (void)pthread_mutex_lock(&w->lock);
    say(w, r, ENT_PROCESS_PARENT);
    (void)pthread_mutex_unlock(&w->lock);
}

enum ent_err ent_reporter_take(struct ent_reporter *w, enum ent_process from, struct ent_slice note)
{
    struct ent_report r;
    enum ent_err e = ent_report_parse(&r, note);
    if (e != ENT_OK)
        return e;
    r.time = ent_clock_now();
    (void)pthread_mutex_lock(&w->lock);
    say(w, &r, from);
    (void)pthread_mutex_unlock(&w->lock);
    return ENT_OK;
}

static void tell_all(struct ent_reporter *w, uint64_t before)
{
    for (size_t p = 0; p < ENT_PROCESSES; p++)
        for (size_t i = 0; i <= KINDS; i++)
            if (w->kind[p][i].second < before)
                tell_suppressed(w, &w->kind[p][i], (enum ent_process)p);
}

void ent_reporter_tick(struct ent_reporter *w)
{
    (void)pthread_mutex_lock(&w->lock);
    tell_all(w, second_now());
    (void)pthread_mutex_unlock(&w->lock);
}

void ent_reporter_free(struct ent_reporter *w)
{
    if (w == NULL)
        return;
    tell_all(w, UINT64_MAX);
    if (w->socket >= 0)
        (void)close(w->socket);
    ent_buf_release(&w->line);
    (void)pthread_mutex_destroy(&w->lock);
    free(w);
}
