/*
 * quorum_work.c: one run of a quorum. Its lock is held for what is short: which call may come now,
 * what is admitted, each note of the set. Blinding, evaluating and the tables go on without it. Of
 * one batch one thread at a time has the blinds; different batches are computed at the same time.
 */
#include "node/node.h"

#include "node/desk_quorum.h"

#include <pthread.h>

#define LEDGER ENT_MSG_BIT(ENT_PROCESS_LEDGER)
#define MATCH  ENT_MSG_BIT(ENT_PROCESS_MATCH)
#define BOTH(type, call_min, call_max, answer_min, answer_max)                                     \
    {(type), ENT_MSG_CALL, LEDGER, ENT_MSG_ANY, (call_min), (call_max), ENT_MSG_FD_NONE},          \
    {                                                                                              \
        (type), ENT_MSG_ANSWER, MATCH, ENT_MSG_ANY, (answer_min), (answer_max), ENT_MSG_FD_NONE    \
    }

/* table */
const struct ent_msg_row ent_qwork_rows[ENT_QWORK_ROWS] = {
    BOTH(ENT_QWORK_JOIN, 33, 32 + ENT_QUORUM_OFFER_MAX, 36, 36),
    BOTH(ENT_QWORK_HOLD, 33, 32 + ENT_QUORUM_OFFER_MAX, 32, 32),
    BOTH(ENT_QWORK_START, ENT_QWORK_BEGIN, ENT_QWORK_BEGIN, 0, 0),
    BOTH(ENT_QWORK_ASK, 4, 4, ENT_QUORUM_HEADER + 32, ENT_QUORUM_ASK_MAX),
    BOTH(ENT_QWORK_ANSWER, 8, 8 + ENT_QUORUM_EVALUATE_MAX + 1, 1, 1),
    BOTH(ENT_QWORK_TABLES, 0, 0, 0, 0),
    BOTH(ENT_QWORK_BLOCK, 4, 4, ENT_QUORUM_HEADER + ENT_QUORUM_SHARE, ENT_QUORUM_BLOCK_MAX),
    BOTH(ENT_QWORK_PIECE, 0, ENT_QUORUM_PIECE_MAX + 1, 1, 1),
    BOTH(ENT_QWORK_TAKE, 32, 32, 1, 49),
    BOTH(ENT_QWORK_AGAIN, 40, 40, 0, 0),
    BOTH(ENT_QWORK_ADMIT, 4, 4 + ENT_QUORUM_ASK_MAX + 1, 1, 38),
    BOTH(ENT_QWORK_EVALUATE, 4, 4 + ENT_QUORUM_ASK_MAX + 1, 1, 1 + ENT_QUORUM_EVALUATE_MAX),
};

/* Of a role: not this member's, being opened, ready for the start; the participant's then goes on.
 */
enum phase { CLOSED, OPENING, READY, ASKING, BUILDING, BUILT, TAKING };

struct batch {
    struct ent_quorum_batch *b; /* between question and last answer; secret */
    bool busy;                  /* a thread has it */
    bool done;
};

struct ent_qworker {
    struct ent_caller desk;
    pthread_mutex_t lock; /* for the rest */
    pthread_cond_t left;  /* a batch is not busy any more */
    bool over, named, started;
    struct ent_hash32 leaf; /* named: and what it offers */
    struct ent_quorum_offer offer;
    struct ent_qwork_begin begin;
    enum phase joins, holds;
    struct ent_quorum_participant *participant;
    struct ent_quorum_accept accept;
    uint64_t loaded;
    struct batch *batch;
    uint32_t batches;
    struct ent_quorum_table *table;
    struct ent_quorum_answer answer;
    struct ent_quorum_holder *holder;
};

