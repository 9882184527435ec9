/* quorum_offer.c: the offer's text, its sense, its price, and the decision about it. */
#include "match/match.h"
#include "watch/watch.h"
#include "match/terms_parts.h"

_Static_assert(ENT_QUORUM_ACCEPT_LEAST > ENT_WINDOW_SETTLE,
               "a window is offered when it has settled, and accepted after that");

#define OFFER_LINE "entente/quorum-offer@v1"

static const struct {
    const char *word, *text;
} reasons[ENT_QUORUM_REASONS] = {
    [ENT_QUORUM_FINE] = {"fine", "nothing speaks against it"},
    [ENT_QUORUM_TYPES] = {"types", "no types of observables are named"},
    [ENT_QUORUM_WINDOWS] = {"window", "the window is empty, too long, or ends after acceptance"},
    [ENT_QUORUM_DEADLINES] = {"deadlines", "the deadlines do not follow one another"},
    [ENT_QUORUM_SHAPE] = {"numbers", "members, threshold, items or tables are out of range"},
    [ENT_QUORUM_NAMES] = {"names", "a role's members are not in the order of their names"},
    [ENT_QUORUM_FEW_HOLDERS] = {"few-holders", "a quorum has at least two key holders"},
    [ENT_QUORUM_MANY_HOLDERS] = {"many-holders", "a quorum has at most eight key holders"},
    [ENT_QUORUM_COLLECTOR_HOLDS] = {"collector-holds", "the collector is also a key holder"},
    [ENT_QUORUM_COLLECTOR_IN] = {"collector-in", "the collector is also a participant"},
    [ENT_QUORUM_NOT_NAMED] = {"not-named", "the asked member has no part in it"},
    [ENT_QUORUM_STRANGERS] = {"strangers", "somebody named is not a member of the pact"},
    [ENT_QUORUM_PAST] = {"past", "the deadline for acceptances is over"},
    [ENT_QUORUM_SIZE] = {"items", "more items than the asked member's configuration allows"},
    [ENT_QUORUM_LONG] = {"too-long", "so many combinations take longer than the deadlines allow"},
    [ENT_QUORUM_NO_SET] = {"no-set", "the asked member has no observations of that window"},
    [ENT_QUORUM_DECLINED] = {"declined", "the asked member does not want to"},
    [ENT_QUORUM_TOO_FEW] = {"too-few", "fewer members than the threshold take part"},
    [ENT_QUORUM_PACT] = {"pact", "the pact does not allow it"},
};

const char *ent_quorum_reason_word(enum ent_quorum_reason why)
{
    return reasons[why].word;
}

const char *ent_quorum_reason_text(enum ent_quorum_reason why)
{
    return reasons[why].text;
}

/* --- sense ---------------------------------------------------------------------------------- */

static bool are_names(const char (*name)[ENT_NAME_MAX + 1], size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!ent_name_is_valid(ent_slice_str(name[i])) ||
            (i > 0 && strcmp(name[i - 1], name[i]) >= 0))
            return false;
    return true;
}

static uint32_t number_of(const char (*name)[ENT_NAME_MAX + 1], uint32_t n, const char *who)
{
    for (uint32_t i = 0; i < n; i++)
        if (strcmp(name[i], who) == 0)
            return i + 1;
    return 0;
}

uint32_t ent_quorum_index(const struct ent_quorum_offer *o, const char *name)
{
    return number_of(o->participant, o->shape.members, name);
}

uint32_t ent_quorum_holder_number(const struct ent_quorum_offer *o, const char *name)
{
    return number_of(o->holder, o->holders, name);
}

static enum ent_quorum_reason check_roles(const struct ent_quorum_offer *o)
{
    if (o->holders < ENT_QUORUM_HOLDERS_LEAST)
        return ENT_QUORUM_FEW_HOLDERS;
    if (o->holders > ENT_QUORUM_HOLDERS)
        return ENT_QUORUM_MANY_HOLDERS;
    if (!are_names(o->participant, o->shape.members) || !are_names(o->holder, o->holders) ||
        !ent_name_is_valid(ent_slice_str(o->collector)))
        return ENT_QUORUM_NAMES;
    if (ent_quorum_holder_number(o, o->collector) != 0)
        return ENT_QUORUM_COLLECTOR_HOLDS;
    if (ent_quorum_index(o, o->collector) != 0)
        return ENT_QUORUM_COLLECTOR_IN;
    return ENT_QUORUM_FINE;
}

