/* roster.c: the keys of a pact, as the ledger wants them. */
#include "pact/roster.h"
#include "pact/parts.h"

static void take_keys(struct ent_roster_member *to, const struct ent_member *m)
{
    *to = (struct ent_roster_member){.root = m->root.pk,
                                     .witness = m->witness.pk,
                                     .mirror = m->mirror.pk,
                                     .authors = m->authors,
                                     .logs = m->logs};
    memcpy(to->name, m->name, sizeof(to->name));
    for (size_t i = 0; i < m->authors; i++)
        to->author[i] =
            (struct ent_author_key){m->author[i].key.pk, m->author[i].from, m->author[i].until};
    for (size_t i = 0; i < m->logs; i++)
        to->log[i] = (struct ent_log_key){m->log[i].generation, m->log[i].key.pk, m->log[i].closed,
                                          m->log[i].size, m->log[i].root};
}

void ent_roster_of(struct ent_roster *ret, const struct ent_pact *newest)
{
    *ret = (struct ent_roster){
        .pact = newest->id, .k = newest->k, .members = newest->members + newest->former};
    for (size_t i = 0; i < ret->members; i++) {
        struct ent_roster_member *m = &ret->member[i];
        take_keys(m, &newest->member[i]);
        m->panel = i < newest->members && newest->member[i].panel;
        for (size_t k = 0; k < newest->disputes; k++) {
            const struct ent_dispute *x = &newest->dispute[k];
            if (strcmp(x->member, m->name) == 0 && m->disputes < ENT_ROSTER_LOGS)
                m->disputed[m->disputes++] =
                    (struct ent_disputed){x->generation, x->from, x->until};
        }
    }
}

/* A witness key as version `now` has it; key and from are that before it. */
static void take_witness(struct ent_roster_member *m, struct ent_former_witness *before,
                         const struct ent_pubkey *pk, size_t now)
{
    if (memcmp(before->pk.b, pk->b, sizeof(pk->b)) == 0)
        return;
    if (before->until != 0) { /* there was one */
        if (m->formers == ENT_ROSTER_WITNESSES)
            memmove(m->former, m->former + 1, --m->formers * sizeof(m->former[0]));
        m->former[m->formers] = *before;
        m->former[m->formers++].until = now;
    }
    *before = (struct ent_former_witness){.pk = *pk, .from = now, .until = SIZE_MAX};
}

/* Who was on the panel in one version, and with which keys. */
static void take_panel(struct ent_roster *ret, struct ent_former_witness *before,
                       const struct ent_pact *p, size_t now)
{
    ret->then[now].k = p->k;
    for (size_t i = 0; i < p->members; i++)
        for (size_t k = 0; k < ret->members; k++) {
            if (strcmp(ret->member[k].name, p->member[i].name) != 0)
                continue;
            take_witness(&ret->member[k], &before[k], &p->member[i].witness.pk, now);
            if (p->member[i].panel)
                ent_members_add(&ret->then[now].panel, k);
        }
}

/* Without memory for older versions nothing is accepted by them. */
void ent_roster_of_chain(struct ent_roster *ret, const struct ent_chain *chain)
{
    size_t from = chain->versions > ENT_ROSTER_VERSIONS ? chain->versions - ENT_ROSTER_VERSIONS : 0;
    struct ent_former_witness before[ENT_ROSTER_MEMBERS] = {0};
    struct ent_pact *p = malloc(sizeof(*p));
    ent_roster_of(ret, chain->newest);
    ret->first = from + 1;
    enum ent_err r = p == NULL ? ENT_E_NOMEM : ENT_OK;
    for (size_t i = 0; i < chain->versions; i++) {
        if (r == ENT_OK)
            r = ent_pact_reread(p, ent_chain_version(chain, i + 1), i == 0 ? NULL : p);
        if (i < from)
            continue;
        if (r == ENT_OK)
            take_panel(ret, before, p, ret->versions);
        ret->version[ret->versions++] = chain->link[i].hash;
    }
    free(p);
}
