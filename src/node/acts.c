/*
 * acts.c: own statements, numbered and durable. One file each, made with a name that nobody can
 * have twice; a lock keeps two processes of one home from signing the same number.
 */
#include "node/node.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#define DIGITS 8

static enum ent_err lock(const struct ent_home *h, struct ent_diag *d, int *ret_fd)
{
    char path[ENT_PATH_MAX];
    enum ent_err r = ent_home_path(h, path, "acts/.lock");
    if (r != ENT_OK)
        return r;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return ent_fail_sys(d, "cannot lock the acts");
    while (flock(fd, LOCK_EX) != 0) {
        if (errno != EINTR) {
            r = ent_fail_sys(d, "cannot lock the acts");
            (void)close(fd);
            return r;
        }
    }
    *ret_fd = fd;
    return ENT_OK;
}

static enum ent_err last_sequence(const struct ent_home *h, struct ent_diag *d, uint64_t *ret)
{
    char path[ENT_PATH_MAX];
    struct dirent *e;
    uint64_t v;
    enum ent_err r = ent_home_path(h, path, "acts");
    if (r != ENT_OK)
        return r;
    DIR *dir = opendir(path);
    if (dir == NULL)
        return ent_fail_sys(d, "cannot read the acts");
    *ret = 0;
    while ((e = readdir(dir)) != NULL) {
        const char *digits = e->d_name;
        while (*digits == '0')
            digits++;
        if (strlen(e->d_name) == DIGITS &&
            ent_parse_u64(&v, ent_slice_str(digits), UINT32_MAX) == ENT_OK && v > *ret)
            *ret = v;
    }
    (void)closedir(dir);
    return ENT_OK;
}

static enum ent_err make(const struct ent_home *h, struct ent_buf *b, struct ent_act *ret,
                         struct ent_diag *d, const struct ent_act_wish *wish,
                         const struct ent_seed32 *author)
{
    struct ent_statement st = {.pact_version = h->pact.version,
                               .pact = h->pact.hash,
                               .type = wish->type,
                               .time = wish->now};
    char path[ENT_PATH_MAX], name[32];
    size_t start = b->n;
    enum ent_err r = last_sequence(h, d, &st.sequence);
    if (r != ENT_OK)
        return r;
    st.sequence++;
    memcpy(st.author, h->pact.self, sizeof(st.author));
    ent_heads_none(&st.heads);
    if (wish->ref != NULL)
        st.ref[st.refs++] = *wish->ref;
    (void)snprintf(st.tlp, sizeof(st.tlp), "%s", ent_tlp_name(ENT_TLP_AMBER_STRICT));
    (void)snprintf(st.media, sizeof(st.media), "%s", wish->media);
    (void)snprintf(name, sizeof(name), "acts/%0*llu", DIGITS, (unsigned long long)st.sequence);
    if ((r = ent_act_make(b, ret, &st, wish->body, author)) != ENT_OK)
        return ent_fail(d, r, "cannot sign a statement", 0, 0);
    if ((r = ent_home_path(h, path, name)) != ENT_OK)
        return r;
    return ent_file_create(path, ent_slice(b->p + start, b->n - start), 0600, d);
}

enum ent_err ent_home_act(const struct ent_home *h, struct ent_buf *b, struct ent_act *ret,
                          struct ent_diag *d, const struct ent_act_wish *wish,
                          const struct ent_seed32 *author)
{
    int fd = -1;
    enum ent_err r = lock(h, d, &fd);
    if (r != ENT_OK)
        return r;
    r = make(h, b, ret, d, wish, author);
    (void)close(fd);
    return r;
}

/* --- runs ---------------------------------------------------------------------------------------
 */

static enum ent_err run_dir(const struct ent_home *h, char ret[static ENT_PATH_MAX], const char *id)
{
    char under[64];
    int n = snprintf(under, sizeof(under), "runs/%s", id);
    return n < 0 || (size_t)n >= sizeof(under) ? ENT_E_LIMIT : ent_home_path(h, ret, under);
}

enum ent_err ent_home_run_file(const struct ent_home *h, struct ent_diag *d, const char *id,
                               const char *name, struct ent_slice bytes)
{
    char dir[ENT_PATH_MAX], path[ENT_PATH_MAX];
    enum ent_err r;
    if ((r = run_dir(h, dir, id)) != ENT_OK ||
        (r = ent_path_join(path, sizeof(path), dir, name)) != ENT_OK)
        return ent_fail(d, r, "path too long", 0, 0);
    if (mkdir(dir, 0700) != 0 && errno != EEXIST)
        return ent_fail_sys(d, "cannot make a directory");
    return ent_file_write(path, bytes, 0600, d);
}

void ent_home_run_drop(const struct ent_home *h, const char *id)
{
    char path[ENT_PATH_MAX];
    struct dirent *e;
    DIR *dir = run_dir(h, path, id) == ENT_OK ? opendir(path) : NULL;
    if (dir == NULL)
        return;
    while ((e = readdir(dir)) != NULL)
        (void)unlinkat(dirfd(dir), e->d_name, 0); /* fails for "." and "..", which stay */
    (void)closedir(dir);
    (void)rmdir(path);
}
