/* warning.c: warning lists in and out of the store. A list is there whole or not at all: it is put
 * together under no name, and takes its name, and the place of the list that had it, at the end. */
#include "store/store.h"
#include "store/db.h"

static enum ent_err run_with_id(struct ent_store *s, enum ent_query q, uint64_t id)
{
    sqlite3_stmt *st = ent_store_query(s, q);
    if (st != NULL)
        (void)sqlite3_bind_int64(st, 1, (int64_t)id);
    return ent_store_run(s, st);
}

enum ent_err ent_store_warning_new(struct ent_store *s, uint64_t *ret_id)
{
    enum ent_err r = ent_store_run(s, ent_store_query(s, ENT_Q_NEW_WARNING));
    if (r == ENT_OK)
        *ret_id = (uint64_t)sqlite3_last_insert_rowid(s->db);
    return r;
}

enum ent_err ent_store_warning_put(struct ent_store *s, uint64_t id, const struct ent_observable *o)
{
    sqlite3_stmt *st = ent_store_query(s, ENT_Q_ADD_WARNED);
    if (st == NULL)
        return ent_store_fail(s);
    (void)sqlite3_bind_int64(st, 1, (int64_t)id);
    (void)sqlite3_bind_int(st, 2, (int)o->type);
    ent_store_bind(st, 3, ent_slice(o->text, o->n));
    return ent_store_run(s, st);
}

enum ent_err ent_store_warning_remove(struct ent_store *s, struct ent_slice name)
{
    int64_t id = 0;
    enum ent_err r;
    sqlite3_stmt *st = ent_store_query(s, ENT_Q_FIND_WARNING);
    if (st != NULL)
        ent_store_bind(st, 1, name);
    if ((r = ent_store_number(s, st, &id)) != ENT_OK || (r = ent_store_unjudge_all(s)) != ENT_OK ||
        (r = run_with_id(s, ENT_Q_DROP_WARNED, (uint64_t)id)) != ENT_OK)
        return r;
    return run_with_id(s, ENT_Q_DROP_WARNING, (uint64_t)id);
}

enum ent_err ent_store_warning_end(struct ent_store *s, uint64_t id, const struct ent_warning *w,
                                   int64_t now)
{
    struct ent_slice name = ent_slice_str(w->name);
    enum ent_err r = ent_store_warning_remove(s, name);
    if (r == ENT_E_NOTFOUND)
        r = ENT_OK;
    if (r == ENT_OK)
        r = ent_store_unjudge_all(s);
    if (r == ENT_OK && w->type == ENT_WARNING_OTHER)
        r = run_with_id(s, ENT_Q_DROP_WARNED, id);
    if (r != ENT_OK)
        return r;
    sqlite3_stmt *st = ent_store_query(s, ENT_Q_NAME_WARNING);
    if (st == NULL)
        return ent_store_fail(s);
    (void)sqlite3_bind_int64(st, 1, (int64_t)id);
    ent_store_bind(st, 2, name);
    (void)sqlite3_bind_int64(st, 3, (int64_t)w->version);
    (void)sqlite3_bind_int(st, 4, (int)w->type);
    (void)sqlite3_bind_int64(st, 5, (int64_t)w->types);
    (void)sqlite3_bind_int64(st, 6, (int64_t)w->entries);
    (void)sqlite3_bind_int64(st, 7, (int64_t)w->unread);
    (void)sqlite3_bind_int64(st, 8, now);
    return ent_store_run(s, st);
}

