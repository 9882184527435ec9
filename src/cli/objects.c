/* objects.c: entente objects: objects of STIX as they came, and what they say of each other. */
#include "cli/know.h"

#define POINTING_SHOWN 16u  /* objects told with a claim */
#define POINTING_JSON  256u /* whoever makes more of them does not keep anybody from the rest */

static const struct option_spec options[] = {
    {"--type", "TYPE", "only these: report, malware, relationship, x-custom, ..."},
    {"--source", "NAME", "only what this source gave"},
    {"--tlp", "TLP", "only what is marked so or wider"},
    {"--since", "TIME", "only what was imported then or later"},
    {"--limit", "NUMBER", "at most so many lines"},
    {"--json", NULL, "one JSON line for each object"},
    {NULL, NULL, NULL},
};

/* --- in words ----------------------------------------------------------------------------------
 */

static const char *const states[] = {[ENT_OBJECT_COUNTS] = "",
                                     [ENT_OBJECT_DISPUTED] = "another source gave another one",
                                     [ENT_OBJECT_EQUIVOCAL] = "equivocation: not the first one",
                                     [ENT_OBJECT_NOT_ITS_OWN] = "not by its creator",
                                     [ENT_OBJECT_TOO_LATE] = "after its revocation"};

/* "malware Sofacy", or the id of what is not known. A summary is too large for the stack twice. */
#define WORDS 640
static enum ent_err name_of(char ret[static WORDS], struct ent_store *s, const char *id)
{
    struct ent_kept k;
    struct ent_stix_summary *sum = malloc(sizeof(*sum));
    if (sum == NULL)
        return ENT_E_NOMEM;
    enum ent_err r = ent_store_object(s, &k, ent_slice(NULL, 0), ent_slice_str(id));
    bool named = r == ENT_OK && ent_stix_summarise(sum, k.bytes) == ENT_OK && sum->name[0] != '\0';
    if (named)
        (void)snprintf(ret, WORDS, "%s %s", sum->type, sum->name);
    else
        (void)snprintf(ret, WORDS, "%s", id);
    free(sum);
    return r == ENT_E_NOTFOUND ? ENT_OK : r;
}

/* What a relationship says, or what an object is called. */
static enum ent_err say(char ret[static WORDS], struct ent_store *s,
                        const struct ent_stix_summary *sum)
{
    char ends[2][WORDS];
    enum ent_err r;
    if (sum->relation[0] != '\0') {
        if ((r = name_of(ends[0], s, sum->source)) != ENT_OK ||
            (r = name_of(ends[1], s, sum->target)) != ENT_OK)
            return r;
        (void)snprintf(ret, WORDS, "%.250s %.60s %.250s", ends[0], sum->relation, ends[1]);
    } else if (sum->sighting_of[0] != '\0') {
        if ((r = name_of(ends[0], s, sum->sighting_of)) != ENT_OK)
            return r;
        (void)snprintf(ret, WORDS, "%.400s, seen %llu times", ends[0],
                       (unsigned long long)(sum->count == 0 ? 1 : sum->count));
    } else {
        const char *const words[] = {sum->name, sum->opinion, sum->value, sum->pattern};
        size_t i = 0;
        while (i + 1 < sizeof(words) / sizeof(words[0]) && words[i][0] == '\0')
            i++;
        (void)snprintf(ret, WORDS, "%s", words[i]);
    }
    return ENT_OK;
}

/* --- what points to a claim's object ------------------------------------------------------------
 */

struct pointing {
    struct ent_store *store;
    struct ent_json *j;
    size_t n;
};

static enum ent_err tell_pointing(void *ctx, const struct ent_kept *k)
{
    struct pointing *p = ctx;
    char words[WORDS], shown[2][ENT_SHOW_MAX];
    if (p->n++ >= (p->j == NULL ? POINTING_SHOWN : POINTING_JSON))
        return ENT_OK;
    struct ent_stix_summary *sum = malloc(sizeof(*sum));
    enum ent_err r = sum == NULL ? ENT_E_NOMEM : ent_stix_summarise(sum, k->bytes);
    if (r == ENT_OK)
        r = say(words, p->store, sum);
    if (r == ENT_OK && p->j != NULL) {
        ent_json_obj(p->j, NULL);
        ent_json_str(p->j, "id", k->id);
        ent_json_cstr(p->j, "type", sum->type);
        ent_json_cstr(p->j, "says", words);
        ent_json_str(p->j, "source", k->source);
        ent_json_obj_end(p->j);
    } else if (r == ENT_OK) {
        (void)printf("  %-10s   %-9s %s (%s)\n", "", sum->type,
                     ent_show(shown[0], ent_slice_str(words)), ent_show(shown[1], k->source));
    }
    free(sum);
    return r;
}

