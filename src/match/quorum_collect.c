/* quorum_collect.c: the exact walk of one cell, and blocks of cells. */
#include "match/match.h"
#include "match/quorum_scan.h"

/* --- before the first block ----------------------------------------------------------------- */

/* x * f = x0 * f + x1 * (2^32 f), x = x0 + 2^32 x1; both factors cut at 31 bits. */
static struct ent_quorum_factor factor_of(uint64_t f)
{
    const uint64_t mask = (UINT64_C(1) << 31) - 1;
    uint64_t g = ent_qf_mul(f, (UINT64_C(1) << 32) % ENT_QF_P);
    return (struct ent_quorum_factor){f & mask, f >> 31, g & mask, g >> 31};
}

/* The least common multiple of 1 .. n-1; 0 when it is 2^29 or more. */
static uint64_t common_multiple(uint64_t n)
{
    uint64_t r = 1;
    for (uint64_t d = 2; r != 0 && d < n; d++) {
        uint64_t a = r, b = d;
        while (b != 0) {
            uint64_t rest = a % b;
            a = b;
            b = rest;
        }
        r *= d / a;
        if (r >> 29 != 0)
            r = 0;
    }
    return r;
}

void ent_quorum_collector_init(struct ent_quorum_collector *ret,
                               const struct ent_quorum_shape *shape, uint64_t present,
                               const struct ent_hash32 *run)
{
    ENT_ASSERT(present != 0 && (present & ~(UINT64_MAX >> (64 - shape->members))) == 0);
    *ret = (struct ent_quorum_collector){.run = *run, .threshold = shape->threshold};
    for (uint64_t left = present; left != 0; left &= left - 1)
        ret->index[ret->present++] = (uint8_t)(__builtin_ctzll(left) + 1);
    uint64_t multiple = common_multiple(shape->members);
    ret->small = multiple != 0;
    for (uint64_t d = 1; d < shape->members; d++) {
        ret->inverse[d] = ent_qf_inverse_var(d);
        ret->factor[d] = ret->small ? (struct ent_quorum_factor){.low = multiple / d}
                                    : factor_of(ret->inverse[d]);
    }
}

enum ent_err ent_quorum_shares_parse(uint64_t *ret, size_t n, struct ent_slice bytes)
{
    struct ent_cur cur = ent_cur(bytes);
    enum ent_err r;
    for (size_t i = 0; i < n; i++) {
        if ((r = ent_cur_u64le(&cur, &ret[i])) != ENT_OK)
            return r;
        if (ret[i] >= ENT_QF_P)
            return ENT_E_FORMAT;
    }
    return ent_cur_end(&cur);
}

/* --- one cell ------------------------------------------------------------------------------- */

struct walk {
    const struct ent_quorum_collector *c;
    uint32_t cell;
    uint32_t chosen[ENT_QUORUM_THRESHOLD]; /* S: places among those present, ascending */
    /* d[i][k]: D(the first i of S, k), for k behind them */
    uint64_t d[ENT_QUORUM_THRESHOLD - 1][ENT_QUORUM_MEMBERS];
    enum ent_err (*found)(void *ctx, const struct ent_quorum_hit *hit);
    void *ctx;
};

/*
 * Whether a participant before the last of S that is not in S lies on the polynomial through S of
 * which the next divided difference is `value`. Then the set was told already, from the S that the
 * walk came to first: the smallest members of the whole set.
 */
static bool told(const struct walk *w, uint32_t size, uint64_t value)
{
    const struct ent_quorum_collector *c = w->c;
    uint32_t next = 0;
    for (uint32_t j = 0; size > 0 && j < w->chosen[size - 1]; j++) {
        uint64_t v = w->d[0][j];
        if (j == w->chosen[next]) {
            next++;
            continue;
        }
        for (uint32_t i = 0; i < size; i++) {
            uint32_t a = w->chosen[i];
            uint64_t up = ent_qf_sub(v, w->d[i][a]), down = ent_qf_sub(w->d[i][a], v);
            v = j > a ? ent_qf_mul(up, c->inverse[c->index[j] - c->index[a]])
                      : ent_qf_mul(down, c->inverse[c->index[a] - c->index[j]]);
        }
        if (v == value)
            return true;
    }
    return false;
}

