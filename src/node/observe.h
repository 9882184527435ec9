/*
 * observe.h: what a watcher keeps of what it sees, in the windows of its home (watch/windows.h):
 * public observables of the configured types, and of them neither this member's own, nor what
 * somebody marked TLP:RED, nor what warning lists know unless that is wanted.
 *
 *     observed/2026-11-22T08:00:00Z-3600 ...   one window each
 *     observed/lock                            locked while one is written
 *
 * A window is that of the moment of finding, or the one that the caller names for logs of long ago.
 * What was seen waits in memory, at most
 * ENT_OBSERVE_BYTES twice, and goes to the disk every ENT_OBSERVE_FLUSH seconds, when there is no
 * more room, and when its window ends: a crash loses no more than that.
 */
#ifndef ENT_NODE_OBSERVE_H
#define ENT_NODE_OBSERVE_H

#include "node/config.h"
#include "node/home.h"
#include "store/store.h"
#include "watch/watch.h"

#define ENT_OBSERVE_FOLDER "observed"
#define ENT_OBSERVE_FLUSH  30u
#define ENT_OBSERVE_BYTES  ((size_t)32 << 20)

enum ent_observe_event {
    ENT_OBSERVE_LATER,  /* it cannot be written now, and waits: told once until it can */
    ENT_OBSERVE_LOST,   /* nor can it wait longer */
    ENT_OBSERVE_FULL,   /* there is more than may be kept: told once a window */
    ENT_OBSERVE_MENDED, /* the file was damaged, and begins anew */
    ENT_OBSERVE_KEPT    /* expired windows cannot be removed */
};

struct ent_observe_opts {
    const struct ent_home *home;
    struct ent_store *store;         /* one thread at a time, with these calls */
    const struct ent_config *config; /* outlives this, as do the others */
    /* A moment of the past: all goes into its window, whatever the clock says. 0: the window of the
     * moment of finding. */
    int64_t at;
    const atomic_bool *stop; /* when it becomes true, nobody waits for a lock; or NULL */
    void (*say)(void *ctx, enum ent_observe_event what, enum ent_err e, const struct ent_diag *d);
    void *ctx;
};

/* The folder of a home's windows. */
ENT_MUST_USE enum ent_err ent_observe_folder(const struct ent_home *h,
                                             char ret[static ENT_PATH_MAX]);

struct ent_observe;
/* Removes what has expired. ENT_E_LIMIT: `at` is in the future, or its window has expired. */
ENT_MUST_USE enum ent_err ent_observe_new(struct ent_observe **ret, struct ent_diag *d,
                                          const struct ent_observe_opts *opts, int64_t now);
void ent_observe_free(struct ent_observe *ob);

/* Whether it is public and of a type that is kept: in any thread, without a lock. */
bool ent_observe_wants(const struct ent_observe *ob, const struct ent_observable *o);
/* One that is wanted, seen once. One thread at a time. */
ENT_MUST_USE enum ent_err ent_observe_add(struct ent_observe *ob, const struct ent_observable *o);

/* From time to time, also when nothing was seen. */
void ent_observe_tick(struct ent_observe *ob, int64_t now);

/* What is left goes to the disk. */
ENT_MUST_USE enum ent_err ent_observe_end(struct ent_observe *ob, struct ent_diag *d);

/* The window that is open. */
struct ent_window_id ent_observe_window(const struct ent_observe *ob);

#endif
