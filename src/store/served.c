/*
 * served.c: keeping the table of what TAXII serves: what was touched is looked at again, row by
 * row, and gets a date when it may pass a door that it did not pass before, or was hidden while it
 * was touched.
 *
 * The enemy is a source that makes work for the others: each entry names a source, and what it
 * costs is bounded by what that source said.
 */
#include "store/served_parts.h"
#include "store/served_sql.h"

#define START    "taxii/self"
#define NOWHERE  9   /* of lo: there is no such door */
#define DOORS    5   /* one more than the last */
#define BATCH    256 /* entries of one kind in one go */
#define VERSIONS 100 /* of an object: the latest */
#define SOURCES  64  /* of an object: those that came first */
#define CLAIMS   100000
#define ROOT     (-1) /* of touched_claim: all claims on the observable */

enum free_state { UNJUDGED, HELD_BACK, FREE };

struct source_state {
    int64_t id;
    enum free_state state;
    bool shown, missed;
    int job;
};

struct serve {
    struct ent_store *s;
    const struct ent_served_self *self;
    struct ent_served_clock clock;
    struct source_state source; /* the last one that was asked for; id -1: none */
    unsigned done;              /* rows, about */
};

/* A row as it is to be. */
struct row {
    int64_t source, item, due; /* due 0: never */
    struct ent_slice ext_id;
    int lo, hi;
    enum free_state state;
    bool force, is_20, first, last; /* force: it was hidden */
    int64_t type, key, modified;    /* modified 0: as it was */
    const struct ent_uuid16 *uuid;
};

/* --- the parts ----------------------------------------------------------------------------------
 */

