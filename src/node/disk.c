/* disk.c: files that are written in place and kept open. */
#include "node/node.h"
#include "node/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

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
static enum ent_err place(struct ent_disk_cache *c, struct ent_disk_file **ret)
{
    struct ent_disk_file *best = NULL;
    for (size_t i = 0; i < ENT_DISK_OPEN_MAX; i++) {
        struct ent_disk_file *f = &c->file[i];
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

/* Let go of it when nobody uses it any more. */
static void set_stale(struct ent_disk_file *f)
{
    f->stale = true;
    if (f->users == 0)
        forget(f);
}

/* One that is open, and may what is wanted. One that may only be read makes way for a writer. */
static struct ent_disk_file *find(struct ent_disk_cache *c, const char *name, bool writes)
{
    for (size_t i = 0; i < ENT_DISK_OPEN_MAX; i++) {
        struct ent_disk_file *f = &c->file[i];
        if (f->fd < 0 || f->stale || strcmp(f->name, name) != 0)
            continue;
        if (f->writes || !writes)
            return f;
        set_stale(f);
    }
    return NULL;
}

/* With the lock held. */
static enum ent_err take_locked(struct ent_disk_cache *c, struct ent_disk_file **ret,
                                const char *name, enum ent_open_how how)
{
    struct ent_disk_file *f = find(c, name, how != ENT_OPEN_READ);
    struct stat st;
    int fd = -1;
    enum ent_err e = ENT_OK;
    if (f == NULL && (e = place(c, &f)) == ENT_OK &&
        (e = c->opener->open(c->opener->ctx, &fd, name, how)) == ENT_OK) {
        if (fstat(fd, &st) != 0) {
            (void)close(fd);
            return ENT_E_IO;
        }
        *f = (struct ent_disk_file){
            .fd = fd, .id = {.dev = st.st_dev, .ino = st.st_ino}, .writes = how != ENT_OPEN_READ};
        (void)snprintf(f->name, sizeof(f->name), "%s", name);
    }
    if (e == ENT_OK)
        *ret = f;
    return e;
}

/* Each taken file is given back. */
static enum ent_err take(struct ent_disk_cache *c, struct ent_disk_file **ret, const char *name,
                         enum ent_open_how how)
{
    if (!ent_disk_name_is_valid(name))
        return ENT_E_FORMAT;
    (void)pthread_mutex_lock(&c->lock);
    enum ent_err e = take_locked(c, ret, name, how);
    if (e == ENT_OK) {
        (*ret)->users++;
        (*ret)->used = ++c->calls;
    }
    (void)pthread_mutex_unlock(&c->lock);
    return e;
}

static void give_back(struct ent_disk_cache *c, struct ent_disk_file *f)
{
    (void)pthread_mutex_lock(&c->lock);
    if (--f->users == 0 && f->stale)
        forget(f);
    (void)pthread_mutex_unlock(&c->lock);
}

/* Before the first write or sync: whoever made the file may have died before it was in its folder
 * for good. */
static enum ent_err settle(struct ent_disk_cache *c, struct ent_disk_file *f)
{
    (void)pthread_mutex_lock(&c->lock);
    bool settled = f->settled;
    (void)pthread_mutex_unlock(&c->lock);
    if (settled)
        return ENT_OK;
    enum ent_err e = c->opener->settle(c->opener->ctx, f->name);
    (void)pthread_mutex_lock(&c->lock);
    f->settled = e == ENT_OK;
    (void)pthread_mutex_unlock(&c->lock);
    return e;
}

static void set_dirty(struct ent_disk_cache *c, struct ent_disk_file *f, bool dirty)
{
    (void)pthread_mutex_lock(&c->lock);
    f->dirty = dirty;
    (void)pthread_mutex_unlock(&c->lock);
}

/* With the lock held. */
static bool is_open(const struct ent_disk_cache *c, const char *name)
{
    for (size_t i = 0; i < ENT_DISK_OPEN_MAX; i++)
        if (c->file[i].fd >= 0 && !c->file[i].stale && strcmp(c->file[i].name, name) == 0)
            return true;
    return false;
}

/* If somebody replaced or removed the file, let go of the old one; also when nobody can say. */
static void look_again(struct ent_disk_cache *c, const char *name)
{
    struct ent_file_id id = {0, 0};
    (void)pthread_mutex_lock(&c->lock);
    bool open = is_open(c, name);
    (void)pthread_mutex_unlock(&c->lock);
    if (!open)
        return;
    int sys = errno;
    bool there = c->opener->identify(c->opener->ctx, &id, name) == ENT_OK;
    (void)pthread_mutex_lock(&c->lock);
    for (size_t i = 0; i < ENT_DISK_OPEN_MAX; i++) {
        struct ent_disk_file *f = &c->file[i];
        if (f->fd >= 0 && !f->stale && strcmp(f->name, name) == 0 &&
            (!there || id.dev != f->id.dev || id.ino != f->id.ino))
            set_stale(f);
    }
    (void)pthread_mutex_unlock(&c->lock);
    errno = sys; /* of what was done before */
}

/* --- struct ent_disk ---------------------------------------------------------------------------
 */

static enum ent_err disk_size(void *ctx, uint64_t *ret, const char *name)
{
    struct ent_disk_cache *c = ctx;
    struct ent_disk_file *f;
    struct stat st;
    if (!ent_disk_name_is_valid(name))
        return ENT_E_FORMAT;
    look_again(c, name);
    enum ent_err e = take(c, &f, name, ENT_OPEN_READ);
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
    give_back(c, f);
    return e;
}

static enum ent_err disk_read(void *ctx, void *ret, size_t n, const char *name, uint64_t offset)
{
    struct ent_disk_cache *c = ctx;
    struct ent_disk_file *f;
    uint8_t *to = ret;
    if (offset > INT64_MAX - n)
        return ENT_E_NOTFOUND;
    enum ent_err e = take(c, &f, name, ENT_OPEN_READ);
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
    give_back(c, f);
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
    struct ent_disk_cache *c = ctx;
    struct ent_disk_file *f;
    enum ent_err e = take(c, &f, name, ENT_OPEN_MAKE);
    if (e != ENT_OK)
        return e;
    set_dirty(c, f, true);
    if ((e = settle(c, f)) == ENT_OK)
        e = write_at(f->fd, offset, bytes);
    give_back(c, f);
    return e;
}

static enum ent_err disk_cut(void *ctx, const char *name, uint64_t size)
{
    struct ent_disk_cache *c = ctx;
    struct ent_disk_file *f;
    struct stat st;
    enum ent_err e = take(c, &f, name, ENT_OPEN_WRITE);
    if (e == ENT_E_NOTFOUND && size == 0)
        return ENT_OK;
    if (e != ENT_OK)
        return e;
    set_dirty(c, f, true);
    if (fstat(f->fd, &st) != 0)
        e = ent_err_from_errno(errno);
    else if (size > (uint64_t)st.st_size)
        e = ENT_E_STATE;
    else
        while (ftruncate(f->fd, (off_t)size) != 0 && e == ENT_OK)
            if (errno != EINTR)
                e = ent_err_from_errno(errno);
    give_back(c, f);
    return e;
}

static enum ent_err disk_sync(void *ctx, const char *name)
{
    struct ent_disk_cache *c = ctx;
    struct ent_disk_file *f;
    enum ent_err e = take(c, &f, name, ENT_OPEN_READ);
    if (e != ENT_OK)
        return e;
    set_dirty(c, f, false); /* first: what is written meanwhile is not synced by this */
    if ((e = settle(c, f)) == ENT_OK)
        e = sync_fd(f->fd);
    give_back(c, f);
    return e;
}

static enum ent_err disk_replace(void *ctx, const char *name, struct ent_slice bytes)
{
    struct ent_disk_cache *c = ctx;
    if (!ent_disk_name_is_valid(name))
        return ENT_E_FORMAT;
    enum ent_err e = c->opener->replace(c->opener->ctx, name, bytes);
    look_again(c, name);
    return e;
}

static enum ent_err disk_create(void *ctx, const char *name, struct ent_slice bytes)
{
    struct ent_disk_cache *c = ctx;
    if (!ent_disk_name_is_valid(name))
        return ENT_E_FORMAT;
    return c->opener->create(c->opener->ctx, name, bytes);
}

static enum ent_err disk_remove(void *ctx, const char *name)
{
    struct ent_disk_cache *c = ctx;
    if (!ent_disk_name_is_valid(name))
        return ENT_E_FORMAT;
    enum ent_err e = c->opener->remove(c->opener->ctx, name);
    look_again(c, name);
    return e;
}

static enum ent_err disk_list(void *ctx, struct ent_buf *ret, const char *folder)
{
    struct ent_disk_cache *c = ctx;
    if (!ent_disk_name_is_valid(folder))
        return ENT_E_FORMAT;
    return c->opener->list(c->opener->ctx, ret, folder);
}

/* --- locks -------------------------------------------------------------------------------------
 */

static void forget_lock(struct ent_disk_lock_file *l)
{
    if (l->fd >= 0)
        (void)close(l->fd);
    l->fd = -1;
    l->held = false;
}

/* Open, with the lock held. Whoever unlocks what is not locked begins anew: the file may be another
 * one by now. */
static enum ent_err take_lock(struct ent_disk_cache *c, struct ent_disk_lock_file **ret,
                              const char *name, enum ent_disk_lock how)
{
    struct ent_disk_lock_file *l = NULL;
    for (size_t i = 0; i < ENT_DISK_LOCKS; i++) {
        struct ent_disk_lock_file *o = &c->locked[i];
        if (o->fd >= 0 && strcmp(o->name, name) == 0) {
            l = o;
            break;
        }
        l = o->fd < 0 ? o : l;
    }
    if (l == NULL)
        return ENT_E_LIMIT;
    if (how == ENT_DISK_UNLOCKED && !l->held)
        forget_lock(l);
    *ret = l;
    if (l->fd >= 0)
        return ENT_OK;
    (void)snprintf(l->name, sizeof(l->name), "%s", name);
    return c->opener->open(c->opener->ctx, &l->fd, name, ENT_OPEN_LOCK);
}

static enum ent_err disk_lock(void *ctx, const char *name, enum ent_disk_lock how)
{
    struct ent_disk_cache *c = ctx;
    struct ent_disk_lock_file *l = NULL;
    const int op = how == ENT_DISK_SHARED ? LOCK_SH : how == ENT_DISK_EXCLUSIVE ? LOCK_EX : LOCK_UN;
    if (!ent_disk_name_is_valid(name))
        return ENT_E_FORMAT;
    (void)pthread_mutex_lock(&c->lock);
    enum ent_err e = take_lock(c, &l, name, how);
    bool nothing = e == ENT_OK && how == ENT_DISK_UNLOCKED && !l->held;
    if (e == ENT_OK)
        l->held = how != ENT_DISK_UNLOCKED;
    (void)pthread_mutex_unlock(&c->lock);
    while (e == ENT_OK && !nothing && flock(l->fd, op) != 0)
        if (errno != EINTR)
            e = ent_err_from_errno(errno);
    return e;
}

/* -----------------------------------------------------------------------------------------------
 */

void ent_disk_cache_init(struct ent_disk_cache *c, const struct ent_opener *opener)
{
    *c = (struct ent_disk_cache){.disk = {.ctx = c,
                                          .size = disk_size,
                                          .read = disk_read,
                                          .write = disk_write,
                                          .cut = disk_cut,
                                          .sync = disk_sync,
                                          .replace = disk_replace,
                                          .create = disk_create,
                                          .remove = disk_remove,
                                          .list = disk_list,
                                          .lock = disk_lock},
                                 .opener = opener};
    for (size_t i = 0; i < ENT_DISK_OPEN_MAX; i++)
        c->file[i].fd = -1;
    for (size_t i = 0; i < ENT_DISK_LOCKS; i++)
        c->locked[i].fd = -1;
    (void)pthread_mutex_init(&c->lock, NULL);
}

void ent_disk_cache_release(struct ent_disk_cache *c)
{
    for (size_t i = 0; i < ENT_DISK_OPEN_MAX; i++)
        forget(&c->file[i]);
    for (size_t i = 0; i < ENT_DISK_LOCKS; i++)
        forget_lock(&c->locked[i]);
    (void)pthread_mutex_destroy(&c->lock);
}
