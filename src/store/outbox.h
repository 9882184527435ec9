/*
 * outbox.h: what is to be told to others' programs, until it was: a queue of bounded length, oldest
 * first, that survives a crash at any instruction. Who takes something tells when it was delivered,
 * and only then is it gone: it may be delivered twice, under the same id, and never not at all.
 *
 * And what was sighted since: triggers note it in the transaction of whoever counts it, so that
 * nothing that another process writes is missed.
 */
#ifndef ENT_STORE_OUTBOX_H
#define ENT_STORE_OUTBOX_H

#include "intel/intel.h"

struct ent_store;

#define ENT_OUTBOX_MAX  10000u /* what waits at most */
#define ENT_OUTBOX_ID   33u    /* 32 hexadecimal digits and NUL */
#define ENT_OUTBOX_BODY 32768u
#define ENT_SIGHTED_GAP 3600 /* seconds without a hit, after which one is new again */

struct ent_outgoing {
    char id[ENT_OUTBOX_ID];
    int64_t created;
    unsigned tries;
};

/* A random one. */
void ent_outbox_id(char ret[static ENT_OUTBOX_ID]);

/* Behind all others, due now. *ret_dropped: how many of the oldest had to go for it. Takes part in
 * a transaction where there is one; else it is one. */
ENT_MUST_USE enum ent_err ent_outbox_put(struct ent_store *s, uint64_t *ret_dropped, const char *id,
                                         struct ent_slice body, int64_t now);
/* The first that is due, which stays; body gets what is to be said. ENT_E_NOTFOUND. */
ENT_MUST_USE enum ent_err ent_outbox_next(struct ent_store *s, struct ent_outgoing *ret,
                                          struct ent_buf *body, int64_t now);
/* It is gone; ENT_E_NOTFOUND when it was. */
ENT_MUST_USE enum ent_err ent_outbox_done(struct ent_store *s, const char *id);
/* It was tried in vain, and is due then. */
ENT_MUST_USE enum ent_err ent_outbox_later(struct ent_store *s, const char *id, int64_t due);
ENT_MUST_USE enum ent_err ent_outbox_one(struct ent_store *s, struct ent_outgoing *ret,
                                         const char *id);
ENT_MUST_USE enum ent_err ent_outbox_count(struct ent_store *s, uint64_t *ret);

/* Whether it is noted what was sighted: at first it is not. Off forgets what is noted. */
ENT_MUST_USE enum ent_err ent_store_note_sighted(struct ent_store *s, bool on);

struct ent_sighted {
    uint64_t id, log;
    enum ent_obs_type type;
    struct ent_slice value, path;
    int64_t first, last;
    uint64_t count;
    enum ent_tlp tlp; /* the narrowest that any claim has, or RED without one */
};
/* At most so many, that were seen in a log for the first time, or again after ENT_SIGHTED_GAP; each
 * until ent_store_sighted_told(). Slices are valid during the call. */
ENT_MUST_USE enum ent_err ent_store_each_sighted(struct ent_store *s, unsigned most,
                                                 enum ent_err (*each)(void *ctx,
                                                                      const struct ent_sighted *g),
                                                 void *ctx);
ENT_MUST_USE enum ent_err ent_store_sighted_told(struct ent_store *s, uint64_t id, uint64_t log);

#endif