enum ent_err know_pointing(struct ent_store *s, struct ent_json *j, struct ent_slice id)
{
    struct pointing p = {s, j, 0};
    if (id.n == 0)
        return ENT_OK;
    enum ent_err r = ent_store_pointing(s, id, tell_pointing, &p);
    if (p.n > POINTING_SHOWN && j == NULL)
        (void)printf("  %-10s   and %zu more that speak of it\n", "", p.n - POINTING_SHOWN);
    return r;
}

/* --- one after the other ------------------------------------------------------------------------
 */

struct listing {
    struct ent_store *store;
    struct ent_buf line, text;
    struct ent_stix_summary sum;
    uint64_t limit, n;
    bool json;
};

static enum ent_err row_json(struct listing *l, const struct ent_kept *k)
{
    struct ent_json j;
    ent_json_start(&j, &l->line);
    ent_json_obj(&j, NULL);
    ent_json_str(&j, "id", k->id);
    ent_json_cstr(&j, "type", l->sum.type);
    ent_json_cstr(&j, "name", l->sum.name);
    ent_json_cstr(&j, "modified", l->sum.modified);
    ent_json_str(&j, "source", k->source);
    ent_json_cstr(&j, "tlp", ent_tlp_name(k->tlp));
    ent_json_bool(&j, "revoked", k->revoked);
    ent_json_cstr(&j, "doubt", states[k->state]);
    ent_json_time(&j, "imported", k->imported);
    ent_json_str(&j, "object", k->bytes);
    ent_json_obj_end(&j);
    return ent_json_end(&j);
}

static enum ent_err row_text(struct listing *l, const struct ent_kept *k)
{
    char words[WORDS], shown[4][ENT_SHOW_MAX], imported[ENT_TIME_TEXT];
    enum ent_err r = say(words, l->store, &l->sum);
    if (r != ENT_OK)
        return r;
    ent_time_format(imported, k->imported);
    return ent_buf_printf(&l->line, "%.10s %-16s %-16s %s  %s: %s%s%s%s%s", imported,
                          ent_show(shown[0], ent_slice_str(l->sum.type)), ent_tlp_name(k->tlp),
                          ent_show(shown[1], k->id), ent_show(shown[2], k->source),
                          k->revoked ? "(revoked) " : "", states[k->state][0] == '\0' ? "" : "(",
                          states[k->state], states[k->state][0] == '\0' ? "" : ") ",
                          ent_show(shown[3], ent_slice_str(words)));
}

/* ENT_E_LIMIT: there are more than are wanted. */
static enum ent_err row(void *ctx, const struct ent_kept *k)
{
    struct listing *l = ctx;
    if (atomic_load(&cli_stop))
        return ENT_E_INTERRUPTED;
    if (l->limit > 0 && l->n == l->limit)
        return ENT_E_LIMIT;
    l->n++;
    enum ent_err r = ent_stix_summarise(&l->sum, k->bytes);
    if (r == ENT_OK)
        r = l->json ? row_json(l, k) : row_text(l, k);
    return r == ENT_OK ? cli_put_line(&l->line) : r;
}

/* --- one of them --------------------------------------------------------------------------------
 */

/* Line by line, and a terminal must not obey what a source says. */
static enum ent_err version(void *ctx, const struct ent_kept *k)
{
    struct listing *l = ctx;
    enum ent_err r = row(ctx, k);
    struct ent_slice rest = k->bytes;
    while (r == ENT_OK && !l->json && rest.n > 0) {
        const uint8_t *end = memchr(rest.p, '\n', rest.n);
        struct ent_slice line = ent_slice(rest.p, end == NULL ? rest.n : (size_t)(end - rest.p));
        ent_buf_clear(&l->text);
        if ((r = ent_escape(&l->text, line, line.n)) == ENT_OK)
            (void)printf("  %.*s\n", (int)l->text.n, (const char *)l->text.p);
        rest = ent_slice(line.p + line.n, rest.n - line.n);
        rest = ent_slice(rest.p + (end != NULL), rest.n - (end != NULL));
    }
    return r;
}

