/*
 * rows.h: what a query of the console found, on its way from the process that has the files to the
 * one that speaks JSON: a tree of named values in explicit little-endian fields.
 *
 *     value = tag u8, key length u8, key, and by tag
 *         OBJ, ARR, END   nothing
 *         STR, BYTES      u32 length, bytes
 *         U64, I64, TIME  u64
 *         BOOL            u8, 0 or 1
 *
 * The writer has the shape of ent_json's, so that what is written here is what JSON will hold. The
 * reader believes nothing: a wrong tag, length or nesting is ENT_E_FORMAT.
 */
#ifndef ENT_NODE_ROWS_H
#define ENT_NODE_ROWS_H

#include "base/base.h"

#define ENT_ROWS_DEPTH 12u
#define ENT_ROWS_KEY   32u /* bytes of a key */

/* The first error sticks and is returned by ent_rows_end(). */
struct ent_rows {
    struct ent_buf *b;
    enum ent_err err;
    unsigned depth;
};

void ent_rows_start(struct ent_rows *w, struct ent_buf *b);
ENT_MUST_USE enum ent_err ent_rows_end(struct ent_rows *w);

/* key NULL in arrays and at the top */
void ent_rows_obj(struct ent_rows *w, const char *key);
void ent_rows_obj_end(struct ent_rows *w);
void ent_rows_arr(struct ent_rows *w, const char *key);
void ent_rows_arr_end(struct ent_rows *w);
void ent_rows_str(struct ent_rows *w, const char *key, struct ent_slice v);
void ent_rows_cstr(struct ent_rows *w, const char *key, const char *v);
void ent_rows_bytes(struct ent_rows *w, const char *key, struct ent_slice v); /* base64 in JSON */
void ent_rows_hex(struct ent_rows *w, const char *key, const uint8_t *p, size_t n); /* n <= 64 */
void ent_rows_u64(struct ent_rows *w, const char *key, uint64_t v);
void ent_rows_i64(struct ent_rows *w, const char *key, int64_t v);
void ent_rows_bool(struct ent_rows *w, const char *key, bool v);
void ent_rows_time(struct ent_rows *w, const char *key, int64_t t); /* nothing for 0 */

/* All of it as one JSON document, appended. ENT_E_FORMAT for what the writer would not write. */
ENT_MUST_USE enum ent_err ent_rows_json(struct ent_buf *ret, struct ent_slice rows);

/* The members of the object at the top, into one that is open in j. */
ENT_MUST_USE enum ent_err ent_rows_members(struct ent_json *j, struct ent_slice rows);

/* The number under this key of the object at the top; ENT_E_NOTFOUND. */
ENT_MUST_USE enum ent_err ent_rows_number(uint64_t *ret, struct ent_slice rows, const char *key);

#endif
