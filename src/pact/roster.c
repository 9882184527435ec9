/* roster.c: the keys of a pact, as the ledger wants them. */
#include "pact/roster.h"

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

void ent_roster_of_chain(struct ent_roster *ret, const struct ent_chain *chain)
{
    size_t from = chain->versions > ENT_ROSTER_VERSIONS ? chain->versions - ENT_ROSTER_VERSIONS : 0;
    ent_roster_of(ret, chain->newest);
    for (size_t i = from; i < chain->versions; i++)
        ret->version[ret->versions++] = chain->link[i].hash;
}
