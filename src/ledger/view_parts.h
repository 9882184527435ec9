/*
 * view_parts.h: what the files of the view share, inside ledger/ only.
 *
 *     view.c          the logs there are, and what is on the disk of them
 *     view_known.c    what is known, for those above
 *     view_head.c     a signed head as read and verified, and as written
 *     view_seen.c     the heads that were shown, and the check of those that were not checked yet
 *     view_heard.c    when members were heard, and what they owe
 *     view_proof.c    proofs of misbehaviour: found, kept, taken in
 *     view_witness.c  add-checkpoint
 *     view_gossip.c   the message of heads, and the exchange of them
 *     view_submit.c   asking a witness
 *     view_serve.c    what others ask
 *     view_pull.c     what we ask of others' tiles
 *     view_push.c     what a log brings to a mirror
 *     view_mirror.c   entries become part of a mirror
 *
 * Every file that is read here is read under the lock of the options, each time anew as far as
 * another process may have changed it. Everything named ent_vlog_ expects the lock to be held.
 */
#ifndef ENT_LEDGER_VIEW_PARTS_H
#define ENT_LEDGER_VIEW_PARTS_H

#include "ledger/view.h"

#define ENT_COSIG_N 72u /* time and signature */

/* A head with all of its signatures that count, verified: the log's, and one of each witness of the
 * roster but the log's own member. Written in one form only, witnesses in the roster's order. */
struct ent_vhead {
    uint64_t size;
    struct ent_hash32 root;
    uint8_t sig[64];
    struct ent_members by; /* who cosigned */
    uint8_t cosig[ENT_ROSTER_MEMBERS][ENT_COSIG_N];
};

/* --- heads that were shown ---------------------------------------------------------------------
 * The file "seen" is a list of "shown <length>\n<note>" and "past <length>\n<note>", the latter for
 * what was the view's own head once. At most ENT_SEEN_MAX heads and ENT_SEEN_BYTES bytes of a log
 * are kept: above that the older half goes, those first that were found consistent. What makes up a
 * proof is in the proof, and is kept for ever.
 */
#define ENT_SEEN_MAX   4096u
#define ENT_SEEN_BYTES (4u << 20)

struct ent_seen {
    uint64_t size, at; /* at: of the note, in the file */
    struct ent_hash32 root;
    struct ent_members by; /* cosignatures */
    uint32_t n;
    bool past, settled; /* settled: known to be of our history, or in a proof */
};

struct ent_vlog {
    const struct ent_roster_member *member;
    const struct ent_log_key *key;
    size_t index; /* of the member in the roster */
    char origin[ENT_LOG_ORIGIN];
    char dir[ENT_NAME_MAX + 32];

    struct ent_hash32 head_file; /* of the bytes that `head` was read from */
    bool has_head;
    struct ent_vhead head;

    struct ent_seen *seen;
    size_t seen_n, seen_cap;
    uint64_t seen_bytes;

    struct ent_tree *tree; /* NULL: not opened yet */
    uint64_t mirrored;
    struct ent_hash32 mirrored_root;
    bool past; /* one of our own that was closed: served from where it was written, never changed */
};

/* The grounds of suspicion against one member; times by the local clock, 0: none. */
struct ent_vheard {
    int64_t from;  /* since when it would have been heard */
    int64_t heard; /* itself, or a new head of its newest log */
    int64_t refused, withheld;
    unsigned told;       /* bit of each suspicion that ent_view_watch() told */
    unsigned generation; /* of the log, for withheld */
    char what[ENT_TILE_PATH_MAX];
};

/* As kept: with an empty pact, which every member has, so that all name one proof alike. */
struct ent_vproof {
    struct ent_hash32 hash;
    char member[ENT_NAME_MAX + 1];
    unsigned generation; /* the last log of the member that it concerns */
    bool holds, told;
    struct ent_misbehaviour m; /* points into bytes */
    struct ent_buf bytes;
};

