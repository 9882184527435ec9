/*
 * runner.c: one run. Its lock is held for what is short: the phase, what a batch admits, and each
 * note of the list. Building and evaluating go on without it, at the same time.
 */
#include "node/node.h"

#include <pthread.h>

#define LEDGER ENT_MSG_BIT(ENT_PROCESS_LEDGER)
#define MATCH  ENT_MSG_BIT(ENT_PROCESS_MATCH)
#define CALL(type, min, max)                                                                       \
    {                                                                                              \
        (type), ENT_MSG_CALL, LEDGER, ENT_MSG_ANY, (min), (max), ENT_MSG_FD_NONE                   \
    }
#define ANSWER(type, min, max)                                                                     \
    {                                                                                              \
        (type), ENT_MSG_ANSWER, MATCH, ENT_MSG_ANY, (min), (max), ENT_MSG_FD_NONE                  \
    }

/* table */
const struct ent_msg_row ent_runner_rows[ENT_RUNNER_ROWS] = {
    CALL(ENT_RUN_OPEN, 12, 12),
    ANSWER(ENT_RUN_OPEN, 40, ENT_RUN_OPENED_MAX),
    CALL(ENT_RUN_START, 40, 40),
    ANSWER(ENT_RUN_START, 0, 0),
    CALL(ENT_RUN_BUILD, 0, 0),
    ANSWER(ENT_RUN_BUILD, 0, 0),
    CALL(ENT_RUN_EVALUATE, 0, ENT_LOOKUP_ASK_MAX),
    ANSWER(ENT_RUN_EVALUATE, ENT_OPRF_PROOF, ENT_LOOKUP_ANSWER_MAX),
    CALL(ENT_RUN_FILTER, 8, 8),
    ANSWER(ENT_RUN_FILTER, 1, ENT_FILTER_BLOCK_MAX),
    CALL(ENT_RUN_LABELS, 8, 8),
    ANSWER(ENT_RUN_LABELS, ENT_LABEL_BOX, ENT_RUN_LABELS_MAX),
    CALL(ENT_RUN_DIGEST, 0, 0),
    ANSWER(ENT_RUN_DIGEST, 32, 32),
};

enum phase { NEW, LOADING, OPENED, STARTED, BUILDING, BUILT, OVER };

struct ent_runner {
    struct ent_caller desk;
    struct ent_pool *pool;
    struct ent_lookup_holder *holder;
    pthread_mutex_t lock; /* for the rest */
    enum phase phase;
    uint64_t loaded;
};

enum ent_err ent_runner_new(struct ent_runner **ret, const struct ent_caller *desk,
                            struct ent_pool *pool)
{
    struct ent_runner *r = calloc(1, sizeof(*r));
    if (r == NULL)
        return ENT_E_NOMEM;
    r->desk = *desk;
    r->pool = pool;
    (void)pthread_mutex_init(&r->lock, NULL);
    if (ent_lookup_holder_new(&r->holder) != ENT_OK) {
        ent_runner_free(r);
        return ENT_E_NOMEM;
    }
    *ret = r;
    return ENT_OK;
}

void ent_runner_free(struct ent_runner *r)
{
    if (r == NULL)
        return;
    ent_lookup_holder_free(r->holder);
    (void)pthread_mutex_destroy(&r->lock);
    free(r);
}

/* From one phase to the next; ENT_E_STATE if it is in another, or was stopped meanwhile. */
static enum ent_err step(struct ent_runner *r, enum phase from, enum phase to)
{
    (void)pthread_mutex_lock(&r->lock);
    bool may = r->phase == from;
    if (may)
        r->phase = to;
    (void)pthread_mutex_unlock(&r->lock);
    return may ? ENT_OK : ENT_E_STATE;
}

void ent_runner_stop(struct ent_runner *r)
{
    (void)pthread_mutex_lock(&r->lock);
    r->phase = OVER;
    (void)pthread_mutex_unlock(&r->lock);
}

/* --- the list -----------------------------------------------------------------------------------
 */

static enum ent_err add_items(struct ent_runner *r, struct ent_slice payload)
{
    struct ent_cur c = ent_cur(payload);
    enum ent_err e = c.n == 0 ? ENT_E_FORMAT : ENT_OK;
    while (e == ENT_OK && c.n > 0) {
        struct ent_slice key;
        struct ent_label label;
        uint32_t index = 0;
        if ((e = ent_desk_item_parse(&key, &label, &c)) == ENT_OK &&
            (e = ent_lookup_holder_label(r->holder, &index, &label)) == ENT_OK &&
            (e = ent_lookup_holder_add(r->holder, key, index)) == ENT_OK)
            r->loaded++;
    }
    return e;
}

enum ent_err ent_runner_note(struct ent_runner *r, uint16_t type, struct ent_slice payload)
{
    (void)pthread_mutex_lock(&r->lock);
    enum ent_err e = r->phase == LOADING && type == ENT_DESK_ITEMS ? ENT_OK : ENT_E_STATE;
    if (e == ENT_OK)
        e = add_items(r, payload);
    if (e != ENT_OK)
        r->phase = OVER;
    (void)pthread_mutex_unlock(&r->lock);
    return e;
}

