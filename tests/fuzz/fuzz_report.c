/* fuzz_report.c: a record that a role sends to the log: one form, and whatever it holds it is one
 * line, which no value can leave. */
#include "node/node.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct ent_report r;
    struct ent_buf b;
    if (ent_report_parse(&r, ent_slice(data, n)) != ENT_OK)
        return 0;
    ent_buf_init(&b, ENT_REPORT_LINE);
    ENT_ASSERT(ent_report_encode(&b, &r) == ENT_OK);
    ENT_ASSERT(ent_slice_eq(ent_buf_slice(&b), ent_slice(data, n)));
    for (int format = 0; format < 2; format++) {
        ent_buf_clear(&b);
        ENT_ASSERT(ent_report_syslog(&b, &r, (enum ent_log_format)format, ENT_PROCESS_API,
                                     "host") == ENT_OK);
        ENT_ASSERT(ent_utf8_valid(ent_buf_slice(&b), NULL));
        for (size_t i = 0; i < b.n; i++)
            ENT_ASSERT(b.p[i] >= ' ' && b.p[i] != 0x7F);
    }
    ent_buf_release(&b);
    return 0;
}
