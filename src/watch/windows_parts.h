/*
 * windows_parts.h: what reading and adding to a folder of windows share: open files, the lock of
 * the folder, and which items stay where there are too many. Inside watch/ only.
 */
#ifndef ENT_WATCH_WINDOWS_PARTS_H
#define ENT_WATCH_WINDOWS_PARTS_H

#include "watch/windows.h"

#define ENT_WINDOW_PATH 4096

ENT_MUST_USE enum ent_err ent_window_path(char ret[static ENT_WINDOW_PATH], const char *dir,
                                          struct ent_window_id id, struct ent_diag *d);

struct ent_window_file {
    int fd; /* -1: none is open */
};

ENT_MUST_USE enum ent_err ent_window_file_open(struct ent_window_file *ret, const char *path,
                                               struct ent_diag *d);
void ent_window_file_close(struct ent_window_file *f);
/* The window in an open file, from its beginning; and that it is the one it is named after. */
ENT_MUST_USE enum ent_err ent_window_file_begin(struct ent_window_in **ret,
                                                struct ent_window_file *f, struct ent_window_id id,
                                                struct ent_diag *d);

/* Of the whole folder; closing *ret gives it back. */
ENT_MUST_USE enum ent_err ent_windows_lock(int *ret, const char *dir, const atomic_bool *stop,
                                           struct ent_diag *d);

/* --- ranks --------------------------------------------------------------------------------------
 * Of all that could stay, the lowest rank that does.
 */

struct ent_ranks {
    uint64_t *v;
    size_t n, cap;
};

ENT_MUST_USE enum ent_err ent_ranks_new(struct ent_ranks *ret, uint64_t cap);

/* Which items stay: those that rank above least, and of its equals the first so many. */
struct ent_rank_cut {
    uint64_t least, equals;
};
#define ENT_RANK_ALL ((struct ent_rank_cut){0, UINT64_MAX})

/* Puts them in another order. */
struct ent_rank_cut ent_ranks_cut(struct ent_ranks *k, uint64_t most);
/* Asked of each item in turn. */
bool ent_rank_stays(struct ent_rank_cut *c, uint64_t rank);

#endif
