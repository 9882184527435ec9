/*
 * recover.h: a log that was lost, or that an old copy was put in the place of, out of what the
 * others hold: their heads, which our own key signed, and their mirrors. Nothing is believed that
 * does not lead to such a head. Bodies are nobody's but ours: those that were lost stay lost.
 */
#ifndef ENT_NODE_RECOVER_H
#define ENT_NODE_RECOVER_H

#include "node/book.h"

/* A head of our log, which our own key signed. */
struct ent_recover_head {
    bool any;
    uint64_t size;
    struct ent_hash32 root;
};

struct ent_recover_source {
    char name[ENT_NAME_MAX + 1];
    bool answered;
    struct ent_recover_head head;
    bool told;        /* how many entries it has; it may lie */
    uint64_t entries; /* so many */
};

struct ent_recovered {
    unsigned asked, answered;       /* members */
    char head_by[ENT_NAME_MAX + 1]; /* who holds the newest head; "" when nobody holds any */
    uint64_t head;                  /* its size */
    uint64_t before, after;         /* entries */
    bool forked;                    /* two of the heads cannot both be */
    struct ent_recover_head here;   /* what the entries here come to, before */
    struct ent_recover_source source[ENT_PACT_MEMBERS];
    size_t sources;
};

/* ENT_E_PEER when nobody answers; ENT_E_NOTFOUND when there is a later head and nobody has all
 * entries below it; ENT_E_AUTH, and ret->forked, when the heads that members hold and the log here
 * contradict each other: nothing is changed then. ENT_OK with before == after when nothing was
 * missing. *ret is filled in any case. */
ENT_MUST_USE enum ent_err ent_recover(struct ent_book *b, struct ent_recovered *ret,
                                      struct ent_diag *d, const struct ent_wire *wire);

#endif
