/* channels.c: see channels.h. */
#include "tests/support/channels.h"

#include <sys/socket.h>

static const struct ent_msg_row rows[] = {
    {ECHO, ENT_MSG_CALL, BOTH, ENT_MSG_ANY, 0, BIG, ENT_MSG_FD_NONE},
    {ECHO, ENT_MSG_ANSWER, BOTH, ENT_MSG_ANY, 0, BIG, ENT_MSG_FD_NONE},
    {FAIL, ENT_MSG_CALL, BOTH, ENT_MSG_ANY, 1, 1, ENT_MSG_FD_NONE},
    {FAIL, ENT_MSG_ANSWER, BOTH, ENT_MSG_ANY, 0, 0, ENT_MSG_FD_NONE},
    {FILES, ENT_MSG_CALL, BOTH, ENT_MSG_ANY, 0, 10, ENT_MSG_FD_ONE},
    {FILES, ENT_MSG_ANSWER, BOTH, ENT_MSG_ANY, 0, 10, ENT_MSG_FD_MAY},
    {WORD, ENT_MSG_NOTE, BOTH, ENT_MSG_ANY, 2, 100, ENT_MSG_FD_NONE},
    {LATE, ENT_MSG_NOTE, BOTH, ENT_MSG_BIT(1), 0, 0, ENT_MSG_FD_NONE},
    {NEVER, ENT_MSG_CALL, BOTH, ENT_MSG_ANY, 0, 0, ENT_MSG_FD_NONE},
    {NEVER, ENT_MSG_ANSWER, BOTH, ENT_MSG_ANY, 0, 0, ENT_MSG_FD_NONE},
    {ONLY_A, ENT_MSG_NOTE, ENT_MSG_BIT(A), ENT_MSG_ANY, 0, 0, ENT_MSG_FD_NONE},
};
const struct ent_protocol channels_protocol = {rows, sizeof(rows) / sizeof(rows[0]), WINDOW, BIG};

static enum ent_err serve(void *ctx, struct ent_msg *ret, struct ent_msg *call)
{
    struct channels_end *e = ctx;
    switch (call->type) {
    case ECHO:
        ret->bytes = call->bytes;
        call->bytes = (struct ent_buf){0};
        return ENT_OK;
    case FAIL:
        return (enum ent_err)call->bytes.p[0];
    case FILES:
        ret->fd = call->fd; /* moves */
        call->fd = -1;
        return ENT_OK;
    default:
        while (!atomic_load(&e->let_go))
            (void)usleep(1000);
        return ENT_OK;
    }
}

static void note(void *ctx, struct ent_msg *n)
{
    (void)n;
    atomic_fetch_add(&((struct channels_end *)ctx)->notes, 1);
}

static void closed(void *ctx, enum ent_err why, const struct ent_diag *d)
{
    assert_true(why != ENT_OK && d->text != NULL);
    atomic_fetch_add(&((struct channels_end *)ctx)->closed, 1);
}

unsigned channels_stall_ms;

struct ent_channel *channels_new(int fd, unsigned self, struct channels_end *e, unsigned threads)
{
    struct ent_channel *c;
    struct ent_channel_opts o = {.protocol = &channels_protocol,
                                 .self = self,
                                 .peer = 1 - self,
                                 .threads = threads,
                                 .stall_ms = channels_stall_ms,
                                 .serve = serve,
                                 .note = note,
                                 .closed = closed,
                                 .ctx = e};
    assert_ok(ent_channel_new(&c, NULL, fd, &o));
    return c;
}

void channels_pair(int fd[2])
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd), 0);
}
