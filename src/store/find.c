/*
 * find.c: what is known near something: the thing itself, what lies around it, in a network, below
 * a name, or begins with some text.
 *
 * Texts of addresses do not sort as addresses do, nor names from the right. So each observable that
 * lies somewhere has a row in `place` under its ent_observable_place(). These rows are written at
 * the end of a transaction, sorted, for all that came with it: that costs an import a fraction of
 * what an index kept up row by row would.
 */
#include "store/store.h"
#include "store/db.h"

#define PLACED "indicators/placed" /* the highest id that has its row */

/* The SQL function ent_place(type, value); NULL for what lies nowhere. */
static void place_of(sqlite3_context *sql, int n, sqlite3_value **arg)
{
    struct ent_observable o;
    uint8_t place[ENT_PLACE_MAX];
    int type = sqlite3_value_int(arg[0]), len = sqlite3_value_bytes(arg[1]);
    const unsigned char *text = sqlite3_value_text(arg[1]);
    (void)n;
    if (type <= 0 || type >= ENT_OBS_TYPES || text == NULL || len <= 0 || len > ENT_OBS_MAX)
        return;
    o.type = (enum ent_obs_type)type;
    o.n = (uint16_t)len;
    memcpy(o.text, text, (size_t)len);
    o.text[len] = '\0';
    size_t at = ent_observable_place(place, &o);
    if (at > 0)
        sqlite3_result_blob(sql, place, (int)at, SQLITE_TRANSIENT);
}

enum ent_err ent_store_place_start(struct ent_store *s)
{
    int z = sqlite3_create_function_v2(s->db, "ent_place", 2,
                                       SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY, NULL,
                                       place_of, NULL, NULL, NULL);
    return z == SQLITE_OK ? ENT_OK : ent_store_fail(s);
}

enum ent_err ent_store_place(struct ent_store *s)
{
    sqlite3_stmt *st;
    enum ent_err r;
    if ((st = ent_store_query(s, ENT_Q_PLACE)) == NULL)
        return ent_store_fail(s);
    (void)sqlite3_bind_text(st, 1, PLACED, -1, SQLITE_STATIC);
    if ((r = ent_store_run(s, st)) != ENT_OK || (st = ent_store_query(s, ENT_Q_PLACED)) == NULL)
        return r != ENT_OK ? r : ent_store_fail(s);
    (void)sqlite3_bind_text(st, 1, PLACED, -1, SQLITE_STATIC);
    return ent_store_run(s, st);
}

/* --- asking -------------------------------------------------------------------------------------
 */

enum ent_err ent_store_find(struct ent_store *s, uint64_t *ret, const struct ent_observable *o)
{
    int64_t id = 0;
    sqlite3_stmt *st = ent_store_query(s, ENT_Q_FIND_OBSERVABLE);
    if (st != NULL) {
        (void)sqlite3_bind_int(st, 1, (int)o->type);
        ent_store_bind(st, 2, ent_slice(o->text, o->n));
    }
    enum ent_err r = ent_store_number(s, st, &id);
    if (r == ENT_OK)
        *ret = (uint64_t)id;
    return r;
}

enum ent_err ent_store_each_row(struct ent_store *s, sqlite3_stmt *st,
                                enum ent_err (*each)(void *ctx, uint64_t id,
                                                     const struct ent_observable *o),
                                void *ctx)
{
    struct ent_observable o;
    enum ent_err r = ENT_OK;
    int z = SQLITE_DONE;
    while (r == ENT_OK && (z = sqlite3_step(st)) == SQLITE_ROW)
        if ((r = ent_store_observable(&o, st, 1)) == ENT_OK)
            r = each(ctx, (uint64_t)sqlite3_column_int64(st, 0), &o);
    if (r == ENT_OK && z != SQLITE_DONE)
        r = ent_store_fail(s);
    return r;
}

enum ent_err ent_store_inside(struct ent_store *s, const struct ent_observable *o,
                              enum ent_err (*each)(void *ctx, uint64_t id,
                                                   const struct ent_observable *o),
                              void *ctx)
{
    struct ent_place_range range;
    sqlite3_stmt *st = ent_store_query(s, ENT_Q_INSIDE);
    if (!ent_observable_range(&range, o))
        return ENT_E_FORMAT;
    if (st == NULL)
        return ent_store_fail(s);
    (void)sqlite3_bind_blob(st, 1, range.lo, (int)range.lo_n, SQLITE_STATIC);
    (void)sqlite3_bind_blob(st, 2, range.hi, (int)range.hi_n, SQLITE_STATIC);
    enum ent_err r = ent_store_each_row(s, st, each, ctx);
    ent_store_done(st);
    return r;
}

enum ent_err ent_store_starting(struct ent_store *s, enum ent_obs_type type, struct ent_slice start,
                                enum ent_err (*each)(void *ctx, uint64_t id,
                                                     const struct ent_observable *o),
                                void *ctx)
{
    /* Behind every text that begins so: no UTF-8 holds such a byte. */
    uint8_t end[ENT_OBS_MAX + 1];
    sqlite3_stmt *st = ent_store_query(s, ENT_Q_STARTING);
    if (start.n > ENT_OBS_MAX)
        return ENT_E_LIMIT;
    if (st == NULL)
        return ent_store_fail(s);
    if (start.n > 0)
        memcpy(end, start.p, start.n);
    end[start.n] = 0xFF;
    (void)sqlite3_bind_int(st, 1, (int)type);
    ent_store_bind(st, 2, start);
    ent_store_bind(st, 3, ent_slice(end, start.n + 1));
    enum ent_err r = ent_store_each_row(s, st, each, ctx);
    ent_store_done(st);
    return r;
}

enum ent_err ent_store_around(struct ent_store *s, const struct ent_observable *o,
                              enum ent_err (*each)(void *ctx, uint64_t id,
                                                   const struct ent_observable *o),
                              void *ctx)
{
    struct ent_observable up = *o;
    uint64_t id;
    enum ent_err r = ENT_OK;
    while (r == ENT_OK && ent_observable_widen(&up)) {
        r = ent_store_find(s, &id, &up);
        r = r == ENT_OK ? each(ctx, id, &up) : r == ENT_E_NOTFOUND ? ENT_OK : r;
    }
    return r;
}

enum ent_err ent_store_warned_around(struct ent_store *s, const struct ent_observable *o,
                                     enum ent_err (*each)(void *ctx, struct ent_slice name),
                                     void *ctx)
{
    struct ent_observable up = *o;
    bool exact = true;
    enum ent_err r;
    do {
        r = ent_store_warned_by(s, o->type, &up, exact, each, ctx);
        /* An endpoint's address is on a list as the endpoint is; the host of a URL is not all of
         * it. */
        exact = exact && up.type == ENT_OBS_ENDPOINT;
    } while (r == ENT_OK && ent_observable_widen(&up));
    return r;
}
