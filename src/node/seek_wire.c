/* seek_wire.c: asking a seeker: its messages as bytes, and what is believed of its answers. */
#include "node/node.h"

enum ent_err ent_seek_put(struct ent_buf *message, struct ent_slice key)
{
    uint8_t n[2];
    if (key.n == 0 || key.n > ENT_OBS_KEY_MAX)
        return ENT_E_FORMAT;
    if (message->max - message->n < sizeof(n) + key.n)
        return ENT_E_LIMIT;
    ent_put_u16le(n, (uint16_t)key.n);
    enum ent_err r = ent_buf_put(message, n, sizeof(n));
    return r == ENT_OK ? ent_buf_put_slice(message, key) : r;
}

enum ent_err ent_seek_take(struct ent_slice *ret, struct ent_cur *c)
{
    uint16_t n = 0;
    if (ent_cur_u16le(c, &n) != ENT_OK || n == 0 || n > ENT_OBS_KEY_MAX ||
        ent_cur_take(c, ret, n) != ENT_OK)
        return ENT_E_FORMAT;
    return ENT_OK;
}

/* For what has no answer but that it is done. */
static enum ent_err tell(const struct ent_caller *c, uint16_t type, struct ent_slice payload)
{
    struct ent_msg m = ENT_MSG_NOTHING;
    enum ent_err r = c->call(c->ctx, &m, type, payload);
    if (r == ENT_OK && m.bytes.n != 0)
        r = ENT_E_PEER;
    ent_msg_release(&m);
    return r;
}

/* The same with a number, or 32 bytes, before it. */
static enum ent_err tell_with(const struct ent_caller *c, uint16_t type, const uint8_t *head,
                              size_t n, struct ent_slice payload)
{
    struct ent_buf b;
    ent_buf_init(&b, n + payload.n);
    enum ent_err r = ent_buf_put(&b, head, n);
    if (r == ENT_OK && payload.n > 0)
        r = ent_buf_put_slice(&b, payload);
    if (r == ENT_OK)
        r = tell(c, type, ent_buf_slice(&b));
    ent_buf_release(&b);
    return r;
}

enum ent_err ent_seek_add(const struct ent_caller *c, struct ent_slice message)
{
    return tell(c, ENT_SEEK_ADD, message);
}

enum ent_err ent_seek_offer(const struct ent_caller *c, struct ent_match_offer *ret,
                            struct ent_seed32 *ret_seed, bool pad)
{
    const uint8_t byte = pad;
    struct ent_msg m = ENT_MSG_NOTHING;
    struct ent_match_offer o = *ret;
    struct ent_seed32 seed;
    enum ent_err r = c->call(c->ctx, &m, ENT_SEEK_OFFER, ent_slice(&byte, 1));
    if (r != ENT_OK)
        return r;
    struct ent_cur cur = ent_cur(ent_buf_slice(&m.bytes));
    if (ent_cur_u64le(&cur, &o.items) != ENT_OK || ent_cur_copy(&cur, o.nonce.b, 32) != ENT_OK ||
        ent_cur_copy(&cur, o.root.b, 32) != ENT_OK || ent_cur_copy(&cur, seed.b, 32) != ENT_OK ||
        ent_cur_end(&cur) != ENT_OK || o.items == 0 || o.items > ENT_MATCH_ITEMS_MOST)
        r = ENT_E_PEER;
    if (r == ENT_OK) {
        *ret = o;
        *ret_seed = seed;
    }
    ent_wipe(&seed, sizeof(seed));
    ent_buf_wipe(&m.bytes);
    ent_msg_release(&m);
    return r;
}

enum ent_err ent_seek_start(const struct ent_caller *c, const struct ent_hash32 *sid,
                            const struct ent_match_accept *accept)
{
    struct ent_buf body;
    ent_buf_init(&body, ENT_SEEK_ACCEPT_MAX);
    enum ent_err r = ent_match_accept_encode(&body, accept);
    if (r == ENT_OK)
        r = tell_with(c, ENT_SEEK_START, sid->b, sizeof(sid->b), ent_buf_slice(&body));
    ent_buf_release(&body);
    return r;
}

enum ent_err ent_seek_question(const struct ent_caller *c, struct ent_buf *b, uint64_t items,
                               uint64_t batch)
{
    const size_t n = ent_lookup_batch_count(items, batch);
    uint8_t head[8];
    struct ent_msg m = ENT_MSG_NOTHING;
    ent_put_u64le(head, batch);
    enum ent_err r = c->call(c->ctx, &m, ENT_SEEK_QUESTION, ent_slice(head, sizeof(head)));
    if (r != ENT_OK)
        return r;
    struct ent_cur cur = ent_cur(ent_buf_slice(&m.bytes));
    uint32_t number = 0;
    if (ent_cur_u32le(&cur, &number) != ENT_OK || number != batch || cur.n != 32 * n)
        r = ENT_E_PEER;
    if (r == ENT_OK)
        r = ent_buf_put_slice(b, ent_buf_slice(&m.bytes));
    ent_msg_release(&m);
    return r;
}

