/*
 * scan.c: the stream. Whole lines are looked at where they lie; what is behind the last newline is
 * kept until its line ends, or, when it grows longer than the carry, looked at as far as enough
 * bytes follow. No token holds a newline, so that both ways see the same.
 *
 * Called by programs that embed libentente and by everything that watches.
 */
#include "watch/watch.h"
#include "watch/scan.h"
#include "watch/sweep.h"

#define CARRY     65536u
#define LONG_WORD 16384u /* from here on a word is looked at before it has ended */
#define WORD_REST 4096u  /* its last bytes, which wait for what follows */
#define AROUND    256u   /* bytes of the line told on either side of a hit */

#define HASHES                                                                                     \
    (ENT_OBS_BIT(ENT_OBS_MD5) | ENT_OBS_BIT(ENT_OBS_SHA1) | ENT_OBS_BIT(ENT_OBS_SHA256) |          \
     ENT_OBS_BIT(ENT_OBS_SHA512))

_Static_assert(CARRY >= 2 * (ENT_SCAN_BEHIND + ENT_SCAN_AHEAD + LONG_WORD),
               "a full carry must leave something to look at");
_Static_assert(WORD_REST >= 2 * (ENT_SCAN_NAME_MAX + ENT_SCAN_TRIM_MAX) &&
                   ENT_SCAN_BEHIND >= 2 * (ENT_SCAN_NAME_MAX + ENT_SCAN_TRIM_MAX),
               "a name must fit on both sides of a cut in a word");

/* --- telling -----------------------------------------------------------------------------------
 */

bool ent_scan_wants(struct ent_scan *s, enum ent_obs_type type, struct ent_slice token)
{
    if (s->told == NULL)
        return false;
    if (s->every)
        return true;
    uint64_t h = ent_filter_tagged(s->w->fkey, (unsigned)type, ent_filter_bytes(s->w->fkey, token));
    uint64_t *at = &s->told[h % ENT_SCAN_TOLD];
    if (*at == h)
        return false;
    *at = h;
    return true;
}

enum ent_err ent_scan_seen(struct ent_scan *s)
{
    return s->ev.seen(s->ev.ctx, &s->seen);
}

/* Newlines up to this place in the window. Places come in the order of lines. */
static void count_lines(struct ent_scan *s, size_t to)
{
    size_t from = s->counted > s->base ? (size_t)(s->counted - s->base) : 0;
    if (from >= to)
        return;
    s->newlines += ent_sweep_newlines(s->b + from, to - from);
    s->counted = s->base + to;
}

/* The token at `at` and its neighbours within the line. What is seen is at most as long as what
 * stands there, or shorter by a few escapes. */
static struct ent_slice around(const struct ent_scan *s, size_t at)
{
    size_t from = at > AROUND ? at - AROUND : 0, n = s->n - at;
    const uint8_t *newline = memrchr(s->b + from, '\n', at - from);
    if (newline != NULL)
        from = (size_t)(newline - s->b) + 1;
    n = n < s->seen.n + AROUND ? n : s->seen.n + AROUND;
    newline = memchr(s->b + at, '\n', n);
    return ent_scan_slice(s, from, newline == NULL ? at + n : (size_t)(newline - s->b));
}

enum ent_err ent_scan_hit(struct ent_scan *s, size_t at, enum ent_obs_type type,
                          struct ent_slice indicator, uint64_t id)
{
    if (s->ev.hit == NULL)
        return ENT_OK;
    count_lines(s, at);
    struct ent_hit hit = {.seen_type = s->seen.type,
                          .seen = ent_slice(s->seen.text, s->seen.n),
                          .indicator_type = type,
                          .indicator = indicator,
                          .id = id,
                          .line = s->newlines + 1,
                          .offset = s->base + at,
                          .around = around(s, at)};
    hit.around_at = (size_t)(s->b + at - hit.around.p);
    return s->ev.hit(s->ev.ctx, &hit);
}

/* --- words -------------------------------------------------------------------------------------
 */

