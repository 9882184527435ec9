/* fuzz_manifest.c: whatever is given out is the name of a file in the same directory. */
#include "base/base.h"
#include "intel/intel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static enum ent_err event(void *ctx, const struct ent_manifest_event *e)
{
    (void)ctx;
    if (strlen(e->uuid) != ENT_UUID_TEXT - 1 || e->timestamp < 0 ||
        strspn(e->uuid, "0123456789abcdefABCDEF-") != strlen(e->uuid) ||
        (strlen(e->orgc) != 0 && strlen(e->orgc) != ENT_UUID_TEXT - 1))
        ENT_BUG("not a uuid");
    return ENT_OK;
}

static enum ent_err skip(void *ctx, uint64_t line, const char *reason, struct ent_slice what)
{
    (void)ctx;
    (void)reason;
    if (line == 0 || !ent_utf8_valid(what, NULL))
        ENT_BUG("no place, or raw bytes");
    return ENT_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const struct ent_manifest_sink sink = {NULL, event, skip};
    struct ent_slice left = {data, n};
    struct ent_diag d = {0};
    enum ent_err r = ent_misp_manifest_read(ent_reader_mem(&left), &sink, &d);
    if (r != ENT_OK && r != ENT_E_FORMAT && r != ENT_E_LIMIT)
        ENT_BUG("neither taken nor refused");
    return 0;
}
