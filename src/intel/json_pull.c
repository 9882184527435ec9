/*
 * json_pull.c: the pull parser. The window holds [pos, n) unread; a token that reaches the end of
 * the window is completed by reading more behind it. A string without escapes that lies whole in
 * the window is handed out where it is; any other is gathered in scratch, up to its maximum.
 *
 * What is fast: runs of plain characters and of blanks are measured sixteen bytes at a time, and
 * the
 * ':' behind a key and the ',' behind a value are taken along with it where they stand right there.
 */
#include "base/base.h"
#include "intel/json_pull.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#define ENT_INLINE   static inline __attribute__((always_inline))
#define ENT_NOINLINE __attribute__((noinline))

/* So many bytes behind the window may be read, and mean nothing. */
#define SLACK 16u

enum state {
    S_VALUE,        /* a value must come */
    S_VALUE_OR_END, /* behind '[' */
    S_KEY_OR_END,   /* behind '{' */
    S_KEY,          /* behind ',' in an object */
    S_COLON,        /* behind a key */
    S_COMMA,        /* behind a value inside an object or array */
    S_DONE          /* behind the only value of the text */
};

#define END_OF_TEXT (-1)

enum ent_err ent_jp_init(struct ent_jp *p, struct ent_reader in, uint64_t offset,
                         unsigned depth_max, size_t string_max)
{
    ENT_ASSERT(depth_max >= 1 && depth_max <= ENT_JP_DEPTH_MOST);
    *p = (struct ent_jp){
        .in = in, .base = offset, .depth_max = depth_max, .state = S_VALUE, .last = ENT_JP_NULL};
    p->portable = ent_cpu_level() == ENT_CPU_PORTABLE;
    ent_buf_init(&p->scratch, string_max);
    p->window = calloc(1, ENT_JP_WINDOW + SLACK);
    return p->window == NULL ? ENT_E_NOMEM : ENT_OK;
}

void ent_jp_again(struct ent_jp *p, struct ent_reader in)
{
    const struct ent_jp was = *p;
    *p = (struct ent_jp){.in = in,
                         .window = was.window,
                         .depth_max = was.depth_max,
                         .portable = was.portable,
                         .state = S_VALUE,
                         .last = ENT_JP_NULL,
                         .scratch = was.scratch};
    ent_buf_clear(&p->scratch);
}

void ent_jp_release(struct ent_jp *p)
{
    free(p->window);
    p->window = NULL;
    ent_buf_release(&p->scratch);
}

/* at: relative to pos */
static enum ent_err broken(struct ent_jp *p, enum ent_err e, const char *text, size_t at)
{
    p->err = e;
    return ent_fail(&p->diag, e, text, p->lines + 1, p->base + p->pos + at);
}

/* What was consumed since the last time goes to where the caller wants it. Only what leaves the
 * window is copied, so that a record costs one memcpy a window. */
static enum ent_err record(struct ent_jp *p)
{
    const uint8_t *from = p->window + p->record_from;
    size_t n = p->pos - p->record_from;
    if (p->record == NULL || p->record_full)
        return ENT_OK;
    p->record_from = p->pos;
    enum ent_err r = ent_buf_put(p->record, from, n);
    p->record_full = r == ENT_E_LIMIT;
    return r == ENT_E_NOMEM ? (p->err = r) : ENT_OK;
}

/* Read more behind what there is; [pos, n) is kept but may move. */
static enum ent_err fill(struct ent_jp *p)
{
    size_t got = 0;
    if (p->pos == p->n || p->n == ENT_JP_WINDOW) {
        if (record(p) != ENT_OK)
            return p->err;
        p->record_from = 0;
        memmove(p->window, p->window + p->pos, p->n - p->pos);
        p->base += p->pos;
        p->n -= p->pos;
        p->pos = 0;
    }
    if (p->n == ENT_JP_WINDOW)
        return broken(p, ENT_E_LIMIT, "a JSON number of more than 65,536 characters", 0);
    if (p->eof)
        return ENT_OK;
    p->diag = (struct ent_diag){0};
    enum ent_err r = p->in.read(p->in.ctx, p->window + p->n, &got, ENT_JP_WINDOW - p->n, &p->diag);
    if (r != ENT_OK)
        return p->err = r;
    p->eof = got == 0;
    p->n += got;
    return ENT_OK;
}

