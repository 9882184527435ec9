/*
 * sandbox_landlock.c: Landlock by its system calls, whose numbers are the same on all machines, and
 * by structs of our own: the headers of Debian 12 know the second version of the interface, kernels
 * the seventh. All rights that the running kernel knows are handled, so that what is not granted
 * below is denied.
 */
#include "proc/proc.h"

#include "proc/sandbox_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

enum { CREATE_RULESET = 444, ADD_RULE = 445, RESTRICT_SELF = 446 };
enum { CREATE_VERSION = 1, RULE_PATH = 1, RULE_PORT = 2 };

/* include/uapi/linux/landlock.h */
struct ruleset {
    uint64_t fs, net, scoped;
};
struct path_rule {
    uint64_t allowed;
    int32_t fd;
} __attribute__((packed));
struct port_rule {
    uint64_t allowed, port;
};

enum {
    FS_WRITE_FILE = 1 << 1,
    FS_READ_FILE = 1 << 2,
    FS_READ_DIR = 1 << 3,
    FS_REMOVE_DIR = 1 << 4,
    FS_REMOVE_FILE = 1 << 5,
    FS_MAKE_DIR = 1 << 7,
    FS_MAKE_REG = 1 << 8,
    FS_REFER = 1 << 13,    /* from ABI 2 on */
    FS_TRUNCATE = 1 << 14, /* 3 */
    FS_IOCTL_DEV = 1 << 15 /* 5 */
};
enum { NET_BIND = 1, NET_CONNECT = 2 };               /* 4 */
enum { SCOPE_ABSTRACT_SOCKET = 1, SCOPE_SIGNAL = 2 }; /* 6 */

/* Never granted: FS_EXECUTE, devices, sockets, pipes, symbolic links, FS_IOCTL_DEV. */
#define FILE_READ  (FS_READ_FILE)
#define FILE_WRITE (FS_WRITE_FILE | FS_TRUNCATE)
#define DIR_READ   (FS_READ_DIR)
#define DIR_WRITE  (FS_REMOVE_DIR | FS_REMOVE_FILE | FS_MAKE_DIR | FS_MAKE_REG | FS_REFER)

static uint64_t all_fs(unsigned abi)
{
    uint64_t all = (1u << 13) - 1;
    if (abi >= 2)
        all |= FS_REFER;
    if (abi >= 3)
        all |= FS_TRUNCATE;
    if (abi >= 5)
        all |= FS_IOCTL_DEV;
    return all;
}

unsigned ent_landlock_abi(void)
{
    long abi = syscall(CREATE_RULESET, NULL, 0, CREATE_VERSION);
    return abi < 0 ? 0 : (unsigned)abi;
}

static enum ent_err add_path(int ruleset, struct ent_diag *d, const struct ent_sandbox_path *p,
                             uint64_t handled)
{
    struct stat st;
    struct path_rule rule = {.fd = open(p->path, O_PATH | O_CLOEXEC)};
    enum ent_err r = ENT_OK;
    if (rule.fd < 0)
        return errno == ENOENT || errno == ENOTDIR || errno == EACCES
                   ? ENT_OK
                   : ent_fail_sys(d, "cannot open a path of the sandbox");
    rule.allowed = FILE_READ | (p->write ? FILE_WRITE : 0);
    if (fstat(rule.fd, &st) == 0 && S_ISDIR(st.st_mode))
        rule.allowed |= DIR_READ | (p->write ? DIR_WRITE : 0);
    rule.allowed &= handled;
    if (syscall(ADD_RULE, ruleset, RULE_PATH, &rule, 0) != 0)
        r = ent_fail_sys(d, "cannot allow a path");
    (void)close(rule.fd);
    return r;
}

enum ent_err ent_landlock_prepare(int *ret_fd, struct ent_diag *d, const struct ent_sandbox *s,
                                  unsigned abi)
{
    struct ruleset set = {.fs = all_fs(abi)};
    size_t size = abi < 4   ? offsetof(struct ruleset, net)
                  : abi < 6 ? offsetof(struct ruleset, scoped)
                            : sizeof(set);
    enum ent_err r = ENT_OK;
    if (abi >= 4 && ((s->may & ENT_MAY_CONNECT) == 0 || s->n_ports > 0))
        set.net |= NET_CONNECT;
    if (abi >= 4 && (s->may & ENT_MAY_LISTEN) == 0)
        set.net |= NET_BIND;
    if (abi >= 6)
        set.scoped = SCOPE_ABSTRACT_SOCKET | SCOPE_SIGNAL;
    int fd = (int)syscall(CREATE_RULESET, &set, size, 0);
    if (fd < 0)
        return ent_fail_sys(d, "cannot make a Landlock ruleset");
    for (size_t i = 0; r == ENT_OK && i < s->n_paths; i++)
        r = add_path(fd, d, &s->paths[i], set.fs);
    for (size_t i = 0; r == ENT_OK && i < s->n_ports && (set.net & NET_CONNECT) != 0; i++) {
        struct port_rule rule = {NET_CONNECT, s->ports[i]};
        if (syscall(ADD_RULE, fd, RULE_PORT, &rule, 0) != 0)
            r = ent_fail_sys(d, "cannot allow a port");
    }
    if (r != ENT_OK)
        (void)close(fd);
    else
        *ret_fd = fd;
    return r;
}

enum ent_err ent_landlock_enter(int fd, struct ent_diag *d)
{
    long bad = syscall(RESTRICT_SELF, fd, 0);
    enum ent_err r = bad == 0 ? ENT_OK : ent_fail_sys(d, "cannot enter the Landlock domain");
    (void)close(fd);
    return r;
}
