/*
 * store: what a member knows, kept. One row for each observable, under it any number of claims by
 * sources; budgets; small facts. SQLite, and the only folder that knows it.
 *
 * Promises: what was committed survives a crash at any instruction; an import is there whole or not
 * at all; memory does not depend on how much is kept.
 * Never: decides what may be shared (its caller passes the TLP limit, and judges sources), or
 * prints.
 */
#ifndef ENT_STORE_STORE_H
#define ENT_STORE_STORE_H

#include "intel/intel.h"
#include "watch/watch.h"

#include "store/user.h"

/* One connection, one thread at a time. Several processes may open the same file. */
struct ent_store;

/* Opens, or creates with mode 0600. ENT_E_UNSUPPORTED for a file of a newer version, ENT_E_FORMAT
 * for one that is not a store. path ":memory:" for tests. */
ENT_MUST_USE enum ent_err ent_store_open(struct ent_store **ret, struct ent_diag *d,
                                         const char *path);
void ent_store_close(struct ent_store *s);

/* A sentence for the last failure, for people. */
const char *ent_store_error(const struct ent_store *s);

/* --- transactions -------------------------------------------------------------------------------
 */

ENT_MUST_USE enum ent_err ent_store_begin(struct ent_store *s);
ENT_MUST_USE enum ent_err ent_store_commit(struct ent_store *s);
void ent_store_rollback(struct ent_store *s); /* fine without a transaction */

/* This process writes many rows: a page cache of 96 MiB instead of 32. Only a hint. */
void ent_store_bulk(struct ent_store *s);

/* --- indicators ---------------------------------------------------------------------------------
 */

enum ent_put {
    ENT_PUT_NEW,   /* the observable was not known */
    ENT_PUT_CLAIM, /* known, but not from this source (or not under this id) */
    ENT_PUT_SAME   /* this source said so before; its row was renewed */
};

/* The source of what this member says itself, by ent_store_edit(). No feed may speak as it: under
 * this name nothing is put and nothing revoked (ENT_E_POLICY). */
#define ENT_STORE_OWN "@own"

/* Inside a transaction. source names where it came from ("JAR-16-20296A.csv"). */
ENT_MUST_USE enum ent_err ent_store_put(struct ent_store *s, enum ent_put *ret,
                                        const struct ent_indicator *ind, struct ent_slice source,
                                        int64_t now);

/* Inside a transaction: this source takes back what it said under this id, before or later. */
ENT_MUST_USE enum ent_err ent_store_revoke(struct ent_store *s, struct ent_slice source,
                                           struct ent_slice ext_id);

/* Claims that were taken back pass no filter. */
struct ent_known_filter {
    uint32_t types; /* ENT_OBS_BIT()s; 0 means all */
    /* A door to others: only claims at most this narrow, and only by sources that are not held, see
     * ent_claim_may_pass(). 0 is no door: for this member itself. */
    enum ent_tlp max_tlp;
    int64_t at;              /* only claims valid at this time; 0 means at any */
    int min_confidence;      /* only claims at least this sure; 0 means all, also those without */
    int64_t since;           /* only claims that first came then or later; 0 means all */
    int64_t renewed;         /* only claims that came again then or later; 0 means all */
    struct ent_slice source; /* only claims by this one; empty means all */
    bool every;              /* each claim, not the best on each observable; these are counted */
    bool by_source;          /* see ent_store_each() */
    struct ent_slice tag;    /* only claims with this label, or on what has this tag; empty: all */
    /* NULL, or where those are counted of whose claims the door let none pass: all were too narrow;
     * not all were, but the others are by sources that are held. */
    uint64_t *narrower, *unreleased;
};

/*
 * One observable with the best of its claims: this member's own, then the highest confidence, then
 * the newest. Slices are valid during the call. An own claim that is marked narrower than max_tlp
 * holds the observable back, whatever others say of it, and also where the filter does not ask for
 * that claim or it has expired.
 */
