/*
 * cli: the program `entente`. main.c holds the table of subcommands; each has a file of its own
 * that reads its arguments, calls the folders above and prints. Never: logic another front end
 * needs.
 */
#ifndef ENT_CLI_CLI_H
#define ENT_CLI_CLI_H

#include "base/base.h"

/* Exit codes, for scripts; the manual lists them. */
enum {
    EXIT_DONE = 0,
    EXIT_HITS = 1,     /* watch: something was found */
    EXIT_USAGE = 2,    /* the command line was wrong */
    EXIT_INPUT = 3,    /* what came in was wrong */
    EXIT_REFUSED = 4,  /* a key, a signature, the pact or the partner said no */
    EXIT_FAILED = 5,   /* the system, the disk or the network failed */
    EXIT_STOPPED = 130 /* Ctrl-C */
};

struct command {
    const char *name;
    const char *brief;                 /* one line, for `entente help` */
    const char *help;                  /* what `entente NAME --help` prints */
    int (*run)(int argc, char **argv); /* argv[0] is the command's own name */
};

#endif
