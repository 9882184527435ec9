/* main.c: the table of subcommands. */
#include "cli/cli.h"

static const struct command commands[] = {
    {NULL, NULL, NULL, NULL},
};

static int usage(FILE *to)
{
    (void)fprintf(to,
                  "entente %s: find out what you have in common, and nothing else\n\n"
                  "usage: entente COMMAND [OPTION...]\n\n",
                  ENTENTE_VERSION);
    for (const struct command *c = commands; c->name != NULL; c++)
        (void)fprintf(to, "  %-10s %s\n", c->name, c->brief);
    return to == stdout ? EXIT_DONE : EXIT_USAGE;
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return usage(stderr);
    if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0)
        return usage(stdout);
    if (strcmp(argv[1], "--version") == 0) {
        (void)printf("entente %s\n", ENTENTE_VERSION);
        return EXIT_DONE;
    }
    return usage(stderr);
}
