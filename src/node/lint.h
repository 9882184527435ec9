/*
 * lint.h: what is odd about a set of claims, in numbers: what a good analyst would notice before
 * acting on a list, and the authors of a bad one did not.
 */
#ifndef ENT_NODE_LINT_H
#define ENT_NODE_LINT_H

#include <stdatomic.h>

#include "store/store.h"

#define ENT_LINT_LISTS 32  /* warning lists told by name, the first that are met */
#define ENT_LINT_TEXT  160 /* bytes of the commonest text, with NUL */

struct ent_lint_list {
    char name[256];
    uint64_t n; /* claims */
};

struct ent_lint_report {
    uint64_t claims;
    uint64_t undated, unsure; /* no time from which it is valid; no confidence */
    uint64_t same;            /* have the commonest text, if that is more than one in ten */
    char text[ENT_LINT_TEXT]; /* its beginning, UTF-8, foreign */
    uint64_t warned;          /* on any warning list, or in what is */
    struct ent_lint_list list[ENT_LINT_LISTS]; /* most claims first */
    size_t lists;
    uint64_t wide;       /* networks wider than /16, in IPv6 /32 */
    uint64_t not_public; /* private, reserved, under no real top-level domain */
    uint64_t suffixes;   /* names under which anybody may have one */
    uint64_t stale;      /* had expired when they came first */
    uint64_t elsewhere;  /* another source says so too */
};

/* Whether there is anything to say. */
bool ent_lint_is_odd(const struct ent_lint_report *r);

struct ent_lint;
/* The warning lists as they are now; s must outlive it. */
ENT_MUST_USE enum ent_err ent_lint_new(struct ent_lint **ret, struct ent_store *s);
void ent_lint_free(struct ent_lint *l);

/* As new, with the same warning lists. */
void ent_lint_clear(struct ent_lint *l);

/* One claim, first imported then. */
ENT_MUST_USE enum ent_err ent_lint_add(struct ent_lint *l, const struct ent_indicator *ind,
                                       int64_t imported, bool elsewhere);

/* Of what was added so far; valid until the next call. */
const struct ent_lint_report *ent_lint_report(struct ent_lint *l);

/* All claims of the store, or of this source if it is not empty; stop (or NULL) ends it with
 * ENT_E_INTERRUPTED. */
ENT_MUST_USE enum ent_err ent_lint_store(struct ent_lint *l, struct ent_slice source,
                                         const atomic_bool *stop);

#endif
