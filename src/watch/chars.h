/*
 * chars.h: which bytes can be part of what. docs/watch.md, "Bytes", in code.
 */
#ifndef ENT_WATCH_CHARS_H
#define ENT_WATCH_CHARS_H

#include "watch/watch.h"

enum ent_char_class {
    ENT_C_ALNUM = 1,  /* ASCII letters and digits */
    ENT_C_DIGIT = 2,  /* 0-9 */
    ENT_C_HEX = 4,    /* 0-9 a-f A-F */
    ENT_C_LABEL = 8,  /* letters, digits, '-', '_' */
    ENT_C_DOT = 16,   /* '.' */
    ENT_C_HIGH = 32,  /* 0x80 and above: ent_wide_name() decides */
    ENT_C_MARK = 64,  /* ':' and '@': tokens are recognised there */
    ENT_C_ATEXT = 128 /* what else may stand before the '@' of an e-mail address */
};
#define ENT_C_WORD (ENT_C_LABEL | ENT_C_DOT)

extern const uint8_t ent_char_class[256];

static inline bool ent_is(uint8_t c, unsigned classes)
{
    return (ent_char_class[c] & classes) != 0;
}

/* The length of the character beyond ASCII at s that may be part of a name, or of a URL; 0 when it
 * is a symbol, a space, punctuation, a wrong byte, or cut off. */
size_t ent_wide_name(struct ent_slice s);
size_t ent_wide_url(struct ent_slice s);

/*
 * Where a run of bytes that begins at start really begins: behind what belongs to an escape in
 * front of it ("\n", "\x22", "\u003c", "%2F", "%252F"), if that escape stands for a byte that is
 * a boundary. At most end, and at most ENT_ESCAPE_MAX bytes on.
 */
#define ENT_ESCAPE_MAX 8
size_t ent_skip_escape_slow(const uint8_t *b, size_t start, size_t end);

static inline size_t ent_skip_escape(const uint8_t *b, size_t start, size_t end)
{
    if (start == 0 || (b[start - 1] != '%' && b[start - 1] != '\\'))
        return start;
    return ent_skip_escape_slow(b, start, end);
}

/* A JSON escape at s: "\/", or "\u00" and two digits for a printable ASCII character. Its length,
 * or 0; *ret is the character. */
size_t ent_json_escape(uint8_t *ret, struct ent_slice s);

/* Whether a name that ends in this label can be a public one: the label is a top-level domain of
 * the public suffix list's ICANN section. Any case, any form. */
bool ent_label_is_tld(struct ent_slice label);

/* The same for the last label of a canonical name. */
bool ent_name_is_plausible(struct ent_slice name);

#endif
