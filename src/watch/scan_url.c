/*
 * scan_url.c: URLs (docs/watch.md, "URLs"). A URL is recognised at the ':' of "://" and reaches to
 * a byte that no URL holds. The names and addresses in it are found by themselves.
 */
#include "watch/watch.h"
#include "watch/scan.h"

#define SCHEME_LIMIT    32
#define NESTED_MAX      8
#define AUTHORITY_LIMIT 1200 /* a host of 1024 bytes, a user's name, a port */

/* --- where it begins ---------------------------------------------------------------------------
 */

/* One '/' or "\/" at i: its length, or 0. */
static size_t slash(const struct ent_scan *s, size_t i)
{
    if (ent_scan_byte(s, i) == '/')
        return 1;
    return ent_scan_byte(s, i) == '\\' && ent_scan_byte(s, i + 1) == '/' ? 2 : 0;
}

/* Behind "://", or 0. */
static size_t behind_slashes(const struct ent_scan *s, size_t colon)
{
    size_t one = slash(s, colon + 1);
    size_t two = one == 0 ? 0 : slash(s, colon + 1 + one);
    return two == 0 ? 0 : colon + 1 + one + two;
}

/* The letters and digits before the colon, behind an escape; colon when that is no scheme. */
static size_t scheme_start(const struct ent_scan *s, size_t colon)
{
    size_t p = colon;
    while (p > 0 && colon - p <= SCHEME_LIMIT + ENT_ESCAPE_MAX && ent_is(s->b[p - 1], ENT_C_ALNUM))
        p--;
    if (colon - p > SCHEME_LIMIT + ENT_ESCAPE_MAX)
        return colon;
    p = ent_skip_escape(s->b, p, colon);
    return p == colon || colon - p > SCHEME_LIMIT || ent_is(s->b[p], ENT_C_DIGIT) ? colon : p;
}

/* --- where it ends -----------------------------------------------------------------------------
 */

/* The character at i as a URL has it: its length in the stream, or 0 where the URL ends. An escaped
 * character becomes *ret; a wide one is left to the caller to copy. */
static size_t url_char(const struct ent_scan *s, size_t i, uint8_t *ret)
{
    uint8_t c = s->b[i];
    size_t n = 1;
    if (c >= 0x80)
        return ent_wide_url(ent_scan_slice(s, i, s->n));
    if (c == '\\' && (n = ent_json_escape(&c, ent_scan_slice(s, i, s->n))) == 0)
        return 0;
    if (c <= ' ' || c == 0x7F || c == '"' || c == '<' || c == '>' || c == '\\' || c == '`')
        return 0;
    *ret = c;
    return n;
}

static size_t authority_end(const struct ent_scan *s, size_t from)
{
    size_t p = from, n;
    uint8_t c = 0;
    while (p < s->n && p - from < AUTHORITY_LIMIT && (n = url_char(s, p, &c)) > 0 && c != '/' &&
           c != '?' && c != '#')
        p += n;
    return p;
}

/* The text of the URL, escapes resolved, into s->url. Out: *ret_whole, whether it ended in time: a
 * URL that holds many others is none, or a line of nothing else would be read again from each. */
static size_t read_url(struct ent_scan *s, size_t from, size_t colon, size_t rest, bool *ret_whole)
{
    size_t n = colon - from, p = rest, step;
    unsigned nested = 0;
    memcpy(s->url, s->b + from, n);
    memcpy(s->url + n, "://", 3);
    n += 3;
    *ret_whole = false;
    for (; p - from < ENT_SCAN_URL_MAX - 8; p += step) {
        uint8_t c = 0;
        if (p == s->n || (step = url_char(s, p, &c)) == 0) {
            *ret_whole = true;
            break;
        }
        if (s->b[p] >= 0x80) {
            memcpy(s->url + n, s->b + p, step);
            n += step;
            continue;
        }
        s->url[n++] = c;
        if (c == '/' && memcmp(s->url + n - 3, "://", 3) == 0 && ++nested > NESTED_MAX)
            break;
    }
    return n;
}

/* --- what it is --------------------------------------------------------------------------------
 */

/* Whether the filter knows the host of the authority from..to. It is asked only about a plain host
 * with or without a port; whatever else stands there may be read in several ways. */
static bool may_hit(const struct ent_scan *s, size_t from, size_t to)
{
    size_t end = from, p;
    while (end < to && ent_is(s->b[end], ENT_C_WORD))
        end++;
    p = end;
    if (p < to && s->b[p] == ':')
        p++;
    while (p < to && ent_is(s->b[p], ENT_C_DIGIT))
        p++;
    if (p < to)
        return true;
    while (end > from && s->b[end - 1] == '.') /* punctuation, for the parser */
        end--;
    return ent_watch_maybe(s->w, ENT_FILTER_HOST,
                           ent_filter_name(s->w->fkey, ent_scan_slice(s, from, end)));
}

/* The parser would read "evil[.]example" as a name; in a log it is not one. So the authority must
 * be plain: no brackets but those of an IPv6 host, and a host of name characters. */
