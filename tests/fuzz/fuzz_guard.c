/*
 * fuzz_guard.c: any bytes as a name, and canonical ones as names to protect. Whatever comes is
 * scored from 1 to 100 with a reason, by a protected name.
 */
#include "watch/watch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void ask(const struct ent_guard *g, struct ent_slice name)
{
    struct ent_guard_finding f;
    if (!ent_guard_check(g, &f, name))
        return;
    ENT_ASSERT(f.score >= 1 && f.score <= 100 && f.protected.n > 0);
    ENT_ASSERT(f.reasons >> ENT_GUARD_REASONS == 0);
}

/* Lines: the first is asked about, the others are protected too, where they are names. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct ent_guard *g = NULL;
    struct ent_cur c = ent_cur(ent_slice(data, n));
    struct ent_slice name = ent_slice(data, n), line;
    (void)!ent_cur_line(&c, &name);
    if (ent_guard_new(&g, 8u << 20) != ENT_OK ||
        ent_guard_add(g, ENT_SLICE_LIT("adfs.senate.gov"), ENT_SLICE_LIT("U.S. Senate")) !=
            ENT_OK ||
        ent_guard_add(g, ENT_SLICE_LIT("hudsonorg-my.sharepoint.com"), ent_slice(NULL, 0)) !=
            ENT_OK)
        ENT_BUG("cannot begin");
    for (unsigned i = 0; i < 4 && ent_cur_line(&c, &line) == ENT_OK; i++)
        if (ent_guard_add(g, line, ent_slice(line.p, line.n < 255 ? line.n : 255)) == ENT_OK)
            (void)!ent_guard_exclude(g, name);
    if (ent_guard_seal(g) == ENT_OK) {
        ask(g, name);
        ask(g, ent_slice(data, n < 253 ? n : 253));
    }
    ent_guard_free(g);
    return 0;
}
