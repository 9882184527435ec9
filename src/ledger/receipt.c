/* receipt.c: receipts: C2SP's tlog-proof with the statement in `extra`. */
#include "ledger/ledger.h"
#include "ledger/tree.h"

#define FIRST_LINE "c2sp.org/tlog-proof@v1"
#define INDEX_MAX  (ENT_CHECKPOINT_SIZE_MAX - 1)
#define ENTRY_B64  (ENT_BASE64_LEN(ENT_ENTRY_MAX) - 1)

/* --- bytes --------------------------------------------------------------------------------------
 */

struct reader {
    struct ent_cur c;
    uint64_t line; /* the one that was read last */
    struct ent_diag *d;
};

static enum ent_err bad(const struct reader *rd, enum ent_err e, const char *text)
{
    return ent_fail(rd->d, e, text, rd->line, 0);
}

/* The next line, without its key and the blank behind that. */
static enum ent_err take_line(struct reader *rd, struct ent_slice *ret, const char *key)
{
    struct ent_cur c = rd->c;
    enum ent_err r;
    if ((r = ent_cur_expect(&c, ent_slice_str(key))) != ENT_OK ||
        (r = ent_cur_line(&c, ret)) != ENT_OK)
        return r;
    rd->c = c;
    rd->line++;
    return ENT_OK;
}

static enum ent_err take_entry(struct reader *rd, struct ent_slice *ret, struct ent_buf *room)
{
    struct ent_slice b64;
    uint8_t *p = NULL;
    size_t n = 0;
    enum ent_err r;
    if (take_line(rd, &b64, "extra ") != ENT_OK)
        return ENT_OK; /* brought along by other means */
    if (b64.n == 0)    /* and no room is needed for it */
        return bad(rd, ENT_E_FORMAT, "statement of a receipt is not base64");
    if (b64.n > ENTRY_B64)
        return bad(rd, ENT_E_LIMIT, "statement of a receipt is larger than 65535 bytes");
    if ((r = ent_buf_reserve(room, &p, b64.n / 4 * 3)) != ENT_OK)
        return bad(rd, r, "no room for the statement of a receipt");
    if (ent_base64_decode(p, &n, b64.n / 4 * 3, b64) != ENT_OK || n == 0)
        return bad(rd, ENT_E_FORMAT, "statement of a receipt is not base64");
    *ret = ent_slice(p, n);
    return ENT_OK;
}

static enum ent_err take_index(struct reader *rd, uint64_t *ret)
{
    struct ent_slice word;
    enum ent_err r;
    if (take_line(rd, &word, "index ") != ENT_OK)
        return ent_fail(rd->d, ENT_E_FORMAT, "receipt without an index", rd->line + 1, 0);
    if ((r = ent_parse_u64(ret, word, INDEX_MAX)) == ENT_E_LIMIT)
        return bad(rd, r, "index of a receipt is above 2^63-2");
    return r == ENT_OK ? r : bad(rd, r, "index of a receipt is not a plain number");
}

static enum ent_err take_proof(struct reader *rd, struct ent_merkle_proof *ret)
{
    struct ent_slice word;
    for (ret->n = 0;;) {
        if (take_line(rd, &word, "") != ENT_OK)
            return ent_fail(rd->d, ENT_E_FORMAT, "receipt without a checkpoint", rd->line + 1, 0);
        if (word.n == 0)
            return ENT_OK;
        if (ret->n == ENT_MERKLE_PROOF_MAX)
            return bad(rd, ENT_E_LIMIT, "receipt with more than 64 hashes");
        if (ent_base64_decode_exact(ret->hash[ret->n].b, 32, word) != ENT_OK)
            return bad(rd, ENT_E_FORMAT, "hash of a receipt is not base64 of 32 bytes");
        ret->n++;
    }
}

