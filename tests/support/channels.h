/*
 * channels.h: a table with each kind of message, and channels that speak by it, for their tests:
 * what is called echoes, fails, hands a descriptor back, or waits.
 */
#ifndef ENT_TESTS_SUPPORT_CHANNELS_H
#define ENT_TESTS_SUPPORT_CHANNELS_H

#include "tests/support/t.h"

#include <stdatomic.h>

#include "proc/proc.h"

enum { A, B };                                             /* roles */
enum { ECHO = 1, FAIL, FILES, WORD, LATE, NEVER, ONLY_A }; /* types */
#define BOTH   (ENT_MSG_BIT(A) | ENT_MSG_BIT(B))
#define BIG    ENT_MSG_MAX
#define WINDOW 16u

extern const struct ent_protocol channels_protocol;

struct channels_end {
    atomic_uint notes, closed;
    atomic_bool let_go; /* those who wait in NEVER */
};

extern unsigned channels_stall_ms; /* of those that are made from now on; 0: the usual */

struct ent_channel *channels_new(int fd, unsigned self, struct channels_end *e, unsigned threads);
void channels_pair(int fd[2]);

#endif
