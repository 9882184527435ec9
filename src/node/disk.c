/* disk.c: files below a directory, written in place and kept open. */
#include "node/node.h"
#include "node/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

/* Names are ours, but parts of them were somebody's name once. */
static bool name_is_valid(const char *name)
{
    char before = '/';
    size_t n = 0;
    for (; name[n] != '\0'; before = name[n++]) {
        char c = name[n];
        bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
                     (c == '.' && before != '/') || (c == '/' && before != '/');
        if (!plain || n + 1 >= ENT_DISK_NAME_MAX)
            return false;
    }
    return n > 0 && before != '/';
}

/* --- folders -----------------------------------------------------------------------------------
 */

static enum ent_err sync_dir(int at, const char *path)
{
    int fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return ent_err_from_errno(errno);
    enum ent_err e = ent_dir_sync(fd, NULL);
    (void)close(fd);
    return e;
}

/* The folder of name, or "." */
static void parent_of(char ret[static ENT_DISK_NAME_MAX], const char *name)
{
    const char *slash = strrchr(name, '/');
    (void)snprintf(ret, ENT_DISK_NAME_MAX, "%.*s", slash == NULL ? 1 : (int)(slash - name),
                   slash == NULL ? "." : name);
}

/* Every folder above name, each of them synced into its own. */
static enum ent_err make_parents(const struct ent_disk_real *r, const char *name)
{
    char path[ENT_DISK_NAME_MAX], above[ENT_DISK_NAME_MAX];
    for (const char *slash = strchr(name, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        (void)snprintf(path, sizeof(path), "%.*s", (int)(slash - name), name);
        if (mkdirat(r->dir, path, 0700) != 0) {
            if (errno == EEXIST)
                continue;
            return ent_err_from_errno(errno);
        }
        parent_of(above, path);
        enum ent_err e = sync_dir(r->dir, above);
        if (e != ENT_OK)
            return e;
    }
    return ENT_OK;
}

/* --- open files --------------------------------------------------------------------------------
 */

static enum ent_err sync_fd(int fd)
{
    while (fdatasync(fd) != 0)
        if (errno != EINTR)
            return ent_err_from_errno(errno);
    return ENT_OK;
}

static void forget(struct ent_disk_file *f)
{
    if (f->fd >= 0)
        (void)close(f->fd);
    f->fd = -1;
}

/* A place for one more: a free one, or that of the file which was not used for longest. What was
 * written to it is synced before it is closed, so that no error of the disk goes unseen. */
static enum ent_err place(struct ent_disk_real *r, struct ent_disk_file **ret)
{
    struct ent_disk_file *best = NULL;
    for (size_t i = 0; i < ENT_DISK_OPEN_MAX; i++) {
        struct ent_disk_file *f = &r->file[i];
        if (f->fd < 0) {
            *ret = f;
            return ENT_OK;
        }
        if (f->users == 0 && (best == NULL || f->dirty < best->dirty ||
                              (f->dirty == best->dirty && f->used < best->used)))
            best = f;
    }
    if (best == NULL)
        return ENT_E_LIMIT;
    if (best->dirty) {
        enum ent_err e = sync_fd(best->fd);
        if (e != ENT_OK)
            return e;
        best->dirty = false;
    }
    forget(best);
    *ret = best;
    return ENT_OK;
}

static int open_or_make(const struct ent_disk_real *r, const char *name, bool make,
                        enum ent_err *ret_err)
{
    const int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW;
    int fd = openat(r->dir, name, flags);
    *ret_err = fd < 0 ? ent_err_from_errno(errno) : ENT_OK;
    if (fd >= 0 || errno != ENOENT || !make)
        return fd;
    if ((*ret_err = make_parents(r, name)) != ENT_OK)
        return -1;
    if ((fd = openat(r->dir, name, flags | O_CREAT, 0600)) < 0)
        *ret_err = ent_err_from_errno(errno);
    return fd;
}

/* With the lock held. */
static enum ent_err take_locked(struct ent_disk_real *r, struct ent_disk_file **ret,
                                const char *name, bool make)
{
    struct ent_disk_file *f;
    struct stat st;
    enum ent_err e;
    for (size_t i = 0; i < ENT_DISK_OPEN_MAX; i++) {
        f = &r->file[i];
        if (f->fd >= 0 && !f->stale && strcmp(f->name, name) == 0) {
            *ret = f;
            return ENT_OK;
        }
    }
    if ((e = place(r, &f)) != ENT_OK)
        return e;
    int fd = open_or_make(r, name, make, &e);
    if (fd < 0)
        return e;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        (void)close(fd);
        return ENT_E_IO;
    }
    *f = (struct ent_disk_file){.fd = fd, .dev = st.st_dev, .ino = st.st_ino};
    (void)snprintf(f->name, sizeof(f->name), "%s", name);
    *ret = f;
    return ENT_OK;
}

