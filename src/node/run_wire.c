/* run_wire.c: asking a runner: its messages as bytes, and what is believed of its answers. */
#include "node/node.h"

/* --- requests -----------------------------------------------------------------------------------
 */

static bool is_fine(const struct ent_run_request *q)
{
    switch (q->type) {
    case ENT_RUN_OPEN:
        return q->types != 0 && (q->types & ~ENT_OBS_ALL) == 0 && q->at > 0;
    case ENT_RUN_START:
        return q->asked > 0 && q->asked <= ENT_MATCH_ITEMS_MOST;
    case ENT_RUN_EVALUATE:
        return q->ask.n <= ENT_LOOKUP_ASK_MAX;
    case ENT_RUN_BUILD:
    case ENT_RUN_FILTER:
    case ENT_RUN_LABELS:
    case ENT_RUN_DIGEST:
        return true;
    }
    return false;
}

enum ent_err ent_run_request_encode(struct ent_buf *b, const struct ent_run_request *q)
{
    uint8_t head[40];
    if (!is_fine(q))
        return ENT_E_FORMAT;
    switch (q->type) {
    case ENT_RUN_OPEN:
        ent_put_u32le(head, q->types);
        ent_put_u64le(head + 4, (uint64_t)q->at);
        return ent_buf_put(b, head, 12);
    case ENT_RUN_START:
        memcpy(head, q->sid.b, 32);
        ent_put_u64le(head + 32, q->asked);
        return ent_buf_put(b, head, 40);
    case ENT_RUN_EVALUATE:
        return ent_buf_put_slice(b, q->ask);
    case ENT_RUN_FILTER:
    case ENT_RUN_LABELS:
        ent_put_u64le(head, q->block);
        return ent_buf_put(b, head, 8);
    case ENT_RUN_BUILD:
    case ENT_RUN_DIGEST:
        break;
    }
    return ENT_OK;
}

static enum ent_err take_fields(struct ent_cur *c, struct ent_run_request *q)
{
    uint64_t at = 0;
    enum ent_err r;
    switch (q->type) {
    case ENT_RUN_OPEN:
        if ((r = ent_cur_u32le(c, &q->types)) != ENT_OK || (r = ent_cur_u64le(c, &at)) != ENT_OK)
            return r;
        q->at = at <= INT64_MAX ? (int64_t)at : 0;
        return ENT_OK;
    case ENT_RUN_START:
        r = ent_cur_copy(c, q->sid.b, sizeof(q->sid.b));
        return r != ENT_OK ? r : ent_cur_u64le(c, &q->asked);
    case ENT_RUN_EVALUATE:
        return ent_cur_take(c, &q->ask, c->n);
    case ENT_RUN_FILTER:
    case ENT_RUN_LABELS:
        return ent_cur_u64le(c, &q->block);
    case ENT_RUN_BUILD:
    case ENT_RUN_DIGEST:
        break;
    }
    return ENT_OK;
}

enum ent_err ent_run_request_parse(struct ent_run_request *ret, uint16_t type,
                                   struct ent_slice bytes)
{
    struct ent_run_request q = {.types = 0};
    struct ent_cur c = ent_cur(bytes);
    if (type < ENT_RUN_OPEN || type > ENT_RUN_DIGEST)
        return ENT_E_FORMAT;
    q.type = (enum ent_run_type)type;
    if (take_fields(&c, &q) != ENT_OK || ent_cur_end(&c) != ENT_OK || !is_fine(&q))
        return ENT_E_FORMAT;
    *ret = q;
    return ENT_OK;
}

enum ent_err ent_run_opened_encode(struct ent_buf *b, const struct ent_run_opened *o)
{
    uint8_t unreleased[8];
    size_t before = b->n;
    ent_put_u64le(unreleased, o->unreleased);
    enum ent_err r = ent_buf_put(b, o->seed.b, sizeof(o->seed.b));
    if (r == ENT_OK)
        r = ent_buf_put(b, unreleased, sizeof(unreleased));
    if (r == ENT_OK)
        r = ent_match_accept_encode(b, &o->accept);
    if (r != ENT_OK)
        b->n = before;
    return r;
}

