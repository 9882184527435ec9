/*
 * served.c: keeping the table of what TAXII serves: what was touched is looked at again, row by
 * row, and gets a date when it may pass a door that it did not pass before, or was hidden while it
 * was touched.
 *
 * The enemy is a source that makes work for the others: each entry names a source, and what it
 * costs is bounded by what that source said.
 */
#include "store/served_parts.h"

#define NOWHERE  9   /* of lo: there is no such door */
#define VERSIONS 100 /* of an object: the latest */
#define SOURCES  64  /* of an object: those that came first */
#define CLAIMS   100000

/* --- the parts ----------------------------------------------------------------------------------
 */

enum ent_err ent_serve_state(struct ent_serve *x, struct ent_serve_source *ret, int64_t source)
{
    sqlite3_stmt *st;
    if (source == 0) {
        *ret = (struct ent_serve_source){.id = 0, .state = ENT_FREE, .shown = true};
        return ENT_OK;
    }
    if (x->source.id == source) {
        *ret = x->source;
        return ENT_OK;
    }
    if ((st = ent_store_query(x->s, ENT_Q_SERVED_STATE)) == NULL)
        return ent_store_fail(x->s);
    (void)sqlite3_bind_int64(st, 1, source);
    enum ent_err r = sqlite3_step(st) == SQLITE_ROW ? ENT_OK : ent_store_fail(x->s);
    bool current = sqlite3_column_int(st, 0) != 0, held = sqlite3_column_int(st, 1) != 0;
    x->source = (struct ent_serve_source){.id = source,
                                          .state = !current ? ENT_UNJUDGED
                                                   : held   ? ENT_HELD_BACK
                                                            : ENT_FREE,
                                          .shown = sqlite3_column_int(st, 2) != 0,
                                          .missed = sqlite3_column_int(st, 3) != 0,
                                          .job = sqlite3_column_int(st, 4)};
    ent_store_done(st);
    *ret = x->source;
    return r;
}

enum ent_err ent_serve_run2(struct ent_serve *x, enum ent_query q, int64_t source,
                            struct ent_slice ext_id)
{
    sqlite3_stmt *st = ent_store_query(x->s, q);
    ent_served_bind2(st, source, ext_id);
    return ent_store_run(x->s, st);
}

enum ent_err ent_serve_run3(struct ent_serve *x, enum ent_query q, int64_t observable,
                            int64_t source, struct ent_slice ext_id)
{
    sqlite3_stmt *st = ent_store_query(x->s, q);
    if (st != NULL) {
        (void)sqlite3_bind_int64(st, 1, observable);
        (void)sqlite3_bind_int64(st, 2, source);
        ent_store_bind(st, 3, ext_id);
    }
    return ent_store_run(x->s, st);
}

void ent_entries_init(struct ent_entries *e)
{
    ent_buf_init(&e->list, CLAIMS * sizeof(struct ent_entry));
    ent_buf_init(&e->words, (size_t)1 << 28);
    e->n = 0;
}

void ent_entries_release(struct ent_entries *e)
{
    ent_buf_release(&e->list);
    ent_buf_release(&e->words);
}

struct ent_slice ent_entry_words(const struct ent_entries *e, const struct ent_entry *one)
{
    return ent_slice(e->words.p + one->at, one->n);
}

const struct ent_entry *ent_entry_at(const struct ent_entries *e, size_t i)
{
    return (const struct ent_entry *)(const void *)e->list.p + i;
}

/* The rows of a statement, of which the columns from 0 on are source, words and item, as far as
 * there are so many; -1: no such column. */