#define ENT_PROOF_MAX    (4u * ENT_NOTE_MAX) /* on the wire and on the disk, without the pact */
#define ENT_PROOFS_MAX   (ENT_ROSTER_MEMBERS * ENT_MB_KINDS * 2u)
#define ENT_PROOFS_GREET 64u
#define ENT_VLOGS_MAX    (ENT_ROSTER_MEMBERS * ENT_ROSTER_LOGS)

struct ent_view {
    struct ent_view_opts opts;
    struct ent_buf chain;
    struct ent_roster *roster;
    unsigned epoch;       /* +1 with each roster: logs and indices of members are others then */
    struct ent_vlog *log; /* all of the roster, in the order of the bytes of their origins */
    size_t logs;
    struct ent_vheard heard[ENT_ROSTER_MEMBERS]; /* as in the file when it was last read */
    int64_t watched, listening; /* of ent_view_watch(): last, and without a break since */

    struct ent_vproof *proof[ENT_PROOFS_MAX];
    size_t proofs;
    struct ent_hash32 proofs_file;

    struct ent_members asked;               /* who said what it knows of our own log */
    uint64_t witnessed[ENT_ROSTER_MEMBERS]; /* size of our log at witness i, as far as known */
    struct ent_members told;                /* who said what it mirrors of our log */
    uint64_t mirrored[ENT_ROSTER_MEMBERS];  /* which is so much */
};

/* --- view.c ------------------------------------------------------------------------------------
 */

/* Every public function stands between these two. leave tells of new proofs, without the lock. */
void ent_view_enter(struct ent_view *v);
void ent_view_leave(struct ent_view *v);

/* NULL for one that is none of the pact's. */
struct ent_vlog *ent_vlog_by_origin(struct ent_view *v, struct ent_slice origin);
struct ent_vlog *ent_vlog_of(struct ent_view *v, const char *member, unsigned generation);
/* Our own newest log, which is not in a mirror. */
bool ent_vlog_is_own(const struct ent_view *v, const struct ent_vlog *l);

/* Another process may have changed it: read again what is on the disk. */
ENT_MUST_USE enum ent_err ent_vlog_load(struct ent_view *v, struct ent_vlog *l, struct ent_diag *d);
/* The mirror, opened; what is damaged is thrown away, for it can be fetched again. */
ENT_MUST_USE enum ent_err ent_vlog_tree(struct ent_view *v, struct ent_vlog *l, struct ent_diag *d);
/* The mirror is this from now on, on the disk too. */
ENT_MUST_USE enum ent_err ent_vlog_set_mirrored(struct ent_view *v, struct ent_vlog *l,
                                                uint64_t size, const struct ent_hash32 *root);

/* h becomes the head; the head before it is kept as past. On the disk when it returns. */
ENT_MUST_USE enum ent_err ent_vlog_set_head(struct ent_view *v, struct ent_vlog *l,
                                            const struct ent_vhead *h);
/* May it be cosigned, and become the head: not exposed, not beyond a closing head. */
bool ent_vlog_is_open(const struct ent_view *v, const struct ent_vlog *l,
                      const struct ent_vhead *h);
/* A home whose own log may be that of an old copy may have forgotten what it cosigned, too. */
bool ent_view_may_cosign(const struct ent_view *v);
/* Whether there is a key to cosign with. */
bool ent_view_is_witness(const struct ent_view *v);
/* The last head that the signer took note of; size 0 without one. */
ENT_MUST_USE enum ent_err ent_vlog_signed(const struct ent_view *v, const struct ent_vlog *l,
                                          struct ent_last_head *ret);
/* Add our cosignature, if we may, at this time or, where we have cosigned at a later one, at that.
 * proof leads from the first `old` entries to the head; without a cosignature when those are not
 * what the signer knows. */
ENT_MUST_USE enum ent_err ent_vlog_cosign(struct ent_view *v, const struct ent_vlog *l,
                                          struct ent_vhead *h, uint64_t old,
                                          const struct ent_merkle_proof *proof, int64_t now);

