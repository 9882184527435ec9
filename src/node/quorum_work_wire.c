/* quorum_work_wire.c: asking a worker: its messages as bytes, and what is believed of its answers.
 */
#include "node/node.h"

/* --- requests -----------------------------------------------------------------------------------
 */

static bool is_fine(const struct ent_qwork_request *q)
{
    switch (q->type) {
    case ENT_QWORK_JOIN:
    case ENT_QWORK_HOLD:
        return ent_quorum_offer_check(&q->offer, NULL) == ENT_QUORUM_FINE;
    case ENT_QWORK_START:
        return q->begin.index <= ENT_QUORUM_MEMBERS;
    case ENT_QWORK_ANSWER:
        return q->index >= 1 && q->index <= ENT_QUORUM_HOLDERS &&
               q->bytes.n <= ENT_QUORUM_EVALUATE_MAX + 1;
    case ENT_QWORK_PIECE:
        return q->bytes.n <= ENT_QUORUM_PIECE_MAX + 1;
    case ENT_QWORK_ADMIT:
    case ENT_QWORK_EVALUATE:
        return q->index >= 1 && q->index <= ENT_QUORUM_MEMBERS &&
               q->bytes.n <= ENT_QUORUM_ASK_MAX + 1;
    case ENT_QWORK_AGAIN:
        return q->index >= 1 && q->index <= ENT_QUORUM_MEMBERS;
    case ENT_QWORK_ASK:
    case ENT_QWORK_TABLES:
    case ENT_QWORK_BLOCK:
    case ENT_QWORK_TAKE:
        return true;
    }
    return false;
}

static enum ent_err put_u32(struct ent_buf *b, uint32_t v)
{
    uint8_t bytes[4];
    ent_put_u32le(bytes, v);
    return ent_buf_put(b, bytes, sizeof(bytes));
}

static enum ent_err put_begin(struct ent_buf *b, const struct ent_qwork_begin *g)
{
    enum ent_err r = ent_buf_put(b, g->sid.b, sizeof(g->sid.b));
    if (r == ENT_OK)
        r = put_u32(b, g->index);
    for (size_t i = 0; i < ENT_QUORUM_MEMBERS && r == ENT_OK; i++)
        r = put_u32(b, g->items[i]);
    return r == ENT_OK ? ent_buf_put(b, g->key, sizeof(g->key)) : r;
}

static enum ent_err put_fields(struct ent_buf *b, const struct ent_qwork_request *q)
{
    enum ent_err r = ENT_OK;
    switch (q->type) {
    case ENT_QWORK_JOIN:
    case ENT_QWORK_HOLD:
        r = ent_buf_put(b, q->hash.b, sizeof(q->hash.b));
        return r == ENT_OK ? ent_quorum_offer_encode(b, &q->offer) : r;
    case ENT_QWORK_START:
        return put_begin(b, &q->begin);
    case ENT_QWORK_ASK:
    case ENT_QWORK_BLOCK:
        return put_u32(b, q->number);
    case ENT_QWORK_ANSWER:
        if ((r = put_u32(b, q->number)) == ENT_OK && (r = put_u32(b, q->index)) == ENT_OK)
            r = ent_buf_put_slice(b, q->bytes);
        return r;
    case ENT_QWORK_PIECE:
        return ent_buf_put_slice(b, q->bytes);
    case ENT_QWORK_TAKE:
        return ent_buf_put(b, q->hash.b, sizeof(q->hash.b));
    case ENT_QWORK_AGAIN:
        if ((r = put_u32(b, q->index)) == ENT_OK && (r = put_u32(b, q->number)) == ENT_OK)
            r = ent_buf_put(b, q->hash.b, sizeof(q->hash.b));
        return r;
    case ENT_QWORK_ADMIT:
    case ENT_QWORK_EVALUATE:
        r = put_u32(b, q->index);
        return r == ENT_OK ? ent_buf_put_slice(b, q->bytes) : r;
    case ENT_QWORK_TABLES:
        break;
    }
    return r;
}

enum ent_err ent_qwork_request_encode(struct ent_buf *b, const struct ent_qwork_request *q)
{
    const size_t before = b->n;
    enum ent_err r = is_fine(q) ? put_fields(b, q) : ENT_E_FORMAT;
    if (r != ENT_OK)
        b->n = before;
    return r;
}

/* A key that is none is zeros; who reads the offer knows how many there must be. */
static enum ent_err take_begin(struct ent_cur *c, struct ent_qwork_begin *g)
{
    static const struct ent_element none;
    enum ent_err r = ent_cur_copy(c, g->sid.b, sizeof(g->sid.b));
    if (r == ENT_OK)
        r = ent_cur_u32le(c, &g->index);
    for (size_t i = 0; i < ENT_QUORUM_MEMBERS && r == ENT_OK; i++)
        r = ent_cur_u32le(c, &g->items[i]);
    for (size_t i = 0; i < ENT_QUORUM_HOLDERS && r == ENT_OK; i++) {
        uint8_t bytes[32];
        if ((r = ent_cur_copy(c, bytes, sizeof(bytes))) == ENT_OK &&
            memcmp(bytes, none.b, sizeof(bytes)) != 0)
            r = ent_element_decode(&g->key[i], bytes);
    }
    return r;
}

