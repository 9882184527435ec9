/*
 * journal.c: the journal, as journalctl exports it. Not as JSON, which gives a message with a
 * control byte in it as an array of numbers: whoever can write to the log could hide that way.
 */
#include "sensor/source.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

extern char **environ;

struct journal {
    struct ent_source src;
    int fd;
    pid_t pid; /* 0: waited for */
    uint64_t offset;
};

static void next(struct ent_source *src, struct ent_chunk *ret)
{
    struct journal *j = (struct journal *)src;
    int status = 0;
    ssize_t n = read(j->fd, src->s->buf, ENT_SENSOR_READ);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (n > 0) {
        ret->kind = ENT_CHUNK_BYTES;
        ret->bytes = ent_slice(src->s->buf, (size_t)n);
        ret->offset = j->offset;
        j->offset += (size_t)n;
        return;
    }
    while (waitpid(j->pid, &status, 0) < 0 && errno == EINTR)
        ;
    j->pid = 0;
    ret->diag = (struct ent_diag){.text = "journalctl failed"};
    if (status != 0)
        ent_source_fail(src, ret, ENT_E_IO, &ret->diag);
    else
        ret->kind = ENT_CHUNK_END;
    src->over = true;
}

static int poll_fd(const struct ent_source *src)
{
    return ((const struct journal *)src)->fd;
}

static void release(struct ent_source *src)
{
    struct journal *j = (struct journal *)src;
    if (j->pid > 0) {
        (void)kill(j->pid, SIGTERM);
        (void)waitpid(j->pid, NULL, 0);
    }
    (void)close(j->fd);
}

static const struct ent_source_ops ops = {.next = next, .fd = poll_fd, .free = release};

/* Its output goes to fd. Not in our process group: Ctrl-C is for us, and we end it. */
static int spawn(pid_t *ret, int fd, char *const argv[])
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t broken_pipe;
    (void)sigemptyset(&broken_pipe);
    (void)sigaddset(&broken_pipe, SIGPIPE);
    int e = posix_spawn_file_actions_init(&files);
    if (e != 0)
        return e;
    if ((e = posix_spawnattr_init(&attr)) == 0) {
        if ((e = posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0)) == 0 &&
            (e = posix_spawn_file_actions_adddup2(&files, fd, 1)) == 0 &&
            (e = posix_spawnattr_setsigdefault(&attr, &broken_pipe)) == 0 &&
            (e = posix_spawnattr_setpgroup(&attr, 0)) == 0 &&
            (e = posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP)) ==
                0)
            e = posix_spawnp(ret, argv[0], &files, &attr, argv, environ);
        (void)posix_spawnattr_destroy(&attr);
    }
    (void)posix_spawn_file_actions_destroy(&files);
    return e;
}

enum ent_err ent_sensor_add_journal(struct ent_sensor *s, struct ent_diag *d)
{
    static char program[] = "journalctl", format[] = "--output=export", quiet[] = "--quiet",
                follow[] = "--follow", all[] = "--no-tail", none[] = "--lines=0";
    char *argv[] = {program, quiet, format, s->o.follow ? follow : NULL, s->o.only_new ? none : all,
                    NULL};
    struct ent_source *src;
    pid_t pid = 0;
    int fd[2];
    if (pipe2(fd, O_CLOEXEC) != 0)
        return ent_fail_sys(d, "cannot make a pipe");
    errno = spawn(&pid, fd[1], argv);
    enum ent_err r = errno == 0 ? ENT_OK : ent_fail_sys(d, "cannot run journalctl");
    (void)close(fd[1]);
    if (r == ENT_OK &&
        (r = ent_source_new(&src, s, sizeof(struct journal), &ops, "journal")) != ENT_OK) {
        (void)kill(pid, SIGKILL);
        (void)waitpid(pid, NULL, 0);
    }
    if (r != ENT_OK) {
        (void)close(fd[0]);
        return r;
    }
    ((struct journal *)src)->fd = fd[0];
    ((struct journal *)src)->pid = pid;
    return ENT_OK;
}
