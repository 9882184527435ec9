/* fuzz_fields.c: forms of JSON. */
#include "intel/intel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct ent_buf name, password;
    ent_buf_init(&name, 16);
    ent_buf_init(&password, ENT_FIELD_MAX);
    struct ent_field f[] = {{.name = "name", .value = &name, .may_miss = true},
                            {.name = "password", .value = &password}};
    if (ent_fields_read(f, 2, ent_slice(data, n), NULL) == ENT_OK) {
        ENT_ASSERT(f[1].is_there && (f[0].is_there || name.n == 0));
        ENT_ASSERT(ent_utf8_valid(ent_buf_slice(&password), NULL));
    }
    ent_buf_release(&name);
    ent_buf_wipe(&password);
    return 0;
}
