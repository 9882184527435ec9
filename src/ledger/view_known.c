/* view_known.c: what the view tells those above it. */
#include "ledger/ledger.h"
#include "ledger/view_parts.h"

/* The head's bytes; nothing is appended where there is none. */
static enum ent_err put_head(struct ent_view *v, struct ent_vlog *l, struct ent_buf *b)
{
    if (ent_vlog_is_own(v, l))
        return ent_view_own_head(v, b);
    return l->has_head ? ent_vhead_write(b, v, l, &l->head) : ENT_OK;
}

enum ent_err ent_view_log(struct ent_view *v, struct ent_view_log *ret, const char *member,
                          unsigned generation)
{
    struct ent_checkpoint cp;
    struct ent_view_log out = {0};
    struct ent_buf b;
    enum ent_err r = ENT_E_NOTFOUND;
    ent_buf_init(&b, ENT_NOTE_MAX);
    ent_view_enter(v);
    struct ent_vlog *l = ent_vlog_of(v, member, generation);
    if (l == NULL || (r = ent_vlog_load(v, l, NULL)) != ENT_OK ||
        (r = put_head(v, l, &b)) != ENT_OK)
        goto out;
    r = b.n == 0 ? ENT_E_NOTFOUND
                 : ent_roster_check_head(v->roster, &out.standing, &cp, ent_buf_slice(&b), NULL);
    if (r != ENT_OK)
        goto out;
    out.member = l->member;
    out.generation = l->key->generation;
    memcpy(out.origin, l->origin, sizeof(out.origin));
    out.size = cp.size;
    out.root = cp.root;
    out.mirrored = ent_vlog_is_own(v, l) ? ent_log_size(v->opts.own) : l->mirrored;
    *ret = out;
out:
    ent_view_leave(v);
    ent_buf_release(&b);
    return r;
}

enum ent_err ent_view_head(struct ent_view *v, struct ent_buf *b, const char *member,
                           unsigned generation)
{
    size_t before = b->n;
    enum ent_err r = ENT_E_NOTFOUND;
    ent_view_enter(v);
    struct ent_vlog *l = ent_vlog_of(v, member, generation);
    if (l != NULL && (r = ent_vlog_load(v, l, NULL)) == ENT_OK)
        r = put_head(v, l, b);
    ent_view_leave(v);
    return r == ENT_OK && b->n == before ? ENT_E_NOTFOUND : r;
}

struct ent_tree *ent_view_tree(struct ent_view *v, const char *member, unsigned generation)
{
    struct ent_tree *ret = NULL;
    ent_view_enter(v);
    struct ent_vlog *l = ent_vlog_of(v, member, generation);
    if (l != NULL && ent_vlog_is_own(v, l))
        ret = ent_log_tree(v->opts.own);
    else if (l != NULL && ent_vlog_load(v, l, NULL) == ENT_OK && l->mirrored > 0 &&
             ent_vlog_tree(v, l, NULL) == ENT_OK && l->mirrored > 0)
        ret = l->tree;
    ent_view_leave(v);
    return ret;
}

enum ent_err ent_view_verdict(struct ent_view *v, struct ent_verdict_on *ret, const char *member,
                              int64_t now)
{
    struct ent_verdict_on out = {0};
    enum ent_err r = ENT_OK;
    ent_view_enter(v);
    struct ent_vlog *l = ent_vlog_of(v, member, 0);
    for (int k = ENT_MB_KINDS; k-- > 0;)
        if (ent_view_proof_of(v, member, (enum ent_misbehaviour_kind)k) != NULL) {
            out.exposed = true;
            out.kind = (enum ent_misbehaviour_kind)k;
        }
    if (l == NULL) {
        r = out.exposed ? ENT_OK : ENT_E_NOTFOUND;
    } else if (strcmp(member, v->opts.self) != 0 && (r = ent_vlog_load(v, l, NULL)) == ENT_OK) {
        ent_vlog_suspicions(v, l, &out, now);
    }
    ent_view_leave(v);
    if (r == ENT_OK)
        *ret = out;
    return r;
}

/* --- what was seen of all logs -----------------------------------------------------------------
 */