enum ent_obs_type ent_scan_hash_type(size_t digits)
{
    switch (digits) {
    case 32:
        return ENT_OBS_MD5;
    case 40:
        return ENT_OBS_SHA1;
    case 64:
        return ENT_OBS_SHA256;
    case 128:
        return ENT_OBS_SHA512;
    default:
        return (enum ent_obs_type)0;
    }
}

/* A run of letters and digits as long as a hash. */
static enum ent_err meet_hash(struct ent_scan *s, enum ent_obs_type type, size_t from, size_t to)
{
    uint8_t key[64];
    uint64_t id;
    size_t n = (to - from) / 2;
    enum ent_err r;
    struct ent_slice text = ent_scan_slice(s, from, to), k = ent_slice(key, n);
    if (ent_hex_decode(key, n, text) != ENT_OK)
        return ENT_OK;
    bool hit = ent_scan_has(s, type) &&
               ent_watch_maybe(s->w, (unsigned)type, ent_filter_name(s->w->fkey, text)) &&
               ent_watch_find(s->w, type, k, &id);
    bool tell = ent_scan_wants(s, type, k);
    if (!hit && !tell)
        return ENT_OK;
    ent_watch_text(&s->seen, type, k);
    if (tell && (r = ent_scan_seen(s)) != ENT_OK)
        return r;
    return hit ? ent_scan_hit(s, from, type, ent_scan_token(s), id) : ENT_OK;
}

static enum ent_err hashes(struct ent_scan *s, size_t from, size_t to)
{
    enum ent_err r = ENT_OK;
    if ((s->w->types & HASHES) == 0 && s->ev.seen == NULL)
        return ENT_OK;
    for (size_t p = from; p < to && r == ENT_OK; p++) {
        size_t start = p;
        while (p < to && ent_is(s->b[p], ENT_C_ALNUM))
            p++;
        enum ent_obs_type type = ent_scan_hash_type(p - start);
        if (type != 0 && ent_scan_emits(s, p))
            r = meet_hash(s, type, start, p);
    }
    return r;
}

/* What the bytes of a word have in common. */
struct word {
    size_t from, to;
    unsigned classes; /* of any byte, or-ed */
    bool two_dots;    /* somewhere in a row */
};

static size_t name_end(const struct ent_scan *s, const struct word *w, size_t p)
{
    if (!w->two_dots)
        return w->to;
    while (p < w->to && (s->b[p] != '.' || p + 1 == w->to || s->b[p + 1] != '.'))
        p++;
    return p;
}

/* Names are what stands between two dots in a row. */
static enum ent_err names(struct ent_scan *s, const struct word *w)
{
    bool local = ent_scan_byte(s, w->to) == '@'; /* "john.co@..." is nobody's domain */
    enum ent_err r = ENT_OK;
    for (size_t p = w->from; p < w->to && r == ENT_OK; p++) {
        size_t end = name_end(s, w, p);
        if ((w->classes & ENT_C_DIGIT) != 0)
            r = ent_scan_ipv4(s, w->from, p, end);
        if (r == ENT_OK && !(local && end == w->to))
            r = ent_scan_domain(s, p, end);
        p = end;
    }
    return r;
}

static enum ent_err meet_word(struct ent_scan *s, struct word *w)
{
    enum ent_err r = ENT_OK;
    if (!s->inside)
        w->from = ent_skip_escape(s->b, w->from, w->to);
    if (w->to - w->from >= 32)
        r = hashes(s, w->from, w->to);
    return r == ENT_OK && (w->classes & ENT_C_DOT) != 0 ? names(s, w) : r;
}

/* The bytes from w->to on that go on with the word. */
static void read_word(const struct ent_scan *s, struct word *w)
{
    const uint8_t *b = s->b;
    unsigned before = 0, c;
    size_t p = w->to, n = s->n;
    for (; p < n; p++) {
        while (p < n && ((c = ent_char_class[b[p]]) & ENT_C_WORD) != 0) {
            w->classes |= c;
            w->two_dots |= (before & c & ENT_C_DOT) != 0;
            before = c;
            p++;
        }
        size_t wide = p < n && b[p] >= 0x80 ? ent_wide_name(ent_scan_slice(s, p, n)) : 0;
        if (wide == 0)
            break;
        before = 0;
        p += wide - 1;
    }
    w->to = p;
}

