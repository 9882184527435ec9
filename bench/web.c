/*
 * web.c: the users' port, and clients that do nothing; bench/web.sh loads them.
 *
 *     web serve DIR [HEAD]          answers /taxii2/ with what bench/web_answer.h says;
 * DIR/cert.pem, DIR/key.pem and DIR/ours.port are written; a head has HEAD bytes at most; until
 * standard input ends web idle PORT N [TARGET END]  N connections with a handshake and one answer
 * each, which ends with END, then silence until standard input ends; "open N" when they are there
 */
#include "bench/web_answer.h"
#include "net/net.h"

#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>

static void need(bool ok, const char *what)
{
    if (ok)
        return;
    perror(what);
    exit(1);
}

static size_t max_body(void *ctx, const char *method, const char *path)
{
    (void)ctx;
    (void)method;
    return strcmp(path, "/taxii2/") == 0 ? 0 : ENT_WEB_NO_PATH;
}

static void handle(void *ctx, const struct ent_web_request *q, struct ent_web_answer *ret)
{
    (void)ctx;
    (void)q;
    ret->type = WEB_TYPE;
    ret->status = ent_buf_puts(&ret->body, WEB_BODY) == ENT_OK ? 200 : 500;
}

static void put_file(const char *dir, const char *name, struct ent_slice s)
{
    char path[4096];
    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    need(f != NULL && fwrite(s.p, 1, s.n, f) == s.n && fclose(f) == 0, path);
}

static void until_the_end(void)
{
    char c;
    while (read(STDIN_FILENO, &c, 1) > 0)
        ;
}

static int serve(const char *dir, uint64_t head)
{
    const struct ent_seed32 seed = {{1}};
    struct ent_buf cert, key;
    uint8_t print[ENT_WEB_FINGERPRINT];
    struct ent_web *w;
    char port[16];

    ent_buf_init(&cert, 8192);
    ent_buf_init(&key, 8192);
    need(ent_web_identity(&cert, &key, print, &seed, "127.0.0.1:0", NULL) == ENT_OK, "identity");
    put_file(dir, "cert.pem", ent_buf_slice(&cert));
    put_file(dir, "key.pem", ent_buf_slice(&key));
    const struct ent_web_opts o = {.listen = "127.0.0.1:0",
                                   .cert_pem = ent_buf_slice(&cert),
                                   .key_pem = ent_buf_slice(&key),
                                   .max_body = max_body,
                                   .handle = handle,
                                   .max_connections = 12000,
                                   .max_per_address = 12000,
                                   .max_requests = 1000000000,
                                   .max_head = (size_t)head,
                                   .idle_seconds = 600};
    need(ent_web_start(&w, NULL, &o) == ENT_OK, "start");
    (void)snprintf(port, sizeof(port), "%u\n", ent_web_port(w));
    put_file(dir, "ours.port", ent_slice_str(port));
    until_the_end();
    ent_web_stop(w);
    ent_buf_release(&cert);
    ent_buf_wipe(&key);
    return 0;
}

static gnutls_session_t connect_one(gnutls_certificate_credentials_t cred, uint16_t port,
                                    const char *request, const char *end)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
    static const int on = 1;
    gnutls_session_t t;
    char answer[4096];
    size_t n = 0;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    need(fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0, "connect");
    need(gnutls_init(&t, GNUTLS_CLIENT) == 0 && gnutls_set_default_priority(t) == 0 &&
             gnutls_credentials_set(t, GNUTLS_CRD_CERTIFICATE, cred) == 0,
         "session");
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    gnutls_transport_set_int(t, fd);
    need(gnutls_handshake(t) == 0, "handshake");
    need(gnutls_record_send(t, request, strlen(request)) > 0, "request");
    while (n < sizeof(answer) && memmem(answer, n, end, strlen(end)) == NULL) {
        ssize_t got = gnutls_record_recv(t, answer + n, sizeof(answer) - n);
        need(got > 0, "answer");
        n += (size_t)got;
    }
    return t;
}

static int idle(const char *port_text, const char *n_text, const char *target, const char *end)
{
    gnutls_certificate_credentials_t cred;
    char request[256];
    uint64_t port, n;
    struct rlimit l;

    (void)snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", target);

    need(ent_parse_u64(&port, ent_slice_str(port_text), UINT16_MAX) == ENT_OK &&
             ent_parse_u64(&n, ent_slice_str(n_text), 1000000) == ENT_OK,
         "arguments");
    need(getrlimit(RLIMIT_NOFILE, &l) == 0 && l.rlim_cur > n + 16, "descriptors (ulimit -n)");
    need(gnutls_certificate_allocate_credentials(&cred) == 0, "credentials");
    for (uint64_t i = 0; i < n; i++)
        (void)connect_one(cred, (uint16_t)port, request, end); /* open until we end */
    printf("open %lu\n", (unsigned long)n);
    (void)fflush(stdout);
    until_the_end();
    return 0;
}

int main(int argc, char **argv)
{
    uint64_t head = 0;
    if ((argc == 3 || argc == 4) && strcmp(argv[1], "serve") == 0 &&
        (argc == 3 || ent_parse_u64(&head, ent_slice_str(argv[3]), 1u << 20) == ENT_OK))
        return serve(argv[2], head);
    if ((argc == 4 || argc == 6) && strcmp(argv[1], "idle") == 0)
        return idle(argv[2], argv[3], argc == 6 ? argv[4] : "/taxii2/",
                    argc == 6 ? argv[5] : WEB_END);
    (void)fprintf(stderr, "usage: web serve DIR [HEAD] | web idle PORT N [TARGET END]\n");
    return 2;
}
