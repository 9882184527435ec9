/*
 * browse.c: pages and sums for people who look through a store. Its statements are prepared when
 * they are needed: a person asks a few times a minute, and they would lie about in every other
 * process that opens a store.
 */
#include "store/store.h"
#include "store/db.h"

/* See store.h: a claim that the clearance ?1 may see, and no own one that it may not. */
#define VISIBLE(observable)                                                                        \
    "(EXISTS (SELECT 1 FROM claim c WHERE c.observable = " observable                              \
    " AND ent_may_pass(c.tlp, 0, ?1)) AND NOT EXISTS (SELECT 1 FROM claim c WHERE c.observable"    \
    " = " observable " AND c.source = 0 AND NOT ent_may_pass(c.tlp, 0, ?1)))"

static enum ent_err prepare(struct ent_store *s, sqlite3_stmt **ret, const char *sql)
{
    return sqlite3_prepare_v2(s->db, sql, -1, ret, NULL) == SQLITE_OK ? ENT_OK : ent_store_fail(s);
}

/* After the last step. */
static enum ent_err finish(struct ent_store *s, sqlite3_stmt *st, enum ent_err r, int z)
{
    if (r == ENT_OK && z != SQLITE_DONE)
        r = ent_store_fail(s);
    (void)sqlite3_finalize(st);
    return r;
}

enum ent_err ent_store_last_id(struct ent_store *s, uint64_t *ret)
{
    sqlite3_stmt *st = NULL;
    enum ent_err r = prepare(s, &st, "SELECT coalesce(max(id), 0) FROM observable");
    if (r != ENT_OK)
        return r;
    int z = sqlite3_step(st);
    if (z == SQLITE_ROW) {
        *ret = (uint64_t)sqlite3_column_int64(st, 0);
        z = SQLITE_DONE;
    }
    return finish(s, st, r, z);
}

/* --- observables --------------------------------------------------------------------------------
 */

enum ent_err ent_store_starting_after(struct ent_store *s, enum ent_obs_type type,
                                      struct ent_slice start, const struct ent_observable *after,
                                      enum ent_err (*each)(void *ctx, uint64_t id,
                                                           const struct ent_observable *o),
                                      void *ctx)
{
    uint8_t end[ENT_OBS_MAX + 1]; /* as in ent_store_starting() */
    sqlite3_stmt *st = NULL;
    if (start.n > ENT_OBS_MAX)
        return ENT_E_LIMIT;
    enum ent_err r = prepare(s, &st,
                             "SELECT id, type, value FROM observable WHERE type = ?1 AND value >="
                             " ?2 AND value < ?3 AND value > ?4 ORDER BY value");
    if (r != ENT_OK)
        return r;
    if (start.n > 0)
        memcpy(end, start.p, start.n);
    end[start.n] = 0xFF;
    bool behind = after != NULL && ent_slice_cmp(ent_slice(after->text, after->n), start) >= 0;
    (void)sqlite3_bind_int(st, 1, (int)type);
    ent_store_bind(st, 2, behind ? ent_slice(after->text, after->n) : start);
    ent_store_bind(st, 3, ent_slice(end, start.n + 1));
    ent_store_bind(st, 4, behind ? ent_slice(after->text, after->n) : ent_slice("", 0));
    r = ent_store_each_row(s, st, each, ctx);
    (void)sqlite3_finalize(st);
    return r;
}

