/*
 * view.h: what a node knows of everybody's logs: the newest head of each that it found consistent
 * with all before, the entries below it (mirrors), and who is exposed or suspected. It is the
 * witness (C2SP tlog-witness), the mirror, and the gossip of a node, without sockets: bytes in,
 * bytes out, others are asked through a struct ent_wire.
 *
 *     mirror/<member>/<generation>/entries.dat ...   the mirror (tree.h)
 *     mirror/<member>/<generation>/mirrored          the head the mirror was checked against
 *     mirror/<member>/<generation>/seen              every signed head ever shown, refused ones too
 *     exposed/<member>-<8 hex>                       proofs of misbehaviour, one of each kind
 *     exposed/list                                   which: member, generation, SHA-256; and a line
 *                                                    that tells damage (base/crc32c.h)
 *     heard                                          when each member was heard, and what it owes
 *     lock/heads/<member>/<generation>               the newest head found consistent, cosigned; in
 *                                                    a place that backups must not bring back
 *
 * Promises: what it cosigns is consistent with all it ever cosigned of that log, and was on the
 * disk before the cosignature left; it cosigns nothing while its own log may be that of an old copy
 * (log.h); two heads that cannot both be become a proof, and no head of that member is cosigned any
 * more until the pact decides; silence makes suspected, never exposed; a partner can neither make
 * it store without bound nor make it accuse somebody honest.
 * Never: decides by the local clock about anything but "suspected"; knows what is said.
 */
#ifndef ENT_LEDGER_VIEW_H
#define ENT_LEDGER_VIEW_H

#include "ledger/log.h"
#include "ledger/misbehaviour.h"
#include "ledger/receipt.h"
#include "ledger/wire.h"

#define ENT_HEADS_MAX     (4u << 20) /* a message of heads */
#define ENT_WITNESS_MAX   (ENT_NOTE_MAX + 8192u)
#define ENT_VIEW_PREFIX   "/peer/v1/"
#define ENT_HEARTBEAT     600 /* seconds: a head at least so often */
#define ENT_SUSPECT_AFTER (3 * ENT_HEARTBEAT)

struct ent_view;

struct ent_view_opts {
    const struct ent_disk *disk;     /* outlives the view */
    const char *self;                /* the member whose node it is */
    struct ent_log *own;             /* its newest log, or NULL */
    const struct ent_signer *signer; /* outlives the view; without a witness's key, or NULL, it
                                      * cosigns nothing, without a mirror's it says none */
    struct ent_slice chain;          /* the pact's versions, to be put into proofs; copied */
    /* Other threads and processes of this home use the same files: taken around every look at them
     * and every change, never while others are asked. May be NULL. */
    void *ctx;
    void (*lock)(void *ctx);
    void (*unlock)(void *ctx);
    /* Something became known about a member; proof is on the disk already. Without the lock. May be
     * NULL. */
    void (*exposed)(void *ctx, const struct ent_misbehaviour *m);
    /* A file was damaged, and was or will be written again; with the lock. May be NULL. */
    void (*mended)(void *ctx, const char *file);
    /* As ent_misbehaviour_check() for the kind that the ledger cannot check; with the lock. NULL:
     * such proofs are refused. */
    enum ent_err (*check_vote)(void *ctx, const struct ent_misbehaviour *m, struct ent_diag *d);
};

ENT_MUST_USE enum ent_err ent_view_new(struct ent_view **ret, struct ent_diag *d,
                                       const struct ent_roster *roster,
                                       const struct ent_view_opts *opts);
void ent_view_free(struct ent_view *v);
/* A newer version of the pact; roster is copied, chain too. */
ENT_MUST_USE enum ent_err ent_view_set_roster(struct ent_view *v, const struct ent_roster *roster,
                                              struct ent_slice chain);

/* The next generation of our own log, just before the roster that lists it, under the same lock. */
void ent_view_set_own(struct ent_view *v, struct ent_log *own);

/* --- what others ask of us ---------------------------------------------------------------------
 *     POST /peer/v1/witness/add-checkpoint           tlog-witness
 *     GET  /peer/v1/witness/<sha256 of origin>/checkpoint
 *     GET  /peer/v1/log/<origin>/checkpoint          tlog-tiles, of our log and of every mirror
 *     GET  /peer/v1/log/<origin>/tile/...
 *     POST /peer/v1/log/<origin>/entries             what a mirror lacks (struct ent_mirror_info)
 *     POST /peer/v1/heads                            gossip: their heads, ours come back
 *     GET  /peer/v1/proof/<64 hex>                   a proof of misbehaviour, named by its SHA-256
 *     POST /peer/v1/proof                            one that we may not have
 */
struct ent_view_answer {
    unsigned status;
    const char *type;
    struct ent_buf body; /* the caller's, with its maximum */
};
/* Whether the path is one of these; the largest body it may have (GET: 1). 0: not ours. */
size_t ent_view_max_body(const char *method, const char *path);
/* from: the member that asks, or NULL when that is not known. */
void ent_view_handle(struct ent_view *v, struct ent_view_answer *ret, const char *from,
                     const char *method, const char *path, struct ent_slice body, int64_t now);

/* --- what we ask of others ---------------------------------------------------------------------
 */

/* Exchange heads and proofs with one member: they learn ours, we take in theirs, and our own log
 * learns what they hold of it (ent_log_heard()). The first thing of every exchange. */
ENT_MUST_USE enum ent_err ent_view_greet(struct ent_view *v, struct ent_diag *d,
                                         const struct ent_wire *wire, const char *member,
                                         int64_t now);

/* Submit our newest head to one witness and keep its cosignature. ENT_E_POLICY when it refuses for
 * good (its view of us is another one). */
