/*
 * pattern_lex.c: the tokens of STIX patterns, after the lexer part of OASIS's STIXPattern.g4. As
 * there, the longest token wins: "SHA-256" is one identifier with a hyphen.
 */
#include "base/base.h"
#include "intel/parse.h"
#include "intel/pattern.h"

/* The grammar's WS: Unicode's blanks. */
static size_t blank(struct ent_slice s)
{
    size_t n;
    int32_t v = ent_utf8_next(s, &n);
    bool is = v == ' ' || (v >= '\t' && v <= '\r') || v == 0x85 || v == 0xA0 || v == 0x1680 ||
              (v >= 0x2000 && v <= 0x200A) || v == 0x2028 || v == 0x2029 || v == 0x202F ||
              v == 0x205F || v == 0x3000;
    return is ? n : 0;
}

/* Past blanks and comments; false for a comment that does not end. */
static bool skip_blanks(size_t *at, struct ent_slice s)
{
    while (*at < s.n) {
        struct ent_slice rest = ent_slice_from(s, *at);
        size_t n = blank(rest);
        if (n > 0) {
            *at += n;
        } else if (ent_slice_starts(rest, ENT_SLICE_LIT("//"))) {
            while (*at < s.n && s.p[*at] != '\n' && s.p[*at] != '\r')
                ++*at;
        } else if (ent_slice_starts(rest, ENT_SLICE_LIT("/*"))) {
            const uint8_t *end = memmem(rest.p + 2, rest.n - 2, "*/", 2);
            if (end == NULL)
                return false;
            *at += (size_t)(end - rest.p) + 2;
        } else {
            break;
        }
    }
    return true;
}

static bool is_name_start(uint8_t c)
{
    return ent_is_alpha(c) || c == '_';
}

static size_t name(struct ent_token *t, struct ent_slice s)
{
    size_t n = 1;
    t->kind = ENT_TOK_NAME;
    while (n < s.n && (is_name_start(s.p[n]) || ent_is_digit(s.p[n]) || s.p[n] == '-'))
        if (s.p[n++] == '-')
            t->kind = ENT_TOK_HYPHEN;
    t->text = ent_slice(s.p, n);
    return n;
}

/* [+-]? ( "0" | [1-9][0-9]* ), or with a fraction; 0 when it is neither. */
static size_t number(struct ent_token *t, struct ent_slice s)
{
    size_t i = s.p[0] == '+' || s.p[0] == '-', whole = i, n;
    while (i < s.n && ent_is_digit(s.p[i]))
        i++;
    n = i;
    t->kind = ENT_TOK_INT;
    if (i + 1 < s.n && s.p[i] == '.' && ent_is_digit(s.p[i + 1])) {
        t->kind = ENT_TOK_FLOAT;
        for (n = i + 1; n < s.n && ent_is_digit(s.p[n]);)
            n++;
    } else if (i == whole) {
        return 0;
    } else if (s.p[whole] == '0') {
        n = whole + 1; /* "00" is two numbers, which no rule allows */
    }
    t->text = ent_slice(s.p, n);
    return n;
}

/* From the opening quote; the length with both quotes, 0 when there is no closing one. */
static size_t quoted(struct ent_token *t, struct ent_slice s, bool escapes)
{
    for (size_t i = 1; i < s.n; i++) {
        if (s.p[i] == '\'') {
            t->text = ent_slice(s.p + 1, i - 1);
            return i + 1;
        }
        if (escapes && s.p[i] == '\\') {
            if (i + 1 >= s.n || (s.p[i + 1] != '\'' && s.p[i + 1] != '\\'))
                return 0;
            i++;
        }
    }
    return 0;
}

