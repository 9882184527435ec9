/* args.c: reading the command line. Each command lists the options it takes; this file knows where
 * each of them is kept. */
#include "cli/cli.h"

#include <stddef.h>

enum kind { TEXT, FLAG, LABEL };

/* table */
static const struct {
    const char *name;
    enum kind kind;
    size_t at;
} places[] = {
    {"--home", TEXT, offsetof(struct args, home)},
    {"--name", TEXT, offsetof(struct args, name)},
    {"--display", TEXT, offsetof(struct args, display)},
    {"--url", TEXT, offsetof(struct args, url)},
    {"--passphrase-file", TEXT, offsetof(struct args, passphrase_file)},
    {"--format", TEXT, offsetof(struct args, format)},
    {"--columns", TEXT, offsetof(struct args, columns)},
    {"--source", TEXT, offsetof(struct args, source)},
    {"--tlp", TEXT, offsetof(struct args, tlp)},
    {"--confidence", TEXT, offsetof(struct args, confidence)},
    {"--observe", FLAG, offsetof(struct args, observe)},
    {"--observe-at", TEXT, offsetof(struct args, observe_at)},
    {"--observe-file", TEXT, offsetof(struct args, observe_file)},
    {"--listen", TEXT, offsetof(struct args, listen)},
    {"--users-listen", TEXT, offsetof(struct args, users_listen)},
    {"--users-port-file", TEXT, offsetof(struct args, users_port_file)},
    {"--port-file", TEXT, offsetof(struct args, port_file)},
    {"--mode", TEXT, offsetof(struct args, mode)},
    {"--types", TEXT, offsetof(struct args, types)},
    {"--from", TEXT, offsetof(struct args, from)},
    {"--threads", TEXT, offsetof(struct args, threads)},
    {"--pcap", TEXT, offsetof(struct args, pcap)},
    {"--eve", TEXT, offsetof(struct args, eve)},
    {"--eve-dgram", TEXT, offsetof(struct args, eve_dgram)},
    {"--since", TEXT, offsetof(struct args, since)},
    {"--min-score", TEXT, offsetof(struct args, min_score)},
    {"--limit", TEXT, offsetof(struct args, limit)},
    {"--at", TEXT, offsetof(struct args, at)},
    {"--tag", TEXT, offsetof(struct args, tag)},
    {"--feed-hashes", TEXT, offsetof(struct args, feed_hashes)},
    {"--type", TEXT, offsetof(struct args, type)},
    {"--min-confidence", TEXT, offsetof(struct args, min_confidence)},
    {"--output", TEXT, offsetof(struct args, output)},
    {"--min-confidence", TEXT, offsetof(struct args, min_confidence)},
    {"--sid", TEXT, offsetof(struct args, sid)},
    {"--new-since", TEXT, offsetof(struct args, new_since)},
    {"--max-age", TEXT, offsetof(struct args, max_age)},
    {"--user", TEXT, offsetof(struct args, user)},
    {"--password-file", TEXT, offsetof(struct args, password_file)},
    {"--token-file", TEXT, offsetof(struct args, token_file)},
    {"--ca-file", TEXT, offsetof(struct args, ca_file)},
    {"--role", TEXT, offsetof(struct args, role)},
    {"--all", FLAG, offsetof(struct args, all)},
    {"--valid-from", TEXT, offsetof(struct args, valid_from)},
    {"--valid-until", TEXT, offsetof(struct args, valid_until)},
    {"--kind", TEXT, offsetof(struct args, kind)},
    {"--text", TEXT, offsetof(struct args, text)},
    {"--label", LABEL, 0},
    {"--by", TEXT, offsetof(struct args, by)},
    {"--reason", TEXT, offsetof(struct args, reason)},
    {"--budget", TEXT, offsetof(struct args, budget)},
    {"--witnesses", TEXT, offsetof(struct args, witnesses)},
    {"--threshold", TEXT, offsetof(struct args, threshold)},
    {"--expires", TEXT, offsetof(struct args, expires)},
    {"--minimum", TEXT, offsetof(struct args, minimum)},
    {"--quorum", TEXT, offsetof(struct args, quorum)},
    {"--add", TEXT, offsetof(struct args, add)},
    {"--remove", TEXT, offsetof(struct args, remove)},
    {"--rotate", TEXT, offsetof(struct args, rotate)},
    {"--close", TEXT, offsetof(struct args, close)},
    {"--until", TEXT, offsetof(struct args, until)},
    {"--pact", TEXT, offsetof(struct args, pact)},
    {"--member", TEXT, offsetof(struct args, member)},
    {"--window", TEXT, offsetof(struct args, window)},
    {"--items", TEXT, offsetof(struct args, items)},
    {"--with", TEXT, offsetof(struct args, with)},
    {"--wait", FLAG, offsetof(struct args, wait)},
    {"--no", FLAG, offsetof(struct args, no)},
    {"--lift", FLAG, offsetof(struct args, lift)},
    {"--next-round", FLAG, offsetof(struct args, next_round)},
    {"--no-passphrase", FLAG, offsetof(struct args, no_passphrase)},
    {"--json", FLAG, offsetof(struct args, json)},
    {"--table", FLAG, offsetof(struct args, table)},
    {"--verbose", FLAG, offsetof(struct args, verbose)},
    {"--dry-run", FLAG, offsetof(struct args, dry_run)},
    {"--pad", FLAG, offsetof(struct args, pad)},
    {"--follow", FLAG, offsetof(struct args, follow)},
    {"--new", FLAG, offsetof(struct args, only_new)},
    {"--journal", FLAG, offsetof(struct args, journal)},
    {"--count", FLAG, offsetof(struct args, count)},
    {"--guard", FLAG, offsetof(struct args, guard)},
    {"--enable", FLAG, offsetof(struct args, enable)},
    {"--confirm", FLAG, offsetof(struct args, confirm)},
    {"--undo", FLAG, offsetof(struct args, undo)},
    {"--list", FLAG, offsetof(struct args, list)},
    {"--no-sightings", FLAG, offsetof(struct args, no_sightings)},
    {"--sightings", FLAG, offsetof(struct args, sightings)},
    {"--hashes", FLAG, offsetof(struct args, hashes)},
    {"--unflagged", FLAG, offsetof(struct args, unflagged)},
};

