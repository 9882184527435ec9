/* items.c: lists of byte strings, and what both roles derive from an OPRF value. */
#include "match/match.h"
#include "match/items.h"

#define BYTES_MOST ((size_t)UINT32_MAX)

void ent_items_init(struct ent_items *it)
{
    *it = (struct ent_items){0};
    ent_buf_init(&it->bytes, BYTES_MOST);
    ent_buf_init(&it->ends, (size_t)ENT_MATCH_ITEMS_MOST * sizeof(uint32_t));
}

void ent_items_release(struct ent_items *it)
{
    ent_buf_wipe(&it->bytes);
    ent_buf_release(&it->ends);
    it->n = 0;
}

enum ent_err ent_items_add(struct ent_items *it, struct ent_slice item)
{
    uint8_t *room;
    enum ent_err r;
    if ((r = ent_buf_reserve(&it->ends, &room, sizeof(uint32_t))) != ENT_OK ||
        (r = ent_buf_put_slice(&it->bytes, item)) != ENT_OK)
        return r;
    uint32_t end = (uint32_t)it->bytes.n;
    memcpy(room, &end, sizeof(end));
    it->ends.n += sizeof(end);
    it->n++;
    return ENT_OK;
}

static uint32_t end_of(const struct ent_items *it, size_t i)
{
    uint32_t end;
    memcpy(&end, it->ends.p + i * sizeof(end), sizeof(end));
    return end;
}

struct ent_slice ent_items_at(const struct ent_items *it, size_t i)
{
    ENT_ASSERT(i < it->n);
    uint32_t start = i == 0 ? 0 : end_of(it, i - 1);
    return ent_slice(it->bytes.p + start, end_of(it, i) - start);
}

uint64_t ent_power_of_two(uint64_t n)
{
    uint64_t p = 1;
    while (p < n)
        p *= 2;
    return p;
}

void ent_lookup_expand(struct ent_filter_entry *ret, const struct ent_hash32 *sid,
                       const uint8_t out[static ENT_OPRF_OUT])
{
    static const char label[] = "entente/lookup/v1";
    uint8_t info[sizeof(label) - 1 + 32], okm[ENT_TAG + ENT_MASKED];
    memcpy(info, label, sizeof(label) - 1);
    memcpy(info + sizeof(label) - 1, sid->b, 32);
    ent_hkdf(okm, sizeof(okm), ent_slice(out, ENT_OPRF_OUT), ent_slice(info, sizeof(info)));
    memcpy(ret->tag, okm, ENT_TAG);
    memcpy(ret->masked, okm + ENT_TAG, ENT_MASKED);
    ent_wipe(okm, sizeof(okm));
}
