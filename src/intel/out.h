/*
 * out.h: indicators in the formats that other tools read.
 *
 * Promises: an observable is written as it is or not at all, never as something wider (a URL does
 * not become its host, an endpoint not its address); what a format cannot carry is counted; memory
 * does not depend on how much goes out; foreign text cannot become syntax of the format.
 * Never: decides what may leave. Its caller walks the store with a door (ent_tlp_may_pass()).
 */
#ifndef ENT_INTEL_OUT_H
#define ENT_INTEL_OUT_H

#include "intel/intel.h"

/* Some formats are several files in one directory; the others are one, which has number 0. */
#define ENT_OUT_FILES 8

struct ent_out_format {
    const char *name;
    uint32_t types; /* ENT_OBS_BIT()s of what it can carry, if its rules for values allow it */
    const char *const *files; /* their names, with NULL behind; NULL itself: one, without a name */
    const uint32_t *passes;   /* all of these types, then all of those, 0 behind; NULL: any order */
};

/* NULL at the end, so that it can be walked. */
const struct ent_out_format *ent_out_format_at(size_t i);
/* NULL when there is none of that name. */
const struct ent_out_format *ent_out_format_find(struct ent_slice name);

/* What is said about one observable. */
struct ent_out_item {
    const struct ent_indicator *ind;
    struct ent_slice source;
    int64_t first, last; /* import */
};

struct ent_out_opts {
    int64_t now;
    enum ent_tlp door;       /* what the walk let pass; 0: everything */
    struct ent_slice author; /* who publishes this, for people; UTF-8 */
    struct ent_slice key;    /* what tells the author from all others: ids are derived from it */
    struct ent_slice choice; /* in words of its own, what the caller asked for besides the door:
                                rules of many values about something else get other ids */
    uint64_t sid, sid_last;  /* suricata: the signature ids that may be used */
};

/* Gets the bytes of a file piece by piece, whole characters each time. */
struct ent_out_sink {
    void *ctx;
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

/* Observables that were written, and those that the format could not carry, by type. */
const uint64_t *ent_out_written(const struct ent_out *o);
const uint64_t *ent_out_lost(const struct ent_out *o);

#endif
