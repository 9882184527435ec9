/* clock.c: a program that it is linked into has a calendar of its own, as many seconds off as the
 * file beside it says, "<program>.clock". A node's processes map that before they shut themselves
 * in, so it is to be written in place. Preloaded into any other program: $CLOCK_SHIFT seconds. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t id, struct timespec *ret);

#define TEXT_MAX 32

static const char *beside; /* or NULL */

__attribute__((constructor)) static void look_beside(void)
{
    char exe[4096], name[sizeof(exe) + 8];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
    if (n <= 0)
        return;
    (void)snprintf(name, sizeof(name), "%.*s.clock", (int)n, exe);
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    void *p = mmap(NULL, TEXT_MAX, PROT_READ, MAP_SHARED, fd, 0);
    beside = p == MAP_FAILED ? NULL : p;
    (void)close(fd);
}

static long long shift(void)
{
    const char *fixed = beside != NULL ? beside : getenv("CLOCK_SHIFT");
    return fixed != NULL ? strtoll(fixed, NULL, 10) : 0;
}

int clock_gettime(clockid_t id, struct timespec *ret)
{
    long r = syscall(SYS_clock_gettime, id, ret);
    if (r == 0 && id == CLOCK_REALTIME)
        ret->tv_sec += (time_t)shift();
    return (int)r;
}