enum ent_err ent_qworker_new(struct ent_qworker **ret, const struct ent_caller *desk)
{
    struct ent_qworker *w = calloc(1, sizeof(*w));
    if (w == NULL)
        return ENT_E_NOMEM;
    w->desk = *desk;
    (void)pthread_mutex_init(&w->lock, NULL);
    (void)pthread_cond_init(&w->left, NULL);
    *ret = w;
    return ENT_OK;
}

void ent_qworker_free(struct ent_qworker *w)
{
    if (w == NULL)
        return;
    for (uint32_t i = 0; w->batch != NULL && i < w->batches; i++)
        ent_secret_free(w->batch[i].b);
    free(w->batch);
    ent_quorum_table_free(w->table);
    ent_quorum_answer_release(&w->answer);
    ent_quorum_participant_free(w->participant);
    ent_quorum_holder_free(w->holder);
    (void)pthread_cond_destroy(&w->left);
    (void)pthread_mutex_destroy(&w->lock);
    free(w);
}

void ent_qworker_stop(struct ent_qworker *w)
{
    (void)pthread_mutex_lock(&w->lock);
    w->over = true;
    (void)pthread_cond_broadcast(&w->left);
    (void)pthread_mutex_unlock(&w->lock);
}

/* --- opening ------------------------------------------------------------------------------------
 */

/* Both roles are of one run. */
static enum ent_err open_role(struct ent_qworker *w, enum phase *role,
                              const struct ent_qwork_request *q)
{
    (void)pthread_mutex_lock(&w->lock);
    bool may = !w->over && !w->started && *role == CLOSED &&
               (!w->named || memcmp(&w->leaf, &q->hash, sizeof(w->leaf)) == 0);
    if (may && !w->named) {
        w->leaf = q->hash;
        w->offer = q->offer;
        w->named = true;
    }
    if (may)
        *role = OPENING;
    (void)pthread_mutex_unlock(&w->lock);
    return may ? ENT_OK : ENT_E_STATE;
}

/* What the desk does not have may be asked for again. */
static enum ent_err opened(struct ent_qworker *w, enum phase *role, enum ent_err r)
{
    (void)pthread_mutex_lock(&w->lock);
    if (r == ENT_OK && w->over)
        r = ENT_E_STATE;
    *role = r == ENT_OK ? READY : CLOSED;
    (void)pthread_mutex_unlock(&w->lock);
    return r;
}

static enum ent_err add_items(struct ent_qworker *w, struct ent_slice payload)
{
    struct ent_cur c = ent_cur(payload);
    enum ent_err r = c.n == 0 ? ENT_E_FORMAT : ENT_OK;
    while (r == ENT_OK && c.n > 0) {
        struct ent_slice key;
        struct ent_label label;
        if ((r = ent_desk_item_parse(&key, &label, &c)) == ENT_OK &&
            (r = ent_quorum_participant_add(w->participant, key)) == ENT_OK)
            w->loaded++;
    }
    return r;
}

enum ent_err ent_qworker_note(struct ent_qworker *w, uint16_t type, struct ent_slice payload)
{
    enum ent_err r = ENT_E_STATE;
    (void)pthread_mutex_lock(&w->lock);
    if (!w->over && w->joins == OPENING && w->participant != NULL && type == ENT_DESK_ITEMS) {
        r = add_items(w, payload);
        w->over = r != ENT_OK;
    }
    (void)pthread_mutex_unlock(&w->lock);
    return r;
}

/* A new participant, whose items may come. */
static enum ent_err new_participant(struct ent_qworker *w)
{
    struct ent_quorum_participant *p = NULL;
    struct ent_seed32 seed;
    enum ent_err r = ent_desk_seed(&w->desk, &seed, &w->leaf, ENT_DESK_PARTICIPANT);
    if (r != ENT_OK)
        return r;
    r = ent_quorum_participant_new(&p, &seed);
    ent_wipe(&seed, sizeof(seed));
    (void)pthread_mutex_lock(&w->lock);
    ent_quorum_participant_free(w->participant); /* of a time when there was no set */
    w->participant = p;
    w->loaded = 0;
    (void)pthread_mutex_unlock(&w->lock);
    return r;
}

