/* next.c: drafts of a version. */
#include "pact/parts.h"
#include "pact/next.h"

static struct ent_member *find(struct ent_pact *p, const char *name)
{
    for (size_t i = 0; i < p->members; i++)
        if (strcmp(p->member[i].name, name) == 0)
            return &p->member[i];
    return NULL;
}

static enum ent_err no_member(struct ent_diag *d)
{
    return ent_fail(d, ENT_E_NOTFOUND, "no such member", 0, 0);
}

/* --- begin --------------------------------------------------------------------------------------
 */

static bool name_is_valid(const char *name)
{
    return strlen(name) <= ENT_PACT_NAME_MAX && ent_text_is_plain(name);
}

enum ent_err ent_pact_found(struct ent_pact *ret, struct ent_diag *d, const char *name)
{
    if (!name_is_valid(name))
        return ent_fail(d, ENT_E_FORMAT, "a pact's name is one line of 1 to 96 printable bytes", 0,
                        0);
    *ret = (struct ent_pact){.version = 1,
                             .k = 1,
                             .threshold = {1, 1, 1},
                             .budget = {ENT_BUDGET_ITEMS, ENT_BUDGET_SECONDS},
                             .minimum = ENT_TLP_AMBER_STRICT};
    (void)snprintf(ret->name, sizeof(ret->name), "%s", name);
    return ENT_OK;
}

void ent_pact_next(struct ent_pact *ret, const struct ent_pact *now)
{
    *ret = *now;
    ret->version = now->version + 1;
    ret->prev = now->hash;
    ret->round = 0;
    memset(&ret->hash, 0, sizeof(ret->hash));
}

/* --- numbers that follow ------------------------------------------------------------------------
 */

struct sizes {
    size_t members, panel;
};

static struct sizes sizes(const struct ent_pact *p)
{
    return (struct sizes){p->members, ent_pact_panel(p)};
}

static unsigned between(unsigned v, size_t least, size_t most)
{
    return v < least ? (unsigned)least : v > most ? (unsigned)most : v;
}

/* What is the default stays the default, the rest stays as far as the rules allow. */
static void follow(struct ent_pact *p, struct sizes was)
{
    struct sizes is = sizes(p);
    for (size_t c = 0; c < ENT_CHANGES; c++) {
        unsigned *t = &p->threshold[c];
        if (*t == ent_pact_default_threshold(was.members))
            *t = ent_pact_default_threshold(is.members);
        *t = between(*t, is.members / 2 + 1, is.members);
    }
    if (p->k == ent_pact_default_threshold(was.panel))
        p->k = ent_pact_default_threshold(is.panel);
    p->k = between(p->k, 1, is.panel == 0 ? 1 : is.panel);
}

/* --- keys ---------------------------------------------------------------------------------------
 */

/* No key of `name` may be somebody else's, those who were removed included. */
static enum ent_err check_owner(const struct ent_pact *p, const char *name,
                                const struct ent_pubkey *pk, struct ent_diag *d)
{
    const struct ent_pubkey *key[ENT_MEMBER_KEYS];
    for (size_t i = 0; i < p->members + p->former; i++) {
        const struct ent_member *m = &p->member[i];
        size_t n = strcmp(m->name, name) == 0 ? 0 : ent_member_keys(m, key);
        for (size_t k = 0; k < n; k++)
            if (memcmp(key[k]->b, pk->b, sizeof(pk->b)) == 0)
                return ent_fail(d, ENT_E_POLICY, "the key is that of another member", 0, 0);
    }
    return ENT_OK;
}

static bool has_key(const struct ent_member *m, const struct ent_pubkey *pk)
{
    const struct ent_pubkey *key[ENT_MEMBER_KEYS];
    size_t n = ent_member_keys(m, key), found = 0;
    while (found < n && memcmp(key[found]->b, pk->b, sizeof(pk->b)) != 0)
        found++;
    return found < n;
}

