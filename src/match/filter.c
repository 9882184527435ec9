/* filter.c: Rice-coded sorted tags. All of it is public: both sides see these bytes. */
#include "match/match.h"

__extension__ typedef unsigned __int128 u128;

static u128 load(const uint8_t tag[static ENT_TAG])
{
    u128 v = 0;
    for (int i = 0; i < ENT_TAG; i++)
        v = v << 8 | tag[i];
    return v;
}

static void store(uint8_t tag[static ENT_TAG], u128 v)
{
    for (int i = ENT_TAG; i-- > 0; v >>= 8)
        tag[i] = (uint8_t)v;
}

void ent_filter_start(struct ent_filter_pos *pos, uint64_t n)
{
    *pos = (struct ent_filter_pos){.n = n};
}

uint64_t ent_filter_blocks(uint64_t n)
{
    return (n + ENT_FILTER_BLOCK - 1) / ENT_FILTER_BLOCK;
}

size_t ent_filter_block_count(uint64_t n, uint64_t block)
{
    uint64_t first = block * ENT_FILTER_BLOCK;
    if (first >= n)
        return 0;
    return n - first < ENT_FILTER_BLOCK ? (size_t)(n - first) : ENT_FILTER_BLOCK;
}

static unsigned parameter(uint64_t n)
{
    return n < 4 ? 127 : 128 - (63 - (unsigned)__builtin_clzll(n));
}

struct bit_writer {
    struct ent_buf *b;
    unsigned free; /* unused low bits of the last byte */
    enum ent_err err;
};

static void put_bits(struct bit_writer *w, u128 v, unsigned n)
{
    while (n > 0 && w->err == ENT_OK) {
        if (w->free == 0) {
            w->err = ent_buf_putc(w->b, '\0');
            w->free = 8;
            continue;
        }
        unsigned take = n < w->free ? n : w->free;
        uint8_t part = (uint8_t)((v >> (n - take)) & ((1u << take) - 1));
        w->b->p[w->b->n - 1] |= (uint8_t)(part << (w->free - take));
        w->free -= take;
        n -= take;
    }
}

enum ent_err ent_filter_encode(struct ent_buf *b, struct ent_filter_pos *pos,
                               const struct ent_filter_entry *e, size_t count)
{
    const unsigned k = parameter(pos->n);
    const u128 mask = ((u128)1 << k) - 1;
    uint8_t *room;
    enum ent_err r = ent_buf_reserve(b, &room, 4);
    if (r != ENT_OK)
        return r;
    size_t at = b->n;
    b->n += 4;
    struct bit_writer w = {.b = b};
    u128 last = load(pos->last);
    for (size_t i = 0; i < count; i++) {
        u128 v = load(e[i].tag), diff = v - last;
        ENT_ASSERT(v > last || pos->done + i == 0);
        for (u128 q = diff >> k; q > 0; q--)
            put_bits(&w, 1, 1);
        put_bits(&w, 0, 1);
        put_bits(&w, diff & mask, k);
        last = v;
    }
    if (w.err != ENT_OK)
        return w.err;
    ent_put_u32le(b->p + at, (uint32_t)(b->n - at - 4));
    for (size_t i = 0; i < count; i++)
        if ((r = ent_buf_put(b, e[i].masked, ENT_MASKED)) != ENT_OK)
            return r;
    store(pos->last, last);
    pos->done += count;
    return ENT_OK;
}

struct bit_reader {
    struct ent_slice s;
    size_t bit; /* next bit, from 0 */
};

static bool take_bits(struct bit_reader *br, u128 *ret, unsigned n)
{
    u128 v = 0;
    if (n > br->s.n * 8 - br->bit)
        return false;
    while (n > 0) {
        unsigned have = 8 - (unsigned)(br->bit & 7), take = n < have ? n : have;
        unsigned part = (unsigned)br->s.p[br->bit >> 3] >> (have - take) & ((1u << take) - 1);
        v = v << take | part;
        br->bit += take;
        n -= take;
    }
    *ret = v;
    return true;
}

static bool take_diff(struct bit_reader *br, u128 *ret, unsigned k)
{
    u128 bit, low, q = 0;
    for (;; q++) {
        if (!take_bits(br, &bit, 1))
            return false;
        if (bit == 0)
            break;
    }
    if (q >> (128 - k) != 0 || !take_bits(br, &low, k))
        return false;
    *ret = q << k | low;
    return true;
}

enum ent_err ent_filter_decode(struct ent_filter_entry *ret, size_t *ret_count,
                               struct ent_filter_pos *pos, struct ent_slice block)
{
    size_t count = ent_filter_block_count(pos->n, pos->done / ENT_FILTER_BLOCK);
    struct ent_cur c = ent_cur(block);
    struct bit_reader br = {0};
    uint32_t coded = 0;
    enum ent_err r;
    if (pos->done >= pos->n)
        return ENT_E_FORMAT; /* one block too many */
    if ((r = ent_cur_u32le(&c, &coded)) != ENT_OK || (r = ent_cur_take(&c, &br.s, coded)) != ENT_OK)
        return r;
    u128 last = load(pos->last), diff, rest;
    for (size_t i = 0; i < count; i++) {
        if (!take_diff(&br, &diff, parameter(pos->n)))
            return ENT_E_FORMAT;
        if ((diff == 0 && pos->done + i > 0) || last + diff < last)
            return ENT_E_FORMAT;
        last += diff;
        store(ret[i].tag, last);
        if ((r = ent_cur_copy(&c, ret[i].masked, ENT_MASKED)) != ENT_OK)
            return r;
    }
    size_t left = br.s.n * 8 - br.bit;
    if (left > 7 || !take_bits(&br, &rest, (unsigned)left) || rest != 0 ||
        (r = ent_cur_end(&c)) != ENT_OK)
        return ENT_E_FORMAT;
    store(pos->last, last);
    pos->done += count;
    *ret_count = count;
    return ENT_OK;
}
