/* api_wire.h: messages of the desk for users' requests that are more than one thing as bytes; what
 * api_desk.c and api_ask.c share. encode(parse(x)) == x; ENT_E_FORMAT for anything else. */
#ifndef ENT_NODE_API_WIRE_H
#define ENT_NODE_API_WIRE_H

#include "node/api_desk.h"

#define ENT_API_WHO_SHORT   5u /* a refusal, and seconds */
#define ENT_API_WHO_LONG    (ENT_API_WHO_SHORT + 16u + ENT_IDENTITY_BYTES)
#define ENT_API_FIRST_BYTES 2048u /* at most */

ENT_MUST_USE enum ent_err ent_api_who_encode(struct ent_buf *b, const struct ent_api_who *a);
ENT_MUST_USE enum ent_err ent_api_who_parse(struct ent_api_who *ret, struct ent_slice bytes);

#endif
