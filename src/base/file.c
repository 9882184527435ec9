/* file.c: atomic, durable replacement of small files. */
#include "base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

enum ent_err ent_path_join(char *ret, size_t cap, const char *dir, const char *name)
{
    int n = snprintf(ret, cap, "%s/%s", dir, name);
    return n < 0 || (size_t)n >= cap ? ENT_E_LIMIT : ENT_OK;
}

enum ent_err ent_file_read(struct ent_buf *b, struct ent_diag *d, const char *path)
{
    enum ent_err r = ENT_OK;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return ent_fail_sys(d, "cannot open");
    for (;;) {
        uint8_t chunk[16384];
        ssize_t n = read(fd, chunk, sizeof(chunk));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            r = ent_fail_sys(d, "cannot read");
        else if (n > 0 && (r = ent_buf_put(b, chunk, (size_t)n)) != ENT_OK)
            r = ent_fail(d, r, "file too large", 0, b->n);
        ent_wipe(chunk, n > 0 ? (size_t)n : 0); /* it may have been a key */
        if (n <= 0 || r != ENT_OK)
            break;
    }
    (void)close(fd);
    return r;
}

enum ent_err ent_fd_write(int fd, struct ent_slice data)
{
    while (data.n > 0) {
        ssize_t n = write(fd, data.p, data.n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return ent_err_from_errno(errno);
        data.p += n;
        data.n -= (size_t)n;
    }
    return ENT_OK;
}

enum ent_err ent_dir_sync(int fd, struct ent_diag *d)
{
    if (fsync(fd) != 0 && errno != EINVAL) /* some file systems cannot sync a directory */
        return ent_fail_sys(d, "cannot sync directory");
    return ENT_OK;
}

/* fsync the directory that holds path, so that a rename in it is durable. */
static enum ent_err sync_parent(const char *path, struct ent_diag *d)
{
    char dir[4096];
    const char *slash = strrchr(path, '/');
    size_t n = slash == NULL ? 0 : (size_t)(slash - path);
    if (n >= sizeof(dir))
        return ent_fail(d, ENT_E_LIMIT, "path too long", 0, 0);
    memcpy(dir, path, n);
    dir[n] = '\0';
    int fd = open(slash == NULL ? "." : n == 0 ? "/" : dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return ent_fail_sys(d, "cannot open directory");
    enum ent_err r = ent_dir_sync(fd, d);
    (void)close(fd);
    return r;
}

enum ent_err ent_file_out_start(struct ent_file_out *o, const char *path, mode_t mode,
                                struct ent_diag *d)
{
    *o = (struct ent_file_out){0};
    struct stat st;
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) /* root would replace /dev/stdout for all */
        return ent_fail(d, ENT_E_EXISTS, "is there already and is no file", 0, 0);
    int n = snprintf(o->tmp, sizeof(o->tmp), "%s.XXXXXX", path);
    if (n < 0 || (size_t)n >= sizeof(o->tmp)) {
        o->tmp[0] = '\0';
        return ent_fail(d, ENT_E_LIMIT, "path too long", 0, 0);
    }
    (void)snprintf(o->path, sizeof(o->path), "%.*s", (int)(n - 7), o->tmp);
    int fd = mkostemp(o->tmp, O_CLOEXEC);
    if (fd < 0) {
        o->tmp[0] = '\0';
        return ent_fail_sys(d, "cannot create");
    }
    if (fchmod(fd, mode) != 0 || (o->f = fdopen(fd, "wb")) == NULL) {
        enum ent_err r = ent_fail_sys(d, "cannot create");
        (void)close(fd);
        ent_file_out_abort(o);
        return r;
    }
    return ENT_OK;
}

enum ent_err ent_file_out_seal(struct ent_file_out *o, struct ent_diag *d)
{
    enum ent_err r = ENT_OK;
    if (ferror(o->f) || fflush(o->f) != 0 || fsync(fileno(o->f)) != 0)
        r = ent_fail_sys(d, "cannot write");
    if (fclose(o->f) != 0 && r == ENT_OK)
        r = ent_fail_sys(d, "cannot write");
    o->f = NULL;
    return r;
}

enum ent_err ent_file_out_finish(struct ent_file_out *o, struct ent_diag *d)
{
    enum ent_err r = ent_file_out_seal(o, d);
    if (r == ENT_OK && rename(o->tmp, o->path) != 0)
        r = ent_fail_sys(d, "cannot rename");
    if (r != ENT_OK) {
        ent_file_out_abort(o);
        return r;
    }
    o->tmp[0] = '\0';
    return sync_parent(o->path, d);
}

void ent_file_out_abort(struct ent_file_out *o)
{
    if (o->f != NULL)
        (void)fclose(o->f);
    o->f = NULL;
    if (o->tmp[0] != '\0')
        (void)unlink(o->tmp);
    o->tmp[0] = '\0';
}

enum ent_err ent_file_write(const char *path, struct ent_slice data, mode_t mode,
                            struct ent_diag *d)
{
    struct ent_file_out o;
    enum ent_err r = ent_file_out_start(&o, path, mode, d);
    if (r != ENT_OK)
        return r;
    if (data.n > 0 && fwrite(data.p, 1, data.n, o.f) != data.n) {
        r = ent_fail_sys(d, "cannot write");
        ent_file_out_abort(&o);
        return r;
    }
    return ent_file_out_finish(&o, d);
}

enum ent_err ent_file_create(const char *path, struct ent_slice data, mode_t mode,
                             struct ent_diag *d)
{
    struct ent_file_out o;
    enum ent_err r = ent_file_out_start(&o, path, mode, d);
    if (r != ENT_OK)
        return r;
    if (data.n > 0 && fwrite(data.p, 1, data.n, o.f) != data.n)
        r = ent_fail_sys(d, "cannot write");
    else if ((r = ent_file_out_seal(&o, d)) == ENT_OK &&
             link(o.tmp, o.path) != 0) /* link never replaces */
        r = ent_fail_sys(d, "cannot create");
    ent_file_out_abort(&o);
    return r == ENT_OK ? sync_parent(path, d) : r;
}
