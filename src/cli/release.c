/* release.c: entente release: what is held back from others because it is odd, and who lets it pass
 * all the same. Also at import, lint and export. Each act is in the audit log before it is done. */
#include "cli/cli.h"

static const struct option_spec options[] = {
    {"--by", "NAME", "the person who takes the responsibility"},
    {"--reason", "TEXT", "why it may go to others all the same"},
    {"--confirm", NULL, "let pass what another account asked for, see release_needs_two"},
    {"--undo", NULL, "take a release back, or the question for one"},
    {"--password-file", "FILE", "of the account that --by names: the first line is its password"},
    {"--token-file", "FILE", "the same: the first line is a token"},
    {"--passphrase-file", "FILE", "read the keys' passphrase from its first line"},
    {"--list", NULL, "every source: held, released or free, for what, by whom and why"},
    {"--json", NULL, "with --list: one JSON object"},
    {NULL, NULL, NULL},
};

#define ODDS_TEXT 640

/* "629 of 915 have the same text, 401 are on warning lists" */
static const char *show_odds(char ret[static ODDS_TEXT], const struct ent_odds *o)
{
    char n[ENT_NUM_TEXT], all[ENT_NUM_TEXT];
    uint32_t found = ent_odds_found(o);
    size_t at = 0;
    ret[0] = '\0';
    for (int i = 0; i < ENT_ODDS; i++)
        if ((found >> i & 1) != 0 && at < ODDS_TEXT)
            at += (size_t)snprintf(ret + at, ODDS_TEXT - at, "%s%s%s%s %s", at == 0 ? "" : ", ",
                                   ent_show_count(n, o->n[i]), at == 0 ? " of " : "",
                                   at == 0 ? ent_show_count(all, o->claims) : "",
                                   ent_odd_rules[i].what);
    return ret;
}

static const char *word_of(const struct ent_source_state *x)
{
    return !x->judged                                     ? "unjudged"
           : x->held                                      ? "held"
           : x->released && ent_odds_found(&x->odds) != 0 ? "released"
                                                          : "free";
}

/* --- for people ---------------------------------------------------------------------------------
 */

struct telling {
    const char *indent;
    bool held;
};

static enum ent_err tell_odd(void *ctx, const struct ent_source_state *x)
{
    struct telling *t = ctx;
    char name[ENT_SHOW_MAX], by[ENT_SHOW_MAX], odds[ODDS_TEXT];
    if (!x->judged)
        (void)printf("%s%s is held until all that it says has been looked at: `entente release "
                     "--list` does\n",
                     t->indent, ent_show(name, x->name));
    else if (ent_odds_found(&x->odds) != 0 && x->held)
        (void)printf("%s%s is held: %s\n", t->indent, ent_show(name, x->name),
                     show_odds(odds, &x->odds));
    else if (ent_odds_found(&x->odds) != 0)
        (void)printf("%s%s is released by %s: %s\n", t->indent, ent_show(name, x->name),
                     ent_show(by, x->by), show_odds(odds, &x->odds));
    t->held |= x->judged && x->held;
    return ENT_OK;
}

enum ent_err cli_release_text(struct ent_store *s, struct ent_slice source, const char *indent)
{
    struct telling t = {.indent = indent};
    enum ent_err r = ent_store_source_states(s, source, tell_odd, &t);
    if (r == ENT_OK && t.held)
        (void)printf("%swhat is held goes neither to partners nor through `export --tlp`, until\n"
                     "%s`entente release SOURCE --by NAME --reason TEXT` lets it\n",
                     indent, indent);
    return r;
}

static enum ent_err tell_held(void *ctx, const struct ent_source_state *x)
{
    char name[ENT_SHOW_MAX], odds[ODDS_TEXT];
    (void)ctx;
    if (x->held)
        (void)fprintf(stderr, "entente: %s is held: %s\n", ent_show(name, x->name),
                      x->judged ? show_odds(odds, &x->odds) : "it has just changed");
    return ENT_OK;
}

