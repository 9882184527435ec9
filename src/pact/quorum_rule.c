/* quorum_rule.c: the lines of a pact about quorums, and their sense. */
#include "pact/parts.h"

static const char *const paddings[ENT_QUORUM_PADDINGS] = {
    [ENT_QUORUM_PAD_NONE] = "none",
    [ENT_QUORUM_PAD_DOUBLE] = "double",
    [ENT_QUORUM_PAD_FULL] = "full",
};

const char *ent_quorum_padding_word(enum ent_quorum_padding p)
{
    return paddings[p];
}

void ent_quorum_padding_take(struct ent_lines *l, enum ent_quorum_padding *ret)
{
    struct ent_slice word = ent_lines_word(l);
    for (int i = 0; l->err == ENT_OK && i < ENT_QUORUM_PADDINGS; i++) {
        if (ent_slice_eq(word, ent_slice_str(paddings[i]))) {
            *ret = (enum ent_quorum_padding)i;
            return;
        }
    }
    ent_lines_fail(l, ENT_E_FORMAT);
}

/* --- sense --------------------------------------------------------------------------------------
 */

bool ent_quorum_rule_holds(const struct ent_quorum_rule *q, const char *member)
{
    for (uint32_t i = 0; i < q->holders; i++)
        if (strcmp(q->holder[i], member) == 0)
            return true;
    return false;
}

bool ent_quorum_rule_eq(const struct ent_quorum_rule *a, const struct ent_quorum_rule *b)
{
    const struct ent_quorum_deadlines *x = &a->deadlines, *y = &b->deadlines;
    bool same = a->each == b->each && a->window == b->window && a->types == b->types &&
                a->least == b->least && a->items == b->items && a->padding == b->padding &&
                a->tables == b->tables && a->holders == b->holders &&
                strcmp(a->collector, b->collector) == 0 && x->accept == y->accept &&
                x->keys == y->keys && x->upload == y->upload && x->result == y->result;
    for (uint32_t i = 0; same && i < a->holders; i++)
        same = strcmp(a->holder[i], b->holder[i]) == 0;
    return same;
}

static enum ent_err bad(struct ent_diag *d, const char *text)
{
    return ent_fail(d, ENT_E_POLICY, text, 0, 0);
}

static enum ent_err check_roles(const struct ent_quorum_rule *q, struct ent_diag *d)
{
    if (q->holders < ENT_QUORUM_HOLDERS_LEAST || q->holders > ENT_QUORUM_HOLDERS)
        return bad(d, "a quorum has 2 to 8 key holders");
    for (uint32_t i = 0; i < q->holders; i++) {
        if (!ent_name_is_valid(ent_slice_str(q->holder[i])))
            return bad(d, "a key holder's name is that of no member");
        if (i > 0 && strcmp(q->holder[i - 1], q->holder[i]) >= 0)
            return bad(d, "the key holders of quorums are not in the order of their names");
    }
    if (!ent_name_is_valid(ent_slice_str(q->collector)))
        return bad(d, "the collector's name is that of no member");
    if (ent_quorum_rule_holds(q, q->collector))
        return bad(d, "the collector of quorums may not be a key holder");
    return ENT_OK;
}

enum ent_err ent_quorum_rule_check(const struct ent_quorum_rule *q, struct ent_diag *d)
{
    /* What a window of observations can have. */
    const uint32_t types =
        ENT_OBS_ALL & ~(ENT_OBS_BIT(ENT_OBS_NET4) | ENT_OBS_BIT(ENT_OBS_NET6) |
                        ENT_OBS_BIT(ENT_OBS_ENDPOINT) | ENT_OBS_BIT(ENT_OBS_URLPREFIX));
    const struct ent_quorum_deadlines *x = &q->deadlines;
    if (q->window < ENT_QUORUM_WINDOW_LEAST || q->window > ENT_QUORUM_WINDOW_MOST)
        return bad(d, "a window of quorums is 60 seconds to a day");
    if (q->types == 0 || (q->types & ~types) != 0)
        return bad(d, "quorums compare types that can be observed");
    if (q->least < 2 || q->least > ENT_QUORUM_THRESHOLD)
        return bad(d, "the threshold of quorums is 2 to 8");
    if (q->items < 1 || q->items > ENT_QUORUM_ITEMS)
        return bad(d, "a quorum takes 1 to 1,048,576 items of a member");
    if (q->tables != ENT_QUORUM_TABLES && q->tables != ENT_QUORUM_TABLES_SURE)
        return bad(d, "a quorum has 20 or 24 tables");
    if (x->accept < ENT_QUORUM_ACCEPT_LEAST || x->accept >= x->keys || x->keys >= x->upload ||
        x->upload >= x->result || x->result > ENT_QUORUM_RESULT_MOST)
        return bad(d, "deadlines of quorums ascend from 120 seconds on to 31 days at most");
    return check_roles(q, d);
}

