/*
 * holder.c: the side that has the list. Its key lives for one run; its tags are computed in parts
 * by whatever threads node/ has, while questions are answered already.
 */
#include "match/match.h"
#include "match/items.h"

#include <sodium.h>

#define PART 512u /* own items evaluated in one job */

struct ent_lookup_holder {
    struct ent_oprf_key key; /* secret */
    struct ent_commitment commitment;
    struct ent_items items;
    struct ent_buf label_of; /* u32 for each item */
    struct ent_buf labels;   /* struct ent_label, one for each distinct one */
    struct ent_buf slots;    /* u32: open-addressing table into labels, 0 is empty */
    uint32_t *box_of;        /* for each label, then padding: which box it gets */
    uint32_t *label_in;      /* the reverse */
    struct ent_buf box_keys; /* struct ent_label_key for each box; secret */
    bool pad, started, sorted;
    struct ent_hash32 sid;
    uint64_t asked, entries_n, labels_n; /* with padding */
    struct ent_filter_entry *entries;
    struct ent_hash32 *admitted; /* for each batch: hash of the questions; zero before */
    uint64_t admitted_n;
};

uint64_t ent_lookup_batches(uint64_t items)
{
    return (items + ENT_LOOKUP_BATCH - 1) / ENT_LOOKUP_BATCH;
}

size_t ent_lookup_batch_count(uint64_t items, uint64_t batch)
{
    if (batch >= ent_lookup_batches(items))
        return 0;
    uint64_t left = items - batch * ENT_LOOKUP_BATCH;
    return left < ENT_LOOKUP_BATCH ? (size_t)left : ENT_LOOKUP_BATCH;
}

uint64_t ent_labels_blocks(uint64_t labels)
{
    return (labels + ENT_LABELS_BLOCK - 1) / ENT_LABELS_BLOCK;
}

size_t ent_labels_block_count(uint64_t labels, uint64_t block)
{
    if (block >= ent_labels_blocks(labels))
        return 0;
    uint64_t left = labels - block * ENT_LABELS_BLOCK;
    return left < ENT_LABELS_BLOCK ? (size_t)left : ENT_LABELS_BLOCK;
}

#define SLOTS ((size_t)2 * ENT_MATCH_LABELS_MOST)

enum ent_err ent_lookup_holder_new(struct ent_lookup_holder **ret)
{
    struct ent_lookup_holder *h = ent_secret_alloc(sizeof(*h));
    uint8_t *room;
    if (h == NULL)
        return ENT_E_NOMEM;
    memset(h, 0, sizeof(*h));
    ent_items_init(&h->items);
    ent_buf_init(&h->label_of, (size_t)ENT_MATCH_ITEMS_MOST * sizeof(uint32_t));
    ent_buf_init(&h->labels, (size_t)ENT_MATCH_LABELS_MOST * sizeof(struct ent_label));
    ent_buf_init(&h->slots, SLOTS * sizeof(uint32_t));
    ent_buf_init(&h->box_keys, (size_t)ENT_MATCH_LABELS_MOST * sizeof(struct ent_label_key));
    if (ent_buf_reserve(&h->slots, &room, SLOTS * sizeof(uint32_t)) != ENT_OK) {
        ent_lookup_holder_free(h);
        return ENT_E_NOMEM;
    }
    memset(room, 0, SLOTS * sizeof(uint32_t));
    ent_oprf_key_generate(&h->key);
    ent_commitment_init(&h->commitment);
    *ret = h;
    return ENT_OK;
}

void ent_lookup_holder_free(struct ent_lookup_holder *h)
{
    if (h == NULL)
        return;
    ent_items_release(&h->items);
    ent_buf_release(&h->label_of);
    ent_buf_release(&h->labels);
    ent_buf_release(&h->slots);
    free(h->box_of);
    free(h->label_in);
    ent_buf_wipe(&h->box_keys);
    free(h->entries);
    free(h->admitted);
    ent_secret_free(h);
}

static size_t labels_now(const struct ent_lookup_holder *h)
{
    return h->labels.n / sizeof(struct ent_label);
}

static bool same_label(const struct ent_label *a, const struct ent_label *b)
{
    return a->tlp == b->tlp && a->confidence == b->confidence && strcmp(a->kind, b->kind) == 0 &&
           strcmp(a->text, b->text) == 0;
}

