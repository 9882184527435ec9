/*
 * taxii.h: how far a collection of a TAXII server has been read. Kept in the store, in the same
 * transaction as what a page brought, so that an import that was interrupted goes on where it was.
 *
 * Objects may share the second, or the microsecond, in which they were added: to go on from the
 * last one's time after half of them would lose the others. So while pages follow one another by
 * "next", that is what is kept, with the filter it belongs to; only behind the last page the newest
 * time becomes the filter.
 */
#ifndef ENT_NODE_TAXII_H
#define ENT_NODE_TAXII_H

#include "net/net.h"
#include "store/store.h"

struct ent_taxii_cursor {
    char after[ENT_FETCH_DATE];        /* added_after of the pages that come, or "" */
    char last[ENT_FETCH_DATE];         /* the newest X-TAXII-Date-Added-Last so far, or "" */
    char next[3 * ENT_TAXII_NEXT + 1]; /* of the page that comes, escaped; "" for the first */
};

/* What is kept for this URL and source; all empty when nothing is. ENT_E_FORMAT when it is damaged.
 */
ENT_MUST_USE enum ent_err ent_taxii_cursor_load(struct ent_store *s, struct ent_taxii_cursor *ret,
                                                const struct ent_fetch_url *url,
                                                struct ent_slice source);
/* Inside a transaction. */
ENT_MUST_USE enum ent_err ent_taxii_cursor_keep(struct ent_store *s,
                                                const struct ent_taxii_cursor *c,
                                                const struct ent_fetch_url *url,
                                                struct ent_slice source);

/* What to ask for: path, "objects/", and a query. */
ENT_MUST_USE enum ent_err ent_taxii_suffix(char ret[static ENT_FETCH_SUFFIX],
                                           const struct ent_taxii_cursor *c, const char *path,
                                           unsigned limit);

/* Behind a page that was whole. ENT_E_PEER, with c as it was, when there is more but no way
 * forward: the same "next" again, or none and no later time either. */
ENT_MUST_USE enum ent_err ent_taxii_advance(struct ent_taxii_cursor *c,
                                            const struct ent_envelope *e, const char *date,
                                            struct ent_diag *d);

/* The name under which this collection's claims are kept: whatever the server calls it later, the
 * one that it had first, or its claims would be another source's. ENT_E_NOTFOUND; keep inside a
 * transaction. */
ENT_MUST_USE enum ent_err ent_taxii_source(struct ent_store *s, struct ent_buf *ret,
                                           const struct ent_fetch_url *url);
ENT_MUST_USE enum ent_err ent_taxii_source_keep(struct ent_store *s,
                                                const struct ent_fetch_url *url,
                                                struct ent_slice source);

#endif