/* The characters between the quotes of h'', b'' and t'' literals. */
static bool literal_is_right(const struct ent_token *t)
{
    static const char shape[] = "dddd-dd-ddTdd:dd:dd";
    struct ent_slice s = t->text;
    int64_t unused;
    if (t->kind == ENT_TOK_TIME) {
        if (s.n < sizeof(shape) || s.p[s.n - 1] != 'Z')
            return false;
        for (size_t i = 0; i < sizeof(shape) - 1; i++)
            if (shape[i] == 'd' ? !ent_is_digit(s.p[i]) : s.p[i] != (uint8_t)shape[i])
                return false;
        return ent_time_parse(&unused, s) == ENT_OK;
    }
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = s.p[i];
        bool ok = t->kind == ENT_TOK_HEX ? ent_is_hex(c)
                                         : ent_is_alpha(c) || ent_is_digit(c) || c == '+' ||
                                               c == '/' || (c == '=' && i + 2 >= s.n);
        if (!ok)
            return false;
    }
    return t->kind == ENT_TOK_HEX ? s.n % 2 == 0 : s.n % 4 == 0;
}

static size_t punct(struct ent_token *t, struct ent_slice s)
{
    static const char two[][3] = {"==", "!=", "<>", "<=", ">="};
    t->kind = ENT_TOK_PUNCT;
    t->text = ent_slice(s.p, 0);
    for (size_t i = 0; i < sizeof(two) / sizeof(two[0]); i++)
        if (ent_slice_starts(s, ent_slice(two[i], 2)))
            t->text.n = 2;
    if (t->text.n == 0 && s.p[0] != 0 && strchr("[]().,:*=<>", s.p[0]) != NULL)
        t->text.n = 1;
    return t->text.n;
}

enum ent_err ent_token_next(struct ent_token *ret, size_t *at, const char **why,
                            struct ent_slice pattern)
{
    struct ent_token t = {.kind = ENT_TOK_END};
    size_t n = 0;
    if (!skip_blanks(at, pattern))
        return ent_no(why, "a comment in a pattern does not end");
    t.at = *at;
    struct ent_slice s = ent_slice_from(pattern, *at);
    t.text = ent_slice(s.p, 0);
    if (s.n == 0) {
        *ret = t;
        return ENT_OK;
    }
    bool prefix = s.n > 1 && s.p[1] == '\'' && (s.p[0] == 'h' || s.p[0] == 'b' || s.p[0] == 't');
    if (s.p[0] == '\'') {
        t.kind = ENT_TOK_STRING;
        if ((n = quoted(&t, s, true)) == 0)
            return ent_no(why, "a string in a pattern does not end, or has an unknown escape");
    } else if (prefix) {
        t.kind = s.p[0] == 'h' ? ENT_TOK_HEX : s.p[0] == 'b' ? ENT_TOK_BINARY : ENT_TOK_TIME;
        n = quoted(&t, ent_slice_from(s, 1), false) + 1;
        if (n == 1 || !literal_is_right(&t))
            return ent_no(why, "a wrong h'', b'' or t'' literal in a pattern");
    } else if (is_name_start(s.p[0])) {
        n = name(&t, s);
    } else if (ent_is_digit(s.p[0]) || s.p[0] == '+' || s.p[0] == '-' ||
               (s.p[0] == '.' && s.n > 1 && ent_is_digit(s.p[1]))) {
        n = number(&t, s);
    } else {
        n = punct(&t, s);
    }
    if (n == 0)
        return ent_no(why, "a character that no pattern has");
    *at += n;
    *ret = t;
    return ENT_OK;
}

enum ent_err ent_token_string(struct ent_slice *ret, struct ent_arena *a, struct ent_slice raw)
{
    uint8_t *to = ent_arena_alloc(a, raw.n + 1);
    size_t n = 0;
    if (to == NULL)
        return ENT_E_LIMIT;
    for (size_t i = 0; i < raw.n; i++) {
        if (raw.p[i] == '\\')
            i++; /* the lexer has seen that something follows */
        to[n++] = raw.p[i];
    }
    *ret = ent_slice(to, n);
    return ENT_OK;
}