/* Labels come from the holder's own store: variable time is fine. */
static enum ent_err find_label(struct ent_lookup_holder *h, uint32_t *ret,
                               const struct ent_label *l)
{
    const struct ent_label *all = (const void *)h->labels.p;
    uint32_t *slot = (void *)h->slots.p;
    uint8_t plain[ENT_LABEL_PLAIN];
    struct ent_hash32 hash;
    uint32_t start;
    size_t at;
    ent_label_encode(plain, l);
    ent_sha256_of(&hash, ent_slice(plain, sizeof(plain)));
    memcpy(&start, hash.b, sizeof(start));
    for (at = start % SLOTS; slot[at] != 0; at = (at + 1) % SLOTS) {
        if (same_label(&all[slot[at] - 1], l)) {
            *ret = slot[at] - 1;
            return ENT_OK;
        }
    }
    enum ent_err r = ent_buf_put(&h->labels, l, sizeof(*l));
    if (r == ENT_OK) {
        *ret = (uint32_t)(labels_now(h) - 1);
        slot[at] = *ret + 1;
    }
    return r;
}

enum ent_err ent_lookup_holder_label(struct ent_lookup_holder *h, uint32_t *ret,
                                     const struct ent_label *l)
{
    struct ent_label brief = *l;
    if (labels_now(h) >= ENT_MATCH_LABELS_MOST / 2)
        brief.text[0] = '\0';
    if (labels_now(h) >= ENT_MATCH_LABELS_MOST - 1024)
        brief.kind[0] = '\0'; /* 5 TLPs x 102 confidences always fit */
    return find_label(h, ret, &brief);
}

enum ent_err ent_lookup_holder_add(struct ent_lookup_holder *h, struct ent_slice item,
                                   uint32_t label)
{
    enum ent_err r;
    if (h->items.n >= ENT_MATCH_ITEMS_MOST / 2 || label >= labels_now(h))
        return ENT_E_LIMIT;
    if ((r = ent_items_add(&h->items, item)) != ENT_OK ||
        (r = ent_buf_put(&h->label_of, &label, sizeof(label))) != ENT_OK)
        return r;
    ent_commitment_add(&h->commitment, item);
    return ENT_OK;
}

/*
 * Labels are numbered as the list goes through, so two hits would tell the asker how many
 * descriptions lie between them in the list. So their boxes are shuffled, with the padding.
 */
static enum ent_err shuffle_boxes(struct ent_lookup_holder *h)
{
    size_t n = h->labels_n == 0 ? 1 : (size_t)h->labels_n;
    h->box_of = calloc(n, sizeof(*h->box_of));
    h->label_in = calloc(n, sizeof(*h->label_in));
    if (h->box_of == NULL || h->label_in == NULL)
        return ENT_E_NOMEM;
    for (uint32_t i = 0; i < n; i++) { /* Fisher and Yates, inside out */
        uint32_t j = randombytes_uniform(i + 1);
        h->label_in[i] = h->label_in[j];
        h->label_in[j] = i;
    }
    for (uint32_t i = 0; i < n; i++)
        h->box_of[h->label_in[i]] = i;
    return ENT_OK;
}

void ent_lookup_holder_pad(struct ent_lookup_holder *h)
{
    h->pad = true;
}

enum ent_err ent_lookup_holder_accept(struct ent_lookup_holder *h, struct ent_match_accept *ret)
{
    size_t labels = labels_now(h);
    if (h->box_of != NULL)
        return ENT_E_STATE;
    h->entries_n = h->pad && h->items.n > 0 ? ent_power_of_two(h->items.n) : h->items.n;
    /* The number of distinct descriptions is nobody's business either; this costs little. */
    h->labels_n = labels > 0 ? ent_power_of_two(labels) : 0;
    enum ent_err r = shuffle_boxes(h);
    if (r != ENT_OK)
        return r;
    *ret =
        (struct ent_match_accept){.items = h->entries_n, .labels = h->labels_n, .key = h->key.pk};
    ent_random(ret->nonce.b, sizeof(ret->nonce.b));
    ent_merkle_root(&h->commitment.tree, &ret->root);
    ent_buf_release(&h->slots);
    return ENT_OK;
}

/* A fresh key for each box; those of padding exist too, and no entry leads to them. */
static enum ent_err make_box_keys(struct ent_lookup_holder *h)
{
    size_t n = (size_t)h->labels_n * sizeof(struct ent_label_key);
    uint8_t *room;
    enum ent_err r = ent_buf_reserve(&h->box_keys, &room, n);
    if (r != ENT_OK)
        return r;
    ent_random(room, n);
    h->box_keys.n = n;
    return ENT_OK;
}

