/*
 * log.h: one's own log: a tree with signed heads, and what belongs to its entries and is not in
 * them: bodies with their salts (bodies.dat, bodies.idx), which can be erased.
 *
 *     <dir>/entries.dat ...     the tree
 *     <dir>/checkpoint          the newest head with all cosignatures that came, for others
 *     <lock>/checkpoint         the newest head that was ever signed, in a place that backups must
 *                               not bring back
 *
 * Promises: a head is signed only for what was read back from the disk and is consistent with the
 * head before; it is in <lock> before anybody sees it; after a failed write there is no signature
 * any more; nothing is signed before witnesses have said what they know of this log
 * (ent_log_heard()), so that an old copy of a home forks nobody's history.
 * Never: knows a clock, a socket, or what a statement is about. One process at a time may append:
 * the caller holds a lock over refresh, append and commit.
 */
#ifndef ENT_LEDGER_LOG_H
#define ENT_LEDGER_LOG_H

#include "ledger/checkpoint.h"
#include "ledger/signer.h"
#include "ledger/tree.h"

struct ent_log;

struct ent_log_opts {
    const struct ent_disk *disk; /* outlives the log */
    const char *dir, *lock;      /* prefixes on the disk: "log/1", "lock/1"; copied, as all text */
    const char *origin;
    const struct ent_signer *signer; /* outlives the log, and has its key; NULL: only reads */
    const struct ent_pubkey *pk;     /* for one that only reads: to check its heads; or NULL */
    /* May anything be signed before somebody else said what they know? Only where there is nobody
     * else, as in a pact of one. */
    bool alone;
};

/* Where a log is when it was opened. */
enum ent_log_state {
    ENT_LOG_READY,    /* may sign */
    ENT_LOG_UNASKED,  /* nobody has said yet what they know of this log */
    ENT_LOG_SHORT,    /* less data than was signed for: to be refilled from the mirrors */
    ENT_LOG_OLD,      /* somebody holds a later head, or another one: this is an old copy */
    ENT_LOG_BROKEN,   /* a write failed; start again */
    ENT_LOG_READ_ONLY /* no key */
};
#define ENT_LOG_STATES 6
const char *ent_log_state_text(enum ent_log_state s); /* a sentence, with what to do */

/* A log that is SHORT opens too, for its state to be told (*d says what is missing), and with what
 * there is to read. Damage inside is ENT_E_AUTH, and *d names the file; its offset is the index
 * there. A log that never was is empty. Only the end is looked at: ent_log_check() reads it all.
 * Nothing is written, also not cut off, before the first commit, but a head that the signer has
 * signed and <lock> does not have: it comes there, and what is there is synced, before it is told.
 */
ENT_MUST_USE enum ent_err ent_log_open(struct ent_log **ret, struct ent_diag *d,
                                       const struct ent_log_opts *opts);
void ent_log_free(struct ent_log *log);
enum ent_log_state ent_log_state(const struct ent_log *log);

/* Another process of this home may have appended: see what it signed. */
ENT_MUST_USE enum ent_err ent_log_refresh(struct ent_log *log, struct ent_diag *d);

/* What another member holds as the newest head of this log, a note that this log's key signed, or
 * an empty slice for "nothing". ENT_E_AUTH when it is not our own signature (nothing changes);
 * ENT_E_STATE when it is one that we do not know: the state is ENT_LOG_OLD then, for good. One that
 * the data on the disk leads to is taken over, into <lock> first: then only that was lost or old.
 */
ENT_MUST_USE enum ent_err ent_log_heard(struct ent_log *log, struct ent_diag *d,
                                        struct ent_slice head);

/* One more entry with its body, in memory until the commit. *ret_index is its place. ENT_E_STATE
 * when nothing may be signed. */
ENT_MUST_USE enum ent_err ent_log_append(struct ent_log *log, uint64_t *ret_index,
                                         struct ent_slice entry, const struct ent_salt32 *salt,
                                         struct ent_slice body);
/* All that was appended becomes durable and is signed for, or nothing of it. After an error the log
 * is BROKEN and what it tells is as before; whether the new head is in <lock> shows at the next
 * refresh, or start. But where what did not fit could be cut off again, ENT_E_FULL only drops what
 * waited: never for the head itself, once it was signed. */
ENT_MUST_USE enum ent_err ent_log_commit(struct ent_log *log, struct ent_diag *d);
/* Forget what waits for a commit. */
void ent_log_drop(struct ent_log *log);

uint64_t ent_log_size(const struct ent_log *log);
/* The newest head, a note with the log's own signature; size 0 and empty before the first commit.
 */
struct ent_slice ent_log_head(const struct ent_log *log);
/* The newest head that has cosignatures, with them; kept across restarts. */
ENT_MUST_USE enum ent_err ent_log_published(struct ent_log *log, struct ent_buf *b);
/* Replace it: note is a head of ours with more cosignatures (which the caller has checked). */
ENT_MUST_USE enum ent_err ent_log_publish(struct ent_log *log, struct ent_diag *d,
                                          struct ent_slice note);

struct ent_tree *ent_log_tree(struct ent_log *log);
/* Entry, salt and body as an act (statement.h), appended to b. ENT_E_NOTFOUND with the entry alone
 * appended when the body was erased. */
ENT_MUST_USE enum ent_err ent_log_act(struct ent_log *log, struct ent_buf *b, struct ent_diag *d,
                                      uint64_t index);
/* Overwrite body and salt with zeros. What the entry says of it stays, and says nothing. */
ENT_MUST_USE enum ent_err ent_log_erase(struct ent_log *log, struct ent_diag *d, uint64_t index);

/* As ent_tree_check(), and bodies and heads too. */
ENT_MUST_USE enum ent_err ent_log_check(struct ent_log *log, struct ent_diag *d,
                                        const char **ret_file, uint64_t *ret_index, void *ctx,
                                        enum ent_err (*each)(void *ctx, uint64_t index,
                                                             struct ent_slice entry));

/* Refill: entries from somebody's mirror, in order, that must lead to the head in <lock> (or, where
 * that is lost too, to `head`, signed by our own key). Used by recovery alone. */
ENT_MUST_USE enum ent_err ent_log_refill(struct ent_log *log, struct ent_diag *d,
                                         struct ent_slice head, void *ctx,
                                         enum ent_err (*entry)(void *ctx, struct ent_buf *b,
                                                               uint64_t index));

#endif
