/* match.c: entente match: which of my observables does a partner know? */
#include "cli/cli.h"
#include "watch/watch.h"

static const struct option_spec options[] = {
    {"--mode", "lookup", "what is compared: you learn hits with labels, they how many you asked"},
    {"--types", "TYPES", "ask only about these: ip, domain, url, email, hash, ..."},
    {"--from", "FILE", "observation set to ask about (default: the last one written)"},
    {"--dry-run", NULL, "show what would be asked and what is left of the budget; ask nothing"},
    {"--pad", NULL, "hide how many you ask behind the next power of two (costs budget)"},
    {"--url", "URL", "reach the partner there instead of at its card's address"},
    {"--threads", "N", "threads and connections to use (default: one for each processor)"},
    {"--passphrase-file", "FILE", "take the passphrase from the first line of FILE"},
    {"--json", NULL, "one JSON document"},
    {NULL, NULL, NULL},
};

#define PRINT_AT         (1u << 16)
#define ASKED_BY_DEFAULT (ENT_OBS_ALL & ~(ENT_OBS_BIT(ENT_OBS_NET4) | ENT_OBS_BIT(ENT_OBS_NET6)))

struct matching {
    struct session *s;
    const struct args *a;
    struct ent_member *partner; /* a copy: the pact may change meanwhile */
    uint32_t types;
    char from[ENT_PATH_MAX];
    struct ent_lookup_asker *asker;
    uint64_t count[ENT_OBS_TYPES], left;
    struct ent_ask_report report;
    uint64_t sent, received;      /* bytes, TLS payload with HTTP headers */
    struct ent_standing standing; /* of a head over all that was said */
    struct ent_progress progress;
    enum ent_ask_phase phase;
};

/* --- what is asked ------------------------------------------------------------------------------
 */

static enum ent_err add(void *ctx, const struct ent_observable *o)
{
    struct matching *m = ctx;
    uint8_t item[ENT_OBS_KEY_MAX];
    if ((m->types & ENT_OBS_BIT(o->type)) == 0)
        return ENT_OK;
    m->count[o->type]++;
    return ent_lookup_asker_add(m->asker, ent_slice(item, ent_observable_key(item, o)));
}

static int find_file(struct matching *m)
{
    struct ent_buf b;
    if (m->a->from != NULL) {
        int n = snprintf(m->from, sizeof(m->from), "%s", m->a->from);
        return n < (int)sizeof(m->from) ? EXIT_DONE
                                        : cli_usage(&cmd_match, "path too long", m->a->from);
    }
    ent_buf_init(&b, sizeof(m->from) - 1);
    enum ent_err r = ent_store_fact(m->s->store, &b, "observed/last");
    if (r == ENT_OK) {
        memcpy(m->from, b.p, b.n);
        m->from[b.n] = '\0';
    }
    ent_buf_release(&b);
    if (r == ENT_E_NOTFOUND)
        return cli_fail(
            r,
            &(struct ent_diag){.text = "nothing to ask about yet: `entente watch "
                                       "--observe-file FILE LOG...` collects what was seen"},
            NULL);
    return r == ENT_OK ? EXIT_DONE : cli_fail(r, NULL, "reading the store");
}

static int load(struct matching *m)
{
    struct ent_input *in = NULL;
    struct ent_diag d = {0};
    int code = find_file(m);
    if (code != EXIT_DONE)
        return code;
    enum ent_err r = ent_lookup_asker_new(&m->asker);
    if (r == ENT_OK && (r = ent_input_open(&in, &d, m->from, 1000)) == ENT_OK)
        r = ent_observed_read(ent_input_reader(in), &d, add, m);
    ent_input_close(in);
    if (r == ENT_OK && m->a->pad)
        r = ent_lookup_asker_pad(m->asker);
    if (r == ENT_OK && ent_lookup_asker_items(m->asker) == 0)
        r = ent_fail(&d, ENT_E_NOTFOUND, "holds nothing of the types to ask about", 0, 0);
    return r == ENT_OK ? EXIT_DONE : cli_fail(r, &d, m->from);
}

