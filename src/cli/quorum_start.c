/* quorum_start.c: entente quorum start: what the pact's rule offers, with less where that is
 * wanted; what it will cost; and the node's word on it. */
#include "cli/quorum.h"

#include <unistd.h>

#define ANSWER_SECONDS 30u /* until the node has taken a wish up */
#define LOOK_MS        100u

/* --- the offer ----------------------------------------------------------------------------------
 */

static int fail(enum ent_err e, const char *text, const char *what)
{
    return cli_fail(e, &(struct ent_diag){.text = text}, what);
}

/* The one that --window lies in, else the last whose items have all come. */
static int find_window(const struct quorum *q, int64_t *ret)
{
    const uint32_t seconds = q->s.home->pact->quorum.window;
    char why[QUORUM_WORDS + 64], when[QUORUM_WORDS];
    int64_t at = q->now - (int64_t)seconds - ENT_WINDOW_SETTLE;
    if (q->a->window != NULL &&
        (ent_time_parse(&at, ent_slice_str(q->a->window)) != ENT_OK || at < 0))
        return cli_quorum_usage("no such time (2026-11-22, or 2026-11-22T08:00:00Z)", q->a->window);
    struct ent_window_id id = ent_window_at(at, seconds);
    int64_t end = id.start + id.seconds + ENT_WINDOW_SETTLE;
    if (q->now < end) {
        (void)snprintf(why, sizeof(why), "that window is not over: it is complete %s",
                       cli_quorum_when(when, end, q->now));
        return fail(ENT_E_STATE, why, "--window");
    }
    *ret = id.start;
    return EXIT_DONE;
}

/* Exactly these, of those who may take part. */
static int only_with(struct ent_quorum_offer *o, const struct ent_pact *p, const char *list)
{
    bool keep[ENT_QUORUM_MEMBERS] = {false};
    char name[ENT_NAME_MAX + 1];
    for (const char *at = list; at != NULL;) {
        size_t n = strcspn(at, ",");
        if (n == 0 || n > ENT_NAME_MAX)
            return cli_quorum_usage("--with is names with commas between them", list);
        memcpy(name, at, n);
        name[n] = '\0';
        uint32_t index = ent_quorum_index(o, name);
        if (index == 0)
            return fail(ENT_E_NOTFOUND,
                        ent_pact_member(p, name) != NULL ? "is the collector, who takes no part"
                                                         : "is no member of the pact",
                        name);
        keep[index - 1] = true;
        at = at[n] == ',' ? at + n + 1 : NULL;
    }
    for (uint32_t i = o->shape.members; i-- > 0;)
        if (!keep[i]) {
            memcpy(name, o->participant[i], sizeof(name));
            ent_quorum_offer_leave_out(o, name);
        }
    return EXIT_DONE;
}

static int number(uint32_t *ret, const char *text, const char *problem)
{
    uint64_t n;
    if (text == NULL)
        return EXIT_DONE;
    if (ent_parse_u64(&n, ent_slice_str(text), UINT32_MAX) != ENT_OK || n == 0)
        return cli_quorum_usage(problem, text);
    *ret = (uint32_t)n;
    return EXIT_DONE;
}

/* The rule's, less what the command line takes away. */
static int make(const struct quorum *q, struct ent_quorum_offer *o)
{
    const struct ent_pact *p = q->s.home->pact;
    const struct args *a = q->a;
    int64_t window = 0;
    int code = find_window(q, &window);
    if (code != EXIT_DONE)
        return code;
    enum ent_err r = ent_quorum_offer_of_rule(o, p, window, q->now);
    if (r != ENT_OK)
        return cli_fail(r, NULL, "the rule of the pact");
    if ((code = number(&o->shape.threshold, a->threshold, "--threshold is a number")) !=
            EXIT_DONE ||
        (code = number(&o->shape.items, a->items, "--items is a number")) != EXIT_DONE)
        return code;
    if (a->types != NULL && ent_obs_types_parse(&o->types, ent_slice_str(a->types)) != ENT_OK)
        return cli_quorum_usage("no such type", a->types);
    ent_random(o->nonce.b, sizeof(o->nonce.b));
    return a->with == NULL ? EXIT_DONE : only_with(o, p, a->with);
}

static int refused(const char *text)
{
    return fail(ENT_E_POLICY, text, "this quorum");
}

/* What others would refuse is not said. The node judges again, knowing more of the members. */
static int check(const struct quorum *q, const struct ent_quorum_offer *o)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    struct ent_diag d = {0};
    const struct ent_quorum_wish w = {.self = q->s.home->self.name,
                                      .standing = ENT_ALLOWED,
                                      .most = (uint32_t)q->s.config.quorum_max_items,
                                      .rate = ent_quorum_rate_of(ent_cpu_level()),
                                      .cores = cores < 1 ? 1 : (unsigned)cores,
                                      .now = q->now};
    enum ent_quorum_reason why = ent_quorum_offer_check(o, &d);
    if (why == ENT_QUORUM_SHAPE && d.text != NULL)
        return refused(d.text);
    why = ent_quorum_decide(q->s.home->pact, o, &w);
    if (why == ENT_QUORUM_PACT)
        return refused(ent_verdict_text(ent_quorum_verdict(q->s.home->pact, o, &w)));
    return why == ENT_QUORUM_FINE ? EXIT_DONE : refused(ent_quorum_reason_text(why));
}

