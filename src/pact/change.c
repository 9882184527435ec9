/* change.c: what a version changes, and whose votes it takes. */
#include "pact/parts.h"

const char *ent_change_word(enum ent_change c)
{
    static const char *const words[ENT_CHANGES] = {"members", "rules", "disputes"};
    return words[c];
}

unsigned ent_pact_default_threshold(size_t n)
{
    return (unsigned)(2 * n / 3 + 1);
}

bool ent_pact_is_weak(const struct ent_pact *p)
{
    for (size_t c = 0; c < ENT_CHANGES; c++)
        if (p->threshold[c] < ent_pact_default_threshold(p->members))
            return true;
    return p->k < ent_pact_default_threshold(ent_pact_panel(p));
}

/* --- classes ------------------------------------------------------------------------------------
 */

static bool members_differ(const struct ent_pact *a, const struct ent_pact *b)
{
    bool same = a->members == b->members;
    for (size_t i = 0; same && i < a->members; i++)
        same = ent_member_eq(&a->member[i], &b->member[i]);
    return !same;
}

static bool rules_differ(const struct ent_pact *a, const struct ent_pact *b)
{
    return strcmp(a->name, b->name) != 0 || a->expires != b->expires || a->k != b->k ||
           a->budget.items != b->budget.items || a->budget.seconds != b->budget.seconds ||
           a->minimum != b->minimum || !ent_quorum_rule_eq(&a->quorum, &b->quorum);
}

static bool disputes_differ(const struct ent_pact *a, const struct ent_pact *b)
{
    bool same = a->disputes == b->disputes;
    for (size_t i = 0; same && i < a->disputes; i++) {
        const struct ent_dispute *x = &a->dispute[i], *y = &b->dispute[i];
        same = strcmp(x->member, y->member) == 0 && x->generation == y->generation &&
               x->from == y->from && x->until == y->until && strcmp(x->reason, y->reason) == 0;
    }
    return !same;
}

static unsigned classes_of(const struct ent_pact *p, const struct ent_pact *before)
{
    unsigned classes = 0;
    if (members_differ(p, before))
        classes |= 1u << ENT_CHANGE_MEMBERS;
    if (rules_differ(p, before))
        classes |= 1u << ENT_CHANGE_RULES;
    if (disputes_differ(p, before))
        classes |= 1u << ENT_CHANGE_DISPUTES;
    /* Else whoever may change rules could first lower the threshold for members. */
    for (unsigned c = 0; c < ENT_CHANGES; c++)
        if (p->threshold[c] != before->threshold[c])
            classes |= 1u << ENT_CHANGE_RULES | 1u << c;
    return classes;
}

static unsigned largest(const struct ent_pact *p, unsigned classes)
{
    unsigned most = 0;
    for (unsigned c = 0; c < ENT_CHANGES; c++)
        if ((classes == 0 || (classes >> c & 1) != 0) && p->threshold[c] > most)
            most = p->threshold[c];
    return most;
}

void ent_pact_needs(struct ent_pact_needs *ret, const struct ent_pact *p,
                    const struct ent_pact *before)
{
    if (before == NULL) {
        *ret = (struct ent_pact_needs){.after = (unsigned)p->members};
        return;
    }
    ret->classes = classes_of(p, before);
    ret->before = largest(before, ret->classes);
    ret->after = largest(p, ret->classes);
}

/* --- votes --------------------------------------------------------------------------------------
 */

void ent_pact_topic(struct ent_vote_topic *ret, const struct ent_pact *p)
{
    *ret = (struct ent_vote_topic){.version = p->version};
    if (p->version > 1) {
        ret->pact = p->id;
        ret->prev = p->prev;
    }
}

enum ent_err ent_pact_sign(struct ent_buf *note, size_t text_n, const struct ent_pact *p,
                           uint32_t round, const char *member, const struct ent_seed32 *root)
{
    struct ent_vote_topic topic;
    ent_pact_topic(&topic, p);
    return ent_vote_line_sign(note, text_n, &topic, &p->hash, round, member, root);
}

/* A root key, and among whom it counts: who is a member before and after has one vote. */
struct voter {
    const struct ent_member *m;
    bool before, after, voted;
};

struct tally {
    struct voter voter[2 * ENT_PACT_MEMBERS];
    size_t voters;
    unsigned before, after;
    uint32_t round;
};

static bool same_root(const struct ent_member *a, const struct ent_member *b)
{
    return memcmp(a->root.pk.b, b->root.pk.b, sizeof(a->root.pk.b)) == 0;
}