/* At least want bytes from pos on, or fewer at the end of the text. */
static enum ent_err need(struct ent_jp *p, size_t want)
{
    enum ent_err r = ENT_OK;
    while (r == ENT_OK && p->n - p->pos < want && !p->eof)
        r = fill(p);
    return r;
}

/* --- runs ------------------------------------------------------------------------------------- */

#if defined(__SSE2__)
/* How many bytes from s on are blank, and how many of them are line feeds. Of the n bytes and
 * SLACK. */
static size_t blank_run_sse2(const uint8_t *s, size_t n, uint64_t *lines)
{
    const __m128i space = _mm_set1_epi8(' '), tab = _mm_set1_epi8('\t'), feed = _mm_set1_epi8('\n'),
                  back = _mm_set1_epi8('\r');
    for (size_t i = 0; i < n; i += 16) {
        __m128i x = _mm_loadu_si128((const __m128i *)(const void *)(s + i)), is_feed;
        is_feed = _mm_cmpeq_epi8(x, feed);
        __m128i blank = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(x, space), is_feed),
                                     _mm_or_si128(_mm_cmpeq_epi8(x, tab), _mm_cmpeq_epi8(x, back)));
        unsigned other = ~(unsigned)_mm_movemask_epi8(blank) & 0xFFFF;
        unsigned feeds = (unsigned)_mm_movemask_epi8(is_feed);
        if (n - i < 16)
            other |= 1u << (n - i);
        if (other != 0)
            feeds &= (other & -other) - 1;
        for (; feeds != 0; feeds &= feeds - 1)
            ++*lines;
        if (other != 0)
            return i + (size_t)__builtin_ctz(other);
    }
    return n;
}

static size_t plain_run_sse2(const uint8_t *s, size_t n)
{
    const __m128i quote = _mm_set1_epi8('"'), back = _mm_set1_epi8('\\'), low = _mm_set1_epi8(0x20);
    for (size_t i = 0; i < n; i += 16) {
        __m128i x = _mm_loadu_si128((const __m128i *)(const void *)(s + i));
        /* As signed numbers the bytes above 0x7F are below 0x20, too. */
        __m128i special = _mm_or_si128(_mm_cmplt_epi8(x, low), _mm_cmpeq_epi8(x, quote));
        special = _mm_or_si128(special, _mm_cmpeq_epi8(x, back));
        unsigned bits = (unsigned)_mm_movemask_epi8(special);
        if (bits != 0) {
            i += (size_t)__builtin_ctz(bits);
            return i < n ? i : n;
        }
    }
    return n;
}
#endif

static size_t blank_run(const struct ent_jp *p, const uint8_t *s, size_t n, uint64_t *lines)
{
    size_t i = 0;
#if defined(__SSE2__)
    if (!p->portable)
        return blank_run_sse2(s, n, lines);
#endif
    (void)p;
    for (; i < n && (s[i] == ' ' || s[i] == '\n' || s[i] == '\r' || s[i] == '\t'); i++)
        *lines += s[i] == '\n';
    return i;
}

/* How many bytes from s on are plain ASCII: no quote, backslash, control byte, or byte above 0x7F.
 * Eight at a time (Mycroft's test for a zero byte, 1987). */
static size_t plain_run(const struct ent_jp *p, const uint8_t *s, size_t n)
{
    const uint64_t ones = 0x0101010101010101u, high = 0x8080808080808080u;
    size_t i = 0;
#if defined(__SSE2__)
    if (!p->portable)
        return plain_run_sse2(s, n);
#endif
    (void)p;
    for (; n - i >= 8; i += 8) {
        uint64_t x, quote, back;
        memcpy(&x, s + i, 8);
        quote = x ^ (ones * '"');
        back = x ^ (ones * '\\');
        if (((x | (x - ones * 0x20) | (quote - ones) | (back - ones)) & high) != 0)
            break;
    }
    while (i < n && s[i] >= 0x20 && s[i] < 0x80 && s[i] != '"' && s[i] != '\\')
        i++;
    return i;
}

/* The next byte that is not blank, not consumed, where a blank or the end of the window is next. */
static ENT_NOINLINE enum ent_err peek_far(struct ent_jp *p, int *ret)
{
    enum ent_err r = ENT_OK;
    while (r == ENT_OK) {
        p->pos += blank_run(p, p->window + p->pos, p->n - p->pos, &p->lines);
        if (p->pos < p->n) {
            *ret = p->window[p->pos];
            return ENT_OK;
        }
        if (p->eof) {
            *ret = END_OF_TEXT;
            return ENT_OK;
        }
        r = fill(p);
    }
    return r;
}

