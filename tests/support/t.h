/* t.h: what every unit test includes: cmocka, the seed, temporary directories. */
#ifndef ENT_TESTS_SUPPORT_T_H
#define ENT_TESTS_SUPPORT_T_H

#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

/* Everything takes ten times as long, and the peak of memory is not the program's. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ENT_T_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define ENT_T_SANITIZED 1
#endif
#endif
#ifndef ENT_T_SANITIZED
#define ENT_T_SANITIZED 0
#endif

/* cmocka's TAP output is what tools/check counts. Each test's main() is ent_t_run(). */
#define ent_t_run(name, tests)                                                                     \
    (ent_t_start(name), cmocka_run_group_tests_name(name, tests, NULL, NULL))
void ent_t_start(const char *name);

/* A generator for property tests: seeded from ENT_SEED or at random; the seed is printed. */
void ent_t_seed(uint64_t seed);
uint64_t ent_t_rand(void);
uint64_t ent_t_below(uint64_t n);

/* The bytes of a file below tests/ (path as from the root of the repository). */
struct ent_slice ent_t_file(const char *path);

/* A fresh directory, removed with all that is in it at exit. */
const char *ent_t_tmpdir(void);

#define assert_ok(e)       assert_int_equal((e), ENT_OK)
#define assert_err(e, err) assert_int_equal((e), (err))

#endif
