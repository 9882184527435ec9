/*
 * verify.h: what somebody hands over as a proof, checked offline: recognised by its first line, and
 * checked with the keys of a pact that the reader has, or, of a proof of misbehaviour, with those
 * of the pact inside it. No home is needed.
 */
#ifndef ENT_NODE_VERIFY_H
#define ENT_NODE_VERIFY_H

#include "ledger/ledger.h"
#include "pact/pact.h"

enum ent_verify_kind {
    ENT_VERIFY_RECEIPT,
    ENT_VERIFY_MISBEHAVIOUR,
    ENT_VERIFY_STATEMENT,
    ENT_VERIFY_ACT,
    ENT_VERIFY_DELIVERY,
    ENT_VERIFY_CHECKPOINT,
    ENT_VERIFY_CONSISTENCY,
    ENT_VERIFY_CHAIN,
    ENT_VERIFY_UNKNOWN
};
#define ENT_VERIFY_KINDS 9
const char *ent_verify_word(enum ent_verify_kind k); /* "proof of misbehaviour" */
enum ent_verify_kind ent_verify_kind_of(struct ent_slice bytes);
#define ENT_VERIFY_MAX ENT_CHAIN_MAX

/* Slices point into the bytes that were verified, or into room. */
struct ent_verified {
    enum ent_verify_kind kind;
    char member[ENT_NAME_MAX + 1]; /* who said it, whose log it is, who is shown guilty */
    struct ent_statement st;       /* of receipts, statements, acts and deliveries */
    unsigned generation;
    uint64_t index;
    bool placed; /* shown to stand in its author's log, at this index */
    bool disputed;
    struct ent_slice body; /* of acts and deliveries */
    bool has_head;
    struct ent_checkpoint cp; /* the head above it; of checkpoints and consistency too */
    struct ent_standing standing;
    uint64_t old_size, new_size;             /* of consistency */
    enum ent_misbehaviour_kind misbehaviour; /* what is shown */
    struct ent_buf room;
};
void ent_verified_init(struct ent_verified *v);
void ent_verified_release(struct ent_verified *v);

/* Anything but a chain, with these keys. ENT_OK: it holds. ENT_E_AUTH: it does not; ENT_E_FORMAT or
 * ENT_E_LIMIT: it is none; ENT_E_NOTFOUND: it is of another pact. The diagnosis says why. */
ENT_MUST_USE enum ent_err ent_verify(struct ent_verified *ret, struct ent_diag *d,
                                     struct ent_slice bytes, const struct ent_roster *roster);

/* --- several files ------------------------------------------------------------------------------
 */

/* Keys for a row of files, and the heads that were seen in them. */
struct ent_verifier;
ENT_MUST_USE enum ent_err ent_verifier_new(struct ent_verifier **ret, struct ent_diag *d);
void ent_verifier_free(struct ent_verifier *v);

/* A pact to take keys from. A second one must be the same pact; newer versions are added.
 * ENT_E_STATE when two texts have the votes for one version, or these are two pacts; the errors of
 * ent_chain_parse(). */
ENT_MUST_USE enum ent_err ent_verifier_pact(struct ent_verifier *v, struct ent_diag *d,
                                            struct ent_slice chain);
/* The same for a pact that is at hand and that nobody pointed at: a proof of another pact is
 * checked with the one inside it. */
ENT_MUST_USE enum ent_err ent_verifier_at_hand(struct ent_verifier *v, struct ent_diag *d,
                                               struct ent_slice chain);
/* The newest version known; NULL while there is none. */
const struct ent_pact *ent_verifier_newest(const struct ent_verifier *v);

/*
 * As ent_verify(), and two heads that no log has both do not hold. *ret_pact is the pact whose keys
 * were used, and lives until the next call. For a proof of misbehaviour of a pact that was not
 * given it is the one inside, and *ret_inside says so: whether it is the one that is meant is for
 * the reader to know. ENT_E_POLICY when nothing says whose keys are valid.
 */
ENT_MUST_USE enum ent_err ent_verifier_check(struct ent_verifier *v, struct ent_verified *ret,
                                             struct ent_diag *d, const struct ent_pact **ret_pact,
                                             bool *ret_inside, struct ent_slice bytes);

#endif
