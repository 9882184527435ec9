/* keeper_files.c: see keeper_files.h. */
#include "node/node.h"
#include "node/keeper_files.h"
#include "node/files_msg.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

#define TRIES 8

/* --- who may what ------------------------------------------------------------------------------
 */

#define WRITES (ENT_MAY_SEE | ENT_MAY_CHANGE | ENT_MAY_REPLACE)
#define WHOLE  (ENT_MAY_SEE | ENT_MAY_REPLACE)

/* table */
const struct ent_files_rule ent_files_of_ledger[] = {
    {"card", ENT_MAY_SEE},
    {"book.lock", ENT_MAY_LOCK},
    {"heard", WHOLE},
    {"pact", ENT_MAY_NAMES},
    {"pact/######", ENT_MAY_SEE | ENT_MAY_CREATE},
    {"pact/read-#", WHOLE},
    {"pact/next", ENT_MAY_NAMES},
    {"pact/next/*", ENT_MAY_SEE | ENT_MAY_CREATE | ENT_MAY_DROP},
    {"heads", ENT_MAY_NAMES},
    {"heads/*", WHOLE},
    {"withdrawn", ENT_MAY_NAMES},
    {"withdrawn/*", WHOLE},
    {"exposed", ENT_MAY_NAMES},
    {"exposed/*", WHOLE},
    {"quorum", ENT_MAY_NAMES},
    {"quorum/compared", WHOLE},
    {"quorum/refused", WHOLE},
    {"quorum/wish", ENT_MAY_NAMES},
    {"quorum/wish/*", WHOLE | ENT_MAY_DROP},
    {"quorum/*/said", ENT_MAY_NAMES},
    {"quorum/*/said/*", WHOLE},
    {"quorum/*/*", WRITES | ENT_MAY_DROP},
    {"runs", ENT_MAY_NAMES},
    {"runs/*", ENT_MAY_NAMES | ENT_MAY_DROP},
    {"runs/*/*", WHOLE | ENT_MAY_DROP},
    {"log/#/*", WRITES},
    {"mirror/*/#/*", WRITES},
    {"lock/*", WHOLE},
    {"lock/#/*", WRITES},
    {"lock/heads/*/#", WHOLE},
    {NULL, 0},
};

const struct ent_files_rule ent_files_of_signer[] = {
    {"card", ENT_MAY_SEE},           {"pact", ENT_MAY_NAMES},
    {"pact/#", ENT_MAY_SEE},         {"lock/#/checkpoint", ENT_MAY_SEE},
    {"lock/heads/*/#", ENT_MAY_SEE}, {NULL, 0},
};

static bool fits(const char *pattern, const char *name)
{
    for (; *pattern != '\0' && *pattern != '*' && *pattern != '#'; pattern++, name++)
        if (*pattern != *name)
            return false;
    if (*pattern == '\0')
        return *name == '\0';
    const size_t most = *pattern == '#' ? strspn(name, "0123456789") : strcspn(name, "/");
    for (size_t n = most; n > 0; n--)
        if (fits(pattern + 1, name + n))
            return true;
    return false;
}

unsigned ent_files_may(const struct ent_files_rule *rules, const char *name)
{
    for (; rules->pattern != NULL; rules++)
        if (fits(rules->pattern, name))
            return rules->may;
    return 0;
}

/* A bit, or several of which one is enough. */
static unsigned needs(enum ent_files_what what)
{
    static const unsigned bits[ENT_FILES_WHATS] = {
        [ENT_FILES_READ] = ENT_MAY_SEE,
        [ENT_FILES_WRITE] = ENT_MAY_CHANGE,
        [ENT_FILES_MAKE] = ENT_MAY_CHANGE,
        [ENT_FILES_LOCK] = ENT_MAY_LOCK,
        [ENT_FILES_IDENTIFY] = ENT_MAY_SEE,
        [ENT_FILES_SETTLE] = ENT_MAY_CHANGE | ENT_MAY_REPLACE,
        [ENT_FILES_REPLACE] = ENT_MAY_REPLACE,
        [ENT_FILES_CREATE] = ENT_MAY_CREATE,
        [ENT_FILES_REMOVE] = ENT_MAY_DROP,
        [ENT_FILES_LIST] = ENT_MAY_NAMES,
    };
    return bits[what];
}

