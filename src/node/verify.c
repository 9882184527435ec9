/* verify.c: proofs that somebody hands over. */
#include "node/node.h"

const char *ent_verify_word(enum ent_verify_kind k)
{
    static const char *const words[ENT_VERIFY_KINDS] = {
        "receipt",    "proof of misbehaviour", "statement", "act",    "delivery",
        "checkpoint", "proof of consistency",  "pact",      "unknown"};
    return words[k];
}

/* "<64 hex>/<member>/<generation>" */
static bool is_origin(struct ent_slice line)
{
    uint8_t id[32];
    return line.n > 66 && ent_hex_decode(id, 32, ent_slice(line.p, 64)) == ENT_OK &&
           line.p[64] == '/' && memchr(line.p + 65, '/', line.n - 65) != NULL;
}

/* A statement ends with its signatures, an act goes on with a salt. */
static enum ent_verify_kind statement_or_act(struct ent_slice bytes)
{
    struct ent_slice ignored;
    return ent_act_statement(&ignored, bytes) == ENT_OK ? ENT_VERIFY_ACT : ENT_VERIFY_STATEMENT;
}

enum ent_verify_kind ent_verify_kind_of(struct ent_slice bytes)
{
    static const struct {
        const char *line;
        enum ent_verify_kind kind;
    } first[] = {{"c2sp.org/tlog-proof@v1", ENT_VERIFY_RECEIPT},
                 {"entente/misbehaviour@v1", ENT_VERIFY_MISBEHAVIOUR},
                 {"entente/statement@v1", ENT_VERIFY_STATEMENT},
                 {"entente/delivery@v1", ENT_VERIFY_DELIVERY},
                 {"entente/consistency@v1", ENT_VERIFY_CONSISTENCY},
                 {"entente/pact-chain@v1", ENT_VERIFY_CHAIN}};
    struct ent_cur c = ent_cur(bytes);
    struct ent_slice line;
    if (ent_cur_line(&c, &line) != ENT_OK)
        return ENT_VERIFY_UNKNOWN;
    for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++)
        if (ent_slice_eq(line, ent_slice_str(first[i].line)))
            return first[i].kind == ENT_VERIFY_STATEMENT ? statement_or_act(bytes) : first[i].kind;
    return is_origin(line) ? ENT_VERIFY_CHECKPOINT : ENT_VERIFY_UNKNOWN;
}

void ent_verified_init(struct ent_verified *v)
{
    *v = (struct ent_verified){.kind = ENT_VERIFY_UNKNOWN};
    ent_buf_init(&v->room, ENT_ENTRY_MAX);
}

void ent_verified_release(struct ent_verified *v)
{
    ent_buf_release(&v->room);
}

/* --- one of each kind ---------------------------------------------------------------------------
 */

static void take_author(struct ent_verified *v, const char *name)
{
    (void)snprintf(v->member, sizeof(v->member), "%s", name);
}

static void take_receipt(struct ent_verified *v, const struct ent_receipt_says *says,
                         uint64_t index)
{
    v->st = says->st;
    take_author(v, says->st.author);
    v->generation = says->generation;
    v->index = index;
    v->placed = v->has_head = true;
    v->disputed = says->disputed;
    v->cp = says->cp;
    v->standing = says->standing;
}

static enum ent_err receipt(struct ent_verified *v, struct ent_diag *d, struct ent_slice bytes,
                            const struct ent_roster *roster)
{
    struct ent_receipt rec;
    struct ent_receipt_says says;
    enum ent_err r;
    if ((r = ent_receipt_parse(&rec, &v->room, bytes, d)) != ENT_OK ||
        (r = ent_receipt_check(&rec, &says, roster, d)) != ENT_OK)
        return r;
    take_receipt(v, &says, rec.index);
    return ENT_OK;
}

