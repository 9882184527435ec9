/*
 * counts.h: what a process counts, and all of it as a page for Prometheus. One table (counts.c) has
 * each metric: name, help, labels, and the roles that have it. A number costs one atomic addition.
 *
 * Each role answers ENT_MSG_COUNTS with a snapshot of its own; who renders the page asks them all.
 * A role that was taken over can give wrong numbers for its own metrics, and for no others. Labels
 * are fixed words and names of members: nothing that a partner or a user sends becomes a label, or
 * the page would grow by it.
 *
 * A snapshot: u64 start, u64 processor time in ns, u64 resident bytes, u64 open files; u8 members,
 * each u8 length and name; then the numbers of each metric of that role, u64, in the table's order.
 * One form: encode(parse(x)) == x or ENT_E_FORMAT.
 */
#ifndef ENT_NODE_COUNTS_H
#define ENT_NODE_COUNTS_H

#include "match/match.h"
#include "node/service.h"
#include "pact/pact.h"
#include "store/store.h"

#define ENT_MSG_COUNTS   (ENT_MSG_COUNT + 2)
#define ENT_COUNTS_MAX   16384u /* bytes of a snapshot */
#define ENT_COUNT_CELLS  640u   /* numbers of all metrics together */
#define ENT_COUNT_TEXT   (1u << 20)
#define ENT_COUNTS_FRESH 15u /* seconds for which what the store holds is not counted again */

#define ENT_COUNTS_ROWS 2
extern const struct ent_msg_row ent_counts_rows[ENT_COUNTS_ROWS];

/* One for each metric. In brackets: what index is. */
enum ent_count {
    ENT_COUNT_REQUESTS,     /* ent_count_request() */
    ENT_COUNT_SECONDS,      /* the same */
    ENT_COUNT_REFUSED,      /* [enum ent_web_event] */
    ENT_COUNT_RUNS,         /* [enum ent_peer_event_kind] */
    ENT_COUNT_ASKED,        /* items in runs that were accepted */
    ENT_COUNT_QUORUMS,      /* [enum ent_quorum_event_kind], all but the last */
    ENT_COUNT_QUORUM_FAILS, /* [ent_count_quorum_fail()] */
    ENT_COUNT_QUORUM_NAMED, /* [enum ent_quorum_fault - 1] */
    ENT_COUNT_QUORUM_ITEMS, /* of this member, announced */
    ENT_COUNT_POSITIONS,    /* that quorums found */
    ENT_COUNT_QUORUMS_NOW,
    ENT_COUNT_REACHABLE,    /* ent_count_member(), as the next three: 0 or 1 */
    ENT_COUNT_SUSPECTED,    /* 0 or 1 */
    ENT_COUNT_EXPOSED,      /* 0 or 1 */
    ENT_COUNT_HEAD_TIME,    /* of its last head that others cosigned; 0: none */
    ENT_COUNT_LOG_ENTRIES,  /* of the own log */
    ENT_COUNT_PACT_VERSION, /* 0: none yet */
    ENT_COUNT_INDICATORS,   /* this and the next four: ent_counts_store() */
    ENT_COUNT_SOURCES,
    ENT_COUNT_LAST_IMPORT,
    ENT_COUNT_SIGHTINGS,
    ENT_COUNT_ODD_OBJECTS,
    ENT_COUNT_HOOKS, /* [enum ent_hook_outcome] */
    ENT_COUNT_HOOKS_WAITING,
    ENT_COUNT_RECORDS,  /* [enum ent_level] */
    ENT_COUNT_RESTARTS, /* [enum ent_process] */
    ENT_COUNTS
};

enum ent_port { ENT_PORT_MEMBERS, ENT_PORT_USERS };
#define ENT_PORTS 2

enum ent_hook_outcome {
    ENT_HOOK_DELIVERED,
    ENT_HOOK_FAILED,  /* it is tried again */
    ENT_HOOK_GONE,    /* the receiver wants no more of it */
    ENT_HOOK_EXPIRED, /* a day of tries was in vain */
    ENT_HOOK_DROPPED  /* too many waited: the oldest */
};
#define ENT_HOOK_OUTCOMES 5

