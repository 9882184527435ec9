/*
 * supervise.c: one loop over the children's pidfds, a clock, and an eventfd by which others wake
 * it. A child is either running or due to start at some time; all of them together are either
 * wanted or on the way out.
 */
#include "proc/proc.h"

#include "proc/kernel_log.h"

#include <errno.h>
#include <poll.h>
#include <seccomp.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define ROLES_MAX 64u
#define MS        1000000u /* ns */
#define LOG_TRIES 5
#define LOG_MS    20

struct child {
    bool running;
    struct ent_child c; /* its channel is the callback's */
    uint64_t at;        /* running: since; else: when to start */
    unsigned deaths;    /* in a row */
    atomic_bool doomed;
};

enum phase { WANTED, ASKED, TOLD, ENDED };

struct ent_supervisor {
    struct ent_supervisor_opts o;
    int wake, log;
    atomic_bool stop;
    enum phase phase;
    uint64_t deadline; /* of the phase */
    bool given_up;
    struct child child[ROLES_MAX];
};

static unsigned or_else(unsigned value, unsigned usual)
{
    return value == 0 ? usual : value;
}

/* --- one child -------------------------------------------------------------------------------- */

static void send_signal(const struct child *c, int sig)
{
    if (c->running)
        (void)syscall(SYS_pidfd_send_signal, c->c.pidfd, sig, NULL, 0);
}

/* 100 ms, 200, 400, ... */
static unsigned pause_after(const struct ent_supervisor *s, unsigned deaths)
{
    unsigned ms = or_else(s->o.pause_ms, 100), most = or_else(s->o.pause_max_ms, 30000);
    for (unsigned i = 1; i < deaths && ms < most; i++)
        ms *= 2;
    return ms < most ? ms : most;
}

/* After a death, or a start that failed; who ended with 0 has done what it was there for. */
static void plan(struct ent_supervisor *s, size_t i, struct ent_proc_event *e)
{
    struct child *c = &s->child[i];
    if (s->phase != WANTED)
        return;
    if (e->what == ENT_PROC_ENDED && e->code == 0)
        c->deaths = 0;
    else if (++c->deaths >= or_else(s->o.deaths, 10)) {
        s->given_up = true;
        return;
    }
    e->restart_ms = pause_after(s, c->deaths); /* also then: nobody is started in a circle */
    c->at = ent_clock_steady_ns() + (uint64_t)e->restart_ms * MS;
}

static void tell(const struct ent_supervisor *s, const struct ent_proc_event *e)
{
    s->o.event(s->o.ctx, e);
}

static enum ent_err start(struct ent_supervisor *s, size_t i, struct ent_diag *d)
{
    struct child *c = &s->child[i];
    enum ent_err r = ent_spawn(&c->c, d, s->o.roles[i]);
    if (r != ENT_OK)
        return r;
    c->running = true;
    c->at = ent_clock_steady_ns();
    atomic_store(&c->doomed, false);
    tell(s, &(struct ent_proc_event){
                .what = ENT_PROC_STARTED, .index = i, .role = s->o.roles[i], .pid = c->c.pid});
    if (s->o.started(s->o.ctx, i, c->c.channel) != ENT_OK)
        send_signal(c, SIGKILL);
    return ENT_OK;
}

static void name_call(const struct ent_supervisor *s, struct ent_proc_event *e)
{
    int nr = 0;
    bool found = false;
    if (e->signal != SIGSYS || s->log < 0)
        return;
    for (int i = 0; i < LOG_TRIES && !found; i++) { /* it is written a little later */
        struct pollfd p = {.fd = s->log, .events = POLLIN};
        if (i > 0)
            (void)poll(&p, 1, LOG_MS);
        found = ent_kernel_log_find(s->log, &nr, e->pid);
    }
    if (!found)
        return;
    char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, nr);
    if (name != NULL)
        (void)snprintf(e->call, sizeof(e->call), "%s", name);
    else
        (void)snprintf(e->call, sizeof(e->call), "%d", nr);
    free(name);
}

static void reap(struct ent_supervisor *s, size_t i)
{
    struct child *c = &s->child[i];
    siginfo_t info = {0};
    int r;
    while ((r = waitid(P_PIDFD, (id_t)c->c.pidfd, &info, WEXITED | WNOHANG)) < 0 && errno == EINTR)
        continue;
    if (r < 0 || info.si_pid == 0)
        return;
    struct ent_proc_event e = {.what = ENT_PROC_ENDED,
                               .index = i,
                               .role = s->o.roles[i],
                               .pid = c->c.pid,
                               .stopping = s->phase != WANTED,
                               .code = info.si_code == CLD_EXITED ? info.si_status : -1,
                               .signal = info.si_code == CLD_EXITED ? 0 : info.si_status};
    (void)close(c->c.pidfd);
    c->running = false;
    name_call(s, &e);
    if (ent_clock_steady_ns() - c->at > (uint64_t)or_else(s->o.healthy_ms, 60000) * MS)
        c->deaths = 0;
    plan(s, i, &e);
    tell(s, &e);
}

/* --- all of them ------------------------------------------------------------------------------ */

static bool any_running(const struct ent_supervisor *s)
{
    for (size_t i = 0; i < s->o.n; i++)
        if (s->child[i].running)
            return true;
    return false;
}

