/* fuzz_add_entries.c: the entries that a log brings to a mirror. */
#include "ledger/ledger.h"
#include "ledger/view_parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct ent_add_entries a;
    struct ent_buf b;
    ent_buf_init(&b, n + 1); /* printf wants room for a NUL */
    if (ent_add_entries_parse(&a, ent_slice(data, n)) == ENT_OK &&
        (ent_add_entries_encode(&b, &a) != ENT_OK ||
         !ent_slice_eq(ent_buf_slice(&b), ent_slice(data, n))))
        ENT_BUG("a request has one form");
    ent_buf_release(&b);
    return 0;
}