static enum ent_err check_card_keys(const struct ent_pact *p, const struct ent_member *m,
                                    struct ent_diag *d)
{
    const struct ent_pubkey *key[ENT_MEMBER_KEYS];
    size_t n = ent_member_keys(m, key);
    for (size_t i = 0; i < n; i++) {
        enum ent_err r = check_owner(p, m->name, key[i], d);
        if (r != ENT_OK)
            return r;
        for (size_t k = 0; k < i; k++)
            if (memcmp(key[i]->b, key[k]->b, sizeof(key[i]->b)) == 0)
                return ent_fail(d, ENT_E_POLICY, "one key for two uses", 0, 0);
    }
    return ENT_OK;
}

static enum ent_err check_new_key(const struct ent_pact *p, const struct ent_member *m,
                                  enum ent_role role, unsigned generation,
                                  const struct ent_signed_key *key, struct ent_diag *d)
{
    const struct ent_pubkey *root = role == ENT_ROLE_ROOT ? &key->pk : &m->root.pk;
    if (ent_key_check(key, m->name, role, generation, root) != ENT_OK)
        return ent_fail(d, ENT_E_AUTH, "the key is not shown to be held by this member", 0, 0);
    if (has_key(m, &key->pk))
        return ent_fail(d, ENT_E_POLICY, "one key for two uses", 0, 0);
    return check_owner(p, m->name, &key->pk, d);
}

/* --- members ------------------------------------------------------------------------------------
 */

/* Where a name stands, or belongs, in a sorted part. */
static size_t place(const struct ent_member *m, size_t n, const char *name)
{
    size_t at = 0;
    while (at < n && strcmp(m[at].name, name) < 0)
        at++;
    return at;
}

static void insert(struct ent_pact *p, size_t at, const struct ent_member *m)
{
    size_t all = p->members + p->former;
    memmove(&p->member[at + 1], &p->member[at], (all - at) * sizeof(p->member[0]));
    p->member[at] = *m;
}

static void drop(struct ent_pact *p, size_t at)
{
    size_t all = p->members + p->former;
    memmove(&p->member[at], &p->member[at + 1], (all - at - 1) * sizeof(p->member[0]));
}

/* Proofs of keys that are not in use any more come from the pact: nobody can make them again. */
static void take_past(struct ent_member *m, const struct ent_member *old)
{
    for (size_t i = 0; i < m->authors && i < old->authors; i++)
        if (m->author[i].until != ENT_INDEX_NONE)
            memcpy(m->author[i].key.proof, old->author[i].key.proof, 64);
    for (size_t i = 0; i < m->logs && i < old->logs; i++)
        if (m->log[i].closed)
            memcpy(m->log[i].key.proof, old->log[i].key.proof, 64);
}

static enum ent_err check_card(const struct ent_pact *p, struct ent_member *m, struct ent_diag *d)
{
    const struct ent_member *old = ent_pact_member(p, m->name);
    const struct ent_member *former = ent_pact_former(p, m->name);
    enum ent_err r;
    if (old != NULL)
        m->panel = old->panel; /* for the pact to say, not for a card */
    else if (ent_pact_panel(p) == ENT_PACT_PANEL)
        m->panel = false;
    if (former != NULL && m->logs <= former->logs)
        return ent_fail(d, ENT_E_POLICY, "who was removed comes back with a new log", 0, 0);
    if (old == NULL)
        old = former;
    r = old == NULL ? ent_member_begins(m, d) : ent_member_extends(m, old, d);
    if (r != ENT_OK)
        return r;
    if (old != NULL)
        take_past(m, old);
    if (old != NULL && old != former && ent_member_eq(m, old))
        return ent_fail(d, ENT_E_EXISTS, "the pact says the same already", 0, 0);
    return check_card_keys(p, m, d);
}