static const struct ent_label_key *box_key(const struct ent_lookup_holder *h, uint32_t box)
{
    const struct ent_label_key *all = (const void *)h->box_keys.p;
    return &all[box];
}

enum ent_err ent_lookup_holder_start(struct ent_lookup_holder *h, const struct ent_hash32 *sid,
                                     uint64_t asked)
{
    uint64_t batches = ent_lookup_batches(asked);
    if (asked == 0 || asked > ENT_MATCH_ITEMS_MOST || h->started)
        return ENT_E_STATE;
    h->entries = calloc(h->entries_n == 0 ? 1 : (size_t)h->entries_n, sizeof(*h->entries));
    h->admitted = calloc((size_t)batches, sizeof(*h->admitted));
    if (h->entries == NULL || h->admitted == NULL)
        return ENT_E_NOMEM;
    enum ent_err r = make_box_keys(h);
    if (r != ENT_OK)
        return r;
    h->sid = *sid;
    h->asked = asked;
    h->started = true;
    return ENT_OK;
}

size_t ent_lookup_holder_parts(const struct ent_lookup_holder *h)
{
    return (size_t)((h->entries_n + PART - 1) / PART);
}

enum ent_err ent_lookup_holder_tags(struct ent_lookup_holder *h, size_t part)
{
    struct ent_slice input[PART];
    uint8_t(*out)[ENT_OPRF_OUT];
    size_t first = part * PART, n = 0;
    enum ent_err r;
    ENT_ASSERT(h->started && !h->sorted);
    while (n < PART && first + n < h->items.n) {
        input[n] = ent_items_at(&h->items, first + n);
        n++;
    }
    for (size_t i = first + n; i < first + PART && i < h->entries_n; i++)
        ent_random(&h->entries[i], sizeof(h->entries[i])); /* padding: looks like any other */
    if (n == 0)
        return ENT_OK;
    if ((out = malloc(n * sizeof(*out))) == NULL)
        return ENT_E_NOMEM;
    r = ent_oprf_own(out, ENT_OPRF_VERIFIABLE, &h->key, input, n);
    for (size_t i = 0; i < n && r == ENT_OK; i++) {
        struct ent_filter_entry *e = &h->entries[first + i];
        uint8_t plain[ENT_MASKED];
        uint32_t label;
        memcpy(&label, h->label_of.p + (first + i) * sizeof(label), sizeof(label));
        uint32_t box = h->box_of[label];
        ent_put_u32le(plain, box);
        memcpy(plain + 4, box_key(h, box)->b, sizeof(struct ent_label_key));
        ent_lookup_expand(e, &h->sid, out[i]);
        for (size_t j = 0; j < ENT_MASKED; j++)
            e->masked[j] ^= plain[j];
    }
    ent_wipe(out, n * sizeof(*out));
    free(out);
    return r;
}

static int by_tag(const void *a, const void *b)
{
    return memcmp(a, b, ENT_TAG);
}

void ent_lookup_holder_sort(struct ent_lookup_holder *h)
{
    qsort(h->entries, (size_t)h->entries_n, sizeof(*h->entries), by_tag);
    ent_items_release(&h->items); /* not needed any more: half of the memory */
    ent_buf_release(&h->label_of);
    h->sorted = true;
}

enum ent_err ent_lookup_holder_admit(struct ent_lookup_holder *h, struct ent_slice ask)
{
    static const struct ent_hash32 none;
    struct ent_cur c = ent_cur(ask);
    struct ent_hash32 hash;
    uint32_t batch = 0;
    if (!h->started || ent_cur_u32le(&c, &batch) != ENT_OK)
        return ENT_E_STATE;
    size_t n = ent_lookup_batch_count(h->asked, batch);
    if (n == 0 || c.n != 32 * n)
        return ENT_E_FORMAT;
    ent_sha256_of(&hash, ask);
    struct ent_hash32 *slot = &h->admitted[batch];
    if (memcmp(slot, &none, sizeof(none)) != 0)
        return memcmp(slot, &hash, sizeof(hash)) == 0 ? ENT_OK : ENT_E_STATE;
    *slot = hash;
    h->admitted_n++;
    return ENT_OK;
}

