/* posted.c: what came through TAXII, and what was answered; dates of what is served. */
#include "store/served_parts.h"

#include "crypto/crypto.h"

#define CLOCK  "taxii/clock"
#define SECRET "taxii/key"

/* --- dates --------------------------------------------------------------------------------------
 */

enum ent_err ent_served_clock_load(struct ent_store *s, struct ent_served_clock *c, int64_t now)
{
    struct ent_buf b;
    uint64_t last = 0;
    ent_buf_init(&b, 64);
    enum ent_err r = ent_store_fact(s, &b, CLOCK);
    if (r == ENT_OK)
        r = ent_parse_u64(&last, ent_buf_slice(&b), INT64_MAX);
    ent_buf_release(&b);
    if (r != ENT_OK && r != ENT_E_NOTFOUND)
        return r;
    *c = (struct ent_served_clock){.now = now, .last = (int64_t)last};
    return ENT_OK;
}

int64_t ent_served_clock_tick(struct ent_served_clock *c)
{
    c->ticked = true;
    c->last = c->now > c->last ? c->now : c->last + 1;
    return c->last;
}

enum ent_err ent_served_clock_keep(struct ent_store *s, const struct ent_served_clock *c)
{
    char text[24];
    int n = snprintf(text, sizeof(text), "%lld", (long long)c->last);
    return c->ticked ? ent_store_set_fact(s, CLOCK, ent_slice(text, (size_t)n)) : ENT_OK;
}

/* --- keys of an index ---------------------------------------------------------------------------
 */

int64_t ent_served_key(struct ent_slice id)
{
    struct ent_hash32 h;
    uint64_t v = 0;
    ent_sha256_of(&h, id);
    for (size_t i = 0; i < sizeof(v); i++)
        v = v << 8 | h.b[i];
    return (int64_t)v;
}

int64_t ent_served_type(struct ent_slice type)
{
    if (ent_slice_eq(type, ENT_SLICE_LIT("indicator")))
        return 1;
    int64_t key = ent_served_key(type);
    return key == 1 ? 2 : key;
}

void ent_served_uuid_id(char ret[static ENT_SERVED_UUID_ID], const struct ent_uuid16 *uuid)
{
    memcpy(ret, "indicator--", 11);
    ent_uuid_text(ret + 11, uuid);
}

/* --- what came ----------------------------------------------------------------------------------
 */

static enum ent_err run_seq(struct ent_store *s, enum ent_query q, int64_t seq)
{
    sqlite3_stmt *st = ent_store_query(s, q);
    if (st != NULL)
        (void)sqlite3_bind_int64(st, 1, seq);
    return ent_store_run(s, st);
}

static enum ent_err find(struct ent_store *s, int64_t *ret, int64_t source, struct ent_slice id,
                         struct ent_slice version)
{
    sqlite3_stmt *st = ent_store_query(s, ENT_Q_POSTED_SEQ);
    if (st != NULL) {
        ent_store_bind(st, 1, id);
        (void)sqlite3_bind_int64(st, 2, source);
        ent_store_bind(st, 3, version);
    }
    return ent_store_number(s, st, ret);
}

static enum ent_err touch(struct ent_store *s, int64_t source, struct ent_slice id)
{
    sqlite3_stmt *st = ent_store_query(s, ENT_Q_TOUCH_EXT);
    ent_served_bind2(st, source, id);
    return ent_store_run(s, st);
}

enum ent_err ent_store_post(struct ent_store *s, struct ent_slice source, struct ent_slice id,
                            struct ent_slice version, int64_t now)
{
    struct ent_served_clock clock;
    int64_t from = 0, seq = 0;
    enum ent_err r;
    if ((r = ent_store_source(s, &from, source)) != ENT_OK ||
        (r = find(s, &seq, from, id, version)) != ENT_OK ||
        (r = ent_served_clock_load(s, &clock, now)) != ENT_OK)
        return r;
    sqlite3_stmt *st = ent_store_query(s, ENT_Q_POST);
    if (st != NULL) {
        (void)sqlite3_bind_int64(st, 1, from);
        (void)sqlite3_bind_int64(st, 2, ent_served_clock_tick(&clock));
        (void)sqlite3_bind_int64(st, 3, seq);
    }
    if ((r = ent_store_run(s, st)) == ENT_OK && sqlite3_changes(s->db) != 0)
        r = ent_served_clock_keep(s, &clock);
    if (r == ENT_OK && (r = run_seq(s, ENT_Q_UNDROP_OBJECT, seq)) == ENT_OK &&
        sqlite3_changes(s->db) != 0)
        r = touch(s, from, id);
    return r;
}

