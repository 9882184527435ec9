/* remote.h: a disk of either kind (node/files.h, node/disk_remote.h): one that opens its files
 * itself, or one that asks a keeper in this process. */
#ifndef ENT_TESTS_SUPPORT_REMOTE_H
#define ENT_TESTS_SUPPORT_REMOTE_H

#include "node/disk_remote.h"
#include "node/keeper_files.h"

struct either {
    const struct ent_disk *disk; /* for those who use it */
    bool remote;
    struct ent_disk_real here;
    struct ent_keeper_files keeper;
    struct ent_disk_remote there;
    uint64_t calls, fail_at; /* of the remote one; the call with this number fails on the way */
    bool done;               /* and what it asks for is done all the same */
};

/* rules NULL: all names may be all things. */
ENT_MUST_USE enum ent_err either_open(struct either *e, bool remote, const char *dir,
                                      const struct ent_files_rule *rules);
void either_close(struct either *e);

#endif
