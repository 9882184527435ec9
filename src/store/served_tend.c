/*
 * served_tend.c: what there is to do: sources that were held or are free, then what was touched,
 * then what has become due, in pieces; and the start, when somebody serves for the first time.
 */
#include "store/served_parts.h"
#include "store/served_sql.h"

#define START "taxii/self"
#define BATCH 256  /* entries of one kind in one go */
#define ROOT  (-1) /* of touched_claim: all claims on the observable */

/* --- a source that is free now, or held --------------------------------------------------------
 */

static enum ent_err start_job(struct ent_serve *x, int64_t source)
{
    struct ent_serve_source state = {.id = -1};
    x->source.id = -1;
    enum ent_err r = ent_serve_state(x, &state, source);
    bool shows = state.state == ENT_FREE && (!state.shown || state.missed || state.job != 0);
    bool hides = state.state == ENT_HELD_BACK && state.shown;
    sqlite3_stmt *st = ent_store_query(x->s, ENT_Q_SOURCE_JOB);
    if (r != ENT_OK || st == NULL || (!shows && !hides))
        return r != ENT_OK ? r : st == NULL ? ent_store_fail(x->s) : ENT_OK;
    (void)sqlite3_bind_int64(st, 1, source);
    (void)sqlite3_bind_int(st, 2, 1);
    (void)sqlite3_bind_int(st, 3, shows ? 1 : 2);
    (void)sqlite3_bind_int64(st, 4, state.missed ? x->clock.last : 0);
    (void)sqlite3_bind_int64(st, 5, INT64_MIN);
    x->source.id = -1;
    return ent_store_run(x->s, st);
}

static enum ent_err set_date(struct ent_serve *x, int64_t row, int64_t added)
{
    sqlite3_stmt *st = ent_store_query(x->s, ENT_Q_SERVED_DATE);
    if (st != NULL) {
        (void)sqlite3_bind_int64(st, 1, row);
        if (added != 0)
            (void)sqlite3_bind_int64(st, 2, added);
    }
    return ent_store_run(x->s, st);
}

struct job_row {
    int64_t id, item, added;
    bool passes;
};

static enum ent_err do_job_row(struct ent_serve *x, const struct ent_entry *job, bool shows,
                               int64_t since, struct ent_slice ext_id, const struct job_row *row)
{
    enum ent_err r = ENT_OK;
    x->done++;
    if (ent_serve_is_of_object(ext_id))
        r = ent_serve_run2(x, ENT_Q_TOUCH_EXT, job->source, ext_id);
    if (r != ENT_OK || !shows)
        return r == ENT_OK && row->added != 0 ? set_date(x, row->id, 0) : r;
    return row->passes && row->added <= since && !ent_serve_is_of_object(ext_id)
               ? set_date(x, row->id, ent_served_clock_tick(&x->clock))
               : ENT_OK;
}

struct job_rows {
    struct ent_entries keys;
    struct ent_buf rows; /* struct job_row */
};

static enum ent_err collect_job(struct ent_serve *x, struct job_rows *ret, int64_t source,
                                struct ent_slice ext_id, int64_t item)
{
    sqlite3_stmt *st = ent_store_query(x->s, ENT_Q_SOURCE_ROWS);
    enum ent_err r = ENT_OK;
    int z = SQLITE_DONE;
    if (st == NULL)
        return ent_store_fail(x->s);
    ent_served_bind2(st, source, ext_id);
    (void)sqlite3_bind_int64(st, 3, item);
    (void)sqlite3_bind_int(st, 4, BATCH);
    while (r == ENT_OK && (z = sqlite3_step(st)) == SQLITE_ROW) {
        struct ent_slice w = ent_store_column(st, 1);
        const struct job_row row = {.id = sqlite3_column_int64(st, 0),
                                    .item = sqlite3_column_int64(st, 2),
                                    .added = sqlite3_column_int64(st, 3),
                                    .passes = sqlite3_column_int(st, 4) != 0};
        const struct ent_entry key = {.item = row.item, .at = ret->keys.words.n, .n = w.n};
        if ((r = ent_buf_put_slice(&ret->keys.words, w)) == ENT_OK &&
            (r = ent_buf_put(&ret->keys.list, &key, sizeof(key))) == ENT_OK)
            r = ent_buf_put(&ret->rows, &row, sizeof(row));
        ret->keys.n += r == ENT_OK;
    }
    if (r == ENT_OK && z != SQLITE_DONE)
        r = ent_store_fail(x->s);
    ent_store_done(st);
    return r;
}

