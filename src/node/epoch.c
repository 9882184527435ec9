/* epoch.c: a page with one number. */
#include "node/node.h"

#include "node/epoch.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

struct ent_epoch {
    _Atomic uint64_t *page;
    int fd; /* to be shared, only to be read; or -1 */
    bool ours;
};

_Static_assert(sizeof(_Atomic uint64_t) == 8 && ATOMIC_LLONG_LOCK_FREE == 2,
               "processes share it without a lock");

static enum ent_err map(struct ent_epoch **ret, int fd, bool ours)
{
    struct ent_epoch *e = malloc(sizeof(*e));
    if (e == NULL)
        return ENT_E_NOMEM;
    void *p =
        mmap(NULL, sizeof(*e->page), ours ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED) {
        free(e);
        return errno == ENOMEM ? ENT_E_NOMEM : ENT_E_IO;
    }
    *e = (struct ent_epoch){.page = p, .fd = -1, .ours = ours};
    *ret = e;
    return ENT_OK;
}

/* Never shortened: whoever has the page would die of it. */
static enum ent_err is_whole(int fd, bool make)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return ENT_E_IO;
    if (!S_ISREG(st.st_mode))
        return ENT_E_FORMAT;
    if (st.st_size >= (off_t)sizeof(uint64_t))
        return ENT_OK;
    return !make ? ENT_E_FORMAT : ftruncate(fd, sizeof(uint64_t)) == 0 ? ENT_OK : ENT_E_IO;
}

enum ent_err ent_epoch_open(struct ent_epoch **ret, struct ent_diag *d, const char *path)
{
    struct ent_epoch *e = NULL;
    int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    enum ent_err r = fd < 0 ? ENT_E_IO : is_whole(fd, true);
    if (r == ENT_OK)
        r = map(&e, fd, true);
    if (r == ENT_OK && (e->fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)) < 0)
        r = ENT_E_IO;
    if (fd >= 0)
        (void)close(fd);
    if (r != ENT_OK) {
        ent_epoch_close(e);
        return ent_fail(d, r, "cannot open the file that tells of changed accounts", 0, 0);
    }
    *ret = e;
    return ENT_OK;
}

enum ent_err ent_epoch_share(const struct ent_epoch *e, int *ret_fd)
{
    int fd = fcntl(e->fd, F_DUPFD_CLOEXEC, 3);
    if (fd < 0)
        return ENT_E_NOMEM;
    *ret_fd = fd;
    return ENT_OK;
}

enum ent_err ent_epoch_see(struct ent_epoch **ret, int fd)
{
    enum ent_err r = is_whole(fd, false);
    return r == ENT_OK ? map(ret, fd, false) : r;
}

void ent_epoch_close(struct ent_epoch *e)
{
    if (e == NULL)
        return;
    (void)munmap((void *)(uintptr_t)e->page, sizeof(*e->page));
    if (e->fd >= 0)
        (void)close(e->fd);
    free(e);
}

uint64_t ent_epoch_now(const struct ent_epoch *e)
{
    return atomic_load(e->page);
}

void ent_epoch_raise(struct ent_epoch *e)
{
    ENT_ASSERT(e->ours);
    (void)atomic_fetch_add(e->page, 1);
}
