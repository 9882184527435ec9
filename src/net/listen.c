/* listen.c: the address and the socket of a server. */
#include "net/http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

struct address {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } u;
    socklen_t n;
};

/* "127.0.0.1:7443" or "[::1]:7443". Numbers only: a name could resolve to a wider address. */
static enum ent_err parse_listen(struct address *ret, const char *text)
{
    char host[INET6_ADDRSTRLEN];
    uint64_t port;
    const char *colon = strrchr(text, ':');

    if (colon == NULL || ent_parse_u64(&port, ent_slice_str(colon + 1), UINT16_MAX) != ENT_OK)
        return ENT_E_FORMAT;
    struct ent_slice s = ent_slice(text, (size_t)(colon - text));
    bool v6 = s.n >= 2 && s.p[0] == '[' && s.p[s.n - 1] == ']';
    if (v6)
        s = ent_slice(s.p + 1, s.n - 2);
    if (s.n == 0 || s.n >= sizeof(host))
        return ENT_E_FORMAT;
    memcpy(host, s.p, s.n);
    host[s.n] = '\0';
    memset(ret, 0, sizeof(*ret));
    if (v6) {
        ret->u.v6.sin6_family = AF_INET6;
        ret->u.v6.sin6_port = htons((uint16_t)port);
        ret->n = sizeof(ret->u.v6);
        return inet_pton(AF_INET6, host, &ret->u.v6.sin6_addr) == 1 ? ENT_OK : ENT_E_FORMAT;
    }
    ret->u.v4.sin_family = AF_INET;
    ret->u.v4.sin_port = htons((uint16_t)port);
    ret->n = sizeof(ret->u.v4);
    return inet_pton(AF_INET, host, &ret->u.v4.sin_addr) == 1 ? ENT_OK : ENT_E_FORMAT;
}

enum ent_err ent_server_listen_check(const char *text)
{
    struct address a;
    return parse_listen(&a, text);
}

void ent_listen_from(uint8_t ret16[static 16], const struct sockaddr *a)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    if (a->sa_family == AF_INET6) {
        memcpy(ret16, &((const struct sockaddr_in6 *)(const void *)a)->sin6_addr, 16);
        return;
    }
    memcpy(ret16, mapped, sizeof(mapped));
    memcpy(ret16 + 12, &((const struct sockaddr_in *)(const void *)a)->sin_addr, 4);
}

enum ent_err ent_listen_address(uint8_t ret16[static 16], const char *text)
{
    struct address a;
    enum ent_err r = parse_listen(&a, text);
    if (r == ENT_OK)
        ent_listen_from(ret16, &a.u.any);
    return r;
}

enum ent_err ent_listen(int *ret_fd, unsigned *ret_port, struct ent_diag *d, const char *text)
{
    static const int on = 1;
    struct address a;

    if (parse_listen(&a, text) != ENT_OK)
        return ent_fail(d, ENT_E_FORMAT, "the address to listen on is not ADDRESS:PORT", 0, 0);
    int fd = socket(a.u.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return ent_fail_sys(d, "cannot make a socket");
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (a.u.any.sa_family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    if (bind(fd, &a.u.any, a.n) != 0 || listen(fd, SOMAXCONN) != 0 ||
        getsockname(fd, &a.u.any, &a.n) != 0) {
        enum ent_err r = ent_fail_sys(d, "cannot listen on this address and port");
        (void)close(fd);
        return r;
    }
    *ret_port = ntohs(a.u.any.sa_family == AF_INET6 ? a.u.v6.sin6_port : a.u.v4.sin_port);
    *ret_fd = fd;
    return ENT_OK;
}
