/* view_witness.c: add-checkpoint of C2SP tlog-witness, with its checks in its order. */
#include "ledger/ledger.h"
#include "ledger/view_parts.h"

#define HASHES_MAX 63u /* as the specification says */

enum ent_err ent_hash_lines_parse(struct ent_cur *c, struct ent_merkle_proof *ret)
{
    struct ent_slice line;
    enum ent_err r;
    for (ret->n = 0;; ret->n++) {
        if ((r = ent_cur_line(c, &line)) != ENT_OK || line.n == 0)
            return r;
        if (ret->n == HASHES_MAX)
            return ENT_E_LIMIT;
        if (ent_base64_decode_exact(ret->hash[ret->n].b, 32, line) != ENT_OK)
            return ENT_E_FORMAT;
    }
}

enum ent_err ent_hash_lines_put(struct ent_buf *b, const struct ent_merkle_proof *p)
{
    char hash[ENT_BASE64_LEN(32)];
    enum ent_err r = ENT_OK;
    for (size_t i = 0; i < p->n && r == ENT_OK; i++) {
        ent_base64_encode(hash, p->hash[i].b, 32);
        r = ent_buf_printf(b, "%s\n", hash);
    }
    return r == ENT_OK ? ent_buf_putc(b, '\n') : r;
}

enum ent_err ent_add_checkpoint_parse(struct ent_add_checkpoint *ret, struct ent_slice body)
{
    struct ent_add_checkpoint a = {.old = 0};
    struct ent_slice line;
    struct ent_cur c = ent_cur(body);
    enum ent_err r;
    if ((r = ent_cur_expect(&c, ENT_SLICE_LIT("old "))) != ENT_OK ||
        (r = ent_cur_line(&c, &line)) != ENT_OK ||
        (r = ent_parse_u64(&a.old, line, ENT_CHECKPOINT_SIZE_MAX)) != ENT_OK ||
        (r = ent_hash_lines_parse(&c, &a.proof)) != ENT_OK)
        return r;
    if (c.n > ENT_NOTE_MAX)
        return ENT_E_LIMIT;
    a.note = ent_slice(c.p, c.n);
    *ret = a;
    return ENT_OK;
}

enum ent_err ent_add_checkpoint_encode(struct ent_buf *b, const struct ent_add_checkpoint *a)
{
    enum ent_err r = ent_buf_printf(b, "old %llu\n", (unsigned long long)a->old);
    if (r == ENT_OK)
        r = ent_hash_lines_put(b, &a->proof);
    return r == ENT_OK ? ent_buf_put_slice(b, a->note) : r;
}

/* --- the checks --------------------------------------------------------------------------------
 */

static unsigned refuse(struct ent_view_answer *ret, unsigned status, const char *why)
{
    ret->type = "text/plain; charset=utf-8";
    ent_buf_clear(&ret->body);
    enum ent_err r = ent_buf_printf(&ret->body, "%s\n", why);
    return r == ENT_OK ? status : 500;
}

static unsigned conflict(struct ent_view_answer *ret, uint64_t last)
{
    ret->type = "text/x.tlog.size";
    ent_buf_clear(&ret->body);
    enum ent_err r = ent_buf_printf(&ret->body, "%llu\n", (unsigned long long)last);
    return r == ENT_OK ? 409 : 500;
}

/* The last head that was cosigned here. The signer may know of a later one than our files: its
 * signature was lost when they could not be written. Who asks from there has it on. */
static enum ent_err last_head(const struct ent_view *v, struct ent_last_head *ret,
                              const struct ent_vlog *l, uint64_t old)
{
    struct ent_last_head by_signer;
    enum ent_err r = ENT_OK;
    *ret = (struct ent_last_head){.size = 0};
    ent_sha256_of(&ret->root, ent_slice(NULL, 0));
    if (l->has_head)
        *ret = (struct ent_last_head){.size = l->head.size, .root = l->head.root};
    if (old > ret->size && (r = ent_vlog_signed(v, l, &by_signer)) == ENT_OK &&
        by_signer.size > ret->size)
        *ret = by_signer;
    return r;
}

/* Does the new head grow out of the last? 0, or the status that says no. */
static unsigned check_growth(struct ent_view_answer *ret, const struct ent_last_head *last,
                             const struct ent_add_checkpoint *a, const struct ent_vhead *h)
{
    struct ent_hash32 empty;
    ent_sha256_of(&empty, ent_slice(NULL, 0));
    if (h->size == 0 && memcmp(h->root.b, empty.b, sizeof(empty.b)) != 0)
        return refuse(ret, 422, "the root of an empty log is another one");
    if (a->old == 0 && a->proof.n > 0)
        return refuse(ret, 422, "a proof from the empty log has no hashes");
    if (a->old == h->size && memcmp(last->root.b, h->root.b, sizeof(last->root.b)) != 0)
        return refuse(ret, 422, "another root for this size was cosigned before");
    if (ent_merkle_check_consistency(a->old, &last->root, h->size, &h->root, a->proof.hash,
                                     a->proof.n) != ENT_OK)
        return refuse(ret, 422, "the consistency proof does not hold");
    return 0;
}

