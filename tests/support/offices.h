/* offices.h: members of a pact with the engine of quorums, in one process: each with a set of what
 * it saw, a store, workers, and a dialer that calls the others' handlers. */
#ifndef ENT_TESTS_SUPPORT_OFFICES_H
#define ENT_TESTS_SUPPORT_OFFICES_H

#include "tests/support/nodes.h"

#include "node/quorums_parts.h"

#include <stdatomic.h>

/* Five participants, of which the first two hold keys, and a collector behind them; a plan may have
 * another number of participants. */
#define OFFICES          6u
#define OFFICE_COLLECTS  5u
#define OFFICE_MEMBERS   5u
#define OFFICES_MOST     9u
#define OFFICE_WINDOW    1534723200 /* begins */
#define OFFICE_NOW       (OFFICE_WINDOW + 3700)
#define OFFICE_ITEMS     64u /* M */
#define OFFICE_POOL      90u /* things that there are */
#define OFFICE_POOL_MOST 8192u

struct office_call {
    unsigned from, to;
    const char *path;
    struct ent_slice body;
};

struct offices_plan {
    unsigned members; /* participants */
    uint32_t items;   /* M */
    enum ent_quorum_padding padding;
    unsigned pool;   /* things that there are */
    bool each;       /* the pact says that every window is compared */
    unsigned hidden; /* who has no address; 0: nobody */
    /* Who saw thing x in the first window, as bits; NULL: for each a random few, not too many. */
    uint64_t (*saw)(unsigned x);
};
extern const struct offices_plan offices_plan; /* of most tests */

struct offices {
    struct offices_plan plan;
    struct office *o[OFFICES_MOST];
    unsigned n; /* offices: participants and the collector, which is the last */
    struct mesh mesh;
    atomic_llong now;
    int64_t window;                 /* of the run */
    uint64_t has[OFFICE_POOL_MOST]; /* bit i: participant i saw it */
    struct ent_quorum_offer offer;
    char run[ENT_QUORUM_ID];
    pthread_mutex_t lock; /* of what follows */
    /* Changes what one says to another, or is NULL. Return false to lose it. */
    bool (*tamper)(struct offices *all, unsigned from, unsigned to, const char *path,
                   struct ent_buf *body);
    /* Changes what `to` answers, or is NULL. */
    void (*lie)(struct offices *all, const struct office_call *call, unsigned *status,
                struct ent_buf *answer);
    unsigned done, failed, refused;    /* events */
    char named[32][ENT_NAME_MAX + 32]; /* "by member fault" */
    unsigned n_named;
    /* No lock: the other place of a member, or NULL, and who reaches that. */
    struct office *twin;
    atomic_ullong to_twin;
};

struct office {
    struct offices *all;
    unsigned i;
    struct node node;
    struct ent_home *home; /* the keeper's */
    struct ent_desk *desk;
    struct ent_desk_seat seat;
    struct ent_direct asks;
    struct ent_pool *pool;
    struct ent_runners *runners;
    struct ent_quorums *q;
    pthread_rwlock_t gate; /* read: while somebody asks it */
    enum ent_quorum_part mode;
    atomic_bool off;
};

void offices_start(struct offices *all, bool each);
void offices_start_with(struct offices *all, const struct offices_plan *plan);
void offices_end(struct offices *all);
/* Its engine and workers: ended and begun, with what is on the disk. */
void office_stop(struct office *o);
void office_begin(struct office *o);

/* From now on this member has two places, and neither knows of the other: these reach the second,
 * which takes part when it is told to. Before any run. offices_end() ends it, too. */
void offices_twin(struct offices *all, unsigned of, uint64_t whom);

/* t of all participants, or of these alone; a run is offered by the collector. */
void offices_offer(struct offices *all, uint32_t threshold);
void offices_offer_to(struct offices *all, uint32_t threshold, uint64_t members);
/* What each saw in the window, into its home; done when they start. */
void offices_see(struct offices *all);
/* The run as this one sees it; false: it has none. */
bool office_state(struct office *o, struct ent_quorum_run *ret);
/* Until it is in this phase, or later; fails after a minute. */
void office_wait(struct office *o, enum ent_quorum_phase phase);
void offices_wait_taken(struct offices *all, uint64_t members);
/* What this member was told, and has in its store, compared with counting among `members`. */
void office_check(struct office *o, uint64_t members);
/* Until the collector has heard these accept; has all shares of these. */
void offices_wait_accepted(struct offices *all, uint64_t members);
void offices_wait_complete(struct offices *all, uint64_t members);
/* Until everybody has the key holders' answers: then nobody has a word to say about these. */
void offices_wait_tables(struct offices *all);
/* Until one has said in everybody's log that another did this. */
void offices_wait_named(struct offices *all, unsigned by, unsigned who, enum ent_quorum_fault f);
/* Into its home, as somebody who works there would. */
void office_write(struct office *o, const char *name, struct ent_slice bytes);
bool office_read(struct office *o, const char *name, struct ent_buf *ret);
/* Sign it; its delivery, and what it says there. */
void office_sign(struct office *o, struct ent_qsaid *ret, struct ent_buf *said, enum ent_qkind kind,
                 const struct ent_buf *body);
/* Sign it, and have the engine bring it to everybody, whatever its own rules say of it. */
void office_say(struct office *o, enum ent_qkind kind, const struct ent_buf *body);
/* Whether this one has the word of one about another. */
bool office_has_heard(struct office *o, unsigned by, unsigned who);
/* How many have named somebody so far; whether this one has named that one. */
unsigned offices_named(struct offices *all);
bool office_has_named(struct offices *all, unsigned by, unsigned who);
/* One call as if it came from who has this key, or from this member. */
unsigned office_ask_as(struct offices *all, const struct ent_spki *from, unsigned to,
                       const char *method, const char *path, struct ent_slice body,
                       struct ent_buf *answer);
unsigned office_ask(struct offices *all, unsigned from, unsigned to, const char *method,
                    const char *path, struct ent_slice body, struct ent_buf *answer);

#endif
