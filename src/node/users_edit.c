/* users_edit.c: accounts, tokens and the first operator. */
#include "node/node.h"

#include "node/users_parts.h"

#define LINK_SIGN  "entl_"
#define TOKEN_SIGN "ent_"

static const char cannot[] = "cannot change the accounts";

static enum ent_err load(struct ent_users *u, struct ent_diag *d, struct ent_user *ret,
                         struct ent_slice name)
{
    enum ent_err r = ent_store_user(u->opts.store, ret, name);
    return r == ENT_OK
               ? r
               : ent_fail(d, r, r == ENT_E_NOTFOUND ? "there is no such account" : cannot, 0, 0);
}

/* Commit, or take all of it back. Who fails to commit may have done it all the same: whoever
 * remembers somebody looks again in any case. */
static enum ent_err end(struct ent_users *u, struct ent_diag *d, enum ent_err r)
{
    if (r == ENT_OK && (r = ent_store_commit(u->opts.store)) != ENT_OK)
        r = ent_fail(d, r, cannot, 0, 0);
    ent_store_rollback(u->opts.store);
    if (u->opts.epoch != NULL)
        ent_epoch_raise(u->opts.epoch);
    return r;
}

static enum ent_err begin(struct ent_users *u, struct ent_diag *d)
{
    enum ent_err r = ent_store_begin(u->opts.store);
    return r == ENT_OK ? r : ent_fail(d, r, cannot, 0, 0);
}

/* What a record is about: "set eva", "token eva/feeds"; and what follows from it, where that is
 * given. */
struct about {
    char text[ENT_TRAIL_ON + 1];
};
static struct ent_slice about(struct about *a, const char *verb, struct ent_slice name,
                              const char *token, enum ent_user_role role, enum ent_tlp clearance)
{
    const int n = name.n > ENT_USER_NAME_MAX ? (int)ENT_USER_NAME_MAX : (int)name.n;
    (void)snprintf(a->text, sizeof(a->text), "%s %.*s%s%.40s%s%s%s%s", verb, n,
                   (const char *)name.p, token == NULL ? "" : "/", token == NULL ? "" : token,
                   role == 0 ? "" : " ", role == 0 ? "" : ent_user_role_name(role),
                   clearance == 0 ? "" : " ", clearance == 0 ? "" : ent_tlp_name(clearance));
    return ent_slice_str(a->text);
}

/* --- passwords ----------------------------------------------------------------------------------
 */

static enum ent_err hash_password(struct ent_users *u, struct ent_diag *d,
                                  char ret[static ENT_USER_HASH_MAX], struct ent_slice password)
{
    _Static_assert(ENT_USER_HASH_MAX == ENT_PASSWORD_HASH, "what the store keeps");
    ret[0] = '\0';
    if (password.n == 0)
        return ENT_OK;
    if (password.n < ENT_PASSWORD_MIN || password.n > ENT_PASSWORD_MAX)
        return ent_fail(d, ENT_E_LIMIT, "a password has 12 to 256 bytes", 0, 0);
    if (!ent_utf8_valid(password, NULL) || memchr(password.p, '\0', password.n) != NULL)
        return ent_fail(d, ENT_E_FORMAT, "a password is UTF-8 without zero bytes", 0, 0);
    if (!users_slot_take(u))
        return ent_fail(d, ENT_E_TIMEOUT, "too many passwords are looked at", 0, 0);
    enum ent_err r = ent_password_hash(ret, password, u->opts.cheap);
    users_slot_give(u);
    return r == ENT_OK ? r : ent_fail(d, r, "no memory to hash a password", 0, 0);
}

/* Whoever was made to wait need not any more, but for one address that is known: it is let go by
 * time alone. */
static enum ent_err lift(struct ent_users *u, const char *name)
{
    const struct ent_strikes none = {.n = 0};
    struct ent_key16 key;
    users_strike_key(&key, ent_slice_str(name), NULL);
    return ent_store_strikes_set(u->opts.store, &key, &none);
}

