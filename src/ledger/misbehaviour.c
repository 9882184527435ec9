/* misbehaviour.c: proofs of misbehaviour. */
#include "ledger/ledger.h"

#define FIRST_LINE "entente/misbehaviour@v1"

const char *ent_misbehaviour_word(enum ent_misbehaviour_kind k)
{
    static const char *const words[ENT_MB_KINDS] = {"fork", "sequence", "witness", "vote"};
    return words[k];
}

const char *ent_misbehaviour_text(enum ent_misbehaviour_kind k)
{
    static const char *const texts[ENT_MB_KINDS] = {
        "signed two histories of its log", "gave two statements one number",
        "cosigned two histories of one log", "voted twice in one round"};
    return texts[k];
}

/* --- bytes --------------------------------------------------------------------------------------
 */

static bool is_about_heads(enum ent_misbehaviour_kind k)
{
    return k == ENT_MB_FORK || k == ENT_MB_WITNESS;
}

static enum ent_misbehaviour_kind take_kind(struct ent_lines *l)
{
    ent_lines_key(l, "kind");
    struct ent_slice w = ent_lines_word(l);
    for (int k = 0; k < ENT_MB_KINDS; k++)
        if (ent_slice_eq(w, ent_slice_str(ent_misbehaviour_word((enum ent_misbehaviour_kind)k))))
            return (enum ent_misbehaviour_kind)k;
    ent_lines_fail(l, ENT_E_FORMAT);
    return ENT_MB_FORK;
}

static void take_proof(struct ent_lines *l, struct ent_misbehaviour *m)
{
    m->sized = true;
    ent_lines_key(l, "root");
    ent_lines_b64(l, m->root.b, 32);
    while (ent_lines_next_is(l, "path")) {
        if (m->proof.n == ENT_MERKLE_PROOF_MAX) {
            ent_lines_fail(l, ENT_E_LIMIT);
            return;
        }
        ent_lines_key(l, "path");
        ent_lines_b64(l, m->proof.hash[m->proof.n++].b, 32);
    }
}

/* A line with a length, and so many bytes behind it. */
static struct ent_slice take_bytes(struct ent_lines *l, const char *key, uint64_t max)
{
    struct ent_slice s = {NULL, 0};
    ent_lines_key(l, key);
    uint64_t n = ent_lines_u64(l, max);
    if (l->err == ENT_OK && l->rest.n != 0)
        ent_lines_fail(l, ENT_E_FORMAT);
    if (l->err == ENT_OK)
        l->err = ent_cur_take(&l->c, &s, (size_t)n);
    return s;
}

enum ent_err ent_misbehaviour_parse(struct ent_misbehaviour *ret, struct ent_slice bytes,
                                    struct ent_diag *d)
{
    struct ent_misbehaviour m = {.sized = false};
    struct ent_lines l;
    if (bytes.n > ENT_MISBEHAVIOUR_MAX)
        return ent_fail(d, ENT_E_LIMIT, "proof of misbehaviour larger than 16 MiB", 0,
                        ENT_MISBEHAVIOUR_MAX);
    ent_lines_start(&l, bytes);
    ent_lines_exact(&l, FIRST_LINE);
    m.kind = take_kind(&l);
    ent_lines_key(&l, "member");
    ent_lines_str(&l, m.member, sizeof(m.member));
    if (!ent_name_is_valid(ent_slice_str(m.member)))
        ent_lines_fail(&l, ENT_E_FORMAT);
    if (is_about_heads(m.kind) && ent_lines_next_is(&l, "root"))
        take_proof(&l, &m);
    m.a = take_bytes(&l, "part", ENT_NOTE_MAX);
    m.b = take_bytes(&l, "part", ENT_NOTE_MAX);
    if (m.a.n == 0 || m.b.n == 0)
        ent_lines_fail(&l, ENT_E_FORMAT);
    m.pact = take_bytes(&l, "pact", ENT_MISBEHAVIOUR_MAX);
    size_t left = l.c.n;
    enum ent_err r = ent_lines_end(&l);
    if (r == ENT_E_LIMIT)
        return ent_fail(d, r, "proof of misbehaviour with a part that is too large", 0,
                        bytes.n - left);
    if (r != ENT_OK)
        return ent_fail(d, r, "malformed proof of misbehaviour", 0, bytes.n - left);
    *ret = m;
    return ENT_OK;
}

