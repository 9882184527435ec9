/*
 * out.h: indicators in the formats that other tools read.
 *
 * Promises: an observable is written as it is or not at all, never as something wider (a URL does
 * not become its host, an endpoint not its address); what a format cannot carry is counted; memory
 * does not depend on how much goes out; foreign text cannot become syntax of the format.
 * Never: decides what may leave. Its caller walks the store with a door (ent_claim_may_pass()).
 */
#ifndef ENT_INTEL_OUT_H
#define ENT_INTEL_OUT_H

#include "intel/intel.h"
#include "intel/uuid.h"

/* Some formats are several files in one directory; the others are one, which has number 0. The last
 * number is for a series: as many as it takes, one after the other. */
#define ENT_OUT_FILES  8
#define ENT_OUT_SERIES (ENT_OUT_FILES - 1)

struct ent_out_format {
    const char *name;
    uint32_t types; /* ENT_OBS_BIT()s of what it can carry, if its rules for values allow it */
    const char *const *files; /* their names, with NULL behind; NULL itself: one, without a name */
    const uint32_t *passes;   /* all of these types, then all of those, 0 behind; NULL: any order */
    bool by_source; /* what each source says, ordered by source, marking and day of first import */
};

/* NULL at the end, so that it can be walked. */
const struct ent_out_format *ent_out_format_at(size_t i);
/* NULL when there is none of that name. */
const struct ent_out_format *ent_out_format_find(struct ent_slice name);

/* How often this member saw it, in all of its logs. */
struct ent_out_seen {
    int64_t first, last;
    uint64_t count; /* 0: never */
};

/* What is said about one observable. */
struct ent_out_item {
    const struct ent_indicator *ind;
    struct ent_slice source;
    int64_t first, last;      /* import */
    struct ent_out_seen seen; /* where that is to be told: STIX has a sighting for it */
};

/* What an earlier export said about an event. */
struct ent_out_earlier {
    int64_t timestamp;
    uint8_t sha256[32]; /* of its file */
};

struct ent_out_opts {
    int64_t now;
    enum ent_tlp door;       /* what the walk let pass; 0: everything */
    struct ent_slice author; /* who publishes this, for people; UTF-8 */
    struct ent_slice key;    /* what tells the author from all others: ids are derived from it */
    struct ent_slice choice; /* in words of its own, what the caller asked for besides the door:
                                rules of many values about something else get other ids */
    uint64_t sid, sid_last;  /* suricata: the signature ids that may be used */
    /* ---- misp-feed */
    bool hashes; /* with hashes.csv */
    /* NULL, or what is in the feed already, NULL if it is not: an event that does not change keeps
     * its time, so that nobody fetches it again. */
    const struct ent_out_earlier *(*earlier)(void *ctx, const char uuid[static ENT_UUID_TEXT]);
    void *earlier_ctx;
};

/* Gets the bytes of a file piece by piece, whole characters each time. */
struct ent_out_sink {
    void *ctx;
    /* Before the first piece; the name is made here (NULL: of one file alone) and is one of a plain
     * file in the directory. ENT_OUT_SERIES again: the one before is whole. */
    enum ent_err (*open)(void *ctx, unsigned file, const char *name);
    enum ent_err (*write)(void *ctx, unsigned file, struct ent_slice bytes);
};

struct ent_out;
ENT_MUST_USE enum ent_err ent_out_start(struct ent_out **ret, const struct ent_out_format *format,
                                        const struct ent_out_opts *opts,
                                        const struct ent_out_sink *sink);
ENT_MUST_USE enum ent_err ent_out_put(struct ent_out *o, const struct ent_out_item *item);
/* An object of STIX as it came; the format's own objects are left out, for it writes them itself.
 * False from the first where the format has no place for such objects. */
bool ent_out_takes_objects(const struct ent_out_format *format);
ENT_MUST_USE enum ent_err ent_out_object(struct ent_out *o, struct ent_slice id,
                                         struct ent_slice bytes);
/* An observable that went out as a part of such an object. */
void ent_out_carried(struct ent_out *o, enum ent_obs_type type);
/* What stands behind the last one. Then ent_out_free(). */
ENT_MUST_USE enum ent_err ent_out_end(struct ent_out *o);
void ent_out_free(struct ent_out *o);

/* The uuid that stands for whoever publishes, in STIX and MISP alike. */
ENT_MUST_USE enum ent_err ent_out_publisher(char ret[static ENT_UUID_TEXT],
                                            const struct ent_out_opts *opts);

/* --- one indicator of STIX alone, as the bundle has it ------------------------------------------
 */

ENT_MUST_USE enum ent_err ent_out_publisher_id(struct ent_uuid16 *ret,
                                               const struct ent_out_opts *opts);
ENT_MUST_USE enum ent_err ent_out_indicator_id(struct ent_uuid16 *ret,
                                               const struct ent_uuid16 *publisher,
                                               const struct ent_observable *o,
                                               struct ent_slice source, struct ent_slice id);
/* Whether STIX has a pattern for it. */
bool ent_out_stix_carries(const struct ent_observable *o);
/* modified in milliseconds; id as of ent_out_indicator_id(). */
ENT_MUST_USE enum ent_err ent_out_indicator(struct ent_buf *b, const struct ent_uuid16 *publisher,
                                            const struct ent_uuid16 *id,
                                            const struct ent_out_item *item, int64_t modified);
/* Who publishes, and a TLP 2.0 marking, as objects. */
ENT_MUST_USE enum ent_err ent_out_publisher_object(struct ent_buf *b,
                                                   const struct ent_uuid16 *publisher,
                                                   struct ent_slice author);
ENT_MUST_USE enum ent_err ent_out_marking_object(struct ent_buf *b, enum ent_tlp t);
#define ENT_OUT_MARKING_ID 64
const char *ent_out_marking_id(char ret[static ENT_OUT_MARKING_ID], enum ent_tlp t);

/* Observables that were written, and those that the format could not carry, by type. */
const uint64_t *ent_out_written(const struct ent_out *o);
const uint64_t *ent_out_lost(const struct ent_out *o);

#endif