/* --- counting ----------------------------------------------------------------------------------
 */

struct ent_counts;

/* Before the sandbox: it opens a file of /proc, and goes on without when there is none. */
ENT_MUST_USE enum ent_err ent_counts_new(struct ent_counts **ret, enum ent_process self);
void ent_counts_free(struct ent_counts *c);

/* From any thread. The metric is one of this role's, index below what it has. c may be NULL. */
void ent_count_add(struct ent_counts *c, enum ent_count what, unsigned index, uint64_t n);
void ent_count_set(struct ent_counts *c, enum ent_count what, unsigned index, uint64_t n);
/* An answer with that status (200 to 599), ns after its request. */
void ent_count_request(struct ent_counts *c, enum ent_port port, unsigned status, uint64_t ns);

/* Why a quorum failed, as of struct ent_quorum_run. */
unsigned ent_count_quorum_fail(const char *member, enum ent_quorum_fault fault);

/* Who the members are; numbers of those that stay stay. */
void ent_count_members(struct ent_counts *c, const char *const *names, size_t n);
/* Of somebody who is no member: nothing. */
void ent_count_member(struct ent_counts *c, enum ent_count what, const char *name, uint64_t n);

/* What the store holds; of the thread that uses the store. Nothing when it was looked at in the
 * last 15 seconds, and no new look at all claims unless they changed. */
ENT_MUST_USE enum ent_err ent_counts_store(struct ent_counts *c, struct ent_store *s);

/* --- snapshots ---------------------------------------------------------------------------------
 */

struct ent_counted {
    enum ent_process from;
    uint64_t start, cpu_ns, resident, files; /* 0: not known */
    size_t members;
    char member[ENT_ROSTER_MEMBERS][ENT_NAME_MAX + 1];
    uint64_t cell[ENT_COUNT_CELLS]; /* 0 for what is another role's */
};

void ent_counts_take(struct ent_counts *c, struct ent_counted *ret);
ENT_MUST_USE enum ent_err ent_counted_encode(struct ent_buf *b, const struct ent_counted *s);
ENT_MUST_USE enum ent_err ent_counted_parse(struct ent_counted *ret, struct ent_slice bytes,
                                            enum ent_process from);

/* An ent_service of struct ent_counts. */
enum ent_err ent_counts_serve(void *counts, struct ent_msg *ret, struct ent_msg *call);
/* What that role has counted. */
ENT_MUST_USE enum ent_err ent_counts_ask(struct ent_caller who, struct ent_counted *ret,
                                         enum ent_process from);

/* The page, "text/plain; version=0.0.4". Snapshots of one role (several may run matches) are added
 * up; of a role that is missing its metrics are missing. */
#define ENT_COUNTS_TYPE "text/plain; version=0.0.4; charset=utf-8"
ENT_MUST_USE enum ent_err ent_counts_text(struct ent_buf *b, const struct ent_counted *s, size_t n);

/* --- the table, for counts*.c and the manual ----------------------------------------------------
 */

enum ent_metric_kind { ENT_METRIC_COUNTER, ENT_METRIC_GAUGE, ENT_METRIC_HISTOGRAM };
struct ent_metric {
    const char *name, *help;
    enum ent_metric_kind kind;
    uint32_t roles;                   /* ENT_MSG_BIT()s */
    bool per_member;                  /* a number for each; else words of its labels: */
    const char *label[2];             /* or NULL */
    unsigned n[2];                    /* how many words; 0 for none */
    const char *(*word[2])(unsigned); /* each of them */
};
extern const struct ent_metric ent_metrics[ENT_COUNTS];

/* A histogram's numbers: one for each bucket, not added up, then the sum in nanoseconds. */
#define ENT_COUNT_BUCKETS 8u
extern const double ent_count_bucket[ENT_COUNT_BUCKETS - 1]; /* seconds; the last is without end */

/* Numbers of one metric, and where they begin in cell[]. */
size_t ent_metric_cells(enum ent_count what);
size_t ent_metric_at(enum ent_count what);

#endif
