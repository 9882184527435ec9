/* users_parts.h: what the files of the users' module share. */
#ifndef ENT_NODE_USERS_PARTS_H
#define ENT_NODE_USERS_PARTS_H

#include <pthread.h>

#include "node/strikes.h"
#include "node/users.h"

#define HASHES_MOST 2u  /* at a time, 64 MiB each */
#define WAITS_MOST  16u /* for one of these */

struct ent_users {
    struct ent_users_opts opts;
    pthread_mutex_t lock; /* of the store, the table and the minute */
    struct ent_strike_table *addresses;
    char nobody[ENT_PASSWORD_HASH]; /* the hash of a password that there is not */
    int64_t minute;                 /* in which refusals are counted */
    unsigned refused;
    uint64_t more; /* without a record */
    /* who hashes */
    pthread_mutex_t slots;
    pthread_cond_t slot_free;
    unsigned hashing, waiting;
};

static inline void users_lock(struct ent_users *u)
{
    (void)pthread_mutex_lock(&u->lock);
}

static inline void users_unlock(struct ent_users *u)
{
    (void)pthread_mutex_unlock(&u->lock);
}

/* A turn at hashing; false when too many wait already. */
bool users_slot_take(struct ent_users *u);
void users_slot_give(struct ent_users *u);

/* The record of something that is allowed; an error means that it is not. With the lock held, and
 * so all that follows. */
ENT_MUST_USE enum ent_err users_record(struct ent_users *u, struct ent_diag *d,
                                       const struct ent_identity *who, enum ent_action what,
                                       struct ent_slice on, int64_t now);
/* That of a refusal, or one more that has none. */
ENT_MUST_USE enum ent_err users_refused(struct ent_users *u, struct ent_diag *d,
                                        const struct ent_identity *who, enum ent_action what,
                                        enum ent_refusal why, struct ent_slice on, int64_t now);
ENT_MUST_USE enum ent_err users_act(struct ent_users *u, struct ent_diag *d,
                                    const struct ent_identity *who, enum ent_action what,
                                    struct ent_slice on, int64_t now);

/* Under which wrong passwords for an account are counted: from nowhere in particular (NULL), or
 * from one address. */
void users_strike_key(struct ent_key16 *ret, struct ent_slice name, const struct ent_key16 *from);

#endif
