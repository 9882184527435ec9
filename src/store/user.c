/* user.c: accounts, tokens, sessions, the first operator's link, strikes. */
#include "store/store.h"
#include "store/db.h"

const char ent_store_user_schema[] =
    "CREATE TABLE IF NOT EXISTS account (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, display"
    " TEXT NOT NULL, role INTEGER NOT NULL, clearance INTEGER NOT NULL, enabled INTEGER NOT NULL,"
    " created INTEGER NOT NULL, password TEXT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS token (id INTEGER PRIMARY KEY, account INTEGER NOT NULL REFERENCES"
    " account, name TEXT NOT NULL, hash BLOB NOT NULL UNIQUE, role INTEGER NOT NULL, clearance"
    " INTEGER NOT NULL, created INTEGER NOT NULL, expires INTEGER NOT NULL, used INTEGER NOT NULL,"
    " UNIQUE (account, name));"
    "CREATE TABLE IF NOT EXISTS session (hash BLOB PRIMARY KEY, account INTEGER NOT NULL REFERENCES"
    " account, created INTEGER NOT NULL, used INTEGER NOT NULL, expires INTEGER NOT NULL)"
    " WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS session_account ON session (account);"
    "CREATE TABLE IF NOT EXISTS link (hash BLOB PRIMARY KEY, expires INTEGER NOT NULL)"
    " WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS strikes (key BLOB PRIMARY KEY, n INTEGER NOT NULL, last INTEGER NOT"
    " NULL) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS strikes_last ON strikes (last);"
    "CREATE TABLE IF NOT EXISTS known (account INTEGER NOT NULL REFERENCES account, address BLOB"
    " NOT NULL, last INTEGER NOT NULL, PRIMARY KEY (account, address)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS pending (source INTEGER PRIMARY KEY REFERENCES source, who TEXT NOT"
    " NULL, reason TEXT NOT NULL, asked INTEGER NOT NULL, expires INTEGER NOT NULL, claims INTEGER"
    " NOT NULL, warned INTEGER NOT NULL, same INTEGER NOT NULL, wide INTEGER NOT NULL, suffix"
    " INTEGER NOT NULL, not_public INTEGER NOT NULL, stale INTEGER NOT NULL);";

/* --- words --------------------------------------------------------------------------------------
 */

static const char *const roles[] = {NULL, "reader", "analyst", "releaser", "operator"};

const char *ent_user_role_name(enum ent_user_role r)
{
    return r >= ENT_USER_READER && r <= ENT_USER_OPERATOR ? roles[r] : "none";
}

enum ent_err ent_user_role_parse(enum ent_user_role *ret, struct ent_slice word)
{
    for (int i = ENT_USER_READER; i <= (int)ENT_USER_OPERATOR; i++)
        if (ent_slice_eq(word, ent_slice_str(roles[i]))) {
            *ret = (enum ent_user_role)i;
            return ENT_OK;
        }
    return ENT_E_FORMAT;
}

