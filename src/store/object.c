/*
 * object.c: objects of STIX as they came, and which version of them counts.
 *
 * The enemy is a source that says two things under one id, floods an id with versions, or speaks in
 * the name of another: every question here is one walk down an index that begins with the id and
 * the source, so that what one source sends costs the others nothing.
 */
#include "store/store.h"
#include "store/db.h"

#define EQUALS 8 /* objects of one id, version and source that are compared; of lies, kept */

/* --- in ----------------------------------------------------------------------------------------
 */

struct put {
    struct ent_store *s;
    const struct ent_stix_object *o;
    int64_t source;
    enum ent_object_put result;
    bool elsewhere;
    /* the one of this version that says the same; 0 for none */
    int64_t equal, equal_state;
    size_t others, odd; /* of this version that say something else, and do or do not count */
    int64_t latest;
    int newer; /* than the latest: below 0 for older, 0 for the same version */
};

static sqlite3_stmt *about(struct put *p, enum ent_query q)
{
    sqlite3_stmt *st = ent_store_query(p->s, q);
    if (st == NULL)
        return NULL;
    ent_store_bind(st, 1, p->o->id);
    (void)sqlite3_bind_int64(st, 2, p->source);
    if (q != ENT_Q_OBJECT_LATEST) {
        ent_store_bind(st, 3, p->o->version);
        (void)sqlite3_bind_int(st, 4, EQUALS);
    }
    return st;
}

/* Whether something was said twice under one version. What has no versions may change, but for
 * markings, which say who may read. */
static bool is_versioned(const struct ent_stix_object *o)
{
    return o->version.n > 0 || ent_slice_starts(o->id, ENT_SLICE_LIT("marking-definition--"));
}

static bool says_the_same(const struct put *p, struct ent_slice body, struct ent_slice gist)
{
    struct ent_stix_gist g;
    return ent_slice_eq(p->o->bytes, body) ||
           (ent_stix_gist_parse(&g, gist) == ENT_OK &&
            memcmp(g.said32, p->o->gist.said32, sizeof(g.said32)) == 0);
}

/* Among the latest that count, or the first that do not. */
static enum ent_err find_equal(struct put *p, enum ent_query q, size_t *others)
{
    sqlite3_stmt *st = about(p, q);
    int z = SQLITE_ERROR;
    while (st != NULL && (z = sqlite3_step(st)) == SQLITE_ROW) {
        if (p->equal != 0 || !says_the_same(p, ent_store_column(st, 2), ent_store_column(st, 3))) {
            ++*others;
            continue;
        }
        p->equal = sqlite3_column_int64(st, 0);
        p->equal_state = sqlite3_column_int64(st, 1);
    }
    enum ent_err r = z == SQLITE_DONE ? ENT_OK : ent_store_fail(p->s);
    if (st != NULL)
        ent_store_done(st);
    return r;
}

static enum ent_err find_elsewhere(struct put *p)
{
    sqlite3_stmt *st = about(p, ENT_Q_OBJECT_ELSEWHERE);
    int z = SQLITE_ERROR;
    while (st != NULL && (z = sqlite3_step(st)) == SQLITE_ROW)
        p->elsewhere =
            p->elsewhere || !says_the_same(p, ent_store_column(st, 0), ent_store_column(st, 1));
    enum ent_err r = z == SQLITE_DONE ? ENT_OK : ent_store_fail(p->s);
    if (st != NULL)
        ent_store_done(st);
    return r;
}

static bool is_by_its_creator(const struct put *p, struct ent_slice gist)
{
    struct ent_stix_gist g;
    return ent_stix_gist_parse(&g, gist) == ENT_OK && ent_slice_eq(g.creator, p->o->gist.creator);
}

