/*
 * served.h: what goes out through TAXII, in the order in which it began to: a table beside the
 * claims and objects, so that any page of a million is one walk down an index.
 *
 * What a claim or an object may pass is worked out when it changes, by the rules of an export with
 * `--tlp` (ent_claim_may_pass()), and kept. What changes is in a queue from the same transaction
 * on, and nothing that is in the queue is given out. It is looked at again by ent_store_serve(), or
 * by the first reader in whose way it lies, and gets a later date if it still may pass. So whoever
 * reads page by page, and whoever asks for what was added after the last thing seen, misses
 * nothing.
 */
#ifndef ENT_STORE_SERVED_H
#define ENT_STORE_SERVED_H

#include "intel/intel.h"

struct ent_store;

/* Who serves: as ent_out_publisher_id() has it, and the name under which others know this member.
 */
struct ent_served_self {
    struct ent_uuid16 uuid;
    struct ent_slice author;
};

/*
 * Go on with what was touched: at most about `most` rows, in one transaction; *ret_left says
 * whether there is more to do. now in microseconds. Sources that are not judged wait, see
 * node/release.h. The first call prepares the store: imports pay for it from then on.
 */
ENT_MUST_USE enum ent_err ent_store_serve(struct ent_store *s, const struct ent_served_self *self,
                                          int64_t now, unsigned most, bool *ret_left);

enum ent_served_kind {
    ENT_SERVED_CLAIM = 1, /* written by ent_out_indicator() */
    ENT_SERVED_OBJECT,    /* as it came */
    ENT_SERVED_SELF,      /* ent_out_publisher_object() */
    ENT_SERVED_MARKING    /* ent_out_marking_object() */
};

/* One of them. Slices are valid during the call. */
struct ent_served {
    enum ent_served_kind kind;
    int64_t added; /* microseconds; no two rows have the same */
    bool first, last, is_20;
    struct ent_slice id;      /* an object's; of the others see uuid and tlp */
    struct ent_slice version; /* an object's, as ent_stix_version() has it; or empty */
    struct ent_slice created; /* an object's without a version; or empty */
    struct ent_slice bytes;   /* an object's */
    enum ent_tlp tlp;         /* a claim's or marking's */
    /* ---- of a claim */
    struct ent_uuid16 uuid;
    int64_t modified; /* milliseconds */
    struct ent_observable obs;
    int confidence;
    int64_t valid_from, valid_until, first_import;
    bool own;
    struct ent_slice source, ext_id, kind_word, text, labels;
};

struct ent_served_ask {
    enum ent_tlp door;        /* CLEAR to AMBER+STRICT */
    struct ent_slice account; /* not empty: all that ent_store_post() took from it instead */
    int64_t after;            /* only what was added later, in microseconds */
    int64_t now;              /* seconds */
    struct ent_slice type;    /* only of this type of STIX; empty: of all */
    const struct ent_slice *ids;
    size_t n_ids;  /* only these; 0: all */
    unsigned most; /* rows that are looked at */
    /* Who serves, and what judges a source now, in a transaction of its own: for what lies in the
     * way and has changed. self NULL: that is passed over until ent_store_serve() has come to it.
     */
    const struct ent_served_self *self;
    enum ent_err (*judge)(struct ent_store *s, struct ent_slice source);
};

/*
 * In the order of added. each sets *stop to end the walk behind this row. *ret_at is how far it
 * came: a later walk goes on after it; *ret_more: `most` rows were looked at, or each said stop,
 * and there may be more. Not within a transaction. ENT_E_TIMEOUT: others write without a pause.
 * What a source says that is unjudged, and was not held before, goes on as it was.
 */
ENT_MUST_USE enum ent_err ent_store_served(struct ent_store *s, const struct ent_served_ask *ask,
                                           enum ent_err (*each)(void *ctx,
                                                                const struct ent_served *x,
                                                                bool *stop),
                                           void *ctx, int64_t *ret_at, bool *ret_more);

/* --- what comes through TAXII -------------------------------------------------------------------
 */

/* Inside a transaction: this version of an object, which its source has just given, is one that
 * came so; ENT_E_NOTFOUND when it does not count. now in microseconds. */
ENT_MUST_USE enum ent_err ent_store_post(struct ent_store *s, struct ent_slice source,
                                         struct ent_slice id, struct ent_slice version,
                                         int64_t now);
/* Inside a transaction: its source takes it back, until it gives it again; with the latest version
 * what the source claims under this id. */
ENT_MUST_USE enum ent_err ent_store_unpost(struct ent_store *s, struct ent_slice source,
                                           struct ent_slice id, struct ent_slice version,
                                           bool latest);

struct ent_status_id {
    uint8_t b[16];
};
/* What was answered; only its account finds it. ENT_E_NOTFOUND. */
ENT_MUST_USE enum ent_err ent_store_status(struct ent_store *s, struct ent_buf *ret,
                                           const struct ent_status_id *id,
                                           struct ent_slice account);
/* Inside a transaction. ENT_E_LIMIT where the account has ENT_STATUS_MOST that are younger than two
 * days; older ones go. now in seconds. */
#define ENT_STATUS_MOST 10000
#define ENT_STATUS_KEPT 172800 /* seconds; the standard says 24 hours at least */
ENT_MUST_USE enum ent_err ent_store_status_put(struct ent_store *s, const struct ent_status_id *id,
                                               struct ent_slice account, struct ent_slice body,
                                               int64_t now);

/* A secret of this store alone, made when it is asked for first. */
struct ent_served_key32 {
    uint8_t b[32];
};
ENT_MUST_USE enum ent_err ent_store_served_key(struct ent_store *s, struct ent_served_key32 *ret);

#endif
