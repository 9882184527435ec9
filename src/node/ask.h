/*
 * ask.h: the asker's side of a match, from the offer to the signed result, over a connection that
 * may break: each message is repeated a few times before the run is given up. Nothing of a run that
 * did not end is kept but the offer.
 */
#ifndef ENT_NODE_ASK_H
#define ENT_NODE_ASK_H

#include <stdatomic.h>

#include "match/match.h"
#include "net/net.h"
#include "node/book.h"
#include "node/peer.h"
#include "store/store.h"

enum ent_ask_phase { ENT_ASK_OFFER, ENT_ASK_QUESTIONS, ENT_ASK_FILTER, ENT_ASK_RESULT };

struct ent_ask_opts {
    struct ent_book *book; /* opened with its keys */
    struct ent_store *store;
    struct ent_pool *pool; /* each of its threads opens a connection */
    const struct ent_seed32 *tls;
    const struct ent_member *partner;
    const char *url;       /* NULL: the partner's own */
    unsigned call_seconds; /* for one message and its answer; 0: 120 */
    uint32_t types;        /* what is asked about, as the offer says */
    atomic_bool *stop;     /* may be set at any time by anybody, also from a signal handler */
    void *ctx;
    /* done and all count questions, then filter blocks; from one thread at a time */
    void (*progress)(void *ctx, enum ent_ask_phase phase, uint64_t done, uint64_t all);
};

struct ent_ask_report {
    char run[ENT_RUN_ID]; /* "" when the run did not begin */
    uint64_t asked, theirs;
    uint64_t hits;
    uint64_t sent, received; /* bytes, TLS payload with HTTP headers */
    uint64_t took_ns;
    enum ent_verdict verdict; /* when refused */
    uint64_t offer;           /* the offer's place in the own log */
};

/*
 * Run asker (filled, not started) against the partner. ENT_OK: ent_lookup_asker_hits() answers, and
 * runs/<id>/ holds the record. ENT_E_POLICY: the partner refused, report->verdict says why, signed.
 * ENT_E_AUTH: the partner is not who it should be, or cheated. ENT_E_STATE: the own log may not
 * sign (it is an old copy, say). ENT_E_PEER, ENT_E_TIMEOUT, ENT_E_INTERRUPTED. The diagnosis says
 * which step failed.
 */
ENT_MUST_USE enum ent_err ent_ask(struct ent_lookup_asker *asker, struct ent_ask_report *ret,
                                  struct ent_diag *d, const struct ent_ask_opts *opts);

#endif
