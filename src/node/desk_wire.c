/* desk_wire.c: the desk's messages as bytes. Nothing is judged here but their form. */
#include "node/desk_wire.h"

/* --- writing ------------------------------------------------------------------------------------
 */

struct out {
    struct ent_buf *b;
    enum ent_err err; /* the first */
};

static void put(struct out *o, const void *p, size_t n)
{
    if (o->err == ENT_OK)
        o->err = ent_buf_put(o->b, p, n);
}

static void put_u8(struct out *o, unsigned v)
{
    const uint8_t byte = (uint8_t)v;
    put(o, &byte, 1);
}

static void put_u16(struct out *o, size_t v)
{
    uint8_t bytes[2];
    ent_put_u16le(bytes, (uint16_t)v);
    put(o, bytes, sizeof(bytes));
}

static void put_u32(struct out *o, uint32_t v)
{
    uint8_t bytes[4];
    ent_put_u32le(bytes, v);
    put(o, bytes, sizeof(bytes));
}

static void put_u64(struct out *o, uint64_t v)
{
    uint8_t bytes[8];
    ent_put_u64le(bytes, v);
    put(o, bytes, sizeof(bytes));
}

static void put_member(struct out *o, const char member[static ENT_NAME_MAX + 1])
{
    size_t n = strnlen(member, ENT_NAME_MAX + 1);
    put_u8(o, (unsigned)n);
    put(o, member, n);
}

static bool is_fine(const struct ent_desk_request *q)
{
    bool names = q->type != ENT_DESK_KNOWN;
    if (names && (memchr(q->member, 0, sizeof(q->member)) == NULL ||
                  !ent_name_is_valid(ent_slice_str(q->member))))
        return false;
    switch (q->type) {
    case ENT_DESK_ADVANCE:
        return q->generation > 0 && q->sequence <= INT64_MAX;
    case ENT_DESK_SPENT:
        return (q->direction == ENT_THEY_ASK || q->direction == ENT_WE_ASK) &&
               q->period <= INT64_MAX;
    case ENT_DESK_CHARGE:
        return q->period <= INT64_MAX && q->items > 0 && q->items <= ENT_MATCH_ITEMS_MOST &&
               q->most <= INT64_MAX;
    case ENT_DESK_ASKED:
        return q->period <= INT64_MAX && q->items > 0 && q->items <= ENT_MATCH_ITEMS_MOST;
    case ENT_DESK_KNOWN:
        return q->types != 0 && (q->types & ~ENT_OBS_ALL) == 0 && q->at > 0;
    case ENT_DESK_ITEMS:
    default:
        break;
    }
    return false;
}

enum ent_err ent_desk_request_encode(struct ent_buf *b, const struct ent_desk_request *q)
{
    struct out o = {b, is_fine(q) ? ENT_OK : ENT_E_FORMAT};
    size_t before = b->n;
    if (q->type != ENT_DESK_KNOWN)
        put_member(&o, q->member);
    switch (q->type) {
    case ENT_DESK_ADVANCE:
        put_u32(&o, q->generation);
        put_u64(&o, q->sequence);
        break;
    case ENT_DESK_SPENT:
        put_u8(&o, (unsigned)q->direction);
        put_u64(&o, q->period);
        break;
    case ENT_DESK_CHARGE:
        put_u64(&o, q->period);
        put_u64(&o, q->items);
        put_u64(&o, q->most);
        break;
    case ENT_DESK_ASKED:
        put_u64(&o, q->period);
        put_u64(&o, q->items);
        break;
    case ENT_DESK_KNOWN:
        put_u32(&o, q->types);
        put_u64(&o, (uint64_t)q->at);
        break;
    case ENT_DESK_ITEMS:
    default:
        break;
    }
    if (o.err != ENT_OK)
        b->n = before;
    return o.err;
}

enum ent_err ent_desk_known_encode(struct ent_buf *b, const struct ent_desk_known *k)
{
    struct out o = {b, ENT_OK};
    put_u64(&o, k->items);
    put_u64(&o, k->unreleased);
    put_u8(&o, k->pad);
    return o.err;
}

static bool is_word(struct ent_slice s) /* a C string can hold it */
{
    return s.n == 0 || memchr(s.p, 0, s.n) == NULL;
}

enum ent_err ent_desk_item_encode(struct ent_buf *b, struct ent_slice key,
                                  const struct ent_label *l)
{
    const struct ent_slice kind = ent_slice_str(l->kind), text = ent_slice_str(l->text);
    struct out o = {b, ENT_OK};
    size_t before = b->n;
    if (key.n == 0 || key.n > ENT_OBS_KEY_MAX || !is_word(key) || !is_word(kind) || !is_word(text))
        return ENT_E_FORMAT;
    put_u16(&o, key.n);
    put(&o, key.p, key.n);
    put_u8(&o, (unsigned)l->tlp);
    put_u8(&o, l->confidence < 0 ? 255u : (unsigned)l->confidence);
    put_u8(&o, (unsigned)kind.n);
    put(&o, kind.p, kind.n);
    put_u16(&o, text.n);
    put(&o, text.p, text.n);
    if (o.err != ENT_OK)
        b->n = before;
    return o.err;
}

