/* fuzz_chain.c: chains of versions. What parses is told back byte for byte. */
#include "pact/pact.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct ent_chain_split split;
    static struct ent_roster roster;
    struct ent_diag d = {0};
    struct ent_chain c;
    ent_chain_init(&c);
    enum ent_err r = ent_chain_parse(&c, &split, ent_slice(data, n), &d);
    if (r == ENT_OK) {
        ENT_ASSERT(ent_slice_eq(ent_chain_file(&c), ent_slice(data, n)));
        ENT_ASSERT(c.versions > 0 && c.newest->version == c.versions);
        ENT_ASSERT(ent_chain_add(&c, NULL, ent_chain_version(&c, 1), NULL) == ENT_E_EXISTS);
        ent_roster_of(&roster, c.newest);
        ENT_ASSERT(roster.members == c.newest->members + c.newest->former);
    } else {
        ENT_ASSERT(d.text != NULL && c.versions == 0 && c.newest == NULL);
        ENT_ASSERT(r != ENT_E_STATE || split.version > 0);
    }
    ent_chain_release(&c);
    return 0;
}
