/*
 * name.c: host names. Pure ASCII is lower-cased and checked here; anything else goes through
 * libidn2 (UTS 46, non-transitional) first and through the same checks afterwards, because UTS 46
 * maps full-width forms of '/', '@' or digits to ASCII and a name must not grow a path or turn into
 * an address by that.
 *
 * A label is letters, digits, '-' (not at its ends) and '_', which RFC 952 lacks and the DNS is
 * full of. "xn--" labels are taken as they stand: they are what is on the wire, whatever a newer
 * Unicode table thinks of them.
 */
#include "base/base.h"
#include "intel/parse.h"

#include <idn2.h>

#define INPUT_MAX 1024 /* 253 octets of A-labels are never more UTF-8 than this */

static bool is_label_char(uint8_t c)
{
    return ent_is_alpha(c) || ent_is_digit(c) || c == '-' || c == '_';
}

static enum ent_err check_label(const char **why, struct ent_slice label)
{
    if (label.n == 0)
        return ent_no(why, "an empty label in a name");
    if (label.n > 63)
        return ent_no(why, "a label of more than 63 octets");
    if (label.p[0] == '-' || label.p[label.n - 1] == '-')
        return ent_no(why, "a label begins or ends with a hyphen");
    for (size_t i = 0; i < label.n; i++)
        if (label.p[i] == '*')
            return ent_no(why, "a wildcard is not one name");
        else if (!is_label_char(label.p[i]))
            return ent_no(why, "a character that no name has");
    return ENT_OK;
}

/* "1.2.3", "0x7f.1": programs take names whose last label is a number for addresses, so that one
 * must never pass for a name here (URL Standard, "ends in a number"). */
static enum ent_err check_last(const char **why, struct ent_slice label, unsigned labels)
{
    if (ent_is_digit(label.p[0])) {
        size_t i = 0;
        bool hex = label.n >= 2 && label.p[0] == '0' && (label.p[1] | 0x20) == 'x';
        for (i = hex ? 2 : 0; i < label.n; i++)
            if (hex ? !ent_is_hex(label.p[i]) : !ent_is_digit(label.p[i]))
                break;
        if (i == label.n)
            return ent_no(why, "the name ends in a number");
    }
    if (labels > 1 && (label.n < 2 || !ent_is_alpha(label.p[0])))
        return ent_no(why, "no top-level domain looks like that");
    return ENT_OK;
}

static enum ent_err parse_ascii(char *ret, size_t *ret_n, const char **why, struct ent_slice s,
                                unsigned min_labels)
{
    unsigned labels = 0;
    enum ent_err r;
    if (s.n > 0 && s.p[s.n - 1] == '.')
        s.n--;
    if (s.n > ENT_NAME_MAX)
        return ent_no(why, "a name of more than 253 octets");
    for (size_t start = 0; start <= s.n;) {
        size_t end = start;
        while (end < s.n && s.p[end] != '.')
            end++;
        struct ent_slice label = ent_slice(s.p + start, end - start);
        if ((r = check_label(why, label)) != ENT_OK)
            return r;
        labels++;
        if (end == s.n && (r = check_last(why, label, labels)) != ENT_OK)
            return r;
        start = end + 1;
    }
    if (labels < min_labels)
        return ent_no(why, "not an address, a name, a URL or a hash");
    for (size_t i = 0; i < s.n; i++)
        ret[i] = ent_lower(s.p[i]);
    ret[s.n] = '\0';
    *ret_n = s.n;
    return ENT_OK;
}

static enum ent_err parse_unicode(char *ret, size_t *ret_n, const char **why, struct ent_slice s,
                                  unsigned min_labels)
{
    char text[INPUT_MAX + 1];
    char *ascii = NULL;
    if (s.n > INPUT_MAX)
        return ent_no(why, "a name of more than 253 octets");
    if (!ent_utf8_valid(s, NULL))
        return ent_no(why, "not UTF-8");
    memcpy(text, s.p, s.n);
    text[s.n] = '\0';
    if (memchr(text, '\0', s.n) != NULL)
        return ent_no(why, "a character that no name has");
    int bad = idn2_to_ascii_8z(text, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    if (bad != IDN2_OK || ascii == NULL) {
        idn2_free(ascii);
        return ent_no(why, "not a valid internationalised name (UTS 46)");
    }
    /* Ours alone: libidn2 allocated it and put the NUL. */
    enum ent_err r = parse_ascii(ret, ret_n, why, ent_slice_str(ascii), min_labels);
    idn2_free(ascii);
    return r;
}

enum ent_err ent_name_parse(char ret[static ENT_NAME_MAX + 1], size_t *ret_n, const char **why,
                            struct ent_slice s, unsigned min_labels)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] >= 0x80)
            return parse_unicode(ret, ret_n, why, s, min_labels);
    return parse_ascii(ret, ret_n, why, s, min_labels);
}
