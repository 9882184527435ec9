/*
 * sandbox_calls.c: which system calls a role may make, as named sets, and which sets which role
 * has. What stands in no set of a role ends it (SIGSYS). REFUSE is for calls that libraries make in
 * passing and get along without: the role goes on with an error.
 *
 * Arguments are compared by their lower 32 bits where the kernel looks at no more, so that nothing
 * hides in the upper ones.
 */
#include "proc/proc.h"

#include "proc/sandbox_parts.h"

#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

/* --- a language for the sets ------------------------------------------------------------------ */

struct call {
    int nr;  /* libseccomp's: negative when this architecture has no such call */
    int err; /* 0: allowed; else what it fails with */
    unsigned args;
    struct scmp_arg_cmp arg[2];
};

/* One line, one topic: clang-format would give each brace a line. */
/* clang-format off */
#define LOW32                 UINT64_C(0xffffffff)
#define IS(n, value)          {(n), SCMP_CMP_MASKED_EQ, LOW32, (uint32_t)(value)}
#define BITS(n, mask, value)  {(n), SCMP_CMP_MASKED_EQ, (mask), (value)}
#define ALLOW(name)           {SCMP_SYS(name), 0, 0, {{0}}}
#define ALLOW_IF(name, a)     {SCMP_SYS(name), 0, 1, {a}}
#define ALLOW_IF2(name, a, b) {SCMP_SYS(name), 0, 2, {a, b}}
#define REFUSE(name, e)       {SCMP_SYS(name), (e), 0, {{0}}}
#define REFUSE_IF(name, e, a) {SCMP_SYS(name), (e), 1, {a}}

/* --- the sets --------------------------------------------------------------------------------- */

/* Every role: computing, time, memory that is never code, the descriptors it has. */
static const struct call base[] = {
    ALLOW(read), ALLOW(readv), ALLOW(pread64), ALLOW(write), ALLOW(writev), ALLOW(pwrite64),
    ALLOW(close), ALLOW(lseek), ALLOW(fstat), ALLOW(dup),
    ALLOW(poll), ALLOW(ppoll), ALLOW(select), ALLOW(pselect6), ALLOW(eventfd2), ALLOW(pipe2),
    ALLOW(epoll_create1), ALLOW(epoll_ctl), ALLOW(epoll_wait), ALLOW(epoll_pwait),
    ALLOW(sendto), ALLOW(recvfrom), ALLOW(sendmsg), ALLOW(recvmsg), ALLOW(shutdown),
    ALLOW(getsockopt),
    ALLOW_IF(fcntl, IS(1, F_GETFD)), ALLOW_IF(fcntl, IS(1, F_SETFD)),
    ALLOW_IF(fcntl, IS(1, F_GETFL)), ALLOW_IF(fcntl, IS(1, F_SETFL)),
    ALLOW_IF(fcntl, IS(1, F_DUPFD_CLOEXEC)),
    ALLOW_IF(ioctl, IS(1, FIONREAD)), ALLOW_IF(ioctl, IS(1, FIONBIO)),
    REFUSE_IF(ioctl, ENOTTY, IS(1, TCGETS)), /* stdio asks whether it is a terminal */

    ALLOW(brk), ALLOW(munmap), ALLOW(mremap), ALLOW(madvise), ALLOW(mlock), ALLOW(munlock),
    ALLOW_IF(mmap, BITS(2, PROT_EXEC, 0)), ALLOW_IF(mprotect, BITS(2, PROT_EXEC, 0)),

    ALLOW(clock_gettime), ALLOW(clock_getres), ALLOW(clock_nanosleep), ALLOW(nanosleep),
    ALLOW(gettimeofday), ALLOW(time), ALLOW(getrandom), ALLOW(uname), ALLOW(sysinfo),
    ALLOW(getrusage), ALLOW(times),
    ALLOW_IF2(prlimit64, IS(0, 0), BITS(2, UINT64_MAX, 0)), /* to look, not to set */

    ALLOW(futex), ALLOW(sched_yield), ALLOW(sched_getaffinity), ALLOW(getcpu), ALLOW(membarrier),
    ALLOW(rt_sigaction), ALLOW(rt_sigprocmask), ALLOW(rt_sigreturn), ALLOW(sigaltstack),
    ALLOW(restart_syscall), ALLOW(exit), ALLOW(exit_group),
    ALLOW(getpid), ALLOW(gettid), ALLOW(getppid), ALLOW(getuid), ALLOW(geteuid), ALLOW(getgid),
    ALLOW(getegid), ALLOW_IF(prctl, IS(0, PR_SET_NAME)),
    REFUSE(clone3, ENOSYS), /* its flags lie where no filter sees them; clone() is next */
};

