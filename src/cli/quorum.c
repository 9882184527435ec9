/* quorum.c: entente quorum: what at least t of the members have seen. This file: the verbs. */
#include "cli/quorum.h"

static const struct option_spec options[] = {
    {"--window", "TIME", "start: the window in which it lies (default: the last that is over)"},
    {"--types", "TYPES", "start: compare only these (default: all that the pact allows)"},
    {"--threshold", "T", "start: find what at least T saw (default: the pact's least)"},
    {"--items", "M", "start: at most so many items of each (default: the pact's most)"},
    {"--with", "NAMES",
     "start: only these take part, with commas (default: all but the collector)"},
    {"--dry-run", NULL, "start: show what would be offered and what it costs; offer nothing"},
    {"--wait", NULL, "start: stay until it has ended, and show the result"},
    {"--json", NULL, "JSON: a document, or a line for each run"},
    {NULL, NULL, NULL},
};

int cli_quorum_usage(const char *problem, const char *what)
{
    return cli_usage(&cmd_quorum, problem, what);
}

int cli_quorum_find(struct quorum *q, const char *start)
{
    char id[ENT_QUORUM_ID];
    struct ent_diag d = {0};
    enum ent_err r = ent_quorum_look_find(q->s.home, id, start);
    if (r == ENT_E_FORMAT)
        return cli_quorum_usage("a run is named by its first digits, at least four "
                                "(`entente quorum status`)",
                                start);
    if (r == ENT_E_NOTFOUND || r == ENT_E_EXISTS)
        d.text = r == ENT_E_NOTFOUND ? "no such run: `entente quorum status` lists them"
                                     : "more than one run begins so: give more digits";
    else if (r == ENT_OK)
        r = ent_quorum_look(q->s.home, &q->look, &d, id);
    return r == ENT_OK ? EXIT_DONE : cli_fail(r, &d, start);
}

int cli_quorum_node(const struct quorum *q)
{
    struct ent_diag d = {0};
    struct ent_node_state *node = malloc(sizeof(*node));
    enum ent_err r = node == NULL ? ENT_E_NOMEM : ent_node_look(node, &d, q->s.home->dir);
    if (r == ENT_OK && !node->runs)
        r = ent_fail(&d, ENT_E_STATE,
                     "its node does not run, and only that speaks to others: `entente serve`", 0,
                     0);
    free(node);
    return r == ENT_OK ? EXIT_DONE : cli_fail(r, &d, q->s.home->dir);
}

/* --- join and decline ---------------------------------------------------------------------------
 */

static int want(struct quorum *q, bool join)
{
    struct ent_diag d = {0};
    const char *id = q->look.id,
               *over = ent_quorum_look_answered(&q->look, q->s.home->self.name, q->now);
    if (over != NULL)
        return cli_fail(ENT_E_STATE, &(struct ent_diag){.text = over}, id);
    int code = cli_quorum_node(q);
    if (code != EXIT_DONE)
        return code;
    enum ent_err r = ent_quorum_look_want(q->s.home, &d, id, join);
    if (r != ENT_OK)
        return cli_fail(r, &d, id);
    if (q->a->json)
        (void)printf("{\"run\":\"%s\",\"wish\":\"%s\"}\n", id, join ? "join" : "decline");
    else
        (void)printf(
            "%s: the node %s at once; `entente quorum status %.*s` shows what comes of it\n", id,
            join ? "joins" : "refuses", (int)QUORUM_SHORT, id);
    return EXIT_DONE;
}

/* --- the command --------------------------------------------------------------------------------
 */

static int act(struct quorum *q, char **words, int n)
{
    const char *verb = words[0];
    int code;
    if (strcmp(verb, "start") == 0)
        return cli_quorum_start(q);
    if (strcmp(verb, "schedule") == 0)
        return cli_quorum_schedule(q);
    if (n == 1)
        return cli_quorum_list(q);
    if ((code = cli_quorum_find(q, words[1])) != EXIT_DONE)
        return code;
    if (strcmp(verb, "status") == 0)
        return cli_quorum_status(q);
    if (strcmp(verb, "result") == 0)
        return cli_quorum_result(q);
    return want(q, strcmp(verb, "join") == 0);
}

/* Each verb with the number of words that may follow it. */
static bool is_verb(const char *word, int n)
{
    /* table */
    static const struct {
        const char *word;
        int least, most;
    } verbs[] = {{"start", 0, 0},  {"schedule", 0, 0}, {"status", 0, 1},
                 {"result", 1, 1}, {"join", 1, 1},     {"decline", 1, 1}};
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
        if (strcmp(verbs[i].word, word) == 0)
            return n >= verbs[i].least && n <= verbs[i].most;
    return false;
}

static int run(int argc, char **argv)
{
    struct args a;
    struct quorum *q = calloc(1, sizeof(*q));
    int code;
    if (q == NULL)
        return cli_fail(ENT_E_NOMEM, NULL, NULL);
    if (!cli_args(&a, &code, &cmd_quorum, argc, argv)) {
        free(q);
        return code;
    }
    q->a = &a;
    q->now = ent_clock_now();
    ent_buf_init(&q->line, 4u << 20);
    const char *verb = a.rest < argc ? argv[a.rest] : "";
    bool starts = strcmp(verb, "start") == 0;
    if (!is_verb(verb, argc - a.rest - 1)) {
        code = cli_quorum_usage("say what to do", NULL);
    } else if (!starts && (a.window != NULL || a.types != NULL || a.threshold != NULL ||
                           a.items != NULL || a.with != NULL || a.dry_run || a.wait)) {
        code = cli_quorum_usage("that option is for start", NULL);
    } else {
        cli_catch_signals();
        bool store = starts ? a.wait : strcmp(verb, "result") == 0;
        if ((code = cli_open(&q->s, &a, store)) == EXIT_DONE)
            code = act(q, argv + a.rest, argc - a.rest);
    }
    cli_close(&q->s);
    ent_buf_release(&q->line);
    free(q);
    return code;
}

const struct command cmd_quorum = {
    .name = "quorum",
    .usage = "start|status|result|join|decline|schedule",
    .brief = "what at least some number of the members have seen, and nobody shows a log",
    .help =
        "start         offer a run of one window to the members: what at least T of them saw. The\n"
        "              pact's rule says who holds the keys, who collects, and within which bounds\n"
        "status [RUN]  the runs there are; or all about one: how far it is, who takes part, who\n"
        "              refused or was left out and why, what your node does\n"
        "result RUN    which of what you saw at least T saw, and who\n"
        "join RUN      take part in what your node asks you about (quorum = ask)\n"
        "decline RUN   do not\n"
        "schedule      what the rule is, which windows come next, what came of the last ones\n\n"
        "RUN is the beginning of its id. Members compare the windows that `entente watch\n"
        "--observe` keeps (`entente observed`). Nobody learns what fewer than T saw, and each "
        "only\n"
        "of what it saw itself. Nodes say and compute all of it: start, join and decline need\n"
        "yours (`entente serve`), and a run goes on without this command.",
    .options = options,
    .run = run,
};
