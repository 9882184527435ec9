/* clock.c: preloaded into a program, its calendar is $CLOCK_SHIFT seconds off, or as many as the
 * file $CLOCK_FILE says each time. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long long shift(void)
{
    const char *name = getenv("CLOCK_FILE"), *fixed = getenv("CLOCK_SHIFT");
    char text[32] = {0};
    int fd = name == NULL ? -1 : open(name, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
    if (fd >= 0)
        (void)close(fd);
    return n > 0 ? strtoll(text, NULL, 10) : fixed != NULL ? strtoll(fixed, NULL, 10) : 0;
}

int clock_gettime(clockid_t id, struct timespec *ret)
{
    long r = syscall(SYS_clock_gettime, id, ret);
    if (r == 0 && id == CLOCK_REALTIME)
        ret->tv_sec += (time_t)shift();
    return (int)r;
}
