/* fuzz_counts.c: a snapshot of what a role counted: one form, and a page in which no value leaves
 * its quotes. The first byte says whose it is. */
#include "node/node.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct ent_counted s;
    struct ent_buf b;
    if (n == 0 || ent_counted_parse(&s, ent_slice(data + 1, n - 1),
                                    (enum ent_process)(data[0] % ENT_PROCESSES)) != ENT_OK)
        return 0;
    ent_buf_init(&b, ENT_COUNT_TEXT);
    ENT_ASSERT(ent_counted_encode(&b, &s) == ENT_OK);
    ENT_ASSERT(ent_slice_eq(ent_buf_slice(&b), ent_slice(data + 1, n - 1)));
    ent_buf_clear(&b);
    ENT_ASSERT(ent_counts_text(&b, &s, 1) == ENT_OK && b.n > 0 && b.p[b.n - 1] == '\n');
    for (size_t i = 0; i < b.n; i++)
        ENT_ASSERT((b.p[i] >= ' ' && b.p[i] < 0x7F) || b.p[i] == '\n');
    ent_buf_release(&b);
    return 0;
}
