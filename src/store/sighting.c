/*
 * sighting.c: indicators seen here. Hits are counted in a table in memory, one entry for each pair
 * of indicator and log, so that a scan costs the store one look for each pair and one transaction
 * now and then.
 *
 * Which log is it? Paths say little: logs are renamed, compressed, truncated and begun anew. What
 * does not change is how a log begins. If its first 4 KiB are those of a log that was seen, it is
 * that one. A shorter log must also have its path, because short beginnings (the header of a table)
 * are alike in many logs; if it is then taken for another, what is left out stands in the bytes
 * that both have in common, and was counted there.
 *
 * Called by everything that watches.
 */
#include "store/store.h"
#include "store/db.h"

#include <sodium.h>

#define HEAD        4096u
#define LOGS        1024u /* known at once; more are written and forgotten */
#define DEFAULT_MAX 65536u

struct log {
    char *path;
    uint8_t *head; /* its first bytes */
    size_t head_n;
    uint64_t id; /* in the store; 0 while it is not there */
    bool found;  /* id was looked for */
    bool grown;  /* the row does not know all of head, or where the log lies now */
};

struct entry {
    uint64_t id;   /* of the indicator */
    size_t log;    /* its place plus one; 0: free */
    uint64_t from; /* hits before this offset were counted in an earlier scan */
    uint64_t count, line, offset;
    int64_t first, last;
};

struct ent_sightings {
    struct ent_store *store;
    struct log *log;
    size_t logs, now; /* now: the one at hand */
    struct entry *entry;
    size_t n, max, mask, waiting; /* waiting: entries and logs to be written */
};

enum ent_err ent_sightings_new(struct ent_sightings **ret, struct ent_store *s, size_t max)
{
    struct ent_sightings *b = calloc(1, sizeof(*b));
    size_t slots = 4;
    if (b == NULL)
        return ENT_E_NOMEM;
    b->store = s;
    b->max = max == 0 ? DEFAULT_MAX : max;
    while (slots < b->max / 3 * 4 + 4)
        slots *= 2;
    b->mask = slots - 1;
    b->entry = calloc(slots, sizeof(*b->entry));
    b->log = calloc(LOGS, sizeof(*b->log));
    if (b->entry == NULL || b->log == NULL) {
        ent_sightings_free(b);
        return ENT_E_NOMEM;
    }
    *ret = b;
    return ENT_OK;
}

static void forget(struct ent_sightings *b)
{
    for (size_t i = 0; i < b->logs; i++) {
        free(b->log[i].path);
        free(b->log[i].head);
    }
    b->logs = b->now = 0;
    memset(b->entry, 0, (b->mask + 1) * sizeof(*b->entry));
    b->n = b->waiting = 0;
}

void ent_sightings_free(struct ent_sightings *b)
{
    if (b == NULL)
        return;
    if (b->entry != NULL)
        forget(b);
    free(b->entry);
    free(b->log);
    free(b);
}

/* --- logs ---------------------------------------------------------------------------------------
 */

/* The last log of that path becomes the one at hand; false when there is none. */
static bool find_path(struct ent_sightings *b, const char *path)
{
    if (b->logs > 0 && strcmp(b->log[b->now].path, path) == 0)
        return true;
    for (size_t i = b->logs; i-- > 0;) {
        if (strcmp(b->log[i].path, path) != 0)
            continue;
        b->now = i;
        return true;
    }
    return false;
}

static enum ent_err start_log(struct ent_sightings *b, const char *path)
{
    enum ent_err r;
    if (b->logs == LOGS) {
        if ((r = ent_sightings_flush(b, true)) != ENT_OK)
            return r;
        forget(b);
    }
    struct log l = {.path = strdup(path), .head = malloc(HEAD)};
    if (l.path == NULL || l.head == NULL) {
        free(l.path);
        free(l.head);
        return ENT_E_NOMEM;
    }
    b->now = b->logs++;
    b->log[b->now] = l;
    return ENT_OK;
}

