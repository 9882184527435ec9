/*
 * signer.h: between whoever says something and the keys. Nobody above holds a seed: a request says
 * in typed fields what is to be signed, and a signature comes back, or a reason why not. The keys
 * may live in this process (ent_signer_local) or in one of their own (node/signer_wire.h).
 *
 * A signer trusts who asks for being there, and for nothing else. What somebody who has taken over
 * the asking process, and knows all that it knows, gets signed while one signer lives:
 *
 *     statement  only of this member, under a version of the pact that the signer knows and none
 *                older than the newest it signed for; written by the signer's own encoder; at a
 *                place where the pact has one of its author keys, behind the newest head that was
 *                signed and at most a batch behind it. So what a head covers is never said anew.
 *     head       only of its own log, no smaller than the last, of the same size only with the same
 *                root, growing out of the last by a proof that it checks, and not behind the head
 *                with which the pact has closed the log. So its log is never forked.
 *     cosigning  only of another member's log, a head that the log's key in the pact has signed,
 *                growing out of the last that was cosigned, or taken note of, of that log; at no
 *                time before the last one. So it never cosigns two histories.
 *     mirror     only a head with the signer's own cosignature, at the time of that.
 *
 * What they do get: lies, signed, of the form above, and a head over them; two statements with one
 * number, where no head covers it yet (a batch that a full disk cut off has used its numbers too:
 * which of the two were sent to somebody no signer can tell), which exposes the member;
 * cosignatures with a time that has not come; a mirror's line for entries that it does not have;
 * and no signature at all. They do not get the keys.
 *
 * Over a restart that holds as far as what the signer is given is what it signed last: lock/ must
 * be where who asks cannot turn it back (struct ent_signer_given). Where it can, each start of the
 * signer is good for one fork (docs/ledger.md).
 */
#ifndef ENT_LEDGER_SIGNER_H
#define ENT_LEDGER_SIGNER_H

#include "ledger/disk.h"
#include "ledger/roster.h"
#include "ledger/statement.h"

#define ENT_SIGNER_AUTHORS 2u

/* Whose signatures it makes. */
struct ent_signer_keys {
    struct ent_pubkey author[ENT_SIGNER_AUTHORS];
    size_t authors;
    bool has_log, has_witness, has_mirror;
    struct ent_pubkey log, witness, mirror;
};

struct ent_signature {
    struct ent_pubkey pk;
    uint8_t sig[64];
};

/* From the head that the signer has as the last (of size 0: none) to a new one. */
struct ent_growth {
    char origin[ENT_ORIGIN_MAX + 1];
    uint64_t size;
    struct ent_hash32 root;
    uint64_t old;
    struct ent_merkle_proof proof; /* none where both are the same head */
};

struct ent_cosign_request {
    struct ent_growth head;
    uint8_t log_sig[64];
    int64_t time; /* 0: nothing is signed, it is taken note of alone */
};

/* A head that this signer has cosigned. */
struct ent_cosigned {
    char origin[ENT_ORIGIN_MAX + 1];
    uint64_t size;
    struct ent_hash32 root;
    int64_t time;
    uint8_t sig[64];
};

/* The last head of a log that it signed, cosigned, or took note of; size 0 and the root of nothing
 * before the first. */
struct ent_last_head {
    uint64_t size;
    struct ent_hash32 root;
    int64_t time; /* of the last cosignature */
};

/*
 * One at a time: the caller holds a lock. Errors, with a diagnosis: ENT_E_FORMAT for fields that
 * nothing is written from; ENT_E_NOTFOUND for a log, or a use, that it has no key for; ENT_E_STATE
 * when the request does not start from the last head (ask last()); ENT_E_POLICY for what is never
 * signed; ENT_E_AUTH for a proof or signature that does not hold; whatever kept a remote one from
 * answering. A request whose answer was lost may be asked again.
 */
struct ent_signer {
    void *ctx;
    struct ent_signer_keys keys; /* as long as it lives */
    /* What was signed is appended to text. */
    enum ent_err (*statement)(void *ctx, struct ent_signature *ret, struct ent_buf *text,
                              struct ent_diag *d, const struct ent_statement *st);
    enum ent_err (*head)(void *ctx, struct ent_signature *ret, struct ent_diag *d,
                         const struct ent_growth *head);
    enum ent_err (*cosign)(void *ctx, struct ent_signature *ret, struct ent_diag *d,
                           const struct ent_cosign_request *req);
    enum ent_err (*mirror)(void *ctx, struct ent_signature *ret, struct ent_diag *d,
                           const struct ent_cosigned *head);
    /* Whatever lock/ has that is later is taken into account first. */
    enum ent_err (*last)(void *ctx, struct ent_last_head *ret, struct ent_diag *d,
                         const char *origin);
    /* The pact has a newer version: all of them, which the signer verifies itself. Where it knows
     * them, and later ones, these stay. */
    enum ent_err (*follow)(void *ctx, struct ent_diag *d, struct ent_slice chain);
};

/* Whether one of its author keys is this. */
bool ent_signer_is_author(const struct ent_signer *s, const struct ent_pubkey *pk);

/* A growth from last to this head, by these hashes. ENT_E_STATE when last is the larger. */
ENT_MUST_USE enum ent_err ent_growth_make(struct ent_growth *ret, const char *origin,
                                          const struct ent_last_head *last, uint64_t size,
                                          const struct ent_hash32 *root,
                                          const struct ent_merkle_source *source);

/* --- with the keys in this process --------------------------------------------------------------
 */

/* What was signed before, from the side that is trusted to know: asked when a log is first asked
 * about, and when somebody else may have signed since. ENT_E_NOTFOUND: nothing. own: of the own
 * log. Any other error, and nothing of that log is signed. */
struct ent_signer_given {
    void *ctx;
    enum ent_err (*last)(void *ctx, struct ent_last_head *ret, struct ent_diag *d,
                         const struct ent_roster *roster, const char *origin, bool own);
    /* Verify the whole chain; *ret is its roster. NULL: the roster stays as it is. */
    enum ent_err (*follow)(void *ctx, struct ent_roster *ret, struct ent_diag *d,
                           struct ent_slice chain);
};

/* As it lies below lock/ (view.h, log.h), with the cosignatures of self. */
struct ent_signer_lock {
    const struct ent_disk *disk;
    const char *self;
    const char *own; /* "lock/1" */
};
ENT_MUST_USE enum ent_err ent_signer_lock_last(void *lock, struct ent_last_head *ret,
                                               struct ent_diag *d, const struct ent_roster *roster,
                                               const char *origin, bool own);

struct ent_signer_opts {
    const char *self;
    const struct ent_roster *roster; /* copied; NULL: signs heads alone */
    const char *origin;              /* of the own log; NULL: that with this key in the roster */
    const struct ent_keypair *author;
    size_t authors;
    const struct ent_seed32 *log, *witness, *mirror; /* NULL: no such key */
    struct ent_signer_given given;                   /* last NULL: nothing was signed before */
};

/* Secret: the keys are copied into memory of their own. Owner of *ret: the caller. */
ENT_MUST_USE enum ent_err ent_signer_local(struct ent_signer **ret, struct ent_diag *d,
                                           const struct ent_signer_opts *opts);
void ent_signer_local_free(struct ent_signer *s);

/* By the trusted side: a newer roster of the same pact; for one that it has gone on from, nothing
 * changes. ENT_E_POLICY for any other. */
ENT_MUST_USE enum ent_err ent_signer_local_follow(struct ent_signer *s, struct ent_diag *d,
                                                  const struct ent_roster *roster);

#endif
