/* find.c: entente find: what is known that is this, begins with this, or lies in this. */
#include "cli/know.h"

#define LIMIT       100u
#define EVENTS_TOLD 100u /* of one observable */

static const struct option_spec options[] = {
    {"--types", "TYPES", "only these: ip,net,endpoint,domain,url,email,hash"},
    {"--feed-hashes", "FILE", "what is known that stands in a MISP feed, by its hashes.csv"},
    {"--limit", "NUMBER", "at most so many for each TEXT (default: 100; 0: all)"},
    {"--json", NULL, "one JSON line for each that was found"},
    {NULL, NULL, NULL},
};

struct finding {
    struct ent_store *store;
    uint32_t types;
    uint64_t limit, n;
    int64_t now;
    bool json;
    struct ent_buf line;
};

/* --- what is found ------------------------------------------------------------------------------
 */

static enum ent_err put_json(struct finding *f, const struct ent_observable *o,
                             const struct ent_known *k, bool valid)
{
    struct ent_json j;
    ent_json_start(&j, &f->line);
    ent_json_obj(&j, NULL);
    ent_json_str(&j, "value", ent_slice(o->text, o->n));
    ent_json_cstr(&j, "type", ent_obs_type_name(o->type));
    ent_json_bool(&j, "valid", valid);
    if (k != NULL) {
        ent_json_str(&j, "source", k->source);
        ent_json_cstr(&j, "tlp", ent_tlp_name(k->tlp));
        if (k->confidence >= 0)
            ent_json_i64(&j, "confidence", k->confidence);
        if (k->kind.n > 0)
            ent_json_str(&j, "kind", k->kind);
        know_labels_json(&j, k->labels);
        ent_json_u64(&j, "claims", k->claims);
    }
    ent_json_obj_end(&j);
    enum ent_err r = ent_json_end(&j);
    return r == ENT_OK ? cli_put_line(&f->line) : r;
}

static void put_text(const struct ent_observable *o, const struct ent_known *k, bool valid)
{
    char value[ENT_OBS_DEFANGED_MAX], source[ENT_SHOW_MAX], kind[ENT_SHOW_MAX];
    char confidence[ENT_NUM_TEXT];
    (void)printf("%-9s %-44s", ent_obs_type_name(o->type), know_defang(value, o));
    if (k == NULL)
        (void)puts(" revoked, or taken back");
    else
        (void)printf(" %-3s %-16s %s%s%s%s\n", know_confidence(confidence, k->confidence),
                     ent_tlp_name(k->tlp), ent_show(source, k->source), k->kind.n > 0 ? ": " : "",
                     ent_show(kind, k->kind), valid ? "" : " (not valid now)");
}

/* ENT_E_LIMIT: there are more than are wanted. */
static enum ent_err row(void *ctx, uint64_t id, const struct ent_observable *o)
{
    struct finding *f = ctx;
    struct ent_known k;
    if (atomic_load(&cli_stop))
        return ENT_E_INTERRUPTED;
    if ((f->types >> o->type & 1) == 0)
        return ENT_OK;
    if (f->limit > 0 && f->n == f->limit)
        return ENT_E_LIMIT;
    f->n++;
    enum ent_err r = ent_store_get(f->store, &k, id, f->now);
    bool valid = r == ENT_OK;
    if (r == ENT_E_NOTFOUND)
        r = ent_store_get(f->store, &k, id, 0);
    if (r != ENT_OK && r != ENT_E_NOTFOUND)
        return r;
    const struct ent_known *best = r == ENT_OK ? &k : NULL;
    if (f->json)
        return put_json(f, o, best, valid);
    put_text(o, best, valid);
    return ENT_OK;
}

/* --- what is asked ------------------------------------------------------------------------------
 */

enum shape { EXACTLY, INSIDE, STARTING };

struct question {
    enum shape shape;
    struct ent_observable obs; /* EXACTLY, INSIDE */
    char start[ENT_OBS_MAX + 8];
    size_t start_n;
};

/* Refanging takes punctuation off the end, and a beginning may well end in it. */
static bool read_start(struct question *ret, struct ent_slice s)
{
    uint8_t last = s.p[s.n - 1];
    if (s.n >= 3 && memcmp(s.p + s.n - 3, "[.]", 3) == 0)
        last = '.';
    if (ent_refang(ret->start, &ret->start_n, ENT_OBS_MAX, s) != ENT_OK || ret->start_n == 0)
        return false;
    if (strchr(".:/-_", last) != NULL && ret->start[ret->start_n - 1] != (char)last)
        ret->start[ret->start_n++] = (char)last;
    bool folds = memchr(ret->start, '/', ret->start_n) == NULL &&
                 memchr(ret->start, '@', ret->start_n) == NULL;
    for (size_t i = 0; folds && i < ret->start_n; i++)
        if (ret->start[i] >= 'A' && ret->start[i] <= 'Z')
            ret->start[i] = (char)(ret->start[i] | 0x20);
    return memchr(ret->start, '*', ret->start_n) == NULL;
}

