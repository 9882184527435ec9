/* capture.c: the thread that reads a capture. It ends when its input does, or when the other end of
 * its socket is closed. */
#include "sensor/capture.h"
#include "sensor/packet.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <pcap/pcap.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>

#define READ_SIZE (64u << 10)
#define SEND_SIZE (64u << 10) /* lines collected before they are handed on */

struct ent_capture {
    struct ent_input *in;
    struct ent_slice rest; /* read and not taken by libpcap */
    int fd[2];             /* ours, the thread's */
    pthread_t thread;
    bool running;
    atomic_uint_fast64_t consumed;
    struct ent_buf text;
    enum ent_err err; /* these two are the thread's until it ended */
    struct ent_diag diag;
    uint8_t buf[READ_SIZE];
};

bool ent_capture_is(struct ent_slice s)
{
    static const char magics[][4] = {
        {'\xa1', '\xb2', '\xc3', '\xd4'}, {'\xd4', '\xc3', '\xb2', '\xa1'}, /* microseconds */
        {'\xa1', '\xb2', '\x3c', '\x4d'}, {'\x4d', '\x3c', '\xb2', '\xa1'}, /* nanoseconds */
        {'\x0a', '\x0d', '\x0d', '\x0a'},                                   /* pcapng */
    };
    for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++)
        if (s.n >= 4 && memcmp(s.p, magics[i], 4) == 0)
            return true;
    return false;
}

/* --- the thread ---------------------------------------------------------------------------------
 */

static enum ent_err send_text(struct ent_capture *c)
{
    size_t at = 0;
    while (at < c->text.n) {
        ssize_t n = send(c->fd[1], c->text.p + at, c->text.n - at, MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR)
            return ent_fail_sys(&c->diag, "cannot hand on");
        at += n < 0 ? 0 : (size_t)n;
    }
    ent_buf_clear(&c->text);
    return ENT_OK;
}

/* Until there is more to read, or nobody to read it for. */
static enum ent_err wait_for_more(struct ent_capture *c)
{
    struct pollfd p[2] = {{.fd = ent_input_fd(c->in), .events = POLLIN}, {.fd = c->fd[1]}};
    enum ent_err r = send_text(c);
    if (r != ENT_OK)
        return r;
    (void)poll(p, 2, -1);
    return p[1].revents != 0 ? ENT_E_INTERRUPTED : ENT_OK;
}

/* libpcap's read(). */
static ssize_t cookie_read(void *cookie, char *ret, size_t n)
{
    struct ent_capture *c = cookie;
    while (c->rest.n == 0 && c->err == ENT_OK) {
        c->err = ent_input_next(c->in, &c->rest, &c->diag);
        if (c->err == ENT_E_TIMEOUT)
            c->err = wait_for_more(c);
        else if (c->err == ENT_OK && c->rest.n == 0)
            return 0;
    }
    if (c->err != ENT_OK) {
        errno = EIO;
        return -1;
    }
    atomic_store(&c->consumed, ent_input_consumed(c->in));
    n = n < c->rest.n ? n : c->rest.n;
    memcpy(ret, c->rest.p, n);
    c->rest = ent_slice(c->rest.p + n, c->rest.n - n);
    return (ssize_t)n;
}

static enum ent_err packets(struct ent_capture *c, pcap_t *pcap)
{
    struct ent_decoder *dec;
    struct pcap_pkthdr *h;
    const u_char *p;
    uint64_t n = 0;
    int got = 1;
    enum ent_err r = ent_decoder_new(&dec, pcap_datalink(pcap));
    if (r == ENT_E_UNSUPPORTED)
        return ent_fail(&c->diag, r, "packets of a link that is not understood", 0, 0);
    while (r == ENT_OK && (got = pcap_next_ex(pcap, &h, &p)) == 1) {
        n++;
        r = ent_decoder_packet(dec, &c->text, ent_slice(p, h->caplen));
        if (r == ENT_OK && c->text.n >= SEND_SIZE)
            r = send_text(c);
    }
    if (r == ENT_OK)
        r = send_text(c);
    if (r == ENT_OK && c->err == ENT_OK && got == PCAP_ERROR)
        r = ent_fail(&c->diag, ENT_E_FORMAT, "damaged capture, or one that is cut", n + 1, 0);
    ent_decoder_free(dec);
    return r;
}

