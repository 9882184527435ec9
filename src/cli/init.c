/* init.c: entente init, member, pact: who I am, and whom I accept. */
#include "cli/cli.h"

#include <errno.h>

static const struct option_spec init_options[] = {
    {"--name", "NAME", "short name: a-z, 0-9 and '-', as others will know you"},
    {"--display", "TEXT", "full name for people (default: the short one)"},
    {"--url", "URL", "where partners reach your node: https://host:port"},
    {"--passphrase-file", "FILE", "take the passphrase from the first line of FILE"},
    {"--no-passphrase", NULL, "leave keys readable by whoever can read the files"},
    {NULL, NULL, NULL},
};

static void print_welcome(const struct ent_home *h, const struct args *a)
{
    char print[ENT_FINGERPRINT];
    ent_member_fingerprint(print, ent_home_self(h));
    (void)printf("%s now has a home in %s\n\n"
                 "  keys/root    decides whom you accept; keep a copy where no network reaches\n"
                 "  keys/author  signs what you say to others\n"
                 "  keys/node    makes your connections\n",
                 h->pact.self, h->dir);
    if (a->no_passphrase)
        (void)puts("\n  The keys are NOT encrypted: whoever can read these files can act as you.\n"
                   "  That is for services that must start by themselves; else use a passphrase.");
    else
        (void)puts("\n  The keys are encrypted. Without the passphrase nobody can use them,\n"
                   "  and nobody can bring it back.");
    (void)printf("\nTo be accepted by a partner, hand over your card,\n"
                 "  entente member export > %s.member\n"
                 "and read your fingerprint to them over the telephone:\n  %s\n\n"
                 "To accept a partner:  entente pact add FILE\n"
                 "To learn what is hostile:  entente import FILE...\n",
                 h->pact.self, print);
}

static int run_init(int argc, char **argv)
{
    struct args a;
    struct passphrase p = {0};
    struct ent_diag d = {0};
    char dir[ENT_PATH_MAX];
    int code;
    enum ent_err r = ENT_OK;

    if (!cli_args(&a, &code, &cmd_init, argc, argv))
        return code;
    if (a.rest < argc)
        return cli_usage(&cmd_init, "unexpected argument", argv[a.rest]);
    if (a.name == NULL || !ent_name_is_valid(ent_slice_str(a.name)))
        return cli_usage(&cmd_init,
                         "--name NAME is needed: a-z, 0-9 and '-', a letter first, at most 63",
                         a.name);
    if (a.home == NULL && (r = ent_home_default(dir)) != ENT_OK)
        return cli_fail(r, NULL, "neither --home, $ENTENTE_HOME nor $HOME says where");
    if (a.home != NULL) {
        int n = snprintf(dir, sizeof(dir), "%s", a.home);
        while (n > 1 && n < (int)sizeof(dir) && dir[n - 1] == '/')
            dir[--n] = '\0';
    }
    cli_catch_signals(); /* so that a half-made home is removed */
    if (!a.no_passphrase && (code = cli_new_passphrase(&a, &p)) != EXIT_DONE)
        goto out;
    const struct ent_slice text = ent_buf_slice(&p.text);
    const struct ent_home_new opts = {.dir = dir,
                                      .name = a.name,
                                      .display = a.display != NULL ? a.display : a.name,
                                      .url = a.url != NULL ? a.url : "-",
                                      .passphrase = a.no_passphrase ? NULL : &text,
                                      .stop = &cli_stop};
    struct ent_home *h = calloc(1, sizeof(*h));
    if (h == NULL)
        r = ENT_E_NOMEM;
    else if ((r = ent_home_make(&d, &opts)) == ENT_OK)
        r = ent_home_open(h, &d, dir);
    if (r == ENT_OK)
        print_welcome(h, &a);
    free(h);
    code = r == ENT_OK ? EXIT_DONE : cli_fail(r, &d, dir);
out:
    cli_passphrase_release(&p);
    return code;
}

const struct command cmd_init = {
    .name = "init",
    .usage = "--name NAME [--url URL] [--no-passphrase]",
    .brief = "make a home: keys, and a pact of one",
    .help =
        "Makes a member's home directory with three fresh keys and a pact that has one member.\n"
        "Nothing is ever overwritten: where something is already, init refuses.",
    .options = init_options,
    .run = run_init,
};

/* --- member -------------------------------------------------------------------------------------
 */

