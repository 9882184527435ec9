/*
 * hub.h: a process of a node as the others see it: its channel to the parent, and those to other
 * processes, which the parent hands over, also anew after one of them was started again. What
 * others may ask of it is a list of services; whom it may ask is whom it was given a channel to.
 *
 * Whoever breaks the rules on a channel loses it, and is named to the parent, which ends it.
 */
#ifndef ENT_NODE_HUB_H
#define ENT_NODE_HUB_H

#include "node/control.h"
#include "node/report.h"

/* What comes from this process with types from `range` on (ENT_MSG_DESK, ...). */
struct ent_hub_service {
    struct ent_at from;
    uint16_t range;
    ent_service *serve;
    void *service;
    unsigned threads; /* for this one's calls; 0: as many as the hub has for each channel */
    /* Notes: in order, by the thread that reads; it must not ask through the same channel. */
    void (*note)(void *service, struct ent_msg *note);
};

struct ent_hub_opts {
    struct ent_at self;
    const struct ent_hub_service *services; /* as long as the hub lives */
    size_t n;
    unsigned threads; /* that serve each channel; 0: 2 */
    /* Kinds of processes without which this one has nothing to go on with: when one of them ends,
     * so does this one, to be started again. */
    uint32_t vital;
    void *ctx;
    /* Notes of the parent's that are not the hub's own; by one thread, which must not wait. May be
     * NULL. */
    void (*told)(void *ctx, struct ent_msg *note);
    /* A channel is there, or is gone, and nothing is inside any more for long: in turns, one at a
     * time. It must not wait. May be NULL. */
    void (*linked)(void *ctx, const struct ent_at *at, bool there);
};

struct ent_hub;
/* Whom it asks may be wired up with it at once; nobody is there yet. */
ENT_MUST_USE enum ent_err ent_hub_new(struct ent_hub **ret, const struct ent_hub_opts *opts);
/* After the sandbox: with threads. Takes the control channel. */
ENT_MUST_USE enum ent_err ent_hub_start(struct ent_hub *h, struct ent_diag *d, int control);
/* This process can do its work. */
ENT_MUST_USE enum ent_err ent_hub_ready(struct ent_hub *h, const struct ent_ready *ready);
/* Until the parent wants its end, or is gone, or ent_hub_end(). The process then exits with 0, as
 * one whose work is done, and frees nothing: others may be inside. */
void ent_hub_wait(struct ent_hub *h);
/* The same for so long, or whether it is over. */
bool ent_hub_is_over(struct ent_hub *h, unsigned ms);
/* From any thread. */
void ent_hub_end(struct ent_hub *h);

/* Asks the process there. Waits a few seconds for it to come (back), and longer for its answer:
 * see hub.c. Good as long as the hub. */
struct ent_caller ent_hub_caller(struct ent_hub *h, enum ent_process process, unsigned index);
/* ENT_E_PEER when it is not there; nobody waits. */
ENT_MUST_USE enum ent_err ent_hub_note(struct ent_hub *h, enum ent_process process, unsigned index,
                                       uint16_t type, struct ent_slice payload);

/* The channel to that one is over, which ends a process that needs this one. From any thread. */
void ent_hub_drop(struct ent_hub *h, enum ent_process process, unsigned index);

/* To the parent. What cannot be said (it is ending) is dropped. */
void ent_hub_say(struct ent_hub *h, const struct ent_report *r);
ENT_MUST_USE enum ent_err ent_hub_tell(struct ent_hub *h, uint16_t type, struct ent_slice payload);

#endif
