/*
 * defang.c: text that was made unclickable back to its working form, and the reverse.
 *
 * Refanging reaches a fixed point: what comes out contains nothing that would be changed again, so
 * that a canonical value parses to itself. Each round trims and then rewrites from left to right,
 * looking for a pattern only at the end of what was written; it takes linear time however deeply
 * brackets are nested, and the number of rounds and of stripped brackets is bounded.
 *
 * Behind the host part of a URL only the bracket forms that no URL may contain ("[.]", RFC 3986
 * section 3.3) are rewritten: "/a(dot)b" may be the real name of a page.
 */
#include "base/base.h"
#include "intel/intel.h"
#include "intel/parse.h"

#define ROUNDS_MAX   8
#define BRACKETS_MAX 16

/* --- trimming --------------------------------------------------------------------------------- */

struct trim {
    struct ent_slice s;
    unsigned brackets; /* taken off so far */
};

static bool is_blank(int32_t v)
{
    return v == ' ' || (v >= '\t' && v <= '\r') || v == 0xA0 || v == 0x3000;
}

static bool is_quote(int32_t v)
{
    return v == '"' || v == '\'' || v == '`' || v == 0xAB || v == 0xBB ||
           (v >= 0x2018 && v <= 0x201F) || v == 0x2039 || v == 0x203A;
}

static bool is_zero_width(int32_t v)
{
    return v == 0xAD || (v >= 0x200B && v <= 0x200D) || v == 0x2060 || v == 0xFEFF;
}

static uint8_t closer_of(uint8_t c)
{
    return c == '(' ? ')' : c == '[' ? ']' : c == '{' ? '}' : c == '<' ? '>' : 0;
}

static uint8_t opener_of(uint8_t c)
{
    return c == ')' ? '(' : c == ']' ? '[' : c == '}' ? '{' : c == '>' ? '<' : 0;
}

/* Where the bracket that s begins with is closed; s.n when it is not. */
static size_t find_closer(struct ent_slice s)
{
    size_t depth = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == s.p[0])
            depth++;
        else if (s.p[i] == closer_of(s.p[0]) && --depth == 0)
            return i;
    }
    return s.n;
}

static bool has_opener(struct ent_slice s)
{
    uint8_t closer = s.p[s.n - 1];
    size_t depth = 0;
    for (size_t i = s.n; i-- > 0;) {
        if (s.p[i] == closer)
            depth++;
        else if (s.p[i] == opener_of(closer) && --depth == 0)
            return true;
    }
    return false;
}

/* The code point that ends at the end of s; its length in *ret_n. */
static int32_t last_char(struct ent_slice s, size_t *ret_n)
{
    size_t n, back = 1;
    while (back < 4 && back < s.n && (s.p[s.n - back] & 0xC0) == 0x80)
        back++;
    int32_t v = ent_utf8_next(ent_slice_from(s, s.n - back), &n);
    *ret_n = v >= 0 && n == back ? n : 1;
    return v >= 0 && n == back ? v : -1;
}

/* "2001:db8::" ends in a colon that belongs to it, also as "2001:db8[:]:". */
static bool colon_is_punctuation(struct ent_slice s)
{
    if (s.n >= 2 && s.p[s.n - 2] == ':')
        return false;
    return s.n < 4 || memcmp(s.p + s.n - 4, "[:]", 3) != 0;
}

/* Blanks, quotes and punctuation at both ends. */
static void trim_plain(struct trim *t)
{
    size_t n;
    while (t->s.n > 0) {
        int32_t v = ent_utf8_next(t->s, &n);
        if (!is_blank(v) && !is_quote(v) && !is_zero_width(v))
            break;
        t->s = ent_slice_from(t->s, n);
    }
    while (t->s.n > 0) {
        int32_t v = last_char(t->s, &n);
        if (!is_blank(v) && !is_quote(v) && !is_zero_width(v) &&
            (v <= 0 || v > 0x7F || strchr(".,;!?", v) == NULL) &&
            (v != ':' || !colon_is_punctuation(t->s)))
            break;
        t->s.n -= n;
    }
}

/* "[2001:db8::1:443" lost the bracket that says where the port begins: not ours to guess. */
static bool is_broken_endpoint(struct ent_slice s)
{
    unsigned colons = 0;
    for (size_t i = 0; i < s.n && s.p[i] != '/'; i++)
        colons += s.p[i] == ':';
    return s.p[0] == '[' && colons > 1;
}

/* One pair of brackets around everything, one bracket without its partner, or a markdown link,
 * of which the target counts and not the text that it shows. */