/* What the C library's pthread_create() asks for, and nothing else. */
static const struct call threads[] = {
    ALLOW_IF(clone, IS(0, CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
                          CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID |
                          CLONE_CHILD_CLEARTID)),
    ALLOW(set_robust_list), ALLOW(rseq),
};

/* Connections out; the resolver. Its look at interfaces and at a name cache is refused. */
static const struct call connecting[] = {
    ALLOW_IF2(socket, IS(0, AF_INET), BITS(1, 0xf, SOCK_STREAM)),
    ALLOW_IF2(socket, IS(0, AF_INET), BITS(1, 0xf, SOCK_DGRAM)),
    ALLOW_IF2(socket, IS(0, AF_INET6), BITS(1, 0xf, SOCK_STREAM)),
    ALLOW_IF2(socket, IS(0, AF_INET6), BITS(1, 0xf, SOCK_DGRAM)),
    REFUSE_IF(socket, EAFNOSUPPORT, IS(0, AF_UNIX)),
    REFUSE_IF(socket, EAFNOSUPPORT, IS(0, AF_NETLINK)),
    ALLOW_IF(socketpair, IS(0, AF_UNIX)), /* libcurl wakes itself */
    ALLOW(connect), ALLOW(getsockname), ALLOW(getpeername), ALLOW(sendmmsg), ALLOW(recvmmsg),
    ALLOW_IF(setsockopt, IS(1, SOL_SOCKET)), ALLOW_IF(setsockopt, IS(1, IPPROTO_TCP)),
    ALLOW_IF(setsockopt, IS(1, IPPROTO_IP)), ALLOW_IF(setsockopt, IS(1, IPPROTO_IPV6)),
};

static const struct call listening[] = {
    ALLOW(bind), ALLOW(listen), ALLOW(accept), ALLOW(accept4),
};

/* Landlock does not control who looks at names and sizes: only roles that open files may. */
static const struct call looking[] = {
    ALLOW(newfstatat), ALLOW(stat), ALLOW(lstat), ALLOW(statx), ALLOW(access), ALLOW(faccessat),
    ALLOW(faccessat2), ALLOW(readlink), ALLOW(readlinkat), ALLOW(getcwd), ALLOW(getdents64),
    ALLOW(fstatfs), ALLOW(fadvise64),
};
#define NOT_READ (O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND | (O_TMPFILE & ~O_DIRECTORY))
static const struct call reading[] = {
    ALLOW_IF(open, BITS(1, NOT_READ, O_RDONLY)), ALLOW_IF(openat, BITS(2, NOT_READ, O_RDONLY)),
    REFUSE(openat2, ENOSYS), /* its flags lie where no filter sees them */
};

/* With files that are open. */
static const struct call storing[] = {
    ALLOW(ftruncate), ALLOW(fallocate), ALLOW(fsync), ALLOW(fdatasync), ALLOW(sync_file_range),
    ALLOW(flock),
};

static const struct call writing[] = {
    ALLOW(open), ALLOW(openat), ALLOW(openat2), ALLOW(rename), ALLOW(renameat), ALLOW(renameat2),
    ALLOW(unlink), ALLOW(unlinkat), ALLOW(rmdir),
    ALLOW(mkdir), ALLOW(mkdirat), ALLOW(link), ALLOW(linkat), ALLOW(fchmod), ALLOW(utimensat),
    REFUSE(fchown, EPERM), /* SQLite, where root runs it */
    ALLOW(umask),
    ALLOW_IF(fcntl, IS(1, F_SETLK)), ALLOW_IF(fcntl, IS(1, F_SETLKW)),
    ALLOW_IF(fcntl, IS(1, F_GETLK)), ALLOW_IF(fcntl, IS(1, F_OFD_SETLK)),
    ALLOW_IF(fcntl, IS(1, F_OFD_SETLKW)),
};

/* Instead of looking and reading. The C library opens tables of time zones, character sets and
 * processors in passing, and its fstat() has another name. */
static const struct call no_files[] = {
    REFUSE(open, EACCES), REFUSE(openat, EACCES), REFUSE(openat2, ENOSYS),
    REFUSE(stat, EACCES), REFUSE(lstat, EACCES), REFUSE(statx, EACCES), REFUSE(access, EACCES),
    REFUSE(faccessat, EACCES), REFUSE(faccessat2, EACCES), REFUSE(readlink, EACCES),
    REFUSE(readlinkat, EACCES), REFUSE(getcwd, EACCES),
    ALLOW_IF(newfstatat, BITS(3, AT_EMPTY_PATH, AT_EMPTY_PATH)),
    REFUSE_IF(newfstatat, EACCES, BITS(3, AT_EMPTY_PATH, 0)),
};

/* SANITIZERS ONLY, never in a build for use: what their reports need. */
static const struct call sanitizers[] = {
    ALLOW(mincore), ALLOW(msync),
};

