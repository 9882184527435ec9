/*
 * follow.c: files that go on. A name is followed, and through it every file that ever had it: each
 * is a stream of its own, known by its inode, and read to its end whatever its name becomes.
 *
 * inotify says when to look, never what to believe: what a name means is asked from stat(), and one
 * pread() gives both the new bytes and the ones before them, which must be those that were read. So
 * nothing depends on events that were lost, merged or late.
 */
#include "sensor/source.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#define FOLLOWED_MAX 1024u               /* files held open */
#define LOOK_NS      1000000000u         /* between two looks at all names */
#define QUIET_NS     (5ull * 1000000000) /* a file without a name is over after so long */
#define LINE_BACK    65536u              /* how far the start of the last line is looked for */
#define TAIL         ENT_SENSOR_TAIL

struct name {
    char *path;
    bool dir;
    bool told;   /* what is wrong with it */
    bool looked; /* once at least */
};

struct ent_follow {
    struct name *name;
    size_t n;
    int inotify; /* -1 when the system has none left: then looking once a second must do */
    bool happened;
    uint64_t looked_ns, generation;
};

struct followed {
    struct ent_source src;
    int fd;
    dev_t dev;
    ino_t ino;
    int watch;
    bool mute;   /* known, and not read: binary, a copy, packed (read elsewhere), denied */
    bool denied; /* no right to read it, so far */
    bool found;  /* in a directory */
    uint64_t generation, unnamed_ns, offset;
    uint8_t head[TAIL], old_head[TAIL], tail[TAIL];
    size_t head_n, old_head_n, tail_n;
};

static void next(struct ent_source *src, struct ent_chunk *ret);
static int poll_fd(const struct ent_source *src);
static void release(struct ent_source *src);
static const struct ent_source_ops ops = {.next = next, .fd = poll_fd, .free = release};

/* --- names -------------------------------------------------------------------------------------
 */

enum ent_err ent_follow_add(struct ent_sensor *s, const char *path)
{
    if (s->follow == NULL) {
        if ((s->follow = calloc(1, sizeof(*s->follow))) == NULL)
            return ENT_E_NOMEM;
        s->follow->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    }
    struct ent_follow *f = s->follow;
    struct name *grown = realloc(f->name, (f->n + 1) * sizeof(*grown));
    if (grown == NULL)
        return ENT_E_NOMEM;
    f->name = grown;
    f->name[f->n] = (struct name){.path = strdup(path)};
    if (f->name[f->n].path == NULL)
        return ENT_E_NOMEM;
    f->n++;
    f->happened = true;
    return ENT_OK;
}

void ent_follow_free(struct ent_follow *f)
{
    if (f == NULL)
        return;
    for (size_t i = 0; i < f->n; i++)
        free(f->name[i].path);
    free(f->name);
    if (f->inotify >= 0)
        (void)close(f->inotify);
    free(f);
}

int ent_follow_fd(const struct ent_follow *f)
{
    return f->inotify;
}

/* Take the events; whether any was about names. */
static void take_events(struct ent_follow *f)
{
    _Alignas(struct inotify_event) char buf[16384];
    ssize_t n;
    while (f->inotify >= 0 && (n = read(f->inotify, buf, sizeof(buf))) > 0) {
        for (char *p = buf; p < buf + n;) {
            const struct inotify_event *e = (const void *)p;
            f->happened = f->happened || (e->mask & ~(uint32_t)IN_MODIFY) != 0;
            p += sizeof(*e) + e->len;
        }
    }
}

/* Be woken when names come and go in the directory. Failing costs at most a second. */
static void watch_names(struct ent_follow *f, const struct name *name)
{
    char copy[4096];
    int n = snprintf(copy, sizeof(copy), "%s", name->path);
    if (f->inotify < 0 || n < 0 || (size_t)n >= sizeof(copy))
        return;
    (void)inotify_add_watch(f->inotify, name->dir ? copy : dirname(copy),
                            IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB |
                                IN_ONLYDIR);
}

static int watch_file(struct ent_follow *f, int fd)
{
    char path[64];
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    return f->inotify < 0 ? -1 : inotify_add_watch(f->inotify, path, IN_MODIFY);
}

/* --- files -------------------------------------------------------------------------------------
 */

