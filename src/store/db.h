/* db.h: the inside of a store, for store/ alone. */
#ifndef ENT_STORE_DB_H
#define ENT_STORE_DB_H

#include "store/store.h"

#include <sqlite3.h>

#define ENT_STORE_BUSY_MS 10000 /* how long to wait for another process that writes */

enum ent_query {
    ENT_Q_BEGIN,
    ENT_Q_VIEW,
    ENT_Q_COMMIT,
    ENT_Q_ADD_OBSERVABLE,
    ENT_Q_FIND_OBSERVABLE,
    ENT_Q_ADD_SOURCE,
    ENT_Q_FIND_SOURCE,
    ENT_Q_ADD_CONTEXT,
    ENT_Q_FIND_CONTEXT,
    ENT_Q_ADD_CLAIM,
    ENT_Q_RENEW_CLAIM,
    ENT_Q_REVOKE,
    ENT_Q_EACH,
    ENT_Q_EACH_BY_SOURCE,
    ENT_Q_COMPILE,
    ENT_Q_GET,
    ENT_Q_COUNT_OBSERVABLES,
    ENT_Q_COUNT_CLAIMS,
    ENT_Q_COUNT_MARKED,
    ENT_Q_SPENT,
    ENT_Q_CHARGE,
    ENT_Q_FACT,
    ENT_Q_SET_FACT,
    ENT_Q_ADVANCE,
    ENT_Q_FIND_LOG,
    ENT_Q_ADD_LOG,
    ENT_Q_RENEW_LOG,
    ENT_Q_SIGHTED_TO,
    ENT_Q_SIGHT,
    ENT_Q_SIGHTINGS,
    ENT_Q_SIGHTED,
    ENT_Q_NEW_WARNING,
    ENT_Q_ADD_WARNED,
    ENT_Q_DROP_WARNED,
    ENT_Q_DROP_WARNING,
    ENT_Q_FIND_WARNING,
    ENT_Q_NAME_WARNING,
    ENT_Q_WARNINGS,
    ENT_Q_MARKED,
    ENT_Q_WARNED,
    ENT_Q_WARNED_BY,
    ENT_Q_GUARD_ADD,
    ENT_Q_GUARD_REMOVE,
    ENT_Q_GUARD_EACH,
    ENT_Q_GUARD_EXCLUDE,
    ENT_Q_GUARD_INCLUDE,
    ENT_Q_GUARD_EACH_GOOD,
    ENT_Q_CLAIMS,
    ENT_Q_CLAIMS_OF,
    ENT_Q_IS_SHARED,
    ENT_Q_PLACE,
    ENT_Q_PLACED,
    ENT_Q_INSIDE,
    ENT_Q_STARTING,
    ENT_Q_DECIDE,
    ENT_Q_UNDECIDE,
    ENT_Q_TAG,
    ENT_Q_UNTAG,
    ENT_Q_TAGS,
    ENT_Q_ADD_LABELS,
    ENT_Q_FIND_LABELS,
    ENT_Q_LABEL,
    ENT_Q_EDIT,
    ENT_Q_UNEDIT,
    ENT_Q_STATS,
    ENT_Q_SUM_SIGHTED,
    ENT_Q_SUM_SIGHTINGS,
    ENT_Q_SUM_TAGGED,
    ENT_Q_SUM_BYTES,
    ENT_Q_OBJECT_KNOWN,
    ENT_Q_OBJECT_EQUAL,
    ENT_Q_OBJECT_ODD,
    ENT_Q_OBJECT_ELSEWHERE,
    ENT_Q_OBJECT_LATEST,
    ENT_Q_OBJECT_ADD,
    ENT_Q_OBJECT_UNGISTED,
    ENT_Q_OBJECT_GIST,
    ENT_Q_OBJECT_NARROW,
    ENT_Q_OBJECTS,
    ENT_Q_OBJECT_VERSIONS,
    ENT_Q_OBJECT,
    ENT_Q_POINT,
    ENT_Q_POINTING,
    ENT_Q_DROP_CLAIM,
    ENT_Q_COUNT_OBJECTS,
    ENT_Q_COUNT_ODD,
    ENT_Q_JUDGE,
    ENT_Q_UNJUDGE,
    ENT_Q_UNJUDGE_ABOUT,
    ENT_Q_UNJUDGE_ALL,
    ENT_Q_UNJUDGED,
    ENT_Q_SOURCE_STATES,
    ENT_Q_RELEASE,
    ENT_Q_UNRELEASE,
    ENT_Q_TOUCHED_SOURCES,
    ENT_Q_UNTOUCH_SOURCE,
    ENT_Q_TOUCHED_EXT,
    ENT_Q_TOUCH_EXT,
    ENT_Q_UNTOUCH_EXT,
    ENT_Q_TOUCHED_CLAIMS,
    ENT_Q_TOUCH_CLAIM,
    ENT_Q_UNTOUCH_CLAIM,
    ENT_Q_TOUCH_ALL,
    ENT_Q_CLAIM_FACTS,
    ENT_Q_SERVED_STATE,
    ENT_Q_SERVED_FIND,
    ENT_Q_SERVED_ADD,
    ENT_Q_SERVED_SET,
    ENT_Q_SERVED_DATE,
    ENT_Q_SERVED_DROP,
    ENT_Q_SERVED_ITEMS,
    ENT_Q_SERVED_DUE,
    ENT_Q_SERVED_UNDUE,
    ENT_Q_EXT_CLAIMS,
    ENT_Q_EXT_SOURCES,
    ENT_Q_EXT_VERSIONS,
    ENT_Q_SOURCE_JOB,
    ENT_Q_SOURCE_JOBS,
    ENT_Q_SOURCE_ON,
    ENT_Q_SOURCE_END,
    ENT_Q_SOURCE_ROWS,
    ENT_Q_SOURCES_HIDDEN,
    ENT_Q_SOURCES_MISSED,
    ENT_Q_SOURCE_NAME,
    ENT_Q_TOUCHED_ANY,
    ENT_Q_TOUCHED_ROW,
    ENT_Q_SERVED_PAGE,
    ENT_Q_SERVED_TYPE,
    ENT_Q_SERVED_KEY,
    ENT_Q_SERVED_ONE,
    ENT_Q_SERVED_CLAIM,
    ENT_Q_SERVED_OBJECT,
    ENT_Q_POSTED,
    ENT_Q_POSTED_ID,
    ENT_Q_POST,
    ENT_Q_UNPOST,
    ENT_Q_DROP_OBJECT,
    ENT_Q_DROP_EXT,
    ENT_Q_UNDROP_OBJECT,
    ENT_Q_POSTED_SEQ,
    ENT_Q_SERVED_WORK,
    ENT_Q_STATUS,
    ENT_Q_STATUS_ADD,
    ENT_Q_STATUS_COUNT,
    ENT_Q_STATUS_OLD,
    ENT_Q_USER_ADD,
    ENT_Q_USER,
    ENT_Q_USER_SET,
    ENT_Q_USERS,
    ENT_Q_COUNT_USERS,
    ENT_Q_OPERATORS,
    ENT_Q_TOKEN_ADD,
    ENT_Q_TOKEN,
    ENT_Q_TOKEN_USED,
    ENT_Q_TOKEN_DROP,
    ENT_Q_TOKENS,
    ENT_Q_COUNT_TOKENS,
    ENT_Q_SESSION_ADD,
    ENT_Q_SESSION,
    ENT_Q_SESSION_USED,
    ENT_Q_SESSION_DROP,
    ENT_Q_SESSIONS_DROP,
    ENT_Q_SESSIONS_PRUNE,
    ENT_Q_LINK_ADD,
    ENT_Q_LINK,
    ENT_Q_LINKS_DROP,
    ENT_Q_STRIKES,
    ENT_Q_STRIKES_SET,
    ENT_Q_STRIKES_DROP,
    ENT_Q_STRIKES_PRUNE,
    ENT_Q_KNOWN_ADD,
    ENT_Q_KNOWN_PRUNE,
    ENT_Q_KNOWN,
    ENT_Q_PENDING_ADD,
    ENT_Q_PENDING,
    ENT_Q_PENDING_DROP,
    ENT_Q_PENDING_PRUNE,
    ENT_Q_OUTBOX_PUT,
    ENT_Q_OUTBOX_CUT,
    ENT_Q_OUTBOX_COUNT,
    ENT_Q_OUTBOX_NEXT,
    ENT_Q_OUTBOX_ONE,
    ENT_Q_OUTBOX_DONE,
    ENT_Q_OUTBOX_LATER,
    ENT_Q_SIGHTED_EACH,
    ENT_Q_SIGHTED_TOLD,
    ENT_Q_SIGHTED_OFF,
    ENT_Q_SIGHTED_FORGET,
    ENT_Q_COUNT
};

