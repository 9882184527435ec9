/*
 * audit.h: all of a log that lies in this home, from its files alone: every entry hashed again up
 * to the heads, every signature verified by the key that is valid at its place, every number, every
 * head that was kept with everybody's cosignatures below it. With one's own go all other files of
 * the home that are not the store's. Nothing is changed.
 */
#ifndef ENT_NODE_AUDIT_H
#define ENT_NODE_AUDIT_H

#include <stdatomic.h>

#include "node/reading.h"

struct ent_audit_opts {
    struct ent_home *home; /* reads newer versions of the pact, should they appear meanwhile */
    const char *member;    /* NULL: one's own logs */
    struct ent_pool *pool; /* verifies signatures */
    const atomic_bool *stop;
    void *ctx;
    void (*progress)(void *ctx, uint64_t done, uint64_t all); /* entries; or NULL */
};

struct ent_audit {
    unsigned logs;         /* generations */
    uint64_t entries;      /* each hashed, and its signature verified */
    uint64_t heads;        /* signed heads that fit */
    uint64_t cosignatures; /* that hold, of all those heads */
    uint64_t lists;        /* of heads seen, that statements name (one's own) */
    uint64_t proofs;       /* of misbehaviour about this member, that hold */
    uint64_t files;        /* of the home that are in no log (one's own) */
    /* The newest log. */
    uint64_t size, head_size;
    struct ent_hash32 root; /* of that head */
    struct ent_standing standing;
    struct ent_flaw flaw; /* with ENT_E_AUTH */
};

/* ENT_E_AUTH: something does not hold; ret->flaw and *d say what, and *ret what was seen before it.
 * ENT_E_NOTFOUND: nothing of this member is here. ENT_E_INTERRUPTED. */
ENT_MUST_USE enum ent_err ent_audit(struct ent_audit *ret, struct ent_diag *d,
                                    const struct ent_audit_opts *opts);

/* The parts of it that are about no log: the files of the home, and how far this mirror was read.
 * stop as above. */
ENT_MUST_USE enum ent_err ent_audit_home(struct ent_flaw *flaw, uint64_t *ret_files,
                                         struct ent_diag *d, const struct ent_home *h,
                                         const atomic_bool *stop);
ENT_MUST_USE enum ent_err ent_audit_cursor(struct ent_flaw *flaw, struct ent_diag *d,
                                           const struct ent_home *h, const char *dir);

#endif
