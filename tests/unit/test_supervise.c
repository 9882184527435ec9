/* test_supervise.c: children that are this program again, and their parent: what a child begins
 * with, deaths of every kind, restarts, the end, and the parent's own death. */
#include "tests/support/t.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "proc/proc.h"
#include "proc/kernel_log.h"

enum { PARENT, CHILD };
enum { REPORT = 1, ASK };
#define ANY ENT_MSG_ANY

static const struct ent_msg_row rows[] = {
    {REPORT, ENT_MSG_CALL, ENT_MSG_BIT(PARENT), ANY, 0, 0, ENT_MSG_FD_NONE},
    {REPORT, ENT_MSG_ANSWER, ENT_MSG_BIT(CHILD), ANY, 0, 4096, ENT_MSG_FD_NONE},
    {ASK, ENT_MSG_NOTE, ENT_MSG_BIT(PARENT), ANY, 0, 0, ENT_MSG_FD_NONE},
};
static const struct ent_protocol protocol = {rows, 3, 4, 4096};

/* --- the roles -------------------------------------------------------------------------------- */

static int death; /* the signal that comes with the parent's end; of the first thread */

/* What a child finds when it begins, as text. */
static enum ent_err report(void *ctx, struct ent_msg *ret, struct ent_msg *call)
{
    struct ent_buf *b = &ret->bytes;
    char comm[17] = "", link[64], target[64];
    unsigned caught = 0;
    enum ent_err r;
    (void)ctx, (void)call;
    (void)prctl(PR_GET_NAME, comm);
    for (int sig = 1; sig < 32; sig++) {
        struct sigaction a;
        caught += sigaction(sig, NULL, &a) == 0 && a.sa_handler != SIG_DFL && sig != SIGSEGV &&
                  sig != SIGBUS && sig != SIGFPE; /* the sanitizers' */
    }
    if ((r = ent_buf_printf(b, "comm=%s death=%d caught=%u fds=", comm, death, caught)) != ENT_OK)
        return r;
    for (int fd = 0; fd < 200; fd++) {
        (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        ssize_t n = readlink(link, target, sizeof(target) - 1);
        if (n <= 0)
            continue;
        target[n] = '\0';
        if (fd != 2 && (r = ent_buf_printf(b, "%d:%.8s ", fd, target)) != ENT_OK)
            return r;
    }
    for (char **e = environ; *e != NULL; e++)
        if (strstr(*e, "SAN_OPTIONS") == NULL && (r = ent_buf_printf(b, "env:%s ", *e)) != ENT_OK)
            return r;
    return ENT_OK;
}

static void asked(void *ctx, struct ent_msg *note)
{
    (void)ctx, (void)note;
    _exit(0);
}

static struct ent_channel *to_parent(int channel)
{
    struct ent_channel *c;
    struct ent_channel_opts o = {.protocol = &protocol,
                                 .self = CHILD,
                                 .peer = PARENT,
                                 .threads = 1,
                                 .serve = report,
                                 .note = asked};
    return ent_channel_new(&c, NULL, channel, &o) == ENT_OK ? c : NULL;
}

static int run_good(int channel)
{
    sigset_t set;
    (void)sigprocmask(SIG_SETMASK, NULL, &set);
    for (int sig = 1; sig < 32; sig++)
        if (sigismember(&set, sig) == 1)
            return 9;
    (void)prctl(PR_GET_PDEATHSIG, &death);
    struct ent_channel *c = to_parent(channel);
    return c != NULL && ent_channel_wait(c, NULL) == ENT_E_PEER ? 0 : 8;
}

static int run_quits(int channel)
{
    (void)channel;
    return 3;
}

static int run_done(int channel)
{
    (void)channel;
    return 0;
}

static int run_stubborn(int channel)
{
    (void)signal(SIGTERM, SIG_IGN);
    (void)send(channel, "!", 1, MSG_NOSIGNAL); /* ready */
    while (pause() < 0)
        continue;
    return 0;
}

static int run_patient(int channel) /* ends by SIGTERM, hears no words */
{
    (void)channel;
    while (pause() < 0)
        continue;
    return 0;
}

static int run_aborts(int channel)
{
    const struct rlimit none = {0, 0};
    (void)channel;
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)signal(SIGABRT, SIG_DFL);
    (void)raise(SIGABRT);
    return 0;
}