/* --- reading ------------------------------------------------------------------------------------
 */

static enum ent_err take_member(struct ent_cur *c, char ret[static ENT_NAME_MAX + 1])
{
    uint8_t n = 0;
    enum ent_err r = ent_cur_u8(c, &n);
    if (r == ENT_OK)
        r = n <= ENT_NAME_MAX ? ent_cur_copy(c, ret, n) : ENT_E_FORMAT;
    return r == ENT_OK && memchr(ret, 0, n) != NULL ? ENT_E_FORMAT : r;
}

static enum ent_err take_fields(struct ent_cur *c, struct ent_desk_request *q)
{
    uint8_t direction = 0;
    uint64_t at = 0;
    enum ent_err r = q->type == ENT_DESK_KNOWN ? ENT_OK : take_member(c, q->member);
    if (r != ENT_OK)
        return r;
    switch (q->type) {
    case ENT_DESK_ADVANCE:
        r = ent_cur_u32le(c, &q->generation);
        return r != ENT_OK ? r : ent_cur_u64le(c, &q->sequence);
    case ENT_DESK_SPENT:
        if ((r = ent_cur_u8(c, &direction)) != ENT_OK)
            return r;
        if (direction > ENT_WE_ASK)
            return ENT_E_FORMAT;
        q->direction = (enum ent_direction)direction;
        return ent_cur_u64le(c, &q->period);
    case ENT_DESK_CHARGE:
        if ((r = ent_cur_u64le(c, &q->period)) != ENT_OK ||
            (r = ent_cur_u64le(c, &q->items)) != ENT_OK)
            return r;
        return ent_cur_u64le(c, &q->most);
    case ENT_DESK_ASKED:
        r = ent_cur_u64le(c, &q->period);
        return r != ENT_OK ? r : ent_cur_u64le(c, &q->items);
    case ENT_DESK_KNOWN:
        if ((r = ent_cur_u32le(c, &q->types)) != ENT_OK || (r = ent_cur_u64le(c, &at)) != ENT_OK)
            return r;
        q->at = at <= INT64_MAX ? (int64_t)at : 0;
        return ENT_OK;
    case ENT_DESK_ITEMS:
    default:
        break;
    }
    return ENT_E_FORMAT;
}

enum ent_err ent_desk_request_parse(struct ent_desk_request *ret, uint16_t type,
                                    struct ent_slice bytes)
{
    struct ent_desk_request q = {.member = ""};
    struct ent_cur c = ent_cur(bytes);
    if (type < ENT_DESK_ADVANCE || type > ENT_DESK_ASKED)
        return ENT_E_FORMAT;
    q.type = (enum ent_desk_type)type;
    if (take_fields(&c, &q) != ENT_OK || ent_cur_end(&c) != ENT_OK || !is_fine(&q))
        return ENT_E_FORMAT;
    *ret = q;
    return ENT_OK;
}

enum ent_err ent_desk_known_parse(struct ent_desk_known *ret, struct ent_slice bytes)
{
    struct ent_cur c = ent_cur(bytes);
    struct ent_desk_known k = {0};
    uint8_t pad = 0;
    if (ent_cur_u64le(&c, &k.items) != ENT_OK || ent_cur_u64le(&c, &k.unreleased) != ENT_OK ||
        ent_cur_u8(&c, &pad) != ENT_OK || ent_cur_end(&c) != ENT_OK || pad > 1)
        return ENT_E_FORMAT;
    k.pad = pad == 1;
    *ret = k;
    return ENT_OK;
}

enum ent_err ent_desk_item_parse(struct ent_slice *ret_key, struct ent_label *ret,
                                 struct ent_cur *c)
{
    struct ent_slice key, kind, text;
    uint16_t key_n = 0, text_n = 0;
    uint8_t tlp = 0, confidence = 0, kind_n = 0;
    if (ent_cur_u16le(c, &key_n) != ENT_OK || ent_cur_take(c, &key, key_n) != ENT_OK ||
        ent_cur_u8(c, &tlp) != ENT_OK || ent_cur_u8(c, &confidence) != ENT_OK ||
        ent_cur_u8(c, &kind_n) != ENT_OK || ent_cur_take(c, &kind, kind_n) != ENT_OK ||
        ent_cur_u16le(c, &text_n) != ENT_OK || ent_cur_take(c, &text, text_n) != ENT_OK)
        return ENT_E_FORMAT;
    if (key.n == 0 || key.n > ENT_OBS_KEY_MAX || tlp < ENT_TLP_CLEAR || tlp > ENT_TLP_RED ||
        (confidence > 100 && confidence != 255) || kind.n > ENT_LABEL_KIND ||
        text.n > ENT_LABEL_TEXT || !is_word(key) || !is_word(kind) || !is_word(text))
        return ENT_E_FORMAT;
    ent_label_make(ret, (enum ent_tlp)tlp, confidence == 255 ? -1 : confidence, kind, text);
    *ret_key = key;
    return ENT_OK;
}
