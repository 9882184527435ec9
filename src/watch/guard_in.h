/*
 * guard_in.h: the inside of struct ent_guard, for guard*.c.
 *
 * A name is folded: letters that look alike become one, and its words, between dots and hyphens,
 * are put one behind the other without them. What is looked for are keys: folded brands, folded
 * protected names. A run of whole words is a substring of the folded text, and so is a part of a
 * word; the hash of a substring comes from the hashes of prefixes by one multiplication. That hash
 * is keyed but not cryptographic: it only fills bit arrays, where a collision costs one look into
 * the table, which is under SipHash with a random key and compares texts.
 */
#ifndef ENT_WATCH_GUARD_IN_H
#define ENT_WATCH_GUARD_IN_H

#include "watch/watch.h"

#include <sodium.h>

#define GUARD_TEXT  512u /* folded bytes of a name; what is longer is cut */
#define GUARD_WORDS 128u
#define GUARD_KEY   64u /* no key is longer */
#define GUARD_BRAND 3u  /* nor a brand shorter */
#define GUARD_EDITS 2u
#define GUARD_BAITS 512u

/* --- names, folded (guard_fold.c) ---------------------------------------------------------------
 */

struct ent_guard_word {
    uint16_t at;    /* in fold */
    uint16_t label; /* the label it is in, from 0 */
    char before;    /* the separator in front of it; 0 for the first */
};

struct ent_guard_text {
    size_t n, raw_n, words, labels;
    char fold[GUARD_TEXT + 1];
    char raw[GUARD_TEXT + 1];                    /* the same without folding letters */
    uint16_t raw_at[GUARD_TEXT + 1];             /* where each folded letter's raw text begins */
    struct ent_guard_word word[GUARD_WORDS + 1]; /* one more, which ends the text */
    bool wide[GUARD_TEXT + 1];                   /* by letter of raw: it was beyond ASCII */
    bool has_wide;                               /* else wide is not written */
};

/* name is canonical. A-labels become what they look like (UTS 39 skeleton, without marks). */
void ent_guard_fold(struct ent_guard_text *ret, struct ent_slice name);

/* The lower-case ASCII letter that one UTF-8 character beyond ASCII looks like; 0 for none. */
char ent_guard_looks_like(struct ent_slice character);

/* --- edits (guard_edit.c) -----------------------------------------------------------------------
 */

/* How many edits are forgiven in a key of that length. */
static inline unsigned ent_guard_edits(size_t n)
{
    return n < 5 ? 0 : n < 6 ? 1 : GUARD_EDITS;
}

/* Damerau-Levenshtein distance (no letter edited twice), or more than max. *ret_how collects the
 * edits that made b out of a: ENT_GUARD_DROPPED and so on. */
unsigned ent_guard_distance(uint32_t *ret_how, struct ent_slice a, struct ent_slice b,
                            unsigned max);

/* --- words that say something (guard_words.c) --------------------------------------------------
 */

/* Words that lure, and behind them those that only fill; as written. */
extern const size_t ent_guard_lures, ent_guard_baits;
const char *ent_guard_bait(size_t i);
bool ent_guard_is_state(struct ent_slice folded);   /* gov, gouv, mil, ... */
bool ent_guard_is_generic(struct ent_slice folded); /* says nothing about an owner */
bool ent_guard_is_closed(struct ent_slice suffix);  /* only governments, schools register there */
bool ent_guard_is_cheap(struct ent_slice suffix);
/* An English word, two of them written as one, or neither; as written (guard_common.c). */
enum ent_guard_common { GUARD_RARE, GUARD_COMPOUND, GUARD_COMMON };
enum ent_guard_common ent_guard_is_common(struct ent_slice word);

/* --- the tables (guard_index.c) ----------------------------------------------------------------
 */

enum ent_guard_kind { GUARD_BRAND_KEY, GUARD_DISPLAY_KEY, GUARD_NAME_KEY, GUARD_REG_KEY };

struct ent_guard_site {
    uint32_t at, country;        /* in text */
    uint8_t n, reg, suffix;      /* where the registrable part and the suffix begin */
    uint8_t country_n;           /* of its English name, folded */
    bool official;               /* a government's */
    uint32_t display, display_n; /* as given */
};

struct ent_guard_key {
    uint32_t fold, raw; /* in text */
    uint8_t n, raw_n, kind;
    uint8_t common; /* enum ent_guard_common */
    uint32_t site;
};

struct ent_guard_slot {
    uint32_t tag, to; /* to: what it stands for, plus one; 0: free */
};

struct ent_guard_bits {
    uint64_t *w;
    uint64_t mask;
};