enum ent_quorum_reason ent_quorum_offer_check(const struct ent_quorum_offer *o, struct ent_diag *d)
{
    if (o->types == 0)
        return ENT_QUORUM_TYPES;
    if (ent_quorum_shape_check(&o->shape, d) != ENT_OK ||
        (o->shape.tables != ENT_QUORUM_TABLES && o->shape.tables != ENT_QUORUM_TABLES_SURE))
        return ENT_QUORUM_SHAPE;
    /* Whoever commits to its set must have seen all of the window. */
    if (o->window < 0 || o->seconds < 1 || o->seconds > ENT_QUORUM_WINDOW ||
        o->accept_by < o->seconds || o->window > o->accept_by - o->seconds)
        return ENT_QUORUM_WINDOWS;
    if (o->accept_by >= o->keys_by || o->keys_by >= o->upload_by || o->upload_by >= o->result_by)
        return ENT_QUORUM_DEADLINES;
    return check_roles(o);
}

uint32_t ent_quorum_padded(const struct ent_quorum_offer *o, uint32_t n)
{
    uint32_t want = 1;
    ENT_ASSERT(n <= o->shape.items);
    if (o->padding == ENT_QUORUM_PAD_FULL)
        return o->shape.items;
    if (o->padding == ENT_QUORUM_PAD_NONE)
        return n > 0 ? n : 1;
    while (want < n)
        want *= 2;
    return want < o->shape.items ? want : o->shape.items;
}

/* --- text ----------------------------------------------------------------------------------- */

static enum ent_err encode_names(struct ent_buf *b, const char *key,
                                 const char (*name)[ENT_NAME_MAX + 1], size_t n)
{
    enum ent_err r = ENT_OK;
    for (size_t i = 0; i < n && r == ENT_OK; i++)
        r = ent_buf_printf(b, "%s %s\n", key, name[i]);
    return r;
}

enum ent_err ent_quorum_offer_encode(struct ent_buf *b, const struct ent_quorum_offer *o)
{
    enum ent_err r;
    if ((r = ent_buf_printf(b, OFFER_LINE "\nwindow %lld %u\ntypes", (long long)o->window,
                            o->seconds)) != ENT_OK ||
        (r = ent_obs_types_encode(b, o->types)) != ENT_OK ||
        (r = ent_buf_printf(b, "\nthreshold %u\nitems %u %s\ntables %u\n", o->shape.threshold,
                            o->shape.items, ent_quorum_padding_word(o->padding),
                            o->shape.tables)) != ENT_OK ||
        (r = encode_names(b, "participant", o->participant, o->shape.members)) != ENT_OK ||
        (r = encode_names(b, "holder", o->holder, o->holders)) != ENT_OK)
        return r;
    return ent_buf_printf(b, "collector %s\ndeadlines %lld %lld %lld %lld\nnonce %s\n",
                          o->collector, (long long)o->accept_by, (long long)o->keys_by,
                          (long long)o->upload_by, (long long)o->result_by,
                          ent_b64_32(o->nonce.b).text);
}

static void take_names(struct ent_lines *l, const char *key, char (*ret)[ENT_NAME_MAX + 1],
                       uint32_t *ret_n, uint32_t most)
{
    while (ent_lines_next_is(l, key)) {
        if (*ret_n == most) {
            ent_lines_fail(l, ENT_E_LIMIT);
            return;
        }
        ent_lines_key(l, key);
        ent_lines_str(l, ret[(*ret_n)++], ENT_NAME_MAX + 1);
    }
}

static int64_t take_time(struct ent_lines *l)
{
    return (int64_t)ent_lines_u64(l, INT64_MAX);
}

