/*
 * asker.c: the side that asks. What it sends is fixed by the number of its items alone; what it
 * finds changes nothing that the holder could see, not even whether a label opens.
 */
#include "match/match.h"
#include "match/items.h"

struct found {
    uint32_t item;
    uint32_t label;
    struct ent_label_key key;
};

/* A label box that was opened, by the first key that fitted. An honest holder gives all entries of
 * one label the same key. */
struct opened {
    uint32_t at; /* index into labels, plus 1; 0: not opened */
    struct ent_label_key key;
};

struct ent_lookup_asker {
    struct ent_commitment commitment;
    struct ent_items items;
    size_t real; /* items that are not padding */
    struct ent_hash32 sid;
    struct ent_match_accept accept;
    struct ent_filter_entry *own; /* tag and mask of each item */
    uint32_t *order;              /* items in the order of their tags */
    bool started, matching;
    struct ent_filter_pos pos;
    uint64_t label_blocks; /* received */
    size_t next;           /* into order: tags below have been passed */
    struct ent_filter_entry *block;
    struct ent_buf found;  /* struct found */
    struct opened *opened; /* for each label of the table */
    struct ent_buf labels; /* struct ent_label, each opened one once */
};

enum ent_err ent_lookup_asker_new(struct ent_lookup_asker **ret)
{
    struct ent_lookup_asker *a = calloc(1, sizeof(*a));
    if (a == NULL)
        return ENT_E_NOMEM;
    ent_items_init(&a->items);
    ent_buf_init(&a->found, (size_t)ENT_MATCH_ITEMS_MOST * sizeof(struct found));
    ent_buf_init(&a->labels, (size_t)ENT_MATCH_LABELS_MOST * sizeof(struct ent_label));
    ent_commitment_init(&a->commitment);
    *ret = a;
    return ENT_OK;
}

void ent_lookup_asker_free(struct ent_lookup_asker *a)
{
    if (a == NULL)
        return;
    if (a->own != NULL)
        ent_wipe(a->own, a->items.n * sizeof(*a->own));
    ent_items_release(&a->items);
    ent_buf_wipe(&a->found);
    ent_buf_release(&a->labels);
    free(a->own);
    free(a->order);
    free(a->block);
    free(a->opened);
    ent_wipe(&a->commitment.seed, sizeof(a->commitment.seed));
    free(a);
}

static enum ent_err add(struct ent_lookup_asker *a, struct ent_slice item)
{
    enum ent_err r = a->items.n >= ENT_MATCH_ITEMS_MOST ? ENT_E_LIMIT : ENT_OK;
    if (r == ENT_OK && (r = ent_items_add(&a->items, item)) == ENT_OK)
        ent_commitment_add(&a->commitment, item);
    return r;
}

enum ent_err ent_lookup_asker_add(struct ent_lookup_asker *a, struct ent_slice item)
{
    enum ent_err r = a->started || a->real != a->items.n ? ENT_E_STATE : add(a, item);
    if (r == ENT_OK)
        a->real++;
    return r;
}

enum ent_err ent_lookup_asker_pad(struct ent_lookup_asker *a)
{
    uint64_t want = ent_power_of_two(a->items.n);
    enum ent_err r = ENT_OK;
    while (r == ENT_OK && a->items.n < want) {
        uint8_t nothing[33] = {0}; /* no type's name begins with NUL: it can meet nothing */
        ent_random(nothing + 1, 32);
        r = add(a, ent_slice(nothing, sizeof(nothing)));
    }
    return r;
}

uint64_t ent_lookup_asker_items(const struct ent_lookup_asker *a)
{
    return a->items.n;
}

void ent_lookup_asker_offer(struct ent_lookup_asker *a, struct ent_match_offer *ret)
{
    ret->items = a->items.n;
    ent_random(ret->nonce.b, sizeof(ret->nonce.b));
    ent_merkle_root(&a->commitment.tree, &ret->root);
}

enum ent_err ent_lookup_asker_start(struct ent_lookup_asker *a, const struct ent_hash32 *sid,
                                    const struct ent_match_accept *accept)
{
    size_t n = a->items.n;
    if (a->started || n == 0)
        return ENT_E_STATE;
    a->own = calloc(n, sizeof(*a->own));
    a->order = calloc(n, sizeof(*a->order));
    a->block = calloc(ENT_FILTER_BLOCK, sizeof(*a->block));
    a->opened = calloc((size_t)accept->labels + 1, sizeof(*a->opened));
    if (a->own == NULL || a->order == NULL || a->block == NULL || a->opened == NULL)
        return ENT_E_NOMEM;
    a->sid = *sid;
    a->accept = *accept;
    a->started = true;
    ent_filter_start(&a->pos, accept->items);
    return ENT_OK;
}