enum ent_err ent_store_inside_after(
    struct ent_store *s, const struct ent_observable *o, const struct ent_observable *after,
    enum ent_err (*each)(void *ctx, uint64_t id, const struct ent_observable *o), void *ctx)
{
    struct ent_place_range range;
    uint8_t place[ENT_PLACE_MAX];
    sqlite3_stmt *st = NULL;
    size_t at = 0;
    uint64_t id = 0;
    enum ent_err r = ENT_OK;
    if (!ent_observable_range(&range, o))
        return ENT_E_FORMAT;
    if (after != NULL) {
        if ((at = ent_observable_place(place, after)) == 0)
            return ENT_E_FORMAT;
        r = ent_store_find(s, &id, after);
        if (r != ENT_OK && r != ENT_E_NOTFOUND) /* gone since: on behind where it was */
            return r;
    }
    r = prepare(s, &st,
                "SELECT o.id, o.type, o.value FROM place p CROSS JOIN observable o ON o.id ="
                " p.observable WHERE p.place >= ?1 AND p.place < ?2 AND (?3 IS NULL OR"
                " (p.place, p.observable) > (?3, ?4)) ORDER BY p.place, p.observable");
    if (r != ENT_OK)
        return r;
    bool behind = at > 0 && (at > range.lo_n ? memcmp(place, range.lo, range.lo_n) >= 0
                                             : memcmp(place, range.lo, at) > 0);
    (void)sqlite3_bind_blob(st, 1, behind ? place : range.lo, (int)(behind ? at : range.lo_n),
                            SQLITE_STATIC);
    (void)sqlite3_bind_blob(st, 2, range.hi, (int)range.hi_n, SQLITE_STATIC);
    if (behind)
        (void)sqlite3_bind_blob(st, 3, place, (int)at, SQLITE_STATIC);
    (void)sqlite3_bind_int64(st, 4, (int64_t)id);
    r = ent_store_each_row(s, st, each, ctx);
    (void)sqlite3_finalize(st);
    return r;
}

/* --- sums ---------------------------------------------------------------------------------------
 */

enum ent_err ent_store_facets(struct ent_store *s,
                              enum ent_err (*each)(void *ctx, enum ent_obs_type type,
                                                   struct ent_slice source, enum ent_tlp tlp,
                                                   uint64_t claims),
                              void *ctx)
{
    sqlite3_stmt *st = NULL;
    int z = SQLITE_DONE;
    enum ent_err r = prepare(s, &st,
                             "SELECT f.type, s.name, f.tlp, f.n FROM (SELECT o.type AS type,"
                             " c.source AS source, c.tlp AS tlp, count(*) AS n FROM claim c CROSS"
                             " JOIN observable o ON o.id = c.observable GROUP BY 1, 2, 3) f JOIN"
                             " source s ON s.id = f.source ORDER BY s.name, f.type, f.tlp");
    if (r != ENT_OK)
        return r;
    while (r == ENT_OK && (z = sqlite3_step(st)) == SQLITE_ROW) {
        int type = sqlite3_column_int(st, 0), tlp = sqlite3_column_int(st, 2);
        if (type <= 0 || type >= ENT_OBS_TYPES || tlp < ENT_TLP_CLEAR || tlp > ENT_TLP_RED)
            r = ENT_E_FORMAT;
        else
            r = each(ctx, (enum ent_obs_type)type, ent_store_column(st, 1), (enum ent_tlp)tlp,
                     (uint64_t)sqlite3_column_int64(st, 3));
    }
    return finish(s, st, r, z);
}

enum ent_err ent_store_tag_counts(struct ent_store *s, enum ent_tlp tlp, unsigned limit,
                                  enum ent_err (*each)(void *ctx, struct ent_slice tag,
                                                       uint64_t observables),
                                  void *ctx)
{
    sqlite3_stmt *st = NULL;
    int z = SQLITE_DONE;
    enum ent_err r = prepare(s, &st,
                             "SELECT t.name, count(*) FROM tag t WHERE " VISIBLE(
                                 "t.observable") " GROUP BY t.name ORDER BY 2 DESC, 1 LIMIT ?2");
    if (r != ENT_OK)
        return r;
    (void)sqlite3_bind_int(st, 1, (int)tlp);
    (void)sqlite3_bind_int64(st, 2, limit);
    while (r == ENT_OK && (z = sqlite3_step(st)) == SQLITE_ROW)
        r = each(ctx, ent_store_column(st, 0), (uint64_t)sqlite3_column_int64(st, 1));
    return finish(s, st, r, z);
}

/* --- sightings ----------------------------------------------------------------------------------
 */

