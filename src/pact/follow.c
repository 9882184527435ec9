/* follow.c: what a version may say, alone and after the one before it. */
#include "pact/parts.h"

/* --- alone --------------------------------------------------------------------------------------
 */

static enum ent_err check_numbers(const struct ent_pact *p, struct ent_diag *d)
{
    size_t panel = ent_pact_panel(p);
    if (p->members == 0)
        return ent_fail(d, ENT_E_POLICY, "a pact without members", 0, 0);
    for (size_t c = 0; c < ENT_CHANGES; c++) {
        if ((size_t)p->threshold[c] * 2 <= p->members)
            return ent_fail(d, ENT_E_POLICY, "a threshold of half of the members or less", 0, 0);
        if (p->threshold[c] > p->members)
            return ent_fail(d, ENT_E_POLICY, "a threshold of more than there are members", 0, 0);
    }
    if (panel > ENT_PACT_PANEL)
        return ent_fail(d, ENT_E_LIMIT, "more than 32 members on the panel", 0, 0);
    if (p->k == 0 || (p->k > panel && p->k > 1))
        return ent_fail(d, ENT_E_POLICY, "witnesses must be from 1 to the size of the panel", 0, 0);
    return ENT_OK;
}

static enum ent_err check_disputes(const struct ent_pact *p, struct ent_diag *d)
{
    size_t same = 0;
    for (size_t i = 0; i < p->disputes; i++) {
        const struct ent_dispute *x = &p->dispute[i];
        const struct ent_member *m = ent_pact_member(p, x->member);
        if (m == NULL)
            m = ent_pact_former(p, x->member);
        if (m == NULL || x->generation == 0 || x->generation > m->logs)
            return ent_fail(d, ENT_E_POLICY, "a dispute about a log that is not in the pact", 0, 0);
        same = i > 0 && strcmp(x[-1].member, x->member) == 0 ? same + 1 : 1;
        if (same > ENT_ROSTER_LOGS) /* what a roster has room for */
            return ent_fail(d, ENT_E_LIMIT, "more than 8 disputes about one member", 0, 0);
    }
    return ENT_OK;
}

/* A version without somebody who has a part in quorums says who has it then, or that there are no
 * more: nobody gets it by accident. */
static enum ent_err check_quorum(const struct ent_pact *p, struct ent_diag *d)
{
    const struct ent_quorum_rule *q = &p->quorum;
    if (q->holders == 0)
        return ENT_OK;
    enum ent_err r = ent_quorum_rule_check(q, d);
    if (r != ENT_OK)
        return r;
    for (uint32_t i = 0; i < q->holders; i++)
        if (ent_pact_member(p, q->holder[i]) == NULL)
            return ent_fail(d, ENT_E_POLICY,
                            "a key holder of quorums is no member: propose another rule of "
                            "quorums with it, or none (--quorum)",
                            0, 0);
    if (ent_pact_member(p, q->collector) == NULL)
        return ent_fail(d, ENT_E_POLICY,
                        "the collector of quorums is no member: propose another rule of quorums "
                        "with it, or none (--quorum)",
                        0, 0);
    if (p->members - 1 < q->least)
        return ent_fail(d, ENT_E_POLICY,
                        "fewer members than the threshold of quorums, without the collector: "
                        "propose another rule of quorums with it, or none (--quorum)",
                        0, 0);
    return ENT_OK;
}

static int key_cmp(const void *a, const void *b)
{
    const struct ent_pubkey *const *x = a, *const *y = b;
    return memcmp((*x)->b, (*y)->b, sizeof((*x)->b));
}

