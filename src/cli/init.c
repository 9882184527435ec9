/* init.c: entente init, member: who I am. */
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
                 "  keys/root    votes on the pact; keep it where no network reaches\n"
                 "  keys/author  signs what you say to others\n"
                 "  keys/node    makes your connections, and signs your log and others'\n",
                 h->self.name, h->dir);
    if (a->no_passphrase)
        (void)puts("\n  The keys are NOT encrypted: whoever can read these files can act as you.\n"
                   "  That is for services that must start by themselves; else use a passphrase.");
    else
        (void)puts("\n  The keys are encrypted. Without the passphrase nobody can use them,\n"
                   "  and nobody can bring it back.");
    (void)printf("\nTo be accepted by partners, hand over your card,\n"
                 "  entente member export > %s.member\n"
                 "and read your fingerprint to them over the telephone:\n  %s\n\n"
                 "To found a pact:  entente pact new --name NAME CARD...\n"
                 "To join one:      entente pact vote FILE\n"
                 "To learn what is hostile:  entente import FILE...\n",
                 h->self.name, print);
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
    struct ent_home *h = NULL;
    if ((r = ent_home_make(&d, &opts)) == ENT_OK && (r = ent_home_open(&h, &d, dir)) == ENT_OK)
        print_welcome(h, &a);
    ent_home_free(h);
    code = r == ENT_OK ? EXIT_DONE : cli_fail(r, &d, dir);
out:
    cli_passphrase_release(&p);
    return code;
}

const struct command cmd_init = {
    .name = "init",
    .usage = "--name NAME [--url URL] [--no-passphrase]",
    .brief = "make a home: keys, and a card",
    .help = "Makes a member's home directory with three fresh keys and a card that shows them.\n"
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
    const char *url = a->url != NULL             ? a->url
                      : s->config.url[0] != '\0' ? s->config.url
                                                 : ent_home_self(s->home)->url;
    struct ent_member *m = malloc(2 * sizeof(*m));
    struct passphrase p = {0};
    struct ent_seed32 root;
    struct ent_buf card;
    char print[ENT_FINGERPRINT];
    int code;
    if (m == NULL)
        return cli_fail(ENT_E_NOMEM, NULL, NULL);
    ent_buf_init(&card, ENT_CARD_MAX);
    m[0] = *ent_home_self(s->home);
    m[0].panel = strcmp(url, "-") != 0;
    if (snprintf(m[0].url, sizeof(m[0].url), "%s", url) >= (int)sizeof(m[0].url))
        code = cli_usage(&cmd_member, "that URL is too long", a->url);
    else if ((code = cli_key(s, a, &p, ENT_KEY_ROOT, &root)) == EXIT_DONE) {
        enum ent_err r = ent_card_make(&card, &m[0], ent_clock_now(), &root);
        if (r == ENT_OK) /* a card that nobody could read must not leave the house */
            r = ent_card_parse(&m[1], ent_buf_slice(&card), NULL);
        if (r != ENT_OK)
            code = cli_fail(r, NULL, "making the card (is the URL https://host:port?)");
        else if (fwrite(card.p, 1, card.n, stdout) != card.n || fflush(stdout) != 0)
            code = cli_fail(ent_err_from_errno(errno), NULL, "writing the card");
    }
    if (code == EXIT_DONE) {
        ent_member_fingerprint(print, &m[0]);
        (void)fprintf(stderr, "fingerprint  %s\n", print);
    }
    ent_wipe(&root, sizeof(root));
    cli_passphrase_release(&p);
    ent_buf_release(&card);
    free(m);
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
    .help =
        "Prints this member's card: its name, public keys and address, with a proof for each key.\n"
        "The fingerprint goes to standard error: compare it by telephone, not by mail.",
    .options = member_options,
    .run = run_member,
};
