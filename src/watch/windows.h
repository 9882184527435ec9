/*
 * windows.h: the windows of a folder, one file each (window.h), named by when it begins and how
 * long it is: "2026-11-22T08:00:00Z-3600". Any number of processes add to them at the same time.
 *
 * What is added is merged into the file: read, written anew under another name, synced, renamed. So
 * a file is whole at every moment, and whoever reads one needs no lock. Memory does not depend on
 * how much a window holds, but for eight bytes an item where more is there than may stay.
 */
#ifndef ENT_WATCH_WINDOWS_H
#define ENT_WATCH_WINDOWS_H

#include <stdatomic.h>

#include "watch/observed.h"
#include "watch/window.h"

/* When it is over, its last items come within so many seconds. */
#define ENT_WINDOW_SETTLE 60u

struct ent_window_id {
    int64_t start;
    uint32_t seconds;
};
static inline bool ent_window_id_eq(struct ent_window_id a, struct ent_window_id b)
{
    return a.start == b.start && a.seconds == b.seconds;
}

/* The window of this length that a moment lies in: the same for everybody. */
struct ent_window_id ent_window_at(int64_t now, uint32_t seconds);

#define ENT_WINDOW_NAME 32
void ent_window_name(char ret[static ENT_WINDOW_NAME], struct ent_window_id id);
/* Exactly what ent_window_name() writes. */
ENT_MUST_USE enum ent_err ent_window_name_parse(struct ent_window_id *ret, struct ent_slice name);

/* --- reading ------------------------------------------------------------------------------------
 */

/* All of a folder, the oldest first; none where there is no folder. w is NULL and d says why where
 * a file cannot be read. */
ENT_MUST_USE enum ent_err ent_windows_each(const char *dir,
                                           enum ent_err (*each)(void *ctx, struct ent_window_id id,
                                                                const struct ent_window *w,
                                                                uint64_t bytes,
                                                                const struct ent_diag *d),
                                           void *ctx, struct ent_diag *d);

/* What is wanted of one window. */
struct ent_windows_want {
    uint32_t types;         /* ENT_OBS_BIT()s */
    uint64_t most;          /* items; 0: all */
    struct ent_salt16 salt; /* where there are more: those of the highest ranks */
};

/*
 * Walk one window: all that is wanted, in order. *ret (may be NULL) is set before the first item.
 * ENT_E_NOTFOUND: nobody watched then, or it has expired. A callback's error ends the walk; what
 * was told before an error is not the window.
 */
ENT_MUST_USE enum ent_err ent_windows_read(
    const char *dir, struct ent_window_id id, const struct ent_windows_want *want,
    struct ent_window *ret, enum ent_err (*each)(void *ctx, const struct ent_window_item *item),
    void *ctx, struct ent_diag *d);

/* --- writing ------------------------------------------------------------------------------------
 */

/* Remove what ended this long ago or longer, and what a crash left half-written. The folder may be
 * missing. */
ENT_MUST_USE enum ent_err ent_windows_expire(const char *dir, int64_t now, uint64_t keep_seconds,
                                             uint64_t *ret_removed, const atomic_bool *stop,
                                             struct ent_diag *d);

struct ent_windows_add {
    struct ent_window_id id;
    uint32_t types;          /* ENT_OBS_BIT()s that were looked for */
    uint64_t most;           /* items of the file, at least 1; what ranks lowest goes */
    const atomic_bool *stop; /* when it becomes true, nobody waits for the lock; or NULL */
    /* Whether an item that is new here is not for the file; or NULL. */
    enum ent_err (*leaves_out)(void *ctx, const struct ent_observable *o, bool *ret);
    void *ctx;
};

struct ent_windows_added {
    uint64_t dropped; /* for want of room */
    bool mended;      /* the file was damaged, and is begun anew */
};

/* Merge what was seen into a window, durably: on ENT_OK it is there, else nothing changed. The
 * folder is made where it is missing. seen is sorted by this. */
ENT_MUST_USE enum ent_err ent_windows_add(const char *dir, const struct ent_windows_add *add,
                                          struct ent_observed *seen, struct ent_windows_added *ret,
                                          struct ent_diag *d);

#endif
