/* status.c: entente status: the members, their logs, and what is known of each. */
#include "cli/cli.h"

static const struct option_spec options[] = {
    {"--json", NULL, "one JSON document"},
    {NULL, NULL, NULL},
};

/* What this node knows of one member. */
struct known {
    const struct ent_member *m;
    bool self, heard, withdrawn, disputed;
    struct ent_view_log log;
    struct ent_verdict_on on;
    uint64_t left_for, left_with; /* of the budgets of this period */
};

static enum ent_err left(struct session *s, uint64_t *ret, const char *partner,
                         enum ent_direction who, int64_t now)
{
    const struct ent_budget *b = &s->home->pact->budget;
    uint64_t spent = 0;
    enum ent_err r = ent_store_spent(s->store, &spent, partner, who, ent_budget_period(b, now));
    *ret = spent > b->items ? 0 : b->items - spent;
    return r;
}

static enum ent_err learn(struct session *s, struct known *k, const struct ent_member *m,
                          int64_t now)
{
    struct ent_view *v = ent_book_view(s->book);
    enum ent_err r;
    *k = (struct known){.m = m, .self = strcmp(m->name, s->home->self.name) == 0};
    k->withdrawn = ent_book_is_withdrawn(s->book, m->name);
    k->disputed = ent_pact_is_disputed(s->home->pact, m->name);
    r = ent_view_log(v, &k->log, m->name, 0);
    k->heard = r == ENT_OK;
    if (r == ENT_E_NOTFOUND)
        r = ENT_OK;
    if (r == ENT_OK && !k->self)
        r = ent_view_verdict(v, &k->on, m->name, now);
    if (r == ENT_OK && !k->self &&
        (r = left(s, &k->left_for, m->name, ENT_THEY_ASK, now)) == ENT_OK)
        r = left(s, &k->left_with, m->name, ENT_WE_ASK, now);
    return r;
}

/* --- for people ---------------------------------------------------------------------------------
 */

/* Said of an exposed member too: the one has nothing to do with the other. */
static void print_suspicions(const struct known *k)
{
    char since[ENT_TIME_TEXT];
    if (k->on.since[ENT_SUSPECT_SILENT] != 0) {
        ent_time_format(since, k->on.since[ENT_SUSPECT_SILENT]);
        (void)printf("    suspected  silent since %s; that proves nothing\n", since);
    }
    if (k->on.since[ENT_SUSPECT_REFUSES] != 0) {
        ent_time_format(since, k->on.since[ENT_SUSPECT_REFUSES]);
        (void)printf("    suspected  heard of, but has not answered this node since %s; that proves"
                     " nothing\n",
                     since);
    }
    if (k->on.since[ENT_SUSPECT_WITHHOLDS] != 0) {
        ent_time_format(since, k->on.since[ENT_SUSPECT_WITHHOLDS]);
        (void)printf("    suspected  withholds what it signed (%s) since %s; that proves nothing\n",
                     k->on.withheld, since);
    }
}

static void print_verdict(const struct known *k)
{
    if (k->on.exposed)
        (void)printf("    EXPOSED    %s: `entente log prove-fork --list` has the proof\n",
                     ent_misbehaviour_text(k->on.kind));
    if (k->withdrawn)
        (void)puts("    WITHDRAWN  by its own word");
    if (k->disputed)
        (void)puts("    DISPUTED   the pact says that what it says now may not be its own");
    if (!k->withdrawn)
        print_suspicions(k);
}

