/* desk_quorum_wire.c: the desk's messages about quorums as bytes, and those who send them. */
#include "node/node.h"

#include "node/desk_quorum.h"

void ent_quorum_id(char ret[static ENT_QUORUM_ID], const struct ent_hash32 *offer_leaf)
{
    ent_hex_encode(ret, offer_leaf->b, (ENT_QUORUM_ID - 1) / 2);
    ret[ENT_QUORUM_ID - 1] = '\0';
}

/* --- a run --------------------------------------------------------------------------------------
 */

static bool is_run(const struct ent_desk_run *r)
{
    if (r->window <= 0 || r->seconds == 0 || r->seconds > ENT_QUORUM_WINDOW || r->types == 0 ||
        (r->types & ~ENT_OBS_ALL) != 0 || r->items == 0 || r->items > ENT_QUORUM_ITEMS ||
        r->threshold < 2 || r->threshold > ENT_QUORUM_THRESHOLD || r->members < r->threshold ||
        r->members > ENT_QUORUM_MEMBERS)
        return false;
    for (uint32_t i = 0; i < r->members; i++)
        if (memchr(r->name[i], 0, sizeof(r->name[i])) == NULL ||
            !ent_name_is_valid(ent_slice_str(r->name[i])) ||
            (i > 0 && strcmp(r->name[i - 1], r->name[i]) >= 0))
            return false;
    return true;
}

enum ent_err ent_desk_run_encode(struct ent_buf *b, const struct ent_desk_run *r)
{
    uint8_t head[54];
    const size_t before = b->n;
    if (!is_run(r))
        return ENT_E_FORMAT;
    memcpy(head, r->leaf.b, 32);
    ent_put_u64le(head + 32, (uint64_t)r->window);
    ent_put_u32le(head + 40, r->seconds);
    ent_put_u32le(head + 44, r->types);
    ent_put_u32le(head + 48, r->items);
    head[52] = (uint8_t)r->threshold;
    head[53] = (uint8_t)r->members;
    enum ent_err e = ent_buf_put(b, head, sizeof(head));
    for (uint32_t i = 0; i < r->members && e == ENT_OK; i++)
        if ((e = ent_buf_putc(b, (char)strlen(r->name[i]))) == ENT_OK)
            e = ent_buf_puts(b, r->name[i]);
    if (e != ENT_OK)
        b->n = before;
    return e;
}

static enum ent_err take_name(struct ent_cur *c, char ret[static ENT_NAME_MAX + 1])
{
    uint8_t n = 0;
    if (ent_cur_u8(c, &n) != ENT_OK || n > ENT_NAME_MAX || ent_cur_copy(c, ret, n) != ENT_OK)
        return ENT_E_FORMAT;
    return memchr(ret, 0, n) == NULL ? ENT_OK : ENT_E_FORMAT;
}

enum ent_err ent_desk_run_parse(struct ent_desk_run *ret, struct ent_cur *c)
{
    uint64_t window = 0;
    uint8_t threshold = 0, members = 0;
    *ret = (struct ent_desk_run){.window = 0};
    if (ent_cur_copy(c, ret->leaf.b, 32) != ENT_OK || ent_cur_u64le(c, &window) != ENT_OK ||
        window > INT64_MAX || ent_cur_u32le(c, &ret->seconds) != ENT_OK ||
        ent_cur_u32le(c, &ret->types) != ENT_OK || ent_cur_u32le(c, &ret->items) != ENT_OK ||
        ent_cur_u8(c, &threshold) != ENT_OK || ent_cur_u8(c, &members) != ENT_OK ||
        members > ENT_QUORUM_MEMBERS)
        return ENT_E_FORMAT;
    ret->window = (int64_t)window;
    ret->threshold = threshold;
    ret->members = members;
    for (uint32_t i = 0; i < members; i++)
        if (take_name(c, ret->name[i]) != ENT_OK)
            return ENT_E_FORMAT;
    return is_run(ret) ? ENT_OK : ENT_E_FORMAT;
}

/* --- findings -----------------------------------------------------------------------------------
 */

static bool is_found(const struct ent_quorum_found *f)
{
    return f->item.n > 0 && f->item.n <= ENT_OBS_KEY_MAX && f->holders != 0 && f->tables > 0 &&
           f->tables <= ENT_QUORUM_TABLES_MOST;
}

enum ent_err ent_desk_found_begin(struct ent_buf *message, const struct ent_hash32 *offer_leaf)
{
    ent_buf_clear(message);
    return ent_buf_put(message, offer_leaf->b, sizeof(offer_leaf->b));
}