static void *run(void *arg)
{
    struct ent_capture *c = arg;
    char why[PCAP_ERRBUF_SIZE];
    FILE *f = fopencookie(c, "r", (cookie_io_functions_t){.read = cookie_read});
    pcap_t *pcap = f == NULL ? NULL : pcap_fopen_offline(f, why); /* why is foreign: not for us */
    enum ent_err r = ENT_OK;
    if (pcap != NULL)
        r = packets(c, pcap);
    else if (c->err == ENT_OK)
        r = ent_fail(&c->diag, ENT_E_FORMAT, "not a capture that can be read (pcap, pcapng)", 0, 0);
    if (pcap != NULL)
        pcap_close(pcap); /* and f */
    else if (f != NULL)
        (void)fclose(f);
    if (c->err == ENT_OK)
        c->err = r;
    (void)shutdown(c->fd[1], SHUT_RDWR); /* the other side sees the end */
    return NULL;
}

/* --- the sensor's side --------------------------------------------------------------------------
 */

static enum ent_err start(struct ent_capture *c)
{
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_BLOCK, &all, &before); /* signals are for those who wait */
    int failed = pthread_create(&c->thread, NULL, run, c);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    c->running = failed == 0;
    return failed == 0 ? ENT_OK : ENT_E_NOMEM;
}

enum ent_err ent_capture_new(struct ent_capture **ret, struct ent_diag *d, struct ent_input *in,
                             struct ent_slice begun)
{
    enum ent_err r = ENT_OK;
    struct ent_capture *c = calloc(1, sizeof(*c));
    if (c == NULL) {
        ent_input_close(in);
        return ent_fail(d, ENT_E_NOMEM, "out of memory", 0, 0);
    }
    c->in = in;
    c->rest = begun;
    c->fd[0] = c->fd[1] = -1;
    ent_buf_init(&c->text, SEND_SIZE + ENT_PACKET_LINE);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, c->fd) != 0)
        r = ent_fail_sys(d, "cannot make a socket");
    else if (start(c) != ENT_OK)
        r = ent_fail(d, ENT_E_NOMEM, "no more threads", 0, 0);
    if (r != ENT_OK) {
        ent_capture_free(c);
        return r;
    }
    *ret = c;
    return ENT_OK;
}

static void join(struct ent_capture *c)
{
    if (c->running)
        (void)pthread_join(c->thread, NULL);
    c->running = false;
}

void ent_capture_free(struct ent_capture *c)
{
    if (c == NULL)
        return;
    if (c->fd[0] >= 0)
        (void)close(c->fd[0]);
    join(c);
    if (c->fd[1] >= 0)
        (void)close(c->fd[1]);
    ent_input_close(c->in);
    ent_buf_release(&c->text);
    free(c);
}

int ent_capture_fd(const struct ent_capture *c)
{
    return c->fd[0];
}

enum ent_err ent_capture_next(struct ent_capture *c, struct ent_slice *ret, struct ent_diag *d)
{
    ssize_t n = recv(c->fd[0], c->buf, sizeof(c->buf), MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return ENT_E_TIMEOUT;
    if (n < 0)
        return ent_fail_sys(d, "cannot read");
    *ret = ent_slice(c->buf, (size_t)n);
    if (n > 0)
        return ENT_OK;
    join(c);
    *d = c->diag;
    return c->err;
}

uint64_t ent_capture_consumed(const struct ent_capture *c)
{
    return atomic_load(&c->consumed);
}
