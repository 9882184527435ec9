/* statement.c: statements and acts. */
#include "ledger/ledger.h"
#include "ledger/tree.h"

#define FIRST_LINE "entente/statement@v1"

const char *ent_statement_type_name(enum ent_statement_type t)
{
    static const char *const names[ENT_ST_TYPES] = {
        "join",      "offer",    "accept",    "refuse",  "result",  "report",
        "assess",    "vote",     "joint",     "request", "ack",     "answer",
        "seal",      "disclose", "custody",   "retract", "release", "heads",
        "challenge", "withdraw", "tombstone", "propose", "prevote", "precommit"};
    return names[t];
}

void ent_commit(struct ent_hash32 *ret, const struct ent_salt32 *salt, struct ent_slice body)
{
    static const uint8_t tag = 0x02;
    struct ent_sha256 h;
    ent_sha256_init(&h);
    ent_sha256_add(&h, ent_slice(&tag, 1));
    ent_sha256_add(&h, ent_slice(salt->b, sizeof(salt->b)));
    ent_sha256_add(&h, body);
    ent_sha256_end(&h, ret);
}

void ent_heads_none(struct ent_hash32 *ret)
{
    ent_sha256_of(ret, ent_slice(NULL, 0));
}

static enum ent_err put_hash(struct ent_buf *b, const struct ent_hash32 *h, const char *end)
{
    char text[ENT_BASE64_LEN(32)];
    ent_base64_encode(text, h->b, sizeof(h->b));
    return ent_buf_printf(b, "%s%s", text, end);
}

enum ent_err ent_statement_encode(struct ent_buf *b, const struct ent_statement *st)
{
    enum ent_err r;
    if ((r = ent_buf_printf(b, FIRST_LINE "\npact %llu ", (unsigned long long)st->pact_version)) !=
            ENT_OK ||
        (r = put_hash(b, &st->pact, "\n")) != ENT_OK ||
        (r = ent_buf_printf(b, "author %s %llu\ntype %s\ntime %lld\nheads ", st->author,
                            (unsigned long long)st->sequence, ent_statement_type_name(st->type),
                            (long long)st->time)) != ENT_OK ||
        (r = put_hash(b, &st->heads, "\n")) != ENT_OK)
        return r;
    for (size_t i = 0; i < st->refs; i++)
        if ((r = ent_buf_puts(b, "ref ")) != ENT_OK ||
            (r = put_hash(b, &st->ref[i], "\n")) != ENT_OK)
            return r;
    if ((r = ent_buf_printf(b, "policy %s ", st->tlp)) != ENT_OK ||
        (r = put_hash(b, &st->policy, "\n")) != ENT_OK ||
        (r = ent_buf_printf(b, "body %s %llu ", st->media, (unsigned long long)st->body_n)) !=
            ENT_OK)
        return r;
    return put_hash(b, &st->body, "\n");
}

static enum ent_statement_type take_type(struct ent_lines *l)
{
    struct ent_slice w = ent_lines_word(l);
    for (int t = 0; t < ENT_ST_TYPES; t++)
        if (ent_slice_eq(w, ent_slice_str(ent_statement_type_name((enum ent_statement_type)t))))
            return (enum ent_statement_type)t;
    ent_lines_fail(l, ENT_E_FORMAT);
    return ENT_ST_JOIN;
}

