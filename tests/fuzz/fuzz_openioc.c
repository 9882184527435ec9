/* fuzz_openioc.c: see feed.h. */
#include "base/base.h"
#include "tests/fuzz/feed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    return feed_fuzz(ENT_FORMAT_OPENIOC, data, n);
}
