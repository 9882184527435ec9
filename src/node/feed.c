/*
 * feed.c: the directory of a MISP feed.
 *
 * Events are written under temporary names and renamed together at the end, so that whoever stops
 * before that leaves no mixture of two exports. A crash between two renames leaves one, of which
 * each file is whole, and of which readers who check refuse what is new until the next export.
 */
#include "node/node.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define EVENTS_MOST ((size_t)1 << 20) /* what our importer takes, too */
#define BOMB_RATIO  1000u
#define SUFFIX      7 /* of a temporary name: ".XXXXXX" */

/* An event of the export before this one. */
struct earlier {
    char uuid[ENT_UUID_TEXT];
    bool named; /* by this one too */
    bool has_sha256;
    struct ent_out_earlier says;
};

/* An event that is written, and not in its place yet. */
struct staged {
    char uuid[ENT_UUID_TEXT];
    char suffix[SUFFIX + 1];
};

struct ent_feed_dir {
    char path[ENT_PATH_MAX], publisher[ENT_UUID_TEXT];
    int fd;
    mode_t mode;
    struct ent_diag d;
    struct ent_buf earlier, staged; /* arrays of these structs; the first is sorted by uuid */
    size_t placed;                  /* of the staged */
    struct ent_file_out file[ENT_OUT_FILES];
    uint64_t removed;
    bool foreign, hashes, old_hashes;
};

/* --- what lies there ---------------------------------------------------------------------------
 */

static enum ent_err take_event(void *ctx, const struct ent_manifest_event *e)
{
    struct ent_feed_dir *f = ctx;
    struct earlier one = {.has_sha256 = e->has_sha256, .says.timestamp = e->timestamp};
    memcpy(one.uuid, e->uuid, sizeof(one.uuid));
    memcpy(one.says.sha256, e->sha256, sizeof(one.says.sha256));
    f->foreign = f->foreign || strcmp(e->orgc, f->publisher) != 0;
    return ent_buf_put(&f->earlier, &one, sizeof(one));
}

/* Nothing that we write is ever skipped. */
static enum ent_err skip(void *ctx, uint64_t line, const char *reason, struct ent_slice what)
{
    struct ent_feed_dir *f = ctx;
    (void)line;
    (void)reason;
    (void)what;
    f->foreign = true;
    return ENT_OK;
}

static int by_uuid(const void *a, const void *b)
{
    return strcmp(((const struct earlier *)a)->uuid, ((const struct earlier *)b)->uuid);
}

/* An event that stands there twice would be stale as one and named as the other. */
static void sort(struct ent_feed_dir *f)
{
    struct earlier *e = (struct earlier *)(void *)f->earlier.p;
    size_t n = f->earlier.n / sizeof(*e), kept = 0;
    if (n == 0)
        return;
    qsort(e, n, sizeof(*e), by_uuid);
    for (size_t i = 1; i < n; i++)
        if (by_uuid(&e[kept], &e[i]) != 0)
            e[++kept] = e[i];
    f->earlier.n = (kept + 1) * sizeof(*e);
}

