/* fuzz_holder.c: questions from a hostile asker. A holder that answers answers what was asked. */
#include "match/match.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const struct ent_hash32 sid = {{1}};
    struct ent_lookup_holder *h = NULL;
    struct ent_match_accept accept;
    struct ent_buf b;
    struct ent_slice ask = {data, n};
    if (ent_secret_start() != ENT_OK || ent_lookup_holder_new(&h) != ENT_OK ||
        ent_lookup_holder_accept(h, &accept) != ENT_OK ||
        ent_lookup_holder_start(h, &sid, ENT_LOOKUP_BATCH + 2) != ENT_OK)
        ENT_BUG("cannot begin");
    ent_buf_init(&b, ENT_LOOKUP_ANSWER_MAX);
    if (ent_lookup_holder_admit(h, ask) == ENT_OK &&
        ent_lookup_holder_evaluate(h, &b, ask) == ENT_OK)
        ENT_ASSERT(b.n == n - 4 + ENT_OPRF_PROOF);
    ent_buf_release(&b);
    ent_lookup_holder_free(h);
    return 0;
}