static enum ent_err load_set(struct ent_qworker *w)
{
    uint64_t items = 0;
    enum ent_err r = new_participant(w);
    if (r != ENT_OK || (r = ent_desk_set(&w->desk, &items, &w->leaf)) != ENT_OK)
        return r;
    (void)pthread_mutex_lock(&w->lock);
    if (w->over)
        r = ENT_E_STATE;
    else if (w->loaded != items)
        r = ENT_E_PEER;
    else
        r = ent_quorum_participant_accept(w->participant, &w->accept, &w->offer);
    (void)pthread_mutex_unlock(&w->lock);
    return r;
}

static enum ent_err join(struct ent_qworker *w, struct ent_buf *ret,
                         const struct ent_qwork_request *q)
{
    uint8_t items[4];
    enum ent_err r = open_role(w, &w->joins, q);
    if (r != ENT_OK || (r = opened(w, &w->joins, load_set(w))) != ENT_OK)
        return r;
    ent_put_u32le(items, w->accept.items);
    r = ent_buf_put(ret, items, sizeof(items));
    return r == ENT_OK ? ent_buf_put(ret, w->accept.root.b, sizeof(w->accept.root.b)) : r;
}

static enum ent_err new_holder(struct ent_qworker *w)
{
    struct ent_seed32 seed;
    enum ent_err r = ent_desk_seed(&w->desk, &seed, &w->leaf, ENT_DESK_HOLDER);
    if (r == ENT_OK)
        r = ent_quorum_holder_new(&w->holder, &seed);
    ent_wipe(&seed, sizeof(seed));
    return r;
}

static enum ent_err hold(struct ent_qworker *w, struct ent_buf *ret,
                         const struct ent_qwork_request *q)
{
    struct ent_element key;
    enum ent_err r = open_role(w, &w->holds, q);
    if (r != ENT_OK || (r = opened(w, &w->holds, new_holder(w))) != ENT_OK)
        return r;
    ent_quorum_holder_key(w->holder, &key);
    return ent_buf_put(ret, key.b, sizeof(key.b));
}

/* --- the start ----------------------------------------------------------------------------------
 */

static bool fits_offer(const struct ent_qworker *w, const struct ent_qwork_begin *g)
{
    static const struct ent_element none;
    for (uint32_t i = 0; i < ENT_QUORUM_MEMBERS; i++)
        if (g->items[i] > (i < w->offer.shape.members ? w->offer.shape.items : 0))
            return false;
    for (uint32_t j = 0; j < ENT_QUORUM_HOLDERS; j++)
        if ((memcmp(&g->key[j], &none, sizeof(none)) != 0) != (j < w->offer.holders))
            return false;
    return g->index == 0 || (g->index <= w->offer.shape.members && w->joins == READY &&
                             g->items[g->index - 1] == w->accept.items);
}

static enum ent_err start_participant(struct ent_qworker *w, const struct ent_qwork_begin *g)
{
    w->batches = (uint32_t)ent_lookup_batches(w->accept.items);
    if ((w->batch = calloc(w->batches, sizeof(*w->batch))) == NULL)
        return ENT_E_NOMEM;
    ent_quorum_answer_init(&w->answer, &w->offer.shape, &g->sid, g->index, w->accept.items);
    w->joins = ASKING;
    return ent_quorum_participant_start(w->participant, &g->sid, g->index, g->key,
                                        w->offer.holders);
}

/* With the lock held. */
static enum ent_err start(struct ent_qworker *w, const struct ent_qwork_begin *g)
{
    enum ent_err r = ENT_OK;
    if (w->started || (w->joins != READY && w->holds != READY) || w->joins == OPENING ||
        w->holds == OPENING || !fits_offer(w, g))
        return ENT_E_STATE;
    w->started = true;
    w->begin = *g;
    if (g->index != 0)
        r = start_participant(w, g);
    if (r == ENT_OK && w->holds == READY)
        r = ent_quorum_holder_start(w->holder, &g->sid, &w->offer.shape, g->items);
    return r;
}

