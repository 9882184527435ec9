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
struct ent_slice ent_served_type_of(struct ent_slice id);

#define ENT_SERVED_UUID_ID 48 /* "indicator--" and a UUID, with NUL */
void ent_served_uuid_id(char ret[static ENT_SERVED_UUID_ID], const struct ent_uuid16 *uuid);

static inline void ent_served_bind2(sqlite3_stmt *st, int64_t source, struct ent_slice ext_id)
{
    if (st == NULL)
        return;
    (void)sqlite3_bind_int64(st, 1, source);
    ent_store_bind(st, 2, ext_id);
}

#endif
