/*
 * users.h: who is it, and may it? The keeper's side of the users' port, on a connection to the
 * store of its own:
 *
 *     ent_credential_parse()   in a worker: headers -> a typed credential     (credential.h)
 *     ent_users_check()        in the keeper: credential, address -> identity
 *     ent_users_act()          in the keeper, before each thing that is done: allowed, and on
 * record
 *
 * Promises: what is audited is durable in the audit log before the call returns ENT_OK, or it is
 * not allowed. A wrong name costs what a wrong password costs, and is told in the same words; at
 * most two passwords are hashed at a time. A strike is durable before the password is looked at.
 * Wrong passwords lock nobody out whom a token, a session or an address from before lets in.
 * Threads may share it.
 */
#ifndef ENT_NODE_USERS_H
#define ENT_NODE_USERS_H

#include "node/credential.h"
#include "node/epoch.h"
#include "node/trail_record.h"

#define ENT_SESSION_IDLE   INT64_C(1800)  /* seconds without a request */
#define ENT_SESSION_MOST   INT64_C(43200) /* seconds in all */
#define ENT_LINK_SECONDS   INT64_C(3600)
#define ENT_TOKEN_COARSE   INT64_C(3600) /* how exact "last used" is */
#define ENT_KNOWN_SECONDS  (INT64_C(90) * 86400)
#define ENT_KEEP_SECONDS   10u /* whoever asked may remember who somebody is */
#define ENT_REFUSED_MINUTE 20u /* records of refusals in a minute; others are counted */

struct ent_users;

struct ent_users_opts {
    struct ent_store *store; /* nobody else uses this connection; outlives the users */
    /* Makes a record durable, or fails: see trail.h. */
    enum ent_err (*record)(void *ctx, const struct ent_trail_record *r, struct ent_diag *d);
    void *ctx;
    struct ent_epoch *epoch; /* raised behind each change; NULL: nobody remembers anybody */
    bool cheap;              /* for tests: hash passwords at the least cost there is */
};
ENT_MUST_USE enum ent_err ent_users_new(struct ent_users **ret, const struct ent_users_opts *opts);
void ent_users_free(struct ent_users *u);

/* --- who is it ----------------------------------------------------------------------------------
 */

struct ent_check {
    struct ent_identity who; /* with ENT_OK */
    enum ent_refusal refusal;
    unsigned wait; /* seconds, with ENT_REFUSED_WAIT */
    /* With ENT_OK: seconds for which the same token from the same address need not be looked
     * at again, as long as the epoch that was before stays; at most ENT_KEEP_SECONDS. */
    unsigned keep;
};

/*
 * ENT_OK; ENT_E_AUTH, and ret says why: NONE and WRONG are answered 401, WAIT 429 with Retry-After,
 * BUSY 503. Other errors are of the system, and nobody was let in. from16 is as in struct
 * ent_web_request.
 */
ENT_MUST_USE enum ent_err ent_users_check(struct ent_users *u, struct ent_check *ret,
                                          struct ent_diag *d, const struct ent_credential *c,
                                          const uint8_t from16[static 16], int64_t now);

/* For an identity by a password: what the cookie is to hold. */
ENT_MUST_USE enum ent_err ent_users_session(struct ent_users *u, struct ent_diag *d,
                                            char ret_cookie[static ENT_SECRET_TEXT],
                                            const struct ent_identity *who, int64_t now);
/* ENT_E_NOTFOUND when there is no such session. */
ENT_MUST_USE enum ent_err ent_users_logout(struct ent_users *u, struct ent_diag *d,
                                           const struct ent_credential *c);

/* --- may it -------------------------------------------------------------------------------------
 */

/* ent_may(), and if the act is audited the record of it. on: a source, a format, an observable.
 * ENT_E_POLICY: it may not, which is on record too. */
ENT_MUST_USE enum ent_err ent_users_act(struct ent_users *u, struct ent_diag *d,
                                        const struct ent_identity *who, enum ent_action what,
                                        struct ent_slice on, int64_t now);

/* --- accounts -----------------------------------------------------------------------------------
 */

/* Each asks ent_users_act() first. ENT_E_NOTFOUND: no such account; *d has a sentence. */

/* name, display, role and clearance of n count; without a password where that is empty. */
ENT_MUST_USE enum ent_err ent_users_add(struct ent_users *u, struct ent_diag *d,
                                        const struct ent_identity *who, const struct ent_user *n,
                                        struct ent_slice password, int64_t now);

/* NULL and 0: as it is. */
struct ent_user_change {
    const char *display;
    enum ent_user_role role;
    enum ent_tlp clearance;
    bool enable, disable;
};
/* Who is disabled has no sessions any more; enabling lifts a wait. Only the owner of the home may
 * leave nobody who is an operator (ENT_E_STATE). */
ENT_MUST_USE enum ent_err ent_users_set(struct ent_users *u, struct ent_diag *d,
                                        const struct ent_identity *who, struct ent_slice name,
                                        const struct ent_user_change *change, int64_t now);

/* Ends the account's sessions and lifts a wait. Empty: it has none from now on. One's own is
 * ENT_ACT_OWN: that the old one was asked for is for the caller. ENT_E_LIMIT: too short or long. */
ENT_MUST_USE enum ent_err ent_users_passwd(struct ent_users *u, struct ent_diag *d,
                                           const struct ent_identity *who, struct ent_slice name,
                                           struct ent_slice password, int64_t now);

/* t has the name, and optionally role, clearance (0: those of the account) and expires.
 * ENT_E_POLICY for more than the account has. */
ENT_MUST_USE enum ent_err ent_users_token(struct ent_users *u, struct ent_diag *d,
                                          char ret[static ENT_TOKEN_TEXT],
                                          const struct ent_identity *who, struct ent_slice name,
                                          const struct ent_token *t, int64_t now);
ENT_MUST_USE enum ent_err ent_users_token_drop(struct ent_users *u, struct ent_diag *d,
                                               const struct ent_identity *who,
                                               struct ent_slice name, struct ent_slice token,
                                               int64_t now);

/* A secret that makes one operator, once, within an hour, as long as there is none; earlier ones
 * hold no more. ENT_E_STATE when there is an operator. Called when a node starts, and by the owner.
 */
ENT_MUST_USE enum ent_err ent_users_link(struct ent_users *u, struct ent_diag *d,
                                         char ret[static ENT_LINK_TEXT], int64_t now);
/* ENT_E_AUTH for a link that does not hold. */
ENT_MUST_USE enum ent_err ent_users_first(struct ent_users *u, struct ent_diag *d,
                                          struct ent_slice link, const struct ent_user *n,
                                          struct ent_slice password,
                                          const uint8_t from16[static 16], int64_t now);

#endif
