/*
 * look.h: what the kernel says about a process, whatever that says of itself: out of /proc, where
 * anyone may look.
 */
#ifndef ENT_PROC_LOOK_H
#define ENT_PROC_LOOK_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/base.h"

struct ent_proc_seen {
    char name[16]; /* as ps shows it */
    pid_t parent;
    uint64_t start;   /* ticks since the machine started: with the number it is one process only */
    int64_t since;    /* the same as a time */
    uid_t uid;        /* effective */
    bool other_uids;  /* it has another one besides, to which it could change */
    uint64_t caps;    /* effective or permitted */
    unsigned seccomp; /* 0 none, 1 strict, 2 a filter */
    bool no_new_privs;
    bool dumpable, dumpable_known; /* of root's processes /proc does not say it */
    uint64_t data_max;             /* bytes of data that it may have; UINT64_MAX: any */
};

/* ENT_E_NOTFOUND: there is none that runs, or it is not ours to see (another PID namespace, /proc
 * that hides the processes of others). ENT_E_FORMAT: this kernel writes it in another way. */
ENT_MUST_USE enum ent_err ent_proc_look(struct ent_proc_seen *ret, pid_t pid);

/* The texts of /proc, for that and for tests; status after stat. */
ENT_MUST_USE enum ent_err ent_proc_stat_parse(struct ent_proc_seen *ret, struct ent_slice text);
ENT_MUST_USE enum ent_err ent_proc_status_parse(struct ent_proc_seen *ret, struct ent_slice text);
ENT_MUST_USE enum ent_err ent_proc_limits_parse(struct ent_proc_seen *ret, struct ent_slice text);

#endif
