/* inbox.c: bytes and descriptors in and out of a stream socket. */
#include "proc/proc.h"

#include "proc/inbox.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

void ent_inbox_init(struct ent_inbox *in, int fd)
{
    in->fd = fd;
    in->passed = -1;
    in->pos = in->n = 0;
}

void ent_inbox_release(struct ent_inbox *in)
{
    if (in->passed >= 0)
        (void)close(in->passed);
    in->passed = -1;
}

/* --- in --------------------------------------------------------------------------------------- */

/* Room for a few more than may come, so that all are seen here and closed; beyond that the kernel
 * drops them and says MSG_CTRUNC. */
union control {
    struct cmsghdr align;
    char room[CMSG_SPACE(4 * sizeof(int))];
};

/* Keeps the one descriptor that may come; false for more, which are closed. */
static bool keep_passed(struct ent_inbox *in, struct msghdr *m)
{
    bool fine = (m->msg_flags & MSG_CTRUNC) == 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
            if (in->passed >= 0 || !fine) {
                (void)close(fd);
                fine = false;
            } else {
                in->passed = fd;
            }
        }
    }
    return fine;
}

/* One read of at most n bytes. The kernel ends it behind the first piece that carries descriptors,
 * so at most one frame's can come. */
static enum ent_err receive(struct ent_inbox *in, uint8_t *p, size_t n, size_t *ret, int flags,
                            struct ent_diag *d)
{
    union control control;
    struct iovec iov = {p, n};
    for (;;) {
        struct msghdr m = {.msg_iov = &iov,
                           .msg_iovlen = 1,
                           .msg_control = &control,
                           .msg_controllen = sizeof(control)};
        ssize_t got = recvmsg(in->fd, &m, MSG_CMSG_CLOEXEC | flags);
        if (got < 0 && errno == EINTR)
            continue;
        if (got == 0 || (got < 0 && errno == ECONNRESET))
            return ent_fail(d, ENT_E_PEER, "the other process has ended", 0, 0);
        if (got < 0)
            return ent_fail_sys(d, "cannot read from the channel");
        if (!keep_passed(in, &m))
            return ent_fail(d, ENT_E_FORMAT, "descriptors that nobody announced", 0, 0);
        *ret = (size_t)got;
        return ENT_OK;
    }
}

/* At least n bytes, at most the size of the buffer, from in->pos on. */
static enum ent_err fill(struct ent_inbox *in, size_t n, struct ent_diag *d)
{
    while (in->n - in->pos < n) {
        size_t got = 0, have = in->n - in->pos;
        if (in->pos > 0) {
            memmove(in->buf, in->buf + in->pos, have);
            in->pos = 0;
            in->n = have;
        }
        /* With a descriptor in hand no further: the next may come with the next frame. */
        size_t room = in->passed >= 0 ? n - have : sizeof(in->buf) - have;
        enum ent_err r = receive(in, in->buf + have, room, &got, 0, d);
        if (r != ENT_OK)
            return r;
        in->n += got;
    }
    return ENT_OK;
}

enum ent_err ent_inbox_head(struct ent_inbox *in, struct ent_msg_head *ret, int *ret_fd,
                            struct ent_diag *d)
{
    enum ent_err r;
    if (in->passed >= 0 && in->n == in->pos)
        return ent_fail(d, ENT_E_FORMAT, "descriptors that nobody announced", 0, 0);
    if ((r = fill(in, ENT_MSG_HEAD, d)) != ENT_OK ||
        (r = ent_msg_head_parse(ret, d, in->buf + in->pos)) != ENT_OK)
        return r;
    in->pos += ENT_MSG_HEAD;
    *ret_fd = -1;
    if (!ret->fd)
        return ENT_OK;
    if (in->passed < 0)
        return ent_fail(d, ENT_E_FORMAT, "a descriptor was announced and did not come", 0, 0);
    *ret_fd = in->passed;
    in->passed = -1;
    return ENT_OK;
}

