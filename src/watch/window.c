/*
 * window.c: the file of one window. Written by windows_add.c alone, read by whoever has its bytes:
 * a reader believes neither lengths nor order nor text, though the file is the member's own,
 * because what is read becomes what others are told.
 */
#include "watch/watch.h"

#include <errno.h>
#include <sodium.h>

#define FIRST_LINE "entente/window@v1\n"
#define ANY_LINE   "entente/window@v"
#define FIRST_N    (sizeof(FIRST_LINE) - 1)
#define FACTS_N    (8u + 4u + 4u + 8u + 16u + 4u * (ENT_OBS_TYPES - 1))
#define HEADER_N   (FIRST_N + FACTS_N + 4u)
#define BLOCK_HEAD 8u
#define SHARED_MAX 255u
#define ITEM_MAX   (1u + 2u + ENT_OBS_MAX + 4u)
#define START_MOST INT64_C(253402300799) /* the end of the year 9999 */

_Static_assert(ENT_OBS_MAX < 1u << 14, "lengths have two bytes");
_Static_assert(ENT_WINDOW_HITS_MOST < 1u << 28, "hits have four bytes");
_Static_assert(sizeof(struct ent_salt16) == crypto_shorthash_KEYBYTES, "a salt is a key");

uint64_t ent_window_items(const struct ent_window *w, uint32_t types)
{
    uint64_t n = 0;
    for (unsigned t = 1; t < ENT_OBS_TYPES; t++)
        n += (types & ENT_OBS_BIT(t)) != 0 ? w->count[t] : 0;
    return n;
}

uint64_t ent_window_rank(const struct ent_salt16 *salt, enum ent_obs_type type,
                         struct ent_slice text, uint32_t hits)
{
    uint8_t key[1 + ENT_OBS_MAX], out[crypto_shorthash_BYTES];
    uint64_t h = 0;
    key[0] = (uint8_t)type;
    memcpy(key + 1, text.p, text.n);
    (void)crypto_shorthash(out, key, text.n + 1, salt->b);
    for (unsigned i = 0; i < sizeof(out); i++) /* the same on every machine */
        h |= (uint64_t)out[i] << (8 * i);
    return (uint64_t)hits << 40 | h >> 24;
}

/* --- the header ---------------------------------------------------------------------------------
 */

static void encode(uint8_t ret[static HEADER_N], const struct ent_window *w)
{
    uint8_t *p = ret + FIRST_N;
    memcpy(ret, FIRST_LINE, FIRST_N);
    ent_put_u64le(p, (uint64_t)w->start);
    ent_put_u32le(p + 8, w->seconds);
    ent_put_u32le(p + 12, w->types);
    ent_put_u64le(p + 16, w->dropped);
    memcpy(p + 24, w->salt.b, sizeof(w->salt.b));
    for (unsigned t = 1; t < ENT_OBS_TYPES; t++)
        ent_put_u32le(p + 40 + 4 * (t - 1), w->count[t]);
    ent_put_u32le(p + FACTS_N, ent_crc32c(0, ent_slice(ret, FIRST_N + FACTS_N)));
}

static bool makes_sense(const struct ent_window *w)
{
    for (unsigned t = 1; t < ENT_OBS_TYPES; t++)
        if (w->count[t] > 0 && (w->types & ENT_OBS_BIT(t)) == 0)
            return false;
    return w->start >= 0 && w->start <= START_MOST && w->seconds > 0 &&
           w->seconds <= ENT_WINDOW_SECONDS_MOST && w->start % w->seconds == 0 &&
           (w->types & ~ENT_OBS_ALL) == 0 &&
           ent_window_items(w, ENT_OBS_ALL) <= ENT_WINDOW_ITEMS_MOST;
}

