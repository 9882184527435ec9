/*
 * sweep.h: the fast way through whole lines. Masks of bytes (classify.h) say where a token could
 * end that the filters do not rule out; only there the recognisers of scan.h are asked. So the
 * sweep may point at places where nothing is, and must never pass one where something is.
 */
#ifndef ENT_WATCH_SWEEP_H
#define ENT_WATCH_SWEEP_H

#include "watch/scan.h"

#define ENT_SWEEP_BLOCKS 64u /* of 64 bytes, looked at together: they stay in the first cache */
#define ENT_SWEEP_QUEUE  (ENT_SWEEP_BLOCKS * 32u + 8u)

/* Where a block ended, for the next one. */
struct ent_sweep_before {
    uint64_t dot, dot2,
        dot3;             /* dots; with one, with two such dots before them, 2 to 4 bytes apart */
    uint64_t colon, full; /* quarters of nothing but letters and digits */
    uint64_t v6[4];       /* 1, 2, 4, 8 letters, digits and colons in a row */
    uint64_t name_carry, wide_carry, two_dots_carry, number_carry; /* of additions */
};

struct ent_sweep {
    /* Block 0 is the last one of the pass before. */
    uint64_t word[ENT_SWEEP_BLOCKS + 1], dot[ENT_SWEEP_BLOCKS + 1], digit[ENT_SWEEP_BLOCKS + 1];
    uint64_t todo[ENT_SWEEP_BLOCKS + 1]; /* places for the recognisers */
    struct ent_sweep_before before;
    size_t base; /* of block 1 in the window */
    size_t done; /* words up to here have been recognised */
    /* Ends of names and of addresses, counted from block 0. */
    uint32_t names, addrs;
    uint16_t name[ENT_SWEEP_QUEUE], addr[ENT_SWEEP_QUEUE];
    uint64_t hash[ENT_SWEEP_QUEUE]; /* of the names that are left */
};

/* Look at the whole window, which ends where its last line does. */
ENT_MUST_USE enum ent_err ent_sweep(struct ent_scan *s);

/* Newlines in p. */
size_t ent_sweep_newlines(const uint8_t *p, size_t n);

/* scan.c: the words between two bytes that are part of none; a mark. */
ENT_MUST_USE enum ent_err ent_scan_words(struct ent_scan *s, size_t from, size_t to);
ENT_MUST_USE enum ent_err ent_scan_mark(struct ent_scan *s, size_t at);

#endif
