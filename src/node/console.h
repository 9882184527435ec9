/*
 * console.h: what people see of a node in a browser: the files of web/ and the JSON below /api/v1/,
 * in three stages, because process borders lie between them:
 *
 *     ent_console_parse()       a request -> a typed query, or at once an answer (a file, an error)
 *     ent_console_store_run()   in the keeper: a query over the store, the accounts, the settings
 *     ent_console_book_run()    in `ledger`: one over the pact, the logs and the records of matches
 *     ent_console_render()      rows (rows.h) -> the answer
 *
 * Promises: run never sees foreign syntax; what is shown passes ent_may_see() for who asks, so that
 * what is too narrow is not there at all, and what is marked RED is on record before it leaves; a
 * page costs a bounded number of rows, whatever is kept; GET changes nothing, and POST comes from
 * our own pages. Never: knows a socket or a cookie; looks at who it is (credential.h, users.h).
 *
 * Who parses is believed nothing by the two who run, but for what the query says: a query has one
 * form, and what it needs (role.h) is asked of the identity again. The identity is the one
 * that the keeper found itself: `ledger` asks it whose handle it was shown, has it put on record
 * that somebody reads what is marked RED, that a partner is asked or this is given up, or that
 * something is said about a quorum.
 */
#ifndef ENT_NODE_CONSOLE_H
#define ENT_NODE_CONSOLE_H

#include "net/net.h"
#include "node/api_desk.h"
#include "node/asks.h"
#include "node/book.h"
#include "node/config.h"
#include "node/quorums.h"
#include "node/users.h"
#include "store/store.h"

/* --- parse --------------------------------------------------------------------------------------
 */

enum ent_console_what {
    ENT_CONSOLE_TODAY = 1,
    ENT_CONSOLE_INDICATORS,
    ENT_CONSOLE_FACETS,
    ENT_CONSOLE_INDICATOR,
    ENT_CONSOLE_WATCH,
    ENT_CONSOLE_HITS, /* a piece of an event stream */
    ENT_CONSOLE_SETTINGS,
    ENT_CONSOLE_TAG,
    ENT_CONSOLE_ACCOUNTS,
    ENT_CONSOLE_ACCOUNT,
    ENT_CONSOLE_ACCOUNT_ADD,
    ENT_CONSOLE_ACCOUNT_SET,
    ENT_CONSOLE_PASSWORD,
    ENT_CONSOLE_TOKEN,
    ENT_CONSOLE_TOKEN_DROP,
    ENT_CONSOLE_RELEASES,
    ENT_CONSOLE_RELEASE, /* or ask for it, where two are needed */
    ENT_CONSOLE_CONFIRM,
    ENT_CONSOLE_HOLD,
    ENT_CONSOLE_AUDIT,
    ENT_CONSOLE_NODE, /* from here on out of the book */
    ENT_CONSOLE_STANDING,
    ENT_CONSOLE_PARTNERS,
    ENT_CONSOLE_MATCHES,
    ENT_CONSOLE_MATCH,
    ENT_CONSOLE_LOGS,
    ENT_CONSOLE_LOG,
    ENT_CONSOLE_PROOF,
    ENT_CONSOLE_CONSISTENCY,
    ENT_CONSOLE_MATCH_MAY,
    ENT_CONSOLE_ASKS,
    ENT_CONSOLE_QUORUMS,
    ENT_CONSOLE_QUORUM,
    ENT_CONSOLE_LIST,      /* answered where it is read */
    ENT_CONSOLE_MATCH_ASK, /* from here on said or changed for somebody: vouched for */
    ENT_CONSOLE_MATCH_STOP,
    ENT_CONSOLE_QUORUM_START,
    ENT_CONSOLE_QUORUM_JOIN,
    ENT_CONSOLE_QUORUM_DECLINE,
    ENT_CONSOLE_WHATS
};

/* Who runs it. */
enum ent_console_side { ENT_CONSOLE_STORE, ENT_CONSOLE_BOOK, ENT_CONSOLE_HERE, ENT_CONSOLE_ACT };
enum ent_console_side ent_console_where(enum ent_console_what what);

