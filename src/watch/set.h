/*
 * set.h: the inside of struct ent_watch, for the files of this folder.
 *
 * An indicator is stored once, as a record {id, type, key}; the key is binary for addresses and
 * hashes and the canonical text for the rest. Three structures lead to it:
 *   the table   open addressing under SipHash with a random key, so that nobody who can choose
 *               indicators or log lines can aim collisions at it; its answers are exact;
 *   the filter  one bit array, built by ent_watch_seal(), asked first because nearly everything in
 *               a log is unknown. Its hash is fast and keyed, but not cryptographic: a collision
 *               costs one look into the table and never an answer;
 *   prefix lengths that occur among the networks, one bit each.
 */
#ifndef ENT_WATCH_SET_H
#define ENT_WATCH_SET_H

#include "watch/watch.h"

#include <sodium.h>

struct ent_watch_slot {
    uint32_t tag; /* half of the SipHash */
    uint32_t at;  /* where the record is, plus one; 0: free */
};

struct ent_watch_block {
    uint32_t n, cap;
    uint8_t b[];
};

struct ent_watch {
    bool sealed;
    size_t max, used; /* bytes */
    size_t count;
    uint32_t types;   /* ENT_OBS_BIT() of each type that occurs */
    uint64_t net4;    /* bit i: a network of prefix length i occurs */
    uint64_t net6[2]; /* the same for IPv6 */
    uint8_t key[crypto_shorthash_KEYBYTES];
    uint64_t mul, mix; /* the filter's key: two odd numbers */
    struct ent_watch_slot *slot;
    size_t mask; /* slots - 1, or 0 before the first */
    struct ent_watch_block **block;
    size_t blocks, block_cap;
    uint64_t *filter;
    uint64_t filter_mask;
};

/* --- keys (key.c) ------------------------------------------------------------------------------
 */

/* What the table compares: an address's bytes, a network's bytes and its prefix length, an
 * endpoint's bytes and its port (big endian), a hash's bytes, or the text itself. */
ENT_MUST_USE enum ent_err ent_watch_key(uint8_t ret[static ENT_OBS_MAX], size_t *ret_n,
                                        const struct ent_observable *o);

/* The canonical observable for a key that ent_watch_key() could have made. */
void ent_watch_text(struct ent_observable *ret, enum ent_obs_type type, struct ent_slice key);

/* --- the table (set.c) -------------------------------------------------------------------------
 */

/* Exact. Out: *ret_id, when found. */
bool ent_watch_find(const struct ent_watch *w, enum ent_obs_type type, struct ent_slice key,
                    uint64_t *ret_id);

/* --- the filter --------------------------------------------------------------------------------
 */

/* What a hash in the filter stands for; types stand for themselves. */
enum ent_filter_tag {
    ENT_FILTER_TAIL = ENT_OBS_TYPES, /* the last two labels of a domain */
    ENT_FILTER_MAIL,                 /* the domain of an e-mail address */
    ENT_FILTER_HOST                  /* the host of a URL */
};

static inline uint8_t ent_fold(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

/* One byte of a name, which is hashed from its end so that each suffix is a prefix of the work. */
static inline uint64_t ent_filter_step(const struct ent_watch *w, uint64_t h, uint8_t c)
{
    return (h + ent_fold(c) + 1) * w->mul;
}

static inline uint64_t ent_filter_name(const struct ent_watch *w, struct ent_slice name)
{
    uint64_t h = 0;
    for (size_t i = name.n; i-- > 0;)
        h = ent_filter_step(w, h, name.p[i]);
    return h;
}

/* A binary key. */
static inline uint64_t ent_filter_bytes(const struct ent_watch *w, struct ent_slice key)
{
    uint64_t h = key.n;
    for (size_t i = 0; i < key.n; i += 8) {
        uint64_t v = 0;
        if (key.n - i >= 8)
            memcpy(&v, key.p + i, 8);
        else
            for (size_t k = i; k < key.n; k++)
                v = v << 8 | key.p[k];
        h = (h + v) * w->mul;
        h ^= h >> 32;
    }
    return h;
}

/* Two bits of one word. */
static inline uint64_t ent_filter_word(const struct ent_watch *w, unsigned tag, uint64_t h,
                                       uint64_t *ret_bits)
{
    h ^= (h >> 29) ^ tag;
    h *= w->mix;
    h ^= h >> 32;
    h *= w->mix;
    *ret_bits = (uint64_t)1 << (h >> 58) | (uint64_t)1 << (h >> 52 & 63);
    return h >> 16 & w->filter_mask;
}

static inline bool ent_filter_has(const struct ent_watch *w, unsigned tag, uint64_t h)
{
    uint64_t bits, at = ent_filter_word(w, tag, h, &bits);
    return (w->filter[at] & bits) == bits;
}

#endif
