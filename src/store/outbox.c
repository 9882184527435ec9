/* outbox.c: what waits to be told to others' programs, and what was sighted since. */
#include "store/store.h"
#include "store/db.h"

#include <sodium.h>

#define NOTE_SIGHTED "EXISTS (SELECT 1 FROM fact WHERE key = 'outbox/sighted')"
#define SIGHTED_NOW                                                                                \
    " BEGIN INSERT INTO sighted VALUES (new.observable, new.log) ON CONFLICT DO NOTHING; END;"

const char ent_store_outbox_schema[] =
    "CREATE TABLE IF NOT EXISTS outbox (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, body TEXT"
    " NOT NULL, created INTEGER NOT NULL, due INTEGER NOT NULL, tries INTEGER NOT NULL);"
    "CREATE INDEX IF NOT EXISTS outbox_due ON outbox (due, seq);"
    "CREATE TABLE IF NOT EXISTS sighted (observable INTEGER NOT NULL REFERENCES observable, log"
    " INTEGER NOT NULL REFERENCES log, PRIMARY KEY (observable, log)) WITHOUT ROWID;"
    "CREATE TRIGGER IF NOT EXISTS sighted_first AFTER INSERT ON sighting WHEN " NOTE_SIGHTED
        SIGHTED_NOW
    "CREATE TRIGGER IF NOT EXISTS sighted_again AFTER UPDATE ON sighting WHEN new.last - old.last"
    " >= 3600 AND " NOTE_SIGHTED SIGHTED_NOW; /* ENT_SIGHTED_GAP */

void ent_outbox_id(char ret[static ENT_OUTBOX_ID])
{
    uint8_t bytes[(ENT_OUTBOX_ID - 1) / 2];
    randombytes_buf(bytes, sizeof(bytes));
    ent_hex_encode(ret, bytes, sizeof(bytes));
}

/* --- the queue ----------------------------------------------------------------------------------
 */

static sqlite3_stmt *query_id(struct ent_store *s, enum ent_query q, const char *id)
{
    sqlite3_stmt *st = ent_store_query(s, q);
    if (st != NULL)
        ent_store_bind(st, 1, ent_slice_str(id));
    return st;
}

/* Change the one with that id. */
static enum ent_err run_one(struct ent_store *s, sqlite3_stmt *st)
{
    enum ent_err r = ent_store_run(s, st);
    return r == ENT_OK && sqlite3_changes(s->db) == 0 ? ENT_E_NOTFOUND : r;
}

enum ent_err ent_outbox_count(struct ent_store *s, uint64_t *ret)
{
    int64_t n = 0;
    enum ent_err r = ent_store_number(s, ent_store_query(s, ENT_Q_OUTBOX_COUNT), &n);
    if (r == ENT_OK)
        *ret = (uint64_t)n;
    return r;
}

static enum ent_err put(struct ent_store *s, uint64_t *ret_dropped, const char *id,
                        struct ent_slice body, int64_t now)
{
    sqlite3_stmt *st = query_id(s, ENT_Q_OUTBOX_PUT, id);
    uint64_t n = 0;
    enum ent_err r;
    if (st != NULL) {
        ent_store_bind(st, 2, body);
        (void)sqlite3_bind_int64(st, 3, now);
    }
    if ((r = ent_store_run(s, st)) != ENT_OK || (r = ent_outbox_count(s, &n)) != ENT_OK)
        return r;
    *ret_dropped = n > ENT_OUTBOX_MAX ? n - ENT_OUTBOX_MAX : 0;
    if (*ret_dropped == 0)
        return ENT_OK;
    if ((st = ent_store_query(s, ENT_Q_OUTBOX_CUT)) != NULL)
        (void)sqlite3_bind_int64(st, 1, (int64_t)*ret_dropped);
    return ent_store_run(s, st);
}

enum ent_err ent_outbox_put(struct ent_store *s, uint64_t *ret_dropped, const char *id,
                            struct ent_slice body, int64_t now)
{
    const bool alone = sqlite3_get_autocommit(s->db) != 0;
    uint64_t dropped = 0;
    enum ent_err r = alone ? ent_store_begin(s) : ENT_OK;
    if (r == ENT_OK && (r = put(s, &dropped, id, body, now)) == ENT_OK && alone)
        r = ent_store_commit(s);
    if (alone)
        ent_store_rollback(s);
    if (r == ENT_OK)
        *ret_dropped = dropped;
    return r;
}

/* ENT_E_FORMAT for a row that was not written here. */
static enum ent_err take(struct ent_outgoing *ret, sqlite3_stmt *st)
{
    const struct ent_slice id = ent_store_column(st, 0);
    const int64_t tries = sqlite3_column_int64(st, 2);
    if (id.n != ENT_OUTBOX_ID - 1 || tries < 0 || tries > INT32_MAX)
        return ENT_E_FORMAT;
    memcpy(ret->id, id.p, id.n);
    ret->id[id.n] = '\0';
    ret->created = sqlite3_column_int64(st, 1);
    ret->tries = (unsigned)tries;
    return ENT_OK;
}