/* What we show of our own log, as in the gossip and to who asks: the newest head with
 * cosignatures, else the newest. Appended; nothing when there is none. */
ENT_MUST_USE enum ent_err ent_view_own_head(struct ent_view *v, struct ent_buf *b);

/* --- view_head.c -------------------------------------------------------------------------------
 */

/* Parse and verify. ENT_E_FORMAT, ENT_E_LIMIT; ENT_E_NOTFOUND: not this log's; ENT_E_AUTH: its
 * signature is missing or wrong, or that of a witness is wrong. Signatures that `known` (or NULL)
 * has are not computed again. */
ENT_MUST_USE enum ent_err ent_vhead_read(struct ent_vhead *ret, const struct ent_view *v,
                                         const struct ent_vlog *l, struct ent_slice note,
                                         const struct ent_vhead *known, struct ent_diag *d);
/* What it says, and nothing verified: of `ret` size, root and by are filled. */
ENT_MUST_USE enum ent_err ent_vhead_peek(struct ent_vhead *ret, const struct ent_view *v,
                                         const struct ent_vlog *l, struct ent_slice note);
ENT_MUST_USE enum ent_err ent_vhead_write(struct ent_buf *b, const struct ent_view *v,
                                          const struct ent_vlog *l, const struct ent_vhead *h);
/* The text and the signature line of one witness. */
ENT_MUST_USE enum ent_err ent_vhead_line(struct ent_buf *b, const struct ent_view *v,
                                         const struct ent_vlog *l, const struct ent_vhead *h,
                                         size_t member);
bool ent_vhead_same(const struct ent_vhead *a, const struct ent_vhead *b); /* size and root */
/* Take over the cosignatures of `from` that are missing or newer; whether there were any. */
bool ent_vhead_merge(struct ent_vhead *h, const struct ent_vhead *from);
int64_t ent_vhead_time(const struct ent_vhead *h, size_t member); /* 0: has not cosigned */

/* --- view_seen.c -------------------------------------------------------------------------------
 */

ENT_MUST_USE enum ent_err ent_vlog_load_seen(struct ent_view *v, struct ent_vlog *l);
ENT_MUST_USE enum ent_err ent_vlog_keep(struct ent_view *v, struct ent_vlog *l,
                                        const struct ent_vhead *h, bool past);
/* A signed head, from anywhere. What it shows is acted on: cosignatures are merged, a fork is
 * exposed, everything else is kept. It never becomes the head. ENT_E_AUTH: it fits nothing that we
 * have, and its log is exposed now. */
ENT_MUST_USE enum ent_err ent_vlog_hear(struct ent_view *v, struct ent_vlog *l,
                                        const struct ent_vhead *h, int64_t now);
/* Whether another root was signed for its size, as far as we saw. ENT_E_AUTH then, as above. */
ENT_MUST_USE enum ent_err ent_vlog_equals(struct ent_view *v, struct ent_vlog *l,
                                          const struct ent_vhead *h);
/* Kept, of at most this size, and not checked yet; *at is SIZE_MAX before the first. */
bool ent_vlog_unsettled(const struct ent_vlog *l, struct ent_seen *ret, size_t *at, uint64_t size);
/* The largest that the log signed, as far as we saw. */
uint64_t ent_vlog_largest(const struct ent_vlog *l);
/* Check such a head against the tree below `larger`, whose hashes come from here. ENT_E_AUTH when
 * it did not fit; any other error: not known. */
ENT_MUST_USE enum ent_err ent_vlog_settle(struct ent_view *v, struct ent_vlog *l,
                                          const struct ent_seen *which,
                                          const struct ent_vhead *larger,
                                          const struct ent_merkle_source *source);
