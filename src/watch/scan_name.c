/*
 * scan_name.c: domains and e-mail addresses (docs/watch.md, "Names").
 *
 * Nearly every name in a log is unknown, and the filter says so without anything being copied: the
 * last two labels are hashed first, because one look settles most names. Only where it says "maybe"
 * is the name brought into canonical form and looked up, longest suffix first.
 */
#include "watch/watch.h"
#include "watch/scan.h"

#define LOCAL_MAX      64 /* RFC 5321, section 4.5.3.1.1 */
#define NAME_MAX_ASCII 253

bool ent_scan_trim(const struct ent_scan *s, size_t *from, size_t *to)
{
    size_t a = *from, b = *to;
    while (a < b && a - *from < ENT_SCAN_TRIM_MAX && (s->b[a] == '.' || s->b[a] == '-'))
        a++;
    while (b > a && *to - b <= ENT_SCAN_TRIM_MAX &&
           (s->b[b - 1] == '.' || s->b[b - 1] == '-' || s->b[b - 1] == '_'))
        b--;
    if (b == a || *to - b > ENT_SCAN_TRIM_MAX)
        return false;
    *from = a;
    *to = b;
    return true;
}

struct ent_slice ent_scan_last_label(const struct ent_scan *s, size_t from, size_t to)
{
    size_t p = to;
    while (p > from && s->b[p - 1] != '.')
        p--;
    return ent_scan_slice(s, p, to);
}

/* --- the filter --------------------------------------------------------------------------------
 */

/* Whether a suffix of the name may be an indicator. Labels beyond ASCII are not hashed: with one of
 * them among the last two, or behind a known tail, the answer is "maybe". */
static bool may_hit(const struct ent_scan *s, size_t from, size_t to)
{
    const struct ent_watch *w = s->w;
    unsigned labels = 0;
    for (size_t p = to; to - p <= NAME_MAX_ASCII; p--) {
        if (p == from || s->b[p - 1] == '.') {
            struct ent_slice end = ent_scan_slice(s, p, to);
            uint64_t h = ++labels >= 2 ? ent_filter_name(w->fkey, end) : 0;
            if (labels == 2 && !ent_filter_maybe(&w->tail, h))
                return false;
            if (labels >= 2 && ent_watch_maybe(w, ENT_OBS_DOMAIN, h))
                return true;
            if (p == from)
                return false;
        }
        if (s->b[p - 1] >= 0x80)
            return true;
    }
    return false;
}

static bool may_be(const struct ent_scan *s, unsigned tag, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        if (s->b[i] >= 0x80)
            return true;
    return ent_watch_maybe(s->w, tag, ent_filter_name(s->w->fkey, ent_scan_slice(s, from, to)));
}

/* --- canonical names ---------------------------------------------------------------------------
 */

static size_t next_label(const struct ent_scan *s, size_t p, size_t to)
{
    while (p < to && s->b[p] != '.')
        p++;
    return p < to ? p + 1 : to;
}

static bool is_wide(const struct ent_scan *s, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        if (s->b[i] >= 0x80)
            return true;
    return false;
}

/* A label that no name can have: the name begins behind it. IDNA decides about the others. */
static bool is_bad_label(const struct ent_scan *s, size_t from, size_t to)
{
    if (to == from || s->b[from] == '-' || s->b[to - 1] == '-')
        return true;
    return to - from > 63 && !is_wide(s, from, to);
}

/* Where the name begins that can be valid as far as its labels are concerned. */
static size_t first_good_label(const struct ent_scan *s, size_t from, size_t to)
{
    size_t start = from;
    if (to - from > ENT_SCAN_NAME_MAX)
        start = next_label(s, to - ENT_SCAN_NAME_MAX - 1, to);
    for (size_t p = start; p < to;) {
        size_t next = next_label(s, p, to), end = next < to ? next - 1 : to;
        if (is_bad_label(s, p, end))
            start = next;
        p = next;
    }
    return start;
}

/* The longest name that ends where this one does, into s->seen; *from becomes where it begins. */
static bool read_name(struct ent_scan *s, size_t *from, size_t to)
{
    size_t start = first_good_label(s, *from, to);
    if (is_wide(s, start, to)) {
        if (ent_observable_parse_as(&s->seen, NULL, ENT_OBS_DOMAIN, ent_scan_slice(s, start, to)) ==
            ENT_OK) {
            *from = start;
            return true;
        }
        for (size_t p = start; p < to;) { /* IDNA refused it: behind its last label beyond ASCII */
            size_t next = next_label(s, p, to);
            if (is_wide(s, p, next))
                start = next;
            p = next;
        }
    }
    while (to - start > NAME_MAX_ASCII)
        start = next_label(s, start, to);
    *from = start;
    return ent_observable_parse_as(&s->seen, NULL, ENT_OBS_DOMAIN, ent_scan_slice(s, start, to)) ==
           ENT_OK;
}

/* --- domains -----------------------------------------------------------------------------------
 */

/* s->seen is a domain: itself, else the closest indicator above it. */
static enum ent_err meet_domain(struct ent_scan *s, size_t at)
{
    const char *text = s->seen.text;
    const char *end = text + s->seen.n;
    uint64_t id;
    for (const char *p = text; p != NULL && p < end; p = memchr(p, '.', (size_t)(end - p))) {
        p += *p == '.';
        struct ent_slice key = ent_slice(p, (size_t)(end - p));
        if (ent_watch_find(s->w, ENT_OBS_DOMAIN, key, &id))
            return ent_scan_hit(s, at, ENT_OBS_DOMAIN, key, id);
    }
    return ENT_OK;
}

