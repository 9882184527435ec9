/* remember.c: a table of a fixed size; two who fall on one place take turns. */
#include "node/node.h"

#include "node/remember.h"

#include <pthread.h>

#define PLACES ENT_API_LIVES /* more handles than that do not hold */

struct place {
    struct ent_remember_key key;
    uint64_t until_ns; /* 0: free */
    struct ent_remembered who;
};

struct ent_remember {
    pthread_mutex_t lock;
    uint8_t key[crypto_generichash_KEYBYTES];
    struct place place[PLACES];
};

enum ent_err ent_remember_new(struct ent_remember **ret)
{
    struct ent_remember *m = calloc(1, sizeof(*m));
    if (m == NULL)
        return ENT_E_NOMEM;
    (void)pthread_mutex_init(&m->lock, NULL);
    ent_random(m->key, sizeof(m->key));
    *ret = m;
    return ENT_OK;
}

void ent_remember_free(struct ent_remember *m)
{
    if (m == NULL)
        return;
    (void)pthread_mutex_destroy(&m->lock);
    ent_wipe(m, sizeof(*m));
    free(m);
}

enum ent_err ent_remember_key(const struct ent_remember *m, struct ent_remember_key *ret,
                              const struct ent_credential *c, const uint8_t from16[static 16],
                              uint64_t epoch)
{
    struct ent_buf b;
    ent_buf_init(&b, 16 + ENT_CREDENTIAL_BYTES);
    enum ent_err r = ent_buf_put(&b, from16, 16);
    if (r == ENT_OK && (r = ent_credential_encode(&b, c)) == ENT_OK) {
        ret->epoch = epoch;
        (void)crypto_generichash(ret->hash.b, sizeof(ret->hash.b), b.p, b.n, m->key,
                                 sizeof(m->key));
    }
    ent_buf_wipe(&b);
    return r;
}

/* With the lock held: the one of this key, or NULL. */
static struct place *find(struct ent_remember *m, const struct ent_remember_key *k)
{
    struct place *p = &m->place[k->hash.b[0] % PLACES];
    return p->until_ns != 0 && p->key.epoch == k->epoch &&
                   sodium_memcmp(p->key.hash.b, k->hash.b, sizeof(k->hash.b)) == 0
               ? p
               : NULL;
}

bool ent_remember_find(struct ent_remember *m, struct ent_remembered *ret,
                       const struct ent_remember_key *k, uint64_t now_ns)
{
    (void)pthread_mutex_lock(&m->lock);
    const struct place *p = find(m, k);
    const bool found = p != NULL && now_ns < p->until_ns;
    if (found)
        *ret = p->who;
    (void)pthread_mutex_unlock(&m->lock);
    return found;
}

void ent_remember_add(struct ent_remember *m, const struct ent_remember_key *k,
                      const struct ent_api_who *who, uint64_t now_ns)
{
    if (who->keep == 0)
        return;
    (void)pthread_mutex_lock(&m->lock);
    m->place[k->hash.b[0] % PLACES] = (struct place){
        .key = *k, .until_ns = now_ns + who->keep * UINT64_C(1000000000), .who = {.who = *who}};
    (void)pthread_mutex_unlock(&m->lock);
}

void ent_remember_rows(struct ent_remember *m, const struct ent_remember_key *k,
                       struct ent_slice rows)
{
    (void)pthread_mutex_lock(&m->lock);
    struct place *p = rows.n > ENT_REMEMBER_ROWS ? NULL : find(m, k);
    if (p != NULL) {
        memcpy(p->who.rows, rows.p, rows.n);
        p->who.n = rows.n;
    }
    (void)pthread_mutex_unlock(&m->lock);
}

void ent_remember_drop(struct ent_remember *m, const struct ent_remember_key *k)
{
    (void)pthread_mutex_lock(&m->lock);
    struct place *p = find(m, k);
    if (p != NULL)
        ent_wipe(p, sizeof(*p));
    (void)pthread_mutex_unlock(&m->lock);
}