/* A former member is one again. */
static void take_back(struct ent_pact *p, const struct ent_member *m)
{
    drop(p, p->members + place(p->member + p->members, p->former, m->name));
    p->former--;
    insert(p, place(p->member, p->members, m->name), m);
    p->members++;
}

enum ent_err ent_next_return(struct ent_pact *p, struct ent_diag *d, const char *name)
{
    struct sizes was = sizes(p);
    const struct ent_member *former = ent_pact_former(p, name);
    if (former == NULL)
        return no_member(d);
    const struct ent_member m = *former;
    take_back(p, &m);
    follow(p, was);
    return ENT_OK;
}

enum ent_err ent_next_put(struct ent_pact *p, struct ent_diag *d, const struct ent_member *card)
{
    struct sizes was = sizes(p);
    struct ent_member m = *card, *old = find(p, card->name);
    bool former = ent_pact_former(p, card->name) != NULL;
    enum ent_err r;
    if (old == NULL && !former && p->members + p->former == ENT_PACT_MEMBERS)
        return ent_fail(d, ENT_E_LIMIT, "the pact is full: 64 members, with those who were removed",
                        0, 0);
    if ((r = check_card(p, &m, d)) != ENT_OK)
        return r;
    if (old != NULL) {
        *old = m;
    } else if (former) {
        take_back(p, &m);
    } else {
        insert(p, place(p->member, p->members, m.name), &m);
        p->members++;
    }
    follow(p, was);
    return ENT_OK;
}

enum ent_err ent_next_remove(struct ent_pact *p, struct ent_diag *d, const char *name)
{
    struct sizes was = sizes(p);
    const struct ent_member *at = ent_pact_member(p, name);
    if (at == NULL)
        return no_member(d);
    if (p->members == 1)
        return ent_fail(d, ENT_E_POLICY, "the last member cannot be removed", 0, 0);
    struct ent_member m = *at;
    drop(p, (size_t)(at - p->member));
    p->members--;
    if (p->version > 1) { /* a founder who does not found leaves nothing behind */
        insert(p, p->members + place(p->member + p->members, p->former, m.name), &m);
        p->former++;
    }
    follow(p, was);
    return ENT_OK;
}

enum ent_err ent_next_panel(struct ent_pact *p, struct ent_diag *d, const char *name, bool panel)
{
    struct sizes was = sizes(p);
    struct ent_member *m = find(p, name);
    if (m == NULL)
        return no_member(d);
    if (m->panel == panel)
        return ent_fail(d, ENT_E_EXISTS, "the pact says the same already", 0, 0);
    if (panel && was.panel == ENT_PACT_PANEL)
        return ent_fail(d, ENT_E_LIMIT, "the panel is full: 32 members", 0, 0);
    m->panel = panel;
    follow(p, was);
    return ENT_OK;
}

enum ent_err ent_next_rotate(struct ent_pact *p, struct ent_diag *d, const char *name,
                             enum ent_role role, const struct ent_signed_key *key, uint64_t from)
{
    struct ent_member *m = find(p, name);
    enum ent_err r;
    if (m == NULL)
        return no_member(d);
    if (role == ENT_ROLE_LOG)
        return ent_fail(d, ENT_E_POLICY, "a log keeps its key: close it and open the next", 0, 0);
    if (memcmp(key->pk.b, ent_member_key(m, role)->pk.b, sizeof(key->pk.b)) == 0)
        return ent_fail(d, ENT_E_EXISTS, "it is that key already", 0, 0);
    if ((r = check_new_key(p, m, role, 0, key, d)) != ENT_OK)
        return r;
    if (role == ENT_ROLE_AUTHOR)
        return ent_member_add_author(m, d, key, from);
    struct ent_signed_key *at = role == ENT_ROLE_ROOT      ? &m->root
                                : role == ENT_ROLE_TLS     ? &m->tls
                                : role == ENT_ROLE_WITNESS ? &m->witness
                                                           : &m->mirror;
    *at = *key;
    return ENT_OK;
}