static enum ent_err get(struct ent_store *s, struct ent_outgoing *ret, struct ent_buf *body,
                        sqlite3_stmt *st)
{
    if (st == NULL)
        return ent_store_fail(s);
    const int z = sqlite3_step(st);
    enum ent_err r = z == SQLITE_ROW    ? take(ret, st)
                     : z == SQLITE_DONE ? ENT_E_NOTFOUND
                                        : ent_store_fail(s);
    if (r == ENT_OK && body != NULL)
        r = ent_buf_put_slice(body, ent_store_column(st, 3));
    ent_store_done(st);
    return r;
}

enum ent_err ent_outbox_next(struct ent_store *s, struct ent_outgoing *ret, struct ent_buf *body,
                             int64_t now)
{
    sqlite3_stmt *st = ent_store_query(s, ENT_Q_OUTBOX_NEXT);
    if (st != NULL)
        (void)sqlite3_bind_int64(st, 1, now);
    return get(s, ret, body, st);
}

enum ent_err ent_outbox_one(struct ent_store *s, struct ent_outgoing *ret, const char *id)
{
    return get(s, ret, NULL, query_id(s, ENT_Q_OUTBOX_ONE, id));
}

enum ent_err ent_outbox_done(struct ent_store *s, const char *id)
{
    return run_one(s, query_id(s, ENT_Q_OUTBOX_DONE, id));
}

enum ent_err ent_outbox_later(struct ent_store *s, const char *id, int64_t due)
{
    sqlite3_stmt *st = query_id(s, ENT_Q_OUTBOX_LATER, id);
    if (st != NULL)
        (void)sqlite3_bind_int64(st, 2, due);
    return run_one(s, st);
}

/* --- what was sighted ---------------------------------------------------------------------------
 */

/* A change waits for whoever writes; that it is so already is found out without. */
enum ent_err ent_store_note_sighted(struct ent_store *s, bool on)
{
    struct ent_buf b;
    ent_buf_init(&b, 16);
    enum ent_err r = ent_store_fact(s, &b, "outbox/sighted");
    ent_buf_release(&b);
    if (r == (on ? ENT_OK : ENT_E_NOTFOUND))
        return ENT_OK;
    if (on)
        return ent_store_set_fact(s, "outbox/sighted", ENT_SLICE_LIT("1"));
    r = ent_store_run(s, ent_store_query(s, ENT_Q_SIGHTED_OFF));
    return r == ENT_OK ? ent_store_run(s, ent_store_query(s, ENT_Q_SIGHTED_FORGET)) : r;
}

enum ent_err ent_store_each_sighted(struct ent_store *s, unsigned most,
                                    enum ent_err (*each)(void *ctx, const struct ent_sighted *g),
                                    void *ctx)
{
    sqlite3_stmt *st = ent_store_query(s, ENT_Q_SIGHTED_EACH);
    enum ent_err r = ENT_OK;
    int z = SQLITE_DONE;
    if (st == NULL)
        return ent_store_fail(s);
    (void)sqlite3_bind_int64(st, 1, most);
    while (r == ENT_OK && (z = sqlite3_step(st)) == SQLITE_ROW) {
        const int type = sqlite3_column_int(st, 2), tlp = sqlite3_column_int(st, 8);
        const struct ent_sighted g = {
            .id = (uint64_t)sqlite3_column_int64(st, 0),
            .log = (uint64_t)sqlite3_column_int64(st, 1),
            .type = (enum ent_obs_type)type,
            .value = ent_store_column(st, 3),
            .path = ent_store_column(st, 4),
            .first = sqlite3_column_int64(st, 5),
            .last = sqlite3_column_int64(st, 6),
            .count = (uint64_t)sqlite3_column_int64(st, 7),
            .tlp = tlp < ENT_TLP_CLEAR || tlp > ENT_TLP_RED ? ENT_TLP_RED : (enum ent_tlp)tlp};
        r = type <= 0 || type >= ENT_OBS_TYPES ? ENT_E_FORMAT : each(ctx, &g);
    }
    if (r == ENT_OK && z != SQLITE_DONE)
        r = ent_store_fail(s);
    ent_store_done(st);
    return r;
}

enum ent_err ent_store_sighted_told(struct ent_store *s, uint64_t id, uint64_t log)
{
    sqlite3_stmt *st = ent_store_query(s, ENT_Q_SIGHTED_TOLD);
    if (st != NULL) {
        (void)sqlite3_bind_int64(st, 1, (int64_t)id);
        (void)sqlite3_bind_int64(st, 2, (int64_t)log);
    }
    return ent_store_run(s, st);
}
