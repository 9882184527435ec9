/* claims.c: who says what about an observable, in full; what this member decided about it; its
 * tags. What an author wrote is never changed: a decision stands beside it. */
#include "store/store.h"
#include "store/db.h"

/* --- claims -------------------------------------------------------------------------------------
 */

/* What stands in the file was written by ent_store_put(), but a file can be changed. */
static enum ent_err take_claim(struct ent_claim *c, sqlite3_stmt *st)
{
    int64_t tlp = sqlite3_column_int64(st, 3);
    enum ent_err r = ent_store_observable(&c->obs, st, 1);
    if (r != ENT_OK || tlp < ENT_TLP_CLEAR || tlp > ENT_TLP_RED)
        return ENT_E_FORMAT;
    c->id = (uint64_t)sqlite3_column_int64(st, 0);
    c->tlp = (enum ent_tlp)tlp;
    c->confidence = sqlite3_column_int(st, 4);
    c->valid_from = sqlite3_column_int64(st, 5);
    c->valid_until = sqlite3_column_int64(st, 6);
    c->first_import = sqlite3_column_int64(st, 7);
    c->last_import = sqlite3_column_int64(st, 8);
    c->source = ent_store_column(st, 9);
    c->ext_id = ent_store_column(st, 10);
    c->context = (uint64_t)sqlite3_column_int64(st, 11);
    c->kind = ent_store_column(st, 12);
    c->text = ent_store_column(st, 13);
    c->withdrawn = sqlite3_column_int(st, 14) != 0;
    c->decided = sqlite3_column_type(st, 15) != SQLITE_NULL;
    c->until = sqlite3_column_int64(st, 15);
    c->own = sqlite3_column_int(st, 16) != 0;
    c->labels = ent_store_column(st, 17);
    return ENT_OK;
}

static enum ent_err each_claim(struct ent_store *s, sqlite3_stmt *st,
                               enum ent_err (*each)(void *ctx, const struct ent_claim *c),
                               void *ctx)
{
    struct ent_claim c;
    enum ent_err r = ENT_OK;
    int z = SQLITE_DONE;
    while (r == ENT_OK && (z = sqlite3_step(st)) == SQLITE_ROW)
        if ((r = take_claim(&c, st)) == ENT_OK)
            r = each(ctx, &c);
    if (r == ENT_OK && z != SQLITE_DONE)
        r = ent_store_fail(s);
    ent_store_done(st);
    return r;
}

enum ent_err ent_store_claims(struct ent_store *s, const struct ent_claim_filter *f,
                              enum ent_err (*each)(void *ctx, const struct ent_claim *c), void *ctx)
{
    sqlite3_stmt *st = ent_store_query(s, ENT_Q_CLAIMS);
    if (st == NULL)
        return ent_store_fail(s);
    (void)sqlite3_bind_int64(st, 1, f->types == 0 ? ENT_OBS_ALL : f->types);
    (void)sqlite3_bind_int(st, 2, f->max_tlp == 0 ? ENT_TLP_RED : (int)f->max_tlp);
    (void)sqlite3_bind_int(st, 3, f->min_confidence == 0 ? -1 : f->min_confidence);
    (void)sqlite3_bind_int64(st, 4, f->since);
    ent_store_bind(st, 5, f->source);
    ent_store_bind(st, 6, f->tag);
    (void)sqlite3_bind_int64(st, 7, (int64_t)f->from);
    (void)sqlite3_bind_int64(st, 8, f->before == 0 ? INT64_MAX : (int64_t)f->before);
    return each_claim(s, st, each, ctx);
}

enum ent_err ent_store_claims_of(struct ent_store *s, uint64_t id,
                                 enum ent_err (*each)(void *ctx, const struct ent_claim *c),
                                 void *ctx)
{
    sqlite3_stmt *st = ent_store_query(s, ENT_Q_CLAIMS_OF);
    if (st == NULL)
        return ent_store_fail(s);
    (void)sqlite3_bind_int64(st, 1, (int64_t)id);
    return each_claim(s, st, each, ctx);
}

enum ent_err ent_store_is_shared(struct ent_store *s, bool *ret, uint64_t id,
                                 struct ent_slice source)
{
    int64_t n = 0;
    sqlite3_stmt *st = ent_store_query(s, ENT_Q_IS_SHARED);
    if (st != NULL) {
        (void)sqlite3_bind_int64(st, 1, (int64_t)id);
        ent_store_bind(st, 2, source);
    }
    enum ent_err r = ent_store_number(s, st, &n);
    *ret = n != 0;
    return r;
}

