/*
 * cpu.h: which instructions this machine has, asked once. Code with several versions picks one by
 * ent_cpu_level() at run time; tests run every version by lowering the limit, and so does
 * ENTENTE_CPU=portable|avx2|avx512 in the environment.
 */
#ifndef ENT_BASE_CPU_H
#define ENT_BASE_CPU_H

#include <entente/entente.h>

enum ent_cpu_level {
    ENT_CPU_PORTABLE = 0, /* plain C, any machine */
    ENT_CPU_AVX2,         /* AVX2 and BMI2 */
    ENT_CPU_AVX512        /* AVX-512 F, BW, DQ, VL, VBMI and IFMA */
};

/* The best level that the machine, the environment and ent_cpu_limit() all allow. */
enum ent_cpu_level ent_cpu_level(void);

/* What the machine itself has, whatever was limited. */
enum ent_cpu_level ent_cpu_machine(void);

/* Never go above this from now on (for tests; not for a running pool). */
void ent_cpu_limit(enum ent_cpu_level most);

const char *ent_cpu_name(enum ent_cpu_level l);

#endif
