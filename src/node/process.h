/* process.h, for the processes of a node alone (process_*.c): what they have in common. */
#ifndef ENT_NODE_PROCESS_H
#define ENT_NODE_PROCESS_H

#include "node/birth.h"
#include "node/hub.h"

/* What this process is to be. Signals for the whole group are the parent's matter, which says when
 * to end. NULL: the parent is gone. */
ENT_MUST_USE struct ent_birth *ent_process_born(int channel);

/* The sandbox of this role, and what birth says about users; *ready gets its description. */
ENT_MUST_USE enum ent_err ent_process_shut_in(struct ent_ready *ready, struct ent_diag *d,
                                              const struct ent_birth *b, struct ent_sandbox s);

/* Starts the hub. r: whether all went well until here; if not that is said to the parent, of what,
 * and the process is to end with what comes back, which is 0 otherwise. */
ENT_MUST_USE int ent_process_start(struct ent_hub *h, int channel, const char *what, enum ent_err r,
                                   const struct ent_diag *d);

/* Into the log: this failed. The exit code of a process that ends for it. */
int ent_process_fail(struct ent_hub *h, const char *what, enum ent_err e, const struct ent_diag *d);

/* Ready, and at work until the parent wants its end. */
int ent_process_work(struct ent_hub *h, const struct ent_ready *ready);

int ent_process_front(int channel);
int ent_process_api(int channel);
int ent_process_ledger(int channel);
int ent_process_match(int channel);
int ent_process_keeper(int channel);
int ent_process_signer(int channel);

#endif
