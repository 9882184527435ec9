/*
 * quorum_keys.h: the key holder and the participant of a quorum (docs/quorum.md, section "Keys").
 *
 *     F(x) = Finalize(y, sum of k_j * H2G(y)),  y = "entente/quorum/item/v1" || sid || x
 *
 * with Finalize, H2G and the proofs of RFC 9497, ristretto255-SHA512, mode VOPRF. k_j is key holder
 * j's, of this run alone. A participant blinds once and sends the same bytes to every key holder:
 * what two of them see together is what each of them sees. Batches are those of lookup.h, of
 * ENT_LOOKUP_BATCH items, in any order.
 *
 * Everything random on either side comes from one seed of 32 bytes, so that a node that was
 * restarted sends the same bytes again. A blind depends on the item too: a seed that came back with
 * another set of items would not use a blind twice.
 */
#ifndef ENT_MATCH_QUORUM_KEYS_H
#define ENT_MATCH_QUORUM_KEYS_H

#include "match/lookup.h"
#include "match/quorum_wire.h"

#define ENT_QUORUM_ASK_MAX      (ENT_QUORUM_HEADER + 32u * ENT_LOOKUP_BATCH)
#define ENT_QUORUM_EVALUATE_MAX (32u * ENT_LOOKUP_BATCH + ENT_OPRF_PROOF)

/* --- key holder ----------------------------------------------------------------------------------
 * new -> key -> start -> (again, after a restart) -> for each batch: admit, evaluate.
 * Kept by the caller, sealed: the seed, until the run is over. Kept, before the batch is evaluated:
 * what admit returned. A batch that was forgotten could be asked for again with other contents.
 */
struct ent_quorum_holder;

/* seed: fresh for each run, secret. */
ENT_MUST_USE enum ent_err ent_quorum_holder_new(struct ent_quorum_holder **ret,
                                                const struct ent_seed32 *seed);
void ent_quorum_holder_free(struct ent_quorum_holder *h);
void ent_quorum_holder_key(const struct ent_quorum_holder *h, struct ent_element *ret);

/* items[i-1]: what participant i announced, 0 for one that takes no part; none above M. */
ENT_MUST_USE enum ent_err ent_quorum_holder_start(struct ent_quorum_holder *h,
                                                  const struct ent_hash32 *run,
                                                  const struct ent_quorum_shape *s,
                                                  const uint32_t *items);

struct ent_quorum_admitted {
    uint32_t index, batch;
    struct ent_hash32 hash; /* of the whole message */
    bool fresh;             /* else it was admitted before, and nothing needs to be kept */
};
/*
 * Under the caller's lock. What is wrong ends the participant's part for good, and *ret_fault says
 * what to name it for (NO_FAULT for what is nobody's lie):
 *   ENT_E_FORMAT  malformed: not the length that its announcement gives this batch
 *   ENT_E_LIMIT   excess: a batch beyond its announcement, or other contents under a used number
 *   ENT_E_EXISTS  repeated: an element that stood in this or another of its batches; an honest
 *                 participant's blinds are fresh, and it never asks for one item twice
 *   ENT_E_AUTH    foreign: another index than the sender's
 *   ENT_E_STATE   another run, no participant, or one whose part has ended
 * Elements are compared with those since the last restart: that cannot be used, since the same
 * element gives the same answer, and it is counted all the same.
 */
ENT_MUST_USE enum ent_err ent_quorum_holder_admit(struct ent_quorum_holder *h,
                                                  struct ent_quorum_admitted *ret,
                                                  enum ent_quorum_fault *ret_fault, uint32_t index,
                                                  struct ent_slice ask);
/* What was kept, before anything else is admitted. ENT_E_FORMAT for what admit never returned. */
ENT_MUST_USE enum ent_err ent_quorum_holder_again(struct ent_quorum_holder *h,
                                                  const struct ent_quorum_admitted *a);

/* Without a lock, after admit. ENT_E_FORMAT (malformed) when an element is none: the caller then
 * says so to ent_quorum_holder_leave_out(). */
ENT_MUST_USE enum ent_err ent_quorum_holder_evaluate(const struct ent_quorum_holder *h,
                                                     struct ent_buf *answer, struct ent_slice ask);