static enum ent_err delivery(struct ent_verified *v, struct ent_diag *d, struct ent_slice bytes,
                             const struct ent_roster *roster)
{
    struct ent_delivery *del = malloc(sizeof(*del));
    if (del == NULL)
        return ent_fail(d, ENT_E_NOMEM, "out of memory", 0, 0);
    enum ent_err r = ent_delivery_parse(del, bytes, roster, d);
    if (r == ENT_OK) {
        take_receipt(v, &del->says, del->receipt.index);
        v->body = del->act.body;
    }
    free(del);
    return r;
}

/* By the author key of the place that its number says. */
static enum ent_err statement(struct ent_verified *v, struct ent_diag *d, struct ent_slice bytes,
                              const struct ent_roster *roster)
{
    struct ent_slice note = bytes;
    struct ent_hash32 leaf;
    enum ent_err r = ENT_OK;
    if (v->kind == ENT_VERIFY_ACT && (r = ent_act_statement(&note, bytes)) != ENT_OK)
        return ent_fail(d, r, "not a signed statement with its body", 0, 0);
    if ((r = ent_statement_claims(&v->st, note, d)) != ENT_OK)
        return r;
    const struct ent_roster_member *m = ent_roster_member(roster, v->st.author);
    if (m == NULL)
        return ent_fail(d, ENT_E_NOTFOUND, "the author is no member of this pact", 0, 0);
    if (ent_roster_place(m, &v->generation, &v->index, v->st.sequence) != ENT_OK)
        return ent_fail(d, ENT_E_AUTH, "number of the statement has no place in a log", 0, 0);
    const struct ent_pubkey *pk = ent_roster_author(m, v->generation, v->index);
    if (pk == NULL)
        return ent_fail(d, ENT_E_AUTH, "no author key of the member is valid at this place", 0, 0);
    v->disputed = ent_roster_is_disputed(m, v->generation, v->index);
    take_author(v, m->name);
    if (v->kind == ENT_VERIFY_STATEMENT)
        return ent_statement_open(&v->st, &leaf, note, pk, d);
    struct ent_act *act = malloc(sizeof(*act));
    if (act == NULL)
        return ent_fail(d, ENT_E_NOMEM, "out of memory", 0, 0);
    if ((r = ent_act_parse(act, bytes, pk, d)) == ENT_OK)
        v->body = act->body;
    free(act);
    return r;
}

static enum ent_err take_log(struct ent_verified *v, struct ent_diag *d,
                             const struct ent_roster *roster)
{
    const struct ent_roster_member *m = NULL;
    const struct ent_log_key *log = NULL;
    if (ent_roster_log(roster, &m, &log, v->cp.origin) != ENT_OK)
        return ent_fail(d, ENT_E_NOTFOUND, "head of a log that is none of this pact's", 0, 0);
    take_author(v, m->name);
    v->generation = log->generation;
    v->has_head = true;
    v->disputed = v->cp.size > 0 && ent_roster_is_disputed(m, log->generation, v->cp.size - 1);
    if (log->closed && (v->cp.size > log->size ||
                        (v->cp.size == log->size && memcmp(v->cp.root.b, log->root.b, 32) != 0)))
        return ent_fail(d, ENT_E_AUTH, "head is not one that its log had when it was closed", 0, 0);
    return ENT_OK;
}

static enum ent_err consistency(struct ent_verified *v, struct ent_diag *d, struct ent_slice bytes,
                                const struct ent_roster *roster)
{
    struct ent_consistency c;
    enum ent_err r;
    if ((r = ent_consistency_parse(&c, bytes, d)) != ENT_OK ||
        (r = ent_consistency_check(&c, &v->standing, &v->cp, roster, d)) != ENT_OK)
        return r;
    v->old_size = c.old_size;
    v->new_size = c.new_size;
    return take_log(v, d, roster);
}