enum ent_err ent_sightings_bytes(struct ent_sightings *b, const char *path, uint64_t offset,
                                 struct ent_slice bytes)
{
    enum ent_err r;
    if (bytes.n == 0)
        return ENT_OK;
    if ((offset == 0 || !find_path(b, path)) && (r = start_log(b, path)) != ENT_OK)
        return r;
    struct log *l = &b->log[b->now];
    if (offset != l->head_n || l->head_n == HEAD)
        return ENT_OK;
    size_t n = HEAD - l->head_n < bytes.n ? HEAD - l->head_n : bytes.n;
    memcpy(l->head + l->head_n, bytes.p, n);
    l->head_n += n;
    l->grown = true;
    return ENT_OK;
}

static void hash_head(uint8_t ret[static crypto_hash_sha256_BYTES], const struct log *l, size_t n)
{
    (void)crypto_hash_sha256(ret, l->head, n);
}

/* A log that has gone on in another way since it was that row is not what begins like it. */
static bool has_row(const struct ent_sightings *b, uint64_t id)
{
    for (size_t i = 0; i < b->logs; i++)
        if (b->log[i].id == id)
            return true;
    return false;
}

/* The row of the log at hand, when there is one. */
static enum ent_err find_row(struct ent_sightings *b, struct log *l)
{
    uint8_t full[crypto_hash_sha256_BYTES], head[crypto_hash_sha256_BYTES];
    sqlite3_stmt *st = ent_store_query(b->store, ENT_Q_FIND_LOG);
    int z = SQLITE_DONE;
    if (st == NULL)
        return ent_store_fail(b->store);
    hash_head(full, l, l->head_n);
    ent_store_bind(st, 1, ent_slice_str(l->path));
    if (l->head_n == HEAD)
        (void)sqlite3_bind_blob(st, 2, full, sizeof(full), SQLITE_STATIC);
    (void)sqlite3_bind_int64(st, 3, (int64_t)l->head_n);
    while (l->id == 0 && (z = sqlite3_step(st)) == SQLITE_ROW) {
        uint64_t id = (uint64_t)sqlite3_column_int64(st, 0);
        size_t n = (size_t)sqlite3_column_int64(st, 1);
        const void *was = sqlite3_column_blob(st, 2);
        if (n > l->head_n || sqlite3_column_bytes(st, 2) != (int)sizeof(head))
            continue;
        hash_head(head, l, n);
        if (memcmp(head, was, sizeof(head)) == 0 && !has_row(b, id)) {
            l->id = id;
            l->grown =
                n != l->head_n || !ent_slice_eq(ent_store_column(st, 3), ent_slice_str(l->path));
            b->waiting += l->grown;
        }
    }
    enum ent_err r = z == SQLITE_ROW || z == SQLITE_DONE ? ENT_OK : ent_store_fail(b->store);
    ent_store_done(st);
    return r;
}

/* Whether b is a, or what a has become. */
static bool same_log(const struct log *a, const struct log *b)
{
    bool known = a->head_n > 0 && a->head_n <= b->head_n;
    return known && memcmp(a->head, b->head, a->head_n) == 0 &&
           (a->head_n == HEAD || strcmp(a->path, b->path) == 0);
}

/* The log at hand begins to count. If it is one that this scan has read before, it takes its place,
 * and what was seen there is not seen again. */
static enum ent_err find_log(struct ent_sightings *b)
{
    struct log *l = &b->log[b->now];
    enum ent_err r = ENT_OK;
    l->found = true;
    for (size_t i = 0; i < b->now; i++) {
        struct log *was = &b->log[i];
        if (!was->found || !same_log(was, l))
            continue;
        struct log swap = *was;
        l->id = was->id;
        *was = *l;
        was->grown = true;
        b->waiting++;
        *l = swap;
        l->path[0] = '\0'; /* nothing leads there any more */
        l->head_n = 0;
        l->id = 0;
        l->grown = false;
        b->now = i;
        for (struct entry *e = b->entry; e <= b->entry + b->mask; e++)
            if (e->log == i + 1 && e->offset >= e->from)
                e->from = e->offset + 1;
        return ENT_OK;
    }
    if (l->head_n > 0)
        r = find_row(b, l);
    return r;
}

/* --- counting -----------------------------------------------------------------------------------
 */

static struct entry *seek(const struct ent_sightings *b, uint64_t id, size_t log)
{
    size_t i = (size_t)((id * 0x9E3779B97F4A7C15u ^ log * 0xC2B2AE3D27D4EB4Fu) >> 20) & b->mask;
    while (b->entry[i].log != 0 && (b->entry[i].id != id || b->entry[i].log != log + 1))
        i = (i + 1) & b->mask;
    return &b->entry[i];
}

