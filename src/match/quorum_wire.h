/*
 * quorum_wire.h: the messages of a run of quorum, all with one head:
 *
 *     head     = sid 32 || u32 index of the participant || u32 number
 *     ask      = head, number of the batch || n x 32 bytes: blinded elements
 *     evaluated= n x 32 bytes || proof 64
 *     block    = head, number of the block || n x 8 bytes: shares, each below 2^61 - 1
 *     progress = head, number of blocks || bits, one for each block that the collector has
 *     piece    = head, number of the piece || u32 hits in all || salt 32 || n x 20 bytes: hits
 *     hit      = u32 cell || u64 holders || check 8
 *
 * Integers are little-endian. Every length follows from the terms (of pieces: from the number of
 * hits, which has a bound) and is checked before anything is allocated. The index says only what
 * the receiver knows already from the sender's key: another one is a lie with a name.
 */
#ifndef ENT_MATCH_QUORUM_WIRE_H
#define ENT_MATCH_QUORUM_WIRE_H

#include "match/quorum_collect.h"
#include "match/quorum_terms.h"

#define ENT_QUORUM_HEADER    40u
#define ENT_QUORUM_BLOCK     16384u /* cells in one block, all but the last */
#define ENT_QUORUM_BLOCK_MAX (ENT_QUORUM_HEADER + ENT_QUORUM_SHARE * ENT_QUORUM_BLOCK)
#define ENT_QUORUM_BLOCKS    ((ENT_QUORUM_TABLES_MOST << 23) / ENT_QUORUM_BLOCK) /* at most */
#define ENT_QUORUM_HIT       20u
#define ENT_QUORUM_PIECE     4096u /* hits in one piece, all but the last */
#define ENT_QUORUM_PIECE_MAX (ENT_QUORUM_HEADER + 36u + ENT_QUORUM_HIT * ENT_QUORUM_PIECE)
#define ENT_QUORUM_CELL_HITS 2u /* of one cell, as one participant is told */

/* --- the head ------------------------------------------------------------------------------- */

void ent_quorum_head_put(uint8_t ret[static ENT_QUORUM_HEADER], const struct ent_hash32 *run,
                         uint32_t index, uint32_t number);
/*
 * ENT_E_FORMAT (malformed) for too few bytes; ENT_E_STATE and no fault for another run, which may
 * be the fault of whoever began it; ENT_E_AUTH (foreign) for another index than the sender's.
 */
ENT_MUST_USE enum ent_err ent_quorum_head_take(struct ent_cur *c, uint32_t *ret_number,
                                               enum ent_quorum_fault *ret_fault,
                                               const struct ent_hash32 *run, uint32_t index);

/* --- shares on their way to the collector --------------------------------------------------- */

uint32_t ent_quorum_blocks(const struct ent_quorum_shape *s);
size_t ent_quorum_block_count(const struct ent_quorum_shape *s, uint32_t block); /* cells in it */

/* The participant's block, appended. ENT_E_NOTFOUND past the end. */
ENT_MUST_USE enum ent_err ent_quorum_block_encode(struct ent_buf *b,
                                                  const struct ent_quorum_table *t,
                                                  const struct ent_quorum_shape *s,
                                                  const struct ent_hash32 *run, uint32_t index,
                                                  uint32_t block);

/*
 * Which blocks of whom are there; the shares themselves are for the caller to keep. Under the
 * caller's lock. The first contents of a block count: sent again it is ENT_OK and not fresh.
 */
struct ent_quorum_uploads;
ENT_MUST_USE enum ent_err ent_quorum_uploads_new(struct ent_quorum_uploads **ret,
                                                 const struct ent_quorum_shape *s,
                                                 const struct ent_hash32 *run, uint64_t present);
void ent_quorum_uploads_free(struct ent_quorum_uploads *u);

struct ent_quorum_block {
    uint32_t block;
    uint32_t first;          /* cell */
    struct ent_slice shares; /* into the message; all below 2^61 - 1 */
    bool fresh;
};
/* ENT_E_FORMAT (malformed), ENT_E_AUTH (foreign), ENT_E_STATE for another run, or from somebody who
 * does not take part or was left out. */
ENT_MUST_USE enum ent_err ent_quorum_uploads_parse(const struct ent_quorum_uploads *u,
                                                   struct ent_quorum_block *ret,
                                                   enum ent_quorum_fault *ret_fault, uint32_t index,
                                                   struct ent_slice message);
