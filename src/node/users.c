/*
 * users.c: recognising who asks. Wrong passwords are counted in three places: for the address, in
 * memory; for the account, on the disk; and for an account from an address that it was used from
 * before, or from this machine, apart from all others, so that whoever guesses elsewhere does not
 * lock out the one who knows.
 */
#include "node/node.h"

#include "node/users_parts.h"

/* --- hashing ------------------------------------------------------------------------------------
 */

bool users_slot_take(struct ent_users *u)
{
    bool mine = false;
    (void)pthread_mutex_lock(&u->slots);
    if (u->waiting < WAITS_MOST) {
        u->waiting++;
        while (u->hashing == HASHES_MOST)
            (void)pthread_cond_wait(&u->slot_free, &u->slots);
        u->waiting--;
        u->hashing++;
        mine = true;
    }
    (void)pthread_mutex_unlock(&u->slots);
    return mine;
}

void users_slot_give(struct ent_users *u)
{
    (void)pthread_mutex_lock(&u->slots);
    u->hashing--;
    (void)pthread_cond_signal(&u->slot_free);
    (void)pthread_mutex_unlock(&u->slots);
}

enum ent_err ent_users_new(struct ent_users **ret, const struct ent_users_opts *opts)
{
    struct ent_users *u = calloc(1, sizeof(*u));
    if (u == NULL)
        return ENT_E_NOMEM;
    ENT_ASSERT(opts->record != NULL);
    u->opts = *opts;
    (void)pthread_mutex_init(&u->lock, NULL);
    (void)pthread_mutex_init(&u->slots, NULL);
    (void)pthread_cond_init(&u->slot_free, NULL);
    enum ent_err r = ent_strike_table_new(&u->addresses);
    if (r != ENT_OK) {
        ent_users_free(u);
        return r;
    }
    *ret = u;
    return ENT_OK;
}

void ent_users_free(struct ent_users *u)
{
    if (u == NULL)
        return;
    ent_strike_table_free(u->addresses);
    (void)pthread_mutex_destroy(&u->lock);
    (void)pthread_mutex_destroy(&u->slots);
    (void)pthread_cond_destroy(&u->slot_free);
    free(u);
}

/* --- records ------------------------------------------------------------------------------------
 */

static enum ent_err record(struct ent_users *u, struct ent_diag *d, const struct ent_identity *who,
                           enum ent_action what, enum ent_refusal outcome, struct ent_slice on,
                           int64_t now)
{
    struct ent_trail_record r = {.time = now, .what = what, .outcome = outcome};
    ent_trail_record_by(&r, who);
    ent_trail_record_on(&r, on);
    return u->opts.record(u->opts.ctx, &r, d);
}

/* In a new minute, what the last ones had no record of. */
static enum ent_err catch_up(struct ent_users *u, struct ent_diag *d, int64_t now)
{
    const struct ent_identity nobody = {.name = ENT_NOBODY};
    char n[24];
    enum ent_err r = ENT_OK;
    if (now / 60 == u->minute)
        return ENT_OK;
    if (u->more > 0) {
        (void)snprintf(n, sizeof(n), "%llu", (unsigned long long)u->more);
        r = record(u, d, &nobody, ENT_ACT_LOGIN, ENT_REFUSED_MORE, ent_slice_str(n), now);
    }
    if (r == ENT_OK) {
        u->minute = now / 60;
        u->refused = 0;
        u->more = 0;
    }
    return r;
}

enum ent_err users_record(struct ent_users *u, struct ent_diag *d, const struct ent_identity *who,
                          enum ent_action what, struct ent_slice on, int64_t now)
{
    enum ent_err r = catch_up(u, d, now);
    return r == ENT_OK ? record(u, d, who, what, ENT_REFUSED_NOT, on, now) : r;
}

enum ent_err users_refused(struct ent_users *u, struct ent_diag *d, const struct ent_identity *who,
                           enum ent_action what, enum ent_refusal why, struct ent_slice on,
                           int64_t now)
{
    enum ent_err r = catch_up(u, d, now);
    if (r != ENT_OK)
        return r;
    if (u->refused >= ENT_REFUSED_MINUTE) {
        u->more++;
        return ENT_OK;
    }
    u->refused++;
    return record(u, d, who, what, why, on, now);
}

enum ent_err users_act(struct ent_users *u, struct ent_diag *d, const struct ent_identity *who,
                       enum ent_action what, struct ent_slice on, int64_t now)
{
    if (!ent_may(who, what)) {
        enum ent_err r = users_refused(u, d, who, what, ENT_REFUSED_ROLE, on, now);
        return r == ENT_OK ? ent_fail(d, ENT_E_POLICY, "not with this role and clearance", 0, 0)
                           : r;
    }
    return ent_actions[what].audited ? users_record(u, d, who, what, on, now) : ENT_OK;
}