/* --- the participant ----------------------------------------------------------------------------
 */

/* One batch for this thread alone, when nobody has it any more. */
static enum ent_err enter(struct ent_qworker *w, struct batch **ret, uint32_t batch)
{
    enum ent_err r = ENT_E_STATE;
    (void)pthread_mutex_lock(&w->lock);
    if (w->joins >= ASKING && batch < w->batches) {
        struct batch *b = &w->batch[batch];
        while (b->busy && !w->over)
            (void)pthread_cond_wait(&w->left, &w->lock);
        if (!w->over) {
            b->busy = true;
            *ret = b;
            r = ENT_OK;
        }
    } else if (w->joins >= ASKING && !w->over) {
        r = ENT_E_NOTFOUND;
    }
    (void)pthread_mutex_unlock(&w->lock);
    return r;
}

static void leave(struct ent_qworker *w, struct batch *b)
{
    (void)pthread_mutex_lock(&w->lock);
    b->busy = false;
    (void)pthread_cond_broadcast(&w->left);
    (void)pthread_mutex_unlock(&w->lock);
}

/* The question of a batch that waits for answers. */
static enum ent_err repeat(const struct ent_qworker *w, struct ent_buf *ret,
                           const struct ent_quorum_batch *b)
{
    uint8_t head[ENT_QUORUM_HEADER];
    ent_quorum_head_put(head, &w->begin.sid, w->begin.index, b->batch);
    enum ent_err r = ent_buf_put(ret, head, sizeof(head));
    return r == ENT_OK ? ent_buf_put(ret, b->blinded, b->n * sizeof(b->blinded[0])) : r;
}

static enum ent_err ask(struct ent_qworker *w, struct ent_buf *ret, uint32_t number)
{
    struct batch *at = NULL;
    enum ent_err r = enter(w, &at, number);
    if (r != ENT_OK)
        return r;
    if (at->b != NULL) {
        r = repeat(w, ret, at->b);
    } else {
        struct ent_quorum_batch *b = ent_secret_alloc(sizeof(*b));
        r = b == NULL ? ENT_E_NOMEM : ent_quorum_participant_ask(w->participant, b, ret, number);
        if (r == ENT_OK && !at->done)
            at->b = b; /* of one that is done nobody needs the blinds again */
        else
            ent_secret_free(b);
    }
    leave(w, at);
    return r;
}

static enum ent_err judge(struct ent_buf *ret, enum ent_err r, enum ent_quorum_fault fault)
{
    if (r != ENT_OK && fault == ENT_QUORUM_NO_FAULT)
        return r;
    return ent_buf_putc(ret, (char)fault);
}

static enum ent_err answer(struct ent_qworker *w, struct ent_buf *ret,
                           const struct ent_qwork_request *q)
{
    enum ent_quorum_fault fault = ENT_QUORUM_NO_FAULT;
    struct batch *at = NULL;
    enum ent_err r = q->index <= w->offer.holders ? enter(w, &at, q->number) : ENT_E_STATE;
    if (r != ENT_OK)
        return r == ENT_E_NOTFOUND ? ENT_E_STATE : r;
    if (at->b != NULL)
        r = ent_quorum_participant_answer(w->participant, at->b, &fault, q->index, q->bytes);
    else
        r = at->done ? ENT_OK : ENT_E_STATE;
    if (r == ENT_OK && at->b != NULL && at->b->answered == (1u << w->offer.holders) - 1) {
        ent_secret_free(at->b);
        at->b = NULL;
        at->done = true;
    }
    leave(w, at);
    return judge(ret, r, fault);
}

