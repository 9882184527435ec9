/* stats.c: sums over the whole store. */
#include "store/store.h"
#include "store/db.h"

static void take_source(struct ent_source_stats *ret, sqlite3_stmt *st)
{
    ret->name = ent_store_column(st, 0);
    for (int t = ENT_TLP_CLEAR; t <= ENT_TLP_RED; t++)
        ret->tlp[t] = (uint64_t)sqlite3_column_int64(st, t);
    ret->claims = (uint64_t)sqlite3_column_int64(st, 6);
    ret->expired = (uint64_t)sqlite3_column_int64(st, 7);
    ret->withdrawn = (uint64_t)sqlite3_column_int64(st, 8);
    ret->decided = (uint64_t)sqlite3_column_int64(st, 9);
    ret->first_import = sqlite3_column_int64(st, 10);
    ret->last_import = sqlite3_column_int64(st, 11);
}

enum ent_err ent_store_stats_by_source(struct ent_store *s, int64_t at,
                                       enum ent_err (*each)(void *ctx,
                                                            const struct ent_source_stats *x),
                                       void *ctx)
{
    sqlite3_stmt *st = ent_store_query(s, ENT_Q_STATS);
    struct ent_source_stats x;
    enum ent_err r = ENT_OK;
    int z = SQLITE_DONE;
    if (st == NULL)
        return ent_store_fail(s);
    (void)sqlite3_bind_int64(st, 1, at);
    while (r == ENT_OK && (z = sqlite3_step(st)) == SQLITE_ROW) {
        take_source(&x, st);
        r = each(ctx, &x);
    }
    if (r == ENT_OK && z != SQLITE_DONE)
        r = ent_store_fail(s);
    ent_store_done(st);
    return r;
}

enum ent_err ent_store_sums(struct ent_store *s, struct ent_store_sums *ret)
{
    static const enum ent_query q[] = {ENT_Q_SUM_SIGHTED, ENT_Q_SUM_SIGHTINGS, ENT_Q_SUM_TAGGED,
                                       ENT_Q_SUM_BYTES};
    int64_t v[4];
    enum ent_err r = ENT_OK;
    for (size_t i = 0; i < 4 && r == ENT_OK; i++)
        r = ent_store_number(s, ent_store_query(s, q[i]), &v[i]);
    if (r == ENT_OK)
        *ret = (struct ent_store_sums){.sighted = (uint64_t)v[0],
                                       .sightings = (uint64_t)v[1],
                                       .tagged = (uint64_t)v[2],
                                       .bytes = (uint64_t)v[3]};
    return r;
}

enum ent_err ent_store_count_claims(struct ent_store *s,
                                    uint64_t ret[static ENT_OBS_TYPES][ENT_TLP_RED + 1])
{
    sqlite3_stmt *st = ent_store_query(s, ENT_Q_COUNT_MARKED);
    uint64_t by[ENT_OBS_TYPES][ENT_TLP_RED + 1] = {{0}};
    enum ent_err r = ENT_OK;
    int z = SQLITE_DONE;
    if (st == NULL)
        return ent_store_fail(s);
    while (r == ENT_OK && (z = sqlite3_step(st)) == SQLITE_ROW) {
        const int64_t type = sqlite3_column_int64(st, 0), tlp = sqlite3_column_int64(st, 1);
        if (type <= 0 || type >= ENT_OBS_TYPES || tlp < ENT_TLP_CLEAR || tlp > ENT_TLP_RED)
            r = ENT_E_FORMAT;
        else
            by[type][tlp] = (uint64_t)sqlite3_column_int64(st, 2);
    }
    if (r == ENT_OK && z != SQLITE_DONE)
        r = ent_store_fail(s);
    ent_store_done(st);
    if (r == ENT_OK)
        memcpy(ret, by, sizeof(by));
    return r;
}
