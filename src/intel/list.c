/*
 * list.c: one observable a line.
 *
 * Understood: '#' and ';' comments (also behind a blank), CRLF, defanged text, networks, endpoints
 * and "address count" (ipsum).
 */
#include "base/base.h"
#include "intel/feed.h"
#include "intel/parse.h"

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

static bool is_count(struct ent_slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    return s.n > 0;
}

static enum ent_err take_line(void *ctx, uint64_t line, struct ent_slice raw)
{
    struct ent_feed *f = ctx;
    struct ent_slice s = ent_slice_trim(without_comment(ent_slice_trim(raw)));
    const char *why = NULL;
    if (s.n == 0)
        return ENT_OK;
    if (!ent_utf8_valid(s, NULL))
        return ent_feed_skip(f, line, "not UTF-8", s);
    struct ent_slice rest = s, word = ent_slice_word(&rest);
    if (rest.n > 0 && !is_count(ent_slice_trim(rest)))
        return ent_feed_skip(f, line, "more than one value in a line", s);
    if (ent_observable_parse(&f->ind.obs, &why, word) != ENT_OK)
        return ent_feed_skip(f, line, why, s);
    f->ind.line = line;
    return ent_feed_take(f);
}

enum ent_err ent_list_read(struct ent_feed *f)
{
    enum ent_err r = ent_feed_rows(f, take_line, f);
    if (r == ENT_OK && f->skipped > 0 && f->taken == 0)
        return ent_fail(f->d, ENT_E_FORMAT, "no line holds an address, name, URL or hash", 1,
                        f->offset);
    return r;
}