static void list_voters(struct tally *t, const struct ent_pact *p, const struct ent_pact *before)
{
    for (size_t i = 0; before != NULL && i < before->members; i++) {
        const struct ent_member *old = &before->member[i], *m = ent_pact_member(p, old->name);
        t->voter[t->voters++] = (struct voter){old, true, m != NULL && same_root(old, m), false};
    }
    for (size_t i = 0; i < p->members; i++) {
        const struct ent_member *m = &p->member[i];
        const struct ent_member *old = before == NULL ? NULL : ent_pact_member(before, m->name);
        if (old == NULL || !same_root(old, m))
            t->voter[t->voters++] = (struct voter){m, false, true, false};
    }
}

/* Sorted, each name once. */
static void add_signer(struct ent_signers *s, const char *name)
{
    size_t at = 0;
    while (at < s->n && strcmp(s->name[at], name) < 0)
        at++;
    if (at < s->n && strcmp(s->name[at], name) == 0)
        return;
    memmove(s->name[at + 1], s->name[at], (s->n - at) * sizeof(s->name[0]));
    (void)snprintf(s->name[at], sizeof(s->name[0]), "%s", name);
    s->n++;
}

/* One line alone, since a member could make a new root key whose id, four bytes, is that of the old
 * one: looked for among all lines, neither key's vote would hold, and the version had been decided
 * for nothing. */
static enum ent_err count_line(struct tally *t, const struct ent_note *line,
                               const struct ent_pact *p, struct ent_diag *d)
{
    struct ent_vote_topic topic;
    enum ent_err r = ENT_E_NOTFOUND;
    uint32_t round = 0;
    size_t i = 0;
    bool claimed = false;
    ent_pact_topic(&topic, p);
    for (; i < t->voters; i++) {
        const struct ent_member *m = t->voter[i].m;
        r = ent_vote_line_check(line, &round, &topic, &p->hash, m->name, &m->root.pk);
        if (r == ENT_OK)
            break;
        claimed = claimed || r != ENT_E_NOTFOUND;
    }
    if (i == t->voters && !claimed)
        return ent_fail(d, ENT_E_AUTH, "signed by a key that has no vote", 0, 0);
    if (i == t->voters || t->voter[i].voted)
        return ent_fail(d, ENT_E_AUTH, "a vote does not hold, or is there twice", 0, 0);
    if (t->before + t->after > 0 && round != t->round)
        return ent_fail(d, ENT_E_AUTH, "votes of more than one round", 0, 0);
    t->round = round;
    t->voter[i].voted = true;
    t->before += t->voter[i].before;
    t->after += t->voter[i].after;
    return ENT_OK;
}

static enum ent_err count(struct tally *t, const struct ent_note *note, const struct ent_pact *p,
                          struct ent_diag *d)
{
    struct ent_note line = {.text = note->text, .sigs = 1};
    enum ent_err r = ENT_OK;
    for (size_t i = 0; r == ENT_OK && i < note->sigs; i++) {
        line.sig[0] = note->sig[i];
        r = count_line(t, &line, p, d);
    }
    return r;
}

enum ent_err ent_pact_check_votes(const struct ent_note *note, const struct ent_pact *p,
                                  const struct ent_pact *before, uint32_t *ret_round,
                                  struct ent_signers *signers, struct ent_diag *d)
{
    struct tally t = {0};
    struct ent_pact_needs needs;
    enum ent_err r;
    ent_pact_needs(&needs, p, before);
    list_voters(&t, p, before);
    if ((r = count(&t, note, p, d)) != ENT_OK)
        return r;
    if (before == NULL && t.after < needs.after)
        return ent_fail(d, ENT_E_AUTH, "the first version is not signed by every founder", 0, 0);
    if (t.before < needs.before)
        return ent_fail(d, ENT_E_AUTH, "not enough votes of the members before it", 0, 0);
    if (t.after < needs.after)
        return ent_fail(d, ENT_E_AUTH, "not enough votes of its own members", 0, 0);
    for (size_t i = 0; signers != NULL && i < t.voters; i++)
        if (t.voter[i].voted)
            add_signer(signers, t.voter[i].m->name);
    *ret_round = t.round;
    return ENT_OK;
}

enum ent_err ent_pact_founders(struct ent_signers *ret, const struct ent_note *note,
                               const struct ent_pact *p, struct ent_diag *d)
{
    struct tally t = {0};
    list_voters(&t, p, NULL);
    enum ent_err r = count(&t, note, p, d);
    ret->n = 0;
    for (size_t i = 0; r == ENT_OK && i < t.voters; i++)
        if (t.voter[i].voted)
            add_signer(ret, t.voter[i].m->name);
    return r;
}