static bool read_question(struct question *ret, int *ret_exit, const char *text)
{
    struct ent_slice s = ent_slice_str(text);
    const char *why = NULL;
    if (s.n > 1 && s.p[s.n - 1] == '*') {
        ret->shape = STARTING;
        if (read_start(ret, ent_slice(s.p, s.n - 1)))
            return true;
        *ret_exit = cli_usage(&cmd_find, "one * at the end, or *. at the start of a name", text);
        return false;
    }
    bool below = s.n > 2 && s.p[0] == '*' && s.p[1] == '.';
    if (below)
        s = ent_slice(s.p + 2, s.n - 2);
    if (ent_observable_parse(&ret->obs, &why, s) != ENT_OK ||
        (below && ret->obs.type != ENT_OBS_DOMAIN)) {
        *ret_exit = cli_usage(&cmd_find, why != NULL ? why : "*. stands before a name", text);
        return false;
    }
    bool net = ret->obs.type == ENT_OBS_NET4 || ret->obs.type == ENT_OBS_NET6;
    ret->shape = below || net ? INSIDE : EXACTLY;
    return true;
}

static enum ent_err ask(struct finding *f, const struct question *q)
{
    enum ent_err r = ENT_OK;
    uint64_t id;
    if (q->shape == INSIDE)
        return ent_store_inside(f->store, &q->obs, row, f);
    if (q->shape == EXACTLY) {
        r = ent_store_find(f->store, &id, &q->obs);
        return r == ENT_OK ? row(f, id, &q->obs) : r == ENT_E_NOTFOUND ? ENT_OK : r;
    }
    for (int t = 1; t < ENT_OBS_TYPES && r == ENT_OK; t++)
        if ((f->types >> t & 1) != 0)
            r = ent_store_starting(f->store, (enum ent_obs_type)t, ent_slice(q->start, q->start_n),
                                   row, f);
    return r;
}

static int find(struct finding *f, const struct question *q, const char *text)
{
    char shown[ENT_SHOW_MAX], n[ENT_NUM_TEXT];
    f->n = 0;
    enum ent_err r = ask(f, q);
    if (r == ENT_E_LIMIT && f->n == f->limit) {
        (void)fflush(stdout);
        (void)fprintf(stderr, "entente: %s: the first %s; --limit 0 finds all\n",
                      ent_show(shown, ent_slice_str(text)), ent_show_count(n, f->limit));
        r = ENT_OK;
    }
    if (r != ENT_OK)
        return cli_fail(r, NULL, text);
    if (f->n == 0 && !f->json)
        (void)printf("%s: nothing known\n", ent_show(shown, ent_slice_str(text)));
    return EXIT_DONE;
}

/* --- what of it stands in a feed ----------------------------------------------------------------
 */

struct in_feed {
    struct finding *f;
    struct ent_feed_hashes *hashes;
    struct ent_json j;
    const struct ent_observable *o;
    size_t told; /* events of it; before the first stands the observable */
};

static void tell_observable(struct in_feed *x)
{
    char value[ENT_OBS_DEFANGED_MAX];
    if (!x->f->json) {
        (void)printf("%-9s %s\n", ent_obs_type_name(x->o->type), know_defang(value, x->o));
        return;
    }
    ent_json_start(&x->j, &x->f->line);
    ent_json_obj(&x->j, NULL);
    ent_json_str(&x->j, "value", ent_slice(x->o->text, x->o->n));
    ent_json_cstr(&x->j, "type", ent_obs_type_name(x->o->type));
    ent_json_arr(&x->j, "events");
}

static enum ent_err event(void *ctx, const char uuid[static ENT_UUID_TEXT])
{
    struct in_feed *x = ctx;
    if (x->told == 0 && x->f->limit > 0 && x->f->n == x->f->limit)
        return ENT_E_LIMIT;
    if (x->told == 0) {
        x->f->n++;
        tell_observable(x);
    }
    if (x->told++ >= EVENTS_TOLD)
        return ENT_OK;
    if (x->f->json)
        ent_json_cstr(&x->j, NULL, uuid);
    else
        (void)printf("          in event %s\n", uuid);
    return ENT_OK;
}

