/*
 * sensor.c: whose turn it is. Regular files are read one after another in the order given; all else
 * is asked when poll() says that it has something, each in its turn, so that none waits for
 * another.
 */
#include "sensor/source.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#define LOOK_MS 1000u /* names are looked at so often even where inotify says nothing */

/* A path that waits for its turn, or what was wrong with it. */
struct ent_pending {
    struct ent_pending *next;
    enum ent_file_how how;
    char path[];
};

/* --- sources -----------------------------------------------------------------------------------
 */

enum ent_err ent_source_new(struct ent_source **ret, struct ent_sensor *s, size_t n,
                            const struct ent_source_ops *ops, const char *path)
{
    if (s->n == ENT_SENSOR_LIVE)
        return ENT_E_LIMIT;
    struct ent_source *src = calloc(1, n);
    if (src == NULL || (src->path = strdup(path)) == NULL) {
        free(src);
        return ENT_E_NOMEM;
    }
    src->ops = ops;
    src->s = s;
    src->stream = ENT_NO_STREAM;
    s->ready[s->n] = false;
    s->live[s->n++] = src;
    *ret = src;
    return ENT_OK;
}

void ent_source_fail(struct ent_source *src, struct ent_chunk *ret, enum ent_err e,
                     const struct ent_diag *d)
{
    ret->kind = ENT_CHUNK_FAIL;
    ret->err = e;
    if (d != &ret->diag)
        ret->diag = *d;
    src->over = true;
}

static void free_source(struct ent_source *src)
{
    src->ops->free(src);
    free(src->path);
    free(src);
}

/* Let go of those that are over; their last chunk was taken. */
static void reap(struct ent_sensor *s)
{
    size_t kept = 0, at = s->at;
    for (size_t i = 0; i < s->n; i++) {
        struct ent_source *src = s->live[i];
        if (!src->over) {
            s->live[kept++] = src;
            continue;
        }
        if (src->stream != ENT_NO_STREAM)
            s->used[src->stream] = false;
        s->turn = s->turn == src ? NULL : s->turn;
        s->at -= i < at ? 1 : 0;
        free_source(src);
    }
    s->n = kept;
}

static void give_stream(struct ent_source *src)
{
    struct ent_sensor *s = src->s;
    unsigned n = 0;
    while (s->used[n]) /* there are as many streams as sources */
        n++;
    s->used[n] = true;
    src->stream = n;
}

/* Ask this source; false when it has nothing to say. Streams without a byte are not mentioned. */
static bool ask(struct ent_source *src, struct ent_chunk *ret)
{
    *ret = (struct ent_chunk){.kind = ENT_CHUNK_IDLE, .fd = -1, .path = src->path};
    src->ops->next(src, ret);
    if (ret->kind == ENT_CHUNK_IDLE || (ret->kind == ENT_CHUNK_END && src->stream == ENT_NO_STREAM))
        return false;
    if (src->stream == ENT_NO_STREAM)
        give_stream(src);
    ret->stream = src->stream;
    if (ret->kind != ENT_CHUNK_BYTES && !src->over) { /* what follows is another stream */
        src->s->used[src->stream] = false;
        src->stream = ENT_NO_STREAM;
    }
    return true;
}

/* --- adding ------------------------------------------------------------------------------------
 */

enum ent_err ent_sensor_new(struct ent_sensor **ret, const struct ent_sensor_opts *opts)
{
    struct ent_sensor *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return ENT_E_NOMEM;
    s->o = *opts;
    *ret = s;
    return ENT_OK;
}

void ent_sensor_free(struct ent_sensor *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < s->n; i++)
        free_source(s->live[i]);
    while (s->pending != NULL) {
        struct ent_pending *p = s->pending;
        s->pending = p->next;
        free(p);
    }
    ent_follow_free(s->follow);
    free(s);
}

/* Behind *at, which moves on, so that several keep their order. */
static enum ent_err wait_for_turn(struct ent_pending ***at, const char *path, enum ent_file_how how)
{
    size_t n = strlen(path) + 1;
    struct ent_pending *p = malloc(sizeof(*p) + n);
    if (p == NULL)
        return ENT_E_NOMEM;
    p->how = how;
    memcpy(p->path, path, n);
    p->next = **at;
    **at = p;
    *at = &p->next;
    return ENT_OK;
}

/* What comes when it comes: pipes, terminals, devices. */
static enum ent_err add_pipe(struct ent_sensor *s, const char *path, bool fifo,
                             enum ent_file_how how)
{
    struct ent_source *src;
    struct ent_diag d = {0};
    /* Opened for writing too, a FIFO that is followed does not end when its writer leaves. */
    int flags = fifo && s->o.follow ? O_RDWR : O_RDONLY;
    int fd = strcmp(path, "-") == 0 ? STDIN_FILENO
                                    : open(path, flags | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        enum ent_err r = ent_fail_sys(&d, "cannot open");
        return ent_failed_source(&src, s, path, r, &d);
    }
    return ent_file_source(&src, s, fd, path, how);
}

