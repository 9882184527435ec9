/*
 * sandbox.c: entering, in the one order that works: paths are opened while they can be, root is
 * left before the filters come that forbid to leave it, seccomp is last because it forbids the
 * rest.
 */
#include "proc/proc.h"

#include "proc/sandbox_parts.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#ifndef PR_SET_MDWE /* Linux 6.3 */
#define PR_SET_MDWE              65
#define PR_MDWE_REFUSE_EXEC_GAIN 1
#endif

/* --- who -------------------------------------------------------------------------------------- */

static enum ent_err drop_capabilities(struct ent_diag *d)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    const struct __user_cap_data_struct none[2] = {{0}};
    struct __user_cap_data_struct held[2];
    if (syscall(SYS_capset, &head, none) == 0)
        return ENT_OK;
    enum ent_err r = ent_fail_sys(d, "cannot give up the capabilities");
    /* A filter around us may forbid the call, also to those who have none. */
    return syscall(SYS_capget, &head, held) == 0 && memcmp(held, none, sizeof(held)) == 0 ? ENT_OK
                                                                                          : r;
}

static bool all_are(uid_t uid, gid_t gid)
{
    uid_t u[3];
    gid_t g[3];
    if (getresuid(&u[0], &u[1], &u[2]) != 0 || getresgid(&g[0], &g[1], &g[2]) != 0)
        return false;
    for (int i = 0; i < 3; i++)
        if (u[i] != uid || g[i] != gid)
            return false;
    return true;
}

static enum ent_err leave_root(struct ent_diag *d, const struct ent_sandbox *s)
{
    int death = 0; /* the signal that comes with the parent's end: a new user clears it */
    if (s->uid == 0 || s->gid == 0)
        return ent_fail(d, ENT_E_POLICY, "started as root, and nobody to become", 0, 0);
    (void)prctl(PR_GET_PDEATHSIG, &death, 0, 0, 0);
    if (setgroups(0, NULL) != 0 || setresgid(s->gid, s->gid, s->gid) != 0 ||
        setresuid(s->uid, s->uid, s->uid) != 0)
        return ent_fail_sys(d, "cannot become another user");
    if (!all_are(s->uid, s->gid) || getgroups(0, NULL) != 0 || setuid(0) == 0 || setgid(0) == 0)
        return ent_fail(d, ENT_E_STATE, "another user, and still root", 0, 0);
    if (death != 0 && prctl(PR_SET_PDEATHSIG, death, 0, 0, 0) != 0)
        return ent_fail_sys(d, "cannot tie this process to its parent");
    return ENT_OK;
}

static enum ent_err become(struct ent_sandbox_state *st, struct ent_diag *d,
                           const struct ent_sandbox *s)
{
    enum ent_err r;
    bool root = getuid() == 0 || geteuid() == 0 || getgid() == 0 || getegid() == 0;
    if (root && !s->stay_root && (r = leave_root(d, s)) != ENT_OK)
        return r;
    if ((r = drop_capabilities(d)) != ENT_OK)
        return r;
    st->root_left = root && !s->stay_root;
    st->uid = getuid();
    st->gid = getgid();
    return ENT_OK;
}

/* --- where and how much ----------------------------------------------------------------------- */

static enum ent_err stay_somewhere(struct ent_sandbox_state *st, struct ent_diag *d,
                                   const struct ent_sandbox *s)
{
    const char *dir = s->empty == NULL ? "/" : s->empty;
    if (chdir(dir) != 0)
        return ent_fail_sys(d, "cannot go to the empty directory");
    if (s->empty == NULL || geteuid() != 0 || s->n_paths > 0)
        return ENT_OK;
    if (chroot(".") != 0)
        return ent_fail_sys(d, "cannot make the empty directory the root");
    st->chrooted = true;
    return ENT_OK;
}

static enum ent_err limit(uint64_t *ret, struct ent_diag *d, int what, uint64_t most)
{
    struct rlimit l;
    if (getrlimit((__rlimit_resource_t)what, &l) != 0)
        return ent_fail_sys(d, "cannot read a limit");
    if (most == RLIM_INFINITY) {
        *ret = l.rlim_cur;
        return ENT_OK;
    }
    if (most < l.rlim_max) /* never more than it had */
        l.rlim_max = most;
    *ret = l.rlim_cur = l.rlim_max;
    return setrlimit((__rlimit_resource_t)what, &l) == 0 ? ENT_OK
                                                         : ent_fail_sys(d, "cannot set a limit");
}

