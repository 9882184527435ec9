/*
 * watch.h: the parts of `entente watch`: which indicators (watch_set.c), what is told of a hit
 * (watch_out.c), which bytes (watch.c), and how they are scanned (watch_scan.c).
 */
#ifndef ENT_CLI_WATCH_H
#define ENT_CLI_WATCH_H

#include "cli/cli.h"
#include "sensor/sensor.h"
#include "watch/watch.h"

/* --- the indicators looked for ------------------------------------------------------------------
 */

struct watch_set {
    struct image_work work;
    struct ent_live *live;
    const struct ent_watch *set; /* the newest */
};

/* The image of the indicators, made first where it is not current, and of it what args ask for.
 * Prints and returns the exit code when it cannot. ret must stay where it is. */
int watch_set_open(struct watch_set *ret, struct session *s, const struct args *a);
void watch_set_close(struct watch_set *set);

/*
 * Look for a newer image; cheap enough for every chunk. true: set->set is another one. A scan that
 * goes on beyond a refresh takes its set when it begins and gives it back when it has ended; it may
 * end, and another go on with the newer set, wherever the stream stands between two lines.
 */
bool watch_set_refresh(struct watch_set *set);
const struct ent_watch *watch_set_take(struct watch_set *set);
void watch_set_give(struct watch_set *set, const struct ent_watch *w);

/* --- what is told -------------------------------------------------------------------------------
 */

struct watch_out {
    struct session *s;
    const struct args *a;
    bool json, colour;
    uint64_t hits, lines, bytes, with_hits;
    const char *path;       /* of the log at hand */
    uint64_t last_line;     /* with a hit, to count lines once */
    struct ent_known known; /* of known.id, while it is nonzero */
    struct ent_buf line;
};

/* Prints and returns the exit code for options that do not go together. */
int watch_out_open(struct watch_out *ret, struct session *s, const struct args *a);

/* The log that the next hits come from. */
void watch_out_log(struct watch_out *out, const char *path);

/* For struct ent_scan_events. ctx: struct watch_out */
ENT_MUST_USE enum ent_err watch_out_hit(void *ctx, const struct ent_hit *h);

/* The totals, and whatever is told only at the end. Prints and returns the exit code when it
 * cannot. */
int watch_out_end(struct watch_out *out, size_t indicators, uint64_t took_ns);
void watch_out_close(struct watch_out *out);

/* --- scanning ----------------------------------------------------------------------------------
 */

struct watch_stream;

struct watch_scan {
    const struct watch_set *set;
    struct watch_out *out;
    struct ent_observed *observed; /* NULL when not wanted */
    struct ent_progress progress;
    struct ent_pool *pool; /* NULL: one thread */
    struct watch_stream **stream;
    size_t n;
    const struct watch_stream *told; /* which stream's log out knows */
};

/* set, out and observed are set by the caller. */
ENT_MUST_USE enum ent_err watch_scan_bytes(struct watch_scan *ws, const struct ent_chunk *c);
/* The stream is over; whole: with whatever stood at its end. */
ENT_MUST_USE enum ent_err watch_scan_end(struct watch_scan *ws, unsigned stream, bool whole);
/* The set was replaced: each stream takes the new one up where a line ends. *ret_old: some are
 * inside a line, and the old set must stay. */
ENT_MUST_USE enum ent_err watch_scan_renew(struct watch_scan *ws, bool *ret_old);
/* Nothing more lies there at the moment: what the streams end with is what the logs end with. */
void watch_scan_idle(struct watch_scan *ws);
/* Everything is over, because there is no more or because somebody stopped it. */
ENT_MUST_USE enum ent_err watch_scan_finish(struct watch_scan *ws);

/* A whole file, its pieces on several cores. ENT_E_INTERRUPTED when stopped. */
ENT_MUST_USE enum ent_err watch_scan_file(struct watch_scan *ws, const struct ent_chunk *c,
                                          struct ent_diag *d);

#endif
