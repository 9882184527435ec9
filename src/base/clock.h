/* clock.h: the time of day, for people and statements, and a steady clock, for durations. */
#ifndef ENT_BASE_CLOCK_H
#define ENT_BASE_CLOCK_H

#include <entente/entente.h>

/* Seconds since 1970, UTC. */
int64_t ent_clock_now(void);

/* Nanoseconds on a clock that never jumps; only differences mean anything. */
uint64_t ent_clock_steady_ns(void);

#define ENT_TIME_TEXT 21 /* "2018-08-20T00:00:00Z" and NUL */

/* RFC 3339 in UTC, whole seconds. Years outside 0..9999 print as "-". */
void ent_time_format(char ret[static ENT_TIME_TEXT], int64_t t);

/* RFC 3339 with 'Z' or a numeric offset, any number of sub-second digits (dropped), or a bare
 * date. ENT_E_FORMAT for anything else. */
ENT_MUST_USE enum ent_err ent_time_parse(int64_t *ret, struct ent_slice s);

#endif
