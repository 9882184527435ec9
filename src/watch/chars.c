/* chars.c: byte classes, characters beyond ASCII, escapes, top-level domains. */
#include "watch/watch.h"
#include "watch/chars.h"

#include <libpsl.h>

#define A ENT_C_ATEXT
#define L (ENT_C_LABEL | ENT_C_ALNUM)
#define X (ENT_C_LABEL | ENT_C_ALNUM | ENT_C_HEX)

/* table */
const uint8_t ent_char_class[256] = {
    ['0' ... '9'] = X | ENT_C_DIGIT,
    ['A' ... 'F'] = X,
    ['G' ... 'Z'] = L,
    ['a' ... 'f'] = X,
    ['g' ... 'z'] = L,
    ['-'] = ENT_C_LABEL,
    ['_'] = ENT_C_LABEL,
    ['.'] = ENT_C_DOT,
    [':'] = ENT_C_MARK,
    ['@'] = ENT_C_MARK,
    [0x80 ... 0xFF] = ENT_C_HIGH,
    ['!'] = A,
    ['#' ... '\''] = A,
    ['*'] = A,
    ['+'] = A,
    ['='] = A,
    ['?'] = A,
    ['^'] = A,
    ['`'] = A,
    ['{' ... '~'] = A,
};

#undef A
#undef L
#undef X

/* --- beyond ASCII ------------------------------------------------------------------------------
 */

enum { NOTHING, URL_ONLY };

/*
 * table. Ranges that are not part of names, sorted. IDNA 2008 (RFC 5892) allows none of them in a
 * label but U+00B7 and the joiners, which are left out of the ranges; the letter-like symbols that
 * UTS 46 would map to letters are taken as the symbols they are. NOTHING ends a URL, too: spaces,
 * quotes, CJK punctuation, and what nobody sees.
 */
static const struct range {
    int32_t first, last;
    int kind;
} ranges[] = {
    {0x80, 0xA0, NOTHING},     {0xA1, 0xAA, URL_ONLY},       {0xAB, 0xAB, NOTHING},
    {0xAC, 0xAC, URL_ONLY},    {0xAD, 0xAD, NOTHING},        {0xAE, 0xB6, URL_ONLY},
    {0xB8, 0xBA, URL_ONLY},    {0xBB, 0xBB, NOTHING},        {0xBC, 0xBF, URL_ONLY},
    {0xD7, 0xD7, URL_ONLY},    {0xF7, 0xF7, URL_ONLY},       {0x2000, 0x200B, NOTHING},
    {0x200E, 0x206F, NOTHING}, {0x2070, 0x2BFF, URL_ONLY},   {0x3000, 0x3004, NOTHING},
    {0x3008, 0x3020, NOTHING}, {0xE000, 0xF8FF, URL_ONLY},   {0xFE00, 0xFE6F, URL_ONLY},
    {0xFEFF, 0xFFFF, NOTHING}, {0x1F000, 0x1FAFF, URL_ONLY}, {0xE0000, 0x10FFFF, NOTHING},
};

static size_t wide(struct ent_slice s, int least)
{
    size_t n;
    if (s.n == 0 || s.p[0] < 0x80)
        return 0;
    int32_t v = ent_utf8_next(s, &n);
    if (v < 0)
        return 0;
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]) && ranges[i].first <= v; i++)
        if (v <= ranges[i].last)
            return ranges[i].kind >= least ? n : 0;
    return n;
}

size_t ent_wide_name(struct ent_slice s)
{
    return wide(s, URL_ONLY + 1);
}

size_t ent_wide_url(struct ent_slice s)
{
    return wide(s, URL_ONLY);
}

/* --- escapes -----------------------------------------------------------------------------------
 */

static int nibble(uint8_t c)
{
    return !ent_is(c, ENT_C_HEX) ? -1 : c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

/* Two hexadecimal digits at p, or -1. */
static int hex_pair(const uint8_t *p, size_t n)
{
    if (n < 2 || nibble(p[0]) < 0 || nibble(p[1]) < 0)
        return -1;
    return 16 * nibble(p[0]) + nibble(p[1]);
}

static bool is_boundary(int c)
{
    return c >= 0 && c < 0x80 && !ent_is((uint8_t)c, ENT_C_WORD);
}

/* Of two backslashes the second one is text. No more than 64 are looked at. */
static bool is_escape(const uint8_t *b, size_t at)
{
    size_t n = 0;
    while (n < 64 && n < at && b[at - n - 1] == '\\')
        n++;
    return n % 2 == 1;
}

size_t ent_skip_escape_slow(const uint8_t *b, size_t start, size_t end)
{
    size_t n = end - start;
    const uint8_t *p = b + start;
    if (n == 0)
        return start;
    if (b[start - 1] == '%') {
        int c = hex_pair(p, n);
        for (unsigned i = 0; i < 4 && is_boundary(c); i++) {
            p += 2;
            n -= 2;
            c = c == '%' ? hex_pair(p, n) : -1;
        }
        return end - n;
    }
    if (b[start - 1] != '\\' || !is_escape(b, start))
        return start;
    if (p[0] == 'n' || p[0] == 'r' || p[0] == 't')
        return start + 1;
    if (p[0] == 'x' && is_boundary(hex_pair(p + 1, n - 1)))
        return start + 3;
    if (n >= 5 && memcmp(p, "u00", 3) == 0 && is_boundary(hex_pair(p + 3, n - 3)))
        return start + 5;
    return start;
}

size_t ent_json_escape(uint8_t *ret, struct ent_slice s)
{
    if (s.n >= 2 && memcmp(s.p, "\\/", 2) == 0) {
        *ret = '/';
        return 2;
    }
    if (s.n < 6 || memcmp(s.p, "\\u00", 4) != 0)
        return 0;
    int c = hex_pair(s.p + 4, 2);
    if (c < 0x20 || c >= 0x7F)
        return 0;
    *ret = (uint8_t)c;
    return 6;
}

/* --- names -------------------------------------------------------------------------------------
 */

bool ent_name_is_plausible(struct ent_slice name)
{
    char label[64];
    const psl_ctx_t *psl = psl_builtin(); /* constant data inside the library */
    const uint8_t *dot = name.n == 0 ? NULL : memrchr(name.p, '.', name.n);
    if (psl == NULL || dot == NULL)
        return false;
    size_t n = name.n - (size_t)(dot + 1 - name.p);
    if (n >= sizeof(label))
        return false;
    memcpy(label, dot + 1, n);
    label[n] = '\0';
    return psl_is_public_suffix2(psl, label, PSL_TYPE_ICANN | PSL_TYPE_NO_STAR_RULE) != 0;
}

bool ent_label_is_tld(struct ent_slice label)
{
    static const struct ent_slice prefix = ENT_SLICE_LIT("a.");
    struct ent_observable o;
    uint8_t name[1024];
    if (label.n > sizeof(name) - prefix.n)
        return false;
    memcpy(name, prefix.p, prefix.n);
    memcpy(name + prefix.n, label.p, label.n);
    return ent_observable_parse_as(&o, NULL, ENT_OBS_DOMAIN, ent_slice(name, prefix.n + label.n)) ==
               ENT_OK &&
           ent_name_is_plausible(ent_slice(o.text, o.n));
}