/* From one phase to the next; ENT_E_STATE if it is in another. */
static enum ent_err step(struct ent_qworker *w, enum phase from, enum phase to)
{
    (void)pthread_mutex_lock(&w->lock);
    bool may = !w->over && w->joins == from;
    if (may)
        w->joins = to;
    (void)pthread_mutex_unlock(&w->lock);
    return may ? ENT_OK : ENT_E_STATE;
}

static enum ent_err tables(struct ent_qworker *w)
{
    if (step(w, BUILT, BUILT) == ENT_OK)
        return ENT_OK;
    enum ent_err r = ENT_OK;
    (void)pthread_mutex_lock(&w->lock);
    for (uint32_t i = 0; i < w->batches && r == ENT_OK; i++)
        r = w->batch[i].done ? ENT_OK : ENT_E_STATE;
    (void)pthread_mutex_unlock(&w->lock);
    if (r != ENT_OK || (r = step(w, ASKING, BUILDING)) != ENT_OK ||
        (r = ent_quorum_participant_tables(w->participant, &w->table)) != ENT_OK)
        return r;
    return step(w, BUILDING, BUILT);
}

static enum ent_err block(struct ent_qworker *w, struct ent_buf *ret, uint32_t number)
{
    (void)pthread_mutex_lock(&w->lock);
    bool may = !w->over && (w->joins == BUILT || w->joins == TAKING);
    (void)pthread_mutex_unlock(&w->lock);
    return may ? ent_quorum_block_encode(ret, w->table, &w->offer.shape, &w->begin.sid,
                                         w->begin.index, number)
               : ENT_E_STATE;
}

/* With the lock held. */
static enum ent_err piece(struct ent_qworker *w, struct ent_buf *ret, struct ent_slice bytes)
{
    struct ent_cur c = ent_cur(bytes);
    enum ent_quorum_fault fault = ENT_QUORUM_NO_FAULT;
    uint32_t number;
    enum ent_err r = w->joins == BUILT ? ENT_OK : ENT_E_STATE;
    if (r != ENT_OK)
        return r;
    r = ent_quorum_head_take(&c, &number, &fault, &w->begin.sid, w->begin.index);
    if (r == ENT_OK && !ent_quorum_answer_is_whole(&w->answer)) {
        r = ent_quorum_answer_take(&w->answer, bytes);
        if (r == ENT_E_FORMAT || r == ENT_E_LIMIT)
            fault = ENT_QUORUM_MALFORMED;
    } else if (r == ENT_OK) {
        r = ENT_E_STATE; /* there were enough */
    }
    if (r == ENT_E_STATE)
        return ent_buf_putc(ret, (char)ENT_QWORK_STRANGE);
    return judge(ret, r, fault);
}

/* --- the result ---------------------------------------------------------------------------------
 */

/* What was found, on its way to the desk. */
struct finds {
    const struct ent_qworker *w;
    struct ent_buf message;
    uint64_t n, waiting; /* in all; in the message */
    enum ent_err err;
};

static enum ent_err tell_desk(struct finds *f)
{
    enum ent_err r = ENT_OK;
    if (f->waiting > 0)
        r = ent_desk_found(&f->w->desk, ent_buf_slice(&f->message));
    f->waiting = 0;
    return r == ENT_OK ? ent_desk_found_begin(&f->message, &f->w->leaf) : r;
}

static enum ent_err find(void *ctx, const struct ent_quorum_found *found)
{
    struct finds *f = ctx;
    enum ent_err r = ent_desk_found_put(&f->message, found);
    if (r == ENT_E_LIMIT && (r = tell_desk(f)) == ENT_OK)
        r = ent_desk_found_put(&f->message, found);
    f->n++;
    f->waiting++;
    return f->err = r;
}