/* --- the window --------------------------------------------------------------------------------
 */

/* The word at *at, or what one window can hold of it. *ret_wait: it may go on behind the window. */
static enum ent_err take_word(struct ent_scan *s, size_t *at, bool *ret_wait)
{
    struct word w = {.from = *at, .to = *at};
    read_word(s, &w);
    if (w.to == *at && !s->inside) { /* a character that is not part of names, or a part of one */
        *ret_wait = !s->final && s->n - *at < ENT_SCAN_NEAR;
        *at += *ret_wait ? 0 : 1;
        return ENT_OK;
    }
    bool goes_on = !s->final && s->n - w.to < ENT_SCAN_NEAR;
    if (goes_on && w.to - *at < LONG_WORD) {
        *ret_wait = true;
        return ENT_OK;
    }
    s->emit_from = s->inside ? *at : 0;
    s->emit_to = SIZE_MAX;
    size_t next = w.to;
    if (goes_on) {
        for (next -= WORD_REST; (s->b[next] & 0xC0) == 0x80;)
            next--;
        s->emit_to = next;
    }
    if (s->inside) { /* what it has in common is not known any more */
        w.from -= w.from < ENT_SCAN_BEHIND ? w.from : ENT_SCAN_BEHIND;
        w.classes = UINT_MAX;
        w.two_dots = true;
    }
    enum ent_err r = meet_word(s, &w);
    s->inside = goes_on;
    *at = next;
    return r;
}

enum ent_err ent_scan_words(struct ent_scan *s, size_t from, size_t to)
{
    enum ent_err r = ENT_OK;
    bool wait = false;
    for (size_t p = from; p < to && r == ENT_OK;)
        r = take_word(s, &p, &wait);
    return r;
}

enum ent_err ent_scan_mark(struct ent_scan *s, size_t at)
{
    if (s->b[at] == '@')
        return ent_scan_email(s, at);
    uint8_t c = ent_scan_byte(s, at + 1);
    return c == '/' || c == '\\' ? ent_scan_url(s, at) : ent_scan_ipv6(s, at);
}

/*
 * Most words hold no dot and are shorter than a hash: nothing to look at. The end of such a word,
 * or at when there may be more to it. Not in the last bytes of the window, so that the loop needs
 * no other bound.
 */
static size_t skip_word(const struct ent_scan *s, size_t at)
{
    const uint8_t *b = s->b;
    size_t p = at;
    if (s->n - at < 64)
        return at;
    while (p - at < 32 && ent_is(b[p], ENT_C_LABEL))
        p++;
    return p - at < 32 && !ent_is(b[p], ENT_C_DOT | ENT_C_HIGH) ? p : at;
}

/* Look at the window from *at on; *at becomes the first place that has to wait for more bytes. */
static enum ent_err look(struct ent_scan *s, size_t *at)
{
    size_t p = *at, next;
    bool wait = false;
    enum ent_err r = ENT_OK;
    while (p < s->n && r == ENT_OK) {
        uint8_t c = ent_char_class[s->b[p]];
        if ((c & (ENT_C_WORD | ENT_C_HIGH)) != 0 || s->inside) {
            if (!s->inside && (next = skip_word(s, p)) > p) {
                p = next;
                continue;
            }
            r = take_word(s, &p, &wait);
            if (wait)
                break;
        } else if ((c & ENT_C_MARK) != 0) {
            if (!s->final && s->n - p < ENT_SCAN_AHEAD)
                break;
            r = ent_scan_mark(s, p++);
        } else {
            p++;
        }
    }
    *at = p;
    return r;
}

static enum ent_err look_at_lines(struct ent_scan *s, const uint8_t *p, size_t n, size_t at)
{
    s->b = p;
    s->n = n;
    s->final = true;
    enum ent_err r = at > 0 || s->inside ? look(s, &at) : ent_sweep(s);
    if (r == ENT_OK)
        count_lines(s, n);
    s->base += n;
    return r;
}

