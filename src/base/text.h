/*
 * text.h: foreign text made safe to look at. Whatever came from outside passes through
 * ent_escape() before it reaches a terminal, a log line or an error message.
 */
#ifndef ENT_BASE_TEXT_H
#define ENT_BASE_TEXT_H

#include <stdbool.h>
#include <entente/entente.h>

struct ent_buf;

/* Whether the bytes are well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms). On false,
 * *ret_bad (if not NULL) is the offset of the first wrong byte. */
bool ent_utf8_valid(struct ent_slice s, size_t *ret_bad);

/* The next code point of well-formed or broken UTF-8; *ret_n bytes long. -1 for a wrong byte (then
 * *ret_n is 1). s.n must not be 0. */
int32_t ent_utf8_next(struct ent_slice s, size_t *ret_n);

/* Characters that change what a reader sees without being seen: controls, separators, direction
 * marks, zero-width characters, variation selectors, tags. */
bool ent_is_invisible(int32_t v);

/*
 * Printable text: control characters, line separators, direction overrides, zero-width characters
 * and wrong bytes become \n \t \r \xHH or \u{HHHH}; a backslash is doubled. At most max_chars
 * characters, then "...".
 */
ENT_MUST_USE enum ent_err ent_escape(struct ent_buf *b, struct ent_slice s, size_t max_chars);

/* The same into a fixed array that is always NUL-terminated; cut with "..." where too small. */
#define ENT_SHOW_MAX 256
const char *ent_show(char ret[static ENT_SHOW_MAX], struct ent_slice s);

/* 1234567 as "1,234,567"; bytes as "12.3 MB" (powers of 1000); durations as "1.2 s". */
#define ENT_NUM_TEXT 32
const char *ent_show_count(char ret[static ENT_NUM_TEXT], uint64_t v);
const char *ent_show_bytes(char ret[static ENT_NUM_TEXT], uint64_t v);
const char *ent_show_ns(char ret[static ENT_NUM_TEXT], uint64_t ns);

#endif
