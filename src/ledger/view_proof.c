/* view_proof.c: proofs of misbehaviour. One of each kind for a member is enough, so that nobody can
 * fill a disk by misbehaving a thousand times. */
#include "ledger/ledger.h"
#include "ledger/view_parts.h"

#define LIST      "exposed/list"
#define LIST_LINE (ENT_NAME_MAX + 1 + 10 + 1 + 64 + 1)
#define LIST_MAX  (ENT_PROOFS_MAX * LIST_LINE + ENT_CHECK_LINE + 1)

static void file_name(char ret[static ENT_DISK_NAME_MAX], const char *member,
                      const struct ent_hash32 *hash)
{
    char hex[ENT_HEX_LEN(4)];
    ent_hex_encode(hex, hash->b, 4);
    (void)snprintf(ret, ENT_DISK_NAME_MAX, "exposed/%s-%s", member, hex);
}

static void proof_free(struct ent_vproof *p)
{
    if (p != NULL)
        ent_buf_release(&p->bytes);
    free(p);
}

void ent_view_drop_proofs(struct ent_view *v)
{
    for (size_t i = 0; i < v->proofs; i++)
        proof_free(v->proof[i]);
    v->proofs = 0;
    memset(&v->proofs_file, 0, sizeof(v->proofs_file));
}

const struct ent_vproof *ent_view_proof(const struct ent_view *v, const struct ent_hash32 *hash)
{
    for (size_t i = 0; i < v->proofs; i++)
        if (memcmp(v->proof[i]->hash.b, hash->b, sizeof(hash->b)) == 0)
            return v->proof[i];
    return NULL;
}

const struct ent_vproof *ent_view_proof_of(const struct ent_view *v, const char *member,
                                           enum ent_misbehaviour_kind kind)
{
    for (size_t i = 0; i < v->proofs; i++)
        if (v->proof[i]->holds && v->proof[i]->m.kind == kind &&
            strcmp(v->proof[i]->member, member) == 0)
            return v->proof[i];
    return NULL;
}

/* --- parsing and checking ----------------------------------------------------------------------
 */

static enum ent_err check(const struct ent_view *v, const struct ent_misbehaviour *m,
                          struct ent_diag *d)
{
    if (m->kind == ENT_MB_VOTE && v->opts.check_vote != NULL)
        return v->opts.check_vote(v->opts.ctx, m, d);
    return ent_misbehaviour_check(m, v->roster, d);
}

/* Whose log a head is of. */
static struct ent_vlog *log_of_head(struct ent_view *v, struct ent_slice note_bytes)
{
    struct ent_note note;
    struct ent_checkpoint cp;
    if (ent_note_parse(&note, note_bytes, NULL) != ENT_OK ||
        ent_checkpoint_parse(&cp, note.text, NULL) != ENT_OK)
        return NULL;
    return ent_vlog_by_origin(v, cp.origin);
}

/* As it is kept: without the pact, in one form, checked. *ret is the caller's to free. */
static enum ent_err proof_new(struct ent_vproof **ret, struct ent_view *v, struct ent_slice bytes,
                              struct ent_diag *d)
{
    struct ent_misbehaviour m;
    const struct ent_roster_member *member;
    struct ent_vproof *p = NULL;
    enum ent_err r;
    if ((r = ent_misbehaviour_parse(&m, bytes, d)) != ENT_OK)
        return r;
    if ((member = ent_roster_member(v->roster, m.member)) == NULL)
        return ent_fail(d, ENT_E_AUTH, "a proof against somebody who is no member", 0, 0);
    m.pact = ent_slice(NULL, 0);
    if ((p = calloc(1, sizeof(*p))) == NULL)
        return ENT_E_NOMEM;
    ent_buf_init(&p->bytes, ENT_PROOF_MAX);
    if ((r = ent_misbehaviour_encode(&p->bytes, &m)) != ENT_OK ||
        (r = ent_misbehaviour_parse(&p->m, ent_buf_slice(&p->bytes), d)) != ENT_OK ||
        (r = check(v, &p->m, d)) != ENT_OK)
        goto out;
    const struct ent_vlog *l = m.kind == ENT_MB_FORK ? log_of_head(v, p->m.a) : NULL;
    p->generation = l != NULL ? l->key->generation
                              : (member->logs > 0 ? member->log[member->logs - 1].generation : 0);
    (void)snprintf(p->member, sizeof(p->member), "%s", m.member);
    ent_sha256_of(&p->hash, ent_buf_slice(&p->bytes));
    p->holds = true;
    *ret = p;
    p = NULL;
out:
    proof_free(p);
    return r;
}

