/* view_submit.c: our newest head to a witness, and what comes back into what we publish. */
#include "ledger/ledger.h"
#include "ledger/view_parts.h"

#define TRIES 4

void ent_view_origin_hash(char ret[static ENT_HEX_LEN(32)], const char *origin)
{
    struct ent_hash32 h;
    ent_sha256_of(&h, ent_slice_str(origin));
    ent_hex_encode(ret, h.b, sizeof(h.b));
}

struct submission {
    struct ent_view *v;
    struct ent_diag *d;
    const struct ent_wire *wire;
    const char *member;
    size_t index;        /* of the witness */
    struct ent_buf head; /* what is submitted: our signature alone */
    struct ent_buf body, answer;
    uint64_t size;
};

/* The request, from what is known of the witness. */
static enum ent_err prepare(struct submission *s)
{
    struct ent_view *v = s->v;
    struct ent_log *own = v->opts.own;
    struct ent_vlog *l = own == NULL ? NULL : ent_vlog_of(v, v->opts.self, 0);
    struct ent_add_checkpoint a = {.old = 0};
    struct ent_vhead h;
    enum ent_err r;
    if (l == NULL || s->index == ENT_ROSTER_MEMBERS || s->index == l->index)
        return ent_fail(s->d, ENT_E_NOTFOUND, "there is no such witness of a log here", 0, 0);
    struct ent_slice head = ent_log_head(own);
    if (head.n == 0)
        return ent_fail(s->d, ENT_E_STATE, "nothing was said yet that could be witnessed", 0, 0);
    if ((r = ent_vhead_peek(&h, v, l, head)) != ENT_OK)
        return r;
    if (v->witnessed[s->index] > h.size)
        v->witnessed[s->index] = h.size;
    a.old = v->witnessed[s->index];
    struct ent_merkle_source source = ent_tree_source(ent_log_tree(own));
    s->size = h.size;
    ent_buf_clear(&s->head);
    ent_buf_clear(&s->body);
    if ((r = ent_merkle_prove_consistency(&a.proof, a.old, h.size, &source)) != ENT_OK ||
        (r = ent_buf_put_slice(&s->head, head)) != ENT_OK)
        return r;
    a.note = head;
    return ent_add_checkpoint_encode(&s->body, &a);
}

/* Its cosignature, into the newest head that others see. */
static enum ent_err take_cosignature(struct submission *s)
{
    struct ent_view *v = s->v;
    struct ent_vlog *l = ent_vlog_of(v, v->opts.self, 0);
    struct ent_vhead h, published;
    struct ent_buf b;
    enum ent_err r;
    if (l == NULL)
        return ENT_E_STATE;
    ent_buf_init(&b, ENT_NOTE_MAX);
    if ((r = ent_buf_put_slice(&s->head, ent_buf_slice(&s->answer))) != ENT_OK ||
        (r = ent_vhead_read(&h, v, l, ent_buf_slice(&s->head), NULL, s->d)) != ENT_OK ||
        !ent_members_has(&h.by, s->index)) {
        r = ent_fail(s->d, ENT_E_PEER, "the answer of a witness is not its cosignature", 0, 0);
        goto out;
    }
    h.by = (struct ent_members){{0}};
    ent_members_add(&h.by, s->index);
    if (v->witnessed[s->index] == h.size) /* a heartbeat: time to ask what it mirrors, too */
        ent_members_remove(&v->told, s->index);
    v->witnessed[s->index] = h.size;
    if ((r = ent_view_own_head(v, &b)) != ENT_OK ||
        (r = ent_vhead_read(&published, v, l, ent_buf_slice(&b), NULL, s->d)) != ENT_OK)
        goto out;
    if (ent_vhead_same(&h, &published)) {
        if (ent_vhead_merge(&published, &h))
            h = published;
        else
            goto out;
    } else if (h.size < published.size) {
        goto out; /* the log went on, and others have cosigned that */
    }
    ent_buf_clear(&b);
    if ((r = ent_vhead_write(&b, v, l, &h)) == ENT_OK)
        r = ent_log_publish(v->opts.own, s->d, ent_buf_slice(&b));
out:
    ent_buf_release(&b);
    return r;
}

