/*
 * served_read.c: one page of what is served. A walk down one index for each marking that the door
 * lets pass, merged by date; how far it may go is given, because rows that are hidden lie between.
 *
 * What has changed and was not looked at again is not passed over: whoever reads a collection once
 * would never hear of it. Before a page is given it is walked for such rows, they are looked at
 * now, and get a later date, so that the reader meets them further on.
 */
#include "store/served_parts.h"

#define HIDDEN  4096 /* sources that are held while their rows still lie there */
#define ID_ROWS 512  /* of one id: versions, and sources that gave it */
#define TRIES   8    /* to find nothing changed while others write */

/* The columns of SERVED_ROW. */
enum {
    C_ID,
    C_SOURCE,
    C_EXT,
    C_ITEM,
    C_ADDED,
    C_LO,
    C_HI,
    C_DUE,
    C_TYPE,
    C_UUID,
    C_MODIFIED,
    C_VERSIONS,
    C_SPEC
};

struct read {
    struct ent_store *s;
    const struct ent_served_ask *ask;
    int64_t hidden[HIDDEN], type;
    size_t n_hidden;
    struct ent_served row;
    char id[ENT_SERVED_UUID_ID];
    enum ent_err (*each)(void *ctx, const struct ent_served *x, bool *stop);
    void *ctx;
    unsigned looked;
    int64_t at;
    bool more;
    bool searching;             /* for rows that wait to be looked at again; gives none */
    struct ent_entries waiting; /* what was found */
};

/* --- who is hidden ------------------------------------------------------------------------------
 */

/* What is hidden now and shows again comes with a later date, or whoever reads now would never see
 * it: that somebody did is kept. */
static enum ent_err look_at_hidden(struct read *x, bool *ret_news)
{
    sqlite3_stmt *st = ent_store_query(x->s, ENT_Q_SOURCES_HIDDEN);
    bool news = false;
    int z = SQLITE_ERROR;
    while (st != NULL && (z = sqlite3_step(st)) == SQLITE_ROW && x->n_hidden < HIDDEN) {
        x->hidden[x->n_hidden++] = sqlite3_column_int64(st, 0);
        news = news || sqlite3_column_int(st, 1) == 0;
    }
    enum ent_err r = z == SQLITE_DONE  ? ENT_OK
                     : z == SQLITE_ROW ? ENT_E_LIMIT
                                       : ent_store_fail(x->s);
    if (st != NULL)
        ent_store_done(st);
    *ret_news = news;
    return r;
}

/* On one view of the store, so that nothing is hidden between this look and the rows. */
static enum ent_err begin_view(struct read *x)
{
    bool news = true;
    enum ent_err r = ENT_OK;
    for (int tries = 0; r == ENT_OK && news; tries++) {
        x->n_hidden = 0;
        if (tries == TRIES)
            return ENT_E_TIMEOUT;
        if ((r = ent_store_view(x->s)) == ENT_OK && (r = look_at_hidden(x, &news)) == ENT_OK &&
            news) {
            ent_store_rest(x->s);
            r = ent_store_run(x->s, ent_store_query(x->s, ENT_Q_SOURCES_MISSED));
        }
    }
    return r;
}

static bool is_hidden(const struct read *x, int64_t source)
{
    for (size_t i = 0; i < x->n_hidden; i++)
        if (x->hidden[i] == source)
            return true;
    return false;
}

/* --- one row ------------------------------------------------------------------------------------
 */