static enum ent_err start_entry(struct ent_sightings *b, struct entry *e, uint64_t id)
{
    int64_t offset = -1;
    const struct log *l = &b->log[b->now];
    if (l->id != 0) {
        sqlite3_stmt *st = ent_store_query(b->store, ENT_Q_SIGHTED_TO);
        if (st == NULL)
            return ent_store_fail(b->store);
        (void)sqlite3_bind_int64(st, 1, (int64_t)id);
        (void)sqlite3_bind_int64(st, 2, (int64_t)l->id);
        enum ent_err r = ent_store_number(b->store, st, &offset);
        if (r != ENT_OK && r != ENT_E_NOTFOUND)
            return r;
    }
    *e = (struct entry){.id = id, .log = b->now + 1, .from = (uint64_t)(offset + 1)};
    b->n++;
    return ENT_OK;
}

/* Entries stay after they were written, because their `from` belongs to the whole scan: hits of one
 * line come in any order. When there are too many of them, that is given up. */
static enum ent_err make_room(struct ent_sightings *b)
{
    enum ent_err r = b->n < b->max ? ENT_OK : ent_sightings_flush(b, true);
    if (r == ENT_OK && b->n >= b->max) {
        memset(b->entry, 0, (b->mask + 1) * sizeof(*b->entry));
        b->n = 0;
    }
    return r;
}

enum ent_err ent_sightings_add(struct ent_sightings *b, const char *path,
                               const struct ent_sight *sight)
{
    enum ent_err r;
    if ((!find_path(b, path) && (r = start_log(b, path)) != ENT_OK) ||
        (!b->log[b->now].found && (r = find_log(b)) != ENT_OK))
        return r;
    struct entry *e = seek(b, sight->id, b->now);
    if (e->log == 0) {
        if ((r = make_room(b)) != ENT_OK)
            return r;
        e = seek(b, sight->id, b->now);
        if ((r = start_entry(b, e, sight->id)) != ENT_OK)
            return r;
    }
    if (sight->offset < e->from)
        return ENT_OK;
    b->waiting += e->count == 0;
    if (e->count == 0)
        e->first = sight->first != 0 ? sight->first : sight->now;
    e->last = sight->now;
    e->count += sight->times != 0 ? sight->times : 1;
    if (sight->offset >= e->offset) {
        e->line = sight->line;
        e->offset = sight->offset;
    }
    return ENT_OK;
}

/* --- writing ------------------------------------------------------------------------------------
 */

static enum ent_err write_log(struct ent_sightings *b, const struct log *l, uint64_t *ret_id)
{
    uint8_t head[crypto_hash_sha256_BYTES];
    sqlite3_stmt *st = ent_store_query(b->store, l->id == 0 ? ENT_Q_ADD_LOG : ENT_Q_RENEW_LOG);
    if (st == NULL)
        return ent_store_fail(b->store);
    hash_head(head, l, l->head_n);
    ent_store_bind(st, 1, ent_slice_str(l->path));
    (void)sqlite3_bind_int64(st, 2, (int64_t)l->head_n);
    (void)sqlite3_bind_blob(st, 3, head, sizeof(head), SQLITE_STATIC);
    if (l->id != 0)
        (void)sqlite3_bind_int64(st, 4, (int64_t)l->id);
    enum ent_err r = ent_store_run(b->store, st);
    *ret_id = l->id != 0 ? l->id : (uint64_t)sqlite3_last_insert_rowid(b->store->db);
    return r;
}

static enum ent_err write_entry(struct ent_sightings *b, const struct entry *e, uint64_t log)
{
    sqlite3_stmt *st = ent_store_query(b->store, ENT_Q_SIGHT);
    if (st == NULL)
        return ent_store_fail(b->store);
    const uint64_t row[] = {e->id,    log,     (uint64_t)e->first, (uint64_t)e->last,
                            e->count, e->line, e->offset};
    for (int i = 0; i < 7; i++)
        (void)sqlite3_bind_int64(st, i + 1, (int64_t)row[i]);
    return ent_store_run(b->store, st);
}

