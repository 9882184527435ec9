/* portal_login.c: sessions of browsers: begin, end, whose it is; and the first operator. */
#include "node/node.h"

#include "node/portal_parts.h"

/* What a browser keeps: seen by no script, sent to nobody else, and by TLS alone. */
static enum ent_err put_cookie(struct portal_call *c, const char *value, const char *age)
{
    return ent_buf_printf(
        &c->ret->headers, "Set-Cookie: %s=%s; %sHttpOnly; SameSite=Strict; Path=/%s\n",
        c->req->tls ? ENT_COOKIE_TLS : ENT_COOKIE, value, c->req->tls ? "Secure; " : "", age);
}

static void done(struct portal_call *c, enum ent_err r)
{
    c->ret->status = 200;
    c->ret->type = "application/json";
    if (r == ENT_OK)
        return;
    ent_buf_clear(&c->ret->headers);
    portal_fail(c->ret, c->req->path, 500, "the answer does not fit");
}

static void refuse(struct portal_call *c, unsigned status, const char *why)
{
    portal_fail(c->ret, c->req->path, status, why);
}

static bool is_json(struct ent_slice type)
{
    static const struct ent_slice json = ENT_SLICE_LIT("application/json");
    const uint8_t *end = type.n == 0 ? NULL : memchr(type.p, ';', type.n);
    if (end != NULL)
        type.n = (size_t)(end - type.p);
    return ent_slice_ieq(ent_slice_trim(type), json);
}

/* A body of words that asks for a cookie, so it must come from our own page: somebody else's could
 * log a browser in as another one. */
static bool take_form(struct portal_call *c, struct ent_field *f, size_t n)
{
    const struct ent_credential none = {.kind = ENT_CRED_NONE};
    struct ent_diag d = {0};
    if (ent_credential_own_site(&none, &c->presented) != ENT_OK)
        refuse(c, 403, "the request does not come from our own page");
    else if (!is_json(c->req->content_type))
        refuse(c, 415, "a body is application/json");
    else if (ent_fields_read(f, n, c->req->body, &d) != ENT_OK)
        refuse(c, 400, d.text != NULL ? d.text : "the body cannot be read");
    else
        return true;
    return false;
}

/* --- login --------------------------------------------------------------------------------------
 */

static void log_in(struct portal_call *c)
{
    static const char wrong[] = "the name or the password is wrong";
    char cookie[ENT_SECRET_TEXT], csrf[ENT_SECRET_TEXT];
    struct ent_json j;
    enum ent_err r = portal_who(c);
    if (r == ENT_E_AUTH)
        refuse(c, 401, wrong);
    if (r != ENT_OK)
        return;
    r = ent_api_session(&c->p->opts.keeper, cookie, &c->who.handle);
    if (r == ENT_OK)
        r = ent_session_csrf(csrf, ent_slice_str(cookie));
    if (r == ENT_E_NOTFOUND) /* disabled, this moment */
        refuse(c, 401, wrong);
    else if (r != ENT_OK)
        portal_fail_keeper(c, r);
    if (r != ENT_OK)
        return;
    ent_json_start(&j, &c->ret->body);
    ent_json_obj(&j, NULL);
    ent_json_cstr(&j, "csrf", csrf);
    ent_json_obj_end(&j);
    if ((r = ent_json_end(&j)) == ENT_OK)
        r = put_cookie(c, cookie, "");
    done(c, r);
    ent_wipe(cookie, sizeof(cookie));
    ent_wipe(csrf, sizeof(csrf));
}

void portal_login(struct portal_call *c)
{
    struct ent_buf name, password;
    ent_buf_init(&name, ENT_FIELD_MAX);
    ent_buf_init(&password, ENT_FIELD_MAX);
    struct ent_field f[] = {{.name = "name", .value = &name},
                            {.name = "password", .value = &password}};
    if (take_form(c, f, 2)) {
        if (ent_credential_password(&c->cred, ent_buf_slice(&name), ent_buf_slice(&password)) ==
            ENT_OK)
            log_in(c);
        else /* nobody can have these */
            refuse(c, 401, "the name or the password is wrong");
    }
    ent_buf_release(&name);
    ent_buf_wipe(&password);
}

