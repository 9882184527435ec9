/* fuzz_quorum_run.c: a kept run: what parses encodes to the same bytes, and goes on, whatever the
 * time, without leaving its phases. */
#include "match/match.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct ent_slice in = {data, n};
    static struct ent_quorum_run r;
    struct ent_quorum_begin g;
    struct ent_buf b;
    if (ent_quorum_run_parse(&r, in) != ENT_OK)
        return 0;
    ent_buf_init(&b, n + ENT_QUORUM_RUN_MAX);
    ENT_ASSERT(ent_quorum_run_encode(&b, &r) == ENT_OK && ent_slice_eq(ent_buf_slice(&b), in));
    if (ent_quorum_run_make_begin(&r, &g) == ENT_OK)
        (void)!ent_quorum_run_begin(&r, r.offer.collector, &g);
    ent_quorum_run_tick(&r, r.offer.accept_by, 0);
    ent_quorum_run_tick(&r, r.offer.upload_by, UINT64_MAX);
    ent_quorum_run_tick(&r, INT64_MAX, UINT64_MAX);
    if (ent_quorum_run_has_too_few(&r)) {
        const struct ent_quorum_refuse f = {.offer = r.leaf, .why = ENT_QUORUM_TOO_FEW};
        ENT_ASSERT(ent_quorum_run_refuse(&r, r.offer.collector, &f) == ENT_OK);
    }
    ENT_ASSERT(r.phase == ENT_QUORUM_DONE || r.phase == ENT_QUORUM_FAILED);
    ent_buf_clear(&b);
    ENT_ASSERT(ent_quorum_run_encode(&b, &r) == ENT_OK);
    ent_buf_release(&b);
    return 0;
}
