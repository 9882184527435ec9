/* view.c: what is known of everybody's logs, and what is on the disk of it. */
#include "ledger/ledger.h"
#include "ledger/view_parts.h"

/* --- the lock ----------------------------------------------------------------------------------
 */

static void lock(const struct ent_view *v)
{
    if (v->opts.lock != NULL)
        v->opts.lock(v->opts.ctx);
}

static void unlock(const struct ent_view *v)
{
    if (v->opts.unlock != NULL)
        v->opts.unlock(v->opts.ctx);
}

/* A list that cannot be read leaves what was known: nobody becomes innocent by an error. What ails
 * our own log is told by its state. */
void ent_view_enter(struct ent_view *v)
{
    lock(v);
    enum ent_err ignored = ent_view_load_proofs(v);
    if (v->opts.own != NULL)
        ignored = ent_log_refresh(v->opts.own, NULL);
    (void)ignored;
}

static const struct ent_vproof *untold(struct ent_view *v)
{
    for (size_t i = 0; i < v->proofs; i++)
        if (!v->proof[i]->told) {
            v->proof[i]->told = true;
            return v->proof[i];
        }
    return NULL;
}

void ent_view_leave(struct ent_view *v)
{
    const struct ent_vproof *p;
    while ((p = untold(v)) != NULL && v->opts.exposed != NULL) {
        struct ent_misbehaviour m = p->m;
        unlock(v);
        v->opts.exposed(v->opts.ctx, &m);
        lock(v);
    }
    unlock(v);
}

/* --- which logs there are ----------------------------------------------------------------------
 */

static void vlog_release(struct ent_vlog *l)
{
    ent_tree_free(l->tree);
    free(l->seen);
}

static int by_origin(const void *a, const void *b)
{
    return strcmp(((const struct ent_vlog *)a)->origin, ((const struct ent_vlog *)b)->origin);
}

static void drop_logs(struct ent_view *v)
{
    for (size_t i = 0; i < v->logs; i++)
        vlog_release(&v->log[i]);
    free(v->log);
    v->log = NULL;
    v->logs = 0;
}

static enum ent_err make_logs(struct ent_view *v)
{
    size_t n = 0;
    for (size_t i = 0; i < v->roster->members; i++)
        n += v->roster->member[i].logs;
    if ((v->log = calloc(n + 1, sizeof(*v->log))) == NULL)
        return ENT_E_NOMEM;
    for (size_t i = 0; i < v->roster->members; i++) {
        const struct ent_roster_member *m = &v->roster->member[i];
        for (size_t k = 0; k < m->logs; k++) {
            struct ent_vlog *l = &v->log[v->logs++];
            *l = (struct ent_vlog){.member = m, .key = &m->log[k], .index = i};
            ent_roster_origin(v->roster, l->origin, m->name, m->log[k].generation);
            l->past = strcmp(m->name, v->opts.self) == 0 && k + 1 < m->logs;
            if (l->past)
                (void)snprintf(l->dir, sizeof(l->dir), "log/%u", m->log[k].generation);
            else
                (void)snprintf(l->dir, sizeof(l->dir), "mirror/%s/%u", m->name,
                               m->log[k].generation);
            ent_sha256_of(&l->mirrored_root, ent_slice(NULL, 0));
        }
    }
    qsort(v->log, v->logs, sizeof(*v->log), by_origin);
    return ENT_OK;
}

struct ent_vlog *ent_vlog_by_origin(struct ent_view *v, struct ent_slice origin)
{
    for (size_t i = 0; i < v->logs; i++)
        if (ent_slice_eq(origin, ent_slice_str(v->log[i].origin)))
            return &v->log[i];
    return NULL;
}

struct ent_vlog *ent_vlog_of(struct ent_view *v, const char *member, unsigned generation)
{
    struct ent_vlog *newest = NULL;
    for (size_t i = 0; i < v->logs; i++) {
        struct ent_vlog *l = &v->log[i];
        if (strcmp(l->member->name, member) != 0 ||
            (generation != 0 && l->key->generation != generation))
            continue;
        if (newest == NULL || l->key->generation > newest->key->generation)
            newest = l;
    }
    return newest;
}

bool ent_vlog_is_own(const struct ent_view *v, const struct ent_vlog *l)
{
    return v->opts.own != NULL && strcmp(l->member->name, v->opts.self) == 0 &&
           l->key == &l->member->log[l->member->logs - 1];
}

/* --- making one --------------------------------------------------------------------------------
 */