enum ent_err ent_scan_domain(struct ent_scan *s, size_t from, size_t to)
{
    struct ent_slice last;
    enum ent_err r = ENT_OK;
    if (!ent_scan_emits(s, to) || !ent_scan_trim(s, &from, &to))
        return ENT_OK;
    last = ent_scan_last_label(s, from, to);
    if (last.n == to - from || ent_is(last.p[0], ENT_C_DIGIT)) /* one label, or a number */
        return ENT_OK;
    bool hit = ent_scan_has(s, ENT_OBS_DOMAIN) && may_hit(s, from, to);
    bool tell = ent_scan_wants(s, ENT_OBS_DOMAIN, ent_scan_slice(s, from, to));
    if ((!hit && !tell) || !read_name(s, &from, to))
        return ENT_OK;
    if (tell && ent_name_is_plausible(ent_scan_token(s)))
        r = ent_scan_seen(s);
    return r == ENT_OK && hit ? meet_domain(s, from) : r;
}

/* --- e-mail addresses --------------------------------------------------------------------------
 */

static bool is_plain(uint8_t c)
{
    return ent_is(c, ENT_C_WORD) || c == '+';
}

/* Where the local part begins that everybody would read; at when there is none. */
static size_t plain_local(const struct ent_scan *s, size_t at)
{
    size_t p = at;
    while (p > 0 && at - p <= LOCAL_MAX + ENT_ESCAPE_MAX && is_plain(s->b[p - 1]))
        p--;
    if (at - p > LOCAL_MAX + ENT_ESCAPE_MAX)
        return at;
    p = ent_skip_escape(s->b, p, at);
    if (at - p > LOCAL_MAX)
        return at;
    while (p < at && s->b[p] == '.')
        p++;
    return p;
}

static bool find_email(struct ent_scan *s, size_t from, size_t at, struct ent_slice domain,
                       uint8_t *key, size_t *ret_n, uint64_t *ret_id)
{
    size_t n = at - from;
    memcpy(key, s->b + from, n);
    key[n++] = '@';
    memcpy(key + n, domain.p, domain.n);
    *ret_n = n + domain.n;
    return ent_watch_find(s->w, ENT_OBS_EMAIL, ent_slice(key, *ret_n), ret_id);
}

/*
 * Rare bytes are allowed before the '@' ("a=b'c@evil.example"), and the same bytes are what stands
 * in front of addresses in logs ("to=c@evil.example"). So each place where a local part could begin
 * is asked for, the longest first.
 */
static enum ent_err meet_email(struct ent_scan *s, size_t plain, size_t at, struct ent_slice domain)
{
    uint8_t key[LOCAL_MAX + 1 + ENT_OBS_MAX];
    uint64_t id;
    size_t n, from = at;
    while (from > 0 && at - from < LOCAL_MAX &&
           (is_plain(s->b[from - 1]) || ent_is(s->b[from - 1], ENT_C_ATEXT)))
        from--;
    for (; from < at; from++) {
        if (from != plain && from > 0 && is_plain(s->b[from - 1]))
            continue;
        if (!find_email(s, from, at, domain, key, &n, &id))
            continue;
        if (ent_observable_parse_as(&s->seen, NULL, ENT_OBS_EMAIL, ent_slice(key, n)) != ENT_OK)
            return ENT_OK;
        return ent_scan_hit(s, from, ENT_OBS_EMAIL, ent_scan_token(s), id);
    }
    return ENT_OK;
}

/* The domain behind the '@' at at, trimmed, as long as the word is and whole. */
static bool mail_domain(const struct ent_scan *s, size_t at, size_t *ret_from, size_t *ret_to)
{
    size_t from = at + 1, p = from, n;
    while (p < s->n && p - from <= ENT_SCAN_NAME_MAX + ENT_SCAN_TRIM_MAX) {
        n = ent_is(s->b[p], ENT_C_LABEL) ? 1 : ent_wide_name(ent_scan_slice(s, p, s->n));
        if (n == 0 && s->b[p] == '.' && ent_scan_byte(s, p + 1) != '.')
            n = 1;
        if (n == 0)
            break;
        p += n;
    }
    if (ent_scan_byte(s, p) == '@' || p - from > ENT_SCAN_NAME_MAX + ENT_SCAN_TRIM_MAX)
        return false;
    *ret_from = from;
    *ret_to = p;
    return ent_scan_trim(s, ret_from, ret_to) && *ret_from == from &&
           *ret_to - from <= ENT_SCAN_NAME_MAX;
}

enum ent_err ent_scan_email(struct ent_scan *s, size_t at)
{
    struct ent_observable domain;
    size_t from, to;
    enum ent_err r = ENT_OK;
    bool ask = ent_scan_has(s, ENT_OBS_EMAIL);
    if ((!ask && s->ev.seen == NULL) || s->base + at < s->authority_end ||
        !mail_domain(s, at, &from, &to))
        return ENT_OK;
    size_t plain = plain_local(s, at);
    bool tell = plain < at && ent_scan_wants(s, ENT_OBS_EMAIL, ent_scan_slice(s, plain, to));
    ask = ask && may_be(s, ENT_FILTER_MAIL, from, to);
    if ((!ask && !tell) || ent_observable_parse_as(&domain, NULL, ENT_OBS_DOMAIN,
                                                   ent_scan_slice(s, from, to)) != ENT_OK)
        return ENT_OK;
    if (tell &&
        ent_observable_parse_as(&s->seen, NULL, ENT_OBS_EMAIL, ent_scan_slice(s, plain, to)) ==
            ENT_OK &&
        ent_name_is_plausible(ent_scan_token(s)))
        r = ent_scan_seen(s);
    return r == ENT_OK && ask ? meet_email(s, plain, at, ent_slice(domain.text, domain.n)) : r;
}