static void take_numbers(struct ent_lines *l, struct ent_quorum_offer *o)
{
    ent_lines_key(l, "window");
    o->window = take_time(l);
    o->seconds = (uint32_t)ent_lines_u64(l, ENT_QUORUM_WINDOW);
    ent_lines_key(l, "types");
    ent_obs_types_take(l, &o->types);
    ent_lines_key(l, "threshold");
    o->shape.threshold = (uint32_t)ent_lines_u64(l, ENT_QUORUM_THRESHOLD);
    ent_lines_key(l, "items");
    o->shape.items = (uint32_t)ent_lines_u64(l, ENT_QUORUM_ITEMS);
    ent_quorum_padding_take(l, &o->padding);
    ent_lines_key(l, "tables");
    o->shape.tables = (uint32_t)ent_lines_u64(l, ENT_QUORUM_TABLES_MOST);
}

enum ent_err ent_quorum_offer_parse(struct ent_quorum_offer *ret, struct ent_slice s)
{
    struct ent_quorum_offer o = {0};
    struct ent_lines l;
    ent_lines_start(&l, s);
    ent_lines_exact(&l, OFFER_LINE);
    take_numbers(&l, &o);
    take_names(&l, "participant", o.participant, &o.shape.members, ENT_QUORUM_MEMBERS);
    take_names(&l, "holder", o.holder, &o.holders, ENT_QUORUM_HOLDERS);
    ent_lines_key(&l, "collector");
    ent_lines_str(&l, o.collector, sizeof(o.collector));
    ent_lines_key(&l, "deadlines");
    o.accept_by = take_time(&l);
    o.keys_by = take_time(&l);
    o.upload_by = take_time(&l);
    o.result_by = take_time(&l);
    ent_lines_key(&l, "nonce");
    ent_lines_b64(&l, o.nonce.b, 32);
    enum ent_err r = ent_lines_end(&l);
    if (r == ENT_OK && ent_quorum_offer_check(&o, NULL) != ENT_QUORUM_FINE)
        r = ENT_E_LIMIT;
    if (r == ENT_OK)
        *ret = o;
    return r;
}

/* --- price and decision --------------------------------------------------------------------- */

void ent_quorum_estimate(struct ent_quorum_estimate *ret, const struct ent_quorum_offer *o,
                         struct ent_quorum_rate rate, unsigned cores)
{
    uint64_t m = o->shape.items, batches = ent_lookup_batches(m);
    ent_quorum_cost(&ret->cost, &o->shape, rate);
    ret->evaluations = o->holders * (64 * m + batches * (ENT_QUORUM_HEADER + ENT_OPRF_PROOF));
    ret->holder_products = m * o->shape.members;
    ret->collector = ret->cost.upload * o->shape.members;
    ret->seconds = ret->cost.core_seconds / (cores == 0 ? 1 : cores);
}

static bool all_members(const struct ent_pact *p, const char (*name)[ENT_NAME_MAX + 1], size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (ent_pact_member(p, name[i]) == NULL)
            return false;
    return true;
}

static bool is_named(const struct ent_quorum_offer *o, const char *name)
{
    return ent_quorum_index(o, name) != 0 || ent_quorum_holder_number(o, name) != 0 ||
           strcmp(o->collector, name) == 0;
}

/* Else its author could bind the others' memory for long, or leave them no time. */
static bool deadlines_fit(const struct ent_quorum_rule *q, const struct ent_quorum_offer *o,
                          int64_t now)
{
    const struct ent_quorum_deadlines *x = &q->deadlines;
    const int64_t from = o->accept_by - x->accept;
    return from >= o->window + o->seconds && from <= now + ENT_QUORUM_SKEW &&
           o->keys_by - o->accept_by == x->keys - x->accept &&
           o->upload_by - o->keys_by == x->upload - x->keys &&
           o->result_by - o->upload_by == x->result - x->upload;
}

static bool fits(const struct ent_quorum_rule *q, const struct ent_quorum_offer *o, int64_t now)
{
    bool same = o->holders == q->holders && strcmp(o->collector, q->collector) == 0;
    for (uint32_t i = 0; same && i < q->holders; i++)
        same = strcmp(o->holder[i], q->holder[i]) == 0;
    return same && o->seconds == q->window && o->window % q->window == 0 &&
           (o->types & ~q->types) == 0 && o->shape.threshold >= q->least &&
           o->shape.items <= q->items && o->shape.tables == q->tables && o->padding == q->padding &&
           deadlines_fit(q, o, now);
}

