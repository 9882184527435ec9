/* front_dial.c: calls to members through the front. */
#include "node/node.h"

static enum ent_err take(const struct ent_msg *m, unsigned *ret_status, struct ent_buf *answer,
                         struct ent_diag *d)
{
    struct ent_out_answer a;
    enum ent_err r = ent_out_answer_parse(&a, ent_buf_slice(&m->bytes));
    if (r != ENT_OK)
        return ent_fail(d, ENT_E_PEER, "the front's answer is none", 0, 0);
    if (a.err != ENT_OK)
        return ent_fail(d, a.err, a.why != NULL ? a.why : ent_err_str(a.err), 0, 0);
    if ((r = ent_buf_put_slice(answer, a.body)) != ENT_OK)
        return ent_fail(d, r, "the answer is larger than allowed", 0, 0);
    *ret_status = a.status;
    return ENT_OK;
}

static enum ent_err call(void *ctx, unsigned *ret_status, struct ent_buf *answer,
                         struct ent_diag *d, const struct ent_dial *q)
{
    const struct ent_caller *front = ctx;
    struct ent_msg m = ENT_MSG_NOTHING;
    struct ent_buf b;
    ent_buf_init(&b, ENT_OUT_MSG_MAX);
    enum ent_err r = ent_out_call_encode(&b, q, answer->max - answer->n);
    if (r != ENT_OK)
        r = ent_fail(d, r, "not a request the front can make", 0, 0);
    else if ((r = front->call(front->ctx, &m, ENT_FRONT_OUT, ent_buf_slice(&b))) != ENT_OK)
        r = ent_fail(d, r, "the process with the network does not answer", 0, 0);
    else
        r = take(&m, ret_status, answer, d);
    ent_buf_release(&b);
    ent_msg_release(&m);
    return r;
}

struct ent_dialer ent_front_dialer(const struct ent_caller *front)
{
    return (struct ent_dialer){(void *)(uintptr_t)front, call};
}