#define ENT_ROW_COLUMNS 16 /* of what take_row() reads; what a query adds stands behind them */

struct ent_store {
    sqlite3 *db;
    sqlite3_stmt *stmt[ENT_Q_COUNT]; /* prepared at first use */
    bool touched;                    /* indicators, in the transaction that is open */
    bool fresh[ENT_Q_COUNT];         /* what ent_store_intern() added the last time was new */
    struct ent_buf source_name;      /* the last source, and its id; 0 for none */
    int64_t source;
    struct ent_buf names; /* the last set of labels, and its id; 0 for none */
    int64_t labels;
    int64_t unjudged; /* the source that was touched last in it; 0 is none */
};

/* The code for SQLite's last error. */
enum ent_err ent_store_fail(const struct ent_store *s);

/* The prepared statement, or NULL (then ent_store_fail() tells). */
sqlite3_stmt *ent_store_query(struct ent_store *s, enum ent_query q);

/* Text for a parameter; it must outlive the statement's next reset. */
void ent_store_bind(sqlite3_stmt *st, int at, struct ent_slice s);

/* A column's text; valid until the next step or reset. */
struct ent_slice ent_store_column(sqlite3_stmt *st, int at);

/* The observable in two columns, type and value. ENT_E_FORMAT: what stands in the file was
 * canonical, but a file can be changed. */
