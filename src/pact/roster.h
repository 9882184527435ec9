/*
 * roster.h: what the ledger needs to know of a pact (ledger/roster.h). Who was removed stays in it,
 * off the panel: what they signed keeps counting.
 */
#ifndef ENT_PACT_ROSTER_H
#define ENT_PACT_ROSTER_H

#include "pact/chain.h"

/* Of a chain that has a version. */
void ent_roster_of_chain(struct ent_roster *ret, const struct ent_chain *chain);

/* Of the newest version of a chain, which knows all before it but their hashes. The members come
 * first, by name. */
void ent_roster_of(struct ent_roster *ret, const struct ent_pact *newest);

#endif