enum ent_err ent_statement_parse(struct ent_statement *ret, struct ent_slice text)
{
    struct ent_statement st = {0};
    struct ent_lines l;
    ent_lines_start(&l, text);
    ent_lines_exact(&l, FIRST_LINE);
    ent_lines_key(&l, "pact");
    st.pact_version = ent_lines_u64(&l, UINT32_MAX);
    ent_lines_b64(&l, st.pact.b, 32);
    ent_lines_key(&l, "author");
    ent_lines_str(&l, st.author, sizeof(st.author));
    st.sequence = ent_lines_u64(&l, INT64_MAX);
    ent_lines_key(&l, "type");
    st.type = take_type(&l);
    ent_lines_key(&l, "time");
    st.time = (int64_t)ent_lines_u64(&l, INT64_MAX);
    ent_lines_key(&l, "heads");
    ent_lines_b64(&l, st.heads.b, 32);
    while (ent_lines_next_is(&l, "ref") && st.refs < ENT_STATEMENT_REFS) {
        ent_lines_key(&l, "ref");
        ent_lines_b64(&l, st.ref[st.refs++].b, 32);
    }
    ent_lines_key(&l, "policy");
    ent_lines_str(&l, st.tlp, sizeof(st.tlp));
    ent_lines_b64(&l, st.policy.b, 32);
    ent_lines_key(&l, "body");
    ent_lines_str(&l, st.media, sizeof(st.media));
    st.body_n = ent_lines_u64(&l, ENT_ACT_BODY_MAX);
    ent_lines_b64(&l, st.body.b, 32);
    if (!ent_name_is_valid(ent_slice_str(st.author)))
        ent_lines_fail(&l, ENT_E_FORMAT);
    enum ent_err r = ent_lines_end(&l);
    if (r == ENT_OK)
        *ret = st;
    return r;
}

/* What every reader does first. */
static enum ent_err read_entry(struct ent_statement *ret, struct ent_note *note,
                               struct ent_slice bytes, struct ent_diag *d)
{
    if (bytes.n > ENT_ENTRY_MAX)
        return ent_fail(d, ENT_E_LIMIT, "signed statement larger than 65535 bytes", 0,
                        ENT_ENTRY_MAX);
    enum ent_err r = ent_note_parse(note, bytes, d);
    if (r == ENT_OK && ent_statement_parse(ret, note->text) != ENT_OK)
        r = ent_fail(d, ENT_E_FORMAT, "malformed statement", 0, 0);
    return r;
}

static enum ent_err check_author(const struct ent_statement *st, const struct ent_note *note,
                                 const struct ent_pubkey *pk, struct ent_diag *d)
{
    char key_name[ENT_NAME_MAX + 16];
    ent_key_name(key_name, st->author, "author");
    if (ent_note_check(note, key_name, pk) != ENT_OK)
        return ent_fail(d, ENT_E_AUTH, "statement not signed by its author's key", 0, 0);
    return ENT_OK;
}

enum ent_err ent_statement_open(struct ent_statement *ret, struct ent_hash32 *ret_leaf,
                                struct ent_slice note, const struct ent_pubkey *author,
                                struct ent_diag *d)
{
    struct ent_note parsed;
    struct ent_statement st;
    enum ent_err r;
    if ((r = read_entry(&st, &parsed, note, d)) != ENT_OK ||
        (r = check_author(&st, &parsed, author, d)) != ENT_OK)
        return r;
    ent_merkle_leaf_hash(ret_leaf, note);
    *ret = st;
    return ENT_OK;
}

enum ent_err ent_statement_claims(struct ent_statement *ret, struct ent_slice note,
                                  struct ent_diag *d)
{
    struct ent_note parsed;
    struct ent_statement st;
    enum ent_err r = read_entry(&st, &parsed, note, d);
    if (r == ENT_OK)
        *ret = st;
    return r;
}

enum ent_err ent_act_make(struct ent_buf *b, struct ent_act *ret_act, struct ent_diag *d,
                          struct ent_statement *st, struct ent_slice body,
                          const struct ent_signer *signer)
{
    char key_name[ENT_NAME_MAX + 16], salt64[ENT_BASE64_LEN(32)];
    struct ent_act act = {0};
    struct ent_signature sig;
    struct ent_buf note;
    enum ent_err r;

    if (body.n > ENT_ACT_BODY_MAX)
        return ent_fail(d, ENT_E_LIMIT, "a body that is too large", 0, ENT_ACT_BODY_MAX);
    ent_random(act.salt.b, sizeof(act.salt.b));
    ent_commit(&st->policy, &act.salt, ent_slice(NULL, 0));
    ent_commit(&st->body, &act.salt, body);
    st->body_n = body.n;
    act.st = *st;
    ent_key_name(key_name, st->author, "author");
    ent_base64_encode(salt64, act.salt.b, sizeof(act.salt.b));

    ent_buf_init(&note, ENT_ENTRY_MAX);
    if ((r = signer->statement(signer->ctx, &sig, &note, d, st)) != ENT_OK ||
        (r = ent_note_add(&note, note.n, key_name, &sig.pk, sig.sig)) != ENT_OK)
        goto out;
    ent_merkle_leaf_hash(&act.leaf, ent_buf_slice(&note));
    if ((r = ent_buf_put_slice(b, ent_buf_slice(&note))) != ENT_OK ||
        (r = ent_buf_printf(b, "\nsalt %s\n", salt64)) != ENT_OK ||
        (r = ent_buf_put_slice(b, body)) != ENT_OK)
        goto out;
    act.body = ent_slice(b->p + b->n - body.n, body.n);
    *ret_act = act;
out:
    ent_buf_release(&note);
    return r;
}

