/* quorums_parts.h: one run of quorum in the node, for node/ alone. */
#ifndef ENT_NODE_QUORUMS_PARTS_H
#define ENT_NODE_QUORUMS_PARTS_H

#include "node/node.h"
#include "node/quorum_work.h"
#include "node/quorums.h"

#include <pthread.h>
#include <stdatomic.h>

/* Participants, key holders, the collector, and who made the offer. */
#define ENT_QNAMED (ENT_QUORUM_MEMBERS + ENT_QUORUM_HOLDERS + 2u)
#define ENT_QSTACK ((size_t)1 << 20) /* of a thread: there may be hundreds */
#define ENT_QAHEAD 8u                /* batches that one key holder may be ahead of another */

enum ent_qkind {
    ENT_QSAY_OFFER,
    ENT_QSAY_ACCEPT,
    ENT_QSAY_REFUSE,
    ENT_QSAY_KEY,
    ENT_QSAY_BEGIN,
    ENT_QSAY_LEFT_OUT,
    ENT_QSAY_RESULT,
    ENT_QSAY_TAKEN
};
#define ENT_QKINDS 8

/* One statement of the run. Places are in `named`. */
struct ent_qsaid {
    struct ent_hash32 leaf;
    enum ent_qkind kind;
    uint8_t author, about; /* about: of ENT_QSAY_LEFT_OUT */
    uint64_t index;        /* of the own: where in the own log */
};

struct ent_qrun;

/* Another member of the run (or this one, as the key holder of its own questions), with a thread
 * that asks it. Its own but for what is read under the run's lock. */
struct ent_qmate {
    struct ent_qrun *run;
    char name[ENT_NAME_MAX + 1];
    uint32_t holder; /* its number, or 0 */
    bool collector, self, author;
    pthread_t thread;
    bool running; /* the driver's: to be joined */
    bool ended;   /* the thread: it does nothing any more; under the lock */
    size_t acked; /* of what this member has said */
    unsigned misses;
    unsigned delays;    /* rounds that came to nothing, one after another; under the lock */
    uint64_t due_ns;    /* the next is not before; under the lock */
    uint64_t pulled_ns; /* under the lock */
    uint64_t worker;    /* of which worker's life the next three are */
    uint32_t next;      /* batch to be asked; under the lock */
    uint32_t piece, pieces;
    bool refused;           /* it does not answer this member any more; under the lock */
    struct ent_buf uploads; /* what the collector has: bits, as it said */
    uint32_t block;         /* the next to be looked at; all: done, for now */
    uint64_t looked_ns;     /* when uploads came; under the lock */
};

/* What the collector has of one participant. */
struct ent_qshares {
    pthread_mutex_t lock; /* of its file */
    uint32_t *slot;       /* by block: place in the file, from 1; 0: none */
    uint32_t slots;       /* in the file */
};

struct ent_qrun {
    struct ent_quorums *all;
    char id[ENT_QUORUM_ID];
    struct ent_hash32 leaf;
    char named[ENT_QNAMED][ENT_NAME_MAX + 1];
    uint32_t n_named;
    uint32_t self, author; /* places */
    uint32_t index;        /* as a participant, from 1; or 0 */
    uint32_t holder;       /* as a key holder, from 1; or 0 */

    pthread_t driver;
    bool driving, fresh; /* fresh: it began with this process */
    bool scheduled;      /* by the pact's schedule */
    atomic_bool stop;
    struct ent_qmate mate[ENT_QNAMED];
    uint32_t mates;

    pthread_mutex_t lock; /* everything below */
    pthread_cond_t wake;
    unsigned refs;
    bool over; /* to be freed */
    struct ent_quorum_run state;
    struct ent_buf written; /* the state, as on the disk */
    struct ent_qsaid *said;
    size_t n_said;
    size_t own[ENT_QNAMED + ENT_QKINDS]; /* into said: what this member has said, in order */
    size_t n_own;
    bool met;                    /* the collector was asked by this process, or does not answer */
    bool told_end;               /* the event was told */
    int64_t settled;             /* since when nobody needs anything of it; 0: somebody may */
    bool judged;                 /* the pact has nothing against it */
    bool declined;               /* this member said no, or cannot */
    enum ent_quorum_phase phase; /* when deadlines were looked at last */

    /* the worker */
    struct ent_runners_one one;
    bool up, dying, joins, holds, started; /* joins, holds: opened as such */
    unsigned users;
    uint64_t lives;
    struct ent_buf ask[ENT_QAHEAD]; /* batch b at b % ENT_QAHEAD */
    uint32_t ask_batch[ENT_QAHEAD];
    bool tables, pieces_there;
    struct ent_qwork_taken taken; /* by this process, when told_taken */
    bool told_taken;

