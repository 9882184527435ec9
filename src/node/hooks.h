/*
 * hooks.h: telling a webhook what happened. The keeper has the queue and the secret: it writes each
 * event once, signs it, and keeps it until it was delivered. The sender has the network and neither
 * store nor secret: it asks for the next event, posts it as it is, and says how that ended.
 *
 *     POST url     Entente-Signature: t=<unix seconds>,v1=<hex HMAC-SHA256(secret, "t.body")>
 *     {"id": "...", "time": "...", "node": "...", "event": "sighting", "about": {...}}
 *
 * At least once: a crash between delivery and the word of it delivers again, under the same id. 2xx
 * is delivered, 410 is given up at once, all else is tried again with pauses that double, for a
 * day.
 *
 * A sender that was taken over reads what the operator chose to have told, and can withhold it, or
 * say that it was delivered. It can sign nothing, and reads nothing that is not due.
 */
#ifndef ENT_NODE_HOOKS_H
#define ENT_NODE_HOOKS_H

#include <stdatomic.h>

#include "net/net.h"
#include "node/counts.h"
#include "node/report.h"

/* Answers to NEXT: nothing, or 32 id, u8 length and header, body. DONE: 32 id, u16 status (0:
 * none). SAY: a record as in report.h. */
#define ENT_MSG_HOOK_NEXT (ENT_MSG_API + 64)
#define ENT_MSG_HOOK_DONE (ENT_MSG_API + 65)
#define ENT_MSG_HOOK_SAY  (ENT_MSG_API + 66)
#define ENT_HOOK_ROWS     6
extern const struct ent_msg_row ent_hook_rows[ENT_HOOK_ROWS];

#define ENT_HOOK_HEADER 128u /* bytes of one */
#define ENT_HOOK_ANSWER (32 + 1 + ENT_HOOK_HEADER + ENT_OUTBOX_BODY)

enum ent_hook_event {
    ENT_HOOK_SIGHTING, /* an indicator was seen in a log for the first time, or again after an hour
                          of silence */
    ENT_HOOK_EXPOSED,
    ENT_HOOK_SUSPECTED, /* or no more */
    ENT_HOOK_MATCH,
    ENT_HOOK_PACT,
    ENT_HOOK_RELEASE_WAITING /* for a second person */
};
#define ENT_HOOK_EVENTS 6
const char *ent_hook_event_word(enum ent_hook_event e); /* "sighting", ..., "release-waiting" */

/* --- the keeper's side --------------------------------------------------------------------------
 */

#define ENT_HOOK_SECRET_MIN 16u
#define ENT_HOOK_SECRET_MAX 512u
/* The first line of that file, of visible ASCII: ENT_E_FORMAT for another or a shorter one. Release
 * with ent_buf_wipe(). */
ENT_MUST_USE enum ent_err ent_hook_secret_read(struct ent_buf *ret, struct ent_diag *d,
                                               const char *path);

struct ent_hooks_opts {
    struct ent_store *store; /* all of this in the thread that has it */
    struct ent_slice secret; /* copied */
    const char *node;        /* the member's name; stays where it is */
    uint32_t events;         /* bits 1 << enum ent_hook_event */
    enum ent_tlp max_tlp;    /* of what is narrower it is only told that it was seen */
    struct ent_counts *counts;
    int64_t (*now)(void); /* NULL: ent_clock_now */
};

struct ent_hooks;
ENT_MUST_USE enum ent_err ent_hooks_new(struct ent_hooks **ret, const struct ent_hooks_opts *opts);
void ent_hooks_free(struct ent_hooks *h);
/* There is no webhook: nothing is noted for one. */
ENT_MUST_USE enum ent_err ent_hooks_none(struct ent_store *s);

/* Once a second: what was sighted since goes into the queue. */
ENT_MUST_USE enum ent_err ent_hooks_tick(struct ent_hooks *h);
/* What is said in the log is told too, if it is one of the events; a version of the pact once,
 * however often it is said. Others can make a node say things: what is more than a minute's worth
 * of an event is dropped, and counted so, or it would push out of the queue what matters. */
#define ENT_HOOK_A_MINUTE 60u
ENT_MUST_USE enum ent_err ent_hooks_say(struct ent_hooks *h, const struct ent_report *r);
/* An ent_service of struct ent_hooks. */
enum ent_err ent_hooks_serve(void *hooks, struct ent_msg *ret, struct ent_msg *call);

/* Somebody asks for a release that wants a second person: told where a node of this home has a
 * webhook for it. Part of the transaction. */
ENT_MUST_USE enum ent_err ent_hook_release_waiting(struct ent_store *s,
                                                   const struct ent_pending *p);

/* --- the askers' side ---------------------------------------------------------------------------
 */

struct ent_hook {
    char id[ENT_OUTBOX_ID]; /* "" when there is nothing to do */
    char header[ENT_HOOK_HEADER + 1];
    struct ent_buf body; /* with its maximum; cleared first */
};

/* Nothing of an answer is looked into but its form. */
ENT_MUST_USE enum ent_err ent_hook_next(struct ent_caller keeper, struct ent_hook *ret);
/* ENT_E_NOTFOUND when it is not in the queue any more. */
ENT_MUST_USE enum ent_err ent_hook_done(struct ent_caller keeper, const char *id, unsigned status);
/* For the ledger: a record that goes to the log goes here too. */
ENT_MUST_USE enum ent_err ent_hook_say(struct ent_caller keeper, const struct ent_report *r);

/* The same from a thread of its own, for those who cannot wait for a store. */
struct ent_hook_teller;
struct ent_hook_teller_opts {
    struct ent_caller keeper;
    uint32_t events; /* as in struct ent_hooks_opts: what it says nothing of is not sent */
    void *ctx;
    void (*lost)(void *ctx, enum ent_err why); /* one; from any thread */
};
#define ENT_HOOK_TELLER_MOST 256u /* records that wait */
ENT_MUST_USE enum ent_err ent_hook_teller_new(struct ent_hook_teller **ret,
                                              const struct ent_hook_teller_opts *opts);
/* What waits is told first. */
void ent_hook_teller_free(struct ent_hook_teller *t);
/* t may be NULL. */
void ent_hook_teller_say(struct ent_hook_teller *t, const struct ent_report *r);

/* What a record of the log is for a webhook; false: nothing. */
bool ent_hook_event_of(enum ent_hook_event *ret, struct ent_slice event);
ENT_MUST_USE enum ent_err ent_hook_parse(struct ent_hook *ret, struct ent_slice answer);

struct ent_hook_sender {
    struct ent_caller keeper;
    struct ent_fetch *fetch; /* of the webhook's server */
    const char *suffix;      /* what is posted to there */
    const atomic_bool *stop;
    unsigned pause_ms; /* between two looks when there is nothing; 0: 1000 */
};
/* Sends until it is to stop. An error when the keeper or the fetcher is there no more: no thread
 * can go on with either. */
ENT_MUST_USE enum ent_err ent_hook_run(const struct ent_hook_sender *s);

#endif
