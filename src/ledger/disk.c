/* disk.c: see disk.h. */
#include "ledger/disk.h"

#define TRIES 8

enum ent_err ent_disk_load(const struct ent_disk *disk, struct ent_buf *b, const char *name)
{
    uint64_t n, again;
    uint8_t *to;
    enum ent_err r;
    /* Another process may replace it between the two looks. */
    for (int i = 0; i < TRIES; i++) {
        if ((r = disk->size(disk->ctx, &n, name)) != ENT_OK)
            return r;
        if (n == 0)
            return ENT_E_NOTFOUND;
        if (n > b->max - b->n)
            return ENT_E_LIMIT;
        if ((r = ent_buf_reserve(b, &to, (size_t)n)) != ENT_OK)
            return r;
        r = disk->read(disk->ctx, to, (size_t)n, name, 0);
        if (r != ENT_OK && r != ENT_E_NOTFOUND)
            return r;
        if (r == ENT_OK && (r = disk->size(disk->ctx, &again, name)) != ENT_OK)
            return r;
        if (r == ENT_OK && again == n) {
            b->n += (size_t)n;
            return ENT_OK;
        }
    }
    return ENT_E_IO;
}