static struct followed *known(struct ent_sensor *s, const struct stat *st)
{
    for (size_t i = 0; i < s->n; i++) {
        struct followed *f = (struct followed *)s->live[i];
        if (s->live[i]->ops == &ops && !s->live[i]->over && f->ino == st->st_ino &&
            f->dev == st->st_dev)
            return f;
    }
    return NULL;
}

static size_t count_followed(const struct ent_sensor *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++)
        n += s->live[i]->ops == &ops;
    return n;
}

static size_t read_at(int fd, void *ret, size_t n, uint64_t offset)
{
    ssize_t got = pread(fd, ret, n, (off_t)offset);
    return got < 0 ? 0 : (size_t)got;
}

/* Where the last line begins: what was written to it so far belongs to it. */
static uint64_t last_line(struct ent_sensor *s, int fd, uint64_t size)
{
    size_t n = size < LINE_BACK ? (size_t)size : LINE_BACK;
    n = read_at(fd, s->buf, n, size - n);
    const uint8_t *newline = memrchr(s->buf, '\n', n);
    if (newline == NULL)
        return n < LINE_BACK ? 0 : size;
    return size - n + (uint64_t)(newline - s->buf) + 1;
}

static bool begins(const uint8_t *p, size_t n, const uint8_t *head, size_t head_n)
{
    return head_n > 0 && memcmp(p, head, n < head_n ? n : head_n) == 0;
}

/*
 * Whether the new file is a copy that rotation made of one that is followed (copytruncate): it has
 * such a name, and begins as that one does or did. ENT_E_TIMEOUT: it may become one, it is short.
 */
static enum ent_err is_copy(struct ent_sensor *s, int fd, const char *path, bool *ret)
{
    uint8_t head[TAIL];
    size_t n = read_at(fd, head, sizeof(head), 0);
    *ret = false;
    for (size_t i = 0; i < s->n; i++) {
        struct followed *f = (struct followed *)s->live[i];
        if (s->live[i]->ops != &ops || !ent_is_rotated_name(path, f->src.path))
            continue;
        bool now = begins(head, n, f->head, f->head_n);
        if (!now && !begins(head, n, f->old_head, f->old_head_n))
            continue;
        *ret = true;
        return n < (now ? f->head_n : f->old_head_n) ? ENT_E_TIMEOUT : ENT_OK;
    }
    return ENT_OK;
}

/* Read once, and not followed: it is compressed, or a capture. */
static enum ent_err read_elsewhere(struct followed *f, struct ent_diag *d)
{
    struct ent_source *src;
    char path[64];
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", f->fd);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return ent_fail_sys(d, "cannot open");
    enum ent_err r = ent_file_source(&src, f->src.s, fd, f->src.path, ENT_FILE_NAMED);
    return r == ENT_OK ? r : ent_fail(d, r, "no memory or room for it", 0, 0);
}

static void begin(struct followed *f, bool at_end)
{
    struct stat st;
    f->mute = f->denied = false;
    f->watch = watch_file(f->src.s->follow, f->fd);
    f->head_n = read_at(f->fd, f->head, sizeof(f->head), 0);
    if (!at_end || fstat(f->fd, &st) != 0)
        return;
    f->offset = last_line(f->src.s, f->fd, (uint64_t)st.st_size);
    f->tail_n = f->offset < TAIL ? (size_t)f->offset : TAIL;
    f->tail_n = read_at(f->fd, f->tail, f->tail_n, f->offset - f->tail_n);
}

static int open_log(const char *path)
{
    return open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
}

