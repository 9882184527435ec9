/* kernel_log.h, internal to proc/: which system call ended a process. Only the kernel's log knows,
 * and only some may read that. */
#ifndef ENT_PROC_KERNEL_LOG_H
#define ENT_PROC_KERNEL_LOG_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/base.h"

/* At its end, or -1 where it cannot be read. */
int ent_kernel_log_open(void);
/* The number of the call that ended pid, of what is new in the log; false when it is not there. */
bool ent_kernel_log_find(int fd, int *ret_call, pid_t pid);
/* One record; false for any that is not about an end by seccomp. */
bool ent_kernel_log_parse(int *ret_call, pid_t *ret_pid, struct ent_slice record);

#endif
