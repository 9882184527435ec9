/*
 * quorum_scan_parts.h: the walk of quorum_collect.h over two vectors of cells, for the files that
 * say what a vector is: SCAN_TARGET, SCAN_CELLS, `vec` (shares) and `half` (the low 32 bits of two
 * vecs), and the functions used here.
 *
 * A product with a constant f in 32-bit pieces: x = x0 + 2^32 x1 is below 2p, so x1 < 2^30;
 * f = low + 2^31 high and 2^32 f mod p = low32 + 2^31 high32, low below 2^31, high below 2^30.
 *   l = x0 low + x1 low32      < 2^63 + 2^61
 *   h = x0 high + x1 high32    < 2^62 + 2^60
 *   x f = l + 2^31 h = l + (h >> 30) + ((h << 31) & p)  mod p, since 2^61 = 1; the sum < 2^64.
 * Folded at bit 61 it is at most p + 7, and one subtraction makes it canonical.
 * With f below 2^29:
 *   l = x0 f < 2^61, h = x1 f < 2^59
 *   x f = l + 2^32 h = l + (h >> 29) + ((h << 32) & p)  mod p; the sum < 2p, no fold.
 */
#ifdef SCAN_CELLS

struct scan {
    const struct ent_quorum_collector *c;
    seen_type seen;
    half e[ENT_QUORUM_MEMBERS];
    vec d[ENT_QUORUM_THRESHOLD - 2][ENT_QUORUM_MEMBERS][2];
};

SCAN_INLINE vec times(vec x, const struct ent_quorum_factor *f)
{
    vec x1 = shift_right(x, 32), p = all(ENT_QF_P);
    vec l = plus(mul32(x, all(f->low)), mul32(x1, all(f->low32)));
    vec h = plus(mul32(x, all(f->high)), mul32(x1, all(f->high32)));
    vec sum = plus(plus(l, shift_right(h, 30)), both(shift_left(h, 31), p));
    return canonical(plus(both(sum, p), shift_right(sum, 61)));
}

SCAN_INLINE vec times_small(vec x, const struct ent_quorum_factor *f)
{
    vec m = all(f->low), l = mul32(x, m), h = mul32(shift_right(x, 32), m);
    return canonical(plus(plus(l, shift_right(h, 29)), both(shift_left(h, 32), all(ENT_QF_P))));
}

/* Notes each cell in which two of e[from..] are equal: four at a time against all behind them, so
 * that a value is loaded once for four comparisons. */
static SCAN_TARGET void compare(struct scan *s, uint32_t from)
{
    const half *e = s->e;
    uint32_t n = s->c->present, a = from;
    seen_type s0 = s->seen, s1 = s0, s2 = s0, s3 = s0;
    for (; a + 4 <= n; a += 4) {
        half e0 = e[a], e1 = e[a + 1], e2 = e[a + 2], e3 = e[a + 3];
        s0 = noted(s0, e0, e1);
        s1 = noted(s1, e0, e2);
        s2 = noted(s2, e0, e3);
        s3 = noted(s3, e1, e2);
        s0 = noted(s0, e1, e3);
        s1 = noted(s1, e2, e3);
        for (uint32_t k = a + 4; k < n; k++) {
            half ek = e[k];
            s0 = noted(s0, e0, ek);
            s1 = noted(s1, e1, ek);
            s2 = noted(s2, e2, ek);
            s3 = noted(s3, e3, ek);
        }
    }
    for (; a < n; a++)
        for (uint32_t k = a + 1; k < n; k++)
            s0 = noted(s0, e[a], e[k]);
    s->seen = joined(joined(s0, s1), joined(s2, s3));
}

/* NOLINTNEXTLINE(misc-no-recursion): at most t-2 deep */
static SCAN_TARGET void descend(struct scan *s, uint32_t size, uint32_t from)
{
    const struct ent_quorum_collector *c = s->c;
    bool last = size + 3 == c->threshold;
    for (uint32_t a = from; a + (c->threshold - size) <= c->present; a++) {
        /* p - D(S,a), so that a difference is a sum between 1 and 2p - 1. */
        vec minus0 = less(all(ENT_QF_P), s->d[size][a][0]),
            minus1 = less(all(ENT_QF_P), s->d[size][a][1]);
        for (uint32_t k = a + 1; k < c->present; k++) {
            const struct ent_quorum_factor *f = &c->factor[c->index[k] - c->index[a]];
            vec v0 = plus(s->d[size][k][0], minus0), v1 = plus(s->d[size][k][1], minus1);
            v0 = c->small ? times_small(v0, f) : times(v0, f);
            v1 = c->small ? times_small(v1, f) : times(v1, f);
            if (last) {
                s->e[k] = low_halves(v0, v1);
            } else {
                s->d[size + 1][k][0] = v0;
                s->d[size + 1][k][1] = v1;
            }
        }
        if (last)
            compare(s, a + 1);
        else
            descend(s, size + 1, a + 1);
    }
}

static SCAN_TARGET uint32_t scan_cells(const struct ent_quorum_collector *c, const uint64_t *shares,
                                       size_t stride)
{
    struct scan s;
    s.c = c;
    s.seen = seen_none();
    for (uint32_t k = 0; k < c->present; k++, shares += stride) {
        s.d[0][k][0] = load(shares);
        s.d[0][k][1] = load(shares + SCAN_CELLS / 2);
        s.e[k] = low_halves(s.d[0][k][0], s.d[0][k][1]);
    }
    if (c->threshold == 2)
        compare(&s, 0);
    else
        descend(&s, 0, 0);
    return cells_of(s.seen);
}

#endif
