/* ledger_world.h: what the files of the simulator of logs share. */
#ifndef ENT_TESTS_SIM_LEDGER_WORLD_H
#define ENT_TESTS_SIM_LEDGER_WORLD_H

#include "tests/sim/ledger_run.h"
#include "tests/sim/net.h"
#include "tests/support/logs.h"
#include "tests/support/simdisk.h"

#define MEMBERS   ENT_ROSTER_MEMBERS
#define POOL      64u
#define KEPT      12u
#define WILD      64u
#define MESSAGE   (8u << 20)
#define PATH_SIZE 512u

enum { TICK, UP, LATE }; /* events */

/* What a log has really signed: the root of each size. */
struct history {
    struct ent_merkle tree;
    struct ent_hash32 *root; /* of sizes 0..n */
    size_t n, cap;
};

struct point {
    size_t member;
    uint64_t size;
    struct ent_hash32 root;
};

struct points {
    struct point *p;
    size_t n, cap;
};

/* What a liar does beside showing two faces. */
enum habit { WITHHOLD = 1, WRONG = 2, STALE = 4, GARBLE = 8, MUTE = 16, REFUSE = 32, CRAFT = 64 };

struct world;

/* A home: of member i the i-th; the second one of a liar comes members later. */
struct home {
    struct world *w;
    size_t self, member;
    unsigned face;
    struct ent_simdisk *disk, *snapshot;
    uint64_t snapshot_n;
    struct ent_signer *signer;
    struct ent_signer_lock lock;
    struct ent_log *log;
    struct ent_view *view; /* NULL: down */
    int locked, busy;
    bool gone;     /* its power went, and what it was doing is not over yet */
    bool restored; /* from an old copy: it must not sign any more */
    bool copied;   /* an old copy came back, whatever of it */
    bool forgot;   /* what it had cosigned, by that */
    bool failed;   /* its disk did, and its power may go any time */
    bool hidden;   /* has no address: it asks, and nobody asks it */
    int64_t clock; /* how wrong */
    struct history *history;
    uint64_t pending;                   /* entries of a commit of which nobody knows */
    uint64_t tries;                     /* to say something: each is in other words */
    struct ent_hash32 checked[MEMBERS]; /* of the head that was looked at last */
};

struct member {
    bool liar, forked, exposed;
    unsigned habits;
    unsigned face[MEMBERS]; /* what it shows to each */
    struct history history[2];
    struct ent_buf kept[2][KEPT]; /* heads that it had cosigned, of each face */
    size_t keeps[2];
    size_t two; /* who was given two statements with one number, +1 */
};

struct world {
    struct ledger_run *r;
    struct sim_net *net;
    struct logs_pact pact;
    size_t n, speakers;
    bool weak, calm;
    unsigned lost, late, doubled;
    struct home *home; /* 2 * n */
    struct member *member;
    struct points wild, accepted;
    struct {
        size_t member;
        struct ent_buf note;
    } pool[POOL]; /* heads that were seen on the way */
    size_t pools;
    struct ent_buf stale; /* an answer to a request for stale_path */
    char stale_path[PATH_SIZE];
    struct ent_sha256 trace;
    int depth;
};

/* --- ledger_run.c --- */
const char *world_name(const struct world *w, size_t member);
int64_t home_now(const struct home *h);
bool home_is_up(const struct home *h);
enum ent_err home_say(struct home *h, size_t n);
enum ent_err home_push(struct home *h, const char *other); /* all that it lacks */
/* One request as it arrives; 0 when there is no answer. */
unsigned home_handle(struct home *h, struct ent_buf *answer, const char *method, const char *path,
                     struct ent_slice body);
void home_act(struct home *h);
struct ent_wire home_wire(struct home *h);

/* --- ledger_check.c --- */
void wrong(struct world *w, enum ledger_wrong what, const char *text, size_t who, size_t whom);
void history_init(struct history *h);
void history_copy(struct history *to, const struct history *from);
void history_add(struct history *h, const struct home *by); /* what it tries to say */
bool history_has(const struct history *h, uint64_t size, const struct ent_hash32 *root);
/* What a home says at this place now. What it said at another try, and was not signed for, was in
 * other words: two heads of one size would be a fork. */
size_t history_entry(char ret[static 80], const struct home *h, uint64_t place);
void points_add(struct points *p, size_t member, uint64_t size, const struct ent_hash32 *root);
/* What a commit that failed would have said has been said when its log is as long. */
void check_pending(struct home *h);
/* Bytes that leave an honest home: no head of its own in them may be of another history. */
void check_leaving(struct home *h, struct ent_slice bytes);
/* What an honest home knows. */
void check_home(struct home *h, bool all);
void check_told(struct home *h, const struct ent_misbehaviour *m);
void check_end(struct world *w);

/* --- ledger_lies.c --- */
void liar_act(struct home *h);
/* All that its cosigned heads show of those who cosigned them. */
void liar_accuses_witnesses(struct world *w, size_t liar);
/* Makes something else of entries that are brought. */
void liar_request(struct home *h, struct ent_buf *body, const char *path);
/* Makes something else of an answer; false: there is none. */
bool liar_answer(struct home *h, unsigned *status, struct ent_buf *answer, const char *path);

#endif
