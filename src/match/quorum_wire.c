/* quorum_wire.c: heads, blocks of shares, and who has sent which. */
#include "match/match.h"
#include "match/quorum_field.h"

void ent_quorum_head_put(uint8_t ret[static ENT_QUORUM_HEADER], const struct ent_hash32 *run,
                         uint32_t index, uint32_t number)
{
    memcpy(ret, run->b, 32);
    ent_put_u32le(ret + 32, index);
    ent_put_u32le(ret + 36, number);
}

enum ent_err ent_quorum_head_take(struct ent_cur *c, uint32_t *ret_number,
                                  enum ent_quorum_fault *ret_fault, const struct ent_hash32 *run,
                                  uint32_t index)
{
    struct ent_hash32 theirs;
    uint32_t said = 0, number = 0;
    enum ent_err r;
    if ((r = ent_cur_copy(c, theirs.b, 32)) != ENT_OK || (r = ent_cur_u32le(c, &said)) != ENT_OK ||
        (r = ent_cur_u32le(c, &number)) != ENT_OK) {
        *ret_fault = ENT_QUORUM_MALFORMED;
        return r;
    }
    if (memcmp(theirs.b, run->b, 32) != 0)
        return ENT_E_STATE;
    if (said != index) {
        *ret_fault = ENT_QUORUM_FOREIGN;
        return ENT_E_AUTH;
    }
    *ret_number = number;
    return ENT_OK;
}

/* --- blocks --------------------------------------------------------------------------------- */

uint32_t ent_quorum_blocks(const struct ent_quorum_shape *s)
{
    return (ent_quorum_cells(s) + ENT_QUORUM_BLOCK - 1) / ENT_QUORUM_BLOCK;
}

size_t ent_quorum_block_count(const struct ent_quorum_shape *s, uint32_t block)
{
    if (block >= ent_quorum_blocks(s))
        return 0;
    uint32_t left = ent_quorum_cells(s) - block * ENT_QUORUM_BLOCK;
    return left < ENT_QUORUM_BLOCK ? left : ENT_QUORUM_BLOCK;
}

enum ent_err ent_quorum_block_encode(struct ent_buf *b, const struct ent_quorum_table *t,
                                     const struct ent_quorum_shape *s, const struct ent_hash32 *run,
                                     uint32_t index, uint32_t block)
{
    size_t n = ent_quorum_block_count(s, block), size = ENT_QUORUM_HEADER + ENT_QUORUM_SHARE * n;
    uint8_t *room;
    if (n == 0)
        return ENT_E_NOTFOUND;
    enum ent_err r = ent_buf_reserve(b, &room, size);
    if (r != ENT_OK)
        return r;
    ent_quorum_head_put(room, run, index, block);
    ent_quorum_table_shares(t, room + ENT_QUORUM_HEADER, block * ENT_QUORUM_BLOCK, n);
    b->n += size;
    return ENT_OK;
}

/* --- who has sent which --------------------------------------------------------------------- */

struct ent_quorum_uploads {
    struct ent_quorum_shape shape;
    struct ent_hash32 run;
    uint64_t present;
    uint32_t blocks;
    size_t bytes; /* of one participant's bits */
    uint32_t have[ENT_QUORUM_MEMBERS];
    uint8_t bits[]; /* shape.members times bytes */
};

enum ent_err ent_quorum_uploads_new(struct ent_quorum_uploads **ret,
                                    const struct ent_quorum_shape *s, const struct ent_hash32 *run,
                                    uint64_t present)
{
    uint32_t blocks = ent_quorum_blocks(s);
    size_t bytes = (blocks + 7) / 8;
    struct ent_quorum_uploads *u = calloc(1, sizeof(*u) + s->members * bytes);
    if (u == NULL)
        return ENT_E_NOMEM;
    u->shape = *s;
    u->run = *run;
    u->present = present & (UINT64_MAX >> (64 - s->members));
    u->blocks = blocks;
    u->bytes = bytes;
    *ret = u;
    return ENT_OK;
}

void ent_quorum_uploads_free(struct ent_quorum_uploads *u)
{
    free(u);
}

static bool is_present(const struct ent_quorum_uploads *u, uint32_t index)
{
    return index >= 1 && index <= u->shape.members && (u->present >> (index - 1) & 1) != 0;
}