/* The next step of the end, when it is time. */
static void step_down(struct ent_supervisor *s)
{
    uint64_t now = ent_clock_steady_ns();
    if (s->phase == WANTED) {
        s->phase = s->o.ask != NULL ? ASKED : TOLD;
        s->deadline = now + (uint64_t)(s->phase == ASKED ? or_else(s->o.ask_ms, 5000)
                                                         : or_else(s->o.term_ms, 2000)) *
                                MS;
    } else if (now >= s->deadline && s->phase != ENDED) {
        s->phase = s->phase == ASKED ? TOLD : ENDED;
        s->deadline = now + (uint64_t)or_else(s->o.term_ms, 2000) * MS;
    } else {
        return;
    }
    for (size_t i = 0; i < s->o.n; i++) {
        if (s->phase == ASKED && s->child[i].running)
            s->o.ask(s->o.ctx, i);
        else if (s->phase != ASKED)
            send_signal(&s->child[i], s->phase == TOLD ? SIGTERM : SIGKILL);
    }
}

static enum ent_err start_due(struct ent_supervisor *s, struct ent_diag *d)
{
    for (size_t i = 0; i < s->o.n && s->phase == WANTED; i++) {
        struct child *c = &s->child[i];
        if (c->running || c->at > ent_clock_steady_ns())
            continue;
        enum ent_err r = start(s, i, d);
        if (r != ENT_OK &&
            c->deaths == 0) /* never ran, or ran well: the system is out of something */
            return r;
        if (r != ENT_OK) {
            struct ent_proc_event e = {.what = ENT_PROC_STARTED};
            plan(s, i, &e);
        }
    }
    return ENT_OK;
}

static int wait_ms(const struct ent_supervisor *s)
{
    uint64_t now = ent_clock_steady_ns(), next = UINT64_MAX;
    if (s->phase == ASKED || s->phase == TOLD)
        next = s->deadline;
    for (size_t i = 0; i < s->o.n && s->phase == WANTED; i++)
        if (!s->child[i].running && s->child[i].at < next)
            next = s->child[i].at;
    if (next == UINT64_MAX)
        return -1;
    return next <= now ? 0 : (int)((next - now) / MS + 1);
}

static void wait_for_something(struct ent_supervisor *s)
{
    struct pollfd p[ROLES_MAX + 1] = {{.fd = s->wake, .events = POLLIN}};
    uint64_t count;
    for (size_t i = 0; i < s->o.n; i++)
        p[i + 1] =
            (struct pollfd){.fd = s->child[i].running ? s->child[i].c.pidfd : -1, .events = POLLIN};
    if (poll(p, s->o.n + 1, wait_ms(s)) <= 0)
        return;
    if (p[0].revents != 0 && read(s->wake, &count, sizeof(count)) < 0)
        return;
    for (size_t i = 0; i < s->o.n; i++) {
        if (s->child[i].running && atomic_exchange(&s->child[i].doomed, false))
            send_signal(&s->child[i], SIGKILL);
        if (p[i + 1].revents != 0)
            reap(s, i);
    }
}

static void give_up(const struct ent_supervisor *s)
{
    for (size_t i = 0; i < s->o.n; i++)
        if (!s->child[i].running && s->child[i].deaths >= or_else(s->o.deaths, 10))
            tell(s, &(struct ent_proc_event){
                        .what = ENT_PROC_GIVEN_UP, .index = i, .role = s->o.roles[i]});
}

enum ent_err ent_supervisor_run(struct ent_supervisor *s, struct ent_diag *d)
{
    enum ent_err r = ENT_OK;
    for (;;) {
        if (s->phase == WANTED && r == ENT_OK && !atomic_load(&s->stop) && !s->given_up)
            r = start_due(s, d);
        if (s->phase == WANTED && s->given_up)
            give_up(s);
        if (r != ENT_OK || s->given_up || atomic_load(&s->stop))
            step_down(s);
        if (s->phase != WANTED && !any_running(s))
            break;
        wait_for_something(s);
    }
    if (r == ENT_OK && s->given_up)
        r = ent_fail(d, ENT_E_STATE, "a process ends again and again", 0, 0);
    return r;
}

/* --- from outside ----------------------------------------------------------------------------- */

static void wake(struct ent_supervisor *s)
{
    int before = errno; /* in a signal handler */
    const uint64_t one = 1;
    ssize_t ignored = write(s->wake, &one, sizeof(one)); /* full: it is awake */
    (void)ignored;
    errno = before;
}

void ent_supervisor_stop(struct ent_supervisor *s)
{
    atomic_store(&s->stop, true);
    wake(s);
}

void ent_supervisor_kill(struct ent_supervisor *s, size_t index)
{
    ENT_ASSERT(index < s->o.n);
    atomic_store(&s->child[index].doomed, true);
    wake(s);
}

enum ent_err ent_supervisor_new(struct ent_supervisor **ret, struct ent_diag *d,
                                const struct ent_supervisor_opts *opts)
{
    ENT_ASSERT(opts->n > 0 && opts->n <= ROLES_MAX && opts->started != NULL && opts->event != NULL);
    struct ent_supervisor *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return ent_fail(d, ENT_E_NOMEM, "out of memory", 0, 0);
    s->o = *opts;
    if ((s->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0) {
        free(s);
        return ent_fail_sys(d, "cannot make an eventfd");
    }
    s->log = ent_kernel_log_open();
    *ret = s;
    return ENT_OK;
}

void ent_supervisor_free(struct ent_supervisor *s)
{
    if (s == NULL)
        return;
    ENT_ASSERT(!any_running(s));
    (void)close(s->wake);
    if (s->log >= 0)
        (void)close(s->log);
    free(s);
}
