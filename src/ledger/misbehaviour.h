/*
 * misbehaviour.h: proofs that a member said two things that cannot both be, from its own
 * signatures alone: good offline, for anybody, for ever.
 *
 *     fork       two heads of one log that no single history has
 *     sequence   two statements with one number
 *     witness    cosignatures under two such heads
 *     vote       two votes of one kind in one round (checked in pact/, which knows votes)
 *
 * A silence proves nothing and is never here. Nor is what the pact has in dispute: there the key
 * may have been another's.
 *
 *     entente/misbehaviour@v1
 *     kind fork
 *     member mallory
 *     root <base64>           (fork and witness, when the sizes differ: the root that the larger
 *     path <base64>            tree has at the smaller size, and the consistency proof for it, 0 to
 *                              64 lines)
 *     part <length>           the first thing said, and its bytes
 *     ...
 *     part <length>           the second
 *     ...
 *     pact <length>           the chain of pact versions that gives the keys (pact/chain.h)
 *     ...
 */
#ifndef ENT_LEDGER_MISBEHAVIOUR_H
#define ENT_LEDGER_MISBEHAVIOUR_H

#include "ledger/roster.h"
#include "ledger/statement.h"

#define ENT_MISBEHAVIOUR_MAX (16u << 20)

enum ent_misbehaviour_kind { ENT_MB_FORK, ENT_MB_SEQUENCE, ENT_MB_WITNESS, ENT_MB_VOTE };
#define ENT_MB_KINDS 4
const char *ent_misbehaviour_word(enum ent_misbehaviour_kind k);
const char *ent_misbehaviour_text(enum ent_misbehaviour_kind k); /* "signed two histories" */

struct ent_misbehaviour {
    enum ent_misbehaviour_kind kind;
    char member[ENT_NAME_MAX + 1];
    bool sized; /* root and proof are there */
    struct ent_hash32 root;
    struct ent_merkle_proof proof;
    struct ent_slice a, b; /* a is the smaller tree */
    struct ent_slice pact; /* may be empty while it is kept beside the pact; not checked here */
};

/* One form for each: encode(parse(x)) == x or ENT_E_FORMAT. Slices point into bytes. */
ENT_MUST_USE enum ent_err ent_misbehaviour_parse(struct ent_misbehaviour *ret,
                                                 struct ent_slice bytes, struct ent_diag *d);
ENT_MUST_USE enum ent_err ent_misbehaviour_encode(struct ent_buf *b,
                                                  const struct ent_misbehaviour *m);

/* ENT_OK: this member did it. ENT_E_AUTH with a diagnosis: it is not shown. ENT_E_UNSUPPORTED for
 * votes. A member is never shown guilty by what others signed. */
ENT_MUST_USE enum ent_err ent_misbehaviour_check(const struct ent_misbehaviour *m,
                                                 const struct ent_roster *roster,
                                                 struct ent_diag *d);

/* Two heads of one origin, both signed by its key, and the source of the larger one's hashes (NULL
 * when the sizes are equal). ENT_E_NOTFOUND when they are consistent; ENT_E_POLICY when they are
 * not and the pact has one of them in dispute; ENT_E_AUTH when they are not two signed heads of one
 * log, or the source does not lead to the larger one. *ret points into a and b. */
ENT_MUST_USE enum ent_err ent_misbehaviour_of_heads(struct ent_misbehaviour *ret,
                                                    const struct ent_roster *roster,
                                                    struct ent_slice a, struct ent_slice b,
                                                    const struct ent_merkle_source *larger);

#endif
