/* fuzz_tile.c: the path of a tile, and the entries of one. */
#include "base/base.h"
#include "ledger/ledger.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct ent_slice in = ent_slice(data, n), entry;
    char path[ENT_TILE_PATH_MAX];
    struct ent_tile t;
    struct ent_buf b;
    if (ent_tile_parse(&t, in) == ENT_OK &&
        (ent_tile_path(path, &t) != ENT_OK || !ent_slice_eq(in, ent_slice_str(path))))
        ENT_BUG("a path has one form");
    struct ent_cur c = ent_cur(in);
    ent_buf_init(&b, n);
    while (ent_bundle_next(&c, &entry) == ENT_OK)
        if (ent_bundle_put(&b, entry) != ENT_OK)
            ENT_BUG("an entry that cannot be written");
    if (b.n + c.n != n || (b.n > 0 && memcmp(b.p, data, b.n) != 0))
        ENT_BUG("entries have one form");
    ent_buf_release(&b);
    return 0;
}