static enum ent_err take_all(struct ent_qworker *w, struct ent_qwork_taken *ret,
                             enum ent_quorum_fault *fault)
{
    struct finds f = {.w = w};
    size_t refused = 0;
    enum ent_err r;
    ent_buf_init(&f.message, ENT_DESK_FOUND_MAX);
    if ((r = ent_desk_found_begin(&f.message, &w->leaf)) == ENT_OK)
        r = ent_quorum_participant_take(w->participant, &ret->commitment, &refused, w->table,
                                        &w->answer, find, &f);
    if (r == ENT_E_FORMAT && f.err == ENT_OK)
        *fault = ENT_QUORUM_ANSWER;
    if (r == ENT_OK)
        r = tell_desk(&f);
    ret->found = f.n;
    ret->refused = refused;
    ent_buf_wipe(&f.message);
    return r;
}

/* A lie: what came is forgotten. */
static void forget_answer(struct ent_qworker *w)
{
    ent_quorum_answer_release(&w->answer);
    ent_quorum_answer_init(&w->answer, &w->offer.shape, &w->begin.sid, w->begin.index,
                           w->accept.items);
}

static enum ent_err take(struct ent_qworker *w, struct ent_buf *ret,
                         const struct ent_hash32 *commitment)
{
    struct ent_qwork_taken t = {.found = 0};
    enum ent_quorum_fault fault = ENT_QUORUM_NO_FAULT;
    uint8_t numbers[16];
    enum ent_err r = step(w, BUILT, TAKING);
    if (r != ENT_OK)
        return r;
    if ((r = ent_quorum_answer_check(&w->answer, commitment)) == ENT_E_AUTH)
        fault = ENT_QUORUM_ANSWER;
    if (r == ENT_OK)
        r = take_all(w, &t, &fault);
    if (fault != ENT_QUORUM_NO_FAULT)
        forget_answer(w);
    if ((r != ENT_OK && fault == ENT_QUORUM_NO_FAULT) || (r = step(w, TAKING, BUILT)) != ENT_OK)
        return r;
    if ((r = judge(ret, r, fault)) != ENT_OK || fault != ENT_QUORUM_NO_FAULT)
        return r;
    ent_put_u64le(numbers, t.found);
    ent_put_u64le(numbers + 8, t.refused);
    r = ent_buf_put(ret, t.commitment.b, sizeof(t.commitment.b));
    return r == ENT_OK ? ent_buf_put(ret, numbers, sizeof(numbers)) : r;
}

/* --- the key holder -----------------------------------------------------------------------------
 */

static bool is_holder(const struct ent_qworker *w)
{
    return w->started && w->holds == READY;
}

/* With the lock held. */
static enum ent_err admit(struct ent_qworker *w, struct ent_buf *ret,
                          const struct ent_qwork_request *q)
{
    struct ent_quorum_admitted a;
    enum ent_quorum_fault fault;
    uint8_t bytes[37];
    if (!is_holder(w))
        return ENT_E_STATE;
    enum ent_err r = ent_quorum_holder_admit(w->holder, &a, &fault, q->index, q->bytes);
    if (r == ENT_E_STATE)
        return ent_buf_putc(ret, (char)ENT_QWORK_STRANGE);
    if (r != ENT_OK || (r = judge(ret, r, fault)) != ENT_OK)
        return judge(ret, r, fault);
    ent_put_u32le(bytes, a.batch);
    memcpy(bytes + 4, a.hash.b, sizeof(a.hash.b));
    bytes[36] = a.fresh;
    return ent_buf_put(ret, bytes, sizeof(bytes));
}

/* What was admitted before, and nothing else: the ledger has kept it. */
static enum ent_err was_admitted(struct ent_qworker *w, enum ent_quorum_fault *fault,
                                 const struct ent_qwork_request *q, bool *ret_strange)
{
    struct ent_quorum_admitted a = {.fresh = false};
    enum ent_err r = ENT_E_STATE;
    (void)pthread_mutex_lock(&w->lock);
    if (!w->over && is_holder(w)) {
        r = ent_quorum_holder_admit(w->holder, &a, fault, q->index, q->bytes);
        *ret_strange = r == ENT_E_STATE;
    }
    (void)pthread_mutex_unlock(&w->lock);
    return r == ENT_OK && a.fresh ? ENT_E_STATE : r;
}

