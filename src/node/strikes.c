/* strikes.c: waits that double, and a table of them that does not grow. */
#include "node/node.h"

#include "node/strikes.h"

#define STEPS 10u /* 2^10 seconds are more than the longest wait */
#define WAYS  8u
#define SETS  1024u

static uint32_t left(const struct ent_strikes *x, int64_t now)
{
    const int64_t forgiven = now > x->last ? (now - x->last) / ENT_STRIKE_FORGET : 0;
    return forgiven >= (int64_t)x->n ? 0 : x->n - (uint32_t)forgiven;
}

unsigned ent_strikes_wait(const struct ent_strikes *x, unsigned free, int64_t now)
{
    if (x->n < free || x->n == 0 || now < x->last)
        return 0;
    const uint32_t steps = x->n - free;
    const int64_t whole =
        steps >= STEPS || 1 << steps > ENT_STRIKE_WAIT ? ENT_STRIKE_WAIT : 1 << steps;
    const int64_t gone = now - x->last;
    return gone >= whole ? 0 : (unsigned)(whole - gone);
}

void ent_strikes_add(struct ent_strikes *x, unsigned free, int64_t now)
{
    const uint32_t n = left(x, now);
    *x = (struct ent_strikes){.n = n >= free + STEPS ? free + STEPS : n + 1, .last = now};
}

void ent_strikes_key(struct ent_key16 *ret, const uint8_t from16[static 16])
{
    static const uint8_t mapped[12] = {[10] = 0xFF, [11] = 0xFF};
    memcpy(ret->b, from16, sizeof(ret->b));
    if (memcmp(from16, mapped, sizeof(mapped)) != 0)
        memset(ret->b + 8, 0, 8);
}

/* --- the table ----------------------------------------------------------------------------------
 */

struct ent_strike_table {
    uint8_t key[crypto_shorthash_KEYBYTES];
    struct slot {
        struct ent_key16 key;
        struct ent_strikes x; /* n 0: free */
    } slot[SETS][WAYS];
};

enum ent_err ent_strike_table_new(struct ent_strike_table **ret)
{
    struct ent_strike_table *t = calloc(1, sizeof(*t));
    if (t == NULL)
        return ENT_E_NOMEM;
    ent_random(t->key, sizeof(t->key));
    *ret = t;
    return ENT_OK;
}

void ent_strike_table_free(struct ent_strike_table *t)
{
    free(t);
}

static const struct slot *set_of(const struct ent_strike_table *t, const struct ent_key16 *key)
{
    uint8_t h[crypto_shorthash_BYTES];
    _Static_assert(SETS <= 65536 && (SETS & (SETS - 1)) == 0, "two bytes of the hash choose a set");
    (void)crypto_shorthash(h, key->b, sizeof(key->b), t->key);
    return t->slot[(h[0] | (unsigned)h[1] << 8) % SETS];
}

static const struct slot *find(const struct ent_strike_table *t, const struct ent_key16 *key)
{
    const struct slot *set = set_of(t, key);
    for (unsigned i = 0; i < WAYS; i++)
        if (set[i].x.n > 0 && memcmp(set[i].key.b, key->b, sizeof(key->b)) == 0)
            return &set[i];
    return NULL;
}

unsigned ent_strike_table_wait(const struct ent_strike_table *t, const struct ent_key16 *key,
                               int64_t now)
{
    const struct slot *s = find(t, key);
    return s == NULL ? 0 : ent_strikes_wait(&s->x, ENT_STRIKES_ADDRESS, now);
}

void ent_strike_table_add(struct ent_strike_table *t, const struct ent_key16 *key, int64_t now)
{
    struct slot *s = (struct slot *)find(t, key);
    if (s == NULL) {
        struct slot *set = (struct slot *)set_of(t, key);
        s = &set[0];
        for (unsigned i = 1; i < WAYS; i++) {
            const uint32_t a = left(&set[i].x, now), b = left(&s->x, now);
            if (a < b || (a == b && set[i].x.last < s->x.last))
                s = &set[i];
        }
        *s = (struct slot){.key = *key};
    }
    ent_strikes_add(&s->x, ENT_STRIKES_ADDRESS, now);
}

void ent_strike_table_undo(struct ent_strike_table *t, const struct ent_key16 *key)
{
    struct slot *s = (struct slot *)find(t, key);
    if (s != NULL)
        s->x.n--;
}
