/*
 * seeker.c: one run, as the asker. Its lock is held for what is short, and for what goes in order;
 * questions and answers are computed without it, several at the same time.
 */
#include "node/node.h"

#include <pthread.h>

#define LEDGER ENT_MSG_BIT(ENT_PROCESS_LEDGER)
#define MATCH  ENT_MSG_BIT(ENT_PROCESS_MATCH)
#define BOTH(type, call_min, call_max, answer_min, answer_max)                                     \
    {(type), ENT_MSG_CALL, LEDGER, ENT_MSG_ANY, (call_min), (call_max), ENT_MSG_FD_NONE},          \
    {                                                                                              \
        (type), ENT_MSG_ANSWER, MATCH, ENT_MSG_ANY, (answer_min), (answer_max), ENT_MSG_FD_NONE    \
    }

/* table */
const struct ent_msg_row ent_seeker_rows[ENT_SEEKER_ROWS] = {
    BOTH(ENT_SEEK_ADD, 3, ENT_SEEK_ADD_MAX, 0, 0),
    BOTH(ENT_SEEK_OFFER, 1, 1, 104, 104),
    BOTH(ENT_SEEK_START, 33, 32 + ENT_SEEK_ACCEPT_MAX, 0, 0),
    BOTH(ENT_SEEK_QUESTION, 8, 8, 36, ENT_LOOKUP_ASK_MAX),
    BOTH(ENT_SEEK_ANSWER, 8, 8 + ENT_LOOKUP_ANSWER_MAX, 0, 0),
    BOTH(ENT_SEEK_MATCH, 0, 0, 0, 0),
    BOTH(ENT_SEEK_FILTER, 0, ENT_FILTER_BLOCK_MAX, 0, 0),
    BOTH(ENT_SEEK_LABELS, 0, ENT_RUN_LABELS_MAX, 0, 0),
    BOTH(ENT_SEEK_HITS, 8, 8, 16, ENT_SEEK_ANSWER_MAX),
    BOTH(ENT_SEEK_SAID, 0, 0, 0, ENT_SEEK_SAID_MAX),
};

enum phase { LOADING, STARTED, MATCHING, OVER };
enum asked { NOT_YET, WAITS, ANSWERED };

struct ent_seeker {
    struct ent_lookup_asker *asker;
    bool own;             /* the asker is ours */
    pthread_mutex_t lock; /* for the rest, and for what goes in order */
    enum phase phase;
    bool padded;
    uint8_t *batch; /* enum asked of each */
    uint64_t batches, answered;
    struct ent_lookup_batch *open[ENT_SEEK_OPEN]; /* questions that wait for their answer */
    struct ent_buf hits;
    uint64_t n_hits;
};

enum ent_err ent_seeker_new(struct ent_seeker **ret, struct ent_lookup_asker *asker)
{
    struct ent_seeker *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return ENT_E_NOMEM;
    s->asker = asker;
    s->own = asker == NULL;
    (void)pthread_mutex_init(&s->lock, NULL);
    ent_buf_init(&s->hits, ENT_LOOKUP_BYTES_MOST);
    if (s->own && ent_lookup_asker_new(&s->asker) != ENT_OK) {
        ent_seeker_free(s);
        return ENT_E_NOMEM;
    }
    *ret = s;
    return ENT_OK;
}

void ent_seeker_free(struct ent_seeker *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < ENT_SEEK_OPEN; i++)
        ent_secret_free(s->open[i]);
    if (s->own)
        ent_lookup_asker_free(s->asker);
    ent_buf_wipe(&s->hits);
    free(s->batch);
    (void)pthread_mutex_destroy(&s->lock);
    free(s);
}

/* --- before the partner has answered ------------------------------------------------------------
 */

static enum ent_err add(struct ent_seeker *s, struct ent_slice message)
{
    struct ent_cur c = ent_cur(message);
    enum ent_err r = s->phase == LOADING && c.n > 0 ? ENT_OK : ENT_E_STATE;
    while (r == ENT_OK && c.n > 0) {
        struct ent_slice key;
        if ((r = ent_seek_take(&key, &c)) == ENT_OK)
            r = ent_lookup_asker_add(s->asker, key);
    }
    return r;
}

