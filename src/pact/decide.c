/* decide.c: what the pact allows. Pure functions; each refusal has its own word. */
#include "pact/pact.h"

static const struct {
    const char *word, *text;
} verdicts[ENT_VERDICTS] = {
    [ENT_ALLOWED] = {"allowed", "allowed"},
    [ENT_DENIED_STRANGER] = {"stranger", "the asking member is not in the pact"},
    [ENT_DENIED_SELF] = {"self", "a member does not match with itself"},
    [ENT_DENIED_EMPTY] = {"empty", "nothing was asked"},
    [ENT_DENIED_SIZE] = {"size", "more items than one run may have"},
    [ENT_DENIED_BUDGET] = {"budget", "more items than are left of this period's budget"},
    [ENT_DENIED_BUSY] = {"busy", "too many runs at once; try again later"},
    [ENT_DENIED_STALE] = {"stale", "this offer was made before"},
};

const char *ent_verdict_word(enum ent_verdict v)
{
    return verdicts[v].word;
}

const char *ent_verdict_text(enum ent_verdict v)
{
    return verdicts[v].text;
}

enum ent_err ent_verdict_parse(enum ent_verdict *ret, struct ent_slice word)
{
    for (int v = ENT_DENIED_STRANGER; v < ENT_VERDICTS; v++) {
        if (ent_slice_eq(word, ent_slice_str(verdicts[v].word))) {
            *ret = (enum ent_verdict)v;
            return ENT_OK;
        }
    }
    return ENT_E_FORMAT;
}

uint64_t ent_budget_period(const struct ent_budget *b, int64_t now)
{
    return now < 0 ? 0 : (uint64_t)now / b->seconds;
}

enum ent_verdict ent_pact_decide_match(const struct ent_pact *p, const struct ent_match_wish *w)
{
    if (strcmp(w->partner, p->self) == 0)
        return ENT_DENIED_SELF;
    if (ent_pact_member(p, w->partner) == NULL)
        return ENT_DENIED_STRANGER;
    if (w->items == 0)
        return ENT_DENIED_EMPTY;
    if (w->items > w->most)
        return ENT_DENIED_SIZE;
    if (w->spent > p->budget.items || w->items > p->budget.items - w->spent)
        return ENT_DENIED_BUDGET;
    return ENT_ALLOWED;
}
