/*
 * sweep.c: which places of whole lines are worth a closer look.
 *
 * Addition finds the ends of words: in word + dot, the carry of a dot runs through the rest of its
 * word and comes out behind it, for all words of a block at once (after Cameron and Lin,
 * "Architectural support for SWAR text processing with parallel bit streams", ASPLOS 2009). What is
 * left are ends of names and of addresses; a name is hashed from its end, its block of the filter
 * fetched while the next names are hashed.
 *
 * The order in which places are looked at is the order of the stream, because a word of one line
 * must not be reported before one of the line above, and a colon decides about the words behind it.
 */
#include "watch/watch.h"
#include "watch/classify.h"
#include "watch/sweep.h"

#define BLOCK 64u
#define ADDRS                                                                                      \
    (ENT_OBS_BIT(ENT_OBS_IPV4) | ENT_OBS_BIT(ENT_OBS_IPV6) | ENT_OBS_BIT(ENT_OBS_NET4) |           \
     ENT_OBS_BIT(ENT_OBS_NET6) | ENT_OBS_BIT(ENT_OBS_ENDPOINT))
#define HASHES                                                                                     \
    (ENT_OBS_BIT(ENT_OBS_MD5) | ENT_OBS_BIT(ENT_OBS_SHA1) | ENT_OBS_BIT(ENT_OBS_SHA256) |          \
     ENT_OBS_BIT(ENT_OBS_SHA512))

/* --- bits ---------------------------------------------------------------------------------------
 */

ENT_INLINE uint64_t add_carry(uint64_t a, uint64_t b, uint64_t *carry)
{
    uint64_t sum;
    bool one = __builtin_add_overflow(a, b, &sum), two = __builtin_add_overflow(sum, *carry, &sum);
    *carry = one | two;
    return sum;
}

/* Bit i says what bit i - k of the stream says. */
ENT_INLINE uint64_t back(uint64_t now, uint64_t before, unsigned k)
{
    return now << k | before >> (BLOCK - k);
}

/* Dots up to three digits before. */
ENT_INLINE uint64_t back_octet(uint64_t now, uint64_t before)
{
    return back(now, before, 2) | back(now, before, 3) | back(now, before, 4);
}

/* The 64 bits before place r. */
ENT_INLINE uint64_t window(const uint64_t *mask, size_t r)
{
    size_t at = r - BLOCK, i = at / BLOCK, k = at % BLOCK;
    return mask[i] >> k | mask[i + 1] << 1 << (BLOCK - 1 - k);
}

ENT_INLINE unsigned leading_ones(uint64_t x)
{
    return ~x == 0 ? BLOCK : (unsigned)__builtin_clzll(~x);
}

ENT_INLINE unsigned leading_zeros(uint64_t x)
{
    return x == 0 ? BLOCK : (unsigned)__builtin_clzll(x);
}

ENT_INLINE void mark(struct ent_sweep *sw, size_t r)
{
    sw->todo[r / BLOCK] |= (uint64_t)1 << r % BLOCK;
}

/* The places k bytes before the bits of block i, k > 0. */
ENT_INLINE void mark_before(struct ent_sweep *sw, size_t i, uint64_t bits, unsigned k)
{
    sw->todo[i] |= bits >> k;
    sw->todo[i - 1] |= bits << (BLOCK - k);
}

/* Most blocks have at most four; writing them all costs less than asking. */
ENT_INLINE uint32_t push(uint16_t *queue, uint32_t n, uint64_t bits, size_t i)
{
    uint32_t count = (uint32_t)__builtin_popcountll(bits);
    uint16_t *to = queue + n;
    do {
        for (unsigned k = 0; k < 4; k++) {
            to[k] = (uint16_t)(BLOCK * i + (unsigned)__builtin_ctzll(bits | (uint64_t)1 << 63));
            bits &= bits - 1;
        }
        to += 4;
    } while (bits != 0);
    return n + count;
}

/* --- one block ----------------------------------------------------------------------------------
 */