static void print_known(const struct known *k, size_t panel, enum ent_log_state state)
{
    char n[4][ENT_NUM_TEXT], time[ENT_TIME_TEXT];
    (void)printf("  %s (%s)%s\n", k->m->name, k->m->display, k->self ? ", you" : "");
    if (k->heard) {
        const struct ent_standing *st = &k->log.standing;
        (void)printf("    log        %s entries, %s: cosigned by %u others, %u needed%s\n",
                     ent_show_count(n[0], k->log.size), st->accepted ? "accepted" : "received",
                     st->cosigned, st->k, panel <= 3 ? "; so few detect, and do not prevent" : "");
        if (st->not_later != 0) {
            ent_time_format(time, st->not_later);
            (void)printf("    cosigned   not later than %s\n", time);
        }
        if (!k->self)
            (void)printf("    mirrored   %s\n", ent_show_count(n[1], k->log.mirrored));
    } else {
        (void)puts("    log        nothing said yet, as far as is known here");
    }
    if (k->self && state == ENT_LOG_SHORT)
        (void)puts("    SHORT      less is here than was signed for: `entente recover` refills it");
    if (k->on.last_head != 0) {
        ent_time_format(time, k->on.last_head);
        (void)printf("    last head  %s\n", time);
    }
    if (!k->self)
        (void)printf("    budget     %s left for its questions, %s for ours\n",
                     ent_show_count(n[2], k->left_for), ent_show_count(n[3], k->left_with));
    print_verdict(k);
}

/* --- for programs -------------------------------------------------------------------------------
 */

static void put_time(struct ent_json *j, const char *key, int64_t t)
{
    char text[ENT_TIME_TEXT];
    if (t == 0)
        return;
    ent_time_format(text, t);
    ent_json_cstr(j, key, text);
}

static void put_suspicions(struct ent_json *j, const struct known *k)
{
    ent_json_arr(j, "suspected");
    for (int i = 0; i < ENT_SUSPICIONS && !k->withdrawn; i++) {
        if (k->on.since[i] == 0)
            continue;
        ent_json_obj(j, NULL);
        ent_json_cstr(j, "for", ent_suspicion_word((enum ent_suspicion)i));
        put_time(j, "since", k->on.since[i]);
        if (i == ENT_SUSPECT_WITHHOLDS)
            ent_json_cstr(j, "what", k->on.withheld);
        ent_json_obj_end(j);
    }
    ent_json_arr_end(j);
}

static void put_known(struct ent_json *j, const struct known *k)
{
    ent_json_obj(j, NULL);
    ent_json_cstr(j, "name", k->m->name);
    ent_json_bool(j, "self", k->self);
    if (k->heard) {
        ent_json_cstr(j, "origin", k->log.origin);
        ent_json_u64(j, "size", k->log.size);
        ent_json_u64(j, "mirrored", k->self ? k->log.size : k->log.mirrored);
        ent_json_u64(j, "cosigned", k->log.standing.cosigned);
        ent_json_u64(j, "needed", k->log.standing.k);
        ent_json_cstr(j, "standing", k->log.standing.accepted ? "accepted" : "received");
        put_time(j, "not_later_than", k->log.standing.not_later);
    }
    put_time(j, "last_head", k->on.last_head);
    put_suspicions(j, k);
    ent_json_bool(j, "exposed", k->on.exposed);
    if (k->on.exposed)
        ent_json_cstr(j, "exposed_for", ent_misbehaviour_word(k->on.kind));
    ent_json_bool(j, "withdrawn", k->withdrawn);
    ent_json_bool(j, "disputed", k->disputed);
    if (!k->self) {
        ent_json_u64(j, "budget_left_for", k->left_for);
        ent_json_u64(j, "budget_left_with", k->left_with);
    }
    ent_json_obj_end(j);
}

/* The vote on the next version, in a line: who proposed what. */
static enum ent_err open_vote(struct session *s, struct ent_json *j)
{
    struct ent_voting *v = NULL;
    char hex[ENT_HEX_LEN(32)];
    enum ent_err r = ent_voting_open(&v, NULL, s->book, NULL);
    if (r != ENT_OK)
        return r == ENT_E_STATE ? ENT_OK : r;
    if (j != NULL)
        ent_json_arr(j, "proposals");
    for (size_t i = 0; i < ent_voting_proposals(v); i++) {
        const struct ent_proposal *p = ent_voting_proposal(v, i);
        ent_hex_encode(hex, p->what.b, 32);
        if (j == NULL) {
            (void)printf("  vote       %.16s, proposed by %s in round %u: `entente pact status`\n",
                         hex, p->by, p->round);
            continue;
        }
        ent_json_obj(j, NULL);
        ent_json_cstr(j, "by", p->by);
        ent_json_u64(j, "round", p->round);
        ent_json_cstr(j, "hash", hex);
        ent_json_obj_end(j);
    }
    if (j != NULL)
        ent_json_arr_end(j);
    ent_voting_close(v);
    return ENT_OK;
}

