/* report.c: records of the log: built, as bytes between processes, as lines. */
#include "node/report.h"

#include "base/base.h"

const struct ent_msg_row ent_report_rows[ENT_REPORT_ROWS] = {
    {ENT_MSG_REPORT, ENT_MSG_NOTE, ENT_MSG_ANY & ~ENT_MSG_BIT(ENT_PROCESS_PARENT), ENT_MSG_ANY, 11,
     ENT_REPORT_MAX, ENT_MSG_FD_NONE},
};

static const char *const levels[ENT_LEVELS] = {"debug", "info", "warn", "alert"};
static const char *const processes[ENT_PROCESSES] = {"parent", "front",  "api",   "ledger",
                                                     "match",  "keeper", "signer"};

const char *ent_level_word(enum ent_level l)
{
    return levels[l];
}

const char *ent_process_word(enum ent_process p)
{
    return processes[p];
}

static bool is_word(struct ent_slice s)
{
    if (s.n == 0 || s.n > ENT_REPORT_WORD)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        const uint8_t c = s.p[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-' && c != '_')
            return false;
    }
    return true;
}

/* Keys that the line itself has: a field could speak for the writer. */
static bool is_key(const struct ent_report *r, size_t n, struct ent_slice s)
{
    static const char *const own[] = {"time", "level", "event", "role"};
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        if (ent_slice_eq(s, ent_slice_str(own[i])))
            return false;
    for (size_t i = 0; i < n; i++)
        if (ent_slice_eq(s, r->field[i].key))
            return false;
    return is_word(s);
}

/* --- building -----------------------------------------------------------------------------------
 */

void ent_report_init(struct ent_report *ret, enum ent_level level, const char *event)
{
    *ret =
        (struct ent_report){.time = ent_clock_now(), .level = level, .event = ent_slice_str(event)};
    ENT_ASSERT(is_word(ret->event));
}

static struct ent_report_field *add(struct ent_report *r, const char *key)
{
    ENT_ASSERT(r->n < ENT_REPORT_FIELDS && is_key(r, r->n, ent_slice_str(key)));
    r->field[r->n].key = ent_slice_str(key);
    return &r->field[r->n++];
}

void ent_report_text(struct ent_report *r, const char *key, const char *text)
{
    struct ent_report_field *f = add(r, key);
    f->text = ent_slice_str(text);
    if (f->text.n > ENT_REPORT_TEXT)
        f->text.n = ENT_REPORT_TEXT;
}

void ent_report_number(struct ent_report *r, const char *key, uint64_t number)
{
    struct ent_report_field *f = add(r, key);
    f->is_number = true;
    f->number = number;
}

/* --- bytes --------------------------------------------------------------------------------------
 */

static enum ent_err put_u64(struct ent_buf *b, uint64_t v)
{
    uint8_t bytes[8];
    ent_put_u64le(bytes, v);
    return ent_buf_put(b, bytes, sizeof(bytes));
}

static enum ent_err put_word(struct ent_buf *b, struct ent_slice s)
{
    enum ent_err r = ent_buf_putc(b, (char)s.n);
    return r == ENT_OK ? ent_buf_put_slice(b, s) : r;
}

static enum ent_err put_field(struct ent_buf *b, const struct ent_report_field *f)
{
    uint8_t n[2];
    enum ent_err r;
    if ((r = put_word(b, f->key)) != ENT_OK ||
        (r = ent_buf_putc(b, f->is_number ? 1 : 0)) != ENT_OK)
        return r;
    if (f->is_number)
        return put_u64(b, f->number);
    ent_put_u16le(n, (uint16_t)f->text.n);
    r = ent_buf_put(b, n, sizeof(n));
    return r == ENT_OK ? ent_buf_put_slice(b, f->text) : r;
}

enum ent_err ent_report_encode(struct ent_buf *b, const struct ent_report *r)
{
    const size_t before = b->n;
    enum ent_err e = r->time < 0 ? ENT_E_FORMAT : ENT_OK;
    if (e == ENT_OK && (e = put_u64(b, (uint64_t)r->time)) == ENT_OK &&
        (e = ent_buf_putc(b, (char)r->level)) == ENT_OK && (e = put_word(b, r->event)) == ENT_OK)
        e = ent_buf_putc(b, (char)r->n);
    for (size_t i = 0; i < r->n && e == ENT_OK; i++)
        e = put_field(b, &r->field[i]);
    if (e == ENT_OK && b->n - before > ENT_REPORT_MAX)
        e = ENT_E_LIMIT;
    if (e != ENT_OK)
        b->n = before;
    return e;
}

static enum ent_err get_word(struct ent_cur *c, struct ent_slice *ret)
{
    uint8_t n;
    enum ent_err r = ent_cur_u8(c, &n);
    return r == ENT_OK ? ent_cur_take(c, ret, n) : r;
}

static enum ent_err get_field(struct ent_cur *c, struct ent_report_field *f)
{
    uint8_t kind;
    uint16_t n;
    enum ent_err r;
    if ((r = get_word(c, &f->key)) != ENT_OK || (r = ent_cur_u8(c, &kind)) != ENT_OK)
        return r;
    f->is_number = kind == 1;
    if (kind == 1)
        return ent_cur_u64le(c, &f->number);
    if (kind != 0 || (r = ent_cur_u16le(c, &n)) != ENT_OK || n > ENT_REPORT_TEXT)
        return ENT_E_FORMAT;
    return ent_cur_take(c, &f->text, n);
}