/* The next byte that is not blank, not consumed: most often the next one, or behind one blank. */
ENT_INLINE enum ent_err peek(struct ent_jp *p, int *ret)
{
    const uint8_t *at = p->window + p->pos;
    if (p->n - p->pos >= 2) {
        size_t blank = at[0] == ' ';
        if (at[blank] > ' ') {
            p->pos += blank;
            *ret = at[blank];
            return ENT_OK;
        }
    }
    return peek_far(p, ret);
}

/* --- strings ---------------------------------------------------------------------------------- */

/* Into scratch, up to its maximum; what does not fit any more is dropped for good. */
static enum ent_err gather(struct ent_jp *p, const uint8_t *from, size_t n)
{
    if (p->discard || p->cut)
        return ENT_OK;
    if (n > p->scratch.max - p->scratch.n) {
        n = p->scratch.max - p->scratch.n;
        p->cut = true;
    }
    enum ent_err r = ent_buf_put(&p->scratch, from, n);
    return r == ENT_OK ? ENT_OK : (p->err = r);
}

/* A string that was cut must still be UTF-8: without the part of a character at its end. */
static size_t whole_chars(const uint8_t *s, size_t n)
{
    size_t back = 0, len;
    while (back < 3 && back < n && (s[n - 1 - back] & 0xC0) == 0x80)
        back++;
    if (back == n || (back == 0 && s[n - 1] < 0x80))
        return n;
    if (ent_utf8_next(ent_slice(s + n - 1 - back, back + 1), &len) >= 0)
        return n;
    return n - 1 - back;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* XXXX of \uXXXX; at is relative to pos. */
static enum ent_err hex4(struct ent_jp *p, size_t at, uint32_t *ret)
{
    uint32_t v = 0;
    if (p->n - p->pos < at + 4)
        return broken(p, ENT_E_FORMAT, "the JSON text ends inside a string", p->n - p->pos);
    for (size_t i = 0; i < 4; i++) {
        int digit = hex_digit(p->window[p->pos + at + i]);
        if (digit < 0)
            return broken(p, ENT_E_FORMAT, "\\u without four hexadecimal digits", at + i);
        v = v << 4 | (uint32_t)digit;
    }
    *ret = v;
    return ENT_OK;
}

static size_t put_utf8(uint8_t to[static 4], uint32_t v)
{
    if (v < 0x80) {
        to[0] = (uint8_t)v;
        return 1;
    }
    if (v < 0x800) {
        to[0] = (uint8_t)(0xC0 | v >> 6);
        to[1] = (uint8_t)(0x80 | (v & 0x3F));
        return 2;
    }
    if (v < 0x10000) {
        to[0] = (uint8_t)(0xE0 | v >> 12);
        to[1] = (uint8_t)(0x80 | (v >> 6 & 0x3F));
        to[2] = (uint8_t)(0x80 | (v & 0x3F));
        return 3;
    }
    to[0] = (uint8_t)(0xF0 | v >> 18);
    to[1] = (uint8_t)(0x80 | (v >> 12 & 0x3F));
    to[2] = (uint8_t)(0x80 | (v >> 6 & 0x3F));
    to[3] = (uint8_t)(0x80 | (v & 0x3F));
    return 4;
}

/* "\uXXXX" at pos, with the second half of a surrogate pair where there is one. */
static enum ent_err unicode_escape(struct ent_jp *p)
{
    uint32_t v = 0, low = 0;
    uint8_t utf8[4];
    size_t used = 6;
    enum ent_err r;
    if ((r = need(p, 12)) != ENT_OK || (r = hex4(p, 2, &v)) != ENT_OK)
        return r;
    if (v >= 0xDC00 && v < 0xE000)
        return broken(p, ENT_E_FORMAT, "half of a surrogate pair in a string", 0);
    if (v >= 0xD800 && v < 0xDC00) {
        if (p->n - p->pos < 8 || p->window[p->pos + 6] != '\\' || p->window[p->pos + 7] != 'u')
            return broken(p, ENT_E_FORMAT, "half of a surrogate pair in a string", 0);
        if ((r = hex4(p, 8, &low)) != ENT_OK)
            return r;
        if (low < 0xDC00 || low >= 0xE000)
            return broken(p, ENT_E_FORMAT, "half of a surrogate pair in a string", 0);
        v = 0x10000 + ((v - 0xD800) << 10) + (low - 0xDC00);
        used = 12;
    }
    p->pos += used;
    return gather(p, utf8, put_utf8(utf8, v));
}

/* The escape at pos. */
static enum ent_err escape(struct ent_jp *p)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    enum ent_err r = need(p, 2);
    if (r != ENT_OK)
        return r;
    if (p->n - p->pos < 2)
        return broken(p, ENT_E_FORMAT, "the JSON text ends inside a string", p->n - p->pos);
    uint8_t c = p->window[p->pos + 1];
    if (c == 'u')
        return unicode_escape(p);
    const char *at = c == 0 ? NULL : strchr(from, c);
    if (at == NULL)
        return broken(p, ENT_E_FORMAT, "an escape that JSON does not have", 0);
    p->pos += 2;
    return gather(p, (const uint8_t *)to + (at - from), 1);
}

