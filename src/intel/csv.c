/*
 * csv.c: the record reader. A quote inside an unquoted field is an ordinary character; text between
 * a closing quote and the next comma makes the record unusable, because nobody knows what was
 * meant. Empty lines are no records.
 */
#include "base/base.h"
#include "intel/csv.h"

#define WINDOW (64u << 10)

enum ent_err ent_csv_init(struct ent_csv *c, struct ent_reader in, uint64_t offset)
{
    *c = (struct ent_csv){.in = in, .base = offset, .delimiter = ','};
    ent_buf_init(&c->record, ENT_CSV_RECORD_MAX);
    c->window = malloc(WINDOW);
    return c->window == NULL ? ENT_E_NOMEM : ENT_OK;
}

void ent_csv_release(struct ent_csv *c)
{
    free(c->window);
    c->window = NULL;
    ent_buf_release(&c->record);
}

/* The next byte without consuming it; *ret_end at the end of the file. */
static enum ent_err peek(struct ent_csv *c, uint8_t *ret, bool *ret_end, struct ent_diag *d)
{
    if (c->pos == c->n && !c->eof) {
        size_t got = 0;
        enum ent_err r = c->in.read(c->in.ctx, c->window, &got, WINDOW, d);
        if (r != ENT_OK)
            return r;
        c->base += c->n;
        c->pos = 0;
        c->n = got;
        c->eof = got == 0;
    }
    *ret_end = c->pos == c->n;
    *ret = *ret_end ? 0 : c->window[c->pos];
    return ENT_OK;
}

static void advance(struct ent_csv *c)
{
    c->lines += c->window[c->pos] == '\n';
    c->pos++;
}

static enum ent_err keep(struct ent_csv *c, const uint8_t *p, size_t n)
{
    if (c->bad != NULL)
        return ENT_OK;
    enum ent_err r = ent_buf_put(&c->record, p, n);
    if (r != ENT_E_LIMIT)
        return r;
    c->bad = "a record of more than 262,144 bytes";
    return ENT_OK;
}

static void end_field(struct ent_csv *c)
{
    if (c->n_fields == ENT_CSV_FIELDS_MAX)
        c->bad = "a record of more than 64 fields";
    else
        c->end[c->n_fields++] = c->record.n;
}

/* Bytes up to one of two that end a run; in quoted fields there is only one. */
static enum ent_err run(struct ent_csv *c, uint8_t stop, uint8_t stop2, bool *ret_end,
                        struct ent_diag *d)
{
    uint8_t b;
    enum ent_err r;
    for (;;) {
        if ((r = peek(c, &b, ret_end, d)) != ENT_OK || *ret_end)
            return r;
        size_t start = c->pos;
        while (c->pos < c->n && c->window[c->pos] != stop && c->window[c->pos] != stop2)
            advance(c);
        if ((r = keep(c, c->window + start, c->pos - start)) != ENT_OK || c->pos < c->n)
            return r;
    }
}

/* Behind the opening quote, to behind the closing one. */
static enum ent_err quoted(struct ent_csv *c, struct ent_diag *d)
{
    uint64_t line = c->lines + 1, offset = c->base + c->pos;
    bool end = false;
    uint8_t b;
    enum ent_err r;
    for (;;) {
        if ((r = run(c, '"', '"', &end, d)) != ENT_OK)
            return r;
        if (end)
            return ent_fail(d, ENT_E_FORMAT, "a quoted field is never closed: truncated?", line,
                            offset);
        advance(c);
        if ((r = peek(c, &b, &end, d)) != ENT_OK || end || b != '"')
            return r;
        advance(c); /* a doubled quote */
        if ((r = keep(c, (const uint8_t *)"\"", 1)) != ENT_OK)
            return r;
    }
}

/* One field, to the delimiter, line feed or end of file behind it. */
static enum ent_err field(struct ent_csv *c, bool *ret_end, struct ent_diag *d)
{
    uint8_t b;
    enum ent_err r;
    bool was_quoted = false;
    if ((r = peek(c, &b, ret_end, d)) != ENT_OK)
        return r;
    if (!*ret_end && b == '"') {
        advance(c);
        was_quoted = true;
        if ((r = quoted(c, d)) != ENT_OK)
            return r;
    }
    size_t inside = c->record.n;
    if ((r = run(c, c->delimiter, '\n', ret_end, d)) != ENT_OK)
        return r;
    bool last = *ret_end || c->window[c->pos] == '\n';
    if (last && c->record.n > inside && c->record.p[c->record.n - 1] == '\r')
        c->record.n--;
    if (was_quoted && c->record.n > inside && c->bad == NULL)
        c->bad = "text behind a closing quote";
    end_field(c);
    return ENT_OK;
}

static void cut_fields(struct ent_csv *c)
{
    const uint8_t *p = c->record.p == NULL ? (const uint8_t *)"" : c->record.p;
    size_t start = 0;
    for (size_t i = 0; i < c->n_fields; i++) {
        c->field[i] = ent_slice(p + start, c->end[i] - start);
        start = c->end[i];
    }
}

/* Past LF, CRLF and empty lines, to the first byte of a record. */
static enum ent_err skip_empty(struct ent_csv *c, bool *ret_end, struct ent_diag *d)
{
    uint8_t b;
    enum ent_err r;
    while ((r = peek(c, &b, ret_end, d)) == ENT_OK && !*ret_end && (b == '\n' || b == '\r'))
        advance(c);
    return r;
}

enum ent_err ent_csv_next(struct ent_csv *c, bool *ret_end, struct ent_diag *d)
{
    bool end = false;
    enum ent_err r;
    ent_buf_clear(&c->record);
    c->n_fields = 0;
    c->bad = NULL;
    if ((r = skip_empty(c, &end, d)) != ENT_OK)
        return r;
    c->line = c->lines + 1;
    c->offset = c->base + c->pos;
    *ret_end = end;
    while (!end) {
        if ((r = field(c, &end, d)) != ENT_OK)
            return r;
        if (end)
            break;
        uint8_t b = c->window[c->pos];
        advance(c);
        if (b == '\n')
            break;
    }
    cut_fields(c);
    return ENT_OK;
}
