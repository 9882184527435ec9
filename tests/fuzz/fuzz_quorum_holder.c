/* fuzz_quorum_holder.c: everything a hostile participant may send to a key holder. Whatever it is,
 * no more is evaluated than was announced, and after a lie nothing. */
#include "match/match.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const struct ent_quorum_shape shape = {2, 2, 4, 20};
    static const struct ent_hash32 run = {{0}};
    static const struct ent_seed32 seed = {{1}};
    static const uint32_t items[2] = {3, 0};
    struct ent_slice in = {data, n};
    struct ent_quorum_holder *h = NULL;
    struct ent_quorum_admitted a, again;
    enum ent_quorum_fault f;
    struct ent_buf answer;
    if (ent_secret_start() != ENT_OK || ent_quorum_holder_new(&h, &seed) != ENT_OK ||
        ent_quorum_holder_start(h, &run, &shape, items) != ENT_OK)
        ENT_BUG("cannot begin");
    ent_buf_init(&answer, ENT_QUORUM_EVALUATE_MAX);
    enum ent_err r = ent_quorum_holder_admit(h, &a, &f, 1, in);
    if (r == ENT_OK) {
        ENT_ASSERT(n == ENT_QUORUM_HEADER + 96 && a.fresh && f == ENT_QUORUM_NO_FAULT);
        ENT_ASSERT(ent_quorum_holder_admit(h, &again, &f, 1, in) == ENT_OK && !again.fresh);
        if (ent_quorum_holder_evaluate(h, &answer, in) == ENT_OK)
            ENT_ASSERT(answer.n == 96 + ENT_OPRF_PROOF);
    } else if (f != ENT_QUORUM_NO_FAULT) {
        ENT_ASSERT(ent_quorum_holder_admit(h, &again, &f, 1, in) == ENT_E_STATE);
    }
    ENT_ASSERT(ent_quorum_holder_is_complete(h, 1) == (r == ENT_OK));
    ent_buf_release(&answer);
    ent_quorum_holder_free(h);
    return 0;
}
