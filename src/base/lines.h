/*
 * lines.h: reading texts of "key value value" lines, the shape of everything that is signed. The
 * first error sticks, so that a parser is the list of lines it expects and one question at the end.
 * Strict: one blank between words, every line ends with LF, nothing may be left over.
 */
#ifndef ENT_BASE_LINES_H
#define ENT_BASE_LINES_H

#include <stdbool.h>
#include "base/slice.h"

struct ent_lines {
    struct ent_cur c;
    struct ent_slice rest; /* of the line begun by ent_lines_key() */
    bool inside; /* such a line; where there is an error: it is in it, and not in the next */
    enum ent_err err;
};

void ent_lines_start(struct ent_lines *l, struct ent_slice text);

/* Begin the next line, which must be this word alone or this word and a blank. */
void ent_lines_key(struct ent_lines *l, const char *key);

/* Whether the next line begins with this word. */
bool ent_lines_next_is(const struct ent_lines *l, const char *key);

/* The next word of the line. */
struct ent_slice ent_lines_word(struct ent_lines *l);
uint64_t ent_lines_u64(struct ent_lines *l, uint64_t max);
void ent_lines_b64(struct ent_lines *l, void *ret, size_t n);

/* A word, or the whole rest of the line, as a C string of at most cap-1 bytes. */
void ent_lines_str(struct ent_lines *l, char *ret, size_t cap);
void ent_lines_text(struct ent_lines *l, char *ret, size_t cap);

/* A line that is exactly this. */
void ent_lines_exact(struct ent_lines *l, const char *line);

/* Refuse the text from here on. */
void ent_lines_fail(struct ent_lines *l, enum ent_err e);

/* The first error, or ENT_E_FORMAT when something is left over. */
ENT_MUST_USE enum ent_err ent_lines_end(struct ent_lines *l);

/* What is left behind the current line, and end the lines there. */
ENT_MUST_USE enum ent_err ent_lines_tail(struct ent_lines *l, struct ent_slice *ret);

#endif
