/* pact.c: versions of the pact, and the decisions that follow from one. */
#include "pact/pact.h"
#include "pact/member.h"

#define FIRST_LINE  "entente/pact@v1"
#define ITEMS_MOST  ((uint64_t)1 << 40)
#define PERIOD_MOST ((uint64_t)3660 * 86400)

void ent_pact_found(struct ent_pact *ret, const struct ent_member *self)
{
    *ret = (struct ent_pact){.version = 1,
                             .budget = {ENT_BUDGET_ITEMS, ENT_BUDGET_SECONDS},
                             .members = 1,
                             .member = {*self}};
    memcpy(ret->self, self->name, sizeof(ret->self));
}

static bool same_member(const struct ent_member *a, const struct ent_member *b)
{
    return strcmp(a->name, b->name) == 0 && strcmp(a->display, b->display) == 0 &&
           strcmp(a->url, b->url) == 0 && memcmp(a->root.b, b->root.b, 32) == 0 &&
           memcmp(a->author.b, b->author.b, 32) == 0 && memcmp(a->tls.b, b->tls.b, 32) == 0;
}

enum ent_err ent_pact_add(struct ent_pact *ret, const struct ent_pact *now,
                          const struct ent_member *m)
{
    size_t at = 0;
    if (strcmp(m->name, now->self) == 0)
        return ENT_E_POLICY;
    while (at < now->members && strcmp(now->member[at].name, m->name) != 0)
        at++;
    if (at < now->members && same_member(&now->member[at], m))
        return ENT_E_EXISTS;
    if (at == ENT_PACT_MEMBERS)
        return ENT_E_LIMIT;
    const struct ent_member *other = ent_pact_member_by_tls(now, &m->tls);
    if (other != NULL && strcmp(other->name, m->name) != 0)
        return ENT_E_POLICY; /* one key, two names */
    *ret = *now;
    ret->member[at] = *m;
    ret->members = at == now->members ? at + 1 : now->members;
    ret->version = now->version + 1;
    ret->prev = now->hash;
    if (now->version == 1)
        ret->id = now->hash;
    return ENT_OK;
}

static enum ent_err encode(struct ent_buf *b, const struct ent_pact *p)
{
    char id[ENT_BASE64_LEN(32)], prev[ENT_BASE64_LEN(32)];
    enum ent_err r;
    ent_base64_encode(id, p->id.b, 32);
    ent_base64_encode(prev, p->prev.b, 32);
    if ((r = ent_buf_printf(b, FIRST_LINE "\nversion %llu\n", (unsigned long long)p->version)) !=
        ENT_OK)
        return r;
    if (p->version > 1 && (r = ent_buf_printf(b, "id %s\nprev %s\n", id, prev)) != ENT_OK)
        return r;
    if ((r = ent_buf_printf(b, "change self %s\nbudget %llu %llu\n", p->self,
                            (unsigned long long)p->budget.items,
                            (unsigned long long)p->budget.seconds)) != ENT_OK)
        return r;
    for (size_t i = 0; i < p->members; i++)
        if ((r = ent_member_encode(b, &p->member[i])) != ENT_OK)
            return r;
    return ENT_OK;
}

static void key_name(char ret[static ENT_NAME_MAX + 8], const char *member)
{
    (void)snprintf(ret, ENT_NAME_MAX + 8, "%s/root", member);
}

enum ent_err ent_pact_sign(struct ent_buf *b, struct ent_pact *p, const struct ent_seed32 *root)
{
    char name[ENT_NAME_MAX + 8];
    struct ent_buf note;
    enum ent_err r;
    key_name(name, p->self);
    ent_buf_init(&note, ENT_PACT_MAX);
    if ((r = encode(&note, p)) != ENT_OK ||
        (r = ent_note_sign(&note, note.n, name, root)) != ENT_OK)
        goto out;
    if ((r = ent_buf_put_slice(b, ent_buf_slice(&note))) == ENT_OK)
        ent_sha256_of(&p->hash, ent_buf_slice(&note));
out:
    ent_buf_release(&note);
    return r;
}