#define ENT_SETTLE_MOST 256u /* in one call */
/* All against the mirror. */
ENT_MUST_USE enum ent_err ent_vlog_settle_mirror(struct ent_view *v, struct ent_vlog *l);
/* The head that was kept there, read and verified again. */
ENT_MUST_USE enum ent_err ent_vlog_seen_at(struct ent_view *v, struct ent_vlog *l,
                                           struct ent_vhead *ret, const struct ent_seen *s);

/* --- view_heard.c ------------------------------------------------------------------------------
 * Of a member's newest log; with others nothing happens.
 */

/* The member showed its newest head itself, or a new one came from anybody. */
void ent_vlog_heard(struct ent_view *v, const struct ent_vlog *l, int64_t now);
/* Asked itself, it did not answer, or not in a way that can be read. */
void ent_vlog_refused(struct ent_view *v, const struct ent_vlog *l, int64_t now);
/* Asked itself, it did not give this path of its log, which must be there. */
void ent_vlog_withheld(struct ent_view *v, const struct ent_vlog *l, const char *what, int64_t now);
/* Whether it withheld something, and what. */
bool ent_vlog_owes(struct ent_view *v, const struct ent_vlog *l,
                   char ret[static ENT_TILE_PATH_MAX]);
/* It answered all that was asked; all: what it owed too. */
void ent_vlog_served(struct ent_view *v, const struct ent_vlog *l, bool all, int64_t now);
/* Fills in all of it but what is exposed. */
void ent_vlog_suspicions(struct ent_view *v, const struct ent_vlog *l, struct ent_verdict_on *ret,
                         int64_t now);

/* --- view_proof.c ------------------------------------------------------------------------------
 */

ENT_MUST_USE enum ent_err ent_view_load_proofs(struct ent_view *v);
void ent_view_drop_proofs(struct ent_view *v);
/* Whether two heads of one log cannot both be: then that is written down, with what witnesses did,
 * and ENT_E_AUTH. ENT_OK when they can. larger: hashes of the larger tree, NULL when the sizes are
 * equal. Any other error: not known. */
ENT_MUST_USE enum ent_err ent_vlog_compare(struct ent_view *v, struct ent_vlog *l,
                                           const struct ent_vhead *a, const struct ent_vhead *b,
                                           const struct ent_merkle_source *larger);
/* Check and keep; as ent_view_accuse(). */
ENT_MUST_USE enum ent_err ent_view_add_proof(struct ent_view *v, struct ent_slice bytes,
                                             struct ent_diag *d);
/* By hash; NULL. By member and kind; NULL. */
const struct ent_vproof *ent_view_proof(const struct ent_view *v, const struct ent_hash32 *hash);
const struct ent_vproof *ent_view_proof_of(const struct ent_view *v, const char *member,
                                           enum ent_misbehaviour_kind kind);

/* --- view_witness.c ----------------------------------------------------------------------------
 */

/* A proof in base64, a hash a line, and an empty line. */
ENT_MUST_USE enum ent_err ent_hash_lines_parse(struct ent_cur *c, struct ent_merkle_proof *ret);
ENT_MUST_USE enum ent_err ent_hash_lines_put(struct ent_buf *b, const struct ent_merkle_proof *p);

/* add-checkpoint: "old <size>", hashes in base64, an empty line, a note. */
struct ent_add_checkpoint {
    uint64_t old;
    struct ent_merkle_proof proof;
    struct ent_slice note;
};
ENT_MUST_USE enum ent_err ent_add_checkpoint_parse(struct ent_add_checkpoint *ret,
                                                   struct ent_slice body);
ENT_MUST_USE enum ent_err ent_add_checkpoint_encode(struct ent_buf *b,
                                                    const struct ent_add_checkpoint *a);
void ent_view_add_checkpoint(struct ent_view *v, struct ent_view_answer *ret, const char *from,
                             struct ent_slice body, int64_t now);