/* The last word is the live row's: its own marking, and ours. */
static enum ent_err take_claim(struct read *x, sqlite3_stmt *st, bool *ret)
{
    struct ent_served *row = &x->row;
    int tlp = sqlite3_column_int(st, 2), own = sqlite3_column_int(st, 11);
    enum ent_err r = ent_store_observable(&row->obs, st, 0);
    *ret = ent_claim_may_pass((enum ent_tlp)tlp, false, x->ask->door) &&
           (own == 0 || ent_claim_may_pass((enum ent_tlp)own, false, x->ask->door));
    row->tlp = (enum ent_tlp)tlp;
    row->confidence = sqlite3_column_int(st, 3);
    row->valid_from = sqlite3_column_int64(st, 4);
    row->valid_until = sqlite3_column_int64(st, 5);
    row->first_import = sqlite3_column_int64(st, 6);
    row->kind_word = ent_store_column(st, 7);
    row->text = ent_store_column(st, 8);
    row->source = ent_store_column(st, 9);
    row->labels = ent_store_column(st, 10);
    return r;
}

static enum ent_err take_object(struct read *x, sqlite3_stmt *st, bool *ret)
{
    struct ent_served *row = &x->row;
    *ret = ent_claim_may_pass((enum ent_tlp)sqlite3_column_int(st, 1), false, x->ask->door);
    row->version = ent_store_column(st, 0);
    row->created = row->version.n == 0 ? ent_served_gist(st, 2).created : ent_slice(NULL, 0);
    row->bytes = ent_store_column(st, 3);
    return ENT_OK;
}

/* The content of a row, unless a change hides it; then it is given out. */
static enum ent_err give(struct read *x, enum ent_query q, int64_t item, int64_t source, bool *stop)
{
    sqlite3_stmt *st = ent_store_query(x->s, q);
    bool passes = false;
    if (st == NULL)
        return ent_store_fail(x->s);
    (void)sqlite3_bind_int64(st, 1, item);
    if (q == ENT_Q_SERVED_CLAIM) {
        (void)sqlite3_bind_int64(st, 2, source);
        ent_store_bind(st, 3, x->row.ext_id);
    }
    int z = sqlite3_step(st);
    enum ent_err r = z == SQLITE_ROW || z == SQLITE_DONE ? ENT_OK : ent_store_fail(x->s);
    if (z == SQLITE_ROW &&
        (r = q == ENT_Q_SERVED_CLAIM ? take_claim(x, st, &passes) : take_object(x, st, &passes)) ==
            ENT_OK &&
        passes)
        r = x->each(x->ctx, &x->row, stop);
    ent_store_done(st);
    return r;
}

/* A row of this member itself: its publisher's identity, or a marking, which is known by its id. */
static enum ent_err give_own(struct read *x, bool *stop)
{
    char id[ENT_OUT_MARKING_ID];
    x->row.kind = ENT_SERVED_SELF;
    for (int t = ENT_TLP_CLEAR; t < ENT_TLP_RED; t++)
        if (ent_slice_eq(x->row.id, ent_slice_str(ent_out_marking_id(id, (enum ent_tlp)t)))) {
            x->row.kind = ENT_SERVED_MARKING;
            x->row.tlp = (enum ent_tlp)t;
        }
    return x->each(x->ctx, &x->row, stop);
}

/* Whether it is in the queue. */
static enum ent_err search(struct read *x, int64_t source, int64_t item)
{
    int64_t waits = 0;
    sqlite3_stmt *st = ent_store_query(x->s, ENT_Q_TOUCHED_ROW);
    ent_served_bind2(st, source, x->row.ext_id);
    if (st != NULL)
        (void)sqlite3_bind_int64(st, 3, item);
    enum ent_err r = ent_store_number(x->s, st, &waits);
    if (r != ENT_OK || waits == 0)
        return r;
    struct ent_entries *e = &x->waiting;
    const struct ent_entry one = {
        .source = source, .item = item, .at = e->words.n, .n = x->row.ext_id.n};
    if ((r = ent_buf_put_slice(&e->words, x->row.ext_id)) == ENT_OK)
        r = ent_buf_put(&e->list, &one, sizeof(one));
    e->n += r == ENT_OK;
    return r;
}

static bool is_asked(const struct read *x, struct ent_slice id)
{
    bool is = x->ask->n_ids == 0;
    for (size_t i = 0; !is && i < x->ask->n_ids; i++)
        is = ent_slice_eq(x->ask->ids[i], id);
    return is;
}