/* A letter-or-digit run can only be a hash where it fills an aligned quarter of a block. */
static void meet_run(struct ent_scan *s, struct ent_sweep *sw, size_t r)
{
    const uint8_t *b = s->b;
    size_t from = sw->base + r - BLOCK, to = from + 16;
    while (from > 0 && ent_is(b[from - 1], ENT_C_ALNUM))
        from--;
    while (to < s->n && to - from <= 129 && ent_is(b[to], ENT_C_ALNUM))
        to++;
    if (from > 0 && (b[from - 1] == '\\' || b[from - 1] == '%')) {
        mark(sw, r);
        return;
    }
    uint8_t key[64];
    enum ent_obs_type type = ent_scan_hash_type(to - from);
    struct ent_slice k = ent_slice(key, (to - from) / 2);
    if (type != 0 && ent_scan_has(s, type) &&
        ent_hex_decode(key, k.n, ent_scan_slice(s, from, to)) == ENT_OK &&
        ent_watch_maybe_key(s->w, type, k))
        mark(sw, r);
}

/* Colons before r in a row of letters, digits and colons, as long as an address can be. */
static void mark_colons(struct ent_scan *s, struct ent_sweep *sw, size_t r)
{
    for (size_t k = 0; k < 48 && sw->base + r - k >= BLOCK; k++) {
        size_t at = sw->base + r - k - BLOCK;
        if (s->b[at] == ':')
            mark(sw, r - k);
        else if (!ent_is(s->b[at], ENT_C_ALNUM))
            break;
    }
}

ENT_INLINE void v6(struct ent_scan *s, struct ent_sweep *sw, size_t i, const struct ent_masks *m)
{
    struct ent_sweep_before *p = &sw->before;
    uint64_t row = m->alnum | m->colon, in[4];
    in[0] = row;
    in[1] = in[0] & back(in[0], p->v6[0], 1);
    in[2] = in[1] & back(in[1], p->v6[1], 2);
    in[3] = in[2] & back(in[2], p->v6[2], 4);
    uint64_t eleven = in[3] & back(in[3], p->v6[3], 3);
    memcpy(p->v6, in, sizeof(in));
    mark_before(sw, i, eleven & back(m->colon, p->colon, 11), 11);
    for (uint64_t two = m->colon & back(m->colon, p->colon, 1); two != 0; two &= two - 1)
        mark_colons(s, sw, BLOCK * i + (unsigned)__builtin_ctzll(two));
}

/* Ends of four octets: digits behind a dot behind ... behind a dot, and nothing that goes on. */
ENT_INLINE uint64_t address_ends(struct ent_sweep_before *p, const struct ent_masks *m,
                                 uint64_t number_ends)
{
    uint64_t dot2 = m->dot & back_octet(m->dot, p->dot);
    uint64_t dot3 = m->dot & back_octet(dot2, p->dot2);
    uint64_t ends = number_ends & ~m->alnum & back_octet(dot3, p->dot3);
    p->dot2 = dot2;
    p->dot3 = dot3;
    return ends;
}

