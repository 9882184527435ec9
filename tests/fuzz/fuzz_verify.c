/* fuzz_verify.c: whatever is handed over: recognised, and refused with a reason or held. */
#include "node/node.h"
#include "tests/fuzz/roster.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const struct ent_slice bytes = ent_slice(data, n);
    struct ent_consistency c;
    struct ent_verified got;
    struct ent_diag d = {0};
    struct ent_buf b;
    ent_verified_init(&got);
    ent_buf_init(&b, ENT_CONSISTENCY_MAX);
    enum ent_err r = ent_verify(&got, &d, bytes, the_roster());
    ENT_ASSERT(got.kind == ent_verify_kind_of(bytes) && got.kind < ENT_VERIFY_KINDS);
    if (r != ENT_OK)
        ENT_ASSERT(d.text != NULL);
    else
        ENT_ASSERT(got.kind < ENT_VERIFY_CHAIN && ent_roster_member(the_roster(), got.member));
    if (ent_consistency_parse(&c, bytes, NULL) == ENT_OK)
        ENT_ASSERT(ent_consistency_encode(&b, &c) == ENT_OK &&
                   ent_slice_eq(ent_buf_slice(&b), bytes));
    ent_buf_release(&b);
    ent_verified_release(&got);
    return 0;
}
