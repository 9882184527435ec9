/*
 * quorum_work.h: all that is secret of this member in one run of a quorum (docs/quorum.md), as a
 * service (service.h) of a process that does nothing else: it is participant, key holder or both in
 * this one run. Here are the seeds, the set of observables and the run's key, and here alone the
 * bodies are parsed that other members send in a run. It has no file and no network: seeds and set
 * come from the desk (desk.h), where the findings go; what leaves it is for the ledger to send.
 *
 *     join       32 leaf, body of the offer        -> u32 items, 32 root: an acceptance
 *     hold       32 leaf, body of the offer        -> 32 public key
 *     start      32 sid, u32 index, 64 x u32 items, 8 x 32 keys, zeros for none -> nothing
 *   participant:
 *     ask        u32 batch                         -> the question for all key holders
 *     answer     u32 batch, u32 holder, evaluated  -> verdict
 *     tables     nothing                           -> nothing; takes long
 *     block      u32 block                         -> the block
 *     piece      a piece of the collector's answer -> verdict
 *     take       32 commitment                     -> verdict [, 32 commitment, u64 found, u64
 *                                                     refused]
 *   key holder:
 *     again      u32 index, u32 batch, 32 hash     -> nothing
 *     admit      u32 index, a question             -> verdict [, u32 batch, 32 hash, u8 fresh]
 *     evaluate   u32 index, a question             -> verdict [, evaluated]
 *     leave out  u32 index                         -> nothing
 *
 * verdict: u8, 0: fine, and what is in brackets follows; an enum ent_quorum_fault: that member
 * lied; 255: not of this run, for which nobody is named.
 *
 * join and hold, in any order, each at most once, or one of them alone; then start; then the
 * participant's in their order (ask and answer of several batches at once, pieces from the first),
 * and the key holder's at any time. The first error but ENT_E_NOTFOUND is the end: whatever comes
 * then is refused with ENT_E_STATE. After a restart, of the process or of the node, the same calls
 * give the same bytes.
 *
 * Whoever has taken over a worker knows what this member saw in the window, as far as it went into
 * the run, and this run's key; it can send false questions and shares, take out what it likes of
 * the findings, or add others' marks to what this member really saw; and as a key holder's, answer
 * more questions than were announced. It learns nothing of other runs, windows or keys.
 * Whoever has taken over the ledger gets no item, no seed and no key. It can keep this member out,
 * and deny it the findings. It is the one that remembers what was admitted: by beginning a worker
 * again and again without that, it can have others' elements evaluated beyond what they announced,
 * and a participant with it could then try addresses, were it not for the other key holders.
 */
#ifndef ENT_NODE_QUORUM_WORK_H
#define ENT_NODE_QUORUM_WORK_H

#include "match/match.h"

#include "node/service.h"

enum ent_qwork_type {
    ENT_QWORK_JOIN = ENT_MSG_QUORUM + 1,
    ENT_QWORK_HOLD,
    ENT_QWORK_START,
    ENT_QWORK_ASK,
    ENT_QWORK_ANSWER,
    ENT_QWORK_TABLES,
    ENT_QWORK_BLOCK,
    ENT_QWORK_PIECE,
    ENT_QWORK_TAKE,
    ENT_QWORK_AGAIN,
    ENT_QWORK_ADMIT,
    ENT_QWORK_EVALUATE
};

#define ENT_QWORK_OPEN        16u /* questions without all of their answers at a time */
#define ENT_QWORK_BEGIN       (36u + 4u * ENT_QUORUM_MEMBERS + 32u * ENT_QUORUM_HOLDERS)
#define ENT_QWORK_REQUEST_MAX (8u + ENT_QUORUM_EVALUATE_MAX + 1u) /* the longest: answer */
#define ENT_QWORK_ANSWER_MAX  (1u + ENT_QUORUM_EVALUATE_MAX)

/* --- in the process of the match ----------------------------------------------------------------
 */

struct ent_qworker;

/* desk: who is asked for seeds and set, and told of findings; its ctx outlives the worker. */
ENT_MUST_USE enum ent_err ent_qworker_new(struct ent_qworker **ret, const struct ent_caller *desk);
/* When nobody is inside any more. Its secrets are wiped. */
void ent_qworker_free(struct ent_qworker *w);
/* Whatever comes now is refused. */
void ent_qworker_stop(struct ent_qworker *w);

/* An ent_service of a struct ent_qworker. */
enum ent_err ent_qworker_serve(void *worker, struct ent_msg *ret, struct ent_msg *call);

/* A note of the desk, ENT_DESK_ITEMS. An error is also that of the join it belongs to; ENT_E_STATE
 * and nothing else happens when none is under way. */
ENT_MUST_USE enum ent_err ent_qworker_note(struct ent_qworker *w, uint16_t type,
                                           struct ent_slice payload);

#define ENT_QWORK_ROWS 24
extern const struct ent_msg_row ent_qwork_rows[ENT_QWORK_ROWS];

