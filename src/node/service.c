/* service.c: a service that is asked in its own process. */
#include "node/service.h"

static enum ent_err call_direct(void *ctx, struct ent_msg *ret, uint16_t type,
                                struct ent_slice payload)
{
    const struct ent_direct *d = ctx;
    struct ent_msg call = {.type = type, .kind = ENT_MSG_CALL, .id = 1, .fd = -1};
    *ret = (struct ent_msg){.type = type, .kind = ENT_MSG_ANSWER, .id = 1, .fd = -1};
    ent_buf_init(&call.bytes, payload.n);
    ent_buf_init(&ret->bytes, d->max);
    enum ent_err r = ent_buf_put_slice(&call.bytes, payload);
    if (r == ENT_OK)
        r = d->serve(d->service, ret, &call);
    ent_msg_release(&call);
    if (r != ENT_OK)
        ent_msg_release(ret);
    return r;
}

struct ent_caller ent_caller_direct(struct ent_direct *d)
{
    return (struct ent_caller){d, call_direct};
}
