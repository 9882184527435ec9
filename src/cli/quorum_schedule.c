/* quorum_schedule.c: entente quorum schedule: the pact's rule, the next window, and the last ones.
 */
#include "cli/quorum.h"

#define LAST 24u /* windows of the past that are shown */

/* A window of the past: what was kept of it, and which run there was. */
struct past {
    int64_t start;
    bool kept, run;
    uint64_t items;
    char id[ENT_QUORUM_ID];
    enum ent_quorum_phase phase;
    bool took;
    uint64_t found;
};

struct pasts {
    uint32_t seconds, types;
    int64_t newest;
    struct past past[LAST]; /* the newest first */
};

static struct past *place(struct pasts *x, int64_t start)
{
    int64_t back = (x->newest - start) / (int64_t)x->seconds;
    return start > x->newest || back >= (int64_t)LAST ? NULL : &x->past[back];
}

static enum ent_err take_window(void *ctx, struct ent_window_id id, const struct ent_window *w,
                                uint64_t bytes, const struct ent_diag *d)
{
    struct pasts *x = ctx;
    struct past *p = id.seconds == x->seconds ? place(x, id.start) : NULL;
    (void)bytes, (void)d;
    if (p == NULL || w == NULL)
        return ENT_OK;
    p->kept = true;
    p->items = ent_window_items(w, x->types);
    return ENT_OK;
}

/* Of several runs of one window, the one that came farthest. */
static enum ent_err take_run(void *ctx, const char *id, const struct ent_quorum_look *l,
                             const struct ent_diag *d)
{
    struct pasts *x = ctx;
    (void)d;
    if (l == NULL || l->run.offer.seconds != x->seconds)
        return ENT_OK;
    struct past *p = place(x, l->run.offer.window);
    bool failed = l->run.phase == ENT_QUORUM_FAILED;
    if (p == NULL ||
        (p->run && (failed || (p->phase != ENT_QUORUM_FAILED && l->run.phase <= p->phase))))
        return ENT_OK;
    p->run = true;
    memcpy(p->id, id, sizeof(p->id));
    p->phase = l->run.phase;
    p->took = l->progress.took;
    p->found = l->progress.found;
    return ENT_OK;
}

/* --- for people ---------------------------------------------------------------------------------
 */

static void print_rule(const struct quorum *q, const struct pasts *x)
{
    /* table */
    static const char *const part[] = {
        [ENT_QUORUM_OFF] = "off: your node refuses every run",
        [ENT_QUORUM_ASK] = "ask: your node takes part in what is scheduled, and asks about others",
        [ENT_QUORUM_ON] = "on: your node takes part in every run that the pact allows"};
    const struct ent_quorum_rule *rule = &q->s.home->pact->quorum;
    const struct ent_quorum_deadlines *t = &rule->deadlines;
    char length[4][QUORUM_WORDS], when[QUORUM_WORDS], start[ENT_TIME_TEXT];
    int64_t next = x->newest + rule->window;
    (void)printf("every window of %s%s\n", cli_quorum_length(length[0], rule->window),
                 rule->each ? ", by itself" : " may be run, by `entente quorum start`");
    (void)printf("  deadlines  after its end: acceptances %s, keys %s, shares %s, the answer %s\n",
                 cli_quorum_length(length[0], t->accept), cli_quorum_length(length[1], t->keys),
                 cli_quorum_length(length[2], t->upload), cli_quorum_length(length[3], t->result));
    ent_time_format(start, next);
    (void)printf("  you        quorum = %s\n", part[q->s.config.quorum]);
    (void)printf("  next       the one from %s, %s %s\n", start,
                 rule->each ? "offered" : "complete",
                 cli_quorum_when(when, next + rule->window + ENT_WINDOW_SETTLE, q->now));
}

static void print_past(const struct past *p, uint32_t seconds)
{
    char start[ENT_TIME_TEXT], length[QUORUM_WORDS], items[ENT_NUM_TEXT], found[ENT_NUM_TEXT];
    ent_time_format(start, p->start);
    (void)printf("%-20s  %6s  %12s  %-12.12s  %-11s  %s\n", start,
                 cli_quorum_length(length, seconds),
                 p->kept ? ent_show_count(items, p->items) : "-", p->run ? p->id : "-",
                 p->run ? ent_quorum_phase_word(p->phase) : "-",
                 p->took ? ent_show_count(found, p->found) : "-");
}

