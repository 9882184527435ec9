/*
 * test_sandbox.c: what each role may, by trying. The program executes itself, enters the sandbox of
 * a role, and makes one attempt; the same attempt outside of any sandbox is the control, which
 * shows that it is the sandbox that stops it. Where this machine has no Landlock or seccomp, that
 * is said.
 */
#include "tests/support/t.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <termios.h>

#include "proc/proc.h"

#define NOBODY 65534u

enum { FINE = 0, NOT_ENTERED = 100, NO_PROBE = 101 }; /* exit codes; else an errno */

static const char *dir; /* the keeper's; the front may read in it */

/* --- the attempts ------------------------------------------------------------------------------
 * Each returns 0 when it succeeded, else errno. */

static int result(long r)
{
    return r < 0 ? errno : FINE;
}

static int try_open(const char *name, int flags)
{
    char path[300];
    if (name[0] == '/')
        return result(open(name, flags | O_CLOEXEC, 0600));
    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    return result(open(path, flags | O_CLOEXEC, 0600));
}

static int p_nothing(void)
{
    return FINE;
}
static int p_open(void)
{
    return try_open("/etc/passwd", O_RDONLY);
}
static int p_openat(void)
{
    return result(syscall(SYS_openat, AT_FDCWD, "/proc/self/maps", O_RDONLY));
}
static int p_open_own(void)
{
    return try_open("kept", O_RDONLY);
}
static int p_write_own(void)
{
    return try_open("new", O_WRONLY | O_CREAT);
}
static int p_write_other(void)
{
    char path[300];
    (void)snprintf(path, sizeof(path), "%s-other", dir);
    return result(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}
static int p_rename_out(void)
{
    char from[300], to[300];
    (void)snprintf(from, sizeof(from), "%s/kept", dir);
    (void)snprintf(to, sizeof(to), "%s-moved", dir);
    return result(rename(from, to));
}
static int p_symlink(void)
{
    char to[300];
    (void)snprintf(to, sizeof(to), "%s/link", dir);
    return result(symlink("/etc/shadow", to));
}
static int p_stat(void)
{
    struct stat st;
    return result(stat("/etc/passwd", &st));
}
static int p_fstat(void)
{
    struct stat st;
    return result(fstat(0, &st));
}
static int p_chmod(void)
{
    return result(chmod("/", 0755));
}
static int p_execve(void)
{
    char *argv[] = {(char[]){"true"}, NULL};
    return result(execve("/bin/true", argv, argv + 1));
}
static int p_fork(void)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    return result(pid);
}
static int p_vfork(void)
{
    long pid = syscall(SYS_clone, CLONE_VFORK | SIGCHLD, NULL, NULL, NULL, NULL);
    if (pid == 0)
        _exit(0);
    return result(pid);
}
static int p_unshare(void)
{
    return result(unshare(CLONE_NEWUSER));
}
static int p_clone3(void)
{
    return result(syscall(SYS_clone3, NULL, 0));
}
static void *nothing(void *arg)
{
    return arg;
}
static int p_thread(void)
{
    pthread_t t;
    int r = pthread_create(&t, NULL, nothing, NULL);
    return r != 0 ? r : pthread_join(t, NULL);
}
static int p_kill_other(void)
{
    return result(kill(getppid(), 0));
}
static int p_tgkill_other(void)
{
    return result(syscall(SYS_tgkill, getppid(), getppid(), 0));
}
static int p_kill_self(void)
{
    return result(kill(getpid(), 0));
}
static int p_ptrace(void)
{
    return result(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}
static int p_vm_read(void)
{
    char a = 0, b;
    struct iovec l = {&b, 1}, r = {&a, 1};
    return result(process_vm_readv(getpid(), &l, 1, &r, 1, 0));
}
static int p_mmap_code(void)
{
    void *p =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return result(p == MAP_FAILED ? -1 : 0);
}
static int p_mprotect_code(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return result(p == MAP_FAILED ? -1 : mprotect(p, 4096, PROT_READ | PROT_EXEC));
}
static int p_mmap_data(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return result(p == MAP_FAILED ? -1 : mprotect(p, 4096, PROT_READ));
}
static int sock(int family, int type, int protocol)
{
    return result(socket(family, type | SOCK_CLOEXEC, protocol));
}
static int p_socket(void)
{
    return sock(AF_INET, SOCK_STREAM, 0);
}
static int p_socket6(void)
{
    return sock(AF_INET6, SOCK_DGRAM, 0);
}
static int p_socket_raw(void)
{
    return sock(AF_INET, SOCK_RAW, IPPROTO_ICMP);
}
static int p_socket_unix(void)
{
    return sock(AF_UNIX, SOCK_STREAM, 0);
}
static int p_socket_netlink(void)
{
    return sock(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
}
static int p_socket_packet(void)
{
    return sock(AF_PACKET, SOCK_RAW, 0);
}
static struct sockaddr_in loopback(uint16_t port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return a;
}
/* With sockets that were there before, as after a bug in who hands them out. */
static int before_socket = -1, before_tty = -1, before_file = -1;
static int p_connect(void)
{
    struct sockaddr_in a = loopback(9);
    int r = result(connect(before_socket, (struct sockaddr *)&a, sizeof(a)));
    return r == ECONNREFUSED ? FINE : r; /* it asked */
}
static int p_bind(void)
{
    struct sockaddr_in a = loopback(0);
    return result(bind(before_socket, (struct sockaddr *)&a, sizeof(a)));
}
static int p_store(void)
{
    return result(fsync(before_file) == 0 && pwrite(before_file, "abc", 3, 0) == 3
                      ? ftruncate(before_file, 2)
                      : -1);
}
static int p_lock(void)
{
    return result(flock(before_file, LOCK_EX));
}
static int p_sync_range(void)
{
    return result(sync_file_range(before_file, 0, 1, SYNC_FILE_RANGE_WRITE));
}
static int p_read_handed(void)
{
    char c;
    return result(pread(before_file, &c, 1, 0));
}
static int try_openat2(const char *path)
{
    const struct open_how how = {.flags = O_RDONLY | O_CLOEXEC};
    return result(syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how)));
}
static int p_openat2(void)
{
    return try_openat2("/etc/passwd");
}
static int p_openat2_own(void)
{
    char path[300];
    (void)snprintf(path, sizeof(path), "%s/kept", dir);
    return try_openat2(path);
}
static int p_tiocsti(void)
{
    int r = result(ioctl(before_tty, TIOCSTI, "x"));
    return r == EIO || r == EPERM ? FINE : r; /* newer kernels forbid it to most */
}
static int p_tiocsti_high(void)
{
    int r = result(syscall(SYS_ioctl, before_tty, UINT64_C(0x100000000) | TIOCSTI, "x"));
    return r == EIO || r == EPERM ? FINE : r;
}
static int p_winsize(void)
{
    struct winsize w;
    return result(ioctl(before_tty, TIOCGWINSZ, &w));
}
static int p_isatty(void)
{
    struct termios t;
    return result(tcgetattr(before_tty, &t));
}
static int p_prctl(void)
{
    return result(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
}
static int p_prctl_name(void)
{
    return result(prctl(PR_SET_NAME, "probe", 0, 0, 0));
}
static int p_setrlimit(void)
{
    struct rlimit l = {10, 10};
    return result(setrlimit(RLIMIT_NOFILE, &l));
}
static int p_getrlimit(void)
{
    struct rlimit l;
    return result(getrlimit(RLIMIT_NOFILE, &l));
}
static int p_async_io(void)
{
    return result(fcntl(0, F_SETOWN, getpid()));
}
static int p_setuid(void)
{
    return result(syscall(SYS_setuid, getuid()));
}
static int p_io_uring(void)
{
    long r = syscall(SYS_io_uring_setup, 0, NULL);
    return r < 0 && (errno == EINVAL || errno == EFAULT || errno == EPERM || errno == ENOSYS)
               ? FINE
               : result(r);
}
static int p_seccomp(void)
{
    long r = syscall(SYS_seccomp, 2, 0, (const uint32_t[]){0x7fff0000u});
    return result(r);
}
static int p_other_abi(void)
{
#ifdef __x86_64__
    long r = syscall(0x40000000 | 39); /* x32's getpid */
    return r < 0 && errno == ENOSYS ? FINE : result(r);
#else
    return FINE;
#endif
}
static pthread_barrier_t both;
static void *late_fork(void *arg)
{
    (void)pthread_barrier_wait(&both); /* ready */
    (void)pthread_barrier_wait(&both); /* the sandbox is entered */
    *(int *)arg = p_execve();
    return NULL;
}
static int late_result;
static pthread_t late;
/* The thread is older than the sandbox: see probe(). */
static int p_old_thread(void)
{
    (void)pthread_barrier_wait(&both);
    (void)pthread_join(late, NULL);
    return late_result;
}

/* --- what is to come of them ------------------------------------------------------------------ */

enum fate { OK, DIE, EACC, ENOS, EFAM, EXDE, ENTT, EANY, NOIN };
#define KILLED 200
/* columns: outside, front, worker, keeper, signer, ledger */
/* table */
static const struct {
    const char *name;
    int (*try)(void);
    enum fate fate[6];
} probes[] = {
    {"nothing", p_nothing, {OK, OK, OK, OK, OK, OK}},
    {"open", p_open, {OK, EACC, EACC, EACC, EACC, EACC}},
    {"openat", p_openat, {OK, EACC, EACC, EACC, EACC, EACC}},
    {"openat2", p_openat2, {OK, ENOS, ENOS, EACC, ENOS, ENOS}},
    {"openat2-own", p_openat2_own, {OK, ENOS, ENOS, OK, ENOS, ENOS}},
    {"open-own", p_open_own, {OK, OK, EACC, OK, EACC, EACC}},
    {"write-own", p_write_own, {OK, DIE, EACC, OK, EACC, EACC}},
    {"write-other", p_write_other, {OK, DIE, EACC, EACC, EACC, EACC}},
    {"rename-out", p_rename_out, {OK, DIE, DIE, EXDE, DIE, DIE}},
    {"symlink", p_symlink, {OK, DIE, DIE, DIE, DIE, DIE}},
    {"stat", p_stat, {OK, OK, EACC, OK, EACC, EACC}},
    {"fstat", p_fstat, {OK, OK, OK, OK, OK, OK}},
    {"chmod", p_chmod, {EANY, DIE, DIE, DIE, DIE, DIE}},
    {"execve", p_execve, {OK, DIE, DIE, DIE, DIE, DIE}},
    {"fork", p_fork, {OK, DIE, DIE, DIE, DIE, DIE}},
    {"vfork", p_vfork, {OK, DIE, DIE, DIE, DIE, DIE}},
    {"unshare", p_unshare, {EANY, DIE, DIE, DIE, DIE, DIE}},
    {"clone3", p_clone3, {EANY, ENOS, ENOS, ENOS, ENOS, ENOS}},
    {"thread", p_thread, {OK, OK, OK, OK, OK, OK}},
    {"kill-other", p_kill_other, {OK, DIE, DIE, DIE, DIE, DIE}},
    {"tgkill-other", p_tgkill_other, {OK, DIE, DIE, DIE, DIE, DIE}},
    {"kill-self", p_kill_self, {OK, OK, OK, OK, OK, OK}},
    {"ptrace", p_ptrace, {OK, DIE, DIE, DIE, DIE, DIE}},
    {"vm-read", p_vm_read, {OK, DIE, DIE, DIE, DIE, DIE}},
    {"mmap-code", p_mmap_code, {OK, DIE, DIE, DIE, DIE, DIE}},
    {"mprotect-code", p_mprotect_code, {OK, DIE, DIE, DIE, DIE, DIE}},
    {"mmap-data", p_mmap_data, {OK, OK, OK, OK, OK, OK}},
    {"socket", p_socket, {OK, OK, DIE, DIE, DIE, DIE}},
    {"socket6", p_socket6, {OK, OK, DIE, DIE, DIE, DIE}},
    {"socket-raw", p_socket_raw, {EANY, DIE, DIE, DIE, DIE, DIE}},
    {"socket-unix", p_socket_unix, {OK, EFAM, DIE, DIE, DIE, DIE}},
    {"socket-netlink", p_socket_netlink, {OK, EFAM, DIE, DIE, DIE, DIE}},
    {"socket-packet", p_socket_packet, {EANY, DIE, DIE, DIE, DIE, DIE}},
    {"connect", p_connect, {OK, OK, DIE, DIE, DIE, DIE}},
    {"bind", p_bind, {OK, OK, DIE, DIE, DIE, DIE}},
    {"store", p_store, {OK, DIE, DIE, OK, DIE, OK}},
    {"lock", p_lock, {OK, DIE, DIE, OK, DIE, OK}},
    {"sync-range", p_sync_range, {OK, DIE, DIE, OK, DIE, OK}},
    {"read-handed", p_read_handed, {OK, OK, OK, OK, OK, OK}},
    {"tiocsti", p_tiocsti, {OK, DIE, DIE, DIE, DIE, DIE}},
    {"tiocsti-high", p_tiocsti_high, {OK, DIE, DIE, DIE, DIE, DIE}},
    {"winsize", p_winsize, {OK, DIE, DIE, DIE, DIE, DIE}},
    {"isatty", p_isatty, {OK, ENTT, ENTT, ENTT, ENTT, ENTT}},
    {"prctl-dumpable", p_prctl, {OK, DIE, DIE, DIE, DIE, DIE}},
    {"prctl-name", p_prctl_name, {OK, OK, OK, OK, OK, OK}},
    {"setrlimit", p_setrlimit, {OK, DIE, DIE, DIE, DIE, DIE}},
    {"getrlimit", p_getrlimit, {OK, OK, OK, OK, OK, OK}},
    {"async-io", p_async_io, {OK, DIE, DIE, DIE, DIE, DIE}},
    {"setuid", p_setuid, {OK, DIE, DIE, DIE, DIE, DIE}},
    {"io-uring", p_io_uring, {OK, DIE, DIE, DIE, DIE, DIE}},
    {"seccomp", p_seccomp, {OK, DIE, DIE, DIE, DIE, DIE}},
#ifdef __x86_64__
    {"other-abi", p_other_abi, {OK, DIE, DIE, DIE, DIE, DIE}},
#endif
    {"old-thread", p_old_thread, {OK, NOIN, DIE, NOIN, DIE, DIE}},
};
#define PROBES (sizeof(probes) / sizeof(probes[0]))
static const char *const columns[] = {"outside", "front", "worker", "keeper", "signer", "ledger"};

/* --- the process that tries ------------------------------------------------------------------- */

static enum ent_err enter(const char *role, struct ent_sandbox_state *st, struct ent_diag *d)
{
    struct ent_sandbox s = *ent_sandbox_of(role);
    const struct ent_sandbox_path own = {dir, (s.may & ENT_MAY_WRITE) != 0};
    s.uid = s.gid = NOBODY;
    if ((s.may & ENT_MAY_READ) != 0) {
        s.paths = &own;
        s.n_paths = 1;
    }
    return ent_sandbox_enter(st, d, &s);
}

/* argv: program, "probe", role, name of the attempt, directory */
static int probe(char **argv)
{
    struct ent_sandbox_state st;
    struct ent_diag d = {0};
    char go;
    bool old = strcmp(argv[3], "old-thread") == 0;
    dir = argv[4];
    before_socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char path[300];
    (void)snprintf(path, sizeof(path), "%s/handed", dir);
    before_file = open(path, O_RDWR | O_CLOEXEC);
    before_tty = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (old) {
        (void)pthread_barrier_init(&both, NULL, 2);
        if (pthread_create(&late, NULL, late_fork, &late_result) != 0)
            return NO_PROBE;
        (void)pthread_barrier_wait(&both);
    }
    if (strcmp(argv[2], "outside") != 0) {
        enum ent_err r = enter(argv[2], &st, &d);
        if (r != ENT_OK) {
            (void)fprintf(stderr, "# %s: %s (%s)\n", argv[2], d.text, strerror(d.sys));
            _exit(NOT_ENTERED);
        }
    }
    if (strcmp(argv[3], "wait") == 0) /* to be looked at */
        _exit(write(1, "!", 1) == 1 && read(0, &go, 1) >= 0 ? FINE : NO_PROBE);
    for (size_t i = 0; i < PROBES; i++)
        if (strcmp(probes[i].name, argv[3]) == 0)
            _exit(probes[i].try());
    return NO_PROBE;
}

static pid_t start(const char *role, const char *name, int in, int out)
{
    pid_t pid = fork();
    if (pid == 0) {
        char *argv[] = {(char[]){"test_sandbox"}, (char[]){"probe"},      (char *)(uintptr_t)role,
                        (char *)(uintptr_t)name,  (char *)(uintptr_t)dir, NULL};
        if (in >= 0 && (dup2(in, 0) < 0 || dup2(out, 1) < 0))
            _exit(NO_PROBE);
        (void)execv("/proc/self/exe", argv);
        _exit(NO_PROBE);
    }
    return pid;
}

static int outcome(pid_t pid)
{
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
        return KILLED;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 300 + WTERMSIG(status);
}

/* --- tests ------------------------------------------------------------------------------------ */

/* What there must be for these tests to mean anything. */
static bool machine_can(void)
{
    struct ent_sandbox_state st;
    struct ent_diag d = {0};
    pid_t pid = fork();
    if (pid == 0) {
        enum ent_err r = enter("signer", &st, &d);
        if (r != ENT_OK)
            printf("# %s\n", d.text);
        (void)fflush(stdout);
        _exit(r == ENT_E_UNSUPPORTED ? 1 : r == ENT_OK ? 0 : 2);
    }
    int code = outcome(pid);
    assert_true(code == 0 || code == 1);
    return code == 0;
}

#define SKIP_WITHOUT()                                                                             \
    do {                                                                                           \
        if (!machine_can()) {                                                                      \
            printf("# skipped: no Landlock or no seccomp here\n");                                 \
            return;                                                                                \
        }                                                                                          \
    } while (0)

static void remove_beside(void)
{
    char path[300];
    (void)snprintf(path, sizeof(path), "%s-other", dir);
    (void)unlink(path);
    (void)snprintf(path, sizeof(path), "%s-moved", dir);
    (void)unlink(path);
}

static void fresh_dir(void)
{
    char path[300];
    (void)snprintf(path, sizeof(path), "%s/link", dir);
    (void)unlink(path);
    (void)snprintf(path, sizeof(path), "%s/new", dir);
    (void)unlink(path);
    (void)snprintf(path, sizeof(path), "%s/handed", dir); /* long enough not to grow */
    if (ent_file_write(path, ENT_SLICE_LIT("xyz"), 0600, NULL) != ENT_OK)
        fail();
    (void)snprintf(path, sizeof(path), "%s/kept", dir);
    if (ent_file_write(path, ENT_SLICE_LIT("x"), 0666, NULL) != ENT_OK || chmod(path, 0666) != 0)
        fail();
    remove_beside();
}

static bool is(enum fate fate, int got)
{
    switch (fate) {
    case OK:
        return got == FINE;
    case DIE:
        return got == KILLED;
    case EACC:
        return got == EACCES;
    case ENOS:
        return got == ENOSYS;
    case EFAM:
        return got == EAFNOSUPPORT;
    case ENTT:
        return got == ENOTTY;
    case EXDE:
        return got == EXDEV || got == EACCES;
    case EANY: /* not by a signal */
        return got < NOT_ENTERED;
    case NOIN:
        return got == NOT_ENTERED;
    }
    return false;
}

static void test_each_role_by_trying(void **state)
{
    unsigned bad = 0;
    (void)state;
    SKIP_WITHOUT();
    for (size_t c = 0; c < sizeof(columns) / sizeof(columns[0]); c++) {
        for (size_t i = 0; i < PROBES; i++) {
            fresh_dir();
            int got = outcome(start(columns[c], probes[i].name, -1, -1));
            if (is(probes[i].fate[c], got))
                continue;
            printf("# %s, %s: %d\n", columns[c], probes[i].name, got);
            bad++;
        }
    }
    remove_beside();
    assert_int_equal(bad, 0);
}

/* What the kernel says about it, not what it says itself. */
static void test_the_kernel_says_the_same(void **state)
{
    (void)state;
    SKIP_WITHOUT();
    for (size_t c = 1; c < sizeof(columns) / sizeof(columns[0]); c++) {
        int in[2], out[2];
        char x, path[64], uid[64];
        struct ent_buf b;
        struct stat st;
        assert_int_equal(pipe2(in, O_CLOEXEC), 0);
        assert_int_equal(pipe2(out, O_CLOEXEC), 0);
        pid_t pid = start(columns[c], "wait", in[0], out[1]);
        (void)close(out[1]);
        assert_int_equal(read(out[0], &x, 1), 1);
        ent_buf_init(&b, 65536);
        (void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
        assert_ok(ent_file_read(&b, NULL, path));
        assert_ok(ent_buf_putc(&b, '\0'));
        const char *s = (const char *)b.p;
        unsigned u = getuid() == 0 ? NOBODY : (unsigned)getuid();
        (void)snprintf(uid, sizeof(uid), "Uid:\t%u\t%u\t%u\t%u\n", u, u, u, u);
        assert_non_null(strstr(s, "NoNewPrivs:\t1\n"));
        assert_non_null(strstr(s, "Seccomp:\t2\n"));
        assert_non_null(strstr(s, uid));
        assert_non_null(strstr(s, "CapEff:\t0000000000000000\n"));
        assert_non_null(strstr(s, "CapPrm:\t0000000000000000\n"));
        if (getuid() == 0)
            assert_non_null(strstr(s, "Groups:\t \n"));
        /* Not dumpable: what it has under /proc is root's. */
        (void)snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_uid, 0);
        (void)close(in[1]);
        assert_int_equal(outcome(pid), FINE);
        ent_buf_release(&b);
        (void)close(in[0]);
        (void)close(out[0]);
    }
}

/* Enters it in a child; the child's verdict. */
static int entering(const struct ent_sandbox *s, enum ent_err want,
                    bool (*look)(const struct ent_sandbox_state *))
{
    pid_t pid = fork();
    if (pid == 0) {
        struct ent_sandbox_state st;
        struct ent_diag d = {0};
        enum ent_err r = ent_sandbox_enter(&st, &d, s);
        if (r == want && (r != ENT_OK || look == NULL || look(&st)))
            _exit(FINE);
        printf("# %d: %s\n", (int)r, d.text == NULL ? "" : d.text);
        (void)fflush(stdout);
        _exit(NOT_ENTERED);
    }
    return outcome(pid);
}

static void test_root_is_left(void **state)
{
    struct ent_sandbox s = *ent_sandbox_of("signer");
    (void)state;
    SKIP_WITHOUT();
    if (getuid() != 0) {
        printf("# skipped: not root\n");
        return;
    }
    assert_int_equal(entering(&s, ENT_E_POLICY, NULL), FINE);
    s.uid = NOBODY;
    assert_int_equal(entering(&s, ENT_E_POLICY, NULL), FINE); /* and the group */
    s.best_effort = true;
    assert_int_equal(entering(&s, ENT_E_POLICY, NULL), FINE);
    s.gid = NOBODY;
    assert_int_equal(entering(&s, ENT_OK, NULL), FINE);
}

static bool limits_hold(const struct ent_sandbox_state *st)
{
    struct rlimit l;
    return getrlimit(RLIMIT_CORE, &l) == 0 && l.rlim_max == 0 && st->open_files == 20 &&
           getrlimit(RLIMIT_NOFILE, &l) == 0 && l.rlim_max == 20 && st->processes == 5 &&
           st->cpu_seconds == 100 && getrlimit(RLIMIT_CPU, &l) == 0 && l.rlim_cur == 100 &&
           (st->memory_bytes == 64u << 20 ? malloc(100u << 20) == NULL
                                          : st->memory_bytes == RLIM_INFINITY); /* sanitizers */
}

static bool cannot_eat_all_memory(const struct ent_sandbox_state *st)
{
    return st->data_bytes == RLIM_INFINITY /* sanitizers */ ||
           (malloc(st->data_bytes) == NULL && errno == ENOMEM);
}

static bool stays_in_an_empty_place(const struct ent_sandbox_state *st)
{
    char text[ENT_SANDBOX_TEXT];
    ent_sandbox_show(text, st);
    return st->chrooted == (st->root_left) && strstr(text, "seccomp, Landlock ") == text &&
           (!st->chrooted || strstr(text, "user 65534 (was root), empty root") != NULL);
}

static void test_limits_and_places(void **state)
{
    struct ent_sandbox s = *ent_sandbox_of("worker");
    (void)state;
    SKIP_WITHOUT();
    s.uid = s.gid = NOBODY;
    s.open_files = 20;
    s.processes = 5;
    s.cpu_seconds = 100;
    s.memory_bytes = 64u << 20;
    assert_int_equal(entering(&s, ENT_OK, limits_hold), FINE);
    static const char *const roles[] = {"worker", "ledger", "signer"};
    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
        s = *ent_sandbox_of(roles[i]);
        s.uid = s.gid = NOBODY;
        assert_true(s.data_bytes > 0);
        assert_int_equal(entering(&s, ENT_OK, cannot_eat_all_memory), FINE);
    }
    s = *ent_sandbox_of("worker");
    s.uid = s.gid = NOBODY;
    s.empty = dir;
    assert_int_equal(entering(&s, ENT_OK, stays_in_an_empty_place), FINE);
    s.empty = "/nowhere";
    assert_int_equal(entering(&s, ENT_E_NOTFOUND, NULL), FINE);
    assert_null(ent_sandbox_of("parent"));
}

