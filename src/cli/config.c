/* config.c: entente config: check the settings, list them. */
#include "cli/cli.h"

#include <errno.h>

static const struct option_spec options[] = {
    {NULL, NULL, NULL},
};

void cli_config_problems(const struct ent_config_problems *p, const char *path)
{
    struct ent_buf b;
    ent_buf_init(&b, 1u << 20);
    if (ent_config_show(&b, p, path) == ENT_OK && b.n > 0)
        (void)fwrite(b.p, 1, b.n, stderr);
    ent_buf_release(&b);
}

static int check(const struct args *a)
{
    struct session s = {0};
    int code = cli_open(&s, a, false);
    if (code == EXIT_DONE)
        (void)printf("%s/config: nothing wrong\n", s.home->dir);
    cli_close(&s);
    return code;
}

static int list(void)
{
    struct ent_buf b;
    ent_buf_init(&b, 1u << 20);
    enum ent_err r = ent_config_list(&b);
    if (r == ENT_OK && fwrite(b.p, 1, b.n, stdout) != b.n)
        r = ent_err_from_errno(errno);
    ent_buf_release(&b);
    return r == ENT_OK ? EXIT_DONE : cli_fail(r, NULL, "writing");
}

static int run(int argc, char **argv)
{
    struct args a;
    int code;
    if (!cli_args(&a, &code, &cmd_config, argc, argv))
        return code;
    if (argc - a.rest == 1 && strcmp(argv[a.rest], "check") == 0)
        return check(&a);
    if (argc - a.rest == 1 && strcmp(argv[a.rest], "list") == 0)
        return list();
    return cli_usage(&cmd_config, "say what to do", NULL);
}

const struct command cmd_config = {
    .name = "config",
    .usage = "check | list",
    .brief = "check the settings, or list all of them",
    .help =
        "check  read the file `config` of the home and say what is wrong with it, line by line\n"
        "list   print every setting with its range, its default and what it does",
    .options = options,
    .run = run,
};