static enum ent_err read_manifest(struct ent_feed_dir *f, struct ent_diag *d)
{
    const struct ent_manifest_sink sink = {.ctx = f, .event = take_event, .skip = skip};
    struct ent_input *in;
    struct stat st;
    struct ent_diag ignored = {0};
    if (fstatat(f->fd, "manifest.json", &st, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? ENT_OK : ent_fail_sys(d, "cannot read its manifest.json");
    if (!S_ISREG(st.st_mode))
        return ent_fail(d, ENT_E_EXISTS, "its manifest.json is no plain file", 0, 0);
    f->mode = st.st_mode & 0666;
    int fd = openat(f->fd, "manifest.json", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return ent_fail_sys(d, "cannot read its manifest.json");
    enum ent_err r = ent_input_open_fd(&in, d, fd, BOMB_RATIO, false);
    if (r != ENT_OK)
        return r;
    r = ent_misp_manifest_read(ent_input_reader(in), &sink, &ignored);
    ent_input_close(in);
    if (r == ENT_E_FORMAT || r == ENT_E_LIMIT)
        return ent_fail(d, ENT_E_EXISTS, "its manifest.json is none that this program wrote", 0, 0);
    if (r == ENT_OK && f->foreign)
        return ent_fail(d, ENT_E_EXISTS, "is the feed of somebody else", 0, 0);
    sort(f);
    return r;
}

/* One export at a time. */
static enum ent_err lock(struct ent_feed_dir *f, struct ent_diag *d)
{
    if (mkdir(f->path, 0700) != 0 && errno != EEXIST)
        return ent_fail_sys(d, "cannot create the directory");
    if ((f->fd = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
        return ent_fail_sys(d, "cannot open the directory");
    if (flock(f->fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        return ent_fail(d, ENT_E_STATE, "another export writes there", 0, 0);
    return ENT_OK; /* a file system without locks is no reason to write nothing */
}

enum ent_err ent_feed_dir_open(struct ent_feed_dir **ret, struct ent_diag *d, const char *path,
                               const char publisher[static ENT_UUID_TEXT])
{
    struct ent_feed_dir *f = calloc(1, sizeof(*f));
    if (f == NULL)
        return ent_fail(d, ENT_E_NOMEM, "out of memory", 0, 0);
    f->fd = -1;
    f->mode = 0600;
    memcpy(f->publisher, publisher, sizeof(f->publisher));
    ent_buf_init(&f->earlier, EVENTS_MOST * sizeof(struct earlier));
    ent_buf_init(&f->staged, EVENTS_MOST * sizeof(struct staged));
    enum ent_err r = ENT_OK;
    if (strlen(path) >= sizeof(f->path))
        r = ent_fail(d, ENT_E_LIMIT, "path too long", 0, 0);
    else
        memcpy(f->path, path, strlen(path) + 1);
    if (r != ENT_OK || (r = lock(f, d)) != ENT_OK || (r = read_manifest(f, d)) != ENT_OK) {
        ent_feed_dir_free(f);
        return r;
    }
    *ret = f;
    return ENT_OK;
}

/* --- what is written ---------------------------------------------------------------------------
 */

static struct earlier *find(const struct ent_feed_dir *f, const char *uuid)
{
    struct earlier key;
    if (f->earlier.n == 0)
        return NULL;
    memcpy(key.uuid, uuid, sizeof(key.uuid));
    return bsearch(&key, f->earlier.p, f->earlier.n / sizeof(key), sizeof(key), by_uuid);
}

static const struct ent_out_earlier *earlier(void *ctx, const char uuid[static ENT_UUID_TEXT])
{
    const struct earlier *e = find(ctx, uuid);
    return e != NULL && e->has_sha256 ? &e->says : NULL;
}

/* The event that was written last waits under its temporary name, which is ours from here on. */
static enum ent_err stage(struct ent_feed_dir *f)
{
    struct ent_file_out *o = &f->file[ENT_OUT_SERIES];
    struct staged one;
    if (o->f == NULL)
        return ENT_OK;
    size_t n = strlen(o->path), at = n - strlen(".json") - (sizeof(one.uuid) - 1);
    memcpy(one.uuid, o->path + at, sizeof(one.uuid) - 1);
    one.uuid[sizeof(one.uuid) - 1] = '\0';
    memcpy(one.suffix, o->tmp + n, sizeof(one.suffix));
    struct earlier *was = find(f, one.uuid);
    enum ent_err r = ent_file_out_seal(o, &f->d);
    if (r == ENT_OK && (r = ent_buf_put(&f->staged, &one, sizeof(one))) != ENT_OK)
        r = ent_fail(&f->d, r, "a MISP feed of more than a million events", 0, 0);
    if (r != ENT_OK)
        return r;
    o->tmp[0] = '\0';
    if (was != NULL)
        was->named = true;
    return ENT_OK;
}

static enum ent_err open_file(void *ctx, unsigned file, const char *name)
{
    struct ent_feed_dir *f = ctx;
    char path[ENT_PATH_MAX];
    enum ent_err r = file == ENT_OUT_SERIES ? stage(f) : ENT_OK;
    f->hashes = f->hashes || strcmp(name, "hashes.csv") == 0;
    if (r != ENT_OK)
        return r;
    if ((r = ent_path_join(path, sizeof(path), f->path, name)) != ENT_OK)
        return ent_fail(&f->d, r, "path too long", 0, 0);
    return ent_file_out_start(&f->file[file], path, f->mode, &f->d);
}

static enum ent_err write_piece(void *ctx, unsigned file, struct ent_slice bytes)
{
    struct ent_feed_dir *f = ctx;
    if (fwrite(bytes.p, 1, bytes.n, f->file[file].f) != bytes.n)
        return ent_fail_sys(&f->d, "cannot write");
    return ENT_OK;
}

void ent_feed_dir_connect(struct ent_feed_dir *f, struct ent_out_sink *ret_sink,
                          struct ent_out_opts *ret_opts)
{
    *ret_sink = (struct ent_out_sink){.ctx = f, .open = open_file, .write = write_piece};
    ret_opts->earlier = earlier;
    ret_opts->earlier_ctx = f;
}

const struct ent_diag *ent_feed_dir_diag(const struct ent_feed_dir *f)
{
    return &f->d;
}

/* --- the end -----------------------------------------------------------------------------------
 */

static enum ent_err name_of(struct ent_feed_dir *f, const struct staged *s, bool temporary,
                            char ret[static 64])
{
    int n = snprintf(ret, 64, "%s.json%s", s->uuid, temporary ? s->suffix : "");
    return n < 64 ? ENT_OK : ent_fail(&f->d, ENT_E_LIMIT, "path too long", 0, 0);
}

static enum ent_err place_events(struct ent_feed_dir *f)
{
    const struct staged *s = (const struct staged *)(const void *)f->staged.p;
    char from[64], to[64];
    enum ent_err r = ENT_OK;
    for (; f->placed < f->staged.n / sizeof(*s) && r == ENT_OK; f->placed++) {
        if ((r = name_of(f, &s[f->placed], true, from)) != ENT_OK ||
            (r = name_of(f, &s[f->placed], false, to)) != ENT_OK)
            return r;
        if (renameat(f->fd, from, f->fd, to) != 0)
            return ent_fail_sys(&f->d, "cannot rename");
    }
    return ent_dir_sync(f->fd, &f->d);
}

/* What the earlier manifest alone named. An event that is in the way of nothing any more is no
 * reason to fail: the feed is whole without it. */
static void remove_stale(struct ent_feed_dir *f)
{
    const struct earlier *e = (const struct earlier *)(const void *)f->earlier.p;
    char name[ENT_UUID_TEXT + 8];
    struct stat st;
    for (size_t i = 0; i < f->earlier.n / sizeof(*e); i++) {
        if (e[i].named)
            continue;
        (void)snprintf(name, sizeof(name), "%s.json", e[i].uuid);
        if (fstatat(f->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
            unlinkat(f->fd, name, 0) == 0)
            f->removed++;
    }
    f->old_hashes = !f->hashes && f->earlier.n > 0 &&
                    fstatat(f->fd, "hashes.csv", &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* The others, which have the numbers below the series': all is on the disk before anything is put
 * in its place. */
static enum ent_err seal_files(struct ent_feed_dir *f)
{
    enum ent_err r = ENT_OK;
    for (unsigned i = 0; i < ENT_OUT_SERIES && r == ENT_OK; i++)
        if (f->file[i].f != NULL)
            r = ent_file_out_seal(&f->file[i], &f->d);
    return r;
}

static enum ent_err place_files(struct ent_feed_dir *f)
{
    for (unsigned i = ENT_OUT_SERIES; i-- > 0;) { /* the manifest is the first */
        struct ent_file_out *o = &f->file[i];
        if (o->tmp[0] != '\0' && rename(o->tmp, o->path) != 0)
            return ent_fail_sys(&f->d, "cannot rename");
        o->tmp[0] = '\0';
    }
    return ent_dir_sync(f->fd, &f->d);
}

enum ent_err ent_feed_dir_finish(struct ent_feed_dir *f)
{
    enum ent_err r;
    if ((r = stage(f)) != ENT_OK || (r = seal_files(f)) != ENT_OK ||
        (r = place_events(f)) != ENT_OK || (r = place_files(f)) != ENT_OK)
        return r;
    remove_stale(f);
    return ent_dir_sync(f->fd, &f->d);
}

void ent_feed_dir_sums(const struct ent_feed_dir *f, struct ent_feed_dir_sums *ret)
{
    *ret = (struct ent_feed_dir_sums){
        .events = f->placed, .removed = f->removed, .old_hashes = f->old_hashes};
}

void ent_feed_dir_free(struct ent_feed_dir *f)
{
    if (f == NULL)
        return;
    const struct staged *s = (const struct staged *)(const void *)f->staged.p;
    char name[64];
    for (size_t i = f->placed; i < f->staged.n / sizeof(*s); i++)
        if (name_of(f, &s[i], true, name) == ENT_OK)
            (void)unlinkat(f->fd, name, 0);
    for (unsigned i = 0; i < ENT_OUT_FILES; i++)
        ent_file_out_abort(&f->file[i]);
    if (f->fd >= 0)
        (void)close(f->fd);
    ent_buf_release(&f->earlier);
    ent_buf_release(&f->staged);
    free(f);
}
