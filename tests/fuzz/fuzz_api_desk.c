/* fuzz_api_desk.c: what the process that parses users' requests asks of the keeper, as the keeper
 * reads it, and the answers: what parses is written the same again. */
#include "node/node.h"

#include "node/api_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void same(struct ent_buf *b, enum ent_err r, struct ent_slice bytes)
{
    ENT_ASSERT(r == ENT_OK && ent_slice_eq(ent_buf_slice(b), bytes));
    ent_buf_clear(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const struct ent_slice bytes = {data, n};
    struct ent_api_first first;
    struct ent_api_who who;
    uint8_t from16[16];
    struct ent_buf b;
    ent_buf_init(&b, n + 1);
    if (ent_api_first_parse(&first, from16, bytes) == ENT_OK)
        same(&b, ent_api_first_encode(&b, &first, from16), bytes);
    if (ent_api_who_parse(&who, bytes) == ENT_OK)
        same(&b, ent_api_who_encode(&b, &who), bytes);
    ent_buf_release(&b);
    return 0;
}
