/*
 * vote.h: one vote on the next version of a pact, in bytes. Where votes are counted, and which
 * vote a member may cast, is ballot.h.
 *
 *     entente/vote@v1
 *     pact <base64 id of the pact; zeros for version 1>
 *     version <n>
 *     prev <base64 hash of the version before; zeros for version 1>
 *     round <r>
 *     kind <prevote|precommit>
 *     for <base64 hash of the text proposed, or - for none>
 *
 * A member's root key signs this text, once for each kind and round. The signature travels in two
 * forms: below the text itself, as a signed note by "<member>/root"; and, of a precommit, as a line
 * below the version that it decided, where the text follows from the version:
 *
 *     — <member>/root <base64 of: key id 4 || round u32be || the same signature 64>
 *
 * with the key id SHA256(name || LF || 0xff || "entente/precommit/v1" || public key)[:4]. Each form
 * can be made out of the other without a key.
 */
#ifndef ENT_PACT_VOTE_H
#define ENT_PACT_VOTE_H

#include "ledger/ledger.h"

#define ENT_VOTE_MAX 1024u /* bytes of a signed vote */

enum ent_vote_kind { ENT_PREVOTE, ENT_PRECOMMIT };
#define ENT_VOTE_KINDS 2
const char *ent_vote_kind_word(enum ent_vote_kind k);

/* What is voted on: the version with this number, after the one with the hash prev. */
struct ent_vote_topic {
    struct ent_hash32 pact, prev; /* zeros for version 1 */
    uint64_t version;             /* from 1, below 2^32 */
};
bool ent_vote_topic_eq(const struct ent_vote_topic *a, const struct ent_vote_topic *b);

struct ent_vote {
    enum ent_vote_kind kind;
    uint32_t round;
    bool none;              /* for no text at all */
    struct ent_hash32 what; /* the hash of a text; zeros when none */
};
bool ent_vote_eq(const struct ent_vote *a, const struct ent_vote *b);

/* A vote as it came: whose it claims to be, and the signature. */
struct ent_vote_signed {
    struct ent_vote_topic topic;
    struct ent_vote vote;
    char member[ENT_NAME_MAX + 1];
    uint8_t id[4]; /* of the key, as in a note */
    uint8_t sig[64];
};

/* --- votes on their way -------------------------------------------------------------------------
 */

/* Sign a vote and append the note to b. Whether it may be cast is for the caller to know, who has
 * saved it before. ENT_E_FORMAT for what the parser would refuse. */
ENT_MUST_USE enum ent_err ent_vote_make(struct ent_buf *b, const struct ent_vote_topic *topic,
                                        const struct ent_vote *vote, const char *member,
                                        const struct ent_seed32 *root);

/* A signed note with exactly one signature; nothing is verified. Each vote has one form:
 * encode(parse(x)) == x, or ENT_E_FORMAT. */
ENT_MUST_USE enum ent_err ent_vote_parse(struct ent_vote_signed *ret, struct ent_slice bytes,
                                         struct ent_diag *d);
ENT_MUST_USE enum ent_err ent_vote_encode(struct ent_buf *b, const struct ent_vote_signed *v);

/* ENT_OK when this key signed it as the root key of v->member, else ENT_E_AUTH. */
ENT_MUST_USE enum ent_err ent_vote_check(const struct ent_vote_signed *v,
                                         const struct ent_pubkey *root);

/* --- precommits below the version that they decided ---------------------------------------------
 */

/* Append a precommit for `what` to note, which holds text_n bytes of text and maybe signatures. */
ENT_MUST_USE enum ent_err ent_vote_line_sign(struct ent_buf *note, size_t text_n,
                                             const struct ent_vote_topic *topic,
                                             const struct ent_hash32 *what, uint32_t round,
                                             const char *member, const struct ent_seed32 *root);

/* The same out of a precommit that was checked with this key. ENT_E_FORMAT for a prevote, or one
 * for no text. */
ENT_MUST_USE enum ent_err ent_vote_line_add(struct ent_buf *note, size_t text_n,
                                            const struct ent_vote_signed *v,
                                            const struct ent_pubkey *root);

/* ENT_OK and the round when this key precommitted; ENT_E_NOTFOUND when it did not; ENT_E_AUTH when
 * it seems to have and the signature does not hold, or stands there twice. */
ENT_MUST_USE enum ent_err ent_vote_line_check(const struct ent_note *note, uint32_t *ret_round,
                                              const struct ent_vote_topic *topic,
                                              const struct ent_hash32 *what, const char *member,
                                              const struct ent_pubkey *root);

/* The same, and the line as the vote that it is: two such lines below two texts are a proof. */
ENT_MUST_USE enum ent_err ent_vote_line_take(const struct ent_note *note,
                                             struct ent_vote_signed *ret,
                                             const struct ent_vote_topic *topic,
                                             const struct ent_hash32 *what, const char *member,
                                             const struct ent_pubkey *root);

/* --- two votes of one member --------------------------------------------------------------------
 *
 * Votes on a first version prove nothing: they name no pact, and whoever founds two is honest.
 */

/* Whether both are of one kind and round on one topic, by one member, and for different texts. */
bool ent_vote_contradicts(const struct ent_vote_signed *a, const struct ent_vote_signed *b);

/* A proof out of two signed votes. ENT_E_NOTFOUND when they do not contradict each other;
 * ENT_E_AUTH when they are not two votes of a member on this pact. *ret points into a and b. */
ENT_MUST_USE enum ent_err ent_vote_misbehaviour_make(struct ent_misbehaviour *ret,
                                                     const struct ent_roster *roster,
                                                     struct ent_slice a, struct ent_slice b);

/* What ent_misbehaviour_check() is for all other kinds: ENT_OK when this member did it, ENT_E_AUTH
 * when that is not shown; ENT_E_UNSUPPORTED for other kinds. */
ENT_MUST_USE enum ent_err ent_vote_misbehaviour_check(const struct ent_misbehaviour *m,
                                                      const struct ent_roster *roster,
                                                      struct ent_diag *d);

#endif