static enum ent_err tell(const struct walk *w, uint64_t places)
{
    struct ent_quorum_hit hit = {.cell = w->cell};
    uint64_t shares[ENT_QUORUM_MEMBERS];
    size_t n = 0;
    for (uint64_t left = places; left != 0; left &= left - 1) {
        uint32_t k = (uint32_t)__builtin_ctzll(left);
        hit.holders |= UINT64_C(1) << (w->c->index[k] - 1);
        shares[n++] = w->d[0][k];
    }
    ent_quorum_hit_check(hit.check, &w->c->run, hit.cell, hit.holders, shares);
    return w->found(w->ctx, &hit);
}

/* S is complete: those behind it with equal values are one set with it. */
static enum ent_err equals(const struct walk *w, uint32_t size, uint32_t from)
{
    const uint64_t *v = w->d[size];
    uint64_t grouped = 0, s = 0;
    enum ent_err r;
    for (uint32_t i = 0; i < size; i++)
        s |= UINT64_C(1) << w->chosen[i];
    for (uint32_t a = from; a < w->c->present; a++) {
        uint64_t group = UINT64_C(1) << a;
        for (uint32_t k = a + 1; (grouped & group) == 0 && k < w->c->present; k++)
            if (v[k] == v[a])
                group |= UINT64_C(1) << k;
        if ((group & (group - 1)) == 0 || (grouped & UINT64_C(1) << a) != 0)
            continue;
        grouped |= group;
        if (!told(w, size, v[a]) && (r = tell(w, s | group)) != ENT_OK)
            return r;
    }
    return ENT_OK;
}

/* NOLINTNEXTLINE(misc-no-recursion): at most t-2 deep */
static enum ent_err descend(struct walk *w, uint32_t size, uint32_t from)
{
    const struct ent_quorum_collector *c = w->c;
    enum ent_err r = ENT_OK;
    if (size + 2 == c->threshold)
        return equals(w, size, from);
    for (uint32_t a = from; r == ENT_OK && a + (c->threshold - size) <= c->present; a++) {
        w->chosen[size] = a;
        for (uint32_t k = a + 1; k < c->present; k++)
            w->d[size + 1][k] = ent_qf_mul(ent_qf_sub(w->d[size][k], w->d[size][a]),
                                           c->inverse[c->index[k] - c->index[a]]);
        r = descend(w, size + 1, a + 1);
    }
    return r;
}

/* --- blocks --------------------------------------------------------------------------------- */

/* How many cells are scanned at once, 1 for none; *ret is 0 when none of them can hold a set. */
static size_t scan(uint32_t *ret, const struct ent_quorum_collector *c, const uint64_t *shares,
                   size_t stride, size_t count)
{
    *ret = 1;
#if defined(ENT_HAVE_QUORUM_SCAN) && ENT_QF_BITS == 61
    enum ent_cpu_level level = ent_cpu_level();
    if (level >= ENT_CPU_AVX512 && count >= ENT_QUORUM_SCAN_AVX512) {
        *ret = ent_quorum_scan_avx512(c, shares, stride);
        return ENT_QUORUM_SCAN_AVX512;
    }
    if (level >= ENT_CPU_AVX2 && count >= ENT_QUORUM_SCAN_AVX2) {
        *ret = ent_quorum_scan_avx2(c, shares, stride);
        return ENT_QUORUM_SCAN_AVX2;
    }
#endif
    (void)c;
    (void)shares;
    (void)stride;
    (void)count;
    return 1;
}

enum ent_err ent_quorum_collect(const struct ent_quorum_collector *c, const uint64_t *shares,
                                size_t stride, uint32_t first, size_t count,
                                enum ent_err (*found)(void *ctx, const struct ent_quorum_hit *hit),
                                void *ctx)
{
    struct walk w = {.c = c, .found = found, .ctx = ctx};
    enum ent_err r = ENT_OK;
    if (c->present < c->threshold)
        return ENT_OK;
    for (size_t at = 0, n; r == ENT_OK && at < count; at += n) {
        uint32_t seen;
        n = scan(&seen, c, shares + at, stride, count - at);
        for (; r == ENT_OK && seen != 0; seen &= seen - 1) {
            size_t i = at + (size_t)__builtin_ctz(seen);
            w.cell = first + (uint32_t)i;
            for (size_t k = 0; k < c->present; k++)
                w.d[0][k] = shares[k * stride + i];
            r = descend(&w, 0, 0);
        }
    }
    return r;
}