struct ent_known {
    uint64_t id;
    struct ent_observable obs;
    enum ent_tlp tlp;
    int confidence;
    uint64_t context; /* a number for (kind, text): equal numbers, equal texts */
    struct ent_slice kind, text, source;
    struct ent_slice ext_id;           /* as received; empty when there is none */
    struct ent_slice labels;           /* as in an indicator */
    bool own;                          /* said by this member itself */
    int64_t valid_from, valid_until;   /* of that claim; 0 when not said */
    int64_t first_import, last_import; /* of that claim */
    unsigned claims;                   /* how many claims pass the filter */
};

/*
 * In the order in which observables first came. A callback's error ends the walk. by_source: not
 * the best of all claims, but of those that one source made under one marking and first on one day
 * (UTC); ordered by source, marking, day, and then as above. So an observable comes once for each.
 */
ENT_MUST_USE enum ent_err ent_store_each(struct ent_store *s, const struct ent_known_filter *f,
                                         enum ent_err (*each)(void *ctx, const struct ent_known *k),
                                         void *ctx);

/* The one with this id, if a claim is valid at this time (0: at any); ENT_E_NOTFOUND. Its slices
 * are valid until the next call on s. */
ENT_MUST_USE enum ent_err ent_store_get(struct ent_store *s, struct ent_known *ret, uint64_t id,
                                        int64_t at);

/*
 * Many questions in a row are faster on one view of the store than each on its own. The view does
 * not change; ent_store_rest() ends it (outside of transactions only), and what ent_store_get()
 * and ent_store_object() hold open with it. Meanwhile SQLite cannot clear its log of what other
 * processes wrote: who waits rests first.
 */
ENT_MUST_USE enum ent_err ent_store_view(struct ent_store *s);
void ent_store_rest(struct ent_store *s);

/* Observables that a claim makes an indicator at this time or later, each once, by ascending id. */
ENT_MUST_USE enum ent_err ent_store_compile(struct ent_store *s, int64_t at,
                                            enum ent_err (*each)(void *ctx, uint64_t id,
                                                                 const struct ent_observable *o),
                                            void *ctx);

/* A random number that is another one after each transaction that put indicators; zero before the
 * first. Equal marks, equal indicators: also of a store and the backup that it was restored from,
 * which a counter could not tell apart. */
struct ent_mark16 {
    uint8_t b[16];
};
ENT_MUST_USE enum ent_err ent_store_mark(struct ent_store *s, struct ent_mark16 *ret);

/* Observables by type (index is enum ent_obs_type), and all claims. */
ENT_MUST_USE enum ent_err ent_store_count(struct ent_store *s, uint64_t ret[static ENT_OBS_TYPES],
                                          uint64_t *ret_claims);

/* --- objects of STIX ----------------------------------------------------------------------------
 */

/*
 * Each source's objects are its own: no source can change, take back or hide what another one gave.
 * Of the versions that a source gave of an object the latest counts, until it is revoked, which is
 * final. All are kept.
 */
enum ent_object_put {
    ENT_OBJECT_NEW,      /* not known from this source */
    ENT_OBJECT_SAME,     /* known, and it is the one that counts */
    ENT_OBJECT_NEWER,    /* it takes the place of the one that counted */
    ENT_OBJECT_OLDER,    /* a later version counts */
    ENT_OBJECT_FINAL,    /* it was revoked; what comes afterwards does not count */
    ENT_OBJECT_CONFLICT, /* this source said something else under this id and version before:
                            equivocation; both are kept, under the narrower marking of the two */
    ENT_OBJECT_FOREIGN   /* a new version, or a revocation, by another than its creator */
};

/* Inside a transaction. What the version before said and this one does not, unless it is a
 * revocation, its source says no longer. *ret_elsewhere: another source said something else under
 * this id and version; both count. The gist is believed. */
ENT_MUST_USE enum ent_err ent_store_object_put(struct ent_store *s, enum ent_object_put *ret,
                                               bool *ret_elsewhere, const struct ent_stix_object *o,
                                               struct ent_slice source, int64_t now);