/* What went or did not go is settled by now; this only says why. */
void cli_held_told(struct ent_store *s, struct ent_slice source)
{
    (void)!ent_store_source_states(s, source, tell_held, NULL);
}

/* --- for programs -------------------------------------------------------------------------------
 */

static void odds_json(struct ent_json *j, const struct ent_odds *o)
{
    uint32_t found = ent_odds_found(o);
    ent_json_u64(j, "claims", o->claims);
    ent_json_arr(j, "findings");
    for (int i = 0; i < ENT_ODDS; i++) {
        if ((found >> i & 1) == 0)
            continue;
        ent_json_obj(j, NULL);
        ent_json_cstr(j, "finding", ent_odd_rules[i].word);
        ent_json_u64(j, "claims", o->n[i]);
        ent_json_obj_end(j);
    }
    ent_json_arr_end(j);
}

static enum ent_err state_json(void *ctx, const struct ent_source_state *x)
{
    struct ent_json *j = ctx;
    char at[ENT_TIME_TEXT];
    ent_json_obj(j, NULL);
    ent_json_str(j, "source", x->name);
    ent_json_cstr(j, "state", word_of(x));
    odds_json(j, &x->odds);
    if (x->released) {
        ent_json_obj(j, "released");
        ent_json_str(j, "by", x->by);
        ent_json_str(j, "reason", x->reason);
        ent_time_format(at, x->at);
        ent_json_cstr(j, "at", at);
        odds_json(j, &x->then);
        ent_json_obj_end(j);
    }
    ent_json_obj_end(j);
    return j->err;
}

static enum ent_err held_json(void *ctx, const struct ent_source_state *x)
{
    return x->held ? state_json(ctx, x) : ENT_OK;
}

enum ent_err cli_held_json(struct ent_json *j, struct ent_store *s, struct ent_slice source)
{
    ent_json_arr(j, "held");
    enum ent_err r = ent_store_source_states(s, source, held_json, j);
    ent_json_arr_end(j);
    return r;
}

/* --- the command --------------------------------------------------------------------------------
 */

static enum ent_err list_one(void *ctx, const struct ent_source_state *x)
{
    char name[ENT_SHOW_MAX], by[ENT_SHOW_MAX], odds[ODDS_TEXT], at[ENT_TIME_TEXT];
    (void)ctx;
    show_odds(odds, &x->odds);
    (void)printf("%-10s %s%s%s\n", word_of(x), ent_show(name, x->name), odds[0] == '\0' ? "" : ": ",
                 odds);
    if (!x->released)
        return ENT_OK;
    ent_time_format(at, x->at);
    (void)printf("%-10s %s by %s", "", at, ent_show(by, x->by));
    (void)printf(": %s\n", ent_show(by, x->reason));
    if (x->held)
        (void)printf("%-10s but then: %s\n", "", show_odds(odds, &x->then));
    return ENT_OK;
}

static enum ent_err list_pending(void *ctx, const struct ent_pending *p,
                                 const struct ent_odds *odds)
{
    char name[ENT_SHOW_MAX], by[ENT_SHOW_MAX], text[ODDS_TEXT], until[ENT_TIME_TEXT];
    (void)ctx;
    ent_time_format(until, p->expires);
    (void)printf("%-10s %s: %s\n", "asked", ent_show(name, p->source), show_odds(text, odds));
    (void)printf("%-10s until %s by %s", "", until, ent_show(by, p->by));
    (void)printf(": %s\n", ent_show(by, p->reason));
    return ENT_OK;
}

static enum ent_err pending_json(void *ctx, const struct ent_pending *p,
                                 const struct ent_odds *odds)
{
    struct ent_json *j = ctx;
    ent_json_obj(j, NULL);
    ent_json_str(j, "source", p->source);
    ent_json_str(j, "by", p->by);
    ent_json_str(j, "reason", p->reason);
    ent_json_time(j, "asked", p->asked);
    ent_json_time(j, "expires", p->expires);
    odds_json(j, odds);
    ent_json_obj_end(j);
    return j->err;
}

