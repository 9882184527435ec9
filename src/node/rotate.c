/* rotate.c: new keys for this member. */
#include "node/node.h"

struct rotating {
    struct ent_book *b;
    struct ent_pact *draft;
    struct ent_diag *d;
    const struct ent_rotation *r;
    const char *self;
    unsigned generation; /* of the newest log that the pact has */
    uint64_t base, size; /* of that log */
};

static const struct ent_member *in_draft(const struct rotating *t)
{
    return ent_pact_member(t->draft, t->self);
}

static enum ent_err new_seed(struct rotating *t, struct ent_seed32 *ret, enum ent_key_role role)
{
    return ent_home_prepare(ent_book_home(t->b), ret, t->d, role, t->r->passphrase);
}

static enum ent_err put(struct rotating *t, enum ent_role role, const struct ent_seed32 *seed,
                        uint64_t from)
{
    struct ent_signed_key key;
    struct ent_pubkey root = in_draft(t)->root.pk;
    if (role == ENT_ROLE_ROOT)
        ent_sign_public(&root, seed);
    ent_key_prove(&key, t->self, role, 0, &root, seed);
    return ent_next_rotate(t->draft, t->d, t->self, role, &key, from);
}

static enum ent_err rotate_one(struct rotating *t, enum ent_key_role which, enum ent_role role,
                               uint64_t from)
{
    struct ent_seed32 seed;
    enum ent_err r = new_seed(t, &seed, which);
    if (r == ENT_OK)
        r = put(t, role, &seed, from);
    ent_wipe(&seed, sizeof(seed));
    return r;
}

/* --- the author key alone -----------------------------------------------------------------------
 */

static enum ent_err rotate_author(struct rotating *t)
{
    const struct ent_member *m = in_draft(t);
    const struct ent_member_author *last = &m->author[m->authors - 1];
    struct ent_boundary bd;
    uint64_t said = t->base + t->size, from;
    enum ent_err r = ent_book_boundary(t->b, &bd, t->d);
    if (r != ENT_OK)
        return r;
    if (ent_member_log(m)->closed)
        return ent_fail(t->d, ENT_E_POLICY,
                        "the log is closed: a new author key needs a new log, too (--rotate node)",
                        0, 0);
    from = said > last->from ? said : last->from;
    from += ENT_ROTATE_AHEAD;
    if (bd.until != ENT_INDEX_NONE)
        from = bd.until;
    else if (t->r->from != ENT_INDEX_NONE)
        from = t->base + t->r->from;
    if (bd.until == ENT_INDEX_NONE && from < said + 2 * (uint64_t)ENT_BOUNDARY_VOTES)
        return ent_fail(t->d, ENT_E_POLICY,
                        "a new author key begins at least 128 entries behind the last one, since "
                        "votes for it are entries; for one that was stolen: --rotate node --from N",
                        0, 0);
    if ((r = rotate_one(t, ENT_KEY_AUTHOR, ENT_ROLE_AUTHOR, from)) == ENT_OK)
        r = ent_book_stop_at(t->b, t->d, from, ENT_INDEX_NONE);
    return r;
}

/* --- the node -----------------------------------------------------------------------------------
 */

/* Others get the closed log from here, up to a head that the pact knows. Only the one that was
 * signed last can be at hand; without it the mirrors serve. */