enum ent_err ent_inbox_body(struct ent_inbox *in, uint8_t *p, size_t n, struct ent_diag *d)
{
    size_t have = in->n - in->pos < n ? in->n - in->pos : n;
    if (n == 0) /* and p may be NULL */
        return ENT_OK;
    memcpy(p, in->buf + in->pos, have);
    in->pos += have;
    p += have;
    n -= have;
    while (n > 0) {
        size_t got = 0;
        enum ent_err r = ENT_OK;
        /* The next frame, which one could be for, has not begun. */
        if (in->passed >= 0)
            return ent_fail(d, ENT_E_FORMAT, "descriptors that nobody announced", 0, 0);
        if ((r = receive(in, p, n, &got, MSG_WAITALL, d)) != ENT_OK)
            return r;
        p += got;
        n -= got;
    }
    return ENT_OK;
}

enum ent_err ent_inbox_next(struct ent_inbox *in, struct ent_msg *ret, struct ent_diag *d,
                            const struct ent_protocol *p, unsigned from, const atomic_uint *phase)
{
    struct ent_msg m = ENT_MSG_NOTHING;
    struct ent_msg_head h = {0};
    uint8_t *to;
    enum ent_err r;
    if ((r = ent_inbox_head(in, &h, &m.fd, d)) != ENT_OK ||
        (r = ent_msg_check(p, d, &h, from, atomic_load(phase))) != ENT_OK)
        goto out;
    m.type = h.type;
    m.kind = h.kind;
    m.id = h.id;
    ent_buf_init(&m.bytes, h.n);
    if ((r = ent_buf_reserve(&m.bytes, &to, h.n)) != ENT_OK) {
        r = ent_fail(d, r, "no memory for a message", 0, 0);
        goto out;
    }
    if ((r = ent_inbox_body(in, to, h.n, d)) != ENT_OK)
        goto out;
    m.bytes.n = h.n;
    *ret = m;
    m = ENT_MSG_NOTHING;
out:
    ent_msg_release(&m);
    return r;
}

/* --- out -------------------------------------------------------------------------------------- */

static void attach(struct msghdr *m, union control *control, int fd)
{
    memset(control, 0, sizeof(*control));
    m->msg_control = control;
    m->msg_controllen = CMSG_SPACE(sizeof(int));
    struct cmsghdr *c = CMSG_FIRSTHDR(m);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(c), &fd, sizeof(fd));
}

/* Waits until the other side takes bytes again. */
static enum ent_err wait_room(int fd, struct ent_diag *d, int stall_ms)
{
    uint64_t start = ent_clock_steady_ns();
    for (;;) {
        struct pollfd pfd = {.fd = fd, .events = POLLOUT};
        uint64_t gone = (ent_clock_steady_ns() - start) / 1000000u;
        if (gone >= (uint64_t)stall_ms)
            return ent_fail(d, ENT_E_TIMEOUT, "the other process does not read", 0, 0);
        int ready = poll(&pfd, 1, stall_ms - (int)gone);
        if (ready > 0)
            return ENT_OK;
        if (ready < 0 && errno != EINTR)
            return ent_fail_sys(d, "cannot wait for the channel");
    }
}

enum ent_err ent_frame_out(int fd, struct ent_diag *d, const struct ent_msg_head *h,
                           const uint8_t *payload, int passed, int stall_ms)
{
    uint8_t head[ENT_MSG_HEAD];
    union control control;
    struct iovec iov[2] = {{head, sizeof(head)}, {(void *)(uintptr_t)payload, h->n}};
    struct msghdr m = {.msg_iov = iov, .msg_iovlen = h->n > 0 ? 2 : 1};
    ent_msg_head_encode(head, h);
    if (passed >= 0)
        attach(&m, &control, passed);
    while (iov[0].iov_len + iov[1].iov_len > 0) {
        ssize_t sent = sendmsg(fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            enum ent_err r = wait_room(fd, d, stall_ms);
            if (r != ENT_OK)
                return r;
            continue;
        }
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && (errno == EPIPE || errno == ECONNRESET))
            return ent_fail(d, ENT_E_PEER, "the other process has ended", 0, 0);
        if (sent < 0)
            return ent_fail_sys(d, "cannot write to the channel");
        m.msg_control = NULL; /* it went with the first byte */
        m.msg_controllen = 0;
        for (size_t i = 0, left = (size_t)sent; left > 0; i++) {
            size_t part = left < iov[i].iov_len ? left : iov[i].iov_len;
            iov[i].iov_base = (uint8_t *)iov[i].iov_base + part;
            iov[i].iov_len -= part;
            left -= part;
        }
    }
    return ENT_OK;
}