/* Ports, where Landlock knows them. */
static uint16_t open_port;
static bool only_that_port(const struct ent_sandbox_state *st)
{
    struct sockaddr_in yes = loopback(open_port), no = loopback(9);
    int a = socket(AF_INET, SOCK_STREAM, 0), b = socket(AF_INET, SOCK_STREAM, 0);
    bool fine = connect(a, (struct sockaddr *)&yes, sizeof(yes)) == 0;
    int r = connect(b, (struct sockaddr *)&no, sizeof(no));
    return fine && r < 0 && errno == (st->landlock >= 4 ? EACCES : ECONNREFUSED);
}

static void test_ports(void **state)
{
    struct sockaddr_in a = loopback(0);
    socklen_t n = sizeof(a);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)state;
    SKIP_WITHOUT();
    assert_int_equal(bind(fd, (struct sockaddr *)&a, n), 0);
    assert_int_equal(listen(fd, 4), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
    open_port = ntohs(a.sin_port);
    struct ent_sandbox s = {.role = "fetcher",
                            .may = ENT_MAY_CONNECT,
                            .ports = &open_port,
                            .n_ports = 1,
                            .uid = NOBODY,
                            .gid = NOBODY};
    assert_int_equal(entering(&s, ENT_OK, only_that_port), FINE);
    (void)close(fd);
}

