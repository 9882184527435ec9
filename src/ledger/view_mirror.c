/* view_mirror.c: a mirror becomes longer, by entries that were pulled or pushed. Either way they
 * come with a proof that leads from them to a head that the log signed and that is ours already,
 * and nothing is written before that holds: what is wrong costs the disk nothing. */
#include "ledger/ledger.h"
#include "ledger/view_parts.h"

/* The root that the mirror will have with them. */
static enum ent_err root_with(struct ent_hash32 *ret, struct ent_vlog *l,
                              const struct ent_add_entries *a)
{
    const struct ent_merkle_source source = ent_tree_source(l->tree);
    struct ent_merkle m = {.n = a->from};
    struct ent_cur c = ent_cur(a->entries);
    struct ent_slice entry;
    enum ent_err r = ENT_OK;
    for (unsigned level = 0; level < 63 && r == ENT_OK; level++)
        if ((a->from >> level & 1) != 0)
            r = source.hash(source.ctx, &m.stack[level], level, (a->from >> level) - 1);
    if (r == ENT_E_AUTH)
        r = ENT_E_IO; /* the mirror is damaged, for which nobody else is to blame */
    while (r == ENT_OK && c.n > 0)
        if ((r = ent_bundle_next(&c, &entry)) == ENT_OK)
            ent_merkle_leaf(&m, entry);
    if (r == ENT_OK && m.n != a->to)
        r = ENT_E_FORMAT;
    if (r == ENT_OK)
        ent_merkle_root(&m, ret);
    return r;
}

static enum ent_err write_entries(struct ent_vlog *l, const struct ent_add_entries *a,
                                  const struct ent_hash32 *want, struct ent_diag *d)
{
    struct ent_cur c = ent_cur(a->entries);
    struct ent_hash32 root;
    struct ent_slice entry;
    enum ent_err r = ENT_OK;
    while (r == ENT_OK && c.n > 0)
        if ((r = ent_bundle_next(&c, &entry)) == ENT_OK)
            r = ent_tree_append(l->tree, entry);
    if (r == ENT_OK)
        r = ent_tree_flush(l->tree, d, &root);
    if (r == ENT_OK && memcmp(root.b, want->b, sizeof(root.b)) != 0)
        r = ENT_E_AUTH;
    return r == ENT_E_AUTH ? ENT_E_IO
                           : r; /* what was read back is another thing: the disk's fault */
}

enum ent_err ent_vlog_append(struct ent_view *v, struct ent_vlog *l,
                             const struct ent_add_entries *a, const struct ent_vhead *h,
                             struct ent_diag *d)
{
    struct ent_hash32 root;
    enum ent_err r;
    if ((r = ent_vlog_tree(v, l, d)) != ENT_OK)
        return r;
    if (l->mirrored != a->from || a->end != h->size)
        return ENT_E_STATE;
    if ((r = root_with(&root, l, a)) != ENT_OK ||
        (r = ent_merkle_check_consistency(a->to, &root, h->size, &h->root, a->proof.hash,
                                          a->proof.n)) != ENT_OK ||
        a->to == a->from)
        return r;
    if ((r = write_entries(l, a, &root, d)) == ENT_OK)
        r = ent_vlog_set_mirrored(v, l, a->to, &root);
    if (r != ENT_OK) { /* opened again, it is what it was */
        ent_tree_free(l->tree);
        l->tree = NULL;
        return r;
    }
    r = ent_vlog_settle_mirror(v, l);
    return r == ENT_E_AUTH ? ENT_OK : r; /* exposed is not damaged */
}
