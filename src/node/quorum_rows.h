/*
 * quorum_rows.h: what a home knows of a quorum (quorum_look.h), as rows: the JSON of commands and
 * of the console alike. Each appends members to an object that is open.
 */
#ifndef ENT_NODE_QUORUM_ROWS_H
#define ENT_NODE_QUORUM_ROWS_H

#include "node/quorum_look.h"
#include "node/rows.h"

void ent_quorum_rows_types(struct ent_rows *w, uint32_t types);
void ent_quorum_rows_names(struct ent_rows *w, const char *key,
                           const char (*name)[ENT_NAME_MAX + 1], size_t n);
void ent_quorum_rows_offer(struct ent_rows *w, const struct ent_quorum_offer *o);
/* self: this member; found: whether it is told how much was found, which is marked as findings
 * are. */
void ent_quorum_rows_look(struct ent_rows *w, const struct ent_quorum_look *l, const char *self,
                          bool found);
/* The parts that this member has in it. */
void ent_quorum_rows_parts(struct ent_rows *w, const struct ent_quorum_offer *o, const char *self);

#endif
