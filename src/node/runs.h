/* runs.h: the holder's table of runs, for node/ alone. Every function wants the table's lock held,
 * unless it says otherwise. */
#ifndef ENT_NODE_RUNS_H
#define ENT_NODE_RUNS_H

#include "node/node.h"

#include <pthread.h>

#define ENT_RUNS (2 * ENT_RUNNERS_MOST) /* most of them done: those have no runner */

enum ent_run_state { ENT_RUN_FREE, ENT_RUN_BUILDING, ENT_RUN_READY, ENT_RUN_DONE, ENT_RUN_DEAD };

struct ent_run {
    enum ent_run_state state;
    bool built;    /* or being built */
    unsigned refs; /* threads inside; a dead run is cleared when it falls to 0 */
    char id[ENT_RUN_ID];
    char partner[ENT_NAME_MAX + 1];
    struct ent_spki peer;
    uint64_t asked;
    struct ent_hash32 offer, accept;       /* leaves */
    struct ent_buf accept_act, result_act; /* deliveries */
    struct ent_runners_one runner;         /* who computes; over when the run is done or dead */
    uint64_t used_ns;
};

struct ent_peer {
    struct ent_peer_opts opts;
    pthread_mutex_t lock;
    pthread_cond_t work; /* for the builders: a run is new, or the end */
    pthread_t builder[ENT_RUNNERS_MOST];
    unsigned builders;
    bool draining, ending;
    struct ent_run run[ENT_RUNS];
};

/* A free place, or NULL: this partner has half of all runners, or all places are taken. A run of
 * its own that was silent for a twelfth of the time after which it is forgotten gives way. */
struct ent_run *ent_runs_place(struct ent_peer *p, const char *partner);

/* The live run with this id that belongs to this key, with one more reference; or NULL. */
struct ent_run *ent_runs_get(struct ent_peer *p, const char *id, const struct ent_spki *peer);
struct ent_run *ent_runs_by_offer(struct ent_peer *p, const struct ent_hash32 *leaf,
                                  const struct ent_spki *peer);
void ent_runs_put(struct ent_run *run);
/* How many are not at their end: see ent_peer_running(). */
unsigned ent_runs_under_way(const struct ent_peer *p);

/* End a run, and its runner with it; what is under way there ends soon. */
void ent_runs_kill(struct ent_peer *p, struct ent_run *run, enum ent_peer_event_kind why,
                   enum ent_err err);

/* One thread for each runner: each waits for a filter, and no run for another's; they also forget
 * silent runs. Takes the lock itself. */
void *ent_runs_builder(void *peer);

void ent_runs_event(const struct ent_peer *p, const struct ent_peer_event *e);

#endif
