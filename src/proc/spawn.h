/*
 * spawn.h: a child that is this program again under another name, with memory of its own layout and
 * without anything its parent knew: descriptor 3 is the channel to the parent, 0, 1 and 2 are
 * /dev/null (2 stays in builds with sanitizers), nothing else is open; signals are as at the start
 * of a program; of the environment only ENTENTE_CPU is left (and sanitizers' options). It ends with
 * the thread that spawned it.
 */
#ifndef ENT_PROC_SPAWN_H
#define ENT_PROC_SPAWN_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/base.h"

#define ENT_ROLE_PREFIX  "entente: " /* and the role: what ps shows, and how main() knows */
#define ENT_ROLE_MAX     16u
#define ENT_ROLE_CHANNEL 3

struct ent_proc_role {
    const char *name; /* NULL ends the table */
    /* With the channel; its result is the exit code. It enters its sandbox itself. */
    int (*run)(int channel);
};

/* For main(), first of all. false: this process is none of the roles. true: it was, and *ret is its
 * exit code, with which to _exit(). A name that is not in the table, or no channel: 2. */
ENT_MUST_USE bool ent_proc_role_run(int *ret, const struct ent_proc_role *roles, int argc,
                                    char **argv);

struct ent_child {
    pid_t pid;
    int pidfd;
    int channel;
};

/* The caller owns both descriptors, and waits for the child. */
ENT_MUST_USE enum ent_err ent_spawn(struct ent_child *ret, struct ent_diag *d, const char *role);

#endif
