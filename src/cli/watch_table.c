/*
 * watch_table.c: a hit for people: who said what, and the line in which it stands, with the hit
 * marked. The line is somebody else's: whatever a terminal would obey is escaped, and it is cut on
 * both sides so that the hit is always in view. The hit itself is defanged, because terminals make
 * links of what looks like one; the rest of the line stays as it is, to be searched for.
 */
#include "cli/watch.h"

#define MARK   "\033[1;31m"
#define UNMARK "\033[0m"
#define INDENT 4u

void watch_defang(char ret[static ENT_OBS_DEFANGED_MAX], enum ent_obs_type type,
                  struct ent_slice text)
{
    struct ent_observable o = {.type = type, .n = (uint16_t)text.n};
    memcpy(o.text, text.p, text.n);
    o.text[text.n] = '\0';
    ent_observable_defang(ret, ENT_OBS_DEFANGED_MAX, &o);
}

enum ent_err watch_table_head(struct ent_buf *b)
{
    return ent_buf_printf(b, "%-32s %-32s %-16s %-24s %s\n", "SEEN", "INDICATOR", "KIND", "SOURCE",
                          "FILE:LINE");
}

/* --- the line around the hit --------------------------------------------------------------------
 */

/* How long the token is as it stands there. What was seen is its canonical form; where that differs
 * (another way to write an IPv6 address, an escape in a URL) it ends before what no token holds. */
static size_t token_length(const struct ent_hit *h)
{
    struct ent_slice rest = ent_slice(h->around.p + h->around_at, h->around.n - h->around_at);
    const char *ends = h->seen_type == ENT_OBS_URL ? "\"'<>`" : "\"'<>`/\\|,;()[]{}=&?# \t";
    size_t n = 0;
    if (rest.n >= h->seen.n && ent_slice_ieq(ent_slice(rest.p, h->seen.n), h->seen))
        return h->seen.n;
    if (n < rest.n && rest.p[n] == '[') /* of an IPv6 address with a port */
        n++;
    while (n < rest.n && rest.p[n] > ' ' && strchr(ends, rest.p[n]) == NULL)
        n++;
    return n;
}

/* The text on the way, and how many columns it may still take. Wide characters take two. */
struct cut {
    struct ent_buf *b;
    size_t left;
    enum ent_err err;
};

/* The character at the beginning of s as it will look; its bytes in *ret_n, its columns. */
static size_t columns_of(struct ent_slice s, struct ent_buf *look, size_t *ret_n, enum ent_err *err)
{
    int32_t v = ent_utf8_next(s, ret_n);
    ent_buf_clear(look);
    *err = ent_escape(look, ent_slice(s.p, *ret_n), 1);
    return v < 0x80 || ent_is_invisible(v) ? look->n : v < 0x1100 ? 1 : 2;
}

/* Columns of all of s, or more than most. */
static size_t columns(struct ent_slice s, size_t most, bool defanged, enum ent_err *err)
{
    struct ent_buf look;
    size_t sum = 0, n;
    ent_buf_init(&look, 64);
    for (; s.n > 0 && sum <= most && *err == ENT_OK; s = ent_slice(s.p + n, s.n - n)) {
        sum += columns_of(s, &look, &n, err);
        sum += defanged && s.p[0] == '.' ? 2 : 0;
    }
    ent_buf_release(&look);
    return sum;
}

/* As much of s as fits. defanged: a dot is "[.]". */
static void put_cut(struct cut *c, struct ent_slice s, bool defanged)
{
    struct ent_buf look;
    size_t n, dots = columns(s, c->left, defanged, &c->err) > c->left ? 3 : 0;
    ent_buf_init(&look, 64);
    while (s.n > 0 && c->err == ENT_OK) {
        size_t wide = columns_of(s, &look, &n, &c->err);
        bool dot = defanged && s.p[0] == '.';
        wide = dot ? 3 : wide;
        /* what is cut ends with dots that say so */
        if (c->err != ENT_OK || wide + dots > c->left)
            break;
        c->left -= wide;
        c->err = dot ? ent_buf_puts(c->b, "[.]") : ent_buf_put_slice(c->b, ent_buf_slice(&look));
        s = ent_slice(s.p + n, s.n - n);
    }
    if (s.n > 0 && c->err == ENT_OK && c->left >= 3) {
        c->err = ent_buf_puts(c->b, "...");
        c->left -= 3;
    }
    ent_buf_release(&look);
}