/* How an indicator is looked for. */
enum ent_console_shape { ENT_CONSOLE_NEWEST, ENT_CONSOLE_STARTING, ENT_CONSOLE_INSIDE };

#define ENT_CONSOLE_WORD  256u  /* with NUL, as all of these */
#define ENT_CONSOLE_LIMIT 200u  /* rows of a page */
#define ENT_CONSOLE_DAYS  366u  /* of a chart */
#define ENT_CONSOLE_QUERY 8192u /* bytes of an encoded query, at most */

/* Each field is 0 or empty where the query has none. Secret: password and old; wipe it. */
struct ent_console_query {
    enum ent_console_what what;
    enum ent_console_shape shape;
    char text[ENT_OBS_MAX + 1]; /* what is looked for begins so, or is, or lies in this */
    enum ent_obs_type type;     /* of text, where it is an observable */
    char after[ENT_OBS_MAX + 1];
    enum ent_obs_type after_type; /* go on behind this one */
    uint64_t before;              /* or before this number */
    uint32_t types;               /* ENT_OBS_BIT()s */
    enum ent_tlp tlp;             /* at most this narrow */
    char source[ENT_CONSOLE_WORD], tag[ENT_CONSOLE_WORD];
    char member[ENT_NAME_MAX + 1];
    char run[33];        /* of a match, or a quorum */
    uint32_t generation; /* of a log */
    uint64_t from, to;   /* places in it, or sizes */
    uint32_t limit, days;
    bool whole;  /* long texts uncut */
    bool remove; /* a tag */
    char account[ENT_USER_NAME_MAX + 1], token[ENT_USER_NAME_MAX + 1];
    char display[ENT_USER_DISPLAY_MAX + 1];
    char password[ENT_PASSWORD_MAX + 1], old[ENT_PASSWORD_MAX + 1];
    enum ent_user_role role;
    uint64_t until; /* a time */
    bool enable, disable;
    uint64_t items, ask; /* how many; the number of a match that was started */
    bool pad;
    uint32_t threshold; /* of a quorum */
    char reason[ENT_RELEASE_TEXT_MAX + 1];
};

/*
 * ENT_OK: *ret is what is asked. ENT_E_STATE: the answer is in answer already: a file of web/, or
 * an error (JSON {error, detail}). answer->headers and body must be initialised. who NULL: nobody
 * was recognised, who gets files and 401. own_site: ent_credential_own_site() says that our own
 * page sent it, without which nothing is changed.
 */
ENT_MUST_USE enum ent_err ent_console_parse(struct ent_console_query *ret,
                                            struct ent_web_answer *answer,
                                            const struct ent_web_request *req,
                                            const struct ent_identity *who, bool own_site);
/* Whether the path is the console's, and the largest body it may have. */
size_t ent_console_max_body(const char *method, const char *path);

/* What is asked about, as text: a list, an observation set, or any format of intel/. It is read as
 * a file is that a command gets, and what is not public is left out, as `entente watch
 * --observe-file` does. */
#define ENT_CONSOLE_LIST_BYTES ((size_t)8 << 20) /* of the text */
#define ENT_CONSOLE_LINES      20u
struct ent_console_list {
    uint64_t count[ENT_OBS_TYPES], n; /* of those that are asked, each once */
    uint64_t others, not_public;      /* left out: of other types; at home */
    uint64_t skipped;                 /* lines that hold none */
    struct {
        uint64_t line;
        const char *why; /* a literal */
    } line[ENT_CONSOLE_LINES];
};
/* types 0: those that `entente match` asks about. Items, as ent_seek_put() has them, are appended
 * to items. ENT_E_FORMAT, ENT_E_LIMIT; ENT_E_NOTFOUND: nothing of the types is in it. */
ENT_MUST_USE enum ent_err ent_console_list_read(struct ent_console_list *ret, struct ent_buf *items,
                                                struct ent_diag *d, struct ent_slice text,
                                                uint32_t types);
#define ENT_CONSOLE_ASKED (ENT_OBS_ALL & ~(ENT_OBS_BIT(ENT_OBS_NET4) | ENT_OBS_BIT(ENT_OBS_NET6)))
/* Reads the body of a request that ent_console_parse() let through. LIST: the answer is there
 * (ENT_E_STATE). MATCH_ASK: q->items and items are, or the answer. */
