/* fuzz_watch.c: the scanner against the reference matcher; the first byte says how it is cut. */
#include "base/base.h"
#include "tests/support/naive_watch.c"

static size_t cut(void *ctx)
{
    uint32_t *x = ctx;
    *x = *x * 1664525u + 1013904223u;
    return 1 + (*x >> 24) % 32;
}

static void same(struct naive_list *a, struct naive_list *b)
{
    const char *diff = naive_diff(a, b);
    if (diff != NULL)
        ENT_BUG(diff);
}
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static struct ent_observable ind[NAIVE_KNOWN];
    static struct ent_watch *w;
    struct naive_report want = {0}, got = {0};
    if (w == NULL) {
        naive_parse_known(ind);
        w = naive_set(ind, NAIVE_KNOWN);
    }
    if (n == 0)
        return 0;
    uint32_t seed = p[0];
    naive_watch(&want, ind, NAIVE_KNOWN, ent_slice(p + 1, n - 1));
    if (naive_engine(&got, w, ent_slice(p + 1, n - 1), p[0] % 4 == 0 ? NULL : cut, &seed,
                     p[0] % 2 == 0) != ENT_OK)
        ENT_BUG("scan");
    same(&want.hits, &got.hits);
    if (p[0] % 2 == 0)
        same(&want.seen, &got.seen);
    naive_release(&want), naive_release(&got);
    return 0;
}
