/* rows.c: a tree of named values as bytes, and as JSON. */
#include "node/rows.h"

enum tag { OBJ = 1, ARR, END, STR, BYTES, U64, I64, TIME, BOOL };

/* --- writing ------------------------------------------------------------------------------------
 */

void ent_rows_start(struct ent_rows *w, struct ent_buf *b)
{
    *w = (struct ent_rows){.b = b};
}

enum ent_err ent_rows_end(struct ent_rows *w)
{
    if (w->err == ENT_OK && w->depth != 0)
        ENT_BUG("unbalanced rows");
    return w->err;
}

static void put(struct ent_rows *w, enum tag tag, const char *key, const void *p, size_t n)
{
    size_t key_n = key == NULL ? 0 : strlen(key);
    uint8_t head[2] = {(uint8_t)tag, (uint8_t)key_n};
    ENT_ASSERT(key_n <= ENT_ROWS_KEY);
    if (w->err == ENT_OK)
        w->err = ent_buf_put(w->b, head, sizeof(head));
    if (w->err == ENT_OK && key_n > 0)
        w->err = ent_buf_put(w->b, key, key_n);
    if (w->err == ENT_OK && n > 0)
        w->err = ent_buf_put(w->b, p, n);
}

static void put_long(struct ent_rows *w, enum tag tag, const char *key, struct ent_slice v)
{
    uint8_t n[4];
    if (v.n > UINT32_MAX) {
        w->err = w->err == ENT_OK ? ENT_E_LIMIT : w->err;
        return;
    }
    ent_put_u32le(n, (uint32_t)v.n);
    put(w, tag, key, n, sizeof(n));
    if (w->err == ENT_OK)
        w->err = ent_buf_put_slice(w->b, v);
}

static void put_number(struct ent_rows *w, enum tag tag, const char *key, uint64_t v)
{
    uint8_t n[8];
    ent_put_u64le(n, v);
    put(w, tag, key, n, sizeof(n));
}

static void open_one(struct ent_rows *w, enum tag tag, const char *key)
{
    ENT_ASSERT(w->depth < ENT_ROWS_DEPTH);
    w->depth++;
    put(w, tag, key, NULL, 0);
}

static void close_one(struct ent_rows *w)
{
    ENT_ASSERT(w->depth > 0);
    w->depth--;
    put(w, END, NULL, NULL, 0);
}

void ent_rows_obj(struct ent_rows *w, const char *key)
{
    open_one(w, OBJ, key);
}

void ent_rows_obj_end(struct ent_rows *w)
{
    close_one(w);
}

void ent_rows_arr(struct ent_rows *w, const char *key)
{
    open_one(w, ARR, key);
}

void ent_rows_arr_end(struct ent_rows *w)
{
    close_one(w);
}

void ent_rows_str(struct ent_rows *w, const char *key, struct ent_slice v)
{
    put_long(w, STR, key, v);
}

void ent_rows_cstr(struct ent_rows *w, const char *key, const char *v)
{
    put_long(w, STR, key, ent_slice_str(v));
}

void ent_rows_bytes(struct ent_rows *w, const char *key, struct ent_slice v)
{
    put_long(w, BYTES, key, v);
}

void ent_rows_hex(struct ent_rows *w, const char *key, const uint8_t *p, size_t n)
{
    char hex[ENT_HEX_LEN(64)];
    ENT_ASSERT(n <= 64);
    ent_hex_encode(hex, p, n);
    ent_rows_cstr(w, key, hex);
}

void ent_rows_u64(struct ent_rows *w, const char *key, uint64_t v)
{
    put_number(w, U64, key, v);
}

void ent_rows_i64(struct ent_rows *w, const char *key, int64_t v)
{
    put_number(w, I64, key, (uint64_t)v);
}

void ent_rows_bool(struct ent_rows *w, const char *key, bool v)
{
    const uint8_t one = v ? 1 : 0;
    put(w, BOOL, key, &one, 1);
}

void ent_rows_time(struct ent_rows *w, const char *key, int64_t t)
{
    if (t != 0)
        put_number(w, TIME, key, (uint64_t)t);
}

/* --- reading ------------------------------------------------------------------------------------
 */

struct value {
    enum tag tag;
    char key[ENT_ROWS_KEY + 1];
    struct ent_slice bytes;
    uint64_t number;
};

