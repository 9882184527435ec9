/* arena.c: blocks of growing size, chained; an allocation never spans two. */
#include "base/base.h"

#include <stdalign.h>
#include <stddef.h>

#define FIRST_BLOCK   4096u
#define LARGEST_BLOCK (1u << 20)

struct ent_arena_block {
    struct ent_arena_block *before;
    size_t n, cap;
    alignas(max_align_t) uint8_t data[];
};

void ent_arena_init(struct ent_arena *a, size_t max)
{
    *a = (struct ent_arena){.max = max};
}

void ent_arena_release(struct ent_arena *a)
{
    while (a->last != NULL) {
        struct ent_arena_block *b = a->last;
        a->last = b->before;
        free(b);
    }
    a->used = 0;
}

static struct ent_arena_block *grow(struct ent_arena *a, size_t n)
{
    size_t cap = a->last == NULL ? FIRST_BLOCK : a->last->cap * 2;
    if (cap > LARGEST_BLOCK)
        cap = LARGEST_BLOCK;
    if (cap < n)
        cap = n;
    struct ent_arena_block *b = malloc(sizeof(*b) + cap);
    if (b == NULL)
        return NULL;
    *b = (struct ent_arena_block){.before = a->last, .cap = cap};
    a->last = b;
    return b;
}

void *ent_arena_alloc(struct ent_arena *a, size_t n)
{
    const size_t mask = alignof(max_align_t) - 1;
    if (n > SIZE_MAX - mask)
        return NULL;
    n = (n + mask) & ~mask;
    if (n > a->max - a->used)
        return NULL;
    struct ent_arena_block *b = a->last;
    if (b == NULL || n > b->cap - b->n) {
        b = grow(a, n);
        if (b == NULL)
            return NULL;
    }
    void *p = b->data + b->n;
    b->n += n;
    a->used += n;
    memset(p, 0, n);
    return p;
}

enum ent_err ent_arena_copy(struct ent_arena *a, struct ent_slice *ret, struct ent_slice s)
{
    if (s.n == SIZE_MAX)
        return ENT_E_LIMIT;
    uint8_t *p = ent_arena_alloc(a, s.n + 1);
    if (p == NULL)
        return ENT_E_LIMIT;
    if (s.n > 0)
        memcpy(p, s.p, s.n);
    *ret = (struct ent_slice){p, s.n};
    return ENT_OK;
}