/* --- serving -----------------------------------------------------------------------------------
 */

static int open_beneath(int dir, const char *path)
{
    const struct open_how how = {.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
                                 .resolve =
                                     RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
    long fd = -1;
    errno = EAGAIN; /* "something was renamed meanwhile" */
    for (int i = 0; i < TRIES && fd < 0 && (errno == EAGAIN || errno == EINTR); i++)
        fd = syscall(SYS_openat2, dir, path, &how, sizeof(how));
    return (int)fd;
}

enum ent_err ent_keeper_files_open(struct ent_keeper_files *k, struct ent_diag *d, const char *dir,
                                   const struct ent_files_rule *rules)
{
    k->rules = rules;
    enum ent_err r = ent_files_open(&k->files, d, dir, open_beneath);
    if (r != ENT_OK)
        return r;
    int fd = open_beneath(k->files.dir, ".");
    if (fd >= 0) {
        (void)close(fd);
        return ENT_OK;
    }
    bool lacks = errno == ENOSYS || errno == EPERM || errno == E2BIG || errno == EINVAL;
    r = ent_fail_sys(d, "cannot open files below one directory alone");
    ent_files_close(&k->files);
    return lacks ? ENT_E_UNSUPPORTED : r;
}

void ent_keeper_files_close(struct ent_keeper_files *k)
{
    ent_files_close(&k->files);
}

static enum ent_err run(struct ent_keeper_files *k, struct ent_files_answer *a,
                        struct ent_buf *names, int *ret_fd, const struct ent_files_request *q)
{
    const struct ent_opener *o = &k->files.opener;
    switch (q->what) {
    case ENT_FILES_READ:
        return o->open(o->ctx, ret_fd, q->name, ENT_OPEN_READ);
    case ENT_FILES_WRITE:
        return o->open(o->ctx, ret_fd, q->name, ENT_OPEN_WRITE);
    case ENT_FILES_MAKE:
        return o->open(o->ctx, ret_fd, q->name, ENT_OPEN_MAKE);
    case ENT_FILES_LOCK:
        return o->open(o->ctx, ret_fd, q->name, ENT_OPEN_LOCK);
    case ENT_FILES_IDENTIFY:
        return o->identify(o->ctx, &a->id, q->name);
    case ENT_FILES_SETTLE:
        return o->settle(o->ctx, q->name);
    case ENT_FILES_REPLACE:
        return o->replace(o->ctx, q->name, q->bytes);
    case ENT_FILES_CREATE:
        return o->create(o->ctx, q->name, q->bytes);
    case ENT_FILES_REMOVE:
        return o->remove(o->ctx, q->name);
    case ENT_FILES_LIST:
        return o->list(o->ctx, names, q->name);
    }
    return ENT_E_FORMAT;
}

enum ent_err ent_keeper_files_serve(void *keeper_files, struct ent_msg *ret, struct ent_msg *call)
{
    struct ent_keeper_files *k = keeper_files;
    const enum ent_files_what what = (enum ent_files_what)(call->type - ENT_MSG_FILES);
    struct ent_files_request q;
    struct ent_files_answer a = {.err = ENT_E_POLICY};
    struct ent_buf names;
    int fd = -1;
    enum ent_err r = call->type < ENT_MSG_FILES || what >= ENT_FILES_WHATS
                         ? ENT_E_FORMAT
                         : ent_files_request_parse(&q, what, ent_buf_slice(&call->bytes));
    if (r != ENT_OK)
        return r;
    ent_buf_init(&names, ENT_DISK_LIST_MAX);
    if ((ent_files_may(k->rules, q.name) & needs(what)) != 0) {
        errno = 0;
        a.err = run(k, &a, &names, &fd, &q);
        a.sys = a.err == ENT_E_IO || a.err == ENT_E_FULL ? errno : 0;
        a.names = ent_buf_slice(&names);
    }
    r = ent_files_answer_encode(&ret->bytes, what, &a);
    ent_buf_release(&names);
    if (r == ENT_OK)
        ret->fd = fd;
    else if (fd >= 0)
        (void)close(fd);
    return r;
}