enum ent_err ent_users_act(struct ent_users *u, struct ent_diag *d, const struct ent_identity *who,
                           enum ent_action what, struct ent_slice on, int64_t now)
{
    users_lock(u);
    enum ent_err r = users_act(u, d, who, what, on, now);
    users_unlock(u);
    return r;
}

/* --- passwords ----------------------------------------------------------------------------------
 */

void users_strike_key(struct ent_key16 *ret, struct ent_slice name, const struct ent_key16 *from)
{
    struct ent_hash32 h;
    struct ent_sha256 sha;
    ent_sha256_init(&sha);
    ent_sha256_add(&sha, name);
    ent_sha256_add(&sha, ENT_SLICE_LIT("\n"));
    if (from != NULL)
        ent_sha256_add(&sha, ent_slice(from->b, sizeof(from->b)));
    ent_sha256_end(&sha, &h);
    memcpy(ret->b, h.b, sizeof(ret->b));
}

static bool is_this_machine(const uint8_t from16[static 16])
{
    static const uint8_t v6[16] = {[15] = 1}, v4[13] = {[10] = 0xFF, [11] = 0xFF, [12] = 127};
    static const uint8_t command[16]; /* at the terminal */
    return memcmp(from16, v6, sizeof(v6)) == 0 || memcmp(from16, v4, sizeof(v4)) == 0 ||
           memcmp(from16, command, sizeof(command)) == 0;
}

struct attempt {
    struct ent_users *u;
    struct ent_check *ret;
    struct ent_diag *d;
    const struct ent_credential *c;
    const uint8_t *from16;
    int64_t now;
    struct ent_key16 from, key;
    struct ent_user user; /* id 0: nobody of this name */
    struct ent_identity nobody;
};

static struct ent_slice name_of(const struct attempt *a)
{
    return a->user.id == 0 ? ent_slice(NULL, 0) : ent_slice_str(a->user.name);
}

/* Nobody is let in; the record of it must not be what makes the difference. */
static enum ent_err refuse(struct attempt *a, enum ent_action what, enum ent_refusal why)
{
    enum ent_err r = users_refused(a->u, a->d, &a->nobody, what, why, name_of(a), a->now);
    if (r != ENT_OK)
        return r;
    a->ret->refusal = why;
    return ent_fail(a->d, ENT_E_AUTH, "not let in", 0, 0);
}

/* A token alone, and not beyond its end. A password that is remembered would be right for whoever
 * guesses it while others have to wait: that each guess is counted is what keeps it. A session ends
 * by not being used. */
static unsigned keep(const struct attempt *a, enum ent_via via, const struct ent_token *t)
{
    if (a->u->opts.epoch == NULL || via != ENT_VIA_TOKEN)
        return 0;
    return t->expires != 0 && t->expires - a->now < ENT_KEEP_SECONDS
               ? (unsigned)(t->expires - a->now)
               : ENT_KEEP_SECONDS;
}

static enum ent_err let_in(struct attempt *a, enum ent_via via, const struct ent_token *t)
{
    struct ent_identity *who = &a->ret->who;
    *who = (struct ent_identity){
        .user = a->user.id, .role = a->user.role, .clearance = a->user.clearance, .via = via};
    memcpy(who->name, a->user.name, sizeof(who->name));
    memcpy(who->from16, a->from16, sizeof(who->from16));
    if (t != NULL) {
        memcpy(who->token, t->name, sizeof(who->token));
        who->role = t->role < who->role ? t->role : who->role;
        who->clearance = t->clearance < who->clearance ? t->clearance : who->clearance;
    }
    a->ret->refusal = ENT_REFUSED_NOT;
    a->ret->keep = keep(a, via, t);
    return ENT_OK;
}

static enum ent_err load_user(struct attempt *a)
{
    enum ent_err r = ent_store_user(a->u->opts.store, &a->user, ent_slice_str(a->c->name));
    if (r != ENT_E_NOTFOUND)
        return r;
    a->user = (struct ent_user){.id = 0};
    return ENT_OK;
}