static enum ent_err parse(struct ent_window *ret, struct ent_diag *d,
                          const uint8_t header[static HEADER_N])
{
    struct ent_cur c = {header + FIRST_N, HEADER_N - FIRST_N};
    struct ent_window w = {.start = 0};
    uint64_t start = 0;
    uint32_t crc = 0;
    enum ent_err r;
    if ((r = ent_cur_u64le(&c, &start)) != ENT_OK ||
        (r = ent_cur_u32le(&c, &w.seconds)) != ENT_OK ||
        (r = ent_cur_u32le(&c, &w.types)) != ENT_OK ||
        (r = ent_cur_u64le(&c, &w.dropped)) != ENT_OK ||
        (r = ent_cur_copy(&c, w.salt.b, sizeof(w.salt.b))) != ENT_OK)
        return r;
    for (unsigned t = 1; t < ENT_OBS_TYPES && r == ENT_OK; t++)
        r = ent_cur_u32le(&c, &w.count[t]);
    if (r != ENT_OK || (r = ent_cur_u32le(&c, &crc)) != ENT_OK)
        return r;
    if (crc != ent_crc32c(0, ent_slice(header, FIRST_N + FACTS_N)))
        return ent_fail(d, ENT_E_FORMAT, "damaged: its header has another checksum", 0, 0);
    w.start = start > (uint64_t)START_MOST ? -1 : (int64_t)start;
    if (!makes_sense(&w))
        return ent_fail(d, ENT_E_FORMAT, "its header contradicts itself", 0, 0);
    *ret = w;
    return ENT_OK;
}

/* --- reading ------------------------------------------------------------------------------------
 */

struct ent_window_in {
    struct ent_reader in;
    struct ent_window w;
    uint32_t left[ENT_OBS_TYPES]; /* items that are still to come */
    uint64_t at;                  /* bytes of the file read */
    enum ent_obs_type type;       /* of the block */
    struct ent_cur c;             /* what is left of it */
    bool first;                   /* its first item, which shares nothing */
    struct ent_window_item item;
    uint8_t block[BLOCK_HEAD + ENT_WINDOW_BLOCK];
};

static enum ent_err malformed(const struct ent_window_in *in, struct ent_diag *d, const char *what)
{
    return ent_fail(d, ENT_E_FORMAT, what, 0, in->at);
}

/* As many bytes as there are, up to n. */
static enum ent_err fill(struct ent_window_in *in, uint8_t *p, size_t n, size_t *ret,
                         struct ent_diag *d)
{
    size_t have = 0, got = 1;
    enum ent_err r = ENT_OK;
    while (r == ENT_OK && have < n && got > 0) {
        r = in->in.read(in->in.ctx, p + have, &got, n - have, d);
        have += r == ENT_OK ? got : 0;
    }
    in->at += have;
    *ret = have;
    return r;
}

static enum ent_err whole(struct ent_window_in *in, uint8_t *p, size_t n, struct ent_diag *d)
{
    size_t got;
    enum ent_err r = fill(in, p, n, &got, d);
    return r == ENT_OK && got < n ? malformed(in, d, "cut off") : r;
}

static enum ent_err read_header(struct ent_window_in *in, struct ent_diag *d)
{
    uint8_t header[HEADER_N];
    size_t got;
    enum ent_err r = fill(in, header, sizeof(header), &got, d);
    struct ent_slice s = {header, got};
    if (r != ENT_OK)
        return r;
    if (!ent_slice_starts(s, ENT_SLICE_LIT(ANY_LINE)))
        return ent_fail(d, ENT_E_FORMAT, "not a window of observables", 0, 0);
    if (!ent_slice_starts(s, ENT_SLICE_LIT(FIRST_LINE)))
        return ent_fail(d, ENT_E_UNSUPPORTED, "a window in the format of another version", 0, 0);
    if (got < sizeof(header))
        return malformed(in, d, "cut off");
    r = parse(&in->w, d, header);
    memcpy(in->left, in->w.count, sizeof(in->left));
    return r;
}

enum ent_err ent_window_open(struct ent_window_in **ret, struct ent_diag *d, struct ent_reader in)
{
    struct ent_window_in *x = calloc(1, sizeof(*x));
    if (x == NULL)
        return ENT_E_NOMEM;
    x->in = in;
    enum ent_err r = read_header(x, d);
    if (r != ENT_OK) {
        free(x);
        return r;
    }
    *ret = x;
    return ENT_OK;
}

void ent_window_close(struct ent_window_in *in)
{
    free(in);
}

const struct ent_window *ent_window_of(const struct ent_window_in *in)
{
    return &in->w;
}

