/*
 * courier.h: what a running node does by itself with every other member: greets it, shows it new
 * heads of the own log and keeps its cosignatures, brings it the entries below that its mirror
 * lacks, mirrors its log, and reads in it what concerns the pact. A thread for each, so that one
 * who is slow or silent delays nobody else.
 */
#ifndef ENT_NODE_COURIER_H
#define ENT_NODE_COURIER_H

#include "node/book.h"
#include "node/service.h"

struct ent_couriers;

enum ent_courier_event_kind { ENT_COURIER_MET, ENT_COURIER_LOST };
struct ent_courier_event {
    enum ent_courier_event_kind kind;
    const char *member;
    enum ent_err err;
    const char *why; /* a literal, or NULL */
};

struct ent_couriers_opts {
    struct ent_home *home;
    struct ent_book *book;
    const struct ent_seed32 *tls;   /* outlives them */
    const struct ent_caller *front; /* as in struct ent_links_opts */
    unsigned seconds;               /* visit everybody at least so often */
    bool brief;                     /* greet, submit the own head, bring entries; mirror nothing */
    const char *member, *url;       /* reach this one there instead; or NULL */
    void *ctx;
    /* Whenever a member was reached for the first time, or no more; from any thread. */
    void (*event)(void *ctx, const struct ent_courier_event *e);
};

ENT_MUST_USE enum ent_err ent_couriers_start(struct ent_couriers **ret, struct ent_diag *d,
                                             const struct ent_couriers_opts *opts);
/* There is something new for, or about, this member; NULL: for everybody. */
void ent_couriers_wake(struct ent_couriers *c, const char *member);
void ent_couriers_stop(struct ent_couriers *c);

/* Visit everybody once, all at the same time, and wait for it: what a command does that has
 * something to say, before (to hear what others hold of our log) and after (to show them).
 * `seconds` does not count. */
struct ent_courier_tally {
    unsigned all, met;
    unsigned refused; /* reached, and told that our key is not let in */
};
ENT_MUST_USE enum ent_err ent_couriers_once(struct ent_diag *d,
                                            const struct ent_couriers_opts *opts,
                                            struct ent_courier_tally *ret);

#endif