/* It has come so far, or to its end. */
static enum ent_err note_job(struct ent_serve *x, int64_t source, const struct job_rows *rows)
{
    bool ends = rows->keys.n < BATCH;
    sqlite3_stmt *st = ent_store_query(x->s, ends ? ENT_Q_SOURCE_END : ENT_Q_SOURCE_ON);
    x->source.id = -1;
    if (st != NULL && ends)
        (void)sqlite3_bind_int64(st, 1, source);
    if (st != NULL && !ends) {
        const struct ent_entry *last = ent_entry_at(&rows->keys, rows->keys.n - 1);
        ent_served_bind2(st, source, ent_entry_words(&rows->keys, last));
        (void)sqlite3_bind_int64(st, 3, last->item);
    }
    return ent_store_run(x->s, st);
}

/* One piece of one job; *ret_any: there was one. */
static enum ent_err do_job(struct ent_serve *x, bool *ret_any)
{
    struct ent_serve_source state = {.id = -1};
    struct job_rows rows;
    struct ent_entries job;
    ent_entries_init(&job);
    ent_entries_init(&rows.keys);
    ent_buf_init(&rows.rows, BATCH * sizeof(struct job_row));
    x->source.id = -1;
    enum ent_err r =
        ent_serve_collect(x, &job, ent_store_query(x->s, ENT_Q_SOURCE_JOBS), 0, 1, 2, 3);
    *ret_any = job.n > 0;
    if (r == ENT_OK && job.n > 0) {
        const struct ent_entry *j = ent_entry_at(&job, 0);
        if ((r = ent_serve_state(x, &state, j->source)) == ENT_OK)
            r = collect_job(x, &rows, j->source, ent_entry_words(&job, j), j->item);
        for (size_t i = 0; i < rows.keys.n && r == ENT_OK; i++)
            r = do_job_row(x, j, state.job == 1, j->extra,
                           ent_entry_words(&rows.keys, ent_entry_at(&rows.keys, i)),
                           (const struct job_row *)(const void *)rows.rows.p + i);
        if (r == ENT_OK)
            r = note_job(x, j->source, &rows);
    }
    ent_buf_release(&rows.rows);
    ent_entries_release(&rows.keys);
    ent_entries_release(&job);
    return r;
}

/* --- the queues ---------------------------------------------------------------------------------
 */

static enum ent_err do_sources(struct ent_serve *x, bool *ret_any)
{
    struct ent_entries e;
    ent_entries_init(&e);
    sqlite3_stmt *st = ent_store_query(x->s, ENT_Q_TOUCHED_SOURCES);
    if (st != NULL)
        (void)sqlite3_bind_int(st, 1, BATCH);
    enum ent_err r = ent_serve_collect(x, &e, st, 0, -1, -1, -1);
    for (size_t i = 0; i < e.n && r == ENT_OK; i++) {
        if ((r = start_job(x, ent_entry_at(&e, i)->source)) != ENT_OK)
            break;
        if ((st = ent_store_query(x->s, ENT_Q_UNTOUCH_SOURCE)) != NULL)
            (void)sqlite3_bind_int64(st, 1, ent_entry_at(&e, i)->source);
        r = ent_store_run(x->s, st);
        x->done++;
    }
    *ret_any = e.n > 0;
    ent_entries_release(&e);
    return r;
}

