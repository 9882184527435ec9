/*
 * quorum_collect.h: what the collector computes: for each cell all sets of at least t participants
 * whose shares lie on one polynomial of degree t-2.
 *
 * t points lie on one iff their (t-1)-th divided difference is 0. The participants are walked depth
 * first: D({}, k) = share of k, D(S+a, k) = (D(S, k) - D(S, a)) / (k - a); at |S| = t-2 the points
 * of S, a, k are consistent iff D(S, a) == D(S, k). Where the machine has vectors, 8 or 16 cells
 * are walked side by side and the last step compares 32 bits; a cell that shows anything is walked
 * again exactly, so that all machines report the same.
 *
 * t participants who agree can make a set of every cell. No honest one is in more than 2 M hits of
 * a table, which the caller may hold against them.
 *
 * The collector keeps nothing between blocks: the caller reads the same block of cells from every
 * participant, and may hand blocks to several threads. Shares are foreign: any number below p is
 * legal, and what it makes of its cells only takes that participant out of them.
 */
#ifndef ENT_MATCH_QUORUM_COLLECT_H
#define ENT_MATCH_QUORUM_COLLECT_H

#include "match/quorum_table.h"

/* L/d, for a difference d of two indices, in pieces for 32-bit products; quorum_scan_parts.h says
 * how. Differences may be multiplied by any constant that is the same for all k. */
struct ent_quorum_factor {
    uint64_t low, high, low32, high32;
};

/* Fixed for a run, read by all threads. */
struct ent_quorum_collector {
    struct ent_hash32 run;
    uint32_t threshold, present;
    uint8_t index[ENT_QUORUM_MEMBERS];    /* of those present, ascending, 1..N */
    uint64_t inverse[ENT_QUORUM_MEMBERS]; /* of each difference of two indices */
    bool small; /* L is the least common multiple of all d, and below 2^29; else it is 1 */
    struct ent_quorum_factor factor[ENT_QUORUM_MEMBERS];
};

/* Bit i-1 of `present` for each member whose shares are there; at least one of 1..N. Fewer than t
 * is no error: nothing will be found. The shape has passed its check. */
void ent_quorum_collector_init(struct ent_quorum_collector *ret,
                               const struct ent_quorum_shape *shape, uint64_t present,
                               const struct ent_hash32 *run);

/* ret = n shares from exactly 8n bytes; ENT_E_FORMAT for another length or a number of p or more.
 */
ENT_MUST_USE enum ent_err ent_quorum_shares_parse(uint64_t *ret, size_t n, struct ent_slice bytes);

/*
 * Finds in `count` cells from `first` on. shares + j*stride are those of the j-th participant that
 * is present, in the order of indices. Calls `found` for each set, cells ascending; sets that are
 * part of another on the same polynomial are not told. Returns the first error of `found`. ctx is
 * the caller's; the collector is not changed.
 */
ENT_MUST_USE enum ent_err ent_quorum_collect(
    const struct ent_quorum_collector *c, const uint64_t *shares, size_t stride, uint32_t first,
    size_t count, enum ent_err (*found)(void *ctx, const struct ent_quorum_hit *hit), void *ctx);

#endif
