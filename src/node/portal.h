/*
 * portal.h: from a request of the users' port to its answer: what the `api` process does, which has
 * neither sockets nor files, nor keys. It parses what users and tools send, asks the keeper who
 * sends it and what is to be found, and renders the answer.
 *
 *     GET  /health           the process answers
 *     GET  /ready            and so do those it asks
 *     GET  /metrics          numbers for Prometheus
 *          /taxii2/...       intel/taxii_serve.h
 *     POST /api/v1/login     {"name", "password"} -> a cookie, {"csrf"}
 *     POST /api/v1/logout
 *     POST /api/v1/first     {"link", "name", "display", "password"}: the first operator
 *     GET  /api/v1/session   {account, role, clearance, csrf}
 *     /, /console/..., and all else below /api/v1/: the console
 *
 * Promises: nobody gets further than these paths without an identity that the keeper gave; a
 * request that changes something by a cookie, or asks for one, comes from our own pages; an account
 * and an address make so many requests in a minute and no more; every error has a body of the kind
 * that the path's clients read.
 * Never: says whether a name or a password was wrong, or why a link does not hold.
 */
#ifndef ENT_NODE_PORTAL_H
#define ENT_NODE_PORTAL_H

#include "net/net.h"
#include "node/api_desk.h"

struct ent_portal;

/* --- what comes out of the book -----------------------------------------------------------------
 */

/* Asked of the ledger process. READY: nothing -> nothing. CONSOLE: a handle, a query -> rows. ACT:
 * a handle, u32 length of a query, a query, items -> rows. The keeper says whose handle it is: see
 * api_desk.h. */
enum { ENT_BOOK_READY = ENT_MSG_BOOK + 1, ENT_BOOK_CONSOLE, ENT_BOOK_ACT };
#define ENT_BOOK_ROWS 6
extern const struct ent_msg_row ent_book_rows[ENT_BOOK_ROWS];

struct ent_book_desk {
    struct ent_caller keeper; /* ent_reader_serve() */
    void *ctx;
    /* A query of the console over the book, of the one whose handle this is. Many at once. */
    enum ent_err (*console)(void *ctx, struct ent_buf *rows, const struct ent_identity *who,
                            const struct ent_api_handle *h, struct ent_slice query, int64_t now);
    /* One that says or changes something. NULL: none does. */
    enum ent_err (*act)(void *ctx, struct ent_buf *rows, const struct ent_api_handle *h,
                        struct ent_slice query, struct ent_slice items, int64_t now);
};
/* An ent_service: of a struct ent_book_desk. */
enum ent_err ent_book_serve(void *desk, struct ent_msg *ret, struct ent_msg *call);

/* --- the console --------------------------------------------------------------------------------
 */

enum ent_portal_where { ENT_PORTAL_STORE, ENT_PORTAL_BOOK, ENT_PORTAL_ACT };

/* Who asks, for the console. */
struct ent_portal_who {
    const struct ent_identity *who; /* NULL: nobody is asked for, and only files are answered */
    bool own_site;    /* a request that changes something comes from our own page, or a tool's */
    const char *csrf; /* of the session, for its pages; or "" */
};

/* The outer two of its three stages; the middle one is the keeper's or the ledger's. */
struct ent_portal_console {
    /* Pure; ENT_WEB_NO_PATH for what is not the console's. */
    size_t (*max_body)(const char *method, const char *path);
    /* ENT_OK: a query, where it is run, and items that go with it. ENT_E_STATE: the answer is there
     * already. */
    enum ent_err (*parse)(struct ent_buf *query, struct ent_buf *items,
                          enum ent_portal_where *ret_where, struct ent_web_answer *answer,
                          const struct ent_web_request *req, const struct ent_portal_who *who);
    void (*render)(struct ent_web_answer *answer, struct ent_slice query, struct ent_slice rows);
};

/* That of console.h. */
extern const struct ent_portal_console ent_portal_pages;

/* --- the portal ---------------------------------------------------------------------------------
 */

struct ent_portal_opts {
    struct ent_caller keeper; /* ent_api_serve() */
    struct ent_caller ledger; /* ent_book_serve(); without call where there is none */
    const struct ent_portal_console *console; /* or NULL */
    void *ctx;
    /* All figures in Prometheus's text format. NULL: there are none. */
    enum ent_err (*metrics)(void *ctx, struct ent_buf *text);
    bool metrics_open;                   /* to whoever asks, without an account */
    unsigned rate_account, rate_address; /* requests a minute; 0: no limit */
};
ENT_MUST_USE enum ent_err ent_portal_new(struct ent_portal **ret,
                                         const struct ent_portal_opts *opts);
void ent_portal_free(struct ent_portal *p);

/* As struct ent_web_opts has it: from many threads at once. */
void ent_portal_handle(struct ent_portal *p, const struct ent_web_request *req,
                       struct ent_web_answer *ret);

/* These two are pure, so that whoever has the sockets can ask them: see struct ent_web_opts.
 * console: its max_body(), or NULL. */
size_t ent_portal_max_body(size_t (*console)(const char *method, const char *path),
                           const char *method, const char *path);
/* path may be NULL. Headers and body of ret are written anew, unless headers hold what belongs to
 * this status (Allow, Retry-After). */
void ent_portal_error(struct ent_web_answer *ret, const char *path, unsigned status);

#endif
