/*
 * statement.h: one signed act of one member, as the text that its log will hold, and the act: the
 * statement together with the body it commits to.
 *
 *     entente/statement@v1
 *     pact <version> <base64 hash>
 *     author <member> <sequence>
 *     type <word>
 *     time <unix seconds: the author's claim>
 *     heads <base64 root over the heads of every log the author has seen>
 *     ref <base64 leaf hash>                       (0 to 16 lines)
 *     policy <TLP> <base64 commitment>
 *     body <media type> <length> <base64 SHA256(0x02 || salt32 || body)>
 *
 *     — <member>/author <signature>
 *
 * The salt keeps a body that was erased from being guessed back out of its hash. The policy
 * commitment is made with the same salt over the words that restrict the body's use (none yet).
 */
#ifndef ENT_LEDGER_STATEMENT_H
#define ENT_LEDGER_STATEMENT_H

#include "ledger/note.h"

#define ENT_STATEMENT_REFS  16u
#define ENT_STATEMENT_MEDIA 64u
#define ENT_STATEMENT_TLP   16u /* "TLP:AMBER+STRICT", the longest */

enum ent_statement_type {
    ENT_ST_JOIN,
    ENT_ST_OFFER,
    ENT_ST_ACCEPT,
    ENT_ST_REFUSE,
    ENT_ST_RESULT,
    ENT_ST_REPORT,
    ENT_ST_ASSESS,
    ENT_ST_VOTE,
    ENT_ST_JOINT,
    ENT_ST_REQUEST,
    ENT_ST_ACK,
    ENT_ST_ANSWER,
    ENT_ST_SEAL,
    ENT_ST_DISCLOSE,
    ENT_ST_CUSTODY,
    ENT_ST_RETRACT,
    ENT_ST_RELEASE,
    ENT_ST_HEADS,
    ENT_ST_CHALLENGE,
    ENT_ST_WITHDRAW,
    ENT_ST_TOMBSTONE,
    ENT_ST_PROPOSE,
    ENT_ST_PREVOTE,
    ENT_ST_PRECOMMIT
};
#define ENT_ST_TYPES 24
const char *ent_statement_type_name(enum ent_statement_type t);

struct ent_statement {
    uint64_t pact_version;
    struct ent_hash32 pact;
    char author[ENT_NAME_MAX + 1];
    uint64_t sequence;
    enum ent_statement_type type;
    int64_t time;
    struct ent_hash32 heads;
    struct ent_hash32 ref[ENT_STATEMENT_REFS];
    size_t refs;
    char tlp[ENT_STATEMENT_TLP + 1];
    struct ent_hash32 policy;
    char media[ENT_STATEMENT_MEDIA + 1];
    uint64_t body_n;
    struct ent_hash32 body;
};

struct ent_salt32 {
    uint8_t b[32];
};

/* SHA256(0x02 || salt || body). */
void ent_commit(struct ent_hash32 *ret, const struct ent_salt32 *salt, struct ent_slice body);

/* The root over no heads at all: H(""). */
void ent_heads_none(struct ent_hash32 *ret);

/* The text (without signature), appended. */
ENT_MUST_USE enum ent_err ent_statement_encode(struct ent_buf *b, const struct ent_statement *st);

/* Exactly what encode writes, or ENT_E_FORMAT. */
ENT_MUST_USE enum ent_err ent_statement_parse(struct ent_statement *ret, struct ent_slice text);

/*
 * A signed statement without its body, as the entry of a log: at most ENT_ENTRY_MAX bytes (tree.h).
 * *ret_leaf is its hash there. ENT_E_FORMAT or ENT_E_LIMIT; ENT_E_AUTH when it is not signed by
 * this key under the name of the author that it names. Whose key to ask for, and whether this
 * author may speak here, is for the caller to know.
 */
ENT_MUST_USE enum ent_err ent_statement_open(struct ent_statement *ret, struct ent_hash32 *ret_leaf,
                                             struct ent_slice note, const struct ent_pubkey *author,
                                             struct ent_diag *d);
/* What it claims, unverified. */
ENT_MUST_USE enum ent_err ent_statement_claims(struct ent_statement *ret, struct ent_slice note,
                                               struct ent_diag *d);

/*
 * An act travels and is kept as
 *     <the signed statement> LF "salt " <base64> LF <the body's bytes>
 * and is at most ENT_ACT_MAX bytes. Slices point into the parsed bytes.
 */
#define ENT_ACT_BODY_MAX ((256u << 10) + 64u) /* the text of a pact, and a line */
#define ENT_ACT_MAX      (ENT_NOTE_MAX + ENT_ACT_BODY_MAX + 128u)

struct ent_act {
    struct ent_statement st;
    struct ent_hash32 leaf; /* H(0x00 || signed statement): how others refer to it */
    struct ent_slice body;
    struct ent_salt32 salt;
};

/* Have st (its policy and body fields are filled here) signed by its author and append the act. The
 * errors of the signer, or ENT_E_LIMIT. */
struct ent_signer;
ENT_MUST_USE enum ent_err ent_act_make(struct ent_buf *b, struct ent_act *ret_act,
                                       struct ent_diag *d, struct ent_statement *st,
                                       struct ent_slice body, const struct ent_signer *signer);

/* Parse and verify: the signature by author_pk under the name in the statement, the body against
 * its commitment. ENT_E_FORMAT, ENT_E_LIMIT or ENT_E_AUTH. To learn whose key to ask for, see
 * ent_act_author(). */
ENT_MUST_USE enum ent_err ent_act_parse(struct ent_act *ret, struct ent_slice bytes,
                                        const struct ent_pubkey *author_pk, struct ent_diag *d);

/* The signed statement in an act's bytes: what its log holds. ENT_E_FORMAT. */
ENT_MUST_USE enum ent_err ent_act_statement(struct ent_slice *ret, struct ent_slice bytes);

/* The author an act claims, unverified. */
ENT_MUST_USE enum ent_err ent_act_author(char ret[static ENT_NAME_MAX + 1], struct ent_slice bytes);

#endif
