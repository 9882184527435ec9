/*
 * quorums.h: the quorums (docs/quorum.md) that this member has a part in: statements out and in,
 * deadlines, what this member does next in each of its roles, and all that a collector does. What
 * is secret of this member in a run is with a match process (quorum_work.h); shares are not, since
 * a collector is no participant.
 *
 * A run is named by the first 32 hexadecimal digits of its offer's leaf. In the home:
 *
 *     quorum/<id>/offer         the offer, a delivery, kept (ent_kept_write())
 *     quorum/<id>/said/<leaf>   what else was said in the run: deliveries, kept
 *     quorum/<id>/state         ent_quorum_run_encode(), kept; what is missing follows from said
 *     quorum/<id>/progress      for people: lines of a word and what belongs to it, see below
 *     quorum/<id>/admitted      the batches that this key holder has admitted
 *     quorum/<id>/shares-<i>    the collector's: blocks of participant i, in the order they came
 *     quorum/<id>/hits-<i>      what participant i is told
 *     quorum/<id>/computed      up to which block, and how many of these, with their CRC; kept
 *     quorum/<id>/salts         of the answers, kept
 *     quorum/<id>/over          the run is over: nothing but its record is there
 *     quorum/<id>/join, decline made by whoever decides here about an offer that waits for it
 *     quorum/compared           which windows were, and which were offered by the schedule, kept
 *     quorum/refused            offers that were refused without a run, kept
 *     quorum/wish/<16 hex>      an offer's body that this member wants to make; what became of it
 *     quorum/wish/<16 hex>.done stands there, kept: "id <run>\n" or "refused <word>\n"
 *
 * Lines of progress, in any order; readers skip words that they do not know:
 *     role participant|holder|collector             one line for each
 *     evaluated <batches> <all>                     by all key holders; a participant's
 *     uploaded <blocks> <all>
 *     received <member> <blocks> <all>              a collector's
 *     computed <cells> <all>
 *     found <items>, refused-hits <hits>            a participant's, at the end
 *
 *     POST /peer/v1/quorum                          a delivery of any statement of a run
 *     GET  /peer/v1/quorum                          runs that the asking member is named in, an id
 *                                                   each line
 *     GET  /peer/v1/quorum/<id>                     the leaves of all that was said, a line each
 *     GET  /peer/v1/quorum/<id>/said/<leaf>         one of them
 *     POST /peer/v1/quorum/<id>/evaluate            key holder: ask -> evaluated
 *     POST /peer/v1/quorum/<id>/block               collector: block -> nothing
 *     GET  /peer/v1/quorum/<id>/progress            collector: which blocks are there
 *     GET  /peer/v1/quorum/<id>/piece/<n>           collector: a piece of the answer
 *
 * 200; 409 for what is wrong, with the fault's word as body where it has one; 503 for what may be
 * tried again; 404 for runs in which the asking member has no part.
 *
 * Each run has a thread that decides, and one towards each other member, so that one who is slow or
 * dead delays nobody else. A run is over a minute after its end, or, where somebody has not taken
 * its answer, ten after its last deadline: offer, state and said stay as the record, which is still
 * shown, everything else goes. What the pact refuses never becomes a run.
 */
#ifndef ENT_NODE_QUORUMS_H
#define ENT_NODE_QUORUMS_H

#include "match/match.h"
#include "net/net.h"
#include "node/book.h"
#include "node/config.h"
#include "node/desk_quorum.h"
#include "node/dial.h"
#include "node/runners.h"
#include "node/service.h"