/* Everything that depends on the roster; what is on the disk is read again when it is needed. */
static enum ent_err set_roster(struct ent_view *v, const struct ent_roster *roster,
                               struct ent_slice chain)
{
    enum ent_err r;
    drop_logs(v);
    ent_view_drop_proofs(v);
    *v->roster = *roster;
    v->epoch++;
    v->asked = (struct ent_members){{0}};
    v->told = (struct ent_members){{0}};
    memset(v->heard, 0, sizeof(v->heard));
    memset(v->witnessed, 0, sizeof(v->witnessed));
    ent_buf_clear(&v->chain);
    if ((r = ent_buf_put_slice(&v->chain, chain)) != ENT_OK || (r = make_logs(v)) != ENT_OK ||
        (r = ent_view_load_proofs(v)) != ENT_OK)
        return r;
    for (size_t i = 0; i < v->proofs; i++)
        v->proof[i]->told = true;
    return ENT_OK;
}

enum ent_err ent_view_new(struct ent_view **ret, struct ent_diag *d,
                          const struct ent_roster *roster, const struct ent_view_opts *opts)
{
    struct ent_view *v = calloc(1, sizeof(*v));
    enum ent_err r = ENT_E_NOMEM;
    if (v == NULL || (v->roster = malloc(sizeof(*v->roster))) == NULL)
        goto out;
    v->opts = *opts;
    ent_buf_init(&v->chain, ENT_MISBEHAVIOUR_MAX);
    lock(v);
    r = set_roster(v, roster, opts->chain);
    unlock(v);
    if (r != ENT_OK) {
        r = ent_fail(d, r, "cannot read the proofs of misbehaviour", 0, 0);
        goto out;
    }
    v->opts.chain = ent_slice(NULL, 0);
    *ret = v;
    v = NULL;
out:
    ent_view_free(v);
    return r;
}

void ent_view_free(struct ent_view *v)
{
    if (v == NULL)
        return;
    drop_logs(v);
    ent_view_drop_proofs(v);
    ent_buf_release(&v->chain);
    free(v->roster);
    free(v);
}

enum ent_err ent_view_set_roster(struct ent_view *v, const struct ent_roster *roster,
                                 struct ent_slice chain)
{
    ent_view_enter(v);
    enum ent_err r = set_roster(v, roster, chain);
    ent_view_leave(v);
    return r;
}

void ent_view_set_own(struct ent_view *v, struct ent_log *own)
{
    lock(v);
    v->opts.own = own;
    unlock(v);
}

/* --- one log on the disk -----------------------------------------------------------------------
 */

static void file_of(char ret[static ENT_DISK_NAME_MAX], const struct ent_vlog *l, const char *name)
{
    (void)snprintf(ret, ENT_DISK_NAME_MAX, "%s/%s", l->dir, name);
}

/* Not with the mirror: what was cosigned must not be forgotten when a backup comes back. */
static void head_file(char ret[static ENT_DISK_NAME_MAX], const struct ent_vlog *l)
{
    (void)snprintf(ret, ENT_DISK_NAME_MAX, "lock/heads/%s/%u", l->member->name, l->key->generation);
}

/* A head that is there and is not what we wrote is no reason to begin anew: what we cosigned
 * before would be forgotten. */
static enum ent_err load_head(struct ent_view *v, struct ent_vlog *l, struct ent_diag *d)
{
    char name[ENT_DISK_NAME_MAX];
    struct ent_hash32 hash;
    struct ent_vhead h;
    struct ent_buf b;
    ent_buf_init(&b, ENT_NOTE_MAX);
    head_file(name, l);
    enum ent_err r = ent_disk_load(v->opts.disk, &b, name);
    if (r == ENT_E_NOTFOUND) {
        r = l->has_head ? ent_fail(d, ENT_E_STATE, "the head of a log has vanished", 0, 0) : ENT_OK;
        goto out;
    }
    if (r != ENT_OK)
        goto out;
    ent_sha256_of(&hash, ent_buf_slice(&b));
    if (l->has_head && memcmp(hash.b, l->head_file.b, sizeof(hash.b)) == 0)
        goto out;
    r = ent_vhead_read(&h, v, l, ent_buf_slice(&b), l->has_head ? &l->head : NULL, d);
    /* Whoever wrote it may have died before it was there for good, and what we show of it we have
     * cosigned. */
    if (r == ENT_OK && v->opts.signer != NULL)
        r = v->opts.disk->sync(v->opts.disk->ctx, name);
    if (r != ENT_OK)
        goto out;
    l->head = h;
    l->has_head = true;
    l->head_file = hash;
out:
    ent_buf_release(&b);
    return r;
}

