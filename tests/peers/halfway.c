/*
 * halfway.c: a TCP proxy on loopback that breaks connections at an exact byte. It sees only TLS:
 * this is the network failing, or somebody on the path.
 *
 *     halfway PORT_FILE TARGET_PORT up|down BYTES cut|hang|flip [once]
 *
 * After BYTES bytes in that direction the connection is closed, or goes silent, or goes on with one
 * bit changed. With "once" only the first connection is treated so.
 */
#include "base/base.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>

enum how { CUT, HANG, FLIP };

struct plan {
    unsigned target;
    bool up, once;
    uint64_t bytes;
    enum how how;
};

static struct sockaddr_in loopback(unsigned port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return a;
}

static int dial(unsigned port)
{
    struct sockaddr_in a = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof(a)) != 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

/* Moves what there is; false when the connection is to end. left: bytes until it happens. */
static bool move(int from, int to, const struct plan *p, uint64_t *left)
{
    uint8_t buf[16384];
    size_t want = sizeof(buf);
    if (p != NULL && *left > 0 && *left < want)
        want = (size_t)*left;
    ssize_t n = recv(from, buf, want, 0);
    if (n <= 0)
        return false;
    if (p != NULL && *left == 0) {
        if (p->how == CUT)
            return false;
        buf[0] ^= 1;
        *left = UINT64_MAX;
    } else if (p != NULL && *left != UINT64_MAX) {
        *left -= (uint64_t)n;
    }
    return ent_fd_write(to, ent_slice(buf, (size_t)n)) == ENT_OK;
}

static void serve(int client, const struct plan *p, bool broken)
{
    int server = dial(p->target);
    uint64_t left = p->bytes;
    struct pollfd fd[2] = {{.fd = client, .events = POLLIN}, {.fd = server, .events = POLLIN}};
    while (server >= 0) {
        bool silent = broken && left == 0 && p->how == HANG;
        fd[0].events = fd[1].events = silent ? POLLRDHUP : POLLIN;
        if (poll(fd, 2, -1) < 0)
            break;
        if (silent)
            break; /* one of the two has given up */
        if (fd[0].revents != 0 && !move(client, server, broken && p->up ? p : NULL, &left))
            break;
        if (fd[1].revents != 0 && !move(server, client, broken && !p->up ? p : NULL, &left))
            break;
    }
    if (server >= 0)
        (void)close(server);
    (void)close(client);
}

static enum ent_err listen_at(int *ret_fd, const char *port_file)
{
    struct sockaddr_in a = loopback(0);
    socklen_t n = sizeof(a);
    char text[16];
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) != 0 || listen(fd, 64) != 0 ||
        getsockname(fd, (struct sockaddr *)&a, &n) != 0)
        return ENT_E_IO;
    *ret_fd = fd;
    int len = snprintf(text, sizeof(text), "%u\n", ntohs(a.sin_port));
    return ent_file_write(port_file, ent_slice(text, (size_t)len), 0644, NULL);
}

static bool parse(struct plan *p, int argc, char **argv)
{
    uint64_t port = 0;
    if (argc < 6 || ent_parse_u64(&port, ent_slice_str(argv[2]), 65535) != ENT_OK ||
        ent_parse_u64(&p->bytes, ent_slice_str(argv[4]), UINT32_MAX) != ENT_OK)
        return false;
    p->target = (unsigned)port;
    p->up = strcmp(argv[3], "up") == 0;
    p->how = strcmp(argv[5], "cut") == 0 ? CUT : strcmp(argv[5], "hang") == 0 ? HANG : FLIP;
    p->once = argc > 6;
    return true;
}

int main(int argc, char **argv)
{
    struct plan p = {0};
    int fd = -1;
    if (!parse(&p, argc, argv)) {
        (void)fprintf(stderr,
                      "usage: halfway PORT_FILE TARGET up|down BYTES cut|hang|flip [once]\n");
        return 2;
    }
    (void)signal(SIGCHLD, SIG_IGN);
    (void)signal(SIGPIPE, SIG_IGN);
    if (listen_at(&fd, argv[1]) != ENT_OK)
        return 1;
    for (bool first = true;; first = false) {
        int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
        if (client < 0 && errno != EINTR && errno != ECONNABORTED)
            return 1;
        if (client >= 0 && fork() == 0) {
            (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
            (void)close(fd);
            serve(client, &p, first || !p.once);
            _exit(0);
        }
        if (client >= 0)
            (void)close(client);
    }
}
