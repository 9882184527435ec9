/* observed.c: observation sets. */
#include "watch/watch.h"

#include <errno.h>
#include <sodium.h>

#define FIRST_LINE "entente/observed@v1"
#define LINE_MAX_N (ENT_OBS_MAX + 16)

/* Text is type byte, then the canonical text; found through an open-addressing table under a random
 * key, so that nobody can write a log that makes it slow. */
struct entry {
    const uint8_t *p; /* in the arena: type, text, NUL */
    uint32_t n;       /* with the type byte */
    uint32_t hits;    /* how often it was added, or more than that can be said */
};

struct ent_observed {
    struct ent_arena arena;
    struct entry *entry;
    size_t n, cap;
    uint32_t *slot; /* entry number + 1; 0: empty */
    size_t slots;   /* power of two */
    bool moved;     /* entries are not where their slots say */
    size_t max;
    uint8_t key[crypto_shorthash_KEYBYTES];
};

enum ent_err ent_observed_new(struct ent_observed **ret, size_t max_bytes)
{
    struct ent_observed *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return ENT_E_NOMEM;
    s->max = max_bytes == 0 ? (size_t)1 << 30 : max_bytes;
    ent_arena_init(&s->arena, s->max);
    ent_random(s->key, sizeof(s->key));
    *ret = s;
    return ENT_OK;
}

void ent_observed_free(struct ent_observed *set)
{
    if (set == NULL)
        return;
    ent_arena_release(&set->arena);
    free(set->entry);
    free(set->slot);
    free(set);
}

size_t ent_observed_count(const struct ent_observed *set)
{
    return set->n;
}

void ent_observed_count_types(const struct ent_observed *set, uint64_t ret[static ENT_OBS_TYPES])
{
    memset(ret, 0, ENT_OBS_TYPES * sizeof(ret[0]));
    for (size_t i = 0; i < set->n; i++)
        ret[set->entry[i].p[0]]++;
}

static uint64_t hash(const struct ent_observed *s, struct ent_slice key)
{
    uint8_t out[crypto_shorthash_BYTES];
    uint64_t v;
    (void)crypto_shorthash(out, key.p, key.n, s->key);
    memcpy(&v, out, sizeof(v));
    return v;
}

/* The slot that holds key, or the empty one where it belongs. */
static uint32_t *find(struct ent_observed *s, struct ent_slice key)
{
    size_t mask = s->slots - 1, at = (size_t)hash(s, key) & mask;
    for (;; at = (at + 1) & mask) {
        if (s->slot[at] == 0)
            return &s->slot[at];
        const struct entry *e = &s->entry[s->slot[at] - 1];
        if (ent_slice_eq(ent_slice(e->p, e->n), key))
            return &s->slot[at];
    }
}

static enum ent_err index_all(struct ent_observed *s, size_t slots)
{
    uint32_t *slot = calloc(slots, sizeof(*slot));
    if (slot == NULL)
        return ENT_E_NOMEM;
    free(s->slot);
    s->slot = slot;
    s->slots = slots;
    s->moved = false;
    for (size_t i = 0; i < s->n; i++)
        *find(s, ent_slice(s->entry[i].p, s->entry[i].n)) = (uint32_t)i + 1;
    return ENT_OK;
}

static enum ent_err grow(struct ent_observed *s)
{
    size_t cap = s->cap == 0 ? 1024 : s->cap * 2;
    if (cap > UINT32_MAX / 2 || cap * (sizeof(struct entry) + 8) > s->max)
        return ENT_E_LIMIT;
    struct entry *e = realloc(s->entry, cap * sizeof(*e));
    if (e == NULL)
        return ENT_E_NOMEM;
    s->entry = e;
    s->cap = cap;
    return index_all(s, 2 * cap);
}

enum ent_err ent_observed_add(struct ent_observed *set, const struct ent_observable *o)
{
    uint8_t key[1 + ENT_OBS_MAX];
    struct ent_slice k = {key, (size_t)1 + o->n}, kept;
    enum ent_err r;
    key[0] = (uint8_t)o->type;
    memcpy(key + 1, o->text, o->n);
    if (set->n == set->cap && (r = grow(set)) != ENT_OK)
        return r;
    if (set->moved && (r = index_all(set, set->slots)) != ENT_OK)
        return r;
    uint32_t *slot = find(set, k);
    if (*slot != 0) {
        uint32_t *hits = &set->entry[*slot - 1].hits;
        *hits += *hits < UINT32_MAX;
        return ENT_OK;
    }
    if ((r = ent_arena_copy(&set->arena, &kept, k)) != ENT_OK)
        return r;
    set->entry[set->n++] = (struct entry){kept.p, (uint32_t)kept.n, 1};
    *slot = (uint32_t)set->n;
    return ENT_OK;
}

void ent_observed_clear(struct ent_observed *set)
{
    ent_arena_release(&set->arena);
    set->n = 0;
    set->moved = false;
    if (set->slots > 0)
        memset(set->slot, 0, set->slots * sizeof(*set->slot));
}

static int by_key(const void *x, const void *y)
{
    const struct entry *a = x, *b = y;
    return ent_slice_cmp(ent_slice(a->p, a->n), ent_slice(b->p, b->n));
}

