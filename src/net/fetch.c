/*
 * fetch.c: the side that reads. It opens no socket but the pair that joins it to the other process,
 * and believes nothing that comes out of there: a frame that does not belong where it stands ends
 * the fetch.
 */
#include "net/net.h"

#include "net/fetch_parts.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define WAIT_MS    200 /* the longest between two looks at stop */
#define PATIENCE_S 60u /* beyond what the other process allows the server */

enum phase { IDLE, ASKED, BODY, BROKEN };

struct ent_fetch {
    int fd;
    pid_t pid;
    enum phase phase;
    const atomic_bool *stop;
    uint64_t patience_ns, received;
    size_t pos, n; /* unread part of buf[] */
    uint8_t buf[ENT_FRAME_MAX];
};

static enum ent_err broken(struct ent_fetch *f, struct ent_diag *d, enum ent_err e,
                           const char *text)
{
    f->phase = BROKEN;
    return ent_fail(d, e, text, 0, 0);
}

enum ent_err ent_fetch_start(struct ent_fetch **ret, struct ent_diag *d,
                             const struct ent_fetch_opts *opts)
{
    int fd[2];
    struct ent_fetch *f = calloc(1, sizeof(*f));
    if (f == NULL)
        return ent_fail(d, ENT_E_NOMEM, "out of memory", 0, 0);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) != 0) {
        free(f);
        return ent_fail_sys(d, "cannot make a socket");
    }
    unsigned idle = opts->idle_seconds == 0 ? 60 : opts->idle_seconds;
    unsigned connect = opts->connect_seconds == 0 ? 30 : opts->connect_seconds;
    f->fd = fd[0];
    f->stop = opts->stop;
    f->patience_ns = (uint64_t)(idle + connect + PATIENCE_S) * 1000000000u;
    if ((f->pid = fork()) == 0)
        ent_fetch_child(fd[1], opts);
    (void)close(fd[1]);
    if (f->pid < 0) {
        enum ent_err r = ent_fail_sys(d, "cannot start a process");
        (void)close(fd[0]);
        free(f);
        return r;
    }
    *ret = f;
    return ENT_OK;
}