/* What the source said of an observable under this id, it says no longer. */
static enum ent_err drop_claim(struct put *p, enum ent_obs_type type, struct ent_slice value)
{
    sqlite3_stmt *st = ent_store_query(p->s, ENT_Q_DROP_CLAIM);
    if (st == NULL)
        return ent_store_fail(p->s);
    (void)sqlite3_bind_int(st, 1, (int)type);
    ent_store_bind(st, 2, value);
    (void)sqlite3_bind_int64(st, 3, p->source);
    ent_store_bind(st, 4, p->o->id);
    p->s->touched = true;
    enum ent_err r = ent_store_run(p->s, st);
    return r == ENT_OK ? ent_store_unjudge(p->s, p->source) : r;
}

/* The claims on what was named, and is not any more. */
static enum ent_err end_claims(struct put *p, struct ent_slice gist)
{
    struct ent_slice value;
    enum ent_obs_type type;
    struct ent_stix_gist g;
    enum ent_err r = ent_stix_gist_parse(&g, gist);
    while (r == ENT_OK && ent_stix_names_next(&type, &value, &g.names))
        if (!ent_stix_names_have(p->o->gist.names, type, value))
            r = drop_claim(p, type, value);
    return r;
}

/* Of what counted until now: the latest version, and what contradicted it. */
static enum ent_err end_old_claims(struct put *p, struct ent_slice version, struct ent_slice gist)
{
    sqlite3_stmt *st = about(p, ENT_Q_OBJECT_ODD);
    int z = SQLITE_DONE;
    if (st == NULL)
        return ent_store_fail(p->s);
    ent_store_bind(st, 3, version);
    enum ent_err r = end_claims(p, gist);
    while (r == ENT_OK && (z = sqlite3_step(st)) == SQLITE_ROW)
        if (sqlite3_column_int(st, 1) == ENT_OBJECT_EQUIVOCAL)
            r = end_claims(p, ent_store_column(st, 3));
    if (r == ENT_OK && z != SQLITE_DONE)
        r = ent_store_fail(p->s);
    ent_store_done(st);
    return r;
}

/* What this source's latest version makes of the new one. */
static enum ent_err compare_latest(struct put *p)
{
    sqlite3_stmt *st = about(p, ENT_Q_OBJECT_LATEST);
    int z = st == NULL ? SQLITE_ERROR : sqlite3_step(st);
    enum ent_err r = ENT_OK;
    if (z == SQLITE_ROW) {
        struct ent_slice gist = ent_store_column(st, 3);
        p->latest = sqlite3_column_int64(st, 0);
        p->newer = ent_slice_cmp(p->o->version, ent_store_column(st, 1));
        bool revoked = sqlite3_column_int(st, 2) != 0;
        if (p->equal != 0)
            p->result = p->equal == p->latest ? ENT_OBJECT_SAME : ENT_OBJECT_OLDER;
        else if (revoked)
            p->result = ENT_OBJECT_FINAL;
        else if (!is_by_its_creator(p, gist))
            p->result = ENT_OBJECT_FOREIGN;
        else if (p->others > 0 && is_versioned(p->o))
            p->result = ENT_OBJECT_CONFLICT;
        else
            p->result = p->newer < 0 ? ENT_OBJECT_OLDER : ENT_OBJECT_NEWER;
        if (p->result == ENT_OBJECT_NEWER && !p->o->revoked) /* what was revoked stays known */
            r = end_old_claims(p, ent_store_column(st, 1), gist);
    } else if (z != SQLITE_DONE) {
        r = ent_store_fail(p->s);
    }
    if (st != NULL)
        ent_store_done(st);
    return r;
}

/* The narrower marking wins, whoever gave it under whatever pretext. */
static enum ent_err narrow(struct put *p, int64_t seq)
{
    sqlite3_stmt *st = ent_store_query(p->s, ENT_Q_OBJECT_NARROW);
    if (st != NULL) {
        (void)sqlite3_bind_int64(st, 1, seq);
        (void)sqlite3_bind_int(st, 2, (int)p->o->tlp);
    }
    return ent_store_run(p->s, st);
}