/* The mirror is checked against its root when it is opened, so that this needs no signature; where
 * it cannot be read there is no mirror. */
static enum ent_err load_mirrored(struct ent_view *v, struct ent_vlog *l)
{
    char name[ENT_DISK_NAME_MAX];
    struct ent_checkpoint cp = {.size = 0};
    struct ent_buf b;
    ent_buf_init(&b, ENT_CHECKPOINT_MAX);
    file_of(name, l, "mirrored");
    enum ent_err r = ent_disk_load(v->opts.disk, &b, name);
    if (r == ENT_OK)
        r = ent_checkpoint_parse(&cp, ent_buf_slice(&b), NULL);
    ent_buf_release(&b);
    if (r != ENT_OK && r != ENT_E_NOTFOUND && r != ENT_E_FORMAT && r != ENT_E_LIMIT)
        return r;
    if (r != ENT_OK || cp.size == 0) {
        cp.size = 0;
        ent_sha256_of(&cp.root, ent_slice(NULL, 0));
    }
    if (cp.size == l->mirrored && memcmp(cp.root.b, l->mirrored_root.b, sizeof(cp.root.b)) == 0)
        return ENT_OK;
    if (l->tree != NULL &&
        (cp.size < l->mirrored || ent_tree_grow(l->tree, NULL, cp.size, &cp.root) != ENT_OK)) {
        ent_tree_free(l->tree);
        l->tree = NULL;
    }
    l->mirrored = cp.size;
    l->mirrored_root = cp.root;
    return ENT_OK;
}

enum ent_err ent_vlog_load(struct ent_view *v, struct ent_vlog *l, struct ent_diag *d)
{
    enum ent_err r;
    if (ent_vlog_is_own(v, l))
        return ENT_OK;
    if ((r = load_head(v, l, d)) == ENT_OK && (r = load_mirrored(v, l)) == ENT_OK)
        r = ent_vlog_load_seen(v, l);
    return r;
}

enum ent_err ent_vlog_set_mirrored(struct ent_view *v, struct ent_vlog *l, uint64_t size,
                                   const struct ent_hash32 *root)
{
    char name[ENT_DISK_NAME_MAX];
    struct ent_checkpoint cp = {ent_slice_str(l->origin), size, *root};
    struct ent_buf b;
    ent_buf_init(&b, ENT_CHECKPOINT_MAX + 1);
    file_of(name, l, "mirrored");
    enum ent_err r = ent_checkpoint_encode(&b, &cp);
    if (r == ENT_OK)
        r = v->opts.disk->replace(v->opts.disk->ctx, name, ent_buf_slice(&b));
    if (r == ENT_OK) {
        l->mirrored = size;
        l->mirrored_root = *root;
    }
    ent_buf_release(&b);
    return r;
}

enum ent_err ent_vlog_tree(struct ent_view *v, struct ent_vlog *l, struct ent_diag *d)
{
    enum ent_err r;
    if (l->tree != NULL)
        return ENT_OK;
    r = ent_tree_open(&l->tree, d, v->opts.disk, l->dir, l->mirrored, &l->mirrored_root, l->past);
    if (l->past || (r != ENT_E_NOTFOUND && r != ENT_E_AUTH))
        return r;
    struct ent_hash32 none;
    ent_sha256_of(&none, ent_slice(NULL, 0));
    if ((r = ent_vlog_set_mirrored(v, l, 0, &none)) != ENT_OK)
        return r;
    return ent_tree_open(&l->tree, d, v->opts.disk, l->dir, 0, &none, false);
}

/* --- heads -------------------------------------------------------------------------------------
 */

enum ent_err ent_vlog_set_head(struct ent_view *v, struct ent_vlog *l, const struct ent_vhead *h)
{
    char name[ENT_DISK_NAME_MAX];
    struct ent_buf b;
    enum ent_err r = ENT_OK;
    ent_buf_init(&b, ENT_NOTE_MAX);
    head_file(name, l);
    if (l->has_head && !ent_vhead_same(&l->head, h))
        r = ent_vlog_keep(v, l, &l->head, true);
    if (r == ENT_OK && (r = ent_vhead_write(&b, v, l, h)) == ENT_OK)
        r = v->opts.disk->replace(v->opts.disk->ctx, name, ent_buf_slice(&b));
    if (r == ENT_OK) {
        l->head = *h;
        l->has_head = true;
        ent_sha256_of(&l->head_file, ent_buf_slice(&b));
    }
    ent_buf_release(&b);
    return r;
}