/* The next block; *ret_end when the file ends where it should. */
static enum ent_err next_block(struct ent_window_in *in, bool *ret_end, struct ent_diag *d)
{
    size_t got;
    uint32_t n = 0, crc = 0;
    bool over = true;
    for (unsigned t = 1; t < ENT_OBS_TYPES; t++)
        over = over && in->left[t] == 0;
    enum ent_err r = fill(in, in->block, over ? 1 : BLOCK_HEAD, &got, d);
    if (r != ENT_OK)
        return r;
    *ret_end = over && got == 0;
    if (over)
        return got == 0 ? ENT_OK : malformed(in, d, "goes on behind its end");
    struct ent_cur c = {in->block, got};
    if (ent_cur_u32le(&c, &n) != ENT_OK || ent_cur_u32le(&c, &crc) != ENT_OK)
        return malformed(in, d, "cut off");
    if (n < 2 || n > ENT_WINDOW_BLOCK)
        return malformed(in, d, "a block of a length that none has");
    if ((r = whole(in, in->block, n, d)) != ENT_OK)
        return r;
    if (crc != ent_crc32c(0, ent_slice(in->block, n)))
        return malformed(in, d, "damaged: a block has another checksum");
    enum ent_obs_type type = (enum ent_obs_type)in->block[0];
    if (type == 0 || type >= ENT_OBS_TYPES || type < in->type)
        return malformed(in, d, "a block of no type, or out of order");
    if (type != in->type)
        in->item.obs.n = 0;
    in->type = type;
    in->first = true;
    in->c = (struct ent_cur){in->block + 1, n - 1};
    return ENT_OK;
}

/* Seven bits a byte, the lowest first, in no more bytes than it needs. */
static bool get_number(struct ent_cur *c, uint32_t *ret, unsigned most)
{
    uint32_t v = 0;
    uint8_t b = 0;
    for (unsigned i = 0; i < most; i++) {
        if (ent_cur_u8(c, &b) != ENT_OK)
            return false;
        v |= (uint32_t)(b & 0x7F) << (7 * i);
        if ((b & 0x80) == 0) {
            *ret = v;
            return b != 0 || i == 0;
        }
    }
    return false;
}

/* The text of the next item behind what it shares with the last.
 Each text is parsed, whatever
 * that costs: only the parser makes observables. */
static enum ent_err get_item(struct ent_window_in *in, struct ent_diag *d)
{
    struct ent_observable *last = &in->item.obs, now;
    char text[ENT_OBS_MAX];
    uint32_t n = 0, hits = 0;
    uint8_t shared = 0;
    struct ent_slice rest;
    if (ent_cur_u8(&in->c, &shared) != ENT_OK || !get_number(&in->c, &n, 2) ||
        (in->first ? shared > 0 : shared > last->n) || n > (uint32_t)ENT_OBS_MAX - shared ||
        ent_cur_take(&in->c, &rest, n) != ENT_OK || !get_number(&in->c, &hits, 4) || hits == 0 ||
        hits > ENT_WINDOW_HITS_MOST)
        return malformed(in, d, "a malformed item");
    memcpy(text, last->text, shared);
    memcpy(text + shared, rest.p, n);
    struct ent_slice s = {(const uint8_t *)text, shared + n};
    if (ent_observable_parse_as(&now, NULL, in->type, s) != ENT_OK || now.type != in->type ||
        !ent_slice_eq(ent_slice(now.text, now.n), s))
        return malformed(in, d, "an item that is no observable in canonical form");
    if (last->n > 0 && ent_slice_cmp(s, ent_slice(last->text, last->n)) <= 0)
        return malformed(in, d, "an item out of order");
    if (in->left[in->type] == 0)
        return malformed(in, d, "more items than its header says");
    in->left[in->type]--;
    in->first = false;
    in->item.obs = now;
    in->item.hits = hits;
    return ENT_OK;
}

enum ent_err ent_window_next(struct ent_window_in *in, const struct ent_window_item **ret,
                             struct ent_diag *d)
{
    bool end = false;
    enum ent_err r = in->c.n == 0 ? next_block(in, &end, d) : ENT_OK;
    if (r == ENT_OK && !end)
        r = get_item(in, d);
    if (r == ENT_OK)
        *ret = end ? NULL : &in->item;
    return r;
}

