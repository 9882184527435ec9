/* view_head.c: a signed head as the view has it: verified when read, one form when written. */
#include "ledger/ledger.h"
#include "ledger/view_parts.h"

#define WITNESS_NAME (ENT_NAME_MAX + 16)

bool ent_vhead_same(const struct ent_vhead *a, const struct ent_vhead *b)
{
    return a->size == b->size && memcmp(a->root.b, b->root.b, sizeof(a->root.b)) == 0;
}

int64_t ent_vhead_time(const struct ent_vhead *h, size_t member)
{
    uint64_t t = 0;
    if (!ent_members_has(&h->by, member))
        return 0;
    for (size_t i = 0; i < 8; i++)
        t = t << 8 | h->cosig[member][i];
    return (int64_t)t;
}

bool ent_vhead_merge(struct ent_vhead *h, const struct ent_vhead *from)
{
    bool changed = false;
    ENT_ASSERT(ent_vhead_same(h, from));
    for (size_t i = 0; i < ENT_ROSTER_MEMBERS; i++) {
        if (ent_vhead_time(from, i) <= ent_vhead_time(h, i))
            continue;
        memcpy(h->cosig[i], from->cosig[i], ENT_COSIG_N);
        ent_members_add(&h->by, i);
        changed = true;
    }
    return changed;
}

/* --- reading -----------------------------------------------------------------------------------
 */

static const struct ent_note_sig *find(const struct ent_note *note, const char *name,
                                       const uint8_t id[static 4], size_t sig_n)
{
    for (size_t i = 0; i < note->sigs; i++) {
        const struct ent_note_sig *s = &note->sig[i];
        if (s->sig_n == sig_n && ent_slice_eq(s->name, ent_slice_str(name)) &&
            memcmp(s->id, id, 4) == 0)
            return s;
    }
    return NULL;
}

static enum ent_err read_log_sig(struct ent_vhead *h, const struct ent_vlog *l,
                                 const struct ent_note *note)
{
    uint8_t id[4];
    ent_note_key_id(id, l->origin, &l->key->pk);
    if (ent_note_check(note, l->origin, &l->key->pk) != ENT_OK)
        return ENT_E_AUTH;
    const struct ent_note_sig *s = find(note, l->origin, id, sizeof(h->sig));
    if (s == NULL)
        return ENT_E_AUTH;
    memcpy(h->sig, s->sig, sizeof(h->sig));
    return ENT_OK;
}

/* How often the witness with this name and key id is there. */
static size_t count(const struct ent_note *note, const char *name, const uint8_t id[static 4])
{
    size_t n = 0;
    for (size_t i = 0; i < note->sigs; i++)
        n += ent_slice_eq(note->sig[i].name, ent_slice_str(name)) &&
             memcmp(note->sig[i].id, id, 4) == 0;
    return n;
}

static enum ent_err read_cosig(struct ent_vhead *h, const struct ent_view *v,
                               const struct ent_note *note, const struct ent_vhead *known,
                               size_t member)
{
    const struct ent_roster_member *m = &v->roster->member[member];
    char name[WITNESS_NAME];
    uint8_t id[4];
    int64_t time;
    ent_key_name(name, m->name, "witness");
    ent_cosign_key_id(id, name, &m->witness);
    size_t n = count(note, name, id);
    if (n == 0)
        return ENT_OK;
    const struct ent_note_sig *s = find(note, name, id, ENT_COSIG_N);
    if (n > 1 || s == NULL)
        return ENT_E_AUTH;
    bool was = known != NULL && ent_members_has(&known->by, member) && ent_vhead_same(known, h) &&
               memcmp(known->cosig[member], s->sig, ENT_COSIG_N) == 0;
    if (!was && ent_cosign_check(note, &time, name, &m->witness) != ENT_OK)
        return ENT_E_AUTH;
    memcpy(h->cosig[member], s->sig, ENT_COSIG_N);
    ent_members_add(&h->by, member);
    return ENT_OK;
}