/* Hold the file that path names now; the inode stays taken as long as it is open. */
static enum ent_err hold(struct ent_sensor *s, const struct name *name, const char *path,
                         struct ent_diag *d)
{
    struct ent_source *src;
    struct stat st;
    bool copy = false;
    enum ent_err problem = ENT_OK;
    if (count_followed(s) >= FOLLOWED_MAX)
        return ent_fail(d, ENT_E_LIMIT, "too many files to follow at a time", 0, 0);
    int fd = open_log(path);
    if (fd < 0) {
        problem = ent_fail_sys(d, "cannot open");
        if (problem == ENT_E_NOTFOUND) /* gone meanwhile */
            return ENT_OK;
        if ((fd = open(path, O_PATH | O_CLOEXEC)) < 0)
            return ENT_E_LIMIT;
    }
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || known(s, &st) != NULL ||
        (problem == ENT_OK && name->dir && name->looked && is_copy(s, fd, path, &copy) != ENT_OK) ||
        ent_source_new(&src, s, sizeof(struct followed), &ops, path) != ENT_OK) {
        (void)close(fd); /* it is not what it was a moment ago, or not yet what it will be */
        return ENT_OK;
    }
    struct followed *f = (struct followed *)src;
    f->fd = fd;
    f->dev = st.st_dev;
    f->ino = st.st_ino;
    f->found = name->dir;
    f->generation = s->follow->generation;
    f->watch = -1;
    f->denied = problem != ENT_OK;
    f->mute = f->denied || copy;
    if (!f->mute)
        begin(f, s->o.only_new && !name->looked);
    return problem;
}

/* Rotation creates a file before it gives it away, so that it may be ours to read later. */
static void try_again(struct followed *f, const char *path)
{
    struct stat st;
    int fd = open_log(path);
    if (fd < 0)
        return;
    if (fstat(fd, &st) != 0 || st.st_ino != f->ino || st.st_dev != f->dev) {
        (void)close(fd);
        return;
    }
    (void)close(f->fd);
    f->fd = fd;
    begin(f, false);
}

/* --- looking -----------------------------------------------------------------------------------
 */

static void tell(struct ent_sensor *s, const char *path, enum ent_err e, const struct ent_diag *d)
{
    struct ent_source *src;
    if (ent_failed_source(&src, s, path, e, d) != ENT_OK)
        return; /* no room to say that there is no room */
}

static enum ent_err look_at(struct ent_sensor *s, const struct name *name, const char *path,
                            struct ent_diag *d)
{
    struct stat st;
    if (stat(path, &st) != 0) {
        enum ent_err r = ent_fail_sys(d, "cannot look at");
        return r == ENT_E_NOTFOUND ? ENT_OK : r; /* not yet, or not at the moment */
    }
    if (!S_ISREG(st.st_mode))
        return name->dir ? ENT_OK : ent_fail(d, ENT_E_FORMAT, "cannot be followed", 0, 0);
    if (ent_is_output(&st))
        return ent_fail(d, ENT_E_FORMAT, "is also the output", 0, 0);
    struct followed *f = known(s, &st);
    if (f == NULL)
        return hold(s, name, path, d);
    f->generation = s->follow->generation;
    if (f->denied)
        try_again(f, path);
    return ENT_OK;
}

/* What is wrong with a name is told once; with a file in a directory, once for each file. */
static void look_and_tell(struct ent_sensor *s, struct name *name, const char *path)
{
    struct ent_diag d = {.text = "too many files open"};
    enum ent_err r = look_at(s, name, path, &d);
    if (r == ENT_OK)
        return;
    if (!name->told || (name->dir && r != ENT_E_LIMIT))
        tell(s, path, r, &d);
    name->told = true;
}

static void look_into(struct ent_sensor *s, struct name *name)
{
    struct ent_names names = {0};
    struct ent_diag d = {0};
    char path[4096];
    enum ent_err r = ent_directory_read(&names, &d, name->path, true);
    if (r != ENT_OK && r != ENT_E_NOTFOUND && !name->told) {
        tell(s, name->path, r, &d);
        name->told = true;
    }
    for (size_t i = 0; i < names.n; i++)
        if (ent_path_join(path, sizeof(path), name->path, names.name[i]) == ENT_OK)
            look_and_tell(s, name, path);
    ent_names_release(&names);
}

/* Files that no name leads to any more are over when nothing comes for some time. */
static void note_unnamed(struct ent_sensor *s, uint64_t now)
{
    for (size_t i = 0; i < s->n; i++) {
        struct followed *f = (struct followed *)s->live[i];
        if (s->live[i]->ops != &ops)
            continue;
        if (f->generation == s->follow->generation)
            f->unnamed_ns = 0;
        else if (f->unnamed_ns == 0)
            f->unnamed_ns = now;
    }
}

