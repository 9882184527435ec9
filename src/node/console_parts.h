/* console_parts.h: what the files of the console share, for node/console_*.c alone. */
#ifndef ENT_NODE_CONSOLE_PARTS_H
#define ENT_NODE_CONSOLE_PARTS_H

#include "node/console.h"
#include "node/rows.h"

/* How many claims bear which type, source and marking; as of one state of the store. */
struct ent_console_facet {
    enum ent_obs_type type;
    enum ent_tlp tlp;
    size_t source; /* its place in the list of names */
    uint64_t claims;
};

struct ent_console_store {
    struct ent_console_store_opts opts;
    struct ent_mark16 mark; /* of the store when the facets were counted */
    bool counted;
    struct ent_console_facet *facet;
    size_t facets, facets_room;
    char **source;
    size_t sources, sources_room;
};

/* A record of a match or of a quorum, and its place among others. */
struct ent_console_record {
    char run[33];
    int64_t time; /* 0: not known */
};
struct ent_console_records {
    struct ent_console_record *record; /* by name */
    size_t n;
};

struct ent_console_book {
    struct ent_console_book_opts opts;
    struct ent_console_records matches, quorums;
};

/* One query at work, on one of the two sides. */
struct ent_console_call {
    struct ent_console_store *store;
    struct ent_console_book *book;
    struct ent_rows w;
    const struct ent_console_query *q;
    struct ent_identity who; /* not cleared for RED where nobody would record it */
    int64_t now;
    const struct ent_api_handle *handle; /* whoever it is; NULL: who is known */
    struct ent_slice items;
    bool red; /* something that is marked RED is among the rows */
};

/* Whether what bears this mark may be shown. With that it counts as shown. */
bool ent_console_shows(struct ent_console_call *x, enum ent_tlp mark);

/* What a call that fails is answered with: *d, or a sentence for the code. */
typedef enum ent_err ent_console_fn(struct ent_console_call *x, struct ent_diag *d);

/* console_know.c */
ent_console_fn ent_console_indicators, ent_console_facets, ent_console_indicator, ent_console_tag;
/* Count, unless that was done for what the store holds now. */
ENT_MUST_USE enum ent_err ent_console_count(struct ent_console_store *c);
/* Whether somebody with this clearance may know that the source is there. */
bool ent_console_sees_source(const struct ent_console_store *c, struct ent_slice name,
                             enum ent_tlp clearance);
/* Whether an observable is there for who asks; with that it counts as shown. */
ENT_MUST_USE enum ent_err ent_console_sees(struct ent_console_call *x, bool *ret, uint64_t id);

/* console_today.c */
ent_console_fn ent_console_today, ent_console_watch, ent_console_hits, ent_console_settings;
/* console_accounts.c */
ent_console_fn ent_console_accounts, ent_console_account, ent_console_account_add,
    ent_console_account_set, ent_console_password, ent_console_token, ent_console_token_drop;
/* console_release.c */
ent_console_fn ent_console_releases, ent_console_release, ent_console_confirm, ent_console_hold;
/* Sources that are held, or all; and releases that wait for another person. Only those that who
 * asks may know of. */
ENT_MUST_USE enum ent_err ent_console_put_sources(struct ent_console_call *x, bool all);
ENT_MUST_USE enum ent_err ent_console_put_asked(struct ent_console_call *x);
/* console_audit.c */
ent_console_fn ent_console_audit;
/* console_partners.c */
ent_console_fn ent_console_node, ent_console_standing, ent_console_partners;
/* console_match.c */
ent_console_fn ent_console_matches, ent_console_match;
/* console_quorum.c */
ent_console_fn ent_console_quorums, ent_console_quorum, ent_console_quorum_start,
    ent_console_quorum_join, ent_console_quorum_decline;

/* console_records.c: how a folder of records is told, the newest first, at most `most` of them:
 * "records" and how many there are in all. */
struct ent_console_folder {
    const char *name, *key;
    struct ent_console_records *known; /* what is read once of each */
    enum ent_err (*time_of)(struct ent_console_call *x, int64_t *ret, const char *run);
    enum ent_err (*put)(struct ent_console_call *x, const char *run);
};
ENT_MUST_USE enum ent_err ent_console_put_records(struct ent_console_call *x,
                                                  const struct ent_console_folder *f, size_t most);
/* A row for one of them that cannot be read. */
void ent_console_put_damaged(struct ent_rows *w, const char *run);
/* console_partners.c: the pact's rule of quorums, where it has one. */
void ent_console_put_rule(struct ent_rows *w, const struct ent_quorum_rule *q);
/* console_asks.c */
ent_console_fn ent_console_match_may, ent_console_asks, ent_console_match_ask,
    ent_console_match_stop;
/* console_ledger.c */
ent_console_fn ent_console_logs, ent_console_log, ent_console_proof, ent_console_consistency;
void ent_console_put_standing(struct ent_rows *w, const struct ent_standing *st);

/* --- what may be asked --------------------------------------------------------------------------
 */

enum {
    ENT_P_Q = 1 << 0,
    ENT_P_VALUE = 1 << 1,
    ENT_P_AFTER = 1 << 2,
    ENT_P_BEFORE = 1 << 3,
    ENT_P_TYPES = 1 << 4,
    ENT_P_TLP = 1 << 5,
    ENT_P_SOURCE = 1 << 6,
    ENT_P_TAG = 1 << 7,
    ENT_P_MEMBER = 1 << 8,
    ENT_P_RUN = 1 << 9,
    ENT_P_GENERATION = 1 << 10,
    ENT_P_FROM = 1 << 11,
    ENT_P_TO = 1 << 12,
    ENT_P_LIMIT = 1 << 13,
    ENT_P_DAYS = 1 << 14,
    ENT_P_WHOLE = 1 << 15,
    ENT_P_REMOVE = 1 << 16,
    ENT_P_ACCOUNT = 1 << 17,
    ENT_P_TOKEN = 1 << 18,
    ENT_P_DISPLAY = 1 << 19,
    ENT_P_PASSWORD = 1 << 20,
    ENT_P_OLD = 1 << 21,
    ENT_P_ROLE = 1 << 22,
    ENT_P_UNTIL = 1 << 23,
    ENT_P_ENABLE = 1 << 24,
    ENT_P_DISABLE = 1 << 25,
    ENT_P_REASON = 1 << 26,
    ENT_P_ITEMS = 1 << 27,
    ENT_P_ASK = 1 << 28,
    ENT_P_PAD = 1 << 29,
    ENT_P_THRESHOLD = 1 << 30
};

struct ent_console_route {
    const char *method, *path;
    unsigned may, must; /* ENT_P_ */
    enum ent_action act;
    enum ent_console_side side;
    bool list; /* the body is one, and the parameters stand beside it */
};
extern const struct ent_console_route ent_console_routes[ENT_CONSOLE_WHATS]; /* console_query.c */

/* console_params.c: NULL, or what is wrong: a sentence, or the name of the parameter whose value is
 * none. */
const char *ent_console_params(struct ent_console_query *q, const struct ent_console_route *route,
                               struct ent_slice s);
bool ent_console_is_run(const char *s);

/* console.c: the headers of every answer. */
ENT_MUST_USE enum ent_err ent_console_headers(struct ent_web_answer *a);

#endif