/* --- on the disk -------------------------------------------------------------------------------
 */

static enum ent_err write_list(struct ent_view *v)
{
    struct ent_buf b;
    char hex[ENT_HEX_LEN(32)];
    enum ent_err r = ENT_OK;
    ent_buf_init(&b, LIST_MAX);
    for (size_t i = 0; i < v->proofs && r == ENT_OK; i++) {
        ent_hex_encode(hex, v->proof[i]->hash.b, sizeof(v->proof[i]->hash.b));
        r = ent_buf_printf(&b, "%s %u %s\n", v->proof[i]->member, v->proof[i]->generation, hex);
    }
    if (r == ENT_OK)
        r = ent_check_add(&b);
    if (r == ENT_OK)
        r = v->opts.disk->replace(v->opts.disk->ctx, LIST, ent_buf_slice(&b));
    if (r == ENT_OK)
        ent_sha256_of(&v->proofs_file, ent_buf_slice(&b));
    ent_buf_release(&b);
    return r;
}

/* A line of the list and its file. What does not hold stays in the list and counts for nothing. Of
 * a damaged list the numbers of logs are not believed: a proof concerns all that the member has. */
static enum ent_err load_one(struct ent_view *v, struct ent_slice line, bool damaged)
{
    char name[ENT_DISK_NAME_MAX], hex[ENT_HEX_LEN(32)];
    struct ent_vproof listed = {0}, *p = NULL;
    struct ent_lines in;
    struct ent_buf b;
    enum ent_err r;
    ent_lines_start(&in, line);
    in.inside = true;
    in.rest = line;
    ent_lines_str(&in, listed.member, sizeof(listed.member));
    listed.generation = (unsigned)ent_lines_u64(&in, UINT32_MAX);
    ent_lines_str(&in, hex, sizeof(hex));
    if (in.err != ENT_OK || !ent_name_is_valid(ent_slice_str(listed.member)) ||
        ent_hex_decode(listed.hash.b, 32, ent_slice_str(hex)) != ENT_OK)
        return ENT_OK;
    if (ent_view_proof(v, &listed.hash) != NULL || v->proofs == ENT_PROOFS_MAX)
        return ENT_OK;
    ent_buf_init(&b, ENT_PROOF_MAX);
    file_name(name, listed.member, &listed.hash);
    if ((r = ent_disk_load(v->opts.disk, &b, name)) == ENT_OK)
        r = proof_new(&p, v, ent_buf_slice(&b), NULL);
    ent_buf_release(&b);
    if (r == ENT_E_IO || r == ENT_E_NOMEM)
        return r;
    if (r == ENT_OK && memcmp(p->hash.b, listed.hash.b, sizeof(p->hash.b)) != 0) {
        proof_free(p);
        p = NULL;
    }
    if (p == NULL && (p = calloc(1, sizeof(*p))) == NULL)
        return ENT_E_NOMEM;
    bool holds = p->holds;
    if (!holds) {
        *p = listed;
        p->told = true;
    }
    if (!damaged)
        p->generation = listed.generation;
    v->proof[v->proofs++] = p;
    return ENT_OK;
}

/* A damaged list is written again from the proofs that it still leads to; the others come back from
 * whoever has them. */
static enum ent_err mend_list(struct ent_view *v)
{
    size_t kept = 0;
    if (!ent_view_is_witness(v))
        return ENT_OK;
    for (size_t i = 0; i < v->proofs; i++)
        if (v->proof[i]->holds)
            v->proof[kept++] = v->proof[i];
        else
            proof_free(v->proof[i]);
    v->proofs = kept;
    enum ent_err r = write_list(v);
    if (r == ENT_OK && v->opts.mended != NULL)
        v->opts.mended(v->opts.ctx, LIST);
    return r;
}