static enum ent_err take_fields(struct ent_cur *c, struct ent_qwork_request *q)
{
    enum ent_err r = ENT_OK;
    switch (q->type) {
    case ENT_QWORK_JOIN:
    case ENT_QWORK_HOLD:
        if ((r = ent_cur_copy(c, q->hash.b, 32)) == ENT_OK &&
            (r = ent_cur_take(c, &q->bytes, c->n)) == ENT_OK)
            r = ent_quorum_offer_parse(&q->offer, q->bytes);
        return r;
    case ENT_QWORK_START:
        return take_begin(c, &q->begin);
    case ENT_QWORK_ASK:
    case ENT_QWORK_BLOCK:
        return ent_cur_u32le(c, &q->number);
    case ENT_QWORK_ANSWER:
        if ((r = ent_cur_u32le(c, &q->number)) != ENT_OK ||
            (r = ent_cur_u32le(c, &q->index)) != ENT_OK)
            return r;
        return ent_cur_take(c, &q->bytes, c->n);
    case ENT_QWORK_PIECE:
        return ent_cur_take(c, &q->bytes, c->n);
    case ENT_QWORK_TAKE:
        return ent_cur_copy(c, q->hash.b, 32);
    case ENT_QWORK_AGAIN:
        if ((r = ent_cur_u32le(c, &q->index)) != ENT_OK ||
            (r = ent_cur_u32le(c, &q->number)) != ENT_OK)
            return r;
        return ent_cur_copy(c, q->hash.b, 32);
    case ENT_QWORK_ADMIT:
    case ENT_QWORK_EVALUATE:
        r = ent_cur_u32le(c, &q->index);
        return r == ENT_OK ? ent_cur_take(c, &q->bytes, c->n) : r;
    case ENT_QWORK_TABLES:
        break;
    }
    return r;
}

enum ent_err ent_qwork_request_parse(struct ent_qwork_request *ret, uint16_t type,
                                     struct ent_slice bytes)
{
    struct ent_cur c = ent_cur(bytes);
    if (type < ENT_QWORK_JOIN || type > ENT_QWORK_EVALUATE)
        return ENT_E_FORMAT;
    *ret = (struct ent_qwork_request){.type = (enum ent_qwork_type)type};
    if (take_fields(&c, ret) != ENT_OK || ent_cur_end(&c) != ENT_OK || !is_fine(ret))
        return ENT_E_FORMAT;
    return ENT_OK;
}

enum ent_err ent_qwork_verdict(struct ent_cur *c, enum ent_quorum_fault *ret_fault)
{
    uint8_t v = 0;
    *ret_fault = ENT_QUORUM_NO_FAULT;
    if (ent_cur_u8(c, &v) != ENT_OK || (v != 0 && c->n > 0))
        return ENT_E_PEER;
    if (v == ENT_QWORK_STRANGE)
        return ENT_E_POLICY;
    if (v >= ENT_QUORUM_FAULTS)
        return ENT_E_PEER;
    static const enum ent_err error[ENT_QUORUM_FAULTS] = {
        [ENT_QUORUM_NO_FAULT] = ENT_OK,
        [ENT_QUORUM_SILENT] = ENT_E_PEER,
        [ENT_QUORUM_LATE] = ENT_E_PEER,
        [ENT_QUORUM_CONTRARY] = ENT_E_PEER, /* none is for a worker to see */
        [ENT_QUORUM_MALFORMED] = ENT_E_FORMAT,
        [ENT_QUORUM_EXCESS] = ENT_E_LIMIT,
        [ENT_QUORUM_REPEATED] = ENT_E_EXISTS,
        [ENT_QUORUM_FOREIGN] = ENT_E_AUTH,
        [ENT_QUORUM_PROOF] = ENT_E_AUTH,
        [ENT_QUORUM_ANSWER] = ENT_E_AUTH,
    };
    if (error[v] != ENT_E_PEER)
        *ret_fault = (enum ent_quorum_fault)v;
    return error[v];
}

/* --- calls --------------------------------------------------------------------------------------
 */

static enum ent_err ask(const struct ent_caller *c, struct ent_msg *ret,
                        const struct ent_qwork_request *q)
{
    struct ent_buf b;
    ent_buf_init(&b, ENT_QWORK_REQUEST_MAX);
    enum ent_err r = ent_qwork_request_encode(&b, q);
    if (r == ENT_OK)
        r = c->call(c->ctx, ret, (uint16_t)q->type, ent_buf_slice(&b));
    ent_buf_release(&b);
    return r;
}