static void print(const struct quorum *q, const struct pasts *x, const struct ent_quorum_offer *o)
{
    print_rule(q, x);
    cli_quorum_print_offer(o);
    cli_quorum_print_estimate(o);
    (void)printf("\n%-20s  %6s  %12s  %-12s  %-11s  %s\n", "WINDOW", "LENGTH", "YOU SAW", "RUN",
                 "PHASE", "FOUND");
    for (size_t i = 0; i < LAST; i++)
        if (x->past[i].kept || x->past[i].run)
            print_past(&x->past[i], x->seconds);
}

/* --- for programs -------------------------------------------------------------------------------
 */

static void put_past(struct ent_json *j, const struct past *p)
{
    ent_json_obj(j, NULL);
    ent_json_time(j, "window", p->start);
    ent_json_bool(j, "kept", p->kept);
    if (p->kept)
        ent_json_u64(j, "items", p->items);
    if (p->run) {
        ent_json_cstr(j, "run", p->id);
        ent_json_cstr(j, "phase", ent_quorum_phase_word(p->phase));
    }
    if (p->took)
        ent_json_u64(j, "found", p->found);
    ent_json_obj_end(j);
}

static enum ent_err put(struct quorum *q, const struct pasts *x, const struct ent_quorum_offer *o)
{
    struct ent_json j;
    ent_json_start(&j, &q->line);
    ent_json_obj(&j, NULL);
    ent_json_bool(&j, "each", q->s.home->pact->quorum.each);
    ent_json_obj(&j, "next");
    cli_quorum_json_offer(&j, o);
    ent_json_obj_end(&j);
    ent_json_arr(&j, "windows");
    for (size_t i = 0; i < LAST; i++)
        if (x->past[i].kept || x->past[i].run)
            put_past(&j, &x->past[i]);
    ent_json_arr_end(&j);
    ent_json_obj_end(&j);
    enum ent_err r = ent_json_end(&j);
    return r == ENT_OK ? cli_put_line(&q->line) : r;
}

/* --- the verb -----------------------------------------------------------------------------------
 */

static int learn(struct quorum *q, struct pasts *x)
{
    char dir[ENT_PATH_MAX];
    struct ent_diag d = {0};
    for (size_t i = 0; i < LAST; i++)
        x->past[i].start = x->newest - (int64_t)i * x->seconds;
    enum ent_err r = ent_observe_folder(q->s.home, dir);
    if (r == ENT_OK && (r = ent_windows_each(dir, take_window, x, &d)) == ENT_OK)
        r = ent_quorum_look_each(q->s.home, take_run, x);
    return r == ENT_OK ? EXIT_DONE : cli_fail(r, &d, "windows and runs");
}

int cli_quorum_schedule(struct quorum *q)
{
    struct ent_quorum_offer *o = calloc(1, sizeof(*o));
    struct pasts *x = calloc(1, sizeof(*x));
    int code = o == NULL || x == NULL ? cli_fail(ENT_E_NOMEM, NULL, NULL) : cli_quorum_rule(q);
    if (code == EXIT_DONE) {
        const struct ent_pact *p = q->s.home->pact;
        const uint32_t seconds = p->quorum.window;
        x->seconds = seconds;
        x->types = p->quorum.types;
        /* The last that is complete. */
        x->newest = ent_window_at(q->now - (int64_t)seconds - ENT_WINDOW_SETTLE, seconds).start;
        code = learn(q, x);
        enum ent_err r = ent_quorum_offer_of_rule(o, p, x->newest + seconds, 0);
        if (code == EXIT_DONE && r != ENT_OK)
            code = cli_fail(r, NULL, "the rule of the pact");
    }
    if (code == EXIT_DONE && !q->a->json)
        print(q, x, o);
    else if (code == EXIT_DONE) {
        enum ent_err r = put(q, x, o);
        code = r == ENT_OK ? EXIT_DONE : cli_fail(r, NULL, "writing");
    }
    free(x);
    free(o);
    return code;
}
