/*
 * pool.h: a fixed set of threads that work through numbered jobs. One batch at a time; the calling
 * thread works too, so a pool of one has no threads at all and runs everything in the caller.
 */
#ifndef ENT_BASE_POOL_H
#define ENT_BASE_POOL_H

#include <entente/entente.h>

struct ent_pool;

/* threads 0 means as many as there are processors this process may use. */
ENT_MUST_USE enum ent_err ent_pool_new(struct ent_pool **ret, unsigned threads);
void ent_pool_free(struct ent_pool *p);
unsigned ent_pool_threads(const struct ent_pool *p);

/*
 * Call job(ctx, i) once for each i in 0..n-1, in any order, and return when all have ended. The
 * first error stops jobs that have not begun and is returned. Callers from several threads take
 * turns. A job must not call the pool it runs in.
 */
ENT_MUST_USE enum ent_err ent_pool_run(struct ent_pool *p, enum ent_err (*job)(void *ctx, size_t i),
                                       void *ctx, size_t n);

#endif