ENT_MUST_USE enum ent_err ent_console_take_list(struct ent_console_query *q, struct ent_buf *items,
                                                struct ent_web_answer *answer,
                                                const struct ent_web_request *req);

/* As it crosses to who runs it: encode(decode(x)) == x, and decode gives nothing that parse would
 * not give. */
ENT_MUST_USE enum ent_err ent_console_query_encode(struct ent_buf *b,
                                                   const struct ent_console_query *q);
ENT_MUST_USE enum ent_err ent_console_query_decode(struct ent_console_query *ret,
                                                   struct ent_slice bytes);

/* --- run ----------------------------------------------------------------------------------------
 */

#define ENT_CONSOLE_ROWS ((size_t)4 << 20)

struct ent_console_store_opts {
    struct ent_store *store; /* nobody else uses this connection */
    const struct ent_config *config;
    struct ent_users *users; /* NULL: what needs a record is not done, and RED not shown */
    /* Where the audit log is, and whose it is; NULL: it is not shown. */
    const struct ent_disk *audit;
    const char *member;
};
/* All of opts outlive it. One thread at a time. */
struct ent_console_store;
ENT_MUST_USE enum ent_err ent_console_store_new(struct ent_console_store **ret,
                                                const struct ent_console_store_opts *opts);
void ent_console_store_free(struct ent_console_store *c);

/* Rows of one answer, at most ENT_CONSOLE_ROWS; a failure is an answer too. The error that it was,
 * for the log. Secret: those of a new token. */
ENT_MUST_USE enum ent_err ent_console_store_run(struct ent_console_store *c, struct ent_buf *rows,
                                                const struct ent_identity *who,
                                                struct ent_slice query, int64_t now);

struct ent_console_book_opts {
    struct ent_home *home;
    struct ent_book *book; /* NULL for a home in no pact */
    void *ctx;
    /* How much of the budget is used up; see ent_store_spent(). */
    enum ent_err (*spent)(void *ctx, uint64_t *ret, const char *partner, enum ent_direction dir,
                          uint64_t period);
    /* As ent_users_act(). NULL: what is marked RED is not shown. */
    enum ent_err (*act)(void *ctx, const struct ent_identity *who, enum ent_action what,
                        struct ent_slice on);
    struct ent_asks *asks;       /* NULL: no match is started here */
    struct ent_quorums *quorums; /* NULL: nothing is said about quorums here */
    enum ent_quorum_part part;   /* what this member does about quorums by itself */
    enum ent_tlp quorum_tlp;     /* of findings of quorums */
    /* ent_api_vouch(): who this is, by the keeper, and on record. */
    enum ent_err (*vouch)(void *ctx, struct ent_identity *ret, const struct ent_api_handle *h,
                          const struct ent_vouch *what);
};
/* All of opts outlive it. One thread at a time; it takes the book's lock. */
struct ent_console_book;
ENT_MUST_USE enum ent_err ent_console_book_new(struct ent_console_book **ret,
                                               const struct ent_console_book_opts *opts);
void ent_console_book_free(struct ent_console_book *c);
/* As ent_console_store_run(). */
ENT_MUST_USE enum ent_err ent_console_book_run(struct ent_console_book *c, struct ent_buf *rows,
                                               const struct ent_identity *who,
                                               struct ent_slice query, int64_t now);

/* What is said or changed for somebody: from MATCH_ASK on. The handle says for whom. */
ENT_MUST_USE enum ent_err ent_console_book_act(struct ent_console_book *c, struct ent_buf *rows,
                                               const struct ent_api_handle *h,
                                               struct ent_slice query, struct ent_slice items,
                                               int64_t now);

/* --- render -------------------------------------------------------------------------------------
 */

/* answer as of ent_console_parse(). Rows that are none give 500. */
void ent_console_render(struct ent_web_answer *answer, const struct ent_console_query *q,
                        struct ent_slice rows);
/* An error of the server's own, for struct ent_web_opts. */
void ent_console_error(struct ent_web_answer *answer, unsigned status, const char *detail);
/* The word of {error, detail} for a status. */
const char *ent_console_word(unsigned status);

#endif
