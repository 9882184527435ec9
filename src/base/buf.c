/* buf.c: the growable buffer. Capacity doubles, never past the maximum. */
#include "base/base.h"

void ent_buf_init(struct ent_buf *b, size_t max)
{
    *b = (struct ent_buf){.max = max};
}

void ent_buf_release(struct ent_buf *b)
{
    free(b->p);
    ent_buf_init(b, b->max);
}

void ent_buf_wipe(struct ent_buf *b)
{
    if (b->p != NULL)
        ent_wipe(b->p, b->cap);
    ent_buf_release(b);
}

enum ent_err ent_buf_reserve(struct ent_buf *b, uint8_t **ret, size_t n)
{
    if (n > b->max - b->n)
        return ENT_E_LIMIT;
    if (n > b->cap - b->n) {
        size_t want = b->n + n, cap = b->cap < 64 ? 64 : b->cap;
        while (cap < want)
            cap = cap > b->max / 2 ? b->max : cap * 2;
        if (cap > b->max)
            cap = b->max;
        uint8_t *p = malloc(cap);
        if (p == NULL)
            return ENT_E_NOMEM;
        if (b->n > 0)
            memcpy(p, b->p, b->n);
        /* Not realloc: it may leave a copy of a secret behind. */
        if (b->p != NULL)
            ent_wipe(b->p, b->cap);
        free(b->p);
        b->p = p;
        b->cap = cap;
    }
    *ret = b->p == NULL ? NULL : b->p + b->n; /* nothing was asked for */
    return ENT_OK;
}

enum ent_err ent_buf_put(struct ent_buf *b, const void *p, size_t n)
{
    uint8_t *to;
    if (n == 0)
        return ENT_OK;
    enum ent_err r = ent_buf_reserve(b, &to, n);
    if (r != ENT_OK)
        return r;
    memcpy(to, p, n);
    b->n += n;
    return ENT_OK;
}

enum ent_err ent_buf_puts(struct ent_buf *b, const char *s)
{
    return ent_buf_put(b, s, strlen(s));
}

enum ent_err ent_buf_putc(struct ent_buf *b, char c)
{
    return ent_buf_put(b, &c, 1);
}

enum ent_err ent_buf_put_slice(struct ent_buf *b, struct ent_slice s)
{
    return ent_buf_put(b, s.p, s.n);
}

enum ent_err ent_buf_printf(struct ent_buf *b, const char *fmt, ...)
{
    va_list ap;
    uint8_t *to;

    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0)
        return ENT_E_FORMAT;
    enum ent_err r = ent_buf_reserve(b, &to, (size_t)n + 1);
    if (r != ENT_OK)
        return r;
    va_start(ap, fmt);
    (void)vsnprintf((char *)to, (size_t)n + 1, fmt, ap);
    va_end(ap);
    b->n += (size_t)n;
    return ENT_OK;
}