ENT_INLINE void collect(struct ent_scan *s, struct ent_sweep *sw, size_t i,
                        const struct ent_masks *m, uint32_t types)
{
    struct ent_sweep_before *p = &sw->before;
    uint64_t word = m->alnum | m->dot | m->trim | m->high;
    sw->word[i] = word;
    sw->dot[i] = m->dot;
    sw->digit[i] = m->digit;
    sw->todo[i] = 0;
    uint64_t ends = add_carry(word, m->dot, &p->name_carry) & ~word;
    uint64_t numbers =
        add_carry(m->digit, m->digit & back(m->dot, p->dot, 1), &p->number_carry) & ~m->digit;
    if ((types & ENT_OBS_BIT(ENT_OBS_DOMAIN)) != 0) {
        uint64_t two = m->dot & back(m->dot, p->dot, 1);
        uint64_t slow =
            (add_carry(word, m->high, &p->wide_carry) | add_carry(word, two, &p->two_dots_carry)) &
            ~word & ends;
        mark_before(sw, i, slow, 1);
        sw->names = push(sw->name, sw->names, ends & ~slow & ~numbers, i);
    }
    if ((types & ADDRS) != 0)
        sw->addrs = push(sw->addr, sw->addrs, address_ends(p, m, numbers), i);
    if ((types & HASHES) != 0) {
        uint64_t full = m->alnum & m->alnum >> 1;
        full &= full >> 2;
        full &= full >> 4;
        full &= full >> 8 & 0x0001000100010001u;
        for (uint64_t first = full & ~back(full, p->full, 16); first != 0; first &= first - 1)
            meet_run(s, sw, BLOCK * i + (unsigned)__builtin_ctzll(first));
        p->full = full;
    }
    if ((types & ENT_OBS_BIT(ENT_OBS_EMAIL)) != 0)
        sw->todo[i] |= m->at;
    if ((types & (ENT_OBS_BIT(ENT_OBS_URL) | ENT_OBS_BIT(ENT_OBS_EMAIL))) != 0)
        mark_before(sw, i, m->slash & back(m->colon, p->colon, 1), 1);
    if ((types & ADDRS) != 0)
        v6(s, sw, i, m);
    p->dot = m->dot;
    p->colon = m->colon;
}

/* --- names --------------------------------------------------------------------------------------
 */

/* Hash what may be a name and ask for its block; what cannot be one is dropped. */
ENT_INLINE void hash_names(const struct ent_scan *s, struct ent_sweep *sw)
{
    const uint64_t top = (uint64_t)1 << 63;
    const uint8_t *b = s->b;
    uint32_t kept = 0;
    for (uint32_t k = 0; k < sw->names; k++) {
        size_t r = sw->name[k], end = sw->base + r - BLOCK;
        uint64_t dots = window(sw->dot, r);
        unsigned length = leading_ones(window(sw->word, r));
        if (length == BLOCK) {
            mark(sw, r - 1);
            continue;
        }
        unsigned dotted = (unsigned)(dots >> 63); /* a dot at its end is not part of it */
        dots = (dots & ~(~(uint64_t)0 >> length)) << dotted;
        end -= dotted;
        length -= dotted;
        unsigned label = leading_zeros(dots);
        if (label == BLOCK || ent_is(b[end - label], ENT_C_DIGIT)) /* one label, or a number */
            continue;
        uint64_t more = dots & ~(top >> label);
        unsigned n = more == 0 ? length : leading_zeros(more);
        size_t from = end - n;
        bool odd = n > ENT_FILTER_STEP || b[end - 1] == '-' || b[end - 1] == '_' || b[from] == '-';
        if (more == 0 && from > 0)
            odd |= b[from - 1] == '\\' || b[from - 1] == '%';
        if (odd) {
            mark(sw, r - 1);
            continue;
        }
        uint64_t h = end >= ENT_FILTER_STEP
                         ? ent_filter_end(s->w->fkey, b + end, n)
                         : ent_filter_name(s->w->fkey, ent_scan_slice(s, from, end));
        __builtin_prefetch(ent_filter_block(&s->w->tail, h));
        sw->hash[kept] = h;
        sw->name[kept++] = (uint16_t)(r - 1);
    }
    sw->names = kept;
}

ENT_INLINE void ask_names(const struct ent_scan *s, struct ent_sweep *sw)
{
    for (uint32_t k = 0; k < sw->names; k++)
        if (ent_filter_maybe(&s->w->tail, sw->hash[k]))
            mark(sw, sw->name[k]);
    sw->names = 0;
}

/* --- addresses ----------------------------------------------------------------------------------
 */

/* The number of 1 to 3 digits before end; at least 256 when it has a zero in front. */
ENT_INLINE uint32_t octet(const uint8_t *end, unsigned digits)
{
    static const uint32_t least[4] = {256, 0, 10, 100};
    uint32_t v;
    memcpy(&v, end - 4, 4);
    v = v & 0x0F0F0F0Fu & ~(uint32_t)0 << (32 - 8 * digits);
    v = (v >> 24) + 10 * (v >> 16 & 0xFF) + 100 * (v >> 8 & 0xFF);
    return v < least[digits] ? 256 : v;
}

