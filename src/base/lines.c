/* lines.c: the line reader. */
#include "base/base.h"

void ent_lines_start(struct ent_lines *l, struct ent_slice text)
{
    *l = (struct ent_lines){.c = ent_cur(text)};
}

void ent_lines_fail(struct ent_lines *l, enum ent_err e)
{
    if (l->err == ENT_OK)
        l->err = e;
}

/* The line before must have been read to its end. */
static void finish_line(struct ent_lines *l)
{
    if (l->inside && l->rest.n != 0)
        ent_lines_fail(l, ENT_E_FORMAT);
    if (l->err == ENT_OK)
        l->inside = false;
}

bool ent_lines_next_is(const struct ent_lines *l, const char *key)
{
    struct ent_slice k = ent_slice_str(key);
    return l->err == ENT_OK && ent_slice_starts(ent_slice(l->c.p, l->c.n), k) && l->c.n > k.n &&
           (l->c.p[k.n] == ' ' || l->c.p[k.n] == '\n');
}

void ent_lines_key(struct ent_lines *l, const char *key)
{
    struct ent_slice line;
    finish_line(l);
    bool fits = ent_lines_next_is(l, key);
    if (!fits || ent_cur_line(&l->c, &line) != ENT_OK) {
        ent_lines_fail(l, ENT_E_FORMAT);
        return;
    }
    size_t n = strlen(key);
    l->rest = ent_slice(line.p + n, line.n - n);
    l->inside = true;
}

struct ent_slice ent_lines_word(struct ent_lines *l)
{
    struct ent_slice none = {NULL, 0};
    if (l->err == ENT_OK && (l->rest.n < 2 || l->rest.p[0] != ' '))
        ent_lines_fail(l, ENT_E_FORMAT);
    if (l->err != ENT_OK)
        return none;
    size_t n = 1;
    while (n < l->rest.n && l->rest.p[n] != ' ')
        n++;
    struct ent_slice word = {l->rest.p + 1, n - 1};
    l->rest = ent_slice(l->rest.p + n, l->rest.n - n);
    if (word.n == 0)
        ent_lines_fail(l, ENT_E_FORMAT);
    return l->err == ENT_OK ? word : none;
}

uint64_t ent_lines_u64(struct ent_lines *l, uint64_t max)
{
    uint64_t v = 0;
    struct ent_slice w = ent_lines_word(l);
    if (l->err == ENT_OK)
        l->err = ent_parse_u64(&v, w, max);
    return v;
}

void ent_lines_b64(struct ent_lines *l, void *ret, size_t n)
{
    struct ent_slice w = ent_lines_word(l);
    if (l->err == ENT_OK)
        l->err = ent_base64_decode_exact(ret, n, w);
}

static void to_string(struct ent_lines *l, struct ent_slice s, char *ret, size_t cap)
{
    ret[0] = '\0';
    if (l->err != ENT_OK)
        return;
    if (s.n >= cap) {
        ent_lines_fail(l, ENT_E_LIMIT);
    } else if (s.n > 0 && (memchr(s.p, '\0', s.n) != NULL || !ent_utf8_valid(s, NULL))) {
        ent_lines_fail(l, ENT_E_FORMAT);
    } else {
        if (s.n > 0)
            memcpy(ret, s.p, s.n);
        ret[s.n] = '\0';
    }
}

void ent_lines_str(struct ent_lines *l, char *ret, size_t cap)
{
    to_string(l, ent_lines_word(l), ret, cap);
}

void ent_lines_text(struct ent_lines *l, char *ret, size_t cap)
{
    struct ent_slice s = {NULL, 0};
    if (l->err == ENT_OK && (l->rest.n < 2 || l->rest.p[0] != ' '))
        ent_lines_fail(l, ENT_E_FORMAT);
    if (l->err == ENT_OK)
        s = ent_slice(l->rest.p + 1, l->rest.n - 1);
    l->rest.n = 0;
    to_string(l, s, ret, cap);
}

void ent_lines_exact(struct ent_lines *l, const char *line)
{
    struct ent_slice got;
    finish_line(l);
    if (l->err == ENT_OK &&
        (ent_cur_line(&l->c, &got) != ENT_OK || !ent_slice_eq(got, ent_slice_str(line))))
        ent_lines_fail(l, ENT_E_FORMAT);
}

enum ent_err ent_lines_end(struct ent_lines *l)
{
    finish_line(l);
    if (l->err == ENT_OK)
        l->err = ent_cur_end(&l->c);
    return l->err;
}

enum ent_err ent_lines_tail(struct ent_lines *l, struct ent_slice *ret)
{
    finish_line(l);
    *ret = ent_slice(l->c.p, l->c.n);
    l->c.n = 0;
    return l->err;
}
