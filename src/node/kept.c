/* kept.c: words of members, as they lie on the disk. */
#include "node/node.h"

enum ent_err ent_kept_write(const struct ent_disk *disk, const char *name, struct ent_slice bytes,
                            bool replace, struct ent_diag *d)
{
    struct ent_buf file;
    ent_buf_init(&file, ENT_DELIVERY_MAX + ENT_CHECK_LINE);
    enum ent_err r = ent_buf_put_slice(&file, bytes);
    if (r == ENT_OK && (r = ent_check_add(&file)) == ENT_OK)
        r = (replace ? disk->replace : disk->create)(disk->ctx, name, ent_buf_slice(&file));
    if (r != ENT_OK)
        r = ent_disk_fail(d, r, "cannot keep what was said");
    ent_buf_release(&file);
    return r;
}

enum ent_err ent_kept_read(struct ent_buf *ret, const struct ent_disk *disk, const char *name)
{
    struct ent_buf file;
    ent_buf_init(&file, ENT_DELIVERY_MAX + ENT_CHECK_LINE);
    enum ent_err r = ent_disk_whole(disk, &file, name);
    struct ent_slice said = ent_buf_slice(&file);
    if (r == ENT_OK)
        r = ent_check_take(&said) == ENT_OK ? ent_buf_put_slice(ret, said) : ENT_E_AUTH;
    ent_buf_release(&file);
    return r == ENT_E_LIMIT ? ENT_E_AUTH : r;
}