static enum ent_err state_of(struct serve *x, struct source_state *ret, int64_t source)
{
    sqlite3_stmt *st;
    if (source == 0) {
        *ret = (struct source_state){.id = 0, .state = FREE, .shown = true};
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
    x->source = (struct source_state){.id = source,
                                      .state = !current ? UNJUDGED
                                               : held   ? HELD_BACK
                                                        : FREE,
                                      .shown = sqlite3_column_int(st, 2) != 0,
                                      .missed = sqlite3_column_int(st, 3) != 0,
                                      .job = sqlite3_column_int(st, 4)};
    ent_store_done(st);
    *ret = x->source;
    return r;
}

static enum ent_err run2(struct serve *x, enum ent_query q, int64_t source, struct ent_slice ext_id)
{
    sqlite3_stmt *st = ent_store_query(x->s, q);
    ent_served_bind2(st, source, ext_id);
    return ent_store_run(x->s, st);
}

static enum ent_err run3(struct serve *x, enum ent_query q, int64_t observable, int64_t source,
                         struct ent_slice ext_id)
{
    sqlite3_stmt *st = ent_store_query(x->s, q);
    if (st != NULL) {
        (void)sqlite3_bind_int64(st, 1, observable);
        (void)sqlite3_bind_int64(st, 2, source);
        ent_store_bind(st, 3, ext_id);
    }
    return ent_store_run(x->s, st);
}

/* Entries of a queue, or keys of rows. */
struct entry {
    int64_t source, item, extra;
    size_t at, n;
};
struct entries {
    struct ent_buf list, words;
    size_t n;
};

static void entries_init(struct entries *e)
{
    ent_buf_init(&e->list, CLAIMS * sizeof(struct entry));
    ent_buf_init(&e->words, (size_t)1 << 28);
    e->n = 0;
}

static void entries_release(struct entries *e)
{
    ent_buf_release(&e->list);
    ent_buf_release(&e->words);
}

static struct ent_slice words_of(const struct entries *e, const struct entry *one)
{
    return ent_slice(e->words.p + one->at, one->n);
}

static const struct entry *entry_at(const struct entries *e, size_t i)
{
    return (const struct entry *)(const void *)e->list.p + i;
}

/* The rows of a statement, of which the columns from 0 on are source, words and item, as far as
 * there are so many; -1: no such column. */
static enum ent_err collect(struct serve *x, struct entries *e, sqlite3_stmt *st, int source,
                            int words, int item, int extra)
{
    enum ent_err r = ENT_OK;
    int z = SQLITE_DONE;
    if (st == NULL)
        return ent_store_fail(x->s);
    while (r == ENT_OK && (z = sqlite3_step(st)) == SQLITE_ROW) {
        struct ent_slice w = words < 0 ? ent_slice(NULL, 0) : ent_store_column(st, words);
        struct entry one = {.source = source < 0 ? 0 : sqlite3_column_int64(st, source),
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

static enum ent_err find_row(struct serve *x, struct old_row *ret, const struct row *w)
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

static enum ent_err write_row(struct serve *x, const struct old_row *old, const struct row *w,
                              int64_t added, int64_t modified)
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
static enum ent_err put_row(struct serve *x, const struct row *w)
{
    bool passes = w->lo < DOORS && w->lo < w->hi;
    int64_t added = 0, modified;
    struct old_row old;
    enum ent_err r = find_row(x, &old, w);
    x->done++;
    if (r != ENT_OK || (old.id == 0 && !passes && w->due == 0))
        return r;
    if (passes && w->state == FREE)
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
        for (int door = DOORS - 1; door >= ENT_TLP_CLEAR; door--)
            if (ent_claim_may_pass((enum ent_tlp)tlp, false, (enum ent_tlp)door) &&
                (own == 0 || ent_claim_may_pass((enum ent_tlp)own, false, (enum ent_tlp)door)))
                f->lo = door;
    if (until != 0)
        sooner(&f->due, until);
    if (decided)
        sooner(&f->due, ends);
}

static enum ent_err look_at_claim(struct serve *x, struct facts *f, int64_t observable,
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

static enum ent_err put_claim(struct serve *x, const struct facts *f, int64_t observable,
                              int64_t source, struct ent_slice ext_id, int hi, bool force,
                              enum free_state state)
{
    char id[ENT_SERVED_UUID_ID];
    ent_served_uuid_id(id, &f->uuid);
    const struct row w = {.source = source,
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
    return put_row(x, &w);
}

/* It is not there any more. */
static enum ent_err hide_claim(struct serve *x, int64_t observable, int64_t source,
                               struct ent_slice ext_id)
{
    const struct facts nothing = {.lo = NOWHERE};
    return put_claim(x, &nothing, observable, source, ext_id, DOORS, false, FREE);
}

static bool is_of_object(struct ent_slice ext_id)
{
    for (size_t i = 1; i < ext_id.n; i++)
        if (ext_id.p[i] == '-' && ext_id.p[i - 1] == '-')
            return true;
    return false;
}

static enum ent_err do_claim(struct serve *x, int64_t observable, int64_t source,
                             struct ent_slice ext_id, bool force)
{
    struct source_state state = {.id = -1};
    struct facts f;
    enum ent_err r;
    if ((r = state_of(x, &state, source)) != ENT_OK ||
        (r = look_at_claim(x, &f, observable, source, ext_id)) != ENT_OK)
        return r;
    if (!f.found)
        return hide_claim(x, observable, source, ext_id);
    if (is_of_object(ext_id)) /* in the other queue too */
        return ENT_OK;
    if (state.state == UNJUDGED) /* waits for its judgement */
        return run3(x, ENT_Q_TOUCH_CLAIM, observable, source, ext_id);
    return put_claim(x, &f, observable, source, ext_id, DOORS, force, state.state);
}

/* All claims on it become entries of their own: one observable may have a million. */
static enum ent_err do_observable(struct serve *x, int64_t observable)
{
    sqlite3_stmt *st = ent_store_query(x->s, ENT_Q_TOUCH_ALL);
    if (st != NULL)
        (void)sqlite3_bind_int64(st, 1, observable);
    enum ent_err r = ent_store_run(x->s, st);
    return r == ENT_OK ? do_claim(x, observable, 0, ent_slice(NULL, 0), true) : r;
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

static enum ent_err look_at_versions(struct serve *x, struct versions *ret, int64_t source,
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
                                            .is_20 = sqlite3_column_int(st, 5) != 0};
    }
    enum ent_err r = z == SQLITE_ROW || z == SQLITE_DONE ? ENT_OK : ent_store_fail(x->s);
    ent_store_done(st);
    return r;
}

static int widest(int tlp)
{
    for (int door = ENT_TLP_CLEAR; door < DOORS; door++)
        if (ent_claim_may_pass((enum ent_tlp)tlp, false, (enum ent_tlp)door))
            return door;
    return NOWHERE;
}

/* Of a revoked object nothing older goes; of an indicator only what counts, because of the others
 * nothing says any more whether all that they name may go. */
static enum ent_err put_versions(struct serve *x, const struct versions *v, struct row *w, int lo)
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
        r = put_row(x, w);
    }
    return r;
}

/* Rows of versions that are not to be seen any more. */
static enum ent_err drop_others(struct serve *x, const struct versions *v, const struct row *w)
{
    size_t shown = v->n == 0 ? 0 : v->v[0].revoked || v->taken ? 1 : v->n;
    struct entries e;
    entries_init(&e);
    sqlite3_stmt *st = ent_store_query(x->s, ENT_Q_SERVED_ITEMS);
    ent_served_bind2(st, w->source, w->ext_id);
    if (st != NULL)
        (void)sqlite3_bind_int(st, 3, 2 * VERSIONS);
    enum ent_err r = collect(x, &e, st, -1, -1, 0, -1);
    for (size_t i = 0; i < e.n && r == ENT_OK; i++) {
        int64_t item = entry_at(&e, i)->item;
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
    entries_release(&e);
    return r;
}

/* The claims that a source makes under an id; *lo: the widest door that all of them pass. */
static enum ent_err look_at_claims(struct serve *x, struct entries *e, int *lo, int64_t *due,
                                   int64_t source, struct ent_slice id)
{
    sqlite3_stmt *st = ent_store_query(x->s, ENT_Q_EXT_CLAIMS);
    struct facts f;
    ent_served_bind2(st, source, id);
    if (st != NULL)
        (void)sqlite3_bind_int(st, 3, CLAIMS);
    enum ent_err r = collect(x, e, st, -1, -1, 0, -1);
    *lo = e->n == 0 || e->n >= CLAIMS ? NOWHERE : ENT_TLP_CLEAR;
    for (size_t i = 0; i < e->n && r == ENT_OK; i++) {
        if ((r = look_at_claim(x, &f, entry_at(e, i)->item, source, id)) != ENT_OK)
            break;
        *lo = f.lo > *lo ? f.lo : *lo;
        if (f.due != 0)
            sooner(due, f.due);
    }
    return r;
}

/* Of what several sources gave the first may go: from which doors on it does, and, where nothing is
 * taken out of the others, from which on it would if all that it names might. */
struct before {
    int goes, would;
};

static enum ent_err do_part(struct serve *x, int64_t source, struct ent_slice id, bool force,
                            struct before *b)
{
    struct versions v;
    struct source_state state = {.id = -1};
    struct entries e;
    struct row w = {.source = source, .ext_id = id, .force = force};
    int lo = NOWHERE, claims = NOWHERE;
    struct facts f;
    enum ent_err r;
    if ((r = state_of(x, &state, source)) != ENT_OK ||
        (r = look_at_versions(x, &v, source, id)) != ENT_OK)
        return r;
    entries_init(&e);
    if ((r = look_at_claims(x, &e, &claims, &w.due, source, id)) != ENT_OK)
        goto out;
    if (v.n > 0)
        lo = widest(v.v[0].tlp);
    if (v.taken && claims > lo)
        lo = claims;
    if (!v.taken)
        w.due = 0;
    w.hi = v.taken || b->goes < b->would ? b->goes : b->would;
    if (v.n > 0 && (state.state == FREE || (state.state == UNJUDGED && state.shown))) {
        b->goes = lo < w.hi && lo < b->goes ? lo : b->goes;
        b->would = widest(v.v[0].tlp) < b->would ? widest(v.v[0].tlp) : b->would;
    }
    if (state.state == UNJUDGED) { /* again when it is judged */
        r = run2(x, ENT_Q_TOUCH_EXT, source, id);
        goto out;
    }
    w.state = state.state;
    w.type = ent_served_type(ent_served_type_of(id));
    w.key = ent_served_key(id);
    if ((r = put_versions(x, &v, &w, lo)) != ENT_OK || (r = drop_others(x, &v, &w)) != ENT_OK)
        goto out;
    for (size_t i = 0; i < e.n && r == ENT_OK; i++) {
        int64_t observable = entry_at(&e, i)->item;
        if ((r = look_at_claim(x, &f, observable, source, id)) == ENT_OK)
            r = put_claim(x, &f, observable, source, id, v.taken && lo < DOORS ? lo : DOORS, force,
                          state.state);
    }
out:
    entries_release(&e);
    return r;
}

/* What this member itself is, stands there already. */
static bool is_self(const struct serve *x, struct ent_slice id)
{
    char uuid[ENT_UUID_TEXT];
    ent_uuid_text(uuid, &x->self->uuid);
    return id.n == 10 + ENT_UUID_TEXT - 1 && memcmp(id.p, "identity--", 10) == 0 &&
           memcmp(id.p + 10, uuid, ENT_UUID_TEXT - 1) == 0;
}

static enum ent_err do_ext(struct serve *x, int64_t source, struct ent_slice id)
{
    struct entries e;
    struct before b = {DOORS, DOORS}, nothing = {0, 0};
    bool there = false;
    entries_init(&e);
    sqlite3_stmt *st = ent_store_query(x->s, ENT_Q_EXT_SOURCES);
    if (st != NULL) {
        ent_store_bind(st, 1, id);
        (void)sqlite3_bind_int(st, 2, SOURCES);
    }
    enum ent_err r = is_self(x, id) ? ENT_OK : collect(x, &e, st, 0, -1, -1, -1);
    for (size_t i = 0; i < e.n && r == ENT_OK; i++) {
        int64_t one = entry_at(&e, i)->source;
        there = there || one == source;
        r = do_part(x, one, id, one == source, &b);
    }
    if (r == ENT_OK && !there) /* claims without an object, or a source too many */
        r = do_part(x, source, id, true, &nothing);
    entries_release(&e);
    return r;
}

/* --- a source that is free now, or held --------------------------------------------------------
 */

static enum ent_err start_job(struct serve *x, int64_t source)
{
    struct source_state state = {.id = -1};
    x->source.id = -1;
    enum ent_err r = state_of(x, &state, source);
    bool shows = state.state == FREE && (!state.shown || state.missed || state.job != 0);
    bool hides = state.state == HELD_BACK && state.shown;
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

static enum ent_err set_date(struct serve *x, int64_t row, int64_t added)
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

static enum ent_err do_job_row(struct serve *x, const struct entry *job, bool shows, int64_t since,
                               struct ent_slice ext_id, const struct job_row *row)
{
    enum ent_err r = ENT_OK;
    x->done++;
    if (is_of_object(ext_id))
        r = run2(x, ENT_Q_TOUCH_EXT, job->source, ext_id);
    if (r != ENT_OK || !shows)
        return r == ENT_OK && row->added != 0 ? set_date(x, row->id, 0) : r;
    return row->passes && row->added <= since && !is_of_object(ext_id)
               ? set_date(x, row->id, ent_served_clock_tick(&x->clock))
               : ENT_OK;
}

struct job_rows {
    struct entries keys;
    struct ent_buf rows; /* struct job_row */
};

static enum ent_err collect_job(struct serve *x, struct job_rows *ret, int64_t source,
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
        const struct entry key = {.item = row.item, .at = ret->keys.words.n, .n = w.n};
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
static enum ent_err note_job(struct serve *x, int64_t source, const struct job_rows *rows)
{
    bool ends = rows->keys.n < BATCH;
    sqlite3_stmt *st = ent_store_query(x->s, ends ? ENT_Q_SOURCE_END : ENT_Q_SOURCE_ON);
    x->source.id = -1;
    if (st != NULL && ends)
        (void)sqlite3_bind_int64(st, 1, source);
    if (st != NULL && !ends) {
        const struct entry *last = entry_at(&rows->keys, rows->keys.n - 1);
        ent_served_bind2(st, source, words_of(&rows->keys, last));
        (void)sqlite3_bind_int64(st, 3, last->item);
    }
    return ent_store_run(x->s, st);
}

/* One piece of one job; *ret_any: there was one. */
static enum ent_err do_job(struct serve *x, bool *ret_any)
{
    struct source_state state = {.id = -1};
    struct job_rows rows;
    struct entries job;
    entries_init(&job);
    entries_init(&rows.keys);
    ent_buf_init(&rows.rows, BATCH * sizeof(struct job_row));
    x->source.id = -1;
    enum ent_err r = collect(x, &job, ent_store_query(x->s, ENT_Q_SOURCE_JOBS), 0, 1, 2, 3);
    *ret_any = job.n > 0;
    if (r == ENT_OK && job.n > 0) {
        const struct entry *j = entry_at(&job, 0);
        if ((r = state_of(x, &state, j->source)) == ENT_OK)
            r = collect_job(x, &rows, j->source, words_of(&job, j), j->item);
        for (size_t i = 0; i < rows.keys.n && r == ENT_OK; i++)
            r = do_job_row(x, j, state.job == 1, j->extra,
                           words_of(&rows.keys, entry_at(&rows.keys, i)),
                           (const struct job_row *)(const void *)rows.rows.p + i);
        if (r == ENT_OK)
            r = note_job(x, j->source, &rows);
    }
    ent_buf_release(&rows.rows);
    entries_release(&rows.keys);
    entries_release(&job);
    return r;
}

/* --- the queues ---------------------------------------------------------------------------------
 */

static enum ent_err do_sources(struct serve *x, bool *ret_any)
{
    struct entries e;
    entries_init(&e);
    sqlite3_stmt *st = ent_store_query(x->s, ENT_Q_TOUCHED_SOURCES);
    if (st != NULL)
        (void)sqlite3_bind_int(st, 1, BATCH);
    enum ent_err r = collect(x, &e, st, 0, -1, -1, -1);
    for (size_t i = 0; i < e.n && r == ENT_OK; i++) {
        if ((r = start_job(x, entry_at(&e, i)->source)) != ENT_OK)
            break;
        if ((st = ent_store_query(x->s, ENT_Q_UNTOUCH_SOURCE)) != NULL)
            (void)sqlite3_bind_int64(st, 1, entry_at(&e, i)->source);
        r = ent_store_run(x->s, st);
        x->done++;
    }
    *ret_any = e.n > 0;
    entries_release(&e);
    return r;
}

static enum ent_err do_touched(struct serve *x, enum ent_query q, bool *ret_any)
{
    struct entries e;
    entries_init(&e);
    sqlite3_stmt *st = ent_store_query(x->s, q);
    if (st != NULL)
        (void)sqlite3_bind_int(st, 1, BATCH);
    enum ent_err r = collect(x, &e, st, 0, 1, q == ENT_Q_TOUCHED_EXT ? -1 : 2, -1);
    for (size_t i = 0; i < e.n && r == ENT_OK; i++) {
        const struct entry *one = entry_at(&e, i);
        struct ent_slice id = words_of(&e, one);
        x->done++;
        if (q == ENT_Q_TOUCHED_EXT) {
            if ((r = run2(x, ENT_Q_UNTOUCH_EXT, one->source, id)) == ENT_OK)
                r = do_ext(x, one->source, id);
        } else if ((r = run3(x, ENT_Q_UNTOUCH_CLAIM, one->item, one->source, id)) == ENT_OK) {
            r = one->source == ROOT ? do_observable(x, one->item)
                                    : do_claim(x, one->item, one->source, id, true);
        }
    }
    *ret_any = e.n > 0;
    entries_release(&e);
    return r;
}

static enum ent_err do_due(struct serve *x, bool *ret_any)
{
    struct entries e;
    entries_init(&e);
    sqlite3_stmt *st = ent_store_query(x->s, ENT_Q_SERVED_DUE);
    if (st != NULL) {
        (void)sqlite3_bind_int64(st, 1, x->clock.now / 1000000);
        (void)sqlite3_bind_int(st, 2, BATCH);
    }
    enum ent_err r = collect(x, &e, st, 0, 1, 2, 3);
    for (size_t i = 0; i < e.n && r == ENT_OK; i++) {
        const struct entry *one = entry_at(&e, i);
        struct ent_slice id = words_of(&e, one);
        x->done++;
        if ((st = ent_store_query(x->s, ENT_Q_SERVED_UNDUE)) != NULL)
            (void)sqlite3_bind_int64(st, 1, one->extra);
        if ((r = ent_store_run(x->s, st)) == ENT_OK)
            r = is_of_object(id) ? run2(x, ENT_Q_TOUCH_EXT, one->source, id)
                                 : do_claim(x, one->item, one->source, id, false);
    }
    *ret_any = e.n > 0;
    entries_release(&e);
    return r;
}

/* --- the start ----------------------------------------------------------------------------------
 */

static enum ent_err put_own(struct serve *x, struct ent_slice id, int lo)
{
    const struct row w = {.ext_id = id,
                          .lo = lo,
                          .hi = DOORS,
                          .state = FREE,
                          .first = true,
                          .last = true,
                          .type = ent_served_type(ent_served_type_of(id)),
                          .key = ent_served_key(id)};
    return put_row(x, &w);
}

static enum ent_err put_self(struct serve *x)
{
    char id[ENT_OUT_MARKING_ID], uuid[ENT_UUID_TEXT];
    ent_uuid_text(uuid, &x->self->uuid);
    (void)snprintf(id, sizeof(id), "identity--%s", uuid);
    enum ent_err r = put_own(x, ent_slice_str(id), ENT_TLP_CLEAR);
    for (int t = ENT_TLP_CLEAR; t < DOORS && r == ENT_OK; t++)
        r = put_own(x, ent_slice_str(ent_out_marking_id(id, (enum ent_tlp)t)), t);
    return r;
}

/* Everything is touched: for the first time, and when this member gets another name, by which all
 * of its ids change. */
static enum ent_err touch_all(struct serve *x, bool first)
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
static enum ent_err compare_self(struct serve *x, bool *ret_first, bool *ret_other)
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

static enum ent_err start(struct serve *x)
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
static enum ent_err is_idle(struct serve *x, int64_t now, bool *ret)
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

/* Sources first: what is free from now on is dated once. */
static enum ent_err step(struct serve *x, bool *ret_any)
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
    struct serve x = {.s = s, .self = self, .source = {.id = -1}};
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