static enum ent_err look_at(struct read *x, sqlite3_stmt *st, bool *stop)
{
    int64_t source = sqlite3_column_int64(st, C_SOURCE), item = sqlite3_column_int64(st, C_ITEM);
    int door = (int)x->ask->door;
    x->looked++;
    x->at = sqlite3_column_int64(st, C_ADDED);
    if (sqlite3_column_int(st, C_LO) > door || sqlite3_column_int(st, C_HI) <= door ||
        (x->type != 0 && sqlite3_column_int64(st, C_TYPE) != x->type) || is_hidden(x, source) ||
        (sqlite3_column_type(st, C_DUE) != SQLITE_NULL &&
         sqlite3_column_int64(st, C_DUE) <= x->ask->now))
        return ENT_OK;
    int versions = sqlite3_column_int(st, C_VERSIONS);
    x->row = (struct ent_served){.kind = item > 0 ? ENT_SERVED_CLAIM : ENT_SERVED_OBJECT,
                                 .added = x->at,
                                 .first = (versions & 1) != 0,
                                 .last = (versions & 2) != 0,
                                 .is_20 = sqlite3_column_int(st, C_SPEC) == 20,
                                 .modified = sqlite3_column_int64(st, C_MODIFIED),
                                 .own = item > 0 && source == 0,
                                 .ext_id = ent_store_column(st, C_EXT)};
    x->row.id = x->row.ext_id;
    if (item > 0) {
        const void *uuid = sqlite3_column_blob(st, C_UUID);
        if (sqlite3_column_bytes(st, C_UUID) != (int)sizeof(x->row.uuid.b))
            return ENT_E_FORMAT;
        memcpy(x->row.uuid.b, uuid, sizeof(x->row.uuid.b));
        ent_served_uuid_id(x->id, &x->row.uuid);
        x->row.id = ent_slice_str(x->id);
    }
    if (!is_asked(x, x->row.id))
        return ENT_OK;
    if (x->searching)
        return search(x, source, item);
    if (item == 0)
        return give_own(x, stop);
    return give(x, item > 0 ? ENT_Q_SERVED_CLAIM : ENT_Q_SERVED_OBJECT, item > 0 ? item : -item,
                source, stop);
}

/* --- walks --------------------------------------------------------------------------------------
 */

static enum ent_err walk(struct read *x, sqlite3_stmt *st,
                         enum ent_err (*one)(struct read *x, sqlite3_stmt *st, bool *stop))
{
    enum ent_err r = ENT_OK;
    bool stop = false;
    int z = SQLITE_DONE;
    if (st == NULL)
        return ent_store_fail(x->s);
    while (r == ENT_OK && !stop && x->looked < x->ask->most && (z = sqlite3_step(st)) == SQLITE_ROW)
        r = one(x, st, &stop);
    x->more = stop || (r == ENT_OK && x->looked >= x->ask->most);
    if (r == ENT_OK && z != SQLITE_DONE && z != SQLITE_ROW)
        r = ent_store_fail(x->s);
    ent_store_done(st);
    return r;
}

static enum ent_err walk_pages(struct read *x)
{
    /* Indicators are nearly all that there is: they have no index of their own. */
    bool typed = x->type != 0 && x->type != 1;
    sqlite3_stmt *st = ent_store_query(x->s, typed ? ENT_Q_SERVED_TYPE : ENT_Q_SERVED_PAGE);
    if (st != NULL) {
        (void)sqlite3_bind_int(st, 1, (int)x->ask->door);
        (void)sqlite3_bind_int64(st, 2, x->ask->after);
        if (typed)
            (void)sqlite3_bind_int64(st, 3, x->type);
    }
    return walk(x, st, look_at);
}

struct found {
    int64_t id, added;
};