/* The end of s that fits into so many columns; it begins with a whole character. */
static struct ent_slice tail_of(struct ent_slice s, size_t columns, enum ent_err *err)
{
    struct ent_buf look;
    size_t at = s.n;
    ent_buf_init(&look, 64);
    while (at > 0 && *err == ENT_OK) {
        size_t from = at - 1, n;
        while (from > 0 && at - from < 4 && (s.p[from] & 0xC0) == 0x80)
            from--;
        size_t width = columns_of(ent_slice(s.p + from, at - from), &look, &n, err);
        if (n != at - from) { /* no character: its bytes one by one */
            from = at - 1;
            width = columns_of(ent_slice(s.p + from, 1), &look, &n, err);
        }
        if (width > columns)
            break;
        columns -= width;
        at = from;
    }
    ent_buf_release(&look);
    return ent_slice(s.p + at, s.n - at);
}

static void put_token(struct cut *c, const struct ent_hit *h, struct ent_slice token, bool colour)
{
    bool http = h->seen_type == ENT_OBS_URL && token.n > 4 &&
                ent_slice_ieq(ent_slice(token.p, 4), ENT_SLICE_LIT("http"));
    if (colour)
        c->err = ent_buf_puts(c->b, MARK);
    if (http && c->left > 4 && c->err == ENT_OK) {
        c->err = ent_buf_puts(c->b, "hxxp");
        c->left -= 4;
        token = ent_slice(token.p + 4, token.n - 4);
    }
    put_cut(c, token, true);
    if (colour && c->err == ENT_OK)
        c->err = ent_buf_puts(c->b, UNMARK);
}

static enum ent_err put_line(struct ent_buf *b, const struct ent_hit *h, unsigned width,
                             bool colour)
{
    struct ent_slice before = ent_slice(h->around.p, h->around_at);
    size_t n = token_length(h), behind = h->around_at + n;
    struct ent_slice token = ent_slice(h->around.p + h->around_at, n);
    struct ent_slice after = ent_slice(h->around.p + behind, h->around.n - behind);
    if (after.n > 0 && after.p[after.n - 1] == '\r')
        after.n--;
    struct cut c = {b, width > INDENT + 24 ? width - INDENT : 24, ENT_OK};
    size_t behind_it = columns(token, c.left, true, &c.err) + columns(after, c.left, false, &c.err);
    /* A third for what stands before, or what the rest leaves: what follows says more. */
    size_t most = behind_it < c.left - c.left / 3 ? c.left - behind_it : c.left / 3;
    struct ent_slice tail = tail_of(before, most, &c.err);
    if (tail.n < before.n)
        tail = tail_of(before, most - 3, &c.err);
    if (c.err == ENT_OK)
        c.err = ent_buf_printf(b, "%*s%s", (int)INDENT, "", tail.n < before.n ? "..." : "");
    c.left -= tail.n < before.n ? 3 : 0;
    if (c.err == ENT_OK)
        put_cut(&c, tail, false);
    if (c.err == ENT_OK)
        put_token(&c, h, token, colour);
    if (c.err == ENT_OK)
        put_cut(&c, after, false);
    return c.err == ENT_OK ? ent_buf_putc(b, '\n') : c.err;
}

/* --- the rows -----------------------------------------------------------------------------------
 */

enum ent_err watch_table(struct ent_buf *b, const struct watch_hit *x, unsigned width, bool colour)
{
    const struct ent_known *k = &x->who->known;
    char seen[ENT_OBS_DEFANGED_MAX], by[ENT_OBS_DEFANGED_MAX];
    char file[ENT_SHOW_MAX], kind[ENT_SHOW_MAX], source[ENT_SHOW_MAX], list[ENT_SHOW_MAX];
    watch_defang(seen, x->h->seen_type, x->h->seen);
    watch_defang(by, k->obs.type, ent_slice(k->obs.text, k->obs.n));
    enum ent_err r =
        ent_buf_printf(b, "%s%-32s%s %-32s %-16s %-24s %s:%llu\n", colour ? MARK : "", seen,
                       colour ? UNMARK : "", strcmp(seen, by) == 0 ? "the same" : by,
                       ent_show(kind, k->kind), ent_show(source, k->source),
                       ent_show(file, ent_slice_str(x->path)), (unsigned long long)x->h->line);
    for (size_t i = 0; i < x->who->warnings && r == ENT_OK; i++)
        r = ent_buf_printf(b, "%*s! on a warning list: %s\n", (int)INDENT, "",
                           ent_show(list, x->who->warning[i]));
    return r == ENT_OK ? put_line(b, x->h, width, colour) : r;
}