static enum ent_err check_head_form(struct ent_slice head, struct ent_diag *d)
{
    struct ent_note note;
    struct ent_checkpoint cp;
    enum ent_err r = ent_note_parse(&note, head, d);
    return r == ENT_OK ? ent_checkpoint_parse(&cp, note.text, d) : r;
}

enum ent_err ent_receipt_parse(struct ent_receipt *ret, struct ent_buf *room,
                               struct ent_slice bytes, struct ent_diag *d)
{
    struct reader rd = {.c = ent_cur(bytes), .d = d};
    struct ent_receipt got = {.index = 0};
    struct ent_slice first;
    size_t before = room->n;
    enum ent_err r;
    if (bytes.n > ENT_RECEIPT_MAX)
        return ent_fail(d, ENT_E_LIMIT, "receipt larger than 256 KiB", 0, ENT_RECEIPT_MAX);
    if (take_line(&rd, &first, FIRST_LINE) != ENT_OK || first.n != 0)
        return ent_fail(d, ENT_E_FORMAT, "not a receipt: it begins otherwise", 1, 0);
    if ((r = take_entry(&rd, &got.entry, room)) != ENT_OK ||
        (r = take_index(&rd, &got.index)) != ENT_OK || (r = take_proof(&rd, &got.proof)) != ENT_OK)
        return r;
    got.head = ent_slice(rd.c.p, rd.c.n);
    if ((r = check_head_form(got.head, d)) != ENT_OK) {
        if (d != NULL && d->line != 0)
            d->line += rd.line;
        else if (d != NULL)
            d->offset += bytes.n - rd.c.n;
        return r;
    }
    room->n = before + got.entry.n;
    *ret = got;
    return ENT_OK;
}

static enum ent_err put_entry(struct ent_buf *b, struct ent_slice entry)
{
    uint8_t *p = NULL;
    enum ent_err r;
    if (entry.n == 0)
        return ENT_OK;
    if ((r = ent_buf_puts(b, "extra ")) != ENT_OK ||
        (r = ent_buf_reserve(b, &p, ENT_BASE64_LEN(entry.n))) != ENT_OK)
        return r;
    ent_base64_encode((char *)p, entry.p, entry.n);
    b->n += ENT_BASE64_LEN(entry.n) - 1;
    return ent_buf_putc(b, '\n');
}

static enum ent_err put_receipt(struct ent_buf *b, const struct ent_receipt *rc)
{
    char b64[ENT_BASE64_LEN(32)];
    enum ent_err r;
    if ((r = ent_buf_puts(b, FIRST_LINE "\n")) != ENT_OK ||
        (r = put_entry(b, rc->entry)) != ENT_OK ||
        (r = ent_buf_printf(b, "index %llu\n", (unsigned long long)rc->index)) != ENT_OK)
        return r;
    for (size_t i = 0; i < rc->proof.n; i++) {
        ent_base64_encode(b64, rc->proof.hash[i].b, 32);
        if ((r = ent_buf_printf(b, "%s\n", b64)) != ENT_OK)
            return r;
    }
    if ((r = ent_buf_putc(b, '\n')) != ENT_OK)
        return r;
    return ent_buf_put_slice(b, rc->head);
}

enum ent_err ent_receipt_encode(struct ent_buf *b, const struct ent_receipt *rc)
{
    size_t before = b->n;
    enum ent_err r;
    if (rc->entry.n > ENT_ENTRY_MAX || rc->index > INDEX_MAX || rc->proof.n > ENT_MERKLE_PROOF_MAX)
        return ENT_E_LIMIT;
    if ((r = check_head_form(rc->head, NULL)) != ENT_OK)
        return r;
    if ((r = put_receipt(b, rc)) != ENT_OK)
        b->n = before;
    return r;
}

/* --- what one shows -----------------------------------------------------------------------------
 */

static enum ent_err wrong(struct ent_diag *d, const char *text)
{
    return ent_fail(d, ENT_E_AUTH, text, 0, 0);
}

/* What the pact says about the end of this log. An entry beyond it was never said, and a head of
 * that size with another root is one of another history. */
