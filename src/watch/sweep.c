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

#define AHEAD 4096u /* bytes fetched in advance: processors do not look beyond a page */
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

/* x without its first bit from the top */
ENT_INLINE uint64_t behind_first(uint64_t x)
{
    return x & ~((uint64_t)1 << 63 >> __builtin_clzll(x | 1));
}

ENT_INLINE unsigned trailing_ones(uint64_t x)
{
    return ~x == 0 ? BLOCK : (unsigned)__builtin_ctzll(~x);
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

/* The places of the bits of block i. "most" are written without asking how many there are, which
 * costs less than a wrong guess. */
ENT_INLINE uint32_t push(uint16_t *queue, uint32_t n, uint64_t bits, size_t i, unsigned most)
{
    uint32_t count = (uint32_t)__builtin_popcountll(bits);
    uint16_t *to = queue + n;
    do {
        for (unsigned k = 0; k < most; k++) {
            *to++ = (uint16_t)(BLOCK * i + (unsigned)__builtin_ctzll(bits | (uint64_t)1 << 63));
            bits &= bits - 1;
        }
    } while (bits != 0);
    return n + count;
}

enum verdict { NO, MAYBE, LOOK };

/* --- what is rare -------------------------------------------------------------------------------
 */

/* Ask the filter of everything but tails later, when its block has come: "maybe" marks place r. */
ENT_INLINE void ask_later(const struct ent_scan *s, struct ent_sweep *sw, unsigned tag, uint64_t h,
                          size_t r)
{
    h = ent_filter_tagged(s->w->fkey, tag, h);
    __builtin_prefetch(ent_filter_block(&s->w->rest, h));
    sw->ask[sw->asks] = h;
    sw->ask_at[sw->asks++] = (uint16_t)r;
}

ENT_INLINE void ask_rest(const struct ent_scan *s, struct ent_sweep *sw)
{
    for (uint32_t k = 0; k < sw->asks; k++)
        if (ent_filter_maybe(&s->w->rest, sw->ask[k]))
            mark(sw, sw->ask_at[k]);
    sw->asks = 0;
}

/* How many letters and digits there are from r on, 130 for more than a hash has. */
ENT_INLINE size_t run_from(const struct ent_scan *s, const struct ent_sweep *sw, size_t r,
                           size_t blocks)
{
    size_t n = 0;
    while (n < 2 * BLOCK && r + n + BLOCK <= BLOCK * blocks) {
        unsigned more = trailing_ones(window(sw->alnum, r + n + BLOCK));
        n += more;
        if (more < BLOCK)
            return n;
    }
    for (size_t p = sw->base + r - BLOCK; n < 130 && ent_scan_is(s, p + n, ENT_C_ALNUM);)
        n++;
    return n;
}

/* A run of letters and digits can only be a hash where it fills an aligned quarter of a block. */
ENT_INLINE void meet_run(struct ent_scan *s, struct ent_sweep *sw, size_t r, size_t blocks)
{
    size_t before = leading_ones(window(sw->alnum, r)), at = sw->base + r - BLOCK;
    size_t from = at - before, n = before + run_from(s, sw, r, blocks);
    if (from > 0 && (s->b[from - 1] == '\\' || s->b[from - 1] == '%')) {
        mark(sw, r);
        return;
    }
    enum ent_obs_type type = ent_scan_hash_type(n);
    if (type != 0 && s->told != NULL)
        mark(sw, r);
    else if (type != 0 && ent_scan_has(s, type))
        ask_later(s, sw, (unsigned)type, ent_filter_name(s->w->fkey, ent_slice(s->b + from, n)), r);
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

/* --- many blocks at once ------------------------------------------------------------------------
 */

/* Eight blocks; the compiler makes of it what the machine has. Through pointers only, as how such
 * values are passed depends on the machine. */
typedef uint64_t lanes __attribute__((vector_size(64)));

ENT_INLINE void load(lanes *ret, const uint64_t *mask)
{
    memcpy(ret, mask, sizeof(*ret));
}

/* Bit i of mask says what bit i - k says, for k = first..last. */
ENT_INLINE void load_back(lanes *ret, const uint64_t *mask, unsigned first, unsigned last)
{
    lanes now, before;
    load(&now, mask);
    load(&before, mask - 1);
    *ret = now << first | before >> (BLOCK - first);
    for (unsigned k = first + 1; k <= last; k++)
        *ret |= now << k | before >> (BLOCK - k);
}

/* to = mask, where "of" stands first..last bytes before */
ENT_INLINE void only_behind(ent_sweep_mask to, const ent_sweep_mask mask, const ent_sweep_mask of,
                            unsigned first, unsigned last)
{
    for (size_t i = 1; i <= ENT_SWEEP_BLOCKS; i += 8) {
        lanes m, behind;
        load(&m, mask + i);
        load_back(&behind, of + i, first, last);
        m &= behind;
        memcpy(to + i, &m, sizeof(m));
    }
}

/* Ends of four octets: one to three digits, behind a dot behind ... behind a dot. */
ENT_INLINE void find_addresses(struct ent_sweep *sw)
{
    only_behind(sw->dot2, sw->dot, sw->dot, 2, 4);
    only_behind(sw->dot3, sw->dot, sw->dot2, 2, 4);
    for (size_t i = 1; i <= ENT_SWEEP_BLOCKS; i += 8) {
        lanes behind, alnum, digit;
        load_back(&behind, sw->dot3 + i, 2, 4);
        load_back(&digit, sw->digit + i, 1, 1);
        load(&alnum, sw->alnum + i);
        behind &= digit & ~alnum;
        memcpy(sw->ends + i, &behind, sizeof(behind));
    }
    /* An address of IPv6 has two colons in a row, or more than clocks and MAC addresses. */
    only_behind(sw->colons[0], sw->colon, sw->colon, 2, 5);
    for (unsigned k = 1; k < 5; k++)
        only_behind(sw->colons[k], sw->colon, sw->colons[k - 1], 2, 5);
    for (size_t i = 1; i <= ENT_SWEEP_BLOCKS; i += 8) {
        lanes v6, colon, behind;
        load(&v6, sw->colons[4] + i);
        load(&colon, sw->colon + i);
        load_back(&behind, sw->colon + i, 1, 1);
        v6 |= colon & behind;
        memcpy(sw->v6 + i, &v6, sizeof(v6));
    }
}

ENT_INLINE void find_runs(struct ent_sweep *sw)
{
    for (size_t i = 1; i <= ENT_SWEEP_BLOCKS; i += 8) {
        lanes a;
        load(&a, sw->alnum + i);
        a &= a >> 1;
        a &= a >> 2;
        a &= a >> 4;
        a &= a >> 8 & 0x0001000100010001u;
        memcpy(sw->full + i, &a, sizeof(a));
    }
}

/* --- one block ----------------------------------------------------------------------------------
 */

/* Ends of names: words with a dot that do not end in a number. Words with something beyond ASCII,
 * or two dots in a row, are left to the recognisers. */
ENT_INLINE void collect_names(struct ent_sweep *sw, size_t i)
{
    uint64_t word = sw->word[i], dot = sw->dot[i], digit = sw->digit[i];
    uint64_t ends = add_carry(word, dot, &sw->word_carry) & ~word;
    uint64_t numbers =
        add_carry(digit, digit & back(dot, sw->dot[i - 1], 1), &sw->number_carry) & ~digit;
    uint64_t two = dot & back(dot, sw->dot[i - 1], 1), slow = 0;
    if ((sw->high[i] | two | sw->high_carry | sw->two_dots_carry) != 0) {
        slow = add_carry(word, sw->high[i], &sw->high_carry);
        slow = (slow | add_carry(word, two, &sw->two_dots_carry)) & ends;
        mark_before(sw, i, slow, 1);
    }
    sw->names = push(sw->name, sw->names, ends & ~slow & ~numbers, i, 2);
}

ENT_INLINE void collect_addresses(struct ent_scan *s, struct ent_sweep *sw, size_t i)
{
    sw->addrs = push(sw->addr, sw->addrs, sw->ends[i], i, 2);
    for (uint64_t bits = sw->v6[i]; bits != 0; bits &= bits - 1)
        mark_colons(s, sw, BLOCK * i + (unsigned)__builtin_ctzll(bits));
}

ENT_INLINE void collect(struct ent_scan *s, struct ent_sweep *sw, size_t blocks)
{
    const uint32_t types = s->told != NULL ? ENT_OBS_ALL : s->w->types;
    if ((types & ADDRS) != 0)
        find_addresses(sw);
    if ((types & HASHES) != 0)
        find_runs(sw);
    for (size_t i = 1; i <= blocks; i++) {
        sw->todo[i] = 0;
        if ((types & ENT_OBS_BIT(ENT_OBS_DOMAIN)) != 0)
            collect_names(sw, i);
        if ((types & ADDRS) != 0)
            collect_addresses(s, sw, i);
        if ((types & ENT_OBS_BIT(ENT_OBS_EMAIL)) != 0)
            sw->mails = push(sw->mail, sw->mails, sw->at[i], i, 1);
        if ((types & (ENT_WATCH_URLS | ENT_OBS_BIT(ENT_OBS_EMAIL))) != 0)
            sw->urls = push(sw->url, sw->urls,
                            sw->slash[i] & back(sw->colon[i], sw->colon[i - 1], 1), i, 1);
        if ((types & HASHES) != 0)
            for (uint64_t first = sw->full[i] & ~back(sw->full[i], sw->full[i - 1], 16); first != 0;
                 first &= first - 1)
                meet_run(s, sw, BLOCK * i + (unsigned)__builtin_ctzll(first), blocks);
    }
}

/* --- names --------------------------------------------------------------------------------------
 */

/* Hash what may be a name and ask for its block; what cannot be one is dropped. */
ENT_INLINE void hash_names(const struct ent_scan *s, struct ent_sweep *sw)
{
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
        uint64_t more = behind_first(dots);
        unsigned n = more == 0 ? length : leading_zeros(more);
        size_t from = end - n;
        bool odd = n > ENT_FILTER_STEP || b[end - 1] == '-' || b[end - 1] == '_' || b[from] == '-';
        if (more == 0 && from > 0)
            odd |= b[from - 1] == '\\' || b[from - 1] == '%';
        if (odd || s->told != NULL) {
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

/* What the bytes on both sides of a text say. */
ENT_INLINE enum verdict edges(const struct ent_scan *s, size_t from, size_t end)
{
    const uint8_t *b = s->b;
    if (ent_scan_byte(s, end) == '.' && ent_scan_is(s, end + 1, ENT_C_LABEL))
        return NO;
    if (from == 0)
        return MAYBE;
    uint8_t c = b[from - 1];
    if (c == '.' && from > 1 && ent_is(b[from - 2], ENT_C_LABEL))
        return is_escaped(b, from - 1) ? LOOK : NO;
    if (c == '.') /* behind a symbol or a letter beyond ASCII, or nothing */
        return LOOK;
    if (c == '\\' || c == '%')
        return LOOK;
    return ent_is(c, ENT_C_ALNUM) ? (is_escaped(b, from) ? LOOK : NO) : MAYBE;
}

/* Read the addresses and fetch their words of the bitmap. */
ENT_INLINE void read_addrs(const struct ent_scan *s, struct ent_sweep *sw)
{
    uint32_t kept = 0;
    for (uint32_t k = 0; k < sw->addrs; k++) {
        size_t r = sw->addr[k], end = sw->base + r - BLOCK;
        uint64_t dots = window(sw->dot, r);
        unsigned c = leading_zeros(dots);
        dots = behind_first(dots);
        unsigned b = leading_zeros(dots), a = leading_zeros(behind_first(dots));
        unsigned digits = leading_ones(window(sw->digit, r) << (a + 1));
        size_t from = end - a - 1 - digits;
        if (digits == 0 || a - b - 2 > 2 || b - c - 2 > 2) /* unsigned: 1 to 3 digits each */
            continue;
        enum verdict v = digits > 3 ? is_escaped(s->b, from) ? LOOK : NO : edges(s, from, end);
        if (v == LOOK || (v == MAYBE && (end < 16 + 4 || s->told != NULL))) {
            mark(sw, r - 1);
        } else if (v == MAYBE) {
            const uint8_t *e = s->b + end;
            uint32_t o[4] = {octet(e - a - 1, digits), octet(e - b - 1, a - b - 1),
                             octet(e - c - 1, b - c - 1), octet(e, c)};
            uint32_t address = o[0] << 24 | o[1] << 16 | o[2] << 8 | o[3];
            __builtin_prefetch(ent_v4map_word(&s->w->v4, address));
            sw->ip[kept] = address;
            sw->addr[kept] = (uint16_t)(r - 1);
            kept += (o[0] | o[1] | o[2] | o[3]) < 256;
        }
    }
    sw->addrs = kept;
}

ENT_INLINE void ask_addrs(const struct ent_scan *s, struct ent_sweep *sw)
{
    for (uint32_t k = 0; k < sw->addrs; k++)
        if (ent_v4map_has(&s->w->v4, sw->ip[k]))
            mark(sw, sw->addr[k]);
    sw->addrs = 0;
}

/* --- URLs ---------------------------------------------------------------------------------------
 */

/* table: what ends the authority of a URL, so that what stands before it is a host and no user */
static const bool ends_host[256] = {
    [0 ... ' '] = true, ['"'] = true, ['#'] = true, ['/'] = true,  ['<'] = true,
    ['>'] = true,       ['?'] = true, ['`'] = true, [0x7F] = true,
};

/* The slash at p: does "//" stand there, as JSON may write it? Its length. */
ENT_INLINE enum verdict two_slashes(const struct ent_scan *s, size_t p, size_t *ret_n)
{
    const uint8_t *b = s->b + p;
    *ret_n = 2;
    if (s->n - p < 4)
        return LOOK;
    if (b[0] == '/')
        return b[1] == '/' ? MAYBE : b[1] == '\\' ? LOOK : NO;
    *ret_n = 4;
    return b[1] != '/' ? NO : b[2] == '\\' && b[3] == '/' ? MAYBE : LOOK;
}

/* A plain name that lies in blocks that are known already. */
struct plain {
    size_t end;
    unsigned n;           /* without dots at its end, which are punctuation for the parsers */
    bool two_dots;        /* somewhere in a row */
    uint8_t last, behind; /* its last byte, and what follows the dots */
};

ENT_INLINE bool plain_name(struct plain *ret, const struct ent_scan *s, const struct ent_sweep *sw,
                           size_t r, size_t blocks)
{
    size_t at = r + BLOCK;
    if (at > BLOCK * blocks)
        return false;
    unsigned n = trailing_ones(window(sw->word, at));
    size_t end = sw->base + r - BLOCK + n;
    if (n == 0 || n > ENT_FILTER_STEP || (window(sw->high, at) << (BLOCK - n)) != 0 || end == s->n)
        return false;
    uint64_t dots = window(sw->dot, at) << (BLOCK - n);
    ret->behind = s->b[end];
    ret->two_dots = (dots & dots << 1) != 0;
    for (; n > 0 && s->b[end - 1] == '.'; end--)
        n--;
    if (end < ENT_FILTER_STEP) /* nothing before the window may be read */
        return false;
    ret->last = s->b[end - 1];
    ret->end = end;
    ret->n = n;
    return true;
}

ENT_INLINE void ask_urls(const struct ent_scan *s, struct ent_sweep *sw, size_t blocks)
{
    for (uint32_t k = 0; k < sw->urls; k++) {
        size_t r = sw->url[k], n;
        struct plain p;
        enum verdict v = two_slashes(s, sw->base + r - BLOCK, &n);
        if (v == NO)
            continue;
        if (v == LOOK || s->told != NULL || !plain_name(&p, s, sw, r + n, blocks) ||
            !ends_host[p.behind])
            mark(sw, r - 1);
        else
            ask_later(s, sw, ENT_FILTER_HOST, ent_filter_end(s->w->fkey, s->b + p.end, p.n), r - 1);
    }
    sw->urls = 0;
}

/* The name behind an '@' goes to two dots in a row, and what may be cut off its end is not in it.
 */
ENT_INLINE void ask_mails(const struct ent_scan *s, struct ent_sweep *sw, size_t blocks)
{
    for (uint32_t k = 0; k < sw->mails; k++) {
        size_t r = sw->mail[k];
        struct plain p;
        if (s->told != NULL || !plain_name(&p, s, sw, r + 1, blocks) || p.two_dots ||
            p.last == '-' || p.last == '_')
            mark(sw, r);
        else
            ask_later(s, sw, ENT_FILTER_MAIL, ent_filter_end(s->w->fkey, s->b + p.end, p.n), r);
    }
    sw->mails = 0;
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
    sw->todo[0] &= ~sw->looked;
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

ENT_INLINE void put_block(struct ent_sweep *sw, size_t i, const struct ent_masks *m)
{
    sw->alnum[i] = m->alnum;
    sw->word[i] = m->alnum | m->dot | m->trim | m->high;
    sw->digit[i] = m->digit;
    sw->dot[i] = m->dot;
    sw->high[i] = m->high;
    sw->colon[i] = m->colon;
    sw->at[i] = m->at;
    sw->slash[i] = m->slash;
}

/* The next blocks from sw->base on; how many they were. Behind the window are newlines. */
ENT_INLINE size_t pass(struct ent_scan *s, struct ent_sweep *sw, classify_fn *classify)
{
    size_t left = s->n - sw->base, i = 0;
    struct ent_masks m;
    for (; i < ENT_SWEEP_BLOCKS && left >= BLOCK; left -= BLOCK) {
        classify(&m, s->b + sw->base + BLOCK * i);
        __builtin_prefetch(s->b + sw->base + BLOCK * i + AHEAD);
        put_block(sw, ++i, &m);
    }
    if (i < ENT_SWEEP_BLOCKS) {
        uint8_t last[BLOCK];
        memset(last, '\n', sizeof(last));
        memcpy(last, s->b + s->n - left, left);
        classify(&m, last);
        put_block(sw, ++i, &m);
    }
    collect(s, sw, i);
    hash_names(s, sw);
    read_addrs(s, sw);
    ask_urls(s, sw, i);
    ask_mails(s, sw, i);
    ask_addrs(s, sw);
    ask_names(s, sw);
    ask_rest(s, sw);
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

/* The last block becomes block 0. Only a window's last pass has fewer than all. */
static void keep_last(struct ent_sweep *sw)
{
    uint64_t *const masks[] = {sw->alnum,     sw->word,      sw->digit,     sw->dot,
                               sw->high,      sw->colon,     sw->dot2,      sw->dot3,
                               sw->full,      sw->colons[0], sw->colons[1], sw->colons[2],
                               sw->colons[3], sw->colons[4]};
    for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++)
        masks[i][0] = masks[i][ENT_SWEEP_BLOCKS];
    sw->looked = sw->todo[ENT_SWEEP_BLOCKS];
    sw->todo[0] = 0;
}

enum ent_err ent_sweep(struct ent_scan *s)
{
    struct ent_sweep *sw = s->sweep;
    enum ent_cpu_level level = ent_cpu_level();
    enum ent_err r = ENT_OK;
    memset(sw, 0, sizeof(*sw)); /* nothing stands before a line */
    /* One block more than there are bytes: a word ends behind them. */
    while (sw->base <= s->n && r == ENT_OK) {
        size_t blocks = level == ENT_CPU_AVX512 ? pass_avx512(s, sw)
                        : level == ENT_CPU_AVX2 ? pass_avx2(s, sw)
                                                : pass_portable(s, sw);
        r = look(s, sw, blocks);
        sw->base += BLOCK * blocks;
        keep_last(sw);
    }
    return r;
}
