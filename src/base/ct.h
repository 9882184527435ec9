/*
 * ct.h: marks for the constant-time tests. In the ctime build they tell valgrind which bytes are
 * secret ("undefined"), so that a branch or an index that depends on one is reported; elsewhere
 * they are nothing. Each ent_ct_public() stands beside a comment that says why the value is public.
 */
#ifndef ENT_BASE_CT_H
#define ENT_BASE_CT_H

#include <stddef.h>

#ifdef ENT_CTIME
#include <valgrind/memcheck.h>
static inline void ent_ct_secret(const void *p, size_t n)
{
    (void)VALGRIND_MAKE_MEM_UNDEFINED(p, n);
}
static inline void ent_ct_public(const void *p, size_t n)
{
    (void)VALGRIND_MAKE_MEM_DEFINED(p, n);
}
#else
static inline void ent_ct_secret(const void *p, size_t n)
{
    (void)p;
    (void)n;
}
static inline void ent_ct_public(const void *p, size_t n)
{
    (void)p;
    (void)n;
}
#endif

#endif
