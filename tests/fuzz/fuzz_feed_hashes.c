/* fuzz_feed_hashes.c: an index of hashes; whatever is taken is found again. */
#include "base/base.h"
#include "intel/intel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static enum ent_err skip(void *ctx, uint64_t line, const char *reason, struct ent_slice what)
{
    (void)ctx, (void)line, (void)reason, (void)what;
    return ENT_OK;
}

static enum ent_err event(void *ctx, const char uuid[static ENT_UUID_TEXT])
{
    ++*(size_t *)ctx;
    if (strlen(uuid) != ENT_UUID_TEXT - 1)
        ENT_BUG("no uuid");
    return ENT_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const struct ent_import_sink sink = {.skip = skip};
    struct ent_slice in = ent_slice(data, n);
    struct ent_feed_hashes *h = NULL;
    struct ent_observable o;
    struct ent_diag d = {0};
    size_t found = 0;
    if (ent_feed_hashes_read(&h, ent_reader_mem(&in), &sink, &d) != ENT_OK)
        return 0;
    if (ent_observable_parse(&o, NULL, ENT_SLICE_LIT("my-iri.org")) != ENT_OK ||
        ent_feed_hashes_find(h, &o, event, &found) != ENT_OK || found > ent_feed_hashes_count(h))
        ENT_BUG("find");
    ent_feed_hashes_free(h);
    return 0;
}