/* What was known already: what did not count at first does not count when it comes again. */
static enum ent_err again(struct put *p)
{
    if (p->equal_state == ENT_OBJECT_EQUIVOCAL)
        p->result = ENT_OBJECT_CONFLICT;
    else if (p->equal_state == ENT_OBJECT_NOT_ITS_OWN)
        p->result = ENT_OBJECT_FOREIGN;
    else if (p->equal_state == ENT_OBJECT_TOO_LATE)
        p->result = ENT_OBJECT_FINAL;
    return narrow(p, p->equal);
}

static enum ent_object_state state_of(const struct put *p)
{
    switch (p->result) {
    case ENT_OBJECT_CONFLICT:
        return ENT_OBJECT_EQUIVOCAL;
    case ENT_OBJECT_FOREIGN:
        return ENT_OBJECT_NOT_ITS_OWN;
    case ENT_OBJECT_FINAL:
        return ENT_OBJECT_TOO_LATE;
    default:
        return p->elsewhere && is_versioned(p->o) ? ENT_OBJECT_DISPUTED : ENT_OBJECT_COUNTS;
    }
}

static enum ent_err add_pointers(struct ent_store *s, struct ent_slice refs, int64_t seq)
{
    struct ent_cur c = ent_cur(refs);
    struct ent_slice id;
    enum ent_err r = ENT_OK;
    while (r == ENT_OK && ent_cur_line(&c, &id) == ENT_OK) {
        sqlite3_stmt *st = ent_store_query(s, ENT_Q_POINT);
        if (st != NULL) {
            ent_store_bind(st, 1, id);
            (void)sqlite3_bind_int64(st, 2, seq);
        }
        r = ent_store_run(s, st);
    }
    return r;
}

static enum ent_err add(struct put *p, int64_t now)
{
    const struct ent_stix_object *o = p->o;
    struct ent_buf gist;
    ent_buf_init(&gist, ENT_STIX_GIST_MOST);
    enum ent_err r = ent_stix_gist_encode(&gist, &o->gist);
    sqlite3_stmt *st = ent_store_query(p->s, ENT_Q_OBJECT_ADD);
    if (r != ENT_OK || st == NULL) {
        ent_buf_release(&gist);
        return r != ENT_OK ? r : ent_store_fail(p->s);
    }
    ent_store_bind(st, 1, o->id);
    ent_store_bind(st, 2, o->version);
    (void)sqlite3_bind_int64(st, 3, p->source);
    (void)sqlite3_bind_int(st, 4, (int)o->tlp);
    (void)sqlite3_bind_int(st, 5, o->revoked);
    (void)sqlite3_bind_int(st, 6, o->taken);
    (void)sqlite3_bind_int(st, 7, (int)state_of(p));
    (void)sqlite3_bind_int64(st, 8, now);
    ent_store_bind(st, 9, o->bytes);
    ent_store_bind(st, 10, ent_buf_slice(&gist));
    r = ent_store_run(p->s, st);
    ent_buf_release(&gist);
    return r == ENT_OK ? add_pointers(p->s, o->refs, sqlite3_last_insert_rowid(p->s->db)) : r;
}

enum ent_err ent_store_object_put(struct ent_store *s, enum ent_object_put *ret,
                                  bool *ret_elsewhere, const struct ent_stix_object *o,
                                  struct ent_slice source, int64_t now)
{
    struct put p = {.s = s, .o = o, .result = ENT_OBJECT_NEW};
    int64_t known = 0;
    enum ent_err r = ent_store_source(s, &p.source, source);
    sqlite3_stmt *st = ent_store_query(s, ENT_Q_OBJECT_KNOWN);
    if (st != NULL)
        ent_store_bind(st, 1, o->id);
    if (r != ENT_OK || (r = ent_store_number(s, st, &known)) != ENT_OK)
        return r;
    if (known != 0 && ((r = find_equal(&p, ENT_Q_OBJECT_EQUAL, &p.others)) != ENT_OK ||
                       (r = find_equal(&p, ENT_Q_OBJECT_ODD, &p.odd)) != ENT_OK ||
                       (r = find_elsewhere(&p)) != ENT_OK || (r = compare_latest(&p)) != ENT_OK))
        return r;
    if (p.equal != 0)
        r = again(&p);
    else if (state_of(&p) <= ENT_OBJECT_DISPUTED || p.odd < EQUALS)
        r = add(&p, now);
    if (r == ENT_OK && p.result == ENT_OBJECT_CONFLICT && p.latest != 0)
        r = narrow(&p, p.latest);
    *ret = p.result;
    *ret_elsewhere = p.elsewhere && is_versioned(o);
    return r;
}

