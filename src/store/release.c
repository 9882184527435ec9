/* release.c: which sources are held back from others, since when that is to be judged again, and
 * who released them and why. */
#include "store/store.h"
#include "store/db.h"

static void may_pass(sqlite3_context *sql, int n, sqlite3_value **arg)
{
    (void)n;
    sqlite3_result_int(sql, ent_claim_may_pass((enum ent_tlp)sqlite3_value_int(arg[0]),
                                               sqlite3_value_int(arg[1]) != 0,
                                               (enum ent_tlp)sqlite3_value_int(arg[2])));
}

enum ent_err ent_store_door_start(struct ent_store *s)
{
    int z = sqlite3_create_function_v2(s->db, "ent_may_pass", 3,
                                       SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY, NULL,
                                       may_pass, NULL, NULL, NULL);
    return z == SQLITE_OK ? ENT_OK : ent_store_fail(s);
}

/* --- judged again -------------------------------------------------------------------------------
 */

static enum ent_err unjudge(struct ent_store *s, enum ent_query q, int64_t id)
{
    sqlite3_stmt *st = ent_store_query(s, q);
    if (st != NULL && id != 0)
        (void)sqlite3_bind_int64(st, 1, id);
    return ent_store_run(s, st);
}

/* Called for each claim: once a transaction is enough. */
enum ent_err ent_store_unjudge(struct ent_store *s, int64_t source)
{
    if (source == s->unjudged)
        return ENT_OK;
    enum ent_err r = unjudge(s, ENT_Q_UNJUDGE, source);
    if (r == ENT_OK)
        s->unjudged = source;
    return r;
}

enum ent_err ent_store_unjudge_about(struct ent_store *s, uint64_t observable)
{
    return unjudge(s, ENT_Q_UNJUDGE_ABOUT, (int64_t)observable);
}

enum ent_err ent_store_unjudge_all(struct ent_store *s)
{
    return unjudge(s, ENT_Q_UNJUDGE_ALL, 0);
}

enum ent_err ent_store_unjudged(struct ent_store *s, struct ent_buf *ret)
{
    sqlite3_stmt *st = ent_store_query(s, ENT_Q_UNJUDGED);
    if (st == NULL)
        return ent_store_fail(s);
    int z = sqlite3_step(st);
    enum ent_err r = z == SQLITE_DONE ? ENT_E_NOTFOUND : ENT_OK;
    if (z == SQLITE_ROW)
        r = ent_buf_put_slice(ret, ent_store_column(st, 0));
    else if (z != SQLITE_DONE)
        r = ent_store_fail(s);
    ent_store_done(st);
    return r;
}

/* --- in and out ---------------------------------------------------------------------------------
 */

void ent_store_bind_odds(sqlite3_stmt *st, int at, const struct ent_odds *o)
{
    (void)sqlite3_bind_int64(st, at, (int64_t)o->claims);
    for (int i = 0; i < ENT_ODDS; i++)
        (void)sqlite3_bind_int64(st, at + 1 + i, (int64_t)o->n[i]);
}

void ent_store_take_odds(struct ent_odds *ret, sqlite3_stmt *st, int at)
{
    ret->claims = (uint64_t)sqlite3_column_int64(st, at);
    for (int i = 0; i < ENT_ODDS; i++)
        ret->n[i] = (uint64_t)sqlite3_column_int64(st, at + 1 + i);
}

/* One that changes the row of a source that is there. */
static enum ent_err change(struct ent_store *s, sqlite3_stmt *st, struct ent_slice source)
{
    if (st == NULL)
        return ent_store_fail(s);
    ent_store_bind(st, 1, source);
    enum ent_err r = ent_store_run(s, st);
    return r == ENT_OK && sqlite3_changes(s->db) == 0 ? ENT_E_NOTFOUND : r;
}

enum ent_err ent_store_judge(struct ent_store *s, struct ent_slice source,
                             const struct ent_odds *odds, bool held)
{
    sqlite3_stmt *st = ent_store_query(s, ENT_Q_JUDGE);
    if (st != NULL) {
        (void)sqlite3_bind_int(st, 2, held);
        ent_store_bind_odds(st, 3, odds);
    }
    s->unjudged = 0; /* what it says from here on counts again */
    return change(s, st, source);
}

enum ent_err ent_store_release(struct ent_store *s, struct ent_slice source, struct ent_slice by,
                               struct ent_slice reason, int64_t now, const struct ent_odds *odds)
{
    if (!ent_store_is_words(by, ENT_RELEASE_TEXT_MAX) ||
        !ent_store_is_words(reason, ENT_RELEASE_TEXT_MAX))
        return ENT_E_FORMAT;
    sqlite3_stmt *st = ent_store_query(s, ENT_Q_RELEASE);
    if (st != NULL) {
        (void)sqlite3_bind_int64(st, 2, now);
        ent_store_bind_odds(st, 3, odds);
        ent_store_bind(st, 10, by);
        ent_store_bind(st, 11, reason);
    }
    return change(s, st, source);
}

