/* fuzz_image.c: an image with any bytes changed, behind its authentication: it is refused, or asked
 * for everything without a byte read outside it. The input is a list of changes: place (3), byte.
 */
#include "watch/watch.h"
#include "watch/set.h"
#include "tests/support/naive_pieces.c"
#include "tests/support/naive_watch.c"

static enum ent_err ignore(void *ctx, const struct ent_hit *hit)
{
    (void)ctx, (void)hit;
    return ENT_OK;
}
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static struct ent_observable ind[NAIVE_KNOWN];
    static char *good;
    static size_t size;
    struct ent_watch *w = NULL;
    struct ent_scan *s = NULL;
    if (good == NULL) {
        FILE *f = open_memstream(&good, &size);
        naive_parse_known(ind), w = naive_set(ind, NAIVE_KNOWN);
        ENT_ASSERT(ent_image_put(w, f, &(struct ent_seed32){{0}}, &(struct ent_image_facts){0}) ==
                   0);
        (void)fclose(f), ent_watch_free(w);
    }
    uint8_t *bad = memcpy(aligned_alloc(64, (size + 63) / 64 * 64), good, size);
    for (; n >= 4; p += 4, n -= 4)
        bad[((size_t)p[0] | (size_t)p[1] << 8 | (size_t)p[2] << 16) % size] = p[3];
    if (ent_image_parse(&w, NULL, ent_slice(bad, size)) == ENT_OK) {
        const struct ent_scan_events ev = {w, ignore, NULL};
        ENT_ASSERT(ent_scan_new(&s, w, &ev) == ENT_OK && ent_image_check(w, NULL) != ENT_E_NOMEM);
        for (size_t i = 0; i < NAIVE_KNOWN; i++)
            ENT_ASSERT(ent_scan_feed(s, ind[i].text, ind[i].n) + ent_scan_feed(s, "\n", 1) ==
                       ENT_OK);
        ent_scan_free(s), ent_watch_free(w);
    }
    free(bad);
    return 0;
}
