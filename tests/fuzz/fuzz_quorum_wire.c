/* fuzz_quorum_wire.c: blocks of shares as a collector gets them; progress and answers as a
 * participant gets them. What is taken is inside its bounds. */
#include "match/match.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const struct ent_quorum_shape shape = {2, 2, 1, 20}; /* 40 cells, one block */
    static const struct ent_hash32 run = {{0}};
    struct ent_slice in = {data, n}, bits;
    struct ent_quorum_uploads *u = NULL;
    struct ent_quorum_block k;
    struct ent_quorum_answer a;
    enum ent_quorum_fault f;
    if (ent_secret_start() != ENT_OK || ent_quorum_uploads_new(&u, &shape, &run, 1) != ENT_OK)
        ENT_BUG("cannot begin");
    if (ent_quorum_uploads_parse(u, &k, &f, 1, in) == ENT_OK) {
        ENT_ASSERT(k.block == 0 && k.first == 0 && k.shares.n == 320 && f == ENT_QUORUM_NO_FAULT);
        ent_quorum_uploads_keep(u, 1, k.block);
        ENT_ASSERT(ent_quorum_uploads_complete(u) == 1);
    }
    if (ent_quorum_progress_parse(&bits, &shape, &run, 1, in) == ENT_OK)
        ENT_ASSERT(bits.n == 1 && bits.p[0] <= 1 && !ent_quorum_progress_has(bits, 8));
    ent_quorum_answer_init(&a, &shape, &run, 1, 1);
    if (ent_quorum_answer_take(&a, in) == ENT_OK) {
        ENT_ASSERT(ent_quorum_answer_is_whole(&a) && a.hits <= a.most);
        ENT_ASSERT(a.list.n == a.hits * sizeof(struct ent_quorum_hit));
    }
    ent_quorum_answer_release(&a);
    ent_quorum_uploads_free(u);
    return 0;
}
