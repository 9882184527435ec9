/*
 * net.h: a clock and a network for simulations. All that happens is one queue of events, by time
 * and then by the order in which they were put there; all chance comes from one seed; so a seed is
 * a run. Before `calm` messages are lost, doubled, late and out of order, and a split keeps two
 * halves apart; from then on they come, and soon.
 */
#ifndef ENT_TESTS_SIM_NET_H
#define ENT_TESTS_SIM_NET_H

#include "base/base.h"

struct sim_net_opts {
    uint64_t seed;
    size_t nodes;
    uint64_t calm;          /* when the network becomes a good one */
    unsigned lost, doubled; /* of a hundred messages, before that */
    uint64_t late, soon;    /* the longest delay before and after */
};

struct sim_event {
    uint64_t at;
    uint64_t order;
    size_t from, to; /* from == to: a timer */
    unsigned what;   /* the simulation's own word */
    uint64_t arg[3];
    struct ent_slice bytes; /* until the next sim_next() */
};

struct sim_net;

struct sim_net *sim_net_new(const struct sim_net_opts *opts);
void sim_net_free(struct sim_net *n);

uint64_t sim_rand(struct sim_net *n);
uint64_t sim_below(struct sim_net *n, uint64_t limit);
bool sim_percent(struct sim_net *n, unsigned of_hundred);

uint64_t sim_now(const struct sim_net *n);
bool sim_is_calm(const struct sim_net *n);
size_t sim_lost(const struct sim_net *n);

/* Messages between the two halves are lost until it is calm, or until node i's half is all there
 * is: side[i] says where it stands; NULL ends the split. Copied. */
void sim_split(struct sim_net *n, const bool *side);

/* e->from, to, what, arg and bytes; the bytes are copied. A message may be lost or come twice. */
void sim_send(struct sim_net *n, const struct sim_event *e);
/* The same on a line that nobody disturbs: what an attacker has. */
void sim_send_surely(struct sim_net *n, const struct sim_event *e);
/* An event at the node itself, after this time and surely. */
void sim_after(struct sim_net *n, size_t node, uint64_t delay, unsigned what, uint64_t arg0,
               uint64_t arg1, uint64_t arg2);

/* The next event; false when nothing will ever happen any more. */
bool sim_next(struct sim_net *n, struct sim_event *ret);

#endif
