/*
 * ledger_run.h: one simulated pact of logs: members with a log and a view each (src/ledger), on
 * disks that lose power, with clocks that jump, over a network that loses, doubles and delays;
 * liars who show two histories, withhold, garble, forge and flood; homes restored from old
 * snapshots. In the end the network calms down, and all must have come to what is promised.
 */
#ifndef ENT_TESTS_SIM_LEDGER_RUN_H
#define ENT_TESTS_SIM_LEDGER_RUN_H

#include "ledger/ledger.h"

enum ledger_wrong {
    LEDGER_ACCUSED,  /* somebody honest is exposed */
    LEDGER_FORKED,   /* a head of an honest log that is not of its one history left its node */
    LEDGER_LOST,     /* acknowledged, and not there any more */
    LEDGER_UNTRUE,   /* a view or a mirror holds what its owner never signed */
    LEDGER_MISSED,   /* two histories were shown, and somebody honest does not know the proof */
    LEDGER_UNPROVED, /* exposed without a proof that holds */
    LEDGER_TWICE,    /* two accepted heads of one log that no history has */
    LEDGER_STUCK,    /* a home that does not open, or calm and not heard by all */
    LEDGER_WRONGS
};

struct ledger_run {
    uint64_t seed;
    bool weak;    /* one cosignature is enough, and the liars play for that */
    size_t crowd; /* so many members, 18 at least; 0: a few, as the seed says */
    /* What came of it. */
    size_t members, liars, said, calls, lost, late, lies, crafted;
    size_t crashes, failures, restored, refused, jumps;
    size_t hidden, brought, repelled; /* members without an address; entries posted, and refused */
    size_t accepted, split;           /* split: liars who showed two honest members two histories */
    size_t forks, witnesses, sequences; /* members exposed for that */
    unsigned wrong[LEDGER_WRONGS];
    struct ent_hash32 trace; /* over all messages and all disks */
};

/* Only seed, weak and crowd are read. Not for two threads. */
void ledger_run(struct ledger_run *r);

#endif
