/*
 * asks.h: matches that people start in the browser: the ledger's side of them. Each is a thread
 * that speaks for this member (ask.h), calls out through the front, and has a match process for
 * what is secret or comes from the partner inside the run (seeker.h). A few at a time, so that
 * partners find a match process too.
 *
 * The record of a run that came to its end lies where that of `entente match` lies. How those that
 * were started stand is known here alone: when the ledger begins anew they are forgotten, and what
 * they were charged stays charged.
 */
#ifndef ENT_NODE_ASKS_H
#define ENT_NODE_ASKS_H

#include "node/ask.h"
#include "node/runners.h"
#include "node/seeker.h"

#define ENT_ASKS_KEPT  16u                       /* under way, and over; the oldest makes room */
#define ENT_ASKS_ITEMS ((size_t)32 << 20)        /* bytes of the items of one */
#define ENT_ASKS_ID    ((UINT64_C(1) << 53) - 1) /* what a browser counts exactly */

enum ent_ask_state { ENT_ASK_RUNNING, ENT_ASK_DONE, ENT_ASK_FAILED };

struct ent_ask_event {
    enum ent_ask_state state; /* RUNNING: it began */
    const char *partner;
    uint64_t asked;
    const char *run; /* or "" */
    enum ent_err err;
    const char *why; /* a literal, when it failed */
};

struct ent_asks_opts {
    struct ent_book *book;
    struct ent_caller desk, front; /* whose calls have an end */
    struct ent_runners *runners;
    void *ctx;
    void (*event)(void *ctx, const struct ent_ask_event *e); /* from any thread; or NULL */
};

struct ent_asks;
ENT_MUST_USE enum ent_err ent_asks_new(struct ent_asks **ret, const struct ent_asks_opts *opts);
/* Gives up what is under way, and waits for it. */
void ent_asks_free(struct ent_asks *a);
/* Nothing more is started. */
void ent_asks_drain(struct ent_asks *a);
unsigned ent_asks_running(struct ent_asks *a);

/* --- one of them --------------------------------------------------------------------------------
 */

struct ent_ask_wish {
    const char *partner;
    const char *by;         /* an account */
    uint32_t types;         /* as the offer says */
    bool pad;               /* hide how much behind the next power of two */
    uint64_t n;             /* items */
    struct ent_slice items; /* as ent_seek_put() has them; copied */
};

/* What it costs of the budget. */
uint64_t ent_asks_cost(uint64_t items, bool pad);

struct ent_ask_left {
    uint64_t budget, spent; /* of this period */
};
/* Whether a partner would be asked about so much now. ENT_E_NOTFOUND: it is none, ENT_E_POLICY,
 * ENT_E_STATE: as many as can be are under way; *d says which. ret is written in any case but an
 * error of the system. */
ENT_MUST_USE enum ent_err ent_asks_may(struct ent_asks *a, struct ent_ask_left *ret,
                                       struct ent_diag *d, const char *partner, uint64_t items,
                                       int64_t now);
/* The same errors; ENT_E_FORMAT for items that are none. */
ENT_MUST_USE enum ent_err ent_asks_start(struct ent_asks *a, uint64_t *ret_id, struct ent_diag *d,
                                         const struct ent_ask_wish *w, int64_t now);
/* It ends at the next message. ENT_E_NOTFOUND: nothing of this number is under way. */
ENT_MUST_USE enum ent_err ent_asks_stop(struct ent_asks *a, uint64_t id);

/* How it stands. Pointers are good inside the callback. */
struct ent_ask_seen {
    uint64_t id;
    const char *partner, *by;
    enum ent_ask_state state;
    bool stopping;
    uint64_t items, cost;
    enum ent_ask_phase phase;
    uint64_t done, all;
    int64_t began, ended;
    const char *why;              /* FAILED */
    struct ent_ask_report report; /* of DONE, and as far as there is one */
    struct ent_slice said;        /* DONE: see ent_seek_said_each() */
};
/* The newest first. */
ENT_MUST_USE enum ent_err ent_asks_each(
    struct ent_asks *a, enum ent_err (*each)(void *ctx, const struct ent_ask_seen *s), void *ctx);
/* Whom it asks; ENT_E_NOTFOUND. */
ENT_MUST_USE enum ent_err ent_asks_partner(struct ent_asks *a, char ret[static ENT_NAME_MAX + 1],
                                           uint64_t id);

#endif
