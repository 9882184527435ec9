/*
 * observed.h: observation sets: all public observables that were seen, each once, in order. The
 * file is a text of typed canonical lines, ascending by type and then by bytes:
 *
 *     entente/observed@v1
 *     domain evil.example
 *     ipv4 198.51.100.3
 *
 * Strict in both directions: a line that is not canonical, out of order or repeated refuses it.
 */
#ifndef ENT_WATCH_OBSERVED_H
#define ENT_WATCH_OBSERVED_H

#include "intel/intel.h"

#include <entente/watch.h>

/* A growing set; max_bytes bounds its memory (0: 1 GiB): once for what stands in it, once for how
 * it is found. */
struct ent_observed;
ENT_MUST_USE enum ent_err ent_observed_new(struct ent_observed **ret, size_t max_bytes);
void ent_observed_free(struct ent_observed *set);
ENT_MUST_USE enum ent_err ent_observed_add(struct ent_observed *set,
                                           const struct ent_observable *o);
size_t ent_observed_count(const struct ent_observed *set);
void ent_observed_count_types(const struct ent_observed *set, uint64_t ret[static ENT_OBS_TYPES]);

/* As if new, but with the memory it has for finding. */
void ent_observed_clear(struct ent_observed *set);

/* One of the set, and how often it was added. text is valid until something is cleared. */
struct ent_seen {
    enum ent_obs_type type;
    struct ent_slice text;
    uint32_t hits;
};

/* By type and then by bytes: numbers 0 to count - 1, until the next is added. */
void ent_observed_sort(struct ent_observed *set);
struct ent_seen ent_observed_at(const struct ent_observed *set, size_t i);

/* In order; may be called again after more was added. */
ENT_MUST_USE enum ent_err ent_observed_each(struct ent_observed *set,
                                            enum ent_err (*each)(void *ctx, enum ent_obs_type type,
                                                                 struct ent_slice text),
                                            void *ctx);

/* The file's form, to f. */
ENT_MUST_USE enum ent_err ent_observed_write(struct ent_observed *set, FILE *f);

/* Read a file's form; each is called for every line as it comes. */
ENT_MUST_USE enum ent_err ent_observed_read(struct ent_reader in, struct ent_diag *d,
                                            enum ent_err (*each)(void *ctx,
                                                                 const struct ent_observable *o),
                                            void *ctx);

/* From now on `seen` of this scan's events gets every token each time it comes, for who counts. The
 * price is that each is brought into canonical form again. */
void ent_scan_every(struct ent_scan *s);

#endif