/* Before the password is looked at: whoever asks many times at once has many strikes. */
static enum ent_err strike(struct attempt *a)
{
    struct ent_store *s = a->u->opts.store;
    struct ent_strikes x = {.n = 0};
    bool known = false;
    enum ent_err r;
    ent_strikes_key(&a->from, a->from16);
    a->ret->wait = ent_strike_table_wait(a->u->addresses, &a->from, a->now);
    if ((r = load_user(a)) != ENT_OK)
        return r;
    if (a->ret->wait > 0)
        return refuse(a, ENT_ACT_LOGIN, ENT_REFUSED_WAIT);
    if ((r = ent_store_known_from(s, &known, a->user.id, &a->from, a->now - ENT_KNOWN_SECONDS)) !=
        ENT_OK)
        return r;
    users_strike_key(&a->key, ent_slice_str(a->c->name),
                     known || is_this_machine(a->from16) ? &a->from : NULL);
    if ((r = ent_store_strikes(s, &x, &a->key)) != ENT_OK)
        return r;
    if ((a->ret->wait = ent_strikes_wait(&x, ENT_STRIKES_ACCOUNT, a->now)) > 0)
        return refuse(a, ENT_ACT_LOGIN, ENT_REFUSED_WAIT);
    ent_strikes_add(&x, ENT_STRIKES_ACCOUNT, a->now);
    if ((r = ent_store_begin(s)) == ENT_OK && (r = ent_store_strikes_set(s, &a->key, &x)) == ENT_OK)
        r = ent_store_commit(s);
    ent_store_rollback(s);
    if (r == ENT_OK)
        ent_strike_table_add(a->u->addresses, &a->from, a->now);
    return r;
}

/* The record first, then the strikes go. */
static enum ent_err password_was_right(struct attempt *a)
{
    struct ent_store *s = a->u->opts.store;
    const struct ent_strikes none = {.n = 0};
    enum ent_err r = let_in(a, ENT_VIA_PASSWORD, NULL);
    if (r == ENT_OK)
        r = users_record(a->u, a->d, &a->ret->who, ENT_ACT_LOGIN, ent_slice(NULL, 0), a->now);
    if (r == ENT_OK && (r = ent_store_begin(s)) == ENT_OK &&
        (r = ent_store_strikes_set(s, &a->key, &none)) == ENT_OK &&
        (r = ent_store_known_add(s, a->user.id, &a->from, a->now)) == ENT_OK)
        r = ent_store_commit(s);
    ent_store_rollback(s);
    ent_strike_table_undo(a->u->addresses, &a->from);
    return r;
}

/* With the first password that is looked at, whosever it is: who looks at none needs no such hash.
 */
static enum ent_err make_nobody(struct ent_users *u)
{
    uint8_t random[32];
    if (u->nobody[0] != '\0')
        return ENT_OK;
    ent_random(random, sizeof(random));
    return ent_password_hash(u->nobody, ent_slice(random, sizeof(random)), u->opts.cheap);
}

static enum ent_err check_password(struct attempt *a)
{
    char hash[ENT_PASSWORD_HASH];
    if (!users_slot_take(a->u)) {
        a->ret->refusal = ENT_REFUSED_BUSY;
        return ent_fail(a->d, ENT_E_AUTH, "not let in", 0, 0);
    }
    users_lock(a->u);
    enum ent_err r = make_nobody(a->u);
    if (r == ENT_OK)
        r = strike(a);
    users_unlock(a->u);
    if (r == ENT_OK) {
        const bool has_one = a->user.id != 0 && a->user.password[0] != '\0';
        memcpy(hash, has_one ? a->user.password : a->u->nobody, sizeof(hash));
        bool right =
            ent_password_check(hash, ent_slice(a->c->password, a->c->password_n)) == ENT_OK;
        users_lock(a->u);
        /* It may be another one meanwhile. */
        if ((r = load_user(a)) == ENT_OK) {
            right = right && has_one && a->user.enabled && strcmp(hash, a->user.password) == 0;
            r = right ? password_was_right(a) : refuse(a, ENT_ACT_LOGIN, ENT_REFUSED_WRONG);
        }
        users_unlock(a->u);
    }
    users_slot_give(a->u);
    ent_wipe(hash, sizeof(hash));
    return r;
}

/* --- tokens and sessions ------------------------------------------------------------------------
 */

static enum ent_err use_token(struct attempt *a, const struct ent_token *t)
{
    struct ent_store *s = a->u->opts.store;
    enum ent_err r = let_in(a, ENT_VIA_TOKEN, t);
    if (r != ENT_OK || (a->now >= t->used && a->now - t->used < ENT_TOKEN_COARSE))
        return r;
    if ((r = users_record(a->u, a->d, &a->ret->who, ENT_ACT_TOKEN, ent_slice(NULL, 0), a->now)) ==
            ENT_OK &&
        (r = ent_store_begin(s)) == ENT_OK &&
        (r = ent_store_token_used(s, t->id, a->now)) == ENT_OK)
        r = ent_store_commit(s);
    ent_store_rollback(s);
    return r;
}