/* The carry is full and its line goes on. */
static enum ent_err look_at_part(struct ent_scan *s)
{
    s->b = s->carry;
    s->n = s->carry_n;
    s->final = false;
    enum ent_err r = look(s, &s->carry_at);
    size_t drop = s->carry_at < ENT_SCAN_BEHIND ? 0 : s->carry_at - ENT_SCAN_BEHIND;
    memmove(s->carry, s->carry + drop, s->carry_n - drop);
    s->base += drop;
    s->carry_at -= drop;
    s->carry_n -= drop;
    return r;
}

/* Bytes of a line that began before, with its end when there is a newline at all. */
static enum ent_err carry(struct ent_scan *s, const uint8_t *p, size_t n)
{
    enum ent_err r = ENT_OK;
    while (n > 0 && r == ENT_OK) {
        size_t k = CARRY - s->carry_n < n ? CARRY - s->carry_n : n;
        memcpy(s->carry + s->carry_n, p, k);
        s->carry_n += k;
        p += k;
        n -= k;
        if (s->carry_n == CARRY)
            r = look_at_part(s);
    }
    return r;
}

static enum ent_err end_line(struct ent_scan *s)
{
    enum ent_err r = look_at_lines(s, s->carry, s->carry_n, s->carry_at);
    s->carry_n = s->carry_at = 0;
    return r;
}

static enum ent_err feed(struct ent_scan *s, const uint8_t *p, size_t n)
{
    enum ent_err r;
    const uint8_t *newline;
    if (s->carry_n > 0) {
        newline = memchr(p, '\n', n);
        size_t k = newline == NULL ? n : (size_t)(newline - p) + 1;
        if ((r = carry(s, p, k)) != ENT_OK || newline == NULL)
            return r;
        if ((r = end_line(s)) != ENT_OK)
            return r;
        p += k;
        n -= k;
    }
    newline = n == 0 ? NULL : memrchr(p, '\n', n);
    if (newline != NULL) {
        size_t k = (size_t)(newline - p) + 1;
        if ((r = look_at_lines(s, p, k, 0)) != ENT_OK)
            return r;
        p += k;
        n -= k;
    }
    return carry(s, p, n);
}

/* --- the interface -----------------------------------------------------------------------------
 */

enum ent_err ent_scan_new(struct ent_scan **ret, const struct ent_watch *w,
                          const struct ent_scan_events *events)
{
    if (!w->sealed)
        return ENT_E_STATE;
    struct ent_scan *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return ENT_E_NOMEM;
    s->carry = malloc(CARRY);
    s->sweep = malloc(sizeof(*s->sweep));
    if (events->seen != NULL)
        s->told = calloc(ENT_SCAN_TOLD, sizeof(*s->told));
    if (s->carry == NULL || s->sweep == NULL || (events->seen != NULL && s->told == NULL)) {
        ent_scan_free(s);
        return ENT_E_NOMEM;
    }
    s->w = w;
    s->ev = *events;
    *ret = s;
    return ENT_OK;
}

void ent_scan_every(struct ent_scan *s)
{
    s->every = true;
}

void ent_scan_free(struct ent_scan *s)
{
    if (s == NULL)
        return;
    free(s->told);
    free(s->sweep);
    free(s->carry);
    free(s);
}

enum ent_err ent_scan_feed(struct ent_scan *s, const void *bytes, size_t n)
{
    if (s->err != ENT_OK)
        return s->err;
    if (s->ended)
        return ENT_E_STATE;
    if (n == 0)
        return ENT_OK;
    s->fed += n;
    s->last = ((const uint8_t *)bytes)[n - 1];
    s->err = feed(s, bytes, n);
    return s->err;
}

enum ent_err ent_scan_end(struct ent_scan *s)
{
    if (s->err != ENT_OK)
        return s->err;
    if (s->ended)
        return ENT_E_STATE;
    s->ended = true;
    s->err = end_line(s);
    return s->err;
}

uint64_t ent_scan_lines(const struct ent_scan *s)
{
    return s->newlines + (s->fed > 0 && s->last != '\n' ? 1 : 0);
}