/* clang-format on */

/* --- the roles -------------------------------------------------------------------------------- */

#define GIB (UINT64_C(1) << 30)

/* The limits of memory (of data, threads' stacks with them) are far above what honest work needs:
 * one that is made to eat everything ends by itself, and not the machine with it. */
/* table */
static const struct ent_sandbox roles[] = {
    {.role = "front", /* reads how names are resolved, and its TLS identity in memory */
     .may = ENT_MAY_THREADS | ENT_MAY_CONNECT | ENT_MAY_LISTEN | ENT_MAY_READ,
     .open_files = 65536,
     .data_bytes = 4 * GIB},
    {.role = "worker", .may = ENT_MAY_THREADS, .open_files = 256, .data_bytes = 2 * GIB},
    {.role = "ledger",
     .may = ENT_MAY_THREADS | ENT_MAY_STORE,
     .open_files = 4096,
     .data_bytes = 4 * GIB},
    {.role = "keeper",
     .may = ENT_MAY_THREADS | ENT_MAY_READ | ENT_MAY_WRITE,
     .open_files = 4096,
     .data_bytes = 4 * GIB},
    {.role = "signer", .may = ENT_MAY_THREADS, .open_files = 64, .data_bytes = GIB / 4},
};

const struct ent_sandbox *ent_sandbox_of(const char *role)
{
    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
        if (strcmp(roles[i].role, role) == 0)
            return &roles[i];
    return NULL;
}

/* --- the filter ------------------------------------------------------------------------------- */

static int add(scmp_filter_ctx f, const struct call *c)
{
    uint32_t action = c->err == 0 ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO((uint16_t)c->err);
    int r = seccomp_rule_add_array(f, action, c->nr, c->args, c->arg);
    return r == -EDOM ? 0 : r; /* no such call here */
}

static int add_set(scmp_filter_ctx f, const struct call *set, size_t n)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < n; i++)
        r = add(f, &set[i]);
    return r;
}
#define ADD(f, set) add_set((f), (set), sizeof(set) / sizeof((set)[0]))

static int add_self(scmp_filter_ctx f)
{
    const struct call self[] = {
        ALLOW_IF(kill, IS(0, getpid())),
        ALLOW_IF(tgkill, IS(0, getpid())),
    };
    return ADD(f, self);
}

static int add_all(scmp_filter_ctx f, unsigned may)
{
    bool files = (may & (ENT_MAY_READ | ENT_MAY_WRITE)) != 0;
    int r;
    if ((r = ADD(f, base)) != 0 || (r = add_self(f)) != 0 ||
        (r = files ? ADD(f, looking) : ADD(f, no_files)) != 0)
        return r;
    if (files && (r = (may & ENT_MAY_WRITE) != 0 ? ADD(f, writing) : ADD(f, reading)) != 0)
        return r;
    if ((may & (ENT_MAY_WRITE | ENT_MAY_STORE)) != 0 && (r = ADD(f, storing)) != 0)
        return r;
    if ((may & ENT_MAY_THREADS) != 0 && (r = ADD(f, threads)) != 0)
        return r;
    if ((may & ENT_MAY_CONNECT) != 0 && (r = ADD(f, connecting)) != 0)
        return r;
    if ((may & ENT_MAY_LISTEN) != 0 && (r = ADD(f, listening)) != 0)
        return r;
    return ENT_SANITIZED ? ADD(f, sanitizers) : 0;
}

enum ent_err ent_seccomp_enter(struct ent_diag *d, const struct ent_sandbox *s)
{
    scmp_filter_ctx f = seccomp_init(SCMP_ACT_KILL_PROCESS);
    enum ent_err e = ENT_OK;
    int r;
    if (f == NULL)
        return ent_fail(d, ENT_E_NOMEM, "no memory for a seccomp filter", 0, 0);
    /* Other ways to number the calls (i386, x32) are as good as forbidden ones; all threads. */
    if ((r = seccomp_attr_set(f, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS)) != 0 ||
        (r = seccomp_attr_set(f, SCMP_FLTATR_CTL_TSYNC, 1)) != 0 ||
        (r = seccomp_attr_set(f, SCMP_FLTATR_CTL_OPTIMIZE, 2)) != 0 ||
        (r = seccomp_attr_set(f, SCMP_FLTATR_API_SYSRAWRC, 1)) != 0 || /* the kernel's errors */
        (r = add_all(f, s->may)) != 0 || (r = seccomp_load(f)) != 0) {
        errno = -r;
        e = errno == ENOSYS || errno == EINVAL || errno == EOPNOTSUPP
                ? ent_fail(d, ENT_E_UNSUPPORTED, "this kernel has no seccomp filters", 0, 0)
                : ent_fail_sys(d, "cannot install the seccomp filter");
    }
    seccomp_release(f);
    return e;
}