static enum ent_err next(struct ent_cur *c, struct value *v)
{
    uint8_t tag = 0, key_n = 0, one = 0;
    uint32_t n = 0;
    struct ent_slice key = {0};
    enum ent_err r;
    if ((r = ent_cur_u8(c, &tag)) != ENT_OK || (r = ent_cur_u8(c, &key_n)) != ENT_OK ||
        (r = ent_cur_take(c, &key, key_n)) != ENT_OK)
        return r;
    if (key_n > ENT_ROWS_KEY || tag < OBJ || tag > BOOL || (tag == END && key_n > 0))
        return ENT_E_FORMAT;
    for (size_t i = 0; i < key_n; i++)
        if (key.p[i] != '_' && (key.p[i] < 'a' || key.p[i] > 'z') &&
            (key.p[i] < '0' || key.p[i] > '9'))
            return ENT_E_FORMAT;
    *v = (struct value){.tag = (enum tag)tag};
    if (key_n > 0)
        memcpy(v->key, key.p, key_n);
    if (tag == STR || tag == BYTES) {
        if ((r = ent_cur_u32le(c, &n)) == ENT_OK)
            r = ent_cur_take(c, &v->bytes, n);
    } else if (tag == U64 || tag == I64 || tag == TIME) {
        r = ent_cur_u64le(c, &v->number);
    } else if (tag == BOOL && (r = ent_cur_u8(c, &one)) == ENT_OK) {
        v->number = one;
        r = one > 1 ? ENT_E_FORMAT : ENT_OK;
    }
    return r;
}

static enum ent_err put_base64(struct ent_json *j, const char *key, struct ent_slice v)
{
    char *text = malloc(ENT_BASE64_LEN(v.n));
    if (text == NULL)
        return ENT_E_NOMEM;
    ent_base64_encode(text, v.p, v.n);
    ent_json_cstr(j, key, text);
    free(text);
    return ENT_OK;
}

static enum ent_err put_scalar(struct ent_json *j, const struct value *v, const char *key)
{
    switch (v->tag) {
    case STR:
        ent_json_str(j, key, v->bytes);
        return ENT_OK;
    case BYTES:
        return put_base64(j, key, v->bytes);
    case U64:
        ent_json_u64(j, key, v->number);
        return ENT_OK;
    case I64:
        ent_json_i64(j, key, (int64_t)v->number);
        return ENT_OK;
    case TIME:
        ent_json_time(j, key, (int64_t)v->number);
        return ENT_OK;
    case BOOL:
        ent_json_bool(j, key, v->number != 0);
        return ENT_OK;
    case OBJ:
    case ARR:
    case END:
        break;
    }
    return ENT_E_FORMAT;
}

static void open_json(struct ent_json *j, enum tag tag, const char *key)
{
    if (tag == ARR)
        ent_json_arr(j, key);
    else
        ent_json_obj(j, key);
}

static void close_json(struct ent_json *j, bool arr)
{
    if (arr)
        ent_json_arr_end(j);
    else
        ent_json_obj_end(j);
}

/* Levels below `from` are opened and closed by the caller. */
static enum ent_err put_tree(struct ent_json *j, struct ent_slice rows, size_t from)
{
    bool arr[ENT_ROWS_DEPTH] = {false};
    struct ent_cur c = ent_cur(rows);
    struct value v;
    size_t depth = 0;
    enum ent_err r;
    do {
        if ((r = next(&c, &v)) != ENT_OK)
            return r;
        bool in_arr = depth > 0 && arr[depth - 1], named = v.key[0] != '\0';
        if (v.tag == END) {
            if (depth == 0)
                return ENT_E_FORMAT;
            if (--depth >= from)
                close_json(j, arr[depth]);
            continue;
        }
        if ((depth == 0 && v.tag != OBJ) || named == (in_arr || depth == 0))
            return ENT_E_FORMAT;
        const char *key = named ? v.key : NULL;
        if (v.tag != OBJ && v.tag != ARR) {
            if ((r = put_scalar(j, &v, key)) != ENT_OK)
                return r;
            continue;
        }
        if (depth == ENT_ROWS_DEPTH)
            return ENT_E_FORMAT;
        if (depth >= from)
            open_json(j, v.tag, key);
        arr[depth++] = v.tag == ARR;
    } while (depth > 0);
    return ent_cur_end(&c);
}

enum ent_err ent_rows_json(struct ent_buf *ret, struct ent_slice rows)
{
    struct ent_json j;
    ent_json_start(&j, ret);
    enum ent_err r = put_tree(&j, rows, 0);
    return r == ENT_OK ? ent_json_end(&j) : r;
}

enum ent_err ent_rows_members(struct ent_json *j, struct ent_slice rows)
{
    return put_tree(j, rows, 1);
}

enum ent_err ent_rows_number(uint64_t *ret, struct ent_slice rows, const char *key)
{
    struct ent_cur c = ent_cur(rows);
    struct value v;
    size_t depth = 0;
    enum ent_err r;
    do {
        if ((r = next(&c, &v)) != ENT_OK)
            return r;
        if (v.tag == END)
            depth = depth > 0 ? depth - 1 : 0;
        else if (v.tag == OBJ || v.tag == ARR)
            depth++;
        else if (depth == 1 && (v.tag == U64 || v.tag == TIME) && strcmp(v.key, key) == 0) {
            *ret = v.number;
            return ENT_OK;
        }
    } while (depth > 0);
    return ENT_E_NOTFOUND;
}
