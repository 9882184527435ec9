/*
 * quorum_table.h: one participant's tables of shares, and what the collector's answer says about
 * its items.
 *
 * For each item x and its F(x) that all holders of x share (and nobody else knows), all derived
 * with ChaCha20 under the key SHA256("entente/quorum/tables/v1" || run || F(x)):
 *   place:  nonce u32 pair || u32 0xffffffff: an order, and for each of the two tables of the pair
 *           a first and a second bin, five u64; a bin is the upper half of u64 * bins;
 *   share:  nonce u32 table || u32 bin: t-1 coefficients, u64 each (ent_qf_of_bits()), of the
 *           polynomial Q; the share of participant i is Q(i).
 * In the even table of a pair a bin keeps the item of the smallest order of those whose first bin
 * it is, in the odd table that of the largest. Bins that are left empty then keep, of the items
 * whose second bin they are, the largest in the even and the smallest in the odd table: the
 * reverse, so that an item of an unlucky order in one way is lucky in the other. What is empty
 * after that gets a number from the participant's own filler seed.
 *
 * Memory is indexed by these hashes: whoever watches the caches of this machine learns about them.
 * The member's own machine is trusted; no other sees the accesses.
 */
#ifndef ENT_MATCH_QUORUM_TABLE_H
#define ENT_MATCH_QUORUM_TABLE_H

#include "crypto/crypto.h"
#include "match/quorum_shape.h"

/* What the collector says of one cell: these members' shares lie on one polynomial. */
struct ent_quorum_hit {
    uint32_t cell;
    uint64_t holders; /* bit i-1 for member i */
    uint8_t check[8]; /* ent_quorum_hit_check() */
};

/*
 * The first 8 bytes of SHA256("entente/quorum/hit/v1" || run || u32 cell || u64 holders || u64
 * share of each holder, in order): a participant knows the polynomial of its own item, so it sees
 * whether the others really had the shares of that item. At t = 2 all shares of an item are equal,
 * and the check shows nothing.
 */
void ent_quorum_hit_check(uint8_t ret[static 8], const struct ent_hash32 *run, uint32_t cell,
                          uint64_t holders, const uint64_t *shares);

/* An item that passed. */
struct ent_quorum_item {
    uint32_t item; /* its number in the list that the tables were made of */
    uint32_t tables;
    uint64_t holders; /* all that any of the tables showed: at least these */
};

struct ent_quorum_table;

/*
 * Tables of n <= M items for member index 1..N; f holds ENT_OPRF_OUT bytes for each.
 * Secret: f and filler. The filler seed must be fresh for each run and the same when a run goes on
 * after a crash: a filler that changed between two uploads would show which cells are empty.
 * The order of items changes nothing but their numbers.
 */
ENT_MUST_USE enum ent_err ent_quorum_table_new(struct ent_quorum_table **ret,
                                               const struct ent_quorum_shape *shape, uint32_t index,
                                               const struct ent_hash32 *run,
                                               const struct ent_seed32 *filler, const uint8_t *f,
                                               size_t n);
void ent_quorum_table_free(struct ent_quorum_table *t);

/* ret = the shares of cells first .. first+count-1, 8 bytes each. May run in several threads. */
void ent_quorum_table_shares(const struct ent_quorum_table *t, uint8_t *ret, uint32_t first,
                             size_t count);

/*
 * The items that at least two tables show, by their numbers; ret has room for as many as the tables
 * were made of. *ret_refused counts hits in cells that hold nothing, or whose check is not that of
 * the item there: such a hit is a lie, or chance (2^-61), and counts for nothing.
 * ENT_E_FORMAT for hits that no honest collector sends: cells that do not ascend, a cell or
 * a holder that does not exist, fewer holders than t, or not this member among them.
 */
ENT_MUST_USE enum ent_err ent_quorum_table_accept(struct ent_quorum_item *ret, size_t *ret_n,
                                                  size_t *ret_refused,
                                                  const struct ent_quorum_table *t,
                                                  const struct ent_quorum_hit *hits, size_t n);

#endif