static enum ent_err put_hash(struct ent_buf *b, const char *key, const struct ent_hash32 *h)
{
    char b64[ENT_BASE64_LEN(32)];
    ent_base64_encode(b64, h->b, sizeof(h->b));
    return ent_buf_printf(b, "%s %s\n", key, b64);
}

static enum ent_err put_bytes(struct ent_buf *b, const char *key, struct ent_slice s)
{
    enum ent_err r = ent_buf_printf(b, "%s %zu\n", key, s.n);
    return r == ENT_OK ? ent_buf_put_slice(b, s) : r;
}

static enum ent_err put_all(struct ent_buf *b, const struct ent_misbehaviour *m)
{
    enum ent_err r = ent_buf_printf(b, FIRST_LINE "\nkind %s\nmember %s\n",
                                    ent_misbehaviour_word(m->kind), m->member);
    if (r == ENT_OK && m->sized)
        r = put_hash(b, "root", &m->root);
    for (size_t i = 0; r == ENT_OK && m->sized && i < m->proof.n; i++)
        r = put_hash(b, "path", &m->proof.hash[i]);
    if (r != ENT_OK || (r = put_bytes(b, "part", m->a)) != ENT_OK ||
        (r = put_bytes(b, "part", m->b)) != ENT_OK)
        return r;
    return put_bytes(b, "pact", m->pact);
}

enum ent_err ent_misbehaviour_encode(struct ent_buf *b, const struct ent_misbehaviour *m)
{
    size_t before = b->n;
    if (!ent_name_is_valid(ent_slice_str(m->member)) || m->a.n == 0 || m->b.n == 0 ||
        (m->sized && !is_about_heads(m->kind)))
        return ENT_E_FORMAT;
    if (m->proof.n > ENT_MERKLE_PROOF_MAX || m->a.n > ENT_NOTE_MAX || m->b.n > ENT_NOTE_MAX ||
        m->pact.n > ENT_MISBEHAVIOUR_MAX)
        return ENT_E_LIMIT;
    enum ent_err r = put_all(b, m);
    if (r == ENT_OK && b->n - before > ENT_MISBEHAVIOUR_MAX)
        r = ENT_E_LIMIT;
    if (r != ENT_OK)
        b->n = before;
    return r;
}

/* --- heads --------------------------------------------------------------------------------------
 */

static enum ent_err not_shown(struct ent_diag *d, const char *text)
{
    return ent_fail(d, ENT_E_AUTH, text, 0, 0);
}

