/* decide.c: what the pact allows. Pure functions; each refusal has its own word. */
#include "pact/decide.h"

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
    [ENT_DENIED_WITHDRAWN] = {"withdrawn", "the asking member said that it leaves the pact"},
    [ENT_DENIED_EXPOSED] = {"exposed", "there is a proof that the asking member broke the pact"},
    [ENT_DENIED_DISPUTED] = {"disputed", "what the asking member says is in dispute"},
    [ENT_DENIED_EXPIRED] = {"expired", "the pact has expired"},
    [ENT_DENIED_NO_PACT] = {"no-pact", "the asked member is in no pact"},
    [ENT_DENIED_NO_RULE] = {"no-rule", "the pact has no rule of quorums"},
    [ENT_DENIED_RULE] = {"rule", "the offer is not what the pact's rule of quorums allows"},
    [ENT_DENIED_ROLE] = {"role", "a key holder or the collector of quorums has withdrawn, is "
                                 "exposed or in dispute"},
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

bool ent_pact_is_disputed(const struct ent_pact *p, const char *member)
{
    const struct ent_member *m = ent_pact_member(p, member);
    for (size_t i = 0; m != NULL && i < p->disputes; i++) {
        const struct ent_dispute *x = &p->dispute[i];
        if (strcmp(x->member, member) == 0 && x->until == ENT_INDEX_NONE &&
            x->generation == ent_member_log(m)->generation)
            return true;
    }
    return false;
}

/* What the pact, and what is known, say about one who wants something, whatever it is. */
static enum ent_verdict decide_asker(const struct ent_pact *p, const char *who, bool exposed,
                                     bool withdrawn)
{
    if (ent_pact_member(p, who) == NULL)
        return ENT_DENIED_STRANGER;
    if (withdrawn)
        return ENT_DENIED_WITHDRAWN;
    if (exposed)
        return ENT_DENIED_EXPOSED;
    return ent_pact_is_disputed(p, who) ? ENT_DENIED_DISPUTED : ENT_ALLOWED;
}

/* Whether the two may talk about a match at all, whatever is asked. */
static enum ent_verdict decide_standing(const struct ent_pact *p, const struct ent_match_wish *w)
{
    if (p == NULL || ent_pact_member(p, w->self) == NULL)
        return ENT_DENIED_NO_PACT;
    if (strcmp(w->partner, w->self) == 0)
        return ENT_DENIED_SELF;
    enum ent_verdict v = decide_asker(p, w->partner, w->exposed, w->withdrawn);
    if (v != ENT_ALLOWED)
        return v;
    return ent_pact_is_expired(p, w->now) ? ENT_DENIED_EXPIRED : ENT_ALLOWED;
}

enum ent_verdict ent_pact_decide_match(const struct ent_pact *p, const struct ent_match_wish *w)
{
    enum ent_verdict v = decide_standing(p, w);
    if (v != ENT_ALLOWED)
        return v;
    if (w->items == 0)
        return ENT_DENIED_EMPTY;
    if (w->items > w->most)
        return ENT_DENIED_SIZE;
    if (w->spent > p->budget.items || w->items > p->budget.items - w->spent)
        return ENT_DENIED_BUDGET;
    return ENT_ALLOWED;
}

static enum ent_verdict decide_known(const struct ent_pact *p, const struct ent_quorum_ask *a,
                                     const char *who)
{
    bool exposed = false, withdrawn = false;
    a->known(a->ctx, who, &exposed, &withdrawn);
    return decide_asker(p, who, exposed, withdrawn);
}

enum ent_verdict ent_pact_decide_quorum(const struct ent_pact *p, const struct ent_quorum_ask *a)
{
    if (p == NULL || ent_pact_member(p, a->self) == NULL)
        return ENT_DENIED_NO_PACT;
    enum ent_verdict v = decide_known(p, a, a->author);
    if (v != ENT_ALLOWED)
        return v;
    if (ent_pact_is_expired(p, a->now))
        return ENT_DENIED_EXPIRED;
    if (p->quorum.holders == 0)
        return ENT_DENIED_NO_RULE;
    for (uint32_t i = 0; i < p->quorum.holders; i++)
        if (decide_known(p, a, p->quorum.holder[i]) != ENT_ALLOWED)
            return ENT_DENIED_ROLE;
    if (decide_known(p, a, p->quorum.collector) != ENT_ALLOWED)
        return ENT_DENIED_ROLE;
    return a->again ? ENT_DENIED_STALE : ENT_ALLOWED;
}