/* --- who asks -----------------------------------------------------------------------------------
 * Errors are the worker's. ENT_E_PEER also for an answer that is none.
 *
 * Where there is *ret_fault, others' bytes are judged, and the worker goes on whatever they are:
 *   ENT_E_FORMAT   malformed
 *   ENT_E_LIMIT    excess
 *   ENT_E_EXISTS   repeated
 *   ENT_E_AUTH     foreign, proof or answer
 *   ENT_E_POLICY   no fault: of another run, or of one who takes no part (any more)
 * Any other error with no fault is the worker's own, and its end.
 */

/* Participant: seeds and set from the desk. ENT_E_NOTFOUND: there is no set of this window, or the
 * desk was not told of the run; the worker goes on. */
ENT_MUST_USE enum ent_err ent_qwork_join(const struct ent_caller *c, struct ent_quorum_accept *ret,
                                         const struct ent_hash32 *offer_leaf,
                                         const struct ent_quorum_offer *o);
/* Key holder. */
ENT_MUST_USE enum ent_err ent_qwork_hold(const struct ent_caller *c, struct ent_element *ret_key,
                                         const struct ent_hash32 *offer_leaf,
                                         const struct ent_quorum_offer *o);

struct ent_qwork_begin {
    struct ent_hash32 sid;
    uint32_t index;                             /* 0: does not take part, or was left out */
    uint32_t items[ENT_QUORUM_MEMBERS];         /* announced; 0: does not take part */
    struct ent_element key[ENT_QUORUM_HOLDERS]; /* in their order; zeros behind the last */
};
/* For the roles that were opened. ENT_E_STATE also when the own set is not what was announced. */
ENT_MUST_USE enum ent_err ent_qwork_start(const struct ent_caller *c,
                                          const struct ent_qwork_begin *b);

/* The message for all key holders, appended; again the same. ENT_E_NOTFOUND past the end. */
ENT_MUST_USE enum ent_err ent_qwork_ask(const struct ent_caller *c, struct ent_buf *b,
                                        uint32_t batch);
/* Of key holder 1.. to a batch that was asked for; one that was taken before is not looked at. */
ENT_MUST_USE enum ent_err ent_qwork_answer(const struct ent_caller *c, uint32_t batch,
                                           uint32_t holder, struct ent_slice bytes,
                                           enum ent_quorum_fault *ret_fault);
/* When all are answered, else ENT_E_STATE. */
ENT_MUST_USE enum ent_err ent_qwork_tables(const struct ent_caller *c);
/* Appended. ENT_E_NOTFOUND past the end. */
ENT_MUST_USE enum ent_err ent_qwork_block(const struct ent_caller *c, struct ent_buf *b,
                                          uint32_t block);
ENT_MUST_USE enum ent_err ent_qwork_piece(const struct ent_caller *c, struct ent_slice bytes,
                                          enum ent_quorum_fault *ret_fault);

struct ent_qwork_taken {
    struct ent_hash32 commitment;
    uint64_t found, refused;
};
/* After the last piece; answer: as the collector's result names it. The findings are durable in the
 * store when it returns; again changes nothing. After a fault the pieces may come once more. */
ENT_MUST_USE enum ent_err ent_qwork_take(const struct ent_caller *c, struct ent_qwork_taken *ret,
                                         const struct ent_hash32 *answer,
                                         enum ent_quorum_fault *ret_fault);

/* What was kept of admit, before anything else is admitted. */
ENT_MUST_USE enum ent_err ent_qwork_again(const struct ent_caller *c,
                                          const struct ent_quorum_admitted *a);
/* index: of the connection's member. A fault ends that member's part. Keep what is fresh before it
 * is evaluated. */
ENT_MUST_USE enum ent_err ent_qwork_admit(const struct ent_caller *c,
                                          struct ent_quorum_admitted *ret,
                                          enum ent_quorum_fault *ret_fault, uint32_t index,
                                          struct ent_slice ask);
/* Appended. What was not admitted is the end of the worker (ENT_E_STATE). */
ENT_MUST_USE enum ent_err ent_qwork_evaluate(const struct ent_caller *c, struct ent_buf *answer,
                                             enum ent_quorum_fault *ret_fault, uint32_t index,
                                             struct ent_slice ask);

/* --- the messages, for both sides and for tests -------------------------------------------------
 * One form for each, else ENT_E_FORMAT.
 */

struct ent_qwork_request {
    enum ent_qwork_type type;
    struct ent_hash32 hash;        /* join, hold: the leaf; take, again */
    struct ent_quorum_offer offer; /* join, hold */
    struct ent_qwork_begin begin;  /* start */
    uint32_t index;                /* again, admit, evaluate; holder of answer */
    uint32_t number;               /* batch of ask, answer, again; block */
    struct ent_slice bytes;        /* answer, piece, admit, evaluate; points into the message */
};
ENT_MUST_USE enum ent_err ent_qwork_request_encode(struct ent_buf *b,
                                                   const struct ent_qwork_request *q);
ENT_MUST_USE enum ent_err ent_qwork_request_parse(struct ent_qwork_request *ret, uint16_t type,
                                                  struct ent_slice bytes);

#define ENT_QWORK_STRANGE 255u /* the verdict on what is not of this run */
/* Takes the verdict off an answer: its error, as above. ENT_E_PEER when there is none. */
ENT_MUST_USE enum ent_err ent_qwork_verdict(struct ent_cur *c, enum ent_quorum_fault *ret_fault);

#endif
