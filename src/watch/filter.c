/* filter.c: building the filters, and the hash of long names. */
#include "watch/watch.h"
#include "watch/filter.h"

/* table */
const uint8_t ent_filter_ones[2 * ENT_FILTER_STEP] = {[32 ... 63] = 0xFF};

uint64_t ent_filter_name(const uint64_t key[static ENT_FILTER_KEYS], struct ent_slice name)
{
    uint8_t piece[ENT_FILTER_STEP] = {0};
    uint64_t h = 0;
    bool first = true;
    for (size_t end = name.n; first || end > 0; first = false) {
        size_t n = end < ENT_FILTER_STEP ? end : ENT_FILTER_STEP;
        memcpy(piece + ENT_FILTER_STEP - n, name.p + end - n, n);
        uint64_t v = ent_filter_end(key, piece + ENT_FILTER_STEP, n);
        h = first ? v : ent_filter_mum(h ^ key[4], v ^ key[5]);
        end -= n;
    }
    return h;
}

size_t ent_filter_size(size_t entries)
{
    size_t blocks = entries / 4 + entries / 8;
    return blocks <= 8 ? 8 : (size_t)1 << (64 - __builtin_clzll(blocks - 1));
}

void ent_filter_init(struct ent_filter *f, uint64_t *zeroed, size_t blocks)
{
    *f = (struct ent_filter){zeroed, blocks - 1};
}

void ent_filter_add(struct ent_filter *f, uint64_t h)
{
    f->block[h >> 24 & f->mask] |= ent_filter_bits(h);
}

unsigned ent_v4map_bits(size_t indicators)
{
    const unsigned least = 16, most = 24;
    unsigned bits = 64 - (unsigned)__builtin_clzll(64 * (uint64_t)indicators | 1);
    return bits < least ? least : bits > most ? most : bits;
}

void ent_v4map_add(struct ent_v4map *map, const uint8_t address[static 4], unsigned prefix)
{
    uint32_t v = (uint32_t)address[0] << 24 | (uint32_t)address[1] << 16 |
                 (uint32_t)address[2] << 8 | address[3];
    uint32_t bits = 32 - map->shift, more = prefix < bits ? bits - prefix : 0;
    uint32_t first = (v >> map->shift) >> more << more;
    for (uint32_t i = first; i < first + ((uint32_t)1 << more); i++)
        map->word[i >> 6] |= (uint64_t)1 << (i & 63);
}