static int by_date(const void *a, const void *b)
{
    const struct found *x = a, *y = b;
    return x->added < y->added ? -1 : x->added > y->added;
}

static enum ent_err find_rows(struct read *x, struct ent_buf *ret, struct ent_slice id)
{
    sqlite3_stmt *st = ent_store_query(x->s, ENT_Q_SERVED_KEY);
    enum ent_err r = ENT_OK;
    int z = SQLITE_DONE;
    if (st == NULL)
        return ent_store_fail(x->s);
    (void)sqlite3_bind_int64(st, 1, ent_served_key(id));
    (void)sqlite3_bind_int64(st, 2, x->ask->after);
    (void)sqlite3_bind_int(st, 3, ID_ROWS);
    while (r == ENT_OK && (z = sqlite3_step(st)) == SQLITE_ROW) {
        const struct found f = {sqlite3_column_int64(st, 0), sqlite3_column_int64(st, 1)};
        r = ent_buf_put(ret, &f, sizeof(f));
    }
    if (r == ENT_OK && z != SQLITE_DONE)
        r = ent_store_fail(x->s);
    ent_store_done(st);
    return r;
}

/* An id may be asked for twice. */
static enum ent_err walk_ids(struct read *x)
{
    struct ent_buf rows;
    enum ent_err r = ENT_OK;
    bool stop = false;
    ent_buf_init(&rows, x->ask->n_ids * ID_ROWS * sizeof(struct found));
    for (size_t i = 0; i < x->ask->n_ids && r == ENT_OK; i++)
        r = find_rows(x, &rows, x->ask->ids[i]);
    struct found *f = (struct found *)(void *)rows.p;
    size_t n = rows.n / sizeof(*f);
    if (n > 0)
        qsort(f, n, sizeof(*f), by_date);
    for (size_t i = 0; i < n && r == ENT_OK && !stop; i++) {
        if (i > 0 && f[i].id == f[i - 1].id)
            continue;
        sqlite3_stmt *st = ent_store_query(x->s, ENT_Q_SERVED_ONE);
        if (st == NULL)
            r = ent_store_fail(x->s);
        else {
            (void)sqlite3_bind_int64(st, 1, f[i].id);
            if (sqlite3_step(st) == SQLITE_ROW)
                r = look_at(x, st, &stop);
            else
                r = ent_store_fail(x->s);
            ent_store_done(st);
        }
    }
    x->more = stop;
    ent_buf_release(&rows);
    return r;
}

/* --- what an account gave -----------------------------------------------------------------------
 */

static enum ent_err look_at_posted(struct read *x, sqlite3_stmt *st, bool *stop)
{
    x->looked++;
    x->at = sqlite3_column_int64(st, 1);
    const struct ent_stix_gist gist = ent_served_gist(st, 4);
    x->row = (struct ent_served){.kind = ENT_SERVED_OBJECT,
                                 .added = x->at,
                                 .id = ent_store_column(st, 2),
                                 .version = ent_store_column(st, 3),
                                 .bytes = ent_store_column(st, 5),
                                 .is_20 = gist.is_20,
                                 .last = sqlite3_column_int(st, 6) != 0,
                                 .first = sqlite3_column_int(st, 7) != 0};
    if (x->row.version.n == 0) /* then it is dated by when it was made, as it says */
        x->row.created = gist.created;
    if (!is_asked(x, x->row.id) ||
        (x->type != 0 && ent_served_type(ent_stix_type_of(x->row.id)) != x->type))
        return ENT_OK;
    return x->each(x->ctx, &x->row, stop);
}

