/*
 * api_desk.h: what the process that parses the requests of users asks of the keeper, which knows
 * who they are and has the store.
 *
 *     WHO       a credential -> an identity, and a handle for what this one asks next
 *     SESSION   a handle -> the cookie of a new session;  LOGOUT, FIRST: as in users.h
 *     TAXII     a handle, a query -> rows (ent_taxii_run());  CONSOLE: the same for the console
 *     METRICS   a handle -> nothing: whether this one may read figures;  READY: nothing -> nothing
 *     EPOCH     nothing -> a descriptor: the page that says when an account changed (epoch.h)
 *
 * What somebody may do is looked up under the handle, never in what the asker says, and goes on
 * record before it is done (ent_users_act()).
 *
 * A taken asker sees the credentials of the requests that pass through it, and can act as these
 * people for as long as their credentials hold, with whatever address it names: so the wrong
 * passwords of an address bind it to nothing, those of an account do (an account has one count, and
 * one for each of at most ENT_KNOWN_MOST addresses and for this machine). It cannot name an
 * identity, guess a handle that another asker was given, ask anything of the store that one of
 * these people may not, or act without a record of what is recorded.
 *
 * Queries about the book go to the ledger process, with the handle, which that process shows here:
 *
 *     READER    a handle -> the identity
 *     RED       a handle, what is read -> nothing, and it is on record
 *     VOUCH     a handle, what is to be said for this one -> the identity, which may; on record
 *
 * So of the book, too, a taken asker reads what these people may, and a taken ledger, which has the
 * book anyway, can do no more with a handle than say that its owner reads there, starts a match, or
 * has a word in a quorum.
 */
#ifndef ENT_NODE_API_DESK_H
#define ENT_NODE_API_DESK_H

#include "node/service.h"
#include "node/users.h"

enum {
    ENT_API_READY = ENT_MSG_API + 1,
    ENT_API_WHO,
    ENT_API_SESSION,
    ENT_API_LOGOUT,
    ENT_API_FIRST,
    ENT_API_TAXII,
    ENT_API_CONSOLE,
    ENT_API_METRICS,
    ENT_API_EPOCH,
    ENT_API_READER,
    ENT_API_RED,
    ENT_API_VOUCH
};
#define ENT_API_ROWS 18
extern const struct ent_msg_row ent_api_rows[ENT_API_ROWS];
#define ENT_READER_ROWS 6
extern const struct ent_msg_row ent_reader_rows[ENT_READER_ROWS]; /* of the ledger */

#define ENT_API_QUERY_MAX (ENT_MSG_MAX - 16u) /* bytes of an encoded query of any kind */
#define ENT_API_LIVES     256u                /* handles at once; the oldest makes room */
#define ENT_API_SECONDS   30u                 /* a handle holds, until an account changes */

/* Random; all zero: nobody. */
struct ent_api_handle {
    uint8_t b[16];
};

/* --- the keeper's side --------------------------------------------------------------------------
 */

struct ent_api_desk;

struct ent_api_desk_opts {
    struct ent_users *users;
    /* Connections of nobody else's, so that who reads waits neither for who writes nor for what is
     * done between requests. */
    struct ent_store *read, *write, *tend;
    const struct ent_epoch *epoch; /* that of the users; NULL: nobody remembers anybody */
    struct ent_slice key, author;  /* as of an export: ent_taxii_server_init() */
    void *ctx;
    /* A query of the console over the store. Has a connection of its own, and audits what it
     * changes; that somebody reads who is cleared for RED is on record before it is called. Many at
     * once. NULL: there is no console. */
    enum ent_err (*console)(void *ctx, struct ent_buf *rows, const struct ent_identity *who,
                            struct ent_slice query, int64_t now);
    /* For the log: something of the system failed, and whoever asked was told no more than that.
     * From any thread. May be NULL. */
    void (*failed)(void *ctx, const char *what, enum ent_err e, const struct ent_diag *d);
};
/* All of opts outlive it. Starts the thread that tends: what changed comes to the readers of TAXII
 * within about a second, and no transaction of it is to take longer than ENT_API_PIECE_MS; once in
 * a while a source has to be judged, which takes as long as its import did. It does nothing as long
 * as there are no accounts. */
#define ENT_API_PIECE_MS 20u
ENT_MUST_USE enum ent_err ent_api_desk_new(struct ent_api_desk **ret,
                                           const struct ent_api_desk_opts *opts);
void ent_api_desk_free(struct ent_api_desk *d);
/* An ent_service, for the asker. */
enum ent_err ent_api_serve(void *desk, struct ent_msg *ret, struct ent_msg *call);
/* The same, for the ledger. */
enum ent_err ent_reader_serve(void *desk, struct ent_msg *ret, struct ent_msg *call);

