/*
 * main_verify.c: the program `entente-verify`: `entente verify`, and nothing else. It is linked
 * without the code for networks, databases and formats of others, so that who only checks proofs
 * runs none of it and waits for none of its libraries.
 */
#include "cli/cli.h"

const char *cli_program = "entente-";

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        (void)printf("entente-verify %s\n", ENTENTE_VERSION);
        return cli_finish(EXIT_DONE);
    }
    enum ent_err r = ent_secret_start();
    if (r != ENT_OK)
        return cli_fail(r, NULL, "starting");
    return cli_finish(cmd_verify.run(argc, argv));
}
