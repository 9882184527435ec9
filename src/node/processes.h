/*
 * processes.h: what runs in a home. While a node runs, its parent keeps a file `processes` there, a
 * line for each process that is at work: "<role> <pid> <start> <what it says of its sandbox>", the
 * parent's first. Whoever reads it believes only what the kernel says too (proc/look.h): that
 * there is such a process, started then, named so, a child of that parent.
 *
 * Who may write in the home, so also a keeper that was taken over, can make the file say nothing,
 * or less; it cannot make the kernel say that a process is shut in that is not.
 */
#ifndef ENT_NODE_PROCESSES_H
#define ENT_NODE_PROCESSES_H

#include "node/control.h"

#define ENT_PROCESSES_FILE "processes"
#define ENT_RUNNING_MAX    (6u + ENT_PLACES)
#define ENT_RUNNING_TEXT   16384u

struct ent_running {
    enum ent_process process;
    pid_t pid;
    uint64_t start;              /* as struct ent_proc_seen has it */
    char told[ENT_CONTROL_TEXT]; /* "-": the parent, which is in no sandbox */
};

/* The lines; one form. ENT_E_FORMAT, ENT_E_LIMIT for too many of them. */
ENT_MUST_USE enum ent_err ent_running_encode(struct ent_buf *b, const struct ent_running *r);
ENT_MUST_USE enum ent_err ent_running_parse(struct ent_running ret[static ENT_RUNNING_MAX],
                                            size_t *ret_n, struct ent_slice text);

#define ENT_WRONGS 6u
struct ent_process_state {
    struct ent_running is;
    bool there; /* seen is valid */
    struct ent_proc_seen seen;
    const char *wrong[ENT_WRONGS]; /* what the kernel says otherwise than the process did */
    size_t wrongs;
};

struct ent_node_state {
    bool runs;
    bool left; /* does not run, and did not end as it should */
    size_t n;  /* 0 unless it runs */
    struct ent_process_state process[ENT_RUNNING_MAX]; /* the parent first */
    uint32_t missing; /* ENT_MSG_BIT()s: no such process is at work */
};

/* What is wrong with one, from what it said and what the kernel says. */
void ent_process_judge(struct ent_process_state *p);

/* ENT_E_FORMAT: the file is not what a node writes. */
ENT_MUST_USE enum ent_err ent_node_look(struct ent_node_state *ret, struct ent_diag *d,
                                        const char *home);

#endif
