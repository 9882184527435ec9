/*
 * windows.c: the folder of windows. Writers take turns by a lock that the system gives back when a
 * process dies; readers see the file before or the file after.
 */
#include "watch/watch.h"
#include "watch/windows_parts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#define LOCK_NAME "lock"
#define TMP_N     7u /* ".XXXXXX" of base/file.c */

struct ent_window_id ent_window_at(int64_t now, uint32_t seconds)
{
    int64_t at = now < 0 ? 0 : now;
    return (struct ent_window_id){at - at % seconds, seconds};
}

void ent_window_name(char ret[static ENT_WINDOW_NAME], struct ent_window_id id)
{
    char start[ENT_TIME_TEXT];
    ent_time_format(start, id.start);
    (void)snprintf(ret, ENT_WINDOW_NAME, "%s-%lu", start, (unsigned long)id.seconds);
}

enum ent_err ent_window_name_parse(struct ent_window_id *ret, struct ent_slice name)
{
    struct ent_window_id id = {0};
    char again[ENT_WINDOW_NAME];
    uint64_t seconds = 0;
    const size_t at = ENT_TIME_TEXT - 1;
    if (name.n < at + 2 || name.p[at] != '-' ||
        ent_time_parse(&id.start, ent_slice(name.p, at)) != ENT_OK ||
        ent_parse_u64(&seconds, ent_slice(name.p + at + 1, name.n - at - 1),
                      ENT_WINDOW_SECONDS_MOST) != ENT_OK ||
        seconds == 0 || id.start < 0 || id.start % (int64_t)seconds != 0)
        return ENT_E_FORMAT;
    id.seconds = (uint32_t)seconds;
    ent_window_name(again, id);
    if (!ent_slice_eq(ent_slice_str(again), name)) /* one name for each */
        return ENT_E_FORMAT;
    *ret = id;
    return ENT_OK;
}

enum ent_err ent_window_path(char ret[static ENT_WINDOW_PATH], const char *dir,
                             struct ent_window_id id, struct ent_diag *d)
{
    char name[ENT_WINDOW_NAME];
    ent_window_name(name, id);
    enum ent_err r = ent_path_join(ret, ENT_WINDOW_PATH, dir, name);
    return r == ENT_OK ? r : ent_fail(d, r, "path too long", 0, 0);
}

/* --- files --------------------------------------------------------------------------------------
 */

static enum ent_err read_fd(void *ctx, uint8_t *ret, size_t *ret_n, size_t cap, struct ent_diag *d)
{
    ssize_t n;
    do
        n = read(((struct ent_window_file *)ctx)->fd, ret, cap);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return ent_fail_sys(d, "cannot read");
    *ret_n = (size_t)n;
    return ENT_OK;
}

enum ent_err ent_window_file_begin(struct ent_window_in **ret, struct ent_window_file *f,
                                   struct ent_window_id id, struct ent_diag *d)
{
    struct ent_window_in *in = NULL;
    if (lseek(f->fd, 0, SEEK_SET) < 0)
        return ent_fail_sys(d, "cannot read");
    enum ent_err r = ent_window_open(&in, d, (struct ent_reader){read_fd, f});
    if (r != ENT_OK)
        return r;
    const struct ent_window *w = ent_window_of(in);
    if (!ent_window_id_eq((struct ent_window_id){w->start, w->seconds}, id)) {
        ent_window_close(in);
        return ent_fail(d, ENT_E_FORMAT, "another window than its name says", 0, 0);
    }
    *ret = in;
    return ENT_OK;
}

enum ent_err ent_window_file_open(struct ent_window_file *ret, const char *path, struct ent_diag *d)
{
    ret->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    return ret->fd < 0 ? ent_fail_sys(d, "cannot open") : ENT_OK;
}

void ent_window_file_close(struct ent_window_file *f)
{
    if (f->fd >= 0)
        (void)close(f->fd);
    f->fd = -1;
}

/* --- reading ------------------------------------------------------------------------------------
 */