enum ent_err ent_users_passwd(struct ent_users *u, struct ent_diag *d,
                              const struct ent_identity *who, struct ent_slice name,
                              struct ent_slice password, int64_t now)
{
    char hash[ENT_USER_HASH_MAX];
    struct ent_user user;
    struct about on;
    enum ent_err r = hash_password(u, d, hash, password);
    if (r != ENT_OK)
        return r;
    users_lock(u);
    const bool own = ent_slice_eq(name, ent_slice_str(who->name));
    if ((r = users_act(u, d, who, own ? ENT_ACT_OWN : ENT_ACT_USERS,
                       about(&on, password.n == 0 ? "no-password" : "password", name, NULL, 0, 0),
                       now)) == ENT_OK &&
        (r = begin(u, d)) == ENT_OK && (r = load(u, d, &user, name)) == ENT_OK) {
        memcpy(user.password, hash, sizeof(hash));
        if ((r = ent_store_user_set(u->opts.store, &user)) != ENT_OK ||
            (r = ent_store_sessions_drop(u->opts.store, user.id)) != ENT_OK ||
            (r = lift(u, user.name)) != ENT_OK)
            r = ent_fail(d, r, cannot, 0, 0);
    }
    r = end(u, d, r);
    users_unlock(u);
    return r;
}

/* --- accounts -----------------------------------------------------------------------------------
 */

static enum ent_err add(struct ent_users *u, struct ent_diag *d, const struct ent_user *n,
                        const char *hash, int64_t now)
{
    struct ent_user user = *n;
    user.enabled = true;
    user.created = now;
    memcpy(user.password, hash, sizeof(user.password));
    enum ent_err r = ent_store_user_add(u->opts.store, &user);
    return r == ENT_OK         ? r
           : r == ENT_E_EXISTS ? ent_fail(d, r, "there is an account of this name", 0, 0)
           : r == ENT_E_LIMIT  ? ent_fail(d, r, "there are 1000 accounts already", 0, 0)
           : r == ENT_E_FORMAT ? ent_fail(d, r,
                                          "a name is 1 to 32 of a-z, 0-9 and '-', what is "
                                          "displayed 128 bytes of visible UTF-8",
                                          0, 0)
                               : ent_fail(d, r, cannot, 0, 0);
}

enum ent_err ent_users_add(struct ent_users *u, struct ent_diag *d, const struct ent_identity *who,
                           const struct ent_user *n, struct ent_slice password, int64_t now)
{
    char hash[ENT_USER_HASH_MAX] = "";
    struct about on;
    enum ent_err r = hash_password(u, d, hash, password);
    if (r != ENT_OK)
        return r;
    users_lock(u);
    if ((r = users_act(u, d, who, ENT_ACT_USERS,
                       about(&on, "add", ent_slice_str(n->name), NULL, n->role, n->clearance),
                       now)) == ENT_OK &&
        (r = begin(u, d)) == ENT_OK)
        r = add(u, d, n, hash, now);
    r = end(u, d, r);
    users_unlock(u);
    return r;
}

static enum ent_err change(struct ent_users *u, struct ent_diag *d, struct ent_user *user,
                           const struct ent_user_change *c)
{
    enum ent_err r = ENT_OK;
    if (c->display != NULL) {
        if (strlen(c->display) > ENT_USER_DISPLAY_MAX)
            return ent_fail(d, ENT_E_FORMAT, "what is displayed is 128 bytes of visible UTF-8", 0,
                            0);
        (void)snprintf(user->display, sizeof(user->display), "%s", c->display);
    }
    user->role = c->role != 0 ? c->role : user->role;
    user->clearance = c->clearance != 0 ? c->clearance : user->clearance;
    user->enabled = !c->disable && (c->enable || user->enabled);
    if (c->disable)
        r = ent_store_sessions_drop(u->opts.store, user->id);
    if (r == ENT_OK && c->enable)
        r = lift(u, user->name);
    if (r == ENT_OK)
        r = ent_store_user_set(u->opts.store, user);
    return r == ENT_OK ? r
           : r == ENT_E_FORMAT
               ? ent_fail(d, r, "what is displayed is 128 bytes of visible UTF-8", 0, 0)
               : ent_fail(d, r, cannot, 0, 0);
}

