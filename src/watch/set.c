/*
 * set.c: filling and asking the set of indicators.
 *
 * Records lie unaligned in blocks of at most 1 MiB that never move, addressed by 32 bits; a slot
 * keeps half of the hash, so that growing the table reads no record. All memory is counted before
 * it is asked for, and after a refusal the set is as it was.
 */
#include "watch/watch.h"
#include "watch/set.h"

#include <sys/mman.h>

#define DEFAULT_MAX ((size_t)1 << 30)
#define BLOCKS_MAX  ((size_t)1 << (32 - ENT_WATCH_BLOCK_SHIFT))
#define FIRST_BLOCK ((size_t)4096)
#define FIRST_SLOTS ((size_t)64)
#define HEAD        11 /* id (8), type (1), length of the key (2) */

/* No search goes further. At three quarters full, a row of occupied slots as long as this has a
 * probability of e^-154; only an image that we did not make can have one. */
#define PROBES_MAX 4096u

enum ent_err ent_watch_new(struct ent_watch **ret, size_t max_bytes)
{
    enum ent_err r = ent_secret_start(); /* harmless when the program did so already */
    if (r != ENT_OK)
        return r;
    size_t max = max_bytes == 0 ? DEFAULT_MAX : max_bytes;
    if (max < sizeof(struct ent_watch))
        return ENT_E_LIMIT;
    struct ent_watch *w = calloc(1, sizeof(*w));
    if (w == NULL)
        return ENT_E_NOMEM;
    w->max = max;
    w->used = sizeof(*w);
    ent_random(w->key, sizeof(w->key));
    ent_random(w->fkey, sizeof(w->fkey));
    *ret = w;
    return ENT_OK;
}

void ent_watch_free(struct ent_watch *w)
{
    if (w == NULL)
        return;
    for (size_t i = 0; i < w->blocks && !w->in_file; i++)
        free(w->block[i].b);
    free(w->block);
    if (!w->in_file) {
        free(w->slot);
        free(w->tail.block);
        free(w->rest.block);
        free(w->v4.word);
    }
    if (w->map != NULL)
        (void)munmap(w->map, w->map_n);
    free(w);
}

size_t ent_watch_count_type(const struct ent_watch *w, enum ent_obs_type type)
{
    return (w->types & ENT_OBS_BIT(type)) != 0 ? (size_t)w->of_type[type] : 0;
}

size_t ent_watch_count(const struct ent_watch *w)
{
    uint64_t n = 0;
    for (int t = 1; t < ENT_OBS_TYPES; t++)
        n += ent_watch_count_type(w, (enum ent_obs_type)t);
    return (size_t)n;
}

void ent_watch_select(struct ent_watch *w, uint32_t types)
{
    w->types &= types;
}

/* Zeroed memory that counts against the maximum. */
static enum ent_err take(struct ent_watch *w, void *ret, size_t n)
{
    if (n > w->max - w->used || w->reserve > w->max - w->used - n)
        return ENT_E_LIMIT;
    void *p = calloc(1, n);
    if (p == NULL)
        return ENT_E_NOMEM;
    memcpy(ret, &p, sizeof(p));
    w->used += n;
    return ENT_OK;
}

static void give(struct ent_watch *w, void *p, size_t n)
{
    if (p != NULL)
        w->used -= n;
    free(p);
}

/* --- records ---------------------------------------------------------------------------------- */

static uint32_t tag_of(const struct ent_watch *w, enum ent_obs_type type, struct ent_slice key)
{
    uint8_t in[ENT_OBS_MAX + 1], out[crypto_shorthash_BYTES];
    uint32_t tag;
    in[0] = (uint8_t)type;
    memcpy(in + 1, key.p, key.n);
    (void)crypto_shorthash(out, in, key.n + 1, w->key);
    memcpy(&tag, out, sizeof(tag));
    return tag;
}

static bool record_from(struct ent_watch_record *ret, struct ent_slice s)
{
    if (s.n < HEAD)
        return false;
    *ret = (struct ent_watch_record){
        .type = (enum ent_obs_type)s.p[8],
        .key = ent_slice(s.p + HEAD, (size_t)s.p[9] | (size_t)s.p[10] << 8)};
    memcpy(&ret->id, s.p, 8);
    ret->n = HEAD + ret->key.n;
    return ret->key.n <= ENT_OBS_MAX && ret->n <= s.n;
}

