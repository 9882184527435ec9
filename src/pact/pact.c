/* pact.c: the text of a version, and a version with its votes. */
#include "pact/parts.h"

#define FIRST_LINE "entente/pact@v2"
#define ALGORITHMS "algorithms ed25519 sha256 ristretto255-sha512"

/* --- looking up ---------------------------------------------------------------------------------
 */

static const struct ent_member *find(const struct ent_member *m, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(m[i].name, name) == 0)
            return &m[i];
    return NULL;
}

const struct ent_member *ent_pact_member(const struct ent_pact *p, const char *name)
{
    return find(p->member, p->members, name);
}

const struct ent_member *ent_pact_former(const struct ent_pact *p, const char *name)
{
    return find(p->member + p->members, p->former, name);
}

const struct ent_member *ent_pact_member_by_tls(const struct ent_pact *p,
                                                const struct ent_pubkey *tls)
{
    for (size_t i = 0; i < p->members; i++)
        if (memcmp(p->member[i].tls.pk.b, tls->b, sizeof(tls->b)) == 0)
            return &p->member[i];
    return NULL;
}

size_t ent_pact_panel(const struct ent_pact *p)
{
    size_t n = 0;
    for (size_t i = 0; i < p->members; i++)
        n += p->member[i].panel;
    return n;
}

bool ent_pact_is_expired(const struct ent_pact *p, int64_t now)
{
    return p->expires != 0 && p->expires < now;
}

/* --- encode -------------------------------------------------------------------------------------
 */

static enum ent_err put_head(struct ent_buf *b, const struct ent_pact *p)
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
    return ent_buf_printf(b, "name %s\n" ALGORITHMS "\n", p->name);
}

static enum ent_err put_rules(struct ent_buf *b, const struct ent_pact *p)
{
    uint64_t expires = p->expires == 0 ? ENT_INDEX_NONE : (uint64_t)p->expires;
    enum ent_err r = ent_index_encode(b, "expires ", expires);
    if (r == ENT_OK)
        r = ent_buf_putc(b, '\n');
    for (int c = 0; r == ENT_OK && c < ENT_CHANGES; c++)
        r = ent_buf_printf(b, "threshold %s %u\n", ent_change_word((enum ent_change)c),
                           p->threshold[c]);
    if (r == ENT_OK)
        r = ent_buf_printf(b, "witnesses %u\nbudget %llu %llu\nminimum %s\n", p->k,
                           (unsigned long long)p->budget.items,
                           (unsigned long long)p->budget.seconds, ent_tlp_name(p->minimum));
    if (r == ENT_OK && p->quorum.holders > 0)
        r = ent_quorum_rule_encode(b, &p->quorum);
    return r;
}

static enum ent_err put_dispute(struct ent_buf *b, const struct ent_dispute *x)
{
    enum ent_err r;
    if ((r = ent_buf_printf(b, "dispute %s %u", x->member, x->generation)) != ENT_OK ||
        (r = ent_index_encode(b, " ", x->from)) != ENT_OK ||
        (r = ent_index_encode(b, " ", x->until)) != ENT_OK)
        return r;
    return ent_buf_printf(b, " %s\n", x->reason);
}

enum ent_err ent_pact_encode(struct ent_buf *b, struct ent_pact *p)
{
    struct ent_buf text;
    enum ent_err r;
    ent_buf_init(&text, ENT_PACT_TEXT_MAX);
    if ((r = put_head(&text, p)) == ENT_OK)
        r = put_rules(&text, p);
    for (size_t i = 0; r == ENT_OK && i < p->members; i++)
        r = ent_member_encode(&text, &p->member[i]);
    for (size_t i = 0; r == ENT_OK && i < p->disputes; i++)
        r = put_dispute(&text, &p->dispute[i]);
    if (r == ENT_OK && (r = ent_buf_put_slice(b, ent_buf_slice(&text))) == ENT_OK) {
        ent_sha256_of(&p->hash, ent_buf_slice(&text));
        if (p->version == 1)
            p->id = p->hash;
    }
    ent_buf_release(&text);
    return r;
}

/* --- parse --------------------------------------------------------------------------------------
 */

