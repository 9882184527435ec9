/* slice.c: slices and the bounds-checked cursor. */
#include "base/base.h"

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

bool ent_slice_ieq(struct ent_slice a, struct ent_slice b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        if (lower(a.p[i]) != lower(b.p[i]))
            return false;
    return true;
}

int ent_slice_cmp(struct ent_slice a, struct ent_slice b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int d = n == 0 ? 0 : memcmp(a.p, b.p, n);
    if (d != 0)
        return d;
    return a.n < b.n ? -1 : a.n > b.n;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

struct ent_slice ent_slice_trim(struct ent_slice s)
{
    while (s.n > 0 && is_blank(s.p[0])) {
        s.p++;
        s.n--;
    }
    while (s.n > 0 && is_blank(s.p[s.n - 1]))
        s.n--;
    return s;
}

enum ent_err ent_cur_take(struct ent_cur *c, struct ent_slice *ret, size_t n)
{
    if (n > c->n)
        return ENT_E_FORMAT;
    *ret = (struct ent_slice){c->p, n};
    if (n > 0) /* else p may be NULL */
        c->p += n;
    c->n -= n;
    return ENT_OK;
}

enum ent_err ent_cur_copy(struct ent_cur *c, void *ret, size_t n)
{
    struct ent_slice s;
    enum ent_err r = ent_cur_take(c, &s, n);
    if (r == ENT_OK && n > 0)
        memcpy(ret, s.p, n);
    return r;
}

static enum ent_err take_le(struct ent_cur *c, uint64_t *ret, size_t n)
{
    struct ent_slice s;
    enum ent_err r = ent_cur_take(c, &s, n);
    if (r != ENT_OK)
        return r;
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++)
        v |= (uint64_t)s.p[i] << (8 * i);
    *ret = v;
    return ENT_OK;
}

enum ent_err ent_cur_u8(struct ent_cur *c, uint8_t *ret)
{
    return ent_cur_copy(c, ret, 1);
}

enum ent_err ent_cur_u16le(struct ent_cur *c, uint16_t *ret)
{
    uint64_t v;
    enum ent_err r = take_le(c, &v, 2);
    if (r == ENT_OK)
        *ret = (uint16_t)v;
    return r;
}

enum ent_err ent_cur_u32le(struct ent_cur *c, uint32_t *ret)
{
    uint64_t v;
    enum ent_err r = take_le(c, &v, 4);
    if (r == ENT_OK)
        *ret = (uint32_t)v;
    return r;
}

enum ent_err ent_cur_u64le(struct ent_cur *c, uint64_t *ret)
{
    return take_le(c, ret, 8);
}

enum ent_err ent_cur_line(struct ent_cur *c, struct ent_slice *ret)
{
    const uint8_t *nl = c->n == 0 ? NULL : memchr(c->p, '\n', c->n);
    if (nl == NULL)
        return ENT_E_FORMAT;
    size_t n = (size_t)(nl - c->p);
    *ret = (struct ent_slice){c->p, n};
    c->p += n + 1;
    c->n -= n + 1;
    return ENT_OK;
}

enum ent_err ent_cur_expect(struct ent_cur *c, struct ent_slice lit)
{
    if (!ent_slice_starts((struct ent_slice){c->p, c->n}, lit))
        return ENT_E_FORMAT;
    c->p += lit.n;
    c->n -= lit.n;
    return ENT_OK;
}

enum ent_err ent_cur_end(const struct ent_cur *c)
{
    return c->n == 0 ? ENT_OK : ENT_E_FORMAT;
}