static enum ent_err offer(struct ent_seeker *s, struct ent_buf *ret, struct ent_slice call)
{
    struct ent_match_offer o = {.items = 0};
    uint8_t items[8];
    enum ent_err r = s->phase == LOADING ? ENT_OK : ENT_E_STATE;
    if (r == ENT_OK && (call.n != 1 || call.p[0] > 1))
        r = ENT_E_FORMAT;
    if (r == ENT_OK && ent_lookup_asker_items(s->asker) == 0)
        r = ENT_E_STATE;
    if (r == ENT_OK && call.p[0] == 1 && !s->padded) {
        r = ent_lookup_asker_pad(s->asker);
        s->padded = true;
    }
    if (r != ENT_OK)
        return r;
    ent_lookup_asker_offer(s->asker, &o);
    ent_put_u64le(items, o.items);
    if ((r = ent_buf_put(ret, items, sizeof(items))) == ENT_OK &&
        (r = ent_buf_put(ret, o.nonce.b, 32)) == ENT_OK &&
        (r = ent_buf_put(ret, o.root.b, 32)) == ENT_OK)
        r = ent_buf_put(ret, ent_lookup_asker_seed(s->asker)->b, 32);
    return r;
}

static enum ent_err start(struct ent_seeker *s, struct ent_slice call)
{
    struct ent_cur c = ent_cur(call);
    struct ent_match_accept accept;
    struct ent_hash32 sid;
    enum ent_err r = s->phase == LOADING ? ent_cur_copy(&c, sid.b, 32) : ENT_E_STATE;
    if (r != ENT_OK || (r = ent_match_accept_parse(&accept, ent_slice(c.p, c.n))) != ENT_OK ||
        (r = ent_lookup_asker_start(s->asker, &sid, &accept)) != ENT_OK)
        return r;
    s->batches = ent_lookup_batches(ent_lookup_asker_items(s->asker));
    if ((s->batch = calloc((size_t)s->batches, 1)) == NULL)
        return ENT_E_NOMEM;
    s->phase = STARTED;
    return ENT_OK;
}

/* --- questions ----------------------------------------------------------------------------------
 */

static enum ent_err take_u64(uint64_t *ret, struct ent_slice *rest, struct ent_slice call)
{
    struct ent_cur c = ent_cur(call);
    enum ent_err r = ent_cur_u64le(&c, ret);
    *rest = ent_slice(c.p, c.n);
    return r;
}

static enum ent_err question(struct ent_seeker *s, struct ent_buf *ret, struct ent_slice call)
{
    struct ent_slice rest;
    uint64_t batch = 0;
    size_t at = 0;
    enum ent_err r = take_u64(&batch, &rest, call);
    if (r != ENT_OK || rest.n != 0)
        return ENT_E_FORMAT;
    struct ent_lookup_batch *b = ent_secret_alloc(sizeof(*b));
    if (b == NULL)
        return ENT_E_NOMEM;
    (void)pthread_mutex_lock(&s->lock);
    if (s->phase != STARTED || batch >= s->batches || s->batch[batch] != NOT_YET)
        r = ENT_E_STATE;
    else
        s->batch[batch] = WAITS;
    (void)pthread_mutex_unlock(&s->lock);
    if (r == ENT_OK)
        r = ent_lookup_asker_ask(s->asker, b, ret, batch);
    (void)pthread_mutex_lock(&s->lock);
    while (at < ENT_SEEK_OPEN && s->open[at] != NULL)
        at++;
    if (r == ENT_OK && at == ENT_SEEK_OPEN)
        r = ENT_E_LIMIT;
    if (r == ENT_OK)
        s->open[at] = b;
    (void)pthread_mutex_unlock(&s->lock);
    if (r != ENT_OK)
        ent_secret_free(b);
    return r;
}

/* Whoever takes it has it alone. */
static struct ent_lookup_batch *take_open(struct ent_seeker *s, uint64_t batch)
{
    struct ent_lookup_batch *b = NULL;
    (void)pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < ENT_SEEK_OPEN && s->phase == STARTED && b == NULL; i++)
        if (s->open[i] != NULL && s->open[i]->batch == batch) {
            b = s->open[i];
            s->open[i] = NULL;
        }
    (void)pthread_mutex_unlock(&s->lock);
    return b;
}

static enum ent_err answer(struct ent_seeker *s, struct ent_slice call)
{
    struct ent_slice bytes;
    uint64_t batch = 0;
    enum ent_err r = take_u64(&batch, &bytes, call);
    if (r != ENT_OK)
        return r;
    struct ent_lookup_batch *b = take_open(s, batch);
    if (b == NULL)
        return ENT_E_STATE;
    r = ent_lookup_asker_answer(s->asker, b, bytes);
    ent_secret_free(b);
    (void)pthread_mutex_lock(&s->lock);
    if (r == ENT_OK) {
        s->batch[batch] = ANSWERED;
        s->answered++;
    }
    (void)pthread_mutex_unlock(&s->lock);
    return r;
}

/* --- the result ---------------------------------------------------------------------------------
 */