static enum ent_err ask_nothing(const struct ent_caller *c, const struct ent_qwork_request *q)
{
    struct ent_msg m = ENT_MSG_NOTHING;
    enum ent_err r = ask(c, &m, q);
    if (r == ENT_OK && m.bytes.n != 0)
        r = ENT_E_PEER;
    ent_msg_release(&m);
    return r;
}

/* A message of this run, of a head and pieces of so many bytes. */
static enum ent_err ask_message(const struct ent_caller *c, struct ent_buf *ret,
                                const struct ent_qwork_request *q, size_t max, size_t piece)
{
    struct ent_msg m = ENT_MSG_NOTHING;
    enum ent_err r = ask(c, &m, q);
    if (r == ENT_OK && (m.bytes.n <= ENT_QUORUM_HEADER || m.bytes.n > max ||
                        (m.bytes.n - ENT_QUORUM_HEADER) % piece != 0))
        r = ENT_E_PEER;
    if (r == ENT_OK)
        r = ent_buf_put_slice(ret, ent_buf_slice(&m.bytes));
    ent_msg_release(&m);
    return r;
}

/* What may follow a verdict is what `take` takes: all of it. */
static enum ent_err ask_verdict(const struct ent_caller *c, const struct ent_qwork_request *q,
                                enum ent_quorum_fault *ret_fault,
                                enum ent_err (*take)(void *ctx, struct ent_cur *c), void *ctx)
{
    struct ent_msg m = ENT_MSG_NOTHING;
    *ret_fault = ENT_QUORUM_NO_FAULT;
    enum ent_err r = ask(c, &m, q);
    if (r == ENT_OK) {
        struct ent_cur cur = ent_cur(ent_buf_slice(&m.bytes));
        r = ent_qwork_verdict(&cur, ret_fault);
        if (r == ENT_OK && take != NULL)
            r = take(ctx, &cur);
        if (r == ENT_OK && ent_cur_end(&cur) != ENT_OK)
            r = ENT_E_PEER;
    }
    ent_msg_release(&m);
    return r;
}

/* Of what is too long so much goes that it still is: how to call that is for the worker to say. */
static struct ent_slice cut(struct ent_slice s, size_t max)
{
    return ent_slice(s.p, s.n <= max ? s.n : max + 1);
}

enum ent_err ent_qwork_join(const struct ent_caller *c, struct ent_quorum_accept *ret,
                            const struct ent_hash32 *offer_leaf, const struct ent_quorum_offer *o)
{
    const struct ent_qwork_request q = {.type = ENT_QWORK_JOIN, .hash = *offer_leaf, .offer = *o};
    struct ent_quorum_accept a = {.offer = *offer_leaf};
    struct ent_msg m = ENT_MSG_NOTHING;
    enum ent_err r = ask(c, &m, &q);
    if (r != ENT_OK)
        return r;
    struct ent_cur cur = ent_cur(ent_buf_slice(&m.bytes));
    if (ent_cur_u32le(&cur, &a.items) != ENT_OK || ent_cur_copy(&cur, a.root.b, 32) != ENT_OK ||
        ent_cur_end(&cur) != ENT_OK || ent_quorum_accept_check(&a, o) != ENT_OK)
        r = ENT_E_PEER;
    else
        *ret = a;
    ent_msg_release(&m);
    return r;
}

enum ent_err ent_qwork_hold(const struct ent_caller *c, struct ent_element *ret_key,
                            const struct ent_hash32 *offer_leaf, const struct ent_quorum_offer *o)
{
    const struct ent_qwork_request q = {.type = ENT_QWORK_HOLD, .hash = *offer_leaf, .offer = *o};
    struct ent_msg m = ENT_MSG_NOTHING;
    enum ent_err r = ask(c, &m, &q);
    if (r == ENT_OK && (m.bytes.n != 32 || ent_element_decode(ret_key, m.bytes.p) != ENT_OK))
        r = ENT_E_PEER;
    ent_msg_release(&m);
    return r;
}

enum ent_err ent_qwork_start(const struct ent_caller *c, const struct ent_qwork_begin *b)
{
    const struct ent_qwork_request q = {.type = ENT_QWORK_START, .begin = *b};
    return ask_nothing(c, &q);
}

enum ent_err ent_qwork_ask(const struct ent_caller *c, struct ent_buf *b, uint32_t batch)
{
    const struct ent_qwork_request q = {.type = ENT_QWORK_ASK, .number = batch};
    return ask_message(c, b, &q, ENT_QUORUM_ASK_MAX, 32);
}