enum ent_err ent_serve_collect(struct ent_serve *x, struct ent_entries *e, sqlite3_stmt *st,
                               int source, int words, int item, int extra)
{
    enum ent_err r = ENT_OK;
    int z = SQLITE_DONE;
    if (st == NULL)
        return ent_store_fail(x->s);
    while (r == ENT_OK && (z = sqlite3_step(st)) == SQLITE_ROW) {
        struct ent_slice w = words < 0 ? ent_slice(NULL, 0) : ent_store_column(st, words);
        struct ent_entry one = {.source = source < 0 ? 0 : sqlite3_column_int64(st, source),
                                .item = item < 0 ? 0 : sqlite3_column_int64(st, item),
                                .extra = extra < 0 ? 0 : sqlite3_column_int64(st, extra),
                                .at = e->words.n,
                                .n = w.n};
        if ((r = ent_buf_put_slice(&e->words, w)) == ENT_OK)
            r = ent_buf_put(&e->list, &one, sizeof(one));
        e->n += r == ENT_OK;
    }
    if (r == ENT_OK && z != SQLITE_DONE)
        r = ent_store_fail(x->s);
    ent_store_done(st);
    return r;
}

/* --- a row --------------------------------------------------------------------------------------
 */

struct old_row {
    int64_t id, added, modified; /* id 0: there is none; added 0: it is not out */
    int lo, hi;
};

static enum ent_err find_row(struct ent_serve *x, struct old_row *ret,
                             const struct ent_serve_row *w)
{
    sqlite3_stmt *st = ent_store_query(x->s, ENT_Q_SERVED_FIND);
    *ret = (struct old_row){.id = 0, .lo = NOWHERE};
    if (st == NULL)
        return ent_store_fail(x->s);
    ent_served_bind2(st, w->source, w->ext_id);
    (void)sqlite3_bind_int64(st, 3, w->item);
    int z = sqlite3_step(st);
    if (z == SQLITE_ROW)
        *ret = (struct old_row){.id = sqlite3_column_int64(st, 0),
                                .added = sqlite3_column_int64(st, 1),
                                .lo = sqlite3_column_int(st, 2),
                                .hi = sqlite3_column_int(st, 3),
                                .modified = sqlite3_column_int64(st, 4)};
    enum ent_err r = z == SQLITE_ROW || z == SQLITE_DONE ? ENT_OK : ent_store_fail(x->s);
    ent_store_done(st);
    return r;
}

static enum ent_err write_row(struct ent_serve *x, const struct old_row *old,
                              const struct ent_serve_row *w, int64_t added, int64_t modified)
{
    sqlite3_stmt *st = ent_store_query(x->s, old->id == 0 ? ENT_Q_SERVED_ADD : ENT_Q_SERVED_SET);
    if (st == NULL)
        return ent_store_fail(x->s);
    if (old->id == 0) {
        ent_served_bind2(st, w->source, w->ext_id);
        (void)sqlite3_bind_int64(st, 3, w->item);
        (void)sqlite3_bind_int64(st, 8, w->type);
    } else {
        (void)sqlite3_bind_int64(st, 1, old->id);
    }
    if (added != 0)
        (void)sqlite3_bind_int64(st, 4, added);
    (void)sqlite3_bind_int(st, 5, w->lo);
    (void)sqlite3_bind_int(st, 6, w->hi);
    if (w->due != 0)
        (void)sqlite3_bind_int64(st, 7, w->due);
    (void)sqlite3_bind_int64(st, 9, w->key);
    if (w->uuid != NULL)
        (void)sqlite3_bind_blob(st, 10, w->uuid->b, sizeof(w->uuid->b), SQLITE_STATIC);
    (void)sqlite3_bind_int64(st, 11, modified);
    (void)sqlite3_bind_int(st, 12, (w->first ? 1 : 0) | (w->last ? 2 : 0));
    (void)sqlite3_bind_int(st, 13, w->is_20 ? 20 : 21);
    return ent_store_run(x->s, st);
}

/* What opens a door that was shut, or was hidden, gets a new date: some reader may have passed it
 * by. A new version is never one that was there before. */
