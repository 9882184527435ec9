/*
 * quorum_participant.c: the participant. What it sends is fixed by the number it announced alone:
 * padding is blinded like everything else, and no message waits for what another one holds.
 */
#include "match/match.h"
#include "match/items.h"

#define DUMMY 33u /* bytes of an item that is none */

struct ent_quorum_participant {
    struct ent_seed32 seed, filler, salt; /* secret */
    struct ent_items items;               /* as they came */
    uint32_t *order;                      /* those that count, by their bytes */
    uint32_t real, announced, batches;
    bool accepted, started;
    struct ent_quorum_shape shape;
    struct ent_hash32 run;
    uint32_t index, holders;
    struct ent_element key[ENT_QUORUM_HOLDERS];
    uint8_t (*f)[ENT_OPRF_OUT]; /* F of each that counts; secret */
    bool *complete;             /* for each batch */
};

enum ent_err ent_quorum_participant_new(struct ent_quorum_participant **ret,
                                        const struct ent_seed32 *seed)
{
    struct ent_quorum_participant *p = ent_secret_alloc(sizeof(*p));
    if (p == NULL)
        return ENT_E_NOMEM;
    memset(p, 0, sizeof(*p));
    p->seed = *seed;
    ent_seed_derive(&p->filler, seed, 1, "entquorm");
    ent_seed_derive(&p->salt, seed, 2, "entquorm");
    ent_items_init(&p->items);
    *ret = p;
    return ENT_OK;
}

void ent_quorum_participant_free(struct ent_quorum_participant *p)
{
    if (p == NULL)
        return;
    if (p->f != NULL)
        ent_wipe(p->f, p->real * sizeof(*p->f));
    ent_items_release(&p->items);
    free(p->order);
    free(p->f);
    free(p->complete);
    ent_secret_free(p);
}

enum ent_err ent_quorum_participant_add(struct ent_quorum_participant *p, struct ent_slice item)
{
    if (p->accepted)
        return ENT_E_STATE;
    if (p->items.n >= ENT_QUORUM_ITEMS || item.n > ENT_OBS_KEY_MAX)
        return ENT_E_LIMIT;
    return ent_items_add(&p->items, item);
}

/* --- the set -------------------------------------------------------------------------------- */

static int by_bytes(const void *x, const void *y, void *ctx)
{
    uint32_t i, j;
    memcpy(&i, x, sizeof(i));
    memcpy(&j, y, sizeof(j));
    return ent_slice_cmp(ent_items_at(ctx, i), ent_items_at(ctx, j));
}

/* Its own items, in memory that nobody else watches: variable time. */
static enum ent_err sort(struct ent_quorum_participant *p)
{
    size_t n = p->items.n;
    if ((p->order = calloc(n + 1, sizeof(*p->order))) == NULL)
        return ENT_E_NOMEM;
    for (size_t i = 0; i < n; i++)
        p->order[i] = (uint32_t)i;
    qsort_r(p->order, n, sizeof(*p->order), by_bytes, &p->items);
    for (size_t i = 0; i < n; i++)
        if (p->real == 0 || !ent_slice_eq(ent_items_at(&p->items, p->order[i]),
                                          ent_items_at(&p->items, p->order[p->real - 1])))
            p->order[p->real++] = p->order[i];
    return ENT_OK;
}

/* No type's name begins with NUL: padding meets nothing, not even the padding of others. */
static void dummy(const struct ent_quorum_participant *p, uint8_t ret[static DUMMY], uint32_t i)
{
    uint8_t number[4];
    struct ent_sha256 h;
    struct ent_hash32 out;
    ent_put_u32le(number, i);
    ent_sha256_init(&h);
    ent_sha256_add(&h, ENT_SLICE_LIT("entente/quorum/dummy/v1"));
    ent_sha256_add(&h, ent_slice(p->seed.b, sizeof(p->seed.b)));
    ent_sha256_add(&h, ent_slice(number, sizeof(number)));
    ent_sha256_end(&h, &out);
    ret[0] = 0;
    memcpy(ret + 1, out.b, 32);
    ent_wipe(&out, sizeof(out));
}