enum ent_err ent_run_opened_parse(struct ent_run_opened *ret, struct ent_slice bytes)
{
    struct ent_run_opened o;
    struct ent_cur c = ent_cur(bytes);
    bool bad = ent_cur_copy(&c, o.seed.b, sizeof(o.seed.b)) != ENT_OK ||
               ent_cur_u64le(&c, &o.unreleased) != ENT_OK ||
               ent_match_accept_parse(&o.accept, ent_slice(c.p, c.n)) != ENT_OK;
    if (!bad)
        *ret = o;
    ent_wipe(&o, sizeof(o));
    return bad ? ENT_E_FORMAT : ENT_OK;
}

/* --- calls --------------------------------------------------------------------------------------
 */

static enum ent_err ask(const struct ent_caller *c, struct ent_msg *ret,
                        const struct ent_run_request *q)
{
    struct ent_buf b;
    ent_buf_init(&b, ENT_LOOKUP_ASK_MAX);
    enum ent_err r = ent_run_request_encode(&b, q);
    if (r == ENT_OK)
        r = c->call(c->ctx, ret, (uint16_t)q->type, ent_buf_slice(&b));
    ent_buf_release(&b);
    return r;
}

/* An answer of at least min and at most max bytes, in pieces of so many. */
static enum ent_err ask_bytes(const struct ent_caller *c, struct ent_buf *ret,
                              const struct ent_run_request *q, size_t min, size_t max, size_t piece)
{
    struct ent_msg m = ENT_MSG_NOTHING;
    enum ent_err r = ask(c, &m, q);
    if (r == ENT_OK && (m.bytes.n < min || m.bytes.n > max || m.bytes.n % piece != 0))
        r = ENT_E_PEER;
    if (r == ENT_OK && ret != NULL)
        r = ent_buf_put_slice(ret, ent_buf_slice(&m.bytes));
    ent_msg_release(&m);
    return r;
}

enum ent_err ent_run_open(const struct ent_caller *c, struct ent_run_opened *ret, uint32_t types,
                          int64_t at)
{
    const struct ent_run_request q = {.type = ENT_RUN_OPEN, .types = types, .at = at};
    struct ent_msg m = ENT_MSG_NOTHING;
    enum ent_err r = ask(c, &m, &q);
    if (r == ENT_OK && ent_run_opened_parse(ret, ent_buf_slice(&m.bytes)) != ENT_OK)
        r = ENT_E_PEER;
    ent_buf_wipe(&m.bytes);
    ent_msg_release(&m);
    return r;
}

enum ent_err ent_run_start(const struct ent_caller *c, const struct ent_hash32 *sid, uint64_t asked)
{
    const struct ent_run_request q = {.type = ENT_RUN_START, .sid = *sid, .asked = asked};
    return ask_bytes(c, NULL, &q, 0, 0, 1);
}

enum ent_err ent_run_build(const struct ent_caller *c)
{
    const struct ent_run_request q = {.type = ENT_RUN_BUILD};
    return ask_bytes(c, NULL, &q, 0, 0, 1);
}

enum ent_err ent_run_evaluate(const struct ent_caller *c, struct ent_buf *b, struct ent_slice ask)
{
    const struct ent_run_request q = {.type = ENT_RUN_EVALUATE, .ask = ask};
    size_t n = ask.n < 4 ? 0 : (ask.n - 4) / 32 * 32 + ENT_OPRF_PROOF;
    return ask_bytes(c, b, &q, n, n, 1);
}

enum ent_err ent_run_filter(const struct ent_caller *c, struct ent_buf *b, uint64_t block)
{
    const struct ent_run_request q = {.type = ENT_RUN_FILTER, .block = block};
    return ask_bytes(c, b, &q, 1, ENT_FILTER_BLOCK_MAX, 1);
}

enum ent_err ent_run_labels(const struct ent_caller *c, struct ent_buf *b, uint64_t block)
{
    const struct ent_run_request q = {.type = ENT_RUN_LABELS, .block = block};
    return ask_bytes(c, b, &q, ENT_LABEL_BOX, ENT_RUN_LABELS_MAX, ENT_LABEL_BOX);
}

enum ent_err ent_run_digest(const struct ent_caller *c, struct ent_hash32 *ret)
{
    const struct ent_run_request q = {.type = ENT_RUN_DIGEST};
    struct ent_buf b;
    ent_buf_init(&b, sizeof(ret->b));
    enum ent_err r = ask_bytes(c, &b, &q, sizeof(ret->b), sizeof(ret->b), 1);
    if (r == ENT_OK)
        memcpy(ret->b, b.p, sizeof(ret->b));
    ent_buf_release(&b);
    return r;
}
