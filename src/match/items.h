/* items.h: a list of byte strings in one piece of memory; for match/ alone. */
#ifndef ENT_MATCH_ITEMS_H
#define ENT_MATCH_ITEMS_H

#include "base/base.h"
#include "crypto/crypto.h"
#include "match/filter.h"

struct ent_items {
    struct ent_buf bytes;
    struct ent_buf ends; /* u32 each: where the item ends */
    size_t n;
};

void ent_items_init(struct ent_items *it);
void ent_items_release(struct ent_items *it);
ENT_MUST_USE enum ent_err ent_items_add(struct ent_items *it, struct ent_slice item);
struct ent_slice ent_items_at(const struct ent_items *it, size_t i);

/* The smallest power of two that is not below n. */
uint64_t ent_power_of_two(uint64_t n);

/* tag and mask of an OPRF output: HKDF(out, "entente/lookup/v1" || sid), 16 + 20 bytes. */
void ent_lookup_expand(struct ent_filter_entry *ret, const struct ent_hash32 *sid,
                       const uint8_t out[static ENT_OPRF_OUT]);

#endif
