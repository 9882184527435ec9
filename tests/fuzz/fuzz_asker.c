/*
 * fuzz_asker.c: everything a hostile holder may send: answers, filter, labels. Nothing but a proof
 * under the accepted key is an answer.
 */
#include "match/match.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static enum ent_err ignore(void *ctx, const struct ent_lookup_hit *h)
{
    (void)ctx, (void)h;
    return ENT_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct ent_lookup_batch batch;
    static const struct ent_hash32 sid = {{1}};
    struct ent_match_accept accept = {.items = 2, .labels = 1};
    struct ent_lookup_asker *a = NULL;
    struct ent_scalar k;
    struct ent_buf ask;
    uint64_t hits;
    if (ent_secret_start() != ENT_OK || ent_lookup_asker_new(&a) != ENT_OK ||
        ent_lookup_asker_add(a, ENT_SLICE_LIT("ipv4:198.51.100.3")) != ENT_OK)
        ENT_BUG("cannot begin");
    ent_scalar_random(&k);
    ent_element_base_mul(&accept.key, &k);
    ent_buf_init(&ask, ENT_LOOKUP_ASK_MAX);
    if (ent_lookup_asker_start(a, &sid, &accept) != ENT_OK ||
        ent_lookup_asker_ask(a, &batch, &ask, 0) != ENT_OK)
        ENT_BUG("cannot ask");
    ENT_ASSERT(ent_lookup_asker_answer(a, &batch, ent_slice(data, n)) != ENT_OK);
    if (ent_lookup_asker_match(a) == ENT_OK &&
        ent_lookup_asker_filter(a, ent_slice(data, n)) == ENT_OK &&
        ent_lookup_asker_labels(a, ent_slice(data, n)) == ENT_OK)
        (void)!ent_lookup_asker_hits(a, ignore, NULL, &hits);
    ent_buf_release(&ask);
    ent_lookup_asker_free(a);
    return 0;
}