static enum ent_err keep_head(struct rotating *t, uint64_t size, const struct ent_hash32 *root)
{
    const struct ent_disk *disk = ent_book_disk(t->b);
    char name[ENT_DISK_NAME_MAX], origin[ENT_LOG_ORIGIN];
    struct ent_checkpoint cp = {.size = size, .root = *root};
    struct ent_buf head, mirrored;
    enum ent_err r = ENT_OK;
    if (size != t->size || size == 0)
        return ENT_OK;
    ent_buf_init(&head, ENT_NOTE_MAX);
    ent_buf_init(&mirrored, ENT_CHECKPOINT_MAX + 1);
    ent_roster_origin(&ent_book_home(t->b)->roster, origin, t->self, t->generation);
    cp.origin = ent_slice_str(origin);
    (void)snprintf(name, sizeof(name), "lock/heads/%s/%u", t->self, t->generation);
    if ((r = ent_buf_put_slice(&head, ent_log_head(ent_book_log(t->b)))) == ENT_OK &&
        (r = disk->replace(disk->ctx, name, ent_buf_slice(&head))) == ENT_OK &&
        (r = ent_checkpoint_encode(&mirrored, &cp)) == ENT_OK) {
        (void)snprintf(name, sizeof(name), "log/%u/mirrored", t->generation);
        r = disk->replace(disk->ctx, name, ent_buf_slice(&mirrored));
    }
    ent_buf_release(&head);
    ent_buf_release(&mirrored);
    return r == ENT_OK ? r : ent_fail(t->d, r, "cannot keep the head of the closed log", 0, 0);
}

/* *ret: the place behind the last entry. */
static enum ent_err close_log(struct rotating *t, uint64_t *ret)
{
    const struct ent_member_log *log = ent_member_log(in_draft(t));
    struct ent_hash32 root;
    struct ent_boundary bd;
    uint64_t size;
    enum ent_err r = ent_book_boundary(t->b, &bd, t->d);
    if (log->closed) { /* by the others, for us */
        *ret = t->base + log->size;
        return r;
    }
    size = bd.close != ENT_INDEX_NONE     ? bd.close - t->base
           : t->r->from != ENT_INDEX_NONE ? t->r->from
                                          : t->size;
    if (r == ENT_OK && size > t->size)
        r = ent_fail(t->d, ENT_E_POLICY, "--from is behind the end of the log", 0, 0);
    if (r == ENT_OK && (r = ent_tree_root(ent_log_tree(ent_book_log(t->b)), &root, size)) != ENT_OK)
        r = ent_fail(t->d, r, "cannot read the log", 0, 0);
    if (r == ENT_OK && (r = ent_next_close_log(t->draft, t->d, t->self, size, &root)) == ENT_OK &&
        (r = keep_head(t, size, &root)) == ENT_OK)
        r = ent_book_stop_at(t->b, t->d, ENT_INDEX_NONE, t->base + size);
    *ret = t->base + size;
    return r;
}

static enum ent_err open_log(struct rotating *t, const struct ent_seed32 *node)
{
    struct ent_seed32 seed;
    struct ent_signed_key key;
    ent_node_seed(&seed, node, ENT_NODE_LOG, t->generation + 1);
    ent_key_prove(&key, t->self, ENT_ROLE_LOG, t->generation + 1, &in_draft(t)->root.pk, &seed);
    ent_wipe(&seed, sizeof(seed));
    return ent_next_open_log(t->draft, t->d, t->self, &key);
}

static enum ent_err rotate_node(struct rotating *t)
{
    static const struct {
        enum ent_role role;
        enum ent_node_key key;
    } derived[] = {{ENT_ROLE_TLS, ENT_NODE_TLS},
                   {ENT_ROLE_WITNESS, ENT_NODE_WITNESS},
                   {ENT_ROLE_MIRROR, ENT_NODE_MIRROR}};
    struct ent_seed32 node = {{0}}, seed;
    uint64_t end = 0;
    enum ent_err r;
    if ((r = new_seed(t, &node, ENT_KEY_NODE)) == ENT_OK && (r = close_log(t, &end)) == ENT_OK &&
        (r = rotate_one(t, ENT_KEY_AUTHOR, ENT_ROLE_AUTHOR, end)) == ENT_OK)
        r = open_log(t, &node);
    for (size_t i = 0; r == ENT_OK && i < sizeof(derived) / sizeof(derived[0]); i++) {
        ent_node_seed(&seed, &node, derived[i].key, 0);
        r = put(t, derived[i].role, &seed, 0);
    }
    if (r == ENT_OK) /* when nothing can be refused any more */
        r = ent_book_stop_at(t->b, t->d, ENT_INDEX_NONE, end);
    ent_wipe(&seed, sizeof(seed));
    ent_wipe(&node, sizeof(node));
    return r;
}