bool ent_watch_record(const struct ent_watch *w, struct ent_watch_record *ret, uint32_t at)
{
    size_t block = (at - 1) >> ENT_WATCH_BLOCK_SHIFT, from = (at - 1) & (ENT_WATCH_BLOCK_MAX - 1);
    if (at == 0 || block >= w->blocks || from > w->block[block].n)
        return false;
    return record_from(ret, ent_slice(w->block[block].b + from, w->block[block].n - from));
}

static enum ent_err grow_blocks(struct ent_watch *w, size_t n)
{
    enum ent_err r;
    uint8_t *b = NULL;
    if (w->blocks == BLOCKS_MAX)
        return ENT_E_LIMIT;
    if (w->block == NULL || w->blocks == w->block_cap) {
        struct ent_watch_block *more = NULL;
        size_t cap = w->block_cap == 0 ? 16 : w->block_cap * 2,
               size = sizeof(struct ent_watch_block);
        if ((r = take(w, &more, cap * size)) != ENT_OK)
            return r;
        if (w->block != NULL)
            memcpy(more, w->block, w->blocks * size);
        give(w, w->block, w->block_cap * size);
        w->block = more;
        w->block_cap = cap;
    }
    size_t cap = w->blocks < 4 ? FIRST_BLOCK << (2 * w->blocks) : ENT_WATCH_BLOCK_MAX;
    if (cap < n)
        cap = n;
    if ((r = take(w, &b, cap)) != ENT_OK)
        return r;
    w->block[w->blocks++] = (struct ent_watch_block){b, 0, (uint32_t)cap};
    return ENT_OK;
}

static enum ent_err put_record(struct ent_watch *w, uint32_t *ret_at,
                               const struct ent_watch_record *rec)
{
    size_t n = HEAD + rec->key.n;
    struct ent_watch_block *b = w->blocks == 0 ? NULL : &w->block[w->blocks - 1];
    if (b == NULL || n > b->cap - b->n) {
        enum ent_err r = grow_blocks(w, n);
        if (r != ENT_OK)
            return r;
        b = &w->block[w->blocks - 1];
    }
    size_t at = (w->blocks - 1) << ENT_WATCH_BLOCK_SHIFT | b->n;
    if (at >= UINT32_MAX)
        return ENT_E_LIMIT;
    uint8_t *p = b->b + b->n;
    memcpy(p, &rec->id, 8);
    p[8] = (uint8_t)rec->type;
    p[9] = (uint8_t)rec->key.n;
    p[10] = (uint8_t)(rec->key.n >> 8);
    memcpy(p + HEAD, rec->key.p, rec->key.n);
    b->n += (uint32_t)n;
    *ret_at = (uint32_t)at + 1;
    return ENT_OK;
}

/* --- the table -------------------------------------------------------------------------------- */

/* The slot that holds the key (*ret_rec then is its record), or the free one where it would go;
 * NULL when neither is near. */
static struct ent_watch_slot *seek(const struct ent_watch *w, struct ent_watch_record *ret_rec,
                                   enum ent_obs_type type, struct ent_slice key, uint32_t tag)
{
    for (size_t k = 0, i = tag & w->mask; k < PROBES_MAX; k++, i = (i + 1) & w->mask) {
        struct ent_watch_slot *s = &w->slot[i];
        if (s->at == 0 || (s->tag == tag && ent_watch_record(w, ret_rec, s->at) &&
                           ret_rec->type == type && ent_slice_eq(ret_rec->key, key)))
            return s;
    }
    return NULL;
}

/* At most three quarters full. */
static enum ent_err grow_table(struct ent_watch *w)
{
    size_t had = w->slot == NULL ? 0 : w->mask + 1;
    if (w->count + 1 <= had / 4 * 3)
        return ENT_OK;
    size_t n = had == 0 ? FIRST_SLOTS : had * 2;
    struct ent_watch_slot *slot = NULL;
    enum ent_err r = take(w, &slot, n * sizeof(*slot));
    if (r != ENT_OK)
        return r;
    for (size_t i = 0; i < had; i++) {
        if (w->slot[i].at == 0)
            continue;
        size_t to = w->slot[i].tag & (n - 1);
        while (slot[to].at != 0)
            to = (to + 1) & (n - 1);
        slot[to] = w->slot[i];
    }
    give(w, w->slot, had * sizeof(*slot));
    w->slot = slot;
    w->mask = n - 1;
    return ENT_OK;
}

