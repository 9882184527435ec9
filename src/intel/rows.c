/*
 * rows.c: the lines of a text feed, one at a time. A line is at most ROW_MAX bytes; a longer one is
 * skipped with its first bytes, and the rest of it is passed over without being kept.
 */
#include "base/base.h"
#include "intel/feed.h"

#define ROW_MAX (64u << 10)

struct rows {
    struct ent_feed *f;
    enum ent_err (*row)(void *ctx, uint64_t line, struct ent_slice s);
    void *ctx;
    uint8_t *b; /* [0, n): the beginning of a line, or [pos, n) unread lines */
    size_t pos, n;
    uint64_t line;  /* of the byte at pos, from 1 */
    bool eof, over; /* over: inside a line that was too long */
};

static enum ent_err too_long(struct rows *l)
{
    l->over = true;
    return ent_feed_skip(l->f, l->line, "a line of more than 65,536 bytes", ent_slice(l->b, l->n));
}

/* All whole lines in [pos, n), and the last one at the end of the file. */
static enum ent_err give_rows(struct rows *l)
{
    enum ent_err r = ENT_OK;
    while (r == ENT_OK && l->pos < l->n) {
        const uint8_t *nl = memchr(l->b + l->pos, '\n', l->n - l->pos);
        if (nl == NULL && !l->eof)
            break;
        size_t end = nl == NULL ? l->n : (size_t)(nl - l->b);
        if (!l->over)
            r = l->row(l->ctx, l->line, ent_slice(l->b + l->pos, end - l->pos));
        l->over = false;
        l->line++;
        l->pos = nl == NULL ? end : end + 1;
    }
    return r;
}

static enum ent_err read_rows(struct rows *l)
{
    struct ent_feed *f = l->f;
    enum ent_err r;
    while (!l->eof) {
        size_t got = 0;
        if ((r = f->in.read(f->in.ctx, l->b + l->n, &got, ROW_MAX + 1 - l->n, f->d)) != ENT_OK)
            return r;
        l->eof = got == 0;
        l->n += got;
        if ((r = give_rows(l)) != ENT_OK)
            return r;
        if (l->pos > 0)
            memmove(l->b, l->b + l->pos, l->n - l->pos);
        l->n -= l->pos;
        l->pos = 0;
        if (l->n == ROW_MAX + 1 && !l->over && (r = too_long(l)) != ENT_OK)
            return r;
        if (l->over)
            l->n = 0;
    }
    return ENT_OK;
}

enum ent_err ent_feed_rows(struct ent_feed *f,
                           enum ent_err (*row)(void *ctx, uint64_t line, struct ent_slice s),
                           void *ctx)
{
    struct rows l = {.f = f, .row = row, .ctx = ctx, .line = 1, .b = malloc(ROW_MAX + 1)};
    if (l.b == NULL)
        return ent_fail(f->d, ENT_E_NOMEM, "out of memory", 0, 0);
    enum ent_err r = read_rows(&l);
    free(l.b);
    return r;
}
