/* signing.c: the signer of a book, over keys in this process. What was signed before is what lies
 * in the home's lock/, and a version of the pact counts when the whole chain verifies. */
#include "node/node.h"
#include "node/signing.h"

static enum ent_err follow(void *ctx, struct ent_roster *ret, struct ent_diag *d,
                           struct ent_slice bytes)
{
    struct ent_chain chain;
    (void)ctx;
    ent_chain_init(&chain);
    enum ent_err r = ent_chain_parse(&chain, NULL, bytes, d);
    if (r == ENT_OK && chain.versions == 0)
        r = ent_fail(d, ENT_E_NOTFOUND, "a chain without a version", 0, 0);
    if (r == ENT_OK)
        ent_roster_of_chain(ret, &chain);
    ent_chain_release(&chain);
    return r;
}

/* The generation of the log with this key; 0. */
static unsigned generation_of(const struct ent_roster *roster, const char *self,
                              const struct ent_seed32 *log)
{
    const struct ent_roster_member *m = ent_roster_member(roster, self);
    struct ent_pubkey pk;
    unsigned found = 0;
    ent_sign_public(&pk, log);
    for (size_t i = 0; m != NULL && i < m->logs; i++)
        if (memcmp(m->log[i].pk.b, pk.b, sizeof(pk.b)) == 0)
            found = m->log[i].generation;
    return found;
}

enum ent_err ent_signing_start(struct ent_signing *ret, struct ent_diag *d, const char *self,
                               const struct ent_roster *roster, const struct ent_disk *disk,
                               const struct ent_book_keys *keys)
{
    (void)snprintf(ret->own, sizeof(ret->own), "lock/%u", generation_of(roster, self, &keys->log));
    ret->lock = (struct ent_signer_lock){.disk = disk, .self = self, .own = ret->own};
    const struct ent_signer_opts o = {
        .self = self,
        .roster = roster,
        .author = keys->author,
        .authors = keys->authors,
        .log = &keys->log,
        .witness = &keys->witness,
        .mirror = &keys->mirror,
        .given = {.ctx = &ret->lock, .last = ent_signer_lock_last, .follow = follow}};
    return ent_signer_local(&ret->signer, d, &o);
}

void ent_signing_end(struct ent_signing *s)
{
    ent_signer_local_free(s->signer);
    s->signer = NULL;
}