enum ent_err ent_users_set(struct ent_users *u, struct ent_diag *d, const struct ent_identity *who,
                           struct ent_slice name, const struct ent_user_change *c, int64_t now)
{
    struct ent_user user;
    struct about on;
    uint64_t operators = 0;
    users_lock(u);
    const char *verb = c->disable ? "disable" : c->enable ? "enable" : "set";
    enum ent_err r = users_act(u, d, who, ENT_ACT_USERS,
                               about(&on, verb, name, NULL, c->role, c->clearance), now);
    if (r == ENT_OK && (r = begin(u, d)) == ENT_OK && (r = load(u, d, &user, name)) == ENT_OK &&
        (r = change(u, d, &user, c)) == ENT_OK) {
        if ((r = ent_store_operators(u->opts.store, &operators)) != ENT_OK)
            r = ent_fail(d, r, cannot, 0, 0);
        else if (operators == 0 && who->via != ENT_VIA_HOME)
            r = ent_fail(d, ENT_E_STATE, "nobody would be left who is an operator", 0, 0);
    }
    r = end(u, d, r);
    users_unlock(u);
    return r;
}

/* --- tokens -------------------------------------------------------------------------------------
 */

static enum ent_err add_token(struct ent_users *u, struct ent_diag *d, const struct ent_user *user,
                              const struct ent_token *want, const struct ent_hash32 *hash,
                              int64_t now)
{
    struct ent_token t = *want;
    t.role = t.role == 0 ? user->role : t.role;
    t.clearance = t.clearance == 0 ? user->clearance : t.clearance;
    t.created = now;
    if (t.role > user->role || t.clearance > user->clearance)
        return ent_fail(d, ENT_E_POLICY, "a token may not do more than its account", 0, 0);
    if (t.expires != 0 && t.expires <= now)
        return ent_fail(d, ENT_E_FORMAT, "a token that has expired already", 0, 0);
    enum ent_err r = ent_store_token_add(u->opts.store, user->id, &t, hash);
    return r == ENT_OK         ? r
           : r == ENT_E_EXISTS ? ent_fail(d, r, "the account has a token of this name", 0, 0)
           : r == ENT_E_LIMIT  ? ent_fail(d, r, "the account has 100 tokens already", 0, 0)
           : r == ENT_E_FORMAT
               ? ent_fail(d, r, "a token's name is 1 to 32 of a-z, 0-9 and '-'", 0, 0)
               : ent_fail(d, r, cannot, 0, 0);
}

static enum ent_action whose(const struct ent_identity *who, struct ent_slice name)
{
    return ent_slice_eq(name, ent_slice_str(who->name)) ? ENT_ACT_OWN : ENT_ACT_USERS;
}

enum ent_err ent_users_token(struct ent_users *u, struct ent_diag *d,
                             char ret[static ENT_TOKEN_TEXT], const struct ent_identity *who,
                             struct ent_slice name, const struct ent_token *t, int64_t now)
{
    char text[ENT_TOKEN_TEXT];
    struct about on;
    struct ent_hash32 hash;
    struct ent_user user;
    ent_secret_make(text, sizeof(text), TOKEN_SIGN, &hash);
    users_lock(u);
    enum ent_err r = users_act(u, d, who, whose(who, name),
                               about(&on, "token", name, t->name, t->role, t->clearance), now);
    if (r == ENT_OK && (r = begin(u, d)) == ENT_OK && (r = load(u, d, &user, name)) == ENT_OK) {
        /* A token that may do less makes none that may do more. */
        user.role = user.id == who->user && who->role < user.role ? who->role : user.role;
        if (user.id == who->user && who->clearance < user.clearance)
            user.clearance = who->clearance;
        r = add_token(u, d, &user, t, &hash, now);
    }
    r = end(u, d, r);
    users_unlock(u);
    if (r == ENT_OK)
        memcpy(ret, text, sizeof(text));
    ent_wipe(text, sizeof(text));
    return r;
}

enum ent_err ent_users_token_drop(struct ent_users *u, struct ent_diag *d,
                                  const struct ent_identity *who, struct ent_slice name,
                                  struct ent_slice token, int64_t now)
{
    char shown[ENT_USER_NAME_MAX + 1];
    struct about on;
    struct ent_user user;
    (void)snprintf(shown, sizeof(shown), "%.*s", (int)(token.n > 32 ? 32 : token.n),
                   (const char *)token.p);
    users_lock(u);
    enum ent_err r =
        users_act(u, d, who, whose(who, name), about(&on, "revoke", name, shown, 0, 0), now);
    if (r == ENT_OK && (r = begin(u, d)) == ENT_OK && (r = load(u, d, &user, name)) == ENT_OK &&
        (r = ent_store_token_drop(u->opts.store, user.id, token)) != ENT_OK)
        r = ent_fail(d, r, r == ENT_E_NOTFOUND ? "the account has no such token" : cannot, 0, 0);
    r = end(u, d, r);
    users_unlock(u);
    return r;
}

