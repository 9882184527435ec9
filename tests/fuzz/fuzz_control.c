/* fuzz_control.c: what the processes of a node say to their parent: one form each. The first byte
 * says what. */
#include "node/node.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n == 0)
        return 0;
    const struct ent_slice bytes = ent_slice(data + 1, n - 1);
    struct ent_book_wants wants;
    struct ent_ready ready;
    struct ent_liar liar;
    struct ent_at at;
    struct ent_buf b;
    bool one = false;
    ent_buf_init(&b, n);
    switch (data[0] % 4) {
    case 0:
        one = ent_at_parse(&at, bytes) == ENT_OK && ent_at_encode(&b, &at) == ENT_OK;
        break;
    case 1:
        one = ent_ready_parse(&ready, bytes) == ENT_OK && ent_ready_encode(&b, &ready) == ENT_OK;
        break;
    case 2:
        one = ent_liar_parse(&liar, bytes) == ENT_OK && ent_liar_encode(&b, &liar) == ENT_OK;
        break;
    default:
        one = ent_wants_parse(&wants, bytes) == ENT_OK && ent_wants_encode(&b, &wants) == ENT_OK;
    }
    ENT_ASSERT(!one || ent_slice_eq(ent_buf_slice(&b), bytes));
    ent_buf_release(&b);
    return 0;
}
