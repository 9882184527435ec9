/* init.c: entente init, member: who I am. */
#include "cli/pact.h"

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
    {"--rotate", "KEYS", "with new keys, for others to propose: root, author, node, with commas"},
    {"--from", "N", "--rotate node: end your log before this entry of it"},
    {"--passphrase-file", "FILE", "take the passphrase from the first line of FILE"},
    {NULL, NULL, NULL},
};

/* This member with new keys, as a version that others propose would have it. */
static int rotated(struct session *s, const struct args *a, struct passphrase *p,
                   struct ent_member *ret)
{
    struct own_keys keys = {.by = p};
    struct ent_rotation t = {.from = ENT_INDEX_NONE};
    struct ent_pact *draft = NULL;
    struct ent_diag d = {0};
    int code = cli_pact_rotation(&cmd_member, a, &t);
    if (code == EXIT_DONE && (code = cli_book(s, a, &keys)) == EXIT_DONE) {
        const struct ent_slice pass = ent_buf_slice(&p->text);
        t.passphrase = p->known ? &pass : NULL;
        enum ent_err r = (draft = malloc(sizeof(*draft))) == NULL ? ENT_E_NOMEM : ENT_OK;
        if (r == ENT_OK) {
            ent_pact_next(draft, s->home->pact);
            if (ent_pact_former(draft, s->home->self.name) != NULL)
                r = ent_next_return(draft, &d, s->home->self.name);
        }
        if (r == ENT_OK)
            r = ent_rotate(s->book, draft, &d, &t);
        if (r == ENT_OK)
            *ret = *ent_pact_member(draft, s->home->self.name);
        else
            code = cli_fail(r, &d, "--rotate");
    }
    free(draft);
    ent_wipe(&keys, sizeof(keys));
    return code;
}

/* The card is signed by the root key that stands on it. */
static int root_of(struct session *s, const struct args *a, struct passphrase *p,
                   const struct ent_member *m, struct ent_seed32 *ret)
{
    struct ent_diag d = {0};
    int code = cli_key(s, a, p, ENT_KEY_ROOT, ret);
    if (code != EXIT_DONE ||
        memcmp(m->root.pk.b, ent_home_public(s->home, ENT_KEY_ROOT)->b, 32) == 0)
        return code;
    enum ent_err r =
        ent_home_key_of(s->home, ret, &d, ENT_KEY_ROOT, &m->root.pk, ent_buf_slice(&p->text));
    return r == ENT_OK ? EXIT_DONE : cli_fail(r, &d, "root");
}

static int put_card(const struct ent_member *m, const struct ent_seed32 *root)
{
    struct ent_member *read = malloc(sizeof(*read));
    char print[ENT_FINGERPRINT];
    struct ent_buf card;
    int code = EXIT_DONE;
    ent_buf_init(&card, ENT_CARD_MAX);
    enum ent_err r = read == NULL ? ENT_E_NOMEM : ent_card_make(&card, m, ent_clock_now(), root);
    if (r == ENT_OK) /* a card that nobody could read must not leave the house */
        r = ent_card_parse(read, ent_buf_slice(&card), NULL);
    if (r != ENT_OK)
        code = cli_fail(r, NULL, "making the card (is the URL https://host:port?)");
    else if (fwrite(card.p, 1, card.n, stdout) != card.n || fflush(stdout) != 0)
        code = cli_fail(ent_err_from_errno(errno), NULL, "writing the card");
    if (code == EXIT_DONE) {
        ent_member_fingerprint(print, m);
        (void)fprintf(stderr, "fingerprint  %s\n", print);
    }
    ent_buf_release(&card);
    free(read);
    return code;
}

static int export_card(struct session *s, const struct args *a)
{
    const char *url = a->url != NULL             ? a->url
                      : s->config.url[0] != '\0' ? s->config.url
                                                 : ent_home_self(s->home)->url;
    struct ent_member *m = malloc(sizeof(*m));
    struct passphrase p = {0};
    struct ent_seed32 root = {{0}};
    int code = m == NULL ? cli_fail(ENT_E_NOMEM, NULL, NULL) : EXIT_DONE;
    if (code == EXIT_DONE && strlen(url) >= sizeof(m->url))
        code = cli_usage(&cmd_member, "that URL is too long", a->url);
    if (code == EXIT_DONE) {
        *m = *ent_home_self(s->home);
        if (a->rotate != NULL)
            code = rotated(s, a, &p, m);
    }
    if (code == EXIT_DONE) {
        memcpy(m->url, url, strlen(url) + 1);
        m->panel = strcmp(url, "-") != 0;
        if ((code = root_of(s, a, &p, m, &root)) == EXIT_DONE)
            code = put_card(m, &root);
    }
    ent_wipe(&root, sizeof(root));
    cli_passphrase_release(&p);
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
    .usage = "export [--url URL] [--rotate KEYS [--from N]]",
    .brief = "print the card that partners need to accept you",
    .help =
        "Prints this member's card: its name, public keys and address, with a proof for each key.\n"
        "The fingerprint goes to standard error: compare it by telephone, not by mail.\n"
        "With --rotate it shows new keys, for a member that cannot propose them itself: one that\n"
        "left and comes back, or whose log the others have closed. They vote: pact propose --add.",
    .options = member_options,
    .run = run_member,
};