enum ent_err ent_serve_put(struct ent_serve *x, const struct ent_serve_row *w)
{
    bool passes = w->lo < ENT_SERVE_DOORS && w->lo < w->hi;
    int64_t added = 0, modified;
    struct old_row old;
    enum ent_err r = find_row(x, &old, w);
    x->done++;
    /* An object has a row in any case: when its source is held, others may go in its place. */
    if (r != ENT_OK || (old.id == 0 && !passes && w->due == 0 && w->item > 0))
        return r;
    if (passes && w->state == ENT_FREE)
        added = old.added != 0 && !w->force && w->lo >= old.lo && w->hi <= old.hi
                    ? old.added
                    : ent_served_clock_tick(&x->clock);
    modified = w->modified;
    if (old.id != 0 && modified != 0 && modified <= old.modified)
        modified = w->force ? old.modified + 1 : old.modified;
    else if (old.id != 0 && !w->force)
        modified = old.modified;
    return write_row(x, &old, w, added, modified);
}

/* --- a claim ------------------------------------------------------------------------------------
 */

struct facts {
    bool found;
    struct ent_observable obs;
    struct ent_uuid16 uuid;
    int lo;
    int64_t due, last_import;
};

static void sooner(int64_t *due, int64_t at)
{
    if (*due == 0 || at < *due)
        *due = at;
}

/* Which doors it passes now, and when that changes by itself: as VALID has it for an export. */
static void judge_facts(struct facts *f, sqlite3_stmt *st, int64_t now)
{
    int64_t from = sqlite3_column_int64(st, 3), until = sqlite3_column_int64(st, 4);
    bool decided = sqlite3_column_type(st, 7) != SQLITE_NULL;
    int64_t ends = sqlite3_column_int64(st, 7);
    int tlp = sqlite3_column_int(st, 2), own = sqlite3_column_int(st, 9);
    bool over = sqlite3_column_int(st, 6) != 0 || (decided && ends <= now) ||
                (until != 0 && until <= now) || !ent_out_stix_carries(&f->obs);
    f->lo = NOWHERE;
    f->due = 0;
    if (over)
        return;
    if (from > now)
        sooner(&f->due, from);
    else
        for (int door = ENT_SERVE_DOORS - 1; door >= ENT_TLP_CLEAR; door--)
            if (ent_claim_may_pass((enum ent_tlp)tlp, false, (enum ent_tlp)door) &&
                (own == 0 || ent_claim_may_pass((enum ent_tlp)own, false, (enum ent_tlp)door)))
                f->lo = door;
    if (until != 0)
        sooner(&f->due, until);
    if (decided)
        sooner(&f->due, ends);
}

static enum ent_err look_at_claim(struct ent_serve *x, struct facts *f, int64_t observable,
                                  int64_t source, struct ent_slice ext_id)
{
    sqlite3_stmt *st = ent_store_query(x->s, ENT_Q_CLAIM_FACTS);
    *f = (struct facts){.lo = NOWHERE};
    if (st == NULL)
        return ent_store_fail(x->s);
    (void)sqlite3_bind_int64(st, 1, observable);
    (void)sqlite3_bind_int64(st, 2, source);
    ent_store_bind(st, 3, ext_id);
    int z = sqlite3_step(st);
    enum ent_err r = z == SQLITE_ROW || z == SQLITE_DONE ? ENT_OK : ent_store_fail(x->s);
    if (z == SQLITE_ROW && (r = ent_store_observable(&f->obs, st, 0)) == ENT_OK) {
        f->found = true;
        f->last_import = sqlite3_column_int64(st, 5);
        judge_facts(f, st, x->clock.now / 1000000);
        r = ent_out_indicator_id(&f->uuid, &x->self->uuid, &f->obs,
                                 source == 0 ? x->self->author : ent_store_column(st, 8), ext_id);
    }
    ent_store_done(st);
    return r;
}

static enum ent_err put_claim(struct ent_serve *x, const struct facts *f, int64_t observable,
                              int64_t source, struct ent_slice ext_id, int hi, bool force,
                              enum ent_serve_state_of state)
{
    char id[ENT_SERVED_UUID_ID];
    ent_served_uuid_id(id, &f->uuid);
    const struct ent_serve_row w = {.source = source,
                                    .item = observable,
                                    .due = f->due,
                                    .ext_id = ext_id,
                                    .lo = f->lo,
                                    .hi = hi,
                                    .state = state,
                                    .force = force,
                                    .first = true,
                                    .last = true,
                                    .type = 1,
                                    .key = ent_served_key(ent_slice_str(id)),
                                    .modified = f->last_import * 1000,
                                    .uuid = &f->uuid};
    return ent_serve_put(x, &w);
}

