/*
 * progress.h: one line on standard error that says how far a long operation is; shown only on a
 * terminal and only after the first second, so that scripts and short runs never see it.
 */
#ifndef ENT_BASE_PROGRESS_H
#define ENT_BASE_PROGRESS_H

#include <stdbool.h>
#include <entente/entente.h>

enum ent_progress_unit { ENT_PROGRESS_ITEMS, ENT_PROGRESS_BYTES };

struct ent_progress {
    const char *what; /* "importing feed.csv": must outlive the progress line */
    enum ent_progress_unit unit;
    uint64_t total; /* 0: unknown */
    uint64_t start_ns, shown_ns;
    bool on, shown;
};

void ent_progress_start(struct ent_progress *p, const char *what, uint64_t total,
                        enum ent_progress_unit unit);

/* Cheap enough for every chunk: draws at most ten times a second. One thread at a time. */
void ent_progress_at(struct ent_progress *p, uint64_t done);

/* Take the line away, for other output; it comes back by itself. */
void ent_progress_hide(struct ent_progress *p);

/* Remove the line. Fine on a progress that never showed. */
void ent_progress_end(struct ent_progress *p);

#endif