static int run_forbidden(int channel)
{
    struct ent_sandbox s = *ent_sandbox_of("worker");
    struct ent_sandbox_state st;
    struct ent_diag d = {0};
    (void)channel;
    s.uid = s.gid = 65534;
    s.best_effort = true;
    if (ent_sandbox_enter(&st, &d, &s) != ENT_OK)
        return 7;
    if (!st.seccomp)
        return 6;
    char *none[] = {NULL};
    (void)execve("/bin/true", none, none);
    return 5;
}

static int run_shut_in(int channel) /* another user: would forget whom it belongs to */
{
    struct ent_sandbox s = *ent_sandbox_of("worker");
    struct ent_sandbox_state st;
    s.uid = s.gid = 65534;
    s.best_effort = true;
    (void)channel;
    if (ent_sandbox_enter(&st, NULL, &s) != ENT_OK)
        return 7;
    while (usleep(100000) == 0)
        continue;
    return 0;
}

static int run_liar(int channel) /* speaks nonsense, and stays */
{
    if (ent_fd_write(channel, ENT_SLICE_LIT("this is no frame of any kind at all")) != ENT_OK)
        return 4;
    return run_stubborn(channel);
}

static const struct ent_proc_role roles[] = {
    {"good", run_good},         {"quits", run_quits},
    {"stubborn", run_stubborn}, {"patient", run_patient},
    {"aborts", run_aborts},     {"forbidden", run_forbidden},
    {"liar", run_liar},         {"shut-in", run_shut_in},
    {"done", run_done},         {NULL, NULL},
};

/* --- the parent ------------------------------------------------------------------------------- */

struct parent {
    struct ent_supervisor *s;
    struct ent_channel *c[4];
    struct ent_proc_event events[64];
    unsigned n, started, ended;
    unsigned stop_after; /* so many ends; 0: by the test */
    bool talk, deaf;     /* deaf: the first is stubborn, and says when it is ready */
    atomic_uint up;
};

static void lied(void *ctx, enum ent_err why, const struct ent_diag *d)
{
    struct parent *p = ctx;
    (void)d;
    if (why != ENT_E_PEER) /* else it ended by itself */
        ent_supervisor_kill(p->s, 0);
}

static enum ent_err on_started(void *ctx, size_t i, int channel)
{
    struct parent *p = ctx;
    if (!p->talk) {
        char x;
        if (p->deaf && i == 0)
            (void)recv(channel, &x, 1, 0);
        (void)close(channel);
        atomic_fetch_add(&p->up, 1);
        return ENT_OK;
    }
    struct ent_channel_opts o = {
        .protocol = &protocol, .self = PARENT, .peer = CHILD, .closed = lied, .ctx = p};
    enum ent_err r = ent_channel_new(&p->c[i], NULL, channel, &o);
    atomic_fetch_add(&p->up, 1);
    return r;
}

static void on_event(void *ctx, const struct ent_proc_event *e)
{
    struct parent *p = ctx;
    if (p->n < 64)
        p->events[p->n++] = *e;
    p->started += e->what == ENT_PROC_STARTED;
    p->ended += e->what == ENT_PROC_ENDED;
    if (e->what == ENT_PROC_ENDED) {
        ent_channel_free(p->c[e->index]);
        p->c[e->index] = NULL;
        if (p->stop_after != 0 && p->ended >= p->stop_after)
            ent_supervisor_stop(p->s);
    }
}

static void on_ask(void *ctx, size_t i)
{
    struct parent *p = ctx;
    if (p->c[i] != NULL)
        (void)(ent_channel_note(p->c[i], ASK, ent_slice(NULL, 0), -1) == ENT_OK);
}

static struct ent_supervisor_opts options(struct parent *p, const char *const *names, size_t n)
{
    return (struct ent_supervisor_opts){.roles = names,
                                        .n = n,
                                        .started = on_started,
                                        .event = on_event,
                                        .ctx = p,
                                        .pause_ms = 10,
                                        .pause_max_ms = 40,
                                        .deaths = 5,
                                        .ask_ms = 30000,
                                        .term_ms = 300};
}

