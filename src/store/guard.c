/* guard.c: the names that must not be imitated, and those that are known to be good. */
#include "store/store.h"
#include "store/db.h"

static sqlite3_stmt *query(struct ent_store *s, enum ent_query q, struct ent_slice name)
{
    sqlite3_stmt *st = ent_store_query(s, q);
    if (st != NULL && name.n > 0)
        (void)sqlite3_bind_text64(st, 1, (const char *)name.p, name.n, SQLITE_STATIC, SQLITE_UTF8);
    return st;
}

enum ent_err ent_store_guard_add(struct ent_store *s, struct ent_slice name,
                                 struct ent_slice display)
{
    sqlite3_stmt *st = query(s, ENT_Q_GUARD_ADD, name);
    if (st != NULL)
        (void)sqlite3_bind_text64(st, 2, display.n == 0 ? "" : (const char *)display.p, display.n,
                                  SQLITE_STATIC, SQLITE_UTF8);
    return ent_store_run(s, st);
}

enum ent_err ent_store_guard_exclude(struct ent_store *s, struct ent_slice name)
{
    return ent_store_run(s, query(s, ENT_Q_GUARD_EXCLUDE, name));
}

enum ent_err ent_store_guard_remove(struct ent_store *s, struct ent_slice name)
{
    static const enum ent_query both[] = {ENT_Q_GUARD_REMOVE, ENT_Q_GUARD_INCLUDE};
    int changes = 0;
    for (size_t i = 0; i < 2; i++) {
        enum ent_err r = ent_store_run(s, query(s, both[i], name));
        if (r != ENT_OK)
            return r;
        changes += sqlite3_changes(s->db);
    }
    return changes > 0 ? ENT_OK : ENT_E_NOTFOUND;
}

static struct ent_slice column(sqlite3_stmt *st, int at)
{
    const unsigned char *p = sqlite3_column_text(st, at);
    return ent_slice(p, p == NULL ? 0 : (size_t)sqlite3_column_bytes(st, at));
}

static enum ent_err each_row(struct ent_store *s, enum ent_query q,
                             enum ent_err (*each)(void *ctx, struct ent_slice name,
                                                  struct ent_slice display),
                             void *ctx)
{
    sqlite3_stmt *st = query(s, q, ent_slice(NULL, 0));
    enum ent_err r = ENT_OK;
    int z = SQLITE_DONE;
    if (st == NULL)
        return ent_store_fail(s);
    while (r == ENT_OK && (z = sqlite3_step(st)) == SQLITE_ROW)
        r = each(ctx, column(st, 0), column(st, 1));
    if (r == ENT_OK && z != SQLITE_DONE)
        r = ent_store_fail(s);
    ent_store_done(st);
    return r;
}

enum ent_err ent_store_guard_each(struct ent_store *s,
                                  enum ent_err (*each)(void *ctx, struct ent_slice name,
                                                       struct ent_slice display),
                                  void *ctx)
{
    return each_row(s, ENT_Q_GUARD_EACH, each, ctx);
}

static enum ent_err add(void *ctx, struct ent_slice name, struct ent_slice display)
{
    return ent_guard_add(ctx, name, display);
}

static enum ent_err exclude(void *ctx, struct ent_slice name, struct ent_slice nothing)
{
    (void)nothing;
    return ent_guard_exclude(ctx, name);
}

enum ent_err ent_store_guard_load(struct ent_store *s, struct ent_guard **ret)
{
    struct ent_guard *g = NULL;
    enum ent_err r;
    if ((r = ent_guard_new(&g, 0)) != ENT_OK ||
        (r = each_row(s, ENT_Q_GUARD_EACH, add, g)) != ENT_OK ||
        (r = each_row(s, ENT_Q_GUARD_EACH_GOOD, exclude, g)) != ENT_OK ||
        (r = ent_guard_seal(g)) != ENT_OK) {
        ent_guard_free(g);
        return r;
    }
    *ret = g;
    return ENT_OK;
}
