/* trail_parts.h: the names in the folder of an audit log. */
#ifndef ENT_NODE_TRAIL_PARTS_H
#define ENT_NODE_TRAIL_PARTS_H

#include "node/trail.h"

struct trail_names {
    char dir[ENT_DISK_NAME_MAX], lock[ENT_DISK_NAME_MAX], key[ENT_DISK_NAME_MAX];
    char origin[ENT_NAME_MAX + 32];
};
void trail_names(struct trail_names *ret, const char *member, uint64_t generation);

/* 0 where there is none. ENT_E_AUTH: the file is damaged. */
ENT_MUST_USE enum ent_err trail_newest(uint64_t *ret, struct ent_diag *d,
                                       const struct ent_disk *disk);
/* ENT_E_NOTFOUND, ENT_E_AUTH */
ENT_MUST_USE enum ent_err trail_key(struct ent_pubkey *ret, struct ent_diag *d,
                                    const struct ent_disk *disk, const struct trail_names *n);

/* What a generation says of the one before: "3:262144:<base64 of the root>", or "3:lost". */
#define TRAIL_BEFORE 100u
void trail_before(char ret[static TRAIL_BEFORE], uint64_t generation, uint64_t size,
                  const struct ent_hash32 *root);

#endif