/* --- gists --------------------------------------------------------------------------------------
 */

enum ent_err ent_store_ungisted(struct ent_store *s, unsigned most,
                                enum ent_err (*each)(void *ctx, uint64_t seq,
                                                     struct ent_slice bytes),
                                void *ctx)
{
    sqlite3_stmt *st = ent_store_query(s, ENT_Q_OBJECT_UNGISTED);
    enum ent_err r = ENT_OK;
    int z = SQLITE_DONE;
    if (st == NULL)
        return ent_store_fail(s);
    (void)sqlite3_bind_int64(st, 1, most);
    while (r == ENT_OK && (z = sqlite3_step(st)) == SQLITE_ROW)
        r = each(ctx, (uint64_t)sqlite3_column_int64(st, 0), ent_store_column(st, 1));
    if (r == ENT_OK && z != SQLITE_DONE)
        r = ent_store_fail(s);
    ent_store_done(st);
    return r;
}

enum ent_err ent_store_object_gist(struct ent_store *s, uint64_t seq, const struct ent_stix_gist *g)
{
    struct ent_buf b;
    ent_buf_init(&b, ENT_STIX_GIST_MOST);
    enum ent_err r = ent_stix_gist_encode(&b, g);
    sqlite3_stmt *st = ent_store_query(s, ENT_Q_OBJECT_GIST);
    if (st != NULL) {
        (void)sqlite3_bind_int64(st, 1, (int64_t)seq);
        ent_store_bind(st, 2, ent_buf_slice(&b));
    }
    if (r == ENT_OK)
        r = ent_store_run(s, st);
    ent_buf_release(&b);
    return r;
}

/* --- out ---------------------------------------------------------------------------------------
 */

static const struct ent_object_filter all_kept;

static enum ent_err take_kept(struct ent_kept *k, sqlite3_stmt *st)
{
    int64_t tlp = sqlite3_column_int64(st, 4), state = sqlite3_column_int64(st, 7);
    if (tlp < ENT_TLP_CLEAR || tlp > ENT_TLP_RED || state < ENT_OBJECT_COUNTS ||
        state > ENT_OBJECT_TOO_LATE)
        return ENT_E_FORMAT;
    k->seq = (uint64_t)sqlite3_column_int64(st, 0);
    k->id = ent_store_column(st, 1);
    k->version = ent_store_column(st, 2);
    k->source = ent_store_column(st, 3);
    k->tlp = (enum ent_tlp)tlp;
    k->revoked = sqlite3_column_int(st, 5) != 0;
    k->taken = sqlite3_column_int(st, 6) != 0;
    k->state = (enum ent_object_state)state;
    k->imported = sqlite3_column_int64(st, 8);
    k->bytes = ent_store_column(st, 9);
    k->held = sqlite3_column_int(st, 10) != 0;
    k->gist = ent_store_column(st, 11);
    return ent_is_stix_id(k->id) && k->bytes.n >= 2 ? ENT_OK : ENT_E_FORMAT;
}

static enum ent_err pass(const struct ent_object_filter *f, const struct ent_kept *k,
                         enum ent_err (*each)(void *ctx, const struct ent_kept *k), void *ctx)
{
    if (ent_claim_may_pass(k->tlp, k->held && !f->own, f->max_tlp))
        return each(ctx, k);
    uint64_t *n = ent_claim_may_pass(k->tlp, false, f->max_tlp) ? f->unreleased : f->narrower;
    if (n != NULL)
        ++*n;
    return ENT_OK;
}

