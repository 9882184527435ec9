/* protocol.h: which processes of a node have a channel between them, and what may be said on it. */
#ifndef ENT_NODE_PROTOCOL_H
#define ENT_NODE_PROTOCOL_H

#include "node/service.h"

/* In either order; NULL: these two never speak. */
const struct ent_protocol *ent_link_protocol(enum ent_process a, enum ent_process b);

#endif
