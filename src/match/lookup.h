/*
 * lookup.h: the two roles of mode `lookup` (docs/match.md section 3). Driven by node/, which brings
 * the bytes, the locks and the threads.
 *
 * Questions go in batches of ENT_LOOKUP_BATCH, all full but the last:
 *     ask    = u32le batch || 32 bytes for each question
 *     answer = 32 bytes for each question || proof 64
 * The announced number of items fixes every length.
 */
#ifndef ENT_MATCH_LOOKUP_H
#define ENT_MATCH_LOOKUP_H

#include "match/filter.h"
#include "match/label.h"
#include "match/terms.h"

#define ENT_LOOKUP_BATCH      4096u
#define ENT_LOOKUP_ASK_MAX    (4u + 32u * ENT_LOOKUP_BATCH)
#define ENT_LOOKUP_ANSWER_MAX (32u * ENT_LOOKUP_BATCH + ENT_OPRF_PROOF)
#define ENT_LABELS_BLOCK      256u /* boxes in one message */

uint64_t ent_lookup_batches(uint64_t items);
size_t ent_lookup_batch_count(uint64_t items, uint64_t batch);
uint64_t ent_labels_blocks(uint64_t labels);
size_t ent_labels_block_count(uint64_t labels, uint64_t block);

/* The observables and the kept bytes of one side are at most this many. */
#define ENT_LOOKUP_BYTES_MOST ((size_t)4 << 30)

/* --- holder --------------------------------------------------------------------------------------
 * new -> add (label and item, as often as needed; and pad) -> accept -> start -> tags (jobs) ->
 * sort, and at any time after start: admit, evaluate; after sort: filter, labels.
 */
struct ent_lookup_holder;

/* A fresh key. */
ENT_MUST_USE enum ent_err ent_lookup_holder_new(struct ent_lookup_holder **ret);
void ent_lookup_holder_free(struct ent_lookup_holder *h);

/* The number of an equal label that was added before, or a new one. Beyond ENT_MATCH_LABELS_MOST
 * different ones the text, then the kind is left out. */
ENT_MUST_USE enum ent_err ent_lookup_holder_label(struct ent_lookup_holder *h, uint32_t *ret,
                                                  const struct ent_label *l);

/* item: ent_observable_key(); each at most once. */
ENT_MUST_USE enum ent_err ent_lookup_holder_add(struct ent_lookup_holder *h, struct ent_slice item,
                                                uint32_t label);

/* Hide the exact size behind the next power of two. Before the acceptance. */
void ent_lookup_holder_pad(struct ent_lookup_holder *h);

/* Fill the body of the acceptance (all but what node/ knows better). No more adding. */
ENT_MUST_USE enum ent_err ent_lookup_holder_accept(struct ent_lookup_holder *h,
                                                   struct ent_match_accept *ret);

/* The run is bound to sid and will answer exactly `asked` questions. */
ENT_MUST_USE enum ent_err ent_lookup_holder_start(struct ent_lookup_holder *h,
                                                  const struct ent_hash32 *sid, uint64_t asked);

/* Tags of one part of the own list; parts 0..n-1 may run in parallel, then sort once. */
size_t ent_lookup_holder_parts(const struct ent_lookup_holder *h);
ENT_MUST_USE enum ent_err ent_lookup_holder_tags(struct ent_lookup_holder *h, size_t part);
void ent_lookup_holder_sort(struct ent_lookup_holder *h);

/* First half of a question, under the caller's lock: shape, and that this batch number was not used
 * for other questions. Any error ends the run. */
ENT_MUST_USE enum ent_err ent_lookup_holder_admit(struct ent_lookup_holder *h,
                                                  struct ent_slice ask);
/* Second half, without a lock. */
ENT_MUST_USE enum ent_err ent_lookup_holder_evaluate(const struct ent_lookup_holder *h,
                                                     struct ent_buf *answer, struct ent_slice ask);

/* Blocks in their order or any other. ENT_E_NOTFOUND past the end. */
ENT_MUST_USE enum ent_err ent_lookup_holder_filter(const struct ent_lookup_holder *h,
                                                   struct ent_buf *b, uint64_t block);