enum ent_claim_state ent_claim_state(const struct ent_claim *c, int64_t at)
{
    if (c->withdrawn)
        return ENT_CLAIM_WITHDRAWN;
    if (c->decided && c->until <= 0)
        return ENT_CLAIM_REVOKED;
    if (c->decided && c->until <= at)
        return ENT_CLAIM_ENDED;
    if (c->valid_until != 0 && c->valid_until <= at)
        return ENT_CLAIM_EXPIRED;
    return c->valid_from > at ? ENT_CLAIM_FUTURE : ENT_CLAIM_VALID;
}

/* --- decisions ----------------------------------------------------------------------------------
 */

static enum ent_err decide(struct ent_store *s, sqlite3_stmt *st, uint64_t id,
                           struct ent_slice source)
{
    if (st == NULL)
        return ent_store_fail(s);
    (void)sqlite3_bind_int64(st, 1, (int64_t)id);
    ent_store_bind(st, 2, source);
    enum ent_err r = ent_store_run(s, st);
    if (r != ENT_OK)
        return r;
    if (sqlite3_changes(s->db) == 0)
        return ENT_E_NOTFOUND;
    s->touched = true;
    return ent_store_unjudge_about(s, id);
}

enum ent_err ent_store_decide(struct ent_store *s, uint64_t id, struct ent_slice source,
                              int64_t until, int64_t now)
{
    sqlite3_stmt *st = ent_store_query(s, ENT_Q_DECIDE);
    if (st != NULL) {
        (void)sqlite3_bind_int64(st, 3, until);
        (void)sqlite3_bind_int64(st, 4, now);
    }
    return decide(s, st, id, source);
}

enum ent_err ent_store_undecide(struct ent_store *s, uint64_t id, struct ent_slice source)
{
    return decide(s, ent_store_query(s, ENT_Q_UNDECIDE), id, source);
}

/* --- tags ---------------------------------------------------------------------------------------
 */

static enum ent_err run_tag(struct ent_store *s, enum ent_query q, uint64_t id,
                            struct ent_slice tag, int64_t now)
{
    sqlite3_stmt *st = ent_store_query(s, q);
    if (st == NULL)
        return ent_store_fail(s);
    (void)sqlite3_bind_int64(st, 1, (int64_t)id);
    ent_store_bind(st, 2, tag);
    if (q == ENT_Q_TAG)
        (void)sqlite3_bind_int64(st, 3, now);
    enum ent_err r = ent_store_run(s, st);
    return r == ENT_OK && sqlite3_changes(s->db) == 0 ? ENT_E_NOTFOUND : r;
}

bool ent_store_is_words(struct ent_slice s, size_t max)
{
    bool ok =
        s.n > 0 && s.n <= max && ent_utf8_valid(s, NULL) && ent_slice_eq(ent_slice_trim(s), s);
    for (size_t i = 0, n; ok && i < s.n; i += n)
        ok = !ent_is_invisible(ent_utf8_next(ent_slice(s.p + i, s.n - i), &n));
    return ok;
}

enum ent_err ent_store_tag(struct ent_store *s, uint64_t id, struct ent_slice tag, int64_t now)
{
    if (!ent_store_is_words(tag, ENT_TAG_MAX))
        return ENT_E_FORMAT;
    enum ent_err r = run_tag(s, ENT_Q_TAG, id, tag, now);
    return r == ENT_E_NOTFOUND ? ENT_OK : r; /* it has this tag already */
}

enum ent_err ent_store_untag(struct ent_store *s, uint64_t id, struct ent_slice tag)
{
    return run_tag(s, ENT_Q_UNTAG, id, tag, 0);
}

enum ent_err ent_store_tags(struct ent_store *s, uint64_t id,
                            enum ent_err (*each)(void *ctx, struct ent_slice tag), void *ctx)
{
    sqlite3_stmt *st = ent_store_query(s, ENT_Q_TAGS);
    enum ent_err r = ENT_OK;
    int z = SQLITE_DONE;
    if (st == NULL)
        return ent_store_fail(s);
    (void)sqlite3_bind_int64(st, 1, (int64_t)id);
    while (r == ENT_OK && (z = sqlite3_step(st)) == SQLITE_ROW)
        r = each(ctx, ent_store_column(st, 0));
    if (r == ENT_OK && z != SQLITE_DONE)
        r = ent_store_fail(s);
    ent_store_done(st);
    return r;
}
