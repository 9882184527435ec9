/* fuzz_seek.c: the first byte says which message, the rest is it: what a seeker is told, at its
 * beginning and inside a run, and what one that was taken over says of its run. */
#include "node/node.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static enum ent_err say(void *ctx, struct ent_msg *ret, uint16_t type, struct ent_slice payload)
{
    const struct ent_slice *s = ctx;
    (void)payload;
    *ret = (struct ent_msg){.type = type, .fd = -1};
    ent_buf_init(&ret->bytes, s->n);
    return ent_buf_put_slice(&ret->bytes, *s);
}

static enum ent_err hit(void *ctx, const struct ent_lookup_hit *h)
{
    (void)ctx;
    return h->item.n > 0 && h->item.n <= ENT_OBS_KEY_MAX ? ENT_OK : ENT_E_LIMIT;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct ent_seeker *seeker = NULL;
    struct ent_msg m = ENT_MSG_NOTHING;
    struct ent_slice s = ent_slice(data + 1, n - 1);
    struct ent_match_offer o = {.items = 0};
    struct ent_seed32 seed;
    struct ent_buf b;
    uint64_t hits = 0;
    if (n == 0 || ent_secret_start() != ENT_OK || ent_seeker_new(&seeker, NULL) != ENT_OK)
        return 0;
    struct ent_direct direct = {ent_seeker_serve, seeker, ENT_SEEK_ANSWER_MAX};
    struct ent_caller c = ent_caller_direct(&direct);
    if (data[0] >= 128 && ent_seek_add(&c, ENT_SLICE_LIT("\1\0x")) != ENT_OK)
        ENT_BUG("cannot begin");
    if (c.call(c.ctx, &m, (uint16_t)(ENT_MSG_SEEK + data[0] % 128), s) == ENT_OK)
        ent_msg_release(&m);
    ent_seeker_free(seeker);
    c = (struct ent_caller){&s, say};
    ent_buf_init(&b, n + 16);
    if (ent_seek_offer(&c, &o, &seed, false) == ENT_OK)
        ENT_ASSERT(o.items > 0 && o.items <= ENT_MATCH_ITEMS_MOST);
    (void)!ent_seek_question(&c, &b, 10, 0);
    ent_buf_clear(&b);
    if (ent_seek_hits(&c, &b, &hits) == ENT_OK)
        ENT_ASSERT(hits == 0 || (b.n > 0 && b.p[b.n - 1] == '\n'));
    (void)!ent_seek_said(&c, &b);
    (void)!ent_seek_said_each(s, hit, NULL);
    ent_buf_release(&b);
    return 0;
}
