/*
 * set.h: the inside of struct ent_watch, for the files of this folder.
 *
 * An indicator is stored once, as a record {id, type, key}; the key is binary for addresses and
 * hashes and the canonical text for the rest. Three structures lead to it:
 *   the table    open addressing under SipHash with a random key, so that nobody who can choose
 *                indicators or log lines can aim collisions at it; its answers are exact;
 *   the filters  of filter.h, built by ent_watch_seal();
 *   prefix lengths that occur among the networks, one bit each.
 *
 * A sealed set may lie in a file (image.c). Then what it holds is not trusted, although the file
 * was authenticated: every place is checked before it is read, and what is wrong is a miss.
 */
#ifndef ENT_WATCH_SET_H
#define ENT_WATCH_SET_H

#include "watch/watch.h"
#include "watch/filter.h"

#include <sodium.h>

struct ent_watch_slot {
    uint32_t tag; /* half of the SipHash */
    uint32_t at;  /* where the record is, plus one; 0: free */
};

/* What is looked for in a URL. */
#define ENT_WATCH_URLS (ENT_OBS_BIT(ENT_OBS_URL) | ENT_OBS_BIT(ENT_OBS_URLPREFIX))

#define ENT_WATCH_BLOCK_SHIFT 20 /* a record's place: number of its block, then offset */
#define ENT_WATCH_BLOCK_MAX   ((size_t)1 << ENT_WATCH_BLOCK_SHIFT)

struct ent_watch_block {
    uint8_t *b;
    uint32_t n, cap;
};

struct ent_watch_record {
    uint64_t id;
    enum ent_obs_type type;
    struct ent_slice key;
    size_t n; /* bytes of the record */
};

struct ent_watch {
    bool sealed;
    bool in_file;     /* records and arrays are an image's bytes */
    size_t max, used; /* bytes */
    size_t reserve;   /* of max, for the filters */
    size_t count, domains, v4s;
    uint32_t types; /* ENT_OBS_BIT() of each type that occurs and is asked for */
    uint64_t of_type[ENT_OBS_TYPES];
    uint64_t net4;    /* bit i: a network of prefix length i occurs */
    uint64_t net6[2]; /* the same for IPv6 */
    uint64_t starts;  /* bit n: a start of URLs occurs whose length is n modulo 64 */
    uint8_t key[crypto_shorthash_KEYBYTES];
    uint64_t fkey[ENT_FILTER_KEYS];
    struct ent_watch_slot *slot;
    size_t mask; /* slots - 1, or 0 before the first */
    struct ent_watch_block *block;
    size_t blocks, block_cap;
    struct ent_filter tail, rest;
    struct ent_v4map v4;
    struct ent_image_facts image; /* when in_file */
    void *map;                    /* the file, when this set owns the mapping */
    size_t map_n;
};

/* --- keys (key.c) ------------------------------------------------------------------------------
 */

/* What the table compares: an address's bytes, a network's bytes and its prefix length, an
 * endpoint's bytes and its port (big endian), a hash's bytes, or the text itself. */
ENT_MUST_USE enum ent_err ent_watch_key(uint8_t ret[static ENT_OBS_MAX], size_t *ret_n,
                                        const struct ent_observable *o);

/* Whether it could have made this key for this type. */
bool ent_watch_key_is(enum ent_obs_type type, struct ent_slice key);

/* The canonical observable for a key that ent_watch_key() could have made. */
void ent_watch_text(struct ent_observable *ret, enum ent_obs_type type, struct ent_slice key);

/* --- the table (set.c) -------------------------------------------------------------------------
 */

/* Exact, and only of types that are asked for. Out: *ret_id, when found. */
bool ent_watch_find(const struct ent_watch *w, enum ent_obs_type type, struct ent_slice key,
                    uint64_t *ret_id);

/* The record at a slot's place; false when none can be there. */
bool ent_watch_record(const struct ent_watch *w, struct ent_watch_record *ret, uint32_t at);

/* How this program hashes under the set's keys: differs in an image of one that hashes otherwise,
 * in which nothing would be found. */
uint64_t ent_watch_proof(const struct ent_watch *w);

/* --- the image (image.c) -----------------------------------------------------------------------
 */

/* All bytes of the image of a sealed set. */
ENT_MUST_USE enum ent_err ent_image_put(const struct ent_watch *w, FILE *f,
                                        const struct ent_seed32 *key,
                                        const struct ent_image_facts *facts);

/* The longest start of URLs that this URL has. Out: *ret_n, *ret_id, when found. */
bool ent_watch_find_start(const struct ent_watch *w, struct ent_slice url, size_t *ret_n,
                          uint64_t *ret_id);

/* --- the filters --------------------------------------------------------------------------------
 */

/* What tag stands for, with the hash of its name or bytes: "maybe". */
static inline bool ent_watch_maybe(const struct ent_watch *w, unsigned tag, uint64_t h)
{
    return ent_filter_maybe(&w->rest, ent_filter_tagged(w->fkey, tag, h));
}

static inline bool ent_watch_maybe_key(const struct ent_watch *w, enum ent_obs_type type,
                                       struct ent_slice key)
{
    return ent_watch_maybe(w, (unsigned)type, ent_filter_bytes(w->fkey, key));
}

#endif