enum ent_err ent_next_close_author(struct ent_pact *p, struct ent_diag *d, const char *name,
                                   uint64_t until)
{
    struct ent_member *m = find(p, name);
    return m == NULL ? no_member(d) : ent_member_close_author(m, d, until);
}

enum ent_err ent_next_close_log(struct ent_pact *p, struct ent_diag *d, const char *name,
                                uint64_t size, const struct ent_hash32 *root)
{
    struct ent_member *m = find(p, name);
    return m == NULL ? no_member(d) : ent_member_close_log(m, d, size, root);
}

enum ent_err ent_next_open_log(struct ent_pact *p, struct ent_diag *d, const char *name,
                               const struct ent_signed_key *key)
{
    struct ent_member *m = find(p, name);
    enum ent_err r;
    if (m == NULL)
        return no_member(d);
    struct ent_member with = *m;
    if ((r = ent_member_open_log(&with, d, key)) != ENT_OK ||
        (r = check_new_key(p, m, ENT_ROLE_LOG, ent_member_log(&with)->generation, key, d)) !=
            ENT_OK)
        return r;
    *m = with;
    return ENT_OK;
}

/* --- rules --------------------------------------------------------------------------------------
 */

enum ent_err ent_next_threshold(struct ent_pact *p, struct ent_diag *d, enum ent_change c,
                                unsigned n)
{
    if (n == p->threshold[c])
        return ent_fail(d, ENT_E_EXISTS, "it is that threshold already", 0, 0);
    if ((size_t)n * 2 <= p->members)
        return ent_fail(d, ENT_E_POLICY, "a threshold of half of the members or less", 0, 0);
    if (n > p->members)
        return ent_fail(d, ENT_E_POLICY, "a threshold of more than there are members", 0, 0);
    p->threshold[c] = n;
    return ENT_OK;
}

enum ent_err ent_next_witnesses(struct ent_pact *p, struct ent_diag *d, unsigned k)
{
    if (k == p->k)
        return ent_fail(d, ENT_E_EXISTS, "it is that number of witnesses already", 0, 0);
    if (k == 0 || k > ent_pact_panel(p))
        return ent_fail(d, ENT_E_POLICY, "witnesses must be from 1 to the size of the panel", 0, 0);
    p->k = k;
    return ENT_OK;
}

enum ent_err ent_next_budget(struct ent_pact *p, struct ent_diag *d, const struct ent_budget *b)
{
    if (b->items == p->budget.items && b->seconds == p->budget.seconds)
        return ent_fail(d, ENT_E_EXISTS, "it is that budget already", 0, 0);
    if (b->items > ENT_BUDGET_ITEMS_MOST || b->seconds > ENT_BUDGET_SECONDS_MOST || b->seconds == 0)
        return ent_fail(d, ENT_E_LIMIT, "a budget is for 1 second to 10 years, up to 2^40 items", 0,
                        0);
    p->budget = *b;
    return ENT_OK;
}

enum ent_err ent_next_expires(struct ent_pact *p, struct ent_diag *d, int64_t expires, int64_t now)
{
    if (expires == p->expires)
        return ent_fail(d, ENT_E_EXISTS, "it ends then already", 0, 0);
    if (expires < 0 || (expires > 0 && expires <= now))
        return ent_fail(d, ENT_E_POLICY, "that moment has passed", 0, 0);
    p->expires = expires;
    return ENT_OK;
}

enum ent_err ent_next_name(struct ent_pact *p, struct ent_diag *d, const char *name)
{
    if (strcmp(name, p->name) == 0)
        return ent_fail(d, ENT_E_EXISTS, "it is that name already", 0, 0);
    if (!name_is_valid(name))
        return ent_fail(d, ENT_E_FORMAT, "a pact's name is one line of 1 to 96 printable bytes", 0,
                        0);
    (void)snprintf(p->name, sizeof(p->name), "%s", name);
    return ENT_OK;
}