enum ent_err ent_seek_answer(const struct ent_caller *c, uint64_t batch, struct ent_slice answer)
{
    uint8_t head[8];
    ent_put_u64le(head, batch);
    return tell_with(c, ENT_SEEK_ANSWER, head, sizeof(head), answer);
}

enum ent_err ent_seek_match(const struct ent_caller *c)
{
    return tell(c, ENT_SEEK_MATCH, ent_slice(NULL, 0));
}

enum ent_err ent_seek_filter(const struct ent_caller *c, struct ent_slice block)
{
    return tell(c, ENT_SEEK_FILTER, block);
}

enum ent_err ent_seek_labels(const struct ent_caller *c, struct ent_slice block)
{
    return tell(c, ENT_SEEK_LABELS, block);
}

/* --- the result ---------------------------------------------------------------------------------
 */

static enum ent_err take_hits(struct ent_buf *text, uint64_t *ret_hits, uint64_t *ret_all,
                              const struct ent_msg *m, size_t had)
{
    struct ent_cur c = ent_cur(ent_buf_slice(&m->bytes));
    uint64_t hits = 0, all = 0;
    if (ent_cur_u64le(&c, &hits) != ENT_OK || ent_cur_u64le(&c, &all) != ENT_OK || all < had ||
        c.n > all - had || (c.n == 0 && all != had) ||
        (had > 0 && (hits != *ret_hits || all != *ret_all)))
        return ENT_E_PEER;
    *ret_hits = hits;
    *ret_all = all;
    return c.n == 0 ? ENT_OK : ent_buf_put(text, c.p, c.n);
}

/* A line each, of what can be shown. */
static bool is_list(struct ent_slice text, uint64_t lines)
{
    uint64_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '\n')
            n++;
        else if (text.p[i] < 0x20 || text.p[i] == 0x7F)
            return false;
    }
    return n == lines && (text.n == 0 || text.p[text.n - 1] == '\n') && ent_utf8_valid(text, NULL);
}

enum ent_err ent_seek_hits(const struct ent_caller *c, struct ent_buf *text, uint64_t *ret_hits)
{
    const size_t before = text->n;
    uint64_t hits = 0, all = 0;
    enum ent_err r = ENT_OK;
    do {
        uint8_t at[8];
        struct ent_msg m = ENT_MSG_NOTHING;
        ent_put_u64le(at, text->n - before);
        if ((r = c->call(c->ctx, &m, ENT_SEEK_HITS, ent_slice(at, sizeof(at)))) == ENT_OK)
            r = take_hits(text, &hits, &all, &m, text->n - before);
        ent_buf_wipe(&m.bytes);
        ent_msg_release(&m);
    } while (r == ENT_OK && text->n - before < all);
    /* text->p may be NULL when nothing came */
    const struct ent_slice list =
        before == 0 ? ent_buf_slice(text) : ent_slice(text->p + before, text->n - before);
    if (r == ENT_OK && !is_list(list, hits))
        r = ENT_E_PEER;
    if (r != ENT_OK)
        text->n = before;
    else
        *ret_hits = hits;
    return r;
}

static enum ent_err take_said(struct ent_cur *c, struct ent_lookup_hit *h, struct ent_label *l)
{
    uint8_t opens = 0;
    if (ent_cur_u8(c, &opens) != ENT_OK || opens > 1)
        return ENT_E_FORMAT;
    h->label = opens == 1 ? l : NULL;
    return opens == 1 ? ent_desk_item_parse(&h->item, l, c) : ent_seek_take(&h->item, c);
}

enum ent_err ent_seek_said_each(struct ent_slice said,
                                enum ent_err (*hit)(void *ctx, const struct ent_lookup_hit *h),
                                void *ctx)
{
    struct ent_cur c = ent_cur(said);
    enum ent_err r = ENT_OK;
    for (unsigned i = 0; r == ENT_OK && c.n > 0; i++) {
        struct ent_lookup_hit h;
        struct ent_label l;
        r = i < ENT_SEEK_SAID_MOST ? take_said(&c, &h, &l) : ENT_E_FORMAT;
        if (r == ENT_OK)
            r = hit(ctx, &h);
    }
    return r;
}

static enum ent_err take_any(void *ctx, const struct ent_lookup_hit *h)
{
    (void)ctx, (void)h;
    return ENT_OK;
}

enum ent_err ent_seek_said(const struct ent_caller *c, struct ent_buf *ret)
{
    struct ent_msg m = ENT_MSG_NOTHING;
    enum ent_err r = c->call(c->ctx, &m, ENT_SEEK_SAID, ent_slice(NULL, 0));
    if (r == ENT_OK && ent_seek_said_each(ent_buf_slice(&m.bytes), take_any, NULL) != ENT_OK)
        r = ENT_E_PEER;
    if (r == ENT_OK && m.bytes.n > 0)
        r = ent_buf_put_slice(ret, ent_buf_slice(&m.bytes));
    ent_buf_wipe(&m.bytes);
    ent_msg_release(&m);
    return r;
}
