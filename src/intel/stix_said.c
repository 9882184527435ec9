/*
 * stix_said.c: what an object of STIX says, as a hash (stix_gist.h).
 *
 * The object is written anew: each value behind a byte that says what it is and, where it has no
 * end of its own, its length; members of an object in the order of their keys. So two texts are
 * one only if they say the same. The enemy is a source that says two things under one version and
 * wants nobody to see it: it would need two texts with one hash.
 */
#include "base/base.h"
#include "intel/stix_gist.h"

#include "crypto/crypto.h"
#include "intel/intel.h"
#include "intel/json_pull.h"
#include "intel/parse.h"

#include <math.h>

#define WRITTEN_MOST ((size_t)16 << 20) /* a byte of JSON becomes at most six */

#define HEAD 5u /* bytes before a text: what it is, how long */

/* A member of an object that is being written: where, and how long its key is. */
struct member {
    size_t at, n, key_n;
};

struct ent_stix_sayer {
    struct ent_jp jp;
    struct ent_buf out, sorted;
    struct ent_buf members; /* struct member, of all objects that are open */
    const uint8_t *base;    /* of out, while members are compared */
};

enum ent_err ent_stix_sayer_new(struct ent_stix_sayer **ret)
{
    struct ent_stix_sayer *x = calloc(1, sizeof(*x));
    struct ent_slice nothing = {NULL, 0};
    if (x == NULL)
        return ENT_E_NOMEM;
    ent_buf_init(&x->out, WRITTEN_MOST);
    ent_buf_init(&x->sorted, WRITTEN_MOST);
    ent_buf_init(&x->members, ENT_STIX_OBJECT_MOST * sizeof(struct member));
    enum ent_err r =
        ent_jp_init(&x->jp, ent_reader_mem(&nothing), 0, ENT_JP_DEPTH, ENT_STIX_OBJECT_MOST);
    if (r != ENT_OK) {
        ent_stix_sayer_free(x);
        return r;
    }
    *ret = x;
    return ENT_OK;
}

void ent_stix_sayer_free(struct ent_stix_sayer *x)
{
    if (x == NULL)
        return;
    ent_jp_release(&x->jp);
    ent_buf_release(&x->out);
    ent_buf_release(&x->sorted);
    ent_buf_release(&x->members);
    free(x);
}

static enum ent_err put_text(struct ent_buf *b, char what, struct ent_slice s)
{
    const uint8_t head[HEAD] = {(uint8_t)what, (uint8_t)s.n, (uint8_t)(s.n >> 8),
                                (uint8_t)(s.n >> 16), (uint8_t)(s.n >> 24)};
    uint8_t *to;
    enum ent_err r = ent_buf_reserve(b, &to, HEAD + s.n);
    if (r != ENT_OK)
        return r;
    memcpy(to, head, HEAD);
    if (s.n > 0)
        memcpy(to + HEAD, s.p, s.n);
    b->n += HEAD + s.n;
    return ENT_OK;
}

/* An integer as it stands, anything else by its value: 1.50 is 1.5, and 1.0 not 1. What has more
 * digits than this, or is too large for a double, is only itself. */
static enum ent_err put_number(struct ent_buf *b, struct ent_slice s)
{
    char text[64];
    bool whole = true;
    for (size_t i = 0; i < s.n; i++)
        whole = whole && (ent_is_digit(s.p[i]) || s.p[i] == '-');
    if (whole)
        return put_text(b, 'i', ent_slice_eq(s, ENT_SLICE_LIT("-0")) ? ENT_SLICE_LIT("0") : s);
    if (s.n >= sizeof(text))
        return put_text(b, 'n', s);
    memcpy(text, s.p, s.n);
    text[s.n] = '\0';
    double v = strtod(text, NULL);
    if (!isfinite(v))
        return put_text(b, 'n', s);
    int n = snprintf(text, sizeof(text), "%.17g", fabs(v) > 0 ? v : 0.0);
    return put_text(b, 'r', ent_slice(text, (size_t)n));
}

/* Members of one key stay in the order in which they came: which of them counts is the reader's
 * choice, so another order says something else. */
static int by_key(const void *a, const void *b, void *ctx)
{
    const struct ent_stix_sayer *x = ctx;
    const struct member *l = a, *r = b;
    int d = ent_slice_cmp(ent_slice(x->base + l->at + HEAD, l->key_n),
                          ent_slice(x->base + r->at + HEAD, r->key_n));
    return d != 0 ? d : (l->at > r->at) - (l->at < r->at);
}

/* Objects are small, but for those that are made to be large. */
static void sort(struct ent_stix_sayer *x, struct member *m, size_t n)
{
    if (n > 32) {
        qsort_r(m, n, sizeof(*m), by_key, x);
        return;
    }
    for (size_t i = 1, k; i < n; i++) {
        const struct member one = m[i];
        for (k = i; k > 0 && by_key(&m[k - 1], &one, x) > 0; k--)
            m[k] = m[k - 1];
        m[k] = one;
    }
}

