/*
 * seeker.h: the asker's side of a match as a service (service.h): what computes and what partners'
 * answers inside a run are parsed by. In a node that is a process which does nothing else, beside
 * the runners' (runner.h); a command has it in its own. It has no file, no key of the member and no
 * network: what it wants asked the ledger sends, and brings it the answer.
 *
 *     add        items: u16 n, n key of an observable  -> nothing
 *     offer      u8 pad                  -> u64 items, 32 nonce, 32 root, 32 seed
 *     start      32 sid, body of the acceptance        -> nothing
 *     question   u64 batch               -> a batch of questions
 *     answer     u64 batch, the answer   -> nothing
 *     match      nothing                 -> nothing: every question was answered
 *     filter     a block, in order       -> nothing
 *     labels     a block, in order       -> nothing
 *     hits       u64 at                  -> u64 hits, u64 bytes, bytes from there on: a line each
 *     said       nothing                 -> of the first ENT_SEEK_SAID_MOST hits u8 opens, and an
 *                                           item as in desk_wire.h, or u16 n and the key alone
 *
 * They come in this order; offers as often as one is needed, questions and answers of several
 * batches at once. The first error is the end: whatever comes then is refused with ENT_E_STATE.
 * ENT_E_FORMAT and ENT_E_AUTH of answer, filter and labels: the partner cheats or is broken.
 *
 * Whoever has taken over a seeker knows what is asked in this one run, tells it to the partner in
 * place of questions, and says what it likes of the result. It learns nothing of other runs, of
 * what this member knows, or of its keys; answers of wrong lengths end it.
 */
#ifndef ENT_NODE_SEEKER_H
#define ENT_NODE_SEEKER_H

#include "match/match.h"

#include "node/desk_wire.h"
#include "node/service.h"

enum ent_seek_type {
    ENT_SEEK_ADD = ENT_MSG_SEEK + 1,
    ENT_SEEK_OFFER,
    ENT_SEEK_START,
    ENT_SEEK_QUESTION,
    ENT_SEEK_ANSWER,
    ENT_SEEK_MATCH,
    ENT_SEEK_FILTER,
    ENT_SEEK_LABELS,
    ENT_SEEK_HITS,
    ENT_SEEK_SAID
};

#define ENT_SEEK_ADD_MAX    (256u << 10)
#define ENT_SEEK_ACCEPT_MAX 1024u
#define ENT_SEEK_HITS_MAX   (1u << 20) /* bytes of text in one answer */
#define ENT_SEEK_SAID_MOST  200u
#define ENT_SEEK_SAID_MAX   (ENT_SEEK_SAID_MOST * (1u + ENT_DESK_ITEM_MAX))
#define ENT_SEEK_ANSWER_MAX (16u + ENT_SEEK_HITS_MAX) /* the longest of all */
#define ENT_SEEK_OPEN       64u                       /* questions without an answer at a time */

/* --- where it computes --------------------------------------------------------------------------
 */

struct ent_seeker;

/* asker: filled already, and the caller's; NULL: one of its own. */
ENT_MUST_USE enum ent_err ent_seeker_new(struct ent_seeker **ret, struct ent_lookup_asker *asker);
/* When nobody is inside any more. Its secrets are wiped. */
void ent_seeker_free(struct ent_seeker *s);

/* An ent_service of a struct ent_seeker. */
enum ent_err ent_seeker_serve(void *seeker, struct ent_msg *ret, struct ent_msg *call);

#define ENT_SEEKER_ROWS 20
extern const struct ent_msg_row ent_seeker_rows[ENT_SEEKER_ROWS];

/* --- who asks -----------------------------------------------------------------------------------
 * Errors are the seeker's. ENT_E_PEER also for an answer that is none.
 */

/* Puts an item behind the others of one message; ENT_E_LIMIT when it does not fit. */
ENT_MUST_USE enum ent_err ent_seek_put(struct ent_buf *message, struct ent_slice key);
ENT_MUST_USE enum ent_err ent_seek_take(struct ent_slice *ret, struct ent_cur *c);
ENT_MUST_USE enum ent_err ent_seek_add(const struct ent_caller *c, struct ent_slice message);
/* Fills items, nonce and root. seed is secret, and opens what was committed to. */
ENT_MUST_USE enum ent_err ent_seek_offer(const struct ent_caller *c, struct ent_match_offer *ret,
                                         struct ent_seed32 *ret_seed, bool pad);
ENT_MUST_USE enum ent_err ent_seek_start(const struct ent_caller *c, const struct ent_hash32 *sid,
                                         const struct ent_match_accept *accept);
/* items: as offered. Appended to b. */
ENT_MUST_USE enum ent_err ent_seek_question(const struct ent_caller *c, struct ent_buf *b,
                                            uint64_t items, uint64_t batch);
ENT_MUST_USE enum ent_err ent_seek_answer(const struct ent_caller *c, uint64_t batch,
                                          struct ent_slice answer);
ENT_MUST_USE enum ent_err ent_seek_match(const struct ent_caller *c);
ENT_MUST_USE enum ent_err ent_seek_filter(const struct ent_caller *c, struct ent_slice block);
ENT_MUST_USE enum ent_err ent_seek_labels(const struct ent_caller *c, struct ent_slice block);
/* What was met, a line each, appended to text, whose maximum bounds it: visible UTF-8, in as many
 * lines as there are hits, which is all that is known of it. */
ENT_MUST_USE enum ent_err ent_seek_hits(const struct ent_caller *c, struct ent_buf *text,
                                        uint64_t *ret_hits);
/* What the partner says of the first of them, in one form: see ent_seek_said_each(). */
ENT_MUST_USE enum ent_err ent_seek_said(const struct ent_caller *c, struct ent_buf *ret);
/* label NULL: it cannot be opened. ENT_E_FORMAT for other bytes. */
ENT_MUST_USE enum ent_err ent_seek_said_each(struct ent_slice said,
                                             enum ent_err (*hit)(void *ctx,
                                                                 const struct ent_lookup_hit *h),
                                             void *ctx);

#endif
