/* fuzz_taxii.c: what a TAXII server says: envelopes, and the lists of what it has. */
#include "intel/intel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static enum ent_err root(void *ctx, struct ent_slice url)
{
    (void)ctx;
    ENT_ASSERT(ent_utf8_valid(url, NULL));
    return ENT_OK;
}

static enum ent_err collection(void *ctx, const struct ent_taxii_collection *c)
{
    (void)ctx;
    ENT_ASSERT(c->id[0] != '\0' && strpbrk(c->id, "/.%?# ") == NULL);
    ENT_ASSERT(ent_utf8_valid(ent_slice_str(c->title), NULL));
    return ENT_OK;
}

static enum ent_err take(void *ctx, const struct ent_indicator *ind)
{
    (void)ctx;
    return ind->obs.n > 0 ? ENT_OK : ENT_E_FORMAT;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct ent_slice s = {data, n}, again = s;
    struct ent_taxii_doc doc;
    struct ent_envelope e = {.more = false};
    const struct ent_taxii_sink sink = {NULL, root, collection};
    const struct ent_import_sink objects = {.take = take};
    const struct ent_import_opts opts = {ENT_FORMAT_STIX, .confidence = -1, .envelope = &e};
    if (ent_taxii_read(&doc, ent_reader_mem(&s), &sink, NULL) == ENT_OK)
        ENT_ASSERT(doc.kind != 0 && doc.roots <= ENT_TAXII_ROOTS);
    if (ent_intel_read(ent_reader_mem(&again), &opts, &objects, NULL, NULL) == ENT_OK)
        ENT_ASSERT(e.next_n <= sizeof(e.next) && (e.next_said || e.next_n == 0));
    return 0;
}