/* It is not there any more. */
static enum ent_err hide_claim(struct ent_serve *x, int64_t observable, int64_t source,
                               struct ent_slice ext_id)
{
    const struct facts nothing = {.lo = NOWHERE};
    return put_claim(x, &nothing, observable, source, ext_id, ENT_SERVE_DOORS, false, ENT_FREE);
}

bool ent_serve_is_of_object(struct ent_slice ext_id)
{
    for (size_t i = 1; i < ext_id.n; i++)
        if (ext_id.p[i] == '-' && ext_id.p[i - 1] == '-')
            return true;
    return false;
}

enum ent_err ent_serve_claim(struct ent_serve *x, int64_t observable, int64_t source,
                             struct ent_slice ext_id, bool force)
{
    struct ent_serve_source state = {.id = -1};
    struct facts f;
    enum ent_err r;
    if ((r = ent_serve_state(x, &state, source)) != ENT_OK ||
        (r = look_at_claim(x, &f, observable, source, ext_id)) != ENT_OK)
        return r;
    if (!f.found)
        return hide_claim(x, observable, source, ext_id);
    if (ent_serve_is_of_object(ext_id)) /* in the other queue too */
        return ENT_OK;
    if (state.state == ENT_UNJUDGED) /* waits for its judgement */
        return ent_serve_run3(x, ENT_Q_TOUCH_CLAIM, observable, source, ext_id);
    return put_claim(x, &f, observable, source, ext_id, ENT_SERVE_DOORS, force, state.state);
}

/* All claims on it become entries of their own: one observable may have a million. */
enum ent_err ent_serve_observable(struct ent_serve *x, int64_t observable)
{
    sqlite3_stmt *st = ent_store_query(x->s, ENT_Q_TOUCH_ALL);
    if (st != NULL)
        (void)sqlite3_bind_int64(st, 1, observable);
    enum ent_err r = ent_store_run(x->s, st);
    return r == ENT_OK ? ent_serve_claim(x, observable, 0, ent_slice(NULL, 0), true) : r;
}

/* --- an object, and what its source says under its id ------------------------------------------
 */

struct version {
    int64_t seq;
    int tlp;
    bool revoked, is_20;
};
struct versions {
    struct version v[VERSIONS]; /* the latest first */
    size_t n;
    bool taken; /* the latest */
};

struct ent_stix_gist ent_served_gist(sqlite3_stmt *st, int at)
{
    struct ent_stix_gist g;
    bool known = ent_stix_gist_parse(&g, ent_store_column(st, at)) == ENT_OK;
    return known ? g : (struct ent_stix_gist){.is_20 = false};
}

static enum ent_err look_at_versions(struct ent_serve *x, struct versions *ret, int64_t source,
                                     struct ent_slice id)
{
    sqlite3_stmt *st = ent_store_query(x->s, ENT_Q_EXT_VERSIONS);
    int z = SQLITE_DONE;
    *ret = (struct versions){.n = 0};
    if (st == NULL)
        return ent_store_fail(x->s);
    ent_store_bind(st, 1, id);
    (void)sqlite3_bind_int64(st, 2, source);
    (void)sqlite3_bind_int(st, 3, VERSIONS);
    while (ret->n < VERSIONS && (z = sqlite3_step(st)) == SQLITE_ROW) {
        if (ret->n == 0)
            ret->taken = sqlite3_column_int(st, 3) != 0;
        ret->v[ret->n++] = (struct version){.seq = sqlite3_column_int64(st, 0),
                                            .tlp = sqlite3_column_int(st, 2),
                                            .revoked = sqlite3_column_int(st, 4) != 0,
                                            .is_20 = ent_served_gist(st, 5).is_20};
    }
    enum ent_err r = z == SQLITE_ROW || z == SQLITE_DONE ? ENT_OK : ent_store_fail(x->s);
    ent_store_done(st);
    return r;
}

