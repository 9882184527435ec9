/*
 * strikes.h: how long somebody must wait who gave wrong passwords. The first few cost nothing, then
 * each doubles the wait, up to a most; each ten minutes without one forgive one. So a person who
 * mistypes waits seconds, and a guesser has some hundred tries a day, for ever; but nobody is
 * locked out for longer than the most.
 */
#ifndef ENT_NODE_STRIKES_H
#define ENT_NODE_STRIKES_H

#include "store/store.h"

#define ENT_STRIKE_FORGET 600 /* seconds that forgive one */
#define ENT_STRIKE_WAIT   900 /* the longest wait */

/* So many cost nothing: of an account, wherever they come from; of an address, whatever for. */
#define ENT_STRIKES_ACCOUNT 5u
#define ENT_STRIKES_ADDRESS 10u

/* Seconds from now on until the next try. A clock that went back locks nobody out. */
unsigned ent_strikes_wait(const struct ent_strikes *x, unsigned free, int64_t now);
void ent_strikes_add(struct ent_strikes *x, unsigned free, int64_t now);

/* An address as it counts: of IPv6 the network of 64 bits, which one customer has. */
void ent_strikes_key(struct ent_key16 *ret, const uint8_t from16[static 16]);

/*
 * The strikes of addresses, in memory of a fixed size. Where there are too many those with the
 * fewest make room, in the same small part of the table; which part that is nobody outside knows.
 */
struct ent_strike_table;
ENT_MUST_USE enum ent_err ent_strike_table_new(struct ent_strike_table **ret);
void ent_strike_table_free(struct ent_strike_table *t);
unsigned ent_strike_table_wait(const struct ent_strike_table *t, const struct ent_key16 *key,
                               int64_t now);
void ent_strike_table_add(struct ent_strike_table *t, const struct ent_key16 *key, int64_t now);
/* The last one was none: the password was right. */
void ent_strike_table_undo(struct ent_strike_table *t, const struct ent_key16 *key);

#endif