/* The character above 0x7F that is *i bytes behind pos; *i is behind it afterwards. */
static enum ent_err wide(struct ent_jp *p, size_t *i)
{
    size_t n;
    if (ent_utf8_next(ent_slice(p->window + p->pos + *i, p->n - p->pos - *i), &n) < 0)
        return broken(p, ENT_E_FORMAT, "a string is not UTF-8", *i);
    *i += n;
    return ENT_OK;
}

static void finish_string(struct ent_jp *p, size_t i, bool gathered)
{
    if (!gathered) {
        p->text = ent_slice(p->window + p->pos, i);
        p->cut = i > p->scratch.max;
        if (p->cut)
            p->text.n = whole_chars(p->text.p, p->scratch.max);
    } else {
        p->text = ent_buf_slice(&p->scratch);
        if (p->cut && p->text.n > 0)
            p->text.n = whole_chars(p->text.p, p->text.n);
    }
    p->pos += i + 1;
}

/* Any string: pos is behind the opening quote, the first i bytes are plain. */
static ENT_NOINLINE enum ent_err string_far(struct ent_jp *p, size_t i)
{
    bool gathered = false;
    enum ent_err r = ENT_OK;
    ent_buf_clear(&p->scratch);
    p->cut = false;
    for (;;) {
        i += plain_run(p, p->window + p->pos + i, p->n - p->pos - i);
        size_t left = p->n - p->pos - i;
        uint8_t c = left > 0 ? p->window[p->pos + i] : 0;
        if (left > 0 && c == '"')
            break;
        if (left > 0 && c < 0x20)
            return broken(p, ENT_E_FORMAT, "a control character in a string", i);
        if (left == 0 && p->eof)
            return broken(p, ENT_E_FORMAT, "the JSON text ends inside a string", i);
        bool short_of = left == 0 || (c >= 0x80 && left < 4 && !p->eof);
        if (!short_of && c >= 0x80) {
            if ((r = wide(p, &i)) != ENT_OK)
                return r;
            continue;
        }
        if (c == '\\' || p->n == ENT_JP_WINDOW) {
            if ((r = gather(p, p->window + p->pos, i)) != ENT_OK)
                return r;
            p->pos += i;
            i = 0;
            gathered = true;
        }
        if ((r = c == '\\' ? escape(p) : fill(p)) != ENT_OK)
            return r;
    }
    if (gathered && (r = gather(p, p->window + p->pos, i)) != ENT_OK)
        return r;
    finish_string(p, i, gathered);
    return ENT_OK;
}

/* Most strings are plain and lie whole in the window; pos is behind the opening quote. */
ENT_INLINE enum ent_err string(struct ent_jp *p)
{
    const uint8_t *at = p->window + p->pos;
    size_t n = p->n - p->pos, i = plain_run(p, at, n);
    if (i == n || at[i] != '"' || i > p->scratch.max)
        return string_far(p, i);
    p->text = ent_slice(at, i);
    p->pos += i + 1;
    return ENT_OK;
}

/* --- numbers and words ------------------------------------------------------------------------ */

/* The byte i behind pos, or 0 at the end of the text (no number or word contains 0). */
static enum ent_err byte_at(struct ent_jp *p, size_t i, uint8_t *ret)
{
    enum ent_err r = need(p, i + 1);
    *ret = r == ENT_OK && p->n - p->pos > i ? p->window[p->pos + i] : 0;
    return r;
}