enum ent_err ent_store_unrelease(struct ent_store *s, struct ent_slice source)
{
    return change(s, ent_store_query(s, ENT_Q_UNRELEASE), source);
}

static void take_state(struct ent_source_state *ret, sqlite3_stmt *st)
{
    *ret = (struct ent_source_state){.name = ent_store_column(st, 0),
                                     .judged = sqlite3_column_int(st, 1) != 0,
                                     .released = sqlite3_column_type(st, 12) != SQLITE_NULL,
                                     .by = ent_store_column(st, 10),
                                     .reason = ent_store_column(st, 11),
                                     .at = sqlite3_column_int64(st, 12)};
    ret->held = !ret->judged || sqlite3_column_int(st, 2) != 0;
    ent_store_take_odds(&ret->odds, st, 3);
    ent_store_take_odds(&ret->then, st, 13);
}

enum ent_err ent_store_source_states(struct ent_store *s, struct ent_slice only,
                                     enum ent_err (*each)(void *ctx,
                                                          const struct ent_source_state *x),
                                     void *ctx)
{
    sqlite3_stmt *st = ent_store_query(s, ENT_Q_SOURCE_STATES);
    struct ent_source_state x;
    enum ent_err r = ENT_OK;
    int z = SQLITE_DONE;
    if (st == NULL)
        return ent_store_fail(s);
    ent_store_bind(st, 1, only);
    while (r == ENT_OK && (z = sqlite3_step(st)) == SQLITE_ROW) {
        take_state(&x, st);
        r = each(ctx, &x);
    }
    if (r == ENT_OK && z != SQLITE_DONE)
        r = ent_store_fail(s);
    ent_store_done(st);
    return r;
}

/* --- waiting for a second person ----------------------------------------------------------------
 */

enum ent_err ent_store_pending_add(struct ent_store *s, const struct ent_pending *p,
                                   const struct ent_odds *odds)
{
    if (!ent_store_is_words(p->by, ENT_RELEASE_TEXT_MAX) ||
        !ent_store_is_words(p->reason, ENT_RELEASE_TEXT_MAX))
        return ENT_E_FORMAT;
    sqlite3_stmt *st = ent_store_query(s, ENT_Q_PENDING_PRUNE);
    if (st != NULL)
        (void)sqlite3_bind_int64(st, 1, p->asked);
    enum ent_err r = ent_store_run(s, st);
    if (r != ENT_OK)
        return r;
    if ((st = ent_store_query(s, ENT_Q_PENDING_ADD)) != NULL) {
        (void)sqlite3_bind_int64(st, 2, p->asked);
        ent_store_bind_odds(st, 3, odds);
        ent_store_bind(st, 10, p->by);
        ent_store_bind(st, 11, p->reason);
        (void)sqlite3_bind_int64(st, 12, p->expires);
    }
    return change(s, st, p->source);
}

enum ent_err ent_store_pending(struct ent_store *s, struct ent_slice source, int64_t now,
                               enum ent_err (*each)(void *ctx, const struct ent_pending *p,
                                                    const struct ent_odds *odds),
                               void *ctx)
{
    sqlite3_stmt *st = ent_store_query(s, ENT_Q_PENDING);
    enum ent_err r = ENT_OK;
    int z = SQLITE_DONE;
    if (st == NULL)
        return ent_store_fail(s);
    ent_store_bind(st, 1, source);
    (void)sqlite3_bind_int64(st, 2, now);
    while (r == ENT_OK && (z = sqlite3_step(st)) == SQLITE_ROW) {
        const struct ent_pending p = {.source = ent_store_column(st, 0),
                                      .by = ent_store_column(st, 1),
                                      .reason = ent_store_column(st, 2),
                                      .asked = sqlite3_column_int64(st, 3),
                                      .expires = sqlite3_column_int64(st, 4)};
        struct ent_odds odds;
        ent_store_take_odds(&odds, st, 5);
        r = each(ctx, &p, &odds);
    }
    if (r == ENT_OK && z != SQLITE_DONE)
        r = ent_store_fail(s);
    ent_store_done(st);
    return r;
}

enum ent_err ent_store_pending_drop(struct ent_store *s, struct ent_slice source)
{
    return change(s, ent_store_query(s, ENT_Q_PENDING_DROP), source);
}