enum ent_err ent_lookup_asker_ask(const struct ent_lookup_asker *a, struct ent_lookup_batch *ret,
                                  struct ent_buf *ask, uint64_t batch)
{
    struct ent_slice *input;
    size_t n = ent_lookup_batch_count(a->items.n, batch);
    uint8_t *room;
    enum ent_err r;
    if (!a->started || n == 0)
        return ENT_E_STATE;
    if ((input = calloc(n, sizeof(*input))) == NULL)
        return ENT_E_NOMEM;
    for (size_t i = 0; i < n; i++)
        input[i] = ent_items_at(&a->items, (size_t)batch * ENT_LOOKUP_BATCH + i);
    ret->batch = batch;
    ret->n = n;
    if ((r = ent_oprf_blind(ret->blind, ret->blinded, ENT_OPRF_VERIFIABLE, input, n)) != ENT_OK ||
        (r = ent_buf_reserve(ask, &room, 4 + 32 * n)) != ENT_OK)
        goto out;
    ent_put_u32le(room, (uint32_t)batch);
    for (size_t i = 0; i < n; i++)
        memcpy(room + 4 + 32 * i, ret->blinded[i].b, 32);
    ask->n += 4 + 32 * n;
out:
    free(input);
    return r;
}

/* Unblind and keep tag and mask; the work memory holds secrets. */
static void finish(struct ent_lookup_asker *a, const struct ent_lookup_batch *b,
                   const struct ent_element *evaluated, struct ent_slice *input,
                   uint8_t (*out)[ENT_OPRF_OUT])
{
    size_t first = (size_t)b->batch * ENT_LOOKUP_BATCH;
    for (size_t i = 0; i < b->n; i++)
        input[i] = ent_items_at(&a->items, first + i);
    ent_oprf_finalize(out, input, b->blind, evaluated, b->n);
    for (size_t i = 0; i < b->n; i++)
        ent_lookup_expand(&a->own[first + i], &a->sid, out[i]);
    ent_wipe(out, b->n * sizeof(*out));
}

enum ent_err ent_lookup_asker_answer(struct ent_lookup_asker *a, struct ent_lookup_batch *b,
                                     struct ent_slice answer)
{
    struct ent_element *e = calloc(b->n, sizeof(*e));
    struct ent_slice *input = calloc(b->n, sizeof(*input));
    uint8_t(*out)[ENT_OPRF_OUT] = calloc(b->n, sizeof(*out));
    enum ent_err r = ENT_OK;
    if (e == NULL || input == NULL || out == NULL)
        r = ENT_E_NOMEM;
    else if (answer.n != 32 * b->n + ENT_OPRF_PROOF)
        r = ENT_E_FORMAT;
    if (r == ENT_OK)
        r = ent_element_decode_each(e, answer.p, b->n);
    if (r == ENT_OK)
        r = ent_oprf_verify(answer.p + 32 * b->n, ENT_OPRF_VERIFIABLE, &a->accept.key, b->blinded,
                            e, b->n);
    if (r == ENT_OK)
        finish(a, b, e, input, out);
    ent_wipe(b, sizeof(*b));
    free(e);
    free(input);
    free(out);
    return r;
}

static int by_tag(const void *x, const void *y, void *ctx)
{
    const struct ent_filter_entry *own = ctx;
    uint32_t i, j;
    memcpy(&i, x, sizeof(i));
    memcpy(&j, y, sizeof(j));
    return memcmp(own[i].tag, own[j].tag, ENT_TAG);
}

enum ent_err ent_lookup_asker_match(struct ent_lookup_asker *a)
{
    if (!a->started || a->matching)
        return ENT_E_STATE;
    for (size_t i = 0; i < a->items.n; i++)
        a->order[i] = (uint32_t)i;
    qsort_r(a->order, a->items.n, sizeof(*a->order), by_tag, a->own);
    a->matching = true;
    return ENT_OK;
}