static int widest(int tlp)
{
    for (int door = ENT_TLP_CLEAR; door < ENT_SERVE_DOORS; door++)
        if (ent_claim_may_pass((enum ent_tlp)tlp, false, (enum ent_tlp)door))
            return door;
    return NOWHERE;
}

/* Of a revoked object nothing older goes; of an indicator only what counts, because of the others
 * nothing says any more whether all that they name may go. */
static enum ent_err put_versions(struct ent_serve *x, const struct versions *v,
                                 struct ent_serve_row *w, int lo)
{
    size_t shown = v->n == 0 ? 0 : v->v[0].revoked || v->taken ? 1 : v->n;
    enum ent_err r = ENT_OK;
    for (size_t i = 0; i < shown && r == ENT_OK; i++) {
        int tlp = widest(v->v[i].tlp);
        w->item = -v->v[i].seq;
        w->lo = tlp > lo ? tlp : lo;
        w->first = i + 1 == shown;
        w->last = i == 0;
        w->is_20 = v->v[i].is_20;
        r = ent_serve_put(x, w);
    }
    return r;
}

/* Rows of versions that are not to be seen any more. */
static enum ent_err drop_others(struct ent_serve *x, const struct versions *v,
                                const struct ent_serve_row *w)
{
    size_t shown = v->n == 0 ? 0 : v->v[0].revoked || v->taken ? 1 : v->n;
    struct ent_entries e;
    ent_entries_init(&e);
    sqlite3_stmt *st = ent_store_query(x->s, ENT_Q_SERVED_ITEMS);
    ent_served_bind2(st, w->source, w->ext_id);
    if (st != NULL)
        (void)sqlite3_bind_int(st, 3, 2 * VERSIONS);
    enum ent_err r = ent_serve_collect(x, &e, st, -1, -1, 0, -1);
    for (size_t i = 0; i < e.n && r == ENT_OK; i++) {
        int64_t item = ent_entry_at(&e, i)->item;
        bool there = false;
        for (size_t k = 0; k < shown; k++)
            there = there || v->v[k].seq == -item;
        if (there)
            continue;
        if ((st = ent_store_query(x->s, ENT_Q_SERVED_DROP)) != NULL)
            (void)sqlite3_bind_int64(st, 3, item);
        ent_served_bind2(st, w->source, w->ext_id);
        r = ent_store_run(x->s, st);
    }
    ent_entries_release(&e);
    return r;
}

/* The claims that a source makes under an id; *lo: the widest door that all of them pass. */
static enum ent_err look_at_claims(struct ent_serve *x, struct ent_entries *e, int *lo,
                                   int64_t *due, int64_t source, struct ent_slice id)
{
    sqlite3_stmt *st = ent_store_query(x->s, ENT_Q_EXT_CLAIMS);
    struct facts f;
    ent_served_bind2(st, source, id);
    if (st != NULL)
        (void)sqlite3_bind_int(st, 3, CLAIMS);
    enum ent_err r = ent_serve_collect(x, e, st, -1, -1, 0, -1);
    *lo = e->n == 0 || e->n >= CLAIMS ? NOWHERE : ENT_TLP_CLEAR;
    for (size_t i = 0; i < e->n && r == ENT_OK; i++) {
        if ((r = look_at_claim(x, &f, ent_entry_at(e, i)->item, source, id)) != ENT_OK)
            break;
        *lo = f.lo > *lo ? f.lo : *lo;
        if (f.due != 0)
            sooner(due, f.due);
    }
    return r;
}

/* Of what several sources gave the first may go: through which doors one does, and, where nothing
 * is taken out of the others, from which on one would if all that it names might. */
struct before {
    unsigned shown; /* a bit for each door */
    int would;
};