ENT_MUST_USE enum ent_err ent_store_observable(struct ent_observable *ret, sqlite3_stmt *st,
                                               int at);

/* Reset and unbind. */
void ent_store_done(sqlite3_stmt *st);

/* Step a statement that returns no row, then reset it; NULL is the failure to prepare it. */
ENT_MUST_USE enum ent_err ent_store_run(struct ent_store *s, sqlite3_stmt *st);

/* known.c: once a connection. */
ENT_MUST_USE enum ent_err ent_store_context_start(struct ent_store *s);

/* The id of a source, which is made unless it is there. */
ENT_MUST_USE enum ent_err ent_store_source(struct ent_store *s, int64_t *ret,
                                           struct ent_slice name);
/* known.c: the id of a row that is inserted unless it is there; bind gives either its values. */
ENT_MUST_USE enum ent_err ent_store_intern(struct ent_store *s, int64_t *ret, bool *ret_new,
                                           enum ent_query add, enum ent_query find,
                                           void (*bind)(sqlite3_stmt *, const void *),
                                           const void *what);
/* The id of (kind, text). */
ENT_MUST_USE enum ent_err ent_store_context(struct ent_store *s, int64_t *ret,
                                            const struct ent_indicator *ind);
/* Bind what the indicator says to ?4 to ?10, and run it. */
ENT_MUST_USE enum ent_err ent_store_run_claim(struct ent_store *s, sqlite3_stmt *st,
                                              const struct ent_indicator *ind, int64_t context,
                                              int64_t labels, int64_t now);

/* labels.c: the id of a set of labels. */
ENT_MUST_USE enum ent_err ent_store_labels(struct ent_store *s, int64_t *ret,
                                           struct ent_slice names);

/* A new mark, as part of the transaction. */
ENT_MUST_USE enum ent_err ent_store_renew_mark(struct ent_store *s);

/* find.c: once a connection; and in a transaction, the places of what has none yet. */
ENT_MUST_USE enum ent_err ent_store_place_start(struct ent_store *s);
ENT_MUST_USE enum ent_err ent_store_place(struct ent_store *s);

/* release.c, inside a transaction: this source, those that speak of this observable, or all are to
 * be judged again. */
ENT_MUST_USE enum ent_err ent_store_unjudge(struct ent_store *s, int64_t source);
ENT_MUST_USE enum ent_err ent_store_unjudge_about(struct ent_store *s, uint64_t observable);
ENT_MUST_USE enum ent_err ent_store_unjudge_all(struct ent_store *s);

/* release.c: the SQL function ent_may_pass(tlp, held, door), which is ent_claim_may_pass(). */
ENT_MUST_USE enum ent_err ent_store_door_start(struct ent_store *s);

/* release.c: what was found odd, as parameters or columns from at on. */
void ent_store_bind_odds(sqlite3_stmt *st, int at, const struct ent_odds *o);
void ent_store_take_odds(struct ent_odds *ret, sqlite3_stmt *st, int at);

/* user.c: its tables. */
extern const char ent_store_user_schema[];

/* outbox.c: its tables, after all others. */
extern const char ent_store_outbox_schema[];

/* Words of a person: UTF-8, nothing invisible, no blanks around it, 1 to max bytes. */
bool ent_store_is_words(struct ent_slice s, size_t max);

/* Step one that returns one number; ENT_E_NOTFOUND without a row. */
ENT_MUST_USE enum ent_err ent_store_number(struct ent_store *s, sqlite3_stmt *st, int64_t *ret);

/* Each row of an id and an observable, until each() fails. The statement is still the caller's. */
ENT_MUST_USE enum ent_err ent_store_each_row(struct ent_store *s, sqlite3_stmt *st,
                                             enum ent_err (*each)(void *ctx, uint64_t id,
                                                                  const struct ent_observable *o),
                                             void *ctx);

#endif