static int budget_left(struct matching *m)
{
    const struct ent_budget *b = &m->s->home->pact->budget;
    uint64_t spent = 0;
    enum ent_err r = ent_store_spent(m->s->store, &spent, m->partner->name, ENT_WE_ASK,
                                     ent_budget_period(b, ent_clock_now()));
    m->left = spent > b->items ? 0 : b->items - spent;
    return r == ENT_OK ? EXIT_DONE : cli_fail(r, NULL, "reading the budget");
}

/* --- what is told -------------------------------------------------------------------------------
 */

static enum ent_err dry_run_json(const struct matching *m)
{
    struct ent_buf line;
    struct ent_json j;
    ent_buf_init(&line, 65536);
    ent_json_start(&j, &line);
    ent_json_obj(&j, NULL);
    ent_json_cstr(&j, "partner", m->partner->name);
    ent_json_cstr(&j, "from", m->from);
    ent_json_obj(&j, "asked");
    for (int t = 1; t < ENT_OBS_TYPES; t++)
        if (m->count[t] > 0)
            ent_json_u64(&j, ent_obs_type_name((enum ent_obs_type)t), m->count[t]);
    ent_json_obj_end(&j);
    ent_json_u64(&j, "charged", ent_lookup_asker_items(m->asker));
    ent_json_u64(&j, "budget", m->s->home->pact->budget.items);
    ent_json_u64(&j, "left", m->left);
    ent_json_obj_end(&j);
    enum ent_err r = ent_json_end(&j);
    if (r == ENT_OK)
        r = cli_put_line(&line);
    ent_buf_release(&line);
    return r;
}

static int dry_run(const struct matching *m)
{
    char types[512], n[3][ENT_NUM_TEXT], from[ENT_SHOW_MAX];
    uint64_t items = ent_lookup_asker_items(m->asker);
    if (m->a->json) {
        enum ent_err r = dry_run_json(m);
        return r == ENT_OK ? EXIT_DONE : cli_fail(r, NULL, "writing");
    }
    (void)printf("would ask %s about %s\n  from    %s\n  charged %s of %s left in this period%s\n"
                 "%s would learn that %s were asked, and not one of them. Nothing was sent.\n",
                 m->partner->name, cli_type_counts(types, m->count),
                 ent_show(from, ent_slice_str(m->from)), ent_show_count(n[0], items),
                 ent_show_count(n[1], m->left), items > m->left ? ": too many" : "",
                 m->partner->name, ent_show_count(n[2], items));
    return EXIT_DONE;
}

static void split_item(struct ent_slice item, struct ent_observable *ret)
{
    const uint8_t *colon = memchr(item.p, ':', item.n);
    struct ent_slice word = {item.p, (size_t)(colon - item.p)};
    struct ent_slice text = {colon + 1, item.n - word.n - 1};
    uint32_t mask = 0;
    /* Made by ent_observable_key() from a parsed line: it parses. */
    if (ent_obs_types_parse(&mask, word) != ENT_OK ||
        ent_observable_parse_as(ret, NULL, (enum ent_obs_type)__builtin_ctz(mask), text) != ENT_OK)
        ENT_BUG("an item that is no observable");
}

static enum ent_err hit_table(void *ctx, const struct ent_lookup_hit *h)
{
    struct matching *m = ctx;
    struct ent_observable o;
    char seen[ENT_OBS_DEFANGED_MAX], kind[ENT_SHOW_MAX], text[ENT_SHOW_MAX], sure[16] = "-";
    split_item(h->item, &o);
    ent_observable_defang(seen, sizeof(seen), &o);
    if (h->label == NULL) {
        (void)printf("  %-32s %s sealed its label so that it cannot be opened\n", seen,
                     m->partner->name);
        return ENT_OK;
    }
    if (h->label->confidence >= 0)
        (void)snprintf(sure, sizeof(sure), "%d", h->label->confidence);
    (void)printf("  %-32s %-16s %-12s %4s  %s\n", seen,
                 ent_show(kind, ent_slice_str(h->label->kind)), ent_tlp_name(h->label->tlp), sure,
                 ent_show(text, ent_slice_str(h->label->text)));
    return ENT_OK;
}

