/*
 * upgrade.h: what a store of an earlier version lacks and SQL cannot give it: the gists of objects
 * that were kept before there were any (store/store.h). Their bytes are foreign, so they are read
 * where that may be: in a command, or in a process that has nothing else to do and ends before the
 * node begins. Never in the keeper, which finds them done.
 */
#ifndef ENT_NODE_UPGRADE_H
#define ENT_NODE_UPGRADE_H

#include "store/store.h"

/* All or none; nothing to do is quick. What is no STIX for today's reader, and was for the one that
 * took it, is from here on itself alone. */
ENT_MUST_USE enum ent_err ent_upgrade(struct ent_store *s, struct ent_diag *d);

/* The store of this home, in a child in the keeper's sandbox, which has gone when this returns. The
 * caller has no threads. */
ENT_MUST_USE enum ent_err ent_upgrade_apart(struct ent_diag *d, const char *home);

#endif
