/* text.c: UTF-8 and escaping. Variable time, for public bytes. */
#include "base/base.h"

int32_t ent_utf8_next(struct ent_slice s, size_t *ret_n)
{
    static const int32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    uint8_t c = s.p[0];
    size_t n = c < 0x80                ? 1
               : c >= 0xC2 && c < 0xE0 ? 2
               : (c & 0xF0) == 0xE0    ? 3
               : c >= 0xF0 && c < 0xF5 ? 4
                                       : 0;
    *ret_n = 1;
    if (n == 1)
        return c;
    if (n == 0 || s.n < n)
        return -1;
    int32_t v = c & (0xFF >> (n + 1));
    for (size_t i = 1; i < n; i++) {
        if ((s.p[i] & 0xC0) != 0x80)
            return -1;
        v = v << 6 | (s.p[i] & 0x3F);
    }
    if (v < least[n] || (v >= 0xD800 && v < 0xE000) || v > 0x10FFFF)
        return -1;
    *ret_n = n;
    return v;
}

bool ent_utf8_valid(struct ent_slice s, size_t *ret_bad)
{
    size_t i = 0, n;
    while (i < s.n) {
        if (s.p[i] < 0x80) {
            i++;
            continue;
        }
        if (ent_utf8_next(ent_slice(s.p + i, s.n - i), &n) < 0) {
            if (ret_bad != NULL)
                *ret_bad = i;
            return false;
        }
        i += n;
    }
    return true;
}

bool ent_is_invisible(int32_t v)
{
    return v < 0x20 || (v >= 0x7F && v < 0xA0) || v == 0xAD || v == 0x61C || v == 0x180E ||
           (v >= 0x200B && v <= 0x200F) || (v >= 0x2028 && v <= 0x202E) ||
           (v >= 0x2060 && v <= 0x206F) || (v >= 0xFE00 && v <= 0xFE0F) || v == 0xFEFF ||
           (v >= 0xFFF0 && v <= 0xFFFB) || (v >= 0xE0000 && v <= 0xE0FFF);
}

enum ent_err ent_escape(struct ent_buf *b, struct ent_slice s, size_t max_chars)
{
    enum ent_err r = ENT_OK;
    size_t n;
    for (size_t i = 0; i < s.n && r == ENT_OK; i += n) {
        int32_t v = ent_utf8_next(ent_slice(s.p + i, s.n - i), &n);
        if (max_chars-- == 0)
            return ent_buf_puts(b, "...");
        if (v < 0)
            r = ent_buf_printf(b, "\\x%02x", s.p[i]);
        else if (v == '\n' || v == '\t' || v == '\r')
            r = ent_buf_printf(b, "\\%c", v == '\n' ? 'n' : v == '\t' ? 't' : 'r');
        else if (v == '\\')
            r = ent_buf_puts(b, "\\\\");
        else if (ent_is_invisible(v))
            r = v < 0x100 ? ent_buf_printf(b, "\\x%02x", (unsigned)v)
                          : ent_buf_printf(b, "\\u{%x}", (unsigned)v);
        else
            r = ent_buf_put(b, s.p + i, n);
    }
    return r;
}

const char *ent_show(char ret[static ENT_SHOW_MAX], struct ent_slice s)
{
    /* The widest escape is \u{10ffff}: ten bytes. Cut by characters so that all of them fit. */
    struct ent_buf b;
    ent_buf_init(&b, 4096);
    (void)snprintf(ret, ENT_SHOW_MAX, "...");
    if (ent_escape(&b, s, 160) == ENT_OK && b.n < ENT_SHOW_MAX) {
        if (b.n > 0)
            memcpy(ret, b.p, b.n);
        ret[b.n] = '\0';
    } else if (b.n >= ENT_SHOW_MAX) {
        size_t n = ENT_SHOW_MAX - 4;
        while (n > 0 && (b.p[n] & 0xC0) == 0x80) /* not in the middle of a character */
            n--;
        memcpy(ret, b.p, n);
        memcpy(ret + n, "...", 4);
    }
    ent_buf_release(&b);
    return ret;
}

const char *ent_show_count(char ret[static ENT_NUM_TEXT], uint64_t v)
{
    char digits[24];
    int n = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)v);
    char *to = ret;
    for (int i = 0; i < n; i++) {
        if (i > 0 && (n - i) % 3 == 0)
            *to++ = ',';
        *to++ = digits[i];
    }
    *to = '\0';
    return ret;
}

const char *ent_show_bytes(char ret[static ENT_NUM_TEXT], uint64_t v)
{
    static const char *const unit[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
    double d = (double)v;
    size_t u = 0;
    while (d >= 999.5 && u + 1 < sizeof(unit) / sizeof(unit[0])) {
        d /= 1000;
        u++;
    }
    (void)snprintf(ret, ENT_NUM_TEXT, u == 0 || d >= 99.5 ? "%.0f %s" : "%.1f %s", d, unit[u]);
    return ret;
}

const char *ent_show_ns(char ret[static ENT_NUM_TEXT], uint64_t ns)
{
    double s = (double)ns / 1e9;
    if (s < 1)
        (void)snprintf(ret, ENT_NUM_TEXT, "%.0f ms", s * 1e3);
    else if (s < 120)
        (void)snprintf(ret, ENT_NUM_TEXT, "%.1f s", s);
    else
        (void)snprintf(ret, ENT_NUM_TEXT, "%.0f min %.0f s", (double)(uint64_t)(s / 60),
                       s - 60 * (double)(uint64_t)(s / 60));
    return ret;
}