static enum ent_err do_touched(struct ent_serve *x, enum ent_query q, bool *ret_any)
{
    struct ent_entries e;
    ent_entries_init(&e);
    sqlite3_stmt *st = ent_store_query(x->s, q);
    if (st != NULL)
        (void)sqlite3_bind_int(st, 1, BATCH);
    enum ent_err r = ent_serve_collect(x, &e, st, 0, 1, q == ENT_Q_TOUCHED_EXT ? -1 : 2, -1);
    for (size_t i = 0; i < e.n && r == ENT_OK; i++) {
        const struct ent_entry *one = ent_entry_at(&e, i);
        struct ent_slice id = ent_entry_words(&e, one);
        x->done++;
        if (q == ENT_Q_TOUCHED_EXT) {
            if ((r = ent_serve_run2(x, ENT_Q_UNTOUCH_EXT, one->source, id)) == ENT_OK)
                r = ent_serve_ext(x, one->source, id);
        } else if ((r = ent_serve_run3(x, ENT_Q_UNTOUCH_CLAIM, one->item, one->source, id)) ==
                   ENT_OK) {
            r = one->source == ROOT ? ent_serve_observable(x, one->item)
                                    : ent_serve_claim(x, one->item, one->source, id, true);
        }
    }
    *ret_any = e.n > 0;
    ent_entries_release(&e);
    return r;
}

static enum ent_err do_due(struct ent_serve *x, bool *ret_any)
{
    struct ent_entries e;
    ent_entries_init(&e);
    sqlite3_stmt *st = ent_store_query(x->s, ENT_Q_SERVED_DUE);
    if (st != NULL) {
        (void)sqlite3_bind_int64(st, 1, x->clock.now / 1000000);
        (void)sqlite3_bind_int(st, 2, BATCH);
    }
    enum ent_err r = ent_serve_collect(x, &e, st, 0, 1, 2, 3);
    for (size_t i = 0; i < e.n && r == ENT_OK; i++) {
        const struct ent_entry *one = ent_entry_at(&e, i);
        struct ent_slice id = ent_entry_words(&e, one);
        x->done++;
        if ((st = ent_store_query(x->s, ENT_Q_SERVED_UNDUE)) != NULL)
            (void)sqlite3_bind_int64(st, 1, one->extra);
        if ((r = ent_store_run(x->s, st)) == ENT_OK)
            r = ent_serve_is_of_object(id) ? ent_serve_run2(x, ENT_Q_TOUCH_EXT, one->source, id)
                                           : ent_serve_claim(x, one->item, one->source, id, false);
    }
    *ret_any = e.n > 0;
    ent_entries_release(&e);
    return r;
}

/* --- the start ----------------------------------------------------------------------------------
 */

static enum ent_err put_own(struct ent_serve *x, struct ent_slice id, int lo)
{
    const struct ent_serve_row w = {.ext_id = id,
                                    .lo = lo,
                                    .hi = ENT_SERVE_DOORS,
                                    .state = ENT_FREE,
                                    .first = true,
                                    .last = true,
                                    .type = ent_served_type(ent_stix_type_of(id)),
                                    .key = ent_served_key(id)};
    return ent_serve_put(x, &w);
}

static enum ent_err put_self(struct ent_serve *x)
{
    char id[ENT_OUT_MARKING_ID], uuid[ENT_UUID_TEXT];
    ent_uuid_text(uuid, &x->self->uuid);
    (void)snprintf(id, sizeof(id), "identity--%s", uuid);
    enum ent_err r = put_own(x, ent_slice_str(id), ENT_TLP_CLEAR);
    for (int t = ENT_TLP_CLEAR; t < ENT_SERVE_DOORS && r == ENT_OK; t++)
        r = put_own(x, ent_slice_str(ent_out_marking_id(id, (enum ent_tlp)t)), t);
    return r;
}

/* Everything is touched: for the first time, and when this member gets another name, by which all
 * of its ids change. */
