/*
 * web_bare.c DIR: libmicrohttpd with nothing around it, answering what bench/web.c answers, with
 * the same headers, the same TLS and as many threads; DIR/bare.port. Until standard input ends.
 */
#include "bench/web_answer.h"

#include <microhttpd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static enum MHD_Result handle(void *cls, struct MHD_Connection *mc, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_n, void **state)
{
    static char body[] = WEB_BODY;
    (void)cls, (void)url, (void)method, (void)version, (void)upload;
    if (*state == NULL) { /* an answer now would end the connection */
        *state = body;
        return MHD_YES;
    }
    if (*upload_n > 0)
        *upload_n = 0;
    struct MHD_Response *r =
        MHD_create_response_from_buffer(sizeof(body) - 1, body, MHD_RESPMEM_PERSISTENT);
    (void)MHD_add_response_header(r, "Content-Type", WEB_TYPE);
    (void)MHD_add_response_header(r, "Cache-Control", "no-store");
    (void)MHD_add_response_header(r, "X-Content-Type-Options", "nosniff");
    enum MHD_Result ok = MHD_queue_response(mc, 200, r);
    MHD_destroy_response(r);
    return ok;
}

static int get(char *ret, size_t cap, const char *dir, const char *name)
{
    char path[4096];
    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *f = fopen(path, "r");
    if (f == NULL)
        return 0;
    size_t n = fread(ret, 1, cap - 1, f);
    ret[n] = '\0';
    (void)fclose(f);
    return n > 0;
}

int main(int argc, char **argv)
{
    static char cert[8192], key[8192], path[4096];
    char c;
    if (argc != 2 || !get(cert, sizeof(cert), argv[1], "cert.pem") ||
        !get(key, sizeof(key), argv[1], "key.pem"))
        return 2;
    struct MHD_Daemon *d = MHD_start_daemon(
        MHD_USE_TLS | MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, handle, NULL,
        MHD_OPTION_HTTPS_MEM_CERT, cert, MHD_OPTION_HTTPS_MEM_KEY, key, MHD_OPTION_HTTPS_PRIORITIES,
        WEB_PRIORITIES, MHD_OPTION_THREAD_POOL_SIZE, 2u, MHD_OPTION_CONNECTION_LIMIT, 12000u,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
    if (d == NULL)
        return 1;
    (void)snprintf(path, sizeof(path), "%s/bare.port", argv[1]);
    FILE *f = fopen(path, "w");
    if (f == NULL)
        return 1;
    (void)fprintf(f, "%u\n", MHD_get_daemon_info(d, MHD_DAEMON_INFO_BIND_PORT)->port);
    (void)fclose(f);
    while (read(STDIN_FILENO, &c, 1) > 0)
        ;
    MHD_stop_daemon(d);
    return 0;
}
