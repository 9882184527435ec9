/*
 * runners.h: the processes of matches and quorums, as the ledger sees them: a few slots, in each
 * one that nobody has used yet, or that has its one run (runner.h, seeker.h, quorum_work.h), or
 * none at the moment.
 *
 * Whoever takes a runner has it until it gives it back; one that was asked anything is over then,
 * and its process ends. When a runner dies all calls of its run are ENT_E_PEER, and no other's.
 * From any thread.
 */
#ifndef ENT_NODE_RUNNERS_H
#define ENT_NODE_RUNNERS_H

#include "node/desk.h"
#include "node/runner.h"

#define ENT_RUNNERS_MOST 16u

struct ent_runners;

struct ent_runners_opts {
    unsigned n; /* slots, 1 to ENT_RUNNERS_MOST */
    void *ctx;
    /* The runner in this slot is over: end it, which ends what is under way in it; then
     * ent_runners_set() says that it is gone, and later that another is there. From any thread,
     * perhaps with the locks of who gave it back: it only asks for it. */
    void (*end)(void *ctx, unsigned slot);
};
ENT_MUST_USE enum ent_err ent_runners_new(struct ent_runners **ret,
                                          const struct ent_runners_opts *opts);
/* When all were given back and nobody calls any more. */
void ent_runners_free(struct ent_runners *r);

/* A new runner is in this slot; its calls must end some time, even if it was taken over: a deadline
 * of minutes for most, of an hour for ENT_RUN_BUILD. NULL: it is gone. Returns when no call is in
 * it, so its channel must be dead by then; nobody will call it later. */
void ent_runners_set(struct ent_runners *r, unsigned slot, const struct ent_caller *caller);

/* In this process, each over the desk and with the pool, which outlive them. */
ENT_MUST_USE enum ent_err ent_runners_local(struct ent_runners **ret, struct ent_desk *desk,
                                            struct ent_pool *pool, unsigned n);

unsigned ent_runners_slots(const struct ent_runners *r);

/* A runner that was taken; {0} is none. May be copied. */
struct ent_runners_one {
    struct ent_runners *all;
    uint64_t ticket;
};

/* Where there are two slots or more, neither has all of them. */
enum ent_runners_for { ENT_RUNNERS_MATCH, ENT_RUNNERS_QUORUM };
/* false: none is free. */
bool ent_runners_take(struct ent_runners *r, enum ent_runners_for what,
                      struct ent_runners_one *ret);
/* Fine on none, and again. */
void ent_runners_give(const struct ent_runners_one *one);

/* Whom to ask; *one stays where it is meanwhile. */
struct ent_caller ent_runners_caller(const struct ent_runners_one *one);

#endif