static enum ent_err digits(struct ent_jp *p, size_t *i)
{
    size_t start = *i;
    uint8_t c;
    enum ent_err r;
    for (;;) {
        while (*i < p->n - p->pos && (uint8_t)(p->window[p->pos + *i] - '0') < 10)
            ++*i;
        if (*i < p->n - p->pos || p->eof)
            break;
        if ((r = byte_at(p, *i, &c)) != ENT_OK)
            return r;
    }
    return *i == start ? broken(p, ENT_E_FORMAT, "a digit is missing in a number", start) : ENT_OK;
}

/* RFC 8259 section 6: [ "-" ] int [ frac ] [ exp ] */
static enum ent_err number(struct ent_jp *p)
{
    size_t i = 0, whole;
    uint8_t c;
    enum ent_err r;
    if ((r = byte_at(p, 0, &c)) != ENT_OK)
        return r;
    i += c == '-';
    whole = i;
    if ((r = digits(p, &i)) != ENT_OK)
        return r;
    if (i - whole > 1 && p->window[p->pos + whole] == '0')
        return broken(p, ENT_E_FORMAT, "a number with a leading zero", whole);
    if ((r = byte_at(p, i, &c)) != ENT_OK)
        return r;
    if (c == '.') {
        i++;
        if ((r = digits(p, &i)) != ENT_OK || (r = byte_at(p, i, &c)) != ENT_OK)
            return r;
    }
    if (c == 'e' || c == 'E') {
        if ((r = byte_at(p, ++i, &c)) != ENT_OK)
            return r;
        i += c == '+' || c == '-';
        if ((r = digits(p, &i)) != ENT_OK)
            return r;
    }
    p->text = ent_slice(p->window + p->pos, i);
    p->cut = false;
    p->pos += i;
    return ENT_OK;
}

static enum ent_err word(struct ent_jp *p, struct ent_slice w)
{
    enum ent_err r = need(p, w.n);
    if (r != ENT_OK)
        return r;
    if (!ent_slice_starts(ent_slice(p->window + p->pos, p->n - p->pos), w))
        return broken(p, ENT_E_FORMAT, "not a JSON value", 0);
    p->pos += w.n;
    return ENT_OK;
}

/* --- structure -------------------------------------------------------------------------------- */

/* The separator that most often follows a key or a value at once. */
ENT_INLINE void along(struct ent_jp *p, uint8_t c, unsigned state)
{
    if (p->pos < p->n && p->window[p->pos] == c) {
        p->pos++;
        p->state = state;
    }
}

static enum ent_err open_container(struct ent_jp *p, bool object)
{
    if (p->depth == p->depth_max)
        return broken(p, ENT_E_LIMIT, "JSON nested too deeply", 0);
    unsigned at = p->depth++;
    uint64_t bit = (uint64_t)1 << (at % 64);
    p->is_object[at / 64] = (p->is_object[at / 64] & ~bit) | (object ? bit : 0);
    p->state = object ? S_KEY_OR_END : S_VALUE_OR_END;
    p->in_object = object;
    p->pos++;
    return ENT_OK;
}

static void value_done(struct ent_jp *p)
{
    p->state = p->depth == 0 ? S_DONE : S_COMMA;
}

static enum ent_err value(struct ent_jp *p, int c)
{
    enum ent_err r;
    switch (c) {
    case '{':
        p->last = ENT_JP_OBJ;
        return open_container(p, true);
    case '[':
        p->last = ENT_JP_ARR;
        return open_container(p, false);
    case '"':
        p->last = ENT_JP_STR;
        p->pos++;
        r = string(p);
        break;
    case 't':
        p->last = ENT_JP_TRUE;
        r = word(p, ENT_SLICE_LIT("true"));
        break;
    case 'f':
        p->last = ENT_JP_FALSE;
        r = word(p, ENT_SLICE_LIT("false"));
        break;
    case 'n':
        p->last = ENT_JP_NULL;
        r = word(p, ENT_SLICE_LIT("null"));
        break;
    default:
        if (c != '-' && (c < '0' || c > '9'))
            return broken(p, ENT_E_FORMAT, "not a JSON value", 0);
        p->last = ENT_JP_NUM;
        r = number(p);
    }
    if (r != ENT_OK)
        return r;
    value_done(p);
    if (p->depth > 0)
        along(p, ',', p->in_object ? S_KEY : S_VALUE);
    return ENT_OK;
}

/* Nothing behind it is taken along: a record ends here. */
static enum ent_err close_container(struct ent_jp *p)
{
    p->last = p->in_object ? ENT_JP_OBJ_END : ENT_JP_ARR_END;
    p->pos++;
    p->depth--;
    unsigned at = p->depth - 1;
    p->in_object = p->depth > 0 && (p->is_object[at / 64] >> (at % 64) & 1) != 0;
    value_done(p);
    return ENT_OK;
}