static enum ent_err list_text(struct ent_store *s)
{
    const struct ent_slice all = ent_slice(NULL, 0);
    enum ent_err r = ent_store_source_states(s, all, list_one, NULL);
    return r == ENT_OK ? ent_store_pending(s, all, ent_clock_now(), list_pending, NULL) : r;
}

static enum ent_err list_json(struct ent_store *s)
{
    struct ent_buf line;
    struct ent_json j;
    ent_buf_init(&line, 1u << 24);
    ent_json_start(&j, &line);
    ent_json_obj(&j, NULL);
    ent_json_arr(&j, "sources");
    enum ent_err r = ent_store_source_states(s, ent_slice(NULL, 0), state_json, &j);
    ent_json_arr_end(&j);
    ent_json_arr(&j, "asked");
    if (r == ENT_OK)
        r = ent_store_pending(s, ent_slice(NULL, 0), ent_clock_now(), pending_json, &j);
    ent_json_arr_end(&j);
    ent_json_obj_end(&j);
    if (r == ENT_OK && (r = ent_json_end(&j)) == ENT_OK)
        r = cli_put_line(&line);
    ent_buf_release(&line);
    return r;
}

static int list(struct session *s, const struct args *a)
{
    const struct ent_slice all = ent_slice(NULL, 0);
    enum ent_err r = ent_release_judge(s->store, all, &cli_stop);
    if (r == ENT_OK)
        r = a->json ? list_json(s->store) : list_text(s->store);
    return r == ENT_OK ? EXIT_DONE : cli_fail(r, NULL, "release");
}

/* The account that --by names, recognised by its password or a token. */
static int recognise(struct ent_identity *ret, const struct cli_users *u, const struct args *a)
{
    static const uint8_t here[16];
    struct passphrase p = {0};
    struct ent_credential c = {.kind = ENT_CRED_NONE};
    struct ent_check check = {.wait = 0};
    struct ent_diag d = {0};
    int code = a->token_file != NULL ? cli_first_line(&p, a->token_file)
               : a->password_file != NULL
                   ? cli_first_line(&p, a->password_file)
                   : cli_ask(&p, "Password of the account: ",
                             "there is no terminal to ask for a password on; "
                             "give --password-file or --token-file");
    if (code != EXIT_DONE)
        return code;
    const struct ent_slice text = ent_buf_slice(&p.text);
    enum ent_err r = ent_credential_password(&c, ent_slice_str(a->by), text);
    if (r == ENT_OK && a->token_file != NULL) {
        c.kind = ENT_CRED_TOKEN;
        r = ent_secret_hash(&c.hash, text, "ent_") == ENT_OK ? ENT_OK : ENT_E_AUTH;
    }
    if (r == ENT_OK)
        r = ent_users_check(u->users, &check, &d, &c, here, ent_clock_now());
    if (r == ENT_OK)
        *ret = check.who;
    else if (r == ENT_E_AUTH)
        d.text = check.refusal == ENT_REFUSED_WAIT ? "too many wrong passwords: wait"
                                                   : "not a password or token of this account";
    ent_wipe(&c, sizeof(c));
    cli_passphrase_release(&p);
    return r == ENT_OK ? EXIT_DONE : cli_fail(r, &d, a->by);
}

/* Where two are needed, the first one's word is kept until the second one's. */
static enum ent_err release_by_two(struct session *s, const struct args *a,
                                   const struct ent_identity *who, struct ent_slice source,
                                   struct ent_diag *d)
{
    const struct ent_slice by = ent_slice_str(who->name);
    enum ent_err r = a->confirm
                         ? ent_release_confirm(s->store, d, source, by, ent_clock_now(), &cli_stop)
                         : ent_release_ask(s->store, d, source, by, ent_slice_str(a->reason),
                                           ent_clock_now(), &cli_stop);
    if (r == ENT_OK && !a->confirm)
        (void)printf("kept until another account confirms it: `entente release SOURCE --confirm "
                     "--by NAME`\n");
    return r;
}

