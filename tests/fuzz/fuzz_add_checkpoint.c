/* fuzz_add_checkpoint.c: what a log asks of a witness, and the paths by which a node is asked. */
#include "ledger/ledger.h"
#include "ledger/view_parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void as_path(const uint8_t *data, size_t n)
{
    char path[256] = ENT_VIEW_PREFIX;
    size_t at = strlen(path), room = sizeof(path) - at - 1;
    memcpy(path + at, data, n < room ? n : room);
    ENT_ASSERT(ent_view_max_body("PUT", path) == 0);
    ENT_ASSERT(ent_view_max_body("GET", path) <= 1);
    ENT_ASSERT(ent_view_max_body("POST", path) <= ENT_HEADS_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct ent_add_checkpoint a;
    struct ent_buf b;
    as_path(data, n);
    ent_buf_init(&b, n + 1); /* printf wants room for a NUL */
    if (ent_add_checkpoint_parse(&a, ent_slice(data, n)) == ENT_OK &&
        (ent_add_checkpoint_encode(&b, &a) != ENT_OK ||
         !ent_slice_eq(ent_buf_slice(&b), ent_slice(data, n))))
        ENT_BUG("a request has one form");
    ent_buf_release(&b);
    return 0;
}
