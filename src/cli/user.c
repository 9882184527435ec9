/* user.c: entente user: accounts, roles, passwords, tokens, the first operator's link. Also the
 * audit log for commands that write to it. */
#include "cli/cli.h"

static const struct option_spec options[] = {
    {"--role", "ROLE", "add, set, token: reader, analyst, releaser or operator"},
    {"--tlp", "TLP", "add, set, token: the narrowest that may be seen; add: green by default"},
    {"--display", "TEXT", "add, set: the name to show to people"},
    {"--enable", NULL, "set: let the account in again, and lift a wait after wrong passwords"},
    {"--password-file", "FILE", "add, passwd: the first line of it; else passwd asks"},
    {"--no", NULL, "passwd: no password any more"},
    {"--expires", "TIME", "token: not after this, such as 2027-01-01"},
    {"--undo", NULL, "token: take it back"},
    {"--url", "URL", "link: where the users' port is, to print the whole address"},
    {"--passphrase-file", "FILE", "read the keys' passphrase from its first line"},
    {"--json", NULL, "list, token, link: one JSON object"},
    {NULL, NULL, NULL},
};

/* --- with the audit log -------------------------------------------------------------------------
 */

int cli_users_open(struct cli_users *ret, const struct session *s, const struct args *a)
{
    struct passphrase p = {0};
    struct ent_seed32 node = {{0}}, trail;
    struct ent_diag d = {0};
    char path[ENT_PATH_MAX];
    *ret = (struct cli_users){.users = NULL};
    int code = cli_key(s, a, &p, ENT_KEY_NODE, &node);
    cli_passphrase_release(&p);
    if (code != EXIT_DONE)
        return code;
    ent_node_seed(&trail, &node, ENT_NODE_TRAIL, 0);
    enum ent_err r = ent_trail_home_open(&ret->trail, &d, s->home, &trail);
    if (r == ENT_OK && (r = ent_home_path(s->home, path, ENT_EPOCH_FILE)) == ENT_OK)
        r = ent_epoch_open(&ret->epoch, &d, path); /* a node that runs is to see what changes */
    ent_wipe(&node, sizeof(node));
    ent_wipe(&trail, sizeof(trail));
    if (r == ENT_OK) {
        const struct ent_users_opts opts = {.store = s->store,
                                            .record = ent_trail_record,
                                            .ctx = ent_trail_of(ret->trail),
                                            .epoch = ret->epoch};
        r = ent_users_new(&ret->users, &opts);
    }
    return r == ENT_OK ? EXIT_DONE : cli_fail(r, &d, "the audit log");
}

void cli_users_close(struct cli_users *u)
{
    ent_users_free(u->users);
    ent_epoch_close(u->epoch);
    ent_trail_home_close(u->trail);
    *u = (struct cli_users){.users = NULL};
}

int cli_act(const struct session *s, const struct args *a, enum ent_action what, const char *on)
{
    struct ent_identity owner;
    struct cli_users u;
    struct ent_diag d = {0};
    ent_identity_owner(&owner);
    int code = cli_users_open(&u, s, a);
    if (code == EXIT_DONE) {
        enum ent_err r =
            ent_users_act(u.users, &d, &owner, what, ent_slice_str(on), ent_clock_now());
        code = r == ENT_OK ? EXIT_DONE : cli_fail(r, &d, "the audit log");
    }
    cli_users_close(&u);
    return code;
}

/* --- list ---------------------------------------------------------------------------------------
 */

struct listing {
    struct ent_json *j; /* NULL: for people */
    struct ent_buf names;
    const struct ent_user *of;
};

static const char *when(char ret[static ENT_TIME_TEXT], int64_t t)
{
    if (t == 0)
        (void)snprintf(ret, ENT_TIME_TEXT, "never");
    else
        ent_time_format(ret, t);
    return ret;
}