/* With the lock held: nothing is added any more. */
static enum ent_err close_list(struct ent_runner *r, struct ent_match_accept *ret,
                               const struct ent_desk_known *k)
{
    if (r->phase != LOADING)
        return ENT_E_STATE;
    if (k->items != r->loaded)
        return ENT_E_PEER;
    if (k->pad)
        ent_lookup_holder_pad(r->holder);
    enum ent_err e = ent_lookup_holder_accept(r->holder, ret);
    if (e == ENT_OK)
        r->phase = OPENED;
    return e;
}

static enum ent_err open_run(struct ent_runner *r, struct ent_buf *ret,
                             const struct ent_run_request *q)
{
    struct ent_run_opened o = {.unreleased = 0};
    struct ent_desk_known k = {0};
    enum ent_err e;
    if ((e = step(r, NEW, LOADING)) != ENT_OK ||
        (e = ent_desk_known(&r->desk, &k, q->types, q->at)) != ENT_OK)
        return e;
    (void)pthread_mutex_lock(&r->lock);
    e = close_list(r, &o.accept, &k);
    (void)pthread_mutex_unlock(&r->lock);
    if (e != ENT_OK)
        return e;
    o.unreleased = k.unreleased;
    o.seed = *ent_lookup_holder_seed(r->holder);
    e = ent_run_opened_encode(ret, &o);
    ent_wipe(&o, sizeof(o));
    return e;
}

/* --- the run ------------------------------------------------------------------------------------
 */

static enum ent_err start(struct ent_runner *r, const struct ent_run_request *q)
{
    (void)pthread_mutex_lock(&r->lock);
    enum ent_err e =
        r->phase == OPENED ? ent_lookup_holder_start(r->holder, &q->sid, q->asked) : ENT_E_STATE;
    if (e == ENT_OK)
        r->phase = STARTED;
    (void)pthread_mutex_unlock(&r->lock);
    return e;
}

static enum ent_err tags(void *ctx, size_t part)
{
    struct ent_runner *r = ctx;
    enum ent_err e = step(r, BUILDING, BUILDING);
    return e != ENT_OK ? ENT_E_INTERRUPTED : ent_lookup_holder_tags(r->holder, part);
}

static enum ent_err build(struct ent_runner *r)
{
    enum ent_err e;
    if ((e = step(r, STARTED, BUILDING)) != ENT_OK ||
        (e = ent_pool_run(r->pool, tags, r, ent_lookup_holder_parts(r->holder))) != ENT_OK)
        return e;
    ent_lookup_holder_sort(r->holder);
    return step(r, BUILDING, BUILT);
}

static enum ent_err evaluate(struct ent_runner *r, struct ent_buf *ret, struct ent_slice ask)
{
    (void)pthread_mutex_lock(&r->lock);
    bool may = r->phase == STARTED || r->phase == BUILDING || r->phase == BUILT;
    enum ent_err e = may ? ent_lookup_holder_admit(r->holder, ask) : ENT_E_STATE;
    (void)pthread_mutex_unlock(&r->lock);
    return e != ENT_OK ? e : ent_lookup_holder_evaluate(r->holder, ret, ask);
}

static enum ent_err digest(struct ent_runner *r, struct ent_buf *ret)
{
    struct ent_hash32 sum;
    (void)pthread_mutex_lock(&r->lock);
    bool may = r->phase == BUILT && ent_lookup_holder_is_complete(r->holder);
    (void)pthread_mutex_unlock(&r->lock);
    enum ent_err e = may ? ent_lookup_holder_digest(r->holder, &sum) : ENT_E_STATE;
    return e != ENT_OK ? e : ent_buf_put(ret, sum.b, sizeof(sum.b));
}

static enum ent_err block(struct ent_runner *r, struct ent_buf *ret,
                          const struct ent_run_request *q)
{
    enum ent_err e = step(r, BUILT, BUILT);
    if (e != ENT_OK)
        return e;
    return q->type == ENT_RUN_FILTER ? ent_lookup_holder_filter(r->holder, ret, q->block)
                                     : ent_lookup_holder_labels(r->holder, ret, q->block);
}

static enum ent_err serve(struct ent_runner *r, struct ent_buf *ret,
                          const struct ent_run_request *q)
{
    switch (q->type) {
    case ENT_RUN_OPEN:
        return open_run(r, ret, q);
    case ENT_RUN_START:
        return start(r, q);
    case ENT_RUN_BUILD:
        return build(r);
    case ENT_RUN_EVALUATE:
        return evaluate(r, ret, q->ask);
    case ENT_RUN_FILTER:
    case ENT_RUN_LABELS:
        return block(r, ret, q);
    case ENT_RUN_DIGEST:
        return digest(r, ret);
    }
    return ENT_E_FORMAT;
}

enum ent_err ent_runner_serve(void *runner, struct ent_msg *ret, struct ent_msg *call)
{
    struct ent_run_request q;
    enum ent_err e = ent_run_request_parse(&q, call->type, ent_buf_slice(&call->bytes));
    if (e == ENT_OK)
        e = serve(runner, &ret->bytes, &q);
    if (e != ENT_OK) {
        ent_buf_wipe(&ret->bytes);
        ent_runner_stop(runner);
    }
    return e;
}
