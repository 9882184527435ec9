/* disk.c: see disk.h. */
#include "ledger/disk.h"

#include <errno.h>

#define TRIES 8

static bool ends_part(char c)
{
    return c == '/' || c == '\0';
}

/* Names are ours, but parts of them were somebody's name once. */
bool ent_disk_name_is_valid(const char *name)
{
    char before = '/';
    size_t n = 0;
    for (; name[n] != '\0'; before = name[n++]) {
        char c = name[n];
        bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
                     (c == '.' && before != '/') || (c == '/' && before != '/');
        if (!plain || n + 1 >= ENT_DISK_NAME_MAX)
            return false;
        if (c == '.' && strncmp(name + n, ".new", 4) == 0 && ends_part(name[n + 4]))
            return false;
    }
    return n > 0 && before != '/';
}

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

enum ent_err ent_disk_whole(const struct ent_disk *disk, struct ent_buf *b, const char *name)
{
    uint64_t n;
    for (int i = 0; i < TRIES; i++) {
        enum ent_err r = disk->read(disk->ctx, NULL, 0, name, 0);
        if (r != ENT_OK || (r = ent_disk_load(disk, b, name)) != ENT_E_NOTFOUND ||
            (r = disk->read(disk->ctx, NULL, 0, name, 0)) != ENT_OK ||
            (r = disk->size(disk->ctx, &n, name)) != ENT_OK)
            return r;
        if (n == 0)
            return ENT_OK;
        /* There was none for a moment. */
    }
    return ENT_E_IO;
}

enum ent_err ent_disk_fail(struct ent_diag *d, enum ent_err e, const char *text)
{
    int sys = errno;
    if (d != NULL)
        *d = (struct ent_diag){.text = text, .sys = e == ENT_E_IO || e == ENT_E_FULL ? sys : 0};
    return e;
}
