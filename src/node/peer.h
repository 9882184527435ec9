/*
 * peer.h: what a node answers to partners. Handlers take bytes and return bytes, so that others may
 * have the sockets (front.h). What partners send in a run goes to a runner (runners.h) as it is;
 * what must be counted, to the desk (desk.h).
 *
 *     POST /peer/v1/match                  an offer; 200 and an acceptance, or 403 and a refusal;
 *                                          503 while this node may sign nothing, or is about to end
 *     POST /peer/v1/match/<id>/evaluate    a batch of questions; 200 and answers with their proof
 *     GET  /peer/v1/match/<id>/filter/<n>  a block of the filter; 202 while it is being computed
 *     GET  /peer/v1/match/<id>/labels/<n>  a block of label boxes
 *     POST /peer/v1/match/<id>/result      the asker's result; 200 and the holder's
 *     POST, GET /peer/v1/quorum...         runs of a quorum (quorums.h)
 *     POST, GET /peer/v1/act..., pact...   news about the pact, and its versions (news.h)
 *     everything else of /peer/v1/         heads, logs, cosignatures, proofs (ledger/view.h)
 *
 * Offers, answers and results are deliveries (ledger/delivery.h). <id> is the first 16 bytes of the
 * session id in hexadecimal, which both sides compute. All of it may be repeated after a broken
 * connection. Anything wrong inside a run ends it with 409 and no body.
 */
#ifndef ENT_NODE_PEER_H
#define ENT_NODE_PEER_H

#include "net/net.h"
#include "node/book.h"
#include "node/quorums.h"
#include "node/runners.h"

#define ENT_RUN_ID 33 /* 32 hexadecimal digits and NUL */

enum ent_peer_event_kind {
    ENT_PEER_ACCEPTED,
    ENT_PEER_REFUSED,
    ENT_PEER_FINISHED,
    ENT_PEER_ABORTED, /* the partner broke the protocol, or something failed here */
    ENT_PEER_EXPIRED  /* the partner stopped halfway */
};

struct ent_peer_event {
    enum ent_peer_event_kind kind;
    const char *run; /* id, or "" before there is one */
    const char *partner;
    uint64_t asked;
    enum ent_verdict verdict; /* ENT_PEER_REFUSED */
    enum ent_err err;         /* ENT_PEER_ABORTED */
    uint64_t unreleased;      /* ENT_PEER_ACCEPTED: not compared, because its sources are held */
};

/* A run that was silent for this part of idle_seconds gives way to a new one of its partner. */
#define ENT_PEER_YIELDS 12u

struct ent_peer_opts {
    struct ent_book *book; /* outlives the peer; opened with its keys */
    struct ent_caller desk;
    struct ent_runners *runners; /* outlive the peer; NULL: offers are answered 503 */
    struct ent_quorums *quorums; /* outlive the peer; NULL: there are none */
    uint64_t items_most;         /* one run */
    unsigned idle_seconds;       /* a run in which nothing happens for so long is forgotten */
    void *ctx;
    void (*event)(void *ctx, const struct ent_peer_event *e); /* from any thread, one at a time */
    /* A member said something about its log or the pact, or NULL: something about the pact. From
     * any thread. May be NULL. */
    void (*heard)(void *ctx, const char *member);
};

struct ent_peer;
ENT_MUST_USE enum ent_err ent_peer_new(struct ent_peer **ret, const struct ent_peer_opts *opts);
/* After the server that calls the handlers has stopped. */
void ent_peer_free(struct ent_peer *p);

/* Before the end: new offers are answered 503, and their askers come again; runs go on. */
void ent_peer_drain(struct ent_peer *p);
/* How many runs are not at their end. That is three seconds after a result was given: its partner
 * looks for it in our log. */
unsigned ent_peer_running(struct ent_peer *p);

/* Two callbacks of struct ent_server_opts; ctx is the struct ent_peer. */
size_t ent_peer_max_body(void *ctx, const struct ent_spki *peer, const char *method,
                         const char *path);
void ent_peer_handle(void *ctx, const struct ent_request *req, struct ent_response *res);

/* The same without a peer: the largest body this method and path may have; 0: there is no such. */
size_t ent_peer_body_max(const char *method, const char *path);

/*
 * The service for ENT_FRONT_PEER (front_wire.h). A taken front can ask in any member's name: it
 * learns what that member could fetch (logs, heads, blocks of its runs), and ends its runs. It can
 * make nobody say anything: offers, results and news are signed. The process that has the book
 * calls ent_book_refresh() itself, and tells the front who is allowed when that has changed.
 */
enum ent_err ent_peer_serve(void *peer, struct ent_msg *ret, struct ent_msg *call);

/* Whose TLS keys may connect: those of the newest version, but our own and of those who withdrew.
 */
struct ent_allowed;
ENT_MUST_USE enum ent_err ent_peer_allowed(struct ent_peer *p, struct ent_allowed *ret);

#endif
