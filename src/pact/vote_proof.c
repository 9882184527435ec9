/* vote_proof.c: two votes of one member that cannot both be. */
#include "pact/vote.h"

bool ent_vote_contradicts(const struct ent_vote_signed *a, const struct ent_vote_signed *b)
{
    return strcmp(a->member, b->member) == 0 && ent_vote_topic_eq(&a->topic, &b->topic) &&
           a->topic.version > 1 && a->vote.kind == b->vote.kind && a->vote.round == b->vote.round &&
           !ent_vote_eq(&a->vote, &b->vote);
}

/* By its root key, under this pact. */
static enum ent_err parse_own(struct ent_vote_signed *ret, const struct ent_roster *roster,
                              struct ent_slice bytes, struct ent_diag *d)
{
    enum ent_err r = ent_vote_parse(ret, bytes, d);
    if (r != ENT_OK)
        return ENT_E_AUTH; /* with its diagnosis */
    if (memcmp(ret->topic.pact.b, roster->pact.b, sizeof(roster->pact.b)) != 0)
        return ent_fail(d, ENT_E_AUTH, "vote on another pact", 0, 0);
    for (size_t i = 0; i < roster->members; i++) {
        if (strcmp(roster->member[i].name, ret->member) != 0)
            continue;
        r = ent_vote_check(ret, &roster->member[i].root);
        return r == ENT_E_AUTH ? ent_fail(d, r, "signature of a vote does not hold", 0, 0) : r;
    }
    return ent_fail(d, ENT_E_AUTH, "no member of this pact has this name", 0, 0);
}

/* The smaller one first, so that the same two votes are one proof. */
static bool is_ordered(const struct ent_vote_signed *a, const struct ent_vote_signed *b)
{
    int c = memcmp(a->vote.what.b, b->vote.what.b, sizeof(a->vote.what.b));
    return a->vote.none || (!b->vote.none && c < 0);
}

enum ent_err ent_vote_misbehaviour_make(struct ent_misbehaviour *ret,
                                        const struct ent_roster *roster, struct ent_slice a,
                                        struct ent_slice b)
{
    struct ent_vote_signed x, y;
    enum ent_err r;
    if ((r = parse_own(&x, roster, a, NULL)) != ENT_OK ||
        (r = parse_own(&y, roster, b, NULL)) != ENT_OK)
        return r;
    if (!ent_vote_contradicts(&x, &y))
        return ENT_E_NOTFOUND;
    bool ordered = is_ordered(&x, &y);
    *ret =
        (struct ent_misbehaviour){.kind = ENT_MB_VOTE, .a = ordered ? a : b, .b = ordered ? b : a};
    memcpy(ret->member, x.member, sizeof(ret->member));
    return ENT_OK;
}

enum ent_err ent_vote_misbehaviour_check(const struct ent_misbehaviour *m,
                                         const struct ent_roster *roster, struct ent_diag *d)
{
    struct ent_vote_signed x, y;
    enum ent_err r;
    if (m->kind != ENT_MB_VOTE)
        return ent_fail(d, ENT_E_UNSUPPORTED, "not a proof about votes", 0, 0);
    if ((r = parse_own(&x, roster, m->a, d)) != ENT_OK ||
        (r = parse_own(&y, roster, m->b, d)) != ENT_OK)
        return r;
    if (m->sized || strcmp(m->member, x.member) != 0 || !ent_vote_contradicts(&x, &y))
        return ent_fail(d, ENT_E_AUTH, "the votes do not contradict each other", 0, 0);
    if (!is_ordered(&x, &y))
        return ent_fail(d, ENT_E_AUTH, "the votes are not in their order", 0, 0);
    return ENT_OK;
}