ENT_MUST_USE enum ent_err ent_view_submit(struct ent_view *v, struct ent_diag *d,
                                          const struct ent_wire *wire, const char *member,
                                          int64_t now);

/* Bring the view of `of`'s logs up to the newest head that `from` serves (of == from: its own),
 * with a consistency proof out of its tiles; with_entries: the mirror too. A head that does not fit
 * becomes a proof when what is served shows it, and "suspected" when nothing is served. */
ENT_MUST_USE enum ent_err ent_view_pull(struct ent_view *v, struct ent_diag *d,
                                        const struct ent_wire *wire, const char *of,
                                        const char *from, bool with_entries, int64_t now);

/* It was to be greeted, and gave no answer. What it is called for that, it is until a pull from it
 * ends well. */
void ent_view_missed(struct ent_view *v, const char *member, int64_t now);

/* What a mirror has of a log, as it answers to entries: "<head>\n<next>\n\n". */
struct ent_mirror_info {
    uint64_t head; /* size of the head that it holds */
    uint64_t next; /* entries that it has, of those below it */
};
/* Ask one member for that, about any log. ENT_E_PEER when it does not say. */
ENT_MUST_USE enum ent_err ent_mirror_ask(struct ent_mirror_info *ret, const struct ent_wire *wire,
                                         const char *member, const char *origin);

/* Bring one member entries of our own log that it lacks below the head of ours that it holds, a
 * piece of at most 1 MiB and 65,536 entries; *ret_more: there are more. Where nothing is missing,
 * as far as it told us, nobody is asked. */
ENT_MUST_USE enum ent_err ent_view_push(struct ent_view *v, struct ent_diag *d,
                                        const struct ent_wire *wire, const char *member,
                                        bool *ret_more);

/* --- what is known ------------------------------------------------------------------------------
 */

struct ent_view_log {
    const struct ent_roster_member *member;
    unsigned generation;
    char origin[ENT_LOG_ORIGIN];
    uint64_t size; /* of the head */
    struct ent_hash32 root;
    uint64_t mirrored; /* entries in the mirror */
    struct ent_standing standing;
};
/* One log of this member (its newest with generation 0). ENT_E_NOTFOUND when nothing is known. */
ENT_MUST_USE enum ent_err ent_view_log(struct ent_view *v, struct ent_view_log *ret,
                                       const char *member, unsigned generation);
/* The head itself, a cosigned note, appended. */
ENT_MUST_USE enum ent_err ent_view_head(struct ent_view *v, struct ent_buf *b, const char *member,
                                        unsigned generation);
/* The mirror's tree; NULL when there is none. Lives until the next change of the view. */
struct ent_tree *ent_view_tree(struct ent_view *v, const char *member, unsigned generation);

/* Why somebody is suspected. All of it may be an accident. */
enum ent_suspicion {
    ENT_SUSPECT_SILENT,   /* neither it, nor a new head of its log, was heard for half an hour */
    ENT_SUSPECT_REFUSES,  /* it is heard of, and did not answer us for half an hour */
    ENT_SUSPECT_WITHHOLDS /* it does not serve what is below a head that it signed */
};
#define ENT_SUSPICIONS 3
const char *ent_suspicion_word(enum ent_suspicion s); /* "silent", "refuses", "withholds" */

struct ent_verdict_on {
    bool exposed;
    enum ent_misbehaviour_kind kind;
    int64_t suspected_since;          /* the earliest of these; 0: not suspected */
    int64_t since[ENT_SUSPICIONS];    /* 0: not for this */
    char withheld[ENT_TILE_PATH_MAX]; /* what was asked for first and not given: a path of tiles */
    int64_t last_head;                /* when its newest head was last heard; 0: never */
};
ENT_MUST_USE enum ent_err ent_view_verdict(struct ent_view *v, struct ent_verdict_on *ret,
                                           const char *member, int64_t now);
/* Whoever runs all the time calls this about once a second: each suspicion that came (since) or
 * went (0), once, over all restarts. each() is called with the lock held. */
typedef void ent_suspicion_fn(void *ctx, const char *member, enum ent_suspicion s, int64_t since);
ENT_MUST_USE enum ent_err ent_view_watch(struct ent_view *v, int64_t now, void *ctx,
                                         ent_suspicion_fn *each);
/* Every proof there is. Stops at the first error, which is passed on. */
ENT_MUST_USE enum ent_err ent_view_each_proof(struct ent_view *v, void *ctx,
                                              enum ent_err (*each)(void *ctx,
                                                                   struct ent_slice proof));
/* Who is accused by the i-th proof on the disk that does not hold, and is ignored; NULL behind the
 * last. */
const char *ent_view_ignored(const struct ent_view *v, size_t i);
/* Take in a proof that came by any way. ENT_E_AUTH when it shows nothing; ENT_E_EXISTS when it was
 * known. */
ENT_MUST_USE enum ent_err ent_view_accuse(struct ent_view *v, struct ent_diag *d,
                                          struct ent_slice proof);

/* The root over "origin LF size LF root LF" of every log in the view and the own one, sorted: what
 * a statement says its author had seen; list (or NULL) receives those lines. */
ENT_MUST_USE enum ent_err ent_view_heads_root(struct ent_view *v, struct ent_hash32 *ret,
                                              struct ent_buf *list);

/* Is a receipt's head one that fits what we know of that log? ENT_OK when its size and root are in
 * the view or its mirror; ENT_E_STATE when it is newer than what we know; ENT_E_AUTH when it fits
 * nothing, which may expose its log. */
ENT_MUST_USE enum ent_err ent_view_fits(struct ent_view *v, struct ent_diag *d,
                                        struct ent_slice head);

#endif
