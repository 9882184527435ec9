/* fuzz_web_msg.c: requests and answers of the users' port between two processes: what parses is
 * written the same again. */
#include "node/node.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct ent_web_request q;
    struct ent_web_answer a = {.status = 0};
    struct ent_buf b;
    ent_buf_init(&b, n);
    ent_buf_init(&a.headers, ENT_WEB_HEADERS_MAX);
    ent_buf_init(&a.body, ENT_WEB_ANSWER_MAX);
    if (ent_web_request_parse(&q, ent_slice(data, n)) == ENT_OK) {
        ENT_ASSERT(q.path[0] == '/' && strlen(q.path) <= n && q.body.n <= n);
        ENT_ASSERT(ent_web_request_encode(&b, &q) == ENT_OK);
        ENT_ASSERT(ent_slice_eq(ent_buf_slice(&b), ent_slice(data, n)));
    }
    ent_buf_clear(&b);
    if (ent_web_answer_parse(&a, ent_slice(data, n)) == ENT_OK) {
        ENT_ASSERT(ent_web_answer_encode(&b, &a) == ENT_OK);
        ENT_ASSERT(ent_slice_eq(ent_buf_slice(&b), ent_slice(data, n)));
    }
    ent_buf_release(&b);
    ent_buf_release(&a.headers);
    ent_buf_release(&a.body);
    return 0;
}
