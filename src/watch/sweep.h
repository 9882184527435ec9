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

/* One mask of all blocks; block 0 is the last one of the pass before. */
typedef uint64_t ent_sweep_mask[ENT_SWEEP_BLOCKS + 1];

struct ent_sweep {
    ent_sweep_mask alnum, word, digit, dot, high, colon, at, slash;
    ent_sweep_mask dot2, dot3; /* dots with one, with two dots 2 to 4 bytes apart before them */
    ent_sweep_mask colons[5];  /* colons with 1, 2... such colons 2 to 5 bytes apart before them */
    ent_sweep_mask full;       /* quarters of nothing but letters and digits */
    ent_sweep_mask ends;       /* of four octets, as far as the dots tell */
    ent_sweep_mask v6;         /* colons of an IPv6 address, perhaps */
    ent_sweep_mask todo;       /* places for the recognisers */
    uint64_t looked;           /* the places of block 0 that they have seen */
    uint64_t word_carry, high_carry, two_dots_carry, number_carry; /* of additions */
    size_t base;                                                   /* of block 1 in the window */
    size_t done; /* words up to here have been recognised */
    /* Ends of names and of addresses, slashes behind a colon, as places from block 0 on. */
    uint32_t names, addrs, urls, mails;
    uint16_t name[ENT_SWEEP_QUEUE], addr[ENT_SWEEP_QUEUE], url[ENT_SWEEP_QUEUE];
    uint16_t mail[2 * ENT_SWEEP_QUEUE]; /* each '@' */
    uint64_t hash[ENT_SWEEP_QUEUE];     /* of the names that are left */
    uint32_t ip[ENT_SWEEP_QUEUE];       /* the addresses that are left */
    /* What is asked of the filter of everything else, and the places to mark. */
    uint32_t asks;
    uint64_t ask[4 * ENT_SWEEP_QUEUE];
    uint16_t ask_at[4 * ENT_SWEEP_QUEUE];
};

/* Look at the whole window, which ends where its last line does. */
ENT_MUST_USE enum ent_err ent_sweep(struct ent_scan *s);

/* Newlines in p. */
size_t ent_sweep_newlines(const uint8_t *p, size_t n);

/* scan.c: the words between two bytes that are part of none; a mark. */
ENT_MUST_USE enum ent_err ent_scan_words(struct ent_scan *s, size_t from, size_t to);
ENT_MUST_USE enum ent_err ent_scan_mark(struct ent_scan *s, size_t at);

#endif