    bool waits;       /* for one; under the table's lock, as is the next */
    unsigned turns;   /* that were too short */
    uint64_t turn_ns; /* since when it has one; the driver's */

    /* as a key holder */
    uint64_t asked_ns; /* when somebody did last */
    pthread_mutex_t admit_lock;
    struct ent_quorum_admitted *admitted;
    size_t n_admitted;
    uint64_t ended; /* bit i-1: participant i has cheated this key holder, or the collector */

    /* as the collector */
    struct ent_quorum_uploads *uploads;
    struct ent_qshares shares[ENT_QUORUM_MEMBERS];
    pthread_t computer;
    bool computing, computed;
    uint32_t computed_block;
    uint64_t positions;
    uint32_t hits[ENT_QUORUM_MEMBERS];
    uint32_t hits_crc[ENT_QUORUM_MEMBERS]; /* of all of them, as on the disk */
    struct ent_salt32 salt[ENT_QUORUM_MEMBERS];
    bool salted;

    struct ent_buf progress; /* as on the disk */
    uint64_t progress_ns;
};

/* What this member has refused without a run. */
struct ent_qrefusal {
    char author[ENT_NAME_MAX + 1]; /* of the offer; "": none */
    int64_t time;
    uint64_t index; /* in the own log */
    struct ent_hash32 leaf;
};
#define ENT_QREFUSALS_OF_ONE 4u /* in an hour, to one author */
#define ENT_QREFUSALS        (ENT_QREFUSALS_OF_ONE * ENT_PACT_MEMBERS)

struct ent_quorums {
    struct ent_quorums_opts opts;
    char self[ENT_NAME_MAX + 1];
    pthread_mutex_t lock;
    struct ent_qrun *run[ENT_QUORUMS_MOST];
    bool draining;
    struct ent_pool *pool;         /* of collectors */
    int64_t scheduled;             /* the window that was looked at last */
    pthread_mutex_t compared_lock; /* of that file */
    pthread_mutex_t refused_lock;  /* of the next, and of its file */
    struct ent_qrefusal refused[ENT_QREFUSALS];
    struct ent_qrun *seeker; /* no run: what asks for those that this member is named in */
};

int64_t ent_q_now(const struct ent_quorums *q);
const struct ent_disk *ent_q_disk(const struct ent_quorums *q);
void ent_q_tell(const struct ent_qrun *run, enum ent_quorum_event_kind kind, const char *member,
                enum ent_quorum_fault fault, enum ent_quorum_reason why);

/* --- quorums.c ----------------------------------------------------------------------------------
 */

/* With one more reference; NULL. */
struct ent_qrun *ent_q_find(struct ent_quorums *q, const char *id);
void ent_q_put(struct ent_qrun *run);
/* A run of this offer, which begins: said is its delivery. ENT_E_LIMIT: there are too many. */
ENT_MUST_USE enum ent_err ent_q_begin(struct ent_quorums *q, const struct ent_act *act,
                                      const struct ent_quorum_offer *o, struct ent_slice said,
                                      uint64_t index);
/* Whether this author may have one more. */
bool ent_q_has_place(struct ent_quorums *q, const char *author);
/* The next run that is over is forgotten. */
void ent_q_reap(struct ent_quorums *q);

/* --- quorum_judge.c -----------------------------------------------------------------------------
 */

/* Whether this member would have it; the verdict is that of the pact. leaf: of a run, whose
 * deadlines its phases keep; NULL: of an offer that is not made yet. */
enum ent_quorum_reason ent_q_judge(struct ent_quorums *q, enum ent_verdict *ret_verdict,
                                   const struct ent_quorum_offer *o, const struct ent_hash32 *leaf,
                                   const char *author);
/* Without this member's own wishes, and what it has compared before: what the pact refuses, and
 * what comes too late for anybody. */
enum ent_quorum_reason ent_q_judge_pact(struct ent_quorums *q, enum ent_verdict *ret_verdict,
                                        const struct ent_quorum_offer *o, const char *author);
/* What this member offers comes by the pact's schedule. */
bool ent_q_is_scheduled(const struct ent_quorums *q, const char *author);
/* Shares of its window are about to leave; durable. ENT_E_EXISTS: others did, in another run. */
ENT_MUST_USE enum ent_err ent_q_compared(struct ent_qrun *run);
/* This window is about to be offered by itself; durable. ENT_E_EXISTS: it was. */
ENT_MUST_USE enum ent_err ent_q_scheduled(struct ent_quorums *q, const struct ent_quorum_offer *o);