static enum ent_err write_all(struct ent_sightings *b, uint64_t id[static LOGS])
{
    enum ent_err r = ENT_OK;
    memset(id, 0, LOGS * sizeof(*id));
    for (size_t i = 0; i < b->logs && r == ENT_OK; i++)
        if (b->log[i].id != 0 && b->log[i].grown)
            r = write_log(b, &b->log[i], &id[i]);
    for (size_t i = 0; i <= b->mask && r == ENT_OK; i++) {
        const struct entry *e = &b->entry[i];
        if (e->log == 0 || e->count == 0)
            continue;
        const struct log *l = &b->log[e->log - 1];
        uint64_t *at = &id[e->log - 1];
        if (*at == 0 && l->id != 0)
            *at = l->id;
        if (*at == 0)
            r = write_log(b, l, at);
        if (r == ENT_OK)
            r = write_entry(b, e, *at);
    }
    return r;
}

enum ent_err ent_sightings_flush(struct ent_sightings *b, bool wait)
{
    uint64_t id[LOGS];
    enum ent_err r;
    if (b->waiting == 0)
        return ENT_OK;
    ent_store_rest(b->store); /* from an old view of the store nothing can be written */
    if (!wait)
        (void)sqlite3_busy_timeout(b->store->db, 0);
    r = ent_store_begin(b->store);
    (void)sqlite3_busy_timeout(b->store->db, ENT_STORE_BUSY_MS);
    if (r != ENT_OK)
        return r;
    if ((r = write_all(b, id)) == ENT_OK)
        r = ent_store_commit(b->store);
    ent_store_rollback(b->store);
    if (r != ENT_OK)
        return r;
    for (size_t i = 0; i < b->logs; i++) {
        if (id[i] == 0)
            continue;
        b->log[i].id = id[i];
        b->log[i].grown = false;
    }
    for (size_t i = 0; i <= b->mask; i++)
        b->entry[i].count = 0;
    b->waiting = 0;
    return ENT_OK;
}

/* --- reading ------------------------------------------------------------------------------------
 */

enum ent_err ent_store_sightings(struct ent_store *s, int64_t since,
                                 const struct ent_observable *only,
                                 enum ent_err (*each)(void *ctx, const struct ent_sighting *g),
                                 void *ctx)
{
    sqlite3_stmt *st = ent_store_query(s, ENT_Q_SIGHTINGS);
    enum ent_err r = ENT_OK;
    int z = SQLITE_DONE;
    if (st == NULL)
        return ent_store_fail(s);
    (void)sqlite3_bind_int64(st, 1, since);
    (void)sqlite3_bind_int(st, 2, only == NULL ? 0 : (int)only->type);
    if (only != NULL)
        ent_store_bind(st, 3, ent_slice(only->text, only->n));
    while (r == ENT_OK && (z = sqlite3_step(st)) == SQLITE_ROW) {
        int type = sqlite3_column_int(st, 0);
        struct ent_sighting g = {.type = (enum ent_obs_type)type,
                                 .value = ent_store_column(st, 1),
                                 .path = ent_store_column(st, 2),
                                 .first = sqlite3_column_int64(st, 3),
                                 .last = sqlite3_column_int64(st, 4),
                                 .count = (uint64_t)sqlite3_column_int64(st, 5),
                                 .line = (uint64_t)sqlite3_column_int64(st, 6),
                                 .offset = (uint64_t)sqlite3_column_int64(st, 7)};
        r = type <= 0 || type >= ENT_OBS_TYPES || g.value.n > ENT_OBS_MAX ? ENT_E_FORMAT
                                                                          : each(ctx, &g);
    }
    if (r == ENT_OK && z != SQLITE_DONE)
        r = ent_store_fail(s);
    ent_store_done(st);
    return r;
}

enum ent_err ent_store_sighted(struct ent_store *s, struct ent_seen_here *ret, uint64_t id)
{
    sqlite3_stmt *st = ent_store_query(s, ENT_Q_SIGHTED);
    if (st == NULL)
        return ent_store_fail(s);
    (void)sqlite3_bind_int64(st, 1, (int64_t)id);
    const bool row = sqlite3_step(st) == SQLITE_ROW;
    if (row)
        *ret = (struct ent_seen_here){.count = (uint64_t)sqlite3_column_int64(st, 0),
                                      .first = sqlite3_column_int64(st, 1),
                                      .last = sqlite3_column_int64(st, 2)};
    enum ent_err r = row ? ENT_OK : ent_store_fail(s);
    ent_store_done(st);
    return r;
}