/* Item i of those announced; room is for padding. */
static struct ent_slice item_at(const struct ent_quorum_participant *p, uint32_t i,
                                uint8_t room[static DUMMY])
{
    if (i < p->real)
        return ent_items_at(&p->items, p->order[i]);
    dummy(p, room, i);
    return ent_slice(room, DUMMY);
}

enum ent_err ent_quorum_participant_accept(struct ent_quorum_participant *p,
                                           struct ent_quorum_accept *ret,
                                           const struct ent_quorum_offer *o)
{
    struct ent_commitment c;
    uint8_t room[DUMMY];
    enum ent_err r;
    if (p->accepted)
        return ENT_E_STATE;
    p->accepted = true;
    if ((r = sort(p)) != ENT_OK)
        return r;
    if (p->real > o->shape.items)
        return ENT_E_LIMIT;
    p->shape = o->shape;
    p->announced = ent_quorum_padded(o, p->real);
    p->batches = (uint32_t)ent_lookup_batches(p->announced);
    ent_commitment_init(&c);
    ent_seed_derive(&c.seed, &p->seed, 3, "entquorm");
    for (uint32_t i = 0; i < p->announced; i++)
        ent_commitment_add(&c, item_at(p, i, room));
    ret->items = p->announced;
    ent_merkle_root(&c.tree, &ret->root);
    ent_wipe(&c, sizeof(c));
    return ENT_OK;
}

enum ent_err ent_quorum_participant_start(struct ent_quorum_participant *p,
                                          const struct ent_hash32 *run, uint32_t index,
                                          const struct ent_element *key, uint32_t holders)
{
    if (p->announced == 0 || p->started || index < 1 || index > p->shape.members ||
        holders < ENT_QUORUM_HOLDERS_LEAST || holders > ENT_QUORUM_HOLDERS)
        return ENT_E_STATE;
    p->f = calloc((size_t)p->real + 1, sizeof(*p->f));
    p->complete = calloc(p->batches, sizeof(*p->complete));
    if (p->f == NULL || p->complete == NULL)
        return ENT_E_NOMEM;
    p->run = *run;
    p->index = index;
    p->holders = holders;
    memcpy(p->key, key, holders * sizeof(*key));
    p->started = true;
    return ENT_OK;
}

/* --- one batch ------------------------------------------------------------------------------ */

#define PREFIX "entente/quorum/item/v1"

/* What is evaluated for each item of a batch: its bytes and where they are. */
struct inputs {
    struct ent_buf bytes;
    struct ent_slice slice[ENT_LOOKUP_BATCH];
};

static void inputs_free(struct inputs *in)
{
    if (in == NULL)
        return;
    ent_buf_wipe(&in->bytes);
    free(in);
}

static enum ent_err inputs_put(const struct ent_quorum_participant *p, struct inputs *in,
                               uint32_t i, size_t at)
{
    uint8_t room[DUMMY];
    struct ent_slice item = item_at(p, i, room);
    enum ent_err r;
    if ((r = ent_buf_puts(&in->bytes, PREFIX)) != ENT_OK ||
        (r = ent_buf_put(&in->bytes, p->run.b, sizeof(p->run.b))) != ENT_OK ||
        (r = ent_buf_put_slice(&in->bytes, item)) != ENT_OK)
        return r;
    in->slice[at].n = sizeof(PREFIX) - 1 + sizeof(p->run.b) + item.n;
    return ENT_OK;
}

static enum ent_err inputs_new(struct inputs **ret, const struct ent_quorum_participant *p,
                               uint32_t batch, size_t n)
{
    struct inputs *in = calloc(1, sizeof(*in));
    enum ent_err r = ENT_OK;
    if (in == NULL)
        return ENT_E_NOMEM;
    ent_buf_init(&in->bytes, n * (sizeof(PREFIX) + 32 + ENT_OBS_KEY_MAX));
    for (size_t i = 0; i < n && r == ENT_OK; i++)
        r = inputs_put(p, in, batch * ENT_LOOKUP_BATCH + (uint32_t)i, i);
    if (r != ENT_OK) {
        inputs_free(in);
        return r;
    }
    const uint8_t *at = in->bytes.p;
    for (size_t i = 0; i < n; i++) {
        in->slice[i].p = at;
        at += in->slice[i].n;
    }
    *ret = in;
    return ENT_OK;
}

