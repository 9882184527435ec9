/* fuzz_msg.c: a stream of frames between processes, read off a socket: never a byte more than the
 * table allows, each message as it was written, and one form for each header. */
#include <sys/socket.h>

#include "proc/proc.h"
#include "proc/inbox.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const struct ent_msg_row rows[] = {
    {1, ENT_MSG_CALL, 1, ENT_MSG_ANY, 0, 70000, ENT_MSG_FD_NONE},
    {1, ENT_MSG_ANSWER, 3, ENT_MSG_ANY, 1, 20, ENT_MSG_FD_MAY},
    {2, ENT_MSG_NOTE, 1, 1, 2, 10, ENT_MSG_FD_NONE},
    {3, ENT_MSG_NOTE, 1, 2, 2, 10, ENT_MSG_FD_NONE},
    {4, ENT_MSG_NOTE, 2, 1, 2, 10, ENT_MSG_FD_NONE},
};
static const struct ent_protocol protocol = {rows, 5, 4, 70000};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct ent_inbox in;
    atomic_uint phase = 0;
    size_t at = 0;
    int fd[2];
    if (n > 100000 || socketpair(AF_UNIX, SOCK_STREAM, 0, fd) != 0)
        return 0;
    ENT_ASSERT(ent_fd_write(fd[1], ent_slice(data, n)) == ENT_OK);
    (void)close(fd[1]);
    ent_inbox_init(&in, fd[0]);
    for (;;) {
        struct ent_msg m = ENT_MSG_NOTHING;
        uint8_t head[ENT_MSG_HEAD];
        if (ent_inbox_next(&in, &m, NULL, &protocol, 0, &phase) != ENT_OK)
            break;
        struct ent_msg_head h = {(uint32_t)m.bytes.n, m.type, m.kind, false, m.id};
        ent_msg_head_encode(head, &h);
        ENT_ASSERT(m.fd == -1 && m.bytes.n <= 70000 && n - at >= ENT_MSG_HEAD + m.bytes.n &&
                   memcmp(head, data + at, ENT_MSG_HEAD) == 0 &&
                   (m.bytes.n == 0 || memcmp(m.bytes.p, data + at + ENT_MSG_HEAD, m.bytes.n) == 0));
        at += ENT_MSG_HEAD + m.bytes.n;
        ent_msg_release(&m);
    }
    ent_inbox_release(&in);
    (void)close(fd[0]);
    return 0;
}
