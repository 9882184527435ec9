/* fuzz_watch.c: the scanner at each CPU level against the reference. Byte 0: as text or as pieces,
 * asked what was seen, whole or cut, for all kinds of indicators or some. */
#include "tests/support/naive_pieces.c"
#include "tests/support/naive_watch.c"

static size_t cut(void *ctx)
{
    uint32_t *x = ctx;
    *x = *x * 1664525u + 1013904223u;
    return 1 + (*x >> 24) % ((*x >> 16) % 8 == 0 ? 4096 : 97);
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
    static const size_t from[4] = {0, 0, 15, 29}, count[4] = {NAIVE_KNOWN, 15, 14, 7}; /* kinds */
    static struct ent_observable ind[NAIVE_KNOWN];
    static struct ent_watch *w[4];
    struct naive_report want = {0}, got = {0};
    for (size_t k = 0; w[k % 4] == NULL; k++)
        naive_parse_known(ind), w[k] = naive_set(ind + from[k], count[k]);
    size_t part = n == 0 ? 0 : p[0] / 4 % 4;
    struct ent_slice s = n == 0 ? ent_slice(p, 0) : ent_slice(p + 1, n - 1);
    s = n > 0 && p[0] >= 128 ? naive_spell(s) : s;
    naive_watch(&want, ind + from[part], count[part], s);
    for (unsigned l = 0; n > 0 && l <= ent_cpu_machine(); naive_release(&got), l++) {
        uint32_t x = p[0];
        ent_cpu_limit((enum ent_cpu_level)l);
        if (naive_engine(&got, w[part], s, x % 4 == 0 ? NULL : cut, &x, x % 2 == 0) != ENT_OK)
            ENT_BUG("scan");
        same(&want.hits, &got.hits);
        p[0] % 2 == 0 ? same(&want.seen, &got.seen) : (void)0;
    }
    return naive_release(&want), 0;
}