static void take_head(struct ent_lines *l, struct ent_pact *p)
{
    ent_lines_exact(l, FIRST_LINE);
    ent_lines_key(l, "version");
    p->version = ent_lines_u64(l, UINT32_MAX);
    if (p->version > 1) {
        ent_lines_key(l, "id");
        ent_lines_b64(l, p->id.b, 32);
        ent_lines_key(l, "prev");
        ent_lines_b64(l, p->prev.b, 32);
    }
    ent_lines_key(l, "name");
    ent_lines_text(l, p->name, sizeof(p->name));
    ent_lines_exact(l, ALGORITHMS);
    if (l->err == ENT_OK && (p->version == 0 || !ent_text_is_plain(p->name)))
        ent_lines_fail(l, ENT_E_FORMAT);
}

static enum ent_tlp take_tlp(struct ent_lines *l)
{
    struct ent_slice w = ent_lines_word(l);
    for (enum ent_tlp t = ENT_TLP_CLEAR; t <= ENT_TLP_RED; t++)
        if (ent_slice_eq(w, ent_slice_str(ent_tlp_name(t))))
            return t;
    ent_lines_fail(l, ENT_E_FORMAT);
    return ENT_TLP_RED;
}

static void take_rules(struct ent_lines *l, struct ent_pact *p)
{
    ent_lines_key(l, "expires");
    uint64_t expires = ent_index_take(l);
    if (expires == 0) /* never is "-" */
        ent_lines_fail(l, ENT_E_FORMAT);
    p->expires = expires == ENT_INDEX_NONE ? 0 : (int64_t)expires;
    for (int c = 0; c < ENT_CHANGES; c++) {
        ent_lines_key(l, "threshold");
        if (!ent_slice_eq(ent_lines_word(l), ent_slice_str(ent_change_word((enum ent_change)c))))
            ent_lines_fail(l, ENT_E_FORMAT);
        p->threshold[c] = (unsigned)ent_lines_u64(l, ENT_PACT_MEMBERS);
    }
    ent_lines_key(l, "witnesses");
    p->k = (unsigned)ent_lines_u64(l, ENT_PACT_MEMBERS);
    ent_lines_key(l, "budget");
    p->budget.items = ent_lines_u64(l, ENT_BUDGET_ITEMS_MOST);
    p->budget.seconds = ent_lines_u64(l, ENT_BUDGET_SECONDS_MOST);
    if (p->budget.seconds == 0)
        ent_lines_fail(l, ENT_E_FORMAT);
    ent_lines_key(l, "minimum");
    p->minimum = take_tlp(l);
    if (ent_lines_next_is(l, "quorum"))
        ent_quorum_rule_take(l, &p->quorum);
}

static void take_members(struct ent_lines *l, struct ent_pact *p)
{
    while (ent_lines_next_is(l, "member")) {
        if (p->members == ENT_PACT_MEMBERS) {
            ent_lines_fail(l, ENT_E_LIMIT);
            return;
        }
        struct ent_member *m = &p->member[p->members++];
        ent_member_take(l, m);
        if (p->members > 1 && strcmp(m[-1].name, m->name) >= 0)
            ent_lines_fail(l, ENT_E_FORMAT); /* one order, and no name twice */
    }
}

int ent_dispute_cmp(const struct ent_dispute *a, const struct ent_dispute *b)
{
    int c = strcmp(a->member, b->member);
    if (c == 0)
        c = (a->generation > b->generation) - (a->generation < b->generation);
    return c != 0 ? c : (a->from > b->from) - (a->from < b->from);
}

static void take_disputes(struct ent_lines *l, struct ent_pact *p)
{
    while (ent_lines_next_is(l, "dispute")) {
        if (p->disputes == ENT_PACT_DISPUTES) {
            ent_lines_fail(l, ENT_E_LIMIT);
            return;
        }
        struct ent_dispute *x = &p->dispute[p->disputes++];
        ent_lines_key(l, "dispute");
        ent_lines_str(l, x->member, sizeof(x->member));
        x->generation = (unsigned)ent_lines_u64(l, ENT_ROSTER_LOGS);
        x->from = ent_lines_u64(l, INT64_MAX);
        x->until = ent_index_take(l);
        ent_lines_text(l, x->reason, sizeof(x->reason));
        if (l->err == ENT_OK && (x->until <= x->from || !ent_text_is_plain(x->reason) ||
                                 (p->disputes > 1 && ent_dispute_cmp(x - 1, x) >= 0)))
            ent_lines_fail(l, ENT_E_FORMAT);
    }
}

