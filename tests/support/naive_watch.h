/*
 * naive_watch.h: the reference matcher. docs/watch.md, "Semantics", as directly as C allows: each
 * line is looked at from each of its bytes, and each token is compared with each indicator. It
 * shares nothing with src/watch/ but entente/observable.h.
 */
#ifndef ENT_TESTS_SUPPORT_NAIVE_WATCH_H
#define ENT_TESTS_SUPPORT_NAIVE_WATCH_H

#include "base/base.h"

#include <entente/watch.h>

/* Indicators of every kind that random tests and fuzzing look for. */
#define NAIVE_KNOWN 39
extern const char *const naive_known[NAIVE_KNOWN];
void naive_parse_known(struct ent_observable ret[static NAIVE_KNOWN]);

/* Text that is not canonical, nearly right, or stands between. */
#define NAIVE_PIECES 170
extern const char *const naive_pieces[NAIVE_PIECES];

/* Each byte read as an indicator, a piece, or a blank: up to 32 KiB, valid until the next call. */
struct ent_slice naive_spell(struct ent_slice s);

/* What was reported, one text a report, to be sorted and compared. */
struct naive_list {
    char **text;
    size_t n, cap;
};

struct naive_report {
    struct naive_list hits; /* "line offset seen-type seen indicator-type indicator id" */
    struct naive_list seen; /* "type text" */
};

/* Reports of the reference. The ids of indicators are their places in the array. */
void naive_watch(struct naive_report *ret, const struct ent_observable *ind, size_t n,
                 struct ent_slice stream);

/* The same from the engine. cut(ctx) says how many bytes the next buffer has; NULL: all at once.
 * with_seen false: the engine is not asked what was seen, which is another way through it. */
enum ent_err naive_engine(struct naive_report *ret, const struct ent_watch *w,
                          struct ent_slice stream, size_t (*cut)(void *ctx), void *ctx,
                          bool with_seen);

/* A sealed set of these indicators; NULL when that failed. */
struct ent_watch *naive_set(const struct ent_observable *ind, size_t n);

/* NULL when both hold the same reports, else the first one that only one side has. */
const char *naive_diff(struct naive_list *a, struct naive_list *b);
void naive_release(struct naive_report *r);

#endif