/* What stands behind an object's id in the store. */
enum ent_object_state {
    ENT_OBJECT_COUNTS = 0,
    ENT_OBJECT_DISPUTED = 1, /* it counts, and another source gave another one */
    ENT_OBJECT_EQUIVOCAL = 2,
    ENT_OBJECT_NOT_ITS_OWN = 3,
    ENT_OBJECT_TOO_LATE = 4 /* after its revocation */
};

struct ent_kept {
    uint64_t seq; /* in the order in which they came */
    struct ent_slice id, version, source, bytes;
    struct ent_slice gist; /* as ent_stix_gist_encode() has it; empty: see ent_store_ungisted() */
    enum ent_tlp tlp;
    enum ent_object_state state;
    bool revoked, taken;
    bool held; /* what its source says, see ent_source_state */
    int64_t imported;
};

struct ent_object_filter {
    struct ent_slice type;   /* empty means all */
    struct ent_slice source; /* empty means all */
    enum ent_tlp max_tlp;    /* a door, as of struct ent_known_filter; 0 is none */
    bool own;                /* for this member itself: max_tlp is a limit and no door */
    int64_t since;           /* imported then or later */
    bool plain;              /* only those that nothing was taken out of */
    /* NULL, or where those are counted that the door held back: too narrow; not that, but of a
     * source that is held. */
    uint64_t *narrower, *unreleased;
};

/* Those that count, in the order in which they came; of what several sources gave, one. Slices are
 * valid during the call. */
ENT_MUST_USE enum ent_err ent_store_objects(struct ent_store *s, const struct ent_object_filter *f,
                                            enum ent_err (*each)(void *ctx,
                                                                 const struct ent_kept *k),
                                            void *ctx);

/* All versions of one, by all sources, the latest first. */
ENT_MUST_USE enum ent_err ent_store_object_versions(struct ent_store *s, struct ent_slice id,
                                                    enum ent_err (*each)(void *ctx,
                                                                         const struct ent_kept *k),
                                                    void *ctx);

/* The one that counts, of this source, or if it is empty, of the first that gave one;
 * ENT_E_NOTFOUND. Its slices are valid until the next call on s that asks for an object. */
ENT_MUST_USE enum ent_err ent_store_object(struct ent_store *s, struct ent_kept *ret,
                                           struct ent_slice source, struct ent_slice id);

/* Those that count and point to this id, in the order in which they came. */
ENT_MUST_USE enum ent_err ent_store_pointing(struct ent_store *s, struct ent_slice id,
                                             enum ent_err (*each)(void *ctx,
                                                                  const struct ent_kept *k),
                                             void *ctx);

/* Some of the objects that were kept before there were gists: to be read again by who may read
 * foreign bytes. Slices are valid during the call. */
ENT_MUST_USE enum ent_err ent_store_ungisted(struct ent_store *s, unsigned most,
                                             enum ent_err (*each)(void *ctx, uint64_t seq,
                                                                  struct ent_slice bytes),
                                             void *ctx);
/* Inside a transaction: of one that has none. */
ENT_MUST_USE enum ent_err ent_store_object_gist(struct ent_store *s, uint64_t seq,
                                                const struct ent_stix_gist *g);

/* How many objects are kept, versions counted, and of these the ones in a state other than
 * ENT_OBJECT_COUNTS. */
ENT_MUST_USE enum ent_err ent_store_count_objects(struct ent_store *s, uint64_t *ret,
                                                  uint64_t *ret_odd);

/* --- what is known of something -----------------------------------------------------------------
 */

/* What one source says of one observable, as it said it, and what was decided here about that. */
struct ent_claim {
    uint64_t id; /* of the observable, as ent_known has it */
    struct ent_observable obs;
    enum ent_tlp tlp;
    int confidence;                  /* -1 when not said */
    int64_t valid_from, valid_until; /* by the author; 0 when not said */
    int64_t first_import, last_import;
    uint64_t context;
    struct ent_slice source, ext_id, kind, text, labels;
    bool own;       /* said by this member itself */
    bool withdrawn; /* by its source */
    bool decided;   /* ended here, at: */
    int64_t until;  /* 0: it never counted */
};