static enum ent_err read_text(struct ent_pact *p, struct ent_slice text, struct ent_diag *d)
{
    struct ent_lines l;
    if (text.n > ENT_PACT_TEXT_MAX)
        return ent_fail(d, ENT_E_LIMIT, "too large for a pact", 0, ENT_PACT_TEXT_MAX);
    if (!ent_note_text_is_valid(text))
        return ent_fail(d, ENT_E_FORMAT, "malformed pact", 0, 0);
    ent_lines_start(&l, text);
    take_head(&l, p);
    take_rules(&l, p);
    take_members(&l, p);
    take_disputes(&l, p);
    enum ent_err r = ent_lines_end(&l);
    if (r == ENT_E_LIMIT)
        return ent_fail(d, r, "more in a pact than there may be", 0, 0);
    if (r != ENT_OK)
        return ent_fail(d, r, "malformed pact", 0, 0);
    ent_sha256_of(&p->hash, text);
    if (p->version == 1)
        p->id = p->hash;
    return ENT_OK;
}

/* All that costs no signatures: a stranger's text is refused by the first vote that does not hold.
 */
static enum ent_err check_text(struct ent_pact *p, struct ent_slice text,
                               const struct ent_pact *before, struct ent_diag *d)
{
    enum ent_err r = read_text(p, text, d);
    if (r != ENT_OK)
        return r;
    if (ent_pact_take_former(p, before) != ENT_OK)
        return ent_fail(d, ENT_E_LIMIT,
                        "more than 64 members, with those who were removed; found a new pact", 0,
                        0);
    if ((r = ent_pact_check_alone(p, d)) != ENT_OK)
        return r;
    return ent_pact_check_follows(p, before, d);
}

enum ent_err ent_pact_parse_text(struct ent_pact *ret, struct ent_slice text,
                                 const struct ent_pact *before, struct ent_diag *d)
{
    struct ent_pact *p = calloc(1, sizeof(*p));
    if (p == NULL)
        return ent_fail(d, ENT_E_NOMEM, "out of memory", 0, 0);
    enum ent_err r = check_text(p, text, before, d);
    if (r == ENT_OK && (r = ent_pact_check_proofs(p, before, d)) == ENT_OK)
        *ret = *p;
    free(p);
    return r;
}

static enum ent_err open_note(struct ent_note *ret, struct ent_slice bytes, struct ent_diag *d)
{
    if (bytes.n > ENT_PACT_MAX)
        return ent_fail(d, ENT_E_LIMIT, "too large for a pact", 0, ENT_PACT_MAX);
    return ent_note_parse_up_to(ret, bytes, ENT_PACT_MAX, d);
}

enum ent_err ent_pact_parse(struct ent_pact *ret, struct ent_slice bytes,
                            const struct ent_pact *before, struct ent_diag *d)
{
    struct ent_note note;
    enum ent_err r = open_note(&note, bytes, d);
    if (r != ENT_OK)
        return r;
    struct ent_pact *p = calloc(1, sizeof(*p));
    if (p == NULL)
        return ent_fail(d, ENT_E_NOMEM, "out of memory", 0, 0);
    if ((r = check_text(p, note.text, before, d)) == ENT_OK &&
        (r = ent_pact_check_votes(&note, p, before, &p->round, NULL, d)) == ENT_OK &&
        (r = ent_pact_check_proofs(p, before, d)) == ENT_OK)
        *ret = *p;
    free(p);
    return r;
}

enum ent_err ent_pact_reread(struct ent_pact *ret, struct ent_slice bytes,
                             const struct ent_pact *before)
{
    struct ent_note note;
    enum ent_err r = open_note(&note, bytes, NULL);
    if (r != ENT_OK)
        return r;
    struct ent_pact *p = calloc(1, sizeof(*p));
    if (p == NULL)
        return ENT_E_NOMEM;
    if ((r = read_text(p, note.text, NULL)) == ENT_OK &&
        (r = ent_pact_take_former(p, before)) == ENT_OK)
        *ret = *p;
    free(p);
    return r;
}

enum ent_err ent_pact_signers(struct ent_signers *ret, struct ent_slice bytes,
                              const struct ent_pact *p, const struct ent_pact *before,
                              struct ent_diag *d)
{
    struct ent_note note;
    uint32_t round;
    enum ent_err r = open_note(&note, bytes, d);
    if (r != ENT_OK)
        return r;
    ret->n = 0;
    return ent_pact_check_votes(&note, p, before, &round, ret, d);
}
