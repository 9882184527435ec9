/* fuzz_filter.c: blocks of the filter. What decodes is in order and encodes to the same bytes. */
#include "match/match.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct ent_filter_entry e[ENT_FILTER_BLOCK];
    struct ent_filter_pos pos, again;
    struct ent_buf b;
    size_t count = 0;
    if (n < 2) /* the first two bytes say how long the list is */
        return 0;
    struct ent_slice block = {data + 2, n - 2};
    ent_filter_start(&pos, (uint64_t)data[0] << 8 | data[1]);
    again = pos;
    if (ent_filter_decode(e, &count, &pos, block) != ENT_OK)
        return 0;
    for (size_t i = 1; i < count; i++)
        ENT_ASSERT(memcmp(e[i - 1].tag, e[i].tag, ENT_TAG) < 0);
    ent_buf_init(&b, ENT_FILTER_BLOCK_MAX);
    ENT_ASSERT(ent_filter_encode(&b, &again, e, count) == ENT_OK);
    ENT_ASSERT(ent_slice_eq(ent_buf_slice(&b), block));
    ent_buf_release(&b);
    return 0;
}