static enum ent_err touch_all(struct ent_serve *x, bool first)
{
    static const char start[] = SERVED_START;
    static const char touch[] =
        "DELETE FROM served WHERE source = 0 AND item = 0;"
        "INSERT OR IGNORE INTO touched_source SELECT source FROM judged;"
        "INSERT OR IGNORE INTO touched_claim SELECT observable, source, ext_id FROM claim WHERE"
        " source <> 0;"
        "INSERT OR IGNORE INTO touched_claim SELECT observable, -1, '' FROM claim WHERE source = 0;"
        "INSERT OR IGNORE INTO touched_ext SELECT source, ext_id FROM claim WHERE instr(ext_id,"
        " '--') > 0;"
        "INSERT OR IGNORE INTO touched_ext SELECT source, id FROM object;";
    if ((first && sqlite3_exec(x->s->db, start, NULL, NULL, NULL) != SQLITE_OK) ||
        sqlite3_exec(x->s->db, touch, NULL, NULL, NULL) != SQLITE_OK)
        return ent_store_fail(x->s);
    return put_self(x);
}

/* What is kept of who serves. */
static enum ent_err write_self(struct ent_buf *ret, const struct ent_served_self *self)
{
    char hex[ENT_UUID_TEXT];
    ent_uuid_text(hex, &self->uuid);
    enum ent_err r = ent_buf_puts(ret, hex);
    return r == ENT_OK ? ent_buf_put_slice(ret, self->author) : r;
}

/* *ret_first, or *ret_other than whoever served last. */
static enum ent_err compare_self(struct ent_serve *x, bool *ret_first, bool *ret_other)
{
    struct ent_buf was, is;
    ent_buf_init(&was, 65536);
    ent_buf_init(&is, 65536);
    enum ent_err r = ent_store_fact(x->s, &was, START);
    *ret_first = r == ENT_E_NOTFOUND;
    if (r == ENT_OK || *ret_first)
        r = write_self(&is, x->self);
    *ret_other = !ent_slice_eq(ent_buf_slice(&was), ent_buf_slice(&is));
    ent_buf_release(&was);
    ent_buf_release(&is);
    return r;
}

static enum ent_err start(struct ent_serve *x)
{
    struct ent_buf is;
    bool first, other;
    enum ent_err r = compare_self(x, &first, &other);
    if (r != ENT_OK || !other)
        return r;
    ent_buf_init(&is, 65536);
    if ((r = touch_all(x, first)) == ENT_OK && (r = write_self(&is, x->self)) == ENT_OK)
        r = ent_store_set_fact(x->s, START, ent_buf_slice(&is));
    ent_buf_release(&is);
    return r;
}

/* Without waiting for whoever writes. */
static enum ent_err is_idle(struct ent_serve *x, int64_t now, bool *ret)
{
    bool first, other;
    int64_t work = 0;
    enum ent_err r = compare_self(x, &first, &other);
    sqlite3_stmt *st = ent_store_query(x->s, ENT_Q_SERVED_WORK);
    if (st != NULL)
        (void)sqlite3_bind_int64(st, 1, now / 1000000);
    if (r == ENT_OK)
        r = ent_store_number(x->s, st, &work);
    *ret = r == ENT_OK && work == 0 && !other;
    return r;
}

/* --- what lies in a reader's way ----------------------------------------------------------------
 */

/* *ret: this was in the queue, and is not any more. */
static enum ent_err untouch(struct ent_serve *x, bool *ret, int64_t observable, int64_t source,
                            struct ent_slice ext_id)
{
    enum ent_err r = ent_serve_run3(x, ENT_Q_UNTOUCH_CLAIM, observable, source, ext_id);
    *ret = r == ENT_OK && sqlite3_changes(x->s->db) > 0;
    return r;
}