static enum ent_err misbehaviour(struct ent_verified *v, struct ent_diag *d, struct ent_slice bytes,
                                 const struct ent_roster *roster)
{
    struct ent_misbehaviour m;
    enum ent_err r = ent_misbehaviour_parse(&m, bytes, d);
    if (r != ENT_OK)
        return r;
    r = m.kind == ENT_MB_VOTE ? ent_vote_misbehaviour_check(&m, roster, d)
                              : ent_misbehaviour_check(&m, roster, d);
    v->misbehaviour = m.kind;
    take_author(v, m.member);
    return r;
}

enum ent_err ent_verify(struct ent_verified *ret, struct ent_diag *d, struct ent_slice bytes,
                        const struct ent_roster *roster)
{
    enum ent_err r;
    ret->kind = ent_verify_kind_of(bytes);
    switch (ret->kind) {
    case ENT_VERIFY_RECEIPT:
        return receipt(ret, d, bytes, roster);
    case ENT_VERIFY_DELIVERY:
        return delivery(ret, d, bytes, roster);
    case ENT_VERIFY_STATEMENT:
    case ENT_VERIFY_ACT:
        return statement(ret, d, bytes, roster);
    case ENT_VERIFY_CONSISTENCY:
        return consistency(ret, d, bytes, roster);
    case ENT_VERIFY_MISBEHAVIOUR:
        return misbehaviour(ret, d, bytes, roster);
    case ENT_VERIFY_CHECKPOINT:
        r = ent_roster_check_head(roster, &ret->standing, &ret->cp, bytes, d);
        return r == ENT_OK ? take_log(ret, d, roster) : r;
    case ENT_VERIFY_CHAIN:
    case ENT_VERIFY_UNKNOWN:
        break;
    }
    return ent_fail(d, ENT_E_FORMAT,
                    "its first line is none of a receipt, a statement, an act, a delivery, a "
                    "checkpoint, a pact or a proof",
                    0, 0);
}

/* --- several files ------------------------------------------------------------------------------
 */

struct seen {
    char origin[ENT_LOG_ORIGIN];
    uint64_t size;
    struct ent_hash32 root;
};

struct ent_verifier {
    struct ent_chain chain, inside;
    struct ent_roster roster;
    struct ent_hash32 roster_of; /* the version that it was made from */
    bool at_hand;                /* nobody pointed at the chain */
    struct seen *seen;
    size_t n, room;
};

enum ent_err ent_verifier_new(struct ent_verifier **ret, struct ent_diag *d)
{
    struct ent_verifier *v = calloc(1, sizeof(*v));
    if (v == NULL)
        return ent_fail(d, ENT_E_NOMEM, "out of memory", 0, 0);
    ent_chain_init(&v->chain);
    ent_chain_init(&v->inside);
    *ret = v;
    return ENT_OK;
}

void ent_verifier_free(struct ent_verifier *v)
{
    if (v == NULL)
        return;
    ent_chain_release(&v->chain);
    ent_chain_release(&v->inside);
    free(v->seen);
    free(v);
}

const struct ent_pact *ent_verifier_newest(const struct ent_verifier *v)
{
    return v->chain.newest;
}

static enum ent_err merge(struct ent_verifier *v, struct ent_diag *d, const struct ent_chain *more)
{
    enum ent_err r = ENT_OK;
    if (memcmp(more->newest->id.b, v->chain.newest->id.b, 32) != 0)
        return ent_fail(d, ENT_E_STATE, "another pact than the one before it", 0, 0);
    for (uint64_t i = 1; i <= more->versions && (r == ENT_OK || r == ENT_E_EXISTS); i++)
        r = ent_chain_add(&v->chain, NULL, ent_chain_version(more, i), d);
    return r == ENT_E_EXISTS ? ENT_OK : r;
}

