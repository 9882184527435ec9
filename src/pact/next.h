/*
 * next.h: drafts of a version. ent_pact_found() or ent_pact_next() begins one, edits change it, one
 * after the other, and each refuses what makes no sense with its own reason and leaves the draft as
 * it was: ENT_E_EXISTS for what is so already, ENT_E_NOTFOUND, ENT_E_LIMIT, ENT_E_POLICY. Whether
 * all of it together may follow is for ent_pact_parse_text() to say, whoever wrote the draft.
 *
 * Thresholds and k that are the default follow the number of members and of the panel; others move
 * only as far as the rules make them.
 */
#ifndef ENT_PACT_NEXT_H
#define ENT_PACT_NEXT_H

#include "pact/version.h"

/* Version 1, without members: ent_next_put() brings the founders. ENT_E_FORMAT for the name. */
ENT_MUST_USE enum ent_err ent_pact_found(struct ent_pact *ret, struct ent_diag *d,
                                         const char *name);

/* The version after now, equal to it until something is changed. ret may not be now. */
void ent_pact_next(struct ent_pact *ret, const struct ent_pact *now);

/* Add the member of a card, or take its new keys, display name, URL and panel. What the card says
 * of author keys and logs must contain what the pact says of them; who was removed comes back with
 * all earlier logs closed and a new one. */
ENT_MUST_USE enum ent_err ent_next_put(struct ent_pact *p, struct ent_diag *d,
                                       const struct ent_member *card);
/* The member's root key does not vote any more; what it signed keeps counting. */
ENT_MUST_USE enum ent_err ent_next_remove(struct ent_pact *p, struct ent_diag *d, const char *name);
/* Who was removed, as it was: for the card with which it comes back, in a draft of its own. */
ENT_MUST_USE enum ent_err ent_next_return(struct ent_pact *p, struct ent_diag *d, const char *name);
ENT_MUST_USE enum ent_err ent_next_panel(struct ent_pact *p, struct ent_diag *d, const char *name,
                                         bool panel);

/* One new key. role is not a log; `from` counts for authors alone: the entry from which on the new
 * one signs. Proofs are made with the root key that the draft has then, so a root key goes first.
 */
ENT_MUST_USE enum ent_err ent_next_rotate(struct ent_pact *p, struct ent_diag *d, const char *name,
                                          enum ent_role role, const struct ent_signed_key *key,
                                          uint64_t from);
ENT_MUST_USE enum ent_err ent_next_close_author(struct ent_pact *p, struct ent_diag *d,
                                                const char *name, uint64_t until);
ENT_MUST_USE enum ent_err ent_next_close_log(struct ent_pact *p, struct ent_diag *d,
                                             const char *name, uint64_t size,
                                             const struct ent_hash32 *root);
ENT_MUST_USE enum ent_err ent_next_open_log(struct ent_pact *p, struct ent_diag *d,
                                            const char *name, const struct ent_signed_key *key);

ENT_MUST_USE enum ent_err ent_next_threshold(struct ent_pact *p, struct ent_diag *d,
                                             enum ent_change c, unsigned n);
ENT_MUST_USE enum ent_err ent_next_witnesses(struct ent_pact *p, struct ent_diag *d, unsigned k);
ENT_MUST_USE enum ent_err ent_next_budget(struct ent_pact *p, struct ent_diag *d,
                                          const struct ent_budget *b);
/* 0: never; now refuses a moment that has passed. */
ENT_MUST_USE enum ent_err ent_next_expires(struct ent_pact *p, struct ent_diag *d, int64_t expires,
                                           int64_t now);
ENT_MUST_USE enum ent_err ent_next_name(struct ent_pact *p, struct ent_diag *d, const char *name);
ENT_MUST_USE enum ent_err ent_next_minimum(struct ent_pact *p, struct ent_diag *d, enum ent_tlp t);
/* NULL: no quorums. Whether those whom it names are members is asked of the whole draft. */
ENT_MUST_USE enum ent_err ent_next_quorum(struct ent_pact *p, struct ent_diag *d,
                                          const struct ent_quorum_rule *q);

ENT_MUST_USE enum ent_err ent_next_dispute(struct ent_pact *p, struct ent_diag *d,
                                           const struct ent_dispute *dispute);
ENT_MUST_USE enum ent_err ent_next_lift(struct ent_pact *p, struct ent_diag *d, const char *member,
                                        unsigned generation, uint64_t from);

#endif
