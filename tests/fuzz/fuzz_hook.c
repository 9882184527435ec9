/* fuzz_hook.c: the webhook's queue: what a sender that was taken over may ask of the keeper, and an
 * answer to it. The first byte says which. */
#include "node/node.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct ent_hooks *hooks_new(struct ent_store **ret)
{
    struct ent_hooks *h = NULL;
    const struct ent_hooks_opts o = {.secret = ENT_SLICE_LIT("0123456789abcdef"),
                                     .node = "ministry",
                                     .events = 0x3f,
                                     .max_tlp = ENT_TLP_AMBER};
    struct ent_hooks_opts with = o;
    ENT_ASSERT(ent_secret_start() == ENT_OK);
    ENT_ASSERT(ent_store_open(ret, NULL, ":memory:") == ENT_OK);
    with.store = *ret;
    ENT_ASSERT(ent_hooks_new(&h, &with) == ENT_OK);
    return h;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct ent_store *store;
    static struct ent_hooks *hooks;
    struct ent_hook h;
    if (hooks == NULL)
        hooks = hooks_new(&store);
    if (n == 0)
        return 0;
    struct ent_direct d = {ent_hooks_serve, hooks, ENT_HOOK_ANSWER};
    struct ent_caller c = ent_caller_direct(&d);
    struct ent_msg m;
    ent_buf_init(&h.body, ENT_OUTBOX_BODY);
    if (c.call(c.ctx, &m, (uint16_t)(ENT_MSG_HOOK_NEXT + data[0] % 3),
               ent_slice(data + 1, n - 1)) == ENT_OK)
        ent_msg_release(&m);
    ENT_ASSERT(ent_hook_next(c, &h) == ENT_OK);
    if (h.id[0] != '\0')
        ENT_ASSERT(ent_hook_done(c, h.id, 200) == ENT_OK);
    if (ent_hook_parse(&h, ent_slice(data + 1, n - 1)) == ENT_OK && h.id[0] != '\0')
        ENT_ASSERT(h.body.n > 0 && h.header[0] != '\0');
    ent_buf_release(&h.body);
    return 0;
}
