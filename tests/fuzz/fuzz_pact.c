/* fuzz_pact.c: cards and pacts. None that was not signed by its own keys gets through. */
#include "pact/pact.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct ent_pact p, before = {.version = 1, .self = "alpha", .members = 1};
    struct ent_member m;
    struct ent_slice in = {data, n};
    enum ent_verdict v;
    if (ent_card_parse(&m, in, NULL) == ENT_OK)
        ENT_ASSERT(ent_name_is_valid(ent_slice_str(m.name)) && m.display[0] != '\0');
    if (ent_pact_parse(&p, in, NULL, NULL) == ENT_OK) {
        ENT_ASSERT(p.version == 1 && ent_pact_member(&p, p.self) != NULL);
        ENT_ASSERT(p.members <= ENT_PACT_MEMBERS && p.budget.seconds > 0);
    }
    ENT_ASSERT(ent_pact_parse(&p, in, &before, NULL) != ENT_OK);
    if (ent_verdict_parse(&v, in) == ENT_OK)
        ENT_ASSERT(ent_slice_eq(ent_slice_str(ent_verdict_word(v)), in));
    return 0;
}
