/*
 * quorum_holder.c: the key holder. It counts, for each participant, what it evaluates: that is the
 * only thing that keeps a participant from trying all addresses there are.
 */
#include "match/match.h"
#include "match/items.h"

/* A keyed hash of each element that a participant sent: 128 bits, so that no two elements of an
 * honest one ever look alike (2^-89 at 2^20), and a dishonest one cannot fill one corner. */
struct seen {
    uint8_t b[16];
};

struct part {
    uint32_t items, batches, admitted;
    bool out;
    struct ent_hash32 *batch; /* for each: hash of the message; zero before */
    struct seen *seen;        /* open addressing; until all batches are there */
    size_t slots;
};

struct ent_quorum_holder {
    struct ent_oprf_key key; /* secret */
    uint8_t tag[crypto_shorthash_siphashx24_KEYBYTES];
    struct ent_hash32 run;
    bool started;
    struct part part[ENT_QUORUM_MEMBERS];
};

enum ent_err ent_quorum_holder_new(struct ent_quorum_holder **ret, const struct ent_seed32 *seed)
{
    struct ent_quorum_holder *h = ent_secret_alloc(sizeof(*h));
    if (h == NULL)
        return ENT_E_NOMEM;
    memset(h, 0, sizeof(*h));
    ent_random(h->tag, sizeof(h->tag));
    enum ent_err r = ent_oprf_key_derive(&h->key, ENT_OPRF_VERIFIABLE, seed->b,
                                         ENT_SLICE_LIT("entente/quorum/key/v1"));
    if (r != ENT_OK) {
        ent_secret_free(h);
        return r;
    }
    *ret = h;
    return ENT_OK;
}

void ent_quorum_holder_free(struct ent_quorum_holder *h)
{
    if (h == NULL)
        return;
    for (size_t i = 0; i < ENT_QUORUM_MEMBERS; i++) {
        free(h->part[i].batch);
        free(h->part[i].seen);
    }
    ent_secret_free(h);
}

void ent_quorum_holder_key(const struct ent_quorum_holder *h, struct ent_element *ret)
{
    *ret = h->key.pk;
}

enum ent_err ent_quorum_holder_start(struct ent_quorum_holder *h, const struct ent_hash32 *run,
                                     const struct ent_quorum_shape *s, const uint32_t *items)
{
    if (h->started)
        return ENT_E_STATE;
    for (uint32_t i = 0; i < s->members; i++)
        if (items[i] > s->items)
            return ENT_E_LIMIT;
    for (uint32_t i = 0; i < s->members; i++) {
        struct part *p = &h->part[i];
        p->items = items[i];
        p->batches = (uint32_t)ent_lookup_batches(items[i]);
        if (p->batches > 0 && (p->batch = calloc(p->batches, sizeof(*p->batch))) == NULL)
            return ENT_E_NOMEM;
    }
    h->run = *run;
    h->started = true;
    return ENT_OK;
}

static struct part *part_of(struct ent_quorum_holder *h, uint32_t index)
{
    if (!h->started || index < 1 || index > ENT_QUORUM_MEMBERS)
        return NULL;
    struct part *p = &h->part[index - 1];
    return p->items == 0 || p->out ? NULL : p;
}

static bool is_used(const struct part *p, uint32_t batch)
{
    static const struct ent_hash32 none;
    return memcmp(&p->batch[batch], &none, sizeof(none)) != 0;
}

static void use(struct part *p, uint32_t batch, const struct ent_hash32 *hash)
{
    p->batch[batch] = *hash;
    /* Nothing can come any more that would have to be compared. */
    if (++p->admitted == p->batches) {
        free(p->seen);
        p->seen = NULL;
    }
}

/* Remember an element; false when it was there. */
static bool is_new(const struct ent_quorum_holder *h, struct part *p, const uint8_t *element)
{
    static const struct seen none;
    struct seen tag;
    size_t at;
    (void)crypto_shorthash_siphashx24(tag.b, element, 32, h->tag);
    tag.b[15] |= 1; /* a place that is all zeros is free */
    memcpy(&at, tag.b, sizeof(at));
    for (at &= p->slots - 1; memcmp(&p->seen[at], &none, sizeof(none)) != 0;
         at = (at + 1) & (p->slots - 1))
        if (memcmp(&p->seen[at], &tag, sizeof(tag)) == 0)
            return false;
    p->seen[at] = tag;
    return true;
}