enum ent_err ent_qwork_answer(const struct ent_caller *c, uint32_t batch, uint32_t holder,
                              struct ent_slice bytes, enum ent_quorum_fault *ret_fault)
{
    const struct ent_qwork_request q = {.type = ENT_QWORK_ANSWER,
                                        .number = batch,
                                        .index = holder,
                                        .bytes = cut(bytes, ENT_QUORUM_EVALUATE_MAX)};
    return ask_verdict(c, &q, ret_fault, NULL, NULL);
}

enum ent_err ent_qwork_tables(const struct ent_caller *c)
{
    const struct ent_qwork_request q = {.type = ENT_QWORK_TABLES};
    return ask_nothing(c, &q);
}

enum ent_err ent_qwork_block(const struct ent_caller *c, struct ent_buf *b, uint32_t block)
{
    const struct ent_qwork_request q = {.type = ENT_QWORK_BLOCK, .number = block};
    return ask_message(c, b, &q, ENT_QUORUM_BLOCK_MAX, ENT_QUORUM_SHARE);
}

enum ent_err ent_qwork_piece(const struct ent_caller *c, struct ent_slice bytes,
                             enum ent_quorum_fault *ret_fault)
{
    const struct ent_qwork_request q = {.type = ENT_QWORK_PIECE,
                                        .bytes = cut(bytes, ENT_QUORUM_PIECE_MAX)};
    return ask_verdict(c, &q, ret_fault, NULL, NULL);
}

static enum ent_err take_taken(void *ctx, struct ent_cur *c)
{
    struct ent_qwork_taken t, *ret = ctx;
    if (ent_cur_copy(c, t.commitment.b, 32) != ENT_OK || ent_cur_u64le(c, &t.found) != ENT_OK ||
        ent_cur_u64le(c, &t.refused) != ENT_OK)
        return ENT_E_PEER;
    *ret = t;
    return ENT_OK;
}

enum ent_err ent_qwork_take(const struct ent_caller *c, struct ent_qwork_taken *ret,
                            const struct ent_hash32 *answer, enum ent_quorum_fault *ret_fault)
{
    const struct ent_qwork_request q = {.type = ENT_QWORK_TAKE, .hash = *answer};
    return ask_verdict(c, &q, ret_fault, take_taken, ret);
}

enum ent_err ent_qwork_again(const struct ent_caller *c, const struct ent_quorum_admitted *a)
{
    const struct ent_qwork_request q = {
        .type = ENT_QWORK_AGAIN, .index = a->index, .number = a->batch, .hash = a->hash};
    return ask_nothing(c, &q);
}

static enum ent_err take_admitted(void *ctx, struct ent_cur *c)
{
    struct ent_quorum_admitted *ret = ctx;
    uint8_t fresh = 0;
    if (ent_cur_u32le(c, &ret->batch) != ENT_OK || ent_cur_copy(c, ret->hash.b, 32) != ENT_OK ||
        ent_cur_u8(c, &fresh) != ENT_OK || fresh > 1)
        return ENT_E_PEER;
    ret->fresh = fresh == 1;
    return ENT_OK;
}

enum ent_err ent_qwork_admit(const struct ent_caller *c, struct ent_quorum_admitted *ret,
                             enum ent_quorum_fault *ret_fault, uint32_t index, struct ent_slice ask)
{
    const struct ent_qwork_request q = {
        .type = ENT_QWORK_ADMIT, .index = index, .bytes = cut(ask, ENT_QUORUM_ASK_MAX)};
    struct ent_quorum_admitted a = {.index = index};
    enum ent_err r = ask_verdict(c, &q, ret_fault, take_admitted, &a);
    if (r == ENT_OK)
        *ret = a;
    return r;
}

struct evaluated {
    struct ent_buf *b;
    size_t n; /* bytes that there must be */
};

static enum ent_err take_evaluated(void *ctx, struct ent_cur *c)
{
    const struct evaluated *e = ctx;
    struct ent_slice bytes;
    enum ent_err r = ent_cur_take(c, &bytes, e->n);
    return r == ENT_OK ? ent_buf_put_slice(e->b, bytes) : ENT_E_PEER;
}

enum ent_err ent_qwork_evaluate(const struct ent_caller *c, struct ent_buf *answer,
                                enum ent_quorum_fault *ret_fault, uint32_t index,
                                struct ent_slice ask)
{
    const struct ent_qwork_request q = {
        .type = ENT_QWORK_EVALUATE, .index = index, .bytes = cut(ask, ENT_QUORUM_ASK_MAX)};
    struct evaluated e = {answer, 0};
    if (ask.n > ENT_QUORUM_HEADER)
        e.n = (ask.n - ENT_QUORUM_HEADER) / 32 * 32 + ENT_OPRF_PROOF;
    const size_t before = answer->n;
    enum ent_err r = ask_verdict(c, &q, ret_fault, take_evaluated, &e);
    if (r != ENT_OK)
        answer->n = before;
    return r;
}