/* --- the asker's side ---------------------------------------------------------------------------
 */

struct ent_api_who {
    struct ent_api_handle handle; /* with ENT_OK */
    struct ent_identity who;
    enum ent_refusal refusal; /* with ENT_E_AUTH, as of ent_users_check() */
    unsigned wait;
    unsigned keep; /* with ENT_OK, as of ent_users_check() */
};

/* ENT_E_PEER: the keeper is not there. */
ENT_MUST_USE enum ent_err ent_api_ready(const struct ent_caller *keeper);
ENT_MUST_USE enum ent_err ent_api_who(const struct ent_caller *keeper, struct ent_api_who *ret,
                                      const struct ent_credential *c,
                                      const uint8_t from16[static 16]);
/* Those that follow are ENT_E_AUTH for a handle that holds no more, ENT_E_POLICY for what this one
 * may not. SESSION is ENT_E_STATE without a password. */
ENT_MUST_USE enum ent_err ent_api_session(const struct ent_caller *keeper,
                                          char ret_cookie[static ENT_SECRET_TEXT],
                                          const struct ent_api_handle *h);
ENT_MUST_USE enum ent_err ent_api_logout(const struct ent_caller *keeper,
                                         const struct ent_credential *c);

struct ent_api_first {
    struct ent_slice link, name, display, password;
};
/* ENT_E_LIMIT: no such password; ENT_E_FORMAT: no such name; else as of ent_users_first(). */
ENT_MUST_USE enum ent_err ent_api_first(const struct ent_caller *keeper,
                                        const struct ent_api_first *f,
                                        const uint8_t from16[static 16]);
ENT_MUST_USE enum ent_err ent_api_first_encode(struct ent_buf *b, const struct ent_api_first *f,
                                               const uint8_t from16[static 16]);
/* Slices point into bytes. */
ENT_MUST_USE enum ent_err ent_api_first_parse(struct ent_api_first *ret,
                                              uint8_t ret_from16[static 16],
                                              struct ent_slice bytes);

/* ENT_API_TAXII or ENT_API_CONSOLE: rows in ret->bytes, the caller's to release. For TAXII the
 * query's `who` is the identity that came with the handle, or ENT_E_POLICY. */
ENT_MUST_USE enum ent_err ent_api_run(const struct ent_caller *keeper, struct ent_msg *ret,
                                      uint16_t type, const struct ent_api_handle *h,
                                      struct ent_slice query);
/* ENT_E_UNSUPPORTED: the keeper has none. */
ENT_MUST_USE enum ent_err ent_api_epoch(const struct ent_caller *keeper, struct ent_epoch **ret);
ENT_MUST_USE enum ent_err ent_api_metrics(const struct ent_caller *keeper,
                                          const struct ent_api_handle *h);

/* --- the ledger's side --------------------------------------------------------------------------
 */

/* Whose handle it is; ENT_E_AUTH for one that holds no more, ENT_E_POLICY for who may not read. */
ENT_MUST_USE enum ent_err ent_api_reader(const struct ent_caller *keeper, struct ent_identity *ret,
                                         const struct ent_api_handle *h);
/* Before what is marked RED is shown; on: 1 to ENT_TRAIL_ON bytes of visible ASCII and blanks.
 * ENT_OK: allowed, and on record. */
ENT_MUST_USE enum ent_err ent_api_red(const struct ent_caller *keeper,
                                      const struct ent_api_handle *h, struct ent_slice on);
/* What somebody wants said. */
enum ent_vouch_kind {
    ENT_VOUCH_MATCH, /* name: with whom, number: of items, or 0 to give it up */
    ENT_VOUCH_OFFER, /* a quorum; number: the window's first second */
    ENT_VOUCH_JOIN,  /* name: a quorum */
    ENT_VOUCH_DECLINE
};
#define ENT_VOUCHES 4
struct ent_vouch {
    enum ent_vouch_kind kind;
    const char *name; /* "" where there is none */
    uint64_t number;
};
/* Before it is said: allowed, and on record. ENT_E_AUTH for a handle that holds no more,
 * ENT_E_POLICY for one who may not. */
ENT_MUST_USE enum ent_err ent_api_vouch(const struct ent_caller *keeper, struct ent_identity *ret,
                                        const struct ent_api_handle *h, const struct ent_vouch *v);

/* How TAXII knows an identity. The account points into it. */
struct ent_taxii_who ent_api_taxii_who(const struct ent_identity *who);

#endif
