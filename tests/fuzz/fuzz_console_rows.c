/* fuzz_console_rows.c: what crosses between the console's processes, both ways: a query that is
 * understood has one form, and rows become JSON or are refused. */
#include "node/node.h"
#include "node/rows.h"

#include <jansson.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct ent_console_query q;
    struct ent_buf b;
    uint64_t last;
    ent_buf_init(&b, (size_t)1 << 20);
    if (ent_console_query_decode(&q, ent_slice(data, n)) == ENT_OK) {
        ENT_ASSERT(ent_console_query_encode(&b, &q) == ENT_OK);
        ENT_ASSERT(ent_slice_eq(ent_buf_slice(&b), ent_slice(data, n)));
    }
    ent_buf_clear(&b);
    (void)!ent_rows_number(&last, ent_slice(data, n), "last");
    if (ent_rows_json(&b, ent_slice(data, n)) == ENT_OK) {
        json_error_t e;
        json_t *j = json_loadb((const char *)b.p, b.n, JSON_ALLOW_NUL, &e);
        /* jansson knows no number above 2^63. */
        ENT_ASSERT(j != NULL || json_error_code(&e) == json_error_numeric_overflow);
        json_decref(j);
    }
    ent_buf_release(&b);
    return 0;
}
