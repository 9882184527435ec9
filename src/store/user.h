/*
 * user.h: who may use this member's node, as rows: accounts, their tokens and sessions, the link
 * that makes the first operator, strikes against passwords, and releases that wait for a second
 * person. Secrets are here as hashes alone.
 *
 * Never: decides who may what, or what a right password is (node/users.h does).
 */
#ifndef ENT_STORE_USER_H
#define ENT_STORE_USER_H

#include "crypto/crypto.h"
#include "intel/intel.h"

struct ent_store;
struct ent_odds;

#define ENT_USER_NAME_MAX    32u  /* of an account, and of a token */
#define ENT_USER_DISPLAY_MAX 128u /* bytes of UTF-8 */
#define ENT_USER_HASH_MAX    128u /* of a password, with NUL */
#define ENT_USERS_MOST       1000u
#define ENT_TOKENS_MOST      100u  /* of one account */
#define ENT_SESSIONS_MOST    16u   /* of one account: the oldest makes room */
#define ENT_KNOWN_MOST       32u   /* addresses of one account, likewise */
#define ENT_STRIKES_MOST     8192u /* likewise */

/* Each may do what the one before it may, and more: node/role.h. */
enum ent_user_role { ENT_USER_READER = 1, ENT_USER_ANALYST, ENT_USER_RELEASER, ENT_USER_OPERATOR };
const char *ent_user_role_name(enum ent_user_role r);
ENT_MUST_USE enum ent_err ent_user_role_parse(enum ent_user_role *ret, struct ent_slice word);

/* 1 to 32 of a-z 0-9 '-', beginning with a letter or a digit. */
bool ent_user_name_is_valid(struct ent_slice name);

struct ent_user {
    int64_t id;
    char name[ENT_USER_NAME_MAX + 1];
    char display[ENT_USER_DISPLAY_MAX + 1]; /* or "" */
    enum ent_user_role role;
    enum ent_tlp clearance; /* the narrowest that it may see */
    bool enabled;
    int64_t created;
    char password[ENT_USER_HASH_MAX]; /* its hash, as libsodium writes it; "" for none */
    uint64_t tokens, sessions;        /* how many there are */
};

/* What follows changes rows inside a transaction of the caller's. */

/* The id in u is ignored. ENT_E_EXISTS; ENT_E_FORMAT for a name, words or numbers that cannot be;
 * ENT_E_LIMIT for one too many. */
ENT_MUST_USE enum ent_err ent_store_user_add(struct ent_store *s, const struct ent_user *u);
/* ENT_E_NOTFOUND */
ENT_MUST_USE enum ent_err ent_store_user(struct ent_store *s, struct ent_user *ret,
                                         struct ent_slice name);
/* Of the account with this id all but its name and when it was made. */
ENT_MUST_USE enum ent_err ent_store_user_set(struct ent_store *s, const struct ent_user *u);
/* By name. */
ENT_MUST_USE enum ent_err ent_store_users(struct ent_store *s,
                                          enum ent_err (*each)(void *ctx, const struct ent_user *u),
                                          void *ctx);
/* Operators that are enabled. */
ENT_MUST_USE enum ent_err ent_store_operators(struct ent_store *s, uint64_t *ret);

/* --- tokens and sessions ------------------------------------------------------------------------
 */

struct ent_token {
    int64_t id;
    char name[ENT_USER_NAME_MAX + 1];
    enum ent_user_role role; /* at most; and so the clearance */
    enum ent_tlp clearance;
    int64_t created, expires; /* 0: never */
    int64_t used;             /* about when last; 0: never */
};

/* ENT_E_EXISTS when the account has one of this name; else as ent_store_user_add(). */
ENT_MUST_USE enum ent_err ent_store_token_add(struct ent_store *s, int64_t user,
                                              const struct ent_token *t,
                                              const struct ent_hash32 *hash);
/* ENT_E_NOTFOUND, also for one that has expired; the account may be disabled. */
ENT_MUST_USE enum ent_err ent_store_token(struct ent_store *s, struct ent_token *ret,
                                          struct ent_user *ret_user, const struct ent_hash32 *hash,
                                          int64_t now);
