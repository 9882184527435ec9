/* windows_rank.c: which items stay where there are more than may. */
#include "watch/watch.h"
#include "watch/windows_parts.h"

enum ent_err ent_ranks_new(struct ent_ranks *ret, uint64_t cap)
{
    ret->n = 0;
    ret->cap = (size_t)cap;
    ret->v = malloc((size_t)cap * sizeof(*ret->v));
    return ret->v == NULL ? ENT_E_NOMEM : ENT_OK;
}

/* Put v[from..to) in order around one of them, taken at random: its equals end in [*lt, *gt),
 * higher ones before. */
static void part(uint64_t *v, size_t from, size_t to, size_t *lt, size_t *gt)
{
    uint64_t random = 0;
    ent_random(&random, sizeof(random));
    uint64_t pivot = v[from + (size_t)(random % (to - from))];
    size_t a = from, b = to;
    for (size_t i = from; i < b;) {
        uint64_t x = v[i];
        if (x > pivot) {
            v[i++] = v[a];
            v[a++] = x;
        } else if (x < pivot) {
            v[i] = v[--b];
            v[b] = x;
        } else {
            i++;
        }
    }
    *lt = a;
    *gt = b;
}

struct ent_rank_cut ent_ranks_cut(struct ent_ranks *k, uint64_t most)
{
    size_t from = 0, to = k->n, lt = 0, gt = 0;
    if (k->n <= most)
        return ENT_RANK_ALL;
    while (from < to) {
        part(k->v, from, to, &lt, &gt);
        if (most <= lt)
            to = lt;
        else if (most > gt)
            from = gt;
        else
            break;
    }
    return (struct ent_rank_cut){k->v[lt], most - lt};
}

bool ent_rank_stays(struct ent_rank_cut *c, uint64_t rank)
{
    if (rank != c->least)
        return rank > c->least;
    if (c->equals == 0)
        return false;
    c->equals--;
    return true;
}
