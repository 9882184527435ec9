/* notify.h: what a service manager hears of a node, in the words of sd_notify(3): one datagram to
 * the socket that NOTIFY_SOCKET names. Nothing is read there. */
#ifndef ENT_NODE_NOTIFY_H
#define ENT_NODE_NOTIFY_H

#include "base/base.h"

/* socket: a path, or '@' and an abstract name; NULL: nobody wants to hear it. ENT_E_FORMAT for
 * anything else, ENT_E_LIMIT for one too long, else what the system says of it. Waits for a second
 * at most. */
ENT_MUST_USE enum ent_err ent_notify(const char *socket, const char *text);

#endif
