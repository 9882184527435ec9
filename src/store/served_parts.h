/* served_parts.h: what served*.c and posted.c share. */
#ifndef ENT_STORE_SERVED_PARTS_H
#define ENT_STORE_SERVED_PARTS_H

#include "store/store.h"
#include "store/db.h"

/* Of a date that nobody was given before: later than all of them, and at least now. */
struct ent_served_clock {
    int64_t now, last;
    bool ticked;
};
ENT_MUST_USE enum ent_err ent_served_clock_load(struct ent_store *s, struct ent_served_clock *c,
                                                int64_t now);
int64_t ent_served_clock_tick(struct ent_served_clock *c);
/* Within the transaction. */
ENT_MUST_USE enum ent_err ent_served_clock_keep(struct ent_store *s,
                                                const struct ent_served_clock *c);

/* By what an id is found, and what an object's type is in an index: 1 for indicators. */
int64_t ent_served_key(struct ent_slice id);
int64_t ent_served_type(struct ent_slice type);

#define ENT_SERVED_UUID_ID 48 /* "indicator--" and a UUID, with NUL */
void ent_served_uuid_id(char ret[static ENT_SERVED_UUID_ID], const struct ent_uuid16 *uuid);

static inline void ent_served_bind2(sqlite3_stmt *st, int64_t source, struct ent_slice ext_id)
{
    if (st == NULL)
        return;
    (void)sqlite3_bind_int64(st, 1, source);
    ent_store_bind(st, 2, ext_id);
}

/* --- served.c: for served_tend.c ----------------------------------------------------------------
 */

#define ENT_SERVE_DOORS 5 /* one more than the last */

enum ent_serve_state_of { ENT_UNJUDGED, ENT_HELD_BACK, ENT_FREE };

struct ent_serve_source {
    int64_t id;
    enum ent_serve_state_of state;
    bool shown, missed;
    int job;
};

struct ent_serve {
    struct ent_store *s;
    const struct ent_served_self *self;
    struct ent_served_clock clock;
    struct ent_serve_source source; /* the last one that was asked for; id -1: none */
    unsigned done;                  /* rows, about */
};

/* A row as it is to be. */
struct ent_serve_row {
    int64_t source, item, due; /* due 0: never */
    struct ent_slice ext_id;
    int lo, hi;
    enum ent_serve_state_of state;
    bool force, is_20, first, last; /* force: it was hidden */
    int64_t type, key, modified;    /* modified 0: as it was */
    const struct ent_uuid16 *uuid;
};

/* What its reader found in an object; {0} where nobody has read it again yet. Valid as the column
 * is. */
struct ent_stix_gist ent_served_gist(sqlite3_stmt *st, int at);

/* Entries of a queue, or keys of rows. */
struct ent_entry {
    int64_t source, item, extra;
    size_t at, n;
};
struct ent_entries {
    struct ent_buf list, words;
    size_t n;
};

void ent_entries_init(struct ent_entries *e);
void ent_entries_release(struct ent_entries *e);
struct ent_slice ent_entry_words(const struct ent_entries *e, const struct ent_entry *one);
const struct ent_entry *ent_entry_at(const struct ent_entries *e, size_t i);
/* The rows of a statement, of which these columns are source, words, item and whatever else; -1: no
 * such column. */
ENT_MUST_USE enum ent_err ent_serve_collect(struct ent_serve *x, struct ent_entries *e,
                                            sqlite3_stmt *st, int source, int words, int item,
                                            int extra);

ENT_MUST_USE enum ent_err ent_serve_state(struct ent_serve *x, struct ent_serve_source *ret,
                                          int64_t source);
/* One that takes a source and an id, or an observable, a source and an id. */
ENT_MUST_USE enum ent_err ent_serve_run2(struct ent_serve *x, enum ent_query q, int64_t source,
                                         struct ent_slice ext_id);
ENT_MUST_USE enum ent_err ent_serve_run3(struct ent_serve *x, enum ent_query q, int64_t observable,
                                         int64_t source, struct ent_slice ext_id);

/* Write a row. What opens a door that was shut, or was hidden, gets a new date: some reader may
 * have passed it by. A new version is never one that was there before. */
ENT_MUST_USE enum ent_err ent_serve_put(struct ent_serve *x, const struct ent_serve_row *w);
/* An id that may be one of an object: then what is claimed under it is looked at with that. */
bool ent_serve_is_of_object(struct ent_slice ext_id);
/* Look again at one claim (force: it was hidden), at all on an observable, at all that is under an
 * id. */
ENT_MUST_USE enum ent_err ent_serve_claim(struct ent_serve *x, int64_t observable, int64_t source,
                                          struct ent_slice ext_id, bool force);
ENT_MUST_USE enum ent_err ent_serve_observable(struct ent_serve *x, int64_t observable);
ENT_MUST_USE enum ent_err ent_serve_ext(struct ent_serve *x, int64_t source, struct ent_slice id);

/* --- served_tend.c: for served_read.c -----------------------------------------------------------
 */

/* Look again at these rows of `served`, of which entries say source, words and item, as far as they
 * wait for it; each in one transaction. Those of a source that is unjudged are left, and
 * *ret_unjudged is that source, or -1. */
ENT_MUST_USE enum ent_err ent_serve_rows(struct ent_store *s, const struct ent_served_self *self,
                                         int64_t now, const struct ent_entries *rows,
                                         int64_t *ret_unjudged);

#endif