/* --- text ---------------------------------------------------------------------------------------
 */

enum ent_err ent_quorum_rule_encode(struct ent_buf *b, const struct ent_quorum_rule *q)
{
    const struct ent_quorum_deadlines *x = &q->deadlines;
    enum ent_err r;
    if ((r = ent_buf_printf(b, "quorum run %s\nquorum window %u\nquorum types",
                            q->each ? "each" : "hand", q->window)) != ENT_OK ||
        (r = ent_obs_types_encode(b, q->types)) != ENT_OK ||
        (r = ent_buf_printf(b, "\nquorum threshold %u\nquorum items %u %s\nquorum tables %u\n",
                            q->least, q->items, ent_quorum_padding_word(q->padding), q->tables)) !=
            ENT_OK)
        return r;
    for (uint32_t i = 0; i < q->holders; i++)
        if ((r = ent_buf_printf(b, "quorum holder %s\n", q->holder[i])) != ENT_OK)
            return r;
    return ent_buf_printf(b, "quorum collector %s\nquorum deadlines %u %u %u %u\n", q->collector,
                          x->accept, x->keys, x->upload, x->result);
}

static uint32_t take_u32(struct ent_lines *l)
{
    return (uint32_t)ent_lines_u64(l, UINT32_MAX);
}

static void take_run(struct ent_lines *l, struct ent_quorum_rule *q)
{
    ent_lines_key(l, "quorum run");
    struct ent_slice word = ent_lines_word(l);
    q->each = ent_slice_eq(word, ENT_SLICE_LIT("each"));
    if (!q->each && !ent_slice_eq(word, ENT_SLICE_LIT("hand")))
        ent_lines_fail(l, ENT_E_FORMAT);
}

static void take_holders(struct ent_lines *l, struct ent_quorum_rule *q)
{
    do { /* at least one: none would mean that there is no rule */
        ent_lines_key(l, "quorum holder");
        if (q->holders == ENT_QUORUM_HOLDERS) {
            ent_lines_fail(l, ENT_E_LIMIT);
            return;
        }
        ent_lines_str(l, q->holder[q->holders++], sizeof(q->holder[0]));
    } while (ent_lines_next_is(l, "quorum holder"));
}

void ent_quorum_rule_take(struct ent_lines *l, struct ent_quorum_rule *ret)
{
    struct ent_quorum_rule q = {.each = false};
    take_run(l, &q);
    ent_lines_key(l, "quorum window");
    q.window = take_u32(l);
    ent_lines_key(l, "quorum types");
    ent_obs_types_take(l, &q.types);
    ent_lines_key(l, "quorum threshold");
    q.least = take_u32(l);
    ent_lines_key(l, "quorum items");
    q.items = take_u32(l);
    ent_quorum_padding_take(l, &q.padding);
    ent_lines_key(l, "quorum tables");
    q.tables = take_u32(l);
    take_holders(l, &q);
    ent_lines_key(l, "quorum collector");
    ent_lines_str(l, q.collector, sizeof(q.collector));
    ent_lines_key(l, "quorum deadlines");
    q.deadlines.accept = take_u32(l);
    q.deadlines.keys = take_u32(l);
    q.deadlines.upload = take_u32(l);
    q.deadlines.result = take_u32(l);
    *ret = q;
}

/* Where the reader stands: behind the line that is wrong, or before the one that is missing. */
static uint64_t line_of(const struct ent_lines *l, struct ent_slice text)
{
    uint64_t line = l->inside ? 0 : 1;
    for (const uint8_t *p = text.p; p < l->c.p; p++)
        line += *p == '\n';
    return line;
}

enum ent_err ent_quorum_rule_parse(struct ent_quorum_rule *ret, struct ent_diag *d,
                                   struct ent_slice text)
{
    struct ent_quorum_rule q;
    struct ent_lines l;
    if (text.n > ENT_QUORUM_RULE_MAX)
        return ent_fail(d, ENT_E_LIMIT, "too large for a rule of quorums", 0, 0);
    ent_lines_start(&l, text);
    ent_quorum_rule_take(&l, &q);
    if (l.err != ENT_OK)
        return ent_fail(d, l.err, "not what a rule of quorums has here", line_of(&l, text), 0);
    enum ent_err r = ent_lines_end(&l);
    if (r != ENT_OK)
        return ent_fail(d, r, "more than a rule of quorums has", line_of(&l, text), 0);
    if ((r = ent_quorum_rule_check(&q, d)) == ENT_OK)
        *ret = q;
    return r;
}