static const struct option_spec member_options[] = {
    {"--url", "URL", "the address to put on the card, if not the one given at init"},
    {"--passphrase-file", "FILE", "take the passphrase from the first line of FILE"},
    {NULL, NULL, NULL},
};

static int export_card(struct session *s, const struct args *a)
{
    struct ent_seed32 seed[ENT_KEY_ROLES], tls;
    struct passphrase p = {0};
    struct ent_member m = *ent_home_self(s->home);
    struct ent_buf card;
    int code = EXIT_DONE;
    ent_buf_init(&card, ENT_CARD_MAX);
    if (a->url != NULL && snprintf(m.url, sizeof(m.url), "%s", a->url) >= (int)sizeof(m.url))
        return cli_usage(&cmd_member, "that URL is too long", a->url);
    if (a->url == NULL && s->config.url[0] != '\0')
        (void)snprintf(m.url, sizeof(m.url), "%s", s->config.url);
    for (int i = 0; i < ENT_KEY_ROLES && code == EXIT_DONE; i++)
        code = cli_key(s, a, &p, (enum ent_key_role)i, &seed[i]);
    if (code == EXIT_DONE) {
        struct ent_member ignored;
        ent_node_tls_seed(&tls, &seed[ENT_KEY_NODE]);
        enum ent_err r = ent_card_make(&card, &m, ent_clock_now(), &seed[ENT_KEY_ROOT],
                                       &seed[ENT_KEY_AUTHOR], &tls);
        if (r == ENT_OK) /* a card that nobody could read must not leave the house */
            r = ent_card_parse(&ignored, ent_buf_slice(&card), NULL);
        if (r != ENT_OK)
            code = cli_fail(r, NULL, "making the card (is the URL https://host:port?)");
        else if (fwrite(card.p, 1, card.n, stdout) != card.n || fflush(stdout) != 0)
            code = cli_fail(ent_err_from_errno(errno), NULL, "writing the card");
    }
    if (code == EXIT_DONE) {
        char print[ENT_FINGERPRINT];
        ent_member_fingerprint(print, &m);
        (void)fprintf(stderr, "fingerprint  %s\n", print);
    }
    ent_wipe(seed, sizeof(seed));
    ent_wipe(&tls, sizeof(tls));
    cli_passphrase_release(&p);
    ent_buf_release(&card);
    return code;
}

static int run_member(int argc, char **argv)
{
    struct args a;
    struct session s = {0};
    int code;
    if (!cli_args(&a, &code, &cmd_member, argc, argv))
        return code;
    if (argc - a.rest != 1 || strcmp(argv[a.rest], "export") != 0)
        return cli_usage(&cmd_member, "say what to do", NULL);
    if ((code = cli_open(&s, &a, false)) == EXIT_DONE)
        code = export_card(&s, &a);
    cli_close(&s);
    return code;
}

const struct command cmd_member = {
    .name = "member",
    .usage = "export [--url URL]",
    .brief = "print the card that partners need to accept you",
    .help = "Prints this member's card: its name, public keys and address, signed by each of the "
            "keys.\n"
            "The fingerprint goes to standard error: compare it by telephone, not by mail.",
    .options = member_options,
    .run = run_member,
};

/* --- pact ---------------------------------------------------------------------------------------
 */

static const struct option_spec pact_options[] = {
    {"--json", NULL, "show: as JSON"},
    {"--passphrase-file", "FILE", "take the passphrase from the first line of FILE"},
    {NULL, NULL, NULL},
};

static int add_member(struct session *s, const struct args *a, const char *path)
{
    struct ent_seed32 root;
    struct passphrase p = {0};
    struct ent_diag d = {0};
    struct ent_member m;
    struct ent_buf card;
    char print[ENT_FINGERPRINT];
    int code;
    struct ent_pact *next = calloc(1, sizeof(*next));
    enum ent_err r = next == NULL ? ENT_E_NOMEM : ENT_OK;

    ent_buf_init(&card, ENT_CARD_MAX + 1);
    if (r == ENT_OK && (r = ent_file_read(&card, &d, path)) == ENT_OK)
        r = ent_card_parse(&m, ent_buf_slice(&card), &d);
    if (r == ENT_OK && (r = ent_pact_add(next, &s->home->pact, &m)) != ENT_OK)
        r = ent_fail(&d, r,
                     r == ENT_E_EXISTS ? "is a member already, with the same keys and address"
                     : r == ENT_E_POLICY
                         ? "has your own name, or the connection key of another member"
                         : "no more members fit into the pact",
                     0, 0);
    if (r != ENT_OK) {
        code = cli_fail(r, &d, path);
        goto out;
    }
    bool known = ent_pact_member(&s->home->pact, m.name) != NULL;
    if ((code = cli_key(s, a, &p, ENT_KEY_ROOT, &root)) != EXIT_DONE)
        goto out;
    r = ent_home_set_pact(s->home, &d, next, &root);
    ent_wipe(&root, sizeof(root));
    if (r != ENT_OK) {
        code = cli_fail(r, &d, s->home->dir);
        goto out;
    }
    ent_member_fingerprint(print, &m);
    (void)printf("%s %s (%s)\n  address      %s\n  fingerprint  %s\n"
                 "Compare the fingerprint with what they read to you over the telephone.\n",
                 known ? "Changed" : "Accepted", m.name, m.display, m.url, print);
out:
    cli_passphrase_release(&p);
    ent_buf_release(&card);
    free(next);
    return code;
}

