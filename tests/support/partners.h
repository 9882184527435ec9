/*
 * partners.h: bob's node, and partners who speak to its peer API without a network: bytes in, bytes
 * out. Every helper asserts that all goes as it should; the unit tests add what must not work.
 */
#ifndef ENT_TESTS_SUPPORT_PARTNERS_H
#define ENT_TESTS_SUPPORT_PARTNERS_H

#include "tests/support/nodes.h"

#include <pthread.h>

#define ITEMS_MOST  5000u         /* bob's limit for one run */
#define BUDGET      10000u        /* bob's for each partner */
#define OBS         "seven-seals" /* in every observable */
#define NARROW      100000u       /* the number of a name that is not for partners */
#define OFFER_PATH  "/peer/v1/match"
#define EVENTS_MOST 64u
#define WORKERS     8u /* bob's: so one partner has 4 runs at most */

/* --- members ------------------------------------------------------------------------------------
 */

/* bob is asked; alice and carol are in one pact with him; dave has one of his own. A group's setup,
 * teardown. */
extern struct node node_alice, node_bob, node_carol, node_dave;
int node_make_all(void **state);
int node_free_all(void **state);

/* Something that `who` says to bob, as it travels: in the log of `who`, under a head that bob has
 * cosigned if he knows whose it is. Signed with any key; ret is initialised here. */
void node_act(struct node *who, const struct ent_seed32 *key, struct ent_buf *ret,
              struct ent_act *act, enum ent_statement_type type, const char *media,
              const struct ent_hash32 *ref, struct ent_slice body);

/* --- the holder ---------------------------------------------------------------------------------
 */

struct seen_event {
    struct ent_peer_event e;
    char run[ENT_RUN_ID], partner[ENT_NAME_MAX + 1];
};

struct holder {
    struct ent_store *store;
    struct ent_pool *pool;
    struct ent_desk *desk;
    struct ent_desk_seat seat;
    struct ent_direct asks;
    struct ent_runners *runners;
    void (*unmake)(struct holder *f); /* or NULL: before they are freed */
    struct ent_peer *peer;            /* bob's, as long as there is a holder */
    struct ent_peer *before;          /* bob's before */
    pthread_mutex_t lock;             /* for all below */
    pthread_cond_t changed;
    struct seen_event event[EVENTS_MOST];
    size_t events;
    bool blocked, block; /* the pool, by a thread of the test */
    pthread_t blocker;
};

/* What bob knows: names 0, 3, 6, ... below 3 * known, one name that is not for partners, and an
 * address, which no offer here asks for. */
struct holder *holder_start(unsigned known, unsigned idle_seconds);
/* The same with other runners, which are freed with it, after f->unmake; f->desk and f->pool are
 * there when they are made. */
struct holder *holder_start_with(unsigned known, unsigned idle_seconds,
                                 struct ent_runners *(*make)(struct holder *f));
void holder_stop(struct holder *f);

/* Bob's list is held from now on, or not. */
void holder_judge(struct holder *f, bool held);

/* Between the two, no filter can be computed. */
void holder_block(struct holder *f);
void holder_unblock(struct holder *f);

size_t holder_events(struct holder *f);
/* The newest event says exactly this. */
void holder_assert_event(struct holder *f, enum ent_peer_event_kind kind, const char *partner,
                         const char *run, uint64_t asked);

/* What bob has charged to a partner. */
uint64_t holder_spent(struct holder *f, const char *partner);

/* One message; answer (if not NULL) is replaced. An error in a match must carry no body: it would
 * say what went wrong. */
unsigned holder_call(struct holder *f, struct node *who, struct ent_buf *answer, const char *method,
                     const char *path, struct ent_slice body);

/* --- a run, as its asker drives it --------------------------------------------------------------
 */

struct run {
    struct holder *f;
    struct node *who;
    struct ent_lookup_asker *asker;
    struct ent_match_offer offer;
    struct ent_match_accept accept;
    struct ent_act offer_act;
    struct ent_delivery answered;                     /* bob's answer to the offer */
    struct ent_buf offer_bytes, accept_bytes, answer; /* deliveries, and what came last */
    char id[ENT_RUN_ID];
};

/* prepare: an offer about names 0, 1, ..., n-2 and the one that is not for partners. Then it is
 * sent and must be accepted, or refused for this reason. begin is prepare and accepted. */
void run_prepare(struct run *r, struct holder *f, struct node *who, unsigned n);
unsigned run_send_offer(struct run *r);
void run_accepted(struct run *r);
void run_refused(struct run *r, enum ent_verdict why);
void run_begin(struct run *r, struct holder *f, struct node *who, unsigned n);
void run_end(struct run *r);

/* A message inside the run; its answer is r->answer. */
unsigned run_say(struct run *r, const char *method, const char *name, struct ent_slice body);
unsigned run_get(struct run *r, const char *name);
void run_wait_ready(struct run *r);

struct ent_lookup_batch *run_batch_memory(void);
void run_question(struct run *r, struct ent_lookup_batch *b, struct ent_buf *ask, uint64_t batch);
/* Every batch; ret_ask (if not NULL) is the last question. */
void run_ask_all(struct run *r, struct ent_buf *ret_ask);
/* All blocks, each fetched twice; *served is what the holder has to sign. */
void run_receive_all(struct run *r, struct ent_hash32 *served);
/* The asker's result act, perhaps a wrong one; and the right one, sent twice and answered. */
void run_make_result(struct run *r, const struct ent_seed32 *key, struct ent_buf *ret,
                     enum ent_statement_type type, const struct ent_hash32 *ref, uint64_t asked);
void run_exchange_results(struct run *r, const struct ent_hash32 *served);

/* From the accepted offer to the end; the hits are exactly 0, 3, 6, ... below both lists' ends. */
void run_complete(struct run *r, unsigned n, unsigned known);
void run_whole(struct holder *f, struct node *who, unsigned n, unsigned known);

/* A run that is over, whatever it was: nothing in it answers. */
void run_assert_dead(struct run *r);

#endif
