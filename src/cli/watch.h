/*
 * watch.h: the parts of `entente watch`: which indicators (watch_set.c), what is told of a hit
 * (watch_out.c, with who says so in watch_known.c and the formats in watch_form.c, watch_table.c
 * and watch_count.c), which bytes (watch.c), and how they are scanned (watch_scan.c).
 */
#ifndef ENT_CLI_WATCH_H
#define ENT_CLI_WATCH_H

#include "cli/cli.h"
#include "cli/guard.h"
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

/* --- who says so --------------------------------------------------------------------------------
 */

#define WATCH_WARNINGS 8

/* What the store says about a hit now. */
struct watch_who {
    struct ent_known known; /* id 0: nobody, any more */
    uint64_t sighted; /* how often it had been seen when the store was asked, if that is wanted */
    struct ent_slice warning[WATCH_WARNINGS]; /* names of the lists that what was seen is on */
    size_t warnings;
    struct ent_buf words; /* of the slices */
};

struct watch_known;
/* The store stays open in one view until ent_store_rest(). sighted: watch_who.sighted is wanted.
 * set (may be NULL) is asked for the next wider indicator when the one that was met has expired. */
ENT_MUST_USE enum ent_err watch_known_new(struct watch_known **ret, struct ent_store *s,
                                          const struct watch_set *set, bool sighted);
void watch_known_free(struct watch_known *k);
/* Valid until the next call. Answers are kept for some seconds, but no claim longer than it says.
 */
ENT_MUST_USE enum ent_err watch_known_ask(struct watch_known *k, const struct watch_who **ret,
                                          const struct ent_hit *h, int64_t now);

/* --- the ways to tell a hit ---------------------------------------------------------------------
 */

enum watch_format { WATCH_TABLE, WATCH_JSON, WATCH_ECS, WATCH_EVE };

struct watch_hit {
    const struct ent_hit *h;
    const struct watch_who *who;
    const char *path, *full; /* of the log, as it was given and from the root */
    struct timespec now;
};

/* One document, without the end of the line, appended to b (watch_form.c). */
ENT_MUST_USE enum ent_err watch_form(struct ent_buf *b, enum watch_format format,
                                     const struct watch_hit *x);

/* The rows of one hit (watch_table.c): what was seen, and the line around it, at most width columns
 * of it. */
ENT_MUST_USE enum ent_err watch_table(struct ent_buf *b, const struct watch_hit *x, unsigned width,
                                      bool colour);
/* The heads of the columns. */
ENT_MUST_USE enum ent_err watch_table_head(struct ent_buf *b);
/* "evil[.]example"; text is canonical. */
void watch_defang(char ret[static ENT_OBS_DEFANGED_MAX], enum ent_obs_type type,
                  struct ent_slice text);

/* Hits by indicator, for --count (watch_count.c). */
struct watch_count;
ENT_MUST_USE enum ent_err watch_count_new(struct watch_count **ret);
void watch_count_free(struct watch_count *c);
ENT_MUST_USE enum ent_err watch_count_add(struct watch_count *c, const struct watch_hit *x);
/* Print all, the most frequent first. line is for use here. */
ENT_MUST_USE enum ent_err watch_count_print(struct watch_count *c, struct ent_buf *line,
                                            struct ent_store *s, bool json);

/* --- what is told -------------------------------------------------------------------------------
 */

struct watch_out {
    struct session *s;
    const struct args *a;
    const struct watch_set *set; /* may be set when it is open, see watch_known_new() */
    enum watch_format format;
    bool colour, complained;
    unsigned width;
    uint64_t hits, lines, bytes, with_hits;
    uint64_t warned, stale;  /* hits on a warning list; not told, because nobody says so any more */
    const char *path;        /* of the log at hand */
    char full[ENT_PATH_MAX]; /* the same from the root */
    uint64_t last_line;      /* with a hit, to count lines once */
    struct watch_known *known;
    struct watch_count *count;       /* --count */
    struct ent_sightings *sightings; /* NULL: --no-sightings */
    uint64_t kept_ns;                /* when they were written last */
    struct ent_buf line;
};

/* Prints and returns the exit code for options that do not go together. */
int watch_out_open(struct watch_out *ret, struct session *s, const struct args *a);

/* The log that the next bytes and hits come from. */
void watch_out_log(struct watch_out *out, const char *path);

/* Its next bytes, before the scan gets them; offset 0 begins it. Without this call sightings are
 * not kept. */
ENT_MUST_USE enum ent_err watch_out_bytes(struct watch_out *out, uint64_t offset,
                                          struct ent_slice bytes);

/* For struct ent_scan_events. ctx: struct watch_out */
ENT_MUST_USE enum ent_err watch_out_hit(void *ctx, const struct ent_hit *h);

/* From time to time, also while nothing comes: what was seen goes into the store. */
void watch_out_idle(struct watch_out *out);

/* The totals, and whatever is told only at the end. Prints and returns the exit code when it
 * cannot. */
int watch_out_end(struct watch_out *out, size_t indicators, uint64_t took_ns);
void watch_out_close(struct watch_out *out);

/* --- scanning ----------------------------------------------------------------------------------
 */

struct watch_stream;

struct watch_scan {
    struct watch_set *set;
    struct watch_out *out;
    struct ent_observed *observed; /* NULL when not wanted */
    struct ent_observe *observe;   /* the same */
    struct guard_out *guard;       /* the same */
    struct ent_buf alike; /* names that look like protected ones, each with a NUL, to be told */
    struct ent_progress progress;
    struct ent_pool *pool; /* NULL: one thread */
    struct watch_stream **stream;
    size_t n;
    const struct watch_stream *told; /* which stream's log out knows */
};

/* set, out, observed, observe, guard and pool are set by the caller. */
ENT_MUST_USE enum ent_err watch_scan_bytes(struct watch_scan *ws, const struct ent_chunk *c);
/* The stream is over; whole: with whatever stood at its end. */
ENT_MUST_USE enum ent_err watch_scan_end(struct watch_scan *ws, unsigned stream, bool whole);
/* The set was replaced: each stream takes the new one up where its line ends, now or with its next
 * bytes. */
ENT_MUST_USE enum ent_err watch_scan_renew(struct watch_scan *ws);
/* Nothing more lies there at the moment: what the streams end with is what the logs end with. */
void watch_scan_idle(struct watch_scan *ws);
/* Everything is over, because there is no more or because somebody stopped it. */
ENT_MUST_USE enum ent_err watch_scan_finish(struct watch_scan *ws);

/* A whole file, its pieces on several cores. ENT_E_INTERRUPTED when stopped. */
ENT_MUST_USE enum ent_err watch_scan_file(struct watch_scan *ws, const struct ent_chunk *c,
                                          struct ent_diag *d);

#endif
