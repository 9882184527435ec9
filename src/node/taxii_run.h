/*
 * taxii_run.h: what a TAXII query finds and does in the store: the second of three stages, between
 * ent_taxii_parse() and ent_taxii_render().
 *
 * A collection is what may pass one door (ent_claim_may_pass(), the sources that are held), "clear"
 * to "amber-strict", or the inbox, which holds for each account what it gave itself. Nothing goes
 * that an export with that `--tlp` would hold back.
 */
#ifndef ENT_NODE_TAXII_RUN_H
#define ENT_NODE_TAXII_RUN_H

#include <stdatomic.h>

#include "store/store.h"

struct ent_taxii_server {
    struct ent_store *store;
    struct ent_served_self self;
    struct ent_served_key32 key; /* authenticates "next" */
    struct ent_uuid16 shelf[ENT_TAXII_INBOX + 1];
    uint64_t alarms; /* equivocations that were given so far */
};

/* key and author as of an export (struct ent_out_opts); they and the store must outlive it. */
ENT_MUST_USE enum ent_err ent_taxii_server_init(struct ent_taxii_server *ret,
                                                struct ent_store *store, struct ent_slice key,
                                                struct ent_slice author);

/*
 * One query to its rows, in bounded time and at most ENT_TAXII_ROWS bytes. now in microseconds.
 * rows hold an answer whatever is returned: an error is for the log.
 */
#define ENT_TAXII_ROWS ((size_t)32 << 20)
ENT_MUST_USE enum ent_err ent_taxii_run(struct ent_taxii_server *t, struct ent_buf *rows,
                                        struct ent_slice query, int64_t now);

/* Between queries, until *ret_left is false: judges what is to be judged, and brings what changed
 * to the readers, at most about `most` rows. */
ENT_MUST_USE enum ent_err ent_taxii_tend(struct ent_taxii_server *t, int64_t now, unsigned most,
                                         bool *ret_left, const atomic_bool *stop);

#endif
