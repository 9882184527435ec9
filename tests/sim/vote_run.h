/*
 * vote_run.h: one simulated vote: members who follow src/pact/ballot.h, liars who do not, a bad
 * network that becomes a good one, and crashes. Votes have no signatures here; a liar cannot speak
 * for others, and can repeat what they said.
 */
#ifndef ENT_TESTS_SIM_VOTE_RUN_H
#define ENT_TESTS_SIM_VOTE_RUN_H

#include "tests/sim/net.h"

#include "pact/ballot.h"

struct vote_run {
    uint64_t seed;
    bool weak; /* half of the members are enough, and the liars play for that */
    /* What came of it. */
    size_t members, liars, crashes, lost, events;
    uint32_t rounds;  /* the latest in which anybody decided, from 1 */
    uint64_t trace;   /* a hash of all that happened */
    unsigned wrong;   /* two decisions, or one for a text against the rules */
    unsigned stuck;   /* members who never decided */
    unsigned doubled; /* two votes of one kind and round by an honest member, or one forgotten */
    unsigned accused; /* conflicts of honest members */
    unsigned missed;  /* votes that contradict each other, and nobody was told */
};

/* Only seed and weak are read. */
void vote_run(struct vote_run *r);

#endif
