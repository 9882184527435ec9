/*
 * trail.h: the audit log of a home: a tile log of its own (ledger/log.h) of records
 * (trail_record.h), whose key is derived from the node's seed and signs nothing else.
 *
 *     audit/newest              the number of the generation that is written
 *     audit/<n>/...             entries, hashes and the newest head of generation n
 *     audit/<n>/key             its public key
 *     lock/audit-<n>/checkpoint its last signed head
 *
 * Promises: a record that was added is on the disk, signed for, and cannot be changed or left out
 * without its head being another one. A generation ends after so many records, when the node's key
 * is another one, or by the operator's word; the next begins by naming the end of the one before.
 * Never: shown to other members. No witness stands against an operator who writes all of it anew;
 * a head that was noted elsewhere does.
 */
#ifndef ENT_NODE_TRAIL_H
#define ENT_NODE_TRAIL_H

#include <stdatomic.h>

#include "node/disk.h"
#include "node/home.h"
#include "node/reading.h"
#include "node/trail_record.h"

#define ENT_TRAIL_ENTRIES 262144u /* of a generation, about 70 MB */

struct ent_trail_opts {
    const struct ent_disk *disk; /* outlives the trail */
    const char *member;          /* whose it is */
    const struct ent_seed32 *key;
    int lock_fd;   /* locked while a record is added; -1: nobody else adds any */
    uint64_t most; /* of a generation; 0: ENT_TRAIL_ENTRIES */
};

/* Threads and processes may add to one. */
struct ent_trail;
ENT_MUST_USE enum ent_err ent_trail_new(struct ent_trail **ret, const struct ent_trail_opts *opts);
void ent_trail_free(struct ent_trail *t);

/* Durable when it returns ENT_OK, and the line of an error otherwise. ENT_E_STATE: what was signed
 * for is not all there; ent_trail_begin() goes on without it. */
ENT_MUST_USE enum ent_err ent_trail_add(struct ent_trail *t, struct ent_diag *d,
                                        const struct ent_trail_record *r);
/* The same as struct ent_users_opts has it: ctx is the trail. */
ENT_MUST_USE enum ent_err ent_trail_record(void *ctx, const struct ent_trail_record *r,
                                           struct ent_diag *d);

/* A next generation, whatever has become of this one; *ret is its number. */
ENT_MUST_USE enum ent_err ent_trail_begin(struct ent_trail *t, struct ent_diag *d, uint64_t *ret,
                                          int64_t now);

/* The trail of a home, which outlives it, with the key out of the node's seed (ENT_NODE_TRAIL).
 * Owner of *ret: the caller. */
struct ent_trail_home;
ENT_MUST_USE enum ent_err ent_trail_home_open(struct ent_trail_home **ret, struct ent_diag *d,
                                              const struct ent_home *h,
                                              const struct ent_seed32 *key);
void ent_trail_home_close(struct ent_trail_home *h);
struct ent_trail *ent_trail_of(struct ent_trail_home *h);

/* --- reading ------------------------------------------------------------------------------------
 */

struct ent_trail_sum {
    uint64_t newest;      /* generation; 0: there is no audit log */
    uint64_t generations; /* that are here */
    uint64_t gone;        /* that somebody took away, all of them before those that are here */
    uint64_t records;     /* here */
    uint64_t size;        /* of the newest, and its root: to be noted elsewhere */
    struct ent_hash32 root;
    struct ent_flaw flaw; /* with ENT_E_AUTH */
};

/* All that is here, from the files alone: every record hashed, parsed, and told to each() (or
 * NULL) in order; every head and what each generation says of the one before. ENT_E_AUTH: something
 * does not hold. Errors of each() are passed on. */
ENT_MUST_USE enum ent_err ent_trail_check(struct ent_trail_sum *ret, struct ent_diag *d,
                                          const struct ent_disk *disk, const char *member,
                                          void *ctx,
                                          enum ent_err (*each)(void *ctx, uint64_t generation,
                                                               uint64_t index,
                                                               const struct ent_trail_record *r));

/* The newest records first, at most so many, before this place: generation 0 is the newest, before
 * 0 its end. Each is what stands there; whether all of it holds is for ent_trail_check(). Errors of
 * each() are passed on; ENT_E_AUTH: something is damaged. */
ENT_MUST_USE enum ent_err ent_trail_newest(struct ent_diag *d, const struct ent_disk *disk,
                                           const char *member, uint64_t generation, uint64_t before,
                                           unsigned most, void *ctx,
                                           enum ent_err (*each)(void *ctx, uint64_t generation,
                                                                uint64_t index,
                                                                const struct ent_trail_record *r));
ENT_MUST_USE enum ent_err ent_trail_home_check(
    struct ent_trail_sum *ret, struct ent_diag *d, const struct ent_home *h, void *ctx,
    enum ent_err (*each)(void *ctx, uint64_t generation, uint64_t index,
                         const struct ent_trail_record *r));

#endif
