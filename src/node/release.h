/*
 * release.h: what a source says goes to others only if it is not odd, or if somebody has released
 * it by name and reason. The judgement is about all that it says, and stands in the store, where
 * every walk with a door obeys it: one that was not made, or is out of date, holds.
 */
#ifndef ENT_NODE_RELEASE_H
#define ENT_NODE_RELEASE_H

#include "node/lint.h"

/* A source is held for this when more than percent of its claims are so, and at least as many as
 * least: of a list of three, one on a warning list means nothing. */
struct ent_odd_rule {
    const char *word; /* for JSON, as `entente lint` has it */
    const char *what; /* "629 of 915 ..." */
    unsigned percent;
    unsigned least;
};
extern const struct ent_odd_rule ent_odd_rules[ENT_ODDS];

void ent_odds_of(struct ent_odds *ret, const struct ent_lint_report *r);

/* What is to be held for, as bits 1 << enum ent_odd. */
uint32_t ent_odds_found(const struct ent_odds *o);

/* The same less what a person saw, who released the source when it was as then says. What more than
 * doubled since nobody has seen: a share, or, where a single one is enough to hold, the number. */
uint32_t ent_odds_holding(const struct ent_odds *o, const struct ent_odds *then);

/* Judge this source, or all where it is empty, unless nothing has changed since it was judged last.
 * In a transaction of its own. Before each walk with a door; stop as for ent_lint_store(). */
ENT_MUST_USE enum ent_err ent_release_judge(struct ent_store *s, struct ent_slice source,
                                            const atomic_bool *stop);

/* In the transaction of an import: the report is about all that this source says, each claim once,
 * so that nothing need be read again. */
ENT_MUST_USE enum ent_err ent_release_take(struct ent_store *s, struct ent_slice source,
                                           const struct ent_lint_report *r);

/* Let it pass, or take that back. ENT_E_NOTFOUND: it says nothing, or nobody released it;
 * ENT_E_STATE: it is not odd; ENT_E_FORMAT: see ent_store_release(). */
ENT_MUST_USE enum ent_err ent_release(struct ent_store *s, struct ent_diag *d,
                                      struct ent_slice source, struct ent_slice by,
                                      struct ent_slice reason, const atomic_bool *stop);
ENT_MUST_USE enum ent_err ent_release_undo(struct ent_store *s, struct ent_diag *d,
                                           struct ent_slice source);

#define ENT_PENDING_SECONDS (INT64_C(7) * 86400)

/*
 * A second pair of eyes. by are the names of accounts that were recognised; asking lets nothing
 * pass, and is forgotten after a week. Errors as of ent_release(); to confirm is ENT_E_NOTFOUND
 * when nobody asked, ENT_E_POLICY for the one who did, ENT_E_STATE when something is odd now that
 * was not when it was asked for: that wants another look.
 */
ENT_MUST_USE enum ent_err ent_release_ask(struct ent_store *s, struct ent_diag *d,
                                          struct ent_slice source, struct ent_slice by,
                                          struct ent_slice reason, int64_t now,
                                          const atomic_bool *stop);
ENT_MUST_USE enum ent_err ent_release_confirm(struct ent_store *s, struct ent_diag *d,
                                              struct ent_slice source, struct ent_slice by,
                                              int64_t now, const atomic_bool *stop);
/* ENT_E_NOTFOUND when nobody asked. */
ENT_MUST_USE enum ent_err ent_release_withdraw(struct ent_store *s, struct ent_diag *d,
                                               struct ent_slice source);

#endif
