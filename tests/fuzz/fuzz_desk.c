/* fuzz_desk.c: the first byte says which message, the rest is it: requests of a ledger or a match
 * to the desk, and the items it sends. What parses is written as it came. */
#include "node/node.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void item(struct ent_slice s, struct ent_buf *b)
{
    struct ent_cur c = ent_cur(s);
    struct ent_slice key;
    struct ent_label label;
    while (c.n > 0 && ent_desk_item_parse(&key, &label, &c) == ENT_OK) {
        ENT_ASSERT(ent_desk_item_encode(b, key, &label) == ENT_OK);
        ENT_ASSERT(b->n == s.n - c.n && memcmp(b->p, s.p, b->n) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct ent_desk_request q;
    struct ent_desk_known k;
    struct ent_buf b;
    if (n == 0)
        return 0;
    const uint16_t type = (uint16_t)(ENT_MSG_DESK + data[0]);
    const struct ent_slice s = ent_slice(data + 1, n - 1);
    ent_buf_init(&b, n + ENT_DESK_REQUEST_MAX);
    if (type == ENT_DESK_ITEMS)
        item(s, &b);
    else if (ent_desk_request_parse(&q, type, s) == ENT_OK)
        ENT_ASSERT(ent_desk_request_encode(&b, &q) == ENT_OK && ent_slice_eq(ent_buf_slice(&b), s));
    ent_buf_clear(&b);
    if (ent_desk_known_parse(&k, s) == ENT_OK)
        ENT_ASSERT(ent_desk_known_encode(&b, &k) == ENT_OK && ent_slice_eq(ent_buf_slice(&b), s));
    ent_buf_release(&b);
    return 0;
}
