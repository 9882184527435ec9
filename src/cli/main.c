/* main.c: the table of subcommands, and help. */
#include "cli/cli.h"

#include "proc/proc.h"

#include <signal.h>
#include <malloc.h>
#include <sys/stat.h>

const char *cli_program = "entente ";

static const struct command *const commands[] = {
    &cmd_init,     &cmd_member,  &cmd_pact,    &cmd_import,  &cmd_show,     &cmd_find,
    &cmd_list,     &cmd_stats,   &cmd_expire,  &cmd_revoke,  &cmd_edit,     &cmd_tag,
    &cmd_lint,     &cmd_objects, &cmd_image,   &cmd_watch,   &cmd_observed, &cmd_sightings,
    &cmd_warnings, &cmd_export,  &cmd_release, &cmd_guard,   &cmd_match,    &cmd_quorum,
    &cmd_log,      &cmd_verify,  &cmd_status,  &cmd_recover, &cmd_serve,    &cmd_user,
    &cmd_audit,    &cmd_config,  NULL,
};

static int usage(FILE *to)
{
    (void)fprintf(
        to,
        "entente %s: members who do not trust each other find out what they have in\n"
        "common, and nothing else.\n\nusage: entente COMMAND [OPTION...] [ARGUMENT...]\n\n",
        ENTENTE_VERSION);
    for (size_t i = 0; commands[i] != NULL; i++)
        (void)fprintf(to, "  %-9s %s\n", commands[i]->name, commands[i]->brief);
    (void)fputs("\nA first look:\n"
                "  entente init --name my-cert\n"
                "  entente import feed.csv\n"
                "  entente watch access.log\n\n"
                "`entente COMMAND --help` tells more; so does entente(1).\n",
                to);
    return to == stdout ? EXIT_DONE : EXIT_USAGE;
}

static const struct command *find(const char *name)
{
    for (size_t i = 0; commands[i] != NULL; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

static int help(int argc, char **argv)
{
    if (argc < 3)
        return usage(stdout);
    const struct command *c = find(argv[2]);
    char *args[] = {argv[2], (char[]){"--help"}, NULL};
    if (c != NULL)
        return c->run(2, args);
    (void)fprintf(stderr, "entente: there is no command of that name; `entente help` lists them\n");
    return EXIT_USAGE;
}

static int dispatch(int argc, char **argv)
{
    if (argc < 2)
        return usage(stderr);
    if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0 ||
        strcmp(argv[1], "-h") == 0)
        return help(argc, argv);
    if (strcmp(argv[1], "--version") == 0) {
        (void)printf("entente %s\n", ENTENTE_VERSION);
        return EXIT_DONE;
    }
    const struct command *c = find(argv[1]);
    if (c == NULL) {
        char shown[ENT_SHOW_MAX];
        (void)fprintf(stderr, "entente: no command '%s'; `entente help` lists them\n",
                      ent_show(shown, ent_slice_str(argv[1])));
        return EXIT_USAGE;
    }
    enum ent_err r = ent_secret_start();
    if (r != ENT_OK)
        return cli_fail(r, NULL, "starting");
    (void)umask(077);
    (void)signal(SIGXFSZ, SIG_IGN); /* a limit on file sizes is reported like a full disk */
    return c->run(argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
    int code;
    if (ent_proc_role_run(&code, ent_node_roles, argc, argv))
        _exit(code); /* what others left to be done at the end may need what a sandbox forbids */
    /* What one indicator needs would otherwise be given back to the system and asked for again with
     * each, tens of thousands of times in an import. */
    (void)mallopt(M_TRIM_THRESHOLD, 16 << 20);
    return cli_finish(dispatch(argc, argv));
}