/* Of seed, place and input: sent again it is the same, and no other input ever gets it. */
static void blind(struct ent_scalar *ret, const struct ent_seed32 *seed, uint32_t i,
                  struct ent_slice input)
{
    crypto_hash_sha512_state st;
    uint8_t number[4], wide[64];
    ent_put_u32le(number, i);
    (void)crypto_hash_sha512_init(&st);
    (void)crypto_hash_sha512_update(&st, (const uint8_t *)"entente/quorum/blind/v1", 23);
    (void)crypto_hash_sha512_update(&st, seed->b, sizeof(seed->b));
    (void)crypto_hash_sha512_update(&st, number, sizeof(number));
    (void)crypto_hash_sha512_update(&st, input.p, input.n);
    (void)crypto_hash_sha512_final(&st, wide);
    ent_scalar_reduce(ret, wide);
    ent_wipe(&st, sizeof(st));
    ent_wipe(wide, sizeof(wide));
}

enum ent_err ent_quorum_participant_ask(const struct ent_quorum_participant *p,
                                        struct ent_quorum_batch *ret, struct ent_buf *ask,
                                        uint32_t batch)
{
    struct inputs *in = NULL;
    uint8_t *room;
    enum ent_err r;
    if (!p->started)
        return ENT_E_STATE;
    size_t n = ent_lookup_batch_count(p->announced, batch);
    if (n == 0)
        return ENT_E_NOTFOUND;
    if ((r = inputs_new(&in, p, batch, n)) != ENT_OK)
        return r;
    ret->batch = batch;
    ret->answered = 0;
    ret->n = n;
    for (size_t i = 0; i < n; i++)
        blind(&ret->blind[i], &p->seed, batch * ENT_LOOKUP_BATCH + (uint32_t)i, in->slice[i]);
    if ((r = ent_oprf_blind_with(ret->blinded, ret->blind, ENT_OPRF_VERIFIABLE, in->slice, n)) !=
            ENT_OK ||
        (r = ent_buf_reserve(ask, &room, ENT_QUORUM_HEADER + 32 * n)) != ENT_OK)
        goto out;
    ent_quorum_head_put(room, &p->run, p->index, batch);
    memcpy(room + ENT_QUORUM_HEADER, ret->blinded, 32 * n);
    ask->n += ENT_QUORUM_HEADER + 32 * n;
out:
    inputs_free(in);
    return r;
}

static enum ent_err check_answer(const struct ent_quorum_participant *p,
                                 const struct ent_quorum_batch *b, struct ent_element *e,
                                 enum ent_quorum_fault *fault, uint32_t holder,
                                 struct ent_slice answer)
{
    enum ent_err r = ENT_E_FORMAT;
    if (answer.n == 32 * b->n + ENT_OPRF_PROOF)
        r = ent_element_decode_each(e, answer.p, b->n);
    if (r != ENT_OK) {
        *fault = ENT_QUORUM_MALFORMED;
        return r;
    }
    r = ent_oprf_verify(answer.p + 32 * b->n, ENT_OPRF_VERIFIABLE, &p->key[holder - 1], b->blinded,
                        e, b->n);
    if (r != ENT_OK)
        *fault = ENT_QUORUM_PROOF;
    return r;
}

/* Of public numbers: each holder sees them. The sum is the identity only if keys add up to zero,
 * which nobody can bring about who proves that it knows its own. */
static enum ent_err add_up(struct ent_quorum_batch *b, const struct ent_element *e)
{
    if (b->answered > 0)
        return ent_element_add_each(b->sum, e, b->n);
    memcpy(b->sum, e, b->n * sizeof(*e));
    return ENT_OK;
}

