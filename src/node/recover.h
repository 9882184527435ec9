/*
 * recover.h: a log that was lost, or that an old copy was put in the place of, out of what the
 * others hold: their heads, which our own key signed, and their mirrors. Nothing is believed that
 * does not lead to such a head. Bodies are nobody's but ours: those that were lost stay lost.
 */
#ifndef ENT_NODE_RECOVER_H
#define ENT_NODE_RECOVER_H

#include "node/book.h"

struct ent_recovered {
    unsigned asked, answered;       /* members */
    char head_by[ENT_NAME_MAX + 1]; /* who holds the newest head; "" when nobody holds any */
    uint64_t before, after;         /* entries */
};

/* ENT_E_PEER when nobody answers; ENT_E_NOTFOUND when there is a later head and nobody has all
 * entries below it; ENT_E_AUTH when members hold two heads that contradict each other: nothing is
 * changed then. ENT_OK with before == after when nothing was missing. */
ENT_MUST_USE enum ent_err ent_recover(struct ent_book *b, struct ent_recovered *ret,
                                      struct ent_diag *d, const struct ent_wire *wire);

#endif
