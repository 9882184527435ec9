/* fuzz_trail_record.c: lines of the audit log: what parses encodes to the same line, and any text
 * can be what a record is about. */
#include "node/node.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const struct ent_slice in = {data, n};
    struct ent_trail_record r, back;
    struct ent_buf b;
    ent_buf_init(&b, ENT_TRAIL_LINE);
    if (ent_trail_record_parse(&r, in) == ENT_OK) {
        ENT_ASSERT(ent_trail_record_encode(&b, &r) == ENT_OK);
        ENT_ASSERT(ent_slice_eq(ent_buf_slice(&b), in));
        ent_buf_clear(&b);
    }
    r = (struct ent_trail_record){.time = 1800000000, .who = ENT_OWNER, .via = ENT_VIA_HOME};
    ent_trail_record_on(&r, in);
    ENT_ASSERT(ent_trail_record_encode(&b, &r) == ENT_OK && memchr(b.p, '\n', b.n) == NULL);
    ENT_ASSERT(ent_trail_record_parse(&back, ent_buf_slice(&b)) == ENT_OK);
    ENT_ASSERT(strcmp(back.on, r.on) == 0);
    ent_buf_release(&b);
    return 0;
}