/* --- view_push.c and view_mirror.c -------------------------------------------------------------
 * "from <n>", "to <n>", "end <n>", hashes in base64, an empty line, and entries as in a tile of
 * them: those from `from` to before `to`, and the proof that leads from the first `to` entries to
 * the head of `end` entries.
 */
#define ENT_ADD_ENTRIES_MAX (1u << 20) /* so that one is through on a slow line, too */

struct ent_add_entries {
    uint64_t from, to, end;
    struct ent_merkle_proof proof;
    struct ent_slice entries;
};
/* Exactly what encode writes, of at most ENT_TREE_BATCH entries, or ENT_E_FORMAT or ENT_E_LIMIT. */
ENT_MUST_USE enum ent_err ent_add_entries_parse(struct ent_add_entries *ret, struct ent_slice body);
ENT_MUST_USE enum ent_err ent_add_entries_encode(struct ent_buf *b,
                                                 const struct ent_add_entries *a);
void ent_view_add_entries(struct ent_view *v, struct ent_view_answer *ret, struct ent_slice origin,
                          struct ent_slice body);

/* Make the mirror longer, up to the head h. ENT_E_AUTH when they do not lead to it, ENT_E_STATE
 * when the mirror is at another place: nothing was written then. */
ENT_MUST_USE enum ent_err ent_vlog_append(struct ent_view *v, struct ent_vlog *l,
                                          const struct ent_add_entries *a,
                                          const struct ent_vhead *h, struct ent_diag *d);

/* --- view_gossip.c -----------------------------------------------------------------------------
 *     entente/heads@v1
 *     head <length>                        as many as there are, in the order of their origins'
 * bytes <a signed note> proof <64 hex> <member> <kind>       in the order of the hashes
 */
#define ENT_HEADS_HEADS  ENT_VLOGS_MAX
#define ENT_HEADS_PROOFS ENT_PROOFS_MAX

struct ent_heads {
    size_t heads, proofs;
    struct ent_slice head[ENT_HEADS_HEADS];
    struct ent_slice origin[ENT_HEADS_HEADS]; /* as their first lines claim */
    struct {
        struct ent_hash32 hash;
        char member[ENT_NAME_MAX + 1];
        enum ent_misbehaviour_kind kind;
    } proof[ENT_HEADS_PROOFS];
};
/* Exactly what encode writes, or ENT_E_FORMAT or ENT_E_LIMIT. Slices point into bytes. */
ENT_MUST_USE enum ent_err ent_heads_parse(struct ent_heads *ret, struct ent_slice bytes);
ENT_MUST_USE enum ent_err ent_heads_encode(struct ent_buf *b, const struct ent_heads *h);

/* Ours, appended. */
ENT_MUST_USE enum ent_err ent_view_tell(struct ent_view *v, struct ent_buf *b);
/* Theirs: of `from`, or NULL when that is not known. A head that is wrong is nobody's fault that we
 * could name: it is left out. */
void ent_view_take_in(struct ent_view *v, const struct ent_heads *h, const char *from, int64_t now);

/* In the roster; ENT_ROSTER_MEMBERS for nobody. */
size_t ent_view_index(const struct ent_view *v, const char *member);
/* What this member (index in the roster; ENT_ROSTER_MEMBERS: somebody) says is the newest head of
 * our own log; empty: none. News is acted on at once; that there is none counts when enough members
 * have said so. */
void ent_view_heard_own(struct ent_view *v, struct ent_slice note, size_t from);

/* A path below ENT_VIEW_PREFIX "log/<origin>/", NUL-terminated. */
#define ENT_VIEW_PATH (sizeof(ENT_VIEW_PREFIX) + 16 + ENT_LOG_ORIGIN + ENT_TILE_PATH_MAX)
void ent_view_log_path(char ret[static ENT_VIEW_PATH], const char *origin, const char *name);

/* A witness, as tlog-witness wants it named: the origin's SHA-256, in hex. */
void ent_view_origin_hash(char ret[static ENT_HEX_LEN(32)], const char *origin);

#endif
