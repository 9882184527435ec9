/* notify.c: see notify.h. */
#include "node/notify.h"

#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

enum ent_err ent_notify(const char *socket_name, const char *text)
{
    const struct timeval patience = {.tv_sec = 1};
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    size_t n = socket_name == NULL ? 0 : strlen(socket_name);
    if (n == 0)
        return ENT_OK;
    if (n >= sizeof(to.sun_path))
        return ENT_E_LIMIT;
    if (n < 2 || (socket_name[0] != '/' && socket_name[0] != '@'))
        return ENT_E_FORMAT;
    memcpy(to.sun_path, socket_name, n);
    if (socket_name[0] == '@')
        to.sun_path[0] = '\0'; /* and no NUL behind an abstract name */
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return ent_err_from_errno(errno);
    enum ent_err r = ENT_OK;
    if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) != 0 ||
        sendto(fd, text, strlen(text), MSG_NOSIGNAL, (const struct sockaddr *)&to,
               (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) < 0)
        r = ent_err_from_errno(errno);
    (void)close(fd);
    return r;
}