/* Letters and digits in front of a number: they may be the end of an escape. */
static bool is_escaped(const uint8_t *b, size_t from)
{
    size_t p = from;
    while (p > 0 && from - p <= ENT_ESCAPE_MAX && ent_is(b[p - 1], ENT_C_ALNUM))
        p--;
    return p > 0 && (b[p - 1] == '\\' || b[p - 1] == '%');
}

enum verdict { NO, MAYBE, LOOK };

/* What the bytes on both sides of a text say. */
ENT_INLINE enum verdict edges(const struct ent_scan *s, size_t from, size_t end)
{
    const uint8_t *b = s->b;
    if (ent_scan_byte(s, end) == '.' && ent_scan_is(s, end + 1, ENT_C_LABEL))
        return NO;
    if (from == 0)
        return MAYBE;
    uint8_t c = b[from - 1];
    if (c == '.' && from > 1 && ent_is(b[from - 2], ENT_C_LABEL | ENT_C_HIGH))
        return is_escaped(b, from - 1) ? LOOK : NO;
    if (c == '\\' || c == '%')
        return LOOK;
    return ent_is(c, ENT_C_ALNUM) ? (is_escaped(b, from) ? LOOK : NO) : MAYBE;
}

ENT_INLINE void ask_addrs(const struct ent_scan *s, struct ent_sweep *sw)
{
    const uint64_t top = (uint64_t)1 << 63;
    for (uint32_t k = 0; k < sw->addrs; k++) {
        size_t r = sw->addr[k], end = sw->base + r - BLOCK;
        uint64_t dots = window(sw->dot, r);
        unsigned c = leading_zeros(dots);
        dots &= ~(top >> c);
        unsigned b = leading_zeros(dots);
        dots &= ~(top >> b);
        unsigned a = leading_zeros(dots);
        unsigned digits = leading_ones(window(sw->digit, r) << (a + 1));
        size_t from = end - a - 1 - digits;
        if (digits == 0 || a - b - 2 > 2 || b - c - 2 > 2) /* unsigned: 1 to 3 digits each */
            continue;
        enum verdict v = digits > 3 ? is_escaped(s->b, from) ? LOOK : NO : edges(s, from, end);
        if (v == MAYBE && end < 16 + 4)
            v = LOOK;
        if (v == MAYBE) {
            const uint8_t *e = s->b + end;
            uint32_t o[4] = {octet(e - a - 1, digits), octet(e - b - 1, a - b - 1),
                             octet(e - c - 1, b - c - 1), octet(e, c)};
            v = (o[0] | o[1] | o[2] | o[3]) < 256 &&
                        ent_v4map_has(&s->w->v4, o[0] << 24 | o[1] << 16 | o[2] << 8 | o[3])
                    ? LOOK
                    : NO;
        }
        if (v == LOOK)
            mark(sw, r - 1);
    }
    sw->addrs = 0;
}

/* --- a closer look ------------------------------------------------------------------------------
 */

/* The words around at, which belongs to one. */
static enum ent_err look_around(struct ent_scan *s, struct ent_sweep *sw, size_t at)
{
    size_t from = at, to = at + 1;
    if (at < sw->done)
        return ENT_OK;
    while (from > 0 && ent_is(s->b[from - 1], ENT_C_WORD | ENT_C_HIGH))
        from--;
    while (to < s->n && ent_is(s->b[to], ENT_C_WORD | ENT_C_HIGH))
        to++;
    sw->done = to;
    return ent_scan_words(s, from, to);
}