enum ent_err ent_lookup_holder_evaluate(const struct ent_lookup_holder *h, struct ent_buf *answer,
                                        struct ent_slice ask)
{
    size_t n = (ask.n - 4) / 32;
    uint8_t *room;
    enum ent_err r;
    ENT_ASSERT(ask.n >= 36 && n <= ENT_LOOKUP_BATCH);
    struct ent_element *e = malloc(2 * n * sizeof(*e)), *out = e + n;
    if (e == NULL)
        return ENT_E_NOMEM;
    if ((r = ent_element_decode_each(e, ask.p + 4, n)) != ENT_OK ||
        (r = ent_buf_reserve(answer, &room, 32 * n + ENT_OPRF_PROOF)) != ENT_OK)
        goto out;
    ent_oprf_evaluate(out, &h->key, e, n);
    for (size_t i = 0; i < n; i++)
        memcpy(room + 32 * i, out[i].b, 32);
    r = ent_oprf_prove(room + 32 * n, ENT_OPRF_VERIFIABLE, &h->key, e, out, n);
    if (r == ENT_OK)
        answer->n += 32 * n + ENT_OPRF_PROOF;
out:
    free(e);
    return r;
}

enum ent_err ent_lookup_holder_filter(const struct ent_lookup_holder *h, struct ent_buf *b,
                                      uint64_t block)
{
    struct ent_filter_pos pos;
    if (!h->sorted)
        return ENT_E_STATE;
    size_t count = ent_filter_block_count(h->entries_n, block);
    if (count == 0)
        return ENT_E_NOTFOUND;
    uint64_t first = block * ENT_FILTER_BLOCK;
    ent_filter_start(&pos, h->entries_n);
    pos.done = first;
    if (first > 0)
        memcpy(pos.last, h->entries[first - 1].tag, ENT_TAG);
    return ent_filter_encode(b, &pos, h->entries + first, count);
}

enum ent_err ent_lookup_holder_labels(const struct ent_lookup_holder *h, struct ent_buf *b,
                                      uint64_t block)
{
    const struct ent_label *all = (const void *)h->labels.p;
    size_t count = ent_labels_block_count(h->labels_n, block), have = labels_now(h);
    uint8_t *room;
    if (!h->started)
        return ENT_E_STATE;
    if (count == 0)
        return ENT_E_NOTFOUND;
    enum ent_err r = ent_buf_reserve(b, &room, count * ENT_LABEL_BOX);
    if (r != ENT_OK)
        return r;
    for (size_t i = 0; i < count; i++) {
        static const struct ent_label nothing = {.tlp = ENT_TLP_RED, .confidence = -1};
        uint32_t box = (uint32_t)(block * ENT_LABELS_BLOCK + i), label = h->label_in[box];
        ent_label_seal(room + i * ENT_LABEL_BOX, label < have ? &all[label] : &nothing, &h->sid,
                       box, box_key(h, box));
    }
    b->n += count * ENT_LABEL_BOX;
    return ENT_OK;
}

bool ent_lookup_holder_is_complete(const struct ent_lookup_holder *h)
{
    return h->started && h->admitted_n == ent_lookup_batches(h->asked);
}

enum ent_err ent_lookup_holder_digest(const struct ent_lookup_holder *h, struct ent_hash32 *ret)
{
    struct ent_sha256 sum;
    struct ent_buf b;
    enum ent_err r = h->sorted ? ENT_OK : ENT_E_STATE;
    ent_sha256_init(&sum);
    ent_buf_init(&b, ENT_FILTER_BLOCK_MAX);
    for (uint64_t i = 0; r == ENT_OK && i < ent_filter_blocks(h->entries_n); i++) {
        ent_buf_clear(&b);
        if ((r = ent_lookup_holder_filter(h, &b, i)) == ENT_OK)
            ent_sha256_add(&sum, ent_buf_slice(&b));
    }
    for (uint64_t i = 0; r == ENT_OK && i < ent_labels_blocks(h->labels_n); i++) {
        ent_buf_clear(&b);
        if ((r = ent_lookup_holder_labels(h, &b, i)) == ENT_OK)
            ent_sha256_add(&sum, ent_buf_slice(&b));
    }
    ent_buf_release(&b);
    if (r == ENT_OK)
        ent_sha256_end(&sum, ret);
    return r;
}

const struct ent_seed32 *ent_lookup_holder_seed(const struct ent_lookup_holder *h)
{
    return &h->commitment.seed;
}