/* --- logout -------------------------------------------------------------------------------------
 */

void portal_logout(struct portal_call *c)
{
    enum ent_err r = portal_credential(c);
    if (r == ENT_E_POLICY)
        return;
    if (r != ENT_OK || c->cred.kind != ENT_CRED_SESSION) {
        refuse(c, 401, "there is no session");
        return;
    }
    r = ent_api_logout(&c->p->opts.keeper, &c->cred);
    if (r != ENT_OK && r != ENT_E_NOTFOUND) { /* one that has ended is over, too */
        portal_fail_keeper(c, r);
        return;
    }
    done(c, put_cookie(c, "", "; Max-Age=0"));
    if (c->ret->status == 200) {
        c->ret->status = 204;
        c->ret->type = NULL;
    }
}

/* --- the first operator -------------------------------------------------------------------------
 */

static void refuse_first(struct portal_call *c, enum ent_err r)
{
    if (r == ENT_E_AUTH || r == ENT_E_NOTFOUND)
        refuse(c, 401, "this link does not hold, or does not hold any more");
    else if (r == ENT_E_LIMIT)
        refuse(c, 400, "a password has 12 to 256 bytes");
    else if (r == ENT_E_FORMAT)
        refuse(c, 400,
               "a name has 1 to 32 of a to z, 0 to 9 and '-', and begins with a letter or "
               "a digit; a name to show and a password are text");
    else if (r == ENT_E_STATE || r == ENT_E_EXISTS)
        refuse(c, 409, "there is such an account, or an operator, already");
    else
        portal_fail_keeper(c, r);
}

void portal_first(struct portal_call *c)
{
    struct ent_buf v[4];
    struct ent_field f[] = {{.name = "link", .value = &v[0]},
                            {.name = "name", .value = &v[1]},
                            {.name = "display", .value = &v[2], .may_miss = true},
                            {.name = "password", .value = &v[3]}};
    struct ent_json j;
    for (int i = 0; i < 4; i++)
        ent_buf_init(&v[i], ENT_FIELD_MAX);
    if (take_form(c, f, 4)) {
        const struct ent_api_first first = {ent_buf_slice(&v[0]), ent_buf_slice(&v[1]),
                                            ent_buf_slice(&v[2]), ent_buf_slice(&v[3])};
        enum ent_err r = ent_api_first(&c->p->opts.keeper, &first, c->req->from16);
        if (r != ENT_OK) {
            refuse_first(c, r);
        } else {
            ent_json_start(&j, &c->ret->body);
            ent_json_obj(&j, NULL);
            ent_json_str(&j, "account", first.name);
            ent_json_obj_end(&j);
            done(c, ent_json_end(&j));
        }
    }
    for (int i = 0; i < 4; i++)
        ent_buf_wipe(&v[i]);
}

/* --- whose session ------------------------------------------------------------------------------
 */

void portal_session(struct portal_call *c)
{
    struct ent_json j;
    enum ent_err r = portal_credential(c);
    if (r == ENT_OK)
        r = c->cred.kind == ENT_CRED_NONE ? ENT_E_AUTH : portal_who(c);
    if (r == ENT_E_AUTH || r == ENT_E_UNSUPPORTED)
        refuse(c, 401, "nobody is logged in");
    if (r != ENT_OK)
        return;
    ent_json_start(&j, &c->ret->body);
    ent_json_obj(&j, NULL);
    ent_json_cstr(&j, "account", c->who.who.name);
    ent_json_cstr(&j, "role", ent_user_role_name(c->who.who.role));
    ent_json_cstr(&j, "clearance", ent_tlp_name(c->who.who.clearance));
    ent_json_cstr(&j, "csrf", c->cred.csrf); /* empty but for a session */
    ent_json_obj_end(&j);
    done(c, ent_json_end(&j));
}