static void user_json(struct ent_json *j, const struct ent_user *u)
{
    ent_json_cstr(j, "name", u->name);
    if (u->display[0] != '\0')
        ent_json_cstr(j, "display", u->display);
    ent_json_cstr(j, "role", ent_user_role_name(u->role));
    ent_json_cstr(j, "clearance", ent_tlp_name(u->clearance));
    ent_json_bool(j, "enabled", u->enabled);
    ent_json_bool(j, "password", u->password[0] != '\0');
    ent_json_time(j, "created", u->created);
    ent_json_u64(j, "tokens", u->tokens);
    ent_json_u64(j, "sessions", u->sessions);
}

static enum ent_err list_user(void *ctx, const struct ent_user *u)
{
    struct listing *l = ctx;
    if (l->j != NULL) {
        ent_json_obj(l->j, NULL);
        user_json(l->j, u);
        ent_json_obj_end(l->j);
        return l->j->err;
    }
    (void)printf("%-16s %-9s %-16s %s, %s, %llu token%s%s%s\n", u->name,
                 ent_user_role_name(u->role), ent_tlp_name(u->clearance),
                 u->enabled ? "enabled" : "disabled",
                 u->password[0] != '\0' ? "password" : "no password", (unsigned long long)u->tokens,
                 u->tokens == 1 ? "" : "s", u->display[0] == '\0' ? "" : ": ", u->display);
    return ENT_OK;
}

static enum ent_err list_token(void *ctx, const struct ent_token *t)
{
    struct listing *l = ctx;
    char expires[ENT_TIME_TEXT], used[ENT_TIME_TEXT];
    const enum ent_user_role role = t->role < l->of->role ? t->role : l->of->role;
    const enum ent_tlp tlp = t->clearance < l->of->clearance ? t->clearance : l->of->clearance;
    if (l->j == NULL) {
        (void)printf("  %-14s %-9s %-16s expires %s, used %s\n", t->name, ent_user_role_name(role),
                     ent_tlp_name(tlp), when(expires, t->expires), when(used, t->used));
        return ENT_OK;
    }
    ent_json_obj(l->j, NULL);
    ent_json_cstr(l->j, "name", t->name);
    ent_json_cstr(l->j, "role", ent_user_role_name(role));
    ent_json_cstr(l->j, "clearance", ent_tlp_name(tlp));
    ent_json_time(l->j, "created", t->created);
    if (t->expires != 0)
        ent_json_time(l->j, "expires", t->expires);
    if (t->used != 0)
        ent_json_time(l->j, "used", t->used);
    ent_json_obj_end(l->j);
    return l->j->err;
}

static enum ent_err list_one(struct session *s, const char *name, struct listing *l)
{
    struct ent_user u;
    enum ent_err r = ent_store_user(s->store, &u, ent_slice_str(name));
    if (r != ENT_OK)
        return r;
    l->of = &u;
    if (l->j != NULL) {
        user_json(l->j, &u);
        ent_json_arr(l->j, "token_list");
    } else if ((r = list_user(l, &u)) != ENT_OK) {
        return r;
    }
    r = ent_store_tokens(s->store, u.id, list_token, l);
    if (l->j != NULL)
        ent_json_arr_end(l->j);
    return r;
}

static int list(struct session *s, const struct args *a, const char *name)
{
    struct listing l = {.j = NULL};
    struct ent_buf line;
    struct ent_json j;
    enum ent_err r;
    ent_buf_init(&line, 1u << 24);
    ent_json_start(&j, &line);
    ent_json_obj(&j, NULL);
    l.j = a->json ? &j : NULL;
    if (name != NULL) {
        r = list_one(s, name, &l);
    } else {
        ent_json_arr(&j, "users");
        r = ent_store_users(s->store, list_user, &l);
        ent_json_arr_end(&j);
    }
    ent_json_obj_end(&j);
    if (r == ENT_OK && a->json && (r = ent_json_end(&j)) == ENT_OK)
        r = cli_put_line(&line);
    ent_buf_release(&line);
    return r == ENT_OK ? EXIT_DONE
                       : cli_fail(r,
                                  r == ENT_E_NOTFOUND
                                      ? &(struct ent_diag){.text = "there is no such account"}
                                      : NULL,
                                  name);
}

/* --- changes ------------------------------------------------------------------------------------
 */

struct change {
    struct session *s;
    const struct args *a;
    struct cli_users u;
    struct ent_identity owner;
    enum ent_user_role role; /* 0: not said */
    enum ent_tlp tlp;
    const char *name, *token;
    struct passphrase password;
    int64_t expires;
};