/* Whether it counts, and if not, why. */
enum ent_claim_state {
    ENT_CLAIM_VALID,
    ENT_CLAIM_FUTURE,    /* not valid yet */
    ENT_CLAIM_EXPIRED,   /* by what its author wrote */
    ENT_CLAIM_ENDED,     /* by ent_store_decide() */
    ENT_CLAIM_REVOKED,   /* the same, from its beginning */
    ENT_CLAIM_WITHDRAWN, /* by its source */
};
enum ent_claim_state ent_claim_state(const struct ent_claim *c, int64_t at);

struct ent_claim_filter {
    uint32_t types;               /* ENT_OBS_BIT()s; 0 means all */
    enum ent_tlp max_tlp;         /* at most this narrow; 0 means all. Not a door */
    int min_confidence;           /* 0 means any, also none */
    int64_t since;                /* first imported then or later */
    struct ent_slice source, tag; /* empty means any; a tag of ours, or a label of the claim */
    uint64_t from, before;        /* ids of observables: from this one on, before that; 0: no end */
};

/* Claims, those on the newest observable first; without sorting, so that the first come at once.
 * Slices are valid during the call. */
ENT_MUST_USE enum ent_err ent_store_claims(struct ent_store *s, const struct ent_claim_filter *f,
                                           enum ent_err (*each)(void *ctx,
                                                                const struct ent_claim *c),
                                           void *ctx);

/* All claims on one observable: our own, then the most confident first. */
ENT_MUST_USE enum ent_err ent_store_claims_of(struct ent_store *s, uint64_t id,
                                              enum ent_err (*each)(void *ctx,
                                                                   const struct ent_claim *c),
                                              void *ctx);

/* Whether another source than this one, and not this member itself, claims something about it. */
ENT_MUST_USE enum ent_err ent_store_is_shared(struct ent_store *s, bool *ret, uint64_t id,
                                              struct ent_slice source);

/* The id of an observable; ENT_E_NOTFOUND. */
ENT_MUST_USE enum ent_err ent_store_find(struct ent_store *s, uint64_t *ret,
                                         const struct ent_observable *o);

/* What is known in this network, or at and below this name (URLs and e-mail addresses there too),
 * by place. ENT_E_FORMAT for an observable that is neither. */
ENT_MUST_USE enum ent_err ent_store_inside(struct ent_store *s, const struct ent_observable *o,
                                           enum ent_err (*each)(void *ctx, uint64_t id,
                                                                const struct ent_observable *o),
                                           void *ctx);

/* What is known of this type whose text begins so, by text. */
ENT_MUST_USE enum ent_err ent_store_starting(
    struct ent_store *s, enum ent_obs_type type, struct ent_slice start,
    enum ent_err (*each)(void *ctx, uint64_t id, const struct ent_observable *o), void *ctx);

/* What is known around it: networks, names above, its host, beginnings of its URL; the closest
 * first, and not the observable itself. */
ENT_MUST_USE enum ent_err ent_store_around(struct ent_store *s, const struct ent_observable *o,
                                           enum ent_err (*each)(void *ctx, uint64_t id,
                                                                const struct ent_observable *o),
                                           void *ctx);

/* By name; expired by what the author wrote. */
struct ent_source_stats {
    struct ent_slice name;
    uint64_t tlp[ENT_TLP_RED + 1]; /* index is enum ent_tlp */
    uint64_t claims, expired, withdrawn, decided;
    int64_t first_import, last_import;
};
ENT_MUST_USE enum ent_err ent_store_stats_by_source(
    struct ent_store *s, int64_t at,
    enum ent_err (*each)(void *ctx, const struct ent_source_stats *x), void *ctx);

struct ent_store_sums {
    uint64_t sighted, sightings; /* observables that were seen, and how often */
    uint64_t tagged;             /* observables */
    uint64_t bytes;              /* of the file */
};
/* Claims by type and marking, those that no longer count too. Reads all of them. */
ENT_MUST_USE enum ent_err ent_store_count_claims(
    struct ent_store *s, uint64_t ret[static ENT_OBS_TYPES][ENT_TLP_RED + 1]);