static enum ent_err do_part(struct ent_serve *x, int64_t source, struct ent_slice id, bool force,
                            struct before *b)
{
    struct versions v;
    struct ent_serve_source state = {.id = -1};
    struct ent_entries e;
    struct ent_serve_row w = {.source = source, .ext_id = id, .force = force};
    int lo = NOWHERE, claims = NOWHERE;
    struct facts f;
    enum ent_err r;
    if ((r = ent_serve_state(x, &state, source)) != ENT_OK ||
        (r = look_at_versions(x, &v, source, id)) != ENT_OK)
        return r;
    ent_entries_init(&e);
    if ((r = look_at_claims(x, &e, &claims, &w.due, source, id)) != ENT_OK)
        goto out;
    if (v.n > 0)
        lo = widest(v.v[0].tlp);
    if (v.taken && claims > lo)
        lo = claims;
    if (!v.taken)
        w.due = 0;
    int most = v.taken ? ENT_SERVE_DOORS : b->would, goes = lo;
    while (goes < most && (b->shown >> goes & 1) != 0)
        goes++;
    for (w.hi = goes; w.hi < most && (b->shown >> w.hi & 1) == 0; w.hi++)
        continue;
    if (v.n > 0 && (state.state == ENT_FREE || (state.state == ENT_UNJUDGED && state.shown))) {
        for (int door = goes; door < w.hi; door++)
            b->shown |= 1u << door;
        b->would = widest(v.v[0].tlp) < b->would ? widest(v.v[0].tlp) : b->would;
    }
    if (state.state == ENT_UNJUDGED) { /* again when it is judged */
        r = ent_serve_run2(x, ENT_Q_TOUCH_EXT, source, id);
        goto out;
    }
    w.state = state.state;
    w.type = ent_served_type(ent_stix_type_of(id));
    w.key = ent_served_key(id);
    if ((r = put_versions(x, &v, &w, goes)) != ENT_OK || (r = drop_others(x, &v, &w)) != ENT_OK)
        goto out;
    for (size_t i = 0; i < e.n && r == ENT_OK; i++) {
        int64_t observable = ent_entry_at(&e, i)->item;
        if ((r = look_at_claim(x, &f, observable, source, id)) == ENT_OK)
            r = put_claim(x, &f, observable, source, id,
                          v.taken && lo < ENT_SERVE_DOORS ? lo : ENT_SERVE_DOORS, force,
                          state.state);
    }
out:
    ent_entries_release(&e);
    return r;
}

/* What this member itself is, stands there already. */
static bool is_self(const struct ent_serve *x, struct ent_slice id)
{
    char uuid[ENT_UUID_TEXT];
    ent_uuid_text(uuid, &x->self->uuid);
    return id.n == 10 + ENT_UUID_TEXT - 1 && memcmp(id.p, "identity--", 10) == 0 &&
           memcmp(id.p + 10, uuid, ENT_UUID_TEXT - 1) == 0;
}

enum ent_err ent_serve_ext(struct ent_serve *x, int64_t source, struct ent_slice id)
{
    struct ent_entries e;
    struct before b = {0, ENT_SERVE_DOORS}, nothing = {UINT32_MAX, 0};
    bool there = false;
    ent_entries_init(&e);
    sqlite3_stmt *st = ent_store_query(x->s, ENT_Q_EXT_SOURCES);
    if (st != NULL) {
        ent_store_bind(st, 1, id);
        (void)sqlite3_bind_int(st, 2, SOURCES);
    }
    enum ent_err r = is_self(x, id) ? ENT_OK : ent_serve_collect(x, &e, st, 0, -1, -1, -1);
    for (size_t i = 0; i < e.n && r == ENT_OK; i++) {
        int64_t one = ent_entry_at(&e, i)->source;
        there = there || one == source;
        r = do_part(x, one, id, one == source, &b);
    }
    if (r == ENT_OK && !there) /* claims without an object, or a source too many */
        r = do_part(x, source, id, true, &nothing);
    ent_entries_release(&e);
    return r;
}
