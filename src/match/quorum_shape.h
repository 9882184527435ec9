/*
 * quorum_shape.h: the numbers that fix the work of a quorum, the same for everybody in a run, and
 * what that work costs. Cells are numbered through all tables: cell = table * bins + bin; a share
 * is one number below 2^61 - 1 for each cell, and shares travel in the order of cells.
 */
#ifndef ENT_MATCH_QUORUM_SHAPE_H
#define ENT_MATCH_QUORUM_SHAPE_H

#include "pact/pact.h"

#define ENT_QUORUM_MEMBERS 64u
/* A pair of tables shares an order, so their number is even. docs/quorum.md has what each number
 * of tables misses. */
#define ENT_QUORUM_TABLES_MOST 32u
#define ENT_QUORUM_SHARE       8u /* bytes, little-endian */

struct ent_quorum_shape {
    uint32_t members;   /* N: indices 1..N */
    uint32_t threshold; /* t */
    uint32_t items;     /* M: of one member at most */
    uint32_t tables;
};

/* ENT_E_LIMIT, with the number that is out of its range as text. */
ENT_MUST_USE enum ent_err ent_quorum_shape_check(const struct ent_quorum_shape *s,
                                                 struct ent_diag *d);

/* M * t. */
uint32_t ent_quorum_bins(const struct ent_quorum_shape *s);
/* tables * bins: at most 2^28. */
uint32_t ent_quorum_cells(const struct ent_quorum_shape *s);

/* What a collector needs on one core of this machine, in nanoseconds for one bin. */
struct ent_quorum_rate {
    double multiply, compare;
};
/* Measured with bench/quorum at each level of the dispatch, and rounded up. */
struct ent_quorum_rate ent_quorum_rate_of(enum ent_cpu_level l);

struct ent_quorum_cost {
    double multiplications, comparisons; /* of all cells */
    double core_seconds;
    uint64_t upload;      /* bytes of one participant */
    uint64_t participant; /* bytes of memory while its tables exist */
};
/* Of a shape that passed its check. */
void ent_quorum_cost(struct ent_quorum_cost *ret, const struct ent_quorum_shape *s,
                     struct ent_quorum_rate rate);

#endif
