/*
 * pty PROGRAM ARG...: run a program on a pseudo-terminal of its own and copy what it writes there
 * to standard output. Ends as the program does; 77 when this machine has no pseudo-terminals.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define NO_TERMINAL 77

static int open_master(char *name, size_t cap)
{
    int fd = posix_openpt(O_RDWR | O_NOCTTY);
    if (fd < 0 || grantpt(fd) != 0 || unlockpt(fd) != 0 || ptsname_r(fd, name, cap) != 0)
        return -1;
    return fd;
}

static void become(const char *name, char **argv)
{
    (void)setsid();
    int fd = open(name, O_RDWR);
    if (fd < 0 || ioctl(fd, TIOCSCTTY, 0) != 0 || dup2(fd, 0) < 0 || dup2(fd, 1) < 0 ||
        dup2(fd, 2) < 0)
        _exit(NO_TERMINAL);
    (void)close(fd);
    (void)execvp(argv[0], argv);
    _exit(127);
}

int main(int argc, char **argv)
{
    char name[128], buf[4096];
    int status;
    ssize_t n;
    if (argc < 2)
        return 2;
    int master = open_master(name, sizeof(name));
    int slave = master < 0 ? -1 : open(name, O_RDWR | O_NOCTTY);
    if (slave < 0)
        return NO_TERMINAL;
    pid_t pid = fork();
    if (pid < 0)
        return 1;
    if (pid == 0)
        become(name, argv + 1);
    (void)close(slave);
    while ((n = read(master, buf, sizeof(buf))) > 0 || (n < 0 && errno == EINTR))
        if (n > 0 && fwrite(buf, 1, (size_t)n, stdout) != (size_t)n)
            break;
    (void)fflush(stdout);
    if (waitpid(pid, &status, 0) != pid)
        return 1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
