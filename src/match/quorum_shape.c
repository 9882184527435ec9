/* quorum_shape.c: bounds and estimates. */
#include "match/match.h"

enum ent_err ent_quorum_shape_check(const struct ent_quorum_shape *s, struct ent_diag *d)
{
    if (s->members < 2 || s->members > ENT_QUORUM_MEMBERS)
        return ent_fail(d, ENT_E_LIMIT, "a quorum has 2 to 64 members", 0, 0);
    if (s->threshold < 2 || s->threshold > ENT_QUORUM_THRESHOLD || s->threshold > s->members)
        return ent_fail(d, ENT_E_LIMIT,
                        "the threshold of a quorum is 2 to 8, and at most its members", 0, 0);
    if (s->items < 1 || s->items > ENT_QUORUM_ITEMS)
        return ent_fail(d, ENT_E_LIMIT, "a quorum takes 1 to 1,048,576 items of a member", 0, 0);
    if (s->tables < 2 || s->tables > ENT_QUORUM_TABLES_MOST || s->tables % 2 != 0)
        return ent_fail(d, ENT_E_LIMIT, "the tables of a quorum are an even number, 2 to 32", 0, 0);
    return ENT_OK;
}

uint32_t ent_quorum_bins(const struct ent_quorum_shape *s)
{
    return s->items * s->threshold;
}

uint32_t ent_quorum_cells(const struct ent_quorum_shape *s)
{
    return s->tables * ent_quorum_bins(s);
}

struct ent_quorum_rate ent_quorum_rate_of(enum ent_cpu_level l)
{
    static const struct ent_quorum_rate rate[] = {
        [ENT_CPU_PORTABLE] = {4.0, 1.2},
        [ENT_CPU_AVX2] = {0.5, 0.07},
        [ENT_CPU_AVX512] = {0.35, 0.07},
    };
    return rate[l];
}

static double choose(uint32_t n, uint32_t k)
{
    double r = 1;
    for (uint32_t i = 1; i <= k; i++)
        r = r * (n - k + i) / i;
    return r;
}

/*
 * Of one cell: for each S of 1 to t-2 members, whose last is a, a product for each member behind a,
 * where enough of them are left to complete a t-subset.
 */
static double multiplications(uint32_t n, uint32_t t)
{
    double r = 0;
    for (uint32_t size = 1; size + 2 <= t; size++)
        for (uint32_t a = size - 1; n - 1 - a >= t - size; a++)
            r += choose(a, size - 1) * (n - 1 - a);
    return r;
}

void ent_quorum_cost(struct ent_quorum_cost *ret, const struct ent_quorum_shape *s,
                     struct ent_quorum_rate rate)
{
    double cells = ent_quorum_cells(s);
    ret->multiplications = cells * multiplications(s->members, s->threshold);
    ret->comparisons = cells * choose(s->members, s->threshold);
    ret->core_seconds =
        (ret->multiplications * rate.multiply + ret->comparisons * rate.compare) / 1e9;
    ret->upload = (uint64_t)ent_quorum_cells(s) * ENT_QUORUM_SHARE;
    /* the owner of each cell, one table's best orders, and 32 and 40 bytes for each item */
    ret->participant = (uint64_t)ent_quorum_cells(s) * sizeof(uint32_t) +
                       (uint64_t)ent_quorum_bins(s) * sizeof(uint64_t) + (uint64_t)s->items * 72;
}