enum ent_err ent_desk_found_put(struct ent_buf *message, const struct ent_quorum_found *f)
{
    const size_t n = 2 + f->item.n + 9;
    uint8_t *at;
    if (!is_found(f))
        return ENT_E_FORMAT;
    if (message->n + n > ENT_DESK_FOUND_MAX)
        return ENT_E_LIMIT;
    enum ent_err r = ent_buf_reserve(message, &at, n);
    if (r != ENT_OK)
        return r;
    ent_put_u16le(at, (uint16_t)f->item.n);
    memcpy(at + 2, f->item.p, f->item.n);
    ent_put_u64le(at + 2 + f->item.n, f->holders);
    at[n - 1] = (uint8_t)f->tables;
    message->n += n;
    return ENT_OK;
}

enum ent_err ent_desk_found_parse(struct ent_quorum_found *ret, struct ent_cur *c)
{
    uint16_t n = 0;
    uint8_t tables = 0;
    if (ent_cur_u16le(c, &n) != ENT_OK || ent_cur_take(c, &ret->item, n) != ENT_OK ||
        ent_cur_u64le(c, &ret->holders) != ENT_OK || ent_cur_u8(c, &tables) != ENT_OK)
        return ENT_E_FORMAT;
    ret->tables = tables;
    return is_found(ret) ? ENT_OK : ENT_E_FORMAT;
}

/* --- who asks -----------------------------------------------------------------------------------
 */

static enum ent_err tell(const struct ent_caller *desk, uint16_t type, struct ent_slice payload)
{
    struct ent_msg m = ENT_MSG_NOTHING;
    enum ent_err r = desk->call(desk->ctx, &m, type, payload);
    if (r == ENT_OK && m.bytes.n != 0)
        r = ENT_E_PEER;
    ent_msg_release(&m);
    return r;
}

enum ent_err ent_desk_quorum(const struct ent_caller *desk, const struct ent_hash32 *offer_leaf,
                             const struct ent_quorum_offer *o)
{
    struct ent_desk_run run = {.leaf = *offer_leaf,
                               .window = o->window,
                               .seconds = o->seconds,
                               .types = o->types,
                               .items = o->shape.items,
                               .threshold = o->shape.threshold,
                               .members = o->shape.members};
    struct ent_buf b;
    memcpy(run.name, o->participant, sizeof(run.name));
    ent_buf_init(&b, ENT_DESK_RUN_MAX);
    enum ent_err r = ent_desk_run_encode(&b, &run);
    if (r == ENT_OK)
        r = tell(desk, ENT_DESK_QUORUM, ent_buf_slice(&b));
    ent_buf_release(&b);
    return r;
}

enum ent_err ent_desk_quorum_over(const struct ent_caller *desk,
                                  const struct ent_hash32 *offer_leaf)
{
    return tell(desk, ENT_DESK_QUORUM_OVER, ent_slice(offer_leaf->b, sizeof(offer_leaf->b)));
}

enum ent_err ent_desk_seed(const struct ent_caller *desk, struct ent_seed32 *ret,
                           const struct ent_hash32 *offer_leaf, enum ent_desk_part part)
{
    uint8_t call[33];
    struct ent_msg m = ENT_MSG_NOTHING;
    memcpy(call, offer_leaf->b, 32);
    call[32] = (uint8_t)part;
    enum ent_err r = desk->call(desk->ctx, &m, ENT_DESK_SEED, ent_slice(call, sizeof(call)));
    if (r == ENT_OK && m.bytes.n != sizeof(ret->b))
        r = ENT_E_PEER;
    if (r == ENT_OK)
        memcpy(ret->b, m.bytes.p, sizeof(ret->b));
    ent_buf_wipe(&m.bytes);
    ent_msg_release(&m);
    return r;
}

enum ent_err ent_desk_set(const struct ent_caller *desk, uint64_t *ret_items,
                          const struct ent_hash32 *offer_leaf)
{
    struct ent_msg m = ENT_MSG_NOTHING;
    uint64_t n = 0;
    enum ent_err r = desk->call(desk->ctx, &m, ENT_DESK_SET, ent_slice(offer_leaf->b, 32));
    if (r == ENT_OK) {
        struct ent_cur c = ent_cur(ent_buf_slice(&m.bytes));
        if (ent_cur_u64le(&c, &n) != ENT_OK || ent_cur_end(&c) != ENT_OK || n > ENT_QUORUM_ITEMS)
            r = ENT_E_PEER;
    }
    if (r == ENT_OK)
        *ret_items = n;
    ent_msg_release(&m);
    return r;
}

enum ent_err ent_desk_found(const struct ent_caller *desk, struct ent_slice message)
{
    return tell(desk, ENT_DESK_FOUND, message);
}
