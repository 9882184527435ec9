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

/* A growing set; max_bytes bounds its memory (0: 1 GiB). */
struct ent_observed;
ENT_MUST_USE enum ent_err ent_observed_new(struct ent_observed **ret, size_t max_bytes);
void ent_observed_free(struct ent_observed *set);
ENT_MUST_USE enum ent_err ent_observed_add(struct ent_observed *set,
                                           const struct ent_observable *o);
size_t ent_observed_count(const struct ent_observed *set);
void ent_observed_count_types(const struct ent_observed *set, uint64_t ret[static ENT_OBS_TYPES]);

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

#endif