static enum ent_err parse_text(struct ent_pact *p, struct ent_slice text)
{
    struct ent_lines l;
    ent_lines_start(&l, text);
    ent_lines_exact(&l, FIRST_LINE);
    ent_lines_key(&l, "version");
    p->version = ent_lines_u64(&l, UINT32_MAX);
    if (p->version > 1) {
        ent_lines_key(&l, "id");
        ent_lines_b64(&l, p->id.b, 32);
        ent_lines_key(&l, "prev");
        ent_lines_b64(&l, p->prev.b, 32);
    }
    ent_lines_key(&l, "change");
    if (!ent_slice_eq(ent_lines_word(&l), ENT_SLICE_LIT("self")))
        ent_lines_fail(&l, ENT_E_FORMAT);
    ent_lines_str(&l, p->self, sizeof(p->self));
    ent_lines_key(&l, "budget");
    p->budget.items = ent_lines_u64(&l, ITEMS_MOST);
    p->budget.seconds = ent_lines_u64(&l, PERIOD_MOST);
    while (ent_lines_next_is(&l, "member")) {
        if (p->members == ENT_PACT_MEMBERS)
            return ENT_E_LIMIT;
        struct ent_member *m = &p->member[p->members];
        ent_member_take(&l, m);
        if (ent_pact_member(p, m->name) != NULL || ent_pact_member_by_tls(p, &m->tls) != NULL)
            ent_lines_fail(&l, ENT_E_FORMAT); /* a name or a TLS key listed twice */
        p->members++;
    }
    if (p->version == 0 || p->budget.seconds == 0 || ent_pact_member(p, p->self) == NULL)
        ent_lines_fail(&l, ENT_E_FORMAT);
    return ent_lines_end(&l);
}

static enum ent_err follows(const struct ent_pact *p, const struct ent_pact *before,
                            struct ent_diag *d)
{
    if (before == NULL)
        return p->version == 1
                   ? ENT_OK
                   : ent_fail(d, ENT_E_FORMAT, "the pact's first version is missing", 0, 0);
    const struct ent_hash32 *id = before->version == 1 ? &before->hash : &before->id;
    if (p->version != before->version + 1 || memcmp(p->prev.b, before->hash.b, 32) != 0 ||
        memcmp(p->id.b, id->b, 32) != 0 || strcmp(p->self, before->self) != 0)
        return ent_fail(d, ENT_E_AUTH, "pact version does not follow the one before it", 0, 0);
    return ENT_OK;
}

enum ent_err ent_pact_parse(struct ent_pact *ret, struct ent_slice bytes,
                            const struct ent_pact *before, struct ent_diag *d)
{
    char name[ENT_NAME_MAX + 8];
    struct ent_note note;
    enum ent_err r = ent_note_parse(&note, bytes, d);
    if (r != ENT_OK)
        return r;
    struct ent_pact *p = calloc(1, sizeof(*p));
    if (p == NULL)
        return ent_fail(d, ENT_E_NOMEM, "out of memory", 0, 0);
    if ((r = parse_text(p, note.text)) != ENT_OK) {
        r = ent_fail(d, r, "malformed pact", 0, 0);
        goto out;
    }
    if ((r = follows(p, before, d)) != ENT_OK)
        goto out;
    key_name(name, p->self);
    const struct ent_member *old = before == NULL ? NULL : ent_pact_member(before, p->self);
    if (ent_note_check(&note, name, &ent_pact_member(p, p->self)->root) != ENT_OK ||
        (old != NULL && ent_note_check(&note, name, &old->root) != ENT_OK)) {
        r = ent_fail(d, ENT_E_AUTH, "pact not signed by the root key of its owner", 0, 0);
        goto out;
    }
    ent_sha256_of(&p->hash, bytes);
    *ret = *p;
out:
    free(p);
    return r;
}

const struct ent_member *ent_pact_member(const struct ent_pact *p, const char *name)
{
    for (size_t i = 0; i < p->members; i++)
        if (strcmp(p->member[i].name, name) == 0)
            return &p->member[i];
    return NULL;
}

const struct ent_member *ent_pact_member_by_tls(const struct ent_pact *p,
                                                const struct ent_pubkey *tls)
{
    for (size_t i = 0; i < p->members; i++)
        if (memcmp(p->member[i].tls.b, tls->b, 32) == 0)
            return &p->member[i];
    return NULL;
}
