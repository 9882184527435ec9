/* fuzz_run.c: the first byte says which message, the rest is it: requests to a runner, and what one
 * that was taken over says that it opened. What parses is written as it came; a runner that has not
 * begun, and has no desk, answers nothing. */
#include "node/node.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static enum ent_err no_desk(void *ctx, struct ent_msg *ret, uint16_t type, struct ent_slice payload)
{
    (void)ctx, (void)ret, (void)type, (void)payload;
    return ENT_E_PEER;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const struct ent_caller desk = {NULL, no_desk};
    struct ent_runner *runner = NULL;
    struct ent_run_request q;
    struct ent_run_opened o;
    struct ent_msg m = ENT_MSG_NOTHING;
    struct ent_buf b;
    if (n == 0 || ent_secret_start() != ENT_OK || ent_runner_new(&runner, &desk, NULL) != ENT_OK)
        return 0;
    const uint16_t type = (uint16_t)(ENT_MSG_RUN + data[0]);
    const struct ent_slice s = ent_slice(data + 1, n - 1);
    ent_buf_init(&b, n + ENT_RUN_OPENED_MAX);
    if (ent_run_request_parse(&q, type, s) == ENT_OK)
        ENT_ASSERT(ent_run_request_encode(&b, &q) == ENT_OK && ent_slice_eq(ent_buf_slice(&b), s));
    ent_buf_clear(&b);
    if (ent_run_opened_parse(&o, s) == ENT_OK)
        ENT_ASSERT(ent_run_opened_encode(&b, &o) == ENT_OK && ent_slice_eq(ent_buf_slice(&b), s));
    struct ent_direct direct = {ent_runner_serve, runner, ENT_RUN_ANSWER_MAX};
    const struct ent_caller c = ent_caller_direct(&direct);
    ENT_ASSERT(c.call(c.ctx, &m, type, s) != ENT_OK);
    ent_msg_release(&m);
    ent_runner_free(runner);
    ent_buf_release(&b);
    return 0;
}
