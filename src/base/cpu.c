/* cpu.c: CPU dispatch. */
#include "base/base.h"

#include <stdatomic.h>

static _Atomic int limit = -1; /* -1: the environment has not been read */

const char *ent_cpu_name(enum ent_cpu_level l)
{
    static const char *const names[] = {"portable", "avx2", "avx512"};
    return names[l];
}

enum ent_cpu_level ent_cpu_machine(void)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi2"))
        return ENT_CPU_PORTABLE;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512ifma"))
        return ENT_CPU_AVX512;
    return ENT_CPU_AVX2;
#else
    return ENT_CPU_PORTABLE;
#endif
}

void ent_cpu_limit(enum ent_cpu_level most)
{
    atomic_store(&limit, (int)most);
}

static int limit_from_environment(void)
{
    const char *want = getenv("ENTENTE_CPU");
    for (int l = ENT_CPU_PORTABLE; want != NULL && l <= ENT_CPU_AVX512; l++)
        if (strcmp(want, ent_cpu_name((enum ent_cpu_level)l)) == 0)
            return l;
    return ENT_CPU_AVX512;
}

enum ent_cpu_level ent_cpu_level(void)
{
    int most = atomic_load(&limit);
    if (most < 0) {
        most = limit_from_environment();
        atomic_store(&limit, most);
    }
    enum ent_cpu_level have = ent_cpu_machine();
    return (int)have < most ? have : (enum ent_cpu_level)most;
}
