/* kept.c: words of members, as they lie on the disk. */
#include "node/node.h"

enum ent_err ent_kept_write(const char *path, struct ent_slice bytes, bool replace,
                            struct ent_diag *d)
{
    struct ent_buf file;
    ent_buf_init(&file, ENT_DELIVERY_MAX + ENT_CHECK_LINE);
    enum ent_err r = ent_buf_put_slice(&file, bytes);
    if (r == ENT_OK && (r = ent_check_add(&file)) == ENT_OK)
        r = replace ? ent_file_write(path, ent_buf_slice(&file), 0600, d)
                    : ent_file_create(path, ent_buf_slice(&file), 0600, d);
    ent_buf_release(&file);
    return r;
}

enum ent_err ent_kept_read(struct ent_buf *ret, const char *path)
{
    struct ent_buf file;
    ent_buf_init(&file, ENT_DELIVERY_MAX + ENT_CHECK_LINE);
    enum ent_err r = ent_file_read(&file, NULL, path);
    struct ent_slice said = ent_buf_slice(&file);
    if (r == ENT_OK)
        r = ent_check_take(&said) == ENT_OK ? ent_buf_put_slice(ret, said) : ENT_E_AUTH;
    ent_buf_release(&file);
    return r == ENT_E_LIMIT ? ENT_E_AUTH : r;
}