/* Each taken file is given back. */
static enum ent_err take(struct ent_disk_real *r, struct ent_disk_file **ret, const char *name,
                         bool make)
{
    if (!name_is_valid(name))
        return ENT_E_FORMAT;
    (void)pthread_mutex_lock(&r->lock);
    enum ent_err e = take_locked(r, ret, name, make);
    if (e == ENT_OK) {
        (*ret)->users++;
        (*ret)->used = ++r->calls;
    }
    (void)pthread_mutex_unlock(&r->lock);
    return e;
}

static void give_back(struct ent_disk_real *r, struct ent_disk_file *f)
{
    (void)pthread_mutex_lock(&r->lock);
    if (--f->users == 0 && f->stale)
        forget(f);
    (void)pthread_mutex_unlock(&r->lock);
}

/* Before the first write: whoever made the file may have died before it was in its folder for good.
 */
static enum ent_err settle(struct ent_disk_real *r, struct ent_disk_file *f)
{
    char above[ENT_DISK_NAME_MAX];
    (void)pthread_mutex_lock(&r->lock);
    bool settled = f->settled;
    (void)pthread_mutex_unlock(&r->lock);
    if (settled)
        return ENT_OK;
    parent_of(above, f->name);
    enum ent_err e = sync_dir(r->dir, above);
    (void)pthread_mutex_lock(&r->lock);
    f->settled = e == ENT_OK;
    (void)pthread_mutex_unlock(&r->lock);
    return e;
}

static void set_dirty(struct ent_disk_real *r, struct ent_disk_file *f, bool dirty)
{
    (void)pthread_mutex_lock(&r->lock);
    f->dirty = dirty;
    (void)pthread_mutex_unlock(&r->lock);
}