/* --- quorum_refuse.c ----------------------------------------------------------------------------
 */

void ent_q_refused_load(struct ent_quorums *q);
/* An offer that has no run here is refused; what was said, if anything, is in *ret_said. */
void ent_q_refuse(struct ent_quorums *q, struct ent_buf *ret_said, const struct ent_act *offer,
                  enum ent_quorum_reason why, enum ent_verdict verdict);
/* Whether it was, and what was said then; ret_said may be NULL. */
bool ent_q_refused(struct ent_quorums *q, const char *id, struct ent_buf *ret_said);

/* --- quorum_record.c ----------------------------------------------------------------------------
 */

/* Of this run only the record is there. */
bool ent_q_is_record(const struct ent_quorums *q, const char *id);
/* What was said in it, for who was named; a status. */
unsigned ent_q_record_list(const struct ent_quorums *q, const char *id, const char *from,
                           struct ent_buf *b);
unsigned ent_q_record_show(const struct ent_quorums *q, const char *id, const char *from,
                           const struct ent_hash32 *said, struct ent_buf *b);
/* Participant, key holder or collector. */
bool ent_q_has_part(const struct ent_quorum_offer *o, const char *name);
/* A delivery that is on the disk; room holds it. */
ENT_MUST_USE enum ent_err ent_q_load_act(const struct ent_quorums *q, struct ent_delivery *ret,
                                         struct ent_buf *room, const char *file);

/* --- quorum_files.c: with the run's lock held, unless it says otherwise -------------------------
 */

void ent_qfile(char ret[static ENT_DISK_NAME_MAX], const struct ent_qrun *run, const char *name);
bool ent_qfile_is_there(const struct ent_qrun *run, const char *name);
void ent_qfile_remove(const struct ent_qrun *run, const char *name);
ENT_MUST_USE enum ent_err ent_qrun_save(struct ent_qrun *run);
ENT_MUST_USE enum ent_err ent_qrun_keep(const struct ent_qrun *run, const struct ent_hash32 *leaf,
                                        struct ent_slice said);
/* The delivery of one statement, appended; without the lock. */
ENT_MUST_USE enum ent_err ent_qrun_said_read(const struct ent_qrun *run, struct ent_buf *ret,
                                             const struct ent_qsaid *s);
ENT_MUST_USE enum ent_err ent_qrun_admitted_add(struct ent_qrun *run,
                                                const struct ent_quorum_admitted *a);
ENT_MUST_USE enum ent_err ent_qrun_admitted_load(struct ent_qrun *run);
void ent_qrun_progress(struct ent_qrun *run);
/* Everything but the record. */
void ent_qrun_clean(struct ent_qrun *run);

/* --- quorum_said.c ------------------------------------------------------------------------------
 */

const char *ent_q_media(enum ent_qkind k);
/* ENT_E_FORMAT for a statement that is none of a quorum. */
ENT_MUST_USE enum ent_err ent_q_kind(enum ent_qkind *ret, const struct ent_statement *st);
uint32_t ent_qrun_place(const struct ent_qrun *run, const char *name); /* UINT32_MAX: none */

/* A verified statement of the run: kept, and done. ENT_OK also for one that was known, and for a
 * `begin` that waits for what it names. index: of the own. */
ENT_MUST_USE enum ent_err ent_qrun_take(struct ent_qrun *run, const struct ent_act *act,
                                        struct ent_slice said, uint64_t index);
/* Whatever its author's log shows here, its signature is enough: `begin` waits for it, or there is
 * another of its kind by this author, which it may contradict. Without the lock. */
bool ent_qrun_counts_anyway(struct ent_qrun *run, const struct ent_act *act);
/* What was taken before a restart, out of the folder. */
void ent_qrun_again(struct ent_qrun *run, const struct ent_act *act, uint64_t index);
/* The same with the lock held, and without keeping what is kept. */
ENT_MUST_USE enum ent_err ent_qrun_apply(struct ent_qrun *run, const struct ent_act *act,
                                         uint64_t index, int64_t now);
/* Say it, take it; without the lock. */
ENT_MUST_USE enum ent_err ent_qrun_say(struct ent_qrun *run, enum ent_qkind kind,
                                       const struct ent_buf *body);
/* Sign an act and make its delivery. */
ENT_MUST_USE enum ent_err ent_q_act(struct ent_quorums *q, struct ent_act *ret,
                                    struct ent_buf *room, struct ent_buf *said, uint64_t *ret_index,
                                    enum ent_qkind kind, const struct ent_hash32 *ref,
                                    const struct ent_buf *body);