int cli_first_line(struct passphrase *p, const char *path)
{
    struct ent_diag d = {0};
    ent_buf_init(&p->text, 4096);
    enum ent_err r = ent_file_read(&p->text, &d, path);
    if (r != ENT_OK)
        return cli_fail(r, &d, path);
    const uint8_t *nl = p->text.n == 0 ? NULL : memchr(p->text.p, '\n', p->text.n);
    if (nl != NULL)
        p->text.n = (size_t)(nl - p->text.p);
    if (p->text.n == 0)
        return cli_fail(ENT_E_FORMAT, &(struct ent_diag){.text = "holds no password"}, path);
    return EXIT_DONE;
}

static int ask_password(struct change *c)
{
    static const char none[] =
        "there is no terminal to ask for a password on; give --password-file FILE";
    struct passphrase again = {0};
    if (c->a->password_file != NULL)
        return cli_first_line(&c->password, c->a->password_file);
    int code = cli_ask(&c->password, "The new password: ", none);
    if (code == EXIT_DONE)
        code = cli_ask(&again, "The same again: ", none);
    if (code == EXIT_DONE &&
        !ent_slice_eq(ent_buf_slice(&c->password.text), ent_buf_slice(&again.text)))
        code = cli_fail(ENT_E_AUTH, &(struct ent_diag){.text = "the two passwords differ"}, NULL);
    else if (code == EXIT_DONE && c->password.text.n == 0) /* would mean none */
        code = cli_fail(ENT_E_LIMIT,
                        &(struct ent_diag){.text = "an empty password is none; --no "
                                                   "takes the password away"},
                        NULL);
    cli_passphrase_release(&again);
    return code;
}

static int add(struct change *c, struct ent_diag *d, enum ent_err *r)
{
    struct ent_user n = {.role = c->role, .clearance = c->tlp == 0 ? ENT_TLP_GREEN : c->tlp};
    const char *display = c->a->display == NULL ? "" : c->a->display;
    int code = c->a->password_file == NULL ? EXIT_DONE : ask_password(c);
    if (code != EXIT_DONE)
        return code;
    if (strlen(c->name) > ENT_USER_NAME_MAX || strlen(display) > ENT_USER_DISPLAY_MAX) {
        *r = ent_fail(d, ENT_E_FORMAT,
                      "a name is 1 to 32 of a-z, 0-9 and '-', what is displayed 128 bytes of "
                      "visible UTF-8",
                      0, 0);
        return EXIT_DONE;
    }
    (void)snprintf(n.name, sizeof(n.name), "%s", c->name);
    (void)snprintf(n.display, sizeof(n.display), "%s", display);
    *r = ent_users_add(c->u.users, d, &c->owner, &n, ent_buf_slice(&c->password.text),
                       ent_clock_now());
    return EXIT_DONE;
}

static int passwd(struct change *c, struct ent_diag *d, enum ent_err *r)
{
    int code = c->a->no ? EXIT_DONE : ask_password(c);
    if (code == EXIT_DONE)
        *r = ent_users_passwd(c->u.users, d, &c->owner, ent_slice_str(c->name),
                              ent_buf_slice(&c->password.text), ent_clock_now());
    return code;
}

/* What is shown once, for people on a line of its own. */
static enum ent_err show_secret(const struct args *a, const char *what, const char *before,
                                const char *secret)
{
    struct ent_buf line;
    struct ent_json j;
    enum ent_err r = ENT_OK;
    ent_buf_init(&line, 8192);
    if (a->json) {
        ent_json_start(&j, &line);
        ent_json_obj(&j, NULL);
        ent_json_cstr(&j, what, secret);
        ent_json_obj_end(&j);
        r = ent_json_end(&j);
    } else {
        r = ent_buf_printf(&line, "%s%s", before, secret);
    }
    if (r == ENT_OK)
        r = cli_put_line(&line);
    ent_buf_wipe(&line);
    return r;
}

