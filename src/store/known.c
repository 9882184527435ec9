/* known.c: indicators in and out of the store. */
#include "store/store.h"
#include "store/db.h"

#include "crypto/crypto.h"

enum ent_err ent_store_intern(struct ent_store *s, int64_t *ret, bool *ret_new, enum ent_query add,
                              enum ent_query find, void (*bind)(sqlite3_stmt *, const void *),
                              const void *what)
{
    /* What was new the last time is likely to be new again, and then one statement is enough. */
    enum ent_err r = ENT_E_NOTFOUND;
    for (bool look = !s->fresh[add]; r == ENT_E_NOTFOUND; look = !look) {
        sqlite3_stmt *st = ent_store_query(s, look ? find : add);
        if (st == NULL)
            return ent_store_fail(s);
        bind(st, what);
        r = look ? ent_store_number(s, st, ret) : ent_store_run(s, st);
        *ret_new = !look && sqlite3_changes(s->db) != 0;
        if (!look && r == ENT_OK && *ret_new)
            *ret = sqlite3_last_insert_rowid(s->db);
        else if (!look && r == ENT_OK)
            r = ENT_E_NOTFOUND; /* not made anew: it is there */
    }
    s->fresh[add] = r == ENT_OK && *ret_new;
    return r;
}

static void bind_observable(sqlite3_stmt *st, const void *what)
{
    const struct ent_observable *o = what;
    (void)sqlite3_bind_int(st, 1, (int)o->type);
    ent_store_bind(st, 2, ent_slice(o->text, o->n));
}

static void bind_source(sqlite3_stmt *st, const void *what)
{
    ent_store_bind(st, 1, *(const struct ent_slice *)what);
}

/* By what a context is found: no enemy makes many that are equal. */
static int64_t hash_context(struct ent_slice kind, struct ent_slice text)
{
    static const struct ent_slice between = ENT_SLICE_LIT("\0");
    struct ent_sha256 h;
    struct ent_hash32 sum;
    uint64_t v = 0;
    ent_sha256_init(&h);
    ent_sha256_add(&h, kind);
    ent_sha256_add(&h, between);
    ent_sha256_add(&h, text);
    ent_sha256_end(&h, &sum);
    for (size_t i = 0; i < sizeof(v); i++)
        v = v << 8 | sum.b[i];
    return (int64_t)v;
}

static void context_of(sqlite3_context *c, int n, sqlite3_value **v)
{
    struct ent_slice part[2];
    (void)n;
    for (int i = 0; i < 2; i++) {
        const unsigned char *p = sqlite3_value_text(v[i]);
        part[i] = ent_slice(p, p == NULL ? 0 : (size_t)sqlite3_value_bytes(v[i]));
    }
    sqlite3_result_int64(c, hash_context(part[0], part[1]));
}

enum ent_err ent_store_context_start(struct ent_store *s)
{
    int z = sqlite3_create_function_v2(s->db, "ent_context", 2,
                                       SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY, NULL,
                                       context_of, NULL, NULL, NULL);
    return z == SQLITE_OK ? ENT_OK : ent_store_fail(s);
}

static void bind_context(sqlite3_stmt *st, const void *what)
{
    const struct ent_indicator *ind = what;
    ent_store_bind(st, 1, ind->kind);
    ent_store_bind(st, 2, ind->text);
    (void)sqlite3_bind_int64(st, 3, hash_context(ind->kind, ind->text));
}

enum ent_err ent_store_source(struct ent_store *s, int64_t *ret, struct ent_slice name)
{
    bool ignored = false;
    if (s->source != 0 && ent_slice_eq(name, ent_buf_slice(&s->source_name))) {
        *ret = s->source;
        return ENT_OK;
    }
    s->source = 0;
    ent_buf_clear(&s->source_name);
    enum ent_err r =
        ent_store_intern(s, ret, &ignored, ENT_Q_ADD_SOURCE, ENT_Q_FIND_SOURCE, bind_source, &name);
    if (r == ENT_OK && ent_buf_put_slice(&s->source_name, name) == ENT_OK)
        s->source = *ret;
    return r;
}

enum ent_err ent_store_context(struct ent_store *s, int64_t *ret, const struct ent_indicator *ind)
{
    bool ignored = false;
    return ent_store_intern(s, ret, &ignored, ENT_Q_ADD_CONTEXT, ENT_Q_FIND_CONTEXT, bind_context,
                            ind);
}