/* A participant without a set refuses its own part. */
static void warn_without_set(const struct quorum *q, const struct ent_quorum_offer *o)
{
    char dir[ENT_PATH_MAX], path[ENT_PATH_MAX], name[ENT_WINDOW_NAME];
    ent_window_name(name, (struct ent_window_id){o->window, o->seconds});
    if (ent_quorum_index(o, q->s.home->self.name) != 0 &&
        ent_observe_folder(q->s.home, dir) == ENT_OK &&
        ent_path_join(path, sizeof(path), dir, name) == ENT_OK && access(path, F_OK) != 0)
        (void)fprintf(stderr,
                      "entente: this member kept nothing of that window and will not take part "
                      "itself: `entente watch --observe`\n");
}

/* --- the node's word ----------------------------------------------------------------------------
 */

static const char *text_of(const char *word)
{
    for (int i = 1; i < ENT_QUORUM_REASONS; i++)
        if (strcmp(ent_quorum_reason_word((enum ent_quorum_reason)i), word) == 0)
            return ent_quorum_reason_text((enum ent_quorum_reason)i);
    for (int i = 1; i < ENT_VERDICTS; i++)
        if (strcmp(ent_verdict_word((enum ent_verdict)i), word) == 0)
            return ent_verdict_text((enum ent_verdict)i);
    return "the node refuses it";
}

static enum ent_err await(struct quorum *q, const char *wish, char ret_id[static ENT_QUORUM_ID],
                          struct ent_diag *d)
{
    char why[ENT_QUORUM_WHY];
    enum ent_err r = ENT_E_NOTFOUND;
    for (unsigned ms = 0; r == ENT_E_NOTFOUND && ms < ANSWER_SECONDS * 1000; ms += LOOK_MS) {
        if (atomic_load(&cli_stop))
            return ENT_E_INTERRUPTED;
        (void)usleep(LOOK_MS * 1000);
        r = ent_quorum_look_granted(q->s.home, d, ret_id, why, wish);
    }
    if (r == ENT_E_POLICY)
        return ent_fail(d, r, text_of(why), 0, 0);
    return r == ENT_E_NOTFOUND ? ent_fail(d, ENT_E_TIMEOUT, "the node does not take it up", 0, 0)
                               : r;
}

static int offer(struct quorum *q, const struct ent_quorum_offer *o)
{
    struct ent_diag d = {0};
    char wish[ENT_QUORUM_WISH], id[ENT_QUORUM_ID];
    int code = cli_quorum_node(q);
    if (code != EXIT_DONE)
        return code;
    enum ent_err r = ent_quorum_look_wish(q->s.home, &d, wish, o);
    if (r != ENT_OK)
        return cli_fail(r, &d, q->s.home->dir);
    r = await(q, wish, id, &d);
    if (r != ENT_OK) {
        ent_quorum_look_unwish(q->s.home, wish);
        return cli_fail(r, &d, "this quorum");
    }
    /* Who starts one wants to be in it. */
    if (ent_quorum_index(o, q->s.home->self.name) != 0 &&
        (r = ent_quorum_look_want(q->s.home, &d, id, true)) != ENT_OK)
        return cli_fail(r, &d, id);
    if (q->a->wait)
        return cli_quorum_follow(q, id);
    if (q->a->json)
        (void)printf("{\"run\":\"%s\"}\n", id);
    else
        (void)printf("offered: run %s\n`entente quorum status %.*s` shows what comes of it\n", id,
                     (int)QUORUM_SHORT, id);
    return EXIT_DONE;
}

/* --- the verb -----------------------------------------------------------------------------------
 */

static int show(struct quorum *q, const struct ent_quorum_offer *o)
{
    struct ent_json j;
    char when[QUORUM_WORDS];
    if (!q->a->json) {
        cli_quorum_print_offer(o);
        (void)printf("  members    ");
        for (uint32_t i = 0; i < o->shape.members; i++)
            (void)printf("%s%s", i == 0 ? "" : ", ", o->participant[i]);
        (void)printf("\n  answer     %s at the latest\n",
                     cli_quorum_when(when, o->result_by, q->now));
        cli_quorum_print_estimate(o);
        return EXIT_DONE;
    }
    if (!q->a->dry_run)
        return EXIT_DONE;
    ent_json_start(&j, &q->line);
    ent_json_obj(&j, NULL);
    cli_quorum_json_offer(&j, o);
    ent_json_obj_end(&j);
    enum ent_err r = ent_json_end(&j);
    if (r == ENT_OK)
        r = cli_put_line(&q->line);
    return r == ENT_OK ? EXIT_DONE : cli_fail(r, NULL, "writing");
}

int cli_quorum_rule(const struct quorum *q)
{
    const struct ent_pact *p = q->s.home->pact;
    if (p == NULL)
        return fail(ENT_E_POLICY, "is in no pact yet: `entente pact new`", q->s.home->dir);
    if (p->quorum.holders == 0)
        return fail(ENT_E_POLICY,
                    "has no rule of quorums: `entente pact propose --quorum FILE` proposes one",
                    p->name);
    return EXIT_DONE;
}

int cli_quorum_start(struct quorum *q)
{
    struct ent_quorum_offer *o = calloc(1, sizeof(*o));
    int code = o == NULL ? cli_fail(ENT_E_NOMEM, NULL, NULL) : cli_quorum_rule(q);
    if (code == EXIT_DONE && (code = make(q, o)) == EXIT_DONE &&
        (code = check(q, o)) == EXIT_DONE && (code = show(q, o)) == EXIT_DONE) {
        warn_without_set(q, o);
        if (!q->a->dry_run)
            code = offer(q, o);
    }
    free(o);
    return code;
}