bool ent_vlog_is_open(const struct ent_view *v, const struct ent_vlog *l, const struct ent_vhead *h)
{
    for (size_t i = 0; i < v->proofs; i++)
        if (v->proof[i]->holds && strcmp(v->proof[i]->member, l->member->name) == 0 &&
            l->key->generation <= v->proof[i]->generation)
            return false;
    if (!l->key->closed || h->size < l->key->size)
        return true;
    return h->size == l->key->size && memcmp(h->root.b, l->key->root.b, sizeof(h->root.b)) == 0;
}

bool ent_view_is_witness(const struct ent_view *v)
{
    return v->opts.signer != NULL && v->opts.signer->keys.has_witness;
}

/* The index of the member whose node this is; that of nobody when it has no witness key, or not the
 * one of the roster. */
static size_t own_witness(const struct ent_view *v)
{
    const struct ent_roster *ro = v->roster;
    for (size_t i = 0; i < ro->members && ent_view_is_witness(v); i++)
        if (strcmp(ro->member[i].name, v->opts.self) == 0 &&
            memcmp(ro->member[i].witness.b, v->opts.signer->keys.witness.b,
                   sizeof(struct ent_pubkey)) == 0)
            return i;
    return ENT_ROSTER_MEMBERS;
}

bool ent_view_may_cosign(const struct ent_view *v)
{
    if (v->opts.own == NULL)
        return true;
    enum ent_log_state s = ent_log_state(v->opts.own);
    return s == ENT_LOG_READY || s == ENT_LOG_READ_ONLY;
}

enum ent_err ent_vlog_signed(const struct ent_view *v, const struct ent_vlog *l,
                             struct ent_last_head *ret)
{
    const struct ent_signer *by = v->opts.signer;
    *ret = (struct ent_last_head){.size = 0};
    ent_sha256_of(&ret->root, ent_slice(NULL, 0));
    size_t self = own_witness(v);
    return self == ENT_ROSTER_MEMBERS || self == l->index ? ENT_OK
                                                          : by->last(by->ctx, ret, NULL, l->origin);
}

static void put_cosig(struct ent_vhead *h, size_t self, int64_t time, const uint8_t sig[static 64])
{
    for (int i = 0; i < 8; i++)
        h->cosig[self][i] = (uint8_t)((uint64_t)time >> (56 - 8 * i));
    memcpy(h->cosig[self] + 8, sig, 64);
    ent_members_add(&h->by, self);
}

enum ent_err ent_vlog_cosign(struct ent_view *v, const struct ent_vlog *l, struct ent_vhead *h,
                             uint64_t old, const struct ent_merkle_proof *proof, int64_t now)
{
    const struct ent_signer *by = v->opts.signer;
    struct ent_cosign_request q = {
        .head = {.size = h->size, .root = h->root, .old = old, .proof = *proof}};
    struct ent_last_head last;
    struct ent_signature sig;
    size_t self = own_witness(v);
    if (self == ENT_ROSTER_MEMBERS || self == l->index)
        return ENT_OK;
    int64_t before = l->has_head ? ent_vhead_time(&l->head, self) : 0;
    now = now < before ? before : now;
    (void)snprintf(q.head.origin, sizeof(q.head.origin), "%s", l->origin);
    memcpy(q.log_sig, h->sig, sizeof(q.log_sig));
    q.time = !ent_view_may_cosign(v) ? 0 : now < 1 ? 1 : now;
    enum ent_err r = by->cosign(by->ctx, &sig, NULL, &q);
    /* A later time, of a cosignature that our files do not have, is one that it stays with. */
    if (r == ENT_E_POLICY && q.time != 0 && by->last(by->ctx, &last, NULL, l->origin) == ENT_OK &&
        last.time > q.time) {
        q.time = last.time;
        r = by->cosign(by->ctx, &sig, NULL, &q);
    }
    if (r == ENT_OK && q.time != 0)
        put_cosig(h, self, q.time, sig.sig);
    return r;
}

enum ent_err ent_view_own_head(struct ent_view *v, struct ent_buf *b)
{
    size_t before = b->n;
    if (v->opts.own == NULL)
        return ENT_OK;
    enum ent_err r = ent_log_published(v->opts.own, b);
    if (r != ENT_OK && r != ENT_E_NOTFOUND)
        return r;
    return b->n > before ? ENT_OK : ent_buf_put_slice(b, ent_log_head(v->opts.own));
}
