/* quorum_answer.c: what the collector tells each participant, and how that is received. */
#include "match/match.h"

void ent_quorum_hit_put(uint8_t ret[static ENT_QUORUM_HIT], const struct ent_quorum_hit *h)
{
    ent_put_u32le(ret, h->cell);
    ent_put_u64le(ret + 4, h->holders);
    memcpy(ret + 12, h->check, sizeof(h->check));
}

enum ent_err ent_quorum_hit_take(struct ent_cur *c, struct ent_quorum_hit *ret)
{
    struct ent_quorum_hit h;
    enum ent_err r;
    if ((r = ent_cur_u32le(c, &h.cell)) != ENT_OK || (r = ent_cur_u64le(c, &h.holders)) != ENT_OK ||
        (r = ent_cur_copy(c, h.check, sizeof(h.check))) != ENT_OK)
        return r;
    *ret = h;
    return ENT_OK;
}

uint64_t ent_quorum_sift(struct ent_quorum_sift *s, const struct ent_quorum_hit *h)
{
    uint64_t ret = 0;
    if (h->cell != s->cell)
        *s = (struct ent_quorum_sift){.cell = h->cell};
    for (uint64_t left = h->holders; left != 0; left &= left - 1) {
        uint8_t *told = &s->told[__builtin_ctzll(left)];
        if (*told < ENT_QUORUM_CELL_HITS) {
            ++*told;
            ret |= left & (0 - left);
        }
    }
    return ret;
}

uint32_t ent_quorum_hits_most(const struct ent_quorum_shape *s, uint32_t items)
{
    /* An item stands in at most two cells of a table: below 2^20 * 32 * 2 * 2. */
    uint64_t owned = (uint64_t)2 * s->tables * items, cells = ent_quorum_cells(s);
    return (uint32_t)((owned < cells ? owned : cells) * ENT_QUORUM_CELL_HITS);
}

uint32_t ent_quorum_pieces(uint32_t hits)
{
    return hits == 0 ? 1 : (hits - 1) / ENT_QUORUM_PIECE + 1;
}

size_t ent_quorum_piece_count(uint32_t hits, uint32_t piece)
{
    if (piece >= ent_quorum_pieces(hits))
        return 0;
    uint32_t left = hits - piece * ENT_QUORUM_PIECE;
    return left < ENT_QUORUM_PIECE ? left : ENT_QUORUM_PIECE;
}

void ent_quorum_sum_init(struct ent_quorum_sum *s, const struct ent_salt32 *salt, uint32_t hits)
{
    uint8_t n[4];
    ent_put_u32le(n, hits);
    ent_sha256_init(&s->h);
    ent_sha256_add(&s->h, ENT_SLICE_LIT("\x02"));
    ent_sha256_add(&s->h, ent_slice(salt->b, sizeof(salt->b)));
    ent_sha256_add(&s->h, ent_slice(n, sizeof(n)));
}

void ent_quorum_sum_add(struct ent_quorum_sum *s, struct ent_slice records)
{
    ent_sha256_add(&s->h, records);
}

void ent_quorum_sum_end(struct ent_quorum_sum *s, struct ent_hash32 *ret)
{
    ent_sha256_end(&s->h, ret);
}

enum ent_err ent_quorum_piece_encode(struct ent_buf *b, const struct ent_hash32 *run,
                                     uint32_t index, uint32_t piece, uint32_t hits,
                                     const struct ent_salt32 *salt, struct ent_slice records)
{
    uint8_t head[ENT_QUORUM_HEADER + 36];
    ENT_ASSERT(piece < ent_quorum_pieces(hits) &&
               records.n == ENT_QUORUM_HIT * ent_quorum_piece_count(hits, piece));
    ent_quorum_head_put(head, run, index, piece);
    ent_put_u32le(head + ENT_QUORUM_HEADER, hits);
    memcpy(head + ENT_QUORUM_HEADER + 4, salt->b, sizeof(salt->b));
    enum ent_err r = ent_buf_put(b, head, sizeof(head));
    return r == ENT_OK ? ent_buf_put_slice(b, records) : r;
}

/* --- the participant's side ----------------------------------------------------------------- */

void ent_quorum_answer_init(struct ent_quorum_answer *a, const struct ent_quorum_shape *s,
                            const struct ent_hash32 *run, uint32_t index, uint32_t items)
{
    *a = (struct ent_quorum_answer){
        .run = *run, .index = index, .most = ent_quorum_hits_most(s, items)};
    ent_buf_init(&a->list, (size_t)a->most * sizeof(struct ent_quorum_hit));
}

void ent_quorum_answer_release(struct ent_quorum_answer *a)
{
    ent_buf_wipe(&a->list);
}

/* Each piece repeats the number of hits and the salt; the first one fixes them. */
static enum ent_err take_sizes(struct ent_quorum_answer *a, struct ent_cur *c)
{
    struct ent_salt32 salt;
    uint32_t hits = 0;
    enum ent_err r;
    if ((r = ent_cur_u32le(c, &hits)) != ENT_OK || (r = ent_cur_copy(c, salt.b, 32)) != ENT_OK)
        return r;
    if (hits > a->most)
        return ENT_E_LIMIT;
    if (a->pieces > 0)
        return hits == a->hits && memcmp(salt.b, a->salt.b, 32) == 0 ? ENT_OK : ENT_E_FORMAT;
    a->hits = hits;
    a->salt = salt;
    ent_quorum_sum_init(&a->sum, &salt, hits);
    return ENT_OK;
}

enum ent_err ent_quorum_answer_take(struct ent_quorum_answer *a, struct ent_slice message)
{
    struct ent_cur c = ent_cur(message);
    enum ent_quorum_fault fault;
    uint32_t piece = 0;
    uint8_t *room;
    enum ent_err r;
    if (ent_quorum_answer_is_whole(a))
        return ENT_E_STATE;
    if ((r = ent_quorum_head_take(&c, &piece, &fault, &a->run, a->index)) != ENT_OK)
        return r;
    if (piece != a->pieces)
        return ENT_E_FORMAT;
    if ((r = take_sizes(a, &c)) != ENT_OK)
        return r;
    size_t n = ent_quorum_piece_count(a->hits, piece), size = n * sizeof(struct ent_quorum_hit);
    if (c.n != ENT_QUORUM_HIT * n)
        return ENT_E_FORMAT;
    if ((r = ent_buf_reserve(&a->list, &room, size)) != ENT_OK)
        return r;
    ent_quorum_sum_add(&a->sum, ent_slice(c.p, c.n));
    struct ent_quorum_hit *hit = (void *)room;
    for (size_t i = 0; i < n && r == ENT_OK; i++)
        r = ent_quorum_hit_take(&c, &hit[i]);
    ENT_ASSERT(r == ENT_OK);
    a->list.n += size;
    a->pieces++;
    return ENT_OK;
}

bool ent_quorum_answer_is_whole(const struct ent_quorum_answer *a)
{
    return a->pieces > 0 && a->pieces == ent_quorum_pieces(a->hits);
}

enum ent_err ent_quorum_answer_check(struct ent_quorum_answer *a,
                                     const struct ent_hash32 *commitment)
{
    struct ent_quorum_sum sum = a->sum; /* so that it can be asked again */
    struct ent_hash32 got;
    if (!ent_quorum_answer_is_whole(a))
        return ENT_E_STATE;
    ent_quorum_sum_end(&sum, &got);
    return memcmp(got.b, commitment->b, 32) == 0 ? ENT_OK : ENT_E_AUTH;
}
