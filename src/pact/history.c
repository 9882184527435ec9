/* history.c: what may change in the life of a member, and what may not. */
#include "pact/parts.h"

/* --- comparing ----------------------------------------------------------------------------------
 */

static bool pk_eq(const struct ent_signed_key *a, const struct ent_signed_key *b)
{
    return memcmp(a->pk.b, b->pk.b, sizeof(a->pk.b)) == 0;
}

static bool key_eq(const struct ent_signed_key *a, const struct ent_signed_key *b)
{
    return pk_eq(a, b) && memcmp(a->proof, b->proof, sizeof(a->proof)) == 0;
}

static bool head_eq(const struct ent_member_log *a, const struct ent_member_log *b)
{
    return a->closed == b->closed &&
           (!a->closed || (a->size == b->size && memcmp(a->root.b, b->root.b, 32) == 0));
}

bool ent_member_eq(const struct ent_member *a, const struct ent_member *b)
{
    if (strcmp(a->name, b->name) != 0 || strcmp(a->display, b->display) != 0 ||
        strcmp(a->url, b->url) != 0 || a->panel != b->panel || a->authors != b->authors ||
        a->logs != b->logs || !key_eq(&a->root, &b->root) || !key_eq(&a->tls, &b->tls) ||
        !key_eq(&a->witness, &b->witness) || !key_eq(&a->mirror, &b->mirror))
        return false;
    for (size_t i = 0; i < a->authors; i++)
        if (!key_eq(&a->author[i].key, &b->author[i].key) ||
            a->author[i].from != b->author[i].from || a->author[i].until != b->author[i].until)
            return false;
    for (size_t i = 0; i < a->logs; i++)
        if (!key_eq(&a->log[i].key, &b->log[i].key) || !head_eq(&a->log[i], &b->log[i]))
            return false;
    return true;
}

size_t ent_member_keys(const struct ent_member *m,
                       const struct ent_pubkey *ret[static ENT_MEMBER_KEYS])
{
    size_t n = 0;
    ret[n++] = &m->root.pk;
    ret[n++] = &m->tls.pk;
    ret[n++] = &m->witness.pk;
    ret[n++] = &m->mirror.pk;
    for (size_t i = 0; i < m->authors; i++)
        ret[n++] = &m->author[i].key.pk;
    for (size_t i = 0; i < m->logs; i++)
        ret[n++] = &m->log[i].key.pk;
    return n;
}

/* --- the past -----------------------------------------------------------------------------------
 */

/* A range that has no end yet may get one, at an entry that is given; nothing else changes. */
static bool author_extends(const struct ent_member_author *a, const struct ent_member_author *old)
{
    return pk_eq(&a->key, &old->key) && a->from == old->from &&
           (a->until == old->until || old->until == ENT_INDEX_NONE);
}

enum ent_err ent_member_extends(const struct ent_member *m, const struct ent_member *old,
                                struct ent_diag *d)
{
    bool same = m->authors >= old->authors;
    for (size_t i = 0; same && i < old->authors; i++)
        same = author_extends(&m->author[i], &old->author[i]);
    if (!same)
        return ent_fail(d, ENT_E_POLICY, "an author key of the past is not as it was", 0, 0);
    same = m->logs >= old->logs;
    for (size_t i = 0; same && i < old->logs; i++)
        same = pk_eq(&m->log[i].key, &old->log[i].key);
    if (!same)
        return ent_fail(d, ENT_E_POLICY, "a log of the past is not as it was", 0, 0);
    for (size_t i = 0; i < old->logs; i++)
        if (old->log[i].closed && !head_eq(&m->log[i], &old->log[i]))
            return ent_fail(d, ENT_E_POLICY, "the head of a closed log is not as it was", 0, 0);
    return ENT_OK;
}

enum ent_err ent_member_begins(const struct ent_member *m, struct ent_diag *d)
{
    if (m->authors != 1 || m->author[0].until != ENT_INDEX_NONE || m->logs != 1 || m->log[0].closed)
        return ent_fail(d, ENT_E_POLICY, "a new member begins with one author key and one log", 0,
                        0);
    return ENT_OK;
}

/* --- proofs -------------------------------------------------------------------------------------
 */

static bool is_known_author(const struct ent_signed_key *key, const struct ent_member *old)
{
    for (size_t i = 0; old != NULL && i < old->authors; i++)
        if (key_eq(key, &old->author[i].key))
            return true;
    return false;
}

static enum ent_err check_key(const struct ent_member *m, enum ent_role role,
                              const struct ent_signed_key *key, unsigned generation, bool known)
{
    return known ? ENT_OK : ent_key_check(key, m->name, role, generation, &m->root.pk);
}