enum ent_err ent_store_sighted_days(struct ent_store *s, enum ent_tlp tlp, int64_t since,
                                    enum ent_err (*each)(void *ctx, int64_t day, uint64_t first,
                                                         uint64_t last),
                                    void *ctx)
{
    sqlite3_stmt *st = NULL;
    int z = SQLITE_DONE;
    enum ent_err r =
        prepare(s, &st,
                "WITH seen AS (SELECT min(first) / 86400 AS f, max(last) / 86400 AS l FROM sighting"
                " WHERE " VISIBLE(
                    "observable") " GROUP BY observable)"
                                  " SELECT day * 86400, sum(f), sum(l) FROM (SELECT f AS day, 1 AS"
                                  " f, 0 AS l FROM seen UNION ALL SELECT l, 0, 1 FROM seen) WHERE"
                                  " day >= ?2 / 86400 GROUP BY day ORDER BY day");
    if (r != ENT_OK)
        return r;
    (void)sqlite3_bind_int(st, 1, (int)tlp);
    (void)sqlite3_bind_int64(st, 2, since);
    while (r == ENT_OK && (z = sqlite3_step(st)) == SQLITE_ROW)
        r = each(ctx, sqlite3_column_int64(st, 0), (uint64_t)sqlite3_column_int64(st, 1),
                 (uint64_t)sqlite3_column_int64(st, 2));
    return finish(s, st, r, z);
}

enum ent_err ent_store_sighted_most(struct ent_store *s, enum ent_tlp tlp, int64_t since,
                                    unsigned limit,
                                    enum ent_err (*each)(void *ctx, uint64_t id,
                                                         const struct ent_observable *o,
                                                         uint64_t count, int64_t last),
                                    void *ctx)
{
    struct ent_observable o;
    sqlite3_stmt *st = NULL;
    int z = SQLITE_DONE;
    enum ent_err r = prepare(
        s, &st,
        "SELECT o.id, o.type, o.value, g.n, g.l FROM (SELECT observable, sum(count) AS n,"
        " max(last) AS l FROM sighting WHERE last >= ?2 GROUP BY observable) g JOIN observable o ON"
        " o.id = g.observable WHERE " VISIBLE("o.id") " ORDER BY g.n DESC, o.id LIMIT ?3");
    if (r != ENT_OK)
        return r;
    (void)sqlite3_bind_int(st, 1, (int)tlp);
    (void)sqlite3_bind_int64(st, 2, since);
    (void)sqlite3_bind_int64(st, 3, limit);
    while (r == ENT_OK && (z = sqlite3_step(st)) == SQLITE_ROW)
        if ((r = ent_store_observable(&o, st, 1)) == ENT_OK)
            r = each(ctx, (uint64_t)sqlite3_column_int64(st, 0), &o,
                     (uint64_t)sqlite3_column_int64(st, 3), sqlite3_column_int64(st, 4));
    return finish(s, st, r, z);
}

enum ent_err ent_store_log_sums(struct ent_store *s, enum ent_tlp tlp, unsigned limit,
                                enum ent_err (*each)(void *ctx, const struct ent_log_sum *l),
                                void *ctx)
{
    sqlite3_stmt *st = NULL;
    int z = SQLITE_DONE;
    enum ent_err r = prepare(
        s, &st,
        "SELECT l.path, count(*), sum(s.count), min(s.first), max(s.last) FROM log l JOIN sighting"
        " s ON s.log = l.id WHERE " VISIBLE(
            "s.observable") " GROUP BY l.id ORDER BY 5 DESC, 1 LIMIT ?2");
    if (r != ENT_OK)
        return r;
    (void)sqlite3_bind_int(st, 1, (int)tlp);
    (void)sqlite3_bind_int64(st, 2, limit);
    while (r == ENT_OK && (z = sqlite3_step(st)) == SQLITE_ROW) {
        const struct ent_log_sum l = {.path = ent_store_column(st, 0),
                                      .observables = (uint64_t)sqlite3_column_int64(st, 1),
                                      .count = (uint64_t)sqlite3_column_int64(st, 2),
                                      .first = sqlite3_column_int64(st, 3),
                                      .last = sqlite3_column_int64(st, 4)};
        r = each(ctx, &l);
    }
    return finish(s, st, r, z);
}