enum ent_err ent_report_parse(struct ent_report *ret, struct ent_slice bytes)
{
    struct ent_cur c = ent_cur(bytes);
    struct ent_report v = {0};
    uint64_t time;
    uint8_t level, n;
    if (bytes.n > ENT_REPORT_MAX || ent_cur_u64le(&c, &time) != ENT_OK || time > INT64_MAX ||
        ent_cur_u8(&c, &level) != ENT_OK || level >= ENT_LEVELS ||
        get_word(&c, &v.event) != ENT_OK || !is_word(v.event) || ent_cur_u8(&c, &n) != ENT_OK ||
        n > ENT_REPORT_FIELDS)
        return ENT_E_FORMAT;
    v.time = (int64_t)time;
    v.level = (enum ent_level)level;
    for (; v.n < n; v.n++)
        if (get_field(&c, &v.field[v.n]) != ENT_OK || !is_key(&v, v.n, v.field[v.n].key))
            return ENT_E_FORMAT;
    if (ent_cur_end(&c) != ENT_OK)
        return ENT_E_FORMAT;
    *ret = v;
    return ENT_OK;
}

/* --- lines --------------------------------------------------------------------------------------
 */

/* What foreign bytes come to first is what is taken over first. */
static bool is_exposed(enum ent_process p)
{
    return p == ENT_PROCESS_FRONT || p == ENT_PROCESS_API || p == ENT_PROCESS_MATCH;
}

static bool needs_quotes(struct ent_slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] >= 0x7f || s.p[i] == '"' || s.p[i] == '=' || s.p[i] == '\\')
            return true;
    return s.n == 0;
}

/* Quoted, it is a string of JSON: what readers of logfmt know, and one way to escape. */
static enum ent_err put_value(struct ent_buf *b, struct ent_slice s)
{
    struct ent_json j;
    if (!needs_quotes(s))
        return ent_buf_put_slice(b, s);
    ent_json_start(&j, b);
    ent_json_str(&j, NULL, s);
    return ent_json_end(&j);
}

static enum ent_err put_pair(struct ent_buf *b, const struct ent_report_field *f)
{
    enum ent_err r;
    if ((r = ent_buf_putc(b, ' ')) != ENT_OK || (r = ent_buf_put_slice(b, f->key)) != ENT_OK ||
        (r = ent_buf_putc(b, '=')) != ENT_OK)
        return r;
    return f->is_number ? ent_buf_printf(b, "%llu", (unsigned long long)f->number)
                        : put_value(b, f->text);
}

static enum ent_err put_logfmt(struct ent_buf *b, const struct ent_report *r, enum ent_process from)
{
    char time[ENT_TIME_TEXT];
    ent_time_format(time, r->time);
    enum ent_err e = ent_buf_printf(b, "time=%s level=%s event=%.*s", time, levels[r->level],
                                    (int)r->event.n, (const char *)r->event.p);
    for (size_t i = 0; i < r->n && e == ENT_OK; i++)
        e = put_pair(b, &r->field[i]);
    if (e == ENT_OK && is_exposed(from))
        e = ent_buf_printf(b, " role=%s", processes[from]);
    return e;
}

static enum ent_err put_json(struct ent_buf *b, const struct ent_report *r, enum ent_process from)
{
    struct ent_json j;
    ent_json_start(&j, b);
    ent_json_obj(&j, NULL);
    ent_json_time(&j, "time", r->time);
    ent_json_cstr(&j, "level", levels[r->level]);
    ent_json_str(&j, "event", r->event);
    for (size_t i = 0; i < r->n; i++) {
        const struct ent_report_field *f = &r->field[i];
        char key[ENT_REPORT_WORD + 1] = "";
        memcpy(key, f->key.p, f->key.n); /* a word */
        if (f->is_number)
            ent_json_u64(&j, key, f->number);
        else
            ent_json_str(&j, key, f->text);
    }
    if (is_exposed(from))
        ent_json_cstr(&j, "role", processes[from]);
    ent_json_obj_end(&j);
    return ent_json_end(&j);
}

enum ent_err ent_report_line(struct ent_buf *b, const struct ent_report *r,
                             enum ent_log_format format, enum ent_process from)
{
    return format == ENT_LOG_JSON ? put_json(b, r, from) : put_logfmt(b, r, from);
}

enum ent_err ent_report_syslog(struct ent_buf *b, const struct ent_report *r,
                               enum ent_log_format format, enum ent_process from, const char *host)
{
    static const unsigned severity[ENT_LEVELS] = {7, 6, 4, 1};
    char time[ENT_TIME_TEXT];
    ent_time_format(time, r->time); /* a "-" is RFC 5424's word for none, too */
    enum ent_err e = ent_buf_printf(b, "<%u>1 %s %s entente %s %.*s - ", 3 * 8 + severity[r->level],
                                    time, host[0] == '\0' ? "-" : host, processes[from],
                                    (int)r->event.n, (const char *)r->event.p);
    return e == ENT_OK ? ent_report_line(b, r, format, from) : e;
}