static unsigned check(struct ent_view *v, struct ent_view_answer *ret, struct ent_vlog *l,
                      const struct ent_add_checkpoint *a, const struct ent_vhead *h)
{
    struct ent_last_head last;
    if (!ent_vlog_is_open(v, l, h))
        return refuse(ret, 403, "the log is closed, or its member is exposed");
    if (a->old > h->size)
        return refuse(ret, 400, "the old size is above the new one");
    if (last_head(v, &last, l, a->old) != ENT_OK)
        return 500;
    if (a->old != last.size)
        return conflict(ret, last.size);
    unsigned status = check_growth(ret, &last, a, h);
    if (status == 0 && !ent_view_may_cosign(v))
        return refuse(ret, 503, "this node does not know whether it is an old copy of itself");
    return status;
}

/* It is cosigned only when it is on the disk. */
static unsigned accept(struct ent_view *v, struct ent_view_answer *ret, struct ent_vlog *l,
                       const struct ent_add_checkpoint *a, struct ent_vhead *h, const char *from,
                       int64_t now)
{
    bool grown = !l->has_head || h->size > l->head.size;
    size_t self = ent_view_index(v, v->opts.self);
    enum ent_err r = ent_vlog_equals(v, l, h);
    if (r == ENT_E_AUTH)
        return refuse(ret, 403, "the log has signed another root for this size");
    if (r != ENT_OK)
        return 500;
    if (l->has_head && ent_vhead_same(&l->head, h)) {
        bool newer = ent_vhead_merge(h, &l->head);
        (void)newer;
    }
    struct ent_last_head last;
    r = ent_vlog_cosign(v, l, h, a->old, &a->proof, now);
    if (r == ENT_E_STATE && last_head(v, &last, l, h->size) == ENT_OK && last.size > a->old)
        return conflict(ret, last.size);
    if (r == ENT_E_STATE || r == ENT_E_POLICY) /* it knows another one than lock/ says, or less */
        return refuse(ret, 503, "the signer of this node knows another head of this log");
    if (r != ENT_OK || ent_vlog_set_head(v, l, h) != ENT_OK)
        return 500;
    /* Anybody can have an old head cosigned again: nobody but its owner is alive by that. */
    if (grown || (from != NULL && strcmp(from, l->member->name) == 0))
        ent_vlog_heard(v, l, now);
    ent_buf_clear(&ret->body);
    ret->type = "text/plain; charset=utf-8";
    if (self == ENT_ROSTER_MEMBERS || !ent_members_has(&h->by, self))
        return refuse(ret, 403, "this node has no witness key in the pact");
    return ent_vhead_line(&ret->body, v, l, h, self) == ENT_OK ? 200 : 500;
}

static unsigned add_checkpoint(struct ent_view *v, struct ent_view_answer *ret, const char *from,
                               struct ent_slice body, int64_t now)
{
    struct ent_add_checkpoint a;
    struct ent_note note;
    struct ent_checkpoint cp;
    struct ent_vhead h;
    if (ent_add_checkpoint_parse(&a, body) != ENT_OK ||
        ent_note_parse(&note, a.note, NULL) != ENT_OK ||
        ent_checkpoint_parse(&cp, note.text, NULL) != ENT_OK)
        return refuse(ret, 400, "not a request to add a checkpoint");
    struct ent_vlog *l = ent_vlog_by_origin(v, cp.origin);
    if (l == NULL)
        return refuse(ret, 404, "no log of this pact");
    if (ent_vlog_load(v, l, NULL) != ENT_OK)
        return 500;
    if (ent_vhead_read(&h, v, l, a.note, l->has_head ? &l->head : NULL, NULL) != ENT_OK)
        return refuse(ret, 403, "a signature of the checkpoint is missing or does not hold");
    if (ent_vlog_is_own(v, l) || !ent_view_is_witness(v))
        return refuse(ret, 403, "not a witness of this log");
    unsigned status = check(v, ret, l, &a, &h);
    if (status == 0)
        return accept(v, ret, l, &a, &h, from, now);
    /* Refused, and kept: it may be half of a proof. */
    enum ent_err r = ent_vlog_hear(v, l, &h, now);
    return r == ENT_OK || r == ENT_E_AUTH ? status : 500;
}

void ent_view_add_checkpoint(struct ent_view *v, struct ent_view_answer *ret, const char *from,
                             struct ent_slice body, int64_t now)
{
    ret->status = add_checkpoint(v, ret, from, body, now);
    if (ret->status == 500)
        ent_buf_clear(&ret->body);
}