static enum ent_err look(struct ent_scan *s, struct ent_sweep *sw, size_t blocks)
{
    enum ent_err r = ENT_OK;
    for (size_t i = 0; i <= blocks && r == ENT_OK; i++) {
        for (uint64_t bits = sw->todo[i]; bits != 0 && r == ENT_OK; bits &= bits - 1) {
            size_t at = sw->base + BLOCK * i + (unsigned)__builtin_ctzll(bits) - BLOCK;
            r = ent_is(s->b[at], ENT_C_MARK) ? ent_scan_mark(s, at) : look_around(s, sw, at);
        }
    }
    return r;
}

/* --- the window, for each kind of machine -------------------------------------------------------
 */

typedef void classify_fn(struct ent_masks *ret, const uint8_t *p);

/* The next blocks from sw->base on; how many they were. Behind the window are newlines. */
ENT_INLINE size_t pass(struct ent_scan *s, struct ent_sweep *sw, classify_fn *classify)
{
    const uint32_t types = s->w->types;
    size_t left = s->n - sw->base, i = 0;
    struct ent_masks m;
    while (i < ENT_SWEEP_BLOCKS && left >= BLOCK) {
        classify(&m, s->b + sw->base + BLOCK * i);
        collect(s, sw, ++i, &m, types);
        left -= BLOCK;
    }
    if (i < ENT_SWEEP_BLOCKS) {
        uint8_t last[BLOCK];
        memset(last, '\n', sizeof(last));
        memcpy(last, s->b + s->n - left, left);
        classify(&m, last);
        collect(s, sw, ++i, &m, types);
    }
    hash_names(s, sw);
    ask_addrs(s, sw);
    ask_names(s, sw);
    return i;
}

static size_t pass_portable(struct ent_scan *s, struct ent_sweep *sw)
{
    return pass(s, sw, ent_classify_portable);
}

#if defined(__x86_64__)
ENT_AVX2 static size_t pass_avx2(struct ent_scan *s, struct ent_sweep *sw)
{
    return pass(s, sw, ent_classify_avx2);
}

ENT_AVX512 static size_t pass_avx512(struct ent_scan *s, struct ent_sweep *sw)
{
    return pass(s, sw, ent_classify_avx512);
}

ENT_AVX2 static size_t newlines_avx2(const uint8_t *p, size_t n)
{
    return ent_newlines_avx2(p, n);
}

ENT_AVX512 static size_t newlines_avx512(const uint8_t *p, size_t n)
{
    return ent_newlines_avx512(p, n);
}
#else
#define pass_avx2       pass_portable
#define pass_avx512     pass_portable
#define newlines_avx2   ent_newlines_portable
#define newlines_avx512 ent_newlines_portable
#endif

size_t ent_sweep_newlines(const uint8_t *p, size_t n)
{
    enum ent_cpu_level level = ent_cpu_level();
    return level == ENT_CPU_AVX512 ? newlines_avx512(p, n)
           : level == ENT_CPU_AVX2 ? newlines_avx2(p, n)
                                   : ent_newlines_portable(p, n);
}

enum ent_err ent_sweep(struct ent_scan *s)
{
    struct ent_sweep *sw = s->sweep;
    enum ent_cpu_level level = ent_cpu_level();
    enum ent_err r = ENT_OK;
    sw->before = (struct ent_sweep_before){0};
    sw->word[0] = sw->dot[0] = sw->digit[0] = sw->todo[0] = 0;
    sw->base = sw->done = 0;
    sw->names = sw->addrs = 0;
    /* One block more than there are bytes: a word ends behind them. */
    while (sw->base <= s->n && r == ENT_OK) {
        size_t blocks = level == ENT_CPU_AVX512 ? pass_avx512(s, sw)
                        : level == ENT_CPU_AVX2 ? pass_avx2(s, sw)
                                                : pass_portable(s, sw);
        r = look(s, sw, blocks);
        sw->base += BLOCK * blocks;
        sw->word[0] = sw->word[blocks];
        sw->dot[0] = sw->dot[blocks];
        sw->digit[0] = sw->digit[blocks];
        sw->todo[0] = 0;
    }
    return r;
}