void ent_quorum_holder_leave_out(struct ent_quorum_holder *h, uint32_t index);

/* Whether participant i has asked for all that it announced. */
bool ent_quorum_holder_is_complete(const struct ent_quorum_holder *h, uint32_t index);

/* --- participant ---------------------------------------------------------------------------------
 * new -> add -> accept -> start -> for each batch: ask, and answer from every key holder -> tables
 * -> take. Kept by the caller, sealed: the seed, and the set of items as long as the run lasts.
 */
struct ent_quorum_participant;

ENT_MUST_USE enum ent_err ent_quorum_participant_new(struct ent_quorum_participant **ret,
                                                     const struct ent_seed32 *seed);
void ent_quorum_participant_free(struct ent_quorum_participant *p);

/* item: ent_observable_key(). In any order; one that comes again counts once. */
ENT_MUST_USE enum ent_err ent_quorum_participant_add(struct ent_quorum_participant *p,
                                                     struct ent_slice item);

/* Fills items and root; the same set gives the same bytes. No more adding. ENT_E_LIMIT when there
 * are more than M. */
ENT_MUST_USE enum ent_err ent_quorum_participant_accept(struct ent_quorum_participant *p,
                                                        struct ent_quorum_accept *ret,
                                                        const struct ent_quorum_offer *o);

/* key: of each key holder, in their order, as they stand in their statements. */
ENT_MUST_USE enum ent_err ent_quorum_participant_start(struct ent_quorum_participant *p,
                                                       const struct ent_hash32 *run, uint32_t index,
                                                       const struct ent_element *key,
                                                       uint32_t holders);

/* One batch between its question and the last of its answers. Holds secrets: wiped by that answer,
 * or by ent_wipe() when it never comes. */
struct ent_quorum_batch {
    uint32_t batch, answered; /* bit j-1: by key holder j */
    size_t n;
    struct ent_scalar blind[ENT_LOOKUP_BATCH];
    struct ent_element blinded[ENT_LOOKUP_BATCH];
    struct ent_element sum[ENT_LOOKUP_BATCH];
};

/* Different batches in different threads, as with answer. ENT_E_NOTFOUND past the end. */
ENT_MUST_USE enum ent_err ent_quorum_participant_ask(const struct ent_quorum_participant *p,
                                                     struct ent_quorum_batch *ret,
                                                     struct ent_buf *ask, uint32_t batch);
/*
 * The answer of key holder 1.. to this batch; an answer that was taken before is not looked at.
 * Errors with *ret_fault: ENT_E_FORMAT (malformed), ENT_E_AUTH (proof): the key holder is named,
 * and the run must end, because nobody else has its key.
 */
ENT_MUST_USE enum ent_err ent_quorum_participant_answer(struct ent_quorum_participant *p,
                                                        struct ent_quorum_batch *b,
                                                        enum ent_quorum_fault *ret_fault,
                                                        uint32_t holder, struct ent_slice answer);
bool ent_quorum_participant_is_complete(const struct ent_quorum_participant *p);

/* The tables of shares, when all batches are complete (else ENT_E_STATE). */
ENT_MUST_USE enum ent_err ent_quorum_participant_tables(const struct ent_quorum_participant *p,
                                                        struct ent_quorum_table **ret);

/* An item that passed, and at least these have it. */
struct ent_quorum_found {
    struct ent_slice item;
    uint32_t tables;
    uint64_t holders;
};
/*
 * What the collector's answer says, in the order of items; ENT_E_FORMAT for one that no honest
 * collector gives. *ret_refused counts hits that prove nothing: the collector's lies, or lines that
 * others with the same item drew through the own share. *ret is the commitment for `taken`.
 */
ENT_MUST_USE enum ent_err ent_quorum_participant_take(
    const struct ent_quorum_participant *p, struct ent_hash32 *ret, size_t *ret_refused,
    const struct ent_quorum_table *t, const struct ent_quorum_answer *a,
    enum ent_err (*found)(void *ctx, const struct ent_quorum_found *f), void *ctx);

#endif
