/* spawn.c: from fork() to the role's entry. Between fork() and exec() only what is safe in a child
 * of a process with threads: system calls. */
#include "proc/proc.h"

#include "proc/sandbox_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define CANNOT 127 /* exit code of a child that did not get so far; as a shell's */
#define HIGH   64  /* descriptors above 0 to 3, out of the way */

/* --- the parent's side ------------------------------------------------------------------------ */

static const char *const inherited[] = {
    "ENTENTE_CPU",
#if ENT_SANITIZED
    "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS",
#endif
};
#define INHERITED (sizeof(inherited) / sizeof(inherited[0]))

struct launch {
    char name[sizeof(ENT_ROLE_PREFIX) + ENT_ROLE_MAX];
    char env[INHERITED][512];
    char *argv[2], *envp[INHERITED + 1];
    int channel;
    pid_t parent;
};

static enum ent_err prepare(struct launch *l, struct ent_diag *d, const char *role, int channel)
{
    size_t n = 0;
    *l = (struct launch){.channel = channel, .parent = getpid()};
    ENT_ASSERT(strlen(role) <= ENT_ROLE_MAX);
    (void)snprintf(l->name, sizeof(l->name), "%s%s", ENT_ROLE_PREFIX, role);
    l->argv[0] = l->name;
    for (size_t i = 0; i < INHERITED; i++) {
        const char *value = getenv(inherited[i]);
        if (value == NULL)
            continue;
        int len = snprintf(l->env[n], sizeof(l->env[n]), "%s=%s", inherited[i], value);
        if (len < 0 || (size_t)len >= sizeof(l->env[n]))
            return ent_fail(d, ENT_E_LIMIT, "a variable of the environment is too long", 0, 0);
        l->envp[n] = l->env[n];
        n++;
    }
    return ENT_OK;
}

static bool place_descriptors(int channel)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int from = fcntl(channel, F_DUPFD_CLOEXEC, HIGH); /* it may be 0 to 3 itself */
    int to = null < 0 ? -1 : fcntl(null, F_DUPFD_CLOEXEC, HIGH);
    if (from < 0 || to < 0)
        return false;
    return dup2(to, STDIN_FILENO) >= 0 && dup2(to, STDOUT_FILENO) >= 0 &&
           (ENT_SANITIZED || dup2(to, STDERR_FILENO) >= 0) && dup2(from, ENT_ROLE_CHANNEL) >= 0 &&
           close_range(ENT_ROLE_CHANNEL + 1, ~0u, 0) == 0;
}

/* In the child, with all signals blocked. */
_Noreturn static void launch(struct launch *l)
{
    sigset_t none;
    for (int sig = 1; sig < NSIG; sig++)
        (void)signal(sig, SIG_DFL);
    /* The parent may have ended before the first of these two calls. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || getppid() != l->parent ||
        !place_descriptors(l->channel))
        _exit(CANNOT);
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)execve("/proc/self/exe", l->argv, l->envp);
    _exit(CANNOT);
}

enum ent_err ent_spawn(struct ent_child *ret, struct ent_diag *d, const char *role)
{
    struct launch l;
    sigset_t all, before;
    int pair[2];
    enum ent_err r;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return ent_fail_sys(d, "cannot make a channel");
    if ((r = prepare(&l, d, role, pair[1])) != ENT_OK)
        goto out;
    (void)sigfillset(&all); /* no handler of ours runs in the child */
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t pid = fork();
    if (pid == 0)
        launch(&l);
    if (pid < 0)
        r = ent_fail_sys(d, "cannot start a process");
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (r != ENT_OK)
        goto out;
    /* Nobody else waits for it, so the number is still its own. */
    *ret = (struct ent_child){pid, (int)syscall(SYS_pidfd_open, pid, 0), pair[0]};
    if (ret->pidfd >= 0) {
        (void)close(pair[1]);
        return ENT_OK;
    }
    r = ent_fail_sys(d, "cannot watch a process");
    (void)kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        continue;
out:
    (void)close(pair[0]);
    (void)close(pair[1]);
    return r;
}

/* --- the child's side ------------------------------------------------------------------------- */

static bool is_channel(int fd)
{
    int domain = 0, type = 0;
    socklen_t n = sizeof(domain);
    if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &n) != 0 || domain != AF_UNIX)
        return false;
    n = sizeof(type);
    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n) == 0 && type == SOCK_STREAM &&
           fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

bool ent_proc_role_run(int *ret, const struct ent_proc_role *roles, int argc, char **argv)
{
    const size_t n = sizeof(ENT_ROLE_PREFIX) - 1;
    if (argc < 1 || strncmp(argv[0], ENT_ROLE_PREFIX, n) != 0)
        return false;
    *ret = 2;
    while (roles->name != NULL && strcmp(roles->name, argv[0] + n) != 0)
        roles++;
    if (roles->name == NULL || argc != 1 || !is_channel(ENT_ROLE_CHANNEL))
        return true;
    (void)prctl(PR_SET_NAME, argv[0], 0, 0, 0); /* else it is "exe" */
    (void)umask(077);
    if (ent_secret_start() == ENT_OK)
        *ret = roles->run(ENT_ROLE_CHANNEL);
    return true;
}
