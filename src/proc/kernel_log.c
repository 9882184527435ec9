/* kernel_log.c: records of /dev/kmsg ("5,123,456,-;audit: type=1326 ... pid=7 comm="x" ... sig=31
 * arch=c000003e syscall=59 ..."). The kernel writes names that are not plain in hexadecimal, so a
 * process cannot put fields into its own record. */
#include "proc/proc.h"

#include "proc/kernel_log.h"

#include <errno.h>
#include <fcntl.h>

#define RECORD_MAX  8192u
#define RECORDS_MAX 10000

int ent_kernel_log_open(void)
{
    int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0)
        (void)lseek(fd, 0, SEEK_END);
    return fd;
}

/* The number behind the first name, up to a blank. */
static bool field(uint64_t *ret, struct ent_slice s, const char *name)
{
    const uint8_t *at = memmem(s.p, s.n, name, strlen(name));
    if (at == NULL)
        return false;
    at += strlen(name);
    size_t n = 0;
    while (at + n < s.p + s.n && at[n] != ' ' && at[n] != '\n')
        n++;
    return ent_parse_u64(ret, ent_slice(at, n), INT32_MAX) == ENT_OK;
}

bool ent_kernel_log_parse(int *ret_call, pid_t *ret_pid, struct ent_slice record)
{
    const uint8_t *text = record.n == 0 ? NULL : memchr(record.p, ';', record.n);
    uint64_t pid, call;
    if (text == NULL)
        return false;
    struct ent_slice s = ent_slice(text + 1, record.n - (size_t)(text + 1 - record.p));
    if (!ent_slice_starts(s, ENT_SLICE_LIT("audit: type=1326 ")) || !field(&pid, s, " pid=") ||
        !field(&call, s, " syscall="))
        return false;
    *ret_pid = (pid_t)pid;
    *ret_call = (int)call;
    return true;
}

bool ent_kernel_log_find(int fd, int *ret_call, pid_t pid)
{
    char record[RECORD_MAX];
    for (int i = 0; fd >= 0 && i < RECORDS_MAX; i++) {
        pid_t whose;
        ssize_t n = read(fd, record, sizeof(record));
        if (n < 0 && (errno == EPIPE || errno == EINTR)) /* overwritten meanwhile: the next */
            continue;
        if (n <= 0)
            return false;
        if (ent_kernel_log_parse(ret_call, &whose, ent_slice(record, (size_t)n)) && whose == pid)
            return true;
    }
    return false;
}
