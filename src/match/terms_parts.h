/* terms_parts.h: what the bodies of all statements about private comparisons share; for match/
 * alone. */
#ifndef ENT_MATCH_TERMS_PARTS_H
#define ENT_MATCH_TERMS_PARTS_H

#include "base/base.h"

struct ent_b64_32 {
    char text[ENT_BASE64_LEN(32)];
};

static inline struct ent_b64_32 ent_b64_32(const uint8_t bytes32[static 32])
{
    struct ent_b64_32 r;
    ent_base64_encode(r.text, bytes32, 32);
    return r;
}

#endif
