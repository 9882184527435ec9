/*
 * desk.h: what a match needs of the store, for processes that have none. The keeper has the desk;
 * the ledger asks it to count offers and to charge for them, a match for the list that it compares.
 *
 *     advance   this member's newest offer has this number; ENT_E_STATE: not higher than before
 *     spent     how much of a budget is used up
 *     charge    use up more, if the sum stays within `most`, else ENT_E_POLICY; durable
 *     asked     what this member asked of a partner counts for its own budget; durable
 *     known     all that partners may be compared with, in items that come before the answer;
 *               ENT_E_POLICY without a charge, each of which gives one
 *
 * What it knows of quorums stands in desk_quorum.h.
 *
 * How narrow the markings of items may be, and whether their number is hidden, is the keeper's
 * configuration. It knows nothing of the pact.
 *
 * Whoever has taken over the ledger gets no item; it can raise the numbers of members, so that
 * their offers are too old, use up their budgets, and give any partner as much budget as it likes,
 * because what is left of one is for the ledger to say. Whoever has taken over a match gets the
 * list once for each charge that no other match has used yet: what all partners may be compared
 * with, of any type, and never what is marked narrower or what a held source says.
 */
#ifndef ENT_NODE_DESK_H
#define ENT_NODE_DESK_H

#include <stdatomic.h>

#include "node/desk_wire.h"
#include "node/home.h"

#define ENT_DESK_LOADS                                                                             \
    16u /* charges that wait for their match, at most; older ones are forgotten */

/* --- in the keeper ------------------------------------------------------------------------------
 */

struct ent_desk;

struct ent_desk_opts {
    const char *store;    /* path; several connections are made to it */
    enum ent_tlp max_tlp; /* narrowest that is compared: CLEAR or GREEN */
    bool pad;
    const struct ent_home *home; /* for quorums; outlives the desk. NULL: none */
    enum ent_tlp quorum_tlp;     /* of what they find */
};
ENT_MUST_USE enum ent_err ent_desk_new(struct ent_desk **ret, struct ent_diag *d,
                                       const struct ent_desk_opts *opts);
/* When nobody asks any more. */
void ent_desk_free(struct ent_desk *k);

/* One for each asker. put sends an ENT_DESK_ITEMS note to it, on the channel on which its answer
 * will go, and may take as long as the asker does: no more than one note is held in memory. NULL:
 * it is not for this asker to load anything. An error ends the load. */
struct ent_desk_seat {
    struct ent_desk *desk;
    void *ctx;
    enum ent_err (*put)(void *ctx, uint16_t type, struct ent_slice payload);
    /* Which run of a quorum it is about: of the first thing that was asked (desk_quorum.h). */
    atomic_bool bound;
    struct ent_hash32 leaf;
};

/* An ent_service of a struct ent_desk_seat. */
enum ent_err ent_desk_serve(void *seat, struct ent_msg *ret, struct ent_msg *call);

#define ENT_DESK_ROWS 21
extern const struct ent_msg_row ent_desk_rows[ENT_DESK_ROWS];

/* --- who asks -----------------------------------------------------------------------------------
 * Errors are the desk's. ENT_E_PEER also for an answer that is none.
 */

/* The number of an offer, in that log of the member. */
ENT_MUST_USE enum ent_err ent_desk_advance(const struct ent_caller *desk, const char *member,
                                           uint32_t generation, uint64_t sequence);
ENT_MUST_USE enum ent_err ent_desk_spent(const struct ent_caller *desk, uint64_t *ret,
                                         const char *partner, enum ent_direction dir,
                                         uint64_t period);
/* For what they ask; items is at least 1. */
ENT_MUST_USE enum ent_err ent_desk_charge(const struct ent_caller *desk, const char *partner,
                                          uint64_t period, uint64_t items, uint64_t most);
/* What we asked, for ent_desk_spent() with ENT_WE_ASK: it binds nobody. */
ENT_MUST_USE enum ent_err ent_desk_asked(const struct ent_caller *desk, const char *partner,
                                         uint64_t period, uint64_t items);
/* The items have all come as notes when it returns. */
ENT_MUST_USE enum ent_err ent_desk_known(const struct ent_caller *desk, struct ent_desk_known *ret,
                                         uint32_t types, int64_t at);

#endif