/* If somebody replaced the file by another, let go of the old one. */
static void look_again(struct ent_disk_real *r, const char *name)
{
    struct stat st;
    bool there = fstatat(r->dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
    (void)pthread_mutex_lock(&r->lock);
    for (size_t i = 0; i < ENT_DISK_OPEN_MAX; i++) {
        struct ent_disk_file *f = &r->file[i];
        if (f->fd < 0 || f->stale || strcmp(f->name, name) != 0 ||
            (there && st.st_dev == f->dev && st.st_ino == f->ino))
            continue;
        f->stale = true;
        if (f->users == 0)
            forget(f);
    }
    (void)pthread_mutex_unlock(&r->lock);
}

/* --- struct ent_disk ---------------------------------------------------------------------------
 */

static enum ent_err disk_size(void *ctx, uint64_t *ret, const char *name)
{
    struct ent_disk_real *r = ctx;
    struct ent_disk_file *f;
    struct stat st;
    if (!name_is_valid(name))
        return ENT_E_FORMAT;
    look_again(r, name);
    enum ent_err e = take(r, &f, name, false);
    if (e == ENT_E_NOTFOUND) {
        *ret = 0;
        return ENT_OK;
    }
    if (e != ENT_OK)
        return e;
    if (fstat(f->fd, &st) != 0)
        e = ent_err_from_errno(errno);
    else
        *ret = (uint64_t)st.st_size;
    give_back(r, f);
    return e;
}

static enum ent_err disk_read(void *ctx, void *ret, size_t n, const char *name, uint64_t offset)
{
    struct ent_disk_real *r = ctx;
    struct ent_disk_file *f;
    uint8_t *to = ret;
    if (offset > INT64_MAX - n)
        return ENT_E_NOTFOUND;
    enum ent_err e = take(r, &f, name, false);
    if (e != ENT_OK)
        return e;
    while (n > 0 && e == ENT_OK) {
        ssize_t got = pread(f->fd, to, n, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            e = got == 0 ? ENT_E_NOTFOUND : ent_err_from_errno(errno);
            break;
        }
        to += got;
        offset += (uint64_t)got;
        n -= (size_t)got;
    }
    give_back(r, f);
    return e;
}

static enum ent_err write_at(int fd, uint64_t offset, struct ent_slice bytes)
{
    const uint64_t start = offset;
    struct stat st;
    if (fstat(fd, &st) != 0)
        return ent_err_from_errno(errno);
    if (offset > (uint64_t)st.st_size || offset > INT64_MAX - bytes.n)
        return ENT_E_STATE; /* it would be a hole */
    while (bytes.n > 0) {
        ssize_t n = pwrite(fd, bytes.p, bytes.n, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n == 0 ? ENT_E_IO : ent_err_from_errno(errno);
        bytes.p += n;
        bytes.n -= (size_t)n;
        offset += (uint64_t)n;
    }
    /* The disk begins with all files of a batch; what follows only waits for them. */
    (void)sync_file_range(fd, (off_t)start, (off_t)(offset - start), SYNC_FILE_RANGE_WRITE);
    return ENT_OK;
}

static enum ent_err disk_write(void *ctx, const char *name, uint64_t offset, struct ent_slice bytes)
{
    struct ent_disk_real *r = ctx;
    struct ent_disk_file *f;
    enum ent_err e = take(r, &f, name, true);
    if (e != ENT_OK)
        return e;
    set_dirty(r, f, true);
    if ((e = settle(r, f)) == ENT_OK)
        e = write_at(f->fd, offset, bytes);
    give_back(r, f);
    return e;
}

static enum ent_err disk_cut(void *ctx, const char *name, uint64_t size)
{
    struct ent_disk_real *r = ctx;
    struct ent_disk_file *f;
    struct stat st;
    enum ent_err e = take(r, &f, name, false);
    if (e == ENT_E_NOTFOUND && size == 0)
        return ENT_OK;
    if (e != ENT_OK)
        return e;
    set_dirty(r, f, true);
    if (fstat(f->fd, &st) != 0)
        e = ent_err_from_errno(errno);
    else if (size > (uint64_t)st.st_size)
        e = ENT_E_STATE;
    else
        while (ftruncate(f->fd, (off_t)size) != 0 && e == ENT_OK)
            if (errno != EINTR)
                e = ent_err_from_errno(errno);
    give_back(r, f);
    return e;
}

static enum ent_err disk_sync(void *ctx, const char *name)
{
    struct ent_disk_real *r = ctx;
    struct ent_disk_file *f;
    enum ent_err e = take(r, &f, name, false);
    if (e != ENT_OK)
        return e;
    set_dirty(r, f, false); /* first: what is written meanwhile is not synced by this */
    e = sync_fd(f->fd);
    give_back(r, f);
    return e;
}

/* The new file under another name, which one process at a time may have. */
static enum ent_err lock_new(const struct ent_disk_real *r, int *ret_fd, const char *tmp)
{
    struct stat mine, there;
    for (;;) {
        int fd = openat(r->dir, tmp, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
            return ent_err_from_errno(errno);
        while (flock(fd, LOCK_EX) != 0)
            if (errno != EINTR) {
                enum ent_err e = ent_err_from_errno(errno);
                (void)close(fd);
                return e;
            }
        if (fstat(fd, &mine) == 0 && fstatat(r->dir, tmp, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
            mine.st_ino == there.st_ino && mine.st_dev == there.st_dev) {
            *ret_fd = fd;
            return ENT_OK;
        }
        (void)close(fd); /* it became the real one while we waited */
    }
}

static enum ent_err replace_by(const struct ent_disk_real *r, const char *name, const char *tmp,
                               struct ent_slice bytes)
{
    char above[ENT_DISK_NAME_MAX];
    int fd = -1;
    enum ent_err e = lock_new(r, &fd, tmp);
    if (e != ENT_OK)
        return e;
    if (ftruncate(fd, 0) != 0)
        e = ent_err_from_errno(errno);
    else if ((e = ent_fd_write(fd, bytes)) == ENT_OK)
        e = sync_fd(fd);
    if (e == ENT_OK && renameat(r->dir, tmp, r->dir, name) != 0)
        e = ent_err_from_errno(errno);
    if (e != ENT_OK)
        (void)unlinkat(r->dir, tmp, 0);
    (void)close(fd);
    if (e != ENT_OK)
        return e;
    parent_of(above, name);
    /* The new one may be there already: that it does not fit must not look like "not there". */
    return sync_dir(r->dir, above) == ENT_OK ? ENT_OK : ENT_E_IO;
}

static enum ent_err disk_replace(void *ctx, const char *name, struct ent_slice bytes)
{
    struct ent_disk_real *r = ctx;
    char tmp[ENT_DISK_NAME_MAX + 8];
    enum ent_err e;
    int n = snprintf(tmp, sizeof(tmp), "%s.new", name);
    if (!name_is_valid(name) || n < 0 || (size_t)n >= ENT_DISK_NAME_MAX)
        return ENT_E_FORMAT;
    if ((e = make_parents(r, name)) == ENT_OK)
        e = replace_by(r, name, tmp, bytes);
    look_again(r, name);
    return e;
}

enum ent_err ent_disk_open(struct ent_disk_real *r, struct ent_diag *d, const char *dir)
{
    *r = (struct ent_disk_real){.disk = {.ctx = r,
                                         .size = disk_size,
                                         .read = disk_read,
                                         .write = disk_write,
                                         .cut = disk_cut,
                                         .sync = disk_sync,
                                         .replace = disk_replace}};
    for (size_t i = 0; i < ENT_DISK_OPEN_MAX; i++)
        r->file[i].fd = -1;
    r->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (r->dir < 0)
        return ent_fail_sys(d, "cannot open the directory");
    (void)pthread_mutex_init(&r->lock, NULL);
    return ENT_OK;
}

void ent_disk_close(struct ent_disk_real *r)
{
    for (size_t i = 0; i < ENT_DISK_OPEN_MAX; i++)
        forget(&r->file[i]);
    (void)pthread_mutex_destroy(&r->lock);
    (void)close(r->dir);
    r->dir = -1;
}
