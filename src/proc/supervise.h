/*
 * supervise.h: the parent. It starts the roles, waits for them, starts again what died, after a
 * pause that doubles, and gives up when one dies again and again. Who exits with 0 has done its
 * work, did not die, and is started again after the first pause. At the end it asks them to stop,
 * then tells them (SIGTERM), then ends them (SIGKILL). All children are waited for; should the
 * parent die, they die with it.
 */
#ifndef ENT_PROC_SUPERVISE_H
#define ENT_PROC_SUPERVISE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/base.h"

struct ent_supervisor;

enum ent_proc_what { ENT_PROC_STARTED, ENT_PROC_ENDED, ENT_PROC_GIVEN_UP };

struct ent_proc_event {
    enum ent_proc_what what;
    size_t index; /* in opts.roles */
    const char *role;
    pid_t pid;
    /* of ENT_PROC_ENDED */
    bool stopping;       /* as it should */
    int code;            /* exit code, or -1 */
    int signal;          /* or 0 */
    char call[32];       /* SIGSYS: the system call, where the kernel's log can be read; or "" */
    unsigned restart_ms; /* when it is started again; 0: never */
};

struct ent_supervisor_opts {
    const char *const *roles;
    size_t n;
    /* All of these in the thread of ent_supervisor_run(). */
    /* Takes the channel. An error ends the child, as a death. */
    enum ent_err (*started)(void *ctx, size_t index, int channel);
    /* On ENT_PROC_ENDED the caller frees the channel: nothing may speak of the old one later. */
    void (*event)(void *ctx, const struct ent_proc_event *e);
    /* To ask one to stop; NULL: there is no way to ask. */
    void (*ask)(void *ctx, size_t index);
    void *ctx;
    unsigned pause_ms,
        pause_max_ms;         /* before a restart, the first and the longest; 0: 100, 30000 */
    unsigned healthy_ms;      /* who lived so long did not die again and again; 0: 60000 */
    unsigned deaths;          /* in a row, then it is given up; 0: 10 */
    unsigned ask_ms, term_ms; /* patience before SIGTERM and before SIGKILL; 0: 5000, 2000 */
};

ENT_MUST_USE enum ent_err ent_supervisor_new(struct ent_supervisor **ret, struct ent_diag *d,
                                             const struct ent_supervisor_opts *opts);
void ent_supervisor_free(struct ent_supervisor *s);

/* Until it is stopped (ENT_OK) or one is given up (ENT_E_STATE); no child is left either way. The
 * children end with the thread that calls this. */
ENT_MUST_USE enum ent_err ent_supervisor_run(struct ent_supervisor *s, struct ent_diag *d);

/* From any thread or signal handler. */
void ent_supervisor_stop(struct ent_supervisor *s);
/* From any thread: that one broke the rules. It is ended as by a death of its own. */
void ent_supervisor_kill(struct ent_supervisor *s, size_t index);

#endif