bool ent_user_name_is_valid(struct ent_slice name)
{
    if (name.n == 0 || name.n > ENT_USER_NAME_MAX || name.p[0] == '-')
        return false;
    for (size_t i = 0; i < name.n; i++) {
        const uint8_t c = name.p[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-')
            return false;
    }
    return true;
}

static bool are_rights(enum ent_user_role role, enum ent_tlp clearance)
{
    return role >= ENT_USER_READER && role <= ENT_USER_OPERATOR && clearance >= ENT_TLP_CLEAR &&
           clearance <= ENT_TLP_RED;
}

static bool is_user(const struct ent_user *u)
{
    return ent_user_name_is_valid(ent_slice_str(u->name)) && are_rights(u->role, u->clearance) &&
           (u->display[0] == '\0' ||
            ent_store_is_words(ent_slice_str(u->display), ENT_USER_DISPLAY_MAX));
}

/* --- statements ---------------------------------------------------------------------------------
 */

static void bind_bytes(sqlite3_stmt *st, int at, const void *p, size_t n)
{
    (void)sqlite3_bind_blob64(st, at, p, n, SQLITE_STATIC);
}

/* Insert or change one row. */
static enum ent_err run_one(struct ent_store *s, sqlite3_stmt *st)
{
    enum ent_err r = ent_store_run(s, st);
    return r == ENT_OK && sqlite3_changes(s->db) == 0 ? ENT_E_NOTFOUND : r;
}

/* The statement with its first parameter bound; NULL as from ent_store_query(). */
static sqlite3_stmt *query_id(struct ent_store *s, enum ent_query q, int64_t id)
{
    sqlite3_stmt *st = ent_store_query(s, q);
    if (st != NULL)
        (void)sqlite3_bind_int64(st, 1, id);
    return st;
}

static sqlite3_stmt *query_bytes(struct ent_store *s, enum ent_query q, const void *p, size_t n)
{
    sqlite3_stmt *st = ent_store_query(s, q);
    if (st != NULL)
        bind_bytes(st, 1, p, n);
    return st;
}

/* Copy a text that was checked before it was kept; a file can be changed. */
static bool take_text(char *ret, size_t cap, sqlite3_stmt *st, int at)
{
    const struct ent_slice s = ent_store_column(st, at);
    if (s.n >= cap || (s.n > 0 && memchr(s.p, '\0', s.n) != NULL))
        return false;
    if (s.n > 0)
        memcpy(ret, s.p, s.n);
    ret[s.n] = '\0';
    return true;
}

/* ENT_E_FORMAT for a row that was not written here: no right follows from such a one. */
static enum ent_err take_user(struct ent_user *ret, sqlite3_stmt *st, int at)
{
    struct ent_user u = {.id = sqlite3_column_int64(st, at),
                         .role = (enum ent_user_role)sqlite3_column_int(st, at + 3),
                         .clearance = (enum ent_tlp)sqlite3_column_int(st, at + 4),
                         .enabled = sqlite3_column_int(st, at + 5) != 0,
                         .created = sqlite3_column_int64(st, at + 6),
                         .tokens = (uint64_t)sqlite3_column_int64(st, at + 8),
                         .sessions = (uint64_t)sqlite3_column_int64(st, at + 9)};
    if (!take_text(u.name, sizeof(u.name), st, at + 1) ||
        !take_text(u.display, sizeof(u.display), st, at + 2) ||
        !take_text(u.password, sizeof(u.password), st, at + 7) || !is_user(&u))
        return ENT_E_FORMAT;
    *ret = u;
    return ENT_OK;
}

/* Step to the one row that is wanted. */
static enum ent_err step_one(struct ent_store *s, sqlite3_stmt *st)
{
    if (st == NULL)
        return ent_store_fail(s);
    const int z = sqlite3_step(st);
    return z == SQLITE_ROW ? ENT_OK : z == SQLITE_DONE ? ENT_E_NOTFOUND : ent_store_fail(s);
}

/* --- accounts -----------------------------------------------------------------------------------
 */

static void bind_user(sqlite3_stmt *st, const struct ent_user *u)
{
    ent_store_bind(st, 2, ent_slice_str(u->display));
    (void)sqlite3_bind_int(st, 3, (int)u->role);
    (void)sqlite3_bind_int(st, 4, (int)u->clearance);
    (void)sqlite3_bind_int(st, 5, u->enabled);
    ent_store_bind(st, 6, ent_slice_str(u->password));
}

enum ent_err ent_store_user_add(struct ent_store *s, const struct ent_user *u)
{
    int64_t all = 0;
    if (!is_user(u))
        return ENT_E_FORMAT;
    enum ent_err r = ent_store_number(s, ent_store_query(s, ENT_Q_COUNT_USERS), &all);
    if (r != ENT_OK)
        return r;
    if (all >= (int64_t)ENT_USERS_MOST)
        return ENT_E_LIMIT;
    sqlite3_stmt *st = ent_store_query(s, ENT_Q_USER_ADD);
    if (st != NULL) {
        ent_store_bind(st, 1, ent_slice_str(u->name));
        bind_user(st, u);
        (void)sqlite3_bind_int64(st, 7, u->created);
    }
    r = run_one(s, st);
    return r == ENT_E_NOTFOUND ? ENT_E_EXISTS : r;
}

enum ent_err ent_store_user(struct ent_store *s, struct ent_user *ret, struct ent_slice name)
{
    sqlite3_stmt *st = ent_store_query(s, ENT_Q_USER);
    if (st != NULL)
        ent_store_bind(st, 1, name);
    enum ent_err r = step_one(s, st);
    if (r == ENT_OK)
        r = take_user(ret, st, 0);
    if (st != NULL)
        ent_store_done(st);
    return r;
}

enum ent_err ent_store_user_set(struct ent_store *s, const struct ent_user *u)
{
    if (!is_user(u))
        return ENT_E_FORMAT;
    sqlite3_stmt *st = query_id(s, ENT_Q_USER_SET, u->id);
    if (st != NULL)
        bind_user(st, u);
    return run_one(s, st);
}

enum ent_err ent_store_users(struct ent_store *s,
                             enum ent_err (*each)(void *ctx, const struct ent_user *u), void *ctx)
{
    sqlite3_stmt *st = ent_store_query(s, ENT_Q_USERS);
    struct ent_user u;
    enum ent_err r;
    while ((r = step_one(s, st)) == ENT_OK && (r = take_user(&u, st, 0)) == ENT_OK &&
           (r = each(ctx, &u)) == ENT_OK)
        ;
    if (st != NULL)
        ent_store_done(st);
    return r == ENT_E_NOTFOUND ? ENT_OK : r;
}

enum ent_err ent_store_operators(struct ent_store *s, uint64_t *ret)
{
    int64_t n = 0;
    sqlite3_stmt *st = query_id(s, ENT_Q_OPERATORS, ENT_USER_OPERATOR);
    enum ent_err r = ent_store_number(s, st, &n);
    if (r == ENT_OK)
        *ret = (uint64_t)n;
    return r;
}

/* --- tokens -------------------------------------------------------------------------------------
 */

enum ent_err ent_store_token_add(struct ent_store *s, int64_t user, const struct ent_token *t,
                                 const struct ent_hash32 *hash)
{
    int64_t all = 0;
    if (!ent_user_name_is_valid(ent_slice_str(t->name)) || !are_rights(t->role, t->clearance))
        return ENT_E_FORMAT;
    enum ent_err r = ent_store_number(s, query_id(s, ENT_Q_COUNT_TOKENS, user), &all);
    if (r != ENT_OK)
        return r;
    if (all >= (int64_t)ENT_TOKENS_MOST)
        return ENT_E_LIMIT;
    sqlite3_stmt *st = query_id(s, ENT_Q_TOKEN_ADD, user);
    if (st != NULL) {
        ent_store_bind(st, 2, ent_slice_str(t->name));
        bind_bytes(st, 3, hash->b, sizeof(hash->b));
        (void)sqlite3_bind_int(st, 4, (int)t->role);
        (void)sqlite3_bind_int(st, 5, (int)t->clearance);
        (void)sqlite3_bind_int64(st, 6, t->created);
        (void)sqlite3_bind_int64(st, 7, t->expires);
    }
    r = run_one(s, st);
    return r == ENT_E_NOTFOUND ? ENT_E_EXISTS : r;
}

static enum ent_err take_token(struct ent_token *ret, sqlite3_stmt *st, int at)
{
    struct ent_token t = {.id = sqlite3_column_int64(st, at),
                          .role = (enum ent_user_role)sqlite3_column_int(st, at + 2),
                          .clearance = (enum ent_tlp)sqlite3_column_int(st, at + 3),
                          .created = sqlite3_column_int64(st, at + 4),
                          .expires = sqlite3_column_int64(st, at + 5),
                          .used = sqlite3_column_int64(st, at + 6)};
    if (!take_text(t.name, sizeof(t.name), st, at + 1) || !are_rights(t.role, t.clearance))
        return ENT_E_FORMAT;
    *ret = t;
    return ENT_OK;
}

enum ent_err ent_store_token(struct ent_store *s, struct ent_token *ret, struct ent_user *ret_user,
                             const struct ent_hash32 *hash, int64_t now)
{
    sqlite3_stmt *st = query_bytes(s, ENT_Q_TOKEN, hash->b, sizeof(hash->b));
    struct ent_token t = {.id = 0};
    if (st != NULL)
        (void)sqlite3_bind_int64(st, 2, now);
    enum ent_err r = step_one(s, st);
    if (r == ENT_OK && (r = take_token(&t, st, 10)) == ENT_OK)
        r = take_user(ret_user, st, 0);
    if (r == ENT_OK)
        *ret = t;
    if (st != NULL)
        ent_store_done(st);
    return r;
}

enum ent_err ent_store_token_used(struct ent_store *s, int64_t id, int64_t now)
{
    sqlite3_stmt *st = query_id(s, ENT_Q_TOKEN_USED, id);
    if (st != NULL)
        (void)sqlite3_bind_int64(st, 2, now);
    return run_one(s, st);
}

enum ent_err ent_store_token_drop(struct ent_store *s, int64_t user, struct ent_slice name)
{
    sqlite3_stmt *st = query_id(s, ENT_Q_TOKEN_DROP, user);
    if (st != NULL)
        ent_store_bind(st, 2, name);
    return run_one(s, st);
}

enum ent_err ent_store_tokens(struct ent_store *s, int64_t user,
                              enum ent_err (*each)(void *ctx, const struct ent_token *t), void *ctx)
{
    sqlite3_stmt *st = query_id(s, ENT_Q_TOKENS, user);
    struct ent_token t;
    enum ent_err r;
    while ((r = step_one(s, st)) == ENT_OK && (r = take_token(&t, st, 0)) == ENT_OK &&
           (r = each(ctx, &t)) == ENT_OK)
        ;
    if (st != NULL)
        ent_store_done(st);
    return r == ENT_E_NOTFOUND ? ENT_OK : r;
}

/* --- sessions -----------------------------------------------------------------------------------
 */

enum ent_err ent_store_session_add(struct ent_store *s, int64_t user, const struct ent_hash32 *hash,
                                   const struct ent_session *x)
{
    sqlite3_stmt *st = query_id(s, ENT_Q_SESSIONS_PRUNE, user);
    if (st != NULL) {
        (void)sqlite3_bind_int64(st, 2, x->created);
        (void)sqlite3_bind_int64(st, 3, ENT_SESSIONS_MOST - 1);
    }
    enum ent_err r = ent_store_run(s, st);
    if (r != ENT_OK)
        return r;
    if ((st = query_bytes(s, ENT_Q_SESSION_ADD, hash->b, sizeof(hash->b))) != NULL) {
        (void)sqlite3_bind_int64(st, 2, user);
        (void)sqlite3_bind_int64(st, 3, x->created);
        (void)sqlite3_bind_int64(st, 4, x->used);
        (void)sqlite3_bind_int64(st, 5, x->expires);
    }
    return run_one(s, st);
}

enum ent_err ent_store_session(struct ent_store *s, struct ent_session *ret,
                               struct ent_user *ret_user, const struct ent_hash32 *hash)
{
    sqlite3_stmt *st = query_bytes(s, ENT_Q_SESSION, hash->b, sizeof(hash->b));
    enum ent_err r = step_one(s, st);
    if (r == ENT_OK && (r = take_user(ret_user, st, 0)) == ENT_OK)
        *ret = (struct ent_session){.created = sqlite3_column_int64(st, 10),
                                    .used = sqlite3_column_int64(st, 11),
                                    .expires = sqlite3_column_int64(st, 12)};
    if (st != NULL)
        ent_store_done(st);
    return r;
}

enum ent_err ent_store_session_used(struct ent_store *s, const struct ent_hash32 *hash, int64_t now)
{
    sqlite3_stmt *st = query_bytes(s, ENT_Q_SESSION_USED, hash->b, sizeof(hash->b));
    if (st != NULL)
        (void)sqlite3_bind_int64(st, 2, now);
    return run_one(s, st);
}

enum ent_err ent_store_session_drop(struct ent_store *s, const struct ent_hash32 *hash)
{
    return run_one(s, query_bytes(s, ENT_Q_SESSION_DROP, hash->b, sizeof(hash->b)));
}

enum ent_err ent_store_sessions_drop(struct ent_store *s, int64_t user)
{
    return ent_store_run(s, query_id(s, ENT_Q_SESSIONS_DROP, user));
}

/* --- the first operator -------------------------------------------------------------------------
 */

enum ent_err ent_store_link_add(struct ent_store *s, const struct ent_hash32 *hash, int64_t expires)
{
    sqlite3_stmt *st = query_bytes(s, ENT_Q_LINK_ADD, hash->b, sizeof(hash->b));
    if (st != NULL)
        (void)sqlite3_bind_int64(st, 2, expires);
    return run_one(s, st);
}

enum ent_err ent_store_link(struct ent_store *s, const struct ent_hash32 *hash, int64_t now)
{
    sqlite3_stmt *st = query_bytes(s, ENT_Q_LINK, hash->b, sizeof(hash->b));
    int64_t ignored;
    if (st != NULL)
        (void)sqlite3_bind_int64(st, 2, now);
    return ent_store_number(s, st, &ignored);
}

enum ent_err ent_store_links_drop(struct ent_store *s)
{
    return ent_store_run(s, ent_store_query(s, ENT_Q_LINKS_DROP));
}

/* --- strikes ------------------------------------------------------------------------------------
 */

enum ent_err ent_store_strikes(struct ent_store *s, struct ent_strikes *ret,
                               const struct ent_key16 *key)
{
    sqlite3_stmt *st = query_bytes(s, ENT_Q_STRIKES, key->b, sizeof(key->b));
    enum ent_err r = step_one(s, st);
    if (r == ENT_OK) {
        const int64_t n = sqlite3_column_int64(st, 0);
        *ret = (struct ent_strikes){.n = n < 0 || n > UINT32_MAX ? UINT32_MAX : (uint32_t)n,
                                    .last = sqlite3_column_int64(st, 1)};
    } else if (r == ENT_E_NOTFOUND) {
        *ret = (struct ent_strikes){.n = 0};
        r = ENT_OK;
    }
    if (st != NULL)
        ent_store_done(st);
    return r;
}

enum ent_err ent_store_strikes_set(struct ent_store *s, const struct ent_key16 *key,
                                   const struct ent_strikes *x)
{
    if (x->n == 0)
        return ent_store_run(s, query_bytes(s, ENT_Q_STRIKES_DROP, key->b, sizeof(key->b)));
    sqlite3_stmt *st = query_bytes(s, ENT_Q_STRIKES_SET, key->b, sizeof(key->b));
    if (st != NULL) {
        (void)sqlite3_bind_int64(st, 2, x->n);
        (void)sqlite3_bind_int64(st, 3, x->last);
    }
    enum ent_err r = ent_store_run(s, st);
    return r == ENT_OK ? ent_store_run(s, query_id(s, ENT_Q_STRIKES_PRUNE, ENT_STRIKES_MOST)) : r;
}

enum ent_err ent_store_known_add(struct ent_store *s, int64_t user, const struct ent_key16 *from,
                                 int64_t now)
{
    sqlite3_stmt *st = query_id(s, ENT_Q_KNOWN_ADD, user);
    if (st != NULL) {
        bind_bytes(st, 2, from->b, sizeof(from->b));
        (void)sqlite3_bind_int64(st, 3, now);
    }
    enum ent_err r = ent_store_run(s, st);
    if (r != ENT_OK)
        return r;
    if ((st = query_id(s, ENT_Q_KNOWN_PRUNE, user)) != NULL)
        (void)sqlite3_bind_int64(st, 2, ENT_KNOWN_MOST);
    return ent_store_run(s, st);
}

enum ent_err ent_store_known_from(struct ent_store *s, bool *ret, int64_t user,
                                  const struct ent_key16 *from, int64_t since)
{
    sqlite3_stmt *st = query_id(s, ENT_Q_KNOWN, user);
    int64_t n = 0;
    if (st != NULL) {
        bind_bytes(st, 2, from->b, sizeof(from->b));
        (void)sqlite3_bind_int64(st, 3, since);
    }
    enum ent_err r = ent_store_number(s, st, &n);
    if (r == ENT_OK)
        *ret = n != 0;
    return r;
}