enum ent_err ent_next_minimum(struct ent_pact *p, struct ent_diag *d, enum ent_tlp t)
{
    if (t == p->minimum)
        return ent_fail(d, ENT_E_EXISTS, "it is that minimum already", 0, 0);
    p->minimum = t;
    return ENT_OK;
}

enum ent_err ent_next_quorum(struct ent_pact *p, struct ent_diag *d,
                             const struct ent_quorum_rule *q)
{
    static const struct ent_quorum_rule none;
    enum ent_err r = q == NULL ? ENT_OK : ent_quorum_rule_check(q, d);
    if (r != ENT_OK)
        return r;
    if (ent_quorum_rule_eq(&p->quorum, q == NULL ? &none : q))
        return ent_fail(d, ENT_E_EXISTS, "it is that rule of quorums already", 0, 0);
    p->quorum = q == NULL ? none : *q;
    return ENT_OK;
}

/* --- disputes -----------------------------------------------------------------------------------
 */

static enum ent_err check_dispute(const struct ent_pact *p, const struct ent_dispute *x,
                                  struct ent_diag *d)
{
    size_t same = 0;
    const struct ent_member *m = ent_pact_member(p, x->member);
    if (m == NULL && (m = ent_pact_former(p, x->member)) == NULL)
        return no_member(d);
    if (x->generation == 0 || x->generation > m->logs)
        return ent_fail(d, ENT_E_NOTFOUND, "the member has no such log", 0, 0);
    if (x->from > INT64_MAX || (x->until > INT64_MAX && x->until != ENT_INDEX_NONE) ||
        x->until <= x->from)
        return ent_fail(d, ENT_E_POLICY, "a dispute about no entry", 0, 0);
    if (!ent_text_is_plain(x->reason))
        return ent_fail(d, ENT_E_FORMAT, "a reason is one line of 1 to 160 printable bytes", 0, 0);
    for (size_t i = 0; i < p->disputes; i++) {
        if (ent_dispute_cmp(&p->dispute[i], x) == 0)
            return ent_fail(d, ENT_E_EXISTS, "there is a dispute from this entry on already", 0, 0);
        same += strcmp(p->dispute[i].member, x->member) == 0;
    }
    if (same == ENT_ROSTER_LOGS)
        return ent_fail(d, ENT_E_LIMIT, "more than 8 disputes about one member", 0, 0);
    if (p->disputes == ENT_PACT_DISPUTES)
        return ent_fail(d, ENT_E_LIMIT, "more than 64 disputes", 0, 0);
    return ENT_OK;
}

enum ent_err ent_next_dispute(struct ent_pact *p, struct ent_diag *d,
                              const struct ent_dispute *dispute)
{
    size_t at = 0;
    enum ent_err r = check_dispute(p, dispute, d);
    if (r != ENT_OK)
        return r;
    while (at < p->disputes && ent_dispute_cmp(&p->dispute[at], dispute) < 0)
        at++;
    memmove(&p->dispute[at + 1], &p->dispute[at], (p->disputes - at) * sizeof(p->dispute[0]));
    p->dispute[at] = *dispute;
    p->disputes++;
    return ENT_OK;
}

enum ent_err ent_next_lift(struct ent_pact *p, struct ent_diag *d, const char *member,
                           unsigned generation, uint64_t from)
{
    for (size_t i = 0; i < p->disputes; i++) {
        const struct ent_dispute *x = &p->dispute[i];
        if (strcmp(x->member, member) != 0 || x->generation != generation || x->from != from)
            continue;
        p->disputes--;
        memmove(&p->dispute[i], &p->dispute[i + 1], (p->disputes - i) * sizeof(p->dispute[0]));
        return ENT_OK;
    }
    return ent_fail(d, ENT_E_NOTFOUND, "no such dispute", 0, 0);
}
