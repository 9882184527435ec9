/* record.c: the record of each match, in files of its own. */
#include "node/node.h"

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

static enum ent_err run_dir(const struct ent_home *h, char ret[static ENT_PATH_MAX], const char *id)
{
    char under[64];
    int n = snprintf(under, sizeof(under), "runs/%s", id);
    return n < 0 || (size_t)n >= sizeof(under) ? ENT_E_LIMIT : ent_home_path(h, ret, under);
}

enum ent_err ent_home_run_file(const struct ent_home *h, struct ent_diag *d, const char *id,
                               const char *name, struct ent_slice bytes)
{
    char dir[ENT_PATH_MAX], path[ENT_PATH_MAX];
    enum ent_err r;
    if ((r = run_dir(h, dir, id)) != ENT_OK ||
        (r = ent_path_join(path, sizeof(path), dir, name)) != ENT_OK)
        return ent_fail(d, r, "path too long", 0, 0);
    if (mkdir(dir, 0700) != 0 && errno != EEXIST)
        return ent_fail_sys(d, "cannot make a directory");
    return ent_file_write(path, bytes, 0600, d);
}

void ent_home_run_drop(const struct ent_home *h, const char *id)
{
    char path[ENT_PATH_MAX];
    struct dirent *e;
    DIR *dir = run_dir(h, path, id) == ENT_OK ? opendir(path) : NULL;
    if (dir == NULL)
        return;
    while ((e = readdir(dir)) != NULL)
        (void)unlinkat(dirfd(dir), e->d_name, 0); /* fails for "." and "..", which stay */
    (void)closedir(dir);
    (void)rmdir(path);
}