enum ent_err ent_verifier_pact(struct ent_verifier *v, struct ent_diag *d, struct ent_slice chain)
{
    struct ent_chain_split split;
    struct ent_chain more;
    if (v->chain.newest == NULL)
        return ent_chain_parse(&v->chain, &split, chain, d);
    ent_chain_init(&more);
    enum ent_err r = ent_chain_parse(&more, &split, chain, d);
    if (r == ENT_OK)
        r = merge(v, d, &more);
    ent_chain_release(&more);
    return r;
}

enum ent_err ent_verifier_at_hand(struct ent_verifier *v, struct ent_diag *d,
                                  struct ent_slice chain)
{
    v->at_hand = true;
    return ent_verifier_pact(v, d, chain);
}

/* The pact inside a proof, when there is no other that it could be about. */
static enum ent_err look_inside(struct ent_verifier *v, const struct ent_pact **ret,
                                struct ent_slice bytes, struct ent_diag *d)
{
    struct ent_misbehaviour m;
    struct ent_chain_split split;
    enum ent_err r = ent_misbehaviour_parse(&m, bytes, d);
    if (r != ENT_OK || m.pact.n == 0)
        return r;
    if ((r = ent_chain_parse(&v->inside, &split, m.pact, d)) != ENT_OK)
        return r;
    const struct ent_pact *given = v->chain.newest, *inside = v->inside.newest;
    if (given == NULL || (v->at_hand && memcmp(given->id.b, inside->id.b, 32) != 0))
        *ret = inside;
    return ENT_OK;
}

static enum ent_err remember(struct ent_verifier *v, const struct ent_verified *got,
                             struct ent_diag *d)
{
    struct seen s = {.size = got->cp.size, .root = got->cp.root};
    if (!got->has_head || got->cp.origin.n >= sizeof(s.origin))
        return ENT_OK;
    memcpy(s.origin, got->cp.origin.p, got->cp.origin.n);
    for (size_t i = 0; i < v->n; i++)
        if (v->seen[i].size == s.size && strcmp(v->seen[i].origin, s.origin) == 0)
            return memcmp(v->seen[i].root.b, s.root.b, 32) == 0
                       ? ENT_OK
                       : ent_fail(d, ENT_E_AUTH,
                                  "its head contradicts one before it: its log has two histories "
                                  "(`entente log prove-fork` makes the proof)",
                                  0, 0);
    if (v->n == v->room) {
        size_t room = v->room == 0 ? 16 : 2 * v->room;
        struct seen *more = realloc(v->seen, room * sizeof(*more));
        if (more == NULL)
            return ent_fail(d, ENT_E_NOMEM, "out of memory", 0, 0);
        v->seen = more;
        v->room = room;
    }
    v->seen[v->n++] = s;
    return ENT_OK;
}

enum ent_err ent_verifier_check(struct ent_verifier *v, struct ent_verified *ret,
                                struct ent_diag *d, const struct ent_pact **ret_pact,
                                bool *ret_inside, struct ent_slice bytes)
{
    const struct ent_pact *pact = v->chain.newest;
    enum ent_err r = ENT_OK;
    ret->kind = ent_verify_kind_of(bytes);
    ent_chain_release(&v->inside);
    if (ret->kind == ENT_VERIFY_MISBEHAVIOUR && (r = look_inside(v, &pact, bytes, d)) != ENT_OK)
        return r;
    if (pact == NULL && ret->kind != ENT_VERIFY_UNKNOWN)
        return ent_fail(d, ENT_E_POLICY,
                        "nothing here says whose keys are valid: --pact FILE, as `entente pact "
                        "export` writes it",
                        0, 0);
    *ret_pact = pact;
    *ret_inside = pact != NULL && pact == v->inside.newest;
    if (pact != NULL && memcmp(v->roster_of.b, pact->hash.b, sizeof(pact->hash.b)) != 0) {
        ent_roster_of_chain(&v->roster, *ret_inside ? &v->inside : &v->chain);
        v->roster_of = pact->hash;
    }
    r = ent_verify(ret, d, bytes, &v->roster);
    return r == ENT_OK ? remember(v, ret, d) : r;
}