/* Binary keys of IPv4 addresses and endpoints have 4 and 6 bytes, of networks 5. */
static bool is_v4(enum ent_obs_type type, size_t key_n)
{
    return type == ENT_OBS_IPV4 || type == ENT_OBS_NET4 || (type == ENT_OBS_ENDPOINT && key_n == 6);
}

/* The bytes that ent_watch_seal() will ask for: they must be left. */
static size_t seal_bytes(size_t count, size_t domains, size_t v4s)
{
    return 8 * (ent_filter_size(count) + ent_filter_size(domains)) +
           ((size_t)1 << (ent_v4map_bits(v4s) - 3));
}

enum ent_err ent_watch_add(struct ent_watch *w, const struct ent_observable *o, uint64_t id)
{
    uint8_t key[ENT_OBS_MAX];
    struct ent_watch_record rec = {.id = id, .type = o->type}, other;
    size_t n;
    uint32_t at;
    enum ent_err r;
    if (w->sealed)
        return ENT_E_STATE;
    if ((r = ent_watch_key(key, &n, o)) != ENT_OK)
        return r;
    w->reserve = seal_bytes(w->count + 1, w->domains + 1, w->v4s + 1);
    if (w->reserve > w->max - w->used)
        return ENT_E_LIMIT;
    if ((r = grow_table(w)) != ENT_OK)
        return r;
    rec.key = ent_slice(key, n);
    uint32_t tag = tag_of(w, rec.type, rec.key);
    struct ent_watch_slot *slot = seek(w, &other, rec.type, rec.key, tag);
    if (slot == NULL)
        return ENT_E_LIMIT;
    if (slot->at != 0)
        return ENT_OK;
    if ((r = put_record(w, &at, &rec)) != ENT_OK)
        return r;
    *slot = (struct ent_watch_slot){tag, at};
    w->count++;
    w->domains += o->type == ENT_OBS_DOMAIN;
    w->v4s += is_v4(o->type, n);
    w->types |= ENT_OBS_BIT(o->type);
    w->of_type[o->type]++;
    if (o->type == ENT_OBS_NET4)
        w->net4 |= (uint64_t)1 << key[n - 1];
    if (o->type == ENT_OBS_NET6)
        w->net6[key[n - 1] / 64] |= (uint64_t)1 << key[n - 1] % 64;
    if (o->type == ENT_OBS_URLPREFIX)
        w->starts |= (uint64_t)1 << n % 64;
    return ENT_OK;
}

bool ent_watch_find(const struct ent_watch *w, enum ent_obs_type type, struct ent_slice key,
                    uint64_t *ret_id)
{
    struct ent_watch_record rec;
    if (w->slot == NULL || key.n > ENT_OBS_MAX || (w->types & ENT_OBS_BIT(type)) == 0)
        return false;
    const struct ent_watch_slot *s = seek(w, &rec, type, key, tag_of(w, type, key));
    if (s == NULL || s->at == 0)
        return false;
    *ret_id = rec.id;
    return true;
}

bool ent_watch_find_start(const struct ent_watch *w, struct ent_slice url, size_t *ret_n,
                          uint64_t *ret_id)
{
    bool found = false;
    uint64_t h = 0;
    for (size_t n = 1; n <= url.n && w->starts != 0; n++) {
        h = ent_filter_next(w->fkey, h, url.p[n - 1]);
        if ((w->starts >> n % 64 & 1) != 0 && ent_watch_maybe(w, ENT_OBS_URLPREFIX, h) &&
            ent_watch_find(w, ENT_OBS_URLPREFIX, ent_slice(url.p, n), ret_id)) {
            found = true;
            *ret_n = n;
        }
    }
    return found;
}

/* --- the filters ------------------------------------------------------------------------------ */

static void filter_put(struct ent_watch *w, unsigned tag, uint64_t h)
{
    ent_filter_add(&w->rest, ent_filter_tagged(w->fkey, tag, h));
}

static struct ent_slice tail_of(struct ent_slice name)
{
    size_t dots = 0, i = name.n;
    while (i > 0 && (name.p[i - 1] != '.' || ++dots < 2))
        i--;
    return ent_slice(name.p + i, name.n - i);
}

/* Of a canonical URL: behind "://" and the user's name, up to the port or the path; brackets of
 * IPv6 are left out, because such hosts are not asked for in the filter. */
