/* files.c: see files.h. */
#include "node/node.h"
#include "node/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

/* --- folders -----------------------------------------------------------------------------------
 */

static int open_plain(int dir, const char *path)
{
    return openat(dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* The folder of the first n bytes of name, and what stands behind its '/'. */
static int open_above(const struct ent_files *f, const char *name, size_t n, const char **ret_last)
{
    char path[ENT_DISK_NAME_MAX];
    const char *slash = memrchr(name, '/', n);
    (void)snprintf(path, sizeof(path), "%.*s", slash == NULL ? 1 : (int)(slash - name),
                   slash == NULL ? "." : name);
    *ret_last = slash == NULL ? name : slash + 1;
    return f->folder(f->dir, path);
}

/* Every folder above name, each of them synced into its own. */
static enum ent_err make_folders(const struct ent_files *f, const char *name)
{
    char path[ENT_DISK_NAME_MAX];
    const char *last;
    for (const char *slash = strchr(name, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        (void)snprintf(path, sizeof(path), "%.*s", (int)(slash - name), name);
        int fd = open_above(f, path, strlen(path), &last);
        if (fd < 0)
            return ent_err_from_errno(errno);
        enum ent_err e = ENT_OK;
        if (mkdirat(fd, last, 0700) == 0)
            e = ent_dir_sync(fd, NULL);
        else if (errno != EEXIST)
            e = ent_err_from_errno(errno);
        (void)close(fd);
        if (e != ENT_OK)
            return e;
    }
    return ENT_OK;
}

/* The caller closes *ret_fd. */
static enum ent_err open_folder(const struct ent_files *f, int *ret_fd, const char **ret_last,
                                const char *name, bool make)
{
    if (!ent_disk_name_is_valid(name))
        return ENT_E_FORMAT;
    int fd = open_above(f, name, strlen(name), ret_last);
    if (fd < 0 && errno == ENOENT && make) {
        enum ent_err e = make_folders(f, name);
        if (e != ENT_OK)
            return e;
        fd = open_above(f, name, strlen(name), ret_last);
    }
    *ret_fd = fd;
    return fd < 0 ? ent_err_from_errno(errno) : ENT_OK;
}

/* --- files -------------------------------------------------------------------------------------
 */

static enum ent_err open_file(void *ctx, int *ret_fd, const char *name, enum ent_open_how how)
{
    const bool make = how == ENT_OPEN_MAKE || how == ENT_OPEN_LOCK;
    /* Without O_NONBLOCK a pipe would be waited for. */
    const int flags = (how == ENT_OPEN_READ ? O_RDONLY : O_RDWR) | (make ? O_CREAT : 0) |
                      O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
    const char *last;
    struct stat st;
    int above = -1;
    enum ent_err e = open_folder(ctx, &above, &last, name, make);
    if (e != ENT_OK)
        return e;
    int fd = openat(above, last, flags, 0600);
    if (fd < 0)
        e = ent_err_from_errno(errno);
    (void)close(above);
    if (e != ENT_OK)
        return e;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        (void)close(fd);
        errno = EINVAL;
        return ENT_E_IO;
    }
    *ret_fd = fd;
    return ENT_OK;
}

static enum ent_err look(const struct ent_files *f, struct stat *st, const char *name)
{
    const bool strict = f->folder != open_plain;
    const char *last = name;
    int above = f->dir;
    enum ent_err e = ENT_OK;
    if (strict && (e = open_folder(f, &above, &last, name, false)) != ENT_OK)
        return e;
    if (fstatat(above, last, st, AT_SYMLINK_NOFOLLOW) != 0)
        e = ent_err_from_errno(errno);
    if (strict)
        (void)close(above);
    return e;
}

static enum ent_err identify(void *ctx, struct ent_file_id *ret, const char *name)
{
    struct stat st;
    enum ent_err e = look(ctx, &st, name);
    if (e == ENT_OK)
        *ret = (struct ent_file_id){.dev = st.st_dev, .ino = st.st_ino};
    return e;
}

static enum ent_err settle(void *ctx, const char *name)
{
    const char *last;
    int above = -1;
    enum ent_err e = open_folder(ctx, &above, &last, name, false);
    if (e != ENT_OK)
        return e;
    e = ent_dir_sync(above, NULL);
    (void)close(above);
    return e;
}

static enum ent_err remove_name(void *ctx, const char *name)
{
    const char *last;
    int above = -1;
    enum ent_err e = open_folder(ctx, &above, &last, name, false);
    if (e != ENT_OK)
        return e;
    if (unlinkat(above, last, 0) != 0 &&
        (errno != EISDIR || unlinkat(above, last, AT_REMOVEDIR) != 0))
        e = ent_err_from_errno(errno);
    (void)close(above);
    return e;
}

/* --- whole files -------------------------------------------------------------------------------
 */

/* Whether fd, of which this process has the lock, is what has this name, and no other has. What was
 * left by a process that died between link() and unlink() has two, and must not be written to. */
static bool is_mine(int above, int fd, const char *tmp)
{
    struct stat mine, there;
    if (fstat(fd, &mine) != 0 || fstatat(above, tmp, &there, AT_SYMLINK_NOFOLLOW) != 0 ||
        mine.st_ino != there.st_ino || mine.st_dev != there.st_dev)
        return false; /* it became the real one while we waited */
    if (mine.st_nlink == 1)
        return true;
    (void)unlinkat(above, tmp, 0);
    return false;
}

/* The new file under another name, which one process at a time may have. */
static enum ent_err lock_new(int above, int *ret_fd, const char *tmp)
{
    for (;;) {
        int fd = openat(above, tmp, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
            return ent_err_from_errno(errno);
        while (flock(fd, LOCK_EX) != 0)
            if (errno != EINTR) {
                enum ent_err e = ent_err_from_errno(errno);
                (void)close(fd);
                return e;
            }
        if (is_mine(above, fd, tmp)) {
            *ret_fd = fd;
            return ENT_OK;
        }
        (void)close(fd);
    }
}

static enum ent_err sync_fd(int fd)
{
    while (fdatasync(fd) != 0)
        if (errno != EINTR)
            return ent_err_from_errno(errno);
    return ENT_OK;
}

/* Under its name: over what is there, or only where nothing is. */
static enum ent_err put_in_place(int above, const char *tmp, const char *last, bool over)
{
    if (over)
        return renameat(above, tmp, above, last) == 0 ? ENT_OK : ent_err_from_errno(errno);
    if (linkat(above, tmp, above, last, 0) != 0) /* which never replaces */
        return ent_err_from_errno(errno);
    (void)unlinkat(above, tmp, 0);
    return ENT_OK;
}

static enum ent_err write_whole(int above, const char *last, const char *tmp, bool over,
                                struct ent_slice bytes)
{
    int fd = -1, sys;
    enum ent_err e = lock_new(above, &fd, tmp);
    if (e != ENT_OK)
        return e;
    if (ftruncate(fd, 0) != 0)
        e = ent_err_from_errno(errno);
    else if ((e = ent_fd_write(fd, bytes)) == ENT_OK && (e = sync_fd(fd)) == ENT_OK)
        e = put_in_place(above, tmp, last, over);
    sys = errno;
    if (e != ENT_OK)
        (void)unlinkat(above, tmp, 0);
    (void)close(fd);
    errno = sys;
    if (e != ENT_OK)
        return e;
    /* The new one may be there already: that it does not fit must not look like "not there". */
    return ent_dir_sync(above, NULL) == ENT_OK ? ENT_OK : ENT_E_IO;
}

static enum ent_err put_file(const struct ent_files *f, const char *name, bool over,
                             struct ent_slice bytes)
{
    char tmp[ENT_DISK_NAME_MAX];
    const char *last;
    struct stat st;
    int above = -1;
    if (strlen(name) + 4 >= sizeof(tmp))
        return ENT_E_FORMAT;
    enum ent_err e = open_folder(f, &above, &last, name, true);
    if (e != ENT_OK)
        return e;
    (void)snprintf(tmp, sizeof(tmp), "%s.new", last);
    if (!over && fstatat(above, last, &st, AT_SYMLINK_NOFOLLOW) == 0)
        e = ENT_E_EXISTS; /* as link() would find after all the work */
    else
        e = write_whole(above, last, tmp, over, bytes);
    (void)close(above);
    return e;
}

static enum ent_err replace(void *ctx, const char *name, struct ent_slice bytes)
{
    return put_file(ctx, name, true, bytes);
}

static enum ent_err create(void *ctx, const char *name, struct ent_slice bytes)
{
    return put_file(ctx, name, false, bytes);
}

/* --- names -------------------------------------------------------------------------------------
 */

static int is_listed(const struct dirent *e)
{
    return ent_disk_name_is_valid(e->d_name);
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static enum ent_err list(void *ctx, struct ent_buf *ret, const char *folder)
{
    const struct ent_files *f = ctx;
    struct dirent **name = NULL;
    const size_t before = ret->n;
    enum ent_err e = ENT_OK;
    if (!ent_disk_name_is_valid(folder))
        return ENT_E_FORMAT;
    int fd = f->folder(f->dir, folder);
    if (fd < 0)
        return ent_err_from_errno(errno);
    int n = scandirat(fd, ".", &name, is_listed, by_bytes);
    if (n < 0)
        e = ent_err_from_errno(errno);
    (void)close(fd);
    for (int i = 0; i < n; i++) {
        if (e == ENT_OK && (e = ent_buf_puts(ret, name[i]->d_name)) == ENT_OK)
            e = ent_buf_putc(ret, '\n');
        free(name[i]);
    }
    free(name);
    if (e != ENT_OK)
        ret->n = before;
    return e;
}

/* -----------------------------------------------------------------------------------------------
 */

enum ent_err ent_files_open(struct ent_files *f, struct ent_diag *d, const char *dir,
                            int (*folder)(int dir, const char *path))
{
    *f = (struct ent_files){.opener = {.ctx = f,
                                       .open = open_file,
                                       .identify = identify,
                                       .settle = settle,
                                       .replace = replace,
                                       .create = create,
                                       .remove = remove_name,
                                       .list = list},
                            .folder = folder != NULL ? folder : open_plain};
    f->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return f->dir < 0 ? ent_fail_sys(d, "cannot open the directory") : ENT_OK;
}

void ent_files_close(struct ent_files *f)
{
    if (f->dir >= 0)
        (void)close(f->dir);
    f->dir = -1;
}

enum ent_err ent_disk_open(struct ent_disk_real *r, struct ent_diag *d, const char *dir)
{
    enum ent_err e = ent_files_open(&r->files, d, dir, NULL);
    if (e != ENT_OK)
        return e;
    ent_disk_cache_init(&r->cache, &r->files.opener);
    r->disk = r->cache.disk;
    return ENT_OK;
}

void ent_disk_close(struct ent_disk_real *r)
{
    ent_disk_cache_release(&r->cache);
    ent_files_close(&r->files);
}
