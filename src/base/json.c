/* json.c: JSON output into a bounded buffer. */
#include "base/base.h"

#include <math.h>

void ent_json_start(struct ent_json *j, struct ent_buf *b)
{
    *j = (struct ent_json){.b = b};
}

enum ent_err ent_json_end(struct ent_json *j)
{
    if (j->err == ENT_OK && j->depth != 0)
        ENT_BUG("unbalanced JSON output");
    return j->err;
}

static void put(struct ent_json *j, const char *s)
{
    if (j->err == ENT_OK)
        j->err = ent_buf_puts(j->b, s);
}

/* RFC 8259 section 7: beyond the basic plane as a surrogate pair. */
static enum ent_err put_escape(struct ent_buf *b, uint32_t v)
{
    if (v < 0x10000)
        return ent_buf_printf(b, "\\u%04x", v);
    v -= 0x10000;
    return ent_buf_printf(b, "\\u%04x\\u%04x", 0xD800 + (v >> 10), 0xDC00 + (v & 0x3FF));
}

/* How many octets at the start stand for themselves: most of what is ever written. */
static size_t plain_run(struct ent_slice s)
{
    size_t n = 0;
    while (n < s.n && s.p[n] >= ' ' && s.p[n] < 0x7F && s.p[n] != '"' && s.p[n] != '\\')
        n++;
    return n;
}

/* In one piece what is plain as a whole. */
static void put_plain(struct ent_json *j, struct ent_slice s)
{
    uint8_t *to;
    if (j->err != ENT_OK || (j->err = ent_buf_reserve(j->b, &to, s.n + 2)) != ENT_OK)
        return;
    to[0] = to[s.n + 1] = '"';
    if (s.n > 0)
        memcpy(to + 1, s.p, s.n);
    j->b->n += s.n + 2;
}

static void put_string(struct ent_json *j, struct ent_slice s)
{
    size_t n;
    if (plain_run(s) == s.n) {
        put_plain(j, s);
        return;
    }
    put(j, "\"");
    for (size_t i = 0; i < s.n && j->err == ENT_OK; i += n) {
        if ((n = plain_run(ent_slice(s.p + i, s.n - i))) > 0) {
            j->err = ent_buf_put(j->b, s.p + i, n);
            continue;
        }
        int32_t v = ent_utf8_next(ent_slice(s.p + i, s.n - i), &n);
        if (v == '"' || v == '\\')
            j->err = ent_buf_printf(j->b, "\\%c", (char)v);
        else if (v == '\n')
            put(j, "\\n");
        else if (v == '\t')
            put(j, "\\t");
        else if (v >= 0 && ent_is_invisible(v)) /* U+009B drives terminals, U+202E deceives */
            j->err = put_escape(j->b, (uint32_t)v);
        else if (v < 0)
            put(j, "\xEF\xBF\xBD");
        else
            j->err = ent_buf_put(j->b, s.p + i, n);
    }
    put(j, "\"");
}

static void start_value(struct ent_json *j, const char *key)
{
    if (j->comma[j->depth])
        put(j, ",");
    j->comma[j->depth] = true;
    if (key != NULL) {
        put_string(j, ent_slice_str(key));
        put(j, ":");
    }
}

static void open_level(struct ent_json *j, const char *key, const char *bracket)
{
    start_value(j, key);
    put(j, bracket);
    if (j->depth + 1 >= ENT_JSON_DEPTH)
        ENT_BUG("JSON output nested too deeply");
    j->comma[++j->depth] = false;
}

static void close_level(struct ent_json *j, const char *bracket)
{
    if (j->depth == 0)
        ENT_BUG("unbalanced JSON output");
    j->depth--;
    put(j, bracket);
}

void ent_json_obj(struct ent_json *j, const char *key)
{
    open_level(j, key, "{");
}

void ent_json_obj_end(struct ent_json *j)
{
    close_level(j, "}");
}

void ent_json_arr(struct ent_json *j, const char *key)
{
    open_level(j, key, "[");
}

void ent_json_arr_end(struct ent_json *j)
{
    close_level(j, "]");
}

void ent_json_str(struct ent_json *j, const char *key, struct ent_slice v)
{
    start_value(j, key);
    put_string(j, v);
}

void ent_json_cstr(struct ent_json *j, const char *key, const char *v)
{
    ent_json_str(j, key, ent_slice_str(v));
}

void ent_json_u64(struct ent_json *j, const char *key, uint64_t v)
{
    start_value(j, key);
    if (j->err == ENT_OK)
        j->err = ent_buf_printf(j->b, "%llu", (unsigned long long)v);
}

void ent_json_i64(struct ent_json *j, const char *key, int64_t v)
{
    start_value(j, key);
    if (j->err == ENT_OK)
        j->err = ent_buf_printf(j->b, "%lld", (long long)v);
}

void ent_json_f64(struct ent_json *j, const char *key, double v)
{
    start_value(j, key);
    if (!isfinite(v))
        put(j, "null");
    else if (j->err == ENT_OK)
        j->err = ent_buf_printf(j->b, "%.6g", v);
}

void ent_json_bool(struct ent_json *j, const char *key, bool v)
{
    start_value(j, key);
    put(j, v ? "true" : "false");
}

void ent_json_time(struct ent_json *j, const char *key, int64_t t)
{
    char text[ENT_TIME_TEXT];
    ent_time_format(text, t);
    ent_json_cstr(j, key, text);
}