static struct ent_slice host_of(struct ent_slice url)
{
    const uint8_t *p = memmem(url.p, url.n, "://", 3);
    size_t from = p == NULL ? 0 : (size_t)(p - url.p) + 3, end = from;
    for (; end < url.n && memchr("/?#", url.p[end], 3) == NULL; end++)
        if (url.p[end] == '@')
            from = end + 1;
    const uint8_t *colon = memchr(url.p + from, ':', end - from);
    return ent_slice(url.p + from, colon == NULL ? end - from : (size_t)(colon - url.p) - from);
}

static void filter_record(struct ent_watch *w, const struct ent_watch_record *rec)
{
    const uint8_t *at;
    char hex[2 * 64 + 1];
    uint64_t h = 0;
    switch (rec->type) {
    case ENT_OBS_DOMAIN:
        filter_put(w, ENT_OBS_DOMAIN, ent_filter_name(w->fkey, rec->key));
        ent_filter_add(&w->tail, ent_filter_name(w->fkey, tail_of(rec->key)));
        break;
    case ENT_OBS_EMAIL:
        at = memrchr(rec->key.p, '@', rec->key.n);
        at = at == NULL ? rec->key.p : at + 1;
        filter_put(w, ENT_FILTER_MAIL,
                   ent_filter_name(w->fkey, ent_slice(at, rec->key.n - (size_t)(at - rec->key.p))));
        break;
    case ENT_OBS_URLPREFIX:
        for (size_t i = 0; i < rec->key.n; i++)
            h = ent_filter_next(w->fkey, h, rec->key.p[i]);
        filter_put(w, ENT_OBS_URLPREFIX, h);
        filter_put(w, ENT_FILTER_HOST, ent_filter_name(w->fkey, host_of(rec->key)));
        break;
    case ENT_OBS_URL:
        filter_put(w, ENT_FILTER_HOST, ent_filter_name(w->fkey, host_of(rec->key)));
        break;
    case ENT_OBS_MD5: /* as they stand in logs: deciding about the text costs less than reading it
                       */
    case ENT_OBS_SHA1:
    case ENT_OBS_SHA256:
    case ENT_OBS_SHA512:
        ent_hex_encode(hex, rec->key.p, rec->key.n);
        filter_put(w, (unsigned)rec->type, ent_filter_name(w->fkey, ent_slice_str(hex)));
        break;
    default:
        filter_put(w, (unsigned)rec->type, ent_filter_bytes(w->fkey, rec->key));
    }
    if (is_v4(rec->type, rec->key.n))
        ent_v4map_add(&w->v4, rec->key.p, rec->type == ENT_OBS_NET4 ? rec->key.p[4] : 32);
}

static enum ent_err take_filter(struct ent_watch *w, struct ent_filter *f, size_t entries)
{
    uint64_t *blocks = NULL;
    size_t n = ent_filter_size(entries);
    enum ent_err r = take(w, &blocks, n * sizeof(*blocks));
    if (r == ENT_OK)
        ent_filter_init(f, blocks, n);
    return r;
}

static enum ent_err take_v4map(struct ent_watch *w)
{
    unsigned bits = ent_v4map_bits(w->v4s);
    w->v4.shift = 32 - bits;
    return take(w, &w->v4.word, (size_t)1 << (bits - 3));
}

enum ent_err ent_watch_seal(struct ent_watch *w)
{
    enum ent_err r;
    if (w->sealed)
        return ENT_E_STATE;
    w->reserve = 0;
    if ((r = take_filter(w, &w->rest, w->count)) != ENT_OK ||
        (r = take_filter(w, &w->tail, w->domains)) != ENT_OK || (r = take_v4map(w)) != ENT_OK)
        return r;
    for (size_t i = 0; i < w->blocks; i++) {
        const struct ent_watch_block *b = &w->block[i];
        struct ent_watch_record rec;
        for (size_t at = 0; record_from(&rec, ent_slice(b->b + at, b->n - at)); at += rec.n)
            filter_record(w, &rec);
    }
    w->sealed = true;
    return ENT_OK;
}

uint64_t ent_watch_proof(const struct ent_watch *w)
{
    const struct ent_slice s = ENT_SLICE_LIT("a key of more than thirty-two bytes.example");
    const uint32_t v4 = 0x01020304;
    uint64_t h = ent_filter_name(w->fkey, s);
    h = h * 31 ^ ent_filter_bits(ent_filter_tagged(w->fkey, ENT_FILTER_HOST, h));
    h = h * 31 ^ ent_filter_bytes(w->fkey, s);
    return h * 31 ^ tag_of(w, ENT_OBS_URL, s) ^ v4 >> w->v4.shift;
}