enum ent_err ent_store_run_claim(struct ent_store *s, sqlite3_stmt *st,
                                 const struct ent_indicator *ind, int64_t context, int64_t labels,
                                 int64_t now)
{
    (void)sqlite3_bind_int(st, 4, (int)ind->tlp);
    (void)sqlite3_bind_int(st, 5, ind->confidence);
    (void)sqlite3_bind_int64(st, 6, ind->valid_from);
    (void)sqlite3_bind_int64(st, 7, ind->valid_until);
    (void)sqlite3_bind_int64(st, 8, context);
    (void)sqlite3_bind_int64(st, 9, now);
    (void)sqlite3_bind_int64(st, 10, labels);
    return ent_store_run(s, st);
}

/* What a claim refers to. */
struct key {
    int64_t observable, source, context, labels;
};

static enum ent_err put_claim(struct ent_store *s, enum ent_query q, const struct key *key,
                              const struct ent_indicator *ind, int64_t now)
{
    sqlite3_stmt *st = ent_store_query(s, q);
    if (st == NULL)
        return ent_store_fail(s);
    (void)sqlite3_bind_int64(st, 1, key->observable);
    (void)sqlite3_bind_int64(st, 2, key->source);
    ent_store_bind(st, 3, ind->id);
    return ent_store_run_claim(s, st, ind, key->context, key->labels, now);
}

/* No feed speaks as this member, whatever it is called. */
static bool is_own(struct ent_slice source)
{
    return ent_slice_eq(source, ENT_SLICE_LIT(ENT_STORE_OWN));
}

enum ent_err ent_store_put(struct ent_store *s, enum ent_put *ret, const struct ent_indicator *ind,
                           struct ent_slice source, int64_t now)
{
    struct key key = {0};
    bool fresh = false;
    enum ent_err r;
    if (is_own(source))
        return ENT_E_POLICY;
    s->touched = true;
    if ((r = ent_store_source(s, &key.source, source)) != ENT_OK ||
        (r = ent_store_context(s, &key.context, ind)) != ENT_OK ||
        (r = ent_store_labels(s, &key.labels, ind->labels)) != ENT_OK ||
        (r = ent_store_intern(s, &key.observable, &fresh, ENT_Q_ADD_OBSERVABLE,
                              ENT_Q_FIND_OBSERVABLE, bind_observable, &ind->obs)) != ENT_OK ||
        (r = ent_store_unjudge(s, key.source)) != ENT_OK ||
        (r = put_claim(s, ENT_Q_ADD_CLAIM, &key, ind, now)) != ENT_OK)
        return r;
    *ret = fresh ? ENT_PUT_NEW : ENT_PUT_CLAIM;
    if (sqlite3_changes(s->db) == 0) {
        *ret = ENT_PUT_SAME;
        r = put_claim(s, ENT_Q_RENEW_CLAIM, &key, ind, now);
    }
    return r;
}

enum ent_err ent_store_revoke(struct ent_store *s, struct ent_slice source, struct ent_slice ext_id)
{
    int64_t id = 0;
    if (ext_id.n == 0) /* would take back whatever came without an id */
        return ENT_E_FORMAT;
    if (is_own(source))
        return ENT_E_POLICY;
    enum ent_err r = ent_store_source(s, &id, source);
    sqlite3_stmt *st = ent_store_query(s, ENT_Q_REVOKE);
    if (r != ENT_OK || st == NULL)
        return r != ENT_OK ? r : ent_store_fail(s);
    (void)sqlite3_bind_int64(st, 1, id);
    ent_store_bind(st, 2, ext_id);
    s->touched = true;
    r = ent_store_run(s, st);
    return r == ENT_OK ? ent_store_unjudge(s, id) : r;
}

static enum ent_err take_row(sqlite3_stmt *st, struct ent_known *k)
{
    int64_t tlp = sqlite3_column_int64(st, 3);
    enum ent_err r = ent_store_observable(&k->obs, st, 1);
    if (r != ENT_OK || tlp < ENT_TLP_CLEAR || tlp > ENT_TLP_RED)
        return ENT_E_FORMAT;
    k->id = (uint64_t)sqlite3_column_int64(st, 0);
    k->tlp = (enum ent_tlp)tlp;
    k->confidence = sqlite3_column_int(st, 4);
    k->context = (uint64_t)sqlite3_column_int64(st, 5);
    k->kind = ent_store_column(st, 6);
    k->text = ent_store_column(st, 7);
    k->source = ent_store_column(st, 8);
    k->ext_id = ent_store_column(st, 9);
    k->valid_from = sqlite3_column_int64(st, 10);
    k->valid_until = sqlite3_column_int64(st, 11);
    k->first_import = sqlite3_column_int64(st, 12);
    k->last_import = sqlite3_column_int64(st, 13);
    k->own = sqlite3_column_int(st, 14) != 0;
    k->labels = ent_store_column(st, 15);
    k->claims = 1;
    return ENT_OK;
}

