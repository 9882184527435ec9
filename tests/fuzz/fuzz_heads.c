/* fuzz_heads.c: the message in which nodes tell each other heads and proofs. */
#include "ledger/ledger.h"
#include "ledger/view_parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct ent_heads h;
    struct ent_buf b;
    ent_buf_init(&b, n + 1); /* printf wants room for a NUL */
    if (ent_heads_parse(&h, ent_slice(data, n)) == ENT_OK &&
        (ent_heads_encode(&b, &h) != ENT_OK ||
         !ent_slice_eq(ent_buf_slice(&b), ent_slice(data, n))))
        ENT_BUG("a message has one form");
    ent_buf_release(&b);
    return 0;
}
