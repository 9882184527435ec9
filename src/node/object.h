/*
 * object.h: objects of STIX on their way out: which of them an export writes.
 */
#ifndef ENT_NODE_OBJECT_H
#define ENT_NODE_OBJECT_H

#include "store/store.h"

/*
 * Out, in a format that takes objects: first those that nothing was taken out of, then, claim by
 * claim, the indicators, each once. An indicator goes as it came if all that it speaks of may go;
 * otherwise the caller writes the claim itself.
 */
struct ent_object_out;
struct ent_object_out_opts {
    struct ent_store *store;
    uint32_t types;    /* ENT_OBS_BIT()s of what may go */
    bool alone;        /* only what speaks of one observable goes as it came */
    enum ent_tlp door; /* as of the walk; 0: everything */
    int64_t now;
};
ENT_MUST_USE enum ent_err ent_object_out_new(struct ent_object_out **ret,
                                             const struct ent_object_out_opts *opts);
void ent_object_out_free(struct ent_object_out *x);

/* How many objects went, and how many the door held back: too narrow, or of sources that are held
 * (struct ent_object_filter). */
struct ent_object_sums {
    uint64_t written, narrower, unreleased;
};
struct ent_object_sums ent_object_out_sums(const struct ent_object_out *x);

/* Those that nothing was taken out of, for the caller to write. since: imported then or later;
 * source: empty means all. */
ENT_MUST_USE enum ent_err ent_object_out_plain(
    struct ent_object_out *x, struct ent_slice source, int64_t since,
    enum ent_err (*put)(void *ctx, const struct ent_kept *k), void *ctx);
/* *ret: it went as a part of its object, now or before. */
ENT_MUST_USE enum ent_err ent_object_out_claim(struct ent_object_out *x, bool *ret,
                                               struct ent_out *out, const struct ent_known *k);

#endif