static enum ent_err undo(struct session *s, struct ent_slice source, struct ent_diag *d)
{
    enum ent_err r = ent_release_undo(s->store, d, source), asked;
    if (r != ENT_OK && r != ENT_E_NOTFOUND)
        return r;
    asked = ent_release_withdraw(s->store, NULL, source);
    return asked == ENT_E_NOTFOUND ? r : asked;
}

static int release(struct session *s, const struct args *a, const char *name)
{
    const struct ent_slice source = ent_slice_str(name);
    const bool two = s->config.release_needs_two != 0 && !a->undo;
    const enum ent_action what = a->undo      ? ENT_ACT_HOLD
                                 : a->confirm ? ENT_ACT_CONFIRM
                                              : ENT_ACT_RELEASE;
    struct ent_identity who;
    struct cli_users u;
    struct ent_diag d = {0};
    enum ent_err r = ENT_OK;
    if (a->confirm && !two)
        return cli_usage(&cmd_release, "--confirm is for release_needs_two = yes", NULL);
    ent_identity_owner(&who);
    int code = cli_users_open(&u, s, a);
    if (code == EXIT_DONE && two)
        code = recognise(&who, &u, a);
    if (code == EXIT_DONE &&
        (r = ent_users_act(u.users, &d, &who, what, source, ent_clock_now())) == ENT_OK)
        r = a->undo ? undo(s, source, &d)
            : two   ? release_by_two(s, a, &who, source, &d)
                    : ent_release(s->store, &d, source, ent_slice_str(a->by),
                                  ent_slice_str(a->reason), &cli_stop);
    if (code == EXIT_DONE && r == ENT_OK)
        r = cli_release_text(s->store, source, "");
    cli_users_close(&u);
    return code != EXIT_DONE || r == ENT_OK ? code : cli_fail(r, &d, name);
}

static int check(const struct args *a, int argc, char **argv)
{
    bool words = a->by != NULL || a->reason != NULL || a->confirm || a->password_file != NULL ||
                 a->token_file != NULL;
    if (a->list && (words || a->undo || a->rest < argc))
        return cli_usage(&cmd_release, "--list stands alone", NULL);
    if (a->list)
        return EXIT_DONE;
    if (a->json)
        return cli_usage(&cmd_release, "only --list speaks JSON", NULL);
    if (argc - a->rest != 1 || *argv[a->rest] == '\0')
        return cli_usage(&cmd_release, "name one source; --list lists them", NULL);
    if (a->undo && words)
        return cli_usage(&cmd_release, "either --undo, or --by and --reason", NULL);
    if (a->confirm && (a->by == NULL || a->reason != NULL))
        return cli_usage(&cmd_release, "--by says who confirms it; the reason was given", NULL);
    if (!a->undo && !a->confirm && (a->by == NULL || a->reason == NULL))
        return cli_usage(&cmd_release, "--by says who releases it, --reason why", NULL);
    return EXIT_DONE;
}

static int run(int argc, char **argv)
{
    struct args a;
    struct session s = {0};
    int code;
    if (!cli_args(&a, &code, &cmd_release, argc, argv))
        return code;
    if ((code = check(&a, argc, argv)) != EXIT_DONE)
        return code;
    cli_catch_signals();
    if ((code = cli_open(&s, &a, true)) == EXIT_DONE)
        code = a.list ? list(&s, &a) : release(&s, &a, argv[a.rest]);
    cli_close(&s);
    return code;
}

const struct command cmd_release = {
    .name = "release",
    .usage = "SOURCE --by NAME --reason TEXT | SOURCE --confirm --by NAME | SOURCE --undo | --list "
             "[--json]",
    .brief = "let a list go to others that is held because it is odd",
    .help =
        "A source is held when too much of what it says is odd, see `entente lint`: nothing of it\n"
        "goes to partners or through `entente export --tlp`. A person who knows better releases\n"
        "it, by name and reason; both are kept. It is held again when something is wrong with it\n"
        "that this person did not see. Where release_needs_two is set, NAME is an account that "
        "may\n"
        "release, and nothing goes before another one has confirmed it.",
    .options = options,
    .run = run,
};