/* --- the first operator -------------------------------------------------------------------------
 */

static enum ent_err no_operator(struct ent_users *u, struct ent_diag *d)
{
    uint64_t n = 0;
    enum ent_err r = ent_store_operators(u->opts.store, &n);
    if (r != ENT_OK)
        return ent_fail(d, r, cannot, 0, 0);
    return n == 0 ? ENT_OK : ent_fail(d, ENT_E_STATE, "there is an operator already", 0, 0);
}

enum ent_err ent_users_link(struct ent_users *u, struct ent_diag *d, char ret[static ENT_LINK_TEXT],
                            int64_t now)
{
    struct ent_identity owner;
    char text[ENT_LINK_TEXT];
    struct ent_hash32 hash;
    ent_identity_owner(&owner);
    ent_secret_make(text, sizeof(text), LINK_SIGN, &hash);
    users_lock(u);
    enum ent_err r = begin(u, d);
    if (r == ENT_OK && (r = no_operator(u, d)) == ENT_OK &&
        (r = users_record(u, d, &owner, ENT_ACT_USERS, ENT_SLICE_LIT("link"), now)) == ENT_OK &&
        ((r = ent_store_links_drop(u->opts.store)) != ENT_OK ||
         (r = ent_store_link_add(u->opts.store, &hash, now + ENT_LINK_SECONDS)) != ENT_OK))
        r = ent_fail(d, r, cannot, 0, 0);
    r = end(u, d, r);
    users_unlock(u);
    if (r == ENT_OK)
        memcpy(ret, text, sizeof(text));
    ent_wipe(text, sizeof(text));
    return r;
}

/* The link is gone with the same commit that makes the account. */
static enum ent_err first(struct ent_users *u, struct ent_diag *d, const struct ent_hash32 *hash,
                          const struct ent_user *n, const char *password,
                          const struct ent_identity *who, int64_t now)
{
    struct ent_user user = *n;
    enum ent_err r = ent_store_link(u->opts.store, hash, now);
    if (r == ENT_E_NOTFOUND) {
        r = users_refused(u, d, who, ENT_ACT_FIRST, ENT_REFUSED_WRONG, ent_slice(NULL, 0), now);
        return r == ENT_OK ? ent_fail(d, ENT_E_AUTH, "this link does not hold (any more)", 0, 0)
                           : r;
    }
    user.role = ENT_USER_OPERATOR;
    user.clearance = ENT_TLP_RED;
    if (r != ENT_OK)
        return ent_fail(d, r, cannot, 0, 0);
    if ((r = no_operator(u, d)) != ENT_OK || (r = add(u, d, &user, password, now)) != ENT_OK)
        return r;
    if ((r = ent_store_links_drop(u->opts.store)) != ENT_OK)
        return ent_fail(d, r, cannot, 0, 0);
    return users_record(u, d, who, ENT_ACT_FIRST, ent_slice_str(user.name), now);
}

enum ent_err ent_users_first(struct ent_users *u, struct ent_diag *d, struct ent_slice link,
                             const struct ent_user *n, struct ent_slice password,
                             const uint8_t from16[static 16], int64_t now)
{
    struct ent_identity who = {.name = ENT_NOBODY, .via = ENT_VIA_LINK};
    char hash[ENT_USER_HASH_MAX] = "";
    struct ent_hash32 secret;
    memcpy(who.from16, from16, sizeof(who.from16));
    if (password.n == 0)
        return ent_fail(d, ENT_E_LIMIT, "a password has 12 to 256 bytes", 0, 0);
    if (ent_secret_hash(&secret, link, LINK_SIGN) != ENT_OK)
        return ent_fail(d, ENT_E_AUTH, "this link does not hold (any more)", 0, 0);
    /* Looked at before a password is hashed, which strangers could ask for at will. */
    users_lock(u);
    enum ent_err r = ent_store_link(u->opts.store, &secret, now);
    users_unlock(u);
    if (r == ENT_OK && (r = hash_password(u, d, hash, password)) != ENT_OK)
        return r;
    users_lock(u);
    if ((r = begin(u, d)) == ENT_OK)
        r = first(u, d, &secret, n, hash, &who, now);
    r = end(u, d, r);
    users_unlock(u);
    return r;
}