static bool are_shares(struct ent_slice s)
{
    struct ent_cur c = ent_cur(s);
    uint64_t share = 0;
    while (ent_cur_u64le(&c, &share) == ENT_OK)
        if (share >= ENT_QF_P)
            return false;
    return c.n == 0;
}

enum ent_err ent_quorum_uploads_parse(const struct ent_quorum_uploads *u,
                                      struct ent_quorum_block *ret,
                                      enum ent_quorum_fault *ret_fault, uint32_t index,
                                      struct ent_slice message)
{
    struct ent_cur c = ent_cur(message);
    uint32_t block = 0;
    *ret_fault = ENT_QUORUM_NO_FAULT;
    if (!is_present(u, index))
        return ENT_E_STATE;
    enum ent_err r = ent_quorum_head_take(&c, &block, ret_fault, &u->run, index);
    if (r != ENT_OK)
        return r;
    size_t n = ent_quorum_block_count(&u->shape, block);
    if (n == 0 || c.n != ENT_QUORUM_SHARE * n || !are_shares(ent_slice(c.p, c.n))) {
        *ret_fault = ENT_QUORUM_MALFORMED;
        return ENT_E_FORMAT;
    }
    const uint8_t *bits = u->bits + (index - 1) * u->bytes;
    *ret = (struct ent_quorum_block){.block = block,
                                     .first = block * ENT_QUORUM_BLOCK,
                                     .shares = ent_slice(c.p, c.n),
                                     .fresh = (bits[block / 8] >> (block % 8) & 1) == 0};
    return ENT_OK;
}

void ent_quorum_uploads_keep(struct ent_quorum_uploads *u, uint32_t index, uint32_t block)
{
    ENT_ASSERT(is_present(u, index) && block < u->blocks);
    uint8_t *bits = u->bits + (index - 1) * u->bytes, bit = (uint8_t)(1u << block % 8);
    if ((bits[block / 8] & bit) == 0)
        u->have[index - 1]++;
    bits[block / 8] |= bit;
}

void ent_quorum_uploads_leave_out(struct ent_quorum_uploads *u, uint32_t index)
{
    ENT_ASSERT(index >= 1 && index <= u->shape.members);
    u->present &= ~(UINT64_C(1) << (index - 1));
}

uint64_t ent_quorum_uploads_complete(const struct ent_quorum_uploads *u)
{
    uint64_t ret = 0;
    for (uint32_t i = 1; i <= u->shape.members; i++)
        if (is_present(u, i) && u->have[i - 1] == u->blocks)
            ret |= UINT64_C(1) << (i - 1);
    return ret;
}

enum ent_err ent_quorum_progress_encode(struct ent_buf *b, const struct ent_quorum_uploads *u,
                                        uint32_t index)
{
    uint8_t head[ENT_QUORUM_HEADER];
    if (!is_present(u, index))
        return ENT_E_STATE;
    ent_quorum_head_put(head, &u->run, index, u->blocks);
    enum ent_err r = ent_buf_put(b, head, sizeof(head));
    return r == ENT_OK ? ent_buf_put(b, u->bits + (index - 1) * u->bytes, u->bytes) : r;
}

enum ent_err ent_quorum_progress_parse(struct ent_slice *ret_bits, const struct ent_quorum_shape *s,
                                       const struct ent_hash32 *run, uint32_t index,
                                       struct ent_slice message)
{
    struct ent_cur c = ent_cur(message);
    enum ent_quorum_fault fault;
    uint32_t said = 0, blocks = ent_quorum_blocks(s);
    enum ent_err r = ent_quorum_head_take(&c, &said, &fault, run, index);
    if (r != ENT_OK)
        return r;
    if (said != blocks || c.n != (blocks + 7) / 8)
        return ENT_E_FORMAT;
    if (blocks % 8 != 0 && c.p[c.n - 1] >> (blocks % 8) != 0)
        return ENT_E_FORMAT;
    *ret_bits = ent_slice(c.p, c.n);
    return ENT_OK;
}

bool ent_quorum_progress_has(struct ent_slice bits, uint32_t block)
{
    return block / 8 < bits.n && (bits.p[block / 8] >> (block % 8) & 1) != 0;
}
