/* disk_remote.c: see disk_remote.h. */
#include "node/node.h"
#include "node/disk_remote.h"
#include "node/files_msg.h"

#include <errno.h>

/* A descriptor comes along where one was asked for and granted, and never else. */
static enum ent_err take_fd(int *ret_fd, int fd, enum ent_err err)
{
    const bool wanted = ret_fd != NULL && err == ENT_OK;
    if (wanted && fd >= 0) {
        *ret_fd = fd;
        return ENT_OK;
    }
    if (fd >= 0)
        (void)close(fd);
    if (wanted || fd >= 0) {
        errno = EPROTO; /* or this process has as many as it may */
        return ENT_E_IO;
    }
    return err;
}

static int why_no_answer(enum ent_err e)
{
    return e == ENT_E_PEER ? ENOTCONN : e == ENT_E_TIMEOUT ? ETIMEDOUT : EPROTO;
}

/* What the other side says. The answer, into which *a points, is the caller's to release. */
static enum ent_err ask(struct ent_disk_remote *r, struct ent_files_answer *a,
                        struct ent_msg *answer, int *ret_fd, enum ent_files_what what,
                        const char *name, struct ent_slice bytes)
{
    struct ent_files_request q = {.what = what, .bytes = bytes};
    struct ent_buf request;
    (void)snprintf(q.name, sizeof(q.name), "%s", name);
    ent_buf_init(&request, ENT_FILES_MSG_MAX);
    *answer = ENT_MSG_NOTHING;
    enum ent_err e = ent_files_request_encode(&request, &q);
    if (e != ENT_OK) {
        *a = (struct ent_files_answer){.err = e};
    } else if ((e = r->keeper.call(r->keeper.ctx, answer, (uint16_t)(ENT_MSG_FILES + what),
                                   ent_buf_slice(&request))) != ENT_OK ||
               (e = ent_files_answer_parse(a, what, ent_buf_slice(&answer->bytes))) != ENT_OK) {
        *a = (struct ent_files_answer){.err = ENT_E_IO, .sys = why_no_answer(e)};
    }
    ent_buf_wipe(&request);
    e = take_fd(ret_fd, answer->fd, a->err);
    answer->fd = -1;
    if (a->err != ENT_OK)
        errno = a->sys;
    return e;
}

static enum ent_err simply(struct ent_disk_remote *r, int *ret_fd, enum ent_files_what what,
                           const char *name, struct ent_slice bytes)
{
    struct ent_files_answer a;
    struct ent_msg answer;
    enum ent_err e = ask(r, &a, &answer, ret_fd, what, name, bytes);
    ent_msg_release(&answer);
    return e;
}

static enum ent_err remote_open(void *ctx, int *ret_fd, const char *name, enum ent_open_how how)
{
    static const enum ent_files_what whats[] = {[ENT_OPEN_READ] = ENT_FILES_READ,
                                                [ENT_OPEN_WRITE] = ENT_FILES_WRITE,
                                                [ENT_OPEN_MAKE] = ENT_FILES_MAKE,
                                                [ENT_OPEN_LOCK] = ENT_FILES_LOCK};
    return simply(ctx, ret_fd, whats[how], name, ent_slice(NULL, 0));
}

static enum ent_err remote_identify(void *ctx, struct ent_file_id *ret, const char *name)
{
    struct ent_files_answer a;
    struct ent_msg answer;
    enum ent_err e = ask(ctx, &a, &answer, NULL, ENT_FILES_IDENTIFY, name, ent_slice(NULL, 0));
    if (e == ENT_OK)
        *ret = a.id;
    ent_msg_release(&answer);
    return e;
}

static enum ent_err remote_settle(void *ctx, const char *name)
{
    return simply(ctx, NULL, ENT_FILES_SETTLE, name, ent_slice(NULL, 0));
}

static enum ent_err remote_replace(void *ctx, const char *name, struct ent_slice bytes)
{
    return simply(ctx, NULL, ENT_FILES_REPLACE, name, bytes);
}

static enum ent_err remote_create(void *ctx, const char *name, struct ent_slice bytes)
{
    return simply(ctx, NULL, ENT_FILES_CREATE, name, bytes);
}

static enum ent_err remote_remove(void *ctx, const char *name)
{
    return simply(ctx, NULL, ENT_FILES_REMOVE, name, ent_slice(NULL, 0));
}

static enum ent_err remote_list(void *ctx, struct ent_buf *ret, const char *folder)
{
    struct ent_files_answer a;
    struct ent_msg answer;
    enum ent_err e = ask(ctx, &a, &answer, NULL, ENT_FILES_LIST, folder, ent_slice(NULL, 0));
    if (e == ENT_OK)
        e = ent_buf_put_slice(ret, a.names);
    ent_msg_release(&answer);
    return e;
}

void ent_disk_remote_init(struct ent_disk_remote *r, const struct ent_caller *keeper)
{
    r->keeper = *keeper;
    r->opener = (struct ent_opener){.ctx = r,
                                    .open = remote_open,
                                    .identify = remote_identify,
                                    .settle = remote_settle,
                                    .replace = remote_replace,
                                    .create = remote_create,
                                    .remove = remote_remove,
                                    .list = remote_list};
    ent_disk_cache_init(&r->cache, &r->opener);
    r->disk = r->cache.disk;
}

void ent_disk_remote_release(struct ent_disk_remote *r)
{
    ent_disk_cache_release(&r->cache);
}