static enum ent_err match(struct ent_seeker *s, struct ent_slice call)
{
    if (call.n != 0)
        return ENT_E_FORMAT;
    if (s->phase != STARTED || s->answered != s->batches)
        return ENT_E_STATE;
    s->phase = MATCHING;
    return ent_lookup_asker_match(s->asker);
}

static enum ent_err note_hit(void *ctx, const struct ent_lookup_hit *h)
{
    struct ent_buf *text = ctx;
    enum ent_err r = ent_buf_put_slice(text, h->item);
    return r == ENT_OK ? ent_buf_putc(text, '\n') : r;
}

static enum ent_err hits(struct ent_seeker *s, struct ent_buf *ret, struct ent_slice call)
{
    struct ent_slice rest;
    uint64_t at = 0;
    uint8_t head[16];
    enum ent_err r = take_u64(&at, &rest, call);
    if (r != ENT_OK || rest.n != 0)
        return ENT_E_FORMAT;
    if (at == 0) {
        ent_buf_clear(&s->hits);
        if ((r = ent_lookup_asker_hits(s->asker, note_hit, &s->hits, &s->n_hits)) != ENT_OK)
            return r;
    }
    if (at > s->hits.n)
        return ENT_E_STATE;
    size_t n = s->hits.n - (size_t)at;
    ent_put_u64le(head, s->n_hits);
    ent_put_u64le(head + 8, s->hits.n);
    if ((r = ent_buf_put(ret, head, sizeof(head))) == ENT_OK && n > 0)
        r = ent_buf_put(ret, s->hits.p + at, n < ENT_SEEK_HITS_MAX ? n : ENT_SEEK_HITS_MAX);
    return r;
}

struct saying {
    struct ent_buf *b;
    unsigned n;
};

static enum ent_err note_said(void *ctx, const struct ent_lookup_hit *h)
{
    struct saying *s = ctx;
    if (s->n++ >= ENT_SEEK_SAID_MOST)
        return ENT_OK;
    enum ent_err r = ent_buf_putc(s->b, h->label != NULL);
    if (r != ENT_OK)
        return r;
    return h->label != NULL ? ent_desk_item_encode(s->b, h->item, h->label)
                            : ent_seek_put(s->b, h->item);
}

static enum ent_err said(struct ent_seeker *s, struct ent_buf *ret, struct ent_slice call)
{
    struct saying all = {.b = ret};
    uint64_t ignored;
    return call.n != 0 ? ENT_E_FORMAT : ent_lookup_asker_hits(s->asker, note_said, &all, &ignored);
}

/* --- the service --------------------------------------------------------------------------------
 */

/* What goes in order. With the lock held. */
static enum ent_err serve_in_turn(struct ent_seeker *s, struct ent_buf *ret, uint16_t type,
                                  struct ent_slice call)
{
    switch (type) {
    case ENT_SEEK_ADD:
        return add(s, call);
    case ENT_SEEK_OFFER:
        return offer(s, ret, call);
    case ENT_SEEK_START:
        return start(s, call);
    case ENT_SEEK_MATCH:
        return match(s, call);
    case ENT_SEEK_FILTER:
        return s->phase == MATCHING ? ent_lookup_asker_filter(s->asker, call) : ENT_E_STATE;
    case ENT_SEEK_LABELS:
        return s->phase == MATCHING ? ent_lookup_asker_labels(s->asker, call) : ENT_E_STATE;
    case ENT_SEEK_HITS:
        return s->phase == MATCHING ? hits(s, ret, call) : ENT_E_STATE;
    case ENT_SEEK_SAID:
        return s->phase == MATCHING ? said(s, ret, call) : ENT_E_STATE;
    default:
        return ENT_E_FORMAT;
    }
}

enum ent_err ent_seeker_serve(void *seeker, struct ent_msg *ret, struct ent_msg *call)
{
    struct ent_seeker *s = seeker;
    const struct ent_slice bytes = ent_buf_slice(&call->bytes);
    enum ent_err r;
    if (call->type == ENT_SEEK_QUESTION) {
        r = question(s, &ret->bytes, bytes);
    } else if (call->type == ENT_SEEK_ANSWER) {
        r = answer(s, bytes);
    } else {
        (void)pthread_mutex_lock(&s->lock);
        r = serve_in_turn(s, &ret->bytes, call->type, bytes);
        (void)pthread_mutex_unlock(&s->lock);
    }
    if (r != ENT_OK) {
        ent_buf_wipe(&ret->bytes);
        (void)pthread_mutex_lock(&s->lock);
        s->phase = OVER;
        (void)pthread_mutex_unlock(&s->lock);
    }
    return r;
}