/* What was written from `from` on are members, in x->members from the nth on. */
static enum ent_err sort_members(struct ent_stix_sayer *x, size_t from, size_t nth)
{
    struct member *m = (struct member *)(void *)x->members.p + nth;
    size_t n = x->members.n / sizeof(*m) - nth;
    bool sorted = true;
    enum ent_err r = ENT_OK;
    x->base = x->out.p;
    for (size_t i = 1; i < n && sorted; i++)
        sorted = by_key(&m[i - 1], &m[i], x) < 0;
    if (!sorted) {
        sort(x, m, n);
        ent_buf_clear(&x->sorted);
        for (size_t i = 0; i < n && r == ENT_OK; i++)
            r = ent_buf_put(&x->sorted, x->out.p + m[i].at, m[i].n);
        if (r == ENT_OK)
            memcpy(x->out.p + from, x->sorted.p, x->sorted.n);
    }
    x->members.n = nth * sizeof(*m);
    return r;
}

static enum ent_err put_value(struct ent_stix_sayer *x, enum ent_jp_event ev);

/* Behind '{'. */
static enum ent_err put_members(struct ent_stix_sayer *x)
{
    const size_t from = x->out.n, nth = x->members.n / sizeof(struct member);
    enum ent_jp_event ev;
    enum ent_err r;
    while ((r = ent_jp_next(&x->jp, &ev, NULL)) == ENT_OK && ev == ENT_JP_KEY) {
        struct member m = {.at = x->out.n, .key_n = x->jp.text.n};
        if ((r = put_text(&x->out, 'k', x->jp.text)) != ENT_OK ||
            (r = ent_jp_next(&x->jp, &ev, NULL)) != ENT_OK || (r = put_value(x, ev)) != ENT_OK)
            return r;
        m.n = x->out.n - m.at;
        if ((r = ent_buf_put(&x->members, &m, sizeof(m))) != ENT_OK)
            return r;
    }
    return r == ENT_OK ? sort_members(x, from, nth) : r;
}

static enum ent_err put_elements(struct ent_stix_sayer *x)
{
    enum ent_jp_event ev;
    enum ent_err r;
    while ((r = ent_jp_next(&x->jp, &ev, NULL)) == ENT_OK && ev != ENT_JP_ARR_END)
        if ((r = put_value(x, ev)) != ENT_OK)
            return r;
    return r;
}

/* As deep as the parser lets in. */
static enum ent_err put_value(struct ent_stix_sayer *x, enum ent_jp_event ev)
{
    enum ent_err r;
    switch (ev) {
    case ENT_JP_OBJ:
        if ((r = ent_buf_putc(&x->out, '{')) == ENT_OK)
            r = put_members(x);
        return r == ENT_OK ? ent_buf_putc(&x->out, '}') : r;
    case ENT_JP_ARR:
        if ((r = ent_buf_putc(&x->out, '[')) == ENT_OK)
            r = put_elements(x);
        return r == ENT_OK ? ent_buf_putc(&x->out, ']') : r;
    case ENT_JP_STR:
        return put_text(&x->out, 's', x->jp.text);
    case ENT_JP_NUM:
        return put_number(&x->out, x->jp.text);
    case ENT_JP_TRUE:
        return ent_buf_putc(&x->out, 't');
    case ENT_JP_FALSE:
        return ent_buf_putc(&x->out, 'f');
    case ENT_JP_NULL:
        return ent_buf_putc(&x->out, '0');
    default:
        return ENT_E_FORMAT;
    }
}

enum ent_err ent_stix_said(struct ent_stix_sayer *x, uint8_t ret32[static 32],
                           struct ent_slice object)
{
    struct ent_slice rest = object;
    struct ent_hash32 h;
    enum ent_jp_event ev = ENT_JP_END;
    ent_buf_clear(&x->out);
    ent_buf_clear(&x->members);
    ent_jp_again(&x->jp, ent_reader_mem(&rest));
    enum ent_err r = ent_jp_next(&x->jp, &ev, NULL);
    if (r == ENT_OK && (r = put_value(x, ev)) == ENT_OK &&
        (r = ent_jp_next(&x->jp, &ev, NULL)) == ENT_OK && ev != ENT_JP_END)
        r = ENT_E_FORMAT;
    if (r == ENT_E_FORMAT || r == ENT_E_LIMIT) {
        ent_buf_clear(&x->out);
        r = put_text(&x->out, 'x', object);
    }
    if (r != ENT_OK)
        return r;
    ent_sha256_of(&h, ent_buf_slice(&x->out));
    memcpy(ret32, h.b, sizeof(h.b));
    return ENT_OK;
}