struct ent_guard {
    bool sealed;
    size_t max, used;
    uint8_t key[crypto_shorthash_KEYBYTES];
    uint64_t mul, mix; /* odd */
    uint64_t power[GUARD_TEXT + 1];
    struct ent_buf text;
    struct ent_guard_site *site;
    size_t sites, site_cap;
    struct ent_guard_key *keyed;
    size_t keys, key_cap;
    struct ent_guard_own *own; /* what is never reported */
    size_t owns, own_cap;
    struct ent_guard_slot *slot, *own_slot, *bait_slot;
    size_t mask, own_mask, bait_mask;
    uint16_t bait_at[GUARD_BAITS]; /* in text; each ends where the next begins */
    struct ent_guard_bits exact, near, bait, mine;
    uint64_t lens[2];                            /* bit n: a key of that length */
    int8_t deletes[GUARD_KEY + GUARD_EDITS + 1]; /* see deletions() in guard_index.c */
};

struct ent_guard_own {
    uint32_t at;
    uint8_t n;
    bool alone; /* not what lies below it */
};

static inline bool ent_guard_has_len(const uint64_t lens[static 2], size_t n)
{
    return n <= GUARD_KEY && (lens[n >> 6] >> (n & 63) & 1) != 0;
}

static inline struct ent_slice ent_guard_text_at(const struct ent_guard *g, uint32_t at, size_t n)
{
    return ent_slice(g->text.p + at, n);
}

static inline struct ent_slice ent_guard_key_fold(const struct ent_guard *g,
                                                  const struct ent_guard_key *k)
{
    return ent_guard_text_at(g, k->fold, k->n);
}

/* The hash of one more byte, and whether a hash is in a bit array. */
static inline uint64_t ent_guard_step(const struct ent_guard *g, uint64_t h, char c)
{
    return h * g->mul + (uint8_t)c + 1;
}

static inline uint64_t ent_guard_bit(const struct ent_guard *g, const struct ent_guard_bits *b,
                                     uint64_t h, uint64_t *ret_bits)
{
    h ^= h >> 31;
    h *= g->mix;
    h ^= h >> 29;
    *ret_bits = (uint64_t)1 << (h >> 58) | (uint64_t)1 << (h >> 52 & 63);
    return h >> 8 & b->mask;
}

static inline bool ent_guard_in(const struct ent_guard *g, const struct ent_guard_bits *b,
                                uint64_t h)
{
    uint64_t bits, at = ent_guard_bit(g, b, h, &bits);
    return (b->w[at] & bits) == bits;
}

/* The words that lure, which need no names; and what ent_guard_seal() builds from the names. The
 * texts of the former come first, so that their places are small numbers. */
ENT_MUST_USE enum ent_err ent_guard_start(struct ent_guard *g);
ENT_MUST_USE enum ent_err ent_guard_build(struct ent_guard *g);

/* Whether the name, or a name it lies below, is never reported. */
bool ent_guard_is_own(const struct ent_guard *g, struct ent_slice name);

/* Keys equal to the folded text whose hash is h: call with *pos = 0 until it returns NULL. */
struct ent_guard_walk {
    struct ent_slice text;
    uint32_t tag;
    size_t at;
    bool begun;
};
const struct ent_guard_key *ent_guard_exact(const struct ent_guard *g, struct ent_guard_walk *w,
                                            struct ent_slice text);

enum ent_guard_says { GUARD_NOTHING, GUARD_FILLS, GUARD_LURES };
enum ent_guard_says ent_guard_is_bait(const struct ent_guard *g, struct ent_slice folded);

/* Each key within its forgiven edits of the folded text, once; not those equal to it. At most
 * GUARD_NEAR are told. */
#define GUARD_NEAR 32u
size_t ent_guard_near(const struct ent_guard *g, const struct ent_guard_key *ret[static GUARD_NEAR],
                      struct ent_slice text);

/* Score what the folded name has in common with the protected ones (guard_score.c). */
bool ent_guard_score(const struct ent_guard *g, struct ent_guard_finding *ret,
                     struct ent_slice name, const struct ent_guard_text *t);

/* Where the registrable part and the public suffix of a canonical name begin; for a name that is a
 * public suffix itself, 0 and behind its first label. icann: without the suffixes that are
 * companies' own, such as blogspot.com. */
void ent_guard_split(struct ent_slice name, bool icann, size_t *ret_reg, size_t *ret_suffix);

/* Zeroed memory that counts against the maximum. */
ENT_MUST_USE enum ent_err ent_guard_take(struct ent_guard *g, void *ret, size_t n);

#endif
