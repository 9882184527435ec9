/*
 * slice.h: foreign bytes and the cursor that reads them. Getters check bounds and never read past
 * the end; after the last one ent_cur_end() rejects what is left over.
 */
#ifndef ENT_BASE_SLICE_H
#define ENT_BASE_SLICE_H

#include <stdbool.h>
#include <string.h>

#include <entente/entente.h>

#define ENT_SLICE_LIT(s) ((struct ent_slice){(const uint8_t *)("" s), sizeof(s) - 1})

static inline struct ent_slice ent_slice(const void *p, size_t n)
{
    return (struct ent_slice){(const uint8_t *)p, n};
}

static inline struct ent_slice ent_slice_str(const char *s)
{
    return (struct ent_slice){(const uint8_t *)s, strlen(s)};
}

/* Variable time: for public bytes only. */
static inline bool ent_slice_eq(struct ent_slice a, struct ent_slice b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool ent_slice_starts(struct ent_slice s, struct ent_slice prefix)
{
    return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

/* ASCII case folded comparison. */
bool ent_slice_ieq(struct ent_slice a, struct ent_slice b);

/* memcmp order, a shorter slice before a longer one with the same start. */
int ent_slice_cmp(struct ent_slice a, struct ent_slice b);

/* Without leading and trailing blanks, tabs and carriage returns. */
struct ent_slice ent_slice_trim(struct ent_slice s);

/* What is left to read. Copy it to look ahead. */
struct ent_cur {
    const uint8_t *p;
    size_t n;
};

static inline struct ent_cur ent_cur(struct ent_slice s)
{
    return (struct ent_cur){s.p, s.n};
}

ENT_MUST_USE enum ent_err ent_cur_take(struct ent_cur *c, struct ent_slice *ret, size_t n);
ENT_MUST_USE enum ent_err ent_cur_copy(struct ent_cur *c, void *ret, size_t n);
ENT_MUST_USE enum ent_err ent_cur_u8(struct ent_cur *c, uint8_t *ret);
ENT_MUST_USE enum ent_err ent_cur_u16le(struct ent_cur *c, uint16_t *ret);
ENT_MUST_USE enum ent_err ent_cur_u32le(struct ent_cur *c, uint32_t *ret);
ENT_MUST_USE enum ent_err ent_cur_u64le(struct ent_cur *c, uint64_t *ret);

/* Up to and without the next '\n', which must be there. ENT_E_FORMAT without one. */
ENT_MUST_USE enum ent_err ent_cur_line(struct ent_cur *c, struct ent_slice *ret);

/* Exactly these bytes, or ENT_E_FORMAT with nothing consumed. */
ENT_MUST_USE enum ent_err ent_cur_expect(struct ent_cur *c, struct ent_slice lit);

/* ENT_OK only when nothing is left. */
ENT_MUST_USE enum ent_err ent_cur_end(const struct ent_cur *c);

static inline void ent_put_u16le(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static inline void ent_put_u32le(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}

static inline void ent_put_u64le(uint8_t *p, uint64_t v)
{
    for (int i = 0; i < 8; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}

#endif