/* Rows of one observable follow one another, the best claim first; its slices must survive until
 * the last of them has been counted, so they are copied. */
struct walk {
    enum ent_tlp door;
    bool every;
    struct ent_known now; /* claims is 0 as long as none of them passed the door */
    bool wide;            /* one of them would have, if its source were not held */
    bool by_source;
    int64_t group[3]; /* by_source: source, marking, day */
    bool asked;       /* a claim on it passes all of the filter but the door */
    bool shut;        /* our own claim on it does not pass the door, and so nothing does */
    struct ent_buf words;
    uint64_t narrower, unreleased;
    enum ent_err (*each)(void *ctx, const struct ent_known *k);
    void *ctx;
};

static enum ent_err keep_words(struct walk *w)
{
    struct ent_known *k = &w->now;
    struct ent_slice *const part[] = {&k->kind, &k->text, &k->source, &k->ext_id, &k->labels};
    enum ent_err r = ENT_OK;
    ent_buf_clear(&w->words);
    for (size_t i = 0; i < 5 && r == ENT_OK; i++)
        r = ent_buf_put_slice(&w->words, *part[i]);
    const uint8_t *p = w->words.p;
    for (size_t i = 0; i < 5 && r == ENT_OK; i++) {
        *part[i] = ent_slice(p, part[i]->n);
        p += part[i]->n;
    }
    return r;
}

/* What is known of the last observable, now that all its claims have been seen. */
static enum ent_err finish(struct walk *w)
{
    if (w->now.id == 0) /* SQLite's own ids begin with 1 */
        return ENT_OK;
    if (w->now.claims > 0)
        return w->each(w->ctx, &w->now);
    if (w->asked)
        *(w->wide ? &w->unreleased : &w->narrower) += 1;
    return ENT_OK;
}

/* Behind the row itself, of a walk: whether it passes all of the filter but the door, its source,
 * whether our own claim holds it back, which only a walk by source must ask the store, and whether
 * there is a door and its source is held. */
#define ASKED  ENT_ROW_COLUMNS
#define SOURCE (ENT_ROW_COLUMNS + 1)
#define SHUT   (ENT_ROW_COLUMNS + 2)
#define HELD   (ENT_ROW_COLUMNS + 3)

/* Whether the row speaks of the same as the one before. */
static bool is_same(struct walk *w, sqlite3_stmt *st)
{
    const int64_t group[3] = {sqlite3_column_int64(st, SOURCE), sqlite3_column_int64(st, 3),
                              sqlite3_column_int64(st, 12) / 86400};
    bool same = (uint64_t)sqlite3_column_int64(st, 0) == w->now.id &&
                (!w->by_source || memcmp(group, w->group, sizeof(group)) == 0);
    memcpy(w->group, group, sizeof(group));
    return same;
}

/* Whether this claim may go; ours comes first, and what it holds back nobody else lets out. *wide:
 * it may, or might if its source were not held. */
static bool may_pass(struct walk *w, sqlite3_stmt *st, bool *wide)
{
    enum ent_tlp mark = (enum ent_tlp)sqlite3_column_int(st, 3);
    *wide = ent_claim_may_pass(mark, false, w->door);
    if (!*wide && sqlite3_column_int64(st, SOURCE) == 0)
        w->shut = true;
    *wide = *wide && !w->shut && sqlite3_column_int(st, SHUT) == 0;
    return *wide && ent_claim_may_pass(mark, sqlite3_column_int(st, HELD) != 0, w->door);
}

static enum ent_err step(struct walk *w, sqlite3_stmt *st)
{
    enum ent_err r;
    bool wide;
    if (!is_same(w, st)) {
        if (!w->every && (r = finish(w)) != ENT_OK)
            return r;
        w->now.id = (uint64_t)sqlite3_column_int64(st, 0);
        w->now.claims = 0;
        w->asked = w->wide = w->shut = false;
    }
    bool passes = may_pass(w, st, &wide);
    if (sqlite3_column_int(st, ASKED) == 0)
        return ENT_OK;
    w->asked = true;
    w->wide |= wide;
    if (w->every) {
        if (passes)
            return (r = take_row(st, &w->now)) == ENT_OK ? w->each(w->ctx, &w->now) : r;
        *(wide ? &w->unreleased : &w->narrower) += 1;
        return ENT_OK;
    }
    if (!passes)
        return ENT_OK;
    if (w->now.claims > 0) {
        w->now.claims++;
        return ENT_OK;
    }
    if ((r = take_row(st, &w->now)) != ENT_OK)
        return r;
    return keep_words(w);
}

