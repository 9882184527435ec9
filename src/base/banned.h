/*
 * banned.h: functions that never appear here, as compile errors. Included by base.h, which every
 * file includes first. (Learned from git's banned.h; macros with arguments, because a poisoned
 * name would also trip over members of that name in other people's headers.)
 */
#ifndef ENT_BASE_BANNED_H
#define ENT_BASE_BANNED_H

/* Everything that declares these must come before the macros. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>
#include <alloca.h>

#define ENT_BANNED(name) ent_##name##_is_banned_see_base_banned_h

/* Unbounded or silently cutting copies: snprintf with its result checked, or struct ent_buf. */
#undef strcpy
#define strcpy(a, b) ENT_BANNED(strcpy)
#undef strcat
#define strcat(a, b) ENT_BANNED(strcat)
#undef strncpy
#define strncpy(a, b, n) ENT_BANNED(strncpy)
#undef strncat
#define strncat(a, b, n) ENT_BANNED(strncat)
#undef stpcpy
#define stpcpy(a, b) ENT_BANNED(stpcpy)
#undef sprintf
#define sprintf(...) ENT_BANNED(sprintf)
#undef vsprintf
#define vsprintf(...) ENT_BANNED(vsprintf)
#undef gets
#define gets(a) ENT_BANNED(gets)

/* Accept blanks, signs and garbage, or hide errors: ent_parse_u64(), cursors. */
#define atoi(a)      ENT_BANNED(atoi)
#define atol(a)      ENT_BANNED(atol)
#define atoll(a)     ENT_BANNED(atoll)
#define atof(a)      ENT_BANNED(atof)
#define strtok(a, b) ENT_BANNED(strtok)
#define sscanf(...)  ENT_BANNED(sscanf)

/* Randomness comes from ent_random() alone. */
#define rand()     ENT_BANNED(rand)
#define srand(a)   ENT_BANNED(srand)
#define random()   ENT_BANNED(random)
#define srandom(a) ENT_BANNED(srandom)

/* Hidden state, or a name that can be guessed. */
#define gmtime(a)     ENT_BANNED(gmtime)
#define localtime(a)  ENT_BANNED(localtime)
#define ctime(a)      ENT_BANNED(ctime)
#define asctime(a)    ENT_BANNED(asctime)
#define tmpnam(a)     ENT_BANNED(tmpnam)
#define tempnam(a, b) ENT_BANNED(tempnam)
#define mktemp(a)     ENT_BANNED(mktemp)

/* The stack is not for sizes that come from outside. */
#undef alloca
#define alloca(a) ENT_BANNED(alloca)

/* A shell between us and the program. */
#define system(a)   ENT_BANNED(system)
#define popen(a, b) ENT_BANNED(popen)

#endif
