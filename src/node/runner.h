/*
 * runner.h: a holder's run of a match as a service (service.h) of a process that does nothing else:
 * one process, one run, and then it ends. Here alone the bodies of partners are parsed that come in
 * a run. It has no file, no key of the member and no network: the list comes from the desk, and
 * what leaves it is for the ledger to sign and to send.
 *
 *     open      u32 types, u64 time    -> 32 seed, u64 unreleased, body of the acceptance
 *     start     32 sid, u64 asked      -> nothing
 *     build     nothing                -> nothing: the filter is computed, which takes long
 *     evaluate  a batch of questions   -> answers with their proof
 *     filter    u64 n                  -> a block
 *     labels    u64 n                  -> a block
 *     digest    nothing                -> 32 bytes over all blocks; everything must have been asked
 *
 * They come in this order; evaluate may come at any time after start, filter, labels and digest
 * after build. The first error is the end: whatever comes then is refused with ENT_E_STATE.
 *
 * Whoever has taken over a match can give its partner wrong answers, and wrong results to sign, in
 * this one run; it knows the list that partners are compared with, and tells its partner what it
 * likes of it. It learns nothing of other runs, and answers of wrong lengths end it.
 */
#ifndef ENT_NODE_RUNNER_H
#define ENT_NODE_RUNNER_H

#include "match/match.h"

#include "node/service.h"

enum ent_run_type {
    ENT_RUN_OPEN = ENT_MSG_RUN + 1,
    ENT_RUN_START,
    ENT_RUN_BUILD,
    ENT_RUN_EVALUATE,
    ENT_RUN_FILTER,
    ENT_RUN_LABELS,
    ENT_RUN_DIGEST
};

#define ENT_RUN_OPENED_MAX 1024u
#define ENT_RUN_LABELS_MAX (ENT_LABELS_BLOCK * ENT_LABEL_BOX)
#define ENT_RUN_ANSWER_MAX ENT_FILTER_BLOCK_MAX /* the longest of all */

/* --- in the process of the match ----------------------------------------------------------------
 */

struct ent_runner;

/* desk: who is asked for the list, see desk.h; its ctx and the pool outlive the runner. */
ENT_MUST_USE enum ent_err ent_runner_new(struct ent_runner **ret, const struct ent_caller *desk,
                                         struct ent_pool *pool);
/* When nobody is inside any more. Its secrets are wiped. */
void ent_runner_free(struct ent_runner *r);
/* Whatever is under way ends soon, with an error. */
void ent_runner_stop(struct ent_runner *r);

/* An ent_service of a struct ent_runner. */
enum ent_err ent_runner_serve(void *runner, struct ent_msg *ret, struct ent_msg *call);

/* A note of the desk, ENT_DESK_ITEMS. An error is also that of the load it belongs to. */
ENT_MUST_USE enum ent_err ent_runner_note(struct ent_runner *r, uint16_t type,
                                          struct ent_slice payload);

#define ENT_RUNNER_ROWS 14
extern const struct ent_msg_row ent_runner_rows[ENT_RUNNER_ROWS];

/* --- who asks -----------------------------------------------------------------------------------
 * Errors are the runner's. ENT_E_PEER also for an answer that is none: of another length, not what
 * was asked for.
 */

struct ent_run_opened {
    struct ent_match_accept accept;
    struct ent_seed32 seed; /* secret: opens the committed list in an audit */
    uint64_t unreleased;    /* not compared, because their sources are held */
};

ENT_MUST_USE enum ent_err ent_run_open(const struct ent_caller *c, struct ent_run_opened *ret,
                                       uint32_t types, int64_t at);
ENT_MUST_USE enum ent_err ent_run_start(const struct ent_caller *c, const struct ent_hash32 *sid,
                                        uint64_t asked);
ENT_MUST_USE enum ent_err ent_run_build(const struct ent_caller *c);
/* Appended to b. */
ENT_MUST_USE enum ent_err ent_run_evaluate(const struct ent_caller *c, struct ent_buf *b,
                                           struct ent_slice ask);
ENT_MUST_USE enum ent_err ent_run_filter(const struct ent_caller *c, struct ent_buf *b,
                                         uint64_t block);
ENT_MUST_USE enum ent_err ent_run_labels(const struct ent_caller *c, struct ent_buf *b,
                                         uint64_t block);
ENT_MUST_USE enum ent_err ent_run_digest(const struct ent_caller *c, struct ent_hash32 *ret);

/* The messages, for both sides and for tests. One form for each, else ENT_E_FORMAT. */
struct ent_run_request {
    enum ent_run_type type;
    uint32_t types;
    int64_t at;
    struct ent_hash32 sid;
    uint64_t asked, block;
    struct ent_slice ask; /* points into the bytes */
};
ENT_MUST_USE enum ent_err ent_run_request_encode(struct ent_buf *b,
                                                 const struct ent_run_request *q);
ENT_MUST_USE enum ent_err ent_run_request_parse(struct ent_run_request *ret, uint16_t type,
                                                struct ent_slice bytes);
ENT_MUST_USE enum ent_err ent_run_opened_encode(struct ent_buf *b, const struct ent_run_opened *o);
ENT_MUST_USE enum ent_err ent_run_opened_parse(struct ent_run_opened *ret, struct ent_slice bytes);

#endif