enum ent_err ent_store_each(struct ent_store *s, const struct ent_known_filter *f,
                            enum ent_err (*each)(void *ctx, const struct ent_known *k), void *ctx)
{
    sqlite3_stmt *st = ent_store_query(s, f->by_source ? ENT_Q_EACH_BY_SOURCE : ENT_Q_EACH);
    struct walk *w = calloc(1, sizeof(*w));
    enum ent_err r = ENT_OK;
    int z = SQLITE_DONE;
    if (st == NULL || w == NULL) {
        free(w);
        return st == NULL ? ent_store_fail(s) : ENT_E_NOMEM;
    }
    w->door = f->max_tlp;
    w->every = f->every;
    w->by_source = f->by_source;
    w->each = each;
    w->ctx = ctx;
    ent_buf_init(&w->words, 1u << 20);
    (void)sqlite3_bind_int64(st, 1, f->types == 0 ? ENT_OBS_ALL : f->types);
    ent_store_bind(st, 2, f->source);
    (void)sqlite3_bind_int64(st, 3, f->at);
    (void)sqlite3_bind_int(st, 4, f->min_confidence);
    (void)sqlite3_bind_int64(st, 5, f->since);
    ent_store_bind(st, 6, f->tag);
    (void)sqlite3_bind_int64(st, 7, f->renewed);
    (void)sqlite3_bind_int(st, 8, f->by_source ? (int)f->max_tlp : 0);
    (void)sqlite3_bind_int(st, 9, f->max_tlp != 0);
    while (r == ENT_OK && (z = sqlite3_step(st)) == SQLITE_ROW)
        r = step(w, st);
    if (r == ENT_OK && z != SQLITE_DONE)
        r = ent_store_fail(s);
    ent_store_done(st);
    if (r == ENT_OK && !w->every)
        r = finish(w);
    if (r == ENT_OK && f->narrower != NULL)
        *f->narrower = w->narrower;
    if (r == ENT_OK && f->unreleased != NULL)
        *f->unreleased = w->unreleased;
    ent_buf_release(&w->words);
    free(w);
    return r;
}

enum ent_err ent_store_get(struct ent_store *s, struct ent_known *ret, uint64_t id, int64_t at)
{
    sqlite3_stmt *st = ent_store_query(s, ENT_Q_GET);
    if (st == NULL)
        return ent_store_fail(s);
    ent_store_done(st); /* the last answer's slices end here */
    (void)sqlite3_bind_int64(st, 1, (int64_t)id);
    (void)sqlite3_bind_int64(st, 3, at);
    int z = sqlite3_step(st);
    enum ent_err r;
    if (z == SQLITE_ROW && (r = take_row(st, ret)) == ENT_OK) {
        ret->claims = (unsigned)sqlite3_column_int(st, ENT_ROW_COLUMNS);
        return ENT_OK;
    }
    r = z == SQLITE_ROW ? ENT_E_FORMAT : z == SQLITE_DONE ? ENT_E_NOTFOUND : ent_store_fail(s);
    ent_store_done(st);
    return r;
}

enum ent_err ent_store_view(struct ent_store *s)
{
    return sqlite3_get_autocommit(s->db) == 0 ? ENT_OK
                                              : ent_store_run(s, ent_store_query(s, ENT_Q_VIEW));
}

void ent_store_rest(struct ent_store *s)
{
    static const enum ent_query open[] = {ENT_Q_GET, ENT_Q_OBJECT};
    for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++)
        if (s->stmt[open[i]] != NULL)
            ent_store_done(s->stmt[open[i]]);
    ent_store_rollback(s);
}

enum ent_err ent_store_count(struct ent_store *s, uint64_t ret[static ENT_OBS_TYPES],
                             uint64_t *ret_claims)
{
    int64_t claims = 0;
    int z;
    enum ent_err r = ent_store_number(s, ent_store_query(s, ENT_Q_COUNT_CLAIMS), &claims);
    sqlite3_stmt *st = ent_store_query(s, ENT_Q_COUNT_OBSERVABLES);
    if (r != ENT_OK || st == NULL)
        return r != ENT_OK ? r : ent_store_fail(s);
    memset(ret, 0, ENT_OBS_TYPES * sizeof(ret[0]));
    while ((z = sqlite3_step(st)) == SQLITE_ROW) {
        int64_t type = sqlite3_column_int64(st, 0);
        if (type > 0 && type < ENT_OBS_TYPES)
            ret[type] = (uint64_t)sqlite3_column_int64(st, 1);
    }
    r = z == SQLITE_DONE ? ENT_OK : ent_store_fail(s);
    ent_store_done(st);
    *ret_claims = (uint64_t)claims;
    return r;
}