static enum ent_err check_token(struct attempt *a)
{
    struct ent_token t;
    enum ent_err r = ent_store_token(a->u->opts.store, &t, &a->user, &a->c->hash, a->now);
    if (r == ENT_OK && a->user.enabled &&
        (a->c->name[0] == '\0' || strcmp(a->c->name, a->user.name) == 0))
        return use_token(a, &t);
    return r == ENT_OK || r == ENT_E_NOTFOUND ? refuse(a, ENT_ACT_TOKEN, ENT_REFUSED_WRONG) : r;
}

static enum ent_err check_session(struct attempt *a)
{
    struct ent_store *s = a->u->opts.store;
    struct ent_session x;
    enum ent_err r = ent_store_session(s, &x, &a->user, &a->c->hash);
    if (r != ENT_OK && r != ENT_E_NOTFOUND)
        return r;
    /* One that has ended is nothing to be told about: each page that was left open has one. */
    if (r == ENT_E_NOTFOUND || !a->user.enabled || a->now >= x.expires || a->now < x.created ||
        a->now - x.used >= ENT_SESSION_IDLE) {
        a->ret->refusal = ENT_REFUSED_WRONG;
        return ent_fail(a->d, ENT_E_AUTH, "not let in", 0, 0);
    }
    if (a->now - x.used >= 60) {
        if ((r = ent_store_begin(s)) == ENT_OK &&
            (r = ent_store_session_used(s, &a->c->hash, a->now)) == ENT_OK)
            r = ent_store_commit(s);
        ent_store_rollback(s);
        if (r != ENT_OK)
            return r;
    }
    return let_in(a, ENT_VIA_SESSION, NULL);
}

enum ent_err ent_users_check(struct ent_users *u, struct ent_check *ret, struct ent_diag *d,
                             const struct ent_credential *c, const uint8_t from16[static 16],
                             int64_t now)
{
    struct attempt a = {.u = u,
                        .ret = ret,
                        .d = d,
                        .c = c,
                        .from16 = from16,
                        .now = now,
                        .nobody = {.name = ENT_NOBODY}};
    enum ent_err r = ENT_E_AUTH;
    memcpy(a.nobody.from16, from16, sizeof(a.nobody.from16));
    *ret = (struct ent_check){.refusal = ENT_REFUSED_NONE};
    if (c->kind == ENT_CRED_PASSWORD) {
        r = check_password(&a);
    } else if (c->kind != ENT_CRED_NONE) {
        users_lock(u);
        r = c->kind == ENT_CRED_TOKEN ? check_token(&a) : check_session(&a);
        users_unlock(u);
    }
    if (r != ENT_OK)
        ret->who = (struct ent_identity){.user = 0};
    ent_wipe(&a.user, sizeof(a.user));
    return r;
}

enum ent_err ent_users_session(struct ent_users *u, struct ent_diag *d,
                               char ret_cookie[static ENT_SECRET_TEXT],
                               const struct ent_identity *who, int64_t now)
{
    const struct ent_session x = {.created = now, .used = now, .expires = now + ENT_SESSION_MOST};
    struct ent_store *s = u->opts.store;
    char cookie[ENT_SECRET_TEXT];
    struct ent_hash32 hash;
    struct ent_user user;
    if (who->via != ENT_VIA_PASSWORD)
        return ent_fail(d, ENT_E_STATE, "a session begins with a password", 0, 0);
    ent_secret_make(cookie, sizeof(cookie), "", &hash);
    users_lock(u);
    enum ent_err r = ent_store_begin(s);
    if (r == ENT_OK && (r = ent_store_user(s, &user, ent_slice_str(who->name))) == ENT_OK)
        r = user.enabled && user.id == who->user ? ent_store_session_add(s, user.id, &hash, &x)
                                                 : ENT_E_NOTFOUND;
    if (r == ENT_OK)
        r = ent_store_commit(s);
    ent_store_rollback(s);
    users_unlock(u);
    if (r != ENT_OK)
        return ent_fail(d, r, "no session for this account", 0, 0);
    memcpy(ret_cookie, cookie, sizeof(cookie));
    ent_wipe(cookie, sizeof(cookie));
    return ENT_OK;
}

enum ent_err ent_users_logout(struct ent_users *u, struct ent_diag *d,
                              const struct ent_credential *c)
{
    struct ent_store *s = u->opts.store;
    if (c->kind != ENT_CRED_SESSION)
        return ent_fail(d, ENT_E_NOTFOUND, "no session", 0, 0);
    users_lock(u);
    enum ent_err r = ent_store_begin(s);
    if (r == ENT_OK && (r = ent_store_session_drop(s, &c->hash)) == ENT_OK)
        r = ent_store_commit(s);
    ent_store_rollback(s);
    users_unlock(u);
    return r == ENT_OK ? r : ent_fail(d, r, "no session", 0, 0);
}