static enum ent_err show_json(const struct ent_pact *p)
{
    struct ent_buf line;
    struct ent_json j;
    char hash[ENT_HEX_LEN(32)], print[ENT_FINGERPRINT];
    ent_buf_init(&line, 1u << 20);
    ent_json_start(&j, &line);
    ent_hex_encode(hash, p->hash.b, 32);
    ent_json_obj(&j, NULL);
    ent_json_u64(&j, "version", p->version);
    ent_json_cstr(&j, "hash", hash);
    ent_json_cstr(&j, "self", p->self);
    ent_json_u64(&j, "budget_items", p->budget.items);
    ent_json_u64(&j, "budget_seconds", p->budget.seconds);
    ent_json_arr(&j, "members");
    for (size_t i = 0; i < p->members; i++) {
        ent_member_fingerprint(print, &p->member[i]);
        ent_json_obj(&j, NULL);
        ent_json_cstr(&j, "name", p->member[i].name);
        ent_json_cstr(&j, "display", p->member[i].display);
        ent_json_cstr(&j, "url", p->member[i].url);
        ent_json_cstr(&j, "fingerprint", print);
        ent_json_obj_end(&j);
    }
    ent_json_arr_end(&j);
    ent_json_obj_end(&j);
    enum ent_err r = ent_json_end(&j);
    if (r == ENT_OK)
        r = cli_put_line(&line);
    ent_buf_release(&line);
    return r;
}

static int show_pact(const struct ent_pact *p, const struct args *a)
{
    char print[ENT_FINGERPRINT], items[ENT_NUM_TEXT];
    if (a->json) {
        enum ent_err r = show_json(p);
        return r == ENT_OK ? EXIT_DONE : cli_fail(r, NULL, "writing");
    }
    (void)printf("version %llu, changed by %s alone (shared pacts come with the ledger)\n"
                 "budget  %s items for each partner in %llu days\n",
                 (unsigned long long)p->version, p->self, ent_show_count(items, p->budget.items),
                 (unsigned long long)(p->budget.seconds / 86400));
    for (size_t i = 0; i < p->members; i++) {
        ent_member_fingerprint(print, &p->member[i]);
        (void)printf("\n%s (%s)%s\n  address      %s\n  fingerprint  %s\n", p->member[i].name,
                     p->member[i].display, strcmp(p->member[i].name, p->self) == 0 ? ", you" : "",
                     p->member[i].url, print);
    }
    return EXIT_DONE;
}

static int run_pact(int argc, char **argv)
{
    struct args a;
    struct session s = {0};
    int code;
    if (!cli_args(&a, &code, &cmd_pact, argc, argv))
        return code;
    int n = argc - a.rest;
    bool add = n == 2 && strcmp(argv[a.rest], "add") == 0;
    bool show = n == 1 && strcmp(argv[a.rest], "show") == 0;
    if (!add && !show)
        return cli_usage(&cmd_pact, "say what to do", NULL);
    if ((code = cli_open(&s, &a, false)) == EXIT_DONE)
        code = add ? add_member(&s, &a, argv[a.rest + 1]) : show_pact(&s.home->pact, &a);
    cli_close(&s);
    return code;
}

const struct command cmd_pact = {
    .name = "pact",
    .usage = "add FILE | show [--json]",
    .brief = "accept a partner's card; show who is accepted",
    .help =
        "add   accept the member whose card is in FILE, or its new keys and address. Your root\n"
        "      key signs the new version; a running node obeys it from the next connection on.\n"
        "show  the members you accept, and the budget each has for its questions.",
    .options = pact_options,
    .run = run_pact,
};