enum ent_err ent_view_load_proofs(struct ent_view *v)
{
    struct ent_buf b;
    struct ent_hash32 hash;
    struct ent_slice line;
    char with_blank[LIST_LINE + 2];
    ent_buf_init(&b, LIST_MAX);
    enum ent_err r = ent_disk_load(v->opts.disk, &b, LIST);
    if (r == ENT_E_NOTFOUND)
        r = ENT_OK;
    ent_sha256_of(&hash, ent_buf_slice(&b));
    if (r != ENT_OK || memcmp(hash.b, v->proofs_file.b, sizeof(hash.b)) == 0)
        goto out;
    struct ent_slice lines = ent_buf_slice(&b);
    bool damaged = b.n > 0 && ent_check_take(&lines) != ENT_OK;
    struct ent_cur c = ent_cur(lines);
    while (r == ENT_OK && ent_cur_line(&c, &line) == ENT_OK) {
        int n =
            snprintf(with_blank, sizeof(with_blank), " %.*s", (int)line.n, (const char *)line.p);
        if (n > 0 && (size_t)n < sizeof(with_blank))
            r = load_one(v, ent_slice_str(with_blank), damaged);
    }
    if (r == ENT_OK)
        v->proofs_file = hash;
    if (r == ENT_OK && damaged)
        r = mend_list(v);
out:
    ent_buf_release(&b);
    return r;
}

const char *ent_view_ignored(const struct ent_view *v, size_t i)
{
    for (size_t k = 0; k < v->proofs; k++)
        if (!v->proof[k]->holds && i-- == 0)
            return v->proof[k]->member;
    return NULL;
}

/* --- adding ------------------------------------------------------------------------------------
 */

/* The same one, which was not to be read any more, has come back. */
static void drop_damaged(struct ent_view *v, const struct ent_vproof *p)
{
    char name[ENT_DISK_NAME_MAX];
    for (size_t i = 0; i < v->proofs; i++) {
        struct ent_vproof *old = v->proof[i];
        if (old->holds || memcmp(old->hash.b, p->hash.b, sizeof(p->hash.b)) != 0)
            continue;
        proof_free(old);
        v->proof[i] = v->proof[--v->proofs];
        file_name(name, p->member, &p->hash);
        if (v->opts.mended != NULL)
            v->opts.mended(v->opts.ctx, name);
        return;
    }
}

/* The file first: a list never names what is not there. *p is taken over. */
static enum ent_err keep(struct ent_view *v, struct ent_vproof **p)
{
    char name[ENT_DISK_NAME_MAX];
    enum ent_err r;
    if (v->proofs == ENT_PROOFS_MAX)
        return ENT_E_LIMIT;
    file_name(name, (*p)->member, &(*p)->hash);
    r = v->opts.disk->replace(v->opts.disk->ctx, name, ent_buf_slice(&(*p)->bytes));
    if (r != ENT_OK)
        return r;
    drop_damaged(v, *p);
    v->proof[v->proofs++] = *p;
    if ((r = write_list(v)) != ENT_OK)
        v->proofs--;
    else
        *p = NULL;
    return r;
}

static enum ent_err add(struct ent_view *v, struct ent_slice bytes, struct ent_diag *d,
                        const struct ent_vproof **ret)
{
    struct ent_vproof *p = NULL;
    enum ent_err r = proof_new(&p, v, bytes, d);
    if (p == NULL)
        return r;
    if (r == ENT_OK && ent_view_proof_of(v, p->member, p->m.kind) != NULL)
        r = ENT_E_EXISTS;
    if (r == ENT_OK)
        r = keep(v, &p);
    if (r == ENT_OK && ret != NULL)
        *ret = v->proof[v->proofs - 1];
    proof_free(p);
    return r;
}

static enum ent_err add_made(struct ent_view *v, struct ent_misbehaviour *m)
{
    struct ent_buf b;
    ent_buf_init(&b, ENT_PROOF_MAX);
    m->pact = ent_slice(NULL, 0);
    enum ent_err r = ent_misbehaviour_encode(&b, m);
    if (r == ENT_OK)
        r = add(v, ent_buf_slice(&b), NULL, NULL);
    ent_buf_release(&b);
    return r;
}

/* Whoever cosigned both heads of a fork said of each that it was consistent with all before. */
static enum ent_err add_witnesses(struct ent_view *v, const struct ent_vlog *l,
                                  const struct ent_misbehaviour *fork)
{
    struct ent_vhead a, b;
    enum ent_err r;
    if (ent_vhead_read(&a, v, l, fork->a, NULL, NULL) != ENT_OK ||
        ent_vhead_read(&b, v, l, fork->b, NULL, NULL) != ENT_OK)
        return ENT_OK;
    for (size_t i = 0; i < v->roster->members; i++) {
        struct ent_misbehaviour m = *fork;
        if (!ent_members_has(&a.by, i) || !ent_members_has(&b.by, i))
            continue;
        m.kind = ENT_MB_WITNESS;
        (void)snprintf(m.member, sizeof(m.member), "%s", v->roster->member[i].name);
        r = add_made(v, &m);
        if (r != ENT_OK && r != ENT_E_EXISTS && r != ENT_E_AUTH)
            return r;
    }
    return ENT_OK;
}