static enum ent_err check_closing(const struct ent_log_key *log, const struct ent_receipt *rc,
                                  const struct ent_checkpoint *cp, struct ent_diag *d)
{
    if (!log->closed)
        return ENT_OK;
    if (rc->index >= log->size)
        return wrong(d, "receipt for an entry behind the end of a closed log");
    if (cp->size == log->size && memcmp(cp->root.b, log->root.b, 32) != 0)
        return wrong(d, "head is not the one that its log was closed with");
    return ENT_OK;
}

/* Whether the entry is the statement that belongs at this place of this member's log. */
static enum ent_err check_entry(const struct ent_receipt *rc, struct ent_receipt_says *says,
                                const struct ent_roster_member *m, struct ent_diag *d)
{
    const struct ent_pubkey *pk = ent_roster_author(m, says->generation, rc->index);
    enum ent_err r;
    if (rc->entry.n == 0)
        return wrong(d, "receipt without its statement");
    if ((r = ent_statement_claims(&says->st, rc->entry, d)) != ENT_OK)
        return r;
    if (strcmp(says->st.author, m->name) != 0)
        return wrong(d, "author of the statement is not the member whose log it is");
    if (pk == NULL)
        return wrong(d, "no author key of the member is valid at this place");
    if ((r = ent_statement_open(&says->st, &says->leaf, rc->entry, pk, d)) != ENT_OK)
        return r;
    if (says->st.sequence != ent_roster_base(m, says->generation) + rc->index + 1)
        return wrong(d, "number of the statement is not that of its place");
    return ENT_OK;
}

/* Witnesses change their keys, and panels their members: what had been accepted stays so. The
 * versions from that on under which it was said, the newest first; keys of two are never added. */
static enum ent_err judge_by_its_time(const struct ent_receipt *rc, struct ent_receipt_says *says,
                                      const struct ent_roster *roster, struct ent_diag *d)
{
    struct ent_standing st;
    size_t first = 0;
    enum ent_err r;
    while (first < roster->versions &&
           memcmp(roster->version[first].b, says->st.pact.b, sizeof(says->st.pact.b)) != 0)
        first++;
    for (size_t i = roster->versions; i-- > first && !says->standing.accepted;) {
        if (i + 1 == roster->versions || !ent_roster_differs(roster, i))
            continue;
        if ((r = ent_roster_check_head_then(roster, &st, rc->head, i, d)) != ENT_OK)
            return r;
        st.version = roster->first + i;
        if (st.accepted)
            says->standing = st;
    }
    return ENT_OK;
}

enum ent_err ent_receipt_check(const struct ent_receipt *rc, struct ent_receipt_says *ret,
                               const struct ent_roster *roster, struct ent_diag *d)
{
    struct ent_receipt_says says = {.generation = 0};
    const struct ent_roster_member *m;
    const struct ent_log_key *log;
    enum ent_err r = ent_roster_check_head(roster, &says.standing, &says.cp, rc->head, d);
    if (r == ENT_E_NOTFOUND)
        return ENT_E_AUTH; /* *d says it */
    if (r != ENT_OK)
        return r;
    if (ent_roster_log(roster, &m, &log, says.cp.origin) != ENT_OK)
        return wrong(d, "head of a log that is none of this pact's");
    says.generation = log->generation;
    if ((r = check_closing(log, rc, &says.cp, d)) != ENT_OK ||
        (r = check_entry(rc, &says, m, d)) != ENT_OK)
        return r;
    if (ent_merkle_check_inclusion(&says.leaf, rc->index, says.cp.size, &says.cp.root,
                                   rc->proof.hash, rc->proof.n) != ENT_OK)
        return wrong(d, "statement is not in the tree under this head");
    if ((r = judge_by_its_time(rc, &says, roster, d)) != ENT_OK)
        return r;
    says.disputed = ent_roster_is_disputed(m, says.generation, rc->index);
    *ret = says;
    return ENT_OK;
}