ENT_MUST_USE enum ent_err ent_store_sums(struct ent_store *s, struct ent_store_sums *ret);

/* --- what is decided here -----------------------------------------------------------------------
 */

/*
 * Inside a transaction. What this source (empty: each source that speaks of it now) claims about
 * the observable counts until then, and with until 0 never did. A source that repeats itself
 * changes nothing; a source that speaks of it for the first time counts. A later decision takes the
 * place of an earlier one. ENT_E_NOTFOUND when there is no such claim.
 */
ENT_MUST_USE enum ent_err ent_store_decide(struct ent_store *s, uint64_t id,
                                           struct ent_slice source, int64_t until, int64_t now);

/* Inside a transaction: as if it had never been decided. ENT_E_NOTFOUND when it was not. */
ENT_MUST_USE enum ent_err ent_store_undecide(struct ent_store *s, uint64_t id,
                                             struct ent_slice source);

/*
 * What this member says itself about an observable: one claim of its own, which speaks for the
 * observable in place of all others. Theirs stay as they are, and count as before.
 */
enum ent_edit_part {
    ENT_EDIT_TLP = 1,
    ENT_EDIT_CONFIDENCE = 2,
    ENT_EDIT_FROM = 4,
    ENT_EDIT_UNTIL = 8,
    ENT_EDIT_KIND = 16,
    ENT_EDIT_TEXT = 32,
    ENT_EDIT_LABELS = 64,
};

/* The claim that speaks for an observable; words holds what its slices point at. */
struct ent_spoken {
    struct ent_claim claim;
    struct ent_buf words;
    bool found;
};
/* Our own claim; else the best of those that count at that time; else the best of those that nobody
 * took back. Only claims that may pass the door (0: all). On an ent_spoken of {0}, or one that
 * was used before. */
ENT_MUST_USE enum ent_err ent_store_spoken(struct ent_store *s, struct ent_spoken *ret, uint64_t id,
                                           enum ent_tlp door, int64_t at);
void ent_spoken_release(struct ent_spoken *k);

/*
 * Inside a transaction. parts are the ENT_EDIT_s that ind says; of ind nothing else is read. The
 * others are taken over from what ent_store_spoken() finds through a door for the new marking, so
 * that nobody's words get a wider one. ENT_E_FORMAT for words that are not UTF-8, not visible or
 * too long, or for labels that are no set.
 */
ENT_MUST_USE enum ent_err ent_store_edit(struct ent_store *s, uint64_t id, unsigned parts,
                                         const struct ent_indicator *ind, int64_t now);

/* Inside a transaction: the own claim goes, and what was decided about it. ENT_E_NOTFOUND. */
ENT_MUST_USE enum ent_err ent_store_unedit(struct ent_store *s, uint64_t id);

/* Words of this member's own on an observable: UTF-8, nothing invisible, no blanks around it.
 * ENT_E_FORMAT for another text; twice is fine. */
#define ENT_TAG_MAX 255
ENT_MUST_USE enum ent_err ent_store_tag(struct ent_store *s, uint64_t id, struct ent_slice tag,
                                        int64_t now);
/* ENT_E_NOTFOUND */
ENT_MUST_USE enum ent_err ent_store_untag(struct ent_store *s, uint64_t id, struct ent_slice tag);
/* By name. */
ENT_MUST_USE enum ent_err ent_store_tags(struct ent_store *s, uint64_t id,
                                         enum ent_err (*each)(void *ctx, struct ent_slice tag),
                                         void *ctx);

/* --- what goes to others ------------------------------------------------------------------------
 */

/* What may be odd about all that a source says, in claims. Whether it is held for that is decided
 * above, see node/release.h. */
enum ent_odd {
    ENT_ODD_WARNED,
    ENT_ODD_SAME,
    ENT_ODD_WIDE,
    ENT_ODD_SUFFIX,
    ENT_ODD_NOT_PUBLIC,
    ENT_ODD_STALE,
    ENT_ODDS
};

struct ent_odds {
    uint64_t claims, n[ENT_ODDS];
};