static enum ent_err look(void *ctx, uint64_t id, const struct ent_observable *o)
{
    struct in_feed *x = ctx;
    (void)id;
    if (atomic_load(&cli_stop))
        return ENT_E_INTERRUPTED;
    if ((x->f->types >> o->type & 1) == 0)
        return ENT_OK;
    x->o = o;
    x->told = 0;
    enum ent_err r = ent_feed_hashes_find(x->hashes, o, event, x);
    if (r == ENT_OK && x->told > EVENTS_TOLD && !x->f->json)
        (void)printf("          and %zu more\n", x->told - EVENTS_TOLD);
    if (r != ENT_OK || x->told == 0 || !x->f->json)
        return r;
    ent_json_arr_end(&x->j);
    ent_json_obj_end(&x->j);
    return (r = ent_json_end(&x->j)) == ENT_OK ? cli_put_line(&x->f->line) : r;
}

static enum ent_err skip_line(void *ctx, uint64_t line, const char *reason, struct ent_slice what)
{
    char shown[2][ENT_SHOW_MAX];
    (void)fprintf(stderr, "%s:%llu: skipped: %s: %s\n",
                  ent_show(shown[0], ent_slice_str((const char *)ctx)), (unsigned long long)line,
                  reason, ent_show(shown[1], what));
    return ENT_OK;
}

static int find_in_feed(struct finding *f, const char *path)
{
    struct in_feed x = {.f = f};
    struct ent_input *in = NULL;
    struct ent_diag d = {0};
    char name[ENT_PATH_MAX], n[2][ENT_NUM_TEXT];
    (void)snprintf(name, sizeof(name), "%s", path);
    const struct ent_import_sink sink = {.ctx = name, .skip = skip_line};
    enum ent_err r = ent_input_open(&in, &d, path, 1000);
    if (r == ENT_OK)
        r = ent_feed_hashes_read(&x.hashes, ent_input_reader(in), &sink, &d);
    ent_input_close(in);
    if (r == ENT_OK)
        r = ent_store_compile(f->store, f->now, look, &x);
    if (r == ENT_E_LIMIT && x.hashes != NULL && f->n == f->limit) {
        (void)fprintf(stderr, "entente: the first %s; --limit 0 finds all\n",
                      ent_show_count(n[0], f->limit));
        r = ENT_OK;
    }
    if (r == ENT_OK && !f->json)
        (void)printf("%s known here stand among the %s values of that feed\n",
                     ent_show_count(n[0], f->n),
                     ent_show_count(n[1], ent_feed_hashes_count(x.hashes)));
    ent_feed_hashes_free(x.hashes);
    return r == ENT_OK ? EXIT_DONE : cli_fail(r, &d, path);
}

static int run(int argc, char **argv)
{
    struct args a;
    struct session s = {0};
    struct question q;
    struct finding f = {.types = ENT_OBS_ALL, .limit = LIMIT, .now = ent_clock_now()};
    int code;
    if (!cli_args(&a, &code, &cmd_find, argc, argv))
        return code;
    f.json = a.json;
    if (a.rest == argc && a.feed_hashes == NULL)
        return cli_usage(&cmd_find, "say what to find", NULL);
    if (a.types != NULL && ent_obs_types_parse(&f.types, ent_slice_str(a.types)) != ENT_OK)
        return cli_usage(&cmd_find, "no such type", a.types);
    if (a.limit != NULL && ent_parse_u64(&f.limit, ent_slice_str(a.limit), UINT64_MAX) != ENT_OK)
        return cli_usage(&cmd_find, "a limit is a number", a.limit);
    for (int i = a.rest; i < argc; i++)
        if (!read_question(&q, &code, argv[i]))
            return code;
    cli_catch_signals();
    ent_buf_init(&f.line, 1u << 20);
    code = cli_open(&s, &a, true);
    f.store = s.store;
    if (code == EXIT_DONE && a.feed_hashes != NULL)
        code = find_in_feed(&f, a.feed_hashes);
    for (int i = a.rest; i < argc && code == EXIT_DONE; i++)
        if (read_question(&q, &code, argv[i]))
            code = find(&f, &q, argv[i]);
    cli_close(&s);
    ent_buf_release(&f.line);
    return code;
}

const struct command cmd_find = {
    .name = "find",
    .usage = "[OPTION...] [TEXT...]",
    .brief = "what is known in a network, below a name, or begins so",
    .help = "TEXT is one of\n"
            "  evil.example      exactly this, of any type, defanged or not\n"
            "  10.0.0.0/8        what lies in a network: addresses, networks, endpoints, URLs\n"
            "  '*.evil.example'  a name and what lies below it: names, URLs, e-mail addresses\n"
            "  'evil*'           what begins so: also hashes and URLs",
    .options = options,
    .run = run,
};
