/*
 * image.h: a home's compiled indicators, when they are made, and who uses them.
 *
 *     image/indicators   what the store held when it was made (docs/image.md)
 *     image/lock         locked while one is made
 *     keys/image         authenticates them; made when there is none
 */
#ifndef ENT_NODE_IMAGE_H
#define ENT_NODE_IMAGE_H

#include <stdatomic.h>

#include "node/home.h"
#include "store/store.h"
#include "watch/watch.h"

#define ENT_IMAGE_NAME "image/indicators"

enum ent_image_event {
    ENT_IMAGE_REFUSED, /* the file there cannot be used: it is made anew */
    ENT_IMAGE_UNMADE,  /* and no file can be made: the indicators are used from memory */
    ENT_IMAGE_KEPT     /* a newer file is refused: what is in use stays in use */
};

/* How one is made. All may be NULL. */
struct ent_image_job {
    const atomic_bool *stop; /* when it becomes true: ENT_E_INTERRUPTED */
    void (*at)(void *ctx, uint64_t done);
    void (*say)(void *ctx, enum ent_image_event what, enum ent_err e, const struct ent_diag *d);
    void *ctx;
    bool anew; /* also when the one that is there is current */
};

/* The key of this home's images, which is made when there is none. */
ENT_MUST_USE enum ent_err ent_home_image_key(const struct ent_home *h, struct ent_seed32 *ret,
                                             struct ent_diag *d);

/* Open the image as it is, current or not. ENT_E_NOTFOUND without one, or without a key. */
ENT_MUST_USE enum ent_err ent_home_image_open(const struct ent_home *h, struct ent_watch **ret,
                                              struct ent_diag *d);

/* Whether it is made of what the store holds now. */
ENT_MUST_USE enum ent_err ent_home_image_is_current(struct ent_store *s, bool *ret,
                                                    const struct ent_watch *image);

/* Open the current image, which is made first where it is not there, not current or refused; a
 * process that is making one is waited for. It holds all observables that are indicators now or
 * later: whether one is valid is to be asked of the store when it is met. */
ENT_MUST_USE enum ent_err ent_home_image_make(const struct ent_home *h, struct ent_store *s,
                                              struct ent_watch **ret, bool *ret_made,
                                              struct ent_diag *d, const struct ent_image_job *job);

/* --- in use -------------------------------------------------------------------------------------
 */

/*
 * The indicators of a home while somebody watches: always a set, and a newer one when there is one.
 * A scan takes the set that is there when it begins and gives it back when it ends; the file of a
 * set that was replaced stays mapped until the last has given it back. One thread at a time; scans
 * with what was taken may run in any.
 */
struct ent_live;

/* types: ENT_OBS_BIT()s of those wanted; 0 means all. job is kept: what it points to must live as
 * long. Without a file, for want of space or rights, the set is made in memory, and job->say told.
 */
ENT_MUST_USE enum ent_err ent_live_open(struct ent_live **ret, struct ent_diag *d,
                                        const struct ent_home *h, struct ent_store *s,
                                        const struct ent_image_job *job, uint32_t types);
void ent_live_close(struct ent_live *l);

/* Look for a newer image, at most once a second of now_ns (ent_clock_steady_ns()): true when there
 * was one, and takers get it from now on. One that is refused is told once, and nothing changes. */
bool ent_live_refresh(struct ent_live *l, uint64_t now_ns);

const struct ent_watch *ent_live_take(struct ent_live *l);
void ent_live_give(struct ent_live *l, const struct ent_watch *w); /* NULL is fine */
const struct ent_watch *ent_live_newest(const struct ent_live *l); /* to look at, not to keep */

#endif
