/* fuzz_tree.c: a tree: how many entries, their places, hashes, and the entries themselves. */
#include "ledger/ledger.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
static struct ent_slice idx, h0, dat;

static enum ent_err file_size(void *ctx, uint64_t *ret, const char *name)
{
    const char c = name[strlen(name) - 1];
    struct ent_slice *s = ctx;
    *s = c == 'x' ? idx : c == '0' ? h0 : c == 't' ? dat : ent_slice(NULL, 0);
    *ret = s->n;
    return ENT_OK;
}

static enum ent_err file_read(void *ctx, void *ret, size_t n, const char *name, uint64_t offset)
{
    const struct ent_slice *s = ctx;
    uint64_t size;
    bool there = file_size(ctx, &size, name) == ENT_OK && offset <= size && n <= size - offset;
    if (there)
        memcpy(ret, s->p + offset, n);
    return there ? ENT_OK : ENT_E_NOTFOUND;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct ent_slice now;
    const struct ent_disk disk = {.ctx = &now, .size = file_size, .read = file_read};
    struct ent_hash32 h[2] = {{{0}}}; /* the root of one and of two; of more there is another one */
    struct ent_tree *t = NULL;
    const char *name;
    uint64_t at, size = n > 0 ? data[0] : 0;
    if (n < 1 + 40 * size)
        return 0;
    idx = ent_slice(data + 1, 8 * size);
    h0 = ent_slice(data + 1 + idx.n, 32 * size);
    dat = ent_slice(data + 1 + 40 * size, n - 1 - 40 * size);
    memcpy(h, h0.p, h0.n < sizeof(h) ? h0.n : sizeof(h));
    if (size == 2)
        ent_merkle_node_hash(&h[0], &h[0], &h[1]);
    if (ent_tree_open(&t, NULL, &disk, "d", size, &h[0], true) == ENT_OK)
        (void)!ent_tree_check(t, NULL, &name, &at, NULL, NULL);
    ent_tree_free(t);
    return 0;
}
