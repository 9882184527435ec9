/* ctime_quorum_holder.c: a key holder of a quorum takes the same time whatever its key. */
#include "match/match.h"

int main(void)
{
    static const struct ent_quorum_shape shape = {
        .members = 2, .threshold = 2, .items = 4, .tables = 20};
    static const struct ent_hash32 run = {{1}};
    static const uint32_t items[2] = {2, 0};
    struct ent_slice input[2] = {ENT_SLICE_LIT("one"), ENT_SLICE_LIT("two")};
    struct ent_scalar blind[2];
    struct ent_element blinded[2];
    struct ent_quorum_holder *h = NULL;
    struct ent_quorum_admitted a;
    enum ent_quorum_fault f;
    struct ent_seed32 seed;
    struct ent_buf answer;
    uint8_t ask[ENT_QUORUM_HEADER + 64];
    if (ent_secret_start() != ENT_OK ||
        ent_oprf_blind(blind, blinded, ENT_OPRF_VERIFIABLE, input, 2) != ENT_OK)
        return EXIT_FAILURE;
    ent_buf_init(&answer, ENT_QUORUM_EVALUATE_MAX);
    ent_quorum_head_put(ask, &run, 1, 0);
    memcpy(ask + ENT_QUORUM_HEADER, blinded, sizeof(blinded));
    ent_random(&seed, sizeof(seed));
    ent_ct_secret(&seed, sizeof(seed));
    if (ent_quorum_holder_new(&h, &seed) != ENT_OK ||
        ent_quorum_holder_start(h, &run, &shape, items) != ENT_OK ||
        ent_quorum_holder_admit(h, &a, &f, 1, ent_slice(ask, sizeof(ask))) != ENT_OK ||
        ent_quorum_holder_evaluate(h, &answer, ent_slice(ask, sizeof(ask))) != ENT_OK)
        return EXIT_FAILURE;
    ent_quorum_holder_free(h);
    ent_buf_release(&answer);
    return EXIT_SUCCESS;
}
