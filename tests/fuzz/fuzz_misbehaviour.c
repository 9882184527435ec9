/* fuzz_misbehaviour.c: proofs of misbehaviour. One form for each; of the members, m0 did all that
 * the corpus shows, and m1 cosigned it: whoever finds another proof has broken a signature. */
#include "tests/fuzz/roster.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct ent_misbehaviour m;
    struct ent_diag d = {0};
    struct ent_buf b;
    if (ent_misbehaviour_parse(&m, ent_slice(data, n), &d) != ENT_OK) {
        ENT_ASSERT(d.text != NULL);
        return 0;
    }
    ent_buf_init(&b, ENT_MISBEHAVIOUR_MAX);
    ENT_ASSERT(ent_misbehaviour_encode(&b, &m) == ENT_OK &&
               ent_slice_eq(ent_buf_slice(&b), ent_slice(data, n)));
    if (ent_misbehaviour_check(&m, the_roster(), &d) == ENT_OK)
        ENT_ASSERT(strcmp(m.member, m.kind == ENT_MB_WITNESS ? "m1" : "m0") == 0);
    else
        ENT_ASSERT(d.text != NULL);
    ent_buf_release(&b);
    return 0;
}
