/*
 * console_accounts.c: accounts and tokens, for operators those of all, for everybody the own ones.
 * All changes are users.h's, which asks who may, and records it; a new token is told once, here.
 */
#include "node/node.h"

#include "node/console_parts.h"

/* ENT_ACT_USERS for any but one's own. */
static enum ent_err may(const struct ent_console_call *x, struct ent_diag *d)
{
    const char *account = x->q->account;
    if (x->store->opts.users == NULL)
        return ent_fail(d, ENT_E_POLICY, "nothing can be recorded here", 0, 0);
    if (account[0] == '\0' || strcmp(account, x->who.name) == 0 || ent_may(&x->who, ENT_ACT_USERS))
        return ENT_OK;
    return ent_fail(d, ENT_E_POLICY, "this account may not do that", 0, 0);
}

static void put_account(struct ent_rows *w, const struct ent_user *u)
{
    ent_rows_cstr(w, "name", u->name);
    ent_rows_cstr(w, "display", u->display);
    ent_rows_cstr(w, "role", ent_user_role_name(u->role));
    ent_rows_cstr(w, "clearance", ent_tlp_name(u->clearance));
    ent_rows_bool(w, "enabled", u->enabled);
    ent_rows_bool(w, "password", u->password[0] != '\0');
    ent_rows_time(w, "created", u->created);
    ent_rows_u64(w, "tokens", u->tokens);
    ent_rows_u64(w, "sessions", u->sessions);
}

static enum ent_err put_one(void *ctx, const struct ent_user *u)
{
    struct ent_rows *w = ctx;
    ent_rows_obj(w, NULL);
    put_account(w, u);
    ent_rows_obj_end(w);
    return ENT_OK;
}

enum ent_err ent_console_accounts(struct ent_console_call *x, struct ent_diag *d)
{
    (void)d;
    ent_rows_arr(&x->w, "accounts");
    enum ent_err r = ent_store_users(x->store->opts.store, put_one, &x->w);
    ent_rows_arr_end(&x->w);
    return r;
}

struct tokens {
    struct ent_rows *w;
    const struct ent_user *of;
};

/* What it may do now: a token never does more than its account. */
static enum ent_err put_token(void *ctx, const struct ent_token *t)
{
    const struct tokens *all = ctx;
    struct ent_rows *w = all->w;
    ent_rows_obj(w, NULL);
    ent_rows_cstr(w, "name", t->name);
    ent_rows_cstr(w, "role", ent_user_role_name(t->role < all->of->role ? t->role : all->of->role));
    ent_rows_cstr(
        w, "clearance",
        ent_tlp_name(t->clearance < all->of->clearance ? t->clearance : all->of->clearance));
    ent_rows_time(w, "created", t->created);
    ent_rows_time(w, "expires", t->expires);
    ent_rows_time(w, "used", t->used);
    ent_rows_obj_end(w);
    return ENT_OK;
}

enum ent_err ent_console_account(struct ent_console_call *x, struct ent_diag *d)
{
    const char *name = x->q->account[0] != '\0' ? x->q->account : x->who.name;
    struct ent_store *s = x->store->opts.store;
    struct ent_user u;
    enum ent_err r = may(x, d);
    if (r != ENT_OK)
        return r;
    if ((r = ent_store_user(s, &u, ent_slice_str(name))) != ENT_OK)
        return r == ENT_E_NOTFOUND ? ent_fail(d, r, "there is no such account", 0, 0) : r;
    struct tokens all = {&x->w, &u};
    put_account(&x->w, &u);
    ent_rows_arr(&x->w, "token_list");
    r = ent_store_tokens(s, u.id, put_token, &all);
    ent_rows_arr_end(&x->w);
    ent_wipe(&u, sizeof(u));
    return r;
}

/* --- changes ------------------------------------------------------------------------------------
 */

enum ent_err ent_console_account_add(struct ent_console_call *x, struct ent_diag *d)
{
    const struct ent_console_query *q = x->q;
    struct ent_user n = {.role = q->role, .clearance = q->tlp};
    enum ent_err r = may(x, d);
    if (r != ENT_OK)
        return r;
    (void)snprintf(n.name, sizeof(n.name), "%s", q->account);
    (void)snprintf(n.display, sizeof(n.display), "%s", q->display);
    return ent_users_add(x->store->opts.users, d, &x->who, &n, ent_slice_str(q->password), x->now);
}

enum ent_err ent_console_account_set(struct ent_console_call *x, struct ent_diag *d)
{
    const struct ent_console_query *q = x->q;
    const struct ent_user_change change = {.display = q->display[0] == '\0' ? NULL : q->display,
                                           .role = q->role,
                                           .clearance = q->tlp,
                                           .enable = q->enable,
                                           .disable = q->disable};
    enum ent_err r = may(x, d);
    return r != ENT_OK ? r
                       : ent_users_set(x->store->opts.users, d, &x->who, ent_slice_str(q->account),
                                       &change, x->now);
}

/* Who found an open browser, or took a token, does not get the account for good. */
static enum ent_err knows_old(const struct ent_console_call *x, struct ent_diag *d)
{
    struct ent_credential c;
    struct ent_check check = {.refusal = ENT_REFUSED_WRONG};
    enum ent_err r =
        ent_credential_password(&c, ent_slice_str(x->who.name), ent_slice_str(x->q->old));
    if (r == ENT_OK)
        r = ent_users_check(x->store->opts.users, &check, d, &c, x->who.from16, x->now);
    ent_wipe(&c, sizeof(c));
    if (r != ENT_E_AUTH)
        return r;
    return check.refusal == ENT_REFUSED_WAIT || check.refusal == ENT_REFUSED_BUSY
               ? ent_fail(d, ENT_E_TIMEOUT, "too many passwords were tried: wait", 0, 0)
               : ent_fail(d, ENT_E_POLICY, "this is not the password that it has now", 0, 0);
}

enum ent_err ent_console_password(struct ent_console_call *x, struct ent_diag *d)
{
    enum ent_err r = may(x, d);
    if (r == ENT_OK && strcmp(x->q->account, x->who.name) == 0)
        r = knows_old(x, d);
    return r != ENT_OK
               ? r
               : ent_users_passwd(x->store->opts.users, d, &x->who, ent_slice_str(x->q->account),
                                  ent_slice_str(x->q->password), x->now);
}

enum ent_err ent_console_token(struct ent_console_call *x, struct ent_diag *d)
{
    const struct ent_console_query *q = x->q;
    struct ent_token t = {.role = q->role, .clearance = q->tlp, .expires = (int64_t)q->until};
    char text[ENT_TOKEN_TEXT];
    enum ent_err r = may(x, d);
    if (r != ENT_OK)
        return r;
    (void)snprintf(t.name, sizeof(t.name), "%s", q->token);
    r = ent_users_token(x->store->opts.users, d, text, &x->who, ent_slice_str(q->account), &t,
                        x->now);
    if (r == ENT_OK)
        ent_rows_cstr(&x->w, "token", text);
    ent_wipe(text, sizeof(text));
    return r;
}

enum ent_err ent_console_token_drop(struct ent_console_call *x, struct ent_diag *d)
{
    enum ent_err r = may(x, d);
    return r != ENT_OK ? r
                       : ent_users_token_drop(x->store->opts.users, d, &x->who,
                                              ent_slice_str(x->q->account),
                                              ent_slice_str(x->q->token), x->now);
}