/* One tag of the holder's against the own ones, which are passed in step. */
static enum ent_err meet(struct ent_lookup_asker *a, const struct ent_filter_entry *e)
{
    while (a->next < a->items.n && memcmp(a->own[a->order[a->next]].tag, e->tag, ENT_TAG) < 0)
        a->next++;
    for (size_t i = a->next; i < a->items.n; i++) {
        const struct ent_filter_entry *own = &a->own[a->order[i]];
        if (memcmp(own->tag, e->tag, ENT_TAG) != 0)
            break;
        if (a->order[i] >= a->real)
            continue;
        struct found f = {.item = a->order[i]};
        uint8_t plain[ENT_MASKED];
        for (size_t j = 0; j < ENT_MASKED; j++)
            plain[j] = own->masked[j] ^ e->masked[j];
        f.label = (uint32_t)plain[0] | (uint32_t)plain[1] << 8 | (uint32_t)plain[2] << 16 |
                  (uint32_t)plain[3] << 24;
        memcpy(f.key.b, plain + 4, sizeof(f.key.b));
        enum ent_err r = ent_buf_put(&a->found, &f, sizeof(f));
        if (r != ENT_OK)
            return r;
    }
    return ENT_OK;
}

enum ent_err ent_lookup_asker_filter(struct ent_lookup_asker *a, struct ent_slice block)
{
    size_t n = 0;
    if (!a->matching)
        return ENT_E_STATE;
    enum ent_err r = ent_filter_decode(a->block, &n, &a->pos, block);
    for (size_t i = 0; i < n && r == ENT_OK; i++)
        r = meet(a, &a->block[i]);
    return r;
}

/*
 * A box that does not open is noted, never an error: an error would be seen by the holder, who
 * could seal one box wrongly to learn whether that item was asked for.
 */
static enum ent_err try_open(struct ent_lookup_asker *a, const struct found *f, const uint8_t *box)
{
    struct opened *o = &a->opened[f->label];
    struct ent_label l;
    if (o->at != 0 || ent_label_open(&l, box, &a->sid, f->label, &f->key) != ENT_OK)
        return ENT_OK;
    enum ent_err r = ent_buf_put(&a->labels, &l, sizeof(l));
    if (r == ENT_OK)
        *o = (struct opened){.at = (uint32_t)(a->labels.n / sizeof(l)), .key = f->key};
    return r;
}

enum ent_err ent_lookup_asker_labels(struct ent_lookup_asker *a, struct ent_slice block)
{
    const struct found *f = (const void *)a->found.p;
    size_t found = a->found.n / sizeof(*f), n;
    enum ent_err r = ENT_OK;
    if (!a->matching || a->pos.done != a->pos.n)
        return ENT_E_STATE;
    n = ent_labels_block_count(a->accept.labels, a->label_blocks);
    if (n == 0 || block.n != n * ENT_LABEL_BOX)
        return ENT_E_FORMAT;
    uint64_t first = a->label_blocks++ * ENT_LABELS_BLOCK;
    for (size_t i = 0; i < found && r == ENT_OK; i++)
        if (f[i].label >= first && f[i].label < first + n)
            r = try_open(a, &f[i], block.p + (f[i].label - first) * ENT_LABEL_BOX);
    return r;
}

static const struct ent_label *label_of(const struct ent_lookup_asker *a, const struct found *f)
{
    const struct ent_label *labels = (const void *)a->labels.p;
    if (f->label >= a->accept.labels)
        return NULL;
    const struct opened *o = &a->opened[f->label];
    bool fits = o->at != 0 && memcmp(o->key.b, f->key.b, sizeof(f->key.b)) == 0;
    return fits ? &labels[o->at - 1] : NULL;
}

static int by_item(const void *x, const void *y)
{
    const struct found *a = x, *b = y;
    return a->item < b->item ? -1 : a->item > b->item;
}

enum ent_err ent_lookup_asker_hits(const struct ent_lookup_asker *a,
                                   enum ent_err (*hit)(void *ctx, const struct ent_lookup_hit *),
                                   void *ctx, uint64_t *ret_n)
{
    struct found *f = (void *)a->found.p;
    size_t found = a->found.n / sizeof(*f);
    enum ent_err r = ENT_OK;
    if (!a->matching || a->pos.done != a->pos.n ||
        a->label_blocks != ent_labels_blocks(a->accept.labels))
        return ENT_E_STATE;
    if (found > 0)
        qsort(f, found, sizeof(*f), by_item);
    for (size_t i = 0; i < found && r == ENT_OK; i++) {
        struct ent_lookup_hit h = {.item = ent_items_at(&a->items, f[i].item),
                                   .label = label_of(a, &f[i])};
        r = hit(ctx, &h);
    }
    if (r == ENT_OK)
        *ret_n = found;
    return r;
}

const struct ent_seed32 *ent_lookup_asker_seed(const struct ent_lookup_asker *a)
{
    return &a->commitment.seed;
}
