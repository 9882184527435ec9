/* quorum_follow.c: a run from its offer to its end, as start --wait shows it. */
#include "cli/quorum.h"

#include <unistd.h>

#define LOOK_MS    250u
#define NODE_LOOKS 20u /* between two looks at whether the node is still there */

/* What this member does now, by which there is something to see. */
static const char *doing(const struct ent_quorum_look *l, struct ent_quorum_step *ret)
{
    const struct ent_quorum_progress *p = &l->progress;
    if (p->computed.all > 0) {
        *ret = p->computed;
        return "computing";
    }
    if (p->uploaded.all > 0) {
        *ret = p->uploaded;
        return "sending shares";
    }
    *ret = p->evaluated;
    return p->evaluated.all > 0 ? "asking the key holders" : NULL;
}

/* Nothing more comes for this member. */
static bool is_over(const struct quorum *q)
{
    const struct ent_quorum_run *r = &q->look.run;
    uint32_t index = ent_quorum_index(&r->offer, q->s.home->self.name);
    if (r->phase == ENT_QUORUM_FAILED)
        return true;
    if (r->phase != ENT_QUORUM_DONE)
        return false;
    return index == 0 || (r->counted >> (index - 1) & 1) == 0 || q->look.progress.took ||
           r->collector != ENT_QUORUM_NO_FAULT;
}

static void tell(const struct quorum *q, struct ent_progress *p, const char **shown)
{
    struct ent_quorum_step s;
    const char *what = doing(&q->look, &s);
    if (what != *shown) {
        ent_progress_end(p);
        if (what != NULL)
            ent_progress_start(p, what, s.all, ENT_PROGRESS_ITEMS);
        *shown = what;
    }
    if (what != NULL)
        ent_progress_at(p, s.done);
}

static void tell_phase(const struct quorum *q, struct ent_progress *p, int *last)
{
    int phase = (int)q->look.run.phase;
    if (phase == *last || q->a->json)
        return;
    *last = phase;
    ent_progress_hide(p);
    (void)fprintf(stderr, "%.*s: %s\n", (int)QUORUM_SHORT, q->look.id,
                  ent_quorum_phase_word(q->look.run.phase));
}

static int follow(struct quorum *q, const char *id, struct ent_progress *p)
{
    struct ent_diag d = {0};
    const char *shown = NULL;
    int phase = -1, code;
    for (unsigned i = 0;; i++) {
        enum ent_err r = ent_quorum_look(q->s.home, &q->look, &d, id);
        if (r != ENT_OK)
            return cli_fail(r, &d, id);
        tell_phase(q, p, &phase);
        if (is_over(q))
            return EXIT_DONE;
        tell(q, p, &shown);
        (void)usleep(LOOK_MS * 1000);
        if (atomic_load(&cli_stop)) {
            ent_progress_end(p);
            (void)fprintf(stderr, "the run goes on: `entente quorum status %.*s`\n",
                          (int)QUORUM_SHORT, id);
            return EXIT_STOPPED;
        }
        if (i % NODE_LOOKS == NODE_LOOKS - 1 && (code = cli_quorum_node(q)) != EXIT_DONE)
            return code;
    }
}

int cli_quorum_follow(struct quorum *q, const char *id)
{
    struct ent_progress p = {0};
    char why[QUORUM_WORDS];
    int code = follow(q, id, &p);
    ent_progress_end(&p);
    if (code != EXIT_DONE)
        return code;
    const struct ent_quorum_run *r = &q->look.run;
    if (r->phase == ENT_QUORUM_FAILED)
        return cli_fail(ENT_E_PEER, &(struct ent_diag){.text = cli_quorum_failure(why, r)}, id);
    return q->look.progress.took ? cli_quorum_result(q) : cli_quorum_status(q);
}