static bool trim_bracket(struct trim *t)
{
    struct ent_slice s = t->s;
    if (s.n == 0)
        return false;
    if (closer_of(s.p[0]) != 0) {
        size_t close = find_closer(s);
        t->brackets++;
        if (close + 1 == s.n || (close == s.n && !is_broken_endpoint(s))) {
            t->s = ent_slice(s.p + 1, s.n - (close < s.n ? 2 : 1));
            return true;
        }
        if (close < s.n && s.p[0] == '[' && s.p[close + 1] == '(' && s.p[s.n - 1] == ')') {
            t->s = ent_slice(s.p + close + 2, s.n - close - 3);
            return true;
        }
        t->brackets--;
    }
    if (opener_of(s.p[s.n - 1]) != 0 && !has_opener(s)) {
        t->brackets++;
        t->s.n--;
        return true;
    }
    return false;
}

/* --- rewriting -------------------------------------------------------------------------------- */

struct out {
    char *p;
    size_t n, cap;
    bool path; /* behind the host part */
};

static const struct pattern {
    struct ent_slice text;
    const char *to;
    bool anywhere;
} patterns[] = {
    {ENT_SLICE_LIT("[.]"), ".", true},    {ENT_SLICE_LIT("[:]"), ":", true},
    {ENT_SLICE_LIT("[@]"), "@", true},    {ENT_SLICE_LIT("[://]"), "://", true},
    {ENT_SLICE_LIT("(.)"), ".", false},   {ENT_SLICE_LIT("{.}"), ".", false},
    {ENT_SLICE_LIT("\\."), ".", false},   {ENT_SLICE_LIT("[dot]"), ".", false},
    {ENT_SLICE_LIT("(dot)"), ".", false}, {ENT_SLICE_LIT("{dot}"), ".", false},
    {ENT_SLICE_LIT("[at]"), "@", false},  {ENT_SLICE_LIT("(at)"), "@", false},
    {ENT_SLICE_LIT("{at}"), "@", false},
};

static const struct pattern *find_pattern(const struct out *o)
{
    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
        const struct pattern *p = &patterns[i];
        if (o->n >= p->text.n && (p->anywhere || !o->path) &&
            ent_slice_ieq(ent_slice(o->p + o->n - p->text.n, p->text.n), p->text))
            return p;
    }
    return NULL;
}

static bool put(struct out *o, uint8_t c)
{
    if (o->n + 1 >= o->cap)
        return false;
    if (c == '?' || c == '#')
        o->path = true;
    /* the two slashes behind a scheme's colon do not end the host part */
    if (c == '/' && !(o->n >= 1 && o->p[o->n - 1] == ':') &&
        !(o->n >= 2 && o->p[o->n - 1] == '/' && o->p[o->n - 2] == ':'))
        o->path = true;
    o->p[o->n++] = (char)c;
    if (c == '.' || c == ']' || c == ')' || c == '}') {
        const struct pattern *p;
        while ((p = find_pattern(o)) != NULL) {
            size_t n = strlen(p->to);
            o->n -= p->text.n;
            memcpy(o->p + o->n, p->to, n);
            o->n += n;
        }
    }
    return true;
}

/* Joiners are letters in some scripts and a disguise next to ASCII. */
static bool is_disguise(const struct out *o, int32_t v, struct ent_slice after)
{
    if (!is_zero_width(v))
        return false;
    bool inside = o->n > 0 && (uint8_t)o->p[o->n - 1] >= 0x80 && after.n > 0 && after.p[0] >= 0x80;
    return (v != 0x200C && v != 0x200D) || !inside;
}

/* Every pattern has a closing bracket or a backslash, every character that is dropped or replaced
 * is outside ASCII: nearly all text has none of them. */
static bool is_plain(struct ent_slice s)
{
    bool special = false;
    for (size_t i = 0; i < s.n; i++)
        special = special | (s.p[i] >= 0x80) | (s.p[i] == ']') | (s.p[i] == ')') | (s.p[i] == '}') |
                  (s.p[i] == '\\');
    return !special;
}

static bool rewrite(struct out *o, struct ent_slice s)
{
    size_t n;
    if (is_plain(s) && s.n < o->cap) {
        if (s.n > 0)
            memmove(o->p, s.p, s.n);
        o->n = s.n;
        return true;
    }
    for (; s.n > 0; s = ent_slice_from(s, n)) {
        uint8_t bytes[4];
        int32_t v = ent_utf8_next(s, &n);
        memcpy(bytes, s.p, n); /* s may lie in o */
        if (v > 0x7F && is_disguise(o, v, ent_slice_from(s, n)))
            continue;
        if ((v == 0x3002 || v == 0xFF0E || v == 0xFF61) && !o->path) {
            if (!put(o, '.'))
                return false;
            continue;
        }
        for (size_t i = 0; i < n; i++)
            if (!put(o, bytes[i]))
                return false;
    }
    return true;
}