enum ent_err ent_vhead_read(struct ent_vhead *ret, const struct ent_view *v,
                            const struct ent_vlog *l, struct ent_slice note_bytes,
                            const struct ent_vhead *known, struct ent_diag *d)
{
    struct ent_note note;
    struct ent_checkpoint cp;
    struct ent_vhead h = {0};
    enum ent_err r;
    if ((r = ent_note_parse(&note, note_bytes, d)) != ENT_OK ||
        (r = ent_checkpoint_parse(&cp, note.text, d)) != ENT_OK)
        return r;
    if (!ent_slice_eq(cp.origin, ent_slice_str(l->origin)))
        return ent_fail(d, ENT_E_NOTFOUND, "the head is that of another log", 1, 0);
    h.size = cp.size;
    h.root = cp.root;
    if (read_log_sig(&h, l, &note) != ENT_OK)
        return ent_fail(d, ENT_E_AUTH, "the log's own signature of the head does not hold", 0, 0);
    for (size_t i = 0; i < v->roster->members; i++) {
        if (i != l->index && read_cosig(&h, v, &note, known, i) != ENT_OK)
            return ent_fail(d, ENT_E_AUTH, "a witness's signature of the head does not hold", 0, 0);
    }
    *ret = h;
    return ENT_OK;
}

enum ent_err ent_vhead_peek(struct ent_vhead *ret, const struct ent_view *v,
                            const struct ent_vlog *l, struct ent_slice note_bytes)
{
    struct ent_note note;
    struct ent_checkpoint cp;
    struct ent_vhead h = {0};
    char name[WITNESS_NAME];
    uint8_t id[4];
    enum ent_err r;
    if ((r = ent_note_parse(&note, note_bytes, NULL)) != ENT_OK ||
        (r = ent_checkpoint_parse(&cp, note.text, NULL)) != ENT_OK)
        return r;
    if (!ent_slice_eq(cp.origin, ent_slice_str(l->origin)))
        return ENT_E_NOTFOUND;
    h.size = cp.size;
    h.root = cp.root;
    for (size_t i = 0; i < v->roster->members && note.sigs > 1; i++) {
        ent_key_name(name, v->roster->member[i].name, "witness");
        ent_cosign_key_id(id, name, &v->roster->member[i].witness);
        if (count(&note, name, id) > 0)
            ent_members_add(&h.by, i);
    }
    *ret = h;
    return ENT_OK;
}

/* --- writing -----------------------------------------------------------------------------------
 */

static enum ent_err put_text(struct ent_buf *b, size_t *ret_n, const struct ent_vlog *l,
                             const struct ent_vhead *h)
{
    struct ent_checkpoint cp = {ent_slice_str(l->origin), h->size, h->root};
    enum ent_err r = ent_checkpoint_encode(b, &cp);
    *ret_n = b->n;
    return r;
}

static enum ent_err put_cosig(struct ent_buf *b, size_t text_n, const struct ent_view *v,
                              const struct ent_vhead *h, size_t member)
{
    const struct ent_roster_member *m = &v->roster->member[member];
    char name[WITNESS_NAME];
    uint8_t raw[4 + ENT_COSIG_N];
    ent_key_name(name, m->name, "witness");
    ent_cosign_key_id(raw, name, &m->witness);
    memcpy(raw + 4, h->cosig[member], ENT_COSIG_N);
    return ent_note_append(b, text_n, name, raw, sizeof(raw));
}

enum ent_err ent_vhead_write(struct ent_buf *b, const struct ent_view *v, const struct ent_vlog *l,
                             const struct ent_vhead *h)
{
    struct ent_buf note;
    uint8_t raw[4 + sizeof(h->sig)];
    size_t text_n;
    enum ent_err r;
    ent_buf_init(&note, ENT_NOTE_MAX);
    ent_note_key_id(raw, l->origin, &l->key->pk);
    memcpy(raw + 4, h->sig, sizeof(h->sig));
    if ((r = put_text(&note, &text_n, l, h)) == ENT_OK)
        r = ent_note_append(&note, text_n, l->origin, raw, sizeof(raw));
    for (size_t i = 0; i < v->roster->members && r == ENT_OK; i++)
        if (ent_members_has(&h->by, i))
            r = put_cosig(&note, text_n, v, h, i);
    if (r == ENT_OK)
        r = ent_buf_put_slice(b, ent_buf_slice(&note));
    ent_buf_release(&note);
    return r;
}

enum ent_err ent_vhead_line(struct ent_buf *b, const struct ent_view *v, const struct ent_vlog *l,
                            const struct ent_vhead *h, size_t member)
{
    struct ent_buf note;
    size_t text_n;
    enum ent_err r;
    ENT_ASSERT(ent_members_has(&h->by, member));
    ent_buf_init(&note, ENT_NOTE_MAX);
    if ((r = put_text(&note, &text_n, l, h)) == ENT_OK &&
        (r = put_cosig(&note, text_n, v, h, member)) == ENT_OK)
        r = ent_buf_put(b, note.p + text_n + 1, note.n - text_n - 1);
    ent_buf_release(&note);
    return r;
}