static enum ent_err supervise(struct parent *p, const struct ent_supervisor_opts *o)
{
    struct ent_diag d = {0};
    assert_ok(ent_supervisor_new(&p->s, NULL, o));
    enum ent_err r = ent_supervisor_run(p->s, &d);
    if (r != ENT_OK)
        assert_string_equal(d.text, "a process ends again and again");
    ent_supervisor_free(p->s);
    assert_int_equal(p->started, p->ended);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* nobody left, no zombie */
    assert_int_equal(errno, ECHILD);
    return r;
}

struct later {
    struct parent *p;
    unsigned up;
    void (*then)(struct parent *p);
    pthread_t thread;
};

static void *wait_and(void *arg)
{
    struct later *l = arg;
    while (atomic_load(&l->p->up) < l->up)
        (void)usleep(2000);
    if (l->then != NULL)
        l->then(l->p);
    ent_supervisor_stop(l->p->s);
    return NULL;
}

/* --- tests ------------------------------------------------------------------------------------ */

static char said[4096];
static void ask_for_report(struct parent *p)
{
    struct ent_msg m = ENT_MSG_NOTHING;
    if (ent_channel_call(p->c[0], &m, REPORT, ent_slice(NULL, 0), -1, 30000) == ENT_OK)
        (void)snprintf(said, sizeof(said), "%.*s", (int)m.bytes.n, (const char *)m.bytes.p);
    ent_msg_release(&m);
}

static void test_what_a_child_begins_with(void **state)
{
    const char *const names[] = {"good"};
    struct parent p = {.talk = true};
    struct later l = {.p = &p, .up = 1, .then = ask_for_report};
    struct ent_supervisor_opts o = options(&p, names, 1);
    int leak = open("/dev/null", O_RDONLY); /* inheritable */
    (void)state;
    assert_int_equal(setenv("ENTENTE_CPU", "portable", 1), 0);
    assert_int_equal(setenv("LD_SECRET", "1", 1), 0);
    (void)signal(SIGUSR1, SIG_IGN);
    o.ask = on_ask;
    assert_int_equal(pthread_create(&l.thread, NULL, wait_and, &l), 0);
    assert_ok(supervise(&p, &o));
    (void)pthread_join(l.thread, NULL);
    (void)close(leak);
    assert_string_equal(said, "comm=entente: good death=9 caught=0 fds=0:/dev/nul 1:/dev/nul "
                              "3:socket:[ env:ENTENTE_CPU=portable ");
    assert_int_equal(p.n, 2);
    assert_true(p.events[1].stopping && p.events[1].code == 0); /* asked, and went */
}

static void test_one_that_ends_at_once_is_given_up(void **state)
{
    const char *const names[] = {"patient", "quits"};
    static const unsigned pauses[] = {10, 20, 40, 40, 0};
    struct parent p = {0};
    struct ent_supervisor_opts o = options(&p, names, 2);
    unsigned n = 0;
    (void)state;
    assert_err(supervise(&p, &o), ENT_E_STATE);
    for (unsigned i = 0; i < p.n; i++) {
        const struct ent_proc_event *e = &p.events[i];
        if (e->what != ENT_PROC_ENDED || e->index != 1)
            continue;
        assert_string_equal(e->role, "quits");
        assert_true(e->code == 3 && e->signal == 0 && n < 5 && e->restart_ms == pauses[n++]);
    }
    assert_int_equal(n, 5);
    const struct ent_proc_event *last = &p.events[p.n - 1], *before = &p.events[p.n - 2];
    assert_true(before->what == ENT_PROC_GIVEN_UP && before->index == 1);
    assert_true(last->index == 0 && last->signal == SIGTERM && last->stopping);
}

static void test_whose_work_is_done_did_not_die(void **state)
{
    const char *const names[] = {"done"};
    struct parent p = {.stop_after = 12}; /* twice and more what would be too often */
    struct ent_supervisor_opts o = options(&p, names, 1);
    (void)state;
    assert_ok(supervise(&p, &o));
    for (unsigned i = 0; i < p.n; i++) {
        const struct ent_proc_event *e = &p.events[i];
        if (e->what == ENT_PROC_ENDED)
            assert_true(e->code == 0 && e->restart_ms == 10 && !e->stopping);
    }
}