/* --- quorum_mate.c ------------------------------------------------------------------------------
 */

/* By the driver: a thread if there is something to do, and none if not. */
void ent_qmate_look(struct ent_qmate *m);
/* One call to this member. */
ENT_MUST_USE enum ent_err ent_qmate_call(struct ent_qmate *m, unsigned *ret_status,
                                         struct ent_buf *answer, const char *method,
                                         const char *path, struct ent_slice body);
void ent_qmate_path(char ret[static 160], const struct ent_qmate *m, const char *rest);
/* quorum_talk.c: statements to it and from it. *ret_more: at once again. */
ENT_MUST_USE enum ent_err ent_qmate_push(struct ent_qmate *m, bool *ret_more);
ENT_MUST_USE enum ent_err ent_qmate_pull(struct ent_qmate *m, bool *ret_more);
bool ent_qmate_pulls(struct ent_qmate *m); /* there is something to ask it for */

/* A delivery that was fetched from it: verified, its author's log first where that is behind. */
ENT_MUST_USE enum ent_err ent_qmate_hear(struct ent_qmate *m, struct ent_delivery *del,
                                         struct ent_slice bytes);

/* quorum_serve.c: a verified offer, from whoever brought it: the status that says what came of it.
 * answer: this member's refusal, a delivery, where it has signed one. */
unsigned ent_q_take_offer(struct ent_quorums *q, const char *from, const struct ent_delivery *del,
                          struct ent_slice said, struct ent_buf *answer);
/* Neither a run nor a record. */
bool ent_q_is_new(struct ent_quorums *q, const char *id);
/* quorum_find.c: the thread that asks the collector for offers, if nobody can bring them. */
ENT_MUST_USE enum ent_err ent_q_seek(struct ent_qrun *none);

/* --- quorum_drive.c -----------------------------------------------------------------------------
 */

void *ent_qrun_drive(void *run);
/* The worker, for calls of one thread; false: there is none that has begun. */
bool ent_qrun_enter(struct ent_qrun *run, struct ent_caller *ret, uint64_t *ret_life);
/* fault: an answer, and no end of the worker. */
void ent_qrun_leave(struct ent_qrun *run, enum ent_err r, enum ent_quorum_fault fault);
/* Somebody was seen to lie; without the lock. */
void ent_qrun_fault(struct ent_qrun *run, enum ent_quorum_role role, const char *name,
                    enum ent_quorum_fault f);
/* With the lock: the collector has all of this participant's shares, or does not want them. */
bool ent_qrun_has_sent(const struct ent_qrun *run);
/* With the lock: until something happens (unless firm), or the time is over. */
void ent_qrun_wait(struct ent_qrun *run, unsigned ms, bool firm);
unsigned ent_q_pause(const struct ent_quorums *q);

/* quorum_worker.c: a slot, what is opened in it, and what is said by that. Without the lock. */
void ent_qrun_worker(struct ent_qrun *run);
void ent_qrun_dismiss(struct ent_qrun *run);

/* --- quorum_turns.c -----------------------------------------------------------------------------
 */

/* A process, if one is free and nobody has waited longer; else it waits. */
bool ent_qturn_take(struct ent_qrun *run, struct ent_runners_one *ret);
/* It does not wait any more. */
void ent_qturn_leave(struct ent_qrun *run);
/* Another waits for the process of this one, which is to give it. */
bool ent_qturn_is_over(struct ent_qrun *run, bool works);
/* A participant asks this key holder; with the lock. */
void ent_qturn_asked(struct ent_qrun *run);
bool ent_qturn_is_asked(const struct ent_qrun *run);

/* --- quorum_collect_run.c -----------------------------------------------------------------------
 */

/* What is on the disk; with the lock. */
ENT_MUST_USE enum ent_err ent_qcollect_open(struct ent_qrun *run);
void ent_qcollect_close(struct ent_qrun *run);
ENT_MUST_USE enum ent_err ent_qcollect_block(struct ent_qrun *run, uint32_t index,
                                             struct ent_slice message,
                                             enum ent_quorum_fault *ret_fault);
ENT_MUST_USE enum ent_err ent_qcollect_piece(struct ent_qrun *run, struct ent_buf *b,
                                             uint32_t index, uint32_t piece);
/* The thread that computes. */
void *ent_qcollect_compute(void *run);
ENT_MUST_USE enum ent_err ent_qcollect_result(struct ent_qrun *run, struct ent_quorum_result *ret);

#endif
