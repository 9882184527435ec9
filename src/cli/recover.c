/* recover.c: entente recover: a lost or old log, refilled from the others' mirrors. */
#include "cli/cli.h"

static const struct option_spec options[] = {
    {"--passphrase-file", "FILE", "take the passphrase from the first line of FILE"},
    {"--json", NULL, "one JSON document"},
    {NULL, NULL, NULL},
};

/* --- what the others hold
 * -------------------------------------------------------------------------
 */

static void put_head_json(struct ent_json *j, const char *key, const struct ent_recover_head *h)
{
    char root[ENT_BASE64_LEN(32)];
    if (!h->any)
        return;
    ent_base64_encode(root, h->root.b, 32);
    ent_json_obj(j, key);
    ent_json_u64(j, "size", h->size);
    ent_json_cstr(j, "root", root);
    ent_json_obj_end(j);
}

static enum ent_err report_json(const struct ent_recovered *rec)
{
    struct ent_buf line;
    struct ent_json j;
    ent_buf_init(&line, 1 << 16);
    ent_json_start(&j, &line);
    ent_json_obj(&j, NULL);
    ent_json_u64(&j, "asked", rec->asked);
    ent_json_u64(&j, "answered", rec->answered);
    ent_json_cstr(&j, "newest_head_at", rec->head_by);
    ent_json_u64(&j, "newest_head", rec->head);
    ent_json_bool(&j, "forked", rec->forked);
    ent_json_u64(&j, "entries_before", rec->before);
    ent_json_u64(&j, "entries", rec->after);
    put_head_json(&j, "here", &rec->here);
    ent_json_arr(&j, "members");
    for (size_t i = 0; i < rec->sources; i++) {
        const struct ent_recover_source *s = &rec->source[i];
        ent_json_obj(&j, NULL);
        ent_json_cstr(&j, "name", s->name);
        ent_json_bool(&j, "answered", s->answered);
        put_head_json(&j, "head", &s->head);
        if (s->told)
            ent_json_u64(&j, "entries", s->entries);
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

/* Which entries are missing, who was asked, who holds how many, and what there is to do. */
static void tell_missing(const struct ent_recovered *rec)
{
    char n[2][ENT_NUM_TEXT];
    uint64_t have = rec->before;
    bool silent = false;
    for (size_t i = 0; i < rec->sources; i++) {
        const struct ent_recover_source *s = &rec->source[i];
        silent = silent || !s->answered;
        if (s->told && s->entries > have)
            have = s->entries;
    }
    if (rec->head_by[0] != '\0')
        (void)fprintf(stderr, "  the head that %s holds has %s entries; here are %s\n",
                      rec->head_by, ent_show_count(n[0], rec->head),
                      ent_show_count(n[1], rec->before));
    else
        (void)fprintf(stderr, "  nobody who answers holds a head; here are %s entries\n",
                      ent_show_count(n[1], rec->before));
    if (have < rec->head)
        (void)fprintf(stderr, "  nobody has entries %s to %s\n", ent_show_count(n[0], have),
                      ent_show_count(n[1], rec->head - 1));
    for (size_t i = 0; i < rec->sources; i++) {
        const struct ent_recover_source *s = &rec->source[i];
        if (!s->answered)
            (void)fprintf(stderr, "  %s does not answer\n", s->name);
        else if (s->told)
            (void)fprintf(stderr, "  %s says that it has %s%s\n", s->name,
                          ent_show_count(n[0], s->entries),
                          s->entries < rec->head ? "" : ", and does not give them");
        else
            (void)fprintf(stderr, "  %s does not say what it has\n", s->name);
    }
    (void)fprintf(stderr,
                  "  %sA later backup of log/ may have them: put it in the place of the one "
                  "here.\n  Then run `entente recover` again. While they are missing this "
                  "log signs nothing.\n",
                  silent ? "Who does not answer now may have them: ask again later.\n  " : "");
}

/* Each head once, with all who hold it. */
static void tell_heads(const struct ent_recovered *rec)
{
    char root[ENT_BASE64_LEN(32)], n[ENT_NUM_TEXT];
    bool told[ENT_PACT_MEMBERS] = {false};
    for (size_t i = 0; i < rec->sources; i++) {
        const struct ent_recover_head *h = &rec->source[i].head;
        if (!h->any || told[i])
            continue;
        ent_base64_encode(root, h->root.b, 32);
        (void)fprintf(stderr, "  %s entries, root %s:", ent_show_count(n, h->size), root);
        for (size_t k = i; k < rec->sources; k++) {
            const struct ent_recover_head *o = &rec->source[k].head;
            if (!o->any || o->size != h->size || memcmp(o->root.b, h->root.b, 32) != 0)
                continue;
            told[k] = true;
            (void)fprintf(stderr, " %s", rec->source[k].name);
        }
        (void)fputc('\n', stderr);
    }
    if (rec->here.any) {
        ent_base64_encode(root, rec->here.root.b, 32);
        (void)fprintf(stderr, "  %s entries, root %s: here\n", ent_show_count(n, rec->here.size),
                      root);
    }
    (void)fprintf(stderr,
                  "  Your log key signed them all: a second copy of this home has run, or "
                  "somebody else has the key.\n  Tell the others, who will see it too; this "
                  "log signs nothing more.\n");
}

/* --- the command
 * ----------------------------------------------------------------------------------
 */

static int report(const struct ent_recovered *rec, enum ent_err how, const struct args *a)
{
    char n[2][ENT_NUM_TEXT];
    if (a->json) {
        enum ent_err r = report_json(rec);
        return r == ENT_OK ? EXIT_DONE : cli_fail(r, NULL, "writing");
    }
    if (how == ENT_E_NOTFOUND || how == ENT_E_STATE)
        tell_missing(rec);
    else if (rec->forked)
        tell_heads(rec);
    else if (how == ENT_OK && rec->after == rec->before)
        (void)printf("Nothing is missing: %s entries, and %u of %u members know of no more.\n",
                     ent_show_count(n[0], rec->after), rec->answered, rec->asked);
    else if (how == ENT_OK)
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
    struct ent_recovered rec = {.asked = 0};
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
    /* Two histories are shown to all: each of the others may know one of them alone. */
    after.before = r == ENT_OK;
    int said = report(&rec, r, a), seen = EXIT_DONE;
    if (r == ENT_OK || rec.forked)
        seen = cli_visit(s, a, &keys, &after);
    if (code == EXIT_DONE)
        code = said != EXIT_DONE ? said : seen;
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
        "bodies of statements are not mirrored, and stay lost. What nobody has is told, with\n"
        "what each member says it holds, and so are heads that contradict each other.",
    .options = options,
    .run = run,
};