/* A directory to read, a file to read, and one that is not there; nothing to write. */
static bool reads_only(const struct ent_sandbox_state *st)
{
    (void)st;
    return p_open_own() == FINE && p_write_own() == EACCES && try_open("kept", O_RDWR) != FINE &&
           try_open("/etc/hostname", O_RDONLY) == FINE && p_open() == EACCES;
}

static void test_paths_to_read(void **state)
{
    const struct ent_sandbox_path paths[] = {
        {dir, false}, {"/etc/hostname", false}, {"/nowhere/at/all", false}};
    struct ent_sandbox s = {.role = "reader",
                            .may = ENT_MAY_READ | ENT_MAY_WRITE, /* Landlock alone is to refuse */
                            .paths = paths,
                            .n_paths = 3,
                            .uid = NOBODY,
                            .gid = NOBODY};
    (void)state;
    SKIP_WITHOUT();
    fresh_dir();
    assert_int_equal(entering(&s, ENT_OK, reads_only), FINE);
    s.may = ENT_MAY_READ; /* now seccomp ends what asks to write */
    assert_int_equal(entering(&s, ENT_OK, reads_only), KILLED);
}

/* --- kernels that have less ------------------------------------------------------------------- */

/* As entering(), where these two calls fail as on an old kernel, and capset() as below a filter. */
static int on_an_old_kernel(const struct ent_sandbox *s, enum ent_err want, int call, int error,
                            bool (*look)(const struct ent_sandbox_state *))
{
    pid_t pid = fork();
    if (pid == 0) {
        const struct scmp_arg_cmp setting = {0, SCMP_CMP_EQ, PR_SET_SECCOMP, 0};
        scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
        if (f == NULL || seccomp_rule_add(f, SCMP_ACT_ERRNO((uint16_t)error), call, 0) != 0 ||
            (call == SCMP_SYS(seccomp) &&
             seccomp_rule_add_array(f, SCMP_ACT_ERRNO((uint16_t)error), SCMP_SYS(prctl), 1,
                                    &setting) != 0) ||
            seccomp_load(f) != 0)
            _exit(NO_PROBE);
        _exit(entering(s, want, look));
    }
    return outcome(pid);
}

