/*
 * voting.h: the vote on the next version of the pact, as it stands in what members said about it
 * (news.h): proposals with their text, prevotes and precommits, all signed by root keys inside acts
 * that stand in their authors' logs. Counting is pact/ballot.h's.
 *
 *     lock/ballot     what this member's own votes bind it to; backups must not bring it back
 *     lock/ballot-next    the same for a root key that a proposed version would bring
 */
#ifndef ENT_NODE_VOTING_H
#define ENT_NODE_VOTING_H

#include "node/book.h"
#include "pact/pact.h"

#define ENT_MEDIA_PROPOSAL "text/entente-pact" /* body: the proposed text */
#define ENT_MEDIA_VOTE     "text/entente-vote" /* body: vote.h */
#define ENT_PROPOSALS_EACH 8u                  /* of one member, those of its latest rounds */
#define ENT_PROPOSALS      (ENT_PROPOSALS_EACH * ENT_PACT_MEMBERS)

struct ent_proposal {
    char by[ENT_NAME_MAX + 1];
    uint32_t round;
    struct ent_hash32 what;
    struct ent_buf text;
    struct ent_pact *pact;
    struct ent_pact_needs needs;
    bool valid;          /* it may follow the newest version */
    struct ent_diag why; /* when not */
};

struct ent_voting;

/* root: one's own key, to cast votes with, or the one that a proposal would bring, or NULL to look
 * on. ENT_E_STATE for a ballot that is about another version than the next one. */
ENT_MUST_USE enum ent_err ent_voting_open(struct ent_voting **ret, struct ent_diag *d,
                                          struct ent_book *b, const struct ent_seed32 *root);
void ent_voting_close(struct ent_voting *v);

/* The version that a member's act is about; ENT_E_FORMAT for an act that is not of this kind. */
ENT_MUST_USE enum ent_err ent_voting_version(uint64_t *ret, const struct ent_act *act);

size_t ent_voting_proposals(const struct ent_voting *v);
const struct ent_proposal *ent_voting_proposal(const struct ent_voting *v, size_t i);
const struct ent_ballot *ent_voting_ballot(const struct ent_voting *v);
/* The names behind the bits of struct ent_voters. */
size_t ent_voting_voters(const struct ent_voting *v);
const char *ent_voting_voter(const struct ent_voting *v, size_t i);

/* Propose this text in the present round, and prevote it. */
ENT_MUST_USE enum ent_err ent_voting_propose(struct ent_voting *v, struct ent_diag *d,
                                             struct ent_slice text);
/* Be for this proposal: the prevote, and the precommit as soon as enough prevoted. */
ENT_MUST_USE enum ent_err ent_voting_approve(struct ent_voting *v, struct ent_diag *d, size_t i);
/* Give up what is awaited: votes for none, or the next round. */
ENT_MUST_USE enum ent_err ent_voting_go_on(struct ent_voting *v, struct ent_diag *d);
/* Votes for none until this member has said all it can in this round. */
ENT_MUST_USE enum ent_err ent_voting_give_up(struct ent_voting *v, struct ent_diag *d);
/* The round in which this member votes next; for who looks on, that of the latest proposal. */
uint32_t ent_voting_round(const struct ent_voting *v);
/* How many votes this object has cast. */
unsigned ent_voting_cast(const struct ent_voting *v);

/* If it is decided, make it this home's newest version. ENT_E_NOTFOUND while it is not. */
ENT_MUST_USE enum ent_err ent_voting_conclude(struct ent_voting *v, struct ent_diag *d);

#endif
