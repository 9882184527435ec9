/* consistency.c: proofs that a log only grew, as text. */
#include "ledger/consistency.h"

#define FIRST_LINE "entente/consistency@v1"

static void take_path(struct ent_lines *l, struct ent_merkle_proof *ret, const char *key)
{
    for (ret->n = 0; ent_lines_next_is(l, key) && ret->n < ENT_MERKLE_PROOF_MAX;) {
        ent_lines_key(l, key);
        ent_lines_b64(l, ret->hash[ret->n++].b, 32);
    }
}

enum ent_err ent_consistency_parse(struct ent_consistency *ret, struct ent_slice bytes,
                                   struct ent_diag *d)
{
    struct ent_consistency c = {.old_size = 0};
    struct ent_lines l;
    if (bytes.n > ENT_CONSISTENCY_MAX)
        return ent_fail(d, ENT_E_LIMIT, "consistency proof too large", 0, ENT_CONSISTENCY_MAX);
    ent_lines_start(&l, bytes);
    ent_lines_exact(&l, FIRST_LINE);
    ent_lines_key(&l, "old");
    c.old_size = ent_lines_u64(&l, ENT_CHECKPOINT_SIZE_MAX);
    ent_lines_b64(&l, c.old_root.b, 32);
    ent_lines_key(&l, "new");
    c.new_size = ent_lines_u64(&l, ENT_CHECKPOINT_SIZE_MAX);
    ent_lines_b64(&l, c.new_root.b, 32);
    take_path(&l, &c.path, "path");
    take_path(&l, &c.to, "to");
    ent_lines_key(&l, "head");
    uint64_t n = ent_lines_u64(&l, ENT_NOTE_MAX);
    if (ent_lines_tail(&l, &c.head) != ENT_OK || c.head.n != n)
        return ent_fail(d, ENT_E_FORMAT, "malformed consistency proof", 0, 0);
    *ret = c;
    return ENT_OK;
}

static enum ent_err put_path(struct ent_buf *b, const struct ent_merkle_proof *p, const char *key)
{
    char b64[ENT_BASE64_LEN(32)];
    enum ent_err r = ENT_OK;
    for (size_t i = 0; i < p->n && r == ENT_OK; i++) {
        ent_base64_encode(b64, p->hash[i].b, 32);
        r = ent_buf_printf(b, "%s %s\n", key, b64);
    }
    return r;
}

enum ent_err ent_consistency_encode(struct ent_buf *b, const struct ent_consistency *c)
{
    char root[2][ENT_BASE64_LEN(32)];
    size_t before = b->n;
    enum ent_err r;
    if (c->path.n > ENT_MERKLE_PROOF_MAX || c->to.n > ENT_MERKLE_PROOF_MAX ||
        c->head.n > ENT_NOTE_MAX || c->new_size > ENT_CHECKPOINT_SIZE_MAX ||
        c->old_size > ENT_CHECKPOINT_SIZE_MAX)
        return ENT_E_LIMIT;
    ent_base64_encode(root[0], c->old_root.b, 32);
    ent_base64_encode(root[1], c->new_root.b, 32);
    if ((r = ent_buf_printf(b, FIRST_LINE "\nold %llu %s\nnew %llu %s\n",
                            (unsigned long long)c->old_size, root[0],
                            (unsigned long long)c->new_size, root[1])) != ENT_OK ||
        (r = put_path(b, &c->path, "path")) != ENT_OK ||
        (r = put_path(b, &c->to, "to")) != ENT_OK ||
        (r = ent_buf_printf(b, "head %zu\n", c->head.n)) != ENT_OK ||
        (r = ent_buf_put_slice(b, c->head)) != ENT_OK)
        b->n = before;
    return r;
}

enum ent_err ent_consistency_check(const struct ent_consistency *c, struct ent_standing *ret,
                                   struct ent_checkpoint *ret_cp, const struct ent_roster *roster,
                                   struct ent_diag *d)
{
    struct ent_checkpoint cp;
    struct ent_standing st;
    enum ent_err r = ent_roster_check_head(roster, &st, &cp, c->head, d);
    if (r != ENT_OK)
        return r;
    if (ent_merkle_check_consistency(c->new_size, &c->new_root, cp.size, &cp.root, c->to.hash,
                                     c->to.n) != ENT_OK)
        return ent_fail(d, ENT_E_AUTH, "the new tree is not shown to be a beginning of the log", 0,
                        0);
    if (ent_merkle_check_consistency(c->old_size, &c->old_root, c->new_size, &c->new_root,
                                     c->path.hash, c->path.n) != ENT_OK)
        return ent_fail(d, ENT_E_AUTH, "the old tree is not shown to be a beginning of the new", 0,
                        0);
    *ret = st;
    *ret_cp = cp;
    return ENT_OK;
}