static bool no_landlock(const struct ent_sandbox_state *st)
{
    char text[ENT_SANDBOX_TEXT];
    ent_sandbox_show(text, st);
    return st->landlock == 0 && st->seccomp && strstr(text, "seccomp, no Landlock, ") == text &&
           p_open() == EACCES;
}

static bool no_seccomp(const struct ent_sandbox_state *st)
{
    return st->landlock > 0 && !st->seccomp && p_open() == EACCES && p_getrlimit() == FINE;
}

static void test_kernels_that_have_less(void **state)
{
    struct ent_sandbox s = *ent_sandbox_of("worker");
    (void)state;
    SKIP_WITHOUT();
    s.uid = s.gid = NOBODY;
    assert_int_equal(on_an_old_kernel(&s, ENT_E_UNSUPPORTED, 444, ENOSYS, NULL), FINE);
    assert_int_equal(on_an_old_kernel(&s, ENT_E_UNSUPPORTED, SCMP_SYS(seccomp), EINVAL, NULL),
                     FINE);
    s.best_effort = true;
    assert_int_equal(on_an_old_kernel(&s, ENT_OK, 444, ENOSYS, no_landlock), FINE);
    assert_int_equal(on_an_old_kernel(&s, ENT_OK, SCMP_SYS(seccomp), EINVAL, no_seccomp), FINE);
    /* What fails otherwise stays a failure. */
    assert_int_equal(on_an_old_kernel(&s, ENT_E_IO, 445 + 1, E2BIG, NULL), FINE);
    /* Who became nobody has no capabilities to give up. */
    assert_int_equal(on_an_old_kernel(&s, ENT_OK, SCMP_SYS(capset), EPERM, NULL), FINE);
    s.stay_root = true;
    assert_int_equal(
        on_an_old_kernel(&s, getuid() == 0 ? ENT_E_IO : ENT_OK, SCMP_SYS(capset), EPERM, NULL),
        FINE);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_role_by_trying),
        cmocka_unit_test(test_the_kernel_says_the_same),
        cmocka_unit_test(test_root_is_left),
        cmocka_unit_test(test_limits_and_places),
        cmocka_unit_test(test_ports),
        cmocka_unit_test(test_paths_to_read),
        cmocka_unit_test(test_kernels_that_have_less),
    };
    if (argc == 5 && strcmp(argv[1], "probe") == 0)
        return probe(argv);
    dir = ent_t_tmpdir();
    if (chmod(dir, 0777) != 0)
        return 1;
    return ent_t_run("sandbox", tests);
}