ENT_MUST_USE enum ent_err ent_store_token_used(struct ent_store *s, int64_t id, int64_t now);
ENT_MUST_USE enum ent_err ent_store_token_drop(struct ent_store *s, int64_t user,
                                               struct ent_slice name);
ENT_MUST_USE enum ent_err ent_store_tokens(struct ent_store *s, int64_t user,
                                           enum ent_err (*each)(void *ctx,
                                                                const struct ent_token *t),
                                           void *ctx);

struct ent_session {
    int64_t created, used, expires;
};
/* Those that are out of date go, and the oldest where there are too many. */
ENT_MUST_USE enum ent_err ent_store_session_add(struct ent_store *s, int64_t user,
                                                const struct ent_hash32 *hash,
                                                const struct ent_session *x);
/* ENT_E_NOTFOUND */
ENT_MUST_USE enum ent_err ent_store_session(struct ent_store *s, struct ent_session *ret,
                                            struct ent_user *ret_user,
                                            const struct ent_hash32 *hash);
ENT_MUST_USE enum ent_err ent_store_session_used(struct ent_store *s, const struct ent_hash32 *hash,
                                                 int64_t now);
ENT_MUST_USE enum ent_err ent_store_session_drop(struct ent_store *s,
                                                 const struct ent_hash32 *hash);
/* All of an account. */
ENT_MUST_USE enum ent_err ent_store_sessions_drop(struct ent_store *s, int64_t user);

/* --- the first operator -------------------------------------------------------------------------
 */

ENT_MUST_USE enum ent_err ent_store_link_add(struct ent_store *s, const struct ent_hash32 *hash,
                                             int64_t expires);
/* Whether it is there and holds: ENT_E_NOTFOUND. */
ENT_MUST_USE enum ent_err ent_store_link(struct ent_store *s, const struct ent_hash32 *hash,
                                         int64_t now);
ENT_MUST_USE enum ent_err ent_store_links_drop(struct ent_store *s);

/* --- strikes ------------------------------------------------------------------------------------
 */

struct ent_key16 {
    uint8_t b[16];
};
/* Wrong passwords in a row, and when the last one came; n 0 where there is no row. */
struct ent_strikes {
    uint32_t n;
    int64_t last;
};
ENT_MUST_USE enum ent_err ent_store_strikes(struct ent_store *s, struct ent_strikes *ret,
                                            const struct ent_key16 *key);
/* n 0 takes the row away. With more than ENT_STRIKES_MOST the oldest goes. */
ENT_MUST_USE enum ent_err ent_store_strikes_set(struct ent_store *s, const struct ent_key16 *key,
                                                const struct ent_strikes *x);

/* From where an account was used, hashed by the caller. */
ENT_MUST_USE enum ent_err ent_store_known_add(struct ent_store *s, int64_t user,
                                              const struct ent_key16 *from, int64_t now);
ENT_MUST_USE enum ent_err ent_store_known_from(struct ent_store *s, bool *ret, int64_t user,
                                               const struct ent_key16 *from, int64_t since);

/* --- releases that wait for a second person -----------------------------------------------------
 */

/* Slices are valid during the call. */
struct ent_pending {
    struct ent_slice source, by, reason;
    int64_t asked, expires;
};
/* ENT_E_NOTFOUND for a source that says nothing; ENT_E_FORMAT as for ent_store_release(). One that
 * waits already is replaced. */
ENT_MUST_USE enum ent_err ent_store_pending_add(struct ent_store *s, const struct ent_pending *p,
                                                const struct ent_odds *odds);
/* Those that have not expired; of this source, if it is not empty. */
ENT_MUST_USE enum ent_err ent_store_pending(
    struct ent_store *s, struct ent_slice source, int64_t now,
    enum ent_err (*each)(void *ctx, const struct ent_pending *p, const struct ent_odds *odds),
    void *ctx);
/* ENT_E_NOTFOUND */
ENT_MUST_USE enum ent_err ent_store_pending_drop(struct ent_store *s, struct ent_slice source);

#endif
