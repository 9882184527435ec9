/* fuzz_quorum_hits.c: foreign hits, none of which has the check of an item: nothing is found. */
#include "match/match.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const struct ent_quorum_shape shape = {8, 3, 4, 4};
    static const uint8_t f[4 * ENT_OPRF_OUT];
    static struct ent_quorum_table *t;
    struct ent_quorum_hit hits[16];
    struct ent_quorum_item item[4];
    struct ent_cur cur = {data, n};
    size_t count = 0, found, refused;
    if (t == NULL) /* four times the same item, which is legal and of no use */
        ENT_ASSERT(ent_quorum_table_new(&t, &shape, 1, &(struct ent_hash32){{0}},
                                        &(struct ent_seed32){{0}}, f, 4) == ENT_OK);
    while (count < 16 && ent_cur_u32le(&cur, &hits[count].cell) == ENT_OK &&
           ent_cur_u64le(&cur, &hits[count].holders) == ENT_OK &&
           ent_cur_copy(&cur, hits[count].check, 8) == ENT_OK)
        count++;
    if (ent_quorum_table_accept(item, &found, &refused, t, hits, count) == ENT_OK)
        ENT_ASSERT(found == 0 && refused == count);
    return 0;
}
