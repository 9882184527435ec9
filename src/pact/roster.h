/*
 * roster.h: what the ledger needs to know of a pact (ledger/roster.h). Who was removed stays in it,
 * off the panel: what they signed keeps counting.
 */
#ifndef ENT_PACT_ROSTER_H
#define ENT_PACT_ROSTER_H

#include "pact/version.h"

/* Of the newest version of a chain, which knows all before it. The members come first, by name. */
void ent_roster_of(struct ent_roster *ret, const struct ent_pact *newest);

#endif