/* Who has cosigned what we said in this run, and so can never be told another history. */
static void print_standing(const struct matching *m)
{
    const struct ent_pact *p = m->s->home->pact;
    const struct ent_standing *st = &m->standing;
    const struct ent_member *self = ent_home_self(m->s->home);
    size_t panel = ent_pact_panel(p), others = panel - (self->panel && panel > 0);
    (void)printf(
        "%s: cosigned by %u of %zu other%s, %u needed%s\n", st->accepted ? "accepted" : "received",
        st->cosigned, others, others == 1 ? "" : "s", st->k,
        panel <= 3 ? "; with three witnesses or fewer it detects, and does not prevent" : "");
}

static int report_text(struct matching *m)
{
    const struct ent_ask_report *rep = &m->report;
    char n[5][ENT_NUM_TEXT];
    uint64_t ignored;
    if (rep->hits > 0) {
        (void)printf("  %-32s %-16s %-12s %4s  %s\n", "SEEN BY US", "KIND", "TLP", "SURE",
                     "WHAT THEY SAY");
        enum ent_err r = ent_lookup_asker_hits(m->asker, hit_table, m, &ignored);
        if (r != ENT_OK)
            return cli_fail(r, NULL, "reading the result");
    }
    (void)printf("%s of %s asked are on %s's list of %s; %s learned only that %s were asked.\n",
                 ent_show_count(n[0], rep->hits), ent_show_count(n[1], rep->asked),
                 m->partner->name, ent_show_count(n[2], rep->theirs), m->partner->name, n[1]);
    (void)printf("%s, %s sent, %s received; signed record in runs/%s\n",
                 ent_show_ns(n[3], rep->took_ns), ent_show_bytes(n[0], m->sent),
                 ent_show_bytes(n[4], m->received), rep->run);
    print_standing(m);
    return EXIT_DONE;
}

static enum ent_err hit_json(void *ctx, const struct ent_lookup_hit *h)
{
    struct ent_json *j = ctx;
    struct ent_observable o;
    split_item(h->item, &o);
    ent_json_obj(j, NULL);
    ent_json_cstr(j, "observable", o.text);
    ent_json_cstr(j, "type", ent_obs_type_name(o.type));
    ent_json_bool(j, "label_opens", h->label != NULL);
    if (h->label != NULL) {
        ent_json_cstr(j, "kind", h->label->kind);
        ent_json_cstr(j, "description", h->label->text);
        ent_json_cstr(j, "tlp", ent_tlp_name(h->label->tlp));
        if (h->label->confidence >= 0)
            ent_json_i64(j, "confidence", h->label->confidence);
    }
    ent_json_obj_end(j);
    /* Written as it grows: a million hits would be the largest thing in memory. */
    return j->err == ENT_OK && j->b->n > PRINT_AT ? cli_put_part(j->b) : j->err;
}

static int report_json(const struct matching *m)
{
    const struct ent_ask_report *rep = &m->report;
    struct ent_buf line;
    struct ent_json j;
    uint64_t ignored;
    ent_buf_init(&line, 2 * PRINT_AT);
    ent_json_start(&j, &line);
    ent_json_obj(&j, NULL);
    ent_json_cstr(&j, "partner", m->partner->name);
    ent_json_cstr(&j, "run", rep->run);
    ent_json_u64(&j, "asked", rep->asked);
    ent_json_u64(&j, "theirs", rep->theirs);
    ent_json_u64(&j, "sent_bytes", m->sent);
    ent_json_u64(&j, "received_bytes", m->received);
    ent_json_f64(&j, "seconds", (double)rep->took_ns / 1e9);
    ent_json_bool(&j, "accepted", m->standing.accepted);
    ent_json_u64(&j, "cosigned", m->standing.cosigned);
    ent_json_u64(&j, "needed", m->standing.k);
    ent_json_arr(&j, "hits");
    enum ent_err r = ent_lookup_asker_hits(m->asker, hit_json, &j, &ignored);
    ent_json_arr_end(&j);
    ent_json_obj_end(&j);
    if (r == ENT_OK)
        r = ent_json_end(&j);
    if (r == ENT_OK)
        r = cli_put_line(&line);
    ent_buf_wipe(&line);
    return r == ENT_OK ? EXIT_DONE : cli_fail(r, NULL, "writing");
}