static int show(struct listing *l, const char *id)
{
    struct pointing p = {l->store, NULL, 0};
    uint64_t before = l->n;
    enum ent_err r = ent_store_object_versions(l->store, ent_slice_str(id), version, l);
    if (r == ENT_OK && !l->json)
        r = ent_store_pointing(l->store, ent_slice_str(id), tell_pointing, &p);
    if (r == ENT_OK && l->n == before)
        return cli_fail(ENT_E_NOTFOUND, &(struct ent_diag){.text = "no such object is kept"}, id);
    return r == ENT_OK ? EXIT_DONE : cli_fail(r, NULL, id);
}

/* --- the command line ---------------------------------------------------------------------------
 */

static int read_filter(const struct args *a, struct ent_object_filter *f, uint64_t *ret_limit)
{
    *f = (struct ent_object_filter){.own = true};
    if (a->tlp != NULL && ent_tlp_parse(&f->max_tlp, ent_slice_str(a->tlp)) != ENT_OK)
        return cli_usage(&cmd_objects, "no such TLP", a->tlp);
    if (a->since != NULL && ent_time_parse(&f->since, ent_slice_str(a->since)) != ENT_OK)
        return cli_usage(&cmd_objects, "no such time (2026-11-22, or 2026-11-22T08:00:00Z)",
                         a->since);
    if (a->limit != NULL &&
        (ent_parse_u64(ret_limit, ent_slice_str(a->limit), UINT64_MAX) != ENT_OK ||
         *ret_limit == 0))
        return cli_usage(&cmd_objects, "a limit is a number above 0", a->limit);
    if (a->source != NULL)
        f->source = ent_slice_str(a->source);
    if (a->type != NULL)
        f->type = ent_slice_str(a->type);
    return EXIT_DONE;
}

static int list(struct listing *l, const struct ent_object_filter *f)
{
    enum ent_err r = ent_store_objects(l->store, f, row, l);
    return r == ENT_OK || (r == ENT_E_LIMIT && l->n == l->limit) ? EXIT_DONE
                                                                 : cli_fail(r, NULL, "objects");
}

static int run(int argc, char **argv)
{
    struct args a;
    struct session s = {0};
    struct ent_object_filter f;
    uint64_t limit = 0;
    int code;
    if (!cli_args(&a, &code, &cmd_objects, argc, argv))
        return code;
    for (int i = a.rest; i < argc; i++)
        if (!ent_is_stix_id(ent_slice_str(argv[i])))
            return cli_usage(&cmd_objects, "not the id of an object (malware--UUID)", argv[i]);
    if ((code = read_filter(&a, &f, &limit)) != EXIT_DONE)
        return code;
    struct listing *l = calloc(1, sizeof(*l));
    if (l == NULL)
        return cli_fail(ENT_E_NOMEM, NULL, NULL);
    l->json = a.json;
    ent_buf_init(&l->line, 8 * ENT_STIX_OBJECT_MOST);
    ent_buf_init(&l->text, 8 * ENT_STIX_OBJECT_MOST);
    cli_catch_signals();
    int worst = code = cli_open(&s, &a, true);
    l->store = s.store;
    l->limit = a.rest == argc ? limit : 0;
    if (code == EXIT_DONE && a.rest == argc)
        worst = list(l, &f);
    for (int i = a.rest; i < argc && code == EXIT_DONE && worst != EXIT_STOPPED; i++) {
        int one = show(l, argv[i]);
        worst = one > worst ? one : worst;
    }
    cli_close(&s);
    ent_buf_release(&l->text);
    ent_buf_release(&l->line);
    free(l);
    return worst;
}

const struct command cmd_objects = {
    .name = "objects",
    .usage = "[OPTION...] [ID...]",
    .brief = "objects of STIX as they came: reports, malware, relationships",
    .help =
        "Lists the objects of STIX that are kept: of each the version that counts, in the order "
        "in\n"
        "which they came. With an ID, all versions of that object as they came, by all sources,\n"
        "and what is in doubt about them; then which others speak of it.",
    .options = options,
    .run = run,
};