static const struct option_spec home_option = {
    "--home", "DIR", "use this home instead of $ENTENTE_HOME or ~/.entente"};

static void print_option(const struct option_spec *o)
{
    char left[64];
    (void)snprintf(left, sizeof(left), "%s%s%s", o->name, o->arg == NULL ? "" : " ",
                   o->arg == NULL ? "" : o->arg);
    (void)printf("  %-24s %s\n", left, o->help);
}

static void print_help(const struct command *c)
{
    (void)printf("usage: %s%s %s\n\n%s\n\n", cli_program, c->name, c->usage, c->help);
    for (const struct option_spec *o = c->options; o->name != NULL; o++)
        print_option(o);
    print_option(&home_option);
}

int cli_usage(const struct command *c, const char *problem, const char *what)
{
    char shown[ENT_SHOW_MAX];
    (void)fprintf(stderr, "%s%s: %s%s%s\nusage: %s%s %s\n", cli_program, c->name, problem,
                  what == NULL ? "" : ": ",
                  what == NULL ? "" : ent_show(shown, ent_slice_str(what)), cli_program, c->name,
                  c->usage);
    return EXIT_USAGE;
}

static const struct option_spec *spec_of(const struct command *c, const char *name, size_t n)
{
    if (strlen(home_option.name) == n && strncmp(home_option.name, name, n) == 0)
        return &home_option;
    for (const struct option_spec *o = c->options; o->name != NULL; o++)
        if (strlen(o->name) == n && strncmp(o->name, name, n) == 0)
            return o;
    return NULL;
}

static void set(struct args *a, const char *name, const char *value)
{
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (strcmp(places[i].name, name) != 0)
            continue;
        if (places[i].kind == TEXT)
            memcpy((char *)a + places[i].at, &value, sizeof(value));
        else if (places[i].kind == LABEL) /* more than there may be are one too many */
            a->label[a->labels > ENT_LABELS_MOST ? ENT_LABELS_MOST : a->labels++] = value;
        else
            *((bool *)((char *)a + places[i].at)) = true;
        return;
    }
    ENT_BUG("an option without a place");
}

/* Options first; "--" or the first argument that is none ends them, and options may also follow
 * arguments. Reorders argv so that the arguments stand at its end. */
bool cli_args(struct args *ret, int *ret_exit, const struct command *c, int argc, char **argv)
{
    struct args a = {0};
    char *plain[256];
    int plains = 0;
    bool only_plain = false;
    *ret_exit = EXIT_USAGE;
    for (int i = 1; i < argc; i++) {
        char *arg = argv[i];
        if (only_plain || strncmp(arg, "-", 1) != 0 || strcmp(arg, "-") == 0) {
            if (plains == (int)(sizeof(plain) / sizeof(plain[0]))) {
                *ret_exit = cli_usage(c, "more than 256 arguments", NULL);
                return false;
            }
            plain[plains++] = arg;
            continue;
        }
        if (strcmp(arg, "--") == 0) {
            only_plain = true;
            continue;
        }
        if (strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0) {
            print_help(c);
            *ret_exit = EXIT_DONE;
            return false;
        }
        /* the one short option with a value that everybody expects */
        const char *name = strcmp(arg, "-o") == 0 ? "--output" : arg, *eq = strchr(arg, '=');
        size_t n = eq == NULL ? strlen(name) : (size_t)(eq - arg);
        const struct option_spec *o = spec_of(c, name, n);
        if (o == NULL || (o->arg == NULL && eq != NULL)) {
            *ret_exit = cli_usage(c, "no such option", arg);
            return false;
        }
        if (o->arg != NULL && eq == NULL && i + 1 == argc) {
            *ret_exit = cli_usage(c, "the option wants a value", arg);
            return false;
        }
        set(&a, o->name, o->arg == NULL ? NULL : eq != NULL ? eq + 1 : argv[++i]);
    }
    a.rest = argc - plains;
    for (int i = 0; i < plains; i++)
        argv[a.rest + i] = plain[i];
    *ret = a;
    return true;
}