enum ent_verdict ent_quorum_verdict(const struct ent_pact *p, const struct ent_quorum_offer *o,
                                    const struct ent_quorum_wish *w)
{
    if (p == NULL)
        return ENT_DENIED_NO_PACT;
    if (w->standing != ENT_ALLOWED)
        return w->standing;
    if (p->quorum.holders == 0)
        return ENT_DENIED_NO_RULE;
    return fits(&p->quorum, o, w->now) ? ENT_ALLOWED : ENT_DENIED_RULE;
}

enum ent_quorum_reason ent_quorum_decide(const struct ent_pact *p, const struct ent_quorum_offer *o,
                                         const struct ent_quorum_wish *w)
{
    enum ent_quorum_reason why = ent_quorum_offer_check(o, NULL);
    struct ent_quorum_estimate e;
    if (why != ENT_QUORUM_FINE)
        return why;
    if (ent_quorum_verdict(p, o, w) != ENT_ALLOWED)
        return ENT_QUORUM_PACT;
    if (!is_named(o, w->self))
        return ENT_QUORUM_NOT_NAMED;
    if (!all_members(p, o->participant, o->shape.members) ||
        !all_members(p, o->holder, o->holders) || ent_pact_member(p, o->collector) == NULL)
        return ENT_QUORUM_STRANGERS;
    if (w->now >= o->accept_by)
        return ENT_QUORUM_PAST;
    if (o->shape.items > w->most)
        return ENT_QUORUM_SIZE;
    ent_quorum_estimate(&e, o, w->rate, w->cores);
    /* Written so that an estimate beyond all numbers refuses too. */
    return e.seconds <= (double)(o->result_by - o->upload_by) ? ENT_QUORUM_FINE : ENT_QUORUM_LONG;
}

/* --- by the rule ---------------------------------------------------------------------------- */

enum ent_err ent_quorum_offer_of_rule(struct ent_quorum_offer *ret, const struct ent_pact *p,
                                      int64_t window, int64_t from)
{
    const struct ent_quorum_rule *q = &p->quorum;
    const struct ent_quorum_deadlines *x = &q->deadlines;
    if (q->holders == 0)
        return ENT_E_NOTFOUND;
    if (window < 0 || window % q->window != 0)
        return ENT_E_LIMIT;
    if (from < window + q->window)
        from = window + q->window;
    *ret = (struct ent_quorum_offer){
        .window = window,
        .seconds = q->window,
        .types = q->types,
        .shape = {.threshold = q->least, .items = q->items, .tables = q->tables},
        .padding = q->padding,
        .holders = q->holders,
        .accept_by = from + x->accept,
        .keys_by = from + x->keys,
        .upload_by = from + x->upload,
        .result_by = from + x->result};
    memcpy(ret->holder, q->holder, sizeof(ret->holder));
    memcpy(ret->collector, q->collector, sizeof(ret->collector));
    for (size_t i = 0; i < p->members; i++)
        if (strcmp(p->member[i].name, q->collector) != 0)
            memcpy(ret->participant[ret->shape.members++], p->member[i].name, ENT_NAME_MAX + 1);
    return ENT_OK;
}

void ent_quorum_offer_leave_out(struct ent_quorum_offer *o, const char *participant)
{
    uint32_t i = ent_quorum_index(o, participant);
    if (i == 0)
        return;
    memmove(o->participant[i - 1], o->participant[i],
            (o->shape.members - i) * sizeof(o->participant[0]));
    o->shape.members--;
}

bool ent_quorum_offer_due(int64_t *ret_window, const struct ent_pact *p, const char *self,
                          int64_t now)
{
    const struct ent_quorum_rule *q = &p->quorum;
    if (q->holders == 0 || !q->each || strcmp(q->collector, self) != 0 ||
        ent_pact_is_expired(p, now) || now < (int64_t)q->window + ENT_WINDOW_SETTLE)
        return false;
    const int64_t end = ent_window_at(now - ENT_WINDOW_SETTLE, q->window).start;
    if (now >= end + q->deadlines.accept)
        return false;
    *ret_window = end - q->window;
    return true;
}
