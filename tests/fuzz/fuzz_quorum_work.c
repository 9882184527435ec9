/* fuzz_quorum_work.c: the first byte says which message, the rest is it: requests to a worker and
 * to the desk about quorums. What parses is written as it came; a worker that has not begun, and
 * has no desk, answers nothing. */
#include "node/node.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static enum ent_err no_desk(void *ctx, struct ent_msg *ret, uint16_t type, struct ent_slice payload)
{
    (void)ctx, (void)ret, (void)type, (void)payload;
    return ENT_E_PEER;
}

static void desk(struct ent_slice s, struct ent_buf *b)
{
    struct ent_cur c = ent_cur(s);
    struct ent_desk_run run;
    if (ent_desk_run_parse(&run, &c) == ENT_OK && ent_cur_end(&c) == ENT_OK)
        ENT_ASSERT(ent_desk_run_encode(b, &run) == ENT_OK && ent_slice_eq(ent_buf_slice(b), s));
    ent_buf_clear(b);
    struct ent_quorum_found f;
    for (c = ent_cur(s); c.n > 0 && ent_desk_found_parse(&f, &c) == ENT_OK;)
        ENT_ASSERT(ent_desk_found_put(b, &f) != ENT_OK || memcmp(b->p, s.p, b->n) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const struct ent_caller nobody = {NULL, no_desk};
    static struct ent_qwork_request q;
    struct ent_qworker *worker = NULL;
    struct ent_msg m = ENT_MSG_NOTHING;
    struct ent_buf b;
    if (n == 0 || ent_secret_start() != ENT_OK || ent_qworker_new(&worker, &nobody) != ENT_OK)
        return 0;
    const struct ent_slice s = ent_slice(data + 1, n - 1);
    const uint16_t type = (uint16_t)(ENT_MSG_QUORUM + data[0]);
    ent_buf_init(&b, n + ENT_DESK_FOUND_MAX);
    if (ent_qwork_request_parse(&q, type, s) == ENT_OK)
        ENT_ASSERT(ent_qwork_request_encode(&b, &q) == ENT_OK &&
                   ent_slice_eq(ent_buf_slice(&b), s));
    ent_buf_clear(&b);
    desk(s, &b);
    struct ent_direct direct = {ent_qworker_serve, worker, ENT_QWORK_ANSWER_MAX};
    const struct ent_caller c = ent_caller_direct(&direct);
    ENT_ASSERT(c.call(c.ctx, &m, type, s) != ENT_OK);
    ent_msg_release(&m);
    ent_qworker_free(worker);
    ent_buf_release(&b);
    return 0;
}
