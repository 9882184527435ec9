/*
 * guard_fold.c: names as the eye takes them. Letters that look alike become one letter, on both
 * sides of a comparison, so that a homoglyph costs nothing to find. For ASCII this is a small table
 * (tests/unit/test_guard.c holds it against ICU's); only A-labels pay for UTS 39 itself.
 */
#include "watch/watch.h"
#include "watch/guard_in.h"

#include <idn2.h>
#include <unicode/uspoof.h>

#define OTHER '?' /* a letter like none of ASCII's: an edit away from every one */

/* table. What is not here stands for itself. Only what is drawn alike in common typefaces: more
 * would make words alike that nobody confuses. */
static const char alike[256] = {
    ['0'] = 'o', ['1'] = 'l', ['3'] = 'e', ['5'] = 's', ['i'] = 'l', ['q'] = 'g',
};

static char fold_one(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        c |= 0x20;
    if (c >= 0x80)
        return OTHER;
    return alike[c] != 0 ? alike[c] : (char)c;
}

static char fold_pair(char a, char b)
{
    return a == 'r' && b == 'n' ? 'm' : a == 'v' && b == 'v' ? 'w' : '\0';
}

static bool is_separator(uint8_t c)
{
    return c == '.' || c == '-' || c == '_';
}

static void put(struct ent_guard_text *t, struct ent_slice word, const bool *wide)
{
    for (size_t i = 0; i < word.n && t->n < GUARD_TEXT && t->raw_n < GUARD_TEXT; i++) {
        char c = (char)word.p[i];
        char two = i + 1 < word.n ? fold_pair(c, (char)word.p[i + 1]) : '\0';
        t->raw_at[t->n] = (uint16_t)t->raw_n;
        if (wide != NULL)
            t->wide[t->raw_n] = wide[i];
        t->raw[t->raw_n++] = c;
        if (two != '\0' && t->raw_n < GUARD_TEXT)
            t->raw[t->raw_n++] = (char)word.p[++i];
        t->fold[t->n++] = two != '\0' ? two : fold_one((uint8_t)c);
    }
}

/* The words of one label; before is the separator in front of it. */
static void put_label(struct ent_guard_text *t, struct ent_slice label, const bool *wide,
                      char before)
{
    for (size_t i = 0; i < label.n && t->words < GUARD_WORDS;) {
        size_t end = i;
        while (end < label.n && !is_separator(label.p[end]))
            end++;
        if (end > i) {
            t->word[t->words++] =
                (struct ent_guard_word){(uint16_t)t->n, (uint16_t)t->labels, before};
            put(t, ent_slice(label.p + i, end - i), wide == NULL ? NULL : wide + i);
        }
        before = end < label.n ? (char)label.p[end] : '\0';
        i = end + 1;
    }
}

/* --- beyond ASCII ------------------------------------------------------------------------------
 */

/* The checker is made once and never changed; ICU lets any number of threads use it then. NULL
 * when ICU has no data: then A-labels are compared as they are written. */
static const USpoofChecker *checker(void)
{
    static USpoofChecker *made;
    USpoofChecker *now = __atomic_load_n(&made, __ATOMIC_ACQUIRE);
    if (now == NULL) {
        UErrorCode e = U_ZERO_ERROR;
        USpoofChecker *none = NULL;
        now = uspoof_open(&e);
        if (U_FAILURE(e))
            return NULL;
        if (!__atomic_compare_exchange_n(&made, &none, now, false, __ATOMIC_ACQ_REL,
                                         __ATOMIC_ACQUIRE)) {
            uspoof_close(now);
            now = none;
        }
    }
    return now;
}

/* What one character beyond ASCII looks like, in ASCII; marks go, so that an accent does not hide a
 * letter, and a dot would be a separator. */
static size_t looks_like(char *ret, size_t cap, const USpoofChecker *c, struct ent_slice one)
{
    char out[64];
    size_t n = 0;
    UErrorCode e = U_ZERO_ERROR;
    int32_t k = uspoof_getSkeletonUTF8(c, 0, (const char *)one.p, (int32_t)one.n, out,
                                       (int32_t)sizeof(out), &e);
    struct ent_slice s = ent_slice(out, U_FAILURE(e) || k < 0 ? 0 : (size_t)k);
    for (size_t i = 0, step; i < s.n && n < cap; i += step) {
        int32_t v = ent_utf8_next(ent_slice(s.p + i, s.n - i), &step);
        if (v < 0x300 || v >= 0x370)
            ret[n++] = v < 0 || v >= 0x80 || v == '.' ? OTHER : (char)(uint8_t)v;
    }
    return n;
}

char ent_guard_looks_like(struct ent_slice character)
{
    char text[8];
    const USpoofChecker *c = checker();
    bool one = c != NULL && looks_like(text, sizeof(text), c, character) == 1;
    return !one ? '\0' : text[0] >= 'a' && text[0] <= 'z' ? text[0] : '\0';
}

/* An A-label as it looks, and which bytes of that were beyond ASCII; 0 when it cannot be read. */
static size_t unwrap(char ret[static GUARD_TEXT], bool wide[static GUARD_TEXT],
                     struct ent_slice label)
{
    char text[64];
    char *utf8 = NULL;
    size_t n = 0;
    const USpoofChecker *c = checker();
    if (c == NULL || label.n >= sizeof(text))
        return 0;
    memcpy(text, label.p, label.n);
    text[label.n] = '\0';
    if (idn2_to_unicode_8z8z(text, &utf8, 0) != IDN2_OK || utf8 == NULL)
        return 0;
    struct ent_slice s = ent_slice_str(utf8);
    for (size_t i = 0, step; i < s.n && n < GUARD_TEXT; i += step) {
        size_t had = n;
        bool ascii = ent_utf8_next(ent_slice(s.p + i, s.n - i), &step) < 0x80;
        if (ascii)
            ret[n++] = (char)s.p[i];
        else
            n += looks_like(ret + n, GUARD_TEXT - n, c, ent_slice(s.p + i, step));
        memset(wide + had, !ascii, n - had);
    }
    idn2_free(utf8);
    return n;
}

void ent_guard_fold(struct ent_guard_text *t, struct ent_slice name)
{
    char text[GUARD_TEXT];
    bool wide[GUARD_TEXT];
    t->n = t->raw_n = t->words = t->labels = 0;
    t->has_wide = false;
    for (size_t i = 0; i <= name.n && t->labels < GUARD_WORDS;) {
        const uint8_t *dot = i < name.n ? memchr(name.p + i, '.', name.n - i) : NULL;
        size_t end = dot == NULL ? name.n : (size_t)(dot - name.p);
        struct ent_slice label = ent_slice(name.p + i, end - i);
        size_t n = 0;
        if (label.n > 4 && memcmp(label.p, "xn--", 4) == 0)
            n = unwrap(text, wide, label);
        if (n > 0 && !t->has_wide) {
            memset(t->wide, 0, sizeof(t->wide));
            t->has_wide = true;
        }
        put_label(t, n > 0 ? ent_slice(text, n) : label, n > 0 ? wide : NULL, i == 0 ? '\0' : '.');
        t->labels++;
        i = end + 1;
    }
    t->raw_at[t->n] = (uint16_t)t->raw_n;
    t->word[t->words] = (struct ent_guard_word){(uint16_t)t->n, (uint16_t)t->labels, '\0'};
}
