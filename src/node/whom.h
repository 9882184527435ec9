/*
 * whom.h: towards whom a member said what stands in a log: of an offer, who was asked; of an answer
 * or a result, the other side of that match. An entry says only hashes; who it was stands in
 * bodies, which are in one's own log and in the records of matches. Nothing of these is believed
 * that its author's signature does not cover, and what is not here is not known.
 */
#ifndef ENT_NODE_WHOM_H
#define ENT_NODE_WHOM_H

#include "node/reading.h"

struct ent_whom;

/* For the entries of one log; both outlive it. The records are first looked at when an entry needs
 * them: by name and hash then, and verified one by one when they are used. */
ENT_MUST_USE enum ent_err ent_whom_new(struct ent_whom **ret, struct ent_reading *rd);
void ent_whom_free(struct ent_whom *w);

/* "" when it is not known, or towards nobody. st and leaf as from ent_reading_entry(). */
ENT_MUST_USE enum ent_err ent_whom_of(struct ent_whom *w, char ret[static ENT_NAME_MAX + 1],
                                      const struct ent_statement *st, const struct ent_hash32 *leaf,
                                      uint64_t index);

#endif