static enum ent_err key(struct ent_jp *p, int c)
{
    if (c != '"')
        return broken(p, ENT_E_FORMAT, "a key must be a string", 0);
    p->last = ENT_JP_KEY;
    p->state = S_COLON;
    p->pos++;
    enum ent_err r = string(p);
    if (r == ENT_OK)
        along(p, ':', S_VALUE);
    return r;
}

/* Past ',' or ':' to the byte that begins the event. */
static enum ent_err separator(struct ent_jp *p, int *c)
{
    if (p->state == S_COLON) {
        if (*c != ':')
            return broken(p, ENT_E_FORMAT, "':' must follow a key", 0);
        p->state = S_VALUE;
    } else if (p->state == S_COMMA && *c == ',') {
        p->state = p->in_object ? S_KEY : S_VALUE;
    } else {
        return ENT_OK;
    }
    p->pos++;
    return peek(p, c);
}

static enum ent_err step(struct ent_jp *p)
{
    int c = END_OF_TEXT;
    enum ent_err r;
    if ((r = peek(p, &c)) != ENT_OK)
        return r;
    if (c != END_OF_TEXT && (r = separator(p, &c)) != ENT_OK)
        return r;
    p->line = p->lines + 1;
    p->offset = p->base + p->pos;
    if (p->state == S_DONE) {
        p->last = ENT_JP_END;
        return c == END_OF_TEXT ? ENT_OK
                                : broken(p, ENT_E_FORMAT, "more text behind the JSON value", 0);
    }
    if (c == END_OF_TEXT)
        return broken(p, ENT_E_FORMAT, "the JSON text ends too early", 0);
    bool may_close = p->state == S_COMMA || p->state == S_KEY_OR_END || p->state == S_VALUE_OR_END;
    if (may_close && c == (p->in_object ? '}' : ']'))
        return close_container(p);
    if (p->state == S_COMMA)
        return broken(p, ENT_E_FORMAT, "',' or the end of the object or array is missing", 0);
    return p->state == S_KEY || p->state == S_KEY_OR_END ? key(p, c) : value(p, c);
}

enum ent_err ent_jp_next(struct ent_jp *p, enum ent_jp_event *ret, struct ent_diag *d)
{
    p->text = (struct ent_slice){NULL, 0};
    p->cut = false;
    if (p->err == ENT_OK && step(p) == ENT_OK) {
        *ret = p->last;
        return ENT_OK;
    }
    if (d != NULL)
        *d = p->diag;
    return p->err;
}

enum ent_err ent_jp_skip(struct ent_jp *p, struct ent_diag *d)
{
    enum ent_jp_event ev = p->last;
    unsigned until = p->depth;
    enum ent_err r = ENT_OK;
    if (ev == ENT_JP_KEY)
        until++;
    else if (ev != ENT_JP_OBJ && ev != ENT_JP_ARR)
        return ENT_OK;
    p->discard = true;
    do
        r = ent_jp_next(p, &ev, d);
    while (r == ENT_OK && p->depth >= until);
    p->discard = false;
    return r;
}

/* --- records ---------------------------------------------------------------------------------- */

void ent_jp_record(struct ent_jp *p, struct ent_buf *into)
{
    ENT_ASSERT(p->err == ENT_OK && p->last == ENT_JP_OBJ && p->record == NULL);
    p->record = into;
    p->record_from = p->pos - 1; /* the brace is still in the window: nothing was read since */
    p->record_before = into->n;
    p->record_depth = p->depth;
    p->record_full = false;
}

enum ent_err ent_jp_record_end(struct ent_jp *p)
{
    struct ent_buf *into = p->record;
    ENT_ASSERT(into != NULL);
    if (p->err == ENT_OK) {
        ENT_ASSERT(p->last == ENT_JP_OBJ_END && p->depth + 1 == p->record_depth);
        (void)record(p);
    }
    p->record = NULL;
    if (p->err == ENT_OK && !p->record_full)
        return ENT_OK;
    into->n = p->record_before;
    return p->err != ENT_OK ? p->err : ENT_E_LIMIT;
}

void ent_jp_record_drop(struct ent_jp *p)
{
    if (p->record != NULL)
        p->record->n = p->record_before;
    p->record = NULL;
}
