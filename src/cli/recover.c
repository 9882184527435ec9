/* recover.c: entente recover: a lost or old log, refilled from the others' mirrors. */
#include "cli/cli.h"

static const struct option_spec options[] = {
    {"--passphrase-file", "FILE", "take the passphrase from the first line of FILE"},
    {"--json", NULL, "one JSON document"},
    {NULL, NULL, NULL},
};

static enum ent_err report_json(const struct ent_recovered *rec)
{
    struct ent_buf line;
    struct ent_json j;
    ent_buf_init(&line, 4096);
    ent_json_start(&j, &line);
    ent_json_obj(&j, NULL);
    ent_json_u64(&j, "asked", rec->asked);
    ent_json_u64(&j, "answered", rec->answered);
    ent_json_cstr(&j, "newest_head_at", rec->head_by);
    ent_json_u64(&j, "entries_before", rec->before);
    ent_json_u64(&j, "entries", rec->after);
    ent_json_obj_end(&j);
    enum ent_err r = ent_json_end(&j);
    if (r == ENT_OK)
        r = cli_put_line(&line);
    ent_buf_release(&line);
    return r;
}

static int report(const struct ent_recovered *rec, const struct args *a)
{
    char n[2][ENT_NUM_TEXT];
    if (a->json) {
        enum ent_err r = report_json(rec);
        return r == ENT_OK ? EXIT_DONE : cli_fail(r, NULL, "writing");
    }
    if (rec->after == rec->before)
        (void)printf("Nothing is missing: %s entries, and %u of %u members know of no more.\n",
                     ent_show_count(n[0], rec->after), rec->answered, rec->asked);
    else
        (void)printf("%s entries came back from the others, up to the head that %s holds: %s in "
                     "all.\nTheir bodies, which nobody else has, are lost.\n",
                     ent_show_count(n[0], rec->after - rec->before), rec->head_by,
                     ent_show_count(n[1], rec->after));
    return EXIT_DONE;
}

static int recover(struct session *s, const struct args *a)
{
    struct own_keys keys = {.with_root = false};
    struct visit after = {.before = true};
    struct ent_recovered rec;
    struct ent_links *links = NULL;
    struct ent_diag d = {0};
    int code = cli_book(s, a, &keys);
    if (code != EXIT_DONE)
        goto out;
    const struct ent_links_opts opts = {.pact = s->home->pact,
                                        .self = s->home->self.name,
                                        .tls = &keys.tls,
                                        .connect_seconds = 5,
                                        .stop = &cli_stop};
    enum ent_err r = ent_links_new(&links, &d, &opts);
    if (r == ENT_OK) {
        const struct ent_wire wire = ent_links_wire(links);
        r = ent_recover(s->book, &rec, &d, &wire);
    }
    if (r != ENT_OK)
        code = cli_fail(r, &d, s->home->self.name);
    else if ((code = report(&rec, a)) == EXIT_DONE)
        code = cli_visit(s, a, &keys, &after);
out:
    ent_links_free(links);
    ent_wipe(&keys, sizeof(keys));
    return code;
}

static int run(int argc, char **argv)
{
    struct args a;
    struct session s = {0};
    int code;
    if (!cli_args(&a, &code, &cmd_recover, argc, argv))
        return code;
    if (a.rest < argc)
        return cli_usage(&cmd_recover, "unexpected argument", argv[a.rest]);
    cli_catch_signals();
    if ((code = cli_open(&s, &a, false)) == EXIT_DONE)
        code = recover(&s, &a);
    cli_close(&s);
    return code;
}

const struct command cmd_recover = {
    .name = "recover",
    .usage = "[--json]",
    .brief = "refill a lost or old log from the others' mirrors",
    .help =
        "Asks every other member for the newest head of your log that it holds, and takes the\n"
        "entries that are missing here from their mirrors. Only what leads to a head that your\n"
        "own key signed is believed. A home with nothing but card, keys/ and pact/ is enough;\n"
        "bodies of statements are not mirrored, and stay lost.",
    .options = options,
    .run = run,
};