static enum ent_err finish(struct ent_quorum_participant *p, struct ent_quorum_batch *b)
{
    uint32_t first = b->batch * ENT_LOOKUP_BATCH;
    size_t n = first >= p->real ? 0 : p->real - first;
    struct inputs *in = NULL;
    n = n < b->n ? n : b->n;
    if (n > 0) { /* nobody needs the values of padding */
        enum ent_err r = inputs_new(&in, p, b->batch, n);
        if (r != ENT_OK)
            return r;
        ent_oprf_finalize(p->f + first, in->slice, b->blind, b->sum, n);
        inputs_free(in);
    }
    p->complete[b->batch] = true;
    ent_wipe(b->blind, sizeof(b->blind));
    ent_wipe(b->sum, sizeof(b->sum));
    return ENT_OK;
}

enum ent_err ent_quorum_participant_answer(struct ent_quorum_participant *p,
                                           struct ent_quorum_batch *b,
                                           enum ent_quorum_fault *ret_fault, uint32_t holder,
                                           struct ent_slice answer)
{
    uint32_t all = (1u << p->holders) - 1;
    *ret_fault = ENT_QUORUM_NO_FAULT;
    if (!p->started || holder < 1 || holder > p->holders || b->n == 0)
        return ENT_E_STATE;
    if ((b->answered >> (holder - 1) & 1) != 0)
        return ENT_OK;
    struct ent_element *e = malloc(b->n * sizeof(*e));
    if (e == NULL)
        return ENT_E_NOMEM;
    enum ent_err r = check_answer(p, b, e, ret_fault, holder, answer);
    if (r == ENT_OK)
        r = add_up(b, e);
    if (r == ENT_OK) {
        b->answered |= 1u << (holder - 1);
        if (b->answered == all)
            r = finish(p, b);
    }
    free(e);
    return r;
}

bool ent_quorum_participant_is_complete(const struct ent_quorum_participant *p)
{
    for (uint32_t i = 0; i < p->batches; i++)
        if (!p->started || !p->complete[i])
            return false;
    return p->started;
}

/* --- after the last batch ------------------------------------------------------------------- */

enum ent_err ent_quorum_participant_tables(const struct ent_quorum_participant *p,
                                           struct ent_quorum_table **ret)
{
    if (!ent_quorum_participant_is_complete(p))
        return ENT_E_STATE;
    return ent_quorum_table_new(ret, &p->shape, p->index, &p->run, &p->filler,
                                (const uint8_t *)p->f, p->real);
}

enum ent_err ent_quorum_participant_take(
    const struct ent_quorum_participant *p, struct ent_hash32 *ret, size_t *ret_refused,
    const struct ent_quorum_table *t, const struct ent_quorum_answer *a,
    enum ent_err (*found)(void *ctx, const struct ent_quorum_found *f), void *ctx)
{
    struct ent_quorum_item *item = calloc((size_t)p->real + 1, sizeof(*item));
    struct ent_sha256 h;
    size_t n = 0, refused = 0;
    enum ent_err r = ENT_E_NOMEM;
    if (!ent_quorum_answer_is_whole(a)) {
        r = ENT_E_STATE;
        goto out;
    }
    if (item == NULL || (r = ent_quorum_table_accept(item, &n, &refused, t, (const void *)a->list.p,
                                                     a->hits)) != ENT_OK)
        goto out;
    ent_sha256_init(&h);
    ent_sha256_add(&h, ENT_SLICE_LIT("\x02"));
    ent_sha256_add(&h, ent_slice(p->salt.b, sizeof(p->salt.b)));
    for (size_t i = 0; i < n && r == ENT_OK; i++) {
        struct ent_quorum_found f = {.item = ent_items_at(&p->items, p->order[item[i].item]),
                                     .tables = item[i].tables,
                                     .holders = item[i].holders};
        ent_sha256_add(&h, f.item);
        ent_sha256_add(&h, ENT_SLICE_LIT("\n"));
        r = found(ctx, &f);
    }
    ent_sha256_end(&h, ret);
    if (r == ENT_OK)
        *ret_refused = refused;
out:
    free(item);
    return r;
}
