/* desk.h: the keeper's desk for users' requests over a store of its own, with three accounts, and
 * what was recorded. */
#ifndef ENT_TESTS_SUPPORT_DESK_H
#define ENT_TESTS_SUPPORT_DESK_H

#include "tests/support/t.h"

#include "node/node.h"

#define DESK_PASSWORD "correct horse battery"

struct desk {
    struct ent_store *store[4], *own; /* own: for the test */
    struct ent_epoch *epoch;
    struct ent_users *users;
    struct ent_api_desk *desk;
    struct ent_direct direct;
    struct ent_caller keeper;
    struct ent_buf lines; /* of the audit log, without version and time */
    unsigned failures;
    bool disk_full;                /* nothing can be recorded */
    char token[4][ENT_TOKEN_TEXT]; /* of each account, by role */
    struct ent_buf asked;          /* by the console, last */
    struct ent_identity asked_by;
};

/* Accounts "reader" (GREEN), "analyst" (AMBER) and "operator" (RED), with DESK_PASSWORD and a token
 * each. opts may be NULL; its console is desk_console() where it is not NULL. */
void desk_start(struct desk *x, const struct ent_api_desk_opts *opts);
void desk_end(struct desk *x);

/* Answers the query with "rows of " before it. */
enum ent_err desk_console(void *ctx, struct ent_buf *rows, const struct ent_identity *who,
                          struct ent_slice query, int64_t now);

/* A claim, and the reader's view of it up to date. */
void desk_put(struct desk *x, const char *source, const char *value, enum ent_tlp tlp);
/* Until a page of "green" has so many objects. */
void desk_wait(struct desk *x, unsigned rows);

#endif
