/* pacts.h: members with all their seeds, and versions of a pact that they vote for. */
#ifndef ENT_TESTS_SUPPORT_PACTS_H
#define ENT_TESTS_SUPPORT_PACTS_H

#include "tests/support/t.h"

#include "pact/pact.h"

struct who {
    struct ent_own_seeds seed;
    struct ent_member m; /* as its first card says */
};

/* Fresh keys; display "Someone, Inc.". */
struct who who_is(const char *name);
/* "m00", "m01" and so on. */
void who_are(struct who *w, size_t n);

struct ent_pact *pact_new(void); /* zeroed; free() it */

/* A draft of version 1 with these founders. */
struct ent_pact *pact_of(const struct who *w, size_t n);

/* Text of the draft with the votes of w[0..n): what was in b is forgotten. */
void pact_vote(struct ent_buf *b, struct ent_pact *draft, uint32_t round, const struct who *w,
               size_t n);

/* Version 1, voted for and parsed. */
struct ent_pact *pact_founded(const struct who *w, size_t n);

/* The draft, voted for by w[0..n), must follow `now`, which it becomes. */
void pact_advance(struct ent_pact *now, struct ent_pact *draft, const struct who *w, size_t n);

/* The same must be refused with this error and text. */
void pact_refused(const struct ent_pact *now, struct ent_pact *draft, const struct who *w, size_t n,
                  enum ent_err e, const char *text);

#endif