static void test_deaths_are_told_apart(void **state)
{
    const char *const names[] = {"aborts"}, *const no_role[] = {"no-such-role"};
    struct parent p = {.stop_after = 2};
    struct ent_supervisor_opts o = options(&p, names, 1);
    (void)state;
    assert_ok(supervise(&p, &o));
    assert_true(p.events[1].what == ENT_PROC_ENDED && p.events[1].signal == SIGABRT &&
                p.events[1].code == -1 && p.events[1].restart_ms == 10 && !p.events[1].stopping);
    assert_true(p.events[2].what == ENT_PROC_STARTED);
    p = (struct parent){.stop_after = 1};
    o = options(&p, no_role, 1);
    assert_ok(supervise(&p, &o));
    assert_int_equal(p.events[1].code, 2);
}

static void test_a_forbidden_call_is_named(void **state)
{
    const char *const names[] = {"forbidden"};
    struct parent p = {.stop_after = 1};
    struct ent_supervisor_opts o = options(&p, names, 1);
    int log = ent_kernel_log_open();
    (void)state;
    assert_ok(supervise(&p, &o));
    if (p.events[1].code == 6) {
        printf("# skipped: no seccomp here\n");
        return;
    }
    assert_int_equal(p.events[1].signal, SIGSYS);
    if (log < 0 || p.events[1].call[0] == '\0')
        printf("# skipped: the kernel's log does not say which call it was\n");
    else
        assert_string_equal(p.events[1].call, "execve");
    if (log >= 0)
        (void)close(log);
}

static void kill_it(struct parent *p)
{
    (void)kill(p->events[0].pid, SIGKILL);
    while (atomic_load(&p->up) < 2)
        (void)usleep(2000);
}

static void test_one_that_is_killed_comes_back(void **state)
{
    const char *const names[] = {"good"};
    struct parent p = {.talk = true};
    struct later l = {.p = &p, .up = 1, .then = kill_it};
    struct ent_supervisor_opts o = options(&p, names, 1);
    (void)state;
    o.ask = on_ask;
    assert_int_equal(pthread_create(&l.thread, NULL, wait_and, &l), 0);
    assert_ok(supervise(&p, &o));
    (void)pthread_join(l.thread, NULL);
    assert_int_equal(p.n, 4);
    assert_true(p.events[1].signal == SIGKILL && p.events[1].restart_ms == 10);
    assert_true(p.events[3].stopping && p.events[3].code == 0);
}

static void test_one_that_lies_is_ended(void **state)
{
    const char *const names[] = {"liar"};
    struct parent p = {.talk = true, .stop_after = 1};
    struct ent_supervisor_opts o = options(&p, names, 1);
    (void)state;
    assert_ok(supervise(&p, &o));
    assert_true(p.events[1].what == ENT_PROC_ENDED && p.events[1].signal == SIGKILL &&
                !p.events[1].stopping);
}

static void test_one_that_does_not_listen_is_ended(void **state)
{
    const char *const names[] = {"stubborn", "patient"};
    struct parent p = {.deaf = true};
    struct later l = {.p = &p, .up = 2};
    struct ent_supervisor_opts o = options(&p, names, 2);
    (void)state;
    o.ask = on_ask; /* neither hears it */
    o.ask_ms = 300;
    o.term_ms = 1000;
    assert_int_equal(pthread_create(&l.thread, NULL, wait_and, &l), 0);
    assert_ok(supervise(&p, &o));
    (void)pthread_join(l.thread, NULL);
    assert_int_equal(p.n, 4);
    assert_true(p.events[2].index == 1 && p.events[2].signal == SIGTERM);
    assert_true(p.events[3].index == 0 && p.events[3].signal == SIGKILL);
}

/* A zombie of whoever adopted it is gone too. */
static void wait_gone(pid_t child)
{
    char path[64];
    struct ent_buf b;
    (void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)child);
    for (int tries = 0;; tries++) {
        ent_buf_init(&b, 4096);
        bool gone = ent_file_read(&b, NULL, path) != ENT_OK || memmem(b.p, b.n, ") Z ", 4) != NULL;
        ent_buf_release(&b);
        if (gone)
            return;
        assert_true(tries < 500);
        (void)usleep(10000);
    }
}