/*
 * A source is held until it is judged, and again from when anything changed that it was judged by:
 * it says something or takes it back, something is decided here about its claims, a warning list
 * comes or goes. So a caller that forgets to judge lets nothing out.
 */
struct ent_source_state {
    struct ent_slice name;
    bool judged;          /* since the last change */
    bool held;            /* also when it is not judged */
    struct ent_odds odds; /* when it was judged last */
    bool released;        /* by a person: */
    struct ent_slice by, reason;
    int64_t at;
    struct ent_odds then; /* what was odd about it at that time */
};

/* By name; of this one only if it is not empty. Slices are valid during the call. */
ENT_MUST_USE enum ent_err ent_store_source_states(
    struct ent_store *s, struct ent_slice only,
    enum ent_err (*each)(void *ctx, const struct ent_source_state *x), void *ctx);

/* The name of any source that is not judged; ENT_E_NOTFOUND when there is none. One without a name
 * is held for ever: nobody could speak of it. */
ENT_MUST_USE enum ent_err ent_store_unjudged(struct ent_store *s, struct ent_buf *ret);

/* All inside a transaction. ENT_E_NOTFOUND for a source that never said anything, and for one that
 * nobody released. */
ENT_MUST_USE enum ent_err ent_store_judge(struct ent_store *s, struct ent_slice source,
                                          const struct ent_odds *odds, bool held);
/* Both words UTF-8, all of it visible, no blanks around it, at most this long; else ENT_E_FORMAT. A
 * later release takes the place of an earlier one. Does not judge. */
#define ENT_RELEASE_TEXT_MAX 1000
ENT_MUST_USE enum ent_err ent_store_release(struct ent_store *s, struct ent_slice source,
                                            struct ent_slice by, struct ent_slice reason,
                                            int64_t now, const struct ent_odds *odds);
ENT_MUST_USE enum ent_err ent_store_unrelease(struct ent_store *s, struct ent_slice source);

/* --- sightings ----------------------------------------------------------------------------------
 */

/*
 * Indicators that were seen here: each with the log it was seen in, when first and last, how often,
 * and where last. They are collected in memory, at most max pairs of indicator and log (0: 65536),
 * and written in one transaction; when there are more, they are written in between.
 *
 * A log that is scanned again is not counted again. It is known by its first 4 KiB wherever it lies
 * now, a shorter one by its path and what there was of it; and of each indicator nothing counts
 * that stands before the place where it was seen last. What is new in the log counts, and so does
 * an indicator that was not known when the log was scanned. Two processes that read the same part
 * of the same log at the same time both count it.
 */
struct ent_sightings;
ENT_MUST_USE enum ent_err ent_sightings_new(struct ent_sightings **ret, struct ent_store *s,
                                            size_t max);
/* What was not written is lost. */
void ent_sightings_free(struct ent_sightings *b);

/* The next bytes of that log, before the hits in them; from offset 0 on it is another log, or the
 * same from the start. A log that does not begin at 0 is never known again. */
ENT_MUST_USE enum ent_err ent_sightings_bytes(struct ent_sightings *b, const char *path,
                                              uint64_t offset, struct ent_slice bytes);

struct ent_sight {
    uint64_t id; /* as ent_known has it */
    uint64_t line, offset;
    int64_t now;
    int64_t first;  /* 0: now */
    uint64_t times; /* 0: once */
};
/* A hit in that log, or several between first and now. In the order of lines. */
ENT_MUST_USE enum ent_err ent_sightings_add(struct ent_sightings *b, const char *path,
                                            const struct ent_sight *sight);

/* Write what there is. ENT_E_TIMEOUT when another process is writing: at once, or, if wait, after
 * ten seconds; nothing is lost then, and later calls may succeed. Ends the slices of
 * ent_store_get(). */
ENT_MUST_USE enum ent_err ent_sightings_flush(struct ent_sightings *b, bool wait);

struct ent_sighting {
    enum ent_obs_type type;
    struct ent_slice value, path;
    int64_t first, last;
    uint64_t count, line, offset;
};
/* Those seen since, of this observable only if it is not NULL; the last first. Slices are valid
 * during the call. */
