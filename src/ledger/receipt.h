/*
 * receipt.h: that a statement stands in its author's log, for anybody to check offline: C2SP's
 * tlog-proof. Index, inclusion proof, and a checkpoint with its cosignatures; `extra` holds the
 * signed statement itself, so that one file is enough.
 */
#ifndef ENT_LEDGER_RECEIPT_H
#define ENT_LEDGER_RECEIPT_H

#include "ledger/roster.h"
#include "ledger/statement.h"

#define ENT_RECEIPT_MAX (4 * ENT_NOTE_MAX)

struct ent_receipt {
    struct ent_slice entry; /* the signed statement, or empty: brought along by other means */
    uint64_t index;
    struct ent_merkle_proof proof;
    struct ent_slice head; /* the checkpoint, a signed note */
};

/* entry is decoded into `room` (whose maximum bounds it) and points there; head points into bytes.
 * ENT_E_FORMAT or ENT_E_LIMIT with a diagnosis. */
ENT_MUST_USE enum ent_err ent_receipt_parse(struct ent_receipt *ret, struct ent_buf *room,
                                            struct ent_slice bytes, struct ent_diag *d);
ENT_MUST_USE enum ent_err ent_receipt_encode(struct ent_buf *b, const struct ent_receipt *r);

/* What a receipt shows, when it does. */
struct ent_receipt_says {
    struct ent_statement st;
    struct ent_hash32 leaf;
    unsigned generation;
    struct ent_checkpoint cp; /* origin points into the receipt's head */
    struct ent_standing standing;
    bool disputed;
};

/*
 * The entry is a statement, by the author key that is valid at this place, of the member whose log
 * it is, with the sequence number that belongs there, and stands in the tree under the checkpoint.
 * ENT_E_AUTH with a diagnosis that says which of these does not hold; ENT_E_FORMAT or ENT_E_LIMIT
 * when the entry is no statement.
 */
ENT_MUST_USE enum ent_err ent_receipt_check(const struct ent_receipt *r,
                                            struct ent_receipt_says *ret,
                                            const struct ent_roster *roster, struct ent_diag *d);

/* A policy in the format of C2SP's tlog-policy, with which others can check our receipts: every log
 * of this member (NULL: of all), every witness of the panel, k of them. The member's own witness is
 * left out; with NULL each counts for its own log too, which this format cannot help. Where fewer
 * than k are left, all of them, and a comment that says what that is worth. */
ENT_MUST_USE enum ent_err ent_policy_encode(struct ent_buf *b, const struct ent_roster *roster,
                                            const char *member);

#endif
