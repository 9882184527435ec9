/* err.c: error codes, diagnoses, and the end of a process that found a bug in itself. */
#include "base/base.h"

#include <errno.h>

const char *ent_err_str(enum ent_err e)
{
    switch (e) {
    case ENT_OK:
        return "no error";
    case ENT_E_FORMAT:
        return "malformed data";
    case ENT_E_LIMIT:
        return "a size or count limit was exceeded";
    case ENT_E_AUTH:
        return "a signature, proof, key or passphrase is wrong";
    case ENT_E_STATE:
        return "this message does not belong here now";
    case ENT_E_POLICY:
        return "not allowed by the pact or the configuration";
    case ENT_E_NOTFOUND:
        return "not found";
    case ENT_E_EXISTS:
        return "exists already and is not overwritten";
    case ENT_E_PEER:
        return "the other side refused or broke off";
    case ENT_E_TIMEOUT:
        return "timed out";
    case ENT_E_IO:
        return "input or output failed";
    case ENT_E_FULL:
        return "no space left on the device";
    case ENT_E_NOMEM:
        return "out of memory";
    case ENT_E_INTERRUPTED:
        return "interrupted";
    case ENT_E_UNSUPPORTED:
        return "not supported";
    }
    return "unknown error";
}

enum ent_err(ent_fail)(struct ent_diag *d, enum ent_err e, const char *text, uint64_t line,
                       uint64_t offset)
{
    if (d != NULL)
        *d = (struct ent_diag){.text = text, .line = line, .offset = offset};
    return e;
}

enum ent_err ent_err_from_errno(int sys)
{
    switch (sys) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return ENT_E_FULL;
    case ENOMEM:
        return ENT_E_NOMEM;
    case ENOENT:
    case ENOTDIR:
        return ENT_E_NOTFOUND;
    case EEXIST:
        return ENT_E_EXISTS;
    case EINTR:
        return ENT_E_INTERRUPTED;
    case ETIMEDOUT:
        return ENT_E_TIMEOUT;
    default:
        return ENT_E_IO;
    }
}

enum ent_err ent_fail_sys(struct ent_diag *d, const char *text)
{
    int sys = errno;
    if (d != NULL)
        *d = (struct ent_diag){.text = text, .sys = sys};
    return ent_err_from_errno(sys);
}

void ent_bug_at(const char *file, int line, const char *what)
{
    (void)fprintf(stderr, "entente: bug at %s:%d: %s\n", file, line, what);
    abort();
}