static enum ent_err walk_posted(struct read *x)
{
    bool one = x->ask->n_ids == 1;
    int64_t source = 0;
    sqlite3_stmt *st = ent_store_query(x->s, ENT_Q_FIND_SOURCE);
    if (st != NULL)
        ent_store_bind(st, 1, x->ask->account);
    enum ent_err r = ent_store_number(x->s, st, &source);
    if (r != ENT_OK)
        return r == ENT_E_NOTFOUND ? ENT_OK : r;
    if ((st = ent_store_query(x->s, one ? ENT_Q_POSTED_ID : ENT_Q_POSTED)) != NULL) {
        (void)sqlite3_bind_int64(st, 1, source);
        (void)sqlite3_bind_int64(st, 2, x->ask->after);
        if (one)
            ent_store_bind(st, 3, x->ask->ids[0]);
    }
    return walk(x, st, look_at_posted);
}

/* --- a page -------------------------------------------------------------------------------------
 */

static enum ent_err walk_all(struct read *x)
{
    x->looked = 0;
    x->more = false;
    x->at = x->ask->after;
    return x->ask->account.n > 0 ? walk_posted(x) : x->ask->n_ids > 0 ? walk_ids(x) : walk_pages(x);
}

/* On the view that is there. */
static enum ent_err find_waiting(struct read *x)
{
    int64_t any = 0;
    ent_buf_clear(&x->waiting.list);
    ent_buf_clear(&x->waiting.words);
    x->waiting.n = 0;
    if (x->ask->self == NULL || x->ask->account.n > 0)
        return ENT_OK;
    enum ent_err r = ent_store_number(x->s, ent_store_query(x->s, ENT_Q_TOUCHED_ANY), &any);
    x->searching = true;
    if (r == ENT_OK && any != 0)
        r = walk_all(x);
    x->searching = false;
    return r;
}

static enum ent_err judge(struct read *x, int64_t source)
{
    struct ent_buf name;
    sqlite3_stmt *st = ent_store_query(x->s, ENT_Q_SOURCE_NAME);
    if (st == NULL)
        return ent_store_fail(x->s);
    ent_buf_init(&name, 1u << 20);
    (void)sqlite3_bind_int64(st, 1, source);
    enum ent_err r = sqlite3_step(st) == SQLITE_ROW
                         ? ent_buf_put_slice(&name, ent_store_column(st, 0))
                         : ent_store_fail(x->s);
    ent_store_done(st);
    if (r == ENT_OK)
        r = x->ask->judge(x->s, ent_buf_slice(&name));
    ent_buf_release(&name);
    return r;
}

/* A view in which nothing waits that lies on this page. */
static enum ent_err begin_page(struct read *x)
{
    enum ent_err r;
    for (int tries = 0, judged = 0; tries <= TRIES && judged <= HIDDEN; tries++) {
        int64_t unjudged = -1;
        if ((r = begin_view(x)) != ENT_OK || (r = find_waiting(x)) != ENT_OK || x->waiting.n == 0)
            return r;
        ent_store_rest(x->s);
        r = ent_serve_rows(x->s, x->ask->self, x->ask->now * 1000000, &x->waiting, &unjudged);
        if (r == ENT_OK && unjudged >= 0) {
            r = judge(x, unjudged);
            judged++, tries--;
        }
        if (r != ENT_OK)
            return r;
    }
    return ENT_E_TIMEOUT;
}

enum ent_err ent_store_served(struct ent_store *s, const struct ent_served_ask *ask,
                              enum ent_err (*each)(void *ctx, const struct ent_served *x,
                                                   bool *stop),
                              void *ctx, int64_t *ret_at, bool *ret_more)
{
    struct read *x = calloc(1, sizeof(*x));
    if (x == NULL)
        return ENT_E_NOMEM;
    x->s = s;
    x->ask = ask;
    x->each = each;
    x->ctx = ctx;
    x->type = ask->type.n == 0 ? 0 : ent_served_type(ask->type);
    ent_entries_init(&x->waiting);
    enum ent_err r = begin_page(x);
    if (r == ENT_OK)
        r = walk_all(x);
    ent_store_rest(s);
    if (r == ENT_OK) {
        *ret_at = x->at;
        *ret_more = x->more;
    }
    ent_entries_release(&x->waiting);
    free(x);
    return r;
}
