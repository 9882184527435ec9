/* clock.c: preloaded into a program, its calendar is $CLOCK_SHIFT seconds off. */
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t id, struct timespec *ret)
{
    const char *shift = getenv("CLOCK_SHIFT");
    long r = syscall(SYS_clock_gettime, id, ret);
    if (r == 0 && id == CLOCK_REALTIME && shift != NULL)
        ret->tv_sec += (time_t)strtoll(shift, NULL, 10);
    return (int)r;
}
