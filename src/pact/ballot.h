/*
 * ballot.h: the two-step vote on one version of a pact, as a machine: votes in, own votes and a
 * decision out. No clock, no key, no file; votes were verified by whoever gives them.
 *
 * In each round a member prevotes once, for a text that is proposed in this round or for none, and
 * then precommits once: for a text when enough prevoted it in this round, else for none. Whoever
 * precommitted a text is locked on it, and prevotes another one only when enough prevoted that in
 * a later round. Enough precommits of one round decide. (Tendermint, arXiv:1807.04938, without
 * its clock, and with any proposer; what it calls valid is what its user gives to propose().)
 *
 * Promises, as long as any two sets that are enough share a member who follows this machine: no
 * two members decide differently, whoever lies, whatever is lost, delayed or repeated, and whoever
 * crashes and starts again with what was saved. A member never casts two votes of one kind in one
 * round. Two such votes of another are told as a conflict; both count, so that nobody is kept from
 * going on by being shown another one first.
 * Never: makes up its mind about a text; waits.
 */
#ifndef ENT_PACT_BALLOT_H
#define ENT_PACT_BALLOT_H

#include "pact/vote.h"

#define ENT_BALLOT_VOTERS   256u
#define ENT_BALLOT_AHEAD    64u   /* rounds above one's own that votes are kept for */
#define ENT_BALLOT_ROUNDS   4096u /* in which anything was said */
#define ENT_BALLOT_WATCHING SIZE_MAX
#define ENT_BALLOT_SAVE_MAX 1024u

struct ent_voters {
    uint64_t bit[ENT_BALLOT_VOTERS / 64];
};
static inline void ent_voters_add(struct ent_voters *v, size_t i)
{
    v->bit[i / 64] |= (uint64_t)1 << (i % 64);
}
static inline bool ent_voters_has(const struct ent_voters *v, size_t i)
{
    return (v->bit[i / 64] >> (i % 64) & 1) != 0;
}

struct ent_ballot;

/* The callbacks must not call the ballot. */
struct ent_ballot_opts {
    struct ent_vote_topic topic;
    size_t voters; /* 1 to ENT_BALLOT_VOTERS, all who may vote on any text */
    size_t self;   /* which of them one is; ENT_BALLOT_WATCHING: casts nothing */
    void *ctx;
    /* Whether these are enough for this text: of the old members, and of those whom it names. NULL:
     * whether they are enough to expect no more. More voters are never worse. */
    bool (*enough)(void *ctx, const struct ent_hash32 *what, const struct ent_voters *who);
    /* A vote of one's own. Before this returns, `state` and all votes that were given must be
     * durable, and the vote signed; then it may leave. After an error nothing more is cast. */
    enum ent_err (*cast)(void *ctx, const struct ent_vote *vote, struct ent_slice state);
    /* Two votes of one kind and round by one voter, once for each. May be NULL. */
    void (*conflict)(void *ctx, size_t voter, const struct ent_vote *a, const struct ent_vote *b);
};

/* saved is what was last given to cast, or empty; all votes and proposals that were kept are given
 * again. ENT_E_FORMAT for what was never saved, ENT_E_STATE when it is about another version. */
ENT_MUST_USE enum ent_err ent_ballot_new(struct ent_ballot **ret, struct ent_diag *d,
                                         const struct ent_ballot_opts *opts,
                                         struct ent_slice saved);
void ent_ballot_free(struct ent_ballot *b);

/* --- what happens -------------------------------------------------------------------------------
 *
 * All return the error of cast; ENT_E_STATE after one, and nothing is done; ENT_E_NOMEM.
 */

/* This text is proposed in this round by this voter; it is at hand, follows the rules, and one is
 * for it. ENT_E_EXISTS for a second text by one proposer in one round, which is no proposal, and
 * ENT_E_LIMIT as below; a text that was wanted is at hand now all the same. */
ENT_MUST_USE enum ent_err ent_ballot_propose(struct ent_ballot *b, size_t proposer, uint32_t round,
                                             const struct ent_hash32 *what);

/*
 * A vote that was verified. ENT_E_LIMIT for a round more than ENT_BALLOT_AHEAD above one's own: to
 * be given again when that has changed. ENT_E_EXISTS for one's own vote that was never saved: this
 * is an old copy; it counts, and one casts none in its round.
 */
ENT_MUST_USE enum ent_err ent_ballot_vote(struct ent_ballot *b, size_t voter,
                                          const struct ent_vote *vote);

/* What is awaited is given up, by a person or a timer: votes for none, or the next round. */
ENT_MUST_USE enum ent_err ent_ballot_go_on(struct ent_ballot *b);

/* Another member's decision: these precommitted this text in this round, and were verified.
 * ENT_E_AUTH when they are not enough. */
ENT_MUST_USE enum ent_err ent_ballot_learn(struct ent_ballot *b, uint32_t round,
                                           const struct ent_hash32 *what,
                                           const struct ent_voters *who);

/* --- how it stands ------------------------------------------------------------------------------
 */

enum ent_ballot_step {
    ENT_BALLOT_PROPOSAL,   /* a text to prevote is awaited */
    ENT_BALLOT_PREVOTES,   /* enough for one text, to precommit it */
    ENT_BALLOT_PRECOMMITS, /* enough to decide */
    ENT_BALLOT_DECIDED
};
struct ent_ballot_now {
    enum ent_ballot_step step;
    uint32_t round;
    bool due; /* who has a clock goes on after a while, which grows with the round */
};
void ent_ballot_now(const struct ent_ballot *b, struct ent_ballot_now *ret);

/* The text that has to be proposed now, because it was nearly decided; false: any. */
bool ent_ballot_wish(const struct ent_ballot *b, struct ent_hash32 *ret);

/* A text that enough prevoted in this round and that propose() was never called with. */
bool ent_ballot_wanted(const struct ent_ballot *b, struct ent_hash32 *ret);

/* The first decision, and whose precommits made it. */
bool ent_ballot_decision(const struct ent_ballot *b, uint32_t *ret_round,
                         struct ent_hash32 *ret_what, struct ent_voters *ret_who);

/* One's own vote in this round. After a start with what was saved it may not have left yet. */
bool ent_ballot_own(const struct ent_ballot *b, enum ent_vote_kind kind, struct ent_vote *ret);

/* Who cast such a vote, as far as one knows. */
void ent_ballot_who(const struct ent_ballot *b, struct ent_voters *ret,
                    const struct ent_vote *vote);

/*
 * What must not be forgotten:
 *     entente/ballot@v1
 *     pact <base64>
 *     version <n>
 *     prev <base64>
 *     round <r>
 *     prevote <base64 or ->      when it was cast in this round
 *     precommit <base64 or ->    likewise
 *     lock <round> <base64>      when there is one
 */
ENT_MUST_USE enum ent_err ent_ballot_save(const struct ent_ballot *b, struct ent_buf *ret);

#endif
