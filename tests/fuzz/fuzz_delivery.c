/* fuzz_delivery.c: deliveries. One form for each; what one says stands in its author's log. */
#include "ledger/delivery.h"
#include "tests/fuzz/roster.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct ent_delivery del;
    struct ent_slice in = {data, n};
    struct ent_diag d = {0};
    struct ent_buf receipt, b;
    if (ent_delivery_parse(&del, in, the_roster(), &d) != ENT_OK) {
        ENT_ASSERT(d.text != NULL);
        return 0;
    }
    ENT_ASSERT(del.act.st.sequence == del.receipt.index + 1 &&
               del.receipt.index < del.says.cp.size &&
               memcmp(del.act.leaf.b, del.says.leaf.b, 32) == 0);
    /* The act is what the statement begins, and goes on to the end. */
    struct ent_slice act = {del.receipt.entry.p, (size_t)(data + n - del.receipt.entry.p)};
    del.receipt.entry = ent_slice(NULL, 0);
    ent_buf_init(&receipt, ENT_RECEIPT_MAX);
    ent_buf_init(&b, ENT_DELIVERY_MAX);
    ENT_ASSERT(ent_receipt_encode(&receipt, &del.receipt) == ENT_OK &&
               ent_delivery_encode(&b, ent_buf_slice(&receipt), act) == ENT_OK &&
               ent_slice_eq(ent_buf_slice(&b), in));
    ent_buf_release(&receipt);
    ent_buf_release(&b);
    return 0;
}