static int token(struct change *c, struct ent_diag *d, enum ent_err *r)
{
    struct ent_token t = {.role = c->role, .clearance = c->tlp, .expires = c->expires};
    char text[ENT_TOKEN_TEXT];
    const struct ent_slice name = ent_slice_str(c->name), tok = ent_slice_str(c->token);
    if (c->a->undo) {
        *r = ent_users_token_drop(c->u.users, d, &c->owner, name, tok, ent_clock_now());
        return EXIT_DONE;
    }
    if (tok.n > ENT_USER_NAME_MAX) {
        *r = ent_fail(d, ENT_E_FORMAT, "a token's name is 1 to 32 of a-z, 0-9 and '-'", 0, 0);
        return EXIT_DONE;
    }
    (void)snprintf(t.name, sizeof(t.name), "%s", c->token);
    *r = ent_users_token(c->u.users, d, text, &c->owner, name, &t, ent_clock_now());
    if (*r == ENT_OK)
        *r = show_secret(c->a, "token", "", text);
    ent_wipe(text, sizeof(text));
    return EXIT_DONE;
}

static int link_first(struct change *c, struct ent_diag *d, enum ent_err *r)
{
    char text[ENT_LINK_TEXT], before[1024] = "";
    const char *url = c->a->url;
    if (url != NULL) {
        const size_t n = strlen(url);
        const char *slash = n > 0 && url[n - 1] == '/' ? "" : "/";
        (void)snprintf(before, sizeof(before), "%s%sfirst#", url, slash);
    }
    *r = ent_users_link(c->u.users, d, text, ent_clock_now());
    if (*r == ENT_OK)
        *r = show_secret(c->a, "link", before, text);
    ent_wipe(text, sizeof(text));
    return EXIT_DONE;
}

static int set(struct change *c, struct ent_diag *d, enum ent_err *r)
{
    const struct ent_user_change change = {
        .display = c->a->display, .role = c->role, .clearance = c->tlp, .enable = c->a->enable};
    *r = ent_users_set(c->u.users, d, &c->owner, ent_slice_str(c->name), &change, ent_clock_now());
    return EXIT_DONE;
}

static int disable(struct change *c, struct ent_diag *d, enum ent_err *r)
{
    const struct ent_user_change change = {.disable = true};
    *r = ent_users_set(c->u.users, d, &c->owner, ent_slice_str(c->name), &change, ent_clock_now());
    return EXIT_DONE;
}

/* --- the command --------------------------------------------------------------------------------
 */

enum takes {
    ROLE = 1,
    TLP = 2,
    DISPLAY = 4,
    PASSWORD = 8,
    NO = 16,
    EXPIRES = 32,
    UNDO = 64,
    URL = 128,
    JSON = 256,
    ENABLE = 512,
    KEY = 1024
};

/* table */
static const struct verb {
    const char *word;
    int least, most; /* arguments behind it */
    unsigned takes;
    int (*run)(struct change *c, struct ent_diag *d, enum ent_err *r); /* NULL: list */
} verbs[] = {
    {"add", 1, 1, ROLE | TLP | DISPLAY | PASSWORD | KEY, add},
    {"list", 0, 1, JSON, NULL},
    {"set", 1, 1, ROLE | TLP | DISPLAY | ENABLE | KEY, set},
    {"disable", 1, 1, KEY, disable},
    {"token", 2, 2, ROLE | TLP | EXPIRES | UNDO | JSON | KEY, token},
    {"passwd", 1, 1, PASSWORD | NO | KEY, passwd},
    {"link", 0, 0, URL | JSON | KEY, link_first},
};

static unsigned given(const struct args *a)
{
    return (a->role != NULL ? ROLE : 0u) | (a->tlp != NULL ? TLP : 0u) |
           (a->display != NULL ? DISPLAY : 0u) | (a->password_file != NULL ? PASSWORD : 0u) |
           (a->no ? NO : 0u) | (a->expires != NULL ? EXPIRES : 0u) | (a->undo ? UNDO : 0u) |
           (a->url != NULL ? URL : 0u) | (a->json ? JSON : 0u) | (a->enable ? ENABLE : 0u) |
           (a->passphrase_file != NULL ? KEY : 0u);
}

