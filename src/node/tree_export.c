/* tree_export.c: a log as a folder of tiles. */
#include "node/node.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>

struct export
{
    struct ent_reading *rd;
    struct ent_diag *d;
    char tmp[ENT_PATH_MAX];
    struct ent_buf bytes;
    uint64_t files;
};

/* The folders above it too. Durable all at once, at the end. */
static enum ent_err put(struct export *x, const char *name, struct ent_slice bytes)
{
    char path[ENT_PATH_MAX];
    enum ent_err r = ent_path_join(path, sizeof(path), x->tmp, name);
    if (r != ENT_OK)
        return ent_fail(x->d, r, "path too long", 0, 0);
    for (char *p = path + strlen(x->tmp) + 1; (p = strchr(p, '/')) != NULL; *p++ = '/') {
        *p = '\0';
        if (mkdir(path, 0755) != 0 && errno != EEXIST)
            return ent_fail_sys(x->d, "cannot make a directory");
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0)
        return ent_fail_sys(x->d, "cannot make a file");
    r = ent_fd_write(fd, bytes);
    if (close(fd) != 0 && r == ENT_OK)
        r = ent_err_from_errno(errno);
    x->files++;
    return r == ENT_OK ? r : ent_fail(x->d, r, "cannot write a file", 0, 0);
}

static enum ent_err put_tile(struct export *x, const struct ent_tile *t)
{
    char path[ENT_TILE_PATH_MAX];
    ent_buf_clear(&x->bytes);
    enum ent_err r = ent_tile_path(path, t);
    if (r == ENT_OK && (r = ent_tree_get(x->rd->tree, &x->bytes, *t)) != ENT_OK)
        return ent_fail(x->d, r, "a part of the log cannot be read: `entente log verify`", 0, 0);
    return r == ENT_OK ? put(x, path, ent_buf_slice(&x->bytes)) : r;
}

static enum ent_err put_level(struct export *x, bool entries, unsigned level)
{
    uint64_t count = x->rd->head_size >> (8 * level);
    enum ent_err r = ENT_OK;
    for (uint64_t n = 0; n * ENT_TILE_WIDTH < count && r == ENT_OK; n++) {
        uint64_t left = count - n * ENT_TILE_WIDTH;
        const struct ent_tile t = {.entries = entries,
                                   .level = level,
                                   .n = n,
                                   .width =
                                       left < ENT_TILE_WIDTH ? (unsigned)left : ENT_TILE_WIDTH};
        r = put_tile(x, &t);
    }
    return r;
}

static enum ent_err put_keys(struct export *x)
{
    struct ent_vkey key = {.type = ENT_SIG_NOTE, .pk = x->rd->key->pk};
    enum ent_err r;
    (void)snprintf(key.name, sizeof(key.name), "%s", x->rd->origin);
    ent_buf_clear(&x->bytes);
    if ((r = ent_vkey_encode(&x->bytes, &key)) != ENT_OK ||
        (r = ent_buf_putc(&x->bytes, '\n')) != ENT_OK ||
        (r = put(x, "vkey", ent_buf_slice(&x->bytes))) != ENT_OK)
        return r;
    ent_buf_clear(&x->bytes);
    if ((r = ent_policy_encode(&x->bytes, &x->rd->home->roster, x->rd->member->name)) != ENT_OK)
        return ent_fail(x->d, r, "cannot write the policy", 0, 0);
    return put(x, "policy", ent_buf_slice(&x->bytes));
}

static enum ent_err put_all(struct export *x)
{
    enum ent_err r = put_level(x, true, 0);
    for (unsigned level = 0; level <= ENT_TILE_LEVEL_MAX && r == ENT_OK; level++)
        r = put_level(x, false, level);
    if (r == ENT_OK && (r = put_keys(x)) == ENT_OK)
        r = put(x, "checkpoint", ent_buf_slice(&x->rd->head));
    if (r != ENT_OK)
        return r;
    int fd = open(x->tmp, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || syncfs(fd) != 0)
        r = ent_fail_sys(x->d, "cannot make sure that it is on the disk");
    if (fd >= 0)
        (void)close(fd);
    return r;
}

static int unmake(const char *path, const struct stat *st, int what, struct FTW *at)
{
    (void)st;
    (void)what;
    (void)at;
    (void)remove(path);
    return 0;
}

enum ent_err ent_tree_export(struct ent_reading *rd, struct ent_diag *d, const char *dir,
                             uint64_t *ret_files)
{
    struct export x = {.rd = rd, .d = d};
    enum ent_err r;
    if (rd->tree == NULL || rd->head.n == 0 || rd->head_size == 0)
        return ent_fail(d, ENT_E_NOTFOUND, "there are no entries of this log here", 0, 0);
    if (rd->head_size > rd->size)
        return ent_fail(d, ENT_E_STATE,
                        "entries below the newest head are not here yet: `entente serve` fetches "
                        "them",
                        0, 0);
    int n = snprintf(x.tmp, sizeof(x.tmp), "%s", dir);
    while (n > 1 && n < (int)sizeof(x.tmp) && x.tmp[n - 1] == '/')
        x.tmp[--n] = '\0';
    if (n < 1 || n >= (int)sizeof(x.tmp) - 16)
        return ent_fail(d, ENT_E_LIMIT, "path too long", 0, 0);
    char *to = strdup(x.tmp);
    if (to == NULL)
        return ent_fail(d, ENT_E_NOMEM, "out of memory", 0, 0);
    memcpy(x.tmp + n, ".new-XXXXXX", sizeof(".new-XXXXXX"));
    ent_buf_init(&x.bytes, (size_t)ENT_TILE_WIDTH * (ENT_ENTRY_MAX + 2u));
    if (mkdtemp(x.tmp) == NULL) {
        r = ent_fail_sys(d, "cannot make a directory");
        goto out;
    }
    (void)chmod(x.tmp, 0755);
    r = put_all(&x);
    if (r == ENT_OK && rename(x.tmp, to) != 0) { /* which replaces nothing but an empty directory */
        int sys = errno;
        r = ent_fail_sys(d, "cannot make the directory");
        if (sys == ENOTEMPTY || sys == EEXIST || sys == ENOTDIR)
            r = ent_fail(d, ENT_E_EXISTS, "there is something already, and nothing is overwritten",
                         0, 0);
    }
    if (r != ENT_OK)
        (void)nftw(x.tmp, unmake, 16, FTW_DEPTH | FTW_PHYS);
    else
        *ret_files = x.files;
out:
    ent_buf_release(&x.bytes);
    free(to);
    return r;
}
