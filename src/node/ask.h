/*
 * ask.h: the asker's side of a match, from the offer to the signed result, over a connection that
 * may break: each message is repeated a few times before the run is given up. Nothing of a run that
 * did not end is kept but the offer. Calls go out by a dialer (dial.h), what is asked is known to a
 * seeker (seeker.h) alone: a command has both in its own process, a node's ledger neither.
 */
#ifndef ENT_NODE_ASK_H
#define ENT_NODE_ASK_H

#include <stdatomic.h>

#include "match/match.h"
#include "net/net.h"
#include "node/book.h"
#include "node/dial.h"
#include "node/peer.h"
#include "node/service.h"

enum ent_ask_phase { ENT_ASK_OFFER, ENT_ASK_QUESTIONS, ENT_ASK_FILTER, ENT_ASK_RESULT };

struct ent_ask_opts {
    struct ent_book *book;    /* opened with its keys */
    struct ent_caller seeker; /* filled */
    struct ent_dialer dialer;
    struct ent_pool *pool; /* each of its threads asks */
    const struct ent_member *partner;
    const char *url;       /* NULL: the partner's own */
    unsigned call_seconds; /* for one message and its answer; 0: 120 */
    uint32_t types;        /* what is asked about, as the offer says */
    bool pad;              /* hide how much behind the next power of two */
    size_t hits_max;       /* bytes of what is asked, a line each; 0: 4 GiB */
    atomic_bool *stop;     /* may be set at any time by anybody, also from a signal handler */
    void *ctx;
    /* What we asked is counted on our side too, so that we can say what is left; the partner's
     * count is the one that binds. */
    enum ent_err (*charge)(void *ctx, const char *partner, uint64_t period, uint64_t items);
    /* done and all count questions, then filter blocks; from one thread at a time; or NULL */
    void (*progress)(void *ctx, enum ent_ask_phase phase, uint64_t done, uint64_t all);
};

struct ent_ask_report {
    char run[ENT_RUN_ID]; /* "" when the run did not begin */
    uint64_t asked, theirs;
    uint64_t hits;
    uint64_t took_ns;
    enum ent_verdict verdict; /* when refused */
    uint64_t offer;           /* the offer's place in the own log */
};

/*
 * ENT_OK: the seeker tells the hits, and runs/<id>/ holds the record. ENT_E_POLICY: the partner
 * refused, report->verdict says why, signed. ENT_E_AUTH: the partner is not who it should be, or
 * cheated. ENT_E_STATE: the own log may not sign (it is an old copy, say). ENT_E_PEER,
 * ENT_E_TIMEOUT, ENT_E_INTERRUPTED. The diagnosis says which step failed.
 */
ENT_MUST_USE enum ent_err ent_ask(struct ent_ask_report *ret, struct ent_diag *d,
                                  const struct ent_ask_opts *opts);

/* What the pact says and what is known of the partner: here nothing binds, but a partner who would
 * be refused by us is not asked either, and one who withdrew asks nobody. ENT_E_POLICY: why is in
 * *d, and *ret_whom is about whom. spent: of the budget, as far as that is to be looked at. */
ENT_MUST_USE enum ent_err ent_ask_may(struct ent_book *book, const char **ret_whom,
                                      struct ent_diag *d, const char *partner, uint64_t items,
                                      uint64_t spent);

#endif
