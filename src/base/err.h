/*
 * err.h: how failures travel. One enum (entente/entente.h), three classes:
 *   a bug of ours       ENT_BUG(): abort at once;
 *   the system failed   a code; only node/ and cli/ may end the process for it;
 *   hostile input       a code and, where a person will read it, a struct ent_diag.
 */
#ifndef ENT_BASE_ERR_H
#define ENT_BASE_ERR_H

#include <entente/entente.h>

/*
 * What was wrong and where. text is always a string literal, so that foreign bytes never reach a
 * message by this way; line and offset count from 1 and 0; 0 in line means "not about a line".
 */
struct ent_diag {
    const char *text;
    uint64_t line;
    uint64_t offset;
    int sys;       /* errno when the system failed, else 0 */
    char file[32]; /* below the folder that was opened; "" for what was named itself */
};

/* Fill d (if not NULL) and return e, so that parsers can say: return ent_fail(d, e, ...). */
ENT_MUST_USE enum ent_err ent_fail(struct ent_diag *d, enum ent_err e, const char *text,
                                   uint64_t line, uint64_t offset);
#ifdef __clang_analyzer__ /* which looks into one file at a time: it returns what it is given */
#define ent_fail(d, e, text, line, offset) ((void)!(ent_fail)(d, e, text, line, offset), (e))
#endif

/* The same for a failed system call: e follows from errno (ENOSPC becomes ENT_E_FULL, ...). */
ENT_MUST_USE enum ent_err ent_fail_sys(struct ent_diag *d, const char *text);

/* The code for an errno value. */
ENT_MUST_USE enum ent_err ent_err_from_errno(int sys);

_Noreturn void ent_bug_at(const char *file, int line, const char *what);
#define ENT_BUG(what) ent_bug_at(__FILE__, __LINE__, (what))
#define ENT_ASSERT(c)                                                                              \
    do {                                                                                           \
        if (!(c))                                                                                  \
            ENT_BUG(#c);                                                                           \
    } while (0)

#endif