void ent_observed_sort(struct ent_observed *set)
{
    if (set->n == 0)
        return;
    qsort(set->entry, set->n, sizeof(*set->entry), by_key);
    set->moved = true;
}

struct ent_seen ent_observed_at(const struct ent_observed *set, size_t i)
{
    ENT_ASSERT(i < set->n);
    const struct entry *e = &set->entry[i];
    return (struct ent_seen){(enum ent_obs_type)e->p[0], ent_slice(e->p + 1, e->n - 1), e->hits};
}

enum ent_err ent_observed_each(struct ent_observed *set,
                               enum ent_err (*each)(void *ctx, enum ent_obs_type type,
                                                    struct ent_slice text),
                               void *ctx)
{
    enum ent_err r = ENT_OK;
    ent_observed_sort(set);
    for (size_t i = 0; i < set->n && r == ENT_OK; i++) {
        struct ent_seen s = ent_observed_at(set, i);
        r = each(ctx, s.type, s.text);
    }
    return r;
}

static enum ent_err write_line(void *ctx, enum ent_obs_type type, struct ent_slice text)
{
    FILE *f = ctx;
    int n = fprintf(f, "%s %.*s\n", ent_obs_type_name(type), (int)text.n, (const char *)text.p);
    return n < 0 ? ent_err_from_errno(errno) : ENT_OK;
}

enum ent_err ent_observed_write(struct ent_observed *set, FILE *f)
{
    if (fputs(FIRST_LINE "\n", f) < 0)
        return ent_err_from_errno(errno);
    return ent_observed_each(set, write_line, f);
}

/* --- reading ------------------------------------------------------------------------------------
 */

struct reading {
    uint64_t line;
    struct ent_observable last, now; /* last.n is 0 before the first */
    enum ent_err (*each)(void *ctx, const struct ent_observable *o);
    void *ctx;
};

static enum ent_err parse_line(struct reading *rd, struct ent_slice line)
{
    const uint8_t *blank = line.n == 0 ? NULL : memchr(line.p, ' ', line.n);
    uint32_t mask = 0;
    struct ent_observable *o = &rd->now;
    if (blank == NULL)
        return ENT_E_FORMAT;
    struct ent_slice word = {line.p, (size_t)(blank - line.p)};
    struct ent_slice text = {blank + 1, line.n - word.n - 1};
    if (ent_obs_types_parse(&mask, word) != ENT_OK || (mask & (mask - 1)) != 0)
        return ENT_E_FORMAT;
    enum ent_obs_type type = (enum ent_obs_type)__builtin_ctz(mask);
    if (!ent_slice_eq(word, ent_slice_str(ent_obs_type_name(type))) ||
        ent_observable_parse_as(o, NULL, type, text) != ENT_OK || o->type != type ||
        !ent_slice_eq(ent_slice(o->text, o->n), text))
        return ENT_E_FORMAT;
    if (rd->last.n > 0 &&
        (o->type < rd->last.type ||
         (o->type == rd->last.type &&
          ent_slice_cmp(ent_slice(o->text, o->n), ent_slice(rd->last.text, rd->last.n)) <= 0)))
        return ENT_E_FORMAT;
    rd->last = *o;
    return rd->each(rd->ctx, o);
}

static enum ent_err take_line(struct reading *rd, struct ent_slice line, struct ent_diag *d)
{
    enum ent_err r;
    rd->line++;
    if (rd->line == 1) {
        if (ent_slice_eq(line, ENT_SLICE_LIT(FIRST_LINE)))
            return ENT_OK;
        return ent_fail(d, ENT_E_FORMAT,
                        "not an observation set (entente watch --observe-file makes one)", 1, 0);
    }
    r = parse_line(rd, line);
    return r == ENT_E_FORMAT
               ? ent_fail(d, r, "not a line of an observation set, or out of order", rd->line, 0)
               : r;
}

enum ent_err ent_observed_read(struct ent_reader in, struct ent_diag *d,
                               enum ent_err (*each)(void *ctx, const struct ent_observable *o),
                               void *ctx)
{
    struct reading *rd = calloc(1, sizeof(*rd));
    uint8_t *buf = malloc(LINE_MAX_N + 65536);
    size_t have = 0, got = 1;
    enum ent_err r = rd == NULL || buf == NULL ? ENT_E_NOMEM : ENT_OK;
    if (rd != NULL)
        *rd = (struct reading){.each = each, .ctx = ctx};
    while (r == ENT_OK && got > 0) {
        if ((r = in.read(in.ctx, buf + have, &got, 65536, d)) != ENT_OK)
            break;
        struct ent_cur c = {buf, have + got};
        struct ent_slice line;
        while (r == ENT_OK && ent_cur_line(&c, &line) == ENT_OK)
            r = take_line(rd, line, d);
        if (r == ENT_OK && c.n > LINE_MAX_N)
            r = ent_fail(d, ENT_E_FORMAT, "line too long for an observation set", rd->line + 1, 0);
        if (r == ENT_OK && c.n > 0)
            memmove(buf, c.p, c.n);
        have = c.n;
    }
    if (r == ENT_OK && (have > 0 || rd->line == 0))
        r = ent_fail(d, ENT_E_FORMAT, "observation set ends in the middle of a line", rd->line + 1,
                     0);
    free(rd);
    free(buf);
    return r;
}
