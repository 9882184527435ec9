/*
 * eve.c: the unix socket that Suricata writes its events to ("filetype: unix_stream" or
 * unix_dgram). Suricata connects; this listens, for its owner alone. Each connection is a stream.
 */
#include "sensor/source.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define CONNECTIONS 64u

struct eve {
    struct ent_source src;
    int fd;
    bool listens, datagrams;
    struct stat made; /* the socket in the file system */
    uint64_t offset;
};

static void next(struct ent_source *src, struct ent_chunk *ret);
static int poll_fd(const struct ent_source *src);
static void release(struct ent_source *src);
static const struct ent_source_ops ops = {.next = next, .fd = poll_fd, .free = release};

static size_t connections(const struct ent_sensor *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++)
        n += s->live[i]->ops == &ops && !((struct eve *)s->live[i])->listens;
    return n;
}

/* --- the socket in the file system --------------------------------------------------------------
 */

/* Make room at the address: what is left of a socket nobody listens on goes, all else stays. */
static enum ent_err make_room(struct ent_diag *d, const struct sockaddr_un *addr, int type)
{
    struct stat st;
    if (lstat(addr->sun_path, &st) != 0)
        return errno == ENOENT ? ENT_OK : ent_fail_sys(d, "cannot look at");
    if (!S_ISSOCK(st.st_mode))
        return ent_fail(d, ENT_E_EXISTS, "something else is there", 0, 0);
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return ent_fail_sys(d, "cannot make a socket");
    bool stale =
        connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) != 0 && errno == ECONNREFUSED;
    (void)close(fd);
    if (!stale)
        return ent_fail(d, ENT_E_EXISTS, "another program listens there", 0, 0);
    return unlink(addr->sun_path) == 0 ? ENT_OK : ent_fail_sys(d, "cannot remove the old socket");
}

static enum ent_err open_socket(int *ret, struct ent_diag *d, const char *path, int type)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    size_t n = strlen(path) + 1;
    if (n > sizeof(addr.sun_path))
        return ent_fail(d, ENT_E_LIMIT, "the path is too long for a socket", 0, 0);
    memcpy(addr.sun_path, path, n);
    enum ent_err r = make_room(d, &addr, type);
    if (r != ENT_OK)
        return r;
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* Linux gives the file the mode of the socket, so that it is never open to others. */
    if (fd < 0 || fchmod(fd, 0600) != 0 ||
        bind(fd, (const struct sockaddr *)&addr, sizeof(addr)) != 0 ||
        (type == SOCK_STREAM && listen(fd, 16) != 0)) {
        r = ent_fail_sys(d, "cannot listen");
        if (fd >= 0)
            (void)close(fd);
        return r;
    }
    *ret = fd;
    return ENT_OK;
}

enum ent_err ent_sensor_add_eve(struct ent_sensor *s, struct ent_diag *d, const char *path,
                                bool datagrams)
{
    struct ent_source *src;
    int fd = -1;
    enum ent_err r = open_socket(&fd, d, path, datagrams ? SOCK_DGRAM : SOCK_STREAM);
    if (r != ENT_OK)
        return r;
    if ((r = ent_source_new(&src, s, sizeof(struct eve), &ops, path)) != ENT_OK) {
        (void)close(fd);
        (void)unlink(path);
        return ent_fail(d, r, "no memory or room for it", 0, 0);
    }
    struct eve *e = (struct eve *)src;
    e->fd = fd;
    e->datagrams = datagrams;
    e->listens = !datagrams;
    if (lstat(path, &e->made) != 0)
        e->made.st_ino = 0;
    return ENT_OK;
}

/* --- operations ---------------------------------------------------------------------------------
 */

static void accept_one(struct eve *e)
{
    struct ent_source *src;
    int fd = accept4(e->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return;
    if (ent_source_new(&src, e->src.s, sizeof(struct eve), &ops, e->src.path) != ENT_OK)
        (void)close(fd);
    else
        ((struct eve *)src)->fd = fd;
}

static void next(struct ent_source *src, struct ent_chunk *ret)
{
    struct eve *e = (struct eve *)src;
    uint8_t *buf = src->s->buf;
    if (e->listens) {
        accept_one(e);
        return;
    }
    ssize_t n = recv(e->fd, buf, ENT_SENSOR_READ, MSG_DONTWAIT);
    if (n < 0) {
        enum ent_err r = ent_fail_sys(&ret->diag, "cannot read");
        if (errno != EAGAIN && errno != EINTR && !e->datagrams)
            ent_source_fail(src, ret, r, &ret->diag);
        return;
    }
    if (e->datagrams && (n == 0 || buf[n - 1] != '\n'))
        buf[n++] = '\n'; /* a record each */
    src->over = n == 0;
    ret->kind = n == 0 ? ENT_CHUNK_END : ENT_CHUNK_BYTES;
    ret->bytes = ent_slice(buf, (size_t)n);
    ret->offset = e->offset;
    e->offset += (size_t)n;
}

static int poll_fd(const struct ent_source *src)
{
    const struct eve *e = (const struct eve *)src;
    return e->listens && connections(src->s) >= CONNECTIONS ? ENT_FD_NEVER : e->fd;
}

static void release(struct ent_source *src)
{
    struct eve *e = (struct eve *)src;
    struct stat st;
    (void)close(e->fd);
    if (e->made.st_ino != 0 && lstat(src->path, &st) == 0 && st.st_ino == e->made.st_ino &&
        st.st_dev == e->made.st_dev)
        (void)unlink(src->path);
}
