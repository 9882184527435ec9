/* birth.c: all of it, or nothing. */
#include "node/birth.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/time.h>

#define PATIENCE 2 /* seconds */

/* A child that does not read must not hold up the others. */
static void set_patience(int channel, time_t seconds)
{
    const struct timeval t = {.tv_sec = seconds};
    (void)setsockopt(channel, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t));
}

enum ent_err ent_birth_send(int channel, const struct ent_birth *b)
{
    const uint8_t *p = (const uint8_t *)b;
    set_patience(channel, PATIENCE);
    for (size_t n = sizeof(*b); n > 0;) {
        ssize_t sent = send(channel, p, n, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return ENT_E_PEER;
        p += sent;
        n -= (size_t)sent;
    }
    set_patience(channel, 0);
    return ENT_OK;
}

struct ent_birth *ent_birth_receive(int channel)
{
    struct ent_birth *b = ent_secret_alloc(sizeof(*b));
    uint8_t *p = (uint8_t *)b;
    if (b == NULL)
        return NULL;
    for (size_t n = sizeof(*b); n > 0;) {
        ssize_t got = recv(channel, p, n, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            ent_secret_free(b);
            return NULL;
        }
        p += got;
        n -= (size_t)got;
    }
    return b;
}
