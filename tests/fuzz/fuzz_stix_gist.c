/* fuzz_stix_gist.c: gists as they come from another process, and what an object is a hash of. */
#include "intel/intel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct ent_stix_sayer *sayer;
    uint8_t said32[32], again32[32];
    struct ent_slice in = {data, n};
    struct ent_stix_gist g;
    struct ent_buf b;
    if (sayer == NULL)
        ENT_ASSERT(ent_stix_sayer_new(&sayer) == ENT_OK);
    ent_buf_init(&b, ENT_STIX_GIST_MOST);
    if (ent_stix_gist_parse(&g, in) == ENT_OK) {
        ENT_ASSERT(ent_stix_gist_encode(&b, &g) == ENT_OK);
        ENT_ASSERT(ent_slice_eq(ent_buf_slice(&b), in));
    }
    ENT_ASSERT(ent_stix_said(sayer, said32, in) == ENT_OK);
    ENT_ASSERT(ent_stix_said(sayer, again32, in) == ENT_OK);
    ENT_ASSERT(memcmp(said32, again32, sizeof(said32)) == 0);
    ent_buf_release(&b);
    return 0;
}