static int check(struct change *c, const struct verb *v)
{
    const struct args *a = c->a;
    if (a->role != NULL && ent_user_role_parse(&c->role, ent_slice_str(a->role)) != ENT_OK)
        return cli_usage(&cmd_user, "a role is reader, analyst, releaser or operator", a->role);
    if (a->tlp != NULL && ent_tlp_parse(&c->tlp, ent_slice_str(a->tlp)) != ENT_OK)
        return cli_usage(&cmd_user, "--tlp wants clear, green, amber, amber+strict or red", a->tlp);
    if (a->expires != NULL && ent_time_parse(&c->expires, ent_slice_str(a->expires)) != ENT_OK)
        return cli_usage(&cmd_user, "--expires wants a time, such as 2027-01-01", a->expires);
    if (v->run == add && a->role == NULL)
        return cli_usage(&cmd_user, "--role says what the account may do", NULL);
    if (v->run == set && (given(a) & ~(unsigned)KEY) == 0)
        return cli_usage(&cmd_user, "say what to set", NULL);
    if (v->run == passwd && a->no && a->password_file != NULL)
        return cli_usage(&cmd_user, "either --no or --password-file", NULL);
    if (a->undo && (given(a) & ~(unsigned)(KEY | UNDO)) != 0)
        return cli_usage(&cmd_user, "--undo stands alone", NULL);
    return EXIT_DONE;
}

static int perform(struct change *c, const struct verb *v)
{
    struct ent_diag d = {0};
    enum ent_err r = ENT_OK;
    int code = cli_users_open(&c->u, c->s, c->a);
    if (code == EXIT_DONE)
        code = v->run(c, &d, &r);
    cli_users_close(&c->u);
    cli_passphrase_release(&c->password);
    return code != EXIT_DONE || r == ENT_OK ? code : cli_fail(r, &d, c->name);
}

static int run(int argc, char **argv)
{
    struct args a;
    struct session s = {0};
    struct change c = {.s = &s, .a = &a};
    const struct verb *v = NULL;
    int code;
    if (!cli_args(&a, &code, &cmd_user, argc, argv))
        return code;
    const int rest = argc - a.rest;
    for (size_t i = 0; rest > 0 && i < sizeof(verbs) / sizeof(verbs[0]); i++)
        if (strcmp(argv[a.rest], verbs[i].word) == 0)
            v = &verbs[i];
    if (v == NULL)
        return cli_usage(&cmd_user, "say what to do", NULL);
    if (rest - 1 < v->least || rest - 1 > v->most)
        return cli_usage(&cmd_user, "too few or too many arguments", v->word);
    if ((given(&a) & ~v->takes) != 0)
        return cli_usage(&cmd_user, "an option that does not belong to this", v->word);
    c.name = rest > 1 ? argv[a.rest + 1] : NULL;
    c.token = rest > 2 ? argv[a.rest + 2] : NULL;
    if ((code = check(&c, v)) != EXIT_DONE)
        return code;
    cli_catch_signals();
    ent_identity_owner(&c.owner);
    if ((code = cli_open(&s, &a, true)) == EXIT_DONE)
        code = v->run == NULL ? list(&s, &a, c.name) : perform(&c, v);
    cli_close(&s);
    return code;
}

const struct command cmd_user = {
    .name = "user",
    .usage = "add NAME --role ROLE | list [NAME] | set NAME | disable NAME | passwd NAME | "
             "token NAME TOKEN | link",
    .brief = "say who may use this node, and for what",
    .help =
        "add      an account, without a password unless --password-file gives one\n"
        "list     all accounts, or one with its tokens\n"
        "set      its role, clearance or name; or let it in again\n"
        "disable  let it in no more, whatever it brings; its sessions end\n"
        "passwd   give it a new password; its sessions end\n"
        "token    make a token for a tool, and show it this once; it may be narrower than the\n"
        "         account, never wider\n"
        "link     make a secret that makes one operator, once, within an hour, where there is "
        "none\n"
        "\n"
        "A role may do what the one before it may, and more: reader, analyst, releaser, operator.\n"
        "Each change is in the audit log before it is made: `entente audit`.",
    .options = options,
    .run = run,
};
