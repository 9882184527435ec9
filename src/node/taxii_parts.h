/* taxii_parts.h: what taxii_run.c and taxii_post.c share. */
#ifndef ENT_NODE_TAXII_PARTS_H
#define ENT_NODE_TAXII_PARTS_H

#include "node/taxii_run.h"

/* One query that is run. */
struct ent_taxii_run {
    struct ent_taxii_server *t;
    struct ent_taxii_query q;
    struct ent_buf *rows;
    int64_t now; /* microseconds */
};

ENT_MUST_USE enum ent_err ent_taxii_refused(struct ent_taxii_run *x, enum ent_taxii_refusal why);
/* False: there is none that this account can read or write. */
bool ent_taxii_find_shelf(const struct ent_taxii_run *x, struct ent_taxii_shelf *ret);

/* Under which name an account's word is kept. */
#define ENT_TAXII_SOURCE (ENT_TAXII_ACCOUNT + 8)
struct ent_slice ent_taxii_source_of(char ret[static ENT_TAXII_SOURCE],
                                     const struct ent_taxii_who *who);

/* What the filters say; ids has ENT_TAXII_MATCHES places, and both live as long as the question. */
ENT_MUST_USE enum ent_err ent_taxii_ask_for(const struct ent_taxii_run *x,
                                            struct ent_served_ask *ret,
                                            const struct ent_taxii_shelf *s, struct ent_slice *ids,
                                            char source[static ENT_TAXII_SOURCE]);

ENT_MUST_USE enum ent_err ent_taxii_add(struct ent_taxii_run *x);
ENT_MUST_USE enum ent_err ent_taxii_delete(struct ent_taxii_run *x,
                                           const struct ent_taxii_shelf *s);

/* Whether the filters on versions and spec_version let this row through. */
bool ent_taxii_is_version(const struct ent_taxii_run *x, const struct ent_served *row);

#endif