static enum ent_err remember(const struct ent_quorum_holder *h, struct part *p,
                             struct ent_slice elements)
{
    if (p->seen == NULL) {
        p->slots = (size_t)ent_power_of_two(p->items + p->items / 2 + 1);
        if ((p->seen = calloc(p->slots, sizeof(*p->seen))) == NULL)
            return ENT_E_NOMEM;
    }
    for (size_t i = 0; i < elements.n; i += 32)
        if (!is_new(h, p, elements.p + i))
            return ENT_E_EXISTS;
    return ENT_OK;
}

static enum ent_err admit(struct ent_quorum_holder *h, struct ent_quorum_admitted *ret,
                          enum ent_quorum_fault *fault, struct part *p, uint32_t index,
                          struct ent_slice ask)
{
    struct ent_quorum_admitted a = {.index = index, .fresh = true};
    struct ent_cur c = ent_cur(ask);
    enum ent_err r = ent_quorum_head_take(&c, &a.batch, fault, &h->run, index);
    if (r != ENT_OK)
        return r;
    if (a.batch >= p->batches) {
        *fault = ENT_QUORUM_EXCESS;
        return ENT_E_LIMIT;
    }
    if (c.n != 32 * ent_lookup_batch_count(p->items, a.batch)) {
        *fault = ENT_QUORUM_MALFORMED;
        return ENT_E_FORMAT;
    }
    ent_sha256_of(&a.hash, ask);
    if (is_used(p, a.batch)) {
        a.fresh = false;
        if (memcmp(&p->batch[a.batch], &a.hash, sizeof(a.hash)) != 0) {
            *fault = ENT_QUORUM_EXCESS;
            return ENT_E_LIMIT;
        }
    } else {
        if ((r = remember(h, p, ent_slice(c.p, c.n))) != ENT_OK) {
            *fault = r == ENT_E_EXISTS ? ENT_QUORUM_REPEATED : ENT_QUORUM_NO_FAULT;
            return r;
        }
        use(p, a.batch, &a.hash);
    }
    *ret = a;
    return ENT_OK;
}

enum ent_err ent_quorum_holder_admit(struct ent_quorum_holder *h, struct ent_quorum_admitted *ret,
                                     enum ent_quorum_fault *ret_fault, uint32_t index,
                                     struct ent_slice ask)
{
    struct part *p = part_of(h, index);
    *ret_fault = ENT_QUORUM_NO_FAULT;
    if (p == NULL)
        return ENT_E_STATE;
    enum ent_err r = admit(h, ret, ret_fault, p, index, ask);
    if (*ret_fault != ENT_QUORUM_NO_FAULT)
        ent_quorum_holder_leave_out(h, index);
    return r;
}

enum ent_err ent_quorum_holder_again(struct ent_quorum_holder *h,
                                     const struct ent_quorum_admitted *a)
{
    struct part *p = part_of(h, a->index);
    if (p == NULL || a->batch >= p->batches || is_used(p, a->batch))
        return ENT_E_FORMAT;
    use(p, a->batch, &a->hash);
    return ENT_OK;
}

enum ent_err ent_quorum_holder_evaluate(const struct ent_quorum_holder *h, struct ent_buf *answer,
                                        struct ent_slice ask)
{
    ENT_ASSERT(ask.n >= ENT_QUORUM_HEADER + 32u && ask.n <= ENT_QUORUM_ASK_MAX);
    size_t n = (ask.n - ENT_QUORUM_HEADER) / 32;
    struct ent_element *e = malloc(2 * n * sizeof(*e)), *out = e + n;
    uint8_t *room;
    enum ent_err r;
    if (e == NULL)
        return ENT_E_NOMEM;
    if ((r = ent_element_decode_each(e, ask.p + ENT_QUORUM_HEADER, n)) != ENT_OK ||
        (r = ent_buf_reserve(answer, &room, 32 * n + ENT_OPRF_PROOF)) != ENT_OK)
        goto out;
    ent_oprf_evaluate(out, &h->key, e, n);
    memcpy(room, out, 32 * n);
    r = ent_oprf_prove(room + 32 * n, ENT_OPRF_VERIFIABLE, &h->key, e, out, n);
    if (r == ENT_OK)
        answer->n += 32 * n + ENT_OPRF_PROOF;
out:
    free(e);
    return r;
}

void ent_quorum_holder_leave_out(struct ent_quorum_holder *h, uint32_t index)
{
    ENT_ASSERT(index >= 1 && index <= ENT_QUORUM_MEMBERS);
    struct part *p = &h->part[index - 1];
    p->out = true;
    free(p->seen);
    p->seen = NULL;
}

bool ent_quorum_holder_is_complete(const struct ent_quorum_holder *h, uint32_t index)
{
    ENT_ASSERT(index >= 1 && index <= ENT_QUORUM_MEMBERS);
    const struct part *p = &h->part[index - 1];
    return !p->out && p->items > 0 && p->admitted == p->batches;
}
