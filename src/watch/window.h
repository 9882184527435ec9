/*
 * window.h: what was seen in one window of time, as a file: observables in the order of observed.h,
 * each with how often it was seen. Text that an item shares with the one before is left out; items
 * stand in blocks of one type, and nothing of a block is told before its checksum held
 * (docs/formats.md has the bytes).
 *
 * Memory is one block, whatever the file holds.
 */
#ifndef ENT_WATCH_WINDOW_H
#define ENT_WATCH_WINDOW_H

#include "intel/intel.h"

#include <stdio.h>

#define ENT_WINDOW_SECONDS_MOST 86400u
#define ENT_WINDOW_ITEMS_MOST   16000000u
#define ENT_WINDOW_HITS_MOST    0xFFFFFFu /* so often, or more */
#define ENT_WINDOW_BLOCK        65536u

/* Who is chosen among equals follows from this: see ent_window_rank(). */
struct ent_salt16 {
    uint8_t b[16];
};

struct ent_window {
    int64_t start;    /* seconds since 1970, a multiple of seconds */
    uint32_t seconds; /* 1 to ENT_WINDOW_SECONDS_MOST */
    uint32_t types;   /* ENT_OBS_BIT()s of what was looked for */
    uint64_t dropped; /* how often something was left out because there was more than may be kept */
    uint32_t count[ENT_OBS_TYPES];
    struct ent_salt16 salt; /* by which the file itself chose */
};

uint64_t ent_window_items(const struct ent_window *w, uint32_t types);

/* Where several claim the room: the higher rank first. What was seen more often ranks higher; among
 * equals a keyed hash decides, the same for all who have the same salt, and for nobody who does not
 * know it yet. */
uint64_t ent_window_rank(const struct ent_salt16 *salt, enum ent_obs_type type,
                         struct ent_slice text, uint32_t hits);

/* --- reading ------------------------------------------------------------------------------------
 */

struct ent_window_item {
    struct ent_observable obs;
    uint32_t hits; /* 1 to ENT_WINDOW_HITS_MOST */
};

/* ENT_E_FORMAT: not a window, cut off, damaged, or what no writer would write; ENT_E_UNSUPPORTED:
 * of another version of the format. */
struct ent_window_in;
ENT_MUST_USE enum ent_err ent_window_open(struct ent_window_in **ret, struct ent_diag *d,
                                          struct ent_reader in);
void ent_window_close(struct ent_window_in *in);
const struct ent_window *ent_window_of(const struct ent_window_in *in);

/* The next item, valid until the next call; NULL at the end of a file that is whole. */
ENT_MUST_USE enum ent_err ent_window_next(struct ent_window_in *in,
                                          const struct ent_window_item **ret, struct ent_diag *d);

/* --- writing ------------------------------------------------------------------------------------
 */

/* To a file that can be sought in: the header is written last. */
struct ent_window_out;
ENT_MUST_USE enum ent_err ent_window_out_new(struct ent_window_out **ret, FILE *f);
void ent_window_out_free(struct ent_window_out *out);
/* In order, each once. */
ENT_MUST_USE enum ent_err ent_window_put(struct ent_window_out *out, enum ent_obs_type type,
                                         struct ent_slice text, uint32_t hits);
/* w without its counts, which are those of what was put. */
ENT_MUST_USE enum ent_err ent_window_end(struct ent_window_out *out, const struct ent_window *w);

#endif
