/*
 * rotate.h: new keys for this member, into the draft of a version or of its card: secrets that are
 * durable before anything is said about them, proofs that they are held, and the places of the own
 * log from which on they count.
 */
#ifndef ENT_NODE_ROTATE_H
#define ENT_NODE_ROTATE_H

#include "node/book.h"
#include "node/service.h"

/* How far behind the last entry a new author key begins where nothing else is asked for: the votes
 * for it are said in that log, and whatever else is said meanwhile. */
#define ENT_ROTATE_AHEAD 256u

struct ent_rotation {
    bool root;
    bool author; /* from a place ahead of all that is said by then */
    /* With it a new author key, and the next log: the one before is closed at its head, or before
     * an earlier entry, as the last that was this member's own. */
    bool node;
    uint64_t from; /* an entry of the newest log; ENT_INDEX_NONE: as above */
    const struct ent_slice
        *passphrase; /* for files that are locked; NULL: new ones are left open */
};

/*
 * Done twice for one version it comes to the same text: keys that were prepared are taken again,
 * and so is the place. From then on the own log stops there (ent_book_stop_at()). ENT_E_POLICY for
 * a place that cannot be; ENT_E_NOTFOUND when the draft does not have this member.
 */
ENT_MUST_USE enum ent_err ent_rotate(struct ent_book *b, struct ent_pact *draft, struct ent_diag *d,
                                     const struct ent_rotation *rotation);

/* For a member that cannot any more: its newest log is closed before this entry, by the root that
 * its mirror here has, and its author key ends there. It goes on with a card that has new ones. */
ENT_MUST_USE enum ent_err ent_close_for(struct ent_book *b, struct ent_pact *draft,
                                        struct ent_diag *d, const char *member, uint64_t from);

/* Members whose TLS key is another one since `before` may not have heard of it: then we would
 * refuse them from now on, and they us. So they are brought the newest version at their old key.
 * tls and front as in struct ent_links_opts. */
void ent_bring_to_changed(struct ent_book *b, const struct ent_seed32 *tls,
                          const struct ent_caller *front, const struct ent_pact *before);

#endif
