/*
 * list.c: one observable a line.
 *
 * Understood: '#' and ';' comments (also behind a blank), CRLF, defanged text, networks, endpoints,
 * "address count" (ipsum), and the hosts form "0.0.0.0 name". A line is at most LINE_MAX bytes; the
 * rest of a longer one is passed over without being kept.
 */
#include "base/base.h"
#include "intel/feed.h"

#define LINE_MAX_BYTES (64u << 10)

struct lines {
    struct ent_feed *f;
    uint8_t *b; /* [0, n): the beginning of a line, or [pos, n) unread lines */
    size_t pos, n;
    uint64_t line;  /* of the byte at pos, from 1 */
    bool eof, over; /* over: inside a line that was too long */
    uint64_t rows;  /* lines that held something */
};

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

/* Without the comment, which begins the line or follows a blank: '#' inside a URL is a fragment. */
static struct ent_slice without_comment(struct ent_slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((s.p[i] == '#' || s.p[i] == ';') && (i == 0 || is_blank(s.p[i - 1])))
            return ent_slice(s.p, i);
    return s;
}

static struct ent_slice first_word(struct ent_slice s)
{
    size_t n = 0;
    while (n < s.n && !is_blank(s.p[n]))
        n++;
    return ent_slice(s.p, n);
}

static bool is_count(struct ent_slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    return s.n > 0;
}

/* What hosts files send unwanted names to. */
static bool is_sink(struct ent_slice s)
{
    return ent_slice_eq(s, ENT_SLICE_LIT("0.0.0.0")) ||
           ent_slice_eq(s, ENT_SLICE_LIT("127.0.0.1")) || ent_slice_eq(s, ENT_SLICE_LIT("::")) ||
           ent_slice_eq(s, ENT_SLICE_LIT("::1"));
}

static enum ent_err take_line(struct lines *l, struct ent_slice raw)
{
    struct ent_feed *f = l->f;
    struct ent_slice s = ent_slice_trim(without_comment(ent_slice_trim(raw)));
    const char *why = NULL;
    if (s.n == 0)
        return ENT_OK;
    l->rows++;
    if (!ent_utf8_valid(s, NULL))
        return ent_feed_skip(f, l->line, "not UTF-8", s);
    struct ent_slice word = first_word(s);
    if (word.n < s.n) {
        struct ent_slice rest = ent_slice_trim(ent_slice(s.p + word.n, s.n - word.n));
        if (is_sink(word) && first_word(rest).n == rest.n)
            word = rest;
        else if (!is_count(rest))
            return ent_feed_skip(f, l->line, "more than one value in a line", s);
    }
    if (ent_observable_parse(&f->ind.obs, &why, word) != ENT_OK)
        return ent_feed_skip(f, l->line, why, s);
    return ent_feed_take(f);
}

static enum ent_err too_long(struct lines *l)
{
    l->over = true;
    l->rows++;
    return ent_feed_skip(l->f, l->line, "a line of more than 65,536 bytes", ent_slice(l->b, l->n));
}

/* All whole lines in [pos, n), and the last one at the end of the file. */
static enum ent_err take_lines(struct lines *l)
{
    enum ent_err r = ENT_OK;
    while (r == ENT_OK && l->pos < l->n) {
        const uint8_t *nl = memchr(l->b + l->pos, '\n', l->n - l->pos);
        if (nl == NULL && !l->eof)
            break;
        size_t end = nl == NULL ? l->n : (size_t)(nl - l->b);
        if (!l->over)
            r = take_line(l, ent_slice(l->b + l->pos, end - l->pos));
        l->over = false;
        l->line++;
        l->pos = nl == NULL ? end : end + 1;
    }
    return r;
}

static enum ent_err read_lines(struct lines *l)
{
    struct ent_feed *f = l->f;
    enum ent_err r;
    while (!l->eof) {
        size_t got = 0;
        if ((r = f->in.read(f->in.ctx, l->b + l->n, &got, LINE_MAX_BYTES + 1 - l->n, f->d)) !=
            ENT_OK)
            return r;
        l->eof = got == 0;
        l->n += got;
        if ((r = take_lines(l)) != ENT_OK)
            return r;
        if (l->pos > 0)
            memmove(l->b, l->b + l->pos, l->n - l->pos);
        l->n -= l->pos;
        l->pos = 0;
        if (l->n == LINE_MAX_BYTES + 1 && !l->over && (r = too_long(l)) != ENT_OK)
            return r;
        if (l->over)
            l->n = 0;
    }
    return ENT_OK;
}

enum ent_err ent_list_read(struct ent_feed *f)
{
    struct lines l = {.f = f, .line = 1, .b = malloc(LINE_MAX_BYTES + 1)};
    if (l.b == NULL)
        return ent_fail(f->d, ENT_E_NOMEM, "out of memory", 0, 0);
    enum ent_err r = read_lines(&l);
    free(l.b);
    if (r == ENT_OK && l.rows > 0 && f->taken == 0)
        return ent_fail(f->d, ENT_E_FORMAT, "no line holds an address, name, URL or hash", 1,
                        f->offset);
    return r;
}
