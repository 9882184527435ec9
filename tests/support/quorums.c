/* quorums.c: quorums in memory. */
#include "tests/support/quorums.h"

#define BLOCK 997u

void ent_t_quorum_join(struct ent_t_quorum *q, uint32_t index, const uint64_t *x, size_t n)
{
    struct ent_seed32 filler;
    uint8_t bytes[8], *f = malloc(n * ENT_OPRF_OUT + 1);
    assert_non_null(f);
    for (size_t i = 0; i < n; i++) {
        ent_put_u64le(bytes, x[i]);
        (void)crypto_hash_sha512(f + i * ENT_OPRF_OUT, bytes, sizeof(bytes));
    }
    memset(filler.b, (int)index, sizeof(filler.b));
    assert_ok(ent_quorum_table_new(&q->table[index - 1], &q->shape, index, &q->run, &filler, f, n));
    free(f);
}

static enum ent_err keep(void *ctx, const struct ent_quorum_hit *hit)
{
    struct ent_t_quorum *q = ctx;
    if (q->n == q->cap) {
        q->cap = q->cap == 0 ? 1024 : 2 * q->cap;
        q->hit = realloc(q->hit, q->cap * sizeof(*q->hit));
        assert_non_null(q->hit);
    }
    q->hit[q->n++] = *hit;
    return ENT_OK;
}

void ent_t_quorum_collect(struct ent_t_quorum *q, uint64_t present)
{
    static uint64_t shares[ENT_QUORUM_MEMBERS][BLOCK];
    static uint8_t bytes[BLOCK * ENT_QUORUM_SHARE];
    uint32_t cells = ent_quorum_cells(&q->shape);
    struct ent_quorum_collector c;
    ent_quorum_collector_init(&c, &q->shape, present, &q->run);
    q->n = 0;
    for (uint32_t at = 0; at < cells; at += BLOCK) {
        size_t n = cells - at < BLOCK ? cells - at : BLOCK;
        for (uint32_t k = 0; k < c.present; k++) {
            ent_quorum_table_shares(q->table[c.index[k] - 1], bytes, at, n);
            assert_ok(
                ent_quorum_shares_parse(shares[k], n, ent_slice(bytes, n * ENT_QUORUM_SHARE)));
        }
        assert_ok(ent_quorum_collect(&c, shares[0], BLOCK, at, n, keep, q));
    }
}

struct ent_quorum_hit *ent_t_quorum_hits(const struct ent_t_quorum *q, uint32_t index,
                                         size_t *ret_n)
{
    struct ent_quorum_hit *h = malloc((q->n + 1) * sizeof(*h));
    size_t n = 0;
    assert_non_null(h);
    for (size_t i = 0; i < q->n; i++)
        if ((q->hit[i].holders >> (index - 1) & 1) != 0)
            h[n++] = q->hit[i];
    *ret_n = n;
    return h;
}

size_t ent_t_quorum_accept(struct ent_quorum_item *ret, const struct ent_t_quorum *q,
                           uint32_t index)
{
    size_t hits, found, refused;
    struct ent_quorum_hit *h = ent_t_quorum_hits(q, index, &hits);
    assert_ok(ent_quorum_table_accept(ret, &found, &refused, q->table[index - 1], h, hits));
    assert_int_equal(refused, 0);
    free(h);
    return found;
}

void ent_t_quorum_release(struct ent_t_quorum *q)
{
    for (uint32_t i = 0; i < q->shape.members; i++)
        ent_quorum_table_free(q->table[i]);
    free(q->hit);
}
