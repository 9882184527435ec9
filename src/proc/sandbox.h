/*
 * sandbox.h: what a process gives up for good. Entered by each role after it has loaded what it
 * needs, before its first thread and before the first foreign byte.
 *
 * One struct says what a role may; what is not said is not allowed. System calls by seccomp (a
 * forbidden one ends the process; a few that libraries try in passing are refused with an error),
 * files and ports by Landlock, sizes by limits, the rest by an unprivileged user, no new
 * privileges, no capabilities, no core, no ptrace, no memory that becomes code.
 */
#ifndef ENT_PROC_SANDBOX_H
#define ENT_PROC_SANDBOX_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/base.h"

/* What a role may beyond computing and using the descriptors it has. */
enum ent_may {
    ENT_MAY_THREADS = 1, /* start threads; never processes */
    ENT_MAY_CONNECT = 2, /* make IPv4 and IPv6 sockets and connect them; resolve names */
    ENT_MAY_LISTEN = 4,  /* bind, listen, accept */
    ENT_MAY_READ = 8,    /* open files below its paths for reading */
    ENT_MAY_WRITE = 16,  /* also change them */
    ENT_MAY_STORE = 32   /* write durably to files that it was handed, without opening any */
};

struct ent_sandbox_path {
    const char *path; /* a directory with all below it, or a file; when it is missing, nothing */
    bool write;
};

struct ent_sandbox {
    const char *role;
    unsigned may; /* enum ent_may */
    const struct ent_sandbox_path *paths;
    size_t n_paths;
    const uint16_t *ports; /* TCP ports to connect to; none: any (needs ENT_MAY_CONNECT) */
    size_t n_ports;
    const char *empty; /* where to stay, chroot()ed by root when there are no paths; NULL: "/" */
    /* Started as root: whom to become. 0 is refused, but for stay_root, which gives up all
     * capabilities instead, for a command that somebody runs as root. */
    uid_t uid;
    gid_t gid;
    bool stay_root;
    /* Limits; 0: as it is. Files cannot grow without ENT_MAY_WRITE or ENT_MAY_STORE; there is never
     * a core. */
    uint64_t open_files, file_bytes, memory_bytes, data_bytes, processes, cpu_seconds;
    /* Go on without what this kernel does not have. What fails otherwise is an error even then. */
    bool best_effort;
};

/* "front", "worker", "ledger", "keeper" and "signer" (see docs/processes.md), without paths and
 * users, which the caller adds to its copy; NULL for any other. */
const struct ent_sandbox *ent_sandbox_of(const char *role);

/* What of it is enforced, for people to see. */
struct ent_sandbox_state {
    bool seccomp;
    unsigned landlock; /* ABI; 0: none */
    bool no_new_code;  /* memory cannot become executable, also by mprotect() */
    bool root_left;    /* was root, is not any more */
    bool chrooted;
    uid_t uid;
    gid_t gid;
    uint64_t open_files, file_bytes, memory_bytes, data_bytes, processes, cpu_seconds;
};

/*
 * ENT_E_POLICY       root, and nobody to become
 * ENT_E_STATE        threads that Landlock would not cover, in a role that may open files
 * ENT_E_UNSUPPORTED  this kernel lacks something, and best_effort is not set
 * After an error the process must end: some of it may be in force.
 */
ENT_MUST_USE enum ent_err ent_sandbox_enter(struct ent_sandbox_state *ret, struct ent_diag *d,
                                            const struct ent_sandbox *s);

/* "seccomp, Landlock 7, user 65534, ..." into ret, for logs and `entente status`. */
#define ENT_SANDBOX_TEXT 160
void ent_sandbox_show(char ret[static ENT_SANDBOX_TEXT], const struct ent_sandbox_state *state);
/* What of a state is in such a text. ENT_E_FORMAT: it is none. */
ENT_MUST_USE enum ent_err ent_sandbox_parse(struct ent_sandbox_state *ret, const char *text);

#endif
