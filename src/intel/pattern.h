/*
 * pattern.h: STIX patterns (STIX 2.1 section 9). The whole grammar is parsed, so that a wrong
 * pattern is told from one that is only more than a list of values; then those values are taken
 * out of which each alone makes the pattern match. What cannot be taken is said, never bent.
 */
#ifndef ENT_INTEL_PATTERN_H
#define ENT_INTEL_PATTERN_H

#include "base/base.h"

#include <entente/observable.h>

#define ENT_PATTERN_DEPTH 64 /* of parentheses */
#define ENT_PATTERN_BYTES (1u << 16)
#define ENT_PATTERN_ARENA (8u << 20) /* more than the densest pattern of that size needs */

/* --- pattern_lex.c ---------------------------------------------------------------------------- */

enum ent_token_kind {
    ENT_TOK_END,
    ENT_TOK_NAME,   /* identifier without '-'; keywords are told apart by their text */
    ENT_TOK_HYPHEN, /* identifier with '-': only an object type may be one */
    ENT_TOK_STRING, /* raw: between the quotes, escapes untouched */
    ENT_TOK_INT,
    ENT_TOK_FLOAT,
    ENT_TOK_HEX,    /* h'..' */
    ENT_TOK_BINARY, /* b'..' */
    ENT_TOK_TIME,   /* t'..' */
    ENT_TOK_PUNCT   /* one of [ ] ( ) . , : * and the comparison operators */
};

struct ent_token {
    enum ent_token_kind kind;
    struct ent_slice text;
    size_t at; /* offset in the pattern */
};

/* The next token from *at on. ENT_E_FORMAT with *why, and *at where it is wrong. */
ENT_MUST_USE enum ent_err ent_token_next(struct ent_token *ret, size_t *at, const char **why,
                                         struct ent_slice pattern);

/* A string's value: \' and \\ resolved. Memory from the arena. */
ENT_MUST_USE enum ent_err ent_token_string(struct ent_slice *ret, struct ent_arena *a,
                                           struct ent_slice raw);

/* --- pattern.c -------------------------------------------------------------------------------- */

/* One value, as it stood there; whether it is valid is for ent_observable_parse_as() to say. */
struct ent_pattern_value {
    struct ent_pattern_value *next;
    enum ent_obs_type type; /* 0: an address, network or name of any kind */
    uint16_t port;          /* 0, or what makes an address an endpoint */
    struct ent_slice text;
};

struct ent_pattern {
    struct ent_pattern_value *values; /* any one of them is enough */
    const char *lost; /* why the pattern, or an alternative in it, gave no value; or NULL */
    size_t error_at;  /* of a syntax error */
};

/* ENT_E_FORMAT for a syntax error and ENT_E_LIMIT for too deep or too many, both with *ret_why. */
ENT_MUST_USE enum ent_err ent_pattern_parse(struct ent_pattern *ret, const char **ret_why,
                                            struct ent_arena *a, struct ent_slice text);

#endif
