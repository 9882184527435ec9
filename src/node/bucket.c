/* bucket.c: requests of a minute, in a table that does not grow. */
#include "node/node.h"

#include "node/bucket.h"

#include <pthread.h>

#define WAYS   8u
#define SETS   512u
#define SECOND UINT64_C(1000000000)

struct bucket {
    struct ent_key16 key;
    uint64_t
        at; /* when it is full again; 0: free. Each request moves it by its share of a minute */
};

struct ent_buckets {
    pthread_mutex_t lock;
    uint64_t share; /* nanoseconds; 0: no limit */
    uint8_t key[crypto_shorthash_KEYBYTES];
    struct bucket set[SETS][WAYS];
};

enum ent_err ent_buckets_new(struct ent_buckets **ret, unsigned per_minute)
{
    struct ent_buckets *b = calloc(1, sizeof(*b));
    if (b == NULL)
        return ENT_E_NOMEM;
    (void)pthread_mutex_init(&b->lock, NULL);
    b->share = per_minute == 0 ? 0 : 60 * SECOND / per_minute;
    ent_random(b->key, sizeof(b->key));
    *ret = b;
    return ENT_OK;
}

void ent_buckets_free(struct ent_buckets *b)
{
    if (b == NULL)
        return;
    (void)pthread_mutex_destroy(&b->lock);
    free(b);
}

/* The key's bucket, or the one in its set that is full, or nearest to it. */
static struct bucket *find(struct ent_buckets *b, const struct ent_key16 *key)
{
    uint8_t h[crypto_shorthash_BYTES];
    _Static_assert(SETS <= 65536 && (SETS & (SETS - 1)) == 0, "two bytes of the hash choose a set");
    (void)crypto_shorthash(h, key->b, sizeof(key->b), b->key);
    struct bucket *set = b->set[(h[0] | (unsigned)h[1] << 8) % SETS], *least = &set[0];
    for (unsigned i = 0; i < WAYS; i++) {
        if (set[i].at > 0 && memcmp(set[i].key.b, key->b, sizeof(key->b)) == 0)
            return &set[i];
        if (set[i].at < least->at)
            least = &set[i];
    }
    *least = (struct bucket){.key = *key};
    return least;
}

unsigned ent_buckets_take(struct ent_buckets *b, const struct ent_key16 *key, uint64_t now_ns)
{
    unsigned wait = 0;
    if (b->share == 0)
        return 0;
    (void)pthread_mutex_lock(&b->lock);
    struct bucket *x = find(b, key);
    const uint64_t full = x->at > now_ns ? x->at : now_ns;
    if (full + b->share <= now_ns + 60 * SECOND)
        x->at = full + b->share;
    else
        wait = (unsigned)((full + b->share - now_ns - 60 * SECOND + SECOND - 1) / SECOND);
    (void)pthread_mutex_unlock(&b->lock);
    return wait;
}
