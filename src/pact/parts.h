/* parts.h: what the files of pact/ share. */
#ifndef ENT_PACT_PARTS_H
#define ENT_PACT_PARTS_H

#include "pact/version.h"

#define ENT_MEMBER_KEYS (4 + ENT_ROSTER_AUTHORS + ENT_ROSTER_LOGS)

#define ENT_BUDGET_ITEMS_MOST   ((uint64_t)1 << 40)
#define ENT_BUDGET_SECONDS_MOST ((uint64_t)3660 * 86400)

/* Shown to people, so nothing in it may deceive them: not empty, and nothing to escape. */
bool ent_text_is_plain(const char *text);

/* --- member.c -----------------------------------------------------------------------------------
 */

ENT_MUST_USE enum ent_err ent_member_encode(struct ent_buf *b, const struct ent_member *m);
/* A failure sticks in l. */
void ent_member_take(struct ent_lines *l, struct ent_member *ret);

/* A number, or ENT_INDEX_NONE as "-". */
ENT_MUST_USE enum ent_err ent_index_encode(struct ent_buf *b, const char *before, uint64_t index);
uint64_t ent_index_take(struct ent_lines *l);

/* --- history.c ----------------------------------------------------------------------------------
 */

bool ent_member_eq(const struct ent_member *a, const struct ent_member *b);

/* All keys, those of the past too. */
size_t ent_member_keys(const struct ent_member *m,
                       const struct ent_pubkey *ret[static ENT_MEMBER_KEYS]);

/* Nothing that old says of the past is another in m: ENT_E_POLICY with a reason. */
ENT_MUST_USE enum ent_err ent_member_extends(const struct ent_member *m,
                                             const struct ent_member *old, struct ent_diag *d);
/* It begins as every member does: one author key, one log, both open. */
ENT_MUST_USE enum ent_err ent_member_begins(const struct ent_member *m, struct ent_diag *d);

/* Every key is shown to be held, but for those that old (or NULL) has with the same proof. in_use:
 * only the keys in use. */
ENT_MUST_USE enum ent_err ent_member_check(const struct ent_member *m, const struct ent_member *old,
                                           bool in_use);

/* --- follow.c -----------------------------------------------------------------------------------
 */

/* What holds for a version by itself, whatever was before. */
ENT_MUST_USE enum ent_err ent_pact_check_alone(const struct ent_pact *p, struct ent_diag *d);
/* The same together with the version it follows (or NULL). */
ENT_MUST_USE enum ent_err ent_pact_check_follows(const struct ent_pact *p,
                                                 const struct ent_pact *before, struct ent_diag *d);
/* The keys that are new in p: many signatures, so last. */
ENT_MUST_USE enum ent_err ent_pact_check_proofs(const struct ent_pact *p,
                                                const struct ent_pact *before, struct ent_diag *d);
/* Set p's former members. ENT_E_LIMIT when there are too many of both. */
ENT_MUST_USE enum ent_err ent_pact_take_former(struct ent_pact *p, const struct ent_pact *before);

/* --- change.c -----------------------------------------------------------------------------------
 */

/* p has the votes it needs and no other signatures; signers may be NULL. */
ENT_MUST_USE enum ent_err ent_pact_check_votes(const struct ent_note *note,
                                               const struct ent_pact *p,
                                               const struct ent_pact *before, uint32_t *ret_round,
                                               struct ent_signers *signers, struct ent_diag *d);

/* --- pact.c -------------------------------------------------------------------------------------
 */

/* By member, generation and first entry. */
int ent_dispute_cmp(const struct ent_dispute *a, const struct ent_dispute *b);

/* Read what was verified before: no signature, no proof and no rule is checked. */
ENT_MUST_USE enum ent_err ent_pact_reread(struct ent_pact *ret, struct ent_slice bytes,
                                          const struct ent_pact *before);

#endif
