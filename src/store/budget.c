/* budget.c: what partners have used, and small facts. */
#include "store/store.h"
#include "store/db.h"

static sqlite3_stmt *bind_budget(struct ent_store *s, enum ent_query q, const char *partner,
                                 enum ent_direction dir, uint64_t period)
{
    sqlite3_stmt *st = ent_store_query(s, q);
    if (st != NULL) {
        (void)sqlite3_bind_text(st, 1, partner, -1, SQLITE_STATIC);
        (void)sqlite3_bind_int(st, 2, (int)dir);
        (void)sqlite3_bind_int64(st, 3, (int64_t)period);
    }
    return st;
}

enum ent_err ent_store_spent(struct ent_store *s, uint64_t *ret, const char *partner,
                             enum ent_direction dir, uint64_t period)
{
    int64_t v = 0;
    enum ent_err r = ent_store_number(s, bind_budget(s, ENT_Q_SPENT, partner, dir, period), &v);
    if (r != ENT_OK && r != ENT_E_NOTFOUND)
        return r;
    *ret = r == ENT_OK ? (uint64_t)v : 0;
    return ENT_OK;
}

enum ent_err ent_store_charge(struct ent_store *s, const char *partner, enum ent_direction dir,
                              uint64_t period, uint64_t items, uint64_t limit)
{
    uint64_t spent = 0;
    sqlite3_stmt *st;
    enum ent_err r = ent_store_begin(s);
    if (r != ENT_OK)
        return r;
    if ((r = ent_store_spent(s, &spent, partner, dir, period)) != ENT_OK)
        goto out;
    if (spent > limit || items > limit - spent) {
        r = ENT_E_POLICY;
        goto out;
    }
    if ((st = bind_budget(s, ENT_Q_CHARGE, partner, dir, period)) != NULL)
        (void)sqlite3_bind_int64(st, 4, (int64_t)items);
    if ((r = ent_store_run(s, st)) == ENT_OK)
        r = ent_store_commit(s);
out:
    ent_store_rollback(s);
    return r;
}

enum ent_err ent_store_fact(struct ent_store *s, struct ent_buf *ret, const char *key)
{
    sqlite3_stmt *st = ent_store_query(s, ENT_Q_FACT);
    if (st == NULL)
        return ent_store_fail(s);
    (void)sqlite3_bind_text(st, 1, key, -1, SQLITE_STATIC);
    int z = sqlite3_step(st);
    enum ent_err r = z == SQLITE_ROW    ? ENT_OK
                     : z == SQLITE_DONE ? ENT_E_NOTFOUND
                                        : ent_store_fail(s);
    if (r == ENT_OK) {
        const unsigned char *p = sqlite3_column_text(st, 0);
        r = p == NULL ? ENT_E_FORMAT : ent_buf_put(ret, p, (size_t)sqlite3_column_bytes(st, 0));
    }
    ent_store_done(st);
    return r;
}

enum ent_err ent_store_set_fact(struct ent_store *s, const char *key, struct ent_slice value)
{
    sqlite3_stmt *st = ent_store_query(s, ENT_Q_SET_FACT);
    if (st != NULL) {
        (void)sqlite3_bind_text(st, 1, key, -1, SQLITE_STATIC);
        (void)sqlite3_bind_text64(st, 2, value.n == 0 ? "" : (const char *)value.p, value.n,
                                  SQLITE_STATIC, SQLITE_UTF8);
    }
    return ent_store_run(s, st);
}

enum ent_err ent_store_advance(struct ent_store *s, const char *key, uint64_t value)
{
    char text[24];
    int n = snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
    sqlite3_stmt *st = ent_store_query(s, ENT_Q_ADVANCE);
    if (value > INT64_MAX)
        return ENT_E_LIMIT;
    if (st != NULL) {
        (void)sqlite3_bind_text(st, 1, key, -1, SQLITE_STATIC);
        (void)sqlite3_bind_text(st, 2, text, n, SQLITE_STATIC);
    }
    enum ent_err r = ent_store_run(s, st);
    return r == ENT_OK && sqlite3_changes(s->db) == 0 ? ENT_E_STATE : r;
}
