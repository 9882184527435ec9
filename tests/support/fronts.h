/*
 * fronts.h: a front between real sockets and a ledger's process that is a thread of the test, asked
 * by plain calls or over a real channel. What that ledger answers is said in front_seen.
 */
#ifndef ENT_TESTS_SUPPORT_FRONTS_H
#define ENT_TESTS_SUPPORT_FRONTS_H

#include "tests/support/netpeers.h"

#include "node/node.h"

#include <pthread.h>

#define RUN       "/peer/v1/match/00112233445566778899aabbccddeeff"
#define FRONT_OLD 3600000u /* a call's milliseconds: for ever */

enum ledger_does {
    LEDGER_ECHOES, /* status, type and body of `answer`, or the request's body if that is empty */
    LEDGER_IS_AWAY,
    LEDGER_REFUSES,
    LEDGER_ANSWERS_NONSENSE, /* bytes that are no answer */
    LEDGER_ANSWERS_NOTHING,
    LEDGER_ANSWERS_TOO_MUCH,
    LEDGER_HOLDS /* until hold is false */
};

struct front_seen {
    atomic_int does;
    atomic_uint asked, holding;
    atomic_bool hold;
    struct ent_peer_answer answer;
    pthread_mutex_t lock; /* for what came last */
    struct ent_spki peer;
    char method[8], path[ENT_PEER_PATH_MAX + 1];
    size_t body_n;
};
extern struct front_seen front_seen;

/* Its service: for channels, and for processes. */
enum ent_err front_ledger(void *ctx, struct ent_msg *ret, struct ent_msg *call);

struct front_world {
    bool channel;
    unsigned ms; /* of a call of the front's; read when it begins */
    struct ent_front *front;
    struct ent_direct to_ledger, to_front;
    struct ent_channel *at_front, *at_ledger;
    int ledger_fd; /* another descriptor of the ledger's end */
    struct ent_caller by_front, by_ledger;
};

/* A front with bob's key, which listens; in it nobody is allowed. more: limits,
 * and another ledger; or NULL. */
void front_begin(struct front_world *w, bool channel, const struct ent_front_opts *more);
void front_end(struct front_world *w);
/* As if the ledger's process had died. */
void front_kill_ledger(struct front_world *w);

/* The list of these, up to NULL; returns when it counts. */
void front_allow(struct front_world *w, const struct identity *const *who);
#define front_allow_only(w, ...)                                                                   \
    front_allow((w), (const struct identity *const[]){__VA_ARGS__, NULL})

/* The protocol between the two, for channels. */
extern const struct ent_protocol front_protocol;
struct ent_channel *front_channel(int fd, bool is_front, void *ctx);
/* As of an integrator: a call over a channel, with an end. */
struct front_link {
    struct ent_channel **channel;
    const unsigned *ms;
};
enum ent_err front_call(void *link, struct ent_msg *ret, uint16_t type, struct ent_slice payload);

#endif