void ent_follow_look(struct ent_sensor *s, bool now)
{
    struct ent_follow *f = s->follow;
    uint64_t ns = ent_clock_steady_ns();
    take_events(f);
    if (!now && !f->happened && ns - f->looked_ns < LOOK_NS)
        return;
    f->happened = false;
    f->looked_ns = ns;
    f->generation++;
    for (size_t i = 0; i < f->n; i++) {
        struct name *name = &f->name[i];
        struct stat st;
        name->dir = stat(name->path, &st) == 0 ? S_ISDIR(st.st_mode) : name->dir;
        watch_names(f, name);
        if (name->dir)
            look_into(s, name);
        else
            look_and_tell(s, name, name->path);
        name->looked = true;
    }
    note_unnamed(s, ns);
}

/* --- reading -----------------------------------------------------------------------------------
 */

/* It is another file now, under the same name and inode: from its beginning. */
static void start_again(struct followed *f, struct ent_chunk *ret)
{
    memcpy(f->old_head, f->head, sizeof(f->head));
    f->old_head_n = f->head_n;
    f->offset = 0;
    f->tail_n = f->head_n = 0;
    ret->kind = ENT_CHUNK_END;
}

static void at_end(struct followed *f, struct ent_chunk *ret)
{
    if (f->unnamed_ns == 0 || ent_clock_steady_ns() - f->unnamed_ns < QUIET_NS)
        return;
    f->src.over = true;
    ret->kind = ENT_CHUNK_END;
}

/* The last bytes of what was read, and the first ones of the file. */
static void remember(struct followed *f, const uint8_t *buf, size_t n)
{
    f->tail_n = n < TAIL ? n : TAIL;
    memcpy(f->tail, buf + n - f->tail_n, f->tail_n);
    if (f->head_n < TAIL)
        f->head_n = read_at(f->fd, f->head, sizeof(f->head), 0);
}

/* Not read any more. The inode stays known, or it would be opened again. */
static void give_up(struct followed *f, struct ent_chunk *ret, enum ent_err e)
{
    f->mute = true;
    if (e != ENT_OK)
        ent_source_fail(&f->src, ret, e, &ret->diag);
    f->src.over = false;
}

/* Whether the file is no log to follow, by its first bytes. */
static bool is_no_log(struct followed *f, struct ent_chunk *ret, struct ent_slice begun)
{
    if (ent_is_packed(begun))
        give_up(f, ret, read_elsewhere(f, &ret->diag));
    else if (f->found && ent_looks_binary(begun))
        give_up(f, ret, ENT_OK);
    return f->mute;
}

/* Lines are alike, so that what lies before the place reached may be the same by chance. */
static bool begins_anew(const struct followed *f)
{
    uint8_t head[TAIL];
    return read_at(f->fd, head, f->head_n, 0) < f->head_n || memcmp(head, f->head, f->head_n) != 0;
}

static void next(struct ent_source *src, struct ent_chunk *ret)
{
    struct followed *f = (struct followed *)src;
    uint8_t *buf = src->s->buf;
    size_t before = f->tail_n;
    if (f->mute) {
        at_end(f, ret);
        return;
    }
    ssize_t got = pread(f->fd, buf, sizeof(src->s->buf), (off_t)(f->offset - before));
    if (got < 0) {
        if (errno != EINTR)
            give_up(f, ret, ent_fail_sys(&ret->diag, "cannot read"));
        return;
    }
    if ((size_t)got < before || memcmp(buf, f->tail, before) != 0 ||
        (before > 0 && begins_anew(f))) {
        start_again(f, ret);
        return;
    }
    if ((size_t)got == before) {
        at_end(f, ret);
        return;
    }
    struct ent_slice bytes = ent_slice(buf + before, (size_t)got - before);
    if (f->offset == 0 && is_no_log(f, ret, bytes))
        return;
    remember(f, buf, (size_t)got);
    f->unnamed_ns = f->unnamed_ns == 0 ? 0 : ent_clock_steady_ns();
    ret->kind = ENT_CHUNK_BYTES;
    ret->bytes = bytes;
    ret->offset = f->offset;
    f->offset += bytes.n;
}

static int poll_fd(const struct ent_source *src)
{
    (void)src;
    return ENT_FD_ASK; /* poll() says nothing about files */
}

static void release(struct ent_source *src)
{
    struct followed *f = (struct followed *)src;
    if (f->watch >= 0 && src->s->follow != NULL)
        (void)inotify_rm_watch(src->s->follow->inotify, f->watch);
    (void)close(f->fd);
}