ENT_MUST_USE enum ent_err ent_lookup_holder_labels(const struct ent_lookup_holder *h,
                                                   struct ent_buf *b, uint64_t block);

/* Whether every announced question was asked. */
bool ent_lookup_holder_is_complete(const struct ent_lookup_holder *h);

/* SHA-256 over all filter blocks, then all label blocks, as served. */
ENT_MUST_USE enum ent_err ent_lookup_holder_digest(const struct ent_lookup_holder *h,
                                                   struct ent_hash32 *ret);

/* The seed that opens the committed inputs in an audit: kept with the run's record. */
const struct ent_seed32 *ent_lookup_holder_seed(const struct ent_lookup_holder *h);

/* --- asker ---------------------------------------------------------------------------------------
 * new -> add (and pad) -> offer -> start -> for each batch: ask, answer (batches in parallel) ->
 * match -> filter blocks in order -> label blocks in order -> hits.
 */
struct ent_lookup_asker;

ENT_MUST_USE enum ent_err ent_lookup_asker_new(struct ent_lookup_asker **ret);
void ent_lookup_asker_free(struct ent_lookup_asker *a);

ENT_MUST_USE enum ent_err ent_lookup_asker_add(struct ent_lookup_asker *a, struct ent_slice item);

/* Questions about nothing, up to the next power of two, so that the number asked says less. */
ENT_MUST_USE enum ent_err ent_lookup_asker_pad(struct ent_lookup_asker *a);

uint64_t ent_lookup_asker_items(const struct ent_lookup_asker *a);

/* Fill items, nonce and root of the offer. No more adding. */
void ent_lookup_asker_offer(struct ent_lookup_asker *a, struct ent_match_offer *ret);

ENT_MUST_USE enum ent_err ent_lookup_asker_start(struct ent_lookup_asker *a,
                                                 const struct ent_hash32 *sid,
                                                 const struct ent_match_accept *accept);

/* What must be remembered between a question and its answer. Holds secrets: wiped by
 * ent_lookup_asker_answer(), or by ent_wipe() when there is none. */
struct ent_lookup_batch {
    uint64_t batch;
    size_t n;
    struct ent_scalar blind[ENT_LOOKUP_BATCH];
    struct ent_element blinded[ENT_LOOKUP_BATCH];
};

/* Different batches in different threads. */
ENT_MUST_USE enum ent_err ent_lookup_asker_ask(const struct ent_lookup_asker *a,
                                               struct ent_lookup_batch *ret, struct ent_buf *ask,
                                               uint64_t batch);
/* ENT_E_FORMAT or ENT_E_AUTH: the holder cheats or is broken; the run must end. */
ENT_MUST_USE enum ent_err ent_lookup_asker_answer(struct ent_lookup_asker *a,
                                                  struct ent_lookup_batch *b,
                                                  struct ent_slice answer);

/* After the last answer. */
ENT_MUST_USE enum ent_err ent_lookup_asker_match(struct ent_lookup_asker *a);
ENT_MUST_USE enum ent_err ent_lookup_asker_filter(struct ent_lookup_asker *a,
                                                  struct ent_slice block);
ENT_MUST_USE enum ent_err ent_lookup_asker_labels(struct ent_lookup_asker *a,
                                                  struct ent_slice block);

/* A hit's label is missing (label == NULL) when the holder sealed it so that it cannot be opened:
 * worth telling the user, but never a reason to behave differently towards the holder. */
struct ent_lookup_hit {
    struct ent_slice item;
    const struct ent_label *label;
};

/* Only after everything was received: a result that is not whole is no result (ENT_E_STATE). In
 * order of items as they were added. */
ENT_MUST_USE enum ent_err ent_lookup_asker_hits(const struct ent_lookup_asker *a,
                                                enum ent_err (*hit)(void *ctx,
                                                                    const struct ent_lookup_hit *),
                                                void *ctx, uint64_t *ret_n);

const struct ent_seed32 *ent_lookup_asker_seed(const struct ent_lookup_asker *a);

#endif