ENT_MUST_USE enum ent_err ent_store_sightings(
    struct ent_store *s, int64_t since, const struct ent_observable *only,
    enum ent_err (*each)(void *ctx, const struct ent_sighting *g), void *ctx);

/* The one with this id, in all logs. */
struct ent_seen_here {
    uint64_t count; /* 0: never, and no times */
    int64_t first, last;
};
ENT_MUST_USE enum ent_err ent_store_sighted(struct ent_store *s, struct ent_seen_here *ret,
                                            uint64_t id);

/* --- warning lists ------------------------------------------------------------------------------
 */

/* All of this inside a transaction: a new list, its values, and at its end what it is. One that had
 * the same name is replaced. */
ENT_MUST_USE enum ent_err ent_store_warning_new(struct ent_store *s, uint64_t *ret_id);
ENT_MUST_USE enum ent_err ent_store_warning_put(struct ent_store *s, uint64_t id,
                                                const struct ent_observable *o);
ENT_MUST_USE enum ent_err ent_store_warning_end(struct ent_store *s, uint64_t id,
                                                const struct ent_warning *w, int64_t now);

/* ENT_E_NOTFOUND */
ENT_MUST_USE enum ent_err ent_store_warning_remove(struct ent_store *s, struct ent_slice name);

/* By name. */
ENT_MUST_USE enum ent_err ent_store_warnings(
    struct ent_store *s,
    enum ent_err (*each)(void *ctx, const struct ent_warning *w, int64_t added), void *ctx);

/* Every value that is on a list, once, by type and text. */
ENT_MUST_USE enum ent_err ent_store_warned(struct ent_store *s,
                                           enum ent_err (*each)(void *ctx,
                                                                const struct ent_observable *o),
                                           void *ctx);

/* Every observable that somebody marked so, whether that claim still holds or not. */
ENT_MUST_USE enum ent_err ent_store_marked(struct ent_store *s, enum ent_tlp mark,
                                           enum ent_err (*each)(void *ctx,
                                                                const struct ent_observable *o),
                                           void *ctx);

/* The names of the lists that hold value and speak of things of type seen. exact: value is what was
 * seen, and not the name above it or the network around it. */
ENT_MUST_USE enum ent_err ent_store_warned_by(
    struct ent_store *s, enum ent_obs_type seen, const struct ent_observable *value, bool exact,
    enum ent_err (*each)(void *ctx, struct ent_slice name), void *ctx);

/* The names of the lists that warn of o: it is on them, or what it lies in. A name may come twice.
 */
ENT_MUST_USE enum ent_err ent_store_warned_around(
    struct ent_store *s, const struct ent_observable *o,
    enum ent_err (*each)(void *ctx, struct ent_slice name), void *ctx);

/* --- pages (browse.c) ----------------------------------------------------------------------------
 * What a person leafs through. tlp is a clearance and no door: an observable is there for who may
 * see at least one of the claims on it, unless this member itself marked it narrower.
 */

/* The highest id of an observable; 0 in an empty store. */
ENT_MUST_USE enum ent_err ent_store_last_id(struct ent_store *s, uint64_t *ret);

/* As ent_store_starting() and ent_store_inside(), behind `after` where it is not NULL. */
ENT_MUST_USE enum ent_err ent_store_starting_after(
    struct ent_store *s, enum ent_obs_type type, struct ent_slice start,
    const struct ent_observable *after,
    enum ent_err (*each)(void *ctx, uint64_t id, const struct ent_observable *o), void *ctx);
ENT_MUST_USE enum ent_err ent_store_inside_after(
    struct ent_store *s, const struct ent_observable *o, const struct ent_observable *after,
    enum ent_err (*each)(void *ctx, uint64_t id, const struct ent_observable *o), void *ctx);

/* How many claims there are of each type, source and marking. Reads all of them. */
ENT_MUST_USE enum ent_err ent_store_facets(struct ent_store *s,
                                           enum ent_err (*each)(void *ctx, enum ent_obs_type type,
                                                                struct ent_slice source,
                                                                enum ent_tlp tlp, uint64_t claims),
                                           void *ctx);