/* It has nothing to lose, and may be waiting for a server. */
void ent_fetch_free(struct ent_fetch *f)
{
    if (f == NULL)
        return;
    (void)close(f->fd);
    (void)kill(f->pid, SIGKILL);
    while (waitpid(f->pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    free(f);
}

const uint64_t *ent_fetch_received(const struct ent_fetch *f)
{
    return &f->received;
}

/* --- frames ----------------------------------------------------------------------------------- */

static enum ent_err receive(struct ent_fetch *f, uint8_t *p, size_t n, struct ent_diag *d)
{
    uint64_t start = ent_clock_steady_ns();
    while (n > 0) {
        struct pollfd pfd = {.fd = f->fd, .events = POLLIN};
        if (f->stop != NULL && atomic_load(f->stop))
            return broken(f, d, ENT_E_INTERRUPTED, "interrupted");
        int ready = poll(&pfd, 1, WAIT_MS);
        if (ready == 0 && ent_clock_steady_ns() - start > f->patience_ns)
            return broken(f, d, ENT_E_TIMEOUT, "the process that fetches says nothing");
        if (ready == 0 || (ready < 0 && errno == EINTR))
            continue;
        ssize_t got = recv(f->fd, p, n, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return broken(f, d, ENT_E_PEER, "the process that fetches has ended");
        p += got;
        n -= (size_t)got;
    }
    return ENT_OK;
}

/* The next frame, which must be a failure, or one that may stand here. */
static enum ent_err next_frame(struct ent_fetch *f, struct ent_frame *ret, struct ent_diag *d)
{
    uint8_t header[ENT_FRAME_HEADER];
    enum ent_err r = receive(f, header, sizeof(header), d);
    if (r != ENT_OK)
        return r;
    if (ent_frame_parse(ret, header) != ENT_OK || ret->type == ENT_FRAME_GET ||
        ret->type == ENT_FRAME_POST ||
        (f->phase == ASKED && ret->type != ENT_FRAME_HEAD && ret->type != ENT_FRAME_FAIL) ||
        (f->phase == BODY && ret->type == ENT_FRAME_HEAD))
        return broken(f, d, ENT_E_PEER, "the process that fetches said nonsense");
    f->pos = 0;
    f->n = 0;
    if ((r = receive(f, f->buf, ret->n, d)) != ENT_OK)
        return r;
    f->n = ret->n;
    if (ret->type == ENT_FRAME_FAIL) {
        f->phase = IDLE;
        return ent_fault(d, f->buf[0]);
    }
    return ENT_OK;
}

/* The head of the answer to what was sent, and its end if no body comes. */
static enum ent_err ask(struct ent_fetch *f, struct ent_fetch_answer *ret, struct ent_diag *d,
                        enum ent_frame_type type, struct ent_slice payload)
{
    struct ent_fetch_answer a;
    struct ent_frame frame;
    enum ent_err r;
    if (!ent_frame_send(f->fd, type, payload))
        return broken(f, d, ENT_E_PEER, "the process that fetches has ended");
    f->phase = ASKED;
    if ((r = next_frame(f, &frame, d)) != ENT_OK)
        return r;
    if (ent_answer_parse(&a, ent_slice(f->buf, f->n)) != ENT_OK)
        return broken(f, d, ENT_E_PEER, "the process that fetches said nonsense");
    f->phase = BODY;
    f->n = 0;
    if (type == ENT_FRAME_POST || a.status != 200 || a.type != ENT_FETCH_TAXII) { /* no body */
        if ((r = next_frame(f, &frame, d)) != ENT_OK)
            return r;
        if (frame.type != ENT_FRAME_END)
            return broken(f, d, ENT_E_PEER, "the process that fetches said nonsense");
        f->phase = IDLE;
    }
    *ret = a;
    return ENT_OK;
}

enum ent_err ent_fetch_get(struct ent_fetch *f, struct ent_fetch_answer *ret, struct ent_diag *d,
                           const char *suffix)
{
    const struct ent_slice s = ent_slice_str(suffix);
    if (f->phase != IDLE)
        return ent_fail(d, ENT_E_STATE, "the fetch has ended", 0, 0);
    if (!ent_suffix_is_valid(s))
        return ent_fail(d, ENT_E_FORMAT, "not a path that can be asked for", 0, 0);
    return ask(f, ret, d, ENT_FRAME_GET, s);
}

enum ent_err ent_fetch_post(struct ent_fetch *f, struct ent_fetch_answer *ret, struct ent_diag *d,
                            const char *suffix, const char *header, struct ent_slice body)
{
    const struct ent_post post = {ent_slice_str(suffix), ent_slice_str(header), body};
    struct ent_post sent;
    struct ent_buf b;
    if (f->phase != IDLE)
        return ent_fail(d, ENT_E_STATE, "the fetch has ended", 0, 0);
    ent_buf_init(&b, ENT_FRAME_MAX);
    enum ent_err r = ent_post_encode(&b, &post);
    if (r == ENT_OK)
        r = ent_post_parse(&sent, ent_buf_slice(&b));
    r = r == ENT_OK ? ask(f, ret, d, ENT_FRAME_POST, ent_buf_slice(&b))
                    : ent_fail(d, r, "not something that can be sent", 0, 0);
    ent_buf_release(&b);
    return r;
}

static enum ent_err read_body(void *ctx, uint8_t *ret, size_t *ret_n, size_t cap,
                              struct ent_diag *d)
{
    struct ent_fetch *f = ctx;
    struct ent_frame frame;
    enum ent_err r;
    *ret_n = 0;
    if (f->phase == BROKEN)
        return ent_fail(d, ENT_E_STATE, "the fetch has ended", 0, 0);
    if (f->n == f->pos && f->phase == BODY) {
        if ((r = next_frame(f, &frame, d)) != ENT_OK)
            return r;
        if (frame.type == ENT_FRAME_END)
            f->phase = IDLE;
        f->received += frame.n;
    }
    size_t n = f->n - f->pos < cap ? f->n - f->pos : cap;
    memcpy(ret, f->buf + f->pos, n);
    f->pos += n;
    *ret_n = n;
    return ENT_OK;
}

struct ent_reader ent_fetch_reader(struct ent_fetch *f)
{
    return (struct ent_reader){.read = read_body, .ctx = f};
}