static bool plain_authority(struct ent_slice url)
{
    const uint8_t *p = memmem(url.p, url.n, "://", 3);
    size_t from, host, end;
    if (p == NULL)
        return false;
    host = from = end = (size_t)(p - url.p) + 3;
    for (; end < url.n && memchr("/?#", url.p[end], 3) == NULL; end++) {
        if (url.p[end] == '@')
            host = end + 1;
    }
    if (end == url.n && url.p[host < end ? host : from] != '[')
        while (end > host && memchr(".,;:!?)]}", url.p[end - 1], 9) != NULL) /* parsers trim it */
            end--;
    for (size_t i = from; i < end; i++)
        if (memchr("()[]{}", url.p[i], 6) != NULL && (i < host || url.p[host] != '['))
            return false;
    if (host < end && url.p[host] == '[') {
        for (size_t i = host + 1; i < end && url.p[i] != ']'; i++)
            if (!ent_is(url.p[i], ENT_C_HEX | ENT_C_DOT) && url.p[i] != ':')
                return false;
        return true;
    }
    for (size_t i = host, n; i < end && url.p[i] != ':'; i += n) {
        n = ent_is(url.p[i], ENT_C_WORD) ? 1 : ent_wide_name(ent_slice(url.p + i, end - i));
        if (n == 0)
            return false;
    }
    return host < end;
}

static size_t cut_at(struct ent_slice url, size_t from, const char *any)
{
    size_t i = from;
    while (i < url.n && (url.p[i] == '\0' || strchr(any, url.p[i]) == NULL))
        i++;
    return i;
}

/* The parser would also read "hxxp" as "http": what was read must have the scheme that was there.
 */
static bool parse_url(struct ent_scan *s, size_t n)
{
    struct ent_slice text = ent_slice(s->url, n);
    size_t scheme = cut_at(text, 0, ":");
    return plain_authority(text) &&
           ent_observable_parse_as(&s->seen, NULL, ENT_OBS_URL, text) == ENT_OK &&
           ent_slice_ieq(ent_slice(s->url, scheme + 1), ent_slice(s->seen.text, scheme + 1));
}

/* s->seen is a URL: an address, or a name under a real top-level domain. */
static bool seen_is_plausible(const struct ent_scan *s)
{
    const char *host = strstr(s->seen.text, "://");
    if (host == NULL)
        return false;
    host += 3;
    size_t n = strcspn(host, "/?#");
    const char *at = memrchr(host, '@', n);
    if (at != NULL) {
        n -= (size_t)(at + 1 - host);
        host = at + 1;
    }
    if (host[0] == '[')
        return true;
    n = strcspn(host, ":/?#");
    if (n > 0 && ent_is((uint8_t)host[n - 1], ENT_C_DIGIT) && strspn(host, "0123456789.") >= n)
        return true;
    return ent_name_is_plausible(ent_slice(host, n));
}

/* s->seen is a URL: the indicator equal to it, else the longest one that it begins with. */
static enum ent_err ask(struct ent_scan *s, size_t from, bool *ret_hit)
{
    struct ent_slice url = ent_scan_token(s);
    uint64_t id;
    size_t n;
    *ret_hit = true;
    if (ent_watch_find(s->w, ENT_OBS_URL, url, &id))
        return ent_scan_hit(s, from, ENT_OBS_URL, url, id);
    if (ent_watch_find_start(s->w, url, &n, &id)) {
        ent_watch_text(&s->net, ENT_OBS_URLPREFIX, ent_slice(url.p, n));
        return ent_scan_hit(s, from, ENT_OBS_URLPREFIX, ent_slice(s->net.text, s->net.n), id);
    }
    *ret_hit = false;
    return ENT_OK;
}

/*
 * Some bytes that URLs may hold are what stands behind URLs in logs. So one token has up to three
 * readings, and the longest that is known counts: all of it; up to a quote, a bar or a brace; up to
 * a comma or a semicolon. The second, if it is a URL at all, else the third, is what was seen.
 */
static enum ent_err meet(struct ent_scan *s, size_t from, size_t n, bool whole)
{
    bool told = !ent_scan_wants(s, ENT_OBS_URL, ent_slice(s->url, n));
    bool hit = (s->w->types & ENT_WATCH_URLS) == 0;
    size_t scheme = cut_at(ent_slice(s->url, n), 0, ":") + 3;
    size_t second = cut_at(ent_slice(s->url, n), scheme, "'|^{}");
    size_t third = cut_at(ent_slice(s->url, second), scheme, ",;");
    const size_t reading[3] = {n, second, third};
    enum ent_err r = ENT_OK;
    for (unsigned i = 0; i < 3 && r == ENT_OK && (!told || !hit); i++) {
        bool again = i < 2 && reading[i] == reading[i + 1];
        if (again || (reading[i] == n && !whole) || !parse_url(s, reading[i]))
            continue;
        if (!told && reading[i] <= second) {
            told = true;
            if (seen_is_plausible(s))
                r = ent_scan_seen(s);
        }
        if (r == ENT_OK && !hit)
            r = ask(s, from, &hit);
    }
    return r;
}

enum ent_err ent_scan_url(struct ent_scan *s, size_t colon)
{
    size_t rest = behind_slashes(s, colon);
    size_t from = rest == 0 ? colon : scheme_start(s, colon);
    bool whole;
    if (from == colon)
        return ENT_OK;
    size_t end = authority_end(s, rest);
    s->authority_end = s->base + end;
    if (s->ev.seen == NULL && ((s->w->types & ENT_WATCH_URLS) == 0 || !may_hit(s, rest, end)))
        return ENT_OK;
    size_t n = read_url(s, from, colon, rest, &whole);
    return meet(s, from, n, whole);
}
