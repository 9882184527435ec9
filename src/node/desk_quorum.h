/*
 * desk_quorum.h: what a run of a quorum needs of the store and the home, for processes that have
 * neither: a part of the desk (desk.h). The ledger says in which runs this member has a part; a
 * worker (quorum_work.h) gets its seeds and its set, and brings what was found.
 *
 *     quorum    32 leaf, u64 window, u32 seconds, u32 types, u32 items, u8 threshold, u8 members,
 *               names in their order, text each     -> nothing; again the same is fine
 *     over      32 leaf                             -> nothing; fine for what is not there
 *     seed      32 leaf, u8 role                    -> 32 bytes
 *     set       32 leaf                             -> u64 items, which came before as notes
 *                                                      ENT_DESK_ITEMS
 *     found     32 leaf, then u16 n, n key of an observable, u64 holders, u8 tables each
 *                                                   -> nothing; durable
 *
 * Numbers are little-endian; a text is u8 length and so many bytes. What is kept is the keeper's
 * alone, in quorum-own/<first 32 hex digits of the leaf>/:
 *
 *     run           "quorum" as above, two seeds of 32 bytes, and a check line (base/crc32c.h)
 *     <a window>    the set, once it was asked for: what of the window goes into this run, as a
 *                   file of watch/window.h. So it stays the same whatever is added to the window
 *                   later, and when that expires
 *
 * It goes when the run is over. Findings stay: claims of the source "quorum/<id>" in the store, and
 * for each a sighting in a log of that name, as often as the own sensors saw it in that window.
 *
 * Whoever has taken over the ledger can have seeds made, and thrown away, and gets none. Whoever
 * has taken over a worker gets the seeds and the set of one run, of which it has to know the leaf:
 * the first that it asks for. What it finds must stand in that set, so it can put nothing into the
 * store that the own sensors did not see in the window; who else saw it is what it says.
 */
#ifndef ENT_NODE_DESK_QUORUM_H
#define ENT_NODE_DESK_QUORUM_H

#include "node/desk.h"
#include "node/home.h"

#define ENT_QUORUM_OWN    "quorum-own"
#define ENT_QUORUM_FOLDER "quorum" /* the ledger's, a folder for each run */

/* The name of a run among a member's files. */
#define ENT_QUORUM_ID 33 /* with NUL */
void ent_quorum_id(char ret[static ENT_QUORUM_ID], const struct ent_hash32 *offer_leaf);

enum ent_desk_part { ENT_DESK_PARTICIPANT = 1, ENT_DESK_HOLDER = 2 };

/* --- in the keeper ------------------------------------------------------------------------------
 */

struct ent_desk_quorum;

struct ent_desk_quorum_opts {
    const struct ent_home *home; /* outlives it */
    const char *store;           /* path */
    enum ent_tlp tlp;            /* of findings */
};
ENT_MUST_USE enum ent_err ent_desk_quorum_new(struct ent_desk_quorum **ret,
                                              const struct ent_desk_quorum_opts *opts);
void ent_desk_quorum_free(struct ent_desk_quorum *k);
enum ent_err ent_desk_quorum_serve(struct ent_desk_quorum *k, struct ent_desk_seat *seat,
                                   struct ent_msg *ret, struct ent_msg *call);

/* Another process sits there now. */
void ent_desk_seat_anew(struct ent_desk_seat *seat);

/* --- who asks -----------------------------------------------------------------------------------
 * Errors are the desk's. ENT_E_PEER also for an answer that is none.
 */

/* The ledger: this member has a part in this run. ENT_E_EXISTS: under this leaf stands another. */
ENT_MUST_USE enum ent_err ent_desk_quorum(const struct ent_caller *desk,
                                          const struct ent_hash32 *offer_leaf,
                                          const struct ent_quorum_offer *o);
/* The run is over for this member: seeds and set go. */
ENT_MUST_USE enum ent_err ent_desk_quorum_over(const struct ent_caller *desk,
                                               const struct ent_hash32 *offer_leaf);

/* A worker. ENT_E_NOTFOUND: the desk was not told of this run, or it is over; for a set, also that
 * nobody watched in its window. ENT_E_POLICY: this worker has asked for another run before. */
ENT_MUST_USE enum ent_err ent_desk_seed(const struct ent_caller *desk, struct ent_seed32 *ret,
                                        const struct ent_hash32 *offer_leaf,
                                        enum ent_desk_part part);
ENT_MUST_USE enum ent_err ent_desk_set(const struct ent_caller *desk, uint64_t *ret_items,
                                       const struct ent_hash32 *offer_leaf);

/* Findings are collected in one message, of at most so many bytes, and told. ENT_E_LIMIT: there is
 * no room for one more. */
#define ENT_DESK_FOUND_MAX (256u << 10)
ENT_MUST_USE enum ent_err ent_desk_found_begin(struct ent_buf *message,
                                               const struct ent_hash32 *offer_leaf);
ENT_MUST_USE enum ent_err ent_desk_found_put(struct ent_buf *message,
                                             const struct ent_quorum_found *f);
/* ENT_E_POLICY: one of them is not in the set. The same again changes nothing. */
ENT_MUST_USE enum ent_err ent_desk_found(const struct ent_caller *desk, struct ent_slice message);

/* --- the bytes ----------------------------------------------------------------------------------
 * One form for each, else ENT_E_FORMAT.
 */

struct ent_desk_run {
    struct ent_hash32 leaf;
    int64_t window;
    uint32_t seconds, types, items;
    uint32_t threshold, members;
    char name[ENT_QUORUM_MEMBERS][ENT_NAME_MAX + 1];
};
#define ENT_DESK_RUN_MAX (54u + ENT_QUORUM_MEMBERS * (1u + ENT_NAME_MAX))
ENT_MUST_USE enum ent_err ent_desk_run_encode(struct ent_buf *b, const struct ent_desk_run *r);
/* Up to its end; more may follow. */
ENT_MUST_USE enum ent_err ent_desk_run_parse(struct ent_desk_run *ret, struct ent_cur *c);

/* The next of the findings behind the leaf. */
ENT_MUST_USE enum ent_err ent_desk_found_parse(struct ent_quorum_found *ret, struct ent_cur *c);

#endif
