/* fuzz_observed.c: observation sets: what is read is in order, and written it is the same file. */
#include "watch/watch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static enum ent_err add(void *ctx, const struct ent_observable *o)
{
    return ent_observed_add(ctx, o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct ent_slice left = {data, n};
    struct ent_observed *set = NULL;
    char *text = NULL;
    size_t text_n = 0;
    if (ent_secret_start() != ENT_OK || ent_observed_new(&set, 0) != ENT_OK)
        ENT_BUG("cannot begin");
    if (ent_observed_read(ent_reader_mem(&left), NULL, add, set) == ENT_OK) {
        FILE *f = open_memstream(&text, &text_n);
        ENT_ASSERT(f != NULL && ent_observed_write(set, f) == ENT_OK && fclose(f) == 0);
        ENT_ASSERT(ent_slice_eq(ent_slice(text, text_n), ent_slice(data, n)));
        free(text);
    }
    ent_observed_free(set);
    return 0;
}