#define ENT_QUORUMS_OF_ONE     4u /* that one member has offered, at a time */
#define ENT_QUORUMS_SCHEDULED  8u /* by the pact's schedule; they take nobody's place */
#define ENT_QUORUMS_MOST       (ENT_QUORUMS_OF_ONE * ENT_PACT_MEMBERS + ENT_QUORUMS_SCHEDULED)
#define ENT_QUORUM_SETTLE      60u   /* seconds that a run stays when nobody needs anything of it */
#define ENT_QUORUM_LINGER      600u  /* after the last deadline, where somebody might */
#define ENT_QUORUM_SAID_MOST   8192u /* statements in one run */
#define ENT_QUORUM_PATH        "/peer/v1/quorum"
#define ENT_QUORUM_LIST_MAX    (65u * (ENT_QUORUM_SAID_MOST + 1))
#define ENT_QUORUM_WISH_FOLDER "quorum/wish"
#define ENT_QUORUM_COMPARED    "quorum/compared"
#define ENT_QUORUM_REFUSED     "quorum/refused"

enum ent_quorum_event_kind {
    ENT_QUORUM_EV_OFFERED,
    ENT_QUORUM_EV_JOINED,
    ENT_QUORUM_EV_REFUSED, /* by this member; reason */
    ENT_QUORUM_EV_DONE,    /* positions; of a participant when it has its answer: found */
    ENT_QUORUM_EV_FAILED,  /* member and fault, or "" when too few take part */
    ENT_QUORUM_EV_NAMED    /* this member saw member do fault */
};
#define ENT_QUORUM_EVENTS 6

struct ent_quorum_event {
    enum ent_quorum_event_kind kind;
    const char *run;
    const char *author; /* of the offer */
    const char *member; /* or "" */
    enum ent_quorum_fault fault;
    enum ent_quorum_reason reason;
    uint64_t items; /* that this member has announced, as a participant */
    uint64_t positions, found;
};

struct ent_quorums_opts {
    struct ent_book *book; /* outlives them, as does the rest */
    struct ent_caller keeper;
    struct ent_dialer dialer;
    struct ent_runners *runners;
    enum ent_quorum_part mode;
    uint64_t items_most; /* M of an offer that is taken */
    unsigned threads;    /* that compute as a collector; 0: as many as there are processors */
    unsigned pause_ms;   /* between two looks at a run; 0: 1000 */
    unsigned call_seconds;
    void *ctx;
    void (*event)(void *ctx, const struct ent_quorum_event *e); /* from any thread */
    int64_t (*now)(void *ctx);                                  /* NULL: ent_clock_now() */
};

struct ent_quorums;
/* Runs of before go on. ENT_E_IO and the like when the folder cannot be read; a damaged run stays
 * on the disk and is left alone. */
ENT_MUST_USE enum ent_err ent_quorums_new(struct ent_quorums **ret, struct ent_diag *d,
                                          const struct ent_quorums_opts *opts);
/* Waits for calls that are under way; what is on the disk goes on with the next one. */
void ent_quorums_free(struct ent_quorums *q);
/* No new runs; those there are go on after the restart. */
void ent_quorums_drain(struct ent_quorums *q);
/* Wishes, the schedule, runs that are over: a few times a second, by one thread. */
void ent_quorums_look(struct ent_quorums *q);
/* Runs that have not come to their end. */
unsigned ent_quorums_running(struct ent_quorums *q);

/* Make this offer: it is signed, its run begins, ret is its name. ENT_E_POLICY: *ret_why, and of
 * the pact *ret_verdict. ENT_E_LIMIT: no more runs now. Not with the book's lock. */
ENT_MUST_USE enum ent_err ent_quorums_offer(struct ent_quorums *q, char ret[static ENT_QUORUM_ID],
                                            enum ent_quorum_reason *ret_why,
                                            enum ent_verdict *ret_verdict,
                                            const struct ent_quorum_offer *o);

/* The largest body this method and path may have (GET: 1); 0: there is no such. */
size_t ent_quorums_body_max(const char *method, const char *path);
/* from: the member whose connection it is. */
void ent_quorums_handle(struct ent_quorums *q, const char *from, const struct ent_request *req,
                        struct ent_response *res);

#endif