static enum ent_err each_kept(struct ent_store *s, sqlite3_stmt *st,
                              const struct ent_object_filter *f,
                              enum ent_err (*each)(void *ctx, const struct ent_kept *k), void *ctx)
{
    struct ent_kept k;
    enum ent_err r = ENT_OK;
    int z = SQLITE_DONE;
    while (r == ENT_OK && (z = sqlite3_step(st)) == SQLITE_ROW)
        if ((r = take_kept(&k, st)) == ENT_OK)
            r = pass(f, &k, each, ctx);
    if (r == ENT_OK && z != SQLITE_DONE)
        r = ent_store_fail(s);
    ent_store_done(st);
    return r;
}

enum ent_err ent_store_objects(struct ent_store *s, const struct ent_object_filter *f,
                               enum ent_err (*each)(void *ctx, const struct ent_kept *k), void *ctx)
{
    sqlite3_stmt *st = ent_store_query(s, ENT_Q_OBJECTS);
    char start[ENT_STIX_ID_MAX + 3] = "";
    if (st == NULL)
        return ent_store_fail(s);
    if (f->type.n > ENT_STIX_ID_MAX)
        return ENT_OK; /* no object is of that type */
    if (f->type.n > 0)
        (void)snprintf(start, sizeof(start), "%.*s--", (int)f->type.n, (const char *)f->type.p);
    ent_store_bind(st, 1, ent_slice_str(start));
    (void)sqlite3_bind_int(st, 2, (int)f->max_tlp);
    ent_store_bind(st, 3, f->source);
    (void)sqlite3_bind_int64(st, 4, f->since);
    (void)sqlite3_bind_int(st, 5, f->plain);
    (void)sqlite3_bind_int(st, 6, !f->own);
    return each_kept(s, st, f, each, ctx);
}

enum ent_err ent_store_object_versions(struct ent_store *s, struct ent_slice id,
                                       enum ent_err (*each)(void *ctx, const struct ent_kept *k),
                                       void *ctx)
{
    sqlite3_stmt *st = ent_store_query(s, ENT_Q_OBJECT_VERSIONS);
    if (st == NULL)
        return ent_store_fail(s);
    ent_store_bind(st, 1, id);
    return each_kept(s, st, &all_kept, each, ctx);
}

enum ent_err ent_store_pointing(struct ent_store *s, struct ent_slice id,
                                enum ent_err (*each)(void *ctx, const struct ent_kept *k),
                                void *ctx)
{
    sqlite3_stmt *st = ent_store_query(s, ENT_Q_POINTING);
    if (st == NULL)
        return ent_store_fail(s);
    ent_store_bind(st, 1, id);
    return each_kept(s, st, &all_kept, each, ctx);
}

enum ent_err ent_store_object(struct ent_store *s, struct ent_kept *ret, struct ent_slice source,
                              struct ent_slice id)
{
    sqlite3_stmt *st = ent_store_query(s, ENT_Q_OBJECT);
    if (st == NULL)
        return ent_store_fail(s);
    ent_store_done(st); /* the last answer */
    ent_store_bind(st, 1, id);
    ent_store_bind(st, 2, source);
    int z = sqlite3_step(st);
    enum ent_err r = z == SQLITE_ROW    ? take_kept(ret, st)
                     : z == SQLITE_DONE ? ENT_E_NOTFOUND
                                        : ent_store_fail(s);
    if (r != ENT_OK)
        ent_store_done(st);
    return r;
}

enum ent_err ent_store_count_objects(struct ent_store *s, uint64_t *ret, uint64_t *ret_odd)
{
    int64_t all = 0, odd = 0;
    enum ent_err r = ent_store_number(s, ent_store_query(s, ENT_Q_COUNT_OBJECTS), &all);
    if (r == ENT_OK)
        r = ent_store_number(s, ent_store_query(s, ENT_Q_COUNT_ODD), &odd);
    *ret = (uint64_t)all;
    *ret_odd = (uint64_t)odd;
    return r;
}
