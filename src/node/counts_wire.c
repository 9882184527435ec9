/* counts_wire.c: snapshots between processes. */
#include "node/counts.h"

#define ASKED (ENT_MSG_ANY & ~ENT_MSG_BIT(ENT_PROCESS_API)) /* who answers */

const struct ent_msg_row ent_counts_rows[ENT_COUNTS_ROWS] = {
    {ENT_MSG_COUNTS, ENT_MSG_CALL,
     ENT_MSG_BIT(ENT_PROCESS_API) | ENT_MSG_BIT(ENT_PROCESS_PARENT) |
         ENT_MSG_BIT(ENT_PROCESS_LEDGER),
     ENT_MSG_ANY, 0, 0, ENT_MSG_FD_NONE},
    {ENT_MSG_COUNTS, ENT_MSG_ANSWER, ASKED, ENT_MSG_ANY, 33, ENT_COUNTS_MAX, ENT_MSG_FD_NONE},
};

static bool has(enum ent_process p, unsigned what)
{
    return (ent_metrics[what].roles & ENT_MSG_BIT(p)) != 0;
}

/* Of a metric for each member, as many as there are. */
static size_t cells(const struct ent_counted *s, unsigned what)
{
    return ent_metrics[what].per_member ? s->members : ent_metric_cells((enum ent_count)what);
}

static enum ent_err put_u64(struct ent_buf *b, uint64_t v)
{
    uint8_t bytes[8];
    ent_put_u64le(bytes, v);
    return ent_buf_put(b, bytes, sizeof(bytes));
}

enum ent_err ent_counted_encode(struct ent_buf *b, const struct ent_counted *s)
{
    const uint64_t facts[] = {s->start, s->cpu_ns, s->resident, s->files};
    enum ent_err r = ENT_OK;
    for (size_t i = 0; i < 4 && r == ENT_OK; i++)
        r = put_u64(b, facts[i]);
    if (r == ENT_OK)
        r = ent_buf_putc(b, (char)s->members);
    for (size_t i = 0; i < s->members && r == ENT_OK; i++) {
        const struct ent_slice name = ent_slice_str(s->member[i]);
        if ((r = ent_buf_putc(b, (char)name.n)) == ENT_OK)
            r = ent_buf_put_slice(b, name);
    }
    for (unsigned f = 0; f < ENT_COUNTS && r == ENT_OK; f++) {
        const uint64_t *at = &s->cell[ent_metric_at((enum ent_count)f)];
        for (size_t i = 0; has(s->from, f) && i < cells(s, f) && r == ENT_OK; i++)
            r = put_u64(b, at[i]);
    }
    return r;
}

static enum ent_err get_members(struct ent_cur *c, struct ent_counted *s)
{
    uint8_t n, length;
    struct ent_slice name;
    if (ent_cur_u8(c, &n) != ENT_OK || n > ENT_ROSTER_MEMBERS)
        return ENT_E_FORMAT;
    for (; s->members < n; s->members++) {
        if (ent_cur_u8(c, &length) != ENT_OK || ent_cur_take(c, &name, length) != ENT_OK ||
            !ent_name_is_valid(name))
            return ENT_E_FORMAT;
        for (size_t i = 0; i < s->members; i++) /* Prometheus refuses a page with one twice */
            if (ent_slice_eq(name, ent_slice_str(s->member[i])))
                return ENT_E_FORMAT;
        memcpy(s->member[s->members], name.p, name.n);
    }
    return ENT_OK;
}

enum ent_err ent_counted_parse(struct ent_counted *ret, struct ent_slice bytes,
                               enum ent_process from)
{
    struct ent_cur c = ent_cur(bytes);
    memset(ret, 0, sizeof(*ret));
    ret->from = from;
    uint64_t *const facts[] = {&ret->start, &ret->cpu_ns, &ret->resident, &ret->files};
    for (size_t i = 0; i < 4; i++)
        if (ent_cur_u64le(&c, facts[i]) != ENT_OK)
            return ENT_E_FORMAT;
    if (bytes.n > ENT_COUNTS_MAX || get_members(&c, ret) != ENT_OK)
        return ENT_E_FORMAT;
    for (unsigned f = 0; f < ENT_COUNTS; f++) {
        uint64_t *at = &ret->cell[ent_metric_at((enum ent_count)f)];
        for (size_t i = 0; has(from, f) && i < cells(ret, f); i++)
            if (ent_cur_u64le(&c, &at[i]) != ENT_OK)
                return ENT_E_FORMAT;
    }
    return ent_cur_end(&c);
}

enum ent_err ent_counts_serve(void *counts, struct ent_msg *ret, struct ent_msg *call)
{
    struct ent_counted *s = NULL;
    if (call->type != ENT_MSG_COUNTS || call->bytes.n != 0)
        return ENT_E_FORMAT;
    if ((s = malloc(sizeof(*s))) == NULL)
        return ENT_E_NOMEM;
    ent_counts_take(counts, s);
    enum ent_err r = ent_counted_encode(&ret->bytes, s);
    free(s);
    return r;
}

enum ent_err ent_counts_ask(struct ent_caller who, struct ent_counted *ret, enum ent_process from)
{
    struct ent_msg m;
    enum ent_err r = who.call(who.ctx, &m, ENT_MSG_COUNTS, ent_slice(NULL, 0));
    if (r != ENT_OK)
        return r;
    r = ent_counted_parse(ret, ent_buf_slice(&m.bytes), from);
    ent_msg_release(&m);
    return r;
}