static enum ent_err known_head(struct ent_view *v, struct ent_vlog *l, struct ent_checkpoint *ret)
{
    struct ent_note note;
    enum ent_err r;
    if (!ent_vlog_is_own(v, l)) {
        if ((r = ent_vlog_load(v, l, NULL)) != ENT_OK)
            return r;
        *ret = (struct ent_checkpoint){ent_slice_str(l->origin), l->head.size, l->head.root};
        return l->has_head ? ENT_OK : ENT_E_NOTFOUND;
    }
    struct ent_slice head = ent_log_head(v->opts.own);
    if (head.n == 0)
        return ENT_E_NOTFOUND;
    if ((r = ent_note_parse(&note, head, NULL)) == ENT_OK)
        r = ent_checkpoint_parse(ret, note.text, NULL);
    return r;
}

enum ent_err ent_view_heads_root(struct ent_view *v, struct ent_hash32 *ret, struct ent_buf *list)
{
    struct ent_merkle m;
    struct ent_checkpoint cp;
    struct ent_buf line;
    enum ent_err r = ENT_OK;
    ent_buf_init(&line, ENT_CHECKPOINT_MAX + 1);
    ent_merkle_init(&m);
    ent_view_enter(v);
    for (size_t i = 0; i < v->logs; i++) {
        if ((r = known_head(v, &v->log[i], &cp)) == ENT_E_NOTFOUND) {
            r = ENT_OK;
            continue;
        }
        ent_buf_clear(&line);
        if (r != ENT_OK || (r = ent_checkpoint_encode(&line, &cp)) != ENT_OK ||
            (list != NULL && (r = ent_buf_put_slice(list, ent_buf_slice(&line))) != ENT_OK))
            break;
        ent_merkle_leaf(&m, ent_buf_slice(&line));
    }
    ent_view_leave(v);
    ent_buf_release(&line);
    if (r == ENT_OK)
        ent_merkle_root(&m, ret);
    return r;
}

/* --- does it fit -------------------------------------------------------------------------------
 */

static enum ent_err tree_has(struct ent_tree *t, uint64_t size, const struct ent_hash32 *root)
{
    struct ent_hash32 got;
    enum ent_err r = ent_tree_root(t, &got, size);
    if (r != ENT_OK)
        return r;
    return memcmp(got.b, root->b, sizeof(got.b)) == 0 ? ENT_OK : ENT_E_AUTH;
}

static enum ent_err fits_view(struct ent_view *v, struct ent_vlog *l, const struct ent_vhead *h)
{
    enum ent_err r;
    if (l->has_head && ent_vhead_same(&l->head, h))
        return ENT_OK;
    if ((r = ent_vlog_hear(v, l, h, 0)) != ENT_OK)
        return r;
    for (size_t i = 0; i < l->seen_n; i++)
        if (l->seen[i].settled && l->seen[i].size == h->size &&
            memcmp(l->seen[i].root.b, h->root.b, sizeof(h->root.b)) == 0 &&
            ent_view_proof_of(v, l->member->name, ENT_MB_FORK) == NULL)
            return ENT_OK;
    if (h->size > l->mirrored || ent_vlog_tree(v, l, NULL) != ENT_OK || h->size > l->mirrored)
        return ENT_E_STATE;
    return tree_has(l->tree, h->size, &h->root);
}

static enum ent_err fits(struct ent_view *v, struct ent_diag *d, struct ent_slice head,
                         struct ent_slice origin)
{
    struct ent_vlog *l = ent_vlog_by_origin(v, origin);
    struct ent_vhead h = {0};
    enum ent_err r;
    if (l == NULL)
        return ENT_E_AUTH;
    if ((r = ent_vlog_load(v, l, d)) != ENT_OK ||
        (r = ent_vhead_read(&h, v, l, head, l->has_head ? &l->head : NULL, d)) != ENT_OK)
        return r;
    if (!ent_vlog_is_own(v, l))
        return fits_view(v, l, &h);
    return h.size > ent_log_size(v->opts.own)
               ? ENT_E_STATE
               : tree_has(ent_log_tree(v->opts.own), h.size, &h.root);
}

enum ent_err ent_view_fits(struct ent_view *v, struct ent_diag *d, struct ent_slice head)
{
    struct ent_note note;
    struct ent_checkpoint cp;
    enum ent_err r;
    if ((r = ent_note_parse(&note, head, d)) != ENT_OK ||
        (r = ent_checkpoint_parse(&cp, note.text, d)) != ENT_OK)
        return r;
    ent_view_enter(v);
    r = fits(v, d, head, cp.origin);
    ent_view_leave(v);
    if (r == ENT_E_AUTH)
        return ent_fail(d, r, "the head fits nothing that is known of its log", 0, 0);
    return r == ENT_E_STATE
               ? ent_fail(d, r, "the head is newer than what is known of its log", 0, 0)
               : r;
}