/* What it said stays known, so that nobody tells two stories under one version by taking the first
 * one back. */
enum ent_err ent_store_unpost(struct ent_store *s, struct ent_slice source, struct ent_slice id,
                              struct ent_slice version, bool latest)
{
    int64_t from = 0, seq = 0;
    enum ent_err r;
    if ((r = ent_store_source(s, &from, source)) != ENT_OK ||
        (r = find(s, &seq, from, id, version)) != ENT_OK ||
        (r = run_seq(s, ENT_Q_UNPOST, seq)) != ENT_OK ||
        (r = run_seq(s, ENT_Q_DROP_OBJECT, seq)) != ENT_OK || (r = touch(s, from, id)) != ENT_OK ||
        !latest)
        return r;
    sqlite3_stmt *st = ent_store_query(s, ENT_Q_DROP_EXT);
    ent_served_bind2(st, from, id);
    s->touched = true;
    r = ent_store_run(s, st);
    return r == ENT_OK ? ent_store_unjudge(s, from) : r;
}

/* --- what was answered --------------------------------------------------------------------------
 */

enum ent_err ent_store_status(struct ent_store *s, struct ent_buf *ret,
                              const struct ent_status_id *id, struct ent_slice account)
{
    sqlite3_stmt *st = ent_store_query(s, ENT_Q_STATUS);
    if (st == NULL)
        return ent_store_fail(s);
    (void)sqlite3_bind_blob(st, 1, id->b, sizeof(id->b), SQLITE_STATIC);
    ent_store_bind(st, 2, account);
    int z = sqlite3_step(st);
    enum ent_err r = z == SQLITE_ROW    ? ENT_OK
                     : z == SQLITE_DONE ? ENT_E_NOTFOUND
                                        : ent_store_fail(s);
    if (r == ENT_OK) {
        const void *p = sqlite3_column_blob(st, 0);
        r = ent_buf_put(ret, p, (size_t)sqlite3_column_bytes(st, 0));
    }
    ent_store_done(st);
    return r;
}

enum ent_err ent_store_status_put(struct ent_store *s, const struct ent_status_id *id,
                                  struct ent_slice account, struct ent_slice body, int64_t now)
{
    int64_t n = 0;
    enum ent_err r = run_seq(s, ENT_Q_STATUS_OLD, now - ENT_STATUS_KEPT);
    sqlite3_stmt *st = ent_store_query(s, ENT_Q_STATUS_COUNT);
    if (st != NULL)
        ent_store_bind(st, 1, account);
    if (r != ENT_OK || (r = ent_store_number(s, st, &n)) != ENT_OK || n >= ENT_STATUS_MOST)
        return r != ENT_OK ? r : ENT_E_LIMIT;
    if ((st = ent_store_query(s, ENT_Q_STATUS_ADD)) != NULL) {
        (void)sqlite3_bind_blob(st, 1, id->b, sizeof(id->b), SQLITE_STATIC);
        ent_store_bind(st, 2, account);
        (void)sqlite3_bind_int64(st, 3, now);
        (void)sqlite3_bind_blob64(st, 4, body.p, body.n, SQLITE_STATIC);
    }
    return ent_store_run(s, st);
}

/* --- the secret ---------------------------------------------------------------------------------
 */

static enum ent_err load_key(struct ent_store *s, struct ent_served_key32 *ret)
{
    struct ent_buf hex;
    ent_buf_init(&hex, 1024);
    enum ent_err r = ent_store_fact(s, &hex, SECRET);
    if (r == ENT_OK)
        r = ent_hex_decode(ret->b, sizeof(ret->b), ent_buf_slice(&hex));
    ent_buf_wipe(&hex);
    return r;
}

enum ent_err ent_store_served_key(struct ent_store *s, struct ent_served_key32 *ret)
{
    char hex[ENT_HEX_LEN(sizeof(ret->b))];
    enum ent_err r = load_key(s, ret);
    if (r != ENT_E_NOTFOUND || (r = ent_store_begin(s)) != ENT_OK)
        return r;
    if ((r = load_key(s, ret)) == ENT_E_NOTFOUND) { /* nobody else made it meanwhile */
        ent_random(ret->b, sizeof(ret->b));
        ent_hex_encode(hex, ret->b, sizeof(ret->b));
        if ((r = ent_store_set_fact(s, SECRET, ent_slice_str(hex))) == ENT_OK)
            r = ent_store_commit(s);
    }
    ent_store_rollback(s);
    return r;
}
