/* quorums.h: a whole quorum in memory: tables of all members, one collector. */
#ifndef ENT_TESTS_SUPPORT_QUORUMS_H
#define ENT_TESTS_SUPPORT_QUORUMS_H

#include "match/match.h"
#include "tests/support/t.h"

struct ent_t_quorum {
    struct ent_quorum_shape shape;
    struct ent_hash32 run;
    struct ent_quorum_table *table[ENT_QUORUM_MEMBERS];
    struct ent_quorum_hit *hit;
    size_t n, cap;
};

/* The tables of member index 1.. for these items. F(x) is anything that is the same for all. */
void ent_t_quorum_join(struct ent_t_quorum *q, uint32_t index, const uint64_t *x, size_t n);

/* All hits, in blocks of an odd size; members whose bit is not set stay away. */
void ent_t_quorum_collect(struct ent_t_quorum *q, uint64_t present);

/* Those of a member; the caller frees them. */
struct ent_quorum_hit *ent_t_quorum_hits(const struct ent_t_quorum *q, uint32_t index,
                                         size_t *ret_n);

/* What the member makes of its hits, of which none may be refused. ret has room for its items. */
size_t ent_t_quorum_accept(struct ent_quorum_item *ret, const struct ent_t_quorum *q,
                           uint32_t index);

void ent_t_quorum_release(struct ent_t_quorum *q);

#endif