/* --- the run ------------------------------------------------------------------------------------
 */

static void progress(void *ctx, enum ent_ask_phase phase, uint64_t done, uint64_t all)
{
    struct matching *m = ctx;
    if (phase != m->phase) {
        ent_progress_end(&m->progress);
        ent_progress_start(&m->progress,
                           phase == ENT_ASK_QUESTIONS ? "asking" : "reading the filter", all,
                           ENT_PROGRESS_ITEMS);
        m->phase = phase;
    }
    ent_progress_at(&m->progress, done);
}

static int is_allowed(struct matching *m)
{
    struct ent_diag d = {0};
    const char *whom = m->partner->name;
    enum ent_err r =
        ent_ask_may(m->s->book, &whom, &d, m->partner->name, ent_lookup_asker_items(m->asker), 0);
    if (r == ENT_OK || r == ENT_E_POLICY)
        return r == ENT_OK ? EXIT_DONE : cli_fail(r, &d, whom);
    return cli_fail(r, NULL, "reading what is known of the partner");
}

static enum ent_err charge(void *ctx, const char *partner, uint64_t period, uint64_t items)
{
    struct matching *m = ctx;
    return ent_store_charge(m->s->store, partner, ENT_WE_ASK, period, items, INT64_MAX);
}

/* The newest head goes to everybody who can be reached, and their cosignatures are counted. What
 * was learned stays learned whatever comes of it. */
static int show_around(struct matching *m, const struct own_keys *keys)
{
    struct visit after = {.brief = true, .partner = m->partner->name};
    struct ent_standing st = {.k = m->s->home->pact->k};
    struct ent_checkpoint cp = {.size = 0};
    struct ent_buf head;
    int code = cli_visit(m->s, m->a, keys, &after);
    if (code != EXIT_DONE)
        return code;
    m->standing = st;
    ent_buf_init(&head, ENT_NOTE_MAX);
    ent_book_lock(m->s->book);
    enum ent_err r = ent_log_published(ent_book_log(m->s->book), &head);
    if (r == ENT_OK)
        r = ent_roster_check_head(&m->s->home->roster, &st, &cp, ent_buf_slice(&head), NULL);
    ent_book_unlock(m->s->book);
    ent_buf_release(&head);
    if (r == ENT_OK && cp.size > m->report.offer)
        m->standing = st;
    return r == ENT_OK || r == ENT_E_NOTFOUND ? EXIT_DONE : cli_fail(r, NULL, "the own log");
}

/* With connections of this process, and computing in it. */
static enum ent_err run_match(struct matching *m, struct ent_diag *d, const struct own_keys *keys,
                              unsigned threads)
{
    struct ent_pool *pool = NULL;
    struct ent_clients *clients = NULL;
    struct ent_seeker *seeker = NULL;
    enum ent_err r;
    if ((r = ent_pool_new(&pool, threads)) == ENT_OK &&
        (r = ent_seeker_new(&seeker, m->asker)) == ENT_OK)
        r = ent_clients_new(&clients, d, &keys->tls, m->s->home->self.name, &cli_stop);
    if (r == ENT_OK) {
        struct ent_direct direct = {ent_seeker_serve, seeker, ENT_SEEK_ANSWER_MAX};
        /* As long as it may take to arrive, and as long again for the answer to leave. */
        const struct ent_ask_opts opts = {.book = m->s->book,
                                          .seeker = ent_caller_direct(&direct),
                                          .dialer = ent_clients_dialer(clients),
                                          .pool = pool,
                                          .partner = m->partner,
                                          .url = m->a->url,
                                          .call_seconds =
                                              2 * (unsigned)m->s->config.request_seconds,
                                          .types = m->types,
                                          .stop = &cli_stop,
                                          .ctx = m,
                                          .charge = charge,
                                          .progress = progress};
        ent_clients_keep(clients, ent_pool_threads(pool));
        r = ent_ask(&m->report, d, &opts);
        ent_clients_traffic(clients, &m->sent, &m->received);
    }
    ent_clients_free(clients);
    ent_seeker_free(seeker);
    ent_pool_free(pool);
    return r;
}