/* --- the command --------------------------------------------------------------------------------
 */

static int status(struct session *s, const struct args *a, const struct ent_node_state *node)
{
    const struct ent_pact *p = s->home->pact;
    struct ent_buf line;
    struct ent_json j;
    enum ent_err r = ENT_OK;
    int64_t now = ent_clock_now();
    ent_buf_init(&line, 1u << 20);
    ent_json_start(&j, &line);
    ent_json_obj(&j, NULL);
    ent_json_cstr(&j, "pact", p->name);
    ent_json_u64(&j, "version", p->version);
    ent_json_arr(&j, "members");
    if (!a->json)
        (void)printf("%s, version %llu, %zu members%s\n", p->name, (unsigned long long)p->version,
                     p->members,
                     ent_pact_is_expired(p, now) ? ", EXPIRED: nothing new but votes" : "");
    if (!a->json)
        cli_node_text(node);
    for (size_t i = 0; i < p->members && r == ENT_OK; i++) {
        struct known k;
        if ((r = learn(s, &k, &p->member[i], now)) != ENT_OK)
            break;
        if (a->json)
            put_known(&j, &k);
        else
            print_known(&k, ent_pact_panel(p), ent_log_state(ent_book_log(s->book)));
    }
    ent_json_arr_end(&j);
    if (r == ENT_OK)
        r = open_vote(s, a->json ? &j : NULL);
    cli_node_json(&j, node);
    ent_json_obj_end(&j);
    if (r == ENT_OK && a->json && (r = ent_json_end(&j)) == ENT_OK)
        r = cli_put_line(&line);
    ent_buf_release(&line);
    return r == ENT_OK ? EXIT_DONE : cli_fail(r, NULL, "reading what is known of the members");
}

static int look(struct session *s, const struct args *a)
{
    struct ent_diag d = {0};
    struct ent_node_state *node = malloc(sizeof(*node));
    if (node == NULL)
        return cli_fail(ENT_E_NOMEM, NULL, NULL);
    enum ent_err r = ent_node_look(node, &d, s->home->dir);
    int code = r == ENT_OK ? status(s, a, node) : cli_fail(r, &d, ENT_PROCESSES_FILE);
    free(node);
    return code;
}

static int run(int argc, char **argv)
{
    struct args a;
    struct session s = {0};
    int code;
    if (!cli_args(&a, &code, &cmd_status, argc, argv))
        return code;
    if (a.rest < argc)
        return cli_usage(&cmd_status, "unexpected argument", argv[a.rest]);
    if ((code = cli_open(&s, &a, true)) == EXIT_DONE &&
        (code = cli_book(&s, &a, NULL)) == EXIT_DONE)
        code = look(&s, &a);
    cli_close(&s);
    return code;
}

const struct command cmd_status = {
    .name = "status",
    .usage = "[--json]",
    .brief = "the node's processes; the members, their logs, who is suspected or exposed",
    .help =
        "First whether the node of this home runs: its processes, and what the kernel says of "
        "each,\n"
        "with WRONG where that is not what the process said of itself.\n"
        "Then one paragraph for each member of the pact: how much it has said, how many others "
        "have\n"
        "cosigned the newest head (accepted when enough did, else only received), what is\n"
        "mirrored here, and what is left of the budgets. Exposed means that there is a proof,\n"
        "signed by the member itself. Suspected means that it has been silent for half an hour,\n"
        "does not answer this node, or does not serve what it signed; that may be an accident,\n"
        "and nothing depends on it.",
    .options = options,
    .run = run,
};
