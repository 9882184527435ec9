/*
 * arena.h: memory that is given out in pieces and taken back all at once, never more than a
 * maximum. Owner: whoever initialised it; everything in it dies with ent_arena_release().
 */
#ifndef ENT_BASE_ARENA_H
#define ENT_BASE_ARENA_H

#include <entente/entente.h>

struct ent_arena_block;

struct ent_arena {
    struct ent_arena_block *last;
    size_t used; /* bytes given out, with padding */
    size_t max;
};

void ent_arena_init(struct ent_arena *a, size_t max);
void ent_arena_release(struct ent_arena *a);

/* n zeroed bytes, aligned for any type; NULL when the maximum or the memory is reached. */
ENT_MUST_USE void *ent_arena_alloc(struct ent_arena *a, size_t n);

/* A copy with a NUL behind it (not counted in ret->n). */
ENT_MUST_USE enum ent_err ent_arena_copy(struct ent_arena *a, struct ent_slice *ret,
                                         struct ent_slice s);

#endif