/* Every key has one owner and one use: no signature can be taken for another one. */
static enum ent_err check_keys_differ(const struct ent_pact *p, struct ent_diag *d)
{
    const struct ent_pubkey *key[ENT_PACT_MEMBERS * ENT_MEMBER_KEYS];
    size_t n = 0;
    for (size_t i = 0; i < p->members + p->former; i++)
        n += ent_member_keys(&p->member[i], key + n);
    qsort(key, n, sizeof(const struct ent_pubkey *), key_cmp);
    for (size_t i = 1; i < n; i++)
        if (key_cmp(&key[i - 1], &key[i]) == 0)
            return ent_fail(d, ENT_E_POLICY, "one key in two places", 0, 0);
    return ENT_OK;
}

enum ent_err ent_pact_check_alone(const struct ent_pact *p, struct ent_diag *d)
{
    enum ent_err r;
    if ((r = check_numbers(p, d)) != ENT_OK || (r = check_disputes(p, d)) != ENT_OK ||
        (r = check_quorum(p, d)) != ENT_OK)
        return r;
    return check_keys_differ(p, d);
}

/* --- after another ------------------------------------------------------------------------------
 */

/* Those who were members or former ones before and are no members now. */
enum ent_err ent_pact_take_former(struct ent_pact *p, const struct ent_pact *before)
{
    p->former = 0;
    if (before == NULL)
        return ENT_OK;
    const struct ent_member *a = before->member, *b = before->member + before->members;
    const struct ent_member *const a_end = b, *const b_end = b + before->former;
    while (a < a_end || b < b_end) {
        bool first = b == b_end || (a < a_end && strcmp(a->name, b->name) < 0);
        const struct ent_member *m = first ? a++ : b++;
        if (ent_pact_member(p, m->name) != NULL)
            continue;
        if (p->members + p->former == ENT_PACT_MEMBERS)
            return ENT_E_LIMIT;
        p->member[p->members + p->former++] = *m;
    }
    return ENT_OK;
}

static enum ent_err check_member(const struct ent_member *m, const struct ent_pact *before,
                                 struct ent_diag *d)
{
    const struct ent_member *old = before == NULL ? NULL : ent_pact_member(before, m->name);
    const struct ent_member *former = before == NULL ? NULL : ent_pact_former(before, m->name);
    if (former != NULL) {
        old = former;
        if (m->logs <= former->logs)
            return ent_fail(d, ENT_E_POLICY, "who was removed comes back with a new log", 0, 0);
    }
    return old == NULL ? ent_member_begins(m, d) : ent_member_extends(m, old, d);
}

enum ent_err ent_pact_check_follows(const struct ent_pact *p, const struct ent_pact *before,
                                    struct ent_diag *d)
{
    struct ent_pact_needs needs;
    enum ent_err r = ENT_OK;
    if (before == NULL && p->version != 1)
        return ent_fail(d, ENT_E_FORMAT, "the pact's first version is missing", 0, 0);
    if (before != NULL &&
        (p->version != before->version + 1 || memcmp(p->prev.b, before->hash.b, 32) != 0 ||
         memcmp(p->id.b, before->id.b, 32) != 0))
        return ent_fail(d, ENT_E_AUTH, "pact version does not follow the one before it", 0, 0);
    for (size_t i = 0; r == ENT_OK && i < p->members; i++)
        r = check_member(&p->member[i], before, d);
    if (r != ENT_OK)
        return r;
    ent_pact_needs(&needs, p, before);
    if (before != NULL && needs.classes == 0)
        return ent_fail(d, ENT_E_POLICY, "a version that changes nothing", 0, 0);
    return ENT_OK;
}

enum ent_err ent_pact_check_proofs(const struct ent_pact *p, const struct ent_pact *before,
                                   struct ent_diag *d)
{
    for (size_t i = 0; i < p->members; i++) {
        const struct ent_member *m = &p->member[i];
        const struct ent_member *old = before == NULL ? NULL : ent_pact_member(before, m->name);
        if (before != NULL && old == NULL)
            old = ent_pact_former(before, m->name);
        if (ent_member_check(m, old, false) != ENT_OK)
            return ent_fail(d, ENT_E_AUTH, "a key is not shown to be held by its member", 0, 0);
    }
    return ENT_OK;
}