enum ent_err ent_view_add_proof(struct ent_view *v, struct ent_slice bytes, struct ent_diag *d)
{
    const struct ent_vproof *p = NULL;
    enum ent_err r = add(v, bytes, d, &p);
    if (p == NULL || p->m.kind != ENT_MB_FORK)
        return r;
    const struct ent_vlog *l = log_of_head(v, p->m.a);
    return l == NULL ? ENT_OK : add_witnesses(v, l, &p->m);
}

/* "Not found" means that two heads are consistent: a hash that is not found must not say so. */
static enum ent_err guarded_hash(void *ctx, struct ent_hash32 *ret, unsigned level, uint64_t index)
{
    const struct ent_merkle_source *s = ctx;
    enum ent_err r = s == NULL ? ENT_E_PEER : s->hash(s->ctx, ret, level, index);
    return r == ENT_E_NOTFOUND ? ENT_E_PEER : r;
}

/* A source that cannot give everything, or gives what does not lead to the root, shows nothing. */
enum ent_err ent_vlog_compare(struct ent_view *v, struct ent_vlog *l, const struct ent_vhead *a,
                              const struct ent_vhead *b, const struct ent_merkle_source *larger)
{
    struct ent_merkle_source source = {.hash = guarded_hash};
    struct ent_misbehaviour m;
    struct ent_buf na, nb;
    enum ent_err r;
    memcpy(&source.ctx, &larger, sizeof(source.ctx)); /* it is only read */
    ent_buf_init(&na, ENT_NOTE_MAX);
    ent_buf_init(&nb, ENT_NOTE_MAX);
    if ((r = ent_vhead_write(&na, v, l, a)) != ENT_OK ||
        (r = ent_vhead_write(&nb, v, l, b)) != ENT_OK)
        goto out;
    r = ent_misbehaviour_of_heads(&m, v->roster, ent_buf_slice(&na), ent_buf_slice(&nb),
                                  a->size == b->size ? NULL : &source);
    if (r == ENT_E_NOTFOUND) {
        r = ENT_OK;
    } else if (r == ENT_E_POLICY) {
        r = ENT_OK; /* in dispute: nobody's fault */
    } else if (r == ENT_E_AUTH || r == ENT_E_FORMAT) {
        r = ENT_E_PEER;
    } else if (r == ENT_OK) {
        r = add_made(v, &m);
        if (r == ENT_OK || r == ENT_E_EXISTS)
            r = add_witnesses(v, l, &m);
        r = r == ENT_OK ? ENT_E_AUTH : r;
    }
out:
    ent_buf_release(&na);
    ent_buf_release(&nb);
    return r;
}

/* --- for others --------------------------------------------------------------------------------
 */

enum ent_err ent_view_accuse(struct ent_view *v, struct ent_diag *d, struct ent_slice proof)
{
    ent_view_enter(v);
    enum ent_err r = ent_view_add_proof(v, proof, d);
    ent_view_leave(v);
    return r;
}

/* With the pact, so that each is good for somebody who has nothing else. */
enum ent_err ent_view_each_proof(struct ent_view *v, void *ctx,
                                 enum ent_err (*each)(void *ctx, struct ent_slice proof))
{
    struct ent_buf b;
    enum ent_err r = ENT_OK;
    ent_buf_init(&b, ENT_MISBEHAVIOUR_MAX);
    for (size_t i = 0;; i++) {
        bool any = false;
        ent_view_enter(v);
        if (i < v->proofs && v->proof[i]->holds) {
            struct ent_misbehaviour m = v->proof[i]->m;
            m.pact = ent_buf_slice(&v->chain);
            ent_buf_clear(&b);
            r = ent_misbehaviour_encode(&b, &m);
            any = r == ENT_OK;
        }
        bool last = i + 1 >= v->proofs;
        ent_view_leave(v);
        if (any)
            r = each(ctx, ent_buf_slice(&b));
        if (r != ENT_OK || last)
            break;
    }
    ent_buf_release(&b);
    return r;
}