/* --- writing ------------------------------------------------------------------------------------
 */

struct ent_window_out {
    FILE *f;
    uint32_t count[ENT_OBS_TYPES];
    enum ent_obs_type type; /* of the block; 0: none has begun */
    size_t n;               /* bytes of it */
    char last[ENT_OBS_MAX];
    size_t last_n;
    uint8_t block[BLOCK_HEAD + ENT_WINDOW_BLOCK];
};

static enum ent_err put(struct ent_window_out *out, const void *p, size_t n)
{
    return fwrite(p, 1, n, out->f) == n ? ENT_OK : ent_err_from_errno(errno);
}

enum ent_err ent_window_out_new(struct ent_window_out **ret, FILE *f)
{
    static const uint8_t room[HEADER_N];
    struct ent_window_out *out = calloc(1, sizeof(*out));
    if (out == NULL)
        return ENT_E_NOMEM;
    out->f = f;
    enum ent_err r = put(out, room, sizeof(room));
    if (r != ENT_OK) {
        free(out);
        return r;
    }
    *ret = out;
    return ENT_OK;
}

void ent_window_out_free(struct ent_window_out *out)
{
    free(out);
}

static enum ent_err end_block(struct ent_window_out *out)
{
    size_t n = out->n;
    out->n = 0;
    if (n == 0)
        return ENT_OK;
    ent_put_u32le(out->block, (uint32_t)n);
    ent_put_u32le(out->block + 4, ent_crc32c(0, ent_slice(out->block + BLOCK_HEAD, n)));
    return put(out, out->block, BLOCK_HEAD + n);
}

static void put_number(struct ent_window_out *out, uint32_t v)
{
    uint8_t *p = out->block + BLOCK_HEAD;
    for (; v >= 0x80; v >>= 7)
        p[out->n++] = (uint8_t)(v | 0x80);
    p[out->n++] = (uint8_t)v;
}

static size_t shared_with_last(const struct ent_window_out *out, struct ent_slice text)
{
    size_t n = 0;
    while (n < SHARED_MAX && n < out->last_n && n < text.n && (uint8_t)out->last[n] == text.p[n])
        n++;
    return n;
}

enum ent_err ent_window_put(struct ent_window_out *out, enum ent_obs_type type,
                            struct ent_slice text, uint32_t hits)
{
    enum ent_err r;
    struct ent_slice last = {(const uint8_t *)out->last, out->last_n};
    ENT_ASSERT(text.n > 0 && text.n <= ENT_OBS_MAX && hits > 0 && type >= out->type &&
               (type > out->type || ent_slice_cmp(text, last) > 0));
    if ((type != out->type || out->n + ITEM_MAX > ENT_WINDOW_BLOCK) &&
        (r = end_block(out)) != ENT_OK)
        return r;
    out->type = type;
    size_t shared = out->n == 0 ? 0 : shared_with_last(out, text);
    uint8_t *p = out->block + BLOCK_HEAD;
    if (out->n == 0)
        p[out->n++] = (uint8_t)type;
    p[out->n++] = (uint8_t)shared;
    put_number(out, (uint32_t)(text.n - shared));
    memcpy(p + out->n, text.p + shared, text.n - shared);
    out->n += text.n - shared;
    put_number(out, hits < ENT_WINDOW_HITS_MOST ? hits : ENT_WINDOW_HITS_MOST);
    memcpy(out->last, text.p, text.n);
    out->last_n = text.n;
    out->count[type]++;
    return ENT_OK;
}

enum ent_err ent_window_end(struct ent_window_out *out, const struct ent_window *w)
{
    struct ent_window full = *w;
    uint8_t header[HEADER_N];
    memcpy(full.count, out->count, sizeof(full.count));
    ENT_ASSERT(makes_sense(&full));
    encode(header, &full);
    enum ent_err r = end_block(out);
    if (r == ENT_OK && fseek(out->f, 0, SEEK_SET) != 0)
        r = ent_err_from_errno(errno);
    return r == ENT_OK ? put(out, header, sizeof(header)) : r;
}
