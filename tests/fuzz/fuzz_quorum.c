/* fuzz_quorum.c: foreign shares, of which the collector says the same with and without vectors. */
#include "match/match.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define CELLS 16u

static enum ent_err sum(void *ctx, const struct ent_quorum_hit *hit)
{
    *(uint64_t *)ctx = *(uint64_t *)ctx * 31 + hit->holders * 7 + hit->cell + hit->check[0];
    return ENT_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static uint64_t shares[8 * CELLS];
    struct ent_quorum_shape shape = {8, n > 0 ? 2 + data[0] % 7u : 2, 1, 4};
    struct ent_quorum_collector c;
    const struct ent_hash32 run = {{0}};
    uint64_t said[2] = {0};
    if (n == 0 || ent_quorum_shares_parse(shares, (n - 1) / 8 % (8 * CELLS + 1),
                                          ent_slice(data + 1, n - 1)) != ENT_OK)
        return 0;
    ent_quorum_collector_init(&c, &shape, 0xff, &run);
    for (int i = 0; i < 2; i++) {
        ent_cpu_limit(i == 0 ? ENT_CPU_PORTABLE : ENT_CPU_AVX512);
        ENT_ASSERT(ent_quorum_collect(&c, shares, CELLS, 0, CELLS, sum, &said[i]) == ENT_OK);
    }
    ENT_ASSERT(said[0] == said[1]);
    return 0;
}
