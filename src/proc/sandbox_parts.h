/* sandbox_parts.h, internal to proc/: the steps of ent_sandbox_enter(). */
#ifndef ENT_PROC_SANDBOX_PARTS_H
#define ENT_PROC_SANDBOX_PARTS_H

#include "proc/sandbox.h"

/* Builds with sanitizers: gcc says so by macros, clang by features. */
#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
#define ENT_SANITIZED       1
#define ENT_RUNTIME_THREADS 1u /* of its own */
#elif defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define ENT_SANITIZED       1
#define ENT_RUNTIME_THREADS 0u
#else
#define ENT_SANITIZED       0
#define ENT_RUNTIME_THREADS 0u
#endif

/* The ABI of this kernel, 0 without Landlock. */
unsigned ent_landlock_abi(void);
/* Opens the paths, so before root is left. *ret_fd for ent_landlock_enter(), which closes it. */
ENT_MUST_USE enum ent_err ent_landlock_prepare(int *ret_fd, struct ent_diag *d,
                                               const struct ent_sandbox *s, unsigned abi);
ENT_MUST_USE enum ent_err ent_landlock_enter(int fd, struct ent_diag *d);

/* The filter, over all threads. */
ENT_MUST_USE enum ent_err ent_seccomp_enter(struct ent_diag *d, const struct ent_sandbox *s);

#endif