static enum ent_err add(struct ent_sensor *s, const char *path, enum ent_file_how how)
{
    struct stat st;
    bool is_stdin = strcmp(path, "-") == 0;
    bool there = (is_stdin ? fstat(STDIN_FILENO, &st) : stat(path, &st)) == 0;
    if (there && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
        return add_pipe(s, path, S_ISFIFO(st.st_mode) && !is_stdin, how);
    if (s->o.follow && !is_stdin && how != ENT_FILE_CAPTURE)
        return ent_follow_add(s, path);
    struct ent_pending **at = &s->pending;
    while (*at != NULL)
        at = &(*at)->next;
    return wait_for_turn(&at, path, how);
}

enum ent_err ent_sensor_add(struct ent_sensor *s, const char *path)
{
    return add(s, path, ENT_FILE_NAMED);
}

enum ent_err ent_sensor_add_capture(struct ent_sensor *s, const char *path)
{
    return add(s, path, ENT_FILE_CAPTURE);
}

/* --- regular files, one after another -----------------------------------------------------------
 */

/* The files of a directory take its place. */
static enum ent_err expand(struct ent_sensor *s, const char *path)
{
    struct ent_names names = {0};
    struct ent_diag d = {0};
    struct ent_pending **at = &s->pending;
    char full[4096];
    enum ent_err r = ent_directory_read(&names, &d, path, false);
    if (r != ENT_OK && r != ENT_E_NOMEM) {
        ent_names_release(&names);
        return ent_failed_source(&s->turn, s, path, r, &d);
    }
    for (size_t i = 0; r == ENT_OK && i < names.n; i++)
        if (ent_path_join(full, sizeof(full), path, names.name[i]) == ENT_OK)
            r = wait_for_turn(&at, full, ENT_FILE_FOUND);
    ent_names_release(&names);
    return r;
}

static enum ent_err open_pending(struct ent_sensor *s, const char *path, enum ent_file_how how)
{
    struct ent_diag d = {0};
    struct stat st;
    int fd = strcmp(path, "-") == 0 ? STDIN_FILENO
                                    : open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        enum ent_err r = ent_fail_sys(&d, "cannot open");
        return ent_failed_source(&s->turn, s, path, r, &d);
    }
    bool known = fstat(fd, &st) == 0;
    if (known && how == ENT_FILE_NAMED && S_ISDIR(st.st_mode)) {
        (void)close(fd);
        return expand(s, path);
    }
    if (known && fd != STDIN_FILENO && ent_is_output(&st)) {
        (void)close(fd);
        d.text = "is also the output";
        return ent_failed_source(&s->turn, s, path, ENT_E_FORMAT, &d);
    }
    return ent_file_source(&s->turn, s, fd, path, how);
}

/* Whose turn it is among what waits. */
static void take_turn(struct ent_sensor *s)
{
    while (s->turn == NULL && s->pending != NULL) {
        struct ent_pending *p = s->pending;
        s->pending = p->next;
        enum ent_err r = open_pending(s, p->path, p->how);
        struct ent_diag d = {.text = "no memory or room for it"};
        if (r != ENT_OK && ent_failed_source(&s->turn, s, p->path, r, &d) != ENT_OK)
            s->turn = NULL;
        free(p);
    }
}

/* --- what comes next ----------------------------------------------------------------------------
 */

/* Which sources have something; waits for it at most timeout_ms. -1: a signal came. */
static int look_round(struct ent_sensor *s, int timeout_ms)
{
    struct pollfd p[ENT_SENSOR_LIVE + 1]; /* only what is open: poll() takes no more */
    uint16_t of[ENT_SENSOR_LIVE];
    nfds_t n = 0;
    for (size_t i = 0; i < s->n; i++) {
        int fd = s->live[i]->ops->fd(s->live[i]);
        s->ready[i] = fd == ENT_FD_READY || fd == ENT_FD_ASK;
        timeout_ms = fd == ENT_FD_READY ? 0 : timeout_ms;
        if (fd < 0)
            continue;
        of[n] = (uint16_t)i;
        p[n++] = (struct pollfd){.fd = fd, .events = POLLIN};
    }
    size_t sources = n;
    if (s->follow != NULL)
        p[n++] = (struct pollfd){.fd = ent_follow_fd(s->follow), .events = POLLIN};
    if (poll(p, n, timeout_ms) < 0)
        return errno == EINTR ? -1 : 0;
    for (size_t i = 0; i < sources; i++)
        s->ready[of[i]] = p[i].revents != 0;
    return 0;
}

/* Each that is ready, from the one whose turn it is. */
static bool round_of(struct ent_sensor *s, struct ent_chunk *ret)
{
    size_t n = s->n;
    for (size_t i = 0; i < n; i++) {
        size_t at = (s->at + i) % n;
        if (!s->ready[at] || s->live[at]->over || !ask(s->live[at], ret))
            continue;
        s->at = (at + 1) % n;
        return true;
    }
    return false;
}

static bool anything_left(const struct ent_sensor *s)
{
    return s->n > 0 || s->pending != NULL || s->follow != NULL;
}

void ent_sensor_next(struct ent_sensor *s, struct ent_chunk *ret, unsigned timeout_ms)
{
    uint64_t start = ent_clock_steady_ns();
    int wait_ms = 0;
    for (;;) {
        reap(s);
        take_turn(s);
        if (s->follow != NULL)
            ent_follow_look(s, wait_ms > 0);
        bool stopped = look_round(s, wait_ms) != 0;
        if (!stopped && round_of(s, ret))
            return;
        *ret = (struct ent_chunk){.kind = ENT_CHUNK_IDLE, .fd = -1};
        if (stopped)
            return;
        reap(s);
        if (!anything_left(s)) {
            ret->kind = ENT_CHUNK_DONE;
            return;
        }
        uint64_t past = (ent_clock_steady_ns() - start) / 1000000;
        if (wait_ms > 0 && past >= timeout_ms)
            return;
        wait_ms = past >= timeout_ms ? 1 : (int)(timeout_ms - past);
        wait_ms = wait_ms > (int)LOOK_MS ? (int)LOOK_MS : wait_ms;
    }
}