/* It has a larger head of ours than we have, or another one: which? */
static enum ent_err ask_what_it_has(struct submission *s)
{
    static const char parts[] = ENT_VIEW_PREFIX "witness/%s/checkpoint";
    char path[sizeof(parts) + ENT_HEX_LEN(32)], hex[ENT_HEX_LEN(32)];
    const struct ent_vlog *l;
    unsigned status;
    ent_view_enter(s->v);
    if ((l = ent_vlog_of(s->v, s->v->opts.self, 0)) != NULL)
        ent_view_origin_hash(hex, l->origin);
    ent_view_leave(s->v);
    if (l == NULL)
        return ENT_E_STATE;
    (void)snprintf(path, sizeof(path), parts, hex);
    ent_buf_clear(&s->answer);
    enum ent_err r = s->wire->call(s->wire->ctx, &status, &s->answer, s->member, "GET", path,
                                   ent_slice(NULL, 0));
    if (r != ENT_OK || status != 200)
        return ent_fail(s->d, ENT_E_PEER, "a witness claims a head of ours and does not show it", 0,
                        0);
    ent_view_enter(s->v);
    ent_view_heard_own(s->v, ent_buf_slice(&s->answer), s->index);
    bool old = ent_log_state(s->v->opts.own) == ENT_LOG_OLD;
    ent_view_leave(s->v);
    return old ? ent_fail(s->d, ENT_E_STATE, "a witness holds a later head of our own log", 0, 0)
               : ent_fail(s->d, ENT_E_PEER, "a witness claims a head of ours and does not show it",
                          0, 0);
}

/* What the answer means. *ret_again: the witness said where to begin. */
static enum ent_err judge(struct submission *s, unsigned status, bool *ret_again)
{
    struct ent_slice line;
    struct ent_cur c = ent_cur(ent_buf_slice(&s->answer));
    uint64_t has;
    enum ent_err r = ENT_OK;
    *ret_again = false;
    if (status == 200) {
        ent_view_enter(s->v);
        if ((r = take_cosignature(s)) == ENT_OK) /* it holds what we hold */
            ent_view_heard_own(s->v, ent_buf_slice(&s->head), s->index);
        ent_view_leave(s->v);
        return r;
    }
    if (status == 409) {
        if (ent_cur_line(&c, &line) != ENT_OK || ent_cur_end(&c) != ENT_OK ||
            ent_parse_u64(&has, line, ENT_CHECKPOINT_SIZE_MAX) != ENT_OK)
            return ent_fail(s->d, ENT_E_PEER, "a witness answers with a size that is none", 0, 0);
        if (has > s->size)
            return ask_what_it_has(s);
        ent_view_enter(s->v);
        s->v->witnessed[s->index] = has;
        ent_view_leave(s->v);
        *ret_again = true;
        return ENT_OK;
    }
    if (status == 422) {
        r = ask_what_it_has(s);
        return r == ENT_E_STATE ? r
                                : ent_fail(s->d, ENT_E_POLICY,
                                           "a witness does not find our head consistent", 0, 0);
    }
    if (status == 403 || status == 404)
        return ent_fail(s->d, ENT_E_POLICY, "a witness refuses our log", 0, 0);
    return ent_fail(s->d, ENT_E_PEER, "a witness fails", 0, 0);
}

enum ent_err ent_view_submit(struct ent_view *v, struct ent_diag *d, const struct ent_wire *wire,
                             const char *member, int64_t now)
{
    struct submission s = {.v = v, .d = d, .wire = wire, .member = member};
    bool again = true;
    unsigned status;
    enum ent_err r = ENT_OK;
    (void)now; /* the time in a cosignature is its witness's */
    ent_buf_init(&s.head, 2 * ENT_NOTE_MAX);
    ent_buf_init(&s.body, ENT_WITNESS_MAX);
    ent_buf_init(&s.answer, ENT_NOTE_MAX);
    for (int i = 0; i < TRIES && again && r == ENT_OK; i++) {
        ent_view_enter(v);
        s.index = ent_view_index(v, member);
        r = prepare(&s);
        ent_view_leave(v);
        ent_buf_clear(&s.answer);
        if (r == ENT_OK)
            r = wire->call(wire->ctx, &status, &s.answer, member, "POST",
                           ENT_VIEW_PREFIX "witness/add-checkpoint", ent_buf_slice(&s.body));
        if (r == ENT_OK)
            r = judge(&s, status, &again);
    }
    if (r == ENT_OK && again)
        r = ent_fail(d, ENT_E_PEER, "a witness names another size each time", 0, 0);
    ent_buf_release(&s.head);
    ent_buf_release(&s.body);
    ent_buf_release(&s.answer);
    return r;
}