static enum ent_err evaluate(struct ent_qworker *w, struct ent_buf *ret,
                             const struct ent_qwork_request *q)
{
    enum ent_quorum_fault fault = ENT_QUORUM_NO_FAULT;
    bool strange = false;
    enum ent_err r = was_admitted(w, &fault, q, &strange);
    if (strange)
        return ent_buf_putc(ret, (char)ENT_QWORK_STRANGE);
    if (r != ENT_OK || (r = ent_buf_putc(ret, 0)) != ENT_OK)
        return judge(ret, r, fault);
    if ((r = ent_quorum_holder_evaluate(w->holder, ret, q->bytes)) != ENT_E_FORMAT)
        return r;
    (void)pthread_mutex_lock(&w->lock);
    ent_quorum_holder_leave_out(w->holder, q->index);
    (void)pthread_mutex_unlock(&w->lock);
    ent_buf_clear(ret);
    return judge(ret, r, ENT_QUORUM_MALFORMED);
}

/* With the lock held. */
static enum ent_err again(struct ent_qworker *w, const struct ent_qwork_request *q)
{
    const struct ent_quorum_admitted a = {.index = q->index, .batch = q->number, .hash = q->hash};
    return is_holder(w) ? ent_quorum_holder_again(w->holder, &a) : ENT_E_STATE;
}

/* --- the service --------------------------------------------------------------------------------
 */

static enum ent_err serve_short(struct ent_qworker *w, struct ent_buf *ret,
                                const struct ent_qwork_request *q)
{
    enum ent_err r = ENT_E_STATE;
    (void)pthread_mutex_lock(&w->lock);
    if (w->over)
        r = ENT_E_STATE;
    else if (q->type == ENT_QWORK_START)
        r = start(w, &q->begin);
    else if (q->type == ENT_QWORK_PIECE)
        r = piece(w, ret, q->bytes);
    else if (q->type == ENT_QWORK_AGAIN)
        r = again(w, q);
    else if (q->type == ENT_QWORK_ADMIT)
        r = admit(w, ret, q);
    (void)pthread_mutex_unlock(&w->lock);
    return r;
}

static enum ent_err serve(struct ent_qworker *w, struct ent_buf *ret,
                          const struct ent_qwork_request *q)
{
    switch (q->type) {
    case ENT_QWORK_JOIN:
        return join(w, ret, q);
    case ENT_QWORK_HOLD:
        return hold(w, ret, q);
    case ENT_QWORK_ASK:
        return ask(w, ret, q->number);
    case ENT_QWORK_ANSWER:
        return answer(w, ret, q);
    case ENT_QWORK_TABLES:
        return tables(w);
    case ENT_QWORK_BLOCK:
        return block(w, ret, q->number);
    case ENT_QWORK_TAKE:
        return take(w, ret, &q->hash);
    case ENT_QWORK_EVALUATE:
        return evaluate(w, ret, q);
    case ENT_QWORK_START:
    case ENT_QWORK_PIECE:
    case ENT_QWORK_AGAIN:
    case ENT_QWORK_ADMIT:
        break;
    }
    return serve_short(w, ret, q);
}

enum ent_err ent_qworker_serve(void *worker, struct ent_msg *ret, struct ent_msg *call)
{
    struct ent_qwork_request q;
    enum ent_err r = ent_qwork_request_parse(&q, call->type, ent_buf_slice(&call->bytes));
    if (r == ENT_OK)
        r = serve(worker, &ret->bytes, &q);
    if (r != ENT_OK)
        ent_buf_wipe(&ret->bytes);
    if (r != ENT_OK && r != ENT_E_NOTFOUND)
        ent_qworker_stop(worker);
    return r;
}
