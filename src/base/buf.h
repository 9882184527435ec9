/*
 * buf.h: a growable byte buffer that is born with its maximum. Owner: whoever declared it, until
 * ent_buf_release(). Growing past the maximum is ENT_E_LIMIT and leaves the buffer as it was.
 */
#ifndef ENT_BASE_BUF_H
#define ENT_BASE_BUF_H

#include <stdarg.h>
#include <entente/entente.h>

struct ent_buf {
    uint8_t *p;
    size_t n;
    size_t cap;
    size_t max;
};

void ent_buf_init(struct ent_buf *b, size_t max);

/* Frees the bytes and keeps the maximum; fine on a buffer that never held anything. */
void ent_buf_release(struct ent_buf *b);

/* As release, but wipes first: for buffers that held a secret. */
void ent_buf_wipe(struct ent_buf *b);

static inline void ent_buf_clear(struct ent_buf *b)
{
    b->n = 0;
}

static inline struct ent_slice ent_buf_slice(const struct ent_buf *b)
{
    return (struct ent_slice){b->p, b->n};
}

/* Room for n more bytes behind the end; *ret points at it. The caller adds to b->n itself. */
ENT_MUST_USE enum ent_err ent_buf_reserve(struct ent_buf *b, uint8_t **ret, size_t n);

ENT_MUST_USE enum ent_err ent_buf_put(struct ent_buf *b, const void *p, size_t n);
ENT_MUST_USE enum ent_err ent_buf_puts(struct ent_buf *b, const char *s);
ENT_MUST_USE enum ent_err ent_buf_putc(struct ent_buf *b, char c);
ENT_MUST_USE enum ent_err ent_buf_put_slice(struct ent_buf *b, struct ent_slice s);
ENT_MUST_USE enum ent_err ent_buf_printf(struct ent_buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
