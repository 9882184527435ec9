/*
 * far.h: runners that are reached over channels, as those of other processes are: each has one to
 * the ledger and one to the keeper's desk. What travels, and in which order, is as between
 * processes; the threads are of this one, so that a sanitizer sees both ends.
 */
#ifndef ENT_TESTS_SUPPORT_FAR_H
#define ENT_TESTS_SUPPORT_FAR_H

#include "tests/support/partners.h"

#define FAR_MOST 8u

/* Runners for holder_start_with(); when one is over another takes its place. */
struct ent_runners *far_make(struct holder *f);

/* What a runner that was taken over does with calls of this type, from now on; 0: none. It may be
 * changed while nothing is under way. */
enum far_lie { FAR_LONGER, FAR_SHORTER, FAR_EMPTY, FAR_REFUSES, FAR_DIES, FAR_HANGS, FAR_LIES };
void far_lie(uint16_t type, enum far_lie how);
/* Whoever hangs dies. */
void far_wake(void);

/* One alone: a runner over a desk, and whom to ask. */
struct far;
struct far *far_new(struct ent_desk *desk, struct ent_pool *pool);
void far_free(struct far *far);
struct ent_caller far_caller(struct far *far);
struct ent_runner *far_runner(struct far *far);

#endif
