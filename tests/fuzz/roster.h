/* roster.h: a pact of two, m0 and m1, whose keys the corpus has. */
#ifndef ENT_TESTS_FUZZ_ROSTER_H
#define ENT_TESTS_FUZZ_ROSTER_H

#include "ledger/ledger.h"

static inline void put_key(struct ent_pubkey *pk, uint8_t which)
{
    struct ent_seed32 seed = {{which}};
    ent_sign_public(pk, &seed);
}

static inline const struct ent_roster *the_roster(void)
{
    static struct ent_roster r;
    if (r.members != 0)
        return &r;
    r.k = 1;
    r.members = 2;
    for (uint8_t i = 0; i < 2; i++) {
        struct ent_roster_member *m = &r.member[i];
        (void)snprintf(m->name, sizeof(m->name), "m%u", i);
        put_key(&m->author[0].pk, (uint8_t)(10 * i + 1));
        put_key(&m->log[0].pk, (uint8_t)(10 * i + 2));
        put_key(&m->witness, (uint8_t)(10 * i + 3));
        m->author[0].until = ENT_INDEX_NONE;
        m->log[0].generation = 1;
        m->panel = true;
        m->authors = m->logs = 1;
    }
    return &r;
}

#endif
