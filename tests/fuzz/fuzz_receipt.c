/* fuzz_receipt.c: receipts. One form for each; what one shows is what stands in it. */
#include "tests/fuzz/roster.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct ent_receipt rc;
    struct ent_receipt_says says;
    struct ent_diag d = {0};
    struct ent_buf room, b;
    ent_buf_init(&room, 65535);
    ent_buf_init(&b, ENT_RECEIPT_MAX);
    if (ent_receipt_parse(&rc, &room, ent_slice(data, n), &d) != ENT_OK) {
        ENT_ASSERT(d.text != NULL && room.n == 0);
        goto out;
    }
    ENT_ASSERT(ent_receipt_encode(&b, &rc) == ENT_OK &&
               ent_slice_eq(ent_buf_slice(&b), ent_slice(data, n)));
    if (ent_receipt_check(&rc, &says, the_roster(), &d) != ENT_OK)
        ENT_ASSERT(d.text != NULL);
    else
        ENT_ASSERT(says.st.sequence == rc.index + 1 && rc.index < says.cp.size &&
                   says.standing.cosigned <= 1);
out:
    ent_buf_release(&room);
    ent_buf_release(&b);
    return 0;
}