static void ends_with_parent(const char *role)
{
    int p[2];
    pid_t child = 0;
    char x;
    assert_int_equal(pipe(p), 0);
    pid_t parent = fork();
    if (parent == 0) {
        struct ent_child c;
        if (ent_spawn(&c, NULL, role) != ENT_OK)
            _exit(1);
        (void)usleep(100000);
        if (write(p[1], &c.pid, sizeof(c.pid)) != sizeof(c.pid))
            _exit(1);
        (void)raise(SIGKILL);
    }
    (void)close(p[1]);
    /* The child's copies of the pipe are closed: only the parent had them. */
    assert_int_equal(read(p[0], &child, sizeof(child)), sizeof(child));
    assert_int_equal(read(p[0], &x, 1), 0);
    (void)waitpid(parent, NULL, 0);
    wait_gone(child);
    (void)close(p[0]);
}

static void test_children_end_with_their_parent(void **state)
{
    (void)state;
    ends_with_parent("stubborn");
    ends_with_parent("shut-in");
}

static void test_names_that_are_no_role(void **state)
{
    int code = -1;
    char *role[] = {(char[]){"entente: good"}, (char[]){"x"}, NULL};
    char *other[] = {(char[]){"entente"}, NULL}, *none[] = {NULL};
    (void)state;
    assert_false(ent_proc_role_run(&code, roles, 1, other));
    assert_false(ent_proc_role_run(&code, roles, 0, none));
    assert_int_equal(code, -1);
    assert_true(ent_proc_role_run(&code, roles, 2, role));
    assert_int_equal(code, 2);
    code = -1;
    int null = open("/dev/null", O_RDWR), kept = fcntl(3, F_DUPFD_CLOEXEC, 100);
    assert_int_equal(dup2(null, 3), 3); /* something, but no channel */
    assert_true(ent_proc_role_run(&code, roles, 1, role));
    assert_int_equal(code, 2);
    if (kept >= 0)
        (void)dup2(kept, 3);
    (void)close(null);
}

static void test_the_kernel_log(void **state)
{
    /* table */
    static const struct {
        const char *record;
        int call;
        pid_t pid;
    } cases[] = {
        {"5,1,2,-;audit: type=1326 audit(1.2:3): auid=4 uid=0 gid=0 ses=4 pid=77 comm=\"x\" "
         "exe=\"/x\" sig=31 arch=c000003e syscall=59 compat=0 ip=0x7f code=0x80000000\n",
         59, 77},
        {"5,1,2,-;audit: type=1326 pid=1 syscall=2", 2, 1},
        {"5,1,2,-;audit: type=1327 pid=1 syscall=2", -1, 0},
        {"5,1,2,-;a program says: audit: type=1326 pid=1 syscall=2", -1, 0},
        {"5,1,2,-;audit: type=1326 pid=-1 syscall=2", -1, 0},
        {"5,1,2,-;audit: type=1326 pid=1 syscall=", -1, 0},
        {"5,1,2,-;audit: type=1326 pid=1", -1, 0},
        {"5,1,2,-;audit: type=1326 pid=99999999999 syscall=1", -1, 0},
        {"audit: type=1326 pid=1 syscall=2", -1, 0},
        {";", -1, 0},
        {"", -1, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int call = -1;
        pid_t pid = 0;
        bool found = ent_kernel_log_parse(&call, &pid, ent_slice_str(cases[i].record));
        assert_int_equal(found, cases[i].call >= 0);
        assert_int_equal(call, cases[i].call);
        assert_int_equal(pid, cases[i].pid);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_a_child_begins_with),
        cmocka_unit_test(test_one_that_ends_at_once_is_given_up),
        cmocka_unit_test(test_whose_work_is_done_did_not_die),
        cmocka_unit_test(test_deaths_are_told_apart),
        cmocka_unit_test(test_a_forbidden_call_is_named),
        cmocka_unit_test(test_one_that_is_killed_comes_back),
        cmocka_unit_test(test_one_that_lies_is_ended),
        cmocka_unit_test(test_one_that_does_not_listen_is_ended),
        cmocka_unit_test(test_children_end_with_their_parent),
        cmocka_unit_test(test_names_that_are_no_role),
        cmocka_unit_test(test_the_kernel_log),
    };
    int code;
    if (ent_proc_role_run(&code, roles, argc, argv))
        _exit(code);
    return ent_t_run("supervise", tests);
}