/* Where the signed statement ends: before the second empty line. */
static enum ent_err split_act(struct ent_slice bytes, struct ent_slice *ret_note,
                              struct ent_slice *ret_rest)
{
    unsigned empty = 0;
    for (size_t i = 0; i + 1 < bytes.n && i < ENT_NOTE_MAX; i++) {
        if (bytes.p[i] != '\n' || bytes.p[i + 1] != '\n')
            continue;
        if (++empty == 2) {
            *ret_note = ent_slice(bytes.p, i + 1);
            *ret_rest = ent_slice(bytes.p + i + 2, bytes.n - i - 2);
            return ENT_OK;
        }
    }
    return ENT_E_FORMAT;
}

static enum ent_err parse_unverified(struct ent_act *ret, struct ent_note *note,
                                     struct ent_slice bytes, struct ent_diag *d)
{
    struct ent_slice note_bytes, rest;
    struct ent_lines l;
    enum ent_err r;
    if (bytes.n > ENT_ACT_MAX)
        return ent_fail(d, ENT_E_LIMIT, "signed statement too large", 0, ENT_ACT_MAX);
    if (split_act(bytes, &note_bytes, &rest) != ENT_OK)
        return ent_fail(d, ENT_E_FORMAT, "not a signed statement with its body", 0, 0);
    if ((r = read_entry(&ret->st, note, note_bytes, d)) != ENT_OK)
        return r;
    ent_lines_start(&l, rest);
    ent_lines_key(&l, "salt");
    ent_lines_b64(&l, ret->salt.b, 32);
    if (ent_lines_tail(&l, &ret->body) != ENT_OK)
        return ent_fail(d, ENT_E_FORMAT, "malformed salt line behind the statement", 0,
                        note_bytes.n + 1);
    ent_merkle_leaf_hash(&ret->leaf, note_bytes);
    return ENT_OK;
}

enum ent_err ent_act_parse(struct ent_act *ret, struct ent_slice bytes,
                           const struct ent_pubkey *author_pk, struct ent_diag *d)
{
    struct ent_note note;
    struct ent_hash32 want;
    struct ent_act act = {0};
    enum ent_err r;
    if ((r = parse_unverified(&act, &note, bytes, d)) != ENT_OK ||
        (r = check_author(&act.st, &note, author_pk, d)) != ENT_OK)
        return r;
    ent_commit(&want, &act.salt, act.body);
    if (act.body.n != act.st.body_n || memcmp(want.b, act.st.body.b, 32) != 0)
        return ent_fail(d, ENT_E_AUTH, "body does not fit the signed statement", 0, 0);
    ent_commit(&want, &act.salt, ent_slice(NULL, 0));
    if (memcmp(want.b, act.st.policy.b, 32) != 0)
        return ent_fail(d, ENT_E_AUTH, "policy does not fit the signed statement", 0, 0);
    *ret = act;
    return ENT_OK;
}

enum ent_err ent_act_statement(struct ent_slice *ret, struct ent_slice bytes)
{
    struct ent_slice rest;
    return split_act(bytes, ret, &rest);
}

enum ent_err ent_act_author(char ret[static ENT_NAME_MAX + 1], struct ent_slice bytes)
{
    struct ent_note note;
    struct ent_act act = {0};
    enum ent_err r = parse_unverified(&act, &note, bytes, NULL);
    if (r == ENT_OK)
        memcpy(ret, act.st.author, sizeof(act.st.author));
    return r;
}
