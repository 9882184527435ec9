/*
 * uuid.h: UUIDs made from names (RFC 9562 version 5), which STIX and MISP want for ids. The SHA-1
 * inside is what the standard says; nothing here relies on nobody finding collisions.
 */
#ifndef ENT_INTEL_UUID_H
#define ENT_INTEL_UUID_H

#include "base/base.h"

struct ent_uuid16 {
    uint8_t b[16];
};

/* Parts, each followed by a zero octet but the last. ENT_E_LIMIT for more than 8 KiB. */
ENT_MUST_USE enum ent_err ent_uuid_of(struct ent_uuid16 *ret, const struct ent_uuid16 *space,
                                      const struct ent_slice *parts, size_t n);

#define ENT_UUID_TEXT 37
void ent_uuid_text(char ret[static ENT_UUID_TEXT], const struct ent_uuid16 *u);

#endif