/* The tags that most observables have, the most frequent first, at most so many. */
ENT_MUST_USE enum ent_err ent_store_tag_counts(
    struct ent_store *s, enum ent_tlp tlp, unsigned limit,
    enum ent_err (*each)(void *ctx, struct ent_slice tag, uint64_t observables), void *ctx);

/* Days (UTC, in seconds) since then on which something was seen for the first time, or last: how
 * many observables, by day. */
ENT_MUST_USE enum ent_err ent_store_sighted_days(
    struct ent_store *s, enum ent_tlp tlp, int64_t since,
    enum ent_err (*each)(void *ctx, int64_t day, uint64_t first, uint64_t last), void *ctx);

/* What was seen since then, most often first. */
ENT_MUST_USE enum ent_err ent_store_sighted_most(
    struct ent_store *s, enum ent_tlp tlp, int64_t since, unsigned limit,
    enum ent_err (*each)(void *ctx, uint64_t id, const struct ent_observable *o, uint64_t count,
                         int64_t last),
    void *ctx);

/* The logs in which something was seen, the last one first. */
struct ent_log_sum {
    struct ent_slice path;
    uint64_t observables, count;
    int64_t first, last;
};
ENT_MUST_USE enum ent_err ent_store_log_sums(struct ent_store *s, enum ent_tlp tlp, unsigned limit,
                                             enum ent_err (*each)(void *ctx,
                                                                  const struct ent_log_sum *l),
                                             void *ctx);

/* --- budgets ------------------------------------------------------------------------------------
 */

enum ent_direction { ENT_THEY_ASK = 0, ENT_WE_ASK = 1 };

ENT_MUST_USE enum ent_err ent_store_spent(struct ent_store *s, uint64_t *ret, const char *partner,
                                          enum ent_direction dir, uint64_t period);

/* Add items if the sum stays within limit, else ENT_E_POLICY; durable when it returns. */
ENT_MUST_USE enum ent_err ent_store_charge(struct ent_store *s, const char *partner,
                                           enum ent_direction dir, uint64_t period, uint64_t items,
                                           uint64_t limit);

/* --- the guard ----------------------------------------------------------------------------------
 */

/* Protect a canonical domain; a name that is there gets the new display name. */
ENT_MUST_USE enum ent_err ent_store_guard_add(struct ent_store *s, struct ent_slice name,
                                              struct ent_slice display);

/* A canonical domain that is known to be good, with all below it. */
ENT_MUST_USE enum ent_err ent_store_guard_exclude(struct ent_store *s, struct ent_slice name);

/* Neither protected nor known to be good any more; ENT_E_NOTFOUND when it was neither. */
ENT_MUST_USE enum ent_err ent_store_guard_remove(struct ent_store *s, struct ent_slice name);

/* The protected names, in order of their bytes. Slices are valid during the call. */
ENT_MUST_USE enum ent_err ent_store_guard_each(
    struct ent_store *s,
    enum ent_err (*each)(void *ctx, struct ent_slice name, struct ent_slice display), void *ctx);

/* A sealed guard for what is kept. Owner: the caller. */
ENT_MUST_USE enum ent_err ent_store_guard_load(struct ent_store *s, struct ent_guard **ret);

/* --- small facts --------------------------------------------------------------------------------
 */

/* Text by key; ENT_E_NOTFOUND. */
ENT_MUST_USE enum ent_err ent_store_fact(struct ent_store *s, struct ent_buf *ret, const char *key);
ENT_MUST_USE enum ent_err ent_store_set_fact(struct ent_store *s, const char *key,
                                             struct ent_slice value);

/* Raise the number kept under key to value; ENT_E_STATE when it is not higher than what is there.
 * Durable when it returns: this is what stops an old offer from being made twice. */
ENT_MUST_USE enum ent_err ent_store_advance(struct ent_store *s, const char *key, uint64_t value);

#include "store/served.h"
#include "store/outbox.h"

#endif
