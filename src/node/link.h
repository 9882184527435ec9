/*
 * link.h: other members over HTTPS, for whoever asks them something (ledger/wire.h). A connection
 * to each is made when it is first needed, and kept; only the key that stands in the pact is
 * accepted.
 */
#ifndef ENT_NODE_LINK_H
#define ENT_NODE_LINK_H

#include <stdatomic.h>

#include "ledger/ledger.h"
#include "net/net.h"
#include "pact/pact.h"

#include "node/dial.h"

struct ent_links;

struct ent_links_opts {
    const struct ent_pact *pact; /* copied: names, addresses, keys */
    const char *self;
    /* By connections of this process, with this key; or, when front is set, by the front's, which
     * outlives them: tls and stop do not count then. */
    const struct ent_seed32 *tls;
    const struct ent_caller *front;
    const char *member, *url;               /* reach this one there instead; or NULL */
    unsigned connect_seconds, call_seconds; /* 0: those of net/ */
    const atomic_bool *stop;                /* or NULL */
};

ENT_MUST_USE enum ent_err ent_links_new(struct ent_links **ret, struct ent_diag *d,
                                        const struct ent_links_opts *opts);
void ent_links_free(struct ent_links *l);

/* Its calls end with ENT_E_NOTFOUND for a member without an address. One thread at a time. */
struct ent_wire ent_links_wire(struct ent_links *l);

/* Why the last call to this member failed: a literal, or NULL. */
const char *ent_links_why(const struct ent_links *l, const char *member);

#endif