static int hidden_out(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

static void free_names(struct dirent **names, int n)
{
    for (int i = 0; i < n; i++)
        free(names[i]);
    free(names);
}

static enum ent_err tell(const char *dir, struct ent_window_id id,
                         enum ent_err (*each)(void *ctx, struct ent_window_id id,
                                              const struct ent_window *w, uint64_t bytes,
                                              const struct ent_diag *d),
                         void *ctx)
{
    char path[ENT_WINDOW_PATH];
    struct ent_diag d = {0};
    struct ent_window_file f = {-1};
    struct stat st = {0};
    struct ent_window_in *in = NULL;
    enum ent_err r = ent_window_path(path, dir, id, &d);
    if (r == ENT_OK && (r = ent_window_file_open(&f, path, &d)) == ENT_E_NOTFOUND)
        return ENT_OK; /* it expired just now */
    if (r == ENT_OK && fstat(f.fd, &st) != 0)
        r = ent_fail_sys(&d, "cannot read");
    if (r == ENT_OK)
        r = ent_window_file_begin(&in, &f, id, &d);
    r = each(ctx, id, r == ENT_OK ? ent_window_of(in) : NULL, (uint64_t)st.st_size, &d);
    ent_window_close(in);
    ent_window_file_close(&f);
    return r;
}

enum ent_err ent_windows_each(const char *dir,
                              enum ent_err (*each)(void *ctx, struct ent_window_id id,
                                                   const struct ent_window *w, uint64_t bytes,
                                                   const struct ent_diag *d),
                              void *ctx, struct ent_diag *d)
{
    struct dirent **names = NULL;
    struct ent_window_id id;
    enum ent_err r = ENT_OK;
    int n = scandir(dir, &names, hidden_out, alphasort);
    if (n < 0)
        return errno == ENOENT ? ENT_OK : ent_fail_sys(d, "cannot read directory");
    for (int i = 0; i < n && r == ENT_OK; i++)
        if (ent_window_name_parse(&id, ent_slice_str(names[i]->d_name)) == ENT_OK)
            r = tell(dir, id, each, ctx);
    free_names(names, n);
    return r;
}

static bool is_wanted(const struct ent_windows_want *want, const struct ent_window_item *item)
{
    return (want->types & ENT_OBS_BIT(item->obs.type)) != 0;
}

static uint64_t rank_of(const struct ent_salt16 *salt, const struct ent_window_item *item)
{
    return ent_window_rank(salt, item->obs.type, ent_slice(item->obs.text, item->obs.n),
                           item->hits);
}

/* Read it once only to know which ranks are in it. */
static enum ent_err choose(struct ent_window_file *f, struct ent_window_id id,
                           const struct ent_windows_want *want, struct ent_rank_cut *ret,
                           struct ent_diag *d)
{
    struct ent_window_in *in = NULL;
    const struct ent_window_item *item = NULL;
    struct ent_ranks k = {0};
    enum ent_err r = ent_window_file_begin(&in, f, id, d);
    *ret = ENT_RANK_ALL;
    if (r == ENT_OK && want->most > 0) {
        uint64_t n = ent_window_items(ent_window_of(in), want->types);
        if (n > want->most)
            r = ent_ranks_new(&k, n);
    }
    while (r == ENT_OK && k.v != NULL && (r = ent_window_next(in, &item, d)) == ENT_OK &&
           item != NULL)
        if (is_wanted(want, item))
            k.v[k.n++] = rank_of(&want->salt, item);
    if (r == ENT_OK && k.v != NULL)
        *ret = ent_ranks_cut(&k, want->most);
    free(k.v);
    ent_window_close(in);
    return r;
}

enum ent_err ent_windows_read(const char *dir, struct ent_window_id id,
                              const struct ent_windows_want *want, struct ent_window *ret,
                              enum ent_err (*each)(void *ctx, const struct ent_window_item *item),
                              void *ctx, struct ent_diag *d)
{
    char path[ENT_WINDOW_PATH];
    struct ent_window_file f = {-1};
    struct ent_rank_cut c;
    struct ent_window_in *in = NULL;
    const struct ent_window_item *item = NULL;
    enum ent_err r;
    if ((r = ent_window_path(path, dir, id, d)) != ENT_OK ||
        (r = ent_window_file_open(&f, path, d)) != ENT_OK)
        return r;
    if ((r = choose(&f, id, want, &c, d)) == ENT_OK &&
        (r = ent_window_file_begin(&in, &f, id, d)) == ENT_OK && ret != NULL)
        *ret = *ent_window_of(in);
    while (r == ENT_OK && (r = ent_window_next(in, &item, d)) == ENT_OK && item != NULL)
        if (is_wanted(want, item) && ent_rank_stays(&c, rank_of(&want->salt, item)))
            r = each(ctx, item);
    ent_window_close(in);
    ent_window_file_close(&f);
    return r;
}

/* --- the lock -----------------------------------------------------------------------------------
 */

enum ent_err ent_windows_lock(int *ret, const char *dir, const atomic_bool *stop,
                              struct ent_diag *d)
{
    char path[ENT_WINDOW_PATH];
    enum ent_err r = ent_path_join(path, sizeof(path), dir, LOCK_NAME);
    if (r != ENT_OK)
        return ent_fail(d, r, "path too long", 0, 0);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return ent_fail_sys(d, "cannot open the lock");
    while (flock(fd, LOCK_EX) != 0) {
        if (errno == EINTR && (stop == NULL || !atomic_load(stop)))
            continue;
        r = ent_fail_sys(d, "cannot lock");
        (void)close(fd);
        return r;
    }
    *ret = fd;
    return ENT_OK;
}

/* --- expiry -------------------------------------------------------------------------------------
 */

/* What base/file.c calls a file that is not whole yet. Under the lock nobody is at work on one. */
static bool is_half_written(struct ent_slice name)
{
    struct ent_window_id id;
    return name.n > TMP_N && name.p[name.n - TMP_N] == '.' &&
           ent_window_name_parse(&id, ent_slice(name.p, name.n - TMP_N)) == ENT_OK;
}

static bool is_over(struct ent_slice name, int64_t now, uint64_t keep)
{
    struct ent_window_id id;
    if (ent_window_name_parse(&id, name) != ENT_OK || id.start + id.seconds > now)
        return false;
    return (uint64_t)(now - id.start - id.seconds) >= keep;
}

static enum ent_err remove_old(const char *dir, int64_t now, uint64_t keep, uint64_t *ret,
                               struct ent_diag *d)
{
    struct dirent **names = NULL;
    enum ent_err r = ENT_OK;
    int n = scandir(dir, &names, hidden_out, NULL), fd = open(dir, O_RDONLY | O_CLOEXEC);
    if (n < 0 || fd < 0)
        r = ent_fail_sys(d, "cannot read directory");
    for (int i = 0; i < n && r == ENT_OK; i++) {
        struct ent_slice name = ent_slice_str(names[i]->d_name);
        bool over = is_over(name, now, keep);
        if (!over && !is_half_written(name))
            continue;
        if (unlinkat(fd, names[i]->d_name, 0) != 0)
            r = ent_fail_sys(d, "cannot remove");
        *ret += over && r == ENT_OK;
    }
    if (fd >= 0 && r == ENT_OK)
        r = ent_dir_sync(fd, d);
    if (fd >= 0)
        (void)close(fd);
    if (n >= 0)
        free_names(names, n);
    return r;
}

enum ent_err ent_windows_expire(const char *dir, int64_t now, uint64_t keep_seconds,
                                uint64_t *ret_removed, const atomic_bool *stop, struct ent_diag *d)
{
    uint64_t removed = 0;
    int fd = -1;
    *ret_removed = 0;
    if (access(dir, F_OK) != 0 && errno == ENOENT)
        return ENT_OK;
    enum ent_err r = ent_windows_lock(&fd, dir, stop, d);
    if (r != ENT_OK)
        return r;
    r = remove_old(dir, now, keep_seconds, &removed, d);
    *ret_removed = removed;
    (void)close(fd);
    return r;
}
