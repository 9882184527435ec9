/*
 * json.h: JSON output. Strings that are not UTF-8 get U+FFFD for each wrong byte, so that what we
 * print is always JSON. Commas and nesting are kept here, not by callers.
 */
#ifndef ENT_BASE_JSON_H
#define ENT_BASE_JSON_H

#include <stdbool.h>
#include <entente/entente.h>

struct ent_buf;

#define ENT_JSON_DEPTH 16

/* The first error sticks and is returned by ent_json_end(). */
struct ent_json {
    struct ent_buf *b;
    enum ent_err err;
    unsigned depth;
    bool comma[ENT_JSON_DEPTH];
};

void ent_json_start(struct ent_json *j, struct ent_buf *b);
ENT_MUST_USE enum ent_err ent_json_end(struct ent_json *j);

void ent_json_obj(struct ent_json *j, const char *key); /* key NULL inside an array or at the top */
void ent_json_obj_end(struct ent_json *j);
void ent_json_arr(struct ent_json *j, const char *key);
void ent_json_arr_end(struct ent_json *j);
void ent_json_str(struct ent_json *j, const char *key, struct ent_slice v);
void ent_json_cstr(struct ent_json *j, const char *key, const char *v);
void ent_json_u64(struct ent_json *j, const char *key, uint64_t v);
void ent_json_i64(struct ent_json *j, const char *key, int64_t v);
void ent_json_f64(struct ent_json *j, const char *key, double v); /* six significant digits */
void ent_json_bool(struct ent_json *j, const char *key, bool v);
void ent_json_time(struct ent_json *j, const char *key, int64_t t);

#endif