/* As do_touched() has them, but for what is under way for others. */
static enum ent_err do_row(struct ent_serve *x, int64_t item, int64_t source, struct ent_slice id)
{
    bool was = false;
    enum ent_err r = untouch(x, &was, item, ROOT, ent_slice(NULL, 0));
    if (r == ENT_OK && was)
        r = ent_serve_observable(x, item);
    if (r == ENT_OK && (r = ent_serve_run2(x, ENT_Q_UNTOUCH_EXT, source, id)) == ENT_OK &&
        sqlite3_changes(x->s->db) > 0)
        r = ent_serve_ext(x, source, id);
    if (r == ENT_OK && (r = untouch(x, &was, item, source, id)) == ENT_OK && was)
        r = ent_serve_claim(x, item, source, id, true);
    return r;
}

static enum ent_err do_rows(struct ent_serve *x, const struct ent_entries *rows, size_t from,
                            size_t to, int64_t *ret_unjudged)
{
    struct ent_serve_source state = {.id = -1};
    enum ent_err r = ENT_OK;
    for (size_t i = from; i < to && r == ENT_OK; i++) {
        const struct ent_entry *e = ent_entry_at(rows, i);
        if ((r = ent_serve_state(x, &state, e->source)) != ENT_OK)
            break;
        if (state.state == ENT_UNJUDGED)
            *ret_unjudged = e->source;
        else
            r = do_row(x, e->item, e->source, ent_entry_words(rows, e));
    }
    return r;
}

enum ent_err ent_serve_rows(struct ent_store *s, const struct ent_served_self *self, int64_t now,
                            const struct ent_entries *rows, int64_t *ret_unjudged)
{
    int64_t unjudged = -1;
    enum ent_err r = ENT_OK;
    for (size_t i = 0; i < rows->n && r == ENT_OK; i += BATCH) {
        struct ent_serve x = {.s = s, .self = self, .source = {.id = -1}};
        if ((r = ent_store_begin(s)) == ENT_OK &&
            (r = ent_served_clock_load(s, &x.clock, now)) == ENT_OK && (r = start(&x)) == ENT_OK &&
            (r = do_rows(&x, rows, i, rows->n - i < BATCH ? rows->n : i + BATCH, &unjudged)) ==
                ENT_OK &&
            (r = ent_served_clock_keep(s, &x.clock)) == ENT_OK)
            r = ent_store_commit(s);
        ent_store_rollback(s);
    }
    if (r == ENT_OK)
        *ret_unjudged = unjudged;
    return r;
}

/* --- all of it ----------------------------------------------------------------------------------
 */

/* Sources first: what is free from now on is dated once. */
static enum ent_err step(struct ent_serve *x, bool *ret_any)
{
    enum ent_err r;
    if ((r = do_sources(x, ret_any)) != ENT_OK || *ret_any)
        return r;
    if ((r = do_job(x, ret_any)) != ENT_OK || *ret_any)
        return r;
    if ((r = do_touched(x, ENT_Q_TOUCHED_EXT, ret_any)) != ENT_OK || *ret_any)
        return r;
    if ((r = do_touched(x, ENT_Q_TOUCHED_CLAIMS, ret_any)) != ENT_OK || *ret_any)
        return r;
    return do_due(x, ret_any);
}

enum ent_err ent_store_serve(struct ent_store *s, const struct ent_served_self *self, int64_t now,
                             unsigned most, bool *ret_left)
{
    struct ent_serve x = {.s = s, .self = self, .source = {.id = -1}};
    bool any = true, idle = false;
    enum ent_err r = is_idle(&x, now, &idle);
    if (idle)
        *ret_left = false;
    if (idle || r != ENT_OK || (r = ent_store_begin(s)) != ENT_OK)
        return r;
    if ((r = ent_served_clock_load(s, &x.clock, now)) == ENT_OK)
        r = start(&x);
    while (r == ENT_OK && any && x.done < most)
        r = step(&x, &any);
    if (r == ENT_OK && (r = ent_served_clock_keep(s, &x.clock)) == ENT_OK &&
        (r = ent_store_commit(s)) == ENT_OK)
        *ret_left = any;
    ent_store_rollback(s);
    return r;
}