static bool same_hash(const struct ent_hash32 *a, const struct ent_hash32 *b)
{
    return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

struct head {
    struct ent_note note;
    struct ent_checkpoint cp;
};

/* Two heads of one log, each signed by its key. Cosignatures are not looked at: whoever added a bad
 * one to a head must not make it less of a proof. */
struct pair {
    struct head a, b;
    const struct ent_roster_member *of;
    const struct ent_log_key *log;
};

static enum ent_err open_head(struct head *ret, struct ent_slice bytes, struct ent_diag *d)
{
    enum ent_err r = ent_note_parse(&ret->note, bytes, d);
    return r == ENT_OK ? ent_checkpoint_parse(&ret->cp, ret->note.text, d) : r;
}

static enum ent_err open_pair(struct pair *ret, const struct ent_roster *roster, struct ent_slice a,
                              struct ent_slice b, struct ent_diag *d)
{
    char origin[ENT_LOG_ORIGIN];
    if (open_head(&ret->a, a, d) != ENT_OK || open_head(&ret->b, b, d) != ENT_OK)
        return ENT_E_AUTH; /* *d says why */
    if (!ent_slice_eq(ret->a.cp.origin, ret->b.cp.origin))
        return not_shown(d, "heads are not of one log");
    if (ent_roster_log(roster, &ret->of, &ret->log, ret->a.cp.origin) != ENT_OK)
        return not_shown(d, "heads of a log that is none of this pact's");
    ent_roster_origin(roster, origin, ret->of->name, ret->log->generation);
    if (ent_note_check(&ret->a.note, origin, &ret->log->pk) != ENT_OK ||
        ent_note_check(&ret->b.note, origin, &ret->log->pk) != ENT_OK)
        return not_shown(d, "head not signed by its log");
    return ENT_OK;
}

/* No history has both. That of the larger head has m->root at the smaller size: the path leads from
 * there to the root that was signed, and nothing else does. */
static enum ent_err check_split(const struct ent_misbehaviour *m, const struct ent_checkpoint *a,
                                const struct ent_checkpoint *b, struct ent_diag *d)
{
    if (a->size > b->size)
        return not_shown(d, "the larger of two heads comes first");
    if (a->size == b->size) {
        if (m->sized)
            return not_shown(d, "path between two heads of one size");
        if (same_hash(&a->root, &b->root))
            return not_shown(d, "both heads are of one tree");
        return ENT_OK;
    }
    if (!m->sized)
        return not_shown(d, "no path between two heads of different sizes");
    if (ent_merkle_check_consistency(a->size, &m->root, b->size, &b->root, m->proof.hash,
                                     m->proof.n) != ENT_OK)
        return not_shown(d, "path does not lead to the larger head");
    if (same_hash(&a->root, &m->root))
        return not_shown(d, "the smaller head is the beginning of the larger");
    return ENT_OK;
}

/* A head is its last entry's. */
static bool is_in_dispute(const struct pair *p)
{
    uint64_t a = p->a.cp.size, b = p->b.cp.size;
    return (a > 0 && ent_roster_is_disputed(p->of, p->log->generation, a - 1)) ||
           (b > 0 && ent_roster_is_disputed(p->of, p->log->generation, b - 1));
}

static enum ent_err check_fork(const struct ent_misbehaviour *m, const struct ent_roster *roster,
                               struct ent_diag *d)
{
    struct pair p;
    enum ent_err r;
    if ((r = open_pair(&p, roster, m->a, m->b, d)) != ENT_OK ||
        (r = check_split(m, &p.a.cp, &p.b.cp, d)) != ENT_OK)
        return r;
    if (strcmp(p.of->name, m->member) != 0)
        return not_shown(d, "heads are of another member's log");
    if (is_in_dispute(&p))
        return not_shown(d, "head is in dispute");
    return ENT_OK;
}

/* A dispute about the log excuses nobody who vouched for both of its histories. */
static enum ent_err check_witness(const struct ent_misbehaviour *m, const struct ent_roster *roster,
                                  const struct ent_roster_member *who, struct ent_diag *d)
{
    struct pair p;
    char name[ENT_NAME_MAX + 16];
    int64_t time;
    enum ent_err r;
    if ((r = open_pair(&p, roster, m->a, m->b, d)) != ENT_OK ||
        (r = check_split(m, &p.a.cp, &p.b.cp, d)) != ENT_OK)
        return r;
    if (p.of == who)
        return not_shown(d, "heads are of the witness's own log");
    ent_key_name(name, who->name, "witness");
    if (ent_cosign_check(&p.a.note, &time, name, &who->witness) != ENT_OK ||
        ent_cosign_check(&p.b.note, &time, name, &who->witness) != ENT_OK)
        return not_shown(d, "head not cosigned by this witness");
    return ENT_OK;
}

static void split(struct ent_misbehaviour *m, const struct ent_roster_member *of,
                  struct ent_slice a, struct ent_slice b)
{
    *m = (struct ent_misbehaviour){.kind = ENT_MB_FORK, .a = a, .b = b};
    memcpy(m->member, of->name, sizeof(m->member));
}

/* Root and path out of the larger tree. */
static enum ent_err find_path(struct ent_misbehaviour *m, uint64_t size1, uint64_t size2,
                              const struct ent_merkle_source *larger)
{
    enum ent_err r;
    m->sized = true;
    if (size1 == 0) {
        ent_sha256_of(&m->root, ent_slice(NULL, 0));
        return ENT_OK;
    }
    if (larger == NULL)
        return ENT_E_AUTH;
    if ((r = ent_merkle_source_root(&m->root, size1, larger)) != ENT_OK)
        return r;
    return ent_merkle_prove_consistency(&m->proof, size1, size2, larger);
}

enum ent_err ent_misbehaviour_of_heads(struct ent_misbehaviour *ret,
                                       const struct ent_roster *roster, struct ent_slice a,
                                       struct ent_slice b, const struct ent_merkle_source *larger)
{
    struct pair p;
    struct ent_misbehaviour m;
    enum ent_err r = open_pair(&p, roster, a, b, NULL);
    if (r != ENT_OK)
        return r;
    const struct ent_checkpoint *first = &p.a.cp, *second = &p.b.cp;
    split(&m, p.of, a, b);
    /* of one size, by their roots: who shows them first must not make another proof of them */
    if (first->size > second->size ||
        (first->size == second->size && memcmp(first->root.b, second->root.b, 32) > 0)) {
        first = &p.b.cp;
        second = &p.a.cp;
        split(&m, p.of, b, a);
    }
    if (first->size < second->size) {
        if ((r = find_path(&m, first->size, second->size, larger)) != ENT_OK)
            return r;
        /* Before anything is called consistent: is this the tree that was signed? */
        if (ent_merkle_check_consistency(first->size, &m.root, second->size, &second->root,
                                         m.proof.hash, m.proof.n) != ENT_OK)
            return ENT_E_AUTH;
    }
    if (check_split(&m, first, second, NULL) != ENT_OK)
        return ENT_E_NOTFOUND;
    if (is_in_dispute(&p))
        return ENT_E_POLICY;
    *ret = m;
    return ENT_OK;
}

/* --- statements ---------------------------------------------------------------------------------
 */

/* Where a roster has no versions, two statements are of one pact only when both name the same. */
static bool is_of_this_pact(const struct ent_roster *roster, const struct ent_statement *st,
                            const struct ent_statement *other)
{
    if (roster->versions == 0)
        return same_hash(&st->pact, &other->pact);
    for (size_t i = 0; i < roster->versions; i++)
        if (same_hash(&roster->version[i], &st->pact))
            return true;
    return false;
}

/* Of two notes that were parsed. More signatures below a text do not make it another. */
static bool is_same_text(struct ent_slice a, struct ent_slice b)
{
    const uint8_t *end_a = memmem(a.p, a.n, "\n\n", 2), *end_b = memmem(b.p, b.n, "\n\n", 2);
    ENT_ASSERT(end_a != NULL && end_b != NULL);
    return ent_slice_eq(ent_slice(a.p, (size_t)(end_a - a.p)),
                        ent_slice(b.p, (size_t)(end_b - b.p)));
}

static enum ent_err check_sequence(const struct ent_misbehaviour *m,
                                   const struct ent_roster *roster,
                                   const struct ent_roster_member *who, struct ent_diag *d)
{
    struct ent_statement a, b;
    struct ent_hash32 leaf;
    unsigned generation;
    uint64_t index;
    if (ent_statement_claims(&a, m->a, d) != ENT_OK || ent_statement_claims(&b, m->b, d) != ENT_OK)
        return ENT_E_AUTH; /* *d says why */
    if (strcmp(a.author, who->name) != 0 || strcmp(b.author, who->name) != 0)
        return not_shown(d, "statement of another author");
    if (a.sequence != b.sequence)
        return not_shown(d, "statements have two numbers");
    if (!is_of_this_pact(roster, &a, &b) || !is_of_this_pact(roster, &b, &a))
        return not_shown(d, "statement under another pact");
    /* The key for this place and no other: with one that was revoked before, a thief may say what
     * he likes. */
    if (ent_roster_place(who, &generation, &index, a.sequence) != ENT_OK)
        return not_shown(d, "number of the statements has no place in a log");
    const struct ent_pubkey *pk = ent_roster_author(who, generation, index);
    if (pk == NULL)
        return not_shown(d, "no author key of the member is valid at this place");
    if (ent_statement_open(&a, &leaf, m->a, pk, d) != ENT_OK ||
        ent_statement_open(&b, &leaf, m->b, pk, d) != ENT_OK)
        return ENT_E_AUTH; /* *d says why */
    if (is_same_text(m->a, m->b))
        return not_shown(d, "both statements are one");
    if (ent_roster_is_disputed(who, generation, index))
        return not_shown(d, "place of the statements is in dispute");
    return ENT_OK;
}

enum ent_err ent_misbehaviour_check(const struct ent_misbehaviour *m,
                                    const struct ent_roster *roster, struct ent_diag *d)
{
    const struct ent_roster_member *who = ent_roster_member(roster, m->member);
    if (m->kind == ENT_MB_VOTE)
        return ent_fail(d, ENT_E_UNSUPPORTED, "votes are checked with the pact", 0, 0);
    if (who == NULL)
        return not_shown(d, "no member of this pact has this name");
    switch (m->kind) {
    case ENT_MB_FORK:
        return check_fork(m, roster, d);
    case ENT_MB_SEQUENCE:
        return check_sequence(m, roster, who, d);
    case ENT_MB_WITNESS:
        return check_witness(m, roster, who, d);
    case ENT_MB_VOTE:
        break;
    }
    ENT_BUG("no such kind of misbehaviour");
}
