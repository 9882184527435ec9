/* net.c: the queue of a simulation. */
#include "tests/sim/net.h"

struct sim_net {
    struct sim_net_opts o;
    uint64_t state, now, order;
    struct sim_event *heap;
    size_t n, cap, lost;
    bool *side;    /* NULL: no split */
    uint8_t *last; /* bytes of the last event */
};

static void *must(void *p)
{
    if (p == NULL)
        ENT_BUG("out of memory");
    return p;
}

struct sim_net *sim_net_new(const struct sim_net_opts *opts)
{
    struct sim_net *n = must(calloc(1, sizeof(*n)));
    n->o = *opts;
    n->state = opts->seed;
    return n;
}

void sim_net_free(struct sim_net *n)
{
    for (size_t i = 0; i < n->n; i++)
        free((void *)(uintptr_t)n->heap[i].bytes.p);
    free(n->heap);
    free(n->side);
    free(n->last);
    free(n);
}

/* splitmix64 (Steele, Lea, Flood 2014) */
uint64_t sim_rand(struct sim_net *n)
{
    uint64_t z = (n->state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

uint64_t sim_below(struct sim_net *n, uint64_t limit)
{
    return sim_rand(n) % limit;
}

bool sim_percent(struct sim_net *n, unsigned of_hundred)
{
    return sim_below(n, 100) < of_hundred;
}

uint64_t sim_now(const struct sim_net *n)
{
    return n->now;
}

bool sim_is_calm(const struct sim_net *n)
{
    return n->now >= n->o.calm;
}

size_t sim_lost(const struct sim_net *n)
{
    return n->lost;
}

void sim_split(struct sim_net *n, const bool *side)
{
    free(n->side);
    n->side = NULL;
    if (side == NULL)
        return;
    n->side = must(calloc(n->o.nodes, sizeof(*side)));
    memcpy(n->side, side, n->o.nodes * sizeof(*side));
}

static bool is_before(const struct sim_event *a, const struct sim_event *b)
{
    return a->at < b->at || (a->at == b->at && a->order < b->order);
}

static void put(struct sim_net *n, const struct sim_event *e, uint64_t delay)
{
    if (n->n == n->cap) {
        n->cap = n->cap == 0 ? 64 : 2 * n->cap;
        n->heap = must(reallocarray(n->heap, n->cap, sizeof(*n->heap)));
    }
    struct sim_event new = *e;
    new.at = n->now + delay;
    new.order = n->order++;
    if (e->bytes.n > 0) {
        uint8_t *copy = must(malloc(e->bytes.n));
        memcpy(copy, e->bytes.p, e->bytes.n);
        new.bytes = ent_slice(copy, e->bytes.n);
    }
    size_t i = n->n++;
    for (; i > 0 && is_before(&new, &n->heap[(i - 1) / 2]); i = (i - 1) / 2)
        n->heap[i] = n->heap[(i - 1) / 2];
    n->heap[i] = new;
}

void sim_send_surely(struct sim_net *n, const struct sim_event *e)
{
    put(n, e, 1 + sim_below(n, n->o.soon));
}

void sim_send(struct sim_net *n, const struct sim_event *e)
{
    if (sim_is_calm(n)) {
        sim_send_surely(n, e);
        return;
    }
    bool apart = n->side != NULL && n->side[e->from] != n->side[e->to];
    if (apart || sim_percent(n, n->o.lost)) {
        n->lost++;
        return;
    }
    unsigned copies = sim_percent(n, n->o.doubled) ? 2 : 1;
    while (copies-- > 0)
        put(n, e, 1 + sim_below(n, n->o.late));
}

void sim_after(struct sim_net *n, size_t node, uint64_t delay, unsigned what, uint64_t arg0,
               uint64_t arg1, uint64_t arg2)
{
    struct sim_event e = {.from = node, .to = node, .what = what, .arg = {arg0, arg1, arg2}};
    put(n, &e, delay);
}

bool sim_next(struct sim_net *n, struct sim_event *ret)
{
    if (n->n == 0)
        return false;
    *ret = n->heap[0];
    struct sim_event moved = n->heap[--n->n];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < n->n; i = child) {
        if (child + 1 < n->n && is_before(&n->heap[child + 1], &n->heap[child]))
            child++;
        if (is_before(&moved, &n->heap[child]))
            break;
        n->heap[i] = n->heap[child];
    }
    n->heap[i] = moved;
    n->now = ret->at;
    free(n->last);
    n->last = (uint8_t *)(uintptr_t)ret->bytes.p;
    return true;
}