static enum ent_err set_limits(struct ent_sandbox_state *st, struct ent_diag *d,
                               const struct ent_sandbox *s)
{
    const uint64_t keep = RLIM_INFINITY;
    uint64_t files = s->file_bytes == 0 ? keep : s->file_bytes;
    uint64_t memory = s->memory_bytes == 0 ? keep : s->memory_bytes;
    uint64_t data = s->data_bytes == 0 ? keep : s->data_bytes;
    uint64_t core;
    enum ent_err r;
    if ((s->may & (ENT_MAY_WRITE | ENT_MAY_STORE)) == 0)
        files = 0;
    if (ENT_SANITIZED) /* they reserve terabytes, and write their reports where they find a file */
        files = memory = data = keep;
    if ((r = limit(&core, d, RLIMIT_CORE, 0)) != ENT_OK ||
        (r = limit(&st->file_bytes, d, RLIMIT_FSIZE, files)) != ENT_OK ||
        (r = limit(&st->memory_bytes, d, RLIMIT_AS, memory)) != ENT_OK ||
        (r = limit(&st->data_bytes, d, RLIMIT_DATA, data)) != ENT_OK ||
        (r = limit(&st->open_files, d, RLIMIT_NOFILE, s->open_files == 0 ? keep : s->open_files)) !=
            ENT_OK ||
        (r = limit(&st->processes, d, RLIMIT_NPROC, s->processes == 0 ? keep : s->processes)) !=
            ENT_OK)
        return r;
    return limit(&st->cpu_seconds, d, RLIMIT_CPU, s->cpu_seconds == 0 ? keep : s->cpu_seconds);
}

/* --- what ------------------------------------------------------------------------------------- */

static enum ent_err harden(struct ent_sandbox_state *st, struct ent_diag *d)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return ent_fail_sys(d, "cannot give up new privileges");
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
        return ent_fail_sys(d, "cannot keep others from looking in");
    /* seccomp forbids the same; this also holds should a filter have a hole. */
    st->no_new_code = prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) == 0;
    return ENT_OK;
}

/* Landlock covers the thread that enters it. Where seccomp forbids to open anything, that of all
 * threads, others do not matter. */
static enum ent_err check_threads(struct ent_diag *d, const struct ent_sandbox *s)
{
    struct stat st;
    if ((s->may & (ENT_MAY_READ | ENT_MAY_WRITE)) == 0)
        return ENT_OK;
    if (stat("/proc/self/task", &st) != 0)
        return ent_fail_sys(d, "cannot count the threads");
    if (st.st_nlink > 3 + ENT_RUNTIME_THREADS) /* ".", "..", this one */
        return ent_fail(d, ENT_E_STATE, "a role that opens files has threads already", 0, 0);
    return ENT_OK;
}

enum ent_err ent_sandbox_enter(struct ent_sandbox_state *ret, struct ent_diag *d,
                               const struct ent_sandbox *s)
{
    struct ent_sandbox_state st = {.landlock = ent_landlock_abi()};
    int rules = -1;
    enum ent_err r;
    if (st.landlock == 0 && !s->best_effort)
        return ent_fail(d, ENT_E_UNSUPPORTED, "this kernel has no Landlock", 0, 0);
    if (st.landlock > 0 && ((r = check_threads(d, s)) != ENT_OK ||
                            (r = ent_landlock_prepare(&rules, d, s, st.landlock)) != ENT_OK))
        return r;
    if ((r = stay_somewhere(&st, d, s)) != ENT_OK || (r = set_limits(&st, d, s)) != ENT_OK ||
        (r = become(&st, d, s)) != ENT_OK || (r = harden(&st, d)) != ENT_OK)
        goto out;
    if (rules >= 0) {
        r = ent_landlock_enter(rules, d);
        rules = -1;
        if (r != ENT_OK)
            goto out;
    }
    r = ent_seccomp_enter(d, s);
    st.seccomp = r == ENT_OK;
    if (r == ENT_E_UNSUPPORTED && s->best_effort)
        r = ENT_OK;
    if (r == ENT_OK)
        *ret = st;
out:
    if (rules >= 0)
        (void)close(rules);
    return r;
}

void ent_sandbox_show(char ret[static ENT_SANDBOX_TEXT], const struct ent_sandbox_state *st)
{
    char landlock[24] = "no Landlock";
    if (st->landlock > 0)
        (void)snprintf(landlock, sizeof(landlock), "Landlock %u", st->landlock);
    (void)snprintf(ret, ENT_SANDBOX_TEXT, "%s, %s, user %u%s%s%s",
                   st->seccomp ? "seccomp" : "no seccomp", landlock, (unsigned)st->uid,
                   st->root_left ? " (was root)" : "", st->chrooted ? ", empty root" : "",
                   st->no_new_code ? ", no new code" : "");
}

/* The number behind the name. */
static unsigned number(const char *text, const char *name)
{
    const char *at = strstr(text, name);
    uint64_t v = 0;
    if (at == NULL)
        return 0;
    at += strlen(name);
    return ent_parse_u64(&v, ent_slice(at, strspn(at, "0123456789")), UINT32_MAX) == ENT_OK
               ? (unsigned)v
               : 0;
}

enum ent_err ent_sandbox_parse(struct ent_sandbox_state *ret, const char *text)
{
    const struct ent_sandbox_state st = {
        .seccomp = strncmp(text, "seccomp,", 8) == 0,
        .landlock = number(text, " Landlock "),
        .uid = number(text, ", user "),
        .root_left = strstr(text, " (was root)") != NULL,
        .chrooted = strstr(text, ", empty root") != NULL,
        .no_new_code = strstr(text, ", no new code") != NULL,
    };
    char again[ENT_SANDBOX_TEXT];
    ent_sandbox_show(again, &st);
    if (strcmp(again, text) != 0)
        return ENT_E_FORMAT;
    *ret = st;
    return ENT_OK;
}
