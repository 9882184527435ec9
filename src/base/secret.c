/* secret.c: libsodium's randomness and guarded memory behind our names. */
#include "base/base.h"

#include <sodium.h>
#include <sys/prctl.h>
#include <sys/resource.h>

enum ent_err ent_secret_start(void)
{
    return sodium_init() < 0 ? ENT_E_UNSUPPORTED : ENT_OK;
}

void ent_secret_harden_process(void)
{
    const struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

void ent_random(void *ret, size_t n)
{
    if (n > 0) /* NULL is fine with nothing, for us but not for libsodium */
        randombytes_buf(ret, n);
}

void ent_wipe(void *p, size_t n)
{
    if (n > 0)
        sodium_memzero(p, n);
}

void *ent_secret_alloc(size_t n)
{
    return sodium_malloc(n);
}

void ent_secret_free(void *p)
{
    sodium_free(p);
}
