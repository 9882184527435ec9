/* signing.h: the signer of a book, over keys that are in this process: that of the book, or one
 * that serves it (signer_wire.h). */
#ifndef ENT_NODE_SIGNING_H
#define ENT_NODE_SIGNING_H

#include "node/book.h"

struct ent_signing {
    struct ent_signer *signer; /* NULL: not started */
    struct ent_signer_lock lock;
    char own[32];
};

/* self and disk outlive it; roster and keys are copied, these into secret memory. Of the disk it
 * reads lock/. */
ENT_MUST_USE enum ent_err ent_signing_start(struct ent_signing *ret, struct ent_diag *d,
                                            const char *self, const struct ent_roster *roster,
                                            const struct ent_disk *disk,
                                            const struct ent_book_keys *keys);
void ent_signing_end(struct ent_signing *s);

#endif