/* --- the whole ----------------------------------------------------------------------------------
 */

enum ent_err ent_rotate(struct ent_book *b, struct ent_pact *draft, struct ent_diag *d,
                        const struct ent_rotation *rotation)
{
    const struct ent_home *h = ent_book_home(b);
    struct rotating t = {.b = b, .draft = draft, .d = d, .r = rotation, .self = h->self.name};
    enum ent_err r = ENT_OK;
    if (in_draft(&t) == NULL)
        return ent_fail(d, ENT_E_NOTFOUND, "the pact does not have this member any more", 0, 0);
    ent_book_lock(b);
    t.generation = ent_book_generation(b);
    t.base = ent_roster_base(ent_roster_member(&h->roster, t.self), t.generation);
    t.size = ent_log_size(ent_book_log(b));
    if (rotation->root) /* the proofs of the others name it */
        r = rotate_one(&t, ENT_KEY_ROOT, ENT_ROLE_ROOT, 0);
    if (r == ENT_OK && rotation->node)
        r = rotate_node(&t);
    else if (r == ENT_OK && rotation->author)
        r = rotate_author(&t);
    ent_book_unlock(b);
    return r;
}

enum ent_err ent_close_for(struct ent_book *b, struct ent_pact *draft, struct ent_diag *d,
                           const char *member, uint64_t from)
{
    const struct ent_member *m = ent_pact_member(draft, member);
    const struct ent_roster_member *known = ent_roster_member(&ent_book_home(b)->roster, member);
    struct ent_hash32 root;
    enum ent_err r;
    if (m == NULL || known == NULL)
        return ent_fail(d, ENT_E_NOTFOUND, "no such member", 0, 0);
    unsigned generation = ent_member_log(m)->generation;
    uint64_t end = ent_roster_base(known, generation) + from;
    ent_sha256_of(&root, ent_slice(NULL, 0));
    ent_book_lock(b);
    struct ent_tree *t = ent_view_tree(ent_book_view(b), member, generation);
    if (from > (t == NULL ? 0 : ent_tree_size(t)))
        r = ent_fail(d, ENT_E_NOTFOUND, "so many entries of this member's log are not here", 0, 0);
    else
        r = t == NULL ? ENT_OK : ent_tree_root(t, &root, from);
    ent_book_unlock(b);
    if (r == ENT_OK && (r = ent_next_close_log(draft, d, member, from, &root)) == ENT_OK)
        r = ent_next_close_author(draft, d, member, end);
    return r;
}

void ent_bring_to_changed(struct ent_book *b, const struct ent_seed32 *tls,
                          const struct ent_caller *front, const struct ent_pact *before)
{
    const struct ent_home *h = ent_book_home(b);
    const struct ent_links_opts opts = {.pact = before,
                                        .self = h->self.name,
                                        .tls = tls,
                                        .front = front,
                                        .connect_seconds = 4,
                                        .call_seconds = 10};
    struct ent_links *links = NULL;
    for (size_t i = 0; i < before->members; i++) {
        const struct ent_member *old = &before->member[i];
        ent_book_lock(b);
        const struct ent_member *m = ent_pact_member(h->pact, old->name);
        bool changed = m != NULL && strcmp(m->name, h->self.name) != 0 &&
                       memcmp(m->tls.pk.b, old->tls.pk.b, sizeof(m->tls.pk.b)) != 0;
        ent_book_unlock(b);
        if (!changed || (links == NULL && ent_links_new(&links, NULL, &opts) != ENT_OK))
            continue;
        const struct ent_wire wire = ent_links_wire(links);
        (void)!ent_news_bring(b, &wire, old->name, true); /* who is away hears of it otherwise */
    }
    ent_links_free(links);
}