static int ask(struct matching *m)
{
    struct own_keys keys = {.with_root = false};
    struct ent_diag d = {0};
    uint64_t threads = 0;
    int code;
    if (m->a->threads != NULL &&
        ent_parse_u64(&threads, ent_slice_str(m->a->threads), 64) != ENT_OK)
        return cli_usage(&cmd_match, "--threads is a number up to 64", m->a->threads);
    if (m->a->url == NULL && strcmp(m->partner->url, "-") == 0)
        return cli_fail(ENT_E_NOTFOUND,
                        &(struct ent_diag){.text = "its card has no address; --url gives one"},
                        m->partner->name);
    struct visit before = {.brief = true, .before = true, .partner = m->partner->name};
    if ((code = cli_book(m->s, m->a, &keys)) == EXIT_DONE && (code = is_allowed(m)) == EXIT_DONE &&
        (code = cli_visit(m->s, m->a, &keys, &before)) == EXIT_DONE &&
        (code = is_allowed(m)) == EXIT_DONE) { /* the visits may have shown something new */
        enum ent_err r = run_match(m, &d, &keys, (unsigned)threads);
        ent_progress_end(&m->progress);
        code = r == ENT_OK ? show_around(m, &keys) : cli_fail(r, &d, m->partner->name);
    }
    ent_wipe(&keys, sizeof(keys));
    return code;
}

static int match(struct matching *m)
{
    int code;
    if ((code = load(m)) != EXIT_DONE || (code = budget_left(m)) != EXIT_DONE)
        return code;
    if (m->a->dry_run)
        return dry_run(m);
    if ((code = ask(m)) != EXIT_DONE)
        return code;
    return m->a->json ? report_json(m) : report_text(m);
}

static int find_partner(struct matching *m, const char *name)
{
    const struct ent_home *h = m->s->home;
    const struct ent_member *partner = h->pact == NULL ? NULL : ent_pact_member(h->pact, name);
    if (partner == NULL || strcmp(partner->name, h->self.name) == 0)
        return cli_fail(ENT_E_POLICY,
                        &(struct ent_diag){.text = "is no partner in the pact (`entente pact show` "
                                                   "lists them)"},
                        name);
    if ((m->partner = malloc(sizeof(*m->partner))) == NULL)
        return cli_fail(ENT_E_NOMEM, NULL, NULL);
    *m->partner = *partner;
    return EXIT_DONE;
}

static int run(int argc, char **argv)
{
    struct args a;
    struct session s = {0};
    struct matching m = {.s = &s, .a = &a, .types = ASKED_BY_DEFAULT, .phase = ENT_ASK_OFFER};
    int code;
    if (!cli_args(&a, &code, &cmd_match, argc, argv))
        return code;
    if (argc - a.rest != 1)
        return cli_usage(&cmd_match, "name one partner", NULL);
    if (a.mode != NULL && strcmp(a.mode, "lookup") != 0)
        return cli_usage(&cmd_match, "the only mode of this version is lookup, not", a.mode);
    if (a.url != NULL && ent_client_url_check(a.url) != ENT_OK)
        return cli_usage(&cmd_match, "an address has the form https://host:port, not", a.url);
    if (a.types != NULL && ent_obs_types_parse(&m.types, ent_slice_str(a.types)) != ENT_OK)
        return cli_usage(&cmd_match, "no such type", a.types);
    ent_secret_harden_process();
    cli_catch_signals();
    if ((code = cli_open(&s, &a, true)) == EXIT_DONE &&
        (code = find_partner(&m, argv[a.rest])) == EXIT_DONE)
        code = match(&m);
    free(m.partner);
    ent_lookup_asker_free(m.asker);
    cli_close(&s);
    return code;
}

const struct command cmd_match = {
    .name = "match",
    .usage = "MEMBER [--mode lookup] [--types TYPES] [--from FILE]",
    .brief = "learn which of the things you have seen a partner knows as hostile",
    .help =
        "Asks a partner, privately. You learn which of your observables are on its list, with "
        "what\n"
        "it says about those alone; it learns how many you asked. Neither can cheat without being\n"
        "caught or gaining nothing; docs/match.md says why. Both sides keep a signed record.",
    .options = options,
    .run = run,
};