static const struct scheme_pair {
    const char *working, *defanged;
} schemes[] = {
    {"http", "hxxp"}, {"https", "hxxps"}, {"ftp", "fxp"},
    {"ftps", "fxps"}, {"http", "meow"},   {"https", "meows"},
};

/* Both forms of a scheme have the same length. */
static void restore_scheme(struct out *o)
{
    size_t n = ent_url_scheme(ent_slice(o->p, o->n));
    for (size_t i = 0; n > 0 && i < sizeof(schemes) / sizeof(schemes[0]); i++)
        if (ent_slice_ieq(ent_slice(o->p, n), ent_slice_str(schemes[i].defanged)))
            memcpy(o->p, schemes[i].working, n);
}

enum ent_err ent_refang(char *ret, size_t *ret_n, size_t cap, struct ent_slice s)
{
    struct trim t = {.s = s};
    size_t before;
    if (cap == 0)
        return ENT_E_LIMIT;
    for (unsigned round = 0; round < ROUNDS_MAX; round++) {
        struct out o = {.p = ret, .cap = cap};
        before = t.s.n;
        do
            trim_plain(&t);
        while (t.brackets <= BRACKETS_MAX && trim_bracket(&t));
        if (t.brackets > BRACKETS_MAX || !rewrite(&o, t.s))
            return ENT_E_LIMIT;
        if (o.n == before) { /* every change but the scheme's makes it shorter */
            restore_scheme(&o);
            ret[o.n] = '\0';
            *ret_n = o.n;
            return ENT_OK;
        }
        t.s = ent_slice(ret, o.n);
    }
    return ENT_E_LIMIT;
}

/* --- for people ------------------------------------------------------------------------------- */

static void emit(struct out *o, const char *p, size_t n)
{
    for (size_t i = 0; i < n && o->n + 1 < o->cap; i++)
        o->p[o->n++] = p[i];
}

/* Dots broken, or the first colon where there is no dot to break (IPv6). */
static void emit_host(struct out *o, struct ent_slice host)
{
    bool v6 = host.n > 0 && (host.p[0] == '[' || memchr(host.p, ':', host.n) != NULL) &&
              memchr(host.p, '.', host.n) == NULL;
    bool done = false;
    for (size_t i = 0; i < host.n; i++) {
        if (host.p[i] == '.')
            emit(o, "[.]", 3);
        else if (host.p[i] == ':' && v6 && !done) {
            emit(o, "[:]", 3);
            done = true;
        } else
            emit(o, (const char *)host.p + i, 1);
    }
}

static void emit_url(struct out *o, struct ent_slice s)
{
    struct ent_url_parts u;
    const char *why;
    const char *broken = NULL;
    if (ent_url_split(&u, &why, s) != ENT_OK)
        return;
    for (size_t i = 0; i < 4; i++)
        if (ent_slice_eq(u.scheme, ent_slice_str(schemes[i].working)))
            broken = schemes[i].defanged;
    if (broken != NULL) {
        emit(o, broken, strlen(broken));
        emit(o, "://", 3);
    } else {
        emit(o, (const char *)u.scheme.p, u.scheme.n);
        emit(o, "[:]//", 5);
    }
    const uint8_t *after = u.scheme.p + u.scheme.n + 3;
    emit(o, (const char *)after, (size_t)(u.host.p - after)); /* userinfo and '@' */
    emit_host(o, u.host);
    const char *tail = (const char *)u.host.p + u.host.n;
    size_t left = s.n - (size_t)((const uint8_t *)tail - s.p);
    for (size_t i = 0; i < left; i++) {
        /* a second URL in the query would be clickable by itself */
        if (left - i >= 3 && memcmp(tail + i, "://", 3) == 0)
            emit(o, "[:]", 3);
        else
            emit(o, tail + i, 1);
    }
}

static void emit_email(struct out *o, struct ent_slice s)
{
    size_t at = s.n;
    while (at > 0 && s.p[at - 1] != '@')
        at--;
    if (at > 0)
        emit(o, (const char *)s.p, at - 1);
    emit(o, "[@]", 3);
    emit_host(o, ent_slice_from(s, at));
}

void ent_observable_defang(char *ret, size_t cap, const struct ent_observable *ob)
{
    struct out o = {.p = ret, .cap = cap};
    struct ent_slice s = ent_slice(ob->text, ob->n);
    if (cap == 0)
        return;
    if (ob->type == ENT_OBS_URL || ob->type == ENT_OBS_URLPREFIX)
        emit_url(&o, s);
    else if (ob->type == ENT_OBS_EMAIL)
        emit_email(&o, s);
    else if (ob->type >= ENT_OBS_MD5)
        emit(&o, ob->text, ob->n);
    else
        emit_host(&o, s);
    ret[o.n] = '\0';
}