/* The block's shares are on the disk. */
void ent_quorum_uploads_keep(struct ent_quorum_uploads *u, uint32_t index, uint32_t block);
void ent_quorum_uploads_leave_out(struct ent_quorum_uploads *u, uint32_t index);

/* Bit i-1: all blocks of participant i are there. */
uint64_t ent_quorum_uploads_complete(const struct ent_quorum_uploads *u);

ENT_MUST_USE enum ent_err ent_quorum_progress_encode(struct ent_buf *b,
                                                     const struct ent_quorum_uploads *u,
                                                     uint32_t index);
/* The bits: which blocks need not be sent again. ENT_E_FORMAT for bits behind the last block. */
ENT_MUST_USE enum ent_err ent_quorum_progress_parse(struct ent_slice *ret_bits,
                                                    const struct ent_quorum_shape *s,
                                                    const struct ent_hash32 *run, uint32_t index,
                                                    struct ent_slice message);
bool ent_quorum_progress_has(struct ent_slice bits, uint32_t block);

/* --- the answer to one participant ---------------------------------------------------------- */

void ent_quorum_hit_put(uint8_t ret[static ENT_QUORUM_HIT], const struct ent_quorum_hit *h);
ENT_MUST_USE enum ent_err ent_quorum_hit_take(struct ent_cur *c, struct ent_quorum_hit *ret);

/*
 * Members who lie together can make many sets in one cell. Nobody who tells the truth is in more
 * than one, unless others who have its item draw lines through its share: so a member is told of
 * the first ENT_QUORUM_CELL_HITS sets of a cell that it is in, and others' lies fill no disk. Start
 * with zeros; hits come as ent_quorum_collect() finds them, in the order of cells.
 */
struct ent_quorum_sift {
    uint32_t cell;
    uint8_t told[ENT_QUORUM_MEMBERS];
};
/* Bit i-1: participant i is told of it; 0: nobody. */
uint64_t ent_quorum_sift(struct ent_quorum_sift *s, const struct ent_quorum_hit *h);

/* How many hits one participant can be told of: two in each cell where an item of its own is. */
uint32_t ent_quorum_hits_most(const struct ent_quorum_shape *s, uint32_t items);
uint32_t ent_quorum_pieces(uint32_t hits); /* at least 1 */
size_t ent_quorum_piece_count(uint32_t hits, uint32_t piece);

/* SHA256(0x02 || salt || u32 hits in all || hits): what the collector's result names. The hits come
 * in pieces, since there may be many. */
struct ent_quorum_sum {
    struct ent_sha256 h;
};
void ent_quorum_sum_init(struct ent_quorum_sum *s, const struct ent_salt32 *salt, uint32_t hits);
void ent_quorum_sum_add(struct ent_quorum_sum *s, struct ent_slice records);
void ent_quorum_sum_end(struct ent_quorum_sum *s, struct ent_hash32 *ret);

/* records are the piece's hits, as ent_quorum_hit_put() wrote them. */
ENT_MUST_USE enum ent_err ent_quorum_piece_encode(struct ent_buf *b, const struct ent_hash32 *run,
                                                  uint32_t index, uint32_t piece, uint32_t hits,
                                                  const struct ent_salt32 *salt,
                                                  struct ent_slice records);

/* What a participant receives, piece by piece in their order. */
struct ent_quorum_answer {
    struct ent_hash32 run;
    uint32_t index, most, hits, pieces; /* pieces so far */
    struct ent_salt32 salt;
    struct ent_quorum_sum sum;
    struct ent_buf list; /* struct ent_quorum_hit */
};
/* items: as many as the participant announced. */
void ent_quorum_answer_init(struct ent_quorum_answer *a, const struct ent_quorum_shape *s,
                            const struct ent_hash32 *run, uint32_t index, uint32_t items);
void ent_quorum_answer_release(struct ent_quorum_answer *a);
/* ENT_E_FORMAT for anything but the next piece, ENT_E_LIMIT for more hits than can be. */
ENT_MUST_USE enum ent_err ent_quorum_answer_take(struct ent_quorum_answer *a,
                                                 struct ent_slice message);
bool ent_quorum_answer_is_whole(const struct ent_quorum_answer *a);
/* ENT_E_AUTH when it is not what the collector's result says, ENT_E_STATE before the last piece. */
ENT_MUST_USE enum ent_err ent_quorum_answer_check(struct ent_quorum_answer *a,
                                                  const struct ent_hash32 *commitment);

#endif