enum ent_err ent_member_check(const struct ent_member *m, const struct ent_member *old, bool in_use)
{
    static const enum ent_role single[] = {ENT_ROLE_ROOT, ENT_ROLE_TLS, ENT_ROLE_WITNESS,
                                           ENT_ROLE_MIRROR};
    enum ent_err r = ENT_OK;
    for (size_t i = 0; r == ENT_OK && i < sizeof(single) / sizeof(single[0]); i++) {
        const struct ent_signed_key *key = ent_member_key(m, single[i]);
        bool known = old != NULL && key_eq(key, ent_member_key(old, single[i]));
        r = check_key(m, single[i], key, 0, known);
    }
    for (size_t i = 0; r == ENT_OK && i < m->authors; i++) {
        const struct ent_member_author *a = &m->author[i];
        if (!in_use || a->until == ENT_INDEX_NONE)
            r = check_key(m, ENT_ROLE_AUTHOR, &a->key, 0, is_known_author(&a->key, old));
    }
    for (size_t i = 0; r == ENT_OK && i < m->logs; i++) {
        const struct ent_member_log *g = &m->log[i];
        bool known = old != NULL && i < old->logs && key_eq(&g->key, &old->log[i].key);
        if (!in_use || !g->closed)
            r = check_key(m, ENT_ROLE_LOG, &g->key, g->generation, known);
    }
    return r;
}

/* --- changes ------------------------------------------------------------------------------------
 */

enum ent_err ent_member_close_author(struct ent_member *m, struct ent_diag *d, uint64_t until)
{
    struct ent_member_author *a = &m->author[m->authors - 1];
    if (a->until == until)
        return ent_fail(d, ENT_E_EXISTS, "the author key ends there already", 0, 0);
    if (a->until != ENT_INDEX_NONE)
        return ent_fail(d, ENT_E_POLICY, "the author key has another end already", 0, 0);
    if (until < a->from)
        return ent_fail(d, ENT_E_POLICY, "an author key cannot end before it begins", 0, 0);
    if (until > INT64_MAX)
        return ent_fail(d, ENT_E_LIMIT, "no log has so many entries", 0, 0);
    a->until = until;
    return ENT_OK;
}

enum ent_err ent_member_add_author(struct ent_member *m, struct ent_diag *d,
                                   const struct ent_signed_key *key, uint64_t from)
{
    struct ent_member_author *last = &m->author[m->authors - 1];
    if (pk_eq(key, &last->key))
        return ent_fail(d, ENT_E_EXISTS, "it is the author key already", 0, 0);
    if (m->authors == ENT_ROSTER_AUTHORS)
        return ent_fail(d, ENT_E_LIMIT, "a member has at most 8 author keys", 0, 0);
    if (from > INT64_MAX)
        return ent_fail(d, ENT_E_LIMIT, "no log has so many entries", 0, 0);
    if (from < last->from || (last->until != ENT_INDEX_NONE && from < last->until))
        return ent_fail(d, ENT_E_POLICY, "an author key cannot begin before the last one ends", 0,
                        0);
    if (last->until == ENT_INDEX_NONE)
        last->until = from;
    m->author[m->authors++] = (struct ent_member_author){*key, from, ENT_INDEX_NONE};
    return ENT_OK;
}

enum ent_err ent_member_close_log(struct ent_member *m, struct ent_diag *d, uint64_t size,
                                  const struct ent_hash32 *root)
{
    struct ent_member_log *g = &m->log[m->logs - 1], next = *g;
    struct ent_hash32 none;
    next.closed = true;
    next.size = size;
    next.root = *root;
    if (head_eq(g, &next))
        return ent_fail(d, ENT_E_EXISTS, "the log is closed there already", 0, 0);
    if (g->closed)
        return ent_fail(d, ENT_E_POLICY, "a closed log stays closed where it is", 0, 0);
    if (size > ENT_CHECKPOINT_SIZE_MAX)
        return ent_fail(d, ENT_E_LIMIT, "no log has so many entries", 0, 0);
    ent_sha256_of(&none, ent_slice(NULL, 0));
    if (size == 0 && memcmp(root->b, none.b, sizeof(none.b)) != 0)
        return ent_fail(d, ENT_E_POLICY, "that is not the root of an empty log", 0, 0);
    *g = next;
    return ENT_OK;
}

enum ent_err ent_member_open_log(struct ent_member *m, struct ent_diag *d,
                                 const struct ent_signed_key *key)
{
    const struct ent_member_log *last = ent_member_log(m);
    if (pk_eq(key, &last->key))
        return ent_fail(d, ENT_E_EXISTS, "it is the key of the newest log already", 0, 0);
    if (!last->closed)
        return ent_fail(d, ENT_E_POLICY, "the log before is still open", 0, 0);
    if (m->logs == ENT_ROSTER_LOGS)
        return ent_fail(d, ENT_E_LIMIT, "a member has at most 8 logs", 0, 0);
    unsigned generation = last->generation + 1;
    m->log[m->logs++] = (struct ent_member_log){.generation = generation, .key = *key};
    return ENT_OK;
}
