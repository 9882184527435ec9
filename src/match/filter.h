/*
 * filter.h: the holder's list as the asker gets it: 16-byte tags in ascending order, each with 20
 * masked bytes that lead to its label, in blocks of ENT_FILTER_BLOCK.
 *
 *     block = u32le length of the coded tags || coded tags || 20 masked bytes for each tag
 *
 * Tags are coded as differences to the one before (to 0 at the very start), each as a Rice code
 * with parameter k = 128 - max(1, floor(log2 n)), bits filled from the most significant one of each
 * byte, the last byte padded with zeros: about 13.7 bytes a tag at n = 2^20.
 */
#ifndef ENT_MATCH_FILTER_H
#define ENT_MATCH_FILTER_H

#include "base/base.h"

#define ENT_TAG          16
#define ENT_MASKED       20
#define ENT_FILTER_BLOCK 16384u

struct ent_filter_entry {
    uint8_t tag[ENT_TAG]; /* big-endian number; order of bytes is order of numbers */
    uint8_t masked[ENT_MASKED];
};

/* How far a list of n tags has been read or written. */
struct ent_filter_pos {
    uint64_t n;    /* of all tags */
    uint64_t done; /* tags so far */
    uint8_t last[ENT_TAG];
};
void ent_filter_start(struct ent_filter_pos *pos, uint64_t n);
uint64_t ent_filter_blocks(uint64_t n);
size_t ent_filter_block_count(uint64_t n, uint64_t block); /* entries in this block */
#define ENT_FILTER_BLOCK_MAX (4u + ENT_FILTER_BLOCK * (17u + ENT_MASKED) + 64u)

/* Append the block of these entries, which are the next ent_filter_block_count() of them. */
ENT_MUST_USE enum ent_err ent_filter_encode(struct ent_buf *b, struct ent_filter_pos *pos,
                                            const struct ent_filter_entry *e, size_t count);

/* The next block. ENT_E_FORMAT for anything encode does not write: tags out of order or repeated,
 * wrong lengths, padding that is not zero. */
ENT_MUST_USE enum ent_err ent_filter_decode(struct ent_filter_entry *ret, size_t *ret_count,
                                            struct ent_filter_pos *pos, struct ent_slice block);

#endif