enum ent_err ent_store_warnings(struct ent_store *s,
                                enum ent_err (*each)(void *ctx, const struct ent_warning *w,
                                                     int64_t added),
                                void *ctx)
{
    sqlite3_stmt *st = ent_store_query(s, ENT_Q_WARNINGS);
    enum ent_err r = ENT_OK;
    int z = SQLITE_DONE;
    if (st == NULL)
        return ent_store_fail(s);
    while (r == ENT_OK && (z = sqlite3_step(st)) == SQLITE_ROW) {
        struct ent_slice name = ent_store_column(st, 0);
        struct ent_warning w = {.version = (uint64_t)sqlite3_column_int64(st, 1),
                                .type = (enum ent_warning_type)sqlite3_column_int(st, 2),
                                .types = (uint32_t)sqlite3_column_int64(st, 3),
                                .entries = (uint64_t)sqlite3_column_int64(st, 4),
                                .unread = (uint64_t)sqlite3_column_int64(st, 5)};
        if (name.n == 0 || name.n >= sizeof(w.name)) { /* the file was changed */
            r = ENT_E_FORMAT;
            break;
        }
        memcpy(w.name, name.p, name.n);
        w.name[name.n] = '\0';
        r = each(ctx, &w, sqlite3_column_int64(st, 6));
    }
    if (r == ENT_OK && z != SQLITE_DONE)
        r = ent_store_fail(s);
    ent_store_done(st);
    return r;
}

/* Rows of type and value. */
static enum ent_err each_value(struct ent_store *s, sqlite3_stmt *st,
                               enum ent_err (*each)(void *ctx, const struct ent_observable *o),
                               void *ctx)
{
    struct ent_observable o;
    enum ent_err r = ENT_OK;
    int z = SQLITE_DONE;
    if (st == NULL)
        return ent_store_fail(s);
    while (r == ENT_OK && (z = sqlite3_step(st)) == SQLITE_ROW) {
        int type = sqlite3_column_int(st, 0);
        /* What stands in the file was canonical, but a file can be changed. */
        if (type <= 0 || type >= ENT_OBS_TYPES ||
            ent_observable_parse_as(&o, NULL, (enum ent_obs_type)type, ent_store_column(st, 1)) !=
                ENT_OK)
            r = ENT_E_FORMAT;
        else
            r = each(ctx, &o);
    }
    if (r == ENT_OK && z != SQLITE_DONE)
        r = ent_store_fail(s);
    ent_store_done(st);
    return r;
}

enum ent_err ent_store_warned(struct ent_store *s,
                              enum ent_err (*each)(void *ctx, const struct ent_observable *o),
                              void *ctx)
{
    return each_value(s, ent_store_query(s, ENT_Q_WARNED), each, ctx);
}

enum ent_err ent_store_marked(struct ent_store *s, enum ent_tlp mark,
                              enum ent_err (*each)(void *ctx, const struct ent_observable *o),
                              void *ctx)
{
    sqlite3_stmt *st = ent_store_query(s, ENT_Q_MARKED);
    if (st != NULL)
        (void)sqlite3_bind_int(st, 1, (int)mark);
    return each_value(s, st, each, ctx);
}

enum ent_err ent_store_warned_by(struct ent_store *s, enum ent_obs_type seen,
                                 const struct ent_observable *value, bool exact,
                                 enum ent_err (*each)(void *ctx, struct ent_slice name), void *ctx)
{
    sqlite3_stmt *st = ent_store_query(s, ENT_Q_WARNED_BY);
    enum ent_err r = ENT_OK;
    int z = SQLITE_DONE;
    if (st == NULL)
        return ent_store_fail(s);
    (void)sqlite3_bind_int(st, 1, (int)seen);
    (void)sqlite3_bind_int(st, 2, (int)value->type);
    ent_store_bind(st, 3, ent_slice(value->text, value->n));
    (void)sqlite3_bind_int(st, 4, exact);
    (void)sqlite3_bind_int(st, 5, ENT_WARNING_STRING);
    while (r == ENT_OK && (z = sqlite3_step(st)) == SQLITE_ROW)
        r = each(ctx, ent_store_column(st, 0));
    if (r == ENT_OK && z != SQLITE_DONE)
        r = ent_store_fail(s);
    ent_store_done(st);
    return r;
}
