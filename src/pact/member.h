/* member.h: the lines that describe a member, inside cards and pacts (for pact/ alone). */
#ifndef ENT_PACT_MEMBER_H
#define ENT_PACT_MEMBER_H

#include "pact/pact.h"

ENT_MUST_USE enum ent_err ent_member_encode(struct ent_buf *b, const struct ent_member *m);

/* Takes the six lines; a failure sticks in l. */
void ent_member_take(struct ent_lines *l, struct ent_member *ret);

#endif
