/*
 * filter.h: what is asked first, because nearly everything in a log is unknown. "No" is certain,
 * "maybe" is settled by the table. Three arrays, built when the set is sealed:
 *   tail   the last two labels of each domain: one look settles most names;
 *   rest   everything else, under a tag for what it is;
 *   v4     one bit for each IPv4 network of 16 to 24 bits that holds an indicator.
 * The hash is fast and keyed with numbers of this set, but not cryptographic: a collision costs one
 * look into the table and never an answer.
 */
#ifndef ENT_WATCH_FILTER_H
#define ENT_WATCH_FILTER_H

#include "watch/watch.h"

#define ENT_FILTER_KEYS 6
#define ENT_FILTER_STEP 32u /* bytes of a name that are hashed at once */

/* An array of 64-bit blocks; each entry sets up to four bits of one block. */
struct ent_filter {
    uint64_t *block;
    uint64_t mask; /* blocks - 1 */
};

/* Bit i stands for the addresses whose first bits, as a number, are i. */
struct ent_v4map {
    uint64_t *word;
    unsigned shift; /* 32 less the number of bits */
};

/* What a hash in "rest" stands for; types stand for themselves. */
enum ent_filter_tag {
    ENT_FILTER_MAIL = ENT_OBS_TYPES, /* the domain of an e-mail address */
    ENT_FILTER_HOST                  /* the host of a URL */
};

/* --- hashing ------------------------------------------------------------------------------------
 */

static inline uint64_t ent_filter_mum(uint64_t a, uint64_t b)
{
    unsigned __int128 p = (unsigned __int128)a * b;
    return (uint64_t)p ^ (uint64_t)(p >> 64);
}

/* Four words of a name: its bytes in lower case, aligned to the end, zeros before them. */
static inline uint64_t ent_filter_words(const uint64_t key[static ENT_FILTER_KEYS],
                                        const uint64_t v[static 4])
{
    return ent_filter_mum(v[0] ^ key[0], v[1] ^ key[1]) ^
           ent_filter_mum(v[2] ^ key[2], v[3] ^ key[3]);
}

/*
 * The hash of the n <= 32 bytes before end; bytes from before to end must be readable. All bytes of
 * names have bit 5 set, or get it here without meeting another: 'A' becomes 'a', '_' 0x7F.
 */
extern const uint8_t ent_filter_ones[2 * ENT_FILTER_STEP]; /* 32 times 0, 32 times 0xFF */

static inline uint64_t ent_filter_end(const uint64_t key[static ENT_FILTER_KEYS],
                                      const uint8_t *end, size_t n)
{
    const uint64_t lower = 0x2020202020202020u;
    uint64_t v[4], m[4];
    memcpy(v, end - sizeof(v), sizeof(v));
    memcpy(m, ent_filter_ones + n, sizeof(m));
    for (unsigned i = 0; i < 4; i++)
        v[i] = (v[i] | lower) & m[i];
    return ent_filter_words(key, v);
}

/* The hash of a name of any length. */
uint64_t ent_filter_name(const uint64_t key[static ENT_FILTER_KEYS], struct ent_slice name);

/* The hash of the start of a URL, a byte at a time; 0 before the first. */
static inline uint64_t ent_filter_next(const uint64_t key[static ENT_FILTER_KEYS], uint64_t h,
                                       uint8_t c)
{
    return ent_filter_mum(h ^ c ^ key[4], key[5]);
}

/* The hash of a binary key. */
static inline uint64_t ent_filter_bytes(const uint64_t key[static ENT_FILTER_KEYS],
                                        struct ent_slice bytes)
{
    uint64_t h = key[4] ^ bytes.n;
    for (size_t i = 0; i < bytes.n; i += 8) {
        uint64_t v = 0;
        memcpy(&v, bytes.p + i, bytes.n - i < 8 ? bytes.n - i : 8);
        h = ent_filter_mum(h ^ v, key[5]);
    }
    return h;
}

static inline uint64_t ent_filter_tagged(const uint64_t key[static ENT_FILTER_KEYS], unsigned tag,
                                         uint64_t h)
{
    return ent_filter_mum(h ^ key[tag % 4], key[5] + 2 * (uint64_t)tag);
}

/* --- asking -------------------------------------------------------------------------------------
 */

static inline uint64_t ent_filter_bits(uint64_t h)
{
    const uint64_t one = 1;
    return one << (h & 63) | one << (h >> 6 & 63) | one << (h >> 12 & 63) | one << (h >> 18 & 63);
}

static inline const uint64_t *ent_filter_block(const struct ent_filter *f, uint64_t h)
{
    return &f->block[h >> 24 & f->mask];
}

static inline bool ent_filter_maybe(const struct ent_filter *f, uint64_t h)
{
    uint64_t bits = ent_filter_bits(h);
    return (*ent_filter_block(f, h) & bits) == bits;
}

/* --- building -----------------------------------------------------------------------------------
 */

/* How many blocks a filter of that many entries has: 16 to 32 bits an entry. */
size_t ent_filter_size(size_t entries);

/* zeroed: ent_filter_size() blocks */
void ent_filter_init(struct ent_filter *f, uint64_t *zeroed, size_t blocks);
void ent_filter_add(struct ent_filter *f, uint64_t h);

/* The bits for that many IPv4 indicators: 16 to 24, so that few of them are set. */
unsigned ent_v4map_bits(size_t indicators);
void ent_v4map_add(struct ent_v4map *map, const uint8_t address[static 4], unsigned prefix);

static inline const uint64_t *ent_v4map_word(const struct ent_v4map *map, uint32_t address)
{
    return &map->word[address >> map->shift >> 6];
}

static inline bool ent_v4map_has(const struct ent_v4map *map, uint32_t address)
{
    return (*ent_v4map_word(map, address) >> (address >> map->shift & 63) & 1) != 0;
}

#endif
